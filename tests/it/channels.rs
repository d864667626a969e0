//! Payment channels: bills read to the fen and taken once, orders named, held, paid out and signed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request as Knock;
use ledger::books::Role;
use ledger::books::{Actor, Books, Done, Request};
use ledger::channel::claim::{self, Accept, Accepted, Applied, Apply, Hold, Kept, Return};
use ledger::channel::day::{self, DayAccount, Sign, SignedDay};
use ledger::channel::invoice::{self, Issued, Issuing, Link, TieInvoice, Wanted};
use ledger::channel::matching::{self, Class};
use ledger::channel::payout::{self, Settle, Settled};
use ledger::channel::{self, Channel, OrderKind, State, Which, collection};
use ledger::error::{Error, Result};
use ledger::fees::{self, Billing, Charge, Method, Payment};
use ledger::id::{CompoundId, DwellingNo, ImportNo, InvoiceNo, LineNo, OrderNo, PaymentNo};
use ledger::import::{self, Kind, Report, Terms};
use ledger::intake::File;
use ledger::journal::{self, AsOf, Book, Style};
use ledger::money::Money;
use ledger::property;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::doors::{Doors, at, bearer};
use crate::world::{World, day};
use crate::{cli, on_both};

fn sample(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../api/demo/wutongli").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn fen(fen: i64) -> Money {
    Money::fen(fen)
}

pub(crate) async fn take(
    books: &Books,
    compound: &str,
    kind: Kind,
    name: &str,
    bytes: &[u8],
) -> Result<Report> {
    let (name_of, good_rows, book) = (None, false, Book::Service);
    let terms = Terms { compound: compound.to_owned(), name: name_of, good_rows, book };
    let reading = import::read(kind, File { name, bytes }, &terms)?;
    import::commit(books, &Actor::operator(), Arc::new(reading), &terms).await
}

/// What a whole file is refused by.
fn refused(kind: Kind, bytes: &[u8]) -> &'static str {
    match read(kind, bytes) {
        Ok(report) => panic!("taken: {report:?}"),
        Err(error) => error.code(),
    }
}

fn read(kind: Kind, bytes: &[u8]) -> Result<import::Reading> {
    let terms =
        Terms { compound: "xiaohe".into(), name: None, good_rows: true, book: Book::Service };
    import::read(kind, File { name: "账单.csv", bytes }, &terms)
}

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TRAILER: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// One row of a merchant's bill of orders.
#[derive(Clone, Copy)]
pub(crate) struct Row<'r> {
    pub(crate) at: &'r str,
    pub(crate) no: &'r str,
    pub(crate) merchant: &'r str,
    pub(crate) payer: &'r str,
    pub(crate) yuan: &'r str,
    /// The refund's number and amount, if it is one.
    pub(crate) refund: Option<(&'r str, &'r str)>,
    pub(crate) words: &'r str,
    pub(crate) fee: &'r str,
}

pub(crate) fn row<'r>(at: &'r str, no: &'r str, yuan: &'r str, words: &'r str) -> Row<'r> {
    Row { at, no, merchant: "", payer: "", yuan, refund: None, words, fee: "0.00000" }
}

fn yuan(text: &str) -> i64 {
    Money::parse(text).unwrap().in_fen()
}

/// A merchant's bill as WeChat Pay writes it, its trailer true.
pub(crate) fn bill(rows: &[Row<'_>]) -> String {
    let mut text = format!("\u{feff}{HEADER}\r\n");
    let (mut sum, mut refunds, mut fees) = (0, 0, rust_decimal::Decimal::ZERO);
    for r in rows {
        let (state, refund, back) = match r.refund {
            Some((refund, back)) => ("REFUND", refund, back),
            None => ("SUCCESS", "0", "0.00"),
        };
        let amount = if r.refund.is_some() { "0.00" } else { r.yuan };
        sum += yuan(amount);
        refunds += yuan(back);
        fees += r.fee.parse::<rust_decimal::Decimal>().unwrap();
        let cells = [
            r.at,
            "wx0",
            "1600000000",
            "0",
            "",
            r.no,
            r.merchant,
            r.payer,
            "JSAPI",
            state,
            "OTHERS",
            "CNY",
            amount,
            "0.00",
            refund,
            "0",
            back,
            "0.00",
            "",
            "",
            r.words,
            "",
            r.fee,
            "0.60%",
            amount,
            back,
            "",
        ];
        let _ = writeln!(text, "{}\r", cells.map(|cell| format!("`{cell}")).join(","));
    }
    let (sum, refunds) = (fen(sum), fen(refunds));
    let _ = write!(
        text,
        "{TRAILER}\r\n`{},`{sum},`{refunds},`0.00,`{fees},`{sum},`{refunds}\r\n",
        rows.len()
    );
    text
}

/// A statement of the service account.
pub(crate) fn statement(lines: &[(&str, &str, &str)]) -> String {
    let mut text =
        "交易日期,交易时间,收入金额,支出金额,账户余额,对方户名,摘要,交易流水号\n".to_owned();
    let mut balance = 0;
    for (at, (on, amount, who)) in lines.iter().enumerate() {
        let moved = yuan(amount);
        balance += moved;
        let (income, out) =
            if moved > 0 { (*amount, "") } else { ("", amount.trim_start_matches('-')) };
        let _ = writeln!(text, "{on},10:00:00,{income},{out},{},{who},转账,S{at}", fen(balance));
    }
    text
}

struct Counter<'w>(&'w World);

impl Counter<'_> {
    async fn wechat(&self, rows: &[Row<'_>]) -> Report {
        let text = bill(rows);
        let report =
            take(&self.0.books, "xiaohe", Kind::Wechat, "微信.csv", text.as_bytes()).await.unwrap();
        assert_eq!(report.rejected, []);
        report
    }

    async fn bank(&self, lines: &[(&str, &str, &str)]) {
        let text = statement(lines);
        let report =
            take(&self.0.books, "xiaohe", Kind::Bank, "银行.csv", text.as_bytes()).await.unwrap();
        assert!(report.committed, "{:?}", report.rejected);
    }

    async fn bill(&self, rooms: &[(&str, i64)]) {
        let mut bills = Vec::new();
        for (room, amount) in rooms {
            bills.push(Charge { dwelling_no: self.0.dwelling(room).await, amount: fen(*amount) });
        }
        let (from_on, to_on) = (day("2025-12-01"), day("2025-12-31"));
        let billing = Billing { item: "物业费".into(), from_on, to_on, due_on: None, bills };
        self.0
            .act("fees.bill", billing, |tx, billing| Box::pin(fees::bill(tx, billing)))
            .await
            .unwrap();
    }

    async fn pay(&self, room: &str, amount: i64, on: &str, reference: &str) -> PaymentNo {
        let payment = Payment {
            dwelling_no: self.0.dwelling(room).await,
            amount: fen(amount),
            method: Method::Wechat,
            received_on: day(on),
            reference: reference.to_owned(),
            payer: String::new(),
            line_no: None,
        };
        let paid = self.0.act("fees.pay", payment, |tx, payment| Box::pin(fees::pay(tx, payment)));
        paid.await.unwrap().answer.payment_no
    }

    async fn apply(&self, channel: Channel) -> Applied {
        apply(&self.0.books, self.0.compound, channel, 1_000).await
    }

    async fn accept(
        &self,
        no: i32,
        dwelling: Option<DwellingNo>,
        receipt: Option<i32>,
    ) -> Result<Accepted> {
        let payment_no = receipt.map(PaymentNo);
        let given = Accept { order_no: OrderNo(no), dwelling_no: dwelling, payment_no };
        let done =
            self.0.act("channel.accept", given, |tx, given| Box::pin(claim::accept(tx, given)));
        done.await.map(|done| done.answer)
    }

    async fn hold(&self, no: i32) -> Result<Kept> {
        self.hold_for(no, "付款人未写房号").await
    }

    async fn hold_for(&self, no: i32, reason: &str) -> Result<Kept> {
        let given = Hold { order_no: OrderNo(no), reason: reason.to_owned() };
        let done = self.0.act("channel.hold", given, |tx, given| Box::pin(claim::hold(tx, given)));
        done.await.map(|done| done.answer)
    }

    async fn give_back(
        &self,
        no: i32,
        refund: Option<i32>,
        line: Option<(i32, &str)>,
    ) -> Result<Kept> {
        let given = Return {
            order_no: OrderNo(no),
            refund_no: refund.map(OrderNo),
            line_no: line.map(|(no, _)| LineNo(no)),
            on: line.map(|(_, on)| day(on)),
            reason: "付错小区".to_owned(),
        };
        let done =
            self.0.act("channel.return", given, |tx, given| Box::pin(claim::give_back(tx, given)));
        done.await.map(|done| done.answer)
    }

    async fn settle(
        &self,
        line: i32,
        (from, to): (&str, &str),
        said: Option<(i64, &str)>,
    ) -> Result<Settled> {
        let given = Settle {
            channel: Channel::Wechat,
            line_no: LineNo(line),
            from_on: day(from),
            to_on: day(to),
            difference: said.map(|(difference, _)| fen(difference)),
            reason: said.map_or(String::new(), |(_, reason)| reason.to_owned()),
        };
        let done =
            self.0.act("channel.settle", given, |tx, given| Box::pin(payout::settle(tx, given)));
        done.await.map(|done| done.answer)
    }

    async fn sign(&self, account: DayAccount, on: &str, why: &[(&str, &str)]) -> Result<SignedDay> {
        let explained = why.iter().map(|(item, reason)| ((*item).to_owned(), (*reason).to_owned()));
        let given = Sign { account, on: day(on), explained: explained.collect() };
        let done =
            self.0.act("channel.sign-day", given, |tx, given| Box::pin(day::sign(tx, given)));
        done.await.map(|done| done.answer)
    }

    async fn order(&self, no: i32) -> channel::Order {
        let mut view = self.0.books.read().await.unwrap();
        channel::order(&mut view, self.0.compound, OrderNo(no)).await.unwrap()
    }

    /// The debit balance of an account of the service book.
    async fn stands(&self, account: i32) -> i64 {
        let mut view = self.0.books.read().await.unwrap();
        let trial =
            journal::trial_balance(&mut view, self.0.compound, Book::Service, AsOf::default())
                .await
                .unwrap();
        let of = trial.rows.iter().filter(|row| row.account == account);
        of.map(|row| row.debit_fen.in_fen() - row.credit_fen.in_fen()).sum()
    }

    async fn laws_hold(&self) -> BTreeMap<String, u64> {
        let laws = ledger::verify::verify(&self.0.books, None).await.unwrap();
        for law in &laws {
            assert_eq!((law.failed, &law.first), (0, &None), "{}", law.name);
        }
        laws.into_iter().map(|law| (law.name.to_string(), law.checked)).collect()
    }
}

pub(crate) async fn apply(
    books: &Books,
    compound: CompoundId,
    channel: Channel,
    most: i32,
) -> Applied {
    let given = Apply { channel, after: OrderNo(0), most };
    let request = Request::new("channel.apply", given).alone();
    let done: Done<Applied> = books
        .act(&Actor::operator(), compound, request, |tx, given| Box::pin(claim::apply(tx, given)))
        .await
        .unwrap();
    done.answer
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("a refusal").code()
}

on_both! {
    async fn the_samples_bills_come_to_their_totals_and_double_nothing(world: World) {
        world.clock.set(ledger::calendar::Instant::parse("2026-06-30T09:00:00+08:00").unwrap());
        let totals: Value = serde_json::from_slice(&sample("totals.json")).unwrap();
        let books = &world.books;
        let terms = Terms { compound: "wutongli".into(), name: None, good_rows: false, book: Book::Fund };
        let register = sample("房产清册.xlsx");
        let reading = import::read(Kind::Register, File { name: "房产清册.xlsx", bytes: &register }, &terms).unwrap();
        import::commit(books, &Actor::operator(), Arc::new(reading), &terms).await.unwrap();
        let files = [(Kind::Wechat, "微信交易账单_202601.csv", "wechat"), (Kind::Alipay, "alipay_202601.zip", "alipay")];
        for (kind, name, word) in files {
            let report = take(books, "wutongli", kind, name, &sample(name)).await.unwrap();
            let told = serde_json::to_value(&report).unwrap();
            assert_eq!(report.rejected, [], "{name}");
            assert!(report.committed);
            assert_eq!(told["rows"], totals[format!("{word}_rows")], "{name}");
            assert_eq!(told["sum_fen"], totals[format!("{word}_fen")], "{name}");
            assert_eq!(told["in_fen"], totals[format!("{word}_fen")], "{name}");
            assert_eq!(told["matchable"], totals[format!("{word}_rows")], "every order names its room");
            let again = take(books, "wutongli", kind, name, &sample(name)).await.unwrap();
            assert_eq!((again.good, again.known, again.committed), (0, report.rows, false), "{name}");
        }
        let mut view = books.read().await.unwrap();
        let compound = property::compound(&mut view, "wutongli").await.unwrap().id;
        let statements = channel::statements(&mut view, compound).await.unwrap();
        assert_eq!(statements.len(), 2);
        assert_eq!(statements[1].account, "1600000000");
        assert_eq!(statements[1].fee_e5, 7_028_000);
        assert_eq!((statements[0].account.as_str(), statements[0].from_on, statements[0].to_on),
            ("20880000000000000156", day("2026-01-01"), day("2026-01-31")));
        drop(view);

        let mut booked = 0;
        for channel in Channel::ALL {
            let done = apply(books, compound, channel, 5_000).await;
            assert_eq!((done.waiting, done.tied, done.next), (0, 0, None));
            booked += done.amount_fen.in_fen();
            assert_eq!(apply(books, compound, channel, 5_000).await.applied, 0, "once");
        }
        let total = |word: &str| totals[word].as_i64().unwrap();
        assert_eq!(booked, total("wechat_fen") + total("alipay_fen"));
        let mut view = books.read().await.unwrap();
        let trial = journal::trial_balance(&mut view, compound, Book::Service, AsOf::default()).await.unwrap();
        let debit = |account: i32| {
            trial.rows.iter().find(|row| row.account == account).map(|row| row.debit_fen.in_fen())
        };
        assert_eq!(debit(101_201), Some(total("wechat_fen")));
        assert_eq!(debit(101_202), Some(total("alipay_fen")));
        drop(view);
        let laws = Counter(&world).laws_hold().await;
        assert_eq!((laws["orders-paid"], laws["orders-once"], laws["payments-posted"]), (160, 160, 160));
    }

    async fn a_month_from_the_bill_to_the_signature(world: World) {
        let counter = Counter(&world);
        world.clock.set(ledger::calendar::Instant::parse("2026-01-20T09:00:00+08:00").unwrap());
        counter.bill(&[("1-1-101", 10_000), ("1-1-102", 10_000), ("1-1-201", 8_000)]).await;
        let receipt = counter.pay("1-1-202", 5_000, "2026-01-03", "T4").await;
        let rows = [
            Row { fee: "0.60000", ..row("2026-01-02 08:00:00", "T1", "100.00", "小河里 1-1-101 物业费") },
            Row { fee: "0.48000", ..row("2026-01-02 09:00:00", "T2", "80.00", "物业费") },
            Row { fee: "0.06000", ..row("2026-01-02 10:00:00", "T3", "10.00", "不知道") },
            Row { fee: "0.30000", ..row("2026-01-03 08:00:00", "T4", "50.00", "柜台已登记") },
            Row { fee: "0.12000", ..row("2026-01-03 09:00:00", "T5", "20.00", "付错了") },
            Row { refund: Some(("R5", "20.00")), fee: "-0.12000", ..row("2026-01-03 18:00:00", "T5", "0.00", "付错了") },
        ];
        let report = counter.wechat(&rows).await;
        assert_eq!((report.rows, report.sum_fen), (6, fen(24_000)));

        let mut view = world.books.read().await.unwrap();
        let page = (OrderNo(0), 100);
        let found = matching::proposals(&mut view, world.compound, Channel::Wechat, page.0, page.1).await.unwrap();
        drop(view);
        let classes: Vec<(i32, Class)> = found.iter().map(|(order, p)| (order.no.0, p.class)).collect();
        assert_eq!(classes, [
            (1, Class::Exact), (2, Class::Ambiguous), (3, Class::Unknown), (4, Class::Exact),
            (5, Class::Unknown), (6, Class::Ambiguous),
        ]);
        assert!(found.iter().all(|(_, proposal)| !proposal.why.is_empty()));
        assert_eq!(found[5].1.returns, Some(OrderNo(5)));

        let applied = counter.apply(Channel::Wechat).await;
        assert_eq!((applied.applied, applied.tied, applied.waiting), (2, 1, 4));
        assert_eq!(counter.order(4).await.payment, Some(receipt), "what the counter took is not taken again");
        // A payout waits until every order of it is something.
        counter.bank(&[("2026-01-04", "160.00", "财付通支付科技有限公司"), ("2026-01-04", "50.00", "某人"), ("2026-01-05", "78.56", "财付通支付科技有限公司")]).await;
        assert_eq!(code(counter.settle(1, ("2026-01-02", "2026-01-02"), None).await), "channel.payout-open-orders");
        let home = world.dwelling("1-1-201").await;
        let accepted = counter.accept(2, Some(home), None).await.unwrap();
        assert_eq!((accepted.settled.len(), accepted.prepaid_fen), (1, Money::ZERO));
        counter.hold(3).await.unwrap();
        counter.hold(5).await.unwrap();
        assert_eq!(counter.stands(224_101).await, -3_000);
        counter.give_back(5, Some(6), None).await.unwrap();
        assert_eq!(counter.stands(224_101).await, -1_000);
        assert_eq!(counter.order(5).await.state, State::Returned);
        assert_eq!(counter.order(6).await.state, State::Applied);

        // 2 January: 190.00 less 1.14; the bank has 160.00. The difference must be said, and stays on the channel's account.
        let settled = counter.settle(1, ("2026-01-02", "2026-01-02"), None).await;
        let refusal = settled.expect_err("a difference");
        assert_eq!(refusal.code(), "channel.payout-differs");
        assert!(refusal.to_string().contains("-28.86"), "{refusal}");
        assert_eq!(code(counter.settle(1, ("2026-01-02", "2026-01-02"), Some((-2_885, "在途"))).await), "channel.payout-differs");
        counter.settle(1, ("2026-01-02", "2026-01-02"), Some((-2_886, "渠道次日补付"))).await.unwrap();
        // 3 January: 50.00 + 20.00 − 20.00, charges 0.30 + 0.12 − 0.12; the bank has 78.56, the rest of the day before with it.
        assert_eq!(code(counter.settle(2, ("2026-01-02", "2026-01-02"), None).await), "channel.payout-nothing");
        let settled = counter.settle(3, ("2026-01-03", "2026-01-03"), Some((2_886, "补付 1 月 2 日"))).await.unwrap();
        assert_eq!((settled.sums.fee_fen, settled.sums.net()), (fen(30), fen(4_970)));
        assert_eq!(code(counter.settle(3, ("2026-01-03", "2026-01-03"), None).await), "bank.line-taken");
        assert_eq!(counter.stands(101_201).await, 0, "what was short came");
        assert_eq!(counter.stands(6603).await, 144);

        // The held order turns out to be somebody's.
        let home = world.dwelling("1-1-102").await;
        counter.accept(3, Some(home), None).await.unwrap();
        assert_eq!(counter.stands(224_101).await, 0);
        assert_eq!(counter.order(3).await.dwelling, Some(home));

        for (account, on) in [(DayAccount::Wechat, "2026-01-02"), (DayAccount::Wechat, "2026-01-03")] {
            let signed = counter.sign(account, on, &[]).await.unwrap();
            assert_eq!((signed.tie.difference_fen, signed.tie.items.len()), (Money::ZERO, 0), "{on}");
            assert_eq!(code(counter.sign(account, on, &[]).await), "channel.day-signed");
        }
        let refusal = counter.sign(DayAccount::ServiceBank, "2026-01-04", &[]).await.expect_err("a line of nobody");
        assert_eq!(refusal.code(), "channel.day-unexplained");
        assert!(refusal.to_string().contains("line:2"), "{refusal}");
        let why = [("line:2", "待查，次日处理")];
        let signed = counter.sign(DayAccount::ServiceBank, "2026-01-04", &why).await.unwrap();
        assert_eq!((signed.tie.statement_fen, signed.tie.difference_fen), (fen(21_000), fen(5_000)));
        let laws = counter.laws_hold().await;
        assert_eq!((laws["payouts-posted"], laws["orders-paid"], laws["held-money"]), (2, 4, 2));
        assert_eq!(laws["bank-claims-true"], 2);
    }

    async fn what_is_held_is_given_back_by_the_bank_too_and_a_reversal_opens_an_order_again(world: World) {
        let counter = Counter(&world);
        counter.wechat(&[row("2026-01-02 08:00:00", "T1", "30.00", "不知道"), row("2026-01-02 08:00:00", "T2", "40.00", "1-1-101")]).await;
        counter.hold(1).await.unwrap();
        assert_eq!(code(counter.hold(1).await), "channel.decided");
        counter.bank(&[("2026-01-04", "100.00", "某人"), ("2026-01-04", "-30.00", "某人")]).await;
        assert_eq!(code(counter.give_back(1, None, Some((2, "2026-01-03"))).await), "bank.not-this-payment");
        counter.give_back(1, None, Some((2, "2026-01-04"))).await.unwrap();
        assert_eq!(counter.order(1).await.state, State::Returned);
        assert_eq!(code(counter.accept(1, None, None).await), "channel.decided");
        assert_eq!(code(counter.give_back(2, None, Some((2, "2026-01-04"))).await), "bank.not-this-payment");

        let first = counter.accept(2, None, None).await.unwrap();
        assert_eq!(code(counter.accept(2, None, None).await), "channel.decided");
        let reversal = (first.voucher, day("2026-01-05"));
        world.act("journal.reverse", reversal, |tx, (seq, on)| {
            Box::pin(ledger::bank::reverse(tx, Book::Service, *seq, *on, Style::Red, "认错了"))
        }).await.unwrap();
        assert_eq!(counter.order(2).await.state, State::Open);
        let home = world.dwelling("1-1-102").await;
        counter.accept(2, Some(home), None).await.unwrap();
        assert_eq!(counter.order(2).await.dwelling, Some(home));
        counter.laws_hold().await;
    }

    async fn a_payment_that_the_channel_gave_back_is_refunded(world: World) {
        let counter = Counter(&world);
        counter.bill(&[("1-1-101", 5_000)]).await;
        let back = |no: &'static str, yuan: &'static str| Row {
            refund: Some((no, yuan)), ..row("2026-01-03 18:00:00", "T1", "0.00", "多付")
        };
        let rows = [row("2026-01-02 08:00:00", "T1", "60.00", "物业费"), back("R1", "20.00"), back("R2", "50.00")];
        counter.wechat(&rows).await;
        let home = world.dwelling("1-1-101").await;
        let paid = counter.accept(1, Some(home), None).await.unwrap();
        assert_eq!((paid.settled[0].amount_fen, paid.prepaid_fen), (fen(5_000), fen(1_000)));
        let kept = counter.give_back(1, Some(2), None).await.unwrap();
        assert_eq!(kept.amount_fen, fen(2_000));
        // What was ahead goes first, then the bill: 10.00 of it is owed again.
        let mut view = world.books.read().await.unwrap();
        let stands = ledger::journal::dwelling_balances(&mut view, world.compound, Book::Service, ledger::journal::AsOf::default());
        let stands: Vec<_> = stands.await.unwrap().into_iter().filter(|(no, _, debit)| *no == home && !debit.is_zero()).collect();
        assert_eq!(stands, [(home, 1122, fen(1_000))]);
        drop(view);
        let order = counter.order(2).await;
        assert_eq!((order.state, order.payment), (State::Applied, Some(paid.payment_no)));
        assert_eq!(code(counter.give_back(1, Some(2), None).await), "channel.not-this-refund");
        assert_eq!(code(counter.give_back(1, Some(3), None).await), "fees.over-paid");
        counter.laws_hold().await;
    }

    async fn what_is_not_so_is_refused_by_its_own_rule(world: World) {
        let counter = Counter(&world);
        let refund = Row { refund: Some(("R1", "10.00")), ..row("2026-01-02 18:00:00", "T1", "0.00", "退") };
        let rows = [
            row("2026-01-02 08:00:00", "T1", "10.00", "物业费"), refund,
            row("2026-01-02 09:00:00", "T3", "20.00", "1-1-101 和 1-1-102"),
        ];
        counter.wechat(&rows).await;
        assert_eq!(code(counter.accept(9, None, None).await), "channel.no-order");
        assert_eq!(code(counter.accept(2, None, None).await), "channel.not-money-in");
        assert_eq!(code(counter.accept(3, None, None).await), "channel.no-candidate");
        assert_eq!(code(counter.accept(3, None, Some(7)).await), "channel.not-this-payment");
        let receipt = counter.pay("1-1-101", 1_999, "2026-01-02", "").await;
        assert_eq!(code(counter.accept(3, None, Some(receipt.0)).await), "channel.not-this-payment");
        assert_eq!(code(counter.hold_for(1, "?").await), "channel.reason");
        assert_eq!(code(counter.give_back(3, Some(2), None).await), "channel.not-this-refund");
        assert_eq!(code(counter.give_back(1, Some(2), None).await), "channel.not-held");
        assert_eq!(code(counter.give_back(1, None, None).await), "channel.not-this-refund");
        counter.bank(&[("2026-01-03", "30.00", "财付通")]).await;
        assert_eq!(code(counter.settle(1, ("2026-01-03", "2026-01-02"), None).await), "channel.payout-period");
        assert_eq!(code(counter.settle(1, ("2026-01-01", "2026-01-04"), None).await), "channel.payout-period");
        assert_eq!(code(counter.sign(DayAccount::Wechat, "2026-01-05", &[]).await), "channel.day-not-over");
        assert_eq!(code(counter.sign(DayAccount::Alipay, "2026-01-02", &[]).await), "channel.day-without-statement");
        assert_eq!(code(counter.sign(DayAccount::FundBank, "2026-01-02", &[]).await), "channel.day-without-statement");
        let refusal = counter.sign(DayAccount::Wechat, "2026-01-02", &[("order:1", "在途")]).await.expect_err("open orders");
        assert_eq!(refusal.code(), "channel.day-unexplained");
        let mut view = world.books.read().await.unwrap();
        let today = world.clock.now().day();
        let refused = collection::collect(&mut view, world.compound, "???", today, false).await;
        assert_eq!(code(refused), "channel.no-template");
        drop(view);
        counter.laws_hold().await;
    }

    async fn overlapping_bills_and_the_bill_of_funds_double_nothing(world: World) {
        let counter = Counter(&world);
        let first = [
            Row { fee: "0.06000", ..row("2026-01-01 08:00:00", "T1", "10.00", "1-1-101") },
            Row { fee: "0.12000", ..row("2026-01-02 08:00:00", "T2", "20.00", "1-1-102") },
        ];
        counter.wechat(&first).await;
        let overlap = [first[1], row("2026-01-03 08:00:00", "T3", "20.00", "1-1-102")];
        let report = counter.wechat(&overlap).await;
        assert_eq!((report.good, report.known), (1, 1));
        // Another summary of the same order is the same order.
        let told_anew = [Row { words: "改过的摘要", ..first[0] }];
        assert_eq!(counter.wechat(&told_anew).await.known, 1);
        let funds = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n\
            `2026-01-01 08:00:01,`T1,`F1,`交易,`交易,`收入,`10.00,`10.00,`system,`,`W1\r\n\
            `2026-01-01 08:00:02,`T1,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.06,`9.94,`system,`,`W1\r\n\
            `2026-01-04 08:00:02,`T9,`F3,`交易,`交易,`收入,`7.00,`16.94,`system,`,`W9\r\n\
            `2026-01-04 08:00:02,`T9,`F4,`扣除交易手续费,`扣除交易手续费,`支出,`0.04,`16.90,`system,`,`W9\r\n\
            `2026-01-04 09:00:00,`X1,`F5,`提现,`提现,`支出,`9.94,`6.96,`admin,`,`W0\r\n\
            资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`5,`2,`17.00,`3,`10.04\r\n";
        let report = take(&world.books, "xiaohe", Kind::Wechat, "资金.csv", funds.as_bytes()).await.unwrap();
        assert_eq!((report.good, report.known, report.rejected.len()), (3, 2, 0), "{:?}", report.rejected);
        let mut view = world.books.read().await.unwrap();
        let all = channel::orders(&mut view, world.compound, Which::default(), OrderNo(0), 100).await.unwrap();
        let kinds: Vec<_> = all.iter().map(|o| (o.number.as_str(), o.kind)).collect();
        assert_eq!(kinds, [
            ("T1", OrderKind::Pay), ("T2", OrderKind::Pay), ("T3", OrderKind::Pay),
            ("T9", OrderKind::Pay), ("F4", OrderKind::Fee), ("F5", OrderKind::Withdrawal),
        ]);
        assert_eq!(payout::sums(all.iter()).fee_fen, fen(22));
        drop(view);
        let wrong = funds.replace("`3,`10.04", "`3,`10.05");
        assert_eq!(refused(Kind::Wechat, wrong.as_bytes()), "intake.totals-disagree");

        // An import is undone while nothing stands on it.
        let undo = async |no: i32| {
            let request = Request::new("import.undo", ImportNo(no)).alone();
            let operator = Actor::operator();
            let undone = world.books.act(&operator, world.compound, request, |tx, no: &ImportNo| {
                Box::pin(import::undo(tx, *no))
            });
            undone.await.map(|done| done.answer.rows)
        };
        counter.accept(3, None, None).await.unwrap();
        assert_eq!(code(undo(2).await), "import.in-use");
        assert_eq!(undo(3).await.unwrap(), 3);
        assert_eq!(take(&world.books, "xiaohe", Kind::Wechat, "资金.csv", funds.as_bytes()).await.unwrap().good, 3);
        counter.laws_hold().await;
    }

    async fn an_order_without_a_number_is_counted_among_its_equals(world: World) {
        let header = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注";
        let line = |on: &str| format!("{on},二维码收款,王一,/,收入,¥28.16,/,已存入零钱,,,1-1-101\r\n");
        let bill = |lines: &[String]| format!("微信支付账单明细\r\n{header}\r\n{}", lines.concat());
        let two = bill(&[line("2026-01-02 08:00:00"), line("2026-01-02 08:00:00")]);
        let first = take(&world.books, "xiaohe", Kind::Wechat, "a.csv", two.as_bytes()).await.unwrap();
        assert_eq!((first.good, first.rejected.len()), (2, 0), "two equal lines are two");
        let three = bill(&[line("2026-01-02 08:00:00"), line("2026-01-02 08:00:00"), line("2026-01-02 08:00:00")]);
        let again = take(&world.books, "xiaohe", Kind::Wechat, "a.csv", three.as_bytes()).await.unwrap();
        assert_eq!((again.good, again.known), (1, 2));
    }

    async fn a_collection_file_comes_to_what_is_open(world: World) {
        let counter = Counter(&world);
        counter.bill(&[("1-1-101", 10_000), ("1-1-102", 12_345)]).await;
        counter.pay("1-1-101", 1_000, "2026-01-02", "").await;
        let mut view = world.books.read().await.unwrap();
        let today = world.clock.now().day();
        for template in collection::templates() {
            let masked = collection::collect(&mut view, world.compound, &template.name, today, false).await.unwrap();
            let text = String::from_utf8(masked.csv).unwrap();
            assert_eq!((masked.rows, masked.total, masked.owners.len()), (2, fen(21_345), 0), "{}", template.called);
            assert!(text.contains("业*") && !text.contains("业主1111"), "{text}");
            let whole = collection::collect(&mut view, world.compound, &template.name, today, true).await.unwrap();
            assert!(String::from_utf8(whole.csv).unwrap().contains("业主1111"));
            assert_eq!(whole.owners.len(), 3, "1-1-101 has two owners");
        }
    }
}

/// What a platform answers in tests: a number made of the key, or a refusal.
struct Fake {
    is_open: bool,
}

impl Issuing for Fake {
    async fn issue(&self, wanted: &Wanted) -> std::result::Result<Issued, String> {
        if !self.is_open {
            return Err("税控系统维护中".to_owned());
        }
        let tail: String = wanted.key.chars().filter(char::is_ascii_digit).collect();
        let tax = fen(wanted.total.in_fen() * 6 / 106);
        Ok(Issued {
            number: format!("9{tail:0>19}"),
            issued_on: day("2026-01-05"),
            seller: "某物业".to_owned(),
            amount: wanted.total - tax,
            tax,
        })
    }
}

const INVOICES: &str = "序号,数电发票号码,销方名称,购买方名称,开票日期,货物或应税劳务名称,金额,税额,价税合计,发票状态,是否正数发票,备注\n";

fn invoice_line(no: u8, total: &str, is_blue: &str, remark: &str) -> String {
    let total = yuan(total);
    let tax = total * 6 / 106;
    let (amount, tax, total) = (fen(total - tax), fen(tax), fen(total));
    format!(
        "{no},263100000000000000{no:02},某物业,业主1111,2026-01-04 10:00:00,*物业管理服务*物业费,{amount},{tax},{total},正常,{is_blue},{remark}\n"
    )
}

on_both! {
    async fn an_invoice_is_for_one_payment_and_a_red_one_takes_one_back(world: World) {
        let counter = Counter(&world);
        let first = counter.pay("1-1-101", 10_000, "2026-01-02", "A").await;
        let second = counter.pay("1-1-102", 5_000, "2026-01-02", "B").await;
        let list = [
            INVOICES.to_owned(),
            invoice_line(1, "100.00", "是", &format!("收据 {first}")),
            invoice_line(2, "60.00", "是", ""),
            invoice_line(3, "-60.00", "否", "被红冲蓝字数电票号码：26310000000000000002 红字发票信息确认单编号：1"),
            invoice_line(4, "-40.00", "否", ""),
            invoice_line(5, "50.00", "是", ""),
        ].concat();
        let report = take(&world.books, "xiaohe", Kind::Invoices, "数电票.csv", list.as_bytes()).await.unwrap();
        assert_eq!((report.good, report.rejected.len(), report.sum_fen), (5, 0, fen(11_000)), "{:?}", report.rejected);
        let again = take(&world.books, "xiaohe", Kind::Invoices, "数电票.csv", list.as_bytes()).await.unwrap();
        assert_eq!((again.good, again.known), (0, 5));
        let mut view = world.books.read().await.unwrap();
        let kept = invoice::invoices(&mut view, world.compound, InvoiceNo(0), 10).await.unwrap();
        drop(view);
        let ties: Vec<_> = kept.iter().map(|i| (i.payment_no, i.blue_no, i.taken_back_fen.in_fen())).collect();
        assert_eq!(ties, [
            (Some(first), None, 0), (None, None, 6_000), (None, Some(InvoiceNo(2)), 0), (None, None, 0), (None, None, 0),
        ]);
        assert_eq!(kept[0].buyer, "业*");

        let tie = async |invoice: i32, payment: PaymentNo| {
            let given = TieInvoice { invoice_no: InvoiceNo(invoice), payment_no: payment };
            world.act("channel.tie-invoice", given, |tx, given| Box::pin(invoice::tie(tx, given))).await
        };
        assert_eq!(code(tie(9, first).await), "channel.no-invoice");
        assert_eq!(code(tie(1, second).await), "channel.invoice-used");
        assert_eq!(code(tie(2, second).await), "channel.invoice-taken-back");
        assert_eq!(code(tie(3, second).await), "channel.invoice-is-red");
        assert_eq!(code(tie(5, first).await), "channel.invoice-beyond");
        assert_eq!(code(tie(5, PaymentNo(77)).await), "channel.invoice-no-payment");
        tie(5, second).await.unwrap();
        let link = async |red: i32, blue: i32| {
            let given = Link { red_no: InvoiceNo(red), blue_no: InvoiceNo(blue) };
            world.act("channel.link-invoice", given, |tx, given| Box::pin(invoice::link(tx, given))).await
        };
        assert_eq!(code(link(1, 2).await), "channel.invoice-not-red");
        assert_eq!(code(link(3, 1).await), "channel.invoice-linked");
        assert_eq!(code(link(4, 2).await), "channel.invoice-beyond");
        link(4, 1).await.unwrap();

        // 40.00 of the first were taken back, and may be invoiced anew: the platform is asked for exactly that.
        let ask = async |is_open: bool, payment: PaymentNo| {
            let words = ("业主1111", "物业费");
            invoice::issue(&world.books, &Actor::operator(), world.compound, &Fake { is_open }, payment, words).await
        };
        assert_eq!(code(ask(false, first).await), "channel.invoice-not-issued");
        let issued = ask(true, first).await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let issued = invoice::invoice(&mut view, world.compound, issued).await.unwrap();
        assert_eq!((issued.total_fen, issued.payment_no), (fen(4_000), Some(first)));
        drop(view);
        assert_eq!(code(ask(true, first).await), "channel.invoice-beyond");

        world.found("dahe", "大河里小区").await;
        let elsewhere = take(&world.books, "dahe", Kind::Invoices, "数电票.csv", list.as_bytes()).await.unwrap();
        assert_eq!((elsewhere.good, elsewhere.rejected.len()), (0, 5));
        assert_eq!(elsewhere.rejected[0].code, "channel.invoice-registered");
        let laws = counter.laws_hold().await;
        assert_eq!(laws["invoices-within-payments"], 2);
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn rejected(kind: Kind, text: &str) -> Vec<String> {
    let told = format!("{:?}", read(kind, text.as_bytes()).unwrap());
    let codes = told.split("code: \"").skip(1);
    codes.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Every quirk of `property.md` §5.9 that concerns a channel's bill.
#[test]
fn bad_bills_are_refused_by_their_own_sentence() {
    let good = bill(&[
        row("2026-01-02 08:00:00", "T1", "10.00", "1-1-101"),
        row("2026-01-02 08:00:00", "T2", "20.00", "1-1-102"),
    ]);
    read(Kind::Wechat, good.as_bytes()).unwrap();
    read(Kind::Wechat, good.trim_start_matches('\u{feff}').as_bytes()).unwrap();
    read(Kind::Wechat, &utf16(&good)).unwrap();
    // The trailer disagrees, in each of its figures.
    for (true_figure, false_figure) in [
        ("`2,`30.00", "`3,`30.00"),
        ("`2,`30.00", "`2,`30.01"),
        ("`0.00000,`30.00", "`0.01000,`30.00"),
    ] {
        let wrong = good.replace(true_figure, false_figure);
        assert_ne!(wrong, good, "{true_figure}");
        assert_eq!(
            refused(Kind::Wechat, wrong.as_bytes()),
            "intake.totals-disagree",
            "{false_figure}"
        );
    }
    // A row taken out by hand; the trailer cut off.
    let lines: Vec<&str> = good.lines().collect();
    let without = [lines[0], lines[1], lines[3], lines[4]].join("\r\n");
    assert_eq!(refused(Kind::Wechat, without.as_bytes()), "intake.totals-disagree");
    assert_eq!(refused(Kind::Wechat, lines[..3].join("\r\n").as_bytes()), "intake.trailer-missing");
    // Zero rows of a file that is not empty.
    assert_eq!(
        refused(Kind::Wechat, [lines[0], lines[3], lines[4]].join("\r\n").as_bytes()),
        "intake.no-rows"
    );
    assert_eq!(refused(Kind::Wechat, b"hello\r\nworld\r\n"), "intake.no-header");
    assert_eq!(refused(Kind::Wechat, b""), "intake.empty-file");
    // A row too wide, a row too narrow, an order twice, a word nobody knows.
    let wide = good.replace("`1-1-102", "`1-1-102,多出的一列");
    assert_eq!(rejected(Kind::Wechat, &wide), ["intake.ragged-row"]);
    let narrow = good.replacen(",`20.00,`0.00,`\r", ",`20.00\r", 1);
    assert_ne!(narrow, good);
    assert_eq!(rejected(Kind::Wechat, &narrow), ["intake.short-row"]);
    assert_eq!(rejected(Kind::Wechat, &good.replace("`T2", "`T1")), ["intake.order-twice"]);
    assert_eq!(
        rejected(Kind::Wechat, &good.replacen("`SUCCESS", "`USERPAYING", 1)),
        ["intake.order-kind"]
    );
    // The header again in the middle is passed over.
    let twice = [lines[0], lines[1], HEADER, lines[2], lines[3], lines[4]].join("\r\n");
    read(Kind::Wechat, twice.as_bytes()).unwrap();
    // The other channel's bill, and a bank's.
    assert_eq!(refused(Kind::Alipay, good.as_bytes()), "intake.other-kind");
    assert_eq!(refused(Kind::Bank, good.as_bytes()), "intake.other-kind");
    let invoices = [INVOICES.to_owned(), invoice_line(1, "100.00", "是", "")].concat();
    assert_eq!(
        rejected(Kind::Invoices, &invoices.replace("26310000000000000001", "2631000")),
        ["intake.invoice-number"]
    );
    assert_eq!(
        rejected(Kind::Invoices, &invoices.replace("100.00", "100.01")),
        ["intake.invoice-sum"]
    );
}

const ALIPAY: &str = "#支付宝业务明细查询\r\n#账号：[20880000000000000156]\r\n#起始日期：[2026年01月01日 00:00:00]   终止日期：[2026年01月04日 00:00:00]\r\n#-----业务明细列表-----\r\n\
支付宝交易号,商户订单号,业务类型,商品名称,完成时间,对方账户,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）,备注\r\n\
A1\t,M1\t,交易,物业费,2026-01-02 08:00:00,199****0000,50.00,50.00,,-0.30,1-1-101\r\n\
A2\t,M2\t,交易,物业费,2026-01-02 09:00:00,199****0000,20.00,20.00,,-0.12,1-1-102\r\n\
A2\t,M2\t,退款,物业费,2026-01-03 09:00:00,199****0000,-20.00,-20.00,B1,0.12,1-1-102\r\n\
#-----业务明细列表结束-----\r\n#交易合计：2笔，商家实收共70.00元，商家优惠共0.00元\r\n#退款合计：1笔，商家实收退款共-20.00元，商家优惠退款共0.00元\r\n#导出时间：[2026年01月04日 09:30:00]\r\n";

#[test]
fn every_form_of_a_bill_is_read() {
    let alipay = |bytes: &[u8]| {
        ledger::intake::channel(File { name: "支付宝.csv", bytes }, Channel::Alipay).unwrap()
    };
    let read_one = alipay(ALIPAY.as_bytes());
    assert_eq!(
        (read_one.paid, read_one.returned, read_one.fee_e5),
        (fen(7_000), fen(2_000), 30_000)
    );
    assert_eq!(
        (read_one.from_on, read_one.to_on),
        (Some(day("2026-01-01")), Some(day("2026-01-03")))
    );
    assert_eq!(read_one.reading.rows[2].number, "A2/B1");
    for (true_figure, false_figure) in
        [("2笔，商家实收共70.00", "2笔，商家实收共70.01"), ("合计：1笔", "合计：2笔")]
    {
        let wrong = ALIPAY.replace(true_figure, false_figure);
        assert_eq!(refused(Kind::Alipay, wrong.as_bytes()), "intake.totals-disagree");
    }
    let cut = ALIPAY.split("#-----业务明细列表结束").next().unwrap();
    assert_eq!(refused(Kind::Alipay, cut.as_bytes()), "intake.trailer-missing");

    let funds = "#支付宝账务明细查询\r\n\
        账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注\r\n\
        1,A1,M1,物业费,2026-01-02 08:00:00,199****0000,50.00,,50.00,支付宝,在线支付,1-1-101\r\n\
        2,A1,M1,服务费,2026-01-02 08:00:01,,,-0.30,49.70,支付宝,收费,\r\n\
        3,A2,M2,物业费,2026-01-03 09:00:00,199****0000,,-20.00,29.70,支付宝,交易退款,\r\n\
        4,W1,,提现,2026-01-03 10:00:00,,,-29.70,0.00,支付宝,提现,\r\n\
        #支出合计：3笔，共-50.00元\r\n#收入合计：1笔，共50.00元\r\n";
    let read_two = alipay(funds.as_bytes());
    let kinds: Vec<OrderKind> = read_two.reading.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [OrderKind::Pay, OrderKind::Fee, OrderKind::Refund, OrderKind::Withdrawal]);
    assert_eq!(read_two.fee_e5, 30_000);
    let key = |reading: &ledger::intake::ChannelReading, at: usize| {
        reading.reading.rows[at].row_key.clone()
    };
    assert_eq!(key(&read_one, 0), key(&read_two, 0), "one order on two bills");
    assert_eq!(key(&read_one, 2), key(&read_two, 2), "one refund on two bills");
    assert_eq!(
        refused(Kind::Alipay, funds.replace("：1笔，共50.00", "：1笔，共50.10").as_bytes()),
        "intake.totals-disagree"
    );

    let personal = "------------------------支付宝（中国）网络技术有限公司  电子客户回单------------------------\r\n\
        共3笔记录\r\n收入：1笔 28.16元\r\n支出：1笔 5.00元\r\n\
        交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,\r\n\
        2026-01-02 08:00:00,转账红包,王一,wan***@x.cn,收款,收入,28.16,,交易成功,P1\t,\t,1-1-101,\r\n\
        2026-01-02 09:00:00,餐饮,某店,x,饭,支出,5.00,余额,交易成功,P2\t,\t,,\r\n\
        2026-01-02 10:00:00,投资理财,余额宝,x,转入,不计收支,9.00,余额,交易成功,P3\t,\t,,\r\n";
    let read_three = alipay(personal.as_bytes());
    assert_eq!((read_three.paid, read_three.reading.rows.len()), (fen(2_816), 2));
    assert_eq!(
        refused(
            Kind::Alipay,
            personal.replace("收入：1笔 28.16元", "收入：1笔 28.17元").as_bytes()
        ),
        "intake.totals-disagree"
    );

    let wechat = "微信支付账单明细\r\n起始时间：[2026-01-01 00:00:00] 终止时间：[2026-01-31 23:59:59]\r\n\
        ----------------------微信支付账单明细列表--------------------\r\n\
        交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\r\n\
        2026-01-02 08:00:00,二维码收款,王一,收款方备注:二维码收款,收入,¥28.16,/,已存入零钱,10001\t,/,1-1-101\r\n\
        2026-01-02 09:00:00,零钱提现,某银行,/,/,¥20.00,某银行,提现已到账,10002\t,/,服务费¥0.02\r\n\
        2026-01-02 10:00:00,商户消费,甲,乙,\"11111111111111\",支出,¥5.00,零钱,支付成功,10003\t,/,/\r\n";
    let read_four =
        ledger::intake::channel(File { name: "w.csv", bytes: wechat.as_bytes() }, Channel::Wechat)
            .unwrap();
    assert_eq!(
        (read_four.paid, read_four.reading.rows.len(), read_four.to_on),
        (fen(2_816), 2, Some(day("2026-01-31")))
    );
    assert_eq!(read_four.reading.rejects.len(), 1, "a comma too many shifts nothing");
    assert_eq!(read_four.reading.rejects[0].code, "intake.ragged-row");
}

/// Alipay's own zip has a summary beside the bill, with names in GBK that do not say so.
#[test]
fn a_zip_with_a_summary_beside_the_bill_is_the_bill() {
    use std::io::Write as _;
    let zipped = |names: &[&str]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in names {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(if name.contains("汇总") {
                b"x,y\r\n1,2\r\n"
            } else {
                ALIPAY.as_bytes()
            })
            .unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    read(Kind::Alipay, &zipped(&["业务明细.csv", "业务明细(汇总).csv"])).unwrap();
    assert_eq!(refused(Kind::Alipay, &zipped(&["一月.csv", "二月.csv"])), "intake.not-one-file");
}

#[test]
fn an_error_of_the_rule_is_told_in_words() {
    let Err(Error::Refused(refusal)) = read(Kind::Wechat, b"\x1f\x8b\x08rest") else {
        panic!("a gzip is no table")
    };
    assert_eq!(refusal.rule.code, "intake.unknown-format");
    assert!(refusal.evidence.contains("GZIP"), "{refusal:?}");
}

on_both! {
    async fn the_wire_does_what_the_counter_does(world: World) {
        let counter = Counter(&world);
        counter.bill(&[("1-1-101", 10_000), ("1-1-102", 5_000)]).await;
        let rows = [
            Row { fee: "0.60000", ..row("2026-01-02 08:00:00", "T1", "100.00", "1-1-101 物业费") },
            row("2026-01-02 09:00:00", "T2", "50.00", "物业费"),
            row("2026-01-02 10:00:00", "T3", "7.00", "不知道"),
            Row { refund: Some(("R3", "7.00")), ..row("2026-01-02 11:00:00", "T3", "0.00", "退") },
            row("2026-01-03 10:00:00", "T5", "1.00", "不知道"),
        ];
        counter.wechat(&rows).await;
        counter.bank(&[("2026-01-03", "149.40", "财付通支付科技有限公司")]).await;
        let doors = Doors::of(&world);
        let listed = doors.get("/channel-orders?channel=wechat&state=open").await.must(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 5);
        assert_eq!(listed["items"][0]["age_days"], 3);
        assert_eq!(doors.get("/channel-statements").await.must(200)["items"][0]["order_count"], 5);
        let proposals = doors.get("/channel-proposals?limit=2").await.must(200);
        assert_eq!(proposals["items"][0]["rooms"], json!(["1-1-101"]));
        assert_eq!(proposals["items"][1]["class"], "ambiguous");
        let applied = doors.post("/channel-matches", json!({ "channel": "wechat" })).await.must(201);
        assert_eq!((&applied["applied"], &applied["waiting"]), (&json!(1), &json!(4)));
        let room = json!({ "room": "1栋1单元102" });
        let accepted = doors.post("/channel-orders/2/accept", room.clone()).await.must(201);
        assert_eq!((&accepted["amount_fen"], &accepted["prepaid_fen"]), (&json!(5_000), &json!(0)));
        doors.post("/channel-orders/2/accept", room).await.problem(409, "channel.decided");
        doors.post("/channel-orders/3/hold", json!({ "reason": "?" })).await.problem(400, "channel.reason");
        doors.post("/channel-orders/3/hold", json!({ "reason": "查不明" })).await.must(201);
        let held = doors.get("/channel-orders?state=held").await.must(200);
        assert_eq!((&held["items"][0]["order_no"], &held["items"][0]["held_fen"]), (&json!(3), &json!(700)));
        let back = json!({ "refund_no": 4, "reason": "原路退回" });
        assert_eq!(doors.post("/channel-orders/3/return", back).await.must(201)["amount_fen"], 700);
        let proposed = doors.get("/payout-proposals").await.must(200);
        let proposed = &proposed["items"][0];
        assert_eq!((&proposed["difference_fen"], &proposed["to_on"]), (&json!(0), &json!("2026-01-02")));
        let settle = json!({ "channel": "wechat", "line_no": 1, "from_on": "2026-01-02", "to_on": "2026-01-02" });
        let settled = doors.post("/channel-payouts", settle).await.must(201);
        assert_eq!((&settled["net_fen"], &settled["fee_fen"]), (&json!(14_940), &json!(60)));
        assert_eq!(doors.get("/channel-payouts").await.must(200)["items"][0]["difference_fen"], 0);
        let day = doors.get("/account-days?account=wechat&on=2026-01-03").await.must(200);
        assert_eq!((&day["difference_fen"], &day["items"][0]["item"]), (&json!(100), &json!("order:5")));
        let sign = |why: Value| json!({ "account": "wechat", "on": "2026-01-03", "explained": why });
        doors.post("/signed-days", sign(json!([]))).await.problem(422, "channel.day-unexplained");
        let why = json!([{ "item": "order:5", "reason": "待查，下周处理" }]);
        assert_eq!(doors.post("/signed-days", sign(why)).await.must(201)["signed_no"], 1);
        assert_eq!(doors.get("/signed-days").await.must(200)["items"][0]["items"][0]["reason"], "待查，下周处理");

        counter.bill(&[("1-2-101", 4_200)]).await;
        let keeper = async |path: &str| {
            let request = Knock::get(at(path)).header("authorization", bearer(Role::PropertyCompany));
            doors.send(request.body(Body::empty()).unwrap()).await
        };
        let masked = keeper("/collection-file").await.must(200);
        assert_eq!((&masked["rows"], &masked["total_fen"]), (&json!(1), &json!(4_200)));
        assert!(!masked["csv"].as_str().unwrap().contains("业主2111"));
        let whole = keeper("/collection-file?template=bill&with_names=true").await.must(200);
        assert!(whole["csv"].as_str().unwrap().contains("业主2111"));
        let log = doors.get("/audit?verb=read.collection").await.must(200);
        assert_eq!(log["items"].as_array().unwrap().len(), 1, "whole names are on record: {log}");

        let list = [INVOICES.to_owned(), invoice_line(1, "100.00", "是", ""), invoice_line(2, "-100.00", "否", "")].concat();
        take(&world.books, "xiaohe", Kind::Invoices, "数电票.csv", list.as_bytes()).await.unwrap();
        doors.post("/invoices/1/tie", json!({ "payment_no": 1 })).await.must(201);
        doors.post("/invoices/1/tie", json!({ "payment_no": 1 })).await.problem(409, "channel.invoice-used");
        assert_eq!(doors.post("/invoices/2/red-of", json!({ "blue_no": 1 })).await.must(201)["blue_no"], 1);
        assert_eq!(doors.get("/invoices").await.must(200)["items"][0]["taken_back_fen"], 10_000);
        counter.laws_hold().await;
    }

    async fn the_command_line_walks_from_the_file_to_the_signature(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let rows = [
            Row { fee: "0.06000", ..row("2026-01-02 08:00:00", "T1", "10.00", "1-1-101 物业费") },
            row("2026-01-02 09:00:00", "T2", "5.00", "物业费"),
        ];
        let bill = cli::file(&folder, "微信.csv", &bill(&rows));
        let bank = cli::file(&folder, "银行.csv", &statement(&[("2026-01-03", "14.94", "财付通")]));
        let list = [INVOICES.to_owned(), invoice_line(1, "10.00", "是", "收据 1")].concat();
        let list = cli::file(&folder, "数电票.csv", &list);
        let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let run = async |line: &str, file: Option<&std::path::Path>| {
            let file = file.map(path);
            let mut words: Vec<&str> = line.split(' ').collect();
            if let Some(file) = &file {
                words.insert(2, file);
            }
            words.extend(["--compound", "xiaohe"]);
            cli::at(&world, &words).await
        };
        let looked = run("import wechat --dry-run --json", Some(&bill)).await.must(0).json();
        assert_eq!((&looked["good"], &looked["committed"], &looked["sum_fen"]), (&json!(2), &json!(false), &json!(1_500)));
        let said = run("import wechat", Some(&bill)).await.must(0).out;
        assert!(said.contains("xiaoqu channel match --compound xiaohe --channel wechat"), "{said}");
        run("import bank --book service", Some(&bank)).await.must(0);
        let said = run("channel match --channel wechat", None).await.must(0).out;
        assert!(said.contains("待定 2 笔：确定 1，很可能 0，有歧义 0，无从认定 1") && said.contains("--apply"), "{said}");
        let applied = run("channel match --channel wechat --apply --json", None).await.must(0).json();
        assert_eq!((&applied["applied"]["applied"], applied["proposals"].as_array().unwrap().len()), (&json!(1), 1));
        run("channel hold 2 --reason 查不明", None).await.must(0);
        run("channel orders --state held", None).await.must(0);
        let said = run("channel payouts", None).await.must(0).out;
        assert!(said.contains("--line 1 --from 2026-01-02 --to 2026-01-02"), "{said}");
        let said = run("channel settle --channel wechat --line 1 --from 2026-01-02 --to 2026-01-02", None).await.must(0).out;
        assert!(said.contains("手续费 0.06 元"), "{said}");
        run("channel accept 2 --room 1-1-102", None).await.must(0);
        let said = run("channel accept 2 --room 1-1-102", None).await.must(1).err;
        assert!(said.contains("channel.decided"), "{said}");
        run("bank day --account wechat --on 2026-01-02", None).await.must(0);
        let signed = run("bank sign-off --account wechat --on 2026-01-02 --json", None).await.must(0).json();
        assert_eq!((&signed["difference_fen"], &signed["statement_fen"]), (&json!(0), &json!(1_500)));
        run("bank sign-off --account service-bank --on 2026-01-03", None).await.must(0);
        assert_eq!(run("bank signed", None).await.must(0).out.lines().count(), 2);
        run("import invoices", Some(&list)).await.must(0);
        assert!(run("invoice list", None).await.must(0).out.contains("收据 1"));
        let out = folder.path().join("托收.csv");
        let told = cli::at(&world, &["channel", "collect", "--compound", "xiaohe", "--json", "--out", &path(&out)]).await;
        assert_eq!(told.must(0).json()["rows"], 0, "nothing is owed");
        run("verify --json", None).await.must(0);
    }
}

on_both! {
    async fn who_paid_lies_sealed_and_is_known_again(world: World) {
        let counter = Counter(&world);
        counter.bill(&[("1-1-101", 10_000), ("1-1-102", 10_000)]).await;
        let payer = "oUpF8uMuAJO_abcdefgh";
        let paid = |at, no, yuan| Row { payer, ..row(at, no, yuan, "电话19900001234 物业费") };
        counter.wechat(&[paid("2026-01-02 08:00:00", "T1", "1.00")]).await;
        let shown = counter.order(1).await;
        assert!(!shown.wording.contains("19900001234") && !shown.payer.contains(payer), "{shown:?}");
        let db = world.back_door().await;
        let sql = "SELECT wording || ' ' || payer AS words FROM channel_order";
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
        let words: String = row.try_get("", "words").unwrap();
        assert!(!words.contains("19900001234") && !words.contains(payer), "{words}");
        let mut view = world.books.read().await.unwrap();
        let hidden = channel::hidden(&mut view, world.compound, OrderNo(1)).await.unwrap();
        assert_eq!((hidden.payer_id.as_str(), hidden.wording.contains("19900001234")), (payer, true));
        drop(view);

        // Whom a payer paid for is remembered, and with the amount that is owed there it is a proposal, not a deed.
        counter.accept(1, Some(world.dwelling("1-1-102").await), None).await.unwrap();
        counter.wechat(&[paid("2026-01-03 08:00:00", "T2", "99.00")]).await;
        let mut view = world.books.read().await.unwrap();
        let found = matching::proposals(&mut view, world.compound, Channel::Wechat, OrderNo(0), 10).await.unwrap();
        assert_eq!((found[0].1.class, found[0].1.candidates.len()), (Class::Likely, 1), "{:?}", found[0].1);
        drop(view);
        assert_eq!(counter.apply(Channel::Wechat).await.applied, 0);
        let home = world.dwelling("1-1-102").await;
        assert_eq!(counter.accept(2, None, None).await.unwrap().dwelling_no, home);
        counter.laws_hold().await;
    }
}
