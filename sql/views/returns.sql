-- The simple return between each equity value of a bot and the one before it.
--
-- Grain:   one row per row of equity.
-- Columns: ts               when the equity was logged.
--          bot, strategy    whose; strategy is null where the value is the whole bot's.
--          equity           in the account's currency.
--          previous_equity, previous_at  the value before it of the same bot and strategy, in the
--                           window or before it; null for the first that was ever logged.
--          return           (equity − previous_equity) / previous_equity as a fraction; null for
--                           the first value ever, and where previous_equity is 0 or less.
-- Needs:   any.equity from 2 values
-- Reads:   windowed for its rows; the value before the first of them is carried from the last
--          close.
-- Source:  the purpleflea guide's summary(): (equity[i] − equity[i−1]) / equity[i−1].
-- Omits:   deposits and withdrawals: one counts as a gain, the other as a loss.

with successive as (
    select
        ts,
        bot,
        strategy,
        equity,
        carried,
        lag(equity) over (partition by bot, strategy order by ts) as previous_equity,
        lag(ts) over (partition by bot, strategy order by ts) as previous_at
    from equity_curve
)

select
    ts,
    bot,
    strategy,
    equity,
    previous_equity,
    previous_at,
    case
        when previous_equity > 0 then finite((equity - previous_equity) / previous_equity)
    end as return
from successive
where not carried
    and ($from is null or ts >= $from)
