-- Cumulative edge, which leads, beside cumulative realised profit, which lags.
--
-- Grain:   one row per fill and settlement in the window.
-- Columns: ts, bot, strategy, market, action, order_id, trade_id  of the fill or settlement, as in
--                     position_steps; order_id and trade_id are null for a settlement.
--          edge       (fair - fill_price) × sign × size of this fill, in the account's currency:
--                     positive is good. Null without a fair value or a price, and for a settlement.
--          expected_edge  what its order expected of it when it was placed; null without a fair
--                     value and a price of the order.
--          realized   profit that this row realised at average cost, before fees.
--          cumulative_edge  Σ edge of the bot and strategy from the window's start to this row;
--                     null until there is one.
--          expected_cumulative_edge  Σ expected_edge likewise.
--          realized_pnl  Σ realized likewise: what the window's fills and settlements realised,
--                     also on positions opened before it.
-- Needs:   fill.fill_price; fill.fill_size or order_placed.size; fill.side or order_placed.side;
--          fill.market or order_placed.market; for edge: fill.fair or order_placed.fair
-- Reads:   windowed: all sums begin at the window's start. Positions are as the close before it
--          left them.
-- Source:  the kalshi monitor: cumulative edge is the leading indicator of execution quality,
--          realised PnL the lagging one.
-- Omits:   what position_steps omits.

select
    ts,
    bot,
    strategy,
    market,
    action,
    order_id,
    trade_id,
    edge,
    expected_edge,
    realized,
    finite(sum(edge) over so_far) as cumulative_edge,
    finite(sum(expected_edge) over so_far) as expected_cumulative_edge,
    finite(sum(realized) over so_far) as realized_pnl
from position_steps
where action <> 'opening' and ($from is null or ts >= $from)
window so_far as (
    partition by bot, strategy
    order by
        ts,
        market,
        case action when 'fill' then 1 else 2 end,
        length(order_id),
        order_id,
        length(trade_id),
        trade_id,
        run_id,
        fills
    rows between unbounded preceding and current row
)
