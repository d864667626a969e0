//! Money in fen, and the only way to divide it.
//!
//! Owns: [`Money`], [`Unrounded`], [`Rounding`], [`split`].
//!
//! Always: an amount is a whole number of fen in an `i64`; arithmetic is checked and an overflow is a
//! panic, because [`Money::LIMIT`] is enforced wherever an amount enters the house, and nine hundred
//! thousand amounts at the limit still fit. Never: a float, an unnamed rounding, a share that is negative or a
//! whole fen away from its exact value.
//!
//! ```
//! use ledger::money::{Money, split};
//! let cost = Money::parse("100.00").unwrap();
//! let shares = split(cost, &[1, 1, 1]).unwrap();
//! assert_eq!(shares.iter().map(Money::to_string).collect::<Vec<_>>(), ["33.34", "33.33", "33.33"]);
//! assert_eq!(shares.into_iter().sum::<Money>(), cost);
//! assert_eq!(cost.in_capitals(), "壹佰元整");
//! ```

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An amount in fen (1/100 yuan). Signed: what the sign means is said by the field that holds it.
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
pub struct Money(i64);

/// Why a text is not an amount. The Chinese sentence is what a clerk reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMoney {
    /// Nothing, or nothing but a dash or a slash.
    #[error("金额为空")]
    Empty,
    /// Not a decimal number.
    #[error("不是金额")]
    Shape,
    /// More than two decimals: a fraction of a fen is never rounded away.
    #[error("金额超过两位小数")]
    Fraction,
    /// Beyond [`Money::LIMIT`].
    #[error("金额超过上限 100,000,000,000.00 元")]
    Limit,
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest amount the house takes in one figure: 10¹³ fen, a hundred billion yuan.
    pub const LIMIT: Money = Money(10_000_000_000_000);

    /// An amount of so many fen.
    #[must_use]
    pub const fn fen(fen: i64) -> Money {
        Money(fen)
    }

    /// The amount in fen, for columns and wires.
    #[must_use]
    pub const fn in_fen(self) -> i64 {
        self.0
    }

    /// Reads an amount as people type it: `1234.5`, `￥1,234.50元`, `+10000.00`, `-3`, full-width digits.
    ///
    /// # Errors
    /// [`NotMoney`]; a third decimal is refused unless it is zero.
    pub fn parse(text: &str) -> Result<Money, NotMoney> {
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '０'..='９' => plain.push(char::from(b'0' + (c as u32 - '０' as u32) as u8)),
                '．' => plain.push('.'),
                '－' | '−' => plain.push('-'),
                '＋' => plain.push('+'),
                ',' | '，' | '￥' | '¥' | '元' | '`' | '\'' | '"' => {}
                c if c.is_whitespace() || c == '\u{feff}' => {}
                c => plain.push(c),
            }
        }
        let (negative, digits) = match plain.as_bytes() {
            [] => return Err(NotMoney::Empty),
            [b'-'] | [b'/'] => return Err(NotMoney::Empty),
            [b'-', ..] => (true, &plain[1..]),
            [b'+', ..] => (false, &plain[1..]),
            _ => (false, plain.as_str()),
        };
        let (yuan, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (yuan.is_empty() && fraction.is_empty()) || !number(yuan) || !number(fraction) {
            return Err(NotMoney::Shape);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 2 {
            return Err(NotMoney::Fraction);
        }
        let yuan = yuan.trim_start_matches('0');
        if yuan.len() > 12 {
            return Err(NotMoney::Limit);
        }
        let digit = |s: &str| s.bytes().fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
        let fen = digit(yuan) * 100 + digit(fraction) * if fraction.len() == 1 { 10 } else { 1 };
        if fen > Money::LIMIT.0 {
            return Err(NotMoney::Limit);
        }
        Ok(Money(if negative { -fen } else { fen }))
    }

    /// Whether the amount may enter the house: not beyond [`Money::LIMIT`] on either side.
    #[must_use]
    pub const fn is_within_limit(self) -> bool {
        self.0 <= Money::LIMIT.0 && self.0 >= -Money::LIMIT.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The amount without its sign.
    #[must_use]
    pub const fn abs(self) -> Money {
        // Saturating: the one amount without a counterpart is far beyond the limit, and must be refused, not panic.
        Money(self.0.saturating_abs())
    }

    /// The smaller of two.
    #[must_use]
    pub fn min(self, other: Money) -> Money {
        Ord::min(self, other)
    }

    /// Yuan with thousand separators, for paper and pages: `1,234,567.89`.
    #[must_use]
    pub fn grouped(self) -> String {
        let plain = self.to_string();
        // Not `abs`: a refusal quotes what it was asked, and the least of all amounts has no opposite.
        let plain = plain.trim_start_matches('-');
        let (yuan, fen) = plain.split_at(plain.len() - 3);
        let mut out = String::with_capacity(plain.len() + plain.len() / 3);
        if self.0 < 0 {
            out.push('-');
        }
        for (i, c) in yuan.chars().enumerate() {
            if i > 0 && (yuan.len() - i) % 3 == 0 {
                out.push(',');
            }
            out.push(c);
        }
        out + fen
    }

    /// 大写: the amount in the capitals that receipts and approvals carry, `壹仟零伍元叁角整`.
    #[must_use]
    pub fn in_capitals(self) -> String {
        const DIGITS: [&str; 10] = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];
        const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
        const GROUPS: [&str; 5] = ["", "万", "亿", "万亿", "亿亿"];
        let digit = |n: u64| DIGITS[(n % 10) as usize];
        let fen = self.0.unsigned_abs();
        let (yuan, jiao, fen) = (fen / 100, fen / 10 % 10, fen % 10);
        let mut out = String::from(if self.0 < 0 { "负" } else { "" });

        let mut zero_owed = false;
        for place in (0..20).rev() {
            let n = yuan / 10_u64.pow(place) % 10;
            let (group, within) = ((place / 4) as usize, (place % 4) as usize);
            if n > 0 {
                if zero_owed {
                    out.push('零');
                }
                out.push_str(digit(n));
                out.push_str(PLACES[within]);
                zero_owed = false;
            } else if yuan >= 10_u64.pow(place) {
                zero_owed = true;
            }
            // A group of four is named if any of its digits was said.
            if within == 0 && yuan / 10_u64.pow(place) % 10_000 > 0 {
                out.push_str(GROUPS[group]);
            }
        }
        if yuan > 0 {
            out.push('元');
        }
        match (jiao, fen) {
            (0, 0) if yuan == 0 => out.push_str("零元整"),
            (0, 0) => out.push('整'),
            (j, 0) => {
                out.push_str(digit(j));
                out.push_str("角整");
            }
            (0, f) => {
                if yuan > 0 {
                    out.push('零');
                }
                out.push_str(digit(f));
                out.push('分');
            }
            (j, f) => {
                out.push_str(digit(j));
                out.push('角');
                out.push_str(digit(f));
                out.push('分');
            }
        }
        out
    }
}

/// Yuan with two decimals and nothing else: `-1234.50`. [`Money::parse`] reads it back.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}.{:02}", fen / 100, fen % 100))
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.checked_add(other.0).expect("amounts within the limit cannot overflow"))
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0.checked_sub(other.0).expect("amounts within the limit cannot overflow"))
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(self.0.checked_neg().expect("amounts within the limit cannot overflow"))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

/// A figure in yuan that is not yet money: a rate times an area, a percentage of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unrounded(Decimal);

/// How an [`Unrounded`] becomes fen. Named by the policy pack and stored with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// 四舍五入 to the fen, half away from zero: the house's rule unless a pack says otherwise.
    HalfUpFen,
    /// Cut to the fen.
    DownFen,
}

impl Unrounded {
    /// A figure in yuan.
    #[must_use]
    pub const fn yuan(yuan: Decimal) -> Unrounded {
        Unrounded(yuan)
    }

    /// The figure in yuan, unrounded.
    #[must_use]
    pub const fn in_yuan(self) -> Decimal {
        self.0
    }

    /// Becomes money, by a named rule.
    ///
    /// # Errors
    /// [`NotMoney::Limit`] if the figure is beyond what the house takes.
    pub fn round(self, rounding: Rounding) -> Result<Money, NotMoney> {
        use rust_decimal::RoundingStrategy as By;
        let by = match rounding {
            Rounding::HalfUpFen => By::MidpointAwayFromZero,
            Rounding::DownFen => By::ToZero,
        };
        let fen = self.0.checked_mul(Decimal::ONE_HUNDRED).ok_or(NotMoney::Limit)?;
        let fen = fen.round_dp_with_strategy(0, by).to_i64().ok_or(NotMoney::Limit)?;
        let money = Money(fen);
        if money.is_within_limit() { Ok(money) } else { Err(NotMoney::Limit) }
    }
}

/// Divides `total` by `weights`: floors every share, then gives the missing fen to the largest
/// remainders, ties to the earlier place. The caller orders places by dwelling number, so a tie goes to
/// the lower one and the order in which rows arrived cannot matter.
///
/// Σ shares = total; every share is non-negative and less than one fen from its exact value. `None` if
/// `total` is negative, or positive with no weight to carry it. Source: `domain.md` §3.4 (no statute
/// names a rule; vectors TV-1, TV-1b, TV-1c).
#[must_use]
pub fn split(total: Money, weights: &[u64]) -> Option<Vec<Money>> {
    let whole: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    let amount = u128::try_from(total.0).ok()?;
    if whole == 0 {
        return (amount == 0).then(|| vec![Money::ZERO; weights.len()]);
    }

    // amount < 2⁶³ and weight < 2⁶⁴, so the product fits 128 bits.
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut given: u128 = 0;
    for (place, weight) in weights.iter().enumerate() {
        let product = amount * u128::from(*weight);
        given += product / whole;
        shares.push(product / whole);
        remainders.push((product % whole, place));
    }
    let missing = usize::try_from(amount - given).expect("fewer fen are missing than shares exist");
    remainders.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, place) in &remainders[..missing] {
        shares[*place] += 1;
    }
    let fen = |s: u128| Money(i64::try_from(s).expect("a share is not larger than the total"));
    Some(shares.into_iter().map(fen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, fen) in [
            ("1234.5", 123_450),
            ("￥1,234.50元", 123_450),
            ("+10000.00", 1_000_000),
            ("-3", -300),
            ("１２．３４", 1234),
            ("`0.80000", 80),
            (".5", 50),
            ("100000000000", 10_000_000_000_000),
        ] {
            assert_eq!(Money::parse(text), Ok(Money::fen(fen)), "{text}");
        }
        for (text, why) in [
            ("", NotMoney::Empty),
            ("-", NotMoney::Empty),
            ("/", NotMoney::Empty),
            ("1.005", NotMoney::Fraction),
            ("1e5", NotMoney::Shape),
            ("--1", NotMoney::Shape),
            ("1.2.3", NotMoney::Shape),
            ("壹佰", NotMoney::Shape),
            ("100000000000.01", NotMoney::Limit),
            ("99999999999999999999", NotMoney::Limit),
        ] {
            assert_eq!(Money::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn capitals_are_what_a_bank_accepts() {
        for (fen, text) in [
            (0, "零元整"),
            (5, "伍分"),
            (30, "叁角整"),
            (10_005, "壹佰元零伍分"),
            (100_530, "壹仟零伍元叁角整"),
            (1_000_000_000, "壹仟万元整"),
            (1_000_000_100, "壹仟万零壹元整"),
            (10_000_000_000, "壹亿元整"),
            (10_010_000_000, "壹亿零壹拾万元整"),
            (123_456_789, "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"),
            (298_531_575, "贰佰玖拾捌万伍仟叁佰壹拾伍元柒角伍分"),
            (-100, "负壹元整"),
        ] {
            assert_eq!(Money::fen(fen).in_capitals(), text);
        }
    }

    #[test]
    fn figures_group_by_thousands() {
        assert_eq!(Money::fen(298_531_575).grouped(), "2,985,315.75");
        assert_eq!(Money::fen(-99).grouped(), "-0.99");
        assert_eq!(Money::fen(i64::MIN).grouped(), "-92,233,720,368,547,758.08");
    }

    /// `domain.md` §7, TV-1, TV-1b, TV-1c.
    #[test]
    fn the_allocation_vectors_hold() {
        let areas = [8845, 8845, 10_230, 10_230, 6518, 12_000, 7777];
        let shares = split(Money::fen(10_000_000), &areas).unwrap();
        let fen: Vec<i64> = shares.iter().map(|s| s.in_fen()).collect();
        assert_eq!(
            fen,
            [1_372_488, 1_372_488, 1_587_400, 1_587_400, 1_011_405, 1_862_053, 1_206_766]
        );

        let fen = |total, weights: &[u64]| -> Vec<i64> {
            split(Money::fen(total), weights).unwrap().iter().map(|s| s.in_fen()).collect()
        };
        assert_eq!(fen(10_000, &[1, 1, 1]), [3334, 3333, 3333]);
        assert_eq!(fen(5, &[1; 7]), [1, 1, 1, 1, 1, 0, 0]);
        assert_eq!(fen(0, &[0, 0]), [0, 0]);
        assert_eq!(split(Money::fen(1), &[0, 0]), None);
        assert_eq!(split(Money::fen(-1), &[1]), None);
        assert_eq!(fen(i64::MAX, &[u64::MAX, 0]), [i64::MAX, 0]);
    }

    #[test]
    fn rounding_is_half_up_to_the_fen() {
        let round = |s: &str| Unrounded::yuan(s.parse().unwrap()).round(Rounding::HalfUpFen);
        assert_eq!(round("7148.15625"), Ok(Money::fen(714_816)));
        assert_eq!(round("0.005"), Ok(Money::fen(1)));
        assert_eq!(round("-0.005"), Ok(Money::fen(-1)));
        assert_eq!(round("100000000000.005"), Err(NotMoney::Limit));
    }
}
