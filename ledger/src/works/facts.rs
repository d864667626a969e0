//! What a project's steps say, taken together: its facts.
//!
//! Owns: [`Facts`], [`Stage`], and folding steps into them. Knows no database.
//!
//! Always: the facts are what the steps say, in their order, and nothing else. A new plan, check or vote lapses an application
//! that was made before it, and with it every decision on it: nobody's approval covers what they have not seen.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::step::*;
use crate::books::Role;
use crate::calendar::Day;
use crate::governance::Resolution;
use crate::id::{
    DwellingNo, LineNo, MatterNo, MotionNo, OrgNo, PaidNo, ProjectNo, RoundNo, StepNo, VoucherSeq,
};
use crate::money::Money;
use crate::policy::terms::Power;

/// Somebody, in a role, of an organisation if they belong to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The account.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The organisation.
    pub org: Option<OrgNo>,
}

impl By {
    /// Whether these two are one party: the same person, the same organisation, or the same seat.
    #[must_use]
    pub fn is_of(&self, other: &By) -> bool {
        self.name == other.name
            || (self.org.is_some() && self.org == other.org)
            || self.role == other.role
    }
}

/// A project as it was proposed.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its number.
    pub no: ProjectNo,
    /// The matter its postings are about.
    pub matter: MatterNo,
    /// What was proposed.
    pub proposal: Proposal,
    /// When.
    pub proposed_on: Day,
    /// By whom.
    pub by: By,
}

/// A step as it stands.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its number in the project.
    pub no: StepNo,
    /// When it was recorded.
    pub on: Day,
    /// By whom.
    pub by: By,
    /// Its digest.
    pub digest: String,
    /// What it says.
    pub step: Step,
}

/// One body of a step, with its step.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The step.
    pub no: StepNo,
    /// When it was recorded.
    pub on: Day,
    /// By whom.
    pub by: By,
    /// The step's digest.
    pub digest: String,
    /// What it says.
    pub is: T,
}

/// Money that went to the payee, or came back.
#[derive(Clone, Debug)]
pub struct Paid {
    /// Its number.
    pub no: PaidNo,
    /// The request it pays; of a claim-back, the step it stands on.
    pub request: StepNo,
    /// The decision it stands on.
    pub decision: Option<StepNo>,
    /// Whether it came back.
    pub is_back: bool,
    /// Whether its voucher was reversed: it moved nothing. What is due is asked for anew.
    pub is_reversed: bool,
    /// How much of what the scope bears.
    pub amount: Money,
    /// Of that, the fund's.
    pub fund: Money,
    /// When.
    pub on: Day,
    /// The bank's line.
    pub line: Option<LineNo>,
    /// The voucher; none where nothing was the fund's.
    pub voucher: Option<VoucherSeq>,
    /// The owners' decision it stands on; an emergency has none.
    pub resolution: Option<(RoundNo, MotionNo)>,
    /// The pack it was judged by.
    pub pack: String,
}

/// The owners' decision that carries the plan, as the gate needs it.
#[derive(Clone, Debug)]
pub struct Carried {
    /// Round and motion.
    pub number: (RoundNo, MotionNo),
    /// The plan it was announced with.
    pub plan: String,
    /// The most it allows.
    pub cap: Money,
    /// Who was on the roll.
    pub dwellings: BTreeSet<DwellingNo>,
    /// The first day of voting.
    pub opened_on: Day,
    /// The day of the result.
    pub passed_on: Day,
    /// The article.
    pub article: String,
}

impl From<&Resolution> for Carried {
    fn from(resolution: &Resolution) -> Carried {
        Carried {
            number: resolution.number(),
            plan: resolution.plan().to_owned(),
            cap: resolution.amount_cap(),
            dwellings: resolution.dwellings().iter().copied().collect(),
            opened_on: resolution.opened_on(),
            passed_on: resolution.passed_on(),
            article: resolution.article().to_owned(),
        }
    }
}

/// How far a project has come: read off its steps, for lists and people.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ProjectStage", description = "项目的阶段")]
pub enum Stage {
    /// 已立项.
    #[schemars(description = "已立项")]
    Proposed,
    /// 有方案.
    #[schemars(description = "已有方案")]
    Planned,
    /// 已表决.
    #[schemars(description = "已表决通过或应急已确认")]
    Resolved,
    /// 已申请.
    #[schemars(description = "已申请")]
    Applied,
    /// 已批准.
    #[schemars(description = "已批准，资金已预留")]
    Approved,
    /// 施工中.
    #[schemars(description = "施工中")]
    Underway,
    /// 已验收.
    #[schemars(description = "已验收")]
    Accepted,
    /// 已决算.
    #[schemars(description = "已决算")]
    Settled,
    /// 已归档.
    #[schemars(description = "已归档")]
    Archived,
    /// 已撤回.
    #[schemars(description = "已撤回")]
    Withdrawn,
}

impl Stage {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Stage::Proposed => "已立项",
            Stage::Planned => "已有方案",
            Stage::Resolved => "已表决",
            Stage::Applied => "已申请",
            Stage::Approved => "已批准",
            Stage::Underway => "施工中",
            Stage::Accepted => "已验收",
            Stage::Settled => "已决算",
            Stage::Archived => "已归档",
            Stage::Withdrawn => "已撤回",
        }
    }
}

/// Everything a project's steps say.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The project.
    pub project: Project,
    /// The plan in force.
    pub plan: Option<At<Plan>>,
    /// The check in force.
    pub check: Option<At<Check>>,
    /// The notices.
    pub notices: Vec<At<Notice>>,
    /// The objections.
    pub objections: Vec<At<Objection>>,
    /// Which were answered.
    pub answered: BTreeSet<StepNo>,
    /// The vote that was declared.
    pub vote: Option<At<Vote>>,
    /// What it decided.
    pub carried: Option<Carried>,
    /// Who witnessed the emergency.
    pub witnesses: Vec<At<Witnessing>>,
    /// The application in force.
    pub application: Option<At<Application>>,
    /// The days of all applications, those that lapsed too.
    pub applied: Vec<(StepNo, Day)>,
    /// The decisions on it, and on requests.
    pub decisions: Vec<At<Decision>>,
    /// The contract.
    pub contract: Option<At<Contract>>,
    /// 开工.
    pub started_on: Option<Day>,
    /// 竣工.
    pub finished_on: Option<Day>,
    /// 验收.
    pub acceptance: Option<At<Acceptance>>,
    /// 审价.
    pub review: Option<At<Review>>,
    /// 决算.
    pub account: Option<At<FinalAccount>>,
    /// 保修期满.
    pub warranty_end: Option<At<WarrantyEnd>>,
    /// Declarations of interest.
    pub interests: Vec<At<Interest>>,
    /// What owners raised.
    pub raised: Vec<At<Raised>>,
    /// Requests of payment.
    pub requests: Vec<At<PaymentRequest>>,
    /// The order to repair in the owners' stead.
    pub order: Option<At<Order>>,
    /// What was paid and came back.
    pub paid: Vec<Paid>,
    /// The last step's number.
    pub last: StepNo,
    /// Whether it is archived, and with which digest.
    pub archived: Option<At<Archived>>,
    /// Whether it was withdrawn.
    pub withdrawn: Option<At<Withdrawal>>,
}

impl Facts {
    /// What a project's steps say.
    #[must_use]
    pub fn of(project: Project, steps: Vec<Recorded>, paid: Vec<Paid>) -> Facts {
        let mut facts = Facts {
            project,
            plan: None,
            check: None,
            notices: Vec::new(),
            objections: Vec::new(),
            answered: BTreeSet::new(),
            vote: None,
            carried: None,
            witnesses: Vec::new(),
            application: None,
            applied: Vec::new(),
            decisions: Vec::new(),
            contract: None,
            started_on: None,
            finished_on: None,
            acceptance: None,
            review: None,
            account: None,
            warranty_end: None,
            interests: Vec::new(),
            raised: Vec::new(),
            requests: Vec::new(),
            order: None,
            paid,
            last: StepNo(0),
            archived: None,
            withdrawn: None,
        };
        for step in steps {
            facts.add(step);
        }
        facts
    }

    /// Takes one step more.
    pub(super) fn add(&mut self, recorded: Recorded) {
        let Recorded { no, on, by, digest, step } = recorded;
        self.last = no;
        macro_rules! at {
            ($is:expr) => {
                At { no, on, by, digest, is: $is }
            };
        }
        match step {
            Step::Plan(plan) => {
                // What follows was said of another plan.
                self.check = None;
                self.vote = None;
                self.application = None;
                self.plan = Some(at!(plan));
            }
            Step::Check(check) => {
                if !self.is_approved() {
                    self.application = None;
                }
                self.check = Some(at!(check));
            }
            Step::Notice(notice) => self.notices.push(at!(notice)),
            Step::Objection(objection) => self.objections.push(at!(objection)),
            Step::Answer(answer) => {
                self.answered.insert(answer.objection);
            }
            Step::Vote(vote) => {
                self.application = None;
                self.vote = Some(at!(vote));
            }
            Step::Witnessing(witnessing) => self.witnesses.push(at!(witnessing)),
            Step::Application(application) => {
                self.applied.push((no, on));
                self.application = Some(at!(application));
            }
            Step::Decision(decision) => self.decisions.push(at!(decision)),
            Step::Contract(contract) => self.contract = Some(at!(contract)),
            Step::Progress(progress) => match progress.of {
                Milestone::Started => self.started_on = Some(progress.on),
                Milestone::Finished => self.finished_on = Some(progress.on),
            },
            Step::Acceptance(acceptance) => self.acceptance = Some(at!(acceptance)),
            Step::Review(review) => self.review = Some(at!(review)),
            Step::FinalAccount(account) => self.account = Some(at!(account)),
            Step::WarrantyEnd(end) => self.warranty_end = Some(at!(end)),
            Step::Interest(interest) => self.interests.push(at!(interest)),
            Step::Raised(raised) => self.raised.push(at!(raised)),
            Step::Request(request) => self.requests.push(at!(request)),
            Step::Order(order) => self.order = Some(at!(order)),
            Step::Withdrawal(withdrawal) => self.withdrawn = Some(at!(withdrawal)),
            Step::Archived(archived) => self.archived = Some(at!(archived)),
        }
    }

    /// Its number.
    #[must_use]
    pub fn no(&self) -> ProjectNo {
        self.project.no
    }

    /// What the plan is announced under: the number and the first half of its digest. A motion names it.
    #[must_use]
    pub fn plan_name(&self) -> Option<String> {
        let plan = self.plan.as_ref()?;
        Some(format!("项目 {} 方案 {}", self.no(), plan.digest.get(..32).unwrap_or_default()))
    }

    /// The movements that stand.
    pub fn standing(&self) -> impl Iterator<Item = &Paid> {
        self.paid.iter().filter(|paid| !paid.is_reversed)
    }

    /// What came out on balance of what the scope bears.
    #[must_use]
    pub fn paid_so_far(&self) -> Money {
        self.standing().map(|p| if p.is_back { -p.amount } else { p.amount }).sum()
    }

    /// Of that, the fund's.
    #[must_use]
    pub fn paid_by_fund(&self) -> Money {
        self.standing().map(|p| if p.is_back { -p.fund } else { p.fund }).sum()
    }

    /// The decisions on the application in force.
    pub fn on_application(&self) -> impl Iterator<Item = &At<Decision>> {
        let digest = self.application.as_ref().map(|application| application.digest.as_str());
        self.decisions.iter().filter(move |d| {
            d.is.on == DecidedOn::Application {} && Some(d.is.digest.as_str()) == digest
        })
    }

    /// The last decision on the application by a power in a kind of seat.
    #[must_use]
    pub fn decided(&self, power: Power, seats: &[Role]) -> Option<&At<Decision>> {
        let of = |d: &&At<Decision>| d.is.power == power && seats.contains(&d.by.role);
        self.on_application().filter(of).last()
    }

    /// Whether an approval of the application stands.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        let last = self.on_application().filter(|d| d.is.power == Power::Approval).last();
        last.is_some_and(|d| d.is.agrees)
    }

    /// The approval of a request, if it stands.
    #[must_use]
    pub fn approval_of(&self, request: &At<PaymentRequest>) -> Option<&At<Decision>> {
        let on = DecidedOn::Request { step_no: request.no };
        let of = |d: &&At<Decision>| d.is.on == on && d.is.digest == request.digest;
        self.decisions.iter().rfind(of).filter(|d| d.is.agrees)
    }

    /// Whether a request was paid.
    #[must_use]
    pub fn is_paid(&self, request: StepNo) -> bool {
        self.paid.iter().any(|p| !p.is_back && p.request == request)
    }

    /// The request that waits: the last one, if it is not paid.
    #[must_use]
    pub fn open_request(&self) -> Option<&At<PaymentRequest>> {
        self.requests.last().filter(|request| !self.is_paid(request.no))
    }

    /// The request that waits and was not returned: what is still to be decided on or paid.
    #[must_use]
    pub fn undecided_request(&self) -> Option<&At<PaymentRequest>> {
        let is_returned = |request: &At<PaymentRequest>| {
            let on = DecidedOn::Request { step_no: request.no };
            let of = |d: &&At<Decision>| d.is.on == on && d.is.digest == request.digest;
            self.decisions.iter().rfind(of).is_some_and(|d| !d.is.agrees)
        };
        self.open_request().filter(|request| !is_returned(request))
    }

    /// The last notice of something, recorded after a step.
    #[must_use]
    pub fn notice(&self, of: NoticeOf, after: StepNo) -> Option<&At<Notice>> {
        self.notices.iter().rfind(|n| n.is.of == of && n.no > after)
    }

    /// The objections nobody has answered.
    pub fn open_objections(&self) -> impl Iterator<Item = &At<Objection>> {
        self.objections.iter().filter(|o| !self.answered.contains(&o.no))
    }

    /// How far it has come.
    #[must_use]
    pub fn stage(&self) -> Stage {
        if self.withdrawn.is_some() {
            Stage::Withdrawn
        } else if self.archived.is_some() {
            Stage::Archived
        } else if self.account.is_some() {
            Stage::Settled
        } else if self.acceptance.as_ref().is_some_and(|a| a.is.is_passed) {
            Stage::Accepted
        } else if self.started_on.is_some() {
            Stage::Underway
        } else if self.is_approved() {
            Stage::Approved
        } else if self.application.is_some() {
            Stage::Applied
        } else if self.vote.is_some() || !self.witnesses.is_empty() {
            Stage::Resolved
        } else if self.plan.is_some() {
            Stage::Planned
        } else {
            Stage::Proposed
        }
    }

    /// Who is paid, and on which account: the contractor; where an authority repairs, its account.
    #[must_use]
    pub fn payee(&self) -> Option<(&str, &str)> {
        if let Some(order) = &self.order {
            return Some((&order.is.payee, &order.is.account_no));
        }
        let contract = self.contract.as_ref()?;
        Some((&contract.is.contractor, &contract.is.account_no))
    }
}
