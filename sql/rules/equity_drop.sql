--- severity = "critical"
--- every = "1m"
--- window = "1h"
--- for = "1m"
--- keep_firing = "5m"
--- key = ["bot"]
--- value = "drop_rate"
--- summary = "{{ bot }}: equity down {{ drop_rate | pct }} within an hour, from {{ high | num }} to {{ equity | num }} (limit {{ max_drop_rate | pct }})"
--- description = "The hour's high was at {{ high_at }}, the last value at {{ equity_at }}; since the hour began it changed by {{ change_rate | pct }}. Look at the positions and at the last fills: a loss, a market event, a withdrawal, or a wrong number in the log?"
--- runbook = "runbooks/equity-drop.md"
--- doc = "What the bot as a whole is worth has fallen by more than max_drop_rate from the highest of the last hour. It must be so for a minute: one wrong number in a log is no drop. A withdrawal is."
--- source = "qkt's P1: aggregate equity drop > 5 % in 1 hour."
--- [params]
--- max_drop_rate = { default = 0.05, min = 0.0001, max = 1, unit = "fraction", doc = "largest fall from the hour's high that is none" }
select bot, drop_rate, change_rate, equity, equity_at, equity_before, high, high_at, strategies
from equity_drop
where drop_rate > $max_drop_rate
