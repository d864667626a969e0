//! Row 20: what eight clients were told at once, explained by one order.
//!
//! The books give every accepted act a number, so the order is known and need not be guessed: the accepted acts are played
//! to a model of a page (dwellings with what they have and what is promised of it) in the order of their numbers. Every
//! answer must be the model's at its number; every reading must be the model's after the acts it says it is true of; and a
//! refusal must be right after some act between the last one known when it was asked and the last one when it was told.
//! Control: one reading with a fen more is not explained.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use ledger::books::{Books, Request};
use ledger::fund::{self, Deposit, DepositKind, Seen};
use ledger::id::{CompoundId, DwellingNo, MatterNo, ReserveNo};
use ledger::journal::{self, AsOf, Book, Style};
use ledger::money::Money;
use ledger::property;
use tokio::task::JoinSet;

use crate::keys::both;
use crate::load::{clerk, day};
use crate::stage::{Stage, mix};
use crate::{Fail, Sheet, inv};

const CLIENTS: u64 = 8;
const EACH: u64 = 80;
const HOMES: u64 = 6;
const COMPOUND: CompoundId = CompoundId(1);

/// What was asked.
#[derive(Clone, Debug)]
enum Asked {
    Deposit { home: i32, fen: i64 },
    Reserve { home: i32, fen: i64 },
    Release { reserve: i32, fen: i64 },
    Reverse { seq: i32 },
    Read,
}

/// What was told: the act's number and the number of what it made, a refusal between two acts, or balances after an act.
#[derive(Clone, Debug)]
enum Told {
    Done { act: i32, made: i32 },
    Refused { code: &'static str, from: i32, to: i32 },
    Seen { act: i32, balances: BTreeMap<i32, i64> },
}

/// A page's worth of books.
#[derive(Clone, Default)]
struct Model {
    has: BTreeMap<i32, i64>,
    held: BTreeMap<i32, i64>,
    /// By reserve: whose, and what is still held.
    reserves: BTreeMap<i32, (i32, i64)>,
    /// By voucher: whose, how much, and whether it stands.
    deposits: BTreeMap<i32, (i32, i64, bool)>,
}

impl Model {
    /// The code it would be refused by now, if it would.
    fn refuses(&self, asked: &Asked) -> Option<&'static str> {
        let of = |sums: &BTreeMap<i32, i64>, home: &i32| sums.get(home).copied().unwrap_or(0);
        match asked {
            Asked::Deposit { .. } | Asked::Read => None,
            Asked::Reserve { home, fen } => {
                let free = of(&self.has, home) - of(&self.held, home);
                (*fen > free).then_some("journal.reserve-short")
            }
            Asked::Release { reserve, fen } => {
                let left = self.reserves.get(reserve).map_or(0, |(_, left)| *left);
                (*fen > left).then_some("journal.release-too-much")
            }
            Asked::Reverse { seq } => match self.deposits.get(seq) {
                None => Some("journal.no-voucher"),
                Some((.., false)) => Some("journal.reversed"),
                Some((home, fen, true)) => {
                    let (has, held) = (of(&self.has, home), of(&self.held, home));
                    (held > 0 && *fen > has - held).then_some("journal.reversal-held")
                }
            },
        }
    }

    fn does(&mut self, asked: &Asked, made: i32) {
        match asked {
            Asked::Deposit { home, fen } => {
                *self.has.entry(*home).or_default() += fen;
                self.deposits.insert(made, (*home, *fen, true));
            }
            Asked::Reserve { home, fen } => {
                *self.held.entry(*home).or_default() += fen;
                self.reserves.insert(made, (*home, *fen));
            }
            Asked::Release { reserve, fen } => {
                if let Some((home, left)) = self.reserves.get_mut(reserve) {
                    *left -= fen;
                    *self.held.entry(*home).or_default() -= fen;
                }
            }
            Asked::Reverse { seq } => {
                if let Some((home, fen, stands)) = self.deposits.get_mut(seq) {
                    *stands = false;
                    *self.has.entry(*home).or_default() -= *fen;
                }
            }
            Asked::Read => {}
        }
    }
}

async fn balances(books: &Books) -> Result<(i32, BTreeMap<i32, i64>), Fail> {
    let mut view = books.read().await?;
    let acts = property::compound_and_acts(&mut view, "c1").await?.ok_or("no compound")?.1;
    let found = fund::balances(&mut view, COMPOUND, AsOf::default()).await?;
    let all = found.into_iter().map(|(home, balance)| (home.0, balance.total().in_fen()));
    Ok((acts.compound.0, all.filter(|(_, fen)| *fen != 0).collect()))
}

/// Asks, and tells what was answered. `known` is the last act anybody was told of.
async fn ask(
    books: &Books,
    asked: &Asked,
    matter: MatterNo,
    known: &AtomicI32,
) -> Result<Told, Fail> {
    let from = known.load(Ordering::SeqCst);
    let on = day("2026-01-05");
    let done = match asked.clone() {
        Asked::Read => {
            let (act, balances) = balances(books).await?;
            return Ok(Told::Seen { act, balances });
        }
        Asked::Deposit { home, fen } => {
            let deposit = Deposit {
                dwelling_no: DwellingNo(home),
                kind: DepositKind::TopUp,
                seen: Seen::Hand { amount: Money::fen(fen), received_on: on },
                receipt_no: String::new(),
            };
            let request = Request::new("fund.deposit", deposit);
            let act = books.act(clerk(), COMPOUND, request, |tx, d| Box::pin(fund::deposit(tx, d)));
            act.await.map(|done| (done.act.0, done.answer.voucher.seq.0))
        }
        Asked::Reserve { home, fen } => {
            let shares = vec![(DwellingNo(home), Money::fen(fen))];
            let request = Request::new("journal.reserve", (matter, shares));
            let act = books.act(clerk(), COMPOUND, request, |tx, (matter, shares)| {
                Box::pin(journal::reserve(tx, Book::Fund, *matter, shares))
            });
            act.await.map(|done| (done.act.0, done.answer.reserve.0))
        }
        Asked::Release { reserve, fen } => {
            let request = Request::new("journal.release", (ReserveNo(reserve), Money::fen(fen)));
            let act = books.act(clerk(), COMPOUND, request, |tx, (reserve, amount)| {
                Box::pin(journal::release(tx, *reserve, *amount))
            });
            act.await.map(|done| (done.act.0, reserve))
        }
        Asked::Reverse { seq } => {
            let request = Request::new("journal.reverse", ledger::id::VoucherSeq(seq));
            let act = books.act(clerk(), COMPOUND, request, move |tx, seq| {
                let (seq, style) = (*seq, Style::Red);
                Box::pin(
                    async move { journal::reverse(tx, Book::Fund, seq, on, style, "记错").await },
                )
            });
            act.await.map(|done| (done.act.0, seq))
        }
    };
    match done {
        Ok((act, made)) => {
            known.fetch_max(act, Ordering::SeqCst);
            Ok(Told::Done { act, made })
        }
        Err(error) if error.refusal().is_some() => {
            let code = error.code();
            let to = balances(books).await?.0;
            Ok(Told::Refused { code, from, to })
        }
        Err(error) => Err(error.into()),
    }
}

/// What a client asks at a turn, given the vouchers and reserves that are known to have been made.
fn draw(seed: u64, made: &[(bool, i32)]) -> Asked {
    let n = |of: u64, salt: u64| mix(seed ^ mix(salt)) % of;
    let small = |of: u64, salt: u64| i32::try_from(n(of, salt)).expect("small");
    let home = 1 + small(HOMES, 1);
    let some = |is_deposit: bool| {
        let fit: Vec<i32> =
            made.iter().filter(|(deposit, _)| *deposit == is_deposit).map(|(_, no)| *no).collect();
        fit.get(usize::try_from(n(fit.len().max(1) as u64, 2)).expect("small")).copied()
    };
    let fen = |most: u64| 1 + i64::try_from(n(most, 3)).expect("small");
    match n(10, 4) {
        0..3 => Asked::Deposit { home, fen: fen(3_000) },
        3..6 => Asked::Reserve { home, fen: fen(4_000) },
        6 => some(false).map_or(Asked::Read, |reserve| Asked::Release { reserve, fen: fen(4_000) }),
        7 => some(true).map_or(Asked::Read, |seq| Asked::Reverse { seq }),
        _ => Asked::Read,
    }
}

pub(crate) async fn explained(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, url) in both(&stage).await? {
        let books = [Books::open(&url).await?, Books::open(&url).await?];
        let opened =
            books[0].act(clerk(), COMPOUND, Request::new("journal.open-project", ()), |tx, ()| {
                Box::pin(journal::open_project(tx, "屋面维修"))
            });
        let matter = opened.await?.answer;
        let (first, start) = balances(&books[0]).await?;
        let known = Arc::new(AtomicI32::new(first));
        let made = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (books, known, made) =
                (books[usize::try_from(client % 2)?].clone(), known.clone(), made.clone());
            let seed = stage.draw(20 ^ client << 20);
            clients.spawn(async move {
                let mut history = Vec::new();
                for turn in 0..EACH {
                    let asked = draw(
                        seed ^ mix(turn),
                        &made.lock().expect("no client panics here").clone(),
                    );
                    let told = ask(&books, &asked, matter, &known).await?;
                    if let Told::Done { made: no, .. } = told {
                        let kind = match asked {
                            Asked::Deposit { .. } => Some(true),
                            Asked::Reserve { .. } => Some(false),
                            _ => None,
                        };
                        if let Some(kind) = kind {
                            made.lock().expect("no client panics here").push((kind, no));
                        }
                    }
                    history.push((asked, told));
                }
                Ok::<_, Fail>(history)
            });
        }
        let mut history = Vec::new();
        while let Some(ended) = clients.join_next().await {
            history.extend(ended??);
        }
        let wrong = unexplained(&history, first, &start);
        sheet.wrong(&wrong);
        let mut broken = Vec::new();
        inv::verified(&url, &mut broken).await?;
        sheet.wrong(&broken);
        let count = |fits: fn(&Told) -> bool| history.iter().filter(|(_, told)| fits(told)).count();
        let (done, refused, read) = (
            count(|told| matches!(told, Told::Done { .. })),
            count(|told| matches!(told, Told::Refused { .. })),
            count(|told| matches!(told, Told::Seen { .. })),
        );
        sheet.must(refused > 20 && read > 50, format!("{name}: {refused} refused, {read} read"));
        sheet.says(format!(
            "{name}: {CLIENTS} clients, {done} done, {refused} refused, {read} readings, violations {}",
            wrong.len()
        ));
        let bent = history.iter_mut().find_map(|(_, told)| match told {
            Told::Seen { balances, .. } => balances.values_mut().next(),
            _ => None,
        });
        *bent.ok_or("no reading saw anything")? += 1;
        sheet.must(
            !unexplained(&history, first, &start).is_empty(),
            format!("CONTROL, {name}: a reading with a fen more is explained"),
        );
        for books in books {
            books.close().await?;
        }
    }
    Ok(())
}

/// What no order explains.
fn unexplained(history: &[(Asked, Told)], first: i32, start: &BTreeMap<i32, i64>) -> Vec<String> {
    let mut done: BTreeMap<i32, (&Asked, i32)> = BTreeMap::new();
    for (asked, told) in history {
        if let Told::Done { act, made } = told {
            done.insert(*act, (asked, *made));
        }
    }
    let mut wrong = Vec::new();
    let mut model = Model { has: start.clone(), ..Model::default() };
    // The model after each act; nobody else acts in this compound meanwhile.
    let mut after = BTreeMap::from([(first, model.clone())]);
    for (act, (asked, made)) in done {
        if let Some(code) = model.refuses(asked) {
            wrong.push(format!("act {act}, {asked:?}: the model refuses it by {code}"));
        }
        model.does(asked, made);
        after.insert(act, model.clone());
    }
    for (asked, told) in history {
        match told {
            Told::Done { .. } => {}
            Told::Refused { code, from, to } => {
                let fits =
                    after.range(from..=to).any(|(_, then)| then.refuses(asked) == Some(*code));
                if !fits {
                    wrong.push(format!("{asked:?} refused by {code} between {from} and {to}"));
                }
            }
            Told::Seen { act, balances } => {
                let then = after.range(..=act).next_back().map(|(_, model)| &model.has);
                let then: BTreeMap<i32, i64> = then
                    .into_iter()
                    .flatten()
                    .filter(|(_, fen)| **fen != 0)
                    .map(|(home, fen)| (*home, *fen))
                    .collect();
                if then != *balances {
                    wrong.push(format!("read after {act}: {balances:?}, by the model {then:?}"));
                }
            }
        }
    }
    wrong
}
