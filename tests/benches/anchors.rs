//! The anchors: the house against the raw limit of the same machine in the same run. Prints ratios; asserts nothing.
//!
//! `./tests/run bench [NAME…]`. The raw side writes the same rows into tables of the same columns, keys and indexes, by
//! hand, with the same durability, and without a check, a trigger, a chain or a key. Seconds a run: `XIAOQU_BENCH_SECONDS`
//! (3); three rounds, raw and ours in turn, medians.

#[path = "anchors/billing.rs"]
mod billing;
#[path = "anchors/channels.rs"]
mod channels;
#[path = "anchors/district.rs"]
mod district;
#[path = "anchors/doors.rs"]
mod doors;
#[path = "anchors/interest.rs"]
mod interest;
#[path = "anchors/paper.rs"]
mod paper;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant as Moment};

use ledger::books::{Actor, Books, Request, Role};
use ledger::fees::{self, Billing, Charge, Method, Payment};
use ledger::id::{CompoundId, DwellingNo};
use ledger::import;
use ledger::intake::File;
use ledger::journal::{self, Book, Entry, Kind, Line};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::{self, Founding, Housing, NewDwelling, RoomCode, Usage};
use sea_orm::sqlx;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{Connection, Executor};

const COMPOUNDS: usize = 500;
const CLIENTS: usize = 32;
const DWELLINGS: i32 = 2_000;
/// How many connections COPY has at once.
const CONNECTIONS: usize = 4;

/// Rows by COPY, a transaction a compound; what `rows_of` writes of one is counted.
async fn copied(
    pool: &sqlx::PgPool,
    compounds: i32,
    rows_of: impl Fn(i32) -> Vec<(&'static str, String)> + Copy + Send + 'static,
) -> Duration {
    let begun = Moment::now();
    let mut tasks = tokio::task::JoinSet::new();
    for first in 0..CONNECTIONS {
        let pool = pool.clone();
        tasks.spawn(async move {
            for compound in (1 + first as i32..=compounds).step_by(CONNECTIONS) {
                let mut tx = pool.begin().await.expect("begin");
                for (table, rows) in rows_of(compound) {
                    let copy = format!("COPY {table} FROM STDIN");
                    let mut sink = tx.copy_in_raw(&copy).await.expect("copy");
                    sink.send(rows.as_bytes()).await.expect("rows");
                    sink.finish().await.expect("finish");
                }
                tx.commit().await.expect("commit");
            }
        });
    }
    tasks.join_all().await;
    begun.elapsed()
}

fn seconds() -> Duration {
    let text = std::env::var("XIAOQU_BENCH_SECONDS").unwrap_or_default();
    Duration::from_secs(text.parse().unwrap_or(3))
}

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    if is_wanted("paper") {
        paper::run();
    }
    if is_wanted("register") {
        register().await;
    }
    if is_wanted("sqlite-voucher") {
        sqlite_vouchers().await;
    }
    if is_wanted("sqlite-payment") {
        let folder = tempfile::tempdir_in(bench_folder()).expect("a folder");
        payments("sqlite", &format!("sqlite:{}", folder.path().join("p.sqlite").display())).await;
    }
    if is_wanted("sqlite-verify") {
        for shape in VERIFIED {
            let folder = tempfile::tempdir_in(bench_folder()).expect("a folder");
            let path = folder.path().join("v.sqlite");
            verify("sqlite", &format!("sqlite:{}", path.display()), shape).await;
        }
    }
    if is_wanted("sqlite-channels") {
        channels::on_sqlite().await;
    }
    if is_wanted("sqlite-interest") {
        interest::on_sqlite().await;
    }
    if let Ok(url) = std::env::var("XIAOQU_TEST_PG") {
        if is_wanted("postgres-interest") {
            interest::on_postgres(&url).await;
        }
        if is_wanted("postgres-district") {
            district::on_postgres(&url).await;
        }
        if is_wanted("postgres-channels") {
            channels::on_postgres(&url).await;
        }
        if is_wanted("postgres-voucher") {
            postgres_vouchers(&url).await;
        }
        if is_wanted("postgres-payment") {
            payments("postgres", &fresh_pg(&url, "bench_ours").await).await;
        }
        if is_wanted("postgres-billing") {
            billing::month(&url).await;
        }
        if is_wanted("postgres-counter") {
            billing::at_the_counter(&url).await;
        }
        if is_wanted("doors") {
            doors::run(&url).await;
        }
        if is_wanted("postgres-bulk") {
            postgres_bulk(&url).await;
        }
        if is_wanted("postgres-verify") {
            for shape in VERIFIED {
                verify("postgres", &fresh_pg(&url, "bench_verify").await, shape).await;
            }
        }
    } else {
        println!("PostgreSQL: skipped, XIAOQU_TEST_PG names no server");
    }
}

/// Runs `clients` loops for a while and answers how many turns a second they made, and the 99th percentile.
async fn loops<F, Fut>(clients: usize, turn: F) -> (f64, Duration)
where
    F: Fn(usize, u64) -> Fut + Send + Sync + Clone + 'static,
    Fut: Future<Output = ()> + Send,
{
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Moment::now();
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let (stop, turn) = (stop.clone(), turn.clone());
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let from = Moment::now();
                turn(client, waits.len() as u64).await;
                waits.push(from.elapsed());
            }
            waits
        });
    }
    tokio::time::sleep(seconds()).await;
    stop.store(true, Ordering::Relaxed);
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let took = begun.elapsed();
    waits.sort_unstable();
    let p99 = waits[waits.len() * 99 / 100];
    (waits.len() as f64 / took.as_secs_f64(), p99)
}

fn median(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v[v.len() / 2]
}

fn say(name: &str, ours: &[f64], raw: &[(&str, Vec<f64>)], p99: Duration) {
    let ours_median = median(ours.to_vec());
    print!("{name:<34} ours {ours_median:>9.0}/s  p99 {:>6.1} ms", p99.as_secs_f64() * 1e3);
    for (what, raw) in raw {
        let raw = median(raw.clone());
        print!("  {what} {raw:>8.0}/s  ratio {:>5.2}", ours_median / raw);
    }
    println!();
}

fn deposit(on: &str) -> Entry {
    Entry {
        book: Book::Fund,
        effective_on: on.parse().expect("a day"),
        kind: Kind::Deposit,
        memo: "首期交存".to_owned(),
        source: "bench".to_owned(),
        evidence: String::new(),
        lines: vec![
            Line::debit(1001, Money::fen(100)),
            Line::credit(400_101, Money::fen(100)).of(DwellingNo(1)),
        ],
    }
}

async fn found_compounds(books: &Books, count: usize) -> Vec<CompoundId> {
    let mut ids = Vec::new();
    for i in 0..count {
        let founding = Founding {
            code: format!("c{i}"),
            name: format!("小区{i}"),
            address: String::new(),
            area: None,
        };
        let request = Request::new("property.found", founding);
        let operator = Actor::operator();
        let done = books.act(&operator, CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        });
        ids.push(done.await.expect("founded").answer);
    }
    ids
}

async fn post_once(books: &Books, compound: CompoundId, key: String) {
    let clerk = Actor::new("bench", Role::PropertyCompany);
    let body = serde_json::json!({"amount_fen": 100, "dwelling_no": 1});
    let request = Request::describing("journal.post", deposit("2026-01-05"), body).once(key);
    let done = books.act(&clerk, compound, request, |tx, entry: &Entry| {
        Box::pin(journal::post(tx, entry.clone()))
    });
    done.await.expect("posted");
}

static KEY: AtomicU64 = AtomicU64::new(0);

fn next_key() -> String {
    format!("k{}", KEY.fetch_add(1, Ordering::Relaxed))
}

async fn our_loops(books: &Books, ids: &[CompoundId], clients: usize) -> (f64, Duration) {
    let (books, ids) = (books.clone(), Arc::new(ids.to_vec()));
    loops(clients, move |client, turn| {
        let (books, ids) = (books.clone(), ids.clone());
        async move {
            let pick = (client as u64 * 7919 + turn * 104_729) as usize % ids.len();
            post_once(&books, ids[pick], next_key()).await;
        }
    })
    .await
}

/// A register of 100,000 rows, read from a workbook and judged against the books, nothing written. First of all, because
/// the peak of memory is the whole process's.
async fn register() {
    let folder = tempfile::tempdir_in(bench_folder()).expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("r.sqlite").display());
    let books = Books::open(&url).await.expect("books");
    let bytes = workbook(100_000);
    let before = peak_mib();
    let begun = Moment::now();
    let terms = import::Terms {
        compound: "grand".to_owned(),
        name: Some("大小区".to_owned()),
        good_rows: false,
        book: Book::Fund,
    };
    let file = File { name: "房产清册.xlsx", bytes: &bytes };
    let reading = import::read(import::Kind::Register, file, &terms).expect("read");
    let report = import::preview(&books, &reading, &terms).await.expect("previewed");
    println!(
        "register of {} rows ({} MiB xlsx) previewed: {:.2} s, {} rejected, peak {} MiB (of which {before} before)",
        report.good,
        bytes.len() >> 20,
        begun.elapsed().as_secs_f64(),
        report.rejected.len(),
        peak_mib(),
    );
}

/// The most memory this process has had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A workbook with inline texts, as an office's program writes one.
fn workbook(rows: u32) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let parts = [
        (
            "[Content_Types].xml",
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#,
        ),
        (
            "_rels/.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/workbook.xml",
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="房产清册" sheetId="1" r:id="r1"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
        ),
    ];
    for (name, text) in parts {
        out.start_file(name, options).expect("a part");
        out.write_all(text.as_bytes()).expect("written");
    }
    out.start_file("xl/worksheets/sheet1.xml", options).expect("the sheet");
    let mut write = |text: String| out.write_all(text.as_bytes()).expect("written");
    write(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#.to_owned());
    let text = |s: &str| format!(r#"<c t="inlineStr"><is><t>{s}</t></is></c>"#);
    let heads = [
        "楼号",
        "单元",
        "楼层",
        "房号",
        "产权人",
        "手机号",
        "房屋性质",
        "房屋用途",
        "建筑面积",
        "应交资金（元）",
    ];
    write(format!("<row>{}</row>", heads.map(text).concat()));
    for i in 0..rows {
        let (building, unit, floor, door) =
            (i / 400 + 1, i / 200 % 2 + 1, i / 10 % 20 + 1, i % 10 + 1);
        let cells = [
            text(&building.to_string()),
            text(&unit.to_string()),
            format!("<c><v>{floor}</v></c>"),
            text(&format!("{floor}{door:02}")),
            text("业主甲"),
            text(&format!("1990{i:07}")),
            text("商品住宅"),
            text("住宅"),
            format!("<c><v>{}.{:02}</v></c>", 60 + i % 90, i % 100),
            format!("<c><v>{}</v></c>", 5400 + i % 90),
        ];
        write(format!("<row>{}</row>", cells.concat()));
    }
    write("</sheetData></worksheet>".to_owned());
    out.finish().expect("a workbook").into_inner()
}

/// Whole acts on one hot compound: a fee payment with its receipt, its settled bill and its voucher.
async fn payments(what: &str, url: &str) {
    let books = Books::open(url).await.expect("books");
    let (compound, dwellings) = with_bills(&books).await;
    let dwellings = Arc::new(dwellings);
    let (mut rates, mut worst) = (Vec::new(), Duration::ZERO);
    for _ in 0..3 {
        let (books, dwellings) = (books.clone(), dwellings.clone());
        let (rate, p99) = loops(CLIENTS, move |client, turn| {
            let (books, dwellings) = (books.clone(), dwellings.clone());
            async move {
                let pick = (client as u64 * 7919 + turn * 104_729) as usize % dwellings.len();
                let payment = Payment {
                    dwelling_no: dwellings[pick],
                    amount: Money::fen(1_000),
                    method: Method::Wechat,
                    received_on: "2026-01-05".parse().expect("a day"),
                    reference: String::new(),
                    payer: String::new(),
                    line_no: None,
                };
                let clerk = Actor::new("bench", Role::PropertyCompany);
                let request = Request::new("fees.pay", payment).once(next_key());
                let paid = books.act(&clerk, compound, request, |tx, p| Box::pin(fees::pay(tx, p)));
                paid.await.expect("paid");
            }
        })
        .await;
        rates.push(rate);
        worst = worst.max(p99);
    }
    say(&format!("{what}, a payment, hot, 32 clients"), &rates, &[], worst);
}

/// The code of the dwelling at a place of the roll.
fn room_of(i: i32) -> String {
    format!("{}-1-{}", i / 100 + 1, 101 + i % 100)
}

/// A compound of [`DWELLINGS`], each with four bills.
async fn with_bills(books: &Books) -> (CompoundId, Vec<DwellingNo>) {
    let compound = found_compounds(books, 1).await[0];
    let dwellings = enrolled(books, compound).await;
    let clerk = Actor::new("bench", Role::PropertyCompany);
    for month in 1..=4 {
        let day = |d: u32| chrono::NaiveDate::from_ymd_opt(2025, month, d).expect("a day");
        let bills =
            dwellings.iter().map(|d| Charge { dwelling_no: *d, amount: Money::fen(50_000) });
        let billing = Billing {
            item: "物业费".to_owned(),
            from_on: day(1),
            to_on: day(28),
            due_on: None,
            bills: bills.collect(),
        };
        let request = Request::describing("fees.bill", billing, serde_json::Value::Null);
        let billed = books.act(&clerk, compound, request, |tx, b| Box::pin(fees::bill(tx, b)));
        billed.await.expect("billed");
    }
    (compound, dwellings)
}

/// The dwellings of a compound, [`DWELLINGS`] of them.
async fn enrolled(books: &Books, compound: CompoundId) -> Vec<DwellingNo> {
    let clerk = Actor::new("bench", Role::PropertyCompany);
    let roll: Vec<NewDwelling> = (0..DWELLINGS)
        .map(|i| NewDwelling {
            code: RoomCode::parse(&room_of(i)).expect("a code"),
            written_as: String::new(),
            floor: None,
            usage: Usage::Residence,
            housing: Housing::Commodity,
            has_lift: true,
            is_unsold: true,
            area: Area::centi_m2(9_000),
            handed_over_on: None,
            owners: vec![],
            remark: "".into(),
            owned_from: "2020-01-01".parse().expect("a day"),
        })
        .collect();
    let request = Request::describing("property.enrol", roll, serde_json::Value::Null);
    let enrolled =
        books.act(&clerk, compound, request, |tx, roll| Box::pin(property::enrol(tx, roll)));
    enrolled.await.expect("enrolled").answer
}

// ---- raw -------------------------------------------------------------------------------------------------------

const RAW_TABLES: &str = "
CREATE TABLE raw_head (compound_id INTEGER NOT NULL PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE raw_act (compound_id INTEGER NOT NULL, act_no INTEGER NOT NULL, verb TEXT NOT NULL, actor TEXT NOT NULL,
  role TEXT NOT NULL, recorded_at BIGINT NOT NULL, key TEXT, request TEXT NOT NULL, answer TEXT NOT NULL,
  PRIMARY KEY (compound_id, act_no));
CREATE UNIQUE INDEX raw_act_key ON raw_act (compound_id, key);
CREATE TABLE raw_voucher (compound_id INTEGER NOT NULL, book SMALLINT NOT NULL, seq INTEGER NOT NULL, year SMALLINT NOT NULL,
  number INTEGER NOT NULL, period INTEGER NOT NULL, effective_on TEXT NOT NULL, recorded_at BIGINT NOT NULL,
  act_no INTEGER NOT NULL, line_count INTEGER NOT NULL, kind TEXT NOT NULL, memo TEXT NOT NULL, source TEXT NOT NULL,
  evidence TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (compound_id, book, seq),
  UNIQUE (compound_id, book, year, number));
CREATE TABLE raw_posting (compound_id INTEGER NOT NULL, book SMALLINT NOT NULL, side SMALLINT NOT NULL, seq INTEGER NOT NULL,
  line INTEGER NOT NULL, account INTEGER NOT NULL, dwelling_no INTEGER NOT NULL, matter_no INTEGER NOT NULL,
  effective_on {day} NOT NULL, amount_fen BIGINT NOT NULL, PRIMARY KEY (compound_id, book, seq, line));
CREATE INDEX raw_posting_account ON raw_posting (compound_id, book, dwelling_no, account, effective_on);
CREATE TABLE raw_balance (compound_id INTEGER NOT NULL, book SMALLINT NOT NULL, account INTEGER NOT NULL,
  dwelling_no INTEGER NOT NULL, matter_no INTEGER NOT NULL, debit_fen BIGINT NOT NULL, credit_fen BIGINT NOT NULL,
  PRIMARY KEY (compound_id, book, dwelling_no, account, matter_no))";

const HASH: &str = "00112233445566778899aabbccddeeff";
const RAW_ACT: &str = "INSERT INTO raw_act VALUES ($1, $2, 'journal.post', 'bench', 'property-company', 1767574800, $3,
  '{\"verb\":\"journal.post\",\"actor\":\"bench\",\"request\":{\"amount_fen\":100,\"dwelling_no\":1}}',
  '{\"book\":\"fund\",\"seq\":1,\"year\":2026,\"number\":1}')";
const RAW_POSTINGS: &str = "INSERT INTO raw_posting VALUES
  ($1, 1, 1, $2, 1, 1001, 0, 0, '2026-01-05', 100), ($1, 1, -1, $2, 2, 400101, 1, 0, '2026-01-05', 100)";
const RAW_BALANCES: &str = "INSERT INTO raw_balance VALUES ($1, 1, 1001, 0, 0, 100, 0), ($1, 1, 400101, 1, 0, 0, 100)
  ON CONFLICT (compound_id, book, dwelling_no, account, matter_no) DO UPDATE SET
  debit_fen = raw_balance.debit_fen + excluded.debit_fen, credit_fen = raw_balance.credit_fen + excluded.credit_fen";

fn raw_voucher() -> String {
    format!(
        "INSERT INTO raw_voucher VALUES ($1, 1, $2, 2026, $2, 202601, '2026-01-05', 1767574800, $2, 2, 'deposit',
         '首期交存', 'bench', '', '{HASH}', '{HASH}')"
    )
}

/// Five statements in a transaction, as an ORM does at best.
async fn raw_turn_pg(conn: &mut PgConnection, compound: i32, voucher: &'static str) {
    let mut tx = conn.begin().await.expect("begin");
    let head = "UPDATE raw_head SET seq = seq + 1 WHERE compound_id = $1 RETURNING seq";
    let seq: i32 = sqlx::query_scalar(head).bind(compound).fetch_one(&mut *tx).await.expect("head");
    sqlx::query(RAW_ACT)
        .bind(compound)
        .bind(seq)
        .bind(next_key())
        .execute(&mut *tx)
        .await
        .expect("act");
    sqlx::query(voucher).bind(compound).bind(seq).execute(&mut *tx).await.expect("voucher");
    sqlx::query(RAW_POSTINGS).bind(compound).bind(seq).execute(&mut *tx).await.expect("postings");
    sqlx::query(RAW_BALANCES).bind(compound).execute(&mut *tx).await.expect("balances");
    tx.commit().await.expect("commit");
}

async fn fresh_pg(url: &str, name: &str) -> String {
    let base: PgConnectOptions = url.parse().expect("a URL");
    let mut admin = PgConnection::connect_with(&base).await.expect("the server");
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    admin.execute(sqlx::AssertSqlSafe(drop)).await.expect("drop");
    admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("create");
    let (address, options) = url.split_once('?').unwrap_or((url, ""));
    let (head, _) = address.rsplit_once('/').expect("a database name");
    format!("{head}/{name}?{options}")
}

async fn raw_loops_pg(url: &str, compounds: usize, clients: usize) -> f64 {
    let voucher: &'static str = Box::leak(raw_voucher().into_boxed_str());
    let mut conns = Vec::new();
    for _ in 0..clients {
        let conn = PgConnection::connect(url).await.expect("a connection");
        conns.push(Arc::new(tokio::sync::Mutex::new(conn)));
    }
    let conns = Arc::new(conns);
    let (rate, _) = loops(clients, move |client, turn| {
        let conns = conns.clone();
        async move {
            let pick = (client as u64 * 7919 + turn * 104_729) as usize % compounds;
            let mut conn = conns[client].lock().await;
            raw_turn_pg(&mut conn, pick as i32 + 1, voucher).await;
        }
    })
    .await;
    rate
}

async fn postgres_vouchers(url: &str) {
    let raw_url = fresh_pg(url, "bench_raw").await;
    let mut raw = PgConnection::connect(&raw_url).await.expect("raw");
    raw.execute(sqlx::AssertSqlSafe(RAW_TABLES.replace("{day}", "DATE")))
        .await
        .expect("raw tables");
    let heads = format!("INSERT INTO raw_head SELECT i, 0 FROM generate_series(1, {COMPOUNDS}) i");
    raw.execute(sqlx::AssertSqlSafe(heads)).await.expect("raw heads");

    let our_url = fresh_pg(url, "bench_ours").await;
    let books = Books::open(&our_url).await.expect("books");
    let ids = found_compounds(&books, COMPOUNDS).await;

    for (name, spread, clients) in [
        ("postgres spread, 32 clients", COMPOUNDS, CLIENTS),
        ("postgres hot, 32 clients", 1, CLIENTS),
        ("postgres hot, 1 client", 1, 1),
    ] {
        let (mut ours, mut raws, mut worst) = (Vec::new(), Vec::new(), Duration::ZERO);
        for _ in 0..3 {
            raws.push(raw_loops_pg(&raw_url, spread, clients).await);
            let (rate, p99) = our_loops(&books, &ids[..spread], clients).await;
            ours.push(rate);
            worst = worst.max(p99);
        }
        say(name, &ours, &[("raw", raws)], worst);
    }
}

// ---- SQLite ----------------------------------------------------------------------------------------------------

fn raw_sqlite(path: &Path) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(path).expect("a file");
    conn.busy_timeout(Duration::from_secs(60)).expect("busy");
    let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536";
    conn.execute_batch(pragmas).expect("pragmas");
    conn
}

fn raw_insert_sqlite(conn: &rusqlite::Connection, compound: i32, voucher: &str) {
    let ask = "first statement reads and moves the head";
    let head = "UPDATE raw_head SET seq = seq + 1 WHERE compound_id = ?1 RETURNING seq";
    let mut head = conn.prepare_cached(head).expect(ask);
    let seq: i32 = head.query_row([compound], |r| r.get(0)).expect(ask);
    let mut act = conn.prepare_cached(RAW_ACT).expect("act");
    act.execute(rusqlite::params![compound, seq, next_key()]).expect("act");
    conn.prepare_cached(voucher).expect("v").execute([compound, seq]).expect("voucher");
    conn.prepare_cached(RAW_POSTINGS).expect("p").execute([compound, seq]).expect("postings");
    conn.prepare_cached(RAW_BALANCES).expect("b").execute([compound]).expect("balances");
}

/// One commit a voucher, `clients` connections in threads of their own.
fn raw_threads_sqlite(path: &Path, clients: usize) -> f64 {
    let stop = AtomicBool::new(false);
    let done = AtomicI64::new(0);
    let voucher = raw_voucher();
    let begun = Moment::now();
    std::thread::scope(|scope| {
        for client in 0..clients {
            let (stop, done, voucher) = (&stop, &done, &voucher);
            scope.spawn(move || {
                let conn = raw_sqlite(path);
                while !stop.load(Ordering::Relaxed) {
                    conn.execute_batch("BEGIN IMMEDIATE").expect("begin");
                    raw_insert_sqlite(&conn, client as i32 % 32 + 1, voucher);
                    conn.execute_batch("COMMIT").expect("commit");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(seconds());
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

/// One writer that takes what waits, commits it together, and answers: 32 closed loops on channels.
fn raw_group_sqlite(path: &Path, clients: usize) -> f64 {
    let (ask, asked) = std::sync::mpsc::channel::<std::sync::mpsc::SyncSender<()>>();
    let stop = AtomicBool::new(false);
    let done = AtomicI64::new(0);
    let voucher = raw_voucher();
    let begun = Moment::now();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            let (ask, stop, done) = (ask.clone(), &stop, &done);
            scope.spawn(move || {
                let (reply, answered) = std::sync::mpsc::sync_channel(1);
                while !stop.load(Ordering::Relaxed) {
                    ask.send(reply.clone()).expect("the writer lives");
                    answered.recv().expect("an answer");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        drop(ask);
        let voucher = &voucher;
        scope.spawn(move || {
            let conn = raw_sqlite(path);
            while let Ok(first) = asked.recv() {
                let mut batch = vec![first];
                batch.extend(asked.try_iter().take(255));
                conn.execute_batch("BEGIN IMMEDIATE").expect("begin");
                for i in 0..batch.len() {
                    raw_insert_sqlite(&conn, i as i32 % 32 + 1, voucher);
                }
                conn.execute_batch("COMMIT").expect("commit");
                batch.into_iter().for_each(|reply| reply.send(()).expect("a client"));
            }
        });
        std::thread::sleep(seconds());
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

/// One commit a voucher through the driver the house uses, one connection, statement by statement: what its round trips
/// to the driver's thread cost, beside the same work done in the caller's own thread.
async fn raw_driver_sqlite(path: &Path) -> f64 {
    use sea_orm::sqlx::sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
    };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let conn = SqliteConnection::connect_with(&options).await.expect("a file");
    let conn = Arc::new(tokio::sync::Mutex::new(conn));
    let voucher: &'static str = Box::leak(raw_voucher().into_boxed_str());
    let (rate, _) = loops(1, move |_, _| {
        let conn = conn.clone();
        async move {
            let mut conn = conn.lock().await;
            conn.execute("BEGIN IMMEDIATE").await.expect("begin");
            let head = "UPDATE raw_head SET seq = seq + 1 WHERE compound_id = $1 RETURNING seq";
            let seq: i32 =
                sqlx::query_scalar(head).bind(1).fetch_one(&mut *conn).await.expect("head");
            let act = sqlx::query(RAW_ACT).bind(1).bind(seq).bind(next_key());
            act.execute(&mut *conn).await.expect("act");
            sqlx::query(voucher).bind(1).bind(seq).execute(&mut *conn).await.expect("voucher");
            sqlx::query(RAW_POSTINGS)
                .bind(1)
                .bind(seq)
                .execute(&mut *conn)
                .await
                .expect("postings");
            sqlx::query(RAW_BALANCES).bind(1).execute(&mut *conn).await.expect("balances");
            conn.execute("COMMIT").await.expect("commit");
        }
    })
    .await;
    rate
}

async fn sqlite_vouchers() {
    let folder = tempfile::tempdir_in(bench_folder()).expect("a folder");
    let raw_path = folder.path().join("raw.sqlite");
    let raw = raw_sqlite(&raw_path);
    raw.execute_batch(&RAW_TABLES.replace("{day}", "TEXT")).expect("raw tables");
    for i in 1..=32 {
        raw.execute("INSERT INTO raw_head VALUES (?1, 0)", [i]).expect("head");
    }
    let url = format!("sqlite:{}", folder.path().join("ours.sqlite").display());
    let books = Books::open(&url).await.expect("books");
    let ids = found_compounds(&books, 32).await;

    for clients in [CLIENTS, 1] {
        let (mut ours, mut singles, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        let mut driven = Vec::new();
        let mut worst = Duration::ZERO;
        for _ in 0..3 {
            singles.push(tokio::task::block_in_place(|| raw_threads_sqlite(&raw_path, clients)));
            groups.push(tokio::task::block_in_place(|| raw_group_sqlite(&raw_path, clients)));
            if clients == 1 {
                driven.push(raw_driver_sqlite(&raw_path).await);
            }
            let (rate, p99) = our_loops(&books, &ids, clients).await;
            ours.push(rate);
            worst = worst.max(p99);
        }
        let name = format!("sqlite, {clients} client(s)");
        let mut raw = vec![("raw single", singles), ("raw group", groups)];
        if clients == 1 {
            raw.push(("raw single by the driver", driven));
        }
        say(&name, &ours, &raw, worst);
    }
}

/// A folder on a real disk: `/tmp` may be memory.
fn bench_folder() -> std::path::PathBuf {
    std::env::var_os("XIAOQU_BENCH_DIR")
        .map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), Into::into)
}

// ---- bulk ------------------------------------------------------------------------------------------------------

async fn postgres_bulk(url: &str) {
    let raw_url = fresh_pg(url, "bench_raw").await;
    let pool = sqlx::PgPool::connect(&raw_url).await.expect("raw");
    pool.execute(sqlx::AssertSqlSafe(RAW_TABLES.replace("{day}", "DATE")))
        .await
        .expect("raw tables");
    let our_url = fresh_pg(url, "bench_ours").await;
    let books = Books::open(&our_url).await.expect("books");
    let mut ids = found_compounds(&books, 25 + 3 * COMPOUNDS).await;

    for (name, rounds, vouchers, lines) in [
        ("one voucher, 3,000 dwellings", 25, 1_usize, 3_000_i32),
        ("1,000,000 postings, 2,001 a voucher", 3, 500, 2_000),
    ] {
        let (mut ours, mut raws) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            // Compounds that have posted nothing, as COPY's tables are empty: the rows are the same, all of them new.
            let fresh = ids.split_off(ids.len() - vouchers);
            pool.execute("TRUNCATE raw_voucher, raw_posting, raw_balance").await.expect("truncate");
            raws.push(copy_rows(&pool, vouchers, lines).await.as_secs_f64());
            ours.push(bulk_posts(&books, &fresh, lines).await.as_secs_f64());
        }
        let (ours, raw) = (median(ours), median(raws));
        println!("{name:<34} ours {:>9.3} s  COPY {raw:>8.3} s  ratio {:>5.2}", ours, ours / raw);
    }
}

/// The same rows by COPY, a voucher a transaction.
async fn copy_rows(pool: &sqlx::PgPool, vouchers: usize, lines: i32) -> Duration {
    use std::fmt::Write as _;
    let begun = Moment::now();
    for compound in 1..=vouchers {
        let (mut postings, mut balances) = (String::new(), String::new());
        for line in 1..=lines + 1 {
            let (side, account, dwelling) =
                if line > lines { (1, 1001, 0) } else { (-1, 400_101, line) };
            let amount = if line > lines { 100 * lines } else { 100 };
            let _ = writeln!(
                postings,
                "{compound}\t1\t{side}\t1\t{line}\t{account}\t{dwelling}\t0\t2026-01-05\t{amount}"
            );
            let _ = writeln!(balances, "{compound}\t1\t{account}\t{dwelling}\t0\t0\t{amount}");
        }
        let voucher = format!(
            "{compound}\t1\t1\t2026\t1\t202601\t2026-01-05\t1767574800\t1\t{}\tdeposit\t首期交存\tbench\t\t{HASH}\t{HASH}\n",
            lines + 1
        );
        let mut tx = pool.begin().await.expect("begin");
        for (table, rows) in
            [("raw_voucher", &voucher), ("raw_posting", &postings), ("raw_balance", &balances)]
        {
            let copy = format!("COPY {table} FROM STDIN");
            let mut sink = tx.copy_in_raw(&copy).await.expect("copy");
            sink.send(rows.as_bytes()).await.expect("rows");
            sink.finish().await.expect("finish");
        }
        tx.commit().await.expect("commit");
    }
    begun.elapsed()
}

async fn bulk_posts(books: &Books, ids: &[CompoundId], lines: i32) -> Duration {
    let begun = Moment::now();
    let clerk = Actor::new("bench", Role::PropertyCompany);
    for compound in ids {
        let mut entry = deposit("2026-01-05");
        let total = Money::fen(100 * i64::from(lines));
        entry.lines = (1..=lines)
            .map(|d| Line::credit(400_101, Money::fen(100)).of(DwellingNo(d)))
            .chain([Line::debit(1001, total)])
            .collect();
        let request = Request::describing("journal.post", entry, serde_json::Value::Null);
        let done = books.act(&clerk, *compound, request, |tx, entry: &Entry| {
            Box::pin(journal::post(tx, entry.clone()))
        });
        done.await.expect("posted");
    }
    begun.elapsed()
}

// ---- verify ----------------------------------------------------------------------------------------------------

/// Every law of the journal over a million postings, three times: what an auditor waits for. Both ends of the shape of
/// real books: a run over every dwelling (2,001 lines a voucher), and a counter's payments (2 lines).
const VERIFIED: [(&str, usize, usize, i32); 3] = [
    ("2,001 lines, 500 compounds", 500, 1, 2_000),
    ("2,001 lines, 1 compound", 1, 500, 2_000),
    ("2 lines, 20 compounds", 20, 25_000, 1),
];

async fn verify(what: &str, url: &str, shape: (&str, usize, usize, i32)) {
    let (name, compounds, vouchers, lines) = shape;
    let books = Books::open(url).await.expect("books");
    for compound in found_compounds(&books, compounds).await {
        post_many(&books, compound, vouchers, lines).await;
    }
    let postings = compounds * vouchers * (lines as usize + 1);
    // The peak so far is the posting's: forgotten, so that what is told is the reading's.
    drop(std::fs::write("/proc/self/clear_refs", "5"));
    let before = megabytes("VmRSS:");
    let mut rates = Vec::new();
    for _ in 0..3 {
        let begun = Moment::now();
        let laws = journal::verify::verify(&books, None).await.expect("verified");
        rates.push(postings as f64 / begun.elapsed().as_secs_f64());
        assert!(laws.iter().all(|law| law.failed == 0), "{laws:?}");
    }
    println!(
        "{:<44} {:>9.0} postings/s  ({postings} postings, {} MB more memory)",
        format!("{what} verify, {name}"),
        median(rates),
        megabytes("VmHWM:").saturating_sub(before)
    );
}

/// Vouchers by the hundred in an act: here it is the reading that is measured.
async fn post_many(books: &Books, compound: CompoundId, vouchers: usize, lines: i32) {
    let clerk = Actor::new("bench", Role::PropertyCompany);
    let at_once = (20_000 / lines as usize).clamp(1, 500);
    let mut left = vouchers;
    while left > 0 {
        let count = left.min(at_once);
        left -= count;
        let entries: Vec<Entry> = (0..count as i32)
            .map(|i| {
                let mut entry = deposit("2026-01-05");
                let total = Money::fen(100 * i64::from(lines));
                let first = if lines == 1 { i % 2_000 } else { 0 };
                entry.lines = (1..=lines)
                    .map(|d| Line::credit(400_101, Money::fen(100)).of(DwellingNo(first + d)))
                    .chain([Line::debit(1001, total)])
                    .collect();
                entry
            })
            .collect();
        let request = Request::describing("journal.post", entries, serde_json::Value::Null);
        let done = books.act(&clerk, compound, request, |tx, entries: &Vec<Entry>| {
            Box::pin(async move {
                for entry in entries {
                    journal::post(tx, entry.clone()).await?;
                }
                Ok(())
            })
        });
        done.await.expect("posted");
    }
}

/// A figure of this process's memory, if the system tells.
fn megabytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
