--- severity = "warning"
--- every = "1m"
--- window = "10m"
--- keep_firing = "10m"
--- key = ["file"]
--- value = "lines"
--- summary = "{{ file }}: {{ lines }} lines in 10 minutes are no JSON (limit {{ limit_lines }})"
--- description = "The last was read at {{ last_at }}; most often: {{ reason }}. What is in them is in no figure. See them in the table quarantine."
--- runbook = "runbooks/quarantine-growing.md"
--- doc = "A log that is followed has begun to hold lines that cannot be read: the bot writes plain text, tracebacks or torn lines into it."
--- source = "ours."
--- [params]
--- max_lines = { default = 20, min = 0, unit = "lines", doc = "how many lines of a log may be no JSON within 10 minutes" }
--- min_followed_s = { default = 600, min = 0, unit = "s", doc = "how long the log must have been known before a line counts, so that old logs which are read in do not" }
with known as (
    select file, min(first_seen) as first_seen
    from sources
    group by file
),

rejected as (
    select
        quarantine.file,
        quarantine.reason,
        count(*) as lines,
        max(quarantine.ts) as last_at
    from quarantine
    inner join known on quarantine.file = known.file
    where quarantine.ts >= $from
        and quarantine.ts < $now
        and extract(epoch from quarantine.ts - known.first_seen) >= $min_followed_s
    group by quarantine.file, quarantine.reason
)

select
    file,
    sum(lines) as lines,
    $max_lines as limit_lines,
    first_value(reason order by lines desc, reason) as reason,
    max(last_at) as last_at
from rejected
group by file
having sum(lines) > $max_lines
