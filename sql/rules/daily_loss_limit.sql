--- severity = "critical"
--- every = "1m"
--- window = "1d"
--- for = "1m"
--- keep_firing = "5m"
--- key = ["bot"]
--- value = "pnl"
--- worse = "low"
--- summary = "{{ bot }}: {{ pnl | num }} today, limit -{{ max_loss | num }}"
--- description = "{{ said_by }}; {{ trades }} trades or fills since midnight UTC, of which fillwatch makes {{ net_pnl | num }} after fees. Stop the bot unless it has stopped by itself, and look at which market lost it."
--- runbook = "runbooks/daily-loss-limit.md"
--- doc = "The bot has lost more than max_loss since midnight UTC: by its own daily_pnl where it logs one (catalyst's counts unrealised profit), else what its trades realised less their fees. What is not yet realised is seen by equity_drop and max_drawdown. It ends at midnight, with the day."
--- source = "the catalyst guide's DailyLossLimitExceeded: daily PnL < -3000 for 1m; polybot's is -500. Set yours: nobody's account is like theirs."
--- [params]
--- max_loss = { default = 3000.0, min = 0.01, unit = "account currency", doc = "largest loss of a UTC day that is allowed; polybot takes 500" }
with today as (
    select
        bot,
        sum(trades) as trades,
        sum(net_pnl) as net_pnl,
        coalesce(
            max(logged_pnl) filter (where strategy is null),
            sum(logged_pnl)
        ) as logged_pnl,
        max(logged_at) as logged_at
    from daily_pnl
    where date = cast($now as date)
    group by bot
)

select
    bot,
    coalesce(logged_pnl, net_pnl) as pnl,
    case
        when logged_pnl is not null then concat('As the bot logged it at ', cast(logged_at as text))
        else 'As its trades realised it'
    end as said_by,
    trades,
    net_pnl,
    logged_pnl
from today
where coalesce(logged_pnl, net_pnl) < -$max_loss
