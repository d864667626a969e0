//! 交存明细: what came into each dwelling's share of the fund, and what went out, with its true day.

use std::collections::HashMap;

use super::{
    Difference, FUTURE, Judged, Kind, Meta, RECEIPT_USED, ROOM_UNKNOWN, SHORT, reject, rows,
};
use crate::bank;
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Result, Rule};
use crate::fund::{self, Accounts, BANK, Kept};
use crate::id::{CompoundId, DwellingNo, ImportNo, VoucherSeq};
use crate::intake::{DepositKind, DepositReading, DepositRow, Said, name_matches};
use crate::journal::{self, AsOf, Book, Entry, Line, Style};
use crate::mask;
use crate::money::Money;
use crate::property::{self, Dwelling, Housing, RoomCode};
use crate::seal::IN_TEXT;

/// A row to post.
#[derive(Clone)]
pub(super) struct Movement {
    row_key: String,
    source: String,
    dwelling: DwellingNo,
    housing: Housing,
    room: String,
    kind: DepositKind,
    on: Day,
    principal: Money,
    gains: Money,
    receipt_no: String,
    /// What of a deposit counts as the dwelling's first (首期): all of one the file calls so, of another what completes it.
    first: Money,
    /// A refund of what was deposited in the same year goes back through 4001, an earlier one through 5101.
    is_same_year: bool,
}

pub(super) async fn judge(
    view: &mut impl View,
    compound: CompoundId,
    reading: &DepositReading,
    known: &rows::Known,
    today: Day,
) -> Result<Judged<Movement>> {
    let roll = property::roll(view, compound, today).await?;
    let roll: HashMap<&RoomCode, &Dwelling> = roll.iter().map(|d| (&d.code, d)).collect();
    let assessed = fund::assessments(view, compound, None).await?;
    let assessed: HashMap<DwellingNo, Money> =
        assessed.into_iter().map(|a| (a.dwelling_no, a.due)).collect();
    let mut balances = fund::balances(view, compound, AsOf::default()).await?;
    let mut receipts = fund::receipts_used(view, compound).await?;
    let mut deposited = fund::deposited_by_year(view, compound).await?;
    let mut first_owed = fund::first_owed(view, compound).await?;

    let meta = Meta::of(&reading.reading);
    let mut judged = Judged::new();
    // In the order of the days, so that a dwelling's balance can be followed, and numbers of a year run on.
    let mut in_order: Vec<&DepositRow> = reading.reading.rows.iter().collect();
    in_order.sort_by_key(|row| (row.on, row.at.row));
    let mut paid: HashMap<DwellingNo, Money> = HashMap::new();
    for row in in_order {
        let total = row.principal + row.gains;
        let signed = if is_outgoing(row.kind) { -total } else { total };
        if known.has(&row.row_key)? {
            judged.known += 1;
            judged.sum += signed;
            continue;
        }
        let mut fault = |rule: &'static Rule, said: Said, value: String, why: &str| {
            judged.rejects.push(reject(&meta, &row.at, (said, value), rule, why));
        };
        let Some(dwelling) = roll.get(&row.room).copied() else {
            fault(&ROOM_UNKNOWN, Said::Room, row.room.to_string(), "");
            continue;
        };
        if row.on > today {
            fault(&FUTURE, Said::Day, row.on.to_string(), &format!("今天 {today}"));
            continue;
        }
        let receipt_no = row.receipt_no.clone().unwrap_or_default();
        if mask::names_a_person(&receipt_no) {
            fault(&IN_TEXT, Said::Receipt, mask::text(&receipt_no), "");
            continue;
        }
        if !receipt_no.is_empty() && !receipts.insert(receipt_no.clone()) {
            fault(&RECEIPT_USED, Said::Receipt, receipt_no, "");
            continue;
        }
        let balance = balances.entry(dwelling.no).or_default();
        if (balance.total() + signed).is_negative() {
            let why = format!("此前余额 {} 元", balance.total().grouped());
            fault(&SHORT, Said::Amount, total.to_string(), &why);
            continue;
        }
        balance.principal += if is_outgoing(row.kind) { -row.principal } else { row.principal };
        balance.gains += if is_outgoing(row.kind) { -row.gains } else { row.gains };

        let year = chrono::Datelike::year(&row.on);
        let of_year = deposited.entry((dwelling.no, year)).or_default();
        let is_same_year = row.kind == DepositKind::Refund && *of_year >= row.principal;
        match row.kind {
            DepositKind::Open | DepositKind::Deposit => {
                *of_year += row.principal;
                *paid.entry(dwelling.no).or_default() += row.principal;
            }
            DepositKind::Refund if is_same_year => *of_year -= row.principal,
            _ => {}
        }
        judged.sum += signed;
        judged.differences.extend(differences(&meta, row, dwelling));
        let owed = first_owed.entry(dwelling.no).or_default();
        let first = match row.kind {
            DepositKind::Open => total,
            // Gains were never assessed.
            DepositKind::Deposit if row.principal <= *owed => total,
            DepositKind::Deposit => *owed,
            _ => Money::ZERO,
        };
        *owed = (*owed - first).max(Money::ZERO);
        judged.good.push(Movement { first, ..movement(row, dwelling, is_same_year) });
    }
    for dwelling in roll.values() {
        let (paid, due) = (paid.get(&dwelling.no), assessed.get(&dwelling.no));
        if let (Some(paid), Some(due)) = (paid, due)
            && paid > due
        {
            judged.differences.push(Difference {
                what: "over-assessment".to_owned(),
                cell: String::new(),
                room: dwelling.code.to_string(),
                in_file: format!("交存 {} 元", paid.grouped()),
                in_books: format!("应交 {} 元", due.grouped()),
            });
        }
    }
    Ok(judged)
}

const fn is_outgoing(kind: DepositKind) -> bool {
    matches!(kind, DepositKind::Use | DepositKind::Refund)
}

/// What the row says of its dwelling that the register says otherwise. It refuses nothing: the money came.
fn differences(meta: &Meta, row: &DepositRow, dwelling: &Dwelling) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: &str, said: Said, in_file: String, in_books: String| {
        found.push(Difference {
            what: what.to_owned(),
            cell: meta.places.cell(&row.at, said).to_string(),
            room: row.room.to_string(),
            in_file,
            in_books,
        });
    };
    if let Some(area) = row.area.filter(|area| *area != dwelling.fund_area) {
        let in_books = format!("{} ㎡", dwelling.fund_area);
        differ("area", Said::Area, format!("{area} ㎡"), in_books);
    }
    let is_owner = dwelling.owners.iter().any(|o| name_matches(&o.name, &row.owner_name));
    if !row.owner_name.is_empty() && !is_owner {
        let shown: String = row.owner_name.chars().take(1).chain("**".chars()).collect();
        let in_books = format!("{} 名产权人中无此人", dwelling.owners.len());
        differ("owner", Said::Owner, shown, in_books);
    }
    found
}

fn movement(row: &DepositRow, dwelling: &Dwelling, is_same_year: bool) -> Movement {
    Movement {
        row_key: row.row_key.clone(),
        source: mask::text(&row.at.to_string()),
        dwelling: dwelling.no,
        housing: dwelling.housing,
        room: row.room.to_string(),
        kind: row.kind,
        on: row.on,
        principal: row.principal,
        gains: row.gains,
        receipt_no: row.receipt_no.clone().unwrap_or_default(),
        first: Money::ZERO,
        is_same_year,
    }
}

pub(super) async fn write(tx: &mut Tx, no: ImportNo, good: Vec<Movement>) -> Result<()> {
    crate::property::may_keep(tx).await?;
    for movement in good {
        let entry = entry(&movement);
        let voucher = journal::post(tx, entry).await?;
        if matches!(movement.kind, DepositKind::Open | DepositKind::Deposit) {
            let total = movement.principal + movement.gains;
            let parts = [("initial", movement.first), ("top-up", total - movement.first)];
            // Gains are of the last part: what is cut off before it completes what was assessed.
            let last = parts.iter().rposition(|(_, amount)| amount.is_positive());
            for (place, (kind, amount)) in parts.into_iter().enumerate() {
                if !amount.is_positive() {
                    continue;
                }
                let kept = Kept {
                    kind,
                    amount,
                    gains: if last == Some(place) { movement.gains } else { Money::ZERO },
                    plan: None,
                    received_on: movement.on,
                    line_no: None,
                    voucher,
                };
                fund::keep(tx, movement.dwelling, &movement.receipt_no, kept);
            }
        }
        rows::keep_row(tx, no, Kind::Deposits, &movement.row_key, voucher.seq.0)?;
    }
    Ok(())
}

/// The entry of a row (财会〔2020〕7号; `domain.md` §2.4). Gains were credited to the household when they were paid out, so
/// the history books both steps: the interest received, and its distribution.
fn entry(m: &Movement) -> Entry {
    let accounts = Accounts::of(m.housing);
    let of = |line: Line| line.of(m.dwelling);
    let total = m.principal + m.gains;
    let mut lines = Vec::new();
    let mut put = |line: Line| {
        if !line.amount.is_zero() {
            lines.push(line);
        }
    };
    let (kind, word) = match m.kind {
        DepositKind::Open | DepositKind::Deposit | DepositKind::Gains => {
            put(Line::debit(BANK, total));
            put(of(Line::credit(accounts.deposit_income, m.principal)));
            put(Line::credit(accounts.interest, m.gains));
            put(Line::debit(accounts.gains, m.gains));
            put(of(Line::credit(accounts.fund, m.gains)));
            match m.kind {
                DepositKind::Open => (journal::Kind::Deposit, "首期交存"),
                DepositKind::Deposit => (journal::Kind::Deposit, "交存"),
                _ => (journal::Kind::Gains, "利息"),
            }
        }
        DepositKind::Use => {
            put(of(Line::debit(accounts.repair, m.principal)));
            put(of(Line::debit(accounts.fund, m.gains)));
            put(Line::credit(BANK, total));
            (journal::Kind::Repair, "支取")
        }
        DepositKind::Refund => {
            let back = if m.is_same_year { accounts.deposit_income } else { accounts.refund };
            put(of(Line::debit(back, m.principal)));
            put(of(Line::debit(accounts.fund, m.gains)));
            put(Line::credit(BANK, total));
            (journal::Kind::Refund, "退款")
        }
    };
    Entry {
        book: Book::Fund,
        effective_on: m.on,
        kind,
        memo: format!("{word} {}", m.room),
        source: m.source.clone(),
        evidence: m.receipt_no.clone(),
        lines,
    }
}

/// Reverses the vouchers of an import in red, as of today.
pub(super) async fn undo(tx: &mut Tx, vouchers: &[i32]) -> Result<usize> {
    reverse_all(tx, Book::Fund, vouchers).await
}

/// Reverses vouchers in red, as of today, passing over those that were reversed already.
pub(super) async fn reverse_all(tx: &mut Tx, book: Book, vouchers: &[i32]) -> Result<usize> {
    let today = tx.at().day();
    let mut seqs: Vec<i32> = vouchers.iter().copied().filter(|seq| *seq > 0).collect();
    seqs.sort_unstable();
    seqs.dedup();
    let mut reversed = 0;
    for seq in seqs {
        let outcome = bank::reverse(tx, book, VoucherSeq(seq), today, Style::Red, "撤销导入").await;
        match outcome {
            Ok(_) => reversed += 1,
            Err(error) if error.code() == journal::REVERSED.code => {}
            Err(error) => return Err(error),
        }
    }
    Ok(reversed)
}
