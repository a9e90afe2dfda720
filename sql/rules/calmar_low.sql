--- severity = "info"
--- every = "1h"
--- window = "1h"
--- for = "1h"
--- key = ["bot", "strategy"]
--- value = "calmar"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: Calmar ratio of {{ days }} days is {{ calmar | num }} (limit {{ limit_calmar | num }})"
--- description = "Since {{ since }} it made {{ total_return | pct }}, {{ annual_return | pct }} a year, with a drawdown of {{ max_drawdown | pct }} from close to close. A deposit or a withdrawal spoils it."
--- runbook = "runbooks/calmar-low.md"
--- doc = "What the bot makes in a year is little beside what it lost from a peak."
--- source = "the purpleflea guide: Calmar ratio < 0.5, poor risk-adjusted. From daily closes, as quantstats has it; the days are ours."
--- [params]
--- min_calmar = { default = 0.5, unit = "ratio", doc = "Calmar ratio below which it fires" }
--- days = { default = 30, min = 20, max = 1095, unit = "days", doc = "how many daily returns it is over" }
--- min_days = { default = 20, min = 10, unit = "days", doc = "fewest daily returns that there must be" }
with closes as (
    select
        date,
        bot,
        strategy,
        equity,
        previous_equity,
        row_number() over (partition by bot, strategy order by date desc) as place
    from daily_equity
    where is_complete and previous_equity > 0
),

curve as (
    select
        *,
        max(greatest(equity, previous_equity)) over (
            partition by bot, strategy
            order by date
            rows between unbounded preceding and current row
        ) as peak
    from closes
    where place <= $days
),

measured as (
    select
        bot,
        strategy,
        count(*) as days,
        min(date) as since,
        max(date) as until,
        last_value(equity order by date) / first_value(previous_equity order by date) as growth,
        max((peak - equity) / peak) as max_drawdown
    from curve
    group by bot, strategy
),

yearly as (
    select *, finite(power(growth, 365.0 / days)) - 1 as annual_return
    from measured
)

select
    bot,
    strategy,
    days,
    since,
    growth - 1 as total_return,
    annual_return,
    max_drawdown,
    annual_return / nullif(max_drawdown, 0) as calmar,
    $min_calmar as limit_calmar
from yearly
where days >= $min_days
    -- A bot that is gone is no news.
    and until >= cast($now - interval '2 days' as date)
    and annual_return / nullif(max_drawdown, 0) < $min_calmar
