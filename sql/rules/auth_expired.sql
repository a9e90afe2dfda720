--- severity = "critical"
--- every = "30s"
--- window = "5m"
--- key = ["bot"]
--- value = "failures"
--- summary = "{{ bot }}: {{ failures }} calls refused with 401 or 403 in 5 minutes (from {{ min_failures }} on it is an alert)"
--- description = "The last at {{ last_at }}, code {{ status_code }}, {{ endpoint }}. The token has expired, the key was revoked or lacks a right: the bot can neither place nor cancel orders. Look at what it has open."
--- runbook = "runbooks/auth-expired.md"
--- doc = "The venue no longer knows the bot. One single 401 is how many clients find out that a token must be renewed, so it takes two within 5 minutes. Calls, rejected orders and error lines that tell of the same failure are not added up."
--- source = "the kalshi monitor's critical tier: auth token expired. That it takes two is ours."
--- [params]
--- min_failures = { default = 2, min = 1, max = 10000, doc = "401 and 403 within 5 minutes that are an alert" }
with refused as (
    select bot, ts, status_code, concat_ws(' ', provider, endpoint) as endpoint, kind as told_by
    from api_calls
    where status_code in (401, 403)
    union all
    select bot, ts, status_code, component as endpoint, 'error' as told_by
    from errors
    where status_code in (401, 403) and kind not in ('api_call', 'order_rejected', 'order_cancelled')
),

counted as (
    select
        bot,
        told_by,
        count(*) as failures,
        max(ts) as last_at,
        last_value(status_code order by ts, status_code) as status_code,
        last_value(endpoint order by ts, endpoint) as endpoint
    from refused
    group by bot, told_by
)

select
    bot,
    max(failures) as failures,
    max(last_at) as last_at,
    last_value(status_code order by last_at, told_by) as status_code,
    last_value(endpoint order by last_at, told_by) as endpoint
from counted
group by bot
having max(failures) >= $min_failures
