//! The units that sold public housing (售房单位): who they are, what they owe of their sales, what they put in, who follows them.
//!
//! Always: what a unit extracts from its proceeds is the unit's and no dwelling's (165号令 art. 8, 9, 11): it stands in the
//! accounts of selling units by the unit's matter. A unit that ended does nothing more; its successor does.

use std::collections::BTreeMap;

use chrono::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::FundBalance;
use super::assessment::{self, NewAssessment};
use super::deposit::{self, Deposited, Seen};
use super::rows::{self, UNIT, UNIT_END, UNITS};
use super::{
    Accounts, BANK, DUE_DAY, LEVY_SHAPE, NO_STANDARD, NO_UNIT, NOT_PUBLIC, OVER_ASSESSMENT, SEEN,
    UNIT_ENDED, UNIT_TAKEN, may_be_amount, may_be_day, may_be_kept, receipt,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day, iso_day_if_any};
use crate::error::{Refusal, Result};
use crate::id::{AssessmentNo, CompoundId, DwellingNo, LineNo, MatterNo, SellingUnitNo};
use crate::journal::{self, Book, Entry, Kind, Line};
use crate::measure::Area;
use crate::money::{Money, Rounding};
use crate::policy;
use crate::policy::terms::{Days as Counted, Levied, LevyOn, NoticeKind, Payer};
use crate::property::{self, Dwelling, Housing, NO_DWELLING, RoomCode};

/// A unit to enlist.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSellingUnit", description = "要登记的售房单位")]
pub struct NewUnit {
    /// Its name.
    #[schemars(description = "名称", example = &"第一纺织厂")]
    pub name: String,
}

/// A unit, and what it has in the fund.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "售房单位，及其在维修资金中的资金")]
pub struct SellingUnit {
    /// Its number.
    #[schemars(description = "售房单位编号", example = 1)]
    pub unit_no: SellingUnitNo,
    /// Its name.
    #[schemars(description = "名称", example = &"第一纺织厂")]
    pub name: String,
    /// What it owes of its sales.
    #[serde(rename = "assessed_fen")]
    #[schemars(description = "应提取：分", example = 3_000_000)]
    pub assessed: Money,
    /// What of it is due today.
    #[serde(rename = "due_fen")]
    #[schemars(description = "到期：分", example = 3_000_000)]
    pub due: Money,
    /// What it put in, less what went back to it.
    #[serde(rename = "paid_fen")]
    #[schemars(description = "已提取：分，已扣返还", example = 0)]
    pub paid: Money,
    /// What it has: principal and gains.
    #[schemars(description = "余额")]
    pub balance: FundBalance,
    /// Since when it is no more.
    #[schemars(description = "终止日期：存续的为空")]
    pub ended_on: Option<Day>,
    /// Who follows it.
    #[schemars(description = "承继单位的编号：没有则空")]
    pub successor_no: Option<SellingUnitNo>,
    #[serde(skip)]
    pub(super) matter: MatterNo,
}

/// Enlists a unit.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.selling-unit-taken`.
pub async fn enlist_unit(tx: &mut Tx, new: &NewUnit) -> Result<SellingUnitNo> {
    may_be_kept("名称", &new.name)?;
    let (compound, name) = (tx.compound(), new.name.trim());
    let known = brief(tx, compound).await?;
    if let Some(same) = known.values().find(|unit| unit.name == name) {
        return Err(UNIT_TAKEN.refuse(format!("售房单位 {} {name}", same.no)).into());
    }
    let no = SellingUnitNo(tx.next_no("selling-unit"));
    let matter = journal::open_matter(tx, "selling-unit", name);
    tx.put(
        &UNIT,
        &[compound.0.into(), no.0.into(), name.into(), matter.0.into(), tx.act().0.into()],
    );
    Ok(no)
}

/// A unit by its row.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub(super) no: SellingUnitNo,
    pub(super) name: String,
    pub(super) matter: MatterNo,
    pub(super) ended_on: Option<Day>,
    pub(super) successor: Option<SellingUnitNo>,
}

pub(super) async fn brief(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<BTreeMap<SellingUnitNo, Brief>> {
    let sql = "SELECT u.unit_no, u.name, u.matter_no, e.ended_on, COALESCE(e.successor_no, 0) AS successor_no
               FROM selling_unit u LEFT JOIN selling_unit_end e
                 ON e.compound_id = u.compound_id AND e.unit_no = u.unit_no
               WHERE u.compound_id = $1 ORDER BY u.unit_no";
    let mut units = BTreeMap::new();
    for row in view.rows(UNITS, sql, vec![compound.0.into()]).await? {
        let (no, successor): (i32, i32) =
            (row.try_get("", "unit_no")?, row.try_get("", "successor_no")?);
        let unit = Brief {
            no: SellingUnitNo(no),
            name: row.try_get("", "name")?,
            matter: MatterNo(row.try_get("", "matter_no")?),
            ended_on: row.try_get("", "ended_on")?,
            successor: (successor > 0).then_some(SellingUnitNo(successor)),
        };
        units.insert(unit.no, unit);
    }
    Ok(units)
}

/// A unit, alive or not.
pub(super) async fn unit(tx: &mut Tx, no: SellingUnitNo) -> Result<Brief> {
    let compound = tx.compound();
    let found = brief(tx, compound).await?.remove(&no);
    Ok(found.ok_or_else(|| NO_UNIT.refuse(format!("售房单位编号 {no}")))?)
}

/// Only sold public housing has a selling unit (165号令 art. 8).
pub(super) fn must_be_public(dwelling: &Dwelling) -> Result<(), Refusal> {
    if dwelling.housing == Housing::SoldPublic {
        return Ok(());
    }
    let evidence = format!("{} 为{}", dwelling.code, dwelling.housing.in_chinese());
    Err(NOT_PUBLIC.refuse(evidence))
}

fn may_act(unit: &Brief) -> Result<(), Refusal> {
    let Some(on) = unit.ended_on else { return Ok(()) };
    let then =
        unit.successor.map_or("没有承继单位".to_owned(), |no| format!("承继单位编号 {no}"));
    Err(UNIT_ENDED.refuse(format!("{} 已于 {on} 终止，{then}", unit.name)))
}

/// That a unit is no more, and who follows it.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SellingUnitEnd", description = "售房单位终止（撤销、破产、注销）")]
pub struct EndingUnit {
    /// Since when.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "终止日期")]
    pub on: Day,
    /// Who follows it; nobody if none is named, and the law says where its money goes.
    #[serde(default)]
    #[schemars(description = "承继单位的编号：没有则不写，其资金依当地规定")]
    pub successor_no: Option<SellingUnitNo>,
    /// What proves it.
    #[schemars(description = "凭据", example = &"注销登记通知书")]
    pub evidence: String,
}

/// Records that a unit is no more.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.no-selling-unit`, `fund.selling-unit-ended` (itself, or its successor).
pub async fn end_unit(tx: &mut Tx, no: SellingUnitNo, end: &EndingUnit) -> Result<SellingUnitNo> {
    may_be_kept("凭据", &end.evidence)?;
    may_be_day("终止日期", end.on)?;
    may_act(&unit(tx, no).await?)?;
    if let Some(successor) = end.successor_no {
        let follows = unit(tx, successor).await?;
        may_act(&follows)?;
        if successor == no {
            return Err(UNIT_ENDED.refuse(format!("{} 不能承继自己", follows.name)).into());
        }
    }
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        end.on.into(),
        end.successor_no.map(|no| no.0).into(),
        end.evidence.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&UNIT_END, &row);
    Ok(no)
}

/// A sale of a dwelling of public housing.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一户的售房款")]
pub struct UnitSale {
    /// The dwelling.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// What it was sold for.
    #[schemars(
        description = "售房款：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 15_000_000
    )]
    pub proceeds_fen: Money,
}

/// What a unit is to extract from its proceeds.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SellingUnitLevy", description = "售房单位应自售房款提取的维修资金")]
pub struct UnitLevy {
    /// Its sales.
    #[schemars(description = "各户售房款", length(min = 1, max = 3000))]
    pub sales: Vec<UnitSale>,
    /// The day the proceeds were received.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "收到售房款之日：依此日的规定")]
    pub received_on: Day,
    /// When it is due; by the law's days if nobody says.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "应存日期：不写则按规定的天数（165号令第十二条：30 日内）")]
    pub due_on: Option<Day>,
}

/// Assesses what a unit is to extract, by the pack's part of its proceeds: 20 % without a lift, 30 % with one (165号令 art. 8).
/// Answers the assessments' numbers.
///
/// # Errors
/// `fund.levy-shape`, `fund.amount`, `fund.no-selling-unit`, `fund.selling-unit-ended`, `property.no-dwelling`,
/// `fund.not-sold-public`, `fund.no-standard`, `fund.due-day`; those of [`policy::at`].
pub async fn levy_unit(
    tx: &mut Tx,
    no: SellingUnitNo,
    asked: &UnitLevy,
) -> Result<Vec<AssessmentNo>> {
    let compound = tx.compound();
    may_be_day("收到售房款之日", asked.received_on)?;
    may_act(&unit(tx, no).await?)?;
    let jurisdiction = property::jurisdiction(tx, compound).await?;
    let pack = policy::at(tx, &jurisdiction, asked.received_on).await?;
    let today = tx.at().day();
    let roll = property::roll(tx, compound, today).await?;
    let levied = levied_sales(tx, compound).await?;

    let clock = pack.notice_days(NoticeKind::SellingUnitDeposit).value.0;
    let by_law = clock
        .filter(|notice| notice.counted == Counted::Calendar)
        .and_then(|notice| asked.received_on.checked_add_days(Days::new(u64::from(notice.days))));
    let due_on = asked.due_on.or(by_law).ok_or_else(|| DUE_DAY.refuse("未写应存日期"))?;
    may_be_day("应存日期", due_on)?;
    if asked.sales.is_empty() {
        return Err(LEVY_SHAPE.refuse("没有售房款").into());
    }
    let provenance = pack.provenance.to_string();
    let mut numbers = Vec::with_capacity(asked.sales.len());
    let mut seen = std::collections::BTreeSet::new();
    for sale in &asked.sales {
        let found = roll.iter().find(|dwelling| dwelling.code == sale.room);
        let dwelling = found.ok_or_else(|| NO_DWELLING.refuse(format!("房号 {}", sale.room)))?;
        must_be_public(dwelling)?;
        may_be_amount(sale.proceeds_fen)?;
        // The proceeds of a dwelling are extracted from once (165号令 art. 8: 一次性提取).
        if levied.contains(&dwelling.no) || !seen.insert(dwelling.no) {
            let evidence = format!("{} 的售房款已核定过提取", dwelling.code);
            return Err(LEVY_SHAPE.refuse(evidence).into());
        }
        let none = || NO_STANDARD.refuse(format!("{} 售房单位提取", dwelling.code));
        let levy = pack.levy(Levied::SoldPublic, dwelling.has_lift, Payer::SellingUnit);
        let least = levy.and_then(|levy| levy.least(LevyOn::Proceeds(sale.proceeds_fen)));
        let due = least.and_then(|least| least.round(Rounding::HalfUpFen).ok()).ok_or_else(none)?;
        let lift = if dwelling.has_lift { "有电梯" } else { "无电梯" };
        let standard = format!(
            "{} 售房款 {} 元，{lift}",
            pack.terms.levy.article,
            sale.proceeds_fen.grouped()
        );
        let new = NewAssessment {
            dwelling: dwelling.no,
            kind: "extraction",
            month: None,
            unit: Some(no),
            plan: None,
            due,
            due_on: &[due_on],
            standard: &standard,
            standard_no: None,
            area: Area::ZERO,
            rate: "",
            pack: &provenance,
            replaces: None,
            reason: "",
        };
        numbers.push(assessment::keep(tx, &new));
    }
    Ok(numbers)
}

async fn levied_sales(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<std::collections::BTreeSet<DwellingNo>> {
    let sql = format!(
        "SELECT a.dwelling_no FROM assessment a
         WHERE a.compound_id = $1 AND a.kind = 'extraction' AND {}",
        rows::current()
    );
    let rows = view.rows(UNITS, &sql, vec![compound.0.into()]).await?;
    rows.iter().map(|row| Ok(DwellingNo(row.try_get_by_index(0)?))).collect()
}

/// What a unit puts in.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "SellingUnitDeposit",
    description = "售房单位存入：只写 line_no，或写齐 amount_fen 与 received_on",
    example = serde_json::json!({ "amount_fen": 3_000_000, "received_on": "2026-01-05" })
)]
pub struct UnitDeposit {
    /// The bank line it is on.
    #[serde(default)]
    #[schemars(description = "流水编号：认领银行流水时写")]
    pub line_no: Option<LineNo>,
    /// How much, by hand.
    #[serde(default)]
    #[schemars(
        description = "金额：分，手工登记时写",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 3_000_000
    )]
    pub amount_fen: Option<Money>,
    /// When, by hand.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "收款日期：手工登记时写")]
    pub received_on: Option<Day>,
    /// The receipt's number.
    #[serde(default)]
    #[schemars(description = "专用票据号", example = &"")]
    pub receipt_no: String,
}

/// Where money was seen: on a line, or by hand with amount and day.
pub(super) fn seen(
    line_no: Option<LineNo>,
    amount: Option<Money>,
    received_on: Option<Day>,
) -> Result<Seen, Refusal> {
    match (line_no, amount, received_on) {
        (Some(line_no), None, None) => Ok(Seen::BankLine { line_no }),
        (None, Some(amount), Some(received_on)) => Ok(Seen::Hand { amount, received_on }),
        _ => Err(SEEN.refuse("流水编号、金额、收款日期")),
    }
}

/// Records what a unit put in: Dr 1001 / Cr 400103, by the unit's matter.
///
/// # Errors
/// `fund.seen`, `fund.no-selling-unit`, `fund.selling-unit-ended`, those of `bank::incoming`, `fund.amount`,
/// `fund.receipt-used`, `fund.over-assessment`, those of [`journal::post`].
pub async fn deposit_of_unit(
    tx: &mut Tx,
    no: SellingUnitNo,
    asked: &UnitDeposit,
) -> Result<Deposited> {
    let said = seen(asked.line_no, asked.amount_fen, asked.received_on)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    let unit = unit(tx, no).await?;
    let seen = deposit::look(tx, &said).await?;
    let used = receipt::used_by(tx, compound, &asked.receipt_no).await?;
    let standing = selling_units(tx, compound, today).await?.into_iter().find(|u| u.unit_no == no);

    may_act(&unit)?;
    may_be_amount(seen.amount)?;
    deposit::may_take_receipt(&asked.receipt_no, used)?;
    if let Some(s) = standing.filter(|s| s.paid + seen.amount > s.assessed) {
        let evidence = format!(
            "{}：应提取 {} 元，已存 {} 元，本次 {} 元",
            s.name,
            s.assessed.grouped(),
            s.paid.grouped(),
            seen.amount.grouped()
        );
        return Err(OVER_ASSESSMENT.refuse(evidence).into());
    }
    let range = receipt::range_of(tx, &asked.receipt_no).await?;

    let entry = Entry {
        book: Book::Fund,
        effective_on: seen.received_on,
        kind: Kind::Deposit,
        memo: format!("售房单位提取 {}", unit.name),
        source: seen.source(),
        evidence: asked.receipt_no.clone(),
        lines: vec![
            Line::debit(BANK, seen.amount),
            Line::credit(Accounts::of_units().deposit_income, seen.amount).about(unit.matter),
        ],
    };
    let voucher = journal::post(tx, entry).await?;
    seen.claim(tx, voucher);
    let kept = seen.kept("extraction", seen.amount, voucher);
    let deposit_no = deposit::keep_of(tx, None, Some(no), &asked.receipt_no, &kept);
    receipt::keep(tx, &asked.receipt_no, deposit_no, range);
    Ok(Deposited { deposit_no, voucher, amount_fen: seen.amount, received_on: seen.received_on })
}

/// The units of a compound: what they owe of their sales by a day, what they put in, what they have.
///
/// # Errors
/// Storage.
pub async fn selling_units(
    view: &mut impl View,
    compound: CompoundId,
    on: Day,
) -> Result<Vec<SellingUnit>> {
    let mut units: BTreeMap<SellingUnitNo, SellingUnit> = BTreeMap::new();
    for unit in brief(view, compound).await?.into_values() {
        let told = SellingUnit {
            unit_no: unit.no,
            name: unit.name,
            assessed: Money::ZERO,
            due: Money::ZERO,
            paid: Money::ZERO,
            balance: FundBalance::default(),
            ended_on: unit.ended_on,
            successor_no: unit.successor,
            matter: unit.matter,
        };
        units.insert(unit.no, told);
    }
    let (stands, refund_stands) =
        (rows::stands("d", "voucher_seq"), rows::stands("r", "voucher_seq"));
    let current = rows::current();
    let sql = format!(
        "SELECT 1 AS what, a.unit_no, CAST(sum(a.due_fen) AS BIGINT) AS fen,
           CAST(sum(CASE WHEN a.due_on <= $2 THEN a.due_fen ELSE 0 END) AS BIGINT) AS due_fen
         FROM assessment a WHERE a.compound_id = $1 AND a.unit_no IS NOT NULL AND {current} GROUP BY a.unit_no
         UNION ALL
         SELECT 2, d.unit_no, CAST(sum(d.amount_fen) AS BIGINT), CAST(0 AS BIGINT) FROM deposit d
         WHERE d.compound_id = $1 AND d.unit_no IS NOT NULL AND {stands} GROUP BY d.unit_no
         UNION ALL
         SELECT 3, r.unit_no, CAST(sum(r.principal_fen) AS BIGINT), CAST(0 AS BIGINT) FROM refund r
         WHERE r.compound_id = $1 AND r.unit_no IS NOT NULL AND {refund_stands} GROUP BY r.unit_no"
    );
    for row in view.rows(UNITS, &sql, vec![compound.0.into(), on.into()]).await? {
        let no = SellingUnitNo(row.try_get("", "unit_no")?);
        let Some(unit) = units.get_mut(&no) else { continue };
        let fen = Money::fen(row.try_get("", "fen")?);
        match row.try_get::<i32>("", "what")? {
            1 => {
                unit.assessed = fen;
                unit.due = Money::fen(row.try_get("", "due_fen")?);
            }
            2 => unit.paid += fen,
            _ => unit.paid -= fen,
        }
    }
    let by_matter = balances_by_matter(view, compound).await?;
    let mut told: Vec<SellingUnit> = units.into_values().collect();
    for unit in &mut told {
        unit.balance = by_matter.get(&unit.matter).copied().unwrap_or_default();
    }
    Ok(told)
}

/// What stands in the fund by matter and no dwelling, principal and gains apart.
pub(super) async fn balances_by_matter(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<BTreeMap<MatterNo, FundBalance>> {
    let sql = "SELECT matter_no, account, credit_fen - debit_fen AS fen FROM balance
               WHERE compound_id = $1 AND book = 1 AND dwelling_no = 0 AND matter_no > 0";
    let mut balances: BTreeMap<MatterNo, FundBalance> = BTreeMap::new();
    for row in view.rows(UNITS, sql, vec![compound.0.into()]).await? {
        let matter = MatterNo(row.try_get("", "matter_no")?);
        let fen: i64 = row.try_get("", "fen")?;
        balances.entry(matter).or_default().bear(row.try_get("", "account")?, Money::fen(fen));
    }
    Ok(balances)
}
