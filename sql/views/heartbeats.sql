-- The signs of life of each bot, and how long it was silent before each.
--
-- Grain:   one row per heartbeat in the log; a line that is there twice is one.
-- Columns: ts         when, as logged.
--          bot, run_id, strategy  whose; run_id and strategy are null where the log has none.
--          event      the log's own word for it, or the name of its file.
--          status     how the bot says it is (`ok`, `degraded`); null if it does not say.
--          message    the line's message; null if it has none.
--          latency_ms  as logged with the heartbeat, in milliseconds; null if it is not.
--          silence_s  seconds since the heartbeat before it of the same bot and run; null for the
--                     first in the window, whose predecessor the window does not show.
-- Fields:  status text
-- Needs:   heartbeat
-- Reads:   windowed. For how long a bot has been silent now, see last_seen.
-- Source:  the kalshi monitor's heartbeat, every 60 seconds; purpleflea's health payload.
-- Omits:   heartbeats that failed, which are errors (`heartbeat_error`), and snapshots of the
--          account, which are no sign that the bot's loop runs.

with beats as (
    select distinct
        ts,
        bot,
        run_id,
        strategy,
        event,
        status,
        message,
        latency_ms
    from events
    where kind = 'heartbeat'
)

select
    ts,
    bot,
    run_id,
    strategy,
    event,
    status,
    message,
    latency_ms,
    extract(epoch from ts - lag(ts) over (
        partition by bot, run_id
        order by ts, strategy, event, status, message, latency_ms
    )) as silence_s
from beats
