-- When each bot last did each kind of thing.
--
-- Grain:   one row per bot and kind of event.
-- Columns: bot, kind  who, and what.
--          ts         the last event of that kind.
--          first_ts   the first.
--          event_count  how many there were; lines of one instant that agree in strategy, event
--                     and market count once, and so does a line that is there twice.
--          age_s      seconds from ts to $now.
-- Reads:   carried: a bot that is silent for longer than the window must not vanish from here, for
--          that is when it is looked for. Events after the window's end do not count, so what it
--          says of a time in the past is what it said then.
-- Source:  the kalshi monitor's dead-man switch; the catalyst guide's TradingBotOffline.
-- Omits:   bots that have never logged a line.

select
    bot,
    kind,
    max(last_at) as ts,
    min(first_at) as first_ts,
    sum(events) as event_count,
    extract(epoch from $now - max(last_at)) as age_s
from seen
where kind not in ('halted', 'halt_reason', 'running', 'last_action', 'trip')
group by bot, kind
