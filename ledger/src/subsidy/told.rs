//! What is asked of a tranche and told of it: the bodies of its movements, and the ledger of subsidies (`property.md` D8) with
//! the questions that read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::rows;
use super::terms::{Base, Level, Part};
use crate::books::View;
use crate::calendar::{Day, iso_day};
use crate::error::Result;
use crate::id::{CompoundId, ContentNo, LineNo, MatterNo, ProgrammeNo, TrancheMoveNo, TrancheNo};
use crate::money::Money;

/// Money of a tranche that comes, or goes back: received, interest, handed back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewTrancheMove", description = "补贴资金的到账、利息或上缴")]
pub struct Moving {
    /// Which tranche.
    #[schemars(description = "补贴资金编号", example = 1)]
    pub tranche_no: TrancheNo,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 5_000_000
    )]
    pub amount_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期：不得晚于今天")]
    pub on: Day,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<LineNo>,
    /// The paper.
    #[schemars(description = "凭据", example = &"国库支付回单 1")]
    pub evidence: String,
}

/// A tranche's money to spend.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSpending", description = "要支付的补贴资金：专款专用")]
pub struct Spending {
    /// Of which tranche.
    #[schemars(description = "补贴资金编号", example = 1)]
    pub tranche_no: TrancheNo,
    /// On which content of its project.
    #[serde(default)]
    #[schemars(description = "内容编号：物业管理补贴没有", example = 1)]
    pub content_no: Option<ContentNo>,
    /// For what, where there is no project.
    #[serde(default)]
    #[schemars(description = "用途：物业管理补贴写内容目录的代号，项目的不写", example = &"")]
    pub item: String,
    /// To whom.
    #[schemars(description = "收款人：单位名称", example = &"某建设公司")]
    pub payee: String,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 1_000_000
    )]
    pub amount_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "支付日期：不得晚于今天")]
    pub paid_on: Day,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<LineNo>,
    /// The paper.
    #[schemars(description = "凭据：合同号、发票号", example = &"合同 1，发票 25312000000000000001")]
    pub evidence: String,
}

/// A spending that comes back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "NewGrantClawBack",
    description = "要登记的追回：违反用途或多付的款项回到原补贴"
)]
pub struct ClawingBack {
    /// Of which spending.
    #[schemars(description = "支付的编号", example = 3)]
    pub move_no: TrancheMoveNo,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 100_000
    )]
    pub amount_fen: Money,
    /// When it arrived.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "到账日期：不得晚于今天")]
    pub on: Day,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<LineNo>,
    /// Why.
    #[schemars(description = "原因", example = &"审计认定超范围")]
    pub reason: String,
}

/// A movement that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "TrancheMoved", description = "已登记的变动")]
pub struct Moved {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub move_no: TrancheMoveNo,
    /// Its voucher.
    #[schemars(description = "凭证号", example = &"grant/2026-0001")]
    pub voucher: String,
    /// Its voucher's place in the book.
    #[schemars(description = "凭证在账簿中的序号", example = 1)]
    pub voucher_seq: i32,
    /// What is left of the tranche.
    #[schemars(description = "该笔补贴的结余：分", example = 4_000_000)]
    pub left_fen: Money,
}

/// A tranche as it stands (补贴资金使用台账, `property.md` D8).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "Tranche", description = "一笔补贴资金")]
pub struct Tranche {
    /// Its number in the compound.
    #[schemars(description = "补贴资金编号", example = 1)]
    pub tranche_no: TrancheNo,
    /// Of which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// Its document.
    #[schemars(description = "文号", example = &"财综〔2026〕1号")]
    pub document: String,
    /// Its title.
    #[schemars(description = "名称", example = &"老旧小区改造补助")]
    pub title: String,
    /// Whose money.
    #[schemars(description = "层级")]
    pub level: Level,
    /// For which project.
    #[schemars(description = "所属项目的事项编号：物业管理补贴没有", example = 1)]
    pub project_matter_no: Option<MatterNo>,
    /// Which part.
    #[schemars(description = "全额、预拨或余款")]
    pub part: Part,
    /// For which period.
    #[schemars(description = "期间：没有的为空", example = &"2026")]
    pub period: String,
    /// Of how much it is a part.
    #[schemars(description = "全额：分", example = 7_142_858)]
    pub gross_fen: Money,
    /// What was granted.
    #[schemars(description = "下达金额：分", example = 5_000_000)]
    pub granted_fen: Money,
    /// What it was reckoned from.
    #[schemars(description = "计算依据")]
    pub base: Base,
    /// When.
    #[schemars(description = "下达日期")]
    pub granted_on: Day,
    /// Until when it may be spent.
    #[schemars(description = "使用截止日")]
    pub spend_by: Day,
    /// The paper.
    #[schemars(description = "凭据", example = &"下达通知 1")]
    pub evidence: String,
    /// What it may be spent on.
    #[schemars(description = "可用于的各项：内容目录的代号", example = &["roof"])]
    pub uses: Vec<String>,
    /// What came.
    #[schemars(description = "到账：分", example = 5_000_000)]
    pub received_fen: Money,
    /// Its interest.
    #[schemars(description = "利息：分", example = 0)]
    pub interest_fen: Money,
    /// What was spent.
    #[schemars(description = "支付：分", example = 1_000_000)]
    pub spent_fen: Money,
    /// What was clawed back.
    #[schemars(description = "追回：分", example = 0)]
    pub clawed_back_fen: Money,
    /// What was handed back.
    #[schemars(description = "上缴：分", example = 0)]
    pub handed_back_fen: Money,
    /// What is left: received + interest + clawed back − spent − handed back.
    #[schemars(description = "结余：分，到账 + 利息 + 追回 − 支付 − 上缴", example = 4_000_000)]
    pub left_fen: Money,
    /// Whether its day is over and something is left.
    #[schemars(description = "是否逾期未用：应当上缴", example = false)]
    pub is_overdue: bool,
    /// The day it was withdrawn, because it was granted by mistake.
    #[schemars(description = "撤回日期：没有撤回的没有")]
    pub withdrawn_on: Option<Day>,
    /// Why.
    #[schemars(description = "撤回原因：没有撤回的为空", example = &"期间误写")]
    pub withdrawal_reason: String,
}

/// A movement of a tranche, as the ledger of subsidies lists it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "TrancheMove", description = "补贴资金的一笔变动")]
pub struct Movement {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub move_no: TrancheMoveNo,
    /// Of which tranche.
    #[schemars(description = "补贴资金编号", example = 1)]
    pub tranche_no: TrancheNo,
    /// What it is.
    #[schemars(description = "种类：receipt 到账，interest 利息，spend 支付，claw-back 追回，hand-back 上缴", example = &"spend")]
    pub kind: String,
    /// How much.
    #[schemars(description = "金额：分", example = 1_000_000)]
    pub amount_fen: Money,
    /// When.
    #[schemars(description = "日期")]
    pub moved_on: Day,
    /// To whom.
    #[schemars(description = "收款人：没有的为空", example = &"某建设公司")]
    pub payee: String,
    /// On what.
    #[schemars(description = "用途：没有的为空", example = &"屋面")]
    pub used_for: String,
    /// On which content.
    #[schemars(description = "内容编号：没有的没有", example = 1)]
    pub content_no: Option<ContentNo>,
    /// What it takes back.
    #[schemars(description = "所追回的支付：没有的没有", example = 3)]
    pub of_move_no: Option<TrancheMoveNo>,
    /// The bank's line.
    #[schemars(description = "银行流水编号：没有的没有", example = 3)]
    pub line_no: Option<i32>,
    /// The paper.
    #[schemars(description = "凭据", example = &"发票 25312000000000000001")]
    pub evidence: String,
    /// Its voucher's place in the book.
    #[schemars(description = "凭证在账簿中的序号", example = 1)]
    pub voucher_seq: i32,
    /// Whether its voucher was reversed.
    #[schemars(description = "是否已冲销", example = false)]
    pub is_reversed: bool,
}

impl Movement {
    /// What it is, in the word on paper.
    #[must_use]
    pub fn kind_in_chinese(&self) -> &'static str {
        match self.kind.as_str() {
            "receipt" => "到账",
            "interest" => "利息",
            "spend" => "支付",
            "claw-back" => "追回",
            _ => "上缴",
        }
    }
}

/// The tranches of a compound, in order (D8).
///
/// # Errors
/// Storage.
pub async fn tranches(
    view: &mut impl View,
    compound: CompoundId,
    today: Day,
) -> Result<Vec<Tranche>> {
    let programmes = rows::programmes(view, None).await?;
    let mut told = Vec::new();
    for row in rows::tranches(view, compound, None).await? {
        let Some(programme) = programmes.iter().find(|p| p.no == row.programme) else { continue };
        let (sums, left) = (row.sums, row.sums.left());
        told.push(Tranche {
            tranche_no: row.no,
            programme_no: row.programme,
            document: programme.document.clone(),
            title: programme.title.clone(),
            level: programme.level,
            project_matter_no: row.project,
            part: row.part,
            period: row.period,
            gross_fen: row.gross,
            granted_fen: row.granted,
            base: row.base,
            granted_on: row.granted_on,
            spend_by: row.spend_by,
            evidence: row.evidence,
            uses: row.uses,
            received_fen: sums.received,
            interest_fen: sums.interest,
            spent_fen: sums.spent,
            clawed_back_fen: sums.clawed_back,
            handed_back_fen: sums.handed_back,
            left_fen: left,
            is_overdue: today > row.spend_by && left.is_positive(),
            withdrawn_on: row.withdrawn.as_ref().map(|(on, _)| *on),
            withdrawal_reason: row.withdrawn.map(|(_, reason)| reason).unwrap_or_default(),
        });
    }
    Ok(told)
}

/// Every movement of a compound's tranches, in order.
///
/// # Errors
/// Storage.
pub async fn moves(view: &mut impl View, compound: CompoundId) -> Result<Vec<Movement>> {
    let told = rows::moves(view, compound, None).await?.into_iter().map(|row| Movement {
        used_for: row.item_title(),
        move_no: row.no,
        tranche_no: row.tranche,
        kind: row.kind,
        amount_fen: row.amount,
        moved_on: row.on,
        payee: row.payee,
        content_no: row.content,
        of_move_no: row.of,
        line_no: row.line,
        evidence: row.evidence,
        voucher_seq: row.voucher_seq,
        is_reversed: row.is_reversed,
    });
    Ok(told.collect())
}

/// The contents of a compound's projects, in order; of one project, if its matter is given.
///
/// # Errors
/// Storage.
pub async fn contents(
    view: &mut impl View,
    compound: CompoundId,
    project: Option<MatterNo>,
) -> Result<Vec<Content>> {
    rows::contents(view, compound, project, None).await
}
