//! What passes through a cashier's hands, and the sheet by which it is handed over (交款单、日结单).
//!
//! Owns: `till`, `day_sheet`, `day_sheet_line`.
//!
//! Always: every taking, giving back and making void at the counter is one entry of whoever did it; a sheet takes every entry
//! of its cashier since the one before it, so that none is in two sheets and none slips in after it was signed: what comes
//! later is the next sheet's. A sheet that does not tie says why, was signed by another, and its difference is in the books
//! (短款 6711, 长款 6301). Never: a sheet that is changed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{SHEET, SHEET_LINE, SHEETS, TILL};
use super::{Method, NOTHING_TAKEN, SHEET_DIFFERS, may_be_reason};
use crate::books::{Role, Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, SheetNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;

/// 6711 营业外支出: what is short.
const SHORT: i32 = 6711;
/// 6301 营业外收入: what is over.
const OVER: i32 = 6301;

/// Notes what passed through the hands of whoever acts.
pub(super) fn pass(tx: &mut Tx, method: &str, amount: Money, voucher: Posted) {
    let no = tx.next_no("till");
    let (cashier, today) = (tx.actor().name.clone(), tx.at().day());
    let row = [
        tx.compound().0.into(),
        no.into(),
        (&cashier).into(),
        today.into(),
        method.into(),
        amount.in_fen().into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&TILL, &row);
}

/// What was counted of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一种方式的实交")]
pub struct Counted {
    /// The method.
    #[schemars(description = "缴费方式")]
    pub method: Method,
    /// How much was counted.
    #[schemars(
        description = "实交：分；退得多于收的为负",
        range(min = -10_000_000_000_000_i64, max = 10_000_000_000_000_i64),
        example = 20_000
    )]
    pub counted_fen: Money,
}

/// What a cashier hands over.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要交的款：日结单")]
pub struct HandingOver {
    /// The last day of it.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日结日期：到这一天为止、尚未交款的全部收退款")]
    pub on: Day,
    /// What was counted; a method that is left out was counted as nothing.
    #[schemars(description = "各方式实交：不写的按零计", length(max = 7))]
    pub counted: Vec<Counted>,
    /// Why it differs; empty where it ties.
    #[serde(default)]
    #[schemars(description = "差异原因：不符时写，2 至 200 个字", example = &"")]
    pub reason: String,
}

/// A method's line of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "DaySheetLine", description = "日结单的一行")]
pub struct SheetLine {
    /// The method.
    #[schemars(description = "方式：cash 现金，transfer 转账，wechat 微信，alipay 支付宝，pos 刷卡，cheque 支票，other 其他", example = &"cash")]
    pub method: String,
    /// How many entries.
    #[schemars(description = "笔数", example = 3)]
    pub entries: i32,
    /// What the entries come to.
    #[schemars(description = "应交：分", example = 20_000)]
    pub expected_fen: Money,
    /// What was counted.
    #[schemars(description = "实交：分", example = 20_000)]
    pub counted_fen: Money,
    /// The one less the other.
    #[schemars(description = "差异：分，长款为正", example = 0)]
    pub difference_fen: Money,
}

/// A cashier's sheet.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "日结单（交款单）")]
pub struct DaySheet {
    /// Its number; none while it is only looked at.
    #[schemars(description = "日结单编号：尚未交的为空", example = 1)]
    pub sheet_no: Option<SheetNo>,
    /// Whose.
    #[schemars(description = "收款人", example = &"王会计")]
    pub cashier: String,
    /// The last day of it.
    #[schemars(description = "日结日期")]
    pub on: Day,
    /// By method.
    #[schemars(description = "各方式")]
    pub lines: Vec<SheetLine>,
    /// Σ expected.
    #[schemars(description = "应交合计：分", example = 20_000)]
    pub expected_fen: Money,
    /// Σ counted.
    #[schemars(description = "实交合计：分", example = 20_000)]
    pub counted_fen: Money,
    /// Why it differs.
    #[schemars(description = "差异原因", example = &"")]
    pub reason: String,
    /// Who signed it besides.
    #[schemars(description = "复核人：相符的可空", example = &"")]
    pub second: String,
}

impl DaySheet {
    /// As it is printed, line by line.
    #[must_use]
    pub fn in_lines(&self) -> String {
        let no = self.sheet_no.map_or("（未交）".to_owned(), |no| format!("第 {no} 号"));
        let mut text = format!("日结单 {no}  收款人 {}  {}\n", self.cashier, self.on);
        for line in &self.lines {
            let method =
                Method::named(&line.method).map_or(line.method.as_str(), |m| m.in_chinese());
            text += &format!(
                "{method}  {} 笔  应交 {}  实交 {}  差异 {}\n",
                line.entries,
                line.expected_fen.grouped(),
                line.counted_fen.grouped(),
                line.difference_fen.grouped()
            );
        }
        let (expected, counted) = (self.expected_fen, self.counted_fen);
        text += &format!("合计  应交 {}  实交 {}", expected.grouped(), counted.grouped());
        text += &format!("\n实交大写 {}", counted.in_capitals());
        if !self.reason.is_empty() {
            text += &format!("\n差异原因 {}  复核 {}", self.reason, self.second);
        }
        text
    }

    fn new(cashier: &str, on: Day, lines: Vec<SheetLine>) -> DaySheet {
        DaySheet {
            sheet_no: None,
            cashier: cashier.to_owned(),
            on,
            expected_fen: lines.iter().map(|l| l.expected_fen).sum(),
            counted_fen: lines.iter().map(|l| l.counted_fen).sum(),
            lines,
            reason: String::new(),
            second: String::new(),
        }
    }
}

/// What a cashier has in hand up to a day: the sheet as it would be, counted as nothing.
///
/// # Errors
/// Storage.
pub async fn in_hand(
    view: &mut impl View,
    compound: CompoundId,
    cashier: &str,
    on: Day,
) -> Result<DaySheet> {
    let held = held(view, compound, cashier, on).await?;
    Ok(DaySheet::new(cashier, on, compared(&held.sums, &[])))
}

/// What is in a cashier's hands.
struct Held {
    after: i32,
    through: i32,
    /// By method: how many, how much.
    sums: BTreeMap<String, (i32, Money)>,
}

async fn held(view: &mut impl View, compound: CompoundId, cashier: &str, on: Day) -> Result<Held> {
    let sql = "SELECT COALESCE(max(through_no), 0) FROM day_sheet WHERE compound_id = $1 AND cashier = $2";
    let found = view.rows(SHEETS, sql, vec![compound.0.into(), cashier.into()]).await?;
    let after: i32 = found.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
    let sql = "SELECT method, CAST(count(*) AS INTEGER) AS entries, CAST(sum(amount_fen) AS BIGINT) AS fen,
                 max(till_no) AS last_no
               FROM till WHERE compound_id = $1 AND cashier = $2 AND till_no > $3 AND handled_on <= $4
               GROUP BY method ORDER BY method";
    let values = vec![compound.0.into(), cashier.into(), after.into(), on.into()];
    let mut held = Held { after, through: after, sums: BTreeMap::new() };
    for row in view.rows(SHEETS, sql, values).await? {
        let fen = Money::fen(row.try_get("", "fen")?);
        held.sums.insert(row.try_get("", "method")?, (row.try_get("", "entries")?, fen));
        held.through = held.through.max(row.try_get("", "last_no")?);
    }
    Ok(held)
}

/// What was expected against what was counted, by method.
fn compared(sums: &BTreeMap<String, (i32, Money)>, counted: &[Counted]) -> Vec<SheetLine> {
    let mut lines: BTreeMap<&str, SheetLine> = BTreeMap::new();
    let line = |method: &str| SheetLine {
        method: method.to_owned(),
        entries: 0,
        expected_fen: Money::ZERO,
        counted_fen: Money::ZERO,
        difference_fen: Money::ZERO,
    };
    for (method, (entries, fen)) in sums {
        let kept = SheetLine { entries: *entries, expected_fen: *fen, ..line(method) };
        lines.insert(method, kept);
    }
    for one in counted {
        let name = one.method.name();
        lines.entry(name).or_insert_with(|| line(name)).counted_fen += one.counted_fen;
    }
    let told = lines
        .into_values()
        .map(|line| SheetLine { difference_fen: line.counted_fen - line.expected_fen, ..line });
    told.collect()
}

/// Whether a sheet may be handed in: it ties, or says why not and was signed by another.
fn may_be_signed(lines: &[SheetLine], reason: &str, is_signed: bool) -> Result<(), Refusal> {
    let differs: Vec<&SheetLine> =
        lines.iter().filter(|line| !line.difference_fen.is_zero()).collect();
    if differs.is_empty() {
        return Ok(());
    }
    if !reason.trim().is_empty() {
        may_be_reason(reason)?;
    }
    if reason.trim().is_empty() || !is_signed {
        let told: Vec<String> = differs
            .iter()
            .map(|line| {
                let (expected, counted) = (line.expected_fen, line.counted_fen);
                format!("{} 应交 {} 实交 {}", line.method, expected.grouped(), counted.grouped())
            })
            .collect();
        let missing = if reason.trim().is_empty() { "未写原因" } else { "未经他人复核" };
        return Err(SHEET_DIFFERS.refuse(format!("{}；{missing}", told.join("，"))));
    }
    Ok(())
}

/// Hands over what whoever acts has in hand up to a day.
///
/// # Errors
/// `fees.nothing-taken`, `fees.reason`, `seal.person-in-text`, `fees.sheet-differs`, those of [`journal::post`].
pub async fn hand_over(tx: &mut Tx, handing: &HandingOver) -> Result<DaySheet> {
    let (compound, cashier) = (tx.compound(), tx.actor().name.clone());
    let second = tx.actor().second.clone();
    let held = held(tx, compound, &cashier, handing.on).await?;

    if held.through == held.after {
        let evidence = format!("{cashier} 到 {} 没有尚未交款的收退款", handing.on);
        return Err(NOTHING_TAKEN.refuse(evidence).into());
    }
    let lines = compared(&held.sums, &handing.counted);
    // The machine's operator, who has the database itself, needs nobody.
    let is_signed = !second.is_empty() || tx.actor().role == Role::Operator;
    may_be_signed(&lines, &handing.reason, is_signed)?;

    let is_different = lines.iter().any(|line| !line.difference_fen.is_zero());
    let mut sheet = DaySheet::new(&cashier, handing.on, lines);
    let voucher = match is_different {
        true => Some(book_difference(tx, &sheet, &handing.reason).await?),
        false => None,
    };
    let no = SheetNo(tx.next_no("day-sheet"));
    sheet.sheet_no = Some(no);
    sheet.reason = if is_different { handing.reason.trim().to_owned() } else { String::new() };
    sheet.second = second;
    let row = [
        compound.0.into(),
        no.0.into(),
        (&cashier).into(),
        handing.on.into(),
        held.after.into(),
        held.through.into(),
        (&sheet.reason).into(),
        (&sheet.second).into(),
        voucher.map(|posted| posted.seq.0).into(),
        tx.act().0.into(),
    ];
    tx.put(&SHEET, &row);
    for line in &sheet.lines {
        let row = [
            compound.0.into(),
            no.0.into(),
            (&line.method).into(),
            line.entries.into(),
            line.expected_fen.in_fen().into(),
            line.counted_fen.in_fen().into(),
        ];
        tx.put(&SHEET_LINE, &row);
    }
    Ok(sheet)
}

/// What is short is a loss, what is over a gain: the books hold what was counted.
async fn book_difference(tx: &mut Tx, sheet: &DaySheet, reason: &str) -> Result<Posted> {
    let mut lines = Vec::new();
    for line in sheet.lines.iter().filter(|line| !line.difference_fen.is_zero()) {
        let account = Method::named(&line.method).unwrap_or(Method::Other).account();
        let amount = line.difference_fen.abs();
        if line.difference_fen.is_negative() {
            lines.extend([Line::debit(SHORT, amount), Line::credit(account, amount)]);
        } else {
            lines.extend([Line::debit(account, amount), Line::credit(OVER, amount)]);
        }
    }
    let entry = Entry {
        book: Book::Service,
        effective_on: sheet.on,
        kind: Kind::Other,
        memo: format!("{} {} 日结差异：{}", sheet.cashier, sheet.on, reason.trim()),
        source: "日结单".to_owned(),
        evidence: String::new(),
        lines,
    };
    journal::post(tx, entry).await
}

/// The sheets of a compound after a number, in order.
///
/// # Errors
/// Storage.
pub async fn day_sheets(
    view: &mut impl View,
    compound: CompoundId,
    after: SheetNo,
    most: i32,
) -> Result<Vec<DaySheet>> {
    let sql = "SELECT s.sheet_no, s.cashier, s.closed_on, s.reason, s.second,
                 l.method, l.entries, l.expected_fen, l.counted_fen
               FROM day_sheet s JOIN day_sheet_line l ON l.compound_id = s.compound_id AND l.sheet_no = s.sheet_no
               WHERE s.compound_id = $1 AND s.sheet_no > $2 AND s.sheet_no <= $2 + $3
               ORDER BY s.sheet_no, l.method";
    let values = vec![compound.0.into(), after.0.into(), most.clamp(1, 1000).into()];
    let mut sheets: Vec<DaySheet> = Vec::new();
    for row in view.rows(SHEETS, sql, values).await? {
        let no = SheetNo(row.try_get("", "sheet_no")?);
        let expected_fen = Money::fen(row.try_get("", "expected_fen")?);
        let counted_fen = Money::fen(row.try_get("", "counted_fen")?);
        let line = SheetLine {
            method: row.try_get("", "method")?,
            entries: row.try_get("", "entries")?,
            expected_fen,
            counted_fen,
            difference_fen: counted_fen - expected_fen,
        };
        if sheets.last().is_none_or(|sheet| sheet.sheet_no != Some(no)) {
            let cashier: String = row.try_get("", "cashier")?;
            let mut sheet = DaySheet::new(&cashier, row.try_get("", "closed_on")?, Vec::new());
            sheet.sheet_no = Some(no);
            sheet.reason = row.try_get("", "reason")?;
            sheet.second = row.try_get("", "second")?;
            sheets.push(sheet);
        }
        if let Some(sheet) = sheets.last_mut() {
            sheet.expected_fen += expected_fen;
            sheet.counted_fen += counted_fen;
            sheet.lines.push(line);
        }
    }
    Ok(sheets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_ties_or_says_why_and_is_signed() {
        let sums = BTreeMap::from([
            ("cash".to_owned(), (2, Money::fen(30_000))),
            ("pos".to_owned(), (1, Money::fen(5_000))),
        ]);
        let counted = |method, fen| Counted { method, counted_fen: Money::fen(fen) };
        let ties = compared(&sums, &[counted(Method::Cash, 30_000), counted(Method::Pos, 5_000)]);
        assert!(may_be_signed(&ties, "", false).is_ok());
        let short = compared(&sums, &[counted(Method::Cash, 29_000), counted(Method::Pos, 5_000)]);
        assert_eq!(short[0].difference_fen, Money::fen(-1_000));
        for (reason, is_signed) in [("", false), ("", true), ("找错零钱", false)] {
            let refusal = may_be_signed(&short, reason, is_signed).unwrap_err();
            assert_eq!(refusal.code(), "fees.sheet-differs");
        }
        assert!(may_be_signed(&short, "找错零钱", true).is_ok());
        // Counted where nothing was expected, and not counted where something was: both differ.
        let moved =
            compared(&sums, &[counted(Method::Cash, 30_000), counted(Method::Wechat, 5_000)]);
        let differs: Vec<_> =
            moved.iter().map(|l| (l.method.as_str(), l.difference_fen.in_fen())).collect();
        assert_eq!(differs, [("cash", 0), ("pos", -5_000), ("wechat", 5_000)]);
    }
}
