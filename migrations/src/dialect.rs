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
//! | `{refers} (…) REFERENCES …,` | a trigger that judges a statement's rows as a set | a foreign key |
//!
//! `{refers}` is for tables that are written by the thousand: PostgreSQL asks row by row whether a foreign key holds, which
//! costs more than the row does. Such a line stands by itself, before the last of its table, and names whole keys.
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
            for reference in references(backend, statement)? {
                db.execute_unprepared(&reference.held()).await?;
            }
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
        let backend = db.get_database_backend();
        for statement in self.tables.split(';') {
            for reference in references(backend, statement)? {
                db.execute_unprepared(&reference.let_go()).await?;
            }
        }
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
    let lines = statement.lines();
    let lines =
        lines.filter(|l| backend != DbBackend::Postgres || !l.trim_start().starts_with(REFERS));
    let text = lines.collect::<Vec<_>>().join("\n").replace(REFERS, "FOREIGN KEY");
    words.iter().fold(text, |text, (word, spelled)| text.replace(word, spelled))
}

/// The word before a reference that PostgreSQL judges as a set.
const REFERS: &str = "{refers}";

/// A `{refers}` line: what arrives in `from` names keys that are in `to`, and a key that is named stays.
struct Reference<'a> {
    from: &'a str,
    columns: &'a str,
    to: &'a str,
    keys: &'a str,
}

/// The references of a table that PostgreSQL judges as sets; none on SQLite.
fn references(backend: DbBackend, statement: &str) -> Result<Vec<Reference<'_>>, DbErr> {
    let read = |line| {
        let from = statement.split_once("CREATE TABLE ")?.1.split_whitespace().next()?;
        let (columns, to) = str::trim(line).strip_prefix('(')?.split_once(") REFERENCES ")?;
        let (to, keys) = to.strip_suffix("),")?.split_once(" (")?;
        Some(Reference { from, columns, to, keys })
    };
    let lines = statement.lines().filter(|_| backend == DbBackend::Postgres);
    lines
        .filter_map(|line| line.trim_start().strip_prefix(REFERS))
        .map(|line| {
            read(line)
                .ok_or_else(|| DbErr::Migration(format!("a reference cannot be read: {line}")))
        })
        .collect()
}

impl Reference<'_> {
    /// The functions and triggers that hold it.
    fn held(&self) -> String {
        let Reference { from, columns, to, keys } = self;
        let pairs: Vec<(&str, &str)> = columns.split(", ").zip(keys.split(", ")).collect();
        let listed = |each: &dyn Fn(&(&str, &str)) -> String, between: &str| {
            pairs.iter().map(each).collect::<Vec<_>>().join(between)
        };
        let named = listed(&|(own, key)| format!("f.{own} = g.{key}"), " AND ");
        let shown = listed(&|(_, key)| format!("g.{key}"), ", ");
        let (last, last_key) = pairs[pairs.len() - 1];
        let before = &pairs[..pairs.len() - 1];
        let same: String =
            before.iter().map(|(own, key)| format!("t.{key} = a.{own} AND ")).collect();
        let others: String = before.iter().map(|(own, _)| format!("{own}, ")).collect();
        let grouped = match others.strip_suffix(", ") {
            Some(others) => format!("GROUP BY {others}"),
            None => String::new(),
        };
        format!(
            "CREATE FUNCTION {from}_of_{to}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  -- What is written by the thousand names numbers in a row: if none between the first and the last is missing, all are there.
  PERFORM FROM (SELECT {others}min({last}) AS low, max({last}) AS high, count(*) AS rows FROM arrived {grouped}) a
  WHERE CASE WHEN a.high - a.low > 4 * a.rows THEN TRUE
             ELSE a.high - a.low + 1 <> (SELECT count(*) FROM {to} t
                                         WHERE {same}t.{last_key} BETWEEN a.low AND a.high) END
  LIMIT 1;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT format('%s', a) INTO bad FROM (SELECT DISTINCT {columns} FROM arrived) a
  LEFT JOIN LATERAL (SELECT t.{last_key} FROM {to} t WHERE {same}t.{last_key} <= a.{last}
                     ORDER BY t.{last_key} DESC LIMIT 1) t ON t.{last_key} = a.{last}
  WHERE t.{last_key} IS NULL
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '{from} names no {to}: %', bad USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER {from}_of_{to} AFTER INSERT ON {from} REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION {from}_of_{to}();
CREATE FUNCTION {to}_of_{from}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  SELECT format('%s', ROW({shown})) INTO bad FROM gone g
  WHERE EXISTS (SELECT 1 FROM {from} f WHERE {named})
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '{to} is named by a {from}: %', bad USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER {to}_of_{from} AFTER DELETE ON {to} REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION {to}_of_{from}();
CREATE FUNCTION {to}_stays_for_{from}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'a key of {to} may be named by a {from}' USING ERRCODE = 'foreign_key_violation';
END $$;
CREATE TRIGGER {to}_stays_for_{from} BEFORE UPDATE OF {keys} ON {to}
  FOR EACH ROW EXECUTE FUNCTION {to}_stays_for_{from}()"
        )
    }

    /// Takes them back.
    fn let_go(&self) -> String {
        let Reference { from, to, .. } = self;
        format!("DROP FUNCTION {from}_of_{to}, {to}_of_{from}, {to}_stays_for_{from} CASCADE")
    }
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
