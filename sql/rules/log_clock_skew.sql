--- severity = "warning"
--- every = "5m"
--- window = "13h"
--- for = "10m"
--- keep_firing = "10m"
--- key = ["bot", "direction"]
--- value = "skew_s"
--- summary = "{{ bot }}: its log's clock is {{ skew_s | duration }} {{ direction }} (limit {{ limit_s | duration }})"
--- description = "So say {{ lines }} lines, the last of {{ last_ts }} read at {{ last_read_at }}. A whole number of hours is a time zone that the log does not name; minutes are a host without NTP, or a log that is shipped late."
--- runbook = "runbooks/log-clock-skew.md"
--- doc = "Times in a log are not those at which it is written: silence, latencies and windows are wrong by as much."
--- source = "ours."
--- [params]
--- max_ahead_s = { default = 60, min = 1, unit = "s", doc = "how far a line may be ahead of the time it was read at" }
--- max_behind_s = { default = 600, min = 60, max = 43200, unit = "s", doc = "how far all lines of a log that is being followed may be behind" }
--- min_lines = { default = 5, min = 1, unit = "lines", doc = "fewest such lines within 10 minutes" }
with lines as (
    select
        bot,
        ts,
        ingested_at,
        extract(epoch from ts - ingested_at) as ahead_s
    from events
    where ts_inferred is not true
),

-- A line that is ahead is seen when its time has come.
ahead as (
    select
        bot,
        'ahead' as direction,
        max(ahead_s) as skew_s,
        count(*) as lines,
        max(ts) as last_ts,
        max(ingested_at) as last_read_at,
        $max_ahead_s as limit_s
    from lines
    where ahead_s > $max_ahead_s and ts >= $now - interval '10 minutes'
    group by bot
    having count(*) >= $min_lines
),

-- Even the freshest of what was read in the last 10 minutes is old, and it came in at the pace at
-- which it was written. Old logs that are read in come faster than that, and do not count.
behind as (
    select
        bot,
        'behind' as direction,
        -max(ahead_s) as skew_s,
        count(*) as lines,
        max(ts) as last_ts,
        max(ingested_at) as last_read_at,
        $max_behind_s as limit_s
    from lines
    where ingested_at >= $now - interval '10 minutes' and ingested_at < $now
    group by bot
    having count(*) >= $min_lines
        and max(ahead_s) < -$max_behind_s
        and max(ingested_at) - min(ingested_at) >= interval '5 minutes'
        and extract(epoch from max(ts) - min(ts))
            <= 2 * extract(epoch from max(ingested_at) - min(ingested_at))
)

select * from ahead
union all
select * from behind
