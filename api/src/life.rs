//! The door of a dwelling's life: split, merged, ended, certified; and the fund handed to another keeper and back.

use ledger::books::{Actor, Books, Done, Request};
use ledger::error::Result;
use ledger::id::{CertificateNo, CustodyNo, SuccessionNo};
use ledger::life::{
    self, Certificate, CertificateKind, Certifying, Ending, Handed, Handing, Joining, Parting,
    Returned, Succeeded, TakingBack,
};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::{self, Compound, NewPart, RoomCode, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::documents::{self, Device, Order, ReportFiles};
use crate::door::{Asked, Told, Visit};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, IsoDay, Paper, Shown};

/// A part of a dwelling as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "分出的一户")]
pub struct PartAsked {
    /// Its code.
    #[schemars(description = "房号：小区内没有用过的", with = "String", example = &"1-1-1011")]
    pub room: RoomCode,
    /// Its area.
    #[schemars(
        description = "面积：0.01 平方米",
        range(min = 1, max = 100_000_000),
        example = 4_000
    )]
    pub area_centi_m2: Area,
}

/// A split as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要办的分户：面积之和等于原面积；本金、增值收益按面积分")]
pub struct SplitAsked {
    /// Since when.
    #[schemars(description = "分户日期")]
    pub on: IsoDay,
    /// Into what.
    #[schemars(description = "分成的各户", length(min = 2, max = 50))]
    pub parts: Vec<PartAsked>,
    /// What proves it.
    #[schemars(description = "依据", example = &"不动产登记簿 001")]
    pub evidence: String,
}

/// A merger as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要办的并户：同幢、同性质、同产权人")]
pub struct MergeAsked {
    /// Which.
    #[schemars(description = "原房号", length(min = 2, max = 50), example = ["1-1-201", "1-1-202"])]
    pub rooms: Vec<String>,
    /// Since when.
    #[schemars(description = "并户日期")]
    pub on: IsoDay,
    /// Into what.
    #[schemars(description = "并成的房号：小区内没有用过的", with = "String", example = &"1-1-2012")]
    pub room: RoomCode,
    /// What proves it.
    #[schemars(description = "依据", example = &"不动产登记簿 002")]
    pub evidence: String,
}

/// A demolition as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的灭失：结存另以房屋灭失返还办理")]
pub struct DemolitionAsked {
    /// Since when.
    #[schemars(description = "灭失日期")]
    pub on: IsoDay,
    /// What proves it.
    #[schemars(description = "依据", example = &"征收补偿协议 001")]
    pub evidence: String,
}

/// Splits for whoever asks.
///
/// # Errors
/// Those of [`life::split`].
pub async fn split_for(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    (room, asked): (String, SplitAsked),
) -> Result<Done<Succeeded>> {
    let parts = asked.parts.into_iter().map(|p| NewPart { code: p.room, area: p.area_centi_m2 });
    let (on, evidence) = (asked.on.0, asked.evidence);
    let parting = Parting { room, on, parts: parts.collect(), evidence };
    let request = Request::new("life.split", parting).maybe_once(key).alone();
    books.act(actor, compound.id, request, |tx, asked| Box::pin(life::split(tx, asked))).await
}

/// Merges for whoever asks.
///
/// # Errors
/// Those of [`life::merge`].
pub async fn merge_for(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: MergeAsked,
) -> Result<Done<Succeeded>> {
    let MergeAsked { rooms, on, room, evidence } = asked;
    let joining = Joining { rooms, on: on.0, code: room, evidence };
    let request = Request::new("life.merge", joining).maybe_once(key).alone();
    books.act(actor, compound.id, request, |tx, asked| Box::pin(life::merge(tx, asked))).await
}

/// Ends a dwelling for whoever asks.
///
/// # Errors
/// Those of [`life::demolish`].
pub async fn demolish_for(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    (room, asked): (String, DemolitionAsked),
) -> Result<Done<SuccessionNo>> {
    let ending = Ending { room, on: asked.on.0, evidence: asked.evidence };
    let request = Request::new("life.demolish", ending).maybe_once(key).alone();
    books.act(actor, compound.id, request, |tx, asked| Box::pin(life::demolish(tx, asked))).await
}

/// Gives a certificate for whoever asks.
///
/// # Errors
/// Those of [`life::certify`].
pub async fn certify_for(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    certifying: Certifying,
) -> Result<Done<Certificate>> {
    let request = Request::new("life.certify", certifying).maybe_once(key);
    books.act(actor, compound.id, request, |tx, asked| Box::pin(life::certify(tx, asked))).await
}

/// Hands the fund over for whoever asks.
///
/// # Errors
/// Those of [`life::hand_over`].
pub async fn hand_over_for(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: HandOverAsked,
) -> Result<Done<Handed>> {
    let handing = Handing { to: asked.to, on: asked.on.0, evidence: asked.evidence };
    let request = Request::new("life.hand-over", handing).maybe_once(key).alone();
    books.act(actor, compound.id, request, |tx, asked| Box::pin(life::hand_over(tx, asked))).await
}

/// Takes the fund back for whoever asks.
///
/// # Errors
/// Those of [`life::take_back`].
pub async fn take_back_for(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: TakeBackAsked,
) -> Result<Done<Handed>> {
    let row = |row: ReturnedAsked| Returned {
        room: row.room,
        principal: row.principal_fen,
        gains: row.gains_fen,
    };
    let taking = TakingBack {
        keeper: asked.keeper,
        on: asked.on.0,
        evidence: asked.evidence,
        list: asked.list.map(|rows| rows.into_iter().map(row).collect()),
        undistributed: asked.undistributed_fen,
    };
    let request = Request::new("life.take-back", taking).maybe_once(key).alone();
    books.act(actor, compound.id, request, |tx, asked| Box::pin(life::take_back(tx, asked))).await
}

/// `POST /compounds/{compound}/dwellings/{room}/splits`.
///
/// # Errors
/// Those of [`split_for`].
pub async fn split(
    visit: Visit<AtRoom>,
    Told(asked): Told<SplitAsked>,
) -> Result<Acted<Succeeded>, Problem> {
    let given = (visit.at.room.clone(), asked);
    let key = visit.key.clone();
    let done = split_for(&visit.books, &visit.actor, &visit.compound, key, given).await?;
    Ok(Acted::new(done, |succeeded| succeeded))
}

/// `POST /compounds/{compound}/merges`.
///
/// # Errors
/// Those of [`merge_for`].
pub async fn merge(
    visit: Visit,
    Told(asked): Told<MergeAsked>,
) -> Result<Acted<Succeeded>, Problem> {
    let key = visit.key.clone();
    let done = merge_for(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |succeeded| succeeded))
}

/// A dwelling that was ended.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的灭失")]
pub struct Demolished {
    #[schemars(description = "变动编号", example = 1)]
    succession_no: i32,
}

/// `POST /compounds/{compound}/dwellings/{room}/demolition`.
///
/// # Errors
/// Those of [`demolish_for`].
pub async fn demolish(
    visit: Visit<AtRoom>,
    Told(asked): Told<DemolitionAsked>,
) -> Result<Acted<Demolished>, Problem> {
    let given = (visit.at.room.clone(), asked);
    let key = visit.key.clone();
    let done = demolish_for(&visit.books, &visit.actor, &visit.compound, key, given).await?;
    Ok(Acted::new(done, |no| Demolished { succession_no: no.0 }))
}

/// The life of a dwelling so far.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "房屋沿革")]
pub struct HistoryView {
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[schemars(description = "起始日期：自登记起即有的则空")]
    began_on: Option<IsoDay>,
    #[schemars(description = "终止日期：仍在的则空")]
    ended_on: Option<IsoDay>,
    #[schemars(description = "历次变动：含所承自与所分出的")]
    steps: Vec<Step>,
}

/// `GET /compounds/{compound}/dwellings/{room}/history`.
///
/// # Errors
/// Those of [`property::dwelling`].
pub async fn history(visit: Visit<AtRoom>) -> Result<Shown<HistoryView>, Problem> {
    let (compound, today) = (visit.compound.id, visit.books.clock().now().day());
    let mut view = visit.read().await?;
    let dwelling = property::dwelling(&mut view, compound, &visit.at.room, today).await?;
    let steps = property::history(&mut view, compound, dwelling.no).await?;
    Ok(Shown(HistoryView {
        room: dwelling.code.to_string(),
        began_on: dwelling.began_on.map(IsoDay),
        ended_on: dwelling.ended_on.map(IsoDay),
        steps,
    }))
}

/// A certificate as it is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要出具的证明")]
pub struct CertificateAsked {
    #[schemars(description = "证明种类")]
    kind: CertificateKind,
}

/// `POST /compounds/{compound}/dwellings/{room}/certificates`.
///
/// # Errors
/// Those of [`certify_for`].
pub async fn certify(
    visit: Visit<AtRoom>,
    Told(asked): Told<CertificateAsked>,
) -> Result<Acted<Certificate>, Problem> {
    let certifying = Certifying { room: visit.at.room.clone(), kind: asked.kind };
    let key = visit.key.clone();
    let done = certify_for(&visit.books, &visit.actor, &visit.compound, key, certifying).await?;
    Ok(Acted::new(done, |certificate| certificate))
}

/// A number of a certificate, or of a hand-over.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtNo {
    #[schemars(description = "编号", example = 1)]
    no: i32,
}

/// On what.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperQuery {
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json")]
    format: Device,
}

/// `GET /compounds/{compound}/certificates/{no}`.
///
/// # Errors
/// Those of [`life::certificate`] and [`documents::sent`].
pub async fn certificate(
    visit: Visit<AtNo>,
    Asked(query): Asked<PaperQuery>,
) -> Result<Paper<Certificate, ReportFiles>, Problem> {
    let no = CertificateNo(visit.at.no);
    if query.format == Device::Json {
        let mut view = visit.read().await?;
        return Ok(Paper::Shown(life::certificate(&mut view, visit.compound.id, no).await?));
    }
    let order = Order { no: Some(no.to_string()), ..Order::default() };
    Ok(documents::sent(&visit.books, &visit.compound, "certificate", order, query.format).await?)
}

/// A hand-over as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要办的划转：全部资金移交，各户归零；此后本账簿不收交存")]
pub struct HandOverAsked {
    /// To whom.
    #[schemars(description = "接收方", example = &"小河里小区业主大会", length(min = 1, max = 60))]
    pub to: String,
    /// When.
    #[schemars(description = "划转日期")]
    pub on: IsoDay,
    /// What proves it.
    #[schemars(description = "依据", example = &"划转通知 2026 年第 1 号", length(min = 1, max = 200))]
    pub evidence: String,
}

/// A return as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要办的划回：不写清册的，与移交时逐户相同")]
pub struct TakeBackAsked {
    /// Who keeps it.
    #[schemars(description = "代管机构", example = &"区房管局", length(min = 1, max = 60))]
    pub keeper: String,
    /// When.
    #[schemars(description = "划回日期")]
    pub on: IsoDay,
    /// What proves it.
    #[schemars(description = "依据", example = &"划回通知 2026 年第 2 号", length(min = 1, max = 200))]
    pub evidence: String,
    /// What comes back.
    #[serde(default)]
    #[schemars(description = "清册：每户一行；不写则与移交时相同")]
    pub list: Option<Vec<ReturnedAsked>>,
    /// Gains not distributed.
    #[serde(default)]
    #[schemars(
        description = "待分配收益：分，随清册划回的；不写则为零",
        range(min = 0, max = 10_000_000_000_000_i64)
    )]
    pub undistributed_fen: Money,
}

/// What comes back of a dwelling, as it is told.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "划回清册的一行")]
pub struct ReturnedAsked {
    /// Which.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// Principal.
    #[schemars(
        description = "本金：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 800_000
    )]
    pub principal_fen: Money,
    /// Gains.
    #[schemars(
        description = "增值收益：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 0
    )]
    pub gains_fen: Money,
}

/// `POST /compounds/{compound}/hand-overs`.
///
/// # Errors
/// Those of [`hand_over_for`].
pub async fn hand_over(
    visit: Visit,
    Told(asked): Told<HandOverAsked>,
) -> Result<Acted<Handed>, Problem> {
    let key = visit.key.clone();
    let done = hand_over_for(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |handed| handed))
}

/// `POST /compounds/{compound}/take-backs`.
///
/// # Errors
/// Those of [`take_back_for`].
pub async fn take_back(
    visit: Visit,
    Told(asked): Told<TakeBackAsked>,
) -> Result<Acted<Handed>, Problem> {
    let key = visit.key.clone();
    let done = take_back_for(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |handed| handed))
}

/// `GET /compounds/{compound}/custody/{no}`: the list that was handed over, or came back.
///
/// # Errors
/// Those of [`life::handed`] and [`documents::sent`].
pub async fn custody(
    visit: Visit<AtNo>,
    Asked(query): Asked<PaperQuery>,
) -> Result<Paper<Handed, ReportFiles>, Problem> {
    let no = CustodyNo(visit.at.no);
    if query.format == Device::Json {
        let mut view = visit.read().await?;
        return Ok(Paper::Shown(life::handed(&mut view, visit.compound.id, no).await?.1));
    }
    let order = Order { no: Some(no.to_string()), ..Order::default() };
    Ok(documents::sent(&visit.books, &visit.compound, "custody", order, query.format).await?)
}
