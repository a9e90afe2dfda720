-- What each bot said its account was worth, from the last close before the window on.
--
-- Grain:   one row per bot, strategy and instant at which a line states an equity. Lines that say
--          the same at one instant are one row; of several values at one instant the lowest counts,
--          so that no drop is missed and the answer hangs on no file.
-- Columns: ts             when it was logged.
--          bot, strategy  whose; strategy is null where the value is the whole bot's.
--          equity         cash and positions, or the balance where a log has no more; in the
--                         account's currency.
-- Fields:  alive bool
-- Needs:   any.equity
-- Reads:   windowed, but from the last close at or before the window: what a figure of the window
--          needs from before it. In the window alone it is the view equity.
-- Source:  the purpleflea guide's equity curve of balances, qkt's /status, catalyst's portfolio
--          value.
-- Omits:   a balance of 0 or less that comes with `"alive": false`: the purpleflea guide's snapshot
--          says so where the bot could not be reached, and leaves it out of its own curve.

select
    ts,
    bot,
    strategy,
    min(equity) as equity
from lead_events
where equity is not null
    and finite(equity) is not null
    and (equity > 0 or alive is not false)
group by ts, bot, strategy
