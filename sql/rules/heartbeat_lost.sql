--- severity = "critical"
--- every = "10s"
--- window = "1m"
--- key = ["bot"]
--- value = "silence_s"
--- summary = "{{ bot }}: no heartbeat for {{ silence_s | duration }} (limit {{ limit_s | duration }})"
--- description = "Last heartbeat at {{ last_heartbeat_at }}, last line of any kind at {{ last_line_at }}. If other lines still come, the bot's loop hangs; if none do, the process, its host or its log is gone. Look at its open orders and positions before you restart it."
--- runbook = "runbooks/heartbeat-lost.md"
--- doc = "The bot's loop or its host is gone, or its log is no longer written. A bot whose heartbeats come more slowly is given pace_factor times their usual distance. A bot that is declared and has never logged a line is silent since it was declared. Bots without heartbeats are bot_offline's business."
--- source = "the kalshi monitor's dead-man switch: a heartbeat every 60 s."
--- [params]
--- max_silence_s = { default = 120, min = 1, max = 86400, unit = "s", doc = "longest silence that is none" }
--- pace_factor = { default = 2.0, min = 1, max = 100, doc = "and so many times the bot's usual distance between heartbeats, where that is longer" }
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "after so long a silence a bot that is not declared is taken as retired" }
with beats as (
    select
        bot,
        ts as last_heartbeat_at,
        extract(epoch from ts - first_ts) / nullif(event_count - 1, 0) as usual_s
    from last_seen
    where kind = 'heartbeat'
),

lines as (
    select bot, max(ts) as last_line_at
    from last_seen
    group by bot
),

bots_known as (
    select
        coalesce(lines.bot, expected_bots.bot) as bot,
        lines.last_line_at,
        expected_bots.bot is not null as is_expected,
        expected_bots.since
    from lines
    full join expected_bots on lines.bot = expected_bots.bot
),

silences as (
    select
        bots_known.bot,
        extract(
            epoch from $now - case
                when bots_known.last_line_at is null then bots_known.since
                else beats.last_heartbeat_at
            end
        ) as silence_s,
        greatest($max_silence_s, $pace_factor * beats.usual_s) as limit_s,
        bots_known.is_expected,
        beats.last_heartbeat_at,
        bots_known.last_line_at
    from bots_known
    left join beats on bots_known.bot = beats.bot
)

select bot, silence_s, limit_s, is_expected, last_heartbeat_at, last_line_at
from silences
where silence_s > limit_s and (is_expected or silence_s < $forget_after_s)
