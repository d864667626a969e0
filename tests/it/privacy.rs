//! Personal data: sealed where they lie, masked where they are shown, recorded where they are looked at.
//!
//! The plants are an invented telephone and invented identity and account numbers. They are handed in by every importer and
//! at every door; then the database, the answers, the log, the exports and the errors are searched for them.

use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use axum::body::Body;
use axum::http::Request as Knock;
use ledger::audit::{self, Cursor, Reading, Search};
use ledger::books::{self, Actor, Books, Origin, Request, Role};
use ledger::error::Error;
use ledger::id::{CompoundId, OwnerNo};
use ledger::import::{self, Kind, Terms};
use ledger::intake::File;
use ledger::journal::Book;
use ledger::people;
use ledger::property::{self, Housing, NewDwelling, NewOwner, RoomCode, Usage};
use ledger::seal::KeySource;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use xiaoqu::routes::{ROUTES, Route};

use crate::doors::{Doors, bearer};
use crate::on_both;
use crate::world::{Backend, World, day};

const PHONE: &str = "19900007351";
const PHONE_2: &str = "19900007352";
const ID_NO: &str = "999999198002031359";
const ID_NO_2: &str = "999999198002032466";
const ACCOUNT: &str = "6222000099887766551";
const PLANTS: [&str; 5] = [PHONE, PHONE_2, ID_NO, ID_NO_2, ACCOUNT];

#[track_caller]
fn is_clean(what: &str, bytes: &[u8]) {
    // A column of bytes is told in hexadecimal.
    let hex = |plant: &str| plant.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    for plant in PLANTS.into_iter().flat_map(|plant| [plant.to_owned(), hex(plant)]) {
        let found = bytes.windows(plant.len()).position(|window| window == plant.as_bytes());
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(80)..bytes.len().min(at + 60)];
            panic!("{what} holds {plant}: …{}…", String::from_utf8_lossy(around));
        }
    }
}

fn newcomer(code: &str, id_no: &str, phone: &str) -> NewDwelling {
    NewDwelling {
        code: RoomCode::parse(code).unwrap(),
        written_as: code.to_owned(),
        floor: None,
        usage: Usage::Residence,
        housing: Housing::Commodity,
        has_lift: false,
        is_unsold: false,
        area: ledger::measure::Area::centi_m2(9_000),
        handed_over_on: None,
        owners: vec![NewOwner {
            name: "赵一".to_owned(),
            id_no: id_no.into(),
            phone: phone.into(),
            share: None,
        }],
        remark: format!("找{PHONE}").into(),
        owned_from: day("2020-01-01"),
    }
}

async fn enrol(books: &Books, world: &World, roll: Vec<NewDwelling>) -> Result<(), Error> {
    let request = Request::new("property.enrol", roll);
    let clerk = Actor::new("王会计", Role::PropertyCompany);
    let done = books.act(&clerk, world.compound, request, |tx, roll| {
        Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
    });
    done.await.map(|_| ())
}

async fn owners_by(world: &World, number: &str) -> Vec<OwnerNo> {
    let mut view = world.books.read().await.unwrap();
    property::owners_by_number(&mut view, world.compound, &number.into()).await.unwrap()
}

/// What lies on the disk of the database: every byte of SQLite's files; of PostgreSQL every column of every table as text.
async fn at_rest(world: &World) -> Vec<u8> {
    let db = world.back_door().await;
    if world.backend == Backend::Sqlite {
        db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        let path = world.url.trim_start_matches("sqlite:");
        let mut bytes = std::fs::read(path).unwrap();
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        return bytes;
    }
    let kind = db.get_database_backend();
    let tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let mut bytes = Vec::new();
    for table in db.query_all_raw(Statement::from_string(kind, tables)).await.unwrap() {
        let name: String = table.try_get_by_index(0).unwrap();
        let sql = format!("SELECT COALESCE(string_agg(t::text, chr(10)), '') FROM {name} t");
        let row = db.query_one_raw(Statement::from_string(kind, sql)).await.unwrap().unwrap();
        bytes.extend(row.try_get_by_index::<String>(0).unwrap().into_bytes());
    }
    bytes
}

/// Everything the program logs while the tests run.
static LOG: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(|| {
    struct Kept(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let kept = Arc::new(Mutex::new(Vec::new()));
    let to = kept.clone();
    let log = tracing_subscriber::fmt()
        .with_env_filter("info,ledger=trace,api=trace,xiaoqu=trace")
        .with_writer(move || Kept(to.clone()));
    log.try_init().expect("nobody else keeps a log in this process");
    kept
});

on_both! {
    async fn a_number_lies_sealed_is_found_whole_and_names_one_owner(world: World) {
        enrol(&world.books, &world, vec![newcomer("2-1-101", ID_NO, PHONE)]).await.unwrap();
        enrol(&world.books, &world, vec![newcomer("2-1-102", ID_NO, PHONE_2)]).await.unwrap();
        let found = owners_by(&world, ID_NO).await;
        assert_eq!(found.len(), 1, "one identity number, one owner");
        assert_eq!(owners_by(&world, PHONE).await, found);
        assert_eq!(owners_by(&world, "199-0000 7351").await, found, "however it is written");
        assert_eq!(owners_by(&world, &PHONE[..10]).await, [], "an index finds whole numbers");
        assert_eq!(owners_by(&world, "").await, []);
        let mut view = world.books.read().await.unwrap();
        let contacts = property::contacts(&mut view, world.compound, &found).await.unwrap();
        assert_eq!((contacts[0].id_no.in_clear(), contacts[0].phone.in_clear()), (ID_NO, PHONE));
        drop(view);
        is_clean("the database", &at_rest(&world).await);
    }

    async fn a_value_moved_to_another_row_does_not_open(world: World) {
        let db = world.back_door().await;
        db.execute_unprepared("UPDATE owner SET phone_sealed = (SELECT o.phone_sealed FROM owner o WHERE o.owner_no = 2
            AND o.compound_id = owner.compound_id) WHERE owner_no = 1").await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let opened = property::contacts(&mut view, world.compound, &[OwnerNo(1)]).await;
        assert_eq!(opened.unwrap_err().code(), "seal.broken");
        property::contacts(&mut view, world.compound, &[OwnerNo(2)]).await.unwrap();
    }

    async fn without_its_key_a_set_of_books_is_read_and_no_person_written(world: World) {
        let told = |keys: &str| KeySource::Told(keys.to_owned());
        let other = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        for (source, code) in [
            (KeySource::Nowhere, "seal.key-missing"),
            (KeySource::File("/nowhere/a.key".into()), "seal.key-missing"),
            (told(other), "seal.key-differs"),
            (told("not a key"), "seal.key-shape"),
            (told("AQEB"), "seal.key-shape"),
        ] {
            let books = Books::open_keyed(&world.url, world.clock.clone(), source).await.unwrap();
            let refused = enrol(&books, &world, vec![newcomer("3-1-101", ID_NO, PHONE)]).await.unwrap_err();
            assert_eq!(refused.code(), code, "{refused}");
            if matches!(books.key_place().as_str(), place if place.starts_with('（')) {
                let evidence = &refused.refusal().unwrap().evidence;
                assert!(evidence.contains("HOME") && evidence.contains("没有密钥"), "{evidence}");
            }
            let listed = world.books.ring();
            assert!(listed.is_open().is_ok());
            if code != "seal.key-shape" {
                let shown = refused.refusal().unwrap();
                assert_eq!(shown.facts["key_no"], 1);
                assert_eq!(shown.facts["fingerprint"].as_str().unwrap().len(), 16);
            }
            let mut view = books.read().await.unwrap();
            let roll = property::roll(&mut view, world.compound, day("2026-01-05")).await.unwrap();
            assert_eq!(roll.len(), 12, "names and rooms need no key");
            drop(view);
            let laws = ledger::verify::verify(&books, None).await.unwrap();
            assert!(laws.iter().all(|law| law.failed == 0), "{laws:#?}");
            let entry = crate::world::deposit_entry(ledger::id::DwellingNo(1), 100, "2026-01-05");
            let request = Request::describing("journal.post", entry, Value::Null);
            let operator = Actor::operator();
            let posted = books.act(&operator, world.compound, request, |tx, entry| {
                Box::pin(ledger::journal::post(tx, entry.clone()))
            });
            posted.await.expect("money needs no key");
            books.close().await.unwrap();
        }
    }

    async fn a_rotation_seals_everything_anew_goes_on_where_it_stopped_and_lets_the_old_key_go(world: World) {
        let columns = ledger::sealed();
        let states = async |books: &Books| -> Vec<(u16, bool, bool, bool)> {
            let keys = books::keys(books, &columns).await.unwrap();
            keys.iter().map(|k| (k.key_no, k.is_current, k.is_retired, k.sealed > 0)).collect()
        };
        let before = Books::open_with(&world.url, world.clock.clone()).await.unwrap();
        assert_eq!(states(&world.books).await, [(1, true, false, true)]);
        assert_eq!(books::retire(&world.books, 1, &columns).await.unwrap_err().code(), "seal.key-in-use");

        let user = people::NewUser { name: "zhouwu".to_owned(), shown_as: "周五".to_owned(), org: None, phone: PHONE.to_owned() };
        let request = Request::describing("people.enlist", user, Value::Null);
        let operator = Actor::operator();
        let enlisted = world.books.act(&operator, CompoundId::OFFICE, request, |tx, user| Box::pin(people::enlist(tx, user)));
        enlisted.await.unwrap();

        let rotated = books::rotate(&world.books, &columns).await.unwrap();
        // Twelve rooms, eleven with an owner, one with two: two numbers each; and a user's telephone.
        assert_eq!((rotated.key_no, rotated.resealed, rotated.is_resumed), (2, 25, false));
        assert_eq!(states(&world.books).await, [(1, false, false, false), (2, true, false, true)]);
        let phone = format!("1990000{}", 1111);
        assert_eq!(owners_by(&world, &phone).await, [OwnerNo(1)], "indexes outlive a key");

        // A program that was started before seals with the key it knows: the next rotation takes that up.
        enrol(&before, &world, vec![newcomer("2-1-101", ID_NO, PHONE)]).await.unwrap();
        assert_eq!(books::retire(&world.books, 1, &columns).await.unwrap_err().code(), "seal.key-in-use");
        let resumed = books::rotate(&world.books, &columns).await.unwrap();
        assert_eq!((resumed.key_no, resumed.resealed, resumed.is_resumed), (2, 3, true));
        let early = books::retire(&world.books, 1, &columns).await.unwrap_err();
        assert_eq!(early.code(), "seal.key-in-use", "a server may still seal with it");
        crate::people::later(&world, 60);
        books::retire(&world.books, 1, &columns).await.unwrap();
        assert_eq!(states(&world.books).await, [(1, false, true, false), (2, true, false, true)]);
        assert_eq!(books::retire(&world.books, 9, &columns).await.unwrap_err().code(), "seal.key-missing");

        let after = Books::open_with(&world.url, world.clock.clone()).await.unwrap();
        after.ring().is_open().expect("the new key is in the usual file");
        let mut view = after.read().await.unwrap();
        let contacts = property::contacts(&mut view, world.compound, &[OwnerNo(1)]).await.unwrap();
        assert_eq!(contacts[0].phone.in_clear(), phone);
        let laws = ledger::verify::verify(&after, None).await.unwrap();
        assert!(laws.iter().all(|law| law.failed == 0), "{laws:#?}");
    }

    async fn a_server_takes_up_a_new_key_while_it_works_or_refuses_plainly(world: World) {
        let columns = ledger::sealed();
        let url = &world.url;
        let serving = Books::open_with(url, world.clock.clone()).await.unwrap();
        let file = std::fs::read_to_string(world.books.key_place()).unwrap();
        let told = file.lines().find(|line| !line.starts_with('#')).unwrap().to_owned();
        let told = Books::open_keyed(url, world.clock.clone(), KeySource::Told(told)).await.unwrap();
        told.ring().is_open().unwrap();

        // It enrols people without a pause, and looks as a server does.
        let (ended, mut hears) = tokio::sync::watch::channel(false);
        let working = async {
            let mut enrolled = 0;
            while !*hears.borrow_and_update() {
                serving.look_at_keys().await.unwrap();
                let code = format!("9-1-{}", 100 + enrolled);
                enrol(&serving, &world, vec![newcomer(&code, "", PHONE)]).await.unwrap();
                enrolled += 1;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            enrolled
        };
        let rotating = async {
            let rotated = books::rotate(&world.books, &columns).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            ended.send(true).unwrap();
            rotated
        };
        let (enrolled, rotated) = tokio::join!(working, rotating);
        assert!(enrolled > 5, "{enrolled}");
        assert_eq!((rotated.key_no, serving.ring().current()), (2, 2));
        let keys = books::keys(&world.books, &columns).await.unwrap();
        assert_eq!(keys[0].sealed, 0, "nothing was sealed with the old key behind the rotation's back: {keys:?}");

        // One that was told its key in full cannot find the new one: it says so, and reads what is no person's.
        told.look_at_keys().await.unwrap();
        let refused = enrol(&told, &world, vec![newcomer("8-1-101", ID_NO, PHONE)]).await.unwrap_err();
        assert_eq!(refused.code(), "seal.key-differs");
        assert_eq!(refused.refusal().unwrap().facts["key_no"], 2);
        let mut view = told.read().await.unwrap();
        property::roll(&mut view, world.compound, day("2026-01-05")).await.unwrap();
    }

    async fn what_is_looked_at_is_recorded_first(world: World) {
        let doors = Doors::of(&world);
        let reveal = async |role: Role, reason: &str| {
            let request = Knock::post("/api/v1/compounds/xiaohe/dwellings/1-1-101/owners/reveal")
                .header("authorization", bearer(role))
                .header("content-type", "application/json")
                .header("x-forwarded-for", "203.0.113.9");
            doors.send(request.body(Body::from(json!({ "reason": reason }).to_string())).unwrap()).await
        };
        reveal(Role::PropertyCompany, "看看").await.problem(400, "audit.reason");
        reveal(Role::Auditor, "核对产权证").await.problem(403, "door.role");
        let shown = reveal(Role::StreetOffice, &format!("核对产权证，电话{PHONE}")).await.must(201);
        assert_eq!(shown["owners"][0], json!({ "owner_no": 1, "name": "业主1111", "id_no": "999999197001011111", "phone": "19900001111" }));

        let read = Search { verb: Some("read.".to_owned()), ..Search::default() };
        let mut view = world.books.read().await.unwrap();
        let found = audit::search(&mut view, &read, Cursor::default(), 10).await.unwrap();
        assert_eq!(found.len(), 1);
        let entry = &found[0];
        assert_eq!((entry.verb.as_str(), entry.actor.as_str(), entry.compound.as_str()), ("read.owner", "街道办事处", "xiaohe"));
        assert_eq!(entry.request["reason"], "核对产权证，电话199****7351".to_owned() + &tag(&entry.request["reason"]));
        assert_eq!((&entry.request["whose"], &entry.request["count"]), (&json!([1, 2]), &json!(2)));
        assert_eq!(entry.came_from, "未知", "who is not the proxy beside us is not believed");
        assert_eq!(entry.request_id.len(), 16);
        drop(view);

        // A refused attempt at money is in the log; what was only misspelt is not.
        let early = json!({ "room": "1-1-101", "amount_fen": 1, "received_on": "2026-02-01" });
        doors.post("/deposits", early).await.problem(422, "journal.future-day");
        doors.post("/deposits", json!({ "room": 1 })).await.problem(400, "door.shape");
        let page = doors.get("/audit?verb=refused.attempt").await.must(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
        assert_eq!(page["items"][0]["request"], json!({ "what": "deposits", "code": "journal.future-day" }));
    }

    async fn an_attempt_at_a_neighbours_money_is_on_record_and_tells_nothing(world: World) {
        let doors = Doors::of(&world);
        let desk = crate::people::Desk::of(&world.books);
        let other = world.found("dahe", "大河里小区").await;
        desk.enlist("wang").await;
        let here = people::Scope::Compound(other);
        let mandate = desk.appoint("wang", Role::PropertyCompany, here, "2026-01-01", "").await.unwrap();
        let (_, token) = desk.token("wang", mandate, "2026-12-31T00:00:00Z").await.unwrap();
        // Where the company has no part at all, the role is told and no compound is looked at.
        let is_theirs = |route: &&Route| route.is_money && route.roles.contains(&Role::PropertyCompany);
        let money: Vec<&Route> = ROUTES.iter().filter(is_theirs).collect();
        assert!(money.len() >= 7, "{money:?}");
        assert!(money.iter().all(|route| route.method == "POST" && route.is_at_compound()));
        for (n, route) in money.iter().enumerate() {
            let mut told = Vec::new();
            for code in ["xiaohe", "nowhere"] {
                let path = route.path.replace("{compound}", code).replace("{no}", "1");
                let answer = doors.knock(&token, "POST", &path, None).await;
                let mut problem = answer.problem(404, "property.no-compound");
                problem.as_object_mut().unwrap().remove("instance");
                told.push(problem.to_string().replace(code, "…"));
            }
            assert_eq!(told[0], told[1]);
            let admin = crate::doors::token(Role::Administrator);
            let page = doors.knock(&admin, "GET", "/api/v1/audit?verb=refused.attempt&limit=1000", None).await.must(200);
            let items = page["items"].as_array().unwrap();
            assert_eq!(items.len(), 2 * (n + 1), "{page}");
            let (_, what) = route.path.split_once("{compound}/").unwrap();
            for code in ["xiaohe", "nowhere"] {
                let wanted = json!({ "what": format!("{what} @ {code}"), "code": "property.no-compound" });
                let found = items.iter().find(|item| item["request"] == wanted);
                let found = found.unwrap_or_else(|| panic!("{wanted} is not in {page}"));
                assert_eq!((&found["compound"], &found["actor"]), (&json!(""), &json!("wang")));
            }
        }
        // Nothing of it is in the neighbour's own log, and what moves no money is not recorded.
        doors.knock(&token, "GET", "/api/v1/compounds/xiaohe", None).await.problem(404, "property.no-compound");
        let page = doors.get("/audit?verb=refused.attempt").await.must(200);
        assert_eq!(page["items"], json!([]));
    }

    async fn the_log_is_searched_by_page_written_out_and_kept_to_its_compound(world: World) {
        let doors = Doors::of(&world);
        world.found("linju", "邻居小区").await;
        for fen in 1..=5 {
            let deposit = json!({ "room": "1-1-101", "amount_fen": fen, "received_on": "2026-01-04", "kind": "top-up" });
            doors.post("/deposits", deposit).await.must(201);
        }
        let (mut after, mut seen) = (String::new(), Vec::new());
        loop {
            let page = doors.get(&format!("/audit?limit=2&verb=fund.deposit{after}")).await.must(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|e| e["act_no"].as_i64().unwrap()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, [2, 3, 4, 5, 6]);
        for (query, count) in [
            ("actor=物业公司", 5), ("actor=王会计", 1), ("actor=nobody", 0), ("verb=fund.", 5), ("verb=fund", 0),
            ("since=2026-01-05T01:00:00Z", 6), ("since=2026-01-05T01:00:01Z", 0), ("until=2026-01-05T00:59:59Z", 0),
            ("request_id=none", 0),
        ] {
            let query = query.replace("物业公司", "%E7%89%A9%E4%B8%9A%E5%85%AC%E5%8F%B8").replace("王会计", "%E7%8E%8B%E4%BC%9A%E8%AE%A1");
            let page = doors.get(&format!("/audit?{query}")).await.must(200);
            assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}: {page}");
        }
        doors.get("/audit?after=x").await.problem(400, "door.cursor");
        let house = doors.get("/api/v1/audit").await.must(200);
        let compounds: Vec<&str> = house["items"].as_array().unwrap().iter().map(|e| e["compound"].as_str().unwrap()).collect();
        assert!(compounds.contains(&"") && compounds.contains(&"xiaohe"), "{compounds:?}");

        let csv = doors.get("/audit?format=csv").await;
        assert_eq!(csv.text().lines().count(), 1 + 6);
        let page = doors.get("/audit?verb=read.audit").await.must(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "the export before is in the log");
        assert_eq!(page["items"][0]["hash"].as_str().unwrap().len(), 64);
        let mut written = Vec::new();
        let mut view = world.books.read().await.unwrap();
        let all = Search { compound: Some(world.compound), ..Search::default() };
        let count = audit::write_out(&mut view, &all, audit::Format::JsonLines, &mut written).await.unwrap();
        assert_eq!((count, String::from_utf8(written).unwrap().lines().count()), (7, 7));
    }

    async fn what_was_changed_in_the_log_is_named(world: World) {
        let reading = Reading { reason: "核对".to_owned(), what: "x".to_owned(), whose: vec![], count: 1 };
        let there = Actor::new("王会计", Role::PropertyCompany)
            .from(Origin { came_from: "192.0.2.7".to_owned(), request_id: "r-1".to_owned() });
        for _ in 0..4 {
            audit::record_reading(&world.books, &there, world.compound, "read.owner", reading.clone()).await.unwrap();
        }
        let db = world.back_door().await;
        let off: &[&str] = match world.backend {
            Backend::Sqlite => &["DROP TRIGGER act_no_update", "DROP TRIGGER act_no_delete", "DROP TRIGGER act_arrives"],
            Backend::Postgres => &["ALTER TABLE act DISABLE TRIGGER USER"],
        };
        for sql in off {
            db.execute_unprepared(sql).await.unwrap();
        }
        let c = world.compound.0;
        let law = async || {
            let laws = ledger::verify::verify(&world.books, Some(world.compound)).await.unwrap();
            laws.into_iter().find(|law| law.name == "acts-chained").unwrap()
        };
        assert_eq!((law().await.checked, law().await.failed), (5, 0));
        let kept = format!("CREATE TABLE t0 AS SELECT * FROM act WHERE compound_id = {c} AND act_no = 3");
        db.execute_unprepared(&kept).await.unwrap();
        for (field, value) in [
            ("verb", "'read.x'"), ("actor", "'李四'"), ("role", "'auditor'"), ("second", "'李四'"), ("recorded_at", "recorded_at + 1"),
            ("came_from", "'192.0.2.8'"), ("request_id", "''"), ("pack", "'x'"), ("request", "'{}'"), ("answer", "'2'"),
        ] {
            db.execute_unprepared(&format!("UPDATE act SET {field} = {value} WHERE compound_id = {c} AND act_no = 3")).await.unwrap();
            let found = law().await;
            assert_eq!((found.failed, found.first.as_deref()), (1, Some(&*format!("小区 {c} 操作 3：内容与指纹不符"))), "{field}");
            db.execute_unprepared(&format!("DELETE FROM act WHERE compound_id = {c} AND act_no = 3")).await.unwrap();
            let gap = law().await;
            assert_eq!(gap.first.as_deref(), Some(&*format!("小区 {c} 操作 4：操作 3 缺失")));
            db.execute_unprepared("INSERT INTO act SELECT * FROM t0").await.unwrap();
            assert_eq!(law().await.failed, 0);
        }
        db.execute_unprepared(&format!("UPDATE act SET prev_hash = hash WHERE compound_id = {c} AND act_no = 3")).await.unwrap();
        assert!(law().await.first.unwrap().ends_with("没有接上前一个操作的指纹"));
    }

    async fn what_is_planted_everywhere_is_found_nowhere(world: World) {
        let log = LOG.clone();
        let doors = Doors::of(&world);
        let mut told: Vec<(String, Vec<u8>)> = Vec::new();
        let folded = |name: &str| format!("{name}{PHONE}.csv");

        // Every importer, the plants in every column that takes a text.
        let register = format!("楼号,单元,房号,产权人,身份证号,手机号,建筑面积,房屋性质,备注\n\
            5,1,101,赵一,{ID_NO},{PHONE},80.00,商品住宅,电话{PHONE_2}证件{ID_NO_2}\n5,1,102,钱二{PHONE},,,80.00,商品住宅,\n\
            5,1,103,孙三,{ID_NO_2}0,{PHONE}x,80.00,商品住宅,\n");
        let deposits = format!("小区名称,幢,单元,房号,业主姓名,证件号码,证件类型,摘要,交易时间,交易金额,发票号,余额\n\
            小河里小区,5,1,101,赵一{PHONE},{ID_NO},身份证,开户,2025-01-02,100.00,WX1,100.00\n\
            小河里小区,5,1,101,赵一,{ID_NO},身份证,缴存,2025-01-03,100.00,{PHONE_2},200.00\n");
        let fees = format!("楼号,单元,房号,业主姓名,联系电话,收费项目,开始日期,结束日期,应收金额,实收金额,收款日期,收款方式,票据号,备注\n\
            5,1,101,赵一,{PHONE},物业费,2025-01-01,2025-03-31,10.00,10.00,2025-01-05,现金,{PHONE},交款人{PHONE_2}\n\
            5,1,101,赵一,{PHONE},物业费,2025-04-01,2025-06-30,10.00,10.00,2025-04-05,现金,SJ2,交款人{PHONE_2}\n");
        let bank = format!("交易日期,交易时间,收入金额,支出金额,账户余额,对方户名,对方账号,摘要,用途\n\
            2025-01-02,10:00:00,100.00,,100.00,赵一{PHONE_2},{ACCOUNT},转账{ID_NO},维修资金 5-1-101 电话{PHONE}\n");
        for (kind, text) in [(Kind::Register, register), (Kind::Deposits, deposits), (Kind::Fees, fees), (Kind::Bank, bank)] {
            let terms = Terms { compound: "xiaohe".to_owned(), name: None, good_rows: true, book: Book::Fund };
            let name = folded(kind.name());
            let reading = import::read(kind, File { name: &name, bytes: text.as_bytes() }, &terms).unwrap();
            let report = import::commit(&world.books, &Actor::operator(), Arc::new(reading), &terms).await.unwrap();
            assert!(report.committed, "{kind:?}: {:?}", report.rejected);
            // The same over the wire, where what is rejected is told.
            let request = Knock::post(format!("/api/v1/compounds/xiaohe/imports?kind={}&name={name}", kind.name()))
                .header("authorization", bearer(Role::PropertyCompany));
            let answer = doors.send(request.body(Body::from(text)).unwrap()).await;
            told.push((format!("import {kind:?}"), answer.body));
        }

        // Every door that takes a text.
        let text = format!("打{PHONE}");
        let deposit = |receipt: &str| json!({ "room": "5-1-101", "amount_fen": 1, "received_on": "2026-01-04", "kind": "top-up", "receipt_no": receipt });
        let pay = |reference: &str, payer: &str| json!({ "room": "5-1-101", "amount_fen": 1, "method": "cash", "received_on": "2026-01-04",
            "reference": reference, "payer": payer });
        let bills = json!({ "item": text, "from_on": "2026-01-01", "to_on": "2026-01-31", "bills": [{ "room": "5-1-101", "amount_fen": 1 }] });
        let turn = json!({ "voucher": "fund/2025-0001", "on": "2026-01-05", "style": "red", "reason": text });
        for (path, body) in [
            ("/deposits", deposit(PHONE)), ("/deposits", deposit(ID_NO)), ("/payments", pay(&text, "")), ("/payments", pay("", &text)),
            ("/bills", bills), ("/reversals", turn), ("/api/v1/compounds", json!({ "code": "x", "name": text })),
            ("/api/v1/compounds", json!({ "code": "x", "name": "x", "address": ID_NO_2 })),
        ] {
            let answer = doors.post(path, body).await;
            assert_eq!(answer.json()["code"], "seal.person-in-text", "{path}: {}", answer.text());
            told.push((path.to_owned(), answer.body));
        }
        let convey = |phone: &str| json!({ "on": "2026-01-05", "owners": [{ "name": "周四", "id_no": ID_NO_2, "phone": phone }] });
        let first = doors.post_under(Some("c-1"), "/dwellings/1-1-102/conveyances", convey(PHONE_2)).await;
        assert_eq!(first.status, 201, "{}", first.text());
        told.push(("a conveyance".to_owned(), first.body));
        // Another number with the same mask is another request.
        let second = doors.post_under(Some("c-1"), "/dwellings/1-1-102/conveyances", convey("19900017352")).await;
        assert_eq!(second.json()["code"], "books.key-differs", "{}", second.text());
        told.push(("another".to_owned(), second.body));
        // A user's own telephone, and a second factor's secret, which nobody may read in the database either.
        let enlist = json!({ "user": "zhouwu", "shown_as": "周五", "phone": PHONE });
        let request = Knock::post("/api/v1/users").header("authorization", bearer(Role::Administrator));
        let request = request.header("content-type", "application/json");
        let enlisted = doors.send(request.body(Body::from(enlist.to_string())).unwrap()).await;
        assert_eq!(enlisted.status, 201, "{}", enlisted.text());
        told.push(("a user".to_owned(), enlisted.body));
        let keyed = doors.post_under(Some(PHONE), "/deposits", deposit("")).await;
        assert_eq!(keyed.json()["code"], "books.key-shape");
        told.push(("a key".to_owned(), keyed.body));
        for path in [
            format!("/deposits?x={PHONE}"), format!("/nothing/{PHONE}"), format!("/api/v1/compounds/{PHONE}"), format!("/dwellings/{PHONE}"),
            format!("/dwellings?after={ID_NO}"), format!("/books/{PHONE}/trial-balance"), format!("/audit?after={PHONE}"),
            "/dwellings".to_owned(), "/dwellings/5-1-101".to_owned(), "/dwellings/5-1-101/fund-statement".to_owned(),
            "/dwellings/5-1-101/fees".to_owned(), "/dwellings/5-1-101/fund-statement?format=text".to_owned(),
            "/books/fund/vouchers".to_owned(), "/books/service/vouchers".to_owned(), "/books/fund/export?format=csv".to_owned(),
            "/books/fund/export?format=json".to_owned(), "/books/service/export?format=hledger".to_owned(), "/payments".to_owned(),
            "/bank-lines".to_owned(), "/imports".to_owned(), "/audit".to_owned(), "/audit?format=csv".to_owned(),
            "/dwellings?format=csv".to_owned(), "/api/v1/audit".to_owned(), "/verify".to_owned(),
        ] {
            let answer = doors.get(&path).await;
            told.push((path, answer.body));
        }
        // What a trusted role asks for with a plant in its reason comes in clear; the record of it does not.
        let reason = json!({ "reason": format!("致电{PHONE_2}核对") });
        let shown = doors.post("/dwellings/5-1-101/owners/reveal", reason).await.must(201);
        assert_eq!((&shown["owners"][0]["id_no"], &shown["owners"][0]["phone"]), (&json!(ID_NO), &json!(PHONE)));
        let mut written = Vec::new();
        let mut view = world.books.read().await.unwrap();
        let count = audit::write_out(&mut view, &Search::default(), audit::Format::Csv, &mut written).await.unwrap();
        assert!(count > 10);
        drop(view);

        for (what, bytes) in &told {
            is_clean(what, bytes);
        }
        is_clean("the audit export", &written);
        let log = log.lock().unwrap().clone();
        assert!(log.windows(8).any(|window| window == b"answered"), "what is searched is the log");
        is_clean("the log", &log);
        let at_rest = at_rest(&world).await;
        let holds = |words: &str| at_rest.windows(words.len()).any(|window| window == words.as_bytes());
        assert!(holds("赵一") && holds("199****7351") && holds("read.owner"), "what is searched is the database");
        is_clean("the database", &at_rest);

        // And yet nothing is lost.
        assert_eq!(owners_by(&world, ID_NO).await.len(), 1);
        let mut view = world.books.read().await.unwrap();
        let line = ledger::bank::hidden(&mut view, world.compound, ledger::id::LineNo(1)).await.unwrap();
        assert_eq!((line.account.as_str(), line.counterparty.as_str()), (ACCOUNT, &*format!("赵一{PHONE_2}")));
        assert!(line.wording.contains(PHONE) && line.wording.contains(ID_NO), "{line:?}");
        drop(view);
        let laws = ledger::verify::verify(&world.books, None).await.unwrap();
        assert!(laws.iter().all(|law| law.failed == 0), "{laws:#?}");
    }
}

/// The digest behind a mask, which tells two numbers with one mask apart.
fn tag(text: &Value) -> String {
    text.as_str()
        .and_then(|text| text.find('~').map(|at| text[at..].to_owned()))
        .unwrap_or_default()
}

#[test]
fn a_key_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("a.sqlite").display());
    runtime.block_on(async { Books::open(&url).await.unwrap().close().await.unwrap() });
    let key = folder.path().join("a.sqlite.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let text = std::fs::read_to_string(&key).unwrap();
    let (remark, secret) = text.trim().split_once('\n').unwrap();
    assert!(remark.starts_with('#') && secret.len() == 44, "{text}");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(
        left.len() <= 4 && left.iter().all(|name| !name.to_string_lossy().contains(".key.")),
        "{left:?}"
    );
    std::io::stderr().flush().unwrap();
}
