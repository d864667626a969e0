//! What is told of a renovation: its answers, its payments with their parts, the whole of it, the records handed on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{MilestoneStanding, Stage};
use super::funding::Source;
use super::rows::{self, PaymentRow};
use super::step::Reserve;
use crate::calendar::{Day, iso_day};
use crate::id::{
    CompoundId, ContentNo, LineNo, MatterNo, PaidInNo, PaidNo, RenovationNo, SourceNo, StepNo,
};
use crate::money::Money;
use crate::subsidy::Content;

/// A renovation that was reserved.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationReserved", description = "已列入储备库")]
pub struct Reserved {
    /// Its number.
    #[schemars(description = "改造编号", example = 1)]
    pub renovation_no: RenovationNo,
    /// The matter its tranches are granted for.
    #[schemars(description = "事项编号：下达补贴时写明", example = 1)]
    pub project_matter_no: MatterNo,
}

/// A step that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationStepped", description = "已记录的一步")]
pub struct Stepped {
    /// Its number.
    #[schemars(description = "步骤编号", example = 2)]
    pub step_no: StepNo,
    /// Its digest.
    #[schemars(description = "摘要：SHA-256，审查方案时写明", example = &"3572dc88")]
    pub digest: String,
    /// How far it has come.
    #[schemars(description = "阶段")]
    pub stage: Stage,
}

/// Money that was paid in.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationPaidIn", description = "已登记的到位资金")]
pub struct PaidIn {
    /// Its number.
    #[schemars(description = "到位编号", example = 1)]
    pub paid_in_no: PaidInNo,
    /// Of which source.
    #[schemars(description = "来源编号", example = 1)]
    pub source_no: SourceNo,
    /// How much.
    #[schemars(description = "金额：分", example = 500_000)]
    pub amount_fen: Money,
    /// When.
    #[schemars(description = "日期")]
    pub on: Day,
    /// Whose dwelling.
    #[schemars(description = "房屋编号：不是居民出资的没有", example = 1)]
    pub dwelling_no: Option<i32>,
    /// Who.
    #[schemars(description = "出资人", example = &"业主")]
    pub payer: String,
    /// The paper.
    #[schemars(description = "凭据", example = &"收据 1")]
    pub evidence: String,
    /// The bank's line.
    #[schemars(description = "银行流水编号：没有认领流水的没有", example = 3)]
    pub line_no: Option<LineNo>,
    /// Its voucher's place in the book; none of labour.
    #[schemars(description = "凭证在账簿中的序号：投工投劳没有", example = 7)]
    pub voucher_seq: Option<i32>,
}

impl From<rows::PaidInRow> for PaidIn {
    fn from(row: rows::PaidInRow) -> PaidIn {
        PaidIn {
            paid_in_no: row.no,
            source_no: row.source,
            amount_fen: row.amount,
            on: row.on,
            dwelling_no: row.dwelling.map(|dwelling| dwelling.0),
            payer: row.payer,
            evidence: row.evidence,
            line_no: row.line,
            voucher_seq: row.voucher.map(|seq| seq.0),
        }
    }
}

/// A part of a payment.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationPart", description = "付款的一部分")]
pub struct Part {
    /// From which source.
    #[schemars(description = "来源编号", example = 1)]
    pub source_no: SourceNo,
    /// How much.
    #[schemars(description = "金额：分", example = 700_000)]
    pub amount_fen: Money,
    /// What of it was clawed back since.
    #[schemars(description = "其后追回：分", example = 0)]
    pub recovered_fen: Money,
    /// The movement of its tranche.
    #[schemars(description = "补贴资金的支付编号：不是补助的没有", example = 3)]
    pub tranche_move_no: Option<i32>,
    /// The payment of the project of repair.
    #[schemars(description = "维修项目的编号：不是维修资金的没有", example = 1)]
    pub project_no: Option<i32>,
    /// Its voucher's place in its book.
    #[schemars(description = "凭证在账簿中的序号", example = 7)]
    pub voucher_seq: Option<i32>,
}

/// A payment, with its parts.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationPayment", description = "一笔改造付款：各部分之和等于付款")]
pub struct Payment {
    /// Its number.
    #[schemars(description = "付款编号", example = 1)]
    pub payment_no: PaidNo,
    /// For which content.
    #[schemars(description = "内容编号", example = 1)]
    pub content_no: ContentNo,
    /// How much.
    #[schemars(description = "金额：分", example = 1_000_000)]
    pub amount_fen: Money,
    /// To whom.
    #[schemars(description = "收款人", example = &"某建设公司")]
    pub payee: String,
    /// When.
    #[schemars(description = "付款日期")]
    pub paid_on: Day,
    /// The paper.
    #[schemars(description = "凭据", example = &"发票 25312000000000000001")]
    pub evidence: String,
    /// Whether it was reversed.
    #[schemars(description = "是否已冲销", example = false)]
    pub is_reversed: bool,
    /// What of it was clawed back since.
    #[schemars(description = "其后追回：分", example = 0)]
    pub recovered_fen: Money,
    /// Its parts.
    #[schemars(description = "各部分")]
    pub parts: Vec<Part>,
}

impl From<PaymentRow> for Payment {
    fn from(row: PaymentRow) -> Payment {
        let part = |part: rows::PartRow| Part {
            source_no: part.source,
            amount_fen: part.amount,
            recovered_fen: part.recovered,
            tranche_move_no: part.tranche_move,
            project_no: part.project.map(|(project, _)| project),
            voucher_seq: part.voucher,
        };
        Payment {
            payment_no: row.no,
            content_no: row.content,
            amount_fen: row.amount,
            payee: row.payee,
            paid_on: row.on,
            evidence: row.evidence,
            is_reversed: row.is_reversed,
            recovered_fen: row.parts.iter().map(|part| part.recovered).sum(),
            parts: row.parts.into_iter().map(part).collect(),
        }
    }
}

/// A payment to take back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "NewRenovationReversal",
    description = "要冲销的改造付款：各部分的凭证一并红字冲销"
)]
pub struct Reversing {
    /// Which payment.
    #[schemars(description = "付款编号", example = 1)]
    pub payment_no: PaidNo,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "冲销日期：不得晚于今天")]
    pub on: Day,
    /// Why.
    #[schemars(description = "原因", example = &"重复付款")]
    pub reason: String,
}

/// A renovation in a list.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "RenovationRow", description = "一个改造项目")]
pub struct Row {
    /// Its number.
    #[schemars(description = "改造编号", example = 1)]
    pub renovation_no: RenovationNo,
    /// The matter its tranches are granted for.
    #[schemars(description = "事项编号", example = 1)]
    pub project_matter_no: MatterNo,
    /// Its title.
    #[schemars(description = "名称", example = &"小河里老旧小区改造")]
    pub title: String,
    /// How far it has come.
    #[schemars(description = "阶段")]
    pub stage: Stage,
    /// How many households.
    #[schemars(description = "户数", example = 802)]
    pub households: i32,
    /// When it was reserved.
    #[schemars(description = "列入储备之日")]
    pub reserved_on: Day,
    /// The money of its plan.
    #[schemars(description = "计划投资：分，不含投工投劳", example = 6_089_300_000_i64)]
    pub planned_fen: Money,
    /// What was paid.
    #[schemars(description = "已付：分", example = 0)]
    pub paid_fen: Money,
}

/// A renovation as its street and its district see it.
#[derive(Clone, Debug)]
pub(crate) struct Overseen {
    /// Of which compound.
    pub(crate) compound: CompoundId,
    /// Its number.
    pub(crate) no: RenovationNo,
    /// How far it has come.
    pub(crate) stage: Stage,
    /// How many households.
    pub(crate) households: i32,
    /// The milestones it missed; none once it is over.
    pub(crate) missed: Vec<MilestoneStanding>,
    /// The days of reporting it missed; none once it is over.
    pub(crate) unreported: Vec<Day>,
}

/// A renovation with everything that was recorded of it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Renovation", description = "改造项目的全部经过")]
pub struct Whole {
    /// Its row.
    #[serde(flatten)]
    pub row: Row,
    /// As it was reserved.
    #[schemars(
        description = "储备：与登记时相同",
        with = "serde_json::Value",
        example = serde_json::json!({ "title": "小河里老旧小区改造" })
    )]
    pub reserve: Reserve,
    /// What a motion on the owners' willingness names.
    #[schemars(description = "改造意愿的表决写明的方案名", example = &"改造 1 意愿")]
    pub consent_name: String,
    /// What a motion on the management afterwards names.
    #[schemars(description = "长效管理的表决写明的方案名", example = &"改造 1 长效管理")]
    pub long_term_name: String,
    /// What a motion on the plan names.
    #[schemars(description = "方案的表决写明的方案名：尚无方案的没有", example = &"改造 1 方案 3572dc88")]
    pub plan_name: Option<String>,
    /// The plan's digest.
    #[schemars(description = "现行方案的摘要：审查时写明", example = &"3572dc88")]
    pub plan_digest: Option<String>,
    /// What is done.
    #[schemars(description = "改造内容：方案经审查后列出")]
    pub contents: Vec<Content>,
    /// Who pays.
    #[schemars(description = "资金来源")]
    pub sources: Vec<Source>,
    /// What the residents bear by every channel, labour included.
    #[schemars(description = "居民承担：分，含投工投劳的计划", example = 26_200_000)]
    pub residents_fen: Money,
    /// What came.
    #[schemars(description = "到位资金")]
    pub paid_in: Vec<PaidIn>,
    /// What was paid.
    #[schemars(description = "付款")]
    pub payments: Vec<Payment>,
    /// Its milestones.
    #[schemars(description = "节点")]
    pub milestones: Vec<MilestoneStanding>,
    /// The days of reporting that were missed.
    #[schemars(description = "漏报的调度日")]
    pub missed_rounds: Vec<Day>,
    /// Its steps.
    #[schemars(description = "经过")]
    pub steps: Vec<StepTold>,
}

/// A step of a renovation.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "RenovationStepTold", description = "改造的一步")]
pub struct StepTold {
    /// Its number.
    #[schemars(description = "步骤编号", example = 2)]
    pub step_no: StepNo,
    /// What it is.
    #[schemars(description = "名称", example = &"改造方案")]
    pub title: String,
    /// When it was recorded.
    #[schemars(description = "记录日期")]
    pub recorded_on: Day,
    /// In which role.
    #[schemars(description = "记录单位", example = &"街道办事处")]
    pub by: String,
    /// Its digest.
    #[schemars(description = "摘要：SHA-256", example = &"3572dc88")]
    pub digest: String,
    /// What it says.
    #[schemars(description = "内容：与登记时相同", example = serde_json::json!({ "step": "start" }))]
    pub body: serde_json::Value,
}

/// What is looked after from the renovation on.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(
    rename = "MaintenanceRecord",
    description = "改造后的维修记录：供以后的维修项目核查保修期"
)]
pub struct Record {
    /// Of which renovation.
    #[schemars(description = "改造编号", example = 1)]
    pub renovation_no: RenovationNo,
    /// Of which content.
    #[schemars(description = "内容编号", example = 1)]
    pub content_no: ContentNo,
    /// Which item.
    #[schemars(description = "内容", example = &"屋面")]
    pub item: String,
    /// Which building.
    #[schemars(description = "楼栋：全小区的为空", example = &"1")]
    pub building: String,
    /// When it was handed over.
    #[schemars(description = "移交日期")]
    pub handed_on: Day,
    /// Until when it is under warranty.
    #[schemars(description = "保修期至")]
    pub warranty_until_on: Day,
    /// Who looks after it.
    #[schemars(description = "养护人", example = &"某物业公司")]
    pub keeper: String,
}
