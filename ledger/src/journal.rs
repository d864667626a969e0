//! The journal: the only writer of postings.
//!
//! Owns: `book`, `account`, `matter`, `voucher`, `posting`, `balance`, `period_close`, `period_balance`, `reserve`,
//! `reserve_line`.
//!
//! Always: a voucher lives in one book, balances, is whole, names the hash of the one before it, and is never changed;
//! balances are the sums of their postings; debit and credit totals are kept apart. Money between books is two
//! vouchers with one transfer number. A late fact is posted in the open period with its true day. A closed period's
//! balances are frozen. Never: a reason. The journal does not know *why* a voucher was made.
//! The database refuses by itself what the rules here refuse (`migrations`, `m0003_journal`).
//! Start at [`post`], [`reverse`], [`transfer`], [`close`], [`trial_balance`], [`statement`].

pub mod chart;
mod close;
pub mod export;
mod reading;
mod reserve;
mod rows;
mod stream;
pub mod text;
pub mod verify;
pub mod voucher;
mod year;

pub use self::chart::{Account, Bearing, Book, Chart, Element};
pub use self::close::{
    CLOSED, Closed, ClosedMonth, NOT_ENDED, OUT_OF_ORDER, close, closed_through, closes,
};
pub use self::reading::{
    AsOf, Movement, TrialBalance, TrialRow, VoucherRow, dwelling_balances, find, latest,
    matter_balances, statement, trial_balance, vouchers,
};
pub(crate) use self::reading::{
    DayTurnover, MatterTurnover, balances_on, control_balances, daily_turnover, matter_turnover,
    project_name, touches, turnover_by_year,
};
pub use self::reserve::{Reserved, available, held, held_by, release, release_of, reserve};
pub use self::voucher::{Entry, Kind, Line, Posted, Side, Voucher};
pub use self::year::{
    DwellingFlow, Flow, KindLine, Moved, Whose, dwelling_flows, flows, frozen, lines_spent,
    moved_on, stock,
};

use std::collections::BTreeMap;

use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Result, Rule};
use crate::id::{CompoundId, DwellingNo, MatterNo, TransferNo, VoucherSeq};
use crate::money::Money;
use crate::seal::may_stand_in_clear;
use schemars::JsonSchema;

/// No voucher has this name.
pub static NO_VOUCHER: Rule = Rule {
    code: "journal.no-voucher",
    kind: Answer::Missing,
    rule: "凭证须已入账",
    remedy: "检查账簿、年份与凭证号",
};

/// The voucher is itself a reversal.
pub static REVERSES_REVERSAL: Rule = Rule {
    code: "journal.reverses-reversal",
    kind: Answer::Refused,
    rule: "冲销凭证不得再冲销",
    remedy: "冲错了请重新记一张正确的凭证",
};

/// The voucher has been reversed already.
pub static REVERSED: Rule = Rule {
    code: "journal.reversed",
    kind: Answer::Conflict,
    rule: "一张凭证只能冲销一次",
    remedy: "查看已有的冲销凭证；如需再更正，请记新凭证",
};

/// A closing voucher cannot be reversed.
pub static REVERSES_CLOSING: Rule = Rule {
    code: "journal.reverses-closing",
    kind: Answer::Refused,
    rule: "结转凭证随结账生成，不得冲销",
    remedy: "更正请在未结账期间记凭证",
};

/// A reversal is earlier than what it reverses.
pub static REVERSES_LATER: Rule = Rule {
    code: "journal.reversal-before-original",
    kind: Answer::Refused,
    rule: "冲销日期不得早于原凭证日期",
    remedy: "改用原凭证日期或之后的日期",
};

/// Something later was spent on the same project, or moved the same grant.
pub static REVERSES_FIRST: Rule = Rule {
    code: "journal.reversal-out-of-order",
    kind: Answer::Refused,
    rule: "同一项目、同一笔补助的凭证须自最后一笔起逐笔冲销：后一笔以前一笔为准",
    remedy: "先冲销该项目、该笔补助较晚的凭证",
};

/// A reversal would take what a dwelling has promised.
pub static REVERSES_HELD: Rule = Rule {
    code: "journal.reversal-held",
    kind: Answer::Refused,
    rule: "冲销不得使房屋的余额少于已预留给项目的金额",
    remedy: "先由项目变更方案或撤回，解除预留，再冲销",
};

/// What the voucher owes was paid since.
pub static REVERSES_PAID: Rule = Rule {
    code: "journal.reversal-paid",
    kind: Answer::Refused,
    rule: "已经支付的应付款不得冲销：应付科目不得成为负数",
    remedy: "先冲销其后的支付凭证，再冲销应付",
};

/// The income was given to dwellings since.
pub static REVERSES_SHARED: Rule = Rule {
    code: "journal.reversal-distributed",
    kind: Answer::Refused,
    rule: "已分配到户的收益不得冲销：待分配累计收益（连同未结转的收入）不得成为负数",
    remedy: "先冲销其后的结息或收益分配，再冲销收入",
};

/// Shares promised to a project are more than there is.
pub static SHORT: Rule = Rule {
    code: "journal.reserve-short",
    kind: Answer::Refused,
    rule: "已承诺给其他项目的资金不得再次承诺",
    remedy: "减少该户份额，或由业主自筹不足部分",
};

/// More is released than is held.
pub static RELEASE: Rule = Rule {
    code: "journal.release-too-much",
    kind: Answer::Refused,
    rule: "解除的金额不得超过尚未解除的预留金额",
    remedy: "核对该项目已付与预留金额",
};

/// A reversal does not say why.
pub static REASON: Rule = Rule {
    code: "journal.reason",
    kind: Answer::Shape,
    rule: "冲销须写明原因",
    remedy: "写明原因，例如：重复记账",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &voucher::LINES,
    &voucher::TEXT,
    &voucher::ANCIENT,
    &voucher::FUTURE,
    &voucher::AMOUNT,
    &voucher::ACCOUNT,
    &voucher::NUMBERED,
    &voucher::ANALYSIS,
    &voucher::BALANCE,
    &REASON,
    &NO_VOUCHER,
    &REVERSES_REVERSAL,
    &REVERSES_CLOSING,
    &REVERSED,
    &REVERSES_LATER,
    &REVERSES_FIRST,
    &REVERSES_HELD,
    &REVERSES_PAID,
    &REVERSES_SHARED,
    &SHORT,
    &RELEASE,
    &close::NOT_ENDED,
    &close::OUT_OF_ORDER,
    &close::CLOSED,
];

/// Opens a compound's books: one of each, with the accounts of its chart. Once, when the compound is founded.
pub(crate) fn open_books(tx: &mut Tx, compound: crate::id::CompoundId) {
    let act = tx.act().0;
    for book in Book::ALL {
        let number = i32::from(book.number());
        let chart = book.chart();
        let row = [compound.0.into(), number.into(), (&chart.name).into(), act.into()];
        tx.put(&rows::BOOK, &row);
        for account in &chart.accounts {
            let row = [
                compound.0.into(),
                number.into(),
                account.code.into(),
                (&account.name).into(),
                account.element.name().into(),
                i32::from(account.normal_side().sign()).into(),
                account.is_by_dwelling().into(),
                account.bearing.map_or(0, |b| b as i32).into(),
                account.month_closes_to.into(),
                account.year_closes_to.into(),
            ];
            tx.put(&rows::ACCOUNT, &row);
        }
    }
}

/// Opens a matter that lines can be about, `kind` being `bill`, `project`, `grant` or `contract`.
pub(crate) fn open_matter(tx: &mut Tx, kind: &str, name: &str) -> MatterNo {
    let matter = MatterNo(tx.next_no("matter"));
    let act = tx.act().0;
    let row = [tx.compound().0.into(), matter.0.into(), kind.into(), name.into(), act.into()];
    tx.put(&rows::MATTER, &row);
    matter
}

/// Opens a project that money can be reserved for and spent on. Its approval is the business of the rooms above.
///
/// # Errors
/// Storage.
pub async fn open_project(tx: &mut Tx, name: &str) -> Result<MatterNo> {
    may_stand_in_clear("项目名称", name)?;
    let matter = open_matter(tx, "project", name);
    tx.flush().await?;
    Ok(matter)
}

/// Records an entry as a voucher of its book.
///
/// # Errors
/// `journal.lines`, `journal.text`, `seal.person-in-text`, `journal.ancient-day`, `journal.future-day`, `journal.amount`,
/// `journal.account`, `journal.analysis`, `journal.unbalanced`.
pub async fn post(tx: &mut Tx, entry: Entry) -> Result<Posted> {
    post_from(tx, entry, voucher::Origin::default()).await
}

async fn post_from(tx: &mut Tx, entry: Entry, origin: voucher::Origin) -> Result<Posted> {
    let today = tx.at().day();
    let closed = rows::standing(tx).await?.closed_through[entry.book as usize - 1];

    let chart = entry.book.chart();
    let draft = voucher::judge(entry, origin, chart, closed, today)?;

    let voucher = rows::seal(tx, draft);
    tx.put_is_due().await?;
    Ok(voucher.posted)
}

/// Moves money between two books: two vouchers, one transfer number, one act.
///
/// # Errors
/// As [`post`].
pub async fn transfer(tx: &mut Tx, from: Entry, to: Entry) -> Result<(TransferNo, Posted, Posted)> {
    let number = TransferNo(tx.next_no("transfer"));
    let origin = voucher::Origin { transfer: Some(number), ..Default::default() };
    let from = post_from(tx, from, origin).await?;
    let to = post_from(tx, to, origin).await?;
    Ok((number, from, to))
}

/// How a voucher is reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "冲销方式：red 红字冲销，opposite 反向冲销")]
pub enum Style {
    /// 红字冲销: the same sides, negative amounts, so that turnover is not inflated.
    #[schemars(description = "红字冲销")]
    Red,
    /// The opposite sides.
    #[schemars(description = "反向冲销")]
    Opposite,
}

/// Reverses a voucher as of its own day, which is judged by itself and not by the original's. The other half of a
/// transfer is reversed with it.
///
/// # Errors
/// `journal.reason`, `journal.no-voucher`, `journal.reverses-reversal`, `journal.reverses-closing`, `journal.reversed`,
/// `journal.reversal-before-original`, `journal.reversal-out-of-order`, `journal.reversal-held`, `journal.reversal-paid`,
/// `journal.reversal-distributed`, those of `crate::may_be_reversed`, and those of [`post`].
pub async fn reverse(
    tx: &mut Tx,
    book: Book,
    seq: VoucherSeq,
    effective_on: Day,
    style: Style,
    reason: &str,
) -> Result<Vec<Posted>> {
    if reason.trim().is_empty() {
        return Err(REASON.refuse("原因是空的").into());
    }
    let original = whole(tx, tx.compound(), book, seq).await?;
    let mut halves = vec![original];
    if let Some(transfer) = halves[0].transfer {
        for (book, seq) in reading::halves(tx, transfer).await? {
            if book != halves[0].posted.book {
                halves.push(whole(tx, tx.compound(), book, seq).await?);
            }
        }
    }

    let mut reversals = Vec::with_capacity(halves.len());
    for original in &halves {
        crate::may_be_reversed(tx, original).await?;
        let reversed_by = reading::reversal_of(tx, original.posted).await?;
        let entry = reversal(original, reversed_by, effective_on, style, reason)?;
        if let Some(later) = reading::later_on_a_project(tx, original).await? {
            let evidence = format!("{} 之后同一项目还有 {later}", original.posted);
            return Err(REVERSES_FIRST.refuse(evidence).with("later", later.to_string()).into());
        }
        leaves_what_is_held(tx, &entry).await?;
        if let Some(later) = reading::later_payment(tx, original).await? {
            let evidence = format!("{} 所记的应付已由 {later} 支付", original.posted);
            return Err(REVERSES_PAID.refuse(evidence).with("later", later.to_string()).into());
        }
        leaves_what_was_shared(tx, &entry).await?;
        reversals.push(entry);
    }

    let transfer = halves[0].transfer.map(|_| TransferNo(tx.next_no("transfer")));
    let mut posted = Vec::with_capacity(reversals.len());
    for (entry, original) in reversals.into_iter().zip(&halves) {
        let is_red = style == Style::Red;
        let origin = voucher::Origin { reverses: Some(original.posted.seq), is_red, transfer };
        posted.push(post_from(tx, entry, origin).await?);
    }
    Ok(posted)
}

/// Whether a reversal leaves every dwelling what it has promised. What is not promised may go below nothing: money that never
/// came was never there, and the books must be able to say so.
async fn leaves_what_is_held(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let bears = |line: &&Line| {
        entry.book.chart().account(line.account).is_some_and(|a| a.bearing.is_some())
    };
    let mut taken: BTreeMap<DwellingNo, Money> = BTreeMap::new();
    for line in entry.lines.iter().filter(bears) {
        if let Some(dwelling) = line.dwelling {
            *taken.entry(dwelling).or_default() += line.signed();
        }
    }
    taken.retain(|_, fen| fen.is_positive());
    if taken.is_empty() {
        return Ok(());
    }
    let compound = tx.compound();
    let mut held = reserve::held(tx, compound, entry.book).await?;
    held.retain(|dwelling, fen| fen.is_positive() && taken.contains_key(dwelling));
    if held.is_empty() {
        return Ok(());
    }
    tx.flush().await?;
    let free = reserve::available(tx, compound, entry.book).await?;
    for (dwelling, held) in held {
        let (free, taken) = (free.get(&dwelling).copied().unwrap_or_default(), taken[&dwelling]);
        if taken > free {
            let evidence = format!(
                "房屋 {dwelling} 已预留 {} 元，此外可用 {} 元，冲销要减少 {} 元",
                held.grouped(),
                free.grouped(),
                taken.grouped()
            );
            let refusal = REVERSES_HELD.refuse(evidence).with("dwelling_no", dwelling.0);
            return Err(refusal.with("held_fen", held.in_fen()).into());
        }
    }
    Ok(())
}

/// Whether a reversal leaves of the undistributed gains, and of the income that closes into them, no less than nothing.
async fn leaves_what_was_shared(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let chart = entry.book.chart();
    // The fund's gains wait for the dwellings in accounts of their own; no other book gives any out.
    let pool_of = |code: i32| {
        let account = chart.account(code).filter(|_| entry.book == Book::Fund)?;
        let pool = account.month_closes_to.and_then(|to| chart.account(to)).unwrap_or(account);
        (pool.code / 100 == 3101).then_some(pool.code)
    };
    let mut taken: BTreeMap<i32, Money> = BTreeMap::new();
    for line in &entry.lines {
        if let Some(pool) = pool_of(line.account) {
            *taken.entry(pool).or_default() += line.signed();
        }
    }
    taken.retain(|_, fen| fen.is_positive());
    if taken.is_empty() {
        return Ok(());
    }
    tx.flush().await?;
    let mut waits: BTreeMap<i32, Money> = BTreeMap::new();
    for (account, credit) in reading::credits(tx, entry.book).await? {
        if let Some(pool) = pool_of(account) {
            *waits.entry(pool).or_default() += credit;
        }
    }
    for (pool, taken) in taken {
        let waits = waits.get(&pool).copied().unwrap_or_default();
        if taken > waits {
            let name = chart.account(pool).map_or("", |account| account.name.as_str());
            let evidence = format!(
                "{name}（连同未结转的收入）{} 元，冲销要减少 {} 元",
                waits.grouped(),
                taken.grouped()
            );
            let refusal = REVERSES_SHARED.refuse(evidence).with("account", pool);
            return Err(refusal.with("available_fen", waits.in_fen()).into());
        }
    }
    Ok(())
}

/// A voucher, with its lines.
///
/// # Errors
/// `journal.no-voucher`.
pub(crate) async fn whole(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    seq: VoucherSeq,
) -> Result<Voucher> {
    let found = rows::vouchers(view, compound, book, seq.0, seq.0).await?;
    let missing = || NO_VOUCHER.refuse(format!("{} 第 {seq} 张", book.chart().title));
    Ok(found.into_iter().next().ok_or_else(missing)?)
}

/// The entry that reverses a voucher.
fn reversal(
    original: &Voucher,
    reversed_by: Option<Posted>,
    effective_on: Day,
    style: Style,
    reason: &str,
) -> Result<Entry> {
    let name = original.posted;
    if original.reverses.is_some() {
        return Err(REVERSES_REVERSAL.refuse(format!("{name} 是冲销凭证")).into());
    }
    if original.kind == Kind::Closing {
        return Err(REVERSES_CLOSING.refuse(format!("{name} 是结转凭证")).into());
    }
    if let Some(by) = reversed_by {
        let refusal = REVERSED.refuse(format!("{name} 已由 {by} 冲销"));
        return Err(refusal.with("reversed_by", by.to_string()).into());
    }
    if effective_on < original.effective_on {
        let evidence = format!("{name} 的日期 {}，冲销日期 {effective_on}", original.effective_on);
        return Err(REVERSES_LATER.refuse(evidence).into());
    }
    let turn = |line: &Line| match style {
        Style::Red => Line { amount: -line.amount, ..*line },
        Style::Opposite => Line { side: line.side.other(), ..*line },
    };
    Ok(Entry {
        book: name.book,
        effective_on,
        kind: Kind::Reversal,
        memo: format!("冲销 {name}：{}", reason.trim()),
        source: String::new(),
        evidence: String::new(),
        lines: original.lines.iter().map(turn).collect(),
    })
}

/// The debit and credit totals of a balance, as an act sees them: what is written and what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account: i32,
    /// The matter, if it is kept by one.
    pub matter: Option<MatterNo>,
    /// Debits so far.
    pub debit: Money,
    /// Credits so far.
    pub credit: Money,
}

impl Balance {
    /// What stands on the debit side, negative if on the credit side.
    #[must_use]
    pub fn debit_balance(&self) -> Money {
        self.debit - self.credit
    }
}

/// Every balance of a dwelling in a book, by account and matter.
///
/// # Errors
/// Storage.
pub(crate) async fn balances_of(
    tx: &mut Tx,
    book: Book,
    dwelling: DwellingNo,
) -> Result<Vec<Balance>> {
    let all = balances_of_all(tx, book, &[dwelling]).await?;
    Ok(all.into_iter().map(|(_, balance)| balance).collect())
}

/// Every balance of some dwellings in a book, by dwelling, account and matter: one question for all of them.
///
/// # Errors
/// Storage.
pub(crate) async fn balances_of_all(
    tx: &mut Tx,
    book: Book,
    dwellings: &[DwellingNo],
) -> Result<Vec<(DwellingNo, Balance)>> {
    let compound = tx.compound().0;
    let (which, value) = match dwellings {
        [only] => ("= $3".to_owned(), only.0.into()),
        many => tx.list_of(&many.iter().map(|no| no.0).collect::<Vec<_>>(), 3),
    };
    let sql = format!(
        "SELECT dwelling_no, account, matter_no, debit_fen, credit_fen FROM balance
         WHERE compound_id = $1 AND book = $2 AND dwelling_no {which}"
    );
    let values = vec![compound.into(), book.number().into(), value];
    let written = tx.rows(crate::books::Reads::SETTLED, &sql, values).await?;

    let mut sums = BTreeMap::<(i32, i32, i32), (i64, i64)>::new();
    for row in written {
        let key = (
            row.try_get("", "dwelling_no")?,
            row.try_get("", "account")?,
            row.try_get("", "matter_no")?,
        );
        sums.insert(key, (row.try_get("", "debit_fen")?, row.try_get("", "credit_fen")?));
    }
    for (dwelling, balance) in waiting_of_all(tx, book, dwellings).await? {
        let key = (dwelling.0, balance.account, balance.matter.map_or(0, |matter| matter.0));
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + balance.debit.in_fen(), sum.1 + balance.credit.in_fen());
    }
    let balance =
        |((dwelling, account, matter), (debit, credit)): ((i32, i32, i32), (i64, i64))| {
            let balance = Balance {
                account,
                matter: (matter != 0).then_some(MatterNo(matter)),
                debit: Money::fen(debit),
                credit: Money::fen(credit),
            };
            (DwellingNo(dwelling), balance)
        };
    Ok(sums.into_iter().map(balance).collect())
}

/// What the acts of this batch have posted to some dwellings and not written yet: what the table of balances does not say.
///
/// # Errors
/// Storage.
pub(crate) async fn waiting_of_all(
    tx: &mut Tx,
    book: Book,
    dwellings: &[DwellingNo],
) -> Result<Vec<(DwellingNo, Balance)>> {
    let standing = rows::standing(tx).await?;
    let waiting = dwellings.iter().flat_map(|dwelling| {
        let balance = |(key, totals): (rows::Key, rows::Totals)| Balance {
            account: key.account,
            matter: (key.matter != 0).then_some(MatterNo(key.matter)),
            debit: Money::fen(totals.debit),
            credit: Money::fen(totals.credit),
        };
        standing.waiting_of(book, dwelling.0).into_iter().map(move |w| (*dwelling, balance(w)))
    });
    Ok(waiting.collect())
}
