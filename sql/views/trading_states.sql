-- Every line that says whether a bot trades or has been stopped, and whether it is alive.
--
-- Grain:   one row per such line: a halt, the end of one, a start, and each status that tells; a
--          line that is there twice is one.
-- Columns: ts         when it was said.
--          bot, strategy  of whom; strategy is null where the line names none.
--          about      `trading` or `alive`: what the line is about.
--          stopped    true: trading is stopped, or the bot is not alive. False: it goes on.
--          kind       the kind of line: `halt` and `log` for the event itself, any other for a
--                     status.
--          event      the log's own word for it; null for a status without one.
--          reason     as logged, else the message of a halt; null if none is logged.
--          drawdown   as logged with it, sign and unit the bot's own; null if it is not.
-- Fields:  riskstate_halted bool, risk_state_halted bool, risk_halted bool, halted bool,
--          is_halted bool, trading_halted bool, kill_switch_active bool,
--          alive bool, reason text, halt_reason text, riskstate_reason text, drawdown float,
--          riskstate_drawdown float, risk_state_drawdown float
-- Needs:   halt or equity.riskstate_halted or any.halted or any.alive
-- Reads:   windowed.
-- Source:  qkt's riskState.halted; the catalyst guide's kill switch; the purpleflea guide's alive.
-- Omits:   what a bot is said to be by others; a bot that says nothing is in last_seen.

with lines as (
    select distinct
        ts,
        bot,
        strategy,
        kind,
        event,
        message,
        coalesce(
            riskstate_halted, risk_state_halted, risk_halted, halted, is_halted, trading_halted,
            kill_switch_active
        ) as halted,
        alive,
        coalesce(reason, halt_reason, riskstate_reason) as reason,
        coalesce(drawdown, riskstate_drawdown, risk_state_drawdown) as drawdown,
        lower(concat_ws(' ', event, message)) as words
    from events
    where kind in ('halt', 'log', 'equity', 'heartbeat', 'system', 'position', 'pnl')
),

-- "Kill switch deactivated" is of kind halt too, and "Trading resumed" of none.
judged as (
    select
        *,
        case
            when halted is not null then halted
            when kind not in ('halt', 'log') then null
            when regexp_like(
                words,
                '(kill[ _]switch|circuit[ _]breaker|halt|pause)[ _](is |was |has been )?'
                    || '(deactivated|disengaged|released|reset|lifted|cleared|over|off)'
            ) then false
            when regexp_like(
                words,
                '^(trading|bot|strategy|agent|engine)[ _](is |was |has )?'
                    || '(resumed|unhalted|unpaused|restarted|started|re-?enabled)'
            ) then false
            when kind = 'halt' then true
        end as stopped
    from lines
)

select
    ts,
    bot,
    strategy,
    'trading' as about,
    stopped,
    kind,
    event,
    coalesce(reason, case when kind = 'halt' then message end) as reason,
    drawdown
from judged
where stopped is not null
union all
select
    ts,
    bot,
    strategy,
    'alive' as about,
    not alive as stopped,
    kind,
    event,
    reason,
    drawdown
from judged
where alive is not null
