--- severity = "warning"
--- every = "30s"
--- window = "30m"
--- key = ["bot"]
--- value = "idle_s"
--- summary = "{{ bot }}: WebSocket {{ what }} for {{ idle_s | duration }} (limit {{ limit_s | duration }})"
--- description = "Since {{ since_at }}; channel {{ channel }}. A connection can look open and bring nothing. Until it is back the bot trades on old prices: look at its open orders."
--- runbook = "runbooks/ws-idle.md"
--- doc = "The bot's feed stands still, told by one of three things: `idle`, its own watchdog, in the last 5 minutes; `down`, a connection that was lost and is not back; `silent`, no quote for max_idle_s and for pace_factor times as long as quotes of this bot usually take, in its whole life. For `down` and `silent` the bot itself must still be logging; if it is not, that is heartbeat_lost."
--- source = "the kalshi monitor's zombie connections: idle for more than 30 s. The pace is ours: a quiet market has no quote for a minute."
--- [params]
--- max_idle_s = { default = 30, min = 1, max = 86400, unit = "s", doc = "longest silence of a feed that is none" }
--- pace_factor = { default = 20.0, min = 1, max = 1000, doc = "and so many times the usual distance between quotes, where there are only these to tell" }
--- min_quotes = { default = 20, min = 2, doc = "quotes that tell a pace" }
--- forget_after_s = { default = 86400, min = 600, unit = "s", doc = "a bot without quotes for so long has stopped logging them" }
with lines as (
    select bot, max(ts) as last_line_at
    from last_seen
    group by bot
),

quotes_seen as (
    select
        bot,
        ts,
        age_s,
        greatest(
            $max_idle_s,
            $pace_factor * extract(epoch from ts - first_ts) / (event_count - 1)
        ) as limit_s
    from last_seen
    where kind = 'quote' and event_count > 1 and event_count >= $min_quotes
),

gaps as (
    select bot, what, channel, ts as since_at, gap_s as idle_s, cast($max_idle_s as double) as limit_s
    from ws_gaps
    where (what = 'idle' and ts >= $now - interval '5 minutes' and coalesce(gap_s > $max_idle_s, true))
        or (what = 'down' and ended_at is null and gap_s > $max_idle_s)
    union all
    select bot, 'silent' as what, cast(null as text) as channel, ts as since_at, age_s as idle_s, limit_s
    from quotes_seen
    where age_s > limit_s and age_s < $forget_after_s
),

alive as (
    select gaps.*
    from gaps
    inner join lines on gaps.bot = lines.bot
    where gaps.what = 'idle'
        or extract(epoch from lines.last_line_at - gaps.since_at) > $max_idle_s
)

select
    bot,
    last_value(what order by idle_s nulls first, since_at, what) as what,
    last_value(channel order by idle_s nulls first, since_at, what) as channel,
    max(idle_s) as idle_s,
    last_value(limit_s order by idle_s nulls first, since_at, what) as limit_s,
    min(since_at) as since_at
from alive
group by bot
