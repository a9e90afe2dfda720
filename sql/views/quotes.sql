-- What the market was worth, wherever a line says so.
--
-- Grain:   one row per bot, market and instant with a mid, or a bid and an ask, and one for each
--          pair if an instant has several; a line that is there twice is one.
-- Columns: ts         when, as logged.
--          bot, market  which market, in whose log.
--          bid, ask  best bid and best ask; null where the line has only a mid.
--          mid        the line's own mid, else (bid + ask) / 2; never null.
-- Fields:  bid float, ask float, best_bid float, best_ask float, bestbid float, bestask float
-- Needs:   quote.bid or quote.mid or order_placed.mid or fill.mid
-- Reads:   windowed: every kind of line counts, since bots log the mid with their orders too.
-- Source:  the mid is the middle of the best bid and offer (17 CFR 242.600).
-- Omits:   books with one side: a bid or an ask of 0 is none.

with said as (
    select
        ts,
        bot,
        market,
        nullif(coalesce(bid, best_bid, bestbid), 0) as bid,
        nullif(coalesce(ask, best_ask, bestask), 0) as ask,
        mid
    from events
    where market is not null
        and (mid is not null or coalesce(bid, best_bid, bestbid) is not null)
)

select distinct
    ts,
    bot,
    market,
    bid,
    ask,
    coalesce(mid, bid / 2 + ask / 2) as mid
from said
where mid is not null or (bid is not null and ask is not null)
