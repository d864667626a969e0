//! Terms of public revenue: what may be deducted, for what it may be spent, by which days things are due.

use serde::{Deserialize, Serialize};

use super::{Bar, Fraction, Notice, Perhaps};
use crate::calendar::{Day, Month};
use crate::money::Money;

/// What may be deducted before revenue is the owners' (民法典 282: after reasonable cost).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RevenueCost {
    /// What may be before there is an owners' assembly.
    pub before_assembly: CostsBefore,
    /// The most that all costs of a year may be of its income without tax, before there is one.
    pub cap_before_assembly: Perhaps<Bar<Fraction>>,
    /// The most that the operator's share may be of income without tax. No national ratio exists.
    pub operator_share: Perhaps<Bar<Fraction>>,
}

/// What may be deducted while there is no owners' assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CostsBefore {
    /// What was agreed and has its voucher.
    AsAgreed,
    /// Taxes alone: management is part of the early-stage service fee.
    TaxesOnly,
}

/// For what the owners' part may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RevenueUses {
    /// Whether works that the maintenance fund pays may be paid from it.
    pub fund_works: bool,
    /// From which amount on a new common facility needs a review of its cost.
    pub review_from: Perhaps<Bar<Money>>,
}

/// By which days things of public revenue are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RevenueClocks {
    /// The publication, after its period.
    pub publish_by: Perhaps<AfterPeriod>,
    /// How long it hangs.
    pub stays: Perhaps<Notice>,
    /// The transfer to the fund, after its period.
    pub transfer_by: Perhaps<AfterPeriod>,
    /// The hand-over, after the end of a term.
    pub hand_over: Perhaps<Notice>,
}

/// A day after a period: in the so-manieth month after it; a day the month does not have is its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AfterPeriod {
    /// Which month after the last of the period, from 1.
    pub month: u8,
    /// Which day of it; 31 is its last.
    pub day: u8,
}

impl AfterPeriod {
    /// The day for a period that ends with a month.
    #[must_use]
    pub fn following(self, last: Month) -> Day {
        let month = (0..self.month).fold(last, |month, _| month.next());
        let day = u64::from(self.day.max(1) - 1);
        (month.first_day() + chrono::Days::new(day)).min(month.last_day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_after_a_period_is_within_its_month() {
        let of = |month, day, last: &str| {
            AfterPeriod { month, day }.following(Month::parse(last).unwrap()).to_string()
        };
        assert_eq!(of(1, 15, "2026-03"), "2026-04-15");
        assert_eq!(of(1, 31, "2026-03"), "2026-04-30");
        assert_eq!(of(1, 31, "2025-12"), "2026-01-31");
        assert_eq!(of(3, 31, "2025-12"), "2026-03-31");
        assert_eq!(of(2, 30, "2025-12"), "2026-02-28");
    }
}
