//! What a run tells of itself while it goes.

use std::error::Error;

use fillwatch_model::Transition;
use fillwatch_store::{Committed, Compacted, DayClosed, Late, Retained, StoreError};

use crate::{Progress, RuleNews, ServeError};

/// Is told what happens. Called from several threads; must return soon.
pub trait Observer: Send + Sync {
    /// How far things are; several times a second.
    fn progress(&self, _progress: &Progress) {}
    /// Something happened to a log file.
    fn event(&self, _event: &fillwatch_tail::Event) {}
    /// A commit landed.
    fn committed(&self, _committed: &Committed) {}
    /// Small files became a large one.
    fn compacted(&self, _compacted: &Compacted) {}
    /// The state of everything at the end of a day was written; so many days are still to come.
    fn closed(&self, _closed: &DayClosed, _left: usize) {}
    /// Old days were removed.
    fn retained(&self, _retained: &Retained) {}
    /// An alert took a turn, and it is kept that it did.
    fn alert(&self, _transition: &Transition) {}
    /// Something happened to the rules themselves.
    fn rules(&self, _news: &RuleNews<'_>) {}
    /// Something failed and will be tried again; nothing is lost.
    fn trouble(&self, _trouble: &Trouble<'_>) {}
}

/// Something failed and will be tried again, or could not be done.
#[derive(Debug)]
pub enum Trouble<'a> {
    /// A commit. Rows stay in memory, and then lines in the log, until it works.
    Commit(&'a StoreError),
    /// It works again.
    CommitWorks,
    /// A close, compaction, a checkpoint, retention or vacuum.
    Upkeep(&'a dyn Error),
    /// Retention is due and waits: this day, `YYYY-MM-DD`, is not closed, and what it carries on
    /// would be lost.
    RetentionWaits(&'a str),
    /// Retention has waited until the store took twice the bytes that it may, and then removed this
    /// day, `YYYY-MM-DD`, and what followed, unclosed.
    RemovedUnclosed(&'a str),
    /// Rows came for days that retention had removed: they are in `events`, and in no figure that
    /// is carried on.
    TooLate(Late),
    /// The store was opened with a torn commit, which was set aside; its lines are read again.
    SetAside(&'a str),
    /// The rules are not evaluated until it works.
    Rules(&'a ServeError),
    /// A table of the user's cannot be read, or can be again.
    Reference(&'a str),
    /// A process asked for the snapshot and could not be answered.
    Socket(&'a std::io::Error),
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
