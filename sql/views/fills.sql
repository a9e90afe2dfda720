-- Each execution, what it cost against the model's fair value, and how fast it came.
--
-- Grain:   one row per real fill in the window: a line that is there twice, and a fill that several
--          events tell of, are one (by trade id, else by order and how much of it was filled).
--          A line that tells no order, or not in which run, tells the fill of an order again that
--          has its trade id, on the same day (UTC) and with nothing that differs in market and
--          side. Where the window begins between the two, they are two.
-- Columns: ts         when it was filled, as the log has it.
--          bot, run_id, strategy, market, order_id, trade_id  whose and of what; what the fill's
--                     line lacks is its order's.
--          fill_number  which fill of its order, from 1.
--          side       as logged; its order's, if the fill's line has none.
--          sign       +1 for yes, buy and long, -1 for no, sell and short; null for any other side.
--          fill_price  the price of this fill; null where the log has 0 or none.
--          fill_size  how much of the order this fill filled; null if nothing tells.
--          order_price  the order's own (limit) price.
--          fair       the model's fair value: the fill's own where it has one, else its order's.
--          expected_edge  what the order expected of each unit when it was placed: (the order's
--                     fair - order_price) × sign; null without both.
--          slippage   (fill_price - fair) × sign, in the price's unit: positive is bad, for more
--                     than fair was paid. Null without a price, a fair value or a sign.
--          slippage_bps  slippage in ten-thousandths of fair; null where fair is not above 0. Near
--                     0 it explodes: read slippage first for prediction markets.
--          edge       -slippage × fill_size, in the account's currency: positive is good.
--          mid        the market's mid in the fill's line; null if it has none.
--          fee        in the account's currency, positive when paid; null if not logged.
--          pnl        profit that the fill's line says it realised; null if it says none.
--          liquidity  maker or taker, as logged; null if not.
--          latency_ms  as logged; bots differ in what they measure. Negative where clocks differ.
--          since_placed_ms  from placed_at to ts: for a resting order the time it rested.
--          placed_at  when its order was placed; null if no line says so.
--          order_size  what was ordered in all.
--          file, offset  the first line that told of it.
-- Needs:   fill; for slippage, edge: fill.fill_price; for edge: fill.fill_size or
--          order_placed.size; for slippage, edge: fill.side or order_placed.side; for slippage,
--          edge: fill.fair or order_placed.fair
-- Reads:   windowed: the fills of the window, with their orders as the close before it left them.
-- Source:  slippage is the kalshi monitor's formula, (fill_price - model_fair) × (1 if yes else
--          -1). Its text calls a negative one adverse; by its formula a positive one is, and that
--          is what this follows. By it, price and fair of a no order are those of yes: no bought for
--          0.38 is logged as no at 0.62.
-- Omits:   closed round trips that tell an entry and an exit price; see round_trips. No orders
--          logged at a price of their own, which nothing in a line tells from one of yes: slippage,
--          edge and positions of them are wrong, unless the bot logs 1 - price, and 1 - fair. An
--          outcome beside BUY and SELL (Polymarket) is not read, for its price is the outcome
--          token's own: where market names the condition, purchases of Yes and of No add up; let
--          [source.fields] take market from the token's id, and each has its own position at its
--          own price. What cannot be joined to its order, as in orders, has no fair value from it.

with priced as (
    select
        *,
        -- Adding 0 makes a 0 of -0.
        finite((fill_price - fair) * sign) + 0.0 as slippage,
        (cast(ts as bigint) - cast(placed_at as bigint)) / 1000.0 as since_placed_ms
    from executions
    where $from is null or ts >= $from
)

select
    ts,
    bot,
    run_id,
    strategy,
    market,
    order_id,
    trade_id,
    fill_number,
    side,
    sign,
    fill_price,
    fill_size,
    order_price,
    fair,
    expected_edge,
    slippage,
    case when fair > 0 then finite(slippage / fair * 1e4) end as slippage_bps,
    finite(-slippage * fill_size) + 0.0 as edge,
    mid,
    fee,
    pnl,
    liquidity,
    latency_ms,
    since_placed_ms,
    placed_at,
    order_size,
    file,
    "offset"
from priced
