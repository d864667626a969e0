//! What an operator sees: the figures of `/metrics`, the log, the doctor, and that a server told to end finishes what it
//! is at.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant as Moment};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use ledger::books::Role;
use ledger::calendar::Instant;
use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tower::ServiceExt;
use xiaoqu::config::{Config, Login, Token};
use xiaoqu::routes::ROUTES;

use crate::cli::binary;
use crate::on_both;
use crate::world::Backend;

const CLERK: &str = "token-of-the-clerk-0123456789";
const WATCHER: &str = "token-of-the-watcher-01234";

/// Samples by name: their labels and what they say.
type Samples = BTreeMap<String, Vec<(BTreeMap<String, String>, f64)>>;

/// The samples of a text of OpenMetrics by name, with their labels; every rule of the format a scraper relies on.
fn samples(text: &str) -> Samples {
    let mut kinds = BTreeMap::new();
    let mut samples = Samples::new();
    let mut lines = text.lines();
    assert_eq!(lines.next_back(), Some("# EOF"));
    for line in lines {
        if let Some(told) = line.strip_prefix("# ") {
            let (word, rest) = told.split_once(' ').unwrap();
            let (name, rest) = rest.split_once(' ').unwrap();
            match word {
                "TYPE" => assert!(
                    kinds.insert(name.to_owned(), rest.to_owned()).is_none(),
                    "{name} twice"
                ),
                "HELP" | "UNIT" => assert!(!rest.is_empty()),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        let labels: BTreeMap<String, String> = labels
            .split_terminator(',')
            .map(|label| {
                let (name, value) = label.split_once('=').unwrap();
                let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
                (name.to_owned(), value.to_owned())
            })
            .collect();
        let family = ["_total", "_bucket", "_count", "_sum", "_info"]
            .iter()
            .find_map(|end| name.strip_suffix(end).filter(|family| kinds.contains_key(*family)))
            .unwrap_or(name);
        let kind = kinds.get(family).unwrap_or_else(|| panic!("{name} has no type"));
        assert!(kind != "counter" || name.ends_with("_total"), "{line}");
        let value: f64 = value.parse().unwrap();
        let series = samples.entry(name.to_owned()).or_default();
        assert!(series.iter().all(|(known, _)| *known != labels), "{line} twice");
        series.push((labels, value));
    }
    samples
}

fn labels(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn ask(
    app: &axum::Router,
    method: &str,
    path: &str,
    token: &str,
    body: Value,
) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let body = if method == "POST" { Body::from(body.to_string()) } else { Body::empty() };
    let response = app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn config(metrics_token: Option<&str>) -> Config {
    let login = Login::new(Role::PropertyCompany, "王会计", CLERK).unwrap();
    let metrics_token = metrics_token.map(|token| Token::new("metrics", token).unwrap());
    Config { logins: vec![login], metrics_token, ..Config::default() }
}

on_both! {
    async fn the_figures_are_those_of_the_house_and_name_nobody(world: World) {
        let app = xiaoqu::app(world.books.clone(), config(Some(WATCHER)));
        let deposit = |fen: i64| json!({ "room": "1-1-101", "amount_fen": fen, "received_on": "2026-01-04" });
        let at = "/api/v1/compounds/xiaohe/deposits";
        for fen in [100, 200, 0] {
            ask(&app, "POST", at, CLERK, deposit(fen)).await;
        }
        for path in ["/api/v1/compounds/xiaohe", "/api/v1/compounds/secret-place", "/api/v1/made/up/by/a/client"] {
            ask(&app, "GET", path, CLERK, Value::Null).await;
        }
        ask(&app, "BREW", "/api/v1/compounds", CLERK, Value::Null).await;
        let (status, text) = ask(&app, "GET", "/metrics", WATCHER, Value::Null).await;
        assert_eq!(status, 200, "{text}");
        let samples = samples(&text);
        let value = |name: &str, of: &[(&str, &str)]| {
            let found = samples[name].iter().find(|(known, _)| *known == labels(of));
            found.unwrap_or_else(|| panic!("{name} {of:?} in {text}")).1
        };
        let route = "/api/v1/compounds/{compound}/deposits";
        assert_eq!(value("xiaoqu_requests_total", &[("route", route), ("method", "POST"), ("status", "201")]), 2.0);
        assert_eq!(value("xiaoqu_requests_total", &[("route", route), ("method", "POST"), ("status", "400")]), 1.0);
        assert_eq!(value("xiaoqu_request_seconds_count", &[("route", route), ("method", "POST")]), 3.0);
        assert_eq!(value("xiaoqu_acts_total", &[("verb", "fund.deposit"), ("ended", "accepted")]), 2.0);
        assert_eq!(value("xiaoqu_acts_total", &[("verb", "fund.deposit"), ("ended", "refused")]), 1.0);
        assert_eq!(value("xiaoqu_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
        for name in ["xiaoqu_acts_waiting", "xiaoqu_hook_dead", "xiaoqu_hook_waiting", "xiaoqu_hook_behind_acts"] {
            assert_eq!(value(name, &[]), 0.0, "{name}");
        }
        assert_eq!(value("xiaoqu_database_up", &[]), 1.0);
        assert!(value("xiaoqu_connections_in_use", &[("pool", "acting")]) >= 0.0);

        // A label is a word of a list the house wrote, never what a client said.
        let mut routes: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
        routes.extend(["none", "/", "/healthz", "/readyz", "/metrics"]);
        for (labels, _) in samples.values().flatten() {
            for (name, value) in labels {
                match name.as_str() {
                    "route" => assert!(routes.contains(value.as_str()), "{value}"),
                    "method" => assert!(["GET", "POST", "other"].contains(&value.as_str()), "{value}"),
                    "status" => assert!(value.parse::<u16>().is_ok()),
                    "le" | "verb" | "ended" | "pool" | "version" | "outcome" => {}
                    other => panic!("a label {other} nobody thought about"),
                }
            }
        }
        for hidden in ["xiaohe", "secret-place", "made/up", "王会计", "BREW", "1-1-101", CLERK] {
            assert!(!text.contains(hidden), "{hidden}");
        }
        // Buckets only grow, and the last holds all.
        let buckets: Vec<f64> = samples["xiaoqu_request_seconds_bucket"].iter()
            .filter(|(labels, _)| labels["route"] == route).map(|(_, value)| *value).collect();
        assert!(buckets.is_sorted() && buckets.last() == Some(&3.0), "{buckets:?}");
    }

    async fn the_figures_are_shown_to_whoever_has_their_token_and_to_nobody_else(world: World) {
        let app = xiaoqu::app(world.books.clone(), config(Some(WATCHER)));
        for token in [CLERK, "", "token-of-the-watcher-01235"] {
            let (status, body) = ask(&app, "GET", "/metrics", token, Value::Null).await;
            assert_eq!(status, 401, "{body}");
        }
        let closed = xiaoqu::app(world.books.clone(), config(None));
        let (status, body) = ask(&closed, "GET", "/metrics", WATCHER, Value::Null).await;
        assert_eq!(status, 404, "{body}");
    }

    async fn the_doctor_finds_what_is_wrong_and_changes_nothing(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("xiaoqu.toml");
        let write = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let login = "[[login]]\nrole = 'auditor'\nuser = '审计'\ntoken = 'token-of-the-auditor-0123'\n";
        write(login, 0o600);
        if let Some(file) = world.url.strip_prefix("sqlite:") {
            let folder = Path::new(file).parent().unwrap();
            let open_to = |mode: u32, of_folder: u32| {
                std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
                std::fs::set_permissions(folder, std::fs::Permissions::from_mode(of_folder)).unwrap();
            };
            for suffix in ["-wal", "-shm"] {
                let log = format!("{file}{suffix}");
                std::fs::set_permissions(log, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            open_to(0o644, 0o755);
            let is_way_open = way_is_open(folder);
            let found = doctor(&world.url, &path, i32::from(is_way_open));
            assert_eq!(state(&found, "账册文件权限"), if is_way_open { "fail" } else { "warn" }, "{found}");
            open_to(0o644, 0o700);
            assert_eq!(state(&doctor(&world.url, &path, 0), "账册文件权限"), "warn");
            open_to(0o600, 0o700);
        }
        if let Some(file) = world.url.strip_prefix("sqlite:") {
            let (key, elsewhere) = (format!("{file}.key"), format!("{file}.elsewhere"));
            std::fs::rename(&key, &elsewhere).unwrap();
            assert_eq!(state(&doctor(&world.url, &path, 1), "密钥"), "fail");
            assert!(!Path::new(&key).exists(), "a lost key is not made anew");
            std::fs::rename(&elsewhere, &key).unwrap();
        }
        let healthy = doctor(&world.url, &path, 0);
        assert_eq!(healthy["ok"], true, "{healthy}");
        let durable = if world.backend == Backend::Sqlite { "落盘" } else { "编码" }; // the tests' own server does not sync
        for name in ["配置", "配置文件权限", "监听地址", "推送去向", "账册", "表结构", durable, "数据库时钟", "操作时刻",
            "密钥", "推送积压"] {
            assert_eq!(state(&healthy, name), "ok", "{name}: {healthy}");
        }
        let steps = Migrator::migrations().len();
        assert_eq!(check(&healthy, "表结构")["evidence"], format!("建表步骤 {steps} / {steps}"));
        assert!(!healthy.to_string().contains("token-of"), "{healthy}");

        write(&format!("listen = '0.0.0.0:8080'\nhooks_allow_private = true\nmetrics_listen = '0.0.0.0:9464'\n{login}"), 0o600);
        let open = doctor(&world.url, &path, 0);
        for name in ["监听地址", "推送去向", "指标"] {
            assert_eq!(state(&open, name), "warn", "{open}");
            assert!(!check(&open, name)["remedy"].as_str().unwrap().is_empty());
        }
        // Somebody else may read the tokens; where there is no secret the folders decide.
        for mode in [0o644, 0o640, 0o604] {
            write(login, mode);
            assert_eq!(state(&doctor(&world.url, &path, 1), "配置文件权限"), "fail", "{mode:o}");
        }
        write("listen = '127.0.0.1:0'", 0o644);
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let is_way_open = way_is_open(folder.path());
        let read = doctor(&world.url, &path, i32::from(is_way_open));
        assert_eq!(state(&read, "配置文件权限"), if is_way_open { "fail" } else { "warn" }, "{read}");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(state(&doctor(&world.url, &path, 0), "配置文件权限"), "warn");

        write("listn = 'x'", 0o600);
        assert_eq!(state(&doctor(&world.url, &path, 1), "配置"), "fail");
        write(&format!("hooks_ca = '/nowhere/ca.pem'\n{login}"), 0o600);
        assert_eq!(state(&doctor(&world.url, &path, 1), "推送证书"), "fail");

        // A clock that ran ahead, and a newer program.
        write(login, 0o600);
        world.clock.set(Instant::parse("2099-01-01T00:00:00Z").unwrap());
        world.found("weilai", "未来小区").await;
        assert_eq!(state(&doctor(&world.url, &path, 1), "操作时刻"), "fail");
        let db = world.back_door().await;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)";
        db.execute_raw(Statement::from_string(db.get_database_backend(), newer)).await.unwrap();
        db.close().await.unwrap();
        assert_eq!(state(&doctor(&world.url, &path, 1), "表结构"), "fail");
    }
}

/// What the doctor says, as a process: its own environment, its exit code.
fn doctor(url: &str, config: &Path, wanted: i32) -> Value {
    let mut doctor = Command::new(binary());
    doctor.args(["--db", url, "doctor", "--json", "--config"]).arg(config);
    let said = doctor.env_remove("XIAOQU_DB").output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    let found: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    // The tests' own PostgreSQL does not sync, which the doctor is right about.
    let is_only_sync = state(&found, "落盘") == "fail"
        && found["checks"].as_array().unwrap().iter().filter(|c| c["state"] == "fail").count() == 1;
    if wanted == 0 && is_only_sync {
        let mut found = found;
        found["ok"] = true.into();
        return found;
    }
    assert_eq!(said.status.code(), Some(wanted), "{text}");
    found
}

/// Whether everybody may come as far as a folder.
fn way_is_open(folder: &Path) -> bool {
    folder.ancestors().all(|f| std::fs::metadata(f).unwrap().permissions().mode() & 0o001 != 0)
}

fn check<'a>(found: &'a Value, name: &str) -> &'a Value {
    let checks = found["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or(&Value::Null)
}

fn state<'a>(found: &'a Value, name: &str) -> &'a str {
    check(found, name)["state"].as_str().unwrap_or("none")
}

#[test]
fn the_doctor_makes_no_file_where_none_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.sqlite");
    let config = folder.path().join("xiaoqu.toml");
    std::fs::write(&config, "").unwrap();
    let found = doctor(&format!("sqlite:{}", file.display()), &config, 1);
    assert_eq!(state(&found, "账册"), "fail", "{found}");
    assert!(!file.exists());
}

#[test]
fn the_settings_are_listed_and_an_example_is_given() {
    let said = |args: &[&str]| {
        let said = Command::new(binary()).arg("config").args(args).output().unwrap();
        assert!(said.status.success());
        String::from_utf8(said.stdout).unwrap()
    };
    let (table, example) = (said(&[]), said(&["--example"]));
    for setting in xiaoqu::config::SETTINGS {
        assert!(table.contains(&setting.environment()), "{}", setting.name);
        assert!(example.contains(&format!("\n#{} = ", setting.name)), "{}", setting.name);
    }
}

/// A server under way; killed if a test leaves it behind.
struct Server {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    address: String,
}

impl Server {
    fn start(folder: &Path, settings: &str) -> Server {
        let config = folder.join("xiaoqu.toml");
        let books = folder.join("books.sqlite");
        let text = format!(
            "database = 'sqlite:{}'\nlisten = '127.0.0.1:0'\nlog_format = 'json'\n{settings}\n\
             [[login]]\nrole = 'property-company'\nuser = '王会计'\ntoken = '{CLERK}'\n",
            books.display()
        );
        std::fs::write(&config, text).unwrap();
        std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut serve = Command::new(binary());
        serve.args(["serve", "--config"]).arg(&config).env_remove("XIAOQU_DB");
        let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (said, lines) = std::sync::mpsc::channel();
        // Ends with the process it listens to.
        std::thread::spawn(move || {
            log.lines().map_while(Result::ok).try_for_each(|line| said.send(line))
        });
        let mut server = Server { child, lines, address: String::new() };
        let open = server.hears(|event| event["message"] == "open");
        server.address = open["address"].as_str().unwrap().to_owned();
        server
    }

    /// The next log line that fits. Every line is an object.
    fn hears(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let until = Moment::now() + Duration::from_secs(20);
        loop {
            let left = until.saturating_duration_since(Moment::now());
            let line = self.lines.recv_timeout(left).expect("a line that fits");
            let event: Value =
                serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
            if fits(&event) {
                return event;
            }
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    fn tell_to_end(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_server_does_not_start_with_secrets_that_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("xiaoqu.toml");
    let secrets = [
        format!("[[login]]\nrole = 'auditor'\nuser = '审计'\ntoken = '{CLERK}'\n"),
        format!("metrics_token = '{CLERK}'\n"),
        "database = 'postgres://xiaoqu:secret@localhost/xiaoqu'\n".to_owned(),
    ];
    for (secret, mode) in secrets.iter().zip([0o640, 0o644, 0o604]) {
        std::fs::write(&config, secret).unwrap();
        std::fs::set_permissions(&config, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut serve = Command::new(binary());
        serve.args(["serve", "--config"]).arg(&config).env_remove("XIAOQU_DB");
        let said = serve.output().unwrap();
        let told = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(3), "{told}");
        assert!(told.contains("config.open-file") && told.contains("chmod 600"), "{told}");
        assert!(!told.contains(CLERK) && !told.contains("secret"), "{told}");
    }
}

#[test]
fn a_server_told_to_end_finishes_what_it_is_at_and_lets_nobody_new_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), "grace_seconds = 15");
    // Half a request is under way.
    let body = r#"{"code":"xinqu","name":"新区花园"}"#;
    let mut under_way = server.connect();
    write!(
        under_way,
        "POST /api/v1/compounds HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {CLERK}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.len(),
        &body[..10]
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    server.tell_to_end();
    server.hears(|event| event["message"] == "closing");
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(&server.address).is_err(), "nobody new is let in");
    under_way.write_all(&body.as_bytes()[10..]).unwrap();
    let answer = answer(under_way);
    assert!(
        answer.starts_with("HTTP/1.1 201") && answer.contains("\"code\":\"xinqu\""),
        "{answer}"
    );
    let answered = server.hears(|event| event["message"] == "answered");
    assert_eq!(
        (&answered["status"], &answered["route"]),
        (&json!(201), &json!("/api/v1/compounds"))
    );
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    // What the program made is its user's alone.
    let mode = std::fs::metadata(folder.path().join("books.sqlite")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_running_server_takes_up_a_new_key_and_its_log_has_no_colours() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "");
    let db = format!("sqlite:{}", folder.path().join("books.sqlite").display());
    for (number, told) in [(2, "一秒内自行改用"), (3, "XIAOQU_KEY")] {
        let said = Command::new(binary()).args(["key", "rotate", "--db", &db]).output().unwrap();
        let words = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && words.contains(told), "{said:?}");
        let taken = server.hears(|event| event["message"] == "the keys were taken up");
        assert_eq!(taken["key"], number);
    }
    drop(server);

    let mut serve = Command::new(binary());
    serve.args(["serve", "--db", &db, "--listen", "127.0.0.1:0"]);
    // As whoever likes colours everywhere has it.
    serve.env("FORCE_COLOR", "1").env("CLICOLOR_FORCE", "1").env("TERM", "xterm-256color");
    let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("open address=") {
        assert!(log.read_line(&mut said).unwrap() > 0, "{said}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    log.read_to_string(&mut said).unwrap();
    assert!(!said.contains('\u{1b}') && !said.contains("u001b"), "{said:?}");
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), "grace_seconds = 1");
    let mut endless = server.connect();
    write!(
        endless,
        "POST /api/v1/compounds HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {CLERK}\r\n\
        Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let began = Moment::now();
    server.tell_to_end();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let took = began.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(8)).contains(&took), "{took:?}");
}

#[test]
fn the_log_is_one_object_a_line_whatever_a_client_says_and_knows_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = format!("trusted_proxies = ['127.0.0.1']\nmetrics_listen = '{metrics}'");
    let server = Server::start(folder.path(), &settings);
    let get = |path: &str, more: &str| {
        let mut stream = server.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{more}\r\n")
            .unwrap();
        answer(stream)
    };
    let forged =
        "/api/v1/compounds/x%0d%0a%1b%5b2J%7b%22level%22:%22ERROR%22%7d?token=secret-in-a-query";
    assert!(
        get(
            forged,
            "Authorization: Bearer nobody-0123456789\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n"
        )
        .starts_with("HTTP/1.1 401")
    );
    let stranger = server.hears(|event| event["message"] == "a stranger was turned away");
    assert_eq!(stranger["from"], "203.0.113.9");
    let event = server.hears(|event| event["message"] == "answered");
    assert_eq!(
        (&event["route"], &event["status"]),
        (&json!("/api/v1/compounds/{compound}"), &json!(401))
    );
    let line = event.to_string();
    for hidden in ["secret-in-a-query", "nobody-0123456789", "203.0.113.9"] {
        assert!(!line.contains(hidden), "{line}");
    }
    // The figures are on their own listener and nowhere else.
    assert!(get("/metrics", "").starts_with("HTTP/1.1 404"));
    let mut apart = TcpStream::connect(metrics).unwrap();
    write!(apart, "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let shown = answer(apart);
    assert!(shown.contains("application/openmetrics-text"), "{shown}");
    let text = shown.split_once("\r\n\r\n").unwrap().1;
    assert!(samples(text).contains_key("xiaoqu_requests_total"));
    let mut elsewhere = TcpStream::connect(metrics).unwrap();
    write!(elsewhere, "GET /api/v1/compounds HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert!(answer(elsewhere).starts_with("HTTP/1.1 404"), "the doors are not there");
}

#[test]
fn a_mistyped_setting_opens_no_door() {
    let mut serve = Command::new(binary());
    serve.args(["serve", "--db", "sqlite:/nowhere/at/all.sqlite"]).env("XIAOQU_LISTN", "0.0.0.0:1");
    let said = serve.output().unwrap();
    let err = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(3), "{err}");
    assert!(err.contains("config.shape") && err.contains("XIAOQU_LISTN"), "{err}");
}

/// What stands before the program must wait longer and take in more than the program, or it answers in its place.
#[test]
fn the_packaging_agrees_with_the_settings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.packaging");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let number = |text: &str, after: &str| -> u64 {
        let rest = text.split_once(after).unwrap_or_else(|| panic!("no {after}")).1.trim_start();
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    let usual = Config::default();
    let (unit, nginx, caddy) = (read("xiaoqu.service"), read("nginx.conf"), read("Caddyfile"));
    assert!(number(&unit, "\nTimeoutStopSec=") > usual.grace.as_secs() + 5);
    assert!(number(&nginx, "proxy_read_timeout ") > usual.timeout.as_secs());
    assert!(number(&caddy, "response_header_timeout ") > usual.timeout.as_secs());
    for most in [number(&nginx, "client_max_body_size "), number(&caddy, "max_size ")] {
        assert!(most << 20 > usual.upload_bytes as u64);
    }
    assert!(
        nginx.contains("X-Forwarded-For $remote_addr;"),
        "what a client wrote is not passed on"
    );
    for word in [
        "DynamicUser=yes",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "LoadCredential=",
        "UMask=0077",
    ] {
        assert!(unit.contains(&format!("\n{word}")), "{word}");
    }
}
