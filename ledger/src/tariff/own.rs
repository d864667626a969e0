//! What is a dwelling's own: what it need not pay, the spaces it holds, what its meters said.
//!
//! Always: a span ends no earlier than it begins; one space has one dwelling on a day; a meter runs forward.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{METER_READING, Meter, SPAN, is_a_day, may_be_kept, rows};
use crate::books::Tx;
use crate::calendar::{Day, iso_day, iso_day_if_any};
use crate::error::{Refusal, Result};
use crate::id::{DwellingNo, LeaseNo, ReliefNo};

/// What a dwelling need not pay: a concession on an item, or that it stands empty.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "FeeRelief", description = "减免或空置")]
pub struct Relief {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub relief_no: ReliefNo,
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The item it is on; none if the dwelling stands empty.
    #[schemars(description = "收费项目：空置的为空")]
    pub item: Option<String>,
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day, if it is known.
    #[schemars(description = "止日：未定的为空")]
    pub to_on: Option<Day>,
    /// What is paid, in hundredths of a per cent. Of an empty dwelling the contract says it.
    #[schemars(description = "应缴比例：万分之几；空置的依合同", example = 8_000)]
    pub pays_bp: u16,
    /// Why.
    #[schemars(description = "依据", example = &"空置申请表")]
    pub reason: String,
}

impl Relief {
    pub(super) fn is_live_on(&self, day: Day) -> bool {
        self.from_on <= day && self.to_on.is_none_or(|to| day <= to)
    }
}

/// A space a dwelling holds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "SpaceLease", description = "车位租用")]
pub struct Lease {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub lease_no: LeaseNo,
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The space.
    #[schemars(description = "车位", example = &"A-017")]
    pub space: String,
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day, if it is known.
    #[schemars(description = "止日：未定的为空")]
    pub to_on: Option<Day>,
}

impl Lease {
    pub(super) fn holds_on(&self, day: Day) -> bool {
        self.from_on <= day && self.to_on.is_none_or(|to| day <= to)
    }
}

/// What a meter stood at.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "MeterReading", description = "抄表读数")]
pub struct Reading {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The meter's number.
    #[schemars(description = "表号", example = &"W-1-101")]
    pub meter: String,
    /// What it counts.
    #[schemars(description = "表的种类")]
    pub kind: Meter,
    /// The day.
    #[schemars(description = "抄表日")]
    pub read_on: Day,
    /// What it stood at, in thousandths.
    #[schemars(description = "读数：千分之一单位", example = 123_000)]
    pub value_milli: i64,
    /// By what a count is multiplied.
    #[schemars(description = "倍率", example = 1)]
    pub factor: u16,
    /// Whether it is the meter's first.
    #[schemars(description = "是否装表读数")]
    pub is_first: bool,
}

/// A relief to grant.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewFeeRelief", description = "要登记的减免或空置")]
pub struct NewRelief {
    /// The item; none if the dwelling stands empty.
    #[serde(default)]
    #[schemars(description = "收费项目：登记空置的不写", example = &"物业费")]
    pub item: Option<String>,
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "止日：未定的不写")]
    pub to_on: Option<Day>,
    /// What is paid.
    #[serde(default)]
    #[schemars(
        description = "应缴比例：万分之几；空置的不写",
        range(max = 10_000),
        example = 8_000
    )]
    pub pays_bp: u16,
    /// Why.
    #[schemars(description = "依据", example = &"空置申请表")]
    pub reason: String,
}

/// Grants a relief to a dwelling, or registers that it stands empty. It counts for bills that are yet to be made.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.span`.
pub fn relieve(tx: &mut Tx, dwelling: DwellingNo, new: &NewRelief) -> Result<ReliefNo> {
    may_be_kept("依据", &new.reason)?;
    if let Some(item) = &new.item {
        may_be_kept("收费项目", item)?;
    }
    span(new.from_on, new.to_on)?;
    if new.pays_bp > 10_000 || (new.item.is_none() && new.pays_bp > 0) {
        return Err(SPAN.refuse(format!("应缴比例万分之 {}", new.pays_bp)).into());
    }
    Ok(rows::keep_relief(tx, dwelling, new))
}

fn span(from: Day, to: Option<Day>) -> Result<(), Refusal> {
    if !is_a_day(from) || to.is_some_and(|to| to < from || !is_a_day(to)) {
        let to = to.map_or("未定".to_owned(), |to| to.to_string());
        return Err(SPAN.refuse(format!("{from} 至 {to}")));
    }
    Ok(())
}

/// A space to let.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSpaceLease", description = "要登记的车位租用")]
pub struct NewLease {
    /// The space.
    #[schemars(description = "车位", example = &"A-017")]
    pub space: String,
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "止日：未定的不写")]
    pub to_on: Option<Day>,
}

/// Lets a space to a dwelling.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.span`: two dwellings cannot hold one space on one day.
pub async fn lease(tx: &mut Tx, dwelling: DwellingNo, new: &NewLease) -> Result<LeaseNo> {
    may_be_kept("车位", &new.space)?;
    span(new.from_on, new.to_on)?;
    let compound = tx.compound();
    let known = rows::leases(tx, compound).await?;
    let space = new.space.trim();
    let meets = |l: &&Lease| {
        l.space == space
            && l.to_on.is_none_or(|to| new.from_on <= to)
            && new.to_on.is_none_or(|to| l.from_on <= to)
    };
    if let Some(held) = known.iter().find(meets) {
        let to = held.to_on.map_or("未定".to_owned(), |to| to.to_string());
        let evidence =
            format!("车位 {space} 已由房屋 {} 租用，{} 至 {to}", held.dwelling_no, held.from_on);
        return Err(SPAN.refuse(evidence).with("lease_no", held.lease_no.0).into());
    }
    Ok(rows::keep_lease(tx, dwelling, new))
}

/// A reading to keep.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewMeterReading", description = "要登记的读数")]
pub struct NewReading {
    /// The meter's number.
    #[schemars(description = "表号", example = &"W-1-101")]
    pub meter: String,
    /// What it counts.
    #[schemars(description = "表的种类")]
    pub kind: Meter,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "抄表日")]
    pub read_on: Day,
    /// What it stood at, in thousandths.
    #[schemars(
        description = "读数：千分之一单位",
        range(min = 0, max = 1_000_000_000_000_i64),
        example = 123_000
    )]
    pub value_milli: i64,
    /// By what a count is multiplied.
    #[serde(default = "one")]
    #[schemars(description = "倍率：不写为 1", range(min = 1, max = 1_000), example = 1)]
    pub factor: u16,
}

const fn one() -> u16 {
    1
}

/// Keeps readings of dwellings' meters. A meter's first is what it stood at when it was fitted.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.reading`.
pub async fn read(tx: &mut Tx, new: &[(DwellingNo, NewReading)]) -> Result<()> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let last = rows::last_readings(tx, compound).await?;
    let mut last: HashMap<String, Reading> =
        last.into_iter().map(|r| (r.meter.clone(), r)).collect();
    for (dwelling, reading) in new {
        may_be_kept("表号", &reading.meter)?;
        let meter = reading.meter.trim();
        let before = last.get(meter);
        let is_fit = (0..=1_000_000_000_000).contains(&reading.value_milli)
            && (1..=1_000).contains(&reading.factor)
            && is_a_day(reading.read_on)
            && reading.read_on <= today
            && before.is_none_or(|l| {
                (l.dwelling_no, l.kind, l.factor) == (*dwelling, reading.kind, reading.factor)
                    && l.read_on < reading.read_on
                    && l.value_milli <= reading.value_milli
            });
        if !is_fit {
            let told = before
                .map_or(String::new(), |l| format!("；上次 {} 读数 {}", l.read_on, l.value_milli));
            let evidence =
                format!("表 {meter} {} 读数 {}{told}", reading.read_on, reading.value_milli);
            return Err(METER_READING.refuse(evidence).into());
        }
        let kept = Reading {
            dwelling_no: *dwelling,
            meter: meter.to_owned(),
            kind: reading.kind,
            read_on: reading.read_on,
            value_milli: reading.value_milli,
            factor: reading.factor,
            is_first: before.is_none(),
        };
        rows::keep_reading(tx, &kept);
        last.insert(meter.to_owned(), kept);
    }
    Ok(())
}
