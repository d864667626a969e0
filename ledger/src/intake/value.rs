//! One cell becomes one value, or a fault with its rule.
//!
//! Owns: the reading of text, identifiers, money, areas, days, times and periods.
//!
//! Always: what people write for nothing is nothing; a day stays a day, whatever clock wrote it. Never: a
//! digit repaired, a fraction of a fen rounded, a two-digit year completed.

use std::borrow::Cow;

use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::layout::{half_width, words};
use super::sheet::Cell;
use super::{
    AREA_SHAPE, DAY_SHAPE, DIGITS_LOST, FORMULA_ERROR, FORMULA_WITHOUT_VALUE,
    IDENTIFIER_BECAME_DAY, LOST_CHARACTER, MONEY_DECIMALS, MONEY_LIMIT, MONEY_SHAPE, PERIOD_SHAPE,
    TIME_SHAPE,
};
use crate::calendar::{Day, Month};
use crate::error::Rule;
use crate::measure::Area;
use crate::money::{Money, NotMoney};

/// A value, nothing, or the rule it breaks.
pub(super) type Value<T> = Result<Option<T>, &'static Rule>;

/// A day and, where it is written, a time of day `HH:MM:SS`.
pub(super) type Moment = (Day, Option<String>);

/// The first and the last day of a period.
pub(super) type Span = (Day, Day);

/// The largest whole number a float holds exactly, 2⁵³.
const EXACT: u64 = 1 << 53;

/// Free text: trimmed of the quotes and TABs that programs add, nothing if it says nothing.
pub(super) fn text(cell: &Cell) -> Value<String> {
    let raw = stored(cell)?;
    let trimmed = trim(raw);
    if trimmed.is_empty() || is_nothing(trimmed) {
        return Ok(None);
    }
    if trimmed.contains('\u{fffd}') || trimmed.chars().any(is_noise) {
        return Err(&LOST_CHARACTER);
    }
    Ok(Some(trimmed.into()))
}

/// A number that names something: read as text, in half-width capitals without spaces. A number kept as a
/// number must be whole and exact.
pub(super) fn identifier(cell: &Cell) -> Value<String> {
    match cell {
        Cell::Moment(_) => Err(&IDENTIFIER_BECAME_DAY),
        Cell::Number(number) => match number.parse::<u64>() {
            Ok(whole) if whole <= EXACT => Ok(Some(number.clone())),
            _ => Err(&DIGITS_LOST),
        },
        cell => {
            let Some(text) = text(cell)? else { return Ok(None) };
            let plain: String = text
                .chars()
                .map(|c| half_width(c).to_ascii_uppercase())
                .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '`' | '"'))
                .collect();
            if is_scientific(&plain) { Err(&DIGITS_LOST) } else { Ok(Some(plain)) }
        }
    }
}

/// `3.10101E+17`: digits that a spreadsheet threw away before it wrote the text.
pub(super) fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    mantissa.contains('.')
        && mantissa.split('.').all(digits)
        && exponent.strip_prefix('+').is_some_and(digits)
}

/// An amount in yuan.
pub(super) fn money(cell: &Cell) -> Value<Money> {
    let Some(plain) = figure(cell, &MONEY_SHAPE)? else { return Ok(None) };
    match Money::parse(&plain) {
        Ok(money) => Ok(Some(money)),
        Err(NotMoney::Empty) => Ok(None),
        Err(NotMoney::Shape) => Err(&MONEY_SHAPE),
        Err(NotMoney::Fraction) => Err(&MONEY_DECIMALS),
        Err(NotMoney::Limit) => Err(&MONEY_LIMIT),
    }
}

/// A channel's charge in yuan, which carries five decimals: in hundred-thousandths of a yuan.
pub(super) fn charge(cell: &Cell) -> Value<i64> {
    let Some(plain) = figure(cell, &MONEY_SHAPE)? else { return Ok(None) };
    let digits: String =
        plain.chars().filter(|c| !matches!(c, ',' | '¥' | '￥' | '元' | '+')).collect();
    let yuan: Decimal = digits.parse().map_err(|_| &MONEY_SHAPE)?;
    let fine = yuan.checked_mul(Decimal::from(100_000)).ok_or(&MONEY_LIMIT)?;
    if !fine.fract().is_zero() {
        return Err(&MONEY_DECIMALS);
    }
    fine.to_i64().map(Some).ok_or(&MONEY_LIMIT)
}

/// An area in m².
pub(super) fn area(cell: &Cell) -> Value<Area> {
    let Some(plain) = figure(cell, &AREA_SHAPE)? else { return Ok(None) };
    Area::parse(without_unit(&plain)?).map(Some).ok_or(&AREA_SHAPE)
}

/// A total of areas, in centi-m²: it may be larger than any dwelling.
pub(super) fn area_total(cell: &Cell) -> Value<i64> {
    let Some(plain) = figure(cell, &AREA_SHAPE)? else { return Ok(None) };
    // Two decimals, like an amount.
    Money::parse(without_unit(&plain)?).map(|total| Some(total.in_fen())).map_err(|_| &AREA_SHAPE)
}

fn without_unit(plain: &str) -> Result<&str, &'static Rule> {
    let digits = ["平方米", "平米", "㎡", "m2", "M2", "m²", "M²"]
        .iter()
        .find_map(|unit| plain.strip_suffix(unit))
        .unwrap_or(plain);
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    if is_plain { Ok(digits) } else { Err(&AREA_SHAPE) }
}

/// A day; a time written beside it is left out.
pub(super) fn day(cell: &Cell, from_1904: bool) -> Value<Day> {
    Ok(moment(cell, from_1904)?.map(|(day, _)| day))
}

/// A day and its time, from any of the ways people, banks and spreadsheets write them.
pub(super) fn moment(cell: &Cell, from_1904: bool) -> Value<Moment> {
    match cell {
        Cell::Moment(serial) => {
            from_serial(serial, from_1904).filter(is_plausible).map(Some).ok_or(&DAY_SHAPE)
        }
        Cell::Number(number) if number.len() == 8 && !number.contains('.') => {
            from_text(number, from_1904).map(Some).ok_or(&DAY_SHAPE)
        }
        Cell::Number(serial) => from_bare_serial(serial, from_1904).map(Some).ok_or(&DAY_SHAPE),
        cell => {
            let Some(text) = text(cell)? else { return Ok(None) };
            let plain: String = text.chars().map(half_width).collect();
            from_text(plain.trim(), from_1904).map(Some).ok_or(&DAY_SHAPE)
        }
    }
}

/// A time of day in a column of its own: `17:07:09`, `170709`, `9:05`, a fraction of a day.
pub(super) fn time(cell: &Cell, from_1904: bool) -> Value<String> {
    let found = match cell {
        Cell::Moment(serial) => from_serial(serial, from_1904).and_then(|(_, time)| time),
        Cell::Number(number) if number.contains('.') => {
            from_serial(number, from_1904).and_then(|(_, time)| time)
        }
        // 090709 has lost its zero.
        Cell::Number(number) => from_clock(&format!("{number:0>6}")),
        cell => {
            let Some(text) = text(cell)? else { return Ok(None) };
            let plain: String = text.chars().map(half_width).collect();
            match from_text(plain.trim(), from_1904) {
                Some((_, time)) => return Ok(time),
                None => from_clock(plain.trim()),
            }
        }
    };
    found.map(Some).ok_or(&TIME_SHAPE)
}

/// `2026年一季度`, `2026-01~2026-03`, `2026年1-3月`, `2026年1月`, `2026年`, `2026年上半年`, `2026Q1`, or two days.
pub(super) fn period(cell: &Cell) -> Value<Span> {
    if matches!(cell, Cell::Moment(_)) {
        return Err(&PERIOD_SHAPE);
    }
    let Some(text) = text(cell)? else { return Ok(None) };
    read_period(&text).map(Some).ok_or(&PERIOD_SHAPE)
}

/// The text of a cell, or the rule a broken one meets.
fn stored(cell: &Cell) -> Result<&str, &'static Rule> {
    match cell {
        Cell::Error(_) => Err(&FORMULA_ERROR),
        Cell::Uncalculated => Err(&FORMULA_WITHOUT_VALUE),
        cell => Ok(cell.shown()),
    }
}

/// Without the spaces, TABs and quotes around it.
pub(super) fn trim(text: &str) -> &str {
    let dress = |c: char| {
        c.is_whitespace() || matches!(c, '`' | '\'' | '"' | '\u{feff}' | '\u{200b}' | '\u{a0}')
    };
    text.trim_matches(dress)
}

/// Whether a text is what people write where there is nothing.
pub(super) fn is_nothing(text: &str) -> bool {
    words().words.nothing.iter().any(|word| word == text)
}

fn is_noise(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
}

/// Half-width figures without the yuan sign's cousins; nothing if it says nothing.
fn figure<'c>(cell: &'c Cell, rule: &'static Rule) -> Value<Cow<'c, str>> {
    match cell {
        Cell::Moment(_) => Err(rule),
        Cell::Number(number) => Ok(Some(Cow::Borrowed(number))),
        cell => {
            let trimmed = trim(stored(cell)?);
            if trimmed.is_empty() || is_nothing(trimmed) {
                return Ok(None);
            }
            let plain = trimmed.chars().map(half_width).filter(|c| !c.is_whitespace()).collect();
            Ok(Some(Cow::Owned(plain)))
        }
    }
}

fn is_plausible(moment: &Moment) -> bool {
    (1900..=2100).contains(&moment.0.year())
}

/// A serial in a cell that is not formatted as a day: only the days of our time, so that `202606` or `3` in
/// a wrong column is not taken for one.
fn from_bare_serial(serial: &str, from_1904: bool) -> Option<Moment> {
    from_serial(serial, from_1904).filter(|(day, _)| (1949..=2100).contains(&day.year()))
}

/// Days since 1899-12-30 (or 1904-01-01), and a fraction of one.
fn from_serial(serial: &str, from_1904: bool) -> Option<Moment> {
    let serial: Decimal = serial.parse().ok()?;
    let seconds = (serial.fract() * Decimal::from(86_400)).round().to_u64()?;
    let days = serial.trunc().to_u64()?.checked_add(seconds / 86_400)?;
    let epoch = match (from_1904, days) {
        (true, _) => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        // Excel believes in 1900-02-29.
        (false, 60) => return None,
        (false, ..60) => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        (false, _) => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    let day = epoch.checked_add_days(Days::new(days))?;
    let seconds = seconds % 86_400;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some((day, (!serial.fract().is_zero()).then_some(clock)))
}

fn from_text(text: &str, from_1904: bool) -> Option<Moment> {
    let run = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(run);
    match run {
        4 => {
            let (year, rest) = (digits, rest.strip_prefix(['-', '/', '.', '年'])?);
            let (month, rest) = leading_number(rest)?;
            let (day, rest) = leading_number(rest.strip_prefix(['-', '/', '.', '月'])?)?;
            let rest = rest.strip_prefix(['日', '号']).unwrap_or(rest);
            with_time(date(year.parse().ok()?, month, day)?, rest)
        }
        5 if rest.is_empty() || rest.starts_with('.') => from_bare_serial(text, from_1904),
        8 => with_time(eight_digits(digits)?, rest),
        14 if rest.is_empty() => {
            let (day, clock) = digits.split_at(8);
            with_time(eight_digits(day)?, clock)
        }
        _ => None,
    }
}

fn eight_digits(digits: &str) -> Option<Day> {
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn date(year: i32, month: u32, day: u32) -> Option<Day> {
    (1900..=2100).contains(&year).then(|| NaiveDate::from_ymd_opt(year, month, day))?
}

/// One or two digits, and what follows.
fn leading_number(text: &str) -> Option<(u32, &str)> {
    let run = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(run);
    (1..=2).contains(&run).then(|| digits.parse().ok().map(|n| (n, rest)))?
}

fn with_time(day: Day, rest: &str) -> Option<Moment> {
    let rest = rest.trim_start_matches([' ', '\t', 'T']);
    if rest.is_empty() {
        return Some((day, None));
    }
    Some((day, Some(from_clock(rest)?)))
}

/// `17:07`, `17:07:09`, `17:07:09.0`, `170709`.
fn from_clock(text: &str) -> Option<String> {
    let parts: Vec<&str> = if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
        vec![text.get(..2)?, text.get(2..4)?, text.get(4..)?]
    } else {
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        whole.split(':').collect()
    };
    let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] => (number(hour)?, number(minute)?, 0),
        [hour, minute, second] => (number(hour)?, number(minute)?, number(second)?),
        _ => return None,
    };
    (hour < 24 && minute < 60 && second < 60).then(|| format!("{hour:02}:{minute:02}:{second:02}"))
}

fn read_period(text: &str) -> Option<Span> {
    let plain: String =
        text.chars().map(half_width).filter(|c| !c.is_whitespace()).collect::<String>();
    let plain = plain.replace("至", "~").replace("到", "~").replace("—", "~").replace("--", "~");
    if let Some((from, to)) = plain.split_once('~') {
        return read_range(from, to);
    }
    if let Some(span) = read_one(&plain) {
        return Some(span);
    }
    // `2026年1-3月`, `2026.1-2026.3`, `2026/01/01-2026/03/31`: the only dash that is left over.
    let dashes: Vec<usize> = plain.match_indices('-').map(|(at, _)| at).collect();
    let [at] = dashes.as_slice() else { return None };
    let (from, to) = plain.split_at(*at);
    read_range(from, to.get(1..)?)
}

fn read_range(from: &str, to: &str) -> Option<Span> {
    let start = read_one(from).or_else(|| read_one(&format!("{from}月")))?.0;
    if let Some((_, end)) = read_one(to) {
        return Some((start, end));
    }
    // `1-3月` after a year: the end is a month (or a day of a month) of the same year.
    let end = format!("{}年{to}", start.year());
    let end = read_one(&end).or_else(|| read_one(&format!("{end}月")))?.1;
    Some((start, end))
}

/// One day, month, quarter, half or year.
fn read_one(text: &str) -> Option<Span> {
    if let Some((day, _)) = from_text(text, false).filter(|_| text.len() != 5) {
        return Some((day, day));
    }
    if let Some(month) = Month::parse(&text.replace('.', "-")) {
        return Some((month.first_day(), month.last_day()));
    }
    let (year, rest) = text.split_at_checked(4)?;
    let year: i32 = year.parse().ok()?;
    let rest = rest.strip_prefix('年').unwrap_or(rest);
    let rest = rest.strip_prefix('度').filter(|r| r.is_empty()).unwrap_or(rest);
    let rest = rest.trim_start_matches('第').trim_end_matches("度");
    let (first, last) = match rest {
        "" => (1, 12),
        "上半年" => (1, 6),
        "下半年" => (7, 12),
        "一季" | "1季" | "Q1" => (1, 3),
        "二季" | "2季" | "Q2" => (4, 6),
        "三季" | "3季" | "Q3" => (7, 9),
        "四季" | "4季" | "Q4" => (10, 12),
        _ => return None,
    };
    let month = |month: i32| Month::from_number(year * 100 + month);
    Some((month(first)?.first_day(), month(last)?.last_day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    fn said(moment: Value<Moment>) -> String {
        match moment {
            Ok(Some((day, None))) => day.to_string(),
            Ok(Some((day, Some(time)))) => format!("{day} {time}"),
            Ok(None) => "nothing".into(),
            Err(rule) => rule.code.into(),
        }
    }

    #[test]
    fn days_are_read_in_every_way_they_are_written() {
        for (text, day) in [
            ("2026-06-05", "2026-06-05"),
            ("2026/6/5", "2026-06-05"),
            ("2026.6.5", "2026-06-05"),
            ("20260605", "2026-06-05"),
            ("2026年6月5日", "2026-06-05"),
            ("2026年06月05日 00:00:00", "2026-06-05 00:00:00"),
            ("２０２６－０６－０５", "2026-06-05"),
            ("2026-06-05 17:07", "2026-06-05 17:07:00"),
            ("20260410 17:07:09", "2026-04-10 17:07:09"),
            ("20260410170709", "2026-04-10 17:07:09"),
            ("2026-06-05T17:07:09.000", "2026-06-05 17:07:09"),
            ("`2026-01-22 13:49:58\t", "2026-01-22 13:49:58"),
            ("42370", "2016-01-01"),
            ("/", "nothing"),
            ("26-06-05", "intake.day-shape"),
            ("2026-02-30", "intake.day-shape"),
            ("6/5/2026", "intake.day-shape"),
            ("2026-06", "intake.day-shape"),
            ("202606", "intake.day-shape"),
            ("2026-06-05 25:00", "intake.day-shape"),
            ("2026-06-05+08:00", "intake.day-shape"),
        ] {
            assert_eq!(said(moment(&written(text), false)), day, "{text}");
        }
    }

    #[test]
    fn serials_keep_the_leap_day_of_1900_and_the_flag_of_1904() {
        let cell = |serial: &str| Cell::Moment(serial.into());
        assert_eq!(said(moment(&cell("42370"), false)), "2016-01-01");
        assert_eq!(said(moment(&cell("59"), false)), "1900-02-28");
        assert_eq!(said(moment(&cell("60"), false)), "intake.day-shape");
        assert_eq!(said(moment(&cell("61"), false)), "1900-03-01");
        assert_eq!(said(moment(&cell("40908"), true)), "2016-01-01");
        assert_eq!(said(moment(&cell("45474.6707060185"), false)), "2024-07-01 16:05:49");
        assert_eq!(said(moment(&cell("45473.9999999"), false)), "2024-07-01 00:00:00");
        assert_eq!(said(moment(&Cell::Number("45474".into()), false)), "2024-07-01");
        assert_eq!(said(moment(&Cell::Number("20260605".into()), false)), "2026-06-05");
        assert_eq!(said(moment(&Cell::Number("3".into()), false)), "intake.day-shape");
        assert_eq!(said(moment(&Cell::Number("202606".into()), false)), "intake.day-shape");
    }

    #[test]
    fn times_stand_alone() {
        for (cell, found) in [
            (written("17:07:09"), Ok(Some("17:07:09".into()))),
            (written("170709"), Ok(Some("17:07:09".into()))),
            (written("9:05"), Ok(Some("09:05:00".into()))),
            (written("2026-01-01 10:05:00"), Ok(Some("10:05:00".into()))),
            (Cell::Number("90709".into()), Ok(Some("09:07:09".into()))),
            (Cell::Moment("0.5".into()), Ok(Some("12:00:00".into()))),
            (written("下午"), Err(&TIME_SHAPE)),
        ] {
            assert_eq!(time(&cell, false), found, "{cell:?}");
        }
    }

    #[test]
    fn periods_are_two_days() {
        let span =
            |text: &str| period(&written(text)).map(|span| span.map(|(a, b)| format!("{a} {b}")));
        for (text, days) in [
            ("2026年一季度", "2026-01-01 2026-03-31"),
            ("2026年第2季度", "2026-04-01 2026-06-30"),
            ("2026Q4", "2026-10-01 2026-12-31"),
            ("2026-01~2026-03", "2026-01-01 2026-03-31"),
            ("2026年1-3月", "2026-01-01 2026-03-31"),
            ("2026年1月-3月", "2026-01-01 2026-03-31"),
            ("2026年1月至2026年3月", "2026-01-01 2026-03-31"),
            ("2025年12月至2026年2月", "2025-12-01 2026-02-28"),
            ("2026.1-2026.3", "2026-01-01 2026-03-31"),
            ("202601-202603", "2026-01-01 2026-03-31"),
            ("2026-01-01至2026-03-31", "2026-01-01 2026-03-31"),
            ("2026/01/01-2026/03/31", "2026-01-01 2026-03-31"),
            ("20260101-20260331", "2026-01-01 2026-03-31"),
            ("2026年1月", "2026-01-01 2026-01-31"),
            ("2026-02", "2026-02-01 2026-02-28"),
            ("2026年", "2026-01-01 2026-12-31"),
            ("2026年度", "2026-01-01 2026-12-31"),
            ("2026年上半年", "2026-01-01 2026-06-30"),
        ] {
            assert_eq!(span(text), Ok(Some(days.into())), "{text}");
        }
        for text in ["1-3月", "一季度", "本季度", "3"] {
            assert_eq!(span(text), Err(&PERIOD_SHAPE), "{text}");
        }
    }

    #[test]
    fn numbers_that_name_things_keep_their_digits() {
        let number = |text: &str| Cell::Number(text.into());
        assert_eq!(identifier(&number("19900003050")), Ok(Some("19900003050".into())));
        assert_eq!(identifier(&number("9007199254740992")), Ok(Some("9007199254740992".into())));
        assert_eq!(identifier(&number("6222000012345678901")), Err(&DIGITS_LOST));
        assert_eq!(identifier(&number("101.5")), Err(&DIGITS_LOST));
        assert_eq!(identifier(&written("1.38123E+10")), Err(&DIGITS_LOST));
        assert_eq!(identifier(&Cell::Moment("45474".into())), Err(&IDENTIFIER_BECAME_DAY));
        assert_eq!(identifier(&written("`６２２２ 0001\t")), Ok(Some("62220001".into())));
        assert_eq!(identifier(&written("1E101")), Ok(Some("1E101".into())));
        assert_eq!(identifier(&written("暂无")), Ok(None));
    }

    #[test]
    fn amounts_and_areas_are_exact_or_refused() {
        assert_eq!(money(&written("￥1,234.50元")), Ok(Some(Money::fen(123_450))));
        assert_eq!(money(&written("+10000.00\t")), Ok(Some(Money::fen(1_000_000))));
        assert_eq!(money(&written("/")), Ok(None));
        assert_eq!(money(&written("1.005")), Err(&MONEY_DECIMALS));
        assert_eq!(money(&written("1.2万")), Err(&MONEY_SHAPE));
        assert_eq!(money(&Cell::Error("#REF!".into())), Err(&FORMULA_ERROR));
        assert_eq!(money(&Cell::Uncalculated), Err(&FORMULA_WITHOUT_VALUE));
        assert_eq!(money(&Cell::Moment("45474".into())), Err(&MONEY_SHAPE));
        assert_eq!(area(&written("８８.４５㎡")), Ok(Some(Area::centi_m2(8845))));
        assert_eq!(area(&written("88.45m2")), Ok(Some(Area::centi_m2(8845))));
        assert_eq!(area(&written("88.42")), Ok(Some(Area::centi_m2(8842))));
        assert_eq!(area(&written("88.455")), Err(&AREA_SHAPE));
        assert_eq!(area(&written("0")), Err(&AREA_SHAPE));
    }
}
