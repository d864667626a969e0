//! A month of a property company: 500 dwellings billed, collected at the counter, by WeChat and by the bank, with what goes
//! wrong in a month; then its figures against sums in plain integers, the books closed, every law.

use std::collections::BTreeMap;

use ledger::arrears::rate::{self, Basis};
use ledger::arrears::{By, Channel as Delivered, Notifying, claims};
use ledger::books::{Actor, Role};
use ledger::calendar::{Instant, Month};
use ledger::channel::Channel;
use ledger::channel::claim::{self, Accept, Hold};
use ledger::channel::payout::{self, Settle};
use ledger::fees::{self, Method, Refunding, Taking, billing};
use ledger::id::{DwellingNo, LineNo, OrderNo};
use ledger::import::Kind;
use ledger::journal::{self, Book};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::{self, Housing, NewDwelling, NewOwner, RoomCode, Usage};
use ledger::tariff::{
    self, Cycle, Formula, Meter, NewLease, NewReading, NewTariff, System, Taxpayer, Terms, Timing,
    vat,
};

use crate::channels::{self, row};
use crate::counter::{
    back, balance, cash, clerk, hand_over, laws_hold, part, refund, remitting, take, void, waive,
};
use crate::on_both;
use crate::world::{World, day};

const DWELLINGS: usize = 500;
/// Every twelfth dwelling holds a parking space.
const SPACES: usize = 12;
/// The first twenty have a water meter.
const METERS: usize = 20;

fn on(world: &World, text: &str) {
    world.clock.set(Instant::parse(&format!("{text}T10:00:00+08:00")).unwrap());
}

/// Five buildings of two stairs, ten floors of five doors.
fn code(i: usize) -> String {
    let (building, rest) = (i / 100 + 1, i % 100);
    let (unit, rest) = (rest / 50 + 1, rest % 50);
    format!("{building}-{unit}-{}0{}", rest / 5 + 1, rest % 5 + 1)
}

fn area_centi_m2(i: usize) -> i64 {
    6_000 + 125 * i64::try_from(i % 40).unwrap()
}

/// 1.85 yuan a m² and month, half up to the fen: by hand, in whole numbers.
fn fee_fen(i: usize) -> i64 {
    (area_centi_m2(i) * 185 + 50) / 100
}

/// 150 yuan a space; the last came on the 16th: 16 of 31 days.
fn parking_fen(i: usize) -> i64 {
    match i {
        _ if !i.is_multiple_of(SPACES) => 0,
        492 => (15_000 * 16 * 2 + 31) / 62,
        _ => 15_000,
    }
}

/// 3.45 yuan a m³; dwelling i used i + 3.25 m³.
fn water_fen(i: usize) -> i64 {
    let used_milli = 1_000 * i64::try_from(i).unwrap() + 3_250;
    if i < METERS { (used_milli * 345 + 500) / 1_000 } else { 0 }
}

async fn opened(world: &mut World) -> BTreeMap<usize, DwellingNo> {
    world.compound = world.found("yuexiang", "月乡苑").await;
    let roll: Vec<NewDwelling> = (0..DWELLINGS)
        .map(|i| NewDwelling {
            code: RoomCode::parse(&code(i)).unwrap(),
            written_as: code(i),
            floor: None,
            usage: Usage::Residence,
            housing: Housing::Commodity,
            has_lift: true,
            is_unsold: false,
            area: Area::centi_m2(area_centi_m2(i)),
            handed_over_on: None,
            owners: vec![NewOwner {
                name: format!("业主{i}"),
                id_no: "".into(),
                phone: "".into(),
                share: None,
            }],
            remark: "".into(),
            owned_from: day("2010-01-01"),
        })
        .collect();
    let enrolled =
        world.act("property.enrol", roll, |tx, roll| Box::pin(property::enrol(tx, roll))).await;
    let homes: BTreeMap<usize, DwellingNo> =
        enrolled.unwrap().answer.into_iter().enumerate().collect();

    let from_on = day("2026-01-01");
    let terms = Terms {
        from_on,
        system: System::LumpSum,
        pay: None,
        taxpayer: Taxpayer::General,
        penalty: None,
        vacant: None,
        document: "物业服务合同".into(),
    };
    world.act("tariff.agree", terms, |tx, t| Box::pin(tariff::agree(tx, t))).await.unwrap();
    let price = |item: &str, formula, timing, tax| NewTariff {
        item: item.into(),
        formula,
        from_on,
        cycle_months: 1,
        cycle: Cycle::Calendar,
        timing,
        due_days: 20,
        usages: vec![],
        building: None,
        tax,
        document: "物业服务合同".into(),
    };
    let yuan = |text: &str| text.parse().unwrap();
    for new in [
        price("物业费", Formula::Area { price: yuan("1.85") }, Timing::Ahead, vat::Kind::Service),
        price("车位费", Formula::Spaces { price: yuan("150") }, Timing::Ahead, vat::Kind::Service),
        price(
            "水费",
            Formula::Metered { meter: Meter::Water, price: yuan("3.45") },
            Timing::Behind,
            vat::Kind::Service,
        ),
    ] {
        world.act("tariff.set", new, |tx, new| Box::pin(tariff::set(tx, new))).await.unwrap();
    }
    for i in (0..DWELLINGS).step_by(SPACES) {
        let from_on = day(if i == 492 { "2026-01-16" } else { "2026-01-01" });
        let lease = NewLease { space: format!("A-{i:03}"), from_on, to_on: None };
        let given = (homes[&i], lease);
        world
            .act("tariff.lease", given, |tx, (home, l)| Box::pin(tariff::lease(tx, *home, l)))
            .await
            .unwrap();
    }
    read(world, &homes, "2025-12-31", |_| 100_000).await;
    homes
}

async fn read(
    world: &World,
    homes: &BTreeMap<usize, DwellingNo>,
    on: &str,
    stood_milli: impl Fn(usize) -> i64,
) {
    let readings: Vec<(DwellingNo, NewReading)> = (0..METERS)
        .map(|i| {
            let reading = NewReading {
                meter: format!("W-{i}"),
                kind: Meter::Water,
                read_on: day(on),
                value_milli: stood_milli(i),
                factor: 1,
            };
            (homes[&i], reading)
        })
        .collect();
    world
        .act("tariff.read", readings, |tx, readings| Box::pin(tariff::read(tx, readings)))
        .await
        .unwrap();
}

on_both! {
    async fn five_hundred_dwellings_live_through_january(world: World) {
        let mut world = world;
        let homes = opened(&mut world).await;
        let billed_fen = |i: usize| fee_fen(i) + parking_fen(i);
        let spaces = DWELLINGS.div_ceil(SPACES);
        let month = Month::parse("2026-01").unwrap();
        let run = async || {
            let clerk = Actor::new("王会计", Role::PropertyCompany);
            billing::run(&world.books, &clerk, month, Some("yuexiang"), false).await.unwrap()
        };

        // The fifth: what is due ahead is billed; the water waits for its readings.
        let done = run().await;
        assert_eq!((done.bills, done.total_fen.in_fen()), (DWELLINGS + spaces, (0..DWELLINGS).map(billed_fen).sum()));
        assert_eq!(done.parts[0].defects, METERS, "no meter was read yet");
        assert_eq!(run().await.bills, 0);

        // 200 pay in cash; one receipt is written for the wrong payer, is void and written again; a son pays for five.
        let mut paid = vec![0_i64; DWELLINGS];
        let mut wrong = None;
        for (i, paid) in paid.iter_mut().enumerate().take(195) {
            let taken = take(&world, cash(vec![part(&code(i), vec![], Some(billed_fen(i)), None)])).await.unwrap();
            *paid = billed_fen(i);
            wrong = Some((i, taken.receipt_no));
        }
        let (i, no) = wrong.unwrap();
        void(&world, no).await.unwrap();
        let again = Taking { replaces: Some(no), ..cash(vec![part(&code(i), vec![], Some(billed_fen(i)), None)]) };
        let again = take(&world, again).await.unwrap();
        assert_eq!((again.receipt_no.number, no.number), (196, 195));
        let five = (195..200).map(|i| part(&code(i), vec![], Some(billed_fen(i)), None)).collect();
        let owed: i64 = (195..200).map(billed_fen).sum();
        let given = owed / 10_000 * 10_000 + 10_000;
        let taken = take(&world, Taking { given_fen: Some(Money::fen(given)), payer: "其子".into(), ..cash(five) }).await.unwrap();
        assert_eq!((taken.total_fen.in_fen(), taken.change_fen.in_fen()), (owed, given - owed));
        (195..200).for_each(|i| paid[i] = billed_fen(i));

        // 50 by card; each of the first ten puts 100 yuan ahead.
        on(&world, "2026-01-08");
        let mut ahead = 0;
        for (i, paid) in paid.iter_mut().enumerate().skip(200).take(50) {
            let prepay = (i < 210).then_some(10_000);
            ahead += prepay.unwrap_or(0);
            let taking = Taking {
                method: Method::Pos, reference: format!("S{i}"), received_on: day("2026-01-08"),
                ..cash(vec![part(&code(i), vec![], Some(billed_fen(i)), prepay)])
            };
            take(&world, taking).await.unwrap();
            *paid = billed_fen(i);
        }
        let by_card: i64 = (200..250).map(billed_fen).sum::<i64>() + ahead;
        let in_cash: i64 = (0..200).map(billed_fen).sum();
        let sheet = hand_over(&world, clerk(), &[(Method::Cash, in_cash), (Method::Pos, by_card)], "").await.unwrap();
        assert_eq!(sheet.expected_fen.in_fen(), in_cash + by_card);

        // 100 by WeChat: the room in the words; one says nothing and is held, then named by the gate's camera; one comes back.
        on(&world, "2026-01-10");
        let texts: Vec<[String; 4]> = (250..350).map(|i| {
            let words = if i == 349 { "物业费".to_owned() } else { format!("{} 物业费", code(i)) };
            let fen = billed_fen(i);
            let hour = 8 + (i - 250) / 10;
            [format!("2026-01-09 {hour:02}:{:02}:00", i % 10), format!("T{i}"), format!("{}.{:02}", fen / 100, fen % 100), words]
        }).collect();
        let mut rows: Vec<_> = texts.iter().map(|[at, no, yuan, words]| row(at, no, yuan, words)).collect();
        rows.push(channels::Row { refund: Some(("R250", "10.00")), ..row("2026-01-09 19:00:00", "T250", "0.00", "多收") });
        let bill = channels::bill(&rows);
        let report = channels::take(&world.books, "yuexiang", Kind::Wechat, "微信.csv", bill.as_bytes()).await.unwrap();
        assert_eq!((report.rows, report.rejected.first()), (101, None));
        let applied = channels::apply(&world.books, world.compound, Channel::Wechat, 1_000).await;
        assert_eq!((applied.applied, applied.waiting), (99, 2), "{applied:?}");
        let held = Hold { order_no: OrderNo(100), reason: "付款人未写房号".into() };
        world.act("channel.hold", held, |tx, held| Box::pin(claim::hold(tx, held))).await.unwrap();
        let named = Accept { order_no: OrderNo(100), dwelling_no: Some(homes[&349]), payment_no: None };
        world.act("channel.accept", named, |tx, named| Box::pin(claim::accept(tx, named))).await.unwrap();
        let came_back = claim::Return {
            order_no: OrderNo(1), refund_no: Some(OrderNo(101)), line_no: None, on: None, reason: "多收".into(),
        };
        world.act("channel.return", came_back, |tx, r| Box::pin(claim::give_back(tx, r))).await.unwrap();
        (250..350).for_each(|i| paid[i] = billed_fen(i));
        paid[250] -= 1_000;
        let by_wechat: i64 = (250..350).map(billed_fen).sum::<i64>() - 1_000;
        on(&world, "2026-01-12");
        let yuan = format!("{}.{:02}", by_wechat / 100, by_wechat % 100);
        let statement = channels::statement(&[("2026-01-12", &yuan, "财付通")]);
        let report = channels::take(&world.books, "yuexiang", Kind::Bank, "银行.csv", statement.as_bytes()).await.unwrap();
        assert!(report.committed, "{:?}", report.rejected);
        let settle = Settle {
            channel: Channel::Wechat, line_no: LineNo(1), from_on: day("2026-01-09"), to_on: day("2026-01-09"),
            difference: None, reason: String::new(),
        };
        let settled = world.act("channel.settle", settle, |tx, s| Box::pin(payout::settle(tx, s))).await.unwrap().answer;
        assert_eq!(settled.voucher.book, Book::Service);
        assert_eq!(balance(&world, 101_201).await, 0, "what the channel owed is at the bank");

        // The twentieth: a refund over the counter, a waiver that a second person signed for.
        on(&world, "2026-01-20");
        let asked = Refunding { prepaid_fen: Money::fen(10_000), on: day("2026-01-20"), ..back(&code(200)) };
        refund(&world, asked).await.unwrap();
        ahead -= 10_000;
        let mut view = world.books.read().await.unwrap();
        let account = fees::account(&mut view, world.compound, homes[&400], journal::AsOf::default()).await.unwrap();
        drop(view);
        let waiver = fees::Remitting { on: day("2026-01-20"), ..remitting(&code(400), account.bills[0].bill_no, Some(5_000)) };
        waive(&world, waiver).await.unwrap();

        // The last day: the meters are read, and the water is billed.
        on(&world, "2026-01-31");
        read(&world, &homes, "2026-01-31", |i| 100_000 + 1_000 * i64::try_from(i).unwrap() + 3_250).await;
        let water = run().await;
        assert_eq!((water.bills, water.total_fen.in_fen(), water.parts[0].defects), (METERS, (0..METERS).map(water_fen).sum(), 0));

        // Its figures: what was billed for January less what was waived, what of it was paid.
        let asked = rate::Asked {
            from_on: month.first_day(), to_on: month.last_day(), counted_on: day("2026-01-31"), basis: Basis::Charged, by: By::Building,
        };
        let mut view = world.books.read().await.unwrap();
        let told = rate::collection(&mut view, world.compound, &asked).await.unwrap();
        let whole: i64 = (0..DWELLINGS).map(|i| billed_fen(i) + water_fen(i)).sum::<i64>() - 5_000;
        let collected: i64 = paid.iter().sum();
        assert!(told.agrees(), "{:?}", told.checks);
        assert_eq!((told.total.current_rate.part, told.total.current_rate.whole), (collected, whole));
        assert_eq!((told.rows.len(), told.total.closing_fen.in_fen(), told.total.prepaid_fen.in_fen()), (5, whole - collected, ahead));
        assert_eq!(told.total.breaks_even, Some(collected * 100 >= whole * 85));
        drop(view);

        // February: whoever is overdue is asked; nobody who paid is.
        on(&world, "2026-02-05");
        let notice = Notifying {
            stage: 1, room: None, class: Some(1), channel: Delivered::Visit, on: day("2026-02-05"), time: String::new(),
            pay_by: None, reason: String::new(), remark: String::new(),
        };
        let sent = world.act("arrears.notify", notice, |tx, n| Box::pin(ledger::arrears::notify(tx, n))).await.unwrap().answer;
        let overdue = (0..DWELLINGS).filter(|i| paid[*i] < billed_fen(*i)).count();
        let mut view = world.books.read().await.unwrap();
        assert_eq!(claims(&mut view, world.compound, None).await.unwrap().len(), overdue, "{sent:?}");
        drop(view);

        // What stands on 1122 is what nobody paid; January closes; every law holds.
        assert_eq!(balance(&world, 1122).await, whole - collected);
        world.act("journal.close", month, |tx, month: &Month| {
            let month = *month;
            Box::pin(async move { journal::close(tx, Book::Service, month).await.map(|_| ()) })
        }).await.unwrap();
        laws_hold(&world).await;
    }
}
