//! A plan to fill the fund as it stands: where it was posted, what gains took off it, whether it was withdrawn.
//!
//! Always: an assessment of a plan is never changed; a review or a withdrawal replaces it by one that asks for less, never for
//! less than was paid. A withdrawn plan keeps its number, its day and its reason, and nothing more is done on it.
//!
//! Public revenue that is assigned and distributed raises the balance; where the plan says that gains count, [`review`] lowers
//! what is still unpaid. Limits: never upwards, and not for a plan that divides a sum.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::balances;
use super::assessment::{self, NewAssessment};
use super::deposit::{self, DepositKind};
use super::renewal::{Basis, Target, Under, goals, pack_at, settled};
use super::rows::{POSTING, RENEWALS, WITHDRAWAL};
use super::{NO_PLAN, PAPERS, PLAN_SHAPE, PLAN_WITHDRAWN, may_be_day, may_be_kept};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Result, Storage};
use crate::id::{CallNo, CompoundId, MotionNo, RenewalNo, RoundNo};
use crate::journal::AsOf;
use crate::measure::Area;
use crate::money::Money;
use crate::policy::terms::BalanceKind;
use crate::property;

/// A plan as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RenewalPlan", description = "续筹方案")]
pub struct Renewal {
    /// Its number.
    #[schemars(description = "方案编号", example = 1)]
    pub plan_no: RenewalNo,
    /// What it rests on.
    #[schemars(description = "依据")]
    pub basis: Basis,
    /// Up to what.
    #[schemars(description = "目标")]
    pub target: Target,
    /// By the balances of which day.
    #[schemars(description = "计算日")]
    pub judged_on: Day,
    /// What it asked of all.
    #[schemars(description = "合计：分", example = 240_001)]
    pub total_fen: Money,
    /// Whether gains lower what is unpaid.
    #[schemars(description = "收益是否抵减未交部分", example = false)]
    pub counts_gains: bool,
    /// The law.
    #[schemars(description = "政策包", example = &"310000@2024-10 sha256:…")]
    pub pack: String,
    /// The digest of the resolution's result.
    #[schemars(description = "决议的表决结果摘要：默认标准的为空字符串", example = &"")]
    pub digest: String,
    /// Where it was posted.
    #[schemars(description = "公示")]
    pub postings: Vec<PostingRow>,
    /// When and why it was withdrawn.
    #[schemars(description = "撤回：没有撤回的为空")]
    pub withdrawn: Option<WithdrawalRow>,
}

/// A withdrawal that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RenewalWithdrawalRow", description = "已登记的撤回")]
pub struct WithdrawalRow {
    /// When.
    #[schemars(description = "撤回日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因", example = &"目标有误，另行表决")]
    pub reason: String,
}

/// A plan that was made by mistake, or is not to be carried out.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenewalWithdrawal", description = "续筹方案的撤回")]
pub struct PlanWithdrawal {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "撤回日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因", example = &"目标有误，另行表决")]
    pub reason: String,
}

/// A posting that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RenewalPosted", description = "已登记的公示")]
pub struct PostingRow {
    /// When.
    #[schemars(description = "公示日期")]
    pub posted_on: Day,
    /// Where.
    #[schemars(description = "公示地点", example = &"小区公告栏")]
    pub place: String,
}

/// A posting of a plan.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenewalPosting", description = "方案的公示")]
pub struct Posting {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "公示日期")]
    pub posted_on: Day,
    /// Where.
    #[schemars(description = "公示地点", example = &"小区公告栏")]
    pub place: String,
}

/// The plans of a compound, in their order.
///
/// # Errors
/// Storage.
pub async fn renewals(view: &mut impl View, compound: CompoundId) -> Result<Vec<Renewal>> {
    let sql = "SELECT plan_no, judged_on, COALESCE(round_no, 0) AS round_no, COALESCE(motion_no, 0) AS motion_no,
                 COALESCE(call_no, 0) AS call_no, digest, target, total_fen, counts_gains, pack
               FROM renewal_plan WHERE compound_id = $1 ORDER BY plan_no";
    let mut plans: BTreeMap<RenewalNo, Renewal> = BTreeMap::new();
    for row in view.rows(RENEWALS, sql, vec![compound.0.into()]).await? {
        let (round, call): (i32, i32) = (row.try_get("", "round_no")?, row.try_get("", "call_no")?);
        let basis = if round > 0 {
            let motion_no = MotionNo(row.try_get("", "motion_no")?);
            Basis::Resolution { round_no: RoundNo(round), motion_no }
        } else {
            Basis::Default { call_no: CallNo(call) }
        };
        let target: String = row.try_get("", "target")?;
        let bug =
            |e: serde_json::Error| Storage::Bug(format!("a plan's target does not read: {e}"));
        let plan = Renewal {
            plan_no: RenewalNo(row.try_get("", "plan_no")?),
            basis,
            target: serde_json::from_str(&target).map_err(bug)?,
            judged_on: row.try_get("", "judged_on")?,
            total_fen: Money::fen(row.try_get("", "total_fen")?),
            counts_gains: row.try_get::<i16>("", "counts_gains")? == 1,
            pack: row.try_get("", "pack")?,
            digest: row.try_get("", "digest")?,
            postings: Vec::new(),
            withdrawn: None,
        };
        plans.insert(plan.plan_no, plan);
    }
    let sql = "SELECT plan_no, posted_on, place FROM renewal_posting
               WHERE compound_id = $1 ORDER BY plan_no, posting_no";
    for row in view.rows(RENEWALS, sql, vec![compound.0.into()]).await? {
        let Some(plan) = plans.get_mut(&RenewalNo(row.try_get("", "plan_no")?)) else { continue };
        plan.postings.push(PostingRow {
            posted_on: row.try_get("", "posted_on")?,
            place: row.try_get("", "place")?,
        });
    }
    let sql = "SELECT plan_no, withdrawn_on, reason FROM renewal_withdrawal WHERE compound_id = $1";
    for row in view.rows(RENEWALS, sql, vec![compound.0.into()]).await? {
        let Some(plan) = plans.get_mut(&RenewalNo(row.try_get("", "plan_no")?)) else { continue };
        let (on, reason) = (row.try_get("", "withdrawn_on")?, row.try_get("", "reason")?);
        plan.withdrawn = Some(WithdrawalRow { on, reason });
    }
    Ok(plans.into_values().collect())
}

/// A plan that is still to be carried out.
///
/// # Errors
/// `fund.no-plan`, `fund.plan-withdrawn`.
pub(super) async fn living_plan(
    view: &mut impl View,
    compound: CompoundId,
    no: RenewalNo,
) -> Result<Renewal> {
    let plan = plan(view, compound, no).await?;
    match &plan.withdrawn {
        None => Ok(plan),
        Some(WithdrawalRow { on, reason }) => {
            Err(PLAN_WITHDRAWN.refuse(format!("方案 {no} 已于 {on} 撤回：{reason}")).into())
        }
    }
}

pub(super) async fn plan(
    view: &mut impl View,
    compound: CompoundId,
    no: RenewalNo,
) -> Result<Renewal> {
    let found = renewals(view, compound).await?.into_iter().find(|plan| plan.plan_no == no);
    Ok(found.ok_or_else(|| NO_PLAN.refuse(format!("方案编号 {no}")))?)
}

/// Records where a plan was posted. Answers how often it has been.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.no-plan`, `fund.plan-withdrawn`.
pub async fn post_plan(tx: &mut Tx, no: RenewalNo, posting: &Posting) -> Result<i32> {
    may_be_kept("公示地点", &posting.place)?;
    may_be_day("公示日期", posting.posted_on)?;
    let compound = tx.compound();
    living_plan(tx, compound, no).await?;
    let place = tx.next_no(&format!("renewal-posting/{no}"));
    let row = [
        compound.0.into(),
        no.0.into(),
        place.into(),
        posting.posted_on.into(),
        posting.place.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&POSTING, &row);
    Ok(place)
}

/// What a review of a plan did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenewalReviewed", description = "方案重算的结果")]
pub struct Reviewed {
    /// How many dwellings owe less now.
    #[schemars(description = "应交减少：户", example = 3)]
    pub lowered: u32,
    /// How much less they owe together.
    #[schemars(description = "减少合计：分", example = 60_000)]
    pub less_fen: Money,
}

/// Lowers what is still unpaid of a plan by the gains distributed since: each dwelling owes what is still missing of its goal,
/// never more than before and never less than it has paid.
///
/// # Errors
/// `fund.papers`, `fund.no-plan`, `fund.plan-withdrawn`, `fund.plan-shape` (the plan divides a sum, or does not count gains); those of [`crate::policy::at`].
pub async fn review(tx: &mut Tx, no: RenewalNo, on: Day) -> Result<Reviewed> {
    may_be_day("计算日", on)?;
    let compound = tx.compound();
    let plan = living_plan(tx, compound, no).await?;
    if !plan.counts_gains || matches!(plan.target, Target::Total { .. }) || on > tx.at().day() {
        let evidence = format!("方案 {no}：{}，计算日 {on}", plan.target.in_chinese());
        return Err(PLAN_SHAPE.refuse(evidence).into());
    }
    let pack = pack_at(tx, compound, plan.judged_on).await?;
    let dues = assessment::all_dues(tx, compound, None).await?;
    let settled = settled(tx, compound, None, on).await?;
    let first = deposit::first_deposits(tx, compound, plan.judged_on).await?;
    let has = balances(tx, compound, AsOf { day: Some(on), known_at: None }).await?;
    let roll = property::roll(tx, compound, on).await?;

    let provenance = pack.provenance.to_string();
    let mut done = Reviewed { lowered: 0, less_fen: Money::ZERO };
    for (assessment, one) in settled.iter().filter(|(_, one)| one.plan == Some(no)) {
        let Some(dwelling) = roll.iter().find(|d| d.no == one.dwelling) else { continue };
        let has = has.get(&one.dwelling).copied().unwrap_or_default();
        let balance = match pack.terms.renew_below.balance {
            BalanceKind::Principal => has.principal,
            BalanceKind::PrincipalAndGains => has.total(),
        };
        let under = Under {
            dwelling_no: dwelling.no,
            room: dwelling.code.clone(),
            building: String::new(),
            area: dwelling.fund_area,
            first: first.get(&dwelling.no).copied().unwrap_or_default(),
            balance,
            has,
            by_default: None,
            open: Money::ZERO,
        };
        let of_one = std::slice::from_ref(&under);
        let goals = goals(tx, compound, plan.judged_on, &pack, plan.target, of_one, &roll).await?;
        let goal = goals.first().copied().unwrap_or_default();
        let due = (goal - (balance - one.paid)).max(one.paid);
        if due >= one.assessed {
            continue;
        }
        let due_on: Vec<Day> =
            dues.iter().filter(|due| due.assessment == *assessment).map(|due| due.due_on).collect();
        let standard = format!(
            "续筹方案 {no} 重算：余额 {} 元，已交 {} 元，{}",
            balance.grouped(),
            one.paid.grouped(),
            plan.target.in_chinese()
        );
        let new = NewAssessment {
            dwelling: one.dwelling,
            kind: DepositKind::TopUp.name(),
            month: None,
            unit: None,
            plan: Some(no),
            due,
            due_on: &due_on,
            standard: &standard,
            standard_no: None,
            area: dwelling.fund_area,
            rate: "",
            pack: &provenance,
            replaces: Some(*assessment),
            reason: "收益分配后重算",
        };
        assessment::keep(tx, &new);
        done.lowered += 1;
        done.less_fen += one.assessed - due;
    }
    Ok(done)
}

/// What the withdrawal of a plan did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenewalWithdrawn", description = "撤回方案的结果")]
pub struct PlanWithdrawn {
    /// How many dwellings owe nothing of it any more.
    #[schemars(description = "不再应交：户", example = 12)]
    pub released: u32,
    /// How much they owed together.
    #[schemars(description = "不再应交合计：分", example = 240_001)]
    pub less_fen: Money,
    /// What was paid of it and stays in the dwellings' accounts.
    #[schemars(description = "已交：分，留在分户账", example = 0)]
    pub paid_fen: Money,
}

/// Withdraws a plan: nobody owes more of it than was paid. What was paid stays the dwelling's own, as any top-up does; a
/// purchase undone or a wrong deposit is refunded or reversed by itself. The resolution it rested on may carry another plan.
///
/// # Errors
/// `fund.papers` (a day to come), `seal.person-in-text`, `fund.no-plan`, `fund.plan-withdrawn`.
pub async fn withdraw_plan(
    tx: &mut Tx,
    no: RenewalNo,
    asked: &PlanWithdrawal,
) -> Result<PlanWithdrawn> {
    may_be_kept("原因", &asked.reason)?;
    may_be_day("撤回日期", asked.on)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let plan = living_plan(tx, compound, no).await?;
    if asked.on > today || asked.on < plan.judged_on {
        let evidence = format!("撤回日期 {}，计算日 {}，今天 {today}", asked.on, plan.judged_on);
        return Err(PAPERS.refuse(evidence).into());
    }
    let dues = assessment::all_dues(tx, compound, None).await?;
    let settled = settled(tx, compound, None, today).await?;

    let mut done = PlanWithdrawn { released: 0, less_fen: Money::ZERO, paid_fen: Money::ZERO };
    for (assessment, one) in settled.iter().filter(|(_, one)| one.plan == Some(no)) {
        done.paid_fen += one.paid;
        if one.assessed <= one.paid {
            continue;
        }
        let due_on: Vec<Day> =
            dues.iter().filter(|due| due.assessment == *assessment).map(|due| due.due_on).collect();
        let standard = format!("续筹方案 {no} 撤回：已交 {} 元", one.paid.grouped());
        let new = NewAssessment {
            dwelling: one.dwelling,
            kind: DepositKind::TopUp.name(),
            month: None,
            unit: None,
            plan: Some(no),
            due: one.paid,
            // One day: what was paid is due in no parts.
            due_on: due_on.get(..1).unwrap_or_default(),
            standard: &standard,
            standard_no: None,
            area: Area::ZERO,
            rate: "",
            pack: &plan.pack,
            replaces: Some(*assessment),
            reason: "方案撤回",
        };
        assessment::keep(tx, &new);
        tx.put_is_due().await?;
        done.released += 1;
        done.less_fen += one.assessed - one.paid;
    }
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.on.into(),
        asked.reason.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&WITHDRAWAL, &row);
    Ok(done)
}
