//! What is let of the common parts, to whom, on whose resolution, and what is due when.
//!
//! Always: a contract stands on a carried resolution of exactly the owners whose part it is, on 民法典 278 (8), passed by the day
//! of signing; one resolution may carry several contracts. Its dues are reckoned once, when it is registered: the rent of each
//! whole period, and of a period the term cuts by its days, half up to the fen. A contract that ends early is asked for what ran
//! by then, reckoned the same way; one that ends on its first day, and nothing was received of it, never ran: nothing is asked,
//! and its number is free again. A contract's number stands once at a time.
//! Limits: a rent that changes is another contract; a rent by turnover is none here (rent nought), and its receipts are bounded
//! by nothing.

use std::collections::BTreeMap;

use chrono::{Days, Months};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reckon::{Move, Sort};
use super::rows::{self, DUE, LEASE, LEASE_END, LEASES};
use super::{
    DAY, Income, LEASE_ENDED, LEASE_TWICE, NO_LEASE, NOT_LET, Whose, in_words, may_be_amount,
    may_be_day, may_be_scope, may_be_text, may_have_been, resolved,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::governance::{Matter, Scope};
use crate::id::{CompoundId, MotionNo, RevenueLeaseNo, RoundNo};
use crate::journal::Book;
use crate::money::{Money, split};

/// How often rent is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RentEvery", description = "租金的期")]
pub enum Every {
    /// A month.
    #[schemars(description = "按月")]
    Month,
    /// A quarter.
    #[schemars(description = "按季")]
    Quarter,
    /// Half a year.
    #[schemars(description = "按半年")]
    HalfYear,
    /// A year.
    #[schemars(description = "按年")]
    Year,
    /// Once for the term.
    #[schemars(description = "一次付清")]
    Once,
}

impl Every {
    const fn months(self) -> Option<u32> {
        match self {
            Every::Month => Some(1),
            Every::Quarter => Some(3),
            Every::HalfYear => Some(6),
            Every::Year => Some(12),
            Every::Once => None,
        }
    }
}

/// A common part to let.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "NewRevenueLease",
    description = "要登记的共有部分经营合同；自营的以经营人为相对方、租金为 0"
)]
pub struct NewLease {
    /// As what.
    #[schemars(description = "种类")]
    pub income: Income,
    /// Whose part it is.
    #[schemars(description = "共有部分归谁：全体、本幢或本单元的业主", with = "Whose")]
    pub scope: Scope,
    /// Which part.
    #[schemars(description = "共有部分", example = &"地面车位 12 个")]
    pub part: String,
    /// Who has it.
    #[schemars(description = "相对方：单位名称；个人只写姓", example = &"某广告公司")]
    pub lessee: String,
    /// The contract.
    #[schemars(description = "合同号", example = &"公益-2026-01")]
    pub document: String,
    /// When it was signed.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "签订日期：不早于决议")]
    pub signed_on: Day,
    /// The first day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "止日：含当日")]
    pub until_on: Day,
    /// The rent of a period, tax included.
    #[schemars(
        description = "每期租金：分，含税；按营业额的写 0",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 120_000
    )]
    pub rent_fen: Money,
    /// How often.
    #[schemars(description = "租金的期")]
    pub every: Every,
    /// How many days after a period begins its rent is due.
    #[schemars(description = "每期开始后几天内应付", range(max = 366), example = 10)]
    pub due_days: u16,
    /// The round of the resolution.
    #[schemars(description = "表决编号：“改变用途、经营”的决议", example = 1)]
    pub round_no: RoundNo,
    /// Its motion.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
}

/// What is due of a contract for a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueDue", description = "一期应收")]
pub struct Due {
    /// The first day it is for.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last.
    #[schemars(description = "止日")]
    pub until_on: Day,
    /// By when.
    #[schemars(description = "应付日期")]
    pub due_on: Day,
    /// How much.
    #[schemars(description = "应收：分", example = 120_000)]
    pub amount_fen: Money,
}

/// A contract that was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RevenueLet", description = "已登记的经营合同")]
pub struct Let {
    /// Its number.
    #[schemars(description = "合同编号", example = 1)]
    pub lease_no: RevenueLeaseNo,
    /// How many dues.
    #[schemars(description = "期数", example = 12)]
    pub dues: usize,
    /// Σ.
    #[schemars(description = "应收合计：分", example = 1_440_000)]
    pub total_fen: Money,
}

/// A contract's early end.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EndRevenueLease", description = "提前终止经营合同")]
pub struct Ending {
    /// The last day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "最后一日；误登、从未履行的写起日，不再有应收，须没有收款")]
    pub ended_on: Day,
    /// Why.
    #[schemars(description = "原因", example = &"双方协商解除")]
    pub reason: String,
}

/// A contract, and how it is kept.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RevenueLease", description = "共有部分经营合同")]
pub struct Lease {
    /// Its number.
    #[schemars(description = "合同编号", example = 1)]
    pub lease_no: RevenueLeaseNo,
    /// As what.
    #[schemars(description = "种类")]
    pub income: Income,
    /// Whose.
    #[serde(serialize_with = "in_words")]
    #[schemars(description = "共有部分归谁", with = "String", example = &"全体业主")]
    pub scope: Scope,
    /// Which part.
    #[schemars(description = "共有部分", example = &"地面车位 12 个")]
    pub part: String,
    /// Who.
    #[schemars(description = "相对方", example = &"某广告公司")]
    pub lessee: String,
    /// The contract.
    #[schemars(description = "合同号", example = &"公益-2026-01")]
    pub document: String,
    /// When it was signed.
    #[schemars(description = "签订日期")]
    pub signed_on: Day,
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last, by the contract.
    #[schemars(description = "止日")]
    pub until_on: Day,
    /// The last, if it ended before.
    #[schemars(description = "提前终止之日：没有则空")]
    pub ended_on: Option<Day>,
    /// The resolution.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// Its motion.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
    /// All it asks for.
    #[schemars(description = "应收合计：分", example = 1_440_000)]
    pub asked_fen: Money,
    /// What was due by the day asked for.
    #[schemars(description = "已到期应收：分", example = 360_000)]
    pub due_fen: Money,
    /// What came in.
    #[schemars(description = "已收：分", example = 240_000)]
    pub received_fen: Money,
    /// What of what was due did not.
    #[schemars(description = "欠付：分", example = 120_000)]
    pub owed_fen: Money,
    /// For how many days the oldest of it.
    #[schemars(description = "最早一笔欠付的逾期天数", example = 12)]
    pub overdue_days: i64,
    /// Its dues.
    #[schemars(description = "各期应收")]
    pub dues: Vec<Due>,
}

impl Lease {
    /// The last day it runs.
    #[must_use]
    pub fn last_day(&self) -> Day {
        self.ended_on.unwrap_or(self.until_on)
    }

    /// Whether it was ended on its first day, as one that never ran.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.ended_on == Some(self.from_on)
    }
}

/// The rent of so many days of a period of so many, half up to the fen.
fn by_days(rent: Money, days: i64, of: i64) -> Money {
    let weights = [2 * days, 2 * (of - days)].map(|days| u64::try_from(days.max(0)).unwrap_or(0));
    // Largest remainder of two parts is half up, and a tie goes to the part that ran.
    split(rent, &weights).and_then(|parts| parts.first().copied()).unwrap_or_default()
}

/// What a contract asks for, period by period.
///
/// # Errors
/// `revenue.day`, `revenue.not-let`, `revenue.amount`.
pub fn schedule(asked: &NewLease) -> Result<Vec<Due>, Refusal> {
    let NewLease { from_on, until_on, rent_fen: rent, .. } = *asked;
    may_be_day("起日", from_on)?;
    may_be_day("止日", until_on)?;
    if until_on < from_on {
        return Err(DAY.refuse(format!("{from_on} 至 {until_on}")));
    }
    if rent.is_zero() {
        return Ok(Vec::new());
    }
    may_be_amount(rent)?;
    let due_on = |from: Day| from + Days::new(u64::from(asked.due_days));
    let Some(months) = asked.every.months() else {
        let due = Due { from_on, until_on, due_on: due_on(from_on), amount_fen: rent };
        return Ok(vec![due]);
    };
    let mut dues = Vec::new();
    let mut begun = from_on;
    while begun <= until_on {
        let many = u32::try_from(dues.len()).unwrap_or(u32::MAX) + 1;
        let next = from_on.checked_add_months(Months::new(months.saturating_mul(many)));
        let next = next.filter(|_| many <= 600);
        let next = next.ok_or_else(|| NOT_LET.refuse(format!("{from_on} 至 {until_on}")))?;
        let whole = (next - begun).num_days();
        let last = (next - Days::new(1)).min(until_on);
        let ran = (last - begun).num_days() + 1;
        let amount_fen = if ran == whole { rent } else { by_days(rent, ran, whole) };
        dues.push(Due { from_on: begun, until_on: last, due_on: due_on(begun), amount_fen });
        begun = next;
    }
    Ok(dues)
}

/// What is asked of a contract that ends on a day; of one that ends on its first day nothing.
#[must_use]
pub fn until(dues: &[Due], ended_on: Option<Day>) -> Vec<Due> {
    let Some(ended) = ended_on else { return dues.to_vec() };
    if dues.iter().all(|due| ended <= due.from_on) {
        return Vec::new();
    }
    let begun = dues.iter().filter(|due| due.from_on <= ended);
    let cut = |due: &Due| {
        if due.until_on <= ended {
            return *due;
        }
        let of = (due.until_on - due.from_on).num_days() + 1;
        let ran = (ended - due.from_on).num_days() + 1;
        Due { until_on: ended, amount_fen: by_days(due.amount_fen, ran, of), ..*due }
    };
    begun.map(cut).collect()
}

/// Lets a common part: the contract and its dues.
///
/// # Errors
/// `revenue.not-let`, `revenue.text`, `seal.person-in-text`, `revenue.day`, `revenue.amount`, `revenue.scope`, those of
/// [`crate::governance::Resolution::of`], `revenue.resolution`, `revenue.lease-twice`.
pub async fn let_out(tx: &mut Tx, asked: &NewLease) -> Result<Let> {
    if !asked.income.is_business() || asked.due_days > 366 {
        return Err(NOT_LET.refuse(asked.income.in_chinese()).into());
    }
    let texts = [("共有部分", &asked.part), ("相对方", &asked.lessee), ("合同号", &asked.document)];
    for (what, text) in texts {
        may_be_text(what, text)?;
    }
    let (compound, today) = (tx.compound(), tx.at().day());
    may_have_been("签订日期", asked.signed_on, today)?;
    let dues = schedule(asked)?;
    tx.flush().await?;
    let scope = may_be_scope(tx, compound, &asked.scope).await?;
    let by = (asked.round_no, asked.motion_no);
    let on = asked.signed_on;
    let resolution = resolved(tx, compound, by, &asked.scope, on, &[Matter::Business]).await?;
    let known = leases(tx, compound, today).await?;
    let same = |l: &&Lease| {
        l.document == asked.document.trim()
            && !l.is_void()
            && l.from_on <= asked.until_on
            && asked.from_on <= l.last_day()
    };
    if let Some(first) = known.iter().find(same) {
        let (no, until) = (first.lease_no, first.last_day());
        let evidence = format!(
            "合同号 {} 已登记为经营合同 {no}：{}，{}，{} 至 {until}",
            first.document, first.part, first.lessee, first.from_on
        );
        return Err(LEASE_TWICE.refuse(evidence).with("lease_no", no.0).into());
    }

    let no = RevenueLeaseNo(tx.next_no("revenue-lease"));
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.income.name().into(),
        scope.as_str().into(),
        asked.part.trim().into(),
        asked.lessee.trim().into(),
        asked.document.trim().into(),
        asked.signed_on.into(),
        asked.from_on.into(),
        asked.until_on.into(),
        asked.round_no.0.into(),
        asked.motion_no.0.into(),
        resolution.digest().into(),
        tx.act().0.into(),
    ];
    tx.put(&LEASE, &row);
    for (due_no, due) in (1_i32..).zip(&dues) {
        let row = [
            compound.0.into(),
            no.0.into(),
            due_no.into(),
            due.from_on.into(),
            due.until_on.into(),
            due.due_on.into(),
            due.amount_fen.in_fen().into(),
        ];
        tx.put(&DUE, &row);
    }
    let total_fen = dues.iter().map(|due| due.amount_fen).sum();
    Ok(Let { lease_no: no, dues: dues.len(), total_fen })
}

/// Ends a contract before its term. One that ends on its first day never ran, and nothing may have been received of it.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.day`, `revenue.no-lease`, `revenue.lease-ended`.
pub async fn end(tx: &mut Tx, no: RevenueLeaseNo, asked: &Ending) -> Result<()> {
    may_be_text("原因", &asked.reason)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    may_be_day("最后一日", asked.ended_on)?;
    let lease = one(tx, compound, no, today).await?;
    let is_within = lease.from_on <= asked.ended_on && asked.ended_on < lease.until_on;
    let never_ran = asked.ended_on == lease.from_on;
    let is_paid = never_ran && lease.received_fen.is_positive();
    if lease.ended_on.is_some() || !(is_within || never_ran) || is_paid {
        let ended = lease.ended_on.map_or(String::new(), |on| format!("，{on} 已终止"));
        let evidence = format!(
            "合同 {no} {} 至 {}{ended}，已收 {} 元",
            lease.from_on,
            lease.until_on,
            lease.received_fen.grouped()
        );
        return Err(LEASE_ENDED.refuse(evidence).into());
    }
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.ended_on.into(),
        asked.reason.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&LEASE_END, &row);
    Ok(())
}

pub(super) async fn one(
    view: &mut impl View,
    compound: CompoundId,
    no: RevenueLeaseNo,
    today: Day,
) -> Result<Lease> {
    let found = leases(view, compound, today).await?.into_iter().find(|l| l.lease_no == no);
    Ok(found.ok_or_else(|| NO_LEASE.refuse(format!("合同编号 {no}")))?)
}

/// Every contract, by number, as it stands on a day.
///
/// # Errors
/// Storage.
pub async fn leases(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Vec<Lease>> {
    let moves = rows::moves(view, compound).await?;
    standing(view, compound, &moves, on).await
}

pub(super) async fn standing(
    view: &mut impl View,
    compound: CompoundId,
    moves: &[Move],
    on: Day,
) -> Result<Vec<Lease>> {
    let sql = "SELECT lease_no, from_on, until_on, due_on, amount_fen FROM revenue_due
               WHERE compound_id = $1 ORDER BY lease_no, due_no";
    let mut dues: BTreeMap<i32, Vec<Due>> = BTreeMap::new();
    for row in view.rows(LEASES, sql, vec![compound.0.into()]).await? {
        let due = Due {
            from_on: row.try_get("", "from_on")?,
            until_on: row.try_get("", "until_on")?,
            due_on: row.try_get("", "due_on")?,
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
        };
        dues.entry(row.try_get("", "lease_no")?).or_default().push(due);
    }
    let sql = "SELECT l.lease_no, l.income, l.scope, l.part, l.lessee, l.document, l.signed_on, l.from_on, l.until_on,
                 l.round_no, l.motion_no, e.ended_on
               FROM revenue_lease l LEFT JOIN revenue_lease_end e
                 ON e.compound_id = l.compound_id AND e.lease_no = l.lease_no
               WHERE l.compound_id = $1 ORDER BY l.lease_no";
    let mut leases = Vec::new();
    for row in view.rows(LEASES, sql, vec![compound.0.into()]).await? {
        let no = RevenueLeaseNo(row.try_get("", "lease_no")?);
        let ended_on: Option<Day> = row.try_get("", "ended_on")?;
        let dues = until(&dues.remove(&no.0).unwrap_or_default(), ended_on);
        let paid = moves.iter().filter(|m| m.sort == Sort::Income && m.lease == Some(no));
        let received_fen: Money = paid.filter(|m| m.on <= on).map(|m| m.amount).sum();
        let kept = Kept::of(&dues, received_fen, on);
        leases.push(Lease {
            lease_no: no,
            income: rows::income(&row.try_get::<String>("", "income")?)?,
            scope: rows::of_kept(&row.try_get::<String>("", "scope")?)?,
            part: row.try_get("", "part")?,
            lessee: row.try_get("", "lessee")?,
            document: row.try_get("", "document")?,
            signed_on: row.try_get("", "signed_on")?,
            from_on: row.try_get("", "from_on")?,
            until_on: row.try_get("", "until_on")?,
            ended_on,
            round_no: RoundNo(row.try_get("", "round_no")?),
            motion_no: MotionNo(row.try_get("", "motion_no")?),
            asked_fen: dues.iter().map(|due| due.amount_fen).sum(),
            due_fen: kept.due,
            received_fen,
            owed_fen: kept.owed,
            overdue_days: kept.overdue_days,
            dues,
        });
    }
    Ok(leases)
}

/// Contracts whose rent is overdue on a day, compound by compound: how many, and how much. Two questions, whatever the number of
/// compounds; `these` and `list` are the words and the value of [`View::list_of`], the value being the first.
pub(crate) async fn overdue(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    on: Day,
) -> Result<BTreeMap<i32, (i64, Money)>> {
    let sql = format!(
        "SELECT e.compound_id, e.lease_no, CAST(sum(e.amount_fen) AS BIGINT) AS received FROM revenue_entry e
         LEFT JOIN voucher r ON r.compound_id = e.compound_id AND r.book = $3 AND r.reverses_seq = e.voucher_seq
           AND r.effective_on <= $2
         WHERE e.compound_id {these} AND e.sort = 'income' AND e.lease_no IS NOT NULL AND e.entered_on <= $2
           AND r.seq IS NULL
         GROUP BY e.compound_id, e.lease_no"
    );
    let values = vec![list.clone(), on.into(), Book::Revenue.number().into()];
    let mut received: BTreeMap<(i32, i32), Money> = BTreeMap::new();
    for row in view.rows(rows::ENTRIES, &sql, values).await? {
        let key = (row.try_get("", "compound_id")?, row.try_get("", "lease_no")?);
        received.insert(key, Money::fen(row.try_get("", "received")?));
    }
    let sql = format!(
        "SELECT d.compound_id, d.lease_no, d.from_on, d.until_on, d.due_on, d.amount_fen, e.ended_on FROM revenue_due d
         LEFT JOIN revenue_lease_end e ON e.compound_id = d.compound_id AND e.lease_no = d.lease_no
         WHERE d.compound_id {these} AND d.due_on < $2"
    );
    let mut dues: BTreeMap<(i32, i32), (Vec<Due>, Option<Day>)> = BTreeMap::new();
    for row in view.rows(LEASES, &sql, vec![list.clone(), on.into()]).await? {
        let key = (row.try_get("", "compound_id")?, row.try_get("", "lease_no")?);
        let of = dues.entry(key).or_default();
        of.1 = row.try_get("", "ended_on")?;
        of.0.push(Due {
            from_on: row.try_get("", "from_on")?,
            until_on: row.try_get("", "until_on")?,
            due_on: row.try_get("", "due_on")?,
            amount_fen: Money::fen(row.try_get("", "amount_fen")?),
        });
    }
    let mut found: BTreeMap<i32, (i64, Money)> = BTreeMap::new();
    for (key, (mut dues, ended_on)) in dues {
        dues.sort_by_key(|due| due.due_on);
        let kept = Kept::of(&until(&dues, ended_on), received.remove(&key).unwrap_or_default(), on);
        if kept.owed.is_positive() {
            let of = found.entry(key.0).or_default();
            *of = (of.0 + 1, of.1 + kept.owed);
        }
    }
    Ok(found)
}

/// How dues are kept: what came in settles the oldest first.
struct Kept {
    due: Money,
    owed: Money,
    overdue_days: i64,
}

impl Kept {
    fn of(dues: &[Due], received: Money, on: Day) -> Kept {
        let (mut due, mut oldest) = (Money::ZERO, None);
        for one in dues.iter().filter(|one| one.due_on < on) {
            due += one.amount_fen;
            if due > received && oldest.is_none() {
                oldest = Some(one.due_on);
            }
        }
        let owed = (due - received).max(Money::ZERO);
        Kept { due, owed, overdue_days: oldest.map_or(0, |oldest| (on - oldest).num_days()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn lease(from: &str, until: &str, fen: i64, every: Every) -> NewLease {
        NewLease {
            income: Income::Parking,
            scope: Scope::Compound {},
            part: "车位".to_owned(),
            lessee: "某公司".to_owned(),
            document: "合同 1".to_owned(),
            signed_on: day(from),
            from_on: day(from),
            until_on: day(until),
            rent_fen: Money::fen(fen),
            every,
            due_days: 10,
            round_no: RoundNo(1),
            motion_no: MotionNo(1),
        }
    }

    fn told(dues: &[Due]) -> Vec<(String, String, i64)> {
        let line = |d: &Due| (d.from_on.to_string(), d.until_on.to_string(), d.amount_fen.in_fen());
        dues.iter().map(line).collect()
    }

    fn line(from: &str, until: &str, fen: i64) -> (String, String, i64) {
        (from.to_owned(), until.to_owned(), fen)
    }

    /// 1,000.00 a quarter from 15 January: the last period is 15 October to 31 December, 78 of 92 days: 847.83.
    #[test]
    fn rent_is_reckoned_by_periods_and_a_cut_one_by_its_days() {
        let dues = schedule(&lease("2026-01-15", "2026-12-31", 100_000, Every::Quarter)).unwrap();
        let wanted = [
            line("2026-01-15", "2026-04-14", 100_000),
            line("2026-04-15", "2026-07-14", 100_000),
            line("2026-07-15", "2026-10-14", 100_000),
            line("2026-10-15", "2026-12-31", 84_783),
        ];
        assert_eq!(told(&dues), wanted);
        assert_eq!(dues[0].due_on, day("2026-01-25"));
        // From the 31st each month has its own last day.
        let dues = schedule(&lease("2026-01-31", "2026-04-30", 3_000, Every::Month)).unwrap();
        let wanted = [
            line("2026-01-31", "2026-02-27", 3_000),
            line("2026-02-28", "2026-03-30", 3_000),
            line("2026-03-31", "2026-04-29", 3_000),
            // One of 31 days: 96.77.
            line("2026-04-30", "2026-04-30", 97),
        ];
        assert_eq!(told(&dues), wanted);
        let once = schedule(&lease("2026-01-01", "2028-12-31", 5, Every::Once)).unwrap();
        assert_eq!(told(&once), [line("2026-01-01", "2028-12-31", 5)]);
        assert!(schedule(&lease("2026-01-01", "2026-12-31", 0, Every::Year)).unwrap().is_empty());
        let code = |l: &NewLease| schedule(l).unwrap_err().code();
        assert_eq!(code(&lease("2026-01-02", "2026-01-01", 5, Every::Year)), "revenue.day");
        assert_eq!(code(&lease("2026-01-01", "2099-01-01", 5, Every::Month)), "revenue.not-let");
        assert_eq!(code(&lease("2026-01-01", "2026-01-01", -5, Every::Year)), "revenue.amount");
    }

    /// 31 days for 1,000.00, ended on the 10th: 322.58.
    #[test]
    fn a_contract_that_ends_early_is_asked_for_what_ran() {
        let dues = schedule(&lease("2026-01-01", "2026-03-31", 100_000, Every::Month)).unwrap();
        let ended = until(&dues, Some(day("2026-03-10")));
        assert_eq!(told(&ended)[2], line("2026-03-01", "2026-03-10", 32_258));
        assert_eq!(until(&dues, Some(day("2026-01-31"))).len(), 1);
        assert_eq!(until(&dues, None), dues);
        assert_eq!(until(&dues, Some(day("2026-01-02")))[0].amount_fen.in_fen(), 6_452);
        assert!(until(&dues, Some(day("2026-01-01"))).is_empty(), "it never ran");
    }

    #[test]
    fn what_came_in_settles_the_oldest() {
        let dues = schedule(&lease("2026-01-01", "2026-03-31", 100_000, Every::Month)).unwrap();
        let kept = |fen, on| {
            let kept = Kept::of(&dues, Money::fen(fen), day(on));
            (kept.due.in_fen(), kept.owed.in_fen(), kept.overdue_days)
        };
        assert_eq!(kept(0, "2026-01-11"), (0, 0, 0), "the last day to pay is no day of delay");
        assert_eq!(kept(0, "2026-01-12"), (100_000, 100_000, 1));
        assert_eq!(kept(100_000, "2026-03-01"), (200_000, 100_000, 18));
        assert_eq!(kept(250_000, "2026-03-01"), (200_000, 0, 0));
    }
}
