//! The wire described: for programs as OpenAPI 3.1, for people as pages, from the route table and the types alone.
//!
//! Owns: `/api/openapi.json`, `/api/docs`, `/problems`, `/problems/{code}`.
//!
//! Always: nothing here names an address, a field or a rule; a new row of [`ROUTES`] and a new field are described without
//! a word being added. The pages need no network, no script and no token, and fit a telephone.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::books::Role;
use ledger::error::Rule;
use ledger::policy::terms::Deed;
use serde_json::{Map, Value, json};

use crate::front::escaped;
use crate::portal;
use crate::problem::{self, status_of};
use crate::routes::{JSON_MOST, ROUTES, Route, Scope, Time};
use crate::wire::{Param, Schemas, Sketch};

/// Every rule of the house: the doors' own, then the rooms'.
#[must_use]
pub fn all_rules() -> Vec<&'static Rule> {
    let rooms = ledger::rules();
    let doors = problem::RULES.iter().chain(portal::RULES).copied();
    doors.chain(rooms).collect()
}

/// The document, made once.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let mut sketch = route.sketch(&mut schemas);
        let operation = operation(route, &mut sketch);
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.to_lowercase()] = operation;
    }
    let mut named = schemas.named();
    named.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "小区账本",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "小区维修资金与物业费的复式账。金额一律为整数分（…_fen），面积为 0.01 平方米（…_centi_m2），\
                日期为北京时间的 YYYY-MM-DD，时刻为 RFC 3339。读余额处可写 as_of（截至业务日）与 known_at（截至记账时刻）。\
                登记类请求写 Idempotency-Key：同一键同一内容只办一次，答复相同。清单用游标翻页，也可整份取 CSV 或 xlsx。\
                拒绝一律为 RFC 9457 的 application/problem+json，code 供程序判断，remedy 是办法。",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer",
                "description": "登录所得的会话，或令牌；写在 Authorization 头中" } },
            "headers": headers(),
        },
    })
}

fn operation(route: &Route, sketch: &mut Sketch<'_>) -> Value {
    let mut parameters = Vec::new();
    if sketch.is_at_compound {
        parameters.push(json!({ "name": "compound", "in": "path", "required": true,
            "description": "小区代码",
            "schema": { "type": "string", "pattern": "^[a-z0-9-]{1,40}$", "examples": ["wutongli"] } }));
    }
    parameters.extend(sketch.places.iter().map(|param| parameter(param, "path")));
    parameters.extend(sketch.query.iter().map(|param| parameter(param, "query")));
    if sketch.is_act {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "幂等键：1 至 120 个可见字符，例如 UUID 或单据号；同一键同一内容只办一次",
            "schema": { "type": "string", "pattern": "^[!-~]{1,120}$", "examples": ["5f0c2b1e-7d55-4a36-9d0e-6b8e8c1f0a11"] } }));
    }
    if route.is_tagged() {
        parameters.push(json!({ "name": "If-None-Match", "in": "header", "required": false,
            "description": "上次答复的 ETag；没有变动则答 304",
            "schema": { "type": "string", "examples": ["\"0123456789abcdef0123456789abcdef\""] } }));
    }
    let mut who: Vec<&str> = route.roles.iter().map(|role| role.in_chinese()).collect();
    if route.scope == Scope::Open {
        who.push("任何人，无须登录");
    }
    let deed = match route.deed {
        Some(deed) => {
            format!("政策包规定“{}”须复核的，答 202，待第二人复核后办理。", deed.in_chinese())
        }
        None => String::new(),
    };
    let mut told = json!({
        "operationId": route.id.replace("::", "-"),
        "tags": [tag_of(route)],
        "summary": route.summary,
        "description": format!("{}{deed}可办角色：{}；{}。", route.about, who.join("、"), scope_of(route)),
        "parameters": parameters,
        "x-scope": format!("{:?}", route.scope).to_lowercase(),
        "x-roles": route.roles.iter().map(|role| role.name()).collect::<Vec<_>>(),
        "x-deed": route.deed.map(Deed::name),
        "x-seconds-most": if route.time == Time::Quick { json!(30) } else { json!("timeout_seconds") },
        "responses": responses(route, sketch),
    });
    if route.scope == Scope::Open {
        told["security"] = json!([]);
    }
    if !sketch.body.is_empty() {
        let content: Map<String, Value> = sketch
            .body
            .iter()
            .map(|(kind, schema)| ((*kind).to_owned(), json!({ "schema": schema })))
            .collect();
        let most = if sketch.is_upload {
            "上传文件的上限见配置 upload_mib".to_owned()
        } else {
            format!("至多 {JSON_MOST} 字节")
        };
        told["requestBody"] = json!({ "required": true, "description": most, "content": content });
    }
    told
}

fn parameter(param: &Param, place: &str) -> Value {
    let mut schema = param.schema.clone();
    let told = schema.as_object_mut().and_then(|fields| fields.remove("description"));
    json!({
        "name": param.name,
        "in": place,
        "required": place == "path" || param.is_required,
        "description": told.unwrap_or_default(),
        "schema": schema,
    })
}

/// Where the role is asked for, in words.
fn scope_of(route: &Route) -> &'static str {
    match route.scope {
        Scope::Open => "不限范围",
        Scope::Own => "限本人的事项",
        Scope::House => "限授权及于全册者",
        Scope::Compound => "限授权及于该小区者，其余视同小区不存在",
        Scope::Dwelling => "限授权及于该小区或该房屋者，其余视同小区不存在",
    }
}

/// The first word of the path that names what it is about.
fn tag_of(route: &Route) -> &'static str {
    let words = route.path.trim_start_matches("/api/v1/");
    if words.contains("/countersigns") {
        return "复核";
    }
    if words.contains("/fee-receipts/") {
        return "物业费";
    }
    match words.rsplit('/').find(|word| !word.starts_with('{')).unwrap_or(words) {
        "sessions" | "session" | "proof" | "password" | "second-factor" | "confirm" | "tokens" => {
            "登录与令牌"
        }
        "organisations" | "contracts" | "users" | "mandates" | "end" | "phone" | "disable"
        | "enable" | "unlock" => "用户与授权",
        "compounds" | "area" | "areas" | "registers" | "dwellings" | "conveyances" => "房产",
        "deposits" | "fund-statement" | "fund-balances" => "维修资金",
        "payments" | "bills" | "fees" | "fee-standings" | "counter-takings" | "fee-receipts"
        | "fee-refunds" | "waivers" | "write-offs" | "bill-withdrawals" | "remissions"
        | "penalties" | "bonds" | "deductions" | "returns" | "day-sheets" | "differing"
        | "in-hand" => "物业费",
        "bank-lines" => "银行流水",
        "imports" | "undo" => "导入",
        _ => "账簿",
    }
}

fn responses(route: &Route, sketch: &Sketch<'_>) -> Value {
    let mut responses: Map<String, Value> = Map::new();
    for (status, what, contents) in &sketch.answers {
        let content: Map<String, Value> = contents
            .iter()
            .map(|(kind, schema)| ((*kind).to_owned(), json!({ "schema": schema })))
            .collect();
        let mut carried = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
        if route.is_tagged() {
            carried.push("ETag");
        }
        if sketch.is_act {
            carried.push("Idempotent-Replayed");
        }
        if *status == StatusCode::ACCEPTED {
            carried.push("Location");
        }
        let told = json!({ "description": what, "headers": carried_headers(&carried), "content": content });
        responses.insert(status.as_str().to_owned(), told);
    }
    if route.is_tagged() {
        let told = json!({ "description": "没有变动，答复同上次", "headers": carried_headers(&["X-Request-Id", "ETag"]) });
        responses.insert("304".to_owned(), told);
    }
    let mut by_status: std::collections::BTreeMap<u16, Vec<&Rule>> = Default::default();
    for rule in route.refusals(sketch) {
        by_status.entry(status_of(rule).as_u16()).or_default().push(rule);
    }
    for (status, rules) in by_status {
        let codes: Vec<&str> = rules.iter().map(|rule| rule.code).collect();
        let told: Vec<String> =
            rules.iter().map(|rule| format!("- `{}` {}", rule.code, rule.rule)).collect();
        let mut carried = vec!["X-Request-Id"];
        if matches!(status, 429 | 503) {
            carried.push("Retry-After");
        }
        let example = rules.first().map(|rule| example_of(rule, status));
        let schema = json!({
            "allOf": [{ "$ref": "#/components/schemas/Problem" }],
            "properties": { "code": { "enum": codes }, "status": { "const": status } },
        });
        let told = json!({
            "description": told.join("\n"),
            "headers": carried_headers(&carried),
            "content": { "application/problem+json": { "schema": schema, "example": example } },
        });
        responses.insert(status.to_string(), told);
    }
    Value::Object(responses)
}

fn carried_headers(names: &[&str]) -> Value {
    let header = |name: &&str| {
        ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(header).collect())
}

fn headers() -> Value {
    let header = |what: &str, schema: Value| json!({ "description": what, "schema": schema });
    json!({
        "X-Request-Id": header("请求编号：查日志用", json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" })),
        "ETag": header("答复的标记：下次写入 If-None-Match", json!({ "type": "string" })),
        "Idempotent-Replayed": header("此前已办理过：同一幂等键的重发", json!({ "type": "string", "enum": ["true"] })),
        "Location": header("复核申请的地址", json!({ "type": "string" })),
        "Retry-After": header("多少秒后再试", json!({ "type": "integer", "minimum": 1 })),
        "RateLimit": header("本登录还可请求几次，多少秒后回满", json!({ "type": "string" })),
        "RateLimit-Policy": header("每 60 秒可请求几次", json!({ "type": "string" })),
    })
}

fn example_of(rule: &Rule, status: u16) -> Value {
    json!({
        "type": format!("/problems/{}", rule.code), "title": rule.rule, "status": status,
        "detail": "本次请求的情况", "remedy": rule.remedy, "code": rule.code, "instance": "0123456789abcdef",
    })
}

fn problem_schema() -> Value {
    let text = |what: &str, example: &str| json!({ "type": "string", "minLength": 1, "description": what, "examples": [example] });
    json!({
        "type": "object",
        "description": "拒绝（RFC 9457）；此外可有供程序读取的事实，例如 available_fen",
        "required": ["type", "title", "status", "detail", "remedy", "code", "instance"],
        "properties": {
            "type": text("说明页：规则与办法", "/problems/property.no-dwelling"),
            "title": text("规则", "房屋须在房产清册内"),
            "status": { "type": "integer", "description": "HTTP 状态", "examples": [404] },
            "detail": text("现状：本次请求的情况", "房号 9-9-909"),
            "remedy": text("办法：现在可以怎样做", "检查房号；确为新增房屋的，先补入房产清册"),
            "code": text("规则代码：固定不变，供程序判断", "property.no-dwelling"),
            "instance": text("请求编号：查日志用", "0123456789abcdef"),
        },
    })
}

/// `GET /api/openapi.json`.
pub async fn json() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

fn html(status: StatusCode, title: &str, body: &str) -> Response {
    let page = include_str!("docs.html").replace("{title}", title).replace("{body}", body);
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    (status, [kind, (header::CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

/// `GET /api/docs`.
pub async fn page() -> Response {
    static BODY: LazyLock<String> = LazyLock::new(docs);
    html(StatusCode::OK, "小区账本 · 接口说明", &BODY)
}

/// Appends to a page; writing to a String cannot fail.
macro_rules! say {
    ($out:expr, $($told:tt)*) => { let _ = writeln!($out, $($told)*); };
}

fn docs() -> String {
    let document = &*DOCUMENT;
    let mut out = String::new();
    let about = document["info"]["description"].as_str().unwrap_or_default();
    say!(out, "<h1>接口说明</h1><p>{}</p>", escaped(about));
    say!(
        out,
        "<p>机器读的说明：<a href=\"/api/openapi.json\">/api/openapi.json</a>（OpenAPI 3.1）；"
    );
    say!(out, "规则与办法：<a href=\"/problems\">/problems</a>。</p>");
    say!(
        out,
        "<pre>export URL=http://127.0.0.1:8080   # 换成本页的地址\nexport TOKEN=…                      # 换成管理员发放的令牌</pre>"
    );
    let mut tags: Vec<&str> = Vec::new();
    for route in ROUTES {
        if !tags.contains(&tag_of(route)) {
            tags.push(tag_of(route));
        }
    }
    say!(out, "<nav><ul>");
    for tag in &tags {
        say!(out, "<li>{tag}：");
        for route in ROUTES.iter().filter(|route| tag_of(route) == *tag) {
            say!(out, "<a href=\"#{}\">{}</a> ", anchor(route), route.summary);
        }
        say!(out, "</li>");
    }
    say!(out, "</ul></nav>");
    for tag in tags {
        say!(out, "<h2>{tag}</h2>");
        for route in ROUTES.iter().filter(|route| tag_of(route) == tag) {
            section(&mut out, document, route);
        }
    }
    let schemas = document["components"]["schemas"].as_object();
    say!(out, "<h2>数据</h2>");
    for (name, schema) in schemas.into_iter().flatten() {
        let told = schema["description"].as_str().unwrap_or_default();
        say!(out, "<section id=\"s-{name}\"><h3>{name}</h3><p>{}</p>", escaped(told));
        fields(&mut out, schema);
        say!(out, "</section>");
    }
    say!(out, "<h2>角色</h2><table class=\"matrix\"><tr><th>接口</th>");
    let roles: Vec<Role> = Role::ALL
        .into_iter()
        .filter(|role| ROUTES.iter().any(|r| r.roles.contains(role)))
        .collect();
    for role in &roles {
        say!(out, "<th>{}</th>", role.in_chinese());
    }
    say!(out, "</tr>");
    for route in ROUTES {
        say!(out, "<tr><td><a href=\"#{}\">{}</a></td>", anchor(route), route.summary);
        for role in &roles {
            say!(out, "<td>{}</td>", if route.roles.contains(role) { "✓" } else { "" });
        }
        say!(out, "</tr>");
    }
    say!(out, "</table>");
    out
}

fn anchor(route: &Route) -> String {
    route.id.replace("::", "-")
}

fn section(out: &mut String, document: &Value, route: &Route) {
    let operation = &document["paths"][route.path][route.method.to_lowercase()];
    let told = operation["description"].as_str().unwrap_or_default();
    say!(out, "<section id=\"{}\"><h3>{}</h3>", anchor(route), route.summary);
    say!(
        out,
        "<p class=\"path\"><b>{}</b> <code>{}</code></p><p>{}</p>",
        route.method,
        route.path,
        escaped(told)
    );
    let parameters = operation["parameters"].as_array();
    if parameters.is_some_and(|all| !all.is_empty()) {
        say!(out, "<table><tr><th>参数</th><th>处</th><th>说明</th></tr>");
        for param in parameters.into_iter().flatten() {
            let place = match param["in"].as_str() {
                Some("path") => "路径",
                Some("query") => "查询",
                _ => "请求头",
            };
            let must = if param["required"] == true { "，必填" } else { "" };
            let (name, told) = (
                param["name"].as_str().unwrap_or_default(),
                param["description"].as_str().unwrap_or_default(),
            );
            say!(
                out,
                "<tr><td><code>{name}</code></td><td>{place}{must}</td><td>{} {}</td></tr>",
                escaped(told),
                example(&param["schema"])
            );
        }
        say!(out, "</table>");
    }
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        for (kind, media) in content {
            say!(out, "<p>请求体 <code>{kind}</code> {}</p>", link(&media["schema"]));
        }
    }
    say!(out, "<pre>{}</pre>", escaped(&curl(document, route, operation)));
    say!(out, "<details><summary>答复与拒绝</summary><table>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let mut told = escaped(response["description"].as_str().unwrap_or_default());
        if let Some(codes) = response["content"]["application/problem+json"]["schema"]["properties"]
            ["code"]["enum"]
            .as_array()
        {
            let codes = codes.iter().filter_map(Value::as_str);
            told = codes.map(|code| format!("<a href=\"/problems/{code}\">{code}</a> ")).collect();
        } else {
            let schema = &response["content"]["application/json"]["schema"];
            told = format!("{told} {}", link(schema));
        }
        say!(out, "<tr><td>{status}</td><td>{told}</td></tr>");
    }
    say!(out, "</table></details></section>");
}

fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

fn link(schema: &Value) -> String {
    name_of(schema).map_or_else(String::new, |name| format!("<a href=\"#s-{name}\">{name}</a>"))
}

fn example(schema: &Value) -> String {
    match schema["examples"].get(0) {
        Some(Value::String(text)) if text.is_empty() => String::new(),
        Some(example) => {
            format!("<span class=\"eg\">例 <code>{}</code></span>", escaped(&plain(example)))
        }
        None => String::new(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn fields(out: &mut String, schema: &Value) {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(properties) = schema["properties"].as_object() else {
        for choice in schema["oneOf"].as_array().into_iter().flatten() {
            let told = choice["description"].as_str().unwrap_or_default();
            say!(out, "<p><code>{}</code> {}</p>", plain(&choice["const"]), escaped(told));
        }
        return;
    };
    say!(out, "<table><tr><th>字段</th><th>说明</th></tr>");
    for (name, field) in properties {
        let told = field["description"].as_str().unwrap_or_default();
        let must = if required.contains(&name.as_str()) { "" } else { "（可不写）" };
        let nested =
            ["anyOf", "oneOf", "allOf"].iter().filter_map(|n| field[n].as_array()).flatten();
        let links: String = nested.chain([field, &field["items"]]).map(link).collect();
        say!(
            out,
            "<tr><td><code>{name}</code></td><td>{}{must} {links} {}</td></tr>",
            escaped(told),
            example(field)
        );
    }
    say!(out, "</table>");
}

/// How one would ask from a command line.
fn curl(document: &Value, route: &Route, operation: &Value) -> String {
    let path = route
        .path
        .replace("{compound}", "wutongli")
        .replace("{room}", "1-1-101")
        .replace("{book}", "fund")
        .replace("{year}", "2026")
        .replace("{number}", "1")
        .replace("{no}", "1")
        .replace("{org}", "lvyuan")
        .replace("{user}", "wang");
    let query: Vec<String> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|param| param["in"] == "query" && param["required"] == true)
        .map(|param| {
            format!("{}={}", plain(&param["name"]), plain(&sample(document, &param["schema"])))
        })
        .collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut told = match route.scope {
        Scope::Open => format!("curl \"$URL{path}{query}\""),
        _ => format!("curl -H \"Authorization: Bearer $TOKEN\" \"$URL{path}{query}\""),
    };
    if route.method == "DELETE" {
        told.push_str(" -X DELETE");
    }
    let content = &operation["requestBody"]["content"];
    if content["multipart/form-data"].is_object() {
        told.push_str(" \\\n  -F file=@清册.xlsx");
    } else if let Some(schema) = content["application/json"].get("schema") {
        let body = sample(document, schema);
        let _ = write!(
            told,
            " \\\n  -H 'Content-Type: application/json' -H \"Idempotency-Key: $(uuidgen)\" \\\n  -d '{body}'"
        );
    } else if route.method == "POST" {
        told.push_str(" \\\n  -X POST -H \"Idempotency-Key: $(uuidgen)\"");
    }
    told
}

/// A value that fits a schema, from its examples.
#[must_use]
pub fn sample(document: &Value, schema: &Value) -> Value {
    if let Some(example) = schema["examples"].get(0) {
        return example.clone();
    }
    if let Some(name) = name_of(schema) {
        return sample(document, &document["components"]["schemas"][name]);
    }
    if let Some(word) = schema.get("const") {
        return word.clone();
    }
    for name in ["oneOf", "anyOf", "allOf"] {
        if let Some(choice) = schema[name].get(0) {
            return sample(document, choice);
        }
    }
    if schema["format"] == "date" {
        return json!("2026-01-05");
    }
    if schema["type"] == "array" {
        return json!([sample(document, &schema["items"])]);
    }
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = schema["properties"].as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| required.contains(&name.as_str()));
    match schema["properties"].is_object() {
        true => fields.map(|(name, field)| (name.clone(), sample(document, field))).collect(),
        false => Value::Null,
    }
}

/// `GET /problems`: every rule.
pub async fn rules() -> Response {
    let mut body = "<h1>规则与办法</h1><p>每个拒绝都有一个固定的代码。</p><table><tr><th>代码</th><th>规则</th></tr>".to_owned();
    for rule in all_rules() {
        let code = rule.code;
        say!(
            body,
            "<tr><td><a href=\"/problems/{code}\">{code}</a></td><td>{}</td></tr>",
            escaped(rule.rule)
        );
    }
    body.push_str("</table>");
    html(StatusCode::OK, "小区账本 · 规则与办法", &body)
}

/// `GET /problems/{code}`: a rule, and what to do about it.
pub async fn rule(Path(code): Path<String>) -> Response {
    let Some(rule) = all_rules().into_iter().find(|rule| rule.code == code) else {
        let shown: String = code.chars().take(60).collect();
        return problem::Problem::from(problem::NO_ROUTE.refuse(format!("没有规则 {shown:?}")))
            .into_response();
    };
    let mut body = String::new();
    say!(body, "<h1><code>{}</code></h1>", rule.code);
    say!(
        body,
        "<dl><dt>规则</dt><dd>{}</dd><dt>办法</dt><dd>{}</dd>",
        escaped(rule.rule),
        escaped(rule.remedy)
    );
    say!(body, "<dt>状态</dt><dd>HTTP {}</dd></dl>", status_of(rule).as_u16());
    say!(body, "<p><a href=\"/problems\">全部规则</a> · <a href=\"/api/docs\">接口说明</a></p>");
    html(StatusCode::OK, rule.code, &body)
}
