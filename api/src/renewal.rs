//! The door of filling the fund again: who is under the bar, calls, plans, notices, arrears, assigned revenue.

use ledger::calendar::Day;
use ledger::error::Result;
use ledger::fund::{
    self, Basis, Call, NewCall, Notice, Notifying, PlanWithdrawal, PlanWithdrawn, Planned, Posting,
    Renewal, RenewalArrears, RenewalShare, Renewing, Reviewed, Target, Under,
};
use ledger::id::{CallNo, MotionNo, RenewalNo, RoundNo};
use ledger::money::Money;
use ledger::policy::terms::{Fraction, Instalment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Nothing, Told, Visit};
use crate::governance::Seat;
use crate::levy::{AtNumber, DayQuery, Registered, acts};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::{Acted, IsoDay, Shown};

/// By the balances of which day a plan is reviewed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "方案的重算")]
pub struct ReviewAsked {
    /// The day.
    #[schemars(description = "计算日：不得晚于今天")]
    pub on: IsoDay,
}

acts! {
    /// Records a call to fill the fund again.
    ///
    /// # Errors
    /// Those of [`fund::call`].
    call(given: NewCall) -> CallNo = "fund.call", |tx| fund::call(tx, given);
    /// Makes a plan.
    ///
    /// # Errors
    /// Those of [`fund::renew`].
    renew(given: Renewing) -> RenewalNo = "fund.renew", |tx| fund::renew(tx, given);
    /// Records notices.
    ///
    /// # Errors
    /// Those of [`fund::notify`].
    notify(given: (RenewalNo, Notifying)) -> i32 = "fund.notify", |tx| fund::notify(tx, given.0, &given.1);
    /// Records a posting.
    ///
    /// # Errors
    /// Those of [`fund::post_plan`].
    post(given: (RenewalNo, Posting)) -> i32 = "fund.post-plan", |tx| fund::post_plan(tx, given.0, &given.1);
    /// Reviews a plan.
    ///
    /// # Errors
    /// Those of [`fund::review`].
    review(given: (RenewalNo, ReviewAsked)) -> Reviewed = "fund.review",
        |tx| fund::review(tx, given.0, given.1.on.0);
    /// Withdraws a plan.
    ///
    /// # Errors
    /// Those of [`fund::withdraw_plan`].
    withdraw(given: (RenewalNo, PlanWithdrawal)) -> PlanWithdrawn = "fund.withdraw-plan",
        |tx| fund::withdraw_plan(tx, given.0, &given.1);
}

/// `GET /compounds/{compound}/under-renewal`.
///
/// # Errors
/// Those of a list.
pub async fn under(visit: Visit, list: Sought<DayQuery>) -> Result<Listed<Under>, Problem> {
    let on = list.query.day(&visit);
    let found = fund::under_renewal(&mut visit.read().await?, visit.compound.id, on).await?;
    list.answer_from((0_u32..).zip(found).collect())
}

/// `GET /compounds/{compound}/renewal-calls`.
///
/// # Errors
/// Those of a list.
pub async fn calls(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Call>, Problem> {
    let found = fund::calls(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|call| (call.call_no.0, call)).collect())
}

/// `POST /compounds/{compound}/renewal-calls`.
///
/// # Errors
/// Those of [`call`].
pub async fn new_call(
    visit: Visit,
    Told(asked): Told<NewCall>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(call(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// What a plan would ask.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "续筹方案的预览：逐户，未写入")]
pub struct RenewalPreview {
    /// What it would ask of all.
    #[schemars(description = "合计：分", example = 240_001)]
    total_fen: Money,
    /// Dwelling by dwelling.
    #[schemars(description = "逐户")]
    rows: Vec<Planned>,
}

impl RenewalPreview {
    /// For a terminal: a line a dwelling, and the sum.
    pub(crate) fn in_lines(&self) -> String {
        let line = |row: &Planned| {
            let (first, has) = (row.first.grouped(), row.balance.grouped());
            format!("{}  首期 {first}  余额 {has}  应交 {}\n", row.room, row.due.grouped())
        };
        let lines: String = self.rows.iter().map(line).collect();
        format!("{lines}合计 {} 元，未写入", self.total_fen.grouped())
    }
}

/// What a plan would ask, for whoever asks.
///
/// # Errors
/// Those of [`fund::renew_preview`].
pub async fn preview(seat: &Seat, asked: &Renewing) -> Result<RenewalPreview> {
    let today = seat.books.clock().now().day();
    let mut view = seat.books.read().await?;
    let rows = fund::renew_preview(&mut view, seat.compound, today, asked).await?;
    Ok(RenewalPreview { total_fen: rows.iter().map(|row| row.due).sum(), rows })
}

/// Which plan to look at: by a resolution, or by the default after a call; its target in plain words.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalQuery {
    #[schemars(description = "表决编号：依据决议的写，连同事项编号", example = 1)]
    round_no: Option<RoundNo>,
    #[schemars(description = "事项编号", example = 1)]
    motion_no: Option<MotionNo>,
    #[schemars(description = "提醒编号：依据默认标准的写", example = 1)]
    call_no: Option<CallNo>,
    #[schemars(description = "目标：补至首期的比例", example = &"50%")]
    share: Option<Fraction>,
    #[schemars(description = "目标：总额，分", example = 1_000_000)]
    total_fen: Option<Money>,
    #[schemars(description = "总额按什么分摊：不写则按面积")]
    by: Option<RenewalShare>,
    #[schemars(description = "计算日：不写则今天")]
    judged_on: Option<IsoDay>,
    #[schemars(description = "应交日期：不写则按规定的天数，自今天通知起算")]
    due_on: Option<IsoDay>,
}

impl RenewalQuery {
    /// The plan it describes.
    ///
    /// # Errors
    /// `fund.plan-shape`.
    fn plan(self, today: Day) -> Result<Renewing> {
        let basis = match (self.round_no, self.motion_no, self.call_no) {
            (Some(round_no), Some(motion_no), None) => Basis::Resolution { round_no, motion_no },
            (None, None, Some(call_no)) => Basis::Default { call_no },
            _ => {
                let evidence = "依据：须写 round_no 与 motion_no，或只写 call_no";
                return Err(fund::PLAN_SHAPE.refuse(evidence).into());
            }
        };
        let target = match (self.share, self.total_fen) {
            (Some(share), None) => Some(Target::ShareOfFirst { share }),
            (None, Some(total_fen)) => {
                Some(Target::Total { total_fen, by: self.by.unwrap_or(RenewalShare::Area) })
            }
            (None, None) => None,
            (Some(_), Some(_)) => {
                return Err(fund::PLAN_SHAPE.refuse("目标：share 与 total_fen 只写一个").into());
            }
        };
        Ok(Renewing {
            basis,
            target,
            judged_on: self.judged_on.map_or(today, |day| day.0),
            notified_on: today,
            due_on: self.due_on.map(|day| day.0),
            instalment: Instalment::LumpSum,
            count: 1,
            counts_gains: false,
        })
    }
}

/// `GET /compounds/{compound}/renewal-preview`.
///
/// # Errors
/// `fund.plan-shape`; those of [`preview`].
pub async fn renew_preview(
    visit: Visit,
    Asked(query): Asked<RenewalQuery>,
) -> Result<Shown<RenewalPreview>, Problem> {
    let asked = query.plan(visit.books.clock().now().day())?;
    Ok(Shown(preview(&Seat::of(&visit), &asked).await?))
}

/// `POST /compounds/{compound}/renewals`.
///
/// # Errors
/// Those of [`renew`].
pub async fn new(visit: Visit, Told(asked): Told<Renewing>) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(renew(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `GET /compounds/{compound}/renewals`.
///
/// # Errors
/// Those of a list.
pub async fn list(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Renewal>, Problem> {
    let found = fund::renewals(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|plan| (plan.plan_no.0, plan)).collect())
}

/// `GET /compounds/{compound}/renewals/{no}/arrears`.
///
/// # Errors
/// Those of a list.
pub async fn arrears(
    visit: Visit<AtNumber>,
    list: Sought<DayQuery>,
) -> Result<Listed<RenewalArrears>, Problem> {
    let (on, no) = (list.query.day(&visit), RenewalNo(visit.at.no));
    let found = fund::renewal_arrears(&mut visit.read().await?, visit.compound.id, no, on).await?;
    list.answer_from(found.into_iter().map(|row| (row.dwelling_no.0, row)).collect())
}

/// `GET /compounds/{compound}/renewals/{no}/notices`.
///
/// # Errors
/// Those of a list.
pub async fn notices(
    visit: Visit<AtNumber>,
    list: Sought<Nothing>,
) -> Result<Listed<Notice>, Problem> {
    let no = RenewalNo(visit.at.no);
    let found = fund::renewal_notices(&mut visit.read().await?, visit.compound.id, no).await?;
    list.answer_from(found.into_iter().map(|notice| (notice.notice_no, notice)).collect())
}

/// How many were told.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的通知")]
pub struct NotifiedView {
    #[schemars(description = "户数", example = 2)]
    dwellings: i32,
}

/// `POST /compounds/{compound}/renewals/{no}/notices`.
///
/// # Errors
/// Those of [`notify`].
pub async fn new_notices(
    visit: Visit<AtNumber>,
    Told(asked): Told<Notifying>,
) -> Result<Acted<NotifiedView>, Problem> {
    let done = notify(&Seat::of(&visit), (RenewalNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, |dwellings| NotifiedView { dwellings }))
}

/// `POST /compounds/{compound}/renewals/{no}/postings`.
///
/// # Errors
/// Those of [`post`].
pub async fn new_posting(
    visit: Visit<AtNumber>,
    Told(asked): Told<Posting>,
) -> Result<Acted<Registered>, Problem> {
    let done = post(&Seat::of(&visit), (RenewalNo(visit.at.no), asked)).await?;
    Ok(Registered::told(done, |no| no))
}

/// `POST /compounds/{compound}/renewals/{no}/reviews`.
///
/// # Errors
/// Those of [`review`].
pub async fn new_review(
    visit: Visit<AtNumber>,
    Told(asked): Told<ReviewAsked>,
) -> Result<Acted<Reviewed>, Problem> {
    let done = review(&Seat::of(&visit), (RenewalNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, |told| told))
}

/// `POST /compounds/{compound}/renewals/{no}/withdrawal`.
///
/// # Errors
/// Those of [`withdraw`].
pub async fn new_withdrawal(
    visit: Visit<AtNumber>,
    Told(asked): Told<PlanWithdrawal>,
) -> Result<Acted<PlanWithdrawn>, Problem> {
    let done = withdraw(&Seat::of(&visit), (RenewalNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, |told| told))
}

/// An assignment of revenue.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "划入维修资金的公共收益")]
pub struct AssignmentView {
    #[schemars(description = "划入编号", example = 1)]
    assignment_no: i32,
    #[schemars(description = "续筹方案编号：不为某一方案的为空")]
    plan_no: Option<i32>,
    #[schemars(description = "金额：分", example = 4_100_000)]
    amount_fen: Money,
    #[schemars(description = "划入日期")]
    assigned_on: IsoDay,
}

/// `GET /compounds/{compound}/revenue-assignments`.
///
/// # Errors
/// Those of a list.
pub async fn assignments(
    visit: Visit,
    list: Sought<Nothing>,
) -> Result<Listed<AssignmentView>, Problem> {
    let found = fund::assignments(&mut visit.read().await?, visit.compound.id).await?;
    let rows = found.into_iter().map(|(no, plan, amount_fen, on)| {
        let view = AssignmentView {
            assignment_no: no.0,
            plan_no: plan.map(|plan| plan.0),
            amount_fen,
            assigned_on: IsoDay(on),
        };
        (no.0, view)
    });
    list.answer_from(rows.collect())
}
