//! The door of renovations: the reserve, steps, sources, payments, the list of conditions, what was handed over.

use ledger::books::Done;
use ledger::error::Result;
use ledger::id::RenovationNo;
use ledger::renovation::{
    self, Asked as GateAsked, AssignedRevenue, Condition, PaidIn, Paying, PayingIn, Payment,
    Record, Reserve, Reserved, Reversing, Row, Step, Stepped, Whole,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Nothing, Told, Visit};
use crate::governance::Seat;
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::{Acted, Shown};

impl Seat {
    /// Takes the compound into the reserve.
    ///
    /// # Errors
    /// Those of [`renovation::reserve`].
    pub async fn reserve(&self, new: Reserve) -> Result<Done<Reserved>> {
        self.act("renovation.reserve", new, |tx, new: &Reserve| {
            Box::pin(renovation::reserve(tx, new))
        })
        .await
    }

    /// Records a step.
    ///
    /// # Errors
    /// Those of [`renovation::record`].
    pub async fn record_renovation(&self, no: RenovationNo, step: Step) -> Result<Done<Stepped>> {
        self.act("renovation.record", (no, step), |tx, (no, step)| {
            Box::pin(renovation::record(tx, *no, step))
        })
        .await
    }

    /// Pays a source's money in.
    ///
    /// # Errors
    /// Those of [`renovation::pay_in`].
    pub async fn pay_in(&self, no: RenovationNo, asked: PayingIn) -> Result<Done<PaidIn>> {
        self.act("renovation.pay-in", (no, asked), |tx, (no, asked)| {
            Box::pin(renovation::pay_in(tx, *no, asked))
        })
        .await
    }

    /// Pays public revenue that was given away into its source.
    ///
    /// # Errors
    /// Those of [`renovation::assign`].
    pub async fn assign(&self, no: RenovationNo, asked: AssignedRevenue) -> Result<Done<PaidIn>> {
        self.act("renovation.assign", (no, asked), |tx, (no, asked)| {
            Box::pin(renovation::assign(tx, *no, asked))
        })
        .await
    }

    /// Pays for a content.
    ///
    /// # Errors
    /// Those of [`renovation::pay`].
    pub async fn pay_renovation(&self, no: RenovationNo, asked: Paying) -> Result<Done<Payment>> {
        self.act("renovation.pay", (no, asked), |tx, (no, asked)| {
            Box::pin(renovation::pay(tx, *no, asked))
        })
        .await
    }

    /// Takes a payment back.
    ///
    /// # Errors
    /// Those of [`renovation::reverse`].
    pub async fn reverse_renovation(
        &self,
        no: RenovationNo,
        asked: Reversing,
    ) -> Result<Done<Payment>> {
        self.act("renovation.reverse", (no, asked), |tx, (no, asked)| {
            Box::pin(renovation::reverse(tx, *no, asked))
        })
        .await
    }

    /// One renovation.
    ///
    /// # Errors
    /// `renovation.no-renovation`.
    pub async fn renovation(&self, no: RenovationNo) -> Result<Whole> {
        let today = self.books.clock().now().day();
        renovation::renovation(&mut self.books.read().await?, self.compound, no, today).await
    }

    /// The list of conditions.
    ///
    /// # Errors
    /// Those of [`renovation::findings`].
    pub async fn conditions(&self, no: RenovationNo, asked: GateAsked) -> Result<ConditionsView> {
        let today = self.books.clock().now().day();
        let mut view = self.books.read().await?;
        let conditions = renovation::findings(&mut view, self.compound, no, asked, today).await?;
        let is_open = conditions.iter().all(|condition| condition.is_met);
        Ok(ConditionsView { is_open, conditions })
    }
}

/// A renovation's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtRenovation {
    #[schemars(description = "改造编号", example = 1)]
    no: RenovationNo,
}

/// The list of conditions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "RenovationConditions", description = "条件一览：逐项列出，不以第一项为限")]
pub struct ConditionsView {
    #[schemars(description = "是否全部符合")]
    pub(crate) is_open: bool,
    #[schemars(description = "各项")]
    pub(crate) conditions: Vec<Condition>,
}

/// What is asked of the conditions.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionsQuery {
    #[schemars(description = "问什么")]
    asked: GateAsked,
}

/// `POST /compounds/{compound}/renovations`.
///
/// # Errors
/// Those of [`renovation::reserve`].
pub async fn reserve(visit: Visit, Told(new): Told<Reserve>) -> Result<Acted<Reserved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).reserve(new).await?, |reserved| reserved))
}

/// `GET /compounds/{compound}/renovations`.
///
/// # Errors
/// Those of a list.
pub async fn renovations(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Row>, Problem> {
    let found = renovation::renovations(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|row| (row.renovation_no.0, row)).collect())
}

/// `GET /compounds/{compound}/renovations/{no}`.
///
/// # Errors
/// `renovation.no-renovation`.
pub async fn one(visit: Visit<AtRenovation>) -> Result<Shown<Whole>, Problem> {
    Ok(Shown(Seat::of(&visit).renovation(visit.at.no).await?))
}

/// `GET /compounds/{compound}/renovations/{no}/conditions`.
///
/// # Errors
/// Those of [`renovation::findings`].
pub async fn conditions(
    visit: Visit<AtRenovation>,
    Asked(query): Asked<ConditionsQuery>,
) -> Result<Shown<ConditionsView>, Problem> {
    Ok(Shown(Seat::of(&visit).conditions(visit.at.no, query.asked).await?))
}

/// `POST /compounds/{compound}/renovations/{no}/steps`.
///
/// # Errors
/// Those of [`renovation::record`].
pub async fn record(
    visit: Visit<AtRenovation>,
    Told(step): Told<Step>,
) -> Result<Acted<Stepped>, Problem> {
    let done = Seat::of(&visit).record_renovation(visit.at.no, step).await?;
    Ok(Acted::new(done, |stepped| stepped))
}

/// `POST /compounds/{compound}/renovations/{no}/paid-in`.
///
/// # Errors
/// Those of [`renovation::pay_in`].
pub async fn pay_in(
    visit: Visit<AtRenovation>,
    Told(asked): Told<PayingIn>,
) -> Result<Acted<PaidIn>, Problem> {
    Ok(Acted::new(Seat::of(&visit).pay_in(visit.at.no, asked).await?, |paid| paid))
}

/// `POST /compounds/{compound}/renovations/{no}/assigned-revenue`.
///
/// # Errors
/// Those of [`renovation::assign`].
pub async fn assign(
    visit: Visit<AtRenovation>,
    Told(asked): Told<AssignedRevenue>,
) -> Result<Acted<PaidIn>, Problem> {
    Ok(Acted::new(Seat::of(&visit).assign(visit.at.no, asked).await?, |paid| paid))
}

/// `POST /compounds/{compound}/renovations/{no}/payments`.
///
/// # Errors
/// Those of [`renovation::pay`].
pub async fn pay(
    visit: Visit<AtRenovation>,
    Told(asked): Told<Paying>,
) -> Result<Acted<Payment>, Problem> {
    Ok(Acted::new(Seat::of(&visit).pay_renovation(visit.at.no, asked).await?, |paid| paid))
}

/// `POST /compounds/{compound}/renovations/{no}/reversals`.
///
/// # Errors
/// Those of [`renovation::reverse`].
pub async fn reverse(
    visit: Visit<AtRenovation>,
    Told(asked): Told<Reversing>,
) -> Result<Acted<Payment>, Problem> {
    Ok(Acted::new(Seat::of(&visit).reverse_renovation(visit.at.no, asked).await?, |paid| paid))
}

/// `GET /compounds/{compound}/maintenance-records`.
///
/// # Errors
/// Those of a list.
pub async fn records(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Record>, Problem> {
    let found = renovation::records(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|row| (row.content_no.0, row)).collect())
}
