//! What a dwelling has: its account, movement by movement, and everybody's balances.
//!
//! Always: read from the postings over the accounts that bear a dwelling's money; principal and gains apart.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Assessment, PERIOD, assessments, deposit};
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{CompoundId, DwellingNo};
use crate::journal::{self, AsOf, Bearing, Book, Movement};
use crate::money::Money;

/// Principal and gains, apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "分户余额")]
pub struct FundBalance {
    /// 本金.
    #[serde(rename = "principal_fen")]
    #[schemars(description = "本金：分", example = 800000)]
    pub principal: Money,
    /// 增值收益.
    #[serde(rename = "gains_fen")]
    #[schemars(description = "增值收益：分", example = 0)]
    pub gains: Money,
}

impl FundBalance {
    /// Both together.
    #[must_use]
    pub fn total(self) -> Money {
        self.principal + self.gains
    }

    pub(super) fn bear(&mut self, account: i32, credit: Money) {
        match Book::Fund.chart().account(account).and_then(|a| a.bearing) {
            Some(Bearing::Principal) => self.principal += credit,
            Some(Bearing::Gains) => self.gains += credit,
            None => {}
        }
    }
}

/// A movement of a dwelling's fund, with the balance after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundMovement {
    /// The movement.
    pub movement: Movement,
    /// What it adds; negative if it takes.
    pub change: FundBalance,
    /// What there is after it.
    pub after: FundBalance,
}

/// A dwelling's fund account over a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it was to pay in at first, and by which standard.
    pub assessment: Option<Assessment>,
    /// The day of its first deposit.
    pub first_deposit_on: Option<Day>,
    /// What it paid in, all deposits together, refunds of the same year taken off.
    pub deposited: Money,
    /// Of that, what counts as its first deposit (首期): all that is no top-up, rebuilding or monthly levy.
    pub first_paid: Money,
    /// What there was before the period.
    pub opening: FundBalance,
    /// What moved in the period.
    pub movements: Vec<FundMovement>,
    /// What there is at its end.
    pub closing: FundBalance,
}

/// A dwelling's fund account from a day on, as of another, as known at an instant.
///
/// # Errors
/// `fund.period`, storage.
pub async fn account(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
    from: Option<Day>,
    as_of: AsOf,
) -> Result<Account> {
    if let (Some(from), Some(until)) = (from, as_of.day)
        && from > until
    {
        return Err(PERIOD.refuse(format!("{from} 至 {until}")).into());
    }
    let assessment = assessments(view, compound, Some(dwelling)).await?.pop();
    let movements = journal::statement(view, compound, Book::Fund, dwelling, as_of).await?;
    let mut account = Account {
        assessment,
        first_deposit_on: None,
        deposited: Money::ZERO,
        first_paid: Money::ZERO,
        opening: FundBalance::default(),
        movements: Vec::new(),
        closing: FundBalance::default(),
    };
    let mut others = deposit::of_other_kinds(view, compound, dwelling).await?;
    for movement in movements {
        let mut change = FundBalance::default();
        change.bear(movement.account, -movement.signed());
        if change == FundBalance::default() {
            continue;
        }
        if movement.account / 100 == 4001 {
            account.first_deposit_on = account.first_deposit_on.or(Some(movement.effective_on));
            account.deposited += change.principal;
            let other = others.remove(&movement.posted.seq).unwrap_or_default();
            account.first_paid += change.principal - other;
        }
        account.closing.principal += change.principal;
        account.closing.gains += change.gains;
        if from.is_some_and(|from| movement.effective_on < from) {
            account.opening = account.closing;
        } else {
            account.movements.push(FundMovement { movement, change, after: account.closing });
        }
    }
    Ok(account)
}

/// What every dwelling has in the fund, as of a day, as known at an instant. One that never had anything is not named.
///
/// # Errors
/// Storage.
pub async fn balances(
    view: &mut impl View,
    compound: CompoundId,
    as_of: AsOf,
) -> Result<BTreeMap<DwellingNo, FundBalance>> {
    let mut balances: BTreeMap<DwellingNo, FundBalance> = BTreeMap::new();
    for (dwelling, account, debit_balance) in
        journal::dwelling_balances(view, compound, Book::Fund, as_of).await?
    {
        balances.entry(dwelling).or_default().bear(account, -debit_balance);
    }
    Ok(balances)
}

/// What each dwelling paid in, by year, refunds of the same year taken off.
pub(crate) async fn deposited_by_year(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashMap<(DwellingNo, i32), Money>> {
    let mut deposited: HashMap<(DwellingNo, i32), Money> = HashMap::new();
    for account in [400_101, 400_102] {
        for (dwelling, year, debit) in
            journal::turnover_by_year(view, compound, Book::Fund, account).await?
        {
            *deposited.entry((dwelling, year)).or_default() -= debit;
        }
    }
    Ok(deposited)
}
