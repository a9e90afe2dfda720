-- What became of the orders that were placed.
--
-- Grain:   one row per bot and strategy with an order placed in the window.
-- Columns: bot, strategy  whose; strategy is null where no line of the order says.
--          placed     orders placed in the window. One whose placement is not logged counts when it
--                     is first told of, a rejection without an order's id as an order of its own.
--          filled     those filled in full by the window's end.
--          partially_filled  those of which a part is filled and the rest still open.
--          cancelled, rejected, expired  those that ended so, a part filled or not.
--          open       those of which nothing has been filled yet; the six add up to placed.
--          success_pct  100 × filled / n; null where n is 0. Orders that are still open are neither
--                     a success nor a failure, so it leans to what ends sooner, fills or cancels;
--                     fill_rates, which judges all orders at the same age, does not.
--          rejection_rate  rejected / placed, a fraction.
--          n          orders whose end is known: placed less partially_filled and open.
-- Needs:   order_placed.order_id; fill.order_id
-- Reads:   windowed: the orders placed in it, as of its end.
-- Source:  catalyst's order_success_rate, "percentage of successfully filled orders (0-100)", with
--          open orders censored; the kalshi monitor's rejection rate.
-- Omits:   placements that name no order, whose end cannot be told.

with counted as (
    select
        bot,
        strategy,
        count(*) as placed,
        count(*) filter (where status = 'filled') as filled,
        count(*) filter (where status = 'partial') as partially_filled,
        count(*) filter (where status = 'cancelled') as cancelled,
        count(*) filter (where status = 'rejected') as rejected,
        count(*) filter (where status = 'expired') as expired,
        count(*) filter (where status = 'open') as open
    from order_book
    where status is not null and ($from is null or coalesce(placed_at, first_at) >= $from)
    group by bot, strategy
)

select
    *,
    100 * filled / cast(nullif(placed - partially_filled - open, 0) as double) as success_pct,
    rejected / cast(placed as double) as rejection_rate,
    placed - partially_filled - open as n
from counted
