-- Where the money of each bot comes from: its round trips by strategy, asset, hour and weekday.
--
-- Grain:   one row per dimension, value and bot; every round trip is in one row of each dimension.
-- Columns: dimension      strategy, asset, hour or weekday.
--          value          the strategy; the market; the hour 00 … 23; the weekday 1 Mon … 7 Sun.
--                         Hour and weekday are UTC and those of the entry. Null where it is not
--                         known.
--          bot            whose.
--          trades         round trips closed in the window.
--          gross_pnl      Σ gross_pnl, in the account's currency; null if none is known.
--          fee            Σ fee, positive for a cost; null where no trade has one.
--          slippage_cost  Σ |slippage × size|; null where no trade has one.
--          net_pnl        Σ net_pnl; null if none is known.
--          wins           trades with a net_pnl above 0.
--          win_rate       wins / trades whose net_pnl is known; null where there are none.
-- Needs:   trade_closed.entry_price or trade_closed.pnl or fill.fill_price from a closed position
-- Reads:   windowed, by when a trade was closed.
-- Source:  the purpleflea guide's PnLAttributor, by_strategy, by_asset and by_hour_of_day (which
--          takes the UTC hour of entry_ts and Σ net).
-- Omits:   trips that are still open.

with trips as (
    select
        bot,
        strategy,
        market as asset,
        cast(extract(hour from opened_at) as bigint) as hour,
        cast(extract(isodow from opened_at) as bigint) as weekday,
        gross_pnl,
        fee,
        slippage_cost,
        net_pnl
    from round_trips
),

summed as (
    select
        case
            when grouping(strategy) = 0 then 'strategy'
            when grouping(asset) = 0 then 'asset'
            when grouping(hour) = 0 then 'hour'
            else 'weekday'
        end as dimension,
        case
            when grouping(strategy) = 0 then strategy
            when grouping(asset) = 0 then asset
            when grouping(hour) = 0 then lpad(cast(hour as text), 2, '0')
            when weekday is not null
                then cast(weekday as text)
                    || substr(' Mon Tue Wed Thu Fri Sat Sun', weekday * 4 - 3, 4)
        end as value,
        bot,
        count(*) as trades,
        finite(sum(gross_pnl)) as gross_pnl,
        finite(sum(fee)) as fee,
        finite(sum(slippage_cost)) as slippage_cost,
        finite(sum(net_pnl)) as net_pnl,
        count(*) filter (where net_pnl > 0) as wins,
        count(net_pnl) as judged
    from trips
    group by grouping sets ((bot, strategy), (bot, asset), (bot, hour), (bot, weekday))
)

select
    dimension,
    value,
    bot,
    trades,
    gross_pnl,
    fee,
    slippage_cost,
    net_pnl,
    wins,
    cast(wins as double) / nullif(judged, 0) as win_rate
from summed
