//! Every wrong way to spend a tranche, told by the plain function that says no.

use super::*;
use crate::subsidy::terms::{Base, Part};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn tranche(project: Option<i32>, uses: &[&str], left: i64) -> TrancheRow {
    TrancheRow {
        no: TrancheNo(1),
        programme: ProgrammeNo(1),
        matter: MatterNo(9),
        project: project.map(MatterNo),
        part: Part::Whole,
        period: String::new(),
        gross: Money::fen(1000),
        granted: Money::fen(1000),
        base: Base::default(),
        granted_on: day("2026-01-05"),
        spend_by: day("2026-12-31"),
        evidence: String::new(),
        uses: uses.iter().map(|u| (*u).to_owned()).collect(),
        sums: rows::Sums { received: Money::fen(left), ..rows::Sums::default() },
        days: [(day("2026-01-05"), Money::fen(left))].into(),
        withdrawn: None,
    }
}

fn roof(project: i32, building: &str) -> Content {
    Content {
        content_no: ContentNo(1),
        project_matter_no: MatterNo(project),
        item: "roof".into(),
        class: Class::Basic,
        building: building.into(),
        name: "屋面".into(),
        budget_fen: Money::fen(800),
        granted_spent_fen: Money::fen(100),
    }
}

fn asked(fen: i64, on: &str, item: &str) -> Spending {
    Spending {
        tranche_no: TrancheNo(1),
        content_no: None,
        item: item.into(),
        payee: "某建设公司".into(),
        amount_fen: Money::fen(fen),
        paid_on: day(on),
        line_no: None,
        evidence: "发票".into(),
    }
}

struct Case {
    tranche: TrancheRow,
    content: Option<Content>,
    level: Level,
    central: Vec<CentralUse>,
    cost_share: Option<Fraction>,
}

impl Case {
    fn of(tranche: TrancheRow, content: Option<Content>) -> Case {
        Case { tranche, content, level: Level::CentralMof, central: vec![], cost_share: None }
    }

    fn says(&self, asked: &Spending) -> &'static str {
        let scene = Scene {
            tranche: &self.tranche,
            level: self.level,
            cost_share: self.cost_share,
            content: self.content.as_ref(),
            central: &self.central,
            project_budget: Money::fen(1000),
            paid_by_programme: Money::fen(400),
        };
        may_be_spent(&scene, asked).map_or_else(|refusal| refusal.code(), |_| "")
    }
}

/// Every wrong way to spend has its own name; the right one has none.
#[test]
fn a_tranche_is_spent_on_what_it_is_for() {
    let good = Case::of(tranche(Some(3), &["roof"], 500), Some(roof(3, "1")));
    assert_eq!(good.says(&asked(500, "2026-12-31", "")), "");
    assert_eq!(good.says(&asked(501, "2026-12-31", "")), "subsidy.short");
    assert_eq!(good.says(&asked(500, "2027-01-01", "")), "subsidy.expired");
    assert_eq!(good.says(&asked(500, "2026-01-04", "")), "subsidy.day");
    let rich = Case::of(tranche(Some(3), &["roof"], 5000), Some(roof(3, "1")));
    assert_eq!(rich.says(&asked(700, "2026-02-01", "")), "");
    assert_eq!(rich.says(&asked(701, "2026-02-01", "")), "subsidy.over-content");
    let case = |project, uses: &[&str], content| Case::of(tranche(project, uses, 5000), content);
    let says = |case: Case| case.says(&asked(100, "2026-02-01", "cleaning"));
    assert_eq!(says(case(Some(3), &["roof"], None)), "subsidy.no-content");
    assert_eq!(says(case(Some(3), &["roof"], Some(roof(4, "1")))), "subsidy.another-project");
    assert_eq!(says(case(None, &["cleaning"], Some(roof(4, "1")))), "subsidy.another-project");
    assert_eq!(says(case(Some(3), &["lift"], Some(roof(3, "1")))), "subsidy.class");
    assert_eq!(says(case(Some(3), &["outer-wall"], Some(roof(3, "1")))), "subsidy.item");
    assert_eq!(says(case(None, &["upkeep"], None)), "subsidy.use");
    assert_eq!(says(case(None, &["cleaning"], None)), "");
}

#[test]
fn central_money_comes_once_to_a_content_and_a_part_is_of_the_whole() {
    let used = |programme, content, building: &str| CentralUse {
        programme: ProgrammeNo(programme),
        project: MatterNo(3),
        content: ContentNo(content),
        building: building.into(),
    };
    let mut case = Case::of(tranche(Some(3), &["roof"], 5000), Some(roof(3, "1")));
    let spending = asked(100, "2026-02-01", "");
    for (central, code) in [
        (used(1, 1, "1"), ""),
        (used(2, 1, "1"), "subsidy.central-twice"),
        (used(1, 7, "1"), "subsidy.central-twice"),
        (used(2, 8, ""), "subsidy.central-twice"),
        (used(2, 8, "2"), ""),
    ] {
        case.central = vec![central];
        assert_eq!(case.says(&spending), code, "{:?}", case.central);
    }
    case.central = vec![used(2, 1, "1")];
    case.level = Level::City;
    assert_eq!(case.says(&spending), "");
}

/// Asked of a plan: what its own project took is its own, whichever content and programme.
#[test]
fn central_money_went_before_to_another_project_or_not() {
    let used = |project, building: &str| CentralUse {
        programme: ProgrammeNo(1),
        project: MatterNo(project),
        content: ContentNo(7),
        building: building.into(),
    };
    let is_own = |used: &CentralUse| used.project == MatterNo(3);
    for (known, building, is_found) in [
        (vec![], "1", false),
        (vec![used(3, "1")], "1", false),
        (vec![used(3, "1"), used(4, "1")], "1", true),
        (vec![used(4, "2")], "1", false),
        (vec![used(4, "2")], "", true),
        (vec![used(4, "")], "1", true),
    ] {
        assert_eq!(
            used_before(&known, building, is_own).is_some(),
            is_found,
            "{known:?} {building}"
        );
    }
}

#[test]
fn a_share_of_the_cost_is_the_most() {
    let mut case = Case::of(tranche(Some(3), &["roof"], 5000), Some(roof(3, "1")));
    case.cost_share = Fraction::new(90, 100);
    assert_eq!(case.says(&asked(500, "2026-02-01", "")), "");
    assert_eq!(case.says(&asked(501, "2026-02-01", "")), "subsidy.cost-share");
}

/// 300 on the 5th, 200 more on the 10th, 250 gone on the 12th, 40 back on the 20th: from the 12th on 250 are left, from the 5th
/// on not more than the 12th leaves.
#[test]
fn what_may_leave_on_a_day_must_hold_on_every_later_day() {
    let mut case = Case::of(tranche(None, &["cleaning"], 290), None);
    case.level = Level::Street;
    let days = [("2026-01-05", 300), ("2026-01-10", 200), ("2026-01-12", -250), ("2026-01-20", 40)];
    case.tranche.days = days.map(|(on, fen)| (day(on), Money::fen(fen))).into();
    let free = |on: &str| case.tranche.free_from(day(on)).in_fen();
    let told = ["2026-01-04", "2026-01-05", "2026-01-11", "2026-01-12", "2026-01-20"].map(free);
    assert_eq!(told, [0, 250, 250, 250, 290]);
    case.tranche.granted_on = day("2026-01-01");
    assert_eq!(case.says(&asked(1, "2026-01-04", "cleaning")), "subsidy.short");
    assert_eq!(case.says(&asked(251, "2026-01-19", "cleaning")), "subsidy.short");
    assert_eq!(case.says(&asked(250, "2026-01-05", "cleaning")), "");
    assert_eq!(case.says(&asked(290, "2026-01-20", "cleaning")), "");
}

#[test]
fn a_reward_goes_by_score_and_aid_by_its_roster() {
    let says = |item: &str, period: &str, households| {
        let mut tranche = tranche(None, &[item], 500);
        tranche.period = period.into();
        let item = content::item(item).unwrap();
        may_be_by_itself(item, &tranche, households).map_or_else(|refusal| refusal.code(), |()| "")
    };
    assert_eq!(says("reward", "2026-Q1", 6), "subsidy.reward-by-score");
    assert_eq!(says("household-aid", "", 0), "subsidy.aid-by-roster");
    assert_eq!(says("household-aid", "2026-Q1", 0), "subsidy.aid-by-roster");
    assert_eq!(says("household-aid", "2026-Q1", 6), "");
    assert_eq!(says("cleaning", "", 0), "");
}
