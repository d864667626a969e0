//! Reserving (预留): money of dwellings promised to a project and not yet paid.
//!
//! Always: what is held of a dwelling is never more than it has; a release is spread over the dwellings in proportion
//! to what is still held ([`release`]), or is said dwelling by dwelling ([`release_of`]), to the fen. What was held stays written, a release is an entry against it. A
//! reserve moves no money: it counts against what is available.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chart::Book;
use super::{RELEASE, SHORT};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, DwellingNo, MatterNo, ReserveNo};
use crate::money::{Money, split};

static RESERVE: Table = Table {
    name: "reserve",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("reserve_no", Column::Int),
        ("book", Column::Small),
        ("matter_no", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static RESERVE_LINE: Table = Table {
    name: "reserve_line",
    rank: 9,
    columns: &[
        ("compound_id", Column::Int),
        ("reserve_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("act_no", Column::Int),
        ("amount_fen", Column::Big),
    ],
    on_conflict: "",
};

const RESERVES: Reads = Reads(&[&RESERVE, &RESERVE_LINE]);

/// What a reserve still holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// The reserve.
    pub reserve: ReserveNo,
    /// What is still held, by dwelling.
    pub held: Vec<(DwellingNo, Money)>,
    /// Σ of it.
    pub total_fen: Money,
}

/// What each dwelling of a book has and has not promised: its bearing accounts, less what is held.
///
/// # Errors
/// Storage.
pub async fn available(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
) -> Result<BTreeMap<DwellingNo, Money>> {
    let sql = "SELECT b.dwelling_no, CAST(sum(b.credit_fen - b.debit_fen) AS BIGINT) AS fen
               FROM balance b JOIN account a
                 ON a.compound_id = b.compound_id AND a.book = b.book AND a.account = b.account
               WHERE b.compound_id = $1 AND b.book = $2 AND b.dwelling_no > 0 AND a.bearing > 0
               GROUP BY b.dwelling_no";
    let values = vec![compound.0.into(), book.number().into()];
    let mut left = BTreeMap::new();
    for row in view.rows(super::rows::VOUCHERS, sql, values).await? {
        left.insert(
            DwellingNo(row.try_get("", "dwelling_no")?),
            Money::fen(row.try_get("", "fen")?),
        );
    }
    for (dwelling, held) in held(view, compound, book).await? {
        *left.entry(dwelling).or_default() -= held;
    }
    Ok(left)
}

/// What is held of each dwelling of a book.
///
/// # Errors
/// Storage.
pub async fn held(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
) -> Result<BTreeMap<DwellingNo, Money>> {
    let sql = "SELECT l.dwelling_no, CAST(sum(l.amount_fen) AS BIGINT) AS fen
               FROM reserve_line l JOIN reserve r
                 ON r.compound_id = l.compound_id AND r.reserve_no = l.reserve_no
               WHERE l.compound_id = $1 AND r.book = $2 GROUP BY l.dwelling_no";
    let mut held = BTreeMap::new();
    for row in view.rows(RESERVES, sql, vec![compound.0.into(), book.number().into()]).await? {
        held.insert(
            DwellingNo(row.try_get("", "dwelling_no")?),
            Money::fen(row.try_get("", "fen")?),
        );
    }
    Ok(held)
}

/// Holds each dwelling's share for a matter.
///
/// # Errors
/// `journal.reserve-short`, naming the first dwelling that has less.
pub async fn reserve(
    tx: &mut Tx,
    book: Book,
    matter: MatterNo,
    shares: &[(DwellingNo, Money)],
) -> Result<Reserved> {
    tx.flush().await?;
    let compound = tx.compound();
    let left = available(tx, compound, book).await?;

    let shares = may_reserve(&left, shares)?;

    let reserve = ReserveNo(tx.next_no("reserve"));
    let act = tx.act().0;
    let number = i32::from(book.number());
    let row = [compound.0.into(), reserve.0.into(), number.into(), matter.0.into(), act.into()];
    tx.put(&RESERVE, &row);
    for (dwelling, share) in &shares {
        let (no, fen) = (dwelling.0, share.in_fen());
        let row = [compound.0.into(), reserve.0.into(), no.into(), act.into(), fen.into()];
        tx.put(&RESERVE_LINE, &row);
    }
    let total_fen = shares.values().copied().sum();
    Ok(Reserved { reserve, held: shares.into_iter().collect(), total_fen })
}

/// What to hold of each dwelling: shares of the same one together, and together no more than it has.
fn may_reserve(
    left: &BTreeMap<DwellingNo, Money>,
    shares: &[(DwellingNo, Money)],
) -> Result<BTreeMap<DwellingNo, Money>, Refusal> {
    let mut wanted: BTreeMap<DwellingNo, Money> = BTreeMap::new();
    for (dwelling, share) in shares {
        let held = wanted.entry(*dwelling).or_default();
        let has = left.get(dwelling).copied().unwrap_or_default() - *held;
        if !share.is_positive() || *share > has {
            let evidence =
                format!("房屋 {dwelling} 可用 {} 元，需预留 {} 元", has.grouped(), share.grouped());
            let refusal = SHORT.refuse(evidence).with("dwelling_no", dwelling.0);
            return Err(refusal
                .with("available_fen", has.in_fen())
                .with("asked_fen", share.in_fen()));
        }
        *held += *share;
    }
    Ok(wanted)
}

/// Releases part of a reserve, in proportion to what each dwelling still has held.
///
/// # Errors
/// `journal.release-too-much`.
pub async fn release(tx: &mut Tx, reserve: ReserveNo, amount: Money) -> Result<Reserved> {
    let compound = tx.compound();
    let lines = lines_of(tx, compound, reserve).await?;
    let left: Vec<u64> = lines.iter().map(|(_, held)| held.in_fen().unsigned_abs()).collect();
    let total: Money = lines.iter().map(|(_, held)| *held).sum();
    if !amount.is_positive() || amount > total {
        let evidence = format!("尚预留 {} 元，要解除 {} 元", total.grouped(), amount.grouped());
        return Err(RELEASE.refuse(evidence).with("held_fen", total.in_fen()).into());
    }
    let shares = split(amount, &left).unwrap_or_default();
    let freed = lines.iter().map(|(dwelling, _)| *dwelling).zip(shares).collect();
    Ok(free(tx, reserve, lines, &freed))
}

/// Releases what is still held of these dwellings, each by so much: what a payment takes of each.
///
/// # Errors
/// `journal.release-too-much`, naming the first dwelling of which less is held.
pub async fn release_of(
    tx: &mut Tx,
    reserve: ReserveNo,
    shares: &BTreeMap<DwellingNo, Money>,
) -> Result<Reserved> {
    tx.flush().await?;
    let compound = tx.compound();
    let lines = lines_of(tx, compound, reserve).await?;
    for (dwelling, share) in shares {
        let held =
            lines.iter().find(|(no, _)| no == dwelling).map_or(Money::ZERO, |(_, held)| *held);
        if share.is_negative() || *share > held {
            let evidence = format!(
                "房屋 {dwelling} 尚预留 {} 元，要解除 {} 元",
                held.grouped(),
                share.grouped()
            );
            return Err(RELEASE.refuse(evidence).with("dwelling_no", dwelling.0).into());
        }
    }
    Ok(free(tx, reserve, lines, shares))
}

/// What a reserve still holds of each dwelling.
///
/// # Errors
/// Storage.
pub async fn held_by(
    view: &mut impl View,
    compound: CompoundId,
    reserve: ReserveNo,
) -> Result<BTreeMap<DwellingNo, Money>> {
    let lines = lines_of(view, compound, reserve).await?.into_iter();
    Ok(lines.filter(|(_, left)| left.is_positive()).collect())
}

/// What is still held of each dwelling by a reserve, also where that is nothing any more.
async fn lines_of(
    view: &mut impl View,
    compound: CompoundId,
    reserve: ReserveNo,
) -> Result<Vec<(DwellingNo, Money)>> {
    let sql = "SELECT dwelling_no, CAST(sum(amount_fen) AS BIGINT) AS fen FROM reserve_line
               WHERE compound_id = $1 AND reserve_no = $2 GROUP BY dwelling_no ORDER BY dwelling_no";
    let mut lines = Vec::new();
    for row in view.rows(RESERVES, sql, vec![compound.0.into(), reserve.0.into()]).await? {
        let no = DwellingNo(row.try_get("", "dwelling_no")?);
        lines.push((no, Money::fen(row.try_get("", "fen")?)));
    }
    Ok(lines)
}

fn free(
    tx: &mut Tx,
    reserve: ReserveNo,
    lines: Vec<(DwellingNo, Money)>,
    shares: &BTreeMap<DwellingNo, Money>,
) -> Reserved {
    let (compound, act) = (tx.compound().0, tx.act().0);
    let mut still = Vec::with_capacity(lines.len());
    for (dwelling, held) in lines {
        let share = shares.get(&dwelling).copied().unwrap_or_default();
        if share != Money::ZERO {
            let freed = -share.in_fen();
            let row =
                [compound.into(), reserve.0.into(), dwelling.0.into(), act.into(), freed.into()];
            tx.put(&RESERVE_LINE, &row);
        }
        if held > share {
            still.push((dwelling, held - share));
        }
    }
    let total_fen = still.iter().map(|(_, left)| *left).sum();
    Reserved { reserve, held: still, total_fen }
}
