//! Deposits to the fund (交存明细): who paid in, who drew out, principal and gains apart.
//!
//! Owns: [`deposits`], [`DepositReading`], [`DepositRow`], [`DepositKind`].
//!
//! Always: amounts are positive and the kind says which way they went; one file is one compound.

use std::collections::BTreeSet;

use serde::Serialize;

use super::identity::{has_lost_digits, tidy_name};
use super::layout::{self, Column};
use super::room;
use super::table::{self, Keys, Line};
use super::{
    Address, DEPOSIT_KIND, DEPOSIT_SUM, File, IDENTITY_DIGITS_LOST, MONEY_NEGATIVE, Reading,
    SEVERAL_COMPOUNDS,
};
use crate::calendar::Day;
use crate::error::Refusal;
use crate::measure::Area;
use crate::money::Money;
use crate::property::room_code::RoomCode;

/// What was read of the deposits.
#[derive(Clone, Debug, Serialize)]
pub struct DepositReading {
    /// The rows and what was passed over.
    pub reading: Reading<DepositRow>,
    /// The compound's name, from its column, the preamble or the title.
    pub compound: Option<String>,
}

/// One movement of a room's share of the fund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DepositRow {
    /// Where the row stands.
    pub at: Address,
    /// Stable over files: room, kind, days, amounts, receipt, identity number and occurrence. Not the name,
    /// which old programs mangle.
    pub row_key: String,
    /// The room.
    pub room: RoomCode,
    /// The owner as written; compare with [`super::name_matches`].
    pub owner_name: String,
    /// The identity number as written. Several rows of one room may have several.
    pub id_no: Option<String>,
    /// What it is.
    pub kind: DepositKind,
    /// The business day (业务日期, 交易时间).
    pub on: Day,
    /// The day the bank had it (到账日期).
    pub booked_on: Option<Day>,
    /// The principal.
    pub principal: Money,
    /// The gains.
    pub gains: Money,
    /// The receipt's number.
    pub receipt_no: Option<String>,
    /// The area, to compare with the register.
    pub area: Option<Area>,
    /// How it was paid.
    pub channel: String,
    /// The remark.
    pub remark: String,
    /// Among rows that say the same, which this is, from 1.
    pub occurrence: u32,
}

/// What a movement is, from its summary (摘要).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositKind {
    /// 开户: the first deposit.
    Open,
    /// 缴存: a further one.
    Deposit,
    /// 分红、利息.
    Gains,
    /// 支用、支取、使用.
    Use,
    /// 退款.
    Refund,
}

/// What a summary may say. What goes out is looked for first: 维修使用退款 is a refund.
const KINDS: [(DepositKind, &[&str]); 5] = [
    (DepositKind::Refund, &["退款", "退还", "退缴", "退交"]),
    (DepositKind::Use, &["支用", "支取", "使用", "列支"]),
    (DepositKind::Gains, &["分红", "利息", "结息", "收益"]),
    (DepositKind::Open, &["开户", "首次", "首期"]),
    (
        DepositKind::Deposit,
        &["缴存", "交存", "续交", "续缴", "补交", "补缴", "续筹", "交款", "缴款"],
    ),
];

/// Reads deposits.
///
/// # Errors
/// Any refusal of a file; see [`super::RULES`].
pub fn deposits(file: File<'_>) -> Result<DepositReading, Refusal> {
    let mut keys = Keys::default();
    let mut compounds = BTreeSet::new();
    let table = table::read(file, layout::deposits(), &mut |line| {
        let compound = line.text(Column::Compound);
        if !compound.is_empty() {
            compounds.insert(compound);
        }
        read_row(line, &mut keys)
    })?;
    if compounds.len() > 1 {
        let names: Vec<String> = compounds.into_iter().take(5).collect();
        return Err(SEVERAL_COMPOUNDS.refuse(names.join("、")).with("compounds", names));
    }
    let preamble = table.preamble;
    let written = || preamble.value("compound").or(preamble.title.as_deref()).map(str::to_owned);
    let compound = compounds.into_iter().next().or_else(written);
    Ok(DepositReading { reading: table.reading, compound })
}

fn read_row(line: &mut Line<'_>, keys: &mut Keys) -> Option<DepositRow> {
    let room = room::read(line);
    let owner_name = tidy_name(&line.text(Column::Owner));
    let id_no = identity_number(line);
    let kind = kind(line);
    let (on, booked_on) = days(line);
    let amounts = kind.and_then(|kind| amounts(line, kind));
    let receipt_no = line.identifier(Column::Receipt);
    let area = line.area(Column::Area);
    let channel = line.text(Column::Channel);
    let remark = line.text(Column::Remark);

    let (principal, gains) = amounts?;
    let mut row = DepositRow {
        at: line.at(),
        row_key: String::new(),
        room: room?.code,
        owner_name,
        id_no,
        kind: kind?,
        on: on?,
        booked_on,
        principal,
        gains,
        receipt_no,
        area,
        channel,
        remark,
        occurrence: 1,
    };
    if !line.is_faulty() {
        (row.row_key, row.occurrence) = key(&row, keys);
    }
    Some(row)
}

fn identity_number(line: &mut Line<'_>) -> Option<String> {
    if has_lost_digits(line.cell(Column::IdNo)) {
        line.fault(Column::IdNo, &IDENTITY_DIGITS_LOST, "");
        return None;
    }
    line.identifier(Column::IdNo)
}

/// The kind, by the summary; a file without a summary lists deposits.
fn kind(line: &mut Line<'_>) -> Option<DepositKind> {
    if !line.has(Column::Summary) {
        return Some(DepositKind::Deposit);
    }
    let summary = line.text(Column::Summary);
    let says = |words: &[&str]| words.iter().any(|word| summary.contains(word));
    let kind = KINDS.iter().find(|(_, words)| says(words)).map(|(kind, _)| *kind);
    if kind.is_none() {
        line.fault(Column::Summary, &DEPOSIT_KIND, "");
    }
    kind
}

fn days(line: &mut Line<'_>) -> (Option<Day>, Option<Day>) {
    let column = if line.has(Column::Day) { Column::Day } else { Column::Clock };
    let on = line.day(column);
    let booked_on = line.day(Column::Booked);
    (line.needed(column, on), booked_on)
}

/// Principal and gains. One amount alone is gains if the summary says so, else principal.
fn amounts(line: &mut Line<'_>, kind: DepositKind) -> Option<(Money, Money)> {
    let amount = line.money(Column::Amount);
    let principal = line.money(Column::Principal);
    let gains = line.money(Column::Gains);
    if amount.is_none() && principal.is_none() && gains.is_none() {
        let column = if line.has(Column::Amount) { Column::Amount } else { Column::Principal };
        line.needed(column, amount);
        return None;
    }
    let goes_out = matches!(kind, DepositKind::Use | DepositKind::Refund);
    for (column, figure) in
        [(Column::Amount, amount), (Column::Principal, principal), (Column::Gains, gains)]
    {
        if figure.is_some_and(Money::is_negative) && !goes_out {
            line.fault(column, &MONEY_NEGATIVE, "");
        }
    }
    let figure = |figure: Option<Money>| figure.unwrap_or(Money::ZERO).abs();
    let (total, principal_said, gains_said) = (figure(amount), figure(principal), figure(gains));
    match (amount, principal, gains) {
        (Some(_), None, None) if kind == DepositKind::Gains => Some((Money::ZERO, total)),
        (Some(_), None, None) => Some((total, Money::ZERO)),
        (Some(_), None, Some(_)) if gains_said <= total => Some((total - gains_said, gains_said)),
        (Some(_), _, _) if principal_said + gains_said != total => {
            let sum = principal_said + gains_said;
            line.fault(Column::Amount, &DEPOSIT_SUM, format!("本金加利息为 {sum}"));
            None
        }
        _ => Some((principal_said, gains_said)),
    }
}

fn key(row: &DepositRow, keys: &mut Keys) -> (String, u32) {
    keys.key(
        "deposit",
        &[
            row.room.as_str(),
            &format!("{:?}", row.kind),
            &row.on.to_string(),
            &row.booked_on.map(|day| day.to_string()).unwrap_or_default(),
            &row.principal.to_string(),
            &row.gains.to_string(),
            row.receipt_no.as_deref().unwrap_or_default(),
            row.id_no.as_deref().unwrap_or_default(),
        ],
    )
}
