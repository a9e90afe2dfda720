-- The last mid of each market.
select
    bot,
    market,
    mid,
    last_at
from marks
