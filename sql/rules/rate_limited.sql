--- severity = "warning"
--- every = "1m"
--- window = "5m"
--- key = ["bot"]
--- value = "rate_limited"
--- summary = "{{ bot }}: {{ rate_limited }} answers 429 in 5 minutes (limit {{ max_hits }})"
--- description = "The last at {{ last_at }} from {{ provider }} {{ endpoint }}. The bot asks too often; orders and cancels may wait behind its own polling."
--- runbook = "runbooks/rate-limited.md"
--- doc = "The venue or a provider told the bot to slow down, more than max_hits times in 5 minutes. One 429 now and then is a bot that uses its quota and waits; set max_hits = 0 to hear of each, as the catalyst guide does."
--- source = "the catalyst guide: rate limit hits, 429 > 0, slow down. That it takes three is ours."
--- [params]
--- max_hits = { default = 2, min = 0, doc = "answers 429 in 5 minutes that are none" }
with hits as (
    select
        bot,
        kind = 'api_call' as is_call,
        count(*) as rate_limited,
        max(ts) as last_at,
        last_value(provider order by ts, endpoint) as provider,
        last_value(endpoint order by ts, endpoint) as endpoint
    from api_calls
    where status_code = 429
    group by bot, kind = 'api_call'
)

-- A rejected order is told by its call too; without calls by itself.
select
    bot,
    max(rate_limited) as rate_limited,
    max(last_at) as last_at,
    last_value(provider order by rate_limited, is_call) as provider,
    last_value(endpoint order by rate_limited, is_call) as endpoint
from hits
group by bot
having max(rate_limited) > $max_hits
