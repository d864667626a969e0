//! A book written out for programs that are none of ours: hledger's journal, CSV, JSON lines.
//!
//! Always: every voucher, whole, in the order of the book; amounts to the fen; memory flat however long the book. The
//! journal is the canonical text itself, voucher after voucher, under a prologue that tells hledger the names: so who
//! checks the balances with hledger can check the chain with `sha256sum`. Never: a text cell that a spreadsheet would run.
//! Limits: a voucher that cannot be read (`verify` names it) ends the writing with an error, not with a gap.
//! Start at [`hledger()`], [`csv()`], [`json()`].

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use serde::Serialize;

use super::chart::Book;
use super::rows::VOUCHERS;
use super::stream::{BALANCES, Binder, Found, Scan, Sheets};
use super::text;
use super::voucher::{Line, Side, Voucher};
use crate::books::{Reads, View};
use crate::calendar::{Day, Instant};
use crate::error::{Result, Storage};
use crate::id::{CompoundId, DwellingNo, MatterNo};
use crate::money::Money;
use crate::property;

/// Writes a book as a journal that `hledger check -s` accepts, and whose balances are ours, key by key.
///
/// # Errors
/// Storage; the writer's own failure.
pub async fn hledger(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    out: &mut (impl Write + Send),
) -> Result<()> {
    let names = Names::load(view, compound, book).await?;
    let title = &book.chart().title;
    let prologue = format!("; {}（{book}）{}\ncommodity 1000.00 CNY\n\n", title, names.compound);
    put(out, prologue.as_bytes())?;
    for account in &book.chart().accounts {
        let name = text::account_name(book, account.code, None, None);
        put(out, format!("account {name}  ; {}\n", one_line(&account.name)).as_bytes())?;
    }
    for (account, dwelling, matter) in sub_accounts(view, compound, book).await? {
        let (dwelling, matter) = (some(dwelling).map(DwellingNo), some(matter).map(MatterNo));
        let name = text::account_name(book, account, dwelling, matter);
        let shown = names.shown(account, dwelling, matter);
        put(out, format!("account {name}  ; {shown}\n").as_bytes())?;
    }

    let mut printed = String::new();
    let mut vouchers = Vouchers::of(compound, book);
    while let Some((voucher, _)) = vouchers.next(view).await? {
        printed.clear();
        printed.push('\n');
        text::print_into(&mut printed, &voucher);
        put(out, printed.as_bytes())?;
        vouchers.give_back(voucher);
    }
    flush(out)
}

/// The columns of the CSV.
const COLUMNS: [&str; 18] = [
    "凭证号",
    "期间",
    "业务日期",
    "记账时间",
    "类别",
    "摘要",
    "依据",
    "来源",
    "操作号",
    "行号",
    "科目编码",
    "科目名称",
    "房屋编号",
    "房号",
    "事项编号",
    "事项名称",
    "借方",
    "贷方",
];

/// Writes a book as CSV (UTF-8 with BOM, CRLF), a line for every posting, amounts in yuan.
///
/// # Errors
/// Storage; the writer's own failure.
pub async fn csv(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    out: &mut (impl Write + Send),
) -> Result<()> {
    let names = Names::load(view, compound, book).await?;
    let mut rows = String::from("\u{feff}");
    row_into(&mut rows, COLUMNS.iter().map(|name| Cell::Own((*name).to_owned())));
    let mut vouchers = Vouchers::of(compound, book);
    while let Some((voucher, _)) = vouchers.next(view).await? {
        for (number, line) in (1..).zip(&voucher.lines) {
            row_into(&mut rows, cells(&names, &voucher, number, line).into_iter());
        }
        put(out, rows.as_bytes())?;
        rows.clear();
        vouchers.give_back(voucher);
    }
    put(out, rows.as_bytes())?;
    flush(out)
}

fn cells(names: &Names, voucher: &Voucher, number: i32, line: &Line) -> [Cell; 18] {
    let side = |side| if line.side == side { line.amount.to_string() } else { String::new() };
    let count = |n: Option<i32>| n.map_or(String::new(), |n| n.to_string());
    [
        Cell::Own(voucher.posted.to_string()),
        Cell::Own(voucher.period.to_string()),
        Cell::Own(voucher.effective_on.to_string()),
        Cell::Own(voucher.recorded_at.for_people()),
        Cell::Own(voucher.kind.in_chinese().to_owned()),
        Cell::Text(voucher.memo.clone()),
        Cell::Text(voucher.evidence.clone()),
        Cell::Text(voucher.source.clone()),
        Cell::Own(voucher.act.to_string()),
        Cell::Own(number.to_string()),
        Cell::Own(line.account.to_string()),
        Cell::Text(names.account(line.account)),
        Cell::Own(count(line.dwelling.map(|dwelling| dwelling.0))),
        Cell::Text(line.dwelling.map(|dwelling| names.room(dwelling)).unwrap_or_default()),
        Cell::Own(count(line.matter.map(|matter| matter.0))),
        Cell::Text(line.matter.map(|matter| names.matter(matter)).unwrap_or_default()),
        Cell::Own(side(Side::Debit)),
        Cell::Own(side(Side::Credit)),
    ]
}

/// A cell: made here, or somebody's text, which a spreadsheet must not take for a formula.
enum Cell {
    Own(String),
    Text(String),
}

fn row_into(out: &mut String, cells: impl Iterator<Item = Cell>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        let (text, is_live) = match cell {
            Cell::Own(text) => (text, false),
            Cell::Text(text) => {
                let shown = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
                let is_live = shown.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
                    || text.starts_with(char::is_control);
                (text, is_live)
            }
        };
        if is_live {
            out.push('\'');
        }
        // Semicolons too: a spreadsheet of another country may take one for the end of a cell.
        if text.contains(['"', ',', ';', '\r', '\n', '\t']) {
            let quote = out.len() - usize::from(is_live);
            out.insert(quote, '"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&text);
        }
    }
    out.push_str("\r\n");
}

/// A voucher as JSON. Names are added for people; the numbers are what stands in the book.
#[derive(Serialize)]
struct Written<'a> {
    voucher: String,
    book: Book,
    seq: i32,
    year: i32,
    number: i32,
    period: String,
    effective_on: Day,
    recorded_at: Instant,
    act_no: i32,
    kind: &'static str,
    is_red: bool,
    reverses_seq: Option<i32>,
    transfer_no: Option<i32>,
    memo: &'a str,
    source: &'a str,
    evidence: &'a str,
    prev_hash: String,
    hash: String,
    lines: Vec<WrittenLine>,
}

#[derive(Serialize)]
struct WrittenLine {
    account: i32,
    account_name: String,
    side: Side,
    amount_fen: Money,
    dwelling_no: Option<DwellingNo>,
    room: Option<String>,
    matter_no: Option<MatterNo>,
    matter: Option<String>,
}

/// Writes a book as JSON lines, a voucher on each.
///
/// # Errors
/// Storage; the writer's own failure.
pub async fn json(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    out: &mut (impl Write + Send),
) -> Result<()> {
    let names = Names::load(view, compound, book).await?;
    let mut vouchers = Vouchers::of(compound, book);
    while let Some((voucher, hash)) = vouchers.next(view).await? {
        let written = written(&names, &voucher, &hash);
        let mut line = serde_json::to_vec(&written)
            .map_err(|e| Storage::Bug(format!("a voucher is not JSON: {e}")))?;
        line.push(b'\n');
        put(out, &line)?;
        vouchers.give_back(voucher);
    }
    flush(out)
}

fn written<'a>(names: &Names, voucher: &'a Voucher, hash: &[u8; 32]) -> Written<'a> {
    let line = |line: &Line| WrittenLine {
        account: line.account,
        account_name: names.account(line.account),
        side: line.side,
        amount_fen: line.amount,
        dwelling_no: line.dwelling,
        room: line.dwelling.map(|dwelling| names.room(dwelling)),
        matter_no: line.matter,
        matter: line.matter.map(|matter| names.matter(matter)),
    };
    Written {
        voucher: voucher.posted.to_string(),
        book: voucher.posted.book,
        seq: voucher.posted.seq.0,
        year: voucher.posted.year,
        number: voucher.posted.number,
        period: voucher.period.to_string(),
        effective_on: voucher.effective_on,
        recorded_at: voucher.recorded_at,
        act_no: voucher.act.0,
        kind: voucher.kind.name(),
        is_red: voucher.is_red,
        reverses_seq: voucher.reverses.map(|seq| seq.0),
        transfer_no: voucher.transfer.map(|no| no.0),
        memo: &voucher.memo,
        source: &voucher.source,
        evidence: &voucher.evidence,
        prev_hash: text::hex(&voucher.prev_hash),
        hash: text::hex(hash),
        lines: voucher.lines.iter().map(line).collect(),
    }
}

/// What numbers are called.
struct Names {
    compound: String,
    accounts: HashMap<i32, String>,
    rooms: BTreeMap<DwellingNo, String>,
    matters: HashMap<i32, String>,
}

impl Names {
    async fn load(view: &mut impl View, compound: CompoundId, book: Book) -> Result<Names> {
        let rooms = property::numbers(view, compound).await?;
        let mut names = Names {
            compound: String::new(),
            accounts: HashMap::new(),
            rooms,
            matters: HashMap::new(),
        };
        let sql = "SELECT name FROM compound WHERE compound_id = $1";
        for row in view.rows(Reads::SETTLED, sql, vec![compound.0.into()]).await? {
            names.compound = one_line(&row.try_get_by_index::<String>(0)?);
        }
        let sql = "SELECT account, name FROM account WHERE compound_id = $1 AND book = $2";
        let values = vec![compound.0.into(), book.number().into()];
        for row in view.rows(VOUCHERS, sql, values).await? {
            names.accounts.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        let sql = "SELECT matter_no, name FROM matter WHERE compound_id = $1";
        for row in view.rows(VOUCHERS, sql, vec![compound.0.into()]).await? {
            names.matters.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        Ok(names)
    }

    fn account(&self, account: i32) -> String {
        self.accounts.get(&account).cloned().unwrap_or_default()
    }

    fn room(&self, dwelling: DwellingNo) -> String {
        self.rooms.get(&dwelling).cloned().unwrap_or_else(|| dwelling.to_string())
    }

    fn matter(&self, matter: MatterNo) -> String {
        self.matters.get(&matter.0).cloned().unwrap_or_else(|| matter.to_string())
    }

    /// A balance's key as a comment.
    fn shown(
        &self,
        account: i32,
        dwelling: Option<DwellingNo>,
        matter: Option<MatterNo>,
    ) -> String {
        let mut shown = one_line(&self.account(account));
        let more = [dwelling.map(|d| self.room(d)), matter.map(|m| self.matter(m))];
        for name in more.into_iter().flatten() {
            shown.push(' ');
            shown.push_str(&one_line(&name));
        }
        shown
    }
}

/// A name fit for a comment: on one line, and with nothing hledger would take for a tag (`type:` has a meaning there).
fn one_line(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).map(|c| if c == ':' { '：' } else { c }).collect()
}

/// The keys of a book's balances that are more than an account, as a chart is read: 1001, 100101, 1101. An account that is
/// in use and in no chart any more is among them.
async fn sub_accounts(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
) -> Result<Vec<(i32, i32, i32)>> {
    let mut keys = Vec::new();
    let mut scan = Scan::book(&BALANCES, compound.0, book);
    let int = |n: i64| i32::try_from(n).unwrap_or(0);
    while let Some(page) = scan.next(view).await? {
        let (dwellings, accounts, matters) = (page.numbers(2), page.numbers(3), page.numbers(4));
        let key = |row: usize| (int(accounts[row]), int(dwellings[row]), int(matters[row]));
        keys.extend((0..page.len).map(key).filter(|(account, dwelling, matter)| {
            (*dwelling, *matter) != (0, 0) || book.chart().account(*account).is_none()
        }));
    }
    keys.sort_unstable();
    keys.sort_by_cached_key(|(account, _, _)| account.to_string());
    Ok(keys)
}

const fn some(n: i32) -> Option<i32> {
    if n == 0 { None } else { Some(n) }
}

/// A book's vouchers, one after another.
struct Vouchers {
    sheets: Sheets,
    binder: Binder,
    /// Lines given back, for the next voucher's.
    spare: Vec<Line>,
}

impl Vouchers {
    fn of(compound: CompoundId, book: Book) -> Vouchers {
        let sheets = Sheets::book(compound.0, book);
        Vouchers { sheets, binder: Binder::default(), spare: Vec::new() }
    }

    /// The next voucher, and its stored hash.
    async fn next(&mut self, view: &mut impl View) -> Result<Option<(Voucher, [u8; 32])>> {
        loop {
            let unreadable = |what: &str, seq: i64| {
                Storage::Bug(format!("voucher {seq} cannot be written out: {what}"))
            };
            match self.binder.next() {
                Found::Voucher(mut head) => {
                    let seq = head.place.seq;
                    let mut lines = std::mem::take(&mut self.spare);
                    for raw in &self.binder.lines {
                        lines.push(raw.line().ok_or_else(|| unreadable("a line", seq))?);
                    }
                    let voucher = head.voucher(lines).map_err(|what| unreadable(what, seq))?;
                    let hash = head.hash.ok_or_else(|| unreadable("its hash", seq))?;
                    return Ok(Some((voucher, hash)));
                }
                Found::Orphans(place, _) => {
                    return Err(unreadable("lines without a voucher", place.seq).into());
                }
                Found::Wants => match self.sheets.next(view).await? {
                    Some(sheet) => self.binder.put(sheet),
                    None => return Ok(None),
                },
                Found::Nothing => return Ok(None),
            }
        }
    }

    fn give_back(&mut self, voucher: Voucher) {
        self.spare = voucher.lines;
        self.spare.clear();
    }
}

fn put(out: &mut impl Write, bytes: &[u8]) -> Result<()> {
    Ok(out.write_all(bytes).map_err(failed)?)
}

fn flush(out: &mut impl Write) -> Result<()> {
    Ok(out.flush().map_err(failed)?)
}

fn failed(source: std::io::Error) -> Storage {
    Storage::File { what: "the export cannot be written".to_owned(), source }
}
