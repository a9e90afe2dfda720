-- Whether the returns of each bot swing more, or less, than they used to.
--
-- Grain:   one row per return in the window; equity values without a return have none.
-- Columns: ts             when the equity was logged.
--          bot, strategy  whose.
--          recent_n       how many returns are recent: the last 20, the current one among them.
--          recent_sd      their standard deviation, ddof 1; null below 20.
--          baseline_n     how many of the 80 returns before those there are.
--          baseline_sd    their standard deviation, ddof 1; null below 20.
--          regime_change  |recent_sd − baseline_sd| / baseline_sd, a fraction: 0.5 is half as much
--                         again, or half as much; null with either and where baseline_sd < 1e-10.
-- Needs:   any.equity from 40 returns
-- Reads:   windowed: the baseline is of the window, so give it at least 100 returns.
-- Source:  the purpleflea guide's regime_change_score over its deque of 100 returns; it needs
--          min_samples + recent_n = 40 of them. Where it has no score it says 0, here null.
-- Omits:   returns from an equity of 0 or less, as returns.

with volatility as (
    select
        ts,
        bot,
        strategy,
        rolling_stats(return, 20, 0) over (partition by bot, strategy order by ts) as recent,
        rolling_stats(return, 80, 20) over (partition by bot, strategy order by ts) as baseline
    from returns
    where return is not null
),

described as (
    select
        ts,
        bot,
        strategy,
        recent['n'] as recent_n,
        case when recent['n'] >= 20 then recent['sd'] end as recent_sd,
        baseline['n'] as baseline_n,
        case when baseline['n'] >= 20 then baseline['sd'] end as baseline_sd
    from volatility
)

select
    ts,
    bot,
    strategy,
    recent_n,
    recent_sd,
    baseline_n,
    baseline_sd,
    case
        when baseline_sd >= 1e-10 then finite(abs(recent_sd - baseline_sd) / baseline_sd)
    end as regime_change
from described
