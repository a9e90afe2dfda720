//! What an order remembers of its fills, to know them when they are told again.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::{TRADE_IDS_REMEMBERED, exact};

/// Words by number, as bits. An order whose fills are told by more words than bits has bots to
/// blame that make them up; the last bit stands for the rest.
pub(super) type Words = u64;

pub(super) fn bit(word: usize) -> Words {
    1 << word.min(Words::BITS as usize - 1)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
pub(super) fn is_none(words: &Words) -> bool {
    *words == 0
}

/// A fill that was counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told<'a> {
    #[serde(rename = "n")]
    pub(super) number: u64,
    #[serde(rename = "t")]
    pub(super) ts: i64,
    #[serde(
        rename = "p",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub(super) price: Option<f64>,
    #[serde(
        rename = "s",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub(super) size: Option<f64>,
    #[serde(
        rename = "f",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub(super) fee: Option<f64>,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub(super) trade_id: Option<Cow<'a, str>>,
    /// Its own, where they contradict its order's.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(super) market: Option<Cow<'a, str>>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub(super) side: Option<Cow<'a, str>>,
    /// The word that counted it.
    #[serde(rename = "w")]
    pub(super) word: usize,
    /// All words that told it.
    #[serde(rename = "m")]
    pub(super) words: Words,
    /// From a running total: its price may be an average.
    #[serde(rename = "c", default, skip_serializing_if = "is_false")]
    pub(super) from_total: bool,
    /// It fills what is left of an order whose size is not known yet.
    #[serde(rename = "r", default, skip_serializing_if = "is_false")]
    pub(super) is_rest: bool,
    /// How much of it was retold in pieces, and by which word.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub(super) pieces: Option<Pieces>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pieces {
    #[serde(rename = "w")]
    pub(super) word: usize,
    #[serde(rename = "s", with = "exact")]
    pub(super) size: f64,
    /// The fee of the fill is that of its pieces.
    #[serde(rename = "f", default, skip_serializing_if = "is_false")]
    pub(super) fee: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// The trade ids told so far, the last of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TradeIds<'a> {
    ids: VecDeque<Cow<'a, str>>,
    /// The same, once there are enough of them to be looked up.
    #[serde(skip)]
    index: HashSet<Cow<'a, str>>,
}

/// Fewer ids than this are searched sooner than hashed.
const INDEXED_FROM: usize = 32;

impl<'a> TradeIds<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn has(&self, id: &str) -> bool {
        if self.ids.len() < INDEXED_FROM {
            return self.ids.iter().any(|told| told == id);
        }
        self.index.contains(id)
    }

    pub(super) fn add(&mut self, id: &'a str) {
        if self.has(id) {
            return;
        }
        self.ids.push_back(Cow::Borrowed(id));
        if self.ids.len() > TRADE_IDS_REMEMBERED
            && let Some(oldest) = self.ids.pop_front()
        {
            self.index.remove(&oldest);
        }
        match self.ids.len() {
            0..INDEXED_FROM => {}
            INDEXED_FROM => self.reindex(),
            _ => {
                self.index.insert(Cow::Borrowed(id));
            }
        }
    }

    /// After it was read from JSON.
    pub(super) fn reindex(&mut self) {
        if self.ids.len() >= INDEXED_FROM {
            self.index = self.ids.iter().cloned().collect();
        }
    }
}

impl PartialEq for TradeIds<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.ids == other.ids
    }
}
