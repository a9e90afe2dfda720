--- severity = "warning"
--- every = "15m"
--- window = "15m"
--- keep_firing = "15m"
--- key = ["bot", "strategy", "market"]
--- value = "age_h"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: {{ market }} is open for {{ age_h | num }} h (limit {{ limit_h | num }} h)"
--- description = "Position {{ position | num }} at {{ avg_price | num }}, unrealised {{ unrealized_pnl | num }}; last traded at {{ last_fill_at }}, marked at {{ marked_at }}. First see whether the market is over: a settlement that no line tells leaves it open here."
--- runbook = "runbooks/position-age.md"
--- doc = "A position was opened long ago and is not traded any more: its exit may never come, or it is forgotten."
--- source = "the catalyst guide's position duration > 168 h (7 d): review exits. That it was not traded for a day is ours, for a market maker's inventory may be never flat."
--- [params]
--- max_age_h = { default = 168.0, min = 0.1, unit = "h", doc = "how long a position may be open" }
--- min_idle_h = { default = 24.0, min = 0.0, unit = "h", doc = "how long it must not have been traded; 0 asks nothing" }
select
    bot,
    strategy,
    market,
    position,
    avg_price,
    unrealized_pnl,
    opened_at,
    last_fill_at,
    marked_at,
    age_h,
    $max_age_h as limit_h
from positions
where position <> 0
    and age_h > $max_age_h
    and extract(epoch from $now - last_fill_at) >= $min_idle_h * 3600
