//! The door of public revenue: terms, contracts, income and cost, distribution, pledges, publication, hand-over.

use ledger::calendar::Month;
use ledger::error::Result;
use ledger::id::{PledgeNo, PublicationNo, RevenueEntryNo, RevenueLeaseNo, RevenueTermsNo};
use ledger::money::Money;
use ledger::revenue::distribution::{self, Distributing, ShareRow, Standing, standings};
use ledger::revenue::entry::{self, Clearing, Entered, EntryRow, Receiving, Sharing, Spending};
use ledger::revenue::handover::{self, HandingOver, Handover};
use ledger::revenue::lease::{self, Ending, Lease, Let, NewLease};
use ledger::revenue::pledge::{self, Pledge, Pledging};
use ledger::revenue::publication::{
    self, Open, Publication, Published, Publishing, Sheet, Stretch, TakingDown,
};
use ledger::revenue::reckon::Sort;
use ledger::revenue::{self, Terms};
use ledger::tariff::Taxpayer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Nothing, Told, Visit};
use crate::governance::Seat;
use crate::levy::{AtNumber, Registered, acts};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, IsoDay, Shown};

acts! {
    /// Agrees how public revenue is run.
    ///
    /// # Errors
    /// Those of [`revenue::arrange`].
    arrange_for(given: Terms) -> RevenueTermsNo = "revenue.arrange", |tx| revenue::arrange(tx, given);
    /// Lets a common part.
    ///
    /// # Errors
    /// Those of [`lease::let_out`].
    let_for(given: NewLease) -> Let = "revenue.let", |tx| lease::let_out(tx, given);
    /// Ends a contract.
    ///
    /// # Errors
    /// Those of [`lease::end`].
    end_for(given: (RevenueLeaseNo, Ending)) -> () = "revenue.end-lease", |tx| lease::end(tx, given.0, &given.1);
    /// Records income.
    ///
    /// # Errors
    /// Those of [`entry::receive`].
    receive_for(given: Receiving) -> Entered = "revenue.receive", |tx| entry::receive(tx, given);
    /// Records a cost.
    ///
    /// # Errors
    /// Those of [`entry::spend`].
    spend_for(given: Spending) -> Entered = "revenue.spend", |tx| entry::spend(tx, given);
    /// Records what the operator paid in.
    ///
    /// # Errors
    /// Those of [`entry::remit`].
    remit_for(given: Clearing) -> Entered = "revenue.remit", |tx| entry::remit(tx, given);
    /// Records what the operator got back.
    ///
    /// # Errors
    /// Those of [`entry::repay`].
    repay_for(given: Clearing) -> Entered = "revenue.repay", |tx| entry::repay(tx, given);
    /// Records tax that was paid.
    ///
    /// # Errors
    /// Those of [`entry::pay_tax`].
    pay_tax_for(given: Clearing) -> Entered = "revenue.pay-tax", |tx| entry::pay_tax(tx, given);
    /// Takes the operator's share.
    ///
    /// # Errors
    /// Those of [`entry::take_share`].
    take_share_for(given: Sharing) -> Entered = "revenue.take-share", |tx| entry::take_share(tx, given);
    /// Distributes.
    ///
    /// # Errors
    /// Those of [`distribution::distribute`].
    distribute_for(given: Distributing) -> Entered = "revenue.distribute", |tx| distribution::distribute(tx, given);
    /// Pledges.
    ///
    /// # Errors
    /// Those of [`pledge::pledge`].
    pledge_for(given: Pledging) -> PledgeNo = "revenue.pledge", |tx| pledge::pledge(tx, given);
    /// Publishes.
    ///
    /// # Errors
    /// Those of [`publication::publish`].
    publish_for(given: Publishing) -> Published = "revenue.publish", |tx| publication::publish(tx, given);
    /// Takes a publication down.
    ///
    /// # Errors
    /// Those of [`publication::take_down`].
    take_down_for(given: (PublicationNo, TakingDown)) -> () = "revenue.take-down",
        |tx| publication::take_down(tx, given.0, &given.1);
    /// Hands over.
    ///
    /// # Errors
    /// Those of [`handover::hand_over`].
    hand_over_for(given: HandingOver) -> Handover = "revenue.hand-over", |tx| handover::hand_over(tx, given);
}

/// An entry that was made, as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RevenueEntered", description = "已登记的公共收益收支")]
pub struct EnteredView {
    #[schemars(description = "编号", example = 1)]
    entry_no: i32,
    #[schemars(description = "凭证号", example = &"revenue/2026-0001")]
    voucher: String,
    #[schemars(description = "金额：分", example = 120_000)]
    amount_fen: Money,
    #[schemars(description = "其中税额：分", example = 9_908)]
    tax_fen: Money,
}

fn told(done: ledger::books::Done<Entered>) -> Acted<EnteredView> {
    Acted::new(done, |entered| EnteredView {
        entry_no: entered.entry_no.0,
        voucher: entered.voucher.to_string(),
        amount_fen: entered.amount_fen,
        tax_fen: entered.tax_fen,
    })
}

/// Terms in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "RevenueTermsRow", description = "一份经营约定")]
pub struct TermsView {
    #[schemars(description = "约定编号", example = 1)]
    terms_no: i32,
    #[schemars(description = "起日")]
    from_on: IsoDay,
    #[schemars(description = "经营人", example = &"某物业公司")]
    operator: String,
    #[schemars(description = "纳税人身份")]
    taxpayer: Taxpayer,
    #[schemars(description = "业主大会是否已成立", example = true)]
    has_assembly: bool,
    #[schemars(description = "经营人分成：万分点", example = 2_000)]
    operator_bp: u16,
    #[schemars(description = "约定补充维修资金的比例：万分点", example = 5_500)]
    fund_bp: u16,
    #[schemars(description = "单独的账户", example = &"某银行 尾号 0481")]
    account: String,
    #[schemars(description = "依据", example = &"专项规约 2026-1")]
    document: String,
}

/// `GET /compounds/{compound}/revenue-terms`.
///
/// # Errors
/// Those of a list.
pub async fn terms(visit: Visit, list: Sought<Nothing>) -> Result<Listed<TermsView>, Problem> {
    let found = revenue::terms(&mut visit.read().await?, visit.compound.id).await?;
    let view = |(no, terms): (RevenueTermsNo, Terms)| {
        let row = TermsView {
            terms_no: no.0,
            from_on: IsoDay(terms.from_on),
            operator: terms.operator,
            taxpayer: terms.taxpayer,
            has_assembly: terms.has_assembly,
            operator_bp: terms.operator_bp,
            fund_bp: terms.fund_bp,
            account: terms.account,
            document: terms.document,
        };
        (no.0, row)
    };
    list.answer_from(found.into_iter().map(view).collect())
}

/// `POST /compounds/{compound}/revenue-terms`.
///
/// # Errors
/// Those of [`arrange_for`].
pub async fn new_terms(
    visit: Visit,
    Told(asked): Told<Terms>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(arrange_for(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `GET /compounds/{compound}/revenue-leases`.
///
/// # Errors
/// Those of a list.
pub async fn leases(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Lease>, Problem> {
    let today = visit.books.clock().now().day();
    let found = lease::leases(&mut visit.read().await?, visit.compound.id, today).await?;
    list.answer_from(found.into_iter().map(|one| (one.lease_no.0, one)).collect())
}

/// `POST /compounds/{compound}/revenue-leases`.
///
/// # Errors
/// Those of [`let_for`].
pub async fn new_lease(visit: Visit, Told(asked): Told<NewLease>) -> Result<Acted<Let>, Problem> {
    Ok(Acted::new(let_for(&Seat::of(&visit), asked).await?, |told| told))
}

/// `POST /compounds/{compound}/revenue-leases/{no}/end`.
///
/// # Errors
/// Those of [`end_for`].
pub async fn end_lease(
    visit: Visit<AtNumber>,
    Told(asked): Told<Ending>,
) -> Result<Acted<Registered>, Problem> {
    let no = visit.at.no;
    let done = end_for(&Seat::of(&visit), (RevenueLeaseNo(no), asked)).await?;
    Ok(Registered::told(done, |()| no))
}

/// Which entries to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryQuery {
    #[schemars(description = "类别：不写则全部")]
    sort: Option<Sort>,
}

/// `GET /compounds/{compound}/revenue-entries`.
///
/// # Errors
/// Those of a list.
pub async fn entries(visit: Visit, list: Sought<EntryQuery>) -> Result<Listed<EntryRow>, Problem> {
    let found = entry::entries(&mut visit.read().await?, visit.compound.id).await?;
    let meant = found.into_iter().filter(|e| list.query.sort.is_none_or(|sort| sort == e.sort));
    list.answer_from(meant.map(|entry| (entry.entry_no.0, entry)).collect())
}

/// `GET /compounds/{compound}/revenue-entries/{no}/shares`.
///
/// # Errors
/// Those of a list.
pub async fn shares(
    visit: Visit<AtNumber>,
    list: Sought<Nothing>,
) -> Result<Listed<ShareRow>, Problem> {
    let no = RevenueEntryNo(visit.at.no);
    let found = distribution::shares(&mut visit.read().await?, visit.compound.id, no).await?;
    list.answer_from(found.into_iter().map(|share| (share.dwelling_no.0, share)).collect())
}

/// `POST /compounds/{compound}/revenue-incomes`.
///
/// # Errors
/// Those of [`receive_for`].
pub async fn receive(
    visit: Visit,
    Told(asked): Told<Receiving>,
) -> Result<Acted<EnteredView>, Problem> {
    Ok(told(receive_for(&Seat::of(&visit), asked).await?))
}

/// `POST /compounds/{compound}/revenue-costs`.
///
/// # Errors
/// Those of [`spend_for`].
pub async fn spend(
    visit: Visit,
    Told(asked): Told<Spending>,
) -> Result<Acted<EnteredView>, Problem> {
    Ok(told(spend_for(&Seat::of(&visit), asked).await?))
}

/// `POST /compounds/{compound}/revenue-remittances`.
///
/// # Errors
/// Those of [`remit_for`].
pub async fn remit(
    visit: Visit,
    Told(asked): Told<Clearing>,
) -> Result<Acted<EnteredView>, Problem> {
    Ok(told(remit_for(&Seat::of(&visit), asked).await?))
}

/// `POST /compounds/{compound}/revenue-repayments`.
///
/// # Errors
/// Those of [`repay_for`].
pub async fn repay(
    visit: Visit,
    Told(asked): Told<Clearing>,
) -> Result<Acted<EnteredView>, Problem> {
    Ok(told(repay_for(&Seat::of(&visit), asked).await?))
}

/// `POST /compounds/{compound}/revenue-taxes`.
///
/// # Errors
/// Those of [`pay_tax_for`].
pub async fn pay_tax(
    visit: Visit,
    Told(asked): Told<Clearing>,
) -> Result<Acted<EnteredView>, Problem> {
    Ok(told(pay_tax_for(&Seat::of(&visit), asked).await?))
}

/// `POST /compounds/{compound}/operator-shares`.
///
/// # Errors
/// Those of [`take_share_for`].
pub async fn take_share(
    visit: Visit,
    Told(asked): Told<Sharing>,
) -> Result<Acted<EnteredView>, Problem> {
    Ok(told(take_share_for(&Seat::of(&visit), asked).await?))
}

/// Which period to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonthQuery {
    #[schemars(description = "期间中的任一月：不写则本月")]
    month: Option<Month>,
}

/// How each scope stands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RevenueStandings", description = "公共收益：各范围的净收益、应补充与尚可分配")]
pub struct StandingsView {
    #[schemars(description = "各范围，全体业主在前")]
    items: Vec<Standing>,
}

/// `GET /compounds/{compound}/revenue-standing`.
///
/// # Errors
/// Those of [`standings`].
pub async fn standing(
    visit: Visit,
    Asked(query): Asked<MonthQuery>,
) -> Result<Shown<StandingsView>, Problem> {
    let today = visit.books.clock().now().day();
    let month = query.month.unwrap_or_else(|| Month::of(today));
    let items = standings(&mut visit.read().await?, visit.compound.id, month, today).await?;
    Ok(Shown(StandingsView { items }))
}

/// `POST /compounds/{compound}/revenue-distributions`.
///
/// # Errors
/// Those of [`distribute_for`].
pub async fn distribute(
    visit: Visit,
    Told(asked): Told<Distributing>,
) -> Result<Acted<EnteredView>, Problem> {
    Ok(told(distribute_for(&Seat::of(&visit), asked).await?))
}

/// `GET /compounds/{compound}/revenue-pledges`.
///
/// # Errors
/// Those of a list.
pub async fn pledges(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Pledge>, Problem> {
    let found = pledge::pledges(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|one| (one.pledge_no.0, one)).collect())
}

/// `POST /compounds/{compound}/revenue-pledges`.
///
/// # Errors
/// Those of [`pledge_for`].
pub async fn new_pledge(
    visit: Visit,
    Told(asked): Told<Pledging>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(pledge_for(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// Which sheet to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetQuery {
    #[schemars(description = "期间的长短")]
    covers: Stretch,
    #[schemars(description = "期间的末月")]
    through: Month,
}

/// `GET /compounds/{compound}/revenue-sheet`.
///
/// # Errors
/// Those of [`publication::sheet`].
pub async fn sheet(visit: Visit, Asked(query): Asked<SheetQuery>) -> Result<Shown<Sheet>, Problem> {
    let today = visit.books.clock().now().day();
    let (covers, through, compound) = (query.covers, query.through, visit.compound.id);
    let mut view = visit.read().await?;
    Ok(Shown(publication::sheet(&mut view, compound, covers, through, today).await?))
}

/// `GET /compounds/{compound}/revenue-publications`.
///
/// # Errors
/// Those of a list.
pub async fn publications(
    visit: Visit,
    list: Sought<Nothing>,
) -> Result<Listed<Publication>, Problem> {
    let today = visit.books.clock().now().day();
    let found =
        publication::publications(&mut visit.read().await?, visit.compound.id, today).await?;
    list.answer_from(found.into_iter().map(|one| (one.publication_no.0, one)).collect())
}

/// `GET /compounds/{compound}/dwellings/{room}/revenue-publications`.
///
/// # Errors
/// Those of a list.
pub async fn own_publications(
    visit: Visit<AtRoom>,
    list: Sought<Nothing>,
) -> Result<Listed<Publication>, Problem> {
    let today = visit.books.clock().now().day();
    let mut view = visit.read().await?;
    let found = publication::publications(&mut view, visit.compound.id, today).await?;
    list.answer_from(found.into_iter().map(|one| (one.publication_no.0, one)).collect())
}

/// `POST /compounds/{compound}/revenue-publications`.
///
/// # Errors
/// Those of [`publish_for`].
pub async fn publish(
    visit: Visit,
    Told(asked): Told<Publishing>,
) -> Result<Acted<Published>, Problem> {
    Ok(Acted::new(publish_for(&Seat::of(&visit), asked).await?, |told| told))
}

/// `POST /compounds/{compound}/revenue-publications/{no}/take-down`.
///
/// # Errors
/// Those of [`take_down_for`].
pub async fn take_down(
    visit: Visit<AtNumber>,
    Told(asked): Told<TakingDown>,
) -> Result<Acted<Registered>, Problem> {
    let no = visit.at.no;
    let done = take_down_for(&Seat::of(&visit), (PublicationNo(no), asked)).await?;
    Ok(Registered::told(done, |()| no))
}

/// `GET /compounds/{compound}/revenue-duties`.
///
/// # Errors
/// Those of a list.
pub async fn duties(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Open>, Problem> {
    let today = visit.books.clock().now().day();
    let found = publication::duties(&mut visit.read().await?, visit.compound.id, today).await?;
    list.answer_from(found.into_iter().enumerate().collect())
}

/// `GET /compounds/{compound}/revenue-handovers`.
///
/// # Errors
/// Those of a list.
pub async fn handovers(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Handover>, Problem> {
    let found = handover::handovers(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|one| (one.handover_no.0, one)).collect())
}

/// `POST /compounds/{compound}/revenue-handovers`.
///
/// # Errors
/// Those of [`hand_over_for`].
pub async fn hand_over(
    visit: Visit,
    Told(asked): Told<HandingOver>,
) -> Result<Acted<Handover>, Problem> {
    Ok(Acted::new(hand_over_for(&Seat::of(&visit), asked).await?, |told| told))
}
