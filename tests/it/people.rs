//! Who may do what, where and until when: terms that end, log-ins that fail, tokens that are taken back.

use ledger::books::{Actor, Books, Origin, Request, Role};
use ledger::calendar::{Day, Instant};
use ledger::error::Result;
use ledger::id::{AreaId, CompoundId, MandateNo, OrgNo, TokenNo};
use ledger::people::{
    self, Access, Appointment, Caller, Ending, Entrance, Login, NewContract, NewOrg, NewToken,
    NewUser, OrgKind, Place, Scope, totp,
};
use ledger::property::{self, AreaKind, Locating, NewArea};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::on_both;
use crate::world::{World, day};

pub(crate) const PASSWORD: &str = "plum-rain-in-june";
const READERS: &[Role] =
    &[Role::PropertyCompany, Role::OwnersCommittee, Role::StreetOffice, Role::Auditor];

/// The head office's desk, where people are registered.
pub(crate) struct Desk {
    pub(crate) entrance: Entrance,
    pub(crate) admin: Actor,
}

impl Desk {
    pub(crate) fn of(books: &Books) -> Desk {
        Desk { entrance: Entrance::new(books.clone()), admin: Actor::operator() }
    }

    pub(crate) async fn enlist(&self, name: &str) {
        let user = NewUser {
            name: name.into(),
            shown_as: "某某".into(),
            org: None,
            phone: "19900001234".into(),
        };
        self.try_enlist(user).await.unwrap();
        self.entrance.set_password(&self.admin, name, PASSWORD.into()).await.unwrap();
    }

    async fn try_enlist(&self, user: NewUser) -> Result<()> {
        let request = Request::describing("people.enlist", user, json!({}));
        let done =
            self.entrance.act(&self.admin, request, |tx, user| Box::pin(people::enlist(tx, user)));
        done.await.map(drop)
    }

    pub(crate) async fn appoint(
        &self,
        user: &str,
        role: Role,
        scope: Scope,
        from: &str,
        until: &str,
    ) -> Result<MandateNo> {
        self.appoint_by(&self.admin, user, role, scope, from, until).await
    }

    async fn appoint_by(
        &self,
        by: &Actor,
        user: &str,
        role: Role,
        scope: Scope,
        from: &str,
        until: &str,
    ) -> Result<MandateNo> {
        let until_on = (!until.is_empty()).then(|| day(until));
        let new = Appointment { user: user.into(), role, scope, from_on: day(from), until_on };
        let request = Request::new("people.appoint", new);
        let done = self.entrance.act(by, request, |tx, new| Box::pin(people::appoint(tx, new)));
        Ok(done.await?.answer)
    }

    pub(crate) async fn company(&self, code: &str) -> Result<OrgNo> {
        self.org(OrgKind::PropertyCompany, code).await
    }

    async fn org(&self, kind: OrgKind, code: &str) -> Result<OrgNo> {
        let new = NewOrg { kind, code: code.into(), name: "某机构".into() };
        let request = Request::new("people.found-org", new);
        let done =
            self.entrance.act(&self.admin, request, |tx, new| Box::pin(people::found_org(tx, new)));
        Ok(done.await?.answer)
    }

    pub(crate) async fn contract(
        &self,
        org: OrgNo,
        compound: CompoundId,
        from: &str,
        until: &str,
    ) -> Result<i32> {
        let new = NewContract { org, compound, from_on: day(from), until_on: day(until) };
        let request = Request::new("people.contract", new);
        let done =
            self.entrance.act(&self.admin, request, |tx, new| Box::pin(people::contract(tx, new)));
        Ok(done.await?.answer.0)
    }

    pub(crate) async fn end_mandate(&self, no: i32, last_on: Option<Day>) -> Result<()> {
        let request = Request::new("people.end-mandate", Ending { no, last_on });
        let done = self
            .entrance
            .act(&self.admin, request, |tx, ending| Box::pin(people::end_mandate(tx, ending)));
        done.await.map(drop)
    }

    async fn end_contract(&self, no: i32, last_on: Option<Day>) -> Result<()> {
        let request = Request::new("people.end-contract", Ending { no, last_on });
        let done = self
            .entrance
            .act(&self.admin, request, |tx, ending| Box::pin(people::end_contract(tx, ending)));
        done.await.map(drop)
    }

    async fn about(&self, name: &str, verb: &'static str) -> Result<()> {
        let request = Request::new(verb, name.to_owned());
        let done = self.entrance.act(&self.admin, request, move |tx, name| match verb {
            "people.disable" => Box::pin(people::disable(tx, name, true)),
            "people.enable" => Box::pin(people::disable(tx, name, false)),
            "people.unlock" => Box::pin(people::unlock(tx, name)),
            _ => Box::pin(people::set_phone(tx, name, "19900005678")),
        });
        done.await.map(drop)
    }

    pub(crate) async fn log_in(&self, user: &str, password: &str) -> Result<String> {
        self.log_in_with(user, password, None).await
    }

    async fn log_in_with(&self, user: &str, password: &str, code: Option<&str>) -> Result<String> {
        let login =
            Login { user: user.into(), password: password.into(), code: code.map(Into::into) };
        Ok(self.entrance.log_in(login, Origin::here()).await?.0)
    }

    async fn who(&self, shown: &str) -> Option<Caller> {
        self.entrance.admit(shown, &Origin::here()).await.unwrap()
    }

    pub(crate) async fn token(
        &self,
        user: &str,
        mandate: MandateNo,
        until: &str,
    ) -> Result<(TokenNo, String)> {
        let expires_at = Instant::parse(until).unwrap();
        let new = NewToken { name: "对账".into(), mandates: vec![mandate], expires_at };
        let fresh = self.entrance.issue_token(&self.admin, user, new, true).await?;
        Ok((fresh.no, fresh.token))
    }
}

fn turn(world: &World, instant: &str) {
    world.clock.set(Instant::parse(instant).unwrap());
}

pub(crate) fn later(world: &World, seconds: i64) {
    world.clock.set(Instant::from_seconds(world.clock.now().seconds() + seconds));
}

fn at(caller: &Caller, compound: CompoundId, areas: &[AreaId]) -> Access {
    caller.role_at(&Place { compound, areas, dwelling: None }, READERS)
}

#[track_caller]
fn refused<T>(answer: Result<T>, code: &str) {
    match answer {
        Ok(_) => panic!("not refused with {code}"),
        Err(error) => assert_eq!(error.code(), code, "{error}"),
    }
}

/// Everything the acts of the head office have kept.
pub(crate) async fn kept(world: &World) -> String {
    let db = world.back_door().await;
    let sql = "SELECT verb || ' ' || actor || ' ' || request || ' ' || answer AS told FROM act WHERE compound_id = 0";
    let rows =
        db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let told: Vec<String> = rows.iter().map(|row| row.try_get("", "told").unwrap()).collect();
    db.close().await.unwrap();
    told.join("\n")
}

on_both! {
    async fn a_committees_term_ends_and_takes_the_rights_with_it(world: World) {
        let desk = Desk::of(&world.books);
        desk.enlist("李主任").await;
        let scope = Scope::Compound(world.compound);
        desk.appoint("李主任", Role::OwnersCommittee, scope, "2023-01-06", "2026-01-05").await.unwrap();
        let session = desk.log_in("李主任", PASSWORD).await.unwrap();
        let mandate = MandateNo(1);
        let (_, token) = desk.token("李主任", mandate, "2026-12-31T00:00:00+08:00").await.unwrap();
        for shown in [&session, &token] {
            let caller = desk.who(shown).await.unwrap();
            assert_eq!(at(&caller, world.compound, &[]), Access::Allowed(Role::OwnersCommittee));
        }
        turn(&world, "2026-01-05T23:59:59+08:00");
        let caller = desk.who(&token).await.unwrap();
        assert_eq!(at(&caller, world.compound, &[]), Access::Allowed(Role::OwnersCommittee));
        turn(&world, "2026-01-06T00:00:00+08:00");
        let caller = desk.who(&token).await.unwrap();
        assert_eq!(at(&caller, world.compound, &[]), Access::Unseen);
        assert_eq!(caller.in_force().count(), 0);

        // A term may be shortened, and broken off at once.
        let next = desk.appoint("李主任", Role::OwnersCommittee, scope, "2026-01-06", "2029-01-05").await.unwrap();
        let (_, token) = desk.token("李主任", next, "2026-12-31T00:00:00+08:00").await.unwrap();
        desk.end_mandate(next.0, Some(day("2026-06-30"))).await.unwrap();
        assert_eq!(desk.who(&token).await.unwrap().in_force().count(), 1);
        desk.end_mandate(next.0, None).await.unwrap();
        assert_eq!(desk.who(&token).await.unwrap().in_force().count(), 0);
        refused(desk.end_mandate(next.0, None).await, "people.no-mandate");
        refused(desk.end_mandate(mandate.0, Some(day("2020-01-01"))).await, "people.term");
    }

    async fn a_company_changes_and_a_street_sees_what_lies_in_it(world: World) {
        let desk = Desk::of(&world.books);
        let (old, new) = (desk.company("lvyuan").await.unwrap(), desk.company("qingfeng").await.unwrap());
        let contract = desk.contract(old, world.compound, "2024-01-01", "2026-12-31").await.unwrap();
        for (name, org) in [("wang", old), ("zhao", new)] {
            desk.enlist(name).await;
            let scope = Scope::Organisation(org);
            desk.appoint(name, Role::PropertyCompany, scope, "2024-01-01", "").await.unwrap();
        }
        let (wang, zhao) = (desk.log_in("wang", PASSWORD).await.unwrap(), desk.log_in("zhao", PASSWORD).await.unwrap());
        let may = Access::Allowed(Role::PropertyCompany);
        assert_eq!(at(&desk.who(&wang).await.unwrap(), world.compound, &[]), may);
        assert_eq!(at(&desk.who(&zhao).await.unwrap(), world.compound, &[]), Access::Unseen);
        desk.end_contract(contract, Some(day("2026-01-05"))).await.unwrap();
        desk.contract(new, world.compound, "2026-01-06", "2028-12-31").await.unwrap();
        assert_eq!(at(&desk.who(&wang).await.unwrap(), world.compound, &[]), may);
        turn(&world, "2026-01-06T00:00:00+08:00");
        let (wang, zhao) = (desk.log_in("wang", PASSWORD).await.unwrap(), desk.log_in("zhao", PASSWORD).await.unwrap());
        assert_eq!(at(&desk.who(&wang).await.unwrap(), world.compound, &[]), Access::Unseen);
        assert_eq!(at(&desk.who(&zhao).await.unwrap(), world.compound, &[]), may);
        refused(desk.end_contract(99, None).await, "people.no-contract");

        // The tree of areas: a street office reaches what lies in its street, a district what lies in its streets.
        let operator = Actor::operator();
        for (kind, code, parent) in [
            (AreaKind::City, "31", None), (AreaKind::District, "3101", Some("31")),
            (AreaKind::Street, "310101", Some("3101")), (AreaKind::Street, "310102", Some("3101")),
        ] {
            let area = NewArea { kind, code: code.into(), name: code.into(), parent: parent.map(Into::into) };
            let request = Request::new("property.draw-area", area);
            let drawn = world.books.act(&operator, CompoundId::OFFICE, request, |tx, area| {
                Box::pin(property::draw_area(tx, area))
            });
            drawn.await.unwrap();
        }
        let locating = Locating { compound: world.compound, area: "310101".into() };
        let request = Request::new("property.locate", locating);
        let located = world.books.act(&operator, CompoundId::OFFICE, request, |tx, l| Box::pin(property::locate(tx, l)));
        located.await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let compound = property::compound(&mut view, "xiaohe").await.unwrap();
        assert_eq!(compound.areas.len(), 3);
        desk.enlist("qian").await;
        for (area, access) in [("310102", Access::Unseen), ("310101", Access::Allowed(Role::StreetOffice))] {
            let scope = Scope::Area(property::area(&mut view, area).await.unwrap());
            desk.appoint("qian", Role::StreetOffice, scope, "2026-01-01", "").await.unwrap();
            let qian = desk.log_in("qian", PASSWORD).await.unwrap();
            assert_eq!(at(&desk.who(&qian).await.unwrap(), compound.id, &compound.areas), access);
        }
    }

    async fn what_is_not_fit_is_refused_by_its_rule(world: World) {
        let desk = Desk::of(&world.books);
        refused(desk.company("UP").await, "people.org-shape");
        let org = desk.company("lvyuan").await.unwrap();
        refused(desk.company("lvyuan").await, "people.org-taken");
        let committee = desk.org(OrgKind::OwnersCommittee, "yeweihui").await.unwrap();
        refused(desk.contract(committee, world.compound, "2026-01-01", "2026-12-31").await, "people.reach");
        refused(desk.contract(OrgNo(9), world.compound, "2026-01-01", "2026-12-31").await, "people.no-org");
        refused(desk.contract(org, world.compound, "2026-01-02", "2026-01-01").await, "people.term");
        let user = |name: &str, phone: &str| NewUser {
            name: name.into(), shown_as: "某".into(), org: Some(org), phone: phone.into(),
        };
        for (name, phone) in [("a", ""), ("UPPER", ""), ("a b", ""), ("a\u{200b}b", ""), ("wang", "call me")] {
            refused(desk.try_enlist(user(name, phone)).await, "people.user-shape");
        }
        desk.enlist("wang").await;
        refused(desk.try_enlist(user("wang", "")).await, "people.user-taken");
        refused(desk.about("nobody", "people.disable").await, "people.no-user");
        let here = Scope::Compound(world.compound);
        for (role, scope) in [
            (Role::PropertyCompany, Scope::House), (Role::Administrator, here), (Role::Operator, Scope::House),
            (Role::Owner, here), (Role::OwnersCommittee, Scope::Organisation(org)),
        ] {
            refused(desk.appoint("wang", role, scope, "2026-01-01", "2026-12-31").await, "people.reach");
        }
        refused(desk.appoint("wang", Role::OwnersCommittee, here, "2026-01-01", "").await, "people.term");
        refused(desk.appoint("wang", Role::Auditor, here, "2026-01-02", "2026-01-01").await, "people.term");
        let wang = Actor::new("wang", Role::Administrator);
        let own = desk.appoint_by(&wang, "wang", Role::PropertyCompany, here, "2026-01-01", "").await;
        refused(own, "people.own-mandate");
        let weak = desk.entrance.set_password(&desk.admin, "wang", "wang-1234567".into()).await;
        refused(weak, "people.password");
        let mandate = desk.appoint("wang", Role::PropertyCompany, here, "2026-01-01", "2026-06-30").await.unwrap();
        desk.enlist("li").await;
        let until = "2026-12-31T00:00:00+08:00";
        refused(desk.token("li", mandate, until).await, "people.token-shape");
        refused(desk.token("wang", mandate, "2026-01-05T09:00:00+08:00").await, "people.token-shape");
        refused(desk.token("wang", mandate, "2027-01-07T09:00:00+08:00").await, "people.token-shape");
        refused(desk.entrance.revoke_token(&desk.admin, None, TokenNo(1)).await, "people.no-token");
    }

    async fn who_fails_five_times_waits_and_the_wait_doubles(world: World) {
        let desk = Desk::of(&world.books);
        desk.enlist("wang").await;
        for (name, wrong) in [("wang", "not-the-password"), ("nobody", PASSWORD)] {
            let work = async || {
                let before = (desk.entrance.hashed(), kept(&world).await.lines().count());
                refused(desk.log_in(name, wrong).await, "people.login");
                let after = (desk.entrance.hashed(), kept(&world).await.lines().count());
                (after.0 - before.0, after.1 - before.1)
            };
            refused(desk.log_in(name, wrong).await, "people.login");
            for _ in 0..4 {
                assert_eq!(work().await, (1, 1), "{name}: one hash and one act, whoever it is");
            }
            assert_eq!(work().await, (1, 0), "{name}: locked, and told the same");
            later(&world, 29);
            assert_eq!(work().await, (1, 0), "{name}");
            later(&world, 1);
            assert_eq!(work().await, (1, 1), "{name}: the sixth");
            later(&world, 59);
            assert_eq!(work().await, (1, 0), "{name}");
        }
        // 59 seconds for nobody, 59 + 30 + 59 for wang: free, and the right password is let in and forgets the rest.
        desk.log_in("wang", PASSWORD).await.unwrap();
        for _ in 0..5 {
            refused(desk.log_in("wang", "not-the-password").await, "people.login");
        }
        refused(desk.log_in("wang", PASSWORD).await, "people.login");
        desk.about("wang", "people.unlock").await.unwrap();
        desk.log_in("WANG ", PASSWORD).await.unwrap();
    }

    async fn a_hundred_guesses_at_once_are_counted_one_after_another(world: World) {
        let desk = Desk::of(&world.books);
        desk.enlist("wang").await;
        // The right one comes last: by then the account is locked.
        let mut guesses: Vec<String> = (0..40).map(|i| format!("a-wrong-guess-{i}")).collect();
        guesses.push(PASSWORD.to_owned());
        let tried = guesses.iter().map(|guess| desk.log_in("wang", guess));
        let answers = futures_util::future::join_all(tried).await;
        let counted = kept(&world).await.lines().filter(|act| act.contains("\"failed\":{")).count();
        assert_eq!(counted, 5);
        assert!(answers.iter().all(Result::is_err));

        // More at once than may wait: some are sent away before any work is done for them.
        let flood = (0..150).map(|i| desk.log_in("wang", if i % 2 == 0 { PASSWORD } else { "a-wrong-guess" }));
        let answers = futures_util::future::join_all(flood).await;
        let crowded = answers.iter().filter(|a| a.as_ref().is_err_and(|e| e.code() == "people.crowded")).count();
        assert!(crowded > 0 && crowded < 150, "{crowded}");
    }

    async fn a_code_is_used_once_and_a_recovery_code_too(world: World) {
        let desk = Desk::of(&world.books);
        desk.enlist("wang").await;
        let scope = Scope::Compound(world.compound);
        desk.appoint("wang", Role::PropertyCompany, scope, "2026-01-01", "").await.unwrap();
        let session = desk.log_in("wang", PASSWORD).await.unwrap();
        let caller = desk.who(&session).await.unwrap();
        assert!(!caller.is_strong());
        let (wang, person) = (caller.actor(Role::PropertyCompany), caller.person().unwrap());
        let confirm = async |code: &str| desk.entrance.confirm_second_factor(&wang, person, code.into()).await;
        refused(confirm("123456").await, "people.no-second-factor-proposed");
        let factor = desk.entrance.propose_second_factor(&wang, "wang", false, false).await.unwrap();
        let secret = unbase32(&factor.secret);
        let code = |world: &World| totp::code_on(&secret, world.clock.now());
        refused(confirm("12345").await, "people.code");
        // Until it is confirmed, it does not count.
        desk.log_in("wang", PASSWORD).await.unwrap();
        confirm(&code(&world)).await.unwrap();
        assert!(desk.who(&session).await.is_none(), "the session was begun without it");

        refused(desk.log_in("wang", PASSWORD).await, "people.code-wanted");
        let replayed = code(&world);
        refused(desk.log_in_with("wang", PASSWORD, Some(&replayed)).await, "people.login");
        later(&world, 30);
        let fresh = code(&world);
        refused(desk.log_in_with("wang", "not-the-password", Some(&fresh)).await, "people.login");
        let strong = desk.log_in_with("wang", PASSWORD, Some(&fresh)).await.unwrap();
        assert!(desk.who(&strong).await.unwrap().is_strong());
        refused(desk.log_in_with("wang", PASSWORD, Some(&fresh)).await, "people.login");
        // What makes the codes lies sealed, as the telephone does, and opens under a new key.
        let db = world.back_door().await;
        let lies = async |sql: &str| -> Vec<u8> {
            let question = Statement::from_string(db.get_database_backend(), sql);
            db.query_one_raw(question).await.unwrap().unwrap().try_get_by_index(0).unwrap()
        };
        for (sql, plain) in [
            ("SELECT secret_sealed FROM totp", secret.as_slice()),
            ("SELECT phone_sealed FROM person WHERE phone_sealed IS NOT NULL", b"19900001234"),
        ] {
            assert!(!lies(sql).await.windows(plain.len()).any(|window| window == plain), "{sql}");
        }
        ledger::books::rotate(&world.books, &ledger::sealed()).await.unwrap();
        later(&world, 30);
        desk.log_in_with("wang", PASSWORD, Some(&code(&world))).await.unwrap();
        let recovery = &factor.recovery_codes[3];
        desk.log_in_with("wang", PASSWORD, Some(recovery)).await.unwrap();
        refused(desk.log_in_with("wang", PASSWORD, Some(recovery)).await, "people.login");

        // A new one wants the old one shown; the operator of the machine may take it away.
        let weak = desk.entrance.propose_second_factor(&wang, "wang", false, false).await;
        refused(weak, "people.second-factor");
        desk.entrance.propose_second_factor(&wang, "wang", true, false).await.unwrap();
        let another = &factor.recovery_codes[4];
        desk.log_in_with("wang", PASSWORD, Some(another)).await.unwrap();
        desk.entrance.drop_second_factor(&desk.admin, "wang").await.unwrap();
        assert!(desk.who(&strong).await.is_none());
        desk.log_in("wang", PASSWORD).await.unwrap();

        let acts = kept(&world).await;
        let secrets = [PASSWORD, "19900001234", &factor.secret, recovery, &session, &strong, &fresh, "not-the-password"];
        for secret in secrets {
            assert!(!acts.contains(secret), "{secret} is in the acts:\n{acts}");
        }
    }

    async fn a_session_dies_of_a_new_password_a_new_number_a_log_out_and_of_age(world: World) {
        let desk = Desk::of(&world.books);
        desk.enlist("wang").await;
        let wang = Actor::new("wang", Role::PropertyCompany);
        let begin = async || desk.log_in("wang", PASSWORD).await.unwrap();

        let (one, other) = (begin().await, begin().await);
        let caller = desk.who(&one).await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let open = people::sessions(&mut view, caller.person().unwrap(), world.clock.now()).await.unwrap();
        assert_eq!(open.len(), 2);
        drop(view);
        desk.entrance.log_out(&wang, open[0].no).await.unwrap();
        assert!(desk.who(&one).await.is_none() && desk.who(&other).await.is_some());

        let next = "a-second-plum-rain";
        let wrong = desk.entrance.change_password(&wang, "not-the-password".into(), next.into()).await;
        refused(wrong, "people.login");
        let same = desk.entrance.change_password(&wang, PASSWORD.into(), PASSWORD.into()).await;
        refused(same, "people.password-same");
        desk.entrance.change_password(&wang, PASSWORD.into(), next.into()).await.unwrap();
        assert!(desk.who(&other).await.is_none());
        refused(desk.log_in("wang", PASSWORD).await, "people.login");
        let session = desk.log_in("wang", next).await.unwrap();
        desk.about("wang", "people.set-phone").await.unwrap();
        assert!(desk.who(&session).await.is_none());
        let password = desk.entrance.reset_password(&desk.admin, "wang").await.unwrap();
        let session = desk.log_in("wang", &password).await.unwrap();
        desk.about("wang", "people.disable").await.unwrap();
        assert!(desk.who(&session).await.is_none());
        refused(desk.log_in("wang", &password).await, "people.login");
        desk.about("wang", "people.enable").await.unwrap();
        assert!(desk.who(&session).await.is_none());

        // Half an hour without a visit; twelve hours with.
        let idle = desk.log_in("wang", &password).await.unwrap();
        later(&world, 29 * 60);
        assert!(desk.who(&idle).await.is_some());
        later(&world, 29 * 60);
        assert!(desk.who(&idle).await.is_some());
        later(&world, 30 * 60);
        assert!(desk.who(&idle).await.is_none());
        let busy = desk.log_in("wang", &password).await.unwrap();
        let counted = async || kept(&world).await.lines().filter(|act| act.starts_with("people.stay ")).count();
        let stays = counted().await;
        for minute in 1..12 * 60 {
            later(&world, 60);
            assert!(desk.who(&busy).await.is_some(), "minute {minute}");
        }
        later(&world, 60);
        assert!(desk.who(&busy).await.is_none());
        let stays = counted().await - stays;
        assert!(stays <= 12 * 12, "{stays} acts in twelve hours");
    }

    async fn a_token_is_revoked_here_at_once_and_elsewhere_at_the_next_look(world: World) {
        let desk = Desk::of(&world.books);
        desk.enlist("wang").await;
        let scope = Scope::Compound(world.compound);
        let mandate = desk.appoint("wang", Role::PropertyCompany, scope, "2026-01-01", "").await.unwrap();
        desk.appoint("wang", Role::Auditor, scope, "2026-01-01", "2026-12-31").await.unwrap();
        let elsewhere = Books::open_with(&world.url, world.clock.clone()).await.unwrap();
        let elsewhere = Desk::of(&elsewhere);
        let mut lived = Vec::new();
        for _ in 0..5 {
            let (no, token) = desk.token("wang", mandate, "2026-02-01T00:00:00+08:00").await.unwrap();
            assert!(token.starts_with("xq_") && token.len() == 67);
            for side in [&desk, &elsewhere] {
                let caller = side.who(&token).await.unwrap();
                assert_eq!(caller.in_force().map(|held| held.role).collect::<Vec<_>>(), [Role::PropertyCompany]);
            }
            // Warm, and looked at.
            tokio::time::sleep(std::time::Duration::from_millis(130)).await;
            assert!(elsewhere.who(&token).await.is_some());
            desk.entrance.revoke_token(&desk.admin, None, no).await.unwrap();
            let since = std::time::Instant::now();
            assert!(desk.who(&token).await.is_none(), "here it is gone when its taker hears of it");
            while elsewhere.who(&token).await.is_some() {
                assert!(since.elapsed().as_millis() < 1_500, "elsewhere it still opens");
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            lived.push(since.elapsed().as_millis());
        }
        println!("a revoked token lived elsewhere for {lived:?} ms");
        assert!(lived.iter().all(|millis| *millis <= 500), "{lived:?}");

        let (_, token) = desk.token("wang", mandate, "2026-02-01T00:00:00+08:00").await.unwrap();
        turn(&world, "2026-01-31T23:59:59+08:00");
        assert!(desk.who(&token).await.is_some());
        desk.about("wang", "people.disable").await.unwrap();
        assert!(desk.who(&token).await.is_none());
        desk.about("wang", "people.enable").await.unwrap();
        assert!(desk.who(&token).await.is_some());
        turn(&world, "2026-02-01T00:00:00+08:00");
        assert!(desk.who(&token).await.is_none());
        for shown in ["", "xq_", "xs_", "nobody", &token[..66], &token.to_uppercase(), &token.replace("xq_", "xs_")] {
            assert!(desk.who(shown).await.is_none(), "{shown}");
        }
    }
}

pub(crate) fn unbase32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let five = if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
        bits = (bits << 5 | u32::from(five)) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}
