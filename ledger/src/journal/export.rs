//! A book written out for others: hledger's text, a table, lines of JSON.
//!
//! Always: a page of vouchers at a time, so memory does not grow with the book; amounts in full, whole fen in JSON;
//! the hledger text is the canonical text of each voucher, byte for byte what was hashed, under directives that name
//! what the numbers mean. Never: a cell that a spreadsheet would run.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::json;

use super::chart::Book;
use super::rows::{self, VOUCHERS};
use super::text;
use super::voucher::{Side, Voucher};
use crate::books::{Reads, View};
use crate::error::{Result, Storage};
use crate::id::{CompoundId, DwellingNo, MatterNo};

/// Vouchers a page.
const PAGE: i32 = 500;

/// Writes a book as hledger reads it: `hledger -f FILE check -s` accepts it, and its balances are ours.
///
/// # Errors
/// Storage, the writer's failure included.
pub async fn hledger(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    out: &mut (impl Write + Send),
) -> Result<()> {
    let mut head = format!("; {} {}\n\ncommodity 1000.00 CNY\n\n", book.chart().title, book);
    for account in &book.chart().accounts {
        head += &format!("account {book}:{}  ; {}\n", account.code, account.name);
    }
    for (account, dwelling, matter, about) in keys(view, compound, book).await? {
        let name = text::account_name(book, account, dwelling, matter);
        head += &format!("account {name}  ; {about}\n");
    }
    write(out, head.as_bytes())?;
    let mut next = 1;
    while let Some(page) = page(view, compound, book, &mut next).await? {
        for voucher in &page {
            write(out, b"\n")?;
            write(out, text::print(voucher).as_bytes())?;
        }
    }
    Ok(())
}

/// Writes a book as CSV, one line a posting, for a spreadsheet: UTF-8 with BOM, amounts in yuan.
///
/// # Errors
/// Storage, the writer's failure included.
pub async fn csv(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    out: &mut (impl Write + Send),
) -> Result<()> {
    let heads = "凭证号,期间,业务日期,记账时间,类别,摘要,依据,来源,行号,科目编码,科目名称,房屋编号,房号,事项编号,借方,贷方";
    write(out, format!("\u{feff}{heads}\r\n").as_bytes())?;
    let codes = codes(view, compound).await?;
    let mut next = 1;
    while let Some(page) = page(view, compound, book, &mut next).await? {
        let mut lines = ::csv::WriterBuilder::new()
            .terminator(::csv::Terminator::CRLF)
            .from_writer(Vec::new());
        for v in &page {
            for (i, line) in v.lines.iter().enumerate() {
                let account = book.chart().account(line.account);
                let code = line.dwelling.and_then(|d| codes.get(&d));
                let amount = |side| match line.side == side {
                    true => line.amount.to_string(),
                    false => String::new(),
                };
                let number = |n: Option<i32>| n.map_or(String::new(), |n| n.to_string());
                let record = [
                    v.posted.to_string(),
                    v.period.to_string(),
                    v.effective_on.to_string(),
                    v.recorded_at.for_people(),
                    v.kind.in_chinese().to_owned(),
                    plain(&v.memo),
                    plain(&v.evidence),
                    plain(&v.source),
                    (i + 1).to_string(),
                    line.account.to_string(),
                    account.map_or(String::new(), |a| a.name.clone()),
                    number(line.dwelling.map(|d| d.0)),
                    code.map_or(String::new(), |c| plain(c)),
                    number(line.matter.map(|m| m.0)),
                    amount(Side::Debit),
                    amount(Side::Credit),
                ];
                lines.write_record(&record).map_err(unwritten)?;
            }
        }
        write(out, &lines.into_inner().map_err(unwritten)?)?;
    }
    Ok(())
}

/// Writes a book as lines of JSON, one a voucher, amounts in fen.
///
/// # Errors
/// Storage, the writer's failure included.
pub async fn json(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    out: &mut (impl Write + Send),
) -> Result<()> {
    let mut next = 1;
    while let Some(page) = page(view, compound, book, &mut next).await? {
        for v in &page {
            let line = json!({
                "voucher": v.posted.to_string(),
                "seq": v.posted.seq,
                "period": v.period,
                "effective_on": v.effective_on,
                "recorded_at": v.recorded_at,
                "act_no": v.act,
                "kind": v.kind,
                "is_red": v.is_red,
                "reverses_seq": v.reverses,
                "transfer_no": v.transfer,
                "memo": v.memo,
                "source": v.source,
                "evidence": v.evidence,
                "lines": v.lines,
                "prev_hash": text::hex(&v.prev_hash),
                "hash": text::hex(&text::hash(&text::print(v))),
            });
            write(out, format!("{line}\n").as_bytes())?;
        }
    }
    Ok(())
}

/// The vouchers from a place on, a page of them; `None` after the last.
async fn page(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    next: &mut i32,
) -> Result<Option<Vec<Voucher>>> {
    let page = rows::vouchers(view, compound, book, *next, *next + PAGE - 1).await?;
    *next += PAGE;
    Ok((!page.is_empty()).then_some(page))
}

/// What an account of the text is kept by, and what that is in words.
type Key = (i32, Option<DwellingNo>, Option<MatterNo>, String);

async fn keys(view: &mut impl View, compound: CompoundId, book: Book) -> Result<Vec<Key>> {
    let sql = "SELECT b.account, b.dwelling_no, b.matter_no, COALESCE(d.code, '') AS code,
                 COALESCE(m.name, '') AS matter
               FROM balance b
               LEFT JOIN dwelling d ON d.compound_id = b.compound_id AND d.dwelling_no = b.dwelling_no
               LEFT JOIN matter m ON m.compound_id = b.compound_id AND m.matter_no = b.matter_no
               WHERE b.compound_id = $1 AND b.book = $2 AND (b.dwelling_no > 0 OR b.matter_no > 0)
               ORDER BY b.account, b.dwelling_no, b.matter_no";
    let values = vec![compound.0.into(), book.number().into()];
    let mut keys = Vec::new();
    // A balance by matter stands under its dwelling, which is then an account of the text as well.
    let mut above = BTreeSet::new();
    for row in view.rows(VOUCHERS, sql, values).await? {
        let account: i32 = row.try_get_by_index(0)?;
        let (dwelling, matter): (i32, i32) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let (code, name): (String, String) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let some = |n: i32| (n != 0).then_some(n);
        let about = [code, name].map(|word| word.replace(['\n', '\r'], " ")).join(" ");
        let key = (account, some(dwelling).map(DwellingNo), some(matter).map(MatterNo));
        if above.insert(key) {
            keys.push((key.0, key.1, key.2, about.trim().to_owned()));
        }
    }
    Ok(keys)
}

async fn codes(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<std::collections::HashMap<DwellingNo, String>> {
    let sql = "SELECT dwelling_no, code FROM dwelling WHERE compound_id = $1";
    let mut codes = std::collections::HashMap::new();
    for row in view.rows(Reads::SETTLED, sql, vec![compound.0.into()]).await? {
        codes.insert(DwellingNo(row.try_get_by_index(0)?), row.try_get_by_index(1)?);
    }
    Ok(codes)
}

/// A text that no spreadsheet takes for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn write(out: &mut impl Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes).map_err(|source| {
        Storage::File { what: "the export could not be written".to_owned(), source }.into()
    })
}

fn unwritten(error: impl std::fmt::Display) -> Storage {
    Storage::Bug(format!("a line of the export could not be formed: {error}"))
}
