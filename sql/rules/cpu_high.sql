--- severity = "warning"
--- every = "1m"
--- window = "10m"
--- for = "5m"
--- key = ["bot"]
--- value = "cpu_pct"
--- summary = "{{ bot }}: CPU at {{ cpu_pct | num }} % over 10 minutes (limit {{ max_cpu_pct | num }} %)"
--- description = "Mean of {{ samples }} values, the highest {{ cpu_pct_max | num }} %. A bot short of CPU is late with its orders: compare the latencies."
--- runbook = "runbooks/cpu-high.md"
--- doc = "The mean of what the bot logs of its CPU over 10 minutes is above max_cpu_pct, for 5 minutes. A process on several cores may log more than 100: raise the limit for it."
--- source = "the catalyst guide: average CPU > 80 %."
--- [params]
--- max_cpu_pct = { default = 80.0, min = 1, max = 10000, unit = "%", doc = "highest mean that is none" }
--- min_samples = { default = 3, min = 1, max = 600, doc = "of fewer values no mean is made" }
select
    bot,
    avg(cpu_pct) as cpu_pct,
    max(cpu_pct) as cpu_pct_max,
    count(cpu_pct) as samples,
    max(ts) as last_at
from system_usage
where cpu_pct is not null
group by bot
having count(cpu_pct) >= $min_samples and avg(cpu_pct) > $max_cpu_pct
