//! What a vote is asked and answers on its way: rounds, motions, notices, deliveries, proxies, slips, ballots, as the wire
//! and the command line spell them. A threshold is nobody's to ask: a motion names its matter.

use ledger::error::Result;
use ledger::governance::ballot::Duplicates;
use ledger::governance::matter::Delivery;
use ledger::governance::tally::Answer as Said;
use ledger::governance::{
    Chosen, Fraction, Matter, NewMotion, NewRound, Scope, Silence, Stage, Terms, VoteRule,
};
use ledger::id::{BallotNo, MotionNo, OwnerNo, RoundNo};
use ledger::money::Money;
use ledger::policy::Pack;
use ledger::property::RoomCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::IsoDay;

/// A motion as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "VoteMotionAsked",
    description = "要提出的表决事项：比例依小区所在地当日的政策包，不由提出者定"
)]
pub struct MotionAsked {
    /// What it is by 民法典 art. 278.
    #[schemars(description = "事项类别")]
    pub matter: Matter,
    /// What is asked.
    #[schemars(description = "事项", example = &"使用维修资金维修 1 幢屋面")]
    pub title: String,
    /// The plan it stands on.
    #[serde(default)]
    #[schemars(description = "方案文号、摘要", example = &"方案 2026-01")]
    pub plan: String,
    /// The most it may cost.
    #[serde(default)]
    #[schemars(description = "金额上限：分，使用维修资金的必填", example = 8_000_000)]
    pub amount_cap_fen: Money,
    /// Carried unless too many object, where the pack has that.
    #[serde(default)]
    #[schemars(description = "按异议表决：当地规定有的方可")]
    pub by_objection: bool,
    /// What silence means, where the pack leaves it to the owners.
    #[serde(default)]
    #[schemars(description = "送达后未表决的处理：当地规定由议事规则选定的方可；不写则不计")]
    pub silence: Option<Silence>,
}

impl MotionAsked {
    pub(super) fn motion(&self, pack: &Pack) -> Result<NewMotion> {
        let chosen = Chosen { by_objection: self.by_objection, silence: self.silence.clone() };
        Ok(NewMotion {
            title: self.title.clone(),
            plan: self.plan.clone(),
            amount_cap_fen: self.amount_cap_fen,
            rule: VoteRule::of(pack, self.matter, &chosen)?,
        })
    }
}

/// A round as it is asked for. What it leaves out is as usual.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VoteRoundAsked", description = "要草拟的表决")]
pub struct RoundAsked {
    /// Its title.
    #[schemars(description = "名称", example = &"屋面维修表决")]
    pub title: String,
    /// Who convenes it.
    #[schemars(description = "召集人", example = &"业主委员会")]
    pub convener: String,
    /// Whom it concerns.
    #[schemars(description = "表决范围")]
    pub scope: Scope,
    /// The first day of voting.
    #[schemars(description = "起日")]
    pub opens_on: IsoDay,
    /// The last day of voting.
    #[schemars(description = "终日")]
    pub closes_on: IsoDay,
    /// Which of several ballots counts.
    #[serde(default)]
    #[schemars(description = "重复投票的规则：不写则以最先收到的有效票为准")]
    pub duplicates: Duplicates,
    /// How many heads one agent may vote for.
    #[serde(default)]
    #[schemars(description = "一名代理人至多代理的人数：不写则不限", example = 3)]
    pub agent_most_heads: Option<u32>,
    /// What part of all area one agent may vote for.
    #[serde(default)]
    #[schemars(
        description = "一名代理人至多代理的面积比例：不写则不限",
        regex(pattern = "^(1/[1-9][0-9]?|2/[3-9]|3/[4-9])$"),
        example = &"1/5"
    )]
    pub agent_most_area: Option<Fraction>,
    /// Why a slip may be set aside.
    #[serde(default)]
    #[schemars(description = "认定整票无效的理由：不写则用通常的", example = &["未签名"])]
    pub invalid_reasons: Option<Vec<String>>,
    /// Whether the property company delivers slips and enters paper ballots.
    #[serde(default)]
    #[schemars(description = "是否委托物业公司送达、录入")]
    pub company_enters: bool,
    /// What is put to the vote.
    #[serde(default)]
    #[schemars(description = "表决事项：也可随后提出")]
    pub motions: Vec<MotionAsked>,
}

impl RoundAsked {
    pub(super) fn round(&self, pack: &Pack) -> Result<NewRound> {
        let usual = Terms::of(pack)?;
        Ok(NewRound {
            title: self.title.clone(),
            convener: self.convener.clone(),
            scope: self.scope.clone(),
            opens_on: self.opens_on.0,
            closes_on: self.closes_on.0,
            terms: Terms {
                duplicates: self.duplicates,
                agent_most_heads: self.agent_most_heads,
                agent_most_area: self.agent_most_area,
                invalid_reasons: self
                    .invalid_reasons
                    .clone()
                    .unwrap_or_else(|| usual.invalid_reasons.clone()),
                company_enters: self.company_enters,
                ..usual
            },
        })
    }
}

/// The day of the roll.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要冻结的名册")]
pub struct FreezeAsked {
    /// The day.
    #[schemars(description = "名册日：不得晚于今天")]
    pub on: IsoDay,
}

/// A notice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "公示")]
pub struct NoticeAsked {
    /// Since when it hangs.
    #[schemars(description = "公示之日")]
    pub posted_on: IsoDay,
    /// Where.
    #[schemars(description = "公示地点", example = &"小区公告栏")]
    pub place: String,
}

/// Why a round is withdrawn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "撤回")]
pub struct WithdrawalAsked {
    /// Why.
    #[schemars(description = "原因", example = &"方案有改动")]
    pub reason: String,
}

/// A delivery as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "送达")]
pub struct DeliveryAsked {
    /// The dwelling.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// How.
    #[schemars(description = "方式")]
    pub method: Delivery,
    /// When.
    #[schemars(description = "送达日期")]
    pub delivered_on: IsoDay,
    /// What proves it.
    #[schemars(description = "凭据", example = &"签收 1")]
    pub evidence: String,
}

/// A proxy as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "书面委托")]
pub struct ProxyAsked {
    /// The dwelling whose owners give it.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// Who is to vote.
    #[schemars(description = "代理人", example = &"赵某")]
    pub agent_name: String,
    /// The last four of the agent's identity number.
    #[schemars(description = "代理人证件末四位", example = &"001X")]
    pub agent_id_tail: String,
    /// When it was signed.
    #[schemars(description = "签署日期")]
    pub signed_on: IsoDay,
    /// What proves it.
    #[schemars(description = "凭据", example = &"委托书 1")]
    pub evidence: String,
    /// What the agent is told to answer; empty if it is left to them.
    #[serde(default)]
    #[schemars(description = "委托意见：逐项；不写则由代理人决定")]
    pub instructions: Vec<Said>,
}

/// A paper slip as one person read it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一人读到的纸质票")]
pub struct SlipAsked {
    /// The number printed on it.
    #[schemars(description = "票面编号", example = &"P001")]
    pub slip_no: String,
    /// The dwelling printed on it.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The day it was received.
    #[schemars(description = "收到日期")]
    pub received_on: IsoDay,
    /// The proxy, where an agent signed it.
    #[serde(default)]
    #[schemars(description = "委托编号：代理人投的写", example = 1)]
    pub proxy_no: Option<i32>,
    /// To each motion.
    #[serde(default)]
    #[schemars(description = "答复：逐项；整票无效的不写")]
    pub answers: Vec<Said>,
    /// Why the whole slip is set aside.
    #[serde(default)]
    #[schemars(description = "整票无效的理由：有效的不写", example = &"")]
    pub invalid_reason: String,
    /// The ballot it corrects.
    #[serde(default)]
    #[schemars(description = "被更正的票号：更正时写", example = 1)]
    pub corrects: Option<BallotNo>,
    /// Why it is entered again, or corrected.
    #[serde(default)]
    #[schemars(description = "原因：更正、改录、两人不一致后再录时必填", example = &"")]
    pub note: String,
}

/// A ballot cast online.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "线上投票")]
pub struct BallotAsked {
    /// The owner; none where an agent casts it.
    #[serde(default)]
    #[schemars(description = "业主编号：代理人投的不写", example = 1)]
    pub owner_no: Option<OwnerNo>,
    /// The agent's proxy.
    #[serde(default)]
    #[schemars(description = "委托编号：代理人投的写", example = 1)]
    pub proxy_no: Option<i32>,
    /// To each motion.
    #[schemars(description = "答复：逐项")]
    pub answers: Vec<Said>,
}

/// A round that was drafted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VoteDrafted", description = "已草拟的表决")]
pub struct Drafted {
    /// Its number.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// Its motions' numbers.
    #[schemars(description = "事项编号")]
    pub motions: Vec<MotionNo>,
}

/// A motion that was put to the vote.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VoteMoved", description = "已提出的事项")]
pub struct Moved {
    /// Its number in the round.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
}

/// A step that was taken.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VoteStepped", description = "表决到达的阶段")]
pub struct Stepped {
    /// The round.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// How far it has come.
    #[schemars(description = "阶段")]
    pub stage: Stage,
}

/// A paper that was registered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VoteRegistered", description = "已登记")]
pub struct Registered {
    /// Its number in the round.
    #[schemars(description = "编号：本次表决内连续", example = 1)]
    pub no: i32,
}
