--- severity = "warning"
--- every = "5m"
--- window = "12h"
--- for = "10m"
--- keep_firing = "10m"
--- key = ["bot", "strategy"]
--- value = "drop_rate"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: {{ fill_rate_60s | pct }} of orders filled within 60 s, usual is {{ usual_rate_60s | pct }} (limit: {{ limit_rate | pct }} fewer)"
--- description = "{{ filled }} of {{ orders }} orders placed since {{ hour }} were filled within 60 s, where {{ expected | num }} were to be expected from the hours before, market by market. First see whether the model's fair values or the quotes it prices from have stopped moving."
--- runbook = "runbooks/fill-rate-drop.md"
--- doc = "Orders fill far less often than they did in the same markets before: prices have gone stale, or the orders are no longer where the market is."
--- source = "the kalshi monitor's tiers: fill rate drops > 30 % from baseline. The least counts and the significance are ours."
--- [params]
--- max_drop = { default = 0.3, min = 0.01, max = 1.0, unit = "fraction", doc = "part of the usual fills that may be missing" }
--- min_orders = { default = 50, min = 10, unit = "orders", doc = "fewest orders of the hour that are judged, each 60 s old" }
--- min_baseline = { default = 100, min = 20, unit = "orders", doc = "fewest earlier orders that make a market's usual rate" }
--- sigma = { default = 3.0, min = 0.0, unit = "sd", doc = "how many standard deviations fewer than expected the fills must be" }
with hours as (
    select
        bot,
        strategy,
        hour,
        sum(n_60s) as orders,
        sum(filled_60s) as filled,
        sum(n_60s * baseline_rate_60s) as expected,
        sum(n_60s * baseline_rate_60s * (1 - baseline_rate_60s)) as variance
    from fill_rates
    where hour >= date_trunc('hour', $now) - interval '1 hour'
        and baseline_orders >= $min_baseline
    group by bot, strategy, hour
    having sum(n_60s) >= $min_orders
),

-- The hour that is going on where it has enough orders, else the one before it.
newest as (
    select *, row_number() over (partition by bot, strategy order by hour desc) as place
    from hours
)

select
    bot,
    strategy,
    hour,
    orders,
    filled,
    expected,
    cast(filled as double) / orders as fill_rate_60s,
    expected / orders as usual_rate_60s,
    1 - filled / nullif(expected, 0) as drop_rate,
    $max_drop as limit_rate
from newest
where place = 1
    and filled < (1 - $max_drop) * expected
    and expected - filled > $sigma * sqrt(variance)
