//! A round as it stands: its terms, its motions, how far it has come.
//!
//! Owns: [`Terms`], [`Motion`], [`Stage`], [`Round`], and reading them back.
//!
//! Always: a round moves forward only, by steps that stay; what is announced is what is voted on (a vote on what was not
//! announced is void: 北京市物业管理条例 art. 35, 杭州市物业管理条例 art. 19).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ballot::Duplicates;
use super::matter::{Fraction, VoteRule};
use super::roll::Scope;
use super::rows;
use crate::books::View;
use crate::calendar::Day;
use crate::error::{Result, Storage};
use crate::id::{CompoundId, MotionNo, RoundNo};
use crate::money::Money;
use crate::property::Usage;

/// How a round is held: what the owners' own rules and the city's say. Kept with the round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "VoteTerms", description = "表决办法")]
pub struct Terms {
    /// Days from the notice to the first day of voting.
    #[schemars(description = "公示天数", example = 15)]
    pub notice_days: u16,
    /// What votes: dwellings always, parking spaces only where the local rule counts them (司法解释 art. 2).
    #[schemars(description = "计入表决的房屋用途")]
    pub voting: Vec<Usage>,
    /// Which of several ballots counts.
    #[schemars(description = "重复投票的规则")]
    pub duplicates: Duplicates,
    /// How many heads one agent may vote for; none, no limit.
    #[schemars(description = "一名代理人至多代理的人数：空则不限", example = 3)]
    pub agent_most_heads: Option<u32>,
    /// What part of all area one agent may vote for; none, no limit.
    #[schemars(description = "一名代理人至多代理的面积比例：空则不限", example = &"1/5")]
    pub agent_most_area: Option<Fraction>,
    /// Why a slip may be set aside.
    #[schemars(description = "认定整票无效的理由")]
    pub invalid_reasons: Vec<String>,
    /// Whether the property company is appointed to deliver slips and enter paper ballots.
    #[schemars(description = "是否委托物业公司送达、录入")]
    pub company_enters: bool,
}

impl Default for Terms {
    fn default() -> Terms {
        let reasons = ["未签名", "非业主本人且无委托", "涂改", "无法辨认", "逾期", "非原票"];
        Terms {
            notice_days: 15,
            voting: vec![Usage::Residence, Usage::Shop, Usage::Office, Usage::Other],
            duplicates: Duplicates::FirstValid,
            agent_most_heads: None,
            agent_most_area: None,
            invalid_reasons: reasons.map(str::to_owned).into(),
            company_enters: false,
        }
    }
}

/// A motion (表决事项) as it is put to the vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "表决事项")]
pub struct Motion {
    /// Its number in the round.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
    /// What is asked.
    #[schemars(description = "事项", example = &"使用维修资金维修 1 幢屋面")]
    pub title: String,
    /// The plan it stands on: number, digest.
    #[schemars(description = "方案文号、摘要", example = &"方案 2026-01")]
    pub plan: String,
    /// The most it may cost; zero where it costs nothing.
    #[schemars(description = "金额上限：分，不涉及金额为零", example = 8_000_000)]
    pub amount_cap_fen: Money,
    /// By how many it is carried.
    #[schemars(description = "通过规则")]
    pub rule: VoteRule,
}

/// How far a round has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "VoteStage", description = "表决的阶段")]
pub enum Stage {
    /// 草拟: motions are added.
    #[schemars(description = "草拟")]
    Draft,
    /// 名册已冻结.
    #[schemars(description = "名册已冻结")]
    Frozen,
    /// 已公示.
    #[schemars(description = "已公示")]
    Announced,
    /// 表决中.
    #[schemars(description = "表决中")]
    Open,
    /// 已结束: the result stands.
    #[schemars(description = "已结束")]
    Closed,
    /// 已撤回.
    #[schemars(description = "已撤回")]
    Withdrawn,
}

impl Stage {
    pub(super) const ALL: [Stage; 6] = [
        Stage::Draft,
        Stage::Frozen,
        Stage::Announced,
        Stage::Open,
        Stage::Closed,
        Stage::Withdrawn,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Draft => "draft",
            Stage::Frozen => "frozen",
            Stage::Announced => "announced",
            Stage::Open => "open",
            Stage::Closed => "closed",
            Stage::Withdrawn => "withdrawn",
        }
    }

    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Stage::Draft => "草拟",
            Stage::Frozen => "名册已冻结",
            Stage::Announced => "已公示",
            Stage::Open => "表决中",
            Stage::Closed => "已结束",
            Stage::Withdrawn => "已撤回",
        }
    }
}

/// A step a round took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "VoteStep", description = "表决经过的一步")]
pub struct Step {
    /// To which stage.
    #[schemars(description = "到达的阶段")]
    pub stage: Stage,
    /// The day it is of: of the roll, of the notice, of the act.
    #[schemars(description = "日期：名册日、公示日或办理日")]
    pub on: Day,
    /// What was said of it: where the notice hangs, why the round was withdrawn.
    #[schemars(description = "说明：公示地点、撤回原因", example = &"小区公告栏")]
    pub note: String,
    /// The digest it fixed: of the roll, of the result.
    #[schemars(description = "固定下来的摘要：名册或结果，SHA-256", example = &"")]
    pub digest: String,
}

/// A round (表决).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "VoteRound", description = "一次表决")]
pub struct Round {
    /// Its number in the compound.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// Its title.
    #[schemars(description = "名称", example = &"屋面维修表决")]
    pub title: String,
    /// Who convenes it.
    #[schemars(description = "召集人", example = &"业主委员会")]
    pub convener: String,
    /// Whom it concerns.
    #[schemars(description = "表决范围")]
    pub scope: Scope,
    /// How it is held.
    #[schemars(description = "表决办法")]
    pub terms: Terms,
    /// The first day of voting.
    #[schemars(description = "起日")]
    pub opens_on: Day,
    /// The last day of voting.
    #[schemars(description = "终日")]
    pub closes_on: Day,
    /// What is put to the vote.
    #[schemars(description = "事项")]
    pub motions: Vec<Motion>,
    /// How far it has come.
    #[schemars(description = "阶段")]
    pub stage: Stage,
    /// The steps it took.
    #[schemars(description = "经过")]
    pub steps: Vec<Step>,
}

impl Round {
    /// The step to a stage, if it was taken.
    #[must_use]
    pub fn step(&self, stage: Stage) -> Option<&Step> {
        self.steps.iter().find(|step| step.stage == stage)
    }
}

/// The rounds of a compound, the newest first; one of them, if its number is given.
pub(super) async fn rounds(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<RoundNo>,
) -> Result<Vec<Round>> {
    let which = if only.is_some() { "AND round_no = $2" } else { "" };
    let mut values: Vec<sea_orm::Value> = vec![compound.0.into()];
    values.extend(only.map(|no| sea_orm::Value::from(no.0)));

    let sql = format!(
        "SELECT round_no, title, convener, scope, terms, opens_on, closes_on FROM vote_round
         WHERE compound_id = $1 {which} ORDER BY round_no DESC"
    );
    let mut rounds = Vec::new();
    for row in view.rows(rows::ROUNDS, &sql, values.clone()).await? {
        rounds.push(Round {
            round_no: RoundNo(row.try_get("", "round_no")?),
            title: row.try_get("", "title")?,
            convener: row.try_get("", "convener")?,
            scope: rows::read(&row, "scope")?,
            terms: rows::read(&row, "terms")?,
            opens_on: row.try_get("", "opens_on")?,
            closes_on: row.try_get("", "closes_on")?,
            motions: Vec::new(),
            stage: Stage::Draft,
            steps: Vec::new(),
        });
    }
    let sql = format!(
        "SELECT round_no, motion_no, title, plan, amount_cap_fen, rule FROM vote_motion
         WHERE compound_id = $1 {which} ORDER BY round_no, motion_no"
    );
    for row in view.rows(rows::ROUNDS, &sql, values.clone()).await? {
        let no = RoundNo(row.try_get("", "round_no")?);
        let motion = Motion {
            motion_no: MotionNo(row.try_get("", "motion_no")?),
            title: row.try_get("", "title")?,
            plan: row.try_get("", "plan")?,
            amount_cap_fen: Money::fen(row.try_get("", "amount_cap_fen")?),
            rule: rows::read(&row, "rule")?,
        };
        rounds.iter_mut().filter(|r| r.round_no == no).for_each(|r| r.motions.push(motion.clone()));
    }
    let sql = format!(
        "SELECT round_no, step, taken_on, note, digest FROM vote_step
         WHERE compound_id = $1 {which} ORDER BY round_no, act_no"
    );
    for row in view.rows(rows::ROUNDS, &sql, values).await? {
        let no = RoundNo(row.try_get("", "round_no")?);
        let name: String = row.try_get("", "step")?;
        let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name);
        let unknown = || Storage::Bug(format!("a vote has the step {name:?}"));
        let step = Step {
            stage: stage.ok_or_else(unknown)?,
            on: row.try_get("", "taken_on")?,
            note: row.try_get("", "note")?,
            digest: row.try_get("", "digest")?,
        };
        for round in rounds.iter_mut().filter(|r| r.round_no == no) {
            round.stage = step.stage;
            round.steps.push(step.clone());
        }
    }
    Ok(rounds)
}
