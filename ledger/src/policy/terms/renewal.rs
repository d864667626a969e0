//! Terms of the renewal of old compounds: who may, by whose consent, with how much money in place, reported when.

use serde::{Deserialize, Serialize};

use super::{Bar, Fraction, MonthDay, Threshold};
use crate::calendar::Day;

/// What must be so by a day of the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Milestone {
    /// Of what.
    pub of: MilestoneOf,
    /// How much of the households.
    pub share: Bar<Fraction>,
    /// By when, of the year of the plan's start.
    pub by: MonthDay,
}

/// What a milestone is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MilestoneOf {
    /// Households whose works began.
    Started,
    /// Households whose works are done.
    Finished,
    /// The performance evaluation.
    Evaluated,
}

/// The renewal of old compounds (老旧小区改造).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RenovationTerms {
    /// The last day of completion that is old enough.
    pub built_until: Day,
    /// How many must take part and be willing before a plan is made.
    pub consent: Threshold,
    /// How much of the planned money must be there before works begin.
    pub in_place: Bar<Fraction>,
    /// The days of a month on which progress is reported.
    pub report_days: Vec<u8>,
    /// What must be so by when.
    pub milestones: Vec<Milestone>,
    /// Who signs the joint acceptance.
    pub acceptance: Vec<AcceptedBy>,
}

/// Who takes part in the joint acceptance.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, schemars::JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "联合验收的参加者")]
pub enum AcceptedBy {
    /// 施工单位.
    #[schemars(description = "施工单位")]
    Contractor,
    /// 监理单位.
    #[schemars(description = "监理单位")]
    Supervisor,
    /// 主管部门.
    #[schemars(description = "主管部门")]
    Departments,
    /// 物业公司.
    #[schemars(description = "物业公司")]
    PropertyCompany,
    /// 业主代表.
    #[schemars(description = "业主代表")]
    Owners,
}

impl AcceptedBy {
    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            AcceptedBy::Contractor => "施工单位",
            AcceptedBy::Supervisor => "监理单位",
            AcceptedBy::Departments => "主管部门",
            AcceptedBy::PropertyCompany => "物业公司",
            AcceptedBy::Owners => "业主代表",
        }
    }
}
