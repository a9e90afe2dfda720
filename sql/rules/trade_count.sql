--- severity = "info"
--- every = "15m"
--- window = "25h"
--- delay = "5m"
--- key = ["bot", "date"]
--- value = "trades"
--- summary = "{{ bot }}: {{ trades }} {{ what }} on {{ date }}{% if by_strategy %} ({{ by_strategy }}){% endif %}"
--- description = "Realised {{ realized_pnl | num }} before fees. Round trips are counted where the bot logs those, else fills and settlements. 0 for a bot that should trade is worth a look."
--- runbook = "runbooks/trade-count.md"
--- doc = "A daily figure, told once after midnight UTC for each bot that is at work: how much it traded."
--- source = "the kalshi monitor's tiers, info: daily PnL summary, trade count."
--- [params]
--- max_trades = { default = 1000000000, min = 0, unit = "trades", doc = "told only for bots with at most so many trades: 0 makes it tell of idle bots alone" }
with alive as (
    select bot
    from last_seen
    where ts >= date_trunc('day', $now) - interval '1 day'
    group by bot
    having min(first_ts) < date_trunc('day', $now)
),

counted as (
    select
        bot,
        sum(trades) as trades,
        case when bool_or(source = 'log') then 'round trips' else 'fills' end as what,
        sum(realized_pnl) as realized_pnl,
        string_agg(strategy || ' ' || cast(trades as varchar), ', ' order by strategy)
            filter (where trades > 0) as by_strategy
    from daily_pnl
    where date = cast($now - interval '1 day' as date)
    group by bot
)

select
    alive.bot,
    cast($now - interval '1 day' as date) as date,
    coalesce(counted.trades, 0) as trades,
    coalesce(counted.what, 'trades') as what,
    counted.by_strategy,
    counted.realized_pnl
from alive
left join counted on alive.bot = counted.bot
where extract(hour from $now) = 0
    and coalesce(counted.trades, 0) <= $max_trades
