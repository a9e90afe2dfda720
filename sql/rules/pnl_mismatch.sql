--- severity = "warning"
--- every = "5m"
--- window = "1h"
--- for = "65m"
--- keep_firing = "15m"
--- key = ["bot", "strategy", "measure"]
--- value = "difference_abs"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: its {{ measure }} of the last hour is {{ logged | num }}, its fills make {{ computed | num }} (limit {{ limit_difference | num }} apart)"
--- description = "Difference {{ difference | num }}, fees {{ fees | num }}, from {{ first_at }} to {{ last_at }}. Missing or doubled fills in the log are the usual cause, then a unit (cents), then settlements that are not logged."
--- runbook = "runbooks/pnl-mismatch.md"
--- doc = "What the bot says it made and what follows from its fills have been apart for over an hour: one of them is wrong, and so may be its positions."
--- source = "ours; the kalshi monitor asks to compare both."
--- [params]
--- max_difference = { default = 5.0, min = 0.0, unit = "account currency", doc = "how far apart the two may be in an hour, before or after fees" }
--- max_rate = { default = 0.05, min = 0.0, unit = "fraction", doc = "how far apart as part of the larger one; both must be passed" }
with compared as (
    select
        *,
        -- A bot that logs it after fees differs by them.
        least(abs(difference), abs(difference + coalesce(fees, 0))) as difference_abs,
        greatest(abs(logged), abs(computed)) as larger
    from pnl_reconciliation
    -- A daily_pnl may count unrealised profit.
    where measure <> 'daily_pnl'
)

select
    bot,
    strategy,
    measure,
    logged,
    computed,
    difference,
    difference_abs,
    fees,
    first_at,
    last_at,
    lines,
    $max_difference as limit_difference
from compared
where difference_abs > $max_difference
    and difference_abs > $max_rate * larger
