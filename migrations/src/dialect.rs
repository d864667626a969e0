//! The few things SQLite and PostgreSQL must say differently about tables.
//!
//! A step's tables are one text for both, with these words left open:
//!
//! | word | PostgreSQL | SQLite |
//! |---|---|---|
//! | `{small}` `{int}` `{big}` | `SMALLINT` `INTEGER` `BIGINT` | `INTEGER` |
//! | `{day}` | `DATE` | `TEXT` (`YYYY-MM-DD`) |
//! | `{bytes}` | `BYTEA` | `BLOB` |
//! | `{text}` | `TEXT COLLATE "C"` | `TEXT` |
//! | `{table}` | nothing | `STRICT, WITHOUT ROWID` |
//! | `{balance_table}` | `WITH (fillfactor = 50)`: updated in place | as `{table}` |
//! | `{line_key}` | nothing: set-based triggers are 4 times cheaper | the deferred foreign key of a line |
//!
//! `STRICT` makes SQLite refuse `1.5` in a column of fen, as PostgreSQL's types do for bound parameters; the
//! `C` collation makes text compare by bytes on both. Instants are seconds since 1970 in a `{big}`.
//!
//! Triggers are written twice, side by side in the step that needs them: the rules are the same, the shape is
//! not (PostgreSQL judges a statement's rows as a set, SQLite row by row).

use sea_orm_migration::async_trait::async_trait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// One step: tables for both, triggers for each, and how to take it back.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The step's name, as recorded in the database.
    pub(crate) name: &'static str,
    /// `CREATE TABLE` and `CREATE INDEX`, with the open words of the module's table; separated by `;`.
    pub(crate) tables: &'static str,
    /// Functions and triggers of PostgreSQL.
    pub(crate) postgres: &'static str,
    /// Triggers of SQLite, separated by a line `--`.
    pub(crate) sqlite: &'static str,
    /// Tables whose rows are never changed and never deleted.
    pub(crate) append_only: &'static [&'static str],
    /// Tables in the order they can be dropped.
    pub(crate) drops: &'static [&'static str],
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Step {
    /// SQLite's default is no transaction; a step that fails half-way must leave nothing on both.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = db.get_database_backend();
        for statement in self.tables.split(';').filter(|s| !s.trim().is_empty()) {
            db.execute_unprepared(&spell(backend, statement)).await?;
        }
        match backend {
            DbBackend::Postgres => {
                db.execute_unprepared(self.postgres).await?;
            }
            _ => {
                for trigger in self.sqlite.split("\n--\n").filter(|s| !s.trim().is_empty()) {
                    db.execute_unprepared(trigger).await?;
                }
            }
        }
        for table in self.append_only {
            for statement in append_only(backend, table) {
                db.execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for table in self.drops {
            db.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        Ok(())
    }
}

fn spell(backend: DbBackend, statement: &str) -> String {
    let words: [(&str, &str); 9] = match backend {
        DbBackend::Postgres => [
            ("{small}", "SMALLINT"),
            ("{int}", "INTEGER"),
            ("{big}", "BIGINT"),
            ("{day}", "DATE"),
            ("{bytes}", "BYTEA"),
            ("{text}", "TEXT COLLATE \"C\""),
            (" {table}", ""),
            ("{balance_table}", "WITH (fillfactor = 50)"),
            (" {line_key}", ""),
        ],
        _ => [
            ("{small}", "INTEGER"),
            ("{int}", "INTEGER"),
            ("{big}", "INTEGER"),
            ("{day}", "TEXT"),
            ("{bytes}", "BLOB"),
            ("{text}", "TEXT"),
            ("{table}", "STRICT, WITHOUT ROWID"),
            ("{balance_table}", "STRICT, WITHOUT ROWID"),
            (
                "{line_key}",
                ", FOREIGN KEY (compound_id, book, seq) REFERENCES voucher (compound_id, book, seq)
                 DEFERRABLE INITIALLY DEFERRED",
            ),
        ],
    };
    words.iter().fold(statement.to_owned(), |text, (word, spelled)| text.replace(word, spelled))
}

/// The triggers that refuse a change or a deletion, and on PostgreSQL a truncation.
fn append_only(backend: DbBackend, table: &str) -> Vec<String> {
    match backend {
        DbBackend::Postgres => vec![
            "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23L09';
             END $$"
                .to_owned(),
            format!(
                "CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}
                 FOR EACH ROW EXECUTE FUNCTION append_only()"
            ),
            format!(
                "CREATE TRIGGER {table}_stays_whole BEFORE TRUNCATE ON {table}
                 FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
            ),
        ],
        _ => ["UPDATE", "DELETE"]
            .iter()
            .map(|verb| {
                let name = verb.to_lowercase();
                format!(
                    "CREATE TRIGGER {table}_no_{name} BEFORE {verb} ON {table}
                     BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            })
            .collect(),
    }
}
