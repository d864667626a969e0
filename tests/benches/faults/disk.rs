//! Rows 5 to 8: the disk is full, or fails.
//!
//! `strace` fails a call of one process without a change to it. It counts per thread, so "the k-th write" is the k-th of
//! the thread that owns SQLite's writing connection; a run counts as hit when its log says `(INJECTED)`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::books::Books;
use ledger::id::CompoundId;
use ledger::journal::{self, AsOf, Book};

use crate::cluster::Cluster;
use crate::crash::{busy_backends, only_storage, pg_data, settle, sqlite_is_sound};
use crate::load::{self, Load, Manner, Tally};
use crate::stage::{Stage, need, signal};
use crate::{Fail, Sheet, inv};

const PATIENCE: Duration = Duration::from_secs(60);

/// Fills a disk to the last byte; the file is the ballast to drop again.
fn fill(disk: &Path) -> Result<PathBuf, Fail> {
    let path = disk.join("ballast");
    let mut file = std::fs::File::create(&path)?;
    for size in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    Ok(path)
}

/// Waits until so many errors more than now were told.
async fn wait_for_errors(load: &Load, errors: u64, patience: Duration) -> Result<(), Fail> {
    let count = |t: &Tally| t.codes.values().sum::<u64>();
    let target = load.look(count) + errors;
    let end = Instant::now() + patience;
    while load.look(count) < target {
        if Instant::now() > end {
            return Err(format!("no {errors} errors in {patience:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// A reading goes on, or fails cleanly and soon.
async fn reading(books: &Books) -> String {
    let read = async {
        let mut view = books.read().await?;
        journal::trial_balance(&mut view, CompoundId(1), Book::Fund, AsOf::default()).await
    };
    match tokio::time::timeout(Duration::from_secs(20), read).await {
        Ok(Ok(_)) => "goes on".to_owned(),
        Ok(Err(error)) => error.code().to_owned(),
        Err(_) => "hangs".to_owned(),
    }
}

// ---- 5 -----------------------------------------------------------------------------------------------------------

pub(crate) async fn postgres_full(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let disk = stage.small_disk("disk", 256)?;
    let settings = ["max_wal_size=64MB", "min_wal_size=32MB", "wal_recycle=off"];
    let cluster = Cluster::copy(&stage, &pg_data(&stage).await?, Some(&disk.path), &settings)?;
    cluster.start().await?;
    let url = cluster.url("books");
    let books = Books::open(&url).await?;
    let mut load = Load::of(&url, "d", 32, Manner::Honest)?;
    load.wait_for(300, PATIENCE).await?;
    let mut back = Vec::new();
    let mut reads = Vec::new();
    let mut crashes = 0;
    for _ in 0..2 {
        let ballast = fill(&disk.path)?;
        wait_for_errors(&load, 30, PATIENCE).await?;
        reads.push(reading(&books).await);
        std::fs::remove_file(ballast)?;
        let from = Instant::now();
        // A server that could not write its log has stopped; whoever made room starts it again.
        if !cluster.answers().await {
            crashes += 1;
            tokio::time::sleep(Duration::from_millis(500)).await;
            if !cluster.answers().await {
                drop(cluster.stop("immediate"));
                cluster.start().await?;
            }
        }
        load.wait_for(200, PATIENCE).await?;
        back.push(format!("{:.2}", from.elapsed().as_secs_f64()));
    }
    let tally = load.stop(PATIENCE).await?;
    sheet.says(format!("filled 2 times, errors told: {}", tally.errors()));
    sheet.says(format!(
        "reading meanwhile: {}; the server went down {crashes} times",
        reads.join(", ")
    ));
    sheet.must(!reads.contains(&"hangs".to_owned()), "a reading hangs");
    sheet.says(format!("seconds from room to 200 acts {}", back.join(", ")));
    sheet.must(!tally.codes.is_empty(), "the full disk was not felt");
    only_storage(&tally, &sheet);
    books.close().await?;
    settle(&url, &tally, &sheet).await?;

    let mut load = Load::of(&url, "liar", 32, Manner::Early)?;
    load.wait_for(100, PATIENCE).await?;
    let ballast = fill(&disk.path)?;
    load.wait_for(2000, PATIENCE).await?;
    let tally = load.kill()?;
    std::fs::remove_file(ballast)?;
    if !cluster.answers().await {
        drop(cluster.stop("immediate"));
        cluster.start().await?;
    }
    let lost = inv::check(&url, &tally).await?.lost;
    sheet.must(
        lost > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost}"));
    drop(cluster);
    Ok(())
}

// ---- 6 -----------------------------------------------------------------------------------------------------------

pub(crate) async fn sqlite_full(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let disk = stage.small_disk("disk", 24)?;
    let url = load::sqlite_copy(&stage, &disk.path).await?;
    let books = Books::open(&url).await?;
    let mut load = Load::of(&url, "d", 32, Manner::Honest)?;
    load.wait_for(200, PATIENCE).await?;
    let mut back = Vec::new();
    let mut reads = Vec::new();
    for _ in 0..2 {
        let ballast = fill(&disk.path)?;
        if wait_for_errors(&load, 30, Duration::from_secs(15)).await.is_err() {
            sheet.must(false, "on a full disk, acts are answered as if there were room");
        }
        reads.push(reading(&books).await);
        std::fs::remove_file(ballast)?;
        let from = Instant::now();
        if load.wait_for(50, Duration::from_secs(20)).await.is_err() {
            let told = load.look(|t| format!("{:?}", t.samples));
            sheet.must(
                false,
                format!("with room again, the same process does not act again: {told}"),
            );
            break;
        }
        back.push(format!("{:.2}", from.elapsed().as_secs_f64()));
    }
    let tally = load.stop(PATIENCE).await?;
    sheet.says(format!("filled 2 times, errors told: {}", tally.errors()));
    sheet.says(format!("reading meanwhile: {}", reads.join(", ")));
    sheet.must(!reads.contains(&"hangs".to_owned()), "a reading hangs");
    sheet.says(format!("seconds from room to 50 acts {}", back.join(", ")));
    sheet.must(tally.codes.contains_key("storage.full"), "nobody was told that the disk is full");
    only_storage(&tally, &sheet);
    books.close().await?;
    settle(&url, &tally, &sheet).await?;
    sqlite_is_sound(&url, &sheet)?;

    let ballast = fill(&disk.path)?;
    let mut load = Load::of(&url, "liar", 32, Manner::Early)?;
    drop(load.wait_for(2000, Duration::from_secs(20)).await);
    let tally = load.kill()?;
    std::fs::remove_file(ballast)?;
    let lost = inv::check(&url, &tally).await?.lost;
    sheet.must(
        lost > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost}"));
    export_full(&stage, &sheet).await
}

/// `xiaoqu export --out` to a disk with no room: nothing stands under the final name.
async fn export_full(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let target = std::env::current_exe()?;
    let target = target.ancestors().find(|dir| dir.ends_with("target")).map(Path::to_path_buf);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let found = ["release", "debug"].map(|profile| target.join(profile).join("xiaoqu"));
    let Some(xiaoqu) = found.into_iter().find(|path| {
        let help = Command::new(path).args(["export", "--help"]).stdin(Stdio::null()).output();
        help.is_ok_and(|h| {
            h.status.success() && String::from_utf8_lossy(&h.stdout).contains("--out")
        })
    }) else {
        sheet.says("export: NOT CHECKED, no built xiaoqu has `export --out`");
        return Ok(());
    };
    let url = load::sqlite_copy(stage, &stage.folder("row")?).await?;
    let load = Load::under(&[], &url, "x", 16, 3000, Manner::Honest)?;
    load.ended(PATIENCE).await?;
    let disk = stage.small_disk("disk", 1)?;
    let out = disk.path.join("books.journal");
    let export = |to: &Path| {
        let mut command = Command::new(&xiaoqu);
        command.args(["--db", &url, "export", "--compound", "c1", "--book", "fund"]);
        command.args(["--format", "hledger", "--out"]).arg(to);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    let ballast = fill(&disk.path)?;
    let status = export(&out)?;
    sheet.must(!status.success(), "an export to a full disk ends well");
    sheet.must(!out.exists(), "a truncated file stands under its final name");
    let left = std::fs::read_dir(&disk.path)?.flatten().filter(|e| e.path() != ballast).count();
    sheet.must(left == 0, format!("{left} unfinished files are left"));
    // Over an older file: that one stays as it was.
    std::fs::remove_file(&ballast)?;
    std::fs::write(&out, "old")?;
    let ballast = fill(&disk.path)?;
    let status = export(&out)?;
    let kept = std::fs::read_to_string(&out)? == "old";
    sheet.must(!status.success() && kept, "an export to a full disk harmed the older file");
    std::fs::remove_file(ballast)?;
    let whole = stage.folder("row")?.join("whole.journal");
    let status = export(&whole)?;
    sheet.must(status.success() && whole.exists(), "an export with room fails");
    // Control: what a program leaves that writes straight to the name.
    let bytes = std::fs::read(&whole)?;
    let straight = disk.path.join("straight");
    drop(std::fs::write(&straight, &bytes));
    let partial = straight.metadata().is_ok_and(|m| m.len() < bytes.len() as u64);
    sheet.must(partial, "CONTROL: writing straight to the name left no truncated file");
    sheet.says("export: truncated files 0, older file kept; control (written straight to the name): truncated 1");
    Ok(())
}

// ---- 7, 8 --------------------------------------------------------------------------------------------------------

fn strace(log: &Path, rest: &[&str]) -> Vec<String> {
    let log = log.to_string_lossy();
    let head = ["strace", "-f", "-q", "-o", &log];
    head.iter().chain(rest).map(|s| (*s).to_owned()).collect()
}

fn injected(log: &Path) -> usize {
    std::fs::read_to_string(log).unwrap_or_default().matches("(INJECTED)").count()
}

pub(crate) async fn fsync_fails(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    need("strace")?;
    if stage.wants_pg() {
        fsync_postgres(&stage, &sheet).await?;
    }
    fsync_sqlite(&stage, &sheet).await
}

async fn fsync_postgres(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let cluster =
        Cluster::copy(stage, &pg_data(stage).await?, None, &["wal_sync_method=fdatasync"])?;
    cluster.start().await?;
    let url = cluster.url("books");
    let log = stage.folder("row")?.join("strace");
    let (mut hits, mut recovered) = (0, 0);
    let mut whole = Tally::default();
    for round in 0..stage.rounds.div_ceil(3) {
        let manner = Manner::Honest;
        let mut load = Load::of(&url, &format!("f{round}"), 32, manner)?;
        load.wait_for(100, PATIENCE).await?;
        let mut command = Command::new("strace");
        command.args(["-q", "-e", "trace=fdatasync", "-o"]).arg(&log);
        command.args(["-e", &format!("inject=fdatasync:error=EIO:when={}", 1 + round % 3)]);
        for pid in busy_backends(&cluster).await? {
            command.args(["-p", &pid.to_string()]);
        }
        let mut tracer =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let end = Instant::now() + Duration::from_secs(10);
        while injected(&log) == 0 && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        hits += injected(&log);
        // The backend that failed has panicked; the server recovers by itself.
        tokio::time::sleep(Duration::from_millis(300)).await;
        signal(tracer.id(), "INT");
        tracer.wait()?;
        load.wait_for(100, PATIENCE).await?;
        recovered += 1;
        whole.add(load.stop(PATIENCE).await?);
    }
    sheet.must(hits > 0, "PostgreSQL: no fsync failed");
    sheet.must(whole.codes.values().sum::<u64>() > 0, "PostgreSQL: a failed fsync was not felt");
    sheet.says(format!(
        "PostgreSQL: injected {hits}, recovered {recovered}, errors told: {}",
        whole.errors()
    ));
    only_storage(&whole, sheet);
    settle(&url, &whole, sheet).await?;
    Ok(())
}

async fn fsync_sqlite(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let folder = stage.folder("row")?;
    let (mut hits, mut resumed, mut after_crash) = (0, 0, 0);
    let mut codes = Tally::default();
    for n in 1..=stage.rounds {
        let url = load::sqlite_copy(stage, &folder).await?;
        let log = folder.join(format!("strace{n}"));
        let inject = format!("inject=fdatasync,fsync:error=EIO:when={n}");
        let wrap = strace(&log, &["-e", "trace=fdatasync,fsync", "-e", &inject]);
        let mut load = Load::under(&wrap, &url, &format!("f{n}"), 4, 0, Manner::Honest)?;
        drop(load.wait_for(60, Duration::from_secs(20)).await);
        let is_resumed = load.look(|t| t.last_ack > t.last_error && t.acks >= 60);
        resumed += usize::from(is_resumed);
        let told = load.look(|t| format!("{:?}", t.samples));
        sheet.must(
            is_resumed,
            format!(
                "SQLite: after a failed fsync ({n}) the same process does not act again: {told}"
            ),
        );
        // The tracer's child is killed with it; then whatever was on disk is read back, as after a crash.
        let tally = kill_traced(load)?;
        hits += injected(&log);
        let found = inv::check(&url, &tally).await?;
        sheet.must(found.lost == 0, format!("SQLite, fsync {n}: {} acts are lost", found.lost));
        sheet.wrong(&found.wrong);
        after_crash += found.unanswered;
        codes.add(tally.clone());
        let quiet = Sheet::default();
        settle(&url, &tally, &quiet).await?;
        sheet.wrong(&quiet.0.lock().expect("nobody panics here").1.clone());
    }
    sheet.must(hits > 0, "SQLite: no fsync failed");
    only_storage(&codes, sheet);
    sheet.says(format!(
        "SQLite: runs {}, injected {hits}, went on {resumed}, errors told: {}, unanswered and there {after_crash}",
        stage.rounds,
        codes.errors()
    ));
    died_after_failed_fsync(stage, sheet).await
}

/// A traced child is not ours to kill by its tracer's number: the tracer dies of it, and lets the child go.
fn kill_traced(load: Load) -> Result<Tally, Fail> {
    for pid in crate::stage::children(load.pid()) {
        signal(pid, "KILL");
    }
    std::thread::sleep(Duration::from_millis(50));
    load.kill()
}

/// What was told no because its fsync failed must not come back when the process dies at that moment, or must have been
/// told as unknown. Control and case in one: the early answer is lost here, the honest one is not.
async fn died_after_failed_fsync(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let folder = stage.folder("row")?;
    let mut lost = 0;
    for (manner, label) in [(Manner::Honest, "h"), (Manner::Early, "e")] {
        for n in 1..=6_u32 {
            let url = load::sqlite_copy(stage, &folder).await?;
            let log = folder.join(format!("{label}{n}"));
            // From the n-th on every fsync fails, so nothing overwrites what the failed commit left in the log.
            let inject = format!("inject=fdatasync,fsync:error=EIO:when={n}+");
            let wrap = strace(&log, &["-e", "trace=fdatasync,fsync", "-e", &inject]);
            let load = Load::under(&wrap, &url, &format!("{label}{n}"), 1, 12, manner)?;
            tokio::time::sleep(Duration::from_millis(700)).await;
            let tally = kill_traced(load)?;
            let found = inv::check(&url, &tally).await?;
            match manner {
                Manner::Honest => {
                    sheet.must(
                        found.lost == 0,
                        format!("SQLite, every fsync from {n}: {} acts are lost", found.lost),
                    );
                    sheet.wrong(&found.wrong);
                }
                Manner::Early => lost += found.lost,
            }
        }
    }
    sheet.must(
        lost > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost}"));
    Ok(())
}

pub(crate) async fn writes_fail(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    need("strace")?;
    let folder = stage.folder("row")?;
    let (mut covered, mut hit, mut failures, mut lost_by_liar) = (0_u32, 0, 0, 0);
    let mut codes = Tally::default();
    let (mut k, mut last) = (1_u32, 0);
    let from = Instant::now();
    let patience = Duration::from_secs(u64::from(stage.rounds) * 9);
    loop {
        let error = if k.is_multiple_of(2) { "ENOSPC" } else { "EIO" };
        // A single failure is mended by trying again, and only one that stays shows what a liar loses.
        let (manner, stays) = match k % 10 {
            5 => (Manner::Early, true),
            0 => (Manner::Honest, true),
            _ => (Manner::Honest, false),
        };
        let when = if stays { format!("{k}+") } else { k.to_string() };
        let (tally, url, injected) = kth_write(&stage, &folder, &when, error, manner).await?;
        if injected == 0 {
            last = k;
            break;
        }
        covered += 1;
        hit += injected;
        let found = inv::check(&url, &tally).await?;
        if manner == Manner::Early {
            lost_by_liar += found.lost;
        } else {
            let done = stays || tally.is_done && tally.keys.values().all(|s| !s.is_under_way);
            let told = (&tally.samples, &tally.told);
            sheet.must(done, format!("write {k} {error}: the run does not end: {told:?}"));
            sheet.must(found.lost == 0, format!("write {k} {error}: {} acts are lost", found.lost));
            sheet.wrong(&found.wrong);
            failures += found.lost + found.wrong.len() + usize::from(!done);
            only_storage(&tally, &sheet);
            codes.add(tally);
        }
        std::fs::remove_file(url.trim_start_matches("sqlite:"))?;
        // Every one at first; then, if there are many, a sample.
        k += if k < 60 || from.elapsed() < patience / 3 { 1 } else { 7 };
        if from.elapsed() > patience {
            break;
        }
    }
    sheet.must(covered > 20, format!("only {covered} writes were hit"));
    let end = if last > 0 {
        format!("write {last} was not reached")
    } else {
        "stopped by time".to_owned()
    };
    sheet.says(format!(
        "k covered {covered} up to {k} ({end}), injected {hit}, failures {failures}"
    ));
    sheet.says(format!("errors told: {}", codes.errors()));
    sheet.must(
        lost_by_liar > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost_by_liar}"));
    Ok(())
}

/// A run of twelve acts whose k-th write to the books' files fails, or (`k+`) every one from the k-th on.
async fn kth_write(
    stage: &Stage,
    folder: &Path,
    when: &str,
    error: &str,
    manner: Manner,
) -> Result<(Tally, String, usize), Fail> {
    let url = load::sqlite_copy(stage, folder).await?;
    let path = url.trim_start_matches("sqlite:").to_owned();
    let wal = format!("{path}-wal");
    let log = folder.join("strace");
    let inject = format!("inject=pwrite64,write:error={error}:when={when}");
    let trace = ["-e", "trace=pwrite64,write", "-P", &path, "-P", &wal, "-e", &inject];
    let load = Load::under(&strace(&log, &trace), &url, "w", 2, 12, manner)?;
    let patience = if when.ends_with('+') { 600 } else { 20_000 };
    let end = Instant::now() + Duration::from_millis(patience);
    while load.look(|t| !t.is_done && t.told.is_empty()) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_millis(2)).await;
    let tally = kill_traced(load)?;
    Ok((tally, url, injected(&log)))
}
