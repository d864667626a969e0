//! The door of the owners' votes: rounds, slips, ballots, results.
//!
//! The thresholds are not the caller's to say: a motion names its matter, and the rule is that of the compound's policy pack
//! of the day. Owners are shown
//! masked, and only on the published papers; what a single slip says is shown to those who count.

mod asked;

use std::cmp::Reverse;

use futures_util::future::BoxFuture;
use ledger::books::{Actor, Books, Done, Request, Tx};
use ledger::error::{Result, Storage};
use ledger::governance::{
    self, Cast, Entered, Frozen, NewDelivery, NewProxy, Progress, ResultSheet, Round, Slip, Stage,
    Taken, Undecided, recount,
};
use ledger::id::{CompoundId, RoundNo};
use ledger::policy::{self, Pack};
use ledger::property::{self, RoomCode};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::asked::{
    BallotAsked, DeliveryAsked, Drafted, FreezeAsked, MotionAsked, Moved, NoticeAsked, ProxyAsked,
    Registered, RoundAsked, SlipAsked, Stepped, WithdrawalAsked,
};
use crate::documents::{self, Device, Order, ReportFiles};
use crate::door::{Asked, Nothing, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, Files, IsoDay, Paper, Shown};

/// Who acts, where, under which key.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The books.
    pub books: Books,
    /// Who acts.
    pub actor: Actor,
    /// In which compound.
    pub compound: CompoundId,
    /// The key under which it happens once.
    pub key: Option<String>,
}

/// The law of an act's compound on its day.
async fn law(tx: &mut Tx) -> Result<Pack> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let jurisdiction = property::jurisdiction(tx, compound).await?;
    policy::at(tx, &jurisdiction, today).await
}

impl Seat {
    pub(crate) fn of<P>(visit: &Visit<P>) -> Seat {
        Seat {
            books: visit.books.clone(),
            actor: visit.actor.clone(),
            compound: visit.compound.id,
            key: visit.key.clone(),
        }
    }

    pub(crate) async fn act<G, T, F>(&self, verb: &'static str, given: G, run: F) -> Result<Done<T>>
    where
        G: Serialize + Send + Sync + 'static,
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a G) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let request = Request::new(verb, given).maybe_once(self.key.clone());
        self.books.act(&self.actor, self.compound, request, run).await
    }

    /// Drafts a round with its motions.
    ///
    /// # Errors
    /// Those of [`governance::draft`] and [`governance::move_motion`].
    pub async fn draft(&self, asked: RoundAsked) -> Result<Done<Drafted>> {
        self.act("governance.draft", asked, |tx, asked: &RoundAsked| {
            Box::pin(async move {
                let pack = law(tx).await?;
                let round_no = governance::draft(tx, &asked.round(&pack)?).await?;
                let mut motions = Vec::with_capacity(asked.motions.len());
                for motion in &asked.motions {
                    let motion = motion.motion(&pack)?;
                    motions.push(governance::move_motion(tx, round_no, &motion).await?);
                }
                Ok(Drafted { round_no, motions })
            })
        })
        .await
    }

    /// Puts another motion to a draft.
    ///
    /// # Errors
    /// Those of [`governance::move_motion`].
    pub async fn move_motion(&self, no: RoundNo, asked: MotionAsked) -> Result<Done<Moved>> {
        self.act("governance.move-motion", (no, asked), |tx, (no, asked)| {
            Box::pin(async move {
                let motion = asked.motion(&law(tx).await?)?;
                let motion_no = governance::move_motion(tx, *no, &motion).await?;
                Ok(Moved { motion_no })
            })
        })
        .await
    }

    /// Freezes the roll.
    ///
    /// # Errors
    /// Those of [`governance::freeze`].
    pub async fn freeze(&self, no: RoundNo, asked: FreezeAsked) -> Result<Done<Frozen>> {
        self.act("governance.freeze", (no, asked), |tx, (no, asked)| {
            Box::pin(governance::freeze(tx, *no, asked.on.0))
        })
        .await
    }

    /// Records the notice.
    ///
    /// # Errors
    /// Those of [`governance::announce`].
    pub async fn announce(&self, no: RoundNo, asked: NoticeAsked) -> Result<Done<Stepped>> {
        self.act("governance.announce", (no, asked), |tx, (no, asked)| {
            Box::pin(async move {
                governance::announce(tx, *no, asked.posted_on.0, &asked.place).await?;
                Ok(Stepped { round_no: *no, stage: Stage::Announced })
            })
        })
        .await
    }

    /// Opens the voting.
    ///
    /// # Errors
    /// Those of [`governance::open`].
    pub async fn open(&self, no: RoundNo) -> Result<Done<Stepped>> {
        self.act("governance.open", no, |tx, no: &RoundNo| {
            Box::pin(async move {
                governance::open(tx, *no).await?;
                Ok(Stepped { round_no: *no, stage: Stage::Open })
            })
        })
        .await
    }

    /// Withdraws a round.
    ///
    /// # Errors
    /// Those of [`governance::withdraw`].
    pub async fn withdraw(&self, no: RoundNo, asked: WithdrawalAsked) -> Result<Done<Stepped>> {
        self.act("governance.withdraw", (no, asked), |tx, (no, asked)| {
            Box::pin(async move {
                governance::withdraw(tx, *no, &asked.reason).await?;
                Ok(Stepped { round_no: *no, stage: Stage::Withdrawn })
            })
        })
        .await
    }

    /// Records a delivery.
    ///
    /// # Errors
    /// Those of [`governance::deliver`].
    pub async fn deliver(&self, no: RoundNo, asked: DeliveryAsked) -> Result<Done<Registered>> {
        self.act("governance.deliver", (no, asked), |tx, (no, asked)| {
            Box::pin(async move {
                let new = NewDelivery {
                    room: asked.room.clone(),
                    method: asked.method,
                    delivered_on: asked.delivered_on.0,
                    evidence: asked.evidence.clone(),
                };
                Ok(Registered { no: governance::deliver(tx, *no, &new).await? })
            })
        })
        .await
    }

    /// Registers a proxy.
    ///
    /// # Errors
    /// Those of [`governance::entrust`].
    pub async fn entrust(&self, no: RoundNo, asked: ProxyAsked) -> Result<Done<Registered>> {
        self.act("governance.proxy", (no, asked), |tx, (no, asked)| {
            Box::pin(async move {
                let new = NewProxy {
                    room: asked.room.clone(),
                    agent_name: asked.agent_name.clone(),
                    agent_id_tail: asked.agent_id_tail.clone(),
                    signed_on: asked.signed_on.0,
                    evidence: asked.evidence.clone(),
                    instructions: asked.instructions.clone(),
                };
                Ok(Registered { no: governance::entrust(tx, *no, &new).await? })
            })
        })
        .await
    }

    /// Enters a paper slip.
    ///
    /// # Errors
    /// Those of [`governance::enter`].
    pub async fn enter(&self, no: RoundNo, asked: SlipAsked) -> Result<Done<Entered>> {
        self.act("governance.enter", (no, asked), |tx, (no, asked)| {
            Box::pin(async move {
                let slip = Slip {
                    slip_no: asked.slip_no.clone(),
                    room: asked.room.clone(),
                    received_on: asked.received_on.0,
                    proxy_no: asked.proxy_no,
                    answers: asked.answers.clone(),
                    invalid_reason: asked.invalid_reason.clone(),
                    corrects: asked.corrects,
                };
                governance::enter(tx, *no, &slip, &asked.note).await
            })
        })
        .await
    }

    /// Casts a ballot online.
    ///
    /// # Errors
    /// Those of [`governance::cast`].
    pub async fn cast(
        &self,
        no: RoundNo,
        room: RoomCode,
        asked: BallotAsked,
    ) -> Result<Done<Taken>> {
        self.act("governance.cast", (no, room, asked), |tx, (no, room, asked)| {
            Box::pin(async move {
                let cast = Cast {
                    room: room.clone(),
                    owner_no: asked.owner_no,
                    proxy_no: asked.proxy_no,
                    answers: asked.answers.clone(),
                };
                governance::cast(tx, *no, &cast).await
            })
        })
        .await
    }

    /// Closes a round and counts it.
    ///
    /// # Errors
    /// Those of [`governance::close`].
    pub async fn close(&self, no: RoundNo) -> Result<Done<ResultSheet>> {
        self.act("governance.close", no, |tx, no: &RoundNo| Box::pin(governance::close(tx, *no)))
            .await
    }

    /// The slips that wait for a second entry or a decision.
    ///
    /// # Errors
    /// Those of [`governance::differences`].
    pub async fn undecided(&self, no: RoundNo) -> Result<Vec<Undecided>> {
        let mut view = self.books.read().await?;
        governance::differences(&mut view, self.compound, no).await
    }

    /// How a round goes.
    ///
    /// # Errors
    /// Those of [`governance::progress`].
    pub async fn progress(&self, no: RoundNo) -> Result<Progress> {
        let mut view = self.books.read().await?;
        governance::progress(&mut view, self.compound, no).await
    }

    /// The rounds, the newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn rounds(&self) -> Result<Vec<Round>> {
        let mut view = self.books.read().await?;
        governance::rounds(&mut view, self.compound).await
    }

    /// The result of a closed round and its digest.
    ///
    /// # Errors
    /// Those of [`governance::result`].
    pub async fn result(&self, no: RoundNo) -> Result<ResultView> {
        let mut view = self.books.read().await?;
        let (sheet, digest) = governance::result(&mut view, self.compound, no).await?;
        Ok(ResultView { digest, sheet })
    }

    /// The recount file, to be kept.
    ///
    /// # Errors
    /// Those of [`governance::recount_lines`].
    pub async fn recount(&self, no: RoundNo, format: RecountFormat) -> Result<String> {
        let mut view = self.books.read().await?;
        let found = governance::recount_lines(&mut view, self.compound, no).await?;
        Ok(match format {
            RecountFormat::Csv => recount::csv(&found.lines, found.motions, &found.roll_digest),
            RecountFormat::Lines => recount::json_lines(&found.lines),
            RecountFormat::Json => {
                let view = RecountView { roll_digest: found.roll_digest, lines: found.lines };
                let bug = |e: serde_json::Error| Storage::Bug(e.to_string());
                serde_json::to_string(&view).map_err(bug)?
            }
        })
    }

    /// The recount file, to be shown.
    ///
    /// # Errors
    /// Those of [`governance::recount_lines`].
    pub async fn recounted(&self, no: RoundNo) -> Result<RecountView> {
        let mut view = self.books.read().await?;
        let found = governance::recount_lines(&mut view, self.compound, no).await?;
        Ok(RecountView { roll_digest: found.roll_digest, lines: found.lines })
    }
}

/// The result of a round as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "VoteResultView", description = "表决结果及其摘要")]
pub struct ResultView {
    /// SHA-256 of the sheet as JSON.
    #[schemars(description = "结果摘要：SHA-256", example = &"d874d94b")]
    pub digest: String,
    /// The sheet.
    #[schemars(description = "结果")]
    pub sheet: ResultSheet,
}

/// How the recount file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline, description = "形式：csv、lines、json")]
pub enum RecountFormat {
    /// 电子表格用的 CSV
    #[default]
    Csv,
    /// 每行一个 JSON 对象
    Lines,
    /// 一个 JSON 对象
    Json,
}

/// Which device prints the result.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultQuery {
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json")]
    format: Device,
}

/// Which recount file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecountQuery {
    #[serde(default)]
    #[schemars(description = "形式：csv、lines、json；不写则 csv")]
    format: RecountFormat,
}

/// A recount file as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "明细清册：任何人可据以重新计票")]
pub struct RecountView {
    #[schemars(description = "名册摘要：链自此起", example = &"3572dc88")]
    roll_digest: String,
    #[schemars(description = "各行")]
    lines: Vec<recount::Line>,
}

/// A round's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtRound {
    #[schemars(description = "表决编号", example = 1)]
    no: RoundNo,
}

/// A round in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "一次表决")]
pub struct RoundRow {
    #[schemars(description = "表决编号", example = 1)]
    round_no: RoundNo,
    #[schemars(description = "名称", example = &"屋面维修表决")]
    title: String,
    #[schemars(description = "召集人", example = &"业主委员会")]
    convener: String,
    #[schemars(description = "范围", example = &"全体业主")]
    scope: String,
    #[schemars(description = "阶段")]
    stage: Stage,
    #[schemars(description = "起日")]
    opens_on: IsoDay,
    #[schemars(description = "终日")]
    closes_on: IsoDay,
}

impl From<Round> for RoundRow {
    fn from(round: Round) -> RoundRow {
        RoundRow {
            round_no: round.round_no,
            title: round.title,
            convener: round.convener,
            scope: round.scope.in_chinese(),
            stage: round.stage,
            opens_on: IsoDay(round.opens_on),
            closes_on: IsoDay(round.closes_on),
        }
    }
}

/// An entry of a slip that is not a ballot yet.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "未决纸质票的一次录入")]
pub struct WaitingRow {
    #[schemars(description = "票面编号", example = &"P001")]
    slip_no: String,
    #[schemars(description = "录入编号", example = 1)]
    entry_no: i32,
    #[schemars(description = "录入人", example = &"李委员")]
    entered_by: String,
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[schemars(description = "收到日期")]
    received_on: IsoDay,
    #[schemars(description = "答复", example = &"同意、反对")]
    answers: String,
    #[schemars(description = "整票无效的理由", example = &"")]
    invalid_reason: String,
    #[schemars(description = "再次录入的原因", example = &"")]
    note: String,
    #[schemars(description = "两人的不同：待第二人录入则空", example = &"事项 1 反对 / 同意")]
    differences: String,
}

/// The slips that wait.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "未决的纸质票")]
pub struct WaitingView {
    #[schemars(description = "各次录入：同一票的在一起")]
    entries: Vec<WaitingRow>,
}

fn waiting(slip: Undecided) -> impl Iterator<Item = WaitingRow> {
    let (slip_no, differences) = (slip.slip_no, slip.differences.join("；"));
    slip.entries.into_iter().map(move |entry| {
        let answers: Vec<&str> = entry.slip.answers.iter().map(|a| a.in_chinese()).collect();
        WaitingRow {
            slip_no: slip_no.clone(),
            entry_no: entry.entry_no,
            entered_by: entry.entered_by,
            room: entry.slip.room.to_string(),
            received_on: IsoDay(entry.slip.received_on),
            answers: answers.join("、"),
            invalid_reason: entry.slip.invalid_reason,
            note: entry.note,
            differences: differences.clone(),
        }
    })
}

/// A recount's files.
#[derive(Debug)]
pub struct RecountFiles;

impl Files for RecountFiles {
    const KINDS: &'static [&'static str] = &[CSV, LINES];
}

const CSV: &str = "text/csv; charset=utf-8";
const LINES: &str = "application/x-ndjson";

/// `POST /compounds/{compound}/votes`.
///
/// # Errors
/// Those of [`Seat::draft`].
pub async fn draft(visit: Visit, Told(asked): Told<RoundAsked>) -> Result<Acted<Drafted>, Problem> {
    Ok(Acted::new(Seat::of(&visit).draft(asked).await?, |told| told))
}

/// `GET /compounds/{compound}/votes`: the newest first.
///
/// # Errors
/// Those of a list.
pub async fn rounds(visit: Visit, list: Sought<Nothing>) -> Result<Listed<RoundRow>, Problem> {
    let rounds = governance::rounds(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(rounds.into_iter().map(|r| (Reverse(r.round_no.0), r.into())).collect())
}

/// `GET /compounds/{compound}/votes/{no}`.
///
/// # Errors
/// `governance.no-round`.
pub async fn round(visit: Visit<AtRound>) -> Result<Shown<Round>, Problem> {
    let mut view = visit.read().await?;
    Ok(Shown(governance::round(&mut view, visit.compound.id, visit.at.no).await?))
}

/// `POST /compounds/{compound}/votes/{no}/motions`.
///
/// # Errors
/// Those of [`Seat::move_motion`].
pub async fn move_motion(
    visit: Visit<AtRound>,
    Told(asked): Told<MotionAsked>,
) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).move_motion(visit.at.no, asked).await?, |told| told))
}

/// `POST /compounds/{compound}/votes/{no}/freeze`.
///
/// # Errors
/// Those of [`Seat::freeze`].
pub async fn freeze(
    visit: Visit<AtRound>,
    Told(asked): Told<FreezeAsked>,
) -> Result<Acted<Frozen>, Problem> {
    Ok(Acted::new(Seat::of(&visit).freeze(visit.at.no, asked).await?, |told| told))
}

/// `POST /compounds/{compound}/votes/{no}/announce`.
///
/// # Errors
/// Those of [`Seat::announce`].
pub async fn announce(
    visit: Visit<AtRound>,
    Told(asked): Told<NoticeAsked>,
) -> Result<Acted<Stepped>, Problem> {
    Ok(Acted::new(Seat::of(&visit).announce(visit.at.no, asked).await?, |told| told))
}

/// `POST /compounds/{compound}/votes/{no}/open`.
///
/// # Errors
/// Those of [`Seat::open`].
pub async fn open(visit: Visit<AtRound>) -> Result<Acted<Stepped>, Problem> {
    Ok(Acted::new(Seat::of(&visit).open(visit.at.no).await?, |told| told))
}

/// `POST /compounds/{compound}/votes/{no}/withdraw`.
///
/// # Errors
/// Those of [`Seat::withdraw`].
pub async fn withdraw(
    visit: Visit<AtRound>,
    Told(asked): Told<WithdrawalAsked>,
) -> Result<Acted<Stepped>, Problem> {
    Ok(Acted::new(Seat::of(&visit).withdraw(visit.at.no, asked).await?, |told| told))
}

/// `POST /compounds/{compound}/votes/{no}/deliveries`.
///
/// # Errors
/// Those of [`Seat::deliver`].
pub async fn deliver(
    visit: Visit<AtRound>,
    Told(asked): Told<DeliveryAsked>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Acted::new(Seat::of(&visit).deliver(visit.at.no, asked).await?, |told| told))
}

/// `POST /compounds/{compound}/votes/{no}/proxies`.
///
/// # Errors
/// Those of [`Seat::entrust`].
pub async fn entrust(
    visit: Visit<AtRound>,
    Told(asked): Told<ProxyAsked>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Acted::new(Seat::of(&visit).entrust(visit.at.no, asked).await?, |told| told))
}

/// `POST /compounds/{compound}/votes/{no}/entries`.
///
/// # Errors
/// Those of [`Seat::enter`].
pub async fn enter(
    visit: Visit<AtRound>,
    Told(asked): Told<SlipAsked>,
) -> Result<Acted<Entered>, Problem> {
    Ok(Acted::new(Seat::of(&visit).enter(visit.at.no, asked).await?, |told| told))
}

/// `GET /compounds/{compound}/votes/{no}/entries`: those that wait.
///
/// # Errors
/// Those of [`Seat::undecided`].
pub async fn undecided(visit: Visit<AtRound>) -> Result<Shown<WaitingView>, Problem> {
    let found = Seat::of(&visit).undecided(visit.at.no).await?;
    Ok(Shown(WaitingView { entries: found.into_iter().flat_map(waiting).collect() }))
}

/// A round's place, seen from a dwelling.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtRoomAndRound {
    #[schemars(description = "房号：1-1-101 或 1栋1单元101", example = &"1-1-101")]
    room: String,
    #[schemars(description = "表决编号", example = 1)]
    no: RoundNo,
}

/// `GET /compounds/{compound}/dwellings/{room}/votes`: the newest first.
///
/// # Errors
/// Those of a list.
pub async fn own_rounds(
    visit: Visit<AtRoom>,
    list: Sought<Nothing>,
) -> Result<Listed<RoundRow>, Problem> {
    let rounds = governance::rounds(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(rounds.into_iter().map(|r| (Reverse(r.round_no.0), r.into())).collect())
}

/// `POST /compounds/{compound}/dwellings/{room}/votes/{no}/ballots`: the caller's own dwelling.
///
/// # Errors
/// Those of [`property::dwelling`] and [`Seat::cast`].
pub async fn cast(
    visit: Visit<AtRoomAndRound>,
    Told(asked): Told<BallotAsked>,
) -> Result<Acted<Taken>, Problem> {
    let today = visit.books.clock().now().day();
    let mut view = visit.read().await?;
    let dwelling = property::dwelling(&mut view, visit.compound.id, &visit.at.room, today).await?;
    drop(view);
    let done = Seat::of(&visit).cast(visit.at.no, dwelling.code, asked).await?;
    Ok(Acted::new(done, |told| told))
}

/// `GET /compounds/{compound}/dwellings/{room}/votes/{no}/progress`.
///
/// # Errors
/// Those of [`Seat::progress`].
pub async fn own_progress(visit: Visit<AtRoomAndRound>) -> Result<Shown<Progress>, Problem> {
    Ok(Shown(Seat::of(&visit).progress(visit.at.no).await?))
}

/// `GET /compounds/{compound}/dwellings/{room}/votes/{no}/result`.
///
/// # Errors
/// Those of [`Seat::result`].
pub async fn own_result(
    visit: Visit<AtRoomAndRound>,
    Asked(query): Asked<ResultQuery>,
) -> Result<Paper<ResultView, ReportFiles>, Problem> {
    printed(&visit, visit.at.no, query.format).await
}

/// `GET /compounds/{compound}/dwellings/{room}/votes/{no}/recount`.
///
/// # Errors
/// Those of [`Seat::recount`].
pub async fn own_recount(
    visit: Visit<AtRoomAndRound>,
    Asked(query): Asked<RecountQuery>,
) -> Result<Paper<RecountView, RecountFiles>, Problem> {
    kept(&Seat::of(&visit), visit.at.no, query.format).await
}

/// `POST /compounds/{compound}/votes/{no}/close`.
///
/// # Errors
/// Those of [`Seat::close`].
pub async fn close(visit: Visit<AtRound>) -> Result<Acted<ResultSheet>, Problem> {
    Ok(Acted::new(Seat::of(&visit).close(visit.at.no).await?, |told| told))
}

/// `GET /compounds/{compound}/votes/{no}/progress`.
///
/// # Errors
/// Those of [`Seat::progress`].
pub async fn progress(visit: Visit<AtRound>) -> Result<Shown<Progress>, Problem> {
    Ok(Shown(Seat::of(&visit).progress(visit.at.no).await?))
}

/// `GET /compounds/{compound}/votes/{no}/result`.
///
/// # Errors
/// Those of [`Seat::result`].
pub async fn result(
    visit: Visit<AtRound>,
    Asked(query): Asked<ResultQuery>,
) -> Result<Paper<ResultView, ReportFiles>, Problem> {
    printed(&visit, visit.at.no, query.format).await
}

/// `GET /compounds/{compound}/votes/{no}/recount`.
///
/// # Errors
/// Those of [`Seat::recount`].
pub async fn recount(
    visit: Visit<AtRound>,
    Asked(query): Asked<RecountQuery>,
) -> Result<Paper<RecountView, RecountFiles>, Problem> {
    kept(&Seat::of(&visit), visit.at.no, query.format).await
}

async fn printed<P>(
    visit: &Visit<P>,
    no: RoundNo,
    format: Device,
) -> Result<Paper<ResultView, ReportFiles>, Problem> {
    if format == Device::Json {
        return Ok(Paper::Shown(Seat::of(visit).result(no).await?));
    }
    let order = Order { no: Some(no.to_string()), ..Order::default() };
    Ok(documents::sent(&visit.books, &visit.compound, "vote-result", order, format).await?)
}

async fn kept(
    seat: &Seat,
    no: RoundNo,
    format: RecountFormat,
) -> Result<Paper<RecountView, RecountFiles>, Problem> {
    let (kind, ending) = match format {
        RecountFormat::Json => return Ok(Paper::Shown(seat.recounted(no).await?)),
        RecountFormat::Csv => (CSV, "csv"),
        RecountFormat::Lines => (LINES, "jsonl"),
    };
    let text = seat.recount(no, format).await?;
    Ok(Paper::file(kind, format!("recount-{no}.{ending}"), text.into_bytes()))
}
