//! Money that comes in for a dwelling: seen on a bank line or by hand, with its receipt.
//!
//! Always: Dr 1001 / Cr 4001; no more than was assessed of its kind; a bank line is claimed for one deposit.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{self, DEPOSIT, DEPOSITS};
use super::{Accounts, BANK, OVER_ASSESSMENT, RECEIPT_USED, may_be_amount, receipt};
use crate::bank;
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, DepositNo, DwellingNo, LineNo, RenewalNo, SellingUnitNo, VoucherSeq};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property::Housing;

/// What kind of deposit it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "交存种类：initial 首期，top-up 续交，rebuild 补建，monthly 按月")]
pub enum DepositKind {
    /// 首期交存.
    #[schemars(description = "首期交存")]
    Initial,
    /// 续交.
    #[schemars(description = "续交")]
    TopUp,
    /// 补建.
    #[schemars(description = "补建")]
    Rebuild,
    /// 按月交存.
    #[schemars(description = "按月交存")]
    Monthly,
}

impl DepositKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            DepositKind::Initial => "initial",
            DepositKind::TopUp => "top-up",
            DepositKind::Rebuild => "rebuild",
            DepositKind::Monthly => "monthly",
        }
    }

    /// The kind a row's word counts as: what a former selling unit brought in was paid in at first.
    pub(super) fn named(name: &str) -> Option<DepositKind> {
        match name {
            "initial" | "legacy" => Some(DepositKind::Initial),
            "top-up" => Some(DepositKind::TopUp),
            "rebuild" => Some(DepositKind::Rebuild),
            "monthly" => Some(DepositKind::Monthly),
            _ => None,
        }
    }

    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            DepositKind::Initial => "首期交存",
            DepositKind::TopUp => "续交",
            DepositKind::Rebuild => "补建交存",
            DepositKind::Monthly => "按月交存",
        }
    }
}

/// Where a deposit's money was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Seen {
    /// On a line of the special account's statement, which says amount and day.
    BankLine {
        /// The line.
        line_no: LineNo,
    },
    /// By somebody, by hand.
    Hand {
        /// How much.
        #[serde(rename = "amount_fen")]
        amount: Money,
        /// The day it was received.
        received_on: Day,
    },
}

/// A deposit to record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// The dwelling it is for.
    pub dwelling_no: DwellingNo,
    /// What kind.
    pub kind: DepositKind,
    /// Where it was seen.
    #[serde(flatten)]
    pub seen: Seen,
    /// The special receipt's number (专用票据), empty if none was issued yet.
    #[serde(default)]
    pub receipt_no: String,
}

/// A recorded deposit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposited {
    /// Its number.
    pub deposit_no: DepositNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// The day it was received.
    pub received_on: Day,
}

/// Money that is seen: how much, when, and the bank line it is on.
pub(super) struct Sighting {
    pub(super) amount: Money,
    pub(super) received_on: Day,
    pub(super) line: Option<bank::BankLine>,
}

impl Sighting {
    /// Where it comes from, for a voucher.
    pub(super) fn source(&self) -> String {
        self.line.as_ref().map_or("柜台".to_owned(), |line| format!("银行流水 {}", line.no))
    }

    /// What a deposit's row keeps of it: all that was seen, unless a part is said.
    pub(super) fn kept(&self, kind: &'static str, amount: Money, voucher: Posted) -> Kept {
        Kept {
            kind,
            amount,
            gains: Money::ZERO,
            plan: None,
            received_on: self.received_on,
            line_no: self.line.as_ref().map(|line| line.no),
            voucher,
        }
    }

    /// Claims the line, if there is one, for the voucher it is.
    pub(super) fn claim(&self, tx: &mut Tx, voucher: Posted) {
        if let Some(line) = &self.line {
            bank::claim(tx, line, voucher.seq);
        }
    }
}

/// Looks at money where it is said to be.
pub(super) async fn look(tx: &mut Tx, seen: &Seen) -> Result<Sighting> {
    Ok(match *seen {
        Seen::BankLine { line_no } => {
            let line = bank::incoming(tx, Book::Fund, line_no).await?;
            Sighting { amount: line.inflow, received_on: line.occurred_on, line: Some(line) }
        }
        Seen::Hand { amount, received_on } => Sighting { amount, received_on, line: None },
    })
}

/// Records a deposit: Dr 1001 / Cr 4001 (财会〔2020〕7号, usage of 4001).
///
/// # Errors
/// `property.no-dwelling`, those of `bank::incoming`, `property.handed-over`, `property.ended`, `fund.amount`, `fund.receipt-used`, `fund.over-assessment`,
/// `fund.receipt-range`, those of [`journal::post`].
pub async fn deposit(tx: &mut Tx, deposit: &Deposit) -> Result<Deposited> {
    let place = place_of(tx, deposit.dwelling_no).await?;
    let seen = look(tx, &deposit.seen).await?;
    crate::property::may_deposit(tx, deposit.dwelling_no, seen.received_on).await?;
    let standing = standing(tx, deposit.dwelling_no, deposit.kind, &deposit.receipt_no).await?;

    may_deposit(deposit, seen.amount, &standing)?;
    let range = receipt::range_of(tx, &deposit.receipt_no).await?;

    let entry = Entry {
        book: Book::Fund,
        effective_on: seen.received_on,
        kind: Kind::Deposit,
        memo: format!("{} {}", deposit.kind.in_chinese(), place.code),
        source: seen.source(),
        evidence: deposit.receipt_no.clone(),
        lines: vec![
            Line::debit(BANK, seen.amount),
            Line::credit(Accounts::of(place.housing).deposit_income, seen.amount)
                .of(deposit.dwelling_no),
        ],
    };
    let voucher = journal::post(tx, entry).await?;
    seen.claim(tx, voucher);
    let plan = standing.plan.filter(|_| standing.rest().is_some_and(Money::is_positive));
    let kept = Kept { plan, ..seen.kept(deposit.kind.name(), seen.amount, voucher) };
    let deposit_no = keep(tx, deposit.dwelling_no, &deposit.receipt_no, kept);
    receipt::keep(tx, &deposit.receipt_no, deposit_no, range);
    Ok(Deposited { deposit_no, voucher, amount_fen: seen.amount, received_on: seen.received_on })
}

fn may_deposit(deposit: &Deposit, amount: Money, standing: &Standing) -> Result<(), Refusal> {
    may_be_amount(amount)?;
    may_take_receipt(&deposit.receipt_no, standing.receipt_used_by)?;
    let (Some(due), Some(rest)) = (standing.due, standing.rest()) else { return Ok(()) };
    // A plan that is paid leaves everybody free to pay in more.
    let is_free = deposit.kind == DepositKind::TopUp && !rest.is_positive();
    if amount > rest && !is_free {
        let evidence = format!(
            "{}：应交 {} 元，已交 {} 元，本次 {} 元",
            deposit.kind.in_chinese(),
            due.grouped(),
            standing.paid.grouped(),
            amount.grouped()
        );
        let refusal = OVER_ASSESSMENT.refuse(evidence).with("due_fen", due.in_fen());
        let refusal = refusal.with("paid_fen", standing.paid.in_fen());
        return Err(refusal.with("asked_fen", amount.in_fen()));
    }
    Ok(())
}

/// Whether a receipt's number is free.
pub(super) fn may_take_receipt(no: &str, used_by: Option<DepositNo>) -> Result<(), Refusal> {
    let Some(used) = used_by else { return Ok(()) };
    let evidence = format!("票据号 {no} 已用于第 {used} 笔交存");
    Err(RECEIPT_USED.refuse(evidence).with("deposit_no", used.0))
}

/// What a deposit's row keeps beside whose it is.
pub(crate) struct Kept {
    pub(crate) kind: &'static str,
    pub(crate) amount: Money,
    /// What of the amount is gains: history that an import brings.
    pub(crate) gains: Money,
    /// The renewal plan it counts for.
    pub(crate) plan: Option<RenewalNo>,
    pub(crate) received_on: Day,
    pub(crate) line_no: Option<LineNo>,
    pub(crate) voucher: Posted,
}

/// Keeps the row of a dwelling's deposit whose voucher is posted.
pub(crate) fn keep(tx: &mut Tx, dwelling: DwellingNo, receipt_no: &str, kept: Kept) -> DepositNo {
    keep_of(tx, Some(dwelling), None, receipt_no, &kept)
}

/// Keeps the row of a deposit: a dwelling's or a selling unit's.
pub(super) fn keep_of(
    tx: &mut Tx,
    dwelling: Option<DwellingNo>,
    unit: Option<SellingUnitNo>,
    receipt_no: &str,
    kept: &Kept,
) -> DepositNo {
    let no = DepositNo(tx.next_no("deposit"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        dwelling.map(|dwelling| dwelling.0).into(),
        unit.map(|unit| unit.0).into(),
        kept.plan.map(|plan| plan.0).into(),
        kept.kind.into(),
        kept.amount.in_fen().into(),
        kept.gains.in_fen().into(),
        kept.received_on.into(),
        receipt_no.into(),
        kept.line_no.map(|line| line.0).into(),
        kept.voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&DEPOSIT, &row);
    no
}

/// What a verb must know of a dwelling.
#[derive(Clone, Debug)]
struct Place {
    code: String,
    housing: Housing,
}

/// A dwelling's code and housing.
async fn place_of(tx: &mut Tx, dwelling: DwellingNo) -> Result<Place> {
    crate::property::place(tx, dwelling).await.map(|(code, housing)| Place { code, housing })
}

/// What stands of a dwelling's deposits of one kind; of top-ups, those of its latest plan.
struct Standing {
    due: Option<Money>,
    paid: Money,
    plan: Option<RenewalNo>,
    receipt_used_by: Option<DepositNo>,
}

impl Standing {
    /// What is assessed and not paid; none if nothing was assessed.
    fn rest(&self) -> Option<Money> {
        self.due.map(|due| due - self.paid)
    }
}

async fn standing(
    tx: &mut Tx,
    dwelling: DwellingNo,
    kind: DepositKind,
    receipt_no: &str,
) -> Result<Standing> {
    let compound = tx.compound().0;
    let (stands, goes_on) = (rows::stands("d", "voucher_seq"), rows::goes_on("d"));
    let (refund_stands, current) = (rows::stands("r", "voucher_seq"), rows::current());
    // What a former selling unit brought in was paid in at first.
    let counted = "(d.kind = $3 OR ($3 = 'initial' AND d.kind = 'legacy'))";
    let plan = "COALESCE((SELECT max(p.plan_no) FROM assessment p
                  WHERE p.compound_id = $1 AND p.dwelling_no = $2 AND p.kind = $3), 0)";
    let sql = format!(
        "SELECT 1 AS what, CAST(sum(a.due_fen) AS BIGINT) AS fen FROM assessment a
           WHERE a.compound_id = $1 AND a.dwelling_no = $2 AND a.kind = $3
             AND COALESCE(a.plan_no, 0) = {plan} AND {current}
         UNION ALL
         SELECT 2, CAST(sum(d.amount_fen - d.gains_fen) AS BIGINT) FROM deposit d
           WHERE d.compound_id = $1 AND d.dwelling_no = $2 AND {counted}
             AND COALESCE(d.plan_no, 0) = {plan} AND {stands} AND {goes_on}
         UNION ALL
         SELECT 3, CAST(sum(r.principal_fen) AS BIGINT) FROM refund r JOIN deposit d
             ON d.compound_id = r.compound_id AND d.deposit_no = r.deposit_no
           WHERE r.compound_id = $1 AND d.dwelling_no = $2 AND {counted}
             AND COALESCE(d.plan_no, 0) = {plan} AND {stands} AND {refund_stands} AND {goes_on}
         UNION ALL
         SELECT 4, CAST({plan} AS BIGINT)
         UNION ALL
         SELECT 5, CAST(max(d.deposit_no) AS BIGINT) FROM deposit d
           WHERE d.compound_id = $1 AND d.receipt_no = $4 AND $4 <> '' AND {stands}
         UNION ALL
         SELECT 5, CAST(max(t.deposit_no) AS BIGINT) FROM receipt t
           WHERE t.compound_id = $1 AND t.receipt_no = $4"
    );
    let values = vec![compound.into(), dwelling.0.into(), kind.name().into(), receipt_no.into()];
    let mut standing = Standing { due: None, paid: Money::ZERO, plan: None, receipt_used_by: None };
    for row in tx.rows(rows::STANDING, &sql, values).await? {
        let Some(figure) = row.try_get::<Option<i64>>("", "fen")? else { continue };
        match row.try_get::<i32>("", "what")? {
            1 => standing.due = Some(Money::fen(figure)),
            2 => standing.paid += Money::fen(figure),
            3 => standing.paid -= Money::fen(figure),
            4 => standing.plan = i32::try_from(figure).ok().filter(|no| *no > 0).map(RenewalNo),
            _ => standing.receipt_used_by = i32::try_from(figure).ok().map(DepositNo),
        }
    }
    Ok(standing)
}

/// What dwellings paid in, by kind; top-ups by the plan they count for.
pub(super) type Paid = HashMap<(DwellingNo, DepositKind, Option<RenewalNo>), Money>;

/// What dwellings paid in by kind, up to a day: deposits that stand, less what was refunded of them.
pub(super) async fn paid(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<DwellingNo>,
    until: Option<Day>,
) -> Result<Paid> {
    let (stands, goes_on) = (rows::stands("d", "voucher_seq"), rows::goes_on("d"));
    let refund_stands = rows::stands("r", "voucher_seq");
    let which = if only.is_some() { "AND d.dwelling_no = $3" } else { "" };
    let sql = format!(
        "SELECT d.dwelling_no, d.kind, COALESCE(d.plan_no, 0) AS plan_no,
             CAST(sum(d.amount_fen - d.gains_fen) AS BIGINT) AS fen FROM deposit d
           WHERE d.compound_id = $1 AND d.dwelling_no IS NOT NULL AND d.received_on <= $2 {which}
             AND {stands} AND {goes_on}
           GROUP BY d.dwelling_no, d.kind, COALESCE(d.plan_no, 0)
         UNION ALL
         SELECT d.dwelling_no, d.kind, COALESCE(d.plan_no, 0), CAST(-sum(r.principal_fen) AS BIGINT)
           FROM refund r JOIN deposit d
             ON d.compound_id = r.compound_id AND d.deposit_no = r.deposit_no
           WHERE r.compound_id = $1 AND d.dwelling_no IS NOT NULL AND r.due_on <= $2 {which}
             AND {stands} AND {refund_stands} AND {goes_on}
           GROUP BY d.dwelling_no, d.kind, COALESCE(d.plan_no, 0)"
    );
    let until = until.unwrap_or_else(|| Day::from_ymd_opt(2999, 12, 31).unwrap_or_default());
    let mut values = vec![compound.0.into(), until.into()];
    values.extend(only.map(|d| d.0.into()));
    let mut paid = Paid::new();
    for row in view.rows(DEPOSITS, &sql, values).await? {
        let (kind, plan): (String, i32) = (row.try_get("", "kind")?, row.try_get("", "plan_no")?);
        let Some(kind) = DepositKind::named(&kind) else { continue };
        let dwelling = DwellingNo(row.try_get("", "dwelling_no")?);
        let plan = (plan > 0).then_some(RenewalNo(plan));
        *paid.entry((dwelling, kind, plan)).or_default() += Money::fen(row.try_get("", "fen")?);
    }
    Ok(paid)
}

/// What each dwelling was to pay in at first and has not: what the next deposit without a kind of its own counts for.
///
/// # Errors
/// Storage.
pub(crate) async fn first_owed(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashMap<DwellingNo, Money>> {
    let paid = paid(view, compound, None, None).await?;
    let assessed = super::assessments(view, compound, None).await?;
    let owed = assessed.into_iter().map(|assessment| {
        let key = (assessment.dwelling_no, DepositKind::Initial, None);
        let paid = paid.get(&key).copied().unwrap_or_default();
        (assessment.dwelling_no, (assessment.due - paid).max(Money::ZERO))
    });
    Ok(owed.collect())
}

/// What vouchers moved of a dwelling's principal on 4001 that counts as no first deposit: top-ups, rebuilding, monthly
/// levies; what was refunded of them and reversed, negative.
pub(super) async fn of_other_kinds(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
) -> Result<HashMap<VoucherSeq, Money>> {
    let of =
        "d.compound_id = $1 AND d.dwelling_no = $2 AND d.kind IN ('top-up', 'rebuild', 'monthly')";
    let sql = format!(
        "SELECT d.voucher_seq AS seq, CAST(d.amount_fen - d.gains_fen AS BIGINT) AS fen
           FROM deposit d WHERE {of}
         UNION ALL
         SELECT v.seq, CAST(d.gains_fen - d.amount_fen AS BIGINT) FROM deposit d
           JOIN voucher v ON v.compound_id = d.compound_id AND v.book = 1 AND v.reverses_seq = d.voucher_seq
           WHERE {of}
         UNION ALL
         SELECT r.voucher_seq, CAST(-r.principal_fen AS BIGINT) FROM refund r
           JOIN deposit d ON d.compound_id = r.compound_id AND d.deposit_no = r.deposit_no WHERE {of}
         UNION ALL
         SELECT v.seq, CAST(r.principal_fen AS BIGINT) FROM refund r
           JOIN deposit d ON d.compound_id = r.compound_id AND d.deposit_no = r.deposit_no
           JOIN voucher v ON v.compound_id = r.compound_id AND v.book = 1 AND v.reverses_seq = r.voucher_seq
           WHERE {of}"
    );
    let mut moved: HashMap<VoucherSeq, Money> = HashMap::new();
    for row in view.rows(DEPOSITS, &sql, vec![compound.0.into(), dwelling.0.into()]).await? {
        let seq = VoucherSeq(row.try_get("", "seq")?);
        *moved.entry(seq).or_default() += Money::fen(row.try_get("", "fen")?);
    }
    Ok(moved)
}

/// What each dwelling paid in at first (首期交存额): what the renewal line is a part of. First deposits, those of a fund that
/// was built up later, and what a former selling unit brought in; top-ups and monthly levies are none.
///
/// # Errors
/// Storage.
pub async fn first_deposits(
    view: &mut impl View,
    compound: CompoundId,
    until: Day,
) -> Result<HashMap<DwellingNo, Money>> {
    let mut first: HashMap<DwellingNo, Money> = HashMap::new();
    for ((dwelling, kind, _), paid) in paid(view, compound, None, Some(until)).await? {
        if matches!(kind, DepositKind::Initial | DepositKind::Rebuild) {
            *first.entry(dwelling).or_default() += paid;
        }
    }
    Ok(first)
}
