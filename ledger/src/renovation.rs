//! 老旧小区改造: a compound renewed, from the reserve to the hand-over, with every source of money and its own conditions.
//!
//! Owns: `renovation`, `renovation_step`, `renovation_source`, `renovation_paid_in`, `renovation_part`, `renovation_payment`,
//! `renovation_reversal`, `maintenance_record`.
//!
//! A renovation is its steps, each recorded once; what they let through is [`facts`]'s to say, plainly and as a whole list. What
//! it costs is its contents (kept by [`crate::subsidy`], which knows who paid for what); who pays is the plan's sources, taken in
//! the plan's order: tranches under every rule of their programme, the fund through a project of repair and its gate, what was
//! paid in from its own account line, public revenue as the pledge of it is paid ([`crate::revenue::pledge`]). Labour is valued and never pays.
//!
//! Always: a payment is the sum of its parts (the database holds it: R01–R03); contents and sources are fixed when the joint
//! review of a carried plan passes; a source never pays beyond its plan or its money; consent and approval are votes, counted
//! again by the pack's thresholds; money is in place before a start. Never: a gate by a word that somebody ticked.
//!
//! The course: [`reserve`] ▸ [`record`] consent, long-term, plan, approval, review, contract, start, round … ▸ [`pay_in`],
//! [`pay`] ▸ record acceptance, audit, evaluation, handover. Questions: [`renovations`], [`renovation`], [`findings`],
//! [`records`]. Limits: a payment has one voucher in the grant book and one in the fund's; [`reverse`] takes back both, and neither
//! goes by itself; a plan is not changed after its review.

pub mod facts;
pub mod funding;
mod payment;
mod rows;
pub mod step;
mod told;

pub use self::facts::{Asked, Condition, Facts, MilestoneStanding, Recorded, Stage};
pub use self::funding::Source;
pub use self::payment::{pay, reverse};
pub use self::step::{AssignedRevenue, Paying, PayingIn, Reserve, Step};
pub(crate) use self::told::Overseen;
pub use self::told::{
    PaidIn, Part, Payment, Record, Reserved, Reversing, Row, StepTold, Stepped, Whole,
};

use self::facts::{Counted, Scene};
use self::rows::{PaidInRow, SourceRow};
use self::step::{Channel, SourceKind, Vote};
use crate::bank;
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answered, Refusal, Result, Rule};
use crate::governance::{self, Matter, Resolution};
use crate::id::{
    CompoundId, ContentNo, DwellingNo, LineNo, PaidInNo, RenovationNo, SourceNo, StepNo, TrancheNo,
};
use crate::journal::{self, Book, Entry, Kind, Line};
use crate::money::Money;
use crate::policy::terms::Poll;
use crate::policy::{self, Pack};
use crate::property;
use crate::revenue::pledge::{PayingPledge, pay_pledged};
use crate::subsidy::{self, content};

/// 1002 银行存款 of the grant book.
const BANK: i32 = 1002;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Answered::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// There is no such renovation.
    NO_RENOVATION = Missing, "renovation.no-renovation",
        "改造项目须已列入储备库", "检查改造编号，或先列入储备库";
    /// A figure or a text is not fit.
    SHAPE = Shape, "renovation.shape",
        "名称、凭据须为 1 至 200 个字的文字；户数、面积、金额须大于零；完工不早于开工", "按所指之处补齐或更正";
    /// The step is not theirs.
    POWER = Forbidden, "renovation.power",
        "表决由业主委员会或主管部门登记，联合审查、开工、审计、评价、撤回由主管部门登记", "由有权限的单位登记";
    /// The step does not fit where the renovation stands.
    STEP = Conflict, "renovation.step",
        "改造依次办理：储备、意愿与长效管理、方案、方案表决、联合审查、合同、开工、调度、验收、审计、评价、移交；方案经审查后不再改动", "按现阶段办理";
    /// A day that cannot be.
    DAY = Refused, "renovation.day",
        "所记事实的日期不得晚于今天，不得早于列入储备之日", "核对日期";
    /// Not old enough.
    AGE = Refused, "renovation.not-old",
        "列入改造的须为当地规定年份之前建成的小区（国办发〔2020〕23号：2000年底前）", "核对建成日期；当地另有规定的，由主管部门收入政策包";
    /// It is to be pulled down.
    DEMOLITION = Refused, "renovation.to-be-demolished",
        "已列入征收、拆除、棚户区改造的不得列入老旧小区改造", "从储备库撤回";
    /// Not enough are willing.
    CONSENT = Refused, "renovation.consent",
        "定方案前，业主对改造的参与率、同意率须达到当地规定的比例，以表决的计票为准", "继续征求意见，补足参与与同意，再表决";
    /// Nobody agreed on what comes after.
    LONG_TERM = Refused, "renovation.long-term",
        "定方案前须就长效管理（管理方式、收费、维修资金补建或续筹）经业主表决达成共识", "就长效管理表决";
    /// The plan does not add up.
    PLAN_BALANCE = Refused, "renovation.plan-unbalanced",
        "方案各项内容的合计须等于各资金来源的合计（投工投劳另行计价），合同价的合计不得超过方案", "补足资金来源，或缩减内容";
    /// A source's own condition.
    SOURCE = Refused, "renovation.source",
        "来源须合其自身的条件：融资不得新增政府隐性债务，专项债券须有偿债收益，专业经营单位只出管线，投工投劳另行计价", "按所指之处改正筹措方案";
    /// The owners have not carried the plan.
    APPROVAL = Refused, "renovation.not-approved",
        "方案须经业主依法定比例表决通过（民法典第二百七十八条第一款第七项），表决事项写明方案名", "以所列方案名表决；方案改动的重新表决";
    /// The offices have not reviewed it.
    REVIEW = Refused, "renovation.not-reviewed",
        "方案须经联合审查通过", "提请联合审查";
    /// Nobody reviews their own plan.
    OWN = Forbidden, "renovation.own-review",
        "提出方案的人、单位不得审查自己的方案", "由另一单位审查";
    /// The money is not there.
    IN_PLACE = Refused, "renovation.not-in-place",
        "开工前资金到位须达到当地规定的比例", "待资金到位";
    /// It has not begun.
    NOT_STARTED = Refused, "renovation.not-started",
        "付款、移交须在开工之后", "先登记开工";
    /// Not a day of reporting.
    ROUND_DAY = Refused, "renovation.round-day",
        "调度在当地规定的日子登记，一日一次，开工之后", "按规定的日子登记";
    /// Progress goes back.
    ROUND_BACK = Refused, "renovation.round-backwards",
        "开工、完工户数只增不减，完工不多于开工，开工不多于总户数", "核对户数";
    /// There is no such source.
    NO_SOURCE = Missing, "renovation.no-source",
        "来源须在经审查的方案之内", "检查来源编号";
    /// Its money does not come this way.
    CHANNEL = Refused, "renovation.source-channel",
        "补助由补贴资金到账，维修资金由维修项目支付；其他来源登记到位资金", "按来源的渠道办理";
    /// Who pays is not said.
    PAYER = Refused, "renovation.payer",
        "居民出资、公积金、投工投劳须写明房号；其他来源不写", "写明房号";
    /// More comes than was planned.
    OVER_PLAN = Refused, "renovation.over-plan",
        "一项来源的到位合计不得超过计划金额", "核对金额";
    /// The renovation pays from it itself.
    PAYS_ITSELF = Refused, "renovation.pays-itself",
        "方案已定的改造，其补贴只由改造付款支取", "登记改造付款（/renovations/{no}/payments），各来源依方案支取";
    /// Nobody said which pledge.
    PLEDGE = Refused, "renovation.pledge",
        "公共收益依已登记的让渡付入，其他来源不经让渡", "公共收益：先登记让渡，再按让渡编号与期间付入；其他来源：登记到位资金";
    /// Nobody's contractor.
    PAYEE = Refused, "renovation.payee",
        "付款只付给合同的施工单位", "核对收款人，或先登记合同";
    /// More than the content may cost.
    OVER_CONTENT = Refused, "renovation.over-content",
        "一项内容的付款合计不得超过其批准的金额", "核对金额";
    /// More than was agreed.
    OVER_CONTRACT = Refused, "renovation.over-contract",
        "决算审计之前，付给一个施工单位的不超过与其签订的合同价", "核对金额；增加的工程先登记补充合同";
    /// More than the audit found.
    OVER_AUDIT = Refused, "renovation.over-audit",
        "审计之后，付款合计不得超过审定金额", "核对审定金额；多付的追回";
    /// The fund does not pay it so.
    FUND_REQUEST = Refused, "renovation.fund-request",
        "由维修资金支付的部分须为维修项目中已批准、尚未付款的申请，列支的金额在本次付款之内", "先在维修项目中申请并获批准";
    /// The sources do not bear it.
    SOURCES_SHORT = Refused, "renovation.sources-short",
        "付款由方案所列来源依次支取：每项来源在其计划、到位与可用的内容之内，各部分之和等于付款", "待资金到位，或减少付款";
    /// There is no such payment.
    NO_PAYMENT = Missing, "renovation.no-payment",
        "冲销须指明一笔已有的付款", "检查付款编号";
    /// Reversed already.
    REVERSED = Conflict, "renovation.reversed",
        "一笔付款只冲销一次", "查看已冲销的付款";
    /// Its vouchers go together.
    REVERSED_WHOLE = Refused, "renovation.reversed-whole",
        "改造付款的各张凭证一并冲销，不得单独冲销其中一张", "冲销该笔改造付款：xiaoqu renovation reverse";
    /// Something is lacking.
    UNFINISHED = Refused, "renovation.unfinished",
        "移交须已联合验收（各方签字）、审计、按审定金额付清、绩效评价，且各项内容都有养护人", "补齐所缺的各项";
}

fn may_be_text(what: &str, text: &str) -> Result<(), Refusal> {
    subsidy::may_be_text(what, text).map_err(|refusal| match refusal.rule.code {
        "subsidy.shape" => SHAPE.refuse(refusal.evidence),
        _ => refusal,
    })
}

fn may_be_amount(amount: Money) -> Result<(), Refusal> {
    let fits = amount.is_positive() && amount.is_within_limit();
    if fits { Ok(()) } else { Err(SHAPE.refuse(format!("金额 {} 元", amount.grouped()))) }
}

/// Takes a compound into the reserve. Whether it is old enough is told, and asked for again before a plan.
///
/// # Errors
/// `renovation.shape`, `seal.person-in-text`, `renovation.day`, `renovation.not-old`, `renovation.to-be-demolished`.
pub async fn reserve(tx: &mut Tx, new: &Reserve) -> Result<Reserved> {
    may_be_text("名称", &new.title)?;
    may_be_text("凭据", &new.evidence)?;
    if new.buildings < 1 || new.households < 1 || new.area_centi_m2 < 1 {
        return Err(SHAPE.refuse("幢数、户数、面积须大于零").into());
    }
    let (compound, today, actor) = (tx.compound(), tx.at().day(), tx.actor().clone());
    if new.built_on > today {
        return Err(DAY.refuse(format!("{} 建成，今天 {today}", new.built_on)).into());
    }
    let no = RenovationNo(tx.next_no("renovation"));
    let matter = journal::open_project(tx, new.title.trim()).await?;
    let pack = law(tx, compound, today).await?;
    let facts = Facts::of(no, matter, new.clone(), today, &[]);
    let list = facts::gate(&pack, &facts, &Scene::default(), Asked::Plan);
    let own: Vec<Condition> = list
        .into_iter()
        .filter(|condition| [AGE.code, DEMOLITION.code].contains(&condition.code.as_str()))
        .collect();
    facts::pass(&own)?;
    let written = rows::written(new)?;
    let row = [
        compound.0.into(),
        no.0.into(),
        matter.0.into(),
        new.title.trim().into(),
        (&written).into(),
        today.into(),
        (&actor.name).into(),
        actor.role.name().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::RENOVATION, &row);
    Ok(Reserved { renovation_no: no, project_matter_no: matter })
}

async fn law(view: &mut impl View, compound: CompoundId, today: Day) -> Result<Pack> {
    let jurisdiction = property::jurisdiction(view, compound).await?;
    policy::at(view, &jurisdiction, today).await
}

/// What the steps of one renovation say.
///
/// # Errors
/// `renovation.no-renovation`.
pub async fn facts_of(
    view: &mut impl View,
    compound: CompoundId,
    no: RenovationNo,
) -> Result<Facts> {
    let found = rows::renovations(view, compound, Some(no)).await?.pop();
    Ok(found.ok_or_else(|| NO_RENOVATION.refuse(format!("改造编号 {no}")))?)
}

/// What the owners decided, counted from the closed round.
async fn counted(view: &mut impl View, compound: CompoundId, vote: Vote) -> Result<Counted> {
    let (sheet, _) = governance::result(view, compound, vote.round_no).await?;
    let found = sheet.motions.iter().find(|m| m.motion.motion_no == vote.motion_no);
    let Some(result) = found else {
        let told = format!("表决 {} 没有事项 {}", vote.round_no, vote.motion_no);
        return Err(governance::NO_MOTION.refuse(told).into());
    };
    let count = &result.count;
    let poll = |of: fn(&governance::tally::Figure) -> i64| Poll {
        whole: of(&count.entitled),
        attended: of(&count.attended),
        approved: of(&count.agreed),
    };
    // Carried is what the resolution says, which looks at the digests again.
    let carried = Resolution::of(view, compound, vote.round_no, vote.motion_no).await;
    let (is_carried, passed_on) = match carried {
        Ok(resolution) => (true, resolution.passed_on()),
        Err(error) if error.code() == governance::NOT_PASSED.code => (false, sheet.closes_on),
        Err(error) => return Err(error),
    };
    Ok(Counted {
        matter: result.motion.rule.matter,
        plan: result.motion.plan.clone(),
        area: poll(|figure| figure.area.in_centi_m2()),
        heads: poll(|figure| figure.heads),
        is_carried,
        passed_on,
    })
}

/// A source with its row, for D9 and for payments.
struct Funded {
    row: SourceRow,
    source: Source,
}

async fn funded(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    today: Day,
) -> Result<Vec<Funded>> {
    let tranches = subsidy::tranches(view, compound, today).await?;
    let free: Money = journal::available(view, compound, Book::Fund)
        .await?
        .into_values()
        .filter(|fen| fen.is_positive())
        .sum();
    let mut found = Vec::new();
    for row in rows::sources(view, compound, facts.no).await? {
        let own = |level| {
            let is_own = move |t: &&subsidy::Tranche| {
                t.level == level && t.project_matter_no == Some(facts.matter)
            };
            tranches.iter().filter(is_own)
        };
        let room = row.is.planned_fen - row.drawn;
        let (in_place, left) = match row.is.kind.channel() {
            Channel::Tranches(level) => (
                own(level).map(|t| t.received_fen - t.handed_back_fen).sum(),
                own(level).map(|t| t.left_fen).sum::<Money>(),
            ),
            Channel::Fund => ((row.drawn + free).min(row.is.planned_fen), free),
            Channel::PaidIn(_) => (row.paid_in, row.paid_in - row.drawn),
            Channel::Valued => (row.paid_in, Money::ZERO),
        };
        let source = Source {
            source_no: row.no,
            kind: row.is.kind,
            who: row.is.who.clone(),
            items: row.is.items.clone(),
            planned_fen: row.is.planned_fen,
            in_place_fen: in_place,
            drawn_fen: row.drawn,
            left_fen: left.min(room),
        };
        found.push(Funded { row, source });
    }
    Ok(found)
}

async fn scene_of(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    today: Day,
) -> Result<Scene> {
    let mut scene = Scene::default();
    if let Some(vote) = facts.consent.as_ref().map(|consent| consent.is) {
        scene.consent = Some(counted(view, compound, vote).await?);
    }
    if let Some(vote) = facts.long_term.as_ref().map(|agreed| agreed.is.vote) {
        scene.long_term = Some(counted(view, compound, vote).await?);
    }
    if let Some(vote) = facts.approval.as_ref().map(|approval| approval.is) {
        scene.approval = Some(counted(view, compound, vote).await?);
    }
    for Funded { source, .. } in funded(view, compound, facts, today).await? {
        if source.kind.channel() != Channel::Valued {
            scene.in_place += source.in_place_fen.min(source.planned_fen);
            scene.paid += source.drawn_fen;
        }
    }
    Ok(scene)
}

/// Records a step.
///
/// # Errors
/// `renovation.*`, those of a closed round (`governance.*`), `policy.not-in-force`, `seal.person-in-text`; those of
/// [`subsidy::list_contents`] where a review fixes a plan; `subsidy.central-twice` of what a plan has central money pay.
pub async fn record(tx: &mut Tx, no: RenovationNo, step: &Step) -> Result<Stepped> {
    tx.flush().await?;
    let (compound, today, actor) = (tx.compound(), tx.at().day(), tx.actor().clone());
    let facts = facts_of(tx, compound, no).await?;
    let pack = law(tx, compound, today).await?;
    facts::may_be_recorded(&pack, &facts, step, (&actor.name, actor.role), today)?;
    match step {
        Step::Consent(vote) => {
            let counted = counted(tx, compound, *vote).await?;
            named(&CONSENT, &counted, &facts.consent_name())?;
        }
        Step::LongTerm(agreed) => {
            let counted = counted(tx, compound, agreed.vote).await?;
            named(&LONG_TERM, &counted, &facts.long_term_name())?;
        }
        Step::Approval(vote) => {
            let counted = counted(tx, compound, *vote).await?;
            named(&APPROVAL, &counted, &facts.plan_name().unwrap_or_default())?;
            if counted.matter != Matter::Rebuild {
                let told = format!("表决的类别是{}", counted.matter.item().wording);
                return Err(APPROVAL.refuse(told).into());
            }
        }
        Step::Plan(plan) => {
            // What a central source names for itself; of the rest another source may bear what it may not.
            let central = plan.sources.iter().filter(|source| source.kind.is_central());
            let named: Vec<&String> = central.flat_map(|source| &source.items).collect();
            let paid = plan.contents.iter().filter(|content| named.contains(&&content.item));
            let paid: Vec<&subsidy::NewContent> = paid.collect();
            subsidy::central_before(tx, compound, facts.matter, &paid).await?;
        }
        _ => {}
    }
    let scene = scene_of(tx, compound, &facts, today).await?;
    let asked = match step {
        Step::Plan(_) => Some(Asked::Plan),
        Step::Start(_) => Some(Asked::Start),
        Step::Handover(_) => Some(Asked::Close),
        _ => None,
    };
    if let Some(asked) = asked {
        facts::pass(&facts::gate(&pack, &facts, &scene, asked))?;
    }
    match step {
        Step::Review(review) if review.is_passed => {
            let list = facts::gate(&pack, &facts, &scene, Asked::Start);
            let own = list.into_iter().filter(|condition| condition.code == APPROVAL.code);
            facts::pass(&own.collect::<Vec<_>>())?;
            fix_plan(tx, &facts).await?;
        }
        Step::Handover(handover) => hand_over(tx, &facts, handover).await?,
        _ => {}
    }

    let next = StepNo(facts.last.0 + 1);
    let digest = step.digest(no.0, next.0).to_string();
    let body = rows::written(step)?;
    let row = [
        compound.0.into(),
        no.0.into(),
        next.0.into(),
        step.kind().into(),
        (&body).into(),
        today.into(),
        (&actor.name).into(),
        actor.role.name().into(),
        (&digest).into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::STEP, &row);
    tx.flush().await?;
    let stage = facts_of(tx, compound, no).await?.stage();
    Ok(Stepped { step_no: next, digest, stage })
}

fn named(rule: &'static Rule, counted: &Counted, wanted: &str) -> Result<(), Refusal> {
    if counted.plan == wanted {
        return Ok(());
    }
    Err(rule.refuse(format!("表决事项的“方案”是“{}”，应为“{wanted}”", counted.plan)))
}

/// Contents and sources are what was voted on and reviewed, from now on.
async fn fix_plan(tx: &mut Tx, facts: &Facts) -> Result<()> {
    let Some(plan) = &facts.plan else { return Ok(()) };
    subsidy::list_contents(tx, facts.matter, &plan.is.contents).await?;
    for (i, source) in (1..).zip(&plan.is.sources) {
        let matter = match source.kind.channel() {
            Channel::PaidIn(_) => {
                let name = format!("改造 {} {}", facts.no, source.kind.in_chinese());
                journal::open_matter(tx, "grant", &name)
            }
            _ => facts.matter,
        };
        let body = rows::written(source)?;
        let row = [
            tx.compound().0.into(),
            facts.no.0.into(),
            i32::into(i),
            source.kind.name().into(),
            source.planned_fen.in_fen().into(),
            matter.0.into(),
            (&body).into(),
            tx.act().0.into(),
        ];
        tx.put(&rows::SOURCE, &row);
    }
    tx.flush().await
}

/// Every content has its keeper, once.
async fn hand_over(tx: &mut Tx, facts: &Facts, handover: &step::Handover) -> Result<()> {
    let compound = tx.compound();
    let contents = subsidy::contents(tx, compound, Some(facts.matter)).await?;
    let kept: Vec<ContentNo> = handover.records.iter().map(|kept| kept.content_no).collect();
    let is_kept_once = |no: ContentNo| kept.iter().filter(|k| **k == no).count() == 1;
    let lacking: Vec<String> = contents
        .iter()
        .filter(|content| !is_kept_once(content.content_no))
        .map(|content| content.name.clone())
        .collect();
    if !lacking.is_empty() || kept.len() != contents.len() {
        let told = format!(
            "{} 项内容，{} 条记录，尚缺 {}",
            contents.len(),
            kept.len(),
            lacking.join("、")
        );
        return Err(UNFINISHED.refuse(told).into());
    }
    for kept in &handover.records {
        let row = [
            compound.0.into(),
            facts.no.0.into(),
            kept.content_no.0.into(),
            handover.on.into(),
            kept.warranty_until_on.into(),
            kept.keeper.trim().into(),
            tx.act().0.into(),
        ];
        tx.put(&rows::RECORD, &row);
    }
    Ok(())
}

/// Pays a source's money in: Dr 1002 / Cr its income, both about the source. Labour is valued and posts nothing.
///
/// # Errors
/// `renovation.shape`, `seal.person-in-text`, `renovation.day`, `renovation.no-renovation`, `renovation.no-source`,
/// `renovation.source-channel`, `renovation.pledge`, `renovation.payer`, `property.no-dwelling`, `renovation.over-plan`,
/// `bank.*`; those of the journal.
pub async fn pay_in(tx: &mut Tx, no: RenovationNo, asked: &PayingIn) -> Result<PaidIn> {
    may_be_text("出资人", &asked.payer)?;
    let (amount, on) = (asked.amount_fen, asked.on);
    let (_, source) = waiting(tx, no, asked.source_no, amount, on, &asked.evidence).await?;
    let kind = source.is.kind;
    let income = match kind.channel() {
        Channel::Valued => None,
        Channel::PaidIn(_) if kind == SourceKind::PublicRevenue => {
            return Err(PLEDGE.refuse(format!("来源 {} 是公共收益", source.no)).into());
        }
        Channel::PaidIn(income) => Some(income),
        Channel::Tranches(_) | Channel::Fund => {
            return Err(CHANNEL.refuse(told(&source)).into());
        }
    };
    may_be_payer(kind, asked)?;
    let dwelling = match &asked.room {
        Some(room) => Some(payer_of(tx, room, asked).await?),
        None => None,
    };
    let voucher = match income {
        None => None,
        Some(income) => {
            let line = line_of(tx, asked.line_no, amount, on).await?;
            let entry = coming(no, &source, income, amount, on, &asked.evidence);
            let voucher = journal::post(tx, entry).await?;
            if let Some(line) = &line {
                bank::claim(tx, line, voucher.seq);
            }
            Some(voucher.seq)
        }
    };
    let row = PaidInRow {
        no: PaidInNo(tx.next_no(&format!("renovation-paid-in/{no}"))),
        source: source.no,
        amount,
        on,
        dwelling,
        payer: asked.payer.trim().to_owned(),
        evidence: asked.evidence.trim().to_owned(),
        line: asked.line_no,
        voucher,
    };
    rows::put_paid_in(tx, no, &row);
    Ok(row.into())
}

/// Public revenue that the owners gave away goes into its source: how much of which period may go is the word of the room that
/// keeps it, which pays the pledge; this room brings the other half of the transfer.
///
/// # Errors
/// `renovation.shape`, `seal.person-in-text`, `renovation.day`, `renovation.no-renovation`, `renovation.no-source`,
/// `renovation.pledge`, `renovation.over-plan`, those of [`pay_pledged`]; those of the journal.
pub async fn assign(tx: &mut Tx, no: RenovationNo, asked: &AssignedRevenue) -> Result<PaidIn> {
    let (amount, on) = (asked.amount_fen, asked.on);
    let (facts, source) = waiting(tx, no, asked.source_no, amount, on, &asked.evidence).await?;
    let Channel::PaidIn(income) = source.is.kind.channel() else {
        return Err(PLEDGE.refuse(told(&source)).into());
    };
    if source.is.kind != SourceKind::PublicRevenue {
        return Err(PLEDGE.refuse(told(&source)).into());
    }
    let entry = coming(no, &source, income, amount, on, &asked.evidence);
    let into = Entry { kind: Kind::Transfer, ..entry };
    let paying = PayingPledge {
        pledge_no: asked.pledge_no,
        project_matter_no: facts.matter,
        through: asked.through,
        amount_fen: amount,
        on,
        evidence: asked.evidence.clone(),
    };
    let (_, grant) = pay_pledged(tx, &paying, into).await?;
    let row = PaidInRow {
        no: PaidInNo(tx.next_no(&format!("renovation-paid-in/{no}"))),
        source: source.no,
        amount,
        on,
        dwelling: None,
        payer: "公共收益".to_owned(),
        evidence: asked.evidence.trim().to_owned(),
        line: None,
        voucher: Some(grant.seq),
    };
    rows::put_paid_in(tx, no, &row);
    Ok(row.into())
}

/// A renovation that is not over, and one of its sources that this much may still come into.
async fn waiting(
    tx: &mut Tx,
    no: RenovationNo,
    source: SourceNo,
    amount: Money,
    on: Day,
    evidence: &str,
) -> Result<(Facts, SourceRow)> {
    may_be_text("凭据", evidence)?;
    may_be_amount(amount)?;
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let facts = facts_of(tx, compound, no).await?;
    if on > today || on < facts.reserved_on {
        return Err(DAY.refuse(format!("{on}，今天 {today}")).into());
    }
    if matches!(facts.stage(), Stage::Withdrawn | Stage::HandedOver) {
        return Err(STEP.refuse(format!("现为“{}”", facts.stage().in_chinese())).into());
    }
    let sources = rows::sources(tx, compound, no).await?;
    let found = sources.into_iter().find(|known| known.no == source);
    let found = found.ok_or_else(|| NO_SOURCE.refuse(format!("来源编号 {source}")))?;
    if found.paid_in + amount > found.is.planned_fen {
        let told = format!(
            "计划 {} 元，已到位 {} 元，本次 {} 元",
            found.is.planned_fen.grouped(),
            found.paid_in.grouped(),
            amount.grouped()
        );
        return Err(OVER_PLAN.refuse(told).into());
    }
    Ok((facts, found))
}

fn told(source: &SourceRow) -> String {
    format!("来源 {} 是{}", source.no, source.is.kind.in_chinese())
}

fn may_be_payer(kind: SourceKind, asked: &PayingIn) -> Result<(), Refusal> {
    let wants_room =
        matches!(kind, SourceKind::OwnerCash | SourceKind::ProvidentFund | SourceKind::Labour);
    if wants_room == asked.room.is_some() {
        return Ok(());
    }
    let told = if wants_room { "没有写明房号" } else { "不写房号" };
    Err(PAYER.refuse(format!("{}{told}", kind.in_chinese())))
}

/// The dwelling whose owners pay. Their names stand in the roll, where they are masked for whoever must not see them, and not in
/// a text that hangs on a board.
async fn payer_of(tx: &mut Tx, room: &property::RoomCode, asked: &PayingIn) -> Result<DwellingNo> {
    let compound = tx.compound();
    let dwelling = property::dwelling(tx, compound, room.as_str(), asked.on).await?;
    if dwelling.owners.iter().any(|owner| asked.payer.contains(owner.name.as_str())) {
        return Err(PAYER.refuse(format!("房号 {room} 的出资人写了姓名")).into());
    }
    Ok(dwelling.no)
}

/// Dr 1002 / Cr its income, both about the source.
fn coming(
    no: RenovationNo,
    source: &SourceRow,
    income: i32,
    amount: Money,
    on: Day,
    evidence: &str,
) -> Entry {
    let lines = vec![
        Line::debit(BANK, amount).about(source.matter),
        Line::credit(income, amount).about(source.matter),
    ];
    let memo = format!("改造 {no} {}到位", source.is.kind.in_chinese());
    entry(Book::Grant, on, memo, evidence, lines)
}

fn entry(book: Book, on: Day, memo: String, evidence: &str, lines: Vec<Line>) -> Entry {
    Entry {
        book,
        effective_on: on,
        kind: Kind::Other,
        memo,
        source: "付款凭证".to_owned(),
        evidence: evidence.trim().to_owned(),
        lines,
    }
}

async fn line_of(
    tx: &mut Tx,
    no: Option<LineNo>,
    moved: Money,
    on: Day,
) -> Result<Option<bank::BankLine>> {
    match no {
        Some(no) => Ok(Some(bank::moving(tx, Book::Grant, no, moved, on).await?)),
        None => Ok(None),
    }
}

/// Whether a tranche's money may be spent past its renovation: once a plan is fixed, the renovation pays from its sources itself.
///
/// # Errors
/// `renovation.pays-itself`.
pub(crate) async fn may_be_spent(tx: &mut Tx, tranche: TrancheNo) -> Result<()> {
    let compound = tx.compound();
    match rows::paying_from(tx, compound, tranche).await? {
        None => Ok(()),
        Some(no) => {
            let told = format!("补贴 {tranche} 是改造 {no} 的来源");
            Err(PAYS_ITSELF.refuse(told).with("renovation_no", no.0).into())
        }
    }
}

/// Whether a voucher may be taken back by itself: those of a payment go together ([`reverse`]).
///
/// # Errors
/// `renovation.reversed-whole`.
pub(crate) async fn may_be_reversed(tx: &mut Tx, voucher: &journal::Voucher) -> Result<()> {
    let name = voucher.posted;
    if !matches!(name.book, Book::Fund | Book::Grant) {
        return Ok(());
    }
    tx.flush().await?;
    let compound = tx.compound();
    if let Some((no, payment)) = rows::payment_of(tx, compound, name.book, name.seq).await? {
        let told = format!("{name} 属于改造 {no} 的付款 {payment}");
        return Err(REVERSED_WHOLE.refuse(told).with("payment_no", payment.0).into());
    }
    Ok(())
}

/// The renovations of a compound, in order.
///
/// # Errors
/// Storage.
pub async fn renovations(view: &mut impl View, compound: CompoundId) -> Result<Vec<Row>> {
    let mut told = Vec::new();
    for facts in rows::renovations(view, compound, None).await? {
        let sources = rows::sources(view, compound, facts.no).await?;
        told.push(row_of(&facts, sources.iter().map(|source| source.drawn).sum()));
    }
    Ok(told)
}

/// The renovations of some compounds, each by the law of where it lies: where they stand, and what they missed.
///
/// # Errors
/// Storage.
pub(crate) async fn overseen<'p>(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    law: impl Fn(CompoundId) -> Option<&'p Pack>,
    today: Day,
) -> Result<Vec<Overseen>> {
    let mut told = Vec::new();
    for (compound, facts) in rows::overseen(view, these, list).await? {
        let stage = facts.stage();
        let is_over = matches!(stage, Stage::HandedOver | Stage::Withdrawn);
        let law = law(compound).filter(|_| !is_over);
        let clocks = law.map(|pack| facts::clocks(pack, &facts, today));
        let (mut missed, unreported) = clocks.unwrap_or_default();
        missed.retain(|milestone| milestone.is_overdue);
        let households = facts.reserve.households;
        told.push(Overseen { compound, no: facts.no, stage, households, missed, unreported });
    }
    Ok(told)
}

fn row_of(facts: &Facts, paid_fen: Money) -> Row {
    Row {
        renovation_no: facts.no,
        project_matter_no: facts.matter,
        title: facts.reserve.title.clone(),
        stage: facts.stage(),
        households: facts.reserve.households,
        reserved_on: facts.reserved_on,
        planned_fen: facts.plan.as_ref().map_or(Money::ZERO, |plan| facts::money_of(&plan.is)),
        paid_fen,
    }
}

/// One renovation with everything that was recorded of it.
///
/// # Errors
/// `renovation.no-renovation`, `policy.not-in-force`.
pub async fn renovation(
    view: &mut impl View,
    compound: CompoundId,
    no: RenovationNo,
    today: Day,
) -> Result<Whole> {
    let facts = facts_of(view, compound, no).await?;
    let pack = law(view, compound, today).await?;
    let sources: Vec<Source> =
        funded(view, compound, &facts, today).await?.into_iter().map(|f| f.source).collect();
    let residents = sources.iter().filter(|s| s.kind.is_residents()).map(|s| s.planned_fen).sum();
    let (milestones, missed_rounds) = facts::clocks(&pack, &facts, today);
    let paid_in = rows::paid_ins(view, compound, no).await?.into_iter().map(PaidIn::from);
    let paid_in = paid_in.collect();
    let steps =
        rows::steps(view, compound, Some(no)).await?.into_iter().map(|(_, step)| StepTold {
            step_no: step.no,
            title: step.step.in_chinese().to_owned(),
            recorded_on: step.on,
            by: step.by_role.in_chinese().to_owned(),
            digest: step.digest,
            body: serde_json::to_value(&step.step).unwrap_or_default(),
        });
    let steps = steps.collect();
    let payments = rows::payments(view, compound, no).await?.into_iter().map(Payment::from);
    Ok(Whole {
        row: row_of(&facts, sources.iter().map(|source| source.drawn_fen).sum()),
        consent_name: facts.consent_name(),
        long_term_name: facts.long_term_name(),
        plan_name: facts.plan_name(),
        plan_digest: facts.plan.as_ref().map(|plan| plan.digest.clone()),
        contents: subsidy::contents(view, compound, Some(facts.matter)).await?,
        residents_fen: residents,
        sources,
        paid_in,
        payments: payments.collect(),
        milestones,
        missed_rounds,
        steps,
        reserve: facts.reserve,
    })
}

/// Every condition of what is asked.
///
/// # Errors
/// `renovation.no-renovation`, `policy.not-in-force`.
pub async fn findings(
    view: &mut impl View,
    compound: CompoundId,
    no: RenovationNo,
    asked: Asked,
    today: Day,
) -> Result<Vec<Condition>> {
    let facts = facts_of(view, compound, no).await?;
    let pack = law(view, compound, today).await?;
    let scene = scene_of(view, compound, &facts, today).await?;
    Ok(facts::gate(&pack, &facts, &scene, asked))
}

/// What was handed over, content by content.
///
/// # Errors
/// Storage.
pub async fn records(view: &mut impl View, compound: CompoundId) -> Result<Vec<Record>> {
    let contents = subsidy::contents(view, compound, None).await?;
    let sql = "SELECT renovation_no, content_no, handed_on, warranty_until_on, keeper FROM maintenance_record
               WHERE compound_id = $1 ORDER BY content_no";
    let mut told = Vec::new();
    for row in view.rows(rows::RENOVATIONS, sql, vec![compound.0.into()]).await? {
        let content_no = ContentNo(row.try_get("", "content_no")?);
        let Some(of) = contents.iter().find(|content| content.content_no == content_no) else {
            continue;
        };
        told.push(Record {
            renovation_no: RenovationNo(row.try_get("", "renovation_no")?),
            content_no,
            item: content::item(&of.item).map_or_else(String::new, |item| item.title.clone()),
            building: of.building.clone(),
            handed_on: row.try_get("", "handed_on")?,
            warranty_until_on: row.try_get("", "warranty_until_on")?,
            keeper: row.try_get("", "keeper")?,
        });
    }
    Ok(told)
}
