--- severity = "info"
--- every = "1h"
--- window = "7d"
--- for = "1h"
--- key = ["bot", "strategy"]
--- value = "profit_factor"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: profit factor of {{ trades }} trades in 7 days is {{ profit_factor | num }} (limit {{ limit_factor | num }})"
--- description = "Won {{ gross_profit | num }}, lost {{ gross_loss | num }}, both after costs, of which fees {{ fees | num }}. See whether it is before costs that it loses."
--- runbook = "runbooks/profit-factor-low.md"
--- doc = "Over a week the losing trades lost more than the winning ones won, and it is no bad luck."
--- source = "the purpleflea guide: profit factor < 1.0, losing money. The significance is ours."
--- timeout = "60s"
--- [params]
--- min_factor = { default = 1.0, min = 0.0, unit = "ratio", doc = "gross profit / gross loss below which it fires" }
--- min_trades = { default = 30, min = 5, unit = "trades", doc = "fewest round trips in 7 days that are judged" }
--- sigma = { default = 2.0, min = 0.0, unit = "standard errors", doc = "how far below the limit it must be, so that it is no bad luck" }
with traded as (
    select
        bot,
        strategy,
        net_pnl,
        fee,
        greatest(net_pnl, 0) as profit,
        greatest(-net_pnl, 0) as loss,
        -- Below 0 in the mean where the factor is below the limit.
        greatest(net_pnl, 0) - $min_factor * greatest(-net_pnl, 0) as above_limit
    from round_trips
    where net_pnl is not null
),

summed as (
    select
        bot,
        strategy,
        count(*) as trades,
        sum(profit) as gross_profit,
        sum(loss) as gross_loss,
        sum(fee) as fees,
        sum(above_limit) as excess,
        stddev(above_limit) * sqrt(count(*)) as excess_se
    from traded
    group by bot, strategy
)

select
    bot,
    strategy,
    trades,
    gross_profit,
    gross_loss,
    gross_profit / nullif(gross_loss, 0) as profit_factor,
    $min_factor as limit_factor,
    fees
from summed
where trades >= $min_trades
    and excess < 0
    and excess < -$sigma * excess_se
