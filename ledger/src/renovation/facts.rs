//! What a renovation's steps say, taken together, and which step or payment they let through. No database, no clock.
//!
//! Always: the facts are what the steps say, in their order; a new plan lapses the vote and the review of the one before it; the
//! whole list of conditions is answered, each with evidence and remedy, and the first that is not met is the refusal's rule. A
//! gate is a count of votes, a sum of money, a day: never a word that somebody ticked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::step::*;
use super::{
    AGE, APPROVAL, CONSENT, DAY, DEMOLITION, IN_PLACE, LONG_TERM, NOT_STARTED, OWN, PLAN_BALANCE,
    POWER, REVIEW, ROUND_BACK, ROUND_DAY, SHAPE, SOURCE, STEP, UNFINISHED,
};
use crate::books::Role;
use crate::calendar::Day;
use crate::error::{Refusal, Rule};
use crate::governance::Matter;
use crate::id::{MatterNo, RenovationNo, StepNo};
use crate::money::Money;
use crate::policy::Pack;
use crate::policy::terms::{MilestoneOf, Poll};
use crate::subsidy;

/// A step as it was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its number.
    pub no: StepNo,
    /// When it was recorded.
    pub on: Day,
    /// Who.
    pub by_name: String,
    /// In which role.
    pub by_role: Role,
    /// Its digest.
    pub digest: String,
    /// What it says.
    pub step: Step,
}

/// One body of a step, with its step.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// Its number.
    pub no: StepNo,
    /// Who recorded it.
    pub by_name: String,
    /// In which role.
    pub by_role: Role,
    /// Its digest.
    pub digest: String,
    /// What it says.
    pub is: T,
}

/// What the owners decided, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What kind of matter.
    pub matter: Matter,
    /// What the motion named.
    pub plan: String,
    /// By area.
    pub area: Poll,
    /// By heads.
    pub heads: Poll,
    /// Whether it was carried by the law it was put to the vote under.
    pub is_carried: bool,
    /// The day of the result.
    pub passed_on: Day,
}

/// How far a renovation has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RenovationStage", description = "改造的阶段")]
pub enum Stage {
    /// 储备.
    #[schemars(description = "储备")]
    Reserved,
    /// 方案.
    #[schemars(description = "方案")]
    Planned,
    /// 已审查.
    #[schemars(description = "已审查")]
    Reviewed,
    /// 施工.
    #[schemars(description = "施工")]
    Underway,
    /// 已验收.
    #[schemars(description = "已验收")]
    Accepted,
    /// 已审计.
    #[schemars(description = "已审计")]
    Audited,
    /// 已评价.
    #[schemars(description = "已评价")]
    Evaluated,
    /// 已移交.
    #[schemars(description = "已移交")]
    HandedOver,
    /// 已撤回.
    #[schemars(description = "已撤回")]
    Withdrawn,
}

impl Stage {
    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Stage::Reserved => "储备",
            Stage::Planned => "方案",
            Stage::Reviewed => "已审查",
            Stage::Underway => "施工",
            Stage::Accepted => "已验收",
            Stage::Audited => "已审计",
            Stage::Evaluated => "已评价",
            Stage::HandedOver => "已移交",
            Stage::Withdrawn => "已撤回",
        }
    }
}

/// A renovation's facts.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its number.
    pub no: RenovationNo,
    /// The matter its costs are about.
    pub matter: MatterNo,
    /// As it was reserved.
    pub reserve: Reserve,
    /// When.
    pub reserved_on: Day,
    /// The last step.
    pub last: StepNo,
    /// 改造意愿.
    pub consent: Option<At<Vote>>,
    /// 长效管理.
    pub long_term: Option<At<LongTerm>>,
    /// 方案.
    pub plan: Option<At<Plan>>,
    /// 方案表决.
    pub approval: Option<At<Vote>>,
    /// 联合审查.
    pub review: Option<At<Review>>,
    /// 合同.
    pub contracts: Vec<At<Contract>>,
    /// 开工.
    pub start: Option<At<Start>>,
    /// 调度.
    pub rounds: Vec<At<Round>>,
    /// 验收.
    pub acceptance: Option<At<Acceptance>>,
    /// 审计.
    pub audit: Option<At<Audit>>,
    /// 评价.
    pub evaluation: Option<At<Evaluation>>,
    /// 移交.
    pub handover: Option<At<Handover>>,
    /// 撤回.
    pub withdrawn: Option<At<Withdrawal>>,
}

impl Facts {
    /// What the steps say.
    #[must_use]
    pub fn of(
        no: RenovationNo,
        matter: MatterNo,
        reserve: Reserve,
        reserved_on: Day,
        steps: &[Recorded],
    ) -> Facts {
        let mut facts = Facts {
            no,
            matter,
            reserve,
            reserved_on,
            last: StepNo(0),
            consent: None,
            long_term: None,
            plan: None,
            approval: None,
            review: None,
            contracts: Vec::new(),
            start: None,
            rounds: Vec::new(),
            acceptance: None,
            audit: None,
            evaluation: None,
            handover: None,
            withdrawn: None,
        };
        steps.iter().for_each(|step| facts.add(step));
        facts
    }

    fn add(&mut self, recorded: &Recorded) {
        fn at<T: Clone>(recorded: &Recorded, is: &T) -> At<T> {
            let Recorded { no, by_name, by_role, digest, .. } = recorded.clone();
            At { no, by_name, by_role, digest, is: is.clone() }
        }
        self.last = recorded.no;
        match &recorded.step {
            Step::Consent(is) => self.consent = Some(at(recorded, is)),
            Step::LongTerm(is) => self.long_term = Some(at(recorded, is)),
            Step::Plan(is) => {
                self.plan = Some(at(recorded, is));
                self.approval = None;
                self.review = None;
            }
            Step::Approval(is) => self.approval = Some(at(recorded, is)),
            Step::Review(is) => self.review = Some(at(recorded, is)),
            Step::Contract(is) => self.contracts.push(at(recorded, is)),
            Step::Start(is) => self.start = Some(at(recorded, is)),
            Step::Round(is) => self.rounds.push(at(recorded, is)),
            Step::Acceptance(is) => self.acceptance = Some(at(recorded, is)),
            Step::Audit(is) => self.audit = Some(at(recorded, is)),
            Step::Evaluation(is) => self.evaluation = Some(at(recorded, is)),
            Step::Handover(is) => self.handover = Some(at(recorded, is)),
            Step::Withdrawal(is) => self.withdrawn = Some(at(recorded, is)),
        }
    }

    /// How far it has come.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let passed = |review: &At<Review>| review.is.is_passed;
        if self.withdrawn.is_some() {
            Stage::Withdrawn
        } else if self.handover.is_some() {
            Stage::HandedOver
        } else if self.evaluation.is_some() {
            Stage::Evaluated
        } else if self.audit.is_some() {
            Stage::Audited
        } else if self.acceptance.as_ref().is_some_and(|a| a.is.is_passed) {
            Stage::Accepted
        } else if self.start.is_some() {
            Stage::Underway
        } else if self.review.as_ref().is_some_and(passed) {
            Stage::Reviewed
        } else if self.plan.is_some() {
            Stage::Planned
        } else {
            Stage::Reserved
        }
    }

    /// What a motion on the owners' willingness names.
    #[must_use]
    pub fn consent_name(&self) -> String {
        format!("改造 {} 意愿", self.no)
    }

    /// What a motion on the management afterwards names.
    #[must_use]
    pub fn long_term_name(&self) -> String {
        format!("改造 {} 长效管理", self.no)
    }

    /// What a motion on the plan names: its digest is part of it.
    #[must_use]
    pub fn plan_name(&self) -> Option<String> {
        let plan = self.plan.as_ref()?;
        Some(format!("改造 {} 方案 {}", self.no, plan.digest.get(..32).unwrap_or_default()))
    }
}

/// What is asked of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    rename = "RenovationAsked",
    description = "问什么：plan 可否定方案，start 可否开工，pay 可否付款，close 可否移交"
)]
pub enum Asked {
    /// Whether a plan may be made.
    #[schemars(description = "可否定方案")]
    Plan,
    /// Whether works may begin.
    #[schemars(description = "可否开工")]
    Start,
    /// Whether may be paid.
    #[schemars(description = "可否付款")]
    Pay,
    /// Whether it may be handed over.
    #[schemars(description = "可否移交")]
    Close,
}

/// What lies beside the steps.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// 改造意愿, counted.
    pub consent: Option<Counted>,
    /// 长效管理, counted.
    pub long_term: Option<Counted>,
    /// 方案表决, counted.
    pub approval: Option<Counted>,
    /// What of the planned money is there.
    pub in_place: Money,
    /// What was paid.
    pub paid: Money,
}

/// One condition: what it says, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationCondition", description = "一项条件的现状")]
pub struct Condition {
    /// The rule's code.
    #[schemars(description = "规则代码", example = &"renovation.consent")]
    pub code: String,
    /// What it says.
    #[schemars(description = "条件", example = &"参与率、同意率达到当地规定")]
    pub says: String,
    /// Whether it is met.
    #[schemars(description = "是否符合")]
    pub is_met: bool,
    /// What was found.
    #[schemars(description = "现状", example = &"参与 11 人、980.00 平方米")]
    pub evidence: String,
    /// What to do.
    #[schemars(description = "办法", example = &"继续征求意见")]
    pub remedy: String,
}

struct Judged(&'static Rule, Result<String, String>);

/// Every condition of what is asked, in their order.
#[must_use]
pub fn gate(pack: &Pack, facts: &Facts, scene: &Scene, asked: Asked) -> Vec<Condition> {
    let mut list = vec![old_enough(pack, facts), not_demolished(facts), willing(pack, scene)];
    list.push(managed_afterwards(facts, scene));
    if asked != Asked::Plan {
        list.extend([approved(facts, scene), reviewed(facts), in_place(pack, facts, scene)]);
    }
    if matches!(asked, Asked::Pay | Asked::Close) {
        list.push(started(facts));
    }
    if asked == Asked::Close {
        list.push(finished(facts, scene));
    }
    let told = |Judged(rule, found): Judged| {
        let is_met = found.is_ok();
        let evidence = found.unwrap_or_else(|why| why);
        let (code, says) = (rule.code.to_owned(), rule.rule.to_owned());
        Condition { code, says, is_met, evidence, remedy: rule.remedy.to_owned() }
    };
    list.into_iter().map(told).collect()
}

/// Passes the gate, or refuses by the first condition that is not met.
///
/// # Errors
/// The rule of that condition.
pub fn pass(list: &[Condition]) -> Result<(), Refusal> {
    let Some(unmet) = list.iter().find(|condition| !condition.is_met) else { return Ok(()) };
    let rule = super::RULES.iter().find(|rule| rule.code == unmet.code);
    let rule = rule.copied().unwrap_or(&STEP);
    Err(rule.refuse(unmet.evidence.clone()))
}

fn old_enough(pack: &Pack, facts: &Facts) -> Judged {
    let (built, until) = (facts.reserve.built_on, pack.terms.renovation.built_until);
    let told = format!("{built} 建成，列入改造的须在 {until} 之前建成");
    Judged(&AGE, if built <= until { Ok(told) } else { Err(told) })
}

fn not_demolished(facts: &Facts) -> Judged {
    let found = if facts.reserve.is_to_be_demolished {
        Err("已列入征收、拆除或棚户区改造".to_owned())
    } else {
        Ok("未列入征收、拆除".to_owned())
    };
    Judged(&DEMOLITION, found)
}

fn told(counted: &Counted) -> String {
    let Counted { area, heads, passed_on, .. } = counted;
    let m2 = |centi| crate::measure::Area::centi_m2(centi).to_string();
    format!(
        "{passed_on}：应参与 {} 人 {} 平方米，参与 {} 人 {} 平方米，同意 {} 人 {} 平方米",
        heads.whole,
        m2(area.whole),
        heads.attended,
        m2(area.attended),
        heads.approved,
        m2(area.approved)
    )
}

fn willing(pack: &Pack, scene: &Scene) -> Judged {
    let Some(counted) = &scene.consent else {
        return Judged(&CONSENT, Err("尚无改造意愿的表决".to_owned()));
    };
    let outcome = pack.terms.renovation.consent.judge(counted.area, counted.heads);
    let told = told(counted);
    Judged(&CONSENT, if outcome.is_carried { Ok(told) } else { Err(told) })
}

fn managed_afterwards(facts: &Facts, scene: &Scene) -> Judged {
    let found = match (&facts.long_term, &scene.long_term) {
        (Some(agreed), Some(counted)) if counted.is_carried => {
            Ok(format!("{}；{}", agreed.is.mode.in_chinese(), told(counted)))
        }
        (Some(_), Some(counted)) => Err(told(counted)),
        _ => Err("尚未约定长效管理".to_owned()),
    };
    Judged(&LONG_TERM, found)
}

fn approved(facts: &Facts, scene: &Scene) -> Judged {
    let found = match (&facts.plan, &facts.approval, &scene.approval) {
        (None, ..) => Err("尚无方案".to_owned()),
        (Some(_), Some(_), Some(counted)) if counted.is_carried => Ok(told(counted)),
        (Some(_), Some(_), Some(counted)) => Err(told(counted)),
        _ => Err("现行方案尚未表决".to_owned()),
    };
    Judged(&APPROVAL, found)
}

fn reviewed(facts: &Facts) -> Judged {
    let found = match &facts.review {
        Some(review) if review.is.is_passed => {
            Ok(format!("{} {}联合审查通过", review.is.on, review.is.departments))
        }
        Some(review) => Err(format!("{} 联合审查未通过", review.is.on)),
        None => Err("现行方案尚未联合审查".to_owned()),
    };
    Judged(&REVIEW, found)
}

/// The money of a plan: everything but what is valued.
#[must_use]
pub fn money_of(plan: &Plan) -> Money {
    let is_money = |source: &&PlannedSource| source.kind.channel() != Channel::Valued;
    plan.sources.iter().filter(is_money).map(|source| source.planned_fen).sum()
}

fn in_place(pack: &Pack, facts: &Facts, scene: &Scene) -> Judged {
    let Some(plan) = &facts.plan else {
        return Judged(&IN_PLACE, Err("尚无方案".to_owned()));
    };
    let (planned, there) = (money_of(&plan.is), scene.in_place);
    let bar = pack.terms.renovation.in_place;
    let told = format!("计划 {} 元，已到位 {} 元，须 {bar}", planned.grouped(), there.grouped());
    let is_there = bar.holds(there.in_fen(), planned.in_fen());
    // What was there at the start was spent since.
    let is_met = is_there || facts.start.is_some();
    Judged(&IN_PLACE, if is_met { Ok(told) } else { Err(told) })
}

fn started(facts: &Facts) -> Judged {
    let found = match &facts.start {
        Some(start) => Ok(format!("{} 开工", start.is.on)),
        None => Err("尚未开工".to_owned()),
    };
    Judged(&NOT_STARTED, found)
}

fn finished(facts: &Facts, scene: &Scene) -> Judged {
    let mut lacking = Vec::new();
    if !facts.acceptance.as_ref().is_some_and(|a| a.is.is_passed) {
        lacking.push("联合验收".to_owned());
    }
    match &facts.audit {
        None => lacking.push("决算审计".to_owned()),
        Some(audit) if audit.is.amount_fen != scene.paid => lacking.push(format!(
            "付清（审定 {} 元，已付 {} 元）",
            audit.is.amount_fen.grouped(),
            scene.paid.grouped()
        )),
        Some(_) => {}
    }
    if facts.evaluation.is_none() {
        lacking.push("绩效评价".to_owned());
    }
    let found = if lacking.is_empty() {
        Ok("已验收、审计、付清、评价".to_owned())
    } else {
        Err(format!("尚缺 {}", lacking.join("、")))
    };
    Judged(&UNFINISHED, found)
}

/// Who may record a step.
fn seats(step: &Step) -> &'static [Role] {
    const OFFICES: &[Role] = &[Role::StreetOffice, Role::HousingAuthority];
    const OWNERS: &[Role] = &[Role::OwnersCommittee, Role::StreetOffice, Role::HousingAuthority];
    const WORKING: &[Role] =
        &[Role::PropertyCompany, Role::OwnersCommittee, Role::StreetOffice, Role::HousingAuthority];
    match step {
        Step::Consent(_) | Step::LongTerm(_) | Step::Approval(_) | Step::Acceptance(_) => OWNERS,
        Step::Review(_) | Step::Start(_) | Step::Audit(_) | Step::Evaluation(_) => OFFICES,
        Step::Withdrawal(_) => OFFICES,
        _ => WORKING,
    }
}

/// Whether a step may be recorded: by whom, when, in which place of the course, and whether it is fit.
///
/// # Errors
/// `renovation.power`, `renovation.step`, `renovation.day`, `renovation.shape`, `renovation.plan-unbalanced`,
/// `renovation.source`, `renovation.own-review`, `renovation.round-day`, `renovation.round-backwards`,
/// `renovation.unfinished`; the gate's own are asked for apart.
pub fn may_be_recorded(
    pack: &Pack,
    facts: &Facts,
    step: &Step,
    (name, role): (&str, Role),
    today: Day,
) -> Result<(), Refusal> {
    if role != Role::Operator && !seats(step).contains(&role) {
        let told = format!("{}登记“{}”", role.in_chinese(), step.in_chinese());
        return Err(POWER.refuse(told));
    }
    in_course(facts, step)?;
    if let Some(on) = day_of(step)
        && (on > today || on < facts.reserved_on)
    {
        let told = format!("{on}：列入储备 {}，今天 {today}", facts.reserved_on);
        return Err(DAY.refuse(told));
    }
    if let Some((on, (what, earliest))) = day_of(step).zip(comes_after(facts, step))
        && on < earliest
    {
        let told = format!("{} {on}：{what} {earliest}", step.in_chinese());
        return Err(DAY.refuse(told));
    }
    let text = |what: &str, words: &str| {
        subsidy::may_be_text(what, words).map_err(|refusal| match refusal.rule.code {
            "subsidy.shape" => SHAPE.refuse(refusal.evidence),
            _ => refusal,
        })
    };
    match step {
        Step::Consent(_) | Step::Approval(_) => Ok(()),
        Step::LongTerm(agreed) => {
            text("补建或续筹", &agreed.top_up)?;
            if (0..=100_000).contains(&agreed.fee_fen_per_m2) {
                return Ok(());
            }
            Err(SHAPE.refuse("物业费须在 0 至 1,000 元/平方米·月之间"))
        }
        Step::Plan(plan) => may_be_plan(plan, &text),
        Step::Review(review) => {
            text("参加部门", &review.departments)?;
            text("凭据", &review.evidence)?;
            may_be_reviewed(facts, review, name, role)
        }
        Step::Contract(contract) => {
            text("施工单位", &contract.contractor)?;
            text("凭据", &contract.evidence)?;
            may_be_signed(facts, contract)
        }
        Step::Start(start) => text("凭据", &start.evidence),
        Step::Round(round) => may_be_round(pack, facts, round),
        Step::Acceptance(acceptance) => {
            text("凭据", &acceptance.evidence)?;
            may_be_accepted(pack, facts, acceptance)
        }
        Step::Audit(audit) => {
            text("审计单位", &audit.auditor)?;
            text("凭据", &audit.evidence)?;
            let fits = audit.amount_fen.is_positive() && audit.amount_fen.is_within_limit();
            if fits { Ok(()) } else { Err(SHAPE.refuse("审定金额须大于零")) }
        }
        Step::Evaluation(evaluation) => {
            text("凭据", &evaluation.evidence)?;
            let fits = |n: i32| (0..=10_000).contains(&n);
            if fits(evaluation.score_e2) && fits(evaluation.content_bp) {
                return Ok(());
            }
            Err(SHAPE.refuse("得分与满意率须在 0 至 100 之间"))
        }
        Step::Handover(handover) => handover.records.iter().try_for_each(|kept| {
            text("养护人", &kept.keeper)?;
            let until = kept.warranty_until_on;
            if until >= handover.on {
                return Ok(());
            }
            let told = format!("内容 {} 的保修期至 {until}，移交 {}", kept.content_no, handover.on);
            Err(DAY.refuse(told))
        }),
        Step::Withdrawal(withdrawal) => text("原因", &withdrawal.reason),
    }
}

/// What a step cannot be earlier than, and when that was.
fn comes_after(facts: &Facts, step: &Step) -> Option<(&'static str, Day)> {
    let reviewed = || facts.review.as_ref().map(|review| ("联合审查", review.is.on));
    let begun = || facts.start.as_ref().map(|start| ("开工", start.is.on));
    let accepted = || facts.acceptance.as_ref().map(|acceptance| ("联合验收", acceptance.is.on));
    match step {
        Step::Contract(_) | Step::Start(_) => reviewed(),
        Step::Acceptance(_) => begun(),
        Step::Audit(_) | Step::Evaluation(_) | Step::Handover(_) => accepted(),
        _ => None,
    }
}

fn day_of(step: &Step) -> Option<Day> {
    match step {
        Step::Review(is) => Some(is.on),
        Step::Contract(is) => Some(is.signed_on),
        Step::Start(is) => Some(is.on),
        Step::Round(is) => Some(is.on),
        Step::Acceptance(is) => Some(is.on),
        Step::Audit(is) => Some(is.on),
        Step::Evaluation(is) => Some(is.on),
        Step::Handover(is) => Some(is.on),
        _ => None,
    }
}

/// Whether a step has its place now.
fn in_course(facts: &Facts, step: &Step) -> Result<(), Refusal> {
    let stage = facts.stage();
    let is_accepted = facts.acceptance.as_ref().is_some_and(|a| a.is.is_passed);
    let fits = match step {
        Step::Consent(_) | Step::LongTerm(_) => facts.start.is_none(),
        Step::Plan(_) => facts.review.as_ref().is_none_or(|review| !review.is.is_passed),
        Step::Approval(_) | Step::Review(_) => {
            facts.plan.is_some() && facts.review.as_ref().is_none_or(|r| !r.is.is_passed)
        }
        Step::Contract(_) => stage >= Stage::Reviewed && !is_accepted,
        Step::Start(_) => stage == Stage::Reviewed && !facts.contracts.is_empty(),
        Step::Round(_) | Step::Acceptance(_) => facts.start.is_some() && !is_accepted,
        Step::Audit(_) => is_accepted && facts.audit.is_none(),
        Step::Evaluation(_) => facts.audit.is_some() && facts.evaluation.is_none(),
        Step::Handover(_) => facts.start.is_some(),
        Step::Withdrawal(_) => facts.start.is_none(),
    };
    let is_over = matches!(stage, Stage::Withdrawn | Stage::HandedOver);
    if fits && !is_over {
        return Ok(());
    }
    Err(STEP.refuse(format!("现为“{}”，不能登记“{}”", stage.in_chinese(), step.in_chinese())))
}

type TextRule<'a> = &'a dyn Fn(&str, &str) -> Result<(), Refusal>;

fn may_be_plan(plan: &Plan, text: TextRule<'_>) -> Result<(), Refusal> {
    let counts = (plan.contents.len(), plan.sources.len());
    if !(1..=500).contains(&counts.0) || !(1..=40).contains(&counts.1) {
        return Err(SHAPE.refuse(format!("{} 项内容，{} 项来源", counts.0, counts.1)));
    }
    if plan.finishes_on < plan.starts_on {
        return Err(SHAPE.refuse(format!("{} 开工，{} 完工", plan.starts_on, plan.finishes_on)));
    }
    let fits = |fen: Money| fen.is_positive() && fen.is_within_limit();
    let amounts = plan.contents.iter().map(|c| c.budget_fen);
    let amounts = amounts.chain(plan.sources.iter().map(|s| s.planned_fen));
    if let Some(wrong) = amounts.into_iter().find(|fen| !fits(*fen)) {
        return Err(SHAPE.refuse(format!("金额 {} 元", wrong.grouped())));
    }
    for content in &plan.contents {
        text("内容", &content.name)?;
    }
    plan.sources.iter().try_for_each(|source| may_be_source(source, text))?;
    let funds = plan.sources.iter().filter(|s| s.kind.channel() == Channel::Fund).count();
    if funds > 1 {
        return Err(SOURCE.refuse("维修资金（含补建、续筹）只列一项"));
    }
    let cost: Money = plan.contents.iter().map(|content| content.budget_fen).sum();
    let money = money_of(plan);
    if cost != money {
        let told = format!("内容合计 {} 元，来源合计 {} 元", cost.grouped(), money.grouped());
        return Err(PLAN_BALANCE.refuse(told).with("gap_fen", (cost - money).in_fen()));
    }
    Ok(())
}

/// Each source's own condition, as far as a plan shows it.
fn may_be_source(source: &PlannedSource, text: TextRule<'_>) -> Result<(), Refusal> {
    let kind = source.kind;
    let items: Vec<_> =
        source.items.iter().map(|name| (name, subsidy::content::item(name))).collect();
    if let Some((strange, _)) = items.iter().find(|(_, item)| item.is_none()) {
        let shown: String = strange.chars().take(40).collect();
        return Err(SOURCE.refuse(format!("{}：内容目录没有 {shown:?}", kind.in_chinese())));
    }
    let is_named = matches!(kind, SourceKind::Loan | SourceKind::Bond | SourceKind::Utility);
    if is_named || !source.who.is_empty() {
        if source.who.trim().is_empty() {
            let told = match kind {
                SourceKind::Loan => "融资须写明债务人，不得新增政府隐性债务",
                SourceKind::Bond => "专项债券须写明偿债的项目收益",
                _ => "须写明专业经营单位",
            };
            return Err(SOURCE.refuse(told));
        }
        text("出资人", &source.who)?;
    }
    let government = ["政府", "财政局", "街道办"];
    if kind == SourceKind::Loan && government.iter().any(|word| source.who.contains(word)) {
        return Err(SOURCE.refuse(format!("融资的债务人为{}：不得新增政府隐性债务", source.who)));
    }
    Ok(())
}

fn may_be_reviewed(facts: &Facts, review: &Review, name: &str, role: Role) -> Result<(), Refusal> {
    let Some(plan) = &facts.plan else { return Err(REVIEW.refuse("尚无方案")) };
    if review.digest.trim() != plan.digest {
        return Err(STEP
            .refuse(format!("现行方案的摘要 {}", plan.digest))
            .with("digest", plan.digest.clone()));
    }
    if role != Role::Operator && (plan.by_name == name || plan.by_role == role) {
        return Err(OWN.refuse(format!("方案与审查同为{}", role.in_chinese())));
    }
    Ok(())
}

fn may_be_signed(facts: &Facts, contract: &Contract) -> Result<(), Refusal> {
    let signed: Money = facts.contracts.iter().map(|c| c.is.price_fen).sum();
    let planned = facts.plan.as_ref().map_or(Money::ZERO, |plan| money_of(&plan.is));
    let price = contract.price_fen;
    let fits = price.is_positive() && price.is_within_limit();
    if fits && signed + price <= planned {
        return Ok(());
    }
    let told = format!(
        "方案 {} 元，已签 {} 元，本次 {} 元",
        planned.grouped(),
        signed.grouped(),
        price.grouped()
    );
    Err(PLAN_BALANCE.refuse(told))
}

fn may_be_round(pack: &Pack, facts: &Facts, round: &Round) -> Result<(), Refusal> {
    use chrono::Datelike as _;
    let days = &pack.terms.renovation.report_days;
    let is_day = days.iter().any(|day| u32::from(*day) == round.on.day());
    let is_known = facts.rounds.iter().any(|known| known.is.on == round.on);
    let is_before = facts.start.as_ref().is_some_and(|start| round.on < start.is.on);
    if !is_day || is_known || is_before {
        let told: Vec<String> = days.iter().map(|day| format!("{day} 日")).collect();
        let why = if is_known { "，已登记" } else { "" };
        return Err(ROUND_DAY.refuse(format!("{}{why}；每月 {}", round.on, told.join("、"))));
    }
    if round.note.chars().count() > 400 || round.note.chars().any(char::is_control) {
        return Err(SHAPE.refuse("存在的问题不超过 400 字"));
    }
    crate::seal::may_stand_in_clear("存在的问题", &round.note)?;
    let all = facts.reserve.households;
    let (started, done) = (round.started_households, round.finished_households);
    let before = facts.rounds.iter().filter(|known| known.is.on < round.on);
    let (least_started, least_done) = before.fold((0, 0), |(a, b), known| {
        (a.max(known.is.started_households), b.max(known.is.finished_households))
    });
    if (least_started..=all).contains(&started) && (least_done..=started).contains(&done) {
        return Ok(());
    }
    let told = format!(
        "共 {all} 户，上次开工 {least_started}、完工 {least_done}，本次开工 {started}、完工 {done}"
    );
    Err(ROUND_BACK.refuse(told))
}

fn may_be_accepted(pack: &Pack, facts: &Facts, acceptance: &Acceptance) -> Result<(), Refusal> {
    let wanted = &pack.terms.renovation.acceptance;
    let lacking: Vec<&str> = wanted
        .iter()
        .filter(|party| !acceptance.parties.contains(party))
        .map(|party| party.in_chinese())
        .collect();
    if !acceptance.is_passed {
        return Ok(());
    }
    if !lacking.is_empty() {
        return Err(UNFINISHED.refuse(format!("验收单尚缺 {}", lacking.join("、"))));
    }
    let last = facts.rounds.iter().max_by_key(|round| round.is.on);
    let (all, done) = (facts.reserve.households, last.map(|round| round.is.finished_households));
    match done.filter(|done| *done < all) {
        None => Ok(()),
        Some(done) => {
            Err(UNFINISHED.refuse(format!("最近一次调度完工 {done} 户，共 {all} 户：先登记调度")))
        }
    }
}

/// How a milestone stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationMilestone", description = "一个节点")]
pub struct MilestoneStanding {
    /// What.
    #[schemars(description = "节点", example = &"开工户数 >= 25%")]
    pub milestone: String,
    /// By when.
    #[schemars(description = "期限")]
    pub by_on: Day,
    /// The day it was met.
    #[schemars(description = "达到之日：未达到的没有")]
    pub met_on: Option<Day>,
    /// Whether it is overdue.
    #[schemars(description = "是否逾期", example = false)]
    pub is_overdue: bool,
}

/// The milestones of the year of the plan's start, and the days of reporting that were missed.
#[must_use]
pub fn clocks(pack: &Pack, facts: &Facts, today: Day) -> (Vec<MilestoneStanding>, Vec<Day>) {
    use chrono::Datelike as _;
    let terms = &pack.terms.renovation;
    let Some(plan) = &facts.plan else { return (Vec::new(), Vec::new()) };
    let all = i64::from(facts.reserve.households);
    let standing = terms.milestones.iter().filter_map(|milestone| {
        let (month, day) = (u32::from(milestone.by.month), u32::from(milestone.by.day));
        let by_on = Day::from_ymd_opt(plan.is.starts_on.year(), month, day)?;
        let reached = |of: fn(&Round) -> i32| {
            let met = |round: &&At<Round>| milestone.share.holds(i64::from(of(&round.is)), all);
            facts.rounds.iter().filter(met).map(|round| round.is.on).min()
        };
        let (word, met_on) = match milestone.of {
            MilestoneOf::Started => ("开工户数", reached(|round| round.started_households)),
            MilestoneOf::Finished => ("完工户数", reached(|round| round.finished_households)),
            MilestoneOf::Evaluated => ("绩效评价", facts.evaluation.as_ref().map(|e| e.is.on)),
        };
        let is_overdue = met_on.map_or(today > by_on, |met| met > by_on);
        let milestone = format!("{word} {}", milestone.share);
        Some(MilestoneStanding { milestone, by_on, met_on, is_overdue })
    });
    let standing = standing.collect();
    let missed = facts.start.as_ref().map_or_else(Vec::new, |start| {
        let until = facts.acceptance.as_ref().map_or(today, |accepted| accepted.is.on.min(today));
        let is_day = |day: &Day| terms.report_days.iter().any(|d| u32::from(*d) == day.day());
        let is_missing = |day: &Day| !facts.rounds.iter().any(|round| round.is.on == *day);
        let days = start.is.on.iter_days().take_while(|day| *day < until);
        days.filter(is_day).filter(is_missing).collect()
    });
    (standing, missed)
}
