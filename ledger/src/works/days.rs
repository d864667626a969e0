//! How long a notice hangs: one rule for every clock of a project.
//!
//! The day it is posted does not count (民法典 art. 201), a day ends at midnight (art. 203): after `days` *whole* days the next
//! step may be taken on the day that follows. Posted on the 5th for 7 days, the vote opens on the 13th at the earliest.
//! Working days are counted by the State Council's arrangement of the year; of a year whose arrangement is not known such a
//! clock is not judged, and not guessed.

use crate::calendar::{Day, is_working};
use crate::policy::terms::{Clocks, Days, Notice};

/// Whole days between the day of posting and a day, both left out.
#[must_use]
pub fn whole_days(posted_on: Day, until: Day) -> i64 {
    ((until - posted_on).num_days() - 1).max(0)
}

/// The working days among them; none where a year of them is not known.
fn working_days(posted_on: Day, until: Day) -> Option<i64> {
    let between = posted_on.iter_days().skip(1).take_while(|day| *day < until);
    between.map(is_working).try_fold(0, |days, works| Some(days + i64::from(works?)))
}

/// The day after so many working days that follow a day; none where a year of them is not known.
fn after_working_days(posted_on: Day, needed: u16) -> Option<Day> {
    let (mut day, mut left) = (posted_on, needed);
    while left > 0 {
        day = day.succ_opt()?;
        left -= u16::from(is_working(day)?);
    }
    day.succ_opt()
}

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// It has run.
    Kept {
        /// So many whole days.
        days: i64,
    },
    /// It has not.
    Short {
        /// So many whole days so far.
        days: i64,
        /// Of so many.
        needed: u16,
        /// The first day on which it will have.
        free_on: Day,
    },
    /// It is counted in working days of a year whose holidays are not known.
    Uncounted {
        /// Of so many.
        needed: u16,
    },
}

/// Judges a notice that hung from a day to another (or still hangs) as of a day.
#[must_use]
pub fn judge(law: Option<Notice>, posted_on: Day, until_on: Option<Day>, at: Day) -> Clock {
    let end = until_on.and_then(|day| day.succ_opt()).map_or(at, |day| day.min(at));
    let days = whole_days(posted_on, end);
    let Some(law) = law else { return Clock::Kept { days } };
    let needed = law.days;
    let is_working = law.counted == Days::Working;
    let days = match is_working {
        false => days,
        true => match working_days(posted_on, end) {
            Some(days) => days,
            None => return Clock::Uncounted { needed },
        },
    };
    let is_kept = law.is == Clocks::Within || days >= i64::from(needed);
    if is_kept {
        return Clock::Kept { days };
    }
    let by_calendar = posted_on + chrono::Days::new(u64::from(needed) + 1);
    let free_on = match is_working {
        false => Some(by_calendar),
        true => after_working_days(posted_on, needed),
    };
    free_on.map_or(Clock::Uncounted { needed }, |free_on| Clock::Short { days, needed, free_on })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_of_posting_does_not_count_and_the_last_day_ends_at_midnight() {
        let seven = Some(Notice { days: 7, is: Clocks::AtLeast, counted: Days::Calendar });
        let posted = day("2026-01-05");
        let at = |text| judge(seven, posted, None, day(text));
        assert_eq!(at("2026-01-13"), Clock::Kept { days: 7 });
        let short = Clock::Short { days: 6, needed: 7, free_on: day("2026-01-13") };
        assert_eq!(at("2026-01-12"), short);
        assert!(matches!(at("2026-01-05"), Clock::Short { days: 0, .. }));
        // Taken down on the evening of the sixth whole day, it never has run.
        let down = |until| judge(seven, posted, Some(day(until)), day("2026-03-01"));
        assert!(matches!(down("2026-01-11"), Clock::Short { days: 6, .. }));
        assert_eq!(down("2026-01-12"), Clock::Kept { days: 7 });
    }

    /// Posted on 13 February 2026: the 14th is worked, the 15th to the 23rd are the Spring Festival, the 28th is worked.
    #[test]
    fn working_days_are_those_of_the_arrangement() {
        let five = Some(Notice { days: 5, is: Clocks::AtLeast, counted: Days::Working });
        let at = |text| judge(five, day("2026-02-13"), None, day(text));
        let short = |days| Clock::Short { days, needed: 5, free_on: day("2026-02-28") };
        assert_eq!(at("2026-02-15"), short(1));
        assert_eq!(at("2026-02-24"), short(1));
        assert_eq!(at("2026-02-27"), short(4));
        assert_eq!(at("2026-02-28"), Clock::Kept { days: 5 });
        assert_eq!(at("2026-03-01"), Clock::Kept { days: 6 });
    }

    #[test]
    fn working_days_of_an_unknown_year_are_not_guessed() {
        let ten = Some(Notice { days: 10, is: Clocks::AtLeast, counted: Days::Working });
        let judged = |from, at| judge(ten, day(from), None, day(at));
        assert_eq!(judged("2027-01-05", "2027-12-31"), Clock::Uncounted { needed: 10 });
        assert_eq!(judged("2023-12-20", "2024-03-01"), Clock::Uncounted { needed: 10 });
        // Neither is the day it will be free on.
        assert_eq!(judged("2026-12-28", "2026-12-30"), Clock::Uncounted { needed: 10 });
    }
}
