//! What the owners decide in common (业主共同决定, 民法典 art. 278): rounds, ballots, results, resolutions.
//!
//! Owns: `vote_round`, `vote_motion`, `vote_step`, `vote_roll`, `vote_delivery`, `vote_proxy`, `vote_entry`,
//! `vote_ballot`, `vote_result`.
//!
//! Always: nothing here is changed or deleted; a round is voted on by the roll frozen for it, whoever buys later; paper and
//! online ballots are one count; a paper ballot counts when two persons' entries of its slip agree; of a head's ballots one
//! counts and all are kept; silence is what the round's rule says and is counted apart. Never: an amount beyond a motion's
//! cap; a [`Resolution`] that was not counted here.
//!
//! The course: [`draft`] and [`move_motion`] ▸ [`freeze`] ▸ [`announce`] ▸ [`open`] ▸ [`deliver`], [`entrust`], [`cast`],
//! [`enter`] ▸ [`close`]. Questions: [`rounds`], [`round`], [`progress`], [`differences`], [`result`], [`recount_lines`].
//! Limits: 500 motions' answers a ballot are more than a slip holds: a round has at most [`MOTIONS_MOST`] motions.

pub mod ballot;
pub mod law;
pub mod matter;
pub mod recount;
mod result;
mod roll;
mod round;
mod rows;
mod slip;
pub mod tally;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::law::{Chosen, Silence, SilenceMeans};
pub use self::matter::{Fraction, Matter, SilentRule, VoteRule};
pub use self::result::{
    BuildingProgress, Invalid, MotionProgress, MotionResult, Progress, Received, Resolution,
    ResultSheet,
};
pub use self::roll::Scope;
pub use self::round::{Motion, Round, Stage, Step, Terms};
pub use self::slip::{Entered, Slip, SlipEntry, Undecided, differences, enter};

use self::ballot::{Ballot, Channel};
use self::matter::Delivery;
use self::tally::{Answer, Figure};
use crate::books::{Role, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answered, Refusal, Result, Rule};
use crate::id::{BallotNo, CompoundId, DwellingNo, MotionNo, OwnerNo, RoundNo};
use crate::money::Money;
use crate::property::{self, RoomCode};
use crate::seal::may_stand_in_clear;

/// How many motions a round may have.
pub const MOTIONS_MOST: usize = 40;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Answered::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// There is no such round.
    NO_ROUND = Missing, "governance.no-round",
        "表决须已登记", "检查表决编号，或先草拟表决";
    /// The property company is not appointed.
    NOT_APPOINTED = Forbidden, "governance.not-appointed",
        "物业公司受业主委员会委托后，方可送达表决票、登记委托、录入纸质票", "由业主委员会办理，或在草拟表决时写明委托物业公司";
    /// The round is not at this stage.
    STAGE = Conflict, "governance.stage",
        "表决依次为 草拟、冻结名册、公示、表决、结束；公示后事项不得增改，未公示的事项不得表决", "按现阶段办理；须改事项的，撤回本次表决后另行草拟";
    /// A round's frame is not fit.
    ROUND_SHAPE = Shape, "governance.round-shape",
        "表决须有名称、召集人、起止日期，终日不早于起日，表决期不超过一年；无效理由为短语，不含逗号、引号", "补齐后重新草拟";
    /// A motion is not fit.
    MOTION_SHAPE = Shape, "governance.motion-shape",
        "表决事项须有名称；一次表决至多 40 个事项；送达视为的规则须写明所依据的条款", "补齐后重新提出";
    /// The policy pack asks for what a count cannot do, or does not let the owners choose so.
    UNFIT_PACK = Refused, "governance.unfit-pack",
        "表决的比例、公告期、未表决的处理依当地政策包；政策包没有规定的，不得自行选用", "按当地规定提出事项；政策包有误的，由主管部门更正";
    /// Money without a limit.
    CAP = Refused, "governance.cap",
        "使用维修资金的表决须写明金额上限，上限大于零", "在事项中写明预算金额上限";
    /// There is no such motion.
    NO_MOTION = Missing, "governance.no-motion",
        "表决须至少有一个事项，事项编号须在表决之内", "先提出事项，或检查事项编号";
    /// The roll is of a day that cannot be.
    ROLL_DAY = Refused, "governance.roll-day",
        "名册日不得晚于今天，也不得晚于表决起日", "选择今天或之前的日期";
    /// Nobody is on the roll.
    EMPTY_SCOPE = Refused, "governance.empty-scope",
        "表决范围内须有专有部分；指定的房屋须都在房产清册内且计入表决", "核对楼栋、单元、房号";
    /// The notice is too short.
    NOTICE = Refused, "governance.notice",
        "公示日不得晚于今天；自公示之日起满规定天数方可开始表决", "提前公示，或推迟表决起日（撤回后另行草拟）";
    /// Not a day of voting.
    VOTING_DAYS = Refused, "governance.voting-days",
        "表决票须在表决期内收到；起日之前不得开始，终日过后不再受理", "表决期内办理；逾期的纸质票以逾期为由录为无效";
    /// The dwelling does not vote here.
    NOT_ON_ROLL = Refused, "governance.not-on-roll",
        "房屋须在本次表决冻结的名册内", "核对房号与表决范围";
    /// Not an owner of the dwelling on the roll.
    NOT_VOTER = Forbidden, "governance.not-voter",
        "由名册日的产权人本人，或持书面委托的代理人投票；名册日之后的买受人不参加本次表决", "由名册上的产权人投票，或登记委托";
    /// A text is missing or not fit.
    PAPERS = Shape, "governance.papers",
        "送达、委托、纸质票须写明编号、凭据、人名与日期；日期不得晚于今天；证件只记末四位", "补齐后重新登记";
    /// An agent stands for too many.
    AGENT_LIMIT = Refused, "governance.agent-limit",
        "一名代理人代理的人数、面积不得超过议事规则的上限", "由业主本人投票，或另行委托他人";
    /// There is no such proxy, or it is another head's.
    NO_PROXY = Refused, "governance.no-proxy",
        "代理投票须有该户登记在册的书面委托", "先登记委托，或检查委托编号";
    /// The agent does otherwise than told.
    AGAINST_PROXY = Refused, "governance.against-proxy",
        "代理人须按委托书载明的意见投票（上海市住宅物业管理规定第十八条）", "按委托意见投票，或由业主重新委托";
    /// One answer a motion.
    ANSWERS = Shape, "governance.answers",
        "有效票须对每个事项各作一个答复：同意、反对或弃权；纸质票某事项无法辨认的，该事项记无效", "逐项补齐";
    /// A reason that is not on the list.
    INVALID_REASON = Shape, "governance.invalid-reason",
        "认定整票无效的理由须在本次表决公示的理由之内", "选择所列理由之一";
    /// There is no such ballot.
    NO_BALLOT = Missing, "governance.no-ballot",
        "被更正的表决票须已计入本次表决", "检查票号";
    /// Corrected already.
    CORRECTED = Conflict, "governance.corrected",
        "一张表决票只能更正一次；再有错误的，更正其更正票", "查看更正票，对最后一张办理";
    /// Taken already.
    SLIP_TAKEN = Conflict, "governance.slip-taken",
        "一张纸质票经两人录入一致后即已计入，不再录入", "有错误的，办理更正并说明原因";
    /// A second look by the same eyes.
    SAME_PERSON = Refused, "governance.same-person",
        "纸质票由两人各自独立录入，同一人不得完成两次录入", "请另一人录入；更改本人录入的，说明原因";
    /// Why is not said.
    REASON = Shape, "governance.reason",
        "更正、改录、两人不一致后的再次录入，须说明原因", "写明原因";
    /// Slips wait for a second pair of eyes.
    ENTRIES_OPEN = Refused, "governance.entries-open",
        "所有纸质票须经两人录入一致，方可结束表决", "补录或裁定所列票号";
    /// Voting is not over.
    TOO_EARLY = Refused, "governance.too-early",
        "表决期届满方可结束；全部业主均已投票的除外", "等待表决期届满";
    /// The motion is not carried.
    NOT_PASSED = Refused, "governance.not-passed",
        "事项须经法定人数与面积参与并同意（民法典第二百七十八条）", "修改方案后重新公示、表决";
}

/// A round to draft.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRound {
    /// Its title.
    pub title: String,
    /// Who convenes it.
    pub convener: String,
    /// Whom it concerns.
    pub scope: Scope,
    /// The first day of voting.
    pub opens_on: Day,
    /// The last day of voting.
    pub closes_on: Day,
    /// How it is held.
    pub terms: Terms,
}

/// A motion to put to the vote.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMotion {
    /// What is asked.
    pub title: String,
    /// The plan it stands on: number, digest.
    #[serde(default)]
    pub plan: String,
    /// The most it may cost; zero where it costs nothing.
    #[serde(default)]
    pub amount_cap_fen: Money,
    /// By how many it is carried.
    pub rule: VoteRule,
}

/// Drafts a round. Nothing is fixed until its roll is frozen.
///
/// # Errors
/// `governance.round-shape`, `seal.person-in-text`.
pub async fn draft(tx: &mut Tx, new: &NewRound) -> Result<RoundNo> {
    may_be_drafted(new)?;
    let no = RoundNo(tx.next_no("vote-round"));
    let (scope, terms) = (rows::written(&new.scope)?, rows::written(&new.terms)?);
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        new.title.trim().into(),
        new.convener.trim().into(),
        (&scope).into(),
        (&terms).into(),
        new.opens_on.into(),
        new.closes_on.into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::ROUND, &row);
    Ok(no)
}

fn may_be_drafted(new: &NewRound) -> Result<(), Refusal> {
    may_stand_in_clear("名称", &new.title)?;
    may_stand_in_clear("召集人", &new.convener)?;
    let days = (new.closes_on - new.opens_on).num_days();
    let is_phrase = |text: &String| {
        is_text(text, 20)
            && !text.contains([',', '"', '\''])
            && text.starts_with(char::is_alphanumeric)
    };
    let fits = is_text(&new.title, 80)
        && is_text(&new.convener, 80)
        && (0..=366).contains(&days)
        && new.terms.notice_days <= 180
        && !new.terms.voting.is_empty()
        && new.terms.invalid_reasons.iter().all(is_phrase);
    if !fits {
        let (from, to) = (new.opens_on, new.closes_on);
        let evidence = format!("名称 {:?}，召集人 {:?}，{from} 至 {to}", new.title, new.convener);
        return Err(ROUND_SHAPE.refuse(evidence));
    }
    Ok(())
}

fn is_text(text: &str, most: usize) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// Puts a motion to a round that is still a draft.
///
/// # Errors
/// `governance.no-round`, `governance.stage`, `governance.motion-shape`, `governance.cap`, `seal.person-in-text`.
pub async fn move_motion(tx: &mut Tx, no: RoundNo, new: &NewMotion) -> Result<MotionNo> {
    let compound = tx.compound();
    let round = result::one(tx, compound, no).await?;

    at(&round, &[Stage::Draft])?;
    may_be_moved(new, round.motions.len())?;

    let motion = MotionNo(tx.next_no(&format!("vote-motion/{no}")));
    let rule = rows::written(&new.rule)?;
    let row = [
        compound.0.into(),
        no.0.into(),
        motion.0.into(),
        new.title.trim().into(),
        new.plan.trim().into(),
        new.amount_cap_fen.in_fen().into(),
        (&rule).into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::MOTION, &row);
    Ok(motion)
}

fn may_be_moved(new: &NewMotion, already: usize) -> Result<(), Refusal> {
    may_stand_in_clear("事项", &new.title)?;
    may_stand_in_clear("方案", &new.plan)?;
    let is_silence_founded =
        new.rule.silent == SilentRule::None {} || is_text(new.rule.silent.clause(), 200);
    let is_plan = new.plan.chars().count() <= 200 && !new.plan.chars().any(char::is_control);
    if !is_text(&new.title, 200) || !is_plan || already >= MOTIONS_MOST || !is_silence_founded {
        let evidence = format!("事项 {:?}，已有 {already} 项", new.title);
        return Err(MOTION_SHAPE.refuse(evidence));
    }
    let cap = new.amount_cap_fen;
    let needs_cap = new.rule.matter == Matter::UseFund;
    if cap.is_negative() || !cap.is_within_limit() || (needs_cap && !cap.is_positive()) {
        return Err(CAP.refuse(format!("金额上限 {} 元", cap.grouped())));
    }
    Ok(())
}

fn at(round: &Round, stages: &[Stage]) -> Result<(), Refusal> {
    if stages.contains(&round.stage) {
        return Ok(());
    }
    let evidence = format!("表决 {} {}", round.round_no, round.stage.in_chinese());
    Err(STAGE.refuse(evidence).with("stage", round.stage.name()))
}

fn step(tx: &mut Tx, no: RoundNo, stage: Stage, on: Day, note: &str, digest: &str) {
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        stage.name().into(),
        on.into(),
        note.trim().into(),
        digest.into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::STEP, &row);
}

/// A roll that was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FrozenRoll", description = "冻结的名册")]
pub struct Frozen {
    /// How many dwellings.
    #[schemars(description = "专有部分个数", example = 12)]
    pub dwellings: i64,
    /// Heads and area.
    #[schemars(description = "应参与")]
    pub entitled: Figure,
    /// The roll's digest.
    #[schemars(description = "名册摘要：SHA-256", example = &"3572dc88")]
    pub roll_digest: String,
}

/// Freezes the roll as the compound was on a day. Whoever buys later does not vote in this round.
///
/// # Errors
/// `governance.no-round`, `governance.stage`, `governance.no-motion`, `governance.roll-day`, `governance.empty-scope`.
pub async fn freeze(tx: &mut Tx, no: RoundNo, on: Day) -> Result<Frozen> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let round = result::one(tx, compound, no).await?;
    let then = property::roll(tx, compound, on).await?;
    let now = property::roll(tx, compound, today).await?;

    at(&round, &[Stage::Draft])?;
    if round.motions.is_empty() {
        return Err(NO_MOTION.refuse(format!("表决 {no} 还没有事项")).into());
    }
    if on > today || on > round.opens_on {
        let evidence = format!("名册日 {on}，今天 {today}，表决起日 {}", round.opens_on);
        return Err(ROLL_DAY.refuse(evidence).into());
    }
    let had_none: BTreeSet<DwellingNo> =
        then.iter().filter(|d| d.owners.is_empty()).map(|d| d.no).collect();
    let sold = now.iter().filter(|d| !d.owners.is_empty() && had_none.contains(&d.no));
    let sold_since: BTreeSet<DwellingNo> = sold.map(|d| d.no).collect();
    let roll = roll::frozen(&then, &sold_since, &round.scope, &round.terms.voting, on);
    let stranger = match &round.scope {
        Scope::Dwellings { rooms } => rooms.iter().find(|r| roll.iter().all(|e| e.code != **r)),
        _ => None,
    };
    if roll.is_empty() || stranger.is_some() {
        let which = stranger.map_or_else(String::new, |room| format!("：{room} 不在其内"));
        let evidence = format!("{} 名册 {} 户{which}", round.scope.in_chinese(), roll.len());
        return Err(EMPTY_SCOPE.refuse(evidence).into());
    }

    let roll_digest = roll::digest(&roll, on);
    for entry in &roll {
        let owners: Vec<i32> = entry.owners.iter().map(|owner| owner.0).collect();
        let owners = rows::written(&owners)?;
        let row = [
            compound.0.into(),
            no.0.into(),
            entry.dwelling_no.0.into(),
            entry.code.as_str().into(),
            entry.head_no.into(),
            entry.area.in_centi_m2().into(),
            (&entry.shown_name).into(),
            (&owners).into(),
            tx.act().0.into(),
        ];
        tx.put(&rows::ROLL, &row);
        tx.put_is_due().await?;
    }
    step(tx, no, Stage::Frozen, on, "", &roll_digest);
    let area = roll.iter().map(|entry| entry.area).sum();
    let heads = i64::try_from(roll::heads(&roll).len()).unwrap_or(i64::MAX);
    let dwellings = i64::try_from(roll.len()).unwrap_or(i64::MAX);
    Ok(Frozen { dwellings, entitled: Figure::of(heads, area), roll_digest })
}

/// Records that the motions hang on the notice board since a day.
///
/// # Errors
/// `governance.no-round`, `governance.stage`, `governance.papers`, `governance.notice`, `seal.person-in-text`.
pub async fn announce(tx: &mut Tx, no: RoundNo, posted_on: Day, place: &str) -> Result<()> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let round = result::one(tx, compound, no).await?;

    at(&round, &[Stage::Frozen])?;
    may_stand_in_clear("公示地点", place)?;
    if !is_text(place, 200) {
        return Err(PAPERS.refuse("未写明公示地点").into());
    }
    let days = (round.opens_on - posted_on).num_days();
    if posted_on > today || days < i64::from(round.terms.notice_days) {
        let needed = round.terms.notice_days;
        let evidence = format!(
            "公示 {posted_on}，表决起日 {}，相隔 {days} 天，须满 {needed} 天",
            round.opens_on
        );
        return Err(NOTICE.refuse(evidence).with("days", days).with("needed_days", needed).into());
    }

    step(tx, no, Stage::Announced, posted_on, place, "");
    Ok(())
}

/// Opens the voting.
///
/// # Errors
/// `governance.no-round`, `governance.stage`, `governance.voting-days`.
pub async fn open(tx: &mut Tx, no: RoundNo) -> Result<()> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let round = result::one(tx, compound, no).await?;

    at(&round, &[Stage::Announced])?;
    is_voting_day(&round, today)?;

    step(tx, no, Stage::Open, today, "", "");
    Ok(())
}

fn is_voting_day(round: &Round, day: Day) -> Result<(), Refusal> {
    if (round.opens_on..=round.closes_on).contains(&day) {
        return Ok(());
    }
    let evidence = format!("{day} 不在 {} 至 {} 之内", round.opens_on, round.closes_on);
    Err(VOTING_DAYS.refuse(evidence))
}

/// Withdraws a round that has no result yet. What was done stays on record.
///
/// # Errors
/// `governance.no-round`, `governance.stage`, `governance.reason`, `seal.person-in-text`.
pub async fn withdraw(tx: &mut Tx, no: RoundNo, reason: &str) -> Result<()> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let round = result::one(tx, compound, no).await?;

    at(&round, &[Stage::Draft, Stage::Frozen, Stage::Announced, Stage::Open])?;
    may_stand_in_clear("原因", reason)?;
    if !is_text(reason, 200) {
        return Err(REASON.refuse("未写明撤回原因").into());
    }

    step(tx, no, Stage::Withdrawn, today, reason, "");
    Ok(())
}

/// A slip that reached its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {
    /// The dwelling.
    pub room: RoomCode,
    /// How.
    pub method: Delivery,
    /// When.
    pub delivered_on: Day,
    /// What proves it: a signature's number, a postal number, a photograph's digest.
    pub evidence: String,
}

/// Records that a slip reached its owner. It reaches the whole head.
///
/// # Errors
/// `governance.no-round`, `governance.not-appointed`, `governance.stage`, `governance.not-on-roll`, `governance.papers`, `seal.person-in-text`.
pub async fn deliver(tx: &mut Tx, no: RoundNo, new: &NewDelivery) -> Result<i32> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let round = result::one(tx, compound, no).await?;
    let entry = rows::on_roll(tx, compound, no, &new.room).await?;

    is_appointed(tx, &round)?;
    at(&round, &[Stage::Announced, Stage::Open])?;
    let entry = entry.ok_or_else(|| not_on_roll(no, &new.room))?;
    may_stand_in_clear("凭据", &new.evidence)?;
    if !is_text(&new.evidence, 200) || new.delivered_on > today {
        let evidence = format!("送达日 {}，凭据 {:?}", new.delivered_on, new.evidence);
        return Err(PAPERS.refuse(evidence).into());
    }

    let delivery = tx.next_no(&format!("vote-delivery/{no}"));
    let row = [
        compound.0.into(),
        no.0.into(),
        delivery.into(),
        entry.head_no.into(),
        entry.dwelling_no.0.into(),
        new.method.name().into(),
        new.delivered_on.into(),
        new.evidence.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::DELIVERY, &row);
    Ok(delivery)
}

fn is_appointed(tx: &Tx, round: &Round) -> Result<(), Refusal> {
    if tx.actor().role == Role::PropertyCompany && !round.terms.company_enters {
        let evidence = format!("表决 {} 未委托物业公司", round.round_no);
        return Err(NOT_APPOINTED.refuse(evidence));
    }
    Ok(())
}

fn not_on_roll(no: RoundNo, room: &RoomCode) -> Refusal {
    NOT_ON_ROLL.refuse(format!("表决 {no} 的名册没有 {room}")).with("room", room.to_string())
}

/// A written proxy (书面委托).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewProxy {
    /// The dwelling whose owners give it.
    pub room: RoomCode,
    /// Who is to vote.
    pub agent_name: String,
    /// The last four characters of the agent's identity number, to tell two of one name apart.
    pub agent_id_tail: String,
    /// When it was signed.
    pub signed_on: Day,
    /// What proves it: the paper's number or digest.
    pub evidence: String,
    /// What the agent is told to answer, motion by motion; empty if it is left to them.
    #[serde(default)]
    pub instructions: Vec<Answer>,
}

/// Registers a proxy.
///
/// # Errors
/// `governance.no-round`, `governance.not-appointed`, `governance.stage`, `governance.not-on-roll`, `governance.papers`,
/// `governance.agent-limit`, `governance.answers`, `seal.person-in-text`.
pub async fn entrust(tx: &mut Tx, no: RoundNo, new: &NewProxy) -> Result<i32> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let round = result::one(tx, compound, no).await?;
    let entry = rows::on_roll(tx, compound, no, &new.room).await?;
    let roll = rows::roll(tx, compound, no).await?;
    let known = rows::proxies(tx, compound, no).await?;

    is_appointed(tx, &round)?;
    at(&round, &[Stage::Frozen, Stage::Announced, Stage::Open])?;
    let entry = entry.ok_or_else(|| not_on_roll(no, &new.room))?;
    let (name, tail) = (new.agent_name.trim(), new.agent_id_tail.trim());
    may_stand_in_clear("代理人", name)?;
    may_stand_in_clear("凭据", &new.evidence)?;
    let is_tail = tail.len() == 4 && tail.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_text(name, 40) || !is_tail || !is_text(&new.evidence, 200) || new.signed_on > today {
        let evidence = format!("代理人 {name:?}，证件末四位 {tail:?}，签署 {}", new.signed_on);
        return Err(PAPERS.refuse(evidence).into());
    }
    if !new.instructions.is_empty() {
        one_answer_each(&new.instructions, &round, Channel::Online)?;
    }
    let heads = roll::heads(&roll);
    let held = known.iter().filter(|m| m.agent.0 == name && m.agent.1.eq_ignore_ascii_case(tail));
    let mut held: BTreeSet<i32> = held.map(|m| m.head_no).collect();
    held.insert(entry.head_no);
    within_limits(&round.terms, &heads, &held)?;

    let proxy = tx.next_no(&format!("vote-proxy/{no}"));
    let instructions = rows::written(&new.instructions)?;
    let row = [
        compound.0.into(),
        no.0.into(),
        proxy.into(),
        entry.head_no.into(),
        entry.dwelling_no.0.into(),
        name.into(),
        tail.into(),
        new.signed_on.into(),
        new.evidence.trim().into(),
        (&instructions).into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::PROXY, &row);
    Ok(proxy)
}

fn within_limits(
    terms: &Terms,
    heads: &BTreeMap<i32, crate::measure::Area>,
    held: &BTreeSet<i32>,
) -> Result<(), Refusal> {
    let all: i64 = heads.values().map(|area| area.in_centi_m2()).sum();
    let area: i64 = held.iter().filter_map(|head| heads.get(head)).map(|a| a.in_centi_m2()).sum();
    let too_many = terms
        .agent_most_heads
        .is_some_and(|most| held.len() > usize::try_from(most).unwrap_or(usize::MAX));
    let too_much = terms.agent_most_area.is_some_and(|most| most.is_reached(area, all, true));
    if too_many || too_much {
        let area = crate::measure::Area::centi_m2(area);
        let evidence = format!("该代理人将代理 {} 户 / {area} ㎡", held.len());
        return Err(AGENT_LIMIT.refuse(evidence).with("heads", held.len()));
    }
    Ok(())
}

fn one_answer_each(answers: &[Answer], round: &Round, channel: Channel) -> Result<(), Refusal> {
    let may_be_spoiled = channel == Channel::Paper;
    let fits = answers.len() == round.motions.len()
        && (may_be_spoiled || !answers.contains(&Answer::Spoiled));
    if !fits {
        let (many, asked) = (answers.len(), round.motions.len());
        return Err(ANSWERS.refuse(format!("{many} 个答复，{asked} 个事项")));
    }
    Ok(())
}

/// A ballot cast online.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// Any dwelling of the head.
    pub room: RoomCode,
    /// The owner who casts it; none where an agent does.
    pub owner_no: Option<OwnerNo>,
    /// The proxy under which an agent casts it.
    #[serde(default)]
    pub proxy_no: Option<i32>,
    /// To each motion, in their order.
    pub answers: Vec<Answer>,
}

/// What a ballot was taken as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TakenBallot", description = "计入的票")]
pub struct Taken {
    /// Its number in the round.
    #[schemars(description = "票号", example = 1)]
    pub ballot_no: BallotNo,
    /// The head it speaks for.
    #[schemars(description = "人头号", example = 1)]
    pub head_no: i32,
}

/// Casts a ballot online, today. It speaks for every dwelling of its head.
///
/// # Errors
/// `governance.no-round`, `governance.stage`, `governance.voting-days`, `governance.not-on-roll`, `governance.not-voter`,
/// `governance.no-proxy`, `governance.against-proxy`, `governance.answers`.
pub async fn cast(tx: &mut Tx, no: RoundNo, cast: &Cast) -> Result<Taken> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let round = result::one(tx, compound, no).await?;
    let entry = rows::on_roll(tx, compound, no, &cast.room).await?;
    let proxies = rows::proxies(tx, compound, no).await?;

    at(&round, &[Stage::Open])?;
    is_voting_day(&round, today)?;
    let entry = entry.ok_or_else(|| not_on_roll(no, &cast.room))?;
    match (cast.owner_no, cast.proxy_no) {
        (None, Some(_)) => {}
        (Some(owner), None) if entry.owners.contains(&owner) => {}
        (owner, _) => {
            let who = owner.map_or_else(|| "未写明".to_owned(), |owner| owner.to_string());
            let evidence = format!("名册日 {} 的产权人中没有业主编号 {who}", entry.code);
            return Err(NOT_VOTER.refuse(evidence).into());
        }
    }
    one_answer_each(&cast.answers, &round, Channel::Online)?;
    is_entrusted(cast.proxy_no, &proxies, entry.head_no, &cast.answers)?;

    take(tx, no, |ballot| Ballot {
        no: ballot,
        head_no: entry.head_no,
        dwelling_no: entry.dwelling_no,
        channel: Channel::Online,
        slip_no: String::new(),
        received_on: today,
        owner: cast.owner_no,
        proxy_no: cast.proxy_no,
        invalid_reason: String::new(),
        corrects: None,
        reason: String::new(),
        answers: cast.answers.clone(),
    })
}

fn is_entrusted(
    proxy_no: Option<i32>,
    proxies: &[rows::Proxy],
    head_no: i32,
    answers: &[Answer],
) -> Result<(), Refusal> {
    let Some(no) = proxy_no else { return Ok(()) };
    let found = proxies.iter().find(|m| m.no == no && m.head_no == head_no);
    let missing = || NO_PROXY.refuse(format!("该户没有委托 {no}"));
    let told = &found.ok_or_else(missing)?.instructions;
    if !told.is_empty() && !answers.is_empty() && told != answers {
        let differs = told.iter().zip(answers).position(|(told, said)| told != said);
        let place = differs.map_or(0, |place| place + 1);
        return Err(AGAINST_PROXY.refuse(format!("委托 {no}：事项 {place} 与委托意见不符")));
    }
    Ok(())
}

fn take(tx: &mut Tx, no: RoundNo, ballot: impl FnOnce(BallotNo) -> Ballot) -> Result<Taken> {
    let ballot = ballot(BallotNo(tx.next_no(&format!("vote-ballot/{no}"))));
    let answers = rows::written(&ballot.answers)?;
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        ballot.no.0.into(),
        ballot.head_no.into(),
        ballot.dwelling_no.0.into(),
        ballot.channel.name().into(),
        (&ballot.slip_no).into(),
        ballot.received_on.into(),
        ballot.owner.map(|owner| owner.0).into(),
        ballot.proxy_no.into(),
        (&ballot.invalid_reason).into(),
        ballot.corrects.map(|no| no.0).into(),
        (&ballot.reason).into(),
        (&answers).into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::BALLOT, &row);
    Ok(Taken { ballot_no: ballot.no, head_no: ballot.head_no })
}

/// Closes a round whose last day is over, or in which every head has voted, and counts it.
///
/// # Errors
/// `governance.no-round`, `governance.stage`, `governance.too-early`, `governance.entries-open`.
pub async fn close(tx: &mut Tx, no: RoundNo) -> Result<ResultSheet> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let material = result::gather(tx, compound, no).await?;
    let undecided = differences(tx, compound, no).await?;

    at(&material.round, &[Stage::Open])?;
    let sheet = material.sheet(today)?;
    let nobody = Figure::default();
    let has_silent = sheet.motions.iter().any(|result| {
        let count = &result.count;
        count.silent + count.presumed_approve + count.presumed_oppose + count.presumed_abstain
            != nobody
    });
    if today <= sheet.closes_on && has_silent {
        let evidence = format!("今天 {today}，表决终日 {}", sheet.closes_on);
        return Err(TOO_EARLY.refuse(evidence).into());
    }
    if let Some(first) = undecided.first() {
        let shown: Vec<&str> = undecided.iter().take(10).map(|u| u.slip_no.as_str()).collect();
        let evidence = format!("{} 张未决：{}", undecided.len(), shown.join("、"));
        let refusal = ENTRIES_OPEN.refuse(evidence).with("slip_no", first.slip_no.as_str());
        return Err(refusal.into());
    }

    let (written, digest) = (rows::written(&sheet)?, sheet.digest());
    let row = [
        compound.0.into(),
        no.0.into(),
        (&written).into(),
        (&digest).into(),
        today.into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::RESULT, &row);
    step(tx, no, Stage::Closed, today, "", &digest);
    Ok(sheet)
}

/// The rounds of a compound, the newest first.
///
/// # Errors
/// Storage.
pub async fn rounds(view: &mut impl View, compound: CompoundId) -> Result<Vec<Round>> {
    round::rounds(view, compound, None).await
}

/// One round.
///
/// # Errors
/// `governance.no-round`.
pub async fn round(view: &mut impl View, compound: CompoundId, no: RoundNo) -> Result<Round> {
    result::one(view, compound, no).await
}

/// How a round goes: what is lacking, motion by motion, and who has returned, building by building.
///
/// # Errors
/// `governance.no-round`, `governance.stage` (the roll is not frozen).
pub async fn progress(view: &mut impl View, compound: CompoundId, no: RoundNo) -> Result<Progress> {
    Ok(result::gather(view, compound, no).await?.progress())
}

/// The result of a closed round, and its digest.
///
/// # Errors
/// `governance.no-round`, `governance.stage` (not closed).
pub async fn result(
    view: &mut impl View,
    compound: CompoundId,
    no: RoundNo,
) -> Result<(ResultSheet, String)> {
    let round = result::one(view, compound, no).await?;
    let found = result::stored(view, compound, no).await?;
    let missing = || {
        let evidence = format!("表决 {no} {}，尚无结果", round.stage.in_chinese());
        STAGE.refuse(evidence).with("stage", round.stage.name())
    };
    let (sheet, digest, _) = found.ok_or_else(missing)?;
    Ok((sheet, digest))
}

/// The result of a closed round, counted again from its ballots and its roll. Equal to [`result`], or somebody has changed
/// rows behind our back.
///
/// # Errors
/// `governance.no-round`, `governance.stage`.
pub async fn counted_again(
    view: &mut impl View,
    compound: CompoundId,
    no: RoundNo,
) -> Result<ResultSheet> {
    let (kept, _) = result(view, compound, no).await?;
    result::gather(view, compound, no).await?.sheet(kept.counted_on)
}

/// The recount file of a closed round: its lines, how many motions, and the roll's digest with which the chain begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecountFile {
    /// The lines.
    pub lines: Vec<recount::Line>,
    /// How many motions each line answers.
    pub motions: usize,
    /// The roll's digest.
    pub roll_digest: String,
}

/// The recount file of a closed round.
///
/// # Errors
/// `governance.no-round`, `governance.stage`.
pub async fn recount_lines(
    view: &mut impl View,
    compound: CompoundId,
    no: RoundNo,
) -> Result<RecountFile> {
    let material = result::gather(view, compound, no).await?;
    at(&material.round, &[Stage::Closed])?;
    Ok(RecountFile {
        lines: material.lines(),
        motions: material.round.motions.len(),
        roll_digest: material.roll_digest().to_owned(),
    })
}
