//! Rows 1, 2, 3, 9 and 11: somebody dies or hangs up while the load runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::books::Books;

use crate::cluster::{self, Cluster};
use crate::load::{self, Load, Manner, Resent, Tally};
use crate::stage::{Stage, children, signal};
use crate::{Fail, Sheet, inv};

/// How long anything may take to come back.
const PATIENCE: Duration = Duration::from_secs(60);

fn millis(stage: &Stage, salt: u64, from: u64, to: u64) -> Duration {
    Duration::from_millis(from + stage.draw(salt) % (to - from))
}

fn spread(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or(0.0);
    let most = times.last().copied().unwrap_or(0.0);
    format!("{median:.2} (median), {most:.2} (most)")
}

/// Everything is judged, sent again, and judged again. Figures go to the sheet, breaches too.
pub(crate) async fn settle(url: &str, tally: &Tally, sheet: &Sheet) -> Result<(), Fail> {
    let before = inv::check(url, tally).await?;
    sheet.must(before.lost == 0, format!("{} acknowledged acts are lost", before.lost));
    sheet.wrong(&before.wrong);

    let books = Books::open(url).await?;
    let from = Instant::now();
    let resent: Resent = load::resend(&books, tally).await;
    let took = from.elapsed().as_secs_f64();
    books.close().await?;
    sheet.wrong(&resent.wrong);
    let total = resent.same + resent.happened + resent.done_now;
    sheet.must(total == tally.keys.len(), format!("{total} of {} keys resolve", tally.keys.len()));

    // By now everything has been answered, what was told no before included.
    let mut answered = tally.clone();
    answered.keys.values_mut().for_each(|state| state.is_unknown = true);
    let after = inv::check(url, &answered).await?;
    sheet.must(after.lost == 0, format!("{} acts are lost after sending again", after.lost));
    sheet.wrong(&after.wrong);
    let mut wrong = Vec::new();
    inv::verified(url, &mut wrong).await?;
    sheet.wrong(&wrong);
    let acked = tally.acked().count();
    sheet.says(format!("acts answered {acked}, lost {}", before.lost));
    sheet.says(format!(
        "unanswered {} of which had happened {}, resolved by their key {} (all {} sent again in {took:.1} s)",
        tally.keys.len() - acked,
        resent.happened,
        resent.happened + resent.done_now,
        tally.keys.len()
    ));
    sheet.says(format!(
        "invariant failures {}",
        before.wrong.len() + after.wrong.len() + wrong.len()
    ));
    Ok(())
}

// ---- 2, 3: the application ---------------------------------------------------------------------------------------

async fn application(stage: &Stage, url: &str, sheet: &Sheet) -> Result<(), Fail> {
    let mut starts = Vec::new();
    let mut whole = Tally::default();
    let (mut lost, mut wrong) = (0, 0);
    for round in 0..stage.rounds {
        let tasks = [8, 32][round as usize % 2];
        let mut load = Load::of(url, &format!("r{round}"), tasks, Manner::Honest)?;
        load.wait_for(1, PATIENCE).await?;
        let first = load.look(|t| t.last_ack).ok_or("an act was answered")?;
        starts.push(first.duration_since(load.started).as_secs_f64());
        load.wait_for(50, PATIENCE).await?;
        tokio::time::sleep(millis(stage, u64::from(round), 50, 900)).await;
        let tally = load.kill()?;
        let found = inv::check(url, &tally).await?;
        lost += found.lost;
        wrong += found.wrong.len();
        sheet.must(found.lost == 0, format!("round {round}: {} acts are lost", found.lost));
        sheet.wrong(&found.wrong);
        whole.add(tally);
    }
    sheet.says(format!("rounds {}", stage.rounds));
    sheet.says(format!("lost {lost} and failures {wrong} right after the kills"));
    sheet.says(format!("errors told: {}", whole.errors()));
    sheet.must(whole.codes.is_empty(), format!("errors without cause: {:?}", whole.samples));
    sheet.says(format!("seconds from start to first act {}", spread(&mut starts)));
    settle(url, &whole, sheet).await
}

/// Control: a server that answers before its commit is killed in the same way, and the loss is seen.
async fn early_answers(url: &str, sheet: &Sheet) -> Result<(), Fail> {
    let mut lost = 0;
    for round in 0..5 {
        let mut load = Load::of(url, &format!("early{round}"), 32, Manner::Early)?;
        load.wait_for(100, PATIENCE).await?;
        let tally = load.kill()?;
        lost += inv::check(url, &tally).await?.lost;
        if lost > 0 {
            break;
        }
    }
    sheet.must(
        lost > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost}"));
    Ok(())
}

pub(crate) async fn application_on_postgres(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let shared = cluster::shared(&stage).await?;
    let url = shared.url(&shared.books(&stage).await?);
    application(&stage, &url, &sheet).await?;
    early_answers(&url, &sheet).await
}

pub(crate) async fn application_on_sqlite(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let url = load::sqlite_copy(&stage, &stage.folder("row")?).await?;
    application(&stage, &url, &sheet).await?;
    sqlite_is_sound(&url, &sheet)?;
    early_answers(&url, &sheet).await
}

/// SQLite's own verdict on its file.
pub(crate) fn sqlite_is_sound(url: &str, sheet: &Sheet) -> Result<(), Fail> {
    let file = rusqlite::Connection::open(url.trim_start_matches("sqlite:"))?;
    let told: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    sheet.must(told == "ok", format!("integrity_check: {told}"));
    let orphans = file.prepare("PRAGMA foreign_key_check")?.query_map([], |_| Ok(()))?.count();
    sheet.must(orphans == 0, format!("foreign_key_check: {orphans} rows"));
    sheet.says(format!("integrity_check {told}"));
    Ok(())
}

// ---- 1: the database ---------------------------------------------------------------------------------------------

pub(crate) async fn database(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let data = pg_data(&stage).await?;
    let cluster = Cluster::copy(&stage, &data, None, &[])?;
    cluster.start().await?;
    let url = cluster.url("books");
    let mut load = Load::of(&url, "k", 32, Manner::Honest)?;
    load.wait_for(200, PATIENCE).await?;
    let (mut back, mut down) = (Vec::new(), Vec::new());
    let (mut lost, mut wrong) = (0, 0);
    for round in 0..stage.rounds {
        tokio::time::sleep(millis(&stage, u64::from(round), 300, 1300)).await;
        let killed = Instant::now();
        if round % 3 == 2 {
            // One backend under load: the postmaster throws everybody out and recovers by itself.
            let server = cluster.pid().ok_or("the server runs")?;
            let busy = busy_backends(&cluster).await?;
            let victim = busy.first().copied().or_else(|| children(server).last().copied());
            signal(victim.ok_or("a backend")?, "KILL");
        } else {
            cluster.kill()?;
            cluster.start().await?;
            down.push(killed.elapsed().as_secs_f64());
        }
        // The acts answered before the kill took effect do not count: wait for an error, or for the server's return.
        let errors_from = Instant::now();
        while load.look(|t| t.last_error.is_none_or(|at| at < killed))
            && errors_from.elapsed() < Duration::from_secs(2)
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        load.wait_for(1, PATIENCE).await?;
        back.push(killed.elapsed().as_secs_f64());
        let told = load.look(Tally::clone);
        let found = inv::check(&url, &told).await?;
        lost += found.lost;
        // What was under way when we looked at the clients may be told by the time we look at the books.
        wrong += found.wrong.len();
        sheet.wrong(&found.wrong);
        sheet.must(found.lost == 0, format!("round {round}: {} acts are lost", found.lost));
    }
    let tally = load.stop(PATIENCE).await?;
    sheet.says(format!("rounds {}, the child never restarted", stage.rounds));
    sheet.says(format!("lost {lost} and failures {wrong} under load"));
    sheet.says(format!("seconds from kill to first success {}", spread(&mut back)));
    sheet.says(format!("the server itself was down {}", spread(&mut down)));
    sheet.says(format!("errors told: {}", tally.errors()));
    only_storage(&tally, &sheet);
    settle(&url, &tally, &sheet).await?;
    drop(cluster);
    lazy_commits(&stage, &sheet).await
}

/// Control: a cluster that answers before its log is on disk loses what it answered.
async fn lazy_commits(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let lazy = ["synchronous_commit=off", "wal_writer_delay=10000", "wal_writer_flush_after=2GB"];
    let cluster = Cluster::copy(stage, &pg_data(stage).await?, None, &lazy)?;
    cluster.start().await?;
    let url = cluster.url("books");
    let mut lost = 0;
    for round in 0..3 {
        let mut load = Load::of(&url, &format!("lazy{round}"), 32, Manner::Honest)?;
        load.wait_for(300, PATIENCE).await?;
        cluster.kill()?;
        let tally = load.kill()?;
        cluster.start().await?;
        lost += inv::check(&url, &tally).await?.lost;
        if lost > 0 {
            break;
        }
    }
    sheet.must(
        lost > 0,
        "CONTROL: synchronous_commit=off lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (synchronous_commit=off): lost {lost}"));
    Ok(())
}

pub(crate) async fn pg_data(stage: &Stage) -> Result<std::path::PathBuf, Fail> {
    let base = load::base(stage).await?;
    Ok(base.pg_data.clone().ok_or("LACKING: PostgreSQL's server (initdb, postgres)")?)
}

pub(crate) async fn busy_backends(cluster: &Cluster) -> Result<Vec<u32>, Fail> {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    let db = cluster.connect("postgres").await?;
    let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'xiaoqu'
               ORDER BY (state = 'active') DESC, xact_start NULLS LAST";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    db.close().await?;
    let pid = |row: &sea_orm::QueryResult| Ok(row.try_get_by_index::<i32>(0)?.unsigned_abs());
    rows.iter().map(pid).collect()
}

/// A fault of the storage is told as one, and nobody is blamed for it.
pub(crate) fn only_storage(tally: &Tally, sheet: &Sheet) {
    let fit = ["storage.unreachable", "storage.unknown-outcome", "storage.full"];
    for (code, sample) in &tally.samples {
        sheet.must(fit.contains(&code.as_str()), format!("an unfit code: {sample}"));
    }
}

// ---- 9, 11: connections ------------------------------------------------------------------------------------------

pub(crate) async fn connections_cut(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let shared = cluster::shared(&stage).await?;
    let name = shared.books(&stage).await?;
    let url = shared.url(&name);
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = '{name}' AND application_name = 'xiaoqu'"
    );
    let mut load = Load::of(&url, "c", 32, Manner::Honest)?;
    load.wait_for(200, PATIENCE).await?;
    let cuts = stage.rounds * 5;
    for _ in 0..cuts {
        shared.run("postgres", &cut).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let last_cut = Instant::now();
    load.wait_for(500, PATIENCE).await?;
    let healed = load.look(|t| t.last_error);
    let healed = healed.map_or(0.0, |at| at.saturating_duration_since(last_cut).as_secs_f64());
    let tally = load.stop(PATIENCE).await?;
    sheet.says(format!("cuts {cuts}, seconds of errors after the last {healed:.2}"));
    sheet.must(healed < 5.0, "the pool does not heal");
    sheet.says(format!("errors told: {}", tally.errors()));
    sheet.must(!tally.codes.is_empty(), "no cut was felt, so nothing was tried");
    only_storage(&tally, &sheet);
    settle(&url, &tally, &sheet).await?;

    let load = Load::of(&url, "liar", 32, Manner::Early)?;
    let mut lost = 0;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        shared.run("postgres", &cut).await?;
    }
    let tally = load.stop(PATIENCE).await?;
    lost += inv::check(&url, &tally).await?.lost;
    sheet.must(
        lost > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost}"));
    Ok(())
}

pub(crate) async fn database_restarted(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let cluster = Cluster::copy(&stage, &pg_data(&stage).await?, None, &[])?;
    cluster.start().await?;
    let url = cluster.url("books");
    let mut load = Load::of(&url, "s", 32, Manner::Honest)?;
    load.wait_for(200, PATIENCE).await?;
    let restarts = stage.rounds.div_ceil(2);
    let mut back = Vec::new();
    for _ in 0..restarts {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let from = Instant::now();
        cluster.stop("fast")?;
        cluster.start().await?;
        load.wait_for(1, PATIENCE).await?;
        back.push(from.elapsed().as_secs_f64());
    }
    let tally = load.stop(PATIENCE).await?;
    sheet.says(format!(
        "restarts {restarts}, seconds from stop to first success {}",
        spread(&mut back)
    ));
    sheet.says(format!("errors told: {}", tally.errors()));
    sheet.must(!tally.codes.is_empty(), "no restart was felt, so nothing was tried");
    only_storage(&tally, &sheet);
    settle(&url, &tally, &sheet).await?;

    let mut load = Load::of(&url, "liar", 32, Manner::Early)?;
    load.wait_for(100, PATIENCE).await?;
    cluster.stop("fast")?;
    cluster.start().await?;
    let tally = load.stop(PATIENCE).await?;
    let lost = inv::check(&url, &tally).await?.lost;
    sheet.must(
        lost > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost}"));
    Ok(())
}
