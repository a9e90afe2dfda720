-- How markets came out, as logs tell it.
--
-- Grain:   one row per bot, market, instant and value in the window.
-- Columns: ts         when the log says so.
--          bot, market  which market, in whose log.
--          value      what the line says: a number as it is, 1 for yes, 0 for no.
--          outcome    what one contract on yes paid in a binary market, 0…1: 1 for yes, 0 for no.
--                     Null for a price that something else settled at.
-- Needs:   log.market from a settlement
-- Reads:   windowed.
-- Source:  lead_settlements.
-- Omits:   what lead_settlements omits.

select ts, bot, market, value, outcome
from lead_settlements
where $from is null or ts >= $from
