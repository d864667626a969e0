//! The count: how many heads and how much area said what, whether that carries, and what is lacking.
//!
//! Owns: [`Answer`], [`Voice`], [`Figure`], [`Count`], [`count`]. Knows no database.
//!
//! Always: heads and area are counted side by side and both must reach; an abstention took part, a spoiled answer and
//! silence did not; what a rule presumes of the silent is in figures of its own. Never: a figure that is not a sum of
//! ballots or of the roll.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matter::{Base, SilentRule, VoteRule};
use crate::measure::Area;

/// What a ballot says to one motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "VoteAnswer", description = "答复")]
pub enum Answer {
    /// 同意.
    #[schemars(description = "同意")]
    Approve,
    /// 反对.
    #[schemars(description = "反对")]
    Oppose,
    /// 弃权.
    #[schemars(description = "弃权")]
    Abstain,
    /// 无效 for this motion: several marks, none, or one nobody can read. Only paper can be.
    #[schemars(description = "该事项无效：仅纸质票")]
    Spoiled,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Answer; 4] =
        [Answer::Approve, Answer::Oppose, Answer::Abstain, Answer::Spoiled];

    /// The word on a slip.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Answer::Approve => "同意",
            Answer::Oppose => "反对",
            Answer::Abstain => "弃权",
            Answer::Spoiled => "无效",
        }
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Answer::Approve => "approve",
            Answer::Oppose => "oppose",
            Answer::Abstain => "abstain",
            Answer::Spoiled => "spoiled",
        }
    }

    /// The answer by its stable name or its word on a slip.
    #[must_use]
    pub fn named(word: &str) -> Option<Answer> {
        Answer::ALL.into_iter().find(|a| a.name() == word || a.in_chinese() == word)
    }
}

/// What a head has to say to a motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// It answered.
    Said(Answer),
    /// It sent nothing that counts; the rule may presume something of it or not.
    Silent {
        /// Whether the rule for the silent reaches it.
        is_presumed: bool,
    },
}

/// Heads and area, side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HeadsAndArea", description = "人数与面积")]
pub struct Figure {
    /// 人数.
    #[schemars(description = "人数", example = 7)]
    pub heads: i64,
    /// 专有部分面积.
    #[serde(rename = "area_centi_m2")]
    #[schemars(description = "面积：0.01 平方米", example = 81_240)]
    pub area: Area,
}

impl Figure {
    /// So many heads with so much area.
    #[must_use]
    pub const fn of(heads: i64, area: Area) -> Figure {
        Figure { heads, area }
    }

    fn add(&mut self, area: Area) {
        self.heads += 1;
        self.area = self.area + area;
    }
}

impl std::ops::Add for Figure {
    type Output = Figure;
    fn add(self, other: Figure) -> Figure {
        Figure { heads: self.heads + other.heads, area: self.area + other.area }
    }
}

/// `7 户 / 812.40 ㎡`.
impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} 户 / {} ㎡", self.heads, self.area)
    }
}

/// The count of one motion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VoteCount", description = "一个事项的计票")]
pub struct Count {
    /// Everybody on the roll.
    #[schemars(description = "应参与")]
    pub entitled: Figure,
    /// 同意.
    #[schemars(description = "同意")]
    pub approve: Figure,
    /// 反对.
    #[schemars(description = "反对")]
    pub oppose: Figure,
    /// 弃权.
    #[schemars(description = "弃权")]
    pub abstain: Figure,
    /// 无效: returned, and not taking part.
    #[schemars(description = "无效：已交票，未参与")]
    pub spoiled: Figure,
    /// Silent, and nothing presumed of them.
    #[schemars(description = "未表决：未参与")]
    pub silent: Figure,
    /// Silent, presumed to approve.
    #[schemars(description = "推定同意")]
    pub presumed_approve: Figure,
    /// Silent, presumed to oppose.
    #[schemars(description = "推定反对")]
    pub presumed_oppose: Figure,
    /// Silent, presumed to abstain.
    #[schemars(description = "推定弃权")]
    pub presumed_abstain: Figure,
    /// Took part: by ballot or by presumption.
    #[schemars(description = "参与合计")]
    pub attended: Figure,
    /// Approved: by ballot or by presumption.
    #[schemars(description = "同意合计")]
    pub agreed: Figure,
    /// Whether enough took part.
    #[schemars(description = "参与是否达到")]
    pub is_attended: bool,
    /// Whether enough of the right ones approved. Says nothing of attendance.
    #[schemars(description = "同意是否达到")]
    pub is_agreed: bool,
    /// Whether the motion is carried.
    #[schemars(description = "是否通过")]
    pub is_passed: bool,
    /// Whether it would be carried by the ballots cast alone.
    #[schemars(description = "仅按实际收到的票是否通过")]
    pub is_passed_by_ballots: bool,
    /// What still has to take part.
    #[schemars(description = "参与还差")]
    pub short_of_attendance: Figure,
    /// What still has to approve, if nobody comes but those and as many as attendance needs.
    #[schemars(description = "同意还差")]
    pub short_of_approval: Figure,
    /// Whether those who are left can still bring it there.
    #[schemars(description = "未表决的业主是否还足以达到")]
    pub is_within_reach: bool,
}

/// Counts the voices of every head on the roll, each with the area of all its dwellings.
#[must_use]
pub fn count(rule: &VoteRule, voices: impl IntoIterator<Item = (Area, Voice)>) -> Count {
    let [mut entitled, mut approve, mut oppose, mut abstain, mut spoiled, mut silent] =
        [Figure::default(); 6];
    let mut presumed = Figure::default();
    for (area, voice) in voices {
        entitled.add(area);
        match voice {
            Voice::Said(Answer::Approve) => approve.add(area),
            Voice::Said(Answer::Oppose) => oppose.add(area),
            Voice::Said(Answer::Abstain) => abstain.add(area),
            Voice::Said(Answer::Spoiled) => spoiled.add(area),
            Voice::Silent { is_presumed: true } => presumed.add(area),
            Voice::Silent { is_presumed: false } => silent.add(area),
        }
    }
    let [mut presumed_approve, mut presumed_oppose, mut presumed_abstain] = [Figure::default(); 3];
    match presumption(&rule.silent, approve, oppose, abstain) {
        Some(Answer::Approve) => presumed_approve = presumed,
        Some(Answer::Oppose) => presumed_oppose = presumed,
        Some(Answer::Abstain) => presumed_abstain = presumed,
        Some(Answer::Spoiled) | None => silent = silent + presumed,
    }

    let cast = Tally { entitled, attended: approve + oppose + abstain, agreed: approve, oppose };
    let whole = Tally {
        attended: cast.attended + presumed_approve + presumed_oppose + presumed_abstain,
        agreed: approve + presumed_approve,
        oppose: oppose + presumed_oppose,
        entitled,
    };
    let (short_of_attendance, short_of_approval) = whole.shorts(rule);
    Count {
        entitled,
        approve,
        oppose,
        abstain,
        spoiled,
        silent,
        presumed_approve,
        presumed_oppose,
        presumed_abstain,
        attended: whole.attended,
        agreed: whole.agreed,
        is_attended: whole.is_attended(rule),
        is_agreed: whole.is_agreed(rule),
        is_passed: whole.is_passed(rule),
        is_passed_by_ballots: cast.is_passed(rule),
        short_of_attendance,
        short_of_approval,
        is_within_reach: is_within_reach(short_of_attendance, silent)
            && is_within_reach(short_of_approval, silent),
    }
}

/// What the rule presumes of the silent, given what the others said.
fn presumption(
    rule: &SilentRule,
    approve: Figure,
    oppose: Figure,
    abstain: Figure,
) -> Option<Answer> {
    match rule {
        SilentRule::None {} => None,
        SilentRule::Abstains { .. } => Some(Answer::Abstain),
        SilentRule::WithMajority { .. } => {
            let leads = |a: Figure, b: Figure| a.heads > b.heads && a.area > b.area;
            let said = [
                (Answer::Approve, approve, [oppose, abstain]),
                (Answer::Oppose, oppose, [approve, abstain]),
                (Answer::Abstain, abstain, [approve, oppose]),
            ];
            let found = said.iter().find(|(_, own, others)| others.iter().all(|o| leads(*own, *o)));
            found.map(|(answer, _, _)| *answer)
        }
    }
}

fn is_within_reach(short: Figure, left: Figure) -> bool {
    short.heads <= left.heads && short.area <= left.area
}

/// The four figures a rule looks at.
struct Tally {
    entitled: Figure,
    attended: Figure,
    agreed: Figure,
    oppose: Figure,
}

impl Tally {
    fn is_attended(&self, rule: &VoteRule) -> bool {
        let reached = |fraction: super::matter::Fraction, figure, whole| {
            fraction.is_reached(figure, whole, false)
        };
        rule.objection.is_some()
            || reached(rule.attend_heads, self.attended.heads, self.entitled.heads)
                && reached(rule.attend_area, centi(self.attended), centi(self.entitled))
    }

    fn is_agreed(&self, rule: &VoteRule) -> bool {
        if let Some(objection) = rule.objection {
            // Carried while the objectors are at most the part: not over it.
            let over =
                |part: super::matter::Fraction, figure, whole| part.is_reached(figure, whole, true);
            return !over(objection.most_heads, self.oppose.heads, self.entitled.heads)
                && !over(objection.most_area, centi(self.oppose), centi(self.entitled));
        }
        let of = match rule.base {
            Base::Participants => self.attended,
            Base::All => self.entitled,
        };
        rule.approve_heads.is_reached(self.agreed.heads, of.heads, rule.is_over)
            && rule.approve_area.is_reached(centi(self.agreed), centi(of), rule.is_over)
    }

    fn is_passed(&self, rule: &VoteRule) -> bool {
        self.is_attended(rule) && self.is_agreed(rule)
    }

    /// What is lacking: in attendance, and in approval.
    fn shorts(&self, rule: &VoteRule) -> (Figure, Figure) {
        if rule.objection.is_some() {
            return (Figure::default(), Figure::default());
        }
        let of = |attended: i64, agreed: i64, entitled: i64, attend, approve| {
            lacking(rule, attend, approve, attended, agreed, entitled)
        };
        let heads = of(
            self.attended.heads,
            self.agreed.heads,
            self.entitled.heads,
            rule.attend_heads,
            rule.approve_heads,
        );
        let area = of(
            centi(self.attended),
            centi(self.agreed),
            centi(self.entitled),
            rule.attend_area,
            rule.approve_area,
        );
        let figure = |heads, area| Figure::of(heads, Area::centi_m2(area));
        (figure(heads.0, area.0), figure(heads.1, area.1))
    }
}

fn centi(figure: Figure) -> i64 {
    figure.area.in_centi_m2()
}

/// How many must still take part, and how many must still approve: of those who took part by then, and of those whom
/// attendance needs, whichever is more.
fn lacking(
    rule: &VoteRule,
    attend: super::matter::Fraction,
    approve: super::matter::Fraction,
    attended: i64,
    agreed: i64,
    entitled: i64,
) -> (i64, i64) {
    let to_attend = attend.short_of(attended, entitled, false);
    let to_approve = match rule.base {
        Base::All => approve.short_of(agreed, entitled, rule.is_over),
        Base::Participants => {
            let of_quorum = approve.short_of(agreed, attended + to_attend, rule.is_over);
            let of_more = approve.short_as_both_grow(agreed, attended, rule.is_over);
            // A part that can never be reached by more of the same lacks more than anybody has.
            of_quorum.max(of_more.unwrap_or(entitled + 1))
        }
    };
    (to_attend, to_approve)
}
