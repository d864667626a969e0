//! The door of arrears: how old they are, what was claimed, when a claim runs out, how much was collected.

use ledger::arrears::{
    self, AgeRow, Ageing, By, Claim, ClaimKind, Limit, NoticePaper, Notified, Notifying, Plan,
    PlanState, Promising, Proving, Suing, rate,
};
use ledger::books::{Books, Snapshot};
use ledger::calendar::{Day, Month};
use ledger::error::Result;
use ledger::id::{CompoundId, DemandNo};
use ledger::money::Money;
use ledger::property::{self, Compound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Told, Visit};
use crate::governance::Seat;
use crate::levy::{AtNumber, Registered};
use crate::list::{Listed, Sought};
use crate::problem::{self, Problem};
use crate::wire::{Acted, IsoDay, Shown};

/// Sends notices for whoever asks.
///
/// # Errors
/// Those of [`arrears::notify`].
pub async fn notify_for(seat: &Seat, asked: Notifying) -> Result<ledger::books::Done<Notified>> {
    seat.act("arrears.notify", asked, |tx, asked: &Notifying| Box::pin(arrears::notify(tx, asked)))
        .await
}

/// Records a delivery for whoever asks.
///
/// # Errors
/// Those of [`arrears::prove`].
pub async fn prove_for(
    seat: &Seat,
    no: DemandNo,
    asked: Proving,
) -> Result<ledger::books::Done<()>> {
    seat.act("arrears.prove", (no, asked), |tx, (no, asked)| {
        Box::pin(arrears::prove(tx, *no, asked))
    })
    .await
}

/// Registers a promise for whoever asks.
///
/// # Errors
/// Those of [`arrears::promise`].
pub async fn promise_for(seat: &Seat, asked: Promising) -> Result<ledger::books::Done<DemandNo>> {
    seat.act("arrears.promise", asked, |tx, asked: &Promising| {
        Box::pin(arrears::promise(tx, asked))
    })
    .await
}

/// Registers a lawsuit for whoever asks.
///
/// # Errors
/// Those of [`arrears::sue`].
pub async fn sue_for(seat: &Seat, asked: Suing) -> Result<ledger::books::Done<DemandNo>> {
    seat.act("arrears.sue", asked, |tx, asked: &Suing| Box::pin(arrears::sue(tx, asked))).await
}

/// Which arrears to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeQuery {
    #[schemars(description = "截至日：不写则今天")]
    on: Option<IsoDay>,
    #[schemars(description = "分组：不写则按户")]
    by: Option<By>,
    #[schemars(description = "查找：分组名称中含有的字，例如房号的一部分", example = &"1-1-")]
    find: Option<String>,
}

impl AgeQuery {
    async fn ageing(&self, books: &Books, view: &mut Snapshot, of: CompoundId) -> Result<Ageing> {
        let on = self.on.map_or_else(|| books.clock().now().day(), |on| on.0);
        arrears::ageing(view, of, on, self.by.unwrap_or_default()).await
    }
}

/// `GET /compounds/{compound}/arrears`.
///
/// # Errors
/// Those of a list.
pub async fn list(visit: Visit, list: Sought<AgeQuery>) -> Result<Listed<AgeRow>, Problem> {
    let mut view = visit.read().await?;
    let ageing = list.query.ageing(&visit.books, &mut view, visit.compound.id).await?;
    let find = list.query.find.as_deref().unwrap_or_default().trim();
    let rows = ageing.rows.into_iter().filter(|row| row.of.contains(find));
    // Who owes most stands first; of two who owe the same, the name decides.
    list.answer_from(rows.map(|row| ((-row.open_fen.in_fen(), row.of.clone()), row)).collect())
}

/// `GET /compounds/{compound}/arrears-summary`.
///
/// # Errors
/// Storage.
pub async fn summary(
    visit: Visit,
    Asked(query): Asked<AgeQuery>,
) -> Result<Shown<Ageing>, Problem> {
    let mut view = visit.read().await?;
    let mut ageing = query.ageing(&visit.books, &mut view, visit.compound.id).await?;
    if let Some(find) = query.find.as_deref().map(str::trim).filter(|find| !find.is_empty()) {
        ageing.rows.retain(|row| row.of.contains(find));
    }
    Ok(Shown(ageing))
}

/// `POST /compounds/{compound}/arrears-notices`.
///
/// # Errors
/// Those of [`notify_for`].
pub async fn new_notices(
    visit: Visit,
    Told(asked): Told<Notifying>,
) -> Result<Acted<Notified>, Problem> {
    Ok(Acted::new(notify_for(&Seat::of(&visit), asked).await?, |notified| notified))
}

/// `GET /compounds/{compound}/arrears-notices/{no}`.
///
/// # Errors
/// Those of [`arrears::notice`].
pub async fn notice_paper(visit: Visit<AtNumber>) -> Result<Shown<NoticePaper>, Problem> {
    let mut view = visit.read().await?;
    Ok(Shown(arrears::notice(&mut view, &visit.compound, DemandNo(visit.at.no)).await?))
}

/// `POST /compounds/{compound}/arrears-notices/{no}/proof`.
///
/// # Errors
/// Those of [`prove_for`].
pub async fn new_proof(
    visit: Visit<AtNumber>,
    Told(asked): Told<Proving>,
) -> Result<Acted<Registered>, Problem> {
    let no = visit.at.no;
    Ok(Registered::told(prove_for(&Seat::of(&visit), DemandNo(no), asked).await?, |()| no))
}

/// `POST /compounds/{compound}/arrears-plans`.
///
/// # Errors
/// Those of [`promise_for`].
pub async fn new_plan(
    visit: Visit,
    Told(asked): Told<Promising>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(promise_for(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// `POST /compounds/{compound}/arrears-lawsuits`.
///
/// # Errors
/// Those of [`sue_for`].
pub async fn new_lawsuit(
    visit: Visit,
    Told(asked): Told<Suing>,
) -> Result<Acted<Registered>, Problem> {
    Ok(Registered::told(sue_for(&Seat::of(&visit), asked).await?, |no| no.0))
}

/// A claim in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ArrearsClaim", description = "一次催缴、承诺或起诉")]
pub struct ClaimView {
    #[schemars(description = "编号", example = 1)]
    pub(crate) claim_no: DemandNo,
    #[schemars(description = "房号", example = &"1-1-101")]
    pub(crate) room: String,
    #[schemars(description = "种类")]
    pub(crate) kind: ClaimKind,
    #[schemars(description = "级别：催缴的；其余为 0", example = 1)]
    pub(crate) stage: u8,
    #[schemars(description = "日期")]
    pub(crate) made_on: IsoDay,
    #[schemars(description = "时间：登记了的", example = &"09:30")]
    made_time: String,
    #[schemars(description = "付款截止日；承诺的为最后一期")]
    pub(crate) pay_by: IsoDay,
    #[schemars(description = "金额：分", example = 30_000)]
    pub(crate) sum_fen: Money,
    #[schemars(description = "账单数", example = 3)]
    bills: usize,
    #[schemars(description = "送达方式；起诉的为受理机构", example = &"post")]
    pub(crate) channel: String,
    #[schemars(description = "越级的原因", example = &"")]
    reason: String,
    #[schemars(description = "承诺、起诉的凭据", example = &"")]
    evidence: String,
    #[schemars(description = "送达日期：未登记的为空")]
    pub(crate) delivered_on: Option<IsoDay>,
    #[schemars(description = "送达的凭据", example = &"签收回执 7")]
    proof: String,
}

/// Which claims to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimQuery {
    #[schemars(description = "房号：只看一户", example = &"1-1-101")]
    room: Option<String>,
    #[schemars(description = "种类：不写则全部")]
    kind: Option<ClaimKind>,
}

/// The claims of a compound for whoever asks.
///
/// # Errors
/// Those of [`property::dwelling`].
pub async fn claims_of(
    view: &mut Snapshot,
    compound: CompoundId,
    room: Option<&str>,
    today: Day,
) -> Result<Vec<ClaimView>> {
    let only = match room {
        Some(room) => Some(property::dwelling(view, compound, room, today).await?.no),
        None => None,
    };
    let rooms = property::numbers(view, compound).await?;
    let claims = arrears::claims(view, compound, only).await?;
    let told = |c: Claim| ClaimView {
        claim_no: c.claim_no,
        room: rooms.get(&c.dwelling_no).cloned().unwrap_or_default(),
        kind: c.kind,
        stage: c.stage,
        made_on: IsoDay(c.made_on),
        made_time: c.made_time,
        pay_by: IsoDay(c.pay_by),
        sum_fen: c.sum_fen,
        bills: c.bills.len(),
        channel: c.channel,
        reason: c.reason,
        evidence: c.evidence,
        delivered_on: c.delivered_on.map(IsoDay),
        proof: c.proof,
    };
    Ok(claims.into_iter().map(told).collect())
}

/// `GET /compounds/{compound}/arrears-claims`.
///
/// # Errors
/// Those of a list and of [`claims_of`].
pub async fn claims(visit: Visit, list: Sought<ClaimQuery>) -> Result<Listed<ClaimView>, Problem> {
    let today = visit.books.clock().now().day();
    let mut view = visit.read().await?;
    let room = list.query.room.as_deref();
    let found = claims_of(&mut view, visit.compound.id, room, today).await?;
    let meant = found.into_iter().filter(|c| list.query.kind.is_none_or(|kind| kind == c.kind));
    list.answer_from(meant.map(|claim| (claim.claim_no.0, claim)).collect())
}

/// Which promises to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanQuery {
    #[schemars(description = "截至日：不写则今天")]
    on: Option<IsoDay>,
    #[schemars(description = "履行情况：不写则全部")]
    state: Option<PlanState>,
}

/// `GET /compounds/{compound}/arrears-plans`.
///
/// # Errors
/// Those of a list.
pub async fn plans(visit: Visit, list: Sought<PlanQuery>) -> Result<Listed<Plan>, Problem> {
    let on = list.query.on.map_or_else(|| visit.books.clock().now().day(), |on| on.0);
    let found = arrears::plans(&mut visit.read().await?, visit.compound.id, on).await?;
    let meant = found.into_iter().filter(|p| list.query.state.is_none_or(|state| state == p.state));
    list.answer_from(meant.map(|plan| (plan.claim_no.0, plan)).collect())
}

/// How many days ahead limitations are looked for: a hundred years.
const WITHIN_MOST: u16 = 36_500;

/// Which limitations to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitQuery {
    #[schemars(description = "截至日：不写则今天")]
    on: Option<IsoDay>,
    #[schemars(
        description = "几天之内届满：不写则 90；已届满的一并列出",
        range(max = WITHIN_MOST),
        example = 90
    )]
    within: Option<u16>,
}

/// `GET /compounds/{compound}/limitations`.
///
/// # Errors
/// Those of a list.
pub async fn limitations(visit: Visit, list: Sought<LimitQuery>) -> Result<Listed<Limit>, Problem> {
    let on = list.query.on.map_or_else(|| visit.books.clock().now().day(), |on| on.0);
    let within = list.query.within.unwrap_or(arrears::terms().limitation_warning_days);
    if within > WITHIN_MOST {
        let told = format!("within = {within}，至多 {WITHIN_MOST} 天");
        return Err(problem::SHAPE.refuse(told).into());
    }
    let found = arrears::limits(&mut visit.read().await?, visit.compound.id, on, within).await?;
    list.answer_from(found.into_iter().map(|l| ((l.runs_out_on, l.bill_no.0), l)).collect())
}

/// Which period's collection to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateQuery {
    /// The first month.
    #[schemars(description = "起月：不写则为本月")]
    pub from: Option<Month>,
    /// The last.
    #[schemars(description = "止月：不写则只一个月")]
    pub to: Option<Month>,
    /// Counted at the end of this day.
    #[schemars(description = "统计截止日：不写则为期间的最后一天，期间未完的为今天")]
    pub on: Option<IsoDay>,
    /// By what.
    #[schemars(description = "分组：不写则按幢")]
    pub by: Option<By>,
    /// By which day a bill belongs to the period.
    #[schemars(description = "账单归属期间的依据：不写则按计费起日")]
    pub basis: Option<rate::Basis>,
}

/// The collection of a period for whoever asks.
///
/// # Errors
/// Those of [`rate::collection`].
pub async fn collected(
    books: &Books,
    compound: &Compound,
    query: &RateQuery,
) -> Result<rate::Collection> {
    let today = books.clock().now().day();
    let from = query.from.unwrap_or_else(|| Month::of(today));
    let (from_on, to_on) = (from.first_day(), query.to.unwrap_or(from).last_day());
    let counted_on = query.on.map_or_else(|| to_on.min(today).max(from_on), |on| on.0);
    let basis = query.basis.unwrap_or_default();
    let by = query.by.unwrap_or(By::Building);
    let asked = rate::Asked { from_on, to_on, counted_on, basis, by };
    rate::collection(&mut books.read().await?, compound.id, &asked).await
}

/// `GET /compounds/{compound}/collection`.
///
/// # Errors
/// Those of [`collected`].
pub async fn collection(
    visit: Visit,
    Asked(query): Asked<RateQuery>,
) -> Result<Shown<rate::Collection>, Problem> {
    Ok(Shown(collected(&visit.books, &visit.compound, &query).await?))
}

/// `GET /compounds/{compound}/collection-rows`.
///
/// # Errors
/// Those of a list and of [`collected`].
pub async fn collection_rows(
    visit: Visit,
    list: Sought<RateQuery>,
) -> Result<Listed<rate::Figures>, Problem> {
    let found = collected(&visit.books, &visit.compound, &list.query).await?;
    list.answer_from(found.rows.into_iter().enumerate().collect())
}
