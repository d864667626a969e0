//! Rows 12, 17, 30, 42 and 47: the doors of a running house under more than they can take.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::house::{AUDITOR, CLERK, Ground, House, Line, grounds, p99, payment};
use crate::stage::{Stage, need};
use crate::{Fail, Sheet};

const PAYMENTS: &str = "/api/v1/compounds/c1/payments";

// ---- 12 ----------------------------------------------------------------------------------------------------------

/// What a crowd of clients came to.
#[derive(Default)]
struct Crowd {
    taken: Vec<Duration>,
    refused: Vec<Duration>,
    /// Refused without being told when to come again.
    untold: usize,
    reports: u32,
    strange: Vec<String>,
}

/// So many clients pay for so long, while one asks for the report of the whole house again and again.
async fn crowd(
    house: &House,
    clients: u64,
    time: Duration,
    has_report: bool,
) -> Result<Crowd, Fail> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let (at, end) = (house.at, Instant::now() + time);
    let mut tasks: JoinSet<Result<Crowd, Fail>> = JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(async move {
            let (mut crowd, mut line) = (Crowd::default(), Line::to(at).await?);
            while Instant::now() < end {
                let n = SERIAL.fetch_add(1, Ordering::Relaxed);
                let key = format!("crowd-{n}");
                let headers = [("Idempotency-Key", key.as_str())];
                let body = payment(n, &key);
                let reply = line.ask("POST", PAYMENTS, CLERK, &headers, Some(&body)).await?;
                match reply.status {
                    201 => crowd.taken.push(reply.took),
                    503 => {
                        crowd.refused.push(reply.took);
                        crowd.untold += usize::from(!reply.has("retry-after"));
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    status => crowd.strange.push(format!("{status}: {}", reply.text())),
                }
            }
            Ok(crowd)
        });
    }
    if has_report {
        tasks.spawn(async move {
            let (mut crowd, mut line) = (Crowd::default(), Line::to(at).await?);
            while Instant::now() < end {
                let reply = line.get("/api/v1/verify", AUDITOR).await?;
                match reply.status {
                    200 => crowd.reports += 1,
                    503 => tokio::time::sleep(Duration::from_millis(5)).await,
                    status => crowd.strange.push(format!("report, {status}: {}", reply.text())),
                }
            }
            Ok(crowd)
        });
    }
    let mut all = Crowd::default();
    while let Some(task) = tasks.join_next().await {
        let mut one = task??;
        all.taken.append(&mut one.taken);
        all.refused.append(&mut one.refused);
        all.strange.append(&mut one.strange);
        all.untold += one.untold;
        all.reports += one.reports;
    }
    Ok(all)
}

pub(crate) async fn pool_exhausted(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    const LONG: Duration = Duration::from_secs(4);
    for (name, ground) in grounds(&stage).await? {
        // The bound, and the control without one.
        for (at_once, is_bounded) in [("4", true), ("4096", false)] {
            let settings = [("XIAOQU_AT_ONCE", at_once), ("XIAOQU_CONNECTIONS", "2000")];
            let house = House::open(&stage, &ground, &[], &settings).await?;
            let mut told = Vec::new();
            let mut worst = 0.0_f64;
            for has_report in [false, true] {
                let mut crowd = crowd(&house, 256, LONG, has_report).await?;
                let (taken, refused) = (crowd.taken.len(), crowd.refused.len());
                let (ours, theirs) = (p99(&mut crowd.taken), p99(&mut crowd.refused));
                worst = worst.max(ours);
                sheet.wrong(&crowd.strange);
                let what = format!("{name}, {at_once} at once");
                sheet.must(
                    crowd.untold == 0,
                    format!("{what}: {} 503 without Retry-After", crowd.untold),
                );
                sheet.must((refused > 0) == is_bounded, format!("{what}: {refused} refused"));
                sheet.must(taken > 100, format!("{what}: {taken} taken"));
                let share = 100 * refused / (taken + refused).max(1);
                let report = if has_report {
                    sheet.must(crowd.reports > 0, format!("{what}: no report was answered"));
                    format!("beside {} reports", crowd.reports)
                } else {
                    "alone".to_owned()
                };
                told.push(format!("{report} {taken} taken, p99 {ours:.0} ms, 503 {share} %, their p99 {theirs:.0} ms"));
            }
            if is_bounded {
                sheet.must(worst < 1_000.0, format!("{name}: p99 of a payment {worst:.0} ms"));
                sheet.says(format!("{name}, 256 clients, {at_once} at once: {}", told.join("; ")));
            } else {
                sheet.says(format!("control, {name} (no bound, no 503): {}", told.join("; ")));
            }
            house.close().await?;
        }
        let lost =
            ground.count("SELECT count(*) FROM payment WHERE reference LIKE 'crowd-%'").await?;
        let acts = ground.count("SELECT count(*) FROM act WHERE verb = 'fees.pay'").await?;
        sheet.must(lost == acts, format!("{name}: {lost} payments of {acts} acts"));
    }
    Ok(())
}

// ---- 17 ----------------------------------------------------------------------------------------------------------

/// The environment of a process whose clock is so far ahead; its timers are left alone.
pub(crate) fn ahead(offset: &str) -> Result<Vec<(&'static str, String)>, Fail> {
    need("faketime")?;
    let library = crate::stage::said("faketime", &["-f", "+0d", "printenv", "LD_PRELOAD"])?;
    Ok(vec![
        ("LD_PRELOAD", library),
        ("FAKETIME", offset.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}

pub(crate) async fn same_key_later(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let send = async |house: &House, key: &str| {
            let mut line = Line::to(house.at).await?;
            let headers = [("Idempotency-Key", key)];
            line.ask("POST", PAYMENTS, CLERK, &headers, Some(&payment(1, "later"))).await?.done()
        };
        let house = House::open(&stage, &ground, &[], &[]).await?;
        let first = send(&house, "the-key").await?;
        sheet.must(!first.has("idempotent-replayed"), format!("{name}: the first is a repetition"));
        let mut told = Vec::new();
        house.close().await?;
        for (when, offset) in
            [("after a restart", ""), ("after 25 h", "+25h"), ("after 400 days", "+400d")]
        {
            let clock = if offset.is_empty() { Vec::new() } else { ahead(offset)? };
            let settings: Vec<(&str, &str)> = clock.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let house = House::open(&stage, &ground, &[], &settings).await?;
            let again = send(&house, "the-key").await?;
            sheet.must(
                again.body == first.body,
                format!("{name} {when}: another answer: {}", again.text()),
            );
            sheet.must(
                again.has("idempotent-replayed"),
                format!("{name} {when}: not called a repetition"),
            );
            if !offset.is_empty() {
                // Control of the clock: an act made now is recorded in the future.
                send(&house, &format!("another{offset}")).await?;
            }
            told.push(when);
            house.kill()?;
        }
        let entries =
            ground.count("SELECT count(*) FROM payment WHERE reference = 'later'").await?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        let future = ground
            .count(&format!("SELECT count(*) FROM act WHERE recorded_at > {}", now + 86_400))
            .await?;
        sheet.must(
            entries == 3,
            format!("{name}: {entries} payments, one and the controls' two are right"),
        );
        sheet.must(future == 2, format!("CONTROL, {name}: {future} acts are of the moved clock"));
        sheet.says(format!(
            "{name}: the same bytes {}, entries of the key {}; control: another key made {} more, {future} acts recorded in the future",
            told.join(", "),
            entries - 2,
            entries - 1
        ));
    }
    Ok(())
}

// ---- 30 ----------------------------------------------------------------------------------------------------------

/// A body that goes on until an answer comes; bytes sent, status (0: cut off), time.
async fn endless(
    house: &House,
    path: &str,
    header: &str,
    is_chunked: bool,
) -> Result<(u64, u16, Duration), Fail> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let from = Instant::now();
    let stream = tokio::net::TcpStream::connect(house.at).await?;
    let (mut hears, mut says) = stream.into_split();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: house\r\nAuthorization: Bearer {CLERK}\r\n{header}\r\n\r\n"
    );
    says.write_all(head.as_bytes()).await?;
    let sent = Arc::new(AtomicU64::new(0));
    let counted = sent.clone();
    let saying = tokio::spawn(async move {
        let block = vec![b' '; 65_536];
        loop {
            if is_chunked && says.write_all(b"10000\r\n").await.is_err() {
                return;
            }
            if says.write_all(&block).await.is_err() {
                return;
            }
            if is_chunked && says.write_all(b"\r\n").await.is_err() {
                return;
            }
            if counted.fetch_add(65_536, Ordering::Relaxed) >= 1 << 30 {
                return std::future::pending().await;
            }
        }
    });
    let mut answer = [0_u8; 12];
    let heard =
        tokio::time::timeout(Duration::from_secs(60), hears.read_exact(&mut answer)).await?;
    saying.abort();
    let status = match heard {
        Ok(_) => String::from_utf8_lossy(&answer[9..]).parse()?,
        Err(_) => 0,
    };
    Ok((sent.load(Ordering::Relaxed), status, from.elapsed()))
}

/// The p99 of eight clients that pay, in milliseconds, and how many were refused.
async fn others(house: &House) -> Result<(f64, usize), Fail> {
    let mut crowd = crowd(house, 8, Duration::from_secs(5), false).await?;
    let refused = crowd.refused.len() + crowd.strange.len();
    Ok((p99(&mut crowd.taken), refused))
}

pub(crate) async fn slow_and_large(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let settings = [("XIAOQU_TIMEOUT_SECONDS", "5")];
        let mut house = House::open(&stage, &ground, &[], &settings).await?;
        let (calm, _) = others(&house).await?;
        let before = house.peak_mb()?;
        let register = "/api/v1/compounds/c1/imports?kind=register&name=a.csv";
        for (what, path, header, is_chunked) in [
            (
                "1 GB of JSON",
                PAYMENTS,
                "Content-Type: application/json\r\nContent-Length: 1073741824",
                false,
            ),
            ("1 GB file", register, "Content-Length: 1073741824", false),
            (
                "endless chunks of JSON",
                PAYMENTS,
                "Content-Type: application/json\r\nTransfer-Encoding: chunked",
                true,
            ),
            ("endless chunks of a file", register, "Transfer-Encoding: chunked", true),
        ] {
            let (sent, status, took) = endless(&house, path, header, is_chunked).await?;
            sheet.must(status == 413, format!("{name}: {what} was answered {status}"));
            sheet.must(sent < 1 << 30, format!("{name}: {what} was taken whole"));
            sheet.says(format!(
                "{name}, {what}: {status} after {} MB, {:.0} ms",
                sent >> 20,
                took.as_secs_f64() * 1e3
            ));
        }
        let large = house.peak_mb()?;
        // Large bodies beside the others.
        let flood = async {
            let all = (0..4).map(|_| endless(&house, register, "Transfer-Encoding: chunked", true));
            futures_util::future::join_all(all).await.into_iter().collect::<Result<Vec<_>, _>>()
        };
        let (beside, flooded) = tokio::join!(others(&house), flood);
        let ((flood_p99, refused), _) = (beside?, flooded?);
        sheet.must(refused == 0, format!("{name}: {refused} of the others were refused"));

        // More bodies that dribble at the open door than there are places, from two hundred addresses.
        let mut bodies = Vec::new();
        for n in 0..300_u16 {
            let source = Ipv4Addr::new(127, 0, 2, u8::try_from(n % 200).unwrap_or(0) + 1);
            let mut line = Line::from(source, house.at).await?;
            let head = b"POST /api/v1/sessions HTTP/1.1\r\nHost: house\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
            line.say(head).await?;
            bodies.push(line);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (bodied, refused) = others(&house).await?;
        sheet.must(refused == 0, format!("{name}: {refused} refused beside bodies that dribble"));
        sheet
            .says(format!("{name}: the others' p99 beside 300 bodies that dribble {bodied:.1} ms"));
        drop(bodies);

        // A thousand that dribble their headers, a byte a second each.
        let stop = Arc::new(AtomicBool::new(false));
        let mut slow = JoinSet::new();
        for n in 0..1_000_u16 {
            let (at, stop) = (house.at, stop.clone());
            slow.spawn(async move {
                let source = Ipv4Addr::new(127, 0, 1, u8::try_from(n % 200).unwrap_or(0) + 1);
                let mut cut = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    let Ok(mut line) = Line::from(source, at).await else { continue };
                    let mut is_open = line.say(b"GET / HTTP/1.1\r\nX: ").await.is_ok();
                    while is_open && !stop.load(Ordering::Relaxed) {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        is_open = line.say(b"a").await.is_ok();
                    }
                    cut += u32::from(!is_open);
                }
                cut
            });
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (dribbled, refused) = others(&house).await?;
        tokio::time::sleep(Duration::from_secs(6)).await;
        let (later, refused_later) = others(&house).await?;
        stop.store(true, Ordering::Relaxed);
        let mut cut = 0;
        while let Some(one) = slow.join_next().await {
            cut += one?;
        }
        let worst = dribbled.max(later);
        sheet.must(
            refused + refused_later == 0,
            format!("{name}: {} of the others were refused", refused + refused_later),
        );
        // Below five milliseconds a p99 is the scheduler's.
        sheet.must(
            worst <= 2.0 * calm.max(5.0),
            format!("{name}: the others' p99 {calm:.1} ms calm, {worst:.1} ms beside slow headers"),
        );
        sheet.must(cut > 500, format!("{name}: {cut} slow connections were closed"));
        sheet.must(house.is_up()?, format!("{name}: the house fell"));
        let peak = house.peak_mb()?;
        sheet.must(peak < 512, format!("{name}: peak {peak} MB"));
        sheet.says(format!(
            "{name}: the others' p99 calm {calm:.1} ms, beside 4 endless files {flood_p99:.1} ms, beside 1,000 at 1 B/s {worst:.1} ms, slow ones closed {cut}; peak {before} → {large} → {peak} MB"
        ));
        house.close().await?;
    }
    control_of_slowness(&stage, &sheet).await
}

/// Control: a house that waits a minute for a header and has fewer places than there are slow ones serves nobody.
async fn control_of_slowness(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let ground = Ground::on_sqlite(stage).await?;
    let settings = [("XIAOQU_HEADER_SECONDS", "60"), ("XIAOQU_CONNECTIONS", "50")];
    let house = House::open(stage, &ground, &[], &settings).await?;
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut line = Line::to(house.at).await?;
        line.say(b"GET / HTTP/1.1\r\nX: ").await?;
        slow.push(line);
    }
    let mut line = Line::to(house.at).await?;
    let asked = tokio::time::timeout(Duration::from_secs(3), line.get("/healthz", "")).await;
    sheet.must(asked.is_err(), "CONTROL: slow ones that are never closed kept nobody out");
    sheet.says("control (50 places, a minute for a header): the next waits more than 3 s");
    house.kill()
}

// ---- 42 ----------------------------------------------------------------------------------------------------------

/// 200 a second for ten seconds: accepted, refused, refused without Retry-After; and a neighbour's refusals at 1/s.
async fn hurry(house: &House) -> Result<(u32, u32, u32, u32), Fail> {
    let at = house.at;
    let neighbour = tokio::spawn(async move {
        let (mut line, mut refused) = (Line::to(at).await?, 0);
        for _ in 0..10 {
            refused += u32::from(line.get("/api/v1/compounds/c1", AUDITOR).await?.status != 200);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok::<u32, Fail>(refused)
    });
    let (mut accepted, mut refused, mut untold) = (0, 0, 0);
    let mut line = Line::to(at).await?;
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..2_000 {
        beat.tick().await;
        let reply = line.get("/api/v1/compounds/c1", CLERK).await?;
        match reply.status {
            200 => accepted += 1,
            429 => {
                refused += 1;
                untold += u32::from(!reply.has("retry-after"));
            }
            status => return Err(format!("HTTP {status}: {}", reply.text()).into()),
        }
    }
    Ok((accepted, refused, untold, neighbour.await??))
}

pub(crate) async fn pace(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let ground = Ground::on_sqlite(&stage).await?;
    for (what, a_minute) in [
        ("600 a minute", "600"),
        ("as shipped, 6,000 a minute", "6000"),
        ("control, no limit", "0"),
    ] {
        let settings = [("XIAOQU_CALLER_PER_MINUTE", a_minute)];
        let house = House::open(&stage, &ground, &[], &settings).await?;
        let (accepted, refused, untold, neighbours) = hurry(&house).await?;
        sheet.must(untold == 0, format!("{what}: {untold} answers 429 without Retry-After"));
        sheet
            .must(neighbours == 0, format!("{what}: a normal user was refused {neighbours} times"));
        match a_minute {
            // A tenth of a minute's worth at once, and then as fast as it refills.
            "600" => {
                sheet.must((150..=175).contains(&accepted), format!("{what}: {accepted} accepted"))
            }
            "6000" => sheet
                .must((1_560..=1_680).contains(&accepted), format!("{what}: {accepted} accepted")),
            _ => sheet.must(refused == 0, format!("{what}: {refused} refused")),
        }
        sheet.says(format!("{what}: of 2,000 in 10 s {accepted} accepted, {refused} told 429, a normal user refused {neighbours}"));
        house.close().await?;
    }
    Ok(())
}

// ---- 47 ----------------------------------------------------------------------------------------------------------

pub(crate) async fn few_files(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    need("prlimit")?;
    for (name, ground) in grounds(&stage).await? {
        for (files, is_tight) in [("--nofile=64", true), ("--nofile=1024", false)] {
            let mut house = House::open(&stage, &ground, &["prlimit", files], &[]).await?;
            let mut old = Vec::new();
            for _ in 0..5 {
                let mut line = Line::to(house.at).await?;
                line.get("/api/v1/compounds/c1", CLERK).await?.done()?;
                old.push(line);
            }
            // All at once: whoever has no place waits in the system's queue, or outside of it.
            const WAIT: Duration = Duration::from_secs(2);
            let comes = (0..200).map(|_| tokio::time::timeout(WAIT, Line::to(house.at)));
            let came = futures_util::future::join_all(comes).await;
            let mut new: Vec<Line> = came.into_iter().flatten().flatten().collect();
            let asks = new.iter_mut().map(|line| async {
                let asked = line.get("/api/v1/compounds/c1", CLERK);
                let asked = tokio::time::timeout(WAIT, asked).await;
                asked.is_ok_and(|reply| reply.is_ok_and(|reply| reply.status == 200))
            });
            let asked = futures_util::future::join_all(asks).await;
            let served = asked.into_iter().filter(|is| *is).count();
            sheet.must(
                (served < 200) == is_tight,
                format!("{name} {files}: {served} of 200 were served"),
            );
            let mut kept = 0;
            for (n, line) in old.iter_mut().enumerate() {
                let body = payment(u64::try_from(n)?, "few");
                kept += u32::from(line.post(PAYMENTS, CLERK, &body).await?.status == 201);
            }
            sheet.must(kept == 5, format!("{name} {files}: {kept} of 5 old connections can pay"));
            sheet.must(house.is_up()?, format!("{name} {files}: the house fell"));
            drop(new);
            let from = Instant::now();
            let mut line = Line::to(house.at).await?;
            line.post(PAYMENTS, CLERK, &payment(9, "after")).await?.done()?;
            let well = from.elapsed().as_secs_f64() * 1e3;
            let said = if is_tight { name.to_owned() } else { format!("control, {name}") };
            sheet.says(format!("{said}, {files}: served {served} of 200 new, old ones that could pay {kept} of 5, well {well:.0} ms after they left"));
            house.close().await?;
        }
    }
    Ok(())
}
