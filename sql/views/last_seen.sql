-- When each bot last did each kind of thing.
--
-- Grain:   one row per bot and kind.
-- Columns: ts             the last event of that kind; its age is `extract(epoch from $now - ts)`.
--          first_ts       the first.
--          event_count    how many there were.
-- Reads:   history, carried: a bot that is silent for longer than the window must not vanish from
--          here, for that is when it is looked for. Events after the window's end do not count, so
--          what it says of a time in the past is what it said then.

select
    bot,
    kind,
    max(ts) as ts,
    min(ts) as first_ts,
    count(*) as event_count
from history
group by bot, kind
