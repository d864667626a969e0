//! Rows 13 to 16: clients that hang up, race, and ask twice.

use std::sync::Arc;
use std::time::Duration;

use ledger::books::{Books, Request, Tx};
use ledger::error::{Error, Kind as Says, Rule};
use ledger::fund::{self, Deposit, DepositKind, Seen};
use ledger::id::{CompoundId, DwellingNo, MatterNo};
use ledger::journal::{self, Book, Entry, Kind, Line};
use ledger::money::Money;
use sea_orm::{ConnectionTrait, TransactionTrait};
use tokio::task::JoinSet;

use crate::load::{self, Load, Op, State, Tally, clerk, day};
use crate::stage::{Stage, mix};
use crate::{Fail, Sheet, cluster, inv};

/// Fresh books on each database that is asked for.
pub(crate) async fn both(stage: &Stage) -> Result<Vec<(&'static str, String)>, Fail> {
    let mut urls = vec![("SQLite", load::sqlite_copy(stage, &stage.folder("row")?).await?)];
    if stage.wants_pg() {
        let shared = cluster::shared(stage).await?;
        urls.push(("PostgreSQL", shared.url(&shared.books(stage).await?)));
    }
    Ok(urls)
}

// ---- 13 ----------------------------------------------------------------------------------------------------------

pub(crate) async fn hang_ups(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let books = Books::open(&url).await?;
        let mut tally = Tally::default();
        let mut clients = JoinSet::new();
        for n in 0..2000_u64 {
            let (books, op) = (books.clone(), Op::of(&format!("h-{n:06}")));
            // From not at all to several commits long.
            let patience = Duration::from_micros(mix(n) % 400_000);
            clients.spawn(async move {
                let answered = tokio::time::timeout(patience, op.send(&books, Some(&op.key))).await;
                (op.key, answered)
            });
            if n % 50 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let mut hung_up = 0;
        while let Some(client) = clients.join_next().await {
            let (key, answered) = client?;
            let mut state = State { is_under_way: true, ..State::default() };
            match answered {
                Err(_) => hung_up += 1,
                Ok(Err(error)) => return Err(format!("{name}: {key}: {error:?}").into()),
                Ok(Ok(a)) => {
                    state.answers.push((a.act, a.compound, a.posted.book.number(), a.posted.seq.0))
                }
            }
            tally.keys.insert(key, state);
        }
        // An act of the same lanes, sent last to every compound, is answered when all before it are over.
        for compound in 1..=load::COMPOUNDS {
            let request = Request::new("fault.last", compound);
            books
                .act(clerk(), CompoundId(compound), request, |_, _| Box::pin(async { Ok(()) }))
                .await?;
        }
        let found = inv::check(&url, &tally).await?;
        sheet.must(found.lost == 0, format!("{name}: {} acts are lost", found.lost));
        sheet.wrong(&found.wrong);
        let open = if url.starts_with("postgres") { idle_in_transaction(&url).await? } else { 0 };
        sheet.must(open == 0, format!("{name}: {open} transactions are left open"));
        sheet.must(
            hung_up > 0 && found.unanswered > 0,
            format!("{name}: nobody hung up in the middle"),
        );
        sheet.says(format!(
            "{name}: hung up {hung_up} of 2000, committed without an answer {}, half there 0, left open {open}",
            found.unanswered
        ));
        books.close().await?;
        if url.starts_with("postgres") {
            hang_up_control(&url, &sheet).await?;
        }
    }
    Ok(())
}

async fn idle_in_transaction(url: &str) -> Result<i64, Fail> {
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE state LIKE 'idle in transaction%' AND datname = current_database()";
    inv::count(url, sql).await
}

/// Control: a server that does its act in the caller's own future, in two statements, leaves halves and open transactions.
async fn hang_up_control(url: &str, sheet: &Sheet) -> Result<(), Fail> {
    let db = inv::back_door(url).await?;
    db.execute_unprepared("CREATE TABLE half (n INTEGER, part INTEGER)").await?;
    for n in 0..40_u64 {
        let act = async {
            db.execute_unprepared(&format!("INSERT INTO half VALUES ({n}, 1)")).await?;
            tokio::time::sleep(Duration::from_millis(3)).await;
            db.execute_unprepared(&format!("INSERT INTO half VALUES ({n}, 2)")).await
        };
        drop(tokio::time::timeout(Duration::from_micros(mix(n) % 6000), act).await);
    }
    let sql = "SELECT count(*) FROM (SELECT n FROM half GROUP BY n HAVING count(*) = 1) x";
    let halves = inv::count(url, sql).await?;
    db.execute_unprepared("DROP TABLE half").await?;
    let held = db.begin().await?;
    held.execute_unprepared("SELECT 1").await?;
    let open = idle_in_transaction(url).await?;
    held.rollback().await?;
    db.close().await?;
    sheet.must(halves > 0 && open == 1, "CONTROL: halves or an open transaction were not seen");
    sheet.says(format!(
        "control (act in the caller's future): half there {halves}, left open {open}"
    ));
    Ok(())
}

// ---- 14 ----------------------------------------------------------------------------------------------------------

static OVERDRAWN: Rule = Rule {
    code: "fault.overdrawn",
    kind: Says::Refused,
    rule: "a test's own rule: no more than there is",
    remedy: "none",
};

const HAS: Money = Money::fen(10_000);
const TAKES: Money = Money::fen(3_000);

fn withdrawal(dwelling: DwellingNo) -> Entry {
    Entry {
        book: Book::Fund,
        effective_on: day(load::DAY),
        kind: Kind::Repair,
        memo: "支取".to_owned(),
        source: String::new(),
        evidence: String::new(),
        lines: vec![Line::debit(500_101, TAKES).of(dwelling), Line::credit(1001, TAKES)],
    }
}

async fn withdraw(tx: &mut Tx, dwelling: DwellingNo, is_checked: bool) -> Result<(), Error> {
    let compound = tx.compound();
    if is_checked {
        let left = journal::available(tx, compound, Book::Fund).await?;
        if left.get(&dwelling).copied().unwrap_or_default() < TAKES {
            return Err(OVERDRAWN.refuse("").into());
        }
    }
    journal::post(tx, withdrawal(dwelling)).await.map(|_| ())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Reserve(MatterNo),
    Withdraw,
    /// The control: look, then act, with nothing held in between.
    LookThenAct,
}

async fn take(
    books: &Books,
    compound: CompoundId,
    dwelling: DwellingNo,
    way: Way,
) -> Result<(), Error> {
    match way {
        Way::Reserve(matter) => {
            let request = Request::new("fault.reserve", (dwelling, matter));
            let done = books.act(clerk(), compound, request, |tx, (dwelling, matter)| {
                Box::pin(async move {
                    let shares = [(*dwelling, TAKES)];
                    journal::reserve(tx, Book::Fund, *matter, &shares).await.map(|_| ())
                })
            });
            done.await.map(|_| ())
        }
        Way::Withdraw => {
            let request = Request::new("fault.withdraw", dwelling);
            let done = books.act(clerk(), compound, request, |tx, dwelling| {
                Box::pin(withdraw(tx, *dwelling, true))
            });
            done.await.map(|_| ())
        }
        Way::LookThenAct => {
            let mut view = books.read().await?;
            let left = journal::available(&mut view, compound, Book::Fund).await?;
            drop(view);
            if left.get(&dwelling).copied().unwrap_or_default() < TAKES {
                return Err(OVERDRAWN.refuse("").into());
            }
            let request = Request::new("fault.withdraw", dwelling);
            let done = books.act(clerk(), compound, request, |tx, dwelling| {
                Box::pin(withdraw(tx, *dwelling, false))
            });
            done.await.map(|_| ())
        }
    }
}

/// 32 clients of two servers take from thirty dwellings until every one has refused.
async fn race(
    url: &str,
    compound: CompoundId,
    way: Way,
    sheet: &Sheet,
) -> Result<(usize, usize, f64), Fail> {
    let servers = [Books::open(url).await?, Books::open(url).await?];
    let mut clients = JoinSet::new();
    let from = std::time::Instant::now();
    for client in 0..32_usize {
        let books = servers[client % 2].clone();
        clients.spawn(async move {
            let (mut taken, mut refused) = (0, 0);
            for turn in 0..load::DWELLINGS {
                let dwelling = DwellingNo(1 + turn);
                match take(&books, compound, dwelling, way).await {
                    Ok(()) => taken += 1,
                    Err(error) if error.refusal().is_some() => refused += 1,
                    Err(error) => return Err(error),
                }
            }
            Ok((taken, refused))
        });
    }
    let (mut taken, mut refused) = (0, 0);
    while let Some(client) = clients.join_next().await {
        match client? {
            Ok((t, r)) => (taken, refused) = (taken + t, refused + r),
            Err(error) => sheet.must(false, format!("{way:?}: {error:?}")),
        }
    }
    let took = from.elapsed().as_secs_f64();
    for books in servers {
        books.close().await?;
    }
    Ok((taken, refused, f64::from(u32::try_from(refused)?) / took))
}

async fn give_everybody(books: &Books, compound: CompoundId) -> Result<(), Fail> {
    for no in 1..=load::DWELLINGS {
        let deposit = Deposit {
            dwelling_no: DwellingNo(no),
            kind: DepositKind::TopUp,
            seen: Seen::Hand { amount: HAS, received_on: day(load::DAY) },
            receipt_no: String::new(),
        };
        let request = Request::new("fund.deposit", deposit);
        books.act(clerk(), compound, request, |tx, d| Box::pin(fund::deposit(tx, d))).await?;
    }
    Ok(())
}

/// Dwellings below nothing, and the worst of them, by SQL.
async fn overdrawn(url: &str, compound: CompoundId) -> Result<(i64, i64), Fail> {
    let inner = format!(
        "(SELECT d.dwelling_no,
            (SELECT COALESCE(sum(credit_fen - debit_fen), 0) FROM balance b WHERE b.compound_id = d.compound_id
               AND b.book = 1 AND b.dwelling_no = d.dwelling_no)
          - (SELECT COALESCE(sum(amount_fen), 0) FROM reserve_line r
             WHERE r.compound_id = d.compound_id AND r.dwelling_no = d.dwelling_no) AS fen
          FROM dwelling d WHERE d.compound_id = {compound}) x"
    );
    let below = inv::count(url, &format!("SELECT count(*) FROM {inner} WHERE fen < 0")).await?;
    let worst = inv::count(url, &format!("SELECT CAST(min(fen) AS BIGINT) FROM {inner}")).await?;
    Ok((below, worst))
}

pub(crate) async fn double_spend(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let books = Books::open(&url).await?;
        let matter = load::bill(&books, CompoundId(1), "双花", 1).await?[0];
        for compound in 1..=3 {
            give_everybody(&books, CompoundId(compound)).await?;
        }
        for (compound, way) in [(1, Way::Reserve(matter)), (2, Way::Withdraw)] {
            let compound = CompoundId(compound);
            let (taken, refused, rate) = race(&url, compound, way, &sheet).await?;
            let (below, worst) = overdrawn(&url, compound).await?;
            let fair = usize::try_from(load::DWELLINGS)? * 3;
            sheet.must(below == 0, format!("{name}, {way:?}: {below} dwellings are overdrawn"));
            sheet.must(taken == fair, format!("{name}, {way:?}: {taken} taken, {fair} were there"));
            let way = if way == Way::Withdraw { "withdraw" } else { "reserve" };
            sheet.says(format!(
                "{name}, {way}: overdrawn {below}, least left {worst} fen, taken {taken}, refused {refused} ({rate:.0}/s)"
            ));
        }
        twice_in_one_reserve(&books, &url, name, &sheet).await?;
        let (taken, ..) = race(&url, CompoundId(3), Way::LookThenAct, &sheet).await?;
        let (below, worst) = overdrawn(&url, CompoundId(3)).await?;
        sheet.must(below > 0, format!("CONTROL, {name}: looking and then acting overdrew nothing"));
        sheet.says(format!(
            "control, {name} (look, then act): overdrawn {below}, worst {worst} fen, taken {taken}"
        ));
        books.close().await?;
        let found = inv::check(&url, &Tally::default()).await?;
        sheet.wrong(&found.wrong);
    }
    Ok(())
}

/// A dwelling named twice in one reserve must not hold more than it has, nor less than was answered.
async fn twice_in_one_reserve(
    books: &Books,
    url: &str,
    name: &str,
    sheet: &Sheet,
) -> Result<(), Fail> {
    let compound = CompoundId(4);
    give_everybody(books, compound).await?;
    let matter = load::bill(books, compound, "双花", 1).await?[0];
    let share = (DwellingNo(1), Money::fen(6_000));
    let request = Request::new("fault.reserve", (matter, vec![share, share]));
    let done = books.act(clerk(), compound, request, |tx, (matter, shares)| {
        Box::pin(journal::reserve(tx, Book::Fund, *matter, shares))
    });
    let told = match done.await {
        Ok(done) => {
            let held = inv::count(url, "SELECT CAST(COALESCE(sum(amount_fen), 0) AS BIGINT) FROM reserve_line WHERE compound_id = 4").await?;
            sheet.must(
                held == done.answer.total_fen.in_fen(),
                format!(
                    "{name}: a dwelling twice in a reserve: told {} fen, holds {held}",
                    done.answer.total_fen.in_fen()
                ),
            );
            sheet.must(
                held <= HAS.in_fen(),
                format!("{name}: a dwelling twice in a reserve holds more than it has"),
            );
            "taken"
        }
        Err(error) => {
            sheet.must(
                error.refusal().is_some(),
                format!("{name}: a dwelling twice in a reserve: {error:?}"),
            );
            error.code()
        }
    };
    sheet.says(format!("{name}, one dwelling twice in a reserve: {told}"));
    Ok(())
}

// ---- 15, 16 ------------------------------------------------------------------------------------------------------

pub(crate) async fn one_key(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let (mut entries, mut answers, mut sends) = (0, 0, 0);
        for round in 0..stage.rounds {
            let key = format!("same-{round}");
            let child = Load::start(&[], &["mode=same", &url, &key, "100"])?;
            while child.look(|t| t.ready.is_none()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let ours = same(&url, &key, Some(&key)).await?;
            let tally = child.ended(Duration::from_secs(60)).await?;
            let mut told = tally.keys.get(&key).map(|s| s.answers.clone()).unwrap_or_default();
            sheet.must(tally.codes.is_empty(), format!("{name}: {:?}", tally.samples));
            told.extend(ours);
            sends += told.len();
            told.sort_unstable();
            told.dedup();
            answers += told.len();
            let state = State { answers: told, ..State::default() };
            let tally = Tally { keys: [(key.clone(), state)].into(), ..Tally::default() };
            let found = inv::check(&url, &tally).await?;
            sheet.wrong(&found.wrong);
            let sql = format!("SELECT count(*) FROM voucher WHERE evidence = '{key}'");
            entries += inv::count(&url, &sql).await?;
        }
        let rounds = stage.rounds;
        sheet.must(
            entries == i64::from(rounds),
            format!("{name}: {entries} entries of {rounds} keys"),
        );
        sheet.must(
            answers == rounds as usize,
            format!("{name}: {answers} answers to {rounds} keys"),
        );
        sheet.must(
            sends == rounds as usize * 200,
            format!("{name}: {sends} of {} were answered", rounds * 200),
        );
        sheet.says(format!(
            "{name}: {rounds} keys, each 100 times by two processes at once: entries {entries}, distinct answers {answers}"
        ));
        let mark = (0..).map(|n| format!("unkeyed-{n}")).find(|mark| !Op::of(mark).is_deposit());
        let mark = mark.ok_or("a mark")?;
        let told = same(&url, &mark, None).await?;
        let sql = format!("SELECT count(*) FROM voucher WHERE evidence = '{mark}'");
        let entries = inv::count(&url, &sql).await?;
        sheet.must(entries > 1, format!("CONTROL, {name}: without a key there is one entry"));
        sheet.says(format!("control, {name} (no key): entries {entries} of {}", told.len()));
    }
    Ok(())
}

/// The same act a hundred times at once; every answer.
async fn same(url: &str, mark: &str, key: Option<&str>) -> Result<Vec<(i32, i32, i16, i32)>, Fail> {
    let books = Books::open(url).await?;
    let mut sends = JoinSet::new();
    for _ in 0..100 {
        let (books, op, key) = (books.clone(), Op::of(mark), key.map(str::to_owned));
        sends.spawn(async move { op.send(&books, key.as_deref()).await });
    }
    let mut told = Vec::new();
    while let Some(sent) = sends.join_next().await {
        let a = sent??;
        told.push((a.act, a.compound, a.posted.book.number(), a.posted.seq.0));
    }
    books.close().await?;
    Ok(told)
}

pub(crate) async fn other_payload(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let books = Books::open(&url).await?;
        let deposit = |no: i32, fen: i64, receipt: &str| Deposit {
            dwelling_no: DwellingNo(no),
            kind: DepositKind::TopUp,
            seen: Seen::Hand { amount: Money::fen(fen), received_on: day(load::DAY) },
            receipt_no: receipt.to_owned(),
        };
        let send = async |d: Deposit, verb: &'static str, who: &str| {
            let actor = ledger::books::Actor::new(who, ledger::books::Role::PropertyCompany);
            let request = Request::new(verb, d).once("one");
            let done =
                books.act(&actor, CompoundId(1), request, |tx, d| Box::pin(fund::deposit(tx, d)));
            done.await
        };
        let first = send(deposit(1, 500, "A"), "fund.deposit", "王会计").await?;
        let rows = async || {
            let mut all = 0;
            for table in ["voucher", "posting", "act", "once", "deposit", "balance"] {
                all += inv::count(&url, &format!("SELECT count(*) FROM {table}")).await?;
            }
            Ok::<i64, Fail>(
                all + inv::count(&url, "SELECT CAST(sum(last_no) AS BIGINT) FROM counter").await?,
            )
        };
        let before = rows().await?;
        let mut refused = 0;
        for (d, verb, who, field) in [
            (deposit(1, 501, "A"), "fund.deposit", "王会计", "amount_fen"),
            (deposit(2, 500, "A"), "fund.deposit", "王会计", "dwelling_no"),
            (deposit(1, 500, "B"), "fund.deposit", "王会计", "receipt_no"),
            (deposit(1, 500, "A"), "fund.give", "王会计", "verb"),
            (deposit(1, 500, "A"), "fund.deposit", "李出纳", "actor"),
            (
                Deposit { kind: DepositKind::Rebuild, ..deposit(1, 500, "A") },
                "fund.deposit",
                "王会计",
                "kind",
            ),
        ] {
            match send(d, verb, who).await {
                Ok(done) => {
                    sheet.must(false, format!("{name}: another {field} was answered {done:?}"))
                }
                Err(error) => {
                    let named =
                        error.refusal().and_then(|r| r.facts.get("field")).and_then(|f| f.as_str());
                    sheet.must(
                        error.code() == "books.key-differs" && named == Some(field),
                        format!(
                            "{name}: another {field} was refused as {} of {named:?}",
                            error.code()
                        ),
                    );
                    refused += 1;
                }
            }
        }
        let again = send(deposit(1, 500, "A"), "fund.deposit", "王会计").await?;
        sheet.must(
            again.is_repeated && again.answer == first.answer,
            format!("{name}: the first answer changed"),
        );
        let written = rows().await? - before;
        sheet.must(written == 0, format!("{name}: {written} rows were written"));
        sheet.says(format!("{name}: other payloads refused, each naming its field, {refused} of 6, rows written {written}"));

        // Control: a request that says nothing of what it asks cannot be told from another.
        let mut repeated = 0;
        for fen in [700, 701] {
            let request =
                Request::describing("fund.deposit", deposit(3, fen, ""), serde_json::Value::Null);
            let done = books
                .act(clerk(), CompoundId(1), request.once("blind"), |tx, d| {
                    Box::pin(fund::deposit(tx, d))
                })
                .await?;
            repeated += i32::from(done.is_repeated);
        }
        sheet.must(repeated == 1, format!("CONTROL, {name}: a blind request was told apart"));
        sheet.says(format!(
            "control, {name} (request not recorded): other payload taken for the same {repeated}"
        ));
        books.close().await?;
    }
    Ok(())
}
