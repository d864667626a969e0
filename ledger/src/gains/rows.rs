//! The rows of settlements, runs and their parts.

use super::interest::Span;
use super::{Basis, Explained, Share, Worked};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::{Day, Instant};
use crate::error::{Result, Storage};
use crate::id::{CompoundId, DwellingNo, RunNo, SettlementNo, VoucherSeq};
use crate::journal::Book;
use crate::money::Money;

pub(super) static RUN: Table = Table {
    name: "gain_run",
    rank: 0,
    columns: &[
        ("run_no", Column::Int),
        ("year", Column::Small),
        ("quarter", Column::Small),
        ("only_code", Column::Text),
        ("through_compound", Column::Int),
        ("expected", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static MANIFEST: Table = Table {
    name: "gain_manifest",
    rank: 1,
    columns: &[
        ("run_no", Column::Int),
        ("posted", Column::Int),
        ("earlier", Column::Int),
        ("skipped", Column::Int),
        ("households", Column::Big),
        ("sum_fen", Column::Big),
        ("left_fen", Column::Big),
        ("digest", Column::Bytes),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static SETTLEMENT: Table = Table {
    name: "gain_settlement",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("settlement_no", Column::Int),
        ("kind", Column::Text),
        ("from_on", Column::Day),
        ("settle_on", Column::Day),
        ("again_no", Column::Int),
        ("run_no", Column::SomeInt),
        ("basis", Column::Text),
        ("pack", Column::Text),
        ("households", Column::Int),
        ("sum_fen", Column::Big),
        ("left_fen", Column::Big),
        ("first_seq", Column::Int),
        ("last_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static SHARE: Table = Table {
    name: "gain_share",
    rank: 9,
    columns: &[
        ("compound_id", Column::Int),
        ("settlement_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("account", Column::Int),
        ("amount_fen", Column::Big),
        ("worked", Column::Text),
    ],
    on_conflict: "",
};

pub(super) static PART: Table = Table {
    name: "gain_part",
    rank: 10,
    columns: &[
        ("compound_id", Column::Int),
        ("run_no", Column::Int),
        ("outcome", Column::Text),
        ("settlement_no", Column::SomeInt),
        ("code", Column::Text),
        ("reason", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) const RUNS: Reads = Reads(&[&RUN, &MANIFEST, &PART, &SETTLEMENT]);
const SHARES: Reads = Reads(&[&SETTLEMENT, &SHARE]);

/// A settlement's row.
pub(super) struct NewSettlement<'a> {
    pub(super) no: SettlementNo,
    pub(super) kind: &'static str,
    pub(super) span: Span,
    pub(super) again_no: i32,
    pub(super) run: Option<RunNo>,
    pub(super) basis: &'a str,
    pub(super) pack: &'a str,
    pub(super) households: i32,
    pub(super) sum: Money,
    pub(super) left: Money,
    pub(super) first_seq: VoucherSeq,
    pub(super) last_seq: VoucherSeq,
}

pub(super) fn put_settlement(tx: &mut Tx, new: &NewSettlement<'_>) {
    let row = [
        tx.compound().0.into(),
        new.no.0.into(),
        new.kind.into(),
        new.span.from_on.into(),
        new.span.settle_on.into(),
        new.again_no.into(),
        new.run.map(|run| run.0).into(),
        new.basis.into(),
        new.pack.into(),
        new.households.into(),
        new.sum.in_fen().into(),
        new.left.in_fen().into(),
        new.first_seq.0.into(),
        new.last_seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&SETTLEMENT, &row);
}

pub(super) fn put_share(tx: &mut Tx, no: SettlementNo, share: &Share) {
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        share.dwelling.0.into(),
        share.account.into(),
        share.amount.in_fen().into(),
        (&share.worked).into(),
    ];
    tx.put(&SHARE, &row);
}

/// An interest settlement of a compound for a day, and whether its voucher was reversed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) no: SettlementNo,
    pub(super) settle_on: Day,
    pub(super) again_no: i32,
    pub(super) is_reversed: bool,
}

const REVERSED: &str =
    "EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = s.compound_id AND v.book = 1
                                  AND v.reverses_seq = s.first_seq)";

/// The interest settlements of a compound for a day and later ones, by day and number.
pub(super) async fn settled_since(
    view: &mut impl View,
    compound: CompoundId,
    day: Day,
) -> Result<Vec<Standing>> {
    debug_assert_eq!(Book::Fund.number(), 1, "the fund's number stands in REVERSED");
    let sql = format!(
        "SELECT s.settlement_no, s.settle_on, s.again_no, CASE WHEN {REVERSED} THEN 1 ELSE 0 END AS reversed
         FROM gain_settlement s WHERE s.compound_id = $1 AND s.kind = 'interest' AND s.settle_on >= $2
         ORDER BY s.settle_on, s.again_no"
    );
    let mut standings = Vec::new();
    for row in view.rows(RUNS, &sql, vec![compound.0.into(), day.into()]).await? {
        standings.push(Standing {
            no: SettlementNo(row.try_get("", "settlement_no")?),
            settle_on: row.try_get("", "settle_on")?,
            again_no: row.try_get("", "again_no")?,
            is_reversed: row.try_get::<i32>("", "reversed")? != 0,
        });
    }
    Ok(standings)
}

/// A dwelling's shares, the earliest first.
pub(super) async fn shares_of(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
) -> Result<Vec<Explained>> {
    let sql = format!(
        "SELECT s.settlement_no, s.kind, s.from_on, s.settle_on, s.basis, s.pack, s.first_seq, h.account,
           h.amount_fen, h.worked, a.recorded_at, CASE WHEN {REVERSED} THEN 1 ELSE 0 END AS reversed
         FROM gain_settlement s
         JOIN gain_share h ON h.compound_id = s.compound_id AND h.settlement_no = s.settlement_no
         JOIN act a ON a.compound_id = s.compound_id AND a.act_no = s.act_no
         WHERE s.compound_id = $1 AND h.dwelling_no = $2
         ORDER BY s.settle_on, s.settlement_no, h.account"
    );
    let bug = |what: &str| Storage::Bug(format!("a settlement's {what} cannot be read"));
    let mut shares = Vec::new();
    for row in view.rows(SHARES, &sql, vec![compound.0.into(), dwelling.0.into()]).await? {
        let (kind, basis): (String, String) = (row.try_get("", "kind")?, row.try_get("", "basis")?);
        let worked: String = row.try_get("", "worked")?;
        let basis: Basis = serde_json::from_str(&basis).map_err(|_| bug("basis"))?;
        shares.push(Explained {
            settlement_no: SettlementNo(row.try_get("", "settlement_no")?),
            is_interest: kind == "interest",
            from_on: row.try_get("", "from_on")?,
            settle_on: row.try_get("", "settle_on")?,
            recorded_at: Instant::from_seconds(row.try_get("", "recorded_at")?),
            account: row.try_get("", "account")?,
            amount: Money::fen(row.try_get("", "amount_fen")?),
            worked: Worked::read(&worked).ok_or_else(|| bug("reckoning"))?,
            basis,
            pack: row.try_get("", "pack")?,
            first_seq: VoucherSeq(row.try_get("", "first_seq")?),
            is_reversed: row.try_get::<i32>("", "reversed")? != 0,
        });
    }
    Ok(shares)
}

/// How many shares a page holds.
const PAGE: usize = 10_000;

/// Reckons every share again; answers how many, and tells of those that do not come out.
pub(super) async fn reckon_again(
    view: &mut impl View,
    only: Option<CompoundId>,
    mut broken: impl FnMut(String),
) -> Result<u64> {
    let (first, last) = only.map_or((1, i32::MAX), |compound| (compound.0, compound.0));
    let settlements = "SELECT compound_id, settlement_no, basis FROM gain_settlement
                       WHERE (compound_id, settlement_no) > ($1, $2) AND compound_id <= $3
                       ORDER BY compound_id, settlement_no LIMIT 200";
    let shares = format!(
        "SELECT dwelling_no, account, amount_fen, worked FROM gain_share
         WHERE compound_id = $1 AND settlement_no = $2 AND (dwelling_no, account) > ($3, $4)
         ORDER BY dwelling_no, account LIMIT {PAGE}"
    );
    let (mut checked, mut at) = (0, (first, 0));
    loop {
        let values = vec![at.0.into(), at.1.into(), last.into()];
        let page = view.rows(SHARES, settlements, values).await?;
        if page.is_empty() {
            return Ok(checked);
        }
        for row in page {
            at = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let basis: String = row.try_get_by_index(2)?;
            let basis: Option<Basis> = serde_json::from_str(&basis).ok();
            let mut after = (0_i32, 0_i32);
            loop {
                let values = vec![at.0.into(), at.1.into(), after.0.into(), after.1.into()];
                let found = view.rows(SHARES, &shares, values).await?;
                for row in &found {
                    after = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                    let amount = Money::fen(row.try_get_by_index(2)?);
                    let worked: String = row.try_get_by_index(3)?;
                    let worked = Worked::read(&worked);
                    let again = worked.zip(basis.as_ref()).and_then(|(w, b)| w.again(after.1, b));
                    checked += 1;
                    if !again.is_some_and(|(least, most)| (least..=most).contains(&amount)) {
                        broken(format!("小区 {} 分配 {} 房屋 {}", at.0, at.1, after.0));
                    }
                }
                if found.len() < PAGE {
                    break;
                }
            }
        }
    }
}
