//! The rows of requests that wait for a second person.

use sea_orm::{QueryResult, Value};

use super::{Asked, Decision, Hand, NewRequest, State, Which};
use crate::books::{Reads, Role, Tx, View};
use crate::calendar::{Day, Instant};
use crate::error::{Error, Result, Storage};
use crate::id::{ActNo, CompoundId, CountersignNo, PersonNo};
use crate::policy::terms::Deed;
use crate::seal::Sealed;

/// What was sent.
pub(super) static BODY: Sealed = Sealed {
    table: "countersign",
    column: "body_sealed",
    row: "countersign_no",
    compound: "compound_id",
};

const ASKED: &str = "SELECT countersign_no, deed, route, path, query, content_type, body_sha256, pack, asked_by, asker_no,
   asked_role, asked_at, lapses_on, state, decided_by, decider_no, decided_role, decided_at, reason, decided_by_act
 FROM countersign";

fn strange(what: &str) -> Error {
    Storage::Bug(format!("a column holds {what:?}")).into()
}

const fn name(state: State) -> &'static str {
    match state {
        State::Waiting | State::Lapsed => "waiting",
        State::Confirmed => "confirmed",
        State::Refused => "refused",
        State::Withdrawn => "withdrawn",
    }
}

fn state_named(name: &str) -> Result<State> {
    Ok(match name {
        "waiting" => State::Waiting,
        "confirmed" => State::Confirmed,
        "refused" => State::Refused,
        "withdrawn" => State::Withdrawn,
        other => return Err(strange(other)),
    })
}

fn hand_of(row: &QueryResult, name: &str, person: &str, role: &str) -> Result<Hand> {
    let role: String = row.try_get("", role)?;
    Ok(Hand {
        name: row.try_get("", name)?,
        person: row.try_get::<Option<i32>>("", person)?.map(PersonNo),
        role: Role::named(&role).ok_or_else(|| strange(&role))?,
    })
}

fn asked_of(row: &QueryResult) -> Result<Asked> {
    let (deed, state): (String, String) = (row.try_get("", "deed")?, row.try_get("", "state")?);
    let sha256: Vec<u8> = row.try_get("", "body_sha256")?;
    let decision = match row.try_get::<Option<i32>>("", "decided_by_act")? {
        None => None,
        Some(act) => Some(Decision {
            by: hand_of(row, "decided_by", "decider_no", "decided_role")?,
            at: Instant::from_seconds(row.try_get("", "decided_at")?),
            reason: row.try_get("", "reason")?,
            act: ActNo(act),
        }),
    };
    Ok(Asked {
        no: CountersignNo(row.try_get("", "countersign_no")?),
        deed: Deed::named(&deed).ok_or_else(|| strange(&deed))?,
        route: row.try_get("", "route")?,
        path: row.try_get("", "path")?,
        query: row.try_get("", "query")?,
        content_type: row.try_get("", "content_type")?,
        sha256: sha256.try_into().map_err(|_| strange("a digest of another length"))?,
        pack: row.try_get("", "pack")?,
        asker: hand_of(row, "asked_by", "asker_no", "asked_role")?,
        asked_at: Instant::from_seconds(row.try_get("", "asked_at")?),
        lapses_on: row.try_get("", "lapses_on")?,
        state: state_named(&state)?,
        decision,
    })
}

async fn rows(view: &mut impl View, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>> {
    // Every verb of this room writes at once, so nothing of its table waits.
    view.rows(Reads::SETTLED, sql, values).await
}

pub(super) async fn put(
    tx: &mut Tx,
    no: CountersignNo,
    new: &NewRequest,
    lapses_on: Day,
) -> Result<()> {
    let compound = tx.compound();
    let sealed = tx.ring().seal(&BODY.at(compound, no.0), &new.body)?;
    let sql = "INSERT INTO countersign (compound_id, countersign_no, deed, route, path, query, content_type, body_sealed,
                 body_sha256, pack, asked_by, asker_no, asked_role, asked_at, act_no, lapses_on, state, decided_by,
                 decider_no, decided_role, decided_at, reason, decided_by_act)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'waiting', '',
                 NULL, '', NULL, '', NULL)";
    let row = vec![
        compound.0.into(),
        no.0.into(),
        new.deed.name().into(),
        new.route.as_str().into(),
        new.path.as_str().into(),
        new.query.as_str().into(),
        new.content_type.as_str().into(),
        sealed.into(),
        new.sha256.to_vec().into(),
        new.pack.as_str().into(),
        new.asker.name.as_str().into(),
        new.asker.person.map(|person| person.0).into(),
        new.asker.role.name().into(),
        tx.at().seconds().into(),
        tx.act().0.into(),
        lapses_on.into(),
    ];
    tx.exec(sql, row).await?;
    Ok(())
}

/// Writes a decision under a request that waits; both ends of the change are named.
pub(super) async fn decide(
    tx: &mut Tx,
    no: CountersignNo,
    to: State,
    by: &Hand,
    reason: &str,
) -> Result<()> {
    let sql = "UPDATE countersign SET state = $3, decided_by = $4, decider_no = $5, decided_role = $6, decided_at = $7,
                 reason = $8, decided_by_act = $9
               WHERE compound_id = $1 AND countersign_no = $2 AND state = 'waiting'";
    let values = vec![
        tx.compound().0.into(),
        no.0.into(),
        name(to).into(),
        by.name.as_str().into(),
        by.person.map(|person| person.0).into(),
        by.role.name().into(),
        tx.at().seconds().into(),
        reason.into(),
        tx.act().0.into(),
    ];
    match tx.exec(sql, values).await? {
        1 => Ok(()),
        // It was read under the same lock.
        changed => Err(Storage::Bug(format!("{changed} requests were decided at once")).into()),
    }
}

pub(super) async fn asked(
    view: &mut impl View,
    compound: CompoundId,
    no: CountersignNo,
) -> Result<Option<Asked>> {
    let sql = format!("{ASKED} WHERE compound_id = $1 AND countersign_no = $2");
    let found = rows(view, &sql, vec![compound.0.into(), no.0.into()]).await?;
    found.first().map(asked_of).transpose()
}

pub(super) async fn body(
    view: &mut impl View,
    compound: CompoundId,
    no: CountersignNo,
) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT body_sealed FROM countersign WHERE compound_id = $1 AND countersign_no = $2";
    let found = rows(view, sql, vec![compound.0.into(), no.0.into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let sealed: Vec<u8> = row.try_get_by_index(0)?;
    view.ring().open(&BODY.at(compound, no.0), &sealed).map(Some)
}

pub(super) async fn waiting_with(
    view: &mut impl View,
    compound: CompoundId,
    sha256: &[u8; 32],
    today: Day,
) -> Result<Option<CountersignNo>> {
    let sql = "SELECT countersign_no FROM countersign
               WHERE compound_id = $1 AND body_sha256 = $2 AND state = 'waiting' AND lapses_on >= $3
               ORDER BY countersign_no LIMIT 1";
    let values = vec![compound.0.into(), sha256.to_vec().into(), today.into()];
    let found = rows(view, sql, values).await?;
    Ok(match found.first() {
        Some(row) => Some(CountersignNo(row.try_get_by_index(0)?)),
        None => None,
    })
}

pub(super) async fn requests(
    view: &mut impl View,
    compound: CompoundId,
    which: Which,
    today: Day,
    after: CountersignNo,
    most: i32,
) -> Result<Vec<Asked>> {
    let mut values = vec![compound.0.into(), after.0.into(), most.clamp(1, 1_000).into()];
    let waiting = match which {
        Which::Waiting => {
            values.push(today.into());
            "AND state = 'waiting' AND lapses_on >= $4"
        }
        Which::All => "",
    };
    let sql = format!(
        "{ASKED} WHERE compound_id = $1 AND countersign_no > $2 {waiting} ORDER BY countersign_no LIMIT $3"
    );
    rows(view, &sql, values).await?.iter().map(asked_of).collect()
}
