//! The door of idle money: term deposits and bonds, the bank's interest and charges, where the fund's money lies.

use ledger::books::{Actor, Books, Done, Request};
use ledger::error::Result;
use ledger::fund::Seen;
use ledger::gains::placement::{
    self, Charge, Charged, Credit, Ended, Ending, Holding, How, Income, Lying, NewPlacement,
    Placement, Renewal,
};
use ledger::id::{LineNo, PlacementNo};
use ledger::journal::Posted;
use ledger::money::Money;
use ledger::property::Compound;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Nothing, Told, Visit};
use crate::fund::seen;
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::{Acted, IsoDay, Shown};

/// Money to place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的存放：定期存款，或一级市场国债")]
pub struct PlacementAsked {
    /// In what.
    #[schemars(description = "存放种类")]
    pub kind: Holding,
    /// Where.
    #[schemars(description = "存放处或债券名称：100 字以内", example = &"某银行一年期定期")]
    pub name: String,
    /// How much.
    #[schemars(
        description = "金额或面值：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 10_000_000
    )]
    pub nominal_fen: Money,
    /// What was paid.
    #[serde(default)]
    #[schemars(description = "国债的实际价款：分，定期存款不写")]
    pub cost_fen: Option<Money>,
    /// Percent a year.
    #[schemars(description = "年利率：百分数", example = &"1.50")]
    pub percent: String,
    /// Percent a year before its time.
    #[serde(default = "nothing")]
    #[schemars(description = "提前支取利率：百分数，不写为 0", example = &"0.35")]
    pub early_percent: String,
    /// From when.
    #[schemars(description = "起存日或购入日")]
    pub starts_on: IsoDay,
    /// Until when.
    #[schemars(description = "到期日")]
    pub matures_on: IsoDay,
    /// The slip.
    #[serde(default)]
    #[schemars(description = "凭据：存单或国债凭证号，100 字以内", example = &"CD-001")]
    pub evidence: String,
}

fn nothing() -> String {
    "0".to_owned()
}

/// Places money for whoever asks.
pub(crate) async fn put(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: PlacementAsked,
) -> Result<Done<placement::Placed>> {
    let given = NewPlacement {
        kind: asked.kind,
        name: asked.name,
        nominal: asked.nominal_fen,
        cost: asked.cost_fen.unwrap_or(asked.nominal_fen),
        percent: asked.percent,
        early_percent: asked.early_percent,
        starts_on: asked.starts_on.0,
        matures_on: asked.matures_on.0,
        evidence: asked.evidence,
    };
    let request = Request::new("gains.place", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, new| Box::pin(placement::place(tx, new))).await
}

/// Money that was placed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的存放")]
pub struct PlacedView {
    #[schemars(description = "存放编号", example = 1)]
    placement_no: i32,
    #[schemars(description = "凭证号：国债才有")]
    voucher: Option<String>,
}

/// `POST /compounds/{compound}/placements`.
///
/// # Errors
/// Those of [`placement::place`].
pub async fn place(
    visit: Visit,
    Told(asked): Told<PlacementAsked>,
) -> Result<Acted<PlacedView>, Problem> {
    let key = visit.key.clone();
    let done = put(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |placed| PlacedView {
        placement_no: placed.placement_no.0,
        voucher: placed.voucher.map(|posted| posted.to_string()),
    }))
}

/// A placement's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtPlacement {
    #[schemars(description = "存放编号", example = 1)]
    no: PlacementNo,
}

/// How a placement ends.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "存放的支取、兑付或转存")]
pub struct EndingAsked {
    /// How.
    #[schemars(description = "结束方式")]
    pub how: How,
    /// When.
    #[schemars(description = "办理日")]
    pub on: IsoDay,
    /// What it earned.
    #[schemars(
        description = "实得利息：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 150_000
    )]
    pub interest_fen: Money,
    /// The line.
    #[serde(default)]
    #[schemars(description = "流水编号：国债为本息，定期为利息")]
    pub line_no: Option<LineNo>,
    /// The new slip.
    #[serde(default)]
    #[schemars(description = "转存：只在转存时写")]
    pub renewal: Option<RenewalAsked>,
}

/// The slip that follows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "转存的新存单")]
pub struct RenewalAsked {
    /// With what was earned.
    #[serde(default)]
    #[schemars(description = "利息是否一并转存", example = true)]
    pub with_interest: bool,
    /// Percent a year.
    #[schemars(description = "年利率：百分数", example = &"1.35")]
    pub percent: String,
    /// Percent a year before its time.
    #[serde(default = "nothing")]
    #[schemars(description = "提前支取利率：百分数，不写为 0", example = &"0.35")]
    pub early_percent: String,
    /// Until when.
    #[schemars(description = "到期日")]
    pub matures_on: IsoDay,
    /// The slip.
    #[serde(default)]
    #[schemars(description = "凭据：存单号", example = &"CD-002")]
    pub evidence: String,
}

/// Ends a placement for whoever asks.
pub(crate) async fn finish(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    no: PlacementNo,
    asked: EndingAsked,
) -> Result<Done<Ended>> {
    let given = Ending {
        placement_no: no,
        how: asked.how,
        on: asked.on.0,
        interest: asked.interest_fen,
        line_no: asked.line_no,
        renewal: asked.renewal.map(|renewal| Renewal {
            with_interest: renewal.with_interest,
            percent: renewal.percent,
            early_percent: renewal.early_percent,
            matures_on: renewal.matures_on.0,
            evidence: renewal.evidence,
        }),
    };
    let request = Request::new("gains.end-placement", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, ending| Box::pin(placement::end(tx, ending))).await
}

/// A placement that ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已结束的存放")]
pub struct EndedView {
    #[schemars(description = "凭证号：没有利息的定期存款没有", example = &"fund/2026-0007")]
    voucher: Option<String>,
    #[schemars(description = "按约定利率应得：分，30/360，供核对", example = 150_000)]
    expected_fen: Money,
    #[schemars(description = "转存为：存放编号")]
    renewed_as: Option<i32>,
}

/// `POST /compounds/{compound}/placements/{no}/end`.
///
/// # Errors
/// Those of [`placement::end`].
pub async fn end(
    visit: Visit<AtPlacement>,
    Told(asked): Told<EndingAsked>,
) -> Result<Acted<EndedView>, Problem> {
    let (key, no) = (visit.key.clone(), visit.at.no);
    let done = finish(&visit.books, &visit.actor, &visit.compound, key, no, asked).await?;
    Ok(Acted::new(done, |ended| EndedView {
        voucher: ended.voucher.map(|posted| posted.to_string()),
        expected_fen: ended.expected_fen,
        renewed_as: ended.renewed_as.map(|no| no.0),
    }))
}

/// A placement in a list, with its age.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "一笔存放")]
pub struct PlacementView {
    #[schemars(description = "存放编号", example = 1)]
    pub(crate) placement_no: i32,
    #[schemars(description = "种类：term-deposit 定期存款，primary-bond-to-maturity 国债", example = &"term-deposit")]
    kind: &'static str,
    #[schemars(description = "名称", example = &"某银行一年期定期")]
    pub(crate) name: String,
    #[schemars(description = "金额或面值：分", example = 10_000_000)]
    pub(crate) nominal_fen: Money,
    #[schemars(description = "成本：分", example = 10_000_000)]
    cost_fen: Money,
    #[schemars(description = "年利率", example = &"1.5%")]
    pub(crate) percent: String,
    #[schemars(description = "起存日")]
    starts_on: IsoDay,
    #[schemars(description = "到期日")]
    pub(crate) matures_on: IsoDay,
    #[schemars(description = "距到期天数：逾期为负，已结束的没有", example = 30)]
    pub(crate) days_left: Option<i64>,
    #[schemars(description = "结束日：未结束的没有")]
    pub(crate) ended_on: Option<IsoDay>,
    #[schemars(description = "结束方式：未结束的没有")]
    pub(crate) ended_how: Option<How>,
    #[schemars(description = "实得利息：分", example = 0)]
    interest_fen: Money,
    #[schemars(description = "凭据", example = &"CD-001")]
    evidence: String,
}

impl PlacementView {
    pub(crate) fn new(of: Placement, today: ledger::calendar::Day) -> PlacementView {
        PlacementView {
            placement_no: of.no.0,
            kind: of.kind.name(),
            percent: of.percent(),
            days_left: of.ended.is_none().then(|| of.days_left(today)),
            ended_how: of.ended.map(|(how, _)| how),
            ended_on: of.ended.map(|(_, on)| IsoDay(on)),
            name: of.name,
            nominal_fen: of.nominal,
            cost_fen: of.cost,
            starts_on: IsoDay(of.starts_on),
            matures_on: IsoDay(of.matures_on),
            interest_fen: of.interest,
            evidence: of.evidence,
        }
    }
}

/// `GET /compounds/{compound}/placements`.
///
/// # Errors
/// Those of a list.
pub async fn placements(
    visit: Visit,
    list: Sought<Nothing>,
) -> Result<Listed<PlacementView>, Problem> {
    let today = visit.books.clock().now().day();
    let mut view = visit.read().await?;
    let placements = placement::placements(&mut view, visit.compound.id).await?;
    let row = |(no, of): (u32, Placement)| (no, PlacementView::new(of, today));
    list.answer_from((1..).zip(placements).map(row).collect())
}

/// `GET /compounds/{compound}/lying`.
///
/// # Errors
/// Storage.
pub async fn lying(visit: Visit) -> Result<Shown<Lying>, Problem> {
    Ok(Shown(placement::lying(&mut visit.read().await?, visit.compound.id).await?))
}

/// What the bank credited.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    description = "要登记的收益：只写 line_no 认领银行流水；或手工写齐 amount_fen 与 received_on",
    extend(
        "if" = { "required": ["line_no"], "properties": { "line_no": { "type": "integer" } } },
        "then" = { "properties": { "amount_fen": { "type": "null" }, "received_on": { "type": "null" } } },
        "else" = { "required": ["amount_fen", "received_on"],
            "properties": { "amount_fen": { "type": "integer" }, "received_on": { "type": "string" } } },
    )
)]
pub struct CreditAsked {
    /// Of what.
    #[schemars(description = "收益种类")]
    pub income: Income,
    /// The line.
    #[serde(default)]
    #[schemars(description = "流水编号：认领银行流水时写")]
    pub line_no: Option<LineNo>,
    /// How much, by hand.
    #[serde(default)]
    #[schemars(
        description = "金额：分，手工登记时写",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 100_000
    )]
    pub amount_fen: Option<Money>,
    /// When, by hand.
    #[serde(default)]
    #[schemars(description = "收款日期：手工登记时写，不得晚于今天")]
    pub received_on: Option<IsoDay>,
    /// What proves it.
    #[serde(default)]
    #[schemars(description = "凭据", example = &"")]
    pub evidence: String,
}

/// Records a credit for whoever asks.
pub(crate) async fn take_credit(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: CreditAsked,
) -> Result<Done<Posted>> {
    let today = books.clock().now().day();
    let (amount, received_on) = match seen(asked.line_no, asked.amount_fen, asked.received_on)? {
        // What the line says is read under the lock.
        Seen::BankLine { .. } => (Money::ZERO, today),
        Seen::Hand { amount, received_on } => (amount, received_on),
    };
    let (income, line_no, evidence) = (asked.income, asked.line_no, asked.evidence);
    let given = Credit { income, line_no, amount, received_on, evidence };
    let request = Request::new("gains.credit", given).maybe_once(key);
    books
        .act(actor, compound.id, request, |tx, credit| Box::pin(placement::credit(tx, credit)))
        .await
}

/// A voucher that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已记的凭证")]
pub struct PostedView {
    #[schemars(description = "凭证号", example = &"fund/2026-0007")]
    voucher: String,
}

impl From<Posted> for PostedView {
    fn from(posted: Posted) -> PostedView {
        PostedView { voucher: posted.to_string() }
    }
}

/// `POST /compounds/{compound}/gain-credits`.
///
/// # Errors
/// Those of [`placement::credit`].
pub async fn credit(
    visit: Visit,
    Told(asked): Told<CreditAsked>,
) -> Result<Acted<PostedView>, Problem> {
    let key = visit.key.clone();
    let done = take_credit(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, PostedView::from))
}

/// What the bank charged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的费用：当地计息办法写明从收益中扣除的")]
pub struct ChargeAsked {
    /// For what.
    #[schemars(description = "费用")]
    pub what: Charged,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 2_000
    )]
    pub amount_fen: Money,
    /// When.
    #[schemars(description = "日期")]
    pub on: IsoDay,
    /// What proves it.
    #[serde(default)]
    #[schemars(description = "凭据", example = &"")]
    pub evidence: String,
}

/// Records a charge for whoever asks.
pub(crate) async fn take_charge(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: ChargeAsked,
) -> Result<Done<Posted>> {
    let ChargeAsked { what, amount_fen: amount, on, evidence } = asked;
    let given = Charge { what, amount, on: on.0, evidence };
    let request = Request::new("gains.charge", given).maybe_once(key);
    books
        .act(actor, compound.id, request, |tx, charge| Box::pin(placement::charge(tx, charge)))
        .await
}

/// `POST /compounds/{compound}/bank-charges`.
///
/// # Errors
/// Those of [`placement::charge`].
pub async fn charge(
    visit: Visit,
    Told(asked): Told<ChargeAsked>,
) -> Result<Acted<PostedView>, Problem> {
    let key = visit.key.clone();
    let done = take_charge(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, PostedView::from))
}
