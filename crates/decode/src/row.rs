//! One line's values on their way into columns.

use fillwatch_model::{ColumnId, ColumnType, Fields, Kind, canonical};

use crate::attrs::Attrs;
use crate::batch::{Entry, Rows};
use crate::columns::Columns;
use crate::level;
use crate::mapping::Unit;
use crate::number;
use crate::paths::{Field, FieldId, Own, Paths};
use crate::plan::{Action, Into, Plan, Position};
use crate::scan::{Number, Token, Value};
use crate::side::{self, Side};
use crate::text;
use crate::time::{self, Stamp, Zone};

const LEVEL: ColumnId = id("level");
const SIDE: ColumnId = id("side");
const EVENT: ColumnId = id("event");
const STATUS_CODE: ColumnId = id("status_code");
const LOGGER: ColumnId = id("logger");
const ATTRS: ColumnId = id("attrs");

const fn id(name: &str) -> ColumnId {
    ColumnId(canonical(name) as u32)
}

/// Where a row is written to, and what is needed to know where.
pub(crate) struct RowWriter<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) tokens: &'a [Token],
    pub(crate) ids: &'a [FieldId],
    pub(crate) paths: &'a Paths,
    pub(crate) table: &'a Fields,
    pub(crate) columns: &'a mut Columns,
    pub(crate) attrs: &'a mut Attrs,
}

/// What became of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Stored,
    /// Not stored, or not exactly.
    Misfit,
}

impl Fit {
    fn stored(exactly: bool) -> Fit {
        if exactly { Fit::Stored } else { Fit::Misfit }
    }
}

impl RowWriter<'_> {
    /// Writes the row's values; returns its time, if a field says it.
    #[inline]
    pub(crate) fn write(&mut self, plan: &Plan, zone: &mut Zone) -> Option<Stamp> {
        let time = self.time(plan, zone);
        for (at, (action, token)) in plan.actions.iter().zip(self.tokens).enumerate() {
            if token.is_null() {
                continue;
            }
            match action {
                Action::Own => self.own(at, token),
                Action::Into(into) => self.canonical(at, token, into),
                Action::Time => {
                    if time.is_none_or(|(_, taken)| taken as usize != at) {
                        self.own(at, token);
                    }
                }
                Action::Taken => {}
                _ => self.rare(at, token, action),
            }
        }
        let (stamp, at) = time?;
        if !stamp.exact {
            self.keep(at as usize, &self.tokens[at as usize]);
        }
        Some(stamp)
    }

    fn rare(&mut self, at: usize, token: &Token, action: &Action) {
        match action {
            Action::Level => self.level(at, token),
            Action::Status => match token.value() {
                Value::Number(n) if number::is_integer(&n) && (100..600).contains(&n.mantissa) => {
                    self.columns.int(STATUS_CODE, n.mantissa as i64);
                }
                _ => self.own(at, token),
            },
            Action::Attrs { key, column } => {
                self.attrs.json(key, token.raw(self.line));
                if let Some((column, _)) = self.table.get(column) {
                    self.columns.conflict(column);
                }
            }
            Action::Custom { name, unit, column } => {
                let wanted = || match unit.converts() {
                    true => ColumnType::Float,
                    false => first_type(token, None),
                };
                let target = settle(column.get(), self.table, name, wanted, token);
                column.set(target);
                self.place(at, token, target, *unit);
                if unit.converts() {
                    self.own(at, token);
                }
            }
            _ => {}
        }
    }

    fn time(&self, plan: &Plan, zone: &mut Zone) -> Option<(Stamp, Position)> {
        plan.times.iter().find_map(|at| {
            let token = &self.tokens[*at as usize];
            let stamp = match token.value() {
                Value::Number(number) => time::in_number(&number, token.raw(self.line)),
                Value::Text { escaped: false } => time::in_text(token.inner(self.line), zone),
                _ => None,
            };
            Some((stamp?, *at))
        })
    }

    /// Writes as the event the first `length` bytes of a text that goes elsewhere too.
    pub(crate) fn event(&mut self, at: Position, length: usize) {
        let token = self.tokens[at as usize];
        let inner = token.inner(self.line);
        if token.value() == (Value::Text { escaped: true }) {
            let mut plain = Vec::new();
            text::unescape(inner, &mut plain);
            self.columns.text(EVENT, &plain[..length.min(plain.len())]);
        } else {
            self.columns.text(EVENT, &inner[..length.min(inner.len())]);
        }
    }

    pub(crate) fn event_text(&mut self, text: &str) {
        self.columns.text(EVENT, text.as_bytes());
    }

    /// Writes what the text before the object says, where the object does not.
    pub(crate) fn prefix(&mut self, prefix: &[u8], level: Option<&'static str>, logger: &[u8]) {
        self.attrs.text(b"_prefix", prefix);
        if let Some(level) = level.filter(|_| !self.columns.has(LEVEL)) {
            self.columns.text(LEVEL, level.as_bytes());
        }
        if !logger.is_empty() && !self.columns.has(LOGGER) {
            self.columns.text(LOGGER, logger);
        }
    }

    /// Serilog leaves out the level of most lines.
    pub(crate) fn default_level(&mut self) {
        self.columns.text(LEVEL, b"info");
    }

    /// Keeps a field that has no number among the source's.
    pub(crate) fn unnamed(&mut self, key: &Token, value: &Token) {
        self.attrs.json(key.inner(self.line), value.raw(self.line));
    }

    /// Keeps the bytes of a line that was made UTF-8 to be read.
    pub(crate) fn not_utf8(&mut self, line: &[u8]) {
        self.attrs.latin1(b"_latin1", line);
    }

    /// The bot that a field names.
    pub(crate) fn bot(&mut self, plan: &Plan, rows: &mut Rows) -> Option<Entry> {
        let at = plan.bot? as usize;
        let token = self.tokens[at];
        match token.value() {
            Value::Text { escaped: false } if token.inner(self.line).is_empty() => None,
            Value::Text { escaped: false } => Some(rows.bot(token.inner(self.line))),
            Value::Text { escaped: true } => {
                let mut name = Vec::new();
                if !text::unescape(token.inner(self.line), &mut name) {
                    self.keep(at, &token);
                }
                Some(rows.bot(&name))
            }
            Value::Null => None,
            Value::Json => {
                self.keep(at, &token);
                None
            }
            _ => Some(rows.bot(token.raw(self.line))),
        }
    }

    /// Ends the row.
    pub(crate) fn finish(&mut self) {
        let columns = &mut *self.columns;
        self.attrs.finish(|text| {
            columns.text(ATTRS, text);
        });
        columns.next_row();
    }

    /// Writes the side: the field that names it, else one that may, else the event's name.
    pub(crate) fn side(&mut self, plan: &Plan, kind: Kind, in_event: Option<Side>) {
        let side = &plan.side;
        if let Some(at) = side.named.filter(|at| !self.tokens[*at as usize].is_null()) {
            let action = side.action.and_then(|at| self.side_in(at));
            return self.named_side(at as usize, kind, action);
        }
        let found = side.maybe.iter().find_map(|at| self.side_in(*at));
        let found = found.filter(|_| may_have_side(kind)).or(in_event);
        if let Some(Side::Known(name)) = found {
            self.columns.text(SIDE, name.as_bytes());
        }
    }

    fn named_side(&mut self, at: usize, kind: Kind, action: Option<Side>) {
        let token = self.tokens[at];
        if token.value() == Value::Json {
            return self.keep(at, &token);
        }
        let known = if kind == Kind::Quote { None } else { self.side_in(at as Position) };
        let side = match (known, action) {
            (Some(outcome), Some(action)) => Some(side::with_action(outcome, action)),
            _ => known,
        };
        match side {
            Some(Side::Known(name)) => {
                self.columns.text(SIDE, name.as_bytes());
                if !token.inner(self.line).eq_ignore_ascii_case(name.as_bytes()) {
                    self.keep(at, &token);
                }
            }
            Some(Side::SellNo) => self.keep(at, &token),
            None => self.text_or_keep(SIDE, at, &token),
        }
    }

    fn side_in(&self, at: Position) -> Option<Side> {
        let token = &self.tokens[at as usize];
        match token.value() {
            Value::Text { escaped: false } => side::in_text(token.inner(self.line)),
            _ => None,
        }
    }

    fn level(&mut self, at: usize, token: &Token) {
        let level = match token.value() {
            Value::Text { escaped: false } => level::in_text(token.inner(self.line)),
            Value::Number(number) if number::is_integer(&number) => {
                let name = level::in_number(number.mantissa);
                name.map(|name| level::Level { name, renamed: false })
            }
            Value::Json => return self.keep(at, token),
            _ => None,
        };
        match level {
            Some(level) => {
                self.columns.text(LEVEL, level.name.as_bytes());
                if level.renamed {
                    self.keep(at, token);
                }
            }
            None => self.text_or_keep(LEVEL, at, token),
        }
    }

    #[inline(always)]
    fn own(&mut self, at: usize, token: &Token) {
        let field = self.paths.field(self.ids[at]);
        let mut target = field.own.get();
        if target == Own::Unseen {
            let wanted = || first_type(token, Some(field));
            target = settle(target, self.table, &field.column, wanted, token);
            field.own.set(target);
        }
        self.place(at, token, target, Unit::AsIs);
    }

    #[inline(always)]
    fn canonical(&mut self, at: usize, token: &Token, into: &Into) {
        let fit = match into.column_type {
            ColumnType::Text if self.any_text(into.column, token) => Fit::Stored,
            ColumnType::Text => Fit::Misfit,
            other => self.store(into.column, other, token, into.unit, at),
        };
        if fit != Fit::Stored {
            self.columns.conflict(into.column);
        }
        if into.keeps_own {
            self.own(at, token);
        } else if fit != Fit::Stored || into.unit.converts() {
            self.keep(at, token);
        }
    }

    #[inline(always)]
    fn place(&mut self, at: usize, token: &Token, target: Own, unit: Unit) {
        let Own::Column(column, column_type) = target else {
            return self.keep(at, token);
        };
        if self.store(column, column_type, token, unit, at) != Fit::Stored {
            self.conflict(at, token, column);
        }
    }

    #[inline(always)]
    fn store(
        &mut self,
        column: ColumnId,
        column_type: ColumnType,
        token: &Token,
        unit: Unit,
        at: usize,
    ) -> Fit {
        match (column_type, token.value()) {
            (ColumnType::Text, Value::Text { escaped: false }) => {
                Fit::stored(self.columns.text(column, token.inner(self.line)))
            }
            (ColumnType::Float, Value::Number(number)) => {
                self.float(column, &number, token.raw(self.line), unit)
            }
            _ => self.store_rarer(column, column_type, token, unit, at),
        }
    }

    fn store_rarer(
        &mut self,
        column: ColumnId,
        column_type: ColumnType,
        token: &Token,
        unit: Unit,
        at: usize,
    ) -> Fit {
        match (column_type, token.value()) {
            (ColumnType::Text, Value::Text { .. }) => self.unescaped(column, token),
            (ColumnType::Text, Value::Number(_)) if self.paths.field(self.ids[at]).is_id => {
                Fit::stored(self.columns.text(column, token.raw(self.line)))
            }
            (ColumnType::Float | ColumnType::Int, Value::Text { .. }) => {
                match number::in_text(token.inner(self.line)) {
                    Some(inner) => {
                        let inner = inner.moved(token.start + 1);
                        self.store(column, column_type, &inner, unit, at)
                    }
                    None => Fit::Misfit,
                }
            }
            (ColumnType::Int, Value::Number(number)) => {
                match number::int(&number, token.raw(self.line)) {
                    Some(value) => Fit::stored(self.columns.int(column, value)),
                    None => Fit::Misfit,
                }
            }
            (ColumnType::Bool, Value::True | Value::False) => {
                Fit::stored(self.columns.bool(column, token.value() == Value::True))
            }
            _ => Fit::Misfit,
        }
    }

    #[inline(always)]
    fn float(&mut self, column: ColumnId, number: &Number, raw: &[u8], unit: Unit) -> Fit {
        match number::float(number, raw) {
            Some(rounded) => {
                let value = unit.convert(rounded.value);
                // What is a number of seconds may be past all numbers of milliseconds.
                if !value.is_finite() {
                    return Fit::Misfit;
                }
                let stored = self.columns.float(column, value);
                Fit::stored(stored && (rounded.exact || unit.converts()))
            }
            None => Fit::Misfit,
        }
    }

    fn text_or_keep(&mut self, column: ColumnId, at: usize, token: &Token) {
        if !self.any_text(column, token) {
            self.conflict(at, token, column);
        }
    }

    fn unescaped(&mut self, column: ColumnId, token: &Token) -> Fit {
        let inner = token.inner(self.line);
        Fit::stored(self.columns.text_with(column, |bytes| text::unescape(inner, bytes)))
    }

    /// Any scalar as the text it is written as. `false` if text could not hold it.
    #[inline(always)]
    fn any_text(&mut self, column: ColumnId, token: &Token) -> bool {
        match token.value() {
            Value::Text { escaped: false } => self.columns.text(column, token.inner(self.line)),
            Value::Text { escaped: true } => self.unescaped(column, token) == Fit::Stored,
            Value::Null => true,
            Value::Json => false,
            _ => self.columns.text(column, token.raw(self.line)),
        }
    }

    #[cold]
    fn conflict(&mut self, at: usize, token: &Token, column: ColumnId) {
        self.columns.conflict(column);
        self.keep(at, token);
    }

    /// Keeps a value exact, in `attrs`.
    fn keep(&mut self, at: usize, token: &Token) {
        self.attrs.json(&self.paths.field(self.ids[at]).path, token.raw(self.line));
    }
}

fn may_have_side(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::OrderPlaced
            | Kind::OrderAcked
            | Kind::OrderRejected
            | Kind::OrderCancelled
            | Kind::OrderExpired
            | Kind::Fill
            | Kind::TradeClosed
            | Kind::Position
            | Kind::Signal
            | Kind::Log
    )
}

/// The column that a field without one gets with its first value.
#[cold]
fn settle(
    known: Own,
    table: &Fields,
    name: &str,
    wanted: impl FnOnce() -> ColumnType,
    token: &Token,
) -> Own {
    if known != Own::Unseen || token.value() == Value::Json {
        return known;
    }
    match table.resolve(name, wanted()) {
        Some((column, column_type)) => Own::Column(column, column_type),
        None => Own::NoRoom,
    }
}

fn first_type(token: &Token, field: Option<&Field>) -> ColumnType {
    match token.value() {
        Value::True | Value::False => ColumnType::Bool,
        Value::Number(number) => match field {
            Some(field) if field.is_id => ColumnType::Text,
            Some(field) if field.is_counter && number::is_integer(&number) => ColumnType::Int,
            _ if number::is_beyond_float(&number) => ColumnType::Int,
            _ => ColumnType::Float,
        },
        Value::NotFinite => ColumnType::Float,
        _ => ColumnType::Text,
    }
}
