//! Terms of the fund's money: deposits and levies, renewal, interest, what becomes of a rest.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Bar, Covers, Fraction, Perhaps};
use crate::measure::{Area, Rate};
use crate::money::{Money, Rounding, Unrounded};

/// An amount of yuan as a pack writes it, `"10000.00"`.
fn yuan<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(from)?;
    let plain: Decimal = text.parse().map_err(|_| D::Error::custom(format!("{text:?} 不是数")))?;
    if plain.is_sign_negative() {
        return Err(D::Error::custom(format!("{text:?} 不得为负")));
    }
    Ok(plain)
}

/// Which balance is held against the first deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BalanceKind {
    /// 本金.
    Principal,
    /// 本息余额.
    PrincipalAndGains,
}

/// When a dwelling's fund must be topped up (续交).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RenewBelow {
    /// The balance's part of the first deposit.
    pub bar: Bar<Fraction>,
    /// Which balance.
    pub balance: BalanceKind,
    /// Whether below it only emergencies may be paid.
    pub blocks_ordinary_use: bool,
}

impl RenewBelow {
    /// Whether this balance calls for more. A dwelling whose first deposit is unknown or nothing is not judged.
    #[must_use]
    pub fn is_due(&self, first_deposit: Money, balance: Money) -> bool {
        first_deposit.is_positive() && self.bar.holds(balance.in_fen(), first_deposit.in_fen())
    }
}

/// Up to what it is topped up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "to",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum RenewTo {
    /// What the owners decide.
    Voted {
        /// Days to pay after the notice; none if the law names none.
        pay_within_days: Perhaps<u16>,
    },
    /// A part of the first deposit, if the owners decide nothing in time.
    ShareOfFirst {
        /// The part.
        share: Fraction,
        /// Days the owners have to decide otherwise.
        decide_within_days: u16,
        /// Days to pay after the notice.
        pay_within_days: Perhaps<u16>,
    },
    /// The first deposit's standard of the day of renewal.
    StandardOfTheDay {},
}

impl RenewTo {
    /// What a dwelling owes where nobody decided and the pack has a default; `None` where it has none.
    #[must_use]
    pub fn due_by_default(&self, first_deposit: Money, balance: Money) -> Option<Money> {
        let RenewTo::ShareOfFirst { share, .. } = self else { return None };
        let target = share.of_yuan(first_deposit).round(Rounding::HalfUpFen).ok()?;
        Some((target - balance).max(Money::ZERO))
    }
}

/// Who gets a selling unit's money when it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtinctSellingUnit {
    /// The treasury of its finance level (165号令 29).
    Treasury,
    /// It stays with the custodian.
    Custodian,
}

/// Whom a levy falls on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// The owner.
    Owner,
    /// The former selling unit of public housing.
    SellingUnit,
}

/// What is levied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "交存对象")]
pub enum Levied {
    /// 商品住宅.
    #[schemars(description = "商品住宅")]
    Commodity,
    /// 与住宅结构相连或小区内的非住宅.
    #[schemars(description = "非住宅")]
    NonResidence,
    /// 车库.
    #[schemars(description = "车库、车位")]
    Garage,
    /// 已售公有住房.
    #[schemars(description = "已售公有住房")]
    SoldPublic,
}

/// How a levy is reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "by",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum LevyBase {
    /// Yuan per m², once.
    Area {
        /// Yuan per m².
        #[serde(deserialize_with = "yuan")]
        yuan: Decimal,
    },
    /// Yuan per m² and month.
    MonthlyArea {
        /// Yuan per m² and month.
        #[serde(deserialize_with = "yuan")]
        yuan: Decimal,
    },
    /// A part of a price per m² that the city publishes (建安造价, 房改成本价).
    ShareOfUnitPrice {
        /// The least part.
        from: Fraction,
        /// The most; the same where the law names one figure.
        to: Fraction,
    },
    /// A part of the sale's proceeds, at least.
    ShareOfProceeds {
        /// The part.
        least: Fraction,
    },
}

/// One standard of the first deposit (or of a monthly levy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Levy {
    /// On what.
    pub on: Levied,
    /// With a lift (高层) or without (多层); absent if that makes no difference.
    #[serde(default)]
    pub lift: Option<bool>,
    /// By whom.
    pub payer: Payer,
    /// How reckoned.
    pub base: LevyBase,
}

/// What a levy is reckoned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevyOn {
    /// An area, for one payment or a month's.
    Area(Area),
    /// An area and the published price per m².
    Priced(Area, Rate),
    /// A sale's proceeds.
    Proceeds(Money),
}

impl Levy {
    /// The least that is due, not yet rounded; `None` if the standard is not reckoned from what is given.
    #[must_use]
    pub fn least(&self, on: LevyOn) -> Option<Unrounded> {
        match (self.base, on) {
            (LevyBase::Area { yuan } | LevyBase::MonthlyArea { yuan }, LevyOn::Area(area)) => {
                Some(Rate::yuan_per_m2(yuan).over(area, Decimal::ONE))
            }
            (LevyBase::ShareOfUnitPrice { from, .. }, LevyOn::Priced(area, price)) => {
                Some(price.over(area, from.in_decimal()))
            }
            (LevyBase::ShareOfProceeds { least }, LevyOn::Proceeds(sum)) => {
                Some(least.of_yuan(sum))
            }
            _ => None,
        }
    }
}

/// A month and a day of any year, `"07-01"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl TryFrom<String> for MonthDay {
    type Error = String;
    fn try_from(text: String) -> Result<MonthDay, String> {
        let wrong = || format!("{text:?} 不是月日，应写作 07-01");
        let (month, day) = text.split_once('-').ok_or_else(wrong)?;
        let (month, day) = month.parse().ok().zip(day.parse().ok()).ok_or_else(wrong)?;
        // 29 February does not return every year.
        let is_day = chrono::NaiveDate::from_ymd_opt(2023, u32::from(month), u32::from(day));
        is_day.map(|_| MonthDay { month, day }).ok_or_else(wrong)
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> String {
        format!("{:02}-{:02}", day.month, day.day)
    }
}

/// How a year's gains reach the dwellings. The eight models found are data of the national pack (`domain.md` §3.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "by",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Interest {
    /// By published rates.
    Rates(InterestByRates),
    /// The pool's own gains of the year are shared out.
    Pool {
        /// What is taken off first, in Chinese.
        less: Vec<String>,
        /// By what they are shared; `"none"` where the source does not say.
        shared_by: Perhaps<PoolWeight>,
    },
    /// 积数: the bank's interest is shared by Σ(balance × days).
    DayBalances {
        /// How often.
        every: Covers,
    },
}

/// By what a pool's gains are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolWeight {
    /// The balance at the end.
    Balance,
    /// Balance × days.
    DayBalance,
}

/// By what gains are shared that no model of interest shares out: bonds', public revenue's, residual value's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "分配依据：balance 按余额，day-balance 按积数，area 按建筑面积")]
pub enum GainsBy {
    /// The balance on the day.
    #[schemars(description = "按余额")]
    Balance,
    /// Balance × days of the year up to the day.
    #[schemars(description = "按积数")]
    DayBalance,
    /// The area that bears the fund.
    #[schemars(description = "按建筑面积")]
    Area,
}

/// Interest by published rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InterestByRates {
    /// The first day of its year.
    pub year_start: MonthDay,
    /// The day on which it is settled.
    pub settle_on: MonthDay,
    /// The rate of money that came in this year.
    pub in_year: RateRef,
    /// The rate of what was carried over.
    pub carried: RateRef,
    /// The rate of which day.
    pub fixing: Perhaps<RateFixing>,
    /// What a movement within the year does.
    pub moved: Perhaps<Moved>,
    /// How days are counted.
    pub day_count: Perhaps<DayCount>,
    /// When interest itself begins to bear some.
    pub compounding: Compounding,
    /// How it becomes fen.
    pub rounding: Rounding,
}

impl InterestByRates {
    /// Interest of part of a year: principal × days × rate ÷ the year's days. `None` where the source states no day count.
    #[must_use]
    pub fn for_days(
        &self,
        principal: Money,
        rate: Decimal,
        from: chrono::NaiveDate,
        to: chrono::NaiveDate,
    ) -> Option<Unrounded> {
        let count = self.day_count.0?;
        let days = Decimal::from(count.days(from, to));
        let yuan = Decimal::new(principal.in_fen(), 2);
        Some(Unrounded::yuan(yuan * days * rate / Decimal::from(count.year())))
    }

    /// Interest of a whole year: principal × rate.
    #[must_use]
    pub fn for_year(&self, principal: Money, rate: Decimal) -> Unrounded {
        Unrounded::yuan(Decimal::new(principal.in_fen(), 2) * rate)
    }
}

/// A published rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    description = "利率种类：demand 活期，three-months 三个月定期，six-months 半年定期，one-year 一年定期，custodian 代管利率，pool-yield 收益率"
)]
pub enum RateRef {
    /// 活期.
    #[schemars(description = "活期")]
    Demand,
    /// 三个月定期.
    #[schemars(description = "三个月定期")]
    ThreeMonths,
    /// 半年定期.
    #[schemars(description = "半年定期")]
    SixMonths,
    /// 一年定期.
    #[schemars(description = "一年定期")]
    OneYear,
    /// The custodian's published rate.
    #[schemars(description = "代管机构公布的利率")]
    Custodian,
    /// The rate the centre computed from its own gains of the year.
    #[schemars(description = "按当年增值收益测算的利率")]
    PoolYield,
}

impl RateRef {
    /// Every one.
    pub const ALL: [RateRef; 6] = [
        RateRef::Demand,
        RateRef::ThreeMonths,
        RateRef::SixMonths,
        RateRef::OneYear,
        RateRef::Custodian,
        RateRef::PoolYield,
    ];

    /// The stable name, in packs, columns and on wires.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RateRef::Demand => "demand",
            RateRef::ThreeMonths => "three-months",
            RateRef::SixMonths => "six-months",
            RateRef::OneYear => "one-year",
            RateRef::Custodian => "custodian",
            RateRef::PoolYield => "pool-yield",
        }
    }

    /// In Chinese.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            RateRef::Demand => "活期",
            RateRef::ThreeMonths => "三个月定期",
            RateRef::SixMonths => "半年定期",
            RateRef::OneYear => "一年定期",
            RateRef::Custodian => "代管利率",
            RateRef::PoolYield => "收益率",
        }
    }

    /// The rate with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<RateRef> {
        RateRef::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which day's rate is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateFixing {
    /// The day of the deposit; for what was carried, the first day of the period.
    DepositDay,
    /// The first day of the period.
    PeriodStart,
    /// The day of settlement.
    SettlementDay,
}

/// What a movement does to the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moved {
    /// The whole account falls to the demand rate.
    Demand,
}

/// How days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayCount {
    /// Every month has 30 days, the year 360.
    Thirty360,
    /// Real days, a year of 360.
    Act360,
    /// Real days, a year of 365.
    Act365,
}

impl DayCount {
    /// Days from one day to another, the first counted and the last not.
    #[must_use]
    pub fn days(self, from: chrono::NaiveDate, to: chrono::NaiveDate) -> i64 {
        use chrono::Datelike;
        match self {
            DayCount::Act360 | DayCount::Act365 => (to - from).num_days(),
            DayCount::Thirty360 => {
                let day = |d: chrono::NaiveDate| i64::from(d.day().min(30));
                let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month())
                    - i64::from(from.month());
                months * 30 + day(to) - day(from)
            }
        }
    }

    /// The days of its year.
    #[must_use]
    pub const fn year(self) -> i64 {
        match self {
            DayCount::Thirty360 | DayCount::Act360 => 360,
            DayCount::Act365 => 365,
        }
    }
}

/// When interest itself begins to bear some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compounding {
    /// At the turn of its year.
    Yearly,
}

/// The jurisdiction's choice of interest: one of `interest-models`, or its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InterestChoice {
    /// One of the models by name.
    Named(String),
    /// Its own.
    Own(Interest),
}

impl Serialize for InterestChoice {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            InterestChoice::Named(name) => to.serialize_str(name),
            InterestChoice::Own(own) => own.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for InterestChoice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<InterestChoice, D::Error> {
        match toml::Value::deserialize(from)? {
            toml::Value::String(name) => Ok(InterestChoice::Named(name)),
            own => own.try_into().map(InterestChoice::Own).map_err(D::Error::custom),
        }
    }
}

/// The models by name.
pub type InterestModels = BTreeMap<String, Interest>;

/// What idle money may be (165号令 26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdleMoney {
    /// 活期存款.
    DemandDeposit,
    /// 定期存款.
    TermDeposit,
    /// 一级市场国债, held to maturity.
    PrimaryBondToMaturity,
}

/// How the books are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BookUnit {
    /// 按物业管理区域立账.
    Compound,
    /// 按幢立账.
    Building,
}

/// Where the residual value of scrapped common equipment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Residual {
    /// Into the fund.
    Fund,
    /// Into public revenue.
    PublicRevenue,
}

/// How much of the net public revenue goes into the fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RevenueToFund {
    /// The transfer's part of the net revenue.
    pub share: Bar<Fraction>,
    /// How often.
    pub every: Covers,
    /// Only while the fund's balance is below the renewal line.
    pub only_below_renewal: bool,
}

/// How a top-up may be paid.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "交存方式")]
pub enum Instalment {
    /// At once.
    #[schemars(description = "一次交清")]
    LumpSum,
    /// Monthly.
    #[schemars(description = "按月")]
    Monthly,
    /// Quarterly.
    #[schemars(description = "按季")]
    Quarterly,
}
