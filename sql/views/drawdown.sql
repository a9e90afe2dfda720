-- How far the equity of each bot lies below its peak, at every value it logged.
--
-- Grain:   one row per row of equity.
-- Columns: ts            when it was logged.
--          bot, strategy  whose; strategy is null where the value is the whole bot's.
--          equity        in the account's currency.
--          peak          the highest equity up to here, since the first that was ever logged: the
--                        window does not cut it.
--          drawdown      (peak − equity) / peak as a fraction, 0 or more; 0.15 is 15 % below the
--                        peak. Null where peak is 0 or less. (catalyst's gauge is its negative.)
--          max_drawdown  the greatest drawdown up to here, ever; null while there is none.
-- Needs:   any.equity
-- Reads:   windowed for its rows; the peak is carried from the last close. The state now, for a bot
--          that is silent too, is in equity_state; the worst of one window in performance.
-- Source:  the purpleflea guide's max_drawdown.
-- Omits:   deposits and withdrawals, which no log of the five tells apart: one moves the peak, the
--          other is a drawdown.

select
    ts,
    bot,
    strategy,
    equity,
    peak,
    drawdown,
    max_drawdown
from equity_curve
where not carried
    and ($from is null or ts >= $from)
