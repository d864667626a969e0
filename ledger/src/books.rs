//! The books of many compounds: one database, one clock, one way to act and one way to read.
//!
//! Owns: the compound's lock and counters, the acts and their keys, the list of sealing keys (tables `counter`, `act`,
//! `once`, `seal_key`). Knows no word of the trade but the roles.
//!
//! Always: one act = one transaction on one compound's lock, recorded with its actor, where they came from, its request and
//! its answer, and chained to the act before it by hash ([`record`]); no person's number stands in a record but as its mask;
//! the same key with the same request answers the same and writes nothing; with another request it is refused
//! and the difference is named. Acts that wait together are committed together (`books::lane`).
//! What the books said once they say again: [`Books::read_past`] looks at them as they stood after an act ([`Then`]).
//! Start at [`Books::open`], [`Books::act`], [`Books::read`].

mod actor;
pub(crate) mod dialect;
mod ground;
mod lane;
mod past;
pub mod record;
mod ring;
pub(crate) mod sheaf;
mod tally;
mod tx;

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use migrations::MigratorTrait;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::sync::oneshot;

pub use self::actor::{Actor, CONSOLE, Origin, Role};
pub use self::dialect::ADDRESS;
pub use self::ground::{Ground, ground};
use self::lane::{Job, Lanes, Outcome, Ticket};
pub use self::past::{Then, thens};
pub use self::ring::{KeyState, Rotated, keys, retire, rotate};
pub use self::tally::{Ended, Load, Tally};
pub(crate) use self::tx::last_no;
pub use self::tx::{Glance, Snapshot, Tx, View};
pub(crate) use self::tx::{Keeps, Note, Reads};
use crate::calendar::Clock;
use crate::error::{Error, Kind, Refusal, Result, Rule, Storage};
use crate::id::{ActNo, CompoundId};
use crate::mask;
use crate::seal::{KeySource, Ring};

/// There are no books at the address.
pub static NONE: Rule = Rule {
    code: "books.none",
    kind: Kind::Missing,
    rule: "账册须已建立",
    remedy: "检查 --db 的路径；新账册由 import register 或 migrate 建立",
};

/// The database was made by a newer program.
pub static NEWER: Rule = Rule {
    code: "books.newer-database",
    kind: Kind::Refused,
    rule: "账册由更新版本的程序建立，旧程序不得写入",
    remedy: "请升级 xiaoqu 后再打开",
};

/// The database was made by an older program, and may not be written here.
pub static OLDER: Rule = Rule {
    code: "books.older-database",
    kind: Kind::Refused,
    rule: "账册由较旧版本的程序建立，须先升级才能读",
    remedy: "把账册复制到可写的目录，用 xiaoqu migrate 升级后再读",
};

/// A log with acts in it stands beside a file that may not be written, and cannot be read with it.
pub static LOG: Rule = Rule {
    code: "books.log-apart",
    kind: Kind::Refused,
    rule: "账册须连同其日志（-wal 文件）一起读，否则会漏掉尚未并入的凭证",
    remedy: "把账册文件与 -wal 文件一起复制到可写的目录再读",
};

/// The same key came with another request.
pub static KEY_DIFFERS: Rule = Rule {
    code: "books.key-differs",
    kind: Kind::Refused,
    rule: "同一幂等键只能用于内容完全相同的请求",
    remedy: "若要办理另一笔业务，请换一个新的幂等键",
};

/// No compound has this number.
pub static NO_COMPOUND: Rule = Rule {
    code: "books.no-compound",
    kind: Kind::Missing,
    rule: "操作须落在已建账的小区",
    remedy: "先导入房产清册建立小区，或检查小区代码",
};

/// Too many acts wait.
pub static OVERLOADED: Rule = Rule {
    code: "books.overloaded",
    kind: Kind::Busy,
    rule: "等待中的操作过多，为保证已受理的操作不丢失，暂不受理新操作",
    remedy: "请稍后用同一幂等键重试",
};

/// An act was tried and would be accepted; nothing of it was written.
pub static REHEARSED: Rule = Rule {
    code: "books.rehearsed",
    kind: Kind::Conflict,
    rule: "试办只判断能否办理，不入账",
    remedy: "确要办理的，请正式提交",
};

/// A key is empty or too long.
pub static KEY_SHAPE: Rule = Rule {
    code: "books.key-shape",
    kind: Kind::Shape,
    rule: "幂等键须为 1 至 120 个可见字符，不含手机号、身份证号",
    remedy: "用 UUID 或单据号作幂等键",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &ADDRESS,
    &NONE,
    &NEWER,
    &OLDER,
    &LOG,
    &KEY_SHAPE,
    &OVERLOADED,
    &NO_COMPOUND,
    &KEY_DIFFERS,
    &REHEARSED,
];

/// What an act is asked to do: a verb, what it is given, and the key under which it happens once.
#[derive(Clone, Debug)]
pub struct Request<G> {
    verb: &'static str,
    key: Option<String>,
    body: Json,
    given: G,
    is_alone: bool,
}

impl<G: Serialize> Request<G> {
    /// A request of a verb, `room.verb`. What it is given is recorded with the act, and compared when a key comes
    /// again.
    pub fn new(verb: &'static str, given: G) -> Request<G> {
        let body = serde_json::to_value(&given).unwrap_or(Json::Null);
        Request { verb, key: None, body, given, is_alone: false }
    }
}

impl<G> Request<G> {
    /// A request whose gift is too large to record: `body` says what it was.
    pub fn describing(verb: &'static str, given: G, body: Json) -> Request<G> {
        Request { verb, key: None, body, given, is_alone: false }
    }

    /// Under this key the act happens once, however often it is sent.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Request<G> {
        self.key = Some(key.into());
        self
    }

    /// The act takes long (a whole file, a whole month): it shares its batch with nobody.
    #[must_use]
    pub fn alone(mut self) -> Request<G> {
        self.is_alone = true;
        self
    }

    /// Under this key, if there is one.
    #[must_use]
    pub fn maybe_once(mut self, key: Option<String>) -> Request<G> {
        self.key = key;
        self
    }
}

/// An act that was accepted and committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// The act's number in its compound.
    pub act: ActNo,
    /// What it answers.
    pub answer: T,
    /// Whether it had been done before under the same key, and nothing was written now.
    pub is_repeated: bool,
}

/// An opened set of books. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Books {
    at: Arc<Opened>,
    turn: Turn,
}

#[derive(Debug)]
struct Opened {
    pools: dialect::Pools,
    lanes: Arc<Lanes>,
    clock: Clock,
    source: Arc<KeySource>,
    ring: SharedRing,
    /// The number of the list of keys as it was last taken up; less than 0 before the first look.
    keys_seen: Arc<AtomicI32>,
    tally: Arc<Tally>,
}

/// What each act through these books begins with.
type Lead = Arc<dyn for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<()>> + Send + Sync>;

/// How acts through these books are taken.
#[derive(Clone, Default)]
enum Turn {
    /// As they are.
    #[default]
    Plain,
    /// Tried, judged and taken back.
    Rehearsed,
    /// Each begins with something else, in the same transaction.
    Led(Lead),
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Turn::Plain => "Plain",
            Turn::Rehearsed => "Rehearsed",
            Turn::Led(_) => "Led",
        })
    }
}

/// The ring of opened books, exchanged when a key is added or retired.
pub(crate) type SharedRing = Arc<RwLock<Arc<Ring>>>;

impl Books {
    /// How many batches of different compounds run at once on PostgreSQL.
    const ACTING_AT_ONCE: usize = 4;

    /// Opens the books at `sqlite:PATH` or `postgres://…`, bringing the tables up to date first.
    ///
    /// # Errors
    /// `books.address`, `books.newer-database`, storage.
    pub async fn open(url: &str) -> Result<Books> {
        Books::open_with(url, Clock::system()).await
    }

    /// Opens the books with a clock of the caller's.
    ///
    /// # Errors
    /// As [`Books::open`].
    pub async fn open_with(url: &str, clock: Clock) -> Result<Books> {
        Books::open_keyed(url, clock, Books::usual_keys(url)).await
    }

    /// Opens books that must be there already: a mistyped path is refused, not founded. A file that is marked read-only, or
    /// that may not be written here, is opened to be read.
    ///
    /// # Errors
    /// `books.none`, `books.older-database`, `books.log-apart`, and those of [`Books::open`].
    pub async fn open_existing(url: &str) -> Result<Books> {
        Books::open_existing_keyed(url, Books::usual_keys(url)).await
    }

    /// As [`Books::open_existing`], with keys from a source of the caller's.
    ///
    /// # Errors
    /// As [`Books::open_existing`].
    pub async fn open_existing_keyed(url: &str, source: KeySource) -> Result<Books> {
        if let Some(file) = dialect::file_of(url) {
            let Ok(found) = file.metadata() else {
                return Err(NONE.refuse(format!("没有文件 {}", file.display())).into());
            };
            if found.permissions().readonly() {
                return Books::archive(url, source).await;
            }
        }
        match Books::open_keyed(url, Clock::system(), source.clone()).await {
            Err(Error::Storage(failure)) if failure.is_read_only() => {
                Books::archive(url, source).await
            }
            opened => opened,
        }
    }

    /// Opens a file that may not be written here. Its acts will be refused by the database.
    async fn archive(url: &str, source: KeySource) -> Result<Books> {
        let pools = dialect::open_archive(url).await?;
        let missing = missing_steps(&pools.reading).await?;
        if missing > 0 {
            return Err(OLDER.refuse(format!("还差 {missing} 个建表步骤")).into());
        }
        let books = Books::of(pools, Clock::system(), source);
        books.refresh(false).await?;
        Ok(books)
    }

    /// Opens the books with keys from a source of the caller's. Without their keys the books open all the same; what needs
    /// one is refused (`seal.key-missing`, `seal.key-differs`).
    ///
    /// # Errors
    /// As [`Books::open`].
    pub async fn open_keyed(url: &str, clock: Clock, source: KeySource) -> Result<Books> {
        migrate(url).await?;
        let pools = dialect::open(url, Books::ACTING_AT_ONCE).await?;
        let books = Books::of(pools, clock, source);
        books.refresh(true).await?;
        Ok(books)
    }

    fn of(pools: dialect::Pools, clock: Clock, source: KeySource) -> Books {
        let opening = crate::seal::KEY_MISSING.refuse("账册正在打开");
        let ring: SharedRing = Arc::new(RwLock::new(Arc::new(Ring::locked(opening))));
        let lanes = Arc::new(Lanes::new(pools.clone(), clock.clone(), ring.clone()));
        let keys_seen = Arc::new(AtomicI32::new(-1));
        let (source, tally) = (Arc::new(source), Arc::default());
        let opened = Opened { pools, lanes, clock, source, ring, keys_seen, tally };
        Books { at: Arc::new(opened), turn: Turn::Plain }
    }

    /// Where the keys of the books at an address are if nobody says: beside the file, or in the home of whoever runs the
    /// program.
    #[must_use]
    pub fn usual_keys(url: &str) -> KeySource {
        match dialect::file_of(url) {
            Some(path) => KeySource::beside(path),
            None => match dialect::server_of(url) {
                Some((host, port, database)) => KeySource::of_server(&host, port, &database),
                None => KeySource::Nowhere,
            },
        }
    }

    /// The keys of these books, or why they are not there.
    #[must_use]
    pub fn ring(&self) -> Arc<Ring> {
        self.at.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the keys come from, in words.
    #[must_use]
    pub fn key_place(&self) -> String {
        self.at.source.in_words()
    }

    /// Reads the list of keys and the keys anew.
    async fn refresh(&self, may_found: bool) -> Result<()> {
        let ring = Arc::new(ring::unlock(self, may_found).await?);
        *self.at.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    /// Looks whether the list of keys has changed, and takes up what has. Whoever serves calls it again and again. Without the
    /// key that is in use now, what needs one is refused from then on, until the key is found.
    ///
    /// # Errors
    /// Storage.
    pub async fn look_at_keys(&self) -> Result<()> {
        let no = last_no(&mut self.glance(), CompoundId::OFFICE, ring::SERIES).await?;
        let before = self.ring();
        let was_open = before.is_open().is_ok();
        if was_open && self.at.keys_seen.load(Ordering::SeqCst) == no {
            return Ok(());
        }
        self.refresh(false).await?;
        match self.ring().is_open() {
            Ok(()) => {
                self.at.keys_seen.store(no, Ordering::SeqCst);
                let key = self.ring().current();
                if key != before.current() {
                    tracing::info!(key, "the keys were taken up");
                }
            }
            Err(error) if was_open => {
                tracing::error!(code = error.code(), "the key that is in use now is not here");
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// The clock of these books.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.at.clock
    }

    /// The same books, in which an act is tried and taken back: its verb runs under the lock and says no as it would, or
    /// the act is refused with `books.rehearsed`, and nothing was written either way.
    ///
    /// What the database itself judges only when rows arrive is judged as far as the verb made them arrive.
    #[must_use]
    pub fn rehearsing(&self) -> Books {
        Books { turn: Turn::Rehearsed, ..self.clone() }
    }

    /// The same books, in which every act begins with something else: one transaction, one record, and if either of the two
    /// is refused, neither happened.
    #[must_use]
    pub fn led_by<F>(&self, lead: F) -> Books
    where
        F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<()>> + Send + Sync + 'static,
    {
        Books { turn: Turn::Led(Arc::new(lead)), ..self.clone() }
    }

    /// The same books after an act that was led by something: what follows it is led by nothing. What is only tried stays so.
    #[must_use]
    pub fn after_the_lead(&self) -> Books {
        match self.turn {
            Turn::Led(_) => Books { turn: Turn::Plain, ..self.clone() },
            Turn::Plain | Turn::Rehearsed => self.clone(),
        }
    }

    /// Acts: runs a verb in a transaction under the compound's lock and answers after the commit.
    ///
    /// The verb may run twice if the first run was rolled back. It runs in a task of its own: dropping the returned
    /// future does not break it off.
    ///
    /// # Errors
    /// The verb's refusals; `books.key-differs`, `books.no-compound`, `books.overloaded`; storage, of which
    /// `storage.unknown-outcome` alone may have been committed.
    pub async fn act<G, T, F>(
        &self,
        actor: &Actor,
        compound: CompoundId,
        request: Request<G>,
        run: F,
    ) -> Result<Done<T>>
    where
        G: Send + Sync + 'static,
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a G) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        if let Some(key) = &request.key {
            may_be_key(key)?;
        }
        let (reply, answer) = oneshot::channel();
        let Request { verb, key, body, given, is_alone } = request;
        let actor = actor.clone();
        let is_rehearsed = matches!(self.turn, Turn::Rehearsed);
        // What is only tried has not been done under a key, and does not say that something was.
        let key = key.filter(|_| !is_rehearsed);
        let ticket = Ticket { compound, actor, verb, key, request: body, is_alone, is_rehearsed };
        let lead = match &self.turn {
            Turn::Led(lead) => Some(Arc::clone(lead)),
            Turn::Plain | Turn::Rehearsed => None,
        };
        let tally = Arc::clone(&self.at.tally);
        let answered = None;
        self.at.lanes.submit(Box::new(Pending {
            ticket,
            given,
            run,
            lead,
            answered,
            reply,
            tally,
        }));
        let gone = || Storage::Bug("an act was dropped without an answer".to_owned());
        answer.await.map_err(|_| gone())?
    }

    /// Reads: a picture of the books that does not change while it is looked at.
    ///
    /// # Errors
    /// Storage.
    pub async fn read(&self) -> Result<Snapshot> {
        let db = dialect::begin_reading(&self.at.pools).await.map_err(Storage::from)?;
        Ok(Snapshot { db, backend: self.at.pools.backend, ring: self.ring() })
    }

    /// Reads the books as they stood when the acts had come so far: every question that names a table is asked of how the table
    /// stood then. Of other compounds than those of `then` there is nothing; who is in the house is as it is now.
    ///
    /// # Errors
    /// Storage.
    pub async fn read_past(&self, then: &Then) -> Result<Snapshot> {
        let pools = &self.at.pools;
        let db = dialect::begin_past(pools).await.map_err(Storage::from)?;
        let mut snapshot = Snapshot { db, backend: pools.backend, ring: self.ring() };
        let moment = past::moment(&mut snapshot, then).await?;
        let views =
            migrations::past::views(&moment, dialect::own_tables(pools.backend)).join(";\n");
        snapshot.db.execute_unprepared(&views).await?;
        Ok(snapshot)
    }

    /// One question by itself, at the price of one round trip.
    #[must_use]
    pub fn glance(&self) -> Glance {
        Glance {
            db: self.at.pools.reading.clone(),
            backend: self.at.pools.backend,
            ring: self.ring(),
        }
    }

    /// Notes what is no act: see [`Note`].
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn note(&self) -> Result<Note> {
        if matches!(self.turn, Turn::Rehearsed) {
            return Err(REHEARSED.refuse("note").into());
        }
        let db = dialect::begin_acting(&self.at.pools).await.map_err(Storage::from)?;
        Ok(Note { db, backend: self.at.pools.backend, ring: self.ring() })
    }

    /// How the acts of this process ended so far, by verb.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.at.tally
    }

    /// What waits and what is in use now.
    #[must_use]
    pub fn load(&self) -> Load {
        let (acting, reading) =
            (dialect::in_use(&self.at.pools.acting), dialect::in_use(&self.at.pools.reading));
        Load { waiting_acts: self.at.lanes.waiting_acts(), acting, reading }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Storage.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.at.pools.reading.execute_unprepared("SELECT 1").await.map(|_| ())?)
    }

    /// Closes the connections; acts under way are finished first.
    ///
    /// # Errors
    /// Storage.
    pub async fn close(self) -> Result<()> {
        self.at.pools.past.close_by_ref().await?;
        self.at.pools.reading.close_by_ref().await?;
        Ok(self.at.pools.acting.close_by_ref().await?)
    }
}

/// The numbers of the last acts of the head office and of a compound: what a reading was true of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastActs {
    /// The head office's.
    pub office: ActNo,
    /// The compound's.
    pub compound: ActNo,
}

impl LastActs {
    /// What to select beside a row, where `{column}` is its compound: the columns that [`LastActs::of`] reads. Asked
    /// together with something else because a question of its own costs as much as a short answer.
    pub(crate) fn columns(column: &str) -> String {
        let last = |of: &str, name: &str| {
            format!(
                "COALESCE((SELECT n.last_no FROM counter n
                           WHERE n.compound_id = {of} AND n.name = 'act'), 0) AS {name}"
            )
        };
        format!("{}, {}", last("0", "office_act"), last(column, "compound_act"))
    }

    pub(crate) fn of(row: &sea_orm::QueryResult) -> Result<LastActs> {
        let no = |name| row.try_get::<i32>("", name).map(ActNo);
        Ok(LastActs { office: no("office_act")?, compound: no("compound_act")? })
    }
}

/// Whether an act was done under a key.
///
/// # Errors
/// Storage.
pub async fn is_key_used(view: &mut impl View, compound: CompoundId, key: &str) -> Result<bool> {
    let sql = "SELECT act_no FROM once WHERE compound_id = $1 AND key = $2";
    Ok(!view.rows(Reads::SETTLED, sql, vec![compound.0.into(), key.into()]).await?.is_empty())
}

/// The last act of the head office, for what belongs to no compound.
///
/// # Errors
/// Storage.
pub async fn last_acts(view: &mut impl View) -> Result<LastActs> {
    let sql = format!("SELECT {}", LastActs::columns("0"));
    let found = view.rows(Reads::SETTLED, &sql, vec![]).await?;
    let bug = || Storage::Bug("a question without a table has no answer".to_owned());
    LastActs::of(found.first().ok_or_else(bug)?)
}

/// Whether a text can be the key under which an act happens once.
///
/// # Errors
/// `books.key-shape`.
pub fn may_be_key(key: &str) -> Result<(), Refusal> {
    let is_visible = key.chars().all(|c| !c.is_control() && !c.is_whitespace());
    let length = key.chars().count();
    if (1..=120).contains(&length) && is_visible && !mask::names_a_person(key) {
        return Ok(());
    }
    Err(KEY_SHAPE.refuse(format!("{length} 个字符")))
}

/// How many steps the tables lack.
async fn missing_steps(db: &DatabaseConnection) -> Result<usize> {
    let known = migrations::Migrator::migrations().len();
    let applied = migrations::Migrator::get_applied_migrations(db).await;
    // An unknown step in the table is what a newer program left.
    if let Err(error) = &applied
        && error.to_string().contains("is missing")
    {
        return Err(NEWER.refuse(format!("本程序认识 {known} 个建表步骤")).into());
    }
    Ok(known.saturating_sub(applied?.len()))
}

/// Brings the tables up to date, through one connection of its own.
async fn migrate(url: &str) -> Result<()> {
    let db = dialect::open_for_migration(url).await?;
    if missing_steps(&db).await? > 0 {
        // Another process may be at the same work: whoever comes second waits, and finds it done.
        let mut tried = migrations::Migrator::up(&db, None).await;
        for _ in 0..20 {
            if tried.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            if missing_steps(&db).await.is_ok_and(|missing| missing == 0) {
                tried = Ok(());
            }
        }
        tried?;
    }
    Ok(db.close().await?)
}

/// An act in line: its verb, what it answered, and who waits.
struct Pending<G, T, F> {
    ticket: Ticket,
    given: G,
    run: F,
    lead: Option<Lead>,
    answered: Option<T>,
    reply: oneshot::Sender<Result<Done<T>>>,
    tally: Arc<Tally>,
}

impl<G, T, F> Job for Pending<G, T, F>
where
    G: Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'a> Fn(&'a mut Tx, &'a G) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
{
    fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Result<Json>> {
        Box::pin(async move {
            if let Some(lead) = &self.lead {
                lead(tx).await?;
            }
            let answer = (self.run)(tx, &self.given).await?;
            let told = serde_json::to_value(&answer)
                .map_err(|e| Storage::Bug(format!("an answer is not JSON: {e}")))?;
            self.answered = Some(answer);
            Ok(told)
        })
    }

    fn answer(self: Box<Self>, result: Result<Outcome>) {
        let Pending { answered, reply, ticket, tally, .. } = *self;
        if !ticket.is_rehearsed {
            tally.count(ticket.verb, Ended::of(&result));
        }
        let done = result.and_then(|Outcome { act, answer, is_repeated }| {
            let answer = match answered {
                Some(answer) if !is_repeated => answer,
                _ => serde_json::from_value(answer)
                    .map_err(|e| Storage::Bug(format!("a stored answer does not fit: {e}")))?,
            };
            Ok(Done { act, answer, is_repeated })
        });
        // Nobody waits any more if the caller hung up; the act stands all the same.
        drop(reply.send(done));
    }
}
