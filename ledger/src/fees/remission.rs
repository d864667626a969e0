//! What of a bill nobody pays: waived (减免), written off as lost (核销), or the whole bill taken back (撤销).
//!
//! Owns: `bill_remission`, which is also the log of waivers.
//!
//! Always: never more than is open; a waiver takes the revenue and its tax back, a write-off is an expense and leaves the tax;
//! what is held for the owners (酬金制) is theirs to lose; a bill is taken back only when nothing is paid on it, and then the
//! same days can be billed again. Who signed as the second person stands in the row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owed::{State, states};
use super::rows::{BILLS, REMISSION, stands};
use super::{AMOUNT, BILL_PAID, OVER_OWED, RECEIVABLE, REVENUE, TAX, TRUST, may_be_reason};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, DwellingNo, MatterNo, RemissionNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::{Money, Rounding, Unrounded};
use crate::property::{self, RoomCode};

/// 6602 管理费用: what is lost.
const EXPENSE: i32 = 6602;

/// How a bill is forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RemissionKind", description = "减免种类")]
pub enum RemissionKind {
    /// 减免.
    #[schemars(description = "减免")]
    Waiver,
    /// 核销.
    #[schemars(description = "核销")]
    WriteOff,
    /// 撤销账单.
    #[schemars(description = "撤销账单")]
    Withdrawal,
}

impl RemissionKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RemissionKind::Waiver => "waiver",
            RemissionKind::WriteOff => "write-off",
            RemissionKind::Withdrawal => "withdrawal",
        }
    }

    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            RemissionKind::Waiver => "减免",
            RemissionKind::WriteOff => "核销",
            RemissionKind::Withdrawal => "撤销账单",
        }
    }

    fn named(name: &str) -> RemissionKind {
        match name {
            "waiver" => RemissionKind::Waiver,
            "write-off" => RemissionKind::WriteOff,
            _ => RemissionKind::Withdrawal,
        }
    }
}

/// What is to be forgiven.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要减免、核销或撤销的账单")]
pub struct Remitting {
    /// The room.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The bill.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// How much of it; all that is open if nobody says.
    #[serde(default)]
    #[schemars(
        description = "金额：分；不写则为尚欠的全部，撤销账单不写",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 5_000
    )]
    pub amount_fen: Option<Money>,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因与依据：2 至 200 个字", example = &"漏水期间减免，业委会函 2026-3")]
    pub reason: String,
}

/// What was forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remitted {
    /// Its number.
    pub remission_no: RemissionNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// What is still open.
    pub left_fen: Money,
}

/// Waives an open bill, or a part of it.
///
/// # Errors
/// `fees.reason`, `seal.person-in-text`, `property.no-dwelling`, `fees.no-bill`, `fees.amount`, `fees.over-owed`, those of
/// [`journal::post`].
pub async fn waive(tx: &mut Tx, asked: &Remitting) -> Result<Remitted> {
    remit_asked(tx, RemissionKind::Waiver, asked).await
}

/// Writes an open bill off as lost, or a part of it.
///
/// # Errors
/// As [`waive`].
pub async fn write_off(tx: &mut Tx, asked: &Remitting) -> Result<Remitted> {
    remit_asked(tx, RemissionKind::WriteOff, asked).await
}

/// Takes a bill back on which nothing is paid: the same days can be billed again.
///
/// # Errors
/// As [`waive`], and `fees.bill-paid`.
pub async fn withdraw(tx: &mut Tx, asked: &Remitting) -> Result<Remitted> {
    remit_asked(tx, RemissionKind::Withdrawal, asked).await
}

async fn remit_asked(tx: &mut Tx, kind: RemissionKind, asked: &Remitting) -> Result<Remitted> {
    may_be_reason(&asked.reason)?;
    let dwelling = property::rooms(tx, std::slice::from_ref(&asked.room)).await?[0];
    remit(tx, kind, dwelling, asked).await
}

pub(super) async fn remit(
    tx: &mut Tx,
    kind: RemissionKind,
    dwelling: DwellingNo,
    asked: &Remitting,
) -> Result<Remitted> {
    let states = states(tx, &[dwelling]).await?;
    let bill = states.standing(dwelling, asked.bill_no)?;
    let compound = tx.compound();
    let is_held = journal::touches(tx, compound, Book::Service, bill.voucher, TRUST).await?;

    let amount = may_be_remitted(kind, bill, asked.amount_fen)?;
    let tax = match kind {
        RemissionKind::WriteOff => Money::ZERO,
        _ => tax_of(bill, bill.remitted + amount) - tax_of(bill, bill.remitted),
    };

    let mut lines = match (is_held, kind) {
        (true, _) => vec![Line::debit(TRUST, amount)],
        (false, RemissionKind::WriteOff) => vec![Line::debit(EXPENSE, amount)],
        (false, _) => vec![Line::debit(REVENUE, amount - tax), Line::debit(TAX, tax)],
    };
    lines.retain(|line| line.amount.is_positive());
    lines.push(Line::credit(RECEIVABLE, amount).of(dwelling).about(bill.no));
    let entry = Entry {
        book: Book::Service,
        effective_on: asked.on,
        kind: Kind::Other,
        memo: format!("{} {} {}~{}", kind.in_chinese(), bill.item, bill.from_on, bill.to_on),
        source: "柜台".to_owned(),
        evidence: asked.reason.trim().to_owned(),
        lines,
    };
    let left_fen = bill.open - amount;
    let voucher = journal::post(tx, entry).await?;
    let remission_no = RemissionNo(tx.next_no("bill-remission"));
    let second = tx.actor().second.clone();
    let row = [
        compound.0.into(),
        remission_no.0.into(),
        dwelling.0.into(),
        asked.bill_no.0.into(),
        kind.name().into(),
        amount.in_fen().into(),
        tax.in_fen().into(),
        asked.on.into(),
        asked.reason.trim().into(),
        (&second).into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&REMISSION, &row);
    Ok(Remitted { remission_no, voucher, amount_fen: amount, left_fen })
}

fn may_be_remitted(
    kind: RemissionKind,
    bill: &State,
    asked: Option<Money>,
) -> Result<Money, Refusal> {
    if kind == RemissionKind::Withdrawal {
        if bill.open != bill.amount || asked.is_some_and(|fen| fen != bill.amount) {
            let (amount, open) = (bill.amount.grouped(), bill.open.grouped());
            let evidence = format!("账单 {} 应收 {amount} 元，尚欠 {open} 元", bill.no);
            return Err(BILL_PAID.refuse(evidence));
        }
        return Ok(bill.amount);
    }
    let amount = asked.unwrap_or(bill.open);
    if asked.is_some() && !amount.is_positive() {
        return Err(AMOUNT.refuse(format!("{} 元", amount.grouped())));
    }
    if !amount.is_positive() || amount > bill.open {
        let (asked, open) = (amount.grouped(), bill.open.grouped());
        let evidence = format!("账单 {} 尚欠 {open} 元，{} {asked} 元", bill.no, kind.in_chinese());
        return Err(OVER_OWED.refuse(evidence).with("open_fen", bill.open.in_fen()));
    }
    Ok(amount)
}

/// The tax within the first so much of a bill: rounded once for all of it, so that the parts come to the whole.
fn tax_of(bill: &State, part: Money) -> Money {
    let share = rust_decimal::Decimal::from(bill.tax.in_fen())
        * rust_decimal::Decimal::from(part.in_fen())
        / rust_decimal::Decimal::from(bill.amount.in_fen().max(1))
        / rust_decimal::Decimal::ONE_HUNDRED;
    Unrounded::yuan(share).round(Rounding::HalfUpFen).unwrap_or(Money::ZERO).min(bill.tax)
}

/// A row of the log of waivers.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "减免、核销、撤销的登记")]
pub struct Remission {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub remission_no: RemissionNo,
    /// The kind.
    #[schemars(description = "种类")]
    pub kind: RemissionKind,
    /// The room.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The bill.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// How much.
    #[schemars(description = "金额：分", example = 5_000)]
    pub amount_fen: Money,
    /// The day.
    #[schemars(description = "日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因", example = &"漏水期间减免，业委会函 2026-3")]
    pub reason: String,
    /// Who signed.
    #[schemars(description = "复核人", example = &"李主管")]
    pub second: String,
    /// Whether it stands.
    #[schemars(description = "是否有效：未被冲销", example = true)]
    pub stands: bool,
}

/// The log of waivers, write-offs and bills taken back, after a number.
///
/// # Errors
/// Storage.
pub async fn remissions(
    view: &mut impl View,
    compound: CompoundId,
    after: RemissionNo,
    most: i32,
) -> Result<Vec<Remission>> {
    let sql = format!(
        "SELECT r.remission_no, r.kind, d.code, r.matter_no, r.amount_fen, r.remitted_on, r.reason, r.second,
           CASE WHEN {} THEN 1 ELSE 0 END AS is_standing
         FROM bill_remission r JOIN dwelling d ON d.compound_id = r.compound_id AND d.dwelling_no = r.dwelling_no
         WHERE r.compound_id = $1 AND r.remission_no > $2 ORDER BY r.remission_no LIMIT $3",
        stands("r")
    );
    let values = vec![compound.0.into(), after.0.into(), most.clamp(1, 1000).into()];
    let mut found = Vec::new();
    for row in view.rows(BILLS, &sql, values).await? {
        found.push(Remission {
            remission_no: RemissionNo(row.try_get("", "remission_no")?),
            kind: RemissionKind::named(&row.try_get::<String>("", "kind")?),
            room: row.try_get("", "code")?,
            bill_no: MatterNo(row.try_get("", "matter_no")?),
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
            on: row.try_get("", "remitted_on")?,
            reason: row.try_get("", "reason")?,
            second: row.try_get("", "second")?,
            stands: row.try_get::<i32>("", "is_standing")? == 1,
        });
    }
    Ok(found)
}
