--- severity = "warning"
--- every = "5m"
--- window = "5m"
--- for = "10m"
--- keep_firing = "15m"
--- key = ["bot", "strategy", "market"]
--- value = "loss_rate"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: {{ market }} is {{ loss_rate | pct }} under water and open for {{ age_h | num }} h (limits {{ limit_rate | pct }}, {{ limit_h | num }} h)"
--- description = "Position {{ position | num }} at {{ avg_price | num }}, now {{ mark | num }} ({{ mark_source }}, {{ marked_at }}): unrealised -{{ loss | num }}; last traded at {{ last_fill_at }}. A stop that did not fire is the first thing to look for."
--- runbook = "runbooks/stuck-position.md"
--- doc = "A losing position stays open longer than the bot's positions are meant to, and is not worked: its stop did not fire, or its exit does not fill."
--- source = "qkt: unrealized is steeply negative with the position open longer than expected (a stop didn't fire). It names no numbers."
--- [params]
--- max_loss = { default = 0.05, min = 0.0, unit = "fraction", doc = "part of its cost that it may have lost" }
--- max_age_h = { default = 6.0, min = 0.01, unit = "h", doc = "how long such a position may be open" }
--- min_idle_s = { default = 1800, min = 0, unit = "s", doc = "how long it must not have been traded: one that is being worked is not stuck" }
--- min_equity_share = { default = 0.005, min = 0.0, unit = "fraction", doc = "least loss that matters, as part of the bot's equity" }
--- min_loss = { default = 10.0, min = 0.0, unit = "account currency", doc = "the same where no equity is known" }
with accounts as (
    select
        bot,
        coalesce(max(equity) filter (where strategy is null), sum(equity)) as equity
    from equity_state
    group by bot
),

held as (
    select
        positions.*,
        accounts.equity,
        -positions.unrealized_pnl as loss
    from positions
    left join accounts on positions.bot = accounts.bot
    where positions.position <> 0
)

select
    bot,
    strategy,
    market,
    position,
    avg_price,
    mark,
    mark_source,
    marked_at,
    last_fill_at,
    age_h,
    $max_age_h as limit_h,
    equity,
    cost,
    loss,
    loss / nullif(abs(cost), 0) as loss_rate,
    $max_loss as limit_rate
from held
where age_h > $max_age_h
    and extract(epoch from $now - last_fill_at) >= $min_idle_s
    and abs(cost) > 0
    and loss > $max_loss * abs(cost)
    and loss > coalesce($min_equity_share * equity, $min_loss)
