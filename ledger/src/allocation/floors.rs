//! Tables of floors, as neighbours agree on them for a lift: factors, or percentages that sum to the whole.
//!
//! Always: percentages sum to exactly 100 % or are refused (a published table that says 102 % is wrong, and money would be
//! invented); every dwelling's floor is in the table, and every floor that bears something has a dwelling.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Bearer, Group, Place, TABLE_FLOORS, TABLE_SUM, Under, weight};
use crate::error::Refusal;

/// A factor or a percentage with at most four decimals, in ten-thousandths: `0.5`, `1.1`, `8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Coefficient(u32);

impl Coefficient {
    const ONE: u32 = 10_000;

    /// Reads `0.5`, `1.1`, `8`, `8%`. `None` beyond 10,000 or with a fifth decimal.
    #[must_use]
    pub fn parse(text: &str) -> Option<Coefficient> {
        let plain: rust_decimal::Decimal = text.trim().trim_end_matches('%').parse().ok()?;
        let scaled = plain.checked_mul(Coefficient::ONE.into())?;
        let whole = u32::try_from(scaled.trunc()).ok().filter(|_| scaled.fract().is_zero())?;
        (whole <= Coefficient::ONE * Coefficient::ONE).then_some(Coefficient(whole))
    }
}

impl std::fmt::Display for Coefficient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        rust_decimal::Decimal::new(i64::from(self.0), 4).normalize().fmt(f)
    }
}

impl TryFrom<String> for Coefficient {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Coefficient, Self::Error> {
        Coefficient::parse(&text).ok_or("系数最多四位小数，不得为负")
    }
}

impl From<Coefficient> for String {
    fn from(coefficient: Coefficient) -> String {
        coefficient.to_string()
    }
}

/// What each floor bears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "table", rename_all = "kebab-case")]
pub enum FloorTable {
    /// Factors in proportion to each other: `2层 0.5, 3层 1, 4层 1.1`.
    Factors {
        /// By floor.
        of: BTreeMap<i32, Coefficient>,
    },
    /// Percentages of the whole.
    Percentages {
        /// By floor.
        of: BTreeMap<i32, Coefficient>,
    },
}

/// How a floor's coefficient reaches its dwellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// The floor's amount first, then by area within the floor.
    Floor,
    /// Area × factor, over all dwellings at once.
    AreaTimes,
}

pub(super) fn group(
    table: &FloorTable,
    within: Within,
    places: &[&Place],
) -> Result<(String, Under), Refusal> {
    let (word, of) = match table {
        FloorTable::Factors { of } => ("系数", of),
        FloorTable::Percentages { of } => {
            let sum: u64 = of.values().map(|c| u64::from(c.0)).sum();
            if sum != 100 * u64::from(Coefficient::ONE) {
                let told = rust_decimal::Decimal::new(i64::try_from(sum).unwrap_or(i64::MAX), 4);
                let evidence = format!("表中之和为 {}%", told.normalize());
                return Err(TABLE_SUM.refuse(evidence).with("sum_percent", told.to_string()));
            }
            ("比例", of)
        }
    };
    let mut floors = BTreeMap::<i32, Vec<&Place>>::new();
    for place in places {
        let floor = place.floor.filter(|floor| of.contains_key(floor));
        let none = || TABLE_FLOORS.refuse(format!("{} 的楼层不在表中", place.code));
        floors.entry(floor.ok_or_else(none)?).or_default().push(place);
    }
    let has: BTreeSet<i32> = floors.keys().copied().collect();
    if let Some((floor, _)) = of.iter().find(|(floor, c)| c.0 > 0 && !has.contains(floor)) {
        return Err(TABLE_FLOORS.refuse(format!("{floor} 层没有房屋")));
    }

    let coefficient = |floor: &i32| u64::from(of.get(floor).map_or(0, |c| c.0));
    let area = |place: &&Place| weight(place.area.in_centi_m2());
    let table = of.iter().map(|(floor, c)| format!("{floor}层 {c}")).collect::<Vec<_>>().join("、");
    let (words, under) = match within {
        Within::Floor => {
            let group = |(floor, places): (&i32, &Vec<&Place>)| {
                let bearers = places.iter().map(|p| (Bearer::Dwelling(p.dwelling), area(p)));
                Group::of(&format!("{floor}层"), coefficient(floor), bearers.collect())
            };
            ("层内按面积", Under::Groups(floors.iter().map(group).collect()))
        }
        Within::AreaTimes => {
            let mut bearers: Vec<(Bearer, u64)> = floors
                .iter()
                .flat_map(|(floor, places)| {
                    let of = coefficient(floor);
                    places.iter().map(move |p| (Bearer::Dwelling(p.dwelling), of * area(p)))
                })
                .collect();
            // By dwelling, not by floor: a tie goes to the lower number.
            bearers.sort();
            ("面积乘系数", Under::Bearers(bearers))
        }
    };
    Ok((format!("约定：按楼层{word}，{words}（{table}）"), under))
}
