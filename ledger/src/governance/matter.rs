//! What the owners decide in common, and how many of them it takes.
//!
//! Owns: [`Matter`] and its wording and class ([`ITEMS`], 民法典 art. 278 ¶1), [`Fraction`], [`VoteRule`].
//!
//! Always: a threshold is a fraction of whole numbers, compared by multiplying across; 以上 includes the number and
//! 过半数, 超过 do not (民法典 art. 1259). Never: a percentage, a rounding. A rule comes from whoever opens the round (a
//! policy pack); [`VoteRule::national`] is what 民法典 says where no local rule says more.
//! Limits: an emergency is not decided by a vote and so has no rule here (民法典 art. 281 ¶2: its certificate is another's).

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

/// What 民法典 art. 278 ¶1 has the owners decide in common.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "VoteMatter", description = "表决事项的类别：民法典第二百七十八条第一款各项")]
pub enum Matter {
    /// (一) 议事规则.
    #[schemars(description = "（一）议事规则")]
    Procedure,
    /// (二) 管理规约.
    #[schemars(description = "（二）管理规约")]
    Covenant,
    /// (三) 选举业主委员会.
    #[schemars(description = "（三）选举业主委员会")]
    Election,
    /// (四) 选聘和解聘物业服务企业.
    #[schemars(description = "（四）选聘和解聘物业服务企业")]
    Company,
    /// (五) 使用维修资金.
    #[schemars(description = "（五）使用维修资金")]
    UseFund,
    /// (六) 筹集维修资金.
    #[schemars(description = "（六）筹集维修资金")]
    RaiseFund,
    /// (七) 改建、重建.
    #[schemars(description = "（七）改建、重建")]
    Rebuild,
    /// (八) 改变用途、经营.
    #[schemars(description = "（八）改变用途、经营")]
    Business,
    /// (九) 其他重大事项.
    #[schemars(description = "（九）其他重大事项")]
    Other,
}

/// How hard a matter is to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// 参与表决的过半数同意.
    Ordinary,
    /// 参与表决的四分之三以上同意.
    Qualified,
}

/// A matter as the law words it.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Which.
    pub matter: Matter,
    /// Its stable name, as on wires.
    pub name: &'static str,
    /// Its number in art. 278 ¶1, in Chinese.
    pub number: &'static str,
    /// Its class.
    pub class: Class,
    /// The law's words.
    pub wording: &'static str,
}

const fn item(
    matter: Matter,
    name: &'static str,
    number: &'static str,
    class: Class,
    wording: &'static str,
) -> Item {
    Item { matter, name, number, class, wording }
}

/// 民法典 art. 278 ¶1, item by item. 使用 is ordinary, 筹集 is qualified; the two are often confused.
#[rustfmt::skip]
pub static ITEMS: [Item; 9] = [
    item(Matter::Procedure, "procedure", "一", Class::Ordinary, "制定和修改业主大会议事规则"),
    item(Matter::Covenant, "covenant", "二", Class::Ordinary, "制定和修改管理规约"),
    item(Matter::Election, "election", "三", Class::Ordinary, "选举业主委员会或者更换业主委员会成员"),
    item(Matter::Company, "company", "四", Class::Ordinary, "选聘和解聘物业服务企业或者其他管理人"),
    item(Matter::UseFund, "use-fund", "五", Class::Ordinary, "使用建筑物及其附属设施的维修资金"),
    item(Matter::RaiseFund, "raise-fund", "六", Class::Qualified, "筹集建筑物及其附属设施的维修资金"),
    item(Matter::Rebuild, "rebuild", "七", Class::Qualified, "改建、重建建筑物及其附属设施"),
    item(Matter::Business, "business", "八", Class::Qualified, "改变共有部分的用途或者利用共有部分从事经营活动"),
    item(Matter::Other, "other", "九", Class::Ordinary, "有关共有和共同管理权利的其他重大事项"),
];

impl Matter {
    /// The matter as the law words it.
    #[must_use]
    pub fn item(self) -> &'static Item {
        let found = ITEMS.iter().find(|item| item.matter == self);
        found.expect("every matter is an item of art. 278")
    }

    /// The matter with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Matter> {
        ITEMS.iter().find(|item| item.name == name).map(|item| item.matter)
    }

    /// `民法典第二百七十八条第一款第五项`.
    #[must_use]
    pub fn article(self) -> String {
        format!("民法典第二百七十八条第一款第{}项", self.item().number)
    }
}

/// A part of a whole, `2/3`: more than nothing, at most all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", inline)]
pub struct Fraction {
    part: u32,
    of: u32,
}

impl Fraction {
    /// One half.
    pub const HALF: Fraction = Fraction { part: 1, of: 2 };
    /// One third.
    pub const THIRD: Fraction = Fraction { part: 1, of: 3 };
    /// Two thirds.
    pub const TWO_THIRDS: Fraction = Fraction { part: 2, of: 3 };
    /// Three quarters.
    pub const THREE_QUARTERS: Fraction = Fraction { part: 3, of: 4 };

    /// `part` of `of`. `None` unless 0 < part ≤ of ≤ 10,000.
    #[must_use]
    pub const fn new(part: u32, of: u32) -> Option<Fraction> {
        if part > 0 && part <= of && of <= 10_000 { Some(Fraction { part, of }) } else { None }
    }

    /// Whether a figure is this part of the whole, or (`is_over`) more than it.
    #[must_use]
    pub fn is_reached(self, figure: i64, whole: i64, is_over: bool) -> bool {
        let excess = self.excess(figure, whole);
        if is_over { excess > 0 } else { excess >= 0 }
    }

    /// How much more the figure must be to reach this part of a whole that stays as it is.
    #[must_use]
    pub fn short_of(self, figure: i64, whole: i64, is_over: bool) -> i64 {
        steps(-self.excess(figure, whole), i128::from(self.of), is_over).unwrap_or(i64::MAX)
    }

    /// How much the figure *and* the whole must both grow until the one is this part of the other. `None` if never.
    #[must_use]
    pub fn short_as_both_grow(self, figure: i64, whole: i64, is_over: bool) -> Option<i64> {
        steps(-self.excess(figure, whole), i128::from(self.of - self.part), is_over)
    }

    /// figure × of − whole × part.
    fn excess(self, figure: i64, whole: i64) -> i128 {
        i128::from(figure) * i128::from(self.of) - i128::from(whole) * i128::from(self.part)
    }
}

/// The fewest steps of this size that make good what lacks, or more than good.
fn steps(lacking: i128, size: i128, is_over: bool) -> Option<i64> {
    if lacking < 0 || (lacking == 0 && !is_over) {
        return Some(0);
    }
    if size == 0 {
        return None;
    }
    let whole = lacking / size;
    let is_exact = lacking % size == 0;
    let steps = if is_exact && !is_over { whole } else { whole + 1 };
    i64::try_from(steps).ok()
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

impl FromStr for Fraction {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Fraction, Self::Err> {
        let read = |word: &str| word.parse::<u32>().ok();
        let parts = text.split_once('/').and_then(|(part, of)| Some((read(part)?, read(of)?)));
        parts
            .and_then(|(part, of)| Fraction::new(part, of))
            .ok_or("比例应写作 2/3，大于零且不超过一")
    }
}

impl TryFrom<String> for Fraction {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Fraction, Self::Error> {
        text.parse()
    }
}

impl From<Fraction> for String {
    fn from(fraction: Fraction) -> String {
        fraction.to_string()
    }
}

/// Of whom the approval is a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "VoteBase", description = "同意比例的基数")]
pub enum Base {
    /// Of those who took part (民法典 art. 278 ¶2).
    #[default]
    #[schemars(description = "参与表决的业主")]
    Participants,
    /// Of all owners, as 165号令 art. 22 and 物业管理条例 art. 12 still print it.
    #[schemars(description = "全体业主")]
    All,
}

/// A vote that carries unless enough object (异议表决, 河南省物业管理条例 art. 66). Replaces attendance and approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VoteObjection", description = "异议表决：反对者不超过这些比例的，通过")]
pub struct Objection {
    /// The most of all heads that may object; the number itself may.
    #[schemars(description = "反对人数占全体的上限：本数仍通过", example = &"1/3")]
    pub most_heads: Fraction,
    /// The most of all area that may object; the number itself may.
    #[schemars(description = "反对面积占全体的上限：本数仍通过", example = &"1/3")]
    pub most_area: Fraction,
}

/// What becomes of an owner who was asked and does not answer. Whatever it is, it is counted apart from ballots cast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(description = "未表决者如何计", transform = with_tag_told)]
pub enum SilentRule {
    /// They did not take part. The rule wherever nobody has agreed another.
    #[schemars(description = "未参与")]
    None {},
    /// They took part and abstained.
    #[schemars(description = "参与并弃权")]
    Abstains {
        /// The clause of the owners' rules that says so.
        #[schemars(description = "所依据的条款", example = &"议事规则第九条")]
        clause: String,
        /// The ways of delivery that count as proof; none named, no proof is asked for.
        #[serde(default)]
        #[schemars(description = "须有的送达证明：不写则不要求")]
        proof: Vec<Delivery>,
    },
    /// They took part and answered as most did; if most heads and most area disagree, they did not take part.
    #[schemars(description = "参与并从多数")]
    WithMajority {
        /// The clause of the owners' rules that says so.
        #[schemars(description = "所依据的条款", example = &"议事规则第九条")]
        clause: String,
        /// The ways of delivery that count as proof; none named, no proof is asked for.
        #[serde(default)]
        #[schemars(description = "须有的送达证明：不写则不要求")]
        proof: Vec<Delivery>,
    },
}

impl Default for SilentRule {
    fn default() -> SilentRule {
        SilentRule::None {}
    }
}

impl SilentRule {
    /// Whether a delivery (or none) is enough for the rule to presume an answer.
    #[must_use]
    pub fn presumes(&self, deliveries: &[Delivery]) -> bool {
        match self {
            SilentRule::None {} => false,
            SilentRule::Abstains { proof, .. } | SilentRule::WithMajority { proof, .. } => {
                proof.is_empty() || deliveries.iter().any(|way| proof.contains(way))
            }
        }
    }

    /// The clause it stands on; empty where nothing is presumed.
    #[must_use]
    pub fn clause(&self) -> &str {
        match self {
            SilentRule::None {} => "",
            SilentRule::Abstains { clause, .. } | SilentRule::WithMajority { clause, .. } => clause,
        }
    }
}

/// How a slip reached its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "SlipDelivery", description = "送达方式")]
pub enum Delivery {
    /// 直接送达.
    #[schemars(description = "直接送达")]
    Hand,
    /// 邮寄.
    #[schemars(description = "邮寄")]
    Post,
    /// 电子送达.
    #[schemars(description = "电子送达")]
    Electronic,
    /// 公告送达.
    #[schemars(description = "公告")]
    Notice,
}

impl Delivery {
    /// Every way.
    pub const ALL: [Delivery; 4] =
        [Delivery::Hand, Delivery::Post, Delivery::Electronic, Delivery::Notice];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Delivery::Hand => "hand",
            Delivery::Post => "post",
            Delivery::Electronic => "electronic",
            Delivery::Notice => "notice",
        }
    }
}

/// By how many a matter is carried. Handed in with the motion and kept with it: a later law does not judge it anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一个事项的通过规则：随事项保存，以后的法律变动不影响")]
pub struct VoteRule {
    /// The matter.
    #[schemars(description = "事项类别")]
    pub matter: Matter,
    /// The part of all heads that must take part; the number itself is enough.
    #[schemars(description = "参与人数占全体的比例：以上", example = &"2/3")]
    pub attend_heads: Fraction,
    /// The part of all area that must take part; the number itself is enough.
    #[schemars(description = "参与面积占全体的比例：以上", example = &"2/3")]
    pub attend_area: Fraction,
    /// The part of the heads that must approve.
    #[schemars(description = "同意人数的比例", example = &"1/2")]
    pub approve_heads: Fraction,
    /// The part of the area that must approve.
    #[schemars(description = "同意面积的比例", example = &"1/2")]
    pub approve_area: Fraction,
    /// 超过 (the number itself is not enough) or 以上 (it is), for approval.
    #[schemars(description = "同意是否须超过该比例：否则为以上")]
    pub is_over: bool,
    /// Of whom the approval is a part.
    #[serde(default)]
    #[schemars(description = "同意比例的基数")]
    pub base: Base,
    /// Carried unless enough object, where a city has that.
    #[serde(default)]
    #[schemars(description = "异议表决：没有则空")]
    pub objection: Option<Objection>,
    /// What silence means.
    #[serde(default)]
    #[schemars(description = "未表决者如何计")]
    pub silent: SilentRule,
    /// The article as printed; empty for that of 民法典.
    #[serde(default)]
    #[schemars(description = "依据：空则为民法典第二百七十八条", example = &"")]
    pub article: String,
    /// The policy pack and version it came from, empty if it came from none.
    #[serde(default)]
    #[schemars(description = "规则包及版本：没有则空", example = &"")]
    pub pack: String,
}

impl VoteRule {
    /// 民法典 art. 278 ¶2: two thirds of heads and area take part; of those, more than half of both approve, or three
    /// quarters and more of both where the matter is qualified. Silence is not consent.
    #[must_use]
    pub fn national(matter: Matter) -> VoteRule {
        let (approve, is_over) = match matter.item().class {
            Class::Ordinary => (Fraction::HALF, true),
            Class::Qualified => (Fraction::THREE_QUARTERS, false),
        };
        VoteRule {
            matter,
            attend_heads: Fraction::TWO_THIRDS,
            attend_area: Fraction::TWO_THIRDS,
            approve_heads: approve,
            approve_area: approve,
            is_over,
            base: Base::Participants,
            objection: None,
            silent: SilentRule::None {},
            article: String::new(),
            pack: String::new(),
        }
    }

    /// 165号令 art. 22 as still printed: two thirds of all area and of all owners approve.
    #[must_use]
    pub fn legacy_two_thirds_of_all(matter: Matter) -> VoteRule {
        VoteRule {
            approve_heads: Fraction::TWO_THIRDS,
            approve_area: Fraction::TWO_THIRDS,
            is_over: false,
            base: Base::All,
            article: "住宅专项维修资金管理办法（165号令）第二十二条".to_owned(),
            ..VoteRule::national(matter)
        }
    }

    /// The article a result is printed with.
    #[must_use]
    pub fn article(&self) -> String {
        if self.article.is_empty() { self.matter.article() } else { self.article.clone() }
    }

    /// The thresholds in a sentence.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        if let Some(Objection { most_heads, most_area }) = self.objection {
            return format!(
                "反对者人数占全体 {most_heads} 以下且面积占全体 {most_area} 以下的，通过"
            );
        }
        let (word, base) = (
            if self.is_over { "超过" } else { "不少于" },
            if self.base == Base::All { "全体" } else { "参与表决" },
        );
        format!(
            "参与表决人数不少于 {}、面积不少于 {}；同意人数{word}{base}的 {}、面积{word}{base}的 {}",
            self.attend_heads, self.attend_area, self.approve_heads, self.approve_area
        )
    }
}

/// Describes the word that tells the kinds of a structure apart, which serde writes and nobody declares.
pub fn with_tag_told(schema: &mut Schema) {
    let Some(choices) = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut) else {
        return;
    };
    for choice in choices {
        for word in ["kind", "rule"] {
            let field = choice.pointer_mut(&format!("/properties/{word}"));
            if let Some(field) = field.and_then(serde_json::Value::as_object_mut) {
                field.insert("description".to_owned(), "种类".into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_says_how_much_is_lacking_and_not_one_more() {
        for part in 1..=4_u32 {
            for of in part..=5 {
                let fraction = Fraction::new(part, of).unwrap();
                for is_over in [false, true] {
                    for whole in 0..30_i64 {
                        for figure in 0..=whole {
                            let short = fraction.short_of(figure, whole, is_over);
                            assert!(fraction.is_reached(figure + short, whole, is_over));
                            assert!(
                                short == 0
                                    || !fraction.is_reached(figure + short - 1, whole, is_over)
                            );
                            let Some(n) = fraction.short_as_both_grow(figure, whole, is_over)
                            else {
                                assert_eq!(part, of);
                                continue;
                            };
                            assert!(fraction.is_reached(figure + n, whole + n, is_over));
                            assert!(
                                n == 0
                                    || !fraction.is_reached(figure + n - 1, whole + n - 1, is_over)
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_fraction_is_written_one_way_and_nothing_absurd_is_one() {
        assert_eq!("2/3".parse(), Ok(Fraction::TWO_THIRDS));
        assert_eq!(Fraction::THREE_QUARTERS.to_string(), "3/4");
        for text in ["", "2", "0/3", "4/3", "-1/2", "1/0", "0.5", "1/100000", "66%"] {
            assert!(text.parse::<Fraction>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_matter_has_its_name_on_the_wire() {
        for item in &ITEMS {
            assert_eq!(Matter::named(item.name), Some(item.matter));
            let wire = serde_json::to_value(item.matter).unwrap();
            assert_eq!(wire, serde_json::Value::from(item.name));
            assert_eq!(item.matter.item().number, item.number);
        }
    }
}
