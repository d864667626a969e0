//! Prices: how a charge is reckoned, for whom, from which day; and the prices of one charge, one after the other.
//!
//! Always: a price is never changed. The next one of the same charge begins later and keeps its cycle; the last one ends once.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    END, NO_TARIFF, NO_TERMS, PRICE, PRICE_TAKEN, Terms, is_a_day, may_be_kept, rows, terms_on, vat,
};
use crate::books::Tx;
use crate::calendar::{Day, Month, iso_day};
use crate::error::{Refusal, Result};
use crate::id::TariffNo;
use crate::property::{self, Dwelling, Usage};

/// A tier of a tiered price.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TariffTier", description = "阶梯的一级")]
pub struct Tier {
    /// Up to which count of the period; the last has no end.
    #[serde(
        default,
        deserialize_with = "top",
        serialize_with = "rust_decimal::serde::str_option::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        description = "本级至多：最后一级不写",
        with = "Option<String>",
        regex(pattern = r"^[0-9]{1,9}(\.[0-9]{1,3})?$"),
        example = &"60"
    )]
    pub up_to: Option<Decimal>,
    /// The price of one.
    #[serde(with = "rust_decimal::serde::str")]
    #[schemars(description = "单价：元", with = "String", regex(pattern = r"^[0-9]{1,7}(\.[0-9]{1,4})?$"), example = &"2.90")]
    pub price: Decimal,
}

/// A tier's end, or null for none: `str_option` does not know the null of a tagged formula.
fn top<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
    #[derive(Deserialize)]
    struct Top(#[serde(with = "rust_decimal::serde::str")] Decimal);
    Ok(Option::<Top>::deserialize(from)?.map(|top| top.0))
}

/// What a meter counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "MeterKind", description = "表的种类")]
pub enum Meter {
    /// 水.
    #[schemars(description = "水")]
    Water,
    /// 电.
    #[schemars(description = "电")]
    Power,
    /// 热.
    #[schemars(description = "热")]
    Heat,
    /// 气.
    #[schemars(description = "气")]
    Gas,
}

impl Meter {
    const ALL: [Meter; 4] = [Meter::Water, Meter::Power, Meter::Heat, Meter::Gas];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Meter::Water => "water",
            Meter::Power => "power",
            Meter::Heat => "heat",
            Meter::Gas => "gas",
        }
    }

    pub(super) fn named(name: &str) -> Meter {
        Meter::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(Meter::Water)
    }
}

/// How a charge is reckoned. Prices are texts: yuan with at most four places.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "TariffFormula", description = "计算公式", transform = crate::governance::matter::with_tag_told)]
pub enum Formula {
    /// 面积 × 单价 × 月数.
    #[schemars(description = "按面积：元/平方米·月")]
    Area {
        /// Yuan per m² and month.
        #[serde(with = "rust_decimal::serde::str")]
        #[schemars(description = "单价：元/平方米·月", with = "String", regex(pattern = r"^[0-9]{1,7}(\.[0-9]{1,4})?$"), example = &"0.35")]
        price: Decimal,
    },
    /// 定额: one sum a month.
    #[schemars(description = "定额：元/户·月")]
    Fixed {
        /// Yuan a month.
        #[serde(with = "rust_decimal::serde::str")]
        #[schemars(description = "单价：元/户·月", with = "String", regex(pattern = r"^[0-9]{1,7}(\.[0-9]{1,4})?$"), example = &"10")]
        price: Decimal,
    },
    /// 车位: one sum a month and space held.
    #[schemars(description = "按车位：元/个·月")]
    Spaces {
        /// Yuan a month and space.
        #[serde(with = "rust_decimal::serde::str")]
        #[schemars(description = "单价：元/个·月", with = "String", regex(pattern = r"^[0-9]{1,7}(\.[0-9]{1,4})?$"), example = &"150")]
        price: Decimal,
    },
    /// 抄表.
    #[schemars(description = "抄表：元/单位用量")]
    Metered {
        /// Of which meter.
        #[schemars(description = "表的种类")]
        meter: Meter,
        /// Yuan for one.
        #[serde(with = "rust_decimal::serde::str")]
        #[schemars(description = "单价：元", with = "String", regex(pattern = r"^[0-9]{1,7}(\.[0-9]{1,4})?$"), example = &"2.90")]
        price: Decimal,
    },
    /// 阶梯.
    #[schemars(description = "阶梯：按本期用量分级")]
    Tiered {
        /// Of which meter.
        #[schemars(description = "表的种类")]
        meter: Meter,
        /// The tiers, lowest first.
        #[schemars(description = "各级：自低而高")]
        tiers: Vec<Tier>,
    },
}

impl Formula {
    /// The meter it is about.
    #[must_use]
    pub const fn meter(&self) -> Option<Meter> {
        match self {
            Formula::Metered { meter, .. } | Formula::Tiered { meter, .. } => Some(*meter),
            _ => None,
        }
    }

    pub(super) fn is_like(&self, other: &Formula) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && self.meter() == other.meter()
    }
}

/// From where the cycle of a charge counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "TariffCycle", description = "周期的起点")]
pub enum Cycle {
    /// From January.
    #[default]
    #[schemars(description = "自然年月：一月起")]
    Calendar,
    /// From the dwelling's own first month.
    #[schemars(description = "按户周年：自该户首个计费月起")]
    Anniversary,
}

impl Cycle {
    pub(super) const fn in_chinese(self) -> &'static str {
        match self {
            Cycle::Calendar => "自一月起算",
            Cycle::Anniversary => "自该户首个计费月起算",
        }
    }
}

/// Whether a period is charged when it begins or when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "TariffTiming", description = "何时出账")]
pub enum Timing {
    /// In its first month.
    #[default]
    #[schemars(description = "期初出账")]
    Ahead,
    /// In its last month.
    #[schemars(description = "期末出账：抄表的用")]
    Behind,
}

/// A price to set: a new item, or the next price of one that stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewTariff", description = "要登记的收费标准")]
pub struct NewTariff {
    /// What is charged.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// How.
    #[schemars(description = "计算公式")]
    pub formula: Formula,
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// How many months a bill is for.
    #[schemars(description = "几个月一期：1、2、3、4、6、12", example = 3)]
    pub cycle_months: u8,
    /// From where they count.
    #[serde(default)]
    #[schemars(description = "周期的起点：不写为自然年月")]
    pub cycle: Cycle,
    /// When it is billed.
    #[serde(default)]
    #[schemars(description = "何时出账：不写为期初")]
    pub timing: Timing,
    /// By how many days after its first day (its last, if it is billed at its end) it is to be paid.
    #[serde(default)]
    #[schemars(
        description = "缴费期限：出账期初（期末出账的，期末）后几天",
        range(max = 366),
        example = 30
    )]
    pub due_days: u16,
    /// Of what use the dwellings are; all, if none is named.
    #[serde(default)]
    #[schemars(description = "适用的房屋用途：不写为全部")]
    pub usages: Vec<Usage>,
    /// Of which building; all, if none is named.
    #[serde(default)]
    #[schemars(description = "适用的楼栋：不写为全部", example = &"1")]
    pub building: Option<String>,
    /// What it is to the tax office.
    #[serde(default)]
    #[schemars(description = "税目：不写为物业服务")]
    pub tax: vat::Kind,
    /// The contract, the notice.
    #[schemars(description = "依据：合同或公示文件", example = &"物业服务合同 2025-01")]
    pub document: String,
}

/// A price that was set.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "收费标准")]
pub struct Tariff {
    /// Its number.
    #[schemars(description = "收费标准编号", example = 1)]
    pub tariff_no: TariffNo,
    /// What is charged.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// How.
    #[schemars(description = "计算公式")]
    pub formula: Formula,
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day, if it was ended.
    #[schemars(description = "止日：未终止的为空")]
    pub ended_on: Option<Day>,
    /// How many months a bill is for.
    #[schemars(description = "几个月一期", example = 3)]
    pub cycle_months: u8,
    /// From where they count.
    #[schemars(description = "周期的起点")]
    pub cycle: Cycle,
    /// When it is billed.
    #[schemars(description = "何时出账")]
    pub timing: Timing,
    /// By when it is to be paid.
    #[schemars(description = "缴费期限：天", example = 30)]
    pub due_days: u16,
    /// Of what use the dwellings are.
    #[schemars(description = "适用的房屋用途：空为全部")]
    pub usages: Vec<Usage>,
    /// Of which building.
    #[schemars(description = "适用的楼栋：空为全部")]
    pub building: Option<String>,
    /// What it is to the tax office.
    #[schemars(description = "税目")]
    pub tax: vat::Kind,
    /// The contract.
    #[schemars(description = "依据", example = &"物业服务合同 2025-01")]
    pub document: String,
}

impl Tariff {
    /// Whether a dwelling is one of those it is for. What belongs to everybody (物业用房) is charged nothing.
    #[must_use]
    pub fn is_meant_for(&self, dwelling: &Dwelling) -> bool {
        let is_of_use = if self.usages.is_empty() {
            dwelling.usage != Usage::Service
        } else {
            self.usages.contains(&dwelling.usage)
        };
        let is_there =
            self.building.as_deref().is_none_or(|b| property::building_code(&dwelling.code) == b);
        is_of_use && is_there
    }

    /// What makes prices the same charge at different times.
    fn key(&self) -> (&str, &[Usage], Option<&str>) {
        (&self.item, &self.usages, self.building.as_deref())
    }
}

/// The prices of one charge, one after the other.
#[derive(Clone, Debug)]
pub struct Series<'a>(Vec<&'a Tariff>);

impl<'a> Series<'a> {
    /// The charges there are, each with its prices by their days.
    #[must_use]
    pub fn of(tariffs: &'a [Tariff]) -> Vec<Series<'a>> {
        let mut all: Vec<Series<'a>> = Vec::new();
        for tariff in tariffs {
            match all
                .iter_mut()
                .find(|s| s.0[0].key() == tariff.key() && s.0[0].formula.is_like(&tariff.formula))
            {
                Some(series) => series.0.push(tariff),
                None => all.push(Series(vec![tariff])),
            }
        }
        all.iter_mut().for_each(|s| s.0.sort_by_key(|t| t.from_on));
        all
    }

    /// What is charged.
    #[must_use]
    pub fn item(&self) -> &'a str {
        &self.0[0].item
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &'a Tariff> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn begun_on(&self) -> Day {
        self.0[0].from_on
    }

    pub(super) fn ended_on(&self) -> Option<Day> {
        self.0[self.0.len() - 1].ended_on
    }

    /// The price of a day.
    pub(super) fn on(&self, day: Day) -> Option<&'a Tariff> {
        let last = self.all().filter(|t| t.from_on <= day).last();
        last.filter(|t| t.ended_on.is_none_or(|end| day <= end))
    }

    /// The last price there was up to a day.
    pub(super) fn last_until(&self, day: Day) -> &'a Tariff {
        self.all().filter(|t| t.from_on <= day).last().unwrap_or(self.0[0])
    }

    /// The price that decides a month's periods: any in force in it.
    pub(super) fn of_month(&self, month: Month) -> Option<&'a Tariff> {
        self.on(month.last_day()).or_else(|| {
            let last = self.all().filter(|t| t.from_on <= month.last_day()).last()?;
            last.ended_on.is_some_and(|end| end >= month.first_day()).then_some(last)
        })
    }
}

/// Sets a price.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.price`, `tariff.no-terms`, `tariff.price-taken`.
pub async fn set(tx: &mut Tx, new: &NewTariff) -> Result<TariffNo> {
    may_be_kept("收费项目", &new.item)?;
    may_be_kept("依据", &new.document)?;
    let compound = tx.compound();
    let terms = rows::terms(tx, compound).await?;
    let known = rows::tariffs(tx, compound).await?;
    may_be_set(new, &terms, &known)?;
    rows::keep_tariff(tx, new)
}

fn is_price(price: Decimal) -> bool {
    price > Decimal::ZERO && price.normalize().scale() <= 4 && price <= Decimal::from(1_000_000)
}

fn may_be_set(new: &NewTariff, terms: &[Terms], known: &[Tariff]) -> Result<(), Refusal> {
    let wrong = |words: String| Err(PRICE.refuse(words));
    let prices: Vec<Decimal> = match &new.formula {
        Formula::Area { price }
        | Formula::Fixed { price }
        | Formula::Spaces { price }
        | Formula::Metered { price, .. } => {
            vec![*price]
        }
        Formula::Tiered { tiers, .. } => {
            let tops: Vec<Option<Decimal>> = tiers.iter().map(|t| t.up_to).collect();
            let rising = tops
                .windows(2)
                .all(|w| matches!(w, [Some(a), Some(b)] if a < b) || matches!(w, [Some(_), None]));
            let positive = tops
                .iter()
                .flatten()
                .all(|top| *top > Decimal::ZERO && top.normalize().scale() <= 3);
            if !(2..=10).contains(&tiers.len())
                || tops.last() != Some(&None)
                || !rising
                || !positive
            {
                return wrong(format!("{} 级阶梯", tiers.len()));
            }
            tiers.iter().map(|t| t.price).collect()
        }
    };
    if let Some(price) = prices.iter().find(|p| !is_price(**p)) {
        return wrong(format!("单价 {price} 元"));
    }
    if ![1, 2, 3, 4, 6, 12].contains(&new.cycle_months)
        || new.due_days > 366
        || !is_a_day(new.from_on)
    {
        return wrong(format!(
            "{} 个月一期，期限 {} 天，起日 {}",
            new.cycle_months, new.due_days, new.from_on
        ));
    }
    if terms_on(terms, new.from_on).is_none() {
        return Err(NO_TERMS.refuse(format!("起日 {}", new.from_on)));
    }
    let mut usages = new.usages.clone();
    usages.sort_by_key(|u| u.name());
    let key = (new.item.trim(), usages.as_slice(), new.building.as_deref());
    let standing = known.iter().filter(|t| t.key() == key && t.ended_on.is_none());
    for t in standing {
        let is_next = t.from_on < new.from_on
            && t.formula.is_like(&new.formula)
            && (t.cycle_months, t.cycle, t.timing) == (new.cycle_months, new.cycle, new.timing);
        if !is_next {
            let evidence = format!("标准 {}：{} 自 {} 起", t.tariff_no, t.item, t.from_on);
            return Err(PRICE_TAKEN.refuse(evidence).with("tariff_no", t.tariff_no.0));
        }
    }
    Ok(())
}

/// Ends a price: its last day.
///
/// # Errors
/// `tariff.no-tariff`, `tariff.end`.
pub async fn end(tx: &mut Tx, no: TariffNo, on: Day) -> Result<()> {
    let compound = tx.compound();
    let known = rows::tariffs(tx, compound).await?;
    let tariff = known.iter().find(|t| t.tariff_no == no);
    let tariff = tariff.ok_or_else(|| NO_TARIFF.refuse(format!("收费标准 {no}")))?;
    if tariff.ended_on.is_some() || on < tariff.from_on || !is_a_day(on) {
        let already = tariff.ended_on.map(|on| format!("，已于 {on} 终止")).unwrap_or_default();
        return Err(END
            .refuse(format!("{} 自 {} 起{already}", tariff.item, tariff.from_on))
            .into());
    }
    rows::keep_end(tx, no, on);
    Ok(())
}
