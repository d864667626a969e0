//! The door of the counter: what is taken, given back, forgiven, held, and handed over at the end of a day.

use ledger::books::Snapshot;
use ledger::error::Result;
use ledger::fees::{
    self, Bond, BondDeducting, BondMoved, BondReturning, BondTaken, DaySheet, FeeReceipt,
    HandingOver, NewBond, Penalised, Penalising, ReceiptNo, ReceiptRow, Refunded, Refunding,
    Remission, Remitted, Remitting, Taken, Taking, Told as PartTold, Voided, Voiding,
};
use ledger::id::{BondNo, RemissionNo, SheetNo};
use ledger::money::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Nothing, Told, Visit};
use crate::governance::Seat;
use crate::levy::{AtNumber, acts};
use crate::list::{Listed, Sought};
use crate::problem::{self, Problem};
use crate::wire::{Acted, IsoDay, Shown};

acts! {
    /// Takes money at the counter.
    ///
    /// # Errors
    /// Those of [`fees::take`].
    take(given: Taking) -> Taken = "fees.take", |tx| fees::take(tx, given);
    /// Makes a receipt void.
    ///
    /// # Errors
    /// Those of [`fees::void`].
    void(given: (ReceiptNo, Voiding)) -> Voided = "fees.void-receipt", |tx| fees::void(tx, given.0, &given.1);
    /// Counts a copy of a receipt.
    ///
    /// # Errors
    /// Those of [`fees::copy`].
    copy(given: ReceiptNo) -> i32 = "fees.copy-receipt", |tx| fees::copy(tx, *given);
    /// Gives money back.
    ///
    /// # Errors
    /// Those of [`fees::refund_at_counter`].
    refund(given: Refunding) -> Refunded = "fees.refund", |tx| fees::refund_at_counter(tx, given);
    /// Waives a bill.
    ///
    /// # Errors
    /// Those of [`fees::waive`].
    waive(given: Remitting) -> Remitted = "fees.waive", |tx| fees::waive(tx, given);
    /// Writes a bill off.
    ///
    /// # Errors
    /// Those of [`fees::write_off`].
    write_off(given: Remitting) -> Remitted = "fees.write-off", |tx| fees::write_off(tx, given);
    /// Takes a bill back.
    ///
    /// # Errors
    /// Those of [`fees::withdraw`].
    withdraw(given: Remitting) -> Remitted = "fees.withdraw-bill", |tx| fees::withdraw(tx, given);
    /// Charges a penalty.
    ///
    /// # Errors
    /// Those of [`fees::charge_penalty`].
    penalise(given: Penalising) -> Penalised = "fees.penalise", |tx| fees::charge_penalty(tx, given);
    /// Takes a deposit.
    ///
    /// # Errors
    /// Those of [`fees::take_bond`].
    take_bond(given: NewBond) -> BondTaken = "fees.take-bond", |tx| fees::take_bond(tx, given);
    /// Deducts from a deposit.
    ///
    /// # Errors
    /// Those of [`fees::deduct_bond`].
    deduct_bond(given: (BondNo, BondDeducting)) -> BondMoved = "fees.deduct-bond",
        |tx| fees::deduct_bond(tx, given.0, &given.1);
    /// Returns a deposit.
    ///
    /// # Errors
    /// Those of [`fees::return_bond`].
    return_bond(given: (BondNo, BondReturning)) -> BondMoved = "fees.return-bond",
        |tx| fees::return_bond(tx, given.0, &given.1);
    /// Hands a day's money over.
    ///
    /// # Errors
    /// Those of [`fees::hand_over`].
    hand_over(given: HandingOver) -> DaySheet = "fees.hand-over", |tx| fees::hand_over(tx, given);
}

/// What was taken, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "CounterTaken", description = "已收的款：收据上的内容")]
pub struct TakenView {
    #[schemars(description = "收据号", example = &"2026-000001")]
    receipt_no: String,
    #[schemars(description = "凭证号", example = &"service/2026-0001")]
    voucher: String,
    #[schemars(description = "逐户")]
    parts: Vec<PartTold>,
    #[schemars(description = "合计：分", example = 20_000)]
    total_fen: Money,
    #[schemars(description = "合计大写", example = &"贰佰元整")]
    total_in_capitals: String,
    #[schemars(description = "实收：分", example = 20_000)]
    given_fen: Money,
    #[schemars(description = "找零：分", example = 0)]
    change_fen: Money,
}

/// `POST /compounds/{compound}/counter-takings`.
///
/// # Errors
/// Those of [`take`].
pub async fn new_taking(
    visit: Visit,
    Told(asked): Told<Taking>,
) -> Result<Acted<TakenView>, Problem> {
    Ok(Acted::new(take(&Seat::of(&visit), asked).await?, |taken| TakenView {
        receipt_no: taken.receipt_no.to_string(),
        voucher: taken.voucher.to_string(),
        parts: taken.parts,
        total_fen: taken.total_fen,
        total_in_capitals: taken.total_fen.in_capitals(),
        given_fen: taken.given_fen,
        change_fen: taken.change_fen,
    }))
}

/// A receipt by its number.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtFeeReceipt {
    /// Its number.
    #[schemars(description = "收据号", example = &"2026-000001")]
    pub no: ReceiptNo,
}

/// Which receipts to list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct YearQuery {
    #[schemars(description = "年度：不写则为今年", range(min = 1949, max = 2999), example = 2026)]
    year: Option<i32>,
}

/// `GET /compounds/{compound}/fee-receipts`.
///
/// # Errors
/// Those of a list.
pub async fn receipts(
    visit: Visit,
    list: Sought<YearQuery>,
) -> Result<Listed<FeeReceipt>, Problem> {
    let compound = visit.compound.id;
    let this_year = ledger::calendar::Month::of(visit.books.clock().now().day()).year();
    let year = list.query.year.unwrap_or(this_year);
    if !(1949..=2999).contains(&year) {
        return Err(problem::SHAPE.refuse(format!("year = {year}，须在 1949 至 2999 之间")).into());
    }
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<i32>, most: u16| {
        Box::pin(async move {
            let after = after.unwrap_or(0);
            let found = fees::fee_receipts(view, compound, year, after, i32::from(most)).await?;
            Ok(found.into_iter().map(|one| (one.receipt_no.number, one)).collect())
        })
    })
    .await
}

/// A receipt, with its lines.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "FeeReceiptWhole", description = "物业费收据及其明细")]
pub struct ReceiptView {
    #[schemars(description = "收据")]
    receipt: FeeReceipt,
    #[schemars(description = "明细")]
    rows: Vec<ReceiptRow>,
}

/// `GET /compounds/{compound}/fee-receipts/{no}`.
///
/// # Errors
/// Those of [`fees::fee_receipt`].
pub async fn receipt(visit: Visit<AtFeeReceipt>) -> Result<Shown<ReceiptView>, Problem> {
    let (compound, no) = (visit.compound.id, visit.at.no);
    let (receipt, rows) = fees::fee_receipt(&mut visit.read().await?, compound, no).await?;
    Ok(Shown(ReceiptView { receipt, rows }))
}

/// A receipt that was made void.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "FeeReceiptVoided", description = "已作废的收据")]
pub struct VoidedView {
    #[schemars(description = "收据号", example = &"2026-000001")]
    receipt_no: String,
    #[schemars(description = "红字冲销凭证号", example = &"service/2026-0002")]
    voucher: String,
}

/// `POST /compounds/{compound}/fee-receipts/{no}/void`.
///
/// # Errors
/// Those of [`void`].
pub async fn new_void(
    visit: Visit<AtFeeReceipt>,
    Told(asked): Told<Voiding>,
) -> Result<Acted<VoidedView>, Problem> {
    Ok(Acted::new(void(&Seat::of(&visit), (visit.at.no, asked)).await?, |voided| VoidedView {
        receipt_no: voided.receipt_no.to_string(),
        voucher: voided.voucher.to_string(),
    }))
}

/// A copy of a receipt.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "FeeReceiptCopied", description = "收据副本")]
pub struct CopiedView {
    #[schemars(description = "第几张副本", example = 1)]
    copy_no: i32,
}

/// `POST /compounds/{compound}/fee-receipts/{no}/copies`.
///
/// # Errors
/// Those of [`copy`].
pub async fn new_copy(visit: Visit<AtFeeReceipt>) -> Result<Acted<CopiedView>, Problem> {
    let copied = copy(&Seat::of(&visit), visit.at.no).await?;
    Ok(Acted::new(copied, |copy_no| CopiedView { copy_no }))
}

/// A refund that was recorded, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "FeeRefunded", description = "已办理的退费")]
pub struct RefundedView {
    #[schemars(description = "退费编号", example = 1)]
    refund_no: i32,
    #[schemars(description = "凭证号", example = &"service/2026-0002")]
    voucher: String,
    #[schemars(description = "退费：分", example = 10_000)]
    amount_fen: Money,
    #[schemars(description = "其中退预存：分", example = 0)]
    prepaid_fen: Money,
    #[schemars(description = "红字收据号：所退缴费有收据的才有", example = &"2026-000002")]
    receipt_no: Option<String>,
    #[schemars(description = "一并撤销的账单编号", example = [1])]
    withdrawn: Vec<i32>,
}

/// `POST /compounds/{compound}/fee-refunds`.
///
/// # Errors
/// Those of [`refund`].
pub async fn new_refund(
    visit: Visit,
    Told(asked): Told<Refunding>,
) -> Result<Acted<RefundedView>, Problem> {
    Ok(Acted::new(refund(&Seat::of(&visit), asked).await?, |refunded| RefundedView {
        refund_no: refunded.refund_no.0,
        voucher: refunded.voucher.to_string(),
        amount_fen: refunded.amount_fen,
        prepaid_fen: refunded.prepaid_fen,
        receipt_no: refunded.receipt.map(|no| no.to_string()),
        withdrawn: refunded.withdrawn.iter().map(|no| no.0).collect(),
    }))
}

/// What was forgiven, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已办理的减免、核销、撤销")]
pub struct RemittedView {
    #[schemars(description = "编号", example = 1)]
    remission_no: i32,
    #[schemars(description = "凭证号", example = &"service/2026-0002")]
    voucher: String,
    #[schemars(description = "金额：分", example = 5_000)]
    amount_fen: Money,
    #[schemars(description = "账单尚欠：分", example = 5_000)]
    left_fen: Money,
}

impl RemittedView {
    fn new(remitted: Remitted) -> RemittedView {
        RemittedView {
            remission_no: remitted.remission_no.0,
            voucher: remitted.voucher.to_string(),
            amount_fen: remitted.amount_fen,
            left_fen: remitted.left_fen,
        }
    }
}

/// `POST /compounds/{compound}/waivers`.
///
/// # Errors
/// Those of [`waive`].
pub async fn new_waiver(
    visit: Visit,
    Told(asked): Told<Remitting>,
) -> Result<Acted<RemittedView>, Problem> {
    Ok(Acted::new(waive(&Seat::of(&visit), asked).await?, RemittedView::new))
}

/// `POST /compounds/{compound}/write-offs`.
///
/// # Errors
/// Those of [`write_off`].
pub async fn new_write_off(
    visit: Visit,
    Told(asked): Told<Remitting>,
) -> Result<Acted<RemittedView>, Problem> {
    Ok(Acted::new(write_off(&Seat::of(&visit), asked).await?, RemittedView::new))
}

/// `POST /compounds/{compound}/bill-withdrawals`.
///
/// # Errors
/// Those of [`withdraw`].
pub async fn new_withdrawal(
    visit: Visit,
    Told(asked): Told<Remitting>,
) -> Result<Acted<RemittedView>, Problem> {
    Ok(Acted::new(withdraw(&Seat::of(&visit), asked).await?, RemittedView::new))
}

/// `GET /compounds/{compound}/remissions`.
///
/// # Errors
/// Those of a list.
pub async fn remissions(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Remission>, Problem> {
    let compound = visit.compound.id;
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<RemissionNo>, most: u16| {
        Box::pin(async move {
            let after = after.unwrap_or(RemissionNo(0));
            let found = fees::remissions(view, compound, after, i32::from(most)).await?;
            Ok(found.into_iter().map(|one| (one.remission_no, one)).collect())
        })
    })
    .await
}

/// A penalty that was charged, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已计收的违约金")]
pub struct PenalisedView {
    #[schemars(description = "违约金账单编号", example = 2)]
    bill_no: i32,
    #[schemars(description = "凭证号", example = &"service/2026-0002")]
    voucher: String,
    #[schemars(description = "金额：分", example = 12_000)]
    amount_fen: Money,
    #[schemars(description = "计算过程", example = &"账单 1 自 2025-04-01 至 2025-10-17 按每日百万分之 500 计，单利")]
    worked: String,
}

/// `POST /compounds/{compound}/penalties`.
///
/// # Errors
/// Those of [`penalise`].
pub async fn new_penalty(
    visit: Visit,
    Told(asked): Told<Penalising>,
) -> Result<Acted<PenalisedView>, Problem> {
    Ok(Acted::new(penalise(&Seat::of(&visit), asked).await?, |charged| PenalisedView {
        bill_no: charged.bill_no.0,
        voucher: charged.voucher.to_string(),
        amount_fen: charged.amount_fen,
        worked: charged.worked,
    }))
}

/// A deposit that was taken, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已收的押金")]
pub struct BondTakenView {
    #[schemars(description = "押金编号", example = 1)]
    bond_no: i32,
    #[schemars(description = "收据号", example = &"2026-000001")]
    receipt_no: String,
    #[schemars(description = "凭证号", example = &"service/2026-0002")]
    voucher: String,
    #[schemars(description = "找零：分", example = 0)]
    change_fen: Money,
}

/// `POST /compounds/{compound}/bonds`.
///
/// # Errors
/// Those of [`take_bond`].
pub async fn new_bond(
    visit: Visit,
    Told(asked): Told<NewBond>,
) -> Result<Acted<BondTakenView>, Problem> {
    Ok(Acted::new(take_bond(&Seat::of(&visit), asked).await?, |taken| BondTakenView {
        bond_no: taken.bond_no.0,
        receipt_no: taken.receipt_no.to_string(),
        voucher: taken.voucher.to_string(),
        change_fen: taken.change_fen,
    }))
}

/// A part of a deposit that was moved, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已扣除或退还的押金")]
pub struct BondMovedView {
    #[schemars(description = "凭证号", example = &"service/2026-0003")]
    voucher: String,
    #[schemars(description = "金额：分", example = 50_000)]
    amount_fen: Money,
    #[schemars(description = "押金余额：分", example = 150_000)]
    left_fen: Money,
}

impl BondMovedView {
    fn new(moved: BondMoved) -> BondMovedView {
        BondMovedView {
            voucher: moved.voucher.to_string(),
            amount_fen: moved.amount_fen,
            left_fen: moved.left_fen,
        }
    }
}

/// `POST /compounds/{compound}/bonds/{no}/deductions`.
///
/// # Errors
/// Those of [`deduct_bond`].
pub async fn new_deduction(
    visit: Visit<AtNumber>,
    Told(asked): Told<BondDeducting>,
) -> Result<Acted<BondMovedView>, Problem> {
    let no = BondNo(visit.at.no);
    Ok(Acted::new(deduct_bond(&Seat::of(&visit), (no, asked)).await?, BondMovedView::new))
}

/// `POST /compounds/{compound}/bonds/{no}/returns`.
///
/// # Errors
/// Those of [`return_bond`].
pub async fn new_return(
    visit: Visit<AtNumber>,
    Told(asked): Told<BondReturning>,
) -> Result<Acted<BondMovedView>, Problem> {
    let no = BondNo(visit.at.no);
    Ok(Acted::new(return_bond(&Seat::of(&visit), (no, asked)).await?, BondMovedView::new))
}

/// `GET /compounds/{compound}/bonds`.
///
/// # Errors
/// Those of a list.
pub async fn bonds(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Bond>, Problem> {
    let compound = visit.compound.id;
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<BondNo>, most: u16| {
        Box::pin(async move {
            let after = after.unwrap_or(BondNo(0));
            let found = fees::bonds(view, compound, after, i32::from(most)).await?;
            Ok(found.into_iter().map(|bond| (bond.bond_no, bond)).collect())
        })
    })
    .await
}

/// `POST /compounds/{compound}/day-sheets`.
///
/// # Errors
/// Those of [`hand_over`].
pub async fn new_sheet(
    visit: Visit,
    Told(asked): Told<HandingOver>,
) -> Result<Acted<DaySheet>, Problem> {
    Ok(Acted::new(hand_over(&Seat::of(&visit), asked).await?, |sheet| sheet))
}

/// `POST /compounds/{compound}/day-sheets/differing`.
///
/// # Errors
/// Those of [`hand_over`].
pub async fn new_differing_sheet(
    visit: Visit,
    Told(asked): Told<HandingOver>,
) -> Result<Acted<DaySheet>, Problem> {
    Ok(Acted::new(hand_over(&Seat::of(&visit), asked).await?, |sheet| sheet))
}

/// `GET /compounds/{compound}/day-sheets`.
///
/// # Errors
/// Those of a list.
pub async fn sheets(visit: Visit, list: Sought<Nothing>) -> Result<Listed<DaySheet>, Problem> {
    let compound = visit.compound.id;
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<SheetNo>, most: u16| {
        Box::pin(async move {
            let after = after.unwrap_or(SheetNo(0));
            let found = fees::day_sheets(view, compound, after, i32::from(most)).await?;
            Ok(found.into_iter().filter_map(|one| Some((one.sheet_no?, one))).collect())
        })
    })
    .await
}

/// Whose hands to look into.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandQuery {
    #[schemars(description = "收款人：不写则为本人", example = &"王会计")]
    cashier: Option<String>,
    #[schemars(description = "到哪一天：不写则为今天")]
    on: Option<IsoDay>,
}

/// `GET /compounds/{compound}/in-hand`.
///
/// # Errors
/// Storage.
pub async fn in_hand(
    visit: Visit,
    Asked(query): Asked<HandQuery>,
) -> Result<Shown<DaySheet>, Problem> {
    let today = visit.books.clock().now().day();
    let cashier = query.cashier.unwrap_or_else(|| visit.actor.name.clone());
    let on = query.on.map_or(today, |day| day.0);
    let compound = visit.compound.id;
    Ok(Shown(fees::in_hand(&mut visit.read().await?, compound, &cashier, on).await?))
}
