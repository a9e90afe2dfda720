-- How often what the model held for likely came to be.
--
-- Grain:   one row per bot, strategy and tenth of the forecasts, and one with a null decile for all
--          of them.
-- Columns: bot, strategy  whose model.
--          decile     1 for forecasts from 0 to below 0.1, and so on to 10 for 0.9 to 1; null for
--                     all.
--          n          forecasts: orders with a fair value on a market whose outcome is told.
--          markets    different markets among them.
--          mean_forecast  mean fair value when the orders were placed. Here and below each market
--                     counts once, with the mean of its forecasts in this row: forecasts of one
--                     market are not independent.
--          outcome_rate  part of the markets that came out yes, 0…1; as large as mean_forecast for
--                     a model that is calibrated.
--          brier      mean (forecast - outcome)²: 0 is best, always 0.5 makes 0.25.
-- Needs:   order_placed.fair; order_placed.market; log.market from a settlement
-- Reads:   windowed: outcomes told in the window, against orders since the close before it.
-- Source:  Brier (1950), in the form for one of two outcomes; reliability by deciles as in Murphy's
--          decomposition, which itself is left out: it misleads where forecasts are updated (Merkle
--          and Hartman 2018).
-- Omits:   orders that were over a day before the close before the window, fair values outside of
--          0…1, markets whose outcome is not logged or is a price, and
--          outcomes that a later line corrects.

with outcomes as (
    select bot, market, last_value(outcome order by ts, outcome) as outcome
    from settlements
    where outcome is not null
    group by bot, market
),

forecasts as (
    select
        order_book.bot,
        order_book.strategy,
        order_book.market,
        order_book.fair as forecast,
        outcomes.outcome,
        least(cast(floor(order_book.fair * 10) as bigint), 9) + 1 as decile
    from order_book
    inner join outcomes
        on order_book.bot = outcomes.bot and order_book.market = outcomes.market
    where order_book.fair between 0 and 1
),

by_market as (
    select
        bot,
        strategy,
        decile,
        market,
        count(*) as n,
        avg(forecast) as forecast,
        avg(outcome) as outcome,
        avg((forecast - outcome) * (forecast - outcome)) as brier
    from forecasts
    group by grouping sets ((bot, strategy, decile, market), (bot, strategy, market))
)

select
    bot,
    strategy,
    decile,
    sum(n) as n,
    count(*) as markets,
    avg(forecast) as mean_forecast,
    avg(outcome) as outcome_rate,
    avg(brier) as brier
from by_market
group by bot, strategy, decile
