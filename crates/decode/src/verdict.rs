//! Which kind of line this is, asked in order of how sure the answer would be: the user, a field
//! that names the event, the message, the file's name, an order's status, the fields there are, the
//! level.

use fillwatch_model::Kind;

use crate::kind::{self, Sense, Word, Words};
use crate::level;
use crate::names::Sign;
use crate::plan::{Facts, Position};
use crate::scan::{Token, Value};
use crate::side::Side;
use crate::text;

/// The kind of a line, and the log's own word for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) kind: Kind,
    pub(crate) event: EventText,
    /// The side in the event's name.
    pub(crate) side: Option<Side>,
}

/// Where the text of `event` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventText {
    /// A field that is nothing else.
    Field(Position),
    /// The first so many bytes of a field that is something else too: the message, a status.
    Copy(Position, usize),
    /// The file's name.
    File,
    None,
}

/// What there is to judge by.
pub(crate) struct Evidence<'l> {
    pub(crate) line: &'l [u8],
    pub(crate) tokens: &'l [Token],
    pub(crate) facts: &'l Facts,
    /// What the file's name says of its lines.
    pub(crate) file: Sense,
}

impl Evidence<'_> {
    pub(crate) fn judge(&self, words: &mut Words, fixed: Option<Kind>) -> Verdict {
        let mut verdict = self.by_words(words).unwrap_or_else(|| self.by_the_rest());
        if verdict.kind == Kind::Log && self.reports_failure() {
            verdict.kind = Kind::Error;
        }
        verdict.kind = fixed.unwrap_or(verdict.kind);
        verdict
    }

    fn by_words(&self, words: &mut Words) -> Option<Verdict> {
        if let Some(at) = self.facts.event.filter(|at| !self.token(*at).is_null()) {
            let word = self.read(at, |text| words.event(text));
            let kind = self.kind(word.sense).unwrap_or(Kind::Log);
            return Some(Verdict { kind, event: EventText::Field(at), side: word.side });
        }
        for at in &self.facts.event_maybe {
            let word = self.read(*at, |text| words.event(text));
            if let Some(kind) = self.kind(word.sense) {
                return Some(Verdict { kind, event: EventText::Field(*at), side: word.side });
            }
        }
        let at = self.facts.message?;
        let word = self.read(at, |text| words.message(text));
        let kind = self.kind(word.sense)?;
        Some(Verdict { kind, event: EventText::Copy(at, word.length), side: word.side })
    }

    fn by_the_rest(&self) -> Verdict {
        let verdict = |kind, event| Verdict { kind, event, side: None };
        // A line with a message is a logger's, whatever its file is called.
        let is_record = self.facts.message.is_none();
        if is_record && let Some(kind) = self.kind(self.file) {
            // A file of fills may tell of orders that are not (yet, or ever) filled: to count one
            // as a fill would be worse than any other mistake here.
            return match self.status().filter(|(status, _)| kind == Kind::Fill && *status != kind) {
                Some((status, at)) => verdict(status, EventText::Copy(at, usize::MAX)),
                None => verdict(kind, EventText::File),
            };
        }
        if let Some((kind, at)) = self.status() {
            return verdict(kind, EventText::Copy(at, usize::MAX));
        }
        let by_fields = self.by_fields().filter(|_| is_record);
        verdict(by_fields.unwrap_or(Kind::Log), EventText::None)
    }

    /// The kind that a sense is in this line.
    fn kind(&self, sense: Sense) -> Option<Kind> {
        let facts = self.facts;
        match sense {
            Sense::Kind(kind) => Some(kind),
            Sense::Order => Some(self.status().map_or(Kind::OrderPlaced, |(kind, _)| kind)),
            Sense::Trade if facts.has(Sign::ExitPrice) => Some(Kind::TradeClosed),
            Sense::Trade if facts.has_order_id || facts.fill_price.is_some() => Some(Kind::Fill),
            // The market's own trades have a price and a size too, but no fee and no profit.
            Sense::Trade if facts.has_price && (facts.has(Sign::Fee) || facts.has(Sign::Pnl)) => {
                Some(Kind::Fill)
            }
            Sense::Trade => (self.file == Sense::Trade && facts.has_side && facts.has_price)
                .then_some(Kind::Fill),
            Sense::Snapshot => match self.by_fields() {
                kind @ Some(Kind::Equity | Kind::Heartbeat | Kind::Pnl) => kind,
                _ => None,
            },
            Sense::Unknown => None,
        }
    }

    fn status(&self) -> Option<(Kind, Position)> {
        if !(self.facts.has_order_id || matches!(self.file, Sense::Order)) {
            return None;
        }
        let known = |at: &Position| Some((self.read_status(*at)?, *at));
        self.facts.status.iter().find_map(known)
    }

    fn read_status(&self, at: Position) -> Option<Kind> {
        match self.token(at).value() {
            Value::Text { escaped: false } => kind::status(self.token(at).inner(self.line)),
            _ => None,
        }
    }

    fn by_fields(&self) -> Option<Kind> {
        let facts = self.facts;
        let has = |sign| facts.has(sign);
        let is_order = facts.has_order_id || facts.has_trade_id;
        Some(match () {
            () if has(Sign::EntryPrice) && has(Sign::ExitPrice) => Kind::TradeClosed,
            () if facts.fill_price.is_some_and(|at| !self.token(at).is_null()) => Kind::Fill,
            () if is_order => return None,
            () if has(Sign::Account) || has(Sign::Balance) => Kind::Equity,
            () if facts.has_checks || has(Sign::Alive) => Kind::Heartbeat,
            () if has(Sign::Pnl) => Kind::Pnl,
            () if has(Sign::Resources) => Kind::System,
            () if has(Sign::Bid) && has(Sign::Ask) => Kind::Quote,
            () if has(Sign::Endpoint) && !facts.status.is_empty() => Kind::ApiCall,
            () => return None,
        })
    }

    fn reports_failure(&self) -> bool {
        let by_level = self.facts.level.is_some_and(|at| {
            let token = self.token(at);
            match token.value() {
                Value::Text { escaped: false } => level::in_text(token.inner(self.line))
                    .is_some_and(|level| level::is_failure(level.name)),
                Value::Number(number) => {
                    level::in_number(number.mantissa).is_some_and(level::is_failure)
                }
                _ => false,
            }
        });
        by_level || self.facts.exceptions.iter().any(|at| self.says_something(*at))
    }

    fn says_something(&self, at: Position) -> bool {
        let token = self.token(at);
        match token.value() {
            Value::Text { .. } => !token.inner(self.line).is_empty(),
            Value::Json => true,
            _ => false,
        }
    }

    fn read(&self, at: Position, read: impl FnOnce(&[u8]) -> Word) -> Word {
        let token = self.token(at);
        match token.value() {
            Value::Text { escaped: false } => read(token.inner(self.line)),
            Value::Text { escaped: true } => {
                let mut plain = Vec::new();
                text::unescape(token.inner(self.line), &mut plain);
                read(&plain)
            }
            _ => kind::UNKNOWN,
        }
    }

    fn token(&self, at: Position) -> &Token {
        &self.tokens[at as usize]
    }
}
