-- How old each model's last word is, and for how long it has said the same.
--
-- Grain:   one row per bot, strategy and market for which a model has ever been heard of.
-- Columns: bot, strategy, market  whose model, and of what; strategy and market are null where the
--                     line names none. A bot that logs its model without a strategy and its orders
--                     with one has a row for each: the model is as old as the younger.
--          fair       the last fair value; of several at one instant the highest. Null if none was
--                     logged.
--          fair_since  since when it is the same; null if fair is.
--          last_at    the last update: a line of kind model, or an order, signal or quote with the
--                     fair value it was made by.
--          age_s      seconds from last_at to $now.
--          unchanged_s  seconds from fair_since to last_at: for how long updates have brought
--                     nothing new; null if fair is.
-- Needs:   model or order_placed.fair or signal.fair or quote.fair
-- Reads:   carried: a model that is no longer heard of is the one that is looked for.
-- Source:  the kalshi monitor's "model staleness flag".
-- Omits:   the fair value of fills and other lines that repeat what their order said.

with updates as (
    select bot, strategy, market, ts, fair
    from events
    where kind = 'model' or (kind in ('order_placed', 'signal', 'quote') and fair is not null)
    union all
    select bot, strategy, market, fair_since as ts, fair
    from opening
    where part = 'model' and fair is not null
    union all
    select bot, strategy, market, last_at as ts, cast(null as double) as fair
    from opening
    where part = 'model'
),

changes as (
    select
        *,
        fair is not null and fair is distinct from lag(fair) ignore nulls over (
            partition by bot, strategy, market
            order by ts, fair nulls first
        ) as is_new
    from updates
),

folded as (
    select
        bot,
        strategy,
        market,
        last_value(fair order by ts, fair) filter (where fair is not null) as fair,
        max(ts) filter (where is_new) as fair_since,
        max(ts) as last_at
    from changes
    group by bot, strategy, market
)

select
    bot,
    strategy,
    market,
    fair,
    fair_since,
    last_at,
    extract(epoch from $now - last_at) as age_s,
    extract(epoch from last_at - fair_since) as unchanged_s
from folded
