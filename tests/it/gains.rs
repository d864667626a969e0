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
use crate::world::{Backend, World, day, deposit_entry};

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
            // Months have 30 days here: from the 30th to the 31st no day passes, and what left on the 31st lay nowhere.
            if chrono::Datelike::day(&today) == 30 {
                continue;
            }
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

/// A second compound, in the sample county, whose interest of 2025 is due.
pub(crate) async fn somebody_is_due(world: &World) {
    in_county(world).await;
    usual_rates(world).await;
    let compound = world.found("yi", "有规定的小区").await;
    locate(world, compound).await;
    let clerk = Actor::new("王会计", Role::PropertyCompany);
    for entry in
        [deposit_entry(DwellingNo(1), 1_000_000, "2024-08-05"), bank_interest(10_000, "2025-06-21")]
    {
        let request = Request::describing("journal.post", entry, Value::Null);
        let posted = world
            .books
            .act(&clerk, compound, request, |tx, e: &Entry| Box::pin(journal::post(tx, e.clone())));
        posted.await.unwrap();
    }
    let request = Request::new("journal.close", Month::parse("2025-06").unwrap());
    let closed = world
        .books
        .act(&clerk, compound, request, |tx, m| Box::pin(journal::close(tx, Book::Fund, *m)));
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
        assert_eq!((run.run_no, manifest.posted, manifest.households), (RunNo(1), 1, 1), "the one that held nothing was not kept");
        assert_eq!((manifest.sum_fen, manifest.left_fen), (yuan("812.50"), yuan("187.50")));
        assert_eq!((preview.sum_fen, preview.left_fen), (manifest.sum_fen, manifest.left_fen));
        assert_eq!(parts.len(), 1);
        assert_eq!(balance(&world, 310_101).await, 18_750);

        // The same command again finds everything done, and writes nothing.
        let (again, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!((again.run_no, parts.len()), (RunNo(1), 0));

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
        let first = explained[0].first_seq;
        drop(view);
        laws_hold(&world).await;

        // The first year cannot be settled anew while the second stands on it.
        world.act("bank.reverse", first, |tx, seq| {
            Box::pin(ledger::bank::reverse(tx, Book::Fund, *seq, day("2026-07-05"), Style::Red, "利率有误"))
        }).await.unwrap();
        let (_, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!(parts[0].code, "gains.out-of-order");
        laws_hold(&world).await;
    }

    /// A run that was broken off goes on under its number; what was settled is not settled again, what was reversed is.
    async fn a_run_goes_on_where_it_was_broken_off(world: World) {
        in_county(&world).await;
        usual_rates(&world).await;
        let mut compounds = vec![world.compound];
        for name in ["yi", "bing"] {
            let id = world.found(name, name).await;
            locate(&world, id).await;
            compounds.push(id);
        }
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        for compound in &compounds {
            for entry in [deposit_entry(DwellingNo(1), 1_000_000, "2024-08-05"), bank_interest(10_000, "2025-06-21")] {
                let request = Request::describing("journal.post", entry, Value::Null);
                world.books.act(&clerk, *compound, request, |tx, e: &Entry| Box::pin(journal::post(tx, e.clone()))).await.unwrap();
            }
            // The last one's books are not closed yet.
            if *compound != compounds[2] {
                let request = Request::new("journal.close", Month::parse("2025-06").unwrap());
                world.books.act(&clerk, *compound, request, |tx, m| Box::pin(journal::close(tx, Book::Fund, *m))).await.unwrap();
            }
        }
        let authority = Actor::new("中心", Role::HousingAuthority);
        let begun = run::begin(&world.books, &authority, None, of_year(2025)).await.unwrap().answer;
        assert_eq!(begun, RunNo(1));
        assert_eq!(code(run::seal(&world.books, &authority, begun).await), "gains.run-open");
        assert_eq!(code(run::seal(&world.books, &authority, RunNo(9)).await), "gains.no-run");
        assert_eq!(code(run::begin(&world.books, &authority, None, of_year(1900)).await), "gains.period");
        let (run, parts) = run_interest(&world, of_year(2025)).await;
        let outcomes: Vec<Outcome> = parts.iter().map(|p| p.outcome).collect();
        assert_eq!((run.run_no, run.expected), (begun, 3), "it goes on");
        assert_eq!(outcomes, [Outcome::Posted, Outcome::Posted, Outcome::Skipped]);
        let manifest = run.manifest.unwrap();
        assert_eq!((manifest.posted, manifest.skipped, manifest.sum_fen), (2, 1, yuan("65.00")));

        // What was skipped is tried again by a run of its own; the others are found settled.
        let request = Request::new("journal.close", Month::parse("2025-06").unwrap());
        world.books.act(&clerk, compounds[2], request, |tx, m| Box::pin(journal::close(tx, Book::Fund, *m))).await.unwrap();
        let (run, parts) = run_interest(&world, of_year(2025)).await;
        let outcomes: Vec<Outcome> = parts.iter().map(|p| p.outcome).collect();
        assert_eq!((run.run_no, outcomes), (RunNo(2), vec![Outcome::Earlier, Outcome::Earlier, Outcome::Posted]));
        assert_eq!(run.manifest.unwrap().sum_fen, yuan("32.50"));
        laws_hold(&world).await;

        // A settlement that is reversed is made anew, and both are told.
        let mut view = world.books.read().await.unwrap();
        let first = gains::explain(&mut view, world.compound, DwellingNo(1)).await.unwrap()[0].first_seq;
        drop(view);
        world.act("bank.reverse", first, |tx, seq| {
            Box::pin(ledger::bank::reverse(tx, Book::Fund, *seq, day("2026-01-05"), Style::Red, "利率有误"))
        }).await.unwrap();
        let only = Asked { only: Some("xiaohe".into()), ..of_year(2025) };
        let (run, parts) = run_interest(&world, only).await;
        assert_eq!((run.expected, parts[0].outcome), (1, Outcome::Posted));
        let mut view = world.books.read().await.unwrap();
        let told = gains::explain(&mut view, world.compound, DwellingNo(1)).await.unwrap();
        assert_eq!(told.iter().map(|share| share.is_reversed).collect::<Vec<_>>(), [true, false]);
        drop(view);
        laws_hold(&world).await;

        // An earlier period after a later one.
        let (_, parts) = run_interest(&world, Asked { only: Some("xiaohe".into()), ..of_year(2024) }).await;
        assert_eq!(parts[0].code, "policy.not-in-force", "the county's pack begins in 2025");
        let (_, parts) = run_interest(&world, of_year(2027)).await;
        assert!(parts.iter().all(|p| p.code == "gains.not-ended"), "{parts:?}");
    }

    async fn what_no_law_or_rate_says_is_not_reckoned(world: World) {
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 1_000_000, "2024-08-05")).await.unwrap();
        let (run, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!(parts[0].code, "gains.no-model", "the nation names no model");
        assert_eq!((run.run_no, run.expected, run.manifest.unwrap().skipped), (RunNo(0), 1, 1), "nothing is kept");
        let authority = Actor::new("中心", Role::HousingAuthority);
        let refused = run::begin(&world.books, &authority, None, of_year(2025)).await.unwrap_err();
        assert_eq!(refused.code(), "gains.nothing-due");
        assert!(refused.to_string().contains("xiaohe [gains.no-model] 国家（100000@2021-01"), "{refused}");
        assert_eq!(refused.refusal().unwrap().remedy(), gains::NO_MODEL.remedy);
        let kept = run::runs(&mut world.books.read().await.unwrap(), RunNo(0), 10).await.unwrap();
        assert_eq!(kept, []);
        in_county(&world).await;
        let (_, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!((parts[0].code.as_str(), parts[0].reason.as_str()), ("gains.no-rate", "2024-08-05 没有活期利率"));

        let rate = new_rate("330100", RateRef::Demand, "2024-01-01", "0.36");
        for wrong in ["-0.1", "100.1", "0.1234567", "活期", ""] {
            let new = NewRate { percent: wrong.into(), ..rate.clone() };
            assert_eq!(code(set_rate(&world, new).await), "gains.rate-shape", "{wrong}");
        }
        let new = NewRate { source: " ".into(), ..rate.clone() };
        assert_eq!(code(set_rate(&world, new).await), "gains.rate-shape");
        set_rate(&world, rate.clone()).await.unwrap();
        let other = NewRate { percent: "0.35".into(), ..rate.clone() };
        assert_eq!(code(set_rate(&world, other.clone()).await), "gains.rate-taken");
        let mended = NewRate { corrects: "原登记抄错".into(), ..other };
        assert_eq!(set_rate(&world, mended).await.unwrap().rate_e8, 350_000);
        // The nearest place that has a rate decides, and of one place the last entry.
        set_rate(&world, new_rate("100000", RateRef::Demand, "2024-07-01", "9")).await.unwrap();
        let all = rates::rates(&mut world.books.read().await.unwrap()).await.unwrap();
        let here = Rates::of(&Jurisdiction::of_area("330199").unwrap(), &all);
        assert_eq!(here.at(RateRef::Demand, day("2025-01-01")), Some(350_000));
        assert_eq!(here.at(RateRef::Demand, day("2023-12-31")), None);
        let (_, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!(parts[0].code, "gains.short");
        let given = rate;
        let misplaced = world.act("gains.set-rate", given, |tx, new| Box::pin(rates::set_rate(tx, new))).await;
        assert_eq!(code(misplaced), "books.no-compound");
    }

    /// What an owner reads on the statement gives the interest that was posted: from the movements, and from the lines.
    async fn an_owner_reckons_the_interest_again_from_the_statement(world: World) {
        in_county(&world).await;
        usual_rates(&world).await;
        let mut view = world.books.read().await.unwrap();
        let homes: Vec<DwellingNo> = property::codes(&mut view, world.compound).await.unwrap().into_values().collect();
        drop(view);
        let mut state = 20_260_105_u64;
        let mut draw = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        for home in &homes {
            let mut lies = 0_i64;
            for _ in 0..6 {
                let on = day("2024-01-01") + chrono::Duration::days(i64::try_from(draw(540)).unwrap());
                let fen = 1 + i64::try_from(draw(3_000_000)).unwrap();
                let entry = if lies > fen && draw(3) == 0 {
                    lies -= fen;
                    let amount = Money::fen(fen);
                    let lines = vec![Line::debit(500_101, amount).of(*home), Line::credit(1001, amount)];
                    Entry { kind: Kind::Repair, lines, ..deposit_entry(*home, fen, &on.to_string()) }
                } else {
                    lies += fen;
                    deposit_entry(*home, fen, &on.to_string())
                };
                world.post(entry).await.unwrap();
            }
        }
        world.post(bank_interest(100_000_000, "2025-06-21")).await.unwrap();
        close(&world, "2025-06").await;
        let known_at = world.clock.now();
        world.clock.set(Instant::from_seconds(known_at.seconds() + 60));
        let (run, _) = run_interest(&world, of_year(2025)).await;
        assert_eq!(run.manifest.unwrap().households, 12);

        let Interest::Rates(terms) = pack(&library(), "330199", "2025-06-30").interest().unwrap().clone() else { panic!("M1") };
        let span = Span { from_on: day("2024-07-01"), settle_on: day("2025-06-30") };
        let mut view = world.books.read().await.unwrap();
        let all = rates::rates(&mut view).await.unwrap();
        let here = Rates::of(&Jurisdiction::of_area("330199").unwrap(), &all);
        for home in homes {
            let before = AsOf { day: Some(span.settle_on), known_at: Some(known_at) };
            let stated = ledger::fund::account(&mut view, world.compound, home, Some(span.from_on), before).await.unwrap();
            let mut account = Account { opening: stated.opening.total(), moves: Vec::new() };
            for line in &stated.movements {
                let (on, change) = (line.movement.effective_on, line.change.total());
                match account.moves.last_mut() {
                    Some(last) if last.on == on => last.change += change,
                    _ => account.moves.push(Move { on, change, is_own: true }),
                }
            }
            let segments = interest::by_rates(&account, span, &terms, &here).unwrap();
            let explained = gains::explain(&mut view, world.compound, home).await.unwrap();
            let share = &explained[0];
            assert_eq!(interest::again(&segments, terms.rounding).unwrap(), share.amount, "{home}");
            assert_eq!(share.worked, Worked::Segments(segments), "{home}");
            assert_eq!(from_paper(&share.lines()), share.amount, "{home}: {:?}", share.lines());

            let after = ledger::fund::account(&mut view, world.compound, home, None, AsOf::default()).await.unwrap();
            assert_eq!(after.closing.gains, share.amount, "gains apart from principal");
        }
        drop(view);
        laws_hold(&world).await;

        // One fen taken from a share by somebody with the database's password is seen.
        let db = world.back_door().await;
        let off = match world.backend {
            Backend::Sqlite => "DROP TRIGGER gain_share_no_update",
            Backend::Postgres => "ALTER TABLE gain_share DISABLE TRIGGER USER",
        };
        db.execute_unprepared(off).await.unwrap();
        db.execute_unprepared("UPDATE gain_share SET amount_fen = amount_fen - 1 WHERE dwelling_no = 3").await.unwrap();
        let laws = ledger::verify::verify(&world.books, None).await.unwrap();
        let broken: Vec<&str> = laws.iter().filter(|law| law.failed > 0).map(|law| law.name).collect();
        assert_eq!(broken, ["settlements-posted", "shares-reckoned"]);
    }

    /// Gains no model shares out go by what the pack says; a pool's charges are taken off first; nothing beyond 3101.
    async fn a_pool_is_shared_to_the_last_fen_less_its_charges(world: World) {
        in_county(&world).await;
        let body = "code = \"330199\"\ntitle = \"示例县\"\nparent = \"330100\"\nversion = \"2026-01\"\namends = \"2025-01\"
effective-from = 2026-01-01\ndays-evidence = \"recommended\"\nnote = \"按资金池分配\"
[[parameter]]\nname = \"interest\"\narticle = \"样例\"\nsays = \"全年收益扣除手续费后按积数分\"\nevidence = \"recommended\"\nsource = \"样例\"
[parameter.value]\nby = \"pool\"\nless = [\"银行手续费\"]\nshared-by = \"day-balance\"
[[parameter]]\nname = \"gains-shared-by\"\narticle = \"样例\"\nsays = \"其他收益按建筑面积分\"\nevidence = \"recommended\"\nsource = \"样例\"\nvalue = \"area\"\n";
        let (one, two) = (world.dwelling("1-1-101").await, world.dwelling("1-1-102").await);
        world.post(deposit_entry(one, 1_000_000, "2025-08-05")).await.unwrap();
        world.post(deposit_entry(two, 2_000_000, "2025-08-05")).await.unwrap();
        let charge = |what, fen, on: &str| Charge { what, amount: Money::fen(fen), on: day(on), evidence: String::new() };
        assert_eq!(code(charged(&world, charge(Charged::BankFee, 100, "2025-12-31")).await), "gains.charge-not-listed");
        office(&world, "policy.add", body.to_owned(), |tx, body| Box::pin(ledger::policy::add(tx, body))).await.unwrap();
        world.clock.set(Instant::parse("2027-01-05T09:00:00+08:00").unwrap());
        assert_eq!(code(charged(&world, charge(Charged::Messages, 100, "2026-12-21")).await), "gains.charge-not-listed");
        assert_eq!(code(charged(&world, charge(Charged::BankFee, 0, "2026-12-21")).await), "gains.amount");
        charged(&world, charge(Charged::BankFee, 1_000, "2026-12-21")).await.unwrap();
        credited(&world, Income::Deposit, 31_000, "2026-12-21").await.unwrap();
        let (_, parts) = run_interest(&world, of_year(2026)).await;
        assert_eq!(parts[0].code, "gains.nothing", "not closed: {parts:?}");
        close(&world, "2026-12").await;
        let (run, _) = run_interest(&world, of_year(2026)).await;
        let manifest: Manifest = run.manifest.unwrap();
        assert_eq!((manifest.sum_fen, manifest.left_fen, manifest.households), (yuan("300.00"), Money::ZERO, 2));
        let mut view = world.books.read().await.unwrap();
        let share = &gains::explain(&mut view, world.compound, one).await.unwrap()[0];
        assert_eq!((share.amount, &share.worked), (yuan("100.00"), &Worked::Weight(365_000_000)));
        assert_eq!(share.lines(), ["可分配 300.00 元 × 权数 365000000 ÷ 权数合计 1095000000（余额 × 天数，分·日）"]);
        assert_eq!(share.worked.again(share.account, &share.basis), Some((yuan("100.00"), yuan("100.00"))));
        drop(view);

        // Residual value, by area: it is this county's fund's (165号令 art. 27 through the nation's pack).
        credited(&world, Income::Residual, 12_345, "2027-01-04").await.unwrap();
        let asked = |fen: i64| Distribution { commodity: Money::fen(fen), sold_public: Money::ZERO, on: day("2027-01-05"), memo: "电梯残值".into() };
        assert_eq!(code(distributed(&world, asked(12_345)).await), "gains.short");
        world.clock.set(Instant::parse("2027-02-05T09:00:00+08:00").unwrap());
        close(&world, "2027-01").await;
        assert_eq!(code(distributed(&world, asked(0)).await), "gains.amount");
        let nobody = Distribution { sold_public: Money::fen(1), ..asked(1) };
        assert_eq!(code(distributed(&world, nobody).await), "gains.nothing");
        let settled = distributed(&world, asked(12_345)).await.unwrap();
        assert_eq!((settled.households, settled.sum_fen, settled.left_fen), (12, yuan("123.45"), Money::ZERO));
        let mut view = world.books.read().await.unwrap();
        let roll = property::roll(&mut view, world.compound, day("2027-02-05")).await.unwrap();
        let mut areas: Vec<(DwellingNo, u64)> = roll.iter().map(|d| (d.no, d.fund_area.in_centi_m2().unsigned_abs())).collect();
        areas.sort_unstable();
        let shares = split(yuan("123.45"), &areas.iter().map(|a| a.1).collect::<Vec<_>>()).unwrap();
        for ((home, _), amount) in areas.iter().zip(shares) {
            let told = gains::explain(&mut view, world.compound, *home).await.unwrap();
            let share = told.last().unwrap();
            assert_eq!((share.amount, share.is_interest), (amount, false));
        }
        drop(view);
        laws_hold(&world).await;
    }

    /// 165号令 art. 26: deposits, and bonds of the primary market held to maturity; nothing else, whoever asks.
    async fn idle_money_lies_only_where_the_law_lets_it(world: World) {
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 10_000_000, "2024-08-05")).await.unwrap();
        for kind in [Holding::SecondaryBond, Holding::Repo, Holding::Entrusted, Holding::Pledge] {
            let refused = placed(&world, NewPlacement { kind, ..slip(1_000_000) }).await.expect_err("refused");
            assert_eq!(refused.code(), "gains.not-listed", "{kind:?}");
            assert!(refused.to_string().contains("165号令 第二十六条"), "{refused}");
        }
        for wrong in [
            NewPlacement { name: " ".into(), ..slip(1_000_000) },
            NewPlacement { cost: Money::fen(1), ..slip(1_000_000) },
            NewPlacement { matures_on: day("2025-01-01"), ..slip(1_000_000) },
            slip(0),
        ] {
            assert_eq!(code(placed(&world, wrong).await), "gains.placement-shape");
        }
        assert_eq!(code(placed(&world, slip(10_000_001)).await), "gains.not-there");
        let first = placed(&world, slip(4_000_000)).await.unwrap();
        assert_eq!((first.placement_no, first.voucher), (PlacementNo(1), None));
        assert_eq!(code(placed(&world, slip(6_000_001)).await), "gains.not-there");
        let bond = NewPlacement { kind: Holding::PrimaryBondToMaturity, cost: Money::fen(1_990_000), ..slip(2_000_000) };
        let bond = placed(&world, bond).await.unwrap();
        assert!(bond.voucher.is_some());
        assert_eq!(balance(&world, 1101).await, -1_990_000);

        let ending = |no: PlacementNo, how, on: &str, fen| Ending {
            placement_no: no, how, on: day(on), interest: Money::fen(fen), line_no: None, renewal: None,
        };
        assert_eq!(code(ended(&world, ending(PlacementNo(9), How::PaidOut, "2026-01-02", 0)).await), "gains.no-placement");
        assert_eq!(code(ended(&world, ending(bond.placement_no, How::Early, "2025-06-30", 0)).await), "gains.held-to-maturity");
        assert_eq!(code(ended(&world, ending(bond.placement_no, How::PaidOut, "2025-06-30", 0)).await), "gains.held-to-maturity");
        assert_eq!(code(ended(&world, ending(first.placement_no, How::PaidOut, "2025-06-30", 0)).await), "gains.not-due");
        assert_eq!(code(ended(&world, ending(first.placement_no, How::Early, "2026-01-02", 0)).await), "gains.not-due");
        assert_eq!(code(ended(&world, ending(first.placement_no, How::PaidOut, "2026-01-02", -1)).await), "gains.amount");

        // Renewed with what it earned: 40,000 × 1.5% for a year.
        let renewal = Renewal { with_interest: true, percent: "1.35".into(), early_percent: "0.35".into(),
            matures_on: day("2027-01-02"), evidence: "CD-2".into() };
        let renewed = Ending { renewal: Some(renewal), ..ending(first.placement_no, How::Renewed, "2026-01-02", 60_000) };
        let renewed = ended(&world, renewed).await.unwrap();
        assert_eq!((renewed.expected_fen, renewed.renewed_as), (yuan("600.00"), Some(PlacementNo(3))));
        assert_eq!(code(ended(&world, ending(first.placement_no, How::PaidOut, "2026-01-02", 0)).await), "gains.placement-ended");
        // Taken out too early: its own rate for the days it lay (3 × 40,600 × 0.35% ÷ 360 = 1.18416…).
        let early = ended(&world, ending(PlacementNo(3), How::Early, "2026-01-05", 118)).await.unwrap();
        assert_eq!(early.expected_fen, yuan("1.18"));
        let paid = ended(&world, ending(bond.placement_no, How::PaidOut, "2026-01-02", 50_000)).await.unwrap();
        assert!(paid.voucher.is_some());
        assert_eq!((balance(&world, 1101).await, balance(&world, 410_201).await, balance(&world, 410_101).await), (0, 50_000, 60_118));
        let mut view = world.books.read().await.unwrap();
        let all = placement::placements(&mut view, world.compound).await.unwrap();
        assert_eq!(all.iter().map(|p| (p.no.0, p.days_left(day("2026-01-05")), p.ended.is_some())).collect::<Vec<_>>(),
            [(1, -4, true), (2, -4, true), (3, 362, true)]);
        let lying = placement::lying(&mut view, world.compound).await.unwrap();
        // 100,000.00 + 601.18 of deposits + 500.00 of the bond.
        assert_eq!((lying.demand_fen, lying.term_fen, lying.bonds_fen), (yuan("101101.18"), Money::ZERO, Money::ZERO));
        drop(view);
        laws_hold(&world).await;
    }

    /// The bank's interest claims its line, is divided by what each kind of housing has, and is told apart from residual value.
    async fn what_the_bank_credits_is_divided_by_what_each_has(world: World) {
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 3_000_000, "2024-08-05")).await.unwrap();
        let public = Entry {
            lines: vec![Line::debit(1001, Money::fen(1_000_000)), Line::credit(400_102, Money::fen(1_000_000)).of(home)],
            ..deposit_entry(home, 1_000_000, "2024-08-05")
        };
        world.post(public).await.unwrap();
        let text = "交易时间,收入金额,支出金额,账户余额,对方账号,对方户名,交易用途\n2025-12-21 01:00:00,100.01,,100.01,,,结息\n";
        let terms = ledger::import::Terms { compound: "xiaohe".into(), name: None, good_rows: false, book: Book::Fund };
        let file = ledger::intake::File { name: "流水.csv", bytes: text.as_bytes() };
        let reading = ledger::import::read(ledger::import::Kind::Bank, file, &terms).unwrap();
        ledger::import::commit(&world.books, &Actor::operator(), std::sync::Arc::new(reading), &terms).await.unwrap();
        let credit = Credit { income: Income::Deposit, line_no: Some(LineNo(1)), amount: Money::ZERO, received_on: day("2026-01-05"), evidence: String::new() };
        let taken = |credit: Credit| world.act("gains.credit", credit, |tx, c| Box::pin(placement::credit(tx, c)));
        taken(credit.clone()).await.unwrap();
        assert_eq!((balance(&world, 410_101).await, balance(&world, 410_102).await), (7_501, 2_500));
        assert_eq!(code(taken(credit.clone()).await), "bank.line-taken");
        let nothing = Credit { line_no: None, ..credit };
        assert_eq!(code(taken(nothing).await), "gains.amount");

        // Shanghai sends residual value to public revenue from April 2026 on.
        let city = NewArea { kind: AreaKind::City, code: "31".into(), name: "上海市".into(), parent: None };
        office(&world, "property.draw-area", city, |tx, area| Box::pin(async move { property::draw_area(tx, area).await.map(|_| ()) })).await.unwrap();
        let locating = Locating { compound: world.compound, area: "31".into() };
        office(&world, "property.locate", locating, |tx, locating| Box::pin(property::locate(tx, locating))).await.unwrap();
        world.clock.set(Instant::parse("2026-05-05T09:00:00+08:00").unwrap());
        assert_eq!(code(credited(&world, Income::Residual, 100, "2026-05-04").await), "gains.residual-elsewhere");
        laws_hold(&world).await;
    }

    /// Income that was shared out is not taken back from under it, in an open month or a closed one.
    async fn income_that_was_shared_is_reversed_after_its_shares(world: World) {
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 3_000_000, "2025-08-05")).await.unwrap();
        let first = credited(&world, Income::Deposit, 10_000, "2025-11-21").await.unwrap();
        let second = credited(&world, Income::Deposit, 4_000, "2025-12-21").await.unwrap();
        for month in ["2025-08", "2025-09", "2025-10", "2025-11"] {
            close(&world, month).await;
        }
        let asked = Distribution { commodity: Money::fen(9_000), sold_public: Money::ZERO, on: day("2026-01-05"), memo: "利息".into() };
        let shared = distributed(&world, asked).await.unwrap();
        let reverse = async |seq: ledger::id::VoucherSeq| {
            let done = world.act("bank.reverse", seq, |tx, seq| {
                Box::pin(ledger::bank::reverse(tx, Book::Fund, *seq, day("2026-01-05"), Style::Red, "银行退回"))
            });
            done.await.map(|_| ())
        };
        // 1,000 are left of the closed income, 4,000 wait for their close: 10,000 are not there, 4,000 are.
        assert_eq!(code(reverse(first.seq).await), "journal.reversal-distributed");
        reverse(second.seq).await.unwrap();
        let third = credited(&world, Income::Deposit, 2_000, "2026-01-04").await.unwrap();
        reverse(third.seq).await.unwrap();
        reverse(shared.vouchers[0].seq).await.unwrap();
        reverse(first.seq).await.unwrap();
        assert_eq!((balance(&world, 310_101).await, balance(&world, 410_101).await), (10_000, -10_000));
        laws_hold(&world).await;
    }

    /// Commodity and sold public housing apart, the owner's part and the selling unit's apart; a strand that is short stops both.
    async fn each_kind_of_housing_draws_on_its_own_gains(world: World) {
        in_county(&world).await;
        usual_rates(&world).await;
        let (flat, old) = (world.dwelling("1-1-101").await, world.dwelling("1-1-102").await);
        world.post(deposit_entry(flat, 1_000_000, "2024-03-01")).await.unwrap();
        for (account, fen) in [(400_102, 300_000), (400_103, 1_200_000)] {
            let amount = Money::fen(fen);
            let lines = vec![Line::debit(1001, amount), Line::credit(account, amount).of(old)];
            world.post(Entry { lines, ..deposit_entry(old, fen, "2024-03-01") }).await.unwrap();
        }
        let gains = |account, fen: i64| Entry {
            lines: vec![Line::debit(1001, Money::fen(fen)), Line::credit(account, Money::fen(fen))],
            ..bank_interest(fen, "2025-06-21")
        };
        // 1.71% of 10,000.00, 3,000.00 and 12,000.00.
        world.post(gains(410_101, 100_000)).await.unwrap();
        world.post(gains(410_102, 25_649)).await.unwrap();
        close(&world, "2025-06").await;
        let (_, parts) = run_interest(&world, of_year(2025)).await;
        assert_eq!(parts[0].code, "gains.short");
        assert!(parts[0].reason.starts_with("310102 余额 256.49 元，应分配 256.50 元"), "{}", parts[0].reason);
        assert_eq!(balance(&world, 310_101).await, 100_000, "nothing in part");
        world.clock.set(Instant::parse("2026-02-05T09:00:00+08:00").unwrap());
        world.post(Entry { effective_on: day("2026-01-05"), ..gains(410_102, 10) }).await.unwrap();
        for month in ["2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01"] {
            close(&world, month).await;
        }
        let (run, _) = run_interest(&world, of_year(2025)).await;
        let manifest = run.manifest.unwrap();
        assert_eq!((manifest.households, manifest.sum_fen), (3, yuan("427.50")));
        assert_eq!((balance(&world, 310_101).await, balance(&world, 310_102).await), (82_900, 9));
        let mut view = world.books.read().await.unwrap();
        let told = gains::explain(&mut view, world.compound, old).await.unwrap();
        let told: Vec<(i32, Money)> = told.iter().map(|share| (share.account, share.amount)).collect();
        assert_eq!(told, [(300_201, yuan("51.30")), (300_202, yuan("205.20"))]);
        drop(view);
        laws_hold(&world).await;
    }

    /// A compound too large for one voucher gets two, and one settlement.
    async fn twenty_thousand_households_are_two_vouchers(world: World) {
        in_county(&world).await;
        usual_rates(&world).await;
        for first in [0, 10_000, 19_000] {
            let each = Money::fen(10_000);
            let credits = (first + 1..=first + 10_000).map(|d| Line::credit(400_101, each).of(DwellingNo(d)));
            let lines = credits.chain([Line::debit(1001, Money::fen(100_000_000))]).collect();
            world.post(Entry { lines, ..deposit_entry(DwellingNo(1), 1, "2024-03-01") }).await.unwrap();
        }
        world.post(bank_interest(100_000_000, "2025-06-21")).await.unwrap();
        close(&world, "2025-06").await;
        let (run, _) = run_interest(&world, of_year(2025)).await;
        // 1.71 for 28,000 who have 100.00, 3.42 for the thousand who have 200.00.
        let manifest = run.manifest.unwrap();
        assert_eq!((manifest.households, manifest.sum_fen), (29_000, yuan("51300.00")));
        let mut view = world.books.read().await.unwrap();
        let vouchers = journal::vouchers(&mut view, world.compound, Book::Fund, ledger::id::VoucherSeq(5), 10).await.unwrap();
        let lines: Vec<usize> = vouchers.iter().map(|row| row.voucher.lines.len()).collect();
        assert_eq!(lines, [19_991, 9_011]);
        drop(view);
        laws_hold(&world).await;
    }

    /// At the counter: look first, run, read the reasons, print the statement on which the lines stand.
    async fn a_clerk_runs_interest_and_the_statement_shows_the_lines(world: World) {
        in_county(&world).await;
        world.found("yi", "没有规定的小区").await;
        let home = world.dwelling("1-1-101").await;
        world.post(deposit_entry(home, 25_000_000, "2024-08-05")).await.unwrap();
        let at = ["--compound", "xiaohe"];
        let rate = ["gains", "rate", "--jurisdiction", "330100", "--kind", "demand", "--from", "2024-01-01", "--percent", "0.36",
            "--source", "中心公告〔2024〕1号"];
        said(&world, &rate, 0).await;
        assert!(said(&world, &["gains", "rates"], 0).await.contains("330100  2024-01-01  0.36%  活期"));
        said(&world, &[&["gains", "credit", "--amount", "1000", "--on", "2025-06-21"], &at[..]].concat(), 0).await;
        said(&world, &[&["close", "--book", "fund", "--month", "2025-06"], &at[..]].concat(), 0).await;

        let run = ["run", "interest", "--year", "2025"];
        let looked: Value = serde_json::from_str(&said(&world, &[&run[..], &["--dry-run", "--json"]].concat(), 1).await).unwrap();
        assert_eq!((&looked["run"]["sum_fen"], &looked["run"]["run_no"]), (&81_250.into(), &0.into()));
        // One compound has no law: it is named, and the exit code says so.
        let told = said(&world, &run, 1).await;
        assert!(told.contains("应办 2 个小区，已结 1，此前已结 0，未结 1"), "{told}");
        assert!(told.contains("1 户，812.50 元；留存 3101 187.50 元"), "{told}");
        assert!(told.contains("未结 yi [gains.no-model] 国家（100000@2021-01"), "the pack is named: {told}");
        assert!(told.contains("    规则 计息办法由各地规定") && told.contains("    办法 由主管部门在当地政策包"), "{told}");
        let only: Value = serde_json::from_str(&said(&world, &[&run[..], &at[..], &["--json"]].concat(), 0).await).unwrap();
        assert_eq!((&only["run"]["earlier"], &only["run"]["run_no"]), (&1.into(), &0.into()));
        let parts = said(&world, &["gains", "parts", "1", "--skipped"], 0).await;
        assert!(parts.starts_with("yi  skipped") && parts.contains("办法 由主管部门"), "{parts}");
        // What held nothing was not kept.
        let none = said(&world, &[&run[..], &["--compound", "yi"]].concat(), 1).await;
        assert!(none.starts_with("没有可结的小区，未登记批次（2025年度，只办 yi）"), "{none}");
        let runs = said(&world, &["gains", "runs"], 0).await;
        assert!(runs.starts_with("结息批次 1（2025年度）：应办 2 个小区") && !runs.contains("结息批次 2"), "{runs}");
        said(&world, &["gains", "parts", "9"], 1).await;

        let line = "250,000.00 × 325 ÷ 360 × 0.36%（活期，2024-08-05 至 2025-06-30）= 812.500000";
        let explained = said(&world, &[&["gains", "explain", "--room", "1-1-101"], &at[..]].concat(), 0).await;
        assert!(explained.contains(line), "{explained}");
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("单.txt");
        let paper = ["statement", "--room", "1-1-101", "--out", out.to_str().unwrap()];
        said(&world, &[&paper[..], &at[..]].concat(), 0).await;
        let text = std::fs::read_to_string(&out).unwrap();
        let words: String = text.split_whitespace().collect();
        assert!(words.contains("计息明细"), "{text}");
        assert!(words.contains("812.500000"), "{text}");

        let place = ["gains", "place", "--kind", "term-deposit", "--name", "某银行", "--nominal", "1000", "--percent", "1.5",
            "--from", "2025-01-01", "--to", "2026-01-01"];
        assert_eq!(said(&world, &[&place[..], &at[..]].concat(), 0).await, "存放 1\n");
        let listed = said(&world, &[&["gains", "placements"], &at[..]].concat(), 0).await;
        assert!(listed.starts_with("活期 250,000.00 元，定期 1,000.00 元，国债 0.00 元\n"), "{listed}");
        let end = ["gains", "end", "--no", "1", "--how", "paid-out", "--on", "2026-01-02", "--interest", "15"];
        assert!(said(&world, &[&end[..], &at[..]].concat(), 0).await.contains("按约定应得 15.00 元"));
        laws_hold(&world).await;
    }
}

/// What a command said on standard output; its exit code must be this.
async fn said(world: &World, args: &[&str], wanted: u8) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["xiaoqu", "--db", &world.url].into_iter().chain(args.iter().copied());
    let code = xiaoqu::cli::run(args.map(Into::into), &mut out, &mut err).await;
    let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    assert_eq!(code, wanted, "{out}{err}");
    out
}

fn slip(fen: i64) -> NewPlacement {
    NewPlacement {
        kind: Holding::TermDeposit,
        name: "某银行一年期".into(),
        nominal: Money::fen(fen),
        cost: Money::fen(fen),
        percent: "1.50".into(),
        early_percent: "0.35".into(),
        starts_on: day("2025-01-01"),
        matures_on: day("2026-01-01"),
        evidence: "CD-1".into(),
    }
}

async fn placed(world: &World, new: NewPlacement) -> Result<Placed> {
    let done = world.act("gains.place", new, |tx, new| Box::pin(placement::place(tx, new)));
    done.await.map(|done| done.answer)
}

async fn ended(world: &World, ending: Ending) -> Result<Ended> {
    let done = world.act("gains.end-placement", ending, |tx, e| Box::pin(placement::end(tx, e)));
    done.await.map(|done| done.answer)
}

async fn charged(world: &World, charge: Charge) -> Result<Posted> {
    let done = world.act("gains.charge", charge, |tx, c| Box::pin(placement::charge(tx, c)));
    done.await.map(|done| done.answer)
}

async fn credited(world: &World, income: Income, fen: i64, on: &str) -> Result<Posted> {
    let (amount, received_on) = (Money::fen(fen), day(on));
    let credit = Credit { income, line_no: None, amount, received_on, evidence: String::new() };
    let done = world.act("gains.credit", credit, |tx, c| Box::pin(placement::credit(tx, c)));
    done.await.map(|done| done.answer)
}

async fn distributed(world: &World, asked: Distribution) -> Result<Settlement> {
    let done = world.act("gains.distribute", asked, |tx, a| Box::pin(gains::distribute(tx, a)));
    done.await.map(|done| done.answer)
}

/// What the lines on paper come to, with a pencil: the factors before the words, times and over, halves up to the fen.
fn from_paper(lines: &[String]) -> Money {
    use rust_decimal::Decimal;
    let number = |text: &str| text.replace([',', '%'], "").parse::<Decimal>().unwrap();
    let line = |line: &String| {
        let factors = line.split('（').next().unwrap();
        let mut parts = factors.split(" × ");
        let base = number(parts.next().unwrap());
        let rest: Vec<&str> = parts.collect();
        let rate = number(rest[rest.len() - 1]) / Decimal::ONE_HUNDRED;
        match rest.as_slice() {
            [_] => base * rate,
            [time, _] => {
                let (days, year) = time.split_once(" ÷ ").unwrap();
                base * rate * number(days) / number(year)
            }
            other => panic!("{other:?}"),
        }
    };
    let sum: Decimal = lines.iter().map(line).sum();
    let by = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    Money::parse(&sum.round_dp_with_strategy(2, by).to_string()).unwrap()
}

/// The text of a share is kept for ever: it must read as it was written.
#[test]
fn a_segment_is_written_as_it_was() {
    let segment: Segment = "25081250xYx2850000@three-months".parse().unwrap();
    assert_eq!(segment.in_chinese(), "250,812.50 × 2.85%（三个月定期，整期）= 7148.156250");
    for wrong in [
        "",
        "1x2",
        "1xYx2@demand@2025-01-01~2025-01-02",
        "1x1/0x2@demand@2025-01-01~2025-01-02",
        "1xYx2@x",
        "1xYx2x3@demand",
    ] {
        assert!(wrong.parse::<Segment>().is_err(), "{wrong}");
    }
}
