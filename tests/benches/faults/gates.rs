//! Rows 10, 40, 41, 44 and 45: who comes in, what is kept of it, and what a stopped database does to those who wait.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::doors::ahead;
use crate::house::{ADMIN, AUDITOR, CLERK, Ground, House, Line, Reply, grounds, p99, payment};
use crate::load::{self, Tally};
use crate::stage::{Stage, children, mix, signal};
use crate::{Fail, Sheet, inv};

const PAYMENTS: &str = "/api/v1/compounds/c1/payments";
const PLACE: &str = "/api/v1/compounds/c1";
const WRONG: &str = "late-cicada-in-august";

/// Registers a user who may look at the first compound; answers their password.
async fn enlist(line: &mut Line, user: &str) -> Result<String, Fail> {
    let body = json!({ "user": user, "shown_as": "王会计" });
    line.post("/api/v1/users", ADMIN, &body).await?.done()?;
    let body = json!({ "role": "auditor", "compound": "c1", "from_on": "2026-01-01", "until_on": "2029-12-31" });
    line.post(&format!("/api/v1/users/{user}/mandates"), ADMIN, &body).await?.done()?;
    reset(line, user).await
}

async fn reset(line: &mut Line, user: &str) -> Result<String, Fail> {
    let path = format!("/api/v1/users/{user}/password");
    let reply = line.ask("POST", &path, ADMIN, &[], None).await?.done()?;
    Ok(reply.json()["password"].as_str().ok_or("no password")?.to_owned())
}

async fn log_in(line: &mut Line, user: &str, password: &str) -> Result<Reply, Fail> {
    line.post("/api/v1/sessions", "", &json!({ "user": user, "password": password })).await
}

async fn session(line: &mut Line, user: &str, password: &str) -> Result<String, Fail> {
    let reply = log_in(line, user, password).await?.done()?;
    Ok(reply.json()["session"].as_str().ok_or("no session")?.to_owned())
}

/// What an answer says, but for the request's own number.
fn words(reply: &Reply) -> String {
    let mut told = reply.json();
    if let Some(members) = told.as_object_mut() {
        members.remove("instance");
    }
    format!("{} {told}", reply.status)
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

// ---- 40 ----------------------------------------------------------------------------------------------------------

pub(crate) async fn guessing(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    const ACCOUNTS: usize = 1_000;
    const REAL: usize = 200;
    for (name, ground) in grounds(&stage).await? {
        // The desk's connection is silent while the others guess.
        let settings = [("XIAOQU_HEADER_SECONDS", "120")];
        let house = House::open(&stage, &ground, &[], &settings).await?;
        let mut desk = Line::to(house.at).await?;
        let right = enlist(&mut desk, "wang").await?;
        let other = enlist(&mut desk, "li").await?;
        session(&mut desk, "wang", &right).await?;

        // A thousand wrong ones on one account, from twenty addresses at once.
        let mut guessers: JoinSet<Result<Vec<Reply>, Fail>> = JoinSet::new();
        for i in 0..20_u8 {
            let at = house.at;
            guessers.spawn(async move {
                let mut line = Line::from(Ipv4Addr::new(127, 0, 0, 10 + i), at).await?;
                let mut replies = Vec::new();
                for n in 0..50 {
                    replies.push(log_in(&mut line, "wang", &format!("{WRONG}-{i}-{n}")).await?);
                }
                Ok(replies)
            });
        }
        let mut told: HashMap<String, usize> = HashMap::new();
        let mut rejected = 0;
        while let Some(replies) = guessers.join_next().await {
            for reply in replies?? {
                rejected += usize::from(reply.status == 401);
                *told.entry(words(&reply)).or_default() += 1;
            }
        }
        sheet.must(
            rejected == 1_000 && told.len() == 1,
            format!("{name}: {rejected} of 1,000 told 401, texts {told:?}"),
        );
        let locked = log_in(&mut desk, "wang", &right).await?;
        sheet.must(
            told.contains_key(&words(&locked)),
            format!("{name}: the right password while locked: {}", words(&locked)),
        );
        let tries =
            "SELECT count(*) FROM act WHERE verb = 'people.log-in' AND answer LIKE '%failed%'";
        let tries = ground.count(tries).await?;
        // Five are free of waiting; the locks of 30 s and more leave room for one more each.
        sheet.must(
            (5..=8).contains(&tries),
            format!("{name}: {tries} guesses were looked at before and between the locks"),
        );
        session(&mut desk, "li", &other).await?;
        sheet.says(format!("{name}: 1,000 guesses from 20 addresses: {rejected} refused in one text, looked at {tries}, then locked for the right one too; another account is let in"));

        // One wrong one on each of a thousand names, of which two hundred are accounts, in no order.
        let mut passwords = Vec::new();
        let mut makers: JoinSet<Result<Vec<(usize, String)>, Fail>> = JoinSet::new();
        for lane in 0..8 {
            let at = house.at;
            makers.spawn(async move {
                let mut line = Line::to(at).await?;
                let mut made = Vec::new();
                for n in (lane..REAL).step_by(8) {
                    made.push((n, enlist(&mut line, &format!("user{n:04}")).await?));
                }
                Ok(made)
            });
        }
        while let Some(made) = makers.join_next().await {
            passwords.append(&mut made??);
        }
        let mut order: Vec<usize> = (0..ACCOUNTS).collect();
        order.sort_by_key(|n| mix(stage.draw(40) ^ mix(u64::try_from(*n).unwrap_or(0))));
        let (mut known, mut unknown, mut cheap) = (Vec::new(), Vec::new(), Vec::new());
        let mut texts: HashMap<String, usize> = HashMap::new();
        for n in order {
            let reply = log_in(&mut desk, &format!("user{n:04}"), WRONG).await?;
            *texts.entry(words(&reply)).or_default() += 1;
            if n < REAL {
                known.push(reply.took)
            } else {
                unknown.push(reply.took)
            }
            if n % 5 == 0 {
                cheap.push(desk.post("/api/v1/sessions", "", &json!({})).await?.took);
            }
        }
        sheet.must(
            texts.len() == 1 && texts.keys().eq(told.keys()),
            format!("{name}: texts {texts:?}"),
        );
        let apart = auc(&known, &unknown);
        sheet.must(
            (apart - 0.5).abs() < 0.1,
            format!("{name}: AUC {apart:.2} of known against unknown names"),
        );
        let seen = auc(&known, &cheap);
        sheet.must(
            seen > 0.95,
            format!("CONTROL, {name}: a refusal without a hash is not told apart, AUC {seen:.2}"),
        );
        let mut let_in = 0;
        for (n, password) in passwords.iter().take(50) {
            let_in +=
                u32::from(log_in(&mut desk, &format!("user{n:04}"), password).await?.status < 300);
        }
        sheet
            .must(let_in == 50, format!("{name}: after one wrong guess {let_in} of 50 are let in"));
        sheet.says(format!(
            "{name}: one guess on each of 1,000 names ({REAL} accounts): one text, AUC {apart:.3}, p99 {:.0} and {:.0} ms, locked {} of 50; control (refused before the hash): AUC {seen:.3}",
            p99(&mut known), p99(&mut unknown), 50 - let_in
        ));
        house.close().await?;
    }
    Ok(())
}

// ---- 41 ----------------------------------------------------------------------------------------------------------

/// Two houses over the same books, and the file that moves the clock of both.
struct Twins {
    here: Line,
    there: Line,
    clock: PathBuf,
    now: i64,
}

impl Twins {
    fn later(&mut self, seconds: i64) -> Result<(), Fail> {
        self.now += seconds;
        let new = self.clock.with_extension("new");
        std::fs::write(&new, format!("+{}\n", self.now))?;
        Ok(std::fs::rename(new, &self.clock)?)
    }

    async fn opens(&mut self, shown: &str) -> Result<[bool; 2], Fail> {
        let here = self.here.get(PLACE, shown).await?.status;
        let there = self.there.get(PLACE, shown).await?.status;
        for status in [here, there] {
            if status != 200 && status != 401 {
                return Err(format!("a session was answered {status}").into());
            }
        }
        Ok([here == 200, there == 200])
    }

    /// After an end was answered: whether it still opens here, and for how many milliseconds there.
    async fn dies(&mut self, shown: &str, most: Duration) -> Result<(bool, Option<u128>), Fail> {
        let from = Instant::now();
        let here = self.here.get(PLACE, shown).await?.status != 401;
        while self.there.get(PLACE, shown).await?.status != 401 {
            if from.elapsed() > most {
                return Ok((here, None));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok((here, Some(from.elapsed().as_millis())))
    }
}

pub(crate) async fn sessions(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    const MOST: Duration = Duration::from_millis(1_500);
    for (name, ground) in grounds(&stage).await? {
        let clock = stage.folder("clock")?.join("clock");
        std::fs::write(&clock, "+0\n")?;
        let mut env = ahead("+0")?;
        env.retain(|(name, _)| *name != "FAKETIME");
        env.push(("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()));
        env.push(("FAKETIME_NO_CACHE", "1".to_owned()));
        let env: Vec<(&str, &str)> = env.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let houses = [
            House::open(&stage, &ground, &[], &env).await?,
            House::open(&stage, &ground, &[], &env).await?,
        ];
        let (here, there) = (Line::to(houses[0].at).await?, Line::to(houses[1].at).await?);
        let mut twins = Twins { here, there, clock, now: 0 };
        let mut password = enlist(&mut twins.here, "wang").await?;
        let watcher = enlist(&mut twins.here, "li").await?;
        let watching = session(&mut twins.here, "li", &watcher).await?;

        let mut lived = Vec::new();
        for round in 0..3 {
            for end in ["logout", "password", "reset", "disable", "token", "stolen"] {
                let begun = session(&mut twins.here, "wang", &password).await?;
                let mut shown = begun.clone();
                let mut token_no = Value::Null;
                if end == "token" {
                    let me = twins.here.get("/api/v1/session", &begun).await?.done()?.json();
                    let mandates = [&me["mandates"][0]["mandate_no"]];
                    let until = "2026-12-31T00:00:00+08:00";
                    let body = json!({ "name": "对账", "mandates": mandates, "expires_at": until });
                    let made =
                        twins.here.post("/api/v1/tokens", &begun, &body).await?.done()?.json();
                    shown = made["token"].as_str().ok_or("no token")?.to_owned();
                    token_no = made["token_no"].clone();
                }
                let opens = twins.opens(&shown).await?;
                sheet.must(
                    opens == [true, true],
                    format!("{name} {end}: opens {opens:?} before it ends"),
                );
                // Warm, and looked at.
                tokio::time::sleep(Duration::from_millis(120)).await;
                twins.opens(&shown).await?;
                let mut restore = None;
                let line = &mut twins.here;
                match end {
                    "logout" => drop(
                        line.ask("DELETE", "/api/v1/session", &begun, &[], None).await?.done()?,
                    ),
                    "password" => {
                        let new = format!("plum-rain-in-june-{round}");
                        let body = json!({ "old": password, "new": new });
                        line.post("/api/v1/password", &begun, &body).await?.done()?;
                        password = new;
                    }
                    "reset" => password = reset(line, "wang").await?,
                    "disable" => {
                        line.ask("POST", "/api/v1/users/wang/disable", ADMIN, &[], None)
                            .await?
                            .done()?;
                        restore = Some("/api/v1/users/wang/enable");
                    }
                    "token" => {
                        let path = format!("/api/v1/users/wang/tokens/{token_no}");
                        line.ask("DELETE", &path, ADMIN, &[], None).await?.done()?;
                    }
                    _ => {
                        // Stolen: it was shown from elsewhere, and its user logs out here.
                        twins.there.get(PLACE, &begun).await?.done()?;
                        line.ask("DELETE", "/api/v1/session", &begun, &[], None).await?.done()?;
                    }
                }
                let (here, there) = twins.dies(&shown, MOST).await?;
                sheet.must(!here, format!("{name} {end}: it still opened where it was ended"));
                sheet.must(
                    there.is_some(),
                    format!("{name} {end}: it opened in the other process for {MOST:?}"),
                );
                lived.extend(there);
                if let Some(path) = restore {
                    twins.here.ask("POST", path, ADMIN, &[], None).await?.done()?;
                    // Enabled again, what died stays dead.
                    let opens = twins.opens(&shown).await?;
                    sheet.must(
                        opens == [false, false],
                        format!("{name} {end}: it came back to life, {opens:?}"),
                    );
                }
            }
        }
        // Control: one that nobody ended opens throughout; the meter does not call everything dead.
        let (here, there) = twins.dies(&watching, Duration::from_millis(500)).await?;
        sheet.must(
            here && there.is_none(),
            format!("CONTROL, {name}: a session that nobody ended is dead"),
        );
        lived.sort_unstable();
        sheet.says(format!(
            "{name}: {} ended by log-out, password, reset, disabling, revocation: 401 at the first request here, dead in the other process after {} ms median, {} ms most; control: another's session lives",
            lived.len(), lived.get(lived.len() / 2).unwrap_or(&0), lived.last().unwrap_or(&0)
        ));

        // Half an hour without a visit; twelve hours with.
        let idle = session(&mut twins.here, "wang", &password).await?;
        let mut seen = Vec::new();
        for seconds in [29 * 60, 29 * 60, 30 * 60 + 1] {
            twins.later(seconds)?;
            seen.push(twins.opens(&idle).await?);
        }
        sheet.must(
            seen == [[true; 2], [true; 2], [false; 2]],
            format!("{name}: after 29, 29 and 30 minutes: {seen:?}"),
        );
        let busy = session(&mut twins.there, "wang", &password).await?;
        let mut alive = 0;
        for _ in 0..28 {
            twins.later(25 * 60)?;
            alive += u32::from(twins.opens(&busy).await? == [true; 2]);
        }
        twins.later(20 * 60 - 10)?;
        let last = twins.opens(&busy).await?;
        twins.later(11)?;
        let over = twins.opens(&busy).await?;
        sheet.must(
            alive == 28 && last == [true; 2] && over == [false; 2],
            format!("{name}: visits {alive} of 28, last {last:?}, after 12 h {over:?}"),
        );
        sheet.says(format!("{name}, clock moved: idle 30 min and 12 h in all end it in both processes, tokens alive 0"));
        for house in houses {
            house.close().await?;
        }
    }
    Ok(())
}

// ---- 45 ----------------------------------------------------------------------------------------------------------

pub(crate) async fn log_lines(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let house = House::open(&stage, &ground, &[], &[("XIAOQU_LOG", "info")]).await?;
        let mut line = Line::to(house.at).await?;
        let password = enlist(&mut line, "wang").await?;
        let mine = session(&mut line, "wang", &password).await?;
        let before = answered(&house.told());
        let secrets = [
            "SECRET-typed-as-a-name",
            "SECRET-a-wrong-password",
            "SECRET-a-strangers-token",
            "SECRET-in-a-query",
            "SECRET-in-a-body",
        ];
        let forged = "2026-01-01T00:00:00.000000Z  INFO xiaoqu::door: FORGED";
        let ugly = format!("a\r\n{forged}\u{1b}[31m${{jndi:ldap://127.0.0.1/x}}");
        let mut asked = 0_usize;
        let mut count = |reply: Result<Reply, Fail>| -> Result<(), Fail> {
            asked += usize::from(reply?.has("x-request-id"));
            Ok(())
        };
        count(log_in(&mut line, secrets[0], WRONG).await)?;
        count(log_in(&mut line, "wang", secrets[1]).await)?;
        count(log_in(&mut line, &ugly, &ugly).await)?;
        count(line.get(PLACE, secrets[2]).await)?;
        count(line.get(&format!("{PLACE}?token={}", secrets[3]), CLERK).await)?;
        for word in
            ["%0d%0aFORGED", "%1b%5b31mFORGED", "$%7bjndi:ldap://127.0.0.1/FORGED%7d", "FORGED%00"]
        {
            count(line.get(&format!("/api/v1/compounds/{word}"), CLERK).await)?;
            count(line.get(&format!("/{word}"), "").await)?;
        }
        let said = json!({ "room": ugly, "amount_fen": 1, "method": "cash", "received_on": load::DAY, "reference": ugly, "payer": secrets[4] });
        count(line.post(PAYMENTS, CLERK, &said).await)?;
        let mut good = payment(1, &ugly);
        count(line.post(PAYMENTS, CLERK, &good).await)?;
        good["reference"] = json!("${jndi:ldap://127.0.0.1/FORGED}");
        count(line.post(PAYMENTS, CLERK, &good).await)?;
        count(line.post("/api/v1/users", ADMIN, &json!({ "user": ugly, "shown_as": ugly })).await)?;
        let shown = json!({ "user": "zhao", "shown_as": "${FORGED}\u{1b}[31m" });
        count(line.post("/api/v1/users", ADMIN, &shown).await)?;
        let pair = json!({ "old": secrets[4], "new": "SECRET-the-next-one" });
        count(line.post("/api/v1/password", &mine, &pair).await)?;
        for (header, value) in [
            ("X-Request-Id", "a FORGED b"),
            ("User-Agent", "FORGED ${jndi:ldap://127.0.0.1/x}"),
            ("Idempotency-Key", "FORGED\t1"),
            ("X-Forwarded-For", "FORGED"),
            ("X-Request-Id", "control-seen-1"),
        ] {
            count(line.ask("GET", PLACE, CLERK, &[(header, value)], None).await)?;
        }
        // What no header may hold; the connection is closed over it.
        let mut rude = Line::to(house.at).await?;
        rude.say(
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x1b[31mFORGED\nINFO FORGED\r\n\r\n",
        )
        .await?;
        drop(rude.hear().await);

        let log = house.told();
        let lines = answered(&log) - before;
        let odd =
            log.lines().filter(|line| !line.starts_with("20") || !line.contains("Z ")).count();
        let forged = log.lines().filter(|line| line.contains("FORGED")).collect::<Vec<_>>();
        let escapes = log.bytes().filter(|b| *b == 0x1b || *b == b'\r').count();
        let found = |text: &str| {
            let all = secrets
                .iter()
                .copied()
                .chain(["SECRET", WRONG, &password, &mine, CLERK, ADMIN, AUDITOR]);
            all.filter(|secret| text.contains(secret)).count()
        };
        sheet.must(lines == asked, format!("{name}: {lines} lines for {asked} requests"));
        sheet.must(
            odd == 0 && escapes == 0 && forged.is_empty(),
            format!("{name}: odd lines {odd}, control characters {escapes}, forged {forged:?}"),
        );
        sheet.must(found(&log) == 0, format!("{name}: {} secrets stand in the log", found(&log)));
        sheet.must(
            log.contains("control-seen-1"),
            format!("CONTROL, {name}: what is searched is not the log"),
        );
        // The record of acts is a log too: kept for years, and written out.
        let kept = line.get("/api/v1/audit?format=csv", AUDITOR).await?.done()?.text();
        let in_acts = secrets.iter().copied().filter(|s| *s != secrets[4]).chain([
            "SECRET-the-next-one",
            &password,
            &mine,
        ]);
        let in_acts = in_acts.filter(|secret| kept.contains(secret)).count();
        sheet.must(in_acts == 0, format!("{name}: {in_acts} secrets stand in the acts"));
        sheet.must(
            kept.contains("people.log-in"),
            format!("CONTROL, {name}: what is searched is not the acts"),
        );
        sheet.says(format!(
            "{name}: {asked} requests, {lines} lines, forged {}, control characters {escapes}, secrets in the log {}, in the acts {in_acts}; control: a marker in the same place is found",
            forged.len(), found(&log)
        ));
        house.close().await?;
    }
    Ok(())
}

fn answered(log: &str) -> usize {
    log.lines().filter(|line| line.contains("answered") || line.contains("failed ")).count()
}

// ---- 10 ----------------------------------------------------------------------------------------------------------

/// When a client heard what of its key.
type Told = (Instant, String, Reply);

pub(crate) async fn frozen(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    const LIMIT: Duration = Duration::from_secs(3);
    if !stage.wants_pg() {
        sheet.says("PostgreSQL was not asked for");
        return Ok(());
    }
    let base = load::base(&stage).await?;
    let data: &Path =
        base.pg_data.as_deref().ok_or("LACKING: PostgreSQL's server (initdb, postgres)")?;
    let cluster = Cluster::copy(&stage, data, None, &[])?;
    cluster.start().await?;
    let ground = Ground::on(&stage, &cluster).await?;
    let mut house = House::open(&stage, &ground, &[], &[("XIAOQU_TIMEOUT_SECONDS", "3")]).await?;
    let server = cluster.pid().ok_or("the server is not running")?;
    let serial = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(25);
    let mut clients: JoinSet<Result<Vec<Told>, Fail>> = JoinSet::new();
    for _ in 0..16 {
        let (at, serial) = (house.at, serial.clone());
        clients.spawn(async move {
            let (mut line, mut told) = (Line::to(at).await?, Vec::new());
            while Instant::now() < end {
                let n = serial.fetch_add(1, Ordering::Relaxed);
                let key = format!("frozen-{n}");
                let headers = [("Idempotency-Key", key.as_str())];
                let reply =
                    line.ask("POST", PAYMENTS, CLERK, &headers, Some(&payment(n, &key))).await?;
                let is_done = reply.status == 201;
                told.push((Instant::now(), key, reply));
                tokio::time::sleep(Duration::from_millis(if is_done { 20 } else { 100 })).await;
            }
            Ok(told)
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut frozen = vec![server];
    frozen.extend(children(server));
    for pid in &frozen {
        signal(*pid, "STOP");
    }
    let stopped = Instant::now();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut lamp = Line::to(house.at).await?;
    let red = lamp.get("/readyz", "").await?;
    let alive = lamp.get("/healthz", "").await?;
    tokio::time::sleep(Duration::from_secs(10).saturating_sub(stopped.elapsed())).await;
    for pid in &frozen {
        signal(*pid, "CONT");
    }
    let thawed = Instant::now();
    let green = loop {
        let reply = lamp.get("/readyz", "").await?;
        if reply.status == 200 {
            break thawed.elapsed();
        }
        if thawed.elapsed() > Duration::from_secs(20) {
            return Err("the lamp stays red".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut all = Vec::new();
    while let Some(told) = clients.join_next().await {
        all.append(&mut told??);
    }
    let open: Vec<_> = all.iter().filter(|(_, _, reply)| reply.status != 201).collect();
    let mut refusals: Vec<Duration> = open.iter().map(|(_, _, reply)| reply.took).collect();
    let slowest = refusals.iter().max().copied().unwrap_or_default();
    let untold = open.iter().filter(|(_, _, r)| r.status != 503 || !r.has("retry-after")).count();
    let during = all
        .iter()
        .filter(|(at, _, r)| {
            r.status == 201 && *at > stopped + Duration::from_millis(200) && *at < thawed
        })
        .count();
    let first = all
        .iter()
        .filter(|(at, _, r)| r.status == 201 && *at >= thawed)
        .map(|(at, ..)| *at - thawed)
        .min();
    sheet.must(red.status == 503, format!("/readyz was answered {}", red.status));
    sheet.must(
        red.took < LIMIT + Duration::from_millis(500),
        format!("/readyz took {:?}", red.took),
    );
    sheet.must(
        alive.status == 200 && alive.took < Duration::from_millis(500),
        format!("/healthz {} in {:?}", alive.status, alive.took),
    );
    sheet.must(!refusals.is_empty(), "CONTROL: nothing waited, so nothing was frozen");
    sheet.must(during == 0, format!("CONTROL: {during} were taken while the server stood still"));
    sheet.must(
        slowest < LIMIT + Duration::from_millis(500),
        format!("a request waited {slowest:?}"),
    );
    sheet.must(untold == 0, format!("{untold} refusals are not 503 with Retry-After"));
    sheet.must(
        first.is_some_and(|first| first < Duration::from_secs(3)),
        format!("the first success came {first:?} after"),
    );
    sheet.must(house.is_up()?, "the house fell");
    // Every key, answered or not, tells now; and none is there twice.
    let mut line = Line::to(house.at).await?;
    let (mut happened, mut done_now) = (0, 0);
    for (_, key, before) in &all {
        if before.status == 201 {
            continue;
        }
        let n: u64 = key.trim_start_matches("frozen-").parse()?;
        let headers = [("Idempotency-Key", key.as_str())];
        let reply =
            line.ask("POST", PAYMENTS, CLERK, &headers, Some(&payment(n, key))).await?.done()?;
        if reply.has("idempotent-replayed") { happened += 1 } else { done_now += 1 }
    }
    let there =
        ground.count("SELECT count(*) FROM payment WHERE reference LIKE 'frozen-%'").await?;
    let keys = i64::try_from(all.len())?;
    sheet.must(there == keys, format!("{there} payments of {keys} keys"));
    let found = inv::check(&ground.url, &Tally::default()).await?;
    sheet.wrong(&found.wrong);
    sheet.says(format!(
        "server and {} backends stood still for 10 s, limit 3 s: {} of {} told 503, p99 {:.0} ms, slowest {:.0} ms, /readyz red in {:.0} ms, /healthz {:.0} ms; first success {:.0} ms after, lamp green {:.0} ms; of the open keys {happened} had happened, {done_now} done now, lost 0",
        frozen.len() - 1, refusals.len(), all.len(), p99(&mut refusals), slowest.as_secs_f64() * 1e3,
        red.took.as_secs_f64() * 1e3, alive.took.as_secs_f64() * 1e3,
        first.unwrap_or_default().as_secs_f64() * 1e3, green.as_secs_f64() * 1e3
    ));
    house.close().await
}

// ---- 44 ----------------------------------------------------------------------------------------------------------

/// What stands in a table without an act that made it, and payments' acts that made none.
const UNRECORDED: &str = "
  SELECT (SELECT count(*) FROM payment p WHERE NOT EXISTS (SELECT 1 FROM act a
            WHERE a.compound_id = p.compound_id AND a.act_no = p.act_no AND a.verb = 'fees.pay'))
       + (SELECT count(*) FROM deposit d WHERE NOT EXISTS (SELECT 1 FROM act a
            WHERE a.compound_id = d.compound_id AND a.act_no = d.act_no AND a.verb = 'fund.deposit'))
       + (SELECT count(*) FROM voucher v WHERE NOT EXISTS (SELECT 1 FROM act a
            WHERE a.compound_id = v.compound_id AND a.act_no = v.act_no))
       + (SELECT count(*) FROM act a WHERE a.verb = 'fees.pay' AND 1 <> (SELECT count(*) FROM payment p
            WHERE p.compound_id = a.compound_id AND p.act_no = a.act_no))
       + (SELECT count(*) FROM act a WHERE a.verb = 'fund.deposit' AND 1 <> (SELECT count(*) FROM deposit d
            WHERE d.compound_id = a.compound_id AND d.act_no = a.act_no)) AS n";

pub(crate) async fn recorded(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        // Key, and whether it was answered.
        let mut keys: HashMap<String, bool> = HashMap::new();
        let serial = Arc::new(AtomicU64::new(0));
        for _ in 0..stage.rounds.min(5) {
            let house = House::open(&stage, &ground, &[], &[]).await?;
            let mut clients: JoinSet<Vec<(String, bool)>> = JoinSet::new();
            for _ in 0..16 {
                let (at, serial) = (house.at, serial.clone());
                clients.spawn(async move {
                    let mut told = Vec::new();
                    let Ok(mut line) = Line::to(at).await else { return told };
                    loop {
                        let key = format!("rec-{}", serial.fetch_add(1, Ordering::Relaxed));
                        let sent = send(&mut line, &key).await;
                        let is_answered = sent.as_ref().is_ok_and(|reply| reply.status == 201);
                        told.push((key, is_answered));
                        if !is_answered {
                            return told;
                        }
                    }
                });
            }
            tokio::time::sleep(Duration::from_millis(700)).await;
            house.kill()?;
            while let Some(told) = clients.join_next().await {
                keys.extend(told?);
            }
        }
        let answered = keys.values().filter(|is| **is).count();
        let open: Vec<&String> = keys.iter().filter(|(_, is)| !**is).map(|(key, _)| key).collect();
        let kept = |verb: &str| {
            format!(
                "SELECT count(*) FROM act a JOIN once o ON o.compound_id = a.compound_id AND o.act_no = a.act_no WHERE o.key LIKE 'rec-%' AND a.verb = '{verb}'"
            )
        };
        let acts = async || {
            Ok::<i64, Fail>(
                ground.count(&kept("fees.pay")).await?
                    + ground.count(&kept("fund.deposit")).await?,
            )
        };
        let had_happened = acts().await? - i64::try_from(answered)?;
        sheet.must(
            (0..=i64::try_from(open.len())?).contains(&had_happened),
            format!(
                "{name}: {had_happened} acts beyond the answered ones, {} were open",
                open.len()
            ),
        );
        let house = House::open(&stage, &ground, &[], &[]).await?;
        let mut line = Line::to(house.at).await?;
        let mut replayed = 0;
        for key in &open {
            replayed += i64::from(send(&mut line, key).await?.done()?.has("idempotent-replayed"));
        }
        let (acts, all) = (acts().await?, i64::try_from(keys.len())?);
        sheet.must(
            replayed == had_happened,
            format!("{name}: {had_happened} open ones had happened, {replayed} said so"),
        );
        sheet.must(acts == all, format!("{name}: {acts} acts for {all} writes"));

        // Every other kind of write a machine can send, once: one act each.
        let mut kinds = 0;
        for (path, token, body) in [
            ("/api/v1/users", ADMIN, json!({ "user": "wang", "shown_as": "王会计" })),
            (
                "/api/v1/users/wang/mandates",
                ADMIN,
                json!({ "role": "auditor", "compound": "c1", "from_on": "2026-01-01", "until_on": "2029-12-31" }),
            ),
            ("/api/v1/users/wang/password", ADMIN, Value::Null),
            ("/api/v1/users/wang/phone", ADMIN, json!({ "phone": "19900007351" })),
            ("/api/v1/users/wang/disable", ADMIN, Value::Null),
            ("/api/v1/users/wang/enable", ADMIN, Value::Null),
            ("/api/v1/users/wang/unlock", ADMIN, Value::Null),
            (
                "/api/v1/organisations",
                ADMIN,
                json!({ "kind": "property-company", "code": "lvyuan", "name": "绿源物业" }),
            ),
            ("/api/v1/compounds", ADMIN, json!({ "code": "c9", "name": "小区9" })),
            (
                "/api/v1/compounds/c1/bills",
                CLERK,
                json!({ "item": "车位费", "from_on": "2026-02-01", "to_on": "2026-02-28", "bills": [{ "room": "1-1-101", "amount_fen": 100 }] }),
            ),
            (
                "/api/v1/compounds/c1/reversals",
                CLERK,
                json!({ "voucher": "service/2026-0002", "on": load::DAY, "style": "red", "reason": "误记" }),
            ),
            (
                "/api/v1/compounds/c1/closes",
                CLERK,
                json!({ "book": "revenue", "month": "2026-01" }),
            ),
            (
                "/api/v1/compounds/c1/dwellings/1-1-101/owners/reveal",
                CLERK,
                json!({ "reason": "核对产权人电话" }),
            ),
        ] {
            let count = "SELECT count(*) FROM act";
            let before = ground.count(count).await?;
            let body = (!body.is_null()).then_some(&body);
            let reply = line.ask("POST", path, token, &[], body).await?;
            let made = ground.count(count).await? - before;
            sheet.must(
                reply.status < 300 && made == 1,
                format!("{name}, {path}: {made} acts, HTTP {} {}", reply.status, reply.text()),
            );
            kinds += 1;
        }
        let unrecorded = ground.count(UNRECORDED).await?;
        sheet.must(
            unrecorded == 0,
            format!("{name}: {unrecorded} rows and acts are not one to one"),
        );
        let found = inv::check(&ground.url, &Tally::default()).await?;
        sheet.wrong(&found.wrong);
        house.close().await?;
        let seen = unrecorded_control(&ground).await?;
        sheet.must(seen > 0, format!("CONTROL, {name}: an act that was taken away is not missed"));
        sheet.says(format!(
            "{name}: {} kills, {answered} writes answered, {had_happened} more had happened, acts {acts} for {all} keys, {kinds} other kinds one act each, without an act {unrecorded}; control (an act deleted with the guards off): seen {seen}",
            stage.rounds.min(5)
        ));
    }
    Ok(())
}

/// A payment or a deposit, by its key.
async fn send(line: &mut Line, key: &str) -> Result<Reply, Fail> {
    let n: u64 = key.trim_start_matches("rec-").parse()?;
    let headers = [("Idempotency-Key", key)];
    if n.is_multiple_of(2) {
        return line.ask("POST", PAYMENTS, CLERK, &headers, Some(&payment(n, key))).await;
    }
    let room = payment(n, key)["room"].clone();
    let body = json!({ "room": room, "kind": "top-up", "amount_fen": 100, "received_on": load::DAY, "receipt_no": key });
    line.ask("POST", "/api/v1/compounds/c1/deposits", CLERK, &headers, Some(&body)).await
}

/// Takes one act away with the guards off, looks, and puts everything back.
async fn unrecorded_control(ground: &Ground) -> Result<i64, Fail> {
    let db = inv::back_door(&ground.url).await?;
    let backend = db.get_database_backend();
    let held = db.begin().await?;
    if ground.url.starts_with("sqlite:") {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'act'";
        for row in held.query_all_raw(Statement::from_string(backend, sql)).await? {
            let trigger: String = row.try_get_by_index(0)?;
            held.execute_unprepared(&format!("DROP TRIGGER {trigger}")).await?;
        }
    } else {
        held.execute_unprepared("SET LOCAL session_replication_role = replica").await?;
    }
    let one = "DELETE FROM act WHERE compound_id = 1 AND act_no = (SELECT max(act_no) FROM act a WHERE a.compound_id = 1 AND a.verb = 'fees.pay')";
    held.execute_unprepared(one).await?;
    let row = held.query_one_raw(Statement::from_string(backend, UNRECORDED)).await?;
    let seen = row.ok_or("no row")?.try_get_by_index::<i64>(0)?;
    held.rollback().await?;
    db.close().await?;
    Ok(seen)
}
