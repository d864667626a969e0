//! The paper of a notice (催缴通知单), its fields as data and as plain text (`property.md` D1).
//!
//! Always: the sums are those the claim was made with, whatever was paid since. An owner is shown by the first character.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::claim::ClaimKind;
use super::position::position;
use super::terms::terms;
use super::{NO_CLAIM, rows};
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{DemandNo, MatterNo};
use crate::mask;
use crate::measure::Area;
use crate::money::Money;
use crate::property::{self, Compound};
use crate::tariff;

/// A line of a notice.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "ArrearsNoticeLine", description = "催缴通知单的一行")]
pub struct NoticeLine {
    /// The bill.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// What was charged.
    #[schemars(description = "收费项目", example = &"物业费")]
    pub item: String,
    /// The first day charged for.
    #[schemars(description = "计费起日")]
    pub from_on: Day,
    /// The last.
    #[schemars(description = "计费止日")]
    pub to_on: Day,
    /// By when it was to be paid.
    #[schemars(description = "缴费期限")]
    pub due_on: Day,
    /// How it was reckoned.
    #[schemars(description = "计算过程", example = &"107.5㎡ × 0.35元/月 × 3月")]
    pub worked: String,
    /// Billed.
    #[schemars(description = "应收：分", example = 10_000)]
    pub billed_fen: Money,
    /// Let go.
    #[schemars(description = "减免：分", example = 0)]
    pub reduced_fen: Money,
    /// Received.
    #[schemars(description = "已收：分", example = 0)]
    pub received_fen: Money,
    /// Owed.
    #[schemars(description = "欠费：分", example = 10_000)]
    pub open_fen: Money,
}

/// A notice as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "ArrearsNoticePaper", description = "催缴通知单的内容")]
pub struct NoticePaper {
    /// The compound.
    #[schemars(description = "小区", example = &"小河里小区")]
    pub compound: String,
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub claim_no: DemandNo,
    /// What it is called.
    #[schemars(description = "名称", example = &"催缴提醒")]
    pub title: String,
    /// The dwelling.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The owners, by their first characters.
    #[schemars(description = "业主：只显示姓", example = ["王*"])]
    pub owners: Vec<String>,
    /// The area that is billed.
    #[schemars(description = "计费面积：0.01 平方米", example = 8_000)]
    pub area_centi_m2: Area,
    /// The day.
    #[schemars(description = "开具日期")]
    pub made_on: Day,
    /// By when to pay.
    #[schemars(description = "付款截止日")]
    pub pay_by: Day,
    /// The lines.
    #[schemars(description = "逐笔")]
    pub lines: Vec<NoticeLine>,
    /// Σ owed.
    #[schemars(description = "欠费合计：分", example = 10_000)]
    pub sum_fen: Money,
    /// The same in capitals.
    #[schemars(description = "欠费合计：大写", example = &"壹佰元整")]
    pub sum_in_capitals: String,
    /// The last day on which something was received, as it was known when the notice was made.
    #[schemars(description = "上次缴费日期：没有的为空")]
    pub last_paid_on: Option<Day>,
    /// What the contract says of a penalty.
    #[schemars(description = "违约金的说明", example = &"合同没有约定违约金")]
    pub penalty: String,
    /// What the stage says.
    #[schemars(description = "正文", example = &"请于截止日前缴清")]
    pub says: String,
    /// A word of one's own.
    #[schemars(description = "附言", example = &"")]
    pub remark: String,
    /// The day of delivery, if it is proved.
    #[schemars(description = "送达日期：未登记的为空")]
    pub delivered_on: Option<Day>,
}

/// Gathers what a notice prints.
///
/// # Errors
/// `arrears.no-claim`.
pub async fn notice(
    view: &mut impl View,
    compound: &Compound,
    no: DemandNo,
) -> Result<NoticePaper> {
    let claims = rows::claims(view, compound.id, None).await?;
    let claim = claims.into_iter().find(|c| c.claim_no == no && c.kind == ClaimKind::Notice);
    let claim = claim.ok_or_else(|| NO_CLAIM.refuse(format!("催缴 {no}")))?;
    let dwellings = property::every(view, compound.id, claim.made_on).await?;
    let dwelling = dwellings.into_iter().find(|d| d.no == claim.dwelling_no);
    let dwelling = dwelling.ok_or_else(|| NO_CLAIM.refuse(format!("催缴 {no} 的房屋不在册")))?;
    let position = position(view, compound.id, claim.made_on, Some(claim.dwelling_no)).await?;
    let agreed = tariff::terms(view, compound.id).await?;
    let penalty = tariff::terms_on(&agreed, claim.made_on).and_then(|t| t.penalty);
    let stage = terms().stage(claim.stage);
    let mut lines: Vec<NoticeLine> = claim
        .bills
        .iter()
        .filter_map(|claimed| {
            let held = position.bills.iter().find(|b| b.bill_no == claimed.bill_no)?;
            Some(NoticeLine {
                bill_no: held.bill_no,
                item: held.item.clone(),
                from_on: held.from_on,
                to_on: held.to_on,
                due_on: held.due_on,
                worked: held.worked.clone(),
                billed_fen: claimed.billed_fen,
                reduced_fen: claimed.reduced_fen,
                received_fen: claimed.billed_fen - claimed.reduced_fen - claimed.open_fen,
                open_fen: claimed.open_fen,
            })
        })
        .collect();
    lines.sort_by_key(|line| (line.from_on, line.due_on, line.bill_no));
    Ok(NoticePaper {
        compound: compound.name.clone(),
        claim_no: no,
        title: stage.map_or_else(String::new, |s| s.name.clone()),
        room: dwelling.code.to_string(),
        owners: addressees(&dwelling),
        area_centi_m2: dwelling.fee_area,
        made_on: claim.made_on,
        pay_by: claim.pay_by,
        last_paid_on: claim.last_paid_on,
        lines,
        sum_fen: claim.sum_fen,
        sum_in_capitals: claim.sum_fen.in_capitals(),
        penalty: penalty.map_or_else(
            || "合同没有约定违约金".to_owned(),
            |p| {
                format!(
                    "违约金按合同另计：逾期（宽限 {} 天后）每日为该笔欠费的百万分之 {}，单利，至多为本金的万分之 {}",
                    p.grace_days, p.daily_ppm, p.most_bp
                )
            },
        ),
        says: stage.map_or_else(String::new, |s| s.says.clone()),
        remark: claim.remark,
        delivered_on: claim.delivered_on,
    })
}

/// Whom a notice is addressed to: the owners, masked; of what is not sold yet the developer.
fn addressees(dwelling: &property::Dwelling) -> Vec<String> {
    match (dwelling.owners.is_empty(), dwelling.is_unsold) {
        (false, _) => dwelling.owners.iter().map(|o| mask::name(&o.name)).collect(),
        (true, true) => vec!["建设单位".to_owned()],
        (true, false) => vec!["（产权人未登记）".to_owned()],
    }
}

impl NoticePaper {
    /// The notice as plain text, a line a bill.
    #[must_use]
    pub fn in_text(&self) -> String {
        let mut text = String::new();
        let owners = self.owners.join("、");
        let _ = writeln!(text, "{}  {}  第 {} 号", self.compound, self.title, self.claim_no);
        let _ =
            writeln!(text, "房号 {}  业主 {owners}  计费面积 {} ㎡", self.room, self.area_centi_m2);
        let _ = writeln!(text, "开具日期 {}  截止日期 {}\n", self.made_on, self.pay_by);
        for line in &self.lines {
            let _ = writeln!(
                text,
                "{} {}~{} 期限 {}  应收 {} 减免 {} 已收 {} 欠费 {}  {}",
                line.item,
                line.from_on,
                line.to_on,
                line.due_on,
                line.billed_fen.grouped(),
                line.reduced_fen.grouped(),
                line.received_fen.grouped(),
                line.open_fen.grouped(),
                line.worked
            );
        }
        let paid = self.last_paid_on.map_or("无".to_owned(), |on| on.to_string());
        let (sum, capitals) = (self.sum_fen.grouped(), &self.sum_in_capitals);
        let _ = writeln!(text, "\n应缴合计 {sum} 元（{capitals}）  上次缴费 {paid}");
        let _ = writeln!(text, "{}", self.penalty);
        let _ = writeln!(text, "\n{}", self.says);
        if !self.remark.is_empty() {
            let _ = writeln!(text, "{}", self.remark);
        }
        let _ = writeln!(text, "\n回执：签收人            日期");
        text
    }
}
