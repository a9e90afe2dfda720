-- What each market was worth when it was last heard of.
--
-- Grain:   one row per bot and market that has ever had a mid, or a bid and an ask, in a log.
-- Columns: bot, market  which market, in whose log.
--          mid        the last mid; of several at one instant the highest.
--          last_at    when.
-- Needs:   quote.bid or quote.mid or order_placed.mid or fill.mid
-- Reads:   carried: a market that is quiet today has the price it had.
-- Source:  quotes.
-- Omits:   prices of trades; positions takes its own last fill where there is no mid.

with told as (
    select bot, market, mid, last_at
    from opening
    where part = 'mark'
    union all
    select bot, market, mid, ts as last_at
    from quotes
)

select
    bot,
    market,
    last_value(mid order by last_at, mid) as mid,
    max(last_at) as last_at
from told
group by bot, market
