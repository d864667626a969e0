//! A door's first question, asked as seldom and as shortly as may be: which compound a code means, and one dwelling of it.
//!
//! Owns: what a process remembers of compounds by their codes ([`Directory`]).
//!
//! Always: what is remembered was read less than a second ago, which is as long as rights are trusted
//! (`people::Entrance`): a compound moved to another street is seen there within that second. Only what exists is
//! remembered: a new compound is found at once. Never more than [`MOST`] compounds.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::owner::contact_of;
use super::roll::{dwellings_of, no_dwelling, roll_sql, room};
use super::{Compound, Contact, Dwelling, compound_of, rows};
use crate::books::{LastActs, View};
use crate::calendar::Day;
use crate::error::Result;
use crate::id::CompoundId;

/// How long what was read is trusted.
const TRUSTED: Duration = Duration::from_secs(1);
/// How many compounds are remembered; a few hundred bytes each.
const MOST: usize = 20_000;

/// Compounds by their codes, for a second.
#[derive(Debug, Default)]
pub struct Directory {
    known: Mutex<HashMap<String, (Instant, Compound)>>,
}

impl Directory {
    /// The compound, if it was read within the last second.
    #[must_use]
    pub fn recall(&self, code: &str) -> Option<Compound> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, compound) = known.get(code)?;
        (read_at.elapsed() < TRUSTED).then(|| compound.clone())
    }

    /// Forgets a compound: it may have been moved.
    pub fn forget(&self, code: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(code);
    }

    /// Remembers a compound that was read after `asked_at`.
    pub fn remember(&self, asked_at: Instant, compound: &Compound) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (read_at, _)| read_at.elapsed() < TRUSTED);
        }
        if known.len() < MOST {
            known.insert(compound.code.clone(), (asked_at, compound.clone()));
        }
    }
}

static COMPOUND_AND_ACTS: LazyLock<String> = LazyLock::new(|| {
    let acts = LastActs::columns("c.compound_id");
    format!("SELECT {acts}, {} AND c.code = $1", super::COMPOUND)
});

static PORTRAIT: LazyLock<String> = LazyLock::new(|| {
    let acts = format!("{},", LastActs::columns("d.compound_id"));
    roll_sql(&acts, ", o.id_no_sealed, o.phone_sealed", "AND d.code = $3")
});

/// The compound with this code, if there is one, and the acts that a reading of it now would be true of.
///
/// # Errors
/// Storage.
pub async fn compound_and_acts(
    view: &mut impl View,
    code: &str,
) -> Result<Option<(Compound, LastActs)>> {
    let found = view.rows(rows::COMPOUNDS, &COMPOUND_AND_ACTS, vec![code.into()]).await?;
    found.first().map(|row| Ok((compound_of(row)?, LastActs::of(row)?))).transpose()
}

/// A dwelling, its owners' numbers, and the acts it is true of: one question, one answer.
#[derive(Clone, Debug)]
pub struct Portrait {
    /// The dwelling.
    pub dwelling: Dwelling,
    /// Its owners' numbers; none where the key is not there. Who shows one in clear records an act first.
    pub contacts: Vec<Contact>,
    /// The acts it is true of.
    pub acts: LastActs,
}

/// A dwelling on a day with all that is known of its owners, in one question.
///
/// # Errors
/// `property.room-code`, `property.no-dwelling`; `seal.key-differs`, `seal.broken`.
pub async fn portrait(
    view: &mut impl View,
    compound: CompoundId,
    code: &str,
    on: Day,
) -> Result<Portrait> {
    let code = room(code)?;
    let values = vec![compound.0.into(), on.into(), code.to_string().into()];
    let found = view.rows(rows::ROLL, &PORTRAIT, values).await?;
    let (Some(dwelling), Some(first)) = (dwellings_of(&found)?.pop(), found.first()) else {
        return Err(no_dwelling(&code).into());
    };
    let acts = LastActs::of(first)?;
    let ring = view.ring().clone();
    let mut contacts = match ring.is_open() {
        Ok(_) if !dwelling.owners.is_empty() => found
            .iter()
            .map(|row| contact_of(&ring, compound, row))
            .collect::<Result<Vec<Contact>>>()?,
        _ => Vec::new(),
    };
    // The rows come in no order; the numbers stand in that of the owners.
    contacts.sort_unstable_by_key(|contact| contact.owner_no);
    Ok(Portrait { dwelling, contacts, acts })
}
