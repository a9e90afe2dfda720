-- Orders that were refused, and why.
--
-- Grain:   one row per rejected order in the window, by the time of its rejection; a rejection that
--          names no order is one by itself.
-- Columns: ts         when it was rejected.
--          bot, run_id, strategy, market, order_id  whose and of what; order_id is null where the
--                     venue gave none.
--          status_code  the HTTP or venue code; null if not logged.
--          status_class  4xx, 5xx and so on for codes from 100 to 599, venue for any other code;
--                     null if no code is logged.
--          reason     the log's words for it; null if none.
--          latency_ms  from the order to its rejection, as orders.placement_latency_ms; null if
--                     nothing tells.
-- Needs:   order_rejected
-- Reads:   windowed.
-- Source:  the kalshi monitor: "percentage of orders rejected with 4xx errors".
-- Omits:   orders that an error line is about but that no line says were rejected.

with refused as (
    select
        *,
        closed_at as ts,
        reject_code as status_code
    from order_book
    where status = 'rejected' and ($from is null or closed_at >= $from)
)

select
    ts,
    bot,
    run_id,
    strategy,
    market,
    order_id,
    status_code,
    case
        when status_code between 100 and 599 then concat(cast(status_code / 100 as text), 'xx')
        when status_code is not null then 'venue'
    end as status_class,
    reject_reason as reason,
    placement_latency_ms as latency_ms
from refused
