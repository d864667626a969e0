//! Public revenue assigned to the fund (公共收益划入): two books, one transfer.
//!
//! Always: it is the fund's income from operating common parts (4201) and reaches the dwellings by its distribution, never by
//! itself (`renewal` says what that does for a plan). Only the room of public revenue asks for it: how much may go, and what of
//! it must, is its word (`revenue::distribution`).

use super::BANK;
use super::plan::living_plan;
use super::rows::{ASSIGNMENT, RENEWALS};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{AssignmentNo, CompoundId, RenewalNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property::Housing;

/// Public revenue to assign to the fund.
#[derive(Clone, Debug)]
pub(crate) struct Assigning {
    /// How much.
    pub(crate) amount: Money,
    /// When.
    pub(crate) on: Day,
    /// For which kind of housing: the two are kept apart.
    pub(crate) housing: Housing,
    /// The plan it helps, if one.
    pub(crate) plan_no: Option<RenewalNo>,
    /// What it rests on.
    pub(crate) evidence: String,
}

/// Assigns public revenue to the fund: two vouchers, one transfer number. It is the fund's income from operating common parts
/// (4201) and reaches the dwellings by its distribution. Answers the voucher of the revenue book.
///
/// # Errors
/// `fund.no-plan`, `fund.plan-withdrawn`; those of [`journal::transfer`].
pub(crate) async fn assign_revenue(tx: &mut Tx, asked: &Assigning) -> Result<Posted> {
    tx.flush().await?;
    let compound = tx.compound();
    if let Some(no) = asked.plan_no {
        living_plan(tx, compound, no).await?;
    }
    let (bank, income) = (REVENUE_BANK, operating_income(asked.housing));
    let entry = |book: Book, lines: Vec<Line>| Entry {
        book,
        effective_on: asked.on,
        kind: Kind::Transfer,
        memo: "公共收益划入维修资金".to_owned(),
        source: "柜台".to_owned(),
        evidence: asked.evidence.trim().to_owned(),
        lines,
    };
    let amount = asked.amount;
    let from = entry(Book::Revenue, vec![Line::debit(TO_FUND, amount), Line::credit(bank, amount)]);
    let to = entry(Book::Fund, vec![Line::debit(BANK, amount), Line::credit(income, amount)]);
    let (transfer_no, revenue, fund) = journal::transfer(tx, from, to).await?;
    let no = AssignmentNo(tx.next_no("revenue-assignment"));
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.plan_no.map(|no| no.0).into(),
        asked.housing.name().into(),
        amount.in_fen().into(),
        asked.on.into(),
        asked.evidence.trim().into(),
        transfer_no.0.into(),
        revenue.seq.0.into(),
        fund.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&ASSIGNMENT, &row);
    Ok(revenue)
}

/// 1002 银行存款 of the revenue book.
const REVENUE_BANK: i32 = 1002;
/// 5101 划入维修资金 of the revenue book.
const TO_FUND: i32 = 5101;

/// 4201 经营收入, by the kind of housing.
const fn operating_income(housing: Housing) -> i32 {
    match housing {
        Housing::Commodity => 420_101,
        Housing::SoldPublic => 420_102,
    }
}

/// Assignments of public revenue to the fund, in their order: number, plan, amount, day.
///
/// # Errors
/// Storage.
pub async fn assignments(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<Vec<(AssignmentNo, Option<RenewalNo>, Money, Day)>> {
    let sql = "SELECT assignment_no, COALESCE(plan_no, 0) AS plan_no, amount_fen, assigned_on
               FROM revenue_assignment WHERE compound_id = $1 ORDER BY assignment_no";
    let mut found = Vec::new();
    for row in view.rows(RENEWALS, sql, vec![compound.0.into()]).await? {
        let plan: i32 = row.try_get("", "plan_no")?;
        found.push((
            AssignmentNo(row.try_get("", "assignment_no")?),
            (plan > 0).then_some(RenewalNo(plan)),
            Money::fen(row.try_get("", "amount_fen")?),
            row.try_get("", "assigned_on")?,
        ));
    }
    Ok(found)
}
