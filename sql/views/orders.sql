-- What became of each order, however many lines told of it and in whatever order they came.
--
-- Grain:   one row per order alive in the window: placed in it, open when it began, or with a line
--          in it; as of the window's end.
-- Columns: bot, run_id, order_id  whose, in which run, and by which id. Bots count from 1 again
--                     when they restart: where an id comes again for another order, there is a row
--                     for each. run_id and order_id are null where the log has none.
--          strategy, market, side  as its placement has them, else the first line that does.
--          sign       +1 for yes, buy and long, -1 for no, sell and short; null for any other side.
--          price      the order's own (limit) price, in the account's currency; null if not logged.
--          size       what was ordered, in contracts, shares or coins; null if not logged.
--          fair       the model's fair value when the order was placed; null if not logged.
--          placed_at  when it was placed; null if no line says so.
--          acked_at   when the venue accepted it; null if no line says so.
--          placement_latency_ms  how long it took to be placed: as the venue's answer says, else
--                     from one line to the other, else as its placement says; null if none does.
--                     Negative where clocks differ.
--          first_fill_at, last_fill_at  its first and its last fill so far; null without one.
--          time_to_fill_ms  from placed_at to the fill that completed it; null until then.
--          fill_count  its fills so far, each counted once.
--          filled_size  what of it is filled so far, 0 if nothing.
--          avg_fill_price  mean price of its fills, weighted by size; null without a priced fill.
--          fee        fees of its fills, positive when paid; null if no line has any.
--          status     open, partial (some of it filled, the rest open), filled, cancelled, rejected
--                     or expired; an order that was cancelled with a part filled is cancelled. So
--                     is one whose id was taken by another while it was open; one of which
--                     nothing was heard for 30 days is expired. Null for one without an id, of
--                     which nothing more can be known.
--          closed_at  when it was filled, cancelled, rejected or expired; null while it is open.
--                     When its id was taken; 30 days after its last line.
--          reject_code  the HTTP or venue code of its rejection; null if none, or not logged.
--          reject_reason  the log's words for it.
--          last_at    the last line about it.
-- Needs:   order_placed.order_id or order_acked.order_id or fill.order_id
-- Reads:   windowed: orders as the close before the window left them, and the lines since, for a
--          fill in the window belongs to an order that may have been placed before it.
-- Source:  the kalshi monitor, whose fills name an order and not its market, side or fair value.
-- Omits:   acks, cancels and expiries that name no order. Lines of one order are found by bot, run_id
--          and order_id, all three: one placed in a run and filled in the next, or with a run_id on
--          some of its lines alone, is two rows, and so is one that is placed with the client's id
--          and filled with the venue's, even where its ack has both. The second has the fills and
--          lacks what the placement says; the first stays open. A bot whose orders outlive its runs
--          should log no run_id, or keep it.

select
    bot,
    run_id,
    order_id,
    strategy,
    market,
    side,
    sign,
    price,
    size,
    fair,
    placed_at,
    acked_at,
    placement_latency_ms,
    first_fill_at,
    last_fill_at,
    time_to_fill_ms,
    fill_count,
    filled_size,
    avg_fill_price,
    fee,
    status,
    closed_at,
    reject_code,
    reject_reason,
    last_at
from order_book
where $from is null or last_at >= $from or closed_at >= $from or status in ('open', 'partial')
