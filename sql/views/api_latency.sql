-- How long each endpoint took to answer.
--
-- Grain:   one row per bot, provider and endpoint with a latency in the window.
-- Columns: bot, provider, endpoint  whose calls to what, as in api_calls: `order`, `fill` and other
--                     words without a slash are latencies that lines about orders or health tell.
--          n          how many latencies there are.
--          p50_ms     the median, in milliseconds.
--          p95_ms     19 of 20 took no longer; null for fewer than 20.
--          p99_ms     99 of 100 took no longer; null for fewer than 100. Then max_ms is all there
--                     is to say.
--          max_ms     the longest.
--          mean_ms    the mean.
-- Needs:   api_call.latency_ms or order_acked.latency_ms or order_rejected.latency_ms or
--          fill.latency_ms or any.api_latency_ms or heartbeat.checks_exchange_api_latency_ms
-- Reads:   windowed.
-- Source:  the kalshi monitor's "p99 API latency > 500 ms"; the catalyst guide's HighAPILatency
--          (p95 > 2 s by api_name). Percentiles are of all latencies, interpolated linearly.
-- Omits:   calls that were never answered: a time-out has no latency, and is in api_errors.

select
    bot,
    provider,
    endpoint,
    count(latency_ms) as n,
    percentile_cont(0.5) within group (order by latency_ms) as p50_ms,
    case
        when count(latency_ms) >= 20
            then percentile_cont(0.95) within group (order by latency_ms)
    end as p95_ms,
    case
        when count(latency_ms) >= 100
            then percentile_cont(0.99) within group (order by latency_ms)
    end as p99_ms,
    max(latency_ms) as max_ms,
    finite(avg(latency_ms)) as mean_ms
from api_calls
where latency_ms is not null
group by bot, provider, endpoint
