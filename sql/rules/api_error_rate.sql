--- severity = "warning"
--- every = "1m"
--- window = "15m"
--- key = ["bot", "provider"]
--- value = "error_rate"
--- summary = "{{ bot }}: {{ errors }} of {{ calls }} calls to {{ provider }} failed in 15 minutes, {{ error_rate | pct }} (limit {{ max_rate | pct }})"
--- description = "Most of them at {{ endpoint }}; the last at {{ last_at }} with code {{ status_code }}. 4xx: what the bot asks is wrong, or it may not; 429: too often; 5xx and none: the provider or the way to it."
--- runbook = "runbooks/api-error-rate.md"
--- doc = "Of the calls of which is known how they went, more than max_rate failed, and no fewer than min_errors of at least min_calls. Health checks count as calls; lines about orders do not, see rejection_rate."
--- source = "the catalyst guide: API error rate, failed API calls > 5 %. The least numbers are ours."
--- [params]
--- max_rate = { default = 0.05, min = 0, max = 1, unit = "fraction", doc = "largest part of the calls that may fail" }
--- min_calls = { default = 20, min = 1, doc = "of fewer calls no rate is made" }
--- min_errors = { default = 5, min = 1, doc = "fewer failures are no alert" }
with outcomes as (
    select
        ts,
        bot,
        coalesce(provider, 'its venue') as provider,
        endpoint,
        status_code,
        is_error
    from api_calls
    where is_error is not null and kind not in ('order_acked', 'order_rejected', 'order_cancelled', 'fill')
),

by_endpoint as (
    select
        bot,
        provider,
        endpoint,
        count(*) as calls,
        count(*) filter (where is_error) as errors,
        max(ts) filter (where is_error) as last_at,
        last_value(status_code order by ts, status_code) filter (where is_error) as status_code
    from outcomes
    group by bot, provider, endpoint
)

select
    bot,
    provider,
    sum(errors) as errors,
    sum(calls) as calls,
    cast(sum(errors) as double) / sum(calls) as error_rate,
    last_value(endpoint order by errors, endpoint) as endpoint,
    max(last_at) as last_at,
    last_value(status_code order by errors, endpoint) as status_code
from by_endpoint
group by bot, provider
having sum(calls) >= $min_calls
    and sum(errors) >= $min_errors
    and cast(sum(errors) as double) / sum(calls) > $max_rate
