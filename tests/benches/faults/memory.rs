//! Row 46: the house under a cgroup of 256 MB while the year report of a million postings is asked eight times at once.
//!
//! The control is the same under a cgroup too small to begin with: it must be seen to fall.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant as Moment;

use ledger::books::{Books, Request};
use ledger::calendar::{Clock, Month};
use ledger::id::{CompoundId, DwellingNo};
use ledger::journal::{self, Book, Entry, Kind, Line};
use ledger::money::Money;
use ledger::seal::KeySource;

use crate::house::{AUDITOR, Ground, House, Line as Wire};
use crate::load::{DWELLINGS, clerk, day};
use crate::stage::Stage;
use crate::{Fail, Sheet};

const ASKED: usize = 8;
const ROOM: &str = "268435456";

/// A memory cgroup of our own (v1), taken down when it is dropped.
struct Pen(PathBuf);

impl Pen {
    fn new(stage: &Stage, limit: &str) -> Result<Pen, Fail> {
        let at = Path::new("/sys/fs/cgroup/memory").join(stage.fresh("xiaoqu-faults"));
        std::fs::create_dir(&at).map_err(|e| format!("needs cgroup v1 and root: {e}"))?;
        let pen = Pen(at);
        std::fs::write(pen.0.join("memory.limit_in_bytes"), limit)?;
        Ok(pen)
    }

    fn told(&self, what: &str) -> Result<u64, Fail> {
        let text = std::fs::read_to_string(self.0.join(what))?;
        let line = text.lines().find(|line| line.starts_with("oom_kill ")).unwrap_or(&text);
        Ok(line.trim_start_matches("oom_kill ").trim().parse()?)
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        // What is still in it is ending; a directory of the kernel's that stays harms nobody.
        for _ in 0..50 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

/// A closed year of so many postings in the first compound.
async fn year(ground: &Ground) -> Result<i64, Fail> {
    let wanted: i64 = std::env::var("XIAOQU_FAULT_POSTINGS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let source = KeySource::File(ground.key_file.clone());
    let books = Books::open_keyed(&ground.url, Clock::system(), source).await?;
    let (compound, mut left) = (CompoundId(1), wanted);
    let mut number = 0_i64;
    while left > 0 {
        let lines = (0..2_000).map(|n| {
            Line::credit(400_101, Money::fen(100 + n % 7))
                .of(DwellingNo(1 + i32::try_from(n % i64::from(DWELLINGS)).unwrap_or(0)))
        });
        let mut lines: Vec<Line> = lines.collect();
        let total = lines.iter().map(|line| line.amount).sum();
        lines.push(Line::debit(1001, total));
        let entry = Entry {
            book: Book::Fund,
            effective_on: day(&format!("2025-{:02}-15", 1 + number % 12)),
            kind: Kind::Deposit,
            memo: "批量".into(),
            source: String::new(),
            evidence: String::new(),
            lines,
        };
        let request = Request::describing("journal.post", entry, serde_json::Value::Null);
        books
            .act(clerk(), compound, request, |tx, entry: &Entry| {
                Box::pin(journal::post(tx, entry.clone()))
            })
            .await?;
        (left, number) = (left - 2_001, number + 1);
    }
    for month in 1..=12 {
        let month = Month::from_number(202_500 + month).ok_or("a month")?;
        let request = Request::new("journal.close", month).alone();
        books
            .act(clerk(), compound, request, |tx, month: &Month| {
                Box::pin(journal::close(tx, Book::Fund, *month))
            })
            .await?;
    }
    books.close().await?;
    Ok(wanted)
}

pub(crate) async fn pressure(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let ground = Ground::on_sqlite(&stage).await?;
    let postings = year(&ground).await?;
    let pen = Pen::new(&stage, ROOM)?;
    let into = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", pen.0.display());
    let mut house = House::open(&stage, &ground, &["sh", "-c", &into, "sh"], &[]).await?;
    let began = Moment::now();
    let path = "/api/v1/compounds/c1/annual-notice?year=2025&format=pdf";
    let asks = (0..ASKED).map(|_| async {
        let mut line = Wire::to(house.at).await?;
        Ok::<_, Fail>(line.get(path, AUDITOR).await?.status)
    });
    let answered = futures_util::future::join_all(asks).await;
    let took = began.elapsed().as_secs_f64();
    let told: Vec<u16> = answered.into_iter().flatten().collect();
    let whole = told.iter().filter(|status| **status == 200).count();
    let busy = told.iter().filter(|status| **status == 503).count();
    let (peak, killed) =
        (pen.told("memory.max_usage_in_bytes")? / 1_000_000, pen.told("memory.oom_control")?);
    sheet.must(whole + busy == ASKED && whole > 0, format!("answers {told:?}"));
    sheet.must(killed == 0, format!("{killed} were killed for memory"));
    sheet.must(house.is_up()?, "the house fell");
    house.close().await?;

    // The control: where there is no room to begin, the kill is seen.
    let tight = Pen::new(&stage, "8388608")?;
    let into = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", tight.0.display());
    let fell = House::open(&stage, &ground, &["sh", "-c", &into, "sh"], &[]).await.is_err();
    sheet.must(fell, "CONTROL: a house lives in 8 MB");
    sheet.says(format!(
        "{postings} postings, asked {ASKED} times at once in 256 MB: {whole} whole, {busy} told 503, {took:.1} s, peak {peak} MB with the file's cache, killed {killed}; control: in 8 MB it falls"
    ));
    Ok(())
}
