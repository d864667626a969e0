//! Rows 21 to 25 and 28: two databases, another program, the clock, the past, the administrator, the limits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use ledger::books::{Books, Request};
use ledger::calendar::{Clock, Instant, Month};
use ledger::error::Error;
use ledger::fees::{self, Method, Payment};
use ledger::fund::{self, Deposit, DepositKind, Seen};
use ledger::id::{CompoundId, DwellingNo};
use ledger::journal::{self, AsOf, Book, Entry, Kind, Line};
use ledger::money::{Money, Rounding, Unrounded, split};
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::keys::both;
use crate::load::{self, Load, Manner, Tally, clerk, day};
use crate::stage::{Stage, need, said};
use crate::{Fail, Sheet, cluster, inv, script};

// ---- 21, 22 ------------------------------------------------------------------------------------------------------

const STEPS: u32 = 400;

fn differences(a: &script::Told, b: &script::Told) -> Vec<String> {
    // The texts first: a seal differs because some text before it does.
    let pairs = [(&a.texts, &b.texts), (&a.steps, &b.steps), (&a.balances, &b.balances)];
    let mut found = Vec::new();
    for (a, b) in pairs {
        if a.len() != b.len() {
            found.push(format!("{} against {}", a.len(), b.len()));
        }
        found.extend(
            a.iter().zip(b).filter(|(a, b)| a != b).map(|(a, b)| format!("{a}  AGAINST  {b}")),
        );
    }
    found
}

pub(crate) async fn differential(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    if !stage.wants_pg() {
        return Err("LACKING: PostgreSQL, against which SQLite is held".into());
    }
    let scripts = u64::from(stage.rounds.div_ceil(2));
    let (mut compared, mut different) = (0, 0);
    let mut codes = BTreeMap::new();
    for n in 0..scripts {
        let seed = stage.draw(n);
        let mut told = Vec::new();
        for (name, url) in both(&stage).await? {
            let one = script::play(&url, seed, STEPS, false).await?;
            let found = inv::check(&url, &Tally::default()).await?;
            sheet.wrong(
                &found
                    .wrong
                    .iter()
                    .map(|w| format!("{name}, seed {seed}: {w}"))
                    .collect::<Vec<_>>(),
            );
            let mut wrong = Vec::new();
            inv::verified(&url, &mut wrong).await?;
            sheet.wrong(&wrong);
            told.push(one);
        }
        for (code, count) in &told[0].codes {
            *codes.entry(code.clone()).or_insert(0) += count;
        }
        let failures: Vec<&String> = told.iter().flat_map(|t| &t.failures).collect();
        sheet.must(failures.is_empty(), format!("seed {seed}: refused by no rule: {failures:?}"));
        let found = differences(&told[0], &told[1]);
        compared += told[0].steps.len() + told[0].balances.len() + told[0].texts.len();
        different += found.len();
        sheet.must(
            found.is_empty(),
            format!(
                "seed {seed}: {} differences, first: {}",
                found.len(),
                found.first().map_or("", |f| f)
            ),
        );
    }
    sheet.says(format!(
        "scripts {scripts} of {STEPS} acts, things compared {compared}, differences {different}"
    ));
    let accepted = codes.remove("accepted").unwrap_or(0);
    sheet.says(format!(
        "accepted {accepted}, refused {} by {} rules",
        codes.values().sum::<u32>(),
        codes.len()
    ));

    let urls = both(&stage).await?;
    let seed = stage.draw(0);
    let mut told = Vec::new();
    for (i, (_, url)) in urls.iter().enumerate() {
        // The entry that is bent must be one that the script posts, so the control is a script of another bend.
        told.push(script::play(url, seed ^ u64::from(i > 0), STEPS, false).await?);
    }
    let found = differences(&told[0], &told[1]).len();
    sheet.must(found > 0, "CONTROL: a script of another seed was not told apart");
    sheet.says(format!("control (another script on PostgreSQL): differences {found}"));
    Ok(())
}

pub(crate) async fn oracle(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    need("hledger")?;
    let folder = stage.folder("row")?;
    let (mut compared, mut different) = (0, 0);
    for (name, url) in both(&stage).await? {
        let told = script::play(&url, stage.draw(100), STEPS, false).await?;
        let ours = kept_balances(&url).await?;
        let path = folder.join(format!("{name}.journal"));
        std::fs::write(&path, journal_file(&told.texts))?;
        let file = path.to_string_lossy().into_owned();
        if let Err(error) = said("hledger", &["-f", &file, "check", "-s"]) {
            sheet.must(false, format!("{name}: {error}"));
        }
        let theirs = hledger_balances(&file)?;
        compared += ours.len();
        let wrong: Vec<String> = unequal(&ours, &theirs);
        different += wrong.len();
        sheet.wrong(&wrong);

        if name == "SQLite" {
            // Controls: one fen on one line, and one fen on both of two lines.
            let text = journal_file(&told.texts);
            let fund =
                text.lines().find(|l| l.contains("fund:1001  ")).ok_or("a line of the bank")?;
            let bent =
                text.replacen(fund, &fund.replace(" CNY", "9 CNY").replacen(".", "1.", 1), 1);
            std::fs::write(&path, bent)?;
            let refused = said("hledger", &["-f", &file, "check", "-s"]).is_err();
            let line = text
                .lines()
                .find(|l| l.starts_with("    fund:400101:"))
                .ok_or("a dwelling's line")?;
            let moved = text.replacen(line, &line.replace("fund:400101:", "fund:400101:9"), 1);
            std::fs::write(&path, moved)?;
            let seen = unequal(&ours, &hledger_balances(&file)?).len();
            sheet.must(refused, "CONTROL: hledger took an unbalanced entry");
            sheet.must(seen > 0, "CONTROL: an amount under another dwelling was not seen");
            sheet.says(format!(
                "control: unbalanced entry refused, moved amount seen in {seen} balances"
            ));
        }
    }
    sheet.says(format!("balances compared {compared}, differences {different}"));
    Ok(())
}

/// The canonical texts, with the declarations that strictness asks for.
fn journal_file(texts: &[String]) -> String {
    let mut accounts: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.starts_with("    ") && !line.starts_with("    ;"))
        .filter_map(|line| line.trim_start().split("  ").next())
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut file = String::from("decimal-mark .\ncommodity 1000.00 CNY\n");
    for account in accounts {
        let _ = writeln!(file, "account {account}");
    }
    for text in texts {
        file.push('\n');
        file.push_str(text);
    }
    file
}

async fn kept_balances(url: &str) -> Result<BTreeMap<String, i128>, Fail> {
    let db = inv::back_door(url).await?;
    let sql =
        "SELECT book, account, dwelling_no, matter_no, debit_fen - credit_fen AS fen FROM balance
               WHERE compound_id = 1 AND debit_fen <> credit_fen";
    let mut balances = BTreeMap::new();
    for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await? {
        let book: i16 = row.try_get("", "book")?;
        let number = |name: &str| row.try_get::<i32>("", name);
        let mut name = format!(
            "{}:{}",
            ["fund", "revenue", "service", "grant"][usize::try_from(book)? - 1],
            number("account")?
        );
        let (dwelling, matter) = (number("dwelling_no")?, number("matter_no")?);
        if dwelling > 0 || matter > 0 {
            let _ = write!(name, ":{dwelling}");
        }
        if matter > 0 {
            let _ = write!(name, ":{matter}");
        }
        balances.insert(name, i128::from(row.try_get::<i64>("", "fen")?));
    }
    db.close().await?;
    Ok(balances)
}

fn hledger_balances(file: &str) -> Result<BTreeMap<String, i128>, Fail> {
    let csv = said("hledger", &["-f", file, "balance", "--flat", "--no-total", "-O", "csv"])?;
    let mut balances = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let plain = line.replace('"', "");
        let (name, amount) = plain.split_once(',').ok_or("a balance")?;
        let digits = amount.trim_end_matches(" CNY").replace(['.', ','], "");
        balances.insert(name.to_owned(), digits.parse()?);
    }
    Ok(balances)
}

fn unequal(ours: &BTreeMap<String, i128>, theirs: &BTreeMap<String, i128>) -> Vec<String> {
    let names = ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
    let pair = |name: &String| (ours.get(name).copied(), theirs.get(name).copied());
    names.filter(|n| pair(n).0 != pair(n).1).map(|n| format!("{n}: {:?}", pair(n))).collect()
}

// ---- 23 ----------------------------------------------------------------------------------------------------------

fn deposit_entry(on: &str, fen: i64, mark: &str) -> Entry {
    let amount = Money::fen(fen);
    Entry {
        book: Book::Fund,
        effective_on: day(on),
        kind: Kind::Deposit,
        memo: "交存".to_owned(),
        source: "fault suite".to_owned(),
        evidence: mark.to_owned(),
        lines: vec![Line::debit(1001, amount), Line::credit(400_101, amount).of(DwellingNo(1))],
    }
}

async fn post(books: &Books, compound: i32, entry: Entry) -> Result<journal::Posted, Error> {
    let request = Request::describing("journal.post", entry, serde_json::Value::Null);
    let done = books.act(clerk(), CompoundId(compound), request, |tx, entry: &Entry| {
        Box::pin(journal::post(tx, entry.clone()))
    });
    Ok(done.await?.answer)
}

/// Rows in which a later number has an earlier time.
async fn backwards(url: &str) -> Result<i64, Fail> {
    let mut all = 0;
    for (table, per, no) in
        [("voucher", "compound_id, book", "seq"), ("act", "compound_id", "act_no")]
    {
        let sql = format!(
            "SELECT count(*) FROM (SELECT recorded_at, lag(recorded_at) OVER (PARTITION BY {per} ORDER BY {no}) AS earlier
             FROM {table}) x WHERE earlier > recorded_at"
        );
        all += inv::count(url, &sql).await?;
    }
    Ok(all)
}

pub(crate) async fn clocks(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    need("faketime")?;
    for (name, url) in both(&stage).await? {
        // A child whose whole machine has another time.
        let mut shown = Vec::new();
        for (i, jump) in ["+0d", "-1d", "+400d", "-1d", "+0d"].iter().enumerate() {
            let wrap = ["faketime".to_owned(), "-f".to_owned(), (*jump).to_owned()];
            let load = Load::under(&wrap, &url, &format!("jump{i}"), 8, 60, Manner::Honest)?;
            let tally = load.ended(Duration::from_secs(60)).await?;
            let acked = tally.acked().count();
            sheet.must(
                acked == 60,
                format!("{name} {jump}: {acked} of 60 acts; {:?}", tally.samples),
            );
            let told = said("faketime", &["-f", jump, "date", "+%s"])?;
            shown.push(told.parse::<i64>()?);
            let found = inv::check(&url, &tally).await?;
            sheet.wrong(&found.wrong);
        }
        let against = backwards(&url).await?;
        sheet.must(against == 0, format!("{name}: {against} rows go back in time"));
        let raw = shown.windows(2).filter(|w| w[1] < w[0]).count();
        sheet.must(raw > 0, format!("CONTROL, {name}: the clock did not go back"));
        let ahead = i64::try_from(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs(),
        )?;
        let sql = format!("SELECT count(*) FROM act WHERE recorded_at > {}", ahead + 86_400 * 300);
        let future = inv::count(&url, &sql).await?;
        sheet.must(future > 0, format!("CONTROL, {name}: no act saw the jump"));
        sheet.says(format!(
            "{name}: acts under 5 clocks 300, rows out of order {against}; control: the clocks themselves went back {raw} times, {future} acts saw +400 days"
        ));
        year_end(&url, name, &sheet).await?;
    }
    Ok(())
}

async fn year_end(url: &str, name: &str, sheet: &Sheet) -> Result<(), Fail> {
    // Compound 8 was not touched by a jump if its last act is the founding: a world of its own is surer.
    let clock =
        Clock::standing_at(Instant::parse("2035-12-31T23:59:59+08:00").ok_or("an instant")?);
    let books = Books::open_with(url, clock.clone()).await?;
    let last = post(&books, 8, deposit_entry("2035-12-31", 100, "eve")).await?;
    let early = post(&books, 8, deposit_entry("2036-01-01", 100, "early")).await;
    sheet.must(
        early.as_ref().is_err_and(|e| e.code() == "journal.future-day"),
        format!("{name}: tomorrow's day at 23:59:59: {early:?}"),
    );
    clock.set(Instant::parse("2036-01-01T00:00:00+08:00").ok_or("an instant")?);
    let first = post(&books, 8, deposit_entry("2036-01-01", 100, "new year")).await?;
    sheet.must(
        last.year == 2035 && first.year == 2036 && first.number == 1,
        format!("{name}: {last} then {first}"),
    );
    clock.set(Instant::parse("2036-02-29T12:00:00+08:00").ok_or("an instant")?);
    let leap = post(&books, 8, deposit_entry("2036-02-29", 100, "leap")).await?;
    sheet.must(leap.number == first.number + 1, format!("{name}: {first} then {leap}"));
    let month = Month::parse("2036-01").ok_or("a month")?;
    let close = async |month: Month| {
        let request = Request::new("journal.close", month);
        books
            .act(clerk(), CompoundId(8), request, |tx, month| {
                Box::pin(journal::close(tx, Book::Fund, *month))
            })
            .await
    };
    let early = close(Month::parse("2036-02").ok_or("a month")?).await;
    sheet.must(
        early.is_err_and(|e| e.code() == "journal.month-not-ended"),
        format!("{name}: February closed on its last day"),
    );
    close(month).await?;
    // Back before the close: the month is closed all the same, and the fact goes into the first open one, as late.
    clock.set(Instant::parse("2036-01-15T12:00:00+08:00").ok_or("an instant")?);
    let late = post(&books, 8, deposit_entry("2036-01-15", 100, "late")).await?;
    let mut view = books.read().await?;
    let voucher =
        journal::find(&mut view, CompoundId(8), Book::Fund, late.year, late.number).await?;
    let voucher = voucher.ok_or("the late voucher")?;
    sheet.must(
        voucher.is_late() && voucher.period == month.next(),
        format!("{name}: {} of {}", late, voucher.period),
    );
    drop(view);
    books.close().await?;
    let found = inv::check(url, &Tally::default()).await?;
    sheet.wrong(&found.wrong);
    let against = backwards(url).await?;
    sheet
        .must(against == 0, format!("{name}: {against} rows go back in time after the year's end"));
    sheet.says(format!("{name}: year's end, leap day and a closed month as the calendar says"));
    Ok(())
}

// ---- 24 ----------------------------------------------------------------------------------------------------------

const ATTEMPTS: [&str; 26] = [
    "UPDATE posting SET amount_fen = amount_fen + 1 WHERE compound_id = 1",
    "UPDATE posting SET dwelling_no = 2 WHERE compound_id = 1",
    "DELETE FROM posting WHERE compound_id = 1 AND line = 2",
    "DELETE FROM posting",
    "UPDATE voucher SET memo = '改' WHERE compound_id = 1",
    "UPDATE voucher SET effective_on = '2025-01-01' WHERE compound_id = 1",
    "UPDATE voucher SET recorded_at = 0",
    "UPDATE voucher SET prev_hash = hash, hash = prev_hash",
    "DELETE FROM voucher WHERE compound_id = 1 AND seq = 1",
    "DELETE FROM voucher",
    "UPDATE act SET actor = '别人'",
    "UPDATE act SET request = '{}'",
    "DELETE FROM act",
    "UPDATE once SET act_no = 1",
    "DELETE FROM once",
    "UPDATE period_close SET period = 202501",
    "DELETE FROM period_close",
    "UPDATE period_balance SET debit_fen = 0",
    "DELETE FROM period_balance",
    "DELETE FROM deposit",
    "UPDATE deposit SET amount_fen = 1",
    "UPDATE bill SET amount_fen = 1",
    "UPDATE payment SET amount_fen = 1",
    "UPDATE matter SET name = '改'",
    "INSERT INTO posting (compound_id, book, side, seq, line, account, dwelling_no, matter_no, effective_on, amount_fen)
     SELECT compound_id, book, side, seq, line + 100, account, dwelling_no, matter_no, effective_on, amount_fen FROM posting",
    "INSERT INTO voucher SELECT compound_id, book, seq + 1000, year, number + 1000, period, effective_on, recorded_at, act_no,
       line_count, is_red, reverses_seq, transfer_no, kind, memo, source, evidence, prev_hash, hash FROM voucher",
];

/// A whole and well-linked voucher for a month that is closed; `{}` is the hash of the last.
fn into_closed(backend: DbBackend) -> Vec<String> {
    let posting = |line: i32, side: i32, account: i32, dwelling: i32| {
        format!(
            "(1, 1, {side}, (SELECT max(seq) + 1 FROM voucher WHERE compound_id = 1 AND book = 1), {line}, {account}, {dwelling}, 0, '2026-01-05'{}, 100)",
            if backend == DbBackend::Postgres { "::date" } else { "" }
        )
    };
    let columns = "(compound_id, book, side, seq, line, account, dwelling_no, matter_no, effective_on, amount_fen)";
    let lines = format!("{}, {}", posting(1, 1, 1001, 0), posting(2, -1, 400_101, 1));
    let head = "SELECT 1, 1, max(seq) + 1, 2026, max(number) + 1, 202601, '2026-01-05'{day}, max(recorded_at), 1, 2, 0, NULL, NULL,
                'deposit', 'x', '', '', (SELECT hash FROM voucher WHERE compound_id = 1 AND book = 1 ORDER BY seq DESC LIMIT 1),
                (SELECT hash FROM voucher WHERE compound_id = 1 AND book = 1 ORDER BY seq DESC LIMIT 1)
                FROM voucher WHERE compound_id = 1 AND book = 1";
    match backend {
        DbBackend::Postgres => vec![format!(
            "WITH p AS (INSERT INTO posting {columns} VALUES {lines}) INSERT INTO voucher {}",
            head.replace("{day}", "::date")
        )],
        _ => vec![
            format!("INSERT INTO posting {columns} VALUES {lines}"),
            format!("INSERT INTO voucher {}", head.replace("{day}", "")),
        ],
    }
}

pub(crate) async fn history(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let clock =
            Clock::standing_at(Instant::parse("2026-11-05T09:00:00+08:00").ok_or("an instant")?);
        let books = Books::open_with(&url, clock).await?;
        for n in 0..20 {
            post(&books, 1, deposit_entry("2026-01-05", 100 + n, &format!("e{n}"))).await?;
        }
        let once = load::Op::of("once-1");
        once.send(&books, Some("once-1")).await?;
        let deposit = Deposit {
            dwelling_no: DwellingNo(1),
            kind: DepositKind::TopUp,
            seen: Seen::Hand { amount: Money::fen(7), received_on: day(load::DAY) },
            receipt_no: String::new(),
        };
        let request = Request::new("fund.deposit", deposit);
        books.act(clerk(), CompoundId(1), request, |tx, d| Box::pin(fund::deposit(tx, d))).await?;
        let payment = Payment {
            dwelling_no: DwellingNo(1),
            amount: Money::fen(7),
            method: Method::Cash,
            received_on: day(load::DAY),
            reference: String::new(),
            payer: String::new(),
            line_no: None,
        };
        let request = Request::new("fees.pay", payment);
        books.act(clerk(), CompoundId(1), request, |tx, p| Box::pin(fees::pay(tx, p))).await?;
        let month = Month::parse("2026-01").ok_or("a month")?;
        let close = async || {
            let request = Request::new("journal.close", month);
            books
                .act(clerk(), CompoundId(1), request, |tx, m| {
                    Box::pin(journal::close(tx, Book::Fund, *m))
                })
                .await
        };
        close().await?;
        let again = close().await;
        sheet.must(
            again.as_ref().is_err_and(|e| e.code() == "journal.month-closed"),
            format!("{name}: closed twice: {again:?}"),
        );
        let late = post(&books, 1, deposit_entry("2026-01-05", 100, "late")).await?;
        let mut view = books.read().await?;
        let found =
            journal::find(&mut view, CompoundId(1), Book::Fund, late.year, late.number).await?;
        sheet.must(
            found.is_some_and(|v| v.period > month && v.is_late()),
            format!("{name}: {late} entered a closed month"),
        );
        drop(view);
        books.close().await?;

        let (app, is_pg) = (app_url(&stage, &url).await?, url.starts_with("postgres"));
        let (mut tried, mut accepted) = (0, Vec::new());
        let db = inv::back_door(&app).await?;
        let backend = db.get_database_backend();
        let mut attempts: Vec<Vec<String>> =
            ATTEMPTS.iter().map(|a| vec![(*a).to_owned()]).collect();
        attempts.push(into_closed(backend));
        if is_pg {
            for table in [
                "voucher",
                "posting",
                "act",
                "once",
                "period_close",
                "period_balance",
                "deposit",
                "bill",
                "payment",
            ] {
                attempts.push(vec![format!("TRUNCATE {table} CASCADE")]);
            }
            attempts.push(vec!["ALTER TABLE posting DISABLE TRIGGER ALL".to_owned()]);
            attempts.push(vec!["SET session_replication_role = replica".to_owned()]);
            attempts.push(vec!["DROP TABLE posting".to_owned()]);
        }
        for attempt in &attempts {
            tried += 1;
            db.execute_unprepared("BEGIN").await?;
            let mut took = true;
            for statement in attempt {
                took &= took && db.execute_unprepared(statement).await.is_ok();
            }
            // On SQLite some guards speak at the commit.
            took &= took && db.execute_unprepared("COMMIT").await.is_ok();
            if took {
                accepted.push(attempt[0].chars().take(70).collect::<String>());
            } else {
                drop(db.execute_unprepared("ROLLBACK").await);
            }
        }
        db.close().await?;
        sheet.must(accepted.is_empty(), format!("{name}: accepted {accepted:?}"));
        let found = inv::check(&url, &Tally::default()).await?;
        sheet.wrong(&found.wrong);
        sheet.says(format!("{name}: attempts {tried}, accepted {}", accepted.len()));
        let taken = unguarded(&url).await?;
        let seen = inv::check(&url, &Tally::default()).await?.wrong.len();
        sheet.must(
            taken > 0 && seen > 0,
            format!("CONTROL, {name}: without the guards nothing was accepted or seen"),
        );
        sheet.says(format!(
            "control, {name} (guards switched off): accepted {taken} of 6, breaches seen {seen}"
        ));
    }
    Ok(())
}

/// The address for a role that may do to the tables whatever an application may be granted.
async fn app_url(stage: &Stage, url: &str) -> Result<String, Fail> {
    if url.starts_with("sqlite:") {
        return Ok(url.to_owned());
    }
    let shared = cluster::shared(stage).await?;
    let db = inv::back_door(url).await?;
    db.execute_unprepared(
        "DO $$ BEGIN CREATE ROLE app LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO app",
    )
    .await?;
    db.close().await?;
    let name = url.rsplit('/').find_map(|part| part.split_once("?host=").map(|(name, _)| name));
    let name = name.or_else(|| url.split("5432/").nth(1).and_then(|rest| rest.split('?').next()));
    Ok(shared.url_as("app", name.ok_or("a database in the address")?))
}

/// Switches the guards off, as only the owner can, and tries again.
async fn unguarded(url: &str) -> Result<usize, Fail> {
    let db = inv::back_door(url).await?;
    switch_off(&db).await?;
    let mut taken = 0;
    for attempt in [ATTEMPTS[0], ATTEMPTS[4], ATTEMPTS[6], ATTEMPTS[8], ATTEMPTS[11], ATTEMPTS[2]] {
        taken += usize::from(db.execute_unprepared(attempt).await.is_ok());
    }
    db.close().await?;
    Ok(taken)
}

async fn switch_off(db: &sea_orm::DatabaseConnection) -> Result<(), Fail> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared("SET session_replication_role = replica").await?;
        return Ok(());
    }
    let sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
    for row in db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await? {
        let name: String = row.try_get_by_index(0)?;
        db.execute_unprepared(&format!("DROP TRIGGER {name}")).await?;
    }
    db.execute_unprepared("PRAGMA foreign_keys = OFF").await?;
    Ok(())
}

// ---- 25 ----------------------------------------------------------------------------------------------------------

/// What an administrator does, what an independent check must name, what `verify` must name.
const TAMPERS: [(&str, &str, &str, &str); 9] = [
    (
        "one amount",
        "UPDATE posting SET amount_fen = amount_fen + 1 WHERE compound_id = 3 AND book = 1 AND seq = 20 AND line = 1",
        "3/1/20",
        "20",
    ),
    (
        "two amounts, balanced",
        "UPDATE posting SET amount_fen = amount_fen + 1 WHERE compound_id = 3 AND book = 1 AND seq = 20",
        "3/1/20",
        "20",
    ),
    (
        "amounts of two vouchers swapped",
        "UPDATE posting SET amount_fen = 2143 - amount_fen WHERE compound_id = 3 AND book = 1 AND seq IN (21, 22)",
        "3/1/21",
        "21",
    ),
    (
        "the dwelling of a line",
        "UPDATE posting SET dwelling_no = 2 WHERE compound_id = 3 AND book = 1 AND seq = 23 AND line = 2",
        "3/1/23",
        "23",
    ),
    (
        "a voucher's day",
        "UPDATE voucher SET effective_on = '2026-01-04' WHERE compound_id = 3 AND book = 1 AND seq = 24",
        "3/1/24",
        "24",
    ),
    (
        "two vouchers' memos swapped",
        "UPDATE voucher SET memo = CASE seq WHEN 25 THEN 'm26' ELSE 'm25' END WHERE compound_id = 3 AND book = 1 AND seq IN (25, 26)",
        "3/1/25",
        "25",
    ),
    ("an act deleted", "DELETE FROM act WHERE compound_id = 3 AND act_no = 30", "3", "30"),
    (
        "a balance",
        "UPDATE balance SET credit_fen = credit_fen + 1 WHERE compound_id = 3 AND book = 1 AND account = 400101 AND dwelling_no = 1",
        "3/1/400101 of 1",
        "1",
    ),
    (
        "the last voucher cut off",
        "DELETE FROM posting WHERE compound_id = 3 AND book = 1 AND seq = 40; DELETE FROM voucher WHERE compound_id = 3 AND book = 1 AND seq = 40",
        "3",
        "3",
    ),
];

pub(crate) async fn tampering(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let books = Books::open(&url).await?;
        for n in 1..=40 {
            let mut entry = deposit_entry("2026-01-05", 1050 + n, &format!("t{n}"));
            entry.memo = format!("m{n}");
            post(&books, 3, entry).await?;
        }
        let clean = inv::check(&url, &Tally::default()).await?;
        sheet.must(
            clean.wrong.is_empty(),
            format!("CONTROL, {name}: untouched books are blamed: {:?}", clean.wrong),
        );
        let laws = inv::verify(&books).await?;
        let blamed: u64 = laws.iter().map(|law| law.failed).sum();
        sheet
            .must(blamed == 0, format!("CONTROL, {name}: verify blames untouched books: {laws:?}"));
        books.close().await?;
        let (mut seen, mut named, mut told) = (0, 0, 0);
        for (what, statements, place, word) in TAMPERS {
            let copy = copy_of(&stage, &url).await?;
            let db = inv::back_door(&copy).await?;
            switch_off(&db).await?;
            for statement in statements.split("; ") {
                db.execute_unprepared(statement).await?;
            }
            db.close().await?;
            let found = inv::check(&copy, &Tally::default()).await?.wrong;
            seen += usize::from(!found.is_empty());
            let is_named = found.iter().any(|w| w.contains(place));
            sheet.must(
                is_named,
                format!("{name}, {what}: our check does not name {place}: {found:?}"),
            );
            let books = Books::open(&copy).await?;
            let laws = inv::verify(&books).await?;
            books.close().await?;
            let broken: Vec<_> = laws.into_iter().filter(|law| law.failed > 0).collect();
            told += usize::from(!broken.is_empty());
            let is_word = |text: &str| {
                text.split(|c: char| !c.is_ascii_digit()).any(|n| n.trim_start_matches('0') == word)
            };
            let is_named = broken.iter().any(|law| is_word(&law.first));
            named += usize::from(is_named);
            sheet
                .must(is_named, format!("{name}, {what}: verify does not name {word}: {broken:?}"));
        }
        sheet.says(format!(
            "{name}: injected {}, seen by the suite {seen}, by verify {told}, row named {named}",
            TAMPERS.len()
        ));
        sheet.says(format!("control, {name} (untouched): blamed 0 by both"));
    }
    large(&stage, &sheet).await
}

async fn copy_of(stage: &Stage, url: &str) -> Result<String, Fail> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let to = stage.folder("row")?.join("copy.sqlite");
        let from = std::path::PathBuf::from(path);
        std::fs::copy(&from, &to)?;
        let wal = from.with_extension("sqlite-wal");
        if wal.exists() {
            std::fs::copy(wal, to.with_extension("sqlite-wal"))?;
        }
        return Ok(format!("sqlite:{}", to.display()));
    }
    let shared = cluster::shared(stage).await?;
    let of =
        url.split("5432/").nth(1).and_then(|rest| rest.split('?').next()).ok_or("a database")?;
    let name = stage.fresh("copy");
    shared.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE {of}")).await?;
    Ok(shared.url(&name))
}

/// How long `verify` takes over a million postings, and whether it finds one fen among them.
async fn large(stage: &Stage, sheet: &Sheet) -> Result<(), Fail> {
    let wanted: i64 = std::env::var("XIAOQU_FAULT_POSTINGS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let url = both(stage).await?.pop().ok_or("a database")?.1;
    let books = Books::open(&url).await?;
    let vouchers = wanted / 2001;
    for n in 0..vouchers {
        let mut entry = deposit_entry("2026-01-05", 1, "bulk");
        entry.lines = (1..=2000)
            .map(|d| Line::credit(400_101, Money::fen(100 + i64::from(d) % 7)).of(DwellingNo(d)))
            .collect();
        let total = entry.lines.iter().map(|line| line.amount).sum();
        entry.lines.push(Line::debit(1001, total));
        post(&books, i32::try_from(1 + n % 8)?, entry).await?;
    }
    let postings = inv::count(&url, "SELECT count(*) FROM posting").await?;
    let from = Moment::now();
    let clean = inv::verify(&books).await?;
    let took = from.elapsed().as_secs_f64();
    let blamed: u64 = clean.iter().map(|law| law.failed).sum();
    sheet.must(blamed == 0, format!("verify blames {postings} untouched postings: {clean:?}"));
    let db = inv::back_door(&url).await?;
    switch_off(&db).await?;
    db.execute_unprepared("UPDATE posting SET amount_fen = amount_fen + 1 WHERE compound_id = 5 AND book = 1 AND seq = 7 AND line = 1234").await?;
    db.close().await?;
    let found = inv::verify(&books).await?;
    let first = found.into_iter().find(|law| law.failed > 0);
    sheet.must(first.is_some(), format!("one fen among {postings} postings was not seen"));
    books.close().await?;
    let rate = postings as f64 / took / 1e6;
    sheet.says(format!("{postings} postings verified in {took:.2} s ({rate:.2} million a second), one fen among them: {}", first.map_or(String::new(), |law| law.first)));
    Ok(())
}

// ---- 28 ----------------------------------------------------------------------------------------------------------

const CASES: u32 = 20_000;

fn runner() -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Amounts where it hurts: near nothing, near the limit, near the type's own ends, anywhere.
fn fen() -> impl Strategy<Value = i64> {
    let limit = Money::LIMIT.in_fen();
    let near = prop::sample::select(vec![0, limit, -limit, i64::MAX, i64::MIN, i64::MAX / 2]);
    let near = (near, -3..=3_i64).prop_map(|(at, by): (i64, i64)| at.saturating_add(by));
    proptest::strategy::Union::new([near.boxed(), any::<i64>().boxed(), (-1000..1000_i64).boxed()])
}

fn quietly<T>(run: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).ok()
}

fn exactly(got: Option<Money>, wanted: i128) -> Result<(), TestCaseError> {
    let wanted = i64::try_from(wanted).ok().map(Money::fen);
    if got == wanted {
        Ok(())
    } else {
        Err(TestCaseError::fail(format!("{got:?}, exactly {wanted:?}")))
    }
}

/// What a share must be, of whoever splits.
fn shares_hold(total: i64, weights: &[u64], shares: &[i64]) -> Result<(), TestCaseError> {
    let fail = |what: String| {
        Err(TestCaseError::fail(format!("{what}: {total} by {weights:?} is {shares:?}")))
    };
    if shares.iter().map(|s| i128::from(*s)).sum::<i128>() != i128::from(total) {
        return fail("the shares do not sum".to_owned());
    }
    let whole: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    for (share, weight) in shares.iter().zip(weights) {
        let (Ok(total), Ok(share)) = (u128::try_from(total), u128::try_from(*share)) else {
            return fail("a share is negative".to_owned());
        };
        // |share − total·weight/whole| < 1, without a fraction.
        let (exact, given) = (total * u128::from(*weight), share.checked_mul(whole));
        if given.is_none_or(|given| given.abs_diff(exact) >= whole.max(1)) && whole > 0 {
            return fail("a share is a fen off".to_owned());
        }
    }
    Ok(())
}

pub(crate) async fn arithmetic(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let told = tokio::task::spawn_blocking(properties).await;
    std::panic::set_hook(hook);
    let mut mismatches = 0;
    let told = told?;
    for (name, failure) in &told {
        let is_control = name.starts_with("CONTROL");
        mismatches += usize::from(!is_control && failure.is_some());
        sheet.must(is_control == failure.is_some(), format!("{name}: {failure:?}"));
    }
    let properties = told.iter().filter(|(name, _)| !name.starts_with("CONTROL")).count();
    sheet.says(format!("properties {properties}, cases {CASES} each, mismatches {mismatches}"));
    sheet.says("controls (wrapping addition, shares each rounded): both caught");
    for (name, url) in both(&stage).await? {
        at_the_limits(&url, name, &sheet).await?;
    }
    Ok(())
}

type Property = (&'static str, Option<String>);

fn properties() -> Vec<Property> {
    let text = |ran: Result<(), TestError<(i64, i64)>>| ran.err().map(|e| e.to_string());
    let pairs = || (fen(), fen());
    let mut told: Vec<Property> = vec![
        (
            "a + b",
            text(runner().run(&pairs(), |(a, b)| {
                exactly(quietly(|| Money::fen(a) + Money::fen(b)), i128::from(a) + i128::from(b))
            })),
        ),
        (
            "a − b",
            text(runner().run(&pairs(), |(a, b)| {
                exactly(quietly(|| Money::fen(a) - Money::fen(b)), i128::from(a) - i128::from(b))
            })),
        ),
        (
            "−a, Σ",
            text(runner().run(&pairs(), |(a, b)| {
                exactly(quietly(|| -Money::fen(a)), -i128::from(a))?;
                exactly(
                    quietly(|| [a, b].into_iter().map(Money::fen).sum()),
                    i128::from(a) + i128::from(b),
                )
            })),
        ),
        (
            "text and back",
            text(runner().run(&pairs(), |(a, _)| {
                let money = Money::fen(a);
                let read = Money::parse(&money.to_string());
                let wanted = if money.is_within_limit() {
                    Ok(money)
                } else {
                    Err(ledger::money::NotMoney::Limit)
                };
                // What people read must be printable, however absurd: a refusal quotes it.
                let is_shown = quietly(|| (money.grouped(), money.in_capitals())).is_some();
                if read == wanted && is_shown {
                    Ok(())
                } else {
                    Err(TestCaseError::fail(format!("{a}: {read:?}, shown {is_shown}")))
                }
            })),
        ),
        (
            "rounding",
            text(runner().run(&pairs(), |(a, b)| {
                // So many ten-thousandths of a yuan: the fen and two places that must be rounded away.
                let exact = i128::from(a) * 10_000 + i128::from(b % 10_000);
                let (sign, places) = (if exact < 0 { "-" } else { "" }, exact.unsigned_abs());
                let text = format!("{sign}{}.{:04}", places / 10_000, places % 10_000);
                let Ok(yuan) = text.parse().map(Unrounded::yuan) else { return Ok(()) };
                let half = (places + 50) / 100 * if exact < 0 { 0 } else { 1 };
                let down = (places + 50) / 100 * if exact < 0 { 1 } else { 0 };
                let fen = i128::try_from(half).unwrap_or(0) - i128::try_from(down).unwrap_or(0);
                let fits = fen.abs() <= i128::from(Money::LIMIT.in_fen());
                let rounded = quietly(|| yuan.round(Rounding::HalfUpFen));
                match rounded {
                    Some(Ok(money)) if fits && i128::from(money.in_fen()) == fen => Ok(()),
                    Some(Err(_)) if !fits => Ok(()),
                    other => Err(TestCaseError::fail(format!("{text}: {other:?}"))),
                }
            })),
        ),
        (
            "CONTROL wrapping addition",
            text(runner().run(&pairs(), |(a, b)| {
                exactly(Some(Money::fen(a.wrapping_add(b))), i128::from(a) + i128::from(b))
            })),
        ),
    ];
    let cases = || {
        let weight =
            proptest::strategy::Union::new([(0..20_000_u64).boxed(), any::<u64>().boxed()]);
        (fen(), prop::collection::vec(weight, 0..40))
    };
    let shares = runner().run(&cases(), |(total, weights)| {
        match quietly(|| split(Money::fen(total), &weights)) {
            None => Err(TestCaseError::fail("a split panicked")),
            Some(None) if total < 0 || weights.iter().all(|w| *w == 0) => Ok(()),
            Some(None) => Err(TestCaseError::fail("no shares")),
            Some(Some(shares)) => {
                let shares: Vec<i64> = shares.iter().map(|s| s.in_fen()).collect();
                shares_hold(total, &weights, &shares)
            }
        }
    });
    told.push(("shares", shares.err().map(|e| e.to_string())));
    // What a programmer in a hurry writes: each share rounded by itself.
    let naive = runner().run(&cases(), |(total, weights)| {
        let whole: u128 = weights.iter().map(|w| u128::from(*w)).sum();
        let Ok(amount) = u128::try_from(total) else { return Ok(()) };
        if whole == 0 {
            return Ok(());
        }
        let share = |w: &u64| {
            i64::try_from((amount * u128::from(*w) / whole).min(i64::MAX as u128))
                .unwrap_or(i64::MAX)
        };
        shares_hold(total, &weights, &weights.iter().map(share).collect::<Vec<_>>())
    });
    told.push(("CONTROL shares each rounded", naive.err().map(|e| e.to_string())));
    told
}

/// Through the library: every absurd amount is refused by a rule, and a total that would overflow is an error and harms
/// nobody.
async fn at_the_limits(url: &str, name: &str, sheet: &Sheet) -> Result<(), Fail> {
    let books = Books::open(url).await?;
    let limit = Money::LIMIT.in_fen();
    let amounts =
        [i64::MIN, i64::MIN + 1, -limit - 1, -limit, -1, 0, limit + 1, i64::MAX - 1, i64::MAX];
    let (mut tried, mut refused) = (0, 0);
    for fen in amounts {
        let amount = Money::fen(fen);
        let deposit = Deposit {
            dwelling_no: DwellingNo(1),
            kind: DepositKind::TopUp,
            seen: Seen::Hand { amount, received_on: day(load::DAY) },
            receipt_no: String::new(),
        };
        let request = Request::new("fund.deposit", deposit);
        let deposited = books
            .act(clerk(), CompoundId(1), request, |tx, d| Box::pin(fund::deposit(tx, d)))
            .await
            .map(|_| ());
        let payment = Payment {
            dwelling_no: DwellingNo(1),
            amount,
            method: Method::Cash,
            received_on: day(load::DAY),
            reference: String::new(),
            payer: String::new(),
            line_no: None,
        };
        let request = Request::new("fees.pay", payment);
        let paid = books
            .act(clerk(), CompoundId(1), request, |tx, p| Box::pin(fees::pay(tx, p)))
            .await
            .map(|_| ());
        let posted = post(&books, 1, deposit_entry(load::DAY, fen, "")).await.map(|_| ());
        let billed = load::bill(&books, CompoundId(1), "限", fen).await.map(|_| ());
        for (verb, result) in
            [("deposit", deposited), ("pay", paid), ("post", posted), ("bill", billed)]
        {
            tried += 1;
            let by_rule = result.as_ref().is_err_and(|e| e.refusal().is_some());
            refused += usize::from(by_rule);
            sheet.must(by_rule, format!("{name}: {verb} of {fen} fen: {result:?}"));
        }
    }
    sheet.says(format!("{name}: absurd amounts {tried}, refused by a rule {refused}"));

    // A balance at the end of its type, as no honest book can be; the next posting must fail and not wrap.
    post(&books, 2, deposit_entry(load::DAY, limit, "")).await?;
    let near = i64::MAX - 10;
    let db = inv::back_door(url).await?;
    db.execute_unprepared(&format!("UPDATE balance SET debit_fen = {near} WHERE compound_id = 2 AND book = 1 AND account = 1001")).await?;
    db.close().await?;
    let over = post(&books, 2, deposit_entry(load::DAY, 100, "over")).await;
    sheet.must(over.is_err(), format!("{name}: a balance beyond its type was accepted"));
    let now = inv::count(
        url,
        "SELECT debit_fen FROM balance WHERE compound_id = 2 AND book = 1 AND account = 1001",
    )
    .await?;
    sheet.must(now == near, format!("{name}: the balance is {now}"));
    let left =
        inv::count(url, "SELECT count(*) FROM voucher WHERE compound_id = 2 AND evidence = 'over'")
            .await?;
    sheet.must(left == 0, format!("{name}: the refused entry is there"));
    let read = tokio::spawn({
        let books = books.clone();
        async move {
            let mut view = books.read().await?;
            journal::trial_balance(&mut view, CompoundId(2), Book::Fund, AsOf::default()).await
        }
    });
    let read = match read.await {
        Ok(Ok(balance)) => balance.rows.iter().any(|row| row.debit_fen.in_fen() == near),
        Ok(Err(_)) | Err(_) => true,
    };
    sheet.must(read, format!("{name}: a trial balance wrapped"));
    let after = post(&books, 3, deposit_entry(load::DAY, 100, "after")).await;
    sheet.must(after.is_ok(), format!("{name}: nothing goes on after an overflow: {after:?}"));
    sheet.says(format!(
        "{name}: a balance beyond its type: {}",
        over.err().map_or("accepted", |e| e.code())
    ));
    books.close().await?;
    Ok(())
}
