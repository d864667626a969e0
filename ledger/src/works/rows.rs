//! The tables of the works, and how their rows are read back.

use super::facts::{By, Paid, Project, Recorded};
use super::step::Step;
use crate::allocation::Work;
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Role, Tx, View};
use crate::error::{Result, Storage};
use crate::id::{
    CompoundId, LineNo, MatterNo, MotionNo, PaidNo, ProjectNo, ReserveNo, RoundNo, StepNo,
    VoucherSeq,
};
use crate::money::Money;

macro_rules! tables {
    ($($name:ident $table:literal $rank:literal [$($column:literal $kind:ident),* $(,)?];)*) => {$(
        pub(super) static $name: Table = Table {
            name: $table,
            rank: $rank,
            columns: &[
                ("compound_id", Column::Int),
                ("project_no", Column::Int),
                $(($column, Column::$kind),)*
                ("act_no", Column::Int),
            ],
            on_conflict: "",
        };
    )*};
}

tables! {
    PROJECT "project" 5 ["matter_no" Int, "title" Text, "path" Text, "proposal" Text, "proposed_on" Day,
        "by_name" Text, "by_role" Text];
    STEP "project_step" 6 ["step_no" Int, "kind" Text, "body" Text, "recorded_on" Day, "by_name" Text, "by_role" Text,
        "digest" Text];
    HOLD "project_hold" 10 ["hold_no" Int, "step_no" Int, "reserve_no" SomeInt, "amount_fen" Big, "work" Text, "pack" Text];
    PAYMENT "project_payment" 10 ["payment_no" Int, "request_step_no" Int, "decision_step_no" SomeInt, "is_back" Small,
        "amount_fen" Big, "fund_fen" Big, "paid_on" Day, "line_no" SomeInt, "voucher_seq" SomeInt, "round_no" SomeInt,
        "motion_no" SomeInt, "pack" Text];
    PAPER "project_paper" 6 ["paper_no" Int, "kind" Text, "name" Text, "length" Big, "digest" Text, "content" Bytes,
        "recorded_at" Big, "by_name" Text, "by_role" Text];
}

/// What a project is read from.
pub(super) const PROJECTS: Reads = Reads(&[&PROJECT, &STEP, &HOLD, &PAYMENT, &PAPER]);

/// What a column of JSON keeps.
pub(super) fn written(what: &impl serde::Serialize) -> Result<String> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a row of a project is not JSON: {e}"));
    Ok(serde_json::to_string(what).map_err(bug)?)
}

fn read<T: serde::de::DeserializeOwned>(row: &sea_orm::QueryResult, column: &str) -> Result<T> {
    let text: String = row.try_get("", column)?;
    let bug = |e: serde_json::Error| Storage::Bug(format!("{column} of a project: {e}"));
    Ok(serde_json::from_str(&text).map_err(bug)?)
}

fn by(row: &sea_orm::QueryResult) -> Result<By> {
    let role: String = row.try_get("", "by_role")?;
    let unknown = || Storage::Bug(format!("a project's role {role:?} is not known"));
    Ok(By {
        name: row.try_get("", "by_name")?,
        role: Role::named(&role).ok_or_else(unknown)?,
        org: None,
    })
}

/// The projects of a compound, the newest first; one of them, if its number is given.
pub(super) async fn projects(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<ProjectNo>,
) -> Result<Vec<Project>> {
    let which = if only.is_some() { "AND project_no = $2" } else { "" };
    let sql = format!(
        "SELECT project_no, matter_no, proposal, proposed_on, by_name, by_role FROM project
         WHERE compound_id = $1 {which} ORDER BY project_no DESC"
    );
    let mut values = vec![compound.0.into()];
    values.extend(only.map(|no| no.0.into()));
    let mut projects = Vec::new();
    for row in view.rows(PROJECTS, &sql, values).await? {
        projects.push(Project {
            no: ProjectNo(row.try_get("", "project_no")?),
            matter: MatterNo(row.try_get("", "matter_no")?),
            proposal: read(&row, "proposal")?,
            proposed_on: row.try_get("", "proposed_on")?,
            by: by(&row)?,
        });
    }
    Ok(projects)
}

/// The steps of a project, or of every project of the compound, in order.
pub(super) async fn steps(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<ProjectNo>,
) -> Result<Vec<(ProjectNo, Recorded)>> {
    let which = if only.is_some() { "AND project_no = $2" } else { "" };
    let sql = format!(
        "SELECT project_no, step_no, body, recorded_on, by_name, by_role, digest FROM project_step
         WHERE compound_id = $1 {which} ORDER BY project_no, step_no"
    );
    let mut values = vec![compound.0.into()];
    values.extend(only.map(|no| no.0.into()));
    let mut steps = Vec::new();
    for row in view.rows(PROJECTS, &sql, values).await? {
        let step: Step = read(&row, "body")?;
        let recorded = Recorded {
            no: StepNo(row.try_get("", "step_no")?),
            on: row.try_get("", "recorded_on")?,
            by: by(&row)?,
            digest: row.try_get("", "digest")?,
            step,
        };
        steps.push((ProjectNo(row.try_get("", "project_no")?), recorded));
    }
    Ok(steps)
}

/// The payments of a project, or of every project of the compound, in order.
pub(super) async fn payments(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<ProjectNo>,
) -> Result<Vec<(ProjectNo, Paid)>> {
    let which = if only.is_some() { "AND p.project_no = $2" } else { "" };
    let sql = format!(
        "SELECT p.project_no, p.payment_no, p.request_step_no, p.decision_step_no, p.is_back, p.amount_fen,
           p.fund_fen, p.paid_on, p.line_no, p.voucher_seq, p.pack, p.round_no, p.motion_no, EXISTS (
             SELECT 1 FROM voucher v WHERE v.compound_id = p.compound_id AND v.book = 1
               AND v.reverses_seq = p.voucher_seq) AS is_reversed
         FROM project_payment p WHERE p.compound_id = $1 {which} ORDER BY p.project_no, p.payment_no"
    );
    let mut values = vec![compound.0.into()];
    values.extend(only.map(|no| no.0.into()));
    let mut payments = Vec::new();
    for row in view.rows(PROJECTS, &sql, values).await? {
        let some = |column: &str| row.try_get::<Option<i32>>("", column);
        let paid = Paid {
            no: PaidNo(row.try_get("", "payment_no")?),
            request: StepNo(row.try_get("", "request_step_no")?),
            decision: some("decision_step_no")?.map(StepNo),
            is_back: row.try_get::<i16>("", "is_back")? == 1,
            is_reversed: row.try_get("", "is_reversed")?,
            amount: Money::fen(row.try_get("", "amount_fen")?),
            fund: Money::fen(row.try_get("", "fund_fen")?),
            on: row.try_get("", "paid_on")?,
            line: some("line_no")?.map(LineNo),
            voucher: some("voucher_seq")?.map(VoucherSeq),
            resolution: some("round_no")?.map(RoundNo).zip(some("motion_no")?.map(MotionNo)),
            pack: row.try_get("", "pack")?,
        };
        payments.push((ProjectNo(row.try_get("", "project_no")?), paid));
    }
    Ok(payments)
}

/// What is held for a project: the last hold stands.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) step: StepNo,
    pub(super) reserve: Option<ReserveNo>,
    pub(super) amount: Money,
    pub(super) work: Work,
}

/// The holds of a project, in order.
pub(super) async fn holds(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
) -> Result<Vec<Hold>> {
    let sql = "SELECT step_no, reserve_no, amount_fen, work FROM project_hold
               WHERE compound_id = $1 AND project_no = $2 ORDER BY hold_no";
    let mut holds = Vec::new();
    for row in view.rows(PROJECTS, sql, vec![compound.0.into(), no.0.into()]).await? {
        holds.push(Hold {
            step: StepNo(row.try_get("", "step_no")?),
            reserve: row.try_get::<Option<i32>>("", "reserve_no")?.map(ReserveNo),
            amount: Money::fen(row.try_get("", "amount_fen")?),
            work: read(&row, "work")?,
        });
    }
    Ok(holds)
}

/// Writes a step.
pub(super) fn keep_step(
    tx: &mut Tx,
    no: ProjectNo,
    step_no: StepNo,
    step: &Step,
) -> Result<String> {
    let body = written(step)?;
    let digest = step.digest(no.0, step_no.0).to_string();
    let actor = tx.actor().clone();
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        step_no.0.into(),
        step.kind().into(),
        (&body).into(),
        tx.at().day().into(),
        (&actor.name).into(),
        actor.role.name().into(),
        (&digest).into(),
        tx.act().0.into(),
    ];
    tx.put(&STEP, &row);
    Ok(digest)
}
