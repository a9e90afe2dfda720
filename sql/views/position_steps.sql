-- How each position came to be what it is: every fill and settlement, with the position, its
-- average cost and the profit realised after it.
--
-- Grain:   one row per fill and settlement since the last close before the window, and one for each
--          position as that close left it. A fill of the last 5 s before the close is not in what it
--          left, but has a row: what is told of it may come after.
-- Columns: ts         when; of an opening, when the position last changed.
--          bot, strategy, market  whose position in what.
--          action     opening (as the close before the window left it), fill or settlement.
--          run_id, order_id, trade_id, side  of the fill; null for the others.
--          sign       +1 bought (yes, long), -1 sold (no, short); null for the others.
--          price      of the fill; of a settlement what it paid, in the unit of avg_price; null
--                     for an opening, and for a settlement whose unit cannot be told.
--          size       of the fill; null for the others.
--          fee        of the fill, positive when paid; null if not logged. Of an opening, all fees
--                     before it.
--          slippage   of the fill, in the price's unit: positive is bad.
--          edge       of the fill, in the account's currency: positive is good.
--          expected_edge  of the fill: what its order expected to make on its size.
--          position_before  held before it, with the sign of position.
--          position   held after it: positive is long (yes), negative short (no).
--          avg_price  mean cost of what is held; null when flat, and from a fill on that added to
--                     it at a price nothing tells until it is flat, or turned at a known price.
--          realized   profit that this row realised at average cost, before fees; null for an
--                     opening, where the fill's side or size is not known, and where something was
--                     closed at an unknown price or that had cost an unknown one.
--          realized_pnl  all of it up to this row, since the log began, without what is null.
--          opened_at  when the position left 0 or changed its sign; null when flat.
--          trip       the round trip it belongs to, counted from 1 since the close; of a fill that
--                     turned the position, the one it ended. Null for an opening that is flat.
--          fees       all fees up to this row; null if none is logged.
--          fills      fills up to this row.
--          last_fill_at  the last fill up to this row.
--          last_price  price of the last priced fill up to this row; null if there is none.
--          is_last    whether nothing came after it.
-- Needs:   fill.fill_price; fill.fill_size or order_placed.size; fill.side or order_placed.side;
--          fill.market or order_placed.market
-- Reads:   windowed, but from the last close at or before the window, which a position cannot do
--          without. positions and realized_pnl say what of it is asked for.
-- Source:  average cost: what adds to a position is averaged into its price, what reduces it
--          realises (price - avg_price) × size × the position's sign, what goes through 0 does
--          both. A settlement pays its value in the unit of the position's average price: where
--          that is above 1 and at most 100, yes and 1 pay 100 (cents), and any other number is a
--          price like it, as where it is above 100; where it is at most 1, a number above 1 and up
--          to 100 is in cents, and one above that says nothing.
-- Omits:   fills whose market nothing tells. One whose side or size nothing tells is here, but
--          moves no position: what is not known is not guessed. One without a price moves it, and
--          leaves it at an unknown cost. Settlements of what is flat by then: the first told
--          counts, and one that corrects it does not (settlements has both). Cents of a position
--          bought for 1 each look like dollars.

with held as (
    select bot, strategy, market
    from opening
    where part = 'position'
    union
    select bot, strategy, market
    from executions
    where market is not null
),

steps as (
    select
        last_at as ts,
        bot,
        strategy,
        market,
        'opening' as action,
        cast(null as text) as run_id,
        cast(null as text) as order_id,
        cast(null as text) as trade_id,
        cast(null as text) as side,
        cast(null as bigint) as sign,
        cast(null as double) as price,
        cast(null as double) as size,
        cast(null as bigint) as fill_number,
        cast(null as bigint) as tie,
        fees as fee,
        cast(null as double) as slippage,
        cast(null as double) as edge,
        cast(null as double) as expected_edge,
        position,
        avg_price,
        realized_pnl,
        opened_at,
        fills,
        last_fill_at as filled_at,
        price as filled_price
    from opening
    where part = 'position'
    union all
    select
        ts,
        bot,
        strategy,
        market,
        'fill' as action,
        run_id,
        order_id,
        trade_id,
        side,
        sign,
        fill_price as price,
        fill_size as size,
        fill_number,
        tie,
        fee,
        finite((fill_price - fair) * sign) + 0.0 as slippage,
        finite((fair - fill_price) * sign * fill_size) + 0.0 as edge,
        finite(expected_edge * fill_size) + 0.0 as expected_edge,
        null as position,
        null as avg_price,
        null as realized_pnl,
        null as opened_at,
        1 as fills,
        ts as filled_at,
        fill_price as filled_price
    from executions
    where market is not null
    union all
    select
        settled.ts,
        settled.bot,
        held.strategy,
        settled.market,
        'settlement' as action,
        null as run_id,
        null as order_id,
        null as trade_id,
        null as side,
        null as sign,
        settled.value as price,
        null as size,
        null as fill_number,
        null as tie,
        null as fee,
        null as slippage,
        null as edge,
        null as expected_edge,
        null as position,
        null as avg_price,
        null as realized_pnl,
        null as opened_at,
        0 as fills,
        null as filled_at,
        null as filled_price
    from lead_settlements as settled
    inner join held
        on settled.bot = held.bot and settled.market = held.market
),

folded as (
    select
        *,
        average_cost(
            action, sign, price, size, ts, position, avg_price, realized_pnl, opened_at
        ) over in_order as held_after,
        sum(fee) over so_far as fees,
        sum(fills) over so_far as fills_so_far,
        max(filled_at) over so_far as last_fill_at,
        last_value(filled_price) ignore nulls over so_far as last_price,
        lead(ts) over in_order is null as is_last
    from steps
    window
        in_order as (
            partition by bot, strategy, market
            order by
                action <> 'opening',
                ts,
                action <> 'fill',
                tie,
                fill_number,
                price,
                size
        ),
        so_far as (
            partition by bot, strategy, market
            order by
                action <> 'opening',
                ts,
                action <> 'fill',
                tie,
                fill_number,
                price,
                size
            rows between unbounded preceding and current row
        )
)

select
    ts,
    bot,
    strategy,
    market,
    action,
    run_id,
    order_id,
    trade_id,
    side,
    sign,
    case when action = 'settlement' then held_after['price'] else price end as price,
    size,
    fee,
    slippage,
    edge,
    expected_edge,
    finite(held_after['position_before']) as position_before,
    finite(held_after['position']) as position,
    finite(held_after['avg_price']) as avg_price,
    finite(held_after['realized']) + 0.0 as realized,
    finite(held_after['realized_pnl']) + 0.0 as realized_pnl,
    held_after['opened_at'] as opened_at,
    held_after['trip'] as trip,
    finite(fees) as fees,
    fills_so_far as fills,
    last_fill_at,
    last_price,
    is_last
from folded
