-- What follows from a bot's fills beside what the bot itself says.
--
-- Grain:   one row per bot, strategy and measure that the bot logs in the window.
-- Columns: bot        whose.
--          strategy   as the line that logs the measure names it; null where it names none, and
--                     then all of the bot's fills are meant.
--          measure    what is compared. cumulative_edge and realized_pnl: their change from the
--                     first line to the last, which takes two, for they run on from the bot's own
--                     beginning and the log may not go back to that; an edge beside an edge_cents
--                     is in cents. trade_pnl: the sum over closed trades. daily_pnl: the last of
--                     the window, against what was realised since midnight UTC; it may count
--                     unrealised profit, as catalyst's does.
--          logged     what the bot says, in the account's currency.
--          computed   the same from its fills at average cost, before fees; null without any.
--          difference  logged - computed.
--          fees       Σ fee of the same fills: as large as the difference of a bot that logs it
--                     after fees. Null if none is logged.
--          first_at, last_at  the lines it logs the measure in, first and last in the window.
--          lines      how many there are.
-- Fields:  cumulative_edge float, edge_cents float, realized float, realized_pnl float, daily_pnl
--          float
-- Needs:   any.cumulative_edge or any.realized_pnl or any.realized or any.daily_pnl or
--          trade_closed.pnl
-- Reads:   windowed, with positions as the close before the window left them.
-- Source:  the kalshi monitor's fill_edge, qkt's realized, polybot's realized_pnl, catalyst's
--          daily_pnl and Position closed.
-- Omits:   a bot's change of mind: one that starts again at 0 within the window differs by what it
--          had.

with said as (
    select distinct
        ts,
        bot,
        strategy,
        kind,
        trade_id,
        cumulative_edge,
        edge_cents,
        coalesce(realized_pnl, realized) as realized_so_far,
        daily_pnl,
        case when kind = 'trade_closed' then pnl end as trade_pnl
    from events
    where kind in ('pnl', 'equity', 'heartbeat', 'log', 'trade_closed')
        and (
            coalesce(cumulative_edge, realized_pnl, realized, daily_pnl) is not null
            or (kind = 'trade_closed' and pnl is not null)
        )
),

told as (
    select
        ts,
        bot,
        strategy,
        'cumulative_edge' as measure,
        case when edge_cents is not null then cumulative_edge / 100 else cumulative_edge end
            as value
    from said
    where cumulative_edge is not null
    union all
    select ts, bot, strategy, 'realized_pnl' as measure, realized_so_far as value
    from said
    where realized_so_far is not null and kind <> 'trade_closed'
    union all
    select ts, bot, strategy, 'daily_pnl' as measure, daily_pnl as value
    from said
    where daily_pnl is not null
    union all
    select ts, bot, strategy, 'trade_pnl' as measure, trade_pnl as value
    from said
    where trade_pnl is not null
),

spans as (
    select
        bot,
        strategy,
        measure,
        finite(case measure
            when 'daily_pnl' then last_value(value order by ts, value)
            when 'trade_pnl' then sum(value)
            else case
                when count(*) > 1
                    then last_value(value order by ts, value)
                        - first_value(value order by ts, value)
            end
        end) as logged,
        case measure
            when 'daily_pnl' then date_trunc('day', max(ts)) - interval '1 microsecond'
            when 'trade_pnl' then $from - interval '1 microsecond'
            else min(ts)
        end as after_at,
        case measure when 'trade_pnl' then $now else max(ts) end as until_at,
        min(ts) as first_at,
        max(ts) as last_at,
        count(*) as lines
    from told
    group by bot, strategy, measure
),

steps as (
    select ts, bot, strategy, edge, realized, case when action = 'fill' then fee end as fee
    from position_steps
    where action <> 'opening'
),

compared as (
    select
        spans.bot,
        spans.strategy,
        spans.measure,
        spans.logged,
        finite(sum(
            case spans.measure when 'cumulative_edge' then steps.edge else steps.realized end
        )) as computed,
        finite(sum(steps.fee)) as fees,
        spans.first_at,
        spans.last_at,
        spans.lines
    from spans
    left join steps
        on spans.bot = steps.bot
        and (spans.strategy is null or spans.strategy = steps.strategy)
        and (spans.after_at is null or steps.ts > spans.after_at)
        and steps.ts <= spans.until_at
    group by
        spans.bot,
        spans.strategy,
        spans.measure,
        spans.logged,
        spans.first_at,
        spans.last_at,
        spans.lines
)

select
    bot,
    strategy,
    measure,
    logged,
    computed,
    finite(logged - computed) as difference,
    fees,
    first_at,
    last_at,
    lines
from compared
