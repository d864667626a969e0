//! Fees against the raw limit: a month's bills against COPY of the same rows, a payment at the counter against the bare
//! transaction.
//!
//! `XIAOQU_BENCH_BILLED` (100,000) dwellings are spread over compounds of 2,000 and billed by area, three months one after the
//! other on the same books. Everything is in ours: the price looked up, each bill reckoned with its working and compared with
//! the last, what is prepaid asked for, vouchers checked and chained. COPY writes to tables that hold the months before.

use std::fmt::Write as _;
use std::time::{Duration, Instant as Moment};

use ledger::books::{Actor, Books, Request, Role};
use ledger::calendar::{Clock, Instant, Month};
use ledger::fees::{self, Method, Part, Taking, billing};
use ledger::id::CompoundId;
use ledger::money::Money;
use ledger::property::RoomCode;
use ledger::tariff::{self, Cycle, Formula, NewTariff, System, Taxpayer, Terms, Timing, vat};
use sea_orm::sqlx::{self, Executor, PgPool};

use super::{
    CLIENTS, CONNECTIONS, DWELLINGS, HASH, RAW_TABLES, copied, enrolled, found_compounds, fresh_pg,
    loops, next_key, room_of, say, with_bills,
};

const RAW_BILLS: &str = "CREATE TABLE raw_matter (compound_id INTEGER NOT NULL, matter_no INTEGER NOT NULL, kind TEXT NOT NULL,
  name TEXT NOT NULL, act_no INTEGER NOT NULL, PRIMARY KEY (compound_id, matter_no));
CREATE TABLE raw_bill (compound_id INTEGER NOT NULL, matter_no INTEGER NOT NULL, dwelling_no INTEGER NOT NULL,
  item TEXT NOT NULL, from_on DATE NOT NULL, to_on DATE NOT NULL, due_on DATE NOT NULL, amount_fen BIGINT NOT NULL,
  tax_fen BIGINT NOT NULL, bearer TEXT NOT NULL, tariff_no INTEGER NULL, worked TEXT NOT NULL,
  voucher_seq INTEGER NOT NULL, act_no INTEGER NOT NULL, PRIMARY KEY (compound_id, dwelling_no, matter_no))";
const RAW_RECEIPTS: &str = "CREATE TABLE raw_payment (compound_id INTEGER, payment_no INTEGER, dwelling_no INTEGER,
  amount_fen BIGINT, settled_fen BIGINT, method TEXT, received_on DATE, reference TEXT, payer TEXT, voucher_seq INTEGER,
  act_no INTEGER, PRIMARY KEY (compound_id, payment_no));
CREATE TABLE raw_receipt (compound_id INTEGER, year INTEGER, number INTEGER, voucher_seq INTEGER, amount_fen BIGINT,
  given_fen BIGINT, method TEXT, reference TEXT, payer TEXT, cashier TEXT, issued_on DATE, act_no INTEGER,
  PRIMARY KEY (compound_id, year, number));
CREATE TABLE raw_till (compound_id INTEGER, till_no INTEGER, cashier TEXT, handled_on DATE, method TEXT,
  amount_fen BIGINT, voucher_seq INTEGER, act_no INTEGER, PRIMARY KEY (compound_id, till_no));
CREATE INDEX raw_till_cashier ON raw_till (compound_id, cashier, till_no);
INSERT INTO raw_head VALUES (1, 0)";
const MONTHS: [&str; 3] = ["2026-01", "2026-02", "2026-03"];

fn compounds() -> i32 {
    let text = std::env::var("XIAOQU_BENCH_BILLED").unwrap_or_default();
    (text.parse().unwrap_or(100_000) / DWELLINGS).max(1)
}

fn clerk() -> Actor {
    Actor::new("bench", Role::PropertyCompany)
}

/// A month's bills, on PostgreSQL.
pub(super) async fn month(url: &str) {
    let raw_url = fresh_pg(url, "bench_raw").await;
    let pool = PgPool::connect(&raw_url).await.expect("raw");
    for tables in [&RAW_TABLES.replace("{day}", "DATE"), RAW_BILLS] {
        pool.execute(sqlx::AssertSqlSafe(tables.to_owned())).await.expect("raw tables");
    }
    let clock =
        Clock::standing_at(Instant::parse("2026-03-31T09:00:00+08:00").expect("an instant"));
    let ours = fresh_pg(url, "bench_ours").await;
    let books = Books::open_with(&ours, clock).await.expect("books");
    let ids = found_compounds(&books, usize::try_from(compounds()).expect("compounds")).await;
    for compound in &ids {
        enrolled(&books, *compound).await;
        priced(&books, *compound).await;
    }
    for (i, month) in MONTHS.into_iter().enumerate() {
        let no = i32::try_from(i).expect("a month");
        let raw = copied(&pool, compounds(), move |compound| rows_of(compound, no).into()).await;
        let begun = Moment::now();
        let month = Month::parse(month).expect("a month");
        let run = billing::run(&books, &clerk(), month, None, false).await.expect("billed");
        let took = begun.elapsed();
        let whole = usize::try_from(compounds() * DWELLINGS).expect("dwellings");
        assert_eq!((run.bills, run.skipped), (whole, 0));
        println!(
            "bills of {whole} dwellings, {} compounds, {month}: ours {:.2} s  COPY, {CONNECTIONS} connections {:.2} s  ratio {:.2}",
            ids.len(),
            took.as_secs_f64(),
            raw.as_secs_f64(),
            took.as_secs_f64() / raw.as_secs_f64()
        );
    }
    books.close().await.expect("closed");
}

/// A price by area, from January on.
async fn priced(books: &Books, compound: CompoundId) {
    let from_on = "2026-01-01".parse().expect("a day");
    let terms = Terms {
        from_on,
        system: System::LumpSum,
        pay: None,
        taxpayer: Taxpayer::General,
        penalty: None,
        vacant: None,
        document: "合同".to_owned(),
    };
    let price = NewTariff {
        item: "物业费".to_owned(),
        formula: Formula::Area { price: "1.85".parse().expect("a price") },
        from_on,
        cycle_months: 1,
        cycle: Cycle::Calendar,
        timing: Timing::Ahead,
        due_days: 30,
        usages: Vec::new(),
        building: None,
        tax: vat::Kind::Service,
        document: "合同".to_owned(),
    };
    let request = Request::new("tariff.agree", (terms, price));
    let clerk = clerk();
    let agreed = books.act(&clerk, compound, request, |tx, (terms, price)| {
        Box::pin(async move {
            tariff::agree(tx, terms).await?;
            tariff::set(tx, price).await
        })
    });
    agreed.await.expect("priced");
}

/// The rows of one compound's month, table by table.
fn rows_of(compound: i32, month: i32) -> [(&'static str, String); 5] {
    let [mut matters, mut bills, mut postings, mut balances] = [const { String::new() }; 4];
    let (seq, day) = (month + 1, month + 1);
    for dwelling in 1..=DWELLINGS {
        let matter = month * DWELLINGS + dwelling;
        // Writing to a String cannot fail.
        let _ = writeln!(
            matters,
            "{compound}\t{matter}\tbill\t物业费 2026-0{day}-01~2026-0{day}-28\t{seq}"
        );
        let _ = writeln!(
            bills,
            "{compound}\t{matter}\t{dwelling}\t物业费\t2026-0{day}-01\t2026-0{day}-28\t2026-0{day}-28\t16650\t942\towner\t1\t90㎡ × 1.85元/月 × 1月\t{seq}\t{seq}"
        );
        let _ = writeln!(
            postings,
            "{compound}\t2\t1\t{seq}\t{dwelling}\t1122\t{dwelling}\t{matter}\t2026-0{day}-28\t16650"
        );
        let _ = writeln!(balances, "{compound}\t2\t1122\t{dwelling}\t{matter}\t16650\t0");
    }
    for (line, account, amount) in [(1, 6001, 15_708 * DWELLINGS), (2, 222_101, 942 * DWELLINGS)] {
        let line = DWELLINGS + line;
        let _ = writeln!(
            postings,
            "{compound}\t2\t-1\t{seq}\t{line}\t{account}\t0\t0\t2026-0{day}-28\t{amount}"
        );
        // A balance that is added to is not for COPY: its own row stands for it.
        let _ = writeln!(balances, "{compound}\t2\t{account}\t0\t{seq}\t0\t{amount}");
    }
    let voucher = format!(
        "{compound}\t2\t{seq}\t2026\t{seq}\t20260{day}\t2026-0{day}-28\t1767574800\t{seq}\t{}\tbill\t出账\tbench\t\t{HASH}\t{HASH}\n",
        DWELLINGS + 2
    );
    [
        ("raw_matter", matters),
        ("raw_bill", bills),
        ("raw_voucher", voucher),
        ("raw_posting", postings),
        ("raw_balance", balances),
    ]
}

/// Payments at the counter of one compound, on PostgreSQL.
pub(super) async fn at_the_counter(url: &str) {
    let raw_url = fresh_pg(url, "bench_raw").await;
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(10);
    let raw = options.connect(&raw_url).await.expect("raw");
    for tables in [&RAW_TABLES.replace("{day}", "DATE"), RAW_RECEIPTS] {
        raw.execute(sqlx::AssertSqlSafe(tables.to_owned())).await.expect("raw tables");
    }
    let books = Books::open(&fresh_pg(url, "bench_ours").await).await.expect("books");
    let (compound, _) = with_bills(&books).await;
    for clients in [1, CLIENTS] {
        let (mut bare, mut full, mut worst) = (Vec::new(), Vec::new(), Duration::ZERO);
        for _ in 0..3 {
            let pool = raw.clone();
            let pay =
                move |client: usize, turn: u64| bare_payment(pool.clone(), pick(client, turn));
            bare.push(loops(clients, pay).await.0);
            let books = books.clone();
            let (rate, p99) = loops(clients, move |client, turn| {
                taken(books.clone(), compound, pick(client, turn))
            })
            .await;
            full.push(rate);
            worst = worst.max(p99);
        }
        let what = format!("a payment at the counter, one compound, {clients} clients");
        say(&what, &full, &[("bare transaction", bare)], worst);
    }
    books.close().await.expect("closed");
}

fn pick(client: usize, turn: u64) -> i32 {
    let turn = client as u64 * 7919 + turn * 104_729;
    i32::try_from(turn % u64::from(DWELLINGS.unsigned_abs())).expect("a dwelling")
}

async fn taken(books: Books, compound: CompoundId, at: i32) {
    let taking = Taking {
        parts: vec![Part {
            room: RoomCode::parse(&room_of(at)).expect("a code"),
            bills: Vec::new(),
            oldest_fen: Some(Money::fen(100)),
            prepay_fen: None,
        }],
        bearer: tariff::Bearer::Owner,
        method: Method::Cash,
        received_on: "2026-01-05".parse().expect("a day"),
        given_fen: None,
        reference: String::new(),
        payer: String::new(),
        replaces: None,
    };
    let request = Request::new("fees.take", taking).once(next_key());
    let clerk = clerk();
    let taken = books.act(&clerk, compound, request, |tx, taking| Box::pin(fees::take(tx, taking)));
    taken.await.expect("taken");
}

/// The same rows by hand in one transaction.
async fn bare_payment(pool: PgPool, dwelling: i32) {
    let mut tx = pool.begin().await.expect("begin");
    let head = "UPDATE raw_head SET seq = seq + 1 WHERE compound_id = 1 RETURNING seq";
    let seq: i32 = sqlx::query_scalar(head).fetch_one(&mut *tx).await.expect("head");
    let act = sqlx::query(super::RAW_ACT).bind(1).bind(seq).bind(next_key());
    act.execute(&mut *tx).await.expect("act");
    for insert in [
        "INSERT INTO raw_payment VALUES (1, $1, $2, 100, 100, 'cash', '2026-01-05', '', '', $1, $1)",
        "INSERT INTO raw_receipt VALUES (1, 2026, $1, $1, 100, 100, 'cash', '', '', $2::text, '2026-01-05', $1)",
        "INSERT INTO raw_till VALUES (1, $1, $2::text, '2026-01-05', 'cash', 100, $1, $1)",
    ] {
        sqlx::query(insert).bind(seq).bind(dwelling).execute(&mut *tx).await.expect("a row");
    }
    let voucher = sqlx::AssertSqlSafe(super::raw_voucher());
    sqlx::query(voucher).bind(1).bind(seq).execute(&mut *tx).await.expect("voucher");
    let postings = sqlx::query(super::RAW_POSTINGS).bind(1).bind(seq);
    postings.execute(&mut *tx).await.expect("postings");
    sqlx::query(super::RAW_BALANCES).bind(1).execute(&mut *tx).await.expect("balances");
    tx.commit().await.expect("commit");
}
