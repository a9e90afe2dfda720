-- The times that trading was stopped, or that a bot was not alive.
--
-- Grain:   one row per halt: from the first line in the window that says so to the first after it
--          that says otherwise, of the same bot and strategy.
-- Columns: ts         the first line that says so.
--          bot, strategy  whose trading; strategy is null where the log names none.
--          about      `trading`: a halt, a kill switch, riskState.halted. `alive`: the bot could
--                     not be reached.
--          reason     the first reason given for it; null if none was.
--          drawdown   the first drawdown logged with it, sign and unit the bot's own; null if none.
--          lines      how many lines say so.
--          ended_at   the first line that says that it is over; null while none does.
--          stopped_s  seconds from ts to ended_at, or to $now.
-- Needs:   halt or equity.riskstate_halted from a stop or any.halted from a stop or any.alive
--          from a stop
-- Reads:   windowed: a halt that lasted when the window began starts with the first line in it that
--          says so. Whether trading is stopped now, whenever that was said, see halted_now.
-- Source:  qkt's P1 `riskState.halted == true`; the catalyst guide's kill switch; the purpleflea
--          guide's Agent Unreachable.
-- Omits:   bots that stopped without saying so.

with starts as (
    select
        *,
        case
            when stopped is distinct from lag(stopped) over told then 1
            else 0
        end as is_change
    from trading_states
    window told as (
        partition by bot, strategy, about
        order by ts, stopped, kind, event, reason, drawdown
    )
),

runs as (
    select
        *,
        sum(is_change) over (
            partition by bot, strategy, about
            order by ts, stopped, kind, event, reason, drawdown
        ) as run
    from starts
),

spans as (
    select
        bot,
        strategy,
        about,
        run,
        stopped,
        min(ts) as ts,
        first_value(reason order by ts, reason) filter (where reason is not null) as reason,
        first_value(drawdown order by ts, drawdown) filter (where drawdown is not null) as drawdown,
        count(*) as lines
    from runs
    group by bot, strategy, about, run, stopped
),

ends as (
    select
        *,
        lead(ts) over (partition by bot, strategy, about order by run) as ended_at
    from spans
)

select
    ts,
    bot,
    strategy,
    about,
    reason,
    drawdown,
    lines,
    ended_at,
    extract(epoch from coalesce(ended_at, $now) - ts) as stopped_s
from ends
where stopped
