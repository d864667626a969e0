//! The door of the maintenance fund: deposits, and a dwelling's statement on the wire and on paper.

use ledger::books::{Actor, Books, Done, Request, View};
use ledger::calendar::{Day, Instant};
use ledger::error::{Error, Result, Storage};
use ledger::fund::{self, Account, Deposit, DepositKind, Deposited, FundBalance, Seen};
use ledger::id::{LineNo, VoucherSeq};
use ledger::journal::{self, AsOf, Book};
use ledger::money::Money;
use ledger::property::{self, Compound, Dwelling};
use reports::household::{self, Period};
use reports::press;
use serde::{Deserialize, Serialize};

use crate::door::{Answer, Asked, IsoDay, Told, Visit, acted, as_of, file, shown};
use crate::problem;

/// A deposit as it is asked for: from a bank line, or by hand with amount and day.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositAsked {
    /// The dwelling, however its code is written.
    pub room: String,
    /// What kind; the first one if nobody says.
    #[serde(default = "initial")]
    pub kind: DepositKind,
    /// The bank line it was seen on.
    #[serde(default)]
    pub line_no: Option<LineNo>,
    /// How much, by hand.
    #[serde(default)]
    pub amount_fen: Option<Money>,
    /// When, by hand.
    #[serde(default)]
    pub received_on: Option<IsoDay>,
    /// The special receipt's number.
    #[serde(default)]
    pub receipt_no: String,
}

/// 首期.
#[must_use]
pub fn initial() -> DepositKind {
    DepositKind::Initial
}

impl DepositAsked {
    /// Where the money was seen: one of the two, whole.
    ///
    /// # Errors
    /// `door.shape`.
    fn seen(&self) -> Result<Seen> {
        match (self.line_no, self.amount_fen, self.received_on) {
            (Some(line_no), None, None) => Ok(Seen::BankLine { line_no }),
            (None, Some(amount), Some(day)) => Ok(Seen::Hand { amount, received_on: day.0 }),
            _ => {
                let evidence = "须只写 line_no，或写齐 amount_fen 与 received_on";
                Err(problem::SHAPE.refuse(evidence).into())
            }
        }
    }
}

/// Records a deposit for whoever asks, at the counter or over the wire.
///
/// # Errors
/// `door.shape`, those of [`property::dwelling`] and [`fund::deposit`].
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
#[derive(Debug, Serialize)]
struct DepositedView {
    deposit_no: i32,
    voucher: String,
    amount_fen: i64,
    received_on: IsoDay,
}

/// `POST /compounds/{compound}/deposits`.
pub async fn deposit(visit: Visit, Told(asked): Told<DepositAsked>) -> Answer {
    let key = visit.key.clone();
    let done = record(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    acted(&done, |deposited| DepositedView {
        deposit_no: deposited.deposit_no.0,
        voucher: deposited.voucher.to_string(),
        amount_fen: deposited.amount_fen.in_fen(),
        received_on: IsoDay(deposited.received_on),
    })
}

/// On what a statement is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// The wire.
    #[default]
    Json,
    /// Paper.
    Pdf,
    /// A terminal.
    Text,
}

/// Which statement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementQuery {
    from: Option<IsoDay>,
    as_of: Option<IsoDay>,
    known_at: Option<Instant>,
    #[serde(default)]
    format: Device,
}

/// A movement as the wire shows it.
#[derive(Debug, Serialize)]
struct MovementView {
    effective_on: IsoDay,
    kind: &'static str,
    memo: String,
    evidence: String,
    voucher: String,
    is_late: bool,
    change: FundBalance,
    after: FundBalance,
}

/// A statement as the wire shows it.
#[derive(Debug, Serialize)]
struct StatementView {
    dwelling: String,
    as_of: AsOf,
    due_fen: Option<i64>,
    standard: Option<String>,
    deposited_fen: i64,
    first_deposit_on: Option<IsoDay>,
    opening: FundBalance,
    movements: Vec<MovementView>,
    closing: FundBalance,
    balance_fen: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
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

/// `GET /compounds/{compound}/dwellings/{room}/fund-statement?from=&as_of=&known_at=&format=`.
pub async fn statement(visit: Visit, Asked(query): Asked<StatementQuery>) -> Answer {
    let (from, bounds) = (query.from.map(|day| day.0), as_of(query.as_of, query.known_at));
    let now = visit.books.clock().now();
    let (compound, room) = (&visit.compound, visit.place("room"));
    let mut view = visit.books.read().await?;
    let dwelling = property::dwelling(&mut view, compound.id, room, now.day()).await?;
    if query.format == Device::Json {
        let until = AsOf { day: bounds.day.or(Some(now.day())), ..bounds };
        let account = fund::account(&mut view, compound.id, dwelling.no, from, until).await?;
        let remark = remark(&mut view, compound, bounds).await?;
        return shown(StatementView::new(&dwelling, bounds, account, remark));
    }
    let bytes = paper(view, compound, &dwelling, from, bounds, now, query.format).await?;
    let kind =
        if query.format == Device::Pdf { "application/pdf" } else { "text/plain; charset=utf-8" };
    file(kind, &format!("fund-{}.{}", compound.code, query.format.ending()), bytes)
}

/// What must be said of figures as known at an instant before the first voucher: they are nothing, not nought.
async fn remark(view: &mut impl View, compound: &Compound, bounds: AsOf) -> Result<Option<String>> {
    let Some(known_at) = bounds.known_at else { return Ok(None) };
    let first = journal::vouchers(view, compound.id, Book::Fund, VoucherSeq(0), 1).await?;
    let is_recorded = first.first().is_some_and(|row| row.voucher.recorded_at <= known_at);
    Ok((!is_recorded).then(|| household::nothing_recorded(known_at)))
}

impl Device {
    /// How its files end.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Device::Json => "json",
            Device::Pdf => "pdf",
            Device::Text => "txt",
        }
    }
}

/// A dwelling's statement as a file: gathered, set, and pressed where blocking is allowed.
///
/// # Errors
/// `fund.period`; storage; what does not foot is not printed.
pub async fn paper<V: View>(
    mut view: V,
    compound: &Compound,
    dwelling: &Dwelling,
    from: Option<Day>,
    bounds: AsOf,
    now: Instant,
    device: Device,
) -> Result<Vec<u8>> {
    let period = Period { from, to: bounds.day.unwrap_or_else(|| now.day()) };
    let figures = household::gather(&mut view, compound, dwelling, period, bounds, now).await?;
    drop(view);
    let pressed = tokio::task::spawn_blocking(move || {
        let sheet = household::set(&figures)?;
        match device {
            Device::Pdf => press::pdf::press(&sheet),
            Device::Text | Device::Json => Ok(press::text::press(&sheet).into_bytes()),
        }
    });
    let bug = |why: String| Error::Storage(Storage::Bug(why));
    pressed.await.map_err(|e| bug(e.to_string()))?.map_err(|e| bug(e.to_string()))
}
