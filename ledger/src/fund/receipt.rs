//! The special receipts (专用票据): numbers out of registered ranges or given by the office.
//!
//! Always: a number is used once, a void one too; where ranges are registered a number is of one of them; out of a range the
//! next number is the lowest that was not used, under the compound's lock, without gaps; a void receipt keeps its number and says why; a deposit has one receipt that holds, and copies are counted.
//! Limits: a number that only came with an imported file is free again when that import is undone.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deposit::{DepositKind, may_take_receipt};
use super::rows::{self, COPY, RANGE, RECEIPT, RECEIPTS, VOID};
use super::{
    NO_DEPOSIT, NO_RECEIPT, NO_RECEIPT_LEFT, RECEIPT_RANGE, RECEIPT_VOIDED, RECEIPTED, may_be_day,
    may_be_kept,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result, Storage};
use crate::id::{CompoundId, DepositNo, DwellingNo, RangeNo};
use crate::journal::Book;
use crate::money::Money;

/// How many receipts a range may have.
const RANGE_MOST: i64 = 1_000_000;

/// A range of numbers to register.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewReceiptRange", description = "要登记的票据号段：领用单所载")]
pub struct NewRange {
    /// What stands before the number.
    #[serde(default)]
    #[schemars(description = "字轨：没有则不写", length(max = 20), example = &"沪维")]
    pub prefix: String,
    /// The first number, with its leading zeros.
    #[schemars(description = "起号：连同前导零", regex(pattern = "^[0-9]{1,18}$"), example = &"000001")]
    pub first: String,
    /// The last number.
    #[schemars(description = "止号", regex(pattern = "^[0-9]{1,18}$"), example = &"000100")]
    pub last: String,
    /// The paper they were handed out with.
    #[schemars(description = "领用单", example = &"领用单 2026-01")]
    pub document: String,
}

/// A registered range.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "票据号段")]
pub struct ReceiptRange {
    /// Its number.
    #[schemars(description = "号段编号", example = 1)]
    pub range_no: RangeNo,
    /// The first receipt's number.
    #[schemars(description = "起号", example = &"沪维000001")]
    pub first: String,
    /// The last.
    #[schemars(description = "止号", example = &"沪维000100")]
    pub last: String,
    /// How many were used.
    #[schemars(description = "已用：张", example = 3)]
    pub used: i64,
    /// How many of them are void.
    #[schemars(description = "其中作废：张", example = 0)]
    pub voided: i64,
    /// How many are left.
    #[schemars(description = "未用：张", example = 97)]
    pub left: i64,
    /// The paper they were handed out with.
    #[schemars(description = "领用单", example = &"领用单 2026-01")]
    pub document: String,
    #[serde(skip)]
    prefix: String,
    #[serde(skip)]
    bounds: (i64, i64),
    #[serde(skip)]
    digits: i32,
}

impl ReceiptRange {
    fn numbered(&self, number: i64) -> String {
        numbered(&self.prefix, number, self.digits)
    }
}

fn numbered(prefix: &str, number: i64, digits: i32) -> String {
    let width = usize::try_from(digits).unwrap_or(0);
    format!("{prefix}{number:0width$}")
}

/// Registers a range of numbers.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.receipt-range`.
pub async fn register_range(tx: &mut Tx, new: &NewRange) -> Result<RangeNo> {
    let compound = tx.compound();
    let known = ranges(tx, compound).await?;

    let (first, last, digits) = may_be_range(new, &known)?;

    let no = RangeNo(tx.next_no("receipt-range"));
    let row = [
        compound.0.into(),
        no.0.into(),
        new.prefix.as_str().into(),
        first.into(),
        last.into(),
        digits.into(),
        new.document.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&RANGE, &row);
    Ok(no)
}

fn may_be_range(new: &NewRange, known: &[ReceiptRange]) -> Result<(i64, i64, i32), Refusal> {
    may_be_kept("领用单", &new.document)?;
    let wrong = |why: &str| {
        let told: String = format!("{} 至 {}", new.first, new.last).chars().take(60).collect();
        RECEIPT_RANGE.refuse(format!("字轨 {:?}，{told}：{why}", new.prefix))
    };
    let is_prefix = new.prefix.chars().count() <= 20
        && new.prefix.chars().all(|c| c.is_alphanumeric() || "〔〕()（）-".contains(c));
    if !is_prefix {
        return Err(wrong("字轨至多 20 个字符，只含字母、汉字、数字、括号与连字符"));
    }
    if new.prefix.ends_with(|c: char| c.is_ascii_digit()) {
        return Err(wrong("字轨以数字结尾，与号码分不清"));
    }
    let read = |text: &String| -> Option<i64> {
        let is_number = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    };
    let bounds = read(&new.first).zip(read(&new.last));
    let (first, last) = bounds.ok_or_else(|| wrong("起止号须为 1 至 18 位数字"))?;
    if new.first.len() != new.last.len() {
        return Err(wrong("起号与止号位数不同"));
    }
    if first > last {
        return Err(wrong("起号大于止号"));
    }
    if last - first >= RANGE_MOST {
        return Err(wrong(&format!("共 {} 张，超过 {RANGE_MOST} 张", last - first + 1)));
    }
    let digits = i32::try_from(new.first.len()).unwrap_or(18);
    let overlaps = |range: &&ReceiptRange| {
        range.prefix == new.prefix
            && range.digits == digits
            && range.bounds.0 <= last
            && first <= range.bounds.1
    };
    match known.iter().find(overlaps) {
        Some(range) => {
            let (no, from, to) = (range.range_no, &range.first, &range.last);
            Err(wrong(&format!("与号段 {no}（{from} 至 {to}）重叠")))
        }
        None => Ok((first, last, digits)),
    }
}

/// The ranges of a compound, in their order.
///
/// # Errors
/// Storage.
pub async fn ranges(view: &mut impl View, compound: CompoundId) -> Result<Vec<ReceiptRange>> {
    let sql = "SELECT g.range_no, g.prefix, g.first_no, g.last_no, g.digits, g.document,
                 CAST((SELECT count(*) FROM receipt t WHERE t.compound_id = g.compound_id
                         AND t.range_no = g.range_no) AS BIGINT) AS used,
                 CAST((SELECT count(*) FROM receipt t JOIN receipt_void o
                           ON o.compound_id = t.compound_id AND o.receipt_no = t.receipt_no
                         WHERE t.compound_id = g.compound_id AND t.range_no = g.range_no) AS BIGINT) AS voided
               FROM receipt_range g WHERE g.compound_id = $1 ORDER BY g.range_no";
    let mut ranges = Vec::new();
    for row in view.rows(RECEIPTS, sql, vec![compound.0.into()]).await? {
        let prefix: String = row.try_get("", "prefix")?;
        let bounds: (i64, i64) = (row.try_get("", "first_no")?, row.try_get("", "last_no")?);
        let (digits, used): (i32, i64) = (row.try_get("", "digits")?, row.try_get("", "used")?);
        ranges.push(ReceiptRange {
            range_no: RangeNo(row.try_get("", "range_no")?),
            first: numbered(&prefix, bounds.0, digits),
            last: numbered(&prefix, bounds.1, digits),
            used,
            voided: row.try_get("", "voided")?,
            left: bounds.1 - bounds.0 + 1 - used,
            document: row.try_get("", "document")?,
            prefix,
            bounds,
            digits,
        });
    }
    Ok(ranges)
}

/// Keeps a receipt's number as a deposit's; nothing where there is none.
pub(super) fn keep(tx: &mut Tx, receipt_no: &str, deposit: DepositNo, range: Option<RangeNo>) {
    if receipt_no.is_empty() {
        return;
    }
    let row = [
        tx.compound().0.into(),
        receipt_no.into(),
        deposit.0.into(),
        range.map(|range| range.0).into(),
        tx.act().0.into(),
    ];
    tx.put(&RECEIPT, &row);
}

/// What a receipt's number is found to be used for: by a deposit that stands, or by a receipt, void or not.
pub(super) async fn used_by(
    view: &mut impl View,
    compound: CompoundId,
    receipt_no: &str,
) -> Result<Option<DepositNo>> {
    let stands = rows::stands("d", "voucher_seq");
    let sql = format!(
        "SELECT d.deposit_no FROM deposit d
           WHERE d.compound_id = $1 AND d.receipt_no = $2 AND $2 <> '' AND {stands}
         UNION SELECT t.deposit_no FROM receipt t WHERE t.compound_id = $1 AND t.receipt_no = $2"
    );
    let found = view.rows(RECEIPTS, &sql, vec![compound.0.into(), receipt_no.into()]).await?;
    Ok(found.first().map(|row| row.try_get_by_index(0).map(DepositNo)).transpose()?)
}

/// A receipt that was issued.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "IssuedReceipt", description = "已开具的票据")]
pub struct Issued {
    /// Its number.
    #[schemars(description = "票据号", example = &"沪维000001")]
    pub receipt_no: String,
    /// The deposit it is for.
    #[schemars(description = "交存编号", example = 1)]
    pub deposit_no: DepositNo,
}

/// Issues a receipt for a deposit that has none, with the number the office gives or the next one of its ranges.
///
/// # Errors
/// `fund.no-deposit`, `fund.receipted`, `fund.papers`, `seal.person-in-text`, `fund.receipt-used`, `fund.receipt-range`,
/// `fund.no-receipt-left`.
pub async fn issue_receipt(tx: &mut Tx, deposit: DepositNo, given: Option<&str>) -> Result<Issued> {
    let compound = tx.compound();
    let stands = rows::stands("d", "voucher_seq");
    let sql = format!(
        "SELECT d.deposit_no FROM deposit d WHERE d.compound_id = $1 AND d.deposit_no = $2 AND {stands}"
    );
    let found = tx.rows(RECEIPTS, &sql, vec![compound.0.into(), deposit.0.into()]).await?;
    if found.is_empty() {
        return Err(NO_DEPOSIT.refuse(format!("交存编号 {deposit}")).into());
    }
    let holding = receipts(tx, compound, Some(deposit)).await?;
    if let Some(one) = holding.iter().find(|one| one.state == ReceiptState::Valid) {
        let evidence = format!("第 {deposit} 笔交存的票据 {}", one.receipt_no);
        return Err(RECEIPTED.refuse(evidence).with("receipt_no", one.receipt_no.clone()).into());
    }
    let (receipt_no, range) = match given {
        Some(given) => {
            let given = given.trim();
            may_be_kept("票据号", given)?;
            may_take_receipt(given, used_by(tx, compound, given).await?)?;
            (given.to_owned(), range_of(tx, given).await?)
        }
        None => {
            let (no, range) = next_of_ranges(tx).await?;
            (no, Some(range))
        }
    };
    keep(tx, &receipt_no, deposit, range);
    Ok(Issued { receipt_no, deposit_no: deposit })
}

/// The next number of the first range that has one left.
async fn next_of_ranges(tx: &mut Tx) -> Result<(String, RangeNo)> {
    let compound = tx.compound();
    let ranges = ranges(tx, compound).await?;
    for range in &ranges {
        let mut next = first_unused(tx, range).await?;
        while next <= range.bounds.1 {
            let no = range.numbered(next);
            // The office may have given a number of the range by hand before the range was registered.
            if used_by(tx, compound, &no).await?.is_none() {
                return Ok((no, range.range_no));
            }
            next += 1;
        }
    }
    Err(NO_RECEIPT_LEFT.refuse(format!("已登记 {} 个号段", ranges.len())).into())
}

/// The lowest number of a range that none of its receipts has; its numbers have one length, so that they sort as texts do.
async fn first_unused(tx: &mut Tx, range: &ReceiptRange) -> Result<i64> {
    let (compound, first) = (tx.compound(), range.bounds.0);
    let (mut low, mut high) = (first, first + range.used);
    // Of those below `low` all are used; of those up to `high` at least one is not.
    while low < high {
        let middle = low + (high - low) / 2;
        let sql = "SELECT CAST(count(*) AS BIGINT) FROM receipt t
                   WHERE t.compound_id = $1 AND t.range_no = $2 AND t.receipt_no <= $3";
        let upto = range.numbered(middle);
        let values = vec![compound.0.into(), range.range_no.0.into(), upto.into()];
        let found = tx.rows(RECEIPTS, sql, values).await?;
        let used: i64 = found.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
        if used == middle - first + 1 {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The range a number is of; none where the compound registered none and the issuing office's numbers are taken as they come.
///
/// # Errors
/// `fund.receipt-range` for a number outside of all of them.
pub(super) async fn range_of(tx: &mut Tx, receipt_no: &str) -> Result<Option<RangeNo>> {
    if receipt_no.is_empty() {
        return Ok(None);
    }
    let compound = tx.compound();
    let ranges = ranges(tx, compound).await?;
    may_be_of(receipt_no, &ranges).map_err(Into::into)
}

fn may_be_of(receipt_no: &str, ranges: &[ReceiptRange]) -> Result<Option<RangeNo>, Refusal> {
    let is_of = |range: &&ReceiptRange| {
        let Some(digits) = receipt_no.strip_prefix(range.prefix.as_str()) else { return false };
        i32::try_from(digits.len()).is_ok_and(|length| length == range.digits)
            && digits.bytes().all(|b| b.is_ascii_digit())
            && digits.parse().is_ok_and(|no: i64| (range.bounds.0..=range.bounds.1).contains(&no))
    };
    if ranges.is_empty() {
        return Ok(None);
    }
    if let Some(range) = ranges.iter().find(is_of) {
        return Ok(Some(range.range_no));
    }
    let known: Vec<String> =
        ranges.iter().take(5).map(|range| format!("{} 至 {}", range.first, range.last)).collect();
    let more = if ranges.len() > 5 { " 等" } else { "" };
    let evidence = format!("票据号 {receipt_no} 不在已登记的号段内：{}{more}", known.join("、"));
    Err(RECEIPT_RANGE.refuse(evidence))
}

/// What a receipt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "票据状态")]
pub enum ReceiptState {
    /// It holds.
    #[schemars(description = "有效")]
    Valid,
    /// It was made void.
    #[schemars(description = "作废")]
    Void,
    /// Its deposit was reversed.
    #[schemars(description = "交存已冲销")]
    Reversed,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "FundReceipt", description = "维修资金专用票据")]
pub struct Receipt {
    /// Its number.
    #[schemars(description = "票据号", example = &"沪维000001")]
    pub receipt_no: String,
    /// The deposit it is for.
    #[schemars(description = "交存编号", example = 1)]
    pub deposit_no: DepositNo,
    /// The deposit's amount.
    #[schemars(description = "金额：分", example = 800_000)]
    pub amount_fen: Money,
    /// The day of the deposit.
    #[schemars(description = "收款日期")]
    pub received_on: Day,
    /// The range it came from.
    #[schemars(description = "号段编号：开票单位给定的为空")]
    pub range_no: Option<RangeNo>,
    /// What it is.
    #[schemars(description = "状态")]
    pub state: ReceiptState,
    /// Why it is void.
    #[schemars(description = "作废原因：没有则为空字符串", example = &"")]
    pub reason: String,
    /// The day it was made void, or its deposit reversed.
    #[schemars(description = "作废、冲销的日期：没有则为空")]
    pub undone_on: Option<Day>,
    /// How many copies were made.
    #[schemars(description = "副本：张", example = 0)]
    pub copies: i64,
}

/// The receipts of a compound by number, or of one deposit.
///
/// # Errors
/// Storage.
pub async fn receipts(
    view: &mut impl View,
    compound: CompoundId,
    deposit: Option<DepositNo>,
) -> Result<Vec<Receipt>> {
    let which = if deposit.is_some() { "AND t.deposit_no = $2" } else { "" };
    receipts_where(view, compound, which, deposit.map(|no| no.0.into())).await
}

/// A receipt with the dwelling its deposit is of, and its kind.
///
/// # Errors
/// `fund.no-receipt`.
pub async fn receipt(
    view: &mut impl View,
    compound: CompoundId,
    receipt_no: &str,
) -> Result<(Receipt, DwellingNo, DepositKind)> {
    let value = Some(receipt_no.into());
    let found = receipts_where(view, compound, "AND t.receipt_no = $2", value).await?.pop();
    let shown: String = receipt_no.chars().take(40).collect();
    let found = found.ok_or_else(|| NO_RECEIPT.refuse(format!("票据号 {shown:?}")))?;
    let sql = "SELECT dwelling_no, kind FROM deposit WHERE compound_id = $1 AND deposit_no = $2";
    let values = vec![compound.0.into(), found.deposit_no.0.into()];
    let rows = view.rows(RECEIPTS, sql, values).await?;
    let row = rows.first().ok_or_else(|| Storage::Bug("a receipt has no deposit".to_owned()))?;
    let kind: String = row.try_get("", "kind")?;
    let kind = DepositKind::named(&kind)
        .ok_or_else(|| Storage::Bug(format!("a deposit is of kind {kind}")))?;
    Ok((found, DwellingNo(row.try_get("", "dwelling_no")?), kind))
}

async fn receipts_where(
    view: &mut impl View,
    compound: CompoundId,
    which: &str,
    value: Option<sea_orm::Value>,
) -> Result<Vec<Receipt>> {
    let sql = format!(
        "SELECT t.receipt_no, t.deposit_no, COALESCE(t.range_no, 0) AS range_no, d.amount_fen, d.received_on,
           COALESCE(o.reason, '') AS reason,
           CAST((SELECT count(*) FROM receipt_copy c WHERE c.compound_id = t.compound_id
                   AND c.receipt_no = t.receipt_no) AS BIGINT) AS copies,
           COALESCE(o.voided_on, (SELECT v.effective_on FROM voucher v WHERE v.compound_id = d.compound_id
                                    AND v.book = {fund} AND v.reverses_seq = d.voucher_seq)) AS undone_on
         FROM receipt t JOIN deposit d ON d.compound_id = t.compound_id AND d.deposit_no = t.deposit_no
         LEFT JOIN receipt_void o ON o.compound_id = t.compound_id AND o.receipt_no = t.receipt_no
         WHERE t.compound_id = $1 {which} ORDER BY t.receipt_no",
        fund = Book::Fund.number()
    );
    let mut values = vec![compound.0.into()];
    values.extend(value);
    let mut receipts = Vec::new();
    for row in view.rows(RECEIPTS, &sql, values).await? {
        let (reason, range): (String, i32) =
            (row.try_get("", "reason")?, row.try_get("", "range_no")?);
        let undone_on: Option<Day> = row.try_get("", "undone_on")?;
        receipts.push(Receipt {
            receipt_no: row.try_get("", "receipt_no")?,
            deposit_no: DepositNo(row.try_get("", "deposit_no")?),
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
            received_on: row.try_get("", "received_on")?,
            range_no: (range > 0).then_some(RangeNo(range)),
            state: match (reason.is_empty(), undone_on) {
                (false, _) => ReceiptState::Void,
                (true, Some(_)) => ReceiptState::Reversed,
                (true, None) => ReceiptState::Valid,
            },
            reason,
            undone_on,
            copies: row.try_get("", "copies")?,
        });
    }
    Ok(receipts)
}

async fn one(tx: &mut Tx, receipt_no: &str) -> Result<Receipt> {
    let compound = tx.compound();
    let value = Some(receipt_no.into());
    let found = receipts_where(tx, compound, "AND t.receipt_no = $2", value).await?.pop();
    let shown: String = receipt_no.chars().take(40).collect();
    Ok(found.ok_or_else(|| NO_RECEIPT.refuse(format!("票据号 {shown:?}")))?)
}

/// Makes a receipt void. It keeps its number.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.no-receipt`, `fund.receipt-voided`.
pub async fn void_receipt(tx: &mut Tx, receipt_no: &str, on: Day, reason: &str) -> Result<Receipt> {
    may_be_kept("作废原因", reason)?;
    may_be_day("作废日期", on)?;
    let receipt = one(tx, receipt_no).await?;

    may_be_used(&receipt)?;

    let row = [
        tx.compound().0.into(),
        receipt_no.into(),
        on.into(),
        reason.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&VOID, &row);
    let (reason, undone_on) = (reason.trim().to_owned(), Some(on));
    Ok(Receipt { state: ReceiptState::Void, reason, undone_on, ..receipt })
}

fn may_be_used(receipt: &Receipt) -> Result<(), Refusal> {
    if receipt.state == ReceiptState::Void {
        let evidence = format!("票据 {}：{}", receipt.receipt_no, receipt.reason);
        return Err(RECEIPT_VOIDED.refuse(evidence));
    }
    Ok(())
}

/// Counts another copy of a receipt, before it is printed; answers which it is.
///
/// # Errors
/// `fund.no-receipt`, `fund.receipt-voided`.
pub async fn copy_receipt(tx: &mut Tx, receipt_no: &str) -> Result<i32> {
    let receipt = one(tx, receipt_no).await?;

    may_be_used(&receipt)?;

    let copy = i32::try_from(receipt.copies).unwrap_or(i32::MAX - 1) + 1;
    let row = [tx.compound().0.into(), receipt_no.into(), copy.into(), tx.act().0.into()];
    tx.put(&COPY, &row);
    Ok(copy)
}

/// The receipts' numbers that are used.
pub(crate) async fn receipts_used(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashSet<String>> {
    // An import undone gives its numbers free: the file can come again.
    let stands = rows::stands("d", "voucher_seq");
    let sql = format!(
        "SELECT d.receipt_no FROM deposit d WHERE d.compound_id = $1 AND d.receipt_no <> '' AND {stands}
         UNION SELECT t.receipt_no FROM receipt t WHERE t.compound_id = $1"
    );
    let mut used = HashSet::new();
    for row in view.rows(RECEIPTS, &sql, vec![compound.0.into()]).await? {
        used.insert(row.try_get_by_index(0)?);
    }
    Ok(used)
}

/// The day a receipt is made void, as a door reads it.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "作废票据")]
pub struct Voiding {
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "作废日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因", example = &"打印有误")]
    pub reason: String,
}
