-- What happened to orders, every kind of it in one shape.
--
-- Grain:   one row per line about an order: placed, acked, rejected, cancelled, expired, fill.
-- Columns: sign        +1 for yes, buy and long, -1 for no, sell and short, null for any other side.
--          price       the order's own (limit) price, in the account's currency.
--          size        the order's own size; a fill's is fill_size.
--          fair        the model's fair value when the order was placed.
--          fill_price  null where the log has 0: no fill is for nothing.
--          placed_ts   when the order was placed; null if no line says so.
--          What a line does not say itself is taken from the line that placed the order: bots log
--          market, side, price, size, fair and strategy there and only the id later.
-- Reads:   events, windowed, for the rows; history, carried, for what they take from the placement,
--          which may lie before the window. An order is known by bot, run_id and order_id, since
--          bots count from 1 again when they restart; the first line to place an id counts.
-- Source:  the kalshi monitor, which joins market, side and fair from the order.

with placed as (
    select
        bot,
        coalesce(run_id, '') as run,
        order_id,
        min(ts) as placed_ts,
        first_value(market order by ts) filter (where market is not null) as market,
        first_value(side order by ts) filter (where side is not null) as side,
        first_value(price order by ts) filter (where price is not null) as price,
        first_value(size order by ts) filter (where size is not null) as size,
        first_value(fair order by ts) filter (where fair is not null) as fair,
        first_value(strategy order by ts) filter (where strategy is not null) as strategy
    from history
    where kind = 'order_placed' and order_id is not null
    group by bot, coalesce(run_id, ''), order_id
),

lines as (
    select *, coalesce(run_id, '') as run
    from events
    where kind in (
        'order_placed', 'order_acked', 'order_rejected', 'order_cancelled', 'order_expired', 'fill'
    )
),

joined as (
    select
        lines.ts,
        lines.bot,
        lines.run_id,
        lines.order_id,
        lines.trade_id,
        lines.kind,
        lines.event,
        coalesce(lines.strategy, placed.strategy) as strategy,
        coalesce(lines.market, placed.market) as market,
        coalesce(lines.side, placed.side) as side,
        coalesce(lines.price, placed.price) as price,
        coalesce(lines.size, placed.size) as size,
        coalesce(lines.fair, placed.fair) as fair,
        lines.mid,
        nullif(lines.fill_price, 0) as fill_price,
        lines.fill_size,
        lines.fee,
        lines.pnl,
        lines.latency_ms,
        lines.status_code,
        lines.message,
        placed.placed_ts,
        lines.attrs,
        lines.file,
        lines."offset"
    from lines
    left join placed
        on lines.bot = placed.bot and lines.run = placed.run and lines.order_id = placed.order_id
)

select
    *,
    case
        when lower(side) in ('yes', 'buy', 'long') then 1
        when lower(side) in ('no', 'sell', 'short') then -1
    end as sign
from joined
