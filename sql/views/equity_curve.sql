-- The equity of each bot with its peak and drawdown, carried on from the last close.
--
-- Grain:   one row per row of equity_since_close, and one per bot and strategy that the close
--          knows: the state at which it left off.
-- Columns: ts                 when the equity was logged.
--          bot, strategy      whose.
--          equity             in the account's currency.
--          peak               the highest equity up to here, since the first that was ever logged.
--          drawdown           (peak − equity) / peak, 0 or more, as a fraction; above 1 where
--                             equity is negative; null where peak is 0 or less.
--          max_drawdown       the greatest drawdown up to here; null while there is none.
--          carried            whether the row is the close's and not a line's.
--          observations       how many equity values the row stands for.
--          high, high_at      for a fold: the highest equity that the row knows of, and when.
--          deepest, deepest_at          the same of drawdowns; deepest_at is null for one of 0.
--          first_equity, first_equity_at  the same of the first equity.
-- Needs:   any.equity
-- Reads:   windowed, from the last close at or before the window; drawdown and returns show the
--          window's rows, equity_state the sum of them all.
-- Source:  the purpleflea guide's max_drawdown: peak by np.maximum.accumulate, (peak − equity) /
--          peak.
-- Omits:   what equity_since_close omits.

with points as (
    select
        ts,
        bot,
        strategy,
        equity,
        false as carried,
        1 as observations,
        equity as high,
        ts as high_at,
        null as deepest_then,
        null as deepest_then_at,
        equity as first_equity,
        ts as first_equity_at
    from equity_since_close
    union all
    select
        equity_at as ts,
        bot,
        strategy,
        equity,
        true as carried,
        observations,
        peak as high,
        peak_at as high_at,
        max_drawdown as deepest_then,
        max_drawdown_at as deepest_then_at,
        first_equity,
        first_equity_at
    from opening
    where part = 'equity'
),

peaked as (
    select
        *,
        max(high) over (partition by bot, strategy order by ts) as peak
    from points
),

fallen as (
    select
        *,
        case when peak > 0 then (peak - equity) / peak end as drawdown
    from peaked
),

deepened as (
    select
        *,
        case when carried then deepest_then else drawdown end as deepest,
        case
            when carried then deepest_then_at
            when drawdown > 0 then ts
        end as deepest_at
    from fallen
)

select
    ts,
    bot,
    strategy,
    equity,
    peak,
    drawdown,
    max(deepest) over (partition by bot, strategy order by ts) as max_drawdown,
    carried,
    observations,
    high,
    high_at,
    deepest,
    deepest_at,
    first_equity,
    first_equity_at
from deepened
