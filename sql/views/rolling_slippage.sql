-- Slippage over the last 50 fills, after each fill.
--
-- Grain:   one row per fill in the window that has a slippage.
-- Columns: ts, bot, strategy, market, order_id, trade_id  of the fill.
--          slippage   of this fill, in the price's unit: positive is bad.
--          n          fills that the statistics are over: this one and up to 49 before it of the
--                     same bot, strategy and market, within the window.
--          mean       mean slippage of those, in the price's unit: positive is bad.
--          sd         its standard deviation (ddof 1); null for fewer than 2.
--          mean_bps   mean of their slippage_bps; null where no fair value is above 0.
-- Needs:   fill.fill_price; fill.side or order_placed.side; fill.fair or order_placed.fair
-- Reads:   windowed: the first 49 of a window have fewer than 50 behind them, and n says so.
-- Source:  the kalshi monitor: "a strategy-level signal worth tracking as a rolling 50-trade
--          average".
-- Omits:   fills without a price or a fair value, which are none of the 50.

with priced as (
    select
        ts,
        bot,
        run_id,
        strategy,
        market,
        order_id,
        trade_id,
        fill_number,
        slippage,
        slippage_bps
    from fills
    where slippage is not null
),

rolled as (
    select
        *,
        rolling_stats(slippage, 50, 0) over last_fills as stats,
        rolling_stats(slippage_bps, 50, 0) over last_fills as stats_bps
    from priced
    window last_fills as (
        partition by bot, strategy, market
        order by
            ts, length(order_id), order_id, fill_number, length(trade_id), trade_id, run_id, slippage
    )
)

select
    ts,
    bot,
    strategy,
    market,
    order_id,
    trade_id,
    slippage,
    stats['n'] as n,
    stats['mean'] as mean,
    stats['sd'] as sd,
    stats_bps['mean'] as mean_bps
from rolled
