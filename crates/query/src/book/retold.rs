//! Fills that are told again by a line that does not say of which order they are, or in which run.
//!
//! A handler that hears of trades knows their ids, and often nothing of orders. Its lines would be a
//! key of their own, and so the fill would be there twice. They are read as lines about the order
//! one of whose fills has the trade's id.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use datafusion::common::Result;
use fillwatch_trading::order::{is_other_market, is_other_side};

use super::records::{Place, Records, Told, Trade};

/// The lines that are about the order of another.
#[derive(Debug, Default)]
pub(super) struct Retold {
    /// Such a line, and one about the order that it is about.
    home: HashMap<Place, Place, foldhash::fast::RandomState>,
    /// The same lines, by the part that the order is in.
    into: Vec<Vec<Place>>,
}

/// What the lines about an order say of it.
#[derive(Clone, Debug, Default)]
struct About<'a> {
    market: Option<Cow<'a, str>>,
    side: Option<Cow<'a, str>>,
}

impl Retold {
    /// Of all `records`, each in so many parts.
    pub(super) fn of(records: &[Records], parts: usize) -> Result<Retold> {
        let mut retold = Retold { home: HashMap::default(), into: vec![Vec::new(); parts] };
        let has = |kind: fn(&Records) -> bool| records.iter().any(kind);
        let (in_orders, in_runs) =
            (has(Records::has_fills_of_orders), has(Records::has_fills_in_runs));
        let mut bare: HashMap<Trade<'_>, Vec<Place>> = HashMap::new();
        for (stream, told) in records.iter().enumerate().filter(|_| in_orders) {
            for place in told.bare_fills(stream) {
                let is_of_order = told.key(place).order_id.is_some();
                if let Some(trade) = told.trade(place).filter(|_| in_runs || !is_of_order) {
                    bare.entry(trade).or_default().push(place);
                }
            }
        }
        if bare.is_empty() {
            return Ok(retold);
        }
        let mut whole: HashMap<Trade<'_>, Vec<Place>> = HashMap::new();
        for (stream, told) in records.iter().enumerate() {
            for place in told.places(stream) {
                if let Some(trade) = told.trade(place)
                    && told.key(place).order_id.is_some()
                    && bare.contains_key(&trade)
                {
                    whole.entry(trade).or_default().push(place);
                }
            }
        }
        let about = about(records, whole.values().flatten())?;
        // Those without a run first: a line without an order is about what they are about.
        for of_order in [true, false] {
            for (trade, lines) in &bare {
                let Some(whole) = whole.get(trade) else { continue };
                let of = |place: &Place| records[place.stream()].key(*place).order_id.is_some();
                for line in lines.iter().filter(|line| of(line) == of_order) {
                    if let Some(home) = retold.home_of(records, &about, *line, whole) {
                        retold.home.insert(*line, home);
                        retold.into[home.part()].push(*line);
                    }
                }
            }
        }
        Ok(retold)
    }

    /// The best of `whole` that tells the same fill as `line`: of its own run, else of any.
    fn home_of(
        &self,
        records: &[Records],
        about: &HashMap<u64, About<'_>>,
        line: Place,
        whole: &[Place],
    ) -> Option<Place> {
        let key = |place: Place| records[place.stream()].key(place);
        let own = key(line);
        let (market, side) = records[line.stream()].market_and_side(line);
        let is_home = |place: &Place| {
            let other = key(*place);
            let knows_more = own.order_id.is_none()
                || (own.order_id == other.order_id && other.run_id.is_some());
            let told = &records[place.stream()];
            let (its_market, its_side) = told.market_and_side(*place);
            let about = about.get(&told.hash(*place));
            let its_market = its_market.or(about.and_then(|about| about.market.as_deref()));
            let its_side = its_side.or(about.and_then(|about| about.side.as_deref()));
            knows_more
                && !self.home.contains_key(place)
                && !is_other_market(market, its_market)
                && !is_other_side(side, its_side)
        };
        whole.iter().copied().filter(is_home).min_by_key(|place| {
            let other = key(*place);
            let at = |place: Place| records[place.stream()].ts(place);
            let apart = at(*place).abs_diff(at(line));
            (
                other.run_id != own.run_id,
                other.run_id.is_none(),
                apart,
                other.order_id,
                other.run_id,
            )
        })
    }

    /// A line about the order that the line at `place` is about.
    pub(super) fn home(&self, place: Place) -> Place {
        self.home.get(&place).copied().unwrap_or(place)
    }

    /// Whether the line is about an order that it does not name.
    pub(super) fn has(&self, place: Place) -> bool {
        self.home.contains_key(&place)
    }

    /// Those that are about an order in `part`.
    pub(super) fn into(&self, part: usize) -> &[Place] {
        &self.into[part]
    }
}

/// What is told of the orders of `places`, by the hashes of their keys.
fn about<'a, 'p>(
    records: &'a [Records],
    places: impl Iterator<Item = &'p Place>,
) -> Result<HashMap<u64, About<'a>>> {
    let wanted: HashSet<u64> = places.map(|place| records[place.stream()].hash(*place)).collect();
    let mut about: HashMap<u64, About<'a>> = HashMap::new();
    for (stream, told) in records.iter().enumerate() {
        for place in told.places(stream) {
            let hash = told.hash(place);
            if !wanted.contains(&hash) {
                continue;
            }
            let known = about.entry(hash).or_default();
            if known.market.is_some() && known.side.is_some() {
                continue;
            }
            let (market, side) = match told.told(place)? {
                Told::Line(line) => (line.market.map(Cow::Borrowed), line.side.map(Cow::Borrowed)),
                Told::Opening(order) => (order.market, order.side),
            };
            known.market = known.market.take().or(market);
            known.side = known.side.take().or(side);
        }
    }
    Ok(about)
}
