//! Days, months and the clock.
//!
//! Owns: [`Day`], [`Month`], [`Instant`], [`Clock`]; which days are worked ([`is_working`]).
//!
//! Always: a day is a business day of Asia/Shanghai and never becomes an instant; an instant is whole
//! seconds of UTC, because the two databases keep different fractions of one. Never: a read of the
//! system's time anywhere but in [`Clock`].

mod holidays;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeZone, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub use self::holidays::is_working;

/// A business day, Asia/Shanghai.
pub type Day = NaiveDate;

/// Reads a day as a wire writes it, `2026-01-05` and no other way: for `#[serde(deserialize_with)]`.
///
/// # Errors
/// The text is no such day.
pub fn iso_day<'de, D: Deserializer<'de>>(from: D) -> Result<Day, D::Error> {
    let text = String::deserialize(from)?;
    let is_shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = text.parse().ok().filter(|_| is_shape);
    day.ok_or_else(|| D::Error::custom("日期须写作 2026-01-05，且确有其日"))
}

/// The same, where there may be none.
///
/// # Errors
/// The text is no such day.
pub fn iso_day_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Day>, D::Error> {
    #[derive(Deserialize)]
    struct Iso(#[serde(deserialize_with = "iso_day")] Day);
    Ok(Option::<Iso>::deserialize(from)?.map(|day| day.0))
}

/// A calendar month, as the whole number `yyyymm`; also the accounting period (会计期间).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(i32);

impl Month {
    /// From `yyyymm`. `None` unless it names a month of the years 1949 to 2999.
    #[must_use]
    pub const fn from_number(yyyymm: i32) -> Option<Month> {
        let (year, month) = (yyyymm / 100, yyyymm % 100);
        if year >= 1949 && year <= 2999 && month >= 1 && month <= 12 {
            Some(Month(yyyymm))
        } else {
            None
        }
    }

    /// `yyyymm`, for columns.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The month a day lies in.
    #[must_use]
    pub fn of(day: Day) -> Month {
        Month(day.year() * 100 + i32::try_from(day.month()).expect("a month is below 13"))
    }

    /// Reads `2026-01` (also `2026-1`, `2026/01`, `202601`, `2026年1月`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Month> {
        let text = text.trim().trim_end_matches('月');
        let (year, month) = match text.split_once(['-', '/', '年']) {
            Some(parts) => parts,
            None if text.len() == 6 && text.is_ascii() => text.split_at(4),
            None => return None,
        };
        let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
        if !(1..=12).contains(&month) {
            return None;
        }
        Month::from_number(year.checked_mul(100)? + month)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.0 / 100
    }

    /// The month within the year, 1 to 12.
    #[must_use]
    pub const fn month(self) -> i32 {
        self.0 % 100
    }

    /// The month after this one.
    #[must_use]
    pub const fn next(self) -> Month {
        if self.0 % 100 == 12 { Month(self.0 + 89) } else { Month(self.0 + 1) }
    }

    /// The month before this one.
    #[must_use]
    pub const fn previous(self) -> Month {
        if self.0 % 100 == 1 { Month(self.0 - 89) } else { Month(self.0 - 1) }
    }

    /// Whether it is December: its close is also the year's.
    #[must_use]
    pub const fn ends_a_year(self) -> bool {
        self.0 % 100 == 12
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Day {
        let month = u32::try_from(self.month()).expect("1 to 12");
        NaiveDate::from_ymd_opt(self.year(), month, 1).expect("the first of a month exists")
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> Day {
        self.next().first_day().pred_opt().expect("the day before a first exists")
    }
}

/// `2026-01`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

impl TryFrom<String> for Month {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Month, Self::Error> {
        Month::parse(&text).ok_or("月份应写作 2026-01")
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

/// How a month is written on a wire: other spellings are read, this one is told.
impl JsonSchema for Month {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Month".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": "^(1949|19[5-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])$", "examples": ["2026-01"]
        })
    }
}

/// A moment, in whole seconds of UTC since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The end of time: "as known now and whatever comes".
    pub const END: Instant = Instant(i64::MAX);

    /// From seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Instant {
        Instant(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z, for columns.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339, `2026-01-05T09:00:00+08:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Instant> {
        DateTime::parse_from_rfc3339(text).ok().map(|t| Instant(t.timestamp()))
    }

    /// The business day in Asia/Shanghai.
    #[must_use]
    pub fn day(self) -> Day {
        self.shanghai().date_naive()
    }

    /// `2026-01-05 17:00:00`, Asia/Shanghai, for people.
    #[must_use]
    pub fn for_people(self) -> String {
        self.shanghai().format("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn shanghai(self) -> DateTime<FixedOffset> {
        // China has kept one offset and no summer time since 1991.
        let offset = FixedOffset::east_opt(8 * 3600).expect("eight hours east exists");
        let utc = Utc.timestamp_opt(self.0, 0).single();
        // Beyond what a calendar holds: a day short of its end, so that no offset passes it.
        let utc = utc.unwrap_or(DateTime::<Utc>::MAX_UTC - chrono::TimeDelta::days(1));
        utc.with_timezone(&offset)
    }
}

/// RFC 3339 in UTC, `2026-01-05T09:00:00Z`: wires and the canonical text.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = Utc.timestamp_opt(self.0, 0).single();
        // Beyond what a calendar holds: a day short of its end, so that no offset passes it.
        let utc = utc.unwrap_or(DateTime::<Utc>::MAX_UTC - chrono::TimeDelta::days(1));
        f.write_str(&utc.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }
}

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "date-time", "examples": ["2026-01-05T09:00:00Z"]
        })
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Instant, D::Error> {
        let text = String::deserialize(from)?;
        Instant::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("时刻须写作 2026-01-05T09:00:00+08:00"))
    }
}

/// Where the present comes from: the system, or a hand that a test turns.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Clock {
        Clock(None)
    }

    /// A clock that stands still until [`Clock::set`].
    #[must_use]
    pub fn standing_at(instant: Instant) -> Clock {
        Clock(Some(Arc::new(AtomicI64::new(instant.0))))
    }

    /// Turns a standing clock, forwards or back. A system clock does not turn.
    pub fn set(&self, instant: Instant) {
        if let Some(hand) = &self.0 {
            hand.store(instant.0, Ordering::SeqCst);
        }
    }

    /// The present, in whole seconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system's clock")]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Some(hand) => Instant(hand.load(Ordering::SeqCst)),
            None => Instant(Utc::now().timestamp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_knows_its_neighbours_and_days() {
        let december = Month::parse("2025-12").unwrap();
        assert_eq!(december.next().to_string(), "2026-01");
        assert_eq!(december.next().previous(), december);
        assert_eq!(Month::parse("2024年2月").unwrap().last_day().to_string(), "2024-02-29");
        assert!(december.ends_a_year());
        for text in ["2025-13", "2025-00", "1900-01", "25-1", "", "20251"] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }

    /// `property.md` §9 row 19: a day must not shift by eight hours.
    #[test]
    fn the_business_day_turns_at_midnight_in_shanghai() {
        let eve = Instant::parse("2025-12-31T23:59:59+08:00").unwrap();
        assert_eq!(eve.day().to_string(), "2025-12-31");
        assert_eq!(Instant::from_seconds(eve.seconds() + 1).day().to_string(), "2026-01-01");
        assert_eq!(eve.to_string(), "2025-12-31T15:59:59Z");
        assert_eq!(eve.for_people(), "2025-12-31 23:59:59");
    }
}
