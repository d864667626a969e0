//! Money comes in: deposits into the fund, seen on a bank line or by hand; service fees against arrears.

use std::sync::Arc;

use ledger::bank::{self, Which};
use ledger::books::Actor;
use ledger::error::Result;
use ledger::fees::{self, Billed, Billing, Charge, Method, Paid, Payment};
use ledger::fund::{self, Assessment, Deposit, DepositKind, Deposited, Seen};
use ledger::id::{DwellingNo, LineNo};
use ledger::import::{self, Kind, Terms};
use ledger::intake::File;
use ledger::journal::{AsOf, Book, Style};
use ledger::money::Money;

use crate::on_both;
use crate::world::{World, day};

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code()
}

async fn deposit(world: &World, deposit: Deposit) -> Result<Deposited> {
    let done = world.act("fund.deposit", deposit, |tx, d| Box::pin(fund::deposit(tx, d)));
    done.await.map(|d| d.answer)
}

fn by_hand(dwelling_no: DwellingNo, fen: i64, receipt_no: &str) -> Deposit {
    let seen = Seen::Hand { amount: Money::fen(fen), received_on: day("2026-01-04") };
    Deposit { dwelling_no, kind: DepositKind::Initial, seen, receipt_no: receipt_no.to_owned() }
}

fn of_line(dwelling_no: DwellingNo, line: i32) -> Deposit {
    let seen = Seen::BankLine { line_no: LineNo(line) };
    Deposit { dwelling_no, kind: DepositKind::Initial, seen, receipt_no: String::new() }
}

async fn bill(world: &World, month: u32, charges: &[(DwellingNo, i64)]) -> Result<Billed> {
    let first = chrono::NaiveDate::from_ymd_opt(2025, month, 1).unwrap();
    let charge = |(dwelling_no, fen): &(DwellingNo, i64)| Charge {
        dwelling_no: *dwelling_no,
        amount: Money::fen(*fen),
    };
    let billing = Billing {
        item: "物业费".to_owned(),
        from_on: first,
        to_on: ledger::calendar::Month::of(first).last_day(),
        due_on: None,
        bills: charges.iter().map(charge).collect(),
    };
    let done = world.act("fees.bill", billing, |tx, b| Box::pin(fees::bill(tx, b)));
    done.await.map(|d| d.answer)
}

async fn pay(world: &World, payment: Payment) -> Result<Paid> {
    let done = world.act("fees.pay", payment, |tx, p| Box::pin(fees::pay(tx, p)));
    done.await.map(|d| d.answer)
}

fn cash(dwelling_no: DwellingNo, fen: i64) -> Payment {
    Payment {
        dwelling_no,
        amount: Money::fen(fen),
        method: Method::Cash,
        received_on: day("2026-01-05"),
        reference: String::new(),
        payer: String::new(),
        line_no: None,
    }
}

pub(crate) async fn statement(world: &World, text: &'static str, book: Book) {
    let terms = Terms { compound: "xiaohe".into(), name: None, good_rows: false, book };
    let reading =
        import::read(Kind::Bank, File { name: "流水.csv", bytes: text.as_bytes() }, &terms);
    let reading = Arc::new(reading.unwrap());
    let report = import::commit(&world.books, &Actor::operator(), reading, &terms).await.unwrap();
    assert!(report.committed, "{:?}", report.rejected);
}

const LINES: &str = "交易时间,收入金额,支出金额,账户余额,对方账号,对方户名,交易用途\n\
    2026-01-02 10:00:00,1200.00,,1200.00,62220001,业主1111,维修资金 1-1-101\n\
    2026-01-03 11:00:00,,45.00,1155.00,11000001,某公司,手续费\n\
    2026-01-04 11:00:00,500.00,,1655.00,62220002,王某,跨行转账\n\
    2026-01-04 11:00:00,500.00,,2155.00,62220002,王某,跨行转账\n";

on_both! {
    async fn a_bank_line_becomes_one_deposit_and_is_free_again_when_that_is_reversed(world: World) {
        statement(&world, LINES, Book::Fund).await;
        let home = world.dwelling("1-1-101").await;
        let first = deposit(&world, of_line(home, 1)).await.unwrap();
        assert_eq!((first.amount_fen.in_fen(), first.received_on), (120_000, day("2026-01-02")));

        assert_eq!(code(deposit(&world, of_line(home, 1)).await), "bank.line-taken");
        assert_eq!(code(deposit(&world, of_line(home, 2)).await), "bank.outgoing");
        assert_eq!(code(deposit(&world, of_line(home, 99)).await), "bank.no-line");
        assert_eq!(code(pay(&world, Payment { line_no: Some(LineNo(3)), ..cash(home, 50_000) }).await), "bank.wrong-book");

        let given = (first.voucher.seq, day("2026-01-05"));
        world.act("bank.reverse", given, |tx, (seq, on)| {
            Box::pin(bank::reverse(tx, Book::Fund, *seq, *on, Style::Red, "认领错了"))
        }).await.unwrap();
        deposit(&world, of_line(home, 1)).await.unwrap();

        let mut view = world.books.read().await.unwrap();
        let open = bank::lines(&mut view, world.compound, Book::Fund, Which::Unclaimed, LineNo(0), 100).await.unwrap();
        assert_eq!(open.len(), 3, "two equal lines of one day are two lines");
        let all = bank::lines(&mut view, world.compound, Book::Fund, Which::All, LineNo(0), 100).await.unwrap();
        assert_eq!(all[0].rooms()[0].as_str(), "1-1-101");
        let laws = ledger::verify::verify(&world.books, None).await.unwrap();
        assert!(laws.iter().all(|l| l.failed == 0), "{laws:?}");
    }

    async fn a_first_deposit_is_not_taken_beyond_what_was_assessed(world: World) {
        let home = world.dwelling("1-1-102").await;
        let assessed = vec![Assessment { dwelling_no: home, due: Money::fen(100_000), standard: "60 元/㎡".into(), due_on: None }];
        world.act("fund.assess", assessed, |tx, a| Box::pin(fund::assess(tx, a))).await.unwrap();

        deposit(&world, by_hand(home, 60_000, "P1")).await.unwrap();
        assert_eq!(code(deposit(&world, by_hand(home, 40_001, "P2")).await), "fund.over-assessment");
        assert_eq!(code(deposit(&world, by_hand(home, 40_000, "P1")).await), "fund.receipt-used");
        assert_eq!(code(deposit(&world, by_hand(home, 0, "P2")).await), "fund.amount");
        assert_eq!(code(deposit(&world, by_hand(DwellingNo(99), 5, "P2")).await), "property.no-dwelling");
        deposit(&world, by_hand(home, 40_000, "P2")).await.unwrap();
        let more = Deposit { kind: DepositKind::TopUp, ..by_hand(home, 1, "P3") };
        deposit(&world, more).await.unwrap();

        let mut view = world.books.read().await.unwrap();
        let account = fund::account(&mut view, world.compound, home, Some(day("2026-01-04")), AsOf::default()).await.unwrap();
        assert_eq!((account.deposited.in_fen(), account.closing.principal.in_fen()), (100_001, 100_001));
        assert_eq!(account.movements.len(), 3);
        let early = AsOf { day: Some(day("2026-01-03")), known_at: None };
        let before = fund::account(&mut view, world.compound, home, None, early).await.unwrap();
        assert_eq!(before.closing.total(), Money::ZERO);
    }

    async fn a_payment_settles_the_oldest_bills_and_the_rest_is_prepaid(world: World) {
        let (a, b) = (world.dwelling("1-1-101").await, world.dwelling("1-1-102").await);
        for month in [11, 10, 12] {
            bill(&world, month, &[(a, 9_000), (b, 8_000)]).await.unwrap();
        }
        assert_eq!(code(bill(&world, 12, &[(a, 9_000)]).await), "fees.billed");

        let first = pay(&world, cash(a, 10_000)).await.unwrap();
        let settled: Vec<(i64, i64)> = first.settled.iter().map(|s| (s.amount_fen.in_fen(), s.left_fen.in_fen())).collect();
        assert_eq!(settled, [(9_000, 0), (1_000, 8_000)], "October first, though billed second");
        let second = pay(&world, cash(a, 20_000)).await.unwrap();
        assert_eq!((second.prepaid_fen.in_fen(), second.payment_no.0), (3_000, 2));

        let next = bill(&world, 9, &[(a, 2_000), (b, 8_000)]).await.unwrap();
        assert_eq!(next.prepaid_fen.in_fen(), 2_000, "a new bill takes from what is prepaid");

        let mut view = world.books.read().await.unwrap();
        let account = fees::account(&mut view, world.compound, a, AsOf::default()).await.unwrap();
        assert_eq!((account.billed_fen.in_fen(), account.arrears_fen.in_fen(), account.prepaid_fen.in_fen()), (29_000, 0, 1_000));
        assert_eq!(account.paid_fen.in_fen(), 30_000, "arrears + paid = billed + prepaid");
        let owed = fees::standings(&mut view, world.compound, AsOf::default()).await.unwrap()[&b];
        assert_eq!(owed.0.in_fen(), 32_000);
        let receipts = fees::receipts(&mut view, world.compound, Some(a), ledger::id::PaymentNo(0), 10).await.unwrap();
        assert_eq!(receipts.len(), 2);
    }

    async fn a_bill_that_cannot_be_made_says_the_true_reason(world: World) {
        let home = world.dwelling("1-1-101").await;
        let billing = |item: &str, from: &str, to: &str, bills: Vec<(DwellingNo, i64)>| Billing {
            item: item.to_owned(),
            from_on: day(from),
            to_on: day(to),
            due_on: None,
            bills: bills.into_iter().map(|(d, f)| Charge { dwelling_no: d, amount: Money::fen(f) }).collect(),
        };
        let cases = [
            ("fees.item", billing("", "2025-01-01", "2025-01-31", vec![(home, 5)])),
            ("fees.period", billing("物业费", "2025-01-31", "2025-01-01", vec![(home, 5)])),
            ("fees.no-bills", billing("物业费", "2025-01-01", "2025-01-31", vec![])),
            ("property.no-dwelling", billing("物业费", "2025-01-01", "2025-01-31", vec![(DwellingNo(77), 5)])),
            ("fees.amount", billing("物业费", "2025-01-01", "2025-01-31", vec![(home, 0)])),
            ("fees.billed", billing("物业费", "2025-01-01", "2025-01-31", vec![(home, 5), (home, 5)])),
        ];
        for (wanted, billing) in cases {
            let done = world.act("fees.bill", billing, |tx, b| Box::pin(fees::bill(tx, b))).await;
            assert_eq!(code(done), wanted);
        }
        assert_eq!(code(pay(&world, cash(home, 0)).await), "fees.amount");
        assert_eq!(code(pay(&world, cash(home, -5)).await), "fees.amount");
    }
}
