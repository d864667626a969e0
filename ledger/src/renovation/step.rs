//! The steps of a renovation, as they are told and kept.
//!
//! Always: a step is a fact with its day and its evidence; whether it may be recorded is [`super::facts`]'s to say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::{Day, Month, iso_day};
use crate::id::{ContentNo, MotionNo, ProjectNo, RoundNo};
use crate::money::Money;
use crate::policy::Digest;
use crate::policy::terms::AcceptedBy;
use crate::subsidy::NewContent;
use crate::subsidy::terms::{Level, Mode};

/// A compound in the project reserve (储备库).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRenovation", description = "要列入储备库的改造项目")]
pub struct Reserve {
    /// Its title.
    #[schemars(description = "名称", example = &"小河里老旧小区改造")]
    pub title: String,
    /// When it was built.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "建成日期：多幢的写最晚一幢的")]
    pub built_on: Day,
    /// How many buildings.
    #[schemars(description = "幢数", range(min = 1, max = 10_000), example = 12)]
    pub buildings: i32,
    /// How many households.
    #[schemars(description = "户数", range(min = 1, max = 1_000_000), example = 802)]
    pub households: i32,
    /// How much area.
    #[schemars(description = "建筑面积：0.01 平方米", range(min = 1), example = 5_614_000)]
    pub area_centi_m2: i64,
    /// What of it is to be pulled down.
    #[serde(default)]
    #[schemars(description = "是否已列入征收、拆除或棚户区改造：列入的不得改造")]
    pub is_to_be_demolished: bool,
    /// The paper.
    #[schemars(description = "凭据", example = &"储备库名单 2026")]
    pub evidence: String,
}

/// What the owners said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenovationVote", description = "业主的表决：须已结束")]
pub struct Vote {
    /// The round.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// The motion.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
}

/// How the compound is managed afterwards (长效管理).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "LongTermManagement",
    description = "长效管理的约定：管理方式、收费标准、维修资金补建或续筹，经业主表决"
)]
pub struct LongTerm {
    /// By whom.
    #[schemars(description = "管理方式")]
    pub mode: Mode,
    /// The fee.
    #[schemars(
        description = "物业费：分/平方米·月，没有的为零",
        range(min = 0, max = 100_000),
        example = 60
    )]
    pub fee_fen_per_m2: i64,
    /// How the fund is filled.
    #[schemars(description = "维修资金怎样补建或续筹", example = &"每平方米 20 元，随改造补建")]
    pub top_up: String,
    /// The vote that agreed.
    #[schemars(description = "通过它的表决")]
    pub vote: Vote,
}

/// Where money comes from (`domain.md` §6.1).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "FundingSource", description = "资金来源")]
pub enum SourceKind {
    /// 中央财政补助.
    #[schemars(description = "中央财政补助")]
    CentralMof,
    /// 中央预算内投资.
    #[schemars(description = "中央预算内投资")]
    CentralNdrc,
    /// 省级.
    #[schemars(description = "省级补助")]
    Province,
    /// 市级.
    #[schemars(description = "市级补助")]
    City,
    /// 区县.
    #[schemars(description = "区县补助")]
    District,
    /// 街道.
    #[schemars(description = "街道补助")]
    Street,
    /// 专项债券.
    #[schemars(description = "地方政府专项债券")]
    Bond,
    /// 专业经营单位.
    #[schemars(description = "专业经营单位")]
    Utility,
    /// 原产权单位.
    #[schemars(description = "原产权单位")]
    FormerUnit,
    /// 建设单位.
    #[schemars(description = "建设单位")]
    Developer,
    /// 居民现金.
    #[schemars(description = "居民出资")]
    OwnerCash,
    /// 公积金.
    #[schemars(description = "提取的住房公积金")]
    ProvidentFund,
    /// 使用维修资金.
    #[schemars(description = "使用维修资金")]
    Fund,
    /// 补建、续筹的维修资金.
    #[schemars(description = "补建、续筹的维修资金")]
    FundRebuild,
    /// 让渡公共收益.
    #[schemars(description = "让渡的公共收益")]
    PublicRevenue,
    /// 投工投劳: valued apart, never paid.
    #[schemars(description = "投工投劳：另行计价，不付款")]
    Labour,
    /// 社会资本.
    #[schemars(description = "社会资本")]
    Investor,
    /// 融资.
    #[schemars(description = "融资")]
    Loan,
    /// 公房售房款.
    #[schemars(description = "公有住房售房款")]
    SaleProceeds,
    /// 房屋养老金公共账户.
    #[schemars(description = "房屋养老金公共账户")]
    PublicAccount,
}

/// By which way a source's money is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// From tranches of this level.
    Tranches(Level),
    /// From the fund, by a project of repair with its own gate.
    Fund,
    /// Paid into the grant book first; the account it is received on.
    PaidIn(i32),
    /// Not money.
    Valued,
}

impl SourceKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SourceKind::CentralMof => "central-mof",
            SourceKind::CentralNdrc => "central-ndrc",
            SourceKind::Province => "province",
            SourceKind::City => "city",
            SourceKind::District => "district",
            SourceKind::Street => "street",
            SourceKind::Bond => "bond",
            SourceKind::Utility => "utility",
            SourceKind::FormerUnit => "former-unit",
            SourceKind::Developer => "developer",
            SourceKind::OwnerCash => "owner-cash",
            SourceKind::ProvidentFund => "provident-fund",
            SourceKind::Fund => "fund",
            SourceKind::FundRebuild => "fund-rebuild",
            SourceKind::PublicRevenue => "public-revenue",
            SourceKind::Labour => "labour",
            SourceKind::Investor => "investor",
            SourceKind::Loan => "loan",
            SourceKind::SaleProceeds => "sale-proceeds",
            SourceKind::PublicAccount => "public-account",
        }
    }

    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            SourceKind::CentralMof => "中央财政补助",
            SourceKind::CentralNdrc => "中央预算内投资",
            SourceKind::Province => "省级补助",
            SourceKind::City => "市级补助",
            SourceKind::District => "区县补助",
            SourceKind::Street => "街道补助",
            SourceKind::Bond => "专项债券",
            SourceKind::Utility => "专业经营单位",
            SourceKind::FormerUnit => "原产权单位",
            SourceKind::Developer => "建设单位",
            SourceKind::OwnerCash => "居民出资",
            SourceKind::ProvidentFund => "住房公积金",
            SourceKind::Fund => "维修资金",
            SourceKind::FundRebuild => "补建、续筹的维修资金",
            SourceKind::PublicRevenue => "让渡的公共收益",
            SourceKind::Labour => "投工投劳",
            SourceKind::Investor => "社会资本",
            SourceKind::Loan => "融资",
            SourceKind::SaleProceeds => "公有住房售房款",
            SourceKind::PublicAccount => "房屋养老金公共账户",
        }
    }

    /// By which way its money is paid.
    #[must_use]
    pub const fn channel(self) -> Channel {
        match self {
            SourceKind::CentralMof => Channel::Tranches(Level::CentralMof),
            SourceKind::CentralNdrc => Channel::Tranches(Level::CentralNdrc),
            SourceKind::Province => Channel::Tranches(Level::Province),
            SourceKind::City => Channel::Tranches(Level::City),
            SourceKind::District => Channel::Tranches(Level::District),
            SourceKind::Street => Channel::Tranches(Level::Street),
            SourceKind::Fund | SourceKind::FundRebuild => Channel::Fund,
            SourceKind::OwnerCash | SourceKind::ProvidentFund => Channel::PaidIn(4002),
            SourceKind::Utility => Channel::PaidIn(4003),
            SourceKind::FormerUnit | SourceKind::Developer | SourceKind::SaleProceeds => {
                Channel::PaidIn(4004)
            }
            SourceKind::Bond
            | SourceKind::Investor
            | SourceKind::Loan
            | SourceKind::PublicAccount => Channel::PaidIn(4005),
            SourceKind::PublicRevenue => Channel::PaidIn(4006),
            SourceKind::Labour => Channel::Valued,
        }
    }

    /// Whether it is the centre's, which pays for the same content once.
    #[must_use]
    pub const fn is_central(self) -> bool {
        matches!(self.channel(), Channel::Tranches(level) if level.is_central())
    }

    /// Whether the residents bear it.
    #[must_use]
    pub const fn is_residents(self) -> bool {
        matches!(
            self,
            SourceKind::OwnerCash
                | SourceKind::ProvidentFund
                | SourceKind::Fund
                | SourceKind::FundRebuild
                | SourceKind::PublicRevenue
                | SourceKind::Labour
        )
    }
}

/// A source of the funding plan (资金筹措, `property.md` D9).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PlannedSource", description = "筹措方案的一项来源：付款依所列次序")]
pub struct PlannedSource {
    /// Which.
    #[schemars(description = "来源")]
    pub kind: SourceKind,
    /// How much.
    #[schemars(
        description = "计划金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 627_300_000
    )]
    pub planned_fen: Money,
    /// On which items only.
    #[serde(default)]
    #[schemars(description = "只用于这些内容：内容目录的代号，都可用的不写", example = &["water-supply"])]
    pub items: Vec<String>,
    /// Who gives it, or owes it: of a loan, of a bond what repays it.
    #[serde(default)]
    #[schemars(description = "出资人；融资的写债务人，专项债券的写偿债的项目收益", example = &"某供水公司")]
    pub who: String,
}

/// The plan (改造方案).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenovationPlan", description = "改造方案：内容、资金筹措、工期")]
pub struct Plan {
    /// What is done.
    #[schemars(description = "改造内容", length(min = 1, max = 500))]
    pub contents: Vec<NewContent>,
    /// Who pays.
    #[schemars(
        description = "资金来源：合计（不含投工投劳）等于各项内容合计",
        length(min = 1, max = 40)
    )]
    pub sources: Vec<PlannedSource>,
    /// When works begin.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "计划开工")]
    pub starts_on: Day,
    /// When they end.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "计划完工")]
    pub finishes_on: Day,
}

/// The joint review (联合审查).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JointReview", description = "联合审查：代替各项单独的许可")]
pub struct Review {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// What was reviewed.
    #[schemars(description = "所审方案的摘要", example = &"3572dc88")]
    pub digest: String,
    /// Who took part.
    #[schemars(description = "参加部门", example = &"住建、发改、财政、自然资源")]
    pub departments: String,
    /// Whether it passed.
    #[schemars(description = "是否通过")]
    pub is_passed: bool,
    /// The paper.
    #[schemars(description = "凭据", example = &"联审意见 2026-3")]
    pub evidence: String,
}

/// Who works (施工合同).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenovationContract", description = "施工合同：付款只付给合同的施工单位")]
pub struct Contract {
    /// Who.
    #[schemars(description = "施工单位", example = &"某建设公司")]
    pub contractor: String,
    /// For how much.
    #[schemars(
        description = "合同价：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 600_000_000
    )]
    pub price_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "签订日期")]
    pub signed_on: Day,
    /// The paper.
    #[schemars(description = "凭据", example = &"合同 2026-1")]
    pub evidence: String,
}

/// Works begin.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenovationStart", description = "开工")]
pub struct Start {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// The paper.
    #[schemars(description = "凭据", example = &"开工令 1")]
    pub evidence: String,
}

/// What was done by a day of reporting (调度).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenovationRound", description = "半月调度：每月 14 日、28 日的进度")]
pub struct Round {
    /// The day of reporting.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "调度日：当地政策包规定的日子")]
    pub on: Day,
    /// Households whose works began.
    #[schemars(description = "已开工户数", range(min = 0), example = 201)]
    pub started_households: i32,
    /// Households whose works are done.
    #[schemars(description = "已完工户数", range(min = 0), example = 0)]
    pub finished_households: i32,
    /// What is in the way.
    #[serde(default)]
    #[schemars(description = "存在的问题", example = &"")]
    pub note: String,
}

/// The joint acceptance (联合验收).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "JointAcceptance", description = "联合验收")]
pub struct Acceptance {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// Who signed.
    #[schemars(description = "签字各方")]
    pub parties: Vec<AcceptedBy>,
    /// Whether it passed.
    #[schemars(description = "是否合格")]
    pub is_passed: bool,
    /// The paper.
    #[schemars(description = "凭据", example = &"验收单一式三份")]
    pub evidence: String,
}

/// The audit of the final account (决算审计).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FinalAudit", description = "决算审计")]
pub struct Audit {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// By whom.
    #[schemars(description = "审计单位", example = &"某会计师事务所")]
    pub auditor: String,
    /// What it came to.
    #[schemars(
        description = "审定金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 590_000_000
    )]
    pub amount_fen: Money,
    /// The paper.
    #[schemars(description = "凭据", example = &"审计报告 2026-9")]
    pub evidence: String,
}

/// The performance evaluation (绩效评价).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "PerformanceEvaluation",
    description = "绩效评价：完成的面积与户数、满意度、资金到位与长效管理"
)]
pub struct Evaluation {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// The score.
    #[schemars(description = "得分：乘以 100", range(min = 0, max = 10_000), example = 9200)]
    pub score_e2: i32,
    /// How many asked were content.
    #[schemars(description = "满意率：万分比", range(min = 0, max = 10_000), example = 9500)]
    pub content_bp: i32,
    /// The paper.
    #[schemars(description = "凭据", example = &"绩效评价报告 2026")]
    pub evidence: String,
}

/// What is looked after from now on (移交维修记录).
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "RenovationHandover",
    description = "移交：每项内容的保修期与养护人，记入维修记录"
)]
pub struct Handover {
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期")]
    pub on: Day,
    /// What of each content.
    #[schemars(description = "各项内容", length(min = 1, max = 500))]
    pub records: Vec<Kept>,
}

/// Who looks after a content.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KeptContent", description = "一项内容的保修与养护")]
pub struct Kept {
    /// Which.
    #[schemars(description = "内容编号", example = 1)]
    pub content_no: ContentNo,
    /// Until when it is under warranty.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "保修期至")]
    pub warranty_until_on: Day,
    /// Who looks after it.
    #[schemars(description = "养护人", example = &"某物业公司")]
    pub keeper: String,
}

/// A renovation is given up.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RenovationWithdrawal", description = "撤回")]
pub struct Withdrawal {
    /// Why.
    #[schemars(description = "原因", example = &"调整年度计划")]
    pub reason: String,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $word:literal, $chinese:literal;)*) => {
        /// A step, as it is told and kept.
        #[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
        #[serde(tag = "step", content = "body", rename_all = "kebab-case", deny_unknown_fields)]
        #[schemars(
            rename = "RenovationStep",
            description = "改造的一步：step 为种类，body 为内容",
            transform = crate::subsidy::terms::with_words_told
        )]
        pub enum Step {
            $($(#[$doc])* #[schemars(description = $chinese)] $name($body),)*
        }

        impl Step {
            /// Its stable name.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Step::$name(_) => $word,)* }
            }

            /// The word people use.
            #[must_use]
            pub const fn in_chinese(&self) -> &'static str {
                match self { $(Step::$name(_) => $chinese,)* }
            }
        }
    };
}

steps! {
    /// 改造意愿.
    Consent(Vote) = "consent", "改造意愿";
    /// 长效管理.
    LongTerm(LongTerm) = "long-term", "长效管理";
    /// 方案.
    Plan(Plan) = "plan", "改造方案";
    /// 方案表决.
    Approval(Vote) = "approval", "方案表决";
    /// 联合审查.
    Review(Review) = "review", "联合审查";
    /// 合同.
    Contract(Contract) = "contract", "施工合同";
    /// 开工.
    Start(Start) = "start", "开工";
    /// 调度.
    Round(Round) = "round", "半月调度";
    /// 验收.
    Acceptance(Acceptance) = "acceptance", "联合验收";
    /// 审计.
    Audit(Audit) = "audit", "决算审计";
    /// 绩效评价.
    Evaluation(Evaluation) = "evaluation", "绩效评价";
    /// 移交.
    Handover(Handover) = "handover", "移交";
    /// 撤回.
    Withdrawal(Withdrawal) = "withdrawal", "撤回";
}

impl Step {
    /// SHA-256 over the renovation's number, the step's number and its body: what somebody who decides has seen.
    #[must_use]
    pub fn digest(&self, renovation: i32, step: i32) -> Digest {
        use sha2::Digest as _;
        let body = serde_json::to_string(self).expect("a step is JSON");
        Digest(sha2::Sha256::digest(format!("改造 {renovation} 步骤 {step}\n{body}")).into())
    }
}

/// Money of a source that is paid in, or labour that is valued.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "NewPaidIn",
    description = "要登记的到位资金：补助由补贴资金到账，维修资金由维修项目支付，不在此登记"
)]
pub struct PayingIn {
    /// Which source.
    #[schemars(description = "来源编号", example = 1)]
    pub source_no: crate::id::SourceNo,
    /// How much.
    #[schemars(
        description = "金额：分，投工投劳为估价",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 500_000
    )]
    pub amount_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期：不得晚于今天")]
    pub on: Day,
    /// Whose dwelling, of residents' money.
    #[serde(default)]
    #[schemars(description = "房号：居民出资、公积金、投工投劳写明", with = "Option<String>", example = &"1-1-101")]
    pub room: Option<crate::property::RoomCode>,
    /// Who.
    #[schemars(description = "出资人：单位名称；居民写“业主”", example = &"某供水公司")]
    pub payer: String,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<crate::id::LineNo>,
    /// The paper.
    #[schemars(description = "凭据", example = &"收据 1")]
    pub evidence: String,
}

/// Public revenue that the owners gave away, to be paid into its source.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewAssignedRevenue", description = "要付入改造的公共收益：依已登记的让渡")]
pub struct AssignedRevenue {
    /// Which source.
    #[schemars(description = "来源编号：须为公共收益", example = 3)]
    pub source_no: crate::id::SourceNo,
    /// The pledge that gives it away.
    #[schemars(description = "让渡编号", example = 1)]
    pub pledge_no: crate::id::PledgeNo,
    /// Of which period the revenue is.
    #[schemars(description = "所付收益的期间：末月")]
    pub through: Month,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 500_000
    )]
    pub amount_fen: Money,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "日期：不得晚于今天")]
    pub on: Day,
    /// The paper.
    #[schemars(description = "凭据", example = &"划款回单 1")]
    pub evidence: String,
}

/// A payment to make.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewRenovationPayment", description = "要支付的改造款：依方案的来源次序支取")]
pub struct Paying {
    /// For which content.
    #[schemars(description = "内容编号", example = 1)]
    pub content_no: ContentNo,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 1_000_000
    )]
    pub amount_fen: Money,
    /// To whom.
    #[schemars(description = "收款人：合同的施工单位", example = &"某建设公司")]
    pub payee: String,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "付款日期：不得晚于今天")]
    pub paid_on: Day,
    /// The bank's line of the grant account.
    #[serde(default)]
    #[schemars(description = "专项资金账户的银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<crate::id::LineNo>,
    /// What the fund pays of it.
    #[serde(default)]
    #[schemars(description = "其中由维修资金支付的：已批准的付款申请")]
    pub fund: Option<FundRequest>,
    /// The paper.
    #[schemars(description = "凭据", example = &"发票 25312000000000000001")]
    pub evidence: String,
}

/// An approved request of a project of repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FundRequest", description = "维修项目中已批准的付款申请")]
pub struct FundRequest {
    /// Which project.
    #[schemars(description = "维修项目编号", example = 1)]
    pub project_no: ProjectNo,
    /// Which request.
    #[schemars(description = "付款申请的步骤编号", example = 9)]
    pub request: crate::id::StepNo,
    /// The bank's line of the fund.
    #[serde(default)]
    #[schemars(description = "维修资金账户的银行流水编号：尚未导入流水的不写", example = 3)]
    pub line_no: Option<crate::id::LineNo>,
}
