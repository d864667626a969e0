//! The fund is levied, paid in, receipted, given back: standards, dues, receipts, refunds, selling units, legacy money.

use axum::body::Body;
use ledger::bank;
use ledger::books::{Actor, Request, Role};
use ledger::calendar::Instant;
use ledger::error::Result;
use ledger::fund::{
    self, Cause, Deposit, DepositKind, Deposited, EndingUnit, Every, Instalments, Issued,
    LegacyIncome, LegacyShare, LevyChange, LevyKind, Levying, NewLegacy, NewLegacyStep, NewRange,
    NewStandard, NewUnit, Payee, ReceiptState, RefundPayment, Refunded, Refunding, Seen,
    StandardMeans, StepWord, UnitDeposit, UnitLevy, UnitRefunding, UnitSale,
};
use ledger::id::{
    CompoundId, DepositNo, DwellingNo, LegacyNo, RefundNo, SellingUnitNo, VoucherSeq,
};
use ledger::journal::{self, AsOf, Book, Style};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::policy::terms::{Fraction, Levied};
use ledger::property::{
    self, AreaKind, Housing, Locating, NewArea, NewDwelling, NewOwner, RoomCode, Usage,
};

use serde_json::{Value, json};

use crate::doors::{Answered, Doors, at, bearer};
use crate::on_both;
use crate::policy::cases;
use crate::world::{World, day};

/// The code a refusal has.
#[track_caller]
pub fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code()
}

pub fn room(text: &str) -> RoomCode {
    RoomCode::parse(text).unwrap()
}

/// Puts the small compound under a jurisdiction's law.
pub async fn under_law_of(world: &World, code: &str) {
    let operator = Actor::operator();
    let area =
        NewArea { kind: AreaKind::City, code: code.into(), name: "市".into(), parent: None };
    let request = Request::new("property.draw-area", area);
    let drawn = world.books.act(&operator, CompoundId::OFFICE, request, |tx, area| {
        Box::pin(property::draw_area(tx, area))
    });
    drawn.await.unwrap();
    let located = Locating { compound: world.compound, area: code.into() };
    let request = Request::new("property.locate", located);
    let done = world.books.act(&operator, CompoundId::OFFICE, request, |tx, located| {
        Box::pin(property::locate(tx, located))
    });
    done.await.unwrap();
}

/// Enrols a dwelling beside the small roll.
pub async fn enrol(
    world: &World,
    text: &str,
    usage: Usage,
    housing: Housing,
    lift: bool,
    centi: i64,
) -> DwellingNo {
    let dwelling = NewDwelling {
        code: room(text),
        written_as: text.to_owned(),
        floor: None,
        usage,
        housing,
        has_lift: lift,
        is_unsold: false,
        area: Area::centi_m2(centi),
        handed_over_on: None,
        owners: vec![NewOwner {
            name: "业主甲".into(),
            id_no: "".into(),
            phone: "".into(),
            share: None,
        }],
        remark: "".into(),
        owned_from: day("2000-01-01"),
    };
    let done = world.act("property.enrol", vec![dwelling], |tx, roll| {
        Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
    });
    done.await.unwrap();
    world.dwelling(text).await
}

pub fn standard(
    levied: Levied,
    lift: Option<bool>,
    means: StandardMeans,
    rate: &str,
    from: &str,
) -> NewStandard {
    NewStandard {
        levied,
        lift,
        means,
        rate: rate.into(),
        share: None,
        from_on: day(from),
        document: "房发〔2020〕8号".into(),
    }
}

pub async fn register(world: &World, new: NewStandard) -> Result<i32> {
    let done = world
        .act("fund.register-standard", new, |tx, new| Box::pin(fund::register_standard(tx, new)));
    done.await.map(|done| done.answer.0)
}

pub fn levying(kind: LevyKind, rooms: &[&str], on: &str) -> Levying {
    Levying {
        kind,
        month: (kind == LevyKind::Monthly).then(|| ledger::calendar::Month::of(day(on))),
        rooms: rooms.iter().map(|text| room(text)).collect(),
        levied: vec![],
        on: day(on),
        due_on: None,
        instalments: None,
        reason: String::new(),
    }
}

pub async fn levy(world: &World, asked: Levying) -> Result<fund::Assessed> {
    let done = world.act("fund.levy", asked, |tx, asked| Box::pin(fund::levy(tx, asked)));
    done.await.map(|done| done.answer)
}

async fn preview(world: &World, asked: &Levying) -> Result<Vec<fund::LevyRow>> {
    let mut view = world.books.read().await.unwrap();
    fund::levy_preview(&mut view, world.compound, asked).await
}

pub async fn pay_in(
    world: &World,
    dwelling_no: DwellingNo,
    kind: DepositKind,
    fen: i64,
    on: &str,
    receipt: &str,
) -> Result<Deposited> {
    let seen = Seen::Hand { amount: Money::fen(fen), received_on: day(on) };
    let deposit = Deposit { dwelling_no, kind, seen, receipt_no: receipt.to_owned() };
    let done = world.act("fund.deposit", deposit, |tx, d| Box::pin(fund::deposit(tx, d)));
    done.await.map(|done| done.answer)
}

pub async fn balance(world: &World, dwelling: DwellingNo) -> (i64, i64) {
    let mut view = world.books.read().await.unwrap();
    let all = fund::balances(&mut view, world.compound, AsOf::default()).await.unwrap();
    let has = all.get(&dwelling).copied().unwrap_or_default();
    (has.principal.in_fen(), has.gains.in_fen())
}

pub async fn all_laws_hold(world: &World) {
    let laws = ledger::verify::verify(&world.books, None).await.unwrap();
    let broken: Vec<_> = laws.iter().filter(|law| law.failed > 0).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

pub fn later(world: &World, text: &str) {
    world.clock.set(Instant::parse(&format!("{text}T09:00:00+08:00")).unwrap());
}

/// A dwelling is no more from a day on.
pub(crate) async fn demolish(world: &World, text: &str, on: &str) {
    let (room, evidence) = (text.to_owned(), "拆除备案 1".to_owned());
    let asked = ledger::life::Ending { room, on: day(on), evidence };
    let done = world.act("life.demolish", asked, |tx, asked| {
        Box::pin(async move { ledger::life::demolish(tx, asked).await.map(|no| no.0) })
    });
    done.await.unwrap();
}

async fn refund(world: &World, asked: Refunding) -> Result<Refunded> {
    let done = world.act("fund.refund", asked, |tx, asked| Box::pin(fund::refund(tx, asked)));
    done.await.map(|done| done.answer)
}

fn cancelled(text: &str, deposit: i32, on: &str) -> Refunding {
    Refunding {
        cause: Cause::Cancelled,
        room: room(text),
        on: day(on),
        deposit_no: Some(DepositNo(deposit)),
        principal_fen: None,
        gains_fen: Money::ZERO,
        unit_no: None,
        evidence: "解除合同备案 1".into(),
    }
}

async fn enlist(world: &World, name: &str) -> Result<SellingUnitNo> {
    let new = NewUnit { name: name.into() };
    let done = world.act("fund.enlist-unit", new, |tx, new| Box::pin(fund::enlist_unit(tx, new)));
    done.await.map(|done| done.answer)
}

async fn unit_pays(world: &World, no: SellingUnitNo, fen: i64, on: &str) -> Result<Deposited> {
    let asked = UnitDeposit {
        line_no: None,
        amount_fen: Some(Money::fen(fen)),
        received_on: Some(day(on)),
        receipt_no: String::new(),
    };
    let done = world.act("fund.deposit-of-unit", (no, asked), |tx, (no, asked)| {
        Box::pin(fund::deposit_of_unit(tx, *no, asked))
    });
    done.await.map(|done| done.answer)
}

async fn unit_refund(
    world: &World,
    no: SellingUnitNo,
    cause: Cause,
    text: &str,
    fen: i64,
    on: &str,
) -> Result<Refunded> {
    let asked = UnitRefunding {
        cause,
        room: room(text),
        on: day(on),
        principal_fen: Money::fen(fen),
        gains_fen: Money::ZERO,
        evidence: "拆除备案 1".into(),
    };
    let done = world.act("fund.refund-unit", (no, asked), |tx, (no, asked)| {
        Box::pin(fund::refund_unit(tx, *no, asked))
    });
    done.await.map(|done| done.answer)
}

/// Debits less credits of an account of the fund.
async fn stands(world: &World, account: i32) -> i64 {
    let mut view = world.books.read().await.unwrap();
    let trial = journal::trial_balance(&mut view, world.compound, Book::Fund, AsOf::default())
        .await
        .unwrap();
    trial
        .rows
        .iter()
        .filter(|row| row.account == account)
        .map(|row| (row.debit_balance_fen - row.credit_balance_fen).in_fen())
        .sum()
}

on_both! {
    /// Every line of tests/cases/levy.txt.
    async fn what_is_due_is_what_was_worked_out_by_hand(world: World) {
        let text = cases("levy.txt");
        let mut checked = 0;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let levied = |word: &str| match word {
                "commodity" => Levied::Commodity,
                "non-residence" => Levied::NonResidence,
                "garage" => Levied::Garage,
                _ => Levied::SoldPublic,
            };
            let kind = |word: &str| match word {
                "initial" => LevyKind::Initial,
                "rebuild" => LevyKind::Rebuild,
                _ => LevyKind::Monthly,
            };
            match words[0] {
                "standard" => {
                    let lift = match words[2] { "lift" => Some(true), "no-lift" => Some(false), _ => None };
                    let means = match words[3] {
                        "once" => StandardMeans::Once,
                        "monthly" => StandardMeans::Monthly,
                        _ => StandardMeans::UnitPrice,
                    };
                    let share = (words[5] != "-").then(|| Fraction::try_from(words[5].to_owned()).unwrap());
                    let new = NewStandard { share, ..standard(levied(words[1]), lift, means, words[4], words[6]) };
                    register(&world, new).await.unwrap();
                }
                "dwelling" => {
                    let usage = match words[2] { "shop" => Usage::Shop, "garage" => Usage::Garage, _ => Usage::Residence };
                    let housing = if words[3] == "commodity" { Housing::Commodity } else { Housing::SoldPublic };
                    let area = Area::parse(words[5]).unwrap().in_centi_m2();
                    enrol(&world, words[1], usage, housing, words[4] == "lift", area).await;
                }
                "levy" => {
                    let rooms: Vec<&str> = words[4..].iter().copied().step_by(2).collect();
                    let asked = levying(kind(words[1]), &rooms, words[2]);
                    let rows = preview(&world, &asked).await.unwrap();
                    for pair in words[4..].chunks(2) {
                        let row = rows.iter().find(|row| row.room == room(pair[0])).unwrap();
                        assert_eq!(row.due.in_fen().to_string(), pair[1], "{line}: {row:?}");
                        assert_eq!(row.change, LevyChange::New);
                        checked += 1;
                    }
                    let done = levy(&world, asked).await.unwrap();
                    assert_eq!(done.total_fen, rows.iter().map(|row| row.due).sum());
                    assert!(done.pack.starts_with("100000@"), "{done:?}");
                }
                _ => {
                    let asked = levying(kind(words[1]), &[words[3]], words[2]);
                    assert_eq!(code(preview(&world, &asked).await), words[4], "{line}");
                    assert_eq!(code(levy(&world, asked).await), words[4], "{line}");
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, 12);
        all_laws_hold(&world).await;
    }

    async fn a_standard_is_registered_where_the_law_leaves_the_figure_open(world: World) {
        let once = |rate: &str| standard(Levied::Commodity, Some(true), StandardMeans::Once, rate, "2020-01-01");
        assert_eq!(register(&world, once("65")).await.unwrap(), 1);
        assert_eq!(code(register(&world, once("66")).await), "fund.standard-taken");
        for rate in ["", "0", "-5", "1e3", "65.00001", "100000000", "六十五"] {
            assert_eq!(code(register(&world, once(rate)).await), "fund.standard-shape", "{rate}");
        }
        let share = |text: &str| Some(Fraction::try_from(text.to_owned()).unwrap());
        let with_share = NewStandard { share: share("5%"), ..once("70") };
        assert_eq!(code(register(&world, with_share).await), "fund.standard-shape");
        let price = |text: Option<&str>| NewStandard {
            share: text.and_then(share),
            ..standard(Levied::Commodity, None, StandardMeans::UnitPrice, "2000", "2020-01-01")
        };
        for (text, told) in [(None, "fund.standard-share"), (Some("4%"), "fund.standard-share"), (Some("9%"), "fund.standard-share")] {
            assert_eq!(code(register(&world, price(text)).await), told, "{text:?}");
        }
        register(&world, price(Some("5%"))).await.unwrap();
        let nameless = NewStandard { document: " ".into(), ..once("65") };
        assert_eq!(code(register(&world, nameless).await), "fund.papers");
        let ancient = NewStandard { from_on: day("1900-01-01"), ..once("65") };
        assert_eq!(code(register(&world, ancient).await), "fund.papers");
    }

    async fn where_the_pack_gives_the_figure_it_is_the_figure(world: World) {
        under_law_of(&world, "330199").await;
        let own = standard(Levied::Commodity, Some(false), StandardMeans::Once, "99", "2026-01-01");
        assert_eq!(code(register(&world, own).await), "fund.standard-given");
        let rows = preview(&world, &levying(LevyKind::Initial, &["1-1-101"], "2026-01-05")).await.unwrap();
        // 81.10 m² × 35.00 without a lift
        assert_eq!((rows[0].due.in_fen(), rows[0].rate.as_str()), (283_850, "35.00"));
        let monthly = standard(Levied::Commodity, None, StandardMeans::Monthly, "0.15", "2026-01-01");
        register(&world, monthly).await.unwrap();
    }

    async fn a_compound_is_assessed_in_one_act_and_again_changes_nothing(world: World) {
        register(&world, standard(Levied::Commodity, Some(false), StandardMeans::Once, "35", "2020-01-01")).await.unwrap();
        enrol(&world, "3-1-101", Usage::Service, Housing::Commodity, false, 5000).await;
        let asked = || Levying { due_on: Some(day("2026-01-31")), ..levying(LevyKind::Initial, &[], "2026-01-05") };
        let first = levy(&world, asked()).await.unwrap();
        assert_eq!((first.new, first.changed, first.same), (12, 0, 0), "物业用房 pays nothing");
        let again = levy(&world, asked()).await.unwrap();
        assert_eq!((again.new, again.changed, again.same), (0, 0, 12));

        // The figure changes before anybody paid: assessed anew, without a reason.
        register(&world, standard(Levied::Commodity, Some(false), StandardMeans::Once, "40", "2026-01-02")).await.unwrap();
        let changed = levy(&world, asked()).await.unwrap();
        assert_eq!((changed.changed, changed.total_fen.in_fen()), (12, 3_943_200), "985.80 m² × 40");

        // After a payment only as a correction.
        let home = world.dwelling("1-1-101").await;
        pay_in(&world, home, DepositKind::Initial, 100_000, "2026-01-05", "").await.unwrap();
        register(&world, standard(Levied::Commodity, Some(false), StandardMeans::Once, "45", "2026-01-03")).await.unwrap();
        let rows = preview(&world, &asked()).await.unwrap();
        assert_eq!((rows[0].before.unwrap().in_fen(), rows[0].paid.in_fen(), rows[0].change), (324_400, 100_000, LevyChange::Changed));
        assert_eq!(code(levy(&world, asked()).await), "fund.assessment-paid");
        let corrected = Levying { reason: "标准公布有误".into(), ..asked() };
        assert_eq!(levy(&world, corrected).await.unwrap().changed, 12);
        all_laws_hold(&world).await;
    }

    async fn what_cannot_be_levied_says_why(world: World) {
        register(&world, standard(Levied::Commodity, Some(false), StandardMeans::Once, "35", "2020-01-01")).await.unwrap();
        enrol(&world, "3-1-101", Usage::Service, Housing::Commodity, false, 5000).await;
        let base = || levying(LevyKind::Initial, &["1-1-101"], "2026-01-05");
        let none = Instalments { count: 0, every: Every::Month };
        let cases = [
            ("fund.levy-shape", Levying { month: ledger::calendar::Month::parse("2026-01"), ..base() }),
            ("fund.levy-shape", Levying { instalments: Some(none), ..base() }),
            ("fund.levy-shape", Levying { due_on: Some(day("2026-01-04")), ..base() }),
            ("fund.not-levied", levying(LevyKind::Initial, &["3-1-101"], "2026-01-05")),
            ("fund.not-levied", Levying { levied: vec![Levied::Garage], ..levying(LevyKind::Initial, &[], "2026-01-05") }),
            ("property.no-dwelling", levying(LevyKind::Initial, &["9-9-909"], "2026-01-05")),
            ("fund.papers", Levying { reason: "x".repeat(201), ..base() }),
        ];
        for (told, asked) in cases {
            assert_eq!(code(levy(&world, asked).await), told);
        }
    }

    async fn what_is_due_by_a_day_follows_the_instalments_and_ages(world: World) {
        register(&world, standard(Levied::Commodity, Some(false), StandardMeans::Once, "35", "2020-01-01")).await.unwrap();
        // 81.10 × 35 = 2,838.50 in three: 946.17, 946.17, 946.16
        let asked = Levying {
            due_on: Some(day("2026-01-31")),
            instalments: Some(Instalments { count: 3, every: Every::Month }),
            ..levying(LevyKind::Initial, &["1-1-101", "1-2-302"], "2026-01-05")
        };
        levy(&world, asked).await.unwrap();
        let home = world.dwelling("1-1-101").await;
        pay_in(&world, home, DepositKind::Initial, 100_000, "2026-01-05", "").await.unwrap();
        let dues = async |on: &str| {
            let mut view = world.books.read().await.unwrap();
            fund::dues(&mut view, world.compound, day(on), None).await.unwrap()
        };
        let figures = |o: &fund::Owing| (o.due.in_fen(), o.paid.in_fen(), o.owed.in_fen(), o.since, o.days);
        for (on, due, owed, since, days) in [
            ("2026-01-30", 0, 0, None, 0),
            ("2026-01-31", 94_617, 0, None, 0),
            ("2026-02-28", 189_234, 89_234, Some(day("2026-02-28")), 0),
            ("2026-03-31", 283_850, 183_850, Some(day("2026-02-28")), 31),
        ] {
            let all = dues(on).await;
            assert_eq!(figures(&all[0]), (due, 100_000, owed, since, days), "{on}");
        }
        let all = dues("2026-06-30").await;
        assert!(all[1].is_unsold && all[1].room == room("1-2-302"));
        let buildings = fund::arrears_by_building(&all);
        assert_eq!(buildings.len(), 1);
        assert_eq!((buildings[0].dwellings, buildings[0].owed_fen), (2, all[0].owed + all[1].owed));
        assert_eq!(buildings[0].to_365_days_fen, buildings[0].owed_fen, "122 and 150 days");
        assert_eq!(code(pay_in(&world, home, DepositKind::Initial, 183_851, "2026-01-05", "").await), "fund.over-assessment");
        pay_in(&world, home, DepositKind::Initial, 183_850, "2026-01-05", "").await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let mine = fund::dues(&mut view, world.compound, day("2026-06-30"), Some(home)).await.unwrap();
        assert_eq!((mine.len(), mine[0].owed), (1, Money::ZERO));
        all_laws_hold(&world).await;
    }

    async fn months_are_levied_one_by_one_and_paid_oldest_first(world: World) {
        register(&world, standard(Levied::Commodity, None, StandardMeans::Monthly, "0.25", "2020-01-01")).await.unwrap();
        for on in ["2025-10-01", "2025-11-01", "2025-12-01"] {
            assert_eq!(levy(&world, levying(LevyKind::Monthly, &[], on)).await.unwrap().new, 12);
        }
        let home = world.dwelling("1-1-101").await;
        // 81.10 × 0.25 = 20.275, half up
        pay_in(&world, home, DepositKind::Monthly, 3_000, "2026-01-05", "").await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let mine = fund::dues(&mut view, world.compound, day("2026-01-05"), Some(home)).await.unwrap();
        assert_eq!((mine[0].due.in_fen(), mine[0].owed.in_fen(), mine[0].since), (6_084, 3_084, Some(day("2025-11-01"))));
    }

    async fn receipts_are_numbered_once_voided_with_a_reason_and_copies_counted(world: World) {
        let home = world.dwelling("1-1-101").await;
        let range = |first: &str, last: &str| NewRange { prefix: "沪维".into(), first: first.into(), last: last.into(), document: "领用单 1".into() };
        let registered = async |range: NewRange| {
            let done = world.act("fund.register-range", range, |tx, new| Box::pin(fund::register_range(tx, new)));
            done.await.map(|done| done.answer.0)
        };
        let issue = async |deposit: i32, given: Option<&str>| -> Result<Issued> {
            let given = given.map(str::to_owned);
            let done = world.act("fund.issue-receipt", (deposit, given), |tx, (deposit, given)| {
                Box::pin(fund::issue_receipt(tx, DepositNo(*deposit), given.as_deref()))
            });
            done.await.map(|done| done.answer)
        };
        pay_in(&world, home, DepositKind::Initial, 100, "2026-01-05", "").await.unwrap();
        assert_eq!(code(issue(1, None).await), "fund.no-receipt-left");
        for (first, last) in [("5", "4"), ("1", "1000001"), ("01", "9"), ("a", "b"), ("", "")] {
            assert_eq!(code(registered(range(first, last)).await), "fund.receipt-range", "{first} {last}");
        }
        registered(range("0008", "0010")).await.unwrap();
        assert_eq!(code(registered(range("0010", "0012")).await), "fund.receipt-range");
        registered(range("0011", "0011")).await.unwrap();
        // Each refusal says its own reason.
        for (first, last, why) in [("5", "4", "起号大于止号"), ("01", "9", "位数不同"), ("a", "b", "位数字"), ("0001", "0008", "与号段 1（沪维0008 至 沪维0010）重叠")] {
            let refused = registered(range(first, last)).await.unwrap_err();
            assert!(refused.refusal().unwrap().evidence.contains(why), "{refused}");
        }
        // A number outside of every range is nobody's: by hand and with a deposit.
        for stranger in ["沪维0012", "沪维012", "自给1", "沪维00x9"] {
            let refused = issue(1, Some(stranger)).await.unwrap_err();
            assert_eq!(refused.code(), "fund.receipt-range", "{stranger}");
            assert!(refused.refusal().unwrap().evidence.ends_with("沪维0008 至 沪维0010、沪维0011 至 沪维0011"), "{refused}");
            assert_eq!(code(pay_in(&world, home, DepositKind::Initial, 100, "2026-01-05", stranger).await), "fund.receipt-range");
        }
        registered(NewRange { prefix: "自给".into(), ..range("1", "3") }).await.unwrap();

        assert_eq!(issue(1, None).await.unwrap().receipt_no, "沪维0008");
        assert_eq!(code(issue(1, None).await), "fund.receipted");
        assert_eq!(code(issue(9, None).await), "fund.no-deposit");
        let void = async |no: &str, reason: &str| {
            let done = world.act("fund.void-receipt", (no.to_owned(), reason.to_owned()), |tx, (no, reason)| {
                Box::pin(async move { fund::void_receipt(tx, no, day("2026-01-05"), reason).await.map(|_| ()) })
            });
            done.await.map(|_| ())
        };
        assert_eq!(code(void("沪维0008", "").await), "fund.papers");
        void("沪维0008", "打印有误").await.unwrap();
        assert_eq!(code(void("沪维0008", "再来").await), "fund.receipt-voided");
        assert_eq!(code(void("沪维0099", "没有").await), "fund.no-receipt");
        assert_eq!(issue(1, None).await.unwrap().receipt_no, "沪维0009");
        // A void number is never used again, given by hand neither.
        assert_eq!(code(pay_in(&world, home, DepositKind::Initial, 100, "2026-01-05", "沪维0008").await), "fund.receipt-used");
        // Given by the office out of the middle of the range: the next one passes over it.
        pay_in(&world, home, DepositKind::Initial, 100, "2026-01-05", "沪维0010").await.unwrap();
        pay_in(&world, home, DepositKind::Initial, 100, "2026-01-05", "").await.unwrap();
        assert_eq!(code(issue(3, Some("沪维0010")).await), "fund.receipt-used");
        assert_eq!(issue(3, None).await.unwrap().receipt_no, "沪维0011");
        let copy = async |no: &str| {
            let done = world.act("fund.copy-receipt", no.to_owned(), |tx, no: &String| Box::pin(fund::copy_receipt(tx, no)));
            done.await.map(|done| done.answer)
        };
        assert_eq!((copy("沪维0009").await.unwrap(), copy("沪维0009").await.unwrap()), (1, 2));
        assert_eq!(code(copy("沪维0008").await), "fund.receipt-voided");

        // A reversed deposit's receipt is told as such, and stays used.
        let third = pay_in(&world, home, DepositKind::Initial, 100, "2026-01-05", "自给1").await.unwrap();
        world.act("bank.reverse", third.voucher.seq, |tx, seq| {
            Box::pin(bank::reverse(tx, Book::Fund, *seq, day("2026-01-05"), Style::Red, "记错"))
        }).await.unwrap();
        assert_eq!(code(pay_in(&world, home, DepositKind::Initial, 100, "2026-01-05", "自给1").await), "fund.receipt-used");
        let mut view = world.books.read().await.unwrap();
        let all = fund::receipts(&mut view, world.compound, None).await.unwrap();
        let asked = serde_json::json!({ "no": "沪维0011" });
        crate::printed::proved("fund-receipt", &crate::printed::drawn(&world, "xiaohe", "fund-receipt", asked).await);
        for (no, word, says) in [
            ("沪维0008", "作废", "本票据已于 2026-01-05 作废，号码不再使用。"),
            ("自给1", "已冲销", "本票据所记的交存已于 2026-01-05 冲销。"),
        ] {
            let sheet = crate::printed::drawn(&world, "xiaohe", "fund-receipt", serde_json::json!({ "no": no })).await;
            let warning = sheet.warning.unwrap();
            assert_eq!((warning.word.as_str(), warning.meaning.as_str()), (word, says));
        }
        let states: Vec<(&str, ReceiptState, i64)> = all.iter().map(|r| (r.receipt_no.as_str(), r.state, r.copies)).collect();
        assert_eq!(states, [
            ("沪维0008", ReceiptState::Void, 0), ("沪维0009", ReceiptState::Valid, 2), ("沪维0010", ReceiptState::Valid, 0),
            ("沪维0011", ReceiptState::Valid, 0), ("自给1", ReceiptState::Reversed, 0),
        ]);
        let ranges = fund::ranges(&mut view, world.compound).await.unwrap();
        assert_eq!((ranges[0].used, ranges[0].voided, ranges[1].left, ranges[2].left), (3, 1, 0, 2));
        all_laws_hold(&world).await;
    }

    /// 财会〔2020〕7号 (domain.md §2.4): a deposit of this year goes back through 4001, an earlier one through 5101.
    async fn a_cancelled_purchase_is_refunded_through_its_years_account(world: World) {
        let home = world.dwelling("1-1-101").await;
        pay_in(&world, home, DepositKind::Initial, 300_000, "2025-12-30", "").await.unwrap();
        pay_in(&world, home, DepositKind::TopUp, 500_000, "2026-01-04", "").await.unwrap();
        let of_this_year = refund(&world, cancelled("1-1-101", 2, "2026-01-05")).await.unwrap();
        assert_eq!((of_this_year.payee, of_this_year.principal_fen.in_fen(), of_this_year.is_payable), (Payee::Owner, 500_000, false));
        assert_eq!((stands(&world, 400_101).await, stands(&world, 510_101).await), (-300_000, 0));
        assert_eq!(code(refund(&world, cancelled("1-1-101", 2, "2026-01-05")).await), "fund.refunded");

        let part = Refunding { principal_fen: Some(Money::fen(300_001)), ..cancelled("1-1-101", 1, "2026-01-05") };
        assert_eq!(code(refund(&world, part).await), "fund.over-balance");
        let gains = Refunding { gains_fen: Money::fen(1), ..cancelled("1-1-101", 1, "2026-01-05") };
        assert_eq!(code(refund(&world, gains).await), "fund.over-balance");
        let nothing = Refunding { principal_fen: Some(Money::ZERO), ..cancelled("1-1-101", 1, "2026-01-05") };
        assert_eq!(code(refund(&world, nothing).await), "fund.amount");
        assert_eq!(code(refund(&world, cancelled("1-1-102", 1, "2026-01-05")).await), "fund.no-deposit");
        let bare = Refunding { evidence: String::new(), ..cancelled("1-1-101", 1, "2026-01-05") };
        assert_eq!(code(refund(&world, bare).await), "fund.papers");

        // Promised to a project: not to be given back.
        let project = world.act("works", (), |tx, ()| Box::pin(journal::open_project(tx, "屋面"))).await.unwrap().answer;
        world.act("works.reserve", project, move |tx, project| Box::pin(async move {
            journal::reserve(tx, Book::Fund, *project, &[(home, Money::fen(100_000))]).await.map(|_| ())
        })).await.unwrap();
        assert_eq!(code(refund(&world, cancelled("1-1-101", 1, "2026-01-05")).await), "fund.held");
        let rest = Refunding { principal_fen: Some(Money::fen(200_000)), ..cancelled("1-1-101", 1, "2026-01-05") };
        refund(&world, rest).await.unwrap();
        assert_eq!((stands(&world, 510_101).await, balance(&world, home).await), (200_000, (100_000, 0)));

        // A refund that was a mistake is reversed, and the deposit can be refunded after all.
        let mut view = world.books.read().await.unwrap();
        let all = fund::refunds(&mut view, world.compound).await.unwrap();
        assert_eq!((all.len(), all[0].deposit_no, all[1].owed_fen), (2, Some(DepositNo(2)), Money::ZERO));
        drop(view);
        world.act("bank.reverse", of_this_year.voucher.seq, |tx, seq| {
            Box::pin(bank::reverse(tx, Book::Fund, *seq, day("2026-01-05"), Style::Red, "退错"))
        }).await.unwrap();
        refund(&world, cancelled("1-1-101", 2, "2026-01-05")).await.unwrap();
        all_laws_hold(&world).await;
    }

    /// domain.md §2.6 rows 11, 12: 4,000 fall due, 2,500 of it are paid. Only of what is recorded as gone; what was paid is
    /// taken back first.
    async fn a_destroyed_dwelling_is_owed_first_and_paid_later(world: World) {
        let home = world.dwelling("1-1-102").await;
        pay_in(&world, home, DepositKind::Initial, 400_000, "2026-01-04", "").await.unwrap();
        let destroyed = || Refunding { cause: Cause::Destroyed, deposit_no: None, ..cancelled("1-1-102", 1, "2026-01-05") };
        assert_eq!(code(refund(&world, destroyed()).await), "fund.not-destroyed");
        demolish(&world, "1-1-102", "2026-01-05").await;
        let early = Refunding { on: day("2026-01-04"), ..destroyed() };
        assert_eq!(code(refund(&world, early).await), "fund.not-destroyed", "owed before it was gone");
        let due = refund(&world, destroyed()).await.unwrap();
        assert!(due.is_payable);
        assert_eq!((stands(&world, 510_101).await, stands(&world, 2001).await), (400_000, -400_000), "never through 4001");
        assert_eq!(balance(&world, home).await, (0, 0));
        assert_eq!(code(refund(&world, destroyed()).await), "fund.nothing-left");
        let mut view = world.books.read().await.unwrap();
        let under = fund::under_renewal(&mut view, world.compound, day("2026-01-05")).await.unwrap();
        assert!(under.is_empty(), "nobody asks a house that is gone: {under:?}");
        drop(view);

        let pay = async |no: i32, fen: i64, on: &str| {
            let payment = RefundPayment { amount_fen: Money::fen(fen), paid_on: day(on), evidence: "回单 1".into() };
            let done = world.act("fund.pay-refund", (no, payment), |tx, (no, payment)| Box::pin(fund::pay_refund(tx, RefundNo(*no), payment)));
            done.await.map(|done| done.answer.left_fen.in_fen())
        };
        assert_eq!(code(pay(1, 400_001, "2026-01-05").await), "fund.over-refund");
        assert_eq!(code(pay(1, 1, "2026-01-04").await), "fund.over-refund");
        assert_eq!(code(pay(2, 1, "2026-01-05").await), "fund.no-refund");
        assert_eq!(pay(1, 250_000, "2026-01-05").await.unwrap(), 150_000);
        assert_eq!(code(pay(1, 150_001, "2026-01-05").await), "fund.over-refund");
        assert_eq!(stands(&world, 2001).await, -150_000);
        let mut view = world.books.read().await.unwrap();
        let all = fund::refunds(&mut view, world.compound).await.unwrap();
        assert_eq!((all[0].owed_fen.in_fen(), all[0].cause), (150_000, Cause::Destroyed));
        drop(view);

        let reverse = async |seq: VoucherSeq| {
            let done = world.act("bank.reverse", seq, |tx, seq| {
                Box::pin(bank::reverse(tx, Book::Fund, *seq, day("2026-01-05"), Style::Red, "误记"))
            });
            done.await.map(|_| ())
        };
        assert_eq!(code(reverse(due.voucher.seq).await), "journal.reversal-paid");
        reverse(VoucherSeq(due.voucher.seq.0 + 1)).await.unwrap();
        reverse(due.voucher.seq).await.unwrap();
        assert_eq!((stands(&world, 2001).await, balance(&world, home).await), (0, (400_000, 0)));
        all_laws_hold(&world).await;
    }

    /// domain.md §2.6 row 2: a unit extracts 20 % of 150,000; 165号令 8: 30 % of a high-rise; 12: within 30 days.
    async fn a_selling_unit_extracts_its_part_and_it_stays_the_units(world: World) {
        let low = enrol(&world, "5-1-101", Usage::Residence, Housing::SoldPublic, false, 5607).await;
        enrol(&world, "5-1-102", Usage::Residence, Housing::SoldPublic, true, 5607).await;
        let unit = enlist(&world, "第一纺织厂").await.unwrap();
        assert_eq!(code(enlist(&world, "第一纺织厂").await), "fund.selling-unit-taken");
        assert_eq!(code(enlist(&world, "").await), "fund.papers");
        let sale = |text: &str, fen: i64| UnitSale { room: room(text), proceeds_fen: Money::fen(fen) };
        let levied = async |no: SellingUnitNo, sales: Vec<UnitSale>| {
            let asked = UnitLevy { sales, received_on: day("2026-01-02"), due_on: None };
            let done = world.act("fund.levy-unit", (no, asked), |tx, (no, asked)| Box::pin(fund::levy_unit(tx, *no, asked)));
            done.await.map(|done| done.answer.len())
        };
        assert_eq!(code(levied(SellingUnitNo(9), vec![sale("5-1-101", 5)]).await), "fund.no-selling-unit");
        assert_eq!(code(levied(unit, vec![]).await), "fund.levy-shape");
        assert_eq!(code(levied(unit, vec![sale("1-1-101", 5)]).await), "fund.not-sold-public");
        assert_eq!(code(levied(unit, vec![sale("5-1-101", 0)]).await), "fund.amount");
        assert_eq!(levied(unit, vec![sale("5-1-101", 15_000_000), sale("5-1-102", 10_000_000)]).await.unwrap(), 2);
        assert_eq!(code(levied(unit, vec![sale("5-1-101", 15_000_000)]).await), "fund.levy-shape", "extracted from once");

        let standing = async |on: &str| {
            let mut view = world.books.read().await.unwrap();
            fund::selling_units(&mut view, world.compound, day(on)).await.unwrap().remove(0)
        };
        let early = standing("2026-01-31").await;
        assert_eq!((early.assessed.in_fen(), early.due.in_fen()), (6_000_000, 0), "20 % of 150,000 and 30 % of 100,000");
        assert_eq!(standing("2026-02-01").await.due.in_fen(), 6_000_000, "30 days after 2 January");
        assert_eq!(code(unit_pays(&world, unit, 6_000_001, "2026-01-05").await), "fund.over-assessment");
        let bare = UnitDeposit { line_no: None, amount_fen: Some(Money::fen(5)), received_on: None, receipt_no: String::new() };
        let refused = world.act("fund.deposit-of-unit", (unit, bare), |tx, (no, asked)| Box::pin(fund::deposit_of_unit(tx, *no, asked))).await;
        assert_eq!(code(refused), "fund.seen");
        unit_pays(&world, unit, 6_000_000, "2026-01-05").await.unwrap();
        assert_eq!(stands(&world, 400_103).await, -6_000_000);
        let now = standing("2026-02-01").await;
        assert_eq!((now.paid.in_fen(), now.balance.principal.in_fen()), (6_000_000, 6_000_000));
        assert_eq!(balance(&world, low).await, (0, 0), "no dwelling's");
        // A month closes: the unit's money is still the unit's.
        later(&world, "2026-02-01");
        world.act("journal.close", (), |tx, ()| Box::pin(async move {
            journal::close(tx, Book::Fund, ledger::calendar::Month::parse("2026-01").unwrap()).await.map(|_| ())
        })).await.unwrap();
        assert_eq!(stands(&world, 300_202).await, -6_000_000);
        assert_eq!(standing("2026-02-01").await.balance.principal.in_fen(), 6_000_000);
        all_laws_hold(&world).await;
    }

    /// 165号令 29: the treasury; Shanghai (沪房规范〔2024〕7号 五（五）): it stays with the custodian. domain.md §3.1a.
    async fn money_of_a_unit_that_is_gone_goes_where_the_law_says(world: World) {
        enrol(&world, "5-1-101", Usage::Residence, Housing::SoldPublic, false, 5607).await;
        let (gone, heir, heirless) = (enlist(&world, "一厂").await.unwrap(), enlist(&world, "二厂").await.unwrap(), enlist(&world, "三厂").await.unwrap());
        let sale = |no: SellingUnitNo, text: &str| {
            let asked = UnitLevy { sales: vec![UnitSale { room: room(text), proceeds_fen: Money::fen(5_000_000) }], received_on: day("2026-01-02"), due_on: None };
            (no, asked)
        };
        enrol(&world, "5-1-102", Usage::Residence, Housing::SoldPublic, false, 5607).await;
        for asked in [sale(gone, "5-1-101"), sale(heirless, "5-1-102")] {
            world.act("fund.levy-unit", asked, |tx, (no, asked)| Box::pin(fund::levy_unit(tx, *no, asked))).await.unwrap();
        }
        unit_pays(&world, gone, 1_000_000, "2026-01-05").await.unwrap();
        unit_pays(&world, heirless, 1_000_000, "2026-01-05").await.unwrap();
        let end = async |no: SellingUnitNo, successor_no: Option<SellingUnitNo>| {
            let ending = EndingUnit { on: day("2026-01-05"), successor_no, evidence: "注销通知书".into() };
            let done = world.act("fund.end-unit", (no, ending), |tx, (no, ending)| Box::pin(fund::end_unit(tx, *no, ending)));
            done.await.map(|_| ())
        };
        assert_eq!(code(end(gone, Some(gone)).await), "fund.selling-unit-ended");
        end(gone, Some(heir)).await.unwrap();
        end(heirless, None).await.unwrap();
        assert_eq!(code(end(gone, None).await), "fund.selling-unit-ended");
        assert_eq!(code(unit_pays(&world, gone, 1, "2026-01-05").await), "fund.selling-unit-ended");

        assert_eq!(code(unit_refund(&world, gone, Cause::Destroyed, "5-1-101", 400_000, "2026-01-05").await), "fund.not-destroyed");
        demolish(&world, "5-1-101", "2026-01-05").await;
        demolish(&world, "5-1-102", "2026-01-05").await;
        let followed = unit_refund(&world, gone, Cause::Destroyed, "5-1-101", 400_000, "2026-01-05").await.unwrap();
        assert_eq!(followed.payee, Payee::SellingUnit);
        let mut view = world.books.read().await.unwrap();
        assert_eq!(fund::refunds(&mut view, world.compound).await.unwrap()[0].payee_unit_no, Some(heir));
        drop(view);
        assert_eq!(code(unit_refund(&world, gone, Cause::Destroyed, "5-1-101", 600_001, "2026-01-05").await), "fund.over-balance");
        assert_eq!(code(unit_refund(&world, gone, Cause::Cancelled, "5-1-101", 1, "2026-01-05").await), "fund.not-sold-public");
        assert_eq!(code(unit_refund(&world, heirless, Cause::UndoneSale, "5-1-102", 1, "2026-01-05").await), "fund.selling-unit-ended");
        let nation = unit_refund(&world, heirless, Cause::Destroyed, "5-1-102", 300_000, "2026-01-05").await.unwrap();
        assert_eq!((nation.payee, nation.is_payable), (Payee::Treasury, true));
        assert_eq!(stands(&world, 2001).await, -700_000);
        let payment = RefundPayment { amount_fen: Money::fen(300_000), paid_on: day("2026-01-05"), evidence: "国库回单".into() };
        world.act("fund.pay-refund", payment, |tx, payment| Box::pin(fund::pay_refund(tx, RefundNo(2), payment))).await.unwrap();

        under_law_of(&world, "3101").await;
        assert_eq!(code(unit_refund(&world, heirless, Cause::Destroyed, "5-1-102", 300_000, "2026-01-05").await), "fund.stays-with-custodian");
        all_laws_hold(&world).await;
    }

    /// domain.md §3.1a, last row but one (SG1 九(一)): the whole balance goes back to the unit that applied.
    async fn an_undone_sale_of_public_housing_gives_the_whole_balance_back(world: World) {
        let home = enrol(&world, "5-1-101", Usage::Residence, Housing::SoldPublic, false, 5607).await;
        let unit = enlist(&world, "一厂").await.unwrap();
        let assessed = || vec![fund::Assessment { dwelling_no: home, due: Money::fen(100_000), standard: "房改成本价 2%".into(), due_on: None }];
        world.act("fund.assess", assessed(), |tx, a| Box::pin(fund::assess(tx, a))).await.unwrap();
        pay_in(&world, home, DepositKind::Initial, 100_000, "2025-06-01", "").await.unwrap();
        pay_in(&world, home, DepositKind::TopUp, 30_000, "2026-01-04", "").await.unwrap();
        let undone = |text: &str, unit: Option<SellingUnitNo>| Refunding {
            cause: Cause::UndoneSale, deposit_no: None, unit_no: unit, ..cancelled(text, 1, "2026-01-05")
        };
        assert_eq!(code(refund(&world, undone("5-1-101", None)).await), "fund.no-selling-unit");
        assert_eq!(code(refund(&world, undone("1-1-101", Some(unit))).await), "fund.not-sold-public");
        let done = refund(&world, undone("5-1-101", Some(unit))).await.unwrap();
        assert_eq!((done.payee, done.principal_fen.in_fen(), done.is_payable), (Payee::SellingUnit, 130_000, false));
        assert_eq!((stands(&world, 400_102).await, stands(&world, 510_102).await), (-100_000, 100_000), "30,000 of this year through 4001");
        assert_eq!(balance(&world, home).await, (0, 0));
        // Sold again: assessed and paid anew; what was before is over.
        let mut view = world.books.read().await.unwrap();
        assert!(fund::dues(&mut view, world.compound, day("2026-01-05"), Some(home)).await.unwrap().is_empty());
        drop(view);
        world.act("fund.assess", assessed(), |tx, a| Box::pin(fund::assess(tx, a))).await.unwrap();
        pay_in(&world, home, DepositKind::Initial, 100_000, "2026-01-05", "").await.unwrap();
        assert_eq!(code(pay_in(&world, home, DepositKind::Initial, 1, "2026-01-05", "").await), "fund.over-assessment");
        all_laws_hold(&world).await;
    }

    async fn legacy_money_is_claimed_brought_in_and_its_difference_stays(world: World) {
        let (a, b) = (
            enrol(&world, "5-1-101", Usage::Residence, Housing::SoldPublic, false, 5607).await,
            enrol(&world, "5-1-102", Usage::Residence, Housing::SoldPublic, false, 5607).await,
        );
        let unit = enlist(&world, "一厂").await.unwrap();
        let share = |text: &str, fen: i64| LegacyShare { room: room(text), amount_fen: Money::fen(fen) };
        let claim = async |fen: i64, shares: Vec<LegacyShare>| {
            let new = NewLegacy { unit_no: unit, amount_fen: Money::fen(fen), shares, evidence: "1998 年清册".into() };
            let done = world.act("fund.register-legacy", new, |tx, new| Box::pin(fund::register_legacy(tx, new)));
            done.await.map(|done| done.answer)
        };
        assert_eq!(code(claim(240_000, vec![share("5-1-101", 120_000), share("5-1-102", 119_999)]).await), "fund.spread");
        assert_eq!(code(claim(240_000, vec![share("5-1-101", 120_000), share("5-1-101", 120_000)]).await), "fund.spread");
        assert_eq!(code(claim(0, vec![]).await), "fund.amount");
        claim(240_000, vec![share("5-1-101", 120_000), share("5-1-102", 120_000)]).await.unwrap();
        claim(50_000, vec![]).await.unwrap();
        let step = async |no: i32, step: StepWord, on: &str| {
            let new = NewLegacyStep { step, taken_on: day(on), evidence: "函 1".into() };
            let done = world.act("fund.legacy-step", (no, new), |tx, (no, new)| Box::pin(fund::note_step(tx, LegacyNo(*no), new)));
            done.await.map(|done| done.answer)
        };
        assert_eq!(step(1, StepWord::Claimed, "2025-11-01").await.unwrap(), 1);
        assert_eq!(step(1, StepWord::Reminded, "2025-12-01").await.unwrap(), 2);
        assert_eq!(code(step(9, StepWord::Claimed, "2025-11-01").await), "fund.no-legacy");

        let bring = async |no: i32, fen: i64, shares: Vec<LegacyShare>| {
            let income = LegacyIncome { line_no: None, amount_fen: Some(Money::fen(fen)), received_on: Some(day("2026-01-05")), shares, evidence: "移交清册".into() };
            let done = world.act("fund.bring-in", (no, income), |tx, (no, income)| Box::pin(fund::bring_in(tx, LegacyNo(*no), income)));
            done.await.map(|done| done.answer)
        };
        assert_eq!(code(bring(1, 200_000, vec![share("5-1-101", 120_000)]).await), "fund.spread");
        assert_eq!(code(bring(1, 200_000, vec![share("1-1-101", 200_000)]).await), "fund.not-sold-public");
        let brought = bring(1, 200_000, vec![share("5-1-101", 120_000), share("5-1-102", 80_000)]).await.unwrap();
        assert_eq!((brought.deposits.len(), brought.difference_fen.in_fen()), (2, 40_000));
        assert_eq!((balance(&world, a).await, balance(&world, b).await), ((120_000, 0), (80_000, 0)));

        let mut view = world.books.read().await.unwrap();
        let all = fund::legacies(&mut view, world.compound).await.unwrap();
        let figures: Vec<(i64, i64, i64)> = all.iter().map(|l| (l.claimed_fen.in_fen(), l.brought_fen.in_fen(), l.difference_fen.in_fen())).collect();
        assert_eq!(figures, [(240_000, 200_000, 40_000), (50_000, 0, 50_000)]);
        assert_eq!((all[0].steps.len(), all[0].shares[1].brought_fen.in_fen()), (2, 80_000));
        drop(view);
        // Reversed as a whole: the difference is back.
        world.act("bank.reverse", brought.voucher.seq, |tx, seq| {
            Box::pin(bank::reverse(tx, Book::Fund, *seq, day("2026-01-05"), Style::Red, "记错"))
        }).await.unwrap();
        let mut view = world.books.read().await.unwrap();
        assert_eq!(fund::legacies(&mut view, world.compound).await.unwrap()[0].difference_fen.in_fen(), 240_000);
        all_laws_hold(&world).await;
    }
}

/// Knocks as a role with its own token; what takes two is signed by the second clerk.
pub async fn knock(doors: &Doors, role: Role, method: &str, path: &str, body: Value) -> Answered {
    let request = axum::http::Request::builder()
        .method(method)
        .uri(at(path))
        .header("authorization", bearer(role));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = match body.is_empty() {
        true => request,
        false => request.header("content-type", "application/json"),
    };
    let said = doors.send(request.body(Body::from(body)).unwrap()).await;
    doors.signed(said).await
}

on_both! {
    async fn a_levy_is_assessed_paid_receipted_and_refunded_over_the_wire(world: World) {
        use Role::{Auditor, HousingAuthority, OwnersCommittee, PropertyCompany, StreetOffice};
        let doors = Doors::of(&world);
        let standard = json!({ "levied": "commodity", "lift": false, "means": "once", "rate": "35.00",
            "from_on": "2020-01-01", "document": "房发〔2020〕8号" });
        knock(&doors, OwnersCommittee, "POST", "/levy-standards", standard.clone()).await.problem(403, "door.role");
        let done = knock(&doors, PropertyCompany, "POST", "/levy-standards", standard.clone()).await.must(201);
        assert_eq!(done["no"], 1);
        knock(&doors, PropertyCompany, "POST", "/levy-standards", standard).await.problem(409, "fund.standard-taken");

        let seen = knock(&doors, Auditor, "GET", "/assessment-preview?on=2026-01-05", Value::Null).await.must(200);
        assert_eq!((&seen["total_fen"], seen["rows"].as_array().unwrap().len()), (&json!(3_450_300), 12), "985.80 m² × 35");
        let levy = json!({ "kind": "initial", "on": "2026-01-05", "due_on": "2026-01-05" });
        let done = knock(&doors, PropertyCompany, "POST", "/assessments", levy.clone()).await.must(201);
        assert_eq!((&done["new"], &done["total_fen"]), (&json!(12), &json!(3_450_300)));
        let again = knock(&doors, PropertyCompany, "POST", "/assessments", levy).await.must(201);
        assert_eq!(again["same"], 12);

        let deposit = json!({ "room": "1-1-101", "amount_fen": 283_850, "received_on": "2026-01-05" });
        knock(&doors, PropertyCompany, "POST", "/deposits", deposit).await.must(201);
        let range = json!({ "prefix": "维", "first": "001", "last": "002", "document": "领用单 1" });
        knock(&doors, PropertyCompany, "POST", "/receipt-ranges", range).await.must(201);
        let next = json!({ "receipt_no": "" });
        let issued = knock(&doors, PropertyCompany, "POST", "/deposits/1/receipts", next.clone()).await.must(201);
        assert_eq!(issued["receipt_no"], "维001");
        knock(&doors, PropertyCompany, "POST", "/deposits/1/receipts", next.clone()).await.problem(409, "fund.receipted");
        let path = "/fund-receipts/%E7%BB%B4001";
        assert_eq!(knock(&doors, PropertyCompany, "POST", &format!("{path}/copies"), Value::Null).await.must(201)["no"], 1);
        let void = json!({ "on": "2026-01-05", "reason": "打印有误" });
        knock(&doors, PropertyCompany, "POST", &format!("{path}/void"), void.clone()).await.must(201);
        knock(&doors, PropertyCompany, "POST", &format!("{path}/void"), void).await.problem(409, "fund.receipt-voided");
        knock(&doors, PropertyCompany, "POST", "/deposits/1/receipts", next).await.must(201);
        let receipts = knock(&doors, OwnersCommittee, "GET", "/fund-receipts", Value::Null).await.must(200);
        assert_eq!((&receipts["items"][0]["state"], &receipts["items"][1]["state"]), (&json!("void"), &json!("valid")));

        let owing = knock(&doors, StreetOffice, "GET", "/fund-dues?owing=true&on=2026-01-06", Value::Null).await.must(200);
        assert_eq!((owing["items"].as_array().unwrap().len(), &owing["items"][0]["days"]), (11, &json!(1)));
        let buildings = knock(&doors, HousingAuthority, "GET", "/fund-arrears?on=2026-03-01", Value::Null).await.must(200);
        assert_eq!((&buildings["items"][0]["dwellings"], &buildings["items"][0]["to_90_days_fen"]), (&json!(11), &json!(3_166_450)));
        let csv = knock(&doors, Auditor, "GET", "/fund-dues?format=csv", Value::Null).await;
        assert!(csv.text().contains("首期交存") && csv.text().contains("2838.50"), "{}", csv.text());
        let own = knock(&doors, OwnersCommittee, "GET", "/dwellings/1-1-101/fund-dues", Value::Null).await.must(200);
        assert_eq!(own["items"][0]["owed_fen"], 0);

        let refund = json!({ "cause": "cancelled", "room": "1-1-101", "on": "2026-01-05", "deposit_no": 1, "evidence": "解除合同备案 1" });
        knock(&doors, OwnersCommittee, "POST", "/refunds", refund.clone()).await.problem(403, "door.role");
        let done = knock(&doors, PropertyCompany, "POST", "/refunds", refund.clone()).await.must(201);
        assert_eq!((&done["principal_fen"], &done["payee"]), (&json!(283_850), &json!("owner")));
        knock(&doors, PropertyCompany, "POST", "/refunds", refund).await.problem(409, "fund.refunded");
        let listed = knock(&doors, Auditor, "GET", "/refunds", Value::Null).await.must(200);
        assert_eq!(listed["items"][0]["owed_fen"], 0);
        all_laws_hold(&world).await;
    }

    async fn units_and_legacy_money_go_through_the_doors(world: World) {
        use Role::{Auditor, PropertyCompany};
        let doors = Doors::of(&world);
        enrol(&world, "5-1-101", Usage::Residence, Housing::SoldPublic, false, 5607).await;
        let post = async |path: &str, body: Value| knock(&doors, PropertyCompany, "POST", path, body).await;
        assert_eq!(post("/selling-units", json!({ "name": "一厂" })).await.must(201)["no"], 1);
        let levy = json!({ "sales": [{ "room": "5-1-101", "proceeds_fen": 5_000_000 }], "received_on": "2026-01-02" });
        assert_eq!(post("/selling-units/1/levies", levy).await.must(201)["assessments"], json!([1]));
        let paid = post("/selling-units/1/deposits", json!({ "amount_fen": 1_000_000, "received_on": "2026-01-05" })).await.must(201);
        assert_eq!(paid["deposit_no"], 1);
        post("/selling-units/1/deposits", json!({ "amount_fen": 1 })).await.problem(400, "fund.seen");
        let legacy = json!({ "unit_no": 1, "amount_fen": 60_000, "shares": [{ "room": "5-1-101", "amount_fen": 60_000 }], "evidence": "清册" });
        assert_eq!(post("/legacy-money", legacy).await.must(201)["no"], 1);
        let step = json!({ "step": "claimed", "taken_on": "2026-01-05", "evidence": "函 1" });
        assert_eq!(post("/legacy-money/1/steps", step).await.must(201)["no"], 1);
        let income = json!({ "amount_fen": 50_000, "received_on": "2026-01-05", "shares": [{ "room": "5-1-101", "amount_fen": 50_000 }], "evidence": "移交清册" });
        assert_eq!(post("/legacy-money/1/incomes", income).await.must(201)["difference_fen"], 10_000);
        demolish(&world, "5-1-101", "2026-01-05").await;
        let refund = json!({ "cause": "destroyed", "room": "5-1-101", "on": "2026-01-05", "principal_fen": 1_000_000, "evidence": "拆除备案" });
        assert_eq!(post("/selling-units/1/refunds", refund).await.must(201)["is_payable"], true);
        let payment = json!({ "amount_fen": 1_000_000, "paid_on": "2026-01-05", "evidence": "回单" });
        assert_eq!(post("/refunds/1/payments", payment).await.must(201)["left_fen"], 0);
        let end = json!({ "on": "2026-01-05", "evidence": "注销通知书" });
        post("/selling-units/1/end", end).await.must(201);
        let units = knock(&doors, Auditor, "GET", "/selling-units", Value::Null).await.must(200);
        assert_eq!((&units["items"][0]["assessed_fen"], &units["items"][0]["paid_fen"]), (&json!(0), &json!(0)));
        let legacies = knock(&doors, Auditor, "GET", "/legacy-money", Value::Null).await.must(200);
        assert_eq!((&legacies["items"][0]["is_ended"], &legacies["items"][0]["difference_fen"]), (&json!(true), &json!(10_000)));
        all_laws_hold(&world).await;
    }
}
