-- The orders that the book goes on from: those that the last close carries.
--
-- Grain:   one row per order.
-- Columns: state  what the fold goes on from.
-- Reads:   windowed, the close before the window.
-- Source:  the part `order` of `daily_close`.
-- Omits:   nothing.

select
    bot,
    run_id,
    order_id,
    state
from opening
where part = 'order'
