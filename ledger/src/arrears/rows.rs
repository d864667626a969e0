//! The rows of claims.

use super::claim::{Claim, ClaimKind, ClaimedBill};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Result, Storage};
use crate::id::{CompoundId, DemandNo, DwellingNo, MatterNo};
use crate::money::Money;

static CLAIM: Table = Table {
    name: "arrears_claim",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("claim_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("kind", Column::Text),
        ("stage", Column::Small),
        ("made_on", Column::Day),
        ("made_time", Column::Text),
        ("pay_by", Column::Day),
        ("sum_fen", Column::Big),
        ("channel", Column::Text),
        ("reason", Column::Text),
        ("remark", Column::Text),
        ("evidence", Column::Text),
        ("last_paid_on", Column::SomeDay),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static BILL: Table = Table {
    name: "arrears_claim_bill",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("claim_no", Column::Int),
        ("matter_no", Column::Int),
        ("billed_fen", Column::Big),
        ("reduced_fen", Column::Big),
        ("open_fen", Column::Big),
        ("runs_out_on", Column::Day),
        ("debt_runs_out_on", Column::Day),
    ],
    on_conflict: "",
};

static INSTALMENT: Table = Table {
    name: "arrears_instalment",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("claim_no", Column::Int),
        ("due_on", Column::Day),
        ("amount_fen", Column::Big),
    ],
    on_conflict: "",
};

static PROOF: Table = Table {
    name: "arrears_proof",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("claim_no", Column::Int),
        ("delivered_on", Column::Day),
        ("evidence", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const CLAIMS: Reads = Reads(&[&CLAIM, &BILL, &INSTALMENT, &PROOF]);

/// Keeps a claim with its bills and instalments; its number is given here.
pub(super) async fn keep(tx: &mut Tx, claim: &mut Claim) -> Result<DemandNo> {
    let no = DemandNo(tx.next_no("arrears-claim"));
    claim.claim_no = no;
    let (compound, act) = (tx.compound().0, tx.act().0);
    let row = [
        compound.into(),
        no.0.into(),
        claim.dwelling_no.0.into(),
        claim.kind.name().into(),
        i32::from(claim.stage).into(),
        claim.made_on.into(),
        (&claim.made_time).into(),
        claim.pay_by.into(),
        claim.sum_fen.in_fen().into(),
        (&claim.channel).into(),
        (&claim.reason).into(),
        (&claim.remark).into(),
        (&claim.evidence).into(),
        claim.last_paid_on.into(),
        act.into(),
    ];
    tx.put(&CLAIM, &row);
    for bill in &claim.bills {
        let row = [
            compound.into(),
            no.0.into(),
            bill.bill_no.0.into(),
            bill.billed_fen.in_fen().into(),
            bill.reduced_fen.in_fen().into(),
            bill.open_fen.in_fen().into(),
            bill.runs_out_on.into(),
            bill.debt_runs_out_on.into(),
        ];
        tx.put(&BILL, &row);
    }
    for (due_on, amount) in &claim.instalments {
        let row = [compound.into(), no.0.into(), (*due_on).into(), amount.in_fen().into()];
        tx.put(&INSTALMENT, &row);
    }
    tx.put_is_due().await?;
    Ok(no)
}

pub(super) fn keep_proof(tx: &mut Tx, no: DemandNo, delivered_on: Day, evidence: &str) {
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        delivered_on.into(),
        evidence.into(),
        tx.act().0.into(),
    ];
    tx.put(&PROOF, &row);
}

/// Every claim of a compound, or of a dwelling, in the order they were made.
pub(super) async fn claims(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<DwellingNo>,
) -> Result<Vec<Claim>> {
    let one = if only.is_some() { "AND c.dwelling_no = $2" } else { "" };
    let mut values: Vec<sea_orm::Value> = vec![compound.0.into()];
    values.extend(only.map(|no| no.0.into()));
    let sql = format!(
        "SELECT c.claim_no, c.dwelling_no, c.kind, c.stage, c.made_on, c.made_time, c.pay_by, c.sum_fen,
           c.channel, c.reason, c.remark, c.evidence, p.delivered_on, p.evidence, c.last_paid_on
         FROM arrears_claim c LEFT JOIN arrears_proof p
           ON p.compound_id = c.compound_id AND p.claim_no = c.claim_no
         WHERE c.compound_id = $1 {one} ORDER BY c.claim_no"
    );
    let mut claims = Vec::new();
    for row in view.rows(CLAIMS, &sql, values.clone()).await? {
        let kind: String = row.try_get_by_index(2)?;
        let stage: i16 = row.try_get_by_index(3)?;
        let bug = || Storage::Bug(format!("a claim of kind {kind:?}, stage {stage}"));
        claims.push(Claim {
            claim_no: DemandNo(row.try_get_by_index(0)?),
            dwelling_no: DwellingNo(row.try_get_by_index(1)?),
            kind: ClaimKind::named(&kind).ok_or_else(bug)?,
            stage: u8::try_from(stage).map_err(|_| bug())?,
            made_on: row.try_get_by_index(4)?,
            made_time: row.try_get_by_index(5)?,
            pay_by: row.try_get_by_index(6)?,
            sum_fen: Money::fen(row.try_get_by_index(7)?),
            channel: row.try_get_by_index(8)?,
            reason: row.try_get_by_index(9)?,
            remark: row.try_get_by_index(10)?,
            evidence: row.try_get_by_index(11)?,
            delivered_on: row.try_get_by_index(12)?,
            proof: row.try_get_by_index::<Option<String>>(13)?.unwrap_or_default(),
            last_paid_on: row.try_get_by_index(14)?,
            bills: Vec::new(),
            instalments: Vec::new(),
        });
    }
    let sql = format!(
        "SELECT b.claim_no, b.matter_no, b.billed_fen, b.reduced_fen, b.open_fen, b.runs_out_on, b.debt_runs_out_on
         FROM arrears_claim_bill b JOIN arrears_claim c
           ON c.compound_id = b.compound_id AND c.claim_no = b.claim_no
         WHERE c.compound_id = $1 {one} ORDER BY b.claim_no, b.matter_no"
    );
    let mut at = 0;
    for row in view.rows(CLAIMS, &sql, values.clone()).await? {
        let Some(claim) = of(&mut claims, &mut at, row.try_get_by_index(0)?) else { continue };
        claim.bills.push(ClaimedBill {
            bill_no: MatterNo(row.try_get_by_index(1)?),
            billed_fen: Money::fen(row.try_get_by_index(2)?),
            reduced_fen: Money::fen(row.try_get_by_index(3)?),
            open_fen: Money::fen(row.try_get_by_index(4)?),
            runs_out_on: row.try_get_by_index(5)?,
            debt_runs_out_on: row.try_get_by_index(6)?,
        });
    }
    let sql = format!(
        "SELECT i.claim_no, i.due_on, i.amount_fen
         FROM arrears_instalment i JOIN arrears_claim c
           ON c.compound_id = i.compound_id AND c.claim_no = i.claim_no
         WHERE c.compound_id = $1 {one} ORDER BY i.claim_no, i.due_on"
    );
    let mut at = 0;
    for row in view.rows(CLAIMS, &sql, values).await? {
        let Some(claim) = of(&mut claims, &mut at, row.try_get_by_index(0)?) else { continue };
        let fen = Money::fen(row.try_get_by_index(2)?);
        claim.instalments.push((row.try_get_by_index(1)?, fen));
    }
    Ok(claims)
}

/// The claim a row belongs to: both come in the order of the numbers.
fn of<'a>(claims: &'a mut [Claim], at: &mut usize, no: i32) -> Option<&'a mut Claim> {
    while claims.get(*at)?.claim_no.0 < no {
        *at += 1;
    }
    claims.get_mut(*at).filter(|claim| claim.claim_no.0 == no)
}
