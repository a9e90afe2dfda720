--- severity = "warning"
--- every = "1m"
--- window = "5m"
--- for = "5m"
--- key = ["bot"]
--- value = "http_5xx_per_s"
--- summary = "{{ bot }}: {{ http_5xx_per_s | num }} HTTP 5xx/s over 5 minutes, {{ http_5xx }} of {{ calls }} calls (limit {{ max_per_s | num }}/s)"
--- description = "Most of them at {{ provider }} {{ endpoint }}. The venue or provider fails: look at its status page, and whether orders get through."
--- runbook = "runbooks/http-5xx-rate.md"
--- doc = "Calls are answered with 500 to 599 more often than max_per_s, over 5 minutes and for 5 minutes. For a bot that makes few calls see api_error_rate."
--- source = "polybot's HighErrorRate: rate(http_requests_total{status=\"5xx\"}[5m]) > 0.1 for 5m."
--- [params]
--- max_per_s = { default = 0.1, min = 0.0001, max = 10000, unit = "1/s", doc = "highest rate of 5xx answers that is none" }
with by_endpoint as (
    select
        bot,
        provider,
        endpoint,
        -- A rejected order is told by its call too; without calls by itself.
        kind = 'api_call' as is_call,
        count(*) as calls,
        count(*) filter (where status_code between 500 and 599) as http_5xx
    from api_calls
    group by bot, provider, endpoint, kind = 'api_call'
),

by_bot as (
    select
        bot,
        is_call,
        sum(calls) as calls,
        sum(http_5xx) as http_5xx,
        last_value(provider order by http_5xx, endpoint) as provider,
        last_value(endpoint order by http_5xx, endpoint) as endpoint
    from by_endpoint
    group by bot, is_call
)

select
    bot,
    max(http_5xx) / extract(epoch from $to - $from) as http_5xx_per_s,
    max(http_5xx) as http_5xx,
    last_value(calls order by http_5xx, is_call) as calls,
    last_value(provider order by http_5xx, is_call) as provider,
    last_value(endpoint order by http_5xx, is_call) as endpoint
from by_bot
group by bot
having max(http_5xx) / extract(epoch from $to - $from) > $max_per_s
