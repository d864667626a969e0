//! Billing by what was agreed: a sketch to look at, then the same published; and the run over compounds.
//!
//! Always: a sketch writes nothing and says of every dwelling what it would be charged or the one true reason why not, and what
//! differs from the last bill; what is published is the sketch reckoned again under the lock, refused if it differs from what
//! was looked at. A dwelling's days are charged once: the same command again publishes what is still missing, and nothing
//! twice.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::bill::{self, Draft};
use super::rows::BILLS;
use super::{MONTH, NOTHING_DUE, SKETCH_STALE};
use crate::books::{Actor, Books, Request, Tx, View};
use crate::calendar::{Day, Month};
use crate::error::{Error, Refusal, Result};
use crate::id::{CompoundId, DwellingNo, MatterNo};
use crate::journal::text::hex;
use crate::journal::{Book, Posted};
use crate::money::Money;
use crate::property::{self, Dwelling};
use crate::tariff::{self, Agreed, Charged, Due, Known, Series, Why};

/// How many compounds are under way at once in a run.
const AT_ONCE: usize = 8;

/// What is to be billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The month.
    pub month: Month,
    /// Only this dwelling.
    #[serde(default)]
    pub only: Option<DwellingNo>,
    /// The digest of the sketch that was looked at; published whatever it is, if none is said.
    #[serde(default)]
    pub seen: Option<String>,
}

/// A dwelling that is not charged an item.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "本月不出账的房屋与原因")]
pub struct Unbilled {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The item.
    #[schemars(description = "收费项目", example = &"水费")]
    pub item: String,
    /// Why.
    #[schemars(description = "原因")]
    pub why: Why,
    /// The fact behind it.
    #[schemars(description = "依据的事实", example = &"表 W-1-101 2026-01-01 至 2026-01-31 没有读数")]
    pub evidence: String,
}

/// What differs from a dwelling's last bill of the item.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "BillChange", description = "与上期账单的差异")]
pub struct Change {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The item.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// The last bill's amount; none if there was none.
    #[schemars(description = "上期：分；没有上期的为空", example = 10_000)]
    pub before_fen: Option<Money>,
    /// This one's; none if there is none.
    #[schemars(description = "本期：分；本期不出的为空", example = 11_287)]
    pub now_fen: Option<Money>,
}

/// What would be billed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "BillingSketch", description = "出账试算")]
pub struct Sketch {
    /// The month.
    #[schemars(description = "月份")]
    pub month: Month,
    /// The bills.
    #[schemars(description = "拟出的账单")]
    pub bills: Vec<Due>,
    /// Σ of them.
    #[schemars(description = "合计：分", example = 4_830_100)]
    pub total_fen: Money,
    /// Who is not billed, and why.
    #[schemars(description = "不出账的房屋与原因：不到出账月、不适用的不列")]
    pub unbilled: Vec<Unbilled>,
    /// What differs from the last period.
    #[schemars(description = "与上期的差异：新增、金额不同、本期不出")]
    pub changes: Vec<Change>,
    /// SHA-256 over the bills, in hexadecimal: says what was looked at.
    #[schemars(description = "试算摘要：发布时带上，账单有变即拒绝", example = &"9f86d081884c7d65")]
    pub digest: String,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// How many bills.
    pub bills: usize,
    /// The first and the last, if there are any.
    pub between: Option<(MatterNo, MatterNo)>,
    /// Σ of them.
    pub total_fen: Money,
    /// What was taken from prepaid.
    pub prepaid_fen: Money,
    /// The vouchers of the receivables.
    pub vouchers: Vec<Posted>,
    /// How many dwellings were not billed for a reason a clerk should look at.
    pub defects: usize,
}

/// A standing bill of the past.
struct Past {
    item: String,
    days: Charged,
    amount: Money,
}

/// What a compound would be billed in a month.
///
/// # Errors
/// Storage.
pub async fn sketch(view: &mut impl View, compound: CompoundId, asked: &Asked) -> Result<Sketch> {
    let agreed = tariff::agreed(view, compound, asked.month).await?;
    sketched(view, compound, asked, &agreed).await
}

/// The sketch by what was agreed, where that is known already.
async fn sketched(
    view: &mut impl View,
    compound: CompoundId,
    asked: &Asked,
    agreed: &Agreed,
) -> Result<Sketch> {
    let mut dwellings = property::every(view, compound, asked.month.last_day()).await?;
    if let Some(only) = asked.only {
        dwellings.retain(|dwelling| dwelling.no == only);
    }
    // Bills are compared with, and kept apart from, those of the longest cycle before and the one before that.
    let longest = agreed.tariffs.iter().map(|t| u32::from(t.cycle_months)).max().unwrap_or(1);
    let since = (0..=2 * longest).fold(asked.month, |month, _| month.previous());
    let past = standing_bills(view, compound, since.first_day()).await?;
    Ok(decide(asked.month, agreed, &dwellings, &past))
}

/// The standing bills of every dwelling from a day on.
async fn standing_bills(
    view: &mut impl View,
    compound: CompoundId,
    since: Day,
) -> Result<HashMap<DwellingNo, Vec<Past>>> {
    // What was reversed or taken back is little and asked for as a set; looking it up bill by bill cost more than the bills.
    let sql = "SELECT b.dwelling_no, b.item, b.from_on, b.to_on, b.amount_fen FROM bill b
         WHERE b.compound_id = $1 AND b.to_on >= $2
           AND b.voucher_seq NOT IN (SELECT v.reverses_seq FROM voucher v
             WHERE v.compound_id = $1 AND v.book = $3 AND v.reverses_seq IS NOT NULL)
           AND b.matter_no NOT IN (SELECT w.matter_no FROM bill_remission w
             WHERE w.compound_id = $1 AND w.kind = 'withdrawal' AND w.voucher_seq NOT IN (
               SELECT v.reverses_seq FROM voucher v
               WHERE v.compound_id = $1 AND v.book = $3 AND v.reverses_seq IS NOT NULL))
         ORDER BY b.dwelling_no, b.from_on, b.matter_no";
    let values = vec![compound.0.into(), since.into(), Book::Service.number().into()];
    let mut past: HashMap<DwellingNo, Vec<Past>> = HashMap::new();
    for row in view.rows(BILLS, sql, values).await? {
        let dwelling = DwellingNo(row.try_get_by_index(0)?);
        past.entry(dwelling).or_default().push(Past {
            item: row.try_get_by_index(1)?,
            days: Charged { from_on: row.try_get_by_index(2)?, to_on: row.try_get_by_index(3)? },
            amount: Money::fen(row.try_get_by_index(4)?),
        });
    }
    Ok(past)
}

/// The rows of one dwelling in a list that is ordered by dwelling.
pub(super) fn own<T>(all: &[T], no: DwellingNo, of: impl Fn(&T) -> DwellingNo) -> &[T] {
    let from = all.partition_point(|row| of(row) < no);
    let to = from + all[from..].partition_point(|row| of(row) == no);
    &all[from..to]
}

fn decide(
    month: Month,
    agreed: &Agreed,
    dwellings: &[Dwelling],
    past: &HashMap<DwellingNo, Vec<Past>>,
) -> Sketch {
    let (mut bills, mut unbilled, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    let Some(terms) = tariff::terms_on(&agreed.terms, month.last_day()) else {
        return sealed(month, bills, unbilled, changes);
    };
    let series = Series::of(&agreed.tariffs);
    for dwelling in dwellings {
        let standing: &[Past] = past.get(&dwelling.no).map_or(&[], Vec::as_slice);
        for series in &series {
            let of_item = || standing.iter().filter(|p| p.item == series.item());
            let charged: Vec<Charged> = of_item().map(|p| p.days).collect();
            let known = Known {
                dwelling,
                terms,
                reliefs: own(&agreed.reliefs, dwelling.no, |r| r.dwelling_no),
                leases: own(&agreed.leases, dwelling.no, |l| l.dwelling_no),
                readings: own(&agreed.readings, dwelling.no, |r| r.dwelling_no),
                charged: &charged,
            };
            let before = of_item().rfind(|p| p.days.from_on < month.first_day()).map(|p| p.amount);
            let change = |now: Option<Money>| Change {
                dwelling_no: dwelling.no,
                room: dwelling.code.to_string(),
                item: series.item().to_owned(),
                before_fen: before,
                now_fen: now,
            };
            match tariff::reckon::reckon(series, month, &known) {
                Ok(due) => {
                    let now: Money = due.iter().map(|d| d.amount).sum();
                    if before != Some(now) {
                        changes.push(change(Some(now)));
                    }
                    bills.extend(due);
                }
                Err((Why::NotDue | Why::NotMeant, _)) => {}
                Err((why, evidence)) => {
                    if before.is_some() && why != Why::Charged {
                        changes.push(change(None));
                    }
                    unbilled.push(Unbilled {
                        dwelling_no: dwelling.no,
                        room: dwelling.code.to_string(),
                        item: series.item().to_owned(),
                        why,
                        evidence,
                    });
                }
            }
        }
    }
    sealed(month, bills, unbilled, changes)
}

fn sealed(month: Month, bills: Vec<Due>, unbilled: Vec<Unbilled>, changes: Vec<Change>) -> Sketch {
    let mut hash = sha2::Sha256::new();
    for due in &bills {
        let line = format!(
            "{} {} {} {} {} {}\n",
            due.dwelling_no, due.item, due.from_on, due.to_on, due.due_on, due.amount
        );
        hash.update(line);
    }
    let total_fen = bills.iter().map(|d| d.amount).sum();
    Sketch { month, bills, total_fen, unbilled, changes, digest: hex(&hash.finalize()) }
}

/// Publishes the bills of a month: the sketch, reckoned again under the lock.
///
/// # Errors
/// `fees.month`, `tariff.no-terms`, `fees.nothing-due`, `fees.sketch-stale`; those of the journal.
pub async fn publish(tx: &mut Tx, asked: &Asked) -> Result<Published> {
    let (compound, today) = (tx.compound(), tx.at().day());
    may_be_month(asked.month, today)?;
    let agreed = tariff::agreed(tx, compound, asked.month).await?;
    let terms = tariff::terms_on(&agreed.terms, asked.month.last_day())
        .ok_or_else(|| tariff::NO_TERMS.refuse(format!("{}", asked.month)))?;
    // A reversal this batch made before must be seen.
    tx.flush().await?;
    let sketch = sketched(tx, compound, asked, &agreed).await?;
    let defects = sketch.unbilled.iter().filter(|u| u.why.is_a_defect()).count();
    if sketch.bills.is_empty() {
        let evidence = why_nothing(&sketch, &agreed);
        return Err(NOTHING_DUE.refuse(evidence).with("defects", defects).into());
    }
    if let Some(seen) = asked.seen.as_deref().filter(|seen| *seen != sketch.digest) {
        let shown: String = seen.chars().take(16).collect();
        let evidence = format!("所见 {shown}，现为 {}", &sketch.digest[..16]);
        return Err(SKETCH_STALE.refuse(evidence).with("digest", sketch.digest.clone()).into());
    }
    let kinds: HashMap<_, _> = agreed.tariffs.iter().map(|t| (t.tariff_no, t.tax)).collect();
    let is_held = terms.system == tariff::System::Remuneration;
    let drafts: Vec<Draft<'_>> = sketch
        .bills
        .iter()
        .map(|due| {
            let kind = kinds.get(&due.tariff_no).copied().unwrap_or_default();
            let rate = tariff::vat::rate(kind, terms.taxpayer, due.from_on);
            Draft {
                dwelling_no: due.dwelling_no,
                item: &due.item,
                from_on: due.from_on,
                to_on: due.to_on,
                due_on: due.due_on,
                amount: due.amount,
                tax: if is_held { Money::ZERO } else { tariff::vat::within(due.amount, rate.bp) },
                bearer: due.bearer,
                is_held,
                tariff_no: Some(due.tariff_no),
                worked: &due.worked,
            }
        })
        .collect();
    let memo = format!("{} 出账 {} 张", asked.month, drafts.len());
    let on = asked.month.last_day().min(today);
    let published = bill::publish(tx, &drafts, on, &memo).await?;
    let between = published.bills.first().copied().zip(published.bills.last().copied());
    Ok(Published {
        bills: published.bills.len(),
        between,
        total_fen: published.total,
        prepaid_fen: published.taken,
        vouchers: published.vouchers,
        defects,
    })
}

/// Why a sketch has no bill.
fn why_nothing(sketch: &Sketch, agreed: &Agreed) -> String {
    let (month, unbilled) = (sketch.month, sketch.unbilled.len());
    if agreed.tariffs.is_empty() {
        return format!("{month}：没有收费标准");
    }
    let defects = sketch.unbilled.iter().filter(|u| u.why.is_a_defect()).count();
    let charged = sketch.unbilled.iter().filter(|u| u.why == Why::Charged).count();
    format!("{month}：{unbilled} 户不出账，其中 {charged} 户已出过账，{defects} 户须核对")
}

fn may_be_month(month: Month, today: Day) -> Result<(), Refusal> {
    if month > Month::of(today).next() {
        return Err(MONTH.refuse(format!("{month}，今天 {today}")));
    }
    Ok(())
}

/// How a compound fared in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its code.
    pub compound: String,
    /// How many bills were published (or would be).
    pub bills: usize,
    /// Σ of them.
    pub total_fen: Money,
    /// How many dwellings were left out for a reason a clerk should look at.
    pub defects: usize,
    /// The code of the rule it was skipped by; empty if it was not.
    pub code: String,
    /// Why it was skipped, or why there is no bill, in Chinese.
    pub reason: String,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Compounds asked for.
    pub expected: usize,
    /// Compounds with bills.
    pub posted: usize,
    /// Compounds without, each with its reason.
    pub skipped: usize,
    /// Bills.
    pub bills: usize,
    /// Σ of them.
    pub total_fen: Money,
    /// The compounds, in the order of their codes.
    pub parts: Vec<Part>,
}

/// Bills a month in every compound (or one): an act each. Stopped in the middle it is given again: what is billed is billed.
/// `is_dry` writes nothing.
///
/// # Errors
/// `property.no-compound`, `fees.month`, storage. What keeps one compound from being billed is its part's reason.
pub async fn run(
    books: &Books,
    actor: &Actor,
    month: Month,
    only: Option<&str>,
    is_dry: bool,
) -> Result<Manifest> {
    may_be_month(month, books.clock().now().day())?;
    let mut view = books.read().await?;
    let mut compounds = property::compounds(&mut view).await?;
    if let Some(code) = only {
        let one = property::compound(&mut view, code).await?;
        compounds.retain(|c| c.id == one.id);
    }
    drop(view);
    let expected = compounds.len();
    let tasks = compounds.into_iter().map(|compound| async move {
        let asked = Asked { month, only: None, seen: None };
        let taken = take_part(books, actor, compound.id, asked, is_dry).await;
        match taken {
            Ok(part) => Ok(Part { compound: compound.code, ..part }),
            Err(Error::Refused(refusal)) => Ok(Part {
                compound: compound.code,
                code: refusal.code().to_owned(),
                reason: refusal.evidence.clone(),
                ..Part::default()
            }),
            Err(failed) => Err(failed),
        }
    });
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    let mut done = stream::iter(tasks).buffer_unordered(AT_ONCE);
    while let Some(part) = done.try_next().await? {
        parts.insert(part.compound.clone(), part);
    }
    let mut manifest = Manifest { expected, ..Manifest::default() };
    for part in parts.into_values() {
        manifest.posted += usize::from(part.bills > 0);
        manifest.skipped += usize::from(part.bills == 0);
        manifest.bills += part.bills;
        manifest.total_fen += part.total_fen;
        manifest.parts.push(part);
    }
    Ok(manifest)
}

/// What one compound's part comes to, its code left out. A month with nothing to bill is refused, and leaves no act behind.
async fn take_part(
    books: &Books,
    actor: &Actor,
    compound: CompoundId,
    asked: Asked,
    is_dry: bool,
) -> Result<Part> {
    if is_dry {
        let mut view = books.read().await?;
        let agreed = tariff::agreed(&mut view, compound, asked.month).await?;
        if tariff::terms_on(&agreed.terms, asked.month.last_day()).is_none() {
            return Err(tariff::NO_TERMS.refuse(format!("{}", asked.month)).into());
        }
        let sketch = sketched(&mut view, compound, &asked, &agreed).await?;
        let defects = sketch.unbilled.iter().filter(|u| u.why.is_a_defect()).count();
        let is_empty = sketch.bills.is_empty();
        let reason = if is_empty { why_nothing(&sketch, &agreed) } else { String::new() };
        let (bills, total_fen) = (sketch.bills.len(), sketch.total_fen);
        return Ok(Part { bills, total_fen, defects, reason, ..Part::default() });
    }
    let request = Request::new("fees.publish-bills", asked).alone();
    let done =
        books.act(actor, compound, request, |tx, asked: &Asked| Box::pin(publish(tx, asked)));
    match done.await {
        Ok(done) => {
            let Published { bills, total_fen, defects, .. } = done.answer;
            Ok(Part { bills, total_fen, defects, ..Part::default() })
        }
        Err(Error::Refused(refusal)) if refusal.code() == NOTHING_DUE.code => {
            let defects = refusal.facts.get("defects").and_then(serde_json::Value::as_u64);
            let defects = defects.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
            Ok(Part { defects, reason: refusal.evidence.clone(), ..Part::default() })
        }
        Err(failed) => Err(failed),
    }
}
