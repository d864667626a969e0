//! 使用: a repair paid from the fund, from the proposal to the archive.
//!
//! Owns: `project`, `project_step`, `project_hold`, `project_payment`, `project_paper`.
//!
//! A project is its steps: each is recorded once with its day, its actor and its evidence, and nothing is ever changed; what
//! the project is, the steps say ([`Facts`]). Money leaves by [`pay`] alone, which is shown two proofs nobody else can make:
//! the owners' [`crate::governance::Resolution`] (or the witnessed emergency) and the office's decision, and passes the
//! [`gate`]: every predicate of the pack, the same list for office, owner and refusal.
//!
//! Always: the application an office decides on is named by its digest, and a changed plan lapses it; nobody decides on their
//! own request; what an approval promises is held of each dwelling and released as it is paid; the shares of all payments are
//! the allocation of their sum, to the fen; the payee is the contract's; a payment is made once. Never: a payment whose
//! gate was not passed at the moment it was made, under the compound's lock.
//!
//! The course: [`propose`] ▸ [`record`] plan, check, notice, vote, application, decision, contract, progress … ▸ [`pay`] ▸
//! [`claim_back`] ▸ [`archive`](fn@archive). Questions: [`projects`], [`project`], [`findings`], [`preview`], [`papers`].
//! Limits: a selling unit's money is not in these books, its share is paid outside; tables of floors (lifts) are shared by
//! [`crate::allocation`] and not planned here; clocks in working days of a year not arranged yet are not judged ([`days`]).

pub mod archive;
mod caps;
pub mod days;
pub mod facts;
mod fit;
pub mod gate;
mod proof;
mod rows;
mod scene;
pub mod share;
pub mod step;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::archive::{Paper, PaperKind, archive, keep_paper, paper, papers};
pub use self::facts::{Facts, Stage};
pub use self::gate::{Asked, Finding, State};
pub use self::scene::{
    Preview, PreviewRow, PreviewUnit, counted_again, findings, preview, share_of,
};
pub use self::step::Step;

use self::facts::{At, By, Project};
use self::fit::{at, may_be_proposed, may_be_recorded, not_after};
use self::gate::needed;
use self::proof::{Approval, PaymentOrder};
use self::rows::Hold;
use self::share::Draws;
use self::step::*;
use crate::bank;
use crate::books::{Role, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answered, Refusal, Result, Rule};
use crate::fund::{Accounts, BANK};
use crate::governance::{Matter, Resolution};
use crate::id::{CompoundId, DwellingNo, LineNo, PaidNo, ProjectNo, StepNo};
use crate::journal::{self, Book, Entry, Kind, Line};
use crate::money::Money;
use crate::people;
use crate::policy::terms::Power;
use crate::policy::{self, Pack, Path};
use crate::property;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Answered::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room but those of the gate, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// There is no such project.
    NO_PROJECT = Missing, "works.no-project",
        "项目须已立项", "检查项目编号，或先立项";
    /// A figure or a text is not fit.
    SHAPE = Shape, "works.shape",
        "名称、内容、凭据须为不超过 400 字的文字；金额须大于零；房号须在本小区；约定分摊须写明依据", "按所指之处补齐或更正";
    /// A fact of tomorrow.
    DAY = Refused, "works.day",
        "所记事实的日期不得晚于今天", "核对日期";
    /// The step does not fit where the project stands.
    STEP = Conflict, "works.step",
        "项目依次办理：方案、核查、公示、表决或应急确认、申请、决定、合同、施工、验收、审价、决算、付款、归档；已撤回、已归档的不再办理", "按现阶段办理；方案有改动的，重新公示、表决、申请";
    /// Nobody is in scope.
    SCOPE = Refused, "works.scope",
        "列支范围内须有承担费用的房屋，指定的房屋须都在房产清册内", "核对楼栋、单元、房号";
    /// The vote is on something else.
    RESOLUTION = Refused, "works.another-resolution",
        "须由使用维修资金（或改建、重建）的表决通过，且表决事项写明本方案", "在表决事项的“方案”中写明项目所列的方案名，再表决";
    /// The power is not theirs.
    POWER = Forbidden, "works.power",
        "审批、备案、确认、证明是四种不同的权限，依当地政策包由规定的单位行使", "由有权限的单位以其权限办理";
    /// What is decided on has changed.
    CHANGED = Conflict, "works.changed",
        "决定须写明所见申请的摘要；申请或方案已改动的，不得据旧申请决定", "重新查看现在的申请，再作决定";
    /// There is no such request, or it is not the one that waits.
    NO_REQUEST = Missing, "works.no-request",
        "付款申请须是最近一份、尚未付款的", "查看项目的付款申请；已被新申请取代的不再办理";
    /// The request was paid.
    PAID = Conflict, "works.paid",
        "一份付款申请只付一次", "查看已有的付款；另有应付的，另行申请";
    /// The request was not approved.
    NOT_APPROVED = Refused, "works.not-approved",
        "付款申请须经有审批权限的单位批准", "等候批准";
    /// It is above the plan, or a second one that does not say so.
    CONTRACT = Refused, "works.contract",
        "合同价不得超过方案预算；一个项目一份合同，补充、变更的合同须写明所替代的合同", "超预算的先修改方案，重新表决和审批；变更合同的写明 replaces（所替代合同的步骤编号）";
    /// More is kept back than may be, or nobody knows until when.
    RETENTION = Refused, "works.retention",
        "质量保证金不得超过当地规定的比例，并须写明留至何日（凭保修期满证明支付的可以不写）", "调低合同中的保证金比例，写明留至的日期（晚于签订之日）";
    /// More comes back than was paid too much.
    CLAIM_BACK = Refused, "works.claim-back",
        "追回的金额须大于零，且不得超过多付的金额", "核对审定价与已付金额";
    /// There is no such objection.
    NO_OBJECTION = Missing, "works.no-objection",
        "所答复的异议须已登记且未答复", "检查异议的步骤编号";
    /// A paper is not fit.
    PAPER = Shape, "works.paper",
        "材料须有名称与内容，文件不超过 64 MB；名称不作路径使用", "换一个名称，或压缩后上传";
    /// There is no such paper.
    NO_PAPER = Missing, "works.no-paper",
        "材料须已登记；内容超过 4 MB 的只留摘要", "检查材料编号；大文件向登记人索取，按摘要核对";
    /// The project is not finished.
    UNFINISHED = Refused, "works.unfinished",
        "归档须已验收、已决算、款项付清（含到期的质量保证金）、没有未办结的付款申请、使用结果已公示、异议已答复", "补齐所缺的各项；不再付款的申请由审批单位退回";
}

/// A project that was proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectProposed", description = "已立项")]
pub struct Proposed {
    /// Its number.
    #[schemars(description = "项目编号", example = 1)]
    pub project_no: ProjectNo,
}

/// A step that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectStepped", description = "已记录的一步")]
pub struct Stepped {
    /// Its number.
    #[schemars(description = "步骤编号", example = 2)]
    pub step_no: StepNo,
    /// Its digest.
    #[schemars(description = "摘要：SHA-256，决定申请时写明", example = &"3572dc88")]
    pub digest: String,
    /// How far the project has come.
    #[schemars(description = "阶段")]
    pub stage: Stage,
}

/// A payment to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectPayment", description = "付款：据已批准的付款申请")]
pub struct Payment {
    /// The request.
    #[schemars(description = "付款申请的步骤编号", example = 9)]
    pub request: StepNo,
    /// The day the bank paid.
    #[schemars(description = "付款日期")]
    pub paid_on: Day,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<LineNo>,
}

/// Money that comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectClaimBack", description = "追回多付的款项")]
pub struct ClaimBack {
    /// How much of what the scope bears.
    #[schemars(description = "金额：分", example = 500_000)]
    pub amount_fen: Money,
    /// When it arrived.
    #[schemars(description = "到账日期")]
    pub received_on: Day,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号：尚未导入流水的不写", example = 4)]
    pub line_no: Option<LineNo>,
}

/// What moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectMoved", description = "已付或已追回")]
pub struct Moved {
    /// Its number.
    #[schemars(description = "付款编号：项目内连续", example = 1)]
    pub payment_no: PaidNo,
    /// The voucher; none where nothing was the fund's.
    #[schemars(description = "凭证", example = &"fund/2026-0007")]
    pub voucher: Option<String>,
    /// How much of what the scope bears.
    #[schemars(description = "金额：分", example = 3_000_000)]
    pub amount_fen: Money,
    /// Of that, the fund's.
    #[schemars(description = "其中维修资金：分", example = 2_900_000)]
    pub fund_fen: Money,
    /// From how many dwellings.
    #[schemars(description = "涉及户数", example = 11)]
    pub dwellings: usize,
}

/// Proposes a project.
///
/// # Errors
/// `works.shape`, `seal.person-in-text`.
pub async fn propose(tx: &mut Tx, proposal: &Proposal) -> Result<Proposed> {
    may_be_proposed(proposal, tx.actor().role)?;
    let title = proposal.title.trim();
    let matter = journal::open_project(tx, title).await?;
    let project_no = ProjectNo(tx.next_no("project"));
    let path = if proposal.path == Path::Emergency { "emergency" } else { "ordinary" };
    let (written, actor) = (rows::written(proposal)?, tx.actor().clone());
    let row = [
        tx.compound().0.into(),
        project_no.0.into(),
        matter.0.into(),
        title.into(),
        path.into(),
        (&written).into(),
        tx.at().day().into(),
        (&actor.name).into(),
        actor.role.name().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::PROJECT, &row);
    Ok(Proposed { project_no })
}

/// A project's facts, with what the owners decided and who belongs where.
pub(crate) async fn facts_of(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
) -> Result<Facts> {
    let found = rows::projects(view, compound, Some(no)).await?.pop();
    let project = found.ok_or_else(|| NO_PROJECT.refuse(format!("项目编号 {no}")))?;
    let steps = rows::steps(view, compound, Some(no)).await?.into_iter().map(|(_, step)| step);
    let paid = rows::payments(view, compound, Some(no)).await?.into_iter().map(|(_, paid)| paid);
    let (mut steps, paid): (Vec<_>, Vec<_>) = (steps.collect(), paid.collect());
    let mut orgs = BTreeMap::new();
    for step in &mut steps {
        let by = &mut step.by;
        if !orgs.contains_key(&by.name) {
            orgs.insert(by.name.clone(), org_of(view, &by.name).await?);
        }
        by.org = orgs.get(&by.name).copied().flatten();
    }
    let mut facts = Facts::of(project, steps, paid);
    if let Some(vote) = &facts.vote {
        let Vote { round_no, motion_no } = vote.is;
        facts.carried = Some((&Resolution::of(view, compound, round_no, motion_no).await?).into());
    }
    Ok(facts)
}

async fn org_of(view: &mut impl View, name: &str) -> Result<Option<crate::id::OrgNo>> {
    match people::somebody(view, name).await {
        Ok(person) => Ok(person.org),
        Err(refused) if refused.refusal().is_some() => Ok(None),
        Err(failed) => Err(failed),
    }
}

/// Who acts.
async fn acting(tx: &mut Tx) -> Result<By> {
    let actor = tx.actor().clone();
    let org = org_of(tx, &actor.name).await?;
    Ok(By { name: actor.name, role: actor.role, org })
}

/// The law a project is judged by: that of the day of its application, and until there is one, of today.
pub(crate) async fn law(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    today: Day,
) -> Result<Pack> {
    let on = facts.application.as_ref().map_or(today, |application| application.on);
    let jurisdiction = property::jurisdiction(view, compound).await?;
    policy::at(view, &jurisdiction, on).await
}

/// Records a step.
///
/// # Errors
/// `works.*`, `gate.*` where an office agrees, `governance.not-passed` and others of [`Resolution::of`], `policy.not-in-force`,
/// `journal.reserve-short`, `seal.person-in-text`.
pub async fn record(tx: &mut Tx, no: ProjectNo, step: &Step) -> Result<Stepped> {
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let mut facts = facts_of(tx, compound, no).await?;
    let pack = law(tx, compound, &facts, today).await?;
    let by = acting(tx).await?;

    may_be_recorded(&facts, step, &by, &pack, today)?;
    let next = StepNo(facts.last.0 + 1);
    let mut approval = None;
    match step {
        Step::Plan(plan) => may_be_planned(tx, plan, today).await?,
        Step::Vote(vote) => is_of_this_plan(tx, &facts, *vote).await?,
        Step::Raised(raised) => is_in_scope(&facts, raised)?,
        Step::Decision(decision) => {
            approval = may_be_decided(tx, &facts, decision, &by, &pack).await?;
        }
        Step::Review(_) | Step::FinalAccount(_) => {
            let digest = step.digest(no.0, next.0).to_string();
            let (by, step) = (by.clone(), step.clone());
            facts.add(facts::Recorded { no: next, on: today, by, digest, step });
            approval = Approval::extended(tx, &facts, &pack).await?;
        }
        _ => {}
    }

    let digest = rows::keep_step(tx, no, next, step)?;
    if let Some(approval) = approval {
        hold(tx, &facts, next, &approval).await?;
    }
    if let Step::Withdrawal(_) = step {
        let_go(tx, no).await?;
    }
    let facts = facts_of(tx, compound, no).await?;
    Ok(Stepped { step_no: next, digest, stage: facts.stage() })
}

/// Whether a plan's rooms are known and somebody bears it.
async fn may_be_planned(tx: &mut Tx, plan: &Plan, today: Day) -> Result<()> {
    let compound = tx.compound();
    let roll = property::roll(tx, compound, today).await?;
    let no_of = |room: &property::RoomCode| {
        roll.iter().find(|dwelling| dwelling.code == *room).map(|dwelling| dwelling.no)
    };
    let named: Vec<&property::RoomCode> = match &plan.scope {
        Where::Dwellings { rooms } => rooms.iter().collect(),
        _ => Vec::new(),
    };
    let excused = plan.left_out.iter().map(|excused| &excused.room);
    let strangers = named.into_iter().chain(excused).find(|room| no_of(room).is_none());
    let stranger = strangers.cloned().or_else(|| plan.shared_by.basis(no_of).err());
    if let Some(room) = stranger {
        return Err(SCOPE.refuse(format!("{room} 不在房产清册内")).into());
    }
    let bearing = roll.iter().filter(|dwelling| plan.scope.takes(&dwelling.code)).count();
    if bearing == 0 {
        return Err(SCOPE.refuse(format!("{} 没有房屋", plan.scope.in_chinese())).into());
    }
    Ok(())
}

async fn is_of_this_plan(tx: &mut Tx, facts: &Facts, vote: Vote) -> Result<()> {
    let compound = tx.compound();
    let resolution = Resolution::of(tx, compound, vote.round_no, vote.motion_no).await?;
    let named = facts.plan_name().unwrap_or_default();
    let is_use = matches!(resolution.matter(), Matter::UseFund | Matter::Rebuild);
    if !is_use || resolution.plan() != named {
        let evidence = format!(
            "表决事项“{}”的方案是“{}”，项目的是“{named}”",
            resolution.title(),
            resolution.plan()
        );
        return Err(RESOLUTION.refuse(evidence).into());
    }
    Ok(())
}

fn is_in_scope(facts: &Facts, raised: &Raised) -> Result<(), Refusal> {
    let is_in = facts.plan.as_ref().is_some_and(|plan| plan.is.scope.takes(&raised.room));
    if is_in { Ok(()) } else { Err(SCOPE.refuse(format!("{} 不在列支范围内", raised.room))) }
}

/// Whether an office may decide so; the approval, if this decision gives it.
async fn may_be_decided(
    tx: &mut Tx,
    facts: &Facts,
    decision: &Decision,
    by: &By,
    pack: &Pack,
) -> Result<Option<Approval>> {
    let (compound, today) = (tx.compound(), tx.at().day());
    match decision.on {
        DecidedOn::Application {} => {
            let Some(application) = &facts.application else {
                return Err(CHANGED
                    .refuse("没有有效的使用申请；方案、核查或表决已改动的须重新申请")
                    .into());
            };
            is_what_was_seen(&application.digest, &decision.digest)?;
            let needed = needed(pack, facts);
            let theirs = needed
                .iter()
                .find(|(power, seats, _)| *power == decision.power && seats.contains(&by.role));
            if theirs.is_none() {
                return Err(not_theirs(&needed, decision.power, by).into());
            }
            let is_agreed = facts
                .decided(decision.power, &[by.role])
                .is_some_and(|d| d.is.agrees && decision.agrees);
            at(facts, !is_agreed, "已同意，不必再次决定")?;
            let gives = decision.power == Power::Approval
                || needed.iter().all(|(power, ..)| *power != Power::Approval);
            let scene = scene::deciding(tx, compound, facts, pack, Some(by), today).await?;
            if decision.agrees && gives {
                return Ok(Some(Approval::of(tx, facts, pack, &scene).await?));
            }
            // A filing and a refusal are nobody's on their own request either.
            let list = gate::gate(pack, facts, &scene);
            gate::pass(&only_eyes(list), Asked::Approve)?;
            Ok(None)
        }
        DecidedOn::Request { step_no } => {
            let request = waiting(facts, step_no)?;
            is_what_was_seen(&request.digest, &decision.digest)?;
            at(facts, facts.approval_of(request).is_none(), "付款申请已批准")?;
            let needed = needed(pack, facts);
            // Whoever approves the project approves its payments; where nobody approves, whoever is asked first.
            let approves = needed.iter().find(|(power, ..)| *power == Power::Approval);
            let is_theirs = approves.or(needed.first()).is_some_and(|(power, seats, _)| {
                *power == decision.power && seats.contains(&by.role)
            });
            if !is_theirs {
                return Err(not_theirs(&needed, decision.power, by).into());
            }
            let mut scene = scene::paying(tx, compound, facts, pack, Some(request), today).await?;
            scene.decider = Some(by.clone());
            let list = gate::gate(pack, facts, &scene);
            let list = if decision.agrees { list } else { only_eyes(list) };
            gate::pass(&list, Asked::Pay)?;
            Ok(None)
        }
    }
}

fn only_eyes(list: Vec<Finding>) -> Vec<Finding> {
    list.into_iter().filter(|finding| finding.predicate == policy::Predicate::FourEyes).collect()
}

fn not_theirs(needed: &[(Power, &[Role], &str)], power: Power, by: &By) -> Refusal {
    let told: Vec<String> =
        needed.iter().map(|(power, _, office)| format!("{office}{}", power.in_chinese())).collect();
    let evidence =
        format!("{}以{}办理；规定为{}", by.role.in_chinese(), power.in_chinese(), told.join("、"));
    POWER.refuse(evidence)
}

fn is_what_was_seen(is: &str, seen: &str) -> Result<(), Refusal> {
    if is == seen.trim() {
        return Ok(());
    }
    let shown: String = seen.chars().filter(|c| c.is_ascii_hexdigit()).take(64).collect();
    Err(CHANGED.refuse(format!("现在的摘要 {is}，所见 {shown}")).with("digest", is))
}

/// The request that waits under this step.
fn waiting(facts: &Facts, step: StepNo) -> Result<&At<PaymentRequest>, Refusal> {
    if facts.is_paid(step) {
        let paid = facts.paid.iter().find(|p| !p.is_back && p.request == step);
        let no = paid.map_or(0, |paid| paid.no.0);
        return Err(PAID.refuse(format!("步骤 {step} 已于第 {no} 笔付讫")).with("payment_no", no));
    }
    let open = facts.open_request().filter(|request| request.no == step);
    open.ok_or_else(|| NO_REQUEST.refuse(format!("步骤 {step}")))
}

/// Holds what an approval promises, and lets go of what was held before.
async fn hold(tx: &mut Tx, facts: &Facts, step: StepNo, approval: &Approval) -> Result<()> {
    let (compound, no) = (tx.compound(), facts.no());
    let hold_no = i32::try_from(rows::holds(tx, compound, no).await?.len()).unwrap_or(i32::MAX) + 1;
    let_go(tx, no).await?;
    let shares: Vec<(DwellingNo, Money)> = approval.to_hold();
    let reserve = if shares.is_empty() {
        None
    } else {
        Some(journal::reserve(tx, Book::Fund, facts.project.matter, &shares).await?.reserve)
    };
    let work = rows::written(approval.work())?;
    let row = [
        compound.0.into(),
        no.0.into(),
        hold_no.into(),
        step.0.into(),
        reserve.map(|reserve| reserve.0).into(),
        approval.amount().in_fen().into(),
        (&work).into(),
        approval.pack().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::HOLD, &row);
    tx.flush().await
}

/// Lets go of everything a project still holds.
async fn let_go(tx: &mut Tx, no: ProjectNo) -> Result<()> {
    tx.flush().await?;
    let compound = tx.compound();
    for Hold { reserve, .. } in rows::holds(tx, compound, no).await? {
        let Some(reserve) = reserve else { continue };
        let held = journal::held_by(tx, compound, reserve).await?;
        if !held.is_empty() {
            journal::release_of(tx, reserve, &held).await?;
        }
    }
    tx.flush().await
}

/// Pays an approved request: Dr 5001 by dwelling / Cr 1001 (财会〔2020〕7号), and releases what was held for it.
///
/// What comes of a dwelling's gains is moved to the project inside 3001 or 300201 and spent there, so that 5001 is the whole
/// expenditure and the dwelling's gains, not its principal, are less.
///
/// # Errors
/// `works.no-project`, `works.day`, `works.no-request`, `works.paid`, `works.not-approved`, `gate.*`, `bank.*`, those of
/// [`journal::post`].
pub async fn pay(tx: &mut Tx, no: ProjectNo, payment: &Payment) -> Result<Moved> {
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let facts = facts_of(tx, compound, no).await?;
    let pack = law(tx, compound, &facts, today).await?;
    at(&facts, facts.withdrawn.is_none() && facts.archived.is_none(), "不再办理")?;
    not_after("付款", payment.paid_on, today)?;
    let request = waiting(&facts, payment.request)?;
    let mut scene = scene::paying(tx, compound, &facts, &pack, Some(request), today).await?;
    scene.paid_on = Some(payment.paid_on);

    let order = PaymentOrder::of(&pack, &facts, scene, request)?;
    let line = match payment.line_no {
        Some(no) => {
            Some(bank::moving(tx, Book::Fund, no, -order.draws().fund, payment.paid_on).await?)
        }
        None => None,
    };

    release(tx, no, order.draws()).await?;
    let kept = Moving {
        request: request.no,
        decision: Some(order.decision()),
        is_back: false,
        amount: request.is.amount_fen,
        on: payment.paid_on,
        evidence: request.is.evidence.clone(),
        pack: pack.provenance.to_string(),
    };
    move_money(tx, &facts, order.draws(), kept, line.as_ref()).await
}

/// Takes back what was paid beyond the reviewed amount: Dr 1001 / Cr 5001 by dwelling.
///
/// # Errors
/// `works.no-project`, `works.day`, `works.claim-back`, `gate.shares-exact`, `bank.*`, those of [`journal::post`].
pub async fn claim_back(tx: &mut Tx, no: ProjectNo, back: &ClaimBack) -> Result<Moved> {
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let facts = facts_of(tx, compound, no).await?;
    let pack = law(tx, compound, &facts, today).await?;
    at(&facts, facts.archived.is_none(), "已归档")?;
    not_after("到账", back.received_on, today)?;
    let over = caps::room(&pack, &facts, today).map_or(Money::ZERO, |(_, over, _)| over);
    if !back.amount_fen.is_positive() || back.amount_fen > over {
        let evidence = format!("多付 {} 元，追回 {} 元", over.grouped(), back.amount_fen.grouped());
        return Err(CLAIM_BACK.refuse(evidence).with("over_fen", over.in_fen()).into());
    }
    let step = facts.review.as_ref().map(|r| r.no).max(facts.account.as_ref().map(|a| a.no));
    let step = step.unwrap_or(facts.last);
    let total = facts.paid_so_far() - back.amount_fen;
    let draws = scene::back_to(tx, compound, &facts, total).await?;
    let line = match back.line_no {
        Some(no) => Some(bank::moving(tx, Book::Fund, no, -draws.fund, back.received_on).await?),
        None => None,
    };
    let kept = Moving {
        request: step,
        decision: None,
        is_back: true,
        amount: back.amount_fen,
        on: back.received_on,
        evidence: "追回多付款项".to_owned(),
        pack: pack.provenance.to_string(),
    };
    move_money(tx, &facts, &draws, kept, line.as_ref()).await
}

/// Releases what a payment takes. A fen beyond what is held for a dwelling must be free.
async fn release(tx: &mut Tx, no: ProjectNo, draws: &Draws) -> Result<()> {
    let compound = tx.compound();
    let Some(reserve) = rows::holds(tx, compound, no).await?.pop().and_then(|hold| hold.reserve)
    else {
        return Ok(());
    };
    let held = journal::held_by(tx, compound, reserve).await?;
    let free = journal::available(tx, compound, Book::Fund).await?;
    let mut releases = BTreeMap::new();
    for draw in &draws.of {
        let held = held.get(&draw.dwelling).copied().unwrap_or_default();
        let from_held = draw.total().min(held);
        let beyond = draw.total() - from_held;
        if beyond > free.get(&draw.dwelling).copied().unwrap_or_default() {
            let evidence = format!(
                "{} 已预留 {} 元，本次 {} 元",
                draw.code,
                held.grouped(),
                draw.total().grouped()
            );
            return Err(journal::SHORT
                .refuse(evidence)
                .with("dwelling_no", draw.dwelling.0)
                .into());
        }
        if from_held.is_positive() {
            releases.insert(draw.dwelling, from_held);
        }
    }
    journal::release_of(tx, reserve, &releases).await?;
    Ok(())
}

/// A movement of a project's money, as its row keeps it.
struct Moving {
    request: StepNo,
    decision: Option<StepNo>,
    is_back: bool,
    amount: Money,
    on: Day,
    evidence: String,
    pack: String,
}

async fn move_money(
    tx: &mut Tx,
    facts: &Facts,
    draws: &Draws,
    moving: Moving,
    line: Option<&bank::BankLine>,
) -> Result<Moved> {
    let (compound, no) = (tx.compound(), facts.no());
    let payment_no = PaidNo(tx.next_no(&format!("project-payment/{no}")));
    let voucher = if draws.of.is_empty() {
        None
    } else {
        let word = if moving.is_back { "追回" } else { "支付" };
        let entry = Entry {
            book: Book::Fund,
            effective_on: moving.on,
            kind: Kind::Repair,
            memo: format!("{word} 项目 {no} 第 {payment_no} 笔"),
            source: line.map_or("付款凭证".to_owned(), |line| format!("银行流水 {}", line.no)),
            evidence: moving.evidence.trim().to_owned(),
            lines: lines(&facts.project, draws),
        };
        Some(journal::post(tx, entry).await?)
    };
    if let (Some(line), Some(voucher)) = (line, voucher) {
        bank::claim(tx, line, voucher.seq);
    }
    let number = facts.carried.as_ref().map(|carried| carried.number);
    let row = [
        compound.0.into(),
        no.0.into(),
        payment_no.0.into(),
        moving.request.0.into(),
        moving.decision.map(|step| step.0).into(),
        i32::from(moving.is_back).into(),
        moving.amount.in_fen().into(),
        draws.fund.abs().in_fen().into(),
        moving.on.into(),
        line.map(|line| line.no.0).into(),
        voucher.map(|voucher| voucher.seq.0).into(),
        number.map(|(round, _)| round.0).into(),
        number.map(|(_, motion)| motion.0).into(),
        (&moving.pack).into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::PAYMENT, &row);
    Ok(Moved {
        payment_no,
        voucher: voucher.map(|voucher| voucher.to_string()),
        amount_fen: moving.amount,
        fund_fen: draws.fund.abs(),
        dwellings: draws.of.len(),
    })
}

/// The lines of a movement: positive draws are paid, negative ones come back.
fn lines(project: &Project, draws: &Draws) -> Vec<Line> {
    let matter = project.matter;
    let mut lines = Vec::with_capacity(draws.of.len() + 1);
    let mut gains: BTreeMap<(i32, i32), Money> = BTreeMap::new();
    let mut put = |account: i32, amount: Money, of: Option<DwellingNo>| {
        let line = if amount.is_negative() {
            Line::credit(account, -amount)
        } else {
            Line::debit(account, amount)
        };
        let line = line.about(matter);
        lines.push(of.map_or(line, |dwelling| line.of(dwelling)));
    };
    for draw in &draws.of {
        let accounts = Accounts::of(draw.housing);
        if !draw.principal.is_zero() {
            put(accounts.repair, draw.principal, Some(draw.dwelling));
        }
        if !draw.gains.is_zero() {
            put(accounts.fund, draw.gains, Some(draw.dwelling));
            *gains.entry((accounts.repair, accounts.fund)).or_default() += draw.gains;
        }
    }
    for ((repair, fund), amount) in gains.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        put(repair, amount, None);
        put(fund, -amount, None);
    }
    let bank = if draws.fund.is_negative() {
        Line::debit(BANK, -draws.fund)
    } else {
        Line::credit(BANK, draws.fund)
    };
    lines.push(bank);
    lines
}

/// The projects of a compound, the newest first.
///
/// # Errors
/// Storage.
pub async fn projects(view: &mut impl View, compound: CompoundId) -> Result<Vec<Facts>> {
    let mut steps: BTreeMap<ProjectNo, Vec<_>> = BTreeMap::new();
    for (no, step) in rows::steps(view, compound, None).await? {
        steps.entry(no).or_default().push(step);
    }
    let mut paid: BTreeMap<ProjectNo, Vec<_>> = BTreeMap::new();
    for (no, one) in rows::payments(view, compound, None).await? {
        paid.entry(no).or_default().push(one);
    }
    let found = rows::projects(view, compound, None).await?;
    let facts = found.into_iter().map(|project| {
        let (steps, paid) = (steps.remove(&project.no), paid.remove(&project.no));
        Facts::of(project, steps.unwrap_or_default(), paid.unwrap_or_default())
    });
    Ok(facts.collect())
}

/// One project, and its steps as they were recorded.
///
/// # Errors
/// `works.no-project`.
pub async fn project(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
) -> Result<(Facts, Vec<facts::Recorded>)> {
    let facts = facts_of(view, compound, no).await?;
    let steps = rows::steps(view, compound, Some(no)).await?;
    Ok((facts, steps.into_iter().map(|(_, step)| step).collect()))
}
