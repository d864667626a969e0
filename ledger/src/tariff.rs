//! What was agreed about service fees: by which system, at which prices, from which day; and what a dwelling is to be charged.
//!
//! Owns: `fee_terms`, `tariff`, `tariff_end`, `fee_relief`, `space_lease`, `meter_reading`.
//!
//! Always: what was agreed has a day and is never changed: new terms or a new price begin later and stand beside the old; a
//! price ends once. The reckoning ([`reckon`]) is a plain function of what is known. Never: a bill, or a voucher: that is
//! `fees`'s.

pub mod reckon;
mod rows;
pub mod vat;

use chrono::Datelike as _;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::reckon::{Bearer, Charged, Due, Known, Why};
pub use self::rows::{Agreed, agreed};
pub use self::vat::Taxpayer;
use crate::books::Tx;
use crate::calendar::{Day, Month, iso_day, iso_day_if_any};
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::{DwellingNo, LeaseNo, ReliefNo, TariffNo, TermsNo};
use crate::property::{self, Dwelling, Usage};
use crate::seal::may_stand_in_clear;

/// Terms that cannot be.
pub static TERMS: Rule = Rule {
    code: "tariff.terms",
    kind: Answer::Shape,
    rule: "收费约定须写明计费方式与起日；酬金制须写酬金，包干制不写；比例在 0.01% 至 100% 之间",
    remedy: "按物业服务合同填写",
};

/// Terms for this day stand already.
pub static TERMS_TAKEN: Rule = Rule {
    code: "tariff.terms-taken",
    kind: Answer::Conflict,
    rule: "新的收费约定须晚于已登记的约定起算",
    remedy: "核对起日；约定变更的，自变更之日另登一份",
};

/// A price that cannot be.
pub static PRICE: Rule = Rule {
    code: "tariff.price",
    kind: Answer::Shape,
    rule: "单价大于零、至多四位小数；阶梯逐级递增，最后一级不封顶；计费周期为 1、2、3、4、6 或 12 个月",
    remedy: "按合同或公示的收费标准填写",
};

/// A text that cannot be kept.
pub static TEXT: Rule = Rule {
    code: "tariff.text",
    kind: Answer::Shape,
    rule: "项目、依据、车位、表号各须为 1 至 80 个字",
    remedy: "补上或缩短",
};

/// Nothing was agreed for the day.
pub static NO_TERMS: Rule = Rule {
    code: "tariff.no-terms",
    kind: Answer::Refused,
    rule: "出账、定价须有生效的收费约定",
    remedy: "先登记收费约定（xiaoqu tariff agree 或 POST …/fee-terms）",
};

/// The price is not there.
pub static NO_TARIFF: Rule = Rule {
    code: "tariff.no-tariff",
    kind: Answer::Missing,
    rule: "收费标准须已登记",
    remedy: "核对收费标准编号",
};

/// Another price of the item stands for the same dwellings and a later day.
pub static PRICE_TAKEN: Rule = Rule {
    code: "tariff.price-taken",
    kind: Answer::Conflict,
    rule: "同一项目、同一对象的新单价须晚于已登记的单价起算，计费周期与计费方式不变",
    remedy: "核对起日；要改周期或方式的，先终止原标准再另立",
};

/// A price ends before it began, or a second time.
pub static END: Rule = Rule {
    code: "tariff.end",
    kind: Answer::Conflict,
    rule: "收费标准只终止一次，且不早于其起日",
    remedy: "核对日期",
};

/// A span that ends before it begins, or a share that is none.
pub static SPAN: Rule = Rule {
    code: "tariff.span",
    kind: Answer::Shape,
    rule: "止日不早于起日，减免后应缴比例在 0 至 100% 之间，一个车位同日只租一户",
    remedy: "核对日期与比例",
};

/// A reading that cannot follow the one before.
pub static METER_READING: Rule = Rule {
    code: "tariff.reading",
    kind: Answer::Refused,
    rule: "抄表日须晚于该表上次抄表日、不晚于今天，读数不小于上次；换表的登记新表",
    remedy: "核对表号、日期与读数",
};

/// A shared cost that no dwelling can bear.
pub static SHARED: Rule = Rule {
    code: "tariff.shared",
    kind: Answer::Shape,
    rule: "公摊金额须大于零，且有房屋可以分摊",
    remedy: "核对金额与范围",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &TEXT,
    &TERMS,
    &TERMS_TAKEN,
    &NO_TERMS,
    &PRICE,
    &PRICE_TAKEN,
    &NO_TARIFF,
    &END,
    &SPAN,
    &METER_READING,
    &SHARED,
];

/// By which system a company is paid (`domain.md` §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "计费方式")]
pub enum System {
    /// 包干制: a fixed fee; profit and loss are the company's.
    #[schemars(description = "包干制")]
    LumpSum,
    /// 酬金制: the fees are held for the owners; the company takes its remuneration out of them.
    #[schemars(description = "酬金制")]
    Remuneration,
}

/// What a company takes out of the service money it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(description = "酬金", transform = crate::governance::matter::with_tag_told)]
pub enum Pay {
    /// A share of what was received.
    #[schemars(description = "按实收的比例")]
    Share {
        /// In hundredths of a per cent.
        #[schemars(description = "万分之几", range(min = 1, max = 10_000), example = 1_000)]
        of_received_bp: u16,
    },
    /// A sum a month.
    #[schemars(description = "每月定额")]
    Fixed {
        /// The sum.
        #[schemars(
            description = "每月：分",
            range(min = 1, max = 10_000_000_000_000_i64),
            example = 500_000
        )]
        a_month_fen: i64,
    },
}

/// 违约金, as the contract has it: simple, of each bill's own principal, never compounding (`domain.md` §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "违约金：按合同，单利，逐笔计，有上限")]
pub struct Penalty {
    /// A day's rate, in millionths.
    #[schemars(
        description = "每日百万分之几：万分之五写 500",
        range(min = 1, max = 10_000),
        example = 500
    )]
    pub daily_ppm: u32,
    /// Days after the due day that are free.
    #[schemars(description = "宽限天数", range(max = 366), example = 0)]
    pub grace_days: u16,
    /// The most it comes to, in hundredths of a per cent of the principal.
    #[schemars(
        description = "上限：本金的万分之几",
        range(min = 1, max = 10_000),
        example = 10_000
    )]
    pub most_bp: u16,
}

/// What the contract leaves to be paid of an empty dwelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "空置减收：合同有约定的写")]
pub struct Vacant {
    /// How many months it must have been empty.
    #[schemars(description = "连续空置满几个月后", range(max = 60), example = 6)]
    pub after_months: u8,
    /// What is paid then, in hundredths of a per cent.
    #[schemars(description = "应缴比例：万分之几", range(max = 10_000), example = 6_000)]
    pub pays_bp: u16,
}

/// What was agreed between the owners and the company, from a day.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FeeTerms", description = "收费约定：物业服务合同中与收费有关的条款")]
pub struct Terms {
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The system.
    #[schemars(description = "计费方式")]
    pub system: System,
    /// The company's pay.
    #[serde(default)]
    #[schemars(description = "酬金：酬金制必写，包干制不写")]
    pub pay: Option<Pay>,
    /// What the company is to the tax office.
    #[schemars(description = "纳税人身份")]
    pub taxpayer: Taxpayer,
    /// The penalty.
    #[serde(default)]
    #[schemars(description = "违约金：合同没有约定的不写")]
    pub penalty: Option<Penalty>,
    /// Empty dwellings.
    #[serde(default)]
    #[schemars(description = "空置减收：没有约定的不写")]
    pub vacant: Option<Vacant>,
    /// The contract.
    #[schemars(description = "依据：合同名称或编号", example = &"物业服务合同 2025-01")]
    pub document: String,
}

/// A tier of a tiered price.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TariffTier", description = "阶梯的一级")]
pub struct Tier {
    /// Up to which count of the period; the last has no end.
    #[serde(
        default,
        with = "rust_decimal::serde::str_option",
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

    const fn name(self) -> &'static str {
        match self {
            Meter::Water => "water",
            Meter::Power => "power",
            Meter::Heat => "heat",
            Meter::Gas => "gas",
        }
    }

    fn named(name: &str) -> Meter {
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

    fn is_like(&self, other: &Formula) -> bool {
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
    const fn in_chinese(self) -> &'static str {
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

    fn begun_on(&self) -> Day {
        self.0[0].from_on
    }

    fn ended_on(&self) -> Option<Day> {
        self.0[self.0.len() - 1].ended_on
    }

    /// The price of a day.
    fn on(&self, day: Day) -> Option<&'a Tariff> {
        let last = self.all().filter(|t| t.from_on <= day).last();
        last.filter(|t| t.ended_on.is_none_or(|end| day <= end))
    }

    /// The last price there was up to a day.
    fn last_until(&self, day: Day) -> &'a Tariff {
        self.all().filter(|t| t.from_on <= day).last().unwrap_or(self.0[0])
    }

    /// The price that decides a month's periods: any in force in it.
    fn of_month(&self, month: Month) -> Option<&'a Tariff> {
        self.on(month.last_day()).or_else(|| {
            let last = self.all().filter(|t| t.from_on <= month.last_day()).last()?;
            last.ended_on.is_some_and(|end| end >= month.first_day()).then_some(last)
        })
    }
}

/// What a dwelling need not pay: a concession on an item, or that it stands empty.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "FeeRelief", description = "减免或空置")]
pub struct Relief {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub relief_no: ReliefNo,
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The item it is on; none if the dwelling stands empty.
    #[schemars(description = "收费项目：空置的为空")]
    pub item: Option<String>,
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day, if it is known.
    #[schemars(description = "止日：未定的为空")]
    pub to_on: Option<Day>,
    /// What is paid, in hundredths of a per cent. Of an empty dwelling the contract says it.
    #[schemars(description = "应缴比例：万分之几；空置的依合同", example = 8_000)]
    pub pays_bp: u16,
    /// Why.
    #[schemars(description = "依据", example = &"空置申请表")]
    pub reason: String,
}

impl Relief {
    fn is_live_on(&self, day: Day) -> bool {
        self.from_on <= day && self.to_on.is_none_or(|to| day <= to)
    }
}

/// A space a dwelling holds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "SpaceLease", description = "车位租用")]
pub struct Lease {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub lease_no: LeaseNo,
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The space.
    #[schemars(description = "车位", example = &"A-017")]
    pub space: String,
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day, if it is known.
    #[schemars(description = "止日：未定的为空")]
    pub to_on: Option<Day>,
}

impl Lease {
    fn holds_on(&self, day: Day) -> bool {
        self.from_on <= day && self.to_on.is_none_or(|to| day <= to)
    }
}

/// What a meter stood at.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "MeterReading", description = "抄表读数")]
pub struct Reading {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The meter's number.
    #[schemars(description = "表号", example = &"W-1-101")]
    pub meter: String,
    /// What it counts.
    #[schemars(description = "表的种类")]
    pub kind: Meter,
    /// The day.
    #[schemars(description = "抄表日")]
    pub read_on: Day,
    /// What it stood at, in thousandths.
    #[schemars(description = "读数：千分之一单位", example = 123_000)]
    pub value_milli: i64,
    /// By what a count is multiplied.
    #[schemars(description = "倍率", example = 1)]
    pub factor: u16,
    /// Whether it is the meter's first.
    #[schemars(description = "是否装表读数")]
    pub is_first: bool,
}

fn may_be_kept(what: &str, text: &str) -> Result<(), Refusal> {
    let is_fit =
        (1..=80).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control);
    if !is_fit {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(TEXT.refuse(format!("{what} {shown:?}")));
    }
    may_stand_in_clear(what, text)
}

fn is_a_day(day: Day) -> bool {
    (1949..=2999).contains(&day.year())
}

/// Registers what was agreed, from a day on.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.terms`, `tariff.terms-taken`.
pub async fn agree(tx: &mut Tx, terms: &Terms) -> Result<TermsNo> {
    may_be_kept("依据", &terms.document)?;
    let compound = tx.compound();
    let known = rows::terms(tx, compound).await?;
    may_be_agreed(terms, &known)?;
    rows::keep_terms(tx, terms)
}

fn may_be_agreed(terms: &Terms, known: &[Terms]) -> Result<(), Refusal> {
    let wrong = |words: String| Err(TERMS.refuse(words));
    match (terms.system, terms.pay) {
        (System::Remuneration, None) => return wrong("酬金制未写酬金".to_owned()),
        (System::LumpSum, Some(_)) => return wrong("包干制写了酬金".to_owned()),
        (_, Some(Pay::Share { of_received_bp: bp })) if !(1..=10_000).contains(&bp) => {
            return wrong(format!("酬金比例万分之 {bp}"));
        }
        (_, Some(Pay::Fixed { a_month_fen })) if a_month_fen <= 0 => {
            return wrong(format!("酬金每月 {a_month_fen} 分"));
        }
        _ => {}
    }
    if let Some(p) = terms.penalty
        && (!(1..=10_000).contains(&p.daily_ppm)
            || p.grace_days > 366
            || !(1..=10_000).contains(&p.most_bp))
    {
        return wrong(format!(
            "违约金每日百万分之 {}，宽限 {} 天，上限万分之 {}",
            p.daily_ppm, p.grace_days, p.most_bp
        ));
    }
    if let Some(v) = terms.vacant
        && (v.after_months > 60 || v.pays_bp > 10_000)
    {
        return wrong(format!("空置 {} 个月后应缴万分之 {}", v.after_months, v.pays_bp));
    }
    if !is_a_day(terms.from_on) {
        return wrong(format!("起日 {}", terms.from_on));
    }
    match known.iter().map(|t| t.from_on).max() {
        Some(last) if last >= terms.from_on => {
            Err(TERMS_TAKEN.refuse(format!("起日 {}，已登记的自 {last} 起", terms.from_on)))
        }
        _ => Ok(()),
    }
}

/// The terms in force on a day.
#[must_use]
pub fn terms_on(terms: &[Terms], day: Day) -> Option<&Terms> {
    terms.iter().filter(|t| t.from_on <= day).max_by_key(|t| t.from_on)
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

/// A relief to grant.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewFeeRelief", description = "要登记的减免或空置")]
pub struct NewRelief {
    /// The item; none if the dwelling stands empty.
    #[serde(default)]
    #[schemars(description = "收费项目：登记空置的不写", example = &"物业费")]
    pub item: Option<String>,
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "止日：未定的不写")]
    pub to_on: Option<Day>,
    /// What is paid.
    #[serde(default)]
    #[schemars(
        description = "应缴比例：万分之几；空置的不写",
        range(max = 10_000),
        example = 8_000
    )]
    pub pays_bp: u16,
    /// Why.
    #[schemars(description = "依据", example = &"空置申请表")]
    pub reason: String,
}

/// Grants a relief to a dwelling, or registers that it stands empty. It counts for bills that are yet to be made.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.span`.
pub fn relieve(tx: &mut Tx, dwelling: DwellingNo, new: &NewRelief) -> Result<ReliefNo> {
    may_be_kept("依据", &new.reason)?;
    if let Some(item) = &new.item {
        may_be_kept("收费项目", item)?;
    }
    span(new.from_on, new.to_on)?;
    if new.pays_bp > 10_000 || (new.item.is_none() && new.pays_bp > 0) {
        return Err(SPAN.refuse(format!("应缴比例万分之 {}", new.pays_bp)).into());
    }
    Ok(rows::keep_relief(tx, dwelling, new))
}

fn span(from: Day, to: Option<Day>) -> Result<(), Refusal> {
    if !is_a_day(from) || to.is_some_and(|to| to < from || !is_a_day(to)) {
        let to = to.map_or("未定".to_owned(), |to| to.to_string());
        return Err(SPAN.refuse(format!("{from} 至 {to}")));
    }
    Ok(())
}

/// A space to let.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSpaceLease", description = "要登记的车位租用")]
pub struct NewLease {
    /// The space.
    #[schemars(description = "车位", example = &"A-017")]
    pub space: String,
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "止日：未定的不写")]
    pub to_on: Option<Day>,
}

/// Lets a space to a dwelling.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.span`: two dwellings cannot hold one space on one day.
pub async fn lease(tx: &mut Tx, dwelling: DwellingNo, new: &NewLease) -> Result<LeaseNo> {
    may_be_kept("车位", &new.space)?;
    span(new.from_on, new.to_on)?;
    let compound = tx.compound();
    let known = rows::leases(tx, compound).await?;
    let space = new.space.trim();
    let meets = |l: &&Lease| {
        l.space == space
            && l.to_on.is_none_or(|to| new.from_on <= to)
            && new.to_on.is_none_or(|to| l.from_on <= to)
    };
    if let Some(held) = known.iter().find(meets) {
        let to = held.to_on.map_or("未定".to_owned(), |to| to.to_string());
        let evidence =
            format!("车位 {space} 已由房屋 {} 租用，{} 至 {to}", held.dwelling_no, held.from_on);
        return Err(SPAN.refuse(evidence).with("lease_no", held.lease_no.0).into());
    }
    Ok(rows::keep_lease(tx, dwelling, new))
}

/// A reading to keep.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewMeterReading", description = "要登记的读数")]
pub struct NewReading {
    /// The meter's number.
    #[schemars(description = "表号", example = &"W-1-101")]
    pub meter: String,
    /// What it counts.
    #[schemars(description = "表的种类")]
    pub kind: Meter,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "抄表日")]
    pub read_on: Day,
    /// What it stood at, in thousandths.
    #[schemars(
        description = "读数：千分之一单位",
        range(min = 0, max = 1_000_000_000_000_i64),
        example = 123_000
    )]
    pub value_milli: i64,
    /// By what a count is multiplied.
    #[serde(default = "one")]
    #[schemars(description = "倍率：不写为 1", range(min = 1, max = 1_000), example = 1)]
    pub factor: u16,
}

const fn one() -> u16 {
    1
}

/// Keeps readings of dwellings' meters. A meter's first is what it stood at when it was fitted.
///
/// # Errors
/// `tariff.text`, `seal.person-in-text`, `tariff.reading`.
pub async fn read(tx: &mut Tx, new: &[(DwellingNo, NewReading)]) -> Result<()> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let mut known = rows::readings(tx, compound).await?;
    for (dwelling, reading) in new {
        may_be_kept("表号", &reading.meter)?;
        let meter = reading.meter.trim();
        let last = known.iter().rfind(|r| r.meter == meter);
        let is_fit = (0..=1_000_000_000_000).contains(&reading.value_milli)
            && (1..=1_000).contains(&reading.factor)
            && is_a_day(reading.read_on)
            && reading.read_on <= today
            && last.is_none_or(|l| {
                (l.dwelling_no, l.kind, l.factor) == (*dwelling, reading.kind, reading.factor)
                    && l.read_on < reading.read_on
                    && l.value_milli <= reading.value_milli
            });
        if !is_fit {
            let before = last
                .map_or(String::new(), |l| format!("；上次 {} 读数 {}", l.read_on, l.value_milli));
            let evidence =
                format!("表 {meter} {} 读数 {}{before}", reading.read_on, reading.value_milli);
            return Err(METER_READING.refuse(evidence).into());
        }
        let kept = Reading {
            dwelling_no: *dwelling,
            meter: meter.to_owned(),
            kind: reading.kind,
            read_on: reading.read_on,
            value_milli: reading.value_milli,
            factor: reading.factor,
            is_first: last.is_none(),
        };
        rows::keep_reading(tx, &kept);
        known.push(kept);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
