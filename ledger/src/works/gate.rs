//! The gate (支取条件): whether money may leave the fund, predicate by predicate, with article, evidence and remedy.
//!
//! Owns: [`Finding`], [`gate`], one rule a predicate ([`RULES`]). Knows no database: facts in, the whole list out.
//!
//! Always: every predicate the pack has for the path is judged, whatever the others say; the same list is what the office
//! decides on, what the owner reads under 为什么不能支取, and what refuses a payment. A bound is the pack's. What cannot be
//! judged is said to be so and does not pass. Never: a predicate waived, a figure rounded before it is compared.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caps::{is_review_spared, room};
use super::days::{self, Clock};
use super::facts::{At, By, Facts};
use super::share::Draws;
use super::step::*;
use crate::allocation::Why;
use crate::books::Role;
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Rule};
use crate::id::DwellingNo;
use crate::money::Money;
use crate::policy::terms::{EmergencyOrder, NoticeKind, Power};
use crate::policy::{Evidence, Pack, Path, Predicate};

macro_rules! rules {
    ($($name:ident $predicate:ident $kind:ident $code:literal $rule:literal $remedy:literal;)*) => {
        $(static $name: Rule = Rule { code: $code, kind: Answer::$kind, rule: $rule, remedy: $remedy };)*
        /// A rule a predicate, in the order the gate lists them.
        pub static RULES: &[&Rule] = &[$(&$name),*];
        /// The predicate's rule.
        fn rule_of(predicate: Predicate) -> &'static Rule {
            match predicate { $(Predicate::$predicate => &$name,)* }
        }
    };
}

rules! {
    COMMON_PART CommonPart Refused "gate.common-part"
        "维修资金只用于共用部位、共用设施设备（165号令第二、三条）" "改列属于共用部分的项目";
    WARRANTY_OVER WarrantyOver Refused "gate.warranty-over"
        "维修资金用于保修期满后的维修、更新、改造（165号令第二条）" "保修期内的，要求建设单位或施工单位保修";
    PAYABLE Payable Refused "gate.payable"
        "依法由他人承担的费用不得列支（165号令第二十五条），须逐类核查" "向责任单位或责任人追偿，从方案中剔除该费用";
    ASSEMBLY_REPORTED AssemblyReported Refused "gate.assembly-reported"
        "建设单位提交业主大会筹备材料之前不得使用维修资金" "由建设单位先提交材料";
    NOT_BLOCKED NotBlocked Refused "gate.not-blocked"
        "分户余额低于停用界限的，除应急外不得使用" "先续交至界限以上";
    PLAN_POSTED PlanPosted Refused "gate.plan-posted"
        "使用方案须在表决前公示满规定天数，异议均已答复" "公示满规定天数后再表决，并答复异议";
    VOTED Voted Refused "gate.voted"
        "列支范围内的业主须按规定比例同意本方案（民法典第二百七十八条）" "补足参与或同意，或修改方案重新表决";
    EMERGENCY_WITNESSED EmergencyWitnessed Refused "gate.emergency-witnessed"
        "应急使用须由规定的单位确认或证明" "请规定的单位现场查看并出具确认或证明";
    WITHIN_EMERGENCY_CAP WithinEmergencyCap Refused "gate.within-emergency-cap"
        "应急使用不得超过当地限额" "超过部分按一般程序表决";
    RESULT_POSTED ResultPosted Refused "gate.result-posted"
        "表决结果须公示满规定天数，异议均已答复" "公示满规定天数，并答复异议";
    OFFICE_DECIDED OfficeDecided Refused "gate.office-decided"
        "须由有权限的单位审批，应备案的已备案（165号令第二十二、二十三条）" "提交申请材料，等候审批或备案";
    CONTRACTED Contracted Refused "gate.contracted"
        "施工合同须由规定的各方签订" "补签合同，各方签字盖章";
    IN_ORDER InOrder Refused "gate.in-order"
        "公示、表决、批准、合同、开工、竣工、验收、审价、决算、付款的日期须先后相接" "核对并更正日期，补齐所缺的环节";
    PAYS_CONTRACTOR PaysContractor Refused "gate.pays-contractor"
        "款项只付给合同约定的维修单位及其账户（165号令第二十二、二十三条）" "把收款人、账号改为合同中的";
    WITHIN_CAPS WithinCaps Refused "gate.within-caps"
        "首付、审价前、总额与质量保证金均不得超过限额" "减少本次付款，或待审价、验收、保修期满后再付";
    WITHIN_BUDGET WithinBudget Refused "gate.within-budget"
        "超出批准预算的，须在当地允许的幅度之内" "按超支修改方案，重新表决和审批";
    AUDITED Audited Refused "gate.audited"
        "规定须审价的决算须已审价" "委托有资质的机构审价";
    SETTLEMENT_POSTED SettlementPosted Refused "gate.settlement-posted"
        "应急维修的决算与分摊须公示满规定天数" "公示满规定天数后再付";
    SHARES_EXACT SharesExact Refused "gate.shares-exact"
        "各户分摊之和须等于应分摊金额，分毫不差" "按列支范围重新计算分摊；付款过小的并入下一笔";
    BALANCES_SUFFICE BalancesSuffice Refused "gate.balances-suffice"
        "每户列支不得超过其可用余额，不足部分须已由业主交来" "向余额不足的业主收取差额，或缩减方案";
    FOUR_EYES FourEyes Forbidden "gate.four-eyes"
        "任何人、任何单位不得决定自己的申请" "由另一单位的另一人决定";
    NO_CONFLICT NoConflict Refused "gate.no-conflict"
        "决定者与施工单位的利害关系须已申报，有利害关系的须回避" "申报关系并回避，或更换施工单位";
}

/// How a predicate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "GateState", description = "条件的状态")]
pub enum State {
    /// It is so.
    #[schemars(description = "符合")]
    Holds,
    /// It is not.
    #[schemars(description = "不符合")]
    Fails,
    /// Its time has not come.
    #[schemars(description = "未到此步")]
    Later,
    /// It cannot be judged.
    #[schemars(description = "无法核实：不予放行")]
    Unverified,
}

impl State {
    /// The word people read.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            State::Holds => "符合",
            State::Fails => "不符合",
            State::Later => "未到此步",
            State::Unverified => "无法核实",
        }
    }
}

/// A predicate, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GateFinding", description = "一个支取条件及其现状")]
pub struct Finding {
    /// Which.
    #[schemars(description = "条件")]
    pub predicate: Predicate,
    /// What it asks, in a few words.
    #[schemars(description = "简称", example = &"业主已表决同意")]
    pub title: String,
    /// How it stands.
    #[schemars(description = "状态")]
    pub state: State,
    /// What was found.
    #[schemars(description = "现状", example = &"表决 1 事项 1 于 2026-02-01 通过")]
    pub evidence: String,
    /// The dwellings it is about; not shown to other owners.
    #[schemars(description = "所涉房屋：业主查看时不列")]
    pub rooms: Vec<String>,
    /// What the law says.
    #[schemars(description = "规定", example = &"列支范围内的业主已按规定比例同意")]
    pub says: String,
    /// Its article.
    #[schemars(description = "条文", example = &"165号令 第二十二、二十三条")]
    pub article: String,
    /// How sure the article is.
    #[schemars(description = "依据是否核对")]
    pub sure: Evidence,
    /// What the reader can do as it stands; empty where it holds.
    #[schemars(description = "办法：按现状所须做的；符合的为空", example = &"补足参与或同意的面积与人数")]
    pub remedy: String,
    /// The pack it is from.
    #[schemars(description = "政策包", example = &"100000@2021-01")]
    pub pack: String,
}

/// What is asked of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "GateAsked", description = "问的是什么：approve 可否批准，pay 可否付款")]
pub enum Asked {
    /// Whether the application may be approved.
    #[schemars(description = "可否批准")]
    Approve,
    /// Whether a payment may be made.
    #[schemars(description = "可否付款")]
    Pay,
}

/// What is measured at the moment of asking, beside what the steps say.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What is asked.
    pub asked: Asked,
    /// Today.
    pub today: Day,
    /// The day of the payment, where one is made.
    pub paid_on: Option<Day>,
    /// The request of payment, where one is.
    pub request: Option<At<PaymentRequest>>,
    /// Who is about to decide.
    pub decider: Option<By>,
    /// How what is at stake would be shared; why it cannot be.
    pub draws: Result<Draws, Refusal>,
    /// The dwellings whose owners must have voted.
    pub voters: BTreeSet<DwellingNo>,
    /// The rooms whose balance is below the line that blocks ordinary use.
    pub below: Vec<String>,
    /// What other emergencies have taken or hold.
    pub other_emergencies: Money,
    /// The first deposits of the compound.
    pub first_deposits: Money,
}

/// What was found of one predicate.
struct Verdict {
    state: State,
    evidence: String,
    rooms: Vec<String>,
    /// What to do about it as it stands; the pack's remedy where that says it all.
    remedy: Option<String>,
}

impl Verdict {
    fn of(state: State, evidence: impl Into<String>) -> Verdict {
        Verdict { state, evidence: evidence.into(), rooms: Vec::new(), remedy: None }
    }

    /// With what to do about it, if it does not hold.
    fn by(mut self, remedy: impl Into<String>) -> Verdict {
        if self.state != State::Holds {
            self.remedy = Some(remedy.into());
        }
        self
    }

    fn about(self, rooms: Vec<String>) -> Verdict {
        Verdict { rooms, ..self }
    }
}

fn holds(evidence: impl Into<String>) -> Verdict {
    Verdict::of(State::Holds, evidence)
}

fn fails(evidence: impl Into<String>) -> Verdict {
    Verdict::of(State::Fails, evidence)
}

fn later(evidence: impl Into<String>) -> Verdict {
    Verdict::of(State::Later, evidence)
}

fn judged(is_so: bool, evidence: impl Into<String>) -> Verdict {
    if is_so { holds(evidence) } else { fails(evidence) }
}

/// Judges every predicate the pack has for the project's path.
#[must_use]
pub fn gate(pack: &Pack, facts: &Facts, scene: &Scene) -> Vec<Finding> {
    let judge = |ruled: &crate::policy::Ruled<crate::policy::PredicateText>| {
        let predicate = ruled.name;
        let Verdict { state, evidence, rooms, remedy } = judge(predicate, pack, facts, scene);
        let remedy = match (state, remedy) {
            (State::Holds, _) => String::new(),
            (_, Some(remedy)) => remedy,
            (State::Later, None) => "按程序办到这一步时再核对，现在不必处理".to_owned(),
            (State::Fails | State::Unverified, None) => ruled.remedy.clone(),
        };
        Finding {
            predicate,
            title: predicate.in_chinese().to_owned(),
            state,
            evidence,
            rooms,
            says: ruled.says.clone(),
            article: ruled.article.clone(),
            sure: ruled.evidence,
            remedy,
            pack: ruled.pack.to_string(),
        }
    };
    pack.gate(facts.project.proposal.path).map(judge).collect()
}

/// SHA-256 over the project, its plan and application, what was paid, and every condition as it stands: what a printed list
/// is told by. The same state prints the same; a changed one does not.
#[must_use]
pub fn digest(facts: &Facts, findings: &[Finding]) -> String {
    use sha2::Digest as _;
    let mut said = vec![format!("项目 {} {}", facts.no(), facts.project.proposal.title.trim())];
    let application = facts.application.as_ref().map(|application| application.digest.as_str());
    let plan = facts.plan.as_ref().map(|plan| plan.digest.as_str());
    said.extend([application, plan].into_iter().flatten().map(|digest| format!("sha256:{digest}")));
    said.push(format!("已付 {} 其中维修资金 {}", facts.paid_so_far(), facts.paid_by_fund()));
    said.extend(findings.iter().map(|finding| {
        let (name, state) = (finding.predicate.name(), finding.state.in_chinese());
        format!("{name} {state} {}", finding.evidence)
    }));
    crate::journal::text::hex(&sha2::Sha256::digest(said.join("\n").as_bytes()))
}

/// What may still be ahead when a payment is made: a first payment comes before the final account.
const AHEAD: [Predicate; 3] =
    [Predicate::Audited, Predicate::WithinBudget, Predicate::SettlementPosted];

/// Whether a finding stands in the way.
#[must_use]
pub fn is_in_the_way(finding: &Finding, asked: Asked) -> bool {
    match finding.state {
        State::Holds => false,
        State::Fails | State::Unverified => true,
        State::Later => asked == Asked::Pay && !AHEAD.contains(&finding.predicate),
    }
}

/// Lets through, or refuses by the first predicate that stands in the way, with the whole list.
///
/// # Errors
/// `gate.*`.
pub fn pass(findings: &[Finding], asked: Asked) -> Result<(), Refusal> {
    let Some(first) = findings.iter().find(|finding| is_in_the_way(finding, asked)) else {
        return Ok(());
    };
    let many = findings.iter().filter(|finding| is_in_the_way(finding, asked)).count();
    let rooms = if first.rooms.is_empty() {
        String::new()
    } else {
        format!("（{}）", first.rooms.join("、"))
    };
    let more = if many > 1 { format!("；共 {many} 项不符") } else { String::new() };
    let evidence = format!("{}{rooms}（{}）{more}", first.evidence, first.article);
    let refusal = rule_of(first.predicate).refuse(evidence).with("article", first.article.as_str());
    let told = serde_json::to_value(findings).unwrap_or_default();
    Err(refusal.with("findings", told).remedied(first.remedy.as_str()))
}

/// What each office must have done: its power, the seats that hold it, its name.
#[must_use]
pub fn needed(pack: &Pack, facts: &Facts) -> Vec<(Power, &'static [Role], &'static str)> {
    const AUTHORITY: &[Role] = &[Role::StreetOffice, Role::HousingAuthority];
    let powers = &pack.terms.use_powers;
    let proposal = &facts.project.proposal;
    match proposal.held_by {
        // The committee did not act: the authority decides by itself.
        _ if proposal.is_on_behalf => vec![(Power::Approval, AUTHORITY, "主管部门")],
        HeldBy::Authority => vec![(powers.authority_before, AUTHORITY, "主管部门")],
        HeldBy::Assembly => vec![
            (powers.committee_after, &[Role::OwnersCommittee], "业主委员会"),
            (powers.authority_after, AUTHORITY, "主管部门"),
        ],
    }
}

fn judge(predicate: Predicate, pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    match predicate {
        Predicate::CommonPart => with_check(facts, |check| {
            let part = check.common_part.trim();
            if part.is_empty() {
                fails("不属于共用部位、共用设施设备")
            } else {
                holds(part)
            }
        }),
        Predicate::WarrantyOver => with_check(facts, |check| {
            let until = check.warranty_until_on;
            let is_over = until < scene.today || !*pack.terms.after_warranty_only;
            judged(is_over, format!("保修期至 {until}"))
        }),
        Predicate::Payable => with_check(facts, |check| payable(pack, facts, check)),
        Predicate::AssemblyReported => with_check(facts, |check| {
            let words = if check.assembly_reported { "已提交" } else { "尚未提交" };
            judged(check.assembly_reported, words)
        }),
        Predicate::NotBlocked => {
            let count = scene.below.len();
            let evidence = format!("{count} 户余额低于停用界限");
            judged(count == 0, evidence).about(scene.below.clone())
        }
        Predicate::PlanPosted => plan_posted(pack, facts, scene),
        Predicate::Voted => voted(facts, scene),
        Predicate::EmergencyWitnessed => witnessed(pack, facts),
        Predicate::WithinEmergencyCap => emergency_cap(pack, facts, scene),
        Predicate::ResultPosted => result_posted(pack, facts, scene),
        Predicate::OfficeDecided => office_decided(pack, facts, scene),
        Predicate::Contracted => signed(pack, facts, scene),
        Predicate::InOrder => in_order(pack, facts, scene),
        Predicate::PaysContractor => pays_contractor(facts, scene),
        Predicate::WithinCaps => within_caps(pack, facts, scene),
        Predicate::WithinBudget => within_budget(pack, facts),
        Predicate::Audited => audited(pack, facts),
        Predicate::SettlementPosted => settlement_posted(pack, facts, scene),
        Predicate::SharesExact => shares_exact(scene),
        Predicate::BalancesSuffice => balances_suffice(scene),
        Predicate::FourEyes => four_eyes(facts, scene),
        Predicate::NoConflict => no_conflict(facts),
    }
}

fn with_check(facts: &Facts, judge: impl FnOnce(&Check) -> Verdict) -> Verdict {
    facts.check.as_ref().map_or_else(
        || fails("方案尚未作责任核查").by("登记方案的责任核查"),
        |check| judge(&check.is),
    )
}

fn payable(pack: &Pack, facts: &Facts, check: &Check) -> Verdict {
    let never = &pack.terms.never_payable.value;
    let missing: Vec<&str> =
        never.iter().filter(|kind| !check.checked.contains(kind)).map(|k| k.in_chinese()).collect();
    if !missing.is_empty() {
        return fails(format!("未核查：{}", missing.join("、"))).by("逐类核查后重新登记责任核查");
    }
    let found = check.found.iter().filter(|found| never.contains(&found.kind));
    let found: Money = found.map(|found| found.amount_fen).sum();
    let is_theirs = |why| matches!(why, Why::NeverPayable | Why::Warranty | Why::ThirdParty);
    let removed = facts.plan.iter().flat_map(|plan| &plan.is.removed);
    let removed: Money = removed.filter(|r| is_theirs(r.why)).map(|r| r.amount_fen).sum();
    let evidence =
        format!("查出不得列支 {} 元，方案剔除 {} 元", found.grouped(), removed.grouped());
    judged(removed >= found, evidence)
}

/// How a notice of something stands as of a day.
fn posted(
    law: &crate::policy::Ruled<crate::policy::terms::Perhaps<crate::policy::terms::Notice>>,
    notice: &At<Notice>,
    at: Day,
) -> Verdict {
    // Whoever decides sees that it was written down after the fact.
    let late = if notice.on > at { format!("，{} 补记", notice.on) } else { String::new() };
    let notice = &notice.is;
    let posted_on = notice.posted_on;
    let is_working =
        law.value.is_some_and(|law| law.counted == crate::policy::terms::Days::Working);
    let unit = if is_working { "个工作日" } else { "日" };
    match days::judge(*law.value, posted_on, notice.until_on, at) {
        Clock::Kept { days } => {
            holds(format!("{posted_on} 公示于{}，至 {at} 满 {days} {unit}{late}", notice.place))
        }
        Clock::Short { days, needed, free_on } => fails(format!(
            "{posted_on} 公示，至 {at} 满 {days} {unit}，须满 {needed} {unit}（当日不计，最早 {free_on}）"
        )),
        Clock::Uncounted { needed } => uncounted(needed),
    }
}

/// A clock in working days of a year whose holidays are not known.
fn uncounted(needed: u16) -> Verdict {
    let words = format!("须满 {needed} 个工作日；该年度节假日安排未收录，不予推定");
    Verdict::of(State::Unverified, words).by("等国务院办公厅的节假日安排收录后再办理")
}

fn answered(facts: &Facts, verdict: Verdict) -> Verdict {
    let open: Vec<String> = facts.open_objections().map(|o| o.no.to_string()).collect();
    if verdict.state == State::Holds && !open.is_empty() {
        return fails(format!("{} 件异议未答复（步骤 {}）", open.len(), open.join("、")))
            .by("逐件答复异议");
    }
    verdict
}

fn plan_posted(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    let Some(plan) = &facts.plan else { return no_plan() };
    let Some(notice) = facts.notice(NoticeOf::Plan, plan.no) else {
        return fails("方案尚未公示").by("公示方案，满规定天数后再表决，保存照片与起止日期");
    };
    let opened_on = facts.carried.as_ref().map(|carried| carried.opened_on);
    let at = opened_on.unwrap_or(scene.today);
    let law = pack.notice_days(NoticeKind::Plan);
    if opened_on.is_some_and(|opened_on| notice.is.posted_on >= opened_on) {
        return fails(format!("{} 公示，{at} 已开始表决", notice.is.posted_on)).by(AGAIN);
    }
    let verdict = posted(law, notice, at);
    // A vote that was opened too early does not come right by waiting.
    let verdict = if facts.carried.is_some() { verdict.by(AGAIN) } else { verdict };
    answered(facts, verdict)
}

/// What is left where the vote was opened before the notice had run.
const AGAIN: &str = "公示满规定天数后重新表决";

fn no_plan() -> Verdict {
    fails("尚无使用方案").by("登记使用方案")
}

fn voted(facts: &Facts, scene: &Scene) -> Verdict {
    let Some(plan) = &facts.plan else { return no_plan() };
    let Some(carried) = &facts.carried else {
        return fails("尚无通过本方案的表决").by("就本方案（写明方案名）组织表决，通过后登记");
    };
    let (round, motion) = carried.number;
    let named = facts.plan_name().unwrap_or_default();
    if carried.plan != named {
        return fails(format!(
            "表决 {round} 事项 {motion} 表决的是“{}”，不是“{named}”",
            carried.plan
        ))
        .by("就现在的方案重新表决");
    }
    let budget = plan.is.to_share();
    if carried.cap < budget {
        let (cap, budget) = (carried.cap.grouped(), budget.grouped());
        return fails(format!("表决同意至多 {cap} 元，方案应分摊 {budget} 元"))
            .by("把方案减到表决同意的金额以内，或按现在的金额重新表决");
    }
    if carried.dwellings != scene.voters {
        let lacking = scene.voters.difference(&carried.dwellings).count();
        let beyond = carried.dwellings.difference(&scene.voters).count();
        return fails(format!("表决范围与列支范围不同：少 {lacking} 户，多 {beyond} 户"))
            .by("按列支范围重新表决，或改方案的列支范围");
    }
    holds(format!(
        "表决 {round} 事项 {motion} 于 {} 通过（{}）",
        carried.passed_on, carried.article
    ))
}

fn witnessed(pack: &Pack, facts: &Facts) -> Verdict {
    let Some(kind) = facts.project.proposal.emergency else {
        return fails("未写明应急情形").by("按应急程序重新立项，写明应急情形");
    };
    let Some(emergency) = pack.emergency(kind) else {
        return fails(format!("{}不在本地应急情形之列", kind.in_chinese())).by("按一般程序办理");
    };
    if facts.project.proposal.is_on_behalf {
        let Some(order) = &facts.order else {
            return fails("尚无代修决定").by("登记代修决定");
        };
        let law = pack.notice_days(NoticeKind::EmergencySilence);
        // The authority may step in once the days given to the committee are over, whole, from the day it was told.
        let silence = law.value.map(|n| crate::policy::terms::Notice {
            is: crate::policy::terms::Clocks::AtLeast,
            ..n
        });
        return match days::judge(silence, order.is.asked_on, None, order.is.on) {
            Clock::Kept { days } => {
                holds(format!("责令后 {days} 日未启动，{} 决定代修", order.is.on))
            }
            Clock::Short { days, needed, .. } => {
                fails(format!("责令后 {days} 日即决定代修，须满 {needed} 日"))
            }
            Clock::Uncounted { needed } => uncounted(needed),
        };
    }
    let by: Vec<_> = facts.witnesses.iter().map(|w| w.is.by).collect();
    if emergency.path.is_witnessed(&by) {
        let words: Vec<String> = facts
            .witnesses
            .iter()
            .map(|w| format!("{}{}（{}）", w.is.by.in_chinese(), w.is.power.in_chinese(), w.is.on))
            .collect();
        return holds(format!("{}：{}", kind.in_chinese(), words.join("、")));
    }
    let lacking =
        emergency.path.witnesses.iter().filter(|group| !group.iter().any(|w| by.contains(w)));
    let lacking: Vec<String> = lacking
        .map(|group| group.iter().map(|w| w.in_chinese()).collect::<Vec<_>>().join("或"))
        .collect();
    fails(format!("{}：尚缺 {} 的确认或证明", kind.in_chinese(), lacking.join("、")))
}

fn emergency_cap(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    let Some(bar) = *pack.terms.emergency_cap.value else {
        return holds("本地没有应急限额");
    };
    let own = facts.plan.as_ref().map_or(Money::ZERO, |plan| plan.is.to_share());
    let own = own.max(facts.paid_so_far());
    let most = bar.most(scene.first_deposits);
    let used = scene.other_emergencies + own;
    let evidence = format!(
        "首期交存 {} 元，应急至多 {} 元，连同本项目 {} 元",
        scene.first_deposits.grouped(),
        most.grouped(),
        used.grouped()
    );
    judged(used <= most, evidence)
}

fn result_posted(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    let (Some(vote), Some(carried)) = (&facts.vote, &facts.carried) else {
        return fails("尚无表决结果").by("表决通过并登记后，公示表决结果");
    };
    let Some(notice) = facts.notice(NoticeOf::Result, vote.no) else {
        return fails("表决结果尚未公示").by("公示表决结果，保存照片与起止日期");
    };
    if notice.is.posted_on < carried.passed_on {
        let (posted, passed) = (notice.is.posted_on, carried.passed_on);
        return fails(format!("{posted} 公示，{passed} 才有结果"));
    }
    let approved = facts.on_application().filter(|d| d.is.agrees).map(|d| d.on).min();
    let at = approved.unwrap_or(scene.today);
    answered(facts, posted(pack.notice_days(NoticeKind::Result), notice, at))
}

fn office_decided(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    let Some(application) = &facts.application else {
        return match scene.asked {
            Asked::Approve => fails("尚无使用申请，或申请后方案、核查、表决已改动"),
            Asked::Pay => fails("没有有效的使用申请"),
        }
        .by("提交使用申请；方案、核查或表决改动过的，重新申请");
    };
    let mut done = Vec::new();
    let mut lacking = Vec::new();
    let mut is_returned = false;
    for (power, seats, office) in needed(pack, facts) {
        let (power_word, decided) = (power.in_chinese(), facts.decided(power, seats));
        match decided {
            Some(d) if d.is.agrees => done.push(format!("{office}已{power_word}（{}）", d.on)),
            Some(d) => {
                is_returned = true;
                lacking.push(format!("{office}已退回（{}）：{}", d.on, d.is.opinion));
            }
            None => lacking.push(format!("待{office}{power_word}")),
        }
    }
    if lacking.is_empty() {
        // Who decides on the request is the one to approve it; for everybody else it waits.
        let waits = scene.request.as_ref().filter(|_| scene.decider.is_none());
        if let (Asked::Pay, Some(request)) = (scene.asked, waits)
            && facts.approval_of(request).is_none()
        {
            let words = format!("{}；付款申请（步骤 {}）尚未批准", done.join("、"), request.no);
            return later(words).by("等候有审批权限的单位批准付款申请");
        }
        return holds(done.join("、"));
    }
    let words = format!("{} 申请；{}", application.on, lacking.join("、"));
    let verdict = if scene.asked == Asked::Approve { later(words) } else { fails(words) };
    let remedy = if is_returned {
        "按退回的意见改正后重新申请"
    } else {
        "等候上列单位办理"
    };
    verdict.by(remedy)
}

fn signed(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    if let Some(order) = &facts.order {
        return holds(format!("代修，付 {}", order.is.payee));
    }
    let Some(contract) = &facts.contract else {
        let words = "尚未签订施工合同";
        let verdict = if scene.asked == Asked::Approve { later(words) } else { fails(words) };
        return verdict.by("签订施工合同并登记");
    };
    let parties = &pack.terms.contract_parties.value;
    let lacking: Vec<&str> = parties
        .iter()
        .filter(|party| !contract.is.parties.contains(party))
        .map(|party| party.in_chinese())
        .collect();
    if !lacking.is_empty() {
        return fails(format!("合同缺 {} 签字盖章", lacking.join("、")));
    }
    let Contract { contractor, price_fen, signed_on, .. } = &contract.is;
    holds(format!("{signed_on} 与{contractor}签订，{} 元", price_fen.grouped()))
}

fn in_order(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    let plan = facts.plan.as_ref();
    let plan_notice = plan.and_then(|plan| facts.notice(NoticeOf::Plan, plan.no));
    let result_notice = facts.vote.as_ref().and_then(|v| facts.notice(NoticeOf::Result, v.no));
    let carried = facts.carried.as_ref();
    let approved = facts.on_application().filter(|d| d.is.agrees).map(|d| d.on).max();
    let is_ordinary = facts.project.proposal.path == Path::Ordinary;
    let confirms_first = pack.terms.emergency_path.order == EmergencyOrder::ConfirmThenSpend;
    let witnessed = facts.witnesses.iter().map(|w| w.is.on).max();
    let mut course: Vec<(&str, Option<Day>)> = Vec::new();
    if is_ordinary {
        course.extend([
            ("公示方案", plan_notice.map(|n| n.is.posted_on)),
            ("开始表决", carried.map(|c| c.opened_on)),
            ("表决结果", carried.map(|c| c.passed_on)),
            ("公示结果", result_notice.map(|n| n.is.posted_on)),
            ("批准", approved),
        ]);
    } else if let Some(order) = &facts.order {
        course.extend([("责令维修", Some(order.is.asked_on)), ("决定代修", Some(order.is.on))]);
    } else if confirms_first {
        course.push(("应急确认", witnessed));
    }
    let contract = facts.contract.as_ref().map(|c| c.is.signed_on);
    let acceptance = facts.acceptance.as_ref().map(|a| a.is.on);
    course.extend([
        ("签订合同", contract),
        ("开工", facts.started_on),
        ("竣工", facts.finished_on),
        ("验收", acceptance),
        ("审价", facts.review.as_ref().map(|r| r.is.on)),
        ("决算", facts.account.as_ref().map(|a| a.is.on)),
        ("付款", scene.paid_on.filter(|_| facts.account.is_some())),
    ]);
    if facts.account.is_some() || facts.review.is_some() {
        let needed = [
            ("开工", facts.started_on.is_some()),
            ("竣工", facts.finished_on.is_some()),
            ("验收合格", facts.acceptance.as_ref().is_some_and(|a| a.is.is_passed)),
        ];
        let lacking: Vec<&str> = needed.iter().filter(|n| !n.1).map(|n| n.0).collect();
        if !lacking.is_empty() {
            return fails(format!("已审价或决算，尚缺 {}", lacking.join("、")))
                .by(format!("补登记{}", lacking.join("、")));
        }
    }
    let known: Vec<(&str, Day)> =
        course.into_iter().filter_map(|(what, on)| Some((what, on?))).collect();
    let Some(pair) = known.windows(2).find(|pair| pair[0].1 > pair[1].1) else {
        if let (Some(paid_on), Some(approved)) = (scene.paid_on, approved)
            && paid_on < approved
        {
            return fails(format!("付款 {paid_on} 早于 批准 {approved}"));
        }
        if known.is_empty() {
            return holds("还没有需要核对先后的日期");
        }
        let told: Vec<String> = known.iter().map(|(what, on)| format!("{what} {on}")).collect();
        return holds(told.join(" ≤ "));
    };
    let [(before, first), (after, second)] = [pair[0], pair[1]];
    fails(format!("{after} {second} 早于 {before} {first}"))
}

fn pays_contractor(facts: &Facts, scene: &Scene) -> Verdict {
    let Some(request) = &scene.request else {
        return later("尚无付款申请").by("提出付款申请");
    };
    let Some((payee, account)) = facts.payee() else {
        return fails("尚无合同，不知付给谁").by("签订施工合同并登记");
    };
    let asked = &request.is;
    let is_payee = asked.payee.trim() == payee && asked.account_no.trim() == account;
    if is_payee {
        return holds(format!("付 {payee}"));
    }
    let which = if asked.payee.trim() == payee {
        "账号与合同不同"
    } else {
        "收款人不是合同中的"
    };
    fails(format!("申请付 {}，应付 {payee}：{which}", asked.payee))
}

fn within_caps(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    let Some((most, back, why)) = room(pack, facts, scene.today) else {
        return later("尚无合同").by("签订施工合同并登记");
    };
    let now = format!("现可付至多 {} 元（{why}）", most.grouped());
    if back.is_positive() {
        return fails(format!("已多付 {} 元，应先追回（{why}）", back.grouped()))
            .by(format!("先追回 {} 元", back.grouped()));
    }
    match &scene.request {
        None => later(now),
        Some(request) => {
            let asked = request.is.amount_fen;
            let remedy = if most.is_positive() {
                format!(
                    "把付款申请减到 {} 元以内；其余待审价、验收或保证金到期后再付",
                    most.grouped()
                )
            } else {
                "待审价、验收或保证金到期后再申请付款".to_owned()
            };
            judged(asked <= most, format!("申请 {} 元，{now}", asked.grouped())).by(remedy)
        }
    }
}

fn within_budget(pack: &Pack, facts: &Facts) -> Verdict {
    let Some(plan) = &facts.plan else { return no_plan() };
    let budget = plan.is.budget_fen;
    let account = facts.account.as_ref().map(|account| account.is.amount_fen);
    let reviewed = facts.review.as_ref().map(|review| review.is.amount_fen);
    let contract = facts.contract.as_ref().map(|contract| contract.is.price_fen);
    let Some(amount) = account.or(reviewed).or(contract) else { return later("尚无合同") };
    let words = format!("批准预算 {} 元，现为 {} 元", budget.grouped(), amount.grouped());
    if amount <= budget {
        return holds(words);
    }
    // Where the law allows no overrun, what was approved is what there is.
    let is_allowed =
        pack.terms.overrun.value.is_some() && !pack.overrun_needs_approval(budget, amount);
    judged(is_allowed, format!("{words}，超出 {} 元", (amount - budget).grouped()))
}

fn audited(pack: &Pack, facts: &Facts) -> Verdict {
    let Some(account) = &facts.account else {
        return match &facts.review {
            Some(review) => {
                holds(format!("{} 审价 {} 元", review.is.on, review.is.amount_fen.grouped()))
            }
            None => later("尚未决算"),
        };
    };
    let amount = account.is.amount_fen;
    match &facts.review {
        Some(review) => {
            let reviewed = review.is.amount_fen;
            let words = format!("决算 {} 元，审定 {} 元", amount.grouped(), reviewed.grouped());
            judged(amount <= reviewed, words).by("把决算改到审定价以内")
        }
        None if is_review_spared(pack, facts) => {
            holds(format!("决算 {} 元，可以不审价", amount.grouped()))
        }
        None => fails(format!("决算 {} 元，须审价而未审", amount.grouped())),
    }
}

fn settlement_posted(pack: &Pack, facts: &Facts, scene: &Scene) -> Verdict {
    let Some(account) = &facts.account else {
        let repairs_first = pack.terms.emergency_path.order == EmergencyOrder::RepairThenDisclose;
        let has_advance = pack.terms.emergency_advance.value.is_some();
        if scene.asked == Asked::Pay && repairs_first && !has_advance {
            return fails("须先修复、决算、公示，后拨付")
                .by("修复、验收后登记决算，并公示决算与分摊");
        }
        return later("尚未决算");
    };
    let Some(notice) = facts.notice(NoticeOf::Settlement, account.no) else {
        return fails("决算与分摊尚未公示").by("公示决算与各户分摊");
    };
    posted(pack.notice_days(NoticeKind::EmergencySettlement), notice, scene.today)
}

fn shares_exact(scene: &Scene) -> Verdict {
    let draws = match &scene.draws {
        Ok(draws) => draws,
        Err(refusal) => return fails(format!("不能分摊：{}", refusal.evidence)),
    };
    let a = &draws.allocation;
    if !a.unshared.is_zero() {
        return fails(format!("尚有 {} 元无人承担", a.unshared.grouped()));
    }
    let back: Vec<String> = draws.backwards().map(|d| d.code.to_string()).collect();
    if scene.asked == Asked::Pay && !back.is_empty() {
        let words = format!("付款过小，{} 户的累计分摊会倒退一分", back.len());
        return fails(words).about(back).by("过小的付款并入下一笔");
    }
    let owners: Money = a.shares.iter().map(|share| share.owner_owes).sum();
    let units: Money = a.units.iter().map(|unit| unit.amount).sum();
    let words = format!(
        "累计 {} 元 = 资金 {} + 自筹 {} + 建设单位 {} + 售房单位 {}，共 {} 户",
        draws.total.grouped(),
        a.from_balances.grouped(),
        owners.grouped(),
        a.by_developers.grouped(),
        units.grouped(),
        a.shares.len()
    );
    judged(draws.is_exact(), words)
}

fn balances_suffice(scene: &Scene) -> Verdict {
    let Ok(draws) = &scene.draws else { return fails("不能分摊，无从核对余额") };
    let short: Vec<_> = draws.owing.iter().filter(|owing| owing.raised < owing.owed).collect();
    let lacking: Money = short.iter().map(|owing| owing.owed - owing.raised).sum();
    let rooms: Vec<String> = short.iter().map(|owing| owing.code.to_string()).collect();
    if short.is_empty() {
        let raised: Money = draws.owing.iter().map(|owing| owing.owed).sum();
        return holds(match draws.owing.len() {
            0 => "各户余额足够".to_owned(),
            many => format!("{many} 户余额不足，差额 {} 元已由业主自筹补足", raised.grouped()),
        });
    }
    let (many, lacking) = (short.len(), lacking.grouped());
    if scene.asked == Asked::Approve {
        let words = format!("{many} 户余额用尽后尚差自筹 {lacking} 元，不妨碍批准，付款前须交来");
        return holds(words).about(rooms);
    }
    fails(format!("{many} 户余额不足，尚差自筹 {lacking} 元")).about(rooms)
}

fn four_eyes(facts: &Facts, scene: &Scene) -> Verdict {
    let Some(application) = &facts.application else { return later("尚无使用申请") };
    let told = |by: &By| by.role.in_chinese();
    let own = facts.on_application().find(|d| d.by.is_of(&application.by));
    if let Some(own) = own {
        return fails(format!("{}决定了自己的申请", told(&own.by)));
    }
    if let (Asked::Approve, Some(decider)) = (scene.asked, &scene.decider)
        && decider.is_of(&application.by)
    {
        return fails(format!("申请与决定同为{}，或同一人、同一单位", told(decider)));
    }
    if let (Asked::Pay, Some(request)) = (scene.asked, &scene.request) {
        let decider = facts.approval_of(request).map(|d| &d.by).or(scene.decider.as_ref());
        if let Some(decider) = decider
            && decider.is_of(&request.by)
        {
            return fails(format!("付款申请与决定同为{}，或同一人、同一单位", told(decider)));
        }
    }
    let deciders: Vec<&str> = facts.on_application().map(|d| told(&d.by)).collect();
    let deciders =
        if deciders.is_empty() { "尚未决定".to_owned() } else { deciders.join("、") };
    holds(format!("申请：{}；决定：{deciders}", told(&application.by)))
}

fn no_conflict(facts: &Facts) -> Verdict {
    let Some((payee, _)) = facts.payee() else { return later("尚无施工单位") };
    if facts.order.is_some() {
        return holds(format!("代修，付 {payee}"));
    }
    let proposal = &facts.project.proposal;
    let seats: &[Role] = match proposal.held_by {
        HeldBy::Assembly => &[Role::OwnersCommittee],
        HeldBy::Authority => &[Role::StreetOffice, Role::HousingAuthority, Role::OwnersCommittee],
    };
    let mut declared = facts.interests.iter().filter(|i| i.is.contractor.trim() == payee);
    let Some(last) = declared.rfind(|i| seats.contains(&i.by.role)) else {
        let seats: Vec<&str> = seats.iter().map(|role| role.in_chinese()).collect();
        return fails(format!("{}尚未申报与{payee}有无利害关系", seats.join("或")))
            .by(format!("由{}申报与{payee}有无利害关系", seats.join("或")));
    };
    if !last.is.is_related {
        return holds(format!(
            "{}申报与{payee}无利害关系（{}）",
            last.by.role.in_chinese(),
            last.on
        ));
    }
    if last.is.recused.is_empty() {
        return fails(format!("与{payee}有利害关系，无人回避"))
            .by("有利害关系的人回避，并在申报中写明");
    }
    let is_recused = |by: &By| last.is.recused.contains(&by.name);
    if facts.decisions.iter().any(|d| d.is.agrees && is_recused(&d.by)) {
        return fails("应回避的人作了决定").by("由不须回避的人重新决定");
    }
    holds(format!("有利害关系的 {} 人已回避", last.is.recused.len()))
}

/// The refusal of a movement that would take from one dwelling what it gives to another.
pub(super) fn uneven(code: &crate::property::RoomCode) -> Refusal {
    SHARES_EXACT.refuse(format!("金额过小，{code} 的累计分摊会反向变动一分"))
}
