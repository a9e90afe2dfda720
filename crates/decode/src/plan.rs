//! What to do with the values of one shape of line, decided once.

use std::cell::Cell;

use fillwatch_model::{CANONICAL, ColumnId, ColumnType, Kind, canonical};
use hashbrown::{HashMap, HashSet};

use crate::mapping::Unit;
use crate::names::{Role, Sign, Synonym};
use crate::paths::{Field, FieldId, Own, Paths, is_reserved};

/// A value's place in its line.
pub(crate) type Position = u32;

/// The fields of a shape from which the kind of a line is told.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) event: Option<Position>,
    pub(crate) event_maybe: Vec<Position>,
    pub(crate) message: Option<Position>,
    pub(crate) level: Option<Position>,
    pub(crate) status: Vec<Position>,
    pub(crate) exceptions: Vec<Position>,
    pub(crate) fill_price: Option<Position>,
    pub(crate) has_order_id: bool,
    pub(crate) has_trade_id: bool,
    pub(crate) has_price: bool,
    pub(crate) has_side: bool,
    pub(crate) has_checks: bool,
    /// Serilog's compact form.
    pub(crate) is_clef: bool,
    signs: Vec<Sign>,
}

impl Facts {
    pub(crate) fn of(fields: &[FieldId], paths: &Paths) -> Facts {
        let line = Line::new(fields, paths);
        let has = |column| line.best(Role::Column(column), None, |_, _| true).is_some();
        let mut signs: Vec<Sign> = line
            .synonyms()
            .filter_map(|(_, synonym)| match synonym.role {
                Role::Sign(sign) => Some(sign),
                _ => None,
            })
            .collect();
        signs.sort();
        Facts {
            event: line.best(Role::Event, None, |_, _| true),
            event_maybe: line.all(Role::EventMaybe, None),
            message: line.best(Role::Column(MESSAGE), None, |_, _| true),
            level: line.best(Role::Level, None, |_, _| true),
            status: line.all(Role::Status, None),
            exceptions: line.all(Role::Exception, None),
            fill_price: line.best(Role::Column(FILL_PRICE), None, |_, s| s.rank < IS_PRICE),
            has_order_id: line
                .best(Role::Column(canonical("order_id")), None, |_, s| s.name != "id")
                .is_some(),
            has_trade_id: line
                .best(Role::Column(canonical("trade_id")), None, |_, s| s.name != "id")
                .is_some(),
            has_price: has(canonical("price")),
            has_side: line.best(Role::Side, None, |_, _| true).is_some(),
            has_checks: (0..fields.len()).any(|at| line.field(at).path.starts_with(b"checks.")),
            is_clef: (0..fields.len()).any(|at| *line.field(at).path == *b"@t"),
            signs,
        }
    }

    pub(crate) fn has(&self, sign: Sign) -> bool {
        self.signs.binary_search(&sign).is_ok()
    }
}

const MESSAGE: usize = canonical("message");
const LOGGER: usize = canonical("logger");
const FILL_PRICE: usize = canonical("fill_price");
const FILL_SIZE: usize = canonical("fill_size");
const TS: usize = canonical("ts");

/// From this rank on a name for `fill_price` is a name for any price.
const IS_PRICE: u8 = 9;
/// From this rank on a name for `fill_size` is a name for any size.
const IS_SIZE: u8 = 20;

/// What tells one plan of a shape from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlanKey {
    pub(crate) kind: Kind,
    /// Where the event stands, if a field of its own says it.
    pub(crate) event: Option<Position>,
}

/// What to do with the values of a shape in a line of one kind.
#[derive(Debug)]
pub(crate) struct Plan {
    /// One for each value.
    pub(crate) actions: Box<[Action]>,
    /// Fields that may hold the time, the best first.
    pub(crate) times: Box<[Position]>,
    pub(crate) bot: Option<Position>,
    pub(crate) side: SidePlan,
    /// Rows written by this plan.
    pub(crate) rows: u64,
}

#[derive(Debug, Default)]
pub(crate) struct SidePlan {
    pub(crate) named: Option<Position>,
    pub(crate) action: Option<Position>,
    pub(crate) maybe: Box<[Position]>,
}

/// What to do with one value.
#[derive(Debug)]
pub(crate) enum Action {
    /// To the field's own column.
    Own,
    /// To a canonical column.
    Into(Into),
    /// To the column the user chose.
    Custom {
        name: Box<str>,
        unit: Unit,
        column: Cell<Own>,
    },
    /// It may have been the time; if it was not, as `Own`.
    Time,
    Level,
    /// HTTP status, or else as `Own`.
    Status,
    /// Read by itself: the bot, the side.
    Taken,
    /// Another value has its column in this line.
    Attrs {
        key: Box<[u8]>,
        column: Box<str>,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Into {
    pub(crate) column: ColumnId,
    pub(crate) column_type: ColumnType,
    pub(crate) unit: Unit,
    pub(crate) keeps_own: bool,
}

/// A shape's fields, of which only the last of equals counts.
struct Line<'p> {
    fields: Vec<&'p Field>,
    counts: Vec<bool>,
}

impl<'p> Line<'p> {
    fn new(ids: &[FieldId], paths: &'p Paths) -> Line<'p> {
        let last: HashMap<FieldId, usize> =
            ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        Line {
            fields: ids.iter().map(|id| paths.field(*id)).collect(),
            counts: ids.iter().enumerate().map(|(at, id)| last[id] == at).collect(),
        }
    }

    fn field(&self, at: usize) -> &'p Field {
        self.fields[at]
    }

    fn synonyms(&self) -> impl Iterator<Item = (usize, &'static Synonym)> {
        let counting = (0..self.fields.len()).filter(|at| self.counts[*at]);
        counting.flat_map(|at| self.fields[at].synonyms.iter().map(move |s| (at, *s)))
    }

    /// The positions of the fields with this role in lines of this kind, the best first.
    fn ranked(
        &self,
        role: Role,
        kind: Option<Kind>,
        accept: impl Fn(usize, &Synonym) -> bool,
    ) -> Vec<(usize, &'static Synonym)> {
        let mut found: Vec<_> = self
            .synonyms()
            .filter(|(_, synonym)| synonym.role == role)
            .filter(|(_, synonym)| kind.is_none_or(|kind| synonym.kinds.has(kind)))
            .filter(|(at, synonym)| accept(*at, synonym))
            .collect();
        found.sort_by_key(|(at, synonym)| (self.fields[*at].wrappers, synonym.rank, *at));
        found
    }

    fn best(
        &self,
        role: Role,
        kind: Option<Kind>,
        accept: impl Fn(usize, &Synonym) -> bool,
    ) -> Option<Position> {
        self.ranked(role, kind, accept).first().map(|(at, _)| *at as Position)
    }

    fn all(&self, role: Role, kind: Option<Kind>) -> Vec<Position> {
        let ranked = self.ranked(role, kind, |_, _| true);
        ranked.into_iter().map(|(at, _)| at as Position).collect()
    }
}

impl Plan {
    /// `has_bot`: the source's bot is configured, so that no field is asked for it.
    pub(crate) fn new(key: PlanKey, ids: &[FieldId], paths: &Paths, has_bot: bool) -> Plan {
        let mut draft = Draft {
            kind: key.kind,
            line: Line::new(ids, paths),
            actions: (0..ids.len()).map(|_| None).collect(),
            columns: HashSet::new(),
        };
        draft.put_duplicates_aside();
        let times = draft.place_rules();
        draft.place_event(key.event);
        let times = draft.place_times(times);
        draft.place_level();
        let bot = draft.place_bot(has_bot);
        let side = draft.place_side(key.event);
        draft.place_canonical();
        draft.place_rest();
        Plan { actions: draft.finish(), times, bot, side, rows: 0 }
    }
}

struct Draft<'p> {
    kind: Kind,
    line: Line<'p>,
    actions: Vec<Option<Action>>,
    /// Names of the columns that have a value by now.
    columns: HashSet<Box<str>>,
}

impl Draft<'_> {
    fn is_free(&self, at: usize) -> bool {
        self.actions[at].is_none()
    }

    fn has_column(&self, name: &str) -> bool {
        self.columns.contains(name)
    }

    fn set(&mut self, at: usize, action: Action) {
        self.actions[at] = Some(action);
    }

    fn put_duplicates_aside(&mut self) {
        let mut seen: HashMap<&[u8], usize> = HashMap::new();
        for at in 0..self.actions.len() {
            if self.line.counts[at] {
                continue;
            }
            let field = self.line.fields[at];
            let path = &*field.path;
            let count = seen.entry(path).or_default();
            *count += 1;
            let mut key = path.to_vec();
            if *count > 1 {
                key.extend_from_slice(format!("#{count}").as_bytes());
            }
            self.actions[at] =
                Some(Action::Attrs { key: key.into(), column: field.column.clone() });
        }
    }

    /// Does as the user says; returns the fields that are to be the time.
    fn place_rules(&mut self) -> Vec<Position> {
        let mut times = Vec::new();
        for at in 0..self.actions.len() {
            let Some(rule) = self.line.field(at).rule.clone().filter(|_| self.is_free(at)) else {
                continue;
            };
            if rule.column == "ts" {
                self.set(at, Action::Time);
                times.push(at as Position);
                continue;
            }
            let is_special = matches!(&*rule.column, "side" | "level") || is_reserved(&rule.column);
            if is_special || self.has_column(&rule.column) {
                continue;
            }
            self.columns.insert(rule.column.as_str().into());
            let action = match CANONICAL.iter().position(|(name, _)| *name == rule.column) {
                Some(column) => into(column, rule.unit, rule.unit.converts()),
                None => Action::Custom {
                    name: rule.column.into(),
                    unit: rule.unit,
                    column: Cell::new(Own::Unseen),
                },
            };
            self.set(at, action);
        }
        times
    }

    fn place_event(&mut self, event: Option<Position>) {
        self.columns.insert("event".into());
        if let Some(at) = event {
            self.set(at as usize, into(canonical("event"), Unit::AsIs, false));
        }
    }

    fn place_times(&mut self, mut times: Vec<Position>) -> Box<[Position]> {
        self.columns.insert(CANONICAL[TS].0.into());
        for at in self.line.all(Role::Ts, Some(self.kind)) {
            if self.is_free(at as usize) {
                self.set(at as usize, Action::Time);
                times.push(at);
            }
        }
        times.into()
    }

    fn place_level(&mut self) {
        self.columns.insert("level".into());
        if let Some(at) = self.chosen("level", Role::Level) {
            self.set(at as usize, Action::Level);
        }
    }

    fn place_bot(&mut self, has_bot: bool) -> Option<Position> {
        if has_bot {
            return None;
        }
        let bot = self.chosen("bot", Role::Bot)?;
        self.set(bot as usize, Action::Taken);
        Some(bot)
    }

    fn place_side(&mut self, event: Option<Position>) -> SidePlan {
        self.columns.insert("side".into());
        let named = self.chosen("side", Role::Side);
        if let Some(at) = named {
            self.set(at as usize, Action::Taken);
        }
        let not_event = |at: usize, _: &Synonym| Some(at as Position) != event;
        let action = self.line.best(Role::Action, Some(self.kind), not_event);
        let maybe = self.line.ranked(Role::SideMaybe, Some(self.kind), not_event);
        let maybe = maybe.into_iter().map(|(at, _)| at as Position).collect();
        SidePlan { named, action, maybe }
    }

    /// The field that the user, or else its name, makes this column.
    fn chosen(&self, column: &str, role: Role) -> Option<Position> {
        let is_ruled = |at: &usize| {
            let rule = self.line.field(*at).rule.as_ref();
            self.is_free(*at) && rule.is_some_and(|rule| rule.column == column)
        };
        let ruled = (0..self.actions.len()).find(is_ruled).map(|at| at as Position);
        ruled.or_else(|| self.line.best(role, None, |at, _| self.is_free(at)))
    }

    fn place_canonical(&mut self) {
        // What was paid comes before what was asked: on a fill, `price` is the former unless
        // another field is.
        let columns = [FILL_PRICE, FILL_SIZE].into_iter().chain(0..CANONICAL.len());
        for column in columns {
            if self.has_column(CANONICAL[column].0) {
                continue;
            }
            let found = self.line.ranked(Role::Column(column), Some(self.kind), |at, synonym| {
                self.is_free(at) && self.is_meant(column, at, synonym)
            });
            let Some((at, synonym)) = found.first() else { continue };
            self.columns.insert(CANONICAL[column].0.into());
            self.set(*at, into(column, synonym.unit, synonym.keeps_own));
        }
    }

    fn is_meant(&self, column: usize, at: usize, synonym: &Synonym) -> bool {
        let field = self.line.field(at);
        match column {
            FILL_PRICE | FILL_SIZE => {
                let limit = if column == FILL_PRICE { IS_PRICE } else { IS_SIZE };
                // Where a line says how much of an order is filled so far, its price and size
                // are the order's.
                synonym.rank < limit || !(field.in_order || self.has_role(Role::Cumulative))
            }
            LOGGER => synonym.name != "name" || self.has_role(Role::Level),
            _ => true,
        }
    }

    fn has_role(&self, role: Role) -> bool {
        self.line.fields.iter().any(|field| field.has_role(role))
    }

    fn place_rest(&mut self) {
        for at in 0..self.actions.len() {
            let field = self.line.fields[at];
            let taken = self.has_column(&field.column);
            let keeps_own = match &mut self.actions[at] {
                Some(Action::Into(into)) => {
                    into.keeps_own &= !taken;
                    into.keeps_own
                }
                Some(Action::Custom { unit, .. }) => unit.converts(),
                Some(Action::Time) => true,
                Some(_) => false,
                None => {
                    self.actions[at] = Some(self.own(at, taken));
                    true
                }
            };
            if keeps_own {
                self.columns.insert(field.column.clone());
            }
        }
    }

    fn own(&self, at: usize, taken: bool) -> Action {
        let field = self.line.fields[at];
        if taken {
            return Action::Attrs { key: field.path.clone(), column: field.column.clone() };
        }
        if self.is_http(at) { Action::Status } else { Action::Own }
    }

    fn is_http(&self, at: usize) -> bool {
        let is_status = self.line.fields[at].synonyms.iter().any(|s| s.name == "status");
        is_status && !self.has_column("status_code")
    }

    fn finish(self) -> Box<[Action]> {
        self.actions.into_iter().map(|action| action.unwrap_or(Action::Own)).collect()
    }
}

fn into(column: usize, unit: Unit, keeps_own: bool) -> Action {
    let column_type = CANONICAL[column].1;
    Action::Into(Into { column: ColumnId(column as u32), column_type, unit, keeps_own })
}
