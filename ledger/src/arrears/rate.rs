//! How much of what was billed was collected (收缴率), as `domain.md` §4.3 and `property.md` D3 define it.
//!
//! Always: a ratio stands with its part, its whole and its definition; it is compared by whole numbers, multiplied crosswise;
//! without a whole there is none: not 0 %, not 100 %. A bill belongs to the period by the days it charges (or by its due day,
//! if that is asked for), never by the day it was paid; what was paid ahead for later periods and what was paid of earlier
//! ones is in no current rate. What was let go (减免) lessens the whole and is no receipt. What the developer bears stands apart.
//! The rows come to the sum, and the sum to the ledger: the checks are told with the figures.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PERIOD;
use super::ageing::By;
use super::position::{Beside, Held, Position, What, position};
use super::terms::terms;
use crate::books::View;
use crate::calendar::Day;
use crate::error::{Refusal, Result};
use crate::fees::RECEIVABLE;
use crate::id::{CompoundId, DwellingNo};
use crate::journal::{self, AsOf, Book};
use crate::measure::Area;
use crate::money::Money;
use crate::property::{self, RoomCode};
use crate::tariff::Bearer;

/// An exact ratio.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "CollectionRate", description = "比率：分子、分母为准，百分数只供阅读")]
pub struct Rate {
    /// The part: fen, or dwellings.
    #[schemars(description = "分子：分，户收费率为户数", example = 179)]
    pub part: i64,
    /// The whole.
    #[schemars(description = "分母：分，户收费率为户数", example = 267)]
    pub whole: i64,
    /// In per cent with one place, half up; none without a whole.
    #[schemars(description = "百分数：一位小数；分母为零的没有比率，为空", example = &"67.0%")]
    pub percent: Option<String>,
}

impl Rate {
    /// The ratio of two counts.
    #[must_use]
    pub fn of(part: i64, whole: i64) -> Rate {
        let percent = (whole > 0).then(|| {
            let (part, whole) = (i128::from(part), i128::from(whole));
            let tenths = (2 * 1000 * part + whole).div_euclid(2 * whole);
            let sign = if tenths < 0 { "-" } else { "" };
            format!("{sign}{}.{}%", tenths.abs() / 10, tenths.abs() % 10)
        });
        Rate { part, whole, percent }
    }

    /// The ratio of two amounts.
    #[must_use]
    pub fn of_money(part: Money, whole: Money) -> Rate {
        Rate::of(part.in_fen(), whole.in_fen())
    }

    /// Whether it reaches so many hundredths of a per cent; none without a whole.
    #[must_use]
    pub fn reaches(&self, bp: u16) -> Option<bool> {
        let (part, whole) = (i128::from(self.part), i128::from(self.whole));
        (whole > 0).then(|| part * 10_000 >= whole * i128::from(bp))
    }
}

/// By which of its days a bill belongs to a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    rename = "CollectionBasis",
    description = "账单归属期间的依据：charged 计费起日，due 缴费期限"
)]
pub enum Basis {
    /// The first day it charges.
    #[default]
    #[schemars(description = "计费起日")]
    Charged,
    /// The day it is due.
    #[schemars(description = "缴费期限")]
    Due,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The first day of the period.
    pub from_on: Day,
    /// Its last.
    pub to_on: Day,
    /// The day at whose end everything is counted.
    pub counted_on: Day,
    /// By which day a bill belongs to it.
    pub basis: Basis,
    /// By what the rows are told apart.
    pub by: By,
}

/// The figures of a group.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "CollectionFigures", description = "收缴情况的一行")]
pub struct Figures {
    /// Of what.
    #[schemars(description = "分组", example = &"1幢")]
    pub of: String,
    /// Dwellings that had something to pay.
    #[schemars(description = "收费户数：本期有应缴的（全部减免的不计）", example = 267)]
    pub dwellings: i64,
    /// Those that owe nothing of it.
    #[schemars(description = "已收户数：本期已缴清的", example = 179)]
    pub dwellings_paid: i64,
    /// Those that do.
    #[schemars(description = "欠费户数", example = 88)]
    pub dwellings_owing: i64,
    /// The area billed.
    #[schemars(description = "计费面积：0.01 平方米，收费户的", example = 2_000_000)]
    pub area_centi_m2: i64,
    /// 本期应收.
    #[schemars(description = "本期应收：分", example = 10_000)]
    pub billed_fen: Money,
    /// 本期减免.
    #[schemars(description = "本期减免：分", example = 0)]
    pub reduced_fen: Money,
    /// 本期实收.
    #[schemars(description = "本期实收：分，对本期账单收到的（含预存抵扣）", example = 6_000)]
    pub received_fen: Money,
    /// 本期未收.
    #[schemars(description = "本期未收：分", example = 4_000)]
    pub open_fen: Money,
    /// 期初欠费.
    #[schemars(description = "期初欠费：分，前期账单在期初的欠额", example = 0)]
    pub opening_fen: Money,
    /// 本期追回.
    #[schemars(description = "本期追回：分，对期初欠费收到的", example = 0)]
    pub recovered_fen: Money,
    /// Let go of it.
    #[schemars(description = "前期减免：分，期内对前期账单的减免", example = 0)]
    pub earlier_reduced_fen: Money,
    /// Bills of earlier periods made or reversed in this one.
    #[schemars(description = "补出前期：分，期内补出的前期账单减冲销的", example = 0)]
    pub earlier_billed_fen: Money,
    /// What was received for those made in this one.
    #[schemars(description = "补出前期已收：分", example = 0)]
    pub earlier_received_fen: Money,
    /// 期末欠费.
    #[schemars(
        description = "期末欠费：分 = 本期未收 + 期初欠费 − 本期追回 − 前期减免 + 补出前期 − 补出前期已收",
        example = 4_000
    )]
    pub closing_fen: Money,
    /// 预收.
    #[schemars(description = "预收：分，期末预存余额；不分到项目、月份", example = 0)]
    pub prepaid_fen: Money,
    /// Billed to date, less what was let go.
    #[schemars(description = "累计应收：分，缴费期限已到的账单，已减去减免", example = 10_000)]
    pub due_to_date_fen: Money,
    /// Received to date of those.
    #[schemars(description = "累计实收：分", example = 6_000)]
    pub received_to_date_fen: Money,
    /// 客单: what was received of the period, for each dwelling that had something to pay, cut to the fen; none without one.
    #[schemars(description = "客单：分，户均实收，截去不足一分；没有收费户的为空", example = 44)]
    pub per_dwelling_fen: Option<Money>,
    /// 本期收缴率.
    #[schemars(description = "本期收缴率")]
    pub current_rate: Rate,
    /// 累计收缴率.
    #[schemars(description = "累计收缴率")]
    pub cumulative_rate: Rate,
    /// 户收费率.
    #[schemars(description = "户收费率")]
    pub household_rate: Rate,
    /// 清欠率.
    #[schemars(description = "清欠率")]
    pub recovery_rate: Rate,
    /// Whether the current rate reaches the break-even line.
    #[schemars(description = "本期收缴率是否达到保本线：没有比率的为空", example = false)]
    pub breaks_even: Option<bool>,
}

/// What was received in the period, by the day of payment.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "CollectionReceipts", description = "按收款日期的一行：期内收到的钱用在哪里")]
pub struct Receipts {
    /// Of what.
    #[schemars(description = "分组", example = &"1幢")]
    pub of: String,
    /// For bills of the period.
    #[schemars(description = "收本期：分", example = 6_000)]
    pub current_fen: Money,
    /// For those of earlier ones.
    #[schemars(description = "收前期欠费：分", example = 0)]
    pub earlier_fen: Money,
    /// For those of later ones.
    #[schemars(description = "收以后各期账单：分", example = 0)]
    pub later_fen: Money,
    /// Receivables of no bill.
    #[schemars(description = "收没有账单的应收：分", example = 0)]
    pub beside_fen: Money,
    /// What prepaid money grew by.
    #[schemars(description = "预存增减：分，收入预存减抵扣", example = 0)]
    pub prepaid_fen: Money,
    /// Σ.
    #[schemars(description = "期内收款合计：分", example = 6_000)]
    pub cash_fen: Money,
}

/// A definition, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RateDefinition", description = "口径：与数字一并印出")]
pub struct Definition {
    /// Of what.
    #[schemars(description = "名称", example = &"本期收缴率")]
    pub name: String,
    /// How.
    #[schemars(description = "算式与范围", example = &"本期实收 ÷（本期应收 − 本期减免）")]
    pub means: String,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "CollectionCheck", description = "核对行")]
pub struct Check {
    /// What is held against what.
    #[schemars(description = "核对什么", example = &"各行期末欠费之和 = 合计")]
    pub of: String,
    /// The one.
    #[schemars(description = "一侧：分", example = 4_000)]
    pub left_fen: Money,
    /// The other.
    #[schemars(description = "另一侧：分", example = 4_000)]
    pub right_fen: Money,
    /// Whether they are the same.
    #[schemars(description = "是否相等", example = true)]
    pub agrees: bool,
}

/// The collection of a period.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Collection", description = "收缴率报表：数字与口径")]
pub struct Collection {
    /// The first day.
    #[schemars(description = "期间起日")]
    pub from_on: Day,
    /// The last.
    #[schemars(description = "期间止日")]
    pub to_on: Day,
    /// Counted at the end of this day.
    #[schemars(description = "统计截止日")]
    pub counted_on: Day,
    /// The break-even line.
    #[schemars(description = "保本线：万分之几", example = 8_500)]
    pub break_even_bp: u16,
    /// What the figures mean.
    #[schemars(description = "口径")]
    pub definitions: Vec<Definition>,
    /// The owners', group by group.
    #[schemars(description = "业主承担的：各行")]
    pub rows: Vec<Figures>,
    /// Of all of them.
    #[schemars(description = "业主承担的：合计")]
    pub total: Figures,
    /// What the developer bears.
    #[schemars(description = "建设单位承担的：另列")]
    pub developer: Figures,
    /// By the day of payment, group by group.
    #[schemars(description = "按收款日期：各行")]
    pub receipts: Vec<Receipts>,
    /// Of all, the developer's included.
    #[schemars(description = "按收款日期：合计（含建设单位）")]
    pub receipts_total: Receipts,
    /// Rows against sums, sums against the ledger.
    #[schemars(description = "核对")]
    pub checks: Vec<Check>,
}

impl Collection {
    /// Whether every check holds.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.checks.iter().all(|check| check.agrees)
    }
}

/// Where a bill stands to a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Earlier,
    Current,
    Later,
}

impl Asked {
    fn day_of(&self, bill: &Held) -> Day {
        match self.basis {
            Basis::Charged => bill.from_on,
            Basis::Due => bill.due_on,
        }
    }

    fn place(&self, bill: &Held) -> Of {
        let day = self.day_of(bill);
        match day {
            day if day < self.from_on => Of::Earlier,
            day if day > self.to_on => Of::Later,
            _ => Of::Current,
        }
    }

    /// The day before the period.
    fn before(&self) -> Day {
        self.from_on.pred_opt().unwrap_or(self.from_on)
    }
}

/// A group's figures from its bills: the one place where a ratio is made.
fn figures(
    of: String,
    bills: &[&Held],
    beside: &[&Beside],
    areas: &BTreeMap<DwellingNo, Area>,
    asked: &Asked,
) -> Figures {
    let on = asked.counted_on;
    let sum = |place: Of, told: &dyn Fn(&Held) -> Money| -> Money {
        bills.iter().filter(|b| asked.place(b) == place).map(|b| told(b)).sum()
    };
    let within = |b: &Held, what| b.within(what, asked.from_on, on);
    // What stood open when the period began; of a bill made since, nothing did.
    let was_known = |b: &Held| !b.until(What::Billed, asked.before()).is_zero();
    let billed_fen = sum(Of::Current, &|b| b.until(What::Billed, on));
    let reduced_fen = sum(Of::Current, &|b| b.until(What::Reduced, on));
    let received_fen = sum(Of::Current, &|b| b.until(What::Received, on));
    let opening_fen = sum(Of::Earlier, &|b| b.open(asked.before()));
    let only =
        |b: &Held, meant: bool, fen: Money| if meant == was_known(b) { fen } else { Money::ZERO };
    let recovered_fen = sum(Of::Earlier, &|b| only(b, true, within(b, What::Received)));
    let earlier_received_fen = sum(Of::Earlier, &|b| only(b, false, within(b, What::Received)));
    let earlier_reduced_fen = sum(Of::Earlier, &|b| within(b, What::Reduced));
    let earlier_billed_fen = sum(Of::Earlier, &|b| within(b, What::Billed));
    let open_fen = billed_fen - reduced_fen - received_fen;
    let closing_fen = open_fen + opening_fen - recovered_fen - earlier_reduced_fen
        + earlier_billed_fen
        - earlier_received_fen;

    let mut dwellings: BTreeMap<DwellingNo, (Money, Money)> = BTreeMap::new();
    for bill in bills.iter().filter(|b| asked.place(b) == Of::Current) {
        let (net, open) = dwellings.entry(bill.dwelling_no).or_default();
        *net += bill.until(What::Billed, on) - bill.until(What::Reduced, on);
        *open += bill.open(on);
    }
    dwellings.retain(|_, (net, _)| net.is_positive());
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let owing = count(dwellings.values().filter(|(_, open)| open.is_positive()).count());
    let all = count(dwellings.len());
    let area = dwellings.keys().filter_map(|no| areas.get(no)).map(|a| a.in_centi_m2()).sum();

    let to_date = |told: &dyn Fn(&Held) -> Money| -> Money {
        bills.iter().filter(|b| b.due_on <= on).map(|b| told(b)).sum()
    };
    let due_to_date_fen = to_date(&|b| b.until(What::Billed, on) - b.until(What::Reduced, on));
    let received_to_date_fen = to_date(&|b| b.until(What::Received, on));
    let current_rate = Rate::of_money(received_fen, billed_fen - reduced_fen);
    Figures {
        of,
        dwellings: all,
        dwellings_paid: all - owing,
        dwellings_owing: owing,
        area_centi_m2: area,
        billed_fen,
        reduced_fen,
        received_fen,
        open_fen,
        opening_fen,
        recovered_fen,
        earlier_reduced_fen,
        earlier_billed_fen,
        earlier_received_fen,
        closing_fen,
        prepaid_fen: beside.iter().filter(|b| b.on <= on).map(|b| b.prepaid).sum(),
        due_to_date_fen,
        received_to_date_fen,
        per_dwelling_fen: (all > 0).then(|| Money::fen(received_fen.in_fen().div_euclid(all))),
        breaks_even: current_rate.reaches(terms().break_even_bp),
        current_rate,
        cumulative_rate: Rate::of_money(received_to_date_fen, due_to_date_fen),
        household_rate: Rate::of(all - owing, all),
        recovery_rate: Rate::of_money(recovered_fen, opening_fen),
    }
}

/// What a group received in the period by the day of payment.
fn receipts(of: String, bills: &[&Held], beside: &[&Beside], asked: &Asked) -> Receipts {
    let sum = |place: Of| -> Money {
        let meant = bills.iter().filter(|b| asked.place(b) == place);
        meant.map(|b| b.within(What::Received, asked.from_on, asked.counted_on)).sum()
    };
    let (current_fen, earlier_fen, later_fen) =
        (sum(Of::Current), sum(Of::Earlier), sum(Of::Later));
    let is_meant = |b: &&&Beside| b.is_cash && asked.from_on <= b.on && b.on <= asked.counted_on;
    let beside: Vec<_> = beside.iter().filter(is_meant).collect();
    let prepaid_fen: Money = beside.iter().map(|b| b.prepaid).sum();
    let beside_fen: Money = beside.iter().map(|b| -b.receivable).sum();
    let cash_fen = current_fen + earlier_fen + later_fen + beside_fen + prepaid_fen;
    Receipts { of, current_fen, earlier_fen, later_fen, beside_fen, prepaid_fen, cash_fen }
}

/// What was billed to a dwelling for one thing, and what was collected of it: a line of the trade's export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// Who is to pay.
    pub bearer: Bearer,
    /// What for: 费项 is their `of`.
    pub figures: Figures,
    /// 前期应收: what stood open when the period began, and what was billed for earlier periods since.
    pub earlier_fen: Money,
    /// 前期实收.
    pub earlier_received_fen: Money,
    /// 前期未收.
    pub earlier_open_fen: Money,
    /// 前期收缴率.
    pub earlier_rate: Rate,
    /// 总和应收: of the period and before, less what was let go.
    pub all_fen: Money,
    /// 总和实收.
    pub all_received_fen: Money,
    /// 总和收缴率.
    pub all_rate: Rate,
}

/// Dwelling by dwelling, in natural order, and item by item; those of which there is nothing to say are left out.
///
/// # Errors
/// `arrears.period`.
pub async fn detail(
    view: &mut impl View,
    compound: CompoundId,
    asked: &Asked,
) -> Result<Vec<Detail>> {
    may_be_asked(asked)?;
    let position = position(view, compound, asked.counted_on, None).await?;
    let dwellings = property::every(view, compound, asked.counted_on).await?;
    let order: BTreeMap<DwellingNo, usize> =
        dwellings.iter().enumerate().map(|(place, one)| (one.no, place)).collect();
    let areas = dwellings.iter().map(|d| (d.no, d.fee_area)).collect();
    let mut groups: BTreeMap<(usize, &str, bool), Vec<&Held>> = BTreeMap::new();
    for bill in &position.bills {
        let place = order.get(&bill.dwelling_no).copied().unwrap_or(usize::MAX);
        let key = (place, bill.item.as_str(), bill.bearer == Bearer::Developer);
        groups.entry(key).or_default().push(bill);
    }
    let detail = |((_, item, _), bills): ((usize, &str, bool), Vec<&Held>)| {
        let first = bills.first()?;
        let figures = figures(item.to_owned(), &bills, &[], &areas, asked);
        let earlier_fen = figures.opening_fen + figures.earlier_billed_fen;
        let earlier_received_fen = figures.recovered_fen + figures.earlier_received_fen;
        let earlier_net = earlier_fen - figures.earlier_reduced_fen;
        let all_fen = figures.billed_fen - figures.reduced_fen + earlier_net;
        let all_received_fen = figures.received_fen + earlier_received_fen;
        Some(Detail {
            dwelling_no: first.dwelling_no,
            bearer: first.bearer,
            earlier_fen,
            earlier_received_fen,
            earlier_open_fen: earlier_net - earlier_received_fen,
            earlier_rate: Rate::of_money(earlier_received_fen, earlier_net),
            all_fen,
            all_received_fen,
            all_rate: Rate::of_money(all_received_fen, all_fen),
            figures,
        })
    };
    let worth = |one: &Detail| !one.all_fen.is_zero() || !one.figures.billed_fen.is_zero();
    Ok(groups.into_iter().filter_map(detail).filter(worth).collect())
}

/// The collection of a period, with its definitions and checks.
///
/// # Errors
/// `arrears.period`.
pub async fn collection(
    view: &mut impl View,
    compound: CompoundId,
    asked: &Asked,
) -> Result<Collection> {
    may_be_asked(asked)?;
    let position = position(view, compound, asked.counted_on, None).await?;
    let dwellings = property::every(view, compound, asked.counted_on).await?;
    let places: Vec<(DwellingNo, RoomCode)> =
        dwellings.iter().map(|d| (d.no, d.code.clone())).collect();
    let areas = dwellings.iter().map(|d| (d.no, d.fee_area)).collect();
    let as_of = AsOf { day: Some(asked.counted_on), known_at: None };
    let balances = journal::dwelling_balances(view, compound, Book::Service, as_of).await?;
    let of_1122 = balances.iter().filter(|(_, account, _)| *account == RECEIVABLE);
    let ledger_fen = of_1122.map(|(_, _, debit)| *debit).sum();
    Ok(decide(&position, &places, &areas, asked, ledger_fen))
}

fn may_be_asked(asked: &Asked) -> Result<(), Refusal> {
    if asked.to_on < asked.from_on || asked.counted_on < asked.from_on {
        let evidence = format!("{} 至 {}，截止 {}", asked.from_on, asked.to_on, asked.counted_on);
        return Err(PERIOD.refuse(evidence));
    }
    Ok(())
}

/// A group's bills, and what is beside them.
type Group<'a> = (Vec<&'a Held>, Vec<&'a Beside>);

fn decide(
    position: &Position,
    places: &[(DwellingNo, RoomCode)],
    areas: &BTreeMap<DwellingNo, Area>,
    asked: &Asked,
    ledger_fen: Money,
) -> Collection {
    let order: BTreeMap<DwellingNo, (usize, &RoomCode)> =
        places.iter().enumerate().map(|(i, (no, code))| (*no, (i, code))).collect();
    // In the natural order of the rooms; items and months by their names.
    let is_placed = matches!(asked.by, By::Dwelling | By::Building | By::Stair);
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: BTreeMap<(usize, String), Group<'_>> = BTreeMap::new();
    let mut key = |dwelling: DwellingNo, of: String| {
        let place = order.get(&dwelling).map_or(usize::MAX, |(i, _)| *i);
        let first = if is_placed { *firsts.entry(of.clone()).or_insert(place) } else { 0 };
        (first, of)
    };
    let mut bills: Vec<&Held> = position.bills.iter().collect();
    bills.sort_by_key(|b| order.get(&b.dwelling_no).map_or(usize::MAX, |(i, _)| *i));
    for bill in bills.iter().filter(|b| b.bearer == Bearer::Owner) {
        let code = order.get(&bill.dwelling_no).map(|(_, code)| *code);
        let of = asked.by.of(code, &bill.item, asked.day_of(bill));
        groups.entry(key(bill.dwelling_no, of)).or_default().0.push(bill);
    }
    for beside in &position.beside {
        let code = order.get(&beside.dwelling_no).map(|(_, code)| *code);
        let of =
            if is_placed { asked.by.of(code, "", beside.on) } else { "不分到账单".to_owned() };
        groups.entry(key(beside.dwelling_no, of)).or_default().1.push(beside);
    }
    let mut rows: Vec<Figures> = groups
        .iter()
        .map(|((_, of), (bills, beside))| figures(of.clone(), bills, beside, areas, asked))
        .collect();
    rows.retain(Figures::is_worth_a_row);
    let mut by_day: Vec<Receipts> = groups
        .iter()
        .map(|((_, of), (bills, beside))| receipts(of.clone(), bills, beside, asked))
        .collect();

    let of_bearer =
        |bearer| -> Vec<&Held> { position.bills.iter().filter(|b| b.bearer == bearer).collect() };
    let (owners, developers) = (of_bearer(Bearer::Owner), of_bearer(Bearer::Developer));
    let beside: Vec<&Beside> = position.beside.iter().collect();
    let total = figures("合计".into(), &owners, &beside, areas, asked);
    let developer = figures("建设单位".into(), &developers, &[], areas, asked);
    by_day.push(receipts("建设单位".into(), &developers, &[], asked));
    by_day.retain(|row| {
        [row.current_fen, row.earlier_fen, row.later_fen, row.beside_fen, row.prepaid_fen]
            .iter()
            .any(|fen| !fen.is_zero())
    });
    let all: Vec<&Held> = position.bills.iter().collect();
    let receipts_total = receipts("合计".into(), &all, &beside, asked);

    let later = all.iter().filter(|b| asked.place(b) == Of::Later);
    let later_fen: Money = later.map(|b| b.open(asked.counted_on)).sum();
    let beside_fen: Money = beside.iter().map(|b| b.receivable).sum();
    let mut checks = Vec::new();
    let mut check = |of: &str, left_fen: Money, right_fen: Money| {
        checks.push(Check {
            of: of.to_owned(),
            left_fen,
            right_fen,
            agrees: left_fen == right_fen,
        });
    };
    for (name, told) in COLUMNS {
        check(&format!("各行{name}之和 = 合计"), rows.iter().map(told).sum(), told(&total));
    }
    check(
        "各行期内收款之和 = 合计",
        by_day.iter().map(|row| row.cash_fen).sum(),
        receipts_total.cash_fen,
    );
    check(
        "期末欠费（业主、建设单位）+ 以后各期账单未收 + 没有账单的应收 = 账上应收账款（1122）",
        total.closing_fen + developer.closing_fen + later_fen + beside_fen,
        ledger_fen,
    );
    Collection {
        from_on: asked.from_on,
        to_on: asked.to_on,
        counted_on: asked.counted_on,
        break_even_bp: terms().break_even_bp,
        definitions: definitions(asked),
        rows,
        total,
        developer,
        receipts: by_day,
        receipts_total,
        checks,
    }
}

impl Figures {
    fn is_worth_a_row(&self) -> bool {
        let shown: BTreeSet<Money> = COLUMNS.iter().map(|(_, told)| told(self)).collect();
        shown.iter().any(|fen| !fen.is_zero())
    }
}

/// A column that a sum is made of.
type Column = (&'static str, fn(&Figures) -> Money);

/// The columns whose rows come to the sum.
const COLUMNS: [Column; 13] = [
    ("本期应收", |f| f.billed_fen),
    ("本期减免", |f| f.reduced_fen),
    ("本期实收", |f| f.received_fen),
    ("本期未收", |f| f.open_fen),
    ("期初欠费", |f| f.opening_fen),
    ("本期追回", |f| f.recovered_fen),
    ("前期减免", |f| f.earlier_reduced_fen),
    ("补出前期", |f| f.earlier_billed_fen),
    ("补出前期已收", |f| f.earlier_received_fen),
    ("期末欠费", |f| f.closing_fen),
    ("预收", |f| f.prepaid_fen),
    ("累计应收", |f| f.due_to_date_fen),
    ("累计实收", |f| f.received_to_date_fen),
];

fn definitions(asked: &Asked) -> Vec<Definition> {
    let belongs = match asked.basis {
        Basis::Charged => "计费起日在期间内",
        Basis::Due => "缴费期限在期间内",
    };
    let bp = terms().break_even_bp;
    [
        ("本期账单", format!("{belongs}的账单，与何时收款无关；建设单位承担的另列")),
        (
            "本期收缴率",
            "本期实收 ÷（本期应收 − 本期减免）。本期实收只计对本期账单收到的款（含预存抵扣）；预收以后各期的、追回前期欠费的都不计入".into(),
        ),
        (
            "累计收缴率",
            format!("累计实收 ÷ 累计应收：缴费期限在 {} 及以前的全部账单，应收已减去减免", asked.counted_on),
        ),
        ("户收费率", "已收户数 ÷ 收费户数：已收户是本期账单全部缴清的户；全部减免的户不计".into()),
        ("清欠率", "本期追回 ÷ 期初欠费：对前期账单、期初尚欠部分收到的款".into()),
        ("客单", "本期实收 ÷ 收费户数：户均实收，截去不足一分".into()),
        ("没有比率", "分母为零的，不算作 0%，也不算作 100%".into()),
        ("保本线", format!("{}.{:02}%：以分子 × 10000 ≥ 分母 × {bp} 判定，不经四舍五入", bp / 100, bp % 100)),
    ]
    .map(|(name, means)| Definition { name: name.to_owned(), means })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrears::position::tests::{day, held};
    use crate::id::MatterNo;

    fn january(by: By) -> Asked {
        Asked {
            from_on: day("2026-01-01"),
            to_on: day("2026-01-31"),
            counted_on: day("2026-01-31"),
            basis: Basis::Charged,
            by,
        }
    }

    fn told(bills: Vec<Held>, beside: Vec<Beside>, asked: &Asked) -> Collection {
        let places: Vec<(DwellingNo, RoomCode)> = [(1, "1-1-101"), (2, "1-2-101"), (3, "2-1-101")]
            .map(|(no, text)| (DwellingNo(no), RoomCode::parse(text).unwrap()))
            .into();
        let areas = places.iter().map(|(no, _)| (*no, Area::centi_m2(8_000))).collect();
        let open: Money = bills.iter().map(|b| b.open(asked.counted_on)).sum();
        let ledger = open + beside.iter().map(|b| b.receivable).sum::<Money>();
        let collection = decide(&Position { bills, beside }, &places, &areas, asked, ledger);
        assert!(collection.agrees(), "{:?}", collection.checks);
        collection
    }

    const BILLED: What = What::Billed;
    const RECEIVED: What = What::Received;

    /// `domain.md` §4.3: 179 of 267 households.
    #[test]
    fn a_percentage_is_rounded_once_from_whole_numbers() {
        let percent = |part, whole| Rate::of(part, whole).percent;
        assert_eq!(percent(179, 267).as_deref(), Some("67.0%"));
        assert_eq!(percent(1, 3).as_deref(), Some("33.3%"));
        assert_eq!(percent(2, 3).as_deref(), Some("66.7%"));
        assert_eq!(percent(1, 2000).as_deref(), Some("0.1%"));
        assert_eq!(percent(1, 2001).as_deref(), Some("0.0%"));
        assert_eq!(percent(0, 5).as_deref(), Some("0.0%"));
        assert_eq!(percent(5, 5).as_deref(), Some("100.0%"));
        assert_eq!(percent(i64::MAX, i64::MAX).as_deref(), Some("100.0%"));
    }

    #[test]
    fn without_a_whole_there_is_no_rate() {
        assert_eq!((Rate::of(0, 0).percent, Rate::of(0, 0).reaches(8_500)), (None, None));
        assert_eq!(Rate::of(5, 0).percent, None);
        let empty = told(vec![], vec![], &january(By::Building));
        assert_eq!(empty.rows, []);
        for rate in [
            &empty.total.current_rate,
            &empty.total.cumulative_rate,
            &empty.total.household_rate,
            &empty.total.recovery_rate,
        ] {
            assert_eq!((rate.part, rate.whole, &rate.percent), (0, 0, &None));
        }
        assert_eq!(empty.total.breaks_even, None);
    }

    /// `domain.md` §7, TV-10: 30,000 m² × 0.35 × 12 = 126,000.00; 60 % are 75,600.00, 85 % are 107,100.00.
    #[test]
    fn the_break_even_line_is_compared_crosswise() {
        let whole = 12_600_000;
        let sixty = Rate::of(7_560_000, whole);
        assert_eq!((sixty.percent.as_deref(), sixty.reaches(8_500)), (Some("60.0%"), Some(false)));
        let line = Rate::of(10_710_000, whole);
        assert_eq!((line.percent.as_deref(), line.reaches(8_500)), (Some("85.0%"), Some(true)));
        // A fen short reads 85.0 % and does not reach it.
        let short = Rate::of(10_709_999, whole);
        assert_eq!((short.percent.as_deref(), short.reaches(8_500)), (Some("85.0%"), Some(false)));
    }

    /// 267 households, 179 paid in full, one paid half: the households' rate and the money's differ.
    #[test]
    fn a_household_that_paid_half_has_not_paid() {
        let bills = (1..=267)
            .map(|no| {
                let paid = match no {
                    1..=179 => 10_000,
                    180 => 5_000,
                    _ => 0,
                };
                let moves = [("2026-01-01", BILLED, 10_000), ("2026-01-20", RECEIVED, paid)];
                held(no, no, "2026-01-01", "2026-01-31", &moves)
            })
            .collect();
        let total = told(bills, vec![], &january(By::Item)).total;
        assert_eq!((total.dwellings, total.dwellings_paid, total.dwellings_owing), (267, 179, 88));
        assert_eq!(total.household_rate.percent.as_deref(), Some("67.0%"));
        assert_eq!((total.current_rate.part, total.current_rate.whole), (1_795_000, 2_670_000));
        assert_eq!(total.current_rate.percent.as_deref(), Some("67.2%"));
    }

    /// The trap: everything paid in January ÷ everything billed in January would be 250 %.
    #[test]
    fn money_for_other_periods_is_in_no_current_rate() {
        let bills = vec![
            // Of December: 6,000 were owed, 4,500 came in January, 500 were let go.
            held(
                1,
                1,
                "2025-12-01",
                "2025-12-31",
                &[
                    ("2025-12-01", BILLED, 10_000),
                    ("2025-12-20", RECEIVED, 4_000),
                    ("2026-01-05", RECEIVED, 4_500),
                    ("2026-01-06", What::Reduced, 500),
                ],
            ),
            // Of January: 6,000 of 10,000, of which 1,000 from what was prepaid.
            held(
                2,
                1,
                "2026-01-01",
                "2026-01-31",
                &[
                    ("2026-01-01", BILLED, 10_000),
                    ("2026-01-01", RECEIVED, 1_000),
                    ("2026-01-15", RECEIVED, 5_000),
                ],
            ),
            // Of February, billed and paid ahead.
            held(
                3,
                2,
                "2026-02-01",
                "2026-02-28",
                &[("2026-01-20", BILLED, 8_000), ("2026-01-20", RECEIVED, 8_000)],
            ),
        ];
        let beside = |dwelling, on: &str, prepaid| Beside {
            dwelling_no: DwellingNo(dwelling),
            on: day(on),
            is_cash: true,
            prepaid: Money::fen(prepaid),
            receivable: Money::ZERO,
        };
        let prepaid = vec![
            beside(1, "2025-12-25", 1_000),
            beside(1, "2026-01-01", -1_000),
            beside(3, "2026-01-25", 7_500),
        ];
        let told = told(bills, prepaid, &january(By::Stair));
        let total = &told.total;
        assert_eq!((total.current_rate.part, total.current_rate.whole), (6_000, 10_000));
        assert_eq!(total.current_rate.percent.as_deref(), Some("60.0%"));
        assert_eq!((total.recovery_rate.part, total.recovery_rate.whole), (4_500, 6_000));
        assert_eq!(total.recovery_rate.percent.as_deref(), Some("75.0%"));
        // Due to date: December 10,000 − 500, January 10,000; received 8,500 + 6,000.
        assert_eq!((total.cumulative_rate.part, total.cumulative_rate.whole), (14_500, 19_500));
        assert_eq!(total.closing_fen, Money::fen(5_000));
        assert_eq!(total.prepaid_fen, Money::fen(7_500));
        // By the day of payment: 6,000 + 4,500 + 8,000 + 7,500 − 1,000 of what was there before.
        let by_day = &told.receipts_total;
        let parts = [by_day.current_fen, by_day.earlier_fen, by_day.later_fen, by_day.prepaid_fen];
        assert_eq!(parts.map(Money::in_fen), [6_000, 4_500, 8_000, 6_500]);
        assert_eq!(by_day.cash_fen, Money::fen(25_000));
        let rows: Vec<_> = told.rows.iter().map(|row| row.of.as_str()).collect();
        assert_eq!(rows, ["1幢1单元", "2幢1单元"]);
    }

    /// 减免 lessens the whole; whoever was let go of everything is in neither count.
    #[test]
    fn a_waiver_is_no_receipt() {
        let bills = vec![
            held(
                1,
                1,
                "2026-01-01",
                "2026-01-31",
                &[
                    ("2026-01-01", BILLED, 10_000),
                    ("2026-01-10", What::Reduced, 2_000),
                    ("2026-01-11", RECEIVED, 8_000),
                ],
            ),
            held(
                2,
                2,
                "2026-01-01",
                "2026-01-31",
                &[("2026-01-01", BILLED, 10_000), ("2026-01-10", What::Reduced, 10_000)],
            ),
            held(3, 3, "2026-01-01", "2026-01-31", &[("2026-01-01", BILLED, 10_000)]),
        ];
        let told = told(bills, vec![], &january(By::Building));
        assert_eq!((told.total.current_rate.part, told.total.current_rate.whole), (8_000, 18_000));
        assert_eq!((told.total.household_rate.part, told.total.household_rate.whole), (1, 2));
        let rows: Vec<_> = told
            .rows
            .iter()
            .map(|row| (row.of.as_str(), row.current_rate.percent.as_deref(), row.breaks_even))
            .collect();
        assert_eq!(rows, [("1幢", Some("100.0%"), Some(true)), ("2幢", Some("0.0%"), Some(false))]);
    }

    #[test]
    fn the_developers_stand_apart_and_late_bills_are_told() {
        let mut developers =
            held(1, 3, "2026-01-01", "2026-01-31", &[("2026-01-01", BILLED, 10_000)]);
        developers.bearer = Bearer::Developer;
        let late = held(
            2,
            1,
            "2025-11-01",
            "2025-11-30",
            &[("2026-01-05", BILLED, 3_000), ("2026-01-06", RECEIVED, 1_000)],
        );
        assert_eq!(late.bill_no, MatterNo(2));
        let told = told(vec![developers, late], vec![], &january(By::Month));
        assert_eq!(told.total.current_rate.percent, None);
        assert_eq!(told.developer.current_rate.percent.as_deref(), Some("0.0%"));
        // Nothing was owed when January began: no rate, though 1,000 came in.
        assert_eq!(told.total.recovery_rate.percent, None);
        assert_eq!(told.total.closing_fen, Money::fen(2_000));
        assert_eq!(told.rows[0].of, "2025-11");
    }

    #[test]
    fn a_bill_belongs_by_its_charge_or_by_its_due_day() {
        let bill = held(1, 1, "2026-01-01", "2026-02-15", &[("2026-01-01", BILLED, 10_000)]);
        let by_charge = told(vec![bill.clone()], vec![], &january(By::Building)).total;
        assert_eq!(by_charge.current_rate.whole, 10_000);
        let asked = Asked { basis: Basis::Due, ..january(By::Building) };
        assert_eq!(told(vec![bill], vec![], &asked).total.current_rate.whole, 0);
        assert!(may_be_asked(&Asked { counted_on: day("2025-12-31"), ..asked }).is_err());
    }
}
