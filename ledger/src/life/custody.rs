//! The whole fund handed to another keeper (划转), and back.
//!
//! Always: every account of the book goes to nought in one voucher, dwelling by dwelling, and nothing is promised then; the list
//! has a digest, and is read back from the voucher itself. What comes back is what went, or what another list says.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Carried, HELD, KEEPER, LATER, NO_CUSTODY, NOT_AWAY, NOTHING, carriers, line, post, put,
};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Result, Storage};
use crate::fund::FundBalance;
use crate::gains::placement;
use crate::id::{CompoundId, CustodyNo, DwellingNo, VoucherSeq};
use crate::journal::{self, AsOf, Bearing, Book, Element, Line, text};
use crate::money::Money;
use crate::property::{self, Dwelling, Housing, NewCustody, RoomCode};
use crate::seal::may_stand_in_clear;

/// The fund goes to another keeper.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handing {
    /// Who keeps it from then on.
    pub to: String,
    /// The day.
    pub on: Day,
    /// What proves it: the owners' resolution, the notice.
    pub evidence: String,
}

/// The fund comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakingBack {
    /// Who keeps it here.
    pub keeper: String,
    /// The day.
    pub on: Day,
    /// What proves it.
    pub evidence: String,
    /// What comes back, dwelling by dwelling; none for exactly what went.
    pub list: Option<Vec<Returned>>,
    /// Gains not distributed that come back with a list, of commodity housing.
    pub undistributed: Money,
}

/// What comes back of a dwelling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Returned {
    /// As its code is written.
    pub room: String,
    /// 本金.
    pub principal: Money,
    /// 增值收益.
    pub gains: Money,
}

/// A fund that was handed over, or came back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "已办的划转及其清册")]
pub struct Handed {
    /// Its number.
    #[schemars(description = "划转编号", example = 1)]
    pub custody_no: CustodyNo,
    /// Its voucher.
    #[schemars(description = "凭证号", example = &"fund/2026-0009")]
    pub voucher: String,
    /// What was handed over, dwelling by dwelling.
    #[schemars(description = "清册：各户")]
    pub list: Vec<Carried>,
    /// Σ principal.
    #[schemars(description = "本金合计：分", example = 800_000)]
    pub principal_fen: Money,
    /// Σ gains.
    #[schemars(description = "增值收益合计：分", example = 0)]
    pub gains_fen: Money,
    /// What goes with it and is no dwelling's: gains not distributed, refunds due, selling units' and unshared.
    #[schemars(description = "未落户的合计：待分配收益、应付返还、售房单位等，分", example = 0)]
    pub others_fen: Money,
    /// The whole.
    #[schemars(description = "总额：分", example = 800_000)]
    pub total_fen: Money,
    /// The digest of the list, SHA-256 in hexadecimal.
    #[schemars(description = "清册摘要：SHA-256", example = &"e3b0c442")]
    pub digest: String,
}

/// Hands the whole fund over (划转): every account of the book to nought, dwelling by dwelling.
///
/// # Errors
/// `life.keeper`, `seal.person-in-text`, `property.handed-over`, `life.held`, `life.nothing`, `life.later-movement`, those of
/// [`journal::post`].
pub async fn hand_over(tx: &mut Tx, handing: &Handing) -> Result<Handed> {
    let (compound, today) = (tx.compound(), tx.at().day());
    named(&handing.to, &handing.evidence)?;
    property::may_keep(tx).await?;
    if let Some((dwelling, amount)) =
        journal::held(tx, compound, Book::Fund).await?.into_iter().find(|(_, m)| !m.is_zero())
    {
        let code = property::code_of(tx, compound, dwelling).await?.unwrap_or_default();
        return Err(HELD.refuse(format!("{code} 已承诺 {} 元", amount.grouped())).into());
    }
    let codes: Vec<i32> = Book::Fund.chart().accounts.iter().map(|a| a.code).collect();
    let until = Day::from_ymd_opt(2999, 12, 31).unwrap_or(today);
    let moved =
        journal::moved_on(tx, compound, Book::Fund, (&codes, journal::Whose::Anybody), until)
            .await?;
    if let Some(last) = moved.last().filter(|last| last.on > handing.on) {
        return Err(LATER.refuse(format!("最后一笔在 {}，划转 {}", last.on, handing.on)).into());
    }
    let every = property::every(tx, compound, today).await?;
    let balances = journal::dwelling_balances(tx, compound, Book::Fund, AsOf::default()).await?;
    let bare = journal::balances_of(tx, Book::Fund, DwellingNo(0)).await?;
    let (mut lines, list) = emptied(&every, &balances);
    lines.extend(emptied_bare(&bare));
    if lines.len() < 2 {
        return Err(NOTHING.refuse("账上没有资金").into());
    }
    record(tx, (true, &handing.to), handing.on, &handing.evidence, lines, list).await
}

fn named(keeper: &str, evidence: &str) -> Result<()> {
    let fits = |text: &str, most: usize| {
        (1..=most).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
    };
    if !fits(keeper, 60) || !fits(evidence, 200) {
        let shown: String = keeper.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(KEEPER.refuse(format!("代管机构 {shown:?}")).into());
    }
    may_stand_in_clear("代管机构", keeper)?;
    Ok(may_stand_in_clear("依据", evidence)?)
}

/// The lines that bring every dwelling to nought, and the list of what each had.
fn emptied(every: &[Dwelling], balances: &[(DwellingNo, i32, Money)]) -> (Vec<Line>, Vec<Carried>) {
    let housing: HashMap<DwellingNo, Housing> = every.iter().map(|d| (d.no, d.housing)).collect();
    let chart = Book::Fund.chart();
    let mut sums: BTreeMap<DwellingNo, FundBalance> = BTreeMap::new();
    let mut lines = Vec::new();
    for (dwelling, account, debit) in balances {
        match chart.account(*account).and_then(|a| a.bearing) {
            Some(Bearing::Principal) => sums.entry(*dwelling).or_default().principal -= *debit,
            Some(Bearing::Gains) => sums.entry(*dwelling).or_default().gains -= *debit,
            // What names a dwelling and bears no balance of it: a refund due.
            None => put(&mut lines, *account, *dwelling, *debit),
        }
    }
    let mut list = Vec::with_capacity(sums.len());
    for dwelling in every {
        let Some(had) = sums.get(&dwelling.no).filter(|had| **had != FundBalance::default()) else {
            continue;
        };
        let of = housing.get(&dwelling.no).copied().unwrap_or(Housing::Commodity);
        let [_, other, profit] = carriers(of);
        put(&mut lines, other, dwelling.no, -had.principal);
        put(&mut lines, profit, dwelling.no, -had.gains);
        list.push(Carried {
            dwelling_no: dwelling.no,
            room: dwelling.code.to_string(),
            principal_fen: had.principal,
            gains_fen: had.gains,
        });
    }
    (lines, list)
}

/// The lines that bring to nought what names no dwelling. Income not yet closed is taken where it closes to, so that the
/// month's close meets it there.
fn emptied_bare(bare: &[journal::Balance]) -> Vec<Line> {
    let chart = Book::Fund.chart();
    let mut sums: BTreeMap<(i32, Option<crate::id::MatterNo>), Money> = BTreeMap::new();
    for balance in bare {
        let Some(account) = chart.account(balance.account) else { continue };
        let to = account.month_closes_to.unwrap_or(account.code);
        *sums.entry((to, balance.matter)).or_default() += balance.debit_balance();
    }
    let line = |((account, matter), debit)| {
        let line = line(account, debit)?;
        Some(match matter {
            Some(matter) => line.about(matter),
            None => line,
        })
    };
    sums.into_iter().filter_map(line).collect()
}

async fn record(
    tx: &mut Tx,
    (is_away, keeper): (bool, &str),
    on: Day,
    evidence: &str,
    lines: Vec<Line>,
    list: Vec<Carried>,
) -> Result<Handed> {
    let digest = digest(&list);
    let memo = if is_away { format!("划转至 {}", keeper.trim()) } else { "划回".to_owned() };
    let voucher = post(tx, on, memo, evidence, lines.clone()).await?;
    let custody = NewCustody {
        is_away,
        keeper: keeper.trim(),
        taken_on: on,
        evidence: evidence.trim(),
        digest: &digest,
        voucher: voucher.seq,
    };
    let custody_no = property::record_custody(tx, &custody);
    Ok(summed(custody_no, voucher.to_string(), list, &lines, digest))
}

/// SHA-256 over the list's text: a line a dwelling, `room|principal|gains` in fen, in the order of the list.
#[must_use]
pub fn digest(list: &[Carried]) -> String {
    let mut told = String::new();
    for Carried { room, principal_fen, gains_fen, .. } in list {
        // Writing to a String cannot fail.
        let _ = writeln!(told, "{room}|{}|{}", principal_fen.in_fen(), gains_fen.in_fen());
    }
    text::hex(&text::hash(&told))
}

/// Takes the fund back: exactly what went, or what a list says.
///
/// # Errors
/// `life.keeper`, `life.not-handed-over`, `life.later-movement`, `life.nothing`, `property.no-dwelling`, those of
/// [`journal::post`].
pub async fn take_back(tx: &mut Tx, taking: &TakingBack) -> Result<Handed> {
    let (compound, today) = (tx.compound(), tx.at().day());
    named(&taking.keeper, &taking.evidence)?;
    let custodies = property::custodies(tx, compound).await?;
    let Some(away) = custodies.last().filter(|custody| custody.is_away) else {
        return Err(NOT_AWAY.refuse("维修资金就在本账簿").into());
    };
    if taking.on < away.taken_on {
        return Err(LATER.refuse(format!("划转在 {}，划回 {}", away.taken_on, taking.on)).into());
    }
    let every = property::every(tx, compound, today).await?;
    let (lines, list) = match &taking.list {
        None => mirrored(tx, away.voucher_seq, &every).await?,
        Some(rows) => {
            placement::leave(tx, taking.on).await?;
            listed(&every, rows, taking.undistributed)?
        }
    };
    record(tx, (false, &taking.keeper), taking.on, &taking.evidence, lines, list).await
}

/// The lines of a voucher on the other sides.
async fn mirrored(
    tx: &mut Tx,
    seq: VoucherSeq,
    every: &[Dwelling],
) -> Result<(Vec<Line>, Vec<Carried>)> {
    let turn = |line: &Line| Line { side: line.side.other(), ..*line };
    let lines: Vec<Line> = lines_of(tx, tx.compound(), seq).await?.iter().map(turn).collect();
    let list = list_of(&lines, every, false);
    Ok((lines, list))
}

async fn lines_of(
    view: &mut impl View,
    compound: CompoundId,
    seq: VoucherSeq,
) -> Result<Vec<Line>> {
    let before = VoucherSeq(seq.0 - 1);
    let found = journal::vouchers(view, compound, Book::Fund, before, 1).await?.pop();
    let bug = || Storage::Bug(format!("the custody of compound {compound} names no voucher {seq}"));
    Ok(found.ok_or_else(bug)?.voucher.lines)
}

/// What a voucher takes from each dwelling, or brings it, in the natural order of rooms.
fn list_of(lines: &[Line], every: &[Dwelling], is_away: bool) -> Vec<Carried> {
    let mut sums: BTreeMap<DwellingNo, FundBalance> = BTreeMap::new();
    for line in lines {
        let bearing = Book::Fund.chart().account(line.account).and_then(|a| a.bearing);
        let (Some(dwelling), Some(bearing)) = (line.dwelling, bearing) else { continue };
        let amount = if is_away { line.signed() } else { -line.signed() };
        let sum = sums.entry(dwelling).or_default();
        match bearing {
            Bearing::Principal => sum.principal += amount,
            Bearing::Gains => sum.gains += amount,
        }
    }
    let carried = |d: &Dwelling| {
        let had = sums.get(&d.no)?;
        let (room, dwelling_no) = (d.code.to_string(), d.no);
        Some(Carried { dwelling_no, room, principal_fen: had.principal, gains_fen: had.gains })
    };
    every.iter().filter_map(carried).collect()
}

/// A hand-over or a return by its number, with its list, as its voucher says.
///
/// # Errors
/// `life.no-custody`.
pub async fn handed(
    view: &mut impl View,
    compound: CompoundId,
    no: CustodyNo,
) -> Result<(property::Custody, Handed)> {
    let custodies = property::custodies(view, compound).await?;
    let found = custodies.into_iter().find(|custody| custody.custody_no == no);
    let custody = found.ok_or_else(|| NO_CUSTODY.refuse(format!("划转编号 {no}")))?;
    let every = property::every(view, compound, custody.taken_on).await?;
    let before = VoucherSeq(custody.voucher_seq.0 - 1);
    let row = journal::vouchers(view, compound, Book::Fund, before, 1).await?.pop();
    let bug = |what: &str| Storage::Bug(format!("custody {no} of compound {compound}: {what}"));
    let voucher = row.ok_or_else(|| bug("no voucher"))?.voucher;
    let list = list_of(&voucher.lines, &every, custody.is_away);
    if digest(&list) != custody.digest {
        return Err(bug("the list is not the one handed over").into());
    }
    let handed =
        summed(no, voucher.posted.to_string(), list, &voucher.lines, custody.digest.clone());
    Ok((custody, handed))
}

fn summed(
    custody_no: CustodyNo,
    voucher: String,
    list: Vec<Carried>,
    lines: &[Line],
    digest: String,
) -> Handed {
    let is_asset = |line: &&Line| {
        Book::Fund.chart().account(line.account).is_some_and(|a| a.element == Element::Asset)
    };
    let total_fen = lines.iter().filter(is_asset).map(Line::signed).sum::<Money>().abs();
    let principal_fen: Money = list.iter().map(|carried| carried.principal_fen).sum();
    let gains_fen: Money = list.iter().map(|carried| carried.gains_fen).sum();
    let others_fen = total_fen - principal_fen - gains_fen;
    Handed { custody_no, voucher, list, principal_fen, gains_fen, others_fen, total_fen, digest }
}

/// The lines of a list that comes back: all of it to the bank.
fn listed(
    every: &[Dwelling],
    rows: &[Returned],
    undistributed: Money,
) -> Result<(Vec<Line>, Vec<Carried>)> {
    let mut wanted: HashMap<String, &Returned> = HashMap::with_capacity(rows.len());
    for row in rows {
        let code = RoomCode::parse(&row.room).map(|code| code.to_string()).unwrap_or_default();
        if !every.iter().any(|dwelling| dwelling.code.to_string() == code) {
            return Err(property::NO_DWELLING.refuse(format!("房号 {:?}", row.room)).into());
        }
        let is_twice = wanted.insert(code.clone(), row).is_some();
        if row.principal.is_negative() || row.gains.is_negative() || is_twice {
            return Err(NOTHING.refuse(format!("清册 {code}")).into());
        }
    }
    let mut lines = Vec::new();
    for dwelling in every {
        let Some(row) = wanted.get(&dwelling.code.to_string()) else { continue };
        let [_, other, profit] = carriers(dwelling.housing);
        put(&mut lines, other, dwelling.no, row.principal);
        put(&mut lines, profit, dwelling.no, row.gains);
    }
    let list = list_of(&lines, every, false);
    let of_rows: Money = rows.iter().map(|row| row.principal + row.gains).sum();
    let total = of_rows + undistributed;
    if !total.is_positive() || undistributed.is_negative() {
        return Err(NOTHING.refuse(format!("合计 {} 元", total.grouped())).into());
    }
    lines.extend(line(310_101, undistributed));
    lines.push(Line::debit(1001, total));
    Ok((lines, list))
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    #[test]
    fn the_digest_of_a_list_is_of_every_figure_in_it() {
        let one = Carried {
            dwelling_no: DwellingNo(1),
            room: "1-1-101".to_owned(),
            principal_fen: Money::fen(5),
            gains_fen: Money::fen(6),
        };
        let other = Carried { gains_fen: Money::fen(7), ..one.clone() };
        assert_ne!(digest(from_ref(&one)), digest(&[other]));
        assert_ne!(digest(from_ref(&one)), digest(&[one.clone(), one.clone()]));
    }
}
