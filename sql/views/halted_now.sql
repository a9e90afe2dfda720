-- Whether each bot's trading is stopped.
--
-- Grain:   one row per bot and strategy that has ever said whether it trades.
-- Columns: bot, strategy  whose trading; strategy is null where the log names none.
--          is_halted  true if the last line about it says that trading is stopped. A line that
--                     names no strategy and says that trading goes on holds for all of the bot's.
--          reason     the last reason given since trading last went on; null if none was, and where
--                     trading goes on.
--          halted_at  the last time that a line said it is stopped; null if none ever did.
--          running_at  the last time that a line said it is not; null if none ever did.
--          age_s      seconds from the later of the two to $now.
-- Needs:   halt or equity.riskstate_halted or any.halted or log from a line that trading began
-- Reads:   carried: a halt is sticky, and a bot that is stopped may say so once and no more.
-- Source:  qkt: "a halt fired and is sticky", it needs an operator's review.
-- Omits:   `alive`, which says nothing of trading.

with told as (
    select
        bot,
        strategy,
        max(last_at) filter (where kind = 'halted') as halted_at,
        max(last_at) filter (where kind = 'running') as running_at,
        max(last_at) filter (where kind = 'halt_reason') as reason_at,
        max(reason) as reason
    from seen
    where kind in ('halted', 'halt_reason', 'running')
    group by bot, strategy
),

with_bot as (
    select
        bot,
        strategy,
        halted_at,
        reason_at,
        reason,
        greatest(
            running_at,
            max(case when strategy is null then running_at end) over (partition by bot)
        ) as running_at
    from told
)

select
    bot,
    strategy,
    coalesce(halted_at >= running_at, halted_at is not null) as is_halted,
    case
        when coalesce(halted_at >= running_at, true) and coalesce(reason_at >= running_at, true)
            then reason
    end as reason,
    halted_at,
    running_at,
    extract(epoch from $now - greatest(halted_at, running_at)) as age_s
from with_bot
