-- How many errors there were in each minute.
--
-- Grain:   one row per bot, component, error type and minute with an error.
-- Columns: bot, component, error_type  whose, where and what, as in errors; null where the log does
--                     not say.
--          minute     when the minute begins, in UTC.
--          errors     how many.
--          errors_per_s  errors / 60. A minute that the window cuts has those that the window shows.
--          first_at, last_at  the first of them and the last.
-- Needs:   error or any.exception
-- Reads:   windowed.
-- Source:  the catalyst guide's HighErrorRate (> 0.1/s over 5 minutes) and error rate (> 1/min).
-- Omits:   minutes without an error.

select
    bot,
    component,
    error_type,
    date_trunc('minute', ts) as minute,
    count(*) as errors,
    count(*) / 60.0 as errors_per_s,
    min(ts) as first_at,
    max(ts) as last_at
from errors
group by bot, component, error_type, date_trunc('minute', ts)
