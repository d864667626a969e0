//! The doors of the house, knocked on as a program knocks: one story on both databases, every role at every route, and
//! everything that should be turned away.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::future::{join, join_all};
use ledger::books::{Actor, Request as LedgerRequest, Role};
use ledger::calendar::Instant;
use ledger::id::{AreaId, CompoundId};
use ledger::property::{self, AreaKind, Locating, NewArea};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tower::ServiceExt;
use xiaoqu::config::{Config, Login};
use xiaoqu::openapi::DOCUMENT;
use xiaoqu::routes::{ROUTES, Route, Scope};

use crate::on_both;
use crate::paper::golden;
use crate::people::{Desk, later, unbase32};
use crate::world::World;

const HOME: &str = "/api/v1/compounds/xiaohe";

/// The house, with a login for every role that may have one.
pub struct Doors(Router);

/// What a door answered.
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn must(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }

    /// A problem has a status, a rule, evidence, a remedy, a code and the request's number.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text());
        let problem = self.must(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert_eq!(problem["status"], status);
        for member in ["title", "detail", "remedy", "instance"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }
}

/// The token of a second clerk of the property company, who signs what the first asks for.
pub const SECOND: &str = "token-of-the-second-clerk-0123456789";

/// The token of a second officer of the housing authority.
pub const SECOND_OFFICER: &str = "token-of-the-second-officer-0123456789";

pub fn token(role: Role) -> String {
    format!("token-of-{}-0123456789", role.name())
}

impl Doors {
    pub fn of(world: &World) -> Doors {
        Doors::with(world, Config { front_lists_compounds: true, ..Config::default() })
    }

    /// The house under other settings.
    pub fn with(world: &World, config: Config) -> Doors {
        let roles = Role::ALL.into_iter().filter(|role| *role != Role::Operator);
        let logins = roles.map(|role| Login::new(role, role.in_chinese(), &token(role)).unwrap());
        let second = Login::new(Role::PropertyCompany, "物业公司复核", SECOND).unwrap();
        let officer = Login::new(Role::HousingAuthority, "房管部门复核", SECOND_OFFICER).unwrap();
        let config = Config { logins: logins.chain([second, officer]).collect(), ..config };
        Doors(xiaoqu::app(world.books.clone(), config))
    }

    /// The house of people alone: no login of the configuration, and nobody needs a second factor.
    pub fn bare(world: &World) -> Doors {
        let config = Config { second_factor: Vec::new(), ..Config::default() };
        Doors(xiaoqu::app(world.books.clone(), config))
    }

    /// Knocks as whoever holds a token, with a body if there is one.
    pub async fn knock(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answered {
        let authorization = format!("Bearer {token}");
        let request =
            Request::builder().method(method).uri(at(path)).header("authorization", authorization);
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// Knocks; whatever is answered must be what the document says may be.
    pub async fn send(&self, request: Request<Body>) -> Answered {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let answer = Answered { status: parts.status, headers: parts.headers, body };
        let row =
            ROUTES.iter().find(|route| route.method == method.as_str() && is_at(route.path, &path));
        if let Some(row) = row {
            documented(row, &answer);
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answered {
        let request = Request::get(at(path)).header("authorization", bearer(Role::Auditor));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answered {
        self.post_under(None, path, body).await
    }

    /// Posts what takes two: the first clerk asks, the second looks and signs; what the deed then answers.
    #[track_caller]
    pub fn post_signed(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let kept = self.post(path, body).await;
            assert_eq!(kept.status, StatusCode::ACCEPTED, "{place}: {}", kept.text());
            let signed = self.signed(kept).await;
            assert_eq!(signed.status, StatusCode::CREATED, "{place}: {}", signed.text());
            signed.json()
        }
    }

    /// Where an answer says that a second person must sign, the second clerk looks and does; what comes of it.
    pub async fn signed(&self, kept: Answered) -> Answered {
        if kept.status != StatusCode::ACCEPTED {
            return kept;
        }
        let no = &kept.json()["countersign_no"];
        let seen = self.knock(SECOND, "GET", &format!("/countersigns/{no}"), None).await.json();
        let signature = json!({ "sha256": seen["sha256"] });
        let path = format!("/countersigns/{no}/confirm");
        let mut signed = self.knock(SECOND, "POST", &path, Some(&signature)).await;
        if signed.status == StatusCode::CREATED {
            signed.body = signed.json()["answer"].to_string().into_bytes();
        }
        signed
    }

    pub async fn post_under(&self, key: Option<&str>, path: &str, body: Value) -> Answered {
        let request = Request::post(at(path))
            .header("authorization", bearer(Role::PropertyCompany))
            .header("content-type", "application/json");
        let request = key.into_iter().fold(request, |r, key| r.header("idempotency-key", key));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

/// Whether a path is one of a row's.
fn is_at(row: &str, path: &str) -> bool {
    let (row, path) = (row.split('/'), path.split('/'));
    row.clone().count() == path.clone().count()
        && row.zip(path).all(|(wanted, word)| wanted.starts_with('{') || wanted == word)
}

/// The answer's status, content type and code are among those the document names for the row.
#[track_caller]
fn documented(row: &Route, answer: &Answered) {
    let responses = &DOCUMENT["paths"][row.path][row.method.to_lowercase()]["responses"];
    let response = &responses[answer.status.as_str()];
    let (method, path) = (row.method, row.path);
    assert!(
        response.is_object(),
        "{method} {path}: {} is not documented: {}",
        answer.status,
        answer.text()
    );
    let Some(kind) = answer.headers.get("content-type") else { return };
    let kind = kind.to_str().unwrap().split(';').next().unwrap();
    let schema = &response["content"][kind]["schema"];
    assert!(schema.is_object(), "{method} {path}: {} of {kind} is not documented", answer.status);
    if kind == "application/problem+json" {
        let code = answer.json()["code"].clone();
        let codes = schema["properties"]["code"]["enum"].as_array().unwrap();
        assert!(codes.contains(&code), "{method} {path}: {code} is not documented");
    }
}

/// A route's path with something in every place.
fn filled(path: &str, compound: &str) -> String {
    let places = [
        ("{compound}", compound),
        ("{room}", "1-1-101"),
        ("{book}", "fund"),
        ("{year}", "2026"),
        ("{number}", "1"),
        ("{no}", "1"),
        ("{org}", "lvyuan"),
        ("{pack}", "310000@2024-10"),
        ("{user}", "nobody"),
        ("{portal}", "district"),
        ("{form}", "01"),
    ];
    places.iter().fold(path.to_owned(), |path, (place, word)| path.replace(place, word))
}

/// What an answer's headers say, but for its number.
fn told_of(answer: &Answered) -> Vec<(String, String)> {
    let told = answer.headers.iter().filter(|(name, _)| {
        !["x-request-id", "content-length", "ratelimit"].contains(&name.as_str())
    });
    told.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

/// Two tenants, with somebody of every role bound to each: their tokens.
struct Tenants {
    at_home: Vec<(Role, String)>,
    of_the_other: Vec<(Role, String)>,
}

impl Tenants {
    async fn settle(world: &World, desk: &Desk, other: CompoundId) -> Tenants {
        use ledger::people::Scope;
        let operator = Actor::operator();
        let dwelling = world.dwelling("1-1-101").await;
        let mut both = Vec::new();
        let city =
            NewArea { kind: AreaKind::City, code: "33".into(), name: "市".into(), parent: None };
        draw(world, city).await;
        for (compound, code) in [(world.compound, "3301"), (other, "3302")] {
            let district = NewArea {
                kind: AreaKind::District,
                code: code.into(),
                name: code.into(),
                parent: Some("33".into()),
            };
            let area = draw(world, district).await;
            let request =
                LedgerRequest::new("property.locate", Locating { compound, area: code.into() });
            let located = world.books.act(&operator, CompoundId::OFFICE, request, |tx, l| {
                Box::pin(property::locate(tx, l))
            });
            located.await.unwrap();
            let org = desk.company(&format!("co-{code}")).await.unwrap();
            desk.contract(org, compound, "2026-01-01", "2026-12-31").await.unwrap();
            let mut tokens = Vec::new();
            for (role, scope) in [
                (Role::PropertyCompany, Scope::Organisation(org)),
                (Role::OwnersCommittee, Scope::Compound(compound)),
                (Role::StreetOffice, Scope::Area(area)),
                (Role::HousingAuthority, Scope::Area(area)),
                (Role::Auditor, Scope::Compound(compound)),
                (Role::Owner, Scope::Dwelling(compound, dwelling)),
            ] {
                let name = format!("{}-{code}", role.name());
                desk.enlist(&name).await;
                let mandate =
                    desk.appoint(&name, role, scope, "2026-01-01", "2026-12-31").await.unwrap();
                tokens.push((
                    role,
                    desk.token(&name, mandate, "2026-12-31T00:00:00Z").await.unwrap().1,
                ));
            }
            both.push(tokens);
        }
        let of_the_other = both.pop().unwrap();
        Tenants { at_home: both.pop().unwrap(), of_the_other }
    }
}

async fn draw(world: &World, area: NewArea) -> AreaId {
    let request = LedgerRequest::new("property.draw-area", area);
    let operator = Actor::operator();
    let drawn = world.books.act(&operator, CompoundId::OFFICE, request, |tx, area| {
        Box::pin(property::draw_area(tx, area))
    });
    drawn.await.unwrap().answer
}

pub fn bearer(role: Role) -> String {
    format!("Bearer {}", token(role))
}

pub fn at(path: &str) -> String {
    if path.starts_with("/api") { path.to_owned() } else { format!("{HOME}{path}") }
}

pub fn deposit(fen: i64) -> Value {
    json!({ "room": "1-1-101", "amount_fen": fen, "received_on": "2026-01-04" })
}

/// How many rows acts have left anywhere.
pub async fn traces(world: &World) -> Vec<i64> {
    let db = world.back_door().await;
    let mut counts = Vec::new();
    for table in [
        "act WHERE verb NOT LIKE 'refused.%'",
        "voucher",
        "posting",
        "deposit",
        "bill",
        "payment",
        "import",
        "compound",
        "policy_pack",
    ] {
        let sql = format!("SELECT CAST(count(*) AS BIGINT) FROM {table}");
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let row = db.query_one_raw(statement).await.unwrap().unwrap();
        counts.push(row.try_get_by_index::<i64>(0).unwrap());
    }
    db.close().await.unwrap();
    counts
}

on_both! {
    async fn a_clerks_day_goes_through_the_doors(world: World) {
        let doors = Doors::of(&world);
        let done = doors.post("/deposits", deposit(800_000)).await.must(201);
        assert_eq!(done["voucher"], "fund/2026-0001");
        let statement = doors.get("/dwellings/1栋1单元101/fund-statement").await.must(200);
        assert_eq!(statement["balance_fen"], 800_000);
        assert_eq!(statement["movements"][0]["voucher"], "fund/2026-0001");

        for (from, to, fen) in [("2025-07-01", "2025-09-30", 10_000), ("2025-10-01", "2025-12-31", 12_000)] {
            let bills = json!({ "item": "物业费", "from_on": from, "to_on": to,
                "bills": [{ "room": "1-1-101", "amount_fen": fen }, { "room": "1-1-102", "amount_fen": 500 }] });
            doors.post("/bills", bills).await.must(201);
        }
        world.clock.set(Instant::parse("2026-01-06T09:00:00+08:00").unwrap());
        let pay = |fen: i64| json!({ "room": "1-1-101", "amount_fen": fen, "method": "wechat",
            "received_on": "2026-01-06", "reference": "4200001" });
        let first = doors.post("/payments", pay(15_000)).await.must(201);
        let parts = |paid: &Value| -> Vec<(i64, i64)> {
            let parts = paid["settled"].as_array().unwrap().iter();
            parts.map(|s| (s["amount_fen"].as_i64().unwrap(), s["left_fen"].as_i64().unwrap())).collect()
        };
        assert_eq!((parts(&first), &first["prepaid_fen"]), (vec![(10_000, 0), (5_000, 7_000)], &json!(0)));
        let second = doors.post("/payments", pay(10_000)).await.must(201);
        assert_eq!((parts(&second), &second["prepaid_fen"]), (vec![(7_000, 0)], &json!(3_000)));

        let now = doors.get("/dwellings/1-1-101/fees").await.must(200);
        assert_eq!((&now["arrears_fen"], &now["prepaid_fen"]), (&json!(0), &json!(3_000)));
        let before = doors.get("/dwellings/1-1-101/fees?as_of=2026-01-05").await.must(200);
        assert_eq!(before["arrears_fen"], 22_000);

        let receivable = |trial: &Value| -> i64 {
            let rows = trial["rows"].as_array().unwrap();
            let row = rows.iter().find(|row| row["account"] == 1122);
            row.map_or(0, |row| row["debit_balance_fen"].as_i64().unwrap())
        };
        for (query, fen) in [
            ("", 1_000),
            ("?as_of=2026-01-05", 23_000),
            ("?as_of=2025-09-30", 10_500),
            ("?as_of=2025-06-30", 0),
            ("?known_at=2026-01-05T09:00:00%2B08:00", 23_000),
            ("?known_at=2026-01-04T00:00:00Z", 0),
            ("?as_of=2025-12-31&known_at=2026-01-06T01:00:00Z", 23_000),
        ] {
            let trial = doors.get(&format!("/books/service/trial-balance{query}")).await.must(200);
            assert_eq!(receivable(&trial), fen, "{query}: {trial}");
            assert_eq!(trial["debit_fen"], trial["credit_fen"]);
        }
    }

    async fn a_voucher_is_listed_shown_reversed_and_its_month_closed(world: World) {
        let doors = Doors::of(&world);
        let amounts = [100, 200, 300];
        for fen in amounts {
            let body = json!({ "room": "1-1-102", "amount_fen": fen, "received_on": "2025-12-30" });
            doors.post("/deposits", body).await.must(201);
        }
        let page = doors.get("/books/fund/vouchers?limit=2").await.must(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        let next = page["next"].as_str().unwrap();
        doors.get(&format!("/books/service/vouchers?limit=2&after={next}")).await.problem(400, "door.cursor");
        let rest = doors.get(&format!("/books/fund/vouchers?limit=2&after={next}")).await.must(200);
        assert_eq!((rest["items"][0]["voucher"].clone(), rest["next"].clone()), (json!("fund/2025-0003"), Value::Null));

        let turned = json!({ "voucher": "fund/2025-0002", "on": "2026-01-05", "style": "red", "reason": "重复记账" });
        let done = doors.post_signed("/reversals", turned.clone()).await;
        assert_eq!(done["vouchers"], json!(["fund/2026-0001"]));
        doors.post("/reversals", turned).await.problem(409, "journal.reversed");
        let text = doors.get("/books/fund/vouchers/2026/1?format=text").await;
        assert!(text.text().contains("red:2") && text.text().contains("冲销 fund/2025-0002"), "{}", text.text());
        doors.get("/books/fund/vouchers/2026/9").await.problem(404, "journal.no-voucher");

        let closed = doors.post("/closes", json!({ "book": "fund", "month": "2025-12" })).await.must(201);
        assert_eq!(closed["seal"].as_str().unwrap().len(), 64);
        let again = json!({ "book": "fund", "month": "2025-12" });
        doors.post("/closes", again).await.problem(409, "journal.month-closed");
        let early = json!({ "book": "fund", "month": "2026-01" });
        doors.post("/closes", early).await.problem(422, "journal.month-not-ended");

        let verdict = doors.get("/verify").await.must(200);
        assert_eq!(verdict["ok"], true, "{verdict}");
    }

    async fn a_compound_is_founded_and_its_rooms_are_listed_with_masked_owners(world: World) {
        let doors = Doors::of(&world);
        doors.post("/api/v1/compounds", json!({ "code": "xinqu", "name": "新区花园" })).await.must(201);
        let taken = json!({ "code": "xinqu", "name": "另一个" });
        doors.post("/api/v1/compounds", taken).await.problem(409, "property.compound-code-taken");
        let all = doors.get("/api/v1/compounds").await.must(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 2);

        let mut rooms = Vec::new();
        let mut after = String::new();
        loop {
            let page = doors.get(&format!("/dwellings?limit=5{after}")).await;
            let said = page.text();
            for hidden in ["99999919", "1990000", "业主1", "业主2"] {
                assert!(!said.contains(hidden), "{hidden} is in {said}");
            }
            let page = page.must(200);
            rooms.extend(page["items"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(rooms.len(), 12);
        assert_eq!((rooms[0].as_str(), rooms[11].as_str()), ("1-1-101", "1-2-302"));
        let one = doors.get("/dwellings/1-1-101").await.must(200);
        assert_eq!(one["owners"], json!([
            { "name": "业*", "id_no": "9999****1111", "phone": "199****1111", "share": "1/2", "from": "2010-01-01" },
            { "name": "业*", "id_no": "9999****1112", "phone": "199****1112", "share": "1/2", "from": "2010-01-01" },
        ]));
        doors.get("/dwellings/9-9-909").await.problem(404, "property.no-dwelling");
        doors.get("/dwellings/101").await.problem(400, "property.room-code");
        doors.get("/api/v1/compounds/nowhere/dwellings").await.problem(404, "property.no-compound");
    }

    async fn the_same_key_answers_the_same_and_another_body_is_told_what_differs(world: World) {
        let doors = Doors::of(&world);
        let first = doors.post_under(Some("k-1"), "/deposits", deposit(800_000)).await;
        assert!(!first.headers.contains_key("idempotent-replayed"));
        let second = doors.post_under(Some("k-1"), "/deposits", deposit(800_000)).await;
        assert_eq!(second.headers["idempotent-replayed"], "true");
        assert_eq!((first.status, &first.body), (second.status, &second.body));

        let other = doors.post_under(Some("k-1"), "/deposits", deposit(800_001)).await;
        let problem = other.problem(422, "books.key-differs");
        assert!(problem["field"].as_str().unwrap().contains("amount_fen"), "{problem}");
        let elsewhere = json!({ "room": "1-1-101", "amount_fen": 5, "method": "cash", "received_on": "2026-01-04" });
        doors.post_under(Some("k-1"), "/payments", elsewhere).await.problem(422, "books.key-differs");
        for key in ["", "a b", &"x".repeat(121), "钥匙"] {
            doors.post_under(Some(key), "/deposits", deposit(1)).await.problem(400, "books.key-shape");
        }
        let statement = doors.get("/dwellings/1-1-101/fund-statement").await.must(200);
        assert_eq!(statement["balance_fen"], 800_000);
    }

    async fn a_hundred_at_once_under_one_key_deposit_once(world: World) {
        let doors = Doors::of(&world);
        let sent = (0..100).map(|_| doors.post_under(Some("hundred"), "/deposits", deposit(800_000)));
        let answers = futures_util::future::join_all(sent).await;
        let first = answers[0].json();
        for answer in &answers {
            assert_eq!((answer.status, answer.json()), (StatusCode::CREATED, first.clone()));
        }
        let fresh = answers.iter().filter(|answer| !answer.headers.contains_key("idempotent-replayed"));
        assert_eq!(fresh.count(), 1);
        let page = doors.get("/books/fund/vouchers").await.must(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
    }

    async fn what_does_not_fit_is_turned_away_with_a_reason_and_leaves_nothing(world: World) {
        let doors = Doors::of(&world);
        let before = traces(&world).await;
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let day = |day: &str| format!(r#"{{"room":"1-1-101","amount_fen":1,"received_on":"{day}"}}"#);
        let fen = |fen: &str| format!(r#"{{"room":"1-1-101","amount_fen":{fen},"received_on":"2026-01-04"}}"#);
        let room = |room: &str| format!(r#"{{"room":"{room}","amount_fen":1,"received_on":"2026-01-04"}}"#);
        let json = "application/json";
        for (kind, body, status, code) in [
            (json, String::new(), 400, "door.shape"),
            (json, "{".to_owned(), 400, "door.shape"),
            (json, "null".to_owned(), 400, "door.shape"),
            (json, "[]".to_owned(), 400, "door.shape"),
            (json, deep, 400, "door.shape"),
            (json, "\u{feff}{}".to_owned(), 400, "door.shape"),
            (json, fen("\"100\""), 400, "door.shape"),
            (json, fen("1.5"), 400, "door.shape"),
            (json, fen("1e2"), 400, "door.shape"),
            (json, fen("true"), 400, "door.shape"),
            (json, fen("99999999999999999999"), 400, "door.shape"),
            (json, fen("null"), 400, "fund.seen"),
            (json, fen("0"), 400, "fund.amount"),
            (json, fen("-1"), 400, "fund.amount"),
            (json, fen("10000000000001"), 400, "fund.amount"),
            (json, fen("9223372036854775807"), 400, "fund.amount"),
            (json, fen("-9223372036854775808"), 400, "fund.amount"),
            (json, day("2026-02-30"), 400, "door.shape"),
            (json, day("2026-1-4"), 400, "door.shape"),
            (json, day("+12026-01-04"), 400, "door.shape"),
            (json, day("昨天"), 400, "door.shape"),
            (json, day("2026-01-04T00:00:00Z"), 400, "door.shape"),
            (json, day("0001-01-01"), 400, "journal.ancient-day"),
            (json, day("2026-01-06"), 422, "journal.future-day"),
            (json, room("1-1-1\\u000001"), 400, "door.shape"),
            (json, room("' OR 1=1 --"), 400, "property.room-code"),
            (json, room("101"), 400, "property.room-code"),
            (json, room("9-9-909"), 404, "property.no-dwelling"),
            (json, room(&"1".repeat(4_000)), 400, "property.room-code"),
            (json, r#"{"room":"1-1-101","amount_fen":1,"received_on":"2026-01-04","fee":1}"#.to_owned(), 400, "door.shape"),
            (json, r#"{"room":"1-1-101","room":"1-1-102","amount_fen":1,"received_on":"2026-01-04"}"#.to_owned(), 400, "door.shape"),
            (json, r#"{"room":"1-1-101","amount_fen":1}"#.to_owned(), 400, "fund.seen"),
            (json, r#"{"room":"1-1-101","line_no":1,"amount_fen":1}"#.to_owned(), 400, "fund.seen"),
            (json, r#"{"room":"1-1-101","line_no":1}"#.to_owned(), 404, "bank.no-line"),
            (json, r#"{"room":"1-1-101","amount_fen":1,"received_on":"2026-01-04","receipt_no":"a\nb"}"#.to_owned(), 400, "journal.text"),
            (json, format!(r#"{{"room":"{}"}}"#, " ".repeat(1 << 20)), 413, "door.too-large"),
            ("text/plain", fen("1"), 415, "door.content-type"),
            ("", fen("1"), 415, "door.content-type"),
            ("application/x-www-form-urlencoded", "room=1-1-101".to_owned(), 415, "door.content-type"),
        ] {
            let shown: String = body.chars().take(120).collect();
            let request = Request::post(at("/deposits"))
                .header("authorization", bearer(Role::PropertyCompany))
                .header("content-type", kind);
            let answer = doors.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.text());
            answer.problem(status, code);
        }
        for (path, body, status, code) in [
            ("/bills", json!({ "item": "", "from_on": "2026-01-01", "to_on": "2026-01-31", "bills": [] }), 400, "fees.item"),
            ("/bills", json!({ "item": "物业费", "from_on": "2026-02-01", "to_on": "2026-01-31", "bills": [] }), 400, "fees.period"),
            ("/bills", json!({ "item": "物业费", "from_on": "2026-01-01", "to_on": "2026-01-31", "bills": [] }), 400, "fees.no-bills"),
            ("/bills", json!({ "item": "物业费", "from_on": "2026-01-01", "to_on": "2026-01-31",
                "bills": [{ "room": "1-1-101", "amount_fen": 1 }, { "room": "1-1-102", "amount_fen": -1 }] }), 400, "fees.amount"),
            ("/bills", json!({ "item": "物业费", "from_on": "2026-01-01", "to_on": "2026-01-31",
                "bills": [{ "room": "1-1-101", "amount_fen": 1 }, { "room": "1栋1单元101", "amount_fen": 1 }] }), 409, "fees.billed"),
            ("/payments", json!({ "room": "1-1-101", "amount_fen": 1, "method": "gold", "received_on": "2026-01-04" }), 400, "door.shape"),
            ("/payments", json!({ "room": "1-1-101", "amount_fen": 0, "method": "cash", "received_on": "2026-01-04" }), 400, "fees.amount"),
            ("/closes", json!({ "book": "cash", "month": "2025-12" }), 400, "door.shape"),
            ("/closes", json!({ "book": "fund", "month": "2025-13" }), 400, "door.shape"),
            ("/reversals", json!({ "voucher": "fund/1", "on": "2026-01-05", "style": "red", "reason": "" }), 400, "door.shape"),
            ("/reversals", json!({ "voucher": "fund/2026-0001", "on": "2026-01-05", "style": "blue", "reason": "" }), 400, "door.shape"),
            ("/reversals", json!({ "voucher": "fund/2026-0001", "on": "2026-01-05", "style": "red", "reason": "" }), 404, "journal.no-voucher"),
            ("/imports/1/undo", json!({}), 404, "import.no-import"),
            ("/imports/x/undo", json!({}), 404, "door.no-route"),
            ("/api/v1/compounds", json!({ "code": "UP", "name": "x" }), 400, "property.compound-shape"),
            ("/api/v1/compounds", json!({ "code": "up", "name": "" }), 400, "property.compound-shape"),
            ("/nothing", json!({}), 404, "door.no-route"),
            ("/verify", json!({}), 405, "door.method"),
        ] {
            doors.post(path, body).await.problem(status, code);
        }
        for (path, status, code) in [
            ("/books/cash/trial-balance", 404, "door.no-route"),
            ("/books/fund/trial-balance?as_of=2026-02-30", 400, "door.shape"),
            ("/books/fund/trial-balance?as_of=tomorrow", 400, "door.shape"),
            ("/books/fund/trial-balance?known_at=2026-01-05", 400, "door.shape"),
            ("/books/fund/trial-balance?asof=2026-01-05", 400, "door.shape"),
            ("/books/fund/trial-balance?as_of=2026-01-05&as_of=2026-01-06", 400, "door.shape"),
            ("/books/fund/vouchers?limit=-1", 400, "door.shape"),
            ("/books/fund/vouchers?after=x", 400, "door.cursor"),
            ("/books/fund/vouchers?limit=0", 400, "door.shape"),
            ("/books/fund/vouchers?limit=1001", 400, "door.shape"),
            ("/books/fund/vouchers?format=pdf", 400, "door.shape"),
            ("/books/fund/vouchers?limit=1&limit=2", 400, "door.shape"),
            ("/verify?deep=1", 400, "door.shape"),
            ("/books/fund/vouchers/2026/abc", 404, "door.no-route"),
            ("/books/fund/export?format=xml", 400, "door.shape"),
            ("/dwellings/..%2F..%2Fetc%2Fpasswd", 400, "property.room-code"),
            ("/dwellings/1-1-101%00", 400, "door.shape"),
            ("/dwellings/%ff%fe", 400, "door.shape"),
            ("/dwellings?after=101", 400, "door.cursor"),
            ("/../../etc/passwd", 404, "door.no-route"),
            ("/api/v1/compounds/..%2f..%2f/dwellings", 404, "property.no-compound"),
            ("/bank-lines?which=mine", 400, "door.shape"),
        ] {
            doors.get(path).await.problem(status, code);
        }
        assert_eq!(traces(&world).await, before);
    }

    async fn what_does_not_fit_is_told_by_its_field(world: World) {
        let doors = Doors::of(&world);
        for (path, body, told) in [
            ("/deposits", json!({ "amount_fen": 1, "received_on": "2026-01-04" }), "缺少字段 room"),
            ("/deposits", json!({ "room": "1-1-101", "amount_fen": "100" }), "字段 amount_fen 须为整数，写的是文字 \"100\""),
            ("/deposits", json!({ "room": "1-1-101", "fen": 1 }), "没有字段 fen；可用的是 room、kind"),
            ("/deposits", json!({ "room": "1-1-101", "amount_fen": 1, "received_on": "2026-1-4" }), "字段 received_on 日期须写作"),
            ("/payments", json!({ "room": "1-1-101", "amount_fen": 1, "method": "gold", "received_on": "2026-01-04" }),
                "字段 method 没有“gold”这一种；可用的是 cash"),
            ("/bills", json!({ "item": "物业费", "from_on": "2026-01-01", "to_on": "2026-01-31", "bills": [{ "room": "1-1-101" }] }),
                "缺少字段 bills[0].amount_fen"),
        ] {
            let problem = doors.post(path, body).await.problem(400, "door.shape");
            assert!(problem["detail"].as_str().unwrap().starts_with(told), "{problem}");
            assert!(problem["cause"].is_string(), "{problem}");
        }
        for (path, status, code, told) in [
            ("/books/fund/trial-balance?as_of=tomorrow", 400, "door.shape", "查询参数：字段 as_of 日期须写作"),
            ("/books/fund/trial-balance?asof=2026-01-05", 400, "door.shape", "查询参数：没有字段 asof；可用的是 as_of、known_at"),
            ("/books/fund/vouchers?limit=-1", 400, "door.shape", "查询参数：字段 limit 须为范围之内的整数"),
            ("/books/fund/vouchers/2026/-1", 404, "door.no-route", "地址中的 {number} 不能是 \"-1\""),
            ("/books/fund/vouchers/-2026/1", 404, "door.no-route", "地址中的 {year} 不能是 \"-2026\""),
            ("/books/fund/vouchers/2026/+1", 404, "door.no-route", "地址中的 {number} 不能是 \"+1\""),
            ("/dwellings/1-1-101/fund-statement?from=2026-02-01&as_of=2026-01-01", 400, "fund.period", "2026-02-01 至 2026-01-01"),
            ("/dwellings/1-1-101/fund-statement?from=2026-02-01", 400, "fund.period", "2026-02-01 至 2026-01-05"),
            ("/dwellings/1-1-101/fund-statement?from=2026-02-01&as_of=2026-01-01&format=pdf", 400, "fund.period", "2026-02-01 至 2026-01-01"),
        ] {
            let problem = doors.get(path).await.problem(status, code);
            assert!(problem["detail"].as_str().unwrap().starts_with(told), "{problem}");
        }
        doors.post("/deposits", deposit(800_000)).await.must(201);
        let early = doors.get("/dwellings/1-1-101/fund-statement?known_at=2019-01-01T00:00:00Z").await.must(200);
        assert!(early["remark"].as_str().is_some_and(|remark| remark.contains("当时尚未记账")), "{early}");
        let now = doors.get("/dwellings/1-1-101/fund-statement?known_at=2026-01-05T09:00:00%2B08:00").await.must(200);
        assert_eq!((&now["remark"], &now["balance_fen"]), (&Value::Null, &json!(800_000)));
    }

    async fn what_is_too_large_is_told_its_size_and_the_limit_of_the_place(world: World) {
        let doors = Doors::of(&world);
        let send = async |path: &str, bytes: usize| {
            let request = Request::post(at(path))
                .header("authorization", bearer(Role::PropertyCompany))
                .header("content-type", "application/json")
                .header("content-length", bytes);
            let problem = doors.send(request.body(Body::from(vec![b' '; bytes])).unwrap()).await;
            problem.problem(413, "door.too-large")["detail"].as_str().unwrap().to_owned()
        };
        assert_eq!(send("/deposits", 3 << 20).await, "请求体 3 MB，此处上限 1 MB");
        assert_eq!(send("/imports?kind=deposits", 70 << 20).await, "请求体 70 MB，此处上限 64 MB");
    }

    async fn a_file_is_looked_at_refused_taken_and_undone_over_the_wire(world: World) {
        let doors = Doors::of(&world);
        let send = async |query: &str, kind: &str, body: Vec<u8>| {
            let request = Request::post(at(&format!("/imports?{query}")))
                .header("authorization", bearer(Role::PropertyCompany))
                .header("content-type", kind);
            doors.send(request.body(Body::from(body)).unwrap()).await
        };
        let csv = |fen: &str| format!(
            "小区名称,楼,单元,房屋,业主姓名,证件号码,证件类型,电梯标志,摘要,交易时间,交易金额,发票号,面积\n\
             小河里小区,1栋,1单元,102,业主1121,,,否,开户,2025-03-01,{fen},F1,81.20\n\
             小河里小区,1栋,1单元,201,业主1211,,,否,开户,2025-03-02,200.00,F2,82.10\n").into_bytes();
        let before = traces(&world).await;
        send("kind=deposits", "text/csv", Vec::new()).await.problem(400, "intake.empty-file");
        send("kind=gold", "text/csv", csv("1")).await.problem(400, "door.shape");
        send("", "text/csv", csv("1")).await.problem(400, "door.shape");
        send("kind=deposits", "multipart/form-data", csv("1")).await.problem(400, "door.shape");
        let refused = send("kind=deposits&name=..%2Fa.csv", "text/csv", csv("1.005")).await;
        let problem = refused.problem(422, "import.rejected-rows");
        let reject = &problem["report"]["rejected"][0];
        assert_eq!((reject["file"].as_str(), reject["value"].as_str()), (Some("a.csv"), Some("1.005")), "{reject}");
        let looked = send("kind=deposits&dry_run=true", "text/csv", csv("100.00")).await.must(200);
        assert_eq!((&looked["accepted"], &looked["committed"], &looked["sum_fen"]), (&json!(2), &json!(false), &json!(30_000)));
        assert_eq!(traces(&world).await, before);

        let form = [
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n".to_vec(),
            csv("100.00"),
            b"\r\n--x--\r\n".to_vec(),
        ].concat();
        let taken = send("kind=deposits", "multipart/form-data; boundary=x", form).await.must(201);
        assert_eq!((&taken["accepted"], &taken["committed"]), (&json!(2), &json!(true)), "{taken}");
        let again = send("kind=deposits", "text/csv", csv("100.00")).await.must(200);
        assert_eq!((&again["accepted"], &again["known"]), (&json!(0), &json!(2)));
        let listed = doors.get("/imports").await.must(200);
        assert_eq!(listed["items"][0]["import_no"], taken["import_no"]);
        let path = format!("/imports/{}/undo", taken["import_no"]);
        let undone = doors.post_signed(&path, json!({})).await;
        assert_eq!(undone["rows"], 2);
        doors.post(&path, json!({})).await.problem(409, "import.undone");
        let statement = doors.get("/dwellings/1-1-102/fund-statement").await.must(200);
        assert_eq!(statement["balance_fen"], 0);
    }

    async fn every_role_at_every_route_is_let_in_or_not_as_the_table_says(world: World) {
        let doors = Doors::of(&world);
        let mut told = String::new();
        for route in ROUTES {
            let path = filled(route.path, "xiaohe");
            let knock = async |authorization: Option<String>| {
                let request = Request::builder().method(route.method).uri(&path);
                let request = authorization.into_iter().fold(request, |r, shown| r.header("authorization", shown));
                doors.send(request.body(Body::empty()).unwrap()).await
            };
            for stranger in [None, Some("Bearer nobody-knows-this-one"), Some("Basic YTpi"), Some("Bearer"), Some("")] {
                let answer = knock(stranger.map(str::to_owned)).await;
                match route.scope {
                    Scope::Open => match route.path.trim_start_matches("/api/v1") {
                        "/sessions" => drop(answer.problem(415, "door.content-type")),
                        "/portals" => drop(answer.must(200)),
                        _ => drop(answer.problem(404, "portal.unknown")),
                    },
                    _ => drop(answer.problem(401, "door.unknown-caller")),
                }
            }
            let mut may = Vec::new();
            for role in Role::ALL.into_iter().filter(|role| *role != Role::Operator) {
                let answer = knock(Some(bearer(role))).await;
                if route.scope == Scope::Open {
                    may = vec!["everybody"];
                } else if route.roles.contains(&role) {
                    may.push(role.name());
                    match answer.status.as_u16() {
                        403 => drop(answer.problem(403, "people.session-only")),
                        status => assert!(![401, 405, 500].contains(&status), "{path}: {}", answer.text()),
                    }
                } else {
                    answer.problem(403, "door.role");
                }
            }
            let scope = format!("{:?}", route.scope).to_lowercase();
            let deed = route.deed.map_or(String::new(), |deed| format!(" [{}]", deed.name()));
            told.push_str(&format!("{:<6} {:<68} {scope:<9} {}{deed}\n", route.method, route.path, may.join(" ")));
        }
        golden("routes.txt", &told);
    }

    async fn another_tenants_compound_is_as_one_that_does_not_exist(world: World) {
        let doors = Doors::of(&world);
        let desk = Desk::of(&world.books);
        let other = world.found("dahe", "大河里小区").await;
        let tenants = Tenants::settle(&world, &desk, other).await;
        let mut held_back = 0;
        for route in ROUTES.iter().filter(|route| route.path.contains("{compound}")) {
            // All at once: what must not tell that a compound is there leaves at a step of time, and so would this test.
            let (theirs, nowhere) = (filled(route.path, "xiaohe"), filled(route.path, "nowhere"));
            let answers = tenants.of_the_other.iter().map(async |(role, token)| {
                let asked = |path| doors.knock(token, route.method, path, None);
                let (theirs, nowhere) = join(asked(&theirs), asked(&nowhere)).await;
                (role, theirs, nowhere)
            });
            for (role, theirs, nowhere) in join_all(answers).await {
                let (status, headers) = (theirs.status, told_of(&theirs));
                assert_eq!((status, headers), (nowhere.status, told_of(&nowhere)), "{role:?} at {}", route.path);
                let (mut one, mut none) = (theirs.json(), nowhere.json());
                assert_eq!(one["detail"].as_str().unwrap().replace("xiaohe", "nowhere"), none["detail"], "{one}");
                for answer in [&mut one, &mut none] {
                    answer.as_object_mut().unwrap().retain(|name, _| name != "instance" && name != "detail");
                }
                assert_eq!(one, none, "{role:?} at {}", route.path);
                match route.roles.contains(role) {
                    true => assert_eq!((status.as_u16(), &one["code"]), (404, &json!("property.no-compound"))),
                    false => assert_eq!((status.as_u16(), &one["code"]), (403, &json!("door.role"))),
                }
                held_back += 1;
            }
            // At home the same route answers, so that what is compared is no dead end.
            for (role, token) in tenants.at_home.iter().filter(|(role, _)| route.roles.contains(role)) {
                let answer = doors.knock(token, route.method, &filled(route.path, "xiaohe"), None).await;
                let code = if answer.status.is_success() { Value::Null } else { answer.json()["code"].clone() };
                assert!(code != "property.no-compound" && code != "door.role", "{role:?} at {}: {code}", route.path);
            }
        }
        assert!(held_back >= 6 * 20, "{held_back}");
        for (tokens, code) in [(&tenants.at_home, "xiaohe"), (&tenants.of_the_other, "dahe")] {
            for (role, token) in tokens {
                let listed = doors.knock(token, "GET", "/api/v1/compounds", None).await.must(200);
                let codes: Vec<&str> = listed["items"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap()).collect();
                assert_eq!(codes, [code], "{role:?}");
            }
        }
        assert!(!doors.knock(&tenants.of_the_other[0].1, "GET", "/api/v1/session", None).await.text().contains("xiaohe"));
    }

    async fn an_owner_reads_their_own_dwelling_and_no_other(world: World) {
        let doors = Doors::of(&world);
        let desk = Desk::of(&world.books);
        desk.enlist("yezhu").await;
        let home = ledger::people::Scope::Dwelling(world.compound, world.dwelling("1-1-101").await);
        let mandate = desk.appoint("yezhu", Role::Owner, home, "2020-01-01", "").await.unwrap();
        let (_, token) = desk.token("yezhu", mandate, "2026-12-31T00:00:00Z").await.unwrap();
        for path in ["/dwellings/1-1-101", "/dwellings/1栋1单元101/fund-statement", "/dwellings/1-1-101/fees"] {
            doors.knock(&token, "GET", path, None).await.must(200);
        }
        let shown = |answer: Answered| {
            let mut problem = answer.problem(403, "door.dwelling");
            problem.as_object_mut().unwrap().remove("instance");
            problem
        };
        let neighbours = shown(doors.knock(&token, "GET", "/dwellings/1-1-102/fees", None).await);
        for path in ["/dwellings/9-9-909/fees", "/dwellings/nothing/fees", "/dwellings/%E6%A5%BC/fees"] {
            assert_eq!(shown(doors.knock(&token, "GET", path, None).await), neighbours);
        }
        for path in ["/dwellings", "/books/fund/trial-balance", "/payments", ""] {
            doors.knock(&token, "GET", path, None).await.problem(403, "door.role");
        }
    }

    async fn a_person_logs_in_writes_behind_a_second_factor_and_makes_a_token(world: World) {
        let doors = Doors::of(&world);
        let admin = token(Role::Administrator);
        let ask = async |method: &str, path: &str, body: Value| doors.knock(&admin, method, &format!("/api/v1{path}"), Some(&body)).await;
        ask("POST", "/organisations", json!({ "kind": "property-company", "code": "lvyuan", "name": "绿源物业" })).await.must(201);
        let contract = json!({ "compound": "xiaohe", "from_on": "2026-01-01", "until_on": "2026-12-31" });
        ask("POST", "/organisations/lvyuan/contracts", contract).await.must(201);
        let user = json!({ "user": "wang", "shown_as": "王会计", "org": "lvyuan", "phone": "19900001234" });
        ask("POST", "/users", user.clone()).await.must(201);
        ask("POST", "/users", user).await.problem(409, "people.user-taken");
        let password = ask("POST", "/users/wang/password", json!({})).await.must(201)["password"].as_str().unwrap().to_owned();
        let log_in = async |code: Option<&str>| {
            let body = json!({ "user": "wang", "password": password, "code": code });
            let request = Request::post("/api/v1/sessions").header("content-type", "application/json");
            doors.send(request.body(Body::from(body.to_string())).unwrap()).await
        };
        let begun = log_in(None).await;
        let cookie = begun.headers["set-cookie"].to_str().unwrap().to_owned();
        for word in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(word), "{cookie}");
        }
        let session = begun.must(201)["session"].as_str().unwrap().to_owned();
        // Nobody has given them anything yet.
        doors.knock(&session, "GET", "/api/v1/compounds", None).await.problem(403, "people.term-over");
        let mandate = json!({ "role": "property-company", "org": "lvyuan", "from_on": "2026-01-01" });
        let mandate = ask("POST", "/users/wang/mandates", mandate).await.must(201)["mandate_no"].clone();
        doors.knock(&session, "GET", "/books/fund/trial-balance", None).await.must(200);
        doors.knock(&session, "POST", "/deposits", Some(&deposit(100))).await.problem(403, "people.second-factor");

        let factor = doors.knock(&session, "POST", "/api/v1/second-factor", None).await.must(201);
        let secret = unbase32(factor["secret"].as_str().unwrap());
        let code = |world: &World| ledger::people::totp::code_on(&secret, world.clock.now());
        let confirm = json!({ "code": code(&world) });
        let confirmed = doors.knock(&session, "POST", "/api/v1/second-factor/confirm", Some(&confirm)).await;
        assert_eq!(confirmed.status, StatusCode::NO_CONTENT, "{}", confirmed.text());
        doors.knock(&session, "GET", "/api/v1/session", None).await.problem(401, "door.unknown-caller");
        log_in(None).await.problem(401, "people.code-wanted");
        log_in(Some("000000")).await.problem(401, "people.login");
        later(&world, 30);
        let session = log_in(Some(&code(&world))).await.must(201)["session"].as_str().unwrap().to_owned();
        doors.knock(&session, "POST", "/deposits", Some(&deposit(100))).await.must(201);
        let myself = doors.knock(&session, "GET", "/api/v1/session", None).await.must(200);
        assert_eq!((&myself["user"], &myself["is_strong"], &myself["mandates"][0]["of"]), (&json!("wang"), &json!(true), &json!("lvyuan")));

        // A token does what its maker may and nothing that is the maker's own.
        let asked = json!({ "name": "对账", "mandates": [mandate], "expires_at": "2026-12-31T00:00:00Z" });
        let made = doors.knock(&session, "POST", "/api/v1/tokens", Some(&asked)).await.must(201);
        let token = made["token"].as_str().unwrap().to_owned();
        doors.knock(&token, "POST", "/deposits", Some(&deposit(200))).await.must(201);
        doors.knock(&token, "POST", "/api/v1/tokens", Some(&asked)).await.problem(403, "people.session-only");
        let change = json!({ "old": password, "new": "a-second-plum-rain" });
        doors.knock(&token, "POST", "/api/v1/password", Some(&change)).await.problem(403, "people.session-only");
        let listed = doors.knock(&session, "GET", "/api/v1/tokens", None).await;
        assert!(!listed.text().contains("xq_"), "{}", listed.text());
        let no = listed.json()["items"][0]["token_no"].clone();
        assert_eq!(no, made["token_no"]);
        doors.knock(&session, "DELETE", "/api/v1/tokens/99", None).await.problem(404, "people.no-token");
        let gone = doors.knock(&session, "DELETE", &format!("/api/v1/tokens/{no}"), None).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        doors.knock(&token, "GET", "/payments", None).await.problem(401, "door.unknown-caller");

        // A page of ours acts by the cookie, a page of somebody else's does not.
        let ride = async |site: &str| {
            let request = Request::post(at("/deposits")).header("content-type", "application/json")
                .header("cookie", format!("a=b; xiaoqu_session={session}")).header("sec-fetch-site", site);
            doors.send(request.body(Body::from(deposit(300).to_string())).unwrap()).await
        };
        ride("same-origin").await.must(201);
        ride("cross-site").await.problem(403, "door.cross-site");
        let out = doors.knock(&session, "DELETE", "/api/v1/session", None).await;
        assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        ride("same-origin").await.problem(401, "door.unknown-caller");
        let users = ask("GET", "/users", json!({})).await;
        assert!(!users.text().contains("19900001234"), "{}", users.text());
        assert_eq!(users.must(200)["items"][0]["roles"], json!(["property-company"]));
    }

    async fn the_front_and_the_lamps_need_no_token(world: World) {
        let doors = Doors::of(&world);
        for (path, said) in [("/", "小河里小区"), ("/healthz", "ok"), ("/readyz", "ok")] {
            let answer = doors.send(Request::get(path).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert!(answer.text().contains(said), "{}", answer.text());
            assert!(answer.headers.contains_key("x-request-id"));
        }
        // Unless the settings say so, a stranger does not read which compounds there are.
        let closed = Doors(xiaoqu::app(world.books.clone(), Config::default()));
        let front = closed.send(Request::get("/").body(Body::empty()).unwrap()).await;
        assert!(front.status == StatusCode::OK && !front.text().contains("小河里"), "{}", front.text());
        let far = Request::get("/favicon.ico").body(Body::empty()).unwrap();
        doors.send(far).await.problem(404, "door.no-route");
    }

    async fn the_law_is_read_over_the_wire(world: World) {
        let doors = Doors::of(&world);
        let all = doors.get("/api/v1/policies").await.must(200);
        let packs: Vec<&str> = all["items"].as_array().unwrap().iter().filter_map(|p| p["pack"].as_str()).collect();
        assert!(packs.contains(&"310000@2024-10") && packs[0] == "100000@2008-02", "{packs:?}");
        let sheet = doors.get("/api/v1/policies?format=csv").await.text();
        assert!(sheet.contains("310000@2024-10,上海市,100000,2024-10-01,2026-02-28"), "{sheet}");
        let one = doors.get("/api/v1/policies/310000@2024-10").await.must(200);
        let caps = one["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "payment-caps").unwrap();
        assert_eq!((&caps["value"]["first"], &caps["unit"], &caps["evidence"]), (&json!("<= 30%"), &json!("占合同价"), &json!("verified")));
        let changes = doors.get("/api/v1/policies/310000@2024-10/changes?from=310000@2021-01").await.must(200);
        assert!(changes["changes"].as_array().unwrap().iter().any(|c| c["cell"] == "payment-caps.first" && c["old"].is_null()));
        let here = doors.get("/policy?on=2026-01-05").await.must(200);
        assert_eq!(here["chain"], json!(["100000@2021-01"]));
        let silent = here["terms"].as_array().unwrap().iter().find(|t| t["name"] == "silent-votes").unwrap();
        assert_eq!((&silent["value"]["rule"], &silent["pack"]), (&json!("not-counted"), &json!("100000@2021-01")));
        assert_eq!(here["predicates"].as_array().unwrap().len(), 22);
        doors.get("/policy?on=2001-01-01").await.problem(404, "policy.not-in-force");
        doors.get("/api/v1/policies/310000@1999").await.problem(404, "policy.no-version");
        doors.get("/api/v1/policies/shanghai").await.problem(400, "door.shape");
        doors.get("/api/v1/policies/310000@2024-10/changes").await.problem(400, "door.shape");
    }

    async fn a_book_is_streamed_out_in_three_formats(world: World) {
        let doors = Doors::of(&world);
        doors.post("/deposits", deposit(800_000)).await.must(201);
        for (format, kind, said) in [
            ("hledger", "text/plain; charset=utf-8", "fund:1001  8000.00 CNY"),
            ("csv", "text/csv; charset=utf-8", "1001"),
            ("json", "application/x-ndjson", "1001"),
        ] {
            let answer = doors.get(&format!("/books/fund/export?format={format}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            assert_eq!(answer.headers["content-type"], kind);
            assert!(answer.text().contains(said), "{}", answer.text());
        }
    }
}

on_both! {
    async fn whoever_sends_a_template_as_it_is_is_told_how_it_is_sent(world: World) {
        let doors = Doors::of(&world);
        for (path, role) in [
            ("/report-templates/demand", Role::PropertyCompany),
            ("/api/v1/report-templates/demand", Role::Administrator),
        ] {
            for kind in ["text/plain; charset=utf-8", "application/toml", ""] {
                let request = Request::post(at(path)).header("authorization", bearer(role)).header("content-type", kind);
                let request = request.body(Body::from("document = \"demand\"")).unwrap();
                let told = doors.send(request).await.problem(415, "door.content-type");
                let (detail, remedy) = (told["detail"].as_str().unwrap(), told["remedy"].as_str().unwrap());
                assert!(detail.contains("此处收 application/json"), "{told}");
                assert!(remedy.contains(r#"{"text": "…"}"#) && remedy.contains("application/json"), "{told}");
            }
        }
    }
}
