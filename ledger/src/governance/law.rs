//! From a policy pack to the rule a motion is counted by and the terms a round is held by.
//!
//! Always: the thresholds are the pack's, never the asker's; a motion keeps the pack's name and a later law does not judge it
//! anew. What a pack says and a count cannot do is refused, not approximated.

use serde::{Deserialize, Serialize};

use schemars::JsonSchema;

use super::UNFIT_PACK;
use super::matter::{Base, Delivery, Fraction, Matter, Objection, SilentRule, VoteRule};
use super::round::Terms;
use crate::error::Refusal;
use crate::policy::terms::{self, Bar, Clocks, Days, Electorate, NoticeKind, Side, SilentVotes};
use crate::policy::{self, Pack};
use crate::property::Usage;

/// What the owners' own rules say of silence, where the law leaves it to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VoteSilence", description = "议事规则对送达后未表决的规定")]
pub struct Silence {
    /// What it means.
    #[schemars(description = "视同弃权或从多数")]
    pub means: SilenceMeans,
    /// The clause that says so.
    #[schemars(description = "所依据的条款", example = &"议事规则第九条")]
    pub clause: String,
}

/// What silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "VoteSilenceMeans", description = "未表决视为")]
pub enum SilenceMeans {
    /// Took part and abstained.
    #[schemars(description = "参与并弃权")]
    Abstains,
    /// Took part and answered as most did.
    #[schemars(description = "参与并从多数")]
    WithMajority,
}

/// What of a rule is the owners' to choose, where the pack lets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Carried unless too many object (异议表决).
    pub by_objection: bool,
    /// What silence means.
    pub silence: Option<Silence>,
}

/// The law's word for a matter.
const fn in_pack(matter: Matter) -> terms::Matter {
    match matter {
        Matter::Procedure => terms::Matter::AssemblyRules,
        Matter::Covenant => terms::Matter::Covenant,
        Matter::Election => terms::Matter::CommitteeElection,
        Matter::Company => terms::Matter::PropertyCompany,
        Matter::UseFund => terms::Matter::UseFund,
        Matter::RaiseFund => terms::Matter::RaiseFund,
        Matter::Rebuild => terms::Matter::Rebuild,
        Matter::Business => terms::Matter::ChangeCommonParts,
        Matter::Other => terms::Matter::Other,
    }
}

impl VoteRule {
    /// The rule of a pack for a matter.
    ///
    /// # Errors
    /// `governance.unfit-pack`: the pack asks for what a count cannot do, or does not let the owners choose what they chose.
    pub fn of(pack: &Pack, matter: Matter, chosen: &Chosen) -> Result<VoteRule, Refusal> {
        let threshold = pack.vote_threshold(in_pack(matter));
        let name = &threshold.pack;
        let unfit = |what: &str| UNFIT_PACK.refuse(format!("{name}：{what}"));
        let (approve, is_over) = match threshold.approve {
            Bar { side: Side::AtLeast, at } => (at, false),
            Bar { side: Side::Above, at } => (at, true),
            _ => return Err(unfit("同意的比例须为以上或超过")),
        };
        let base = match threshold.of {
            Electorate::Participants => Base::Participants,
            Electorate::All => Base::All,
        };
        let approve = fraction(approve).ok_or_else(|| unfit("同意的比例"))?;
        let attend = match *threshold.attend {
            Some(Bar { side: Side::AtLeast, at }) => {
                fraction(at).ok_or_else(|| unfit("参与的比例"))?
            }
            Some(_) => return Err(unfit("参与的比例须为以上")),
            // Where so many of all approve, so many took part.
            None if base == Base::All => approve,
            None => return Err(unfit("同意以参与者为基数的，须有参与的比例")),
        };
        let objection = if chosen.by_objection { Some(objection(pack, matter)?) } else { None };
        Ok(VoteRule {
            matter,
            attend_heads: attend,
            attend_area: attend,
            approve_heads: approve,
            approve_area: approve,
            is_over,
            base,
            objection,
            silent: silent(pack, chosen.silence.as_ref())?,
            article: format!("{}（{}）", matter.article(), threshold.article),
            pack: pack.provenance.to_string(),
        })
    }
}

fn fraction(of: policy::terms::Fraction) -> Option<Fraction> {
    let (part, whole) = of.terms();
    Fraction::new(part, whole)
}

fn objection(pack: &Pack, matter: Matter) -> Result<Objection, Refusal> {
    let ruled = &pack.terms.objection_vote;
    let unfit = |what: &str| UNFIT_PACK.refuse(format!("{}：{what}", ruled.pack));
    let Some(found) = *ruled.value else { return Err(unfit("没有异议表决")) };
    if matter != Matter::UseFund {
        return Err(unfit("异议表决只用于使用维修资金"));
    }
    let most = |bar: Bar<terms::Fraction>| match bar {
        Bar { side: Side::AtMost, at } => fraction(at),
        _ => None,
    };
    let both = most(found.heads).zip(most(found.area));
    let (most_heads, most_area) = both.ok_or_else(|| unfit("异议的比例须为以下"))?;
    Ok(Objection { most_heads, most_area })
}

fn silent(pack: &Pack, chosen: Option<&Silence>) -> Result<SilentRule, Refusal> {
    let ruled = &pack.terms.silent_votes;
    let any = |is_wanted: bool| if is_wanted { Delivery::ALL.to_vec() } else { Vec::new() };
    let refuse = || {
        let evidence = format!("{}：{}", ruled.pack, ruled.says);
        UNFIT_PACK.refuse(evidence)
    };
    let by = |silence: &Silence, proof: bool| match silence.means {
        SilenceMeans::Abstains => {
            SilentRule::Abstains { clause: silence.clause.clone(), proof: any(proof) }
        }
        SilenceMeans::WithMajority => {
            SilentRule::WithMajority { clause: silence.clause.clone(), proof: any(proof) }
        }
    };
    match (ruled.value, chosen) {
        (SilentVotes::Abstains {}, None) => {
            Ok(SilentRule::Abstains { clause: ruled.article.clone(), proof: Vec::new() })
        }
        (_, None) => Ok(SilentRule::None {}),
        (SilentVotes::ByCovenant { proof_of_delivery }, Some(silence)) => {
            Ok(by(silence, proof_of_delivery))
        }
        (SilentVotes::WithMajority { proof_of_delivery }, Some(silence))
            if silence.means == SilenceMeans::WithMajority =>
        {
            Ok(by(silence, proof_of_delivery))
        }
        (SilentVotes::Abstains {}, Some(silence)) if silence.means == SilenceMeans::Abstains => {
            Ok(by(silence, false))
        }
        _ => Err(refuse()),
    }
}

impl Terms {
    /// The usual terms, with the pack's notice and what it counts.
    ///
    /// # Errors
    /// `governance.unfit-pack`.
    pub fn of(pack: &Pack) -> Result<Terms, Refusal> {
        let mut usual = Terms::default();
        let notice = pack.notice_days(NoticeKind::Meeting);
        let heads = &pack.terms.vote_heads;
        match *notice.value {
            None => usual.notice_days = 0,
            Some(n) if n.is == Clocks::AtLeast && n.counted == Days::Calendar => {
                usual.notice_days = n.days;
            }
            Some(_) => {
                let evidence = format!("{}：{}", notice.pack, notice.says);
                return Err(UNFIT_PACK.refuse(evidence));
            }
        }
        if !(heads.developer_once && heads.person_once) {
            return Err(UNFIT_PACK.refuse(format!("{}：{}", heads.pack, heads.says)));
        }
        if heads.with_parking {
            usual.voting.push(Usage::Parking);
        }
        Ok(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::super::matter;
    use super::*;
    use crate::policy::{Jurisdiction, Library};

    fn pack(code: &str, on: &str) -> Pack {
        let code = Jurisdiction::of_area(code).unwrap();
        Library::shipped().at(&code, on.parse().unwrap()).unwrap()
    }

    #[test]
    fn todays_law_is_the_civil_codes() {
        for code in ["100000", "310000", "330100", "110000"] {
            let pack = pack(code, "2026-06-01");
            for item in &matter::ITEMS {
                let rule = VoteRule::of(&pack, item.matter, &Chosen::default()).unwrap();
                let national = VoteRule::national(item.matter);
                assert_eq!(rule.in_chinese(), national.in_chinese(), "{code} {}", item.name);
                assert!(
                    rule.pack.contains(code) && rule.article.starts_with(&item.matter.article())
                );
            }
            assert!(Terms::of(&pack).is_ok());
        }
    }

    #[test]
    fn before_the_civil_code_two_thirds_of_all_had_to_agree() {
        let old = VoteRule::of(&pack("100000", "2015-01-01"), Matter::UseFund, &Chosen::default());
        let legacy = VoteRule::legacy_two_thirds_of_all(Matter::UseFund);
        assert_eq!(old.unwrap().in_chinese(), legacy.in_chinese());
    }
}
