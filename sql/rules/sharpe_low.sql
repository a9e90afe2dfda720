--- severity = "info"
--- every = "1h"
--- window = "1h"
--- for = "1h"
--- key = ["bot", "strategy"]
--- value = "sharpe"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: Sharpe ratio of {{ days }} days is {{ sharpe | num }} (limit {{ limit_sharpe | num }})"
--- description = "Daily returns since {{ since }} average {{ return_mean | pct }} with a standard deviation of {{ return_sd | pct }}. Over 30 days the ratio is uncertain by about 3.5: look for a trend, not at one day."
--- runbook = "runbooks/sharpe-low.md"
--- doc = "Over the last 30 days the returns were small for their risk."
--- source = "the catalyst guide's LowSharpeRatio: rolling 30-day Sharpe < 1.0 for 1 h. purpleflea asks for a review below 0.5."
--- [params]
--- min_sharpe = { default = 1.0, unit = "ratio", doc = "annualised Sharpe ratio below which it fires" }
--- min_days = { default = 20, min = 20, max = 30, unit = "days", doc = "fewest daily returns; the view has no ratio below 20" }
with newest as (
    select *, row_number() over (partition by bot, strategy order by date desc) as place
    from rolling_sharpe_30d
    -- A bot that is gone is no news.
    where date >= cast($now - interval '2 days' as date)
)

select
    bot,
    strategy,
    date,
    since,
    n as days,
    mean as return_mean,
    sd as return_sd,
    sharpe,
    $min_sharpe as limit_sharpe
from newest
where place = 1
    and n >= $min_days
    and sharpe < $min_sharpe
