-- The equity of each bot as it stands: its last value, its peak and its worst drawdown ever.
--
-- Grain:   one row per bot and strategy that has ever logged an equity.
-- Columns: bot, strategy      whose; strategy is null where the value is the whole bot's.
--          equity, equity_at  the last value and when it was logged: its age is
--                             `extract(epoch from $now - equity_at)`.
--          peak, peak_at      the highest ever, and when it was first reached.
--          drawdown           (peak − equity) / peak now, as a fraction, 0 or more; null where peak
--                             is 0 or less.
--          max_drawdown, max_drawdown_at  the greatest ever and when it was first reached; the time
--                             is null while it is 0, both while no peak was above 0.
--          first_equity, first_equity_at  the first value ever.
--          observations       how many values there were.
-- Needs:   any.equity
-- Reads:   carried: peak and worst drawdown are of a bot's whole life, and a bot that is silent
--          does not vanish.
-- Source:  the purpleflea guide's max_drawdown; qkt's /status.
-- Omits:   what drawdown omits.

with folded as (
    select
        bot,
        strategy,
        last_value(equity order by ts) as equity,
        max(ts) as equity_at,
        max(high) as peak,
        first_value(high_at order by high desc, high_at) as peak_at,
        max(deepest) as max_drawdown,
        first_value(deepest_at order by deepest desc nulls last, deepest_at) as max_drawdown_at,
        first_value(first_equity order by first_equity_at) as first_equity,
        min(first_equity_at) as first_equity_at,
        sum(observations) as observations
    from equity_curve
    group by bot, strategy
)

select
    bot,
    strategy,
    equity,
    equity_at,
    peak,
    peak_at,
    case when peak > 0 then (peak - equity) / peak end as drawdown,
    max_drawdown,
    max_drawdown_at,
    first_equity,
    first_equity_at,
    observations
from folded
