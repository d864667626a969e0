//! The result of a round: every figure, the thresholds it was held against, and what follows.
//!
//! Owns: [`ResultSheet`], [`Progress`], [`Resolution`], and counting a round from its rows.
//!
//! Always: a result is counted from the ballots and the frozen roll, stored with its digest when the round closes, and
//! comes out the same when counted again. Never: a percentage somebody typed in.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ballot::{self, Ballot, Channel, Duplicates, Standing};
use super::matter::{Delivery, Matter};
use super::recount::{self, Line};
use super::roll::{self, Entry, Scope};
use super::round::{self, Motion, Round, Stage};
use super::tally::{Answer, Count, Figure, Voice, count};
use super::{NO_MOTION, NO_ROUND, NOT_PASSED, STAGE, rows};
use crate::books::View;
use crate::calendar::Day;
use crate::error::{Result, Storage};
use crate::id::{CompoundId, DwellingNo, MotionNo, RoundNo};
use crate::journal::text::hex;
use crate::measure::Area;
use crate::money::Money;
use crate::property;

/// One motion's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一个事项的结果")]
pub struct MotionResult {
    /// The motion, with its rule.
    #[schemars(description = "事项及其规则")]
    pub motion: Motion,
    /// The article it was decided by.
    #[schemars(description = "依据", example = &"民法典第二百七十八条第一款第五项")]
    pub article: String,
    /// The figures.
    #[schemars(description = "计票")]
    pub count: Count,
}

/// Why slips were set aside, and how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InvalidBallots", description = "整票无效")]
pub struct Invalid {
    /// The reason.
    #[schemars(description = "理由", example = &"未签名")]
    pub reason: String,
    /// How many slips.
    #[schemars(description = "张数", example = 1)]
    pub ballots: i64,
}

/// What came in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReceivedBallots", description = "收到的票")]
pub struct Received {
    /// Counted, on paper.
    #[schemars(description = "纸质计入：张", example = 4)]
    pub paper: i64,
    /// Counted, online.
    #[schemars(description = "线上计入：张", example = 5)]
    pub online: i64,
    /// Of the counted, under a proxy.
    #[schemars(description = "其中委托：张", example = 0)]
    pub by_agents: i64,
    /// Kept and not counted: another of the same head counts.
    #[schemars(description = "重复未计：张", example = 1)]
    pub duplicates: i64,
    /// Kept and not counted: corrected.
    #[schemars(description = "更正替换：张", example = 0)]
    pub corrected: i64,
    /// Kept and not counted: invalid, by reason.
    #[schemars(description = "整票无效")]
    pub invalid: Vec<Invalid>,
}

/// The result sheet (表决结果).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VoteResult", description = "表决结果：每个数字都由票与名册数出")]
pub struct ResultSheet {
    /// The round.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// Its title.
    #[schemars(description = "名称", example = &"屋面维修表决")]
    pub title: String,
    /// Who convened it.
    #[schemars(description = "召集人", example = &"业主委员会")]
    pub convener: String,
    /// Whom it concerned.
    #[schemars(description = "表决范围")]
    pub scope: Scope,
    /// The day of the roll.
    #[schemars(description = "名册日")]
    pub roll_on: Day,
    /// The roll's digest.
    #[schemars(description = "名册摘要：SHA-256", example = &"3572dc88")]
    pub roll_digest: String,
    /// How many dwellings were on it.
    #[schemars(description = "专有部分个数", example = 12)]
    pub dwellings: i64,
    /// The day of the notice.
    #[schemars(description = "公示日")]
    pub announced_on: Day,
    /// Where it hung.
    #[schemars(description = "公示地点", example = &"小区公告栏")]
    pub announced_at: String,
    /// The first day of voting.
    #[schemars(description = "起日")]
    pub opens_on: Day,
    /// The last day of voting.
    #[schemars(description = "终日")]
    pub closes_on: Day,
    /// The day of the count.
    #[schemars(description = "计票日")]
    pub counted_on: Day,
    /// Which of several ballots counted.
    #[schemars(description = "重复投票的规则")]
    pub duplicates: Duplicates,
    /// What came in.
    #[schemars(description = "收到的票")]
    pub received: Received,
    /// Each motion's result.
    #[schemars(description = "各事项的结果")]
    pub motions: Vec<MotionResult>,
    /// The hash of the recount file's last line.
    #[schemars(description = "明细清册末行链值", example = &"11460f2d")]
    pub recount_digest: String,
}

impl ResultSheet {
    /// SHA-256, in hexadecimal, of the sheet as JSON.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(serde_json::to_string(self).expect("a sheet is JSON").as_bytes()))
    }
}

/// The dwellings of a building that have returned a ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一幢的进度")]
pub struct BuildingProgress {
    /// The building.
    #[schemars(description = "楼栋", example = &"1")]
    pub building: String,
    /// Its dwellings on the roll.
    #[schemars(description = "户数", example = 12)]
    pub dwellings: i64,
    /// Of these, with a ballot that counts.
    #[schemars(description = "已投票：户", example = 9)]
    pub returned: i64,
    /// Of these, with a delivery on record.
    #[schemars(description = "已送达：户", example = 11)]
    pub delivered: i64,
}

/// A motion while it is voted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "一个事项的进度")]
pub struct MotionProgress {
    /// The motion.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
    /// What is asked.
    #[schemars(description = "事项", example = &"维修屋面")]
    pub title: String,
    /// By ballots alone; nothing is presumed of anybody while they may still vote.
    #[schemars(description = "计票：表决期内不作任何推定")]
    pub count: Count,
    /// `参与还差 7 户 / 812.40 ㎡；同意还差 3 户 / 120.00 ㎡`.
    #[schemars(description = "还差多少", example = &"参与还差 7 户 / 812.40 ㎡；同意还差 3 户 / 120.00 ㎡")]
    pub lacking: String,
}

/// How a round goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "VoteProgress", description = "表决进度")]
pub struct Progress {
    /// How far it has come.
    #[schemars(description = "阶段")]
    pub stage: Stage,
    /// The last day of voting.
    #[schemars(description = "终日")]
    pub closes_on: Day,
    /// Motion by motion.
    #[schemars(description = "各事项")]
    pub motions: Vec<MotionProgress>,
    /// Building by building.
    #[schemars(description = "各幢")]
    pub buildings: Vec<BuildingProgress>,
}

/// Everything a round is counted from.
pub(super) struct Material {
    pub(super) round: Round,
    pub(super) roll: Vec<Entry>,
    pub(super) ballots: Vec<Ballot>,
    standings: Vec<Standing>,
    reached: BTreeMap<i32, Vec<Delivery>>,
    roll_digest: String,
}

/// One round.
///
/// # Errors
/// `governance.no-round`.
pub(super) async fn one(view: &mut impl View, compound: CompoundId, no: RoundNo) -> Result<Round> {
    let found = round::rounds(view, compound, Some(no)).await?.pop();
    Ok(found.ok_or_else(|| NO_ROUND.refuse(format!("表决编号 {no}")))?)
}

/// Reads a round whose roll is frozen.
pub(super) async fn gather(
    view: &mut impl View,
    compound: CompoundId,
    no: RoundNo,
) -> Result<Material> {
    let round = one(view, compound, no).await?;
    let Some(frozen) = round.step(Stage::Frozen) else {
        let evidence = format!("表决 {no} {}，名册尚未冻结", round.stage.in_chinese());
        return Err(STAGE.refuse(evidence).with("stage", round.stage.name()).into());
    };
    let roll_digest = frozen.digest.clone();
    let ballots = rows::ballots(view, compound, no).await?;
    Ok(Material {
        standings: ballot::standings(&ballots, round.terms.duplicates),
        roll: rows::roll(view, compound, no).await?,
        reached: rows::deliveries(view, compound, no).await?,
        round,
        ballots,
        roll_digest,
    })
}

impl Material {
    fn counted(&self) -> impl Iterator<Item = &Ballot> {
        let judged = self.ballots.iter().zip(&self.standings);
        judged.filter(|(_, standing)| **standing == Standing::Counted).map(|(ballot, _)| ballot)
    }

    /// Every head with its area and what it says to the motion at this place.
    fn voices(&self, place: usize, with_silent: bool) -> BTreeMap<i32, (Area, Voice)> {
        let rule = &self.round.motions[place].rule;
        let mut voices: BTreeMap<i32, (Area, Voice)> = BTreeMap::new();
        for (head, area) in roll::heads(&self.roll) {
            let reached = self.reached.get(&head).map_or(&[][..], Vec::as_slice);
            let is_presumed = with_silent && rule.silent.presumes(reached);
            voices.insert(head, (area, Voice::Silent { is_presumed }));
        }
        let mut say = |head: i32, answer| {
            if let Some((_, voice)) = voices.get_mut(&head) {
                *voice = Voice::Said(answer);
            }
        };
        // A head whose slips are all invalid returned one: it is not silent, and it does not take part.
        let judged = self.ballots.iter().zip(&self.standings);
        for (ballot, _) in judged.filter(|(_, standing)| **standing == Standing::Invalid) {
            say(ballot.head_no, Answer::Spoiled);
        }
        for ballot in self.counted() {
            say(ballot.head_no, ballot.answers.get(place).copied().unwrap_or(Answer::Spoiled));
        }
        voices
    }

    fn count(&self, place: usize, with_silent: bool) -> Count {
        let voices = self.voices(place, with_silent).into_values();
        count(&self.round.motions[place].rule, voices)
    }

    /// The recount file's lines.
    pub(super) fn lines(&self) -> Vec<Line> {
        let motions = 0..self.round.motions.len();
        let counts: Vec<Count> = motions.clone().map(|place| self.count(place, true)).collect();
        let mut presumed: BTreeMap<i32, Vec<Option<Answer>>> = BTreeMap::new();
        for place in motions {
            let count = &counts[place];
            let answers = [
                (count.presumed_approve, Answer::Approve),
                (count.presumed_oppose, Answer::Oppose),
                (count.presumed_abstain, Answer::Abstain),
            ];
            let presumes = answers.iter().find(|(figure, _)| *figure != Figure::default());
            for (head, (_, voice)) in self.voices(place, true) {
                let is_presumed = voice == Voice::Silent { is_presumed: true };
                let answer = presumes.filter(|_| is_presumed).map(|(_, answer)| *answer);
                presumed.entry(head).or_default().push(answer);
            }
        }
        recount::lines(&self.roll, &self.ballots, &self.standings, &presumed, &self.roll_digest)
    }

    pub(super) fn roll_digest(&self) -> &str {
        &self.roll_digest
    }

    /// The result, as counted on a day.
    pub(super) fn sheet(&self, counted_on: Day) -> Result<ResultSheet> {
        let Round { round_no, title, convener, scope, terms, opens_on, closes_on, .. } =
            self.round.clone();
        let missing = || Storage::Bug(format!("round {round_no} has no notice"));
        let frozen = self.round.step(Stage::Frozen).ok_or_else(missing)?;
        let announced = self.round.step(Stage::Announced).ok_or_else(missing)?;
        let motion = |(place, motion): (usize, &Motion)| MotionResult {
            motion: motion.clone(),
            article: motion.rule.article(),
            count: self.count(place, true),
        };
        Ok(ResultSheet {
            round_no,
            title,
            convener,
            scope,
            roll_on: frozen.on,
            roll_digest: self.roll_digest.clone(),
            dwellings: many(self.roll.len()),
            announced_on: announced.on,
            announced_at: announced.note.clone(),
            opens_on,
            closes_on,
            counted_on,
            duplicates: terms.duplicates,
            received: self.received(),
            motions: self.round.motions.iter().enumerate().map(motion).collect(),
            recount_digest: recount::digest(&self.lines(), &self.roll_digest),
        })
    }

    fn received(&self) -> Received {
        let by = |channel| many(self.counted().filter(|b| b.channel == channel).count());
        let of = |wanted| many(self.standings.iter().filter(|s| **s == wanted).count());
        let mut reasons: BTreeMap<&str, i64> = BTreeMap::new();
        let judged = self.ballots.iter().zip(&self.standings);
        for (ballot, _) in judged.filter(|(_, standing)| **standing == Standing::Invalid) {
            *reasons.entry(&ballot.invalid_reason).or_default() += 1;
        }
        let invalid =
            |(reason, ballots): (&str, i64)| Invalid { reason: reason.to_owned(), ballots };
        Received {
            paper: by(Channel::Paper),
            online: by(Channel::Online),
            by_agents: many(self.counted().filter(|b| b.proxy_no.is_some()).count()),
            duplicates: of(Standing::Duplicate),
            corrected: of(Standing::Corrected),
            invalid: reasons.into_iter().map(invalid).collect(),
        }
    }

    /// How it goes.
    pub(super) fn progress(&self) -> Progress {
        let is_closed = self.round.stage == Stage::Closed;
        let motion = |(place, motion): (usize, &Motion)| {
            let count = self.count(place, is_closed);
            MotionProgress {
                motion_no: motion.motion_no,
                title: motion.title.clone(),
                lacking: lacking(&count),
                count,
            }
        };
        let counted: BTreeSet<i32> = self.counted().map(|b| b.head_no).collect();
        let mut buildings: Vec<BuildingProgress> = Vec::new();
        for entry in &self.roll {
            let building = property::building_code(&entry.code);
            if buildings.last().is_none_or(|last| last.building != building) {
                let fresh = BuildingProgress { building, dwellings: 0, returned: 0, delivered: 0 };
                buildings.push(fresh);
            }
            if let Some(last) = buildings.last_mut() {
                last.dwellings += 1;
                last.returned += i64::from(counted.contains(&entry.head_no));
                last.delivered += i64::from(self.reached.contains_key(&entry.head_no));
            }
        }
        Progress {
            stage: self.round.stage,
            closes_on: self.round.closes_on,
            motions: self.round.motions.iter().enumerate().map(motion).collect(),
            buildings,
        }
    }
}

fn many(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What is lacking, in a sentence.
fn lacking(count: &Count) -> String {
    if count.is_passed {
        return "参与与同意均已达到".to_owned();
    }
    let nothing = Figure::default();
    let attendance = match count.short_of_attendance {
        short if short == nothing => "参与已达到".to_owned(),
        short => format!("参与还差 {short}"),
    };
    let approval = match count.short_of_approval {
        short if short == nothing => "同意已达到".to_owned(),
        short => format!("同意还差 {short}"),
    };
    let reach = if count.is_within_reach { "" } else { "；未表决的业主已不足以达到" };
    format!("{attendance}；{approval}{reach}")
}

/// The stored result of a closed round, if there is one.
pub(super) async fn stored(
    view: &mut impl View,
    compound: CompoundId,
    no: RoundNo,
) -> Result<Option<(ResultSheet, String, Day)>> {
    let sql = "SELECT sheet, digest, passed_on FROM vote_result
               WHERE compound_id = $1 AND round_no = $2";
    let found = view.rows(rows::ROUNDS, sql, vec![compound.0.into(), no.0.into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let sheet: ResultSheet = rows::read(row, "sheet")?;
    Ok(Some((sheet, row.try_get("", "digest")?, row.try_get("", "passed_on")?)))
}

/// What the owners have decided (决议). Only this room makes one, of a round that is closed and a motion that is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    compound: CompoundId,
    round: RoundNo,
    motion: MotionNo,
    matter: Matter,
    title: String,
    plan: String,
    scope: Scope,
    dwellings: Vec<DwellingNo>,
    opened_on: Day,
    amount_cap: Money,
    article: String,
    pack: String,
    digest: String,
    passed_on: Day,
}

impl Resolution {
    /// The resolution on a motion.
    ///
    /// # Errors
    /// `governance.no-round`, `governance.stage` (not closed), `governance.no-motion`, `governance.not-passed`;
    /// storage, if the stored result is not what its digest says.
    pub async fn of(
        view: &mut impl View,
        compound: CompoundId,
        round: RoundNo,
        motion: MotionNo,
    ) -> Result<Resolution> {
        let asked = one(view, compound, round).await?;
        let Some((sheet, digest, passed_on)) = stored(view, compound, round).await? else {
            let evidence = format!("表决 {round} {}，尚无结果", asked.stage.in_chinese());
            return Err(STAGE.refuse(evidence).with("stage", asked.stage.name()).into());
        };
        let found = sheet.motions.iter().find(|result| result.motion.motion_no == motion);
        let missing = || NO_MOTION.refuse(format!("表决 {round} 没有事项 {motion}"));
        let result = found.ok_or_else(missing)?.clone();
        if sheet.digest() != digest {
            return Err(Storage::Bug(format!("the result of round {round} was altered")).into());
        }
        if !result.count.is_passed {
            let lacking = lacking(&result.count);
            let evidence = format!("表决 {round} 事项 {motion}：{lacking}（{}）", result.article);
            return Err(NOT_PASSED.refuse(evidence).into());
        }
        let roll = rows::roll(view, compound, round).await?;
        if roll::digest(&roll, sheet.roll_on) != sheet.roll_digest {
            return Err(Storage::Bug(format!("the roll of round {round} was altered")).into());
        }
        Ok(Resolution {
            compound,
            round,
            motion,
            matter: result.motion.rule.matter,
            title: result.motion.title,
            plan: result.motion.plan,
            opened_on: sheet.opens_on,
            scope: sheet.scope,
            dwellings: roll.iter().map(|entry| entry.dwelling_no).collect(),
            amount_cap: result.motion.amount_cap_fen,
            article: result.article,
            pack: result.motion.rule.pack,
            digest,
            passed_on,
        })
    }

    /// The compound whose owners decided.
    #[must_use]
    pub fn compound(&self) -> CompoundId {
        self.compound
    }

    /// The round and the motion.
    #[must_use]
    pub fn number(&self) -> (RoundNo, MotionNo) {
        (self.round, self.motion)
    }

    /// What kind of decision.
    #[must_use]
    pub fn matter(&self) -> Matter {
        self.matter
    }

    /// What was asked.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The plan it stands on, as it was announced.
    #[must_use]
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// The first day of voting.
    #[must_use]
    pub fn opened_on(&self) -> Day {
        self.opened_on
    }

    /// Whom it binds.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The dwellings on the frozen roll, in natural order.
    #[must_use]
    pub fn dwellings(&self) -> &[DwellingNo] {
        &self.dwellings
    }

    /// The most it allows; zero where it allows no money.
    #[must_use]
    pub fn amount_cap(&self) -> Money {
        self.amount_cap
    }

    /// The article it was carried by.
    #[must_use]
    pub fn article(&self) -> &str {
        &self.article
    }

    /// The policy pack and version whose rule it was counted by; empty for 民法典 alone.
    #[must_use]
    pub fn pack(&self) -> &str {
        &self.pack
    }

    /// The digest of the result sheet.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The day of the result.
    #[must_use]
    pub fn passed_on(&self) -> Day {
        self.passed_on
    }
}
