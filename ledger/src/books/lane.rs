//! Group commit: acts that wait together are committed together.
//!
//! Owns: the waiting line of each compound, and the batches that serve them. A batch takes whole lines, of one compound
//! or of several: its fixed cost (begin, lock, look up, write, commit) is paid once, however many compounds share it.
//!
//! Always: an act runs in a task of its own, so a caller who hangs up cannot break it off; the acts of one
//! compound run one after another under its lock; locks are taken in ascending order, so batches of several processes
//! cannot lock each other out; a batch never waits for one compound's lock with another's in its hands (a compound
//! that somebody else holds is served by itself); an act that takes long ([`super::Request::alone`]) shares its batch
//! with nobody; an act is answered only after its commit; a refused act leaves nothing and harms nobody. If the database fails in the middle of a batch, nothing of it is committed and each
//! act is tried once more alone, so one act's bug cannot sink its neighbours. If the *answer to the commit* is
//! lost, every act of the batch is told that its outcome is unknown, and its key will tell.
//! Limits: [`BATCH_ACTS`] acts and [`BATCH_COMPOUNDS`] compounds a batch, [`WAITING_ACTS`] waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value as Json;

use super::actor::Actor;
use super::dialect::{self, Pools};
use super::record::Record;
use super::sheaf::{Kind as Column, Sheaves, Table};
use super::tx::{Desk, Kept, Tx};
use super::{KEY_DIFFERS, NO_COMPOUND, OVERLOADED, REHEARSED, SharedRing};
use crate::calendar::{Clock, Instant};
use crate::error::{Error, Result, Storage};
use crate::id::{ActNo, CompoundId};
use crate::seal::Ring;

/// How many acts share a commit at most.
const BATCH_ACTS: usize = 256;
/// How many compounds share a commit at most.
const BATCH_COMPOUNDS: usize = 64;
/// How many acts may wait at most, over all compounds.
const WAITING_ACTS: usize = 5_000;

static ACT: Table = Table {
    name: "act",
    rank: 0,
    columns: &[
        ("compound_id", Column::Int),
        ("act_no", Column::Int),
        ("verb", Column::Text),
        ("actor", Column::Text),
        ("role", Column::Text),
        ("second", Column::Text),
        ("recorded_at", Column::Big),
        ("came_from", Column::Text),
        ("request_id", Column::Text),
        ("pack", Column::Text),
        ("request", Column::Text),
        ("answer", Column::Text),
        ("prev_hash", Column::Bytes),
        ("hash", Column::Bytes),
    ],
    on_conflict: "",
};

static ONCE: Table = Table {
    name: "once",
    rank: 1,
    columns: &[("compound_id", Column::Int), ("key", Column::Text), ("act_no", Column::Int)],
    on_conflict: "",
};

/// What an act says of itself before it runs.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) compound: CompoundId,
    pub(super) actor: Actor,
    pub(super) verb: &'static str,
    pub(super) key: Option<String>,
    pub(super) request: Json,
    /// Whether the act takes long, and so shares its batch with nobody.
    pub(super) is_alone: bool,
    /// Whether it is only tried: run, judged and taken back.
    pub(super) is_rehearsed: bool,
}

/// How an accepted act ended: done now, or done before under the same key.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) act: ActNo,
    pub(super) answer: Json,
    pub(super) is_repeated: bool,
}

/// An act that waits. `run` may be called twice: the second time if the first was rolled back.
pub(super) trait Job: Send {
    fn ticket(&self) -> &Ticket;
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<Json>>;
    fn answer(self: Box<Self>, result: Result<Outcome>);
}

/// Every act that waits, and who is being served.
#[derive(Default)]
struct Waiting {
    lines: HashMap<CompoundId, VecDeque<Box<dyn Job>>>,
    /// Compounds with a line and no batch of their own under way, in the order they came.
    ready: VecDeque<CompoundId>,
    served: HashSet<CompoundId>,
    /// Compounds that somebody else held when we came: the next batch waits for one of them by itself.
    held: HashSet<CompoundId>,
    batches: usize,
    acts: usize,
}

impl Waiting {
    fn wants_to_be_alone(&self, compound: CompoundId) -> bool {
        let first = self.lines.get(&compound).and_then(|line| line.front());
        self.held.contains(&compound) || first.is_some_and(|job| job.ticket().is_alone)
    }

    /// The acts at the head of a line: one that wants to be alone, or all before the next such.
    fn take_line(&mut self, compound: CompoundId, most: usize) -> Vec<Box<dyn Job>> {
        let line = self.lines.entry(compound).or_default();
        let together = line.iter().take(most).take_while(|job| !job.ticket().is_alone).count();
        line.drain(..together.max(1).min(line.len())).collect()
    }
}

/// How many compounds are remembered between batches.
const REMEMBERED: usize = 4_096;

/// What the rooms kept of a compound when its last batch was committed, and the act it ended with. It still holds if
/// that is still the compound's last act: nobody else has acted since.
type Memory = HashMap<CompoundId, (i32, Kept)>;

/// The lanes of one set of books.
#[derive(Clone)]
pub(super) struct Lanes {
    waiting: Arc<Mutex<Waiting>>,
    memory: Arc<Mutex<Memory>>,
    pools: Pools,
    clock: Clock,
    ring: SharedRing,
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanes").finish_non_exhaustive()
    }
}

impl Lanes {
    pub(super) fn new(pools: Pools, clock: Clock, ring: SharedRing) -> Lanes {
        Lanes { waiting: Arc::default(), memory: Arc::default(), pools, clock, ring }
    }

    /// Gives the desks of a batch what was remembered of their compounds, where it still holds.
    fn recall(&self, desks: &mut HashMap<CompoundId, Desk>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for (compound, desk) in desks {
            if let Some((act, kept)) = memory.remove(compound)
                && desk.last_act() == act
            {
                desk.kept = kept;
            }
        }
    }

    /// Remembers what the rooms kept of the compounds of a committed batch.
    fn remember(&self, desks: HashMap<CompoundId, Desk>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= REMEMBERED {
            memory.clear();
        }
        for (compound, desk) in desks {
            memory.insert(compound, (desk.last_act(), desk.kept));
        }
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Waiting> {
        // The guard is held only to move acts between queues, which cannot panic half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many acts wait.
    pub(super) fn waiting_acts(&self) -> usize {
        self.line().acts
    }

    /// Puts an act in its compound's line, and starts serving if nobody does.
    pub(super) fn submit(&self, job: Box<dyn Job>) {
        let compound = job.ticket().compound;
        let mut waiting = self.line();
        if waiting.acts >= WAITING_ACTS {
            drop(waiting);
            let evidence = format!("已有 {WAITING_ACTS} 笔操作在等待");
            return job.answer(Err(OVERLOADED.refuse(evidence).into()));
        }
        waiting.acts += 1;
        let line = waiting.lines.entry(compound).or_default();
        line.push_back(job);
        if line.len() == 1 && !waiting.served.contains(&compound) {
            waiting.ready.push_back(compound);
        }
        if waiting.batches < self.pools.acting_at_once && !waiting.ready.is_empty() {
            waiting.batches += 1;
            drop(waiting);
            let lanes = self.clone();
            tokio::spawn(async move { lanes.serve().await });
        }
    }

    /// Serves batches until nobody waits.
    async fn serve(&self) {
        while let Some(jobs) = self.next_batch() {
            let compounds: HashSet<CompoundId> = jobs.iter().map(|j| j.ticket().compound).collect();
            let served = AssertUnwindSafe(self.serve_batch(jobs)).catch_unwind().await;
            if served.is_err() {
                tracing::error!("a batch panicked outside its acts");
            }
            let mut waiting = self.line();
            for compound in compounds {
                waiting.served.remove(&compound);
                if waiting.lines.get(&compound).is_some_and(|line| !line.is_empty()) {
                    waiting.ready.push_back(compound);
                } else {
                    waiting.lines.remove(&compound);
                }
            }
        }
    }

    /// The acts that wait, of as many compounds as may share a commit.
    fn next_batch(&self) -> Option<Vec<Box<dyn Job>>> {
        let mut waiting = self.line();
        let mut jobs: Vec<Box<dyn Job>> = Vec::new();
        for taken in 0..BATCH_COMPOUNDS {
            let Some(compound) = waiting.ready.front().copied() else { break };
            let is_alone = waiting.wants_to_be_alone(compound);
            if taken > 0 && (is_alone || jobs.len() >= BATCH_ACTS) {
                break;
            }
            waiting.ready.pop_front();
            waiting.served.insert(compound);
            waiting.held.remove(&compound);
            jobs.extend(waiting.take_line(compound, BATCH_ACTS - jobs.len()));
            if is_alone {
                break;
            }
        }
        waiting.acts -= jobs.len();
        if jobs.is_empty() {
            waiting.batches -= 1;
            return None;
        }
        Some(jobs)
    }

    /// Puts acts back at the head of their lines: their compound is held by somebody else.
    fn put_back(&self, jobs: Vec<Box<dyn Job>>) {
        let mut waiting = self.line();
        waiting.acts += jobs.len();
        for job in jobs.into_iter().rev() {
            let compound = job.ticket().compound;
            waiting.held.insert(compound);
            waiting.lines.entry(compound).or_default().push_front(job);
        }
    }

    async fn serve_batch(&self, mut jobs: Vec<Box<dyn Job>>) {
        match self.try_batch(&mut jobs).await {
            Ok(results) => {
                let mut held = Vec::new();
                for (job, result) in jobs.into_iter().zip(results) {
                    match result {
                        Some(result) => job.answer(result),
                        None => held.push(job),
                    }
                }
                self.put_back(held);
            }
            Err(error @ Error::Storage(Storage::Unknown(_))) => {
                tracing::error!(?error, acts = jobs.len(), "a commit was not answered");
                for job in jobs {
                    let error = sea_orm::DbErr::Custom("commit not answered".to_owned());
                    job.answer(Err(Error::Storage(Storage::Unknown(error))));
                }
            }
            Err(error) => {
                tracing::warn!(
                    ?error,
                    acts = jobs.len(),
                    "a batch failed; its acts are tried alone"
                );
                for job in jobs {
                    let mut alone = vec![job];
                    let result = self.try_batch(&mut alone).await;
                    // Alone, a batch waits for its lock, so there is a result or an error.
                    let none = || Err(Storage::Bug("an act alone was put back".to_owned()).into());
                    let result =
                        result.and_then(|mut results| results.remove(0).unwrap_or_else(none));
                    if let Some(job) = alone.pop() {
                        job.answer(result);
                    }
                }
            }
        }
    }

    /// One transaction. `Err` if nothing was committed (or nobody knows); otherwise each act's own result, `None` if its
    /// compound is held by somebody else.
    async fn try_batch(&self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Option<Result<Outcome>>>> {
        let tickets: Vec<&Ticket> = jobs.iter().map(|job| job.ticket()).collect();
        let mut batch = Batch::open(self, &tickets).await?;
        let mut results = Vec::with_capacity(jobs.len());
        let mut is_changed = false;
        for job in jobs.iter_mut() {
            if batch.held.contains(&job.ticket().compound) {
                results.push(None);
                continue;
            }
            let result = batch.serve(job.as_mut(), &self.clock).await?;
            is_changed |= result.as_ref().is_ok_and(|o| !o.is_repeated);
            results.push(Some(result));
        }
        if let Some(desks) = batch.close(&self.pools, is_changed).await? {
            self.remember(desks);
        }
        Ok(results)
    }
}

/// One transaction and what is known in it.
struct Batch {
    tx: Tx,
    /// Acts already done under the keys of this batch: what they asked, what they were answered.
    done: HashMap<(CompoundId, String), (ActNo, String, String)>,
    found: HashSet<CompoundId>,
    /// Compounds whose lock somebody else has.
    held: HashSet<CompoundId>,
}

impl Batch {
    /// Begins, takes the compounds' locks in ascending order, then reads what the acts will need.
    async fn open(lanes: &Lanes, tickets: &[&Ticket]) -> Result<Batch> {
        let mut compounds: Vec<i32> = tickets.iter().map(|t| t.compound.0).collect();
        compounds.sort_unstable();
        compounds.dedup();
        let keys: Vec<(i32, &str)> =
            tickets.iter().filter_map(|t| Some((t.compound.0, t.key.as_deref()?))).collect();

        let db = dialect::begin_acting(&lanes.pools).await.map_err(Storage::from)?;
        let backend = lanes.pools.backend;
        let ids = dialect::ints(backend, &compounds);
        let mut locked: HashSet<CompoundId> = HashSet::new();
        let lock = dialect::lock(backend, compounds.len() == 1);
        if let Some(sql) = lock {
            let lock = Statement::from_sql_and_values(backend, sql, [ids.clone()]);
            for row in db.query_all_raw(lock).await? {
                locked.insert(CompoundId(row.try_get_by_index(0)?));
            }
        }
        // A later statement, because a wait for the lock does not refresh the waiting statement's picture.
        let in_ids = dialect::is_in(backend, 1);
        let (from_keys, keys) = dialect::pairs(backend, &keys, 2);
        let sql = format!(
            "SELECT c.compound_id, '' AS name, 0 AS no, NULL AS request, NULL AS answer, NULL AS last_at,
                    NULL AS hash
               FROM compound c WHERE c.compound_id {in_ids}
             UNION ALL
             SELECT c.compound_id, c.name, c.last_no, NULL, NULL, a.recorded_at, a.hash
               FROM counter c LEFT JOIN act a ON a.compound_id = c.compound_id
                 AND a.act_no = CASE WHEN c.name = 'act' THEN c.last_no END
               WHERE c.compound_id {in_ids}
             UNION ALL
             SELECT o.compound_id, o.key, o.act_no, a.request, a.answer, NULL, NULL
               FROM {from_keys}
               JOIN once o ON o.compound_id = k.compound_id AND o.key = k.key
               JOIN act a ON a.compound_id = o.compound_id AND a.act_no = o.act_no"
        );
        let values = std::iter::once(ids).chain(keys);
        let read = Statement::from_sql_and_values(backend, sql, values);
        let rows = db.query_all_raw(read).await?;

        let mut desks: HashMap<CompoundId, Desk> = HashMap::new();
        let mut done = HashMap::new();
        for row in rows {
            let compound = CompoundId(row.try_get_by_index(0)?);
            let name: String = row.try_get_by_index(1)?;
            let no: i32 = row.try_get_by_index(2)?;
            let desk = desks.entry(compound).or_default();
            if let Some(request) = row.try_get_by_index::<Option<String>>(3)? {
                done.insert((compound, name), (ActNo(no), request, row.try_get_by_index(4)?));
            } else if !name.is_empty() {
                if let Some(at) = row.try_get_by_index(5)? {
                    desk.last_at = at;
                    let hash: Vec<u8> = row.try_get_by_index(6)?;
                    desk.last_hash = hash.try_into().unwrap_or_default();
                }
                desk.counters.insert(name, no);
            }
        }
        let found: HashSet<CompoundId> = desks.keys().copied().collect();
        let held = match lock {
            Some(_) => found.difference(&locked).copied().collect(),
            None => HashSet::new(),
        };
        desks.retain(|compound, _| !held.contains(compound));
        lanes.recall(&mut desks);
        let tx = Tx {
            db,
            backend,
            desks,
            sheaves: Sheaves::default(),
            written: std::collections::BTreeMap::new(),
            compound: CompoundId::OFFICE,
            actor: Actor::operator(),
            at: Instant::from_seconds(0),
            act: ActNo(0),
            has_savepoint: false,
            ring: lanes.ring.read().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        Ok(Batch { tx, done, found, held })
    }

    /// Runs one act. `Err` only if the transaction is lost.
    async fn serve(&mut self, job: &mut dyn Job, clock: &Clock) -> Result<Result<Outcome>> {
        let ticket = job.ticket().clone();
        if !self.found.contains(&ticket.compound) {
            let evidence = format!("小区编号 {}", ticket.compound);
            return Ok(Err(NO_COMPOUND.refuse(evidence).into()));
        }
        let request = request_text(&ticket, &self.tx.ring);
        if let Some(key) = &ticket.key
            && let Some((act, asked, answer)) = self.done.get(&(ticket.compound, key.clone()))
        {
            return Ok(repeat(key, *act, asked, &request, answer));
        }

        let tx = &mut self.tx;
        tx.compound = ticket.compound;
        tx.actor = ticket.actor.clone();
        tx.at = clock.now().max(Instant::from_seconds(tx.desk().last_at));
        tx.act = ActNo(tx.next_no("act"));
        let ran = AssertUnwindSafe(job.run(tx)).catch_unwind().await;
        let answer = match ran {
            Ok(Ok(answer)) => answer,
            Ok(Err(refused @ Error::Refused(_))) => {
                tx.undo().await?;
                return Ok(Err(refused));
            }
            Ok(Err(failed)) => return Err(failed),
            Err(_) => {
                return Err(Storage::Bug(format!("the act {} panicked", ticket.verb)).into());
            }
        };

        if ticket.is_rehearsed {
            tx.undo().await?;
            return Ok(Err(REHEARSED.refuse(ticket.verb).into()));
        }
        let told = discreet(&answer, &tx.ring);
        let prev = tx.desk().last_hash;
        let record = Record {
            compound: ticket.compound.0,
            act: tx.act.0,
            verb: ticket.verb,
            actor: &ticket.actor.name,
            role: ticket.actor.role.name(),
            second: &ticket.actor.second,
            at: tx.at,
            came_from: &ticket.actor.origin.came_from,
            request_id: &ticket.actor.origin.request_id,
            pack: &ticket.actor.pack,
            request: &request,
            answer: &told,
            prev: &prev,
        };
        let hash = record.hash();
        put(tx, &record, &hash);
        tx.desk().last_hash = hash;
        if let Some(key) = &ticket.key {
            tx.put(&ONCE, &[ticket.compound.0.into(), key.into(), tx.act.0.into()]);
        }
        tx.settle().await?;
        if let Some(key) = ticket.key {
            self.done.insert((ticket.compound, key), (tx.act, request, told));
        }
        Ok(Ok(Outcome { act: tx.act, answer, is_repeated: false }))
    }

    /// Commits, and answers what is known of the compounds now; nothing, if nothing was changed.
    async fn close(
        mut self,
        pools: &Pools,
        is_changed: bool,
    ) -> Result<Option<HashMap<CompoundId, Desk>>> {
        if !is_changed {
            self.tx.db.rollback().await?;
            return Ok(None);
        }
        self.tx.write_counters().await?;
        self.tx.write_settled().await?;
        self.tx.db.commit().await.map_err(Error::of_commit)?;
        dialect::take_stock(pools, &self.tx.written).await;
        Ok(Some(self.tx.desks))
    }
}

/// Puts the row of an act.
fn put(tx: &mut Tx, record: &Record<'_>, hash: &[u8; 32]) {
    let row = [
        record.compound.into(),
        record.act.into(),
        record.verb.into(),
        record.actor.into(),
        record.role.into(),
        record.second.into(),
        record.at.seconds().into(),
        record.came_from.into(),
        record.request_id.into(),
        record.pack.into(),
        record.request.into(),
        record.answer.into(),
        record.prev.into(),
        hash.into(),
    ];
    tx.put(&ACT, &row);
}

/// What is compared when a key comes again: the verb, the actor and what was asked.
fn request_text(ticket: &Ticket, ring: &Ring) -> String {
    let asked = serde_json::json!({
        "verb": ticket.verb,
        "actor": ticket.actor.name,
        "request": ticket.request,
    });
    discreet(&asked, ring)
}

/// A value as text, each person's number in its texts masked.
fn discreet(value: &Json, ring: &Ring) -> String {
    fn walk(value: &mut Json, ring: &Ring) {
        match value {
            Json::String(text) => {
                *text = ring.discreet(text).unwrap_or_else(|| std::mem::take(text))
            }
            Json::Array(values) => values.iter_mut().for_each(|v| walk(v, ring)),
            Json::Object(fields) => fields.values_mut().for_each(|v| walk(v, ring)),
            _ => {}
        }
    }
    let text = value.to_string();
    // Nearly always there is none. A number that is no text may look like one, and stays.
    if ring.discreet(&text).is_none() {
        return text;
    }
    let mut masked = value.clone();
    walk(&mut masked, ring);
    masked.to_string()
}

/// The same key again: the same answer if the same was asked, otherwise the difference.
fn repeat(key: &str, act: ActNo, asked: &str, asks: &str, answer: &str) -> Result<Outcome> {
    let parse = |text: &str| {
        serde_json::from_str::<Json>(text)
            .map_err(|e| Storage::Bug(format!("act {act} holds a text that is not JSON: {e}")))
    };
    if asked != asks
        && let Some((field, before, now)) = difference("", &parse(asked)?, &parse(asks)?)
    {
        let field = field.trim_start_matches('.').trim_start_matches("request.").to_owned();
        let evidence = format!("幂等键 {key}：{field} 原为 {before}，本次为 {now}");
        let refusal = KEY_DIFFERS.refuse(evidence).with("field", field);
        return Err(refusal.with("before", before).with("now", now).into());
    }
    Ok(Outcome { act, answer: parse(answer)?, is_repeated: true })
}

/// The first field in which two requests differ: its path, and both values.
fn difference(path: &str, before: &Json, now: &Json) -> Option<(String, Json, Json)> {
    match (before, now) {
        (Json::Object(a), Json::Object(b)) => {
            let fields = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k)));
            fields.into_iter().find_map(|field| {
                let value = |m: &serde_json::Map<String, Json>| m.get(field).cloned();
                let (a, b) = (value(a).unwrap_or(Json::Null), value(b).unwrap_or(Json::Null));
                difference(&format!("{path}.{field}"), &a, &b)
            })
        }
        (a, b) if a == b => None,
        (a, b) => Some((path.to_owned(), a.clone(), b.clone())),
    }
}
