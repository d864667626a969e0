//! The district's view over 2,000 compounds and 1,000,000 dwellings. The limits: 1 s cold, 200 ms warm.
//!
//! `XIAOQU_BENCH_HOUSEHOLDS` (1,000,000) are spread over compounds of 500. Compounds are founded by their verb; the rest is loaded
//! by COPY past rules and triggers: dwellings, first deposits, the fund's balances, twelve bills each, projects with their
//! steps and payments, tranches, leases. Cold is the first answer of a pool that was just opened, warm the next ones. Told are
//! four states: figures never kept (before a server's first quarter of an hour); all kept; 100 compounds whose fund moved and to
//! which fees were paid since; and fees paid in every compound since.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant as Moment};

use ledger::books::{Actor, Books, Request, Role};
use ledger::calendar::{Clock, Instant};
use ledger::district::{self, Keeping};
use ledger::id::{CompoundId, DwellingNo};
use ledger::journal::{self, Book, Entry, Kind, Line};
use ledger::money::Money;
use ledger::property::{self, AreaKind, Founding, NewArea};
use sea_orm::sqlx::{Executor, PgPool};

use super::{deposit, fresh_pg, median};

/// Dwellings of a compound: five buildings of five stairs of twenty.
const EACH: i32 = 500;
const STREETS: i32 = 20;
const BILLS: i32 = 12;
const MOVED_ON: usize = 100;
const ROUNDS: usize = 5;

fn compounds() -> i32 {
    let text = std::env::var("XIAOQU_BENCH_HOUSEHOLDS").unwrap_or_default();
    (text.parse().unwrap_or(1_000_000) / EACH).max(1)
}

fn authority() -> &'static Actor {
    static AUTHORITY: LazyLock<Actor> =
        LazyLock::new(|| Actor::new("bench", Role::HousingAuthority));
    &AUTHORITY
}

fn clock() -> Clock {
    Clock::standing_at(Instant::parse("2026-06-30T09:00:00+08:00").expect("an instant"))
}

/// On PostgreSQL.
pub(super) async fn on_postgres(url: &str) {
    let url = fresh_pg(url, "bench_district").await;
    let books = Books::open_with(&url, clock()).await.expect("books");
    let ids = founded(&books).await;
    let pool = PgPool::connect(&url).await.expect("a pool");
    let begun = Moment::now();
    loaded(&pool, &ids).await;
    pool.execute("VACUUM ANALYZE").await.expect("analysed");
    println!(
        "district: {} compounds, {} dwellings, {} bills loaded in {:.0} s",
        ids.len(),
        ids.len() as i32 * EACH,
        ids.len() as i32 * EACH * BILLS,
        begun.elapsed().as_secs_f64()
    );
    books.close().await.expect("closed");

    told("figures never kept", &url).await;
    let books = Books::open_with(&url, clock()).await.expect("books");
    let begun = Moment::now();
    let mut kept = 0;
    loop {
        let Keeping { kept: page, left } = keep(&books).await;
        kept += page;
        if left == 0 {
            break;
        }
    }
    println!(
        "district: figures of {kept} compounds kept in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    pool.execute("ANALYZE district_figure").await.expect("analysed");
    told("figures kept", &url).await;
    for id in ids.iter().take(MOVED_ON) {
        moved_on(&books, *id).await;
        billed(&books, *id).await;
    }
    books.close().await.expect("closed");
    told("100 compounds moved on", &url).await;
    let books = Books::open_with(&url, clock()).await.expect("books");
    for id in &ids {
        billed(&books, *id).await;
    }
    books.close().await.expect("closed");
    pool.execute("ANALYZE voucher; ANALYZE posting").await.expect("analysed");
    told("and fees in every compound", &url).await;
}

async fn keep(books: &Books) -> Keeping {
    district::keep(books, authority(), None).await.expect("kept").answer
}

/// Looks from a pool that was just opened, and again.
async fn told(state: &str, url: &str) {
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let books = Books::open_with(url, clock()).await.expect("books");
        cold.push(looked(&books).await.as_secs_f64());
        warm.push(looked(&books).await.as_secs_f64());
        books.close().await.expect("closed");
    }
    println!(
        "district view, {} compounds, {state:<24} cold {:.3} s (limit 1)  warm {:.3} s (limit 0.2)",
        compounds(),
        median(cold),
        median(warm)
    );
}

async fn looked(books: &Books) -> Duration {
    let begun = Moment::now();
    let mut view = books.read().await.expect("a reading");
    let all = property::compounds(&mut view).await.expect("compounds");
    let today = books.clock().now().day();
    let told = district::view(&mut view, &all, today).await.expect("a view");
    let took = begun.elapsed();
    let wanted = i64::from(compounds() * EACH);
    assert_eq!((told.total.dwellings, told.total.low), (wanted, wanted / 5));
    assert_eq!(told.streets.len(), STREETS as usize);
    assert!(told.total.subsidies.left_fen.is_positive() && told.total.rents_overdue > 0);
    took
}

async fn founded(books: &Books) -> Vec<CompoundId> {
    let mut areas = vec![
        (AreaKind::City, "3301".to_owned(), None),
        (AreaKind::District, "330199".to_owned(), Some("3301".to_owned())),
    ];
    for street in 1..=STREETS {
        areas.push((AreaKind::Street, format!("330199{street:03}"), Some("330199".to_owned())));
    }
    for (kind, code, parent) in areas {
        let area = NewArea { kind, name: code.clone(), code, parent };
        let request = Request::new("property.draw-area", area);
        let drawn = books.act(authority(), CompoundId::OFFICE, request, |tx, area| {
            Box::pin(property::draw_area(tx, area))
        });
        drawn.await.expect("drawn");
    }
    let mut ids = Vec::new();
    for i in 0..compounds() {
        let founding = Founding {
            code: format!("d{i:05}"),
            name: format!("小区{i}"),
            address: String::new(),
            area: Some(format!("330199{:03}", i % STREETS + 1)),
        };
        let request = Request::new("property.found", founding);
        let found = books.act(authority(), CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        });
        ids.push(found.await.expect("founded").answer);
    }
    ids
}

/// The fund of a compound moves.
async fn moved_on(books: &Books, compound: CompoundId) {
    let amount = Money::fen(100);
    let lines = vec![Line::debit(1001, amount), Line::credit(400_101, amount).of(DwellingNo(1))];
    posted(books, compound, Entry { lines, ..deposit("2026-06-29") }).await;
}

/// Something is billed in a compound.
async fn billed(books: &Books, compound: CompoundId) {
    let amount = Money::fen(100);
    let lines = vec![Line::debit(1122, amount).of(DwellingNo(1)), Line::credit(6001, amount)];
    let entry = deposit("2026-06-29");
    posted(books, compound, Entry { book: Book::Service, kind: Kind::Bill, lines, ..entry }).await;
}

async fn posted(books: &Books, compound: CompoundId, entry: Entry) {
    let clerk = Actor::new("bench", Role::PropertyCompany);
    let request = Request::new("journal.post", ());
    let done = books.act(&clerk, compound, request, move |tx, ()| {
        let entry = entry.clone();
        Box::pin(async move { journal::post(tx, entry).await.map(|_| ()) })
    });
    done.await.expect("posted");
}

const TABLES: [(&str, &str); 16] = [
    ("building", "compound_id, building_no, code"),
    ("stair_unit", "compound_id, building_no, unit_no, code"),
    (
        "dwelling",
        "compound_id, dwelling_no, building_no, unit_no, code, written_as, kind, housing, has_lift, is_unsold,
         vote_area_centi_m2, fee_area_centi_m2, fund_area_centi_m2, remark_sealed, act_no",
    ),
    (
        "deposit",
        "compound_id, deposit_no, dwelling_no, kind, amount_fen, gains_fen, received_on, receipt_no, voucher_seq, act_no",
    ),
    ("balance", "compound_id, book, account, dwelling_no, matter_no, debit_fen, credit_fen"),
    ("matter", "compound_id, matter_no, kind, name, act_no"),
    (
        "project",
        "compound_id, project_no, matter_no, title, path, proposal, proposed_on, by_name, by_role, act_no",
    ),
    (
        "project_step",
        "compound_id, project_no, step_no, kind, body, recorded_on, by_name, by_role, digest, act_no",
    ),
    (
        "project_payment",
        "compound_id, project_no, payment_no, request_step_no, decision_step_no, is_back, amount_fen, fund_fen, paid_on,
         voucher_seq, pack, act_no",
    ),
    (
        "tranche",
        "compound_id, tranche_no, programme_no, is_central, matter_no, project_matter_no, part, period, gross_fen,
         granted_fen, base, granted_on, spend_by, evidence, act_no",
    ),
    (
        "tranche_move",
        "compound_id, move_no, tranche_no, kind, sign, amount_fen, moved_on, payee, evidence, voucher_seq, act_no",
    ),
    (
        "revenue_lease",
        "compound_id, lease_no, income, scope, part, lessee, document, signed_on, from_on, until_on, round_no, motion_no,
         digest, act_no",
    ),
    ("revenue_due", "compound_id, lease_no, due_no, from_on, until_on, due_on, amount_fen"),
    (
        "revenue_entry",
        "compound_id, entry_no, sort, what, scope, lease_no, purse, amount_fen, tax_fen, entered_on, through, party,
         evidence, pack, voucher_seq, act_no",
    ),
    (
        "renovation",
        "compound_id, renovation_no, matter_no, title, reserve, reserved_on, by_name, by_role, act_no",
    ),
    (
        "renovation_step",
        "compound_id, renovation_no, step_no, kind, body, recorded_on, by_name, by_role, digest, act_no",
    ),
];

/// Every row by COPY, a transaction a compound, past triggers and foreign keys.
async fn loaded(pool: &PgPool, ids: &[CompoundId]) {
    for ids in ids.chunks(50) {
        let mut tx = pool.begin().await.expect("begin");
        tx.execute("SET LOCAL session_replication_role = replica").await.expect("a superuser");
        let mut texts: [String; TABLES.len()] = std::array::from_fn(|_| String::new());
        for id in ids {
            rows_of(id.0, &mut texts);
        }
        for ((table, columns), rows) in TABLES.iter().zip(&texts) {
            let copy = format!("COPY {table} ({columns}) FROM STDIN");
            let mut sink = tx.copy_in_raw(&copy).await.expect("copy");
            sink.send(rows.as_bytes()).await.expect("rows");
            sink.finish().await.expect("finish");
        }
        tx.commit().await.expect("commit");
    }
}

/// The rows of one compound, table by table.
fn rows_of(c: i32, texts: &mut [String; TABLES.len()]) {
    let [
        building,
        stair,
        dwelling,
        deposits,
        balance,
        matter,
        project,
        step,
        payment,
        tranche,
        moves,
        lease,
        due,
        entry,
        renovation,
        renovated,
    ] = texts;
    // Writing to a String cannot fail.
    for b in 1..=5 {
        let _ = writeln!(building, "{c}\t{b}\t{b}");
        for u in 1..=5 {
            let _ = writeln!(stair, "{c}\t{b}\t{u}\t{u}");
        }
    }
    for d in 1..=EACH {
        let (b, u, lift) = ((d - 1) / 100 + 1, (d - 1) / 20 % 5 + 1, i32::from(d <= 200));
        let room = format!("{b}-{u}-{}", 100 + (d - 1) % 20);
        let _ = writeln!(
            dwelling,
            "{c}\t{d}\t{b}\t{u}\t{room}\t{room}\tresidence\tcommodity\t{lift}\t0\t9000\t9000\t9000\t\\\\x\t1"
        );
        let _ = writeln!(deposits, "{c}\t{d}\t{d}\tinitial\t1000000\t0\t2015-06-01\t\t1\t1");
        // Something was taken of every dwelling, and of every fifth so much that it is low.
        let spent = if d % 5 == 0 { 800_000 } else { 100_000 };
        let _ = writeln!(balance, "{c}\t1\t3001\t{d}\t0\t{spent}\t1000000");
        for bill in 1..=BILLS {
            let paid = if d % 6 == 0 { 0 } else { 16_650 };
            let _ = writeln!(balance, "{c}\t3\t1122\t{d}\t{}\t16650\t{paid}", bill * EACH + d);
        }
    }
    let _ = writeln!(balance, "{c}\t1\t1001\t0\t0\t500000000\t120000000");
    let contract = r#"{"step":"contract","body":{"contractor":"某公司 "#;
    for p in 1..=5 {
        let title = if p == 1 { "电梯大修" } else { "屋面维修" };
        let matter_no = 100_000 + p;
        let _ = writeln!(matter, "{c}\t{matter_no}\tproject\t{title}\t1");
        let _ = writeln!(
            project,
            "{c}\t{p}\t{matter_no}\t{title}\tordinary\t{{}}\t2026-0{p}-01\t某\tproperty-company\t1"
        );
        let signed = format!(
            "{contract}{}\",\"price_fen\":5000000,\"signed_on\":\"2026-0{p}-02\"}}}}",
            c % 97
        );
        let begun = r#"{"step":"progress","body":{"of":"started","on":"2026-05-03"}}"#;
        for (no, kind, body) in [
            (1, "plan", "{}"),
            (2, "application", "{}"),
            (3, "decision", "{}"),
            (4, "contract", &signed),
            (5, "progress", begun),
            (6, "payment-request", "{}"),
        ] {
            let _ = writeln!(
                step,
                "{c}\t{p}\t{no}\t{kind}\t{}\t2026-05-03\t某\tproperty-company\t\t1",
                body.replace('\\', "\\\\")
            );
        }
        let _ = writeln!(
            payment,
            "{c}\t{p}\t1\t6\t3\t0\t1000000\t1000000\t2026-05-0{p}\t{p}\tbench\t1"
        );
    }
    for t in 1..=2 {
        let matter_no = 200_000 + t;
        let _ = writeln!(matter, "{c}\t{matter_no}\tgrant\t补助\t1");
        let _ = writeln!(
            tranche,
            "{c}\t{t}\t1\t0\t{matter_no}\t0\twhole\t\t5000000\t5000000\t{{\"mode\":\"self-managed\"}}\t2026-01-05\t2026-0{}-01\t通知\t1",
            t * 4
        );
        for (no, kind, sign, fen) in
            [(1, "receipt", 1, 5_000_000), (2, "interest", 1, 100), (3, "hand-back", -1, 1_000_000)]
        {
            let no = t * 10 + no;
            let _ = writeln!(
                moves,
                "{c}\t{no}\t{t}\t{kind}\t{sign}\t{fen}\t2026-02-01\t\t回单\t{no}\t1"
            );
        }
    }
    for l in 1..=3 {
        let _ = writeln!(
            lease,
            "{c}\t{l}\tparking\t{{\"kind\":\"compound\"}}\t车位\t某公司\t合同\t2026-01-01\t2026-01-01\t2026-12-31\t1\t1\tx\t1"
        );
        for due_no in 1..=4 {
            let month = due_no * 3 - 2;
            let _ = writeln!(
                due,
                "{c}\t{l}\t{due_no}\t2026-{month:02}-01\t2026-{:02}-28\t2026-{month:02}-10\t300000",
                month + 2
            );
        }
        let _ = writeln!(
            entry,
            "{c}\t{l}\tincome\tparking\t{{\"kind\":\"compound\"}}\t{l}\taccount\t300000\t0\t2026-01-10\t0\t某公司\t回单\tbench\t{l}\t1"
        );
    }
    if c % 4 == 0 {
        let reserve = r#"{"title":"改造","built_on":"1998-06-30","buildings":5,"households":500,"area_centi_m2":4500000,"evidence":"名单"}"#;
        let _ = writeln!(matter, "{c}\t300001\tproject\t改造\t1");
        let _ = writeln!(
            renovation,
            "{c}\t1\t300001\t改造\t{reserve}\t2026-01-05\t某\tstreet-office\t1"
        );
        let start = r#"{"step":"start","body":{"on":"2026-03-01","evidence":"开工令 1"}}"#;
        let _ =
            writeln!(renovated, "{c}\t1\t1\tstart\t{start}\t2026-03-01\t某\tstreet-office\t\t1");
    }
}
