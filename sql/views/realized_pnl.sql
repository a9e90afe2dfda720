-- The profit that each fill and settlement realised, at average cost.
--
-- Grain:   one row per fill and settlement in the window.
-- Columns: ts, bot, strategy, market, action, sign, price, size  of the fill or settlement, as in
--                     position_steps.
--          position   held after it: positive is long (yes), negative short (no).
--          avg_price  mean cost of what is held; null when flat.
--          realized   profit that this row realised, before fees, in the account's currency.
--          realized_pnl  all of it up to this row in this strategy and market, since the log began.
--          fee        of this fill, positive when paid; null if not logged.
--          net_pnl    realized_pnl less all fees up to this row; null where no fee is logged.
-- Needs:   fill.fill_price; fill.fill_size or order_placed.size; fill.side or order_placed.side;
--          fill.market or order_placed.market; for net_pnl: fill.fee
-- Reads:   windowed, with positions as the close before the window left them.
-- Source:  average cost, as position_steps has it.
-- Omits:   what position_steps omits.

select
    ts,
    bot,
    strategy,
    market,
    action,
    sign,
    price,
    size,
    position,
    avg_price,
    realized,
    realized_pnl,
    fee,
    realized_pnl - fees as net_pnl
from position_steps
where action <> 'opening' and ($from is null or ts >= $from)
