//! Events to strangers: signed, in order, at least once, and never into our own network. The receiver is a little server
//! on loopback that does as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request as Knock, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use ledger::books::{Actor, Books, Request, Role};
use ledger::calendar::Instant;
use ledger::hooks::{self, EVENTS, HOOKS_MOST, OVERLAP_SECONDS, Openness, RETRIES};
use ledger::id::{CompoundId, HookNo};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;
use xiaoqu::config::{Config, Login, Outgoing};
use xiaoqu::hooks::courier::Courier;
use xiaoqu::metrics::Metrics;

use crate::on_both;
use crate::world::World;

const TOKEN: &str = "token-of-the-administrator";
const CLERK: &str = "token-of-the-clerk-0123456789";
const SECOND: &str = "token-of-the-second-clerk-0123456789";

/// What the receiver is told to answer next.
#[derive(Clone, Copy, Debug)]
enum Word {
    Status(u16),
    /// `Location:` somewhere on the same receiver.
    Redirect,
    /// Takes the request and never answers.
    Silence,
    /// Takes it, and talks without end.
    Flood,
}

/// An event as it arrived.
#[derive(Clone, Debug)]
struct Arrived {
    headers: HeaderMap,
    body: String,
}

impl Arrived {
    fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// As a receiver would: the raw body, the time under the signature, any `v1` that fits.
    fn is_signed_by(&self, secret: &str) -> bool {
        let header = self.headers["xiaoqu-signature"].to_str().unwrap();
        let mut parts = header.split(',');
        let t = parts.next().unwrap().strip_prefix("t=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{t}.{}", self.body).as_bytes());
        let wanted: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        parts.any(|part| part == format!("v1={wanted}"))
    }
}

/// A little server on loopback.
#[derive(Clone)]
struct Receiver {
    port: u16,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    words: Arc<Mutex<VecDeque<Word>>>,
}

impl Receiver {
    async fn open() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Receiver { port, arrived: Arc::default(), words: Arc::default() };
        let app = Router::new().fallback(receive).with_state(receiver.clone());
        // Dies with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/events?from=xiaoqu", self.port)
    }

    fn answer(&self, words: impl IntoIterator<Item = Word>) {
        self.words.lock().unwrap().extend(words);
    }

    fn ids(&self) -> Vec<String> {
        self.arrived.lock().unwrap().iter().map(Arrived::id).collect()
    }

    fn last(&self) -> Arrived {
        self.arrived.lock().unwrap().last().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.arrived.lock().unwrap().len()
    }
}

async fn receive(State(receiver): State<Receiver>, request: Knock<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    receiver.arrived.lock().unwrap().push(Arrived { headers: parts.headers, body });
    let word = receiver.words.lock().unwrap().pop_front().unwrap_or(Word::Status(204));
    match word {
        Word::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Word::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
        }
        Word::Silence => std::future::pending().await,
        Word::Flood => {
            let words =
                futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 8 << 10]));
            Body::from_stream(words).into_response()
        }
    }
}

/// The house with its doors, and couriers who may go to loopback.
struct House {
    app: Router,
    books: Books,
    outgoing: Outgoing,
}

fn outgoing() -> Outgoing {
    let allows = Openness { http: true, private: true };
    Outgoing { is_on: true, allows, ca: None, timeout: Duration::from_millis(700) }
}

impl House {
    fn of(world: &World) -> House {
        House::with(world, outgoing())
    }

    fn with(world: &World, outgoing: Outgoing) -> House {
        let logins = vec![
            Login::new(Role::Administrator, "管理员", TOKEN).unwrap(),
            Login::new(Role::PropertyCompany, "王会计", CLERK).unwrap(),
            Login::new(Role::PropertyCompany, "周主管", SECOND).unwrap(),
        ];
        let config = Config { logins, hooks: outgoing.clone(), ..Config::default() };
        let app = xiaoqu::app(world.books.clone(), config);
        House { app, books: world.books.clone(), outgoing }
    }

    async fn send(
        &self,
        token: &str,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Value,
    ) -> (u16, Value) {
        let request = Knock::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let request = key.into_iter().fold(request, |r, key| r.header("idempotency-key", key));
        let body = if method == "GET" { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[track_caller]
    fn get(&self, path: &str) -> impl Future<Output = Value> {
        let at = std::panic::Location::caller();
        async move {
            let (status, body) = self.send(TOKEN, "GET", path, None, Value::Null).await;
            assert_eq!(status, 200, "{at}: {body}");
            body
        }
    }

    #[track_caller]
    fn post(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let at = std::panic::Location::caller();
        async move {
            let (status, body) = self.send(TOKEN, "POST", path, None, body).await;
            assert!(status == 201 || status == 200, "{at}: {status} {body}");
            body
        }
    }

    #[track_caller]
    fn refused(
        &self,
        path: &str,
        body: Value,
        wanted: u16,
        code: &str,
    ) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move {
            let (status, body) = self.send(TOKEN, "POST", path, None, body).await;
            assert_eq!((status, body["code"].as_str()), (wanted, Some(code)), "{at}: {body}");
        }
    }

    /// Subscribes a receiver to the deposits and payments of compounds; answers its number and its secret.
    async fn subscribe(&self, url: &str, verbs: &[&str], compounds: &[&str]) -> (i32, String) {
        let asked =
            json!({ "name": "区房管平台", "url": url, "verbs": verbs, "compounds": compounds });
        let made = self.post("/webhooks", asked).await;
        let no = i32::try_from(made["hook_no"].as_i64().unwrap()).unwrap();
        (no, made["secret"].as_str().unwrap().to_owned())
    }

    async fn deposit(&self, compound: &str, room: &str, fen: i64) -> i64 {
        let asked = json!({ "room": room, "amount_fen": fen, "received_on": "2026-01-04" });
        let (status, done) =
            self.send(CLERK, "POST", &format!("/compounds/{compound}/deposits"), None, asked).await;
        assert_eq!(status, 201, "{done}");
        done["act_no"].as_i64().unwrap()
    }

    fn courier(&self) -> (Courier, watch::Sender<bool>) {
        let (stop, stopped) = watch::channel(false);
        let metrics = Arc::new(Metrics::new(self.books.clone()));
        (Courier::new(self.books.clone(), &self.outgoing, metrics, stopped).unwrap(), stop)
    }

    async fn round(&self) {
        self.courier().0.round().await.unwrap();
    }
}

fn later(world: &World, seconds: i64) {
    let now = world.clock.now().seconds();
    world.clock.set(Instant::from_seconds(now + seconds));
}

async fn back_door(world: &World, sql: &str) {
    let db = world.back_door().await;
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    db.close().await.unwrap();
}

/// A second compound with one dwelling, 1-1-101.
async fn another(world: &World, code: &str) -> CompoundId {
    let compound = world.found(code, "另一小区").await;
    let dwelling = ledger::property::NewDwelling {
        code: ledger::property::RoomCode::parse("1-1-101").unwrap(),
        written_as: "1-1-101".to_owned(),
        floor: Some(1),
        usage: ledger::property::Usage::Residence,
        housing: ledger::property::Housing::Commodity,
        has_lift: false,
        is_unsold: true,
        area: ledger::measure::Area::centi_m2(8_000),
        handed_over_on: None,
        owners: vec![],
        remark: String::new().into(),
        owned_from: crate::world::day("2010-01-01"),
    };
    let request = Request::new("property.enrol", vec![dwelling]);
    let operator = Actor::operator();
    let enrolled = world.books.act(&operator, compound, request, |tx, roll| {
        Box::pin(async move { ledger::property::enrol(tx, roll).await.map(|_| ()) })
    });
    enrolled.await.unwrap();
    compound
}

/// What the command line says.
async fn cli(world: &World, args: &[&str]) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args =
        ["xiaoqu", "--db", &world.url].into_iter().chain(args.iter().copied()).map(Into::into);
    let code = xiaoqu::cli::run(args, &mut out, &mut err).await;
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
    String::from_utf8(out).unwrap()
}

on_both! {
    async fn a_subscription_is_made_shown_changed_and_what_does_not_fit_is_refused(world: World) {
        let house = House::with(&world, Outgoing { allows: Openness::default(), ..outgoing() });
        let fit = json!({ "name": "区房管平台", "url": "https://hooks.example.cn/x", "verbs": ["fund.deposit"],
            "compounds": ["xiaohe"] });
        let but = |name: &str, value: Value| {
            let mut asked = fit.clone();
            asked[name] = value;
            asked
        };
        for (asked, status, code) in [
            (but("name", json!(" ")), 400, "hooks.name"),
            (but("name", json!("名".repeat(61))), 400, "hooks.name"),
            (but("url", json!("http://hooks.example.cn/")), 400, "hooks.url"),
            (but("url", json!("https://u:p@hooks.example.cn/")), 400, "hooks.url"),
            (but("url", json!("https://127.0.0.1/")), 422, "hooks.private"),
            (but("url", json!("https://169.254.169.254/latest")), 422, "hooks.private"),
            (but("url", json!("https://[::ffff:10.0.0.1]/")), 422, "hooks.private"),
            (but("verbs", json!([])), 400, "hooks.verbs"),
            (but("verbs", json!(["gold.mine"])), 400, "hooks.verbs"),
            (but("verbs", json!(["fees.pay", "fees.pay"])), 400, "hooks.verbs"),
            (but("compounds", json!([])), 400, "hooks.scope"),
            (but("compounds", json!(["xiaohe", "xiaohe"])), 400, "hooks.scope"),
            (but("all", json!(true)), 400, "hooks.scope"),
            (but("compounds", json!(["nowhere"])), 404, "property.no-compound"),
            (but("secret", json!("mine")), 400, "door.shape"),
        ] {
            house.refused("/webhooks", asked, status, code).await;
        }
        let (status, first) = house.send(TOKEN, "POST", "/webhooks", Some("k"), fit.clone()).await;
        assert_eq!(status, 201, "{first}");
        let (_, again) = house.send(TOKEN, "POST", "/webhooks", Some("k"), fit.clone()).await;
        assert_eq!((&first["hook_no"], &again["secret"]), (&again["hook_no"], &Value::Null));
        let secret = first["secret"].as_str().unwrap();
        assert!(secret.starts_with("whsec_") && secret.len() == 70);

        let shown = house.get("/webhooks/1").await;
        assert_eq!((&shown["compounds"], &shown["is_active"]), (&json!(["xiaohe"]), &json!(true)));
        let listed = house.get("/webhooks").await;
        assert_eq!(listed["items"], json!([shown]));
        let db = world.back_door().await;
        let sql = "SELECT request, answer FROM act WHERE compound_id = 0";
        for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap() {
            let (request, answer): (String, String) =
                (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
            assert!(!request.contains("whsec_") && !answer.contains("whsec_"), "{request} {answer}");
        }
        db.close().await.unwrap();
        assert!(!listed.to_string().contains("whsec_"));

        house.post("/webhooks/1/change", json!({ "name": "新名", "verbs": ["fees.pay", "journal.close"] })).await;
        let changed = house.get("/webhooks/1").await;
        assert_eq!((&changed["name"], &changed["url"]), (&json!("新名"), &json!("https://hooks.example.cn/x")));
        assert_eq!(changed["verbs"], json!(["fees.pay", "journal.close"]));
        house.refused("/webhooks/1/change", json!({ "url": "https://10.0.0.1/" }), 422, "hooks.private").await;
        for why in ["", " ", "a\nb", &"长".repeat(121)] {
            house.refused("/webhooks/1/disable", json!({ "why": why }), 400, "hooks.why").await;
        }
        house.refused("/webhooks/1/enable", json!({ "why": "试" }), 409, "hooks.standing").await;
        house.post("/webhooks/1/disable", json!({ "why": "搬家" })).await;
        house.refused("/webhooks/1/disable", json!({ "why": "试" }), 409, "hooks.standing").await;
        assert_eq!(house.get("/webhooks/1").await["standing"], "搬家");
        for path in ["change", "rotate", "ping", "resend-dead"] {
            house.refused(&format!("/webhooks/9/{path}"), json!({}), 404, "hooks.no-hook").await;
        }
        house.refused("/webhooks/x/ping", json!({}), 404, "door.no-route").await;
        house.refused("/webhooks/1/deliveries/xiaohe/1/resend", json!({}), 404, "hooks.no-delivery").await;
        house.refused("/webhooks/1/deliveries/xiaohe/x/resend", json!({}), 404, "door.no-route").await;
        let (status, _) = house.send(CLERK, "GET", "/webhooks", None, Value::Null).await;
        assert_eq!(status, 403);
        let events = house.get("/webhook-events").await;
        assert_eq!(events["items"].as_array().unwrap().len(), EVENTS.len());

        for _ in 1..HOOKS_MOST {
            house.post("/webhooks", fit.clone()).await;
        }
        house.refused("/webhooks", fit, 422, "hooks.too-many").await;
    }

    async fn events_arrive_signed_in_order_and_say_nothing_about_a_person(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        house.deposit("xiaohe", "1-1-102", 50).await; // before the subscription: not told
        let (no, secret) = house.subscribe(&receiver.url(), &["fund.deposit", "fees.bill", "fees.pay"], &["xiaohe"]).await;
        let mut acts = Vec::new();
        for n in 1..=40 {
            acts.push(house.deposit("xiaohe", "1-1-101", n).await);
        }
        let closes = json!({ "book": "service", "month": "2025-11" });
        let (status, _) = house.send(CLERK, "POST", "/compounds/xiaohe/closes", None, closes).await;
        assert_eq!(status, 201); // no event was asked for it
        let bills = json!({ "item": "物业费", "from_on": "2025-12-01", "to_on": "2025-12-31",
            "bills": [{ "room": "1-1-101", "amount_fen": 700 }] });
        house.send(CLERK, "POST", "/compounds/xiaohe/bills", None, bills).await;
        let pay = json!({ "room": "1-1-101", "amount_fen": 1_000, "method": "wechat", "received_on": "2026-01-04",
            "reference": "4200001", "payer": "王某某" });
        house.send(CLERK, "POST", "/compounds/xiaohe/payments", None, pay).await;
        house.round().await;

        let mut wanted: Vec<String> = acts.iter().map(|act| format!("xiaohe/{act}")).collect();
        let last = acts.last().unwrap();
        wanted.extend([format!("xiaohe/{}", last + 2), format!("xiaohe/{}", last + 3)]);
        assert_eq!(receiver.ids(), wanted);
        for arrived in receiver.arrived.lock().unwrap().iter() {
            assert!(arrived.is_signed_by(&secret) && !arrived.is_signed_by("whsec_0"));
            assert_eq!(arrived.headers["xiaoqu-event-id"], arrived.id());
            assert_eq!(arrived.headers["content-type"], "application/json");
            for hidden in ["业主", "王", "1990000", "999999", "4200001", "whsec"] {
                assert!(!arrived.body.contains(hidden), "{hidden}: {}", arrived.body);
            }
        }
        let first = receiver.arrived.lock().unwrap()[0].json();
        assert_eq!(first, json!({
            "id": wanted[0], "verb": "fund.deposit", "recorded_at": "2026-01-05T01:00:00Z", "compound": "xiaohe",
            "act_no": acts[0], "answer": { "deposit_no": 2, "voucher": "fund/2026-0002", "amount_fen": 1,
                "received_on": "2026-01-04" } }));
        let paid = receiver.last().json();
        assert_eq!((&paid["answer"]["prepaid_fen"], &paid["answer"]["settled"][0]["amount_fen"]), (&json!(300), &json!(700)));

        house.round().await;
        assert_eq!(receiver.count(), 42, "nothing is told twice");
        let hook = house.get(&format!("/webhooks/{no}")).await;
        assert_eq!((&hook["behind_acts"], &hook["waiting"], &hook["dead"]), (&json!(0), &json!(0), &json!(0)));
        let page = house.get(&format!("/webhooks/{no}/deliveries?limit=30")).await;
        assert_eq!(page["items"][0]["id"], *wanted.last().unwrap());
        let next = page["next"].as_str().unwrap();
        let rest = house.get(&format!("/webhooks/{no}/deliveries?limit=30&after={next}")).await;
        assert_eq!(rest["items"].as_array().unwrap().len(), 12);
        assert_eq!(house.get(&format!("/webhooks/{no}/deliveries?state=dead")).await["items"], json!([]));

        later(&world, (hooks::KEPT_DAYS + 1) * 24 * 3600);
        assert_eq!(hooks::sweep(&world.books).await.unwrap(), 42);
        assert_eq!(house.get(&format!("/webhooks/{no}/deliveries")).await["items"], json!([]));
        house.round().await;
        assert_eq!(receiver.count(), 42, "what is swept out is not told again");
    }

    /// The catalogue names each answer's members: one that a verb stops answering, or renames, is found here.
    async fn every_event_says_what_the_catalogue_says(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let verbs: Vec<&str> = EVENTS.iter().map(|event| event.verb).collect();
        house.subscribe(&receiver.url(), &verbs, &["xiaohe"]).await;
        let clerk = async |path: &str, body: Value| {
            let (status, done) = house.send(CLERK, "POST", &format!("/compounds/xiaohe{path}"), None, body).await;
            if status == 202 {
                let path = format!("/compounds/xiaohe/countersigns/{}/confirm", done["countersign_no"]);
                let signature = json!({ "sha256": done["sha256"] });
                let (status, signed) = house.send(SECOND, "POST", &path, None, signature).await;
                assert_eq!(status, 201, "{path}: {signed}");
                return signed["answer"].clone();
            }
            assert_eq!(status, 201, "{path}: {done}");
            done
        };
        let deposit = json!({ "room": "1-1-101", "amount_fen": 5, "received_on": "2026-01-04" });
        let deposited = clerk("/deposits", deposit).await;
        let voucher = &deposited["voucher"];
        clerk("/reversals", json!({ "voucher": voucher, "on": "2026-01-05", "style": "red", "reason": "重复" })).await;
        clerk("/bills", json!({ "item": "物业费", "from_on": "2025-12-01", "to_on": "2025-12-31",
            "bills": [{ "room": "1-1-101", "amount_fen": 700 }] })).await;
        clerk("/payments", json!({ "room": "1-1-101", "amount_fen": 700, "method": "cash", "received_on": "2026-01-04" })).await;
        clerk("/closes", json!({ "book": "fund", "month": "2025-12" })).await;
        let csv = "小区名称,楼,单元,房屋,业主姓名,证件号码,证件类型,电梯标志,摘要,交易时间,交易金额,发票号,面积\n\
             小河里小区,1栋,1单元,102,业主1121,,,否,开户,2025-03-01,100.00,F1,81.20\n";
        let request = Knock::post("/api/v1/compounds/xiaohe/imports?kind=deposits")
            .header("authorization", format!("Bearer {CLERK}"))
            .header("content-type", "text/csv");
        let taken = house.app.clone().oneshot(request.body(Body::from(csv)).unwrap()).await.unwrap();
        assert!(taken.status().is_success());
        clerk("/imports/1/undo", json!({})).await;
        house.round().await;
        let mut met = Vec::new();
        for arrived in receiver.arrived.lock().unwrap().iter().map(Arrived::json) {
            let event = hooks::event_of(arrived["verb"].as_str().unwrap()).unwrap();
            let members: Vec<&str> = arrived["answer"].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, event.members(), "{arrived}");
            met.push(event.verb);
        }
        assert_eq!(met, ["fund.deposit", "countersign.ask", "journal.reverse", "fees.bill", "fees.pay", "journal.close",
            "import.deposits", "countersign.ask", "import.undo"]);
    }

    async fn what_fails_is_tried_again_in_its_place_and_holds_up_no_other_compound(world: World) {
        another(&world, "daqiao").await;
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let (no, _) = house.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe", "daqiao"]).await;
        let first = house.deposit("xiaohe", "1-1-101", 1).await;
        house.deposit("xiaohe", "1-1-101", 2).await;
        let elsewhere = house.deposit("daqiao", "1-1-101", 3).await;
        receiver.answer([Word::Status(500)]);
        house.round().await;
        assert_eq!(receiver.ids(), [format!("xiaohe/{first}"), format!("daqiao/{elsewhere}")]);
        let hook = house.get(&format!("/webhooks/{no}")).await;
        assert_eq!((&hook["waiting"], &hook["behind_acts"]), (&json!(1), &json!(2)));
        let waiting = house.get(&format!("/webhooks/{no}/deliveries?state=waiting")).await;
        assert_eq!((&waiting["items"][0]["status"], &waiting["items"][0]["attempts"]), (&json!(500), &json!(1)));

        later(&world, RETRIES[0] * 4 / 5 - 1);
        house.round().await;
        assert_eq!(receiver.count(), 2, "not before its time");
        later(&world, RETRIES[0]);
        receiver.answer([Word::Redirect]);
        house.round().await;
        assert_eq!(receiver.count(), 3, "a redirect is not followed and does not count");
        later(&world, RETRIES[1] * 2);
        receiver.answer([Word::Silence]);
        house.round().await;
        let waiting = house.get(&format!("/webhooks/{no}/deliveries?state=waiting")).await;
        assert_eq!((&waiting["items"][0]["status"], &waiting["items"][0]["attempts"]), (&Value::Null, &json!(3)));
        later(&world, RETRIES[2] * 2);
        house.round().await;
        assert_eq!(receiver.ids()[4..], [format!("xiaohe/{first}"), format!("xiaohe/{}", first + 1)]);
    }

    async fn after_eight_attempts_an_event_is_a_dead_letter_and_can_be_sent_again(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let (no, secret) = house.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe"]).await;
        let first = house.deposit("xiaohe", "1-1-101", 1).await;
        let second = house.deposit("xiaohe", "1-1-101", 2).await;
        receiver.answer([Word::Status(503); 8]);
        for wait in RETRIES {
            house.round().await;
            later(&world, wait * 2);
        }
        assert_eq!(receiver.ids(), vec![format!("xiaohe/{first}"); 7]);
        house.round().await;
        // Given up, and the next one has its turn.
        assert_eq!(receiver.ids()[7..], [format!("xiaohe/{first}"), format!("xiaohe/{second}")]);
        let dead = house.get(&format!("/webhooks/{no}/deliveries?state=dead")).await;
        assert_eq!(dead["items"].as_array().unwrap().len(), 1);
        assert_eq!((&dead["items"][0]["attempts"], &dead["items"][0]["status"]), (&json!(8), &json!(503)));
        assert_eq!(dead["items"][0]["fault"], "接收方应答 503");

        let said = cli(&world, &["hooks", "dead", "1"]).await;
        assert!(said.contains(&format!("xiaohe/{first}  fund.deposit")) && said.contains("试 8 次"), "{said}");
        assert!(cli(&world, &["hooks", "list"]).await.contains("死信 1"));

        house.post(&format!("/webhooks/{no}/deliveries/xiaohe/{first}/resend"), json!({})).await;
        house.round().await;
        assert_eq!(receiver.last().id(), format!("xiaohe/{first}"));
        assert!(receiver.last().is_signed_by(&secret));
        assert_eq!(house.get(&format!("/webhooks/{no}")).await["dead"], 0);
        // A delivered one can be asked for again too; dead ones all at once.
        house.post(&format!("/webhooks/{no}/deliveries/xiaohe/{second}/resend"), json!({})).await;
        house.round().await;
        assert_eq!((receiver.count(), receiver.last().id()), (11, format!("xiaohe/{second}")));
        let resent = house.post(&format!("/webhooks/{no}/resend-dead"), json!({})).await;
        assert_eq!(resent["events"], 0);
        let said = cli(&world, &["hooks", "resend", "1", "--event", &format!("xiaohe/{second}"), "--json"]).await;
        assert_eq!(said.trim(), r#"{"hook_no":1,"events":1}"#);
        later(&world, 50 * 365 * 24 * 3600); // the command line has the system's clock
        house.round().await;
        assert_eq!(receiver.count(), 12);
        assert_eq!(cli(&world, &["hooks", "dead", "1"]).await.trim(), "没有死信");
    }

    async fn who_dies_between_sending_and_noting_has_the_event_sent_again_under_the_same_name(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let (no, _) = house.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe"]).await;
        let first = house.deposit("xiaohe", "1-1-101", 1).await;
        house.deposit("xiaohe", "1-1-101", 2).await;
        receiver.answer([Word::Silence]);
        let (courier, _stop) = house.courier();
        let walk = tokio::spawn(async move { courier.round().await });
        while receiver.count() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        walk.abort(); // the receiver has it, the house has not noted it
        assert!(walk.await.unwrap_err().is_cancelled());

        house.round().await;
        assert_eq!(receiver.count(), 1, "the dead one's lease still stands");
        back_door(&world, "UPDATE hook_lease SET until_at = 0").await;
        house.round().await;
        let twice = format!("xiaohe/{first}");
        assert_eq!(receiver.ids(), [twice.clone(), twice, format!("xiaohe/{}", first + 1)]);
        let bodies: Vec<String> = receiver.arrived.lock().unwrap().iter().map(|a| a.body.clone()).collect();
        assert_eq!(bodies[0], bodies[1]);
        assert_eq!(house.get(&format!("/webhooks/{no}")).await["behind_acts"], 0);
    }

    async fn two_couriers_on_one_database_never_send_the_same_event(world: World) {
        another(&world, "daqiao").await;
        let house = House::of(&world);
        let receivers = [Receiver::open().await, Receiver::open().await, Receiver::open().await];
        for receiver in &receivers {
            house.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe", "daqiao"]).await;
        }
        // As another process would: books of its own.
        let elsewhere = Books::open_with(&world.url, world.clock.clone()).await.unwrap();
        let other = House { app: house.app.clone(), books: elsewhere, outgoing: outgoing() };
        let mut wanted = 0;
        for n in 1..=15 {
            house.deposit("xiaohe", "1-1-101", n).await;
            house.deposit("daqiao", "1-1-101", n).await;
            wanted += 2;
            if n % 5 == 0 {
                tokio::join!(house.round(), other.round());
            }
        }
        tokio::join!(house.round(), other.round());
        house.round().await;
        for receiver in &receivers {
            let mut ids = receiver.ids();
            for compound in ["xiaohe/", "daqiao/"] {
                let acts: Vec<i64> = ids.iter().filter_map(|id| id.strip_prefix(compound)?.parse().ok()).collect();
                assert!(acts.is_sorted(), "{ids:?}");
            }
            ids.sort();
            ids.dedup();
            assert_eq!((receiver.count(), ids.len()), (wanted, wanted));
        }
        other.books.close().await.unwrap();
    }

    async fn a_secret_is_changed_without_a_gap(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let (no, old) = house.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe"]).await;
        let made = house.post(&format!("/webhooks/{no}/rotate"), json!({})).await;
        let new = made["secret"].as_str().unwrap();
        assert_ne!(old, new);
        house.deposit("xiaohe", "1-1-101", 1).await;
        house.round().await;
        assert!(receiver.last().is_signed_by(&old) && receiver.last().is_signed_by(new));
        // At rest neither can be read, and both outlive the key they are sealed with.
        let db = world.back_door().await;
        let sql = "SELECT secret_sealed, old_secret_sealed FROM hook";
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        for n in 0..2 {
            let sealed: Vec<u8> = rows[0].try_get_by_index(n).unwrap();
            assert!(sealed.len() > 70 && !String::from_utf8_lossy(&sealed).contains("whsec"));
        }
        db.close().await.unwrap();
        ledger::books::rotate(&world.books, &ledger::sealed()).await.unwrap();
        house.deposit("xiaohe", "1-1-102", 1).await;
        house.round().await;
        assert!(receiver.last().is_signed_by(&old) && receiver.last().is_signed_by(new));
        later(&world, OVERLAP_SECONDS + 1);
        house.deposit("xiaohe", "1-1-101", 2).await;
        house.round().await;
        assert_eq!(receiver.count(), 3);
        assert!(!receiver.last().is_signed_by(&old) && receiver.last().is_signed_by(new));
    }

    async fn nothing_is_sent_into_our_own_network(world: World) {
        let receiver = Receiver::open().await;
        // Subscribed while the configuration allowed it, or by a name that leads inside only when it is resolved.
        let open = House::of(&world);
        let (one, _) = open.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe"]).await;
        let named = format!("http://localhost:{}/", receiver.port);
        let (two, _) = open.subscribe(&named, &["fund.deposit"], &["xiaohe"]).await;
        let sealed = format!("https://localhost:{}/", receiver.port);
        let (three, _) = open.subscribe(&sealed, &["fund.deposit"], &["xiaohe"]).await;
        open.deposit("xiaohe", "1-1-101", 1).await;

        let public_only = Openness { http: true, private: false };
        let strict = House::with(&world, Outgoing { allows: public_only, ..outgoing() });
        strict.round().await;
        assert_eq!(receiver.count(), 0);
        for no in [one, two, three] {
            let waiting = strict.get(&format!("/webhooks/{no}/deliveries?state=waiting")).await;
            assert_eq!(waiting["items"][0]["fault"], "域名指向内网或本机地址，未连接");
            let pinged = strict.post(&format!("/webhooks/{no}/ping"), json!({})).await;
            assert_eq!((&pinged["ok"], &pinged["status"]), (&json!(false), &Value::Null));
        }
        assert_eq!(receiver.count(), 0);
        // Plain http is refused on the wire too, should the configuration have become stricter.
        let stricter = House::with(&world, Outgoing { allows: Openness::default(), ..outgoing() });
        let pinged = stricter.post(&format!("/webhooks/{one}/ping"), json!({})).await;
        assert_eq!(pinged["fault"], "推送地址不再符合规定");
        // A certificate nobody signed is no TLS.
        let pinged = open.post(&format!("/webhooks/{three}/ping"), json!({})).await;
        assert_eq!(pinged["fault"], "TLS 握手失败（证书不受信任、过期或域名不符）");
        assert_eq!(receiver.count(), 0);
        let pinged = open.post(&format!("/webhooks/{one}/ping"), json!({})).await;
        assert_eq!((&pinged["ok"], &pinged["status"]), (&json!(true), &json!(204)));
        assert!(receiver.last().id().starts_with("ping/"));
    }

    async fn a_receiver_that_is_gone_is_asked_no_more_until_it_is_wanted_again(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let (no, _) = house.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe"]).await;
        let first = house.deposit("xiaohe", "1-1-101", 1).await;
        house.deposit("xiaohe", "1-1-101", 2).await;
        receiver.answer([Word::Status(410)]);
        house.round().await;
        house.round().await;
        assert_eq!(receiver.count(), 1);
        let hook = house.get(&format!("/webhooks/{no}")).await;
        assert_eq!((&hook["is_active"], &hook["standing"]), (&json!(false), &json!("接收方应答 410，不再接收")));
        house.deposit("xiaohe", "1-1-101", 3).await;
        house.round().await;
        assert_eq!(receiver.count(), 1);
        house.post(&format!("/webhooks/{no}/enable"), json!({ "why": "对方已恢复" })).await;
        house.post(&format!("/webhooks/{no}/resend-dead"), json!({})).await;
        house.round().await;
        let ids: Vec<String> = (0..3).map(|n| format!("xiaohe/{}", first + n)).collect();
        assert_eq!(receiver.ids()[1..], ids, "nothing was lost in between");
    }

    async fn a_receiver_that_talks_without_end_is_not_listened_to(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let (no, _) = house.subscribe(&receiver.url(), &["fund.deposit"], &["xiaohe"]).await;
        house.deposit("xiaohe", "1-1-101", 1).await;
        receiver.answer([Word::Flood]);
        house.round().await;
        let told = house.get(&format!("/webhooks/{no}/deliveries")).await;
        assert_eq!((&told["items"][0]["state"], &told["items"][0]["status"]), (&json!("delivered"), &json!(200)));
        assert!(told["items"][0]["millis"].as_i64().unwrap() < 700, "{told}");
    }

    async fn a_subscription_to_all_hears_of_compounds_to_come(world: World) {
        let house = House::of(&world);
        let receiver = Receiver::open().await;
        let asked = json!({ "name": "区平台", "url": receiver.url(), "verbs": ["fund.deposit"], "all": true });
        house.post("/webhooks", asked).await;
        another(&world, "daqiao").await;
        let act = house.deposit("daqiao", "1-1-101", 5).await;
        house.round().await;
        assert_eq!(receiver.ids(), [format!("daqiao/{act}")]);
        assert_eq!(house.get("/webhooks/1").await["compounds"], Value::Null);
    }

    async fn a_slow_receiver_holds_up_nobody_else_and_the_courier_ends_when_told(world: World) {
        let house = House::of(&world);
        let (slow, quick) = (Receiver::open().await, Receiver::open().await);
        slow.answer([Word::Silence; 3]);
        house.subscribe(&slow.url(), &["fund.deposit"], &["xiaohe"]).await;
        house.subscribe(&quick.url(), &["fund.deposit"], &["xiaohe"]).await;
        for n in 1..=5 {
            house.deposit("xiaohe", "1-1-101", n).await;
        }
        let (courier, stop) = house.courier();
        let running = tokio::spawn(courier.run());
        let began = std::time::Instant::now();
        while quick.count() < 5 {
            assert!(began.elapsed() < Duration::from_secs(10), "{} of 5", quick.count());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(slow.count(), 1);
        stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
        let db = world.back_door().await;
        let leases = Statement::from_string(db.get_database_backend(), "SELECT hook_no FROM hook_lease");
        assert!(db.query_all_raw(leases).await.unwrap().is_empty(), "the leases are given back");
        db.close().await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let waiting = hooks::hook(&mut view, HookNo(1)).await.unwrap().waiting;
        assert_eq!(waiting, 1, "what was on the wire is noted");
    }
}
