//! A WeChat Pay bill of 100,000 lines: read, taken in and matched. The limit is 10 seconds and 300 MiB.
//!
//! `XIAOQU_BENCH_ORDERS` (100,000) orders of the 2,000 dwellings of one compound, each with four bills. What is measured is
//! what a clerk waits for: the file read and judged, every order kept and sealed, a proposal with its reason for each. What
//! is exact is then booked, a page of 1,000 after the other, and told by itself.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant as Moment;

use ledger::books::{Actor, Books, Request};
use ledger::channel::claim::{self, Apply};
use ledger::channel::matching::{self, Class};
use ledger::channel::{Channel, Which};
use ledger::id::{CompoundId, OrderNo};
use ledger::import::{self, Kind, Terms};
use ledger::intake::File;
use ledger::journal::Book;
use ledger::property;

use super::{bench_folder, fresh_pg, megabytes, with_bills};

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const TRAILER: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

fn orders() -> u32 {
    let text = std::env::var("XIAOQU_BENCH_ORDERS").unwrap_or_default();
    text.parse().unwrap_or(100_000)
}

/// On SQLite.
pub(super) async fn on_sqlite() {
    let folder = tempfile::tempdir_in(bench_folder()).expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("channels.sqlite").display());
    run("sqlite", &url).await;
}

/// On PostgreSQL.
pub(super) async fn on_postgres(url: &str) {
    run("postgres", &fresh_pg(url, "bench_ours").await).await;
}

async fn run(what: &str, url: &str) {
    let books = Books::open(url).await.expect("books");
    let (compound, _) = with_bills(&books).await;
    let mut view = books.read().await.expect("a reading");
    let rooms: Vec<String> =
        property::numbers(&mut view, compound).await.expect("rooms").into_values().collect();
    let code = property::compound_code(&mut view, compound).await.expect("a code");
    drop(view);
    let bill = bill(&rooms);
    drop(std::fs::write("/proc/self/clear_refs", "5"));
    let (before, begun) = (megabytes("VmRSS:"), Moment::now());

    let terms = Terms { compound: code, name: None, good_rows: false, book: Book::Service };
    let file = File { name: "微信.csv", bytes: bill.as_bytes() };
    let reading = import::read(Kind::Wechat, file, &terms).expect("read");
    let operator = Actor::operator();
    let report = import::commit(&books, &operator, Arc::new(reading), &terms).await.expect("taken");
    assert!(report.committed && report.rejected.is_empty(), "{:?}", report.rejected.first());
    let taken = begun.elapsed().as_secs_f64();
    let mut view = books.read().await.expect("a reading");
    let found = matching::tally(&mut view, compound, Channel::Wechat).await.expect("matched");
    let (exact, _) = found.get(&Class::Exact).copied().unwrap_or_default();
    println!(
        "{what} wechat bill of {} orders ({} MiB): taken in {taken:.2} s, with {exact} exact matches {:.2} s, {} MiB more memory at its highest",
        orders(),
        bill.len() >> 20,
        begun.elapsed().as_secs_f64(),
        megabytes("VmHWM:").saturating_sub(before),
    );
    drop(view);
    booked(what, &books, compound).await;
    books.close().await.expect("closed");
}

/// Books what is exact, page by page.
async fn booked(what: &str, books: &Books, compound: CompoundId) {
    let begun = Moment::now();
    let (mut after, mut count) = (OrderNo(0), 0);
    loop {
        let given = Apply { channel: Channel::Wechat, after, most: 1_000 };
        let request = Request::new("channel.apply", given).alone();
        let operator = Actor::operator();
        let done =
            books.act(&operator, compound, request, |tx, given| Box::pin(claim::apply(tx, given)));
        let done = done.await.expect("booked").answer;
        count += done.applied;
        match done.next.filter(|_| begun.elapsed().as_secs() < 60) {
            Some(next) => after = next,
            None => break,
        }
    }
    let mut view = books.read().await.expect("a reading");
    let which = Which { only: Some(after), ..Which::default() };
    let last = ledger::channel::orders(&mut view, compound, which, OrderNo(0), 1).await;
    last.expect("the last order");
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{what} wechat orders booked: {count} in {seconds:.2} s, {:.0}/s",
        f64::from(count) / seconds
    );
}

/// The bill as the channel writes it, its trailer true.
fn bill(rooms: &[String]) -> String {
    let count = orders();
    let mut text = format!("\u{feff}{HEADER}\r\n");
    for i in 0..count {
        let room = &rooms[i as usize % rooms.len()];
        let (day, hour, minute, second) = (i % 28 + 1, i / 3_600 % 24, i / 60 % 60, i % 60);
        let _ = write!(
            text,
            "`2025-06-{day:02} {hour:02}:{minute:02}:{second:02},`wx0000000000000000,`1600000000,`0,`,`42000011202506{i:014},`WY{i:012},`oUpF8uMuAJO_{i:08},`JSAPI,`SUCCESS,`OTHERS,`CNY,`500.00,`0.00,`0,`0,`0.00,`0.00,`,`,`大小区 {room} 物业费2025年6月,`{room},`3.00000,`0.60%,`500.00,`0.00,`\r\n"
        );
    }
    let (sum, fees) = (u64::from(count) * 500, u64::from(count) * 3);
    let _ = write!(
        text,
        "{TRAILER}\r\n`{count},`{sum}.00,`0.00,`0.00,`{fees}.00000,`{sum}.00,`0.00\r\n"
    );
    text
}
