-- The round trips of each bot: what was won and lost from entry to exit, and what it cost.
--
-- Grain:   one row per trade closed in the window: per trade_closed line of a bot that logs those
--          with what they made (a pnl, or both prices and a size), and per position that was opened
--          and closed again of a bot that logs none.
-- Columns: closed_at      when it was closed.
--          opened_at      when it was opened; null where no line says so.
--          bot, strategy, market  whose, in what.
--          trade_id       as logged; null from fills.
--          side           of the entry, as logged; buy or sell from fills.
--          sign           +1 for buy, long and yes, −1 for sell, short and no; null for any other.
--          size           how much was opened and closed, without sign.
--          entry_price, exit_price  in the account's currency; from fills their mean, and a
--                         settlement's outcome.
--          gross_pnl      (exit_price − entry_price) × size × sign; where the log has no prices
--                         what it calls pnl; null without either.
--          fee            of both legs, positive for a cost; null where none is logged.
--          slippage_cost  |slippage × size| as logged, 0 or more; null where none is logged, and
--                         from fills, whose prices have it in them.
--          net_pnl        gross_pnl − fee − slippage_cost; a cost that is not logged is not taken
--                         off.
--          held_s         seconds from opened_at to closed_at.
--          source         log or fills.
--          logged_pnl     what the line calls pnl; null from fills.
-- Needs:   trade_closed.entry_price or trade_closed.pnl or fill.fill_price from a closed position
-- Reads:   windowed, by closed_at; what was opened before it is carried from the last close.
-- Source:  the purpleflea guide's Trade: gross_pnl, and net_pnl = gross_pnl − fees −
--          abs(slippage × size).
-- Omits:   trips that are still open: see positions.

select
    closed_at,
    opened_at,
    bot,
    strategy,
    market,
    trade_id,
    side,
    sign,
    size,
    entry_price,
    exit_price,
    gross_pnl,
    fee,
    slippage_cost,
    finite(gross_pnl - coalesce(fee, 0) - coalesce(slippage_cost, 0)) as net_pnl,
    extract(epoch from closed_at - opened_at) as held_s,
    source,
    logged_pnl
from (
    select
        closed_at,
        opened_at,
        bot,
        strategy,
        market,
        trade_id,
        side,
        sign,
        size,
        entry_price,
        exit_price,
        coalesce(
            finite(
                case sign
                    when 1 then (exit_price - entry_price) * size
                    when -1 then (entry_price - exit_price) * size
                end
            ),
            logged_pnl
        ) as gross_pnl,
        fee,
        finite(abs(slippage * size)) as slippage_cost,
        'log' as source,
        logged_pnl
    from logged_trips
    union all
    select
        fill_trips.closed_at,
        fill_trips.opened_at,
        fill_trips.bot,
        fill_trips.strategy,
        fill_trips.market,
        null as trade_id,
        case fill_trips.sign when 1 then 'buy' else 'sell' end as side,
        fill_trips.sign,
        fill_trips.size,
        fill_trips.entry_price,
        fill_trips.exit_price,
        finite(fill_trips.gross_pnl) as gross_pnl,
        fill_trips.fees as fee,
        null as slippage_cost,
        'fills' as source,
        null as logged_pnl
    from fill_trips
    left anti join trip_loggers on fill_trips.bot = trip_loggers.bot
    where fill_trips.closed_at is not null
        and ($from is null or fill_trips.closed_at >= $from)
) as trips
