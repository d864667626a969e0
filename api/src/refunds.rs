//! The door of what goes back out of the fund, and of the units that sold public housing: their extractions, refunds, and the
//! money they still hold.

use ledger::books::Done;
use ledger::error::Result;
use ledger::fund::{
    self, BroughtIn, Deposited, EndingUnit, Legacy, LegacyIncome, NewLegacy, NewLegacyStep,
    NewUnit, PaidRefund, Payee, Refund, RefundPayment, Refunded, Refunding, SellingUnit,
    UnitDeposit, UnitLevy, UnitRefunding,
};
use ledger::id::{AssessmentNo, LegacyNo, RefundNo, SellingUnitNo};
use ledger::money::Money;
use schemars::JsonSchema;
use serde::Serialize;

use crate::door::{Nothing, Told, Visit};
use crate::fund::DepositedView;
use crate::governance::Seat;
use crate::levy::{AtNumber, Registered, acts};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::Acted;

acts! {
    /// Gives back what an owner paid in.
    ///
    /// # Errors
    /// Those of [`fund::refund`].
    refund(given: Refunding) -> Refunded = "fund.refund", |tx| fund::refund(tx, given);
    /// Gives back what a selling unit put in.
    ///
    /// # Errors
    /// Those of [`fund::refund_unit`].
    refund_unit(given: (SellingUnitNo, UnitRefunding)) -> Refunded = "fund.refund-unit",
        |tx| fund::refund_unit(tx, given.0, &given.1);
    /// Pays a refund that is owed.
    ///
    /// # Errors
    /// Those of [`fund::pay_refund`].
    pay(given: (RefundNo, RefundPayment)) -> PaidRefund = "fund.pay-refund",
        |tx| fund::pay_refund(tx, given.0, &given.1);
    /// Enlists a selling unit.
    ///
    /// # Errors
    /// Those of [`fund::enlist_unit`].
    enlist(given: NewUnit) -> SellingUnitNo = "fund.enlist-unit", |tx| fund::enlist_unit(tx, given);
    /// Records that a selling unit is no more.
    ///
    /// # Errors
    /// Those of [`fund::end_unit`].
    end(given: (SellingUnitNo, EndingUnit)) -> SellingUnitNo = "fund.end-unit",
        |tx| fund::end_unit(tx, given.0, &given.1);
    /// Assesses what a selling unit is to extract.
    ///
    /// # Errors
    /// Those of [`fund::levy_unit`].
    levy_unit(given: (SellingUnitNo, UnitLevy)) -> Vec<AssessmentNo> = "fund.levy-unit",
        |tx| fund::levy_unit(tx, given.0, &given.1);
    /// Records what a selling unit put in.
    ///
    /// # Errors
    /// Those of [`fund::deposit_of_unit`].
    deposit_of_unit(given: (SellingUnitNo, UnitDeposit)) -> Deposited = "fund.deposit-of-unit",
        |tx| fund::deposit_of_unit(tx, given.0, &given.1);
    /// Registers money a former selling unit still holds.
    ///
    /// # Errors
    /// Those of [`fund::register_legacy`].
    register_legacy(given: NewLegacy) -> LegacyNo = "fund.register-legacy",
        |tx| fund::register_legacy(tx, given);
    /// Notes what was done to get it.
    ///
    /// # Errors
    /// Those of [`fund::note_step`].
    note(given: (LegacyNo, NewLegacyStep)) -> i32 = "fund.legacy-step",
        |tx| fund::note_step(tx, given.0, &given.1);
    /// Brings it in.
    ///
    /// # Errors
    /// Those of [`fund::bring_in`].
    bring_in(given: (LegacyNo, LegacyIncome)) -> BroughtIn = "fund.bring-in",
        |tx| fund::bring_in(tx, given.0, &given.1);
}

/// A refund that was recorded, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的返还")]
pub struct RefundedView {
    #[schemars(description = "返还编号", example = 1)]
    refund_no: i32,
    #[schemars(description = "凭证号", example = &"fund/2026-0007")]
    voucher: String,
    #[schemars(description = "返还对象")]
    payee: Payee,
    #[schemars(description = "本金：分", example = 500_000)]
    principal_fen: Money,
    #[schemars(description = "收益：分", example = 0)]
    gains_fen: Money,
    #[schemars(description = "是否应付而未付：房屋灭失的先应付", example = false)]
    is_payable: bool,
}

impl From<Refunded> for RefundedView {
    fn from(refunded: Refunded) -> RefundedView {
        RefundedView {
            refund_no: refunded.refund_no.0,
            voucher: refunded.voucher.to_string(),
            payee: refunded.payee,
            principal_fen: refunded.principal_fen,
            gains_fen: refunded.gains_fen,
            is_payable: refunded.is_payable,
        }
    }
}

/// `GET /compounds/{compound}/refunds`.
///
/// # Errors
/// Those of a list.
pub async fn list(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Refund>, Problem> {
    let found = fund::refunds(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|refund| (refund.refund_no.0, refund)).collect())
}

/// `POST /compounds/{compound}/refunds`.
///
/// # Errors
/// Those of [`refund`].
pub async fn new(
    visit: Visit,
    Told(asked): Told<Refunding>,
) -> Result<Acted<RefundedView>, Problem> {
    Ok(Acted::new(refund(&Seat::of(&visit), asked).await?, RefundedView::from))
}

/// A payment of a refund, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已支付的返还")]
pub struct PaidRefundView {
    #[schemars(description = "凭证号", example = &"fund/2026-0008")]
    voucher: String,
    #[schemars(description = "尚未支付：分", example = 0)]
    left_fen: Money,
}

/// `POST /compounds/{compound}/refunds/{no}/payments`.
///
/// # Errors
/// Those of [`pay`].
pub async fn new_payment(
    visit: Visit<AtNumber>,
    Told(asked): Told<RefundPayment>,
) -> Result<Acted<PaidRefundView>, Problem> {
    let done = pay(&Seat::of(&visit), (RefundNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, |paid| PaidRefundView {
        voucher: paid.voucher.to_string(),
        left_fen: paid.left_fen,
    }))
}

/// `GET /compounds/{compound}/selling-units`.
///
/// # Errors
/// Those of a list.
pub async fn units(visit: Visit, list: Sought<Nothing>) -> Result<Listed<SellingUnit>, Problem> {
    let today = visit.books.clock().now().day();
    let found = fund::selling_units(&mut visit.read().await?, visit.compound.id, today).await?;
    list.answer_from(found.into_iter().map(|unit| (unit.unit_no.0, unit)).collect())
}

/// `POST /compounds/{compound}/selling-units`.
///
/// # Errors
/// Those of [`enlist`].
pub async fn new_unit(
    visit: Visit,
    Told(asked): Told<NewUnit>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(enlist(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `POST /compounds/{compound}/selling-units/{no}/end`.
///
/// # Errors
/// Those of [`end`].
pub async fn end_unit(
    visit: Visit<AtNumber>,
    Told(asked): Told<EndingUnit>,
) -> Result<Acted<Registered>, Problem> {
    let unit = SellingUnitNo(visit.at.no);
    Ok(Registered::told(end(&Seat::of(&visit), (unit, asked)).await?, |no| no.0))
}

/// What a unit was assessed, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已核定的提取")]
pub struct ExtractedView {
    #[schemars(description = "核定编号：依所列次序", example = &[1])]
    assessments: Vec<AssessmentNo>,
}

/// `POST /compounds/{compound}/selling-units/{no}/levies`.
///
/// # Errors
/// Those of [`levy_unit`].
pub async fn new_unit_levy(
    visit: Visit<AtNumber>,
    Told(asked): Told<UnitLevy>,
) -> Result<Acted<ExtractedView>, Problem> {
    let done = levy_unit(&Seat::of(&visit), (SellingUnitNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, |assessments| ExtractedView { assessments }))
}

/// `POST /compounds/{compound}/selling-units/{no}/deposits`.
///
/// # Errors
/// Those of [`deposit_of_unit`].
pub async fn new_unit_deposit(
    visit: Visit<AtNumber>,
    Told(asked): Told<UnitDeposit>,
) -> Result<Acted<DepositedView>, Problem> {
    let done = deposit_of_unit(&Seat::of(&visit), (SellingUnitNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, DepositedView::from))
}

/// `POST /compounds/{compound}/selling-units/{no}/refunds`.
///
/// # Errors
/// Those of [`refund_unit`].
pub async fn new_unit_refund(
    visit: Visit<AtNumber>,
    Told(asked): Told<UnitRefunding>,
) -> Result<Acted<RefundedView>, Problem> {
    let done = refund_unit(&Seat::of(&visit), (SellingUnitNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, RefundedView::from))
}

/// `GET /compounds/{compound}/legacy-money`.
///
/// # Errors
/// Those of a list.
pub async fn legacies(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Legacy>, Problem> {
    let found = fund::legacies(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|legacy| (legacy.legacy_no.0, legacy)).collect())
}

/// `POST /compounds/{compound}/legacy-money`.
///
/// # Errors
/// Those of [`register_legacy`].
pub async fn new_legacy(
    visit: Visit,
    Told(asked): Told<NewLegacy>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(register_legacy(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `POST /compounds/{compound}/legacy-money/{no}/steps`.
///
/// # Errors
/// Those of [`note`].
pub async fn new_step(
    visit: Visit<AtNumber>,
    Told(asked): Told<NewLegacyStep>,
) -> Result<Acted<Registered>, Problem> {
    let done: Done<i32> = note(&Seat::of(&visit), (LegacyNo(visit.at.no), asked)).await?;
    Ok(Registered::told(done, |no| no))
}

/// What was brought in, as the wire shows it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已划入的代管资金")]
pub struct BroughtInView {
    #[schemars(description = "凭证号", example = &"fund/2026-0009")]
    voucher: String,
    #[schemars(description = "金额：分", example = 200_000)]
    amount_fen: Money,
    #[schemars(description = "交存编号：依所列次序", example = &[1])]
    deposits: Vec<i32>,
    #[schemars(description = "尚差：分，多划入的为负", example = 40_000)]
    difference_fen: Money,
}

impl BroughtInView {
    /// Its voucher.
    pub(crate) fn voucher(&self) -> &str {
        &self.voucher
    }

    /// What of the claim is still out.
    pub(crate) fn difference(&self) -> Money {
        self.difference_fen
    }
}

impl From<BroughtIn> for BroughtInView {
    fn from(brought: BroughtIn) -> BroughtInView {
        BroughtInView {
            voucher: brought.voucher.to_string(),
            amount_fen: brought.amount_fen,
            deposits: brought.deposits.iter().map(|no| no.0).collect(),
            difference_fen: brought.difference_fen,
        }
    }
}

/// `POST /compounds/{compound}/legacy-money/{no}/incomes`.
///
/// # Errors
/// Those of [`bring_in`].
pub async fn new_income(
    visit: Visit<AtNumber>,
    Told(asked): Told<LegacyIncome>,
) -> Result<Acted<BroughtInView>, Problem> {
    let done = bring_in(&Seat::of(&visit), (LegacyNo(visit.at.no), asked)).await?;
    Ok(Acted::new(done, BroughtInView::from))
}
