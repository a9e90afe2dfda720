--- every = "5m"
--- window = "4h"
--- for = "10m"
--- keep_firing = "15m"
--- key = ["bot", "strategy"]
--- value = "drift_sigma"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: edge is {{ drift_sigma | num }} σ off what its orders expected (limit -{{ limit_sigma | num }} σ)"
--- description = "{{ fills }} fills in {{ markets }} markets since {{ first_at }} made {{ realized_edge | num }} where {{ expected_edge | num }} was expected: {{ drift | num }} or {{ drift_bps | num }} bps of what was traded, 95 % interval {{ ci_low | num }} to {{ ci_high | num }}. Look at slippage by market first, then at markouts."
--- runbook = "runbooks/edge-drift.md"
--- doc = "Fills make significantly and materially less than the orders expected when they were placed: adverse selection, or fills at worse prices than were ordered."
--- source = "the kalshi monitor: an alarm at 2 to 3 σ below expectation over a meaningful sample. The least shortfalls are ours: rounding to a tick is significant over many fills, and means nothing."
--- [params]
--- sigma = { default = 2.0, min = 0.5, unit = "sd", doc = "how many standard deviations below the expected edge" }
--- min_fills = { default = 50, min = 20, unit = "fills", doc = "fewest fills in 4 hours that are judged" }
--- min_shortfall = { default = 0.3, min = 0.0, unit = "fraction", doc = "least part of an expected gain that is missing" }
--- min_shortfall_bps = { default = 2.0, min = 0.0, unit = "bps", doc = "least shortfall in ten-thousandths of what was traded; both must be passed, and this one alone where no gain was expected" }
--- [levels.warning]
--- sigma = 2.0
--- [levels.critical]
--- sigma = 3.0
with traded as (
    select bot, strategy, sum(fill_size * fill_price) as notional
    from fills
    where edge is not null and expected_edge is not null
    group by bot, strategy
)

select
    edge_drift.bot,
    edge_drift.strategy,
    edge_drift.fills,
    edge_drift.markets,
    edge_drift.expected_edge,
    edge_drift.realized_edge,
    edge_drift.drift,
    edge_drift.drift_vs_expected as drift_rate,
    10000 * edge_drift.drift / nullif(traded.notional, 0) as drift_bps,
    edge_drift.drift_sigma,
    edge_drift.ci_low,
    edge_drift.ci_high,
    edge_drift.first_at,
    $sigma as limit_sigma
from edge_drift
inner join traded
    on edge_drift.bot = traded.bot
    and (edge_drift.strategy is not distinct from traded.strategy)
where edge_drift.fills >= $min_fills
    and edge_drift.drift_sigma < -$sigma
    -- Student's quantile is in it, which few markets need.
    and edge_drift.ci_high < 0
    and edge_drift.drift < -$min_shortfall * edge_drift.expected_edge
    and edge_drift.drift < -$min_shortfall_bps / 10000 * traded.notional
