//! Four eyes: two clerks and a reversal, everybody who would do without the second, and codes that are shown anew.

use futures_util::future::join_all;
use ledger::books::{Actor, Request, Role};
use ledger::countersign::KEPT_DAYS;
use ledger::id::{CompoundId, MandateNo};
use ledger::journal;
use ledger::people::{Scope, totp};
use ledger::policy;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use xiaoqu::config::Config;
use xiaoqu::openapi::DOCUMENT;
use xiaoqu::routes::{self, ROUTES};
use xiaoqu::wire::Schemas;

use crate::doors::{Answered, Doors, SECOND, SECOND_OFFICER, bearer, token, traces};
use crate::on_both;
use crate::people::{Desk, PASSWORD, later, unbase32};
use crate::verify::{behind, without_triggers};
use crate::world::{World, deposit_entry};

fn deposit(room: &str, fen: i64) -> Value {
    json!({ "room": room, "amount_fen": fen, "received_on": "2026-01-04" })
}

fn turned(voucher: &str) -> Value {
    json!({ "voucher": voucher, "on": "2026-01-05", "style": "red", "reason": "重复记账" })
}

fn clerk() -> String {
    token(Role::PropertyCompany)
}

/// What one asks for, and the request as everybody may look at it.
async fn asked(doors: &Doors, who: &str, path: &str, body: &Value) -> Value {
    let kept = doors.knock(who, "POST", path, Some(body)).await.must(202);
    look(doors, kept["countersign_no"].as_i64().unwrap()).await
}

async fn look(doors: &Doors, no: i64) -> Value {
    doors.get(&format!("/countersigns/{no}")).await.must(200)
}

async fn sign(doors: &Doors, who: &str, request: &Value) -> Answered {
    let path = format!("/countersigns/{}/confirm", request["countersign_no"]);
    doors.knock(who, "POST", &path, Some(&json!({ "sha256": request["sha256"] }))).await
}

async fn rule(doors: &Doors, who: &str, request: &Value, word: &str) -> Answered {
    let path = format!("/countersigns/{}/{word}", request["countersign_no"]);
    doors.knock(who, "POST", &path, Some(&json!({ "reason": "凭证号有误" }))).await
}

async fn vouchers(doors: &Doors) -> usize {
    doors.get("/books/fund/vouchers").await.must(200)["items"].as_array().unwrap().len()
}

/// The acts of the small compound by a verb: actor, second, pack.
async fn acts(world: &World, verb: &str) -> Vec<(String, String, String)> {
    let db = world.back_door().await;
    let sql = format!(
        "SELECT actor, second, pack FROM act WHERE compound_id = {} AND verb = '{verb}' ORDER BY act_no",
        world.compound
    );
    let rows =
        db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let text = |row: &sea_orm::QueryResult, i| row.try_get_by_index::<String>(i).unwrap();
    let acts = rows.iter().map(|row| (text(row, 0), text(row, 1), text(row, 2))).collect();
    db.close().await.unwrap();
    acts
}

/// Adds a version of the nation's pack with other lists of deeds.
async fn legislate(world: &World, version: &str, second_person: &str, second_factor: &str) {
    let parameter = |name: &str, value: &str| {
        format!(
            "[[parameter]]\nname = \"{name}\"\nvalue = {value}\narticle = \"某条\"\nsays = \"某项\"\n\
             evidence = \"unverified\"\nsource = \"测试\"\n"
        )
    };
    let body = format!(
        "code = \"100000\"\ntitle = \"全国\"\nversion = \"{version}\"\namends = \"2021-01\"\n\
         effective-from = 2026-01-01\ndays-evidence = \"unverified\"\n{}{}",
        parameter("second-person", second_person),
        parameter("second-factor", second_factor)
    );
    let request = Request::new("policy.add", body);
    let operator = Actor::operator();
    let added = world
        .books
        .act(&operator, CompoundId::OFFICE, request, |tx, body| Box::pin(policy::add(tx, body)));
    added.await.unwrap();
}

/// Somebody of the property company with an account, and a token of theirs.
async fn enlist(world: &World, desk: &Desk, name: &str, until: &str) -> (MandateNo, String) {
    desk.enlist(name).await;
    let scope = Scope::Compound(world.compound);
    let mandate =
        desk.appoint(name, Role::PropertyCompany, scope, "2026-01-01", until).await.unwrap();
    (mandate, desk.token(name, mandate, "2026-12-31T00:00:00Z").await.unwrap().1)
}

/// Somebody's session behind a second factor, and the secret of it.
async fn strong(world: &World, desk: &Desk, doors: &Doors, name: &str) -> (String, Vec<u8>) {
    let operator = Actor::operator();
    let factor = desk.entrance.propose_second_factor(&operator, name, true, true).await.unwrap();
    let secret = unbase32(&factor.secret);
    let code = totp::code_on(&secret, world.clock.now());
    let body = json!({ "user": name, "password": PASSWORD, "code": code });
    let request =
        axum::http::Request::post("/api/v1/sessions").header("content-type", "application/json");
    let begun =
        doors.send(request.body(axum::body::Body::from(body.to_string())).unwrap()).await.must(201);
    (begun["session"].as_str().unwrap().to_owned(), secret)
}

/// What the command line tells of the small compound.
async fn xiaoqu_says(world: &World, args: &[&str]) -> String {
    let args = [&["xiaoqu", "--db", &world.url], args, &["--compound", "xiaohe"]].concat();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = xiaoqu::cli::run(args.into_iter().map(Into::into), &mut out, &mut err).await;
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
    String::from_utf8(out).unwrap()
}

/// The table of routes keeps what the wall in front of it counts on.
#[test]
fn a_deed_is_a_post_at_a_compound_and_its_202_is_described() {
    let signing = |id: &str| ROUTES.iter().find(|route| route.id == id).unwrap();
    let (at_compound, in_house) =
        (signing("countersign::confirm"), signing("countersign::confirm_in_house"));
    let mut schemas = Schemas::default();
    let mut deeds = Vec::new();
    for route in ROUTES.iter().filter(|route| route.deed.is_some()) {
        assert_eq!(route.method, "POST", "{}", route.path);
        let signers = match route.scope {
            routes::Scope::Compound => at_compound,
            routes::Scope::House => in_house,
            scope => panic!("{scope:?} at {}", route.path),
        };
        assert!(route.roles.iter().all(|role| signers.roles.contains(role)), "{}", route.path);
        let sketch = route.sketch(&mut schemas);
        assert!(!sketch.is_upload && sketch.is_act, "{}", route.path);
        let answers = &DOCUMENT["paths"][route.path]["post"]["responses"];
        let kept = &answers["202"];
        assert!(kept["headers"]["Location"].is_object(), "{kept}");
        assert_eq!(
            kept["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/KeptView"
        );
        // What is refused here may be refused to whoever signs.
        let signing = DOCUMENT["paths"][signers.path]["post"]["responses"].to_string();
        for rule in route.rules.iter().copied().flatten() {
            assert!(signing.contains(rule.code), "{}", rule.code);
        }
        deeds.push((route.id, route.deed.unwrap().name()));
    }
    for wanted in [
        ("journal::reverse", "reversal"),
        ("journal::close", "close"),
        ("imports::undo", "reversal"),
        ("gains::run_interest", "gains-run"),
    ] {
        assert!(deeds.contains(&wanted), "{deeds:?}");
    }
}

on_both! {
    async fn interest_for_all_takes_two_officers_and_each_compound_is_an_act_of_its_own(world: World) {
        let doors = Doors::of(&world);
        let officer = token(Role::HousingAuthority);
        let ask = async |who: &str, method: &str, path: &str, body: Option<Value>| {
            doors.knock(who, method, &format!("/api/v1{path}"), body.as_ref()).await
        };
        crate::gains::somebody_is_due(&world).await;
        // Asked and turned down, asked again and taken back.
        for (no, who, word, state) in [(1, SECOND_OFFICER, "refuse", "refused"), (2, officer.as_str(), "withdraw", "withdrawn")] {
            ask(&officer, "POST", "/interest-runs", Some(json!({ "year": 2025 }))).await.must(202);
            let reason = Some(json!({ "reason": "年度有误" }));
            let ruled = ask(who, "POST", &format!("/countersigns/{no}/{word}"), reason).await.must(201);
            assert_eq!(ruled["state"], state);
        }
        let year = json!({ "year": 2025 });
        let kept = ask(&officer, "POST", "/interest-runs", Some(year)).await;
        assert_eq!(kept.headers["location"], "/api/v1/countersigns/3");
        let kept = kept.must(202);
        assert_eq!(kept["deed"], "gains-run");
        assert_eq!(ask(&officer, "GET", "/interest-runs", None).await.must(200)["items"], json!([]));
        let listed = ask(&officer, "GET", "/countersigns", None).await.must(200);
        assert_eq!((&listed["items"][0]["summary"], &listed["items"][0]["state"]), (&json!("结息"), &json!("waiting")));
        let whole = ask(&officer, "GET", "/countersigns/3", None).await.must(200);
        assert!(whole["says"].as_str().unwrap().contains("2025"), "{whole}");

        let signature = || Some(json!({ "sha256": whole["sha256"] }));
        ask(&officer, "POST", "/countersigns/3/confirm", signature()).await.problem(403, "countersign.same-person");
        for role in [Role::PropertyCompany, Role::Auditor, Role::Administrator] {
            ask(&token(role), "POST", "/countersigns/3/confirm", signature()).await.problem(403, "door.role");
        }
        let done = ask(SECOND_OFFICER, "POST", "/countersigns/3/confirm", signature()).await.must(201);
        assert_eq!((&done["countersign_no"], &done["answer"]["run_no"], &done["answer"]["expected"]), (&json!(3), &json!(1), &json!(2)));
        ask(SECOND_OFFICER, "POST", "/countersigns/3/confirm", signature()).await.problem(409, "countersign.decided");
        let verdict = ledger::verify::verify(&world.books, None).await.unwrap();
        assert!(verdict.iter().all(|law| law.failed == 0), "{verdict:?}");
    }

    async fn a_reversal_takes_two_clerks_and_is_one_act(world: World) {
        let doors = Doors::of(&world);
        doors.post("/deposits", deposit("1-1-101", 800_000)).await.must(201);
        let before = traces(&world).await;
        let kept = doors.post("/reversals", turned("fund/2026-0001")).await;
        assert_eq!(kept.headers["location"], "/api/v1/compounds/xiaohe/countersigns/1");
        let kept = kept.must(202);
        assert_eq!((&kept["countersign_no"], &kept["deed"], &kept["lapses_on"]), (&json!(1), &json!("reversal"), &json!("2026-01-19")));
        let mut after = traces(&world).await;
        after[0] -= 1; // the asking itself is an act, and all there is
        assert_eq!(after, before);

        let listed = doors.get("/countersigns").await.must(200);
        let row = &listed["items"][0];
        assert_eq!((&row["state"], &row["asked_by"], &row["summary"]), (&json!("waiting"), &json!("物业公司"), &json!("冲销凭证")));
        let whole = look(&doors, 1).await;
        assert_eq!(serde_json::from_str::<Value>(whole["body"].as_str().unwrap()).unwrap(), turned("fund/2026-0001"));
        assert_eq!((&whole["sha256"], &whole["path"]), (&kept["sha256"], &json!("/api/v1/compounds/xiaohe/reversals")));
        assert!(whole["pack"].as_str().unwrap().starts_with("100000@2021-01 sha256:"), "{whole}");
        assert_eq!(vouchers(&doors).await, 1);
        // The signer reads what they sign, in words, with what the books say of it.
        let says = whole["says"].as_str().unwrap();
        for told in ["冲销凭证。", "凭证号 fund/2026-0001", "冲销日期 2026-01-05", "冲销方式 红字冲销", "原因 重复记账",
            "原凭证 fund/2026-0001 交存，2026-01-04，8,000.00 元", "涉及房屋 1-1-101（共 1 户）"] {
            assert!(says.contains(told), "{told}: {says}");
        }
        let fields = whole["fields"].as_array().unwrap();
        assert!(fields.contains(&json!({ "label": "原因", "value": "重复记账" })), "{fields:?}");
        let told = xiaoqu_says(&world, &["countersign", "show", "1"]).await;
        assert!(told.contains("冲销凭证  物业公司（物业公司）2026-01-05 09:00:00 提出\n") && told.contains("  原因：重复记账\n"), "{told}");
        assert!(xiaoqu_says(&world, &["countersign", "list", "--all"]).await.ends_with("共 1 项\n"));
        for blank in ["", " 　"] {
            let mut asked = turned("fund/2026-0001");
            asked["reason"] = json!(blank);
            doors.post("/reversals", asked).await.problem(400, "journal.reason");
        }

        let done = sign(&doors, SECOND, &whole).await.must(201);
        assert_eq!((&done["countersign_no"], &done["answer"]["vouchers"]), (&json!(1), &json!(["fund/2026-0002"])));
        let done_by = done["answer"]["act_no"].clone();
        let recorded = acts(&world, "journal.reverse").await;
        assert_eq!(recorded.len(), 1);
        assert_eq!((recorded[0].0.as_str(), recorded[0].1.as_str()), ("物业公司", "物业公司复核"));
        assert_eq!(whole["pack"], recorded[0].2.as_str());
        let decided = look(&doors, 1).await;
        assert_eq!((&decided["state"], &decided["decided_by"], &decided["decided_by_act"]),
            (&json!("confirmed"), &json!("物业公司复核"), &done_by));
        assert_eq!(doors.get("/countersigns").await.must(200)["items"], json!([]));
        assert_eq!(doors.get("/countersigns?which=all").await.must(200)["items"][0]["state"], "confirmed");
        let found = doors.get(&format!("/audit?actor={}", urlencoded("物业公司复核"))).await.must(200);
        assert_eq!(found["items"][0]["verb"], "journal.reverse");

        // Once more is told what became of it; and what would be refused is refused at the first asking.
        let again = sign(&doors, SECOND, &whole).await.problem(409, "countersign.decided");
        assert_eq!((&again["act_no"], &again["decided_by"]), (&done_by, &json!("物业公司复核")));
        doors.post("/reversals", turned("fund/2026-0001")).await.problem(409, "journal.reversed");
        doors.post("/reversals", turned("fund/2026-0009")).await.problem(404, "journal.no-voucher");

        // A close is a deed too: the law was asked, and found one person enough.
        doors.post("/closes", json!({ "book": "fund", "month": "2025-12" })).await.must(201);
        let closed = acts(&world, "journal.close").await;
        assert!(closed[0].1.is_empty() && closed[0].2.starts_with("100000@2021-01 sha256:"), "{closed:?}");
        assert_eq!(doors.get("/verify").await.must(200)["ok"], true);
        assert_eq!(doors.get("/api/v1/verify").await.must(200)["ok"], true);
    }

    /// Whoever would do it alone, or as somebody else, or with something else than was seen.
    async fn everybody_who_would_do_without_the_second_is_turned_away(world: World) {
        let doors = Doors::with(&world, Config { second_factor: Vec::new(), ..Config::default() });
        let desk = Desk::of(&world.books);
        let (held, wang) = enlist(&world, &desk, "wang", "2026-12-31").await;
        let (_, li) = enlist(&world, &desk, "li", "2026-12-31").await;
        // The same person in another role and by another token; somebody who has no account but the name.
        let scope = Scope::Compound(world.compound);
        let twice = desk.appoint("wang", Role::OwnersCommittee, scope, "2026-01-01", "2026-12-31").await.unwrap();
        let wangs_other = desk.token("wang", twice, "2026-12-31T00:00:00Z").await.unwrap().1;
        let wangs_second = desk.token("wang", held, "2026-12-31T00:00:00Z").await.unwrap().1;
        let elsewhere = world.found("dahe", "大河里小区").await;
        desk.enlist("sun").await;
        let theirs = desk.appoint("sun", Role::PropertyCompany, Scope::Compound(elsewhere), "2026-01-01", "2026-12-31").await.unwrap();
        let sun = desk.token("sun", theirs, "2026-12-31T00:00:00Z").await.unwrap().1;

        for fen in 1..=6 {
            doors.post("/deposits", deposit("1-1-101", fen)).await.must(201);
        }
        let first = asked(&doors, &wang, "/reversals", &turned("fund/2026-0001")).await;
        let posted = vouchers(&doors).await;
        for (who, status, code) in [
            (&wang, 403, "countersign.same-person"),
            (&wangs_second, 403, "countersign.same-person"),
            (&wangs_other, 403, "door.role"),
            (&sun, 404, "property.no-compound"),
            (&token(Role::OwnersCommittee), 403, "door.role"),
            (&token(Role::StreetOffice), 403, "door.role"),
            (&token(Role::Auditor), 403, "door.role"),
            (&token(Role::Administrator), 403, "door.role"),
            (&"nobody-knows-this-one".to_owned(), 401, "door.unknown-caller"),
        ] {
            sign(&doors, who, &first).await.problem(status, code);
            rule(&doors, who, &first, "refuse").await.problem(status, code);
        }
        rule(&doors, &li, &first, "withdraw").await.problem(403, "countersign.not-yours");
        doors.knock(&sun, "GET", "/countersigns/1", None).await.problem(404, "property.no-compound");
        for shown in ["a".repeat(64), "A".repeat(64), String::new(), "é".repeat(32)] {
            let path = "/countersigns/1/confirm";
            doors.knock(&li, "POST", path, Some(&json!({ "sha256": shown }))).await.problem(422, "countersign.changed");
        }
        doors.knock(&li, "POST", "/countersigns/1/confirm", Some(&json!({}))).await.problem(400, "door.shape");
        for no in ["9", "0", "-1", "x"] {
            let (status, code) = if no == "9" || no == "0" { (404, "countersign.none") } else { (404, "door.no-route") };
            for word in ["", "/confirm", "/refuse", "/withdraw"] {
                let method = if word.is_empty() { "GET" } else { "POST" };
                let body = match word {
                    "" => None,
                    "/confirm" => Some(json!({ "sha256": first["sha256"] })),
                    _ => Some(json!({ "reason": "有误" })),
                };
                doors.knock(&li, method, &format!("/countersigns/{no}{word}"), body.as_ref()).await.problem(status, code);
            }
        }
        for (reason, status, code) in [
            ("", 400, "countersign.reason"), ("a", 400, "countersign.reason"), ("两\n行", 400, "countersign.reason"),
            (&"长".repeat(201), 400, "countersign.reason"), ("打19900001234", 422, "seal.person-in-text"),
        ] {
            for (who, word) in [(&li, "refuse"), (&wang, "withdraw")] {
                let path = format!("/countersigns/1/{word}");
                doors.knock(who, "POST", &path, Some(&json!({ "reason": reason }))).await.problem(status, code);
            }
        }
        // The same once more waits behind the first, whoever asks.
        for who in [&wang, &li] {
            let told = doors.knock(who, "POST", "/reversals", Some(&turned("fund/2026-0001"))).await;
            assert_eq!(told.problem(409, "countersign.same-waiting")["countersign_no"], 1);
        }
        assert_eq!(vouchers(&doors).await, posted);

        // Taken back, turned down, lapsed: none can be signed after it.
        rule(&doors, &wang, &first, "withdraw").await.must(201);
        sign(&doors, &li, &first).await.problem(409, "countersign.decided");
        rule(&doors, &wang, &first, "withdraw").await.problem(409, "countersign.decided");
        let second = asked(&doors, &wang, "/reversals", &turned("fund/2026-0002")).await;
        let ruled = rule(&doors, &li, &second, "refuse").await.must(201);
        assert_eq!((&ruled["state"], &look(&doors, 2).await["reason"]), (&json!("refused"), &json!("凭证号有误")));
        sign(&doors, &li, &second).await.problem(409, "countersign.decided");
        let third = asked(&doors, &wang, "/reversals", &turned("fund/2026-0003")).await;
        later(&world, i64::try_from(KEPT_DAYS).unwrap() * 86_400);
        assert_eq!(look(&doors, 3).await["state"], "waiting");
        later(&world, 86_400);
        assert_eq!((&look(&doors, 3).await["state"], &doors.get("/countersigns").await.must(200)["items"]), (&json!("lapsed"), &json!([])));
        sign(&doors, &li, &third).await.problem(409, "countersign.lapsed");
        rule(&doors, &wang, &third, "withdraw").await.problem(409, "countersign.lapsed");

        // Whoever asked must still have the right when it happens: disabled, mandate broken off, login gone.
        let today = json!({ "voucher": "fund/2026-0003", "on": "2026-01-05", "style": "red", "reason": "重复记账" });
        let fourth = asked(&doors, &wang, "/reversals", &today).await;
        let machines = asked(&doors, &clerk(), "/reversals", &turned("fund/2026-0004")).await;
        desk.end_mandate(held.0, None).await.unwrap();
        sign(&doors, &li, &fourth).await.problem(422, "countersign.asker-gone");
        let bare = Doors::bare(&world);
        sign(&bare, &li, &machines).await.problem(422, "countersign.asker-gone");
        assert_eq!((&look(&doors, 4).await["state"], vouchers(&doors).await), (&json!("waiting"), posted));
        // The right is back, and so is the way.
        desk.appoint("wang", Role::PropertyCompany, scope, "2026-01-01", "2026-12-31").await.unwrap();
        sign(&doors, &li, &fourth).await.must(201);
        sign(&doors, &li, &machines).await.must(201);
        assert_eq!(vouchers(&doors).await, posted + 2);

        // Every refused signature is on record, with whoever tried.
        let refused = acts(&world, "refused.attempt").await;
        assert!(refused.iter().filter(|(actor, ..)| actor == "wang").count() >= 2, "{refused:?}");
        assert_eq!(doors.get("/api/v1/verify").await.must(200)["ok"], true);
    }

    /// With the database in one's own hands: what was asked is not changed, nobody signs for themselves, and a body from
    /// another row does not open.
    async fn the_database_keeps_what_was_asked(world: World) {
        let doors = Doors::of(&world);
        for fen in 1..=2 {
            doors.post("/deposits", deposit("1-1-101", fen)).await.must(201);
        }
        let first = asked(&doors, &clerk(), "/reversals", &turned("fund/2026-0001")).await;
        asked(&doors, &clerk(), "/reversals", &turned("fund/2026-0002")).await;
        let db = world.back_door().await;
        let signed = "decided_role = 'property-company', decided_at = 1, decided_by_act = 1";
        for statement in [
            "UPDATE countersign SET path = '/api/v1/compounds/xiaohe/closes' WHERE countersign_no = 1".to_owned(),
            "UPDATE countersign SET route = 'journal::close' WHERE countersign_no = 1".to_owned(),
            "UPDATE countersign SET query = 'a=b', body_sha256 = body_sha256 WHERE countersign_no = 1".to_owned(),
            "UPDATE countersign SET asked_by = '李四' WHERE countersign_no = 1".to_owned(),
            "UPDATE countersign SET lapses_on = '2027-01-01' WHERE countersign_no = 1".to_owned(),
            format!("UPDATE countersign SET state = 'confirmed', decided_by = asked_by, {signed} WHERE countersign_no = 1"),
            "UPDATE countersign SET state = 'confirmed' WHERE countersign_no = 1".to_owned(),
            "UPDATE countersign SET state = 'done' WHERE countersign_no = 1".to_owned(),
            "DELETE FROM countersign WHERE countersign_no = 1".to_owned(),
            "INSERT INTO countersign SELECT * FROM countersign WHERE countersign_no = 1".to_owned(),
        ] {
            assert!(db.execute_unprepared(&statement).await.is_err(), "{statement}");
        }
        sign(&doors, SECOND, &first).await.must(201);
        for statement in [
            "UPDATE countersign SET state = 'waiting', decided_by_act = NULL, decided_at = NULL WHERE countersign_no = 1",
            "UPDATE countersign SET decided_by = '李四' WHERE countersign_no = 1",
        ] {
            assert!(db.execute_unprepared(statement).await.is_err(), "{statement}");
        }
        // The body alone may be written again, because a new key seals it anew; it opens only where it belongs.
        ledger::books::rotate(&world.books, &ledger::sealed()).await.unwrap();
        let second = look(&doors, 2).await;
        let moved = "UPDATE countersign SET body_sealed = (SELECT o.body_sealed FROM countersign o WHERE o.countersign_no = 1)
                     WHERE countersign_no = 2";
        db.execute_unprepared(moved).await.unwrap();
        doors.get("/countersigns/2").await.problem(422, "seal.broken");
        sign(&doors, SECOND, &second).await.problem(422, "seal.broken");
        let emptied = if world.backend == crate::world::Backend::Sqlite { "x''" } else { "''::bytea" };
        db.execute_unprepared(&format!("UPDATE countersign SET body_sealed = {emptied} WHERE countersign_no = 2")).await.unwrap();
        sign(&doors, SECOND, &second).await.problem(422, "countersign.changed");
        db.close().await.unwrap();
        assert_eq!(vouchers(&doors).await, 3);
    }

    /// With the guards off: a signature nobody gave, and one that was taken away, are named by the law.
    async fn a_forged_signature_is_named(world: World) {
        let doors = Doors::of(&world);
        for fen in 1..=2 {
            doors.post("/deposits", deposit("1-1-101", fen)).await.must(201);
            doors.post_signed("/reversals", turned(&format!("fund/2026-{:04}", 2 * fen - 1))).await;
        }
        let law = async || {
            let laws = ledger::verify::verify(&world.books, Some(world.compound)).await.unwrap();
            laws.into_iter().find(|law| law.name == "deeds-signed").unwrap()
        };
        let sound = law().await;
        assert_eq!((sound.checked, sound.failed), (2, 0));
        let db = without_triggers(&world).await;
        let row = "compound_id = {c} AND countersign_no = 1";
        for (harm, mend, says) in [
            ("UPDATE act SET second = '' WHERE second <> '' AND act_no < 6", "UPDATE act SET second = '物业公司复核' WHERE verb = 'journal.reverse'", "复核申请 1"),
            ("UPDATE act SET second = '李四' WHERE verb = 'fund.deposit'", "UPDATE act SET second = '' WHERE verb = 'fund.deposit'", "操作 2"),
            (&format!("UPDATE countersign SET decided_by = '李四' WHERE {row}"), &format!("UPDATE countersign SET decided_by = '物业公司复核' WHERE {row}"), "复核申请 1"),
            (&format!("UPDATE countersign SET asked_by = '李四' WHERE {row}"), &format!("UPDATE countersign SET asked_by = '物业公司' WHERE {row}"), "复核申请 1"),
            (&format!("UPDATE countersign SET decided_by_act = 2 WHERE {row}"), &format!("UPDATE countersign SET decided_by_act = 4 WHERE {row}"), "复核申请 1"),
        ] {
            behind(&world, &db, harm).await;
            let found = law().await;
            assert!(found.failed > 0 && found.first.as_ref().unwrap().contains(says), "{harm}: {found:?}");
            behind(&world, &db, mend).await;
            assert_eq!(law().await.failed, 0, "{mend}: {:?}", law().await);
        }
        db.close().await.unwrap();
    }

    /// A body may hold anything: it lies sealed, is told in no record, and whoever looks at a person's number in it is recorded.
    async fn a_person_in_a_request_lies_sealed_and_looking_is_an_act(world: World) {
        const PHONE: &str = "19900001234";
        let doors = Doors::of(&world);
        let csv = "小区名称,楼,单元,房屋,业主姓名,证件号码,证件类型,电梯标志,摘要,交易时间,交易金额,发票号,面积\n\
             小河里小区,1栋,1单元,102,业主1121,,,否,开户,2025-03-01,100.00,F1,81.20\n";
        let file = axum::http::Request::post("/api/v1/compounds/xiaohe/imports?kind=deposits")
            .header("authorization", bearer(Role::PropertyCompany)).header("content-type", "text/csv");
        doors.send(file.body(axum::body::Body::from(csv)).unwrap()).await.must(201);
        for path in [format!("/imports/1/undo?tel={PHONE}"), "/imports/1/undo".to_owned()] {
            let kind = if path.contains('?') { "text/plain".to_owned() } else { format!("text/plain; x={PHONE}") };
            let knock = axum::http::Request::post(crate::doors::at(&path))
                .header("authorization", bearer(Role::PropertyCompany)).header("content-type", kind);
            doors.send(knock.body(axum::body::Body::from("x")).unwrap()).await.problem(422, "seal.person-in-text");
        }
        let request = asked(&doors, &clerk(), "/imports/1/undo", &json!({ "note": format!("打{PHONE}") })).await;
        assert!(request["body"].as_str().unwrap().contains(PHONE));
        assert_eq!(acts(&world, "read.countersign").await, [("审计".to_owned(), String::new(), String::new())]);
        let escaped = r#"{"note":"\u0031\u0039\u0039\u0030\u0030\u0030\u0030\u0031\u0032\u0033\u0034"}"#;
        let knock = axum::http::Request::post(crate::doors::at("/imports/1/undo"))
            .header("authorization", bearer(Role::PropertyCompany)).header("content-type", "application/json");
        doors.send(knock.body(axum::body::Body::from(escaped)).unwrap()).await.must(202);
        look(&doors, 2).await;
        assert_eq!(acts(&world, "read.countersign").await.len(), 2);
        let done = sign(&doors, SECOND, &request).await.must(201);
        assert_eq!(done["answer"]["rows"], 1);
        let db = world.back_door().await;
        for sql in [
            "SELECT count(*) FROM act WHERE request LIKE '%19900001234%' OR answer LIKE '%19900001234%'",
            "SELECT count(*) FROM countersign WHERE path || query || content_type || reason LIKE '%19900001234%'",
        ] {
            let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
            assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0, "{sql}");
        }
        let sealed = "SELECT body_sealed FROM countersign";
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sealed)).await.unwrap().unwrap();
        let sealed: Vec<u8> = row.try_get_by_index(0).unwrap();
        assert!(!sealed.windows(PHONE.len()).any(|window| window == PHONE.as_bytes()));
        db.close().await.unwrap();
    }

    async fn fifty_signatures_at_once_are_one_and_two_persons_are_told_apart(world: World) {
        let doors = Doors::with(&world, Config { second_factor: Vec::new(), ..Config::default() });
        let desk = Desk::of(&world.books);
        let (_, li) = enlist(&world, &desk, "li", "2026-12-31").await;
        doors.post("/deposits", deposit("1-1-101", 1)).await.must(201);
        let request = asked(&doors, &clerk(), "/reversals", &turned("fund/2026-0001")).await;
        let signers = [SECOND, li.as_str()];
        let answers = join_all((0..50).map(|n| sign(&doors, signers[n % 2], &request))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((won.len(), lost.len()), (1, 49));
        let decided = look(&doors, 1).await;
        for answer in lost {
            let told = answer.problem(409, "countersign.decided");
            assert_eq!((&told["decided_by"], &told["act_no"]), (&decided["decided_by"], &decided["decided_by_act"]));
        }
        assert_eq!((vouchers(&doors).await, acts(&world, "journal.reverse").await.len()), (2, 1));
        // Signing and withdrawing at once: one of them.
        doors.post("/deposits", deposit("1-1-101", 2)).await.must(201);
        let request = asked(&doors, &clerk(), "/reversals", &turned("fund/2026-0003")).await;
        let (own, doors, request) = (&clerk(), &doors, &request);
        let pressed = (0..20).map(|n| async move {
            match n % 2 {
                0 => sign(doors, SECOND, request).await,
                _ => rule(doors, own, request, "withdraw").await,
            }
        });
        let answers = join_all(pressed).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        let state = look(doors, 2).await["state"].clone();
        assert_eq!(vouchers(doors).await, if state == "confirmed" { 4 } else { 3 });
    }

    /// What is sent again under its key is answered again, by both hands, whatever has become of it.
    async fn the_same_key_asks_once_and_signs_once(world: World) {
        let doors = Doors::of(&world);
        for fen in 1..=2 {
            doors.post("/deposits", deposit("1-1-101", fen)).await.must(201);
        }
        let ask = async |voucher: &str| doors.post_under(Some("r-1"), "/reversals", turned(voucher)).await;
        let first = ask("fund/2026-0001").await;
        assert!(first.status == 202 && !first.headers.contains_key("idempotent-replayed"));
        let again = ask("fund/2026-0001").await;
        assert_eq!((&again.headers["idempotent-replayed"], &again.body), (&"true".parse().unwrap(), &first.body));
        ask("fund/2026-0002").await.problem(422, "books.key-differs");
        let request = look(&doors, 1).await;
        let sign_under = async |key: &str| {
            let body = json!({ "sha256": request["sha256"] });
            let knock = axum::http::Request::post("/api/v1/compounds/xiaohe/countersigns/1/confirm")
                .header("authorization", format!("Bearer {SECOND}")).header("content-type", "application/json")
                .header("idempotency-key", key);
            doors.send(knock.body(axum::body::Body::from(body.to_string())).unwrap()).await
        };
        let done = sign_under("s-1").await;
        let lost = sign_under("s-1").await;
        assert_eq!((done.status.as_u16(), lost.status.as_u16(), &done.body), (201, 201, &lost.body));
        assert!(lost.headers.contains_key("idempotent-replayed") && !done.headers.contains_key("idempotent-replayed"));
        sign_under("s-2").await.problem(409, "countersign.decided");
        let after = ask("fund/2026-0001").await;
        assert_eq!((after.status.as_u16(), &after.body), (202, &first.body));
        assert_eq!(vouchers(&doors).await, 3);
    }

    /// The rule says no at the last moment: whoever signs is told, nothing happened, the request stands as it was.
    async fn a_deed_refused_at_the_signature_leaves_the_request_waiting(world: World) {
        let doors = Doors::of(&world);
        for fen in 1..=2 {
            doors.post("/deposits", deposit("1-1-101", fen)).await.must(201);
        }
        let first = asked(&doors, &clerk(), "/reversals", &turned("fund/2026-0001")).await;
        let other = json!({ "voucher": "fund/2026-0001", "on": "2026-01-05", "style": "opposite", "reason": "另一件" });
        let second = asked(&doors, &clerk(), "/reversals", &other).await;
        sign(&doors, SECOND, &second).await.must(201);
        let before = traces(&world).await;
        sign(&doors, SECOND, &first).await.problem(409, "journal.reversed");
        assert_eq!(traces(&world).await, before);
        assert_eq!(look(&doors, 1).await["state"], "waiting");
        rule(&doors, SECOND, &first, "refuse").await.must(201);
    }

    async fn what_is_only_tried_is_judged_and_leaves_nothing(world: World) {
        let dwelling = world.dwelling("1-1-101").await;
        let before = traces(&world).await;
        let books = world.books.rehearsing();
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let (world, books) = (&world, &books);
        let tried = &async |fen: i64, on: &'static str| {
            let request = Request::describing("journal.post", deposit_entry(dwelling, fen, on), Value::Null).once("k");
            let tried = books.act(&clerk, world.compound, request, |tx, entry: &journal::Entry| {
                Box::pin(journal::post(tx, entry.clone()))
            });
            tried.await.unwrap_err().code()
        };
        for _ in 0..3 {
            assert_eq!(tried(100, "2026-01-04").await, "books.rehearsed");
        }
        assert_eq!(tried(100, "2026-01-06").await, "journal.future-day");
        assert_eq!(traces(world).await, before);
        let posted = world.post(deposit_entry(dwelling, 100, "2026-01-04")).await.unwrap();
        assert_eq!(posted.number, 1);
        // Between acts that are meant, in one batch with them.
        let both = (0..60).map(|n| async move {
            match n % 2 {
                0 => world.post(deposit_entry(dwelling, 100, "2026-01-04")).await.map(drop).map_err(|e| e.code()),
                _ => Err(tried(100, "2026-01-04").await),
            }
        });
        let ended = join_all(both).await;
        assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 30);
        assert_eq!(ended.iter().filter(|ended| **ended == Err("books.rehearsed")).count(), 30);
        let laws = ledger::verify::verify(&world.books, None).await.unwrap();
        assert!(laws.iter().all(|law| law.failed == 0), "{laws:?}");
        assert_eq!(acts(world, "journal.post").await.len(), 31);
        assert!(world.books.tally().counts().iter().all(|(_, ended, _)| ended.name() != "refused"));
    }

    /// The law wants the second factor shown anew: of whoever makes it happen, in a session, each code once.
    async fn what_the_law_wants_proved_is_proved_anew(world: World) {
        legislate(&world, "2026-01", "[\"reversal\"]", "[\"reversal\", \"close\"]").await;
        let doors = Doors::of(&world);
        let desk = Desk::of(&world.books);
        enlist(&world, &desk, "wang", "2026-12-31").await;
        enlist(&world, &desk, "zhao", "2026-12-31").await;
        let (_, lis_token) = enlist(&world, &desk, "li", "2026-12-31").await;
        let (wang, _) = strong(&world, &desk, &doors, "wang").await;
        let (li, secret) = strong(&world, &desk, &doors, "li").await;
        let prove = async |who: &str, code: &str| doors.knock(who, "POST", "/api/v1/session/proof", Some(&json!({ "code": code }))).await;
        let code = |world: &World| totp::code_on(&secret, world.clock.now());
        let close = json!({ "book": "fund", "month": "2025-12" });
        doors.post("/deposits", deposit("1-1-101", 1)).await.must(201);

        // The log-in was a proof, for ten minutes; a token is none at all.
        later(&world, 600);
        let request = asked(&doors, &wang, "/reversals", &turned("fund/2026-0001")).await;
        let told = sign(&doors, &lis_token, &request).await.problem(403, "people.prove-again");
        assert!(told["detail"].as_str().unwrap().contains("令牌"), "{told}");
        later(&world, 1);
        sign(&doors, &li, &request).await.problem(403, "people.prove-again");
        doors.knock(&li, "POST", "/closes", Some(&close)).await.problem(403, "people.prove-again");
        prove(&lis_token, &code(&world)).await.problem(403, "people.session-only");
        prove(&clerk(), &code(&world)).await.problem(403, "people.session-only");

        let used = code(&world);
        let proved = prove(&li, &used).await;
        assert_eq!(proved.status, 204, "{}", proved.text());
        prove(&li, &used).await.problem(422, "people.code");
        prove(&li, "").await.problem(422, "people.code");
        // Another session of hers has shown nothing, nor has another person's.
        doors.knock(&wang, "POST", "/closes", Some(&close)).await.problem(403, "people.prove-again");
        later(&world, 600);
        doors.knock(&li, "POST", "/closes", Some(&close)).await.must(201);
        sign(&doors, &li, &request).await.must(201);
        later(&world, 1);
        let next = json!({ "book": "service", "month": "2025-12" });
        doors.knock(&li, "POST", "/closes", Some(&next)).await.problem(403, "people.prove-again");
        // A login of the machine is as strong as the machine.
        doors.post("/closes", next).await.must(201);

        // Guessing locks, and while it is locked the right code is none.
        later(&world, 30);
        assert_eq!(prove(&li, &code(&world)).await.status, 204);
        for _ in 0..5 {
            prove(&li, "000000").await.problem(422, "people.code");
        }
        prove(&li, &code(&world)).await.problem(401, "people.login");
        later(&world, 30);
        assert_eq!(prove(&li, &code(&world)).await.status, 204);
        // Who has no second factor has nothing to show.
        let zhao = desk.log_in("zhao", PASSWORD).await.unwrap();
        prove(&zhao, "000000").await.problem(403, "people.second-factor");
        let kept = doors.get("/api/v1/audit?verb=people.prove").await.text();
        assert!(kept.contains("\"wrong\"") && !kept.contains(&used) && !kept.contains("000000"), "{kept}");
    }

    /// The law of another day or place: where it wants nothing, one person is enough; a day without law is refused.
    async fn what_takes_two_is_the_packs_word(world: World) {
        let doors = Doors::of(&world);
        doors.post("/deposits", deposit("1-1-101", 1)).await.must(201);
        legislate(&world, "2026-01", "[\"close\"]", "[]").await;
        doors.post("/reversals", turned("fund/2026-0001")).await.must(201);
        let reversed = acts(&world, "journal.reverse").await;
        assert!(reversed[0].1.is_empty() && reversed[0].2.starts_with("100000@2026-01 sha256:"), "{reversed:?}");
        let close = json!({ "book": "fund", "month": "2025-12" });
        let request = asked(&doors, &clerk(), "/closes", &close).await;
        assert_eq!(request["deed"], "close");
        sign(&doors, SECOND, &request).await.must(201);
        assert_eq!(acts(&world, "journal.close").await[0].1, "物业公司复核");
    }

    /// Row 39 of the catalogue of faults: four clerks press everything at once, in every order. None of what they get through
    /// is their own, twice, after a decision, or without a request.
    async fn four_clerks_press_everything_and_the_order_holds(world: World) {
        let doors = Doors::with(&world, Config { second_factor: Vec::new(), caller_per_minute: 0, ..Config::default() });
        let desk = Desk::of(&world.books);
        let mut clerks = Vec::new();
        for name in ["wang", "li", "zhao", "qian"] {
            clerks.push(enlist(&world, &desk, name, "2026-12-31").await.1);
        }
        const REQUESTS: usize = 12;
        for fen in 1..=REQUESTS {
            doors.post("/deposits", deposit("1-1-101", i64::try_from(fen).unwrap())).await.must(201);
        }
        let mut requests = Vec::new();
        for n in 0..REQUESTS {
            let voucher = format!("fund/2026-{:04}", n + 1);
            requests.push(asked(&doors, &clerks[n % 4], "/reversals", &turned(&voucher)).await);
        }
        // Every clerk signs, refuses and withdraws every request, twice; an order of its own each time.
        let mut presses = Vec::new();
        for n in 0..REQUESTS {
            for (c, clerk) in clerks.iter().enumerate() {
                for word in ["confirm", "refuse", "withdraw", "confirm"] {
                    presses.push((n, c, clerk, word));
                }
            }
        }
        let mut state = 20_260_105_u64;
        for i in (1..presses.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            presses.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
        }
        let attempts = presses.len();
        let (doors, requests) = (&doors, &requests);
        let pressed = presses.into_iter().map(|(n, c, clerk, word)| async move {
            let answer = match word {
                "confirm" => sign(doors, clerk, &requests[n]).await,
                word => rule(doors, clerk, &requests[n], word).await,
            };
            (n, c, word, answer)
        });
        let answers = join_all(pressed).await;
        let (mut decided, mut confirmed, mut wrong) = (vec![0; REQUESTS], 0, Vec::new());
        for (n, c, word, answer) in &answers {
            let is_own = n % 4 == *c;
            if answer.status == 201 {
                decided[*n] += 1;
                confirmed += usize::from(*word == "confirm");
                if is_own != (*word == "withdraw") {
                    wrong.push(format!("{n}: {word} by {c}"));
                }
                continue;
            }
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            if !["countersign.decided", "countersign.same-person", "countersign.not-yours"].contains(&code.as_str()) {
                wrong.push(format!("{n}: {word} by {c}: {code}"));
            }
        }
        assert_eq!((wrong, decided), (Vec::<String>::new(), vec![1; REQUESTS]), "of {attempts} attempts");
        let reversals = acts(&world, "journal.reverse").await;
        assert_eq!(reversals.len(), confirmed);
        assert!(reversals.iter().all(|(actor, second, _)| actor != second && !second.is_empty()));
        assert_eq!(vouchers(doors).await, REQUESTS + confirmed);
        assert_eq!(doors.get("/api/v1/verify").await.must(200)["ok"], true);
    }
}

fn urlencoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}
