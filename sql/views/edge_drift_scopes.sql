-- Whether fills make the edge that their orders expected, and how sure that is: for each strategy
-- and for each bot.
--
-- Grain:   one row per bot and strategy with a fill in the window whose realised and expected edge
--          are both known, and one per bot for all of its strategies together.
-- Columns: scope      strategy, or bot for all of a bot's strategies.
--          bot, strategy  whose; strategy is null for all of them, and where the log names none.
--          fills      such fills.
--          contracts  their size in all.
--          markets    different markets among them.
--          expected_edge  Σ expected edge per contract when its order was placed × contracts, in
--                     the account's currency.
--          realized_edge  Σ (fair - fill_price) × sign × size.
--          drift      realized_edge - expected_edge: negative is worse than expected.
--          drift_per_contract  drift / contracts.
--          drift_vs_expected  drift / |expected_edge|: -0.25 where a quarter of what was expected
--                     did not come. Null where nothing was expected.
--          sd         standard deviation of drift: how far the sum of so many deviations d =
--                     realised - expected lies from its mean by chance alone. Null for fewer than
--                     two clusters, and where the d do not differ at all.
--          clustered_by  what the clusters are. market: fills of one market may move together,
--                     those of different markets are independent. fill: there is one market only,
--                     and its fills are taken as independent, which makes sd too small where they
--                     are not.
--          clusters   how many: markets, or fills.
--          drift_sigma  drift / sd: how many standard deviations the fills are above (positive) or
--                     below (negative) what was expected. Null without an sd, below 20 fills, and
--                     for two markets: so few say nothing of how far they scatter. The more fills,
--                     the smaller the shortfall that makes 3 of them: drift_vs_expected says
--                     whether it matters.
--          ci_low, ci_high  95 % interval of drift: drift ± t × sd, with t the 97.5 % quantile of
--                     Student's distribution with clusters - 1 degrees of freedom, wide for few
--                     markets. Null where drift_sigma is.
--          first_at, last_at  of those fills.
-- Needs:   fill.fill_price; fill.fill_size or order_placed.size; fill.side or order_placed.side;
--          order_placed.fair; order_placed.price
-- Reads:   windowed.
-- Source:  the kalshi monitor: expected edge per contract × contracts filled against what came,
--          looked into at 2 to 3 σ over a meaningful sample. sd is the cluster-robust one known as
--          CR1 (Liang and Zeger 1986; the factor G/(G - 1) as in Cameron and Miller 2015) of a mean
--          d̄ of N deviations in G clusters, times N: sd² = G/(G - 1) × Σ (D - n × d̄)² over the
--          clusters, where D is the sum of a cluster's d and n their number. With clusters of one
--          fill it is N times the variance of d. It is too small where clusters are few (Cameron,
--          Gelbach and Miller 2008), hence the quantiles of Student with G - 1 degrees, as Cameron
--          and Miller have them; the minimum of 20 fills and 3 markets is ours.
-- Omits:   fills without a fair value or of orders without a price: where there is no expectation,
--          nothing drifts from it.

with deviations as (
    select
        bot,
        strategy,
        market,
        ts,
        fill_size,
        edge as realized,
        expected_edge * fill_size as expected,
        edge - expected_edge * fill_size as deviation
    from fills
    where edge is not null and expected_edge is not null
),

clusters as (
    select
        case when grouping(strategy) = 0 then 'strategy' else 'bot' end as scope,
        bot,
        strategy,
        market,
        count(*) as fills,
        sum(fill_size) as contracts,
        sum(expected) as expected,
        sum(realized) as realized,
        sum(deviation) as deviation,
        var_samp(deviation) as variance,
        sum(abs(expected) + abs(realized)) as scale,
        min(ts) as first_at,
        max(ts) as last_at
    from deviations
    group by grouping sets ((bot, strategy, market), (bot, market))
),

centred as (
    select
        *,
        deviation - fills * sum(deviation) over whole / sum(fills) over whole as residual
    from clusters
    window whole as (partition by scope, bot, strategy)
),

summed as (
    select
        scope,
        bot,
        strategy,
        sum(fills) as fills,
        finite(sum(contracts)) as contracts,
        count(*) as markets,
        finite(sum(expected)) as expected_edge,
        finite(sum(realized)) as realized_edge,
        finite(sum(deviation)) as drift,
        sum(scale) as scale,
        case
            when count(*) > 1
                then sqrt(sum(residual * residual) * count(*) / (count(*) - 1))
            when sum(fills) > 1 then sqrt(sum(fills) * max(variance))
        end as spread,
        case when count(*) > 1 then 'market' when sum(fills) > 1 then 'fill' end as clustered_by,
        case when count(*) > 1 then count(*) else sum(fills) end as clusters,
        min(first_at) as first_at,
        max(last_at) as last_at
    from centred
    group by scope, bot, strategy
),

-- What rounding leaves of deviations that are all the same is no spread.
judged as (
    select
        *,
        case when spread > 1e-9 * scale then finite(spread) end as sd,
        fills >= 20 and (clustered_by = 'fill' or clusters >= 3) as is_enough,
        cast(nullif(clusters - 1, 0) as double) as df
    from summed
),

-- The quantile by its expansion in 1/df (Abramowitz and Stegun 26.7.5), whose first three terms are
-- right to 0.0002 from 10 degrees on; those below are written out.
quantiles as (
    select
        *,
        case df
            when 2 then 4.3027
            when 3 then 3.1824
            when 4 then 2.7764
            when 5 then 2.5706
            when 6 then 2.4469
            when 7 then 2.3646
            when 8 then 2.3060
            when 9 then 2.2622
            else 1.959964 + 2.372271 / df + 2.822499 / (df * df) + 2.555850 / (df * df * df)
        end as t
    from judged
)

select
    scope,
    bot,
    strategy,
    fills,
    contracts,
    markets,
    expected_edge,
    realized_edge,
    drift,
    finite(drift / nullif(contracts, 0)) as drift_per_contract,
    finite(drift / nullif(abs(expected_edge), 0)) as drift_vs_expected,
    sd,
    clustered_by,
    clusters,
    case when is_enough then finite(drift / sd) end as drift_sigma,
    case when is_enough then finite(drift - t * sd) end as ci_low,
    case when is_enough then finite(drift + t * sd) end as ci_high,
    first_at,
    last_at
from quantiles
