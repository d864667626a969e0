//! What a dwelling was charged, has paid and owes; and the payments that were taken.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::{BILLS, PAYMENTS};
use super::{PREPAID, RECEIVABLE};
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{CompoundId, DwellingNo, MatterNo, PaymentNo, VoucherSeq};
use crate::journal::{self, AsOf, Book};
use crate::money::Money;
use crate::tariff::Bearer;

/// A bill as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "账单现状")]
pub struct Bill {
    /// Its number.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// What was charged.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// The first day charged for.
    #[schemars(description = "计费起日")]
    pub from_on: Day,
    /// The last day charged for.
    #[schemars(description = "计费止日")]
    pub to_on: Day,
    /// The day by which it is to be paid.
    #[schemars(description = "缴费期限")]
    pub due_on: Day,
    /// How much.
    #[schemars(description = "应收：分", example = 10000)]
    pub amount_fen: Money,
    /// What is still owed.
    #[schemars(description = "尚欠：分", example = 0)]
    pub open_fen: Money,
    /// Who is to pay.
    #[schemars(description = "由谁承担")]
    pub bearer: Bearer,
    /// How it was reckoned.
    #[schemars(description = "计算过程：按标准出账的", example = &"107.5㎡ × 0.35元/月 × 3月")]
    pub worked: String,
}

/// A dwelling's service fees: its bills and what it has prepaid.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一户的物业费")]
pub struct FeeAccount {
    /// The bills, oldest first.
    #[schemars(description = "账单：旧的在前")]
    pub bills: Vec<Bill>,
    /// Σ billed.
    #[schemars(description = "应收合计：分", example = 22000)]
    pub billed_fen: Money,
    /// Σ paid, what is prepaid included.
    #[schemars(description = "已缴合计：分，含预存", example = 25000)]
    pub paid_fen: Money,
    /// Σ still owed.
    #[schemars(description = "尚欠合计：分", example = 0)]
    pub arrears_fen: Money,
    /// Σ waived.
    #[schemars(description = "减免合计：分", example = 0)]
    pub waived_fen: Money,
    /// Σ written off.
    #[schemars(description = "核销合计：分", example = 0)]
    pub written_off_fen: Money,
    /// What is prepaid.
    #[schemars(description = "预存：分", example = 3000)]
    pub prepaid_fen: Money,
}

/// A dwelling's service fees, as of a day, as known at an instant.
///
/// # Errors
/// Storage.
pub async fn account(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
    as_of: AsOf,
) -> Result<FeeAccount> {
    let sql =
        "SELECT matter_no, item, from_on, to_on, due_on, bearer, worked, voucher_seq FROM bill
               WHERE compound_id = $1 AND dwelling_no = $2 ORDER BY from_on, due_on, matter_no";
    let found = view.rows(BILLS, sql, vec![compound.0.into(), dwelling.0.into()]).await?;
    let movements = journal::statement(view, compound, Book::Service, dwelling, as_of).await?;

    // What a voucher did to a bill: it made it, or forgave something of it. Everything else is money.
    let mut made: HashMap<(MatterNo, VoucherSeq), What> =
        remissions(view, compound, dwelling).await?;
    for row in &found {
        let (bill, seq) = (row.try_get("", "matter_no")?, row.try_get("", "voucher_seq")?);
        made.insert((MatterNo(bill), VoucherSeq(seq)), What::Billed);
    }
    let mut billed: HashMap<MatterNo, (Money, Money)> = HashMap::new();
    let (mut prepaid_fen, mut waived_fen, mut written_off_fen) =
        (Money::ZERO, Money::ZERO, Money::ZERO);
    for m in &movements {
        match (m.account, m.matter) {
            (RECEIVABLE, Some(matter)) => {
                let (amount, open) = billed.entry(matter).or_default();
                *open += m.signed();
                let origin = m.reverses.unwrap_or(m.posted.seq);
                match made.get(&(matter, origin)) {
                    Some(What::Billed) => *amount += m.signed(),
                    Some(What::Waived) => waived_fen -= m.signed(),
                    Some(What::WrittenOff) => written_off_fen -= m.signed(),
                    None => {}
                }
            }
            (PREPAID, _) => prepaid_fen -= m.signed(),
            _ => {}
        }
    }
    let mut bills = Vec::new();
    for row in found {
        let bill_no = MatterNo(row.try_get("", "matter_no")?);
        let Some((amount_fen, open_fen)) = billed.get(&bill_no).copied() else { continue };
        if amount_fen.is_zero() && open_fen.is_zero() {
            continue;
        }
        bills.push(Bill {
            bill_no,
            item: row.try_get("", "item")?,
            from_on: row.try_get("", "from_on")?,
            to_on: row.try_get("", "to_on")?,
            due_on: row.try_get("", "due_on")?,
            amount_fen,
            open_fen,
            bearer: Bearer::named(&row.try_get::<String>("", "bearer")?),
            worked: row.try_get("", "worked")?,
        });
    }
    let billed_fen: Money = bills.iter().map(|b| b.amount_fen).sum();
    let arrears_fen: Money = bills.iter().map(|b| b.open_fen).sum();
    let paid_fen = billed_fen - arrears_fen - waived_fen - written_off_fen + prepaid_fen;
    Ok(FeeAccount {
        bills,
        billed_fen,
        paid_fen,
        arrears_fen,
        waived_fen,
        written_off_fen,
        prepaid_fen,
    })
}

/// What a voucher that is no payment did to a bill.
enum What {
    /// It made the bill, or took it back.
    Billed,
    Waived,
    WrittenOff,
}

async fn remissions(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
) -> Result<HashMap<(MatterNo, VoucherSeq), What>> {
    let sql = "SELECT matter_no, voucher_seq, kind FROM bill_remission
               WHERE compound_id = $1 AND dwelling_no = $2";
    let mut found = HashMap::new();
    for row in view.rows(BILLS, sql, vec![compound.0.into(), dwelling.0.into()]).await? {
        let key =
            (MatterNo(row.try_get("", "matter_no")?), VoucherSeq(row.try_get("", "voucher_seq")?));
        let kind: String = row.try_get("", "kind")?;
        let what = match kind.as_str() {
            "waiver" => What::Waived,
            "write-off" => What::WrittenOff,
            _ => What::Billed,
        };
        found.insert(key, what);
    }
    Ok(found)
}

/// A bill as it was made, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeBill {
    pub(crate) bill_no: MatterNo,
    pub(crate) dwelling_no: DwellingNo,
    pub(crate) item: String,
    pub(crate) from_on: Day,
    pub(crate) to_on: Day,
    pub(crate) due_on: Day,
    pub(crate) bearer: Bearer,
    pub(crate) worked: String,
}

/// The bills of a compound as they were made, or of one dwelling, by dwelling, oldest first.
pub(crate) async fn bills_made(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<DwellingNo>,
) -> Result<Vec<MadeBill>> {
    let one = if only.is_some() { "AND dwelling_no = $2" } else { "" };
    let sql = format!(
        "SELECT matter_no, dwelling_no, item, from_on, to_on, due_on, bearer, worked FROM bill
         WHERE compound_id = $1 {one} ORDER BY dwelling_no, from_on, due_on, matter_no"
    );
    let mut values = vec![compound.0.into()];
    values.extend(only.map(|no| no.0.into()));
    let mut bills = Vec::new();
    for row in view.rows(BILLS, &sql, values).await? {
        bills.push(MadeBill {
            bill_no: MatterNo(row.try_get_by_index(0)?),
            dwelling_no: DwellingNo(row.try_get_by_index(1)?),
            item: row.try_get_by_index(2)?,
            from_on: row.try_get_by_index(3)?,
            to_on: row.try_get_by_index(4)?,
            due_on: row.try_get_by_index(5)?,
            bearer: Bearer::named(&row.try_get_by_index::<String>(6)?),
            worked: row.try_get_by_index(7)?,
        });
    }
    Ok(bills)
}

/// What every dwelling with bills owes and has prepaid, as of a day, as known at an instant.
///
/// # Errors
/// Storage.
pub async fn standings(
    view: &mut impl View,
    compound: CompoundId,
    as_of: AsOf,
) -> Result<BTreeMap<DwellingNo, (Money, Money)>> {
    let mut standings: BTreeMap<DwellingNo, (Money, Money)> = BTreeMap::new();
    for (dwelling, account, debit) in
        journal::dwelling_balances(view, compound, Book::Service, as_of).await?
    {
        let (arrears, prepaid) = standings.entry(dwelling).or_default();
        match account {
            RECEIVABLE => *arrears += debit,
            PREPAID => *prepaid -= debit,
            _ => {}
        }
    }
    Ok(standings)
}

/// A receipt as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Its number.
    pub payment_no: PaymentNo,
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// How much.
    pub amount_fen: Money,
    /// What of it settled bills.
    pub settled_fen: Money,
    /// How it was made.
    pub method: String,
    /// The day it was received.
    pub received_on: Day,
    /// The transaction's number.
    pub reference: String,
}

/// The payments of a compound after a number, in order; of one dwelling if asked.
///
/// # Errors
/// Storage.
pub async fn receipts(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: Option<DwellingNo>,
    after: PaymentNo,
    most: i32,
) -> Result<Vec<Receipt>> {
    let only = if dwelling.is_some() { "AND dwelling_no = $4" } else { "" };
    let sql = format!(
        "SELECT payment_no, dwelling_no, amount_fen, settled_fen, method, received_on, reference
         FROM payment WHERE compound_id = $1 AND payment_no > $2 {only}
         ORDER BY payment_no LIMIT $3"
    );
    let mut values = vec![compound.0.into(), after.0.into(), most.clamp(1, 1000).into()];
    values.extend(dwelling.map(|d| d.0.into()));
    let mut receipts = Vec::new();
    for row in view.rows(PAYMENTS, &sql, values).await? {
        receipts.push(Receipt {
            payment_no: PaymentNo(row.try_get("", "payment_no")?),
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
            settled_fen: Money::fen(row.try_get("", "settled_fen")?),
            method: row.try_get("", "method")?,
            received_on: row.try_get("", "received_on")?,
            reference: row.try_get("", "reference")?,
        });
    }
    Ok(receipts)
}
