-- How much of what was ordered was filled within 1 s, 10 s, 60 s and 5 min, hour by hour.
--
-- Grain:   one row per bot, strategy, market and hour in which orders were placed. All counts and
--          sizes add up: for a coarser grain, divide their sums.
-- Columns: bot, strategy, market  whose and of what; null where no line of the order says.
--          hour       start of the hour in which they were placed, UTC.
--          orders     orders placed in it.
--          size       what they asked for in all; null if no line says.
--          n_1s, n_10s, n_60s, n_300s  orders that are eligible: as old as that at the window's
--                     end. A younger one is censored, whatever became of it by then: if those that
--                     filled counted while the open ones do not, the rate would be too high.
--          filled_1s, filled_10s, filled_60s, filled_300s  those of them that were filled in full
--                     within that time of placement.
--          fill_rate_1s, fill_rate_10s, fill_rate_60s, fill_rate_300s  filled / n, a fraction; null
--                     where n is 0.
--          size_1s, size_10s, size_60s, size_300s  what the eligible orders asked for.
--          filled_size_1s, filled_size_10s, filled_size_60s, filled_size_300s  what of that was
--                     filled within that time; parts count here, orders of unknown size do not.
--          fill_rate_1s_by_size, fill_rate_10s_by_size, fill_rate_60s_by_size,
--          fill_rate_300s_by_size  filled size / size, a fraction; null where size is 0.
--          baseline_rate_60s  fill rate within 60 s of the earlier hours in the window, each order
--                     with the same weight; null in the first.
--          baseline_orders  eligible orders in those hours.
--          change_vs_baseline  fill_rate_60s / baseline_rate_60s - 1: -0.3 is a drop of 30 %. Null
--                     without a baseline above 0.
-- Needs:   order_placed.order_id; fill.order_id
-- Reads:   windowed: the orders placed in the window, and as much of the past for the baseline as
--          the window shows.
-- Source:  the kalshi monitor: "percentage of placed limit orders that fill within N seconds". That
--          young orders are censored, and the rate by size, are our reasoning: there is no
--          standard.
-- Omits:   orders whose placement is not logged, or whose lines name no id. Rejected orders count
--          as orders placed and not filled, as the definition has it; order_success says how many.

with placed as (
    select
        bot,
        strategy,
        market,
        date_trunc('hour', placed_at) as hour,
        size,
        coalesce(size, filled_size) * 0.999999999 as size_when_full,
        filled_size_1s,
        filled_size_10s,
        filled_size_60s,
        filled_size_300s,
        placed_at + interval '1 second' <= $now as eligible_1s,
        placed_at + interval '10 seconds' <= $now as eligible_10s,
        placed_at + interval '60 seconds' <= $now as eligible_60s,
        placed_at + interval '300 seconds' <= $now as eligible_300s
    from order_book
    where status is not null and placed_at is not null and ($from is null or placed_at >= $from)
),

judged as (
    select
        *,
        eligible_1s and filled_size_1s > 0 and filled_size_1s >= size_when_full as full_1s,
        eligible_10s and filled_size_10s > 0 and filled_size_10s >= size_when_full as full_10s,
        eligible_60s and filled_size_60s > 0 and filled_size_60s >= size_when_full as full_60s,
        eligible_300s and filled_size_300s > 0 and filled_size_300s >= size_when_full as full_300s
    from placed
),

hours as (
    select
        bot,
        strategy,
        market,
        hour,
        count(*) as orders,
        finite(sum(size)) as size,
        count(*) filter (where eligible_1s) as n_1s,
        count(*) filter (where eligible_10s) as n_10s,
        count(*) filter (where eligible_60s) as n_60s,
        count(*) filter (where eligible_300s) as n_300s,
        count(*) filter (where full_1s) as filled_1s,
        count(*) filter (where full_10s) as filled_10s,
        count(*) filter (where full_60s) as filled_60s,
        count(*) filter (where full_300s) as filled_300s,
        finite(sum(size) filter (where eligible_1s)) as size_1s,
        finite(sum(size) filter (where eligible_10s)) as size_10s,
        finite(sum(size) filter (where eligible_60s)) as size_60s,
        finite(sum(size) filter (where eligible_300s)) as size_300s,
        finite(sum(least(filled_size_1s, size)) filter (where eligible_1s and size is not null))
            as filled_size_1s,
        finite(sum(least(filled_size_10s, size)) filter (where eligible_10s and size is not null))
            as filled_size_10s,
        finite(sum(least(filled_size_60s, size)) filter (where eligible_60s and size is not null))
            as filled_size_60s,
        finite(sum(least(filled_size_300s, size)) filter (where eligible_300s and size is not null))
            as filled_size_300s
    from judged
    group by bot, strategy, market, hour
),

compared as (
    select
        *,
        sum(n_60s) over earlier_hours as baseline_orders,
        sum(filled_60s) over earlier_hours
            / cast(nullif(sum(n_60s) over earlier_hours, 0) as double) as baseline_rate_60s,
        filled_60s / cast(nullif(n_60s, 0) as double) as fill_rate_60s
    from hours
    window earlier_hours as (
        partition by bot, strategy, market
        order by hour
        rows between unbounded preceding and 1 preceding
    )
)

select
    bot,
    strategy,
    market,
    hour,
    orders,
    size,
    n_1s,
    n_10s,
    n_60s,
    n_300s,
    filled_1s,
    filled_10s,
    filled_60s,
    filled_300s,
    filled_1s / cast(nullif(n_1s, 0) as double) as fill_rate_1s,
    filled_10s / cast(nullif(n_10s, 0) as double) as fill_rate_10s,
    fill_rate_60s,
    filled_300s / cast(nullif(n_300s, 0) as double) as fill_rate_300s,
    size_1s,
    size_10s,
    size_60s,
    size_300s,
    filled_size_1s,
    filled_size_10s,
    filled_size_60s,
    filled_size_300s,
    filled_size_1s / nullif(size_1s, 0) as fill_rate_1s_by_size,
    filled_size_10s / nullif(size_10s, 0) as fill_rate_10s_by_size,
    filled_size_60s / nullif(size_60s, 0) as fill_rate_60s_by_size,
    filled_size_300s / nullif(size_300s, 0) as fill_rate_300s_by_size,
    baseline_rate_60s,
    coalesce(baseline_orders, 0) as baseline_orders,
    fill_rate_60s / nullif(baseline_rate_60s, 0) - 1 as change_vs_baseline
from compared
