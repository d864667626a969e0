//! What an operator watches: how acts ended, what waits, what is in use.
//!
//! Owns: [`Tally`], [`Load`]. Always: counted in memory since the process began; a label is a verb of the house, so there
//! are as many as there are verbs. Never: a compound, an actor or an amount.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::lane::Outcome;
use crate::error::{Error, Result, Storage};

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Committed.
    Accepted,
    /// Done before under the same key.
    Repeated,
    /// A rule said no.
    Refused,
    /// The storage failed; nothing was written.
    Failed,
    /// The commit was not answered.
    Unknown,
}

impl Ended {
    /// The stable name, for labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Ended::Accepted => "accepted",
            Ended::Repeated => "repeated",
            Ended::Refused => "refused",
            Ended::Failed => "failed",
            Ended::Unknown => "unknown",
        }
    }

    pub(super) fn of(result: &Result<Outcome>) -> Ended {
        match result {
            Ok(outcome) if outcome.is_repeated => Ended::Repeated,
            Ok(_) => Ended::Accepted,
            Err(Error::Refused(_)) => Ended::Refused,
            Err(Error::Storage(Storage::Unknown(_))) => Ended::Unknown,
            Err(Error::Storage(_)) => Ended::Failed,
        }
    }
}

/// How many acts ended how, by verb.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<(&'static str, Ended), u64>>);

impl Tally {
    pub(super) fn count(&self, verb: &'static str, ended: Ended) {
        // Held only to add one, which cannot panic half-way.
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((verb, ended)).or_default() += 1;
    }

    /// Every verb met so far, how its acts ended, and how many did.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, Ended, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((verb, ended), count)| (*verb, *ended, *count)).collect()
    }
}

/// What waits and what is in use at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Acts that wait for a batch.
    pub waiting_acts: usize,
    /// Connections lent to acts.
    pub acting: usize,
    /// Connections lent to readings.
    pub reading: usize,
}
