//! Whether the journal is what it says: named laws, each with how much was checked and the first row that breaks it.
//!
//! Owns: [`Law`], [`Laws`] (where any room's findings are collected), and the laws of the journal. The rules were kept when
//! the rows were written, by `post` and by the database; here nobody is believed, the database's owner included: what
//! stands in the tables is read whole, once, and everything that can be computed from it is computed again.
//!
//! Always: reads only; one unchanging picture per group of compounds, several groups at once; memory does not grow with
//! the postings, only with the keys of the balances. A tampered row is named, not merely noticed.
//! Limits: what was cut off the end of a book *and* out of every table that counts it is not missed here; the seals
//! published at each close are what such a book is held against. An act's own text is under the acts' chain
//! (`verify::chain`).
//! Start at [`verify`].

mod asked;
mod folio;
mod kept;
mod pass;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use super::chart::Book;
use crate::books::{Books, Reads, Snapshot, View};
use crate::error::{Result, Storage};
use crate::id::CompoundId;

/// Debits equal credits, the lines are whole, in order, on their voucher's day, and there is none without a voucher.
pub const VOUCHER_BALANCES: &str = "voucher-balances";
/// Each voucher's canonical text has the stored hash and names the one before it.
pub const CHAIN: &str = "chain";
/// Places in a book, and numbers in a book and year, follow one another.
pub const NUMBERS: &str = "numbers-without-gaps";
/// Every line's account is in the book's chart.
pub const ACCOUNTS: &str = "accounts-known";
/// The kept balances are the sums of the postings.
pub const BALANCES: &str = "balances-equal-postings";
/// What the dwellings and projects have is what the bearing accounts say.
pub const DWELLINGS: &str = "dwellings-equal-control";
/// What a close froze still stands, and nothing has entered a closed month since.
pub const PERIODS: &str = "closed-periods-frozen";
/// A reversal is the mirror of one earlier voucher.
pub const REVERSALS: &str = "reversals-mirror";
/// A transfer is two vouchers of two books, in one act.
pub const TRANSFERS: &str = "transfers-in-pairs";
/// What is held of a dwelling, it has.
pub const RESERVES: &str = "reserves-covered";
/// Acts follow one another in number and time, and every voucher was made by one.
pub const ACTS: &str = "acts-recorded";
/// A series' counter is the last number in use.
pub const COUNTERS: &str = "counters-true";

/// The laws of the journal, in the order they are told.
pub static LAWS: &[&str] = &[
    VOUCHER_BALANCES,
    CHAIN,
    NUMBERS,
    ACCOUNTS,
    BALANCES,
    DWELLINGS,
    PERIODS,
    REVERSALS,
    TRANSFERS,
    RESERVES,
    ACTS,
    COUNTERS,
];

/// How many compounds are read from one picture at most.
const GROUP_MOST: usize = 16;

/// How many groups are read at once at most: the pool of readings is also everybody else's.
const MOST_READERS: usize = 4;

/// A law, and how it fared.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一条账册必须成立的规律，及核验结果")]
pub struct Law {
    /// Its name, stable for ever.
    #[schemars(description = "规律：固定不变的名称", example = &"voucher-balances")]
    pub name: &'static str,
    /// How many things were held against it.
    #[schemars(description = "检查项数", example = 12)]
    pub checked: u64,
    /// How many broke it.
    #[schemars(description = "不符项数", example = 0)]
    pub failed: u64,
    /// The first that did, in Chinese: compound, book, voucher, and what is wrong.
    #[schemars(description = "第一处不符")]
    pub first: Option<String>,
}

/// Where findings are collected, law by law. A room above the journal adds its own names.
#[derive(Clone, Debug, Default)]
pub struct Laws(Vec<Law>);

impl Laws {
    /// These laws, none of them checked yet.
    #[must_use]
    pub fn named(names: &[&'static str]) -> Laws {
        let law = |name: &&'static str| Law { name, checked: 0, failed: 0, first: None };
        Laws(names.iter().map(law).collect())
    }

    fn law(&mut self, name: &'static str) -> &mut Law {
        let at = self.0.iter().position(|law| law.name == name).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Law { name, checked: 0, failed: 0, first: None });
        }
        &mut self.0[at]
    }

    /// So many more things were held against a law.
    pub fn checked(&mut self, name: &'static str, count: u64) {
        self.law(name).checked += count;
    }

    /// One of them broke it. The first to be told is the first that is named, so tell them in order.
    pub fn broken(&mut self, name: &'static str, what: impl FnOnce() -> String) {
        self.broken_by(name, 1, what);
    }

    /// So many of them broke it.
    pub fn broken_by(&mut self, name: &'static str, count: u64, what: impl FnOnce() -> String) {
        let law = self.law(name);
        law.failed += count;
        if count > 0 && law.first.is_none() {
            law.first = Some(what());
        }
    }

    /// Adds what was found after this.
    pub fn add(&mut self, later: Laws) {
        for law in later.0 {
            let known = self.law(law.name);
            known.checked += law.checked;
            known.failed += law.failed;
            if known.first.is_none() {
                known.first = law.first;
            }
        }
    }

    /// The laws, in the order they were named.
    #[must_use]
    pub fn into_vec(self) -> Vec<Law> {
        self.0
    }
}

/// What compounds are called, so that a finding can be read.
#[derive(Clone, Debug, Default)]
struct Names(BTreeMap<i64, String>);

impl Names {
    fn compound(&self, compound: i64) -> String {
        let unknown = || format!("未登记的小区 {compound}");
        self.0.get(&compound).cloned().unwrap_or_else(unknown)
    }

    fn book(&self, compound: i64, book: i64) -> String {
        let known = i16::try_from(book).ok().and_then(Book::numbered);
        let name = known.map_or_else(|| format!("账簿 {book}"), |book| book.to_string());
        format!("{} {name}", self.compound(compound))
    }
}

/// Checks every law of the journal, in every compound or in one.
///
/// # Errors
/// Storage, also if a row is so ill-formed that it cannot be read at all.
pub async fn verify(books: &Books, only: Option<CompoundId>) -> Result<Vec<Law>> {
    let mut view = books.read().await?;
    let names = names(&mut view, only).await?;
    drop(view);
    let workers =
        std::thread::available_parallelism().map_or(2, usize::from).clamp(2, MOST_READERS);
    let size = (names.0.len() / (workers * 4)).clamp(1, GROUP_MOST);
    let compounds: Vec<i64> = names.0.keys().copied().collect();
    let groups: VecDeque<Vec<i64>> = compounds.chunks(size).map(<[i64]>::to_vec).collect();

    let count = groups.len();
    let waiting = Arc::new(Mutex::new(groups.into_iter().enumerate().collect::<VecDeque<_>>()));
    let names = Arc::new(names);
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..workers.min(count) {
        readers.spawn(read_groups(books.clone(), names.clone(), waiting.clone()));
    }
    let mut found: Vec<(usize, Laws)> = Vec::with_capacity(count);
    while let Some(done) = readers.join_next().await {
        found.extend(done.map_err(|e| Storage::Bug(format!("a reader of verify died: {e}")))??);
    }

    // In the order of the compounds, so that the first finding is the same however the readers shared the work.
    found.sort_by_key(|(group, _)| *group);
    let mut laws = Laws::named(LAWS);
    found.into_iter().for_each(|(_, of_group)| laws.add(of_group));
    Ok(laws.into_vec())
}

type Waiting = Arc<Mutex<VecDeque<(usize, Vec<i64>)>>>;

async fn read_groups(
    books: Books,
    names: Arc<Names>,
    waiting: Waiting,
) -> Result<Vec<(usize, Laws)>> {
    let mut found = Vec::new();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((number, group)) = next else { return Ok(found) };
        let mut view = books.read().await?;
        found.push((number, of_group(&mut view, &names, &group).await?));
    }
}

/// The laws of neighbouring compounds, from one picture.
async fn of_group(view: &mut Snapshot, names: &Arc<Names>, group: &[i64]) -> Result<Laws> {
    let int = |n: Option<&i64>| n.and_then(|n| i32::try_from(*n).ok()).unwrap_or(0);
    let range = Range { first: int(group.first()), last: int(group.last()) };
    let small = Arc::new(kept::small(view, range).await?);
    let mut told = pass::run(view, range, small.clone(), names.clone()).await?;
    kept::balances(view, range, &mut told).await?;
    kept::periods(view, range, &small, &mut told).await?;
    asked::reversals(view, range, &mut told).await?;
    asked::reserves(view, range, &mut told).await?;
    asked::acts(view, range, &mut told).await?;
    asked::counters(view, range, &mut told).await?;
    Ok(told.laws)
}

/// Neighbouring compounds.
#[derive(Clone, Copy, Debug)]
struct Range {
    first: i32,
    last: i32,
}

/// Every compound, also one that has rows and is not registered.
async fn names(view: &mut Snapshot, only: Option<CompoundId>) -> Result<Names> {
    // Hops from compound to compound through the keys: as many steps as there are compounds, however many the rows.
    let hops = |name: &str, table: &str| {
        format!(
            "{name} (id) AS (
               SELECT min(compound_id) FROM {table}
               UNION ALL
               SELECT (SELECT min(t.compound_id) FROM {table} t WHERE t.compound_id > {name}.id)
               FROM {name} WHERE {name}.id IS NOT NULL)"
        )
    };
    let sql = format!(
        "WITH RECURSIVE {}, {}
         SELECT a.id, c.code, c.name FROM
           (SELECT compound_id AS id FROM compound UNION SELECT id FROM v UNION SELECT id FROM p) a
         LEFT JOIN compound c ON c.compound_id = a.id
         WHERE a.id IS NOT NULL AND ($1 < 0 OR a.id = $1)",
        hops("v", "voucher"),
        hops("p", "posting")
    );
    let wanted = only.map_or(-1, |compound| compound.0);
    let mut names = Names::default();
    for row in view.rows(Reads::SETTLED, &sql, vec![wanted.into()]).await? {
        let id: i32 = row.try_get_by_index(0)?;
        let code: Option<String> = row.try_get_by_index(1)?;
        let name: Option<String> = row.try_get_by_index(2)?;
        let shown = match (name, code) {
            (Some(name), Some(code)) if !code.is_empty() => format!("{name}（{code}）"),
            (Some(name), _) => name,
            _ => format!("未登记的小区 {id}"),
        };
        names.0.insert(i64::from(id), shown);
    }
    Ok(names)
}
