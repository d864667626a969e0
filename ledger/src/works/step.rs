//! What is recorded of a project: one kind of step for each thing that happens, as it was said, on its day, by somebody.
//!
//! Owns: [`Proposal`], [`Step`] and its bodies, [`Where`]. Knows no database.
//!
//! Always: a step stays as it was recorded; a later step of the same kind takes its place, and what was decided on the earlier
//! one lapses with it. An amount is that of the whole work or of a request, in fen; a day is the day of the fact, not of the
//! recording.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::allocation::{self, Removed, Short, Why};
use crate::calendar::Day;
use crate::id::{DwellingNo, MotionNo, RoundNo, StepNo};
use crate::money::Money;
use crate::policy::terms::{EmergencyKind, Fraction, NeverPayable, Party, Power, Witness};
use crate::policy::{Digest, Path};
use crate::property::{self, RoomCode};

/// Who holds the fund (165号令 art. 10, 15): before the owners' assembly has taken it over, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "FundHeldBy", description = "维修资金由谁管理")]
pub enum HeldBy {
    /// 划转前.
    #[schemars(description = "主管部门代管（划转前）")]
    Authority,
    /// 划转后.
    #[schemars(description = "业主大会自管（划转后）")]
    Assembly,
}

/// Which dwellings a cost falls on (列支范围).
///
/// A variant without fields is written with braces: serde lets one without them bring fields nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "ProjectScope", description = "列支范围", transform = crate::governance::matter::with_tag_told)]
pub enum Where {
    /// 全体.
    #[schemars(description = "全体业主")]
    Compound {},
    /// 本幢.
    #[schemars(description = "本幢")]
    Building {
        /// The building's code.
        #[schemars(description = "楼栋：有分期的写 2-1", example = &"1")]
        building: String,
    },
    /// 本单元.
    #[schemars(description = "本单元")]
    Unit {
        /// The building's code.
        #[schemars(description = "楼栋：有分期的写 2-1", example = &"1")]
        building: String,
        /// The unit's code.
        #[schemars(description = "单元", example = &"2")]
        unit: String,
    },
    /// 单元的一侧.
    #[schemars(description = "单元的一侧")]
    Side {
        /// The building's code.
        #[schemars(description = "楼栋：有分期的写 2-1", example = &"1")]
        building: String,
        /// The unit's code.
        #[schemars(description = "单元", example = &"2")]
        unit: String,
        /// How the rooms' codes end.
        #[schemars(description = "室号的末尾", example = &["01"])]
        doors: Vec<String>,
    },
    /// 指定的房屋.
    #[schemars(description = "指定的房屋")]
    Dwellings {
        /// Their codes.
        #[schemars(description = "房号", with = "Vec<String>", example = &["1-1-101"])]
        rooms: Vec<RoomCode>,
    },
}

impl Where {
    /// Whether a room lies in it.
    #[must_use]
    pub fn takes(&self, room: &RoomCode) -> bool {
        let is_in = |building: &str| property::building_code(room) == building;
        match self {
            Where::Compound {} => true,
            Where::Building { building } => is_in(building),
            Where::Unit { building, unit } => is_in(building) && room.unit() == unit,
            Where::Side { building, unit, doors } => {
                let is_side = doors.iter().any(|door| room.room().ends_with(door.as_str()));
                is_in(building) && room.unit() == unit && is_side
            }
            Where::Dwellings { rooms } => rooms.contains(room),
        }
    }

    /// In words.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Where::Compound {} => "全体业主".to_owned(),
            Where::Building { building } => format!("{building} 幢"),
            Where::Unit { building, unit } => format!("{building} 幢 {unit} 单元"),
            Where::Side { building, unit, doors } => {
                format!("{building} 幢 {unit} 单元 {} 室一侧", doors.join("、"))
            }
            Where::Dwellings { rooms } => format!("指定的 {} 户", rooms.len()),
        }
    }
}

/// A project as it is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectProposal", description = "立项")]
pub struct Proposal {
    /// Its title.
    #[schemars(description = "名称", example = &"1 幢屋面防水维修")]
    pub title: String,
    /// Which way to the money.
    #[schemars(description = "程序：ordinary 一般，emergency 应急")]
    pub path: Path,
    /// What happened, on the emergency path.
    #[serde(default)]
    #[schemars(description = "应急情形：一般程序不写")]
    pub emergency: Option<EmergencyKind>,
    /// Whether an authority repairs in the owners' stead (代修).
    #[serde(default)]
    #[schemars(description = "是否代修")]
    pub is_on_behalf: bool,
    /// Who holds the fund.
    #[schemars(description = "维修资金由谁管理")]
    pub held_by: HeldBy,
}

/// A part of the cost others bear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectRemoved", description = "由他人承担、不分摊的费用")]
pub struct BorneByOthers {
    /// Why.
    #[schemars(description = "原因")]
    pub why: Why,
    /// What.
    #[schemars(description = "内容", example = &"保修期内的管道由施工单位承担")]
    pub what: String,
    /// How much.
    #[schemars(description = "金额：分", example = 100000)]
    pub amount_fen: Money,
}

/// A dwelling that bears nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectLeftOut", description = "范围内不分摊的房屋")]
pub struct Excused {
    /// The room.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// Why.
    #[schemars(description = "原因", example = &"底层不受益，业主大会已约定")]
    pub why: String,
}

/// A dwelling's weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectWeight", description = "一户的系数")]
pub struct Weight {
    /// The room.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// Its weight.
    #[schemars(description = "系数：整数", example = 10)]
    pub weight: u32,
}

/// By what a cost is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "ProjectSharing", description = "分摊方式", transform = crate::governance::matter::with_tag_told)]
pub enum SharedBy {
    /// As the law has it where nothing was agreed.
    #[schemars(description = "依规定：按面积；已售公有住房先按交存比例")]
    Lawful {},
    /// Agreed: by area.
    #[schemars(description = "约定：按面积")]
    Area {},
    /// Agreed: one share a dwelling.
    #[schemars(description = "约定：按户")]
    Households {},
    /// Agreed: by balance.
    #[schemars(description = "约定：按分户余额")]
    Balances {},
    /// Agreed: a weight a dwelling.
    #[schemars(description = "约定：按系数")]
    Coefficients {
        /// The weights.
        #[schemars(description = "各户系数")]
        weights: Vec<Weight>,
    },
    /// A terrace only some may use.
    #[schemars(description = "露台：使用人与其下各层分段")]
    Terrace {
        /// Its users.
        #[schemars(description = "使用人房号", with = "Vec<String>", example = &["1-1-301"])]
        users: Vec<RoomCode>,
        /// Those below.
        #[schemars(description = "其下各层房号", with = "Vec<String>", example = &["1-1-101"])]
        below: Vec<RoomCode>,
    },
}

impl Default for SharedBy {
    fn default() -> SharedBy {
        SharedBy::Lawful {}
    }
}

impl SharedBy {
    /// The basis for these dwellings; a room nobody knows is named.
    ///
    /// # Errors
    /// The first unknown room.
    pub fn basis(
        &self,
        no_of: impl Fn(&RoomCode) -> Option<DwellingNo>,
    ) -> Result<allocation::Basis, RoomCode> {
        let all = |rooms: &[RoomCode]| {
            let known = rooms.iter().map(|room| no_of(room).ok_or_else(|| room.clone()));
            known.collect::<Result<_, _>>()
        };
        Ok(match self {
            SharedBy::Lawful {} => allocation::Basis::Lawful,
            SharedBy::Area {} => allocation::Basis::Area,
            SharedBy::Households {} => allocation::Basis::Households,
            SharedBy::Balances {} => allocation::Basis::Balances,
            SharedBy::Coefficients { weights } => {
                let mut of = BTreeMap::new();
                for Weight { room, weight } in weights {
                    of.insert(no_of(room).ok_or_else(|| room.clone())?, u64::from(*weight));
                }
                allocation::Basis::Coefficients { of }
            }
            SharedBy::Terrace { users, below } => {
                allocation::Basis::Terrace { users: all(users)?, below: all(below)? }
            }
        })
    }
}

/// A former selling unit and what it deposited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectSellingUnit", description = "原售房单位：其份额在本账簿之外支付")]
pub struct Unit {
    /// Its name.
    #[schemars(description = "名称", example = &"某厂")]
    pub name: String,
    /// What it deposited.
    #[schemars(description = "交存额：分", example = 16_000_000)]
    pub deposited_fen: Money,
}

/// The plan of the work: what is done, for how much, who bears it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectPlan", description = "使用方案")]
pub struct Plan {
    /// What is done.
    #[schemars(description = "维修内容", example = &"屋面防水层翻修 620 ㎡")]
    pub content: String,
    /// The estimate, all of it.
    #[schemars(description = "预算：分", example = 10_000_000)]
    pub budget_fen: Money,
    /// Whom it falls on.
    #[schemars(description = "列支范围")]
    pub scope: Where,
    /// What others bear.
    #[serde(default)]
    #[schemars(description = "由他人承担的费用")]
    pub removed: Vec<BorneByOthers>,
    /// By what the rest is shared.
    #[serde(default)]
    #[schemars(description = "分摊方式：不写则依规定")]
    pub shared_by: SharedBy,
    /// The agreement a sharing of the owners' own stands on.
    #[serde(default)]
    #[schemars(description = "约定的依据：依规定分摊的不写", example = &"")]
    pub agreement: String,
    /// Whether owners pay what their balance cannot, or everybody pays only what nobody's balance falls short of.
    #[serde(default = "owner_pays")]
    #[schemars(description = "余额不足的：不写则由业主自筹")]
    pub short: Short,
    /// Who bears nothing.
    #[serde(default)]
    #[schemars(description = "范围内不分摊的房屋")]
    pub left_out: Vec<Excused>,
    /// The former selling units.
    #[serde(default)]
    #[schemars(description = "原售房单位")]
    pub selling_units: Vec<Unit>,
}

fn owner_pays() -> Short {
    Short::OwnerPays
}

impl Plan {
    /// What others bear.
    #[must_use]
    pub fn by_others(&self) -> Money {
        self.removed.iter().map(|r| r.amount_fen).sum()
    }

    /// What the scope bears of the budget.
    #[must_use]
    pub fn to_share(&self) -> Money {
        self.budget_fen - self.by_others()
    }

    /// What others bear, as it is shared.
    #[must_use]
    pub fn removed(&self) -> Vec<Removed> {
        let one =
            |r: &BorneByOthers| Removed { why: r.why, what: r.what.clone(), amount: r.amount_fen };
        self.removed.iter().map(one).collect()
    }
}

/// A cost the fund never pays that was found in the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectLiability", description = "查出的不得列支的费用")]
pub struct Liability {
    /// Which.
    #[schemars(description = "类别")]
    pub kind: NeverPayable,
    /// What.
    #[schemars(description = "内容", example = &"车辆撞坏的岗亭")]
    pub what: String,
    /// How much.
    #[schemars(description = "金额：分", example = 100000)]
    pub amount_fen: Money,
}

/// Whose responsibility it is (责任核查).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectCheck", description = "责任核查")]
pub struct Check {
    /// The day.
    #[schemars(description = "核查日期")]
    pub on: Day,
    /// Which common part; empty if it is none.
    #[schemars(description = "共用部位或共用设施设备：不属于的留空", example = &"屋面")]
    pub common_part: String,
    /// The last day of the warranty.
    #[schemars(description = "保修期满之日：最后一日")]
    pub warranty_until_on: Day,
    /// Which kinds were looked for.
    #[schemars(description = "已核查的不得列支的类别：须逐类核查")]
    pub checked: Vec<NeverPayable>,
    /// What was found.
    #[serde(default)]
    #[schemars(description = "查出的：须在方案中剔除")]
    pub found: Vec<Liability>,
    /// Whether the developer filed the assembly's report.
    #[serde(default)]
    #[schemars(description = "建设单位是否已提交业主大会筹备材料")]
    pub assembly_reported: bool,
    /// What proves it.
    #[schemars(description = "凭据", example = &"竣工备案表、现场照片")]
    pub evidence: String,
}

/// What is published.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ProjectNoticeOf", description = "公示的内容")]
pub enum NoticeOf {
    /// 使用方案.
    #[schemars(description = "使用方案及分摊")]
    Plan,
    /// 表决结果.
    #[schemars(description = "表决结果")]
    Result,
    /// 代修通知.
    #[schemars(description = "代修")]
    Order,
    /// 决算与分摊.
    #[schemars(description = "决算与分摊")]
    Settlement,
    /// 完工与使用结果.
    #[schemars(description = "完工与使用结果")]
    Outcome,
}

impl NoticeOf {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            NoticeOf::Plan => "使用方案",
            NoticeOf::Result => "表决结果",
            NoticeOf::Order => "代修通知",
            NoticeOf::Settlement => "决算与分摊",
            NoticeOf::Outcome => "使用结果",
        }
    }
}

/// A notice on the board (公示).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectNotice", description = "公示")]
pub struct Notice {
    /// Of what.
    #[schemars(description = "公示的内容")]
    pub of: NoticeOf,
    /// Since when it hangs. This day does not count.
    #[schemars(description = "公示之日：当日不计")]
    pub posted_on: Day,
    /// The last day it hung, if it was taken down.
    #[serde(default)]
    #[schemars(description = "撤下之日：仍在公示的不写")]
    pub until_on: Option<Day>,
    /// Where.
    #[schemars(description = "公示地点", example = &"各单元门厅")]
    pub place: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"照片 3 张")]
    pub evidence: String,
}

/// An objection to a notice (异议).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectObjection", description = "异议")]
pub struct Objection {
    /// Whose dwelling.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The words.
    #[schemars(description = "异议内容", example = &"底层不应分摊")]
    pub words: String,
}

/// An answer to an objection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectAnswer", description = "答复异议")]
pub struct Answer {
    /// Which objection, by its step.
    #[schemars(description = "异议的步骤编号", example = 3)]
    pub objection: StepNo,
    /// The words.
    #[schemars(description = "答复内容", example = &"屋面为整幢共用，依规定全幢分摊")]
    pub words: String,
}

/// The owners' vote that carries the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectVote", description = "通过方案的表决")]
pub struct Vote {
    /// The round.
    #[schemars(description = "表决编号", example = 1)]
    pub round_no: RoundNo,
    /// The motion.
    #[schemars(description = "事项编号", example = 1)]
    pub motion_no: MotionNo,
}

/// Somebody says that an emergency is one (应急证明、确认).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectWitnessing", description = "应急的确认或证明")]
pub struct Witnessing {
    /// In whose name.
    #[schemars(description = "出具人")]
    pub by: Witness,
    /// Whether it confirms or certifies.
    #[schemars(description = "权限：confirmation 确认，certification 证明")]
    pub power: Power,
    /// The day.
    #[schemars(description = "日期")]
    pub on: Day,
    /// What proves the emergency.
    #[schemars(description = "凭据", example = &"现场查看记录、消防整改通知书")]
    pub evidence: String,
}

/// An application to use the fund (申请): fixes what the office decides on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectApplication", description = "使用申请")]
pub struct Application {
    /// A remark; it may be empty.
    #[schemars(description = "说明：可空", example = &"附预算书")]
    pub note: String,
}

/// What an office decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "ProjectDecidedOn", description = "决定的对象", transform = crate::governance::matter::with_tag_told)]
pub enum DecidedOn {
    /// The application.
    #[schemars(description = "使用申请")]
    Application {},
    /// A request of payment.
    #[schemars(description = "付款申请")]
    Request {
        /// Its step.
        #[schemars(description = "付款申请的步骤编号", example = 9)]
        step_no: StepNo,
    },
}

/// An office's decision. Four powers, and they are not one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectDecision", description = "审批、备案的决定")]
pub struct Decision {
    /// On what.
    #[schemars(description = "决定的对象")]
    pub on: DecidedOn,
    /// The digest of what was seen.
    #[schemars(description = "所见申请的摘要：申请已改动的，不得据旧申请决定", example = &"3572dc88")]
    pub digest: String,
    /// By which power.
    #[schemars(description = "权限：approval 审批，filing 备案")]
    pub power: Power,
    /// Whether it agrees; a filing that does not agree orders a correction.
    #[schemars(description = "是否同意：不同意即退回", example = true)]
    pub agrees: bool,
    /// Why.
    #[schemars(description = "意见", example = &"同意")]
    pub opinion: String,
}

/// The contract of works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectContract", description = "施工合同")]
pub struct Contract {
    /// The contractor.
    #[schemars(description = "施工单位", example = &"某防水工程公司")]
    pub contractor: String,
    /// Their account.
    #[schemars(description = "收款账号", example = &"3100001")]
    pub account_no: String,
    /// The price, all of it.
    #[schemars(description = "合同价：分", example = 10_000_000)]
    pub price_fen: Money,
    /// When it was signed.
    #[schemars(description = "签订日期")]
    pub signed_on: Day,
    /// Who signed.
    #[schemars(description = "签订各方")]
    pub parties: Vec<Party>,
    /// What is kept back of the audited price.
    #[serde(default)]
    #[schemars(description = "质量保证金占审定价的比例：没有的不写", example = &"3%")]
    pub retention: Option<Fraction>,
    /// Until when.
    #[serde(default)]
    #[schemars(description = "保证金留至：含当日")]
    pub retained_until_on: Option<Day>,
    /// The contract this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        description = "所替代的合同的步骤编号：补充、变更合同须写；第一份不写",
        example = 9
    )]
    pub replaces: Option<StepNo>,
    /// What proves it.
    #[schemars(description = "凭据", example = &"合同 2026-01")]
    pub evidence: String,
}

/// How the works go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ProjectMilestone", description = "进度")]
pub enum Milestone {
    /// 开工.
    #[schemars(description = "开工")]
    Started,
    /// 竣工.
    #[schemars(description = "竣工")]
    Finished,
}

/// Work begins or ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectProgress", description = "开工、竣工")]
pub struct Progress {
    /// Which.
    #[schemars(description = "进度")]
    pub of: Milestone,
    /// When.
    #[schemars(description = "日期")]
    pub on: Day,
    /// What proves it.
    #[schemars(description = "凭据", example = &"开工报告")]
    pub evidence: String,
}

/// The joint acceptance (验收).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectAcceptance", description = "验收")]
pub struct Acceptance {
    /// When.
    #[schemars(description = "日期")]
    pub on: Day,
    /// Whether it is fit.
    #[schemars(description = "是否合格", example = true)]
    pub is_passed: bool,
    /// Who signed.
    #[schemars(description = "签字各方", example = &"业委会、物业、施工、监理")]
    pub signed_by: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"验收单")]
    pub evidence: String,
}

/// The cost review (审价).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectReview", description = "审价")]
pub struct Review {
    /// When.
    #[schemars(description = "报告日期")]
    pub on: Day,
    /// By whom.
    #[schemars(description = "审价机构", example = &"某造价咨询公司")]
    pub reviewer: String,
    /// How much it may cost, all of it.
    #[schemars(description = "审定价：分", example = 9_400_000)]
    pub amount_fen: Money,
    /// What proves it.
    #[schemars(description = "凭据", example = &"审价报告 2026-07")]
    pub evidence: String,
}

/// The final account (决算).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectFinalAccount", description = "决算")]
pub struct FinalAccount {
    /// When.
    #[schemars(description = "日期")]
    pub on: Day,
    /// How much, all of it.
    #[schemars(description = "决算价：分", example = 9_400_000)]
    pub amount_fen: Money,
    /// Whether the committee agrees that it goes without a review, where the law lets it.
    #[serde(default)]
    #[schemars(description = "业主委员会是否同意不审价：规定允许的方有效")]
    pub committee_waives_review: bool,
    /// What proves it.
    #[schemars(description = "凭据", example = &"决算书")]
    pub evidence: String,
}

/// The certificate that the warranty of the works has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectWarrantyEnd", description = "工程保修期满证明")]
pub struct WarrantyEnd {
    /// When it ended.
    #[schemars(description = "期满日期")]
    pub on: Day,
    /// Who signed.
    #[schemars(description = "出具人", example = &"物业、业委会")]
    pub signed_by: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"保修期满证明")]
    pub evidence: String,
}

/// A declaration of interest (利害关系申报), for those in whose role it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectInterest", description = "与施工单位利害关系的申报")]
pub struct Interest {
    /// The contractor.
    #[schemars(description = "施工单位", example = &"某防水工程公司")]
    pub contractor: String,
    /// Whether somebody is related.
    #[schemars(description = "是否有利害关系", example = false)]
    pub is_related: bool,
    /// Those who therefore keep out, by account.
    #[serde(default)]
    #[schemars(description = "因此回避的人：用户名", example = &["zhou"])]
    pub recused: Vec<String>,
    /// What was found.
    #[schemars(description = "说明", example = &"全体委员声明无利害关系")]
    pub words: String,
}

/// What an owner paid because the balance was too small (自筹), outside the fund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectRaised", description = "业主自筹：在维修资金之外交付")]
pub struct Raised {
    /// Whose.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// How much.
    #[schemars(description = "金额：分", example = 10000)]
    pub amount_fen: Money,
    /// When.
    #[schemars(description = "日期")]
    pub on: Day,
    /// What proves it.
    #[schemars(description = "凭据", example = &"收据 12")]
    pub evidence: String,
}

/// A request of payment (付款申请). A later request takes the place of one that is not paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectPaymentRequest", description = "付款申请")]
pub struct PaymentRequest {
    /// How much of what the scope bears.
    #[schemars(description = "金额：分，列支范围承担的部分", example = 3_000_000)]
    pub amount_fen: Money,
    /// To whom.
    #[schemars(description = "收款人", example = &"某防水工程公司")]
    pub payee: String,
    /// To which account.
    #[schemars(description = "收款账号", example = &"3100001")]
    pub account_no: String,
    /// The invoice.
    #[schemars(description = "凭据", example = &"发票 25312000000000000001")]
    pub evidence: String,
}

/// An order to repair in the owners' stead (代修).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectOrder", description = "代修决定")]
pub struct Order {
    /// When the committee was told to repair.
    #[schemars(description = "责令业主委员会维修之日")]
    pub asked_on: Day,
    /// When it was ordered.
    #[schemars(description = "代修决定之日")]
    pub on: Day,
    /// Why.
    #[schemars(description = "理由", example = &"责令后七日业主委员会未启动维修")]
    pub reason: String,
    /// The account that is paid after the review.
    #[schemars(description = "收款人：代修账户", example = &"某区物业管理事务中心")]
    pub payee: String,
    /// Its number.
    #[schemars(description = "收款账号", example = &"3100009")]
    pub account_no: String,
    /// What proves it.
    #[schemars(description = "凭据", example = &"代修通知书 2026-3")]
    pub evidence: String,
}

/// A project is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProjectWithdrawal", description = "撤回项目")]
pub struct Withdrawal {
    /// Why.
    #[schemars(description = "原因", example = &"改由保险赔付")]
    pub reason: String,
}

/// The archive is closed: the digest of its list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archived {
    /// SHA-256 of the archive's list.
    pub digest: String,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $word:literal, $chinese:literal;)*) => {
        /// A step, as it is kept.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "step", content = "body", rename_all = "kebab-case")]
        pub enum Step {
            $($(#[$doc])* $name($body),)*
        }

        impl Step {
            /// Its stable name.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Step::$name(_) => $word,)* }
            }

            /// The word people use. A decision is called by the power it is made by: a filing is no approval.
            #[must_use]
            pub const fn in_chinese(&self) -> &'static str {
                match self {
                    Step::Decision(Decision { power: Power::Filing, .. }) => "备案",
                    Step::Decision(Decision { power: Power::Confirmation, .. }) => "确认",
                    Step::Decision(Decision { power: Power::Certification, .. }) => "证明",
                    $(Step::$name(_) => $chinese,)*
                }
            }
        }

        $(impl From<$body> for Step {
            fn from(body: $body) -> Step {
                Step::$name(body)
            }
        })*
    };
}

steps! {
    /// 方案.
    Plan(Plan) = "plan", "使用方案";
    /// 责任核查.
    Check(Check) = "check", "责任核查";
    /// 公示.
    Notice(Notice) = "notice", "公示";
    /// 异议.
    Objection(Objection) = "objection", "异议";
    /// 答复.
    Answer(Answer) = "answer", "答复异议";
    /// 表决.
    Vote(Vote) = "vote", "表决通过";
    /// 应急确认、证明.
    Witnessing(Witnessing) = "witnessing", "应急确认";
    /// 申请.
    Application(Application) = "application", "使用申请";
    /// 决定.
    Decision(Decision) = "decision", "审批决定";
    /// 合同.
    Contract(Contract) = "contract", "施工合同";
    /// 开工、竣工.
    Progress(Progress) = "progress", "工程进度";
    /// 验收.
    Acceptance(Acceptance) = "acceptance", "验收";
    /// 审价.
    Review(Review) = "review", "审价";
    /// 决算.
    FinalAccount(FinalAccount) = "final-account", "决算";
    /// 保修期满.
    WarrantyEnd(WarrantyEnd) = "warranty-end", "保修期满";
    /// 利害关系.
    Interest(Interest) = "interest", "利害关系申报";
    /// 自筹.
    Raised(Raised) = "raised", "业主自筹";
    /// 付款申请.
    Request(PaymentRequest) = "request", "付款申请";
    /// 代修.
    Order(Order) = "order", "代修决定";
    /// 撤回.
    Withdrawal(Withdrawal) = "withdrawal", "撤回";
    /// 归档.
    Archived(Archived) = "archived", "归档";
}

impl Step {
    /// SHA-256 over the project's number, the step's number and its body: what somebody who decides has seen.
    #[must_use]
    pub fn digest(&self, project: i32, step: i32) -> Digest {
        use sha2::Digest as _;
        let body = serde_json::to_string(self).expect("a step is JSON");
        Digest(sha2::Sha256::digest(format!("项目 {project} 步骤 {step}\n{body}")).into())
    }
}
