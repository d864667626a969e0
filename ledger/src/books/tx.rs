//! Where the rooms look and write: [`Tx`] for an act, [`Snapshot`] for a reading, [`Glance`] for one question, [`View`]
//! for any of them.
//!
//! Always: a [`Tx`] belongs to one act of one compound while a verb holds it, though its transaction may carry the
//! acts of a whole batch; what an act writes is invisible to nobody after it in the batch and gone if it is
//! refused. Never: stored, cloned or sent by a room.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, Statement,
    Value,
};

use super::actor::Actor;
use super::dialect;
use super::sheaf::{Cell, Kind, ROWS_FULL, Sheaves, Table};
use crate::calendar::Instant;
use crate::error::Result;
use crate::id::{ActNo, CompoundId};
use crate::seal::Ring;

/// What a room keeps in memory between the acts of a batch, so that they need not ask the database again.
pub(crate) trait Keeps: Any + Send {
    /// The present act was accepted.
    fn settle(&mut self);
    /// The present act was refused: forget what it did.
    fn undo(&mut self);
    /// Rows are about to be written: put what accepted acts left.
    fn write_settled(&mut self, to: &mut Sheaves);
    /// Rows are about to be written: put what the present act left.
    fn write_own(&mut self, to: &mut Sheaves);
    /// For downcasting.
    fn as_any(&mut self) -> &mut dyn Any;
}

static COUNTER: Table = Table {
    name: "counter",
    rank: 0,
    columns: &[("compound_id", Kind::Int), ("name", Kind::Text), ("last_no", Kind::Int)],
    on_conflict: "ON CONFLICT (compound_id, name) DO UPDATE SET last_no = excluded.last_no",
};

/// What the rooms keep of a compound, by type.
pub(super) type Kept = HashMap<TypeId, Box<dyn Keeps>>;

/// A compound's numbers, and what the rooms keep for it, while a batch is under way.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) counters: BTreeMap<String, i32>,
    settled_counters: BTreeMap<String, i32>,
    own_counters: BTreeMap<String, i32>,
    pub(super) last_at: i64,
    /// The hash of the last act that was accepted.
    pub(super) last_hash: [u8; 32],
    pub(super) kept: Kept,
}

impl Desk {
    /// The number of the compound's last act that is written.
    pub(super) fn last_act(&self) -> i32 {
        self.counters.get("act").copied().unwrap_or(0)
    }

    fn last_no(&self, name: &str) -> i32 {
        let known = [&self.own_counters, &self.settled_counters, &self.counters];
        known.iter().find_map(|numbers| numbers.get(name).copied()).unwrap_or(0)
    }
}

/// One act under way.
pub struct Tx {
    pub(super) db: DatabaseTransaction,
    pub(super) backend: DbBackend,
    pub(super) desks: HashMap<CompoundId, Desk>,
    pub(super) sheaves: Sheaves,
    /// How many rows of each table the batch has written.
    pub(super) written: BTreeMap<&'static str, usize>,
    pub(super) compound: CompoundId,
    pub(super) actor: Actor,
    pub(super) at: Instant,
    pub(super) act: ActNo,
    /// Whether a savepoint was set for the present act.
    pub(super) has_savepoint: bool,
    pub(super) ring: Arc<Ring>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("compound", &self.compound).field("act", &self.act).finish()
    }
}

impl Tx {
    /// The compound the act belongs to.
    #[must_use]
    pub fn compound(&self) -> CompoundId {
        self.compound
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// When the act is recorded. Never before an earlier act of the compound, whatever the clock says.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The act's number.
    #[must_use]
    pub fn act(&self) -> ActNo {
        self.act
    }

    /// The next number of a series of the compound: gapless, because it is given under the compound's lock and
    /// taken back with the act.
    pub(crate) fn next_no(&mut self, series: &str) -> i32 {
        self.take_numbers(series, 1)
    }

    /// The first of `count` consecutive numbers of a series.
    pub(crate) fn take_numbers(&mut self, series: &str, count: i32) -> i32 {
        let desk = self.desk();
        let first = desk.last_no(series) + 1;
        desk.own_counters.insert(series.to_owned(), first + count - 1);
        first
    }

    /// Puts a row where the batch's rows wait to be written as one set.
    pub(crate) fn put(&mut self, table: &'static Table, row: &[Cell<'_>]) {
        self.sheaves.put(table, row);
    }

    /// Writes what waits if it has grown past what memory should hold.
    pub(crate) async fn put_is_due(&mut self) -> Result<()> {
        if self.sheaves.len() >= ROWS_FULL { self.flush().await } else { Ok(()) }
    }

    /// What a room keeps for this compound in this batch.
    pub(crate) fn kept<T: Keeps + Default>(&mut self) -> &mut T {
        let slot = self.desk().kept.entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default());
        slot.as_any().downcast_mut().expect("a slot holds what its key says")
    }

    /// Every compound whose acts share this batch: what a room loads, it loads for all of them at once.
    pub(crate) fn batch(&self) -> Vec<i32> {
        self.desks.keys().map(|compound| compound.0).collect()
    }

    /// Keeps something for a compound of the batch.
    pub(crate) fn keep_for<T: Keeps>(&mut self, compound: CompoundId, kept: T) {
        let desk = self.desks.entry(compound).or_default();
        desk.kept.insert(TypeId::of::<T>(), Box::new(kept));
    }

    /// Whether the room keeps something already (otherwise it may want to load it).
    pub(crate) fn keeps<T: Keeps>(&mut self) -> bool {
        self.desk().kept.contains_key(&TypeId::of::<T>())
    }

    /// Runs a statement that writes now. Rows that wait are written first, in order.
    pub(crate) async fn exec(&mut self, sql: &str, values: Vec<Value>) -> Result<u64> {
        self.flush().await?;
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        Ok(self.db.execute_raw(statement).await?.rows_affected())
    }

    /// Writes every row that waits: first those of accepted acts, then, behind a savepoint, this act's own.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        self.save().await?;
        let mut sheaves = std::mem::take(&mut self.sheaves);
        for desk in self.desks.values_mut() {
            desk.kept.values_mut().for_each(|kept| kept.write_own(&mut sheaves));
        }
        self.run(sheaves).await
    }

    /// Sets the present act's savepoint, after writing what acts before it left.
    async fn save(&mut self) -> Result<()> {
        if self.has_savepoint {
            return Ok(());
        }
        self.write_settled().await?;
        self.db.execute_unprepared("SAVEPOINT act").await?;
        self.has_savepoint = true;
        Ok(())
    }

    /// Writes the rows of the acts already accepted.
    pub(super) async fn write_settled(&mut self) -> Result<()> {
        let mut settled = self.sheaves.take_settled();
        for desk in self.desks.values_mut() {
            desk.kept.values_mut().for_each(|kept| kept.write_settled(&mut settled));
        }
        self.run(settled).await
    }

    /// Writes the counters that moved. The last thing a batch does before it commits.
    pub(super) async fn write_counters(&mut self) -> Result<()> {
        for (compound, desk) in &mut self.desks {
            for (name, last_no) in std::mem::take(&mut desk.settled_counters) {
                self.sheaves.put(&COUNTER, &[compound.0.into(), (&name).into(), last_no.into()]);
                desk.counters.insert(name, last_no);
            }
        }
        self.sheaves.settle();
        Ok(())
    }

    /// The present act was accepted.
    pub(super) async fn settle(&mut self) -> Result<()> {
        self.sheaves.settle();
        let at = self.at.seconds();
        let desk = self.desk();
        let own = std::mem::take(&mut desk.own_counters);
        desk.settled_counters.extend(own);
        desk.kept.values_mut().for_each(|kept| kept.settle());
        desk.last_at = at;
        if std::mem::take(&mut self.has_savepoint) {
            self.db.execute_unprepared("RELEASE SAVEPOINT act").await?;
        }
        Ok(())
    }

    /// The present act was refused: nothing of it stays.
    pub(super) async fn undo(&mut self) -> Result<()> {
        self.sheaves.undo();
        let desk = self.desk();
        desk.own_counters.clear();
        desk.kept.values_mut().for_each(|kept| kept.undo());
        if std::mem::take(&mut self.has_savepoint) {
            self.db.execute_unprepared("ROLLBACK TO SAVEPOINT act").await?;
            self.db.execute_unprepared("RELEASE SAVEPOINT act").await?;
        }
        Ok(())
    }

    pub(super) fn desk(&mut self) -> &mut Desk {
        self.desks.entry(self.compound).or_default()
    }

    async fn run(&mut self, mut sheaves: Sheaves) -> Result<()> {
        for (table, rows) in sheaves.counts() {
            *self.written.entry(table).or_default() += rows;
        }
        if let Some(statement) = sheaves.drain(self.backend) {
            self.db.execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// A reading: one unchanging picture of the books.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) db: DatabaseTransaction,
    pub(super) backend: DbBackend,
    pub(super) ring: Arc<Ring>,
}

/// One question by itself: no transaction is begun for it. Two questions may see two pictures, so whatever adds
/// figures up reads a [`Snapshot`].
#[derive(Clone, Debug)]
pub struct Glance {
    pub(super) db: DatabaseConnection,
    pub(super) backend: DbBackend,
    pub(super) ring: Arc<Ring>,
}

/// Bookkeeping that is no act: a room notes how far its own work outside the books has come (what was sent, what is due
/// again). It takes no compound's lock and no number, and writes no row of an act.
#[derive(Debug)]
pub(crate) struct Note {
    pub(super) db: DatabaseTransaction,
    pub(super) backend: DbBackend,
    pub(super) ring: Arc<Ring>,
}

impl Note {
    /// Runs a statement that writes; answers how many rows it touched.
    pub(crate) async fn exec(&mut self, sql: &str, values: Vec<Value>) -> Result<u64> {
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        Ok(self.db.execute_raw(statement).await?.rows_affected())
    }

    /// The database's own clock in SQL, in seconds: processes on several machines agree on it.
    pub(crate) fn now(&self) -> &'static str {
        dialect::now(self.backend)
    }

    /// Keeps what was noted.
    pub(crate) async fn keep(self) -> Result<()> {
        Ok(self.db.commit().await?)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Tx {}
    impl Sealed for super::Snapshot {}
    impl Sealed for super::Glance {}
    impl Sealed for super::Note {}
}

/// Where a query may look: an act under way, which sees what it wrote, a snapshot, or a glance.
pub trait View: sealed::Sealed + Send {
    /// The rows of a query that reads `tables`.
    #[doc(hidden)]
    fn rows(
        &mut self,
        tables: Reads,
        sql: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<QueryResult>>> + Send;

    /// Which database it is, for the few queries that must know.
    #[doc(hidden)]
    fn backend(&self) -> DbBackend;

    /// The words and the value for "is one of these numbers", the value being parameter `n`.
    #[doc(hidden)]
    fn list_of(&self, numbers: &[i32], n: usize) -> (String, Value) {
        (dialect::is_in(self.backend(), n), dialect::ints(self.backend(), numbers))
    }

    /// The words that join a table row by row, by its key.
    #[doc(hidden)]
    fn looked_up(&self, table: &str, on: &str) -> String {
        dialect::looked_up(self.backend(), table, on)
    }

    /// The keys that seal and open personal data, or why they are not there.
    fn ring(&self) -> &Arc<Ring>;
}

/// The number a series of a compound has reached.
pub(crate) async fn last_no(
    view: &mut impl View,
    compound: CompoundId,
    series: &str,
) -> Result<i32> {
    let sql = "SELECT last_no FROM counter WHERE compound_id = $1 AND name = $2";
    let found = view.rows(Reads::SETTLED, sql, vec![compound.0.into(), series.into()]).await?;
    Ok(match found.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    })
}

/// The tables a query reads, so that an act's waiting rows are written before it looks.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Reads(pub(crate) &'static [&'static Table]);

impl Reads {
    /// Tables no act of the batch writes by sheaf.
    pub(crate) const SETTLED: Reads = Reads(&[]);
}

impl View for Tx {
    async fn rows(
        &mut self,
        tables: Reads,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>> {
        if self.sheaves.wait_for(tables.0) {
            self.flush().await?;
        }
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        Ok(self.db.query_all_raw(statement).await?)
    }

    fn backend(&self) -> DbBackend {
        self.backend
    }

    fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }
}

impl View for Snapshot {
    async fn rows(
        &mut self,
        _tables: Reads,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>> {
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        Ok(self.db.query_all_raw(statement).await?)
    }

    fn backend(&self) -> DbBackend {
        self.backend
    }

    fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }
}

impl View for Glance {
    async fn rows(
        &mut self,
        _tables: Reads,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>> {
        Ok(dialect::ask(&self.db, sql, values).await?)
    }

    fn backend(&self) -> DbBackend {
        self.backend
    }

    fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }
}

impl View for Note {
    async fn rows(
        &mut self,
        _tables: Reads,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>> {
        let statement = Statement::from_sql_and_values(self.backend, sql, values);
        Ok(self.db.query_all_raw(statement).await?)
    }

    fn backend(&self) -> DbBackend {
        self.backend
    }

    fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }
}
