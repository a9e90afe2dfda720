-- The round trips that are open: what they have cost and brought so far, until they are closed.
select
    bot,
    strategy,
    market,
    opened_at,
    sign,
    size,
    entry_price as price,
    closed_size as filled_size,
    exit_price as avg_fill_price,
    gross_pnl as realized_pnl,
    fees,
    fills
from fill_trips
where closed_at is null
