-- The orders that lines after the close may still be about: the open ones, and those closed so
-- shortly before that a line repeated or late may name them.
select
    bot,
    run_id,
    order_id,
    strategy,
    market,
    side,
    sign,
    price,
    size,
    fair,
    placed_at,
    acked_at,
    placement_latency_ms,
    first_fill_at,
    last_fill_at,
    time_to_fill_ms,
    fill_count,
    filled_size,
    avg_fill_price,
    fee,
    status,
    closed_at,
    reject_code,
    reject_reason,
    first_at,
    last_at,
    state
from order_book
where keep
