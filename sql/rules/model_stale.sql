--- severity = "info"
--- every = "1m"
--- window = "1m"
--- key = ["bot"]
--- value = "stale_s"
--- summary = "{{ bot }}: no new fair value for {{ stale_s | duration }} (limit {{ max_age_s | duration }})"
--- description = "The last change was in {{ market }} at {{ changed_at }}, the last word of a model at {{ updated_at }}; {{ models }} models are known. If updates come and say the same, their input stands still."
--- runbook = "runbooks/model-stale.md"
--- doc = "None of the bot's models has said anything new for max_age_s, whether no update came or updates brought the same value, while the bot goes on logging. It is asked of all of a bot's models together, for a market that has settled is silent for ever. A bot that is halted is left out."
--- source = "the kalshi monitor's info tier: model staleness flag. The age is ours."
--- [params]
--- max_age_s = { default = 1800, min = 10, max = 604800, unit = "s", doc = "longest time without a new fair value that is none" }
--- forget_after_s = { default = 604800, min = 600, unit = "s", doc = "after so long the bot is taken to have no model any more" }
with models_known as (
    select
        bot,
        market,
        coalesce(fair_since, last_at) as changed_at,
        last_at
    from model_age
),

lines as (
    select bot, max(ts) as last_line_at
    from last_seen
    group by bot
),

by_bot as (
    select
        bot,
        max(changed_at) as changed_at,
        max(last_at) as updated_at,
        last_value(market order by changed_at, market) as market,
        count(*) as models
    from models_known
    group by bot
)

select
    by_bot.bot,
    extract(epoch from $now - by_bot.changed_at) as stale_s,
    by_bot.changed_at,
    by_bot.updated_at,
    by_bot.market,
    by_bot.models
from by_bot
inner join lines on by_bot.bot = lines.bot
where extract(epoch from $now - by_bot.changed_at) > $max_age_s
    and extract(epoch from $now - by_bot.changed_at) < $forget_after_s
    and extract(epoch from lines.last_line_at - by_bot.changed_at) > $max_age_s
    and by_bot.bot not in (select bot from halted_now where is_halted)
