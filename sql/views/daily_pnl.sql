-- What each bot won and lost on each UTC day: realised by its trades, and as it says itself.
--
-- Grain:   one row per UTC day, bot and strategy with a trade, or a line that states a daily PnL.
--          Strategy is null for lines that name none, so the rows of a bot add up.
-- Columns: date           the UTC day.
--          bot, strategy  whose.
--          source         log where trades are the bot's own trade_closed lines that tell what
--                         they made (see logged_trips), fills where they are put together from its
--                         fills; null for a row with only a logged_pnl.
--          trades         round trips closed, or fills and settlements; 0 for a row with only a
--                         logged_pnl.
--          realized_pnl   Σ gross_pnl of the round trips, or Σ realized of the fills (average
--                         cost), before fees, in the account's currency; null if none is known.
--          fee            Σ fee, positive for a cost; null where none is logged.
--          slippage_cost  Σ |slippage × size| of the round trips; null for fills, whose prices have
--                         it in them.
--          net_pnl        realized_pnl − fee − slippage_cost; a cost that is not logged is not
--                         taken off.
--          logged_pnl, logged_at  the last daily_pnl that the bot logged on that day, and when. It
--                         may count unrealised profit: catalyst's does.
--          is_complete    whether the window covers the whole day; else the figures are of the part
--                         that it covers.
-- Needs:   trade_closed.entry_price or trade_closed.pnl or fill.fill_price or any.daily_pnl
-- Reads:   windowed.
-- Source:  catalyst's daily_pnl gauge; the kalshi monitor's realised PnL.
-- Omits:   unrealised profit: see positions, and daily_equity for the day's change of equity.

with traded as (
    select
        cast(closed_at as date) as date,
        bot,
        strategy,
        'log' as source,
        gross_pnl as realized,
        fee,
        slippage_cost
    from round_trips
    where source = 'log'
    union all
    select
        cast(realized_pnl.ts as date) as date,
        realized_pnl.bot,
        realized_pnl.strategy,
        'fills' as source,
        realized_pnl.realized,
        realized_pnl.fee,
        null as slippage_cost
    from realized_pnl
    left anti join trip_loggers on realized_pnl.bot = trip_loggers.bot
),

realised as (
    select
        date,
        bot,
        strategy,
        max(source) as source,
        count(*) as trades,
        finite(sum(realized)) as realized_pnl,
        finite(sum(fee)) as fee,
        finite(sum(slippage_cost)) as slippage_cost
    from traded
    group by date, bot, strategy
),

logged as (
    select
        cast(ts as date) as date,
        bot,
        strategy,
        last_value(daily_pnl order by ts, daily_pnl) as logged_pnl,
        max(ts) as logged_at
    from logged_performance
    where daily_pnl is not null
    group by cast(ts as date), bot, strategy
),

both as (
    select
        coalesce(realised.date, logged.date) as date,
        coalesce(realised.bot, logged.bot) as bot,
        coalesce(realised.strategy, logged.strategy) as strategy,
        source,
        coalesce(trades, 0) as trades,
        realized_pnl,
        fee,
        slippage_cost,
        finite(realized_pnl - coalesce(fee, 0) - coalesce(slippage_cost, 0)) as net_pnl,
        logged_pnl,
        logged_at
    from realised
    full join logged
        on realised.date = logged.date
        and realised.bot = logged.bot
        and realised.strategy is not distinct from logged.strategy
)

select
    *,
    ($from is null or cast(date as timestamp) >= $from)
        and cast(date as timestamp) + interval '1 day' <= $now as is_complete
from both
