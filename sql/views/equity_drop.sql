-- How far the equity of each bot has dropped within the last hour.
--
-- Grain:   one row per bot that has ever logged an equity.
-- Columns: bot            whose: the whole bot. Where a bot logs an equity without a strategy, that
--                         one; else the sum over its strategies.
--          strategies     how many equities are summed.
--          equity, equity_at  the last value and when it was logged. After an hour of silence every
--                         drop is 0, and equity_at says why.
--          since          where the hour begins: an hour before the window's end, or where the
--                         window begins if that is later.
--          equity_before  what the bot had then: the last value at or before it, however old; null
--                         if it had logged none.
--          high           the highest since then, equity_before among them.
--          high_at        when it was reached; before since where it is equity_before.
--          drop_rate      (high − equity) / high as a fraction, 0 or more; null where high is 0 or
--                         less.
--          change_rate    (equity − equity_before) / equity_before, negative for a loss; null where
--                         equity_before is null, 0 or less.
-- Needs:   any.equity
-- Reads:   windowed, so give it an hour at least; what the bot had when the hour began is carried
--          from the last close.
-- Source:  qkt's P1: aggregate equity drop > 5 % in 1 hour. It names no reference: drop_rate is
--          measured from the hour's high, which no rise before the fall can hide; change_rate from
--          the hour's beginning.
-- Omits:   deposits and withdrawals: a withdrawal is a drop.

with changes as (
    select
        bot,
        strategy,
        ts,
        equity,
        equity - coalesce(lag(equity) over (partition by bot, strategy order by ts), 0) as change,
        min(coalesce(strategy, '')) over (partition by bot) as first_strategy
    from equity_curve
),

-- The empty name is the first: where there is a value of the whole bot, the others are left out.
totals as (
    select
        bot,
        strategy,
        ts,
        case
            when first_strategy = '' or first_strategy = last_strategy then equity
            else total
        end as equity
    from (
        select
            *,
            max(coalesce(strategy, '')) over (partition by bot) as last_strategy,
            sum(change) over (partition by bot order by ts) as total
        from changes
    ) as summed
    where first_strategy <> '' or strategy is null
),

hour as (
    select
        *,
        greatest($now - interval '1 hour', coalesce($from, $now - interval '1 hour')) as since
    from totals
),

ends as (
    select
        bot,
        count(distinct coalesce(strategy, '')) as strategies,
        last_value(equity order by ts) as equity,
        max(ts) as equity_at,
        max(since) as since,
        last_value(equity order by ts) filter (where ts <= since) as equity_before,
        max(ts) filter (where ts <= since) as before_at,
        max(equity) filter (where ts > since) as high_after,
        first_value(ts order by equity desc, ts) filter (where ts > since) as high_after_at
    from hour
    group by bot
),

reached as (
    select
        *,
        greatest(equity_before, high_after) as high,
        case
            when high_after > equity_before or equity_before is null then high_after_at
            else before_at
        end as high_at
    from ends
)

select
    bot,
    strategies,
    equity,
    equity_at,
    since,
    equity_before,
    high,
    high_at,
    case when high > 0 then finite((high - equity) / high) end as drop_rate,
    case
        when equity_before > 0 then finite((equity - equity_before) / equity_before)
    end as change_rate
from reached
