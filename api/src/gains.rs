//! The door of gains: rates, runs of interest, a household's reckoning, distributions.

use ledger::books::{Actor, Books, Done, Request, Snapshot};
use ledger::error::Result;
use ledger::gains::rates::{self, NewRate, Rate};
use ledger::gains::run::{self, Asked as RunAsked, Manifest, Outcome, Part, Run};
use ledger::gains::{self, Distribution, Explained, Settlement, Term};
use ledger::id::{CompoundId, RunNo};
use ledger::journal::Posted;
use ledger::money::Money;
use ledger::policy::Jurisdiction;
use ledger::policy::terms::RateRef;
use ledger::property::{self, Compound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Caller, Going, Nothing, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::{self, Problem};
use crate::property::AtRoom;
use crate::wire::{Acted, IsoDay, Shown};

// ---- rates ---------------------------------------------------------------------------------------------------------

/// A rate to enter.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的利率")]
pub struct RateAsked {
    /// Whose.
    #[schemars(description = "地区代码：六位行政区划代码，全国为 100000", regex(pattern = "^[1-9][0-9]{5}$"), example = &"330100")]
    pub jurisdiction: String,
    /// Which.
    #[schemars(description = "利率种类")]
    pub kind: RateRef,
    /// From when.
    #[schemars(description = "起始日：自此日起适用")]
    pub effective_from: IsoDay,
    /// Percent a year.
    #[schemars(description = "年利率：百分数，至多六位小数", example = &"2.85")]
    pub percent: String,
    /// The paper.
    #[schemars(description = "依据：公布利率的文件，200 字以内", example = &"中心公告〔2024〕1号")]
    pub source: String,
    /// Why it is entered again.
    #[serde(default)]
    #[schemars(description = "更正说明：同一起始日再登记时写", example = &"")]
    pub corrects: String,
}

impl RateAsked {
    fn new_rate(self) -> Result<NewRate> {
        let wrong = |why: &str| problem::SHAPE.refuse(format!("{}：{why}", self.jurisdiction));
        Ok(NewRate {
            jurisdiction: Jurisdiction::try_from(self.jurisdiction.clone()).map_err(wrong)?,
            kind: self.kind,
            effective_from: self.effective_from.0,
            percent: self.percent,
            source: self.source,
            corrects: self.corrects,
        })
    }
}

/// Enters a rate for whoever asks.
pub(crate) async fn enter(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    asked: RateAsked,
) -> Result<Done<Rate>> {
    let given = asked.new_rate()?;
    let request = Request::new("gains.set-rate", given).maybe_once(key);
    books
        .act(actor, CompoundId::OFFICE, request, |tx, new| Box::pin(rates::set_rate(tx, new)))
        .await
}

/// A rate as it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的利率")]
pub struct RateView {
    #[schemars(description = "地区代码", example = &"330100")]
    pub(crate) jurisdiction: String,
    #[schemars(description = "利率种类")]
    pub(crate) kind: RateRef,
    #[schemars(description = "起始日")]
    pub(crate) effective_from: IsoDay,
    #[schemars(description = "年利率：百分数", example = &"2.85%")]
    pub(crate) percent: String,
    #[schemars(description = "依据", example = &"中心公告〔2024〕1号")]
    pub(crate) source: String,
    #[schemars(description = "更正说明", example = &"")]
    corrects: String,
    #[schemars(description = "总册操作编号", example = 3)]
    entered_by_act: i32,
}

impl From<Rate> for RateView {
    fn from(rate: Rate) -> RateView {
        RateView {
            jurisdiction: rate.jurisdiction,
            kind: rate.kind,
            effective_from: IsoDay(rate.effective_from),
            percent: rates::percent(rate.rate_e8),
            source: rate.source,
            corrects: rate.corrects,
            entered_by_act: rate.act.0,
        }
    }
}

/// `POST /interest-rates`.
///
/// # Errors
/// Those of [`rates::set_rate`].
pub async fn set_rate(
    caller: Caller,
    Told(asked): Told<RateAsked>,
) -> Result<Acted<RateView>, Problem> {
    let done = enter(&caller.books, &caller.actor, caller.key.clone(), asked).await?;
    Ok(Acted::new(done, RateView::from))
}

/// `GET /interest-rates`.
///
/// # Errors
/// Those of a list.
pub async fn rates(caller: Caller, list: Sought<Nothing>) -> Result<Listed<RateView>, Problem> {
    let rates = rates::rates(&mut caller.read().await?).await?;
    let row = |(no, rate): (u32, Rate)| (no, RateView::from(rate));
    list.answer_from((1..).zip(rates).map(row).collect())
}

// ---- runs ----------------------------------------------------------------------------------------------------------

/// Which interest to run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要办理的结息")]
pub struct InterestAsked {
    #[schemars(
        description = "年度：结息日所在的年",
        range(min = 1949, max = 2999),
        example = 2025
    )]
    year: i32,
    #[serde(default)]
    #[schemars(description = "季度：1 至 4，按季结息时写", range(min = 1, max = 4))]
    quarter: Option<u8>,
    #[serde(default)]
    #[schemars(description = "小区代码：只办一个小区时写", example = &"wutongli")]
    compound: Option<String>,
}

impl InterestAsked {
    fn run(self) -> RunAsked {
        let InterestAsked { year, quarter, compound } = self;
        RunAsked { term: Term { year, quarter }, only: compound }
    }
}

/// A run as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "结息批次：预览的编号为零；封存之后才有各项合计")]
pub struct RunView {
    #[schemars(description = "批次编号", example = 1)]
    pub(crate) run_no: i32,
    #[schemars(description = "年度", example = 2025)]
    pub(crate) year: i32,
    #[schemars(description = "季度：全年的没有")]
    pub(crate) quarter: Option<u8>,
    #[schemars(description = "小区代码：全部小区的没有")]
    pub(crate) compound: Option<String>,
    #[schemars(description = "应办小区数", example = 500)]
    pub(crate) expected: i32,
    #[schemars(description = "本批已结小区数", example = 498)]
    pub(crate) posted: Option<i32>,
    #[schemars(description = "此前已结小区数", example = 0)]
    pub(crate) earlier: Option<i32>,
    #[schemars(description = "未结小区数：各有原因", example = 2)]
    pub(crate) skipped: Option<i32>,
    #[schemars(description = "本批结息户数", example = 1_000_000)]
    pub(crate) households: Option<i64>,
    #[schemars(description = "本批结息合计：分", example = 81_250)]
    pub(crate) sum_fen: Option<Money>,
    #[schemars(description = "已结小区 3101 余额合计：分", example = 18_750)]
    pub(crate) left_fen: Option<Money>,
    #[schemars(description = "清单指纹：SHA-256", example = &"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    pub(crate) digest: Option<String>,
}

impl RunView {
    fn new(run_no: i32, asked: &RunAsked, expected: i32, manifest: Option<Manifest>) -> RunView {
        let of = manifest.as_ref();
        RunView {
            run_no,
            year: asked.term.year,
            quarter: asked.term.quarter,
            compound: asked.only.clone(),
            expected,
            posted: of.map(|m| m.posted),
            earlier: of.map(|m| m.earlier),
            skipped: of.map(|m| m.skipped),
            households: of.map(|m| m.households),
            sum_fen: of.map(|m| m.sum_fen),
            left_fen: of.map(|m| m.left_fen),
            digest: manifest.map(|m| m.digest),
        }
    }
}

impl From<Run> for RunView {
    fn from(run: Run) -> RunView {
        RunView::new(run.run_no.0, &run.asked, run.expected, run.manifest)
    }
}

/// What a run would come to; `told` hears of each compound.
pub(crate) async fn reckoned(
    books: &Books,
    asked: RunAsked,
    told: impl FnMut(&Part) + Send,
) -> Result<RunView> {
    let manifest = run::preview(books, asked.clone(), told).await?;
    let expected = manifest.posted + manifest.earlier + manifest.skipped;
    Ok(RunView::new(0, &asked, expected, Some(manifest)))
}

/// `POST /interest-runs`.
///
/// # Errors
/// Those of [`run::begin`] and [`run::go_on`].
pub async fn run_interest(
    caller: Caller,
    Told(asked): Told<InterestAsked>,
) -> Result<Acted<RunView>, Problem> {
    let (books, actor) = (&caller.books, &caller.actor);
    let begun = run::begin(books, actor, caller.key.clone(), asked.run()).await?;
    // The deed is to begin. A compound's part is an act of its own, decided by the law and the rates, which nobody signs.
    let each = Actor { second: String::new(), ..actor.clone() };
    let run = run::go_on(&books.after_the_lead(), &each, begun.answer, |_| {}).await?;
    Ok(Acted::new(begun, |_| RunView::from(run)))
}

/// `GET /interest-preview`.
///
/// # Errors
/// Those of [`run::preview`].
pub async fn preview(
    caller: Caller,
    Asked(asked): Asked<InterestAsked>,
) -> Result<Shown<RunView>, Problem> {
    Ok(Shown(reckoned(&caller.books, asked.run(), |_| {}).await?))
}

/// `GET /interest-runs`.
///
/// # Errors
/// Those of a list.
pub async fn runs(caller: Caller, list: Sought<Nothing>) -> Result<Listed<RunView>, Problem> {
    let view = caller.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<RunNo>, most: u16| {
        Box::pin(async move {
            let runs = run::runs(view, after.unwrap_or(RunNo(0)), i32::from(most)).await?;
            Ok(runs.into_iter().map(|run| (run.run_no, RunView::from(run))).collect())
        })
    })
    .await
}

/// A run's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtRun {
    #[schemars(description = "批次编号", example = 1)]
    no: RunNo,
}

/// A compound's part of a run as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "一个小区在批次中的结果")]
pub struct PartView {
    #[schemars(description = "小区代码", example = &"wutongli")]
    pub(crate) compound: String,
    #[schemars(description = "结果：posted 本批已结，earlier 此前已结，skipped 未结", example = &"posted")]
    pub(crate) outcome: &'static str,
    #[schemars(description = "户数", example = 2000)]
    pub(crate) households: i32,
    #[schemars(description = "结息合计：分", example = 81_250)]
    pub(crate) sum_fen: Money,
    #[schemars(description = "3101 余额：分", example = 18_750)]
    left_fen: Money,
    #[schemars(description = "规则代码：未结的才有", example = &"")]
    pub(crate) code: String,
    #[schemars(description = "原因", example = &"")]
    pub(crate) reason: String,
    #[schemars(description = "规定：未结的才有", example = &"")]
    pub(crate) rule: &'static str,
    #[schemars(description = "办法：未结的才有", example = &"")]
    pub(crate) remedy: &'static str,
}

/// The parts of a run, a page, with the compounds' codes.
pub(crate) async fn parts_of(
    view: &mut Snapshot,
    run: RunNo,
    after: CompoundId,
    most: i32,
) -> Result<Vec<(CompoundId, PartView)>> {
    let mut shown = Vec::new();
    for part in run::parts(view, run, after, most).await? {
        let code = property::compound_code(view, part.compound).await?;
        shown.push((part.compound, part_view(code, &part)));
    }
    Ok(shown)
}

pub(crate) fn part_view(compound: String, part: &Part) -> PartView {
    let rule = ledger::rule(&part.code);
    PartView {
        rule: rule.map_or("", |rule| rule.rule),
        remedy: rule.map_or("", |rule| rule.remedy),
        compound,
        outcome: part.outcome.name(),
        households: part.households,
        sum_fen: part.sum_fen,
        left_fen: part.left_fen,
        code: part.code.clone(),
        reason: part.reason.clone(),
    }
}

/// Whether a part wants somebody's attention.
pub(crate) fn is_skipped(part: &PartView) -> bool {
    part.outcome == Outcome::Skipped.name()
}

/// `GET /interest-runs/{no}/parts`.
///
/// # Errors
/// `gains.no-run`; those of a list.
pub async fn parts(
    caller: Going<AtRun>,
    list: Sought<Nothing>,
) -> Result<Listed<PartView>, Problem> {
    let no = caller.at.no;
    let mut view = caller.read().await?;
    run::run_by_no(&mut view, no).await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<CompoundId>, most: u16| {
        Box::pin(parts_of(view, no, after.unwrap_or(CompoundId(0)), i32::from(most)))
    })
    .await
}

// ---- a household ---------------------------------------------------------------------------------------------------

/// A share as its owner may reckon it again.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "一次结息或收益分配，连同算式")]
pub struct ShareView {
    #[schemars(description = "分配编号：小区内连续", example = 1)]
    settlement_no: i32,
    #[schemars(description = "是否结息：否则为其他收益的分配", example = true)]
    is_interest: bool,
    #[schemars(description = "期间起日")]
    from_on: IsoDay,
    #[schemars(description = "结息日")]
    pub(crate) settle_on: IsoDay,
    #[schemars(description = "金额：分", example = 81_250)]
    pub(crate) amount_fen: Money,
    #[schemars(description = "算式：基数 × 天数 × 利率，逐户只取整一次", example = [&"250,000.00 × 325 ÷ 360 × 0.36%（活期，2024-08-05 至 2025-06-30）= 812.500000"])]
    pub(crate) lines: Vec<String>,
    #[schemars(description = "政策包", example = &"330199@2025-01+330100@2022-03+100000@2021-01 sha256:…")]
    pack: String,
    #[schemars(description = "是否已冲销", example = false)]
    pub(crate) is_reversed: bool,
}

impl From<Explained> for ShareView {
    fn from(share: Explained) -> ShareView {
        ShareView {
            settlement_no: share.settlement_no.0,
            is_interest: share.is_interest,
            from_on: IsoDay(share.from_on),
            settle_on: IsoDay(share.settle_on),
            amount_fen: share.amount,
            lines: share.lines(),
            pack: share.pack,
            is_reversed: share.is_reversed,
        }
    }
}

/// `GET /compounds/{compound}/dwellings/{room}/gains`.
///
/// # Errors
/// Those of [`property::dwelling`].
pub async fn of_dwelling(
    visit: Visit<AtRoom>,
    list: Sought<Nothing>,
) -> Result<Listed<ShareView>, Problem> {
    let today = visit.books.clock().now().day();
    let mut view = visit.read().await?;
    let dwelling = property::dwelling(&mut view, visit.compound.id, &visit.at.room, today).await?;
    let shares = gains::explain(&mut view, visit.compound.id, dwelling.no).await?;
    let row = |(no, share): (u32, Explained)| (no, ShareView::from(share));
    list.answer_from((1..).zip(shares).map(row).collect())
}

// ---- distributions -------------------------------------------------------------------------------------------------

/// A distribution to make.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要分配的收益：从待分配累计收益（3101）到各户")]
pub struct DistributionAsked {
    /// Of commodity housing's.
    #[serde(default)]
    #[schemars(
        description = "商品住宅部分：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 10_000
    )]
    pub commodity_fen: Money,
    /// Of sold public housing's.
    #[serde(default)]
    #[schemars(
        description = "已售公有住房部分：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 0
    )]
    pub sold_public_fen: Money,
    /// As of when.
    #[schemars(description = "分配日")]
    pub on: IsoDay,
    /// Of what.
    #[schemars(description = "说明：分配的是什么收益", example = &"2025年国债收益")]
    pub memo: String,
}

/// Distributes for whoever asks.
pub(crate) async fn share_out(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: DistributionAsked,
) -> Result<Done<Settlement>> {
    let given = Distribution {
        commodity: asked.commodity_fen,
        sold_public: asked.sold_public_fen,
        on: asked.on.0,
        memo: asked.memo,
    };
    let request = Request::new("gains.distribute", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, asked| Box::pin(gains::distribute(tx, asked))).await
}

/// A distribution that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已分配的收益")]
pub struct SettlementView {
    #[schemars(description = "分配编号", example = 1)]
    settlement_no: i32,
    #[schemars(description = "户数", example = 12)]
    households: i32,
    #[schemars(description = "合计：分", example = 10_000)]
    sum_fen: Money,
    #[schemars(description = "3101 余额：分", example = 0)]
    left_fen: Money,
    #[schemars(description = "凭证号", example = [&"fund/2026-0007"])]
    vouchers: Vec<String>,
}

/// `POST /compounds/{compound}/gain-distributions`.
///
/// # Errors
/// Those of [`gains::distribute`].
pub async fn distribute(
    visit: Visit,
    Told(asked): Told<DistributionAsked>,
) -> Result<Acted<SettlementView>, Problem> {
    let key = visit.key.clone();
    let done = share_out(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |settled| SettlementView {
        settlement_no: settled.settlement_no.0,
        households: settled.households,
        sum_fen: settled.sum_fen,
        left_fen: settled.left_fen,
        vouchers: settled.vouchers.iter().map(Posted::to_string).collect(),
    }))
}
