-- How binary markets came out, as logs tell it.
--
-- Grain:   one row per bot, market, instant and outcome in the window.
-- Columns: ts         when the log says so.
--          bot, market  which market, in whose log.
--          outcome    what one contract on yes paid, 0…1: 1 for yes, 0 for no.
-- Needs:   log.market from a settlement
-- Reads:   windowed.
-- Source:  lead_settlements.
-- Omits:   what lead_settlements omits.

select ts, bot, market, outcome
from lead_settlements
where $from is null or ts >= $from
