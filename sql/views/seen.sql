-- When each strategy of each bot was first and last seen doing each kind of thing: what last_seen,
-- activity and halted_now tell, and what a close keeps of it.
--
-- Grain:   one row per bot, strategy and kind.
-- Columns: bot, strategy  who; strategy is null for lines that name none.
--          kind       a kind of event, or one of five things that lines say beside their kind:
--                     `halted`, that trading is stopped; `halt_reason`, why; `running`, that it is
--                     not stopped (any more); `last_action`, when the strategy last acted, as a
--                     health payload has it; `trip`, that a trade was closed and what it made, as
--                     logged_trips has it.
--          first_at, last_at  the first time ever and the last.
--          events     how many there were; lines of one instant that agree in event and market
--                     count once, and so does a line that is there twice.
--          reason     the last reason given for a halt; null for all kinds but `halt_reason`.
-- Fields:  checks_strategy_heartbeat_last_action_secs_ago float, last_action_secs_ago float
-- Reads:   carried: what has been seen does not vanish when the window moves on.
-- Source:  the heartbeat checks of all five guides.
-- Omits:   nothing.

-- The filter lets all through. With it the count is made beside the other aggregates, and not at
-- all if nobody asks; without it the optimiser turns the query into one that groups by ts first.
with lines as (
    select
        bot,
        strategy,
        kind,
        min(ts) as first_at,
        max(ts) as last_at,
        count(distinct ts) filter (where kind is not null) as events,
        cast(null as text) as reason
    from events
    group by bot, strategy, kind, event, market
),

states as (
    select
        bot,
        strategy,
        case when stopped then 'halted' else 'running' end as kind,
        min(ts) as first_at,
        max(ts) as last_at,
        count(distinct ts) filter (where kind is not null) as events,
        cast(null as text) as reason
    from trading_states
    where about = 'trading'
    group by bot, strategy, stopped
),

reasons as (
    select
        bot,
        strategy,
        'halt_reason' as kind,
        min(ts) as first_at,
        max(ts) as last_at,
        count(distinct ts) filter (where kind is not null) as events,
        last_value(reason order by ts, reason) as reason
    from trading_states
    where about = 'trading' and stopped and reason is not null
    group by bot, strategy
),

payloads as (
    select
        bot,
        strategy,
        ts,
        coalesce(checks_strategy_heartbeat_last_action_secs_ago, last_action_secs_ago) as idle_s
    from events
    where kind = 'heartbeat'
),

acts as (
    select
        bot,
        strategy,
        -- Thirty years and more are a clock that was never set.
        ts - arrow_cast(
            case when idle_s between 0 and 1e9 then idle_s * 1e6 end,
            'Duration(Microsecond)'
        ) as acted_at
    from payloads
),

actions as (
    select
        bot,
        strategy,
        'last_action' as kind,
        min(acted_at) as first_at,
        max(acted_at) as last_at,
        count(distinct acted_at) filter (where bot is not null) as events,
        cast(null as text) as reason
    from acts
    where acted_at is not null
    group by bot, strategy
),

trips as (
    select
        bot,
        strategy,
        'trip' as kind,
        min(closed_at) as first_at,
        max(closed_at) as last_at,
        count(distinct closed_at) filter (where bot is not null) as events,
        cast(null as text) as reason
    from logged_trips
    group by bot, strategy
),

parts as (
    select bot, strategy, kind, first_at, last_at, events, state as reason
    from opening
    where part = 'seen'
    union all
    select * from lines
    union all
    select * from states
    union all
    select * from reasons
    union all
    select * from actions
    union all
    select * from trips
)

select
    bot,
    strategy,
    kind,
    min(first_at) as first_at,
    max(last_at) as last_at,
    sum(events) as events,
    last_value(reason order by last_at, reason) as reason
from parts
group by bot, strategy, kind
