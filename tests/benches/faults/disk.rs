//! Rows 5 to 8: the disk is full, or fails.
//!
//! `strace` fails a call of one process without a change to it. It counts per thread, so "the k-th write" is the k-th of
//! the thread that owns SQLite's writing connection; a run counts as hit when its log says `(INJECTED)`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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

    let mut load = Load::of(&url, "liar", 32, Manner::Early)?;
    load.wait_for(50, PATIENCE).await?;
    let ballast = fill(&disk.path)?;
    drop(load.wait_for(5000, Duration::from_secs(20)).await);
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
    let whole = stage.folder("row")?.join("whole.journal");
    let status = export(&whole)?;
    sheet.must(status.success() && whole.exists(), "an export with room fails");
    // Control: what a program leaves that writes straight to the name.
    let bytes = std::fs::read(&whole)?;
    let straight = disk.path.join("straight");
    let ballast = std::fs::OpenOptions::new().write(true).open(ballast)?;
    ballast.set_len(ballast.metadata()?.len().saturating_sub(8192))?;
    drop(std::fs::write(&straight, &bytes));
    let partial = straight.metadata().is_ok_and(|m| m.len() < bytes.len() as u64);
    sheet.must(partial, "CONTROL: writing straight to the name left no truncated file");
    sheet.says("export: truncated files 0, older file kept; control (written straight to the name): truncated 1");
    Ok(())
}

// ---- 7, 8 --------------------------------------------------------------------------------------------------------

/// `strace` on a running process and its threads, until this is dropped.
struct Tracer {
    strace: Child,
    log: PathBuf,
}

impl Tracer {
    fn attach(pids: &[u32], log: &Path, rest: &[&str]) -> Result<Tracer, Fail> {
        let mut command = Command::new("strace");
        command.arg("-f").arg("-o").arg(log).args(rest);
        for pid in pids {
            command.args(["-p", &pid.to_string()]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut strace = command.spawn()?;
        let mut told = BufReader::new(strace.stderr.take().ok_or("a tracer without a pipe")?);
        for _ in pids {
            let mut line = String::new();
            told.read_line(&mut line)?;
            if !line.contains("attached") {
                return Err(format!("strace: {line}").into());
            }
        }
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        Ok(Tracer { strace, log: log.to_owned() })
    }

    fn hits(&self) -> usize {
        injected(&self.log)
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // It lets go of what it traces and leaves.
        signal(self.strace.id(), "INT");
        drop(self.strace.wait());
    }
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
        let inject = format!("inject=fdatasync:error=EIO:when={}", 1 + round % 3);
        let pids = busy_backends(&cluster).await?;
        let tracer = Tracer::attach(&pids, &log, &["-e", "trace=fdatasync", "-e", &inject])?;
        let end = Instant::now() + Duration::from_secs(10);
        while tracer.hits() == 0 && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        hits += tracer.hits();
        // The backend that failed has panicked; the server recovers by itself.
        drop(tracer);
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
        let mut load = Load::of(&url, &format!("f{n}"), 4, Manner::Honest)?;
        load.wait_for(20, PATIENCE).await?;
        let inject = format!("inject=fdatasync,fsync:error=EIO:when={n}");
        let log = folder.join(format!("strace{n}"));
        let rest = ["-e", "trace=fdatasync,fsync", "-e", inject.as_str()];
        let tracer = Tracer::attach(&[load.pid()], &log, &rest)?;
        let end = Instant::now() + Duration::from_secs(10);
        while tracer.hits() == 0 && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        hits += tracer.hits();
        drop(tracer);
        let went_on = load.wait_for(60, Duration::from_secs(20)).await;
        resumed += usize::from(went_on.is_ok());
        let told = load.look(|t| format!("{:?}", t.samples));
        sheet.must(
            went_on.is_ok(),
            format!("SQLite: after failed fsync {n} the same process does not act again: {told}"),
        );
        // Killed, so that what is on disk is read back and not what the process knew.
        let tally = load.kill()?;
        let found = inv::check(&url, &tally).await?;
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

/// What was told no because its fsync failed must not come back when the process dies at that moment, unless it was told
/// as unknown: from some fsync on every one fails, so nothing overwrites what the failed commit left in the log.
async fn died_after_failed_fsync(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let folder = stage.folder("row")?;
    let (mut lost, mut revived, mut errors) = (0, 0, Tally::default());
    for (manner, label) in [(Manner::Honest, "h"), (Manner::Early, "e")] {
        for n in 1..=6_u32 {
            let url = load::sqlite_copy(stage, &folder).await?;
            let mut load = Load::held(&[], &url, &format!("{label}{n}"), 2, 40, manner)?;
            wait_until_ready(&load).await?;
            let inject = format!("inject=fdatasync,fsync:error=EIO:when={n}+");
            let log = folder.join(format!("{label}{n}"));
            let rest = ["-e", "trace=fdatasync,fsync", "-e", inject.as_str()];
            let tracer = Tracer::attach(&[load.pid()], &log, &rest)?;
            load.go()?;
            tokio::time::sleep(Duration::from_millis(400)).await;
            let tally = load.kill()?;
            drop(tracer);
            let found = inv::check(&url, &tally).await?;
            match manner {
                Manner::Honest => {
                    sheet.must(
                        found.lost == 0,
                        format!("SQLite, every fsync from {n}: {} acts are lost", found.lost),
                    );
                    sheet.wrong(&found.wrong);
                    revived += found.unanswered;
                    errors.add(tally);
                }
                Manner::Early => lost += found.lost,
            }
        }
    }
    sheet.says(format!(
        "SQLite, killed while every fsync fails: errors told: {}, unanswered and there {revived}",
        errors.errors()
    ));
    sheet.must(
        lost > 0,
        "CONTROL: answers before the commit lost nothing, so a loss would not be seen",
    );
    sheet.says(format!("control (answers before the commit): lost {lost}"));
    Ok(())
}

async fn wait_until_ready(load: &Load) -> Result<(), Fail> {
    let end = Instant::now() + PATIENCE;
    while load.look(|t| t.ready.is_none()) {
        if Instant::now() > end {
            return Err("a child does not open its books".into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
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
    let mut load = Load::held(&[], &url, "w", 2, 12, manner)?;
    wait_until_ready(&load).await?;
    let inject = format!("inject=pwrite64,write:error={error}:when={when}");
    let rest = [
        "-e",
        "trace=pwrite64,write",
        "-P",
        path.as_str(),
        "-P",
        wal.as_str(),
        "-e",
        inject.as_str(),
    ];
    let tracer = Tracer::attach(&[load.pid()], &log, &rest)?;
    load.go()?;
    let stays = when.ends_with('+');
    let end = Instant::now() + Duration::from_millis(if stays { 400 } else { 20_000 });
    let is_over = |t: &Tally| t.is_done || !t.told.is_empty();
    while !load.look(is_over) && (stays || tracer.hits() == 0) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    if stays {
        let tally = load.kill()?;
        return Ok((tally, url, tracer.hits()));
    }
    // Once is once: what comes after goes through.
    let hits = tracer.hits();
    drop(tracer);
    while !load.look(is_over) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let tally = load.kill()?;
    Ok((tally, url, hits.max(injected(&log))))
}
