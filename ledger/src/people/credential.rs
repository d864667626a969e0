//! How people show who they are: password, second factor, session, token.
//!
//! Always: nothing that opens a door is kept, only its digest; a password's check happens before the act, what follows
//! from it under the lock, so that a hundred guesses at once are counted one after another; a session carries its user's
//! epoch and dies when that moves (password, telephone number, disabling) or when its row goes (log-out, age); a step of a
//! second factor is used once. A name nobody has is counted, locked and answered like any other.
//! Limits: [`IDLE`] and [`ABSOLUTE`] of a session, [`TOKEN_MOST`] of a token, [`CODES`] recovery codes.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    CODE, CODE_WANTED, LOGIN, Mandate, NO_TOKEN, NOT_PROPOSED, Person, SECOND_FACTOR, TOKEN_SHAPE,
    is_line, moved, rows, somebody, totp,
};
use crate::books::{Tx, View};
use crate::calendar::Instant;
use crate::error::{Refusal, Result, Storage};
use crate::id::{CompoundId, MandateNo, PersonNo, SessionNo, TokenNo};
use crate::seal::Sealed;

/// How long a session lives without a visit, in seconds.
pub(super) const IDLE: i64 = 30 * 60;
/// How long it lives at most.
pub(super) const ABSOLUTE: i64 = 12 * 3600;
/// A visit moves the idle limit when this much of it is used: an act in five minutes, not one a visit.
pub(super) const STAY_AFTER: i64 = 5 * 60;
/// How long a token lives at most: a leap year.
const TOKEN_MOST: i64 = 366 * 86_400;
/// Failed log-ins that cost nothing but their time.
const FREE_TRIES: i32 = 4;
/// How long the first lock is, in seconds; it doubles with each failure after it.
const LOCK: i64 = 30;
/// How long a lock is at most.
const LOCK_MOST: i64 = 15 * 60;
/// After how long without a failure an account's failures are forgotten.
const FORGOTTEN_AFTER: i64 = 86_400;
/// How many recovery codes come with a second factor.
const CODES: usize = 10;

/// What is kept of something that opens a door.
pub(super) fn digest(shown: &str) -> [u8; 32] {
    Sha256::digest(shown.as_bytes()).into()
}

pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|e| Storage::Bug(format!("no randomness: {e}")))?;
    Ok(bytes)
}

/// A secret of 256 bits with a prefix that says what it is.
pub(super) fn fresh(prefix: &str) -> Result<String> {
    let mut text = prefix.to_owned();
    for byte in random::<32>()? {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// What somebody at the door says of themselves.
#[derive(Clone, Default)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// A code of the second factor, or a recovery code.
    pub code: Option<String>,
}

/// Never shows the password.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// What is known of a log-in when its act begins.
#[derive(Clone)]
pub(super) struct Try {
    pub(super) name_digest: [u8; 32],
    /// The user, if there is one of that name.
    pub(super) person: Option<PersonNo>,
    /// Whether the password was that of the hash.
    pub(super) is_right: bool,
    /// The hash it was held against.
    pub(super) phc: Option<String>,
    pub(super) code: Option<String>,
    /// Of the session to begin; none if it is only to be counted.
    pub(super) session: Option<[u8; 32]>,
}

/// How a log-in ended. It is the act's answer, so a failed one is on record too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entered {
    /// In.
    Begun {
        /// The session.
        session: SessionNo,
        /// Whose.
        person: PersonNo,
        /// Whether a second factor stood behind it.
        is_strong: bool,
    },
    /// The password was right, and nothing more was asked for.
    Right,
    /// Out, for the so-many-eth time, and locked until then.
    Failed {
        /// Who was meant, if it is a user.
        person: Option<PersonNo>,
        /// How often in a row.
        failed: i32,
        /// Until when nobody of this name is let in.
        locked_until: Option<Instant>,
    },
}

fn refused() -> Refusal {
    LOGIN.refuse("没有登录")
}

/// The hash of a user's password.
pub(super) async fn hash_of(view: &mut impl View, person: PersonNo) -> Result<Option<String>> {
    let sql = "SELECT phc FROM password WHERE person_no = $1";
    let found = rows::one(view, sql, vec![person.0.into()]).await?;
    Ok(found.map(|row| row.try_get("", "phc")).transpose()?)
}

/// How long the so-many-eth failure locks, in seconds.
fn lock_after(failed: i32) -> i64 {
    let doubled = u32::try_from(failed - FREE_TRIES - 1).ok();
    doubled.map_or(0, |times| LOCK.saturating_mul(1 << times.min(20)).min(LOCK_MOST))
}

/// Counts a log-in, and begins its session if everything is right.
///
/// # Errors
/// `people.login` while the name is locked, `people.code-wanted`.
pub(super) async fn enter(tx: &mut Tx, tried: &Try) -> Result<Entered> {
    let count = Count::of(tx, tried.name_digest).await?;
    let person = match tried.person {
        Some(no) => rows::person_numbered(tx, no).await?.filter(|person| !person.is_disabled),
        None => None,
    };
    // The hash may have been changed while the old one was checked.
    let is_same_hash = match &person {
        Some(person) => tried.phc.is_some() && hash_of(tx, person.no).await? == tried.phc,
        None => false,
    };

    count.may_try(tx.at())?;
    if let Some(person) = person.filter(|_| tried.is_right && is_same_hash) {
        let factor = match tried.session {
            Some(_) => second_factor(tx, &person, tried.code.as_deref()).await?,
            None => Factor::None,
        };
        if factor != Factor::Wrong {
            rows::forget_attempts(tx, &tried.name_digest).await?;
            let Some(digest) = tried.session else { return Ok(Entered::Right) };
            let is_strong = factor == Factor::Right;
            let session = begin(tx, &person, &digest, is_strong).await?;
            return Ok(Entered::Begun { session, person: person.no, is_strong });
        }
    }

    count.failed(tx, tried.person).await
}

/// How often somebody of a name failed in a row, and until when nobody of it is let in.
pub(super) struct Count {
    digest: [u8; 32],
    failed: i32,
    locked_until: i64,
}

impl Count {
    /// As it stands.
    pub(super) async fn of(tx: &mut Tx, digest: [u8; 32]) -> Result<Count> {
        let sql = "SELECT failed, last_at, locked_until_at FROM attempt WHERE name_digest = $1";
        let mut count = Count { digest, failed: 0, locked_until: i64::MIN };
        let now = tx.at().seconds();
        if let Some(row) = rows::one(tx, sql, vec![digest.to_vec().into()]).await? {
            if row.try_get::<i64>("", "last_at")? > now - FORGOTTEN_AFTER {
                count.failed = row.try_get("", "failed")?;
            }
            count.locked_until = row.try_get("", "locked_until_at")?;
        }
        Ok(count)
    }

    /// # Errors
    /// `people.login` while the name is locked.
    pub(super) fn may_try(&self, now: Instant) -> Result<(), Refusal> {
        if now.seconds() < self.locked_until { Err(refused()) } else { Ok(()) }
    }

    /// Counts a log-in that failed.
    pub(super) async fn failed(self, tx: &mut Tx, person: Option<PersonNo>) -> Result<Entered> {
        let (failed, locked_until) = self.once_more(tx).await?;
        Ok(Entered::Failed { person, failed, locked_until })
    }

    /// Counts one failure more: how often in a row it is now, and until when the name is locked.
    async fn once_more(self, tx: &mut Tx) -> Result<(i32, Option<Instant>)> {
        let (failed, now) = (self.failed + 1, tx.at().seconds());
        let lock = lock_after(failed);
        // What was forgotten anyway need not be kept: names that were made up do not fill the table.
        let sql = "DELETE FROM attempt WHERE name_digest = $1 OR last_at < $2";
        let name = || self.digest.to_vec();
        tx.exec(sql, vec![name().into(), (now - FORGOTTEN_AFTER).into()]).await?;
        let sql = "INSERT INTO attempt (name_digest, failed, last_at, locked_until_at) VALUES ($1, $2, $3, $4)";
        let until = now + lock;
        tx.exec(sql, vec![name().into(), failed.into(), now.into(), until.into()]).await?;
        Ok((failed, (lock > 0).then(|| Instant::from_seconds(until))))
    }
}

/// Somebody who is in shows once more who they are.
#[derive(Clone)]
pub(super) struct Proof {
    pub(super) name_digest: [u8; 32],
    pub(super) person: PersonNo,
    pub(super) session: SessionNo,
    pub(super) code: String,
}

/// How a proof ended. It is the act's answer, so a failed one is on record too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Proved {
    /// The code was right.
    Right,
    /// It was not, for the so-many-eth time, and nobody of this name is let in until then.
    Wrong { failed: i32, locked_until: Option<Instant> },
}

/// Holds a code against a user's second factor and marks their session. A wrong one counts as a failed log-in does.
///
/// # Errors
/// `people.login` while the name is locked, `people.second-factor` if they have none.
pub(super) async fn prove(tx: &mut Tx, proof: &Proof) -> Result<Proved> {
    let count = Count::of(tx, proof.name_digest).await?;
    let person = rows::person_numbered(tx, proof.person).await?;
    let person = person.ok_or_else(refused)?;

    count.may_try(tx.at())?;
    // An empty code is a wrong one here: nobody is asked for it a second time.
    let code = if proof.code.trim().is_empty() { "-" } else { proof.code.as_str() };
    match second_factor(tx, &person, Some(code)).await? {
        Factor::None => Err(SECOND_FACTOR.refuse("没有启用二次验证").into()),
        Factor::Wrong => {
            let (failed, locked_until) = count.once_more(tx).await?;
            Ok(Proved::Wrong { failed, locked_until })
        }
        Factor::Right => {
            rows::forget_attempts(tx, &proof.name_digest).await?;
            let sql = "UPDATE session SET proved_at = $2 WHERE session_no = $1";
            tx.exec(sql, vec![proof.session.0.into(), tx.at().seconds().into()]).await?;
            // What is remembered of the session is read anew.
            moved(tx);
            Ok(Proved::Right)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factor {
    /// The user has none.
    None,
    Right,
    Wrong,
}

/// Holds a code against a user's second factor, and uses it up.
async fn second_factor(tx: &mut Tx, person: &Person, code: Option<&str>) -> Result<Factor> {
    let Some((secret, last_step)) = secret_of(tx, person.no, &rows::SECRET).await? else {
        return Ok(Factor::None);
    };
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return Err(CODE_WANTED.refuse("没有验证码").into());
    };
    if let Some(step) = totp::step_of(&secret, code, tx.at(), last_step) {
        let sql = "UPDATE totp SET last_step = $2 WHERE person_no = $1 AND last_step < $2";
        tx.exec(sql, vec![person.no.0.into(), step.into()]).await?;
        return Ok(Factor::Right);
    }
    let sql = "UPDATE recovery_code SET used_by_act = $3
               WHERE person_no = $1 AND digest = $2 AND is_proposed = 0 AND used_by_act IS NULL";
    let code = digest(&code.to_lowercase()).to_vec();
    let used = tx.exec(sql, vec![person.no.0.into(), code.into(), tx.act().0.into()]).await?;
    Ok(if used == 1 { Factor::Right } else { Factor::Wrong })
}

async fn secret_of(
    view: &mut impl View,
    person: PersonNo,
    column: &'static Sealed,
) -> Result<Option<(Vec<u8>, i64)>> {
    let Some((sealed, last_step)) = sealed_of(view, person, column).await? else { return Ok(None) };
    let secret = view.ring().open(&column.at(CompoundId::OFFICE, person.0), &sealed)?;
    Ok(Some((secret, last_step)))
}

async fn sealed_of(
    view: &mut impl View,
    person: PersonNo,
    column: &'static Sealed,
) -> Result<Option<(Vec<u8>, i64)>> {
    let sql = format!("SELECT {}, last_step FROM totp WHERE person_no = $1", column.column);
    let Some(row) = rows::one(view, &sql, vec![person.0.into()]).await? else { return Ok(None) };
    let sealed: Option<Vec<u8>> = row.try_get_by_index(0)?;
    let last_step = row.try_get("", "last_step")?;
    Ok(sealed.map(|sealed| (sealed, last_step)))
}

/// Whether a user has a second factor.
pub(super) async fn has_second_factor(view: &mut impl View, person: PersonNo) -> Result<bool> {
    Ok(sealed_of(view, person, &rows::SECRET).await?.is_some())
}

pub(super) async fn begin(
    tx: &mut Tx,
    person: &Person,
    digest: &[u8; 32],
    is_strong: bool,
) -> Result<SessionNo> {
    let now = tx.at().seconds();
    let sql = "DELETE FROM session WHERE idle_until_at <= $1 OR begun_at <= $2";
    tx.exec(sql, vec![now.into(), (now - ABSOLUTE).into()]).await?;
    let no = SessionNo(tx.next_no("session"));
    let sql = "INSERT INTO session (session_no, person_no, digest, epoch, is_strong, begun_at, idle_until_at,
                 proved_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let row = vec![
        no.0.into(),
        person.no.0.into(),
        digest.to_vec().into(),
        person.epoch.into(),
        i16::from(is_strong).into(),
        now.into(),
        (now + IDLE).into(),
        is_strong.then_some(now).into(),
    ];
    tx.exec(sql, row).await?;
    Ok(no)
}

/// A visit moves a session's idle limit.
pub(super) async fn stay(tx: &mut Tx, session: SessionNo) -> Result<()> {
    let until = tx.at().seconds() + IDLE;
    let sql = "UPDATE session SET idle_until_at = $2 WHERE session_no = $1 AND idle_until_at < $2";
    tx.exec(sql, vec![session.0.into(), until.into()]).await?;
    Ok(())
}

/// Ends a session.
pub(super) async fn leave(tx: &mut Tx, session: SessionNo) -> Result<()> {
    tx.exec("DELETE FROM session WHERE session_no = $1", vec![session.0.into()]).await?;
    moved(tx);
    Ok(())
}

/// A session as its user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionShown {
    /// Its number.
    pub no: SessionNo,
    /// Since when.
    pub begun_at: Instant,
    /// Until when it lives without a visit.
    pub idle_until_at: Instant,
    /// Until when it lives at most.
    pub until_at: Instant,
    /// Whether a second factor stood behind it.
    pub is_strong: bool,
}

/// The sessions of a user that are open at an instant.
///
/// # Errors
/// Storage.
pub async fn sessions(
    view: &mut impl View,
    person: PersonNo,
    at: Instant,
) -> Result<Vec<SessionShown>> {
    let sql = "SELECT s.session_no, s.begun_at, s.idle_until_at, s.is_strong
               FROM session s JOIN person p ON p.person_no = s.person_no AND p.epoch = s.epoch
               WHERE s.person_no = $1 AND s.idle_until_at > $2 AND s.begun_at > $3 ORDER BY s.session_no";
    let now = at.seconds();
    let values = vec![person.0.into(), now.into(), (now - ABSOLUTE).into()];
    let mut sessions = Vec::new();
    for row in rows::all(view, sql, values).await? {
        let begun_at: i64 = row.try_get("", "begun_at")?;
        sessions.push(SessionShown {
            no: SessionNo(row.try_get("", "session_no")?),
            begun_at: Instant::from_seconds(begun_at),
            idle_until_at: Instant::from_seconds(row.try_get("", "idle_until_at")?),
            until_at: Instant::from_seconds(begun_at + ABSOLUTE),
            is_strong: row.try_get::<i16>("", "is_strong")? != 0,
        });
    }
    Ok(sessions)
}

/// Sets a user's password by its hash, and ends their sessions.
///
/// # Errors
/// `people.no-user`.
pub(super) async fn set_password(tx: &mut Tx, user: &str, phc: &str) -> Result<()> {
    let person = somebody(tx, user).await?;
    let sql = "INSERT INTO password (person_no, phc, set_at) VALUES ($1, $2, $3)
               ON CONFLICT (person_no) DO UPDATE SET phc = excluded.phc, set_at = excluded.set_at";
    tx.exec(sql, vec![person.no.0.into(), phc.into(), tx.at().seconds().into()]).await?;
    let sql = "UPDATE person SET epoch = epoch + 1 WHERE person_no = $1";
    tx.exec(sql, vec![person.no.0.into()]).await?;
    rows::forget_attempts(tx, &digest(&person.name)).await?;
    moved(tx);
    Ok(())
}

/// A second factor, shown once: the secret, and codes for the day the device is lost.
#[derive(Clone)]
pub struct SecondFactor {
    /// The secret in the letters an authenticator takes.
    pub secret: String,
    /// The same as an address, for a picture.
    pub uri: String,
    /// Codes that each open once.
    pub recovery_codes: Vec<String>,
}

/// Never shows the secret.
impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor").finish_non_exhaustive()
    }
}

/// A secret to enrol, and its recovery codes.
pub(super) struct Proposal {
    pub(super) secret: [u8; 20],
    pub(super) codes: Vec<String>,
}

impl Proposal {
    pub(super) fn new() -> Result<Proposal> {
        let mut codes = Vec::with_capacity(CODES);
        for _ in 0..CODES {
            let code = totp::base32(&random::<10>()?).to_lowercase();
            codes.push(format!("{}-{}", &code[..8], &code[8..]));
        }
        Ok(Proposal { secret: random()?, codes })
    }

    pub(super) fn shown(&self, user: &str) -> SecondFactor {
        SecondFactor {
            secret: totp::base32(&self.secret),
            uri: totp::uri(user, &self.secret),
            recovery_codes: self.codes.clone(),
        }
    }
}

/// Proposes a secret. It counts once a code of it is confirmed, or at once if the operator of the machine says so.
///
/// # Errors
/// `people.no-user`; `people.second-factor` if there is one already and this caller did not show it.
pub(super) async fn propose(
    tx: &mut Tx,
    user: &str,
    proposal: &Proposal,
    is_strong: bool,
    is_final: bool,
) -> Result<()> {
    let person = somebody(tx, user).await?;
    let has_one = has_second_factor(tx, person.no).await?;

    if has_one && !is_strong {
        return Err(SECOND_FACTOR.refuse("已启用二次验证，更换须先用它登录").into());
    }

    let sealed = rows::sealed(tx, &rows::PROPOSED, person.no, &proposal.secret)?;
    let sql = "INSERT INTO totp (person_no, secret_sealed, proposed_sealed, last_step) VALUES ($1, NULL, $2, 0)
               ON CONFLICT (person_no) DO UPDATE SET proposed_sealed = excluded.proposed_sealed";
    tx.exec(sql, vec![person.no.0.into(), sealed.into()]).await?;
    // The codes of a factor that counts stay good until the new one does.
    let sql = "DELETE FROM recovery_code WHERE person_no = $1 AND is_proposed = 1";
    tx.exec(sql, vec![person.no.0.into()]).await?;
    for code in &proposal.codes {
        let sql = "INSERT INTO recovery_code (person_no, digest, is_proposed) VALUES ($1, $2, 1)";
        tx.exec(sql, vec![person.no.0.into(), digest(code).to_vec().into()]).await?;
    }
    if is_final {
        accept(tx, person.no, &proposal.secret, 0).await?;
    }
    Ok(())
}

async fn accept(tx: &mut Tx, person: PersonNo, secret: &[u8], step: i64) -> Result<()> {
    // A sealed value belongs to its column: what moves is sealed anew.
    let sealed = rows::sealed(tx, &rows::SECRET, person, secret)?;
    let sql = "UPDATE totp SET secret_sealed = $3, proposed_sealed = NULL, last_step = $2
               WHERE person_no = $1";
    tx.exec(sql, vec![person.0.into(), step.into(), sealed.into()]).await?;
    for sql in [
        "DELETE FROM recovery_code WHERE person_no = $1 AND is_proposed = 0",
        "UPDATE recovery_code SET is_proposed = 0 WHERE person_no = $1",
        // Sessions that were begun without it end.
        "UPDATE person SET epoch = epoch + 1 WHERE person_no = $1",
    ] {
        tx.exec(sql, vec![person.0.into()]).await?;
    }
    moved(tx);
    Ok(())
}

/// Confirms the proposed secret with a code of it. Every session of the user ends: the next is begun with a code.
///
/// # Errors
/// `people.no-second-factor-proposed`, `people.code`.
pub(super) async fn confirm(tx: &mut Tx, person: PersonNo, code: &str) -> Result<()> {
    let proposed = secret_of(tx, person, &rows::PROPOSED).await?;
    let (secret, _) = proposed.ok_or_else(|| NOT_PROPOSED.refuse("没有待确认的密钥"))?;
    let step = totp::step_of(&secret, code.trim(), tx.at(), 0);
    let step = step.ok_or_else(|| CODE.refuse("验证码不符"))?;
    accept(tx, person, &secret, step).await
}

/// Takes a user's second factor away: the device is lost, and the codes with it. Their sessions end.
///
/// # Errors
/// `people.no-user`.
pub(super) async fn drop_second_factor(tx: &mut Tx, user: &str) -> Result<()> {
    let person = somebody(tx, user).await?;
    for sql in [
        "DELETE FROM recovery_code WHERE person_no = $1",
        "DELETE FROM totp WHERE person_no = $1",
        "UPDATE person SET epoch = epoch + 1 WHERE person_no = $1",
    ] {
        tx.exec(sql, vec![person.no.0.into()]).await?;
    }
    moved(tx);
    Ok(())
}

/// A token to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// Which mandates of its maker it carries.
    pub mandates: Vec<MandateNo>,
    /// When it ends.
    pub expires_at: Instant,
}

/// A token, shown once.
#[derive(Clone)]
pub struct FreshToken {
    /// Its number.
    pub no: TokenNo,
    /// What to show at the door.
    pub token: String,
}

/// Never shows the token.
impl std::fmt::Debug for FreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FreshToken").field("no", &self.no).finish_non_exhaustive()
    }
}

fn may_be_made(new: &NewToken, held: &[Mandate], now: Instant) -> Result<(), Refusal> {
    if !is_line(&new.name, 40) {
        return Err(TOKEN_SHAPE.refuse("名称为空、过长或含有控制字符"));
    }
    let left = new.expires_at.seconds() - now.seconds();
    if !(1..=TOKEN_MOST).contains(&left) {
        return Err(TOKEN_SHAPE.refuse(format!("到期时刻 {}", new.expires_at)));
    }
    let day = now.day();
    let holds = |no: &MandateNo| held.iter().any(|held| held.no == *no && held.term.holds_on(day));
    let mut given = new.mandates.clone();
    given.sort_unstable();
    given.dedup();
    if given.is_empty() || given.len() != new.mandates.len() {
        return Err(TOKEN_SHAPE.refuse("没有写授权编号，或有重复"));
    }
    match new.mandates.iter().find(|no| !holds(no)) {
        Some(no) => Err(TOKEN_SHAPE.refuse(format!("授权 {no} 不是本人在期的授权"))),
        None => Ok(()),
    }
}

/// Makes a token that carries some mandates of its maker. It is as strong as what its maker showed.
///
/// # Errors
/// `people.no-user`, `people.token-shape`.
pub(super) async fn issue(
    tx: &mut Tx,
    user: &str,
    new: &NewToken,
    digest: &[u8; 32],
    is_strong: bool,
) -> Result<TokenNo> {
    let person = somebody(tx, user).await?;
    let held: Vec<Mandate> =
        rows::mandates(tx, Some(person.no)).await?.into_iter().map(|(_, held)| held).collect();

    may_be_made(new, &held, tx.at())?;

    let no = TokenNo(tx.next_no("token"));
    let sql =
        "INSERT INTO token (token_no, person_no, name, digest, is_strong, made_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = vec![
        no.0.into(),
        person.no.0.into(),
        new.name.trim().into(),
        digest.to_vec().into(),
        i16::from(is_strong).into(),
        tx.at().seconds().into(),
        new.expires_at.seconds().into(),
    ];
    tx.exec(sql, row).await?;
    for mandate in &new.mandates {
        let sql = "INSERT INTO token_mandate (token_no, mandate_no) VALUES ($1, $2)";
        tx.exec(sql, vec![no.0.into(), mandate.0.into()]).await?;
    }
    Ok(no)
}

/// Revokes a token: its maker's, or anybody's if no maker is named.
///
/// # Errors
/// `people.no-token`.
pub(super) async fn revoke(tx: &mut Tx, of: Option<PersonNo>, no: TokenNo) -> Result<()> {
    let sql = "UPDATE token SET revoked_by_act = $2
               WHERE token_no = $1 AND revoked_by_act IS NULL AND ($3 = 0 OR person_no = $3)";
    let of = of.map_or(0, |person| person.0);
    let revoked = tx.exec(sql, vec![no.0.into(), tx.act().0.into(), of.into()]).await?;
    if revoked == 0 {
        return Err(NO_TOKEN.refuse(format!("令牌编号 {no}")).into());
    }
    moved(tx);
    Ok(())
}

/// A token as its maker sees it: everything but itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenShown {
    /// Its number.
    pub no: TokenNo,
    /// What it is for.
    pub name: String,
    /// Which mandates it carries.
    pub mandates: Vec<MandateNo>,
    /// When it was made.
    pub made_at: Instant,
    /// When it ends.
    pub expires_at: Instant,
    /// Whether a second factor stood behind its making.
    pub is_strong: bool,
}

/// A user's tokens that were not revoked, by number.
///
/// # Errors
/// Storage.
pub async fn tokens(view: &mut impl View, person: PersonNo) -> Result<Vec<TokenShown>> {
    let sql = "SELECT t.token_no, t.name, t.made_at, t.expires_at, t.is_strong, m.mandate_no
               FROM token t JOIN token_mandate m ON m.token_no = t.token_no
               WHERE t.person_no = $1 AND t.revoked_by_act IS NULL ORDER BY t.token_no, m.mandate_no";
    let mut tokens: Vec<TokenShown> = Vec::new();
    for row in rows::all(view, sql, vec![person.0.into()]).await? {
        let no = TokenNo(row.try_get("", "token_no")?);
        let mandate = MandateNo(row.try_get("", "mandate_no")?);
        match tokens.last_mut().filter(|token| token.no == no) {
            Some(token) => token.mandates.push(mandate),
            None => tokens.push(TokenShown {
                no,
                name: row.try_get("", "name")?,
                mandates: vec![mandate],
                made_at: Instant::from_seconds(row.try_get("", "made_at")?),
                expires_at: Instant::from_seconds(row.try_get("", "expires_at")?),
                is_strong: row.try_get::<i16>("", "is_strong")? != 0,
            }),
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_doubles_and_has_an_end() {
        let locks: Vec<i64> = (1..=12).map(lock_after).collect();
        assert_eq!(locks, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(lock_after(i32::MAX), LOCK_MOST);
    }

    #[test]
    fn what_is_fresh_is_long_and_never_twice() {
        let (one, other) = (fresh("xq_").unwrap(), fresh("xq_").unwrap());
        assert_eq!(one.len(), 67);
        assert!(one.starts_with("xq_") && one != other);
        let codes = Proposal::new().unwrap().codes;
        assert!(codes.len() == CODES && codes.iter().all(|code| code.len() == 17), "{codes:?}");
    }
}
