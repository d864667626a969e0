//! The life of a dwelling and of a fund: split, merged, ended, certified; handed over and back. What goes with it, to the fen,
//! who exists on which day, every rule of the room run into, and the papers.

use ledger::accounts::{self, Code};
use ledger::books::Actor;
use ledger::error::Result;
use ledger::fees::{self, Billing, Charge};
use ledger::fund::{self, Assessment, FundBalance};
use ledger::gains::placement::{self, Holding, NewPlacement};
use ledger::id::{CertificateNo, CustodyNo, DwellingNo};
use ledger::journal::{self, AsOf, Book};
use ledger::life::{
    self, CertificateKind, Certifying, Ending, Handing, Joining, Parting, Returned, Succeeded,
    TakingBack,
};
use ledger::measure::Area;
use ledger::money::{Money, split};
use ledger::property::{self, Compound, NewOwner, NewPart, RoomCode};
use reports::life as paper;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::accounts::{close, month, post};
use crate::cli::at;
use crate::doors::Doors;
use crate::on_both;
use crate::printed::proved;
use crate::world::{World, day};

fn room(code: &str) -> RoomCode {
    RoomCode::parse(code).unwrap()
}

fn parting(on: &str, parts: &[(&str, i64)]) -> Parting {
    let part =
        |(code, area): &(&str, i64)| NewPart { code: room(code), area: Area::centi_m2(*area) };
    Parting {
        room: "1-1-101".to_owned(),
        on: day(on),
        parts: parts.iter().map(part).collect(),
        evidence: "登记簿 001".to_owned(),
    }
}

async fn part(world: &World, asked: Parting) -> Result<Succeeded> {
    world
        .act("life.split", asked, |tx, asked| Box::pin(life::split(tx, asked)))
        .await
        .map(|d| d.answer)
}

async fn join(world: &World, rooms: &[&str], on: &str, into: &str) -> Result<Succeeded> {
    let asked = Joining {
        rooms: rooms.iter().map(|r| (*r).to_owned()).collect(),
        on: day(on),
        code: room(into),
        evidence: "登记簿 002".to_owned(),
    };
    world
        .act("life.merge", asked, |tx, asked| Box::pin(life::merge(tx, asked)))
        .await
        .map(|d| d.answer)
}

async fn demolish(world: &World, code: &str, on: &str) -> Result<i32> {
    let asked = Ending { room: code.to_owned(), on: day(on), evidence: "征收协议".to_owned() };
    let done = world.act("life.demolish", asked, |tx, asked| {
        Box::pin(async move { life::demolish(tx, asked).await.map(|no| no.0) })
    });
    done.await.map(|d| d.answer)
}

async fn certify(world: &World, code: &str, kind: CertificateKind) -> Result<life::Certificate> {
    let asked = Certifying { room: code.to_owned(), kind };
    world
        .act("life.certify", asked, |tx, asked| Box::pin(life::certify(tx, asked)))
        .await
        .map(|d| d.answer)
}

async fn hand_over(world: &World, to: &str, on: &str) -> Result<life::Handed> {
    let asked =
        Handing { to: to.to_owned(), on: day(on), evidence: "划转通知 1 号".to_owned() };
    world
        .act("life.hand-over", asked, |tx, asked| Box::pin(life::hand_over(tx, asked)))
        .await
        .map(|d| d.answer)
}

async fn take_back(
    world: &World,
    on: &str,
    list: Option<Vec<Returned>>,
    undistributed: i64,
) -> Result<life::Handed> {
    let asked = TakingBack {
        keeper: "区房管局".to_owned(),
        on: day(on),
        evidence: "划回通知 2 号".to_owned(),
        list,
        undistributed: Money::fen(undistributed),
    };
    world
        .act("life.take-back", asked, |tx, asked| Box::pin(life::take_back(tx, asked)))
        .await
        .map(|d| d.answer)
}

async fn convey(world: &World, code: &str, to: &str) {
    let owner = NewOwner {
        name: to.to_owned(),
        id_no: "999999197001010000".into(),
        phone: "".into(),
        share: None,
    };
    let given = (world.dwelling(code).await, owner);
    let done = world.act("property.convey", given, |tx, (no, owner)| {
        Box::pin(async move {
            property::convey(tx, *no, std::slice::from_ref(owner), day("2025-11-01"))
                .await
                .map(|_| ())
        })
    });
    done.await.unwrap();
}

async fn balances(world: &World) -> std::collections::BTreeMap<DwellingNo, FundBalance> {
    let mut view = world.books.read().await.unwrap();
    fund::balances(&mut view, world.compound, AsOf::default()).await.unwrap()
}

async fn roll(world: &World, on: &str) -> Vec<String> {
    let mut view = world.books.read().await.unwrap();
    let roll = property::roll(&mut view, world.compound, day(on)).await.unwrap();
    roll.into_iter().map(|d| d.code.to_string()).collect()
}

async fn home(world: &World) -> Compound {
    let mut view = world.books.read().await.unwrap();
    property::compound(&mut view, "xiaohe").await.unwrap()
}

async fn lawful(world: &World) {
    for law in ledger::verify::verify(&world.books, None).await.unwrap() {
        assert_eq!(law.failed, 0, "{}: {:?}", law.name, law.first);
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code()
}

async fn assess(world: &World, code: &str, fen: i64) {
    let given = vec![Assessment {
        dwelling_no: world.dwelling(code).await,
        due: Money::fen(fen),
        standard: "多层 50 元/㎡".to_owned(),
        due_on: None,
    }];
    world.act("fund.assess", given, |tx, given| Box::pin(fund::assess(tx, given))).await.unwrap();
}

async fn deposit(world: &World, code: &str, on: &str) -> Result<i64> {
    let asked = json!({ "room": code, "kind": "top-up", "amount_fen": 100, "received_on": on });
    let asked = serde_json::from_value(asked).unwrap();
    let done =
        xiaoqu::fund::record(&world.books, &Actor::operator(), &home(world).await, None, asked)
            .await;
    done.map(|d| d.answer.amount_fen.in_fen())
}

async fn bill(world: &World, dwelling: DwellingNo, from: &str, to: &str) -> Result<()> {
    let billing = Billing {
        item: "物业费".to_owned(),
        from_on: day(from),
        to_on: day(to),
        due_on: Some(day(to)),
        bills: vec![Charge { dwelling_no: dwelling, amount: Money::fen(500) }],
    };
    let done = world.act("fees.bill", billing, |tx, billing| {
        Box::pin(async move { fees::bill(tx, billing).await.map(|_| ()) })
    });
    done.await.map(|_| ())
}

/// What a dwelling's life leaves behind: deposits of two years, interest distributed, a repair.
async fn a_life(world: &World) {
    post(world, "2024-05-01 deposit 交存 ; D 1001 1000.01 ; C 400101@1-1-101 1000.01").await;
    post(world, "2025-02-01 deposit 交存 ; D 1001 20.00 ; C 400101@1-1-101 20.00").await;
    post(world, "2025-06-21 other 利息 ; D 1001 5.00 ; C 410101 5.00").await;
    post(world, "2025-06-30 gains 分配 ; D 310101 3.33 ; C 3001@1-1-101 3.33").await;
    post(world, "2025-09-01 repair 维修 ; D 500101@1-1-101 100.00 ; C 1001 100.00").await;
    assess(world, "1-1-101", 100_000).await;
}

on_both! {
    async fn a_dwelling_is_split_to_the_fen_and_its_history_stays(world: World) {
        a_life(&world).await;
        let old = world.dwelling("1-1-101").await;
        let before = balances(&world).await[&old];
        let done = part(&world, parting("2026-01-02", &[("1-1-1011", 4_000), ("1-1-1012", 4_110)])).await.unwrap();
        assert_eq!(done.succession_no.0, 1);
        let weights = [4_000, 4_110];
        let wanted = split(before.principal, &weights).unwrap();
        let gains = split(before.gains, &weights).unwrap();
        assert_eq!((before.principal.to_string(), before.gains.to_string()), ("920.01".into(), "3.33".into()));
        for (place, into) in done.into.iter().enumerate() {
            assert_eq!((into.principal_fen, into.gains_fen), (wanted[place], gains[place]));
        }
        let after = balances(&world).await;
        assert_eq!(after[&old], FundBalance::default());
        let of = |n: usize| after[&done.into[n].dwelling_no];
        assert_eq!(of(0).principal + of(1).principal, before.principal);
        assert_eq!(of(0).gains + of(1).gains, before.gains);

        // Who is there on which day.
        assert!(roll(&world, "2026-01-01").await.contains(&"1-1-101".to_owned()));
        let now = roll(&world, "2026-01-02").await;
        assert_eq!(now.len(), 13);
        assert!(!now.contains(&"1-1-101".to_owned()) && now.contains(&"1-1-1012".to_owned()));
        let mut view = world.books.read().await.unwrap();
        let new = property::dwelling(&mut view, world.compound, "1-1-1011", day("2026-01-05")).await.unwrap();
        assert_eq!((new.owners.len(), new.fund_area, new.vote_area), (2, Area::centi_m2(4_000), Area::centi_m2(4_000)));
        // What was paid in earlier years is no deposit of this one, and no arrears of the parts.
        let account = fund::account(&mut view, world.compound, new.no, None, AsOf::default()).await.unwrap();
        let due = account.assessment.unwrap().due;
        assert_eq!((due.in_fen(), account.deposited), (49_322, split(Money::fen(102_001), &weights).unwrap()[0]));
        let kept = journal::statement(&mut view, world.compound, Book::Fund, old, AsOf::default()).await.unwrap();
        assert!(kept.len() >= 6, "the old account can be read for ever");
        let told = property::history(&mut view, world.compound, new.no).await.unwrap();
        assert_eq!((told[0].from.clone(), told[0].to.len()), (vec!["1-1-101".to_owned()], 2));
        drop(view);

        // Nothing more happens to what is no more; what comes of it lives on.
        assert_eq!(code(deposit(&world, "1-1-101", "2026-01-02").await), "property.ended");
        assert_eq!(deposit(&world, "1-1-1011", "2026-01-02").await.unwrap(), 100);
        assert_eq!(code(deposit(&world, "1-1-1011", "2026-01-01").await), "property.ended");
        assert_eq!(code(bill(&world, old, "2026-02-01", "2026-02-28").await), "property.no-dwelling");
        bill(&world, old, "2025-12-01", "2025-12-31").await.unwrap();
        assert_eq!(code(part(&world, parting("2026-01-03", &[("1-1-1013", 4_000), ("1-1-1014", 4_110)])).await), "property.ended");
        lawful(&world).await;

        // Σ is as before on every account of the book.
        close(&world, &["2025-12"]).await;
        let mut view = world.books.read().await.unwrap();
        let of = [(world.compound, String::new())];
        accounts::statements(&mut view, &of, month("2025-12")).await.unwrap();
    }

    async fn dwellings_of_one_owner_are_merged_and_no_others(world: World) {
        post(&world, "2025-05-01 deposit 交存 ; D 1001 30.00 ; C 400101@1-1-201 30.00").await;
        post(&world, "2025-05-01 deposit 交存 ; D 1001 12.34 ; C 400101@1-1-202 12.34").await;
        assert_eq!(code(join(&world, &["1-1-201", "1-1-202"], "2026-01-02", "1-1-2012").await), "property.owners-differ");
        assert_eq!(code(join(&world, &["1-1-201"], "2026-01-02", "1-1-2012").await), "property.parts");
        assert_eq!(code(join(&world, &["1-1-201", "1-1-201"], "2026-01-02", "1-1-2012").await), "property.parts");
        for code in ["1-1-201", "1-1-202"] {
            convey(&world, code, "新业主").await;
        }
        assert_eq!(code(join(&world, &["1-1-201", "1-1-202"], "2026-01-02", "1-1-302").await), "property.enrolled");
        let done = join(&world, &["1-1-201", "1-1-202"], "2026-01-02", "1-1-2012").await.unwrap();
        assert_eq!(done.into[0].principal_fen.to_string(), "42.34");
        let now = roll(&world, "2026-01-05").await;
        assert_eq!((now.len(), now.contains(&"1-1-2012".to_owned())), (11, true));
        lawful(&world).await;
    }

    async fn what_hangs_on_a_dwelling_is_settled_first(world: World) {
        a_life(&world).await;
        let old = world.dwelling("1-1-101").await;
        let halves = [("1-1-1011", 4_000), ("1-1-1012", 4_110)];
        assert_eq!(code(part(&world, parting("2025-08-01", &halves)).await), "life.later-movement");
        assert_eq!(code(part(&world, parting("2026-01-06", &halves)).await), "property.ended-early");
        assert_eq!(code(part(&world, parting("2026-01-02", &[("1-1-1011", 4_000), ("1-1-1012", 4_111)])).await), "property.parts");
        assert_eq!(code(part(&world, parting("2026-01-02", &[("1-1-1011", 0), ("1-1-1012", 8_110)])).await), "property.area-size");
        assert_eq!(code(part(&world, parting("2026-01-02", &[("1-1-1011", 4_000), ("2-1-1012", 4_110)])).await), "property.parts");
        assert_eq!(code(part(&world, parting("2026-01-02", &[("1-1-1011", 4_000), ("1-1-102", 4_110)])).await), "property.enrolled");
        part(&world, parting("2026-01-02", &halves)).await.unwrap();
        lawful(&world).await;

        let halves = [("1-1-3011", 4_000), ("1-1-3012", 4_310)];
        let other = |on: &str| Parting { room: "1-1-301".to_owned(), ..parting(on, &halves) };
        let third = world.dwelling("1-1-301").await;
        bill(&world, third, "2025-12-01", "2025-12-31").await.unwrap();
        assert_eq!(code(part(&world, other("2026-01-02")).await), "life.fees-open");
        let new = world.dwelling("1-1-1011").await;
        world.act("journal.reserve", new, |tx, new| Box::pin(async move {
            let matter = journal::open_project(tx, "屋面防水").await?;
            journal::reserve(tx, Book::Fund, matter, &[(*new, Money::fen(5))]).await
        })).await.unwrap();
        let again = Parting { room: "1-1-1011".to_owned(), ..parting("2026-01-03", &[("1-1-10111", 2_000), ("1-1-10112", 2_000)]) };
        assert_eq!(code(part(&world, again).await), "life.held");
        assert_eq!(code(hand_over(&world, "业主大会", "2026-01-05").await), "life.held");
        assert_eq!(balances(&world).await[&old], FundBalance::default());
    }

    async fn a_destroyed_dwelling_is_on_no_roll_and_its_balance_waits(world: World) {
        a_life(&world).await;
        let old = world.dwelling("1-1-101").await;
        demolish(&world, "1-1-101", "2025-12-31").await.unwrap();
        assert_eq!(roll(&world, "2025-12-31").await.len(), 11);
        assert_eq!(balances(&world).await[&old].total().to_string(), "923.34");
        assert_eq!(code(deposit(&world, "1-1-101", "2026-01-02").await), "property.ended");
        assert_eq!(code(demolish(&world, "1-1-101", "2026-01-02").await), "property.ended");
        assert_eq!(code(certify(&world, "1-1-101", CertificateKind::Balance).await), "property.ended");
        lawful(&world).await;
    }

    async fn a_certificate_says_what_goes_with_the_dwelling(world: World) {
        a_life(&world).await;
        assess(&world, "1-1-101", 200_000).await;
        assert_eq!(code(certify(&world, "1-1-101", CertificateKind::Clearance).await), "life.arrears");
        let first = certify(&world, "1-1-101", CertificateKind::Balance).await.unwrap();
        assert_eq!((first.certificate_no, first.owed_fen().to_string()), (CertificateNo(1), "979.99".into()));
        assess(&world, "1-1-101", 100_000).await;
        let second = certify(&world, "1-1-101", CertificateKind::Clearance).await.unwrap();
        assert_eq!(second.certificate_no, CertificateNo(2), "a refused one took no number");
        let mut view = world.books.read().await.unwrap();
        let again = life::certificate(&mut view, world.compound, CertificateNo(1)).await.unwrap();
        assert_eq!(again, first);
        assert_eq!(code(life::certificate(&mut view, world.compound, CertificateNo(3)).await), "life.no-certificate");
        let sheet = paper::certificate(&again, "小河里小区", &[], world.clock.now());
        proved("certificate", &sheet);

        // The balance stays with the dwelling when it is sold.
        drop(view);
        let old = world.dwelling("1-1-101").await;
        let before = balances(&world).await[&old];
        convey(&world, "1-1-101", "新业主").await;
        assert_eq!(balances(&world).await[&old], before);
    }

    async fn a_fund_handed_over_leaves_nothing_and_comes_back_as_it_went(world: World) {
        a_life(&world).await;
        post(&world, "2025-05-01 deposit 交存 ; D 1001 30.00 ; C 400101@1-1-202 30.00").await;
        let bond = NewPlacement {
            kind: Holding::PrimaryBondToMaturity,
            name: "2025 年储蓄国债第七期".to_owned(),
            nominal: Money::fen(50_000),
            cost: Money::fen(50_000),
            percent: "1.85".to_owned(),
            early_percent: "0.35".to_owned(),
            starts_on: day("2025-10-01"),
            matures_on: day("2028-10-01"),
            evidence: "购买回单".to_owned(),
        };
        let placed = world.act("gains.place", bond, |tx, bond| Box::pin(placement::place(tx, bond)));
        placed.await.unwrap();
        close(&world, &["2025-11"]).await;
        let before = balances(&world).await;
        assert_eq!(code(take_back(&world, "2025-12-20", None, 0).await), "life.not-handed-over");
        assert_eq!(code(hand_over(&world, " ", "2025-12-20").await), "life.keeper");
        assert_eq!(code(hand_over(&world, "业主大会", "2025-09-15").await), "life.later-movement");
        let handed = hand_over(&world, "小河里小区业主大会", "2025-12-20").await.unwrap();
        assert_eq!((handed.list.len(), handed.total_fen.to_string(), handed.others_fen.to_string()), (2, "955.01".into(), "1.67".into()));
        assert!(balances(&world).await.values().all(|b| *b == FundBalance::default()));
        lawful(&world).await;
        assert_eq!(code(deposit(&world, "1-1-101", "2025-12-21").await), "property.handed-over");
        assert_eq!(code(part(&world, parting("2026-01-02", &[("1-1-1011", 4_000), ("1-1-1012", 4_110)])).await), "property.handed-over");
        assert_eq!(code(hand_over(&world, "业主大会", "2025-12-21").await), "property.handed-over");

        let mut view = world.books.read().await.unwrap();
        let (custody, again) = life::handed(&mut view, world.compound, CustodyNo(1)).await.unwrap();
        assert_eq!((again, custody.is_away), (handed.clone(), true));
        assert_eq!(code(life::handed(&mut view, world.compound, CustodyNo(2)).await), "life.no-custody");
        let sheet = paper::list(&handed, &custody, "小河里小区", world.clock.now());
        proved("custody", &sheet);
        drop(view);

        // The year that ends with nothing still foots, and says that it was moved.
        close(&world, &["2025-12"]).await;
        let mut view = world.books.read().await.unwrap();
        let of = [(world.compound, String::new())];
        let s = accounts::statements(&mut view, &of, month("2025-12")).await.unwrap();
        assert_eq!(s.amount(Code::ChangesInNetAssets, "moved", 3).to_string(), "-955.01");
        assert_eq!(s.amount(Code::BalanceSheet, "assets", 1), Money::ZERO);
        let tie = accounts::tie(&mut view, world.compound, day("2026-01-01")).await.unwrap();
        assert_eq!((tie.ledger_fen, tie.dwellings_fen, tie.dwelling_left_fen), (Money::ZERO, Money::ZERO, Money::ZERO));
        drop(view);

        assert_eq!(code(take_back(&world, "2025-12-19", None, 0).await), "life.later-movement");
        let back = take_back(&world, "2026-01-03", None, 0).await.unwrap();
        assert_eq!((back.total_fen, back.list.clone(), back.digest), (handed.total_fen, handed.list.clone(), handed.digest.clone()));
        assert_eq!(balances(&world).await, before);
        assert_eq!(deposit(&world, "1-1-101", "2026-01-04").await.unwrap(), 100);
        lawful(&world).await;

        // Away once more; the assembly gives back another list.
        hand_over(&world, "小河里小区业主大会", "2026-01-05").await.unwrap();
        let row = |code: &str, p: i64, g: i64| Returned { room: code.to_owned(), principal: Money::fen(p), gains: Money::fen(g) };
        assert_eq!(code(take_back(&world, "2026-01-05", Some(vec![row("9-9-9", 1, 1)]), 0).await), "property.no-dwelling");
        assert_eq!(code(take_back(&world, "2026-01-05", Some(vec![row("1-1-101", 1, 1), row("1栋1单元101", 1, 1)]), 0).await), "life.nothing");
        assert_eq!(code(take_back(&world, "2026-01-05", Some(vec![]), 0).await), "life.nothing");
        let back = take_back(&world, "2026-01-05", Some(vec![row("1-1-202", 700, 0), row("1-1-101", 500, 9)]), 50).await.unwrap();
        assert_eq!((back.list[0].room.as_str(), back.total_fen.in_fen(), back.others_fen.in_fen()), ("1-1-101", 1_259, 50));
        let now = balances(&world).await;
        let first = now[&world.dwelling("1-1-101").await];
        assert_eq!((first.principal.in_fen(), first.gains.in_fen()), (500, 9));
        lawful(&world).await;
    }

    async fn an_empty_fund_is_not_handed_over(world: World) {
        assert_eq!(code(hand_over(&world, "业主大会", "2026-01-05").await), "life.nothing");
    }

    async fn the_doors_and_the_command_line_do_the_same(world: World) {
        a_life(&world).await;
        let doors = Doors::of(&world);
        let certificate = doors.post("/dwellings/1-1-101/certificates", json!({ "kind": "balance" })).await.must(201);
        assert_eq!(certificate["certificate_no"], 1);
        for format in ["pdf", "text"] {
            let answer = doors.get(&format!("/certificates/1?format={format}")).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        }
        doors.get("/certificates/9").await.problem(404, "life.no-certificate");
        let asked = json!({ "on": "2026-01-02", "evidence": "登记簿", "parts": [
            { "room": "1-1-1011", "area_centi_m2": 4_000 }, { "room": "1-1-1012", "area_centi_m2": 4_110 }] });
        let done = doors.post("/dwellings/1-1-101/splits", asked).await.must(201);
        assert_eq!(done["into"][1]["room"], "1-1-1012");
        let told = doors.get("/dwellings/1-1-1012/history").await.must(200);
        assert_eq!((told["began_on"].as_str(), told["steps"][0]["kind"].as_str()), (Some("2026-01-02"), Some("split")));
        doors.post("/merges", json!({ "on": "2026-01-03", "evidence": "登记簿", "rooms": ["1-1-1011", "1-1-1012"], "room": "1-1-1015" })).await.must(201);
        doors.post("/dwellings/1-2-301/demolition", json!({ "on": "2026-01-03", "evidence": "协议" })).await.must(201);
        doors.post_signed("/hand-overs", json!({ "to": "业主大会", "on": "2026-01-04", "evidence": "通知" })).await;
        assert_eq!(doors.get("/custody/1").await.must(200)["list"].as_array().unwrap().len(), 1);
        assert_eq!(doors.get("/custody/1?format=xlsx").await.status.as_u16(), 200);
        doors.get("/custody/7").await.problem(404, "life.no-custody");
        doors.post("/deposits", json!({ "room": "1-1-102", "amount_fen": 5, "received_on": "2026-01-05" })).await.problem(422, "property.handed-over");
        doors.post_signed("/take-backs", json!({ "keeper": "房管局", "on": "2026-01-04", "evidence": "通知" })).await;

        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (c, l) = (path("c.pdf"), path("l.csv"));
        at(&world, &["dwelling", "certify", "--compound", "xiaohe", "--room", "1-1-1015", "--out", &c]).await.must(0);
        let split = ["dwelling", "split", "--compound", "xiaohe", "--room", "1-1-102", "--part", "1-1-1021=40.20", "--part",
            "1-1-1022=41.00", "--on", "2026-01-04", "--evidence", "登记簿"];
        let said = at(&world, &split).await.must(0);
        assert!(said.out.contains("变动 4"), "{}", said.out);
        let merge = ["dwelling", "merge", "--compound", "xiaohe", "--room", "1-1-1021", "--room", "1-1-1022", "--into", "1-1-1025",
            "--on", "2026-01-05", "--evidence", "登记簿", "--json"];
        at(&world, &merge).await.must(0).json();
        at(&world, &["dwelling", "demolish", "--compound", "xiaohe", "--room", "1-1-1025", "--on", "2026-01-05", "--evidence", "协议"]).await.must(0);
        at(&world, &["custody", "list", "1", "--compound", "xiaohe", "--out", &l]).await.must(0);
        assert!(std::fs::read_to_string(&l).unwrap().contains("1-1-1015"));
        at(&world, &["custody", "hand-over", "--compound", "xiaohe", "--to", "业主大会", "--on", "2026-01-05", "--evidence", "通知"]).await.must(0);
        let back = ["custody", "take-back", "--compound", "xiaohe", "--keeper", "房管局", "--on", "2026-01-05", "--evidence", "通知"];
        assert!(at(&world, &back).await.must(0).out.contains("清册摘要"));
        lawful(&world).await;
    }

    async fn the_laws_see_what_should_not_be(world: World) {
        a_life(&world).await;
        let broken = async |world: &World| -> Vec<String> {
            let laws = ledger::verify::verify(&world.books, None).await.unwrap();
            laws.into_iter().filter(|law| law.failed > 0).map(|law| law.name.to_string()).collect()
        };
        part(&world, parting("2026-01-02", &[("1-1-1011", 4_000), ("1-1-1012", 4_110)])).await.unwrap();
        assert!(broken(&world).await.is_empty());
        // The journal knows no dwelling's life: a hand could post to one that is no more.
        post(&world, "2026-01-03 deposit 错记 ; D 1001 1.00 ; C 400101@1-1-101 1.00").await;
        assert_eq!(broken(&world).await, ["succeeded-empty"]);
        let db = world.back_door().await;
        db.execute_unprepared("UPDATE dwelling SET fund_area_centi_m2 = 4001 WHERE code = '1-1-1011'").await.unwrap();
        assert_eq!(broken(&world).await, ["successions-whole", "succeeded-empty"]);
        db.execute_unprepared("UPDATE dwelling SET fund_area_centi_m2 = 4000 WHERE code = '1-1-1011'").await.unwrap();
        hand_over(&world, "业主大会", "2026-01-04").await.unwrap();
        assert!(broken(&world).await.is_empty());
        post(&world, "2026-01-05 deposit 错收 ; D 1001 1.00 ; C 400101@1-1-102 1.00").await;
        assert_eq!(broken(&world).await, ["handed-over-empty"]);
    }
}
