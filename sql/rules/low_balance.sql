--- severity = "warning"
--- every = "1m"
--- window = "1m"
--- for = "2m"
--- key = ["bot", "strategy"]
--- value = "equity"
--- worse = "low"
--- summary = "{{ bot }}{% if strategy is not none %} / {{ strategy }}{% endif %}: {{ equity | num }} left (limit {{ min_balance | num }})"
--- description = "As logged at {{ equity_at }}; its peak was {{ peak | num }}. Below what an order needs the venue rejects them all, and what is open cannot be hedged."
--- runbook = "runbooks/low-balance.md"
--- doc = "The last equity that the bot logged, or its balance where it logs no equity, is below min_balance. Off until you set min_balance, for all bots or for one."
--- source = "the purpleflea guide's wallet check: balance > min_balance."
--- [params]
--- min_balance = { default = 0.0, min = 0, unit = "account currency", doc = "least that there must be; 0 is off" }
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "an equity that is older is left alone" }
select bot, strategy, equity, equity_at, peak
from equity_state
where $min_balance > 0
    and equity < $min_balance
    and extract(epoch from $now - equity_at) < $forget_after_s
