//! What is learnt of one source as its lines go by.

use fillwatch_model::CANONICAL;
use hashbrown::HashMap;

use crate::kind::Words;
use crate::mapping::Mapping;
use crate::paths::{FieldId, Paths};
use crate::plan::{Action, Plan, PlanKey, Position};
use crate::scan::{Fault, Token};
use crate::shape::{Shape, ShapeId, Shapes};
use crate::time::{Form, Zone};
use crate::walk::Walked;

/// The reading of one source.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) mapping: Mapping,
    pub(crate) paths: Paths,
    pub(crate) words: Words,
    pub(crate) zone: Zone,
    pub(crate) forms: [u64; Form::ALL.len()],
    shapes: Shapes,
    walked: Walked,
    tokens: Vec<Token>,
    /// Whether lines may be read along the tree of shapes; tests turn it off.
    follows: bool,
    /// Rows in which a field was a canonical column, of plans that are forgotten.
    tally: Tally,
}

/// In how many rows a field was a canonical column.
pub(crate) type Tally = HashMap<(&'static str, FieldId), u64>;

/// An object that has been read but not yet written.
pub(crate) struct Read {
    pub(crate) shape: ShapeId,
    pub(crate) end: usize,
}

/// What is needed to write a row.
pub(crate) struct Parts<'s> {
    pub(crate) shape: &'s mut Shape,
    pub(crate) tokens: &'s [Token],
    /// Keys and values that are no fields.
    pub(crate) unnamed: &'s [(Token, Token)],
    pub(crate) paths: &'s Paths,
    pub(crate) words: &'s mut Words,
    pub(crate) zone: &'s mut Zone,
    pub(crate) mapping: &'s Mapping,
    pub(crate) forms: &'s mut [u64; Form::ALL.len()],
}

impl Source {
    pub(crate) fn new(mapping: Mapping, follows: bool) -> Source {
        Source {
            paths: Paths::new(&mapping),
            words: Words::default(),
            zone: Zone::new(mapping.timezone),
            forms: [0; Form::ALL.len()],
            shapes: Shapes::new(),
            walked: Walked::default(),
            tokens: Vec::new(),
            follows,
            tally: Tally::new(),
            mapping,
        }
    }

    /// Reads the object at `at`.
    #[inline]
    pub(crate) fn read(&mut self, line: &[u8], at: usize) -> Result<Read, Fault> {
        self.tokens.clear();
        self.walked.unnamed.clear();
        if self.follows
            && let Some((shape, end)) = self.shapes.follow(line, at, &self.paths, &mut self.tokens)
        {
            return Ok(Read { shape, end });
        }
        self.walk(line, at)
    }

    fn walk(&mut self, line: &[u8], at: usize) -> Result<Read, Fault> {
        let collapses = self.paths.collapses();
        let end = self.walked.read(line, at, &mut self.paths);
        // The tree leads through objects that are now values.
        if self.paths.collapses() != collapses || self.shapes.is_full() {
            self.forget_shapes();
        }
        let end = end?;
        let shape = self.shapes.learn(line, at, end, &self.walked, &self.paths);
        std::mem::swap(&mut self.tokens, &mut self.walked.tokens);
        Ok(Read { shape, end })
    }

    /// Everything about the object last read.
    pub(crate) fn parts(&mut self, shape: ShapeId) -> Parts<'_> {
        Parts {
            shape: self.shapes.shape(shape),
            tokens: &self.tokens,
            unnamed: &self.walked.unnamed,
            paths: &self.paths,
            words: &mut self.words,
            zone: &mut self.zone,
            mapping: &self.mapping,
            forms: &mut self.forms,
        }
    }

    /// In how many rows each field was a canonical column.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        count_plans(&self.shapes, &mut tally);
        tally
    }

    fn forget_shapes(&mut self) {
        count_plans(&self.shapes, &mut self.tally);
        self.shapes.clear();
    }
}

fn count_plans(shapes: &Shapes, tally: &mut Tally) {
    for shape in shapes.iter() {
        for (_, plan) in &shape.plans {
            for (at, column) in plan.canonical() {
                *tally.entry((column, shape.fields[at])).or_default() += plan.rows;
            }
        }
    }
}

impl Shape {
    /// The plan for lines of this kind, made when the first one comes.
    #[inline]
    pub(crate) fn plan(&mut self, key: PlanKey, paths: &Paths, has_bot: bool) -> usize {
        match self.plans.iter().position(|(known, _)| *known == key) {
            Some(at) => at,
            None => {
                self.plans.push((key, Plan::new(key, &self.fields, paths, has_bot)));
                self.plans.len() - 1
            }
        }
    }
}

impl Plan {
    /// The canonical columns this plan fills, and from which values.
    fn canonical(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let by_action = self.actions.iter().enumerate().filter_map(|(at, action)| match action {
            Action::Into(into) => Some((at, CANONICAL[into.column.0 as usize].0)),
            Action::Level => Some((at, "level")),
            _ => None,
        });
        let one = |at: Option<Position>, name| at.map(|at| (at as usize, name));
        by_action
            .chain(one(self.times.first().copied(), "ts"))
            .chain(one(self.bot, "bot"))
            .chain(one(self.side.named.or(self.side.maybe.first().copied()), "side"))
    }
}
