//! Public revenue assigned to the fund (公共收益划入): two books, one transfer.
//!
//! Always: it is the fund's income from operating common parts (4201) and reaches the dwellings by its distribution, never by
//! itself (`renewal` says what that does for a plan).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan::living_plan;
use super::rows::{ASSIGNMENT, RENEWALS};
use super::{BANK, REVENUE_SHORT, may_be_amount, may_be_day, may_be_kept};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::Result;
use crate::id::{AssignmentNo, CompoundId, RenewalNo, TransferNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property::Housing;

/// Public revenue to assign to the fund.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要划入维修资金的公共收益：计入经营收入，分配到户后方增加各户余额")]
pub struct Assigning {
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 4_100_000
    )]
    pub amount_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "划入日期")]
    pub assigned_on: Day,
    /// For which kind of housing: the two are kept apart.
    #[schemars(description = "归属：商品住宅与已售公有住房分开核算")]
    pub housing: Housing,
    /// The plan it helps, if one.
    #[serde(default)]
    #[schemars(description = "续筹方案编号：不为某一方案的不写")]
    pub plan_no: Option<RenewalNo>,
    /// What it rests on.
    #[schemars(description = "凭据", example = &"公共收益分配方案 2026-1")]
    pub evidence: String,
}

/// Public revenue that was assigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// Its number.
    pub assignment_no: AssignmentNo,
    /// The transfer both vouchers carry.
    pub transfer_no: TransferNo,
    /// The voucher of the revenue book.
    pub revenue: Posted,
    /// The voucher of the fund.
    pub fund: Posted,
}

/// Assigns public revenue to the fund: two vouchers, one transfer number. It is the fund's income from operating common parts
/// (4201) and reaches the dwellings by its distribution.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.amount`, `fund.no-plan`, `fund.revenue-short`; those of [`journal::transfer`].
pub async fn assign_revenue(tx: &mut Tx, asked: &Assigning) -> Result<Assigned> {
    may_be_kept("凭据", &asked.evidence)?;
    may_be_day("划入日期", asked.assigned_on)?;
    may_be_amount(asked.amount_fen)?;
    tx.flush().await?;
    let compound = tx.compound();
    if let Some(no) = asked.plan_no {
        living_plan(tx, compound, no).await?;
    }
    let has = revenue_at_bank(tx).await?;

    if asked.amount_fen > has {
        let evidence =
            format!("账户余额 {} 元，划入 {} 元", has.grouped(), asked.amount_fen.grouped());
        return Err(REVENUE_SHORT.refuse(evidence).with("available_fen", has.in_fen()).into());
    }

    let (bank, income) = (REVENUE_BANK, operating_income(asked.housing));
    let entry = |book: Book, lines: Vec<Line>| Entry {
        book,
        effective_on: asked.assigned_on,
        kind: Kind::Transfer,
        memo: "公共收益划入维修资金".to_owned(),
        source: "柜台".to_owned(),
        evidence: asked.evidence.trim().to_owned(),
        lines,
    };
    let amount = asked.amount_fen;
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
        asked.assigned_on.into(),
        asked.evidence.trim().into(),
        transfer_no.0.into(),
        revenue.seq.0.into(),
        fund.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&ASSIGNMENT, &row);
    Ok(Assigned { assignment_no: no, transfer_no, revenue, fund })
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

async fn revenue_at_bank(tx: &mut Tx) -> Result<Money> {
    let sql = "SELECT CAST(COALESCE(sum(debit_fen - credit_fen), 0) AS BIGINT) AS fen FROM balance
               WHERE compound_id = $1 AND book = $2 AND account = $3";
    let values = vec![tx.compound().0.into(), Book::Revenue.number().into(), REVENUE_BANK.into()];
    let found = tx.rows(RENEWALS, sql, values).await?;
    let fen: i64 = found.first().map(|row| row.try_get("", "fen")).transpose()?.unwrap_or(0);
    Ok(Money::fen(fen))
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
