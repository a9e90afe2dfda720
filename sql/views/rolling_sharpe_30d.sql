-- The Sharpe ratio of each bot over its last 30 daily returns, at the end of each day.
--
-- Grain:   one row per bot, strategy and complete UTC day that has a return.
-- Columns: date              the UTC day at whose end it is.
--          bot, strategy     whose; strategy is null where the equity is the whole bot's.
--          n                 how many daily returns there are, up to 30.
--          since             the day of the first of them: more than 29 days earlier where days are
--                            missing.
--          mean, sd          of the returns, as fractions, sd with ddof 1; null below 20 returns.
--          periods_per_year  365.
--          sharpe            mean / sd × √365; null below 20 returns and where sd < 1e-10.
-- Needs:   any.equity from 20 daily returns
-- Reads:   carried, from daily_close.
-- Source:  catalyst's sharpe_ratio gauge, "rolling 30-day Sharpe ratio"; the risk-free rate is 0.
--          Annualised by √365, for a market that never closes; for one of 252 days a year multiply
--          by √(252 / 365).
-- Omits:   the day that is still going on; what daily_equity omits.

with months as (
    select
        date,
        bot,
        strategy,
        rolling_stats(return, 30, 0) over (partition by bot, strategy order by date) as month,
        lag(date, 29, null) over (partition by bot, strategy order by date) as thirty_back,
        min(date) over (partition by bot, strategy) as first_date
    from daily_equity
    where is_complete
        and return is not null
),

described as (
    select
        date,
        bot,
        strategy,
        month['n'] as n,
        coalesce(thirty_back, first_date) as since,
        case when month['n'] >= 20 then month['mean'] end as mean,
        case when month['n'] >= 20 then month['sd'] end as sd
    from months
)

select
    date,
    bot,
    strategy,
    n,
    since,
    mean,
    sd,
    365 as periods_per_year,
    case when sd >= 1e-10 then finite(mean / sd * sqrt(365)) end as sharpe
from described
