--- severity = "warning"
--- every = "1m"
--- window = "1h"
--- key = ["bot"]
--- value = "rejected"
--- summary = "{{ bot }}: {{ rejected }} orders rejected in an hour (limit {{ max_rejected }})"
--- description = "Of {{ placed }} orders that it placed; the last at {{ last_at }}, for {{ reason }} ({{ status_code }}). Check balances and the venue's rules for that market."
--- runbook = "runbooks/rejections-per-hour.md"
--- doc = "More than max_rejected orders were rejected in an hour, and no less than min_rate of all: a market maker that places thousands has some as a matter of course. Of a bot that does not log what it places, the count alone decides. For many orders in a short time see rejection_rate."
--- source = "the catalyst guide: rejected orders > 5/hour, check balances. The least rate is ours."
--- [params]
--- max_rejected = { default = 5, min = 0, doc = "most rejections in an hour that are none" }
--- min_rate = { default = 0.01, min = 0, max = 1, unit = "fraction", doc = "least part of the orders placed that they must be" }
with orders_by_bot as (
    select bot, sum(placed) as placed
    from order_success
    group by bot
),

refused as (
    select
        bot,
        count(*) as rejected,
        max(ts) as last_at,
        last_value(reason order by ts, reason) as reason,
        last_value(status_code order by ts, reason) as status_code
    from rejections
    group by bot
)

select
    refused.bot,
    refused.rejected,
    orders_by_bot.placed,
    refused.last_at,
    refused.reason,
    refused.status_code
from refused
left join orders_by_bot on refused.bot = orders_by_bot.bot
where refused.rejected > $max_rejected
    and refused.rejected >= $min_rate * coalesce(orders_by_bot.placed, 0)
