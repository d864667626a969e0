//! The door of the maintenance fund: deposits, and a dwelling's statement on the wire and on paper.

use ledger::books::{Actor, Books, Done, Request, View};
use ledger::calendar::Instant;
use ledger::error::Result;
use ledger::fund::{self, Account, Deposit, DepositKind, Deposited, FundBalance, Seen};
use ledger::id::{LineNo, VoucherSeq};
use ledger::journal::{self, AsOf, Book};
use ledger::money::Money;
use ledger::property::{self, Compound, Dwelling};
use reports::household;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::documents::{self, Device, Order, ReportFiles};
use crate::door::{Asked, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, IsoDay, Paper, When, as_of};

/// A deposit as it is asked for: from a bank line, or by hand with amount and day.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    description = "要登记的交存：只写 line_no 认领银行流水；或手工写齐 amount_fen 与 received_on",
    example = serde_json::json!({ "room": "1-1-101", "amount_fen": 800_000, "received_on": "2026-01-05" }),
    extend(
        "if" = { "required": ["line_no"], "properties": { "line_no": { "type": "integer" } } },
        "then" = { "properties": { "amount_fen": { "type": "null" }, "received_on": { "type": "null" } } },
        "else" = { "required": ["amount_fen", "received_on"],
            "properties": { "amount_fen": { "type": "integer" }, "received_on": { "type": "string" } } },
    )
)]
pub struct DepositAsked {
    /// The dwelling, however its code is written.
    #[schemars(description = "房号：1-1-101 或 1栋1单元101", example = &"1-1-101")]
    pub room: String,
    /// What kind; the first one if nobody says.
    #[serde(default = "initial")]
    #[schemars(description = "交存种类：不写则为 initial 首期")]
    pub kind: DepositKind,
    /// The bank line it was seen on.
    #[serde(default)]
    #[schemars(description = "流水编号：认领银行流水时写")]
    pub line_no: Option<LineNo>,
    /// How much, by hand.
    #[serde(default)]
    #[schemars(
        description = "金额：分，手工登记时写",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 800_000
    )]
    pub amount_fen: Option<Money>,
    /// When, by hand.
    #[serde(default)]
    #[schemars(description = "收款日期：手工登记时写，不得晚于今天")]
    pub received_on: Option<IsoDay>,
    /// The special receipt's number.
    #[serde(default)]
    #[schemars(description = "专用票据号", example = &"")]
    pub receipt_no: String,
}

/// 首期.
#[must_use]
pub fn initial() -> DepositKind {
    DepositKind::Initial
}

impl DepositAsked {
    fn seen(&self) -> Result<Seen> {
        seen(self.line_no, self.amount_fen, self.received_on)
    }
}

/// Where money was seen, as it is told: on a bank line, or by hand with amount and day; one of the two, whole.
///
/// # Errors
/// `fund.seen`.
pub(crate) fn seen(
    line_no: Option<LineNo>,
    amount_fen: Option<Money>,
    received_on: Option<IsoDay>,
) -> Result<Seen> {
    match (line_no, amount_fen, received_on) {
        (Some(line_no), None, None) => Ok(Seen::BankLine { line_no }),
        (None, Some(amount), Some(day)) => Ok(Seen::Hand { amount, received_on: day.0 }),
        _ => Err(fund::SEEN.refuse("流水编号、金额、收款日期").into()),
    }
}

/// Records a deposit for whoever asks, at the counter or over the wire.
///
/// # Errors
/// `fund.seen`, those of [`property::dwelling`] and [`fund::deposit`].
pub async fn record(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: DepositAsked,
) -> Result<Done<Deposited>> {
    asked.seen()?;
    let request = Request::new("fund.deposit", asked).maybe_once(key);
    books
        .act(actor, compound.id, request, |tx, asked: &DepositAsked| {
            Box::pin(async move {
                let (compound, today) = (tx.compound(), tx.at().day());
                let dwelling = property::dwelling(tx, compound, &asked.room, today).await?;
                let (seen, receipt_no) = (asked.seen()?, asked.receipt_no.clone());
                let deposit =
                    Deposit { dwelling_no: dwelling.no, kind: asked.kind, seen, receipt_no };
                fund::deposit(tx, &deposit).await
            })
        })
        .await
}

/// A recorded deposit as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的交存")]
pub struct DepositedView {
    #[schemars(description = "交存编号", example = 1)]
    deposit_no: i32,
    #[schemars(description = "凭证号", example = &"fund/2026-0001")]
    voucher: String,
    #[schemars(description = "金额：分", example = 800_000)]
    amount_fen: i64,
    #[schemars(description = "收款日期")]
    received_on: IsoDay,
}

/// `POST /compounds/{compound}/deposits`.
///
/// # Errors
/// Those of [`record`].
pub async fn deposit(
    visit: Visit,
    Told(asked): Told<DepositAsked>,
) -> Result<Acted<DepositedView>, Problem> {
    let key = visit.key.clone();
    let done = record(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, DepositedView::from))
}

impl From<Deposited> for DepositedView {
    fn from(deposited: Deposited) -> DepositedView {
        DepositedView {
            deposit_no: deposited.deposit_no.0,
            voucher: deposited.voucher.to_string(),
            amount_fen: deposited.amount_fen.in_fen(),
            received_on: IsoDay(deposited.received_on),
        }
    }
}

/// What a dwelling has in the fund.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一户的维修资金余额")]
pub struct BalanceView {
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[schemars(description = "本金：分", example = 800_000)]
    principal_fen: Money,
    #[schemars(description = "增值收益：分", example = 0)]
    gains_fen: Money,
    #[schemars(description = "余额：分", example = 800_000)]
    balance_fen: Money,
}

/// `GET /compounds/{compound}/fund-balances`.
///
/// # Errors
/// Those of a list.
pub async fn balances(visit: Visit, list: Sought<When>) -> Result<Listed<BalanceView>, Problem> {
    let (compound, bounds) = (visit.compound.id, list.query.bounds());
    let mut view = visit.read().await?;
    let rooms = property::numbers(&mut view, compound).await?;
    let balances = fund::balances(&mut view, compound, bounds).await?;
    let rows = balances.into_iter().map(|(no, balance)| {
        let room = rooms.get(&no).cloned().unwrap_or_default();
        let (principal_fen, gains_fen) = (balance.principal, balance.gains);
        (no, BalanceView { room, principal_fen, gains_fen, balance_fen: balance.total() })
    });
    list.answer_from(rows.collect())
}

/// Which statement.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementQuery {
    #[schemars(description = "起日：不写则自首笔起")]
    from: Option<IsoDay>,
    #[schemars(description = "截至业务日：含当日；不写则到今天")]
    as_of: Option<IsoDay>,
    #[schemars(description = "截至记账时刻：那时账册所知；不写则不限")]
    known_at: Option<Instant>,
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json")]
    format: Device,
}

/// A movement as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "分户账的一笔变动")]
struct MovementView {
    #[schemars(description = "业务日期")]
    effective_on: IsoDay,
    #[schemars(description = "凭证种类：deposit 交存、gains 利息、repair 支取等", example = &"deposit")]
    kind: &'static str,
    #[schemars(description = "摘要", example = &"首期交存 1-1-101")]
    memo: String,
    #[schemars(description = "依据", example = &"专用票据 001")]
    evidence: String,
    #[schemars(description = "凭证号", example = &"fund/2026-0001")]
    voucher: String,
    #[schemars(description = "是否迟到凭证：补记已结账月份的事", example = false)]
    is_late: bool,
    #[schemars(description = "本笔增减")]
    change: FundBalance,
    #[schemars(description = "本笔之后的余额")]
    after: FundBalance,
}

/// A statement as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "维修资金分户对账单")]
pub struct StatementView {
    #[schemars(description = "房号", example = &"1-1-101")]
    dwelling: String,
    #[schemars(description = "截止")]
    as_of: AsOf,
    #[schemars(description = "首期应交：分，未核定则空")]
    due_fen: Option<i64>,
    #[schemars(description = "交存标准：未核定则空")]
    standard: Option<String>,
    #[schemars(description = "累计交存：分", example = 800_000)]
    deposited_fen: i64,
    #[schemars(description = "首次交存日期：没有则空")]
    first_deposit_on: Option<IsoDay>,
    #[schemars(description = "期初余额")]
    opening: FundBalance,
    #[schemars(description = "本期变动：依业务日期")]
    movements: Vec<MovementView>,
    #[schemars(description = "期末余额")]
    closing: FundBalance,
    #[schemars(description = "期末余额合计：分", example = 800_000)]
    balance_fen: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "附注：账簿那时还没有任何凭证的，说明零不是没有收支")]
    remark: Option<String>,
}

impl StatementView {
    fn new(
        dwelling: &Dwelling,
        as_of: AsOf,
        account: Account,
        remark: Option<String>,
    ) -> StatementView {
        let movements = account.movements.into_iter().map(|m| MovementView {
            effective_on: IsoDay(m.movement.effective_on),
            kind: m.movement.kind.name(),
            voucher: m.movement.posted.to_string(),
            memo: m.movement.memo,
            evidence: m.movement.evidence,
            is_late: m.movement.is_late,
            change: m.change,
            after: m.after,
        });
        StatementView {
            dwelling: dwelling.code.to_string(),
            as_of,
            due_fen: account.assessment.as_ref().map(|a| a.due.in_fen()),
            standard: account.assessment.map(|a| a.standard),
            deposited_fen: account.deposited.in_fen(),
            first_deposit_on: account.first_deposit_on.map(IsoDay),
            opening: account.opening,
            movements: movements.collect(),
            closing: account.closing,
            balance_fen: account.closing.total().in_fen(),
            remark,
        }
    }
}

/// `GET /compounds/{compound}/dwellings/{room}/fund-statement`.
///
/// # Errors
/// `fund.period`; those of [`property::dwelling`].
pub async fn statement(
    visit: Visit<AtRoom>,
    Asked(query): Asked<StatementQuery>,
) -> Result<Paper<StatementView, ReportFiles>, Problem> {
    let (from, bounds) = (query.from.map(|day| day.0), as_of(query.as_of, query.known_at));
    let now = visit.books.clock().now();
    let (compound, room) = (&visit.compound, &visit.at.room);
    let mut view = visit.read().await?;
    let dwelling = property::dwelling(&mut view, compound.id, room, now.day()).await?;
    if query.format == Device::Json {
        let until = AsOf { day: bounds.day.or(Some(now.day())), ..bounds };
        let account = fund::account(&mut view, compound.id, dwelling.no, from, until).await?;
        let remark = remark(&mut view, compound, bounds).await?;
        return Ok(Paper::Shown(StatementView::new(&dwelling, bounds, account, remark)));
    }
    drop(view);
    let order = Order {
        room: Some(dwelling.code.to_string()),
        from: query.from,
        to: query.as_of,
        known_at: query.known_at,
        ..Order::default()
    };
    Ok(documents::sent(&visit.books, compound, "statement", order, query.format).await?)
}

/// What must be said of figures as known at an instant before the first voucher: they are nothing, not nought.
async fn remark(view: &mut impl View, compound: &Compound, bounds: AsOf) -> Result<Option<String>> {
    let Some(known_at) = bounds.known_at else { return Ok(None) };
    let first = journal::vouchers(view, compound.id, Book::Fund, VoucherSeq(0), 1).await?;
    let is_recorded = first.first().is_some_and(|row| row.voucher.recorded_at <= known_at);
    Ok((!is_recorded).then(|| household::nothing_recorded(known_at)))
}
