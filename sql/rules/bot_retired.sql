--- severity = "info"
--- every = "5m"
--- window = "5m"
--- key = ["bot"]
--- summary = "{{ bot }}: silent for {{ silence_s | duration }}, taken as retired"
--- description = "Its last line was at {{ last_line_at }}. From now on heartbeat_lost and bot_offline no longer watch it. If it should be running, declare it in the configuration: declared bots are never taken as retired."
--- runbook = "runbooks/bot-retired.md"
--- doc = "Said once, in the hour after a bot has been silent for forget_after_s: nobody will be paged for it any more. Keep forget_after_s the same as that of heartbeat_lost and bot_offline."
--- source = "ours: a page that nobody answers for a week must end, and must not do so in silence."
--- [params]
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "as in heartbeat_lost" }
with lines as (
    select
        bot,
        max(ts) as last_line_at,
        extract(epoch from $now - max(ts)) as silence_s
    from last_seen
    group by bot
)

select lines.bot, lines.silence_s, lines.last_line_at
from lines
left join expected_bots on lines.bot = expected_bots.bot
where expected_bots.bot is null
    and lines.silence_s >= $forget_after_s
    and lines.silence_s < $forget_after_s + 3600
