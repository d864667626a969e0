//! Limitation (诉讼时效): three years from the due day, by both readings, and what restarts it.
//!
//! Always: both readings are told, because it is disputed which holds: a bill by itself (民法典 188), or an instalment of one
//! debt, which runs from the last instalment's day (189). A delivered notice, a promise or a lawsuit in time restarts it (195);
//! a promise restarts it even after it ran out (192), a notice and a lawsuit do not. A part payment, which the courts take for
//! an acknowledgement, is not counted: the warning comes earlier rather than later. Nothing is ever written off by it: a court
//! does not apply it of itself (193).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::claim::{Claim, ClaimKind};
use super::position::{Held, position};
use super::rows;
use super::terms::terms;
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{CompoundId, DwellingNo, MatterNo};
use crate::money::Money;
use crate::property;
use crate::tariff::Bearer;

/// What restarts limitation of a bill, in order of the days.
#[derive(Debug)]
pub(super) struct Began {
    restarts: BTreeMap<MatterNo, Vec<(Day, ClaimKind)>>,
    last_due: BTreeMap<(DwellingNo, String), Day>,
}

impl Began {
    /// What was known at the end of a day.
    pub(super) fn of(bills: &[Held], claims: &[Claim], day: Day) -> Began {
        let mut restarts: BTreeMap<MatterNo, Vec<(Day, ClaimKind)>> = BTreeMap::new();
        for claim in claims {
            let on = match claim.kind {
                ClaimKind::Notice => claim.delivered_on,
                ClaimKind::Plan | ClaimKind::Lawsuit => Some(claim.made_on),
            };
            let Some(on) = on.filter(|on| *on <= day) else { continue };
            for bill in &claim.bills {
                restarts.entry(bill.bill_no).or_default().push((on, claim.kind));
            }
        }
        restarts.values_mut().for_each(|events| events.sort_by_key(|(on, _)| *on));
        let mut last_due: BTreeMap<(DwellingNo, String), Day> = BTreeMap::new();
        let stands = |b: &&Held| {
            b.bearer == Bearer::Owner && b.until(super::position::What::Billed, day).is_positive()
        };
        for bill in bills.iter().filter(stands) {
            let last = last_due.entry((bill.dwelling_no, bill.item.clone())).or_insert(bill.due_on);
            *last = (*last).max(bill.due_on);
        }
        Began { restarts, last_due }
    }
}

/// When it runs out and what restarted it last, by each reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Readings {
    pub(super) alone: (Day, Option<(Day, ClaimKind)>),
    pub(super) debt: (Day, Option<(Day, ClaimKind)>),
}

pub(super) fn both_readings(bill: &Held, began: &Began) -> Readings {
    let last = began.last_due.get(&(bill.dwelling_no, bill.item.clone()));
    let events: &[(Day, ClaimKind)] = began.restarts.get(&bill.bill_no).map_or(&[], Vec::as_slice);
    Readings {
        alone: runs_out(bill.due_on, events),
        debt: runs_out(last.copied().unwrap_or(bill.due_on).max(bill.due_on), events),
    }
}

fn runs_out(due_on: Day, events: &[(Day, ClaimKind)]) -> (Day, Option<(Day, ClaimKind)>) {
    let mut end = terms().runs_out(due_on);
    let mut restarted = None;
    for (on, kind) in events {
        let renewed = terms().runs_out(*on);
        if (*on <= end || *kind == ClaimKind::Plan) && renewed > end {
            (end, restarted) = (renewed, Some((*on, *kind)));
        }
    }
    (end, restarted)
}

/// A bill whose limitation runs out soon, or has run out.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "LimitationRow", description = "诉讼时效将届满或已届满的账单")]
pub struct Limit {
    /// The dwelling's code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The bill.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// What was charged.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// By when it was to be paid.
    #[schemars(description = "缴费期限")]
    pub due_on: Day,
    /// What is owed.
    #[schemars(description = "尚欠：分", example = 10_000)]
    pub open_fen: Money,
    /// When it runs out, the bill taken by itself.
    #[schemars(description = "时效届满日：逐笔计算（民法典188条）")]
    pub runs_out_on: Day,
    /// When it runs out, taken as an instalment of one debt.
    #[schemars(description = "时效届满日：按同一债务最后一期计算（民法典189条）")]
    pub debt_runs_out_on: Day,
    /// The day it was last restarted.
    #[schemars(description = "最近一次中断的日期：没有的为空")]
    pub restarted_on: Option<Day>,
    /// By what.
    #[schemars(description = "中断的事由：没有的为空")]
    pub restarted_by: Option<ClaimKind>,
    /// How many days are left by the first reading; negative if it has run out.
    #[schemars(description = "逐笔计算的剩余天数：已届满的为负", example = 30)]
    pub days_left: i64,
}

/// The owners' open bills whose limitation, by the stricter reading, runs out within some days or has run out, the nearest first.
///
/// # Errors
/// Storage.
pub async fn limits(
    view: &mut impl View,
    compound: CompoundId,
    day: Day,
    within: u16,
) -> Result<Vec<Limit>> {
    let rooms = property::numbers(view, compound).await?;
    let claims = rows::claims(view, compound, None).await?;
    let position = position(view, compound, day, None).await?;
    let began = Began::of(&position.bills, &claims, day);
    let mut found: Vec<Limit> = position
        .bills
        .iter()
        .filter(|bill| bill.is_overdue(day))
        .filter_map(|bill| {
            let readings = both_readings(bill, &began);
            let days_left = (readings.alone.0 - day).num_days();
            (days_left <= i64::from(within)).then(|| Limit {
                room: rooms.get(&bill.dwelling_no).cloned().unwrap_or_default(),
                bill_no: bill.bill_no,
                item: bill.item.clone(),
                due_on: bill.due_on,
                open_fen: bill.open(day),
                runs_out_on: readings.alone.0,
                debt_runs_out_on: readings.debt.0,
                restarted_on: readings.alone.1.map(|(on, _)| on),
                restarted_by: readings.alone.1.map(|(_, kind)| kind),
                days_left,
            })
        })
        .collect();
    found.sort_by_key(|limit| (limit.runs_out_on, limit.bill_no));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrears::position::What;
    use crate::arrears::position::tests::{day, held};

    /// 民法典 188, 192, 195.
    #[test]
    fn what_comes_in_time_restarts_and_what_comes_late_does_not() {
        let end = |due: &str, events: &[(&str, ClaimKind)]| {
            let events: Vec<_> = events.iter().map(|(on, kind)| (day(on), *kind)).collect();
            runs_out(day(due), &events).0
        };
        assert_eq!(end("2022-01-31", &[]), day("2025-01-31"));
        let (notice, plan) = (ClaimKind::Notice, ClaimKind::Plan);
        assert_eq!(end("2022-01-31", &[("2025-01-31", notice)]), day("2028-01-31"));
        assert_eq!(end("2022-01-31", &[("2025-02-01", notice)]), day("2025-01-31"));
        assert_eq!(end("2022-01-31", &[("2025-02-01", ClaimKind::Lawsuit)]), day("2025-01-31"));
        assert_eq!(end("2022-01-31", &[("2025-02-01", plan)]), day("2028-02-01"));
        let chain = [("2024-06-01", notice), ("2027-06-01", notice)];
        assert_eq!(end("2022-01-31", &chain), day("2030-06-01"));
    }

    #[test]
    fn the_two_readings_differ_by_the_last_instalment() {
        let billed = |no, from, due| held(no, 1, from, due, &[(from, What::Billed, 100)]);
        let bills = [billed(1, "2022-01-01", "2022-01-31"), billed(2, "2024-01-01", "2024-01-31")];
        let began = Began::of(&bills, &[], day("2025-06-01"));
        let first = both_readings(&bills[0], &began);
        assert_eq!((first.alone.0, first.debt.0), (day("2025-01-31"), day("2027-01-31")));
        let last = both_readings(&bills[1], &began);
        assert_eq!((last.alone.0, last.debt.0), (day("2027-01-31"), day("2027-01-31")));
    }
}
