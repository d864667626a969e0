//! Bank statements as the bank sent them, and what each line was found to be.
//!
//! Owns: `bank_line`, `bank_claim`.
//!
//! Always: a line is kept as it came and never changed; its names and words stand with every long number masked, and what
//! the bank wrote, the other side's account included, lies sealed beside them; it belongs to at most one voucher at a time (a claim); two equal
//! lines of one day are two lines. Never: a movement of money. The bank moved it already; a room claims the line for the
//! voucher that says what it was. A line nobody claims is money not yet identified (暂存), and shown with its age.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule, Storage};
use crate::id::{CompoundId, LineNo, VoucherSeq};
use crate::journal::{self, Book, Posted, Style};
use crate::mask;
use crate::money::Money;
use crate::property::RoomCode;
use crate::seal::Sealed;

/// There is no such line.
pub static NO_LINE: Rule = Rule {
    code: "bank.no-line",
    kind: Answer::Missing,
    rule: "银行流水须已导入",
    remedy: "先导入银行流水，或检查流水编号",
};

/// The line belongs to a voucher already.
pub static TAKEN: Rule = Rule {
    code: "bank.line-taken",
    kind: Answer::Conflict,
    rule: "一笔银行流水只能认领一次",
    remedy: "查看已认领的凭证；认领错了请先冲销",
};

/// The line is of another book's account.
pub static WRONG_BOOK: Rule = Rule {
    code: "bank.wrong-book",
    kind: Answer::Refused,
    rule: "维修资金只进维修资金专户，物业费不得进入专户（165号令第四条：专户存储、专款专用）",
    remedy: "核对流水所属账户；进错账户的，请按原路退回或划转",
};

/// The line is money going out.
pub static OUTGOING: Rule = Rule {
    code: "bank.outgoing",
    kind: Answer::Refused,
    rule: "只有收入的流水才能认领为交存或缴费",
    remedy: "选择收入方向的流水",
};

/// The line is not the payment it is claimed for.
pub static NOT_THIS: Rule = Rule {
    code: "bank.not-this-payment",
    kind: Answer::Refused,
    rule: "付款、追回须认领方向、金额、日期都相符的银行流水",
    remedy: "核对流水；银行尚未付款的，待入账后再认领",
};

/// The rules of this room.
pub static RULES: &[&Rule] = &[&NO_LINE, &WRONG_BOOK, &OUTGOING, &NOT_THIS, &TAKEN];

static LINE: Table = Table {
    name: "bank_line",
    rank: 3,
    columns: &[
        ("compound_id", Column::Int),
        ("line_no", Column::Int),
        ("book", Column::Small),
        ("account_no", Column::Text),
        ("occurred_on", Column::Day),
        ("occurred_time", Column::Text),
        ("in_fen", Column::Big),
        ("out_fen", Column::Big),
        ("has_balance", Column::Small),
        ("balance_fen", Column::Big),
        ("counterparty", Column::Text),
        ("wording", Column::Text),
        ("serial", Column::Text),
        ("as_written_sealed", Column::Bytes),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static AS_WRITTEN: Sealed = Sealed {
    table: "bank_line",
    column: "as_written_sealed",
    row: "line_no",
    compound: "compound_id",
};

/// The columns of this room that hold sealed values.
pub static SEALED: &[&Sealed] = &[&AS_WRITTEN];

/// What of a line is not shown: the account, and name and words where a long number was masked in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsWritten {
    /// The other side's account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Their name, if it differs from what is shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub counterparty: String,
    /// The bank's words, if they differ from what is shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wording: String,
}

static CLAIM: Table = Table {
    name: "bank_claim",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("line_no", Column::Int),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const LINES: Reads = Reads(&[&LINE, &CLAIM]);

/// A line to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// The book whose account it is of.
    pub book: Book,
    /// Our account's number, empty if the file does not say.
    pub account_no: String,
    /// The day.
    pub occurred_on: Day,
    /// The time, `HH:MM:SS` or empty.
    pub occurred_time: String,
    /// Money in.
    pub inflow: Money,
    /// Money out.
    pub outflow: Money,
    /// What the bank says stood on the account after it, if it says so.
    pub balance: Option<Money>,
    /// Who.
    pub counterparty: String,
    /// Their account.
    pub counterparty_account: String,
    /// Purpose, summary and remark, in the bank's words.
    pub wording: String,
    /// The bank's serial number.
    pub serial: String,
}

/// A line of a statement, and the voucher it was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BankLine {
    /// Its number in the compound.
    #[serde(rename = "line_no")]
    pub no: LineNo,
    /// The book whose account it is of.
    pub book: Book,
    /// Our account's number.
    pub account_no: String,
    /// The day.
    pub occurred_on: Day,
    /// The time, `HH:MM:SS` or empty.
    pub occurred_time: String,
    /// Money in.
    #[serde(rename = "in_fen")]
    pub inflow: Money,
    /// Money out.
    #[serde(rename = "out_fen")]
    pub outflow: Money,
    /// What the bank says stood on the account after it, if it says so.
    #[serde(rename = "balance_fen")]
    pub balance: Option<Money>,
    /// Who, long numbers masked.
    pub counterparty: String,
    /// The bank's words, long numbers masked.
    pub wording: String,
    /// The bank's serial number.
    pub serial: String,
    /// The voucher it was claimed for.
    pub voucher_seq: Option<VoucherSeq>,
}

impl BankLine {
    /// The rooms its words name. A proposal for a person, never a decision.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomCode> {
        RoomCode::find_in_text(&self.wording)
    }

    /// Whether the bank says it is interest.
    #[must_use]
    pub fn is_interest(&self) -> bool {
        ["结息", "利息", "付息"].iter().any(|word| self.wording.contains(word))
    }
}

/// Keeps lines, in the order given, and answers their numbers.
pub(crate) async fn keep(tx: &mut Tx, lines: &[NewLine]) -> Result<Vec<LineNo>> {
    let (compound, act) = (tx.compound(), tx.act().0);
    let ring = tx.ring().clone();
    let mut numbers = Vec::with_capacity(lines.len());
    for line in lines {
        let no = LineNo(tx.next_no("bank-line"));
        let (counterparty, wording) = (mask::text(&line.counterparty), mask::text(&line.wording));
        let as_written = as_written(line, &counterparty, &wording)?;
        let as_written = ring.seal(&AS_WRITTEN.at(compound, no.0), as_written.as_bytes())?;
        let row = [
            compound.0.into(),
            no.0.into(),
            i32::from(line.book.number()).into(),
            (&line.account_no).into(),
            line.occurred_on.into(),
            (&line.occurred_time).into(),
            line.inflow.in_fen().into(),
            line.outflow.in_fen().into(),
            line.balance.is_some().into(),
            line.balance.unwrap_or_default().in_fen().into(),
            (&counterparty).into(),
            (&wording).into(),
            (&line.serial).into(),
            as_written.as_slice().into(),
            act.into(),
        ];
        tx.put(&LINE, &row);
        numbers.push(no);
        tx.put_is_due().await?;
    }
    Ok(numbers)
}

/// What is not shown of a line, as the text that is sealed; empty if all is shown.
fn as_written(line: &NewLine, counterparty: &str, wording: &str) -> Result<String> {
    let differing = |written: &str, shown: &str| {
        if written == shown { String::new() } else { written.to_owned() }
    };
    let hidden = AsWritten {
        account: line.counterparty_account.clone(),
        counterparty: differing(&line.counterparty, counterparty),
        wording: differing(&line.wording, wording),
    };
    if hidden == AsWritten::default() {
        return Ok(String::new());
    }
    let bug = |e: serde_json::Error| Storage::Bug(format!("a line is not JSON: {e}"));
    Ok(serde_json::to_string(&hidden).map_err(bug)?)
}

/// What is not shown of a line. Who shows it records an act first (`audit::record_reading`).
///
/// # Errors
/// `bank.no-line`, `seal.key-missing`, `seal.key-differs`, `seal.broken`.
pub async fn hidden(view: &mut impl View, compound: CompoundId, no: LineNo) -> Result<AsWritten> {
    let sql = "SELECT as_written_sealed FROM bank_line WHERE compound_id = $1 AND line_no = $2";
    let found = view.rows(LINES, sql, vec![compound.0.into(), no.0.into()]).await?;
    let row = found.first().ok_or_else(|| NO_LINE.refuse(format!("流水编号 {no}")))?;
    let sealed: Vec<u8> = row.try_get_by_index(0)?;
    let opened = view.ring().open_text(&AS_WRITTEN.at(compound, no.0), &sealed)?;
    if opened.is_empty() {
        return Ok(AsWritten::default());
    }
    let bug = |e: serde_json::Error| Storage::Bug(format!("a sealed line is not JSON: {e}"));
    Ok(serde_json::from_str(&opened).map_err(bug)?)
}

/// Takes lines away that an import kept by mistake. The caller has made sure that none is claimed.
pub(crate) async fn drop_lines(tx: &mut Tx, lines: &[LineNo]) -> Result<()> {
    let numbers: Vec<i32> = lines.iter().map(|line| line.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    for table in ["bank_claim", "bank_line"] {
        let sql = format!("DELETE FROM {table} WHERE compound_id = $1 AND line_no {list}");
        tx.exec(&sql, vec![tx.compound().0.into(), value.clone()]).await?;
    }
    Ok(())
}

/// The first of some lines that is or ever was claimed.
pub(crate) async fn first_claimed(tx: &mut Tx, lines: &[LineNo]) -> Result<Option<LineNo>> {
    let numbers: Vec<i32> = lines.iter().map(|line| line.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    let sql = format!(
        "SELECT line_no FROM bank_claim WHERE compound_id = $1 AND line_no {list}
         ORDER BY line_no LIMIT 1"
    );
    let found = tx.rows(LINES, &sql, vec![tx.compound().0.into(), value]).await?;
    Ok(match found.first() {
        Some(row) => Some(LineNo(row.try_get_by_index(0)?)),
        None => None,
    })
}

/// An incoming line of a book's account that nobody has claimed.
///
/// # Errors
/// `bank.no-line`, `bank.wrong-book`, `bank.outgoing`, `bank.line-taken`.
pub(crate) async fn incoming(tx: &mut Tx, book: Book, no: LineNo) -> Result<BankLine> {
    let compound = tx.compound();
    let found = lines_where(tx, compound, "AND l.line_no = $2", vec![no.0.into()]).await?.pop();
    let line = found.ok_or_else(|| NO_LINE.refuse(format!("流水编号 {no}")))?;
    may_claim(&line, book)?;
    Ok(line)
}

fn may_claim(line: &BankLine, book: Book) -> Result<(), Refusal> {
    let no = line.no;
    if line.book == book && !line.inflow.is_positive() {
        return Err(OUTGOING.refuse(format!("流水 {no} 为支出 {} 元", line.outflow.grouped())));
    }
    may_stand_for(line, book)
}

/// Whether a line is of the book and free.
fn may_stand_for(line: &BankLine, book: Book) -> Result<(), Refusal> {
    let no = line.no;
    if line.book != book {
        let evidence =
            format!("流水 {no} 属 {}，业务属 {}", line.book.chart().title, book.chart().title);
        return Err(WRONG_BOOK.refuse(evidence));
    }
    if let Some(seq) = line.voucher_seq {
        let evidence = format!("流水 {no} 已认领到本账簿第 {seq} 张凭证");
        return Err(TAKEN.refuse(evidence).with("voucher_seq", seq.0));
    }
    Ok(())
}

/// A line of a book's account that nobody has claimed and that moved exactly this on this day: money out if it is negative.
///
/// # Errors
/// `bank.no-line`, `bank.wrong-book`, `bank.not-this-payment`, `bank.line-taken`.
pub(crate) async fn moving(
    tx: &mut Tx,
    book: Book,
    no: LineNo,
    amount: Money,
    on: Day,
) -> Result<BankLine> {
    let compound = tx.compound();
    let found = lines_where(tx, compound, "AND l.line_no = $2", vec![no.0.into()]).await?.pop();
    let line = found.ok_or_else(|| NO_LINE.refuse(format!("流水编号 {no}")))?;
    let moved = line.inflow - line.outflow;
    if line.book == book && (moved != amount || line.occurred_on != on) {
        let evidence = format!(
            "流水 {no} 为 {} 的 {} 元，业务为 {on} 的 {} 元",
            line.occurred_on,
            moved.grouped(),
            amount.grouped()
        );
        return Err(NOT_THIS.refuse(evidence).into());
    }
    may_stand_for(&line, book)?;
    Ok(line)
}

/// Claims a line for a voucher. Only a room that was given the line by [`incoming`] or [`moving`]
/// does so.
pub(crate) fn claim(tx: &mut Tx, line: &BankLine, voucher: VoucherSeq) {
    let row = [tx.compound().0.into(), line.no.0.into(), voucher.0.into(), tx.act().0.into()];
    tx.put(&CLAIM, &row);
}

/// Reverses a voucher, and sets the bank line it claimed free to be claimed anew.
///
/// # Errors
/// Those of [`journal::reverse`].
pub async fn reverse(
    tx: &mut Tx,
    book: Book,
    seq: VoucherSeq,
    effective_on: Day,
    style: Style,
    reason: &str,
) -> Result<Vec<Posted>> {
    let posted = journal::reverse(tx, book, seq, effective_on, style, reason).await?;
    let sql = "UPDATE bank_claim SET released_by_act = $4
               WHERE compound_id = $1 AND voucher_seq = $3 AND released_by_act IS NULL
                 AND line_no IN (SELECT line_no FROM bank_line WHERE compound_id = $1 AND book = $2)";
    let values =
        vec![tx.compound().0.into(), book.number().into(), seq.0.into(), tx.act().0.into()];
    tx.exec(sql, values).await?;
    Ok(posted)
}

/// Which lines to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "范围：all 全部，unclaimed 未认领的")]
pub enum Which {
    /// Every line.
    #[default]
    #[schemars(description = "全部")]
    All,
    /// Those nobody has claimed.
    #[schemars(description = "未认领")]
    Unclaimed,
}

/// The lines of a book's account after a number, in the order kept.
///
/// # Errors
/// Storage.
pub async fn lines(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    which: Which,
    after: LineNo,
    most: i32,
) -> Result<Vec<BankLine>> {
    let unclaimed = if which == Which::Unclaimed { "AND c.voucher_seq IS NULL" } else { "" };
    let condition = format!("AND l.book = $2 AND l.line_no > $3 {unclaimed}");
    let values = vec![book.number().into(), after.0.into(), most.clamp(1, 1000).into()];
    lines_where(view, compound, &format!("{condition} ORDER BY l.line_no LIMIT $4"), values).await
}

/// The accounts that statements of a book were read of up to a day, as the bank writes them.
///
/// # Errors
/// Storage.
pub async fn accounts(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    until: Day,
) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT account_no FROM bank_line
               WHERE compound_id = $1 AND book = $2 AND occurred_on <= $3 AND account_no <> '' ORDER BY account_no";
    let values = vec![compound.0.into(), book.number().into(), until.into()];
    let found = view.rows(LINES, sql, values).await?;
    Ok(found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// Every line of a book's accounts up to a day, in the order kept within a day.
///
/// # Errors
/// Storage.
pub async fn lines_until(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    until: Day,
) -> Result<Vec<BankLine>> {
    let condition = "AND l.book = $2 AND l.occurred_on <= $3 ORDER BY l.occurred_on, l.line_no";
    lines_where(view, compound, condition, vec![book.number().into(), until.into()]).await
}

/// The last day of which a book's statements tell.
pub(crate) async fn last_day(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
) -> Result<Option<Day>> {
    let sql = "SELECT max(occurred_on) FROM bank_line WHERE compound_id = $1 AND book = $2";
    let values = vec![compound.0.into(), book.number().into()];
    let found = view.rows(LINES, sql, values).await?;
    Ok(match found.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => None,
    })
}

async fn lines_where(
    view: &mut impl View,
    compound: CompoundId,
    condition: &str,
    mut values: Vec<sea_orm::Value>,
) -> Result<Vec<BankLine>> {
    let sql = format!(
        "SELECT l.line_no, l.book, l.account_no, l.occurred_on, l.occurred_time, l.in_fen, l.out_fen,
           CASE WHEN l.has_balance = 1 THEN l.balance_fen END AS balance_fen,
           l.counterparty, l.wording, l.serial, c.voucher_seq
         FROM bank_line l LEFT JOIN bank_claim c
           ON c.compound_id = l.compound_id AND c.line_no = l.line_no AND c.released_by_act IS NULL
         WHERE l.compound_id = $1 {condition}"
    );
    values.insert(0, compound.0.into());
    let mut lines = Vec::new();
    for row in view.rows(LINES, &sql, values).await? {
        let book: i16 = row.try_get("", "book")?;
        lines.push(BankLine {
            no: LineNo(row.try_get("", "line_no")?),
            book: Book::numbered(book).unwrap_or(Book::Fund),
            account_no: row.try_get("", "account_no")?,
            occurred_on: row.try_get("", "occurred_on")?,
            occurred_time: row.try_get("", "occurred_time")?,
            inflow: Money::fen(row.try_get("", "in_fen")?),
            outflow: Money::fen(row.try_get("", "out_fen")?),
            balance: row.try_get::<Option<i64>>("", "balance_fen")?.map(Money::fen),
            counterparty: row.try_get("", "counterparty")?,
            wording: row.try_get("", "wording")?,
            serial: row.try_get("", "serial")?,
            voucher_seq: row.try_get::<Option<i32>>("", "voucher_seq")?.map(VoucherSeq),
        });
    }
    Ok(lines)
}
