-- Whether each bot's slippage was worse in the later half of its fills than in the earlier.
--
-- Grain:   one row per bot with a fill in the window that has a slippage.
-- Columns: bot        whose.
--          n          its fills with a slippage.
--          slippage_earlier, slippage_later  mean slippage of the earlier and of the later half of
--                     them by time, in the price's unit: positive is bad. Of an odd number the one
--                     in the middle is in the later half. Null for halves of fewer than 5.
--          slippage_change  slippage_later - slippage_earlier: positive is worse.
--          slippage_change_sigma  slippage_change / √(variance / n of the one + of the other),
--                     Welch's statistic; null for halves of fewer than 5, or whose slippage does
--                     not vary.
-- Needs:   fill.fill_price; fill.side or order_placed.side; fill.fair or order_placed.fair
-- Reads:   windowed.
-- Source:  Welch (1947); the halves are ours.
-- Omits:   fills without a price or a fair value; which market they were in.

with ranked as (
    select
        bot,
        slippage,
        row_number() over (
            partition by bot
            order by ts, market, length(order_id), order_id, length(trade_id), trade_id, slippage
        ) as place,
        count(*) over (partition by bot) as n
    from fills
    where slippage is not null
),

halves as (
    select
        bot,
        max(n) as n,
        count(*) filter (where place * 2 <= n) as n_earlier,
        avg(slippage) filter (where place * 2 <= n) as earlier,
        avg(slippage) filter (where place * 2 > n) as later,
        var_samp(slippage) filter (where place * 2 <= n) as variance_earlier,
        var_samp(slippage) filter (where place * 2 > n) as variance_later,
        max(abs(slippage)) as largest
    from ranked
    group by bot
),

-- What rounding leaves of slippages that are all the same is no spread.
spread as (
    select
        *,
        n_earlier >= 5 as is_enough,
        sqrt(variance_earlier / n_earlier + variance_later / (n - n_earlier)) as standard_error
    from halves
)

select
    bot,
    n,
    case when is_enough then finite(earlier) end as slippage_earlier,
    case when is_enough then finite(later) end as slippage_later,
    case when is_enough then finite(later - earlier) end as slippage_change,
    case
        when is_enough and standard_error > 1e-9 * largest
            then finite((later - earlier) / standard_error)
    end as slippage_change_sigma
from spread
