-- What happened to orders, every kind of it in one shape, line by line.
--
-- Grain:   one row per line about an order: placed, acked, rejected, cancelled, expired, fill. A
--          line that the log has twice is two rows; to count, read orders and fills.
-- Columns: ts, bot, run_id, order_id, trade_id, kind, event  the line's own.
--          strategy, market, side  the line's, else the order's: bots log them where the order is
--                     placed and only the id later.
--          price      the order's own (limit) price, in the account's currency.
--          size       the order's own size; a fill's is fill_size.
--          fair       the model's fair value: the line's, else that when the order was placed.
--          mid        the market's mid in this line.
--          fill_price  null where the log has 0: no fill is for nothing.
--          fill_size, fee, pnl, latency_ms, status_code, message  the line's own.
--          placed_at  when the order was placed; null if no line says so.
--          attrs, file, offset  the line's own.
--          sign       +1 for yes, buy and long, -1 for no, sell and short, null for any other side.
-- Needs:   order_placed.order_id or order_acked.order_id or fill.order_id
-- Reads:   windowed: the lines of the window, and what they lack from order_book, for the order may
--          have been placed before it.
-- Source:  the kalshi monitor, which joins market, side and fair from the order.
-- Omits:   what lines without an order id lack.

with lines as (
    select *, coalesce(run_id, '') as run
    from events
    where kind in (
        'order_placed', 'order_acked', 'order_rejected', 'order_cancelled', 'order_expired', 'fill'
    )
),

book as (
    select
        bot,
        coalesce(run_id, '') as run,
        order_id,
        strategy,
        market,
        side,
        price,
        size,
        fair,
        placed_at,
        first_at,
        last_at
    from order_book
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
        coalesce(lines.strategy, book.strategy) as strategy,
        coalesce(lines.market, book.market) as market,
        coalesce(lines.side, book.side) as side,
        coalesce(lines.price, book.price) as price,
        coalesce(lines.size, book.size) as size,
        coalesce(lines.fair, book.fair) as fair,
        lines.mid,
        nullif(lines.fill_price, 0) as fill_price,
        lines.fill_size,
        lines.fee,
        lines.pnl,
        lines.latency_ms,
        lines.status_code,
        lines.message,
        book.placed_at,
        lines.attrs,
        lines.file,
        lines."offset"
    from lines
    left join book
        on lines.bot = book.bot
        and lines.run = book.run
        and lines.order_id = book.order_id
        and lines.ts between book.first_at and book.last_at
)

select
    *,
    case
        when lower(side) in ('yes', 'buy', 'long') then 1
        when lower(side) in ('no', 'sell', 'short') then -1
    end as sign
from joined
