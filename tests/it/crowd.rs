//! Who is slow to speak, and who crowds at the open doors: on a street of our own, over loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::Router;
use ledger::books::Role;
use sea_orm::{ConnectionTrait, Statement};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use xiaoqu::config::{Config, Login};
use xiaoqu::street::{self, Terms};

use crate::doors::{bearer, token};
use crate::on_both;
use crate::people::Desk;
use crate::world::World;

/// A house on the street; it ends with the test's runtime.
struct House {
    at: SocketAddr,
    _stays: watch::Sender<bool>,
}

impl House {
    async fn open(world: &World, config: Config) -> House {
        let clerk = Role::PropertyCompany;
        let logins = vec![Login::new(clerk, "王会计", &token(clerk)).unwrap()];
        let config = Config { logins, ..config };
        let terms = Terms::of(&config);
        let app: Router = xiaoqu::app(world.books.clone(), config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stays, leaves) = watch::channel(false);
        tokio::spawn(street::serve(listener, app, terms, leaves));
        House { at, _stays: stays }
    }

    /// A line from an address of ours.
    async fn line(&self, from: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 7, from), 0).into()).unwrap();
        socket.connect(self.at).await.unwrap()
    }

    /// Asks, and hears the status.
    async fn ask(&self, from: u8, request: &str) -> u16 {
        let mut line = self.line(from).await;
        line.write_all(request.as_bytes()).await.unwrap();
        status(&mut line).await
    }

    async fn looks(&self) -> u16 {
        let authorization = bearer(Role::PropertyCompany);
        self.ask(250, &format!("GET /api/v1/compounds/xiaohe HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\r\n")).await
    }

    /// Says a header and then a byte now and then, until it is answered: the status, and after how long.
    async fn dribble(&self, from: u8, head: &str) -> (u16, Duration) {
        let begun = Instant::now();
        let (mut hears, mut says) = self.line(from).await.into_split();
        let head = format!("POST {head}\r\nHost: a\r\nContent-Length: 10000\r\n\r\n{{");
        says.write_all(head.as_bytes()).await.unwrap();
        let saying = tokio::spawn(async move {
            while says.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        });
        let mut answer = [0; 12];
        let heard = tokio::time::timeout(Duration::from_secs(20), hears.read_exact(&mut answer));
        heard.await.expect("an answer in time").unwrap();
        saying.abort();
        (String::from_utf8_lossy(&answer[9..]).parse().unwrap(), begun.elapsed())
    }
}

async fn status(line: &mut TcpStream) -> u16 {
    let mut answer = [0; 12];
    line.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[9..]).parse().unwrap()
}

const LOG_IN: &str = "/api/v1/sessions HTTP/1.1\r\nContent-Type: application/json";

fn said(body: &str) -> String {
    format!("POST {LOG_IN}\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

on_both! {
    async fn bodies_that_dribble_hold_no_place_and_have_a_time(world: World) {
        let config = Config { at_once: 4, body_time: Duration::from_secs(2), ..Config::default() };
        let house = House::open(&world, config).await;
        let authorization = bearer(Role::PropertyCompany);
        let clerk = format!("/api/v1/compounds/xiaohe/deposits HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: {authorization}");
        // Three times as many as there are places: not all at once, or their first moment fills the house.
        for head in [LOG_IN, &clerk] {
            let dribbling = async {
                let all = (0..12_u8).map(|n| {
                    let house = &house;
                    async move {
                        tokio::time::sleep(Duration::from_millis(60 * u64::from(n))).await;
                        house.dribble(n + 1, head).await
                    }
                });
                futures_util::future::join_all(all).await
            };
            let looking = async {
                tokio::time::sleep(Duration::from_millis(1_000)).await;
                let mut seen = Vec::new();
                for _ in 0..10 {
                    seen.push(house.looks().await);
                }
                seen
            };
            let (dribbled, seen) = tokio::join!(dribbling, looking);
            assert_eq!(seen, [200; 10], "beside twelve who dribble at {head}");
            for (status, took) in dribbled {
                assert_eq!(status, 408, "{head}");
                assert!((1_900..4_500).contains(&took.as_millis()), "however often it says a byte: {took:?}");
            }
        }
        // Of eight places one is for a file that is still coming.
        let config = Config { at_once: 8, timeout: Duration::from_secs(2), ..Config::default() };
        let house = House::open(&world, config).await;
        let file = format!("/api/v1/compounds/xiaohe/imports?kind=deposits HTTP/1.1\r\nContent-Type: text/csv\r\nAuthorization: {authorization}");
        let (one, two, seen) = tokio::join!(house.dribble(1, &file), house.dribble(2, &file), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            house.looks().await
        });
        assert_eq!(seen, 200);
        let mut ended = [one.0, two.0];
        ended.sort_unstable();
        assert!(matches!(ended, [408 | 503, 503]), "{ended:?}");
        assert!(one.1.min(two.1) < Duration::from_millis(1_000), "the second is told at once: {one:?} {two:?}");
    }

    async fn one_address_does_not_take_all_of_the_open_door(world: World) {
        let config = Config { strangers_at_once: 3, body_time: Duration::from_secs(2), ..Config::default() };
        let house = House::open(&world, config).await;
        let crowd = futures_util::future::join_all((0..5).map(|_| house.dribble(9, LOG_IN)));
        let elsewhere = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let body = r#"{"user":"wang","password":"not-the-password","code":null}"#;
            (house.ask(9, &said(body)).await, house.ask(10, &said(body)).await)
        };
        let (crowd, (here, there)) = tokio::join!(crowd, elsewhere);
        let mut told: Vec<u16> = crowd.iter().map(|(status, _)| *status).collect();
        told.sort_unstable();
        assert_eq!(told, [408, 408, 408, 429, 429]);
        assert_eq!((here, there), (429, 401));
        // They left: the address may come again.
        let body = r#"{"user":"wang","password":"not-the-password","code":null}"#;
        assert_eq!(house.ask(9, &said(body)).await, 401);
    }

    async fn a_failed_log_in_says_where_it_came_from(world: World) {
        let desk = Desk::of(&world.books);
        desk.enlist("wang").await;
        let house = House::open(&world, Config::default()).await;
        for (from, user, password) in [(3, "wang", "not-the-password"), (4, "nobody", "x"), (5, "wang", crate::people::PASSWORD)] {
            let body = format!(r#"{{"user":"{user}","password":"{password}","code":null}}"#);
            let wanted = if from == 5 { 201 } else { 401 };
            assert_eq!(house.ask(from, &said(&body)).await, wanted);
        }
        let db = world.back_door().await;
        let sql = "SELECT came_from, request_id FROM act WHERE compound_id = 0 AND verb = 'people.log-in' ORDER BY act_no";
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        let mut numbers = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            let from: IpAddr = row.try_get::<String>("", "came_from").unwrap().parse().unwrap();
            assert_eq!(from, IpAddr::from([127, 0, 7, u8::try_from(n).unwrap() + 3]));
            numbers.push(row.try_get::<String>("", "request_id").unwrap());
        }
        db.close().await.unwrap();
        assert_eq!(numbers.len(), 3);
        assert!(numbers.iter().all(|number| number.len() == 16), "{numbers:?}");
    }
}
