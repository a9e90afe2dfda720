-- Which returns lie outside of the usual range of those before them, by quartiles.
--
-- Grain:   one row per return in the window; equity values without a return have none.
-- Columns: ts              when the equity was logged.
--          bot, strategy   whose.
--          return          simple return since the equity before, as a fraction.
--          n               how many returns the baseline has, up to 99.
--          q1, median, q3  of the baseline, interpolated as numpy does; null below 19 returns.
--          iqr             q3 − q1; null with them.
--          low, high       Tukey's fences, q1 − 1.5 iqr and q3 + 1.5 iqr; null with them, and where
--                          iqr < 1e-10.
--          is_outlier      whether return lies outside of them; null with them.
--          direction       gain above the high fence, loss below the low one, else null.
--          distance_iqr    how far return lies outside of q1 … q3, in iqr; 0 inside, above 1.5 an
--                          outlier, above 3 what Tukey calls far out; null with the fences.
-- Needs:   any.equity from 20 returns
-- Reads:   windowed, as return_zscores.
-- Source:  the purpleflea guide asks for an IQR detector beside its z-score, for fat tails; window
--          and minimum are the z-score's. Fences: Tukey, Exploratory Data Analysis (1977).
-- Omits:   returns from an equity of 0 or less, as returns.

with baselines as (
    select
        ts,
        bot,
        strategy,
        return,
        rolling_quartiles(return, 99, 1) over (
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
        case when baseline['n'] >= 19 then baseline['q1'] end as q1,
        case when baseline['n'] >= 19 then baseline['median'] end as median,
        case when baseline['n'] >= 19 then baseline['q3'] end as q3
    from baselines
),

fenced as (
    select
        *,
        q3 - q1 as iqr,
        case when q3 - q1 >= 1e-10 then q1 - 1.5 * (q3 - q1) end as low,
        case when q3 - q1 >= 1e-10 then q3 + 1.5 * (q3 - q1) end as high
    from described
)

select
    ts,
    bot,
    strategy,
    return,
    n,
    q1,
    median,
    q3,
    iqr,
    low,
    high,
    return < low or return > high as is_outlier,
    case
        when return < low then 'loss'
        when return > high then 'gain'
    end as direction,
    case
        when low is not null then finite(greatest(q1 - return, return - q3, 0) / iqr)
    end as distance_iqr
from fenced
