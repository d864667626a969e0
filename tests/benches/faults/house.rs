//! A house of the suite's own: `xiaoqu serve` as a child process on loopback, over books of its own, and a plain client.
//!
//! Always: the child is this very program (`mode=house`), told its settings by the environment and nothing else; it dies
//! with the suite (`setpriv --pdeathsig`), and is stopped by its own number. The client speaks HTTP/1.1 over a socket
//! and nothing more, so that a row can also speak it badly.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ledger::books::Books;
use ledger::calendar::Clock;
use ledger::seal::KeySource;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::cluster::{self, Cluster};
use crate::load;
use crate::stage::{Stage, signal};
use crate::{Fail, inv};

/// The machines' own tokens: one for each role, invented.
pub(crate) const CLERK: &str = "fault-token-of-the-clerk";
pub(crate) const ADMIN: &str = "fault-token-of-the-admin";
pub(crate) const AUDITOR: &str = "fault-token-of-the-auditor";
/// How long any answer may take before the client gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Books, and the file of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) url: String,
    pub(crate) key_file: PathBuf,
}

impl Ground {
    async fn found(url: String, folder: &Path) -> Result<Ground, Fail> {
        let key_file = folder.join("books.key");
        let source = KeySource::File(key_file.clone());
        let books = Books::open_keyed(&url, Clock::system(), source).await?;
        load::found(&books, 2).await?;
        books.close().await?;
        Ok(Ground { url, key_file })
    }

    pub(crate) async fn on_sqlite(stage: &Stage) -> Result<Ground, Fail> {
        let folder = stage.folder("house")?;
        Ground::found(format!("sqlite:{}", folder.join("books.sqlite").display()), &folder).await
    }

    pub(crate) async fn on(stage: &Stage, cluster: &Cluster) -> Result<Ground, Fail> {
        let name = stage.fresh("house");
        cluster.run("postgres", &format!("CREATE DATABASE {name}")).await?;
        Ground::found(cluster.url(&name), &stage.folder("house")?).await
    }

    /// A number from the database itself.
    pub(crate) async fn count(&self, sql: &str) -> Result<i64, Fail> {
        inv::count(&self.url, sql).await
    }
}

/// Two compounds of thirty dwellings on each database that is asked for.
pub(crate) async fn grounds(stage: &Stage) -> Result<Vec<(&'static str, Ground)>, Fail> {
    let mut all = vec![("SQLite", Ground::on_sqlite(stage).await?)];
    if stage.wants_pg() {
        let shared = cluster::shared(stage).await?;
        all.push(("PostgreSQL", Ground::on(stage, shared).await?));
    }
    Ok(all)
}

/// A running house.
pub(crate) struct House {
    child: Child,
    pub(crate) at: SocketAddr,
    pub(crate) log: PathBuf,
}

impl House {
    /// Opens one, `wrap` being a command to run it under, and waits until it is ready. Nobody is paced and nobody needs a
    /// second factor, unless the settings say so.
    pub(crate) async fn open(
        stage: &Stage,
        ground: &Ground,
        wrap: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<House, Fail> {
        crate::stage::need("setpriv")?;
        let at = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = stage.folder("house")?.join("log");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).args(wrap).arg(std::env::current_exe()?);
        command.args(["mode=house", "serve"]);
        // The suite's own settings are none of the house's, which refuses what it does not know.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("XIAOQU_") {
                command.env_remove(name);
            }
        }
        command.env("XIAOQU_DB", &ground.url).env("XIAOQU_KEY_FILE", &ground.key_file);
        command.env("XIAOQU_LISTEN", at.to_string()).env("XIAOQU_LOG", "warn").env("NO_COLOR", "1");
        command.env("XIAOQU_SECOND_FACTOR", "none");
        for pace in ["PERSON", "CALLER", "ADDRESS"] {
            command.env(format!("XIAOQU_{pace}_PER_MINUTE"), "0");
        }
        for (role, token) in
            [("PROPERTY_COMPANY", CLERK), ("ADMINISTRATOR", ADMIN), ("AUDITOR", AUDITOR)]
        {
            command.env(format!("XIAOQU_TOKEN_{role}"), token);
        }
        command.envs(settings.iter().copied());
        let told = std::fs::File::create(&log)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(told);
        let mut house = House { child: command.spawn()?, at, log };
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok(mut line) = Line::to(at).await
                && line.get("/readyz", "").await.is_ok_and(|reply| reply.status == 200)
            {
                return Ok(house);
            }
            if let Some(status) = house.child.try_wait()? {
                return Err(format!("the house fell: {status}; {}", house.told()).into());
            }
            if Instant::now() > end {
                return Err(format!("the house is not ready in 30 s; {}", house.told()).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn is_up(&mut self) -> Result<bool, Fail> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Forgets the most memory it ever held; what it holds now, in MB, is the most from here on.
    pub(crate) fn forget_peak(&self) -> Result<u64, Fail> {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?;
        self.peak_mb()
    }

    /// The most memory it ever held, in MB.
    pub(crate) fn peak_mb(&self) -> Result<u64, Fail> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?;
        Ok(kb.parse::<u64>()? / 1024)
    }

    /// kill -9.
    pub(crate) fn kill(mut self) -> Result<(), Fail> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, as an administrator does.
    pub(crate) async fn close(mut self) -> Result<(), Fail> {
        signal(self.child.id(), "TERM");
        let end = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait()?.is_none() {
            if Instant::now() > end {
                return Err("the house does not end when it is told".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.contains_key(header)
    }

    /// The answer, if it is a success.
    pub(crate) fn done(self) -> Result<Reply, Fail> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(format!("HTTP {}: {}", self.status, self.text()).into())
    }
}

/// A connection that is kept.
pub(crate) struct Line(BufReader<TcpStream>);

impl Line {
    pub(crate) async fn to(at: SocketAddr) -> Result<Line, Fail> {
        Line::from(Ipv4Addr::LOCALHOST, at).await
    }

    /// From an address of 127.0.0.0/8.
    pub(crate) async fn from(source: Ipv4Addr, at: SocketAddr) -> Result<Line, Fail> {
        let socket = TcpSocket::new_v4()?;
        if source != Ipv4Addr::LOCALHOST {
            socket.bind(SocketAddr::from((source, 0)))?;
        }
        let stream = tokio::time::timeout(PATIENCE, socket.connect(at)).await??;
        stream.set_nodelay(true)?;
        Ok(Line(BufReader::new(stream)))
    }

    pub(crate) async fn get(&mut self, path: &str, token: &str) -> Result<Reply, Fail> {
        self.ask("GET", path, token, &[], None).await
    }

    pub(crate) async fn post(
        &mut self,
        path: &str,
        token: &str,
        body: &Value,
    ) -> Result<Reply, Fail> {
        self.ask("POST", path, token, &[], Some(body)).await
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, Fail> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: house\r\n");
        if !token.is_empty() {
            text += &format!("Authorization: Bearer {token}\r\n");
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        let body = body.map(Value::to_string);
        if let Some(body) = &body {
            text += "Content-Type: application/json\r\n";
            text += &format!("Content-Length: {}\r\n", body.len());
        } else if method != "GET" {
            text += "Content-Length: 0\r\n";
        }
        text += "\r\n";
        text += &body.unwrap_or_default();
        let from = Instant::now();
        self.say(text.as_bytes()).await?;
        let mut reply = self.hear().await?;
        reply.took = from.elapsed();
        Ok(reply)
    }

    /// Says bytes as they are.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> Result<(), Fail> {
        Ok(self.0.get_mut().write_all(bytes).await?)
    }

    /// Waits for an answer.
    pub(crate) async fn hear(&mut self) -> Result<Reply, Fail> {
        tokio::time::timeout(PATIENCE, self.read()).await?
    }

    async fn read(&mut self) -> Result<Reply, Fail> {
        let mut reply = Reply::default();
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).ok_or_else(|| format!("no answer: {line:?}"))?;
        reply.status = status.parse()?;
        loop {
            line.clear();
            self.0.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            reply.headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        if let Some(length) = reply.headers.get("content-length") {
            reply.body = vec![0; length.parse()?];
            self.0.read_exact(&mut reply.body).await?;
        } else if reply.headers.get("transfer-encoding").is_some_and(|how| how == "chunked") {
            loop {
                line.clear();
                self.0.read_line(&mut line).await?;
                let length = usize::from_str_radix(line.trim_end(), 16)?;
                let mut chunk = vec![0; length + 2];
                self.0.read_exact(&mut chunk).await?;
                if length == 0 {
                    break;
                }
                reply.body.extend_from_slice(&chunk[..length]);
            }
        }
        Ok(reply)
    }
}

/// The body of a payment into one of the thirty dwellings.
pub(crate) fn payment(n: u64, reference: &str) -> Value {
    let i = n % 30;
    let room = format!("1-{}-{}0{}", 1 + i / 10, 1 + i % 10 / 2, 1 + i % 2);
    serde_json::json!({ "room": room, "amount_fen": 100, "method": "cash", "received_on": load::DAY, "reference": reference })
}

/// The value below which all but one of a hundred lie, in milliseconds.
pub(crate) fn p99(took: &mut [Duration]) -> f64 {
    took.sort_unstable();
    let at = took.len().saturating_sub(1) * 99 / 100;
    took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}
