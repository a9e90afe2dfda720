-- How much of what each bot moves goes to fees.
--
-- Grain:   one row per bot and strategy with round trips in the window.
-- Columns: bot, strategy  whose.
--          n              round trips whose gross PnL and fee are both known; the others are left
--                         out of all three figures.
--          fees           Σ fee, in the account's currency, positive for a cost; null where n is 0.
--          gross_abs      Σ |gross_pnl|; null where n is 0.
--          fee_drag       fees / gross_abs as a fraction: 0.2 is a fifth of what was won and lost;
--                         null where gross_abs is 0 or null.
-- Needs:   trade_closed.entry_price or trade_closed.pnl or fill.fill_price from a closed
--          position; for fee_drag: trade_closed.fee or fill.fee
-- Reads:   windowed, by when a trade was closed.
-- Source:  the purpleflea guide's fee_drag_pct, which is 100 times this and 0 where this is null.
-- Omits:   trips that are still open.

with sums as (
    select
        bot,
        strategy,
        count(*) filter (where gross_pnl is not null and fee is not null) as n,
        finite(sum(fee) filter (where gross_pnl is not null and fee is not null)) as fees,
        finite(sum(abs(gross_pnl)) filter (where gross_pnl is not null and fee is not null))
            as gross_abs
    from round_trips
    group by bot, strategy
)

select
    bot,
    strategy,
    n,
    fees,
    gross_abs,
    finite(fees / nullif(gross_abs, 0)) as fee_drag
from sums
