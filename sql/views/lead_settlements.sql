-- How markets came out, as logs tell it, from the last close before the window on.
--
-- Grain:   one row per bot, market, instant and value; a line that is there twice is one.
-- Columns: ts         when the log says so.
--          bot, market  which market, in whose log.
--          value      what the line says: a number as it is, 1 for yes, 0 for no. In which unit it
--                     is only prices tell: position_steps reads it in that of the position.
--          outcome    what one contract on yes paid in a binary market, 0…1: 1 for yes and for 100
--                     cents, 0 for no, and what lies between for one that paid both sides. Null for
--                     any other value above 1, which is a price that something settled at.
-- Fields:  result text, outcome text, market_result text, winning_outcome text, resolution text,
--          settlement_value text, settlement_price text, type text
-- Needs:   log.market
-- Reads:   windowed, but from 5 seconds before the last close at or before the window: a position
--          that was opened before it is settled too, and so are the fills of those seconds, which
--          the close leaves to those who go on from it. In the window alone it is the view
--          settlements.
-- Source:  Kalshi's market_result (yes or no) and its settlement value in cents; exchanges'
--          settlement price of a future.
-- Omits:   outcomes that are neither yes, no, true, false nor a number from 0 on: win says nothing
--          of the market without the side. A future that settled at a price of 1 or less looks like
--          a binary market here.

-- The case keeps the patterns from being tried on the lines of other kinds.
with lines as (
    select
        *,
        case
            when kind = 'log'
                then regexp_replace(
                    regexp_replace(lower(coalesce(event, message, type)), ':.*$', ''),
                    '[^a-z]',
                    '',
                    'g'
                )
        end as words
    from history
    where kind = 'log'
        and market is not null
        and ($opened is null or ts >= $opened - interval '5 seconds')
),

-- A value whose type is not that of its column, for another bot logs a number there, is in attrs.
told as (
    select
        ts,
        bot,
        market,
        lower(coalesce(
            result,
            attrs ->> 'result',
            outcome,
            attrs ->> 'outcome',
            market_result,
            winning_outcome,
            resolution,
            settlement_value,
            attrs ->> 'settlement_value',
            settlement_price,
            attrs ->> 'settlement_price'
        )) as said
    from lines
    where words in (
        'settled', 'settlement', 'resolved', 'resolution', 'marketsettled', 'marketsettlement',
        'marketresolved', 'marketresolution', 'marketresult', 'contractsettled', 'positionsettled',
        'eventsettled', 'eventresolved'
    )
),

valued as (
    select
        ts,
        bot,
        market,
        case
            when said in ('yes', 'true') then 1.0
            when said in ('no', 'false') then 0.0
            else try_cast(said as double)
        end as value
    from told
)

select distinct
    ts,
    bot,
    market,
    value,
    case when value <= 1 then value when value = 100 then 1.0 end as outcome
from valued
where finite(value) >= 0
