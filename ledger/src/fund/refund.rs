//! What is given back: a cancelled purchase, a destroyed dwelling, an undone sale of public housing.
//!
//! Always: what was paid in this calendar year goes back through 4001, what was paid in earlier through 5101 (财会〔2020〕7号);
//! of a destroyed dwelling the refund is owed when it falls due (Dr 5101 / Cr 2001) and paid later (Dr 2001 / Cr 1001).
//! Never more than the dwelling has, principal and gains apart, and nothing that is reserved; a deposit is refunded once, and
//! not before the day it came in.

use std::collections::BTreeMap;

use chrono::Datelike;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::FundBalance;
use super::rows::{self, REFUND, REFUND_PAYMENT, REFUNDS};
use super::selling_unit::{self, Brief};
use super::{
    Accounts, BANK, HELD, NO_DEPOSIT, NO_REFUND, NOT_DESTROYED, NOT_PUBLIC, NOTHING_LEFT,
    OVER_BALANCE, OVER_REFUND, PAYABLE, REFUNDED, STAYS, UNIT_ENDED, may_be_amount, may_be_day,
    may_be_kept,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, DepositNo, DwellingNo, RefundNo, SellingUnitNo};
use crate::journal::{self, AsOf, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::policy::terms::ExtinctSellingUnit;
use crate::policy::{self, Pack};
use crate::property::{self, Housing, RoomCode};

/// Why something is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "返还原因")]
pub enum Cause {
    /// 退房: the purchase was cancelled.
    #[schemars(description = "退房：退还一笔交存")]
    Cancelled,
    /// 房屋灭失.
    #[schemars(description = "房屋灭失：返还余额，先应付后支付")]
    Destroyed,
    /// 公房出售被撤销.
    #[schemars(description = "公有住房出售被撤销：余额退回申请的售房单位，由其退还买受人")]
    UndoneSale,
}

impl Cause {
    const fn name(self) -> &'static str {
        match self {
            Cause::Cancelled => "cancelled",
            Cause::Destroyed => "destroyed",
            Cause::UndoneSale => "undone-sale",
        }
    }

    fn named(name: &str) -> Cause {
        match name {
            "destroyed" => Cause::Destroyed,
            "undone-sale" => Cause::UndoneSale,
            _ => Cause::Cancelled,
        }
    }

    const fn in_chinese(self) -> &'static str {
        match self {
            Cause::Cancelled => "退房退款",
            Cause::Destroyed => "房屋灭失返还",
            Cause::UndoneSale => "撤销售房退回",
        }
    }
}

/// To whom it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "返还对象")]
pub enum Payee {
    /// The owner.
    #[schemars(description = "业主")]
    Owner,
    /// A selling unit: the one whose it is, the one that follows it, or the one that applied.
    #[schemars(description = "售房单位")]
    SellingUnit,
    /// The treasury of the unit's level.
    #[schemars(description = "同级国库")]
    Treasury,
}

impl Payee {
    const fn name(self) -> &'static str {
        match self {
            Payee::Owner => "owner",
            Payee::SellingUnit => "selling-unit",
            Payee::Treasury => "treasury",
        }
    }

    fn named(name: &str) -> Payee {
        match name {
            "selling-unit" => Payee::SellingUnit,
            "treasury" => Payee::Treasury,
            _ => Payee::Owner,
        }
    }
}

/// What of a dwelling is given back.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的返还：业主的部分")]
pub struct Refunding {
    /// Why.
    #[schemars(description = "原因")]
    pub cause: Cause,
    /// The dwelling.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The day it is paid; for a destroyed dwelling the day it falls due.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "退款日；房屋灭失的为应付日")]
    pub on: Day,
    /// Which deposit, if a purchase was cancelled.
    #[serde(default)]
    #[schemars(description = "交存编号：退房的写")]
    pub deposit_no: Option<DepositNo>,
    /// How much of it; all if nobody says.
    #[serde(default)]
    #[schemars(
        description = "退还本金：分，退房的写，不写则为整笔",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 500_000
    )]
    pub principal_fen: Option<Money>,
    /// What gains go back with it.
    #[serde(default)]
    #[schemars(
        description = "一并退还的收益：分，退房的写，不写则为零",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 0
    )]
    pub gains_fen: Money,
    /// The unit that applied, if a sale was undone.
    #[serde(default)]
    #[schemars(description = "申请的售房单位编号：撤销售房的写")]
    pub unit_no: Option<SellingUnitNo>,
    /// What proves it.
    #[schemars(description = "凭据", example = &"解除合同备案 2026-3")]
    pub evidence: String,
}

/// What of a selling unit's money is given back.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SellingUnitRefunding", description = "要登记的返还：售房单位的部分")]
pub struct UnitRefunding {
    /// Why: a destroyed dwelling or an undone sale.
    #[schemars(description = "原因：destroyed 或 undone-sale")]
    pub cause: Cause,
    /// The dwelling it concerns.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The day it falls due; of an undone sale the day it is paid.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "应付日；撤销售房的为退款日")]
    pub on: Day,
    /// Principal.
    #[schemars(
        description = "本金：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 3_000_000
    )]
    pub principal_fen: Money,
    /// Gains.
    #[serde(default)]
    #[schemars(
        description = "收益：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 0
    )]
    pub gains_fen: Money,
    /// What proves it.
    #[schemars(description = "凭据", example = &"拆除备案 2026-1")]
    pub evidence: String,
}

/// A refund that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    /// Its number.
    pub refund_no: RefundNo,
    /// Its voucher.
    pub voucher: Posted,
    /// To whom it goes.
    pub payee: Payee,
    /// Principal.
    pub principal_fen: Money,
    /// Gains.
    pub gains_fen: Money,
    /// Whether it is owed and not yet paid.
    pub is_payable: bool,
}

/// What is to be written once it was decided.
struct Decided {
    cause: Cause,
    dwelling: DwellingNo,
    unit: Option<SellingUnitNo>,
    deposit: Option<DepositNo>,
    payee: Payee,
    payee_unit: Option<SellingUnitNo>,
    principal: Money,
    gains: Money,
    /// What of the principal was paid in in the year of the refund.
    same_year: Money,
    on: Day,
}

/// Gives back what an owner paid in.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `property.no-dwelling`, `fund.no-deposit`, `fund.refunded`, `fund.not-destroyed`,
/// `fund.not-sold-public`, `fund.no-selling-unit`, `fund.selling-unit-ended`, `fund.nothing-left`, `fund.amount`, `fund.over-balance`, `fund.held`;
/// those of [`journal::post`] and [`policy::at`].
pub async fn refund(tx: &mut Tx, asked: &Refunding) -> Result<Refunded> {
    may_be_kept("凭据", &asked.evidence)?;
    may_be_day("日期", asked.on)?;
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, asked.room.as_str(), today).await?;
    let pack = pack_of(tx, asked.on).await?;
    let has = balance_of(tx, compound, dwelling.no).await?;
    let held = journal::held(tx, compound, Book::Fund).await?;
    let held = held.get(&dwelling.no).copied().unwrap_or_default();
    let of_year = deposited_in(tx, dwelling.no, asked.on.year()).await?;

    let decided = match asked.cause {
        Cause::Cancelled => {
            let paid_in = deposit_of(tx, dwelling.no, asked.deposit_no).await?;
            let principal = asked.principal_fen.unwrap_or(paid_in.principal);
            may_be_amount(principal)?;
            may_be_part(asked.gains_fen)?;
            if principal > paid_in.principal {
                return Err(over("本金", principal, "该笔交存", paid_in.principal).into());
            }
            // Before the day it came in there was nothing of it to give back.
            if asked.on < paid_in.received_on {
                let (on, received_on) = (asked.on, paid_in.received_on);
                let evidence =
                    format!("退款日 {on}，该笔交存收款日 {received_on}，退款日账面尚无此款");
                return Err(OVER_BALANCE.refuse(evidence).into());
            }
            let is_same_year = paid_in.received_on.year() == asked.on.year();
            Decided {
                cause: asked.cause,
                dwelling: dwelling.no,
                unit: None,
                deposit: Some(paid_in.no),
                payee: Payee::Owner,
                payee_unit: None,
                principal,
                gains: asked.gains_fen,
                same_year: if is_same_year { principal } else { Money::ZERO },
                on: asked.on,
            }
        }
        Cause::Destroyed => {
            must_be_destroyed(tx, &dwelling, asked.on).await?;
            whole(asked, dwelling.no, has, Money::ZERO, None)
        }
        Cause::UndoneSale => {
            selling_unit::must_be_public(&dwelling)?;
            let unit = selling_unit::unit(tx, asked.unit_no.unwrap_or(SellingUnitNo(0))).await?;
            let unit = living(tx, unit).await?;
            let unit = unit
                .map_err(|gone| UNIT_ENDED.refuse(format!("{} 已终止，没有承继单位", gone.name)))?;
            whole(asked, dwelling.no, has, of_year, Some(unit.no))
        }
    };
    may_be_refunded(&decided, has, held)?;

    write(tx, &decided, dwelling.housing, dwelling.code.as_str(), &asked.evidence, &pack, None)
        .await
}

/// Whether a dwelling was recorded as destroyed, on the day or before (165号令 art. 29).
async fn must_be_destroyed(tx: &mut Tx, dwelling: &property::Dwelling, on: Day) -> Result<()> {
    let code = &dwelling.code;
    let evidence = match property::destroyed_on(tx, dwelling.no).await? {
        Some(gone) if gone <= on => return Ok(()),
        Some(gone) => format!("{code} 于 {gone} 灭失，应付日 {on}"),
        None => format!("{code} 没有登记灭失"),
    };
    Err(NOT_DESTROYED.refuse(evidence).into())
}

/// All of what a dwelling has.
fn whole(
    asked: &Refunding,
    dwelling: DwellingNo,
    has: FundBalance,
    of_year: Money,
    unit: Option<SellingUnitNo>,
) -> Decided {
    Decided {
        cause: asked.cause,
        dwelling,
        unit: None,
        deposit: None,
        payee: if unit.is_some() { Payee::SellingUnit } else { Payee::Owner },
        payee_unit: unit,
        principal: has.principal,
        gains: has.gains,
        same_year: of_year.min(has.principal),
        on: asked.on,
    }
}

/// Whether what is asked beside another amount is one, or nothing: the two are added.
fn may_be_part(amount: Money) -> Result<(), Refusal> {
    if amount.is_zero() { Ok(()) } else { may_be_amount(amount) }
}

fn over(what: &str, asked: Money, of: &str, has: Money) -> Refusal {
    let evidence = format!("退还{what} {} 元，{of} {} 元", asked.grouped(), has.grouped());
    let refusal = OVER_BALANCE.refuse(evidence).with("available_fen", has.in_fen());
    refusal.with("asked_fen", asked.in_fen())
}

/// Whether principal and gains are there, and free.
fn may_be_refunded(decided: &Decided, has: FundBalance, held: Money) -> Result<(), Refusal> {
    let Decided { principal, gains, .. } = *decided;
    if !(principal + gains).is_positive() {
        return Err(NOTHING_LEFT.refuse(format!("余额 {} 元", has.total().grouped())));
    }
    if principal > has.principal || principal.is_negative() {
        return Err(over("本金", principal, "本金余额", has.principal));
    }
    if gains > has.gains || gains.is_negative() {
        return Err(over("收益", gains, "收益余额", has.gains));
    }
    if principal + gains > has.total() - held {
        let evidence = format!(
            "余额 {} 元，其中预留 {} 元，退还 {} 元",
            has.total().grouped(),
            held.grouped(),
            (principal + gains).grouped()
        );
        return Err(HELD.refuse(evidence).with("held_fen", held.in_fen()));
    }
    Ok(())
}

async fn pack_of(tx: &mut Tx, on: Day) -> Result<Pack> {
    let compound = tx.compound();
    let jurisdiction = property::jurisdiction(tx, compound).await?;
    policy::at(tx, &jurisdiction, on).await
}

async fn balance_of(
    tx: &mut Tx,
    compound: CompoundId,
    dwelling: DwellingNo,
) -> Result<FundBalance> {
    let all = super::balances(tx, compound, AsOf::default()).await?;
    Ok(all.get(&dwelling).copied().unwrap_or_default())
}

/// What a dwelling paid in in a year, refunds of that year taken off.
async fn deposited_in(tx: &mut Tx, dwelling: DwellingNo, year: i32) -> Result<Money> {
    let compound = tx.compound();
    let by_year = super::deposited_by_year(tx, compound).await?;
    Ok(by_year.get(&(dwelling, year)).copied().unwrap_or_default().max(Money::ZERO))
}

/// A deposit that stands and was not refunded.
struct PaidIn {
    no: DepositNo,
    principal: Money,
    received_on: Day,
}

async fn deposit_of(tx: &mut Tx, dwelling: DwellingNo, no: Option<DepositNo>) -> Result<PaidIn> {
    let (stands, refund_stands) =
        (rows::stands("d", "voucher_seq"), rows::stands("r", "voucher_seq"));
    let sql = format!(
        "SELECT d.amount_fen - d.gains_fen AS fen, d.received_on,
           COALESCE((SELECT max(r.refund_no) FROM refund r WHERE r.compound_id = d.compound_id
                       AND r.deposit_no = d.deposit_no AND {refund_stands}), 0) AS refund_no
         FROM deposit d WHERE d.compound_id = $1 AND d.deposit_no = $2 AND d.dwelling_no = $3 AND {stands}"
    );
    let wanted = no.unwrap_or(DepositNo(0));
    let values = vec![tx.compound().0.into(), wanted.0.into(), dwelling.0.into()];
    let found = tx.rows(REFUNDS, &sql, values).await?;
    let missing = || match no {
        Some(no) => NO_DEPOSIT.refuse(format!("该户没有第 {no} 笔交存")),
        None => NO_DEPOSIT.refuse("未写交存编号"),
    };
    let row = found.first().ok_or_else(missing)?;
    let refund: i32 = row.try_get("", "refund_no")?;
    if refund > 0 {
        let refusal = REFUNDED.refuse(format!("第 {wanted} 笔交存已由第 {refund} 笔返还退还"));
        return Err(refusal.with("refund_no", refund).into());
    }
    Ok(PaidIn {
        no: wanted,
        principal: Money::fen(row.try_get("", "fen")?),
        received_on: row.try_get("", "received_on")?,
    })
}

/// The unit, or whoever follows it; itself as an error if nobody does.
async fn living(tx: &mut Tx, unit: Brief) -> Result<Result<Brief, Brief>> {
    let compound = tx.compound();
    let units: BTreeMap<SellingUnitNo, Brief> = selling_unit::brief(tx, compound).await?;
    let mut unit = unit;
    // A successor was alive when it was named, so the line of successors ends.
    while unit.ended_on.is_some() {
        match unit.successor.and_then(|no| units.get(&no)) {
            Some(next) => unit = next.clone(),
            None => return Ok(Err(unit)),
        }
    }
    Ok(Ok(unit))
}

/// Gives back what a selling unit put in for a dwelling: to the unit or whoever follows it, else as the law says (165号令
/// art. 29: the treasury of its level; Shanghai: it stays with the custodian).
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.amount`, `property.no-dwelling`, `fund.not-sold-public`, `fund.not-destroyed`,
/// `fund.no-selling-unit`, `fund.selling-unit-ended`, `fund.stays-with-custodian`, `fund.nothing-left`, `fund.over-balance`; those of
/// [`journal::post`] and [`policy::at`].
pub async fn refund_unit(
    tx: &mut Tx,
    no: SellingUnitNo,
    asked: &UnitRefunding,
) -> Result<Refunded> {
    may_be_kept("凭据", &asked.evidence)?;
    may_be_day("日期", asked.on)?;
    may_be_part(asked.principal_fen)?;
    may_be_part(asked.gains_fen)?;
    tx.flush().await?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let dwelling = property::dwelling(tx, compound, asked.room.as_str(), today).await?;
    let unit = selling_unit::unit(tx, no).await?;
    let pack = pack_of(tx, asked.on).await?;
    let has = selling_unit::balances_by_matter(tx, compound).await?;
    let has = has.get(&unit.matter).copied().unwrap_or_default();
    let of_year = unit_deposited_in(tx, &unit, asked.on.year()).await?;
    let payee = living(tx, unit.clone()).await?;

    if dwelling.housing != Housing::SoldPublic || asked.cause == Cause::Cancelled {
        let evidence = format!("{} 为{}", dwelling.code, dwelling.housing.in_chinese());
        return Err(NOT_PUBLIC.refuse(evidence).into());
    }
    if asked.cause == Cause::Destroyed {
        must_be_destroyed(tx, &dwelling, asked.on).await?;
    }
    let is_undone = asked.cause == Cause::UndoneSale;
    let (payee, payee_unit) = match (payee, pack.terms.extinct_selling_unit.value) {
        (Ok(living), _) => (Payee::SellingUnit, Some(living.no)),
        (Err(gone), _) if is_undone => {
            return Err(UNIT_ENDED.refuse(format!("{} 已终止，没有承继单位", gone.name)).into());
        }
        (Err(_), ExtinctSellingUnit::Treasury) => (Payee::Treasury, None),
        (Err(gone), ExtinctSellingUnit::Custodian) => {
            let article = &pack.terms.extinct_selling_unit.article;
            return Err(STAYS.refuse(format!("{}（{article}）", gone.name)).into());
        }
    };
    let decided = Decided {
        cause: asked.cause,
        dwelling: dwelling.no,
        unit: Some(no),
        deposit: None,
        payee,
        payee_unit,
        principal: asked.principal_fen,
        gains: asked.gains_fen,
        same_year: if is_undone { of_year.min(asked.principal_fen) } else { Money::ZERO },
        on: asked.on,
    };
    may_be_refunded(&decided, has, Money::ZERO)?;

    let code = dwelling.code.as_str();
    write(tx, &decided, dwelling.housing, code, &asked.evidence, &pack, Some(&unit)).await
}

/// What a unit put in in a year, refunds of that year taken off.
async fn unit_deposited_in(tx: &mut Tx, unit: &Brief, year: i32) -> Result<Money> {
    let sql =
        "SELECT CAST(COALESCE(sum(-p.side * p.amount_fen), 0) AS BIGINT) AS fen FROM posting p
               WHERE p.compound_id = $1 AND p.book = 1 AND p.dwelling_no = 0 AND p.account = $2
                 AND p.matter_no = $3 AND p.effective_on >= $4 AND p.effective_on <= $5";
    let day = |month, day| Day::from_ymd_opt(year, month, day).unwrap_or_default();
    let account = Accounts::of_units().deposit_income;
    let values = vec![
        tx.compound().0.into(),
        account.into(),
        unit.matter.0.into(),
        day(1, 1).into(),
        day(12, 31).into(),
    ];
    let found = tx.rows(REFUNDS, sql, values).await?;
    let fen: i64 = found.first().map(|row| row.try_get("", "fen")).transpose()?.unwrap_or(0);
    Ok(Money::fen(fen).max(Money::ZERO))
}

/// The lines of a refund, and its row.
async fn write(
    tx: &mut Tx,
    decided: &Decided,
    housing: Housing,
    room: &str,
    evidence: &str,
    pack: &Pack,
    unit: Option<&Brief>,
) -> Result<Refunded> {
    let accounts = if unit.is_some() { Accounts::of_units() } else { Accounts::of(housing) };
    // A unit's money stands by its matter, an owner's by the dwelling.
    let of = |line: Line| match unit {
        Some(unit) => line.about(unit.matter),
        None => line.of(decided.dwelling),
    };
    let is_payable = decided.cause == Cause::Destroyed;
    let earlier = decided.principal - decided.same_year;
    let total = decided.principal + decided.gains;
    let mut lines = Vec::new();
    for (account, amount) in [
        (accounts.deposit_income, decided.same_year),
        (accounts.refund, earlier),
        (accounts.fund, decided.gains),
    ] {
        if amount.is_positive() {
            lines.push(of(Line::debit(account, amount)));
        }
    }
    lines.push(if is_payable {
        of(Line::credit(PAYABLE, total))
    } else {
        Line::credit(BANK, total)
    });
    let entry = Entry {
        book: Book::Fund,
        effective_on: decided.on,
        kind: Kind::Refund,
        memo: format!("{} {room}", decided.cause.in_chinese()),
        source: "柜台".to_owned(),
        evidence: evidence.trim().to_owned(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    let no = RefundNo(tx.next_no("refund"));
    let provenance = pack.provenance.to_string();
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        decided.cause.name().into(),
        decided.dwelling.0.into(),
        decided.unit.map(|unit| unit.0).into(),
        decided.deposit.map(|deposit| deposit.0).into(),
        decided.payee.name().into(),
        decided.payee_unit.map(|unit| unit.0).into(),
        decided.principal.in_fen().into(),
        decided.gains.in_fen().into(),
        decided.on.into(),
        evidence.trim().into(),
        (&provenance).into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&REFUND, &row);
    Ok(Refunded {
        refund_no: no,
        voucher,
        payee: decided.payee,
        principal_fen: decided.principal,
        gains_fen: decided.gains,
        is_payable,
    })
}

/// A payment of a refund that was owed.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "支付应付的返还资金")]
pub struct RefundPayment {
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 400_000
    )]
    pub amount_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "支付日期")]
    pub paid_on: Day,
    /// What proves it.
    #[schemars(description = "凭据", example = &"回单 0317")]
    pub evidence: String,
}

/// A payment that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidRefund {
    /// Its voucher.
    pub voucher: Posted,
    /// What is still owed.
    pub left_fen: Money,
}

/// Pays a refund that is owed: Dr 2001 / Cr 1001.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.amount`, `fund.no-refund`, `fund.over-refund`; those of [`journal::post`].
pub async fn pay_refund(tx: &mut Tx, no: RefundNo, payment: &RefundPayment) -> Result<PaidRefund> {
    may_be_kept("凭据", &payment.evidence)?;
    may_be_day("支付日期", payment.paid_on)?;
    may_be_amount(payment.amount_fen)?;
    let compound = tx.compound();
    let all = refunds(tx, compound).await?;
    let owed = all.into_iter().find(|refund| refund.refund_no == no && !refund.is_reversed);
    let owed = owed.ok_or_else(|| NO_REFUND.refuse(format!("返还编号 {no}")))?;

    if payment.amount_fen > owed.owed_fen || payment.paid_on < owed.due_on {
        let evidence = format!(
            "应付日 {}，尚未支付 {} 元，本次 {} 元",
            owed.due_on,
            owed.owed_fen.grouped(),
            payment.amount_fen.grouped()
        );
        return Err(OVER_REFUND.refuse(evidence).with("owed_fen", owed.owed_fen.in_fen()).into());
    }

    let of = |line: Line| match (owed.matter, owed.unit_no) {
        (Some(matter), Some(_)) => line.about(matter),
        _ => line.of(owed.dwelling_no),
    };
    let entry = Entry {
        book: Book::Fund,
        effective_on: payment.paid_on,
        kind: Kind::Refund,
        memo: format!("支付{} {}", owed.cause.in_chinese(), owed.room),
        source: format!("返还 {no}"),
        evidence: payment.evidence.trim().to_owned(),
        lines: vec![
            of(Line::debit(PAYABLE, payment.amount_fen)),
            Line::credit(BANK, payment.amount_fen),
        ],
    };
    let voucher = journal::post(tx, entry).await?;
    let payment_no = tx.next_no(&format!("refund-payment/{no}"));
    let row = [
        compound.0.into(),
        no.0.into(),
        payment_no.into(),
        payment.amount_fen.in_fen().into(),
        payment.paid_on.into(),
        payment.evidence.trim().into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&REFUND_PAYMENT, &row);
    Ok(PaidRefund { voucher, left_fen: owed.owed_fen - payment.amount_fen })
}

/// A refund as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "FundRefund", description = "一笔返还")]
pub struct Refund {
    /// Its number.
    #[schemars(description = "返还编号", example = 1)]
    pub refund_no: RefundNo,
    /// Why.
    #[schemars(description = "原因")]
    pub cause: Cause,
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The unit whose money it was; none of an owner's.
    #[schemars(description = "售房单位编号：业主的部分为空")]
    pub unit_no: Option<SellingUnitNo>,
    /// The deposit it gives back.
    #[schemars(description = "交存编号：不是退房的为空")]
    pub deposit_no: Option<DepositNo>,
    /// To whom it goes.
    #[schemars(description = "返还对象")]
    pub payee: Payee,
    /// The unit it goes to.
    #[schemars(description = "收款的售房单位编号：不是售房单位的为空")]
    pub payee_unit_no: Option<SellingUnitNo>,
    /// Principal.
    #[schemars(description = "本金：分", example = 500_000)]
    pub principal_fen: Money,
    /// Gains.
    #[schemars(description = "收益：分", example = 0)]
    pub gains_fen: Money,
    /// The day it fell due.
    #[schemars(description = "应付日（即时退还的为退款日）")]
    pub due_on: Day,
    /// What of it is not paid yet.
    #[schemars(description = "尚未支付：分", example = 0)]
    pub owed_fen: Money,
    /// Whether its voucher was reversed.
    #[schemars(description = "是否已冲销", example = false)]
    pub is_reversed: bool,
    /// What proves it.
    #[schemars(description = "凭据", example = &"解除合同备案 2026-3")]
    pub evidence: String,
    /// The law.
    #[schemars(description = "政策包", example = &"100000@2021-01 sha256:…")]
    pub pack: String,
    #[serde(skip)]
    matter: Option<crate::id::MatterNo>,
}

/// The refunds of a compound, in their order.
///
/// # Errors
/// Storage.
pub async fn refunds(view: &mut impl View, compound: CompoundId) -> Result<Vec<Refund>> {
    let (stands, paid_stands) =
        (rows::stands("r", "voucher_seq"), rows::stands("y", "voucher_seq"));
    let sql = format!(
        "SELECT r.refund_no, r.cause, r.dwelling_no, w.code, COALESCE(r.unit_no, 0) AS unit_no,
           COALESCE(r.deposit_no, 0) AS deposit_no, r.payee, COALESCE(r.payee_unit_no, 0) AS payee_unit_no,
           r.principal_fen, r.gains_fen, r.due_on, r.evidence, r.pack, COALESCE(u.matter_no, 0) AS matter_no,
           CASE WHEN {stands} THEN 0 ELSE 1 END AS is_reversed,
           CAST(COALESCE((SELECT sum(y.amount_fen) FROM refund_payment y WHERE y.compound_id = r.compound_id
              AND y.refund_no = r.refund_no AND {paid_stands}), 0) AS BIGINT) AS paid_fen
         FROM refund r JOIN dwelling w ON w.compound_id = r.compound_id AND w.dwelling_no = r.dwelling_no
         LEFT JOIN selling_unit u ON u.compound_id = r.compound_id AND u.unit_no = r.unit_no
         WHERE r.compound_id = $1 ORDER BY r.refund_no"
    );
    let some = |no: i32| (no > 0).then_some(no);
    let mut refunds = Vec::new();
    for row in view.rows(REFUNDS, &sql, vec![compound.0.into()]).await? {
        let (cause, payee): (String, String) =
            (row.try_get("", "cause")?, row.try_get("", "payee")?);
        let cause = Cause::named(&cause);
        let principal_fen = Money::fen(row.try_get("", "principal_fen")?);
        let gains_fen = Money::fen(row.try_get("", "gains_fen")?);
        let paid = Money::fen(row.try_get("", "paid_fen")?);
        let is_reversed = row.try_get::<i32>("", "is_reversed")? == 1;
        let is_owed = cause == Cause::Destroyed && !is_reversed;
        refunds.push(Refund {
            refund_no: RefundNo(row.try_get("", "refund_no")?),
            cause,
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            room: row.try_get("", "code")?,
            unit_no: some(row.try_get("", "unit_no")?).map(SellingUnitNo),
            deposit_no: some(row.try_get("", "deposit_no")?).map(DepositNo),
            payee: Payee::named(&payee),
            payee_unit_no: some(row.try_get("", "payee_unit_no")?).map(SellingUnitNo),
            principal_fen,
            gains_fen,
            due_on: row.try_get("", "due_on")?,
            owed_fen: if is_owed { principal_fen + gains_fen - paid } else { Money::ZERO },
            is_reversed,
            evidence: row.try_get("", "evidence")?,
            pack: row.try_get("", "pack")?,
            matter: some(row.try_get("", "matter_no")?).map(crate::id::MatterNo),
        });
    }
    Ok(refunds)
}
