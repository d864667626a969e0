//! The door of what was agreed about fees, and of billing by it: terms, prices, reliefs, spaces, meters; the sketch and its
//! publication; shared costs.

use std::collections::{BTreeMap, HashMap};

use ledger::books::{Done, Request, Tx, View};
use ledger::calendar::{Day, Month, iso_day};
use ledger::error::Result;
use ledger::fees::billing::{self, Published, Sketch};
use ledger::fees::{self, Billed, Billing, Charge};
use ledger::id::{CompoundId, DwellingNo, LeaseNo, MatterNo, ReliefNo, TariffNo, TermsNo};
use ledger::money::Money;
use ledger::property::{self, Dwelling, RoomCode};
use ledger::tariff::{
    self, Lease, NewLease, NewReading, NewRelief, NewTariff, Reading, Relief, Tariff, Terms,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Nothing, Told, Visit};
use crate::governance::Seat;
use crate::levy::{AtNumber, Registered, acts};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, Shown};

/// The last day of a price.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TariffEnding", description = "终止收费标准")]
pub struct Ending {
    /// The last day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "止日：最后一天")]
    pub on: Day,
}

/// A meter's reading of a room.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RoomReading", description = "一户一表的读数")]
pub struct RoomReading {
    /// The dwelling.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The reading.
    #[schemars(description = "读数")]
    pub reading: NewReading,
}

/// Readings to keep.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReadingsAsked", description = "要登记的抄表读数")]
pub struct ReadingsAsked {
    /// The readings.
    #[schemars(description = "读数：1 至 20000 条", length(min = 1, max = 20_000))]
    pub readings: Vec<RoomReading>,
}

/// What of a month is to be billed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MonthBilling", description = "按收费标准出账")]
pub struct BillingAsked {
    /// The month.
    #[schemars(description = "出账月份")]
    pub month: Month,
    /// Only this dwelling.
    #[serde(default)]
    #[schemars(description = "只出一户：房号", with = "Option<String>", example = &"1-1-101")]
    pub room: Option<RoomCode>,
    /// The digest of the sketch that was looked at.
    #[serde(default)]
    #[schemars(description = "所见试算的摘要：账单有变即拒绝；不写则不核对", example = &"9f86d081884c7d65")]
    pub seen: Option<String>,
}

/// What of a month to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SketchQuery {
    #[schemars(description = "出账月份")]
    month: Month,
    #[serde(default)]
    #[schemars(description = "只看一户：房号", with = "Option<String>", example = &"1-1-101")]
    room: Option<RoomCode>,
}

/// By what a shared cost is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "SharedCostBy", description = "公摊方式")]
pub enum By {
    /// By area, where nothing else was agreed (杭州市物业管理条例 54).
    #[default]
    #[schemars(description = "按面积")]
    Area,
    /// One share a dwelling.
    #[schemars(description = "按户")]
    Households,
}

/// A shared cost to bill.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SharedCost", description = "要分摊的公共水电等费用：分毫不差地分到各户")]
pub struct SharedAsked {
    /// What it is.
    #[schemars(description = "收费项目", example = &"公摊电费")]
    pub item: String,
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "计费起日")]
    pub from_on: Day,
    /// The last day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "计费止日")]
    pub to_on: Day,
    /// By when it is to be paid.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "缴费期限")]
    pub due_on: Day,
    /// How much it is.
    #[schemars(
        description = "总额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 123_456
    )]
    pub amount_fen: Money,
    /// By what it is divided.
    #[serde(default)]
    #[schemars(description = "公摊方式：不写按面积")]
    pub by: By,
    /// Of which building.
    #[serde(default)]
    #[schemars(description = "只分摊到一栋：楼栋", example = &"1")]
    pub building: Option<String>,
}

acts! {
    /// Registers what was agreed.
    ///
    /// # Errors
    /// Those of [`tariff::agree`].
    agree(given: Terms) -> TermsNo = "tariff.agree", |tx| tariff::agree(tx, given);
    /// Sets a price.
    ///
    /// # Errors
    /// Those of [`tariff::set`].
    set(given: NewTariff) -> TariffNo = "tariff.set", |tx| tariff::set(tx, given);
    /// Ends a price.
    ///
    /// # Errors
    /// Those of [`tariff::end`].
    end(given: (TariffNo, Ending)) -> () = "tariff.end", |tx| tariff::end(tx, given.0, given.1.on);
    /// Grants a relief, or registers that a dwelling stands empty.
    ///
    /// # Errors
    /// `property.no-dwelling`, those of [`tariff::relieve`].
    relieve(given: (String, NewRelief)) -> ReliefNo = "tariff.relieve", |tx| async move {
        let dwelling = placed(tx, &given.0).await?;
        tariff::relieve(tx, dwelling, &given.1)
    };
    /// Lets a space.
    ///
    /// # Errors
    /// `property.no-dwelling`, those of [`tariff::lease`].
    lease(given: (String, NewLease)) -> LeaseNo = "tariff.lease", |tx| async move {
        let dwelling = placed(tx, &given.0).await?;
        tariff::lease(tx, dwelling, &given.1).await
    };
    /// Keeps readings.
    ///
    /// # Errors
    /// `property.no-dwelling`, those of [`tariff::read`].
    read(given: ReadingsAsked) -> usize = "tariff.read", |tx| async move {
        let compound = tx.compound();
        let codes = property::codes(tx, compound).await?;
        let mut readings = Vec::with_capacity(given.readings.len());
        for RoomReading { room, reading } in &given.readings {
            readings.push((numbered(&codes, room)?, reading.clone()));
        }
        tariff::read(tx, &readings).await?;
        Ok(readings.len())
    };
    /// Divides a shared cost and bills it.
    ///
    /// # Errors
    /// `tariff.shared`, those of [`fees::bill`].
    share(given: SharedAsked) -> Billed = "tariff.share", |tx| shared(tx, given);
}

async fn placed(tx: &mut Tx, room: &str) -> Result<DwellingNo> {
    let (compound, today) = (tx.compound(), tx.at().day());
    Ok(property::dwelling(tx, compound, room, today).await?.no)
}

fn numbered(codes: &HashMap<RoomCode, DwellingNo>, room: &RoomCode) -> Result<DwellingNo> {
    let missing = || property::NO_DWELLING.refuse(format!("房号 {room}"));
    Ok(*codes.get(room).ok_or_else(missing)?)
}

async fn shared(tx: &mut Tx, asked: &SharedAsked) -> Result<Billed> {
    let compound = tx.compound();
    let mut roll = property::roll(tx, compound, asked.to_on).await?;
    // What belongs to everybody bears nothing.
    roll.retain(|d| d.usage != property::Usage::Service);
    if let Some(building) = &asked.building {
        roll.retain(|d| property::building_code(&d.code) == *building);
    }
    let dwellings: Vec<&Dwelling> = roll.iter().collect();
    let shares = tariff::reckon::shared(asked.amount_fen, &dwellings, asked.by == By::Area)?;
    let bills = dwellings
        .iter()
        .zip(shares)
        .filter(|(_, amount)| amount.is_positive())
        .map(|(d, amount)| Charge { dwelling_no: d.no, amount })
        .collect();
    let billing = Billing {
        item: asked.item.clone(),
        from_on: asked.from_on,
        to_on: asked.to_on,
        due_on: Some(asked.due_on),
        bills,
    };
    fees::bill(tx, &billing).await
}

/// Bills a month by what was agreed, for whoever asks.
///
/// # Errors
/// `property.no-dwelling`, those of [`billing::publish`].
pub async fn publish(seat: &Seat, asked: BillingAsked) -> Result<Done<Published>> {
    let request = Request::new("fees.publish-bills", asked).maybe_once(seat.key.clone()).alone();
    let done = seat.books.act(&seat.actor, seat.compound, request, |tx, asked: &BillingAsked| {
        Box::pin(async move {
            let compound = tx.compound();
            let asked = resolved(tx, compound, asked).await?;
            billing::publish(tx, &asked).await
        })
    });
    done.await
}

async fn resolved(
    view: &mut impl View,
    compound: CompoundId,
    asked: &BillingAsked,
) -> Result<billing::Asked> {
    let only = match &asked.room {
        None => None,
        Some(room) => Some(numbered(&property::codes(view, compound).await?, room)?),
    };
    Ok(billing::Asked { month: asked.month, only, seen: asked.seen.clone() })
}

/// What would be billed.
///
/// # Errors
/// `property.no-dwelling`, storage.
pub async fn look(seat: &Seat, asked: &BillingAsked) -> Result<Sketch> {
    let mut view = seat.books.read().await?;
    let asked = resolved(&mut view, seat.compound, asked).await?;
    billing::sketch(&mut view, seat.compound, &asked).await
}

/// `GET /compounds/{compound}/fee-terms`.
///
/// # Errors
/// Those of a list.
pub async fn terms(visit: Visit, list: Sought<Nothing>) -> Result<Listed<TermsView>, Problem> {
    let terms = tariff::terms(&mut visit.read().await?, visit.compound.id).await?;
    let row = |(no, terms)| (no, TermsView { terms_no: TermsNo(no), terms });
    list.answer_from((1..).zip(terms).map(row).collect())
}

/// Terms as the wire shows them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AgreedTerms", description = "已登记的收费约定")]
pub struct TermsView {
    #[schemars(description = "编号", example = 1)]
    terms_no: TermsNo,
    #[serde(flatten)]
    terms: Terms,
}

/// `POST /compounds/{compound}/fee-terms`.
///
/// # Errors
/// Those of [`agree`].
pub async fn new_terms(
    visit: Visit,
    Told(asked): Told<Terms>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(agree(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `GET /compounds/{compound}/tariffs`.
///
/// # Errors
/// Those of a list.
pub async fn tariffs(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Tariff>, Problem> {
    let tariffs = tariff::tariffs(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(tariffs.into_iter().map(|t| (t.tariff_no.0, t)).collect())
}

/// `POST /compounds/{compound}/tariffs`.
///
/// # Errors
/// Those of [`set`].
pub async fn new_tariff(
    visit: Visit,
    Told(asked): Told<NewTariff>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(set(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `POST /compounds/{compound}/tariffs/{no}/end`.
///
/// # Errors
/// Those of [`end`].
pub async fn end_tariff(
    visit: Visit<AtNumber>,
    Told(asked): Told<Ending>,
) -> Result<Acted<Registered>, Problem> {
    let no = visit.at.no;
    Ok(Registered::told(end(&Seat::of(&visit), (TariffNo(no), asked)).await?, |()| no))
}

/// A relief as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RoomRelief", description = "一户的减免或空置")]
pub struct ReliefView {
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[serde(flatten)]
    relief: Relief,
}

/// A space as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RoomSpace", description = "一户租用的车位")]
pub struct LeaseView {
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[serde(flatten)]
    lease: Lease,
}

/// A reading as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RoomMeter", description = "一户一表的读数")]
pub struct ReadingView {
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[serde(flatten)]
    reading: Reading,
}

fn room_of(rooms: &BTreeMap<DwellingNo, String>, no: DwellingNo) -> String {
    rooms.get(&no).cloned().unwrap_or_default()
}

/// `GET /compounds/{compound}/fee-reliefs`.
///
/// # Errors
/// Those of a list.
pub async fn reliefs(visit: Visit, list: Sought<Nothing>) -> Result<Listed<ReliefView>, Problem> {
    let mut view = visit.read().await?;
    let rooms = property::numbers(&mut view, visit.compound.id).await?;
    let reliefs = tariff::reliefs(&mut view, visit.compound.id).await?;
    let row = |relief: Relief| {
        (relief.relief_no.0, ReliefView { room: room_of(&rooms, relief.dwelling_no), relief })
    };
    let mut rows: Vec<_> = reliefs.into_iter().map(row).collect();
    rows.sort_by_key(|(no, _)| *no);
    list.answer_from(rows)
}

/// `POST /compounds/{compound}/dwellings/{room}/fee-reliefs`.
///
/// # Errors
/// Those of [`relieve`].
pub async fn new_relief(
    visit: Visit<AtRoom>,
    Told(asked): Told<NewRelief>,
) -> Result<Acted<Registered>, Problem> {
    let room = visit.at.room.clone();
    Ok(Registered::told(relieve(&Seat::of(&visit), (room, asked)).await?, |no| no.0))
}

/// `GET /compounds/{compound}/spaces`.
///
/// # Errors
/// Those of a list.
pub async fn leases(visit: Visit, list: Sought<Nothing>) -> Result<Listed<LeaseView>, Problem> {
    let mut view = visit.read().await?;
    let rooms = property::numbers(&mut view, visit.compound.id).await?;
    let leases = tariff::leases(&mut view, visit.compound.id).await?;
    let row = |lease: Lease| {
        (lease.lease_no.0, LeaseView { room: room_of(&rooms, lease.dwelling_no), lease })
    };
    let mut rows: Vec<_> = leases.into_iter().map(row).collect();
    rows.sort_by_key(|(no, _)| *no);
    list.answer_from(rows)
}

/// `POST /compounds/{compound}/dwellings/{room}/spaces`.
///
/// # Errors
/// Those of [`lease`].
pub async fn new_lease(
    visit: Visit<AtRoom>,
    Told(asked): Told<NewLease>,
) -> Result<Acted<Registered>, Problem> {
    let room = visit.at.room.clone();
    Ok(Registered::told(lease(&Seat::of(&visit), (room, asked)).await?, |no| no.0))
}

/// `GET /compounds/{compound}/meter-readings`.
///
/// # Errors
/// Those of a list.
pub async fn readings(visit: Visit, list: Sought<Nothing>) -> Result<Listed<ReadingView>, Problem> {
    let mut view = visit.read().await?;
    let rooms = property::numbers(&mut view, visit.compound.id).await?;
    let readings = tariff::readings(&mut view, visit.compound.id).await?;
    let row = |reading: Reading| {
        let key = (reading.dwelling_no.0, reading.meter.clone(), reading.read_on);
        (key, ReadingView { room: room_of(&rooms, reading.dwelling_no), reading })
    };
    let mut rows: Vec<_> = readings.into_iter().map(row).collect();
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    list.answer_from(rows)
}

/// How many were kept.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReadingsKept", description = "已登记的读数")]
pub struct Kept {
    #[schemars(description = "条数", example = 1)]
    readings: usize,
}

/// `POST /compounds/{compound}/meter-readings`.
///
/// # Errors
/// Those of [`read`].
pub async fn new_readings(
    visit: Visit,
    Told(asked): Told<ReadingsAsked>,
) -> Result<Acted<Kept>, Problem> {
    let done = read(&Seat::of(&visit), asked).await?;
    Ok(Acted::new(done, |readings| Kept { readings }))
}

/// `GET /compounds/{compound}/billing-sketch`.
///
/// # Errors
/// Those of [`look`].
pub async fn sketch(
    visit: Visit,
    Asked(query): Asked<SketchQuery>,
) -> Result<Shown<Sketch>, Problem> {
    let asked = BillingAsked { month: query.month, room: query.room, seen: None };
    Ok(Shown(look(&Seat::of(&visit), &asked).await?))
}

/// Published bills as the wire shows them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MonthBilled", description = "已按标准出的账单")]
pub struct PublishedView {
    #[schemars(description = "张数", example = 428)]
    bills: usize,
    #[schemars(description = "首张账单编号", example = 1)]
    first_bill_no: Option<MatterNo>,
    #[schemars(description = "末张账单编号", example = 428)]
    last_bill_no: Option<MatterNo>,
    #[schemars(description = "应收合计：分", example = 4_830_100)]
    total_fen: Money,
    #[schemars(description = "预存抵扣：分", example = 0)]
    prepaid_fen: Money,
    #[schemars(description = "凭证号", example = &["service/2026-0001"])]
    vouchers: Vec<String>,
    #[schemars(description = "须核对而未出账的户数", example = 0)]
    defects: usize,
}

impl From<Published> for PublishedView {
    fn from(published: Published) -> PublishedView {
        PublishedView {
            bills: published.bills,
            first_bill_no: published.between.map(|(first, _)| first),
            last_bill_no: published.between.map(|(_, last)| last),
            total_fen: published.total_fen,
            prepaid_fen: published.prepaid_fen,
            vouchers: published.vouchers.iter().map(ToString::to_string).collect(),
            defects: published.defects,
        }
    }
}

/// `POST /compounds/{compound}/billings`.
///
/// # Errors
/// Those of [`publish`].
pub async fn new_billing(
    visit: Visit,
    Told(asked): Told<BillingAsked>,
) -> Result<Acted<PublishedView>, Problem> {
    Ok(Acted::new(publish(&Seat::of(&visit), asked).await?, PublishedView::from))
}

/// A shared cost that was billed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SharedCostBilled", description = "已分摊出账的费用")]
pub struct SharedView {
    #[schemars(description = "户数", example = 428)]
    bills: usize,
    #[schemars(description = "合计：分，等于总额", example = 123_456)]
    total_fen: Money,
    #[schemars(description = "凭证号", example = &"service/2026-0001")]
    voucher: String,
}

/// `POST /compounds/{compound}/shared-costs`.
///
/// # Errors
/// Those of [`share`].
pub async fn new_shared(
    visit: Visit,
    Told(asked): Told<SharedAsked>,
) -> Result<Acted<SharedView>, Problem> {
    let done = share(&Seat::of(&visit), asked).await?;
    Ok(Acted::new(done, |billed| SharedView {
        bills: billed.bills.len(),
        total_fen: billed.total_fen,
        voucher: billed.voucher.to_string(),
    }))
}
