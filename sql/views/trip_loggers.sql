-- The bots that log their round trips themselves.
--
-- Grain:   one row per bot that has ever logged a trade_closed line.
-- Columns: bot  whose round trips round_trips and daily_pnl take from the log; those of all others
--               are put together from their fills.
-- Needs:   trade_closed
-- Reads:   windowed, and what the last close has seen before it: which way a bot's trips are
--          counted must not hang on where a window begins.
-- Source:  the purpleflea and catalyst guides log trades, the others fills.
-- Omits:   bots that close no trade, or log fills alone.

select bot
from lead_events
where kind = 'trade_closed'
union
select bot
from opening
where part = 'seen' and kind = 'trade_closed'
