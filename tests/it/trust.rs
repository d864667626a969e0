//! The trust money of 酬金制: billed, received, spent, remunerated; the account that is published comes to the ledger.

use ledger::bank;
use ledger::error::Result;
use ledger::fees::billing;
use ledger::fees::{self, Method, Payment};
use ledger::id::VoucherSeq;
use ledger::journal::{Book, Style};
use ledger::money::Money;
use ledger::tariff::{self, Cycle, Formula, NewTariff, Pay, System, Taxpayer, Terms, Timing};
use ledger::trust::{self, Cost, Drawn, Remunerating, Spending};
use serde_json::json;

use crate::doors::Doors;
use crate::levy::{all_laws_hold, code, later};
use crate::on_both;
use crate::world::{World, day};

fn month(text: &str) -> ledger::calendar::Month {
    ledger::calendar::Month::parse(text).unwrap()
}

async fn under(world: &World, system: System, pay: Option<Pay>, from: &str) {
    let terms = Terms {
        from_on: day(from),
        system,
        pay,
        taxpayer: Taxpayer::General,
        penalty: None,
        vacant: None,
        document: "物业服务合同 1".into(),
    };
    let done = world.act("tariff.agree", terms, |tx, t| {
        Box::pin(async move { tariff::agree(tx, t).await.map(|_| ()) })
    });
    done.await.unwrap();
}

async fn spend(world: &World, fen: i64, on: &str, payee: &str) -> Result<Drawn> {
    let asked = Spending {
        cost: Cost::Cleaning,
        payee: payee.into(),
        amount_fen: Money::fen(fen),
        on: day(on),
        evidence: "发票 1".into(),
    };
    let done = world.act("trust.spend", asked, |tx, a| Box::pin(trust::spend(tx, a)));
    done.await.map(|done| done.answer)
}

async fn remunerate(world: &World, text: &str) -> Result<Drawn> {
    let asked = Remunerating { month: month(text) };
    let done = world.act("trust.remunerate", asked, |tx, a| Box::pin(trust::remunerate(tx, a)));
    done.await.map(|done| done.answer)
}

on_both! {
    /// 10 yuan a dwelling and month, 10 % of what is received; 6 % tax within the remuneration.
    async fn what_is_held_is_spent_and_what_is_left_is_the_owners(world: World) {
        under(&world, System::LumpSum, None, "2020-01-01").await;
        assert_eq!(code(spend(&world, 100, "2026-01-05", "保洁公司").await), "trust.not-remuneration");
        under(&world, System::Remuneration, Some(Pay::Share { of_received_bp: 1_000 }), "2025-12-01").await;
        let price = NewTariff {
            item: "物业费".into(),
            formula: Formula::Fixed { price: 10.into() },
            from_on: day("2025-12-01"),
            cycle_months: 1,
            cycle: Cycle::Calendar,
            timing: Timing::Ahead,
            due_days: 30,
            usages: vec![],
            building: None,
            tax: Default::default(),
            document: "物业服务合同 1".into(),
        };
        world.act("tariff.set", price, |tx, t| Box::pin(async move { tariff::set(tx, t).await.map(|_| ()) })).await.unwrap();
        let asked = billing::Asked { month: month("2025-12"), only: None, seen: None };
        let billed = world.act("fees.publish-bills", asked, |tx, a| Box::pin(billing::publish(tx, a))).await.unwrap().answer;
        let total = billed.total_fen.in_fen();
        assert_eq!(total, i64::try_from(billed.bills).unwrap() * 1_000);

        let dwelling_no = world.dwelling("1-1-101").await;
        for (fen, on) in [(600, "2025-12-10"), (400, "2026-01-05")] {
            let payment = Payment {
                dwelling_no,
                amount: Money::fen(fen),
                method: Method::Transfer,
                received_on: day(on),
                reference: String::new(),
                payer: String::new(),
                line_no: None,
            };
            world.act("fees.pay", payment, |tx, p| Box::pin(fees::pay(tx, p))).await.unwrap();
        }
        assert_eq!(code(spend(&world, 0, "2025-12-20", "保洁公司").await), "trust.amount");
        assert_eq!(code(spend(&world, 5, "2025-12-20", "").await), "trust.text");
        spend(&world, 250, "2025-12-20", "保洁公司").await.unwrap();

        assert_eq!(code(remunerate(&world, "2026-01").await), "trust.month");
        assert_eq!(code(remunerate(&world, "2025-11").await), "trust.not-remuneration");
        let taken = remunerate(&world, "2025-12").await.unwrap();
        assert_eq!((taken.base_fen.in_fen(), taken.amount_fen.in_fen(), taken.tax_fen.in_fen()), (600, 60, 3));
        assert_eq!(code(remunerate(&world, "2025-12").await), "trust.taken");
        let seq: VoucherSeq = taken.voucher.seq;
        world.act("bank.reverse", seq, |tx, seq| {
            Box::pin(bank::reverse(tx, Book::Service, *seq, day("2025-12-31"), Style::Red, "误记"))
        }).await.unwrap();
        remunerate(&world, "2025-12").await.unwrap();
        later(&world, "2026-03-01");
        assert_eq!(code(remunerate(&world, "2026-02").await), "trust.nothing-received");

        let mut view = world.books.read().await.unwrap();
        let year = trust::account(&mut view, world.compound, day("2025-01-01"), day("2025-12-31")).await.unwrap();
        let told = [year.opening_fen, year.billed_fen, year.received_fen, year.spent_fen, year.remuneration_fen, year.surplus_fen, year.cash_surplus_fen];
        assert_eq!(told.map(Money::in_fen), [0, total, 600, 250, 60, total - 310, 290]);
        assert!(year.agrees && year.spent.len() == 1, "{year:?}");
        let next = trust::account(&mut view, world.compound, day("2026-01-01"), day("2026-12-31")).await.unwrap();
        assert_eq!((next.opening_fen, next.received_fen.in_fen(), next.agrees), (year.closing_fen, 400, true));
        drop(view);

        let doors = Doors::of(&world);
        let body = json!({ "cost": "greening", "payee": "园林公司", "amount_fen": 100, "on": "2026-03-01", "evidence": "发票 2" });
        doors.post("/service-costs", body).await.must(201);
        assert_eq!(doors.post("/remunerations", json!({ "month": "2026-01" })).await.must(201)["amount_fen"], 40);
        assert_eq!(doors.get("/trust-account?from=2026-01").await.must(200)["spent_fen"], 100);
        let said = crate::cli::at(&world, &["trust", "account", "--compound", "xiaohe", "--year", "2025"]).await.must(0);
        assert!(said.out.contains("2025 年度") && said.out.contains("清洁卫生  2.50") && said.out.contains("相符"), "{}", said.out);
        crate::cli::at(&world, &["trust", "spend", "--compound", "xiaohe", "--cost", "staff", "--payee", "劳务公司", "--amount", "1.00",
            "--on", "2026-03-01", "--evidence", "工资表"]).await.must(0);
        assert!(crate::cli::at(&world, &["trust", "remunerate", "--compound", "xiaohe", "--month", "2026-01"]).await.must(1).err.contains("trust.taken"));
        all_laws_hold(&world).await;
    }
}
