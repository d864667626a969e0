//! The tables of public revenue, and what is read of them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::reckon::{Move, Sort};
use super::{Income, Terms};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, View};
use crate::calendar::{Day, Month};
use crate::error::{Result, Storage};
use crate::id::{
    CompoundId, MotionNo, PledgeNo, RevenueLeaseNo, RevenueTermsNo, RoundNo, VoucherSeq,
};
use crate::journal::Book;
use crate::money::Money;

macro_rules! tables {
    ($($name:ident $table:literal $rank:literal [$($column:literal $kind:ident),* $(,)?];)*) => {$(
        pub(super) static $name: Table = Table {
            name: $table,
            rank: $rank,
            columns: &[("compound_id", Column::Int), $(($column, Column::$kind),)*],
            on_conflict: "",
        };
    )*};
}

tables! {
    TERMS "revenue_terms" 5 ["terms_no" Int, "from_on" Day, "operator" Text, "taxpayer" Text, "has_assembly" Small,
        "operator_bp" Int, "fund_bp" Int, "account" Text, "document" Text, "pack" Text, "act_no" Int];
    LEASE "revenue_lease" 5 ["lease_no" Int, "income" Text, "scope" Text, "part" Text, "lessee" Text, "document" Text,
        "signed_on" Day, "from_on" Day, "until_on" Day, "round_no" Int, "motion_no" Int, "digest" Text, "act_no" Int];
    DUE "revenue_due" 6 ["lease_no" Int, "due_no" Int, "from_on" Day, "until_on" Day, "due_on" Day, "amount_fen" Big];
    LEASE_END "revenue_lease_end" 6 ["lease_no" Int, "ended_on" Day, "reason" Text, "act_no" Int];
    PLEDGE "revenue_pledge" 5 ["pledge_no" Int, "matter_no" Int, "scope" Text, "amount_fen" Big, "from_on" Day,
        "until_on" Day, "round_no" Int, "motion_no" Int, "digest" Text, "evidence" Text, "act_no" Int];
    ENTRY "revenue_entry" 8 ["entry_no" Int, "sort" Text, "what" Text, "scope" Text, "lease_no" SomeInt, "purse" Text,
        "amount_fen" Big, "tax_fen" Big, "entered_on" Day, "through" Int, "party" Text, "evidence" Text, "line_no" SomeInt,
        "project_no" SomeInt, "pledge_no" SomeInt, "round_no" SomeInt, "motion_no" SomeInt, "pack" Text,
        "voucher_seq" Int, "act_no" Int];
    SHARE "revenue_share" 9 ["entry_no" Int, "dwelling_no" Int, "area_centi_m2" Big, "amount_fen" Big];
    PUBLICATION "revenue_publication" 5 ["publication_no" Int, "covers" Text, "through" Int, "posted_on" Day,
        "due_on" SomeDay, "place" Text, "evidence" Text, "corrects_no" SomeInt, "sheet" Text, "digest" Text, "pack" Text,
        "act_no" Int];
    TAKE_DOWN "revenue_take_down" 6 ["publication_no" Int, "until_on" Day, "reason" Text, "act_no" Int];
    HANDOVER "revenue_handover" 5 ["handover_no" Int, "ended_on" Day, "handed_on" Day, "due_on" SomeDay,
        "from_whom" Text, "to_whom" Text, "evidence" Text, "list" Text, "digest" Text, "act_no" Int];
}

/// What was agreed.
pub(super) const AGREED: Reads = Reads(&[&TERMS]);
/// What is let.
pub(super) const LEASES: Reads = Reads(&[&LEASE, &DUE, &LEASE_END]);
/// What moved.
pub(super) const ENTRIES: Reads = Reads(&[&ENTRY, &SHARE, &PLEDGE]);
/// What was published and handed over.
pub(super) const PAPERS: Reads = Reads(&[&PUBLICATION, &TAKE_DOWN, &HANDOVER]);

/// A word as its column keeps it.
pub(super) fn word(of: impl Serialize) -> Result<String> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a word is not JSON: {e}"));
    let told = serde_json::to_value(of).map_err(bug)?;
    let word = told.as_str().ok_or_else(|| Storage::Bug(format!("{told} is no word")))?;
    Ok(word.to_owned())
}

/// The word of a column.
pub(super) fn of_word<T: DeserializeOwned>(word: String) -> Result<T> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a stored word is unknown: {e}"));
    Ok(serde_json::from_value(word.into()).map_err(bug)?)
}

/// A structure as its column keeps it.
pub(super) fn kept(of: &impl Serialize) -> Result<String> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a structure is not JSON: {e}"));
    Ok(serde_json::to_string(of).map_err(bug)?)
}

/// The structure of a column.
pub(super) fn of_kept<T: DeserializeOwned>(text: &str) -> Result<T> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a stored structure is none: {e}"));
    Ok(serde_json::from_str(text).map_err(bug)?)
}

pub(super) async fn terms(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<Vec<(RevenueTermsNo, Terms)>> {
    let sql = "SELECT terms_no, from_on, operator, taxpayer, has_assembly, operator_bp, fund_bp, account, document
               FROM revenue_terms WHERE compound_id = $1 ORDER BY from_on, terms_no";
    let mut found = Vec::new();
    for row in view.rows(AGREED, sql, vec![compound.0.into()]).await? {
        let bp = |column| -> Result<u16> {
            let stored: i32 = row.try_get("", column)?;
            Ok(u16::try_from(stored).map_err(|_| Storage::Bug(format!("{column} {stored}")))?)
        };
        let has_assembly: i16 = row.try_get("", "has_assembly")?;
        let terms = Terms {
            from_on: row.try_get("", "from_on")?,
            operator: row.try_get("", "operator")?,
            taxpayer: of_word(row.try_get("", "taxpayer")?)?,
            has_assembly: has_assembly == 1,
            operator_bp: bp("operator_bp")?,
            fund_bp: bp("fund_bp")?,
            account: row.try_get("", "account")?,
            document: row.try_get("", "document")?,
        };
        found.push((RevenueTermsNo(row.try_get("", "terms_no")?), terms));
    }
    Ok(found)
}

/// The last day that was handed over.
pub(super) async fn handed_to(view: &mut impl View, compound: CompoundId) -> Result<Option<Day>> {
    let sql = "SELECT ended_on FROM revenue_handover WHERE compound_id = $1 ORDER BY ended_on DESC LIMIT 1";
    let found = view.rows(PAPERS, sql, vec![compound.0.into()]).await?;
    Ok(found.first().map(|row| row.try_get("", "ended_on")).transpose()?)
}

/// Every entry and every reversal of one, by day.
pub(super) async fn moves(view: &mut impl View, compound: CompoundId) -> Result<Vec<Move>> {
    let sql = "SELECT e.voucher_seq, e.sort, e.what, e.scope, COALESCE(e.lease_no, 0) AS lease_no, v.effective_on,
                 e.amount_fen * (CASE WHEN v.seq = e.voucher_seq THEN 1 ELSE -1 END) AS amount_fen,
                 e.tax_fen * (CASE WHEN v.seq = e.voucher_seq THEN 1 ELSE -1 END) AS tax_fen,
                 e.through, COALESCE(e.round_no, 0) AS round_no, COALESCE(e.motion_no, 0) AS motion_no,
                 COALESCE(e.pledge_no, 0) AS pledge_no, v.seq AS seq
               FROM revenue_entry e
               JOIN voucher v ON v.compound_id = e.compound_id AND v.book = $2
                 AND (v.seq = e.voucher_seq OR v.reverses_seq = e.voucher_seq)
               WHERE e.compound_id = $1
               ORDER BY effective_on, seq";
    let values = vec![compound.0.into(), Book::Revenue.number().into()];
    let mut found = Vec::new();
    for row in view.rows(ENTRIES, sql, values).await? {
        let number = |column| -> Result<Option<i32>> {
            let stored: i32 = row.try_get("", column)?;
            Ok((stored > 0).then_some(stored))
        };
        let sort: String = row.try_get("", "sort")?;
        let (round, motion) = (number("round_no")?, number("motion_no")?);
        found.push(Move {
            voucher: VoucherSeq(row.try_get("", "voucher_seq")?),
            sort: Sort::named(&sort).ok_or_else(|| Storage::Bug(format!("sort {sort}")))?,
            what: row.try_get("", "what")?,
            scope: row.try_get("", "scope")?,
            lease: number("lease_no")?.map(RevenueLeaseNo),
            on: row.try_get("", "effective_on")?,
            amount: Money::fen(row.try_get("", "amount_fen")?),
            tax: Money::fen(row.try_get("", "tax_fen")?),
            through: number("through")?.and_then(Month::from_number),
            by: round.zip(motion).map(|(round, motion)| (RoundNo(round), MotionNo(motion))),
            pledge: number("pledge_no")?.map(PledgeNo),
        });
    }
    Ok(found)
}

/// The income of a column.
pub(super) fn income(name: &str) -> Result<Income> {
    Ok(Income::named(name).ok_or_else(|| Storage::Bug(format!("income {name}")))?)
}
