//! Working days (工作日): Monday to Friday, less the holidays of the State Council's yearly arrangement, with the weekends it makes
//! working days.
//!
//! Owns: [`is_working`], and the arrangements as data (`holidays.toml`, each with its document). Always: a day of a year whose
//! arrangement is not among them is not guessed. Limits: an arrangement is published in November for the next year and
//! comes with a release; a city's own holidays are none of these.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{Datelike, Weekday};
use serde::Deserialize;

use super::Day;

/// A year's arrangement, as `holidays.toml` has it.
#[derive(Debug, Deserialize)]
struct Arrangement {
    year: i32,
    /// First and last day of each holiday.
    off: Vec<(Day, Day)>,
    /// Weekends that are worked.
    work: BTreeSet<Day>,
}

static ARRANGEMENTS: LazyLock<BTreeMap<i32, Arrangement>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        year: Vec<Arrangement>,
    }
    let file: File = toml::from_str(include_str!("holidays.toml")).expect("a test reads it");
    file.year.into_iter().map(|arrangement| (arrangement.year, arrangement)).collect()
});

/// Whether a day is a working day; none where its year's arrangement is not known.
#[must_use]
pub fn is_working(day: Day) -> Option<bool> {
    let arrangement = ARRANGEMENTS.get(&day.year())?;
    let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let is_off = arrangement.off.iter().any(|(first, last)| (*first..=*last).contains(&day));
    Some(if is_weekend { arrangement.work.contains(&day) } else { !is_off })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn the_arrangements_read_and_have_the_years_working_days() {
        let file: toml::Table = include_str!("holidays.toml").parse().unwrap();
        for year in file["year"].as_array().unwrap() {
            assert!(year["document"].as_str().unwrap().starts_with("国务院办公厅关于"), "{year}");
            assert!(year["source"].is_str() && year["evidence"].as_str() == Some("V"), "{year}");
        }
        for (year, arrangement) in ARRANGEMENTS.iter() {
            let of_year = |day: &Day| day.year() == *year;
            assert!(arrangement.work.iter().all(of_year), "{year}");
            for (first, last) in &arrangement.off {
                assert!(of_year(first) && of_year(last) && first <= last, "{first} {last}");
            }
            for worked in &arrangement.work {
                assert!(matches!(worked.weekday(), Weekday::Sat | Weekday::Sun), "{worked}");
            }
        }
        // Days less weekends less the holidays of 全国年节及纪念日放假办法: 11 to 2024, 13 since.
        for (year, wanted) in
            [(2024, 366 - 104 - 11), (2025, 365 - 104 - 13), (2026, 365 - 104 - 13)]
        {
            let first = Day::from_ymd_opt(year, 1, 1).unwrap();
            let days = first.iter_days().take_while(|day| day.year() == year);
            assert_eq!(days.filter(|day| is_working(*day).unwrap()).count(), wanted, "{year}");
        }
    }

    #[test]
    fn a_day_is_worked_as_the_year_was_arranged() {
        for (text, works) in [
            ("2026-01-02", Some(false)),
            ("2026-01-04", Some(true)),
            ("2026-01-05", Some(true)),
            ("2026-01-10", Some(false)),
            ("2026-02-23", Some(false)),
            ("2026-02-28", Some(true)),
            ("2025-10-08", Some(false)),
            ("2024-02-09", Some(true)),
            ("2023-12-29", None),
            ("2027-01-04", None),
        ] {
            assert_eq!(is_working(day(text)), works, "{text}");
        }
    }
}
