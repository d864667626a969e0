//! Closing a month, and with December the year (结账).
//!
//! Always: months close strictly in order, under the same lock as posting; a closed month's balances are frozen in
//! `period_balance` and nothing is ever posted into it again; a mistake found later is a late voucher. Closing entries
//! (结转) are control-level: they name no dwelling and so cannot disturb one's balance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chart::{Account, Book};
use super::rows::{self, Totals};
use super::voucher::{Entry, Kind, Line, Posted, Side};
use super::{post, reading, text};
use crate::books::{Tx, View};
use crate::calendar::{Instant, Month};
use crate::error::{Kind as Answer, Refusal, Result, Rule, Storage};
use crate::id::{ActNo, CompoundId, VoucherSeq};
use crate::money::Money;

/// The month is not over.
pub static NOT_ENDED: Rule = Rule {
    code: "journal.month-not-ended",
    kind: Answer::Refused,
    rule: "月份结束后方可结账",
    remedy: "请在次月一日或之后结账",
};

/// An earlier month is still open.
pub static OUT_OF_ORDER: Rule = Rule {
    code: "journal.close-out-of-order",
    kind: Answer::Refused,
    rule: "结账须按月依次进行",
    remedy: "先结上一个未结的月份",
};

/// The month is closed.
pub static CLOSED: Rule = Rule {
    code: "journal.month-closed",
    kind: Answer::Conflict,
    rule: "每个月份只结账一次，已结账期间不得再改",
    remedy: "发现差错请在未结账期间更正，系统会标明为迟到凭证",
};

/// A closed month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The book.
    pub book: Book,
    /// The month.
    pub month: Month,
    /// The closing vouchers made.
    pub vouchers: Vec<Posted>,
    /// The book's last voucher.
    pub head_seq: VoucherSeq,
    /// Its hash, in hexadecimal: the seal to publish.
    pub seal: String,
    /// How many balances were frozen.
    pub frozen: u64,
}

/// A closed month as its book remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedMonth {
    /// The book.
    pub book: Book,
    /// The month.
    pub month: Month,
    /// The act that closed it.
    pub act: ActNo,
    /// When.
    pub closed_at: Instant,
    /// The book's last voucher then.
    pub head_seq: VoucherSeq,
    /// Its hash, in hexadecimal: the seal that was published.
    pub seal: String,
}

/// The closed months of a book, the earliest first, as known at an instant.
///
/// # Errors
/// Storage.
pub async fn closes(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    known_at: Option<Instant>,
) -> Result<Vec<ClosedMonth>> {
    let sql = "SELECT c.period, c.act_no, c.head_seq, c.head_hash, a.recorded_at
               FROM period_close c JOIN act a
                 ON a.compound_id = c.compound_id AND a.act_no = c.act_no
               WHERE c.compound_id = $1 AND c.book = $2 AND a.recorded_at <= $3
               ORDER BY c.period";
    let known_at = known_at.unwrap_or(Instant::END).seconds();
    let values = vec![compound.0.into(), book.number().into(), known_at.into()];
    let mut closes = Vec::new();
    for row in view.rows(rows::VOUCHERS, sql, values).await? {
        let period: i32 = row.try_get("", "period")?;
        let bug = || Storage::Bug(format!("a closed period is {period}"));
        closes.push(ClosedMonth {
            book,
            month: Month::from_number(period).ok_or_else(bug)?,
            act: ActNo(row.try_get("", "act_no")?),
            closed_at: Instant::from_seconds(row.try_get("", "recorded_at")?),
            head_seq: VoucherSeq(row.try_get("", "head_seq")?),
            seal: text::hex(&row.try_get::<Vec<u8>>("", "head_hash")?),
        });
    }
    Ok(closes)
}

/// The month through which a book is closed, as known at an instant; the first close takes everything before it along.
///
/// # Errors
/// Storage.
pub async fn closed_through(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    known_at: Option<Instant>,
) -> Result<Option<Month>> {
    Ok(closes(view, compound, book, known_at).await?.last().map(|closed| closed.month))
}

/// Closes a month of a book. The first close of a book closes everything before it too.
///
/// # Errors
/// `journal.month-not-ended`, `journal.month-closed`, `journal.close-out-of-order`.
pub async fn close(tx: &mut Tx, book: Book, month: Month) -> Result<Closed> {
    let closed = rows::standing(tx).await?.closed_through[book as usize - 1];
    let after = closed.map_or(0, Month::number);
    let turnover = reading::turnover(tx, book, after, month.number()).await?;

    may_close(book, month, closed, tx.at().day())?;
    passes_no_year(book, month, closed, reading::first_period(tx, book).await?)?;
    let entry = closing_entry(book, month, &turnover, |account| account.month_closes_to);

    let mut vouchers = Vec::new();
    if let Some(entry) = entry {
        vouchers.push(post(tx, entry).await?);
    }
    if month.ends_a_year() {
        let year = reading::turnover(tx, book, 0, month.number()).await?;
        if let Some(entry) = closing_entry(book, month, &year, |account| account.year_closes_to) {
            vouchers.push(post(tx, entry).await?);
        }
    }
    freeze(tx, book, month, after, vouchers).await
}

fn may_close(
    book: Book,
    month: Month,
    closed: Option<Month>,
    today: crate::calendar::Day,
) -> Result<(), Refusal> {
    let title = &book.chart().title;
    if month.last_day() >= today {
        return Err(NOT_ENDED.refuse(format!("{title} {month}，今天 {today}")));
    }
    match closed {
        Some(closed) if month <= closed => Err(CLOSED
            .refuse(format!("{title} 已结账至 {closed}"))
            .with("closed_through", closed.to_string())),
        Some(closed) if month != closed.next() => {
            let evidence = format!("{title} 已结账至 {closed}，下一个应为 {}", closed.next());
            Err(OUT_OF_ORDER.refuse(evidence).with("next", closed.next().to_string()))
        }
        _ => Ok(()),
    }
}

/// The first close of a book takes everything before it along, but not past the end of a year whose profit is carried over:
/// that December must be closed by itself, or its income would become this year's.
fn passes_no_year(
    book: Book,
    month: Month,
    closed: Option<Month>,
    first: Option<Month>,
) -> Result<(), Refusal> {
    let carries = book.chart().accounts.iter().any(|a| a.year_closes_to.is_some());
    let Some(first) = first.filter(|_| carries && closed.is_none()) else { return Ok(()) };
    match Month::from_number(first.year() * 100 + 12) {
        Some(december) if december < month => {
            let title = &book.chart().title;
            let evidence = format!("{title} 自 {first} 起有凭证，{december} 尚未结账");
            Err(OUT_OF_ORDER.refuse(evidence).with("next", december.to_string()))
        }
        _ => Ok(()),
    }
}

/// The entry that empties the accounts which close somewhere, or none if they are empty.
fn closing_entry(
    book: Book,
    month: Month,
    turnover: &BTreeMap<i32, Totals>,
    target: impl Fn(&Account) -> Option<i32>,
) -> Option<Entry> {
    let mut lines = Vec::new();
    let mut targets: BTreeMap<(i32, Side), Money> = BTreeMap::new();
    for account in &book.chart().accounts {
        let (Some(target), Some(totals)) = (target(account), turnover.get(&account.code)) else {
            continue;
        };
        let net = Money::fen(totals.debit) - Money::fen(totals.credit);
        if net.is_zero() {
            continue;
        }
        let (empties, fills) = if net.is_positive() {
            (Side::Credit, Side::Debit)
        } else {
            (Side::Debit, Side::Credit)
        };
        let line = Line::debit(account.code, net.abs());
        lines.push(Line { side: empties, ..line });
        *targets.entry((target, fills)).or_default() += net.abs();
    }
    let line = |((account, side), amount)| Line { side, ..Line::debit(account, amount) };
    lines.extend(targets.into_iter().map(line));
    (!lines.is_empty()).then(|| Entry {
        book,
        effective_on: month.last_day(),
        kind: Kind::Closing,
        memo: format!("{month} 期末结转"),
        source: String::new(),
        evidence: String::new(),
        lines,
    })
}

/// Freezes the balances that moved since the last close, and the head they stand at.
async fn freeze(
    tx: &mut Tx,
    book: Book,
    month: Month,
    after: i32,
    vouchers: Vec<Posted>,
) -> Result<Closed> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    // What was frozen last, looked up for each row by the whole key. Joined, a planner that knows nothing of the tables yet
    // walks through all it has just inserted for each row it inserts.
    let frozen = |column: &str| {
        format!(
            "(SELECT b.{column} FROM period_balance b
              WHERE b.compound_id = $1 AND b.book = $2 AND b.dwelling_no = m.dwelling_no AND b.account = m.account
                AND b.matter_no = m.matter_no AND b.period <= $4 ORDER BY b.period DESC LIMIT 1)"
        )
    };
    let (debit, credit) = (frozen("debit_fen"), frozen("credit_fen"));
    let sql = format!(
        "
      INSERT INTO period_balance
        (compound_id, book, period, dwelling_no, account, matter_no, debit_fen, credit_fen)
      SELECT $1, $2, $3, m.dwelling_no, m.account, m.matter_no,
             m.debit + COALESCE({debit}, 0), m.credit + COALESCE({credit}, 0)
      FROM (SELECT p.dwelling_no, p.account, p.matter_no,
              CAST(sum(CASE WHEN p.side = 1 THEN p.amount_fen ELSE 0 END) AS BIGINT) AS debit,
              CAST(sum(CASE WHEN p.side = -1 THEN p.amount_fen ELSE 0 END) AS BIGINT) AS credit
            FROM posting p JOIN voucher v
              ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
            WHERE p.compound_id = $1 AND p.book = $2 AND v.period > $4 AND v.period <= $3
            GROUP BY p.dwelling_no, p.account, p.matter_no) m"
    );
    let values = vec![compound.into(), book.number().into(), month.number().into(), after.into()];
    let frozen = tx.exec(&sql, values).await?;

    let (head_seq, hash) = rows::standing(tx).await?.head(book);
    let sql = "INSERT INTO period_close (compound_id, book, period, act_no, head_seq, head_hash)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = vec![
        compound.into(),
        book.number().into(),
        month.number().into(),
        act.into(),
        head_seq.0.into(),
        hash.to_vec().into(),
    ];
    tx.exec(sql, values).await?;
    rows::standing(tx).await?.close_through(book, month);
    Ok(Closed { book, month, vouchers, head_seq, seal: text::hex(&hash), frozen })
}
