//! Rows written as sets: whatever the acts of one batch write to a table is one statement.
//!
//! Owns: [`Table`] (what a room writes), [`Cell`] (one value), [`Sheaves`] (what waits to be written).
//!
//! Always: a table's rows are inserted in the order they were put; PostgreSQL gets every table of a flush in one
//! statement, one array per column (a single row its plain values: it arrives in half the time); SQLite one statement a table, in the order of their ranks, one JSON text.
//! Limits: a flush is due once [`ROWS_FULL`] rows wait.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sea_orm::sea_query::ArrayType;
use sea_orm::{DbBackend, Statement, Value};

use crate::calendar::Day;

/// How many rows may wait before they are written: bounds memory, not the act.
pub(crate) const ROWS_FULL: usize = 50_000;

/// From how many rows on a column that holds one value throughout is sent as one value.
const ONE_FROM: usize = 512;

/// What a column holds. `SomeInt` writes 0 as NULL, `SomeDay` writes none as NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Small,
    Int,
    Big,
    Text,
    Day,
    Bytes,
    SomeInt,
    SomeDay,
}

/// A table as a room writes it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// SQLite writes lower ranks first: referenced rows before those that refer to them.
    pub(crate) rank: u8,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// What follows the rows: empty, or `ON CONFLICT …`.
    pub(crate) on_conflict: &'static str,
}

/// One value of a row on its way to a sheaf.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    Int(i64),
    Text(&'a str),
    Day(Day),
    Bytes(&'a [u8]),
    Null,
}

impl From<i64> for Cell<'_> {
    fn from(n: i64) -> Self {
        Cell::Int(n)
    }
}

impl From<i32> for Cell<'_> {
    fn from(n: i32) -> Self {
        Cell::Int(i64::from(n))
    }
}

impl From<bool> for Cell<'_> {
    fn from(b: bool) -> Self {
        Cell::Int(i64::from(b))
    }
}

impl From<Day> for Cell<'_> {
    fn from(day: Day) -> Self {
        Cell::Day(day)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Cell::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Cell<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Cell::Bytes(bytes)
    }
}

impl<'a> From<&'a [u8; 32]> for Cell<'a> {
    fn from(bytes: &'a [u8; 32]) -> Self {
        Cell::Bytes(bytes)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

#[derive(Debug)]
enum Column {
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Days(Vec<Option<Day>>),
    Bytes(Vec<Vec<u8>>),
}

impl Column {
    fn new(kind: Kind) -> Column {
        match kind {
            Kind::Small | Kind::Int | Kind::Big | Kind::SomeInt => Column::Ints(Vec::new()),
            Kind::Text => Column::Texts(Vec::new()),
            Kind::Day | Kind::SomeDay => Column::Days(Vec::new()),
            Kind::Bytes => Column::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Column::Ints(v), Cell::Int(n)) => v.push(n),
            (Column::Ints(v), Cell::Null) => v.push(0),
            (Column::Texts(v), Cell::Text(s)) => v.push(s.to_owned()),
            (Column::Texts(v), Cell::Null) => v.push(String::new()),
            (Column::Days(v), Cell::Day(d)) => v.push(Some(d)),
            (Column::Days(v), Cell::Null) => v.push(None),
            (Column::Bytes(v), Cell::Bytes(b)) => v.push(b.to_vec()),
            (column, cell) => panic!("a {cell:?} was put into {column:?}"),
        }
    }

    fn split_off(&mut self, at: usize) -> Column {
        match self {
            Column::Ints(v) => Column::Ints(v.split_off(at)),
            Column::Texts(v) => Column::Texts(v.split_off(at)),
            Column::Days(v) => Column::Days(v.split_off(at)),
            Column::Bytes(v) => Column::Bytes(v.split_off(at)),
        }
    }
}

#[derive(Debug)]
struct Sheaf {
    table: &'static Table,
    columns: Vec<Column>,
    len: usize,
    /// How many of the rows were put by acts already accepted.
    settled: usize,
}

impl Sheaf {
    fn new(table: &'static Table) -> Sheaf {
        let columns = table.columns.iter().map(|(_, kind)| Column::new(*kind)).collect();
        Sheaf { table, columns, len: 0, settled: 0 }
    }

    fn split_off(&mut self, at: usize) -> Sheaf {
        let columns = self.columns.iter_mut().map(|c| c.split_off(at)).collect();
        let rest = Sheaf { table: self.table, columns, len: self.len - at, settled: 0 };
        self.len = at;
        self.settled = self.settled.min(at);
        rest
    }
}

/// The rows that wait, by table.
#[derive(Debug, Default)]
pub(crate) struct Sheaves(BTreeMap<(u8, &'static str), Sheaf>);

impl Sheaves {
    /// Puts one row.
    pub(crate) fn put(&mut self, table: &'static Table, row: &[Cell<'_>]) {
        assert_eq!(row.len(), table.columns.len(), "a row of {} has other columns", table.name);
        let sheaf = self.0.entry((table.rank, table.name)).or_insert_with(|| Sheaf::new(table));
        for (column, cell) in sheaf.columns.iter_mut().zip(row) {
            column.push(*cell);
        }
        sheaf.len += 1;
    }

    /// Whether rows of any of these tables wait.
    pub(crate) fn wait_for(&self, tables: &[&'static Table]) -> bool {
        tables.iter().any(|t| self.0.get(&(t.rank, t.name)).is_some_and(|s| s.len > 0))
    }

    /// How many rows wait.
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(|s| s.len).sum()
    }

    /// How many rows of each table wait.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.0.values().map(|sheaf| (sheaf.table.name, sheaf.len))
    }

    /// The act was accepted: its rows stay.
    pub(crate) fn settle(&mut self) {
        for sheaf in self.0.values_mut() {
            sheaf.settled = sheaf.len;
        }
    }

    /// The act was refused: its rows go.
    pub(crate) fn undo(&mut self) {
        for sheaf in self.0.values_mut() {
            drop(sheaf.split_off(sheaf.settled));
        }
    }

    /// Takes the rows of the acts already accepted, and leaves those of the present one.
    pub(crate) fn take_settled(&mut self) -> Sheaves {
        let mut taken = Sheaves::default();
        for (key, sheaf) in &mut self.0 {
            let own = sheaf.split_off(sheaf.settled);
            if sheaf.len > 0 {
                taken.0.insert(*key, std::mem::replace(sheaf, own));
            } else {
                *sheaf = own;
            }
        }
        taken
    }

    /// The statement that writes what waits, after which nothing waits any more. One round trip either way.
    pub(crate) fn drain(&mut self, backend: DbBackend) -> Option<Statement> {
        let sheaves = std::mem::take(&mut self.0);
        let sheaves: Vec<Sheaf> = sheaves.into_values().filter(|s| s.len > 0).collect();
        match backend {
            _ if sheaves.is_empty() => None,
            DbBackend::Postgres => Some(postgres(sheaves)),
            _ => Some(sqlite(sheaves)),
        }
    }
}

/// Every table in one statement: `WITH w0 AS (INSERT … FROM UNNEST(…)), … INSERT … FROM UNNEST(…)`.
fn postgres(sheaves: Vec<Sheaf>) -> Statement {
    let mut sql = String::with_capacity(1024);
    let mut values: Vec<Value> = Vec::new();
    let last = sheaves.len() - 1;
    for (i, sheaf) in sheaves.into_iter().enumerate() {
        let table = sheaf.table;
        if i < last {
            let _ = write!(sql, "{} w{i} AS (", if i == 0 { "WITH" } else { "," });
        } else if last > 0 {
            sql.push(' ');
        }
        let names = table.columns.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
        let _ = write!(sql, "INSERT INTO {} ({names}) SELECT ", table.name);
        let (mut arrays, mut array_names) = (String::new(), String::new());
        for (c, (column, (name, kind))) in sheaf.columns.into_iter().zip(table.columns).enumerate()
        {
            let is_one = sheaf.len == 1 || (sheaf.len >= ONE_FROM && column.is_one());
            let (value, cast) = if is_one { column.one(*kind) } else { column.array(*kind) };
            values.push(value);
            let parameter = format!("${}::{cast}", values.len());
            let shown = if is_one { parameter.as_str() } else { name };
            let comma = if c > 0 { ", " } else { "" };
            let _ = match kind {
                Kind::SomeInt => write!(sql, "{comma}NULLIF({shown}, 0)"),
                Kind::SomeDay => write!(sql, "{comma}NULLIF({shown}, '')::date"),
                _ => write!(sql, "{comma}{shown}"),
            };
            if !is_one {
                let comma = if arrays.is_empty() { "" } else { ", " };
                let _ = write!(arrays, "{comma}{parameter}[]");
                let _ = write!(array_names, "{comma}{name}");
            }
        }
        // Only a single row leaves no array: no table of ours can hold two equal rows.
        if !arrays.is_empty() {
            let _ = write!(sql, " FROM UNNEST({arrays}) AS row ({array_names})");
        }
        let _ = write!(sql, " {}", table.on_conflict);
        if i < last {
            sql.push(')');
        }
    }
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

impl Column {
    /// Whether every row holds the same.
    fn is_one(&self) -> bool {
        match self {
            Column::Ints(v) => v.iter().all(|n| *n == v[0]),
            Column::Texts(v) => v.iter().all(|s| *s == v[0]),
            Column::Days(v) => v.iter().all(|d| *d == v[0]),
            Column::Bytes(v) => v.iter().all(|b| *b == v[0]),
        }
    }

    /// What every row holds, as one parameter and its type.
    fn one(mut self, kind: Kind) -> (Value, &'static str) {
        drop(self.split_off(1));
        match self.array(kind) {
            (Value::Array(_, Some(mut values)), cast) => (values.remove(0), cast),
            other => other,
        }
    }

    /// The rows as one parameter, an array, and the type of its elements.
    fn array(self, kind: Kind) -> (Value, &'static str) {
        let of = |ty, values: Vec<Value>| Value::Array(ty, Some(Box::new(values)));
        let narrow = "a room's number fits its column";
        match self {
            Column::Ints(v) => match kind {
                Kind::Small => {
                    let small = |n: i64| Value::from(i16::try_from(n).expect(narrow));
                    (of(ArrayType::SmallInt, v.into_iter().map(small).collect()), "smallint")
                }
                Kind::Int | Kind::SomeInt => {
                    let int = |n: i64| Value::from(i32::try_from(n).expect(narrow));
                    (of(ArrayType::Int, v.into_iter().map(int).collect()), "integer")
                }
                _ => (of(ArrayType::BigInt, v.into_iter().map(Value::from).collect()), "bigint"),
            },
            Column::Texts(v) => {
                (of(ArrayType::String, v.into_iter().map(Value::from).collect()), "text")
            }
            // An optional day travels as text, because an array of days has no place for none.
            Column::Days(v) if kind == Kind::SomeDay => {
                let text = |d: Option<Day>| Value::from(d.map_or(String::new(), |d| d.to_string()));
                (of(ArrayType::String, v.into_iter().map(text).collect()), "text")
            }
            Column::Days(v) => {
                let day = |d: Option<Day>| Value::from(d.expect("a day that must be is"));
                (of(ArrayType::ChronoDate, v.into_iter().map(day).collect()), "date")
            }
            Column::Bytes(v) => {
                (of(ArrayType::Bytes, v.into_iter().map(Value::from).collect()), "bytea")
            }
        }
    }
}

/// Table after table in one text: `INSERT … SELECT … FROM jsonb_each(?); …`, a row being an array of its cells. The
/// driver runs them one after another without coming back in between. (`jsonb_each` hands on a row as it was parsed;
/// `json_each` would print it, and every cell would parse it again.)
fn sqlite(sheaves: Vec<Sheaf>) -> Statement {
    let mut sql = String::with_capacity(1024);
    let mut values: Vec<Value> = Vec::new();
    for sheaf in sheaves {
        sqlite_table(&mut sql, &mut values, sheaf);
    }
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// Appends the statement of one table and its parameters: what every row holds alike, then the rows as JSON.
fn sqlite_table(sql: &mut String, values: &mut Vec<Value>, sheaf: Sheaf) {
    let (table, len) = (sheaf.table, sheaf.len);
    let names = table.columns.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
    let _ = write!(sql, "INSERT INTO {} ({names}) SELECT ", table.name);
    let mut varying: Vec<(Column, Kind)> = Vec::with_capacity(table.columns.len());
    for (c, (column, (_, kind))) in sheaf.columns.into_iter().zip(table.columns).enumerate() {
        if c > 0 {
            sql.push_str(", ");
        }
        if len >= ONE_FROM && column.is_one() {
            let _ = match kind {
                Kind::SomeInt => write!(sql, "NULLIF(?, 0)"),
                Kind::SomeDay => write!(sql, "NULLIF(?, '')"),
                _ => write!(sql, "?"),
            };
            values.push(column.one(*kind).0);
            continue;
        }
        let cell = varying.len();
        let _ = match kind {
            Kind::Bytes => write!(sql, "unhex(value ->> {cell})"),
            _ => write!(sql, "value ->> {cell}"),
        };
        varying.push((column, *kind));
    }
    // WHERE true: without it SQLite takes ON CONFLICT for a join's ON.
    let _ = writeln!(sql, " FROM jsonb_each(?) WHERE true {};", table.on_conflict);

    let mut json = String::with_capacity(len * varying.len() * 8);
    json.push('[');
    for row in 0..len {
        json.push_str(if row > 0 { ",[" } else { "[" });
        for (c, (column, kind)) in varying.iter().enumerate() {
            if c > 0 {
                json.push(',');
            }
            json_cell(&mut json, column, *kind, row);
        }
        json.push(']');
    }
    json.push(']');
    values.push(Value::from(json));
}

fn json_cell(json: &mut String, column: &Column, kind: Kind, row: usize) {
    let optional = kind == Kind::SomeInt;
    match column {
        Column::Ints(v) if optional && v[row] == 0 => json.push_str("null"),
        Column::Ints(v) => {
            let _ = write!(json, "{}", v[row]);
        }
        Column::Texts(v) => {
            json.push_str(&serde_json::to_string(&v[row]).expect("a text is always JSON"));
        }
        Column::Days(v) => match v[row] {
            Some(day) => {
                let _ = write!(json, "\"{day}\"");
            }
            None => json.push_str("null"),
        },
        Column::Bytes(v) => {
            json.push('"');
            for byte in &v[row] {
                let _ = write!(json, "{byte:02x}");
            }
            json.push('"');
        }
    }
}
