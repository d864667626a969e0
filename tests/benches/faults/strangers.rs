//! Rows 33 to 38 and 43: what strangers, neighbours and clever bodies get through the doors, and what leaves by files.
//!
//! Nothing here knows a route by name: the addresses, their places, bodies and roles come from the OpenAPI document the
//! house itself serves and from the golden table of roles, so that a new route is tried without a new line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{ADMIN, AUDITOR, CLERK, Ground, House, Line, Reply, grounds};
use crate::stage::{Stage, need};
use crate::{Fail, Sheet};

const COMMITTEE: &str = "fault-token-of-the-committee";
const STREET: &str = "fault-token-of-the-street";
const AUTHORITY: &str = "fault-token-of-the-authority";
const OWNER: &str = "fault-token-of-the-owner";

/// Every role's own token, as the machine's settings name them.
const TOKENS: [(&str, &str); 7] = [
    ("property-company", CLERK),
    ("owners-committee", COMMITTEE),
    ("street-office", STREET),
    ("housing-authority", AUTHORITY),
    ("auditor", AUDITOR),
    ("owner", OWNER),
    ("administrator", ADMIN),
];

async fn open(stage: &Stage, ground: &Ground) -> Result<House, Fail> {
    let settings = [
        ("XIAOQU_TOKEN_OWNERS_COMMITTEE", COMMITTEE),
        ("XIAOQU_TOKEN_STREET_OFFICE", STREET),
        ("XIAOQU_TOKEN_HOUSING_AUTHORITY", AUTHORITY),
        ("XIAOQU_TOKEN_OWNER", OWNER),
        ("XIAOQU_HEADER_SECONDS", "300"),
        ("XIAOQU_LOG", "info"),
    ];
    House::open(stage, ground, &[], &settings).await
}

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    query: Vec<String>,
    /// A body that its own schema takes, if it takes JSON.
    body: Option<Value>,
    takes_file: bool,
}

/// The document a house serves, and every operation of it.
async fn operations(line: &mut Line) -> Result<(Value, Vec<Operation>), Fail> {
    let document = line.get("/api/openapi.json", "").await?.done()?.json();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().ok_or("a document without paths")? {
        for (method, told) in methods.as_object().into_iter().flatten() {
            let params = told["parameters"].as_array().into_iter().flatten();
            let query = params.filter(|param| param["in"] == "query");
            let content = &told["requestBody"]["content"];
            let schema = content["application/json"].get("schema");
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                query: query.filter_map(|p| p["name"].as_str().map(str::to_owned)).collect(),
                body: schema.map(|schema| xiaoqu::openapi::sample(&document, schema)),
                takes_file: content.get("application/octet-stream").is_some(),
            });
        }
    }
    Ok((document, all))
}

/// The places of a path.
fn places(path: &str) -> impl Iterator<Item = &str> {
    path.split(['{', '}']).skip(1).step_by(2)
}

fn usual(place: &str) -> &'static str {
    match place {
        "compound" => "c1",
        "room" => "1-1-101",
        "book" => "fund",
        "year" => "2026",
        _ => "1",
    }
}

fn filled(path: &str, word: impl Fn(&str) -> String) -> String {
    places(path).fold(path.to_owned(), |filled, place| {
        filled.replace(&format!("{{{place}}}"), &word(place))
    })
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
        out
    })
}

/// What an answer says, but for its own number.
fn words(reply: &Reply) -> String {
    let mut told = reply.json();
    if let Some(members) = told.as_object_mut() {
        members.remove("instance");
    }
    format!("{} {told}", reply.status)
}

pub(crate) fn code(reply: &Reply) -> String {
    reply.json()["code"].as_str().unwrap_or_default().to_owned()
}

// ---- 36 ----------------------------------------------------------------------------------------------------------

/// Two compounds in two districts, and the sessions of one user of every role at the southern one.
async fn tenants(line: &mut Line) -> Result<Vec<(&'static str, String)>, Fail> {
    let city = json!({ "kind": "city", "code": "33", "name": "市" });
    line.post("/api/v1/areas", ADMIN, &city).await?.done()?;
    for (area, code) in [("3301", "north"), ("3302", "south")] {
        let district = json!({ "kind": "district", "code": area, "name": area, "parent": "33" });
        line.post("/api/v1/areas", ADMIN, &district).await?.done()?;
        let compound = json!({ "code": code, "name": code, "area": area });
        line.post("/api/v1/compounds", CLERK, &compound).await?.done()?;
        let register = "楼号,单元,房号,产权人,建筑面积,房屋性质\n1,1,101,赵一,80.00,商品住宅\n";
        let path = format!("/api/v1/compounds/{code}/imports?kind=register&name=r.csv");
        upload(line, &path, register.as_bytes()).await?.done()?;
    }
    let org = json!({ "kind": "property-company", "code": "lvyuan", "name": "绿园物业" });
    line.post("/api/v1/organisations", ADMIN, &org).await?.done()?;
    let term = json!({ "compound": "south", "from_on": "2026-01-01", "until_on": "2099-12-31" });
    line.post("/api/v1/organisations/lvyuan/contracts", ADMIN, &term).await?.done()?;
    let scopes = [
        ("property-company", json!({ "org": "lvyuan" })),
        ("owners-committee", json!({ "compound": "south" })),
        ("street-office", json!({ "area": "3302" })),
        ("housing-authority", json!({ "area": "3302" })),
        ("auditor", json!({ "compound": "south" })),
        ("owner", json!({ "compound": "south", "room": "1-1-101" })),
    ];
    let mut all = Vec::new();
    for (role, scope) in scopes {
        all.push((role, person(line, role, scope).await?));
    }
    Ok(all)
}

/// The session of a new user with a mandate.
async fn person(line: &mut Line, role: &str, mut scope: Value) -> Result<String, Fail> {
    let user = json!({ "user": role, "shown_as": role });
    line.post("/api/v1/users", ADMIN, &user).await?.done()?;
    scope["role"] = json!(role);
    scope["from_on"] = json!("2026-01-01");
    scope["until_on"] = json!("2099-12-31");
    let mandates = format!("/api/v1/users/{role}/mandates");
    line.post(&mandates, ADMIN, &scope).await?.done()?;
    let reset = format!("/api/v1/users/{role}/password");
    let password = line.ask("POST", &reset, ADMIN, &[], None).await?.done()?.json();
    let pair = json!({ "user": role, "password": password["password"] });
    let session = line.post("/api/v1/sessions", "", &pair).await?.done()?.json();
    Ok(session["session"].as_str().ok_or("no session")?.to_owned())
}

pub(crate) async fn upload(line: &mut Line, path: &str, bytes: &[u8]) -> Result<Reply, Fail> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: house\r\nAuthorization: Bearer {CLERK}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        bytes.len()
    );
    line.say(&[head.as_bytes(), bytes].concat()).await?;
    line.hear().await
}

/// A neighbour's compound is as one that is not there: the same words, and no sooner or later.
pub(crate) async fn neighbours(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let house = open(&stage, &ground).await?;
        let mut line = Line::to(house.at).await?;
        let tenants = tenants(&mut line).await?;
        let (_, all) = operations(&mut line).await?;
        let (mut tried, mut leaks, mut at_home) = (0, 0, BTreeSet::new());
        let (mut theirs, mut nowhere) = (Vec::new(), Vec::new());
        for operation in all.iter().filter(|operation| operation.path.contains("{compound}")) {
            for (role, token) in &tenants {
                let mut ask = async |compound: &str| {
                    let path = filled(&operation.path, |place| match place {
                        "compound" => compound.to_owned(),
                        place => usual(place).to_owned(),
                    });
                    line.ask(&operation.method, &path, token, &[], operation.body.as_ref()).await
                };
                // In turn first and last, so that neither is always the one that finds everything warm.
                let (one, none) = if tried % 2 == 0 {
                    let one = ask("north").await?;
                    (one, ask("nowhere").await?)
                } else {
                    let none = ask("nowhere").await?;
                    (ask("north").await?, none)
                };
                tried += 1;
                if words(&one).replace("north", "nowhere") != words(&none) || one.status < 400 {
                    leaks += 1;
                    sheet.must(
                        false,
                        format!(
                            "{name}: {role} at {} {}: {}",
                            operation.method,
                            operation.path,
                            words(&one)
                        ),
                    );
                }
                if one.status == 404 {
                    theirs.push(one.took);
                    nowhere.push(none.took);
                }
                let home = ask("south").await?;
                if home.status != 403 && code(&home) != "property.no-compound" {
                    at_home.insert((operation.method.clone(), operation.path.clone()));
                }
            }
        }
        let apart = auc(&theirs, &nowhere);
        sheet.must((apart - 0.5).abs() < 0.1, format!("{name}: AUC {apart:.2} of the time taken"));
        sheet.must(tried > 6 * 30, format!("{name}: only {tried} tried"));
        sheet.must(
            at_home.len() > 30,
            format!("CONTROL, {name}: at home only {} addresses answer", at_home.len()),
        );
        sheet.says(format!(
            "{name}: {tried} tries at a neighbour's compound, leaks {leaks}, AUC of the time against a missing one {apart:.3}; control: at home {} addresses answer",
            at_home.len()
        ));
        house.close().await?;
    }
    Ok(())
}

/// How often a draw of one exceeds a draw of the other: a half, if nothing tells them apart.
fn auc(one: &[Duration], other: &[Duration]) -> f64 {
    let mut above = 0.0;
    for a in one {
        for b in other {
            above += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    above / (one.len() * other.len()).max(1) as f64
}

// ---- 37 ----------------------------------------------------------------------------------------------------------

/// Every address in every role, against the table that people read and sign.
pub(crate) async fn functions(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/routes.txt");
    let table = std::fs::read_to_string(table)?;
    let mut signed: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for row in table.lines() {
        let mut cells = row.split_whitespace().map(str::to_owned);
        let key = (cells.next().ok_or("no method")?, cells.next().ok_or("no path")?);
        signed.insert(key, cells.collect());
    }
    for (name, ground) in grounds(&stage).await? {
        let house = open(&stage, &ground).await?;
        let mut line = Line::to(house.at).await?;
        let (_, all) = operations(&mut line).await?;
        let (mut cells, mut let_in, mut mismatches) = (0, 0, 0);
        for operation in &all {
            let key = (operation.method.clone(), operation.path.clone());
            let Some(may) = signed.get(&key) else {
                sheet.must(false, format!("{key:?} has no row in the table"));
                continue;
            };
            // An unknown compound: nothing is done, and who is not let in is told so before that is looked at.
            let path = filled(&operation.path, |place| match place {
                "compound" => "nowhere".to_owned(),
                place => usual(place).to_owned(),
            });
            for (role, token) in TOKENS {
                // Without a body: an address that is at no compound does nothing either.
                let reply = line.ask(&operation.method, &path, token, &[], None).await?;
                let is_in = code(&reply) != "door.role";
                cells += 1;
                let_in += u32::from(is_in);
                if is_in != (may.contains(role) || may.contains("everybody")) {
                    mismatches += 1;
                    sheet.must(false, format!("{name}: {role} at {key:?}: {}", words(&reply)));
                }
            }
            let stranger =
                line.ask(&operation.method, &path, "a-token-of-nobody", &[], None).await?;
            sheet.must(
                stranger.status == 401 || may.contains("everybody"),
                format!("{name}: a stranger at {key:?}: {}", stranger.status),
            );
        }
        sheet.must(
            all.len() == signed.len(),
            format!("{} addresses, {} rows", all.len(), signed.len()),
        );
        sheet.must(
            let_in > 0 && let_in < cells,
            format!("CONTROL, {name}: {let_in} of {cells} are let in"),
        );
        sheet.says(format!("{name}: {cells} cells, {let_in} let in, mismatches {mismatches}"));
        house.close().await?;
    }
    Ok(())
}

// ---- 38 ----------------------------------------------------------------------------------------------------------

/// Fields nobody may set, in every object of every body.
const FOREIGN: [&str; 8] = [
    "balance_fen",
    "tenant_id",
    "compound_id",
    "status",
    "created_by",
    "act_no",
    "is_strong",
    "approved",
];

/// Every object in a value, by its pointer.
fn objects(value: &Value, at: &str, told: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            told.push(at.to_owned());
            for (name, member) in members {
                objects(member, &format!("{at}/{name}"), told);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                objects(item, &format!("{at}/{i}"), told);
            }
        }
        _ => {}
    }
}

pub(crate) async fn assignment(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let house = open(&stage, &ground).await?;
        let mut line = Line::to(house.at).await?;
        let (_, all) = operations(&mut line).await?;
        let home = json!({ "compound": "c1", "room": "1-1-101" });
        let resident = person(&mut line, "owner", home).await?;
        let (mut tried, mut accepted, mut read) = (0, 0, 0);
        for operation in &all {
            let Some(body) = &operation.body else { continue };
            let path = filled(&operation.path, |place| usual(place).to_owned());
            let mut at = Vec::new();
            objects(body, "", &mut at);
            // A role that may: the body is read only then.
            let mut token = "";
            for shown in TOKENS.iter().map(|(_, token)| *token).chain([resident.as_str()]) {
                let empty = line.post(&path, shown, &json!([])).await?;
                if !["door.role", "door.unknown-caller", "property.no-compound"]
                    .contains(&&*code(&empty))
                {
                    token = shown;
                    break;
                }
            }
            for pointer in at {
                for field in FOREIGN {
                    let mut body = body.clone();
                    let Some(object) = body.pointer_mut(&pointer).and_then(Value::as_object_mut)
                    else {
                        continue;
                    };
                    if object.contains_key(field) {
                        continue;
                    }
                    object.insert(field.to_owned(), json!(1));
                    let reply = line.post(&path, token, &body).await?;
                    let told = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
                    tried += 1;
                    if reply.status < 400 || code(&reply) != "door.shape" || !told.contains(field) {
                        accepted += 1;
                        sheet.must(
                            false,
                            format!("{name}: {field} at {path}{pointer}: {}", words(&reply)),
                        );
                    }
                }
            }
            let clean = line.post(&path, token, body).await?;
            read += u32::from(code(&clean) != "door.shape");
        }
        sheet.must(
            read > 20,
            format!("CONTROL, {name}: without the field only {read} bodies are read"),
        );
        sheet.says(format!("{name}: {tried} foreign fields in every object of every body, accepted {accepted}; control: {read} bodies read without them"));
        house.close().await?;
    }
    Ok(())
}

// ---- 35 ----------------------------------------------------------------------------------------------------------

/// What breaks out of a text, asks something true or false, or waits; of each pair both must be answered alike.
const PAIRS: [(&str, &str); 4] = [
    ("x' OR '1'='1", "x' OR '1'='2"),
    ("x\" OR \"1\"=\"1", "x\" OR \"1\"=\"2"),
    ("1) OR (1=1", "1) OR (1=2"),
    ("1-1-101' AND 1=1--", "1-1-101' AND 1=2--"),
];
const WAITS: [&str; 4] = [
    "'; SELECT pg_sleep(3)--",
    "1-1-101'||(SELECT pg_sleep(3))||'",
    "') UNION SELECT CASE WHEN 1=1 THEN randomblob(400000000) END--",
    "1; DROP TABLE dwelling; --",
];

pub(crate) async fn injection(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let rows =
        "SELECT (SELECT count(*) FROM dwelling) * 1000 + (SELECT count(*) FROM voucher) AS n";
    for (name, ground) in grounds(&stage).await? {
        let house = open(&stage, &ground).await?;
        let mut line = Line::to(house.at).await?;
        let (_, all) = operations(&mut line).await?;
        let before = ground.count(rows).await?;
        let (mut params, mut asked, mut findings, mut slowest) = (0, 0, 0, Duration::ZERO);
        for operation in all.iter().filter(|operation| !operation.takes_file) {
            // Every place of the path, every field of the query, every text of the body, one at a time.
            let mut points: Vec<(char, String)> =
                places(&operation.path).map(|place| ('p', place.to_owned())).collect();
            points.extend(operation.query.iter().map(|field| ('q', field.clone())));
            let mut texts = Vec::new();
            if let Some(body) = &operation.body {
                strings(body, "", &mut texts);
            }
            points.extend(texts.into_iter().map(|pointer| ('b', pointer)));
            let token = if operation.path.contains("/users") { ADMIN } else { CLERK };
            for (kind, point) in &points {
                params += 1;
                let mut ask = async |payload: &str| {
                    let mut path = filled(&operation.path, |place| match (kind, place == point) {
                        ('p', true) => percent(payload),
                        _ => usual(place).to_owned(),
                    });
                    if *kind == 'q' {
                        path += &format!("?{point}={}", percent(payload));
                    }
                    let mut body = operation.body.clone();
                    if *kind == 'b'
                        && let Some(cell) = body.as_mut().and_then(|body| body.pointer_mut(point))
                    {
                        *cell = json!(payload);
                    }
                    line.ask(&operation.method, &path, token, &[], body.as_ref()).await
                };
                for (yes, no) in PAIRS {
                    let (one, other) = (ask(yes).await?, ask(no).await?);
                    asked += 2;
                    slowest = slowest.max(one.took).max(other.took);
                    // What is refused is refused by the same rule; where the first was kept, the second may be one too many.
                    let alike = one.status < 300
                        || one.status == other.status && code(&one) == code(&other);
                    if !alike || one.status >= 500 {
                        findings += 1;
                        sheet.must(
                            false,
                            format!(
                                "{name}: {} {} {point}: {} / {}",
                                operation.method,
                                operation.path,
                                words(&one),
                                words(&other)
                            ),
                        );
                    }
                }
                for wait in WAITS {
                    let reply = ask(wait).await?;
                    asked += 1;
                    slowest = slowest.max(reply.took);
                    if reply.status >= 500 || reply.took > Duration::from_millis(2_500) {
                        findings += 1;
                        sheet.must(
                            false,
                            format!(
                                "{name}: {} {} {point}: {} after {:?}",
                                operation.method,
                                operation.path,
                                words(&reply),
                                reply.took
                            ),
                        );
                    }
                }
            }
        }
        let after = ground.count(rows).await?;
        sheet.must(after >= before, format!("{name}: {before} rows became {after}"));
        // The control: the same pairs put into a question by hand are told apart.
        let by_hand =
            |payload: &str| format!("SELECT count(*) AS n FROM dwelling WHERE code = '{payload}'");
        let (yes, no) =
            (ground.count(&by_hand(PAIRS[0].0)).await?, ground.count(&by_hand(PAIRS[0].1)).await?);
        sheet.must(yes != no, format!("CONTROL, {name}: by hand the pair answers {yes} and {no}"));
        sheet.says(format!("{name}: {params} places, fields and texts, {asked} requests, findings {findings}, slowest {} ms; control (by hand): {yes} rows against {no}", slowest.as_millis()));
        house.close().await?;
    }
    Ok(())
}

/// The texts in a value, by their pointers.
fn strings(value: &Value, at: &str, told: &mut Vec<String>) {
    match value {
        Value::String(_) => told.push(at.to_owned()),
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, member)| strings(member, &format!("{at}/{name}"), told));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(i, item)| strings(item, &format!("{at}/{i}"), told));
        }
        _ => {}
    }
}

// ---- 34 ----------------------------------------------------------------------------------------------------------

/// Names that a spreadsheet would compute.
const FORMULAS: [&str; 9] = [
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\u{a0}=1+1",
    "=HYPERLINK(\"http://127.0.0.1\")",
    "%=1+1",
    "赵一\n=1+1",
];

pub(crate) async fn formulas(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    need("soffice")?;
    let (name, ground) = grounds(&stage).await?.into_iter().next().ok_or("no database")?;
    let house = open(&stage, &ground).await?;
    let mut line = Line::to(house.at).await?;
    let mut register = String::from("楼号,单元,房号,产权人,建筑面积,房屋性质\n");
    for (i, formula) in FORMULAS.iter().enumerate() {
        register +=
            &format!("1,1,{}01,\"{}\",80.00,商品住宅\n", i + 1, formula.replace('"', "\"\""));
    }
    let found = json!({ "code": "formulas", "name": "=1+1" });
    line.post("/api/v1/compounds", CLERK, &found).await?.done()?;
    let path = "/api/v1/compounds/formulas/imports?kind=register&good_rows=true&name=r.csv";
    let taken = upload(&mut line, path, register.as_bytes()).await?.done()?.json();
    let deposit = json!({ "room": "1-1-101", "amount_fen": 100, "received_on": "2026-01-05", "receipt_no": "=1+1" });
    let deposited =
        line.post("/api/v1/compounds/formulas/deposits", CLERK, &deposit).await?.done()?.json();
    // A red-letter amount is negative and stays a number.
    let turn = json!({ "voucher": deposited["voucher"], "on": "2026-01-06", "style": "red", "reason": "=1+1" });
    line.post("/api/v1/compounds/formulas/reversals", CLERK, &turn).await?;
    let folder = stage.folder("formulas")?;
    let (_, all) = operations(&mut line).await?;
    let (mut files, mut planted) = (0, 0);
    for operation in all.iter().filter(|operation| operation.method == "GET") {
        if !operation.query.iter().any(|field| field == "format") {
            continue;
        }
        let path = filled(&operation.path, |place| match place {
            "compound" => "formulas".to_owned(),
            place => usual(place).to_owned(),
        });
        for format in ["csv", "xlsx"] {
            let reply = line.get(&format!("{path}?format={format}"), AUDITOR).await?;
            if reply.status == 200 && !reply.body.is_empty() {
                files += 1;
                planted += usize::from(format == "csv" && reply.text().contains("1+1"));
                std::fs::write(folder.join(format!("{files}.{format}")), &reply.body)?;
            }
        }
    }
    // Every document that this compound can print.
    let asked = [
        "arrears-posted?",
        "collection?from=2026-01-01&to=2026-01-31&",
        "reconciliation?",
        "statement?room=1-1-101&",
    ];
    for document in asked {
        for format in ["csv", "xlsx"] {
            let path = format!("/api/v1/compounds/formulas/reports/{document}format={format}");
            let reply = line.get(&path, AUDITOR).await?.done()?;
            files += 1;
            std::fs::write(folder.join(format!("{files}.{format}")), &reply.body)?;
        }
    }
    // The control: the same names as they are.
    std::fs::write(folder.join("control.csv"), "name,amount\n=1+1,-1.00\n")?;
    let (formulas, control, texts) = computed(&folder)?;
    sheet.must(formulas.is_empty(), format!("{name}: {formulas:?}"));
    sheet.must(files > 10 && planted > 0, format!("{name}: {files} files, {planted} with a plant"));
    sheet.must(control > 0, "CONTROL: a name as it is is not computed either");
    sheet.says(format!(
        "{} payloads ({} rows taken), {files} files opened by LibreOffice, {planted} with plants, {texts} cells, live formulas {}; control: {control}",
        FORMULAS.len(), taken["rows"], formulas.len()
    ));
    house.close().await
}

/// Has LibreOffice open every file of a folder; answers the files with a computed cell, those of the control, and how
/// many cells there are.
fn computed(folder: &Path) -> Result<(Vec<String>, usize, usize), Fail> {
    let out = folder.join("out");
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "csv" || end == "xlsx"))
        .collect();
    let told = Command::new("timeout")
        .args(["240", "soffice", "--headless", &profile, "--convert-to", "fods", "--outdir"])
        .arg(&out)
        .args(&files)
        .output()?;
    let (mut found, mut control, mut cells, mut opened) = (Vec::new(), 0, 0, 0);
    for entry in std::fs::read_dir(&out).map_err(|e| format!("{e}: {told:?}"))? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        // The totals of a document are our own formulas, and nothing but a sum of cells above them.
        let own = text.matches("table:formula=\"of:=SUBTOTAL(9;[.").count();
        let formulas = text.matches("table:formula=").count() - own;
        cells += text.matches("office:value-type=").count();
        opened += 1;
        if path.file_stem().is_some_and(|stem| stem == "control") {
            control = formulas;
        } else if formulas > 0 {
            found.push(path.display().to_string());
        }
    }
    if opened == 0 {
        return Err(format!("LibreOffice opened nothing: {told:?}").into());
    }
    Ok((found, control, cells))
}

// ---- 33 ----------------------------------------------------------------------------------------------------------

const NAMES: [&str; 10] = [
    "../../planted.csv",
    "/etc/planted.csv",
    "..\\..\\planted.csv",
    "CON",
    "aux.csv",
    "\u{202e}vsc.planted",
    "😀😀planted.csv",
    "planted\r\nX-Planted: 1.csv",
    "planted\".csv",
    "planted.csv\u{0}.png",
];

pub(crate) async fn names(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let (name, ground) = grounds(&stage).await?.into_iter().next().ok_or("no database")?;
    let house = open(&stage, &ground).await?;
    let mut line = Line::to(house.at).await?;
    let seen = || -> Result<BTreeSet<String>, Fail> {
        let mut all = BTreeSet::new();
        let home = std::env::var("HOME").unwrap_or_else(|_| "/".to_owned());
        for folder in ["/", "/etc", "/tmp", "/var/tmp", ".", "..", home.as_str()] {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            all.extend(
                entries
                    .map(|entry| entry.path().display().to_string())
                    .filter(|path| path.contains("planted")),
            );
        }
        Ok(all)
    };
    let before = seen()?;
    let mut answers = BTreeMap::new();
    for (i, file) in NAMES.iter().enumerate() {
        let register = format!(
            "楼号,单元,房号,产权人,建筑面积,房屋性质\n7,1,{}01,赵一,80.00,商品住宅\n",
            i + 1
        );
        let path = format!("/api/v1/compounds/c1/imports?kind=register&name={}", percent(file));
        let reply = upload(&mut line, &path, register.as_bytes()).await?;
        *answers.entry(reply.status).or_insert(0) += 1;
        sheet.must(
            reply.status < 500 && !reply.has("x-planted"),
            format!("{file:?}: {}", words(&reply)),
        );
        // The same as the file of a form.
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n{register}\r\n--b--\r\n",
            file.replace(['\r', '\n', '"', '\0'], "_")
        );
        let head = format!(
            "POST /api/v1/compounds/c1/imports?kind=register HTTP/1.1\r\nHost: house\r\nAuthorization: Bearer {CLERK}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
            form.len()
        );
        line.say(format!("{head}{form}").as_bytes()).await?;
        let reply = line.hear().await?;
        *answers.entry(reply.status).or_insert(0) += 1;
        sheet.must(reply.status < 500, format!("{file:?} in a form: {}", words(&reply)));
    }
    // A workbook whose parts climb out of it.
    for part in ["../../planted.xml", "/etc/planted.xml", "xl/../../../planted.xml"] {
        let mut made = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let plain = zip::write::SimpleFileOptions::default();
        for named in ["[Content_Types].xml", part] {
            made.start_file(named, plain)?;
            std::io::Write::write_all(&mut made, b"<planted/>")?;
        }
        let path = "/api/v1/compounds/c1/imports?kind=register&name=planted.xlsx";
        let reply = upload(&mut line, path, made.finish()?.get_ref()).await?;
        *answers.entry(reply.status).or_insert(0) += 1;
        sheet.must((400..500).contains(&reply.status), format!("{part}: {}", words(&reply)));
    }
    // What leaves under a name has one that any browser and any disk takes.
    let (_, all) = operations(&mut line).await?;
    let mut named = 0;
    for operation in
        all.iter().filter(|o| o.method == "GET" && o.query.iter().any(|field| field == "format"))
    {
        let path = filled(&operation.path, |place| usual(place).to_owned());
        let reply = line.get(&format!("{path}?format=csv"), AUDITOR).await?;
        let Some(told) = reply.headers.get("content-disposition") else { continue };
        named += 1;
        let plain = told.bytes().all(|b| (0x20..0x7f).contains(&b))
            && !told.contains("..")
            && !told.contains('/');
        sheet.must(plain, format!("{path}: {told}"));
    }
    let new: Vec<_> = seen()?.difference(&before).cloned().collect();
    sheet.must(new.is_empty(), format!("{name}: {new:?}"));
    let planted = stage.folder("names")?.join("planted.csv");
    std::fs::write(&planted, "")?;
    sheet.must(planted.exists(), "CONTROL: a file cannot be made at all");
    sheet.must(named > 5, format!("only {named} files leave under a name"));
    sheet.says(format!(
        "{} names twice and 3 workbooks, answered {answers:?}, files outside {}; {named} names that leave, all plain",
        NAMES.len(), new.len()
    ));
    house.close().await
}

// ---- 43 ----------------------------------------------------------------------------------------------------------

/// Invented numbers that pass their own checks.
const PLANTS: [&str; 2] = ["999999198002031359", "19900007351"];

pub(crate) async fn personal(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let house = open(&stage, &ground).await?;
        let mut line = Line::to(house.at).await?;
        let [id_no, phone] = PLANTS;
        let register = format!(
            "楼号,单元,房号,产权人,身份证号,手机号,建筑面积,房屋性质,备注\n8,1,101,赵一,{id_no},{phone},80.00,商品住宅,电话{phone}\n"
        );
        let path = "/api/v1/compounds/c1/imports?kind=register&name=r.csv";
        let mut told = vec![(
            "the import".to_owned(),
            upload(&mut line, path, register.as_bytes()).await?.body,
        )];
        let user = json!({ "user": "zhao", "shown_as": "赵一", "phone": phone });
        told.push(("a user".to_owned(), line.post("/api/v1/users", ADMIN, &user).await?.body));
        // Every address that is read, in every role, in every form it offers, and with a plant in every place.
        let (_, all) = operations(&mut line).await?;
        let mut read = 0;
        for operation in all.iter().filter(|operation| operation.method == "GET") {
            for (role, token) in TOKENS {
                let usual = filled(&operation.path, |place| match place {
                    "room" => "8-1-101".to_owned(),
                    place => usual(place).to_owned(),
                });
                let planted = filled(&operation.path, |place| match place {
                    "compound" => "c1".to_owned(),
                    _ => phone.to_owned(),
                });
                let mut paths = vec![usual.clone(), planted];
                if operation.query.iter().any(|field| field == "format") {
                    paths.extend(
                        ["csv", "xlsx", "text"].map(|format| format!("{usual}?format={format}")),
                    );
                }
                for path in paths {
                    // What the caller wrote themselves comes back as far as the address goes, masked.
                    let reply = line.get(&path, token).await?;
                    read += 1;
                    told.push((format!("{role} at {path}"), reply.body));
                }
            }
        }
        let reason = json!({ "reason": "核对产权证办理交存" });
        let reveal = "/api/v1/compounds/c1/dwellings/8-1-101/owners/reveal";
        let shown = line.post(reveal, CLERK, &reason).await?.done()?;
        let count = "SELECT count(*) AS n FROM act WHERE verb = 'read.owner'";
        let recorded = ground.count(count).await?;
        told.push(("the log".to_owned(), house.told().into_bytes()));
        house.close().await?;
        if let Some(file) = ground.url.strip_prefix("sqlite:") {
            for end in ["", "-wal"] {
                let bytes = std::fs::read(format!("{file}{end}")).unwrap_or_default();
                told.push((format!("the file{end}"), bytes));
            }
        }
        let holds =
            |bytes: &[u8], plant: &str| bytes.windows(plant.len()).any(|w| w == plant.as_bytes());
        let mut leaks = 0;
        for (what, bytes) in &told {
            for plant in PLANTS {
                if holds(bytes, plant) {
                    leaks += 1;
                    sheet.must(false, format!("{name}: {plant} in {what}"));
                }
            }
        }
        let in_clear = PLANTS.iter().filter(|plant| holds(&shown.body, plant)).count();
        sheet.must(
            in_clear == 2 && recorded == 1,
            format!("CONTROL, {name}: revealed {in_clear} of 2, recorded {recorded}"),
        );
        sheet.says(format!(
            "{name}: 4 plants, {read} readings in 7 roles, the log and the database, leaks {leaks}; unmasked with a reason: {in_clear} shown, {recorded} recorded"
        ));
    }
    Ok(())
}
