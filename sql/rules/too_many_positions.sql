--- severity = "warning"
--- every = "5m"
--- window = "5m"
--- for = "5m"
--- keep_firing = "5m"
--- key = ["bot"]
--- value = "open_positions"
--- summary = "{{ bot }}: {{ open_positions }} positions are open for 5 minutes (limit {{ limit_positions }})"
--- description = "Largest: {{ largest_market }}, worth {{ largest_value | num }}; last opened at {{ last_opened_at }}. See whether exits fill, and whether a strategy opens the same position under several names."
--- runbook = "runbooks/too-many-positions.md"
--- doc = "The bot holds positions in more markets than it is meant to: exits do not fill, or entries are not limited."
--- source = "the catalyst guide's TooManyOpenPositions: > 5 for 5 minutes."
--- [params]
--- max_positions = { default = 5, min = 0, unit = "positions", doc = "how many may be open at once" }
--- max_idle_h = { default = 168.0, min = 1.0, unit = "h", doc = "a position that was neither traded nor marked for longer is not counted: its market is most likely over, and no line said so" }
with held as (
    select
        bot,
        market,
        sum(value) as value,
        min(opened_at) as opened_at
    from positions
    where position <> 0
        and extract(epoch from $now - greatest(last_fill_at, marked_at)) <= $max_idle_h * 3600
    group by bot, market
)

select
    bot,
    count(*) as open_positions,
    $max_positions as limit_positions,
    first_value(market order by abs(value) desc nulls last, market) as largest_market,
    first_value(value order by abs(value) desc nulls last, market) as largest_value,
    max(opened_at) as last_opened_at
from held
group by bot
having count(*) > $max_positions
