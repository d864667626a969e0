//! What is charged, by hand: each figure was worked out on paper.

use rust_decimal::Decimal;

use super::*;
use crate::calendar::Month;
use crate::id::{DwellingNo, LeaseNo, ReliefNo, TariffNo};
use crate::measure::Area;
use crate::money::Money;
use crate::property::{Dwelling, Housing, RoomCode, Usage};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn dwelling() -> Dwelling {
    Dwelling {
        no: DwellingNo(1),
        code: RoomCode::parse("1-1-101").unwrap(),
        floor: Some(1),
        usage: Usage::Residence,
        housing: Housing::Commodity,
        has_lift: false,
        is_unsold: false,
        handed_over_on: None,
        began_on: None,
        ended_on: None,
        vote_area: Area::centi_m2(10_750),
        fee_area: Area::centi_m2(10_750),
        fund_area: Area::centi_m2(10_750),
        owners: Vec::new(),
    }
}

fn terms() -> Terms {
    Terms {
        from_on: day("2020-01-01"),
        system: System::LumpSum,
        pay: None,
        taxpayer: Taxpayer::General,
        penalty: None,
        vacant: Some(Vacant { after_months: 6, pays_bp: 6_000 }),
        document: "合同".into(),
    }
}

fn price(no: i32, formula: Formula, from: &str, cycle_months: u8) -> Tariff {
    Tariff {
        tariff_no: TariffNo(no),
        item: "物业费".into(),
        formula,
        from_on: day(from),
        ended_on: None,
        cycle_months,
        cycle: Cycle::Calendar,
        timing: Timing::Ahead,
        due_days: 30,
        usages: vec![],
        building: None,
        tax: vat::Kind::Service,
        document: "合同".into(),
    }
}

fn area(yuan: &str) -> Formula {
    Formula::Area { price: yuan.parse().unwrap() }
}

struct Case {
    dwelling: Dwelling,
    tariffs: Vec<Tariff>,
    reliefs: Vec<Relief>,
    leases: Vec<Lease>,
    readings: Vec<Reading>,
    charged: Vec<Charged>,
}

impl Case {
    fn of(tariffs: Vec<Tariff>) -> Case {
        let (reliefs, leases, readings, charged) = (vec![], vec![], vec![], vec![]);
        Case { dwelling: dwelling(), tariffs, reliefs, leases, readings, charged }
    }

    fn due(&self, month: &str) -> Result<Vec<Due>, (Why, String)> {
        let terms = terms();
        let known = Known {
            dwelling: &self.dwelling,
            terms: &terms,
            reliefs: &self.reliefs,
            leases: &self.leases,
            readings: &self.readings,
            charged: &self.charged,
        };
        let series = Series::of(&self.tariffs);
        assert_eq!(series.len(), 1);
        reckon::reckon(&series[0], Month::parse(month).unwrap(), &known)
    }

    /// Of a month: the days, the fen and the working of each bill; or why there is none.
    fn told(&self, month: &str) -> String {
        match self.due(month) {
            Err((why, _)) => why.name().to_owned(),
            Ok(due) => {
                let told = |d: &Due| {
                    let bearer = if d.bearer == Bearer::Owner { "" } else { "建设单位 " };
                    format!("{bearer}{}~{} {} = {}", d.from_on, d.to_on, d.worked, d.amount)
                };
                due.iter().map(told).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

fn reading(on: &str, milli: i64, is_first: bool) -> Reading {
    Reading {
        dwelling_no: DwellingNo(1),
        meter: "W1".into(),
        kind: Meter::Water,
        read_on: day(on),
        value_milli: milli,
        factor: 1,
        is_first,
    }
}

/// 107.50 × 0.35 × 3 = 112.875, half up.
#[test]
fn a_quarter_is_charged_in_its_first_month() {
    let case = Case::of(vec![price(1, area("0.35"), "2024-01-01", 3)]);
    assert_eq!(case.told("2026-01"), "2026-01-01~2026-03-31 107.5㎡ × 0.35元/月 × 3月 = 112.88");
    assert_eq!(case.told("2026-02"), "not-due");
    assert_eq!(case.due("2026-01").unwrap()[0].due_on, day("2026-01-31"));
}

/// `domain.md` §7, TV-10.
#[test]
fn a_year_of_thirty_thousand_square_metres() {
    let mut case = Case::of(vec![price(1, area("0.35"), "2024-01-01", 12)]);
    case.dwelling.fee_area = Area::centi_m2(3_000_000);
    assert_eq!(case.due("2026-01").unwrap()[0].amount, Money::fen(12_600_000));
}

/// 100 ㎡: January whole at 0.50 = 50; February has 28 days, 14 at 0.50 = 25 and 14 at 0.60 = 30; March at 0.60 = 60.
#[test]
fn a_price_that_changes_in_mid_month_is_charged_by_days() {
    let mut case = Case::of(vec![
        price(1, area("0.50"), "2024-01-01", 3),
        price(2, area("0.60"), "2026-02-15", 3),
    ]);
    case.dwelling.fee_area = Area::centi_m2(10_000);
    assert_eq!(
        case.told("2026-01"),
        "2026-01-01~2026-03-31 100㎡ × 0.5元/月 × (1 + 1/2)月 + 100㎡ × 0.6元/月 × (1 + 1/2)月 = 165.00"
    );
    assert_eq!(case.due("2026-01").unwrap()[0].tariff_no, TariffNo(2));
}

/// Parts of a month are kept exact: 10/31 and 21/31 of the same price are the whole, to the half fen.
#[test]
fn parts_of_a_month_make_the_whole() {
    let mut case = Case::of(vec![
        price(1, area("0.35"), "2024-01-01", 1),
        price(2, area("0.35"), "2026-01-11", 1),
    ]);
    case.dwelling.fee_area = Area::centi_m2(10_010);
    // 100.10 × 0.35 = 35.035: half up.
    assert_eq!(case.due("2026-01").unwrap()[0].amount, Money::fen(3_504));
}

#[test]
fn the_owner_pays_from_the_month_after_the_hand_over() {
    let mut case = Case::of(vec![price(1, area("0.35"), "2024-01-01", 3)]);
    case.dwelling.handed_over_on = Some(day("2026-01-20"));
    assert_eq!(
        case.told("2026-01"),
        "建设单位 2026-01-01~2026-01-31 107.5㎡ × 0.35元/月 × 1月 = 37.63; \
         2026-02-01~2026-03-31 107.5㎡ × 0.35元/月 × 2月 = 75.25"
    );
    case.dwelling.handed_over_on = None;
    case.dwelling.is_unsold = true;
    assert_eq!(
        case.told("2026-04"),
        "建设单位 2026-04-01~2026-06-30 107.5㎡ × 0.35元/月 × 3月 = 112.88"
    );
}

#[test]
fn a_household_may_have_a_year_of_its_own() {
    let mut tariff = price(1, Formula::Fixed { price: Decimal::from(10) }, "2024-01-01", 12);
    tariff.cycle = Cycle::Anniversary;
    let mut case = Case::of(vec![tariff]);
    case.dwelling.handed_over_on = Some(day("2024-05-03"));
    assert_eq!(case.told("2026-06"), "2026-06-01~2027-05-31 10元/月 × 12月 = 120.00");
    assert_eq!(case.told("2026-01"), "not-due");
}

/// Six months empty at the full price, then at 60 %: 100 ㎡ × 0.50 × 60 % = 30 a month.
#[test]
fn an_empty_dwelling_pays_what_the_contract_leaves() {
    let mut case = Case::of(vec![price(1, area("0.50"), "2024-01-01", 12)]);
    case.dwelling.fee_area = Area::centi_m2(10_000);
    case.reliefs = vec![Relief {
        relief_no: ReliefNo(1),
        dwelling_no: DwellingNo(1),
        item: None,
        from_on: day("2026-01-10"),
        to_on: Some(day("2026-09-30")),
        pays_bp: 0,
        reason: "空置".into(),
    }];
    // July, August and September at 60 %: 9 × 50 + 3 × 30.
    assert_eq!(case.due("2026-01").unwrap()[0].amount, Money::fen(54_000));
}

#[test]
fn a_concession_is_on_its_item_and_its_days() {
    let mut case = Case::of(vec![price(1, area("0.50"), "2024-01-01", 1)]);
    case.dwelling.fee_area = Area::centi_m2(10_000);
    let relief = |item: &str| Relief {
        relief_no: ReliefNo(1),
        dwelling_no: DwellingNo(1),
        item: Some(item.into()),
        from_on: day("2026-01-01"),
        to_on: Some(day("2026-01-31")),
        pays_bp: 8_000,
        reason: "低保".into(),
    };
    case.reliefs = vec![relief("物业费")];
    assert_eq!(case.told("2026-01"), "2026-01-01~2026-01-31 100㎡ × 0.5元/月 × 1月 × 80% = 40.00");
    assert_eq!(case.due("2026-02").unwrap()[0].amount, Money::fen(5_000));
    case.reliefs = vec![relief("水费")];
    assert_eq!(case.due("2026-01").unwrap()[0].amount, Money::fen(5_000));
}

#[test]
fn a_meter_is_charged_by_what_it_counted() {
    let mut tariff = price(
        1,
        Formula::Metered { meter: Meter::Water, price: "2.90".parse().unwrap() },
        "2024-01-01",
        1,
    );
    tariff.timing = Timing::Behind;
    let mut case = Case::of(vec![tariff]);
    assert_eq!(case.told("2026-01"), "no-meter");
    case.readings = vec![reading("2025-12-31", 100_000, true)];
    assert_eq!(case.told("2026-01"), "no-reading");
    case.readings.push(reading("2026-01-30", 112_500, false));
    // 12.5 × 2.90 = 36.25.
    assert_eq!(case.told("2026-01"), "2026-01-01~2026-01-31 12.5 × 2.9元 = 36.25");
    case.readings.push(reading("2026-01-31", 99_000, false));
    assert_eq!(case.told("2026-01"), "backwards");
    // Fitted in the month: counted from what it stood at then.
    case.readings = vec![reading("2026-01-10", 5_000, true), reading("2026-01-31", 6_000, false)];
    assert_eq!(case.told("2026-01"), "2026-01-01~2026-01-31 1 × 2.9元 = 2.90");
}

/// 70: 60 at 2.90 and 10 at 3.85 = 174 + 38.5.
#[test]
fn tiers_take_what_lies_within_them() {
    let tiers = vec![
        Tier { up_to: Some(Decimal::from(60)), price: "2.90".parse().unwrap() },
        Tier { up_to: None, price: "3.85".parse().unwrap() },
    ];
    let mut tariff = price(1, Formula::Tiered { meter: Meter::Water, tiers }, "2024-01-01", 1);
    tariff.timing = Timing::Behind;
    let mut case = Case::of(vec![tariff]);
    case.readings = vec![reading("2025-12-31", 0, true), reading("2026-01-31", 70_000, false)];
    assert_eq!(case.told("2026-01"), "2026-01-01~2026-01-31 60 × 2.9元 + 10 × 3.85元 = 212.50");
}

/// Two spaces, one of them from the 16th: 150 + 150 × 16/31 = 227.419….
#[test]
fn spaces_are_charged_by_the_days_they_are_held() {
    let mut case =
        Case::of(vec![price(1, Formula::Spaces { price: Decimal::from(150) }, "2024-01-01", 1)]);
    assert_eq!(case.told("2026-01"), "no-space");
    let lease = |no, from: &str| Lease {
        lease_no: LeaseNo(no),
        dwelling_no: DwellingNo(1),
        space: format!("A-{no}"),
        from_on: day(from),
        to_on: None,
    };
    case.leases = vec![lease(1, "2025-01-01"), lease(2, "2026-01-16")];
    assert_eq!(
        case.told("2026-01"),
        "2026-01-01~2026-01-31 1个车位 × 150元/月 × 15/31月 + 2个车位 × 150元/月 × 16/31月 = 227.42"
    );
}

#[test]
fn days_are_charged_once() {
    let mut case = Case::of(vec![price(1, area("0.35"), "2024-01-01", 3)]);
    let charged = |from: &str, to: &str| vec![Charged { from_on: day(from), to_on: day(to) }];
    case.charged = charged("2026-01-01", "2026-03-31");
    assert_eq!(case.told("2026-01"), "charged");
    case.charged = charged("2026-03-01", "2026-03-31");
    assert_eq!(case.told("2026-01"), "overlaps");
}

#[test]
fn what_begins_or_ends_in_the_period_is_charged_for_its_days() {
    let mut case = Case::of(vec![price(1, area("0.35"), "2026-02-15", 3)]);
    case.dwelling.fee_area = Area::centi_m2(10_000);
    // 14 days of February's 28, and March.
    assert_eq!(case.told("2026-01"), "not-due");
    assert_eq!(
        case.told("2026-02"),
        "2026-02-15~2026-03-31 100㎡ × 0.35元/月 × (1 + 1/2)月 = 52.50"
    );
    case.tariffs[0].ended_on = Some(day("2026-05-31"));
    assert_eq!(case.told("2026-04"), "2026-04-01~2026-05-31 100㎡ × 0.35元/月 × 2月 = 70.00");
    assert_eq!(case.told("2026-07"), "not-due");
    case.dwelling.ended_on = Some(day("2026-04-16"));
    assert_eq!(case.told("2026-04"), "2026-04-01~2026-04-15 100㎡ × 0.35元/月 × 1/2月 = 17.50");
    case.dwelling.usage = Usage::Service;
    assert_eq!(case.told("2026-04"), "not-meant");
}

/// 100.00 over 33.33, 33.33 and 33.34 ㎡, and over three dwellings: to the fen.
#[test]
fn a_shared_cost_is_divided_without_rest() {
    let of = |no: i32, centi: i64| Dwelling {
        no: DwellingNo(no),
        fee_area: Area::centi_m2(centi),
        ..dwelling()
    };
    let all = [of(1, 3_333), of(2, 3_333), of(3, 3_334)];
    let all: Vec<&Dwelling> = all.iter().collect();
    let fen = |by_area| -> Vec<i64> {
        let shares = reckon::shared(Money::fen(10_000), &all, by_area).unwrap();
        shares.iter().map(|m| m.in_fen()).collect()
    };
    assert_eq!(fen(true), [3_333, 3_333, 3_334]);
    assert_eq!(fen(false), [3_334, 3_333, 3_333]);
    assert!(reckon::shared(Money::fen(1), &[], true).is_err());
}

#[test]
fn the_last_tier_ends_nowhere_however_that_is_said() {
    let tiers = |last: &str| {
        format!(
            r#"{{"kind":"tiered","meter":"gas","tiers":[{{"price":"2.90","up_to":"60"}},{{"price":"3.85"{last}}}]}}"#
        )
    };
    let read = |text: &str| serde_json::from_str::<Formula>(text).unwrap();
    assert_eq!(read(&tiers(r#","up_to":null"#)), read(&tiers("")));
}
