-- The last fair value of each model, since when it is the same, and when it was last heard of.
select
    bot,
    strategy,
    market,
    fair,
    fair_since,
    last_at
from model_age
