--- severity = "info"
--- every = "1h"
--- window = "7d"
--- for = "1h"
--- key = ["bot", "strategy"]
--- value = "win_rate"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: {{ wins }} of {{ trades }} trades won in 7 days, {{ win_rate | pct }} (limit {{ limit_rate | pct }})"
--- description = "They made {{ net_pnl | num }} after costs. A low win rate with a profit is a trend follower's way: look at the profit factor and at signals before anything else."
--- runbook = "runbooks/win-rate-low.md"
--- doc = "So few round trips win that it is no bad luck."
--- source = "the catalyst guide: win rate < 40 %, review signals; purpleflea says 35 %. The significance is ours."
--- timeout = "60s"
--- [params]
--- min_win_rate = { default = 0.4, min = 0.0, max = 1.0, unit = "fraction", doc = "part of the trades that must win" }
--- min_trades = { default = 30, min = 5, unit = "trades", doc = "fewest round trips in 7 days that are judged" }
--- sigma = { default = 2.0, min = 0.0, unit = "sd", doc = "how many standard deviations below the limit the wins must be, so that it is no bad luck" }
with traded as (
    select
        bot,
        strategy,
        count(*) as trades,
        count(*) filter (where net_pnl > 0) as wins,
        sum(net_pnl) as net_pnl
    from round_trips
    where net_pnl is not null
    group by bot, strategy
)

select
    bot,
    strategy,
    trades,
    wins,
    cast(wins as double) / trades as win_rate,
    $min_win_rate as limit_rate,
    net_pnl
from traded
where trades >= $min_trades
    and wins < $min_win_rate * trades
        - $sigma * sqrt(trades * $min_win_rate * (1 - $min_win_rate))
