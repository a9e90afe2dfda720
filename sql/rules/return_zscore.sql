--- severity = "warning"
--- every = "5m"
--- window = "12h"
--- key = ["bot", "strategy"]
--- value = "zscore"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: equity moved {{ return_rate | pct }} at once, {{ zscore | num }} σ (limit {{ limit_sigma | num }} σ)"
--- description = "At {{ at }}, equity then {{ equity | num }}. The {{ baseline_n }} returns before it had a standard deviation of {{ baseline_sd | pct }}, and it lies {{ distance_iqr | num }} interquartile ranges outside. Look for one large fill or a gap in a market first, then for a wrong size, a withdrawal or bad data."
--- runbook = "runbooks/return-zscore.md"
--- doc = "A single return dwarfs those before it: a mis-sized position, a gap, a bug or corrupt data."
--- source = "the purpleflea guide's AnomalyDetector, |z| > 3, and the IQR detector that it asks for beside it: at 3 σ alone fat tails alarm every few hours. That a move must matter is ours."
--- [params]
--- sigma = { default = 3.0, min = 1.0, unit = "sd", doc = "how many standard deviations from the mean of those before it" }
--- min_iqr = { default = 3.0, min = 0.0, unit = "iqr", doc = "how many interquartile ranges outside the quartiles as well; 3 is what Tukey calls far out, 0 asks nothing" }
--- min_move = { default = 0.002, min = 0.0, unit = "fraction", doc = "least return that matters, of equity" }
--- losses_only = { default = true, doc = "whether gains do not fire" }
--- recent_s = { default = 600, min = 300, max = 43200, unit = "s", doc = "how new a return must be: twice every, so that a line which comes late is not missed" }
with unusual as (
    select ts, bot, strategy, return, zscore, mean, sd, n
    from return_zscores
    where extract(epoch from $now - ts) <= $recent_s
        and abs(zscore) > $sigma
        and abs(return) >= $min_move
        and (return < 0 or not $losses_only)
),

far_out as (
    select
        unusual.*,
        return_iqr.distance_iqr,
        equity.equity,
        row_number() over (
            partition by unusual.bot, unusual.strategy
            order by abs(unusual.zscore) desc, unusual.ts
        ) as place
    from unusual
    inner join return_iqr
        on unusual.bot = return_iqr.bot
        and (unusual.strategy is not distinct from return_iqr.strategy)
        and unusual.ts = return_iqr.ts
    inner join equity
        on unusual.bot = equity.bot
        and (unusual.strategy is not distinct from equity.strategy)
        and unusual.ts = equity.ts
    where $min_iqr = 0 or return_iqr.distance_iqr > $min_iqr
)

select
    bot,
    strategy,
    ts as at,
    return as return_rate,
    zscore,
    sd as baseline_sd,
    n as baseline_n,
    distance_iqr,
    equity,
    $sigma as limit_sigma
from far_out
where place = 1
