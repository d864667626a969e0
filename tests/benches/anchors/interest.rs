//! The run of interest against the raw limit: the same rows by COPY over four connections, or by bare inserts.
//!
//! `XIAOQU_BENCH_HOUSEHOLDS` (1,000,000) are spread over compounds of 2,000. Three years are run one after the other on the
//! same books. COPY writes to empty tables; the bare inserts to a file that holds the same rows as our books do, since
//! SQLite adds to a balance at a different price than it writes a new one. Everything is in ours: what moved is read,
//! reckoned, checked, chained, each share kept with its lines, the manifest sealed.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant as Moment};

use ledger::books::{Actor, Books, Request, Role};
use ledger::calendar::{Clock, Instant, Month};
use ledger::gains::Term;
use ledger::gains::rates::{self, NewRate};
use ledger::gains::run::{self, Asked};
use ledger::id::{CompoundId, DwellingNo};
use ledger::journal::{self, Book, Entry, Kind, Line};
use ledger::money::Money;
use ledger::policy::Jurisdiction;
use ledger::policy::terms::RateRef;
use ledger::property::{self, AreaKind, Founding, NewArea};
use sea_orm::sqlx::{self, Executor};

use super::{
    DWELLINGS, HASH, RAW_TABLES, bench_folder, copied, deposit, fresh_pg, megabytes, raw_sqlite,
};

const SHARES: &str = "CREATE TABLE raw_share (compound_id INTEGER NOT NULL, settlement_no INTEGER NOT NULL,
  dwelling_no INTEGER NOT NULL, account INTEGER NOT NULL, amount_fen BIGINT NOT NULL, worked TEXT NOT NULL,
  PRIMARY KEY (compound_id, settlement_no, dwelling_no, account))";
const WORKED: &str = "1000000xYx1710000@three-months";
/// The number of the bare side's voucher of deposits; the years follow.
const DEPOSITS: usize = 1;
const YEARS: [i32; 3] = [2025, 2026, 2027];

fn compounds() -> i32 {
    let text = std::env::var("XIAOQU_BENCH_HOUSEHOLDS").unwrap_or_default();
    (text.parse().unwrap_or(1_000_000) / DWELLINGS).max(1)
}

/// On PostgreSQL, against COPY.
pub(super) async fn on_postgres(url: &str) {
    let raw_url = fresh_pg(url, "bench_raw").await;
    let pool = sqlx::PgPool::connect(&raw_url).await.expect("raw");
    for table in [&RAW_TABLES.replace("{day}", "DATE"), SHARES] {
        pool.execute(sqlx::AssertSqlSafe(table.to_owned())).await.expect("raw tables");
    }
    let books = founded(&fresh_pg(url, "bench_ours").await).await;
    for year in YEARS {
        pool.execute("TRUNCATE raw_voucher, raw_posting, raw_balance, raw_share")
            .await
            .expect("empty");
        let raw = copied(&pool, compounds(), tables_of).await;
        told("postgres", year, ran(&books, year).await, "COPY, 4 connections", raw);
    }
}

/// On SQLite, against bare inserts.
pub(super) async fn on_sqlite() {
    let folder = tempfile::tempdir_in(bench_folder()).expect("a folder");
    let books = founded(&format!("sqlite:{}", folder.path().join("ours.sqlite").display())).await;
    // The bare rows go to a file that holds what our books hold: the deposits, then the years before.
    let raw = raw_sqlite(&folder.path().join("raw.sqlite"));
    raw.execute_batch(&RAW_TABLES.replace("{day}", "TEXT")).expect("raw tables");
    raw.execute_batch(SHARES).expect("raw tables");
    tokio::task::block_in_place(|| inserted(&raw, DEPOSITS));
    for (before, year) in YEARS.into_iter().enumerate() {
        let took = tokio::task::block_in_place(|| inserted(&raw, DEPOSITS + 1 + before));
        told("sqlite", year, ran(&books, year).await, "bare inserts", took);
    }
}

fn told(what: &str, year: i32, (ours, more): (Duration, u64), limit: &str, raw: Duration) {
    let (ours, raw) = (ours.as_secs_f64(), raw.as_secs_f64());
    let households = compounds() * DWELLINGS;
    println!(
        "{what} interest, {households} households, {} compounds, {year}: ours {ours:.2} s  {limit} {raw:.2} s  ratio {:.2}  ({more} MB more memory)",
        compounds(),
        ours / raw
    );
}

/// Runs a year; how long it took, and how much more memory it had.
async fn ran(books: &Books, year: i32) -> (Duration, u64) {
    drop(std::fs::write("/proc/self/clear_refs", "5"));
    let before = megabytes("VmRSS:");
    let asked = Asked { term: Term { year, quarter: None }, only: None };
    let begun = Moment::now();
    let run = run::interest(books, authority(), asked, |_| {}).await.expect("run");
    let took = begun.elapsed();
    let manifest = run.manifest.expect("sealed");
    assert_eq!((manifest.posted, manifest.skipped), (compounds(), 0));
    assert_eq!(manifest.households, i64::from(compounds() * DWELLINGS));
    (took, megabytes("VmHWM:").saturating_sub(before))
}

fn authority() -> &'static Actor {
    static AUTHORITY: LazyLock<Actor> =
        LazyLock::new(|| Actor::new("bench", Role::HousingAuthority));
    &AUTHORITY
}

/// Books in which every household has 10,000 yuan, and every compound gains to share.
async fn founded(url: &str) -> Books {
    let clock =
        Clock::standing_at(Instant::parse("2028-01-05T09:00:00+08:00").expect("an instant"));
    let books = Books::open_with(url, clock).await.expect("books");
    let mut above: Option<String> = None;
    for (kind, code) in [
        (AreaKind::City, "3301"),
        (AreaKind::District, "330199"),
        (AreaKind::Street, "330199001"),
        (AreaKind::Community, "330199001001"),
    ] {
        let parent = above.replace(code.into());
        let area = NewArea { kind, code: code.into(), name: code.into(), parent };
        let request = Request::new("property.draw-area", area);
        let drawn = books.act(authority(), CompoundId::OFFICE, request, |tx, area| {
            Box::pin(property::draw_area(tx, area))
        });
        drawn.await.expect("drawn");
    }
    for (kind, percent) in [(RateRef::Demand, "0.36"), (RateRef::ThreeMonths, "1.71")] {
        let new = NewRate {
            jurisdiction: Jurisdiction::nation(),
            kind,
            effective_from: "2020-01-01".parse().expect("a day"),
            percent: percent.to_owned(),
            source: "bench".to_owned(),
            corrects: String::new(),
        };
        let request = Request::new("gains.set-rate", new);
        let set = books.act(authority(), CompoundId::OFFICE, request, |tx, new| {
            Box::pin(rates::set_rate(tx, new))
        });
        set.await.expect("set");
    }
    for i in 0..compounds() {
        let founding = Founding {
            code: format!("i{i}"),
            name: format!("小区{i}"),
            address: String::new(),
            area: Some("330199001001".to_owned()),
        };
        let request = Request::new("property.found", founding);
        let found = books.act(authority(), CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        });
        endowed(&books, found.await.expect("founded").answer).await;
    }
    books
}

async fn endowed(books: &Books, compound: CompoundId) {
    let clerk = Actor::new("bench", Role::PropertyCompany);
    let (each, gains) = (Money::fen(1_000_000), Money::fen(200_000_000_000));
    let whole = Money::fen(1_000_000 * i64::from(DWELLINGS));
    let credits = (1..=DWELLINGS).map(|d| Line::credit(400_101, each).of(DwellingNo(d)));
    let entries = vec![
        Entry {
            lines: credits.chain([Line::debit(1001, whole)]).collect(),
            ..deposit("2024-03-01")
        },
        Entry {
            kind: Kind::Other,
            lines: vec![Line::debit(1001, gains), Line::credit(410_101, gains)],
            ..deposit("2024-06-21")
        },
    ];
    let request = Request::describing("bench.endow", entries, serde_json::Value::Null);
    let done = books.act(&clerk, compound, request, |tx, entries: &Vec<Entry>| {
        Box::pin(async move {
            for entry in entries {
                journal::post(tx, entry.clone()).await?;
            }
            let month = Month::from_number(202_406).expect("a month");
            journal::close(tx, Book::Fund, month).await.map(|_| ())
        })
    });
    done.await.expect("endowed");
}

/// The rows of one compound: postings, balances, shares, each a line of tabs.
fn rows_of(compound: i32, voucher: usize) -> [String; 3] {
    let (account, year) =
        if voucher == DEPOSITS { (400_101, 2024) } else { (3001, 2023 + voucher) };
    let [mut postings, mut balances, mut shares] = [const { String::new() }; 3];
    for line in 1..=DWELLINGS + 1 {
        let (side, account, dwelling) =
            if line == 1 { (1, 310_101, 0) } else { (-1, account, line - 1) };
        let amount = if line == 1 { 17_100 * DWELLINGS } else { 17_100 };
        // Writing to a String cannot fail.
        let _ = writeln!(
            postings,
            "{compound}\t1\t{side}\t{voucher}\t{line}\t{account}\t{dwelling}\t0\t{year}-06-20\t{amount}"
        );
        let _ = writeln!(balances, "{compound}\t1\t{account}\t{dwelling}\t0\t0\t{amount}");
        if dwelling > 0 {
            let _ = writeln!(shares, "{compound}\t{voucher}\t{dwelling}\t3001\t{amount}\t{WORKED}");
        }
    }
    [postings, balances, shares]
}

fn voucher_of(compound: i32, voucher: usize) -> String {
    format!(
        "{compound}\t1\t{voucher}\t2024\t{voucher}\t202407\t2025-06-30\t1767574800\t4\t{}\tgains\t结息\tbench\t\t{HASH}\t{HASH}\n",
        DWELLINGS + 1
    )
}

/// One compound's rows of the first year to come, table by table.
fn tables_of(compound: i32) -> Vec<(&'static str, String)> {
    let [postings, balances, shares] = rows_of(compound, DEPOSITS + 1);
    let voucher = voucher_of(compound, DEPOSITS + 1);
    let tables = ["raw_voucher", "raw_posting", "raw_balance", "raw_share"];
    tables.into_iter().zip([voucher, postings, balances, shares]).collect()
}

/// The same rows by prepared inserts, a transaction a compound, one connection in the caller's thread: the voucher of this
/// number in every compound. What a balance held before stands there, and is added to.
fn inserted(conn: &rusqlite::Connection, voucher: usize) -> Duration {
    const ADDED: &str = "ON CONFLICT (compound_id, book, dwelling_no, account, matter_no) DO UPDATE SET
      debit_fen = raw_balance.debit_fen + excluded.debit_fen, credit_fen = raw_balance.credit_fen + excluded.credit_fen";
    let begun = Moment::now();
    for compound in 1..=compounds() {
        conn.execute_batch("BEGIN IMMEDIATE").expect("begin");
        let [postings, balances, shares] = rows_of(compound, voucher);
        for (table, rows, columns, clash) in [
            ("raw_voucher", &voucher_of(compound, voucher), 16, ""),
            ("raw_posting", &postings, 10, ""),
            ("raw_balance", &balances, 7, ADDED),
            ("raw_share", &shares, 6, ""),
        ] {
            if voucher == DEPOSITS && table == "raw_share" {
                continue;
            }
            let marks = vec!["?"; columns].join(", ");
            let insert = format!("INSERT INTO {table} VALUES ({marks}) {clash}");
            let mut insert = conn.prepare_cached(&insert).expect("prepared");
            for row in rows.lines() {
                insert.execute(rusqlite::params_from_iter(row.split('\t'))).expect("inserted");
            }
        }
        conn.execute_batch("COMMIT").expect("commit");
    }
    begun.elapsed()
}
