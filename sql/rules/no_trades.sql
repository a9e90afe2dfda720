--- severity = "warning"
--- every = "5m"
--- window = "5m"
--- key = ["bot", "strategy"]
--- value = "idle_s"
--- summary = "{{ bot }}{% if strategy is not none %} / {{ strategy }}{% endif %}: no trade for {{ idle_s | duration }} (limit {{ limit_s | duration }})"
--- description = "Its last was at {{ last_trade_at }}, after {{ trades }} in all, one each {{ usual_s | duration }}; the bot still logs. No signals, orders that are not filled, or a market that is closed?"
--- runbook = "runbooks/no-trades.md"
--- doc = "A bot, or a strategy of it, that used to trade has neither a fill nor a closed trade for max_idle_h, nor for pace_factor times as long as it usually takes, while the bot goes on logging. One that never had min_trades trades is not waited for, nor is one that has had none for forget_after_s. Fills whose line names no strategy count for the bot. A bot that is halted is risk_halted's."
--- source = "qkt's P2: any strategy 0 trades in N hours when expected. N and the pace are ours."
--- [params]
--- max_idle_h = { default = 6.0, min = 0.01, max = 720, unit = "h", doc = "longest time without a trade that is none; more than its nights and weekends for a market that closes" }
--- pace_factor = { default = 20.0, min = 1, max = 1000, doc = "and so many times the usual time between its trades, where that is longer" }
--- min_trades = { default = 10, min = 2, doc = "fills or closed trades that make one that trades" }
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "after so long it is taken as retired" }
with trades_seen as (
    select
        bot,
        strategy,
        max(last_at) as last_trade_at,
        max(events) as trades,
        min(extract(epoch from last_at - first_at) / (events - 1)) filter (where events > 1) as usual_s
    from seen
    where kind in ('fill', 'trade_closed')
    group by bot, strategy
),

lines as (
    select bot, max(ts) as last_line_at
    from last_seen
    group by bot
),

idle as (
    select
        trades_seen.*,
        extract(epoch from $now - trades_seen.last_trade_at) as idle_s,
        greatest($max_idle_h * 3600, $pace_factor * trades_seen.usual_s) as limit_s,
        lines.last_line_at
    from trades_seen
    inner join lines on trades_seen.bot = lines.bot
    where trades_seen.trades >= $min_trades
)

select bot, strategy, idle_s, limit_s, usual_s, trades, last_trade_at, last_line_at
from idle
where idle_s > limit_s
    and idle_s < $forget_after_s
    -- It went on for so long without a trade; one that is silent as a whole is heartbeat_lost's.
    and extract(epoch from last_line_at - last_trade_at) > limit_s
    and bot not in (select bot from halted_now where is_halted)
