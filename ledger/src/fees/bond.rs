//! Deposits held (押金): taken for a purpose, deducted from with a reason, returned.
//!
//! Owns: `bond`, `bond_move`. Not the fund's deposits: that is `fund`'s.
//!
//! Always: what is held of a dwelling is its balance of 224102, and equals its bonds less what was deducted and returned; never
//! below nothing. What is taken gets a receipt, and passes through the hands of whoever takes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counter::may_be_given;
use super::receipt::{self, Issue, ReceiptNo};
use super::rows::{BOND, BOND_MOVE, BONDS, stands};
use super::{AMOUNT, ITEM, Method, NO_BOND, OVER_BOND, SPENT, may_be_reason, till};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{BondNo, CompoundId, DwellingNo, VoucherSeq};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property::{self, RoomCode};
use crate::seal::may_stand_in_clear;

/// 224102 其他应付款-押金.
const HELD: i32 = 224_102;
/// 6301 营业外收入: what is deducted.
const INCOME: i32 = 6301;

/// A deposit to take.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要收取的押金")]
pub struct NewBond {
    /// The room.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// What for.
    #[schemars(description = "押金名称：1 至 40 个字", example = &"装修押金")]
    pub item: String,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 200_000
    )]
    pub amount_fen: Money,
    /// How it was paid.
    #[schemars(description = "缴费方式")]
    pub method: Method,
    /// The day it was received.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "收款日期")]
    pub received_on: Day,
    /// What was handed over, in cash.
    #[serde(default)]
    #[schemars(description = "实收：分；现金有找零时写", example = 200_000)]
    pub given_fen: Option<Money>,
    /// A cheque's number, a slip's.
    #[serde(default)]
    #[schemars(description = "票号、交易单号：支票、刷卡必写", example = &"")]
    pub reference: String,
    /// Who paid.
    #[serde(default)]
    #[schemars(description = "缴款人：不是产权人时写", example = &"某装修公司")]
    pub payer: String,
}

/// A deposit that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BondTaken {
    /// Its number.
    pub bond_no: BondNo,
    /// Its receipt.
    pub receipt_no: ReceiptNo,
    /// Its voucher.
    pub voucher: Posted,
    /// What went back at once.
    pub change_fen: Money,
}

/// Takes a deposit: Dr money / Cr 224102.
///
/// # Errors
/// `seal.person-in-text`, `fees.item`, `fees.amount`, `fees.reference`, `fees.change`, `property.no-dwelling`, those of
/// [`journal::post`].
pub async fn take_bond(tx: &mut Tx, new: &NewBond) -> Result<BondTaken> {
    let item = new.item.trim();
    may_stand_in_clear("押金名称", item)?;
    may_stand_in_clear("缴款人", &new.payer)?;
    let dwelling = property::rooms(tx, std::slice::from_ref(&new.room)).await?[0];

    let length = item.chars().count();
    if !(1..=40).contains(&length) || item.chars().any(char::is_control) {
        return Err(ITEM.refuse(format!("{length} 个字")).into());
    }
    if !new.amount_fen.is_positive() || !new.amount_fen.is_within_limit() {
        return Err(AMOUNT.refuse(format!("{} 元", new.amount_fen.grouped())).into());
    }
    let given = may_be_given(new.method, &new.reference, new.given_fen, new.amount_fen)?;

    let entry = Entry {
        book: Book::Service,
        effective_on: new.received_on,
        kind: Kind::Payment,
        memo: format!("{} 收{item}（{}）", new.room, new.method.in_chinese()),
        source: "柜台".to_owned(),
        evidence: new.reference.trim().to_owned(),
        lines: vec![
            Line::debit(new.method.account(), new.amount_fen),
            Line::credit(HELD, new.amount_fen).of(dwelling),
        ],
    };
    let voucher = journal::post(tx, entry).await?;
    let bond_no = BondNo(tx.next_no("bond"));
    let row = [
        tx.compound().0.into(),
        bond_no.0.into(),
        dwelling.0.into(),
        item.into(),
        new.amount_fen.in_fen().into(),
        new.received_on.into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&BOND, &row);
    let issue = Issue {
        of: None,
        voucher,
        amount: new.amount_fen,
        given,
        method: new.method,
        reference: &new.reference,
        payer: &new.payer,
    };
    let receipt_no = receipt::issue(tx, &issue);
    till::pass(tx, new.method.name(), new.amount_fen, voucher);
    Ok(BondTaken { bond_no, receipt_no, voucher, change_fen: given - new.amount_fen })
}

/// What became of a part of a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "押金的去向")]
pub enum BondMove {
    /// 扣除.
    #[schemars(description = "扣除")]
    Deduction,
    /// 退还.
    #[schemars(description = "退还")]
    Return,
}

impl BondMove {
    const fn name(self) -> &'static str {
        match self {
            BondMove::Deduction => "deduction",
            BondMove::Return => "return",
        }
    }
}

/// A deposit to deduct from.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要扣除的押金")]
pub struct BondDeducting {
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 50_000
    )]
    pub amount_fen: Money,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因与依据：2 至 200 个字", example = &"装修损坏电梯轿厢，验收单 12")]
    pub reason: String,
}

/// A deposit to return.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要退还的押金")]
pub struct BondReturning {
    /// How much; all that is left if nobody says.
    #[serde(default)]
    #[schemars(
        description = "金额：分；不写则为全部余额",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 150_000
    )]
    pub amount_fen: Option<Money>,
    /// How.
    #[schemars(description = "退款方式")]
    pub method: Method,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因：2 至 200 个字", example = &"装修验收合格")]
    pub reason: String,
}

/// A part of a deposit that was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BondMoved {
    /// The deposit.
    pub bond_no: BondNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// What is left of it.
    pub left_fen: Money,
}

/// Deducts from a deposit: Dr 224102 / Cr 6301.
///
/// # Errors
/// `fees.reason`, `seal.person-in-text`, `fees.no-bond`, `fees.over-bond`, those of [`journal::post`].
pub async fn deduct_bond(tx: &mut Tx, no: BondNo, asked: &BondDeducting) -> Result<BondMoved> {
    let amount = Some(asked.amount_fen);
    move_bond(tx, no, BondMove::Deduction, amount, INCOME, asked.on, &asked.reason).await
}

/// Returns a deposit, or a part of it: Dr 224102 / Cr money.
///
/// # Errors
/// As [`deduct_bond`].
pub async fn return_bond(tx: &mut Tx, no: BondNo, asked: &BondReturning) -> Result<BondMoved> {
    let account = asked.method.account();
    let amount = asked.amount_fen;
    let moved = move_bond(tx, no, BondMove::Return, amount, account, asked.on, &asked.reason);
    let moved = moved.await?;
    till::pass(tx, asked.method.name(), -moved.amount_fen, moved.voucher);
    Ok(moved)
}

async fn move_bond(
    tx: &mut Tx,
    no: BondNo,
    kind: BondMove,
    amount: Option<Money>,
    to: i32,
    on: Day,
    reason: &str,
) -> Result<BondMoved> {
    may_be_reason(reason)?;
    tx.flush().await?;
    let compound = tx.compound();
    let found = bonds_where(tx, compound, "AND x.bond_no = $2", vec![no.0.into()]).await?.pop();
    let bond = found.filter(|bond| bond.stands);
    let bond = bond.ok_or_else(|| NO_BOND.refuse(format!("押金 {no}")))?;
    let amount = may_be_moved(&bond, amount)?;

    let word = if kind == BondMove::Return { "退还" } else { "扣除" };
    let entry = Entry {
        book: Book::Service,
        effective_on: on,
        kind: if kind == BondMove::Return { Kind::Refund } else { Kind::Other },
        memo: format!("{} {word}{}：{}", bond.room, bond.item, reason.trim()),
        source: "柜台".to_owned(),
        evidence: String::new(),
        lines: vec![Line::debit(HELD, amount).of(bond.dwelling_no), Line::credit(to, amount)],
    };
    let voucher = journal::post(tx, entry).await?;
    let move_no = i32::try_from(bond.moves).unwrap_or(i32::MAX - 1) + 1;
    let row = [
        compound.0.into(),
        no.0.into(),
        move_no.into(),
        kind.name().into(),
        amount.in_fen().into(),
        on.into(),
        reason.trim().into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&BOND_MOVE, &row);
    Ok(BondMoved { bond_no: no, voucher, amount_fen: amount, left_fen: bond.left_fen - amount })
}

fn may_be_moved(bond: &Bond, asked: Option<Money>) -> Result<Money, Refusal> {
    let amount = asked.unwrap_or(bond.left_fen);
    if !amount.is_positive() || amount > bond.left_fen {
        let (asked, left) = (amount.grouped(), bond.left_fen.grouped());
        let evidence = format!("押金 {} 余 {left} 元，要动用 {asked} 元", bond.bond_no);
        return Err(OVER_BOND.refuse(evidence).with("available_fen", bond.left_fen.in_fen()));
    }
    Ok(amount)
}

/// A deposit as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "押金现状")]
pub struct Bond {
    /// Its number.
    #[schemars(description = "押金编号", example = 1)]
    pub bond_no: BondNo,
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The room.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// What for.
    #[schemars(description = "押金名称", example = &"装修押金")]
    pub item: String,
    /// How much was taken.
    #[schemars(description = "收取：分", example = 200_000)]
    pub amount_fen: Money,
    /// How much was deducted.
    #[schemars(description = "已扣除：分", example = 50_000)]
    pub deducted_fen: Money,
    /// How much was returned.
    #[schemars(description = "已退还：分", example = 0)]
    pub returned_fen: Money,
    /// What is left.
    #[schemars(description = "余额：分", example = 150_000)]
    pub left_fen: Money,
    /// The day it was taken.
    #[schemars(description = "收款日期")]
    pub received_on: Day,
    /// How many times something was done with it.
    #[schemars(description = "扣除、退还的次数", example = 1)]
    pub moves: i64,
    /// Whether it stands: its receipt is not void.
    #[schemars(description = "是否有效：收据未作废", example = true)]
    pub stands: bool,
}

/// The deposits of a compound after a number, in order.
///
/// # Errors
/// Storage.
pub async fn bonds(
    view: &mut impl View,
    compound: CompoundId,
    after: BondNo,
    most: i32,
) -> Result<Vec<Bond>> {
    let which = "AND x.bond_no > $2 AND x.bond_no <= $2 + $3";
    bonds_where(view, compound, which, vec![after.0.into(), most.clamp(1, 1000).into()]).await
}

async fn bonds_where(
    view: &mut impl View,
    compound: CompoundId,
    which: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Vec<Bond>> {
    let (own, moves) = (stands("x"), stands("m"));
    let moved = |kind: &str| {
        format!(
            "COALESCE((SELECT CAST(sum(m.amount_fen) AS BIGINT) FROM bond_move m WHERE m.compound_id = x.compound_id
               AND m.bond_no = x.bond_no AND m.kind = '{kind}' AND {moves}), 0)"
        )
    };
    let (deducted, returned) = (moved("deduction"), moved("return"));
    let sql = format!(
        "SELECT x.bond_no, x.dwelling_no, d.code, x.item, x.amount_fen, x.received_on,
           {deducted} AS deducted_fen, {returned} AS returned_fen,
           CAST((SELECT count(*) FROM bond_move m WHERE m.compound_id = x.compound_id
                   AND m.bond_no = x.bond_no) AS BIGINT) AS moves,
           CASE WHEN {own} THEN 1 ELSE 0 END AS is_standing
         FROM bond x JOIN dwelling d ON d.compound_id = x.compound_id AND d.dwelling_no = x.dwelling_no
         WHERE x.compound_id = $1 {which} ORDER BY x.bond_no"
    );
    let mut all = vec![compound.0.into()];
    all.extend(values);
    let mut found = Vec::new();
    for row in view.rows(BONDS, &sql, all).await? {
        let amount_fen = Money::fen(row.try_get("", "amount_fen")?);
        let deducted_fen = Money::fen(row.try_get("", "deducted_fen")?);
        let returned_fen = Money::fen(row.try_get("", "returned_fen")?);
        let stands = row.try_get::<i32>("", "is_standing")? == 1;
        let left_fen = if stands { amount_fen - deducted_fen - returned_fen } else { Money::ZERO };
        found.push(Bond {
            bond_no: BondNo(row.try_get("", "bond_no")?),
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            room: row.try_get("", "code")?,
            item: row.try_get("", "item")?,
            amount_fen,
            deducted_fen,
            returned_fen,
            left_fen,
            received_on: row.try_get("", "received_on")?,
            moves: row.try_get("", "moves")?,
            stands,
        });
    }
    Ok(found)
}

/// Whether a voucher may be reversed: if it took a deposit, nothing of it was moved since.
pub(super) async fn may_be_undone(tx: &mut Tx, voucher: VoucherSeq) -> Result<()> {
    let compound = tx.compound();
    let values = vec![voucher.0.into()];
    let found = bonds_where(tx, compound, "AND x.voucher_seq = $2", values).await?.pop();
    match found.filter(|bond| bond.left_fen != bond.amount_fen) {
        Some(bond) => {
            let evidence = format!("押金 {} 已扣除或退还", bond.bond_no);
            Err(SPENT.refuse(evidence).with("available_fen", bond.left_fen.in_fen()).into())
        }
        None => Ok(()),
    }
}
