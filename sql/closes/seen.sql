-- When each strategy of each bot was first and last seen doing each kind of thing.
select
    bot,
    strategy,
    kind,
    first_at,
    last_at,
    events,
    reason as state
from seen
