//! Fractions, and bounds that say whether they count.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::{Money, Unrounded};

/// A term that may be absent: `"none"` in a pack's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Perhaps<T>(pub Option<T>);

impl<T> Deref for Perhaps<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T: Serialize> Serialize for Perhaps<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(term) => term.serialize(to),
            None => to.serialize_str("none"),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Perhaps<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Perhaps<T>, D::Error> {
        let value = toml::Value::deserialize(from)?;
        if value.as_str() == Some("none") {
            return Ok(Perhaps(None));
        }
        value.try_into().map(|term| Perhaps(Some(term))).map_err(D::Error::custom)
    }
}

/// A part of a whole, `2/3` or `30%`, from nothing to all of it. Kept as it was written: `30%` is 30/100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fraction {
    part: u32,
    of: u32,
}

impl Fraction {
    /// So many parts of so many; `None` if that is more than all or a part of nothing.
    #[must_use]
    pub const fn new(part: u32, of: u32) -> Option<Fraction> {
        if of == 0 || part > of { None } else { Some(Fraction { part, of }) }
    }

    /// Parts and whole.
    #[must_use]
    pub const fn terms(self) -> (u32, u32) {
        (self.part, self.of)
    }

    /// The part as a decimal, for what is not yet money.
    #[must_use]
    pub fn in_decimal(self) -> Decimal {
        Decimal::from(self.part) / Decimal::from(self.of)
    }

    /// This part of an amount, cut to the fen: the most that is not more than the part.
    #[must_use]
    pub fn of_money(self, whole: Money) -> Money {
        let fen = i128::from(whole.in_fen()) * i128::from(self.part) / i128::from(self.of);
        Money::fen(i64::try_from(fen).expect("a part is not more than the whole"))
    }

    /// This part of an amount, not yet rounded.
    #[must_use]
    pub fn of_yuan(self, whole: Money) -> Unrounded {
        let yuan = Decimal::new(whole.in_fen(), 2);
        Unrounded::yuan(yuan * Decimal::from(self.part) / Decimal::from(self.of))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            100 => write!(f, "{}%", self.part),
            of => write!(f, "{}/{of}", self.part),
        }
    }
}

/// The ways people write it. The reader takes any `a/b` up to the whole, which no pattern can say.
impl JsonSchema for Fraction {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Fraction".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": "^((100|[1-9]?[0-9])%|1/[1-9][0-9]?|2/[3-9]|3/[4-9])$", "examples": ["30%", "2/3"]
        })
    }
}

impl TryFrom<String> for Fraction {
    type Error = String;
    fn try_from(text: String) -> Result<Fraction, String> {
        let wrong = || format!("{text:?} 不是 0 至 1 之间的比例，应写作 2/3 或 30%");
        let plain = text.trim();
        let (part, of) = match (plain.strip_suffix('%'), plain.split_once('/')) {
            (Some(part), _) => (part, "100"),
            (None, Some(terms)) => terms,
            (None, None) => return Err(wrong()),
        };
        let number = |s: &str| s.trim().parse::<u32>().ok();
        let read = number(part).zip(number(of)).and_then(|(part, of)| Fraction::new(part, of));
        read.ok_or_else(wrong)
    }
}

impl From<Fraction> for String {
    fn from(fraction: Fraction) -> String {
        fraction.to_string()
    }
}

/// On which side of its bound a figure must be, and whether the bound counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// 以上: the bound and more.
    AtLeast,
    /// 超过、过半数: more than the bound.
    Above,
    /// 以下、以内: the bound and less.
    AtMost,
    /// 不足、低于: less than the bound.
    Below,
}

impl Side {
    const SIGNS: [(&'static str, Side); 4] =
        [(">=", Side::AtLeast), ("<=", Side::AtMost), (">", Side::Above), ("<", Side::Below)];

    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Side::AtLeast => order.is_ge(),
            Side::Above => order.is_gt(),
            Side::AtMost => order.is_le(),
            Side::Below => order.is_lt(),
        }
    }
}

/// A bound and its side: `">= 2/3"`, `"> 1/2"`, `"< 30%"`, `"<= 30000.00"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bar<T> {
    /// Which side is wanted.
    pub side: Side,
    /// The bound.
    pub at: T,
}

impl Bar<Fraction> {
    /// Whether `part` of `whole` is on the wanted side. By cross-multiplication: nothing is divided, nothing rounded.
    #[must_use]
    pub fn holds(self, part: i64, whole: i64) -> bool {
        let (num, den) = (i128::from(self.at.part), i128::from(self.at.of));
        self.side.holds((i128::from(part) * den).cmp(&(i128::from(whole) * num)))
    }

    /// The most money that is still `at most` this part of `whole`; for a bound from above that excludes itself, a fen less
    /// where it would be met exactly.
    #[must_use]
    pub fn most(self, whole: Money) -> Money {
        let most = self.at.of_money(whole);
        if self.holds(most.in_fen(), whole.in_fen()) { most } else { most - Money::fen(1) }
    }
}

impl Bar<Money> {
    /// Whether an amount is on the wanted side.
    #[must_use]
    pub fn holds(self, amount: Money) -> bool {
        self.side.holds(amount.cmp(&self.at))
    }
}

impl<T: fmt::Display> fmt::Display for Bar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signs = Side::SIGNS.iter().find(|(_, side)| *side == self.side);
        write!(f, "{} {}", signs.map_or("", |(sign, _)| sign), self.at)
    }
}

impl<T: fmt::Display> Serialize for Bar<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What can be a bound.
trait Bound: Sized {
    fn read(text: &str) -> Result<Self, String>;
}

impl Bound for Fraction {
    fn read(text: &str) -> Result<Fraction, String> {
        Fraction::try_from(text.to_owned())
    }
}

impl Bound for Money {
    fn read(text: &str) -> Result<Money, String> {
        Money::parse(text).map_err(|why| format!("{text:?}：{why}"))
    }
}

impl<'de, T: Bound> Deserialize<'de> for Bar<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Bar<T>, D::Error> {
        let text = String::deserialize(from)?;
        for (sign, side) in Side::SIGNS {
            if let Some(rest) = text.trim().strip_prefix(sign) {
                return T::read(rest.trim()).map(|at| Bar { side, at }).map_err(D::Error::custom);
            }
        }
        Err(D::Error::custom(format!("{text:?} 缺少 >=、>、<= 或 <")))
    }
}
