//! What the journal keeps beside the vouchers, held against what the pass found: charts, closes, balances.

use std::collections::{BTreeMap, HashMap};

use sea_orm::QueryResult;

use super::super::stream::{BALANCES as BALANCE_ROWS, FROZEN, Scan};
use super::folio::{Digest, Key, Told, Totals, key, month_after, yuan};
use super::{BALANCES, PERIODS, Range};
use crate::books::{Reads, Snapshot, View};
use crate::error::Result;

/// An account, as far as the laws ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    /// Whether its lines must name a dwelling or a matter.
    pub(super) analysis: bool,
    /// Whether it bears a dwelling's balance.
    pub(super) is_bearing: bool,
}

/// A close, as it was recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Close {
    pub(super) period: i64,
    pub(super) head_seq: i64,
    pub(super) head_hash: Option<[u8; 32]>,
}

/// The small tables of a group of compounds, by compound and book.
#[derive(Debug, Default)]
pub(super) struct Small {
    accounts: HashMap<(i64, i64), HashMap<i64, Account>>,
    closes: BTreeMap<(i64, i64), Vec<Close>>,
}

impl Small {
    pub(super) fn accounts(&self, compound: i64, book: i64) -> Option<&HashMap<i64, Account>> {
        self.accounts.get(&(compound, book))
    }

    /// The closes of a book, by month.
    pub(super) fn closes(&self, compound: i64, book: i64) -> &[Close] {
        self.closes.get(&(compound, book)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn closed_books(&self) -> impl Iterator<Item = (i64, i64)> {
        self.closes.keys().copied()
    }
}

/// Reads the small tables.
pub(super) async fn small(view: &mut Snapshot, range: Range) -> Result<Small> {
    let mut small = Small::default();
    let sql = "SELECT compound_id, book, account, analysis, bearing FROM account
               WHERE compound_id BETWEEN $1 AND $2";
    for row in view.rows(Reads::SETTLED, sql, range.values()).await? {
        let (analysis, bearing): (i16, i16) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let account = Account { analysis: analysis == 1, is_bearing: bearing > 0 };
        let code: i32 = row.try_get_by_index(2)?;
        small.accounts.entry(book_of(&row)?).or_default().insert(i64::from(code), account);
    }
    let sql = "SELECT compound_id, book, period, head_seq, head_hash FROM period_close
               WHERE compound_id BETWEEN $1 AND $2 ORDER BY compound_id, book, period";
    for row in view.rows(Reads::SETTLED, sql, range.values()).await? {
        let (period, head_seq): (i32, i32) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let hash: Vec<u8> = row.try_get_by_index(4)?;
        small.closes.entry(book_of(&row)?).or_default().push(Close {
            period: i64::from(period),
            head_seq: i64::from(head_seq),
            head_hash: hash.try_into().ok(),
        });
    }
    Ok(small)
}

fn book_of(row: &QueryResult) -> Result<(i64, i64)> {
    let (compound, book): (i32, i16) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok((i64::from(compound), i64::from(book)))
}

/// The kept balances are the sums of the postings: every row, and no row too few.
pub(super) async fn balances(view: &mut Snapshot, range: Range, told: &mut Told) -> Result<()> {
    let mut scan = Scan::compounds(&BALANCE_ROWS, range.first, range.last);
    while let Some(page) = scan.next(view).await? {
        let (compounds, books) = (page.numbers(0), page.numbers(1));
        let (dwellings, accounts, matters) = (page.numbers(2), page.numbers(3), page.numbers(4));
        let (debits, credits) = (page.numbers(5), page.numbers(6));
        let Told { laws, names, books: folios, .. } = &mut *told;
        laws.checked(BALANCES, u64::try_from(page.len).unwrap_or(0));
        for row in 0..page.len {
            let place = (compounds[row], books[row]);
            let key = key(accounts[row], dwellings[row], matters[row]);
            let mut summed = Totals::default();
            if let Some(totals) = folios.get_mut(&place).and_then(|f| f.sums.get_mut(&key)) {
                totals.is_kept = true;
                summed = *totals;
            }
            if (summed.debit, summed.credit) != (debits[row], credits[row]) || !summed.is_kept {
                laws.broken(BALANCES, || {
                    let kept = sides(debits[row], credits[row]);
                    let is = sides(summed.debit, summed.credit);
                    let book = names.book(place.0, place.1);
                    format!("{book} {}：所记余额{kept}，分录合计{is}", shown(key))
                });
            }
        }
    }
    for ((compound, book), folio) in &told.books {
        let mut left: Vec<_> = folio.sums.iter().filter(|(_, totals)| !totals.is_kept).collect();
        left.sort_unstable_by_key(|([account, dwelling, matter], _)| (dwelling, account, matter));
        for (key, totals) in left {
            told.laws.checked(BALANCES, 1);
            let names = &told.names;
            told.laws.broken(BALANCES, || {
                let is = sides(totals.debit, totals.credit);
                let book = names.book(*compound, *book);
                format!("{book} {}：没有余额记录，分录合计{is}", shown(*key))
            });
        }
    }
    Ok(())
}

/// A balance's key in words.
fn shown([account, dwelling, matter]: Key) -> String {
    let mut shown = format!("科目 {account}");
    for (word, number) in [("房屋", dwelling), ("项目", matter)] {
        if number != 0 {
            shown.push_str(&format!(" {word} {number}"));
        }
    }
    shown
}

fn sides(debit: i64, credit: i64) -> String {
    format!("借 {} 元、贷 {} 元", yuan(debit.into()), yuan(credit.into()))
}

/// What each close froze is what the postings of its months say, row by row.
pub(super) async fn periods(
    view: &mut Snapshot,
    range: Range,
    small: &Small,
    told: &mut Told,
) -> Result<()> {
    let mut found: BTreeMap<(i64, i64, i64), Digest> = BTreeMap::new();
    let mut scan = Scan::compounds(&FROZEN, range.first, range.last);
    while let Some(page) = scan.next(view).await? {
        let (compounds, books, months) = (page.numbers(0), page.numbers(1), page.numbers(5));
        let (dwellings, accounts, matters) = (page.numbers(2), page.numbers(3), page.numbers(4));
        let (debits, credits) = (page.numbers(6), page.numbers(7));
        told.laws.checked(PERIODS, u64::try_from(page.len).unwrap_or(0));
        for row in 0..page.len {
            let digest = found.entry((compounds[row], books[row], months[row])).or_default();
            let key = key(accounts[row], dwellings[row], matters[row]);
            told.hashes.add(digest, (months[row], key, debits[row], credits[row]));
        }
    }

    let mut wanted: BTreeMap<(i64, i64, i64), Digest> = BTreeMap::new();
    for ((compound, book), folio) in &told.books {
        for (month, digest) in &folio.frozen {
            wanted.insert((*compound, *book, *month), *digest);
        }
    }
    order(small, told);
    for place in found.keys() {
        wanted.entry(*place).or_default();
    }
    for (place, digest) in wanted {
        if found.get(&place).copied().unwrap_or_default() != digest {
            let first = first_unfrozen(view, small, place).await?;
            let (book, month) = (told.names.book(place.0, place.1), place.2);
            told.laws.broken(PERIODS, || format!("{book} {month} 冻结余额：{first}"));
        }
    }
    Ok(())
}

/// Months close one after another, and the head they seal never goes back.
fn order(small: &Small, told: &mut Told) {
    for ((compound, book), closes) in &small.closes {
        told.laws.checked(PERIODS, u64::try_from(closes.len()).unwrap_or(0));
        for pair in closes.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            if after.period != month_after(before.period) || after.head_seq < before.head_seq {
                let names = &told.names;
                told.laws.broken(PERIODS, || {
                    let book = names.book(*compound, *book);
                    format!("{book}：{} 结账之后是 {} 结账", before.period, after.period)
                });
            }
        }
    }
}

/// The first frozen balance of a month that is not what the postings say.
async fn first_unfrozen(
    view: &mut Snapshot,
    small: &Small,
    (compound, book, month): (i64, i64, i64),
) -> Result<String> {
    let closes = small.closes(compound, book);
    if !closes.iter().any(|close| close.period == month) {
        return Ok("该月没有结账".to_owned());
    }
    let before = closes.iter().map(|close| close.period).filter(|period| *period < month).max();
    let sql = "SELECT dwelling_no, account, matter_no, debit_fen, credit_fen FROM period_balance
               WHERE compound_id = $1 AND book = $2 AND period = $3";
    let values = || vec![compound.into(), book.into(), month.into()];
    let kept = balances_in(&view.rows(Reads::SETTLED, sql, values()).await?)?;
    let sql = "SELECT p.dwelling_no, p.account, p.matter_no,
                 CAST(sum(CASE WHEN p.side = 1 THEN p.amount_fen ELSE 0 END) AS BIGINT),
                 CAST(sum(CASE WHEN p.side = -1 THEN p.amount_fen ELSE 0 END) AS BIGINT)
               FROM posting p JOIN voucher v
                 ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               WHERE p.compound_id = $1 AND p.book = $2 AND v.period <= $3
               GROUP BY p.dwelling_no, p.account, p.matter_no HAVING max(v.period) > $4";
    let values = values().into_iter().chain([before.unwrap_or(0).into()]).collect();
    let summed = balances_in(&view.rows(Reads::SETTLED, sql, values).await?)?;
    let words = |at: Option<&(i64, i64)>| match at {
        Some((debit, credit)) => sides(*debit, *credit),
        None => "无记录".to_owned(),
    };
    for (key, _) in kept.iter().chain(&summed).collect::<BTreeMap<_, _>>() {
        if kept.get(key) != summed.get(key) {
            let [dwelling, account, matter] = *key;
            let row = shown([account, dwelling, matter]);
            let (was, is) = (words(kept.get(key)), words(summed.get(key)));
            return Ok(format!("{row}：冻结{was}，分录合计{is}"));
        }
    }
    Ok("与分录合计不符".to_owned())
}

/// Balances by dwelling, account and matter.
fn balances_in(rows: &[QueryResult]) -> Result<BTreeMap<Key, (i64, i64)>> {
    let mut balances = BTreeMap::new();
    for row in rows {
        let n = |at| -> Result<i32> { Ok(row.try_get_by_index(at)?) };
        let totals = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        balances.insert([n(0)?, n(1)?, n(2)?], totals);
    }
    Ok(balances)
}
