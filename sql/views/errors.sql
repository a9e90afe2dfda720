-- What failed, and where.
--
-- Grain:   one row per line that tells of an error: of kind error, or of another at level error or
--          critical; a line that is there twice is one.
-- Columns: ts         when it was logged.
--          bot, run_id, strategy, market  whose, and of what; null where the line does not say.
--          component  which part of the bot: the log's component, else its module, else its logger;
--                     null if it names none.
--          error_type  the log's word for it, else the class of the exception, else the event.
--          level      `error`, `critical` or what else an error was logged at; null if the log has
--                     none.
--          kind       the kind of line: `error`, or `api_call`, `ws` and others that are logged at
--                     level error.
--          event      the log's own word for the line; null if it has none.
--          message    the line's message, else the error's, else the event; null if there is none.
--          detail     what the error says beside the message; null if nothing.
--          status_code  the HTTP or venue code; null if not logged.
--          exception  the stack trace as logged; null if there is none.
-- Fields:  component text, subsystem text, module text, error_type text, err_type text,
--          exc_type text, exception_type text, exception_class text, error text,
--          error_message text, err_message text, err text, reason text, exception text,
--          exc_info text, stack_trace text, stacktrace text, traceback text, err_stack text
-- Needs:   error or any.exception
-- Reads:   windowed. Errors in a second: `count(*) / extract(epoch from $to - $from)`, or
--          error_rates by minute.
-- Source:  the catalyst guide's errors_total{error_type, component}.
-- Omits:   rejections, halts and breaches of a limit, at whatever level: they have views of their
--          own; and failed calls at a lower level, which are in api_errors.

with lines as (
    select distinct
        ts,
        bot,
        run_id,
        strategy,
        market,
        order_id,
        logger,
        coalesce(component, subsystem, module) as part,
        coalesce(error_type, err_type, exc_type, exception_type, exception_class) as named_type,
        level,
        kind,
        event,
        message,
        coalesce(error, error_message, err_message, err, reason) as cause,
        status_code,
        coalesce(exception, exc_info, stack_trace, stacktrace, traceback, err_stack) as exception
    from events
    where kind = 'error'
        or (
            level in ('error', 'critical')
            and kind not in ('order_rejected', 'halt', 'limit_breach')
        )
)

select
    ts,
    bot,
    run_id,
    strategy,
    market,
    coalesce(part, logger) as component,
    coalesce(
        named_type,
        -- The first line of a Java trace, the last of a Python one.
        regexp_match(
            exception,
            '(?m)^(?:[\w$]+\.)*([\w$]*(?:Error|Exception|Timeout|Interrupt|Exit|Warning))(?::.*)?$'
        )[1],
        event
    ) as error_type,
    level,
    kind,
    event,
    coalesce(message, cause, event) as message,
    case when message is not null then cause end as detail,
    status_code,
    exception
from lines
