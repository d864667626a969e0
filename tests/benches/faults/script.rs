//! One random working life of a compound, drawn from a seed: hundreds of acts, sound ones and ones to refuse, on a clock
//! that stands where the script puts it. The same seed says the same on every database, or something is wrong.

use std::collections::BTreeMap;

use ledger::books::{Books, Done, Request};
use ledger::calendar::{Clock, Day, Instant, Month};
use ledger::error::Error;
use ledger::fees::{self, Billing, Charge, Method, Payment};
use ledger::fund::{self, Assessment, Deposit, DepositKind, Seen};
use ledger::id::{CompoundId, DwellingNo, MatterNo, ReserveNo, VoucherSeq};
use ledger::journal::{self, AsOf, Book, Entry, Kind, Line, Side, Style, text};
use ledger::money::Money;

use crate::Fail;
use crate::load::clerk;
use crate::stage::mix;

/// What the script was told, step by step, and what stands in the books at its end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) steps: Vec<String>,
    pub(crate) balances: Vec<String>,
    pub(crate) texts: Vec<String>,
    pub(crate) codes: BTreeMap<String, u32>,
    /// What no rule refused.
    pub(crate) failures: Vec<String>,
}

struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = mix(self.0);
        (self.0 >> 11) % n
    }

    fn small(&mut self, n: u64) -> i32 {
        i32::try_from(self.below(n)).expect("small")
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).expect("small")].clone()
    }

    fn amount(&mut self) -> Money {
        let limit = Money::LIMIT.in_fen();
        let rare = [0, -1, i64::MIN, i64::MAX, limit + 1, -limit, limit];
        match self.below(12) {
            0 => Money::fen(self.one(&rare)),
            1 => Money::fen(1),
            _ => Money::fen(1 + i64::from(self.small(300_000))),
        }
    }

    fn dwelling(&mut self) -> DwellingNo {
        DwellingNo(match self.below(30) {
            0 => self.one(&[0, -1, 31, i32::MAX]),
            _ => 1 + self.small(30),
        })
    }

    fn words(&mut self) -> String {
        let texts = [
            "",
            "正常摘要",
            "a;b|c%d",
            " 首尾空白",
            "换\n行",
            "'; DROP TABLE voucher; --",
            "👍🏽 é\u{301}",
        ];
        match self.below(10) {
            0 => "长".repeat(400),
            1 => "长".repeat(401),
            _ => self.one(&texts).to_owned(),
        }
    }

    fn day(&mut self, today: Day) -> Day {
        let days = match self.below(12) {
            0 => 1,
            1 => -30_000,
            2 => -60,
            _ => -i64::from(self.small(20)),
        };
        today + chrono::Duration::days(days)
    }
}

/// Plays a script of so many steps to books with a compound number 1. `bent` adds a fen somewhere in the middle.
pub(crate) async fn play(url: &str, seed: u64, steps: u32, bent: bool) -> Result<Told, Fail> {
    let dawn = Instant::parse("2027-01-05T09:00:00+08:00").ok_or("an instant")?;
    let clock = Clock::standing_at(dawn);
    let books = Books::open_with(url, clock.clone()).await?;
    let mut told = Told::default();
    let mut draws = Draws(seed);
    let mut now = dawn.seconds();
    for step in 0..steps {
        now += i64::from(draws.small(6 * 3600));
        // Every so often somebody turns the clock back, for a while.
        let shown = if draws.below(15) == 0 { now - 86_400 * 40 } else { now };
        clock.set(Instant::from_seconds(shown));
        let bend = i64::from(bent && step == steps / 2);
        let said = turn(&books, &mut draws, Instant::from_seconds(now).day(), bend).await;
        let (code, text) = match said {
            Ok(text) => ("accepted".to_owned(), text),
            Err(error) => {
                if error.refusal().is_none() {
                    told.failures.push(format!("{step}: {error:?}"));
                }
                let facts = error.refusal().map(|r| (r.evidence.clone(), r.facts.clone()));
                (error.code().to_owned(), format!("{} {facts:?}", error.code()))
            }
        };
        *told.codes.entry(code).or_default() += 1;
        told.steps.push(format!("{step}: {text}"));
    }
    look(&books, &mut told, now).await?;
    books.close().await?;
    Ok(told)
}

fn say<T: serde::Serialize>(verb: &str, done: Result<Done<T>, Error>) -> Result<String, Error> {
    let done = done?;
    let answer = serde_json::to_string(&done.answer).unwrap_or_default();
    Ok(format!("{verb} {} {} {answer}", done.act, done.is_repeated))
}

#[allow(clippy::too_many_lines)] // one list of acts, read from top to bottom
async fn turn(books: &Books, draws: &mut Draws, today: Day, bend: i64) -> Result<String, Error> {
    let compound = CompoundId(1);
    let key = (draws.below(3) > 0).then(|| format!("key-{}", draws.below(400)));
    match draws.below(16) {
        0..4 => {
            let deposit = Deposit {
                dwelling_no: draws.dwelling(),
                kind: draws.one(&[DepositKind::Initial, DepositKind::TopUp, DepositKind::Rebuild]),
                seen: Seen::Hand { amount: draws.amount(), received_on: draws.day(today) },
                receipt_no: draws.one(&[String::new(), format!("R{}", draws.0 % 60)]),
            };
            let request = Request::new("fund.deposit", deposit).maybe_once(key);
            let done =
                books.act(clerk(), compound, request, |tx, d| Box::pin(fund::deposit(tx, d)));
            say("deposit", done.await)
        }
        4..7 => {
            let payment = Payment {
                dwelling_no: draws.dwelling(),
                amount: draws.amount(),
                method: draws.one(&Method::ALL),
                received_on: draws.day(today),
                reference: draws.words(),
                payer: String::new(),
                line_no: None,
            };
            let request = Request::new("fees.pay", payment).maybe_once(key);
            let done = books.act(clerk(), compound, request, |tx, p| Box::pin(fees::pay(tx, p)));
            say("pay", done.await)
        }
        7 => {
            let from_on = draws.day(today);
            let count = draws.below(12);
            let mut charge = |_| Charge { dwelling_no: draws.dwelling(), amount: draws.amount() };
            let bills = (0..count).map(&mut charge).collect();
            let billing = Billing {
                item: draws.one(&["物业费", "停车费", "", "水费"]).to_owned(),
                from_on,
                to_on: from_on + chrono::Duration::days(i64::from(draws.small(40)) - 2),
                due_on: None,
                bills,
            };
            let request = Request::new("fees.bill", billing).maybe_once(key);
            let done = books.act(clerk(), compound, request, |tx, b| Box::pin(fees::bill(tx, b)));
            say("bill", done.await)
        }
        8..10 => {
            let entry = entry(draws, today, bend);
            let body = serde_json::json!({"memo": entry.memo, "lines": entry.lines});
            let request = Request::describing("journal.post", entry, body).maybe_once(key);
            let done = books.act(clerk(), compound, request, |tx, entry: &Entry| {
                Box::pin(journal::post(tx, entry.clone()))
            });
            say("post", done.await)
        }
        10..12 => {
            let book = draws.one(&[Book::Fund, Book::Service, Book::Fund, Book::Grant]);
            let style = draws.one(&[Style::Red, Style::Opposite]);
            let given = (book, VoucherSeq(draws.small(60)), draws.day(today), style, draws.words());
            let request = Request::new("bank.reverse", given).maybe_once(key);
            let done = books.act(clerk(), compound, request, |tx, (book, seq, day, style, why)| {
                Box::pin(ledger::bank::reverse(tx, *book, *seq, *day, *style, why))
            });
            say("reverse", done.await)
        }
        12 => {
            let month = Month::of(today - chrono::Duration::days(i64::from(draws.small(70))));
            let request = Request::new("journal.close", (draws.one(&Book::ALL), month));
            let done =
                books.act(clerk(), compound, request.maybe_once(key), |tx, (book, month)| {
                    Box::pin(journal::close(tx, *book, *month))
                });
            say("close", done.await)
        }
        13 => {
            let count = draws.below(4);
            let shares: Vec<(DwellingNo, Money)> =
                (0..count).map(|_| (draws.dwelling(), draws.amount())).collect();
            let request = Request::new("journal.reserve", (MatterNo(1), shares)).maybe_once(key);
            let done = books.act(clerk(), compound, request, |tx, (matter, shares)| {
                Box::pin(journal::reserve(tx, Book::Fund, *matter, shares))
            });
            say("reserve", done.await)
        }
        14 => {
            let given = (ReserveNo(draws.small(6)), draws.amount());
            let request = Request::new("journal.release", given).maybe_once(key);
            let done = books.act(clerk(), compound, request, |tx, (reserve, amount)| {
                Box::pin(journal::release(tx, *reserve, *amount))
            });
            say("release", done.await)
        }
        _ => {
            let dwelling_no = DwellingNo(1 + draws.small(30));
            let due = Money::fen(i64::from(draws.small(400_000)));
            let list = vec![Assessment {
                dwelling_no,
                due,
                standard: "90 元/㎡".to_owned(),
                due_on: None,
            }];
            let request = Request::new("fund.assess", list).maybe_once(key);
            let done = books.act(clerk(), compound, request, |tx, list| {
                Box::pin(async move { fund::assess(tx, list).await })
            });
            say("assess", done.await)
        }
    }
}

/// An entry, sound more often than not.
fn entry(draws: &mut Draws, today: Day, bend: i64) -> Entry {
    let amount = draws.amount();
    let count = 1 + draws.below(4);
    let mut lines = Vec::new();
    let mut total = 0_i64;
    for _ in 0..count {
        let part =
            if draws.below(8) == 0 { amount } else { Money::fen(1 + i64::from(draws.small(9999))) };
        total = total.saturating_add(part.in_fen());
        lines.push(
            Line::credit(draws.one(&[400_101, 400_101, 400_101, 410_101, 7]), part)
                .of(draws.dwelling()),
        );
    }
    if draws.below(10) == 0 {
        lines[0].dwelling = None;
    }
    let total = total.saturating_add(if draws.below(10) == 0 { 1 } else { 0 });
    lines.push(Line::debit(1001, Money::fen(total.saturating_add(bend))));
    if draws.below(20) == 0 {
        lines.iter_mut().for_each(|line| line.side = Side::Debit);
    }
    Entry {
        book: Book::Fund,
        effective_on: draws.day(today),
        kind: draws.one(&[Kind::Deposit, Kind::Gains, Kind::Other]),
        memo: draws.words(),
        source: draws.words(),
        evidence: draws.words(),
        lines,
    }
}

/// Everything the books say: trial balances on both axes of time, statements, canonical texts.
async fn look(books: &Books, told: &mut Told, now: i64) -> Result<(), Fail> {
    let compound = CompoundId(1);
    let mut view = books.read().await?;
    let noon = Instant::from_seconds(now - 86_400 * 15);
    for book in Book::ALL {
        for as_of in [
            AsOf::default(),
            AsOf { day: Some(noon.day()), known_at: None },
            AsOf { day: None, known_at: Some(noon) },
        ] {
            let balance = journal::trial_balance(&mut view, compound, book, as_of).await?;
            told.balances.push(serde_json::to_string(&balance)?);
        }
        for no in 1..=30 {
            let moves =
                journal::statement(&mut view, compound, book, DwellingNo(no), AsOf::default())
                    .await?;
            told.balances.push(format!("{moves:?}"));
        }
        let held = journal::held(&mut view, compound, book).await?;
        told.balances
            .push(format!("{held:?} {:?}", journal::available(&mut view, compound, book).await?));
        let mut after = VoucherSeq(0);
        loop {
            let rows = journal::vouchers(&mut view, compound, book, after, 500).await?;
            let Some(last) = rows.last() else { break };
            after = last.voucher.posted.seq;
            told.texts.extend(rows.iter().map(|row| text::print(&row.voucher)));
        }
        told.balances.push(format!("{:?}", journal::latest(&mut view, compound, book).await?));
    }
    Ok(())
}
