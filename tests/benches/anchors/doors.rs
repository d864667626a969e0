//! The doors against a bare handler: what token, role, scope, log line, limits and problems cost a caller.
//!
//! The bare side is a router of the same framework with one handler over the same database, which asks the one query,
//! or writes the same rows in one transaction, and nothing else. Both are called over loopback by the same client,
//! which keeps its connections open; server and clients share the machine's cores.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use ledger::books::{Books, Role};
use sea_orm::sqlx::{self, Executor, PgPool, Row};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use xiaoqu::config::{Config, Login};

use super::{CLIENTS, DWELLINGS, loops, next_key, room_of, say, with_bills};

const TOKEN: &str = "a-token-of-the-bench";

/// A connection that is kept open, as a company's program keeps one.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn to(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Client(BufReader::new(stream))
    }

    /// Sends a request and answers its status, having read the body.
    async fn send(&mut self, request: &str) -> u16 {
        self.0.get_mut().write_all(request.as_bytes()).await.expect("sent");
        let (mut status, mut length) = (0, 0);
        let mut line = String::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).await.expect("a line");
            let head = line.trim_end().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            if let Some(rest) = head.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().expect("a status");
            } else if let Some(rest) = head.strip_prefix("content-length: ") {
                length = rest.parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("a body");
        status
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Calls an address from every client for a while.
async fn calls(
    address: SocketAddr,
    wanted: u16,
    request: impl Fn(usize, u64) -> String + Send + Sync + Clone + 'static,
) -> (f64, Duration) {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(std::sync::Arc::new(Mutex::new(Client::to(address).await)));
    }
    loops(CLIENTS, move |client, turn| {
        let (connection, request) = (clients[client].clone(), request(client, turn));
        async move {
            let status = connection.lock().await.send(&request).await;
            assert_eq!(status, wanted, "{request}");
        }
    })
    .await
}

fn pick(client: usize, turn: u64) -> i32 {
    let turn = client as u64 * 7919 + turn * 104_729;
    i32::try_from(turn % u64::from(DWELLINGS.unsigned_abs())).expect("a dwelling")
}

/// The row of a dwelling and its owners, by hand.
async fn bare_dwelling(
    State(pool): State<PgPool>,
    Path(room): Path<String>,
) -> Json<serde_json::Value> {
    let row = sqlx::query(
        "SELECT d.dwelling_no, d.code, d.floor, d.kind, d.housing, d.fund_area_centi_m2, o.name
         FROM dwelling d
         LEFT JOIN tenure t ON t.compound_id = d.compound_id AND t.dwelling_no = d.dwelling_no AND t.until_on IS NULL
         LEFT JOIN owner o ON o.compound_id = t.compound_id AND o.owner_no = t.owner_no
         WHERE d.compound_id = 1 AND d.code = $1",
    );
    let row = row.bind(room).fetch_one(&pool).await.expect("a row");
    Json(serde_json::json!({
        "dwelling_no": row.get::<i32, _>(0), "code": row.get::<String, _>(1), "floor": row.get::<Option<i32>, _>(2),
        "usage": row.get::<String, _>(3), "housing": row.get::<String, _>(4),
        "fund_area_centi_m2": row.get::<i64, _>(5), "owner": row.get::<Option<String>, _>(6),
    }))
}

/// A payment by hand: the rows of the act, its receipt, its voucher, two postings and two balances in one transaction.
async fn bare_payment(
    State(pool): State<PgPool>,
    Json(asked): Json<serde_json::Value>,
) -> Json<serde_json::Value> {
    let dwelling = i32::try_from(asked["dwelling_no"].as_i64().expect("a dwelling")).expect("fits");
    let mut tx = pool.begin().await.expect("begin");
    let head = "UPDATE raw_head SET seq = seq + 1 WHERE compound_id = 1 RETURNING seq";
    let seq: i32 = sqlx::query_scalar(head).fetch_one(&mut *tx).await.expect("head");
    let act = sqlx::query(super::RAW_ACT).bind(1).bind(seq).bind(next_key());
    act.execute(&mut *tx).await.expect("act");
    let receipt = "INSERT INTO raw_receipt VALUES (1, $1, $2, 1000, 'wechat', '2026-01-05')";
    sqlx::query(receipt).bind(seq).bind(dwelling).execute(&mut *tx).await.expect("receipt");
    let voucher = sqlx::AssertSqlSafe(super::raw_voucher());
    sqlx::query(voucher).bind(1).bind(seq).execute(&mut *tx).await.expect("voucher");
    let postings = sqlx::query(super::RAW_POSTINGS).bind(1).bind(seq);
    postings.execute(&mut *tx).await.expect("postings");
    sqlx::query(super::RAW_BALANCES).bind(1).execute(&mut *tx).await.expect("balances");
    tx.commit().await.expect("commit");
    Json(serde_json::json!({"receipt_no": seq}))
}

pub async fn run(url: &str) {
    let our_url = super::fresh_pg(url, "bench_ours").await;
    let books = Books::open(&our_url).await.expect("books");
    with_bills(&books).await;
    let raw_url = super::fresh_pg(url, "bench_raw").await;
    let raw = PgPool::connect(&raw_url).await.expect("raw");
    let tables = super::RAW_TABLES.replace("{day}", "DATE");
    let receipts = "CREATE TABLE raw_receipt (compound_id INTEGER, receipt_no INTEGER, dwelling_no INTEGER, amount_fen BIGINT,
       method TEXT, received_on DATE, PRIMARY KEY (compound_id, receipt_no)); INSERT INTO raw_head VALUES (1, 0)";
    for statement in [tables.as_str(), receipts] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&raw)
            .await
            .expect("raw tables");
    }
    // The bare reader asks our tables, so that both find the same rows.
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(10);
    let ours = options.clone().connect(&our_url).await.expect("our tables");
    // As in a house that has been open for a while: the planner knows which tables are small, for both readers.
    ours.execute("ANALYZE").await.expect("analysed");
    let bare_read =
        serve(Router::new().route("/{room}", get(bare_dwelling)).with_state(ours)).await;
    let bare_pay = serve(Router::new().route("/", post(bare_payment)).with_state(raw)).await;

    let clerk = Login::new(Role::PropertyCompany, "bench", TOKEN).expect("a login");
    let config = Config { logins: vec![clerk], caller_per_minute: 0, ..Config::default() };
    let house = serve(xiaoqu::app(books, config)).await;

    let (mut bare, mut full, mut worst) = (Vec::new(), Vec::new(), Duration::ZERO);
    for _ in 0..3 {
        let read = |client, turn| {
            format!("GET /{} HTTP/1.1\r\nHost: b\r\n\r\n", room_of(pick(client, turn)))
        };
        bare.push(calls(bare_read, 200, read).await.0);
        let read = |client, turn| {
            format!(
                "GET /api/v1/compounds/c0/dwellings/{} HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {TOKEN}\r\n\r\n",
                room_of(pick(client, turn))
            )
        };
        let (rate, p99) = calls(house, 200, read).await;
        full.push(rate);
        worst = worst.max(p99);
    }
    say("a dwelling read over HTTP", &full, &[("bare", bare)], worst);

    let (mut bare, mut full, mut worst) = (Vec::new(), Vec::new(), Duration::ZERO);
    for _ in 0..3 {
        let pay = |client, turn| {
            let body = format!(r#"{{"dwelling_no":{}}}"#, pick(client, turn) + 1);
            let length = body.len();
            format!(
                "POST / HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        };
        bare.push(calls(bare_pay, 200, pay).await.0);
        let pay = |client, turn| {
            let room = room_of(pick(client, turn));
            let body = format!(
                r#"{{"room":"{room}","amount_fen":1000,"method":"wechat","received_on":"2026-01-05"}}"#
            );
            let (length, key) = (body.len(), next_key());
            format!(
                "POST /api/v1/compounds/c0/payments HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {TOKEN}\r\n\
                 Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        };
        let (rate, p99) = calls(house, 201, pay).await;
        full.push(rate);
        worst = worst.max(p99);
    }
    say("a payment posted over HTTP", &full, &[("bare", bare)], worst);
}
