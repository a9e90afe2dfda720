--- severity = "warning"
--- every = "5m"
--- window = "5m"
--- for = "5m"
--- keep_firing = "5m"
--- key = ["bot"]
--- value = "equity_share"
--- summary = "{{ bot }}: {{ market }} is {{ equity_share | pct }} of equity (limit {{ limit_share | pct }})"
--- description = "Worth {{ value | num }} of an equity of {{ equity | num }} logged at {{ equity_at }}; position {{ position | num }}, marked at {{ marked_at }}. See whether it was meant to be so large before you reduce it."
--- runbook = "runbooks/position-concentration.md"
--- doc = "One market holds so much of the account that its move alone decides the day."
--- source = "the catalyst guide's position concentration > 20 %. Of equity: of what is held, a bot in one or two markets is always above it. Without a known equity it does not fire."
--- [params]
--- max_share = { default = 0.2, min = 0.01, unit = "fraction", doc = "largest part of equity that one market may be worth" }
with accounts as (
    select
        bot,
        coalesce(max(equity) filter (where strategy is null), sum(equity)) as equity,
        max(equity_at) as equity_at
    from equity_state
    group by bot
),

held as (
    select
        bot,
        market,
        sum(position) as position,
        abs(sum(value)) as value,
        max(marked_at) as marked_at
    from positions
    where position <> 0
    group by bot, market
),

ranked as (
    select *, row_number() over (partition by bot order by value desc nulls last, market) as place
    from held
)

select
    ranked.bot,
    ranked.market,
    ranked.position,
    ranked.value,
    ranked.marked_at,
    accounts.equity,
    accounts.equity_at,
    ranked.value / accounts.equity as equity_share,
    $max_share as limit_share
from ranked
inner join accounts on ranked.bot = accounts.bot
where ranked.place = 1
    and accounts.equity > 0
    and ranked.value > $max_share * accounts.equity
