-- The lines that the book is kept from: those about orders since the last close.
--
-- Grain:   one row per line.
-- Columns: cumulative  how much of the order is filled by then, where the line says so.
--          average     a mean price, where the line has one: of all that, if it says how much.
-- Fields:  avg_fill_price float, avgfillprice float, avg_price float, avgprice float,
--          average_price float, averageprice float, filled_avg_price float, filledavgprice float,
--          avg_fill float, avgfill float, average float,
--          filled_qty float, filled_size float, filled_amount float, filled_quantity float,
--          filled float, executedqty float, executed_qty float, cum_qty float, cumulative_qty float,
--          cumulative_fill_count float, remaining float, remaining_qty float, remaining_size float,
--          remaining_count float, leaves_qty float, liquidity text, liquidity_side text,
--          maker_taker text, is_maker bool, maker bool, is_taker bool, reason text, error text, code int,
--          error_code int, reject_code int
-- Reads:   windowed, from the close before the window on.
-- Source:  the columns of `events`.
-- Omits:   nothing.

select
    kind,
    ts,
    bot,
    run_id,
    order_id,
    trade_id,
    event,
    strategy,
    market,
    side,
    price,
    size,
    fair,
    mid,
    fill_price,
    coalesce(
        avg_fill_price, avgfillprice, avg_price, avgprice, average_price, averageprice,
        filled_avg_price, filledavgprice, avg_fill, avgfill, average
    ) as average,
    fill_size,
    coalesce(
        filled_qty, filled_size, filled_amount, filled_quantity, filled, executedqty, executed_qty,
        cum_qty, cumulative_qty, cumulative_fill_count
    ) as cumulative,
    coalesce(remaining, remaining_qty, remaining_size, remaining_count, leaves_qty) as remaining,
    fee,
    pnl,
    latency_ms,
    case
        when kind = 'order_rejected' then coalesce(status_code, reject_code, code, error_code)
        else status_code
    end as status_code,
    coalesce(reason, error, message) as reason,
    case
        when is_maker or maker then 'maker'
        when is_taker or not is_maker or not maker then 'taker'
        else coalesce(liquidity, liquidity_side, maker_taker)
    end as liquidity,
    file,
    "offset"
from lead_events
where kind in (
    'order_placed', 'order_acked', 'order_rejected', 'order_cancelled', 'order_expired', 'fill'
)
