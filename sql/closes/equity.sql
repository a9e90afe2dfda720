-- The equity of each bot at midnight: last value, peak, worst drawdown, first value.
--
-- Grain:   one row per bot and strategy that has ever logged an equity.
-- Reads:   carried: the close before it and the events since, through equity_state, so the fold is
--          written once.

select
    bot,
    strategy,
    equity,
    equity_at,
    peak,
    peak_at,
    max_drawdown,
    max_drawdown_at,
    first_equity,
    first_equity_at,
    observations
from equity_state
