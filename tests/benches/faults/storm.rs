//! Row 19: everybody at twenty accounts at once, and the books afterwards against the same payments one after the other.
//!
//! Two processes' worth of books (two openings of one database) pay into twenty dwellings of one compound. A lock a compound
//! and a line before it leave nothing to retry; what is counted is what a client has to send again. Control: the same sums read
//! and written back without the lock lose some of themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::books::{Books, Request};
use ledger::fees::{self, Method, Payment};
use ledger::id::{CompoundId, DwellingNo};
use ledger::money::Money;
use sea_orm::ConnectionTrait;
use tokio::task::JoinSet;

use crate::keys::both;
use crate::load::{clerk, day};
use crate::stage::{Stage, mix};
use crate::{Fail, Sheet, inv};

const CLIENTS: u64 = 32;
const EACH: u64 = 60;
const ACCOUNTS: u64 = 20;
const COMPOUND: CompoundId = CompoundId(1);

/// What a client pays at a turn: it follows from the two numbers alone, so it can be paid again in another order.
fn payment(client: u64, turn: u64) -> Payment {
    let draw = mix(client << 32 | turn);
    let no = i32::try_from(1 + draw % ACCOUNTS).expect("twenty");
    Payment {
        dwelling_no: DwellingNo(no),
        amount: Money::fen(i64::try_from(1 + (draw >> 8) % 5_000).expect("small")),
        method: Method::Cash,
        received_on: day("2026-01-05"),
        reference: String::new(),
        payer: String::new(),
        line_no: None,
    }
}

async fn pay(books: &Books, client: u64, turn: u64) -> Result<u32, Fail> {
    let key = format!("storm-{client}-{turn}");
    for again in 0..20 {
        let request = Request::new("fees.pay", payment(client, turn)).once(key.clone());
        match books.act(clerk(), COMPOUND, request, |tx, p| Box::pin(fees::pay(tx, p))).await {
            Ok(_) => return Ok(again),
            Err(error) if error.code() == ledger::books::OVERLOADED.code => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err("twenty tries were not enough".into())
}

/// Everybody at once on one copy, one after the other on another.
pub(crate) async fn storm(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let (stormy, calm) = (both(&stage).await?, both(&stage).await?);
    for ((name, url), (_, calm)) in stormy.into_iter().zip(calm) {
        let books = [Books::open(&url).await?, Books::open(&url).await?];
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let books = books[usize::try_from(client % 2)?].clone();
            clients.spawn(async move {
                let (mut waits, mut again) = (Vec::new(), 0);
                for turn in 0..EACH {
                    let from = Instant::now();
                    again += pay(&books, client, turn).await?;
                    waits.push(from.elapsed());
                }
                Ok::<_, Fail>((waits, again))
            });
        }
        let (mut waits, mut retries) = (Vec::<Duration>::new(), 0);
        while let Some(ended) = clients.join_next().await {
            let (waited, again) = ended??;
            waits.extend(waited);
            retries += again;
        }
        waits.sort_unstable();
        let p99 = waits[waits.len() * 99 / 100].as_secs_f64() * 1e3;

        let serial = Books::open(&calm).await?;
        for client in 0..CLIENTS {
            for turn in 0..EACH {
                pay(&serial, client, turn).await?;
            }
        }
        let (ours, theirs) = (standing(&url).await?, standing(&calm).await?);
        let differ = ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
        sheet.must(
            ours.len() == theirs.len() && differ == 0,
            format!("{name}: {differ} balances differ"),
        );
        let mut wrong = Vec::new();
        inv::verified(&url, &mut wrong).await?;
        sheet.wrong(&wrong);
        for books in books {
            books.close().await?;
        }
        serial.close().await?;
        let paid = CLIENTS * EACH;
        sheet.says(format!(
            "{name}: {paid} payments of {CLIENTS} clients into {ACCOUNTS} accounts, {retries} sent again, p99 {p99:.0} ms, {} balances equal to the serial replay's",
            ours.len()
        ));
        let lost = control(&url).await?;
        sheet.must(lost > 0, format!("CONTROL, {name}: reading and writing back lost nothing"));
        sheet.says(format!("control, {name}: {lost} of 640 lost without the lock"));
    }
    Ok(())
}

/// Every balance of the compound's service book, in order.
async fn standing(url: &str) -> Result<Vec<(i32, i32, i32, i64)>, Fail> {
    let db = inv::back_door(url).await?;
    let sql = "SELECT dwelling_no, account, matter_no, debit_fen - credit_fen FROM balance
               WHERE compound_id = 1 AND book = 3 ORDER BY dwelling_no, account, matter_no";
    let statement = sea_orm::Statement::from_string(db.get_database_backend(), sql);
    let mut balances = Vec::new();
    for row in db.query_all_raw(statement).await? {
        balances.push((
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
            row.try_get_by_index(3)?,
        ));
    }
    db.close().await?;
    Ok(balances)
}

/// Eight clients add one to a sum eighty times each, by reading it and writing it back; answers how many are gone.
async fn control(url: &str) -> Result<i64, Fail> {
    let db = inv::back_door(url).await?;
    db.execute_unprepared("CREATE TABLE storm (sum BIGINT NOT NULL)").await?;
    db.execute_unprepared("INSERT INTO storm VALUES (0)").await?;
    db.close().await?;
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let url = url.to_owned();
        clients.spawn(async move {
            let db = inv::back_door(&url).await?;
            for _ in 0..80 {
                let read = sea_orm::Statement::from_string(
                    db.get_database_backend(),
                    "SELECT sum FROM storm",
                );
                let row = db.query_one_raw(read).await?.ok_or("a row")?;
                let sum: i64 = row.try_get_by_index(0)?;
                tokio::task::yield_now().await;
                db.execute_unprepared(&format!("UPDATE storm SET sum = {}", sum + 1)).await?;
            }
            db.close().await?;
            Ok::<(), Fail>(())
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let sum = inv::count(url, "SELECT sum FROM storm").await?;
    let db = inv::back_door(url).await?;
    db.execute_unprepared("DROP TABLE storm").await?;
    db.close().await?;
    Ok(640 - sum)
}
