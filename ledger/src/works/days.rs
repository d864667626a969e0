//! How long a notice hangs: one rule for every clock of a project.
//!
//! The day it is posted does not count (民法典 art. 201), a day ends at midnight (art. 203): after `days` *whole* days the next
//! step may be taken on the day that follows. Posted on the 5th for 7 days, the vote opens on the 13th at the earliest.
//! Working days need the year's list of holidays, which no pack carries: such a clock is not judged, and not guessed.

use crate::calendar::Day;
use crate::policy::terms::{Clocks, Days, Notice};

/// Whole days between the day of posting and a day, both left out.
#[must_use]
pub fn whole_days(posted_on: Day, until: Day) -> i64 {
    ((until - posted_on).num_days() - 1).max(0)
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
    /// It is counted in working days.
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
    if law.counted == Days::Working {
        return Clock::Uncounted { needed };
    }
    let is_kept = law.is == Clocks::Within || days >= i64::from(needed);
    if is_kept {
        return Clock::Kept { days };
    }
    let free_on = posted_on + chrono::Days::new(u64::from(needed) + 1);
    Clock::Short { days, needed, free_on }
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

    #[test]
    fn working_days_are_not_guessed() {
        let ten = Some(Notice { days: 10, is: Clocks::AtLeast, counted: Days::Working });
        let judged = judge(ten, day("2026-01-05"), None, day("2026-12-31"));
        assert_eq!(judged, Clock::Uncounted { needed: 10 });
    }
}
