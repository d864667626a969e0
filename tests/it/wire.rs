//! The wire as it is described: that every field is, that what the doors answer is what the document says, and what every
//! answer carries: tags, pages, files, pace, headers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use ledger::books::Role;
use ledger::calendar::Instant;
use serde_json::{Value, json};
use xiaoqu::config::Config;
use xiaoqu::openapi::{DOCUMENT, all_rules, sample};
use xiaoqu::routes::ROUTES;
use xiaoqu::street::{self, Terms};
use xiaoqu::wire::Schemas;

use crate::doors::{Answered, Doors, SECOND_OFFICER, at, bearer, deposit};
use crate::on_both;
use crate::paper::golden;

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Walks a schema; `told` is called with every field.
fn fields(schema: &Value, path: &str, told: &mut impl FnMut(&str, &Value)) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        told(&path, field);
        fields(field, &path, told);
    }
    for name in ["items", "anyOf", "oneOf", "allOf"] {
        match &schema[name] {
            Value::Array(choices) => choices.iter().for_each(|choice| fields(choice, path, told)),
            Value::Object(_) => fields(&schema[name], path, told),
            _ => {}
        }
    }
}

/// Whether a reader is shown what the field looks like: an example, a list of words, a structure of its own.
fn is_shown(field: &Value) -> bool {
    let kind = |wanted: &str| {
        field["type"] == wanted
            || field["type"].as_array().is_some_and(|kinds| kinds.contains(&json!(wanted)))
    };
    let deeper = ["anyOf", "oneOf", "allOf"].iter().any(|name| field[name].is_array());
    field["examples"].is_array()
        || field.get("example").is_some()
        || field["$ref"].is_string()
        || deeper
        || field["format"] == "date"
        || field.get("default").is_some()
        || field.get("const").is_some()
        || kind("array")
        || kind("object")
        || kind("boolean")
        || kind("null")
        || field["enum"].is_array()
        || field["pattern"].is_string()
}

#[test]
fn every_field_is_described_in_chinese_and_shown_by_an_example() {
    let mut bare = Vec::new();
    let mut told = |path: &str, field: &Value| {
        // What narrows the problem of a route repeats none of its words.
        let text = field["description"].as_str().unwrap_or_default();
        if !is_chinese(text) || !is_shown(field) {
            bare.push(format!("{path}: {field}"));
        }
    };
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        assert!(is_chinese(schema["description"].as_str().unwrap_or_default()), "{name}: {schema}");
        fields(schema, name, &mut told);
        for choice in schema["oneOf"].as_array().into_iter().flatten() {
            assert!(
                is_chinese(choice["description"].as_str().unwrap_or_default()),
                "{name}: {choice}"
            );
        }
    }
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for text in ["summary", "description"] {
                assert!(is_chinese(operation[text].as_str().unwrap()), "{method} {path} {text}");
            }
            for param in operation["parameters"].as_array().unwrap() {
                let mut field = param["schema"].clone();
                field["description"] = param["description"].clone();
                told(&format!("{method} {path} {}", param["name"]), &field);
            }
        }
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

#[test]
fn the_document_holds_together() {
    let text = DOCUMENT.to_string();
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    for piece in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = piece.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is named and not there");
    }
    let mut ids = BTreeSet::new();
    let mut wire = String::new();
    for route in ROUTES {
        assert!(ids.insert(route.id), "{} twice", route.id);
        let mut drawn = Schemas::default();
        let sketch = route.sketch(&mut drawn);
        let places: BTreeSet<&str> = route
            .path
            .split(['{', '}'])
            .skip(1)
            .step_by(2)
            .filter(|place| *place != "compound")
            .collect();
        let read: BTreeSet<&str> = sketch.places.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(places, read, "{}: the path's places are those that are read", route.path);
        assert_eq!(sketch.is_at_compound, route.is_at_compound(), "{}", route.path);
        // What is posted happens once under a key, unless it is a secret, which no key brings back.
        let is_posted = sketch.is_act || sketch.is_upload || sketch.is_secret;
        assert_eq!(is_posted, route.method == "POST" || sketch.is_secret, "{}", route.path);
        assert!(!(sketch.is_act && sketch.is_secret), "{}", route.path);

        let query: Vec<String> = sketch
            .query
            .iter()
            .map(|param| format!("{}{}", param.name, if param.is_required { "!" } else { "" }))
            .collect();
        let operation = &DOCUMENT["paths"][route.path][route.method.to_lowercase()];
        let name = |schema: &Value| {
            schema["$ref"].as_str().map_or("-", |name| name.rsplit('/').next().unwrap()).to_owned()
        };
        let body = &operation["requestBody"]["content"];
        let body = match body["application/json"].get("schema") {
            Some(schema) => name(schema),
            None if body.is_object() => "文件".to_owned(),
            None => "-".to_owned(),
        };
        let _ = writeln!(
            wire,
            "{} {}\n  查询 {}  请求体 {body}",
            route.method,
            route.path,
            query.join(" ")
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = response["content"].as_object();
            let kinds: Vec<&str> =
                content.into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
            let codes = &response["content"]["application/problem+json"]["schema"]["properties"]["code"]
                ["enum"];
            let told = match codes.as_array() {
                Some(codes) if codes.len() > 24 => format!("{} 个代码", codes.len()),
                Some(codes) => codes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
                None => format!(
                    "{} {}",
                    name(&response["content"]["application/json"]["schema"]),
                    kinds.join(" ")
                ),
            };
            let _ = writeln!(wire, "  {status} {told}");
        }
    }
    golden("wire.txt", &wire);
}

#[test]
fn an_example_is_what_its_own_schema_takes() {
    for route in ROUTES.iter().filter(|route| route.method == "POST") {
        let operation = &DOCUMENT["paths"][route.path]["post"];
        if let Some(schema) = operation["requestBody"]["content"]["application/json"].get("schema")
        {
            let body = sample(&DOCUMENT, schema);
            assert!(
                body.as_object()
                    .is_some_and(|body| !body.is_empty() && body.values().all(|v| !v.is_null())),
                "{}: {body}",
                route.path
            );
        }
    }
}

async fn ask(doors: &Doors, path: &str, headers: &[(&str, &str)]) -> Answered {
    ask_as(doors, Role::Auditor, path, headers).await
}

async fn ask_as(doors: &Doors, role: Role, path: &str, headers: &[(&str, &str)]) -> Answered {
    let request = Request::get(at(path)).header("authorization", bearer(role));
    let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
    doors.send(request.body(Body::empty()).unwrap()).await
}

/// The text of a part of an xlsx.
fn part(xlsx: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(xlsx)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

on_both! {
    async fn an_answer_that_is_still_true_is_not_computed_again(world: World) {
        let doors = Doors::of(&world);
        let first = ask(&doors, "/fund-balances", &[]).await;
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        assert!(tag.len() == 34 && tag.starts_with('"'), "{tag}");
        assert_eq!(first.headers["cache-control"], "private, no-cache");
        for seen in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let again = ask(&doors, "/fund-balances", &[("if-none-match", &seen)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
            assert_eq!(again.headers["etag"], tag.as_str());
        }
        // Another question, another caller, another form: another tag.
        let mut tags = BTreeSet::from([tag.clone()]);
        for (path, accept) in [("/fund-balances?limit=5", "*/*"), ("/fund-balances", "text/csv"), ("/fee-standings", "*/*")] {
            let other = ask(&doors, path, &[("accept", accept), ("if-none-match", &tag)]).await;
            assert_eq!(other.status, StatusCode::OK);
            assert!(tags.insert(other.headers["etag"].to_str().unwrap().to_owned()), "{path}");
        }
        let street = Request::get(at("/fund-balances")).header("authorization", bearer(Role::StreetOffice)).header("if-none-match", &tag);
        assert_eq!(doors.send(street.body(Body::empty()).unwrap()).await.status, StatusCode::OK);

        // An act changes it; so does midnight; so does an act of the head office.
        doors.post("/deposits", deposit(800_000)).await.must(201);
        let changed = ask(&doors, "/fund-balances", &[("if-none-match", &tag)]).await;
        assert_eq!(changed.json()["items"][0], json!({ "room": "1-1-101", "principal_fen": 800_000, "gains_fen": 0, "balance_fen": 800_000 }));
        let tag = changed.headers["etag"].to_str().unwrap().to_owned();
        world.clock.set(Instant::parse("2026-01-06T00:00:00+08:00").unwrap());
        let tomorrow = ask(&doors, "/fund-balances", &[("if-none-match", &tag)]).await;
        assert_eq!(tomorrow.status, StatusCode::OK);
        let tag = tomorrow.headers["etag"].to_str().unwrap().to_owned();
        world.found("xinqu", "新区花园").await;
        assert_eq!(ask(&doors, "/fund-balances", &[("if-none-match", &tag)]).await.status, StatusCode::OK);

        // The laws are looked up in the rows each time, paper says when it was printed: neither has a tag.
        let papers = ["pdf", "text", "csv", "xlsx"].map(|form| format!("/dwellings/1-1-101/fund-statement?format={form}"));
        let others = ["/verify", "/reports/collection", "/dwellings/1-1-101/reports/statement", "/report-batches/statement"];
        for path in papers.iter().map(String::as_str).chain(others) {
            let live = ask(&doors, path, &[("if-none-match", "*")]).await;
            assert_eq!((live.status, live.headers.get("etag")), (StatusCode::OK, None), "{path}");
            assert_eq!(live.headers["cache-control"], "no-store");
        }
        // A refusal is not kept.
        let missing = ask(&doors, "/dwellings/9-9-909", &[]).await;
        assert_eq!(missing.headers.get("etag"), None);
        missing.problem(404, "property.no-dwelling");
    }

    async fn a_list_is_paged_through_inserts_and_taken_whole_as_a_file(world: World) {
        let doors = Doors::of(&world);
        for fen in 1..=5 {
            let body = json!({ "room": "1-1-102", "amount_fen": fen, "received_on": "2026-01-04", "receipt_no": format!("=R{fen}") });
            doors.post("/deposits", body).await.must(201);
        }
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let page = doors.get(&format!("/books/fund/vouchers?limit=2{after}")).await.must(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|v| v["seq"].as_i64().unwrap()));
            // A row that comes between two pages neither repeats nor hides another.
            if seen.len() == 2 {
                doors.post("/deposits", json!({ "room": "1-1-102", "amount_fen": 6, "received_on": "2026-01-04" })).await.must(201);
            }
            let Some(next) = page["next"].as_str() else { break };
            assert!(!next.contains("seq") && next.len() > 8);
            after = format!("&after={next}");
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6]);

        let lists = ROUTES.iter().filter(|route| route.sketch(&mut Schemas::default()).is_list);
        let mut heads = String::new();
        let told = json!({ "name": "区房管平台", "url": "https://hooks.example.cn/", "verbs": ["fees.pay"], "all": true });
        let hook = Request::post("/api/v1/webhooks")
            .header("authorization", bearer(Role::Administrator))
            .header("content-type", "application/json");
        doors.send(hook.body(Body::from(told.to_string())).unwrap()).await.must(201);
        let proposal = json!({ "title": "屋面维修", "path": "ordinary", "held_by": "assembly" });
        doors.post("/projects", proposal).await.must(201);
        let plan = json!({ "content": "翻修", "budget_fen": 100, "scope": { "kind": "compound" } });
        doors.post("/projects/1/plans", plan).await.must(201);
        crate::gains::somebody_is_due(&world).await;
        let run = Request::post("/api/v1/interest-runs")
            .header("authorization", bearer(Role::HousingAuthority))
            .header("content-type", "application/json");
        let kept = doors.send(run.body(Body::from(json!({ "year": 2025 }).to_string())).unwrap()).await.must(202);
        let signature = json!({ "sha256": kept["sha256"] });
        doors.knock(SECOND_OFFICER, "POST", "/api/v1/countersigns/1/confirm", Some(&signature)).await.must(201);
        for route in lists {
            let path = route.path.replace("{compound}", "xiaohe").replace("{book}", "fund").replace("{no}", "1").replace("{room}", "1-1-101");
            let role = route.roles.iter().copied().find(|role| *role == Role::Auditor).unwrap_or(route.roles[0]);
            let ask = async |path: &str, accept: &str| {
                let request = Request::get(at(path)).header("authorization", bearer(role)).header("accept", accept);
                doors.send(request.body(Body::empty()).unwrap()).await
            };
            let csv = ask(&format!("{path}?format=csv"), "*/*").await;
            assert_eq!((csv.status, csv.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "text/csv; charset=utf-8"), "{path}: {}", csv.text());
            let text = csv.text();
            let told = text.strip_prefix('\u{feff}').expect("a byte order mark");
            let _ = writeln!(heads, "{}\n  {}", route.path, told.lines().next().unwrap());
            let accept = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            let xlsx = ask(&path, accept).await;
            assert_eq!((xlsx.status, xlsx.headers["content-type"].to_str().unwrap()), (StatusCode::OK, accept), "{path}");
            assert!(part(&xlsx.body, "xl/worksheets/sheet1.xml").contains("<row r=\"1\""), "{path}");
        }
        golden("lists.txt", &heads);

        let csv = ask(&doors, "/books/fund/vouchers?format=csv", &[]).await.text();
        assert_eq!(csv.lines().count(), 7, "{csv}");
        assert!(csv.contains(",交存,否,否,") && csv.contains("'=R1"), "{csv}");
        let csv = ask(&doors, "/fund-balances?format=csv", &[]).await.text();
        assert_eq!(csv, "\u{feff}房号,本金（元）,增值收益（元）,余额（元）\r\n1-1-102,0.21,0.00,0.21\r\n");
        let xlsx = ask(&doors, "/fund-balances?format=xlsx", &[]).await;
        let sheet = part(&xlsx.body, "xl/worksheets/sheet1.xml");
        assert!(sheet.contains("<v>0.21</v>"), "{sheet}");
        let csv = ask(&doors, "/dwellings?format=csv&limit=1", &[]).await.text();
        assert!(csv.lines().count() == 13 && csv.contains(",住宅,商品住宅,否,") && csv.contains("81.10"), "{csv}");
    }

    async fn everything_the_command_line_does_a_program_can_do(world: World) {
        let doors = Doors::of(&world);
        let send = async |role: Role, path: &str, kind: &str, body: Vec<u8>| {
            let request = Request::post(at(path)).header("authorization", bearer(role)).header("content-type", kind);
            doors.send(request.body(Body::from(body)).unwrap()).await
        };
        let json_of = async |role: Role, path: &str, body: Value| send(role, path, "application/json", body.to_string().into_bytes()).await;
        // A register founds its compound, and is not taken twice.
        let register = "楼号,单元,房号,产权人,建筑面积,房屋性质\n1,1,101,王某某,80.00,商品住宅\n".as_bytes().to_vec();
        let path = "/api/v1/registers?compound=xinqu";
        send(Role::PropertyCompany, path, "text/csv", register.clone()).await.problem(400, "import.no-name");
        let named = format!("{path}&compound_name=%E6%96%B0%E5%8C%BA%E8%8A%B1%E5%9B%AD");
        let looked = send(Role::PropertyCompany, &format!("{named}&dry_run=true"), "text/csv", register.clone()).await.must(200);
        assert_eq!((&looked["accepted"], &looked["committed"]), (&json!(1), &json!(false)));
        doors.get("/api/v1/compounds/xinqu").await.problem(404, "property.no-compound");
        let taken = send(Role::PropertyCompany, &named, "text/csv", register.clone()).await.must(201);
        assert_eq!((&taken["accepted"], &taken["committed"]), (&json!(1), &json!(true)));
        assert_eq!(doors.get("/api/v1/compounds/xinqu").await.must(200)["name"], "新区花园");
        let again = send(Role::PropertyCompany, &named, "text/csv", register).await.must(200);
        assert_eq!((&again["accepted"], &again["known"]), (&json!(0), &json!(1)));

        // Areas, from the top down.
        let area = |kind: &str, code: &str, parent: Option<&str>| json!({ "kind": kind, "code": code, "name": "某地", "parent": parent });
        json_of(Role::StreetOffice, "/api/v1/areas", area("district", "310104", Some("3101"))).await.problem(404, "property.no-area");
        json_of(Role::StreetOffice, "/api/v1/areas", area("city", "3101", None)).await.must(201);
        json_of(Role::StreetOffice, "/api/v1/areas", area("city", "3101", None)).await.problem(409, "property.area-taken");
        json_of(Role::StreetOffice, "/api/v1/areas", area("city", "3102", Some("3101"))).await.problem(422, "property.area-order");
        json_of(Role::StreetOffice, "/api/v1/areas", area("city", "沪", None)).await.problem(400, "property.area-shape");
        json_of(Role::StreetOffice, "/api/v1/areas", area("street", "310104001", Some("3101"))).await.problem(422, "property.area-order");
        json_of(Role::PropertyCompany, "/api/v1/areas", area("city", "3103", None)).await.problem(403, "door.role");
        assert_eq!(doors.get("/api/v1/areas").await.must(200)["items"], json!([{ "code": "3101", "kind": "city", "name": "某地", "parent": null }]));

        // A dwelling changes hands; what it has stays with it.
        doors.post("/deposits", deposit(800_000)).await.must(201);
        let to = |owners: Value| json!({ "on": "2026-01-05", "owners": owners });
        let room = "/dwellings/1-1-101/conveyances";
        doors.post(room, to(json!([]))).await.problem(400, "property.owner-shape");
        doors.post(room, to(json!([{ "name": "a\nb" }]))).await.problem(400, "property.owner-shape");
        doors.post(room, to(json!([{ "name": "丙", "share": { "part": 1, "of": 2 } }]))).await.problem(422, "property.shares");
        doors.post("/dwellings/9-9-909/conveyances", to(json!([{ "name": "丙" }]))).await.problem(404, "property.no-dwelling");
        doors.post(room, to(json!([{ "name": "丙某" }]))).await.must(201);
        doors.post(room, to(json!([{ "name": "丁某" }]))).await.problem(422, "property.conveyed-early");
        assert_eq!(doors.get("/dwellings/1-1-101").await.must(200)["owners"][0]["name"], "丙*");
        assert_eq!(doors.get("/dwellings/1-1-101?on=2026-01-04").await.must(200)["owners"].as_array().unwrap().len(), 2);
        assert_eq!(doors.get("/dwellings/1-1-101/fund-statement").await.must(200)["balance_fen"], 800_000);

        // A name our type cannot print is told, and the statement is there to be read all the same.
        doors.post("/dwellings/1-1-102/conveyances", to(json!([{ "name": "\u{a9047}某" }]))).await.must(201);
        let unprinted = doors.get("/dwellings/1-1-102/fund-statement?format=pdf").await.problem(422, "door.no-glyph");
        assert_eq!(unprinted["detail"], "缺字 U+A9047");
        assert!(doors.get("/dwellings/1-1-102/fund-statement?format=text").await.text().contains('\u{a9047}'));

        // A month in which nothing closes is closed all the same, and says so on the wire and on paper.
        let open = doors.get("/dwellings/1-1-101/fund-statement?format=text&as_of=2025-12-31").await.text();
        assert!(open.contains("未结账"), "{open}");
        let closed = doors.post("/closes", json!({ "book": "fund", "month": "2025-12" })).await.must(201);
        assert_eq!(closed["vouchers"], json!([]));
        let closes = doors.get("/books/fund/closes").await.must(200);
        assert_eq!((&closes["items"][0]["month"], &closes["items"][0]["seal"]), (&json!("2025-12"), &closed["seal"]));
        let shut = doors.get("/dwellings/1-1-101/fund-statement?format=text&as_of=2025-12-31").await.text();
        assert!(!shut.contains("未结账"), "{shut}");

        // What was, and what was known: the balances of every dwelling at once.
        assert_eq!(doors.get("/fund-balances?as_of=2026-01-03").await.must(200)["items"], json!([]));
        assert_eq!(doors.get("/fund-balances?as_of=2026-01-04").await.must(200)["items"][0]["balance_fen"], 800_000);
        assert_eq!(doors.get("/fund-balances?known_at=2026-01-04T00:00:00Z").await.must(200)["items"], json!([]));
        assert!(doors.get("/books/fund/accounts").await.must(200)["items"].as_array().unwrap().len() > 10);
        assert_eq!(doors.get("/api/v1/verify").await.must(200)["ok"], true);
        assert_eq!(doors.get("/verify").await.must(200)["ok"], true);
    }

    async fn two_clerks_and_one_bank_line_one_wins_and_the_other_is_told(world: World) {
        let doors = Doors::of(&world);
        let lines = "对方户名,交易日期,交易时间,收入金额,支出金额,账户余额,摘要\n某,2026-01-02,10:00:00,1.00,,1.00,1-1-101 维修资金\n";
        let request = Request::post(at("/imports?kind=bank")).header("authorization", bearer(Role::PropertyCompany)).header("content-type", "text/csv");
        doors.send(request.body(Body::from(lines)).unwrap()).await.must(201);
        let claim = |room: &str| json!({ "room": room, "line_no": 1 });
        let (a, b) = tokio::join!(
            doors.post_under(Some("clerk-a"), "/deposits", claim("1-1-101")),
            doors.post_under(Some("clerk-b"), "/deposits", claim("1-1-102")),
        );
        let (won, lost) = if a.status == StatusCode::CREATED { (a, b) } else { (b, a) };
        let won = won.must(201);
        let told = lost.problem(409, "bank.line-taken");
        assert!(told["detail"].as_str().unwrap().contains("已认领") && told["voucher_seq"] == 1, "{told}");
        // Reversing the winner sets the line free for the other.
        let turned = json!({ "voucher": won["voucher"], "on": "2026-01-05", "style": "red", "reason": "认领错户" });
        doors.post_signed("/reversals", turned).await;
        doors.post("/deposits", claim("1-1-102")).await.must(201);
        assert_eq!(doors.get("/verify").await.must(200)["ok"], true);
    }

    async fn two_clerks_and_one_bill_pay_it_once_and_the_rest_is_prepaid(world: World) {
        let doors = Doors::of(&world);
        let bill = || json!({ "item": "物业费", "from_on": "2025-12-01", "to_on": "2025-12-31", "bills": [{ "room": "1-1-101", "amount_fen": 500 }] });
        let (a, b) = tokio::join!(doors.post("/bills", bill()), doors.post("/bills", bill()));
        let (won, lost) = if a.status == StatusCode::CREATED { (a, b) } else { (b, a) };
        won.must(201);
        lost.problem(409, "fees.billed");
        let pay = |key| doors.post_under(Some(key), "/payments", json!({ "room": "1-1-101", "amount_fen": 500, "method": "cash", "received_on": "2026-01-05" }));
        let (a, b) = tokio::join!(pay("a"), pay("b"));
        let (a, b) = (a.must(201), b.must(201));
        let prepaid = [&a, &b].map(|paid| paid["prepaid_fen"].as_i64().unwrap());
        assert_eq!((prepaid.iter().sum::<i64>(), prepaid.contains(&500)), (500, true), "{a} {b}");
    }

    async fn who_asks_too_often_or_one_too_many_is_told_when_to_come_again(world: World) {
        let few = Config { caller_per_minute: 3, ..Config::default() };
        let doors = Doors::with(&world, few);
        for left in (0..3).rev() {
            let answer = doors.get("/api/v1/compounds").await;
            assert_eq!(answer.headers["ratelimit"], format!("\"caller\";r={left};t={}", 60 - left * 20).as_str());
            assert_eq!(answer.headers["ratelimit-policy"], "\"caller\";q=3;w=60");
            answer.must(200);
        }
        let refused = doors.get("/api/v1/compounds").await;
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=20).contains(&wait), "{wait}");
        assert!(refused.headers["ratelimit"].to_str().unwrap().starts_with("\"caller\";r=0;"));
        refused.problem(429, "door.too-fast");
        // Another login has a pace of its own.
        doors.post("/deposits", deposit(1)).await.must(201);

        let full = Config { at_once: 0, ..Config::default() };
        let doors = Doors::with(&world, full);
        let refused = doors.get("/api/v1/compounds").await;
        assert_eq!(refused.headers["retry-after"], "2");
        refused.problem(503, "door.busy");
        let lamp = doors.send(Request::get("/healthz").body(Body::empty()).unwrap()).await;
        assert_eq!(lamp.status, StatusCode::OK);
    }

    async fn a_browser_is_told_what_it_must_not_do(world: World) {
        let doors = Doors::of(&world);
        for path in ["/", "/api/docs", "/problems", "/problems/door.role", "/api/openapi.json", "/nowhere", "/api/v1/compounds"] {
            let answer = ask(&doors, path, &[("origin", "https://evil.example")]).await;
            for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cross-origin-resource-policy", "same-origin")] {
                assert_eq!(answer.headers[name], value, "{path}");
            }
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert_eq!(answer.headers["x-request-id"].len(), 16);
            assert!(!answer.headers.contains_key("access-control-allow-origin") && !answer.headers.contains_key("strict-transport-security"), "{path}");
        }
        // Another's number is no number of ours.
        let answer = ask(&doors, "/api/v1/compounds", &[("x-request-id", "theirs")]).await;
        assert_ne!(answer.headers["x-request-id"], "theirs");

        let head = Request::head(at("/books/fund/trial-balance")).header("authorization", bearer(Role::Auditor));
        let head = doors.send(head.body(Body::empty()).unwrap()).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
        assert!(head.headers.contains_key("etag"));
        let options = Request::options(at("/deposits")).body(Body::empty()).unwrap();
        let options = doors.send(options).await;
        assert_eq!((options.status, options.headers["allow"].to_str().unwrap()), (StatusCode::NO_CONTENT, "POST"));
        let refused = doors.send(Request::delete(at("/deposits")).body(Body::empty()).unwrap()).await;
        assert_eq!(refused.headers["allow"], "POST");
        refused.problem(405, "door.method");

        let origin = "https://desk.example";
        let opened = Config { origins: vec![origin.parse().unwrap()], behind_tls: true, ..Config::default() };
        let doors = Doors::with(&world, opened);
        let asked = Request::options(at("/deposits")).header("origin", origin).header("access-control-request-method", "POST");
        let asked = doors.send(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(asked.headers["access-control-allow-origin"], origin);
        assert!(!asked.headers.contains_key("access-control-allow-credentials"));
        let evil = ask(&doors, "/api/v1/compounds", &[("origin", "https://evil.example")]).await;
        assert!(!evil.headers.contains_key("access-control-allow-origin"));
        assert!(evil.headers["strict-transport-security"].to_str().unwrap().starts_with("max-age="));
    }

    async fn the_pages_say_every_route_and_every_rule_without_script_or_network(world: World) {
        let doors = Doors::of(&world);
        let open = async |path: &str| doors.send(Request::get(path).body(Body::empty()).unwrap()).await;
        let docs = open("/api/docs").await.text();
        for route in ROUTES {
            assert!(docs.contains(&format!("<code>{}</code>", route.path)) && docs.contains(route.summary), "{}", route.path);
        }
        for far in ["<script", "src=", "http-equiv", "@import", "url("] {
            assert!(!docs.contains(far), "{far}");
        }
        assert!(docs.contains("viewport") && docs.contains("curl -H"));
        for rule in all_rules() {
            let page = open(&format!("/problems/{}", rule.code)).await;
            assert_eq!(page.status, StatusCode::OK, "{}", rule.code);
            let plain = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
            let text = page.text();
            assert!(text.contains(&plain(rule.rule)) && text.contains(&plain(rule.remedy)), "{}", rule.code);
        }
        open("/problems/no.such").await.problem(404, "door.no-route");
        let document: Value = serde_json::from_str(&open("/api/openapi.json").await.text()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document, *DOCUMENT);
    }

    async fn a_connection_must_say_its_errand_in_time_and_there_are_so_many(world: World) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        use tokio::net::{TcpListener, TcpStream};

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (told, hears) = tokio::sync::watch::channel(false);
        let terms = Terms { connections: 2, header_time: Duration::from_millis(400) };
        let app = xiaoqu::app(world.books.clone(), Config { address_per_minute: 2, ..Config::default() });
        let serving = tokio::spawn(street::serve(listener, app, terms, hears));
        let bounded = async |what: &str, wait: std::pin::Pin<Box<dyn Future<Output = String> + Send>>| {
            tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("{what}"))
        };
        let rest = |mut stream: TcpStream| Box::pin(async move {
            let mut said = Vec::new();
            let _ = stream.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        });
        // Two dribble; the third waits outside until they are shown out, and is served.
        let mut slow = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: a").await.unwrap();
            slow.push(stream);
        }
        let mut third = TcpStream::connect(at).await.unwrap();
        third.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let began = std::time::Instant::now();
        let said = bounded("the third was never served", rest(third)).await;
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("ok\n"), "{said}");
        assert!(began.elapsed() >= Duration::from_millis(200), "it was let in beyond the bound");
        for stream in slow {
            let said = bounded("a dribbler was kept", rest(stream)).await;
            assert!(!said.contains("200 OK"), "{said}");
        }
        // The address has a pace of its own, whoever asks.
        for status in [200, 200, 429] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(b"GET /problems HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n").await.unwrap();
            let said = bounded("no answer", rest(stream)).await;
            assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
        }
        told.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(10), serving).await.expect("it ends when told").unwrap();
        assert!(TcpStream::connect(at).await.is_err());
    }
}
