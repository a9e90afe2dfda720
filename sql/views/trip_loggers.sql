-- The bots that log their round trips themselves.
--
-- Grain:   one row per bot that has ever logged a trade_closed line that tells what the trade made,
--          as logged_trips has it.
-- Columns: bot  whose round trips round_trips and daily_pnl take from the log; those of all others
--               are put together from their fills.
-- Needs:   trade_closed.entry_price or trade_closed.pnl
-- Reads:   carried: which way a bot's trips are counted must not hang on where a window begins.
-- Source:  the purpleflea and catalyst guides log trades, the others fills.
-- Omits:   bots that close no trade, or log fills alone; lines that only say that something was
--          closed, which would put nothing in the place of what the fills tell.

select distinct bot
from seen
where kind = 'trip'
