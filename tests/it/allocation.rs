//! Allocation: every case of tests/cases/allocation.txt, and what holds for whatever is shared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ledger::allocation::{
    self, Allocation, Basis, Coefficient, FloorTable, PaidBy, Place, Removed, Scope, SellingUnit,
    Short, Why, Within, Work,
};
use ledger::error::Refusal;
use ledger::id::DwellingNo;
use ledger::measure::Area;
use ledger::money::Money;
use ledger::policy::Pack;
use ledger::property::{Housing, RoomCode};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::paper::golden;
use crate::policy::{cases, library, pack};

/// A case as it is written.
struct Case {
    name: String,
    pack: Pack,
    work: Work,
    expected: Vec<String>,
}

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn read() -> Vec<Case> {
    let library = library();
    let text = cases("allocation.txt");
    let mut found: Vec<Case> = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(name) = line.strip_prefix("case ") {
            let work = Work {
                cost: Money::ZERO,
                removed: vec![],
                basis: Basis::Lawful,
                short: Short::OwnerPays,
                places: vec![],
                selling_units: vec![],
            };
            let pack = pack(&library, "100000", "2026-01-05");
            found.push(Case { name: name.to_owned(), pack, work, expected: vec![] });
            continue;
        }
        let case = found.last_mut().expect("a case comes first");
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["pack", code, on] => case.pack = pack(&library, code, on),
            ["cost", cost] => case.work.cost = yuan(cost),
            ["short", "no-self-raising"] => case.work.short = Short::NoSelfRaising,
            ["by", basis @ ..] => case.work.basis = basis_of(basis),
            ["place", rest @ ..] => case.work.places.push(place_of(rest)),
            ["unit", name, deposited, available] => {
                let after = |text: &str| yuan(text.split_once('=').unwrap().1);
                let unit = SellingUnit {
                    name: (*name).to_owned(),
                    deposited: after(deposited),
                    available: after(available),
                };
                case.work.selling_units.push(unit);
            }
            ["removed", why, what, amount] => {
                let why = serde_json::from_value((*why).into()).unwrap();
                let removed = Removed { why, what: (*what).to_owned(), amount: yuan(amount) };
                case.work.removed.push(removed);
            }
            _ => case.expected.push(line.to_owned()),
        }
    }
    found
}

fn basis_of(words: &[&str]) -> Basis {
    let pairs = |words: &[&str]| -> BTreeMap<i32, Coefficient> {
        let pair = |word: &&str| {
            let (floor, of) = word.split_once(':').unwrap();
            (floor.parse().unwrap(), Coefficient::parse(of).unwrap())
        };
        words.iter().map(pair).collect()
    };
    let numbers = |words: &[&str]| -> BTreeSet<DwellingNo> {
        words.iter().map(|word| DwellingNo(word.parse().unwrap())).collect()
    };
    match words {
        ["area"] => Basis::Area,
        ["households"] => Basis::Households,
        ["balances"] => Basis::Balances,
        ["coefficients", of @ ..] => {
            let pair = |word: &&str| {
                let (no, of) = word.split_once(':').unwrap();
                (DwellingNo(no.parse().unwrap()), of.parse().unwrap())
            };
            Basis::Coefficients { of: of.iter().map(pair).collect() }
        }
        [kind @ ("factors" | "percentages"), within, of @ ..] => {
            let of = pairs(of);
            let within = if *within == "floor" { Within::Floor } else { Within::AreaTimes };
            let table = match *kind {
                "factors" => FloorTable::Factors { of },
                _ => FloorTable::Percentages { of },
            };
            Basis::Floors { table, within }
        }
        ["terrace", "users", rest @ ..] => {
            let at = rest.iter().position(|word| *word == "below").unwrap();
            Basis::Terrace { users: numbers(&rest[..at]), below: numbers(&rest[at + 1..]) }
        }
        other => panic!("{other:?}"),
    }
}

fn place_of(words: &[&str]) -> Place {
    let mut place = Place {
        dwelling: DwellingNo(words[0].parse().unwrap()),
        code: RoomCode::parse(words[1]).unwrap(),
        floor: None,
        area: Area::parse(words[2]).unwrap(),
        housing: Housing::Commodity,
        is_unsold: false,
        deposited: Money::ZERO,
        principal: yuan("1000000.00"),
        gains: Money::ZERO,
        left_out: None,
    };
    for word in &words[3..] {
        match word.split_once('=') {
            Some(("floor", floor)) => place.floor = Some(floor.parse().unwrap()),
            Some(("deposited", sum)) => place.deposited = yuan(sum),
            Some(("principal", sum)) => place.principal = yuan(sum),
            Some(("gains", sum)) => place.gains = yuan(sum),
            Some(("out", why)) => place.left_out = Some(why.to_owned()),
            None if *word == "public" => place.housing = Housing::SoldPublic,
            None if *word == "unsold" => place.is_unsold = true,
            other => panic!("{other:?}"),
        }
    }
    place
}

/// What a result says in the words of one line of a case.
fn told(line: &str, result: &Result<Allocation, Refusal>) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let said = match result {
        Err(refusal) => return format!("refused {}", refusal.code()),
        Ok(said) => said,
    };
    let list = |items: Vec<String>| format!("{} {}", words[0], items.join(" "));
    match words[0] {
        "shares" => list(said.shares.iter().map(|s| s.amount.to_string()).collect()),
        "units" => list(said.units.iter().map(|u| u.amount.to_string()).collect()),
        "owes" => list(said.shares.iter().map(|s| s.owner_owes.to_string()).collect()),
        "drawn" => {
            list(said.shares.iter().map(|s| format!("{}+{}", s.principal, s.gains)).collect())
        }
        "left-out" => list(said.left_out.iter().map(|l| l.dwelling.to_string()).collect()),
        "removal" => {
            let why =
                |r: &Removed| serde_json::to_value(r.why).unwrap().as_str().unwrap().to_owned();
            list(said.removed.iter().map(why).collect())
        }
        "stage" => {
            let name = words[1..words.len() - 1].join(" ");
            let stage = said.stages.iter().find(|stage| stage.name == name);
            format!("stage {name} {}", stage.map_or("-".to_owned(), |s| s.amount.to_string()))
        }
        "sums" => format!(
            "sums balances {} units {} owed {} developers {} unshared {}",
            said.from_balances, said.from_units, said.owed, said.by_developers, said.unshared
        ),
        _ => "allocated".to_owned(),
    }
}

#[test]
fn every_case_comes_out_to_the_fen() {
    let cases = read();
    let mut wrong = String::new();
    for case in &cases {
        assert!(!case.expected.is_empty(), "{} expects something", case.name);
        let result = allocation::allocate(&case.work, &case.pack);
        for line in &case.expected {
            let said = told(line, &result);
            if said != *line {
                let _ = writeln!(wrong, "{}\n  wants {line}\n  says  {said}", case.name);
            }
        }
        if let Ok(result) = &result {
            holds(&case.work, result, &case.pack);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases.len() >= 38, "{} cases were read", cases.len());
}

/// What holds for every allocation.
fn holds(work: &Work, result: &Allocation, pack: &Pack) {
    let dwellings: Money = result.shares.iter().map(|s| s.amount).sum();
    let units: Money = result.units.iter().map(|u| u.amount).sum();
    let others: Money = result.removed.iter().map(|r| r.amount).sum();
    assert_eq!(dwellings + units + result.unshared + others, work.cost);
    assert_eq!(
        result.from_balances + result.from_units + result.owed + result.by_developers,
        dwellings + units
    );
    assert_eq!(result.shares.len() + result.left_out.len(), work.places.len());
    assert!(result.shares.is_sorted_by_key(|s| s.dwelling));
    for share in &result.shares {
        let place = work.places.iter().find(|p| p.dwelling == share.dwelling).unwrap();
        for money in [share.amount, share.owner_owes, share.principal_left, share.gains_left] {
            assert!(!money.is_negative(), "{share:?}");
        }
        assert_eq!(share.principal + share.principal_left, place.principal);
        assert_eq!(share.gains + share.gains_left, place.gains);
        if share.paid_by == PaidBy::Fund {
            assert_eq!(share.principal + share.gains + share.owner_owes, share.amount);
            assert!(
                share.owner_owes.is_zero() || (share.principal_left + share.gains_left).is_zero()
            );
        }
    }
    let parts = result.shares.iter().flat_map(|s| &s.parts);
    for part in parts.chain(result.units.iter().flat_map(|u| &u.parts)) {
        // |part − amount × weight / whole| < 1 fen, without a division.
        let stage = u128::try_from(result.stages[part.stage].amount.in_fen()).unwrap();
        let exact = stage * u128::from(part.weight);
        let got = u128::try_from(part.amount.in_fen()).unwrap() * part.whole;
        assert!(got.abs_diff(exact) < part.whole, "{part:?}");
    }
    let mut turned = work.clone();
    turned.places.reverse();
    turned.selling_units.reverse();
    turned.removed.reverse();
    let again = allocation::allocate(&turned, pack).unwrap();
    assert_eq!(again, *result, "the order of rows does not matter");
    assert_eq!(again.text(), result.text());
}

#[test]
fn a_result_prints_the_same_bytes() {
    let cases = read();
    let of = |name: &str| cases.iter().find(|case| case.name.starts_with(name)).unwrap();
    let mut text = String::new();
    for name in ["TV-2", "TV-18 with a neighbour", "several sources", "a terrace some"] {
        let case = of(name);
        text += &allocation::allocate(&case.work, &case.pack).unwrap().text();
        text.push('\n');
    }
    golden("allocation.txt", &text);
}

#[test]
fn a_scope_takes_a_building_a_stair_or_one_side_of_it() {
    let codes = ["1-1-101", "1-1-102", "1-1-201", "1-2-101", "2-1-101", "2-1-1201"];
    let taken = |scope: Scope| -> Vec<&str> {
        let takes = |(i, code): (usize, &&'static str)| {
            let no = DwellingNo(1 + i32::try_from(i).unwrap());
            scope.takes(no, &RoomCode::parse(code).unwrap()).then_some(*code)
        };
        codes.iter().enumerate().filter_map(takes).collect()
    };
    let s = str::to_owned;
    assert_eq!(taken(Scope::Compound), codes);
    assert_eq!(taken(Scope::Building { building: s("2") }), ["2-1-101", "2-1-1201"]);
    assert_eq!(
        taken(Scope::Stair { building: s("1"), unit: s("1") }),
        ["1-1-101", "1-1-102", "1-1-201"]
    );
    let side = Scope::Side { building: s("1"), unit: s("1"), doors: vec![s("01")] };
    assert_eq!(taken(side), ["1-1-101", "1-1-201"]);
    let two = Scope::Dwellings { dwellings: [DwellingNo(2), DwellingNo(5)].into() };
    assert_eq!(taken(two), ["1-1-102", "2-1-101"]);
}

#[test]
fn a_coefficient_is_read_exactly() {
    for (text, shown) in
        [("0.5", "0.5"), ("1.10", "1.1"), ("8%", "8"), ("33.3333", "33.3333"), ("0", "0")]
    {
        assert_eq!(
            Coefficient::parse(text).map(|c| c.to_string()).as_deref(),
            Some(shown),
            "{text}"
        );
    }
    for text in ["", "-1", "0.00001", "1e3x", "10001", "abc", "99999999999999999999999999"] {
        assert_eq!(Coefficient::parse(text), None, "{text}");
    }
}

pub fn place(no: i32, area: i64, fen: (i64, i64, i64), public: bool, unsold: bool) -> Place {
    Place {
        dwelling: DwellingNo(no),
        code: RoomCode::parse(&format!("1-1-{}", 100 + no)).unwrap(),
        floor: Some(1 + no % 7),
        area: Area::centi_m2(area),
        housing: if public { Housing::SoldPublic } else { Housing::Commodity },
        is_unsold: unsold,
        deposited: Money::fen(fen.0),
        principal: Money::fen(fen.1),
        gains: Money::fen(fen.2),
        left_out: None,
    }
}

fn places() -> impl Strategy<Value = Vec<Place>> {
    let fen = prop_oneof![Just(0_i64), 1_i64..5_000_000];
    let one = (1_i64..40_000, (fen.clone(), fen.clone(), fen), any::<bool>(), 0_u8..8);
    vec(one, 1..60).prop_map(|rows| {
        let numbered = rows.into_iter().zip(1..);
        numbered
            .map(|((area, fen, public, unsold), no)| place(no, area, fen, public, unsold == 0))
            .collect()
    })
}

fn unit(name: &str, deposited: i64, available: i64) -> SellingUnit {
    SellingUnit {
        name: name.to_owned(),
        deposited: Money::fen(deposited),
        available: Money::fen(available),
    }
}

proptest! {
    #[test]
    fn whatever_is_shared_sums_exactly_and_in_any_order(
        places in places(),
        cost in 1_i64..10_000_000_000,
        deposits in (0_i64..1_000_000_000, 1_i64..1_000_000_000),
        others in vec(0_i64..1_000_000, 0..4),
        kind in 0_u8..5,
    ) {
        let pack = pack(&ledger::policy::Library::shipped(), "100000", "2026-01-05");
        let basis = match kind {
            0 => Basis::Lawful,
            1 => Basis::Area,
            2 => Basis::Households,
            3 => Basis::Floors {
                table: FloorTable::Factors { of: places.iter().filter_map(|p| p.floor).map(|f| (f, Coefficient::parse(&format!("1.{f}")).unwrap())).collect() },
                within: Within::Floor,
            },
            _ => Basis::Floors {
                table: FloorTable::Factors { of: places.iter().filter_map(|p| p.floor).map(|f| (f, Coefficient::parse(&format!("0.{f}")).unwrap())).collect() },
                within: Within::AreaTimes,
            },
        };
        let why = [Why::Subsidy, Why::Warranty, Why::Insurance, Why::NeverPayable];
        let removed: Vec<Removed> = others.iter().zip(why).map(|(fen, why)| Removed { why, what: String::new(), amount: Money::fen(*fen) }).collect();
        let work = Work {
            cost: Money::fen(cost), removed, basis, short: Short::OwnerPays, places,
            selling_units: vec![unit("甲", deposits.0, deposits.1), unit("乙", deposits.1, 0)],
        };
        match allocation::allocate(&work, &pack) {
            Ok(result) => holds(&work, &result, &pack),
            Err(refusal) => {
                let removed: i64 = others.iter().sum();
                prop_assert!(refusal.code() == "allocation.removed" && removed >= cost, "{}", refusal);
            }
        }
    }

    #[test]
    fn without_self_raising_nobody_owes_and_nobody_bears_more_than_by_law(places in places(), cost in 1_i64..10_000_000_000) {
        let pack = pack(&ledger::policy::Library::shipped(), "100000", "2026-01-05");
        let work = Work {
            cost: Money::fen(cost), removed: vec![], basis: Basis::Area, short: Short::NoSelfRaising, places, selling_units: vec![],
        };
        let result = match allocation::allocate(&work, &pack) {
            Ok(result) => result,
            Err(refusal) => { prop_assert_eq!(refusal.code(), "allocation.nobody"); return Ok(()); }
        };
        holds(&work, &result, &pack);
        prop_assert_eq!(result.owed, Money::ZERO);
        let whole: i128 = work.places.iter().map(|p| i128::from(p.area.in_centi_m2())).sum();
        for share in &result.shares {
            // Not a fen more than its part of the whole cost by area.
            let lawful = i128::from(cost) * i128::from(share.area.in_centi_m2());
            prop_assert!((i128::from(share.amount.in_fen()) - 1) * whole < lawful, "{:?}", share);
        }
        // One fen more for everybody's price would leave somebody short, or pass the cost: at least the poorest is all but empty.
        let poorest = result.shares.iter().filter(|s| s.paid_by == PaidBy::Fund).map(|s| (s.principal_left + s.gains_left).in_fen()).min();
        prop_assert!(result.left_out.len() + usize::from(result.unshared.is_zero()) > 0 || poorest.is_some_and(|left| left <= 2), "{:?}", poorest);
    }
}

/// Three thousand households: what it takes is printed by `--nocapture`, and is no part of the verdict.
#[test]
fn three_thousand_households_are_one_allocation() {
    let pack = pack(&ledger::policy::Library::shipped(), "100000", "2026-01-05");
    let places: Vec<Place> = (1..=3000)
        .map(|no| {
            place(
                no,
                6000 + i64::from(no * 7919 % 9000),
                (100_000, 500_000, 3_000),
                no % 3 == 0,
                no % 50 == 0,
            )
        })
        .collect();
    let work = Work {
        cost: Money::fen(12_345_678_901),
        removed: vec![],
        basis: Basis::Lawful,
        short: Short::OwnerPays,
        places,
        selling_units: vec![unit("甲", 400_000_000, 400_000_000)],
    };
    let begun = std::time::Instant::now();
    let result = allocation::allocate(&work, &pack).unwrap();
    let took = begun.elapsed();
    let text = result.text();
    println!(
        "3,000 households: {took:?}, printed in {:?}, {} bytes",
        begun.elapsed() - took,
        text.len()
    );
    assert_eq!(result.shares.len(), 3000);
    holds(&work, &result, &pack);
}
