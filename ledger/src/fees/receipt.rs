//! Receipts of service fees (收据): numbered in the act that takes the money, void without losing their number.
//!
//! Owns: `fee_receipt`, `fee_receipt_void`, `fee_receipt_copy`.
//!
//! Always: the numbers of a compound and a year have no gap; a receipt that is void keeps its number and a reason, and what it was
//! for is reversed in red in the same act; a red receipt (a refund) names the one it takes from; every further copy is
//! counted. Never: another payer on a receipt that stands: it is made void, and a new one names it.

use std::fmt;
use std::str::FromStr;

use chrono::Datelike as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owed::{State, States, states};
use super::rows::{COPY, RECEIPT, RECEIPTS, VOID};
use super::till;
use super::{
    Method, NO_RECEIPT, PREPAID, RECEIPT_VOID, RECEIPTED, RECEIVABLE, SPENT, bond, may_be_reason,
    refund,
};
use crate::bank;
use crate::books::{Reads, Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, DwellingNo, VoucherSeq};
use crate::journal::voucher::Voucher;
use crate::journal::{self, Book, Posted, Style};
use crate::money::Money;
use crate::property;

/// A receipt's name on paper: `2026-000012`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReceiptNo {
    /// The year it was issued in.
    pub year: i32,
    /// Its number in the year.
    pub number: i32,
}

impl fmt::Display for ReceiptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.year, self.number)
    }
}

impl FromStr for ReceiptNo {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<ReceiptNo, &'static str> {
        let parts = text.split_once('-').filter(|(year, _)| year.len() == 4);
        let read = parts.and_then(|(year, number)| {
            let is_plain = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
            let both = is_plain(year) && is_plain(number);
            Some(ReceiptNo { year: year.parse().ok()?, number: number.parse().ok()? })
                .filter(|_| both)
        });
        read.filter(|no| no.number > 0).ok_or("收据号写作 2026-000012")
    }
}

impl TryFrom<String> for ReceiptNo {
    type Error = &'static str;
    fn try_from(text: String) -> Result<ReceiptNo, &'static str> {
        text.parse()
    }
}

impl From<ReceiptNo> for String {
    fn from(no: ReceiptNo) -> String {
        no.to_string()
    }
}

impl JsonSchema for ReceiptNo {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FeeReceiptNo".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "收据号", "pattern": "^[0-9]{4}-[0-9]{1,9}$" })
    }
    fn inline_schema() -> bool {
        true
    }
}

/// What is to be issued.
pub(super) struct Issue<'a> {
    /// The receipt it takes from, or stands in for.
    pub(super) of: Option<ReceiptNo>,
    pub(super) voucher: Posted,
    /// Negative in red.
    pub(super) amount: Money,
    pub(super) given: Money,
    pub(super) method: Method,
    pub(super) reference: &'a str,
    pub(super) payer: &'a str,
}

/// Issues a receipt: the next number of the compound's year.
pub(super) fn issue(tx: &mut Tx, issue: &Issue<'_>) -> ReceiptNo {
    let today = tx.at().day();
    let year = today.year();
    let number = tx.next_no(&format!("fee-receipt-{year}"));
    let cashier = tx.actor().name.clone();
    let row = [
        tx.compound().0.into(),
        year.into(),
        number.into(),
        issue.of.map(|no| no.year).into(),
        issue.of.map(|no| no.number).into(),
        issue.voucher.seq.0.into(),
        issue.amount.in_fen().into(),
        issue.given.in_fen().into(),
        issue.method.name().into(),
        issue.reference.trim().into(),
        issue.payer.trim().into(),
        (&cashier).into(),
        today.into(),
        tx.act().0.into(),
    ];
    tx.put(&RECEIPT, &row);
    ReceiptNo { year, number }
}

/// What a receipt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "FeeReceiptState", description = "收据状态")]
pub enum ReceiptState {
    /// It holds.
    #[schemars(description = "有效")]
    Valid,
    /// It was made void.
    #[schemars(description = "作废")]
    Void,
    /// Its voucher was reversed otherwise.
    #[schemars(description = "已冲销")]
    Reversed,
    /// It takes from another.
    #[schemars(description = "红字")]
    Red,
}

/// A receipt as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "FeeReceipt", description = "物业费收据")]
pub struct FeeReceipt {
    /// Its number.
    #[schemars(description = "收据号", example = &"2026-000012")]
    pub receipt_no: ReceiptNo,
    /// What it is.
    #[schemars(description = "状态")]
    pub state: ReceiptState,
    /// The receipt it takes from, or stands in for.
    #[schemars(description = "原收据号：红字与换开的才有", example = &"2026-000011")]
    pub of: Option<ReceiptNo>,
    /// The day it was issued.
    #[schemars(description = "开具日期")]
    pub issued_on: Day,
    /// Who took the money.
    #[schemars(description = "收款人", example = &"王会计")]
    pub cashier: String,
    /// Who paid.
    #[schemars(description = "缴款人：不是产权人时写", example = &"")]
    pub payer: String,
    /// How.
    #[schemars(description = "方式：cash 现金，transfer 转账，wechat 微信，alipay 支付宝，pos 刷卡，cheque 支票，other 其他", example = &"cash")]
    pub method: String,
    /// A cheque's number, a slip's.
    #[schemars(description = "票号、交易单号", example = &"")]
    pub reference: String,
    /// How much; negative in red.
    #[schemars(description = "金额：分；红字为负", example = 20_000)]
    pub amount_fen: Money,
    /// The same in words.
    #[schemars(description = "金额大写", example = &"贰佰元整")]
    pub amount_in_capitals: String,
    /// What was handed over.
    #[schemars(description = "实收：分", example = 20_000)]
    pub given_fen: Money,
    /// What went back at once.
    #[schemars(description = "找零：分", example = 0)]
    pub change_fen: Money,
    /// Why it is void.
    #[schemars(description = "作废原因：没有则为空字符串", example = &"")]
    pub reason: String,
    /// How many further copies were made.
    #[schemars(description = "副本：张", example = 0)]
    pub copies: i64,
    /// The voucher's place in the service book.
    #[schemars(description = "物业费账簿第几张凭证", example = 1)]
    pub voucher_seq: VoucherSeq,
}

/// A line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "FeeReceiptRow", description = "收据的一行")]
pub struct ReceiptRow {
    /// The room.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// What for.
    #[schemars(description = "项目", example = &"物业费")]
    pub item: String,
    /// The first day charged for; none of what is prepaid or held.
    #[schemars(description = "计费起日：预存、押金没有")]
    pub from_on: Option<Day>,
    /// The last.
    #[schemars(description = "计费止日：预存、押金没有")]
    pub to_on: Option<Day>,
    /// How the bill was reckoned: price and quantity; empty of what no tariff made.
    #[schemars(description = "单价、数量：账单的算式，没有的为空字符串", example = &"107.5㎡ × 0.35元/月 × 3月")]
    pub worked: String,
    /// What was billed; nothing of what is prepaid or held.
    #[schemars(description = "账单应收：分，预存、押金为 0", example = 20_000)]
    pub billed_fen: Money,
    /// What was let go of it before.
    #[schemars(description = "此前优惠、减免：分", example = 0)]
    pub reduced_fen: Money,
    /// What of it was paid before, out of prepaid money or otherwise.
    #[schemars(description = "此前已收：分，含预存抵扣", example = 0)]
    pub before_fen: Money,
    /// How much.
    #[schemars(description = "金额：分", example = 20_000)]
    pub amount_fen: Money,
}

/// The receipts of a year after a number, in order.
///
/// # Errors
/// Storage.
pub async fn fee_receipts(
    view: &mut impl View,
    compound: CompoundId,
    year: i32,
    after: i32,
    most: i32,
) -> Result<Vec<FeeReceipt>> {
    let which = "AND t.year = $2 AND t.number > $3";
    let values = vec![year.into(), after.into()];
    receipts_where(view, compound, which, values, most.clamp(1, 1000)).await
}

/// A receipt, with its lines.
///
/// # Errors
/// `fees.no-receipt`.
pub async fn fee_receipt(
    view: &mut impl View,
    compound: CompoundId,
    no: ReceiptNo,
) -> Result<(FeeReceipt, Vec<ReceiptRow>)> {
    let receipt = one(view, compound, no).await?;
    let voucher = journal::whole(view, compound, Book::Service, receipt.voucher_seq).await?;
    let rooms = property::numbers(view, compound).await?;
    // What stood open of the bill before this voucher, and what was let go of it until then.
    let sql = "SELECT b.item, b.from_on, b.to_on, b.worked, b.amount_fen,
                 CAST(COALESCE((SELECT sum(p.side * p.amount_fen) FROM posting p
                   WHERE p.compound_id = b.compound_id AND p.book = $4 AND p.seq < $5 AND p.account = $6
                     AND p.dwelling_no = b.dwelling_no AND p.matter_no = b.matter_no), 0) AS BIGINT) AS open_fen,
                 CAST(COALESCE((SELECT sum(CASE WHEN r.kind = 'withdrawal' THEN -r.amount_fen ELSE r.amount_fen END)
                   FROM bill_remission r
                   WHERE r.compound_id = b.compound_id AND r.dwelling_no = b.dwelling_no
                     AND r.matter_no = b.matter_no AND r.voucher_seq < $5
                     AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = r.compound_id AND v.book = $4
                       AND v.reverses_seq = r.voucher_seq AND v.seq < $5)), 0) AS BIGINT) AS reduced_fen
               FROM bill b WHERE b.compound_id = $1 AND b.dwelling_no = $2 AND b.matter_no = $3";
    let mut rows = Vec::new();
    for line in &voucher.lines {
        let Some(dwelling) = line.dwelling else { continue };
        let room = rooms.get(&dwelling).cloned().unwrap_or_default();
        let beside = |item: &str| ReceiptRow {
            room: room.clone(),
            item: item.to_owned(),
            from_on: None,
            to_on: None,
            worked: String::new(),
            billed_fen: Money::ZERO,
            reduced_fen: Money::ZERO,
            before_fen: Money::ZERO,
            amount_fen: -line.signed(),
        };
        rows.push(match (line.account, line.matter) {
            (RECEIVABLE, Some(bill)) => {
                let values = vec![
                    compound.0.into(),
                    dwelling.0.into(),
                    bill.0.into(),
                    Book::Service.number().into(),
                    receipt.voucher_seq.0.into(),
                    RECEIVABLE.into(),
                ];
                let found = view.rows(Reads::SETTLED, sql, values).await?;
                let bill = found.first().ok_or_else(|| {
                    crate::error::Storage::Bug(format!("receipt {no} names a bill that is not"))
                })?;
                let fen = |column| -> Result<Money> { Ok(Money::fen(bill.try_get("", column)?)) };
                let (billed_fen, reduced_fen) = (fen("amount_fen")?, fen("reduced_fen")?);
                ReceiptRow {
                    from_on: Some(bill.try_get("", "from_on")?),
                    to_on: Some(bill.try_get("", "to_on")?),
                    worked: bill.try_get("", "worked")?,
                    billed_fen,
                    reduced_fen,
                    before_fen: billed_fen - reduced_fen - fen("open_fen")?,
                    ..beside(bill.try_get::<String>("", "item")?.as_str())
                }
            }
            (PREPAID, _) => beside("预存"),
            _ => beside("押金"),
        });
    }
    Ok((receipt, rows))
}

async fn one(view: &mut impl View, compound: CompoundId, no: ReceiptNo) -> Result<FeeReceipt> {
    let which = "AND t.year = $2 AND t.number = $3";
    let values = vec![no.year.into(), no.number.into()];
    let found = receipts_where(view, compound, which, values, 1).await?.pop();
    Ok(found.ok_or_else(|| NO_RECEIPT.refuse(format!("收据 {no}")))?)
}

/// The receipt that was issued for a voucher.
pub(super) async fn of_voucher(
    view: &mut impl View,
    compound: CompoundId,
    voucher: VoucherSeq,
) -> Result<Option<FeeReceipt>> {
    let values = vec![voucher.0.into()];
    Ok(receipts_where(view, compound, "AND t.voucher_seq = $2", values, 1).await?.pop())
}

async fn receipts_where(
    view: &mut impl View,
    compound: CompoundId,
    which: &str,
    values: Vec<sea_orm::Value>,
    most: i32,
) -> Result<Vec<FeeReceipt>> {
    let book = Book::Service.number();
    let sql = format!(
        "SELECT t.year, t.number, COALESCE(t.of_year, 0) AS of_year, COALESCE(t.of_number, 0) AS of_number,
           t.voucher_seq, t.amount_fen, t.given_fen, t.method, t.reference, t.payer, t.cashier, t.issued_on,
           COALESCE(o.reason, '') AS reason,
           CAST((SELECT count(*) FROM fee_receipt_copy c WHERE c.compound_id = t.compound_id
                   AND c.year = t.year AND c.number = t.number) AS BIGINT) AS copies,
           CASE WHEN EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = t.compound_id AND v.book = {book}
                               AND v.reverses_seq = t.voucher_seq) THEN 1 ELSE 0 END AS is_reversed
         FROM fee_receipt t LEFT JOIN fee_receipt_void o
           ON o.compound_id = t.compound_id AND o.year = t.year AND o.number = t.number
         WHERE t.compound_id = $1 {which} ORDER BY t.year, t.number LIMIT {most}"
    );
    let mut all = vec![compound.0.into()];
    all.extend(values);
    let mut receipts = Vec::new();
    for row in view.rows(RECEIPTS, &sql, all).await? {
        let of: (i32, i32) = (row.try_get("", "of_year")?, row.try_get("", "of_number")?);
        let reason: String = row.try_get("", "reason")?;
        let is_reversed = row.try_get::<i32>("", "is_reversed")? == 1;
        let amount = Money::fen(row.try_get("", "amount_fen")?);
        let given = Money::fen(row.try_get("", "given_fen")?);
        let is_red = amount.is_negative();
        receipts.push(FeeReceipt {
            receipt_no: ReceiptNo {
                year: row.try_get("", "year")?,
                number: row.try_get("", "number")?,
            },
            state: match (reason.is_empty(), is_reversed, is_red) {
                (false, _, _) => ReceiptState::Void,
                (_, true, _) => ReceiptState::Reversed,
                (_, _, true) => ReceiptState::Red,
                _ => ReceiptState::Valid,
            },
            of: (of.1 > 0).then_some(ReceiptNo { year: of.0, number: of.1 }),
            issued_on: row.try_get("", "issued_on")?,
            cashier: row.try_get("", "cashier")?,
            payer: row.try_get("", "payer")?,
            method: row.try_get("", "method")?,
            reference: row.try_get("", "reference")?,
            amount_fen: amount,
            amount_in_capitals: amount.in_capitals(),
            given_fen: given,
            change_fen: if is_red { Money::ZERO } else { given - amount },
            reason,
            copies: row.try_get("", "copies")?,
            voucher_seq: VoucherSeq(row.try_get("", "voucher_seq")?),
        });
    }
    Ok(receipts)
}

/// A receipt to make void.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FeeReceiptVoiding", description = "要作废的收据")]
pub struct Voiding {
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "作废日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因：2 至 200 个字", example = &"缴款人有误")]
    pub reason: String,
}

/// A receipt that was made void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided {
    /// Its number.
    pub receipt_no: ReceiptNo,
    /// The red voucher.
    pub voucher: Posted,
}

/// Makes a receipt void: it keeps its number, and what it was for is reversed in red.
///
/// # Errors
/// `fees.reason`, `seal.person-in-text`, `fees.no-receipt`, `fees.receipt-void`, `fees.spent`, those of [`bank::reverse`].
pub async fn void(tx: &mut Tx, no: ReceiptNo, voiding: &Voiding) -> Result<Voided> {
    may_be_reason(&voiding.reason)?;
    tx.flush().await?;
    let compound = tx.compound();
    let receipt = one(tx, compound, no).await?;

    may_be_void(&receipt)?;

    let voucher = journal::whole(tx, compound, Book::Service, receipt.voucher_seq).await?;
    let mut dwellings: Vec<DwellingNo> = voucher.lines.iter().filter_map(|l| l.dwelling).collect();
    dwellings.dedup();
    let states = states(tx, &dwellings).await?;

    leaves_nothing_negative(&voucher, &states)?;
    refund::may_be_undone(tx, receipt.voucher_seq).await?;
    bond::may_be_undone(tx, receipt.voucher_seq).await?;

    let posted = bank::reverse(
        tx,
        Book::Service,
        receipt.voucher_seq,
        voiding.on,
        Style::Red,
        &voiding.reason,
    )
    .await?;
    let bug = || crate::error::Storage::Bug("a reversal made no voucher".to_owned());
    let red = *posted.first().ok_or_else(bug)?;
    let row = [
        compound.0.into(),
        no.year.into(),
        no.number.into(),
        voiding.on.into(),
        voiding.reason.trim().into(),
        red.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&VOID, &row);
    till::pass(tx, &receipt.method, -receipt.amount_fen, red);
    Ok(Voided { receipt_no: no, voucher: red })
}

/// Reverses a voucher of any book for whoever asks: one whose receipt is valid is undone with its receipt ([`void`]), because
/// the till and the paper would else say what the books no longer do.
///
/// # Errors
/// `fees.reversal-receipted`, those of [`bank::reverse`].
pub async fn reverse(
    tx: &mut Tx,
    book: Book,
    seq: VoucherSeq,
    effective_on: Day,
    style: Style,
    reason: &str,
) -> Result<Vec<Posted>> {
    if book == Book::Service {
        let sql = "SELECT r.year, r.number FROM fee_receipt r WHERE r.compound_id = $1 AND r.voucher_seq = $2
                     AND NOT EXISTS (SELECT 1 FROM fee_receipt_void v WHERE v.compound_id = r.compound_id
                                       AND v.year = r.year AND v.number = r.number)";
        let found = tx.rows(RECEIPTS, sql, vec![tx.compound().0.into(), seq.0.into()]).await?;
        if let Some(row) = found.first() {
            let no = ReceiptNo { year: row.try_get_by_index(0)?, number: row.try_get_by_index(1)? };
            return Err(RECEIPTED
                .refuse(format!("收据 {no}"))
                .with("receipt_no", no.to_string())
                .into());
        }
    }
    bank::reverse(tx, book, seq, effective_on, style, reason).await
}

fn may_be_void(receipt: &FeeReceipt) -> Result<(), Refusal> {
    let no = receipt.receipt_no;
    let told = match receipt.state {
        ReceiptState::Valid => return Ok(()),
        ReceiptState::Void => format!("收据 {no} 已作废：{}", receipt.reason),
        ReceiptState::Reversed => format!("收据 {no} 的凭证已冲销"),
        ReceiptState::Red => format!("收据 {no} 为红字"),
    };
    Err(RECEIPT_VOID.refuse(told))
}

/// Whether what a receipt brought in is still where it went: paid on its bills, prepaid.
fn leaves_nothing_negative(voucher: &Voucher, states: &States) -> Result<(), Refusal> {
    for line in &voucher.lines {
        let Some(dwelling) = line.dwelling else { continue };
        let has = match (line.account, line.matter) {
            (RECEIVABLE, Some(bill)) => {
                states.bill(dwelling, bill).map_or(Money::ZERO, State::paid)
            }
            (PREPAID, _) => states.prepaid(dwelling),
            _ => continue,
        };
        if line.amount > has {
            let what = line.matter.map_or("预存".to_owned(), |no| format!("账单 {no}"));
            let evidence = format!(
                "{what}：收据 {} 元，现余已缴 {} 元，其余已退或已抵扣",
                line.amount.grouped(),
                has.grouped()
            );
            return Err(SPENT.refuse(evidence).with("available_fen", has.in_fen()));
        }
    }
    Ok(())
}

/// Whether a receipt may be replaced by a new one: it is void, and was not replaced before.
pub(super) async fn may_be_replaced(tx: &mut Tx, no: ReceiptNo) -> Result<()> {
    let compound = tx.compound();
    let receipt = one(tx, compound, no).await?;
    if receipt.state != ReceiptState::Void {
        return Err(RECEIPT_VOID.refuse(format!("收据 {no} 未作废，不能换开")).into());
    }
    let which = "AND t.of_year = $2 AND t.of_number = $3";
    let values = vec![no.year.into(), no.number.into()];
    if let Some(by) = receipts_where(tx, compound, which, values, 1).await?.pop() {
        let evidence = format!("收据 {no} 已由 {} 换开", by.receipt_no);
        return Err(RECEIPT_VOID.refuse(evidence).into());
    }
    Ok(())
}

/// Counts another copy of a receipt, before it is printed; answers which it is.
///
/// # Errors
/// `fees.no-receipt`.
pub async fn copy(tx: &mut Tx, no: ReceiptNo) -> Result<i32> {
    let compound = tx.compound();
    let receipt = one(tx, compound, no).await?;
    let copy = i32::try_from(receipt.copies).unwrap_or(i32::MAX - 1) + 1;
    let row = [compound.0.into(), no.year.into(), no.number.into(), copy.into(), tx.act().0.into()];
    tx.put(&COPY, &row);
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        let no: ReceiptNo = "2026-000012".parse().unwrap();
        assert_eq!((no.year, no.number, no.to_string().as_str()), (2026, 12, "2026-000012"));
        for wrong in ["", "2026", "2026-", "2026-0", "26-1", "2026-+1", "2026-1x", "+026-1"] {
            assert!(wrong.parse::<ReceiptNo>().is_err(), "{wrong}");
        }
    }
}
