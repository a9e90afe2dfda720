-- What each strategy last did, and how long ago.
--
-- Grain:   one row per bot and strategy that has ever acted, and one per bot for all of it.
-- Columns: bot, strategy  who; strategy is null for the bot as a whole, lines that name no strategy
--                     among them.
--          action     the kind of the last action: `order_placed`, `order_cancelled`, `fill`,
--                     `signal`, `scan` or `trade_closed`; `last_action` if only a health payload
--                     tells of it.
--          action_at  when it was.
--          age_s      seconds from action_at to $now.
--          logged_action_at  the last action as health payloads have it: their time less
--                     last_action_secs_ago; null if no log has one.
-- Needs:   order_placed or fill or signal or scan or trade_closed or
--          heartbeat.checks_strategy_heartbeat_last_action_secs_ago
-- Reads:   carried: a strategy that has done nothing in the window is the one that is looked for.
-- Source:  the purpleflea guide's strategy_heartbeat: stale after 5 minutes without an action.
-- Omits:   heartbeats, snapshots and API calls, which a strategy that is stuck goes on making.

with actions as (
    select bot, strategy, kind as action, last_at
    from seen
    where kind in (
        'order_placed', 'order_cancelled', 'fill', 'signal', 'scan', 'trade_closed', 'last_action'
    )
),

by_whom as (
    select bot, strategy, action, last_at
    from actions
    where strategy is not null
    union all
    select bot, cast(null as text) as strategy, action, last_at
    from actions
)

select
    bot,
    strategy,
    last_value(action order by last_at, action) as action,
    max(last_at) as action_at,
    extract(epoch from $now - max(last_at)) as age_s,
    max(last_at) filter (where action = 'last_action') as logged_action_at
from by_whom
group by bot, strategy
