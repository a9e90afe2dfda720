--- severity = "warning"
--- every = "1m"
--- window = "15m"
--- for = "10m"
--- keep_firing = "5m"
--- key = ["bot", "provider", "endpoint"]
--- value = "latency_ms_p95"
--- summary = "{{ bot }}: p95 of {% if provider %}{{ provider }} {% endif %}{{ endpoint }} is {{ latency_ms_p95 | num }} ms for 10 minutes (limit {{ limit_ms | num }} ms)"
--- description = "{{ slow_calls }} of {{ calls }} calls in 15 minutes were slower: median {{ latency_ms_p50 | num }} ms, slowest {{ latency_ms_max | num }} ms. See whether other endpoints of the same provider are slow as well."
--- runbook = "runbooks/api-latency-p95.md"
--- doc = "One call in twenty is slow, and has been for a while: the provider or the way there is in trouble."
--- source = "the catalyst guide's HighAPILatency: p95 > 2 s for 10 minutes, by API. The significance is ours."
--- [params]
--- max_ms = { default = 2000.0, min = 1.0, unit = "ms", doc = "p95 latency above which it fires" }
--- min_calls = { default = 20, min = 20, unit = "calls", doc = "fewest calls in 15 minutes of which a p95 is taken; the view has none below 20" }
--- sigma = { default = 3.0, min = 0.0, unit = "sd", doc = "how many standard deviations more slow calls than one in twenty there must be, so that a few stuck ones are no alarm" }
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
    and api_latency.p95_ms > $max_ms
    and slow.calls > 0.05 * api_latency.n + $sigma * sqrt(0.05 * api_latency.n)
