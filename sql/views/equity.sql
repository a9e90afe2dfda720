-- What each bot said its account was worth.
--
-- Grain:   one row per bot, strategy and instant at which a line states an equity.
-- Columns: ts             when it was logged.
--          bot, strategy  whose; strategy is null where the value is the whole bot's.
--          equity         in the account's currency; of several at one instant the lowest.
-- Needs:   any.equity
-- Reads:   windowed. What each bot has now, however long ago it said so, is in equity_state.
-- Source:  equity_since_close.
-- Omits:   what equity_since_close omits.

select
    ts,
    bot,
    strategy,
    equity
from equity_since_close
where $from is null or ts >= $from
