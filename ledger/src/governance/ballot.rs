//! Ballots: what came in, by which way, and which of them counts.
//!
//! Owns: [`Ballot`], [`Channel`], [`Duplicates`], [`Standing`], [`standings`]. Knows no database.
//!
//! Always: a ballot speaks for its head, with the area of all the head's dwellings; of a head's ballots at most one
//! counts; every other is kept and says why it does not. A correction takes the place of what it corrects.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tally::Answer;
use crate::calendar::Day;
use crate::id::{BallotNo, DwellingNo, OwnerNo};

/// The way a ballot came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "BallotChannel", description = "渠道")]
pub enum Channel {
    /// 纸质.
    #[schemars(description = "纸质")]
    Paper,
    /// 电子.
    #[schemars(description = "线上")]
    Online,
}

impl Channel {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Paper => "paper",
            Channel::Online => "online",
        }
    }

    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Channel::Paper => "纸质",
            Channel::Online => "线上",
        }
    }
}

/// Which of a head's valid ballots counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "重复投票的规则")]
pub enum Duplicates {
    /// The first received.
    #[default]
    #[schemars(description = "最先收到的有效票")]
    FirstValid,
    /// The last received.
    #[schemars(description = "最后收到的有效票")]
    LastValid,
    /// The first received online; on paper if none.
    #[schemars(description = "线上优先")]
    OnlinePrevails,
    /// The first received on paper; online if none.
    #[schemars(description = "纸质优先")]
    PaperPrevails,
}

impl Duplicates {
    /// The word on a result sheet.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Duplicates::FirstValid => "重复投票以最先收到的有效票为准",
            Duplicates::LastValid => "重复投票以最后收到的有效票为准",
            Duplicates::OnlinePrevails => "线上与纸质重复的，以线上为准",
            Duplicates::PaperPrevails => "线上与纸质重复的，以纸质为准",
        }
    }
}

/// A ballot as it was taken. Never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// Its number in the round.
    pub no: BallotNo,
    /// The head it speaks for.
    pub head_no: i32,
    /// The dwelling it was sent to.
    pub dwelling_no: DwellingNo,
    /// The way it came.
    pub channel: Channel,
    /// The number printed on the slip; empty online.
    pub slip_no: String,
    /// The day it was received.
    pub received_on: Day,
    /// The owner who cast it themselves, online.
    pub owner: Option<OwnerNo>,
    /// The proxy under which another cast it.
    pub proxy_no: Option<i32>,
    /// Why it does not count; empty if it is valid.
    pub invalid_reason: String,
    /// The ballot it corrects.
    pub corrects: Option<BallotNo>,
    /// Why it was corrected.
    pub reason: String,
    /// What it says to each motion, in their order.
    pub answers: Vec<Answer>,
}

/// What became of a ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// 计入.
    Counted,
    /// 重复: another of the same head counts.
    Duplicate,
    /// 已更正: a later ballot took its place.
    Corrected,
    /// 无效.
    Invalid,
}

impl Standing {
    /// The word on a recount file.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Standing::Counted => "计入",
            Standing::Duplicate => "重复",
            Standing::Corrected => "已更正",
            Standing::Invalid => "无效",
        }
    }
}

/// What becomes of each ballot of a round, in the order given, which is that of their numbers.
#[must_use]
pub fn standings(ballots: &[Ballot], rule: Duplicates) -> Vec<Standing> {
    let corrected: BTreeSet<BallotNo> = ballots.iter().filter_map(|b| b.corrects).collect();
    // A correction stands where the ballot stood that began the chain.
    let mut root: BTreeMap<BallotNo, BallotNo> = BTreeMap::new();
    for ballot in ballots {
        let first = ballot.corrects.and_then(|no| root.get(&no).copied()).unwrap_or(ballot.no);
        root.insert(ballot.no, first);
    }
    let mut best: BTreeMap<i32, &Ballot> = BTreeMap::new();
    for ballot in ballots {
        if corrected.contains(&ballot.no) || !ballot.invalid_reason.is_empty() {
            continue;
        }
        let place = |b: &Ballot| (b.received_on, root[&b.no]);
        let is_better = |old: &Ballot| match rule {
            Duplicates::FirstValid => place(ballot) < place(old),
            Duplicates::LastValid => place(ballot) > place(old),
            Duplicates::OnlinePrevails | Duplicates::PaperPrevails => {
                let rank = |b: &Ballot| {
                    let is_online = b.channel == Channel::Online;
                    (is_online != (rule == Duplicates::OnlinePrevails), place(b))
                };
                rank(ballot) < rank(old)
            }
        };
        let known = best.get(&ballot.head_no);
        if known.is_none_or(|old| is_better(old)) {
            best.insert(ballot.head_no, ballot);
        }
    }
    let standing = |ballot: &Ballot| match best.get(&ballot.head_no) {
        _ if corrected.contains(&ballot.no) => Standing::Corrected,
        _ if !ballot.invalid_reason.is_empty() => Standing::Invalid,
        Some(counts) if counts.no == ballot.no => Standing::Counted,
        _ => Standing::Duplicate,
    };
    ballots.iter().map(standing).collect()
}
