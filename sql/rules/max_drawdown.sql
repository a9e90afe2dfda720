--- every = "1m"
--- window = "1m"
--- for = "2m"
--- keep_firing = "5m"
--- key = ["bot", "strategy"]
--- value = "drawdown"
--- summary = "{{ bot }}{% if strategy is not none %} / {{ strategy }}{% endif %}: {{ drawdown | pct }} below its peak, {{ equity | num }} of {{ peak | num }} (limit {{ limit_rate | pct }})"
--- description = "The peak was at {{ peak_at }}, the last value at {{ equity_at }}. At the critical limit purpleflea's guide takes the agent out of trading: look at what it holds and decide."
--- runbook = "runbooks/max-drawdown.md"
--- doc = "The equity lies further below its highest ever than limit_rate. It ends when the equity is back, or when nothing was heard of it for forget_after_s. A withdrawal is a drawdown."
--- source = "warning: the catalyst guide's MaxDrawdownExceeded, -10 % for 2m (critical there); critical: the purpleflea guide's max_drawdown_pct, 15 % kills the agent."
--- [params]
--- limit_rate = { default = 0.10, min = 0.0001, max = 1, unit = "fraction", doc = "largest drawdown from the peak that is none" }
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "an equity that is older is left alone" }
--- [levels.warning]
--- limit_rate = 0.10
--- [levels.critical]
--- limit_rate = 0.15
select bot, strategy, drawdown, equity, equity_at, peak, peak_at, max_drawdown
from equity_state
where drawdown > $limit_rate and extract(epoch from $now - equity_at) < $forget_after_s
