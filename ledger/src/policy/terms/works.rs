//! Terms of using the fund: sharing, payments, audits, overruns, emergencies, clocks, publication, four eyes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bar, Fraction, MonthDay, Perhaps};
use crate::money::Money;

/// What the sum of all payments may never pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaidInTotal {
    /// 审价 amount.
    Reviewed,
    /// The final account, reviewed or not.
    FinalAccount,
}

/// Caps of payments to a contractor. Caps, never rates of payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PaymentCaps {
    /// The first payment, of the contract.
    pub first: Perhaps<Bar<Fraction>>,
    /// All payments before the cost review, of the contract.
    pub before_review: Perhaps<Bar<Fraction>>,
    /// All payments at the end.
    pub total: PaidInTotal,
}

/// What may be paid now on a contract, and what must come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentRoom {
    /// The most that may be paid now.
    pub most: Money,
    /// What was paid beyond the reviewed amount and is to be claimed back.
    pub claim_back: Money,
}

impl PaymentCaps {
    /// What may be paid on a contract, given what was paid and, once there is one, the reviewed or final amount.
    #[must_use]
    pub fn room(&self, contract: Money, paid: Money, settled: Option<Money>) -> PaymentRoom {
        let most = |bar: &Perhaps<Bar<Fraction>>| bar.map_or(contract, |bar| bar.most(contract));
        let cap = match settled {
            Some(settled) => settled,
            None if paid.is_zero() => most(&self.first).min(most(&self.before_review)),
            None => most(&self.before_review),
        };
        let over = settled.map_or(Money::ZERO, |settled| (paid - settled).max(Money::ZERO));
        PaymentRoom { most: (cap - paid).max(Money::ZERO), claim_back: over }
    }
}

/// When the last part of the price is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Retention {
    /// How much of the audited price may be kept back at most; none if the law names no figure.
    pub keep: Perhaps<Bar<Fraction>>,
    /// Whether it needs a certificate that the warranty has ended.
    pub needs_warranty_end: bool,
}

/// When a final account must be audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "when",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Audit {
    /// Never by law.
    NotRequired {},
    /// Always.
    Always {},
    /// Unless the amount is small and the committee agrees.
    Unless {
        /// Which amounts may go without.
        amount: Bar<Money>,
        /// Whether the committee must agree to going without.
        committee_agrees: bool,
    },
}

impl Audit {
    /// Whether a final account of this amount must be audited, whatever the committee says.
    #[must_use]
    pub fn is_required(&self, final_account: Money) -> bool {
        match self {
            Audit::NotRequired {} => false,
            Audit::Always {} => true,
            Audit::Unless { amount, .. } => !amount.holds(final_account),
        }
    }
}

/// Whether both conditions must hold, or one is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// 且.
    Both,
    /// 或.
    Either,
}

/// From which overrun on the final account needs a new approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Overrun {
    /// The excess's part of the budget.
    pub share: Bar<Fraction>,
    /// The excess itself; none if only the part counts.
    pub amount: Perhaps<Bar<Money>>,
    /// How the two are joined.
    pub join: Join,
}

impl Overrun {
    /// Whether a final account needs a new approval. One within its budget never does.
    #[must_use]
    pub fn needs_approval(&self, budget: Money, final_account: Money) -> bool {
        let excess = final_account - budget;
        if !excess.is_positive() {
            return false;
        }
        let by_share = self.share.holds(excess.in_fen(), budget.in_fen());
        match (self.amount.0, self.join) {
            (None, _) => by_share,
            (Some(bar), Join::Both) => by_share && bar.holds(excess),
            (Some(bar), Join::Either) => by_share || bar.holds(excess),
        }
    }
}

/// What happened (the union of the local lists; `domain.md` §3.2).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "应急情形")]
pub enum EmergencyKind {
    /// 电梯严重故障.
    #[schemars(description = "电梯严重故障")]
    LiftFailure,
    /// 消防设施损坏.
    #[schemars(description = "消防设施损坏")]
    FireSystemFailure,
    /// 外立面脱落.
    #[schemars(description = "外立面脱落")]
    FacadeFalling,
    /// 屋顶、外墙渗漏, 严重影响使用.
    #[schemars(description = "屋顶、外墙渗漏")]
    RoofOrWallLeak,
    /// 排水设施坍塌、堵塞、爆裂.
    #[schemars(description = "排水设施坍塌、堵塞、爆裂")]
    Drainage,
    /// 二次供水水泵、水箱.
    #[schemars(description = "二次供水水泵、水箱")]
    WaterPumpOrTank,
    /// 围墙、道路坍塌.
    #[schemars(description = "围墙、道路坍塌")]
    WallOrRoadCollapse,
    /// 玻璃幕墙炸裂.
    #[schemars(description = "玻璃幕墙炸裂")]
    CurtainWallGlass,
    /// 地下车库进水.
    #[schemars(description = "地下车库进水")]
    GarageFlooding,
    /// 护栏损坏.
    #[schemars(description = "护栏损坏")]
    GuardRail,
    /// 其他危及安全的情形.
    #[schemars(description = "其他危及安全的情形")]
    OtherSafety,
}

/// An emergency a jurisdiction knows, and the paper it wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EmergencyCase {
    /// What happened.
    pub kind: EmergencyKind,
    /// What proves it, in Chinese; empty if the law names nothing.
    pub proof: String,
}

/// Which of the two shapes the emergency path has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmergencyOrder {
    /// Confirmed first, paid then.
    ConfirmThenSpend,
    /// Repaired first, posted, paid after.
    RepairThenDisclose,
}

/// Who has a say about an emergency.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "应急的确认人、证明人")]
pub enum Witness {
    /// 业主委员会.
    #[schemars(description = "业主委员会")]
    Committee,
    /// 居民委员会.
    #[schemars(description = "居民委员会")]
    ResidentsCommittee,
    /// 街道办、乡镇政府.
    #[schemars(description = "街道办、乡镇政府")]
    StreetOffice,
    /// 房管部门.
    #[schemars(description = "房管部门")]
    Authority,
    /// 物业公司.
    #[schemars(description = "物业公司")]
    PropertyCompany,
    /// 相关业主.
    #[schemars(description = "相关业主")]
    Owners,
}

/// The emergency path: who says so instead of the owners' vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EmergencyPath {
    /// Its shape.
    pub order: EmergencyOrder,
    /// Groups that must each be satisfied by one of their members: `[["committee", "residents-committee"]]` is 业委会或居委会.
    pub witnesses: Vec<Vec<Witness>>,
    /// Whether the owners' vote is left out.
    pub without_vote: bool,
}

impl EmergencyPath {
    /// Whether those who said so are enough.
    #[must_use]
    pub fn is_witnessed(&self, by: &[Witness]) -> bool {
        self.witnesses.iter().all(|group| group.iter().any(|witness| by.contains(witness)))
    }
}

/// How much of an emergency's cost may be paid at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Advance {
    /// The least part of the applied sum, as the law words it.
    pub least: Fraction,
    /// The most.
    pub most: Fraction,
}

/// A clock of the procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Notice {
    /// How many days.
    pub days: u16,
    /// Whether it lasts at least, or ends within.
    pub is: Clocks,
    /// Which days count.
    #[serde(default)]
    pub counted: Days,
}

/// What a clock bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clocks {
    /// 不少于: it stands this long at least.
    AtLeast,
    /// 以内: it is done by then.
    Within,
}

/// Which days count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Days {
    /// 日.
    #[default]
    Calendar,
    /// 工作日, by the State Council's arrangement of the year (`calendar`).
    Working,
}

impl Notice {
    /// Whether `elapsed` days of the right kind satisfy it.
    #[must_use]
    pub fn is_kept(&self, elapsed: u16) -> bool {
        match self.is {
            Clocks::AtLeast => elapsed >= self.days,
            Clocks::Within => elapsed <= self.days,
        }
    }
}

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// A regular owners' meeting is announced before it.
    Meeting,
    /// An extraordinary one.
    ExtraordinaryMeeting,
    /// The plan is posted before the vote.
    Plan,
    /// The result is posted.
    Result,
    /// A decision of the committee is posted.
    CommitteeDecision,
    /// An emergency's settlement is posted before the payout.
    EmergencySettlement,
    /// The authority decides on an emergency.
    EmergencyDecision,
    /// The committee is silent on an emergency: after this the authority repairs by itself.
    EmergencySilence,
    /// A new assembly chooses its bank.
    BankChoice,
    /// Money and books are handed over.
    Handover,
    /// The selling unit pays in its part after receiving the proceeds.
    SellingUnitDeposit,
}

/// How often something is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Disclosure {
    /// What one publication covers.
    pub covers: Covers,
    /// In which months it is due; empty if the law names none.
    pub months: Vec<u8>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covers {
    /// A month.
    Month,
    /// A quarter.
    Quarter,
    /// Half a year.
    HalfYear,
    /// A year.
    Year,
    /// 定期, without saying how often.
    Unstated,
}

/// What is done with money, or with what decides about money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Paying out of the fund.
    FundPayment,
    /// Refunding a deposit.
    Refund,
    /// Reversing a voucher.
    Reversal,
    /// Closing a month or a year.
    Close,
    /// Sharing out gains.
    GainsRun,
    /// Entering paper ballots.
    PaperBallots,
    /// Confirming an emergency.
    EmergencyConfirmation,
    /// Changing a contractor's bank account.
    PayeeAccount,
    /// Adding a policy pack.
    PolicyPack,
    /// Handing the fund over.
    Handover,
    /// Waiving a bill of service fees, or taking it back.
    FeeWaiver,
    /// Writing a bill off as lost.
    FeeWriteOff,
    /// Charging a penalty for a late bill.
    FeePenalty,
    /// Signing a day sheet that does not tie.
    SheetDifference,
    /// Giving public revenue away: to the fund, to owners, to a use, to a project.
    RevenueDistribution,
    /// Paying out of public revenue what is no distribution: a cost, tax, the operator's share, what the operator laid out; and
    /// clearing what the operator holds.
    RevenuePayment,
    /// Paying government money, or for a renovation.
    GrantPayment,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Deed; 17] = [
        Deed::FundPayment,
        Deed::Refund,
        Deed::Reversal,
        Deed::Close,
        Deed::GainsRun,
        Deed::PaperBallots,
        Deed::EmergencyConfirmation,
        Deed::PayeeAccount,
        Deed::PolicyPack,
        Deed::Handover,
        Deed::FeeWaiver,
        Deed::FeeWriteOff,
        Deed::FeePenalty,
        Deed::SheetDifference,
        Deed::RevenueDistribution,
        Deed::RevenuePayment,
        Deed::GrantPayment,
    ];

    /// The stable name, in packs, columns and on wires.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Deed::FundPayment => "fund-payment",
            Deed::Refund => "refund",
            Deed::Reversal => "reversal",
            Deed::Close => "close",
            Deed::GainsRun => "gains-run",
            Deed::PaperBallots => "paper-ballots",
            Deed::EmergencyConfirmation => "emergency-confirmation",
            Deed::PayeeAccount => "payee-account",
            Deed::PolicyPack => "policy-pack",
            Deed::Handover => "handover",
            Deed::FeeWaiver => "fee-waiver",
            Deed::FeeWriteOff => "fee-write-off",
            Deed::FeePenalty => "fee-penalty",
            Deed::SheetDifference => "sheet-difference",
            Deed::RevenueDistribution => "revenue-distribution",
            Deed::RevenuePayment => "revenue-payment",
            Deed::GrantPayment => "grant-payment",
        }
    }

    /// The deed with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|deed| deed.name() == name)
    }

    /// The name people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Deed::FundPayment => "支付维修资金",
            Deed::Refund => "退款",
            Deed::Reversal => "冲销",
            Deed::Close => "结账",
            Deed::GainsRun => "分摊增值收益",
            Deed::PaperBallots => "录入纸质票",
            Deed::EmergencyConfirmation => "应急确认",
            Deed::PayeeAccount => "变更收款账户",
            Deed::PolicyPack => "收录政策包",
            Deed::Handover => "移交",
            Deed::FeeWaiver => "减免、撤销账单",
            Deed::FeeWriteOff => "核销账单",
            Deed::FeePenalty => "计收违约金",
            Deed::SheetDifference => "日结差异",
            Deed::RevenueDistribution => "分配公共收益",
            Deed::RevenuePayment => "支付公共收益的成本、税费与往来",
            Deed::GrantPayment => "支付补贴、改造款",
        }
    }
}

/// What the fund never pays (165号令 25 and local lists).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "不得列支的费用")]
pub enum NeverPayable {
    /// ① What builder or contractor must bear.
    #[schemars(description = "建设、施工单位责任")]
    BuilderLiability,
    /// ② Lines of water, power, gas, heat, telecom and television operators.
    #[schemars(description = "专业单位管线")]
    UtilityLines,
    /// ③ Damage somebody did.
    #[schemars(description = "人为损坏")]
    DamageByPerson,
    /// ④ What the property company owes under its contract.
    #[schemars(description = "物业合同约定由物业承担")]
    PropertyCompanyDuty,
}

/// Which power an office has over a use of the fund: four different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "权限")]
pub enum Power {
    /// 审批: without it nothing is paid.
    #[schemars(description = "审批")]
    Approval,
    /// 备案: it is told, and may order a correction.
    #[schemars(description = "备案")]
    Filing,
    /// 确认: it says that the facts are so.
    #[schemars(description = "确认")]
    Confirmation,
    /// 证明: it vouches for a paper.
    #[schemars(description = "证明")]
    Certification,
}

/// Who decides on a use of the fund before and after the owners' assembly holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UsePowers {
    /// The authority's power while it holds the fund.
    pub authority_before: Power,
    /// The committee's power once the assembly holds it.
    pub committee_after: Power,
    /// The authority's then.
    pub authority_after: Power,
}

/// By what a cost is shared if nothing was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharedBy {
    /// Exclusive area.
    Area,
    /// One share a dwelling.
    Households,
}

/// How a cost is shared (民法典 283, 165号令 20–21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sharing {
    /// By what, if nothing was agreed.
    pub by: SharedBy,
    /// Whether an agreement comes first.
    pub agreement_first: bool,
    /// Whether sold public housing is shared between owners and selling unit by what they deposited.
    pub public_by_deposits: bool,
    /// Whether the developer pays for what is unsold.
    pub unsold_by_developer: bool,
    /// Whether owners pay what their balance cannot.
    pub short_by_owner: bool,
}

/// How a roof terrace that only some may use is shared between its users and those below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RoofSharing {
    /// The users' part.
    pub users: Fraction,
}

/// Which part of a balance is drawn first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrawOrder {
    /// 先本金.
    PrincipalFirst,
    /// 先增值收益.
    GainsFirst,
}

/// The yearly audit of a compound's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct YearlyAudit {
    /// The report is due on this day of the next year.
    pub report_by: MonthDay,
    /// It is posted within so many days of being ready.
    pub post_within_days: u16,
    /// It stays posted for so many days.
    pub posted_for_days: u16,
    /// The auditor's appointment is posted for so many days; none if the law does not say.
    pub appointment_posted_days: Perhaps<u16>,
}

/// Who signs the contract of works.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "合同当事人")]
pub enum Party {
    /// 业主大会.
    #[schemars(description = "业主大会")]
    Assembly,
    /// 物业公司.
    #[schemars(description = "物业公司")]
    PropertyCompany,
    /// 施工单位.
    #[schemars(description = "施工单位")]
    Contractor,
}

impl EmergencyKind {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            EmergencyKind::LiftFailure => "电梯严重故障",
            EmergencyKind::FireSystemFailure => "消防设施损坏",
            EmergencyKind::FacadeFalling => "外立面脱落",
            EmergencyKind::RoofOrWallLeak => "屋顶、外墙渗漏",
            EmergencyKind::Drainage => "排水设施损坏",
            EmergencyKind::WaterPumpOrTank => "二次供水水泵、水箱",
            EmergencyKind::WallOrRoadCollapse => "围墙、道路坍塌",
            EmergencyKind::CurtainWallGlass => "玻璃幕墙炸裂",
            EmergencyKind::GarageFlooding => "地下车库进水",
            EmergencyKind::GuardRail => "护栏损坏",
            EmergencyKind::OtherSafety => "其他危及安全的情形",
        }
    }
}

impl Witness {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Witness::Committee => "业主委员会",
            Witness::ResidentsCommittee => "居民委员会",
            Witness::StreetOffice => "街道办事处",
            Witness::Authority => "房管部门",
            Witness::PropertyCompany => "物业公司",
            Witness::Owners => "相关业主",
        }
    }
}

impl Power {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Power::Approval => "审批",
            Power::Filing => "备案",
            Power::Confirmation => "确认",
            Power::Certification => "证明",
        }
    }
}

impl Party {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Party::Assembly => "业主大会",
            Party::PropertyCompany => "物业公司",
            Party::Contractor => "施工单位",
        }
    }
}

impl NeverPayable {
    /// The words people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            NeverPayable::BuilderLiability => "建设、施工单位责任",
            NeverPayable::UtilityLines => "专业单位管线",
            NeverPayable::DamageByPerson => "人为损坏",
            NeverPayable::PropertyCompanyDuty => "物业合同内的费用",
        }
    }
}
