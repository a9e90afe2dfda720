-- The times that a bot's WebSocket or its prices stood still.
--
-- Grain:   one row per gap, as one of four things tells of it.
-- Columns: ts         when the gap began; of an idle alert and of a reconnect by itself, the time of
--                     its line.
--          bot, channel  whose, and of which feed; channel is null where the line names none.
--          what       `idle`: the bot's own watchdog says for how long no message has come.
--                     `down`: from a line that the connection is lost to the next that says it is
--                     there. `reconnect`: a reconnect of which no line told the loss.
--                     `silent`: from one quote to the next, or to $now.
--          gap_s      how long, in seconds; of one that lasts, to $now. Null for `reconnect`, and
--                     for an alert that gives no number.
--          ended_at   when it was over; null while it lasts, and for `idle` and `reconnect`.
--          event      the log's own word for it; null for `silent`.
-- Fields:  idle_seconds float, idle_secs float, idle_s float, idleseconds float, idlems float,
--          idle_ms float, channel text, feed text, stream text
-- Needs:   ws or quote
-- Reads:   windowed: a gap that began before it is known only by what lines in it tell.
-- Source:  the kalshi monitor's zombie connections: idle for more than 30 s.
-- Omits:   gaps between quotes of less than 30 s, the guide's threshold, and the silence before the
--          first quote in the window; bots that log no quotes have no `silent`.

with lines as (
    select distinct
        ts,
        bot,
        coalesce(channel, feed, stream) as channel,
        event,
        lower(coalesce(event, message)) as words,
        coalesce(
            idle_seconds, idle_secs, idle_s, idleseconds, idlems / 1000, idle_ms / 1000
        ) as idle_s
    from events
    where kind = 'ws'
),

-- Reconnecting is not yet connected, and what is disconnected has `connected` in its name.
told as (
    select
        *,
        case
            when idle_s is not null or regexp_like(words, 'idle|stale|silen|no message') then 'idle'
            when regexp_like(
                words,
                'disconnect|reconnecting|retry|lost|clos(ed|ing)|dropped|down|error|fail|timed? ?out'
            ) then 'down'
            when regexp_like(words, 'reconnect') then 'back'
            when regexp_like(words, 'connected|established|opened|restored|subscribed') then 'up'
        end as state
    from lines
),

links as (
    select
        *,
        lag(state) over (partition by bot, channel order by ts, case state when 'down' then 0 else 1 end, event) as state_before
    from told
    where state in ('down', 'up', 'back')
),

outages as (
    select
        *,
        sum(case when state = 'down' and state_before is distinct from 'down' then 1 else 0 end)
            over (partition by bot, channel order by ts, case state when 'down' then 0 else 1 end, event) as outage
    from links
),

downs as (
    select
        bot,
        channel,
        outage,
        min(ts) as ts,
        min(ts) filter (where state <> 'down') as ended_at,
        first_value(event order by ts, event) as event
    from outages
    where outage > 0
    group by bot, channel, outage
),

-- A second is enough to know where quotes stand still, and there are few of them.
seconds as (
    select
        bot,
        min(ts) as first_at,
        max(ts) as last_at
    from events
    where kind = 'quote'
    group by bot, date_trunc('second', ts)
),

silences as (
    select
        bot,
        last_at as ts,
        lead(first_at) over (partition by bot order by first_at) as ended_at
    from seconds
),

gaps as (
    select
        ts,
        bot,
        channel,
        'idle' as what,
        idle_s as gap_s,
        nullif(ts, ts) as ended_at,
        event
    from told
    where state = 'idle'
    union all
    select
        ts,
        bot,
        channel,
        'down' as what,
        extract(epoch from coalesce(ended_at, $now) - ts) as gap_s,
        ended_at,
        event
    from downs
    union all
    select
        ts,
        bot,
        channel,
        'reconnect' as what,
        cast(null as double) as gap_s,
        nullif(ts, ts) as ended_at,
        event
    from links
    where state = 'back' and state_before is distinct from 'down'
    union all
    select
        ts,
        bot,
        cast(null as text) as channel,
        'silent' as what,
        extract(epoch from coalesce(ended_at, $now) - ts) as gap_s,
        ended_at,
        cast(null as text) as event
    from silences
    where coalesce(ended_at, $now) - ts >= interval '30 seconds'
)

select
    ts,
    bot,
    channel,
    what,
    gap_s,
    ended_at,
    event
from gaps
