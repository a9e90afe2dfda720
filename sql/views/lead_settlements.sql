-- How binary markets came out, as logs tell it, from the last close before the window on.
--
-- Grain:   one row per bot, market, instant and outcome; a line that is there twice is one.
-- Columns: ts         when the log says so.
--          bot, market  which market, in whose log.
--          outcome    what one contract on yes paid: 1 for yes, 0 for no, and what lies between for
--                     a market that paid both sides. A value above 1 is in cents.
-- Fields:  result text, outcome text, market_result text, winning_outcome text, resolution text,
--          settlement_value text, settlement_price text, type text
-- Needs:   log.market
-- Reads:   windowed, but from the last close at or before the window: a position that was opened
--          before it is settled too. In the window alone it is the view settlements.
-- Source:  Kalshi's market_result (yes or no) and its settlement value in cents.
-- Omits:   outcomes that are neither yes, no, true, false nor a number from 0 to 100: win says
--          nothing of the market without the side.

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
    from lead_events
    where kind = 'log' and market is not null
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
    case when value > 1 then value / 100 else value end as outcome
from valued
where value between 0 and 100
