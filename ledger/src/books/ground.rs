//! What the books stand on: the database as it says of itself, looked at without changing it.
//!
//! Owns: [`Ground`], [`ground`]. Judges nothing: `xiaoqu doctor` does, in words for an operator.

use std::path::PathBuf;

use migrations::MigratorTrait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{NONE, dialect};
use crate::calendar::Instant;
use crate::error::Result;

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Whether it is a server, or else a file.
    pub is_server: bool,
    /// Its version, as a number: `150010` for PostgreSQL 15.10, `3046001` for SQLite 3.46.1.
    pub version: i32,
    /// Its version in words.
    pub version_text: String,
    /// Steps of the tables it has.
    pub steps_done: usize,
    /// Steps this program knows.
    pub steps_known: usize,
    /// Whether it has a step this program does not know: a newer program was here.
    pub is_newer: bool,
    /// What it says of durability and rights, by the database's own names.
    pub settings: Vec<(String, String)>,
    /// Its clock.
    pub now: Instant,
    /// The latest act in the books, if there is one.
    pub last_act_at: Option<Instant>,
    /// The file, if it is one.
    pub file: Option<PathBuf>,
    /// Whether the address names another machine.
    pub is_remote: bool,
}

impl Ground {
    /// A setting by its name; empty if the database has none of it.
    #[must_use]
    pub fn setting(&self, name: &str) -> &str {
        self.settings.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Looks at the database at an address. No table is made and no step taken.
///
/// # Errors
/// `books.address`, `books.none`; storage.
pub async fn ground(url: &str) -> Result<Ground> {
    let file = dialect::file_of(url).map(PathBuf::from);
    if let Some(file) = &file
        && !file.exists()
    {
        return Err(NONE.refuse(format!("没有文件 {}", file.display())).into());
    }
    let db = dialect::open_for_migration(url).await?;
    let looked = look(&db, file, dialect::is_remote(url)).await;
    db.close().await?;
    looked
}

async fn look(db: &DatabaseConnection, file: Option<PathBuf>, is_remote: bool) -> Result<Ground> {
    let is_server = db.get_database_backend() == DbBackend::Postgres;
    let (version, settings): (&str, &[&str]) = if is_server {
        (
            "SELECT current_setting('server_version_num'), current_setting('server_version')",
            &[
                "SELECT name, setting FROM pg_settings WHERE name IN
                   ('fsync', 'synchronous_commit', 'full_page_writes', 'server_encoding', 'max_connections')",
                "SELECT 'superuser', current_setting('is_superuser')",
                "SELECT 'ssl', CASE WHEN ssl THEN 'on' ELSE 'off' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            ],
        )
    } else {
        (
            "SELECT '', sqlite_version()",
            &[
                "SELECT 'journal_mode', CAST(journal_mode AS TEXT) FROM pragma_journal_mode",
                "SELECT 'synchronous', CAST(synchronous AS TEXT) FROM pragma_synchronous",
                "SELECT 'foreign_keys', CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys",
            ],
        )
    };
    let backend = db.get_database_backend();
    let all = async |sql: &str| -> Result<Vec<(String, String)>> {
        let rows = db.query_all_raw(Statement::from_string(backend, sql)).await?;
        rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
    };
    let mut known = Vec::new();
    for sql in settings {
        known.extend(all(sql).await?);
    }
    let (number, version_text) = all(version).await?.pop().unwrap_or_default();
    let version = match is_server {
        true => number.parse().unwrap_or(0),
        false => version_text
            .split('.')
            .filter_map(|part| part.parse::<i32>().ok())
            .take(3)
            .fold(0, |sum, part| sum * 1000 + part),
    };
    let number = async |sql: &str| -> Result<Option<i64>> {
        let row = db.query_one_raw(Statement::from_string(backend, sql)).await?;
        Ok(row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten())
    };
    let now = number(&format!("SELECT {}", dialect::now(backend))).await?.unwrap_or(0);

    let is_there = dialect::has_table(db, "seaql_migrations").await?;
    let done: Vec<String> = match is_there {
        true => {
            let rows = all("SELECT version, '' FROM seaql_migrations").await?;
            rows.into_iter().map(|(name, _)| name).collect()
        }
        false => Vec::new(),
    };
    let steps: Vec<String> =
        migrations::Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let last_act_at = match dialect::has_table(db, "act").await? {
        true => number("SELECT max(recorded_at) FROM act").await?.map(Instant::from_seconds),
        false => None,
    };
    Ok(Ground {
        is_server,
        version,
        version_text,
        steps_done: done.iter().filter(|name| steps.contains(name)).count(),
        steps_known: steps.len(),
        is_newer: done.iter().any(|name| !steps.contains(name)),
        settings: known,
        now: Instant::from_seconds(now),
        last_act_at,
        file,
        is_remote,
    })
}
