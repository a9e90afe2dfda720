--- severity = "warning"
--- every = "15m"
--- window = "24h"
--- for = "30m"
--- keep_firing = "30m"
--- key = ["bot", "strategy"]
--- value = "edge"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: edge of {{ fills }} fills in 24 h is {{ edge | num }} (limit {{ limit_edge | num }})"
--- description = "That is {{ z | num }} standard errors from 0, where the orders expected {{ expected_edge | num }}. Cumulative edge leads realised profit: see in which market and since when it falls."
--- runbook = "runbooks/cumulative-edge-negative.md"
--- doc = "Over a day the fills cost more than the model's fair value says they are worth: the bot pays to trade."
--- source = "the kalshi monitor: cumulative edge below -$5 where +$10 was expected. The significance is ours, and so is that bots whose orders expect a loss against fair (takers whose fair is the mid) are left to edge_drift."
--- [params]
--- max_loss = { default = 5.0, min = 0.0, unit = "account currency", doc = "how far below 0 the sum of edge may be" }
--- sigma = { default = 3.0, min = 0.0, unit = "standard errors", doc = "how many standard errors below 0 it must be" }
--- min_fills = { default = 50, min = 10, unit = "fills", doc = "fewest fills in 24 hours that are judged" }
with summed as (
    select
        bot,
        strategy,
        count(edge) as fills,
        sum(edge) as edge,
        stddev(edge) * sqrt(count(edge)) as edge_se,
        sum(expected_edge * fill_size) as expected_edge
    from fills
    group by bot, strategy
)

select
    bot,
    strategy,
    fills,
    edge,
    edge_se,
    edge / nullif(edge_se, 0) as z,
    expected_edge,
    -$max_loss as limit_edge
from summed
where fills >= $min_fills
    and edge < -$max_loss
    and edge < -$sigma * edge_se
    and coalesce(expected_edge, 0) >= 0
