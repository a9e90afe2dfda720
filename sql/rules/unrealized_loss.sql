--- severity = "warning"
--- every = "1m"
--- window = "5m"
--- for = "3m"
--- keep_firing = "5m"
--- key = ["bot", "strategy", "market"]
--- value = "loss_rate"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %}: {{ market }} has lost {{ loss_rate | pct }} of its cost, {{ loss | num }} (limit {{ limit_rate | pct }})"
--- description = "Position {{ position | num }} at {{ avg_price | num }}, now {{ mark | num }} ({{ mark_source }}, {{ marked_at }}); cost {{ cost | num }}, equity {{ equity | num }}; open for {{ age_h | num }} h. Check that its stop is there and working."
--- runbook = "runbooks/unrealized-loss.md"
--- doc = "An open position has lost more than stops are meant to let it."
--- source = "the catalyst guide's unrealised P&L < -15 %: check stops. That the loss must matter to the account is ours: a contract bought for 5 cents loses 20 % in one tick."
--- [params]
--- max_loss = { default = 0.15, min = 0.001, unit = "fraction", doc = "part of a position's cost that it may lose" }
--- min_equity_share = { default = 0.01, min = 0.0, unit = "fraction", doc = "least loss that matters, as part of the bot's equity" }
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
    age_h,
    equity,
    cost,
    loss,
    loss / nullif(abs(cost), 0) as loss_rate,
    $max_loss as limit_rate
from held
where loss > $max_loss * abs(cost)
    and abs(cost) > 0
    and loss > coalesce($min_equity_share * equity, $min_loss)
