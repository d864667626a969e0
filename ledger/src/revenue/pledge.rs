//! What is promised to a renovation (让渡): public revenue of some time to come, and what was paid of it.
//!
//! Always: a pledge stands on a resolution of exactly these owners and counts whole against its cap, whatever was paid of it; it
//! names the renovation by its matter and is paid to no other; it is paid as revenue comes in, after the fund's part, from what
//! is left. Nothing moves with the promise itself. The room that keeps the renovation brings its own half of the transfer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::{DISPOSES, may_be_given, spent_by};
use super::entry::{BANK, Entered, New, ended, keep, may_be_entered, may_be_paid};
use super::reckon::Sort;
use super::rows::{self, ENTRIES, PLEDGE};
use super::{
    DAY, NO_PLEDGE, NO_PROJECT, OVER_PLEDGE, Whose, in_words, is_within, may_be_amount, may_be_day,
    may_be_scope, may_be_text, may_have_been, resolved,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, Month, iso_day};
use crate::error::Result;
use crate::governance::Scope;
use crate::id::{CompoundId, MatterNo, MotionNo, PledgeNo, RoundNo};
use crate::journal::{self, Book, Entry, Line, Posted};
use crate::money::Money;

/// 5401 让渡给改造项目.
const TO_RENOVATION: i32 = 5401;

/// Revenue to pledge to a renovation (让渡).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRevenuePledge", description = "要登记的让渡：以一段期间的公共收益出资改造")]
pub struct Pledging {
    /// To which renovation.
    #[schemars(description = "受让的改造项目的事项编号", example = 1)]
    pub project_matter_no: MatterNo,
    /// Whose revenue.
    #[serde(default)]
    #[schemars(description = "归谁：不写则为全体业主", with = "Option<Whose>")]
    pub scope: Option<Scope>,
    /// How much in all.
    #[schemars(
        description = "让渡金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 10_000_000
    )]
    pub amount_fen: Money,
    /// The first day of the revenue that is pledged.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "让渡期间的起日")]
    pub from_on: Day,
    /// The last.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "让渡期间的止日")]
    pub until_on: Day,
    /// The round.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// The motion.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
    /// What it rests on.
    #[schemars(description = "凭据：让渡协议", example = &"让渡协议 1")]
    pub evidence: String,
}

/// A pledge, and what was paid of it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RevenuePledge", description = "让渡")]
pub struct Pledge {
    /// Its number.
    #[schemars(description = "让渡编号", example = 1)]
    pub pledge_no: PledgeNo,
    /// To which renovation.
    #[schemars(description = "受让的改造项目的事项编号", example = 1)]
    pub project_matter_no: MatterNo,
    /// Its name.
    #[schemars(description = "受让的改造项目", example = &"2026 年老旧小区改造")]
    pub beneficiary: String,
    /// Whose revenue.
    #[serde(serialize_with = "in_words")]
    #[schemars(description = "归谁", with = "String", example = &"全体业主")]
    pub scope: Scope,
    /// How much in all.
    #[schemars(description = "让渡金额：分", example = 10_000_000)]
    pub amount_fen: Money,
    /// What was paid.
    #[schemars(description = "已付：分", example = 2_000_000)]
    pub paid_fen: Money,
    /// What is left of it.
    #[schemars(description = "未付：分", example = 8_000_000)]
    pub left_fen: Money,
    /// The first day.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last.
    #[schemars(description = "止日")]
    pub until_on: Day,
    /// The round.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// The motion.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
    /// What it rests on.
    #[schemars(description = "凭据", example = &"让渡协议 1")]
    pub evidence: String,
}

impl Pledge {
    pub(super) fn by(&self) -> (RoundNo, MotionNo) {
        (self.round_no, self.motion_no)
    }
}

/// Pledges revenue to a renovation. Nothing moves yet.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.amount`, `revenue.day`, `revenue.no-project`, `revenue.scope`, those of
/// [`crate::governance::Resolution::of`], `revenue.resolution`, `revenue.over-cap`.
pub async fn pledge(tx: &mut Tx, asked: &Pledging) -> Result<PledgeNo> {
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    may_be_day("起日", asked.from_on)?;
    may_be_day("止日", asked.until_on)?;
    if asked.until_on < asked.from_on {
        return Err(DAY.refuse(format!("{} 至 {}", asked.from_on, asked.until_on)).into());
    }
    let (compound, today) = (tx.compound(), tx.at().day());
    tx.flush().await?;
    let matter = asked.project_matter_no;
    if journal::project_name(tx, compound, matter).await?.is_none() {
        return Err(NO_PROJECT.refuse(format!("事项 {matter}")).into());
    }
    let whole = Scope::Compound {};
    let owners = asked.scope.as_ref().unwrap_or(&whole);
    let scope = may_be_scope(tx, compound, owners).await?;
    let by = (asked.round_no, asked.motion_no);
    let resolution = resolved(tx, compound, by, owners, today, &DISPOSES).await?;
    let moves = rows::moves(tx, compound).await?;
    let promised = promised_by(tx, compound, by).await?;
    is_within(&resolution, spent_by(&moves, by) + promised + asked.amount_fen)?;

    let no = PledgeNo(tx.next_no("revenue-pledge"));
    let row = [
        compound.0.into(),
        no.0.into(),
        matter.0.into(),
        scope.as_str().into(),
        asked.amount_fen.in_fen().into(),
        asked.from_on.into(),
        asked.until_on.into(),
        asked.round_no.0.into(),
        asked.motion_no.0.into(),
        resolution.digest().into(),
        asked.evidence.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&PLEDGE, &row);
    Ok(no)
}

/// What was pledged on a resolution, whatever was paid of it.
pub(super) async fn promised_by(
    view: &mut impl View,
    compound: CompoundId,
    by: (RoundNo, MotionNo),
) -> Result<Money> {
    let known = pledges(view, compound).await?;
    Ok(known.iter().filter(|pledge| pledge.by() == by).map(|pledge| pledge.amount_fen).sum())
}

/// Pledges, by number, with what was paid of each.
///
/// # Errors
/// Storage.
pub async fn pledges(view: &mut impl View, compound: CompoundId) -> Result<Vec<Pledge>> {
    let mut paid: BTreeMap<PledgeNo, Money> = BTreeMap::new();
    for one in rows::moves(view, compound).await? {
        if let Some(no) = one.pledge {
            *paid.entry(no).or_default() += one.amount;
        }
    }
    let sql = "SELECT g.pledge_no, g.matter_no, m.name AS beneficiary, g.scope, g.amount_fen, g.from_on, g.until_on,
                 g.round_no, g.motion_no, g.evidence
               FROM revenue_pledge g JOIN matter m ON m.compound_id = g.compound_id AND m.matter_no = g.matter_no
               WHERE g.compound_id = $1 ORDER BY g.pledge_no";
    let mut found = Vec::new();
    for row in view.rows(ENTRIES, sql, vec![compound.0.into()]).await? {
        let pledge_no = PledgeNo(row.try_get("", "pledge_no")?);
        let amount_fen = Money::fen(row.try_get("", "amount_fen")?);
        let paid_fen = paid.get(&pledge_no).copied().unwrap_or_default();
        found.push(Pledge {
            pledge_no,
            project_matter_no: MatterNo(row.try_get("", "matter_no")?),
            beneficiary: row.try_get("", "beneficiary")?,
            scope: rows::of_kept(&row.try_get::<String>("", "scope")?)?,
            amount_fen,
            paid_fen,
            left_fen: amount_fen - paid_fen,
            from_on: row.try_get("", "from_on")?,
            until_on: row.try_get("", "until_on")?,
            round_no: RoundNo(row.try_get("", "round_no")?),
            motion_no: MotionNo(row.try_get("", "motion_no")?),
            evidence: row.try_get("", "evidence")?,
        });
    }
    Ok(found)
}

/// A payment of a pledge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayingPledge {
    /// Which.
    pub pledge_no: PledgeNo,
    /// For which renovation.
    pub project_matter_no: MatterNo,
    /// The period whose revenue pays, by its last month.
    pub through: Month,
    /// How much.
    pub amount_fen: Money,
    /// The day.
    pub on: Day,
    /// What proves it.
    pub evidence: String,
}

/// Pays a pledge out of what is left of a period: Dr 5401 / Cr 1002 here, and `into` in the grant's book, one transfer. The
/// room that keeps the renovation ([`crate::renovation::pay_in`]) brings `into`: its own accounts, its own matter, the same
/// amount and day.
///
/// # Errors
/// `revenue.text`, `seal.person-in-text`, `revenue.amount`, `revenue.day`, `revenue.handed-over`, `revenue.no-pledge`, `revenue.over-pledge`,
/// `revenue.period`, `revenue.deficit`, `revenue.fund-first`, `revenue.short`, those of [`journal::transfer`].
pub async fn pay_pledged(
    tx: &mut Tx,
    asked: &PayingPledge,
    into: Entry,
) -> Result<(Entered, Posted)> {
    may_be_text("凭据", &asked.evidence)?;
    may_be_amount(asked.amount_fen)?;
    let (compound, today, amount) = (tx.compound(), tx.at().day(), asked.amount_fen);
    may_have_been("日期", asked.on, today)?;
    may_be_entered(tx, asked.on).await?;
    tx.flush().await?;
    let known = pledges(tx, compound).await?;
    let last = asked.through.last_day();
    let live = |p: &Pledge| {
        (p.pledge_no, p.project_matter_no) == (asked.pledge_no, asked.project_matter_no)
            && p.from_on <= last
            && last <= p.until_on
    };
    let found = known.into_iter().find(live);
    let (no, matter) = (asked.pledge_no, asked.project_matter_no);
    let missing = || NO_PLEDGE.refuse(format!("让渡 {no}，事项 {matter}，{last}"));
    let pledge = found.ok_or_else(missing)?;
    let brought: Money = into.lines.iter().map(|l| l.signed().max(Money::ZERO)).sum();
    if amount > pledge.left_fen || into.book != Book::Grant || brought != amount {
        let evidence =
            format!("尚余 {} 元，付款 {} 元", pledge.left_fen.grouped(), amount.grouped());
        return Err(OVER_PLEDGE.refuse(evidence).with("left_fen", pledge.left_fen.in_fen()).into());
    }
    let (period, pack) = ended(tx, compound, asked.through, asked.on).await?;
    let scope = rows::kept(&pledge.scope)?;
    let moves = rows::moves(tx, compound).await?;
    may_be_given(tx, &moves, &scope, (period, &pack), amount, false).await?;
    may_be_paid(tx, amount, asked.on).await?;

    let from = Entry {
        book: Book::Revenue,
        effective_on: asked.on,
        kind: journal::Kind::Transfer,
        memo: format!("公共收益让渡 {}", pledge.beneficiary),
        source: String::new(),
        evidence: asked.evidence.trim().to_owned(),
        lines: vec![Line::debit(TO_RENOVATION, amount), Line::credit(BANK, amount)],
    };
    let (_, from, into) = journal::transfer(tx, from, into).await?;
    let new = New {
        scope: &scope,
        amount,
        on: asked.on,
        through: Some(asked.through),
        party: &pledge.beneficiary,
        evidence: &asked.evidence,
        pledge: Some(asked.pledge_no),
        by: Some(pledge.by()),
        pack: &pack.provenance.to_string(),
        ..New::default()
    };
    Ok((keep(tx, Sort::Pledge, &new, from), into))
}
