-- How unusual each return is beside those before it, in standard deviations.
--
-- Grain:   one row per return in the window; equity values without a return have none.
-- Columns: ts             when the equity was logged.
--          bot, strategy  whose.
--          return         simple return since the equity before, as a fraction.
--          n              how many returns the baseline has, up to 99.
--          mean, sd       of the baseline, sd with ddof 1; null below 19 returns.
--          zscore         (return − mean) / sd; null below 19 returns and where sd < 1e-10.
--          direction      gain or loss, by the sign of zscore; null with it.
-- Needs:   any.equity from 20 returns
-- Reads:   windowed: the baseline is of the window, so give it at least 100 returns. A row with
--          n < 99 near the window's beginning has a shorter baseline than one further in.
-- Source:  the purpleflea guide's AnomalyDetector, to the letter of its code: a deque of 100
--          returns that holds the current one, and the baseline is the deque without it, so 99 and
--          not 100; min_samples 20 counts the current one too, so 19 before it are enough. Its
--          threshold, 3, is the rule's. It assumes returns near normal: return_iqr is for fat
--          tails.
-- Omits:   returns from an equity of 0 or less, as returns.

with baselines as (
    select
        ts,
        bot,
        strategy,
        return,
        rolling_stats(return, 99, 1) over (
            partition by bot, strategy
            order by ts
        ) as baseline
    from returns
    where return is not null
),

described as (
    select
        ts,
        bot,
        strategy,
        return,
        baseline['n'] as n,
        case when baseline['n'] >= 19 then baseline['mean'] end as mean,
        case when baseline['n'] >= 19 then baseline['sd'] end as sd
    from baselines
),

scored as (
    select
        *,
        case when sd >= 1e-10 then finite((return - mean) / sd) end as zscore
    from described
)

select
    ts,
    bot,
    strategy,
    return,
    n,
    mean,
    sd,
    zscore,
    case
        when zscore < 0 then 'loss'
        when zscore >= 0 then 'gain'
    end as direction
from scored
