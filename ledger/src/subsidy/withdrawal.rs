//! What was entered by mistake: an allotment nothing is granted of, a tranche nothing moved in, taken back by a row that says so.
//!
//! Owns the rows of `allotment_withdrawal` and `tranche_withdrawal`, and the list of allotments. Always: nothing vanishes; what is
//! allotted to a compound is never less than what is granted to it, because both a grant and a withdrawal are acts of the compound.
//! Limits: an allotment is withdrawn whole; a score is not withdrawn.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows;
use super::terms::Part;
use super::{ALLOTMENT_GRANTED, NO_ALLOTMENT, TRANCHE_MOVED, WITHDRAWN, may_be_text, tranche};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Refusal, Result};
use crate::id::{AllotmentNo, ProgrammeNo, TrancheNo};
use crate::money::Money;
use crate::property;

/// A compound's share as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "AllottedShare", description = "分配给一个小区的一笔")]
pub struct Allotted {
    /// Its number.
    #[schemars(description = "分配编号", example = 1)]
    pub allotment_no: AllotmentNo,
    /// Of which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// To which compound.
    #[schemars(description = "小区代码", example = &"wutongli")]
    pub compound: String,
    /// How much.
    #[schemars(description = "金额：分", example = 5_000_000)]
    pub amount_fen: Money,
    /// When.
    #[schemars(description = "分配日期")]
    pub allotted_on: Day,
    /// The document.
    #[schemars(description = "分配文件", example = &"区财〔2026〕12号")]
    pub document: String,
    /// The day it was withdrawn, because it was entered by mistake.
    #[schemars(description = "撤回日期：没有撤回的没有")]
    pub withdrawn_on: Option<Day>,
    /// Why.
    #[schemars(description = "撤回原因：没有撤回的为空", example = &"小区误写")]
    pub withdrawal_reason: String,
}

/// An allotment to take back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewAllotmentWithdrawal", description = "要撤回的一笔分配：误登记的")]
pub struct AllotmentWithdrawing {
    /// Which.
    #[schemars(description = "分配编号", example = 1)]
    pub allotment_no: AllotmentNo,
    /// Why.
    #[schemars(description = "原因", example = &"小区误写")]
    pub reason: String,
}

/// An allotment that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "AllotmentWithdrawn", description = "已撤回的一笔分配")]
pub struct AllotmentWithdrawn {
    /// Which.
    #[schemars(description = "分配编号", example = 1)]
    pub allotment_no: AllotmentNo,
    /// How much it was.
    #[schemars(description = "金额：分", example = 5_000_000)]
    pub amount_fen: Money,
    /// What is allotted to the compound now.
    #[schemars(description = "本小区现有的分配：分", example = 0)]
    pub allotted_fen: Money,
}

/// A tranche to take back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewTrancheWithdrawal", description = "要撤回的一笔补贴资金：误下达的")]
pub struct TrancheWithdrawing {
    /// Which.
    #[schemars(description = "补贴资金编号", example = 1)]
    pub tranche_no: TrancheNo,
    /// Why.
    #[schemars(description = "原因", example = &"期间误写")]
    pub reason: String,
}

/// A tranche that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "TrancheWithdrawn", description = "已撤回的一笔补贴资金")]
pub struct TrancheWithdrawn {
    /// Which.
    #[schemars(description = "补贴资金编号", example = 1)]
    pub tranche_no: TrancheNo,
    /// How much was granted.
    #[schemars(description = "下达金额：分", example = 5_000_000)]
    pub granted_fen: Money,
}

/// The shares of every programme, in order, those that were withdrawn too.
///
/// # Errors
/// Storage.
pub async fn allotments(view: &mut impl View) -> Result<Vec<Allotted>> {
    let compounds = property::compounds(view).await?;
    let codes: BTreeMap<i32, String> =
        compounds.into_iter().map(|compound| (compound.id.0, compound.code)).collect();
    let told = rows::allotments(view, None).await?.into_iter().map(|row| Allotted {
        allotment_no: row.no,
        programme_no: row.programme,
        compound: codes.get(&row.compound.0).cloned().unwrap_or_default(),
        amount_fen: row.amount,
        allotted_on: row.on,
        document: row.document,
        withdrawn_on: row.withdrawn.as_ref().map(|(on, _)| *on),
        withdrawal_reason: row.withdrawn.map(|(_, reason)| reason).unwrap_or_default(),
    });
    Ok(told.collect())
}

/// Whether a share may go: what is left of the shares covers what was granted.
fn may_be_withdrawn(allotted: Money, share: Money, granted: Money) -> Result<(), Refusal> {
    if allotted - share >= granted {
        return Ok(());
    }
    let evidence = format!(
        "本小区分配 {} 元，已下达 {} 元，要撤回 {} 元",
        allotted.grouped(),
        granted.grouped(),
        share.grouped()
    );
    Err(ALLOTMENT_GRANTED.refuse(evidence).with("granted_fen", granted.in_fen()))
}

/// Takes a share back that was allotted to the compound by mistake: nothing granted stands on it.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.no-allotment`, `subsidy.withdrawn`, `subsidy.allotment-granted`.
pub async fn withdraw_allotment(
    tx: &mut Tx,
    asked: &AllotmentWithdrawing,
) -> Result<AllotmentWithdrawn> {
    may_be_text("原因", &asked.reason)?;
    tx.flush().await?;
    let (compound, no) = (tx.compound(), asked.allotment_no);
    let known = rows::allotments(tx, None).await?;
    let found = known.into_iter().find(|row| row.no == no && row.compound == compound);
    let found = found.ok_or_else(|| NO_ALLOTMENT.refuse(format!("分配编号 {no}")))?;
    if let Some((on, reason)) = &found.withdrawn {
        let evidence = format!("分配 {no} 已于 {on} 撤回：{reason}");
        return Err(WITHDRAWN.refuse(evidence).into());
    }
    let allotted = rows::allotted(tx, found.programme, Some(compound)).await?;
    let granted = rows::granted(tx, compound, found.programme).await?;
    may_be_withdrawn(allotted, found.amount, granted)?;
    let row = [
        no.0.into(),
        compound.0.into(),
        asked.reason.trim().into(),
        tx.at().day().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::ALLOTMENT_WITHDRAWAL, &row);
    Ok(AllotmentWithdrawn {
        allotment_no: no,
        amount_fen: found.amount,
        allotted_fen: allotted - found.amount,
    })
}

/// Takes a tranche back that was granted by mistake: nothing that stands moved in it, and no rest was granted on it.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.no-tranche`, `subsidy.withdrawn`, `subsidy.tranche-moved`.
pub async fn withdraw_tranche(tx: &mut Tx, asked: &TrancheWithdrawing) -> Result<TrancheWithdrawn> {
    may_be_text("原因", &asked.reason)?;
    tx.flush().await?;
    let compound = tx.compound();
    let found = tranche(tx, compound, asked.tranche_no).await?;
    if !found.days.is_empty() {
        let received = found.sums.received.grouped();
        let evidence = format!("补贴资金 {} 已到账 {received} 元", found.no);
        return Err(TRANCHE_MOVED.refuse(evidence).into());
    }
    let known = rows::tranches(tx, compound, None).await?;
    let rest = known.iter().find(|row| {
        found.part == Part::Advance
            && row.part == Part::Rest
            && row.withdrawn.is_none()
            && (row.programme, row.project) == (found.programme, found.project)
            && row.period == found.period
    });
    if let Some(rest) = rest {
        let evidence = format!("余款已依补贴资金 {} 下达为补贴资金 {}", found.no, rest.no);
        return Err(TRANCHE_MOVED.refuse(evidence).with("tranche_no", rest.no.0).into());
    }
    let row = [
        compound.0.into(),
        found.no.0.into(),
        asked.reason.trim().into(),
        tx.at().day().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::TRANCHE_WITHDRAWAL, &row);
    Ok(TrancheWithdrawn { tranche_no: found.no, granted_fen: found.granted })
}
