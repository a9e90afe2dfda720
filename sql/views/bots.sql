-- Each bot in one line: what a person wants to know first.
--
-- Grain:   one row per bot that ever wrote a line.
-- Columns: bot        whose.
--          last_seen_at  its last line of any kind.
--          last_seen_age_s  seconds since then.
--          last_heartbeat_age_s  seconds since its last heartbeat; null if it logs none.
--          orders     orders placed in the window.
--          open_orders  orders open now, in part or in full.
--          fills      fills in the window.
--          fill_rate_60s  part of the orders placed in the window, and 60 s old at its end, that
--                     were filled within 60 s, a fraction as in fill_rates; null if there is none.
--          slippage_mean  mean slippage of the window's fills, in the price's unit: positive is
--                     bad.
--          slippage_bps  mean of their slippage_bps.
--          slippage_earlier, slippage_later, slippage_change_sigma  as in slippage_change.
--          edge       Σ edge of the window's fills: positive is good.
--          edge_drift_sigma  as edge_drift.drift_sigma, over all its strategies; null below 20 fills
--                     whose edge was expected, and where they are in two markets.
--          realized_pnl  what the window's fills and settlements realised at average cost, before
--                     fees; of a bot that logs round trips and no fills, theirs. Null without
--                     either.
--          unrealized_pnl  of all it holds now; null if it holds nothing that has a mark.
--          equity     the last that it logged; of a bot whose strategies log theirs, their sum.
--          drawdown   (peak - equity) / peak now, a fraction; of several strategies the worst.
--          errors     error lines in the window.
--          rejections  orders rejected in the window.
--          halted     whether it or a strategy of it is halted, as in halted_now; false if it never
--                     said so.
--          health     the worst of: halted; stale, silent for longer than is its way; errors in the
--                     last hour; ok.
--          health_reason  why; null if ok.
-- Fields:  error text, exception text
-- Needs:   any.bot
-- Reads:   windowed for what happened, and through carried views for what is the case at its end.
-- Source:  ours. Stale is a bot whose last heartbeat is older than 2 minutes and than three times
--          its mean interval so far; without heartbeats, whose last line is older than 10 minutes.
-- Omits:   bots known from other places than their log.

with seen as (
    select bot, max(ts) as last_seen_at
    from last_seen
    group by bot
),

beats as (
    select
        bot,
        ts as last_heartbeat_at,
        extract(epoch from ts - first_ts) / nullif(event_count - 1, 0) as heartbeat_every_s
    from last_seen
    where kind = 'heartbeat'
),

realized as (
    select bot, finite(coalesce(sum(of_fills), sum(of_trips))) as realized_pnl
    from (
        select bot, realized as of_fills, cast(null as double) as of_trips
        from realized_pnl
        union all
        select bot, null as of_fills, gross_pnl as of_trips
        from round_trips
        where source = 'log'
    ) as both
    group by bot
),

held as (
    select bot, finite(sum(unrealized_pnl)) as unrealized_pnl
    from positions
    where position <> 0
    group by bot
),

accounts as (
    select
        bot,
        finite(coalesce(sum(equity) filter (where strategy is null), sum(equity))) as equity,
        coalesce(max(drawdown) filter (where strategy is null), max(drawdown)) as drawdown
    from equity_state
    group by bot
),

failed as (
    select
        bot,
        count(*) as errors,
        count(*) filter (where ts >= $now - interval '1 hour') as errors_1h,
        last_value(what order by ts, what) as last_error
    from (
        select distinct
            bot,
            ts,
            event,
            substr(coalesce(error, message, exception, event), 1, 80) as what
        from events
        where kind = 'error'
    ) as error_lines
    group by bot
),

stopped as (
    select
        bot,
        bool_or(is_halted) as halted,
        last_value(reason order by halted_at, reason)
            filter (where is_halted and reason is not null) as halt_reason
    from halted_now
    group by bot
),

everything as (
    select
        seen.bot,
        last_seen_at,
        extract(epoch from $now - last_seen_at) as last_seen_age_s,
        extract(epoch from $now - last_heartbeat_at) as last_heartbeat_age_s,
        heartbeat_every_s,
        orders,
        open_orders,
        rejections,
        fill_rate_60s,
        fills,
        slippage_mean,
        slippage_bps,
        slippage_earlier,
        slippage_later,
        slippage_change_sigma,
        edge,
        edge_drift_sigma,
        realized_pnl,
        unrealized_pnl,
        equity,
        drawdown,
        coalesce(errors, 0) as errors,
        coalesce(errors_1h, 0) as errors_1h,
        last_error,
        coalesce(halted, false) as halted,
        halt_reason
    from seen
    left join beats on seen.bot = beats.bot
    left join bot_execution on seen.bot = bot_execution.bot
    left join realized on seen.bot = realized.bot
    left join held on seen.bot = held.bot
    left join accounts on seen.bot = accounts.bot
    left join failed on seen.bot = failed.bot
    left join stopped on seen.bot = stopped.bot
),

judged as (
    select
        *,
        last_heartbeat_age_s > greatest(120.0, 3 * coalesce(heartbeat_every_s, 0)) as is_unheard,
        last_heartbeat_age_s is null and last_seen_age_s > 600 as is_silent
    from everything
)

select
    bot,
    last_seen_at,
    last_seen_age_s,
    last_heartbeat_age_s,
    coalesce(orders, 0) as orders,
    coalesce(open_orders, 0) as open_orders,
    coalesce(fills, 0) as fills,
    fill_rate_60s,
    slippage_mean,
    slippage_bps,
    slippage_earlier,
    slippage_later,
    slippage_change_sigma,
    edge,
    edge_drift_sigma,
    realized_pnl,
    unrealized_pnl,
    equity,
    drawdown,
    errors,
    coalesce(rejections, 0) as rejections,
    halted,
    case
        when halted then 'halted'
        when is_unheard or is_silent then 'stale'
        when errors_1h > 0 then 'errors'
        else 'ok'
    end as health,
    case
        when halted then concat('halted', ': ' || halt_reason)
        when is_unheard
            then concat('no heartbeat for ', cast(round(last_heartbeat_age_s) as bigint), ' s')
        when is_silent then concat('no line for ', cast(round(last_seen_age_s) as bigint), ' s')
        when errors_1h > 0
            then concat(errors_1h, ' errors in the last hour', ', the last: ' || last_error)
    end as health_reason
from judged
