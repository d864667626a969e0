//! The run of interest: every compound's period settled, one act each, and a manifest of all.
//!
//! Owns: `gain_run`, `gain_part`, `gain_manifest`.
//!
//! Always: a run expects the compounds there are when it begins; each of them has exactly one part in it, written in the act
//! that posted or passed it over; so a run that was killed is resumed by the same command, and a compound is settled once for
//! its day however many runs there are. A run that could settle nobody is not begun: what is kept holds something. Sealed, a run says what it expected, posted, found settled earlier and skipped with
//! its reason, the sums, and a digest over its parts. Memory holds a page of compounds and the compounds under way.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::rates::{self, Rate, Rates};
use super::rows::{self, MANIFEST, PART, RUN, RUNS};
use super::{
    Header, NO_RUN, NOT_ENDED, NOTHING_DUE, OUT_OF_ORDER, Plan, RUN_OPEN, Settlement, Term,
};
use crate::books::{Actor, Books, Done, Request, Tx, View};
use crate::calendar::Day;
use crate::error::{Error, Refusal, Result, Storage};
use crate::id::{CompoundId, RunNo, SettlementNo};
use crate::journal::text::hex;
use crate::money::Money;
use crate::policy::{self, Jurisdiction, Library};
use crate::property;

/// How many compounds are read ahead.
const PAGE: i32 = 500;
/// How many compounds are under way at once: as many as there are connections that act, and as many waiting behind them.
const AT_ONCE: usize = 8;

/// What a run is asked to settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The period.
    #[serde(flatten)]
    pub term: Term,
    /// Only this compound, by code.
    pub only: Option<String>,
}

/// How a compound fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Settled by this run.
    Posted,
    /// Settled by an earlier one.
    Earlier,
    /// Not settled, with a reason.
    Skipped,
}

impl Outcome {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Posted => "posted",
            Outcome::Earlier => "earlier",
            Outcome::Skipped => "skipped",
        }
    }

    fn named(name: &str) -> Outcome {
        match name {
            "posted" => Outcome::Posted,
            "earlier" => Outcome::Earlier,
            _ => Outcome::Skipped,
        }
    }
}

/// A compound's part of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The compound.
    pub compound: CompoundId,
    /// How it fared.
    pub outcome: Outcome,
    /// The settlement.
    pub settlement_no: Option<SettlementNo>,
    /// How many accounts got something in it.
    pub households: i32,
    /// What they got.
    pub sum_fen: Money,
    /// What stays in 3101.
    pub left_fen: Money,
    /// The code of the rule it was skipped by.
    pub code: String,
    /// The reason, in Chinese.
    pub reason: String,
}

/// A run, and its manifest once it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its number.
    pub run_no: RunNo,
    /// What it was asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// How many compounds it expects.
    pub expected: i32,
    /// The last compound there was when it began.
    #[serde(skip)]
    through: CompoundId,
    /// The manifest.
    pub manifest: Option<Manifest>,
}

/// What a sealed run came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Compounds settled by it.
    pub posted: i32,
    /// Compounds settled before it.
    pub earlier: i32,
    /// Compounds skipped with a reason.
    pub skipped: i32,
    /// Accounts that got something by it.
    pub households: i64,
    /// What they got.
    pub sum_fen: Money,
    /// What stays in 3101 of the compounds it settled.
    pub left_fen: Money,
    /// SHA-256 over its parts, in hexadecimal.
    pub digest: String,
}

/// Runs the interest of a period over every compound (or one), as far as it has not been: begins or resumes, settles, seals.
/// `told` hears of every part as it is done. Where nobody is due nothing is kept: the answer has no number.
///
/// # Errors
/// `gains.period`, `property.no-compound`, storage. What keeps one compound from being settled is its part's reason.
pub async fn interest(
    books: &Books,
    actor: &Actor,
    asked: Asked,
    told: impl FnMut(&Part) + Send,
) -> Result<Run> {
    let asked = Asked { term: asked.term.checked()?, ..asked };
    let mut view = books.read().await?;
    // What is whole is answered without an act.
    let run_no = match last_run(&mut view, &asked).await? {
        Some(last) if is_still_good(&mut view, &last).await? => last.run_no,
        _ => {
            drop(view);
            match begin(books, actor, None, asked.clone()).await {
                Ok(begun) => begun.answer,
                Err(refused) if refused.code() == NOTHING_DUE.code => {
                    let manifest = preview(books, asked.clone(), told).await?;
                    let (run_no, through) = (RunNo(0), CompoundId(0));
                    let expected = manifest.posted + manifest.earlier + manifest.skipped;
                    return Ok(Run { run_no, asked, expected, through, manifest: Some(manifest) });
                }
                Err(failed) => return Err(failed),
            }
        }
    };
    go_on(books, actor, run_no, told).await
}

/// Goes on with a run that was begun, to its seal. A sealed one is answered as it is.
///
/// # Errors
/// `gains.no-run`, storage.
pub async fn go_on(
    books: &Books,
    actor: &Actor,
    run_no: RunNo,
    mut told: impl FnMut(&Part) + Send,
) -> Result<Run> {
    let run = run_by_no(&mut books.read().await?, run_no).await?;
    if run.manifest.is_some() {
        return Ok(run);
    }
    let plans = Plans::new(&mut books.read().await?, run.asked.term).await?;
    let mut after = CompoundId(0);
    loop {
        let page = open_parts(&mut books.read().await?, &run, after).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        let tasks = page.into_iter().map(|(compound, jurisdiction)| {
            let plan = plans.of(jurisdiction);
            let task = Task { run: run.run_no, plan };
            take_part(books, actor, compound, task)
        });
        let mut parts = stream::iter(tasks).buffer_unordered(AT_ONCE);
        while let Some(part) = parts.try_next().await? {
            told(&part);
        }
    }
    seal(books, actor, run.run_no).await
}

/// What every compound would get, without a row written: the same reckoning over one picture of the books.
///
/// # Errors
/// As [`interest`].
pub async fn preview(
    books: &Books,
    asked: Asked,
    mut told: impl FnMut(&Part) + Send,
) -> Result<Manifest> {
    let today = books.clock().now().day();
    let mut view = books.read().await?;
    let mut tally = Tallied::default();
    look_ahead(&mut view, asked, today, |part| {
        told(part);
        tally.add(part, &[]);
        true
    })
    .await?;
    Ok(tally.manifest())
}

/// What each compound would get, told one by one for as long as whoever hears it wants to go on.
async fn look_ahead(
    view: &mut impl View,
    asked: Asked,
    today: Day,
    mut told: impl FnMut(&Part) -> bool + Send,
) -> Result<()> {
    let term = asked.term.checked()?;
    let plans = Plans::new(view, term).await?;
    let (through, _) = reach(view, asked.only.as_deref()).await?;
    let run = Run { run_no: RunNo(0), asked, expected: 0, through, manifest: None };
    let mut after = CompoundId(0);
    loop {
        let page = open_parts(view, &run, after).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (compound, jurisdiction) in page {
            let part = match plans.of(jurisdiction).as_ref() {
                Ok(plan) => match settled_or_due(view, compound, plan, today).await? {
                    Due::No(part) => part,
                    Due::Yes { .. } => match super::reckon(view, compound, plan).await {
                        Ok(reckoned) => Part {
                            compound,
                            outcome: Outcome::Posted,
                            settlement_no: None,
                            households: i32::try_from(reckoned.shares.len()).unwrap_or(i32::MAX),
                            sum_fen: reckoned.sum(),
                            left_fen: reckoned.left(),
                            code: String::new(),
                            reason: String::new(),
                        },
                        Err(Error::Refused(refusal)) => skipped(compound, &refusal),
                        Err(failed) => return Err(failed),
                    },
                },
                Err(refusal) => skipped(compound, refusal),
            };
            if !told(&part) {
                return Ok(());
            }
        }
    }
}

/// Whether a run would settle anybody; if not, why not.
async fn must_be_due(view: &mut impl View, asked: &Asked, today: Day) -> Result<()> {
    let (mut is_due, mut earlier, mut first) = (false, 0, None);
    look_ahead(view, asked.clone(), today, |part| {
        match part.outcome {
            Outcome::Posted => is_due = true,
            Outcome::Earlier => earlier += 1,
            Outcome::Skipped => first = first.take().or_else(|| Some(part.clone())),
        }
        !is_due
    })
    .await?;
    if is_due {
        return Ok(());
    }
    let mut evidence = format!("{}：此前已结 {earlier} 个小区", asked.term.in_chinese());
    if let Some(part) = &first {
        let code = property::compound_code(view, part.compound).await?;
        evidence += &format!("；未结的如 {code} [{}] {}", part.code, part.reason);
    }
    let refusal = NOTHING_DUE.refuse(evidence);
    // What keeps the first of them is what there is to do something about.
    let code = first.map_or(String::new(), |part| part.code);
    let refusal = match super::RULES.iter().find(|rule| rule.code == code) {
        Some(rule) => refusal.remedied(rule.remedy),
        None => refusal,
    };
    Err(refusal.with("first_code", code).into())
}

/// The plans, a jurisdiction each: the law and the rates as they stand when the run begins or goes on.
struct Plans {
    term: Term,
    library: Library,
    rates: Vec<Rate>,
    made: std::sync::Mutex<HashMap<Jurisdiction, Arc<Result<Plan, Refusal>>>>,
}

impl Plans {
    async fn new(view: &mut impl View, term: Term) -> Result<Plans> {
        let library = policy::library(view).await?;
        let rates = rates::rates(view).await?;
        Ok(Plans { term, library, rates, made: std::sync::Mutex::default() })
    }

    fn of(&self, jurisdiction: Jurisdiction) -> Arc<Result<Plan, Refusal>> {
        let mut made = self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let make = |jurisdiction: &Jurisdiction| {
            let rates = Rates::of(jurisdiction, &self.rates);
            Arc::new(Plan::of(self.term, |day| self.library.at(jurisdiction, day), rates))
        };
        made.entry(jurisdiction).or_insert_with_key(make).clone()
    }
}

/// The last compound a run reaches, and how many.
async fn reach(view: &mut impl View, only: Option<&str>) -> Result<(CompoundId, i32)> {
    if let Some(code) = only {
        return Ok((property::compound(view, code).await?.id, 1));
    }
    let sql = "SELECT COALESCE(max(compound_id), 0), CAST(count(*) AS INTEGER) FROM compound WHERE compound_id > 0";
    let found = view.rows(crate::books::Reads::SETTLED, sql, vec![]).await?;
    let bug = || Storage::Bug("a count has no answer".to_owned());
    let row = found.first().ok_or_else(bug)?;
    Ok((CompoundId(row.try_get_by_index(0)?), row.try_get_by_index(1)?))
}

/// Begins a run, or finds the one of the same request that is not sealed. One whose compounds are all settled is not begun
/// again: the sealed one is answered. An act of the head office.
///
/// # Errors
/// `gains.period`, `property.no-compound`, `gains.nothing-due`, storage.
pub async fn begin(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    asked: Asked,
) -> Result<Done<RunNo>> {
    let request = Request::new("gains.begin-run", asked).maybe_once(key);
    let begun = books.act(actor, CompoundId::OFFICE, request, |tx, asked: &Asked| {
        Box::pin(async move {
            let term = asked.term.checked()?;
            if let Some(last) = last_run(tx, asked).await?
                && is_still_good(tx, &last).await?
            {
                return Ok(last.run_no);
            }
            let today = tx.at().day();
            must_be_due(tx, asked, today).await?;
            let (through, expected) = reach(tx, asked.only.as_deref()).await?;
            let run_no = RunNo(tx.next_no("gain-run"));
            let row = [
                run_no.0.into(),
                term.year.into(),
                term.quarter.map_or(0, i32::from).into(),
                asked.only.as_deref().unwrap_or_default().into(),
                through.0.into(),
                expected.into(),
                tx.act().0.into(),
            ];
            tx.put(&RUN, &row);
            Ok(run_no)
        })
    });
    begun.await
}

/// Whether a run is to be gone on with, or settled everything there is: then nothing is left to begin.
async fn is_still_good(view: &mut impl View, run: &Run) -> Result<bool> {
    let Some(manifest) = &run.manifest else { return Ok(true) };
    if manifest.skipped > 0 {
        return Ok(false);
    }
    let (through, expected) = reach(view, run.asked.only.as_deref()).await?;
    if through != run.through || expected != run.expected {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM gain_part p
               JOIN gain_settlement s ON s.compound_id = p.compound_id AND s.settlement_no = p.settlement_no
               JOIN voucher v ON v.compound_id = s.compound_id AND v.book = 1 AND v.reverses_seq = s.first_seq
               WHERE p.run_no = $1 LIMIT 1";
    Ok(view.rows(RUNS, sql, vec![run.run_no.0.into()]).await?.is_empty())
}

const RUN_COLUMNS: &str =
    "r.run_no, r.year, r.quarter, r.only_code, r.through_compound, r.expected, m.posted, m.earlier,
       m.skipped, m.households, m.sum_fen, m.left_fen, m.digest
     FROM gain_run r LEFT JOIN gain_manifest m ON m.run_no = r.run_no";

fn run_of(row: &sea_orm::QueryResult) -> Result<Run> {
    let quarter: i16 = row.try_get("", "quarter")?;
    let year: i16 = row.try_get("", "year")?;
    let only: String = row.try_get("", "only_code")?;
    let quarter = u8::try_from(quarter).ok().filter(|quarter| *quarter > 0);
    let manifest = match row.try_get::<Option<i32>>("", "posted")? {
        None => None,
        Some(posted) => Some(Manifest {
            posted,
            earlier: row.try_get("", "earlier")?,
            skipped: row.try_get("", "skipped")?,
            households: row.try_get("", "households")?,
            sum_fen: Money::fen(row.try_get("", "sum_fen")?),
            left_fen: Money::fen(row.try_get("", "left_fen")?),
            digest: hex(&row.try_get::<Vec<u8>>("", "digest")?),
        }),
    };
    Ok(Run {
        run_no: RunNo(row.try_get("", "run_no")?),
        asked: Asked {
            term: Term { year: i32::from(year), quarter },
            only: (!only.is_empty()).then_some(only),
        },
        expected: row.try_get("", "expected")?,
        through: CompoundId(row.try_get("", "through_compound")?),
        manifest,
    })
}

async fn last_run(view: &mut impl View, asked: &Asked) -> Result<Option<Run>> {
    let sql = format!(
        "SELECT {RUN_COLUMNS} WHERE r.year = $1 AND r.quarter = $2 AND r.only_code = $3 ORDER BY r.run_no DESC LIMIT 1"
    );
    let quarter = asked.term.quarter.map_or(0, i32::from);
    let only = asked.only.clone().unwrap_or_default();
    let values = vec![asked.term.year.into(), quarter.into(), only.into()];
    view.rows(RUNS, &sql, values).await?.first().map(run_of).transpose()
}

/// A run by its number.
///
/// # Errors
/// `gains.no-run`.
pub async fn run_by_no(view: &mut impl View, no: RunNo) -> Result<Run> {
    let sql = format!("SELECT {RUN_COLUMNS} WHERE r.run_no = $1");
    let found = view.rows(RUNS, &sql, vec![no.0.into()]).await?;
    let row = found.first().ok_or_else(|| NO_RUN.refuse(format!("批次 {no}")))?;
    run_of(row)
}

/// The runs after a number, in order.
///
/// # Errors
/// Storage.
pub async fn runs(view: &mut impl View, after: RunNo, most: i32) -> Result<Vec<Run>> {
    let sql = format!("SELECT {RUN_COLUMNS} WHERE r.run_no > $1 ORDER BY r.run_no LIMIT $2");
    let values = vec![after.0.into(), most.clamp(1, 1000).into()];
    view.rows(RUNS, &sql, values).await?.iter().map(run_of).collect()
}

/// The compounds after one that have no part in a run yet, with their jurisdictions: a page.
async fn open_parts(
    view: &mut impl View,
    run: &Run,
    after: CompoundId,
) -> Result<Vec<(CompoundId, Jurisdiction)>> {
    let sql = "SELECT c.compound_id FROM compound c
               WHERE c.compound_id > $1 AND c.compound_id <= $2 AND ($3 = '' OR c.code = $3)
                 AND NOT EXISTS (SELECT 1 FROM gain_part p WHERE p.compound_id = c.compound_id AND p.run_no = $4)
               ORDER BY c.compound_id LIMIT $5";
    let only = run.asked.only.clone().unwrap_or_default();
    let values =
        vec![after.0.into(), run.through.0.into(), only.into(), run.run_no.0.into(), PAGE.into()];
    let mut page = Vec::new();
    for row in view.rows(RUNS, sql, values).await? {
        let compound = CompoundId(row.try_get_by_index(0)?);
        page.push((compound, property::jurisdiction(view, compound).await?));
    }
    Ok(page)
}

/// One compound's part of a run, to be taken.
struct Task {
    run: RunNo,
    plan: Arc<Result<Plan, Refusal>>,
}

async fn take_part(books: &Books, actor: &Actor, compound: CompoundId, task: Task) -> Result<Part> {
    let body = serde_json::json!({ "run_no": task.run });
    let request = Request::describing("gains.settle", task, body).alone();
    let done = books.act(actor, compound, request, |tx, task: &Task| Box::pin(settle(tx, task)));
    done.await.map(|done| done.answer)
}

/// Whether a compound is due.
enum Due {
    Yes { again_no: i32 },
    No(Part),
}

async fn settled_or_due(
    view: &mut impl View,
    compound: CompoundId,
    plan: &Plan,
    today: Day,
) -> Result<Due> {
    let settle_on = plan.span.settle_on;
    let settled = rows::settled_since(view, compound, settle_on).await?;
    if settle_on >= today {
        let refusal = NOT_ENDED.refuse(format!("结息日 {settle_on}，今天 {today}"));
        return Ok(Due::No(skipped(compound, &refusal)));
    }
    let standing = settled.iter().find(|s| s.settle_on == settle_on && !s.is_reversed);
    if let Some(standing) = standing {
        let mut part = Part {
            compound,
            outcome: Outcome::Earlier,
            settlement_no: Some(standing.no),
            households: 0,
            sum_fen: Money::ZERO,
            left_fen: Money::ZERO,
            code: String::new(),
            reason: String::new(),
        };
        part.reason = format!("{settle_on} 已结");
        return Ok(Due::No(part));
    }
    if let Some(later) = settled.iter().find(|s| s.settle_on > settle_on && !s.is_reversed) {
        let evidence = format!("{} 已结，本期结息日 {settle_on}", later.settle_on);
        return Ok(Due::No(skipped(compound, &OUT_OF_ORDER.refuse(evidence))));
    }
    let tries = settled.iter().filter(|s| s.settle_on == settle_on).map(|s| s.again_no + 1);
    Ok(Due::Yes { again_no: tries.max().unwrap_or(0) })
}

fn skipped(compound: CompoundId, refusal: &Refusal) -> Part {
    Part {
        compound,
        outcome: Outcome::Skipped,
        settlement_no: None,
        households: 0,
        sum_fen: Money::ZERO,
        left_fen: Money::ZERO,
        code: refusal.code().to_owned(),
        reason: refusal.evidence.clone(),
    }
}

/// Settles a compound for a run, or says why not; its part is written either way, once.
async fn settle(tx: &mut Tx, task: &Task) -> Result<Part> {
    let compound = tx.compound();
    if let Some(part) = part_of(tx, task.run, compound).await? {
        return Ok(part);
    }
    let part = match task.plan.as_ref() {
        Ok(plan) => match settled_or_due(tx, compound, plan, tx.at().day()).await? {
            Due::No(part) => part,
            Due::Yes { again_no } => match super::reckon(tx, compound, plan).await {
                Ok(reckoned) => {
                    let header = Header {
                        kind: "interest",
                        span: plan.span,
                        again_no,
                        run: Some(task.run),
                        pack: &plan.pack,
                        memo: format!(
                            "{}结息（{} 至 {}）",
                            plan.term.in_chinese(),
                            plan.span.from_on,
                            plan.span.settle_on
                        ),
                    };
                    posted(compound, &super::post(tx, reckoned, header).await?)
                }
                Err(Error::Refused(refusal)) => skipped(compound, &refusal),
                Err(failed) => return Err(failed),
            },
        },
        Err(refusal) => skipped(compound, refusal),
    };
    let row = [
        compound.0.into(),
        task.run.0.into(),
        part.outcome.name().into(),
        part.settlement_no.map(|no| no.0).into(),
        (&part.code).into(),
        (&part.reason).into(),
        tx.act().0.into(),
    ];
    tx.put(&PART, &row);
    Ok(part)
}

fn posted(compound: CompoundId, settlement: &Settlement) -> Part {
    Part {
        compound,
        outcome: Outcome::Posted,
        settlement_no: Some(settlement.settlement_no),
        households: settlement.households,
        sum_fen: settlement.sum_fen,
        left_fen: settlement.left_fen,
        code: String::new(),
        reason: String::new(),
    }
}

const PART_COLUMNS: &str = "p.compound_id, p.outcome, p.settlement_no, p.code, p.reason, s.households, s.sum_fen, s.left_fen,
       v.hash
     FROM gain_part p
     LEFT JOIN gain_settlement s ON s.compound_id = p.compound_id AND s.settlement_no = p.settlement_no
     LEFT JOIN voucher v ON v.compound_id = s.compound_id AND v.book = 1 AND v.seq = s.last_seq";

/// A part, and the hash of the last voucher of its settlement.
fn part_row(row: &sea_orm::QueryResult) -> Result<(Part, Vec<u8>)> {
    let outcome: String = row.try_get("", "outcome")?;
    let outcome = Outcome::named(&outcome);
    let is_own = outcome == Outcome::Posted;
    let fen = |name| -> Result<Money> {
        let fen: Option<i64> = row.try_get("", name)?;
        Ok(Money::fen(fen.filter(|_| is_own).unwrap_or(0)))
    };
    let households: Option<i32> = row.try_get("", "households")?;
    let part = Part {
        compound: CompoundId(row.try_get("", "compound_id")?),
        outcome,
        settlement_no: row.try_get::<Option<i32>>("", "settlement_no")?.map(SettlementNo),
        households: households.filter(|_| is_own).unwrap_or(0),
        sum_fen: fen("sum_fen")?,
        left_fen: fen("left_fen")?,
        code: row.try_get("", "code")?,
        reason: row.try_get("", "reason")?,
    };
    Ok((part, row.try_get::<Option<Vec<u8>>>("", "hash")?.unwrap_or_default()))
}

async fn part_of(view: &mut impl View, run: RunNo, compound: CompoundId) -> Result<Option<Part>> {
    let sql = format!("SELECT {PART_COLUMNS} WHERE p.run_no = $1 AND p.compound_id = $2");
    let values = vec![run.0.into(), compound.0.into()];
    let found = view.rows(RUNS, &sql, values).await?;
    found.first().map(|row| part_row(row).map(|(part, _)| part)).transpose()
}

/// The parts of a run after a compound, in order.
///
/// # Errors
/// Storage.
pub async fn parts(
    view: &mut impl View,
    run: RunNo,
    after: CompoundId,
    most: i32,
) -> Result<Vec<Part>> {
    let parts = hashed_parts(view, run, after, most).await?;
    Ok(parts.into_iter().map(|(part, _)| part).collect())
}

async fn hashed_parts(
    view: &mut impl View,
    run: RunNo,
    after: CompoundId,
    most: i32,
) -> Result<Vec<(Part, Vec<u8>)>> {
    let sql = format!(
        "SELECT {PART_COLUMNS} WHERE p.run_no = $1 AND p.compound_id > $2 ORDER BY p.compound_id LIMIT $3"
    );
    let values = vec![run.0.into(), after.0.into(), most.clamp(1, 1000).into()];
    view.rows(RUNS, &sql, values).await?.iter().map(part_row).collect()
}

/// The sums of parts, and the digest over them.
#[derive(Default)]
struct Tallied {
    manifest: [i32; 3],
    households: i64,
    sum: Money,
    left: Money,
    hash: sha2::Sha256,
}

impl Tallied {
    fn add(&mut self, part: &Part, voucher: &[u8]) {
        let slot = match part.outcome {
            Outcome::Posted => 0,
            Outcome::Earlier => 1,
            Outcome::Skipped => 2,
        };
        self.manifest[slot] += 1;
        self.households += i64::from(part.households);
        self.sum += part.sum_fen;
        self.left += part.left_fen;
        let no = part.settlement_no.map_or(0, |no| no.0);
        let told = format!(
            "{} {} {no} {} {} {} {} {}\n",
            part.compound,
            part.outcome.name(),
            part.households,
            part.sum_fen,
            part.left_fen,
            hex(voucher),
            part.code
        );
        self.hash.update(told);
    }

    fn count(&self) -> i32 {
        self.manifest.iter().sum()
    }

    fn manifest(self) -> Manifest {
        let [posted, earlier, skipped] = self.manifest;
        Manifest {
            posted,
            earlier,
            skipped,
            households: self.households,
            sum_fen: self.sum,
            left_fen: self.left,
            digest: hex(&self.hash.finalize()),
        }
    }
}

/// What the parts of a run come to, counted from its rows; and how many there are.
///
/// # Errors
/// Storage.
pub(crate) async fn counted(view: &mut impl View, run: RunNo) -> Result<(Manifest, i32)> {
    let (mut tally, mut after) = (Tallied::default(), CompoundId(0));
    loop {
        let page = hashed_parts(view, run, after, 1000).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.compound;
        page.iter().for_each(|(part, voucher)| tally.add(part, voucher));
    }
    let count = tally.count();
    Ok((tally.manifest(), count))
}

/// Seals a run all of whose compounds are done: an act of the head office. A sealed run is answered as it is.
///
/// # Errors
/// `gains.no-run`, `gains.run-open`, storage.
pub async fn seal(books: &Books, actor: &Actor, run: RunNo) -> Result<Run> {
    let request = Request::new("gains.seal-run", run);
    let sealed = books.act(actor, CompoundId::OFFICE, request, |tx, run: &RunNo| {
        Box::pin(async move {
            let standing = run_by_no(tx, *run).await?;
            if let Some(manifest) = standing.manifest {
                return Ok(manifest);
            }
            let (manifest, count) = counted(tx, *run).await?;
            if count != standing.expected {
                let evidence = format!("应办 {} 个小区，已办 {count} 个", standing.expected);
                return Err(RUN_OPEN.refuse(evidence).into());
            }
            put_manifest(tx, *run, &manifest)?;
            Ok(manifest)
        })
    });
    sealed.await?;
    run_by_no(&mut books.read().await?, run).await
}

fn put_manifest(tx: &mut Tx, run: RunNo, manifest: &Manifest) -> Result<()> {
    let bug = || Storage::Bug("a digest is not hexadecimal".to_owned());
    let byte = |i: usize| u8::from_str_radix(manifest.digest.get(i..i + 2)?, 16).ok();
    let digest: Option<Vec<u8>> = (0..64).step_by(2).map(byte).collect();
    let digest = digest.ok_or_else(bug)?;
    let row = [
        run.0.into(),
        manifest.posted.into(),
        manifest.earlier.into(),
        manifest.skipped.into(),
        manifest.households.into(),
        manifest.sum_fen.in_fen().into(),
        manifest.left_fen.in_fen().into(),
        digest.as_slice().into(),
        tx.act().0.into(),
    ];
    tx.put(&MANIFEST, &row);
    Ok(())
}
