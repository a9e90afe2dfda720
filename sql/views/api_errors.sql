-- Which calls failed, with which codes, and how many of all.
--
-- Grain:   one row per bot, provider, endpoint and status code of calls that failed.
-- Columns: bot, provider, endpoint  whose calls to what, as in api_calls.
--          status_code  the HTTP or venue code; null for calls that failed without one.
--          status_class  `4xx`, `5xx` and so on; null for other codes and without one.
--          calls      all calls to the endpoint in the window of which is known how they went: the
--                     same in each of its rows.
--          errors     how many of them failed with this code.
--          error_rate  errors / calls, as a fraction. The rows of one endpoint add up to its rate.
--                     Null for `order` and `cancel`: bots log their rejections, but not every
--                     acceptance; see rejection_rates.
--          rate_limited  errors if the code is 429, else 0.
--          http_5xx   errors if the code is 500 to 599, else 0.
-- Needs:   api_call.status_code or order_rejected.status_code or order_rejected.code or
--          heartbeat.checks_exchange_api_ok
-- Reads:   windowed.
-- Source:  the catalyst guide's API error rate (> 5 %) and rate limit hits (429 > 0); polybot's
--          HighErrorRate (5xx > 0.1/s).
-- Omits:   endpoints without an error, and calls of which is not known how they went.

with outcomes as (
    select
        bot,
        provider,
        endpoint,
        case when is_error then status_code end as status_code,
        is_error,
        count(*) as n
    from api_calls
    where is_error is not null
    group by bot, provider, endpoint, case when is_error then status_code end, is_error
),

with_calls as (
    select
        *,
        sum(n) over (partition by bot, provider, endpoint) as calls
    from outcomes
)

select
    bot,
    provider,
    endpoint,
    status_code,
    case
        when status_code between 100 and 599 then concat(cast(status_code / 100 as text), 'xx')
    end as status_class,
    calls,
    n as errors,
    case
        when endpoint is null or endpoint not in ('order', 'cancel')
            then cast(n as double) / calls
    end as error_rate,
    case when status_code = 429 then n else 0 end as rate_limited,
    case when status_code between 500 and 599 then n else 0 end as http_5xx
from with_calls
where is_error
