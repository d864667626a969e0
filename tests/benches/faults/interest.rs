//! Row 4: the run of interest is killed ten times in the middle, and the same command is given again.
//!
//! The run is the command line's own (`mode=house run interest`), in a child that is killed with -9 when so many compounds are
//! done; the judge counts entries by SQL of its own. Control: one entry posted twice past the room, which the judge must see.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ledger::books::{Actor, Books, Request, Role};
use ledger::calendar::Month;
use ledger::gains::rates::{self, NewRate};
use ledger::id::{CompoundId, DwellingNo};
use ledger::journal::{self, Book, Entry, Kind, Line};
use ledger::money::Money;
use ledger::policy::Jurisdiction;
use ledger::policy::terms::RateRef;
use ledger::property::{self, AreaKind, Founding, NewArea};

use crate::keys::both;
use crate::load::{clerk, day};
use crate::stage::{Stage, signal};
use crate::{Fail, Sheet, inv};

/// How many compounds have interest; those that stand in the books before have none, and are skipped with a reason.
const COMPOUNDS: i64 = 240;
const DWELLINGS: i32 = 100;
const PATIENCE: Duration = Duration::from_secs(120);

fn authority() -> &'static Actor {
    static AUTHORITY: LazyLock<Actor> =
        LazyLock::new(|| Actor::new("中心", Role::HousingAuthority));
    &AUTHORITY
}

/// Kills the run, goes on with it, counts.
pub(crate) async fn killed(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let (before, first) = prepared(&url).await?;
        let mut kills = 0;
        for round in 0..stage.rounds {
            let done = parts(&url).await?;
            let more = 1 + i64::try_from(
                stage.draw(u64::from(round) ^ 0x1_4E7E)
                    % u64::try_from(COMPOUNDS / 3 / i64::from(stage.rounds.max(1)))?.max(1),
            )?;
            let mut child = child(&url)?;
            let from = Instant::now();
            while parts(&url).await? < done + more && child.try_wait()?.is_none() {
                if from.elapsed() > PATIENCE {
                    return Err("the run does not get on".into());
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            tokio::time::sleep(Duration::from_millis(stage.draw(u64::from(round)) % 5)).await;
            if child.try_wait()?.is_none() {
                signal(child.id(), "KILL");
                kills += 1;
            }
            child.wait()?;
            let judged = judge(&url, first).await?;
            sheet.must(
                judged.doubled == 0,
                format!("{name}, kill {kills}: {} doubled", judged.doubled),
            );
        }
        let before_last = parts(&url).await?;
        let from = Instant::now();
        let status = child(&url)?.wait()?;
        let resumed = from.elapsed().as_secs_f64();
        // Skipped compounds are told by the exit code.
        sheet.must(status.code() == Some(1), format!("{name}: the last run ended with {status}"));
        let judged = judge(&url, first).await?;
        let fair = COMPOUNDS * i64::from(DWELLINGS);
        sheet.must(kills > 0, format!("{name}: nothing was killed"));
        sheet.must(judged.entries == fair, format!("{name}: {} entries of {fair}", judged.entries));
        sheet.must(judged.doubled == 0, format!("{name}: {} doubled", judged.doubled));
        sheet.must(
            judged.runs == 1 && judged.sealed == 1,
            format!("{name}: {} runs, {} sealed", judged.runs, judged.sealed),
        );
        let expected = COMPOUNDS + before;
        sheet.must(
            judged.parts == expected,
            format!("{name}: {} parts of {expected}", judged.parts),
        );
        let books = Books::open(&url).await?;
        for law in ledger::verify::verify(&books, None).await?.iter().filter(|law| law.failed > 0) {
            sheet.must(false, format!("{name}: verify: {} {:?}", law.name, law.first));
        }
        sheet.says(format!(
            "{name}: {kills} kills, entries {} of {fair}, doubled {}, missing {}; {before_last} of {expected} parts stood, the rest in {:.2} s",
            judged.entries,
            judged.doubled,
            fair - judged.entries,
            resumed
        ));
        control(&books, &url, first, name, &sheet).await?;
        books.close().await?;
    }
    Ok(())
}

struct Judged {
    entries: i64,
    doubled: i64,
    runs: i64,
    sealed: i64,
    parts: i64,
}

async fn judge(url: &str, first: CompoundId) -> Result<Judged, Fail> {
    let postings = format!(
        "FROM posting WHERE compound_id >= {first} AND book = 1 AND account = 3001 AND side = -1
           AND dwelling_no > 0 AND effective_on = '2025-06-30'"
    );
    // One question each: a commit of the killed may still arrive between two.
    let grouped = format!("(SELECT count(*) AS n {postings} GROUP BY compound_id, dwelling_no) d");
    let doubled = format!("SELECT CAST(COALESCE(sum(n - 1), 0) AS BIGINT) FROM {grouped}");
    Ok(Judged {
        entries: inv::count(url, &format!("SELECT count(*) FROM {grouped}")).await?,
        doubled: inv::count(url, &doubled).await?,
        runs: inv::count(url, "SELECT count(*) FROM gain_run").await?,
        sealed: inv::count(url, "SELECT count(*) FROM gain_manifest").await?,
        parts: parts(url).await?,
    })
}

async fn parts(url: &str) -> Result<i64, Fail> {
    inv::count(url, "SELECT count(*) FROM gain_part").await
}

fn child(url: &str) -> Result<Child, Fail> {
    crate::stage::need("setpriv")?;
    let program: PathBuf = std::env::current_exe()?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command.args(["mode=house", "--db", url, "run", "interest", "--year", "2025", "--json"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command.spawn()?)
}

/// One entry twice, posted past the room: the judge must see it.
async fn control(
    books: &Books,
    url: &str,
    first: CompoundId,
    name: &str,
    sheet: &Sheet,
) -> Result<(), Fail> {
    let amount = Money::fen(1);
    let entry = Entry {
        book: Book::Fund,
        effective_on: day("2025-06-30"),
        kind: Kind::Gains,
        memo: "again".to_owned(),
        source: "fault".to_owned(),
        evidence: String::new(),
        lines: vec![Line::debit(310_101, amount), Line::credit(3001, amount).of(DwellingNo(1))],
    };
    let request = Request::describing("fault.again", entry, serde_json::Value::Null);
    let posted = books.act(clerk(), first, request, |tx, entry: &Entry| {
        Box::pin(journal::post(tx, entry.clone()))
    });
    posted.await?;
    let judged = judge(url, first).await?;
    sheet.must(judged.doubled == 1, format!("CONTROL, {name}: an entry twice was not seen"));
    Ok(())
}

/// Compounds with money and gains, in a place whose law reckons interest; how many compounds stood before, and the first of ours.
async fn prepared(url: &str) -> Result<(i64, CompoundId), Fail> {
    let before = inv::count(url, "SELECT count(*) FROM compound WHERE compound_id > 0").await?;
    let books = Books::open(url).await?;
    let mut above: Option<String> = None;
    for (kind, code) in [
        (AreaKind::City, "3301"),
        (AreaKind::District, "330199"),
        (AreaKind::Street, "330199001"),
        (AreaKind::Community, "330199001001"),
    ] {
        let parent = above.replace(code.into());
        let area = NewArea { kind, code: code.into(), name: code.into(), parent };
        let request = Request::new("property.draw-area", area);
        let drawn = books.act(authority(), CompoundId::OFFICE, request, |tx, area| {
            Box::pin(property::draw_area(tx, area))
        });
        drawn.await?;
    }
    for (kind, percent) in [(RateRef::Demand, "0.36"), (RateRef::ThreeMonths, "1.71")] {
        let new = NewRate {
            jurisdiction: Jurisdiction::nation(),
            kind,
            effective_from: day("2020-01-01"),
            percent: percent.to_owned(),
            source: "fault".to_owned(),
            corrects: String::new(),
        };
        let request = Request::new("gains.set-rate", new);
        let set = books.act(authority(), CompoundId::OFFICE, request, |tx, new| {
            Box::pin(rates::set_rate(tx, new))
        });
        set.await?;
    }
    let mut first = None;
    for i in 0..COMPOUNDS {
        let founding = Founding {
            code: format!("i{i}"),
            name: format!("小区{i}"),
            address: String::new(),
            area: Some("330199001001".to_owned()),
        };
        let request = Request::new("property.found", founding);
        let found = books.act(authority(), CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        });
        let compound = found.await?.answer;
        first.get_or_insert(compound);
        endow(&books, compound).await?;
    }
    books.close().await?;
    Ok((before, first.ok_or("a compound")?))
}

async fn endow(books: &Books, compound: CompoundId) -> Result<(), Fail> {
    let (each, gains) = (Money::fen(1_000_000), Money::fen(2_000_000_000));
    let whole = Money::fen(1_000_000 * i64::from(DWELLINGS));
    let deposits = (1..=DWELLINGS).map(|d| Line::credit(400_101, each).of(DwellingNo(d)));
    let entry = |on: &str, lines: Vec<Line>| Entry {
        book: Book::Fund,
        effective_on: day(on),
        kind: Kind::Other,
        memo: "fault".to_owned(),
        source: "fault".to_owned(),
        evidence: String::new(),
        lines,
    };
    let entries = vec![
        entry("2024-03-01", deposits.chain([Line::debit(1001, whole)]).collect()),
        entry("2024-06-21", vec![Line::debit(1001, gains), Line::credit(410_101, gains)]),
    ];
    let request = Request::describing("fault.endow", entries, serde_json::Value::Null);
    let done = books.act(clerk(), compound, request, |tx, entries: &Vec<Entry>| {
        Box::pin(async move {
            for entry in entries {
                journal::post(tx, entry.clone()).await?;
            }
            let month =
                Month::parse("2024-06").ok_or_else(|| journal::NO_VOUCHER.refuse("a month"))?;
            journal::close(tx, Book::Fund, month).await.map(|_| ())
        })
    });
    done.await?;
    Ok(())
}
