//! What a vote needs, and how votes and heads are counted (民法典 278, 1259).

use serde::{Deserialize, Serialize};

use super::{Bar, Fraction, Perhaps};

/// Whom a share of votes is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Electorate {
    /// Those who took part (民法典 278).
    Participants,
    /// All owners in scope (before 2021; 物业管理条例 12, 165号令 22).
    All,
}

/// What a vote needs, of the area and of the heads alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Threshold {
    /// How many must take part, of all; none if the law asks for none.
    pub attend: Perhaps<Bar<Fraction>>,
    /// How many must approve.
    pub approve: Bar<Fraction>,
    /// Of whom.
    pub of: Electorate,
}

/// One measure of a vote: centi-m², or heads already merged (people and the developer's unsold dwellings once).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// All in scope.
    pub whole: i64,
    /// Those who took part.
    pub attended: i64,
    /// Those who said yes.
    pub approved: i64,
}

/// How a vote came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether enough took part, by area and by heads.
    pub has_quorum: bool,
    /// Whether it is carried.
    pub is_carried: bool,
}

impl Threshold {
    /// Judges a vote by area and by heads; both must hold.
    #[must_use]
    pub fn judge(&self, area: Poll, heads: Poll) -> Outcome {
        let attends = |p: Poll| self.attend.is_none_or(|bar| bar.holds(p.attended, p.whole));
        let approves = |p: Poll| {
            let of = if self.of == Electorate::All { p.whole } else { p.attended };
            of > 0 && self.approve.holds(p.approved, of)
        };
        let has_quorum = attends(area) && attends(heads);
        Outcome { has_quorum, is_carried: has_quorum && approves(area) && approves(heads) }
    }
}

/// 民法典 278's matters, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// (一) 制定和修改业主大会议事规则.
    AssemblyRules,
    /// (二) 制定和修改管理规约.
    Covenant,
    /// (三) 选举业主委员会或者更换成员.
    CommitteeElection,
    /// (四) 选聘和解聘物业服务企业.
    PropertyCompany,
    /// (五) 使用维修资金.
    UseFund,
    /// (六) 筹集维修资金, 续筹 and 补建 too.
    RaiseFund,
    /// (七) 改建、重建建筑物及其附属设施.
    Rebuild,
    /// (八) 改变共有部分的用途或者利用共有部分从事经营活动.
    ChangeCommonParts,
    /// (九) 其他重大事项.
    Other,
}

/// Which of the two thresholds a matter needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatterClass {
    /// More than half.
    Ordinary,
    /// Three quarters.
    Special,
}

/// What becomes of a ballot that was validly delivered and not answered. Kept apart from ballots really cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "rule",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum SilentVotes {
    /// It did not take part.
    NotCounted {},
    /// It took part and abstained.
    Abstains {},
    /// It counts with the majority, if the covenant says so.
    WithMajority {
        /// Whether proof of delivery is a condition.
        proof_of_delivery: bool,
    },
    /// The compound's own rules choose among the above.
    ByCovenant {
        /// Whether proof of delivery is a condition.
        proof_of_delivery: bool,
    },
}

/// 异议表决: carried unless too many object, of all in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ObjectionVote {
    /// The objectors' part of the area.
    pub area: Bar<Fraction>,
    /// The objectors' part of the heads.
    pub heads: Bar<Fraction>,
}

impl ObjectionVote {
    /// Whether it is carried: (objecting, whole) by area and by heads.
    #[must_use]
    pub fn is_carried(&self, area: (i64, i64), heads: (i64, i64)) -> bool {
        self.area.holds(area.0, area.1) && self.heads.holds(heads.0, heads.1)
    }
}

/// How heads are counted (建筑物区分所有权解释 9). Areas are never merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Heads {
    /// All unsold dwellings of the developer are one head.
    pub developer_once: bool,
    /// One person's several dwellings are one head.
    pub person_once: bool,
    /// Whether parking spaces with a title of their own are in the count.
    pub with_parking: bool,
}
