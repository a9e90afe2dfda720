-- The round trips that follow from fills: from the fill that opens a position to the one, or the
-- settlement, that closes it.
--
-- Grain:   one row per bot, strategy, market and time that a position left 0, if it was closed
--          since the last close before the window or is still open.
-- Columns: bot, strategy, market  whose, in what.
--          opened_at       when the position left 0, or went through it.
--          closed_at       when it was 0 again, or went through it; null while it is open.
--          sign            +1 if it was long (yes), −1 if it was short (no).
--          size            Σ of what was added to it.
--          entry_price     mean price of that; null where one of them is not known.
--          closed_size     Σ of what was taken from it: size once it is closed.
--          exit_price      mean price of that, a settlement's outcome among them; null without any,
--                          and where one of them is not known.
--          gross_pnl       profit realised at average cost so far, before fees; null where a price
--                          that it follows from is not known.
--          fees            of its fills, positive when paid; one that goes through 0 pays for both
--                          trips by size. Null if none is logged.
--          fills           fills of it.
-- Needs:   fill.fill_price; fill.fill_size or order_placed.size; fill.side or order_placed.side;
--          fill.market or order_placed.market
-- Reads:   windowed, but from the last close at or before the window: a trip that it had open is
--          gone on with.
-- Source:  flat to flat, as pyfolio's round trips; profit at average cost as position_steps has it.
-- Omits:   fills without side or size, which move no position, and what position_steps omits.

with measured as (
    select
        *,
        case
            when action = 'settlement' and position = 0 then abs(position_before)
            when action = 'fill' and position * position_before < 0 then abs(position_before)
            when action = 'fill' and abs(position) < abs(position_before) then size
            else 0
        end as size_out,
        position_before <> 0 and position * position_before <= 0 as is_end
    from position_steps
    where action <> 'opening'
),

numbered as (
    select
        *,
        case
            when action = 'fill' and sign is not null and size is not null then size - size_out
            else 0
        end as size_in
    from measured
),

-- A fill that goes through 0 is the end of one trip and the beginning of the next.
halves as (
    select
        bot,
        strategy,
        market,
        case when half = 'out' then trip else trip + cast(is_end as int) end as trip,
        case when half = 'in' then opened_at end as opened_at,
        case when half = 'out' and is_end then ts end as closed_at,
        case when half = 'out' then signum(position_before) else signum(position) end as sign,
        case when half = 'in' then size_in end as size_in,
        case when half = 'in' then price end as price_in,
        case when half = 'out' then size_out end as size_out,
        case when half = 'out' then price end as price_out,
        case when half = 'out' then realized end as realized,
        case
            when size > 0 then fee * case when half = 'in' then size_in else size_out end / size
        end as fee,
        case when action = 'fill' then 1 else 0 end as fills
    -- The two before the many: the first of the two is held in memory.
    from (values ('in'), ('out')) as sides (half)
    cross join numbered
    where (half = 'in' and size_in > 0) or (half = 'out' and size_out > 0)
    union all
    select
        bot,
        strategy,
        market,
        1 as trip,
        opened_at,
        null as closed_at,
        sign,
        size as size_in,
        price as price_in,
        nullif(filled_size, 0) as size_out,
        avg_fill_price as price_out,
        realized_pnl as realized,
        fees as fee,
        fills
    from opening
    where part = 'trip'
)

select
    bot,
    strategy,
    market,
    min(opened_at) as opened_at,
    max(closed_at) as closed_at,
    cast(max(sign) as bigint) as sign,
    finite(sum(size_in)) as size,
    case when count(*) filter (where size_in > 0 and price_in is null) = 0
        then finite(sum(price_in * size_in) / nullif(sum(size_in), 0))
    end as entry_price,
    finite(coalesce(sum(size_out), 0)) as closed_size,
    case when count(*) filter (where size_out > 0 and price_out is null) = 0
        then finite(sum(price_out * size_out) / nullif(sum(size_out), 0))
    end as exit_price,
    case when count(*) filter (where size_out > 0 and realized is null) = 0
        then finite(coalesce(sum(realized), 0))
    end as gross_pnl,
    finite(sum(fee)) as fees,
    sum(fills) as fills
from halves
group by bot, strategy, market, trip
