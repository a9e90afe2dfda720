-- The orders that the book goes on from: those that the last close carries.
--
-- Grain:   one row per order.
-- Columns: state     what the fold goes on from.
--          is_young  whether it has fills that may be told again after the close, and that the close
--                    has in no position.
-- Reads:   windowed, the close before the window.
-- Source:  the part `order` of `daily_close`.
-- Omits:   nothing.

select
    bot,
    run_id,
    order_id,
    state,
    last_fill_at >= close_at - interval '5 seconds' as is_young
from opening
where part = 'order'
