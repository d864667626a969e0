//! The gate by itself: facts in, the whole list out. Each condition made false once (`golden/gate.txt`: code, article, evidence,
//! remedy), and every bound at its figure and a fen or a day beside it (`domain.md` §7: TV-7, 8, 14, 15).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ledger::allocation::{Basis, Place, Short, Why, Work};
use ledger::books::Role;
use ledger::id::{DwellingNo, MatterNo, MotionNo, PaidNo, ProjectNo, RoundNo, StepNo};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::policy::terms::{EmergencyKind, Fraction, NeverPayable, Party, Power, Witness};
use ledger::policy::{Pack, Path, Predicate};
use ledger::property::{Housing, RoomCode};
use ledger::works::facts::{At, By, Carried, Facts, Paid, Project, Recorded};
use ledger::works::gate::{Scene, gate, is_in_the_way, pass};
use ledger::works::share::{Drawn, draws};
use ledger::works::step::*;
use ledger::works::{Asked, Finding, State};

use crate::paper::golden;
use crate::policy::{library, pack};
use crate::world::day;

const COMPANY: Role = Role::PropertyCompany;
const COMMITTEE: Role = Role::OwnersCommittee;
const STREET: Role = Role::StreetOffice;

/// A project about to be paid: everything is as it must be until a test changes it.
#[derive(Clone)]
struct Case {
    pack: Pack,
    proposal: Proposal,
    steps: Vec<(Role, &'static str, Step)>,
    carried: Option<Carried>,
    asked: Asked,
    today: &'static str,
    paid: Vec<Paid>,
    balances: [i64; 3],
    voters: BTreeSet<DwellingNo>,
    below: Vec<String>,
    other_emergencies: i64,
    first_deposits: i64,
    decider: Option<Role>,
    paid_on: Option<&'static str>,
}

fn law(code: &str) -> Pack {
    pack(&library(), code, "2026-01-05")
}

fn fen(n: i64) -> Money {
    Money::fen(n)
}

fn words(text: &str) -> String {
    text.to_owned()
}

fn plan(budget: i64) -> Plan {
    Plan {
        content: words("屋面防水层翻修"),
        budget_fen: fen(budget),
        scope: Where::Compound {},
        removed: Vec::new(),
        shared_by: SharedBy::Lawful {},
        agreement: String::new(),
        short: Short::OwnerPays,
        left_out: Vec::new(),
        selling_units: Vec::new(),
    }
}

fn check() -> Check {
    Check {
        on: day("2026-01-05"),
        common_part: words("屋面"),
        warranty_until_on: day("2015-12-31"),
        checked: vec![
            NeverPayable::BuilderLiability,
            NeverPayable::UtilityLines,
            NeverPayable::DamageByPerson,
            NeverPayable::PropertyCompanyDuty,
        ],
        found: Vec::new(),
        assembly_reported: true,
        evidence: words("照片"),
    }
}

fn notice(of: NoticeOf, on: &str) -> Notice {
    let (place, evidence) = (words("门厅"), words("照片"));
    Notice { of, posted_on: day(on), until_on: None, place, evidence }
}

fn contract(price: i64) -> Contract {
    Contract {
        contractor: words("某防水工程公司"),
        account_no: words("3100001"),
        price_fen: fen(price),
        signed_on: day("2026-02-04"),
        parties: vec![Party::Assembly, Party::PropertyCompany, Party::Contractor],
        retention: None,
        retained_until_on: None,
        replaces: None,
        evidence: words("合同 1"),
    }
}

fn request(amount: i64) -> PaymentRequest {
    PaymentRequest {
        amount_fen: fen(amount),
        payee: words("某防水工程公司"),
        account_no: words("3100001"),
        evidence: words("发票 1"),
    }
}

fn progress(of: Milestone, on: &str) -> Step {
    Step::Progress(Progress { of, on: day(on), evidence: words("报告") })
}

fn acceptance(on: &str) -> Step {
    Step::Acceptance(Acceptance {
        on: day(on),
        is_passed: true,
        signed_by: words("各方"),
        evidence: words("验收单"),
    })
}

fn review(amount: i64, on: &str) -> Step {
    let (reviewer, evidence) = (words("某造价咨询公司"), words("审价报告"));
    Step::Review(Review { on: day(on), reviewer, amount_fen: fen(amount), evidence })
}

fn account(amount: i64, on: &str) -> Step {
    Step::FinalAccount(FinalAccount {
        on: day(on),
        amount_fen: fen(amount),
        committee_waives_review: false,
        evidence: words("决算书"),
    })
}

fn interest() -> Step {
    Step::Interest(Interest {
        contractor: words("某防水工程公司"),
        is_related: false,
        recused: Vec::new(),
        words: words("声明"),
    })
}

fn three() -> BTreeSet<DwellingNo> {
    (1..=3).map(DwellingNo).collect()
}

/// Approved, contracted, begun; 3,000.00 of 60,000.00 asked for.
fn ordinary(code: &str, budget: i64, asked: i64) -> Case {
    let decision = |power, opinion: &str| {
        Step::Decision(Decision {
            on: DecidedOn::Application {},
            digest: String::new(),
            power,
            agrees: true,
            opinion: words(opinion),
        })
    };
    let vote = Vote { round_no: RoundNo(1), motion_no: MotionNo(1) };
    let steps = vec![
        (COMPANY, "2026-01-05", Step::Plan(plan(budget))),
        (COMPANY, "2026-01-05", Step::Check(check())),
        (COMPANY, "2026-01-05", Step::Notice(notice(NoticeOf::Plan, "2026-01-05"))),
        (COMMITTEE, "2026-01-26", Step::Vote(vote)),
        (COMPANY, "2026-01-26", Step::Notice(notice(NoticeOf::Result, "2026-01-26"))),
        (COMPANY, "2026-02-03", Step::Application(Application { note: String::new() })),
        (COMMITTEE, "2026-02-03", decision(Power::Approval, "同意")),
        (STREET, "2026-02-03", decision(Power::Filing, "已备案")),
        (COMPANY, "2026-02-04", Step::Contract(contract(budget))),
        (COMMITTEE, "2026-02-04", interest()),
        (COMPANY, "2026-02-05", progress(Milestone::Started, "2026-02-05")),
        (COMPANY, "2026-02-06", Step::Request(request(asked))),
    ];
    Case {
        pack: law(code),
        proposal: Proposal {
            title: words("屋面维修"),
            path: Path::Ordinary,
            emergency: None,
            is_on_behalf: false,
            held_by: HeldBy::Assembly,
        },
        steps,
        carried: Some(Carried {
            number: (RoundNo(1), MotionNo(1)),
            plan: String::new(),
            cap: fen(budget),
            dwellings: three(),
            opened_on: day("2026-01-20"),
            passed_on: day("2026-01-26"),
            article: words("民法典第二百七十八条第一款第五项"),
        }),
        asked: Asked::Pay,
        today: "2026-02-06",
        paid: Vec::new(),
        balances: [50_000_000; 3],
        voters: three(),
        below: Vec::new(),
        other_emergencies: 0,
        first_deposits: 150_000_000,
        decider: Some(COMMITTEE),
        paid_on: None,
    }
}

/// A lift out of order: witnessed, ordered, repaired, 3,000.00 of 60,000.00 asked for.
fn emergency(code: &str, budget: i64, asked: i64) -> Case {
    let mut case = ordinary(code, budget, asked);
    case.proposal.path = Path::Emergency;
    case.proposal.emergency = Some(EmergencyKind::LiftFailure);
    case.carried = None;
    let witness = |by, power| {
        let (on, evidence) = (day("2026-01-05"), words("现场查看记录"));
        Step::Witnessing(Witnessing { by, power, on, evidence })
    };
    case.steps.retain(|(_, _, step)| !matches!(step, Step::Vote(_) | Step::Notice(_)));
    case.steps
        .insert(2, (STREET, "2026-01-05", witness(Witness::StreetOffice, Power::Confirmation)));
    case.steps.insert(
        2,
        (STREET, "2026-01-05", witness(Witness::ResidentsCommittee, Power::Certification)),
    );
    case.steps
        .insert(2, (COMMITTEE, "2026-01-05", witness(Witness::Committee, Power::Certification)));
    case
}

impl Case {
    /// Takes the place of every step of its kind.
    fn with(mut self, step: impl Into<Step>) -> Case {
        let step = step.into();
        let same = self.steps.iter_mut().find(|(_, _, old)| old.kind() == step.kind());
        same.expect("a step of this kind").2 = step;
        self
    }

    /// After everything.
    fn then(mut self, role: Role, on: &'static str, step: impl Into<Step>) -> Case {
        let at = self.steps.iter().position(|(_, _, s)| matches!(s, Step::Request(_)));
        let at = at.unwrap_or(self.steps.len());
        self.steps.insert(at, (role, on, step.into()));
        self
    }

    fn without(mut self, kind: &str) -> Case {
        self.steps.retain(|(_, _, step)| step.kind() != kind);
        self
    }

    fn but(mut self, change: impl FnOnce(&mut Case)) -> Case {
        change(&mut self);
        self
    }

    fn paid_before(mut self, amount: i64) -> Case {
        self.paid.push(Paid {
            no: PaidNo(1),
            request: StepNo(99),
            decision: None,
            is_back: false,
            is_reversed: false,
            amount: fen(amount),
            fund: fen(amount),
            on: day("2026-02-05"),
            line: None,
            voucher: None,
            resolution: None,
            pack: String::new(),
        });
        self
    }

    /// Works that are done: finished, accepted on 2 March.
    fn done(self) -> Case {
        self.then(COMPANY, "2026-03-01", progress(Milestone::Finished, "2026-03-01"))
            .then(COMMITTEE, "2026-03-02", acceptance("2026-03-02"))
            .but(|c| c.today = "2026-03-10")
    }

    fn facts(&self) -> Facts {
        let by = |role: Role| By { name: role.name().to_owned(), role, org: None };
        let project = Project {
            no: ProjectNo(1),
            matter: MatterNo(1),
            proposal: self.proposal.clone(),
            proposed_on: day("2026-01-05"),
            by: by(COMPANY),
        };
        let mut applied = String::new();
        let mut steps = Vec::new();
        for ((role, on, step), no) in self.steps.iter().zip(1..) {
            let mut step = step.clone();
            if let Step::Decision(decision) = &mut step {
                decision.digest = applied.clone();
            }
            let digest = step.digest(1, no).to_string();
            if let Step::Application(_) = step {
                applied = digest.clone();
            }
            steps.push(Recorded { no: StepNo(no), on: day(on), by: by(*role), digest, step });
        }
        let mut facts = Facts::of(project, steps, self.paid.clone());
        facts.carried = self.carried.clone().filter(|_| facts.vote.is_some());
        let named = facts.plan_name().unwrap_or_default();
        if let Some(carried) = &mut facts.carried
            && carried.plan.is_empty()
        {
            carried.plan = named;
        }
        facts
    }

    fn findings(&self) -> Vec<Finding> {
        let facts = self.facts();
        let place = |no: i32| Place {
            dwelling: DwellingNo(no),
            code: RoomCode::parse(&format!("1-1-{no}01")).unwrap(),
            floor: Some(no),
            area: Area::centi_m2(8_000),
            housing: Housing::Commodity,
            is_unsold: false,
            deposited: fen(self.balances[no as usize - 1]),
            principal: fen(self.balances[no as usize - 1]),
            gains: Money::ZERO,
            left_out: None,
        };
        let plan = facts.plan.as_ref().map(|plan| plan.is.clone());
        let work = Work {
            cost: Money::fen(1),
            removed: Vec::new(),
            basis: Basis::Lawful,
            short: plan.as_ref().map_or(Short::OwnerPays, |plan| plan.short),
            places: (1..=3).map(place).collect(),
            selling_units: Vec::new(),
        };
        let request: Option<At<PaymentRequest>> = facts.open_request().cloned();
        let total = match (self.asked, &request) {
            (Asked::Pay, Some(request)) => facts.paid_so_far() + request.is.amount_fen,
            _ => plan.map_or(fen(1), |plan| plan.to_share()),
        };
        let mut drawn: BTreeMap<DwellingNo, Drawn> = BTreeMap::new();
        if facts.paid_so_far().is_positive() {
            let before = draws(&work, &self.pack, facts.paid_so_far(), &drawn, &BTreeMap::new());
            for draw in before.unwrap().of {
                let (principal, gains) = (draw.principal, draw.gains);
                drawn.insert(draw.dwelling, Drawn { principal, gains });
            }
        }
        let scene = Scene {
            asked: self.asked,
            today: day(self.today),
            paid_on: self.paid_on.map(day),
            request: request.filter(|_| self.asked == Asked::Pay),
            decider: self.decider.map(|role| By { name: role.name().to_owned(), role, org: None }),
            draws: draws(&work, &self.pack, total, &drawn, &BTreeMap::new()),
            voters: self.voters.clone(),
            below: self.below.clone(),
            other_emergencies: fen(self.other_emergencies),
            first_deposits: fen(self.first_deposits),
        };
        gate(&self.pack, &facts, &scene)
    }

    /// Whether one condition holds.
    fn holds(&self, predicate: Predicate) -> bool {
        let found = self.findings();
        let finding = found.iter().find(|finding| finding.predicate == predicate).unwrap();
        finding.state == State::Holds
    }

    /// What stands in the way.
    fn shut_by(&self) -> Vec<Predicate> {
        let found = self.findings();
        let shut = found.iter().filter(|finding| is_in_the_way(finding, self.asked));
        shut.map(|finding| finding.predicate).collect()
    }
}

/// Each condition made false, and nothing else.
fn provoked() -> Vec<(Predicate, &'static str, Case)> {
    let base = || ordinary("100000", 6_000_000, 300_000);
    let urgent = || emergency("100000", 6_000_000, 300_000);
    let shanghai = || ordinary("310000", 6_000_000, 300_000);
    vec![
        (
            Predicate::CommonPart,
            "gate.common-part",
            base().with(Check { common_part: String::new(), ..check() }),
        ),
        (
            Predicate::WarrantyOver,
            "gate.warranty-over",
            base().with(Check { warranty_until_on: day("2030-01-01"), ..check() }),
        ),
        (Predicate::Payable, "gate.payable", {
            let what = Liability {
                kind: NeverPayable::DamageByPerson,
                what: words("撞坏的岗亭"),
                amount_fen: fen(1),
            };
            base().with(Check { found: vec![what], ..check() })
        }),
        (
            Predicate::AssemblyReported,
            "gate.assembly-reported",
            shanghai().with(Check { assembly_reported: false, ..check() }),
        ),
        (
            Predicate::NotBlocked,
            "gate.not-blocked",
            base().but(|c| {
                let ruled =
                    c.pack.predicates.iter_mut().find(|p| p.name == Predicate::NotBlocked).unwrap();
                ruled.value.paths = vec![Path::Ordinary];
                c.below = vec![words("1-1-101")];
            }),
        ),
        (
            Predicate::PlanPosted,
            "gate.plan-posted",
            base().with(notice(NoticeOf::Plan, "2026-01-13")),
        ),
        (
            Predicate::Voted,
            "gate.voted",
            base().but(|c| c.carried.as_mut().unwrap().plan = words("项目 9 方案 0000")),
        ),
        (Predicate::EmergencyWitnessed, "gate.emergency-witnessed", urgent().without("witnessing")),
        (
            Predicate::WithinEmergencyCap,
            "gate.within-emergency-cap",
            emergency("330500", 6_000_000, 300_000).but(|c| c.first_deposits = 50_000_000),
        ),
        (
            Predicate::ResultPosted,
            "gate.result-posted",
            base().but(|c| {
                c.steps.retain(
                    |(_, _, step)| !matches!(step, Step::Notice(n) if n.of == NoticeOf::Result),
                );
            }),
        ),
        (
            Predicate::OfficeDecided,
            "gate.office-decided",
            base().but(|c| {
                c.steps.retain(|(role, _, step)| {
                    !matches!((role, step), (Role::StreetOffice, Step::Decision(_)))
                });
            }),
        ),
        (
            Predicate::Contracted,
            "gate.contracted",
            shanghai().with(Contract {
                parties: vec![Party::PropertyCompany, Party::Contractor],
                ..contract(6_000_000)
            }),
        ),
        (
            Predicate::InOrder,
            "gate.in-order",
            base().with(Contract { signed_on: day("2026-02-01"), ..contract(6_000_000) }),
        ),
        (
            Predicate::PaysContractor,
            "gate.pays-contractor",
            base().with(PaymentRequest { account_no: words("3100002"), ..request(300_000) }),
        ),
        (Predicate::WithinCaps, "gate.within-caps", ordinary("310000", 6_000_000, 1_800_001)),
        (Predicate::WithinBudget, "gate.within-budget", base().with(contract(6_000_001))),
        (
            Predicate::Audited,
            "gate.audited",
            ordinary("330100", 6_000_000, 300_000).done().then(
                COMPANY,
                "2026-03-09",
                account(3_000_001, "2026-03-09"),
            ),
        ),
        (
            Predicate::SettlementPosted,
            "gate.settlement-posted",
            urgent().done().then(COMPANY, "2026-03-09", account(6_000_000, "2026-03-09")),
        ),
        (
            Predicate::SharesExact,
            "gate.shares-exact",
            base()
                .with(Plan { short: Short::NoSelfRaising, ..plan(6_000_000) })
                .but(|c| c.balances = [50_000_000, 50_000_000, 10_000]),
        ),
        (
            Predicate::BalancesSuffice,
            "gate.balances-suffice",
            base().but(|c| c.balances = [50_000_000, 50_000_000, 99_999]),
        ),
        (Predicate::FourEyes, "gate.four-eyes", base().but(|c| c.steps[5].0 = COMMITTEE)),
        (Predicate::NoConflict, "gate.no-conflict", base().without("interest")),
    ]
}

#[test]
fn everything_as_it_must_be_lets_through() {
    for case in [
        ordinary("100000", 6_000_000, 300_000),
        ordinary("310000", 6_000_000, 300_000),
        ordinary("330100", 6_000_000, 300_000),
        emergency("100000", 6_000_000, 300_000),
        emergency("330100", 6_000_000, 300_000),
        emergency("330500", 6_000_000, 300_000),
    ] {
        assert_eq!(case.shut_by(), [], "{:#?}", case.findings());
    }
}

#[test]
fn each_condition_shuts_the_gate_by_itself_and_says_what_to_do() {
    let mut told = String::new();
    let mut seen = Vec::new();
    for (predicate, code, case) in provoked() {
        let findings = case.findings();
        let shut = case.shut_by();
        assert_eq!(shut, [predicate], "{findings:#?}");
        let refusal = pass(&findings, case.asked).unwrap_err();
        assert_eq!((refusal.code(), format!("gate.{}", predicate.name())), (code, code.to_owned()));
        // The list is whole: one finding a condition of the path, whatever the others say.
        let path = case.proposal.path;
        assert_eq!(findings.len(), case.pack.gate(path).count());
        assert_eq!(refusal.facts["findings"].as_array().unwrap().len(), findings.len());
        let finding = findings.iter().find(|f| f.predicate == predicate).unwrap();
        let _ = writeln!(
            told,
            "{}\n  规定 {}\n  现状 {}\n  条文 {}（{}）\n  办法 {}",
            refusal.code(),
            refusal.rule.rule,
            refusal.evidence,
            finding.article,
            finding.pack,
            finding.remedy
        );
        seen.push(predicate);
    }
    assert_eq!(seen, Predicate::ALL, "every condition is provoked, in its order");
    golden("gate.txt", &told);
}

/// Nothing recorded at all: every condition is judged all the same, and nothing passes.
#[test]
fn an_empty_project_is_judged_by_every_condition() {
    for code in ["100000", "310000", "110000", "330100", "331100"] {
        for path in [Path::Ordinary, Path::Emergency] {
            let mut case = ordinary(code, 6_000_000, 1);
            case.proposal.path = path;
            case.steps.clear();
            for asked in [Asked::Approve, Asked::Pay] {
                case.asked = asked;
                let findings = case.findings();
                assert_eq!(findings.len(), case.pack.gate(path).count());
                assert!(pass(&findings, asked).is_err(), "{code} {path:?}");
                // What holds needs nothing done; everything else says what.
                let says = |f: &Finding| f.remedy.is_empty() == (f.state == State::Holds);
                assert!(
                    findings.iter().all(|f| !f.evidence.is_empty() && says(f)),
                    "{findings:#?}"
                );
            }
        }
    }
}

#[test]
fn a_notice_runs_whole_days_and_an_objection_stops_it() {
    // Posted on the 12th, the seventh whole day is the 19th: the vote may open on the 20th, and not if it hung a day less.
    let at = |on: &str| ordinary("100000", 6_000_000, 300_000).with(notice(NoticeOf::Plan, on));
    assert!(at("2026-01-12").holds(Predicate::PlanPosted));
    assert!(!at("2026-01-13").holds(Predicate::PlanPosted));
    assert!(!at("2026-01-21").holds(Predicate::PlanPosted));
    let down = |until: &str| {
        let hung = Notice { until_on: Some(day(until)), ..notice(NoticeOf::Plan, "2026-01-05") };
        ordinary("100000", 6_000_000, 300_000).with(hung)
    };
    assert!(down("2026-01-12").holds(Predicate::PlanPosted));
    assert!(!down("2026-01-11").holds(Predicate::PlanPosted));
    let room = RoomCode::parse("1-1-101").unwrap();
    let objected = ordinary("100000", 6_000_000, 300_000).then(
        Role::Owner,
        "2026-01-10",
        Objection { room, words: words("不应分摊") },
    );
    assert!(!objected.holds(Predicate::PlanPosted) && !objected.holds(Predicate::ResultPosted));
    let step = StepNo(i32::try_from(objected.steps.len()).unwrap() - 1);
    let answered =
        objected.then(COMPANY, "2026-01-11", Answer { objection: step, words: words("已说明") });
    assert!(answered.holds(Predicate::PlanPosted) && answered.holds(Predicate::ResultPosted));
    // A result posted before there was one is none.
    let mut early = ordinary("100000", 6_000_000, 300_000);
    early.carried.as_mut().unwrap().passed_on = day("2026-01-27");
    assert!(!early.holds(Predicate::ResultPosted));
}

#[test]
fn a_clock_in_working_days_is_counted_or_not_judged() {
    let posted = |on: &str| {
        let mut case = ordinary("100000", 6_000_000, 300_000).with(notice(NoticeOf::Plan, on));
        let law = case.pack.terms.notice_plan.value.0.as_mut().unwrap();
        law.counted = ledger::policy::terms::Days::Working;
        case
    };
    let state = |case: &Case| {
        let found = case.findings();
        found.into_iter().find(|f| f.predicate == Predicate::PlanPosted).unwrap().state
    };
    // The vote opens on Tuesday the 20th: seven working days before it are 9, 12–16 and 19 January.
    assert_eq!(state(&posted("2026-01-08")), State::Holds);
    assert_eq!(state(&posted("2026-01-09")), State::Fails);
    // Of a year whose holidays are not known nothing is said.
    let unknown = posted("2023-12-01");
    assert_eq!(state(&unknown), State::Unverified);
    assert_eq!(pass(&unknown.findings(), Asked::Pay).unwrap_err().code(), "gate.plan-posted");
}

/// TV-15, TV-15b: contract 200,000.00 in Shanghai.
#[test]
fn payments_stay_within_shanghais_caps() {
    let contract = 20_000_000;
    let first = |asked| ordinary("310000", contract, asked).holds(Predicate::WithinCaps);
    assert!(first(6_000_000) && !first(6_000_001));
    let second = |asked| {
        ordinary("310000", contract, asked).paid_before(6_000_000).holds(Predicate::WithinCaps)
    };
    assert!(second(12_000_000) && !second(12_000_001));
    let reviewed = |amount: i64, asked: i64| {
        ordinary("310000", contract, asked)
            .paid_before(18_000_000)
            .done()
            .then(COMPANY, "2026-03-05", review(amount, "2026-03-05"))
            .holds(Predicate::WithinCaps)
    };
    assert!(reviewed(18_800_000, 800_000) && !reviewed(18_800_000, 800_001));
    assert!(!reviewed(17_500_000, 1), "180,000.00 paid of 175,000.00: 5,000.00 come back first");
}

/// Retention is of the audited final, until its day is over and, where the law wants it, certified.
#[test]
fn retention_is_of_the_audited_final() {
    let done = |asked: i64, today: &'static str, certified: bool, code: &str| {
        let deal = Contract {
            retention: Some(Fraction::new(3, 100).unwrap()),
            retained_until_on: Some(day("2027-03-02")),
            ..contract(6_000_000)
        };
        let case = ordinary(code, 6_000_000, asked).with(deal).done().then(
            COMPANY,
            "2026-03-05",
            review(5_800_000, "2026-03-05"),
        );
        let end = WarrantyEnd {
            on: day("2027-03-02"),
            signed_by: words("各方"),
            evidence: words("证明"),
        };
        let case = if certified { case.then(COMPANY, "2027-03-03", end) } else { case };
        case.but(|c| c.today = today).holds(Predicate::WithinCaps)
    };
    let nation = |asked, today| done(asked, today, false, "100000");
    assert!(nation(5_626_000, "2027-03-02") && !nation(5_626_001, "2027-03-02"));
    assert!(nation(5_800_000, "2027-03-03") && !nation(5_800_001, "2027-03-03"));
    assert!(!done(5_800_000, "2027-03-03", false, "310000"), "Shanghai wants the certificate");
    assert!(done(5_800_000, "2027-03-03", true, "310000"));
}

/// Before the final account 3 % of the price is kept back; what was paid of it all the same is to be claimed back.
#[test]
fn retention_is_held_back_before_the_final_account_and_counts_as_paid_too_much() {
    let deal = |until: Option<&str>| Contract {
        retention: Some(Fraction::new(3, 100).unwrap()),
        retained_until_on: until.map(day),
        ..contract(6_000_000)
    };
    let kept = deal(Some("2027-03-02"));
    let before = |asked: i64| ordinary("100000", 6_000_000, asked).with(kept.clone());
    assert!(before(5_820_000).holds(Predicate::WithinCaps));
    assert!(!before(5_820_001).holds(Predicate::WithinCaps));
    assert!(before(2_820_000).paid_before(3_000_000).holds(Predicate::WithinCaps));
    assert!(!before(2_820_001).paid_before(3_000_000).holds(Predicate::WithinCaps));
    // The day alone releases nothing while the works are not accounted for.
    assert!(!before(5_820_001).but(|c| c.today = "2027-03-03").holds(Predicate::WithinCaps));
    // Shanghai: 90 % before the review are less than what retention leaves.
    let shanghai = |asked| ordinary("310000", 6_000_000, asked).with(kept.clone());
    assert!(shanghai(2_400_000).paid_before(3_000_000).holds(Predicate::WithinCaps));
    assert!(!shanghai(2_400_001).paid_before(3_000_000).holds(Predicate::WithinCaps));

    let over = |paid: i64, today: &'static str| {
        let case = before(1).paid_before(paid).done();
        let case = case.then(COMPANY, "2026-03-05", review(5_800_000, "2026-03-05"));
        let found = case.but(|c| c.today = today).findings();
        let found = found.into_iter().find(|f| f.predicate == Predicate::WithinCaps).unwrap();
        (found.state, found.remedy)
    };
    assert_eq!(over(5_800_000, "2027-03-02"), (State::Fails, words("先追回 1,740.00 元")));
    assert!(
        over(5_626_000, "2027-03-02").1.starts_with("待审价"),
        "nothing too much, nothing to pay"
    );
    assert_eq!(over(5_800_000, "2027-03-03").1, "待审价、验收或保证金到期后再申请付款");
    // Nobody knows until when: only the certificate ends it.
    let open = |certified: bool| {
        let case = ordinary("100000", 6_000_000, 5_800_000).with(deal(None)).done();
        let case = case.then(COMPANY, "2026-03-05", review(5_800_000, "2026-03-05"));
        let (signed_by, evidence) = (words("各方"), words("证明"));
        let end = WarrantyEnd { on: day("2027-03-02"), signed_by, evidence };
        let case = if certified { case.then(COMPANY, "2027-03-03", end) } else { case };
        case.but(|c| c.today = "2027-03-03").holds(Predicate::WithinCaps)
    };
    assert!(open(true) && !open(false));
}

/// A remedy is of the state: what to do about a missing notice is not what to do about an objection.
#[test]
fn a_remedy_is_of_what_was_found() {
    let told = |case: &Case, predicate: Predicate| {
        let found = case.findings();
        found.into_iter().find(|f| f.predicate == predicate).unwrap().remedy
    };
    let base = || ordinary("100000", 6_000_000, 300_000);
    let room = RoomCode::parse("1-1-101").unwrap();
    let objection = Objection { room, words: words("不应分摊") };
    let objected = base().then(Role::Owner, "2026-01-10", objection);
    assert_eq!(told(&objected, Predicate::PlanPosted), "逐件答复异议");
    let late = base().with(notice(NoticeOf::Plan, "2026-01-13"));
    assert_eq!(told(&late, Predicate::PlanPosted), "公示满规定天数后重新表决");
    let unseen = base().but(|c| c.steps.truncate(2));
    assert!(told(&unseen, Predicate::PlanPosted).starts_with("公示方案"));
    assert_eq!(told(&unseen, Predicate::CommonPart), "");
    assert_eq!(told(&unseen, Predicate::PaysContractor), "提出付款申请");
    assert_eq!(
        told(&base().with(request(6_000_001)), Predicate::WithinCaps),
        "把付款申请减到 60,000.00 元以内；其余待审价、验收或保证金到期后再付"
    );
    // Nobody is about to decide: the request waits, and the gate is not open.
    let waiting = base().but(|c| c.decider = None);
    assert_eq!(waiting.shut_by(), [Predicate::OfficeDecided]);
    assert_eq!(told(&waiting, Predicate::OfficeDecided), "等候有审批权限的单位批准付款申请");
}

/// TV-7, TV-7b: what a final account over its budget needs.
#[test]
fn an_overrun_is_judged_by_the_citys_rule() {
    let within = |code: &str, budget: i64, amount: i64| {
        ordinary(code, budget, 1)
            .done()
            .then(COMPANY, "2026-03-05", review(amount, "2026-03-05"))
            .holds(Predicate::WithinBudget)
    };
    for (code, budget, amount, is_within) in [
        ("330100", 8_000_000, 9_050_000, false),
        ("330900", 8_000_000, 9_050_000, false),
        ("331100", 8_000_000, 9_050_000, false),
        ("330100", 6_000_000, 6_700_000, false),
        ("330900", 6_000_000, 6_700_000, true),
        ("331100", 6_000_000, 6_700_000, true),
        ("330100", 6_000_000, 6_599_999, true),
        ("330100", 6_000_000, 6_600_000, false),
        // The nation knows no overrun: what was approved is what there is.
        ("100000", 6_000_000, 6_000_000, true),
        ("100000", 6_000_000, 6_000_001, false),
    ] {
        assert_eq!(within(code, budget, amount), is_within, "{code} {budget} {amount}");
    }
}

/// TV-8: Hangzhou spares a final account of 30,000.00 the review, if the committee agrees.
#[test]
fn a_small_final_account_goes_without_a_review_if_the_committee_agrees() {
    let audited = |amount: i64, role: Role, waives: bool| {
        let account = FinalAccount {
            on: day("2026-03-09"),
            amount_fen: fen(amount),
            committee_waives_review: waives,
            evidence: words("决算书"),
        };
        ordinary("330100", 6_000_000, 1)
            .done()
            .then(role, "2026-03-09", account)
            .holds(Predicate::Audited)
    };
    assert!(audited(3_000_000, COMMITTEE, true));
    assert!(!audited(3_000_001, COMMITTEE, true));
    assert!(!audited(3_000_000, COMMITTEE, false));
    assert!(!audited(3_000_000, COMPANY, true), "the company does not agree for the committee");
}

/// TV-14: Huzhou, first deposits 1,000,000.00: emergencies use 100,000.00 at most, all of them together.
#[test]
fn emergencies_stay_within_their_cap_together() {
    let within = |budget: i64, others: i64| {
        emergency("330500", budget, 1)
            .but(|c| {
                c.first_deposits = 100_000_000;
                c.other_emergencies = others;
            })
            .holds(Predicate::WithinEmergencyCap)
    };
    assert!(within(10_000_000, 0) && !within(10_000_001, 0));
    assert!(within(4_000_000, 6_000_000) && !within(4_000_000, 6_000_001));
}

/// Lishui pays 50–70 % of an emergency at once, the rest on the final account.
#[test]
fn an_emergency_advance_is_a_part_of_what_was_applied_for() {
    let within = |asked| emergency("331100", 6_000_000, asked).holds(Predicate::WithinCaps);
    assert!(within(4_200_000) && !within(4_200_001));
}

#[test]
fn who_must_confirm_an_emergency_is_the_citys_to_say() {
    let without = |code: &str, gone: Witness| {
        emergency(code, 6_000_000, 1)
            .but(|c| c.steps.retain(|(_, _, s)| !matches!(s, Step::Witnessing(w) if w.by == gone)))
            .holds(Predicate::EmergencyWitnessed)
    };
    // Huzhou: both committees. Lishui: either. Hangzhou: the owners' committee, and the street or the residents'.
    assert!(
        !without("330500", Witness::ResidentsCommittee) && !without("330500", Witness::Committee)
    );
    assert!(
        without("331100", Witness::ResidentsCommittee) && without("331100", Witness::Committee)
    );
    assert!(!without("330100", Witness::Committee) && without("330100", Witness::StreetOffice));
    let unknown = emergency("330100", 6_000_000, 1)
        .but(|c| c.proposal.emergency = Some(EmergencyKind::GuardRail));
    assert!(!unknown.holds(Predicate::EmergencyWitnessed), "not among Hangzhou's six");
}

#[test]
fn what_the_law_makes_others_pay_is_taken_off_to_the_fen() {
    let payable = |removed: i64| {
        let found = Liability {
            kind: NeverPayable::UtilityLines,
            what: words("自来水管"),
            amount_fen: fen(100_000),
        };
        let borne = BorneByOthers {
            why: Why::NeverPayable,
            what: words("自来水公司承担"),
            amount_fen: fen(removed),
        };
        ordinary("100000", 6_000_000, 1)
            .with(Plan { removed: vec![borne], ..plan(6_000_000) })
            .with(Check { found: vec![found], ..check() })
            .holds(Predicate::Payable)
    };
    assert!(payable(100_000) && !payable(99_999));
    let unasked = ordinary("100000", 6_000_000, 1)
        .with(Check { checked: vec![NeverPayable::UtilityLines], ..check() });
    assert!(!unasked.holds(Predicate::Payable), "a kind nobody looked for is not found");
}

#[test]
fn the_warranty_is_over_the_day_after_its_last() {
    let over = |until: &str| {
        ordinary("100000", 6_000_000, 1)
            .with(Check { warranty_until_on: day(until), ..check() })
            .holds(Predicate::WarrantyOver)
    };
    assert!(over("2026-02-05") && !over("2026-02-06"));
}

#[test]
fn the_vote_is_on_this_plan_for_this_much_by_these_owners() {
    let voted = |change: fn(&mut Carried)| {
        ordinary("100000", 6_000_000, 1)
            .but(|c| change(c.carried.as_mut().unwrap()))
            .holds(Predicate::Voted)
    };
    assert!(voted(|_| {}) && voted(|c| c.cap = fen(6_000_000)));
    assert!(!voted(|c| c.cap = fen(5_999_999)));
    assert!(!voted(|c| assert!(c.dwellings.pop_last().is_some())));
    assert!(!voted(|c| assert!(c.dwellings.insert(DwellingNo(9)))));
    // A plan changed after the vote has another name.
    let changed = ordinary("100000", 6_000_000, 1).facts().plan_name();
    let other = ordinary("100000", 6_000_001, 1).facts().plan_name();
    assert_ne!(changed, other);
}

#[test]
fn nobody_decides_for_themselves_in_any_seat() {
    let eyes = |applicant: Role, decider: Role| {
        let mut case = ordinary("100000", 6_000_000, 1);
        case.asked = Asked::Approve;
        case.steps.truncate(6);
        case.steps[5].0 = applicant;
        case.decider = Some(decider);
        case.holds(Predicate::FourEyes)
    };
    assert!(eyes(COMPANY, COMMITTEE) && eyes(COMPANY, STREET));
    assert!(!eyes(COMMITTEE, COMMITTEE) && !eyes(COMPANY, COMPANY) && !eyes(STREET, STREET));
    let by = |name: &str, role, org| By { name: words(name), role, org };
    let org = Some(ledger::id::OrgNo(7));
    assert!(by("li", COMPANY, None).is_of(&by("li", COMMITTEE, None)), "one person in two seats");
    assert!(
        by("li", COMPANY, org).is_of(&by("zhou", COMMITTEE, org)),
        "two persons of one organisation"
    );
    assert!(!by("li", COMPANY, org).is_of(&by("zhou", COMMITTEE, Some(ledger::id::OrgNo(8)))));
}

/// Payments of any size: what they take of each dwelling together is the allocation of their sum, whatever came before; and a
/// payment too small to share without going back is seen to be one.
#[test]
fn the_shares_of_all_payments_are_the_share_of_their_sum() {
    let law = law("100000");
    let mut dice = crate::counted::Dice(39);
    for _ in 0..200 {
        let count = 1 + dice.below(12);
        let place = |no: usize, dice: &mut crate::counted::Dice| Place {
            dwelling: DwellingNo(i32::try_from(no).unwrap() + 1),
            code: RoomCode::parse(&format!("1-1-{}", 101 + no)).unwrap(),
            floor: None,
            area: Area::centi_m2(3_000 + i64::try_from(dice.below(12_000)).unwrap()),
            housing: Housing::Commodity,
            is_unsold: dice.below(8) == 0,
            deposited: Money::ZERO,
            principal: fen(i64::try_from(dice.below(60_000)).unwrap()),
            gains: fen(i64::try_from(dice.below(5_000)).unwrap()),
            left_out: None,
        };
        let places: Vec<Place> = (0..count).map(|no| place(no, &mut dice)).collect();
        let work = Work {
            cost: fen(1),
            removed: Vec::new(),
            basis: Basis::Lawful,
            short: Short::OwnerPays,
            places,
            selling_units: Vec::new(),
        };
        let (mut total, mut drawn) = (Money::ZERO, BTreeMap::<DwellingNo, Drawn>::new());
        for _ in 0..6 {
            let next = total + fen(1 + i64::try_from(dice.below(100_000)).unwrap());
            let taken = draws(&work, &law, next, &drawn, &BTreeMap::new()).unwrap();
            assert!(taken.is_exact());
            if taken.backwards().next().is_some() {
                continue;
            }
            total = next;
            for draw in &taken.of {
                let of = drawn.entry(draw.dwelling).or_default();
                of.principal += draw.principal;
                of.gains += draw.gains;
            }
            let whole = draws(&work, &law, total, &BTreeMap::new(), &BTreeMap::new()).unwrap();
            let sum: BTreeMap<DwellingNo, Drawn> = whole
                .of
                .iter()
                .map(|d| (d.dwelling, Drawn { principal: d.principal, gains: d.gains }))
                .collect();
            assert_eq!(drawn, sum);
            for place in &work.places {
                let of = drawn.get(&place.dwelling).copied().unwrap_or_default();
                assert!(of.principal <= place.principal && of.gains <= place.gains);
                assert!(
                    !place.is_unsold || of == Drawn::default(),
                    "what is unsold is the developer's"
                );
            }
        }
    }
}

#[test]
fn the_dates_follow_one_another() {
    let order = |on: &str| {
        ordinary("100000", 6_000_000, 1)
            .then(COMPANY, "2026-03-01", progress(Milestone::Finished, on))
            .holds(Predicate::InOrder)
    };
    assert!(order("2026-02-05") && !order("2026-02-04"));
    // A final account without an acceptance skips a step.
    let skipped =
        ordinary("100000", 6_000_000, 1).then(COMPANY, "2026-03-01", account(1, "2026-03-01"));
    assert!(!skipped.holds(Predicate::InOrder));
    let paid = |on: &'static str| {
        ordinary("100000", 6_000_000, 1).but(|c| c.paid_on = Some(on)).holds(Predicate::InOrder)
    };
    assert!(paid("2026-02-03") && !paid("2026-02-02"), "not before it was approved");
}
