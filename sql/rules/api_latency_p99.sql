--- severity = "warning"
--- every = "1m"
--- window = "15m"
--- for = "2m"
--- keep_firing = "5m"
--- key = ["bot", "provider", "endpoint"]
--- value = "latency_ms_p99"
--- summary = "{{ bot }}: p99 of {% if provider %}{{ provider }} {% endif %}{{ endpoint }} is {{ latency_ms_p99 | num }} ms (limit {{ limit_ms | num }} ms)"
--- description = "{{ slow_calls }} of {{ calls }} calls in 15 minutes were slower: median {{ latency_ms_p50 | num }} ms, p95 {{ latency_ms_p95 | num }} ms, slowest {{ latency_ms_max | num }} ms. A median that is as usual means a few stuck calls; one that rose too means the network or the venue."
--- runbook = "runbooks/api-latency-p99.md"
--- doc = "One call in a hundred takes so long that quotes are stale before they arrive."
--- source = "the kalshi monitor's tiers: p99 API latency > 500 ms. The significance is ours: of 200 calls the third slowest is the p99."
--- [params]
--- max_ms = { default = 500.0, min = 1.0, unit = "ms", doc = "p99 latency above which it fires" }
--- min_calls = { default = 100, min = 100, unit = "calls", doc = "fewest calls in 15 minutes of which a p99 is taken; the view has none below 100" }
--- sigma = { default = 3.0, min = 0.0, unit = "sd", doc = "how many standard deviations more slow calls than one in hundred there must be, so that a few stuck ones are no alarm" }
with slow as (
    select bot, provider, endpoint, count(*) as calls
    from api_calls
    where latency_ms > $max_ms
    group by bot, provider, endpoint
)

select
    api_latency.bot,
    api_latency.provider,
    api_latency.endpoint,
    api_latency.n as calls,
    slow.calls as slow_calls,
    api_latency.p50_ms as latency_ms_p50,
    api_latency.p95_ms as latency_ms_p95,
    api_latency.p99_ms as latency_ms_p99,
    api_latency.max_ms as latency_ms_max,
    $max_ms as limit_ms
from api_latency
inner join slow
    on api_latency.bot = slow.bot
    and (api_latency.provider is not distinct from slow.provider)
    and (api_latency.endpoint is not distinct from slow.endpoint)
-- What a fill's line calls its latency is often how long the order rested.
where coalesce(api_latency.endpoint, '') <> 'fill'
    and api_latency.n >= $min_calls
    and api_latency.p99_ms > $max_ms
    and slow.calls > 0.01 * api_latency.n + $sigma * sqrt(0.01 * api_latency.n)
