//! Every parameter a pack may have: its name, its kind, its unit, and where it is read.
//!
//! Always: a parameter that is not here is refused, a value that is not of its kind is refused, and the nation's pack has
//! all of them, so that a resolved pack answers every question. A new parameter is one line here and one in every
//! version of the nation's pack.

use std::ops::Deref;

use serde::Serialize;

use super::terms::*;
use super::text::{Evidence, Parameter};
use super::{Jurisdiction, PackName};
use crate::money::Money;

/// A term, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ruled<T> {
    /// The term.
    pub value: T,
    /// The article it stands in, in Chinese.
    pub article: String,
    /// What it says, in our words.
    pub says: String,
    /// How sure we are.
    pub evidence: Evidence,
    /// Where it was read (`domain.md` §0.2).
    pub source: String,
    /// The pack it came from: the jurisdiction's own, or one it inherits from.
    pub pack: PackName,
}

impl<T> Deref for Ruled<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// A parameter as the catalogue knows it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in a pack's text.
    pub name: &'static str,
    /// What its figures are counted in, in Chinese.
    pub unit: &'static str,
    pub(super) check: fn(&toml::Value) -> Result<(), String>,
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $name:literal, $unit:literal;)*) => {
        /// The terms of a resolved pack, one a parameter.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct Terms {
            $($(#[$doc])* #[serde(rename = $name)] pub $field: Ruled<$kind>,)*
        }

        /// The catalogue, in the order it is read.
        pub static CATALOGUE: &[Entry] = &[$(Entry {
            name: $name,
            unit: $unit,
            check: check::<$kind>,
        },)*];

        impl Terms {
            /// Gathers every term; `find` answers with the nearest pack that has the parameter.
            pub(super) fn gather<'a>(
                find: impl Fn(&str) -> Option<(&'a Parameter, PackName)>,
            ) -> Result<Terms, &'static str> {
                Ok(Terms { $($field: ruled($name, find($name))?,)* })
            }
        }
    };
}

fn read<T: serde::de::DeserializeOwned>(value: &toml::Value) -> Result<T, String> {
    value.clone().try_into().map_err(|e: toml::de::Error| e.message().to_owned())
}

/// Whether a value is of its kind, with no cell that nobody reads: what was read is written again, and must have them all.
fn check<T: serde::de::DeserializeOwned + Serialize>(value: &toml::Value) -> Result<(), String> {
    let read: T = read(value)?;
    let back = toml::Value::try_from(read).map_err(|e| e.to_string())?;
    stray(value, &back).map_or(Ok(()), |cell| Err(format!("多出 {cell}")))
}

/// The first cell that is in one value and not in the other.
fn stray(value: &toml::Value, back: &toml::Value) -> Option<String> {
    match (value, back) {
        (toml::Value::Table(given), toml::Value::Table(known)) => {
            given.iter().find_map(|(cell, value)| match known.get(cell) {
                Some(back) => stray(value, back),
                None => Some(cell.clone()),
            })
        }
        (toml::Value::Array(given), toml::Value::Array(known)) => {
            given.iter().zip(known).find_map(|(value, back)| stray(value, back))
        }
        _ => None,
    }
}

fn ruled<T: serde::de::DeserializeOwned>(
    name: &'static str,
    found: Option<(&Parameter, PackName)>,
) -> Result<Ruled<T>, &'static str> {
    let (parameter, pack) = found.ok_or(name)?;
    Ok(Ruled {
        // Every parameter was checked against the catalogue when its pack was read.
        value: read(&parameter.value).map_err(|_| name)?,
        article: parameter.article.clone(),
        says: parameter.says.clone(),
        evidence: parameter.evidence,
        source: parameter.source.clone(),
        pack,
    })
}

/// The class of every matter of 民法典 278, one field a matter, so that none is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MatterClasses {
    assembly_rules: MatterClass,
    covenant: MatterClass,
    committee_election: MatterClass,
    property_company: MatterClass,
    use_fund: MatterClass,
    raise_fund: MatterClass,
    rebuild: MatterClass,
    change_common_parts: MatterClass,
    other: MatterClass,
}

impl MatterClasses {
    /// The class of a matter.
    #[must_use]
    pub const fn of(&self, matter: Matter) -> MatterClass {
        match matter {
            Matter::AssemblyRules => self.assembly_rules,
            Matter::Covenant => self.covenant,
            Matter::CommitteeElection => self.committee_election,
            Matter::PropertyCompany => self.property_company,
            Matter::UseFund => self.use_fund,
            Matter::RaiseFund => self.raise_fund,
            Matter::Rebuild => self.rebuild,
            Matter::ChangeCommonParts => self.change_common_parts,
            Matter::Other => self.other,
        }
    }
}

parameters! {
    /// Which threshold each matter needs.
    matter_classes: MatterClasses = "matter-classes", "类别";
    /// The threshold of ordinary matters.
    vote_ordinary: Threshold = "vote-ordinary", "面积与人数占比";
    /// The threshold of special matters.
    vote_special: Threshold = "vote-special", "面积与人数占比";
    /// How heads are counted.
    vote_heads: Heads = "vote-heads", "人数";
    /// Whether a matter of one building or stair is decided by its owners alone.
    vote_by_part: bool = "vote-by-part", "是否";
    /// What becomes of silent ballots.
    silent_votes: SilentVotes = "silent-votes", "规则";
    /// The objection vote, where there is one.
    objection_vote: Perhaps<ObjectionVote> = "objection-vote", "面积与人数占比";

    /// When a dwelling's fund must be topped up.
    renew_below: RenewBelow = "renew-below", "占首期交存额";
    /// Up to what.
    renew_to: RenewTo = "renew-to", "占首期交存额、日";
    /// How it may be paid.
    renew_instalments: Vec<Instalment> = "renew-instalments", "方式";

    /// The standards of the first deposit and of monthly levies.
    levy: Vec<Levy> = "levy", "元/平方米、占比";
    /// How the books are divided.
    book_unit: BookUnit = "book-unit", "单位";
    /// What idle money may be.
    idle_money: Vec<IdleMoney> = "idle-money", "品种";
    /// The models of interest, by name.
    interest_models: InterestModels = "interest-models", "模型";
    /// The jurisdiction's interest.
    interest: Perhaps<InterestChoice> = "interest", "模型";
    /// By what gains are shared that no model of interest shares out.
    gains_shared_by: GainsBy = "gains-shared-by", "依据";
    /// Where the residual value of scrapped equipment goes.
    residual_value: Residual = "residual-value", "去向";
    /// How much of the net public revenue goes into the fund.
    revenue_to_fund: Perhaps<RevenueToFund> = "revenue-to-fund", "占净收益";
    /// What may be deducted before revenue is the owners'.
    revenue_cost: RevenueCost = "revenue-cost", "占不含税收入";
    /// Whether income goes straight into the separate account, through nobody's hands.
    revenue_straight_in: bool = "revenue-straight-in", "是否";
    /// For what the owners' part may be spent.
    revenue_uses: RevenueUses = "revenue-uses", "元";
    /// By which days things of public revenue are due.
    revenue_clocks: RevenueClocks = "revenue-clocks", "月、日";
    /// Who gets the money of a selling unit that is gone.
    extinct_selling_unit: ExtinctSellingUnit = "refund-of-extinct-selling-unit", "去向";

    /// What is never paid.
    never_payable: Vec<NeverPayable> = "never-payable", "情形";
    /// Whether the fund pays only after the warranty.
    after_warranty_only: bool = "after-warranty-only", "是否";
    /// Whether nothing may be used before the developer filed the assembly's report.
    blocked_before_assembly_report: bool = "blocked-before-assembly-report", "是否";
    /// Who decides on a use of the fund.
    use_powers: UsePowers = "use-powers", "权限";
    /// How a cost is shared.
    sharing: Sharing = "sharing", "规则";
    /// How a roof terrace is shared.
    roof_sharing: RoofSharing = "roof-sharing", "占费用";
    /// Which part of a balance is drawn first.
    draw_order: DrawOrder = "draw-order", "次序";
    /// Who signs the contract of works.
    contract_parties: Vec<Party> = "contract-parties", "当事人";
    /// Caps of payments.
    payment_caps: PaymentCaps = "payment-caps", "占合同价";
    /// When the last part of the price is released.
    retention: Retention = "retention", "占审定价";
    /// When a final account must be audited.
    audit: Audit = "audit", "元";
    /// From which overrun on a new approval is needed.
    overrun: Perhaps<Overrun> = "overrun", "占预算、元";

    /// The emergencies known.
    emergency_cases: Vec<EmergencyCase> = "emergency-cases", "情形";
    /// Who says so instead of the owners' vote.
    emergency_path: EmergencyPath = "emergency-path", "路径";
    /// The reserve set aside for emergencies, of the first deposits.
    emergency_reserve: Perhaps<Fraction> = "emergency-reserve", "占首期交存总额";
    /// The most that emergencies may use, of the first deposits.
    emergency_cap: Perhaps<Bar<Fraction>> = "emergency-cap", "占首期交存总额";
    /// What may be paid at once.
    emergency_advance: Perhaps<Advance> = "emergency-advance", "占申请额";

    /// Clock: a regular meeting's announcement.
    notice_meeting: Perhaps<Notice> = "notice-meeting", "日";
    /// Clock: an extraordinary meeting's.
    notice_extraordinary_meeting: Perhaps<Notice> = "notice-extraordinary-meeting", "日";
    /// Clock: the plan before the vote.
    notice_plan: Perhaps<Notice> = "notice-plan", "日";
    /// Clock: the result.
    notice_result: Perhaps<Notice> = "notice-result", "日";
    /// Clock: a committee's decision.
    notice_committee_decision: Perhaps<Notice> = "notice-committee-decision", "日";
    /// Clock: an emergency's settlement.
    notice_emergency_settlement: Perhaps<Notice> = "notice-emergency-settlement", "日";
    /// Clock: the authority's decision on an emergency.
    notice_emergency_decision: Perhaps<Notice> = "notice-emergency-decision", "日";
    /// Clock: after this silence the authority repairs by itself.
    notice_emergency_silence: Perhaps<Notice> = "notice-emergency-silence", "日";
    /// Clock: the choice of a bank.
    notice_bank_choice: Perhaps<Notice> = "notice-bank-choice", "日";
    /// Clock: the hand-over of money and books.
    notice_handover: Perhaps<Notice> = "notice-handover", "日";
    /// Clock: the selling unit's deposit.
    notice_selling_unit_deposit: Perhaps<Notice> = "notice-selling-unit-deposit", "日";

    /// How often the fund is published.
    disclosure: Disclosure = "disclosure", "期间";
    /// How often a fund the owners manage themselves is.
    disclosure_self_managed: Disclosure = "disclosure-self-managed", "期间";
    /// How often public revenue is.
    disclosure_revenue: Disclosure = "disclosure-revenue", "期间";
    /// The yearly audit.
    yearly_audit: Perhaps<YearlyAudit> = "yearly-audit", "日期、日";

    /// The renewal of old compounds.
    renovation: RenovationTerms = "renovation", "日期、占比";

    /// How far ahead service fees may be taken.
    prepay_most: Perhaps<PrepayMost> = "prepay-most", "月";

    /// What needs a second person.
    second_person: Vec<Deed> = "second-person", "事项";
    /// What needs a second factor.
    second_factor: Vec<Deed> = "second-factor", "事项";
}

/// An emergency as a resolved pack sees it.
#[derive(Clone, Copy, Debug)]
pub struct Emergency<'a> {
    /// What proves it.
    pub case: &'a EmergencyCase,
    /// Who says so.
    pub path: &'a Ruled<EmergencyPath>,
    /// What may be paid at once.
    pub advance: &'a Ruled<Perhaps<Advance>>,
}

/// A pack resolved for a jurisdiction and a day: every parameter, from the nearest pack that has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pack {
    /// For whom it was resolved.
    pub jurisdiction: Jurisdiction,
    /// The jurisdiction's name in Chinese, as its own pack says it.
    pub title: String,
    /// What is stored with every result.
    pub provenance: super::Provenance,
    /// The terms.
    pub terms: Terms,
    /// The predicates of the gate, in their order.
    pub predicates: Vec<Ruled<super::text::PredicateText>>,
}

impl Pack {
    /// What a vote on a matter needs.
    #[must_use]
    pub fn vote_threshold(&self, matter: Matter) -> &Ruled<Threshold> {
        match self.terms.matter_classes.of(matter) {
            MatterClass::Ordinary => &self.terms.vote_ordinary,
            MatterClass::Special => &self.terms.vote_special,
        }
    }

    /// A clock of the procedure; its value is none where the law knows none.
    #[must_use]
    pub fn notice_days(&self, kind: NoticeKind) -> &Ruled<Perhaps<Notice>> {
        let terms = &self.terms;
        match kind {
            NoticeKind::Meeting => &terms.notice_meeting,
            NoticeKind::ExtraordinaryMeeting => &terms.notice_extraordinary_meeting,
            NoticeKind::Plan => &terms.notice_plan,
            NoticeKind::Result => &terms.notice_result,
            NoticeKind::CommitteeDecision => &terms.notice_committee_decision,
            NoticeKind::EmergencySettlement => &terms.notice_emergency_settlement,
            NoticeKind::EmergencyDecision => &terms.notice_emergency_decision,
            NoticeKind::EmergencySilence => &terms.notice_emergency_silence,
            NoticeKind::BankChoice => &terms.notice_bank_choice,
            NoticeKind::Handover => &terms.notice_handover,
            NoticeKind::SellingUnitDeposit => &terms.notice_selling_unit_deposit,
        }
    }

    /// An emergency, if the jurisdiction knows it.
    #[must_use]
    pub fn emergency(&self, kind: EmergencyKind) -> Option<Emergency<'_>> {
        let case = self.terms.emergency_cases.iter().find(|case| case.kind == kind)?;
        Some(Emergency {
            case,
            path: &self.terms.emergency_path,
            advance: &self.terms.emergency_advance,
        })
    }

    /// Whether a final account of this amount must be audited.
    #[must_use]
    pub fn audit_required(&self, final_account: Money) -> bool {
        self.terms.audit.is_required(final_account)
    }

    /// Whether a final account over its budget needs a new approval.
    #[must_use]
    pub fn overrun_needs_approval(&self, budget: Money, final_account: Money) -> bool {
        self.terms.overrun.is_some_and(|overrun| overrun.needs_approval(budget, final_account))
    }

    /// The standards for what is levied on, with or without a lift.
    #[must_use]
    pub fn levy(&self, on: Levied, lift: bool, payer: Payer) -> Option<&Levy> {
        let fits = |levy: &&Levy| {
            levy.on == on && levy.payer == payer && levy.lift.is_none_or(|with| with == lift)
        };
        self.terms.levy.iter().find(fits)
    }

    /// How gains reach the dwellings; none where the jurisdiction states nothing.
    #[must_use]
    pub fn interest(&self) -> Option<&Interest> {
        match self.terms.interest.value.0.as_ref()? {
            InterestChoice::Named(name) => self.terms.interest_models.get(name),
            InterestChoice::Own(own) => Some(own),
        }
    }

    /// Whether a deed needs a second person.
    #[must_use]
    pub fn needs_second_person(&self, deed: Deed) -> bool {
        self.terms.second_person.contains(&deed)
    }

    /// Whether a deed needs a second factor.
    #[must_use]
    pub fn needs_second_factor(&self, deed: Deed) -> bool {
        self.terms.second_factor.contains(&deed)
    }

    /// A predicate of the gate.
    #[must_use]
    pub fn predicate(
        &self,
        name: super::text::Predicate,
    ) -> Option<&Ruled<super::text::PredicateText>> {
        self.predicates.iter().find(|predicate| predicate.name == name)
    }

    /// The predicates of one path, in their order.
    pub fn gate(
        &self,
        path: super::text::Path,
    ) -> impl Iterator<Item = &Ruled<super::text::PredicateText>> {
        self.predicates.iter().filter(move |predicate| predicate.paths.contains(&path))
    }
}
