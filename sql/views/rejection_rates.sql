-- How large a part of the orders was refused, by code.
--
-- Grain:   one row per bot, strategy and code with a rejection in the window.
-- Columns: bot, strategy  whose.
--          status_code, status_class  as in rejections; null where no code is logged.
--          rejected   orders rejected in the window with that code.
--          placed     orders of that bot and strategy placed in the window, as in order_success.
--          rejection_rate  rejected / placed, a fraction; null where placed is 0: a rejection in
--                     the window of an order placed before it is over no orders.
--          first_at, last_at  of those rejections.
-- Needs:   order_rejected; order_placed.order_id
-- Reads:   windowed.
-- Source:  the kalshi monitor: "percentage of orders rejected with 4xx errors"; qkt and catalyst
--          count rejections by hour and reason.
-- Omits:   what rejections omits.

with refused as (
    select
        bot,
        strategy,
        status_code,
        status_class,
        count(*) as rejected,
        min(ts) as first_at,
        max(ts) as last_at
    from rejections
    group by bot, strategy, status_code, status_class
)

select
    refused.bot,
    refused.strategy,
    refused.status_code,
    refused.status_class,
    refused.rejected,
    coalesce(order_success.placed, 0) as placed,
    refused.rejected / cast(order_success.placed as double) as rejection_rate,
    refused.first_at,
    refused.last_at
from refused
left join order_success
    on refused.bot = order_success.bot
    and refused.strategy is not distinct from order_success.strategy
