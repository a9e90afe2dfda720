-- The signs of life of each bot, and how long it was silent before each.
--
-- Grain:   one row per heartbeat in the log.
-- Columns: silence_s  seconds since the heartbeat before it of the same bot and run; null for the
--                     first in the window, whose predecessor the window does not show. Negative
--                     only where a clock was set back between lines of one instant.
-- Reads:   events, windowed. For how long a bot has been silent now, see last_seen.
-- Source:  the kalshi monitor's heartbeat check.

select
    ts,
    bot,
    run_id,
    strategy,
    event,
    message,
    latency_ms,
    extract(epoch from ts - lag(ts) over (
        partition by bot, run_id
        order by ts, file_id, "offset"
    )) as silence_s,
    attrs,
    file,
    "offset"
from events
where kind = 'heartbeat'
