//! What a dwelling is to be charged for a period: exact, month by month, with the working in words.
//!
//! Owns: [`reckon`] and what it answers. No database, no clock.
//!
//! Always: a product is kept as a fraction of whole numbers and rounded once, half up to the fen, at the end of a bill: a month
//! counts whole, a part of it by its days; a price that changes in mid-month is charged by days on either side
//! (`domain.md` §4.2). What cannot be charged has one true reason. Never: a float, or a rounding in between.

use std::fmt::Write as _;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cycle, Formula, Lease, Reading, Relief, Series, Tariff, Terms, Tier, Timing};
use crate::calendar::{Day, Month};
use crate::error::Refusal;
use crate::id::{DwellingNo, TariffNo};
use crate::money::{Money, Rounding};
use crate::property::Dwelling;

/// 28, 29, 30 and 31 all divide it: a day of any month is a whole number of these parts.
const PARTS_OF_MONTH: i128 = 377_580;
/// Yuan at four places, quantities at three, shares at four; and yuan to fen.
const SCALE: i128 = 1_000_000_000;

/// Who is to pay a bill.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "由谁承担")]
pub enum Bearer {
    /// The owner.
    #[schemars(description = "业主")]
    Owner,
    /// 建设单位: what is unsold or not handed over, up to and including the month of hand-over (物业管理条例 41).
    #[schemars(description = "建设单位")]
    Developer,
}

impl Bearer {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Bearer::Owner => "owner",
            Bearer::Developer => "developer",
        }
    }

    /// The bearer with this name.
    #[must_use]
    pub fn named(name: &str) -> Bearer {
        if name == "developer" { Bearer::Developer } else { Bearer::Owner }
    }

    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Bearer::Owner => "业主",
            Bearer::Developer => "建设单位",
        }
    }
}

/// Why a dwelling is not charged an item in a month.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "本月不出账的原因")]
pub enum Why {
    /// No period of it begins (or ends) in the month.
    #[schemars(description = "本月不是该户的出账月")]
    NotDue,
    /// The price is not for dwellings of its kind or building.
    #[schemars(description = "收费标准不适用于该户")]
    NotMeant,
    /// It does not exist in the period.
    #[schemars(description = "该户在计费期间不存在")]
    NotThere,
    /// A meter has no reading.
    #[schemars(description = "缺抄表读数")]
    NoReading,
    /// It has no meter of the kind.
    #[schemars(description = "该户没有登记表具")]
    NoMeter,
    /// A meter runs backwards.
    #[schemars(description = "本期读数小于上期")]
    Backwards,
    /// It holds no space.
    #[schemars(description = "该户没有在租车位")]
    NoSpace,
    /// It was charged for these very days.
    #[schemars(description = "该期间已出账")]
    Charged,
    /// It was charged for a part of them.
    #[schemars(description = "与已出账单的期间重叠")]
    Overlaps,
    /// It comes to nothing.
    #[schemars(description = "应收为零")]
    Nothing,
    /// It comes to more than the house takes.
    #[schemars(description = "应收超过金额上限")]
    TooMuch,
}

impl Why {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Why::NotDue => "not-due",
            Why::NotMeant => "not-meant",
            Why::NotThere => "not-there",
            Why::NoReading => "no-reading",
            Why::NoMeter => "no-meter",
            Why::Backwards => "backwards",
            Why::NoSpace => "no-space",
            Why::Charged => "charged",
            Why::Overlaps => "overlaps",
            Why::Nothing => "nothing",
            Why::TooMuch => "too-much",
        }
    }

    /// The words people read.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Why::NotDue => "本月不是该户的出账月",
            Why::NotMeant => "收费标准不适用于该户",
            Why::NotThere => "该户在计费期间不存在",
            Why::NoReading => "缺抄表读数",
            Why::NoMeter => "该户没有登记表具",
            Why::Backwards => "本期读数小于上期",
            Why::NoSpace => "该户没有在租车位",
            Why::Charged => "该期间已出账",
            Why::Overlaps => "与已出账单的期间重叠",
            Why::Nothing => "应收为零",
            Why::TooMuch => "应收超过金额上限",
        }
    }

    /// Whether a clerk should look at it: the others are as they should be.
    #[must_use]
    pub const fn is_a_defect(self) -> bool {
        matches!(self, Why::NoReading | Why::Backwards | Why::Overlaps | Why::TooMuch)
    }
}

/// A bill as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "拟出的账单")]
pub struct Due {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// The price it stands on: the last one in force in the period.
    #[schemars(description = "收费标准编号", example = 1)]
    pub tariff_no: TariffNo,
    /// What is charged.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// The first day.
    #[schemars(description = "计费起日")]
    pub from_on: Day,
    /// The last day.
    #[schemars(description = "计费止日")]
    pub to_on: Day,
    /// By when it is to be paid.
    #[schemars(description = "缴费期限")]
    pub due_on: Day,
    /// Who pays.
    #[schemars(description = "由谁承担")]
    pub bearer: Bearer,
    /// How much.
    #[serde(rename = "amount_fen")]
    #[schemars(description = "应收：分", example = 11_287)]
    pub amount: Money,
    /// How it was reckoned.
    #[schemars(description = "计算过程", example = &"107.50㎡ × 0.35元/月 × 3月")]
    pub worked: String,
}

/// Days of a dwelling that were charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The first day.
    pub from_on: Day,
    /// The last day.
    pub to_on: Day,
}

/// What is known of a dwelling.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The dwelling.
    pub dwelling: &'a Dwelling,
    /// What was agreed.
    pub terms: &'a Terms,
    /// Its reliefs and vacancies.
    pub reliefs: &'a [Relief],
    /// Its spaces.
    pub leases: &'a [Lease],
    /// Its meters' readings, in the order of their days.
    pub readings: &'a [Reading],
    /// The days it was charged the item for.
    pub charged: &'a [Charged],
}

/// The first day of a month so many months later (or earlier).
fn months_on(month: Month, months: i32) -> Month {
    let step = if months < 0 { Month::previous } else { Month::next };
    (0..months.abs()).fold(month, |m, _| step(m))
}

/// How many months lie between two.
fn months_between(from: Month, to: Month) -> i32 {
    let of = |m: Month| m.year() * 12 + m.month();
    of(to) - of(from)
}

/// The month from which an owner pays: the one after the hand-over. None if it is not known: then always.
fn first_of_owner(dwelling: &Dwelling) -> Option<Month> {
    dwelling.handed_over_on.map(|on| Month::of(on).next())
}

/// The days a run for a month charges for, if it charges at all.
fn period(
    tariff: &Tariff,
    series: &Series<'_>,
    dwelling: &Dwelling,
    month: Month,
) -> Option<(Day, Day)> {
    let cycle = i32::from(tariff.cycle_months);
    let begun = Month::of(series.begun_on());
    let anchor = match tariff.cycle {
        Cycle::Calendar => Month::parse("2000-01").unwrap_or(begun),
        Cycle::Anniversary => first_of_owner(dwelling).map_or(begun, |first| first.max(begun)),
    };
    // The whole cycle the month lies in; the first one may begin later than its cycle does.
    let into = months_between(anchor, month).rem_euclid(cycle);
    let cycle_from = months_on(month, -into);
    let cycle_to = months_on(cycle_from, cycle - 1);
    let from = cycle_from.max(begun);
    let is_due = match tariff.timing {
        Timing::Ahead => month == from,
        Timing::Behind => month == cycle_to,
    };
    if !is_due || month < begun {
        return None;
    }
    let from_on = from.first_day().max(series.begun_on());
    let to_on = series.ended_on().map_or(cycle_to.last_day(), |end| end.min(cycle_to.last_day()));
    (from_on <= to_on).then_some((from_on, to_on))
}

/// What a dwelling is to be charged of an item in a month: its bills, or the one true reason why there is none. Two bills if
/// the hand-over lies within: the developer's and the owner's.
///
/// # Errors
/// A [`Why`], with the fact behind it.
pub fn reckon(
    series: &Series<'_>,
    month: Month,
    known: &Known<'_>,
) -> Result<Vec<Due>, (Why, String)> {
    let dwelling = known.dwelling;
    let Some(tariff) = series.of_month(month) else {
        return Err((Why::NotDue, format!("{month} 没有生效的收费标准")));
    };
    if !tariff.is_meant_for(dwelling) {
        let words = format!("{} {}", dwelling.code, dwelling.usage.in_chinese());
        return Err((Why::NotMeant, words));
    }
    let Some((from_on, to_on)) = period(tariff, series, dwelling, month) else {
        let words = format!("{}个月一期，{}", tariff.cycle_months, tariff.cycle.in_chinese());
        return Err((Why::NotDue, words));
    };
    let from_on = dwelling.began_on.map_or(from_on, |on| on.max(from_on));
    let to_on = dwelling.ended_on.and_then(|on| on.pred_opt()).map_or(to_on, |on| on.min(to_on));
    if from_on > to_on {
        return Err((Why::NotThere, format!("{from_on} 至 {to_on}")));
    }
    let mut bills = Vec::with_capacity(1);
    for (bearer, from_on, to_on) in borne(dwelling, from_on, to_on) {
        let is_same = |c: &&Charged| (c.from_on, c.to_on) == (from_on, to_on);
        if known.charged.iter().any(|c| is_same(&c)) {
            return Err((Why::Charged, format!("{from_on} 至 {to_on}")));
        }
        let over = known.charged.iter().find(|c| c.from_on <= to_on && from_on <= c.to_on);
        if let Some(over) = over {
            let words = format!("{from_on} 至 {to_on}；已出 {} 至 {}", over.from_on, over.to_on);
            return Err((Why::Overlaps, words));
        }
        let (amount, worked) = amount(series, tariff, known, bearer, (from_on, to_on))?;
        if amount.is_positive() {
            let base = if tariff.timing == Timing::Ahead { from_on } else { to_on };
            let due_on = base + chrono::Days::new(u64::from(tariff.due_days));
            let item = tariff.item.clone();
            let (dwelling_no, tariff_no) = (dwelling.no, series.last_until(to_on).tariff_no);
            bills.push(Due {
                dwelling_no,
                tariff_no,
                item,
                from_on,
                to_on,
                due_on,
                bearer,
                amount,
                worked,
            });
        }
    }
    if bills.is_empty() {
        return Err((Why::Nothing, format!("{from_on} 至 {to_on}")));
    }
    Ok(bills)
}

/// Who bears which days: the developer up to the end of the month of hand-over, and always what is unsold.
fn borne(dwelling: &Dwelling, from: Day, to: Day) -> Vec<(Bearer, Day, Day)> {
    if dwelling.is_unsold {
        return vec![(Bearer::Developer, from, to)];
    }
    let Some(first) = first_of_owner(dwelling).map(Month::first_day) else {
        return vec![(Bearer::Owner, from, to)];
    };
    if first <= from {
        return vec![(Bearer::Owner, from, to)];
    }
    if first > to {
        return vec![(Bearer::Developer, from, to)];
    }
    let eve = first.pred_opt().unwrap_or(first);
    vec![(Bearer::Developer, from, eve), (Bearer::Owner, first, to)]
}

fn amount(
    series: &Series<'_>,
    tariff: &Tariff,
    known: &Known<'_>,
    bearer: Bearer,
    (from, to): (Day, Day),
) -> Result<(Money, String), (Why, String)> {
    match &tariff.formula {
        Formula::Metered { .. } | Formula::Tiered { .. } => {
            let used_milli = used(tariff, known, from, to)?;
            let (fen_parts, worked) = by_meter(&tariff.formula, used_milli);
            Ok((rounded(fen_parts * PARTS_OF_MONTH, &worked)?, worked))
        }
        Formula::Area { .. } | Formula::Fixed { .. } | Formula::Spaces { .. } => {
            let (parts, worked) = by_month(series, known, bearer, (from, to))?;
            Ok((rounded(parts, &worked)?, worked))
        }
    }
}

/// Half up to the fen ([`Rounding::HalfUpFen`]), from the exact fraction.
fn rounded(parts: i128, worked: &str) -> Result<Money, (Why, String)> {
    const ROUNDING: Rounding = Rounding::HalfUpFen;
    let whole = SCALE * PARTS_OF_MONTH;
    let fen = match ROUNDING {
        Rounding::HalfUpFen => (2 * parts + whole) / (2 * whole),
        Rounding::DownFen => parts / whole,
    };
    let money = i64::try_from(fen).ok().map(Money::fen).filter(|m| m.is_within_limit());
    money.ok_or_else(|| (Why::TooMuch, worked.to_owned()))
}

/// A price in ten-thousandths of a yuan.
fn in_e4(price: Decimal) -> i128 {
    (price * Decimal::from(10_000)).to_i128().unwrap_or(0)
}

/// Price × quantity × share × days of a month, summed over the months and the prices in force in them.
fn by_month(
    series: &Series<'_>,
    known: &Known<'_>,
    bearer: Bearer,
    (from, to): (Day, Day),
) -> Result<(i128, String), (Why, String)> {
    let mut sum: i128 = 0;
    // Alike stretches are told once: (price, quantity, share) and the months' parts.
    let mut told: Vec<((i128, i128, i128), i128)> = Vec::new();
    let mut has_space = false;
    let mut month = Month::of(from);
    while month.first_day() <= to {
        let (first, last) = (month.first_day().max(from), month.last_day().min(to));
        let days_of_month = i128::from((month.last_day() - month.first_day()).num_days() + 1);
        for stretch in stretches(series, known, (first, last)) {
            let (day, until, tariff) = stretch;
            let (price, quantity_milli) = match &tariff.formula {
                Formula::Area { price } => {
                    (in_e4(*price), i128::from(known.dwelling.fee_area.in_centi_m2()) * 10)
                }
                Formula::Fixed { price } => (in_e4(*price), 1_000),
                Formula::Spaces { price } => {
                    let held = known.leases.iter().filter(|l| l.holds_on(day)).count();
                    has_space |= held > 0;
                    (in_e4(*price), i128::try_from(held).unwrap_or(0) * 1_000)
                }
                Formula::Metered { .. } | Formula::Tiered { .. } => continue,
            };
            let share = share_on(known, &tariff.item, bearer, day);
            let days = i128::from((until - day).num_days() + 1);
            let parts = days * (PARTS_OF_MONTH / days_of_month);
            sum += price * quantity_milli * share * parts;
            match told.last_mut() {
                Some((like, sofar)) if *like == (price, quantity_milli, share) => *sofar += parts,
                _ => told.push(((price, quantity_milli, share), parts)),
            }
        }
        month = month.next();
    }
    if matches!(series.last_until(to).formula, Formula::Spaces { .. }) && !has_space {
        return Err((Why::NoSpace, format!("{from} 至 {to}")));
    }
    Ok((sum, words(series, &told, to)))
}

fn words(series: &Series<'_>, told: &[((i128, i128, i128), i128)], to: Day) -> String {
    let unit = match series.last_until(to).formula {
        Formula::Area { .. } => "㎡",
        Formula::Spaces { .. } => "个车位",
        _ => "",
    };
    let plain = |n: i128, scale: u32| Decimal::from_i128_with_scale(n, scale).normalize();
    let mut worked = String::new();
    for ((price, quantity, share), parts) in told {
        if !worked.is_empty() {
            worked.push_str(" + ");
        }
        if !unit.is_empty() {
            let _ = write!(worked, "{}{unit} × ", plain(*quantity, 3));
        }
        let _ = write!(worked, "{}元/月", plain(*price, 4));
        let (whole, rest) = (parts / PARTS_OF_MONTH, parts % PARTS_OF_MONTH);
        let _ = match (whole, rest) {
            (whole, 0) => write!(worked, " × {whole}月"),
            (0, rest) => write!(worked, " × {}月", of_month(rest)),
            (whole, rest) => write!(worked, " × ({whole} + {})月", of_month(rest)),
        };
        if *share != 10_000 {
            let _ = write!(worked, " × {}%", plain(*share, 2));
        }
    }
    worked
}

/// A part of a month in lowest terms: `17/30`.
fn of_month(parts: i128) -> String {
    let (mut a, mut b) = (PARTS_OF_MONTH, parts);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    format!("{}/{}", parts / a, PARTS_OF_MONTH / a)
}

/// The stretches of some days of one month in which nothing changes: the price, the spaces, the reliefs.
fn stretches<'a>(
    series: &Series<'a>,
    known: &Known<'_>,
    (first, last): (Day, Day),
) -> Vec<(Day, Day, &'a Tariff)> {
    let mut cuts: Vec<Day> = vec![first];
    let mut cut = |day: Option<Day>| {
        if let Some(day) = day.filter(|day| first < *day && *day <= last) {
            cuts.push(day);
        }
    };
    for tariff in series.all() {
        cut(Some(tariff.from_on));
        cut(tariff.ended_on.and_then(|on| on.succ_opt()));
    }
    for relief in known.reliefs {
        cut(Some(relief.from_on));
        cut(relief.to_on.and_then(|on| on.succ_opt()));
    }
    for lease in known.leases {
        cut(Some(lease.from_on));
        cut(lease.to_on.and_then(|on| on.succ_opt()));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let ends = cuts.iter().skip(1).map(|day| day.pred_opt().unwrap_or(*day)).chain([last]);
    let spans = cuts.iter().copied().zip(ends);
    spans.filter_map(|(from, to)| Some((from, to, series.on(from)?))).collect()
}

/// Which share of the price a dwelling pays on a day, in hundredths of a per cent: the least of what reliefs leave.
fn share_on(known: &Known<'_>, item: &str, bearer: Bearer, day: Day) -> i128 {
    if bearer == Bearer::Developer {
        return 10_000;
    }
    let of = |relief: &Relief| match &relief.item {
        // Empty long enough: what the contract leaves to be paid, if it leaves anything.
        None => known.terms.vacant.as_ref().and_then(|vacant| {
            let from = months_on(Month::of(relief.from_on), i32::from(vacant.after_months));
            (Month::of(day) >= from).then_some(vacant.pays_bp)
        }),
        Some(named) => (named == item).then_some(relief.pays_bp),
    };
    let live = known.reliefs.iter().filter(|r| r.is_live_on(day)).filter_map(of).min();
    i128::from(live.unwrap_or(10_000))
}

/// What the meters of a dwelling counted in a period: the last reading in it less the last one before.
fn used(tariff: &Tariff, known: &Known<'_>, from: Day, to: Day) -> Result<i128, (Why, String)> {
    let of_kind = known.readings.iter().filter(|r| Some(r.kind) == tariff.formula.meter());
    let mut meters: Vec<&str> = of_kind.clone().map(|r| r.meter.as_str()).collect();
    meters.sort_unstable();
    meters.dedup();
    if meters.is_empty() {
        return Err((Why::NoMeter, format!("{from} 至 {to}")));
    }
    let mut used: i128 = 0;
    for meter in meters {
        let mut own = of_kind.clone().filter(|r| r.meter == meter);
        let before = own.clone().rfind(|r| r.read_on < from);
        let within = own.rfind(|r| from <= r.read_on && r.read_on <= to);
        let missing = |what: &str| (Why::NoReading, format!("表 {meter} {what}"));
        let Some(within) = within else {
            return Err(missing(&format!("{from} 至 {to} 没有读数")));
        };
        let before = before.or_else(|| {
            // A meter that was fitted in the period begins at what it stood at then.
            let fitted = known.readings.iter().find(|r| r.meter == meter);
            fitted.filter(|r| r.is_first && r.read_on <= within.read_on)
        });
        let Some(before) = before else { return Err(missing("没有上期读数")) };
        let counted = i128::from(within.value_milli) - i128::from(before.value_milli);
        if counted < 0 {
            let words =
                format!("表 {meter} {} < {}", milli(within.value_milli), milli(before.value_milli));
            return Err((Why::Backwards, words));
        }
        used += counted * i128::from(within.factor);
    }
    Ok(used)
}

fn milli(value: i64) -> Decimal {
    Decimal::new(value, 3).normalize()
}

/// What a count costs, in parts of a fen; and in words.
fn by_meter(formula: &Formula, used_milli: i128) -> (i128, String) {
    let plain = |n: i128| Decimal::from_i128_with_scale(n, 3).normalize();
    match formula {
        Formula::Metered { price, .. } => {
            let words = format!("{} × {}元", plain(used_milli), price.normalize());
            (in_e4(*price) * used_milli * 10_000, words)
        }
        Formula::Tiered { tiers, .. } => {
            let (mut sum, mut below, mut words) = (0, 0, String::new());
            for Tier { up_to, price } in tiers {
                let top = up_to.map_or(used_milli, |top| {
                    (top * Decimal::from(1_000)).to_i128().unwrap_or(i128::MAX).min(used_milli)
                });
                let within = top - below;
                if within > 0 {
                    let plus = if words.is_empty() { "" } else { " + " };
                    let _ = write!(words, "{plus}{} × {}元", plain(within), price.normalize());
                    sum += in_e4(*price) * within * 10_000;
                    below = top;
                }
            }
            (sum, words)
        }
        _ => (0, String::new()),
    }
}

/// Divides the cost of a shared meter or service over dwellings, exactly: by area, or one share each
/// (杭州市物业管理条例 54: as agreed, otherwise by area).
///
/// # Errors
/// `tariff.shared`.
pub fn shared(total: Money, dwellings: &[&Dwelling], by_area: bool) -> Result<Vec<Money>, Refusal> {
    let weight = |dwelling: &&Dwelling| {
        if by_area { u64::try_from(dwelling.fee_area.in_centi_m2()).unwrap_or(0) } else { 1 }
    };
    let weights: Vec<u64> = dwellings.iter().map(weight).collect();
    let shares = crate::money::split(total, &weights);
    shares.ok_or_else(|| {
        super::SHARED.refuse(format!("{} 元，{} 户", total.grouped(), weights.len()))
    })
}
