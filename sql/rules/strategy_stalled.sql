--- severity = "warning"
--- every = "1m"
--- window = "1m"
--- key = ["bot", "strategy"]
--- value = "idle_s"
--- summary = "{{ bot }}{% if strategy is not none %} / {{ strategy }}{% endif %}: no action for {{ idle_s | duration }} (limit {{ limit_s | duration }})"
--- description = "The last was a {{ action }} at {{ action_at }}; usually there is one each {{ usual_s | duration }}. The bot itself still logs, the last time at {{ last_line_at }}: its loop runs and decides nothing, or it hangs on one call."
--- runbook = "runbooks/strategy-stalled.md"
--- doc = "No order, cancel, fill, signal, scan or closed trade for max_idle_s, nor for pace_factor times the strategy's usual pace: the mean distance of its most frequent kind of action over its whole life. A scan every 30 s gives 15 minutes, an order every 2 s gives 5. Of a bot whose health payload tells only when it last acted, max_idle_s alone decides. Where the whole bot has stalled its strategies are not told one by one; a bot that is halted stands still for a reason."
--- source = "the purpleflea guide's strategy_heartbeat: stale after 5 minutes without an action. The pace is ours: without it every slow strategy is stale."
--- [params]
--- max_idle_s = { default = 300, min = 10, max = 604800, unit = "s", doc = "longest time without an action that is none" }
--- pace_factor = { default = 30.0, min = 1, max = 1000, doc = "and so many times the usual distance of its most frequent actions, where that is longer" }
--- min_actions = { default = 20, min = 2, doc = "actions of one kind that tell a pace" }
--- forget_after_s = { default = 86400, min = 600, unit = "s", doc = "a strategy without an action for so long is taken out of use" }
with paces as (
    select
        bot,
        strategy,
        min(extract(epoch from last_at - first_at) / (events - 1)) as usual_s
    from seen
    where kind in ('order_placed', 'order_cancelled', 'fill', 'signal', 'scan', 'trade_closed')
        and strategy is not null
        and events > 1
        and events >= $min_actions
    group by bot, strategy
    union all
    select
        bot,
        cast(null as text) as strategy,
        min(extract(epoch from ts - first_ts) / (event_count - 1)) as usual_s
    from last_seen
    where kind in ('order_placed', 'order_cancelled', 'fill', 'signal', 'scan', 'trade_closed')
        and event_count > 1
        and event_count >= $min_actions
    group by bot
),

lines as (
    select bot, max(ts) as last_line_at
    from last_seen
    group by bot
),

idle as (
    select
        activity.bot,
        activity.strategy,
        activity.action,
        activity.action_at,
        activity.age_s as idle_s,
        greatest($max_idle_s, $pace_factor * paces.usual_s) as limit_s,
        paces.usual_s,
        lines.last_line_at
    from activity
    inner join lines on activity.bot = lines.bot
    left join paces
        on activity.bot = paces.bot
        and activity.strategy is not distinct from paces.strategy
    where paces.usual_s is not null or activity.action = 'last_action'
),

stalled as (
    select
        *,
        bool_or(strategy is null) over (partition by bot) as is_whole_bot
    from idle
    where idle_s > limit_s
        and idle_s < $forget_after_s
        -- It went on for so long without an action; one that is silent is heartbeat_lost's.
        and extract(epoch from last_line_at - action_at) > limit_s
)

select bot, strategy, action, action_at, idle_s, limit_s, usual_s, last_line_at
from stalled
where (strategy is null or not is_whole_bot)
    and bot not in (select bot from halted_now where is_halted)
