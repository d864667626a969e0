//! Letting people in fast: what a token or a session opens, remembered until rights change.
//!
//! Owns: [`Entrance`].
//!
//! Always: what is remembered counts only under the number of the series `people` it was read with, and only while that
//! number was looked at less than [`BLIND_AFTER`] ago; otherwise the books are asked. An act on people goes through
//! [`Entrance::act`], which looks before it answers: in this process a right that is taken is gone when its taker hears of
//! it. In another process it is gone at that process's next look, [`LOOK_EVERY`] later. A process that cannot look asks the
//! books for everybody, and lets nobody in when they do not answer.
//! Limits: [`REMEMBERED`] tokens and sessions. The looking begins with the first visitor and ends with the entrance.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant as Moment};

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::credential::{
    self, ABSOLUTE, IDLE, Proof, Proposal, Proved, STAY_AFTER, Try, digest, fresh,
};
use super::password::{Hashing, may_be_set};
use super::portal::{self, Subject, Visit};
use super::{
    CODE, Caller, Entered, FreshToken, Known, LOGIN, Login, NewToken, PASSWORD_SAME, SERIES,
    SecondFactor, Shown, caller, rows,
};
use crate::books::{self, Actor, Books, Done, Origin, Request, Role, Tx, last_no};
use crate::calendar::Instant;
use crate::error::Result;
use crate::id::{CompoundId, PersonNo, SessionNo, TokenNo};

/// How often the number is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After how long without a look nothing remembered counts.
const BLIND_AFTER: Duration = Duration::from_secs(1);
/// How many tokens and sessions are remembered.
const REMEMBERED: usize = 10_000;
/// What a token begins with, and a session.
const TOKEN: &str = "xq_";
const SESSION: &str = "xs_";
/// Who acts when somebody who is not in yet tries to come in.
const DOOR: &str = "登录";
/// How long either is.
const LENGTH: usize = 3 + 64;

/// The entrance of one set of books. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Entrance(Arc<Gate>);

#[derive(Debug)]
struct Gate {
    books: Books,
    hashing: Hashing,
    remembered: RwLock<HashMap<[u8; 32], Arc<Pass>>>,
    sight: Mutex<Sight>,
    is_watching: AtomicBool,
}

/// The number as it was last seen, and when that look began.
#[derive(Clone, Copy, Debug)]
struct Sight {
    no: i32,
    at: Option<Moment>,
}

/// What a token or a session opens.
#[derive(Debug)]
struct Pass {
    /// The number it was read with.
    no: i32,
    known: Arc<Known>,
    /// When it ends whatever happens.
    until: Instant,
    /// When a session ends without a visit; the end of time for a token.
    idle_until: AtomicI64,
}

impl Entrance {
    /// An entrance to these books.
    #[must_use]
    pub fn new(books: Books) -> Entrance {
        Entrance(Arc::new(Gate {
            books,
            hashing: Hashing::default(),
            remembered: RwLock::default(),
            sight: Mutex::new(Sight { no: 0, at: None }),
            is_watching: AtomicBool::new(false),
        }))
    }

    /// The books behind it.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.0.books
    }

    /// How many passwords were hashed or checked here: what a log-in costs, whoever it names.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.0.hashing.done()
    }

    /// Whoever shows this token or session and comes from there; nobody, if it opens nothing.
    ///
    /// # Errors
    /// Storage.
    pub async fn admit(&self, shown: &str, from: &Origin) -> Result<Option<Caller>> {
        let is_ours = shown.starts_with(TOKEN) || shown.starts_with(SESSION);
        if !is_ours || shown.len() != LENGTH {
            return Ok(None);
        }
        self.watch();
        let key = digest(shown);
        let now = self.0.books.clock().now();
        let pass = match self.remembered(&key).filter(|pass| pass.is_open(now)) {
            Some(pass) => pass,
            None => match self.read(shown, &key).await?.filter(|pass| pass.is_open(now)) {
                Some(pass) => pass,
                None => return Ok(None),
            },
        };
        if let Shown::Session(session) = pass.known.shown {
            self.stay(&pass, session, now, from).await?;
        }
        Ok(Some(Caller::new(pass.known.clone(), now.day())))
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<Arc<Pass>> {
        let sight = self.sight();
        if sight.at.is_none_or(|at| at.elapsed() >= BLIND_AFTER) {
            return None;
        }
        let remembered = self.0.remembered.read().unwrap_or_else(PoisonError::into_inner);
        remembered.get(key).filter(|pass| pass.no == sight.no).cloned()
    }

    fn sight(&self) -> Sight {
        *self.0.sight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of the number, unless a later one is known.
    fn saw(&self, no: i32, at: Moment) {
        let mut sight = self.0.sight.lock().unwrap_or_else(PoisonError::into_inner);
        if no >= sight.no {
            let later = sight.at.map_or(at, |known| known.max(at));
            *sight = Sight { no, at: Some(later) };
        }
    }

    /// Looks at the number.
    ///
    /// # Errors
    /// Storage.
    pub async fn look(&self) -> Result<()> {
        let at = Moment::now();
        let no = last_no(&mut self.0.books.glance(), CompoundId::OFFICE, SERIES).await?;
        self.saw(no, at);
        Ok(())
    }

    /// Looks again and again, as long as the entrance is there.
    fn watch(&self) {
        if self.0.is_watching.swap(true, Ordering::SeqCst) {
            return;
        }
        let gate = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(gate) = gate.upgrade() else { return };
                // A look that fails is a look that was not had: after a second nothing remembered counts.
                if let Err(error) = Entrance(gate).look().await {
                    tracing::warn!(?error, "the number of rights could not be looked at");
                }
            }
        });
    }

    async fn read(&self, shown: &str, key: &[u8; 32]) -> Result<Option<Arc<Pass>>> {
        let at = Moment::now();
        let mut view = self.0.books.read().await?;
        let no = last_no(&mut view, CompoundId::OFFICE, SERIES).await?;
        let pass = pass_of(&mut view, shown, key, no).await?.map(Arc::new);
        self.saw(no, at);
        if let Some(pass) = &pass {
            let mut kept = self.0.remembered.write().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= REMEMBERED {
                kept.clear();
            }
            kept.insert(*key, pass.clone());
        }
        Ok(pass)
    }

    /// Moves a session's idle limit, once for all who come at the same time.
    async fn stay(
        &self,
        pass: &Pass,
        session: SessionNo,
        now: Instant,
        from: &Origin,
    ) -> Result<()> {
        let until = pass.idle_until.load(Ordering::SeqCst);
        let wanted = now.seconds() + IDLE;
        if wanted - until < STAY_AFTER {
            return Ok(());
        }
        let swapped =
            pass.idle_until.compare_exchange(until, wanted, Ordering::SeqCst, Ordering::SeqCst);
        if swapped.is_err() {
            return Ok(());
        }
        let actor = Actor::new(&pass.known.name, Role::Operator).from(from.clone());
        let request = Request::new("people.stay", session);
        let office = CompoundId::OFFICE;
        let stayed = self
            .0
            .books
            .act(&actor, office, request, |tx, session| Box::pin(credential::stay(tx, *session)));
        if let Err(error) = stayed.await {
            pass.idle_until.store(until, Ordering::SeqCst);
            return Err(error);
        }
        Ok(())
    }

    /// Acts on people, as the head office. What it changes is seen here before it is answered.
    ///
    /// # Errors
    /// Those of the verb, and of [`Books::act`].
    pub async fn act<G, T, F>(&self, actor: &Actor, request: Request<G>, run: F) -> Result<Done<T>>
    where
        G: Send + Sync + 'static,
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'a> Fn(&'a mut Tx, &'a G) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let done = self.0.books.act(actor, CompoundId::OFFICE, request, run).await;
        // Also after a failure: its outcome may be unknown. If the look fails, what is remembered is not trusted.
        if self.look().await.is_err() {
            self.0.sight.lock().unwrap_or_else(PoisonError::into_inner).at = None;
            self.0.remembered.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
        done
    }

    /// Logs somebody in, who comes from there: a session's token, and what it is.
    ///
    /// # Errors
    /// `people.login` for everything that is wrong, `people.code-wanted` once the password is right, `people.crowded`.
    pub async fn log_in(&self, login: Login, from: Origin) -> Result<(String, Entered)> {
        let session = fresh(SESSION)?;
        match self.try_in(login, Some(digest(&session)), from).await? {
            Entered::Failed { .. } | Entered::Right => Err(LOGIN.refuse("没有登录").into()),
            begun => Ok((session, begun)),
        }
    }

    /// Checks a password outside any act, then counts the outcome under the lock.
    async fn try_in(
        &self,
        login: Login,
        session: Option<[u8; 32]>,
        from: Origin,
    ) -> Result<Entered> {
        self.watch();
        let Login { user, password, code } = login;
        let name: String = user.trim().to_lowercase().chars().take(200).collect();
        let mut view = self.0.books.read().await?;
        let person = rows::person(&mut view, &name).await?.map(|person| person.no);
        let phc = match person {
            Some(person) => credential::hash_of(&mut view, person).await?,
            None => None,
        };
        drop(view);
        let password: String = password.chars().take(super::password::MOST + 1).collect();
        let is_right = self.0.hashing.is(password, phc.clone()).await?;

        let name_digest = digest(&name);
        // The name is recorded only if it is one of ours: people type passwords where names belong.
        let told = json!({ "user": person.map(|_| name) });
        let tried = Try { name_digest, person, is_right, phc, code, session };
        let request = Request::describing("people.log-in", tried, told);
        let door = Actor::new(DOOR, Role::Operator).from(from);
        let entered = self.0.books.act(&door, CompoundId::OFFICE, request, |tx, tried| {
            Box::pin(credential::enter(tx, tried))
        });
        Ok(entered.await?.answer)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Storage.
    pub async fn log_out(&self, actor: &Actor, session: SessionNo) -> Result<()> {
        let request = Request::new("people.log-out", session);
        let left =
            self.act(actor, request, |tx, session| Box::pin(credential::leave(tx, *session)));
        left.await.map(drop)
    }

    /// Sets a user's password. Their sessions end.
    ///
    /// # Errors
    /// `people.password`, `people.no-user`, `people.crowded`.
    pub async fn set_password(&self, actor: &Actor, user: &str, password: String) -> Result<()> {
        may_be_set(user, &password)?;
        let phc = self.0.hashing.hash(password).await?;
        let told = json!({ "user": user });
        let request = Request::describing("people.set-password", (user.to_owned(), phc), told);
        let set = self.act(actor, request, |tx, (user, phc)| {
            Box::pin(credential::set_password(tx, user, phc))
        });
        set.await.map(drop)
    }

    /// Sets somebody's own password, who knows the old one. A wrong one counts like a failed log-in.
    ///
    /// # Errors
    /// `people.login`, `people.password-same`, and those of [`Entrance::set_password`].
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: String,
        password: String,
    ) -> Result<()> {
        may_be_set(&actor.name, &password)?;
        let is_same = old == password;
        // Whoever does not know the old one learns nothing of it here.
        self.show_password(actor, old).await?;
        if is_same {
            return Err(PASSWORD_SAME.refuse("新口令与原口令相同").into());
        }
        self.set_password(actor, &actor.name, password).await
    }

    /// Somebody who is in shows their password once more. A wrong one counts like a failed log-in.
    ///
    /// # Errors
    /// `people.login`, `people.crowded`.
    pub async fn show_password(&self, actor: &Actor, password: String) -> Result<()> {
        let login = Login { user: actor.name.clone(), password, code: None };
        match self.try_in(login, None, actor.origin.clone()).await? {
            Entered::Right => Ok(()),
            _ => Err(LOGIN.refuse("原口令不符").into()),
        }
    }

    /// Binds a subject of a portal's to a user; `epoch` is the user's when they asked for it themselves: should it have
    /// moved since, the asking is void.
    ///
    /// # Errors
    /// `people.no-user`, `people.portal-shape`, `people.portal-taken`, `people.session-only`; `seal.key-missing`.
    pub async fn bind_portal(
        &self,
        actor: &Actor,
        user: &str,
        subject: Subject,
        epoch: Option<i32>,
    ) -> Result<()> {
        let told = json!({ "user": user, "issuer": subject.issuer });
        let given = (user.to_owned(), subject, epoch);
        let request = Request::describing("people.bind-portal", given, told);
        let bound = self.act(actor, request, |tx, (user, subject, epoch)| {
            Box::pin(portal::bind(tx, user, subject, *epoch))
        });
        bound.await.map(drop)
    }

    /// Undoes it. The user's sessions end.
    ///
    /// # Errors
    /// `people.no-user`, `people.portal-not-bound`.
    pub async fn unbind_portal(&self, actor: &Actor, user: &str, issuer: &str) -> Result<()> {
        let told = json!({ "user": user, "issuer": issuer });
        let given = (user.to_owned(), issuer.to_owned());
        let request = Request::describing("people.unbind-portal", given, told);
        let unbound = self
            .act(actor, request, |tx, (user, issuer)| Box::pin(portal::unbind(tx, user, issuer)));
        unbound.await.map(drop)
    }

    /// Lets somebody in for whom a portal vouches: a session's token, and what it is. Whoever is not known, disabled or
    /// locked is counted as after a wrong password.
    ///
    /// # Errors
    /// `people.portal-unbound`, `people.login`; `seal.key-missing`.
    pub async fn come_by_portal(
        &self,
        subject: Subject,
        is_strong: bool,
        from: Origin,
    ) -> Result<(String, Entered)> {
        self.watch();
        let session = fresh(SESSION)?;
        let mut view = self.0.books.read().await?;
        let known = portal::person_of(&mut view, &subject).await?;
        drop(view);
        let told = json!({ "issuer": subject.issuer, "user": known.map(|person| person.name) });
        let visit = Visit { subject, session: digest(&session), is_strong };
        let request = Request::describing("people.come-by-portal", visit, told);
        let door = Actor::new(DOOR, Role::Operator).from(from);
        let entered = self.0.books.act(&door, CompoundId::OFFICE, request, |tx, visit| {
            Box::pin(portal::enter(tx, visit))
        });
        match entered.await?.answer {
            Entered::Failed { person: None, .. } => {
                Err(super::PORTAL_UNBOUND.refuse("门户认得此人，本账册没有与之绑定的用户").into())
            }
            Entered::Failed { .. } | Entered::Right => Err(LOGIN.refuse("没有登录").into()),
            begun => Ok((session, begun)),
        }
    }

    /// Uses up the state of a visit to a portal: `true` the first time, in whichever process, and never again until it has
    /// run out.
    ///
    /// # Errors
    /// Storage.
    pub async fn use_up(&self, state: &str, until: Instant) -> Result<bool> {
        portal::use_up(&self.0.books, &digest(state), until).await
    }

    /// Seals what a browser carries to a portal and back.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`.
    pub fn seal_errand(&self, plain: &[u8]) -> Result<Vec<u8>> {
        portal::seal_errand(&self.0.books.ring(), plain)
    }

    /// Opens it.
    ///
    /// # Errors
    /// `seal.key-missing`, `seal.key-differs`, `seal.broken`.
    pub fn open_errand(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        portal::open_errand(&self.0.books.ring(), sealed)
    }

    /// Sets a random password, shown once.
    ///
    /// # Errors
    /// `people.no-user`, `people.crowded`.
    pub async fn reset_password(&self, actor: &Actor, user: &str) -> Result<String> {
        let letters = super::totp::base32(&credential::random::<10>()?).to_lowercase();
        let parts: Vec<&str> = (0..4).map(|i| &letters[4 * i..4 * i + 4]).collect();
        let password = parts.join("-");
        self.set_password(actor, user, password.clone()).await?;
        Ok(password)
    }

    /// Proposes a second factor to a user. It counts once they confirm a code of it; at once, if `is_final`.
    ///
    /// # Errors
    /// `people.no-user`, `people.second-factor`.
    pub async fn propose_second_factor(
        &self,
        actor: &Actor,
        user: &str,
        is_strong: bool,
        is_final: bool,
    ) -> Result<SecondFactor> {
        let proposal = Proposal::new()?;
        let shown = proposal.shown(user);
        let told = json!({ "user": user, "final": is_final });
        let given = (user.to_owned(), proposal, is_strong, is_final);
        let request = Request::describing("people.propose-second-factor", given, told);
        let proposed = self.act(actor, request, |tx, (user, proposal, is_strong, is_final)| {
            Box::pin(credential::propose(tx, user, proposal, *is_strong, *is_final))
        });
        proposed.await?;
        Ok(shown)
    }

    /// Confirms what was proposed.
    ///
    /// # Errors
    /// `people.no-second-factor-proposed`, `people.code`.
    pub async fn confirm_second_factor(
        &self,
        actor: &Actor,
        person: PersonNo,
        code: String,
    ) -> Result<()> {
        let told = json!({ "user": actor.name });
        let request = Request::describing("people.confirm-second-factor", (person, code), told);
        let confirmed = self.act(actor, request, |tx, (person, code)| {
            Box::pin(credential::confirm(tx, *person, code))
        });
        confirmed.await.map(drop)
    }

    /// Shows once more, within a session, who its user is: a code of their second factor, used up by it.
    ///
    /// # Errors
    /// `people.code` for a wrong one, which counts like a failed log-in; `people.login` while the name is locked;
    /// `people.second-factor` if they have none.
    pub async fn prove(
        &self,
        actor: &Actor,
        person: PersonNo,
        session: SessionNo,
        code: String,
    ) -> Result<()> {
        let told = json!({ "user": actor.name, "session": session });
        let name_digest = digest(&actor.name);
        let proof = Proof { name_digest, person, session, code };
        let request = Request::describing("people.prove", proof, told);
        let proved =
            self.act(actor, request, |tx, proof| Box::pin(credential::prove(tx, proof))).await?;
        match proved.answer {
            Proved::Right => Ok(()),
            Proved::Wrong { failed, .. } => {
                Err(CODE.refuse(format!("验证码不符，连续第 {failed} 次")).into())
            }
        }
    }

    /// What the books know of a user today, whatever they showed when they were here.
    ///
    /// # Errors
    /// Storage.
    pub async fn known(&self, person: PersonNo) -> Result<Option<Caller>> {
        let mut view = self.0.books.read().await?;
        let today = self.0.books.clock().now().day();
        let found = rows::person_numbered(&mut view, person).await?;
        let Some(person) = found.filter(|person| !person.is_disabled) else { return Ok(None) };
        Ok(Some(caller(&mut view, person, today).await?))
    }

    /// Takes a user's second factor away.
    ///
    /// # Errors
    /// `people.no-user`.
    pub async fn drop_second_factor(&self, actor: &Actor, user: &str) -> Result<()> {
        let request = Request::new("people.drop-second-factor", user.to_owned());
        let dropped =
            self.act(actor, request, |tx, user| Box::pin(credential::drop_second_factor(tx, user)));
        dropped.await.map(drop)
    }

    /// Makes a token of a user's, as strong as what its maker showed.
    ///
    /// # Errors
    /// `people.no-user`, `people.token-shape`.
    pub async fn issue_token(
        &self,
        actor: &Actor,
        user: &str,
        new: NewToken,
        is_strong: bool,
    ) -> Result<FreshToken> {
        let token = fresh(TOKEN)?;
        let told = json!({ "user": user, "token": new });
        let given = (user.to_owned(), new, digest(&token), is_strong);
        let request = Request::describing("people.issue-token", given, told);
        let issued = self.act(actor, request, |tx, (user, new, digest, is_strong)| {
            Box::pin(credential::issue(tx, user, new, digest, *is_strong))
        });
        Ok(FreshToken { no: issued.await?.answer, token })
    }

    /// Revokes a token, of one maker or of anybody.
    ///
    /// # Errors
    /// `people.no-token`.
    pub async fn revoke_token(
        &self,
        actor: &Actor,
        of: Option<PersonNo>,
        no: TokenNo,
    ) -> Result<()> {
        let request = Request::new("people.revoke-token", (of, no));
        let revoked =
            self.act(actor, request, |tx, (of, no)| Box::pin(credential::revoke(tx, *of, *no)));
        revoked.await.map(drop)
    }

    /// Whether a user has a second factor.
    ///
    /// # Errors
    /// Storage.
    pub async fn has_second_factor(&self, person: PersonNo) -> Result<bool> {
        let mut view = self.0.books.read().await?;
        credential::has_second_factor(&mut view, person).await
    }
}

impl Pass {
    fn is_open(&self, now: Instant) -> bool {
        now < self.until && now.seconds() < self.idle_until.load(Ordering::SeqCst)
    }
}

/// What a token or a session opens, as the books say now.
async fn pass_of(
    view: &mut books::Snapshot,
    shown: &str,
    key: &[u8; 32],
    no: i32,
) -> Result<Option<Pass>> {
    let is_token = shown.starts_with(TOKEN);
    let sql = if is_token {
        "SELECT p.person_no, p.name, t.token_no AS no, t.is_strong, t.expires_at AS until_at, t.expires_at AS idle_at
         FROM token t JOIN person p ON p.person_no = t.person_no
         WHERE t.digest = $1 AND t.revoked_by_act IS NULL AND p.is_disabled = 0"
    } else {
        "SELECT p.person_no, p.name, s.session_no AS no, s.is_strong, s.begun_at AS until_at, s.idle_until_at AS idle_at,
           s.proved_at
         FROM session s JOIN person p ON p.person_no = s.person_no AND p.epoch = s.epoch
         WHERE s.digest = $1 AND p.is_disabled = 0"
    };
    let Some(row) = rows::one(view, sql, vec![key.to_vec().into()]).await? else { return Ok(None) };
    let person = PersonNo(row.try_get("", "person_no")?);
    let number: i32 = row.try_get("", "no")?;
    let until: i64 = row.try_get("", "until_at")?;
    let (shown, mandates, until, proved_at) = if is_token {
        let mandates = rows::mandates_of_token(view, number).await?;
        (Shown::Token(TokenNo(number)), mandates, until, None)
    } else {
        let mandates = rows::mandates(view, Some(person)).await?;
        let mandates = mandates.into_iter().map(|(_, mandate)| mandate).collect();
        let proved_at = row.try_get::<Option<i64>>("", "proved_at")?;
        (Shown::Session(SessionNo(number)), mandates, until + ABSOLUTE, proved_at)
    };
    let known = Known {
        person: Some(person),
        name: row.try_get("", "name")?,
        shown,
        is_strong: row.try_get::<i16>("", "is_strong")? != 0,
        proved_at: proved_at.map(Instant::from_seconds),
        mandates,
        cares: rows::cares(view, person).await?,
    };
    Ok(Some(Pass {
        no,
        known: Arc::new(known),
        until: Instant::from_seconds(until),
        idle_until: AtomicI64::new(row.try_get("", "idle_at")?),
    }))
}
