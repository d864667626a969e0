//! Areas and rates: the decimal side of the fence.
//!
//! Owns: [`Area`] (whole centi-m²) and [`Rate`] (yuan per m², exact decimal). A product of the two is
//! [`Unrounded`]; only a named rounding makes it money.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Unrounded;

/// A floor area in centi-m² (0.01 m²): `88.45 m²` is 8845.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    JsonSchema,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Area(i64);

impl Area {
    /// No area.
    pub const ZERO: Area = Area(0);
    /// The largest area of one dwelling: a million m².
    pub const LIMIT: Area = Area(100_000_000);

    /// So many centi-m².
    #[must_use]
    pub const fn centi_m2(centi_m2: i64) -> Area {
        Area(centi_m2)
    }

    /// For columns and wires.
    #[must_use]
    pub const fn in_centi_m2(self) -> i64 {
        self.0
    }

    /// Reads `88.45`, `88.45㎡`, `88.45 平方米`. `None` unless positive, within [`Area::LIMIT`] and with at
    /// most two decimals (a third is allowed if it is zero).
    #[must_use]
    pub fn parse(text: &str) -> Option<Area> {
        let text =
            text.trim().trim_end_matches(['㎡', '²', 'm', 'M']).trim_end_matches("平方米").trim();
        let plain: Decimal = text.replace([',', '，'], "").parse().ok()?;
        let centi = plain.checked_mul(Decimal::ONE_HUNDRED)?;
        if !centi.fract().is_zero() {
            return None;
        }
        let area = Area(i64::try_from(centi.trunc()).ok()?);
        (area > Area::ZERO && area <= Area::LIMIT).then_some(area)
    }
}

/// Square metres with two decimals: `88.45`.
impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0.abs() % 100))
    }
}

impl Add for Area {
    type Output = Area;
    fn add(self, other: Area) -> Area {
        Area(self.0.checked_add(other.0).expect("areas within the limit cannot overflow"))
    }
}

impl Sum for Area {
    fn sum<I: Iterator<Item = Area>>(areas: I) -> Area {
        areas.fold(Area::ZERO, Add::add)
    }
}

/// A price in yuan per m² (and whatever period its owner says).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(Decimal);

impl Rate {
    /// Yuan per m².
    #[must_use]
    pub const fn yuan_per_m2(yuan: Decimal) -> Rate {
        Rate(yuan)
    }

    /// Rate × area × times (months, shares): exact, not yet money.
    #[must_use]
    pub fn over(self, area: Area, times: Decimal) -> Unrounded {
        Unrounded::yuan(self.0 * Decimal::new(area.0, 2) * times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Money, Rounding};

    #[test]
    fn areas_are_read_to_the_centi_square_metre() {
        assert_eq!(Area::parse("88.45㎡"), Some(Area::centi_m2(8845)));
        assert_eq!(Area::parse("1,088.450 "), Some(Area::centi_m2(108_845)));
        assert_eq!(Area::parse("88.455"), None);
        assert_eq!(Area::parse("0"), None);
        assert_eq!(Area::parse("-3"), None);
        assert_eq!(Area::centi_m2(3_788_808).to_string(), "37888.08");
    }

    /// `domain.md` §7, TV-10.
    #[test]
    fn a_fee_is_rate_times_area_times_months() {
        let rate = Rate::yuan_per_m2("0.35".parse().unwrap());
        let year = rate.over(Area::centi_m2(3_000_000), Decimal::from(12));
        assert_eq!(year.round(Rounding::HalfUpFen), Ok(Money::fen(12_600_000)));
    }
}
