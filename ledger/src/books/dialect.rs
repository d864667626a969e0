//! What the two databases do differently: how they are opened, how a transaction begins, how they fail.
//!
//! This file and `migrations::dialect` are the only places that ask which database it is, besides the sheaves'
//! two ways to say "these rows".

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection};
use sea_orm::{
    AccessMode, ConnAcquireErr, ConnectOptions, ConnectionTrait, Database, DatabaseConnection,
    DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value, Values,
};
use sea_query_sqlx::SqlxValues;

use super::LOG;
use crate::error::{Error, Kind, Result, Rule, Storage};

/// How long an act waits for another process's lock before it is told to come back.
const LOCK_WAIT: &str = "10s";
/// How long one statement may run before it is taken for lost.
const STATEMENT_WAIT: &str = "300s";
/// How long a transaction may lie idle: a vanished client must not hold a compound.
const IDLE_WAIT: &str = "60s";

/// The address of the books is not one of the two kinds.
pub static ADDRESS: Rule = Rule {
    code: "books.address",
    kind: Kind::Shape,
    rule: "账册地址须为 sqlite:文件路径 或 postgres://用户@主机/库名",
    remedy: "检查 --db 参数或配置中的 database.url",
};

/// The connections of one set of books.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    /// Reads; on SQLite never writes.
    pub(crate) reading: DatabaseConnection,
    /// Acts. One connection on SQLite, where writers queue.
    pub(crate) acting: DatabaseConnection,
    /// Reads the past, behind views of a transaction's own: no other question is ever asked through it. Opened when needed.
    pub(crate) past: DatabaseConnection,
    pub(crate) backend: DbBackend,
    /// How many acts may be under way at once.
    pub(crate) acting_at_once: usize,
}

/// Opens the pools. `acting_at_once` bounds PostgreSQL's writing connections.
pub(crate) async fn open(url: &str, acting_at_once: usize) -> Result<Pools> {
    if is_sqlite(url)? {
        let acting = Database::connect(sqlite(url, 1, Access::Acting)).await?;
        let reading = Database::connect(sqlite(url, 8, Access::Reading)).await?;
        let past = Database::connect(when_needed(sqlite(url, PAST, Access::Past))).await?;
        return Ok(Pools { reading, acting, past, backend: DbBackend::Sqlite, acting_at_once: 1 });
    }
    let writers = u32::try_from(acting_at_once).unwrap_or(16);
    let acting = Database::connect(postgres(url, writers, Access::Acting)).await?;
    let reading = Database::connect(postgres(url, 16, Access::Reading)).await?;
    let past = Database::connect(when_needed(postgres(url, PAST, Access::Past))).await?;
    Ok(Pools { reading, acting, past, backend: DbBackend::Postgres, acting_at_once })
}

/// How many readings of the past may be under way at once.
const PAST: u32 = 2;

fn when_needed(mut options: ConnectOptions) -> ConnectOptions {
    options.min_connections(0).connect_lazy(true);
    options
}

/// Opens the pools of a file that may be read here and not written: an archive, an auditor's copy. SQLite wants a log beside
/// a file even to read it. Where there is none, nobody is writing, and the file is taken for one that stands still, so that
/// nothing is left beside it either. A log that holds acts is never passed over so.
pub(crate) async fn open_archive(url: &str) -> Result<Pools> {
    let connect = async |access| {
        let opened = Database::connect(sqlite(url, 8, access)).await?;
        opened.execute_unprepared("SELECT count(*) FROM sqlite_schema").await?;
        Ok::<_, Storage>(opened)
    };
    let log = file_of(url).map(|file| format!("{}-wal", file.display())).unwrap_or_default();
    let size = std::fs::metadata(&log).map(|log| log.len());
    let opened = match size {
        Ok(_) => connect(Access::Archive).await,
        Err(_) => connect(Access::Still).await,
    };
    let reading = match (opened, size) {
        (Err(failure), Ok(1..)) if failure.is_read_only() => return Err(LOG.refuse(log).into()),
        (Err(failure), Ok(0)) if failure.is_read_only() => connect(Access::Still).await?,
        (opened, _) => opened?,
    };
    let (acting, past, backend) = (reading.clone(), reading.clone(), DbBackend::Sqlite);
    Ok(Pools { reading, acting, past, backend, acting_at_once: 1 })
}

/// How many connections of a pool are lent out now.
pub(crate) fn in_use(pool: &DatabaseConnection) -> usize {
    let (open, idle) = match pool.get_database_backend() {
        DbBackend::Sqlite => {
            let pool = pool.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
        _ => {
            let pool = pool.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
    };
    usize::try_from(open).unwrap_or(0).saturating_sub(idle)
}

fn is_sqlite(url: &str) -> Result<bool> {
    let is_one_of = |schemes: &[&str]| schemes.iter().any(|scheme| url.starts_with(scheme));
    match url {
        "sqlite:" | "sqlite://" => Err(ADDRESS.refuse("sqlite: 后面没有文件路径").into()),
        _ if is_one_of(&["sqlite:"]) => Ok(true),
        _ if is_one_of(&["postgres://", "postgresql://"]) => Ok(false),
        _ => Err(ADDRESS.refuse(without_password(url)).into()),
    }
}

/// One connection, for the migrations: SQLite's pragmas are per connection, and a migration that switched
/// foreign keys off on one of several would leave it so.
pub(crate) async fn open_for_migration(url: &str) -> Result<DatabaseConnection> {
    let options = if is_sqlite(url)? {
        found(url)?;
        sqlite(url, 1, Access::Acting)
    } else {
        postgres(url, 1, Access::Reading)
    };
    Ok(Database::connect(options).await?)
}

/// Makes the file of new books, for its owner's eyes alone: names and numbers of people are going to be in it. What SQLite
/// puts beside it takes its mode.
fn found(url: &str) -> Result<()> {
    let Some(path) = file_of(url) else { return Ok(()) };
    let what = format!("打开账册 {}", path.display());
    match path.metadata() {
        Ok(found) if found.is_dir() => {
            let source = ErrorKind::IsADirectory.into();
            return Err(Storage::File { what, source }.into());
        }
        Ok(_) => return Ok(()),
        Err(_) => {}
    }
    let mut made = std::fs::OpenOptions::new();
    made.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut made, 0o600);
    match made.open(path) {
        Err(source) if source.kind() != ErrorKind::AlreadyExists => {
            Err(Storage::File { what, source }.into())
        }
        _ => Ok(()),
    }
}

/// The file of books on SQLite, if they are such.
pub(crate) fn file_of(url: &str) -> Option<&std::path::Path> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//");
    Some(std::path::Path::new(path.split_once('?').map_or(path, |(path, _)| path)))
}

fn common(options: &mut ConnectOptions, most: u32) {
    options
        .max_connections(most)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(15))
        .test_before_acquire_if_idle_for(Duration::from_secs(2))
        .sqlx_logging(false);
}

/// What books are opened for; a file that may not be written here is one of SQLite.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// To act: the one writer.
    Acting,
    /// To read beside it.
    Reading,
    /// The same, behind views that stand before the tables.
    Past,
    /// To read what may not be written here.
    Archive,
    /// The same, where not even a log may be put beside it.
    Still,
}

fn sqlite(url: &str, most: u32, access: Access) -> ConnectOptions {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let mut options = ConnectOptions::new(format!("sqlite:{path}?mode=rwc"));
    common(&mut options, most);
    options.map_sqlx_sqlite_opts(move |o: SqliteConnectOptions| {
        let is_archive = matches!(access, Access::Archive | Access::Still);
        let o = if is_archive {
            o.read_only(true).immutable(access == Access::Still)
        } else {
            o.journal_mode(SqliteJournalMode::Wal)
        };
        let o = o
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(30))
            // How many rows the connection's thread may be ahead: at 50 the two threads wait for each other all the time.
            .row_buffer_size(2_000)
            // Kibibytes. A reading goes once through what it reads; an act comes back to the heads of the trees.
            .pragma("cache_size", if access == Access::Acting { "-65536" } else { "-8192" })
            // What a reading sorts may be a million rows, and several read at once: what does not fit the cache goes to a file.
            .pragma("temp_store", if access == Access::Acting { "MEMORY" } else { "FILE" });
        match access {
            Access::Acting => o,
            Access::Reading => o.pragma("query_only", "ON"),
            // A view of the connection's own is a query to nobody, and a write to no file.
            Access::Past => o.read_only(true),
            Access::Archive | Access::Still => o,
        }
    });
    // SQLite ends a transaction by itself when the disk fails under it. The driver's rollback then finds none, and it goes
    // on counting one: its next BEGIN would be a savepoint, and its COMMIT no commit. Such a connection is thrown away.
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                // A rollback may be on its way to the connection's thread; what is said after it is answered after it.
                connection.ping().await?;
            }
            Ok(!connection.is_in_transaction())
        })
    });
    options
}

fn postgres(url: &str, most: u32, access: Access) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    common(&mut options, most);
    options.map_sqlx_postgres_opts(move |o: PgConnectOptions| {
        let o = o.application_name("xiaoqu").options([
            ("lock_timeout", LOCK_WAIT),
            ("statement_timeout", STATEMENT_WAIT),
            ("idle_in_transaction_session_timeout", IDLE_WAIT),
        ]);
        // An act looks up what it needs by key, and writes sets. Planning such a statement anew costs more than
        // running it, so it is planned once; and since that may be while the tables are empty, when reading them
        // whole looks cheapest and soon is not, the plan must use the keys.
        let by_key = [
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_bitmapscan", "off"),
        ];
        // How many rows a view of the past lets through no statistics tell: the planner takes them for a handful, and looks
        // each up by passing over all the others.
        let by_set = [("enable_nestloop", "off"), ("jit", "off")];
        match access {
            Access::Acting => o.options(by_key),
            Access::Past => o.options(by_set),
            _ => o,
        }
    });
    options
}

/// Begins a transaction of acts: on SQLite the file's one writer, at once (a deferred upgrade would fail).
pub(crate) async fn begin_acting(pools: &Pools) -> Result<DatabaseTransaction, DbErr> {
    match pools.backend {
        DbBackend::Sqlite => {
            let mode = Some(SqliteTransactionMode::Immediate);
            let options =
                TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
            pools.acting.begin_with_options(options).await
        }
        _ => pools.acting.begin().await,
    }
}

/// From how many rows of a table on a batch may have made it another than the planner thinks.
const MANY_ROWS: usize = 1_000;

/// Tells PostgreSQL's planner of tables that a batch has made at least half as large again as it believes them to be: until its own
/// housekeeping comes by, a minute later, it would take a year's file for a row, and look every line up by passing over all others.
/// What was committed stands whatever comes of this. SQLite plans by its indices alone.
pub(crate) async fn take_stock(pools: &Pools, written: &BTreeMap<&'static str, usize>) {
    let grown = written.iter().filter(|(_, rows)| **rows >= MANY_ROWS);
    let (names, rows): (Vec<String>, Vec<i64>) = grown
        .map(|(name, rows)| (name.to_string(), i64::try_from(*rows).unwrap_or(i64::MAX)))
        .unzip();
    if names.is_empty() || pools.backend != DbBackend::Postgres {
        return;
    }
    let sql = "SELECT c.relname::text FROM UNNEST($1::text[], $2::bigint[]) AS w (name, rows)
               JOIN pg_class c ON c.oid = to_regclass(w.name) WHERE c.reltuples < 2 * w.rows";
    let asked = Statement::from_sql_and_values(pools.backend, sql, [names.into(), rows.into()]);
    let looked = async {
        let found = pools.acting.query_all_raw(asked).await?;
        let tables = found.iter().map(|row| row.try_get_by_index::<String>(0));
        let tables = tables.collect::<Result<Vec<String>, DbErr>>()?;
        if !tables.is_empty() {
            pools.acting.execute_unprepared(&format!("ANALYZE {}", tables.join(", "))).await?;
        }
        Ok::<(), DbErr>(())
    };
    if let Err(error) = looked.await {
        tracing::warn!(%error, "the planner was not told of a large batch");
    }
}

/// Begins a reading of one unchanging picture.
pub(crate) async fn begin_reading(pools: &Pools) -> Result<DatabaseTransaction, DbErr> {
    match pools.backend {
        DbBackend::Sqlite => pools.reading.begin().await,
        _ => {
            let level = Some(IsolationLevel::RepeatableRead);
            pools.reading.begin_with_config(level, Some(AccessMode::ReadOnly)).await
        }
    }
}

/// Begins a reading that views of its own will stand before. Whatever ends it takes them away.
pub(crate) async fn begin_past(pools: &Pools) -> Result<DatabaseTransaction, DbErr> {
    match pools.backend {
        DbBackend::Sqlite => pools.past.begin().await,
        _ => {
            // A view of the session's own may not be made in a transaction that only reads.
            pools.past.begin_with_config(Some(IsolationLevel::RepeatableRead), None).await
        }
    }
}

/// What the tables themselves are called where a view of the same name stands before them.
pub(crate) fn own_tables(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "main.",
        _ => "",
    }
}

/// The statement that takes the locks of the compounds in `$1`, if one is needed (on SQLite the transaction is the
/// lock): waiting for them, or passing over those that somebody else has.
pub(crate) fn lock(backend: DbBackend, is_waiting: bool) -> Option<&'static str> {
    match backend {
        DbBackend::Postgres if is_waiting => Some(
            "SELECT compound_id FROM compound WHERE compound_id = ANY($1)
             ORDER BY compound_id FOR NO KEY UPDATE",
        ),
        DbBackend::Postgres => Some(
            "SELECT compound_id FROM compound WHERE compound_id = ANY($1)
             ORDER BY compound_id FOR NO KEY UPDATE SKIP LOCKED",
        ),
        _ => None,
    }
}

/// Asks a pool one question. The framework's own way wraps the opening of a connection, which may be needed, into three
/// futures one around the other and moves each of them: half a megabyte was copied for a row. Its drivers are asked
/// themselves.
pub(crate) async fn ask(
    db: &DatabaseConnection,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    let (sql, values) = (AssertSqlSafe(sql), SqlxValues(Values(values)));
    let found = match db.get_database_backend() {
        DbBackend::Postgres => {
            let mut at = db.get_postgres_connection_pool().acquire().await.map_err(not_had)?;
            let found = sqlx::query_with(sql, values).fetch_all(&mut *at).await;
            found.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        }
        _ => {
            let mut at = db.get_sqlite_connection_pool().acquire().await.map_err(not_had)?;
            let found = sqlx::query_with(sql, values).fetch_all(&mut *at).await;
            found.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        }
    };
    found.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
}

/// No connection was to be had.
fn not_had(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

/// Whether the database has a table.
pub(crate) async fn has_table(db: &DatabaseConnection, name: &str) -> Result<bool> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => "SELECT to_regclass($1) IS NOT NULL",
        _ => "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)",
    };
    let asked = Statement::from_sql_and_values(backend, sql, [name.into()]);
    let row = db.query_one_raw(asked).await?;
    Ok(row.is_some_and(|row| row.try_get_by_index::<bool>(0).unwrap_or(false)))
}

/// Whether an address names another machine: then what is said on the way should be sealed.
pub(crate) fn is_remote(url: &str) -> bool {
    let host = |rest: &str| {
        let authority = rest.split(['/', '?']).next().unwrap_or("");
        let host = authority.rsplit('@').next().unwrap_or("");
        host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned()
    };
    let has_socket = url.contains("host=/") || url.contains("host=%2F");
    match url.split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("postgres") => {
            let host = host(rest);
            !has_socket && !["", "localhost", "127.0.0.1", "[::1]"].contains(&host.as_str())
        }
        _ => false,
    }
}

/// The database's own clock, in seconds since 1970.
pub(crate) fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)",
        _ => "unixepoch()",
    }
}

/// Joins a table row by row: what joins is looked up by its key for each row before it, however large a planner takes the table
/// or the part of it for.
pub(crate) fn looked_up(backend: DbBackend, table: &str, on: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("JOIN {table} ON {on}"),
        _ => format!("CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {on} OFFSET 0) {table}"),
    }
}

/// The words for "is one of the list that is parameter `n`".
pub(crate) fn is_in(backend: DbBackend, n: usize) -> String {
    match backend {
        DbBackend::Postgres => format!("= ANY(${n})"),
        _ => format!("IN (SELECT value FROM json_each(${n}))"),
    }
}

/// A list of numbers as one parameter.
pub(crate) fn ints(backend: DbBackend, list: &[i32]) -> Value {
    match backend {
        DbBackend::Postgres => Value::from(list.to_vec()),
        _ => Value::from(serde_json::to_string(list).unwrap_or_default()),
    }
}

/// Pairs of a compound and a key as a table `k`, its parameters beginning with number `n`.
pub(crate) fn pairs(backend: DbBackend, pairs: &[(i32, &str)], n: usize) -> (String, Vec<Value>) {
    match backend {
        DbBackend::Postgres => {
            let compounds: Vec<i32> = pairs.iter().map(|(compound, _)| *compound).collect();
            let keys: Vec<String> = pairs.iter().map(|(_, key)| (*key).to_owned()).collect();
            let table = format!("UNNEST(${n}::int[], ${}::text[]) AS k (compound_id, key)", n + 1);
            (table, vec![compounds.into(), keys.into()])
        }
        _ => {
            let json = serde_json::to_string(pairs).unwrap_or_default();
            let table = format!(
                "(SELECT value ->> 0 AS compound_id, value ->> 1 AS key FROM jsonb_each(${n})) k"
            );
            (table, vec![json.into()])
        }
    }
}

/// Numbers with bytes as a table `k (no, bytes)`, its parameters beginning with number `n`.
pub(crate) fn numbered_bytes(
    backend: DbBackend,
    rows: &[(i32, Vec<u8>)],
    n: usize,
) -> (String, Vec<Value>) {
    match backend {
        DbBackend::Postgres => {
            let numbers: Vec<i32> = rows.iter().map(|(no, _)| *no).collect();
            let bytes: Vec<Vec<u8>> = rows.iter().map(|(_, bytes)| bytes.clone()).collect();
            let table = format!("UNNEST(${n}::int[], ${}::bytea[]) AS k (no, bytes)", n + 1);
            (table, vec![numbers.into(), bytes.into()])
        }
        _ => {
            let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
            let rows: Vec<(i32, String)> = rows.iter().map(|(no, b)| (*no, hex(b))).collect();
            let json = serde_json::to_string(&rows).unwrap_or_default();
            let table = format!(
                "(SELECT value ->> 0 AS no, unhex(value ->> 1) AS bytes FROM jsonb_each(${n})) k"
            );
            (table, vec![json.into()])
        }
    }
}

/// Host, port and database of books on a server, as the driver understands the address. A socket's folder is its host.
pub(crate) fn server_of(url: &str) -> Option<(String, u16, String)> {
    let options: PgConnectOptions = url.parse().ok()?;
    let host = match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    Some((host, options.get_port(), database.to_owned()))
}

/// An address fit for logs and refusals.
pub(crate) fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or("");
            format!("{}{user}@{}", &url[..scheme + 3], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}

/// What the driver said, if it was the driver that said it.
fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => Some(e),
        _ => None,
    }
}

/// The database's own code of a failure; none if it did not answer at all.
fn code_of(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code();
    Some(code.map(|code| code.into_owned()).unwrap_or_default())
}

/// SQLite's code without what it adds to it: `READONLY_DIRECTORY` (1544) is `READONLY` (8).
fn plain_sqlite(code: &str) -> Option<u32> {
    (code.len() < 5).then(|| code.parse::<u32>().ok()).flatten().map(|code| code & 0xff)
}

impl From<DbErr> for Storage {
    fn from(error: DbErr) -> Storage {
        let code = match (driver(&error), &error) {
            (Some(e), _) => match code_of(e) {
                Some(code) => code,
                None => return Storage::Unreachable(error),
            },
            (None, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => {
                return Storage::Unreachable(error);
            }
            _ => return Storage::Guard(error),
        };
        match code.as_str() {
            // PostgreSQL: disk full; SQLite: FULL, IOERR_WRITE, IOERR_FSYNC.
            "53100" | "13" | "778" | "1034" => Storage::Full(error),
            // Shutting down, crashed, starting; lock or statement timeout; too many connections; a disk that fails.
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" | "55P03" | "57014"
            | "58030" | "5" | "14" => Storage::Unreachable(error),
            // The last is SQLite's IOERR.
            code if code.starts_with("08") || plain_sqlite(code) == Some(10) => {
                Storage::Unreachable(error)
            }
            _ => Storage::Guard(error),
        }
    }
}

impl Storage {
    /// Whether the file of the books, or the folder it is in, may not be written here.
    pub(crate) fn is_read_only(&self) -> bool {
        let (Storage::Guard(error) | Storage::Unreachable(error)) = self else { return false };
        let code = driver(error).and_then(code_of);
        matches!(code.as_deref().and_then(plain_sqlite), Some(8 | 14))
    }

    /// What happened, in Chinese, with the system's own words behind it: for whoever sits at the machine. Over the wire it
    /// is never told.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Storage::File { what, source } => format!("{what}：{}（{source}）", of_system(source)),
            Storage::Bug(why) => format!("程序内部错误（{why}）"),
            Storage::Unknown(error) => format!("提交已发出，没有收到答复（{error}）"),
            Storage::Unreachable(error) | Storage::Full(error) | Storage::Guard(error) => {
                format!("{}（{error}）", of_database(error))
            }
        }
    }
}

/// The commonest failures of a database.
fn of_database(error: &DbErr) -> &'static str {
    let Some(driver) = driver(error) else { return "数据库没有应答" };
    let code = match driver {
        sqlx::Error::Io(source) => return of_system(source),
        sqlx::Error::PoolTimedOut if matches!(error, DbErr::Conn(_)) => {
            return "连不上数据库：没有启动，或地址、端口不对";
        }
        sqlx::Error::Tls(_) => return "与数据库的加密连接没有建立",
        driver => match code_of(driver) {
            Some(code) => code,
            None => return "数据库没有应答",
        },
    };
    match (code.as_str(), plain_sqlite(&code)) {
        (_, Some(5 | 6)) => "账册正被另一程序占用，等待超时",
        (_, Some(8)) => "账册只能读：文件或所在目录不可写",
        (_, Some(3 | 23)) => "没有权限",
        (_, Some(10)) => "磁盘读写出错",
        (_, Some(11)) => "账册文件已损坏",
        (_, Some(14)) => "账册文件打不开：目录不存在，或没有权限",
        (_, Some(26)) => "这个文件不是账册",
        ("53100", _) | (_, Some(13)) => "磁盘已满",
        ("28000" | "28P01", _) => "数据库不接受这个用户或密码",
        ("3D000", _) => "没有这个数据库",
        ("42501", _) => "数据库用户没有权限",
        ("25006", _) => "数据库只能读",
        ("53300", _) => "数据库的连接数已满",
        ("55P03" | "57014", _) => "数据库繁忙，等待超时",
        ("57P01" | "57P02" | "57P03", _) => "数据库正在启动或关闭",
        _ => "数据库没有接受这一步",
    }
}

/// The commonest failures of files and connections.
fn of_system(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "文件或目录不存在",
        ErrorKind::IsADirectory => "这是目录，不是文件",
        ErrorKind::NotADirectory => "路径中有一段不是目录",
        ErrorKind::AlreadyExists => "已有同名的文件或目录",
        ErrorKind::PermissionDenied => "没有权限",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "磁盘已满",
        ErrorKind::ReadOnlyFilesystem => "磁盘只能读",
        ErrorKind::InvalidData => "内容不合格式",
        ErrorKind::ConnectionRefused => "连不上：没有启动，或地址、端口不对",
        _ if error.to_string().contains("lookup address") => "找不到主机：地址不对，或网络不通",
        ErrorKind::TimedOut => "没有应答，等待超时",
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => "连接中断",
        _ => "读写失败",
    }
}

impl Error {
    /// A failed COMMIT: a database that answered "no" did not commit; one that went away may have. So may SQLite when
    /// its log was written and could not be made durable (1034): who opens the file after a crash finds the commit.
    pub(crate) fn of_commit(error: DbErr) -> Error {
        let is_written = matches!(&error, DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) | DbErr::Conn(RuntimeErr::SqlxError(e))
            if e.as_database_error().and_then(|e| e.code()).is_some_and(|code| code == "1034"));
        match Storage::from(error) {
            Storage::Full(error) if is_written => Error::Storage(Storage::Unknown(error)),
            Storage::Unreachable(error) => Error::Storage(Storage::Unknown(error)),
            other => Error::Storage(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_whether_it_leaves_the_machine() {
        for url in [
            "sqlite:/a/b",
            "postgres://u@localhost:5432/db",
            "postgres://u:p%40w@127.0.0.1/db",
            "postgres://u@[::1]:5432/db",
            "postgres:///db?host=/run/postgresql",
            "postgres://u@localhost:5432/db?host=/tmp/pg",
        ] {
            assert!(!is_remote(url), "{url}");
        }
        for url in ["postgres://u@db.lan/db", "postgresql://u:p@10.0.0.5:5432/db?sslmode=require"] {
            assert!(is_remote(url), "{url}");
        }
    }
}
