//! Coming in by a district's portal: which subject of which issuer is which user.
//!
//! Owns: `portal_identity`, `portal_errand`. Always: a user is bound by an administrator, or by themselves after they showed
//! their password once more; never by an e-mail, a telephone or a name that a portal tells, and nobody is registered by
//! coming. A subject is kept and recorded as a blind index only. The state of a visit is used once in all processes together.
//! What a portal says is checked at the door (`api/src/portal`); here it is believed.

use super::credential::{self, Count, digest};
use super::{
    Entered, NOT_BOUND, PORTAL_SHAPE, PORTAL_TAKEN, Person, SESSION_ONLY, moved, rows, somebody,
};
use crate::books::{Books, Tx, View};
use crate::calendar::Instant;
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, PersonNo};
use crate::seal::{Blind, Ring, Sealed};

/// What a browser carries to a portal and back lies in no table; it is sealed as if it did.
static ERRAND: Sealed =
    Sealed { table: "portal_errand", column: "carried", row: "portal_errand_no", compound: "0" };

/// Somebody, as an issuer names them (OpenID Connect Core 1.0 §2: `iss` and `sub` together, and nothing else).
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The issuer, letter by letter.
    pub issuer: String,
    /// The subject.
    pub subject: String,
}

/// Never shows the subject.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Subject {
    fn blind(&self, ring: &Ring) -> Result<Blind> {
        ring.digest(format!("portal_identity/{}\n{}", self.issuer, self.subject).as_bytes())
    }
}

/// Where a user is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The issuer.
    pub issuer: String,
    /// Since when.
    pub bound_at: Instant,
}

/// Where a user is bound, by issuer.
///
/// # Errors
/// Storage.
pub async fn portals(view: &mut impl View, person: PersonNo) -> Result<Vec<Bound>> {
    let sql = "SELECT issuer, bound_at FROM portal_identity WHERE person_no = $1 ORDER BY issuer";
    let found = rows::all(view, sql, vec![person.0.into()]).await?;
    let bound = |row: &sea_orm::QueryResult| -> Result<Bound> {
        let bound_at = Instant::from_seconds(row.try_get("", "bound_at")?);
        Ok(Bound { issuer: row.try_get("", "issuer")?, bound_at })
    };
    found.iter().map(bound).collect()
}

/// The user a subject is bound to.
pub(super) async fn person_of(view: &mut impl View, subject: &Subject) -> Result<Option<Person>> {
    let blind = subject.blind(view.ring())?;
    let sql = "SELECT person_no FROM portal_identity WHERE issuer = $1 AND subject_blind = $2";
    let values = vec![subject.issuer.as_str().into(), blind.to_vec().into()];
    match rows::one(view, sql, values).await? {
        Some(row) => rows::person_numbered(view, PersonNo(row.try_get("", "person_no")?)).await,
        None => Ok(None),
    }
}

fn may_be_bound(
    new: &Subject,
    person: &Person,
    holder: Option<&Person>,
    held: &[Bound],
) -> Result<(), Refusal> {
    let fits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if !fits(&new.issuer, 200) || !fits(&new.subject, 255) {
        return Err(PORTAL_SHAPE.refuse(format!("标识 {} 个字符", new.subject.chars().count())));
    }
    if let Some(holder) = holder {
        let whose = if holder.no == person.no { "该用户" } else { "另一用户" };
        return Err(PORTAL_TAKEN.refuse(format!("此标识已属{whose}")));
    }
    match held.iter().any(|bound| bound.issuer == new.issuer) {
        true => Err(PORTAL_TAKEN.refuse(format!("{} 在此门户已有标识", person.name))),
        false => Ok(()),
    }
}

/// Binds a subject to a user.
pub(super) async fn bind(tx: &mut Tx, user: &str, new: &Subject, epoch: Option<i32>) -> Result<()> {
    let person = somebody(tx, user).await?;
    let holder = person_of(tx, new).await?;
    let held = portals(tx, person.no).await?;

    if epoch.is_some_and(|epoch| epoch != person.epoch) || (epoch.is_some() && person.is_disabled) {
        return Err(SESSION_ONLY.refuse("申请绑定之后，口令或账户有了变动").into());
    }
    may_be_bound(new, &person, holder.as_ref(), &held)?;

    let blind = new.blind(tx.ring())?;
    let sql = "INSERT INTO portal_identity (issuer, subject_blind, person_no, bound_at, act_no)
               VALUES ($1, $2, $3, $4, $5)";
    let row = vec![
        new.issuer.as_str().into(),
        blind.to_vec().into(),
        person.no.0.into(),
        tx.at().seconds().into(),
        tx.act().0.into(),
    ];
    tx.exec(sql, row).await?;
    Ok(())
}

/// Undoes it, and ends the user's sessions: which of them came that way is not kept.
pub(super) async fn unbind(tx: &mut Tx, user: &str, issuer: &str) -> Result<()> {
    let person = somebody(tx, user).await?;
    let sql = "DELETE FROM portal_identity WHERE person_no = $1 AND issuer = $2";
    if tx.exec(sql, vec![person.no.0.into(), issuer.into()]).await? == 0 {
        let shown: String = issuer.chars().take(200).collect();
        return Err(NOT_BOUND.refuse(format!("{} 在 {shown:?} 没有绑定", person.name)).into());
    }
    let sql = "UPDATE person SET epoch = epoch + 1 WHERE person_no = $1";
    tx.exec(sql, vec![person.no.0.into()]).await?;
    moved(tx);
    Ok(())
}

/// Somebody at the door for whom a portal vouches.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) subject: Subject,
    /// Of the session to begin.
    pub(super) session: [u8; 32],
    pub(super) is_strong: bool,
}

/// Begins a session, or counts that there was none to begin: by the user's name, under which passwords are counted too; by
/// the subject if there is no user. Coming in so forgets no wrong password.
pub(super) async fn enter(tx: &mut Tx, visit: &Visit) -> Result<Entered> {
    let person = person_of(tx, &visit.subject).await?;
    let name = match &person {
        Some(person) => digest(&person.name),
        None => digest(&format!("portal {:?}", visit.subject.blind(tx.ring())?)),
    };
    let count = Count::of(tx, name).await?;

    count.may_try(tx.at())?;
    let Some(person) = person else { return count.failed(tx, None).await };
    if person.is_disabled {
        return count.failed(tx, Some(person.no)).await;
    }
    let session = credential::begin(tx, &person, &visit.session, visit.is_strong).await?;
    Ok(Entered::Begun { session, person: person.no, is_strong: visit.is_strong })
}

/// Notes that a state was used. It is no act: what comes of the visit is.
pub(super) async fn use_up(books: &Books, state: &[u8; 32], until: Instant) -> Result<bool> {
    let now = books.clock().now().seconds();
    let mut note = books.note().await?;
    note.exec("DELETE FROM portal_errand WHERE until_at < $1", vec![now.into()]).await?;
    let sql =
        "INSERT INTO portal_errand (state_digest, until_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let values = vec![state.to_vec().into(), until.seconds().into()];
    let is_first = note.exec(sql, values).await? == 1;
    note.keep().await?;
    Ok(is_first)
}

pub(super) fn seal_errand(ring: &Ring, plain: &[u8]) -> Result<Vec<u8>> {
    ring.seal(&ERRAND.at(CompoundId::OFFICE, 0), plain)
}

pub(super) fn open_errand(ring: &Ring, sealed: &[u8]) -> Result<Vec<u8>> {
    ring.open(&ERRAND.at(CompoundId::OFFICE, 0), sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(no: i32) -> Person {
        Person {
            no: PersonNo(no),
            name: format!("user{no}"),
            shown_as: "某".to_owned(),
            org: None,
            epoch: 1,
            is_disabled: false,
        }
    }

    #[test]
    fn a_subject_is_one_users_and_a_user_has_one_at_an_issuer() {
        let at = |issuer: &str| Bound { issuer: issuer.into(), bound_at: Instant::from_seconds(0) };
        let new = |issuer: &str, subject: &str| Subject {
            issuer: issuer.into(),
            subject: subject.into(),
        };
        let judge = |new: &Subject, holder: Option<&Person>, held: &[Bound]| {
            may_be_bound(new, &person(1), holder, held).map_err(|refusal| refusal.rule.code)
        };
        let fits = new("https://a", "s");
        assert_eq!(judge(&fits, None, &[]), Ok(()));
        assert_eq!(judge(&fits, None, &[at("https://b")]), Ok(()));
        assert_eq!(judge(&fits, None, &[at("https://a")]), Err("people.portal-taken"));
        for holder in [1, 2] {
            assert_eq!(judge(&fits, Some(&person(holder)), &[]), Err("people.portal-taken"));
        }
        for (issuer, subject) in
            [("", "s"), ("https://a", ""), ("https://a", "张"), ("https://a", "a b")]
        {
            assert_eq!(judge(&new(issuer, subject), None, &[]), Err("people.portal-shape"));
        }
        assert_eq!(
            judge(&new("https://a", &"s".repeat(256)), None, &[]),
            Err("people.portal-shape")
        );
        assert!(!format!("{fits:?}").contains("\"s\""));
    }
}
