//! Gains: the models by hand (tests/cases/interest.txt), the run over compounds, what an owner can reckon again, placements.

use std::collections::BTreeMap;

use ledger::books::{Actor, Request, Role};
use ledger::calendar::{Day, Instant, Month};
use ledger::error::{Refusal, Result};
use ledger::gains::interest::{self, Account, Move, Segment, Span};
use ledger::gains::placement::{
    self, Charge, Charged, Credit, Ended, Ending, Holding, How, Income, NewPlacement, Placed,
    Renewal,
};
use ledger::gains::rates::{self, NewRate, Rate, Rates};
use ledger::gains::run::{self, Asked, Manifest, Outcome, Part, Run};
use ledger::gains::{self, Distribution, Plan, Settlement, Term, Worked};
use ledger::id::{CompoundId, DwellingNo, LineNo, PlacementNo, RunNo};
use ledger::journal::{self, AsOf, Book, Entry, Kind, Line, Posted, Style};
use ledger::money::{Money, split};
use ledger::policy::Jurisdiction;
use ledger::policy::terms::{Interest, PoolWeight, RateRef};
use ledger::property::{self, AreaKind, Locating, NewArea};
use proptest::prelude::*;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::on_both;
use crate::policy::{cases, library, pack};
use crate::world::{World, day, deposit_entry};

// ---- the models, by hand -------------------------------------------------------------------------------------------

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// What stands in a case: the model with what was filled in, the term, the rates so far.
struct Bench {
    models: BTreeMap<String, Interest>,
    model: Interest,
    term: Term,
    rates: Vec<(RateRef, Day, i64)>,
}

impl Bench {
    fn plan(&self) -> Result<Plan, Refusal> {
        Plan::by_hand(self.term, self.model.clone(), Rates::by_hand(&self.rates))
    }

    fn choose(&mut self, words: &[&str]) {
        let mut model = serde_json::to_value(&self.models[words[0]]).unwrap();
        for word in &words[1..] {
            let (cell, value) = word.split_once('=').unwrap();
            assert!(model.get(cell).is_some(), "{cell} is a cell of {}", words[0]);
            model[cell] = value.into();
        }
        self.model = serde_json::from_value(model).unwrap();
    }

    fn account(&self, words: &str) -> Result<String, Refusal> {
        let plan = self.plan()?;
        let Interest::Rates(terms) = &self.model else { panic!("not by rates") };
        let rates = Rates::by_hand(&self.rates);
        let segments = interest::by_rates(&account(words), plan.span(), terms, &rates)?;
        let text = interest::told(&segments);
        if !segments.is_empty() {
            assert_eq!(interest::read(&text), Some(segments.clone()), "{text}");
        }
        Ok(interest::again(&segments, terms.rounding).unwrap().to_string())
    }

    fn pool(&self, words: &str) -> Result<String, Refusal> {
        let plan = self.plan()?;
        let by = match &self.model {
            Interest::Pool { shared_by, .. } => shared_by.0,
            Interest::DayBalances { .. } => Some(PoolWeight::DayBalance),
            Interest::Rates(_) => panic!("by rates"),
        };
        let by = by.ok_or_else(|| gains::MODEL_OPEN.refuse("shared-by"))?;
        let (amount, accounts) = words.split_once(':').unwrap();
        let weights: Vec<u64> = accounts
            .split('|')
            .map(|words| interest::weight(&account(words), plan.span(), by))
            .collect();
        let amount = yuan(amount.trim());
        let shares = split(amount, &weights).filter(|_| amount.is_positive());
        let shares = shares.ok_or_else(|| gains::NOTHING.refuse("nobody"))?;
        Ok(shares.iter().map(Money::to_string).collect::<Vec<_>>().join(" "))
    }
}

/// `OPENING [DAY +IN|-OUT|*GAINS]…`
fn account(words: &str) -> Account {
    let mut words = words.split_whitespace();
    let opening = yuan(words.next().unwrap());
    let mut moves = Vec::new();
    while let (Some(on), Some(change)) = (words.next(), words.next()) {
        let (sign, amount) = change.split_at(1);
        let change = if sign == "-" { -yuan(amount) } else { yuan(amount) };
        moves.push(Move { on: day(on), change, is_own: sign != "*" && !change.is_zero() });
    }
    Account { opening, moves }
}

#[test]
fn each_model_gives_what_was_computed_by_hand() {
    let library = library();
    let nation = pack(&library, "100000", "2026-01-05");
    let models = nation.terms.interest_models.value.clone();
    let model = models["M1"].clone();
    let term = Term { year: 2025, quarter: None };
    let mut bench = Bench { models, model, term, rates: Vec::new() };
    let (mut done, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    let mut chosen = String::new();
    let text = cases("interest.txt");
    for (i, line) in text.lines().enumerate() {
        let plain = line.split('#').next().unwrap().trim();
        let words: Vec<&str> = plain.split_whitespace().collect();
        let told = match words.as_slice() {
            [] => continue,
            ["model", rest @ ..] => {
                bench.choose(rest);
                chosen = rest[0].to_owned();
                continue;
            }
            ["term", year, rest @ ..] => {
                let quarter = rest.first().map(|quarter| quarter.parse().unwrap());
                bench.term = Term { year: year.parse().unwrap(), quarter };
                continue;
            }
            ["rate", kind, from, percent] => {
                let kind = RateRef::named(kind).unwrap();
                bench.rates.push((kind, day(from), rates::e8(percent).unwrap()));
                continue;
            }
            ["account", ..] => {
                bench.account(plain.split("=>").next().unwrap().trim_start_matches("account"))
            }
            ["pool", ..] => {
                bench.pool(plain.split("=>").next().unwrap().trim_start_matches("pool"))
            }
            other => panic!("line {}: {other:?}", i + 1),
        };
        *done.entry(chosen.clone()).or_default() += 1;
        let told = told.unwrap_or_else(|refusal| refusal.code().to_owned());
        let wanted = plain.split("=>").nth(1).unwrap().trim();
        if told != wanted {
            wrong.push(format!("line {}: {plain}, but {told}", i + 1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all: Vec<&str> = done.keys().map(String::as_str).collect();
    assert_eq!(all, ["M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8"]);
}

proptest! {
    /// Every fen lies in exactly one segment of every day, whatever comes and goes; and the text gives the segments again.
    #[test]
    fn segments_cover_each_day_once(
        opening in 0_i64..1_000_000,
        moves in prop::collection::btree_map(0_i64..364, -400_000_i64..400_000, 0..12),
    ) {
        let span = Span { from_on: day("2024-07-01"), settle_on: day("2025-06-30") };
        let at = |offset: i64| span.from_on + chrono::Duration::days(offset);
        let moves: Vec<Move> = moves
            .into_iter()
            .map(|(offset, fen)| Move { on: at(offset), change: Money::fen(fen), is_own: true })
            .collect();
        let account = Account { opening: Money::fen(opening), moves };
        let models = pack(&library(), "100000", "2026-01-05").terms.interest_models.value.clone();
        let Interest::Rates(terms) = &models["M1"] else { panic!("by rates") };
        let rates = [RateRef::Demand, RateRef::ThreeMonths].map(|k| (k, span.from_on, 2_850_000));
        let segments = interest::by_rates(&account, span, terms, &Rates::by_hand(&rates)).unwrap();
        if !segments.is_empty() {
            prop_assert_eq!(interest::read(&interest::told(&segments)), Some(segments.clone()));
        }
        for offset in (0..364).step_by(7) {
            let today = at(offset);
            let moved = account.moves.iter().filter(|m| m.on <= today).map(|m| m.change);
            let balance = moved.fold(account.opening, |sum, change| sum + change);
            let lies = |s: &&Segment| s.lay.is_none_or(|l| l.from_on <= today && today < l.to_on);
            let lying: Money = segments.iter().filter(lies).map(|s| s.base).sum();
            prop_assert_eq!(lying, balance.max(Money::ZERO), "{}", today);
        }
    }
}

// ---- on the books --------------------------------------------------------------------------------------------------

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code()
}

async fn office<G, T, F>(world: &World, verb: &'static str, given: G, run: F) -> Result<T>
where
    G: serde::Serialize + Send + Sync + 'static,
    T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
    F: for<'a> Fn(
            &'a mut ledger::books::Tx,
            &'a G,
        ) -> futures_util::future::BoxFuture<'a, Result<T>>
        + Send
        + Sync
        + 'static,
{
    let authority = Actor::new("中心", Role::HousingAuthority);
    let request = Request::new(verb, given);
    world.books.act(&authority, CompoundId::OFFICE, request, run).await.map(|done| done.answer)
}

/// Puts the small compound into the sample county, whose law is M1.
async fn in_county(world: &World) {
    let mut above: Option<String> = None;
    for (kind, code) in [
        (AreaKind::City, "3301"),
        (AreaKind::District, "330199"),
        (AreaKind::Street, "330199001"),
        (AreaKind::Community, "330199001001"),
    ] {
        let parent = above.replace(code.into());
        let area = NewArea { kind, code: code.into(), name: code.into(), parent };
        let drawn = office(world, "property.draw-area", area, |tx, area| {
            Box::pin(async move { property::draw_area(tx, area).await.map(|_| ()) })
        });
        drawn.await.unwrap();
    }
    locate(world, world.compound).await;
}

async fn locate(world: &World, compound: CompoundId) {
    let locating = Locating { compound, area: "330199001001".into() };
    let located = office(world, "property.locate", locating, |tx, locating| {
        Box::pin(property::locate(tx, locating))
    });
    located.await.unwrap();
}

fn new_rate(code: &str, kind: RateRef, from: &str, percent: &str) -> NewRate {
    NewRate {
        jurisdiction: Jurisdiction::of_area(code).unwrap(),
        kind,
        effective_from: day(from),
        percent: percent.into(),
        source: "中心公告〔2024〕1号".into(),
        corrects: String::new(),
    }
}

async fn set_rate(world: &World, new: NewRate) -> Result<Rate> {
    office(world, "gains.set-rate", new, |tx, new| Box::pin(rates::set_rate(tx, new))).await
}

async fn usual_rates(world: &World) {
    for new in [
        new_rate("330100", RateRef::Demand, "2024-01-01", "0.36"),
        new_rate("330100", RateRef::ThreeMonths, "2024-07-01", "1.71"),
        new_rate("330100", RateRef::ThreeMonths, "2025-07-01", "2.85"),
    ] {
        set_rate(world, new).await.unwrap();
    }
}

fn bank_interest(fen: i64, on: &str) -> Entry {
    let amount = Money::fen(fen);
    Entry {
        book: Book::Fund,
        effective_on: day(on),
        kind: Kind::Other,
        memo: "存款利息".into(),
        source: "柜台".into(),
        evidence: String::new(),
        lines: vec![Line::debit(1001, amount), Line::credit(410_101, amount)],
    }
}

async fn close(world: &World, month: &str) {
    let month = Month::parse(month).unwrap();
    let closed = world
        .act("journal.close", month, |tx, month| Box::pin(journal::close(tx, Book::Fund, *month)));
    closed.await.unwrap();
}

fn of_year(year: i32) -> Asked {
    Asked { term: Term { year, quarter: None }, only: None }
}

async fn run_interest(world: &World, asked: Asked) -> (Run, Vec<Part>) {
    let authority = Actor::new("中心", Role::HousingAuthority);
    let mut parts = Vec::new();
    let run = run::interest(&world.books, &authority, asked, |part| parts.push(part.clone()));
    let run = run.await.unwrap();
    parts.sort_by_key(|part| part.compound);
    (run, parts)
}

async fn laws_hold(world: &World) {
    let laws = ledger::verify::verify(&world.books, None).await.unwrap();
    assert!(laws.iter().all(|law| law.failed == 0), "{laws:?}");
}

async fn balance(world: &World, account: i32) -> i64 {
    let mut view = world.books.read().await.unwrap();
    let trial = journal::trial_balance(&mut view, world.compound, Book::Fund, AsOf::default());
    let rows = trial.await.unwrap().rows;
    rows.iter().find(|r| r.account == account).map_or(0, |r| (r.credit_fen - r.debit_fen).in_fen())
}

on_both! {
    /// `domain.md` §7 TV-3 through the books: two years, the bank's interest through 4101 and 3101, to the fen.
    async fn two_years_of_interest_reach_the_household_to_the_fen(world: World) {
        in_county(&world).await;
        usual_rates(&world).await;
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 25_000_000, "2024-08-05")).await.unwrap();
        world.post(bank_interest(100_000, "2025-06-21")).await.unwrap();

        // Not closed: nothing stands in 3101, and the reason says where it is.
        let (run, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!(parts[0].outcome, Outcome::Skipped);
        assert_eq!(parts[0].code, "gains.short");
        assert!(parts[0].reason.contains("尚未结账转入的收益 1,000.00 元"), "{}", parts[0].reason);
        let manifest = run.manifest.unwrap();
        assert_eq!((run.expected, manifest.posted, manifest.skipped), (1, 0, 1));

        close(&world, "2025-06").await;
        let preview = run::preview(&world.books, of_year(2025), |_| {}).await.unwrap();
        let (run, parts) = run_interest(&world, of_year(2025)).await;
        let manifest = run.manifest.unwrap();
        assert_eq!((run.run_no, manifest.posted, manifest.households), (RunNo(2), 1, 1));
        assert_eq!((manifest.sum_fen, manifest.left_fen), (yuan("812.50"), yuan("187.50")));
        assert_eq!((preview.sum_fen, preview.left_fen), (manifest.sum_fen, manifest.left_fen));
        assert_eq!(parts.len(), 1);
        assert_eq!(balance(&world, 310_101).await, 18_750);

        // The same command again finds everything done, and writes nothing.
        let (again, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!((again.run_no, parts.len()), (RunNo(2), 0));

        // The next year: what was carried with its interest, at the three months' rate of 1 July 2025.
        world.clock.set(Instant::parse("2026-07-05T09:00:00+08:00").unwrap());
        world.post(bank_interest(1_000_000, "2026-06-21")).await.unwrap();
        for month in ["2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01",
            "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"] {
            close(&world, month).await;
        }
        let (run, _) = run_interest(&world, of_year(2026)).await;
        assert_eq!(run.manifest.unwrap().sum_fen, yuan("7148.16"));
        let mut view = world.books.read().await.unwrap();
        let balances = ledger::fund::balances(&mut view, world.compound, AsOf::default()).await.unwrap();
        assert_eq!(balances[&home].total(), yuan("257960.66"), "TV-3; the source prints 259,760.66");
        assert_eq!(balances[&home].gains, yuan("7960.66"), "gains apart from principal");

        let explained = gains::explain(&mut view, world.compound, home).await.unwrap();
        assert_eq!(explained.len(), 2);
        let Worked::Segments(segments) = &explained[0].worked else { panic!("by rates") };
        assert_eq!(segments[0].to_string(), "25000000x325/360x360000@demand@2024-08-05~2025-06-30");
        drop(view);
        laws_hold(&world).await;
    }
}
