//! The PostgreSQL half of the tests: a template migrated once per process, and a copy of it for every test.
//!
//! The server is somebody else's business: `tests/run` starts one and names it in `XIAOQU_TEST_PG`. Here nothing is
//! started or stopped; databases are called `xiaoqu_test_<process>_<n>`, and what an earlier process of this machine
//! left behind on a server that outlives it is dropped before the template is made.
//!
//! A copy holds what is *in* a database. Roles belong to the server and are shared by all tests; grants on the database
//! itself and `ALTER DATABASE … SET` belong to the original and are not copied.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};
use tokio::sync::OnceCell;

const PREFIX: &str = "xiaoqu_test_";

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COPYING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static NUMBER: AtomicU32 = AtomicU32::new(1);
/// Databases whose test is over. A test cannot wait for a server while it is dropped, so the next one clears them away:
/// a suite needs the room of the tests that are running, not of all of them.
static DONE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A migrated database that nobody else uses. It is gone some time after this is dropped.
pub(crate) struct FreshDb {
    pub(crate) url: String,
    pub(crate) name: String,
}

impl Drop for FreshDb {
    fn drop(&mut self) {
        // The key of its books lies in the home of whoever runs the tests.
        if let Some(key) = ledger::books::Books::usual_keys(&self.url).file() {
            let _ = std::fs::remove_file(key);
        }
        DONE.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.name));
    }
}

/// The server to test on: the address of a superuser in a database for maintenance.
pub(crate) fn pg_url() -> Option<String> {
    std::env::var("XIAOQU_TEST_PG").ok().filter(|url| !url.is_empty())
}

/// Whether a missing server is a failure (in `tests/run`, hence in CI) and not merely a pity.
pub(crate) fn is_required() -> bool {
    std::env::var("XIAOQU_TEST_PG_REQUIRED").is_ok_and(|it| it == "1")
}

/// A fresh database. `migrate` is given the address of an empty one and has closed its connections when it returns; it is
/// called once per process, so every caller passes the same. `None`, said aloud, if there is no server and need not be.
pub(crate) async fn fresh(migrate: impl AsyncFnOnce(&str)) -> Option<FreshDb> {
    let Some(server) = pg_url() else {
        assert!(!is_required(), "XIAOQU_TEST_PG_REQUIRED=1, but XIAOQU_TEST_PG names no server");
        say_skipped();
        return None;
    };
    // One connection per call: every test has a runtime of its own, and a connection dies with the one it was made in.
    let admin = connect(&server).await;
    let template = TEMPLATE.get_or_init(|| make_template(&server, &admin, migrate)).await;

    let name = format!("{}{}", prefix(std::process::id()), NUMBER.fetch_add(1, Ordering::Relaxed));
    {
        let _alone = COPYING.lock().await;
        let done = std::mem::take(&mut *DONE.lock().unwrap_or_else(PoisonError::into_inner));
        for name in done {
            drop_database(&admin, &name).await;
        }
        run(&admin, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    }
    admin.close().await.expect("the connection for maintenance closes");
    Some(FreshDb { url: at(&server, &name), name })
}

async fn make_template(
    server: &str,
    admin: &DatabaseConnection,
    migrate: impl AsyncFnOnce(&str),
) -> String {
    sweep(admin).await;
    let name = format!("{}template", prefix(std::process::id()));
    run(admin, &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await;
    run(admin, &format!("COMMENT ON DATABASE {name} IS {}", quoted(&machine()))).await;
    migrate(&at(server, &name)).await;
    // Only a database without visitors can be copied: nobody comes in any more, and who is still on the way out is gone.
    run(admin, &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    let visitors = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}",
        quoted(&name)
    );
    run(admin, &visitors).await;
    name
}

/// Drops what processes of this machine that are no more have left. Another machine's process may well be alive under the
/// same number, so a template says in its comment where it was made.
async fn sweep(admin: &DatabaseConnection) {
    if !Path::new("/proc/self").exists() {
        return; // no way to tell who is alive
    }
    let templates = format!(
        "SELECT datname FROM pg_database WHERE datname ~ '^{PREFIX}[0-9]+_template$' \
         AND shobj_description(oid, 'pg_database') = {}",
        quoted(&machine())
    );
    for template in names(admin, &templates).await {
        let pid = template.trim_start_matches(PREFIX).trim_end_matches("_template").parse::<u32>();
        let Ok(pid) = pid else { continue };
        // Our own number too: the template is not made yet, so these are from a process that had it before, or from a
        // migration that failed.
        if pid != std::process::id() && Path::new(&format!("/proc/{pid}")).exists() {
            continue;
        }
        // The template last: it is what the next sweep finds the others by.
        let of_process = format!(
            "SELECT datname FROM pg_database WHERE starts_with(datname, {}) ORDER BY datname = {}, datname",
            quoted(&prefix(pid)),
            quoted(&template)
        );
        for name in names(admin, &of_process).await {
            drop_database(admin, &name).await;
        }
    }
}

/// Best effort: a database that stays is in nobody's way, and somebody else may be sweeping the same ones.
async fn drop_database(admin: &DatabaseConnection, name: &str) {
    if let Err(error) =
        admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
    {
        eprintln!("{name} was not dropped: {error}");
    }
}

async fn connect(server: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(server);
    let patience = Duration::from_secs(20);
    options
        .max_connections(1)
        .connect_timeout(patience)
        .acquire_timeout(patience)
        .sqlx_logging(false);
    Database::connect(options)
        .await
        .unwrap_or_else(|error| panic!("the server in XIAOQU_TEST_PG: {error}"))
}

async fn run(admin: &DatabaseConnection, sql: &str) {
    admin.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn names(admin: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = admin.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.try_get_by_index(0).expect("a name")).collect()
}

fn prefix(pid: u32) -> String {
    format!("{PREFIX}{pid}_")
}

fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("xiaoqu tests on {}", name.trim())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The same server, another database.
fn at(server: &str, database: &str) -> String {
    let (address, parameters) = match server.split_once('?') {
        Some((address, parameters)) => (address, format!("?{parameters}")),
        None => (server, String::new()),
    };
    let host = address.find("://").map_or(0, |scheme| scheme + 3);
    let end = address[host..].find('/').map_or(address.len(), |slash| host + slash);
    format!("{}/{database}{parameters}", &address[..end])
}

/// Says once per process, past the capture of the test harness, that half of the tests did not run.
fn say_skipped() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let note =
            "\n*** SKIPPED: every test on PostgreSQL. XIAOQU_TEST_PG names no server; `tests/run` starts one. ***\n";
        // The handle, not eprintln!: the harness shows only what a failing test prints.
        writeln!(std::io::stderr(), "{note}").expect("standard error is open");
    });
}

#[test]
fn an_address_changes_its_database_and_nothing_else() {
    for (server, wanted) in [
        (
            "postgres://postgres@localhost:5432/postgres?host=/tmp/a/pg",
            "postgres://postgres@localhost:5432/b?host=/tmp/a/pg",
        ),
        ("postgres://u:p%2Fw@db.lan/postgres", "postgres://u:p%2Fw@db.lan/b"),
        ("postgres://u@db.lan", "postgres://u@db.lan/b"),
    ] {
        assert_eq!(at(server, "b"), wanted);
    }
}
