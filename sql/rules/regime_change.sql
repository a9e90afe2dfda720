--- severity = "warning"
--- every = "5m"
--- window = "12h"
--- for = "10m"
--- keep_firing = "15m"
--- key = ["bot", "strategy"]
--- value = "change_rate"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: returns swing {{ swing_ratio | num }} times as much as before (score {{ change_rate | num }}, limit {{ limit_rate | num }})"
--- description = "Standard deviation {{ recent_sd | pct }} of the last 20 returns against {{ baseline_sd | pct }} of the {{ baseline_n }} before; the typical move is {{ typical_ratio | num }} times as large, so it is not one outlier. See whether positions grew or markets did."
--- runbook = "runbooks/regime-change.md"
--- doc = "Returns have begun to swing far more than they did: the market's regime has changed, or the bot's sizes have."
--- source = "the purpleflea guide's regime_change_score, which names no threshold. Only rises of volatility count, and the median move must have grown with it: both ours."
--- [params]
--- max_change = { default = 3.0, min = 0.1, unit = "fraction", doc = "score above which it fires: 3 is four times the standard deviation" }
--- min_typical_ratio = { default = 3.0, min = 1.0, unit = "times", doc = "how many times as large the median absolute return must be" }
--- max_age_s = { default = 3600, min = 60, unit = "s", doc = "how old the last return may be" }
with ranked as (
    select
        ts,
        bot,
        strategy,
        return,
        row_number() over (partition by bot, strategy order by ts desc) as place
    from returns
    where return is not null
),

moves as (
    select
        bot,
        strategy,
        max(ts) as last_at,
        median(abs(return)) filter (where place <= 20) as recent_move,
        median(abs(return)) filter (where place > 20) as baseline_move
    from ranked
    where place <= 100
    group by bot, strategy
)

select
    moves.bot,
    moves.strategy,
    moves.last_at,
    regime_change.regime_change as change_rate,
    regime_change.recent_sd,
    regime_change.baseline_sd,
    regime_change.baseline_n,
    regime_change.recent_sd / regime_change.baseline_sd as swing_ratio,
    moves.recent_move / moves.baseline_move as typical_ratio,
    $max_change as limit_rate
from moves
inner join regime_change
    on moves.bot = regime_change.bot
    and (moves.strategy is not distinct from regime_change.strategy)
    and moves.last_at = regime_change.ts
where regime_change.regime_change > $max_change
    and regime_change.recent_sd > regime_change.baseline_sd
    and moves.baseline_move > 0
    and moves.recent_move > $min_typical_ratio * moves.baseline_move
    and extract(epoch from $now - moves.last_at) <= $max_age_s
