//! A world to test in: fresh books on a chosen database, a clock that stands still, a small compound.
//!
//! Every test of the books is a function of a [`World`] and runs once on each database ([`on_both!`]). Without
//! PostgreSQL the second half is skipped, loudly; where a run says it must be there, its absence fails.

use std::future::Future;
use std::sync::{Arc, Mutex};

use ledger::books::{Actor, Books, Done, Request, Role, Then, Tx};
use ledger::calendar::{Clock, Day, Instant};
use ledger::error::Result;
use ledger::id::{CompoundId, DwellingNo};
use ledger::journal::{self, Book, Entry, Kind, Line, Posted};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::{self, Compound, Founding, Housing, NewDwelling, NewOwner, RoomCode, Usage};
use ledger::seal::KeySource;
use reports::sheet::Sheet;
use sea_orm::{Database, DatabaseConnection};
use xiaoqu::documents::{self, Order};

use crate::cluster;

/// Which database a world stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of its own, cloned from a migrated template.
    Postgres,
}

/// Runs a test on both databases, each half a test of its own.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($world: $crate::world::World) $body

            #[test]
            fn on_sqlite() {
                $crate::world::run($crate::world::Backend::Sqlite, story);
            }

            #[test]
            fn on_postgres() {
                $crate::world::run($crate::world::Backend::Postgres, story);
            }
        }
    )*};
}

/// Runs a story in a fresh world.
pub fn run<F: Future<Output = ()>>(backend: Backend, story: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let Some(world) = World::new(backend).await else { return };
        let (books, papers, place) =
            (world.books.clone(), Arc::clone(&world.papers), Arc::clone(&world.place));
        story(world).await;
        let papers = std::mem::take(&mut *papers.lock().unwrap());
        for paper in &papers {
            paper.must_stand(&books).await;
        }
        drop(place);
    });
}

/// A paper that a story printed.
pub struct Printed {
    compound: Compound,
    name: String,
    order: Order,
    then: Then,
    sheet: Sheet,
}

impl Printed {
    /// Whatever the story did afterwards: of the books as they stood it is the same paper.
    async fn must_stand(&self, books: &Books) {
        let mut past = books.read_past(&self.then).await.expect("the past is read");
        let document = documents::known(&self.name).expect("a document");
        let at = self.sheet.printed_at;
        let drawn =
            documents::drawn_in(&mut past, &self.compound, document, &self.order, None, at).await;
        let drawn = drawn.unwrap_or_else(|why| panic!("{} of the past: {why}", self.name));
        let text = |sheet: &Sheet| reports::press::text::press(sheet);
        assert_eq!(text(&drawn), text(&self.sheet), "{} of the past", self.name);
        assert_eq!(drawn.check, self.sheet.check, "{} of the past", self.name);
    }
}

/// Fresh books, and a small compound in them.
pub struct World {
    pub books: Books,
    pub clock: Clock,
    pub url: String,
    pub backend: Backend,
    pub compound: CompoundId,
    papers: Arc<Mutex<Vec<Printed>>>,
    place: Arc<dyn std::any::Any + Send + Sync>,
}

impl World {
    /// The instant at which every world begins: 5 January 2026, 09:00 in Shanghai.
    pub fn dawn() -> Instant {
        Instant::parse("2026-01-05T09:00:00+08:00").expect("an instant")
    }

    /// Fresh books with the compound 小河里 (`xiaohe`): 1-1-101 … 1-2-302, twelve dwellings. `None` if the database is
    /// not to be had and need not be.
    pub async fn new(backend: Backend) -> Option<World> {
        let clock = Clock::standing_at(World::dawn());
        let (url, place): (String, Arc<dyn std::any::Any + Send + Sync>) = match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                (
                    format!("sqlite:{}", folder.path().join("books.sqlite").display()),
                    Arc::new(folder),
                )
            }
            Backend::Postgres => {
                let migrate = async |url: &str| {
                    // Without a key: every copy makes its own, as books on a server do.
                    let nowhere = KeySource::Nowhere;
                    let books = Books::open_keyed(url, Clock::system(), nowhere).await;
                    let books = books.expect("the template migrates");
                    books.close().await.expect("the template closes");
                };
                let fresh = cluster::fresh(migrate).await?;
                (fresh.url.clone(), Arc::new(fresh))
            }
        };
        let books = Books::open_with(&url, clock.clone()).await.expect("books open");
        let mut world = World {
            books,
            clock,
            url,
            backend,
            compound: CompoundId::OFFICE,
            papers: Arc::default(),
            place,
        };
        world.compound = world.found("xiaohe", "小河里小区").await;
        world.enrol_small_roll().await;
        Some(world)
    }

    /// Keeps in mind what was printed, to see at the story's end that the books still say it of that moment.
    pub async fn printed(&self, compound: &Compound, name: &str, order: &Order, sheet: &Sheet) {
        let mut view = self.books.read().await.expect("books read");
        let then = Then::now(&mut view, &[compound.id]).await.expect("the acts are counted");
        let (compound, name, order) = (compound.clone(), name.to_owned(), order.clone());
        let paper = Printed { compound, name, order, then, sheet: sheet.clone() };
        self.papers.lock().unwrap().push(paper);
    }

    /// The story's clock goes on to the machine's, by which commands are typed.
    pub fn catch_up(&self) {
        self.clock.set(Clock::system().now());
    }

    /// Founds another compound.
    pub async fn found(&self, code: &str, name: &str) -> CompoundId {
        let founding = Founding {
            code: code.to_owned(),
            name: name.to_owned(),
            address: String::new(),
            area: None,
        };
        let request = Request::new("property.found", founding);
        let operator = Actor::operator();
        let found = self.books.act(&operator, CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        });
        found.await.expect("a compound is founded").answer
    }

    /// Two stairs of three floors, two dwellings each; the last is unsold, 1-1-101 has two owners.
    async fn enrol_small_roll(&self) {
        let mut roll = Vec::new();
        for (unit, floor, door) in
            (1..=2).flat_map(|u| (1..=3).flat_map(move |f| (1..=2).map(move |d| (u, f, d))))
        {
            let code = format!("1-{unit}-{floor}0{door}");
            let is_unsold = code == "1-2-302";
            let owner = |n: i32| NewOwner {
                name: format!("业主{unit}{floor}{door}{n}"),
                id_no: format!("99999919700101{unit}{floor}{door}{n}").into(),
                phone: format!("1990000{unit}{floor}{door}{n}").into(),
                share: None,
            };
            let owners = match code.as_str() {
                "1-1-101" => vec![owner(1), owner(2)],
                _ if is_unsold => vec![],
                _ => vec![owner(1)],
            };
            roll.push(NewDwelling {
                code: RoomCode::parse(&code).expect("a code"),
                written_as: code,
                floor: Some(floor),
                usage: Usage::Residence,
                housing: Housing::Commodity,
                has_lift: false,
                is_unsold,
                area: Area::centi_m2(8000 + i64::from(100 * floor + 10 * door)),
                handed_over_on: None,
                owners,
                remark: "".into(),
                owned_from: day("2010-01-01"),
            });
        }
        let enrolled = self.act("property.enrol", roll, |tx, roll| {
            Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
        });
        enrolled.await.expect("the roll is enrolled");
    }

    /// An act of the property company in the small compound.
    pub async fn act<G, T, F>(&self, verb: &'static str, given: G, run: F) -> Result<Done<T>>
    where
        G: serde::Serialize + Send + Sync + 'static,
        T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a G) -> futures_util::future::BoxFuture<'a, Result<T>>
            + Send
            + Sync
            + 'static,
    {
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        self.books.act(&clerk, self.compound, Request::new(verb, given), run).await
    }

    /// Posts an entry to the small compound.
    pub async fn post(&self, entry: Entry) -> Result<Posted> {
        let request = Request::describing("journal.post", entry, serde_json::Value::Null);
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let posted = self.books.act(&clerk, self.compound, request, |tx, entry: &Entry| {
            Box::pin(journal::post(tx, entry.clone()))
        });
        Ok(posted.await?.answer)
    }

    /// The number of a dwelling of the small compound.
    pub async fn dwelling(&self, code: &str) -> DwellingNo {
        let mut view = self.books.read().await.expect("a reading");
        let today = self.clock.now().day();
        property::dwelling(&mut view, self.compound, code, today).await.expect("a dwelling").no
    }

    /// A connection past the rooms, as an attacker or an auditor would open one.
    pub async fn back_door(&self) -> DatabaseConnection {
        let url = match self.backend {
            Backend::Sqlite => format!("{}?mode=rw", self.url),
            Backend::Postgres => self.url.clone(),
        };
        Database::connect(url).await.expect("the back door opens")
    }
}

/// A day.
pub fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

/// A deposit of one dwelling, by hand, straight into the journal.
pub fn deposit_entry(dwelling: DwellingNo, fen: i64, on: &str) -> Entry {
    let amount = Money::fen(fen);
    Entry {
        book: Book::Fund,
        effective_on: day(on),
        kind: Kind::Deposit,
        memo: format!("首期交存 {dwelling}"),
        source: "柜台".to_owned(),
        evidence: "收据 1".to_owned(),
        lines: vec![Line::debit(1001, amount), Line::credit(400_101, amount).of(dwelling)],
    }
}
