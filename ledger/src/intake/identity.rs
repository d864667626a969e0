//! People in a file: names a program could not write, identity and telephone numbers.
//!
//! Owns: [`name_matches`], the checks of GB 11643 (residents) and GB 32100 (organisations).
//!
//! Always: a number is refused with its reason, never repaired.

use chrono::NaiveDate;

use super::register::IdKind;
use super::sheet::Cell;
use super::value::{is_scientific, trim};
use super::{IDENTITY_CHECK_DIGIT, IDENTITY_SHAPE, PHONE_SHAPE};
use crate::error::Rule;

/// The longest name in which `?` is taken for a lost character.
const LONGEST_NAME: usize = 64;

/// Whether a name in a file can be the name in the register. An old program writes `?` for a character it
/// does not know, so a `?` in the file stands for any one character; a character beyond the basic plane may
/// have become two.
#[must_use]
pub fn name_matches(register_name: &str, file_name: &str) -> bool {
    let known: Vec<char> = plain_name(register_name).collect();
    let written: Vec<char> = plain_name(file_name).collect();
    if known.len() > LONGEST_NAME || !written.contains(&'?') {
        return known == written;
    }
    matches(&known, &written)
}

fn matches(known: &[char], written: &[char]) -> bool {
    match (known, written) {
        ([], []) => true,
        ([k, known @ ..], ['?', '?', rest @ ..])
            if u32::from(*k) > 0xffff && matches(known, rest) =>
        {
            true
        }
        ([_, known @ ..], ['?', rest @ ..]) => matches(known, rest),
        ([k, known @ ..], [w, rest @ ..]) => k == w && matches(known, rest),
        _ => false,
    }
}

fn plain_name(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars()
        .map(|c| match c {
            '？' | '\u{fffd}' | '□' => '?',
            '•' | '・' | '．' | '.' => '·',
            '（' => '(',
            '）' => ')',
            c => c,
        })
        .filter(|c| !c.is_whitespace())
}

/// A name as it is kept: without the spaces that pad two characters to the width of three.
pub(super) fn tidy_name(name: &str) -> String {
    let is_latin = |c: char| c.is_ascii_alphabetic();
    if name.chars().any(is_latin) {
        return name.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether a cell of identity numbers has lost digits: a number is not text, even if it looks whole, and
/// `3.10101E+17` was one.
pub(super) fn has_lost_digits(cell: &Cell) -> bool {
    let is_mark = |c: char| matches!(c, ';' | '；' | '、' | '/' | ',' | '\n');
    match cell {
        Cell::Number(_) | Cell::Moment(_) => true,
        cell => cell.shown().split(is_mark).any(|number| is_scientific(trim(number))),
    }
}

/// Checks a number against its kind. Without a kind it must be a resident's or an organisation's.
pub(super) fn check_identity(
    number: &str,
    kind: Option<IdKind>,
) -> Result<Option<IdKind>, &'static Rule> {
    let chars_are = |ok: fn(char) -> bool| number.chars().all(ok);
    match kind {
        None | Some(IdKind::Resident) => {}
        Some(kind) => {
            let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '(' | ')' | '-' | '/');
            let known = (4..=32).contains(&number.len()) && chars_are(ok);
            return if known { Ok(Some(kind)) } else { Err(&IDENTITY_SHAPE) };
        }
    }
    if kind.is_none() && is_organisation(number) && !is_born(number.get(6..14)) {
        return Ok(Some(IdKind::Organisation));
    }
    let resident = Ok(Some(IdKind::Resident));
    match number.len() {
        15 if number.bytes().all(|b| b.is_ascii_digit()) => {
            let born = number.get(6..12).map(|day| format!("19{day}"));
            if is_born(born.as_deref()) { resident } else { Err(&IDENTITY_SHAPE) }
        }
        18 if is_resident_shape(number) && is_born(number.get(6..14)) => {
            if has_check_digit(number) { resident } else { Err(&IDENTITY_CHECK_DIGIT) }
        }
        _ => Err(&IDENTITY_SHAPE),
    }
}

fn is_resident_shape(number: &str) -> bool {
    let (body, last) = number.split_at(17);
    body.bytes().all(|b| b.is_ascii_digit()) && last.chars().all(|c| c.is_ascii_digit() || c == 'X')
}

fn is_born(day: Option<&str>) -> bool {
    day.is_some_and(|day| NaiveDate::parse_from_str(day, "%Y%m%d").is_ok())
}

/// GB 11643: the weighted sum of the first seventeen digits, modulo eleven.
fn has_check_digit(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 =
        number.chars().zip(WEIGHTS).filter_map(|(c, weight)| Some(c.to_digit(10)? * weight)).sum();
    number.chars().last() == CHECKS.get((sum % 11) as usize).copied()
}

/// GB 32100: the weighted sum of the first seventeen characters, modulo thirty-one.
fn is_organisation(number: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |c: char| ALPHABET.find(c).and_then(|at| u32::try_from(at).ok());
    let values: Option<Vec<u32>> = number.chars().map(value).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else { return false };
    let (mut sum, mut weight) = (0_u32, 1_u32);
    for value in values.iter().take(17) {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    values.last() == Some(&((31 - sum % 31) % 31))
}

/// A telephone number: digits and the dashes between them.
pub(super) fn check_phone(text: &str) -> Result<String, &'static Rule> {
    let text = text.strip_prefix("+86").unwrap_or(text);
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '(' | ')'))
        .map(|c| if matches!(c, '－' | '—' | '转') { '-' } else { c })
        .collect();
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let only = plain.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if only && (7..=20).contains(&digits) { Ok(plain) } else { Err(&PHONE_SHAPE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_character_is_any_character() {
        assert!(name_matches("郜䶮玉", "郜?玉"));
        assert!(name_matches("桑军䶮", "桑军？"));
        assert!(name_matches("𠮷田", "??田"));
        assert!(name_matches("𠮷田", "?田"));
        assert!(name_matches("王 磊", "王　磊"));
        assert!(name_matches("阿依古丽·买买提", "阿依古丽•买买提"));
        assert!(!name_matches("王磊", "王??"));
        assert!(!name_matches("王磊", "李?"));
        assert!(!name_matches("王磊", "王"));
        assert!(!name_matches("王?", "王磊"));
    }

    #[test]
    fn identity_numbers_are_checked_by_their_own_standard() {
        let resident = Ok(Some(IdKind::Resident));
        for (number, kind, answer) in [
            ("999999195609166440", None, resident),
            ("99999919790704474X", None, resident),
            ("999999195609166441", None, Err(&IDENTITY_CHECK_DIGIT)),
            ("999999195613166440", None, Err(&IDENTITY_SHAPE)),
            ("999999560916644", None, resident),
            ("91350100M000100Y43", None, Ok(Some(IdKind::Organisation))),
            ("91350100M000100Y44", None, Err(&IDENTITY_SHAPE)),
            ("E12345678", None, Err(&IDENTITY_SHAPE)),
            ("E12345678", Some(IdKind::Passport), Ok(Some(IdKind::Passport))),
            ("R123456(7)", Some(IdKind::Permit), Ok(Some(IdKind::Permit))),
            ("310***********1234", None, Err(&IDENTITY_SHAPE)),
        ] {
            assert_eq!(check_identity(number, kind), answer, "{number}");
        }
    }

    #[test]
    fn telephones_are_digits() {
        assert_eq!(check_phone("19900003050"), Ok("19900003050".into()));
        assert_eq!(check_phone("+8619900003050"), Ok("19900003050".into()));
        assert_eq!(check_phone("(021) 6543210转8"), Ok("0216543210-8".into()));
        assert_eq!(check_phone("199****3050"), Err(&PHONE_SHAPE));
        assert_eq!(check_phone("123"), Err(&PHONE_SHAPE));
    }
}
