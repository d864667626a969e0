//! Value-added tax: which rate a charge bears on a day, and how a price that includes it is taken apart.
//!
//! Always: the rates are data with their days and their articles (`vat.toml`, from `domain.md` §4.5); net is rounded once, half
//! up to the fen, and the tax is the rest, so that both make the price (TV-12). What is merely passed on, and what an exempt
//! taxpayer sells, bears none.

use std::sync::LazyLock;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::Day;
use crate::money::{Money, Rounding, Unrounded};

/// What a company is to the tax office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "纳税人身份")]
pub enum Taxpayer {
    /// 一般纳税人.
    #[schemars(description = "一般纳税人")]
    General,
    /// 小规模纳税人.
    #[schemars(description = "小规模纳税人")]
    Small,
    /// 未达起征点、免税.
    #[schemars(description = "免税（未达起征点等）")]
    Exempt,
}

/// What is sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "TaxKind", description = "税目")]
pub enum Kind {
    /// 物业服务.
    #[default]
    #[schemars(description = "物业服务")]
    Service,
    /// 车位租赁.
    #[schemars(description = "车位租赁")]
    Parking,
    /// 场地、设施、广告位出租: a letting of immovables.
    #[schemars(description = "场地、设施、广告位出租")]
    Letting,
    /// 转售自来水.
    #[schemars(description = "转售自来水")]
    Water,
    /// 代收代付: not the company's sale.
    #[schemars(description = "代收代付，不计税")]
    PassedOn,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Rate {
    kind: Kind,
    taxpayer: Taxpayer,
    #[serde(deserialize_with = "toml_day")]
    from_on: Day,
    #[serde(default, deserialize_with = "toml_day_if_any")]
    to_on: Option<Day>,
    bp: u16,
    says: String,
    article: String,
    evidence: String,
}

fn toml_day<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Day, D::Error> {
    let day = toml::value::Datetime::deserialize(from)?;
    day.to_string().parse().map_err(serde::de::Error::custom)
}

fn toml_day_if_any<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Day>, D::Error> {
    toml_day(from).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    rate: Vec<Rate>,
}

static RATES: LazyLock<Vec<Rate>> = LazyLock::new(|| {
    let sheet: Sheet =
        toml::from_str(include_str!("vat.toml")).expect("the shipped rates are read by a test");
    sheet.rate
});

/// A rate, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Borne {
    /// In hundredths of a per cent.
    pub bp: u16,
    /// What it says.
    pub says: &'static str,
    /// Where.
    pub article: &'static str,
    /// How sure we are.
    pub evidence: &'static str,
}

const NONE: Borne = Borne { bp: 0, says: "不计税", article: "", evidence: "V" };

/// The rate of a day. Nothing is known before the first: then it is none.
#[must_use]
pub fn rate(kind: Kind, taxpayer: Taxpayer, day: Day) -> Borne {
    let live = |r: &&Rate| {
        (r.kind, r.taxpayer) == (kind, taxpayer)
            && r.from_on <= day
            && r.to_on.is_none_or(|to| day <= to)
    };
    RATES.iter().find(live).map_or(NONE, |r| Borne {
        bp: r.bp,
        says: &r.says,
        article: &r.article,
        evidence: &r.evidence,
    })
}

/// The tax within a price: net = round(gross ÷ (1 + rate)), tax = gross − net.
#[must_use]
pub fn within(gross: Money, bp: u16) -> Money {
    if bp == 0 {
        return Money::ZERO;
    }
    let whole = Decimal::new(gross.in_fen(), 2) * Decimal::from(10_000);
    let net = Unrounded::yuan(whole / Decimal::from(10_000 + u32::from(bp)));
    net.round(Rounding::HalfUpFen).map_or(Money::ZERO, |net| gross - net)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// `domain.md` §7, TV-12.
    #[test]
    fn a_price_is_net_and_tax() {
        assert_eq!(within(Money::fen(106_000), 600), Money::fen(6_000));
        assert_eq!(within(Money::fen(101_000), 100), Money::fen(1_000));
        assert_eq!(within(Money::fen(1), 600), Money::ZERO);
        assert_eq!(within(Money::fen(100), 0), Money::ZERO);
    }

    #[test]
    fn the_rate_is_that_of_the_day() {
        let bp = |kind, payer, on: &str| rate(kind, payer, day(on)).bp;
        assert_eq!(bp(Kind::Service, Taxpayer::General, "2026-01-01"), 600);
        assert_eq!(bp(Kind::Service, Taxpayer::Small, "2027-12-31"), 100);
        assert_eq!(bp(Kind::Service, Taxpayer::Small, "2028-01-01"), 300);
        assert_eq!(bp(Kind::Parking, Taxpayer::General, "2026-01-01"), 900);
        assert_eq!(bp(Kind::Letting, Taxpayer::General, "2026-01-01"), 900);
        assert_eq!(bp(Kind::Letting, Taxpayer::Small, "2026-01-01"), 500);
        assert_eq!(bp(Kind::Water, Taxpayer::General, "2026-01-01"), 300);
        assert_eq!(bp(Kind::PassedOn, Taxpayer::General, "2026-01-01"), 0);
        assert_eq!(bp(Kind::Service, Taxpayer::Exempt, "2026-01-01"), 0);
    }
}
