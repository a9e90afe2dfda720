--- severity = "critical"
--- every = "on_change"
--- kinds = ["error"]
--- window = "5m"
--- key = ["bot", "error_type"]
--- value = "errors"
--- summary = "{{ bot }}: {{ errors }} times {{ error_type }} in {{ component }} in 5 minutes, {{ critical_errors }} of them critical"
--- description = "The last at {{ last_at }}: {{ message }}. More than {{ max_exceptions }} exceptions of one type in 5 minutes are an alert, and one line of level critical is."
--- runbook = "runbooks/unhandled-exception.md"
--- doc = "An error at level critical or fatal, at once; or exceptions (a stack trace, or a line that says unhandled, uncaught or panic) of one type, more than max_exceptions in 5 minutes. A stack trace at level error was caught and logged by somebody, and the bot went on: most bots log some a day, hence the count. One that ends the bot is also found by heartbeat_lost, one that ends only its order loop by strategy_stalled. Set max_exceptions = 0 to be paged for each."
--- source = "the kalshi monitor's critical tier: unhandled exception in order loop. The count is ours."
--- [params]
--- max_exceptions = { default = 2, min = 0, max = 10000, doc = "exceptions of one type at level error within 5 minutes that are none" }
with thrown as (
    select
        ts,
        bot,
        coalesce(error_type, 'unknown') as error_type,
        component,
        message,
        coalesce(level = 'critical', false) as is_critical
    from errors
    where level = 'critical'
        or exception is not null
        or regexp_like(concat_ws(' ', event, message), '(?i)unhandled|uncaught|panic')
)

select
    bot,
    error_type,
    count(*) as errors,
    count(*) filter (where is_critical) as critical_errors,
    max(ts) as last_at,
    last_value(component order by ts, component) as component,
    last_value(message order by ts, message) as message
from thrown
group by bot, error_type
having count(*) filter (where is_critical) > 0 or count(*) > $max_exceptions
