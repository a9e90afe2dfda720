-- How well each bot says that it does.
--
-- Grain:   one row per line that states one of the figures; lines that say the same at one instant
--          are one row.
-- Columns: ts            when it was logged.
--          bot, strategy  whose; strategy is null where the line speaks of the whole bot.
--          sharpe        Sharpe ratio, in the bot's own annualisation.
--          win_rate      fraction of trades that won: a number above 1 is taken as a percentage.
--          max_drawdown  as a positive fraction; catalyst's negative one is turned about. A bot
--                        that logs a percentage under this name has a percentage here.
--          daily_pnl     profit of the day so far, in the account's currency.
--          pnl_24h       profit of the last 24 hours, in the account's currency.
--          trades        trades of the day so far.
--          event         the log's own word for the line.
-- Fields:  sharpe float, sharpe_ratio float, win_rate float, max_drawdown float, daily_pnl float,
--          pnl_24h float, trades_today float
-- Needs:   any.sharpe or any.sharpe_ratio or any.win_rate or any.max_drawdown or any.daily_pnl or
--          any.pnl_24h or any.trades_today
-- Reads:   windowed. What fillwatch makes of the same bot's equity and trades is in performance.
-- Source:  the purpleflea guide's AgentSnapshot; catalyst's "Daily performance" and portfolio
--          lines.
-- Omits:   what a bot says of its latencies and errors: see api_latency and errors.

with lines as (
    select distinct
        ts,
        bot,
        strategy,
        finite(coalesce(sharpe, sharpe_ratio)) as sharpe,
        finite(case when win_rate > 1 then win_rate / 100 else win_rate end) as win_rate,
        abs(finite(max_drawdown)) as max_drawdown,
        finite(daily_pnl) as daily_pnl,
        finite(pnl_24h) as pnl_24h,
        try_cast(finite(trades_today) as bigint) as trades,
        event
    from events
    where coalesce(sharpe, sharpe_ratio, win_rate, max_drawdown, daily_pnl, pnl_24h, trades_today)
        is not null
)

select
    ts,
    bot,
    strategy,
    sharpe,
    win_rate,
    max_drawdown,
    daily_pnl,
    pnl_24h,
    trades,
    event
from lines
