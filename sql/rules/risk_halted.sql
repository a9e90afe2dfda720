--- severity = "critical"
--- every = "on_change"
--- kinds = ["halt"]
--- window = "1m"
--- key = ["bot", "strategy"]
--- summary = "{{ bot }}{% if strategy is not none %} / {{ strategy }}{% endif %}: trading is halted, {{ reason }}"
--- description = "Last said at {{ halted_at }}; the last line that said it trades was at {{ running_at }}. A halt is sticky: it stays until somebody looks at it. See what the bot holds, find the reason, and only then let it go on."
--- runbook = "runbooks/risk-halted.md"
--- doc = "A risk rule, a kill switch or a person stopped the bot's trading. The alert goes on until a line says that it trades again, or until nothing was heard of it for forget_after_s."
--- source = "qkt's P1: riskState.halted == true, it needs an operator's review."
--- [params]
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "a halt of which no line told for so long is left alone" }
select
    bot,
    strategy,
    reason,
    halted_at,
    running_at
from halted_now
where is_halted and age_s < $forget_after_s
