-- Where the market went after each fill.
--
-- Grain:   one row per fill in the window that has a price and a side.
-- Columns: ts, bot, run_id, strategy, market, order_id, trade_id, side, sign, fill_price,
--          fill_size, liquidity  of the fill, as in fills.
--          mid_1s, mid_10s, mid_60s, mid_300s  the market's last mid at or before that long after
--                     the fill. Null if it is older than 5 minutes by then, if the log has none,
--                     and where that moment is past the window's end.
--          markout_1s, markout_10s, markout_60s, markout_300s  (mid - fill_price) × sign, in the
--                     price's unit: positive is good, the market went our way; null without the
--                     mid.
-- Fields:  bid float, ask float, best_bid float, best_ask float, bestbid float, bestask float
-- Needs:   fill.fill_price; fill.side or order_placed.side; fill.market or order_placed.market; for
--          markout_60s: quote.bid or quote.mid or order_placed.mid or fill.mid
-- Reads:   windowed: its fills, and the quotes from 5 minutes before the window on, since a quote
--          from before it may still stand when its first fill comes.
-- Source:  Databento, "Execution slippage and markouts": side × (mid(t + h) - price), the mid
--          filled forward. The horizons are those of SEC Rule 605's realised spread, from 1 s on; a
--          taker's markout is minus half of it.
-- Omits:   mids of other bots' logs, though the market be the same.

with mids as (
    select
        bot,
        market,
        ts,
        max(coalesce(
            mid,
            nullif(coalesce(bid, best_bid, bestbid), 0) / 2
                + nullif(coalesce(ask, best_ask, bestask), 0) / 2
        )) as mid
    from history
    where market is not null
        and (mid is not null or coalesce(bid, best_bid, bestbid) is not null)
        and ($from is null or ts >= $from - interval '5 minutes')
    group by bot, market, ts
),

-- Fills among the quotes, in order of time.
instants as (
    select
        ts,
        bot,
        market,
        mid,
        null as run_id,
        null as strategy,
        null as order_id,
        null as trade_id,
        null as side,
        null as sign,
        null as fill_price,
        null as fill_size,
        null as liquidity
    from mids
    where mid is not null
    union all
    select
        ts,
        bot,
        market,
        null as mid,
        run_id,
        strategy,
        order_id,
        trade_id,
        side,
        sign,
        fill_price,
        fill_size,
        liquidity
    from fills
    where fill_price is not null and sign is not null
),

-- The last mid at each horizon after each of them.
looked_ahead as (
    select
        *,
        known_after(mid, ts, 1) over in_order as after_1s,
        known_after(mid, ts, 10) over in_order as after_10s,
        known_after(mid, ts, 60) over in_order as after_60s,
        known_after(mid, ts, 300) over in_order as after_300s
    from instants
    window in_order as (partition by bot, market order by ts)
),

known as (
    select
        *,
        case
            when ts + interval '1 second' <= $now
                and after_1s['at'] >= ts + interval '1 second' - interval '5 minutes' then after_1s['value']
        end as mid_1s,
        case
            when ts + interval '10 seconds' <= $now
                and after_10s['at'] >= ts + interval '10 seconds' - interval '5 minutes' then after_10s['value']
        end as mid_10s,
        case
            when ts + interval '60 seconds' <= $now
                and after_60s['at'] >= ts + interval '60 seconds' - interval '5 minutes' then after_60s['value']
        end as mid_60s,
        case
            when ts + interval '300 seconds' <= $now and after_300s['at'] >= ts then after_300s['value']
        end as mid_300s
    from looked_ahead
    where fill_price is not null
)

select
    ts,
    bot,
    run_id,
    strategy,
    market,
    order_id,
    trade_id,
    side,
    sign,
    fill_price,
    fill_size,
    liquidity,
    mid_1s,
    mid_10s,
    mid_60s,
    mid_300s,
    finite((mid_1s - fill_price) * sign) + 0.0 as markout_1s,
    finite((mid_10s - fill_price) * sign) + 0.0 as markout_10s,
    finite((mid_60s - fill_price) * sign) + 0.0 as markout_60s,
    finite((mid_300s - fill_price) * sign) + 0.0 as markout_300s
from known
