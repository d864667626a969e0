//! A book by accounting periods: what was frozen at a close, and what flowed in a year, with what kind of voucher.
//!
//! Always: by the period a voucher was numbered in, not by its day, because a closed period never changes and its
//! statement must come out the same for ever. A reversal counts as the kind of what it reverses.

use std::collections::BTreeMap;

use super::chart::{Book, Element};
use super::rows::{self, VOUCHERS};
use super::voucher::Kind;
use crate::books::View;
use crate::calendar::{Day, Month};
use crate::error::{Result, Storage};
use crate::id::{CompoundId, DwellingNo, MatterNo, VoucherSeq};
use crate::money::Money;

/// What flowed on an account in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The account.
    pub account: i32,
    /// The period.
    pub month: Month,
    /// The kind of voucher; of a reversal, that of what it reverses.
    pub kind: Kind,
    /// Whether the voucher names a net-asset account beside others.
    pub touches_net_assets: bool,
    /// Whether it is of an earlier year: a late fact of one, or the reversal of one's voucher.
    pub is_of_earlier_year: bool,
    /// Debits less credits.
    pub debit: Money,
}

/// Whether a voucher `v`, or what it reverses (`o`), is of before a year that begins with month `$3` and day `$5`.
const EARLIER: &str = "CASE WHEN v.effective_on < $5 OR o.period < $3 THEN 1 ELSE 0 END";

/// The flows of a book in the periods from one to another, closing entries included.
///
/// # Errors
/// Storage.
pub async fn flows(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    first: Month,
    last: Month,
) -> Result<Vec<Flow>> {
    let accounts = &book.chart().accounts;
    let net: Vec<i32> =
        accounts.iter().filter(|a| a.element == Element::NetAsset).map(|a| a.code).collect();
    let (list, net) = view.list_of(&net, 6);
    let sql = format!(
        "SELECT p.account, v.period, COALESCE(o.kind, v.kind) AS of_kind,
           CASE WHEN d.seq IS NULL THEN 0 ELSE 1 END AS touches, {EARLIER} AS is_earlier,
           CAST(sum(p.side * p.amount_fen) AS BIGINT) AS fen
         FROM voucher v
         JOIN posting p ON p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
         LEFT JOIN voucher o ON o.compound_id = v.compound_id AND o.book = v.book AND o.seq = v.reverses_seq
         LEFT JOIN (SELECT DISTINCT q.seq FROM posting q JOIN voucher w
                      ON w.compound_id = q.compound_id AND w.book = q.book AND w.seq = q.seq
                    WHERE q.compound_id = $1 AND q.book = $2 AND w.period BETWEEN $3 AND $4 AND q.account {list}) d
           ON d.seq = v.seq
         WHERE v.compound_id = $1 AND v.book = $2 AND v.period BETWEEN $3 AND $4
         GROUP BY p.account, v.period, COALESCE(o.kind, v.kind), CASE WHEN d.seq IS NULL THEN 0 ELSE 1 END, {EARLIER}
         ORDER BY p.account, v.period, of_kind, touches, is_earlier"
    );
    let values = vec![
        compound.0.into(),
        book.number().into(),
        first.number().into(),
        last.number().into(),
        first.first_day().into(),
        net,
    ];
    let mut flows = Vec::new();
    for row in view.rows(VOUCHERS, &sql, values).await? {
        flows.push(Flow {
            account: row.try_get("", "account")?,
            month: month_of(&row)?,
            kind: kind_of(&row)?,
            touches_net_assets: row.try_get::<i32>("", "touches")? == 1,
            is_of_earlier_year: row.try_get::<i32>("", "is_earlier")? == 1,
            debit: Money::fen(row.try_get("", "fen")?),
        });
    }
    Ok(flows)
}

fn month_of(row: &sea_orm::QueryResult) -> Result<Month> {
    let period: i32 = row.try_get("", "period")?;
    let bug = || Storage::Bug(format!("a voucher's period is {period}"));
    Ok(Month::from_number(period).ok_or_else(bug)?)
}

fn kind_of(row: &sea_orm::QueryResult) -> Result<Kind> {
    let kind: String = row.try_get("", "of_kind")?;
    let bug = || Storage::Bug(format!("a voucher's kind is {kind}"));
    Ok(Kind::named(&kind).ok_or_else(bug)?)
}

/// The debit balance of every account as it was frozen at a close: the latest of each key at or before the month.
///
/// # Errors
/// Storage.
pub async fn frozen(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    month: Month,
) -> Result<BTreeMap<i32, Money>> {
    let sql = "SELECT b.account, CAST(sum(b.debit_fen - b.credit_fen) AS BIGINT) AS fen FROM period_balance b
               WHERE b.compound_id = $1 AND b.book = $2 AND b.period =
                 (SELECT max(x.period) FROM period_balance x
                  WHERE x.compound_id = $1 AND x.book = $2 AND x.dwelling_no = b.dwelling_no
                    AND x.account = b.account AND x.matter_no = b.matter_no AND x.period <= $3)
               GROUP BY b.account";
    sums(view, sql, vec![compound.0.into(), book.number().into(), month.number().into()]).await
}

/// The debit balance of every account at the end of a period, from the postings.
///
/// # Errors
/// Storage.
pub async fn stock(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    month: Month,
) -> Result<BTreeMap<i32, Money>> {
    let sql = "SELECT p.account, CAST(sum(p.side * p.amount_fen) AS BIGINT) AS fen
               FROM posting p JOIN voucher v
                 ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               WHERE p.compound_id = $1 AND p.book = $2 AND v.period <= $3 GROUP BY p.account";
    sums(view, sql, vec![compound.0.into(), book.number().into(), month.number().into()]).await
}

async fn sums(
    view: &mut impl View,
    sql: &str,
    values: Vec<sea_orm::Value>,
) -> Result<BTreeMap<i32, Money>> {
    let mut sums = BTreeMap::new();
    for row in view.rows(VOUCHERS, sql, values).await? {
        sums.insert(row.try_get("", "account")?, Money::fen(row.try_get("", "fen")?));
    }
    Ok(sums)
}

/// What flowed on an account of a dwelling, before a year and in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DwellingFlow {
    /// The dwelling; none where a line names a matter only, or nothing (a closing entry).
    pub dwelling: Option<DwellingNo>,
    /// The account.
    pub account: i32,
    /// The kind of voucher; of a reversal, that of what it reverses.
    pub kind: Kind,
    /// Whether it was before the year.
    pub is_before: bool,
    /// Whether it is in the year and of an earlier one: a late fact of one, or the reversal of one's voucher.
    pub is_of_earlier_year: bool,
    /// Debits less credits.
    pub debit: Money,
}

/// The flows of a book by dwelling up to a month, those before its year apart from those in it.
///
/// # Errors
/// Storage.
pub async fn dwelling_flows(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    first: Month,
    last: Month,
) -> Result<Vec<DwellingFlow>> {
    let sql = format!(
        "SELECT p.dwelling_no, p.account, COALESCE(o.kind, v.kind) AS of_kind,
           CASE WHEN v.period < $3 THEN 1 ELSE 0 END AS is_before, {EARLIER} AS is_earlier,
           CAST(sum(p.side * p.amount_fen) AS BIGINT) AS fen
         FROM voucher v
         JOIN posting p ON p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
         LEFT JOIN voucher o ON o.compound_id = v.compound_id AND o.book = v.book AND o.seq = v.reverses_seq
         WHERE v.compound_id = $1 AND v.book = $2 AND v.period <= $4
         GROUP BY p.dwelling_no, p.account, COALESCE(o.kind, v.kind), CASE WHEN v.period < $3 THEN 1 ELSE 0 END, {EARLIER}
         ORDER BY p.dwelling_no, p.account, of_kind, is_before, is_earlier"
    );
    let values = vec![
        compound.0.into(),
        book.number().into(),
        first.number().into(),
        last.number().into(),
        first.first_day().into(),
    ];
    let mut flows = Vec::new();
    for row in view.rows(VOUCHERS, &sql, values).await? {
        let dwelling: i32 = row.try_get("", "dwelling_no")?;
        flows.push(DwellingFlow {
            dwelling: (dwelling > 0).then_some(DwellingNo(dwelling)),
            account: row.try_get("", "account")?,
            kind: kind_of(&row)?,
            is_before: row.try_get::<i32>("", "is_before")? == 1,
            is_of_earlier_year: row.try_get::<i32>("", "is_earlier")? == 1,
            debit: Money::fen(row.try_get("", "fen")?),
        });
    }
    Ok(flows)
}

/// A line of a voucher, with what names the voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindLine {
    /// The voucher's place.
    pub seq: VoucherSeq,
    /// Its name on paper.
    pub voucher: String,
    /// Its day.
    pub on: Day,
    /// What happened.
    pub memo: String,
    /// The account.
    pub account: i32,
    /// Whose it is.
    pub dwelling: Option<DwellingNo>,
    /// What it is for.
    pub matter: Option<MatterNo>,
    /// What the matter is called, empty without one.
    pub matter_name: String,
    /// Debits less credits.
    pub debit: Money,
}

/// Every line on some accounts, and those on others in the vouchers of a kind and their reversals, in the periods from one to
/// another, in order; what is of an earlier year left out.
///
/// # Errors
/// Storage.
pub async fn lines_spent(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    (first, last): (Month, Month),
    accounts: &[i32],
    (kind, of_kind): (Kind, &[i32]),
) -> Result<Vec<KindLine>> {
    let (list, accounts) = view.list_of(accounts, 6);
    let (of_list, of_kind) = view.list_of(of_kind, 7);
    let sql = format!(
        "SELECT v.seq, v.year, v.number, v.effective_on, v.memo, p.account, p.dwelling_no, p.matter_no,
           COALESCE(m.name, '') AS matter_name, p.side * p.amount_fen AS fen
         FROM voucher v
         JOIN posting p ON p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
         LEFT JOIN voucher o ON o.compound_id = v.compound_id AND o.book = v.book AND o.seq = v.reverses_seq
         LEFT JOIN matter m ON m.compound_id = p.compound_id AND m.matter_no = p.matter_no
         WHERE v.compound_id = $1 AND v.book = $2 AND v.period BETWEEN $3 AND $4 AND v.kind <> 'closing'
           AND (p.account {list} OR (COALESCE(o.kind, v.kind) = $8 AND p.account {of_list}))
           AND {EARLIER} = 0
         ORDER BY v.seq, p.line"
    );
    let values = vec![
        compound.0.into(),
        book.number().into(),
        first.number().into(),
        last.number().into(),
        first.first_day().into(),
        accounts,
        of_kind,
        kind.name().into(),
    ];
    let mut lines = Vec::new();
    for row in view.rows(VOUCHERS, &sql, values).await? {
        let (year, number): (i16, i32) = (row.try_get("", "year")?, row.try_get("", "number")?);
        let (dwelling, matter): (i32, i32) =
            (row.try_get("", "dwelling_no")?, row.try_get("", "matter_no")?);
        lines.push(KindLine {
            seq: VoucherSeq(row.try_get("", "seq")?),
            voucher: format!("{book}/{year}-{number:04}"),
            on: rows::day_of(&row, "effective_on")?,
            memo: row.try_get("", "memo")?,
            account: row.try_get("", "account")?,
            dwelling: (dwelling > 0).then_some(DwellingNo(dwelling)),
            matter: (matter > 0).then_some(MatterNo(matter)),
            matter_name: row.try_get("", "matter_name")?,
            debit: Money::fen(row.try_get("", "fen")?),
        });
    }
    Ok(lines)
}

/// What a voucher moved on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The voucher's place.
    pub seq: VoucherSeq,
    /// Its name on paper.
    pub voucher: String,
    /// Its day.
    pub on: Day,
    /// What happened.
    pub memo: String,
    /// The kind of event.
    pub kind: Kind,
    /// What it reverses.
    pub reverses: Option<VoucherSeq>,
    /// The account.
    pub account: i32,
    /// Debits less credits.
    pub debit: Money,
}

/// Whose lines are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    Anybody,
    /// Those that name no dwelling.
    Nobody,
}

/// What each voucher moved on some accounts up to a day, by day.
///
/// # Errors
/// Storage.
pub async fn moved_on(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    (accounts, whose): (&[i32], Whose),
    until: Day,
) -> Result<Vec<Moved>> {
    let only = if whose == Whose::Nobody { "AND p.dwelling_no = 0" } else { "" };
    let (list, accounts) = view.list_of(accounts, 4);
    let sql = format!(
        "SELECT v.seq, v.year, v.number, v.effective_on, v.memo, v.kind AS of_kind, v.reverses_seq, p.account,
           CAST(sum(p.side * p.amount_fen) AS BIGINT) AS fen
         FROM posting p JOIN voucher v
           ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
         WHERE p.compound_id = $1 AND p.book = $2 AND p.effective_on <= $3 AND p.account {list} {only}
         GROUP BY v.seq, v.year, v.number, v.effective_on, v.memo, v.kind, v.reverses_seq, p.account
         ORDER BY v.effective_on, v.seq, p.account"
    );
    let values = vec![compound.0.into(), book.number().into(), until.into(), accounts];
    let mut moved = Vec::new();
    for row in view.rows(VOUCHERS, &sql, values).await? {
        let (year, number): (i16, i32) = (row.try_get("", "year")?, row.try_get("", "number")?);
        moved.push(Moved {
            seq: VoucherSeq(row.try_get("", "seq")?),
            voucher: format!("{book}/{year}-{number:04}"),
            on: rows::day_of(&row, "effective_on")?,
            memo: row.try_get("", "memo")?,
            kind: kind_of(&row)?,
            reverses: row.try_get::<Option<i32>>("", "reverses_seq")?.map(VoucherSeq),
            account: row.try_get("", "account")?,
            debit: Money::fen(row.try_get("", "fen")?),
        });
    }
    Ok(moved)
}
