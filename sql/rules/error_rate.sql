--- severity = "warning"
--- every = "1m"
--- window = "5m"
--- for = "5m"
--- key = ["bot"]
--- value = "errors_per_s"
--- summary = "{{ bot }}: {{ errors_per_s | num }} errors/s over 5 minutes, {{ errors }} in all (limit {{ max_per_s | num }}/s)"
--- description = "Most often {{ error_type }} in {{ component }}, {{ most }} times; the last one says: {{ message }}."
--- runbook = "runbooks/error-rate.md"
--- doc = "The bot logs more errors than max_per_s, over 5 minutes and for 5 minutes. Rejected orders, halts and breaches of a limit have rules of their own and do not count."
--- source = "the catalyst guide's HighErrorRate: rate(errors_total[5m]) > 0.1 for 5m."
--- [params]
--- max_per_s = { default = 0.1, min = 0.0001, max = 10000, unit = "1/s", doc = "highest rate of errors that is none" }
with by_type as (
    select
        bot,
        error_type,
        component,
        count(*) as errors,
        last_value(message order by ts, message) as message
    from errors
    group by bot, error_type, component
)

select
    bot,
    sum(errors) / extract(epoch from $to - $from) as errors_per_s,
    sum(errors) as errors,
    max(errors) as most,
    last_value(error_type order by errors, error_type) as error_type,
    last_value(component order by errors, error_type) as component,
    last_value(message order by errors, error_type) as message
from by_type
group by bot
having sum(errors) / extract(epoch from $to - $from) > $max_per_s
