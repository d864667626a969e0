//! Who has not paid in what was assessed: per dwelling, with ages; per building.
//!
//! Always: what was paid counts against what fell due first; ages are counted from the day the oldest unpaid part fell due.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::assessment::{self, Due};
use super::deposit::{self, DepositKind, Paid};
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{AssessmentNo, CompoundId, DwellingNo, RenewalNo};
use crate::money::Money;
use crate::property::{self, Dwelling, RoomCode};

/// What a dwelling owes of one kind on a day.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一户一类的应交与欠交")]
pub struct Owing {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// Its building.
    #[schemars(description = "楼栋", example = &"1")]
    pub building: String,
    /// Whether the developer still holds it, and so owes it.
    #[schemars(description = "是否未售：由建设单位交存", example = false)]
    pub is_unsold: bool,
    /// Which kind.
    #[schemars(description = "种类")]
    pub kind: DepositKind,
    /// All that was assessed.
    #[serde(rename = "assessed_fen")]
    #[schemars(description = "核定：分", example = 574_925)]
    pub assessed: Money,
    /// What of it is due by the day.
    #[serde(rename = "due_fen")]
    #[schemars(description = "到期：分", example = 574_925)]
    pub due: Money,
    /// What was paid.
    #[serde(rename = "paid_fen")]
    #[schemars(description = "已交：分", example = 0)]
    pub paid: Money,
    /// What is due and not paid.
    #[serde(rename = "owed_fen")]
    #[schemars(description = "欠交：分", example = 574_925)]
    pub owed: Money,
    /// Since when the oldest unpaid part is due.
    #[schemars(description = "最早欠交的应交日期：不欠则空")]
    pub since: Option<Day>,
    /// How many days that is.
    #[schemars(description = "欠交天数", example = 30)]
    pub days: i64,
}

/// An assessment and what was paid of it.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) dwelling: DwellingNo,
    pub(super) kind: DepositKind,
    pub(super) plan: Option<RenewalNo>,
    pub(super) assessed: Money,
    pub(super) due: Money,
    pub(super) paid: Money,
    pub(super) owed: Money,
    pub(super) since: Option<Day>,
}

/// Counts what was paid against what fell due first, instalment by instalment; answers each assessment, in their order.
pub(super) fn settle(dues: &[Due], paid: &Paid, on: Day) -> BTreeMap<AssessmentNo, Settled> {
    let mut left = paid.clone();
    let mut settled: BTreeMap<AssessmentNo, Settled> = BTreeMap::new();
    for due in dues {
        let rest = left.entry((due.dwelling, due.kind, due.plan)).or_default();
        let part = due.due.min(*rest);
        *rest -= part;
        let row = settled.entry(due.assessment).or_insert(Settled {
            dwelling: due.dwelling,
            kind: due.kind,
            plan: due.plan,
            assessed: Money::ZERO,
            due: Money::ZERO,
            paid: Money::ZERO,
            owed: Money::ZERO,
            since: None,
        });
        row.assessed += due.due;
        row.paid += part;
        if due.due_on <= on {
            row.due += due.due;
            row.owed += due.due - part;
            if part < due.due {
                row.since = row.since.or(Some(due.due_on));
            }
        }
    }
    settled
}

/// What dwellings were assessed, paid and owe on a day, kind by kind, in natural order.
///
/// # Errors
/// Storage.
pub async fn dues(
    view: &mut impl View,
    compound: CompoundId,
    on: Day,
    only: Option<DwellingNo>,
) -> Result<Vec<Owing>> {
    let dues = assessment::all_dues(view, compound, only).await?;
    let paid = deposit::paid(view, compound, only, Some(on)).await?;
    let roll = property::roll(view, compound, on).await?;
    let settled = settle(&dues, &paid, on);

    let mut rows: BTreeMap<(DwellingNo, DepositKind), Settled> = BTreeMap::new();
    for one in settled.into_values() {
        let key = (one.dwelling, one.kind);
        let Some(sum) = rows.get_mut(&key) else {
            rows.insert(key, one);
            continue;
        };
        sum.assessed += one.assessed;
        sum.due += one.due;
        sum.owed += one.owed;
        sum.paid += one.paid;
        sum.since = [sum.since, one.since].into_iter().flatten().min();
    }
    let mut owing = Vec::with_capacity(rows.len());
    for dwelling in &roll {
        let of = (dwelling.no, DepositKind::Initial)..=(dwelling.no, DepositKind::Monthly);
        for ((no, kind), row) in rows.range(of) {
            // Of top-ups what counts for a plan; of everything else all there is.
            let all = paid.get(&(*no, *kind, None)).copied().unwrap_or_default();
            let paid = if *kind == DepositKind::TopUp { row.paid } else { all };
            owing.push(told(dwelling, row, paid, on));
        }
    }
    Ok(owing)
}

fn told(dwelling: &Dwelling, row: &Settled, paid: Money, on: Day) -> Owing {
    Owing {
        dwelling_no: dwelling.no,
        room: dwelling.code.clone(),
        building: property::building_code(&dwelling.code),
        is_unsold: dwelling.is_unsold,
        kind: row.kind,
        assessed: row.assessed,
        due: row.due,
        paid,
        owed: row.owed,
        since: row.since,
        days: row.since.map_or(0, |since| (on - since).num_days()),
    }
}

/// Up to how many days each column of ages reaches; the last has no end.
pub const AGES: [i64; 3] = [30, 90, 365];

/// What the dwellings of a building owe, by age.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一幢的欠交：按账龄")]
pub struct BuildingArrears {
    /// The building.
    #[schemars(description = "楼栋", example = &"1")]
    pub building: String,
    /// How many dwellings owe.
    #[schemars(description = "欠交：户", example = 3)]
    pub dwellings: u32,
    /// What they owe.
    #[schemars(description = "欠交合计：分", example = 1_724_775)]
    pub owed_fen: Money,
    /// Up to 30 days.
    #[schemars(description = "30 天以内：分", example = 0)]
    pub to_30_days_fen: Money,
    /// 31 to 90 days.
    #[schemars(description = "31 至 90 天：分", example = 0)]
    pub to_90_days_fen: Money,
    /// 91 to 365 days.
    #[schemars(description = "91 至 365 天：分", example = 0)]
    pub to_365_days_fen: Money,
    /// Longer.
    #[schemars(description = "365 天以上：分", example = 0)]
    pub longer_fen: Money,
}

/// What is owed, by building and age.
#[must_use]
pub fn arrears_by_building(owing: &[Owing]) -> Vec<BuildingArrears> {
    let mut buildings: Vec<BuildingArrears> = Vec::new();
    let mut last = None;
    for row in owing.iter().filter(|row| row.owed.is_positive()) {
        let at = buildings.iter().position(|b| b.building == row.building);
        let at = at.unwrap_or_else(|| {
            buildings
                .push(BuildingArrears { building: row.building.clone(), ..Default::default() });
            buildings.len() - 1
        });
        let sums = &mut buildings[at];
        // A dwelling's kinds follow one another.
        if last.replace(row.dwelling_no) != Some(row.dwelling_no) {
            sums.dwellings += 1;
        }
        sums.owed_fen += row.owed;
        let [month, quarter, year] = AGES;
        let column = match row.days {
            days if days <= month => &mut sums.to_30_days_fen,
            days if days <= quarter => &mut sums.to_90_days_fen,
            days if days <= year => &mut sums.to_365_days_fen,
            _ => &mut sums.longer_fen,
        };
        *column += row.owed;
    }
    buildings
}
