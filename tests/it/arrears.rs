//! Arrears: their age, what is claimed stage by stage, promises, limitation; and the collection rate, worked out by hand.

use ledger::arrears::{
    self, By, Channel, ClaimKind, Instalment, Notified, Notifying, PlanState, Promising, Proving,
    Suing, rate,
};
use ledger::bank;
use ledger::books::Role;
use ledger::error::Result;
use ledger::fees::{self, Billed, Billing, Charge, Method, Paid, Payment};
use ledger::id::{DemandNo, DwellingNo, VoucherSeq};
use ledger::journal::{Book, Style};
use ledger::money::Money;
use serde_json::json;

use crate::doors::Doors;
use crate::levy::{all_laws_hold, code, later};
use crate::on_both;
use crate::world::{World, day};

async fn bill(world: &World, from: &str, charges: &[(DwellingNo, i64)]) -> Billed {
    let from_on = day(from);
    let billing = Billing {
        item: "物业费".into(),
        from_on,
        to_on: ledger::calendar::Month::of(from_on).last_day(),
        due_on: None,
        bills: charges
            .iter()
            .map(|(dwelling_no, fen)| Charge {
                dwelling_no: *dwelling_no,
                amount: Money::fen(*fen),
            })
            .collect(),
    };
    world.act("fees.bill", billing, |tx, b| Box::pin(fees::bill(tx, b))).await.unwrap().answer
}

async fn pay(world: &World, dwelling_no: DwellingNo, fen: i64, on: &str) -> Paid {
    let payment = Payment {
        dwelling_no,
        amount: Money::fen(fen),
        method: Method::Cash,
        received_on: day(on),
        reference: String::new(),
        payer: String::new(),
        line_no: None,
    };
    world.act("fees.pay", payment, |tx, p| Box::pin(fees::pay(tx, p))).await.unwrap().answer
}

fn notice(stage: u8, room: Option<&str>, class: Option<u8>, on: &str) -> Notifying {
    Notifying {
        stage,
        room: room.map(str::to_owned),
        class,
        channel: Channel::Post,
        on: day(on),
        time: "09:30".into(),
        pay_by: None,
        reason: String::new(),
        remark: String::new(),
    }
}

async fn notify(world: &World, asked: Notifying) -> Result<Notified> {
    let done = world.act("arrears.notify", asked, |tx, a| Box::pin(arrears::notify(tx, a)));
    done.await.map(|done| done.answer)
}

async fn promise(world: &World, room: &str, on: &str, parts: &[(&str, i64)]) -> Result<DemandNo> {
    let asked = Promising {
        room: room.into(),
        on: day(on),
        instalments: parts
            .iter()
            .map(|(on, fen)| Instalment { due_on: day(on), amount_fen: Money::fen(*fen) })
            .collect(),
        evidence: "承诺书 1".into(),
    };
    let done = world.act("arrears.promise", asked, |tx, a| Box::pin(arrears::promise(tx, a)));
    done.await.map(|done| done.answer)
}

async fn prove(world: &World, no: i32, on: &str) -> Result<()> {
    let asked = Proving { delivered_on: day(on), evidence: "签收回执 7".into() };
    let done = world.act("arrears.prove", (DemandNo(no), asked), |tx, (no, asked)| {
        Box::pin(arrears::prove(tx, *no, asked))
    });
    done.await.map(|_| ())
}

async fn sue(world: &World, room: &str, on: &str, court: &str) -> Result<DemandNo> {
    let asked =
        Suing { room: room.into(), on: day(on), court: court.into(), evidence: "案号 1".into() };
    let done = world.act("arrears.sue", asked, |tx, a| Box::pin(arrears::sue(tx, a)));
    done.await.map(|done| done.answer)
}

/// Three dwellings: 1-1-101 owes three months (4,000 of the first paid), 1-1-102 two, 1-2-101 one.
async fn three_who_owe(world: &World) -> [DwellingNo; 3] {
    let [a, b, c] = [
        world.dwelling("1-1-101").await,
        world.dwelling("1-1-102").await,
        world.dwelling("1-2-101").await,
    ];
    bill(world, "2025-10-01", &[(a, 9_000), (b, 8_000)]).await;
    bill(world, "2025-11-01", &[(a, 9_000)]).await;
    bill(world, "2025-12-01", &[(a, 9_000), (b, 8_000), (c, 7_000)]).await;
    pay(world, a, 4_000, "2026-01-05").await;
    [a, b, c]
}

async fn state(world: &World, on: &str) -> Vec<(PlanState, i64, i64)> {
    let mut view = world.books.read().await.unwrap();
    let plans = arrears::plans(&mut view, world.compound, day(on)).await.unwrap();
    plans.iter().map(|p| (p.state, p.settled_fen.in_fen(), p.promised_fen.in_fen())).collect()
}

on_both! {
    async fn what_is_owed_ages_and_agrees_with_the_ledger(world: World) {
        three_who_owe(&world).await;
        let mut view = world.books.read().await.unwrap();
        let told = arrears::ageing(&mut view, world.compound, day("2026-01-05"), By::Dwelling).await.unwrap();
        let rows: Vec<_> = told.rows.iter()
            .map(|r| (r.of.as_str(), r.class_1_fen.in_fen(), r.class_2_fen.in_fen(), r.open_fen.in_fen()))
            .collect();
        assert_eq!(rows, [("1-1-101", 9_000, 14_000, 23_000), ("1-1-102", 8_000, 8_000, 16_000), ("1-2-101", 7_000, 0, 7_000)]);
        assert_eq!((told.total.open_fen.in_fen(), told.ledger_fen.in_fen(), told.agrees), (46_000, 46_000, true));
        // As of the last day of the year the payment had not come and December was not overdue.
        let then = arrears::ageing(&mut view, world.compound, day("2025-12-31"), By::Stair).await.unwrap();
        let rows: Vec<_> = then.rows.iter().map(|r| (r.of.as_str(), r.not_due_fen.in_fen(), r.open_fen.in_fen())).collect();
        assert_eq!(rows, [("1幢1单元", 17_000, 43_000), ("1幢2单元", 7_000, 7_000)]);
        assert!(then.agrees);
    }

    async fn notices_follow_each_other_and_threaten_nothing(world: World) {
        three_who_owe(&world).await;
        let threat = Notifying { remark: "三日内不缴将停水停电".into(), ..notice(1, Some("1-1-101"), None, "2026-01-05") };
        assert_eq!(code(notify(&world, threat).await), "arrears.no-sanction");
        let long = Notifying { remark: "长".repeat(201), ..notice(1, Some("1-1-101"), None, "2026-01-05") };
        assert_eq!(code(notify(&world, long).await), "arrears.text");
        let cases = [
            ("arrears.day", notice(1, Some("1-1-101"), None, "2026-01-06")),
            ("arrears.day", Notifying { pay_by: Some(day("2026-01-19")), ..notice(1, Some("1-1-101"), None, "2026-01-05") }),
            ("arrears.no-stage", notice(4, Some("1-1-101"), None, "2026-01-05")),
            ("arrears.no-stage", notice(1, None, None, "2026-01-05")),
            ("arrears.no-stage", notice(1, Some("1-1-101"), Some(2), "2026-01-05")),
            ("arrears.nothing-overdue", notice(1, Some("1-1-201"), None, "2026-01-05")),
            ("arrears.nothing-overdue", notice(1, None, Some(4), "2026-01-05")),
            ("arrears.stage-skipped", notice(2, Some("1-1-101"), None, "2026-01-05")),
        ];
        for (wanted, asked) in cases {
            assert_eq!(code(notify(&world, asked).await), wanted);
        }
        // All whose oldest overdue bill is in the second class, as one act; 1-2-101 is in the first.
        let sent = notify(&world, notice(1, None, Some(2), "2026-01-05")).await.unwrap();
        assert_eq!((sent.claims.len(), sent.sum_fen.in_fen(), sent.passed.len()), (2, 39_000, 0));
        assert_eq!(code(notify(&world, notice(2, Some("1-1-101"), None, "2026-01-05")).await), "arrears.too-soon");
        let late = notify(&world, notice(2, None, Some(2), "2026-01-05")).await.unwrap();
        assert_eq!((late.claims.len(), late.passed.len(), late.passed[0].code.as_str()), (0, 2, "arrears.too-soon"));

        later(&world, "2026-01-21");
        assert_eq!(code(prove(&world, 99, "2026-01-06").await), "arrears.no-claim");
        assert_eq!(code(prove(&world, 1, "2026-01-04").await), "arrears.day");
        prove(&world, 1, "2026-01-06").await.unwrap();
        assert_eq!(code(prove(&world, 1, "2026-01-06").await), "arrears.proved");
        let second = notify(&world, notice(2, Some("1-1-101"), None, "2026-01-21")).await.unwrap();
        assert_eq!(second.claims, [DemandNo(3)]);

        let mut view = world.books.read().await.unwrap();
        let limits = arrears::limits(&mut view, world.compound, day("2026-01-21"), 1_100).await.unwrap();
        let told: Vec<_> = limits.iter()
            .map(|l| (l.room.as_str(), l.runs_out_on, l.debt_runs_out_on, l.restarted_by))
            .collect();
        let notice = Some(ClaimKind::Notice);
        // 1-1-102 was sent a notice nobody proved: nothing restarted.
        assert_eq!(told, [
            ("1-1-102", day("2028-10-31"), day("2028-12-31"), None),
            ("1-1-102", day("2028-12-31"), day("2028-12-31"), None),
            ("1-2-101", day("2028-12-31"), day("2028-12-31"), None),
            ("1-1-101", day("2029-01-06"), day("2029-01-06"), notice),
            ("1-1-101", day("2029-01-06"), day("2029-01-06"), notice),
            ("1-1-101", day("2029-01-06"), day("2029-01-06"), notice),
        ]);
        assert!(arrears::limits(&mut view, world.compound, day("2026-01-21"), 90).await.unwrap().is_empty());

        let compound = ledger::property::compound(&mut view, "xiaohe").await.unwrap();
        let paper = arrears::notice(&mut view, &compound, DemandNo(1)).await.unwrap();
        let lines: Vec<_> = paper.lines.iter()
            .map(|l| (l.billed_fen.in_fen(), l.received_fen.in_fen(), l.open_fen.in_fen()))
            .collect();
        assert_eq!(lines, [(9_000, 4_000, 5_000), (9_000, 0, 9_000), (9_000, 0, 9_000)]);
        assert_eq!((paper.sum_fen.in_fen(), paper.last_paid_on), (23_000, Some(day("2026-01-05"))));
        let text = paper.in_text();
        assert!(text.contains("230.00 元（贰佰叁拾元整）") && text.contains("业*") && !text.contains("业主1"), "{text}");
        drop(view);
        all_laws_hold(&world).await;
    }

    async fn a_promise_kept_holds_back_notices_and_a_broken_one_does_not(world: World) {
        let [_, b, _] = three_who_owe(&world).await;
        assert_eq!(code(promise(&world, "1-1-102", "2026-01-05", &[("2026-02-10", 15_999)]).await), "arrears.plan-sum");
        assert_eq!(code(promise(&world, "1-1-102", "2026-01-05", &[]).await), "arrears.plan-days");
        assert_eq!(code(promise(&world, "1-1-201", "2026-01-05", &[("2026-02-10", 1)]).await), "arrears.nothing-overdue");
        let parts = [("2026-02-10", 6_000), ("2026-03-10", 10_000)];
        let plan = promise(&world, "1-1-102", "2026-01-05", &parts).await.unwrap();
        assert_eq!(code(prove(&world, plan.0, "2026-01-05").await), "arrears.proved");
        assert_eq!(code(notify(&world, notice(1, Some("1-1-102"), None, "2026-01-05")).await), "arrears.plan-kept");
        let sent = notify(&world, notice(1, None, Some(2), "2026-01-05")).await.unwrap();
        assert_eq!((sent.claims.len(), sent.passed[0].room.as_str()), (1, "1-1-102"));

        later(&world, "2026-03-11");
        pay(&world, b, 6_000, "2026-02-10").await;
        assert_eq!(state(&world, "2026-02-11").await, [(PlanState::Kept, 6_000, 6_000)]);
        assert_eq!(state(&world, "2026-03-11").await, [(PlanState::Broken, 6_000, 16_000)]);
        notify(&world, notice(1, Some("1-1-102"), None, "2026-03-11")).await.unwrap();
        // Another promise takes the place of the first.
        promise(&world, "1-1-102", "2026-03-11", &[("2026-04-10", 10_000)]).await.unwrap();
        let states: Vec<_> = state(&world, "2026-03-11").await.into_iter().map(|(state, ..)| state).collect();
        assert_eq!(states, [PlanState::Replaced, PlanState::Kept]);
        pay(&world, b, 10_000, "2026-03-11").await;
        assert_eq!(state(&world, "2026-03-11").await[1].0, PlanState::Fulfilled);
        sue(&world, "1-2-101", "2026-03-11", "区人民法院").await.unwrap();
        assert_eq!(code(sue(&world, "1-2-101", "2026-03-11", "").await), "arrears.text");
        all_laws_hold(&world).await;
    }

    /// `domain.md` §4.3, every figure by hand: money of other periods, a waiver and a receipt taken back are in no current rate.
    async fn the_collection_rate_is_what_was_worked_out_by_hand(world: World) {
        let [a, b, c] = [world.dwelling("1-1-101").await, world.dwelling("1-1-102").await, world.dwelling("1-2-101").await];
        bill(&world, "2025-11-01", &[(a, 10_000)]).await;
        let december = bill(&world, "2025-12-01", &[(a, 10_000), (b, 10_000), (c, 10_000)]).await;
        pay(&world, a, 15_000, "2025-12-05").await;
        pay(&world, b, 12_000, "2025-12-20").await;
        let taken = pay(&world, c, 6_000, "2025-12-21").await.voucher.seq;
        world.act("bank.reverse", taken, |tx, seq: &VoucherSeq| {
            Box::pin(bank::reverse(tx, Book::Service, *seq, day("2025-12-28"), Style::Opposite, "误收"))
        }).await.unwrap();
        let waived = fees::Remitting {
            room: ledger::property::RoomCode::parse("1-2-101").unwrap(),
            bill_no: december.bills[2],
            amount_fen: Some(Money::fen(4_000)),
            on: day("2025-12-29"),
            reason: "漏水期间减免".into(),
        };
        world.act("fees.waive", waived, |tx, waived| Box::pin(fees::waive(tx, waived))).await.unwrap();
        // January takes 2,000 of what b had prepaid.
        bill(&world, "2026-01-01", &[(b, 10_000)]).await;

        let asked = |from: &str, on: &str, by| rate::Asked {
            from_on: day(from),
            to_on: ledger::calendar::Month::of(day(from)).last_day(),
            counted_on: day(on),
            basis: rate::Basis::Charged,
            by,
        };
        let mut view = world.books.read().await.unwrap();
        for by in [By::Building, By::Stair, By::Month, By::Item, By::Dwelling] {
            let told = rate::collection(&mut view, world.compound, &asked("2025-12-01", "2025-12-31", by)).await.unwrap();
            assert!(told.agrees(), "{by:?} {:?}", told.checks);
            let rate = |r: &rate::Rate| (r.part, r.whole, r.percent.clone().unwrap());
            let total = &told.total;
            assert_eq!(rate(&total.current_rate), (15_000, 26_000, "57.7%".into()));
            assert_eq!(rate(&total.cumulative_rate), (25_000, 36_000, "69.4%".into()));
            assert_eq!(rate(&total.household_rate), (1, 3, "33.3%".into()));
            assert_eq!(rate(&total.recovery_rate), (10_000, 10_000, "100.0%".into()));
            assert_eq!((total.closing_fen.in_fen(), total.prepaid_fen.in_fen(), total.breaks_even), (11_000, 2_000, Some(false)));
            let by_day = &told.receipts_total;
            let parts = [by_day.current_fen, by_day.earlier_fen, by_day.later_fen, by_day.prepaid_fen, by_day.cash_fen];
            assert_eq!(parts.map(Money::in_fen), [15_000, 10_000, 0, 2_000, 27_000]);
        }
        let january = rate::collection(&mut view, world.compound, &asked("2026-01-01", "2026-01-05", By::Stair)).await.unwrap();
        assert!(january.agrees());
        let first = &january.rows[0];
        assert_eq!((first.of.as_str(), first.current_rate.part, first.current_rate.whole), ("1幢1单元", 2_000, 10_000));
        assert_eq!((first.opening_fen.in_fen(), january.rows[1].current_rate.percent.clone()), (5_000, None));
        // What was prepaid and taken is no new money.
        assert_eq!(january.receipts_total.cash_fen, Money::ZERO);
        let never = rate::Asked { counted_on: day("2025-11-30"), ..asked("2025-12-01", "2025-12-31", By::Stair) };
        assert_eq!(code(rate::collection(&mut view, world.compound, &never).await), "arrears.period");
        drop(view);
        all_laws_hold(&world).await;
    }

    async fn the_doors_and_the_command_line_say_the_same(world: World) {
        three_who_owe(&world).await;
        let doors = Doors::of(&world);
        let listed = doors.get("/arrears?find=1-1-").await.must(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        assert_eq!((&listed["items"][0]["of"], &listed["items"][0]["open_fen"]), (&json!("1-1-101"), &json!(23_000)));
        let sheet = doors.get("/arrears?format=csv").await;
        assert!(sheet.text().contains("1-2-101"), "{}", sheet.text());
        let summary = doors.get("/arrears-summary?by=building").await.must(200);
        assert_eq!((&summary["agrees"], &summary["total"]["open_fen"]), (&json!(true), &json!(46_000)));

        let body = json!({ "stage": 1, "room": "1-1-101", "channel": "visit", "on": "2026-01-05", "remark": "切断供电" });
        doors.post("/arrears-notices", body).await.problem(422, "arrears.no-sanction");
        let body = json!({ "stage": 1, "class": 2, "channel": "visit", "on": "2026-01-05" });
        assert_eq!(doors.post("/arrears-notices", body).await.must(201)["claims"], json!([1, 2]));
        let proof = json!({ "delivered_on": "2026-01-05", "evidence": "签收回执" });
        doors.post("/arrears-notices/1/proof", proof).await.must(201);
        assert_eq!(doors.get("/arrears-notices/1").await.must(200)["sum_fen"], 23_000);
        let plan = json!({ "room": "1-2-101", "on": "2026-01-05", "evidence": "承诺书", "instalments": [{ "due_on": "2026-02-01", "amount_fen": 7_000 }] });
        doors.post("/arrears-plans", plan).await.must(201);
        assert_eq!(doors.get("/arrears-plans?state=kept").await.must(200)["items"][0]["room"], "1-2-101");
        let suit = json!({ "room": "1-1-102", "on": "2026-01-05", "court": "区人民法院", "evidence": "收件回执" });
        doors.post("/arrears-lawsuits", suit).await.must(201);
        assert_eq!(doors.get("/arrears-claims").await.must(200)["items"].as_array().unwrap().len(), 4);
        assert_eq!(doors.get("/limitations?within=1200").await.must(200)["items"].as_array().unwrap().len(), 6);
        let told = doors.get("/collection?from=2025-10&to=2025-12&by=stair&on=2026-01-05").await.must(200);
        assert_eq!(told["total"]["current_rate"], json!({ "part": 4_000, "whole": 50_000, "percent": "8.0%" }));
        assert!(told["definitions"][1]["means"].as_str().unwrap().contains("本期应收 − 本期减免"));
        let rows = doors.get("/collection-rows?from=2025-10&to=2025-12&by=stair&on=2026-01-05").await.must(200);
        assert_eq!(rows["items"][1]["of"], "1幢2单元");
        let stranger = doors.knock(&crate::doors::token(Role::Owner), "GET", "/arrears", None).await;
        assert!(stranger.status.is_client_error());

        let at = |args: &'static [&'static str]| crate::cli::at(&world, args);
        let said = at(&["arrears", "ageing", "--compound", "xiaohe"]).await.must(0);
        assert!(said.out.contains("1-1-101  尚欠 230.00") && said.out.contains("核对相符"), "{}", said.out);
        let text = at(&["arrears", "text", "1", "--compound", "xiaohe"]).await.must(0);
        assert!(text.out.contains("催缴提醒") && text.out.contains("230.00"), "{}", text.out);
        at(&["arrears", "prove", "2", "--compound", "xiaohe", "--on", "2026-01-05", "--evidence", "邮件号 1"]).await.must(0);
        let said = at(&["collection", "rates", "--compound", "xiaohe", "--from", "2025-10", "--to", "2025-12", "--on", "2026-01-05"]).await.must(0);
        assert!(said.out.contains("本期收缴率 8.0%（40.00 ÷ 500.00），未达保本线"), "{}", said.out);
        assert!(said.out.contains("【清欠率】") && !said.out.contains("不符"), "{}", said.out);
        let said = at(&["arrears", "promise", "--compound", "xiaohe", "--room", "1-1-101", "--on", "2026-01-05", "--pay", "2026-02-01=1.00", "--evidence", "承诺书"]).await.must(1);
        assert!(said.err.contains("arrears.plan-sum"), "{}", said.err);
        for args in [
            &["arrears", "claims", "--compound", "xiaohe"][..],
            &["arrears", "plans", "--compound", "xiaohe"],
            &["arrears", "limits", "--compound", "xiaohe", "--within", "1200"],
        ] {
            assert!(crate::cli::at(&world, args).await.must(0).out.contains("1-2-101"), "{args:?}");
        }
        all_laws_hold(&world).await;
    }
}
