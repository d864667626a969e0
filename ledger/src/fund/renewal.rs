//! Filling a fund that has run low (续筹): who is under the bar, calls, making a plan and what it rests on.
//!
//! Always: the bar is a part of the dwelling's own first deposit, and exactly on it is not under it; a plan rests on a
//! resolution of the owners to raise the fund (民法典 278 ¶1 (6), three quarters) or on the pack's default once the owners'
//! time to decide has passed; a resolution makes one plan; a dwelling pays one plan at a time. A plan becomes assessments,
//! so that dues, instalments, receipts and ages are those of every deposit.
//!
//! Public revenue that is assigned goes 5101 (revenue) → 4201 ▸ 3101 ▸ its distribution (财会〔2020〕7号), and so never pays a
//! dwelling's share by itself. What becomes of a plan stands in `plan.rs`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{FundBalance, balances};
use super::assessment::{self, Every, Instalments, NewAssessment};
use super::deposit::{self, DepositKind};
use super::dues::{Settled, settle};
use super::plan::{Renewal, renewals};
use super::rows::{CALL, PLAN, RENEWALS};
use super::standard::{levied_as, reckon, standards};
use super::{
    DECIDED, DUE_DAY, INSTALMENTS, NO_CALL, NO_DEFAULT, NOBODY_UNDER, NOT_RAISING, OVER_CAP,
    PLAN_OPEN, PLAN_SHAPE, RESOLUTION_USED, TOO_EARLY, may_be_day, may_be_kept,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day, iso_day_if_any};
use crate::error::{Refusal, Result, Storage};
use crate::governance::{self, Matter, Resolution};
use crate::id::{AssessmentNo, CallNo, CompoundId, DwellingNo, MotionNo, RenewalNo, RoundNo};
use crate::journal::AsOf;
use crate::measure::Area;
use crate::money::{Money, Rounding, split};
use crate::policy::terms::{BalanceKind, Fraction, Instalment, RenewTo};
use crate::policy::{self, Pack};
use crate::property::{self, Dwelling, RoomCode};

/// A dwelling whose fund has run low.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "UnderRenewal", description = "余额低于续筹线的房屋")]
pub struct Under {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// Its building.
    #[schemars(description = "楼栋", example = &"1")]
    pub building: String,
    /// Its area.
    #[serde(rename = "area_centi_m2")]
    #[schemars(description = "面积：0.01 平方米", example = 8845)]
    pub area: Area,
    /// What it paid in at first.
    #[serde(rename = "first_fen")]
    #[schemars(description = "首期交存额：分", example = 1_200_000)]
    pub first: Money,
    /// The balance that is held against it, as the law says: principal, or principal and gains.
    #[serde(rename = "balance_fen")]
    #[schemars(description = "据以比较的余额：分，本金或本息依当地规定", example = 359_999)]
    pub balance: Money,
    /// Principal and gains.
    #[schemars(description = "余额")]
    pub has: FundBalance,
    /// What it owes by the law's default, if there is one.
    #[serde(rename = "default_fen")]
    #[schemars(description = "默认标准应交：分，当地没有默认的为空", example = 240_001)]
    pub by_default: Option<Money>,
    /// What of an earlier plan is still unpaid.
    #[serde(rename = "open_fen")]
    #[schemars(description = "上一方案未交：分", example = 0)]
    pub open: Money,
}

/// Every dwelling under the bar of its law on a day, in natural order. One whose first deposit is unknown is not judged.
///
/// # Errors
/// Those of [`policy::at`].
pub async fn under_renewal(
    view: &mut impl View,
    compound: CompoundId,
    on: Day,
) -> Result<Vec<Under>> {
    let pack = pack_at(view, compound, on).await?;
    Ok(judge(view, compound, on, &pack).await?.0)
}

pub(super) async fn pack_at(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Pack> {
    let jurisdiction = property::jurisdiction(view, compound).await?;
    policy::at(view, &jurisdiction, on).await
}

async fn judge(
    view: &mut impl View,
    compound: CompoundId,
    on: Day,
    pack: &Pack,
) -> Result<(Vec<Under>, Vec<Dwelling>)> {
    let first = deposit::first_deposits(view, compound, on).await?;
    let has = balances(view, compound, AsOf { day: Some(on), known_at: None }).await?;
    let roll = property::roll(view, compound, on).await?;
    let open = open_top_ups(view, compound).await?;
    let rule = &pack.terms.renew_below;
    let mut under = Vec::new();
    for dwelling in &roll {
        let first = first.get(&dwelling.no).copied().unwrap_or_default();
        let has = has.get(&dwelling.no).copied().unwrap_or_default();
        let balance = match rule.balance {
            BalanceKind::Principal => has.principal,
            BalanceKind::PrincipalAndGains => has.total(),
        };
        if !rule.is_due(first, balance) {
            continue;
        }
        under.push(Under {
            dwelling_no: dwelling.no,
            room: dwelling.code.clone(),
            building: property::building_code(&dwelling.code),
            area: dwelling.fund_area,
            first,
            balance,
            has,
            by_default: pack.terms.renew_to.due_by_default(first, balance),
            open: open.get(&dwelling.no).copied().unwrap_or_default(),
        });
    }
    Ok((under, roll))
}

/// What of earlier plans is unpaid, due or not.
async fn open_top_ups(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashMap<DwellingNo, Money>> {
    let mut open: HashMap<DwellingNo, Money> = HashMap::new();
    for one in settled(view, compound, None, Day::MIN).await?.into_values() {
        if one.kind == DepositKind::TopUp && one.assessed > one.paid {
            *open.entry(one.dwelling).or_default() += one.assessed - one.paid;
        }
    }
    Ok(open)
}

pub(super) async fn settled(
    view: &mut impl View,
    compound: CompoundId,
    until: Option<Day>,
    on: Day,
) -> Result<BTreeMap<AssessmentNo, Settled>> {
    let dues = assessment::all_dues(view, compound, None).await?;
    let paid = deposit::paid(view, compound, None, until).await?;
    Ok(settle(&dues, &paid, on))
}

/// A call to fill the fund again, as a law's clock begins with it.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "NewRenewalCall",
    description = "要登记的续筹提醒：主管部门、街道或银行的书面提醒"
)]
pub struct NewCall {
    /// When it came.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "收到日期")]
    pub called_on: Day,
    /// Who called.
    #[schemars(description = "提醒单位", example = &"某街道办事处")]
    pub caller: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"提醒函 2026-1")]
    pub evidence: String,
}

/// Records a call to fill the fund again.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`; a day to come is `fund.papers`.
pub async fn call(tx: &mut Tx, new: &NewCall) -> Result<CallNo> {
    may_be_kept("提醒单位", &new.caller)?;
    may_be_kept("凭据", &new.evidence)?;
    may_be_day("收到日期", new.called_on)?;
    if new.called_on > tx.at().day() {
        return Err(super::PAPERS.refuse(format!("收到日期 {}", new.called_on)).into());
    }
    let no = CallNo(tx.next_no("renewal-call"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        new.called_on.into(),
        new.caller.trim().into(),
        new.evidence.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&CALL, &row);
    Ok(no)
}

/// A call that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RenewalCall", description = "续筹提醒")]
pub struct Call {
    /// Its number.
    #[schemars(description = "提醒编号", example = 1)]
    pub call_no: CallNo,
    /// When it came.
    #[schemars(description = "收到日期")]
    pub called_on: Day,
    /// Who called.
    #[schemars(description = "提醒单位", example = &"某街道办事处")]
    pub caller: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"提醒函 2026-1")]
    pub evidence: String,
}

/// The calls of a compound, in their order.
///
/// # Errors
/// Storage.
pub async fn calls(view: &mut impl View, compound: CompoundId) -> Result<Vec<Call>> {
    let sql = "SELECT call_no, called_on, caller, evidence FROM renewal_call
               WHERE compound_id = $1 ORDER BY call_no";
    let rows = view.rows(RENEWALS, sql, vec![compound.0.into()]).await?;
    let one = |row: &sea_orm::QueryResult| -> Result<Call> {
        Ok(Call {
            call_no: CallNo(row.try_get("", "call_no")?),
            called_on: row.try_get("", "called_on")?,
            caller: row.try_get("", "caller")?,
            evidence: row.try_get("", "evidence")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Describes the words that tell the kinds of a structure apart.
fn with_words_told(schema: &mut schemars::Schema) {
    let Some(choices) = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut) else {
        return;
    };
    for choice in choices {
        for word in ["on", "to"] {
            let field = choice.pointer_mut(&format!("/properties/{word}"));
            if let Some(field) = field.and_then(serde_json::Value::as_object_mut) {
                field.insert("description".to_owned(), "种类".into());
            }
        }
    }
}

/// What a plan rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "RenewalBasis", description = "续筹的依据", transform = with_words_told)]
pub enum Basis {
    /// A resolution of the owners to raise the fund.
    #[schemars(description = "业主决议")]
    Resolution {
        /// The round.
        #[schemars(description = "表决编号", range(min = 1, max = 2_147_483_647), example = 1)]
        round_no: RoundNo,
        /// The motion.
        #[schemars(description = "事项编号", range(min = 1, max = 2_147_483_647), example = 1)]
        motion_no: MotionNo,
    },
    /// The law's default, after a call, if the owners decided nothing in time.
    #[schemars(description = "当地默认标准：业主在期限内未作决定")]
    Default {
        /// The call.
        #[schemars(description = "提醒编号", range(min = 1, max = 2_147_483_647), example = 1)]
        call_no: CallNo,
    },
}

/// By what a sum is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "按什么分摊")]
pub enum RenewalShare {
    /// By area.
    #[schemars(description = "按面积")]
    Area,
    /// By what is missing of the first deposit.
    #[schemars(description = "按首期交存额与余额之差")]
    Shortfall,
}

/// Up to what a plan fills the fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "RenewalTarget", description = "续筹的目标", transform = with_words_told)]
pub enum Target {
    /// To a part of each dwelling's first deposit.
    #[schemars(description = "补至首期交存额的比例")]
    ShareOfFirst {
        /// The part.
        #[schemars(
            description = "比例",
            with = "String",
            regex(pattern = "^[0-9]{1,3}(%|/[0-9]{1,3})$"),
            example = &"50%"
        )]
        share: Fraction,
    },
    /// To the first deposit's standard of the day (北京).
    #[schemars(description = "补至届时适用的首期标准")]
    StandardOfTheDay {},
    /// A sum, divided.
    #[schemars(description = "一个总额，分摊到户")]
    Total {
        /// How much.
        #[schemars(
            description = "总额：分",
            range(min = 1, max = 10_000_000_000_000_i64),
            example = 1_000_000
        )]
        total_fen: Money,
        /// By what.
        #[schemars(description = "按什么分摊")]
        by: RenewalShare,
    },
}

impl Target {
    /// The target in words.
    #[must_use]
    pub fn in_chinese(self) -> String {
        match self {
            Target::ShareOfFirst { share } => format!("补至首期的 {share}"),
            Target::StandardOfTheDay {} => "补至届时首期标准".to_owned(),
            Target::Total { total_fen, by } => {
                let by = if by == RenewalShare::Area { "面积" } else { "差额" };
                format!("总额 {} 元按{by}分摊", total_fen.grouped())
            }
        }
    }
}

/// A plan to make.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的续筹方案")]
pub struct Renewing {
    /// What it rests on.
    #[schemars(description = "依据")]
    pub basis: Basis,
    /// Up to what; the law's own if nobody says.
    #[serde(default)]
    #[schemars(description = "目标：依当地默认或届时标准的不写")]
    pub target: Option<Target>,
    /// By the balances of which day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "计算日：依此日的余额与规定，不得晚于今天")]
    pub judged_on: Day,
    /// The day the notices go out.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "通知日")]
    pub notified_on: Day,
    /// When it is due (the first instalment); by the law's days if nobody says.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "应交日期（首期分期的）：不写则按规定的天数")]
    pub due_on: Option<Day>,
    /// How it is paid.
    #[serde(default = "lump_sum")]
    #[schemars(description = "交存方式：不写则一次交清")]
    pub instalment: Instalment,
    /// In how many parts.
    #[serde(default = "one")]
    #[schemars(description = "期数：一次交清为 1", range(min = 1, max = 60), example = 1)]
    pub count: u8,
    /// Whether gains that are distributed later lower what is still unpaid.
    #[serde(default)]
    #[schemars(
        description = "其后分配的收益（含划入的公共收益）是否抵减未交部分",
        example = false
    )]
    pub counts_gains: bool,
}

const fn lump_sum() -> Instalment {
    Instalment::LumpSum
}

const fn one() -> u8 {
    1
}

/// What a plan asks of a dwelling.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "方案中的一户")]
pub struct Planned {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// Its area.
    #[serde(rename = "area_centi_m2")]
    #[schemars(description = "面积：0.01 平方米", example = 8845)]
    pub area: Area,
    /// What it paid in at first.
    #[serde(rename = "first_fen")]
    #[schemars(description = "首期交存额：分", example = 1_200_000)]
    pub first: Money,
    /// What it has.
    #[serde(rename = "balance_fen")]
    #[schemars(description = "余额：分", example = 359_999)]
    pub balance: Money,
    /// What it owes.
    #[serde(rename = "due_fen")]
    #[schemars(description = "应交：分", example = 240_001)]
    pub due: Money,
}

/// A plan before it is written.
struct Draft {
    planned: Vec<Planned>,
    target: Target,
    due_on: Vec<Day>,
    digest: String,
    pack: Pack,
}

/// What a plan would ask, dwelling by dwelling. Nothing is written.
///
/// # Errors
/// As [`renew`].
pub async fn renew_preview(
    view: &mut impl View,
    compound: CompoundId,
    today: Day,
    asked: &Renewing,
) -> Result<Vec<Planned>> {
    Ok(draft(view, compound, today, asked).await?.planned)
}

/// Makes a plan: an assessment for every dwelling under the bar that the resolution binds, or that the default reaches.
/// Answers its number.
///
/// # Errors
/// `fund.plan-shape`, `fund.papers`, `fund.instalments`, those of [`Resolution::of`], `fund.not-raising`,
/// `fund.resolution-used`, `fund.no-default`, `fund.no-call`, `fund.default-early`, `fund.decided`, `fund.due-day`,
/// `fund.nobody-under`, `fund.plan-open`, `fund.over-cap`, `fund.no-standard`; those of [`policy::at`].
pub async fn renew(tx: &mut Tx, asked: &Renewing) -> Result<RenewalNo> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let draft = draft(tx, compound, today, asked).await?;

    let no = RenewalNo(tx.next_no("renewal-plan"));
    let (pack, target) = (draft.pack.provenance.to_string(), written(&draft.target)?);
    let (basis, round, motion, call) = match asked.basis {
        Basis::Resolution { round_no, motion_no } => {
            ("resolution", Some(round_no.0), Some(motion_no.0), None)
        }
        Basis::Default { call_no } => ("default", None, None, Some(call_no.0)),
    };
    let total: Money = draft.planned.iter().map(|planned| planned.due).sum();
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.judged_on.into(),
        basis.into(),
        round.into(),
        motion.into(),
        (&draft.digest).into(),
        call.into(),
        (&target).into(),
        total.in_fen().into(),
        asked.counts_gains.into(),
        (&pack).into(),
        tx.act().0.into(),
    ];
    tx.put(&PLAN, &row);
    for planned in &draft.planned {
        let standard = format!(
            "续筹方案 {no}：首期 {} 元，余额 {} 元，{}",
            planned.first.grouped(),
            planned.balance.grouped(),
            draft.target.in_chinese()
        );
        let new = NewAssessment {
            dwelling: planned.dwelling_no,
            kind: DepositKind::TopUp.name(),
            month: None,
            unit: None,
            plan: Some(no),
            due: planned.due,
            due_on: &draft.due_on,
            standard: &standard,
            standard_no: None,
            area: planned.area,
            rate: "",
            pack: &pack,
            replaces: None,
            reason: "",
        };
        assessment::keep(tx, &new);
        tx.put_is_due().await?;
    }
    Ok(no)
}

fn written(target: &Target) -> Result<String> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a target is not JSON: {e}"));
    Ok(serde_json::to_string(target).map_err(bug)?)
}

async fn draft(
    view: &mut impl View,
    compound: CompoundId,
    today: Day,
    asked: &Renewing,
) -> Result<Draft> {
    may_be_planned(asked, today)?;
    let pack = pack_at(view, compound, asked.judged_on).await?;
    if !pack.terms.renew_instalments.contains(&asked.instalment) {
        let article = &pack.terms.renew_instalments.article;
        return Err(INSTALMENTS.refuse(format!("{:?}（{article}）", asked.instalment)).into());
    }
    let founded = founded(view, compound, today, asked, &pack).await?;
    let target = target_of(asked, &pack)?;
    let due_on = due_days(asked, &pack)?;

    let (under, roll) = judge(view, compound, asked.judged_on, &pack).await?;
    let under: Vec<Under> = under.into_iter().filter(|u| founded.binds(u.dwelling_no)).collect();
    if under.is_empty() {
        return Err(NOBODY_UNDER.refuse(format!("{} 没有", asked.judged_on)).into());
    }
    if let Some(open) = under.iter().find(|u| u.open.is_positive()) {
        let evidence = format!("{} 尚有 {} 元未交", open.room, open.open.grouped());
        return Err(PLAN_OPEN.refuse(evidence).with("room", open.room.to_string()).into());
    }
    let dues = match target {
        Target::Total { total_fen, by } => divided(&under, total_fen, by)?,
        target => {
            let goals =
                goals(view, compound, asked.judged_on, &pack, target, &under, &roll).await?;
            let missing = |(u, goal): (&Under, &Money)| (*goal - u.balance).max(Money::ZERO);
            under.iter().zip(&goals).map(missing).collect()
        }
    };
    let planned: Vec<Planned> = under
        .into_iter()
        .zip(dues)
        .filter(|(_, due)| due.is_positive())
        .map(|(u, due)| Planned {
            dwelling_no: u.dwelling_no,
            room: u.room,
            area: u.area,
            first: u.first,
            balance: u.balance,
            due,
        })
        .collect();
    let total: Money = planned.iter().map(|planned| planned.due).sum();
    if planned.is_empty() {
        return Err(NOBODY_UNDER.refuse("按此目标无须续交").into());
    }
    if let Some(cap) = founded.cap.filter(|cap| total > *cap) {
        let evidence = format!("上限 {} 元，方案合计 {} 元", cap.grouped(), total.grouped());
        return Err(OVER_CAP.refuse(evidence).with("cap_fen", cap.in_fen()).into());
    }
    Ok(Draft { planned, target, due_on, digest: founded.digest, pack })
}

fn may_be_planned(asked: &Renewing, today: Day) -> Result<(), Refusal> {
    for (what, day) in [("计算日", asked.judged_on), ("通知日", asked.notified_on)] {
        may_be_day(what, day)?;
    }
    let is_count = match asked.instalment {
        Instalment::LumpSum => asked.count == 1,
        Instalment::Monthly | Instalment::Quarterly => (1..=60).contains(&asked.count),
    };
    let is_target = match asked.target {
        Some(Target::ShareOfFirst { share }) => share.terms().0 > 0,
        Some(Target::Total { total_fen, .. }) => {
            total_fen.is_positive() && total_fen.is_within_limit()
        }
        Some(Target::StandardOfTheDay {}) | None => true,
    };
    // The default is the law's: nobody words it anew.
    let is_own = asked.target.is_none() || matches!(asked.basis, Basis::Resolution { .. });
    if !is_count || !is_target || !is_own || asked.judged_on > today {
        let evidence =
            format!("计算日 {}，{:?} {} 期", asked.judged_on, asked.instalment, asked.count);
        return Err(PLAN_SHAPE.refuse(evidence));
    }
    Ok(())
}

/// What a plan is founded on, checked.
struct Founded {
    /// Whom it binds; everybody if none is named.
    dwellings: Option<BTreeSet<DwellingNo>>,
    cap: Option<Money>,
    digest: String,
}

impl Founded {
    fn binds(&self, dwelling: DwellingNo) -> bool {
        self.dwellings.as_ref().is_none_or(|dwellings| dwellings.contains(&dwelling))
    }
}

async fn founded(
    view: &mut impl View,
    compound: CompoundId,
    today: Day,
    asked: &Renewing,
    pack: &Pack,
) -> Result<Founded> {
    match asked.basis {
        Basis::Resolution { round_no, motion_no } => {
            let resolution = Resolution::of(view, compound, round_no, motion_no).await?;
            if resolution.matter() != Matter::RaiseFund {
                let evidence = format!("表决 {round_no} 事项 {motion_no}：{}", resolution.title());
                return Err(NOT_RAISING.refuse(evidence).into());
            }
            let made = renewals(view, compound).await?;
            let stands = |plan: &&Renewal| plan.basis == asked.basis && plan.withdrawn.is_none();
            if let Some(plan) = made.iter().find(stands) {
                let evidence =
                    format!("表决 {round_no} 事项 {motion_no} 已有方案 {}", plan.plan_no);
                return Err(RESOLUTION_USED
                    .refuse(evidence)
                    .with("plan_no", plan.plan_no.0)
                    .into());
            }
            let cap = resolution.amount_cap();
            Ok(Founded {
                dwellings: Some(resolution.dwellings().iter().copied().collect()),
                cap: cap.is_positive().then_some(cap),
                digest: resolution.digest().to_owned(),
            })
        }
        Basis::Default { call_no } => {
            let RenewTo::ShareOfFirst { decide_within_days, .. } = pack.terms.renew_to.value else {
                let evidence = format!("{}（{}）", pack.title, pack.terms.renew_to.article);
                return Err(NO_DEFAULT.refuse(evidence).into());
            };
            let calls = calls(view, compound).await?;
            let call = calls.into_iter().find(|call| call.call_no == call_no);
            let call = call.ok_or_else(|| NO_CALL.refuse(format!("提醒编号 {call_no}")))?;
            let last = call.called_on + Days::new(u64::from(decide_within_days));
            if today <= last {
                let evidence =
                    format!("收到提醒 {}，业主可至 {last} 作出决定，今天 {today}", call.called_on);
                return Err(TOO_EARLY.refuse(evidence).with("until", last.to_string()).into());
            }
            may_go_by_default(view, compound, &call, last).await?;
            Ok(Founded { dwellings: None, cap: None, digest: String::new() })
        }
    }
}

/// Whether the owners decided nothing between the call and the end of their time.
async fn may_go_by_default(
    view: &mut impl View,
    compound: CompoundId,
    call: &Call,
    last: Day,
) -> Result<()> {
    for round in governance::rounds(view, compound).await? {
        let Some(closed) = round.step(governance::Stage::Closed) else { continue };
        if closed.on < call.called_on || closed.on > last {
            continue;
        }
        for motion in round.motions.iter().filter(|m| m.rule.matter == Matter::RaiseFund) {
            if Resolution::of(view, compound, round.round_no, motion.motion_no).await.is_ok() {
                let evidence = format!(
                    "表决 {} 事项 {} 于 {} 通过：{}",
                    round.round_no, motion.motion_no, closed.on, motion.title
                );
                return Err(DECIDED.refuse(evidence).into());
            }
        }
    }
    Ok(())
}

fn target_of(asked: &Renewing, pack: &Pack) -> Result<Target, Refusal> {
    match (asked.target, pack.terms.renew_to.value) {
        (Some(target), _) => Ok(target),
        (None, RenewTo::ShareOfFirst { share, .. }) => Ok(Target::ShareOfFirst { share }),
        (None, RenewTo::StandardOfTheDay {}) => Ok(Target::StandardOfTheDay {}),
        (None, RenewTo::Voted { .. }) => Err(PLAN_SHAPE.refuse("未写目标，当地亦无默认")),
    }
}

fn due_days(asked: &Renewing, pack: &Pack) -> Result<Vec<Day>, Refusal> {
    let days = match pack.terms.renew_to.value {
        RenewTo::Voted { pay_within_days } | RenewTo::ShareOfFirst { pay_within_days, .. } => {
            pay_within_days.0
        }
        RenewTo::StandardOfTheDay {} => None,
    };
    let by_law = days.map(|days| asked.notified_on + Days::new(u64::from(days)));
    let first = asked.due_on.or(by_law).ok_or_else(|| DUE_DAY.refuse("未写应交日期"))?;
    may_be_day("应交日期", first)?;
    // Whoever pays by default has the law's days after the notice, and no fewer.
    let is_default = matches!(asked.basis, Basis::Default { .. });
    if first < asked.notified_on || (is_default && by_law.is_some_and(|by_law| first < by_law)) {
        let evidence = format!("通知日 {}，应交日期 {first}", asked.notified_on);
        return Err(PLAN_SHAPE.refuse(evidence));
    }
    let instalments = match asked.instalment {
        Instalment::LumpSum => None,
        Instalment::Monthly => Some(Instalments { count: asked.count, every: Every::Month }),
        Instalment::Quarterly => Some(Instalments { count: asked.count, every: Every::Quarter }),
    };
    Instalments::days(instalments, first).ok_or_else(|| PLAN_SHAPE.refuse("分期"))
}

/// A sum divided over the dwellings under the bar, to the fen.
fn divided(under: &[Under], total: Money, by: RenewalShare) -> Result<Vec<Money>, Refusal> {
    let weight = |u: &Under| match by {
        RenewalShare::Area => u.area.in_centi_m2().unsigned_abs(),
        RenewalShare::Shortfall => (u.first - u.balance).in_fen().unsigned_abs(),
    };
    let weights: Vec<u64> = under.iter().map(weight).collect();
    split(total, &weights).ok_or_else(|| PLAN_SHAPE.refuse("没有可据以分摊的面积或差额"))
}

/// Up to what each dwelling is filled.
pub(super) async fn goals(
    view: &mut impl View,
    compound: CompoundId,
    on: Day,
    pack: &Pack,
    target: Target,
    under: &[Under],
    roll: &[Dwelling],
) -> Result<Vec<Money>> {
    let registered = standards(view, compound).await?;
    let mut goals = Vec::with_capacity(under.len());
    for one in under {
        let goal = match target {
            Target::ShareOfFirst { share } => {
                let unrounded = share.of_yuan(one.first);
                unrounded.round(Rounding::HalfUpFen).map_err(|_| PLAN_SHAPE.refuse("目标"))?
            }
            Target::StandardOfTheDay {} => {
                let dwelling = roll.iter().find(|d| d.no == one.dwelling_no);
                let levied = dwelling.and_then(|d| levied_as(d).map(|levied| (d, levied)));
                match levied {
                    Some((d, levied)) => reckon(pack, &registered, d, levied, false, on)?.due,
                    None => Money::ZERO,
                }
            }
            Target::Total { .. } => Money::ZERO,
        };
        goals.push(goal);
    }
    Ok(goals)
}
