//! What each dwelling has given to a project, and what the next payment takes of it.
//!
//! Owns: [`Drawn`], [`Draws`]. Knows no database.
//!
//! Always: the shares of all payments together are the allocation of their sum: a payment takes of each dwelling what the
//! allocation of the new sum says, less what was taken before. Nothing is divided by parts, so nothing drifts. What a balance
//! cannot is the owner's debt outside the fund; what is unsold is the developer's; neither is ever drawn.

use std::collections::BTreeMap;

use crate::allocation::{Allocation, PaidBy, Work, allocate};
use crate::error::Refusal;
use crate::id::DwellingNo;
use crate::money::Money;
use crate::policy::Pack;
use crate::property::{Housing, RoomCode};

/// What a project has drawn of a dwelling's balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Of its principal.
    pub principal: Money,
    /// Of its gains.
    pub gains: Money,
}

/// What a payment takes of a dwelling; negative where it gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The dwelling.
    pub dwelling: DwellingNo,
    /// Its code.
    pub code: RoomCode,
    /// Which accounts.
    pub housing: Housing,
    /// Of its principal.
    pub principal: Money,
    /// Of its gains.
    pub gains: Money,
}

impl Draw {
    /// Of both.
    #[must_use]
    pub fn total(&self) -> Money {
        self.principal + self.gains
    }
}

/// What an owner owes outside the fund for all payments together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owing {
    /// The room.
    pub code: RoomCode,
    /// Owed in all.
    pub owed: Money,
    /// Paid of it.
    pub raised: Money,
}

/// What a payment takes, dwelling by dwelling.
#[derive(Clone, Debug)]
pub struct Draws {
    /// All payments together, with this one.
    pub total: Money,
    /// How they are shared.
    pub allocation: Allocation,
    /// What this payment takes, dwellings that give nothing left out.
    pub of: Vec<Draw>,
    /// Its sum: the fund's part of the payment.
    pub fund: Money,
    /// What owners owe outside the fund, where they owe.
    pub owing: Vec<Owing>,
}

impl Draws {
    /// The dwellings that would give less than they have already given: a payment too small to share.
    pub fn backwards(&self) -> impl Iterator<Item = &Draw> {
        self.of.iter().filter(|d| d.principal.is_negative() || d.gains.is_negative())
    }

    /// Whether every part of the sum is somebody's, to the fen.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        let a = &self.allocation;
        let shares: Money = a.shares.iter().map(|share| share.amount).sum();
        let units: Money = a.units.iter().map(|unit| unit.amount).sum();
        let sources = a.from_balances + a.from_units + a.owed + a.by_developers;
        shares + units == self.total && sources == self.total && a.unshared.is_zero()
    }
}

/// What a payment takes that brings the sum of all payments to `total`.
///
/// # Errors
/// Those of [`allocate`].
pub fn draws(
    work: &Work,
    pack: &Pack,
    total: Money,
    drawn: &BTreeMap<DwellingNo, Drawn>,
    raised: &BTreeMap<RoomCode, Money>,
) -> Result<Draws, Refusal> {
    let work = Work { cost: total, removed: Vec::new(), ..work.clone() };
    let allocation = allocate(&work, pack)?;
    let housing: BTreeMap<DwellingNo, Housing> =
        work.places.iter().map(|place| (place.dwelling, place.housing)).collect();
    let codes: BTreeMap<DwellingNo, &RoomCode> =
        work.places.iter().map(|place| (place.dwelling, &place.code)).collect();
    let mut wanted: BTreeMap<DwellingNo, Drawn> = BTreeMap::new();
    for share in &allocation.shares {
        wanted.insert(share.dwelling, Drawn { principal: share.principal, gains: share.gains });
    }
    // Whoever gave before and bears nothing now would get it back.
    for dwelling in drawn.keys() {
        wanted.entry(*dwelling).or_default();
    }
    let mut of = Vec::new();
    for (dwelling, want) in wanted {
        let had = drawn.get(&dwelling).copied().unwrap_or_default();
        let (principal, gains) = (want.principal - had.principal, want.gains - had.gains);
        let Some(code) = codes.get(&dwelling) else { continue };
        if !principal.is_zero() || !gains.is_zero() {
            let housing = housing.get(&dwelling).copied().unwrap_or(Housing::Commodity);
            of.push(Draw { dwelling, code: (*code).clone(), housing, principal, gains });
        }
    }
    let owes = allocation.shares.iter().filter(|s| s.paid_by == PaidBy::Fund);
    let owing = owes
        .filter(|share| share.owner_owes.is_positive())
        .map(|share| Owing {
            code: share.code.clone(),
            owed: share.owner_owes,
            raised: raised.get(&share.code).copied().unwrap_or_default(),
        })
        .collect();
    let fund = of.iter().map(Draw::total).sum();
    Ok(Draws { total, allocation, of, fund, owing })
}

/// A balance less what is promised elsewhere, as principal and gains in the order they are drawn.
#[must_use]
pub fn free(principal: Money, gains: Money, held: Money, principal_first: bool) -> Drawn {
    let all = (principal + gains - held).max(Money::ZERO);
    let within = |part: Money| (part - held).max(Money::ZERO).min(all);
    if principal_first {
        let principal = within(principal);
        Drawn { principal, gains: all - principal }
    } else {
        let gains = within(gains);
        Drawn { principal: all - gains, gains }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_elsewhere_takes_first_what_would_be_drawn_first() {
        let fen = Money::fen;
        let both = |p, g| Drawn { principal: fen(p), gains: fen(g) };
        assert_eq!(free(fen(100), fen(50), fen(0), true), both(100, 50));
        assert_eq!(free(fen(100), fen(50), fen(30), true), both(70, 50));
        assert_eq!(free(fen(100), fen(50), fen(120), true), both(0, 30));
        assert_eq!(free(fen(100), fen(50), fen(30), false), both(100, 20));
        assert_eq!(free(fen(100), fen(50), fen(70), false), both(80, 0));
        assert_eq!(free(fen(100), fen(50), fen(200), true), both(0, 0));
        // Principal drawn below nothing is covered by gains, and no more is there than both together.
        assert_eq!(free(fen(-20), fen(50), fen(0), true), both(0, 30));
    }
}
