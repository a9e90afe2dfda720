--- severity = "warning"
--- every = "1m"
--- window = "15m"
--- for = "10m"
--- key = ["bot", "strategy"]
--- value = "success_pct"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy is not none %} / {{ strategy }}{% endif %}: {{ succeeded }} of {{ ended }} orders went well, {{ success_pct | num }} % (limit {{ min_success_pct | num }} %)"
--- description = "In 15 minutes: {{ filled }} filled, {{ cancelled }} cancelled, {{ rejected }} rejected, {{ expired }} expired. Rejections: ask the venue why; expiries: the prices are off, or the orders come too late."
--- runbook = "runbooks/order-success-low.md"
--- doc = "Of the orders placed in 15 minutes whose end is known, too few went well, for 10 minutes. An order that was cancelled is not counted against the bot, for whoever quotes cancels most of them: set cancelled_is_failure for bots that do not. Expired and rejected ones are. Whether enough of the quotes are filled is fill_rate_drop's question."
--- source = "the catalyst guide's LowOrderSuccessRate: < 80 % for 10m. It divides filled by all; that cancelled ones are no failure is ours."
--- [params]
--- min_success_pct = { default = 80.0, min = 0, max = 100, unit = "%", doc = "least part of the orders that must go well" }
--- min_orders = { default = 20, min = 1, doc = "of fewer orders that have ended no rate is made" }
--- cancelled_is_failure = { default = false, doc = "whether a cancelled order counts against the bot" }
with ended_orders as (
    select
        bot,
        strategy,
        filled,
        cancelled,
        rejected,
        expired,
        n as ended,
        filled + case when $cancelled_is_failure then 0 else cancelled end as succeeded
    from order_success
    where n >= $min_orders
)

select
    bot,
    strategy,
    100.0 * succeeded / ended as success_pct,
    succeeded,
    ended,
    filled,
    cancelled,
    rejected,
    expired
from ended_orders
where 100.0 * succeeded / ended < $min_success_pct
