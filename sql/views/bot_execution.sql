-- How well each bot's orders were executed, over all it trades.
--
-- Grain:   one row per bot with an order alive in the window, or a fill in it.
-- Columns: bot        whose.
--          orders     orders placed in the window, as order_success counts them.
--          open_orders  orders open at its end, in part or in full; not those of which the log has
--                     nothing but fills, since it does not say how much was ordered.
--          rejections  orders rejected in the window.
--          fill_rate_60s  part of the orders placed in the window, and 60 s old at its end, that
--                     were filled within 60 s, a fraction as in fill_rates; null if there is none.
--          fills      fills in the window.
--          fees       Σ fee of them; null if none is logged.
--          slippage_mean  mean slippage of them, in the price's unit: positive is bad.
--          slippage_bps  mean of their slippage_bps.
--          slippage_earlier, slippage_later, slippage_change_sigma  as in slippage_change.
--          edge       Σ edge of them: positive is good.
--          edge_drift_sigma  as edge_drift.drift_sigma, over all its strategies; null below 20 fills
--                     whose edge was expected, and where they are in two markets.
-- Needs:   order_placed.order_id or fill.fill_price
-- Reads:   windowed.
-- Source:  fill_rates, fills, slippage_change and edge_drift, for whole bots.
-- Omits:   nothing that these do not.

with placed as (
    select
        bot,
        count(*) filter (where is_in_window) as orders,
        count(*) filter (where is_open) as open_orders,
        count(*) filter (where status = 'rejected' and ($from is null or closed_at >= $from))
            as rejections,
        count(*) filter (where is_in_window and is_eligible) as eligible,
        count(*) filter (
            where is_in_window
                and is_eligible
                and filled_size_60s > 0
                and filled_size_60s >= coalesce(size, filled_size) * 0.999999999
        ) as filled
    from (
        select
            *,
            $from is null or coalesce(placed_at, first_at) >= $from as is_in_window,
            status in ('open', 'partial') and coalesce(placed_at, acked_at) is not null as is_open,
            placed_at + interval '60 seconds' <= $now as is_eligible
        from order_book
        where status is not null
            and ($from is null or last_at >= $from or status in ('open', 'partial'))
    ) as book
    group by bot
),

filled as (
    select
        bot,
        count(*) as fills,
        finite(sum(fee)) as fees,
        finite(avg(slippage)) as slippage_mean,
        finite(avg(slippage_bps)) as slippage_bps,
        finite(sum(edge)) as edge
    from fills
    group by bot
),

drift as (
    select bot, drift_sigma
    from edge_drift_scopes
    where scope = 'bot'
),

traded as (
    select
        coalesce(placed.bot, filled.bot) as bot,
        coalesce(orders, 0) as orders,
        coalesce(open_orders, 0) as open_orders,
        coalesce(rejections, 0) as rejections,
        placed.filled / cast(nullif(eligible, 0) as double) as fill_rate_60s,
        coalesce(fills, 0) as fills,
        fees,
        slippage_mean,
        slippage_bps,
        edge
    from placed
    full join filled on placed.bot = filled.bot
)

select
    traded.bot,
    orders,
    open_orders,
    rejections,
    fill_rate_60s,
    fills,
    fees,
    slippage_mean,
    slippage_bps,
    slippage_earlier,
    slippage_later,
    slippage_change_sigma,
    edge,
    drift_sigma as edge_drift_sigma
from traded
left join slippage_change on traded.bot = slippage_change.bot
left join drift on traded.bot = drift.bot
