//! The door of what is to be paid into the fund: standards, assessments, dues, arrears, receipts.

use ledger::books::Done;
use ledger::calendar::Month;
use ledger::error::Result;
use ledger::fund::{
    self, Assessed, BuildingArrears, DepositKind, Issued, LevyKind, LevyRow, Levying, NewRange,
    NewStandard, Owing, Receipt, ReceiptRange, Standard, Voiding,
};
use ledger::id::{DepositNo, RangeNo, StandardNo};
use ledger::money::Money;
use ledger::policy::terms::Levied;
use ledger::property::{self, RoomCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Nothing, Told, Visit};
use crate::governance::Seat;
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, IsoDay, Shown};

/// Acts of the fund as whoever sits at a seat does them, at the counter or over the wire.
macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident($given:ident: $kind:ty) -> $answer:ty = $verb:literal, |$tx:ident| $run:expr;)*) => {$(
        $(#[$doc])*
        pub async fn $name(seat: &Seat, $given: $kind) -> Result<ledger::books::Done<$answer>> {
            seat.act($verb, $given, |$tx, $given: &$kind| Box::pin(async move { $run.await })).await
        }
    )*};
}
pub(crate) use acts;

/// What was registered, by its number.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FundRegistered", description = "已登记")]
pub struct Registered {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub no: i32,
}

impl Registered {
    /// What was done, told by its number.
    pub(crate) fn told<T>(done: Done<T>, no: impl FnOnce(T) -> i32) -> Acted<Registered> {
        Acted::new(done, |answer| Registered { no: no(answer) })
    }
}

/// Something by its number.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtNumber {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub no: i32,
}

/// A receipt by its number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtReceipt {
    /// Its number.
    #[schemars(description = "票据号", example = &"沪维000001")]
    pub no: String,
}

/// A receipt as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要开具的票据")]
pub struct ReceiptAsked {
    /// The number the office gives; the next one of the ranges if it is empty.
    #[schemars(description = "票据号：开票单位给定的；空则取号段的下一号", example = &"")]
    pub receipt_no: String,
}

impl ReceiptAsked {
    fn given(&self) -> Option<&str> {
        (!self.receipt_no.is_empty()).then_some(self.receipt_no.as_str())
    }
}

acts! {
    /// Registers a standard.
    ///
    /// # Errors
    /// Those of [`fund::register_standard`].
    register_standard(given: NewStandard) -> StandardNo = "fund.register-standard",
        |tx| fund::register_standard(tx, given);
    /// Levies.
    ///
    /// # Errors
    /// Those of [`fund::levy`].
    levy(given: Levying) -> Assessed = "fund.levy", |tx| fund::levy(tx, given);
    /// Registers a range of receipts.
    ///
    /// # Errors
    /// Those of [`fund::register_range`].
    register_range(given: NewRange) -> RangeNo = "fund.register-range", |tx| fund::register_range(tx, given);
    /// Issues a receipt for a deposit.
    ///
    /// # Errors
    /// Those of [`fund::issue_receipt`].
    issue(given: (DepositNo, ReceiptAsked)) -> Issued = "fund.issue-receipt",
        |tx| fund::issue_receipt(tx, given.0, given.1.given());
    /// Makes a receipt void.
    ///
    /// # Errors
    /// Those of [`fund::void_receipt`].
    void(given: (String, Voiding)) -> () = "fund.void-receipt",
        |tx| async move { fund::void_receipt(tx, &given.0, given.1.on, &given.1.reason).await.map(|_| ()) };
    /// Counts another copy of a receipt.
    ///
    /// # Errors
    /// Those of [`fund::copy_receipt`].
    copy(given: String) -> i32 = "fund.copy-receipt", |tx| fund::copy_receipt(tx, given);
}

/// `GET /compounds/{compound}/levy-standards`.
///
/// # Errors
/// Those of a list.
pub async fn standards(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Standard>, Problem> {
    let found = fund::standards(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|standard| (standard.standard_no.0, standard)).collect())
}

/// `POST /compounds/{compound}/levy-standards`.
///
/// # Errors
/// Those of [`register_standard`].
pub async fn new_standard(
    visit: Visit,
    Told(asked): Told<NewStandard>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(register_standard(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// What a levy would do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "核定的预览：逐户，未写入")]
pub struct LevyPreview {
    /// What they all would owe.
    #[schemars(description = "应交合计：分", example = 6_899_100)]
    total_fen: Money,
    /// Dwelling by dwelling.
    #[schemars(description = "逐户")]
    rows: Vec<LevyRow>,
}

impl LevyPreview {
    /// For a terminal: a line a dwelling, and the sum.
    pub(crate) fn in_lines(&self) -> String {
        let line = |row: &LevyRow| {
            let before = row.before.map_or("-".to_owned(), Money::grouped);
            format!("{}  原 {before}  应交 {}  {}\n", row.room, row.due.grouped(), row.standard)
        };
        let lines: String = self.rows.iter().map(line).collect();
        format!("{lines}合计 {} 元，未写入", self.total_fen.grouped())
    }
}

/// What a levy would do, for whoever asks.
///
/// # Errors
/// Those of [`fund::levy_preview`].
pub async fn preview(seat: &Seat, asked: &Levying) -> Result<LevyPreview> {
    let rows = fund::levy_preview(&mut seat.books.read().await?, seat.compound, asked).await?;
    Ok(LevyPreview { total_fen: rows.iter().map(|row| row.due).sum(), rows })
}

/// Which levy to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevyQuery {
    #[schemars(description = "核定种类：不写则首期")]
    kind: Option<LevyKind>,
    #[schemars(description = "月份：按月交存的写")]
    month: Option<Month>,
    #[schemars(description = "房号：不写则为全小区", with = "Option<String>", example = &"1-1-101")]
    room: Option<RoomCode>,
    #[schemars(description = "交存对象：不写则不限")]
    levied: Option<Levied>,
    #[schemars(description = "核定日：不写则今天")]
    on: Option<IsoDay>,
}

/// `GET /compounds/{compound}/assessment-preview`.
///
/// # Errors
/// Those of [`preview`].
pub async fn levy_preview(
    visit: Visit,
    Asked(query): Asked<LevyQuery>,
) -> Result<Shown<LevyPreview>, Problem> {
    let asked = Levying {
        kind: query.kind.unwrap_or(LevyKind::Initial),
        month: query.month,
        rooms: query.room.into_iter().collect(),
        levied: query.levied.into_iter().collect(),
        on: query.on.map_or_else(|| visit.books.clock().now().day(), |day| day.0),
        due_on: None,
        instalments: None,
        reason: String::new(),
    };
    Ok(Shown(preview(&Seat::of(&visit), &asked).await?))
}

/// `POST /compounds/{compound}/assessments`.
///
/// # Errors
/// Those of [`levy`].
pub async fn assess(visit: Visit, Told(asked): Told<Levying>) -> Result<Acted<Assessed>, Problem> {
    Ok(Acted::new(levy(&Seat::of(&visit), asked).await?, |told| told))
}

/// Which dues.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DuesQuery {
    #[schemars(description = "截至日：不写则今天")]
    on: Option<IsoDay>,
    #[schemars(description = "种类：不写则不限")]
    kind: Option<DepositKind>,
    #[schemars(description = "楼栋：不写则不限", example = &"1")]
    building: Option<String>,
    #[serde(default)]
    #[schemars(description = "只列欠交的", example = true)]
    owing: bool,
}

/// `GET /compounds/{compound}/fund-dues`.
///
/// # Errors
/// Those of a list.
pub async fn dues(visit: Visit, list: Sought<DuesQuery>) -> Result<Listed<Owing>, Problem> {
    let query = &list.query;
    let on = query.on.map_or_else(|| visit.books.clock().now().day(), |day| day.0);
    let found = fund::dues(&mut visit.read().await?, visit.compound.id, on, None).await?;
    let is_asked = |owing: &Owing| {
        query.kind.is_none_or(|kind| kind == owing.kind)
            && query.building.as_ref().is_none_or(|building| *building == owing.building)
            && (!query.owing || owing.owed.is_positive())
    };
    // In natural order, which is the list's own and not that of the dwellings' numbers.
    let rows = (0_u32..).zip(found.into_iter().filter(is_asked));
    list.answer_from(rows.collect())
}

/// As of which day.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayQuery {
    #[schemars(description = "截至日：不写则今天")]
    pub(crate) on: Option<IsoDay>,
}

impl DayQuery {
    /// The day, or today.
    pub(crate) fn day<P>(self, visit: &Visit<P>) -> ledger::calendar::Day {
        self.on.map_or_else(|| visit.books.clock().now().day(), |day| day.0)
    }
}

/// `GET /compounds/{compound}/fund-arrears`.
///
/// # Errors
/// Those of a list.
pub async fn arrears(
    visit: Visit,
    list: Sought<DayQuery>,
) -> Result<Listed<BuildingArrears>, Problem> {
    let on = list.query.day(&visit);
    let found = fund::dues(&mut visit.read().await?, visit.compound.id, on, None).await?;
    list.answer_from((0_u32..).zip(fund::arrears_by_building(&found)).collect())
}

/// What a dwelling owes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "一户的应交与欠交")]
pub struct OwnDues {
    /// Kind by kind.
    #[schemars(description = "各类")]
    items: Vec<Owing>,
}

/// `GET /compounds/{compound}/dwellings/{room}/fund-dues`.
///
/// # Errors
/// Those of [`property::dwelling`].
pub async fn own_dues(
    visit: Visit<AtRoom>,
    Asked(query): Asked<DayQuery>,
) -> Result<Shown<OwnDues>, Problem> {
    let on = query.day(&visit);
    let mut view = visit.read().await?;
    let compound = visit.compound.id;
    let dwelling = property::dwelling(&mut view, compound, &visit.at.room, on).await?;
    Ok(Shown(OwnDues { items: fund::dues(&mut view, compound, on, Some(dwelling.no)).await? }))
}

/// `GET /compounds/{compound}/receipt-ranges`.
///
/// # Errors
/// Those of a list.
pub async fn ranges(visit: Visit, list: Sought<Nothing>) -> Result<Listed<ReceiptRange>, Problem> {
    let found = fund::ranges(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|range| (range.range_no.0, range)).collect())
}

/// `POST /compounds/{compound}/receipt-ranges`.
///
/// # Errors
/// Those of [`register_range`].
pub async fn new_range(
    visit: Visit,
    Told(asked): Told<NewRange>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(register_range(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `GET /compounds/{compound}/fund-receipts`.
///
/// # Errors
/// Those of a list.
pub async fn receipts(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Receipt>, Problem> {
    let found = fund::receipts(&mut visit.read().await?, visit.compound.id, None).await?;
    list.answer_from(found.into_iter().map(|one| (one.receipt_no.clone(), one)).collect())
}

/// `POST /compounds/{compound}/deposits/{no}/receipts`.
///
/// # Errors
/// Those of [`issue`].
pub async fn new_receipt(
    visit: Visit<AtNumber>,
    Told(asked): Told<ReceiptAsked>,
) -> Result<Acted<Issued>, Problem> {
    let deposit = DepositNo(visit.at.no);
    Ok(Acted::new(issue(&Seat::of(&visit), (deposit, asked)).await?, |told| told))
}

/// A receipt that was made void.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已作废的票据")]
pub struct VoidedView {
    /// Its number.
    #[schemars(description = "票据号", example = &"沪维000001")]
    receipt_no: String,
}

/// `POST /compounds/{compound}/fund-receipts/{no}/void`.
///
/// # Errors
/// Those of [`void`].
pub async fn void_receipt(
    visit: Visit<AtReceipt>,
    Told(asked): Told<Voiding>,
) -> Result<Acted<VoidedView>, Problem> {
    let receipt_no = visit.at.no.clone();
    let done = void(&Seat::of(&visit), (receipt_no.clone(), asked)).await?;
    Ok(Acted::new(done, |()| VoidedView { receipt_no }))
}

/// `POST /compounds/{compound}/fund-receipts/{no}/copies`.
///
/// # Errors
/// Those of [`copy`].
pub async fn copy_receipt(visit: Visit<AtReceipt>) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(copy(&Seat::of(&visit), visit.at.no.clone()).await?, |no| no))
}
