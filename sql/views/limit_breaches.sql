-- Limits that a bot's own guard or its monitor found passed.
--
-- Grain:   one row per such line; a line that is there twice is one.
-- Columns: ts         when it was logged.
--          bot, run_id, strategy, market  whose, and of what; null where the line does not say.
--          event      the log's own word for the limit.
--          size       what is held, as logged; of a limit on something else, its value. Null if not
--                     logged.
--          size_limit  what may be; null if not logged.
--          excess     |size| − |size_limit|, positive for a breach; null if either is unknown.
--          usage_rate  |size| / |size_limit|, as a fraction: 1 is the limit; null if either is
--                     unknown or the limit is 0.
--          severity   the line's severity or level (`critical`, `error` …); null if it has none.
--          message    the line's message; null if it has none.
-- Fields:  limit float, size_limit float, position_limit float, max_position float, max_size float,
--          limit_value float, threshold float, value float, current float, position float,
--          drawdown float
-- Needs:   limit_breach
-- Reads:   windowed.
-- Source:  the kalshi monitor's position_limit_breach {market, size, limit, severity}.
-- Omits:   breaches that no line tells: those of a limits table are found in positions.

with lines as (
    select distinct
        ts,
        bot,
        run_id,
        strategy,
        market,
        event,
        coalesce(size, position, value, current, drawdown, pnl) as size,
        coalesce(
            "limit", size_limit, position_limit, max_position, max_size, limit_value, threshold
        ) as size_limit,
        level as severity,
        message
    from events
    where kind = 'limit_breach'
)

select
    ts,
    bot,
    run_id,
    strategy,
    market,
    event,
    size,
    size_limit,
    finite(abs(size) - abs(size_limit)) as excess,
    finite(abs(size) / nullif(abs(size_limit), 0)) as usage_rate,
    severity,
    message
from lines
