--- severity = "warning"
--- every = "5m"
--- window = "15m"
--- key = ["bot"]
--- value = "disk_pct"
--- summary = "{{ bot }}: disk {{ disk_pct | num }} % full (limit {{ max_disk_pct | num }} %)"
--- description = "As logged at {{ last_at }}. A full disk stops the bot's log, and with it everything that is known of the bot."
--- runbook = "runbooks/disk-high.md"
--- doc = "The last that the bot logged of its disk within 15 minutes is above max_disk_pct."
--- source = "the catalyst guide: disk usage > 80 %, clean logs."
--- [params]
--- max_disk_pct = { default = 80.0, min = 1, max = 100, unit = "%", doc = "fullest that is none" }
with usage as (
    select bot, last_value(disk_pct order by ts, disk_pct) as disk_pct, max(ts) as last_at
    from system_usage
    where disk_pct is not null
    group by bot
)

select bot, disk_pct, last_at
from usage
where disk_pct > $max_disk_pct
