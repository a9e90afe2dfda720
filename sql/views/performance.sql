-- How well each bot does: risk and return from its equity, wins and losses from its round trips.
--
-- Grain:   one row per bot and strategy with an equity value or a round trip in the window.
--          Strategy is null for the whole bot: its equity logged without a strategy, and all of its
--          trades. A bot that names a strategy on every line has no such row.
-- Columns: bot, strategy     whose.
--          n_returns         returns between equity values in the window; 0 where none is logged.
--          periods_per_year  365 × 24 × 3600 s / the median spacing of the equity values: 8760 for
--                            hourly ones, of a market that never closes; null without returns.
--          sharpe            mean / sd × √periods_per_year, sd with ddof 1, risk-free rate 0; null
--                            below 20 returns and where sd < 1e-10.
--          sortino           mean / downside deviation × √periods_per_year; the deviation is
--                            √(Σ min(return, 0)² / n) over all n returns; null below 20 returns and
--                            where no return is below 0.
--          max_drawdown      the worst fall from a peak within the window, the equity at its
--                            beginning among them, as a fraction; null without returns. The worst
--                            ever is in equity_state.
--          annual_return     (last / first) ^ (periods_per_year / n_returns) − 1 as a fraction;
--                            null below 20 returns and where they span less than a day: what an
--                            hour would be in a year is no figure.
--          calmar            annual_return / max_drawdown; null with either and where there was no
--                            drawdown.
--          n_trades          round trips closed in the window whose net_pnl is known.
--          wins, win_rate    those with a net_pnl above 0, and as a fraction of n_trades; null
--                            without any.
--          gross_profit, gross_loss  Σ of the net_pnl above and below 0, both 0 or more, in the
--                            account's currency; null without trades.
--          profit_factor     gross_profit / gross_loss; null where there is no loss.
--          expectancy        mean net_pnl of a trade; null without trades.
-- Needs:   any.equity or trade_closed.entry_price or trade_closed.pnl or fill.fill_price from a
--          closed position; for sharpe: any.equity from 20 returns; for win_rate:
--          trade_closed.entry_price or trade_closed.pnl or fill.fill_price from a closed position
-- Reads:   windowed.
-- Source:  the purpleflea guide's PerformanceMetrics; Sortino, annual return and Calmar as in
--          quantstats 0.0.86 and empyrical-reloaded 0.7.1, which agree: they count returns where
--          the guide counts equity values, one more. Where the guide says Inf or 0 for what cannot
--          be said, this says null.
-- Omits:   deposits and withdrawals, which count as returns.

with curve as (
    select
        bot,
        strategy,
        ts,
        equity,
        coalesce(previous_equity, equity) as previous_equity,
        extract(epoch from ts - previous_at) as spacing_s,
        return,
        max(greatest(equity, previous_equity)) over (
            partition by bot, strategy
            order by ts
        ) as peak
    from returns
),

risks as (
    select
        bot,
        strategy,
        count(return) as n_returns,
        31536000.0 / nullif(median(spacing_s), 0) as periods_per_year,
        avg(return) as mean,
        stddev_samp(return) as sd,
        sqrt(avg(case when return is not null then power(least(return, 0), 2) end)) as downside,
        max(case when peak > 0 and return is not null then (peak - equity) / peak end)
            as max_drawdown,
        first_value(previous_equity order by ts) as first_equity,
        last_value(equity order by ts) as last_equity
    from curve
    group by bot, strategy
),

ratios as (
    select
        bot,
        strategy,
        n_returns,
        periods_per_year,
        case
            when n_returns >= 20 and sd >= 1e-10 then finite(mean / sd * sqrt(periods_per_year))
        end as sharpe,
        case
            when n_returns >= 20 and downside > 0
                then finite(mean / downside * sqrt(periods_per_year))
        end as sortino,
        max_drawdown,
        case
            when n_returns >= 20 and n_returns * 365 >= periods_per_year and first_equity > 0
                then finite(power(last_equity / first_equity, periods_per_year / n_returns) - 1)
        end as annual_return
    from risks
),

sums as (
    select
        bot,
        strategy,
        grouping(strategy) as is_whole_bot,
        count(net_pnl) as n_trades,
        count(*) filter (where net_pnl > 0) as wins,
        sum(case when net_pnl > 0 then net_pnl when net_pnl <= 0 then 0 end) as gross_profit,
        sum(case when net_pnl < 0 then -net_pnl when net_pnl >= 0 then 0 end) as gross_loss,
        avg(net_pnl) as expectancy,
        count(*) filter (where is_nameless) as nameless
    from (select *, strategy is null as is_nameless from round_trips) as trips
    group by grouping sets ((bot, strategy), (bot))
),

trades as (
    select *
    from sums
    where is_whole_bot = 1 or strategy is not null
)

select
    coalesce(ratios.bot, trades.bot) as bot,
    coalesce(ratios.strategy, trades.strategy) as strategy,
    coalesce(n_returns, 0) as n_returns,
    periods_per_year,
    sharpe,
    sortino,
    max_drawdown,
    annual_return,
    finite(annual_return / nullif(max_drawdown, 0)) as calmar,
    coalesce(n_trades, 0) as n_trades,
    wins,
    cast(wins as double) / nullif(n_trades, 0) as win_rate,
    gross_profit,
    gross_loss,
    finite(gross_profit / nullif(gross_loss, 0)) as profit_factor,
    expectancy
from ratios
full join trades
    on ratios.bot = trades.bot and ratios.strategy is not distinct from trades.strategy
where ratios.bot is not null or trades.strategy is not null or nameless > 0
