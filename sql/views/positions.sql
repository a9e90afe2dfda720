-- What each bot holds, what it is worth, and what it has made so far.
--
-- Grain:   one row per bot, strategy and market ever traded; position is 0 where it is flat.
-- Columns: bot, strategy, market  whose and in what; strategy is null where the bot logs none.
--          position   size held: positive is long (yes), negative short (no), 0 flat.
--          avg_price  mean cost of what is held; null when flat, or where a part of it was added at
--                     a price that nothing tells.
--          cost       position × avg_price, signed as the position is; 0 when flat, null where the
--                     cost is not known.
--          mark       the market's last mid, else the price of the last fill; null without both.
--          mark_source  mid or fill; null without a mark.
--          marked_at  when the mark was logged.
--          value      position × mark, signed as the position is.
--          unrealized_pnl  value - cost: positive is a profit not yet taken.
--          realized_pnl  profit realised at average cost since the log began, before fees, without
--                     what was closed at an unknown price or had cost one.
--          fees       all fees since then, positive when paid; null if none is logged.
--          net_pnl    realized_pnl - fees; null where no fee is logged.
--          opened_at  when the position left 0 or changed its sign; null when flat.
--          age_h      hours since then; null when flat.
--          last_fill_at  its last fill.
--          fills      its fills since the log began.
--          concentration  |value| / Σ |value| over all the bot holds, a fraction; null where
--                     nothing of it has a value.
-- Needs:   fill.fill_price; fill.fill_size or order_placed.size; fill.side or order_placed.side;
--          fill.market or order_placed.market; for net_pnl: fill.fee
-- Reads:   carried: a position is held until it is closed, whatever window asks.
-- Source:  average cost, as position_steps has it; catalyst's position concentration and age.
-- Omits:   positions that the bot had before its log began, and those it says it has; what
--          position_steps omits.

with last_steps as (
    select *
    from position_steps
    where is_last
),

marked as (
    select
        last_steps.*,
        coalesce(marks.mid, last_steps.last_price) as mark,
        case
            when marks.mid is not null then 'mid'
            when last_steps.last_price is not null then 'fill'
        end as mark_source,
        case when marks.mid is not null then marks.last_at else last_steps.last_fill_at end
            as marked_at
    from last_steps
    left join marks
        on last_steps.bot = marks.bot and last_steps.market = marks.market
),

valued as (
    select
        *,
        case when position = 0 then 0 else finite(position * avg_price) end as cost,
        case when position = 0 then 0 else finite(position * mark) end as value
    from marked
)

select
    bot,
    strategy,
    market,
    position,
    avg_price,
    cost,
    mark,
    mark_source,
    marked_at,
    value,
    finite(value - cost) + 0.0 as unrealized_pnl,
    realized_pnl,
    fees,
    realized_pnl - fees as net_pnl,
    opened_at,
    (cast($now as bigint) - cast(opened_at as bigint)) / 3.6e9 as age_h,
    last_fill_at,
    fills,
    finite(abs(value) / nullif(sum(abs(value)) over (partition by bot), 0)) as concentration
from valued
