-- How requests to venues and providers went: each call, and each latency logged on other lines.
--
-- Grain:   one row per call or latency in the log; a line that is there twice is one.
-- Columns: ts         when it was logged.
--          bot, run_id  whose.
--          provider   who was called, as logged; `exchange_api` for purpleflea's health check; null
--                     if the log does not say.
--          endpoint   the path without its query, ids in it as `{id}`. Words without a slash stand
--                     for lines that are no call themselves: `order`, an order's acceptance or
--                     rejection; `cancel`, its cancellation; `fill`, how late a fill was heard of;
--                     `health` and `snapshot`, what a monitor measured. Null if a call names none.
--          method     `GET`, `POST` and so on; null if not logged.
--          status_code  the HTTP or venue code; null if not logged.
--          latency_ms  in milliseconds; null if not logged, as for a call that failed.
--          is_error   true for a code of 400 and up or of 0, a failed check, an order rejected, a
--                     line of level error or with an error text; false for any other code, a check
--                     that passed, an order accepted; null where nothing tells.
--          kind       the kind of line it was logged on; `api_call` for calls.
-- Fields:  provider text, api_name text, api text, venue text, exchange text, endpoint text,
--          path text, url text, uri text, route text, method text, http_method text, success bool,
--          ok bool, code int, error text, error_message text, request_id text, requestid text,
--          api_latency_ms float, apilatencyms float, alive bool,
--          checks_exchange_api_latency_ms float, checks_exchange_api_ok bool
-- Needs:   api_call or order_acked.latency_ms or order_rejected.status_code or
--          order_rejected.latency_ms or fill.latency_ms or any.api_latency_ms or
--          heartbeat.checks_exchange_api_latency_ms
-- Reads:   windowed.
-- Source:  the catalyst guide's api_latency by api_name and api_errors_total by status_code;
--          polybot's http_request_duration{method, endpoint, status}; the purpleflea guide's
--          api_latency_ms and checks.exchange_api; the kalshi monitor's fill latency_ms.
-- Omits:   orders that were placed and of which nothing more is heard. A bot that logs its calls and
--          its orders has a rejected order in both; take `kind = 'api_call'` or each endpoint by
--          itself.

with calls as (
    select
        ts,
        bot,
        run_id,
        coalesce(provider, api_name, api, venue, exchange) as provider,
        -- A part of a path that is a number of four digits and more, or long and with a digit, is
        -- an id.
        regexp_replace(
            split_part(coalesce(endpoint, path, url, uri, route), '?', 1),
            '(?-u)/(?:[0-9]{4,}|[\w-]*[0-9][\w-]{15,}|[\w-]{15,}[0-9][\w-]*)',
            '/{id}',
            'g'
        ) as endpoint,
        upper(coalesce(method, http_method)) as method,
        status_code,
        latency_ms,
        case
            when status_code is not null then status_code >= 400 or status_code = 0
            when coalesce(success, ok) is not null then not coalesce(success, ok)
            when level in ('error', 'critical') then true
            when lower(coalesce(error, error_message)) not in ('', 'false', 'none') then true
        end as is_error,
        kind,
        coalesce(request_id, requestid, order_id) as id
    from events
    where kind = 'api_call'
),

-- What a line about an order tells of the call that placed or withdrew it.
orders as (
    select
        ts,
        bot,
        run_id,
        coalesce(provider, api_name, api, venue, exchange) as provider,
        case
            when kind = 'fill' then 'fill'
            when kind = 'order_cancelled' then 'cancel'
            else 'order'
        end as endpoint,
        cast(null as text) as method,
        coalesce(status_code, case when kind = 'order_rejected' then code end) as status_code,
        latency_ms,
        case
            when kind = 'order_rejected' then true
            when kind = 'order_acked' then false
        end as is_error,
        kind,
        concat_ws(' ', order_id, trade_id, fill_price, fill_size) as id
    from events
    where kind in ('order_acked', 'order_rejected', 'order_cancelled', 'fill')
        and (latency_ms is not null or (kind = 'order_rejected' and coalesce(status_code, code) is not null))
),

checks as (
    select
        ts,
        bot,
        run_id,
        case when kind = 'heartbeat' then 'exchange_api' end as provider,
        case when kind = 'heartbeat' then 'health' else 'snapshot' end as endpoint,
        cast(null as text) as method,
        cast(null as bigint) as status_code,
        coalesce(checks_exchange_api_latency_ms, api_latency_ms, apilatencyms) as latency_ms,
        not coalesce(checks_exchange_api_ok, alive) as is_error,
        kind,
        event as id
    from events
    where kind in ('heartbeat', 'equity', 'pnl', 'system')
        and (
            coalesce(checks_exchange_api_latency_ms, api_latency_ms, apilatencyms) is not null
            or checks_exchange_api_ok is not null
        )
),

observations as (
    select * from calls
    union all
    select * from orders
    union all
    select * from checks
),

-- The id is not shown, but two requests of one instant are two.
once as (
    select distinct * from observations
)

select
    ts,
    bot,
    run_id,
    provider,
    endpoint,
    method,
    status_code,
    latency_ms,
    is_error,
    kind
from once
