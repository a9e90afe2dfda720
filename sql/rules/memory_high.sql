--- severity = "warning"
--- every = "1m"
--- window = "10m"
--- for = "5m"
--- key = ["bot"]
--- value = "usage_rate"
--- summary = "{{ bot }}: memory at {{ usage_rate | pct }} of its limit: {{ memory_mb | num }} MiB of {{ max_memory_mb | num }}, {{ mem_pct | num }} % of {{ max_mem_pct | num }}"
--- description = "Mean of {{ samples }} values over 10 minutes, the last at {{ last_at }}. A leak ends with the kernel killing the bot, with its orders open."
--- runbook = "runbooks/memory-high.md"
--- doc = "The mean of what the bot logs of its memory over 10 minutes is above max_memory_mb, or that of its host above max_mem_pct, for 5 minutes."
--- source = "the catalyst guide's HighMemoryUsage: memory_mb > 4096 for 5m; the purpleflea guide's health check: mem.percent < 90 is ok."
--- [params]
--- max_memory_mb = { default = 4096.0, min = 1, unit = "MiB", doc = "most memory of the process that is none" }
--- max_mem_pct = { default = 90.0, min = 1, max = 100, unit = "%", doc = "most memory of the host that is none" }
--- min_samples = { default = 3, min = 1, max = 600, doc = "of fewer values no mean is made" }
with usage as (
    select
        bot,
        count(*) as samples,
        max(ts) as last_at,
        avg(memory_mb) as memory_mb,
        avg(mem_pct) as mem_pct
    from system_usage
    where memory_mb is not null or mem_pct is not null
    group by bot
)

select
    bot,
    memory_mb,
    mem_pct,
    greatest(memory_mb / $max_memory_mb, mem_pct / $max_mem_pct) as usage_rate,
    samples,
    last_at
from usage
where samples >= $min_samples and (memory_mb > $max_memory_mb or mem_pct > $max_mem_pct)
