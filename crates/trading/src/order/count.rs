//! Counting a fill once: the rules in the documentation of [`order`](super).

use std::borrow::Cow;

use super::fill::{Amendment, Fill};
use super::line::{Line, LineKind, is_other_market, is_other_side};
use super::state::Order;
use super::told::{Pieces, Told, bit};
use super::{RETELLABLE_FILLS, RETOLD_WITHIN, SIZE_TOLERANCE, same, tidy};

/// An order, and where its fills go.
pub(super) struct Counter<'f, 'a> {
    pub(super) order: &'f mut Order<'a>,
    pub(super) fills: &'f mut Vec<Fill<'a>>,
    pub(super) amended: &'f mut Vec<Amendment>,
    /// Which order it is.
    pub(super) index: usize,
    /// Where in `fills` its own begin.
    pub(super) base: usize,
    /// The number of the first of those.
    pub(super) first: u64,
}

/// What a line that tells a fill is.
enum Verdict {
    /// A fill of this size, or of one unknown; from a running total or not.
    Count { size: Option<f64>, from_total: bool },
    /// Known already: this one of the fills that are remembered.
    Retells(usize),
    /// Known already: a part of this one.
    Piece(usize, f64),
    /// Known already: all of them together.
    Sums,
    /// Known already, and nothing is learnt from it.
    Nothing,
}

impl<'a> Counter<'_, 'a> {
    /// Takes a line that tells a fill.
    pub(super) fn fill(&mut self, line: &Line<'a>) {
        let word = self.word(line.event);
        let line = &self.with_own_size(line, word);
        let verdict = self.judge(line, word);
        match verdict {
            Verdict::Count { size, from_total } => self.count(line, word, size, from_total),
            Verdict::Retells(at) => self.retell(line, word, at),
            Verdict::Piece(at, size) => self.piece(line, word, at, size),
            Verdict::Sums => self.sum(line, word),
            Verdict::Nothing => {}
        }
        if let Some(id) = line.trade_id {
            self.order.trade_ids.add(id);
        }
    }

    /// Takes the running total on a line that tells something else.
    pub(super) fn total(&mut self, line: &Line<'a>) {
        let Some(total) = line.cumulative else { return };
        let possible = self.order.size.is_none_or(|size| total <= size * (1.0 + SIZE_TOLERANCE));
        let size = self.above(total);
        if possible && size > 0.0 {
            let word = self.word(line.event);
            self.count(line, word, Some(size), true);
            self.order.filled_size = total;
        }
    }

    /// Gives the fill that takes the rest its size, once the order has one.
    pub(super) fn fill_rest(&mut self) {
        let Some(size) = self.order.size else { return };
        let Some(at) = self.order.told.iter().position(|told| told.is_rest) else { return };
        self.order.told[at].is_rest = false;
        let rest = self.above(size);
        if rest > 0.0 {
            self.set_size(at, rest, None);
        }
    }

    /// The line, with what it calls a running total as its size, where that is what it means.
    fn with_own_size(&mut self, line: &Line<'a>, word: usize) -> Line<'a> {
        let own = line.cumulative.filter(|total| self.is_own_size(line, word, *total));
        if own.is_none() {
            return *line;
        }
        self.order.own_sizes |= bit(word);
        // Nor is its price the mean of more than that fill.
        let fill_price = line.fill_price.or(line.average);
        Line { fill_size: own, cumulative: None, fill_price, average: None, ..*line }
    }

    /// Whether the running total `total` is how much this very fill filled. A total that stays where
    /// it is, or falls, is none.
    fn is_own_size(&self, line: &Line<'_>, word: usize, total: f64) -> bool {
        let order = &*self.order;
        let is_fill = line.kind == LineKind::Fill && line.fill_size.is_none();
        if order.own_sizes & bit(word) != 0 {
            // Unless it is a total after all, and one that fell had come late.
            return is_fill && !self.is_too_much(total);
        }
        if !is_fill || total == 0.0 {
            return false;
        }
        let is_same = same(total, order.filled_size);
        if order.fill_count == 0 || (total > order.filled_size && !is_same) {
            return false;
        }
        let is_new = line.trade_id.is_some_and(|id| !order.trade_ids.has(id))
            && !order.told.iter().any(|told| is_by_another(told, line, word));
        // What another word told a while ago may be late, and what would be more than was ordered
        // is.
        let falls = !is_same
            && !self.is_too_much(total)
            && order.told.iter().any(|told| told.words & bit(word) != 0)
            && line.trade_id.is_none_or(|id| !order.trade_ids.has(id));
        is_new || falls
    }

    fn judge(&self, line: &Line<'_>, word: usize) -> Verdict {
        let order = &*self.order;
        let size = line.fill_size.filter(|size| *size > 0.0);
        if let Some(id) = line.trade_id
            && order.trade_ids.has(id)
        {
            let has_id = |told: &&Told<'_>| told.trade_id.as_deref() == Some(id);
            let is_it = |told: &Told<'_>| has_id(&told) && !self.contradicts(told, line);
            if let Some(at) = order.told.iter().position(is_it) {
                return Verdict::Retells(at);
            }
            // Of those that are forgotten only the id is known.
            return match size.or(line.cumulative) {
                Some(size) if order.told.iter().any(|told| has_id(&told)) => {
                    Verdict::Count { size: Some(size), from_total: false }
                }
                _ => Verdict::Nothing,
            };
        }
        match (size, self.running_total(line)) {
            (Some(size), None) => self.judge_size(line, word, size),
            (Some(size), Some(_)) if line.trade_id.is_some() => self.judge_size(line, word, size),
            (_, Some(total)) => self.judge_total(line, word, total),
            (None, None) if line.fill_size.is_some() => Verdict::Nothing,
            (None, None) => self.judge_rest(line, word),
        }
    }

    /// How much of the order is filled, as the line says.
    fn running_total(&self, line: &Line<'_>) -> Option<f64> {
        let left = || Some(tidy((self.order.size? - line.remaining?).max(0.0)));
        // Less than this very fill is another figure.
        let possible =
            |total: &f64| line.fill_size.is_none_or(|size| *total >= size * (1.0 - SIZE_TOLERANCE));
        line.cumulative.filter(possible).or_else(|| left().filter(possible))
    }

    fn judge_size(&self, line: &Line<'_>, word: usize, size: f64) -> Verdict {
        let order = &*self.order;
        let too_much = self.is_too_much(size);
        if let Some(at) = self.told_before(line, word, Some(size), too_much) {
            return Verdict::Retells(at);
        }
        let by_another = order.told.iter().any(|told| told.words & bit(word) == 0);
        if too_much && by_another {
            let is_new_word = order.told.iter().all(|told| told.words & bit(word) == 0);
            let rest = match order.size {
                Some(ordered) if !is_new_word => self.above(ordered).min(size),
                _ => self.above(size),
            };
            return match () {
                () if rest > 0.0 => Verdict::Count { size: Some(rest), from_total: is_new_word },
                () if same(size, order.filled_size) && order.fill_count > 1 => Verdict::Sums,
                () => match self.whole_of(line, word, size, true) {
                    Some(at) => Verdict::Piece(at, size),
                    None => Verdict::Nothing,
                },
            };
        }
        if let Some(at) = self.whole_of(line, word, size, false) {
            return Verdict::Piece(at, size);
        }
        let last_at = order.last_fill_at.unwrap_or(i64::MIN);
        let is_sum = order.fill_count > 1
            && by_another
            && self.trusted_size().is_none()
            && (completes(line) || line.ts.saturating_sub(last_at) <= RETOLD_WITHIN)
            && same(size, order.filled_size);
        match () {
            () if is_sum => Verdict::Sums,
            () if self.is_summary(line, word) => {
                let rest = self.above(size);
                let size = if rest > 0.0 { rest } else { size };
                Verdict::Count { size: Some(size), from_total: true }
            }
            () => Verdict::Count { size: Some(size), from_total: false },
        }
    }

    /// Whether the line's size is that of an order of which nobody knows it: its word says *filled*,
    /// is new, and none before it says *partial*.
    fn is_summary(&self, line: &Line<'_>, word: usize) -> bool {
        let order = &*self.order;
        order.size.is_none()
            && completes(line)
            && order.told.iter().all(|told| told.words & bit(word) == 0)
            && !order.words.iter().any(|word| is_partial(Some(word)))
    }

    fn judge_total(&self, line: &Line<'_>, word: usize, total: f64) -> Verdict {
        let size = self.above(total);
        if size > 0.0 {
            let unsized_one =
                |told: &Told<'_>| told.size.is_none() && self.may_retell(told, line, word);
            if let Some(at) = self.order.told.iter().position(unsized_one) {
                return Verdict::Retells(at);
            }
            let exact = line.fill_size.filter(|own| same(*own, size));
            return Verdict::Count { size: exact.or(Some(size)), from_total: exact.is_none() };
        }
        if let Some(own) = line.fill_size
            && let Some(at) = self.told_before(line, word, Some(own), true)
        {
            return Verdict::Retells(at);
        }
        match () {
            () if !same(total, self.order.filled_size) => Verdict::Nothing,
            () if self.order.fill_count == 1 && !self.order.told.is_empty() => Verdict::Retells(0),
            () => Verdict::Sums,
        }
    }

    fn judge_rest(&self, line: &Line<'_>, word: usize) -> Verdict {
        let is_partial = is_partial(line.event);
        if let Some(size) = self.trusted_size()
            && !is_partial
        {
            let rest = self.above(size);
            if rest > 0.0 {
                return Verdict::Count { size: Some(rest), from_total: false };
            }
            return match self.order.told.len() {
                1 => Verdict::Retells(0),
                _ => Verdict::Sums,
            };
        }
        match self.told_before(line, word, None, false) {
            Some(at) => Verdict::Retells(at),
            None => Verdict::Count { size: None, from_total: false },
        }
    }

    /// The first of the last fills that the line tells again: by another word, with the same size
    /// and price.
    fn told_before(
        &self,
        line: &Line<'_>,
        word: usize,
        size: Option<f64>,
        too_much: bool,
    ) -> Option<usize> {
        self.order.told.iter().position(|told| {
            let (known, both) = match (told.size, size) {
                (Some(told), Some(size)) => (same(told, size), true),
                _ => (true, false),
            };
            let near = near(told, line) && !self.are_parts(told, line);
            known
                && is_by_another(told, line, word)
                && (told.from_total || is_price_same(told, line))
                && (near || (both && too_much))
        })
    }

    /// The first of the last fills that the line may be a piece of.
    fn whole_of(&self, line: &Line<'_>, word: usize, size: f64, too_much: bool) -> Option<usize> {
        self.order.told.iter().position(|told| {
            let Some(whole) = told.size else { return false };
            let told_in_pieces = match &told.pieces {
                Some(pieces) if pieces.word == word => pieces.size,
                _ => 0.0,
            };
            is_by_another(told, line, word)
                && size <= (whole - told_in_pieces) * (1.0 + SIZE_TOLERANCE)
                && (too_much || (told.from_total && near(told, line)))
        })
    }

    /// Whether the line is of another market or side than the fill, as far as the line and the fill,
    /// or else its order, say. Venues number trades by market.
    fn contradicts(&self, told: &Told<'_>, line: &Line<'_>) -> bool {
        let market = told.market.as_deref().or(self.order.market.as_deref());
        let side = told.side.as_deref().or(self.order.side.as_deref());
        is_other_market(market, line.market) || is_other_side(side, line.side)
    }

    fn may_retell(&self, told: &Told<'_>, line: &Line<'_>, word: usize) -> bool {
        is_by_another(told, line, word) && is_price_same(told, line) && near(told, line)
    }

    /// Whether the two words tell the parts of an order and its last part.
    fn are_parts(&self, told: &Told<'_>, line: &Line<'_>) -> bool {
        let word = self.order.words.get(told.word).map(|word| &**word);
        is_partial(word) != is_partial(line.event)
    }

    fn is_too_much(&self, size: f64) -> bool {
        let ordered = self.trusted_size();
        ordered
            .is_some_and(|ordered| self.order.filled_size + size > ordered * (1.0 + SIZE_TOLERANCE))
    }

    /// The order's size, unless more than it is filled.
    fn trusted_size(&self) -> Option<f64> {
        let filled = self.order.filled_size;
        self.order.size.filter(|size| filled <= size * (1.0 + SIZE_TOLERANCE))
    }

    /// How much `total` is above what is filled; 0 if it is not.
    fn above(&self, total: f64) -> f64 {
        let filled = self.order.filled_size;
        if same(total, filled) { 0.0 } else { tidy(total - filled).max(0.0) }
    }

    fn word(&mut self, event: Option<&'a str>) -> usize {
        let event = event.unwrap_or_default();
        let words = &mut self.order.words;
        let known = words.iter().position(|word| word == event);
        known.unwrap_or_else(|| {
            if words.len() < u64::BITS as usize {
                words.push(Cow::Borrowed(event));
            }
            words.len() - 1
        })
    }

    fn count(&mut self, line: &Line<'a>, word: usize, size: Option<f64>, from_total: bool) {
        let price = line.fill_price.or_else(|| self.price_by_average(line, size));
        let order = &mut *self.order;
        order.fill_count += 1;
        order.first_fill_at = order.first_fill_at.or(Some(line.ts));
        order.last_fill_at = order.last_fill_at.max(Some(line.ts));
        let is_rest = size.is_none() && !is_partial(line.event);
        order.told_complete |= is_rest || completes(line);
        let is_other_market = is_other_market(order.market.as_deref(), line.market);
        let is_other_side = is_other_side(order.side.as_deref(), line.side);
        order.told.push_back(Told {
            number: order.fill_count,
            ts: line.ts,
            price: None,
            size: None,
            fee: None,
            trade_id: line.trade_id.map(Cow::Borrowed),
            market: line.market.filter(|_| is_other_market).map(Cow::Borrowed),
            side: line.side.filter(|_| is_other_side).map(Cow::Borrowed),
            word,
            words: bit(word),
            from_total,
            is_rest: is_rest && order.size.is_none(),
            pieces: None,
        });
        if order.told.len() > RETELLABLE_FILLS {
            order.told.pop_front();
        }
        let at = order.told.len() - 1;
        let mut fill = Fill::of(line);
        fill.order = Some(self.index);
        fill.fill_number = order.fill_count;
        fill.complete(order);
        self.fills.push(fill);
        if let Some(size) = size {
            self.set_size(at, size, None);
        }
        if let Some(price) = price {
            self.set_price(at, price, None);
        }
        if let Some(fee) = line.fee {
            self.add_fee(at, fee, None);
        }
    }

    /// What the mean price of all fills, this one of `size` among them, leaves for this one: nothing
    /// where the price of one before it is not known.
    fn price_by_average(&self, line: &Line<'_>, size: Option<f64>) -> Option<f64> {
        let (average, size, before) = (line.average?, size?, self.order.filled_size);
        if before == 0.0 {
            return Some(average);
        }
        let is_known = same(self.order.priced_size, before);
        let price = (average * (before + size) - self.order.notional) / size;
        is_known.then(|| tidy(price)).filter(|price| price.is_finite())
    }

    /// Learns from a line that tells the fill `at` again.
    fn retell(&mut self, line: &Line<'a>, word: usize, at: usize) {
        let again = Some(line.ts);
        let told = &mut self.order.told[at];
        told.words |= bit(word);
        told.is_rest = false;
        let (lacks_size, lacks_fee) = (told.size.is_none(), told.fee.is_none());
        let better = told.from_total && line.cumulative.is_none() && line.remaining.is_none();
        let lacks_price = told.price.is_none() || better;
        if better {
            told.from_total = false;
        }
        if told.trade_id.is_none() {
            told.trade_id = line.trade_id.map(Cow::Borrowed);
        }
        let number = told.number;
        if lacks_size {
            let total = self.running_total(line).map(|total| self.above(total));
            let size = line.fill_size.or(total).filter(|size| *size > 0.0);
            if let Some(size) = size {
                self.set_size(at, size, again);
            }
        }
        let average = line.average.filter(|_| self.order.fill_count == 1);
        if let Some(price) = line.fill_price.or(average).filter(|_| lacks_price) {
            self.set_price(at, price, again);
        }
        if let Some(fee) = line.fee.filter(|_| lacks_fee) {
            self.add_fee(at, fee, again);
        }
        if let Some(fill) = self.given(number) {
            fill.learn(line);
        }
    }

    /// Learns from a line that tells a part of the fill `at` again.
    fn piece(&mut self, line: &Line<'a>, word: usize, at: usize, size: f64) {
        let told = &mut self.order.told[at];
        let mut pieces = match told.pieces.take() {
            Some(pieces) if pieces.word == word => pieces,
            _ => Pieces { word, size: 0.0, fee: false },
        };
        pieces.size = tidy(pieces.size + size);
        if told.size.is_some_and(|whole| pieces.size >= whole * (1.0 - SIZE_TOLERANCE)) {
            told.words |= bit(word);
        }
        let fee = line.fee.filter(|_| told.fee.is_none() || pieces.fee);
        pieces.fee |= fee.is_some();
        told.pieces = Some(pieces);
        if let Some(fee) = fee {
            self.add_fee(at, fee, Some(line.ts));
        }
    }

    /// Learns from a line that tells all fills so far: a fee that none of them has.
    fn sum(&mut self, line: &Line<'a>, word: usize) {
        let Some(last) = self.order.told.len().checked_sub(1) else { return };
        let is_new = self.order.told[last].words & bit(word) == 0;
        for told in &mut self.order.told {
            told.words |= bit(word);
        }
        let lacks_fee = is_new && self.order.told[last].fee.is_none();
        if let Some(fee) = line.fee.filter(|_| lacks_fee) {
            self.add_fee(last, fee, Some(line.ts));
        }
    }

    fn set_size(&mut self, at: usize, size: f64, again: Option<i64>) {
        let order = &mut *self.order;
        let told = &mut order.told[at];
        told.size = Some(size);
        order.filled_size = tidy(order.filled_size + size);
        if let Some(price) = told.price {
            order.notional += price * size;
            order.priced_size = tidy(order.priced_size + size);
        }
        let (number, ts) = (told.number, told.ts);
        order.add_within(ts, size);
        match self.given(number) {
            Some(fill) => fill.fill_size = Some(size),
            None => self.amend(at, again, |amendment| amendment.fill_size = Some(size)),
        }
    }

    fn set_price(&mut self, at: usize, price: f64, again: Option<i64>) {
        let order = &mut *self.order;
        let told = &mut order.told[at];
        if let Some(size) = told.size {
            match told.price {
                Some(before) => order.notional += (price - before) * size,
                None => {
                    order.notional += price * size;
                    order.priced_size = tidy(order.priced_size + size);
                }
            }
        }
        told.price = Some(price);
        let number = told.number;
        match self.given(number) {
            Some(fill) => fill.fill_price = Some(price),
            None => self.amend(at, again, |amendment| amendment.fill_price = Some(price)),
        }
    }

    fn add_fee(&mut self, at: usize, fee: f64, again: Option<i64>) {
        let order = &mut *self.order;
        order.fee = Some(order.fee.unwrap_or_default() + fee);
        let told = &mut order.told[at];
        told.fee = Some(told.fee.unwrap_or_default() + fee);
        let (number, total) = (told.number, told.fee);
        match self.given(number) {
            Some(fill) => fill.fee = total,
            None => self.amend(at, again, |amendment| amendment.fee = Some(fee)),
        }
    }

    /// The fill of that number, if this fold gave it.
    fn given(&mut self, number: u64) -> Option<&mut Fill<'a>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.fills.get_mut(self.base + at)
    }

    fn amend(&mut self, at: usize, again: Option<i64>, change: impl FnOnce(&mut Amendment)) {
        let told = &self.order.told[at];
        let mut amendment = Amendment {
            order: self.index,
            fill_number: told.number,
            fill_ts: told.ts,
            ts: again.unwrap_or(self.order.last_at),
            fill_price: None,
            fill_size: None,
            fee: None,
        };
        change(&mut amendment);
        self.amended.push(amendment);
    }
}

fn is_by_another(told: &Told<'_>, line: &Line<'_>, word: usize) -> bool {
    told.words & bit(word) == 0 && (told.trade_id.is_none() || line.trade_id.is_none())
}

fn is_price_same(told: &Told<'_>, line: &Line<'_>) -> bool {
    match (told.price, line.fill_price) {
        (Some(told), Some(price)) => same(told, price),
        _ => true,
    }
}

fn near(told: &Told<'_>, line: &Line<'_>) -> bool {
    line.ts.saturating_sub(told.ts) <= RETOLD_WITHIN
}

pub(super) fn is_partial(event: Option<&str>) -> bool {
    says(event, "partial")
}

/// Whether the line says that nothing is left to fill.
fn completes(line: &Line<'_>) -> bool {
    let by_word = || says(line.event, "filled") || says(line.event, "full");
    line.kind == LineKind::Fill
        && (line.remaining == Some(0.0) || (by_word() && !is_partial(line.event)))
}

fn says(event: Option<&str>, part: &str) -> bool {
    let part = part.as_bytes();
    event.is_some_and(|event| {
        event.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
    })
}
