//! Bills: what a dwelling is charged, as a receivable of its own.
//!
//! Always: bills that are published together are one voucher (as few as its lines allow): Dr 1122 per bill / Cr 6001 and 2221,
//! or Cr 224103 under 酬金制, where the money is the owners'. What an owner has prepaid is taken at once.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::rows::{BILL, BILLS, bill_stands};
use super::{AMOUNT, BILLED, ITEM, NO_BILLS, PERIOD, PREPAID, RECEIVABLE, REVENUE, TAX, TRUST};
use crate::books::{Tx, View as _};
use crate::calendar::Day;
use crate::error::{Refusal, Result};
use crate::id::{DwellingNo, MatterNo, TariffNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property;
use crate::seal::may_stand_in_clear;
use crate::tariff::reckon::Bearer;

/// Bills of one item and period to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    /// What is charged: 物业费.
    pub item: String,
    /// The first day charged for.
    pub from_on: Day,
    /// The last day charged for.
    pub to_on: Day,
    /// The day by which it is to be paid; the last day charged for if none is said.
    #[serde(default)]
    pub due_on: Option<Day>,
    /// Who is charged how much.
    pub bills: Vec<Charge>,
}

/// What a dwelling is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// How much.
    #[serde(rename = "amount_fen")]
    pub amount: Money,
}

/// Published bills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// The voucher of the receivables.
    pub voucher: Posted,
    /// The voucher that took from what was prepaid, if anything was.
    pub prepaid_voucher: Option<Posted>,
    /// The bills, as charged.
    pub bills: Vec<MatterNo>,
    /// Σ of them.
    pub total_fen: Money,
    /// What was taken from prepaid.
    pub prepaid_fen: Money,
}

/// Publishes bills of amounts that are known: Dr 1122 per bill / Cr 6001, on the first day charged for (or today, if that is
/// yet to come). What a dwelling has prepaid is taken at once.
///
/// # Errors
/// `fees.item`, `fees.period`, `fees.no-bills`, `fees.amount`, `property.no-dwelling`, `fees.billed`, those of
/// [`journal::post`].
pub async fn bill(tx: &mut Tx, billing: &Billing) -> Result<Billed> {
    let compound = tx.compound();
    let days = (billing.from_on, billing.to_on);
    let known = property::numbers_within(tx, compound, days).await?;
    let billed = billed_already(tx, &billing.item, billing.from_on, billing.to_on).await?;

    may_bill(billing, &known, &billed)?;

    let drafts: Vec<Draft<'_>> = billing
        .bills
        .iter()
        .map(|charge| Draft {
            dwelling_no: charge.dwelling_no,
            item: &billing.item,
            from_on: billing.from_on,
            to_on: billing.to_on,
            due_on: billing.due_on.unwrap_or(billing.to_on),
            amount: charge.amount,
            tax: Money::ZERO,
            bearer: Bearer::Owner,
            is_held: false,
            tariff_no: None,
            worked: "",
        })
        .collect();
    let name = format!("{} {}~{}", billing.item, billing.from_on, billing.to_on);
    let memo = format!("{name} 应收 {} 户", drafts.len());
    let published = publish(tx, &drafts, billing.from_on.min(tx.at().day()), &memo).await?;
    let bug = || crate::error::Storage::Bug("bills were published without a voucher".to_owned());
    Ok(Billed {
        voucher: *published.vouchers.first().ok_or_else(bug)?,
        prepaid_voucher: published.prepaid_vouchers.first().copied(),
        bills: published.bills,
        total_fen: published.total,
        prepaid_fen: published.taken,
    })
}

/// A bill that may be made.
pub(super) struct Draft<'a> {
    pub(super) dwelling_no: DwellingNo,
    pub(super) item: &'a str,
    pub(super) from_on: Day,
    pub(super) to_on: Day,
    pub(super) due_on: Day,
    pub(super) amount: Money,
    /// The tax within the amount.
    pub(super) tax: Money,
    pub(super) bearer: Bearer,
    /// Whether it is held for the owners (酬金制).
    pub(super) is_held: bool,
    pub(super) tariff_no: Option<TariffNo>,
    pub(super) worked: &'a str,
}

/// What was published.
pub(super) struct Published {
    pub(super) vouchers: Vec<Posted>,
    pub(super) prepaid_vouchers: Vec<Posted>,
    pub(super) bills: Vec<MatterNo>,
    pub(super) total: Money,
    pub(super) taken: Money,
}

/// How many bills one voucher takes: each may have two lines in the voucher that takes from what was prepaid.
const BILLS_OF_VOUCHER: usize = journal::voucher::LINES_MOST / 2 - 2;

/// Makes bills that were judged: the receivables, the rows, and what is taken from prepaid.
pub(super) async fn publish(
    tx: &mut Tx,
    drafts: &[Draft<'_>],
    effective_on: Day,
    memo: &str,
) -> Result<Published> {
    let mut prepaid = prepaid_of_all(tx).await?;
    let mut published = Published {
        vouchers: Vec::new(),
        prepaid_vouchers: Vec::new(),
        bills: Vec::with_capacity(drafts.len()),
        total: Money::ZERO,
        taken: Money::ZERO,
    };
    for drafts in drafts.chunks(BILLS_OF_VOUCHER) {
        let matters: Vec<MatterNo> = drafts
            .iter()
            .map(|d| {
                let name = format!("{} {}~{}", d.item, d.from_on, d.to_on);
                journal::open_matter(tx, "bill", &name)
            })
            .collect();
        let entry = Entry {
            book: Book::Service,
            effective_on,
            kind: Kind::Bill,
            memo: memo.to_owned(),
            source: String::new(),
            evidence: String::new(),
            lines: receivables(drafts, &matters),
        };
        let voucher = journal::post(tx, entry).await?;
        keep_bills(tx, drafts, &matters, voucher).await?;
        let (taken, lines) = from_prepaid(drafts, &matters, &mut prepaid);
        if taken.is_positive() {
            let entry = Entry {
                book: Book::Service,
                effective_on,
                kind: Kind::Payment,
                memo: "预收抵扣".to_owned(),
                source: String::new(),
                evidence: String::new(),
                lines,
            };
            published.prepaid_vouchers.push(journal::post(tx, entry).await?);
        }
        published.taken += taken;
        published.total += drafts.iter().map(|d| d.amount).sum::<Money>();
        published.vouchers.push(voucher);
        published.bills.extend(matters);
    }
    Ok(published)
}

/// Dr 1122 per bill; Cr what is earned, what is the tax office's, what is held.
fn receivables(drafts: &[Draft<'_>], matters: &[MatterNo]) -> Vec<Line> {
    let of = |is_held: bool| drafts.iter().filter(move |d| d.is_held == is_held);
    let held: Money = of(true).map(|d| d.amount).sum();
    let tax: Money = of(false).map(|d| d.tax).sum();
    let earned: Money = of(false).map(|d| d.amount - d.tax).sum();
    let debits = drafts
        .iter()
        .zip(matters)
        .map(|(d, matter)| Line::debit(RECEIVABLE, d.amount).of(d.dwelling_no).about(*matter));
    let credits = [(REVENUE, earned), (TAX, tax), (TRUST, held)]
        .into_iter()
        .filter(|(_, amount)| amount.is_positive())
        .map(|(account, amount)| Line::credit(account, amount));
    debits.chain(credits).collect()
}

/// Settles fresh bills from what their dwellings have prepaid; the developer's are not the owner's to pay.
fn from_prepaid(
    drafts: &[Draft<'_>],
    matters: &[MatterNo],
    prepaid: &mut BTreeMap<DwellingNo, Money>,
) -> (Money, Vec<Line>) {
    let (mut taken, mut lines) = (Money::ZERO, Vec::new());
    for (draft, matter) in drafts.iter().zip(matters) {
        let Some(has) = prepaid.get_mut(&draft.dwelling_no) else { continue };
        let take = (*has).min(draft.amount);
        if take.is_positive() && draft.bearer == Bearer::Owner {
            *has -= take;
            taken += take;
            lines.push(Line::debit(PREPAID, take).of(draft.dwelling_no));
            lines.push(Line::credit(RECEIVABLE, take).of(draft.dwelling_no).about(*matter));
        }
    }
    (taken, lines)
}

fn may_bill(
    billing: &Billing,
    known: &BTreeMap<DwellingNo, String>,
    billed: &HashMap<DwellingNo, MatterNo>,
) -> Result<(), Refusal> {
    let item_length = billing.item.trim().chars().count();
    if !(1..=40).contains(&item_length) || billing.item.chars().any(char::is_control) {
        return Err(ITEM.refuse(format!("{item_length} 个字")));
    }
    may_stand_in_clear("收费项目", &billing.item)?;
    if billing.to_on < billing.from_on {
        return Err(PERIOD.refuse(format!("{} 至 {}", billing.from_on, billing.to_on)));
    }
    if billing.bills.is_empty() || billing.bills.len() >= journal::voucher::LINES_MOST {
        return Err(NO_BILLS.refuse(format!("{} 户", billing.bills.len())));
    }
    let mut seen = HashMap::new();
    for Charge { dwelling_no, amount } in &billing.bills {
        let Some(code) = known.get(dwelling_no) else {
            return Err(property::NO_DWELLING.refuse(format!("房屋编号 {dwelling_no}")));
        };
        if !amount.is_positive() || !amount.is_within_limit() {
            return Err(AMOUNT.refuse(format!("{code}：{} 元", amount.grouped())));
        }
        if billed.contains_key(dwelling_no) || seen.insert(*dwelling_no, ()).is_some() {
            let evidence =
                format!("{code} {} {} 至 {}", billing.item, billing.from_on, billing.to_on);
            return Err(BILLED.refuse(evidence).with("dwelling_no", dwelling_no.0));
        }
    }
    Ok(())
}

async fn keep_bills(
    tx: &mut Tx,
    drafts: &[Draft<'_>],
    matters: &[MatterNo],
    voucher: Posted,
) -> Result<()> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    for (draft, matter) in drafts.iter().zip(matters) {
        let row = [
            compound.into(),
            matter.0.into(),
            draft.dwelling_no.0.into(),
            draft.item.into(),
            draft.from_on.into(),
            draft.to_on.into(),
            draft.due_on.into(),
            draft.amount.in_fen().into(),
            draft.tax.in_fen().into(),
            draft.bearer.name().into(),
            draft.tariff_no.map(|no| no.0).into(),
            draft.worked.into(),
            voucher.seq.0.into(),
            act.into(),
        ];
        tx.put(&BILL, &row);
        tx.put_is_due().await?;
    }
    Ok(())
}

async fn billed_already(
    tx: &mut Tx,
    item: &str,
    from: Day,
    to: Day,
) -> Result<HashMap<DwellingNo, MatterNo>> {
    // A bill whose voucher was reversed, or that was taken back, is as if it had not been.
    let sql = format!(
        "SELECT b.dwelling_no, b.matter_no FROM bill b
         WHERE b.compound_id = $1 AND b.item = $2 AND b.from_on = $3 AND b.to_on = $4 AND {}",
        bill_stands()
    );
    let values = vec![tx.compound().0.into(), item.into(), from.into(), to.into()];
    tx.flush().await?;
    let mut billed = HashMap::new();
    for row in tx.rows(BILLS, &sql, values).await? {
        let dwelling = DwellingNo(row.try_get("", "dwelling_no")?);
        billed.insert(dwelling, MatterNo(row.try_get("", "matter_no")?));
    }
    Ok(billed)
}

/// The bills of an item and period that stand: their number, what is owed on them, their voucher.
pub(crate) async fn open_bills_of(
    tx: &mut Tx,
    item: &str,
    from: Day,
    to: Day,
) -> Result<HashMap<DwellingNo, (MatterNo, Money, i32)>> {
    let billed = billed_already(tx, item, from, to).await?;
    if billed.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT b.dwelling_no, b.matter_no, b.voucher_seq,
                 CAST(COALESCE(sum(l.debit_fen - l.credit_fen), 0) AS BIGINT) AS open_fen
               FROM bill b LEFT JOIN balance l
                 ON l.compound_id = b.compound_id AND l.book = $5 AND l.dwelling_no = b.dwelling_no
                 AND l.account = $6 AND l.matter_no = b.matter_no
               WHERE b.compound_id = $1 AND b.item = $2 AND b.from_on = $3 AND b.to_on = $4
               GROUP BY b.dwelling_no, b.matter_no, b.voucher_seq";
    let book = Book::Service.number();
    let values = vec![
        tx.compound().0.into(),
        item.into(),
        from.into(),
        to.into(),
        book.into(),
        RECEIVABLE.into(),
    ];
    let mut bills = HashMap::new();
    for row in tx.rows(BILLS, sql, values).await? {
        let dwelling = DwellingNo(row.try_get("", "dwelling_no")?);
        let bill = MatterNo(row.try_get("", "matter_no")?);
        if billed.get(&dwelling) == Some(&bill) {
            let open = Money::fen(row.try_get("", "open_fen")?);
            bills.insert(dwelling, (bill, open, row.try_get("", "voucher_seq")?));
        }
    }
    Ok(bills)
}

/// The vouchers that published the bills which were made by the same act as some vouchers.
pub(crate) async fn bill_vouchers_of(tx: &mut Tx, vouchers: &[i32]) -> Result<Vec<i32>> {
    let (list, value) = tx.list_of(vouchers, 2);
    let sql = format!(
        "SELECT DISTINCT b.voucher_seq FROM bill b
         WHERE b.compound_id = $1 AND b.act_no IN
           (SELECT v.act_no FROM voucher v WHERE v.compound_id = $1 AND v.book = $3 AND v.seq {list})
         ORDER BY b.voucher_seq"
    );
    let book = Book::Service.number();
    let mut found = Vec::new();
    for row in tx.rows(BILLS, &sql, vec![tx.compound().0.into(), value, book.into()]).await? {
        found.push(row.try_get_by_index(0)?);
    }
    Ok(found)
}

async fn prepaid_of_all(tx: &mut Tx) -> Result<BTreeMap<DwellingNo, Money>> {
    let compound = tx.compound();
    let prepaid = journal::balances_on(tx, compound, Book::Service, PREPAID).await?;
    Ok(prepaid.into_iter().map(|(dwelling, debit)| (dwelling, -debit)).collect())
}
