--- severity = "warning"
--- every = "5m"
--- window = "4h"
--- for = "5m"
--- keep_firing = "15m"
--- key = ["bot", "strategy", "market"]
--- value = "slippage_bps_mean"
--- summary = "{{ bot }}{% if strategy %} {{ strategy }}{% endif %} {{ market }}: the last {{ fills }} fills slipped {{ slippage_bps_mean | num }} bps on average (limit {{ limit_bps | num }} bps)"
--- description = "Mean slippage {{ slippage_mean | num }} ± {{ slippage_se | num }} in the price's unit, positive is bad; the last fill was at {{ last_fill_at }}. If it is one market, others know more than the model there; if it is all of them, the prices it acts on are late."
--- runbook = "runbooks/rolling-slippage-high.md"
--- doc = "The last fills cost consistently more than the model's fair value."
--- source = "the catalyst guide's slippage > 0.1 %, over the kalshi monitor's rolling 50 trades. That the mean must be 3 standard errors above 0 is ours."
--- [params]
--- max_bps = { default = 10.0, min = 0.0, unit = "bps", doc = "mean slippage above which it fires, in ten-thousandths of fair" }
--- max_slippage = { default = 0.0, min = 0.0, unit = "price", doc = "mean slippage above which it fires, in the price's unit; both must be passed. For prediction markets, whose bps are large near 0" }
--- min_fills = { default = 30, min = 10, max = 50, unit = "fills", doc = "fewest of the last 50 fills that there must be" }
--- sigma = { default = 3.0, min = 0.0, unit = "standard errors", doc = "how many standard errors above 0 the mean must be" }
with newest as (
    select
        *,
        row_number() over (
            partition by bot, strategy, market
            order by ts desc, n desc, order_id, trade_id
        ) as place
    from rolling_slippage
)

select
    bot,
    strategy,
    market,
    n as fills,
    mean as slippage_mean,
    sd / sqrt(n) as slippage_se,
    mean_bps as slippage_bps_mean,
    ts as last_fill_at,
    $max_bps as limit_bps
from newest
where place = 1
    and n >= $min_fills
    and mean_bps > $max_bps
    and mean > $max_slippage
    and mean > $sigma * sd / sqrt(n)
