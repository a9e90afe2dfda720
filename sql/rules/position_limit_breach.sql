--- severity = "critical"
--- every = "on_change"
--- kinds = ["limit_breach"]
--- window = "10m"
--- key = ["bot", "market"]
--- value = "usage_rate"
--- summary = "{{ bot }}: {{ size | num }} in {{ market }}, limit {{ size_limit | num }} ({{ found_by }})"
--- description = "The bot's own guard logged {{ breaches }} breaches in 10 minutes, the last at {{ logged_at }}. By its fills it holds {{ position | num }}, worth {{ value | num }}; your table allows {{ max_size | num }} and {{ max_value | num }}. Do not restart a paused bot before you know why."
--- runbook = "runbooks/position-limit-breach.md"
--- doc = "A bot holds more than it may: its log says so, or the position that follows from its fills is beyond your table `limits`, an independent check. An empty bot or market in that table stands for any. All rows that fit apply, so that the lowest limit counts. Positions are summed over a bot's strategies, without sign. The alert ends 10 minutes after the last logged breach, and as soon as the position is back within the table."
--- source = "the kalshi monitor: position_limit_breach {market, size, limit}, and its second, independent check every five minutes."
--- [tables.limits]
--- bot = "text"
--- market = "text"
--- max_size = "float"
--- max_value = "float"
with logged as (
    select
        bot,
        market,
        count(*) as breaches,
        max(ts) as logged_at,
        last_value(size order by ts, size) as size,
        last_value(size_limit order by ts, size) as size_limit,
        max(usage_rate) as usage_rate
    from limit_breaches
    -- A line that tells of less than the limit is a warning and no breach.
    where coalesce(excess > 0, true)
    group by bot, market
),

held as (
    select bot, market, sum(position) as position, sum(value) as value
    from positions
    where position <> 0
    group by bot, market
),

allowed as (
    select
        held.bot,
        held.market,
        held.position,
        held.value,
        min(limits.max_size) as max_size,
        min(limits.max_value) as max_value
    from held
    inner join limits
        on (limits.bot is null or limits.bot = held.bot)
        and (limits.market is null or limits.market = held.market)
    group by held.bot, held.market, held.position, held.value
),

beyond as (
    select
        *,
        greatest(
            abs(position) / nullif(max_size, 0),
            abs(value) / nullif(max_value, 0)
        ) as usage_rate
    from allowed
    where abs(position) > max_size or abs(value) > max_value
)

select
    coalesce(logged.bot, beyond.bot) as bot,
    coalesce(logged.market, beyond.market) as market,
    case
        when logged.bot is null then 'by its fills'
        when beyond.bot is null then 'by its own log'
        else 'by its log and its fills'
    end as found_by,
    coalesce(logged.size, beyond.position, held.position) as size,
    coalesce(
        logged.size_limit,
        case when abs(beyond.position) > beyond.max_size then beyond.max_size else beyond.max_value end
    ) as size_limit,
    greatest(logged.usage_rate, beyond.usage_rate) as usage_rate,
    coalesce(logged.breaches, 0) as breaches,
    logged.logged_at,
    held.position,
    held.value,
    beyond.max_size,
    beyond.max_value
from logged
full join beyond
    on logged.bot = beyond.bot
    and logged.market is not distinct from beyond.market
left join held
    on held.bot = coalesce(logged.bot, beyond.bot)
    and held.market = coalesce(logged.market, beyond.market)
