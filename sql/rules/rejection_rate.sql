--- severity = "warning"
--- every = "1m"
--- window = "15m"
--- key = ["bot"]
--- value = "rejection_rate"
--- summary = "{{ bot }}: {{ rejected }} of {{ placed }} orders rejected in 15 minutes, {{ rejection_rate | pct }} (limit {{ max_rate | pct }})"
--- description = "Most often for {{ why }} ({{ why_orders }} of them). A venue that refuses one kind of order, an account without funds or a bot with stale rules: the reason says which."
--- runbook = "runbooks/rejection-rate.md"
--- doc = "Of the orders that the bot placed in 15 minutes more than max_rate were rejected, and no fewer than min_rejected of at least min_orders."
--- source = "qkt's P2: broker rejection rate > 5 % over 15 min. The least numbers are ours."
--- [params]
--- max_rate = { default = 0.05, min = 0, max = 1, unit = "fraction", doc = "largest part of the orders that may be rejected" }
--- min_orders = { default = 10, min = 1, doc = "of fewer orders no rate is made" }
--- min_rejected = { default = 3, min = 1, doc = "fewer rejections are no alert" }
with orders_by_bot as (
    select bot, sum(placed) as placed, sum(rejected) as rejected
    from order_success
    group by bot
),

reasons as (
    select
        bot,
        coalesce(nullif(concat_ws(' ', status_code, reason), ''), 'a reason that is not logged') as why,
        count(*) as orders
    from rejections
    group by bot, status_code, reason
),

main_reasons as (
    select
        bot,
        last_value(why order by orders, why) as why,
        max(orders) as why_orders
    from reasons
    group by bot
)

select
    orders_by_bot.bot,
    orders_by_bot.rejected,
    orders_by_bot.placed,
    cast(orders_by_bot.rejected as double) / orders_by_bot.placed as rejection_rate,
    main_reasons.why,
    main_reasons.why_orders
from orders_by_bot
left join main_reasons on orders_by_bot.bot = main_reasons.bot
where orders_by_bot.placed >= $min_orders
    and orders_by_bot.rejected >= $min_rejected
    and cast(orders_by_bot.rejected as double) / orders_by_bot.placed > $max_rate
