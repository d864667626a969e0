//! The conditions of a programme, and what they come to: plain functions of areas, households, scores.
//!
//! Always: what is paid in advance and what remains sum to the whole; a rest is never more than what the advance left; an amount
//! is rounded half up to the fen once. A rate says whether it is a month's or a year's: "1.20 元/月·年" of a garbled source can
//! only be yuan per m² and year (`domain.md` §6.4), Hongkou's and Ningbo's are per month.

use chrono::Datelike as _;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::content::{self, Class};
use super::{NO_BASE, NO_MODE, NO_PERIOD, NOT_APPRAISED, SHAPE};
use crate::calendar::Day;
use crate::error::Refusal;
use crate::measure::Area;
use crate::money::{Money, Rounding, Unrounded};
use crate::policy::terms::Fraction;

/// Whose money it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "GrantLevel", description = "资金来源的层级")]
pub enum Level {
    /// 中央财政城镇保障性安居工程补助资金.
    #[schemars(description = "中央财政补助")]
    CentralMof,
    /// 中央预算内投资.
    #[schemars(description = "中央预算内投资")]
    CentralNdrc,
    /// 省级.
    #[schemars(description = "省级")]
    Province,
    /// 市级.
    #[schemars(description = "市级")]
    City,
    /// 区县级.
    #[schemars(description = "区县级")]
    District,
    /// 街道、乡镇.
    #[schemars(description = "街道、乡镇")]
    Street,
}

impl Level {
    /// Every level, from above.
    pub const ALL: [Level; 6] = [
        Level::CentralMof,
        Level::CentralNdrc,
        Level::Province,
        Level::City,
        Level::District,
        Level::Street,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Level::CentralMof => "central-mof",
            Level::CentralNdrc => "central-ndrc",
            Level::Province => "province",
            Level::City => "city",
            Level::District => "district",
            Level::Street => "street",
        }
    }

    pub(super) fn named(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Level::CentralMof => "中央财政补助",
            Level::CentralNdrc => "中央预算内投资",
            Level::Province => "省级补助",
            Level::City => "市级补助",
            Level::District => "区县补助",
            Level::Street => "街道补助",
        }
    }

    /// Whether it is central money (同一改造内容不得重复使用中央补助资金).
    #[must_use]
    pub const fn is_central(self) -> bool {
        matches!(self, Level::CentralMof | Level::CentralNdrc)
    }

    /// The account it is received on.
    pub(super) const fn account(self) -> i32 {
        match self {
            Level::CentralMof => 400_101,
            Level::CentralNdrc => 400_102,
            Level::Province => 400_103,
            Level::City => 400_104,
            Level::District => 400_105,
            Level::Street => 400_106,
        }
    }
}

/// How a compound is managed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ManagementMode", description = "管理方式")]
pub enum Mode {
    /// 物业企业.
    #[schemars(description = "物业企业管理")]
    Company,
    /// 产权单位.
    #[schemars(description = "产权单位管理")]
    Unit,
    /// 业主自管.
    #[schemars(description = "业主自管")]
    SelfManaged,
    /// 街道物业服务中心.
    #[schemars(description = "街道物业服务中心管理")]
    StreetCentre,
}

impl Mode {
    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Mode::Company => "物业企业管理",
            Mode::Unit => "产权单位管理",
            Mode::SelfManaged => "业主自管",
            Mode::StreetCentre => "街道物业服务中心管理",
        }
    }
}

/// For how long a rate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RatePer", description = "单价的计算期：month 每月，year 每年")]
pub enum Per {
    /// A month.
    #[schemars(description = "每月")]
    Month,
    /// A year.
    #[schemars(description = "每年")]
    Year,
}

/// A rate of one mode of management.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ModeRate", description = "一种管理方式的单价")]
pub struct ModeRate {
    /// Which mode.
    #[schemars(description = "管理方式")]
    pub mode: Mode,
    /// Yuan per m².
    #[schemars(description = "元/平方米", example = &"1.20", regex(pattern = r"^[0-9]{1,4}(\.[0-9]{1,4})?$"))]
    pub yuan: String,
}

/// Describes the words that tell the kinds of a structure apart, which serde writes and nobody declares.
pub(crate) fn with_words_told(schema: &mut schemars::Schema) {
    let choices = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut);
    for choice in choices.into_iter().flatten() {
        for (word, told) in [("by", "依据"), ("step", "种类"), ("body", "内容")] {
            let field = choice.pointer_mut(&format!("/properties/{word}"));
            if let Some(field) = field.and_then(serde_json::Value::as_object_mut) {
                field.entry("description").or_insert(told.into());
            }
        }
    }
}

/// By what an amount is reckoned.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(
    rename = "GrantBasis",
    description = "金额怎样算：by 为依据",
    transform = with_words_told
)]
pub enum Basis {
    /// As the document says.
    #[schemars(description = "依下达文件的金额")]
    Sum {},
    /// By area.
    #[schemars(description = "按建筑面积")]
    Area {
        /// The rates.
        #[schemars(description = "各管理方式的单价")]
        rates: Vec<ModeRate>,
        /// Of how long.
        #[schemars(description = "单价的计算期")]
        per: Per,
        /// The largest area that counts.
        #[serde(default)]
        #[schemars(description = "面积上限：0.01 平方米，没有的不写", example = 8_000_000)]
        most_centi_m2: Option<i64>,
        /// Whether only dwellings that paid their fees count.
        #[serde(default)]
        #[schemars(description = "是否只计缴清物业费的房屋")]
        is_paid_only: bool,
        /// What part of the rate each year pays, from the programme's first.
        #[serde(default)]
        #[schemars(description = "逐年递减：自第一年起各年所付的比例，不递减的不写", example = &["100%", "2/3", "1/3"])]
        taper: Vec<Fraction>,
    },
    /// By households.
    #[schemars(description = "按户数")]
    Households {
        /// For each, a period.
        #[schemars(description = "每户每期：分", example = 33_600)]
        each_fen: Money,
        /// Whether only dwellings that paid their fees count.
        #[serde(default)]
        #[schemars(description = "是否只计缴清物业费的房屋")]
        is_paid_only: bool,
    },
    /// By a roster of persons.
    #[schemars(description = "按名册的户数与人数")]
    Roster {
        /// For each household, a period.
        #[serde(default)]
        #[schemars(description = "每户每期：分", example = 0)]
        each_household_fen: Money,
        /// For each person, a period.
        #[serde(default)]
        #[schemars(description = "每人每期：分", example = 28_800)]
        each_person_fen: Money,
    },
}

/// What of the rest a score pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ScorePays", description = "一档考核得分所付的比例")]
pub struct ScorePays {
    /// From this score on, times 100.
    #[schemars(description = "不低于此分：乘以 100", range(min = 0, max = 10_000), example = 9000)]
    pub from_e2: i32,
    /// It pays this part.
    #[schemars(description = "所付的比例", example = &"100%")]
    pub pays: Fraction,
}

/// What a score earns or costs the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ScoreMark", description = "一档考核得分的奖励或扣款：二者只写其一")]
pub struct Mark {
    /// From this score on, times 100.
    #[schemars(description = "不低于此分：乘以 100", range(min = 0, max = 10_000), example = 9000)]
    pub from_e2: i32,
    /// A reward.
    #[serde(default)]
    #[schemars(description = "奖励：分", example = 100_000)]
    pub reward_fen: Money,
    /// A deduction from the earnest money.
    #[serde(default)]
    #[schemars(description = "从考核奖惩保证金扣除：分", example = 0)]
    pub deduct_fen: Money,
}

/// The conditions of a programme.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProgrammeTerms", description = "补贴的条件")]
pub struct Terms {
    /// How an amount is reckoned.
    #[schemars(description = "金额怎样算")]
    pub basis: Basis,
    /// What is paid in advance; the rest by score.
    #[serde(default)]
    #[schemars(description = "预拨的比例：一次拨付的不写", example = &"70%")]
    pub advance: Option<Fraction>,
    /// What of the rest each score pays.
    #[serde(default)]
    #[schemars(description = "余款按考核得分支付的各档，由高到低")]
    pub scores: Vec<ScorePays>,
    /// What a score earns or costs the manager.
    #[serde(default)]
    #[schemars(description = "考核奖惩的各档，由高到低")]
    pub marks: Vec<Mark>,
    /// The classes it may be spent on.
    #[serde(default)]
    #[schemars(description = "可用于的类别：其中各项都可用")]
    pub classes: Vec<Class>,
    /// The items it may be spent on besides.
    #[serde(default)]
    #[schemars(description = "可用于的各项：内容目录的代号", example = &["roof"])]
    pub items: Vec<String>,
    /// The most of a project's approved cost it pays.
    #[serde(default)]
    #[schemars(description = "至多占项目批准投资的比例：没有的不写", example = &"90%")]
    pub cost_share: Option<Fraction>,
}

impl Terms {
    /// The items it may be spent on, in the catalogue's order.
    #[must_use]
    pub fn eligible(&self) -> Vec<&'static str> {
        let is_in = |item: &&content::Item| {
            self.classes.contains(&item.class) || self.items.contains(&item.item)
        };
        content::catalogue().iter().filter(is_in).map(|item| item.item.as_str()).collect()
    }

    /// What of the rest a score pays; nothing below the lowest step.
    #[must_use]
    pub fn pays(&self, score_e2: i32) -> Option<Fraction> {
        self.scores.iter().find(|step| score_e2 >= step.from_e2).map(|step| step.pays)
    }

    /// What a score earns or costs the manager.
    #[must_use]
    pub fn mark(&self, score_e2: i32) -> Option<Mark> {
        self.marks.iter().find(|step| score_e2 >= step.from_e2).copied()
    }
}

/// A span of a year that a subsidy is reckoned for: `2026`, `2026-H1`, `2026-Q3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// The year.
    pub year: i32,
    first_month: u32,
    months: u32,
}

impl Period {
    /// Reads it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Period> {
        let (year, part) = text.split_once('-').map_or((text, ""), |(y, p)| (y, p));
        let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
        let year: i32 = year.parse().ok().filter(|y| is_year && (1949..=2999).contains(y))?;
        let (first_month, months) = match part {
            "" if !text.ends_with('-') => (1, 12),
            "H1" => (1, 6),
            "H2" => (7, 6),
            "Q1" => (1, 3),
            "Q2" => (4, 3),
            "Q3" => (7, 3),
            "Q4" => (10, 3),
            _ => return None,
        };
        Some(Period { year, first_month, months })
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> Option<Day> {
        let last = self.first_month + self.months;
        let (year, month) = if last > 12 { (self.year + 1, 1) } else { (self.year, last) };
        Day::from_ymd_opt(year, month, 1)?.pred_opt()
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Option<Day> {
        Day::from_ymd_opt(self.year, self.first_month, 1)
    }

    /// Its first and its last month, counted from the year 0.
    fn span(self) -> (i64, i64) {
        let first = i64::from(self.year) * 12 + i64::from(self.first_month) - 1;
        (first, first + i64::from(self.months) - 1)
    }

    /// Whether the two have a month in common.
    #[must_use]
    pub fn overlaps(self, other: Period) -> bool {
        let ((first, last), (other_first, other_last)) = (self.span(), other.span());
        first <= other_last && other_first <= last
    }

    /// Whether every month of it lies in the months from one day to another.
    #[must_use]
    pub fn lies_within(self, from: Day, until: Day) -> bool {
        let month = |day: Day| i64::from(day.year()) * 12 + i64::from(day.month0());
        let (first, last) = self.span();
        month(from) <= first && last <= month(until)
    }
}

/// What an amount was reckoned from; kept with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "GrantBase", description = "计算依据：与算出的金额一同留存")]
pub struct Base {
    /// How the compound is managed.
    #[schemars(description = "管理方式：不按管理方式算的没有")]
    pub mode: Option<Mode>,
    /// The area that counts.
    #[schemars(description = "计入面积：0.01 平方米", example = 459_200)]
    pub area_centi_m2: i64,
    /// The households.
    #[schemars(description = "户数", example = 6)]
    pub households: i64,
    /// The persons.
    #[schemars(description = "人数", example = 7)]
    pub persons: i64,
}

fn rate_of(rates: &[ModeRate], mode: Option<Mode>) -> Result<Decimal, Refusal> {
    let Some(mode) = mode else { return Err(NO_MODE.refuse("没有写明管理方式")) };
    let rate = rates.iter().find(|rate| rate.mode == mode).and_then(|rate| yuan(&rate.yuan));
    rate.ok_or_else(|| NO_MODE.refuse(format!("{}没有单价", mode.in_chinese())))
}

fn yuan(text: &str) -> Option<Decimal> {
    text.parse::<Decimal>().ok().filter(|yuan| !yuan.is_sign_negative() && !yuan.is_zero())
}

/// What a programme comes to for a compound and a period, from what is there.
///
/// # Errors
/// `subsidy.no-mode`, `subsidy.no-period`, `subsidy.no-base`.
pub fn reckon(
    terms: &Terms,
    first: Day,
    period: Option<Period>,
    base: &Base,
) -> Result<Money, Refusal> {
    let Some(period) = period else { return Err(NO_PERIOD.refuse("没有写明期间")) };
    let amount = match &terms.basis {
        Basis::Sum {} => return Err(NO_BASE.refuse("此项补贴依下达文件的金额，不另计算")),
        Basis::Area { rates, per, most_centi_m2, taper, .. } => {
            let rate = rate_of(rates, base.mode)?;
            let area =
                most_centi_m2.map_or(base.area_centi_m2, |most| base.area_centi_m2.min(most));
            let times = match per {
                Per::Month => Decimal::from(period.months),
                Per::Year => Decimal::from(period.months) / Decimal::from(12),
            };
            let year = usize::try_from(period.year - first.year()).unwrap_or(usize::MAX);
            let part = match (taper.is_empty(), taper.get(year)) {
                (true, _) => (1, 1),
                (false, Some(part)) => part.terms(),
                (false, None) => (0, 1),
            };
            let whole = rate * Decimal::new(area, 2) * times * Decimal::from(part.0);
            Unrounded::yuan(whole / Decimal::from(part.1))
        }
        Basis::Households { each_fen, .. } => {
            Unrounded::yuan(Decimal::new(each_fen.in_fen(), 2) * Decimal::from(base.households))
        }
        Basis::Roster { each_household_fen, each_person_fen } => Unrounded::yuan(
            Decimal::new(each_household_fen.in_fen(), 2) * Decimal::from(base.households)
                + Decimal::new(each_person_fen.in_fen(), 2) * Decimal::from(base.persons),
        ),
    };
    let fen = amount.round(Rounding::HalfUpFen).unwrap_or_default();
    if fen.is_positive() {
        return Ok(fen);
    }
    let told = format!(
        "面积 {} 平方米，{} 户，{} 人",
        Area::centi_m2(base.area_centi_m2),
        base.households,
        base.persons
    );
    Err(NO_BASE.refuse(told))
}

/// Which part of an amount is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "TranchePart", description = "拨付的一笔：whole 全额，advance 预拨，rest 余款")]
pub enum Part {
    /// All of it.
    #[schemars(description = "全额")]
    Whole,
    /// What is paid in advance.
    #[schemars(description = "预拨")]
    Advance,
    /// What the score pays of the rest.
    #[schemars(description = "余款")]
    Rest,
}

impl Part {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Part::Whole => "whole",
            Part::Advance => "advance",
            Part::Rest => "rest",
        }
    }

    pub(super) fn named(name: &str) -> Option<Part> {
        [Part::Whole, Part::Advance, Part::Rest].into_iter().find(|part| part.name() == name)
    }
}

/// How much of an amount is granted now. The rest pays what the score of the period says, of what the advance left.
///
/// # Errors
/// `subsidy.shape` (the programme has no such part), `subsidy.not-appraised`.
pub fn part_of(
    terms: &Terms,
    gross: Money,
    part: Part,
    score_e2: Option<i32>,
) -> Result<Money, Refusal> {
    let advance = |share: Fraction| {
        share.of_yuan(gross).round(Rounding::HalfUpFen).unwrap_or_default().min(gross)
    };
    match (part, terms.advance) {
        (Part::Whole, None) => Ok(gross),
        (Part::Advance, Some(share)) => Ok(advance(share)),
        (Part::Rest, Some(share)) => {
            let Some(score) = score_e2 else {
                return Err(NOT_APPRAISED.refuse("此期尚无考核"));
            };
            let rest = gross - advance(share);
            let pays = terms.pays(score).map_or(Money::ZERO, |pays| {
                pays.of_yuan(rest).round(Rounding::HalfUpFen).unwrap_or_default().min(rest)
            });
            if pays.is_positive() {
                return Ok(pays);
            }
            let told = format!("得分 {}.{:02}，余款不付", score / 100, score % 100);
            Err(NOT_APPRAISED.refuse(told))
        }
        (Part::Whole, Some(_)) => Err(SHAPE.refuse("此项补贴分预拨与余款，不一次拨付")),
        (_, None) => Err(SHAPE.refuse("此项补贴一次拨付")),
    }
}

/// Whether the conditions can be.
///
/// # Errors
/// `subsidy.shape`.
pub(super) fn may_be_terms(terms: &Terms, level: Level) -> Result<(), Refusal> {
    let falls = |steps: &[i32]| {
        steps.windows(2).all(|pair| pair[0] > pair[1])
            && steps.iter().all(|step| (0..=10_000).contains(step))
    };
    let scores: Vec<i32> = terms.scores.iter().map(|step| step.from_e2).collect();
    let marks: Vec<i32> = terms.marks.iter().map(|step| step.from_e2).collect();
    if !falls(&scores) || !falls(&marks) {
        return Err(SHAPE.refuse("考核得分的各档须由高到低，在 0 至 100 分之间"));
    }
    if terms.advance.is_some() == terms.scores.is_empty() {
        return Err(SHAPE.refuse("预拨的比例与余款的各档须同时写明，或都不写"));
    }
    let is_one = |mark: &Mark| {
        let (reward, deduct) = (mark.reward_fen, mark.deduct_fen);
        let fits = |fen: Money| !fen.is_negative() && fen.is_within_limit();
        fits(reward) && fits(deduct) && !(reward.is_positive() && deduct.is_positive())
    };
    if !terms.marks.iter().all(is_one) {
        return Err(SHAPE.refuse("考核奖惩的每一档只写奖励或扣款，不为负"));
    }
    if let Some(strange) = terms.items.iter().find(|name| content::item(name).is_none()) {
        let shown: String = strange.chars().take(40).collect();
        let refusal = SHAPE.refuse(format!("内容目录没有 {shown:?}"));
        return Err(refusal.remedied(content::SEE_CATALOGUE));
    }
    if terms.eligible().is_empty() {
        return Err(SHAPE.refuse("没有写明可用于什么"));
    }
    let beyond = |class: &Class| level.is_central() && *class != Class::Basic;
    if terms.classes.iter().any(beyond) {
        return Err(SHAPE.refuse("中央资金按类别只能用于基础类；其他各项须逐项列明"));
    }
    let is_fit = match &terms.basis {
        Basis::Sum {} => true,
        Basis::Area { rates, most_centi_m2, .. } => {
            !rates.is_empty()
                && rates.iter().all(|rate| yuan(&rate.yuan).is_some())
                && most_centi_m2.is_none_or(|most| most > 0)
        }
        Basis::Households { each_fen, .. } => each_fen.is_positive() && each_fen.is_within_limit(),
        Basis::Roster { each_household_fen: a, each_person_fen: b } => {
            !a.is_negative()
                && !b.is_negative()
                && (*a + *b).is_positive()
                && a.is_within_limit()
                && b.is_within_limit()
        }
    };
    if !is_fit {
        return Err(SHAPE.refuse("单价、每户、每人的金额须大于零"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn fraction(text: &str) -> Fraction {
        Fraction::try_from(text.to_owned()).unwrap()
    }

    fn by_mode(taper: &[&str]) -> Terms {
        let rate = |mode, yuan: &str| ModeRate { mode, yuan: yuan.into() };
        let rates = vec![
            rate(Mode::Company, "1.20"),
            rate(Mode::Unit, "1.20"),
            rate(Mode::SelfManaged, "1.80"),
            rate(Mode::StreetCentre, "1.80"),
        ];
        Terms {
            basis: Basis::Area {
                rates,
                per: Per::Year,
                most_centi_m2: None,
                is_paid_only: false,
                taper: taper.iter().map(|text| fraction(text)).collect(),
            },
            advance: Some(fraction("70%")),
            scores: vec![
                ScorePays { from_e2: 9000, pays: fraction("100%") },
                ScorePays { from_e2: 8000, pays: fraction("80%") },
                ScorePays { from_e2: 6000, pays: fraction("50%") },
            ],
            marks: vec![],
            classes: vec![Class::Management],
            items: vec![],
            cost_share: None,
        }
    }

    /// `domain.md` §6.4: 459.2 and 631.3 (10⁴ m²) at 1.20 and 1.80 come to 1,687.38 (10⁴ yuan), 1,181.166 of it in advance.
    #[test]
    fn the_seed_comes_to_its_own_figures() {
        let terms = by_mode(&[]);
        let of = |mode, area_centi_m2| {
            let base = Base { mode: Some(mode), area_centi_m2, ..Base::default() };
            reckon(&terms, day("2026-01-01"), Period::parse("2026"), &base).unwrap()
        };
        let managed = of(Mode::Company, 459_200_000);
        let alone = of(Mode::SelfManaged, 631_300_000);
        assert_eq!((managed, alone), (Money::fen(551_040_000), Money::fen(1_136_340_000)));
        let whole = managed + alone;
        assert_eq!(whole.grouped(), "16,873,800.00");
        let advance: Money = [managed, alone]
            .map(|g| part_of(&terms, g, Part::Advance, None).unwrap())
            .into_iter()
            .sum();
        assert_eq!(advance.grouped(), "11,811,660.00");
        let rest: Money = [managed, alone]
            .map(|g| part_of(&terms, g, Part::Rest, Some(9000)).unwrap())
            .into_iter()
            .sum();
        assert_eq!(rest.grouped(), "5,062,140.00");
        assert_eq!(advance + rest, whole);
    }

    #[test]
    fn a_score_pays_what_its_step_says_and_the_bound_counts() {
        let (terms, gross) = (by_mode(&[]), Money::fen(100_000));
        let rest = |score| part_of(&terms, gross, Part::Rest, Some(score)).map_err(|r| r.code());
        assert_eq!(rest(9000), Ok(Money::fen(30_000)));
        assert_eq!(rest(8999), Ok(Money::fen(24_000)));
        assert_eq!(rest(6000), Ok(Money::fen(15_000)));
        assert_eq!(rest(5999), Err("subsidy.not-appraised"));
        let none = part_of(&terms, gross, Part::Rest, None).map_err(|r| r.code());
        assert_eq!(none, Err("subsidy.not-appraised"));
        let whole = part_of(&terms, gross, Part::Whole, None).map_err(|r| r.code());
        assert_eq!(whole, Err("subsidy.shape"));
    }

    /// 石家庄: 0.3, 0.2, 0.1 over three years, and nothing after.
    #[test]
    fn a_rate_tapers_year_by_year() {
        let mut terms = by_mode(&["100%", "2/3", "1/3"]);
        if let Basis::Area { rates, .. } = &mut terms.basis {
            *rates = vec![ModeRate { mode: Mode::Company, yuan: "0.3".into() }];
        }
        let base = Base { mode: Some(Mode::Company), area_centi_m2: 1_000_000, ..Base::default() };
        let of = |year: &str| {
            reckon(&terms, day("2026-01-01"), Period::parse(year), &base).map_err(|r| r.code())
        };
        let told = ["2026", "2027", "2028", "2029", "2025"].map(of);
        let fen = |fen| Ok(Money::fen(fen));
        let none = Err("subsidy.no-base");
        assert_eq!(told, [fen(300_000), fen(200_000), fen(100_000), none, none]);
    }

    /// 虹口 (TV-16): 0.4 yuan a month over half a year, at most 80,000 m².
    #[test]
    fn a_half_year_by_month_is_capped() {
        let mut terms = by_mode(&[]);
        terms.basis = Basis::Area {
            rates: vec![ModeRate { mode: Mode::Company, yuan: "0.4".into() }],
            per: Per::Month,
            most_centi_m2: Some(8_000_000),
            is_paid_only: false,
            taper: vec![],
        };
        let base = Base { mode: Some(Mode::Company), area_centi_m2: 9_235_000, ..Base::default() };
        let amount = reckon(&terms, day("2026-01-01"), Period::parse("2026-H1"), &base).unwrap();
        assert_eq!(amount.grouped(), "192,000.00");
    }

    /// Six households with seven persons: 2,016 yuan a quarter.
    #[test]
    fn a_roster_is_paid_by_the_person() {
        let mut terms = by_mode(&[]);
        terms.basis =
            Basis::Roster { each_household_fen: Money::ZERO, each_person_fen: Money::fen(28_800) };
        let base = Base { households: 6, persons: 7, ..Base::default() };
        let amount = reckon(&terms, day("2026-01-01"), Period::parse("2026-Q1"), &base).unwrap();
        assert_eq!(amount.grouped(), "2,016.00");
    }

    #[test]
    fn a_period_is_a_year_a_half_or_a_quarter() {
        let told =
            |text| Period::parse(text).map(|p| (p.months, p.last_day().unwrap().to_string()));
        assert_eq!(told("2026"), Some((12, "2026-12-31".into())));
        assert_eq!(told("2026-H1"), Some((6, "2026-06-30".into())));
        assert_eq!(told("2026-Q4"), Some((3, "2026-12-31".into())));
        for wrong in ["26", "2026-", "2026-Q5", "2026-q1", "year", "", "+202"] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn periods_overlap_by_their_months_and_lie_within_a_programmes_months() {
        let of = |text| Period::parse(text).unwrap();
        for (one, other, is_so) in [
            ("2026-Q1", "2026-Q2", false),
            ("2026-Q2", "2026-H1", true),
            ("2026-H1", "2026", true),
            ("2026-H2", "2026-Q4", true),
            ("2026-H1", "2026-Q3", false),
            ("2026", "2027", false),
            ("2025-Q4", "2026-Q1", false),
        ] {
            assert_eq!(of(one).overlaps(of(other)), is_so, "{one} {other}");
            assert_eq!(of(other).overlaps(of(one)), is_so, "{other} {one}");
        }
        let within = |text| of(text).lies_within(day("2026-04-15"), day("2027-03-01"));
        let told = ["2026-Q1", "2026-Q2", "2026", "2027-Q1", "2027-H1", "2019-Q1"].map(within);
        assert_eq!(told, [false, true, false, true, false, false]);
    }

    #[test]
    fn central_money_is_for_what_is_basic_or_listed() {
        let mut terms = by_mode(&[]);
        terms.classes = vec![Class::Basic];
        terms.items = vec!["lift".into()];
        assert!(may_be_terms(&terms, Level::CentralMof).is_ok());
        assert!(terms.eligible().contains(&"lift") && !terms.eligible().contains(&"parking"));
        terms.classes.push(Class::Improve);
        assert!(may_be_terms(&terms, Level::CentralMof).is_err());
        assert!(may_be_terms(&terms, Level::City).is_ok());
        terms.scores.reverse();
        assert!(may_be_terms(&terms, Level::City).is_err());
    }
}
