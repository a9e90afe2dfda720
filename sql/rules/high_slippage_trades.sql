--- severity = "info"
--- every = "15m"
--- window = "25h"
--- delay = "5m"
--- key = ["bot", "date"]
--- value = "trades"
--- summary = "{{ bot }}: {{ trades }} of {{ fills }} fills on {{ date }} slipped more than {{ limit_bps | num }} bps, the worst {{ worst_bps | num }} bps in {{ worst_market }}"
--- description = "They cost {{ cost | num }} against fair. The worst: order {{ worst_order_id }} at {{ worst_at }}, filled at {{ worst_price | num }} for a fair value of {{ worst_fair | num }}."
--- runbook = "runbooks/high-slippage-trades.md"
--- doc = "A daily list, told once after midnight UTC: the fills of the day that cost much more than fair value."
--- source = "qkt's P3, review daily: high slippage trades (live entry price differs from signal price by > X). X is the catalyst guide's 0.1 %."
--- [params]
--- max_bps = { default = 10.0, min = 0.0, unit = "bps", doc = "slippage of a fill above which it is on the list, in ten-thousandths of fair" }
--- max_slippage = { default = 0.0, min = 0.0, unit = "price", doc = "the same in the price's unit; both must be passed. For prediction markets, whose bps are large near 0" }
--- min_trades = { default = 1, min = 1, unit = "fills", doc = "fewest such fills of a day that are told" }
with day_fills as (
    select
        *,
        slippage_bps > $max_bps and slippage > $max_slippage as is_high
    from fills
    where extract(hour from $now) = 0
        and ts >= date_trunc('day', $now) - interval '1 day'
        and ts < date_trunc('day', $now)
        and slippage_bps is not null
),

counted as (
    select
        bot,
        count(*) as fills,
        count(*) filter (where is_high) as trades,
        -sum(edge) filter (where is_high) as cost
    from day_fills
    group by bot
),

ranked as (
    select
        *,
        row_number() over (
            partition by bot
            order by slippage_bps desc, ts, order_id, fill_number
        ) as place
    from day_fills
    where is_high
)

select
    counted.bot,
    cast($now - interval '1 day' as date) as date,
    counted.fills,
    counted.trades,
    $max_bps as limit_bps,
    counted.cost,
    ranked.slippage_bps as worst_bps,
    ranked.market as worst_market,
    ranked.order_id as worst_order_id,
    ranked.ts as worst_at,
    ranked.fill_price as worst_price,
    ranked.fair as worst_fair
from counted
inner join ranked on counted.bot = ranked.bot and ranked.place = 1
where counted.trades >= $min_trades
