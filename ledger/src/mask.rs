//! Personal data as it may be shown: the one place that says how much of a name, a number or a sentence is seen.
//!
//! Owns: the masks ([`name`], [`phone`], [`identity`], [`account`]), what a sentence may show ([`text`]), and how a person's
//! number is recognised in one ([`names_a_person`]).
//!
//! Always: what is masked cannot be made whole again from the mask; a mask of a mask is the mask. Practice: first character
//! of a name, 3 + 4 of a telephone, 4 + 4 of an identity number, the last four of an account (个人信息保护法 art. 51;
//! `perf-reliability.md` D.4).
//! Limits: a number is recognised by its shape, a mainland mobile number or an identity number of GB 11643; a landline, a
//! passport or a name in a sentence is not.

use std::fmt::Write as _;

use chrono::NaiveDate;

/// The shortest run of digits that a sentence does not show whole: a mobile number, an account, an identity number.
const LONG: usize = 11;

/// A name: its first character. `郜䶮玉` is `郜*`.
#[must_use]
pub fn name(name: &str) -> String {
    name.trim().chars().next().map_or_else(String::new, |first| format!("{first}*"))
}

/// A telephone number: `199****3050`; a short one by its last two digits.
#[must_use]
pub fn phone(phone: &str) -> String {
    kept(phone, 3, 4, 2)
}

/// An identity number: `9999****001X`; a short one by its last two characters.
#[must_use]
pub fn identity(number: &str) -> String {
    kept(number, 4, 4, 2)
}

/// An account: its last four, `****3456`.
#[must_use]
pub fn account(account: &str) -> String {
    kept(account, 0, 4, 2)
}

/// The first and the last characters, and `****` for the rest. Where they would be most of it, the last `least` only.
fn kept(text: &str, first: usize, last: usize, least: usize) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    if chars.is_empty() {
        return String::new();
    }
    let (first, last) = if chars.len() >= first + last + 4 { (first, last) } else { (0, least) };
    let last = last.min(chars.len() / 2);
    let head: String = chars.iter().take(first).collect();
    let tail: String = chars.iter().skip(chars.len() - last).collect();
    format!("{head}****{tail}")
}

/// A sentence in which no telephone, account or identity number is to be read: a run of eleven digits or more keeps what
/// its mask keeps.
#[must_use]
pub fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, run, after)) = next_run(rest) {
        out.push_str(before);
        let is_long = run.chars().filter(|c| digit(*c).is_some()).count() >= LONG;
        match Person::of(run) {
            Some(Person::Phone(number)) => out.push_str(&phone(&number)),
            Some(Person::Identity(number)) => out.push_str(&identity(&number)),
            None if is_long => out.push_str(&account(run)),
            None => out.push_str(run),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A sentence in which each person's number became what `mask` makes of it (the mask, and the number); every other number
/// stays. `None` if there is none.
pub(crate) fn persons(words: &str, mask: impl Fn(String, &str) -> String) -> Option<String> {
    let (mut out, mut rest, mut is_changed) = (String::new(), words, false);
    while let Some((before, run, after)) = next_run(rest) {
        out.push_str(before);
        match Person::of(run) {
            Some(Person::Phone(number)) => {
                let _ = write!(out, "{}", mask(phone(&number), &number));
                is_changed = true;
            }
            Some(Person::Identity(number)) => {
                let _ = write!(out, "{}", mask(identity(&number), &number));
                is_changed = true;
            }
            None => out.push_str(run),
        }
        rest = after;
    }
    out.push_str(rest);
    is_changed.then_some(out)
}

/// A sentence in which each person's number is masked, and every other number stays: for what is echoed to a caller.
#[must_use]
pub fn text_of_persons(words: &str) -> String {
    persons(words, |mask, _| mask).unwrap_or_else(|| words.to_owned())
}

/// Whether a sentence holds somebody's mobile or identity number. A field for a document's number is asked this before it
/// is kept, so a day within the last years is not taken for a birthday: numbers of papers have days in them, too.
#[must_use]
pub fn names_a_person(words: &str) -> bool {
    let mut rest = words;
    while let Some((before, run, after)) = next_run(rest) {
        // `WX19900003050` is the number of a paper.
        let is_part = before.ends_with(|c: char| c.is_ascii_alphanumeric())
            || after.starts_with(|c: char| c.is_ascii_alphanumeric());
        match Person::of(run) {
            Some(Person::Phone(_)) if !is_part => return true,
            Some(Person::Identity(number)) if !is_part && is_surely_identity(&number) => {
                return true;
            }
            _ => rest = after,
        }
    }
    false
}

/// A number that is a person's.
enum Person {
    Phone(String),
    Identity(String),
}

impl Person {
    fn of(run: &str) -> Option<Person> {
        let number: String = run
            .chars()
            .filter_map(|c| digit(c).or_else(|| matches!(c, 'X' | 'x').then_some('X')))
            .collect();
        let bare = number.strip_prefix("86").filter(|rest| rest.len() == LONG).unwrap_or(&number);
        let is_mobile = bare.len() == LONG
            && bare.starts_with('1')
            && bare.as_bytes()[1] >= b'3'
            && bare.bytes().all(|b| b.is_ascii_digit());
        if is_mobile {
            return Some(Person::Phone(bare.to_owned()));
        }
        let born = match number.len() {
            18 => number.get(6..14).map(str::to_owned),
            15 if !number.contains('X') => number.get(6..12).map(|day| format!("19{day}")),
            _ => None,
        }?;
        let day = NaiveDate::parse_from_str(&born, "%Y%m%d").ok()?;
        let is_year = (1900..=2099).contains(&chrono::Datelike::year(&day));
        is_year.then_some(Person::Identity(number))
    }
}

/// Whether the check digit of GB 11643 holds, and the birthday is not of the last years.
fn is_surely_identity(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    if number.len() != 18 {
        return false;
    }
    let sum: u32 = number.chars().zip(WEIGHTS).filter_map(|(c, w)| Some(c.to_digit(10)? * w)).sum();
    let is_checked = number.chars().last() == CHECKS.get((sum % 11) as usize).copied();
    is_checked && number.get(6..10).is_some_and(|year| year < "2009")
}

/// The next run of digits that stands by itself: what is before it, the run (with the separators of a telephone, the X of an
/// identity number), and what is after.
fn next_run(words: &str) -> Option<(&str, &str, &str)> {
    let mut before = None;
    for (at, c) in words.char_indices() {
        let is_start = digit(c).is_some() && before.is_none_or(|b: char| digit(b).is_none());
        before = Some(c);
        if !is_start {
            continue;
        }
        let end = run_end(&words[at..]) + at;
        return Some((&words[..at], &words[at..end], &words[end..]));
    }
    None
}

/// Where the run that begins this text ends.
fn run_end(words: &str) -> usize {
    if let Some(end) = spaced_phone(words) {
        return end;
    }
    let (mut end, mut digits) = (0, 0);
    for (at, c) in words.char_indices() {
        if digit(c).is_some() {
            (end, digits) = (at + c.len_utf8(), digits + 1);
        } else if digits == 17 && matches!(c, 'X' | 'x') {
            return at + 1;
        } else {
            break;
        }
    }
    end
}

/// `199-0000-3050`, `199 0000 3050`: three, four, four.
fn spaced_phone(words: &str) -> Option<usize> {
    let chars: Vec<(usize, char)> = words.char_indices().take(14).collect();
    let is_digit = |range: std::ops::Range<usize>| {
        chars.get(range).is_some_and(|run| run.iter().all(|(_, c)| digit(*c).is_some()))
    };
    let is_mark = |at: usize| matches!(chars.get(at), Some((_, '-' | ' ' | '－' | '\u{3000}')));
    let is_shape = is_digit(0..3) && is_mark(3) && is_digit(4..8) && is_mark(8) && is_digit(9..13);
    if !is_shape || chars.get(13).is_some_and(|(_, c)| digit(*c).is_some()) {
        return None;
    }
    chars.get(12).map(|(at, c)| at + c.len_utf8())
}

/// A digit, narrow or wide, as a narrow one.
fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_what_practice_keeps() {
        assert_eq!(
            (name("郜䶮玉"), name(" 王 "), name("")),
            ("郜*".into(), "王*".into(), "".into())
        );
        assert_eq!(phone("19900003050"), "199****3050");
        assert_eq!(phone("0216543210-8"), "021****10-8");
        assert_eq!(phone("6543210"), "****10");
        assert_eq!(identity("99999919700101001X"), "9999****001X");
        assert_eq!(identity("E12345678"), "****78");
        assert_eq!(account("6222000012345678901"), "****8901");
        assert_eq!(
            (phone(""), phone("1"), account("12")),
            ("".into(), "****".into(), "****2".into())
        );
        assert_eq!(phone(&phone("19900003050")), "199****3050");
        assert_eq!(identity(&identity("99999919700101001X")), "9999****001X");
    }

    #[test]
    fn a_sentence_shows_no_long_number() {
        for (words, shown) in [
            ("维修资金 2-3-401", "维修资金 2-3-401"),
            ("电话19900003050交", "电话199****3050交"),
            ("电话+8619900003050交", "电话+199****3050交"),
            ("电话199-0000-3050交", "电话199****3050交"),
            ("１９９０００0３０５０", "199****3050"),
            ("99999919700101001X", "9999****001X"),
            ("999999700101001", "9999****1001"),
            ("账号6222000012345678901转", "账号****8901转"),
            ("2026-01-05 房号 1-1-101", "2026-01-05 房号 1-1-101"),
            ("", ""),
        ] {
            assert_eq!(text(words), shown);
            assert_eq!(text(shown), shown, "a mask of a mask");
        }
    }

    #[test]
    fn a_persons_number_is_told_from_a_papers() {
        for words in [
            "19900003050",
            "张三19900003050",
            "999999197001010017",
            "联系 199 0000 3050",
            "+8619900003050",
        ] {
            assert!(names_a_person(words), "{words}");
        }
        for words in [
            "4200001888202601051234567890",
            "WX0000007",
            "WX19900003050",
            "310101202601050001",
            "12900003050",
            "1990000305",
            "199000030501",
            "9558-8012-3456",
            "",
        ] {
            assert!(!names_a_person(words), "{words}");
        }
    }
}
