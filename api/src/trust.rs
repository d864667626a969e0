//! The door of the trust money of 酬金制: service costs, the company's remuneration, the account that is published.

use ledger::books::Done;
use ledger::calendar::Month;
use ledger::error::Result;
use ledger::money::Money;
use ledger::trust::{self, Account, Drawn, Remunerating, Spending};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Told, Visit};
use crate::governance::Seat;
use crate::problem::Problem;
use crate::wire::{Acted, Shown};

/// Records a service cost for whoever asks.
///
/// # Errors
/// Those of [`trust::spend`].
pub async fn spend_for(seat: &Seat, asked: Spending) -> Result<Done<Drawn>> {
    seat.act("trust.spend", asked, |tx, asked: &Spending| Box::pin(trust::spend(tx, asked))).await
}

/// Takes a month's remuneration for whoever asks.
///
/// # Errors
/// Those of [`trust::remunerate`].
pub async fn remunerate_for(seat: &Seat, asked: Remunerating) -> Result<Done<Drawn>> {
    seat.act("trust.remunerate", asked, |tx, asked: &Remunerating| {
        Box::pin(trust::remunerate(tx, asked))
    })
    .await
}

/// What was taken out of the trust money, as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TrustDrawn", description = "已登记的服务支出或酬金")]
pub struct DrawnView {
    #[schemars(description = "编号", example = 1)]
    entry_no: i32,
    #[schemars(description = "凭证号", example = &"service/2026-0001")]
    voucher: String,
    #[schemars(description = "金额：分", example = 500_000)]
    amount_fen: Money,
    #[schemars(description = "其中税额：分", example = 0)]
    tax_fen: Money,
    #[schemars(description = "计提基数：分，酬金按实收比例的为当月实收", example = 0)]
    base_fen: Money,
}

fn told(done: Done<Drawn>) -> Acted<DrawnView> {
    Acted::new(done, |drawn| DrawnView {
        entry_no: drawn.entry_no.0,
        voucher: drawn.voucher.to_string(),
        amount_fen: drawn.amount_fen,
        tax_fen: drawn.tax_fen,
        base_fen: drawn.base_fen,
    })
}

/// `POST /compounds/{compound}/service-costs`.
///
/// # Errors
/// Those of [`spend_for`].
pub async fn spend(visit: Visit, Told(asked): Told<Spending>) -> Result<Acted<DrawnView>, Problem> {
    Ok(told(spend_for(&Seat::of(&visit), asked).await?))
}

/// `POST /compounds/{compound}/remunerations`.
///
/// # Errors
/// Those of [`remunerate_for`].
pub async fn remunerate(
    visit: Visit,
    Told(asked): Told<Remunerating>,
) -> Result<Acted<DrawnView>, Problem> {
    Ok(told(remunerate_for(&Seat::of(&visit), asked).await?))
}

/// Which period's account to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    #[schemars(description = "起月：不写则为本年一月")]
    from: Option<Month>,
    #[schemars(description = "止月：不写则为起月所在年的十二月")]
    to: Option<Month>,
}

/// `GET /compounds/{compound}/trust-account`.
///
/// # Errors
/// Storage.
pub async fn account(
    visit: Visit,
    Asked(query): Asked<AccountQuery>,
) -> Result<Shown<Account>, Problem> {
    let this = Month::of(visit.books.clock().now().day());
    let end_of = |month: Month, number: i32| Month::from_number(month.year() * 100 + number);
    let from = query.from.or_else(|| end_of(this, 1)).unwrap_or(this);
    let to = query.to.or_else(|| end_of(from, 12)).unwrap_or(from);
    let mut view = visit.read().await?;
    let (first, last) = (from.first_day(), to.last_day());
    Ok(Shown(trust::account(&mut view, visit.compound.id, first, last).await?))
}
