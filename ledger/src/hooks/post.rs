//! The post: what is due at a subscription, who may send it, and what became of it.
//!
//! Whoever delivers holds the subscription's lease, which is measured by the database's clock and renewed with every lot
//! and every result; so two processes on one database never send for one subscription at once, and if one dies another goes
//! on after [`LEASE_SECONDS`]. A result is noted only by the holder. Who dies between sending and noting has the event
//! sent again under the same name.
//!
//! An event that fails holds up the later ones of its compound and nobody else. Limits: [`LOT`] events a lot, a
//! look ahead of [`WINDOW`] acts.

use serde_json::json;

use super::event::{body, event_id, event_of};
use super::{HOOKS, Row, Secret, State, row_of};
use crate::books::{Books, Note, View};
use crate::calendar::Instant;
use crate::error::{Result, Storage};
use crate::id::{ActNo, CompoundId, HookNo};

/// How long after each failed attempt the next one comes, in seconds: eight attempts within about a day. A fifth is
/// taken off or put on by chance, so that receivers that failed together are not tried together.
pub const RETRIES: [i64; 7] = [10, 60, 300, 1_800, 7_200, 21_600, 54_000];
/// How long a silent holder keeps a subscription. Longer than the longest a receiver may take.
pub const LEASE_SECONDS: i64 = 120;
/// How long rows of what was delivered are kept.
pub const KEPT_DAYS: i64 = 30;
/// How many events are taken at once.
const LOT: i32 = 32;
/// How many acts are looked through at once.
const WINDOW: i32 = 1_000;
/// How many windows without an event are passed over at once.
const WINDOWS: usize = 50;

/// Events to send one after another, and where.
#[derive(Clone, Debug)]
pub struct Lot {
    /// The subscription.
    pub hook_no: HookNo,
    /// Where.
    pub url: String,
    /// What signs it: one secret, or two while they are changed.
    pub secrets: Vec<Secret>,
    /// The events, in order. All of one compound.
    pub parcels: Vec<Parcel>,
}

/// An event to send.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Its name.
    pub id: String,
    /// Its body, JSON.
    pub body: String,
    compound: CompoundId,
    act: ActNo,
    attempts: i32,
}

impl Parcel {
    /// The compound it is of.
    #[must_use]
    pub fn compound(&self) -> CompoundId {
        self.compound
    }
}

/// What a receiver did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it answered, if it did.
    pub status: Option<u16>,
    /// Why it did not, in Chinese; empty if it did.
    pub fault: String,
    /// How long it took.
    pub millis: u64,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It was taken: the next one.
    Delivered,
    /// It is tried again then; later events of the compound wait.
    Again(Instant),
    /// It was given up: the next one.
    Dead,
    /// The receiver wants no more (410): the subscription is to be stopped.
    Gone,
    /// Somebody else holds the subscription now: stop.
    Lost,
}

/// Decides, after attempt number `attempts`. `luck` is a random number.
fn decide(attempts: i32, outcome: &Outcome, now: Instant, luck: u8) -> After {
    match outcome.status {
        Some(200..=299) => return After::Delivered,
        Some(410) => return After::Gone,
        _ => {}
    }
    let index = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    match RETRIES.get(index) {
        Some(wait) => {
            let stray = wait * 2 * i64::from(luck) / (5 * 255) - wait / 5;
            After::Again(Instant::from_seconds(now.seconds() + wait + stray))
        }
        None => After::Dead,
    }
}

/// Active subscriptions that may have something to send.
///
/// # Errors
/// Storage.
pub async fn ready(books: &Books) -> Result<Vec<HookNo>> {
    let mut view = books.read().await?;
    let sql = "SELECT h.hook_no FROM hook h WHERE h.is_active = 1 AND (
        EXISTS (SELECT 1 FROM hook_delivery d WHERE d.hook_no = h.hook_no AND d.next_at <= $1)
        OR EXISTS (SELECT 1 FROM hook_cursor c
                   JOIN counter n ON n.compound_id = c.compound_id AND n.name = 'act' AND n.last_no > c.last_act_no
                   WHERE c.hook_no = h.hook_no AND NOT EXISTS (
                     SELECT 1 FROM hook_delivery d WHERE d.hook_no = c.hook_no AND d.compound_id = c.compound_id
                       AND d.act_no > c.last_act_no))
        OR (h.covers_all = 1 AND EXISTS (
             SELECT 1 FROM compound p WHERE p.compound_id > 0 AND NOT EXISTS (
               SELECT 1 FROM hook_cursor c WHERE c.hook_no = h.hook_no AND c.compound_id = p.compound_id)))
      ) ORDER BY h.hook_no";
    let found = view.rows(HOOKS, sql, vec![books.clock().now().seconds().into()]).await?;
    found.iter().map(|row| Ok(HookNo(row.try_get_by_index(0)?))).collect()
}

/// Takes the lease, or renews it. `false`: somebody else has it.
async fn hold(note: &mut Note, no: HookNo, holder: &str) -> Result<bool> {
    let now = note.now();
    let sql = format!(
        "INSERT INTO hook_lease (hook_no, holder, until_at) VALUES ($1, $2, {now} + $3)
         ON CONFLICT (hook_no) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
         WHERE hook_lease.until_at <= {now} OR hook_lease.holder = excluded.holder"
    );
    let values = vec![no.0.into(), holder.into(), LEASE_SECONDS.into()];
    Ok(note.exec(&sql, values).await? == 1)
}

/// Gives the lease back.
///
/// # Errors
/// Storage.
pub async fn release(books: &Books, no: HookNo, holder: &str) -> Result<()> {
    let mut note = books.note().await?;
    let sql = "DELETE FROM hook_lease WHERE hook_no = $1 AND holder = $2";
    note.exec(sql, vec![no.0.into(), holder.into()]).await?;
    note.keep().await
}

/// Takes the next events of a subscription: one that is due again, or the new ones of a compound, the compounds after
/// `after` first so that none waits for a busy one. None: nothing to do, or somebody else does it.
///
/// # Errors
/// Storage.
pub async fn take(
    books: &Books,
    no: HookNo,
    holder: &str,
    after: CompoundId,
) -> Result<Option<Lot>> {
    let now = books.clock().now();
    let mut note = books.note().await?;
    if !hold(&mut note, no, holder).await? {
        return Ok(None);
    }
    let row = row_of(&mut note, no).await?;
    if !row.is_active {
        return Ok(None);
    }
    if row.covers_all {
        let sql = "INSERT INTO hook_cursor (hook_no, compound_id, last_act_no)
                   SELECT $1, p.compound_id, 0 FROM compound p WHERE p.compound_id > 0 AND NOT EXISTS (
                     SELECT 1 FROM hook_cursor c WHERE c.hook_no = $1 AND c.compound_id = p.compound_id)";
        note.exec(sql, vec![no.0.into()]).await?;
    }
    let mut parcels = due_again(&mut note, no, now).await?;
    for _ in 0..WINDOWS {
        if !parcels.is_empty() {
            break;
        }
        let Some(found) = new_events(&mut note, no, &row, after).await? else { break };
        parcels = found;
    }
    // A secret that cannot be opened leaves the lease and the places as they were.
    let secrets = row.secrets(note.ring(), no, now)?;
    note.keep().await?;
    Ok((!parcels.is_empty()).then_some(Lot { hook_no: no, url: row.url, secrets, parcels }))
}

async fn due_again(note: &mut Note, no: HookNo, now: Instant) -> Result<Vec<Parcel>> {
    let sql = "SELECT p.compound_id, p.code, a.act_no, a.verb, a.recorded_at, a.answer, d.attempts
               FROM hook_delivery d
               JOIN compound p ON p.compound_id = d.compound_id
               JOIN act a ON a.compound_id = d.compound_id AND a.act_no = d.act_no
               WHERE d.hook_no = $1 AND d.next_at <= $2
               ORDER BY d.next_at, d.compound_id, d.act_no LIMIT 1";
    parcels(note, sql, vec![no.0.into(), now.seconds().into()]).await
}

/// The events in the next window of a compound that is behind; an empty window is passed over for good.
async fn new_events(
    note: &mut Note,
    no: HookNo,
    row: &Row,
    after: CompoundId,
) -> Result<Option<Vec<Parcel>>> {
    let sql = "SELECT c.compound_id, c.last_act_no, n.last_no FROM hook_cursor c
               JOIN counter n ON n.compound_id = c.compound_id AND n.name = 'act' AND n.last_no > c.last_act_no
               WHERE c.hook_no = $1 AND NOT EXISTS (
                 SELECT 1 FROM hook_delivery d WHERE d.hook_no = c.hook_no AND d.compound_id = c.compound_id
                   AND d.act_no > c.last_act_no)
               ORDER BY CASE WHEN c.compound_id > $2 THEN 0 ELSE 1 END, c.compound_id LIMIT 1";
    let behind = note.rows(HOOKS, sql, vec![no.0.into(), after.0.into()]).await?;
    let Some(behind) = behind.first() else { return Ok(None) };
    let compound: i32 = behind.try_get_by_index(0)?;
    let (from, last): (i32, i32) = (behind.try_get_by_index(1)?, behind.try_get_by_index(2)?);
    let to = last.min(from.saturating_add(WINDOW));

    let mut values = vec![compound.into(), from.into(), to.into(), LOT.into()];
    let mut places = Vec::new();
    for verb in row.verbs.split(' ') {
        values.push(verb.into());
        places.push(format!("${}", values.len()));
    }
    let sql = format!(
        "SELECT p.compound_id, p.code, a.act_no, a.verb, a.recorded_at, a.answer, 0 AS attempts
         FROM act a JOIN compound p ON p.compound_id = a.compound_id
         WHERE a.compound_id = $1 AND a.act_no > $2 AND a.act_no <= $3 AND a.verb IN ({})
         ORDER BY a.act_no LIMIT $4",
        places.join(", ")
    );
    let found = parcels(note, &sql, values).await?;
    if found.is_empty() {
        move_on(note, no, compound, to).await?;
    }
    Ok(Some(found))
}

async fn move_on(note: &mut Note, no: HookNo, compound: i32, to: i32) -> Result<()> {
    let sql = "UPDATE hook_cursor SET last_act_no = $3
               WHERE hook_no = $1 AND compound_id = $2 AND last_act_no < $3";
    note.exec(sql, vec![no.0.into(), compound.into(), to.into()]).await?;
    Ok(())
}

async fn parcels(note: &mut Note, sql: &str, values: Vec<sea_orm::Value>) -> Result<Vec<Parcel>> {
    let mut parcels = Vec::new();
    for row in note.rows(HOOKS, sql, values).await? {
        let (code, verb): (String, String) = (row.try_get("", "code")?, row.try_get("", "verb")?);
        let act = ActNo(row.try_get("", "act_no")?);
        let answer: String = row.try_get("", "answer")?;
        let at = Instant::from_seconds(row.try_get("", "recorded_at")?);
        let unknown = || Storage::Bug(format!("{verb} is no event"));
        let event = event_of(&verb).ok_or_else(unknown)?;
        parcels.push(Parcel {
            id: event_id(&code, act),
            body: body(event, &code, act, at, &answer)?,
            compound: CompoundId(row.try_get("", "compound_id")?),
            act,
            attempts: row.try_get("", "attempts")?,
        });
    }
    Ok(parcels)
}

/// Notes what became of an event that was sent, and says what follows.
///
/// # Errors
/// Storage.
pub async fn settle(
    books: &Books,
    no: HookNo,
    holder: &str,
    parcel: &Parcel,
    outcome: &Outcome,
) -> Result<After> {
    let now = books.clock().now();
    let mut luck = [0_u8; 1];
    getrandom::fill(&mut luck).map_err(|e| Storage::Bug(format!("no randomness: {e}")))?;
    let attempts = parcel.attempts + 1;
    let after = decide(attempts, outcome, now, luck[0]);
    let (state, next_at) = match after {
        After::Delivered => (State::Delivered, None),
        After::Again(at) => (State::Waiting, Some(at.seconds())),
        After::Dead | After::Gone | After::Lost => (State::Dead, None),
    };

    let mut note = books.note().await?;
    if !hold(&mut note, no, holder).await? {
        return Ok(After::Lost);
    }
    let sql = "INSERT INTO hook_delivery
                 (hook_no, compound_id, act_no, state, attempts, next_at, first_at, last_at, status, fault, millis)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10)
               ON CONFLICT (hook_no, compound_id, act_no) DO UPDATE SET state = excluded.state,
                 attempts = excluded.attempts, next_at = excluded.next_at, last_at = excluded.last_at,
                 status = excluded.status, fault = excluded.fault, millis = excluded.millis";
    let values = vec![
        no.0.into(),
        parcel.compound.0.into(),
        parcel.act.0.into(),
        (state as i16).into(),
        attempts.into(),
        next_at.into(),
        now.seconds().into(),
        outcome.status.map(i32::from).into(),
        (&outcome.fault).into(),
        i32::try_from(outcome.millis).unwrap_or(i32::MAX).into(),
    ];
    note.exec(sql, values).await?;
    if state != State::Waiting {
        move_on(&mut note, no, parcel.compound.0, parcel.act.0).await?;
    }
    note.keep().await?;
    Ok(after)
}

/// A message that says nothing happened, to try a receiver with. Nothing of it is noted.
///
/// # Errors
/// `hooks.no-hook`.
pub async fn ping(books: &Books, no: HookNo) -> Result<(Lot, Parcel)> {
    let now = books.clock().now();
    let mut view = books.read().await?;
    let row = row_of(&mut view, no).await?;
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|e| Storage::Bug(format!("no randomness: {e}")))?;
    let id = format!("ping/{}", crate::journal::text::hex(&bytes));
    let told = json!({ "id": id, "verb": "hooks.ping", "recorded_at": now, "compound": null,
        "act_no": null, "answer": {} });
    let parcel = Parcel {
        id,
        body: told.to_string(),
        compound: CompoundId::OFFICE,
        act: ActNo(0),
        attempts: 0,
    };
    let secrets = row.secrets(view.ring(), no, now)?;
    Ok((Lot { hook_no: no, url: row.url, secrets, parcels: Vec::new() }, parcel))
}

/// Forgets deliveries that were taken more than [`KEPT_DAYS`] ago; answers how many.
///
/// # Errors
/// Storage.
pub async fn sweep(books: &Books) -> Result<u64> {
    let before = books.clock().now().seconds() - KEPT_DAYS * 24 * 3600;
    let mut note = books.note().await?;
    let sql = "DELETE FROM hook_delivery WHERE state = 2 AND last_at < $1";
    let swept = note.exec(sql, vec![before.into()]).await?;
    note.keep().await?;
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: Option<u16>) -> Outcome {
        Outcome { status, fault: String::new(), millis: 1 }
    }

    #[test]
    fn eight_attempts_in_about_a_day_then_no_more() {
        let now = Instant::from_seconds(1_000_000);
        for luck in [0, 128, 255] {
            let mut waited = 0;
            for (attempt, wait) in (1..).zip(RETRIES) {
                let After::Again(at) = decide(attempt, &outcome(Some(500)), now, luck) else {
                    panic!("attempt {attempt}")
                };
                let took = at.seconds() - now.seconds();
                assert!((wait * 4 / 5..=wait * 6 / 5).contains(&took), "{took} of {wait}");
                waited += took;
            }
            assert!((18 * 3600..=30 * 3600).contains(&waited), "{waited}");
            assert_eq!(decide(8, &outcome(None), now, luck), After::Dead);
        }
    }

    #[test]
    fn only_success_is_success_and_gone_is_gone() {
        let now = Instant::from_seconds(0);
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(decide(1, &outcome(Some(status)), now, 0), After::Delivered);
        }
        for status in [100, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503] {
            assert!(
                matches!(decide(1, &outcome(Some(status)), now, 0), After::Again(_)),
                "{status}"
            );
        }
        assert_eq!(decide(1, &outcome(Some(410)), now, 0), After::Gone);
        assert_eq!(decide(8, &outcome(Some(410)), now, 0), After::Gone);
    }
}
