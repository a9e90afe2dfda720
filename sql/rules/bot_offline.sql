--- severity = "critical"
--- every = "30s"
--- window = "1m"
--- key = ["bot"]
--- value = "silence_s"
--- summary = "{{ bot }}: nothing logged for {{ silence_s | duration }} (limit {{ limit_s | duration }})"
--- description = "Its last line was a {{ last_kind }} at {{ last_line_at }}; usually its most frequent line comes every {{ usual_s | duration }}. Is the process there, and does it still write to the log that fillwatch reads?"
--- runbook = "runbooks/bot-offline.md"
--- doc = "No line of any kind of a bot that logs no heartbeats (those that do are heartbeat_lost's). The limit is max_silence_s, or pace_factor times the bot's usual pace where that is longer: the mean distance between lines of its most frequent kind, over its whole life. A bot that has no kind with min_lines lines yet has no pace, and is left alone unless it is declared."
--- source = "the catalyst guide's TradingBotOffline: up == 0 for 2m. The pace is ours."
--- [params]
--- max_silence_s = { default = 120, min = 1, max = 604800, unit = "s", doc = "longest silence that is none" }
--- pace_factor = { default = 20.0, min = 1, max = 1000, doc = "and so many times the usual distance of its most frequent lines, where that is longer; 3 will do for a bot that logs by the clock" }
--- min_lines = { default = 20, min = 2, doc = "lines of one kind that tell a pace" }
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "after so long a silence a bot that is not declared is taken as retired" }
with paces as (
    select
        bot,
        max(ts) as last_line_at,
        last_value(kind order by ts, kind) as last_kind,
        min(extract(epoch from ts - first_ts) / (event_count - 1))
            filter (where event_count > 1 and event_count >= $min_lines) as usual_s,
        bool_or(kind = 'heartbeat') as has_heartbeats
    from last_seen
    group by bot
),

silences as (
    select
        paces.bot,
        extract(epoch from $now - paces.last_line_at) as silence_s,
        greatest($max_silence_s, $pace_factor * paces.usual_s) as limit_s,
        paces.usual_s,
        paces.last_kind,
        paces.last_line_at,
        expected_bots.bot is not null as is_expected
    from paces
    left join expected_bots on paces.bot = expected_bots.bot
    where not paces.has_heartbeats
)

select bot, silence_s, limit_s, usual_s, last_kind, last_line_at
from silences
where silence_s > limit_s
    and (is_expected or (usual_s is not null and silence_s < $forget_after_s))
