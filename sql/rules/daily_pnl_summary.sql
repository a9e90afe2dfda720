--- severity = "info"
--- every = "15m"
--- window = "25h"
--- delay = "1m"
--- key = ["bot", "date"]
--- summary = "{{ bot }} on {{ date }}: {{ pnl | num }}, {{ trades }} trades or fills"
--- description = "By its trades {{ realized_pnl | num }} before fees, {{ net_pnl | num }} after {{ fee | num }} of them; by its own log {{ logged_pnl | num }}. Best strategy: {{ best_strategy }}, {{ best_pnl | num }}."
--- runbook = "runbooks/daily-pnl-summary.md"
--- doc = "What each bot made on the UTC day that has ended: its own daily PnL where it logs one, else what its trades realised less fees. Said once, in the first hour of the next day; a bot without a trade and without a daily PnL has none."
--- source = "the kalshi monitor's info tier: daily PnL summary, trade count."
with ended_day as (
    select *
    from daily_pnl
    where date = cast($now - interval '1 day' as date)
        and is_complete
        and extract(hour from $now) = 0
)

select
    bot,
    cast(date as text) as date,
    coalesce(max(logged_pnl) filter (where strategy is null), sum(logged_pnl), sum(net_pnl)) as pnl,
    sum(trades) as trades,
    sum(realized_pnl) as realized_pnl,
    sum(fee) as fee,
    sum(net_pnl) as net_pnl,
    coalesce(max(logged_pnl) filter (where strategy is null), sum(logged_pnl)) as logged_pnl,
    last_value(strategy order by net_pnl nulls first, strategy) as best_strategy,
    max(net_pnl) as best_pnl
from ended_day
group by bot, date
