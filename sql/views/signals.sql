-- What strategies looked at, and what they made of it.
--
-- Grain:   one row per signal, scan or prediction in the log; a line that is there twice is one.
-- Columns: ts         when it was logged.
--          bot, run_id, strategy, market  whose, and about what; null where the line does not say.
--          kind       `signal`, `scan` or `model`; a model's line is here if it has an action or a
--                     confidence.
--          model      which model; null if the log names none.
--          action     what is to be done: `buy`, `sell`, `hold` …, in lower case; the side where the
--                     log has no word for the action; null for scans.
--          sign       +1 for buy, long and yes, -1 for sell, short and no; null for any other.
--          confidence  how sure the model is, 0 to 1 as logged; null if not logged.
--          strength   how strong the signal is, in the bot's own unit; null if not logged.
--          signal_price  the price at which the signal was given; null if not logged.
--          fair       the model's value, as logged with it; null if not.
--          markets_scanned  how many markets a scan looked at; null if not logged.
--          opportunities  how many of them were worth a trade; null if not logged.
--          duration_ms  how long it took, in milliseconds; null if not logged.
-- Fields:  action text, predicted_action text, recommendation text, model text, model_name text,
--          confidence float, rl_confidence float, model_confidence float, signal_confidence float,
--          strength float, signal_strength float, score float, signalprice float,
--          signal_price float, markets_scanned float, symbols_scanned float, scanned float,
--          opportunities float, opportunities_found float, candidates float, duration_ms float,
--          elapsed_ms float
-- Needs:   signal or scan or model.action or model.confidence
-- Reads:   windowed.
-- Source:  polybot's signals_total{strategy, action} and scans_total{strategy}; the catalyst guide's
--          rl_confidence{model_name} and rl_predictions_total{model_name, action}.
-- Omits:   model lines that only tell a fair value; see model_age.

with lines as (
    select distinct
        ts,
        bot,
        run_id,
        strategy,
        market,
        kind,
        event,
        message,
        coalesce(model_name, model) as model,
        lower(coalesce(action, predicted_action, recommendation, side)) as action,
        lower(side) as side,
        coalesce(confidence, rl_confidence, model_confidence, signal_confidence) as confidence,
        coalesce(strength, signal_strength, score) as strength,
        coalesce(signalprice, signal_price, price) as signal_price,
        fair,
        coalesce(markets_scanned, symbols_scanned, scanned) as markets_scanned,
        coalesce(opportunities, opportunities_found, candidates) as opportunities,
        coalesce(duration_ms, elapsed_ms, latency_ms) as duration_ms
    from events
    where kind in ('signal', 'scan')
        or (
            kind = 'model'
            and (
                coalesce(action, predicted_action, recommendation) is not null
                or coalesce(confidence, rl_confidence, model_confidence) is not null
            )
        )
)

select
    ts,
    bot,
    run_id,
    strategy,
    market,
    kind,
    model,
    action,
    case
        when coalesce(side, action) in ('buy', 'long', 'yes') then 1
        when coalesce(side, action) in ('sell', 'short', 'no') then -1
    end as sign,
    confidence,
    strength,
    signal_price,
    fair,
    try_cast(markets_scanned as bigint) as markets_scanned,
    try_cast(opportunities as bigint) as opportunities,
    duration_ms
from lines
