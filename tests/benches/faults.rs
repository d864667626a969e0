//! The fault suite: what is killed, cut, filled, forged and asked twice, and what the books say afterwards.
//!
//! `./tests/run faults [ROW…]`, the rows being those of `perf-reliability.md` E.3. Every row has a **control**: a variant
//! that must fail, which proves that the harness can see the loss it says there is none of. One line a row with its
//! figures, `N passed, N failed` at the end, exit status 1 if any failed.
//!
//! The load runs in a child process: this very program, started again with a mode. It uses the ledger as a server does
//! and tells each act it sends, each answer and each error on a pipe ([`load`]). The parent kills and injects, then
//! judges by SQL of its own on a fresh connection ([`inv`]): a row is never judged by the code it tests alone.
//!
//! Environment: `XIAOQU_FAULT_ROUNDS` (10) scales kills and loops; `XIAOQU_FAULT_POSTINGS` (1,000,000) is the size of row
//! 25; `XIAOQU_FAULT_SEED` (20260105) draws every random choice; `XIAOQU_PG_BIN` names PostgreSQL's programs, and without
//! it (nor Debian's) the PostgreSQL halves fail, unless `--sqlite-only` was asked for by leaving `XIAOQU_FAULT_NO_PG=1`.
//! Needs root for tmpfs, and `strace`, `faketime`, `hledger`, LibreOffice; a row says what it lacks and fails.

#[path = "faults/approval.rs"]
mod approval;
#[path = "faults/bombs.rs"]
mod bombs;
#[path = "faults/cluster.rs"]
mod cluster;
#[path = "faults/crash.rs"]
mod crash;
#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/doors.rs"]
mod doors;
#[path = "faults/gates.rs"]
mod gates;
#[path = "faults/history.rs"]
mod history;
#[path = "faults/house.rs"]
mod house;
#[path = "faults/interest.rs"]
mod interest;
#[path = "faults/inv.rs"]
mod inv;
#[path = "faults/keys.rs"]
mod keys;
#[path = "faults/load.rs"]
mod load;
#[path = "faults/memory.rs"]
mod memory;
#[path = "faults/script.rs"]
mod script;
#[path = "faults/stage.rs"]
mod stage;
#[path = "faults/storm.rs"]
mod storm;
#[path = "faults/strangers.rs"]
mod strangers;
#[path = "faults/truth.rs"]
mod truth;
#[path = "faults/wire.rs"]
mod wire;

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use stage::Stage;

/// Why a row could not be run to its end.
type Fail = Box<dyn std::error::Error + Send + Sync>;
type Running = Pin<Box<dyn Future<Output = Result<(), Fail>> + Send>>;

/// What a row found: its figures, and what should have held and did not.
#[derive(Clone, Default)]
struct Sheet(Arc<std::sync::Mutex<(Vec<String>, Vec<String>)>>);

impl Sheet {
    /// A figure to print.
    fn says(&self, figure: impl Display) {
        self.0.lock().expect("no row panics here").0.push(figure.to_string());
    }

    /// What must hold.
    fn must(&self, holds: bool, what: impl Display) {
        if !holds {
            self.0.lock().expect("no row panics here").1.push(what.to_string());
        }
    }

    /// Each of these is something that should have held.
    fn wrong(&self, findings: &[String]) {
        for finding in findings.iter().take(5) {
            self.must(false, finding);
        }
        if findings.len() > 5 {
            self.must(false, format!("… and {} more", findings.len() - 5));
        }
    }
}

struct Row {
    no: u32,
    name: &'static str,
    run: fn(Arc<Stage>, Sheet) -> Running,
}

macro_rules! rows {
    ($($no:literal $name:literal $run:path;)*) => {
        [$(Row { no: $no, name: $name, run: |stage, sheet| Box::pin($run(stage, sheet)) }),*]
    };
}

/// The rows, in the order they are run: first what needs no broken machine.
fn rows() -> [Row; 45] {
    rows! {
        2 "application killed, PostgreSQL" crash::application_on_postgres;
        3 "application killed, SQLite" crash::application_on_sqlite;
        1 "database killed" crash::database;
        9 "connections cut" crash::connections_cut;
        11 "database restarted" crash::database_restarted;
        13 "client hangs up" keys::hang_ups;
        4 "interest run killed" interest::killed;
        14 "double spend" keys::double_spend;
        19 "everybody at twenty accounts" storm::storm;
        20 "history explained" history::explained;
        15 "one key, 100 times at once" keys::one_key;
        16 "same key, other payload" keys::other_payload;
        17 "same key, a day later" doors::same_key_later;
        12 "more than can be served" doors::pool_exhausted;
        42 "too often" doors::pace;
        30 "large and slow bodies" doors::slow_and_large;
        40 "guessing passwords" gates::guessing;
        41 "sessions" gates::sessions;
        44 "every write has its act" gates::recorded;
        45 "what the log says" gates::log_lines;
        31 "files that unfold" bombs::unfolding;
        32 "entities, pictures, documents" bombs::papers;
        33 "odd names" strangers::names;
        34 "formulas in files" strangers::formulas;
        35 "SQL injection" strangers::injection;
        36 "neighbours" strangers::neighbours;
        37 "every address in every role" strangers::functions;
        38 "fields nobody may set" strangers::assignment;
        43 "personal data" strangers::personal;
        39 "order and four eyes" approval::four_eyes;
        46 "memory pressure" memory::pressure;
        10 "database frozen" gates::frozen;
        47 "few file descriptors" doors::few_files;
        21 "PostgreSQL against SQLite" truth::differential;
        22 "hledger as the judge" truth::oracle;
        23 "clock jumps" truth::clocks;
        24 "closed period, edited history" truth::history;
        25 "tampering by an administrator" truth::tampering;
        28 "overflow and rounding" truth::arithmetic;
        29 "malformed HTTP and JSON" wire::malformed;
        5 "disk full, PostgreSQL" disk::postgres_full;
        6 "disk full, SQLite and export" disk::sqlite_full;
        7 "fsync fails once" disk::fsync_fails;
        8 "the k-th write fails" disk::writes_fail;
        0 "nothing is left behind" stage::nothing_left;
    }
}

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if args.first().is_some_and(|a| a == "mode=house") {
        return wire::house(args.into_iter().skip(1));
    }
    if let Some(mode) = args.first().and_then(|a| a.strip_prefix("mode=")) {
        return load::child(mode, &args[1..]);
    }
    let wanted: Vec<u32> = args.iter().filter_map(|a| a.parse().ok()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime");
    let failed = runtime.block_on(run(&wanted));
    if failed == 0 { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

async fn run(wanted: &[u32]) -> usize {
    let stage = match Stage::raise() {
        Ok(stage) => Arc::new(stage),
        Err(error) => {
            println!("the fault suite could not begin: {error}");
            return 1;
        }
    };
    let (mut passed, mut failed) = (0, 0);
    let begun = Instant::now();
    for row in rows() {
        if row.no != 0 && !wanted.is_empty() && !wanted.contains(&row.no) {
            continue;
        }
        let sheet = Sheet::default();
        let from = Instant::now();
        let ran = tokio::spawn((row.run)(stage.clone(), sheet.clone())).await;
        match ran {
            Ok(Ok(())) => {}
            Ok(Err(error)) => sheet.must(false, format!("broke off: {error}")),
            Err(panic) => sheet.must(false, format!("panicked: {panic}")),
        }
        let (figures, wrong) = sheet.0.lock().expect("the row is over").clone();
        let verdict = if wrong.is_empty() { "pass" } else { "FAIL" };
        let took = from.elapsed().as_secs_f64();
        println!("{:>2} {verdict} {} ({took:.1} s): {}", row.no, row.name, figures.join("; "));
        for finding in &wrong {
            println!("        {finding}");
        }
        if wrong.is_empty() { passed += 1 } else { failed += 1 }
    }
    drop(stage);
    println!("{passed} passed, {failed} failed in {:.0} s", begun.elapsed().as_secs_f64());
    failed
}
