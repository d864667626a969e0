//! The books' list of keys, and how a key is found, added, put to use on every sealed value, and taken out of use.
//!
//! Owns: `seal_key` (number, fingerprint, the blind index's key sealed under it; never a key), [`rotate`], [`keys`],
//! [`retire`].
//!
//! Always: the books open without their keys; what needs one is refused, naming the fingerprints. The first key is made when
//! the books are founded, if nobody named one. Every change of the list, and every batch that is sealed anew, is an act.
//! A rotation that was broken off goes on where it stopped, and runs beside other acts: a program that serves looks at the
//! list again and again ([`Books::look_at_keys`]), and a rotation waits [`TAKEN_UP`] between listing a key and using it. A
//! program that cannot find the new key (it was told its keys) refuses what needs one. A key is retired [`SETTLED`] after the
//! next was listed, and not before.
//! Limits: [`BATCH`] values an act. A program that stands still for longer than [`SETTLED`] between taking a key and writing
//! with it is not guarded against.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::sheaf::{Kind as Column, Table};
use super::{Books, Reads, Request, Tx, View, dialect};
use crate::error::{Error, Result};
use crate::id::CompoundId;
use crate::seal::{self, KEY_DIFFERS, KEY_IN_USE, KEY_MISSING, Key, KeySource, Ring, Sealed};

/// How many values an act seals anew: a few milliseconds under the compound's lock.
const BATCH: i32 = 2_000;
/// How long a rotation leaves other programs to take up the new key.
const TAKEN_UP: Duration = Duration::from_secs(1);
/// How long after the next one was listed a key may still be in use somewhere, in seconds.
const SETTLED: i64 = 60;
/// The series whose number moves when the list changes.
pub(super) const SERIES: &str = "seal-key";

static SEAL_KEY: Table = Table {
    name: "seal_key",
    rank: 0,
    columns: &[
        ("key_no", Column::Int),
        ("fingerprint", Column::Text),
        ("blind_key", Column::Bytes),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const KEYS: Reads = Reads(&[&SEAL_KEY]);

/// A key of the books as their list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    number: u16,
    fingerprint: String,
    blind: Vec<u8>,
    is_retired: bool,
}

async fn listed(view: &mut impl View) -> Result<Vec<Listed>> {
    let sql = "SELECT key_no, fingerprint, blind_key, retired_by_act FROM seal_key ORDER BY key_no";
    let mut list = Vec::new();
    for row in view.rows(KEYS, sql, vec![]).await? {
        let number: i32 = row.try_get_by_index(0)?;
        list.push(Listed {
            number: u16::try_from(number).unwrap_or(0),
            fingerprint: row.try_get_by_index(1)?,
            blind: row.try_get_by_index(2)?,
            is_retired: row.try_get_by_index::<Option<i32>>(3)?.is_some(),
        });
    }
    Ok(list)
}

/// The ring of books that were just opened. Makes the first key if they have none and the source allows it.
pub(super) async fn unlock(books: &Books, may_found: bool) -> Result<Ring> {
    let list = listed(&mut books.read().await?).await?;
    if list.is_empty() && !may_found {
        return Ok(Ring::locked(KEY_MISSING.refuse("账册还没有密钥，且不可写入")));
    }
    if list.is_empty() {
        return found(books).await;
    }
    Ok(match books.at.source.read() {
        Ok(keys) => ring_of(&list, &keys, &books.at.source),
        Err(Error::Refused(why)) => Ring::locked(*why),
        Err(error) => {
            tracing::warn!(?error, "the key cannot be read");
            Ring::locked(
                KEY_MISSING.refuse(format!("密钥文件 {} 读不出", books.at.source.in_words())),
            )
        }
    })
}

/// The ring of a list and the keys that are there. A key that is retired need not be.
fn ring_of(list: &[Listed], keys: &[Key], source: &KeySource) -> Ring {
    let mut known = BTreeMap::new();
    let mut blind = None;
    for listed in list {
        let Some(key) = keys.iter().find(|key| key.fingerprint() == listed.fingerprint) else {
            if listed.is_retired {
                continue;
            }
            let (number, wanted) = (listed.number, &listed.fingerprint);
            let shown: Vec<String> = keys.iter().map(Key::fingerprint).collect();
            let (rule, found) = match keys {
                [] => (&KEY_MISSING, "没有密钥".to_owned()),
                _ => (&KEY_DIFFERS, format!("密钥指纹为 {}", shown.join("、"))),
            };
            let place = source.in_words();
            let refusal =
                rule.refuse(format!("{place} {found}；须有第 {number} 号密钥，指纹 {wanted}"));
            return Ring::locked(
                refusal.with("key_no", number).with("fingerprint", wanted.clone()),
            );
        };
        blind = seal::unwrap_blind(key, &listed.blind).or(blind);
        known.insert(listed.number, *key);
    }
    match blind {
        Some(blind) => Ring::of(&known, &blind),
        None => Ring::locked(KEY_MISSING.refuse("登记的密钥均已停用")),
    }
}

/// The first key of the books: the one that is told, or one that is made.
async fn found(books: &Books) -> Result<Ring> {
    let keys = match books.at.source.read() {
        Ok(keys) if keys.is_empty() => books.at.source.found(),
        Ok(keys) => Ok(Some(keys)),
        Err(error) => Err(error),
    };
    let place = books.at.source.in_words();
    let key = match keys {
        Ok(Some(keys)) if !keys.is_empty() => keys[0],
        Ok(_) => return Ok(Ring::locked(KEY_MISSING.refuse(format!("{place} 没有密钥")))),
        Err(Error::Refused(why)) => return Ok(Ring::locked(*why)),
        Err(error) => {
            tracing::warn!(?error, "no key could be made");
            let evidence = format!("{place} 不能写入，没有建立密钥");
            return Ok(Ring::locked(KEY_MISSING.refuse(evidence)));
        }
    };
    let blind = seal::random()?;
    let given = (key, blind);
    let body = serde_json::json!({ "fingerprint": key.fingerprint() });
    let request = Request::describing("key.found", given, body);
    let operator = super::Actor::operator();
    let done = books.act(&operator, CompoundId::OFFICE, request, |tx, (key, blind)| {
        Box::pin(async move {
            // Somebody else may have been first: then theirs counts.
            if listed(tx).await?.is_empty() {
                list(tx, 1, key, blind)?;
            }
            Ok(1_u16)
        })
    });
    if let Err(error) = done.await {
        tracing::warn!(?error, "no key could be listed");
        return Ok(Ring::locked(KEY_MISSING.refuse("账册还没有密钥，且不可写入")));
    }
    let list = listed(&mut books.read().await?).await?;
    Ok(ring_of(&list, &[key], &books.at.source))
}

fn list(tx: &mut Tx, number: u16, key: &Key, blind: &[u8; 32]) -> Result<()> {
    let (wrapped, fingerprint) = (seal::wrap(key, number, blind)?, key.fingerprint());
    let row = [
        i32::from(number).into(),
        (&fingerprint).into(),
        wrapped.as_slice().into(),
        tx.act().0.into(),
    ];
    tx.put(&SEAL_KEY, &row);
    Ok(())
}

/// What became of a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// The key in use now.
    pub key_no: u16,
    /// Its fingerprint.
    pub fingerprint: String,
    /// How many values were sealed anew.
    pub resealed: u64,
    /// Whether an earlier rotation was taken up, and no key added.
    pub is_resumed: bool,
}

/// Puts a new key into use and seals every value of `columns` with it; or, if an earlier rotation was broken off, goes on
/// with that. The new key is one of the source's that the books do not know yet, else a new one written to its file.
///
/// # Errors
/// `seal.key-missing`, `seal.key-differs`; `seal.broken` for a value that cannot be opened; storage.
pub async fn rotate(books: &Books, columns: &[&'static Sealed]) -> Result<Rotated> {
    books.ring().is_open()?;
    let current = books.ring().current();
    let old: u64 =
        counts(books, columns).await?.iter().filter(|(n, _)| **n != current).map(|(_, c)| c).sum();
    if old == 0 {
        add(books).await?;
        tokio::time::sleep(TAKEN_UP).await;
    }
    let mut resealed = 0;
    for column in columns {
        for compound in compounds(books, column).await? {
            loop {
                let anew = reseal(books, column, compound).await?;
                resealed += u64::from(anew);
                if anew == 0 {
                    break;
                }
            }
        }
    }
    let list = listed(&mut books.read().await?).await?;
    let fingerprint = list.last().map(|listed| listed.fingerprint.clone()).unwrap_or_default();
    Ok(Rotated { key_no: books.ring().current(), fingerprint, resealed, is_resumed: old > 0 })
}

/// Adds a key to the list and to the ring.
async fn add(books: &Books) -> Result<()> {
    let list_now = listed(&mut books.read().await?).await?;
    let mut keys = books.at.source.read()?;
    let is_new = |key: &&Key| list_now.iter().all(|listed| listed.fingerprint != key.fingerprint());
    let key = match keys.iter().find(is_new).copied() {
        Some(key) => key,
        None => {
            let key = Key::random()?;
            keys.push(key);
            // First to the file, then to the books: a key that is only in the file harms nobody.
            if !books.at.source.write(&keys)? {
                let evidence = "密钥来自环境变量，程序不能代为保存新密钥；请在 XIAOQU_KEY 末尾以逗号加上新密钥";
                return Err(KEY_MISSING.refuse(evidence).into());
            }
            key
        }
    };
    let own = keys.iter().zip(std::iter::repeat(&list_now));
    let blind = own.filter_map(|(key, list)| {
        let listed = list.iter().find(|listed| listed.fingerprint == key.fingerprint())?;
        seal::unwrap_blind(key, &listed.blind)
    });
    let missing = || KEY_MISSING.refuse("登记的密钥均不在手边");
    let blind = blind.last().ok_or_else(missing)?;
    let body = serde_json::json!({ "fingerprint": key.fingerprint() });
    let request = Request::describing("key.add", (key, blind), body);
    let operator = super::Actor::operator();
    let done = books.act(&operator, CompoundId::OFFICE, request, |tx, (key, blind)| {
        Box::pin(async move {
            let last = listed(tx).await?.last().map_or(0, |listed| listed.number);
            list(tx, last + 1, key, blind)?;
            tx.next_no(SERIES);
            Ok(last + 1)
        })
    });
    done.await?;
    books.refresh(false).await
}

/// The compounds that have a sealed value in a column.
async fn compounds(books: &Books, column: &Sealed) -> Result<Vec<CompoundId>> {
    let Sealed { table, column, compound, .. } = column;
    let sql = format!(
        "SELECT DISTINCT {compound} AS id FROM {table} WHERE length({column}) > 0 ORDER BY 1"
    );
    let mut view = books.read().await?;
    let rows = view.rows(Reads::SETTLED, &sql, vec![]).await?;
    rows.iter().map(|row| Ok(CompoundId(row.try_get_by_index(0)?))).collect()
}

/// Seals the next values of a column that another key sealed. Answers how many.
async fn reseal(books: &Books, column: &'static Sealed, compound: CompoundId) -> Result<u32> {
    let body = serde_json::json!({ "table": column.table, "column": column.column });
    let request = Request::describing("key.reseal", column, body);
    let operator = super::Actor::operator();
    let next = seal::head_of(books.ring().current());
    let left = next_of(&mut books.read().await?, column, compound, &next, 1).await?;
    if left.is_empty() {
        return Ok(0);
    }
    let done = books.act(&operator, compound, request, |tx, column| {
        Box::pin(async move {
            let ring = tx.ring().clone();
            let (compound, column) = (tx.compound(), *column);
            let head = seal::head_of(ring.current());
            let found = next_of(tx, column, compound, &head, BATCH).await?;
            let mut anew = Vec::with_capacity(found.len());
            for (row, sealed) in found {
                let place = column.at(compound, row);
                anew.push((row, ring.seal(&place, &ring.open(&place, &sealed)?)?));
            }
            let Sealed { table, column, row, compound: of } = column;
            let (values, bytes) = dialect::numbered_bytes(tx.backend(), &anew, 2);
            let sql = format!(
                "UPDATE {table} SET {column} = k.bytes FROM {values}
                 WHERE {table}.{row} = k.no AND {} = $1",
                if *of == "0" { "0".to_owned() } else { format!("{table}.{of}") }
            );
            let parameters = std::iter::once(compound.0.into()).chain(bytes).collect();
            tx.exec(&sql, parameters).await?;
            Ok(u32::try_from(anew.len()).unwrap_or(u32::MAX))
        })
    });
    Ok(done.await?.answer)
}

async fn next_of(
    view: &mut impl View,
    column: &Sealed,
    compound: CompoundId,
    head: &[u8],
    most: i32,
) -> Result<Vec<(i32, Vec<u8>)>> {
    let Sealed { table, column, row, compound: of } = column;
    let sql = format!(
        "SELECT {row}, {column} FROM {table}
         WHERE {of} = $1 AND length({column}) > 0 AND substr({column}, 1, 3) <> $2 ORDER BY {row} LIMIT {most}"
    );
    let values = vec![compound.0.into(), head.to_vec().into()];
    let rows = view.rows(Reads::SETTLED, &sql, values).await?;
    rows.iter().map(|r| Ok((r.try_get_by_index(0)?, r.try_get_by_index(1)?))).collect()
}

/// How many values of these columns each key sealed.
async fn counts(books: &Books, columns: &[&'static Sealed]) -> Result<BTreeMap<u16, u64>> {
    let mut counts = BTreeMap::new();
    let mut view = books.read().await?;
    for Sealed { table, column, .. } in columns {
        let sql = format!(
            "SELECT substr({column}, 1, 3), count(*) FROM {table} WHERE length({column}) > 0 GROUP BY 1"
        );
        for row in view.rows(Reads::SETTLED, &sql, vec![]).await? {
            let (head, count): (Vec<u8>, i64) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            // A head that is none of ours counts for the key of number 0, which nobody has.
            let number = match head[..] {
                [1, high, low] => u16::from_be_bytes([high, low]),
                _ => 0,
            };
            *counts.entry(number).or_default() += count.unsigned_abs();
        }
    }
    Ok(counts)
}

/// A key of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyState {
    /// Its number.
    pub key_no: u16,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Whether new values are sealed with it.
    pub is_current: bool,
    /// Whether it is out of use.
    pub is_retired: bool,
    /// Whether it is at hand.
    pub is_here: bool,
    /// How many values are sealed with it.
    pub sealed: u64,
}

/// The keys of the books, by number.
///
/// # Errors
/// `seal.key-shape`; storage.
pub async fn keys(books: &Books, columns: &[&'static Sealed]) -> Result<Vec<KeyState>> {
    let counts = counts(books, columns).await?;
    let list = listed(&mut books.read().await?).await?;
    let here: HashSet<String> = books.at.source.read()?.iter().map(Key::fingerprint).collect();
    let last = list.last().map_or(0, |listed| listed.number);
    let state = |listed: Listed| KeyState {
        key_no: listed.number,
        is_current: listed.number == last,
        is_retired: listed.is_retired,
        is_here: here.contains(&listed.fingerprint),
        sealed: counts.get(&listed.number).copied().unwrap_or(0),
        fingerprint: listed.fingerprint,
    };
    Ok(list.into_iter().map(state).collect())
}

/// Takes a key out of use with which nothing is sealed any more, and out of the key file if that is ours to write.
///
/// # Errors
/// `seal.key-in-use`, `seal.key-missing` if the list has no such key; storage.
pub async fn retire(books: &Books, number: u16, columns: &[&'static Sealed]) -> Result<()> {
    let states = keys(books, columns).await?;
    let unknown = || KEY_MISSING.refuse(format!("没有第 {number} 号密钥"));
    let state = states.iter().find(|state| state.key_no == number).ok_or_else(unknown)?;
    if state.is_current || state.sealed > 0 {
        let evidence = format!("第 {number} 号密钥尚有 {} 项内容", state.sealed);
        let current = if state.is_current { "，且为现用密钥" } else { "" };
        return Err(KEY_IN_USE
            .refuse(format!("{evidence}{current}"))
            .with("sealed", state.sealed)
            .into());
    }
    let sql = "SELECT a.recorded_at FROM seal_key k JOIN act a ON a.compound_id = 0 AND a.act_no = k.act_no
               ORDER BY k.key_no DESC LIMIT 1";
    let listed_at = books.glance().rows(KEYS, sql, vec![]).await?;
    let listed_at: i64 = match listed_at.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    if books.clock().now().seconds() < listed_at + SETTLED {
        let evidence = "现用密钥启用不满 1 分钟，运行中的服务可能还在用旧的；请一分钟后再停用";
        return Err(KEY_IN_USE.refuse(evidence).into());
    }
    let request = Request::new("key.retire", number);
    let operator = super::Actor::operator();
    let done = books.act(&operator, CompoundId::OFFICE, request, |tx, number| {
        Box::pin(async move {
            let sql = "UPDATE seal_key SET retired_by_act = $2 WHERE key_no = $1 AND retired_by_act IS NULL";
            let values = vec![i32::from(*number).into(), tx.act().0.into()];
            tx.next_no(SERIES);
            tx.exec(sql, values).await
        })
    });
    done.await?;
    let mut left = books.at.source.read()?;
    left.retain(|key| key.fingerprint() != state.fingerprint);
    if books.at.source.file().is_some() {
        books.at.source.write(&left)?;
    }
    books.refresh(false).await
}
