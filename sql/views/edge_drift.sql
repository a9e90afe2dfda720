-- Whether fills make the edge that their orders expected, and how sure that is.
--
-- Grain:   one row per bot and strategy with a fill in the window whose realised and expected edge
--          are both known.
-- Columns: bot, strategy  whose.
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
-- Reads:   windowed, through edge_drift_scopes, which also has each bot as a whole.
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

select
    bot,
    strategy,
    fills,
    contracts,
    markets,
    expected_edge,
    realized_edge,
    drift,
    drift_per_contract,
    drift_vs_expected,
    sd,
    clustered_by,
    clusters,
    drift_sigma,
    ci_low,
    ci_high,
    first_at,
    last_at
from edge_drift_scopes
where scope = 'strategy'
