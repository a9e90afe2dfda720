--- severity = "warning"
--- every = "1m"
--- window = "30m"
--- for = "10m"
--- key = ["bot"]
--- value = "success_pct"
--- worse = "low"
--- summary = "{{ bot }}: {{ succeeded }} of {{ ended }} orders went well, {{ success_pct | num }} % (limit {{ min_success_pct | num }} %)"
--- description = "In 30 minutes: {{ filled }} filled, {{ cancelled }} cancelled, {{ rejected }} rejected, {{ expired }} expired; worst in {{ worst_strategy }}. Rejections: ask the venue why; expiries: the prices are off, or the orders come too late."
--- runbook = "runbooks/order-success-low.md"
--- doc = "Of the orders placed in 30 minutes whose end is known, too few went well, for 10 minutes. An order that was cancelled is not counted against the bot, for whoever quotes cancels most of them: set cancelled_is_failure for bots that do not. Expired and rejected ones are: a bot whose orders expire by design needs a limit of its own. It is asked of a whole bot, for the few orders of one strategy scatter too much. Whether enough of the quotes are filled is fill_rate_drop's question."
--- source = "the catalyst guide's LowOrderSuccessRate: < 80 % for 10m. It divides filled by all; that cancelled ones are no failure is ours."
--- [params]
--- min_success_pct = { default = 80.0, min = 0, max = 100, unit = "%", doc = "least part of the orders that must go well" }
--- min_orders = { default = 20, min = 1, doc = "of fewer orders that have ended no rate is made" }
--- cancelled_is_failure = { default = false, doc = "whether a cancelled order counts against the bot" }
with by_strategy as (
    select
        *,
        filled + case when $cancelled_is_failure then 0 else cancelled end as succeeded
    from order_success
    where n > 0
),

by_bot as (
    select
        bot,
        100.0 * sum(succeeded) / sum(n) as success_pct,
        sum(succeeded) as succeeded,
        sum(n) as ended,
        sum(filled) as filled,
        sum(cancelled) as cancelled,
        sum(rejected) as rejected,
        sum(expired) as expired,
        last_value(strategy order by n - succeeded, strategy) as worst_strategy
    from by_strategy
    group by bot
)

select
    bot,
    success_pct,
    succeeded,
    ended,
    filled,
    cancelled,
    rejected,
    expired,
    worst_strategy
from by_bot
where ended >= $min_orders and success_pct < $min_success_pct
