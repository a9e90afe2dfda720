-- What each bot had at the end of each UTC day.
--
-- Grain:   one row per bot, strategy and UTC day on which it logged an equity. A day without one
--          has no row, and the return of the next spans both.
-- Columns: date             the UTC day.
--          bot, strategy    whose; strategy is null where the value is the whole bot's.
--          equity, equity_at  the day's last value and when it was logged.
--          peak             the highest ever, up to the day's end.
--          drawdown         (peak − equity) / peak at the day's end, as a fraction; null where peak
--                           is 0 or less.
--          max_drawdown     the greatest ever, up to the day's end.
--          previous_equity  the closing equity of the row before; null on the first day.
--          return           (equity − previous_equity) / previous_equity as a fraction; null on the
--                           first day and where previous_equity is 0 or less.
--          is_complete      whether the day had ended: false for the day that is still going on.
-- Needs:   any.equity
-- Reads:   carried: days that have closed are read from daily_close, the rest from the events
--          since. Days are closed one after the other, so none is missing between two closes.
-- Source:  catalyst's rolling 30-day Sharpe ratio is of these.
-- Omits:   days without an equity; deposits and withdrawals, which count as returns.

with known as (
    select
        bot,
        strategy,
        equity,
        equity_at,
        peak,
        max_drawdown
    from daily_close
    where part = 'equity'
    union all
    select
        bot,
        strategy,
        equity,
        ts as equity_at,
        peak,
        max_drawdown
    from equity_curve
    where not carried
),

-- The close of a day on which a bot was silent knows the value of an earlier day, as that day's
-- does.
days as (
    select
        cast(equity_at as date) as date,
        bot,
        strategy,
        last_value(equity order by equity_at) as equity,
        max(equity_at) as last_at,
        max(peak) as peak,
        max(max_drawdown) as max_drawdown
    from known
    group by cast(equity_at as date), bot, strategy
),

successive as (
    select
        *,
        lag(equity) over (partition by bot, strategy order by date) as previous_equity
    from days
)

select
    date,
    bot,
    strategy,
    equity,
    last_at as equity_at,
    peak,
    case when peak > 0 then (peak - equity) / peak end as drawdown,
    max_drawdown,
    previous_equity,
    case
        when previous_equity > 0 then finite((equity - previous_equity) / previous_equity)
    end as return,
    cast(date as timestamp) + interval '1 day' <= $now as is_complete
from successive
