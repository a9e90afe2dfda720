-- The round trips that bots log themselves, as they log them.
--
-- Grain:   one row per trade_closed line that tells what the trade made: a pnl, or an entry price,
--          an exit price and a size. A line that is there twice counts once.
-- Columns: closed_at      when the trade was closed.
--          opened_at      when it was opened: entry_ts, else duration_seconds before closed_at;
--                         null where no field says so, or one says it was after closed_at.
--          bot, run_id, strategy, market, trade_id  as in events.
--          side, sign     of the entry; +1 for buy, long and yes, -1 for sell, short and no, null
--                         for any other.
--          size           how much, without sign.
--          entry_price, exit_price  in the account's currency.
--          fee            of both legs, as logged, positive for a cost.
--          slippage       per unit of size, as logged.
--          logged_pnl     what the line calls pnl.
-- Fields:  entry_price float, exit_price float, entryprice float, exitprice float, slippage float,
--          entry_ts text, entry_time text, duration_seconds float
-- Needs:   trade_closed.entry_price or trade_closed.pnl
-- Reads:   windowed.
-- Source:  the purpleflea guide's Trade; catalyst's "Position closed".
-- Omits:   percentages of profit, trades that are still open, and lines that only say that something
--          was closed ("Position closed" and a reason).

with lines as (
    select distinct
        ts,
        bot,
        run_id,
        strategy,
        market,
        trade_id,
        side,
        abs(finite(size)) as size,
        finite(coalesce(entry_price, entryprice)) as entry_price,
        finite(coalesce(exit_price, exitprice)) as exit_price,
        finite(fee) as fee,
        finite(slippage) as slippage,
        finite(pnl) as logged_pnl,
        coalesce(entry_ts, entry_time) as entry_text,
        finite(duration_seconds) as duration_s
    from events
    where kind = 'trade_closed'
),

-- Times of entry are not read by the decoder: a number is seconds, milli-, micro- or nanoseconds by
-- its size, as everywhere.
numbered as (
    select
        *,
        try_cast(entry_text as double) as entry_number,
        arrow_cast(try_cast(entry_text as timestamp), 'Timestamp(Microsecond, Some("UTC"))')
            as entry_time
    from lines
),

timed as (
    select
        *,
        coalesce(
            try_cast(round(
                case
                    when abs(entry_number) < 1e11 then entry_number * 1e6
                    when abs(entry_number) < 1e14 then entry_number * 1e3
                    when abs(entry_number) < 1e17 then entry_number
                    else entry_number / 1e3
                end
            ) as bigint),
            cast(entry_time as bigint),
            cast(ts as bigint) - try_cast(round(duration_s * 1e6) as bigint)
        ) as opened_us
    from numbered
    where logged_pnl is not null
        or (entry_price is not null and exit_price is not null and size is not null)
)

select
    ts as closed_at,
    case
        when opened_us between 0 and cast(ts as bigint)
            then arrow_cast(to_timestamp_micros(opened_us), 'Timestamp(Microsecond, Some("UTC"))')
    end as opened_at,
    bot,
    run_id,
    strategy,
    market,
    trade_id,
    side,
    case
        when lower(side) in ('yes', 'buy', 'long') then 1
        when lower(side) in ('no', 'sell', 'short') then -1
    end as sign,
    size,
    entry_price,
    exit_price,
    fee,
    slippage,
    logged_pnl
from timed
