//! How old what is owed is: by dwelling, building, stair or item, in the classes of `terms.toml`.
//!
//! Always: the sum shown is the sum of the rows, and with the developer's, what is of no bill and what was received ahead it is the
//! ledger's 1122. Whoever paid a bill before its day owes nothing: what they paid lessens nobody's arrears and no class.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::position::{Held, position};
use super::terms::terms;
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::fees::RECEIVABLE;
use crate::id::{CompoundId, DwellingNo};
use crate::journal::{self, AsOf, Book};
use crate::money::Money;
use crate::property::{self, RoomCode};
use crate::tariff::Bearer;

/// By what a figure is told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    rename = "ArrearsBy",
    description = "分组：dwelling 户，building 幢，stair 单元，item 收费项目，month 月份"
)]
pub enum By {
    /// 户.
    #[default]
    #[schemars(description = "户")]
    Dwelling,
    /// 幢.
    #[schemars(description = "幢")]
    Building,
    /// 单元.
    #[schemars(description = "单元")]
    Stair,
    /// 收费项目.
    #[schemars(description = "收费项目")]
    Item,
    /// 月份.
    #[schemars(description = "月份")]
    Month,
}

impl By {
    /// The name of a bill's group. `month` is that of the day by which the bill is counted.
    pub(super) fn of(self, code: Option<&RoomCode>, item: &str, month: Day) -> String {
        let building = |c: &RoomCode| match c.phase() {
            Some(phase) => format!("{phase}-{}", c.building()),
            None => c.building().to_owned(),
        };
        let known = |told: &dyn Fn(&RoomCode) -> String| code.map_or_else(String::new, told);
        match self {
            By::Dwelling => known(&|c| c.to_string()),
            By::Building => known(&|c| format!("{}幢", building(c))),
            By::Stair => known(&|c| format!("{}幢{}单元", building(c), c.unit())),
            By::Item => item.to_owned(),
            By::Month => crate::calendar::Month::of(month).to_string(),
        }
    }
}

/// What is owed, by its age.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "ArrearsRow", description = "欠费账龄的一行")]
pub struct AgeRow {
    /// Of what.
    #[schemars(description = "分组", example = &"1-1-101")]
    pub of: String,
    /// How many dwellings owe.
    #[schemars(description = "欠费户数", example = 1)]
    pub dwellings: usize,
    /// Not due.
    #[schemars(description = "未到期：分", example = 0)]
    pub not_due_fen: Money,
    /// The first class.
    #[schemars(description = "逾期1至30天：分", example = 10_000)]
    pub class_1_fen: Money,
    /// The second.
    #[schemars(description = "逾期31至90天：分", example = 0)]
    pub class_2_fen: Money,
    /// The third.
    #[schemars(description = "逾期91至365天：分", example = 0)]
    pub class_3_fen: Money,
    /// The last.
    #[schemars(description = "逾期一年以上：分", example = 0)]
    pub class_4_fen: Money,
    /// What is past its day.
    #[schemars(description = "逾期合计：分", example = 10_000)]
    pub overdue_fen: Money,
    /// All that is open.
    #[schemars(description = "尚欠合计：分", example = 10_000)]
    pub open_fen: Money,
    /// The oldest day due.
    #[schemars(description = "最早的缴费期限：没有欠费的为空")]
    pub oldest_due_on: Option<Day>,
}

impl AgeRow {
    fn of_bills(of: String, bills: &[&Held], day: Day) -> AgeRow {
        let mut row = AgeRow { of, ..AgeRow::default() };
        let mut dwellings = BTreeSet::new();
        for bill in bills {
            let open = bill.open(day);
            dwellings.insert(bill.dwelling_no);
            let class = terms().class(bill.due_on, day);
            let part = match class {
                0 => &mut row.not_due_fen,
                1 => &mut row.class_1_fen,
                2 => &mut row.class_2_fen,
                3 => &mut row.class_3_fen,
                _ => &mut row.class_4_fen,
            };
            *part += open;
            row.open_fen += open;
            if class > 0 {
                row.overdue_fen += open;
            }
            row.oldest_due_on =
                Some(row.oldest_due_on.map_or(bill.due_on, |on| on.min(bill.due_on)));
        }
        row.dwellings = dwellings.len();
        row
    }

    fn money(&self) -> [Money; 7] {
        [
            self.not_due_fen,
            self.class_1_fen,
            self.class_2_fen,
            self.class_3_fen,
            self.class_4_fen,
            self.overdue_fen,
            self.open_fen,
        ]
    }
}

/// The arrears of a compound on a day.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "ArrearsAgeing", description = "欠费账龄")]
pub struct Ageing {
    /// The day.
    #[schemars(description = "截至")]
    pub on: Day,
    /// The owners', who owes most first.
    #[schemars(description = "业主承担的：欠费多的在前")]
    pub rows: Vec<AgeRow>,
    /// Σ of them.
    #[schemars(description = "业主承担的合计")]
    pub total: AgeRow,
    /// What the developer owes.
    #[schemars(description = "建设单位承担的：另列，不入上列合计")]
    pub developer: AgeRow,
    /// Receivables of no bill.
    #[schemars(description = "没有账单的应收：分", example = 0)]
    pub beside_fen: Money,
    /// What was received for bills of a later day: negative or nothing.
    #[schemars(description = "已收、账单日在以后的：分，记为负数，不入账龄", example = 0)]
    pub ahead_fen: Money,
    /// The ledger's 1122.
    #[schemars(description = "账上应收账款（1122）：分", example = 10_000)]
    pub ledger_fen: Money,
    /// Whether rows, sums and ledger agree.
    #[schemars(
        description = "核对：各行合计 = 合计，业主 + 建设单位 + 没有账单的 + 已收在先的 = 账上"
    )]
    pub agrees: bool,
}

/// The codes of a compound's dwellings, in their natural order.
pub(super) async fn places(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<BTreeMap<DwellingNo, RoomCode>> {
    let codes = property::codes(view, compound).await?;
    Ok(codes.into_iter().map(|(code, no)| (no, code)).collect())
}

/// What is owed on a day, as told apart by `by`.
///
/// # Errors
/// Storage.
pub async fn ageing(
    view: &mut impl View,
    compound: CompoundId,
    day: Day,
    by: By,
) -> Result<Ageing> {
    let places = places(view, compound).await?;
    let position = position(view, compound, day, None).await?;
    let as_of = AsOf { day: Some(day), known_at: None };
    let balances = journal::dwelling_balances(view, compound, Book::Service, as_of).await?;
    let of_1122 = balances.iter().filter(|(_, account, _)| *account == RECEIVABLE);
    let ledger_fen = of_1122.map(|(_, _, debit)| *debit).sum();
    let beside_fen = position.beside.iter().map(|b| b.receivable).sum();
    Ok(decide(&position.bills, &places, day, by, beside_fen, ledger_fen))
}

fn decide(
    bills: &[Held],
    places: &BTreeMap<DwellingNo, RoomCode>,
    day: Day,
    by: By,
    beside_fen: Money,
    ledger_fen: Money,
) -> Ageing {
    let is_owed = move |b: &&Held| b.open(day).is_positive();
    let open = |bearer: Bearer| bills.iter().filter(move |b| b.bearer == bearer).filter(is_owed);
    let ahead_fen = bills.iter().map(|b| b.open(day)).filter(|open| open.is_negative()).sum();
    let mut groups: BTreeMap<String, Vec<&Held>> = BTreeMap::new();
    for bill in open(Bearer::Owner) {
        let of = by.of(places.get(&bill.dwelling_no), &bill.item, bill.due_on);
        groups.entry(of).or_default().push(bill);
    }
    let mut rows: Vec<AgeRow> =
        groups.into_iter().map(|(of, bills)| AgeRow::of_bills(of, &bills, day)).collect();
    rows.sort_by(|a, b| b.open_fen.cmp(&a.open_fen).then_with(|| a.of.cmp(&b.of)));
    let all: Vec<&Held> = open(Bearer::Owner).collect();
    let total = AgeRow::of_bills("合计".into(), &all, day);
    let developers: Vec<&Held> = open(Bearer::Developer).collect();
    let developer = AgeRow::of_bills("建设单位".into(), &developers, day);
    let sums = (0..7).map(|i| rows.iter().map(|row| row.money()[i]).sum::<Money>());
    let agrees = sums.eq(total.money())
        && total.open_fen + developer.open_fen + beside_fen + ahead_fen == ledger_fen;
    Ageing { on: day, rows, total, developer, beside_fen, ahead_fen, ledger_fen, agrees }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrears::position::What;
    use crate::arrears::position::tests::{day, held};

    #[test]
    fn rows_come_to_their_sum_and_the_most_stands_first() {
        let code = |text: &str| RoomCode::parse(text).unwrap();
        let places = [(1, "1-1-101"), (2, "1-2-101"), (3, "2-1-101")]
            .map(|(no, text)| (DwellingNo(no), code(text)))
            .into();
        let billed = |no, dwelling, due, fen| {
            held(no, dwelling, "2025-01-01", due, &[("2025-01-01", What::Billed, fen)])
        };
        let mut developers = billed(5, 3, "2025-01-31", 700);
        developers.bearer = Bearer::Developer;
        let bills = [
            billed(1, 1, "2026-01-31", 100),
            billed(2, 1, "2026-01-01", 200),
            billed(3, 2, "2025-11-20", 4_000),
            billed(4, 3, "2025-01-20", 50),
            developers,
        ];
        let told =
            |by| decide(&bills, &places, day("2026-01-31"), by, Money::ZERO, Money::fen(5_050));
        let ageing = told(By::Dwelling);
        let shown: Vec<_> =
            ageing.rows.iter().map(|r| (r.of.as_str(), r.open_fen.in_fen())).collect();
        assert_eq!(shown, [("1-2-101", 4_000), ("1-1-101", 300), ("2-1-101", 50)]);
        assert_eq!(ageing.total.money().map(Money::in_fen), [100, 200, 4_000, 0, 50, 4_250, 4_350]);
        assert_eq!((ageing.total.dwellings, ageing.developer.open_fen.in_fen()), (3, 700));
        assert!(ageing.agrees);
        let by = |by| told(by).rows.into_iter().map(|r| r.of).collect::<Vec<_>>();
        assert_eq!(by(By::Building), ["1幢", "2幢"]);
        assert_eq!(by(By::Stair), ["1幢2单元", "1幢1单元", "2幢1单元"]);
        assert_eq!(by(By::Item), ["物业费"]);
        let off =
            decide(&bills, &places, day("2026-01-31"), By::Item, Money::ZERO, Money::fen(5_051));
        assert!(!off.agrees);
    }

    #[test]
    fn what_was_paid_before_its_bill_is_nobodys_arrears() {
        let paid = ("2026-01-20", What::Received, 300);
        let early = held(1, 1, "2026-04-01", "2026-04-30", &[paid]);
        let owing = held(2, 2, "2025-12-01", "2025-12-31", &[("2025-12-01", What::Billed, 1_000)]);
        let places = [(1, "1-1-101"), (2, "1-1-102")]
            .map(|(no, text)| (DwellingNo(no), RoomCode::parse(text).unwrap()))
            .into();
        let (bills, on) = ([early, owing], day("2026-01-31"));
        let ageing = decide(&bills, &places, on, By::Building, Money::ZERO, Money::fen(700));
        assert_eq!((ageing.total.dwellings, ageing.total.open_fen), (1, Money::fen(1_000)));
        assert_eq!((ageing.total.not_due_fen, ageing.ahead_fen), (Money::ZERO, Money::fen(-300)));
        assert!(ageing.agrees);
    }
}
