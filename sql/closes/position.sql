-- Every position, flat ones too: what they realised must not be forgotten.
select
    bot,
    strategy,
    market,
    position,
    avg_price,
    realized_pnl,
    fees,
    opened_at,
    ts as last_at,
    fills,
    last_fill_at,
    last_price as price
from position_steps
where is_last
