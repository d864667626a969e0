//! Money that former selling units still hold (原售房单位代管): registered, claimed again and again, brought in.
//!
//! Always: what comes in is spread over its dwellings by a table that sums exactly, and is their first deposit; what was
//! claimed and what came stand side by side, and the difference stays visible. Never: a claim closed by being forgotten.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assessment::dwellings_of;
use super::deposit;
use super::rows::{self, LEGACY, LEGACY_INCOME, LEGACY_SHARE, LEGACY_STEP, UNITS};
use super::selling_unit::{self, seen};
use super::{Accounts, BANK, NO_LEGACY, SPREAD, may_be_amount, may_be_day, may_be_kept};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day, iso_day_if_any};
use crate::error::{Refusal, Result};
use crate::id::{CompoundId, DepositNo, LegacyNo, LineNo, SellingUnitNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property::{self, Housing, RoomCode};

/// A dwelling's part of a sum.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一户的份额")]
pub struct LegacyShare {
    /// The dwelling.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// Its part.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 120_000
    )]
    pub amount_fen: Money,
}

/// Money to register as still held by a unit.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的代管资金：一个总额，或附分户明细")]
pub struct NewLegacy {
    /// The unit that holds it.
    #[schemars(description = "售房单位编号", example = 1)]
    pub unit_no: SellingUnitNo,
    /// How much is claimed.
    #[schemars(
        description = "主张的金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 240_000
    )]
    pub amount_fen: Money,
    /// Of which dwellings; none if only the sum is known.
    #[serde(default)]
    #[schemars(description = "分户明细：只知总额的不写；合计须等于总额", length(max = 3000))]
    pub shares: Vec<LegacyShare>,
    /// What it rests on.
    #[schemars(description = "凭据", example = &"1998 年交款清册")]
    pub evidence: String,
}

/// Registers money that a former selling unit still holds.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.amount`, `fund.no-selling-unit`, `property.no-dwelling`, `fund.spread`.
pub async fn register_legacy(tx: &mut Tx, new: &NewLegacy) -> Result<LegacyNo> {
    may_be_kept("凭据", &new.evidence)?;
    may_be_amount(new.amount_fen)?;
    let compound = tx.compound();
    let unit = selling_unit::unit(tx, new.unit_no).await?;
    let numbers = dwellings_of(tx, compound, new.shares.iter().map(|share| &share.room)).await?;

    if !new.shares.is_empty() {
        may_be_spread(&new.shares, new.amount_fen)?;
    }

    let no = LegacyNo(tx.next_no("legacy"));
    let act = tx.act().0;
    let row = [
        compound.0.into(),
        no.0.into(),
        unit.no.0.into(),
        new.amount_fen.in_fen().into(),
        new.evidence.trim().into(),
        act.into(),
    ];
    tx.put(&LEGACY, &row);
    for share in &new.shares {
        let dwelling = numbers.get(&share.room).map_or(0, |dwelling| dwelling.0);
        let fen = share.amount_fen.in_fen();
        tx.put(
            &LEGACY_SHARE,
            &[compound.0.into(), no.0.into(), dwelling.into(), fen.into(), act.into()],
        );
    }
    Ok(no)
}

/// Whether shares are each more than nothing, each of another dwelling, and sum to the whole.
fn may_be_spread(shares: &[LegacyShare], whole: Money) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for share in shares {
        if !share.amount_fen.is_positive() || !share.amount_fen.is_within_limit() {
            let evidence = format!("{} {} 元", share.room, share.amount_fen.grouped());
            return Err(SPREAD.refuse(evidence));
        }
        if !seen.insert(&share.room) {
            return Err(SPREAD.refuse(format!("{} 出现两次", share.room)));
        }
    }
    let sum: Money = shares.iter().map(|share| share.amount_fen).sum();
    if sum != whole {
        let evidence = format!("分户合计 {} 元，总额 {} 元", sum.grouped(), whole.grouped());
        let refusal = SPREAD.refuse(evidence).with("sum_fen", sum.in_fen());
        return Err(refusal.with("whole_fen", whole.in_fen()));
    }
    Ok(())
}

/// What was done to get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "经过")]
pub enum StepWord {
    /// 主张: it was asked for in writing.
    #[schemars(description = "书面主张")]
    Claimed,
    /// 催告.
    #[schemars(description = "催告")]
    Reminded,
    /// 答复: the unit answered.
    #[schemars(description = "单位答复")]
    Answered,
}

impl StepWord {
    const fn name(self) -> &'static str {
        match self {
            StepWord::Claimed => "claimed",
            StepWord::Reminded => "reminded",
            StepWord::Answered => "answered",
        }
    }

    fn named(name: &str) -> StepWord {
        match name {
            "reminded" => StepWord::Reminded,
            "answered" => StepWord::Answered,
            _ => StepWord::Claimed,
        }
    }
}

/// A step to note.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的经过")]
pub struct NewLegacyStep {
    /// What was done.
    #[schemars(description = "经过")]
    pub step: StepWord,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub taken_on: Day,
    /// What proves it.
    #[schemars(description = "凭据", example = &"催告函 2026-3，挂号回执")]
    pub evidence: String,
}

/// Notes that the money was claimed, that the unit was reminded, or what it answered.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.no-legacy`.
pub async fn note_step(tx: &mut Tx, no: LegacyNo, new: &NewLegacyStep) -> Result<i32> {
    may_be_kept("凭据", &new.evidence)?;
    may_be_day("日期", new.taken_on)?;
    unit_of(tx, no).await?;
    let step = tx.next_no(&format!("legacy-step/{no}"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        step.into(),
        new.step.name().into(),
        new.taken_on.into(),
        new.evidence.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&LEGACY_STEP, &row);
    Ok(step)
}

async fn unit_of(tx: &mut Tx, no: LegacyNo) -> Result<SellingUnitNo> {
    let sql = "SELECT unit_no FROM legacy WHERE compound_id = $1 AND legacy_no = $2";
    let found = tx.rows(UNITS, sql, vec![tx.compound().0.into(), no.0.into()]).await?;
    let row = found.first().ok_or_else(|| NO_LEGACY.refuse(format!("代管资金编号 {no}")))?;
    Ok(SellingUnitNo(row.try_get_by_index(0)?))
}

/// Money that came.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    description = "划入的代管资金：只写 line_no，或写齐 amount_fen 与 received_on；分户明细合计须等于到账金额"
)]
pub struct LegacyIncome {
    /// The bank line it is on.
    #[serde(default)]
    #[schemars(description = "流水编号：认领银行流水时写")]
    pub line_no: Option<LineNo>,
    /// How much, by hand.
    #[serde(default)]
    #[schemars(
        description = "金额：分，手工登记时写",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 200_000
    )]
    pub amount_fen: Option<Money>,
    /// When, by hand.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "收款日期：手工登记时写")]
    pub received_on: Option<Day>,
    /// Whose it is.
    #[schemars(description = "分户明细", length(min = 1, max = 3000))]
    pub shares: Vec<LegacyShare>,
    /// What it rests on.
    #[schemars(description = "凭据", example = &"移交清册 2026-1")]
    pub evidence: String,
}

/// Money that was brought in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroughtIn {
    /// The voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// The deposits it became, one a dwelling.
    pub deposits: Vec<DepositNo>,
    /// What of the claim is still out; negative if more came than was claimed.
    pub difference_fen: Money,
}

/// Brings money in: Dr 1001 / Cr 4001 of each dwelling, in one voucher.
///
/// # Errors
/// `fund.papers`, `seal.person-in-text`, `fund.seen`, `fund.no-legacy`, those of `bank::incoming`, `fund.amount`,
/// `property.no-dwelling`, `fund.not-sold-public`, `fund.spread`; those of [`journal::post`].
pub async fn bring_in(tx: &mut Tx, no: LegacyNo, income: &LegacyIncome) -> Result<BroughtIn> {
    may_be_kept("凭据", &income.evidence)?;
    let said = seen(income.line_no, income.amount_fen, income.received_on)?;
    let (compound, today) = (tx.compound(), tx.at().day());
    unit_of(tx, no).await?;
    let seen = deposit::look(tx, &said).await?;
    let rooms = || income.shares.iter().map(|share| &share.room);
    let numbers = dwellings_of(tx, compound, rooms()).await?;
    let roll = property::roll(tx, compound, today).await?;
    let known = legacies(tx, compound).await?;

    may_be_amount(seen.amount)?;
    for room in rooms() {
        roll.iter().find(|d| d.code == *room).map_or(Ok(()), selling_unit::must_be_public)?;
    }
    may_be_spread(&income.shares, seen.amount)?;

    let account = Accounts::of(Housing::SoldPublic).deposit_income;
    let mut lines = vec![Line::debit(BANK, seen.amount)];
    let mut parts = Vec::with_capacity(income.shares.len());
    for share in &income.shares {
        let Some(dwelling) = numbers.get(&share.room) else { continue };
        lines.push(Line::credit(account, share.amount_fen).of(*dwelling));
        parts.push((*dwelling, share.amount_fen));
    }
    let entry = Entry {
        book: Book::Fund,
        effective_on: seen.received_on,
        kind: Kind::Deposit,
        memo: format!("原售房单位代管资金划入，代管 {no}"),
        source: seen.source(),
        evidence: income.evidence.trim().to_owned(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    seen.claim(tx, voucher);
    let mut deposits = Vec::with_capacity(parts.len());
    for (dwelling, amount) in parts {
        let kept = seen.kept("legacy", amount, voucher);
        let deposit = deposit::keep(tx, dwelling, "", kept);
        tx.put(
            &LEGACY_INCOME,
            &[compound.0.into(), no.0.into(), deposit.0.into(), tx.act().0.into()],
        );
        deposits.push(deposit);
    }
    let before = known.iter().find(|legacy| legacy.legacy_no == no);
    let before = before.map_or(Money::ZERO, |legacy| legacy.difference_fen);
    let difference_fen = before - seen.amount;
    Ok(BroughtIn { voucher, amount_fen: seen.amount, deposits, difference_fen })
}

/// What of a dwelling was claimed and came.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一户的代管资金：主张与划入")]
pub struct LegacyShareStanding {
    /// The dwelling.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// What was claimed.
    #[schemars(description = "主张：分，只知总额的为零", example = 120_000)]
    pub claimed_fen: Money,
    /// What came.
    #[schemars(description = "划入：分", example = 100_000)]
    pub brought_fen: Money,
}

/// A step that was noted.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一次经过")]
pub struct LegacyStep {
    /// What was done.
    #[schemars(description = "经过")]
    pub step: StepWord,
    /// When.
    #[schemars(description = "日期")]
    pub taken_on: Day,
    /// What proves it.
    #[schemars(description = "凭据", example = &"催告函 2026-3，挂号回执")]
    pub evidence: String,
}

/// Money a former selling unit holds or held.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "LegacyMoney", description = "原售房单位代管资金")]
pub struct Legacy {
    /// Its number.
    #[schemars(description = "代管资金编号", example = 1)]
    pub legacy_no: LegacyNo,
    /// The unit.
    #[schemars(description = "售房单位编号", example = 1)]
    pub unit_no: SellingUnitNo,
    /// Its name.
    #[schemars(description = "售房单位", example = &"第一纺织厂")]
    pub unit: String,
    /// Whether the unit is no more.
    #[schemars(description = "单位是否已终止", example = false)]
    pub is_ended: bool,
    /// Who follows it.
    #[schemars(description = "承继单位编号：没有则空")]
    pub successor_no: Option<SellingUnitNo>,
    /// What is claimed.
    #[schemars(description = "主张：分", example = 240_000)]
    pub claimed_fen: Money,
    /// What came.
    #[schemars(description = "划入：分", example = 200_000)]
    pub brought_fen: Money,
    /// What is still out; negative if more came than was claimed.
    #[schemars(description = "差额：分，多划入的为负", example = 40_000)]
    pub difference_fen: Money,
    /// By dwelling.
    #[schemars(description = "分户")]
    pub shares: Vec<LegacyShareStanding>,
    /// What was done to get it.
    #[schemars(description = "经过：依登记次序")]
    pub steps: Vec<LegacyStep>,
    /// What it rests on.
    #[schemars(description = "凭据", example = &"1998 年交款清册")]
    pub evidence: String,
}

/// All such money of a compound, claimed and brought in, in its order.
///
/// # Errors
/// Storage.
pub async fn legacies(view: &mut impl View, compound: CompoundId) -> Result<Vec<Legacy>> {
    let units = selling_unit::brief(view, compound).await?;
    let value = || vec![compound.0.into()];
    let sql = "SELECT legacy_no, unit_no, amount_fen, evidence FROM legacy
               WHERE compound_id = $1 ORDER BY legacy_no";
    let mut found: BTreeMap<LegacyNo, Legacy> = BTreeMap::new();
    for row in view.rows(UNITS, sql, value()).await? {
        let (no, unit_no) =
            (LegacyNo(row.try_get("", "legacy_no")?), SellingUnitNo(row.try_get("", "unit_no")?));
        let unit = units.get(&unit_no);
        let claimed = Money::fen(row.try_get("", "amount_fen")?);
        let legacy = Legacy {
            legacy_no: no,
            unit_no,
            unit: unit.map_or(String::new(), |unit| unit.name.clone()),
            is_ended: unit.is_some_and(|unit| unit.ended_on.is_some()),
            successor_no: unit.and_then(|unit| unit.successor),
            claimed_fen: claimed,
            brought_fen: Money::ZERO,
            difference_fen: claimed,
            shares: Vec::new(),
            steps: Vec::new(),
            evidence: row.try_get("", "evidence")?,
        };
        found.insert(no, legacy);
    }

    let stands = rows::stands("d", "voucher_seq");
    let sql = format!(
        "SELECT x.legacy_no, x.dwelling_no, w.code, CAST(sum(x.claimed_fen) AS BIGINT) AS claimed_fen,
           CAST(sum(x.brought_fen) AS BIGINT) AS brought_fen FROM (
             SELECT s.compound_id, s.legacy_no, s.dwelling_no, s.claimed_fen, 0 AS brought_fen FROM legacy_share s
               WHERE s.compound_id = $1
             UNION ALL
             SELECT i.compound_id, i.legacy_no, d.dwelling_no, 0, d.amount_fen FROM legacy_income i JOIN deposit d
                 ON d.compound_id = i.compound_id AND d.deposit_no = i.deposit_no
               WHERE i.compound_id = $1 AND {stands}) x
         JOIN dwelling w ON w.compound_id = x.compound_id AND w.dwelling_no = x.dwelling_no
         GROUP BY x.legacy_no, x.dwelling_no, w.code ORDER BY x.legacy_no, x.dwelling_no"
    );
    for row in view.rows(UNITS, &sql, value()).await? {
        let Some(legacy) = found.get_mut(&LegacyNo(row.try_get("", "legacy_no")?)) else {
            continue;
        };
        let share = LegacyShareStanding {
            room: row.try_get("", "code")?,
            claimed_fen: Money::fen(row.try_get("", "claimed_fen")?),
            brought_fen: Money::fen(row.try_get("", "brought_fen")?),
        };
        legacy.brought_fen += share.brought_fen;
        legacy.difference_fen -= share.brought_fen;
        legacy.shares.push(share);
    }

    let sql = "SELECT legacy_no, step, taken_on, evidence FROM legacy_step
               WHERE compound_id = $1 ORDER BY legacy_no, step_no";
    for row in view.rows(UNITS, sql, value()).await? {
        let Some(legacy) = found.get_mut(&LegacyNo(row.try_get("", "legacy_no")?)) else {
            continue;
        };
        let word: String = row.try_get("", "step")?;
        legacy.steps.push(LegacyStep {
            step: StepWord::named(&word),
            taken_on: row.try_get("", "taken_on")?,
            evidence: row.try_get("", "evidence")?,
        });
    }
    Ok(found.into_values().collect())
}
