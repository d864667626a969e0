//! Government money: the seeds' own figures, every wrong way to spend a tranche refused by name and by the database, random
//! programmes and payments against an independent model, scores and earnest money, what was entered by mistake, and a walk
//! through the doors by role.

use std::sync::atomic::{AtomicUsize, Ordering};

use ledger::bank;
use ledger::books::{Actor, Request, Role};
use ledger::error::Result;
use ledger::id::{
    AllotmentNo, CompoundId, ContentNo, MatterNo, ProgrammeNo, TrancheMoveNo, TrancheNo, VoucherSeq,
};
use ledger::journal::{self, Book, Style};
use ledger::measure::Area;
use ledger::money::{Money, split};
use ledger::policy::terms::Fraction;
use ledger::property::{self, AreaKind, Founding, Housing, NewArea, NewDwelling, RoomCode, Usage};
use ledger::subsidy::terms::{Basis, Level, Mark, Mode, ModeRate, Part, Per, ScorePays, Terms};
use ledger::subsidy::{
    self, AllotmentWithdrawing, Allotting, Appraising, Class, ClawingBack, EarnestKind,
    EarnestMoving, Granting, Moving, NewContent, NewProgramme, RosterEntry, Rostering, Settling,
    Share, Spending, TrancheWithdrawing,
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::doors::{Doors, SECOND, token};
use crate::levy::{all_laws_hold, code, later};
use crate::on_both;
use crate::world::{World, day};

fn fraction(text: &str) -> Fraction {
    Fraction::try_from(text.to_owned()).unwrap()
}

/// A programme of a fixed sum.
pub fn programme(
    document: &str,
    level: Level,
    budget: i64,
    classes: &[Class],
    items: &[&str],
) -> NewProgramme {
    NewProgramme {
        document: document.into(),
        title: format!("{document} 补助"),
        level,
        area: None,
        budget_fen: Money::fen(budget),
        from_on: day("2026-01-01"),
        until_on: day("2026-12-31"),
        terms: Terms {
            basis: Basis::Sum {},
            advance: None,
            scores: vec![],
            marks: vec![],
            classes: classes.to_vec(),
            items: items.iter().map(|item| (*item).to_owned()).collect(),
            cost_share: None,
        },
    }
}

async fn office<G, T, F>(world: &World, verb: &'static str, given: G, run: F) -> Result<T>
where
    G: serde::Serialize + Send + Sync + 'static,
    T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
    F: for<'a> Fn(
            &'a mut ledger::books::Tx,
            &'a G,
        ) -> futures_util::future::BoxFuture<'a, Result<T>>
        + Send
        + Sync
        + 'static,
{
    let actor = Actor::new("财政", Role::HousingAuthority);
    let done = world.books.act(&actor, CompoundId::OFFICE, Request::new(verb, given), run);
    done.await.map(|done| done.answer)
}

pub async fn found(world: &World, new: NewProgramme) -> Result<ProgrammeNo> {
    office(world, "subsidy.found", new, |tx, new| Box::pin(subsidy::found_programme(tx, new))).await
}

pub async fn allot(
    world: &World,
    programme_no: ProgrammeNo,
    fen: i64,
) -> Result<subsidy::Allotment> {
    allot_to(world, programme_no, &[("xiaohe", fen)]).await
}

/// By a document of its own each time.
async fn allot_to(
    world: &World,
    programme_no: ProgrammeNo,
    shares: &[(&str, i64)],
) -> Result<subsidy::Allotment> {
    static DOCUMENTS: AtomicUsize = AtomicUsize::new(1);
    let document = format!("区财〔2026〕{}号", DOCUMENTS.fetch_add(1, Ordering::Relaxed));
    allot_by(world, programme_no, &document, "2026-01-05", shares).await
}

async fn allot_by(
    world: &World,
    programme_no: ProgrammeNo,
    document: &str,
    on: &str,
    shares: &[(&str, i64)],
) -> Result<subsidy::Allotment> {
    let share = |(compound, fen): &(&str, i64)| Share {
        compound: (*compound).into(),
        amount_fen: Money::fen(*fen),
    };
    let asked = Allotting {
        programme_no,
        shares: shares.iter().map(share).collect(),
        allotted_on: day(on),
        document: document.into(),
    };
    office(world, "subsidy.allot", asked, |tx, asked| Box::pin(subsidy::allot(tx, asked))).await
}

pub fn granting(programme_no: ProgrammeNo, project: Option<MatterNo>, fen: i64) -> Granting {
    Granting {
        programme_no,
        project_matter_no: project,
        part: Part::Whole,
        period: String::new(),
        mode: None,
        amount_fen: Some(Money::fen(fen)),
        granted_on: day("2026-01-05"),
        spend_by: None,
        evidence: "下达通知 1".into(),
    }
}

pub async fn grant(world: &World, asked: Granting) -> Result<subsidy::Granted> {
    let done = world.act("subsidy.grant", asked, |tx, a| Box::pin(subsidy::grant(tx, a)));
    done.await.map(|done| done.answer)
}

fn moving(tranche: TrancheNo, fen: i64) -> Moving {
    Moving {
        tranche_no: tranche,
        amount_fen: Money::fen(fen),
        on: day("2026-01-05"),
        line_no: None,
        evidence: "国库回单".into(),
    }
}

pub async fn receive(world: &World, tranche: TrancheNo, fen: i64) -> Result<subsidy::Moved> {
    let done = world
        .act("subsidy.receive", moving(tranche, fen), |tx, a| Box::pin(subsidy::receive(tx, a)));
    done.await.map(|done| done.answer)
}

async fn withdraw_tranche(world: &World, no: TrancheNo) -> Result<subsidy::TrancheWithdrawn> {
    let asked = TrancheWithdrawing { tranche_no: no, reason: "期间误写".into() };
    let done = world
        .act("subsidy.withdraw-tranche", asked, |tx, a| Box::pin(subsidy::withdraw_tranche(tx, a)));
    done.await.map(|done| done.answer)
}

async fn withdraw_allotment(world: &World, no: AllotmentNo) -> Result<subsidy::AllotmentWithdrawn> {
    let asked = AllotmentWithdrawing { allotment_no: no, reason: "重复登记".into() };
    let done = world.act("subsidy.withdraw-allotment", asked, |tx, a| {
        Box::pin(subsidy::withdraw_allotment(tx, a))
    });
    done.await.map(|done| done.answer)
}

async fn receive_on(
    world: &World,
    tranche: TrancheNo,
    fen: i64,
    on: &str,
) -> Result<subsidy::Moved> {
    let asked = Moving { on: day(on), ..moving(tranche, fen) };
    let done = world.act("subsidy.receive", asked, |tx, a| Box::pin(subsidy::receive(tx, a)));
    done.await.map(|done| done.answer)
}

async fn hand_back_on(
    world: &World,
    tranche: TrancheNo,
    fen: i64,
    on: &str,
) -> Result<subsidy::Moved> {
    let asked = Moving { on: day(on), ..moving(tranche, fen) };
    let done = world.act("subsidy.hand-back", asked, |tx, a| Box::pin(subsidy::hand_back(tx, a)));
    done.await.map(|done| done.answer)
}

async fn interest(world: &World, tranche: TrancheNo, fen: i64) -> Result<subsidy::Moved> {
    let done = world.act("subsidy.interest", moving(tranche, fen), |tx, a| {
        Box::pin(subsidy::credit_interest(tx, a))
    });
    done.await.map(|done| done.answer)
}

pub async fn hand_back(world: &World, tranche: TrancheNo, fen: i64) -> Result<subsidy::Moved> {
    let done = world.act("subsidy.hand-back", moving(tranche, fen), |tx, a| {
        Box::pin(subsidy::hand_back(tx, a))
    });
    done.await.map(|done| done.answer)
}

pub fn spending(tranche: TrancheNo, content: Option<ContentNo>, fen: i64) -> Spending {
    Spending {
        tranche_no: tranche,
        content_no: content,
        item: String::new(),
        payee: "某建设公司".into(),
        amount_fen: Money::fen(fen),
        paid_on: day("2026-01-05"),
        line_no: None,
        evidence: "发票 1".into(),
    }
}

pub async fn spend(world: &World, asked: Spending) -> Result<subsidy::Moved> {
    let done = world.act("subsidy.spend", asked, |tx, a| Box::pin(subsidy::spend(tx, a)));
    done.await.map(|done| done.answer)
}

pub async fn claw_back(world: &World, move_no: TrancheMoveNo, fen: i64) -> Result<subsidy::Moved> {
    let asked = ClawingBack {
        move_no,
        amount_fen: Money::fen(fen),
        on: day("2026-01-05"),
        line_no: None,
        reason: "审计认定超范围".into(),
    };
    let done = world.act("subsidy.claw-back", asked, |tx, a| Box::pin(subsidy::claw_back(tx, a)));
    done.await.map(|done| done.answer)
}

async fn reverse(world: &World, seq: i32) -> Result<()> {
    let done = world.act("bank.reverse", VoucherSeq(seq), |tx, seq| {
        Box::pin(async move {
            bank::reverse(tx, Book::Grant, *seq, day("2026-01-05"), Style::Red, "误记")
                .await
                .map(|_| ())
        })
    });
    done.await.map(|_| ())
}

pub async fn project(world: &World, title: &str) -> MatterNo {
    let done = world.act("subsidy.list-contents", title.to_owned(), |tx, title| {
        Box::pin(journal::open_project(tx, title))
    });
    done.await.unwrap().answer
}

pub fn content(item: &str, building: &str, fen: i64) -> NewContent {
    NewContent {
        item: item.into(),
        building: building.into(),
        name: format!("{item} 翻修"),
        budget_fen: Money::fen(fen),
    }
}

pub async fn list(
    world: &World,
    project: MatterNo,
    new: Vec<NewContent>,
) -> Result<Vec<ContentNo>> {
    let done = world.act("subsidy.list-contents", (project, new), |tx, (project, new)| {
        Box::pin(subsidy::list_contents(tx, *project, new))
    });
    done.await.map(|done| done.answer)
}

async fn left(world: &World, tranche: TrancheNo) -> i64 {
    let mut view = world.books.read().await.unwrap();
    let found = subsidy::tranches(&mut view, world.compound, day("2026-01-05")).await.unwrap();
    found.iter().find(|t| t.tranche_no == tranche).unwrap().left_fen.in_fen()
}

/// 1.20 yuan where a company or a unit manages, 1.80 where nobody does; 70 % in advance, the rest by score.
fn by_mode() -> NewProgramme {
    let rate = |mode, yuan: &str| ModeRate { mode, yuan: yuan.into() };
    let rates = vec![
        rate(Mode::Company, "1.20"),
        rate(Mode::Unit, "1.20"),
        rate(Mode::SelfManaged, "1.80"),
        rate(Mode::StreetCentre, "1.80"),
    ];
    let mut new =
        programme("区管〔2026〕7号", Level::District, 1_687_380_000, &[Class::Management], &[]);
    new.terms.basis = Basis::Area {
        rates,
        per: Per::Year,
        most_centi_m2: None,
        is_paid_only: false,
        taper: vec![],
    };
    new.terms.advance = Some(fraction("70%"));
    new.terms.scores = vec![
        ScorePays { from_e2: 9000, pays: fraction("100%") },
        ScorePays { from_e2: 6000, pays: fraction("50%") },
    ];
    new
}

fn reckoned(programme_no: ProgrammeNo, part: Part, period: &str, mode: Option<Mode>) -> Granting {
    Granting {
        part,
        period: period.into(),
        mode,
        amount_fen: None,
        ..granting(programme_no, None, 1)
    }
}

async fn at<G, T, F>(
    world: &World,
    compound: CompoundId,
    role: Role,
    verb: &'static str,
    given: G,
    run: F,
) -> Result<T>
where
    G: serde::Serialize + Send + Sync + 'static,
    T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
    F: for<'a> Fn(
            &'a mut ledger::books::Tx,
            &'a G,
        ) -> futures_util::future::BoxFuture<'a, Result<T>>
        + Send
        + Sync
        + 'static,
{
    let actor = Actor::new("街道", role);
    world.books.act(&actor, compound, Request::new(verb, given), run).await.map(|done| done.answer)
}

/// A compound of so many dwellings of the same area each.
async fn of_area(world: &World, name: &str, centi_m2: i64, dwellings: i64) -> CompoundId {
    let compound = world.found(name, name).await;
    let roll: Vec<NewDwelling> = (1..=dwellings)
        .map(|n| NewDwelling {
            code: RoomCode::parse(&format!("1-1-{n}01")).unwrap(),
            written_as: format!("1-1-{n}01"),
            floor: None,
            usage: Usage::Residence,
            housing: Housing::Commodity,
            has_lift: false,
            is_unsold: true,
            area: Area::centi_m2(centi_m2 / dwellings),
            handed_over_on: None,
            owners: vec![],
            remark: String::new().into(),
            owned_from: day("2010-01-01"),
        })
        .collect();
    at(world, compound, Role::PropertyCompany, "property.enrol", roll, |tx, roll| {
        Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
    })
    .await
    .unwrap();
    compound
}

on_both! {
    /// `domain.md` §6.4, in whole compounds: 459.2 and 631.3 (10⁴ m²) at 1.20 and 1.80 → 1,687.38; 70 % = 1,181.166 (10⁴ yuan).
    async fn the_seeds_figures_are_granted_to_the_fen(world: World) {
        let no = found(&world, by_mode()).await.unwrap();
        let managed = of_area(&world, "guanli", 459_200_000, 8).await;
        let alone = of_area(&world, "ziguan", 631_300_000, 10).await;
        allot_to(&world, no, &[("guanli", 551_040_000), ("ziguan", 1_136_340_000)]).await.unwrap();
        let mut advance = 0;
        for (compound, mode) in [(managed, Mode::Company), (alone, Mode::SelfManaged)] {
            let asked = reckoned(no, Part::Advance, "2026", Some(mode));
            let granted = at(&world, compound, Role::StreetOffice, "subsidy.grant", asked, |tx, a| Box::pin(subsidy::grant(tx, a))).await.unwrap();
            advance += granted.granted_fen.in_fen();
        }
        assert_eq!(advance, 1_181_166_000);
        later(&world, "2027-01-10");
        let appraising = |score| Appraising { programme_no: no, period: "2026".into(), score_e2: score, findings: "制度落实".into(), evidence: "考核表".into() };
        let mut rest = 0;
        for (compound, score) in [(managed, 9_100), (alone, 8_999)] {
            at(&world, compound, Role::StreetOffice, "subsidy.appraise", appraising(score), |tx, a| Box::pin(subsidy::appraise(tx, a))).await.unwrap();
            // The year of the programme is over: nothing is granted after it, and what is asked for was asked for in time.
            let mut asked = reckoned(no, Part::Rest, "2026", None);
            asked.granted_on = day("2026-12-31");
            let granted = at(&world, compound, Role::StreetOffice, "subsidy.grant", asked, |tx, a| Box::pin(subsidy::grant(tx, a))).await.unwrap();
            rest += granted.granted_fen.in_fen();
        }
        assert_eq!(rest, 165_312_000 + 340_902_000 / 2);

        // 525 = 350 + 175 (10⁴ yuan): two documents of one budget; 175 over six streets is 29.17 only about.
        later(&world, "2027-01-11");
        let mut budget = programme("区财〔2027〕3号", Level::District, 525_000_000, &[Class::Management], &[]);
        budget.from_on = day("2026-01-01");
        let no = found(&world, budget).await.unwrap();
        allot(&world, no, 350_000_000).await.unwrap();
        let shares = split(Money::fen(175_000_000), &[1; 6]).unwrap();
        assert_eq!(shares[0].in_fen(), 29_166_667);
        for share in &shares {
            allot(&world, no, share.in_fen()).await.unwrap();
        }
        assert_eq!(code(allot(&world, no, 1).await), "subsidy.over-budget");

        // 2,016 yuan a quarter for six households and seven persons.
        let mut roster = programme("民〔2026〕9号", Level::Street, 10_000_000, &[], &["household-aid"]);
        roster.terms.basis = Basis::Roster { each_household_fen: Money::ZERO, each_person_fen: Money::fen(28_800) };
        let no = found(&world, roster).await.unwrap();
        allot(&world, no, 1_000_000).await.unwrap();
        let entry = |(room, persons): (&str, i32)| RosterEntry { room: RoomCode::parse(room).unwrap(), persons };
        let rooms = [("1-1-101", 2), ("1-1-102", 1), ("1-1-201", 1), ("1-1-202", 1), ("1-1-301", 1), ("1-1-302", 1)];
        let enrol = async |households: Vec<RosterEntry>, period: &str| {
            let asked = Rostering { programme_no: no, period: period.into(), households };
            let done = world.act("subsidy.enrol", asked, |tx, a| Box::pin(subsidy::enrol(tx, a)));
            done.await.map(|done| done.answer)
        };
        assert_eq!(code(enrol(vec![entry(("1-1-101", 0))], "2026-Q1").await), "subsidy.roster");
        assert_eq!(code(enrol(vec![entry(("1-1-101", 1))], "2026-13").await), "subsidy.no-period");
        let enrolled = enrol(rooms.map(entry).to_vec(), "2026-Q1").await.unwrap();
        assert_eq!((enrolled.households, enrolled.persons), (6, 7));
        assert_eq!(code(enrol(rooms.map(entry).to_vec(), "2026-Q1").await), "subsidy.roster");
        let mut asked = reckoned(no, Part::Whole, "2026-Q1", None);
        let granted = grant(&world, asked.clone()).await.unwrap();
        assert_eq!(granted.granted_fen.in_fen(), 201_600);
        assert_eq!(code(grant(&world, asked.clone()).await), "subsidy.granted-once");
        asked.period = "2026-Q2".into();
        assert_eq!(code(grant(&world, asked).await), "subsidy.no-base");
        all_laws_hold(&world).await;
    }

    async fn a_programme_and_its_tranches_are_refused_by_their_own_rules(world: World) {
        let good = || programme("财综〔2026〕1号", Level::CentralMof, 1_000, &[Class::Basic], &[]);
        for (wrong, said) in [
            (NewProgramme { document: String::new(), ..good() }, "subsidy.shape"),
            (NewProgramme { budget_fen: Money::ZERO, ..good() }, "subsidy.amount"),
            (NewProgramme { until_on: day("2025-12-31"), ..good() }, "subsidy.programme-over"),
            (programme("财综〔2026〕2号", Level::CentralNdrc, 1_000, &[Class::Upgrade], &[]), "subsidy.shape"),
        ] {
            assert_eq!(code(found(&world, wrong).await), said);
        }
        let no = found(&world, good()).await.unwrap();
        assert_eq!(code(found(&world, good()).await), "subsidy.document-taken");
        assert_eq!(code(allot(&world, ProgrammeNo(99), 1).await), "subsidy.no-programme");
        assert_eq!(code(allot(&world, no, 1_001).await), "subsidy.over-budget");
        let area = |kind, code: &str, parent: Option<&str>| NewArea { kind, code: code.into(), name: code.into(), parent: parent.map(Into::into) };
        for new in [area(AreaKind::City, "33", None), area(AreaKind::District, "3302", Some("33"))] {
            office(&world, "property.draw-area", new, |tx, a| Box::pin(property::draw_area(tx, a))).await.unwrap();
        }
        let mut elsewhere = good();
        (elsewhere.document, elsewhere.area) = ("甬财〔2026〕1号".into(), Some("3302".into()));
        let far = found(&world, elsewhere).await.unwrap();
        assert_eq!(code(allot(&world, far, 1).await), "subsidy.outside-area");
        let founding = Founding { code: "ningbo".into(), name: "宁波里".into(), address: String::new(), area: Some("3302".into()) };
        office(&world, "property.found", founding, |tx, f| Box::pin(property::found(tx, f))).await.unwrap();
        allot_to(&world, far, &[("ningbo", 1_000)]).await.unwrap();

        allot(&world, no, 600).await.unwrap();
        let works = project(&world, "改造一期").await;
        let with = |change: &dyn Fn(&mut Granting)| {
            let mut asked = granting(no, Some(works), 600);
            change(&mut asked);
            asked
        };
        for (asked, said) in [
            (with(&|a| a.evidence = String::new()), "subsidy.shape"),
            (with(&|a| a.granted_on = day("2026-01-06")), "subsidy.day"),
            (with(&|a| a.granted_on = day("2025-12-31")), "subsidy.programme-over"),
            (with(&|a| a.spend_by = Some(day("2027-01-01"))), "subsidy.programme-over"),
            (with(&|a| a.project_matter_no = Some(MatterNo(77))), "subsidy.no-project"),
            (with(&|a| a.project_matter_no = None), "subsidy.use"),
            (with(&|a| a.period = "26".into()), "subsidy.no-period"),
            (with(&|a| a.amount_fen = None), "subsidy.amount"),
            (with(&|a| a.amount_fen = Some(Money::fen(601))), "subsidy.over-allotment"),
            (with(&|a| a.part = Part::Advance), "subsidy.shape"),
        ] {
            assert_eq!(code(grant(&world, asked.clone()).await), said, "{asked:?}");
        }
        let area = found(&world, by_mode()).await.unwrap();
        allot(&world, area, 1_000_000).await.unwrap();
        assert_eq!(code(grant(&world, reckoned(area, Part::Advance, "2026", None)).await), "subsidy.no-mode");
        assert_eq!(code(grant(&world, reckoned(area, Part::Advance, "", Some(Mode::Company))).await), "subsidy.no-period");
        assert_eq!(code(grant(&world, reckoned(area, Part::Rest, "2026", None)).await), "subsidy.no-advance");
        grant(&world, reckoned(area, Part::Advance, "2026", Some(Mode::Company))).await.unwrap();
        assert_eq!(code(grant(&world, reckoned(area, Part::Rest, "2026", None)).await), "subsidy.not-appraised");
    }

    /// Twenty ways to spend a tranche on the wrong thing, each refused by its own name; then the same by SQL past the rooms.
    async fn a_tranche_is_spent_on_nothing_else(world: World) {
        let (one, two) = (project(&world, "一期").await, project(&world, "二期").await);
        let c = list(&world, one, vec![content("roof", "1", 1_000), content("lift", "1", 1_000), content("outer-wall", "", 1_000)]).await.unwrap();
        let d = list(&world, two, vec![content("roof", "1", 1_000), content("outer-wall", "2", 1_000)]).await.unwrap();
        assert_eq!(code(list(&world, one, vec![content("roof", "1", 5)]).await), "subsidy.no-content");
        let central = found(&world, programme("财综〔2026〕1号", Level::CentralMof, 100_000, &[Class::Basic], &[])).await.unwrap();
        let next = found(&world, programme("发改〔2026〕2号", Level::CentralNdrc, 100_000, &[], &["roof", "outer-wall"])).await.unwrap();
        let mut share = programme("发改〔2026〕3号", Level::City, 100_000, &[], &["roof"]);
        share.terms.cost_share = Some(fraction("20%"));
        let share = found(&world, share).await.unwrap();
        let upkeep = found(&world, programme("区〔2026〕4号", Level::District, 100_000, &[], &["cleaning", "reward"])).await.unwrap();
        let mut tranches = Vec::new();
        for (no, project, fen) in [(central, Some(one), 5_000), (next, Some(one), 5_000), (share, Some(one), 5_000), (upkeep, None, 5_000), (next, Some(two), 5_000)] {
            allot(&world, no, 5_000).await.unwrap();
            let granted = grant(&world, granting(no, project, fen)).await.unwrap();
            tranches.push(granted.tranche_no);
        }
        let [t1, t2, t3, t4, t5] = tranches[..] else { panic!() };
        let mut short = granting(central, Some(one), 1);
        allot(&world, central, 1).await.unwrap();
        short.spend_by = Some(day("2026-01-05"));
        let old = grant(&world, short).await.unwrap().tranche_no;
        for (tranche, fen) in [(t1, 900), (t2, 3_000), (t3, 3_000), (t4, 500), (t5, 3_000), (old, 1)] {
            receive(&world, tranche, fen).await.unwrap();
        }
        assert_eq!(code(receive(&world, t1, 4_101).await), "subsidy.over-granted");
        let first = spend(&world, spending(t1, Some(c[0]), 400)).await.unwrap();
        assert_eq!(first.left_fen.in_fen(), 500);

        let with = |tranche, content: Option<ContentNo>, fen, change: &dyn Fn(&mut Spending)| {
            let mut asked = spending(tranche, content, fen);
            change(&mut asked);
            asked
        };
        let same = |_: &mut Spending| {};
        let attacks: Vec<(&str, Spending)> = vec![
            // 1–3: another project's content, by a project's money, by money of the same programme elsewhere, by upkeep's.
            ("subsidy.another-project", with(t1, Some(d[0]), 1, &same)),
            ("subsidy.another-project", with(t5, Some(c[0]), 1, &same)),
            ("subsidy.another-project", with(t4, Some(c[0]), 1, &same)),
            // 4–8: a class, an item, a use it is not for; nothing said.
            ("subsidy.class", with(t1, Some(c[1]), 1, &same)),
            ("subsidy.item", with(t3, Some(c[2]), 1, &same)),
            ("subsidy.use", with(t4, None, 1, &|a| a.item = "upkeep".into())),
            ("subsidy.use", with(t4, None, 1, &|a| a.item = "roof".into())),
            ("subsidy.no-content", with(t1, None, 1, &|a| a.item = "roof".into())),
            // 9–10: central money a second time: the same building in the same project, in another project.
            ("subsidy.central-twice", with(t2, Some(c[0]), 1, &same)),
            ("subsidy.central-twice", with(t5, Some(d[0]), 1, &same)),
            // 11–14: more than the tranche has, though another has it; than the content may cost; than the share of the cost.
            ("subsidy.short", with(t1, Some(c[0]), 501, &same)),
            ("subsidy.short", with(t1, Some(c[2]), 501, &same)),
            ("subsidy.over-content", with(t3, Some(c[0]), 601, &same)),
            ("subsidy.short", with(t4, None, 501, &|a| a.item = "cleaning".into())),
            // 15–17: before it was granted, tomorrow, nothing and less than nothing.
            ("subsidy.day", with(t1, Some(c[0]), 1, &|a| a.paid_on = day("2026-01-04"))),
            ("subsidy.day", with(t1, Some(c[0]), 1, &|a| a.paid_on = day("2026-01-06"))),
            ("subsidy.amount", with(t1, Some(c[0]), 0, &same)),
            ("subsidy.amount", with(t1, Some(c[0]), -400, &same)),
            // 19–21: a tranche, a content, a payee nobody knows.
            ("subsidy.no-tranche", with(TrancheNo(99), Some(c[0]), 1, &same)),
            ("subsidy.no-content", with(t1, Some(ContentNo(99)), 1, &same)),
            ("subsidy.shape", with(t1, Some(c[0]), 1, &|a| a.payee = String::new())),
            // 22: a bank line that is not there.
            ("bank.no-line", with(t1, Some(c[0]), 1, &|a| a.line_no = Some(ledger::id::LineNo(7)))),
        ];
        assert!(attacks.len() >= 20);
        for (said, asked) in &attacks {
            assert_eq!(code(spend(&world, asked.clone()).await), *said, "{asked:?}");
        }
        // The whole compound's outer wall, then one building's by another programme's central money, in another project.
        spend(&world, spending(t1, Some(c[2]), 10)).await.unwrap();
        assert_eq!(code(spend(&world, spending(t5, Some(d[1]), 1)).await), "subsidy.central-twice");
        // 20 % of 3,000 is 600.
        spend(&world, spending(t3, Some(c[0]), 600)).await.unwrap();
        assert_eq!(code(claw_back(&world, TrancheMoveNo(1), 1).await), "subsidy.no-spending");
        assert_eq!(code(claw_back(&world, first.move_no, 401).await), "subsidy.over-clawed-back");
        claw_back(&world, first.move_no, 100).await.unwrap();
        assert_eq!(code(claw_back(&world, first.move_no, 301).await), "subsidy.over-clawed-back");
        assert_eq!(code(spend(&world, spending(t3, Some(c[0]), 1)).await), "subsidy.cost-share");
        interest(&world, t1, 7).await.unwrap();
        assert_eq!(left(&world, t1).await, 900 - 400 - 10 + 100 + 7);
        assert_eq!(code(hand_back(&world, t1, 598).await), "subsidy.short");
        // What was received is not undone while later money stands on it.
        assert_eq!(code(reverse(&world, 1).await), "journal.reversal-out-of-order");
        later(&world, "2026-01-06");
        assert_eq!(code(spend(&world, Spending { paid_on: day("2026-01-06"), ..spending(old, Some(c[0]), 1) }).await), "subsidy.expired");
        hand_back(&world, old, 1).await.unwrap();
        {
            let mut view = world.books.read().await.unwrap();
            let told = subsidy::tranches(&mut view, world.compound, day("2027-02-01")).await.unwrap();
            assert!(told[0].is_overdue && !told[5].is_overdue);
        }
        all_laws_hold(&world).await;

        // By SQL: what the database can know it refuses by itself.
        let db = world.back_door().await;
        let id = world.compound.0;
        let act = 1;
        let spend_row = |no: i32, tranche: TrancheNo, programme: ProgrammeNo, central: i32, project: MatterNo, content: ContentNo, item: &str, building: &str| {
            format!("INSERT INTO tranche_spend (compound_id, move_no, tranche_no, programme_no, is_central, project_matter_no, content_no, item, building, act_no)
                     VALUES ({id}, {no}, {}, {}, {central}, {}, {}, '{item}', '{building}', {act})", tranche.0, programme.0, project.0, content.0)
        };
        let move_row = |no: i32, tranche: TrancheNo, kind: &str, sign: i32, fen: i64, on: &str| {
            format!("INSERT INTO tranche_move (compound_id, move_no, tranche_no, kind, sign, amount_fen, moved_on, payee, evidence, of_move_no, line_no, voucher_seq, act_no)
                     VALUES ({id}, {no}, {}, '{kind}', {sign}, {fen}, '{on}', 'x', 'x', NULL, NULL, 1, {act})", tranche.0)
        };
        let statements = [
            // Another project's tranche, another project's content, a class and an item it is not for.
            spend_row(900, t1, central, 1, two, d[0], "roof", "1"),
            spend_row(901, t1, central, 1, one, d[0], "roof", "1"),
            spend_row(902, t1, central, 1, one, c[1], "lift", "1"),
            spend_row(903, t3, share, 0, one, c[2], "outer-wall", ""),
            // Central money said to be none; central money twice.
            spend_row(904, t1, central, 0, one, c[0], "roof", "1"),
            spend_row(905, t2, next, 1, one, c[0], "roof", "1"),
            spend_row(906, t5, next, 1, two, d[1], "outer-wall", "2"),
            // A spending without a purpose; more than there is; more than was granted; a sign that lies.
            move_row(907, t1, "spend", -1, 1, "2026-01-05"),
            move_row(908, t1, "hand-back", -1, 1_000_000, "2026-01-05"),
            move_row(909, t1, "receipt", 1, 1_000_000, "2026-01-05"),
            move_row(910, t1, "spend", 1, 1, "2026-01-05"),
            // The bank's balance of a tranche below nothing; history rewritten.
            format!("UPDATE balance SET credit_fen = credit_fen + 1000000 WHERE compound_id = {id} AND book = 4 AND account = 1002 AND matter_no > 0"),
            format!("UPDATE tranche SET granted_fen = gross_fen WHERE compound_id = {id}"),
            // A tranche withdrawn under money that moved.
            format!("INSERT INTO tranche_withdrawal (compound_id, tranche_no, reason, withdrawn_on, act_no)
                     VALUES ({id}, {}, 'x', '2026-01-05', {act})", t1.0),
            format!("DELETE FROM tranche_use WHERE compound_id = {id}"),
            format!("UPDATE content SET item = 'lift' WHERE compound_id = {id}"),
            format!("DELETE FROM tranche_spend WHERE compound_id = {id}"),
        ];
        for sql in &statements {
            let statement = Statement::from_string(db.get_database_backend(), sql.clone());
            assert!(db.execute_raw(statement).await.is_err(), "{sql}");
        }
        db.close().await.unwrap();
        all_laws_hold(&world).await;
    }

    /// Scores reward and cost; the earnest money is never below nothing; what was deducted is handed back.
    async fn a_score_is_rewarded_or_costs_once(world: World) {
        let mut new = programme("街〔2026〕5号", Level::Street, 100_000, &[], &["reward", "cleaning"]);
        new.from_on = day("2025-01-01");
        new.terms.marks = vec![
            Mark { from_e2: 9000, reward_fen: Money::fen(300), deduct_fen: Money::ZERO },
            Mark { from_e2: 7000, reward_fen: Money::ZERO, deduct_fen: Money::ZERO },
            Mark { from_e2: 0, reward_fen: Money::ZERO, deduct_fen: Money::fen(200) },
        ];
        let no = found(&world, new).await.unwrap();
        allot(&world, no, 10_000).await.unwrap();
        let tranche = grant(&world, granting(no, None, 1_000)).await.unwrap().tranche_no;
        receive(&world, tranche, 1_000).await.unwrap();
        let appraise = async |role, period: &str, score| {
            let asked = Appraising { programme_no: no, period: period.into(), score_e2: score, findings: "投诉 2 件".into(), evidence: "考核表".into() };
            at(&world, world.compound, role, "subsidy.appraise", asked, |tx, a| Box::pin(subsidy::appraise(tx, a))).await
        };
        let settle = async |period: &str| {
            let asked = Settling { programme_no: no, period: period.into(), tranche_no: Some(tranche), on: day("2026-01-05"), line_no: None };
            at(&world, world.compound, Role::StreetOffice, "subsidy.settle", asked, |tx, a| Box::pin(subsidy::settle(tx, a))).await
        };
        let earnest = async |kind, fen| {
            let asked = EarnestMoving { programme_no: no, kind, payer: "某物业公司".into(), amount_fen: Money::fen(fen), on: day("2026-01-05"), line_no: None, evidence: "收据 1".into() };
            at(&world, world.compound, Role::PropertyCompany, "subsidy.move-earnest", asked, |tx, a| Box::pin(subsidy::move_earnest(tx, a))).await
        };
        assert_eq!(code(appraise(Role::StreetOffice, "2026-Q1", 9_500).await), "subsidy.period-open");
        assert_eq!(code(appraise(Role::PropertyCompany, "2025-Q1", 9_500).await), "subsidy.own-appraisal");
        assert_eq!(code(settle("2025-Q1").await), "subsidy.not-appraised");
        let told = appraise(Role::StreetOffice, "2025-Q1", 9_500).await.unwrap();
        assert_eq!((told.reward_fen.in_fen(), told.deduct_fen.in_fen()), (300, 0));
        for (period, said) in [
            ("2025-Q1", "subsidy.appraised"),
            ("2025-H1", "subsidy.appraised"),
            ("2025", "subsidy.appraised"),
            ("2024-Q4", "subsidy.outside-period"),
            ("2027", "subsidy.outside-period"),
        ] {
            assert_eq!(code(appraise(Role::StreetOffice, period, 9_900).await), said, "{period}");
        }
        // A reward is not an ordinary spending, whatever the score.
        let reward = Spending { item: "reward".into(), ..spending(tranche, None, 300) };
        assert_eq!(code(spend(&world, reward).await), "subsidy.reward-by-score");
        assert_eq!(code(settle("2025-Q1").await), "subsidy.no-earnest");
        assert_eq!(code(earnest(EarnestKind::Returned, 1).await), "subsidy.no-earnest");
        assert_eq!(earnest(EarnestKind::Paid, 250).await.unwrap().held_fen.in_fen(), 250);
        settle("2025-Q1").await.unwrap();
        assert_eq!(code(settle("2025-Q1").await), "subsidy.settled");
        assert_eq!(left(&world, tranche).await, 700);
        for (period, score) in [("2025-Q2", 6_999), ("2025-Q3", 100), ("2025-Q4", 7_000)] {
            appraise(Role::StreetOffice, period, score).await.unwrap();
        }
        assert_eq!(settle("2025-Q2").await.unwrap().held_fen.in_fen(), 50);
        assert_eq!(code(settle("2025-Q3").await), "subsidy.earnest-short");
        assert_eq!(code(settle("2025-Q4").await), "subsidy.amount");
        assert_eq!(code(earnest(EarnestKind::Surrendered, 201).await), "subsidy.earnest-short");
        earnest(EarnestKind::Surrendered, 200).await.unwrap();
        assert_eq!(code(earnest(EarnestKind::Returned, 51).await), "subsidy.earnest-short");
        // The third quarter costs 200, which are not deducted yet: nothing goes back before.
        assert_eq!(code(earnest(EarnestKind::Returned, 50).await), "subsidy.earnest-owed");
        assert_eq!(earnest(EarnestKind::Paid, 160).await.unwrap().held_fen.in_fen(), 210);
        assert_eq!(code(earnest(EarnestKind::Returned, 11).await), "subsidy.earnest-owed");
        assert_eq!(earnest(EarnestKind::Returned, 4).await.unwrap().held_fen.in_fen(), 206);
        assert_eq!(settle("2025-Q3").await.unwrap().held_fen.in_fen(), 6);
        earnest(EarnestKind::Surrendered, 200).await.unwrap();
        assert_eq!(earnest(EarnestKind::Returned, 6).await.unwrap().held_fen, Money::ZERO);
        {
            let mut view = world.books.read().await.unwrap();
            let told = subsidy::appraisals(&mut view, world.compound).await.unwrap();
            let told: Vec<_> = told.iter().map(|a| (a.period.as_str(), a.score_e2, a.deduct_fen.in_fen(), a.is_settled)).collect();
            assert_eq!(told, [("2025-Q1", 9_500, 0, true), ("2025-Q2", 6_999, 200, true), ("2025-Q3", 100, 200, true), ("2025-Q4", 7_000, 0, false)]);
        }
        all_laws_hold(&world).await;
    }

    /// A month is paid once, whether it is written as a quarter, a half or a year, and only in the programme's own time; what was
    /// granted by mistake is withdrawn while nothing stands on it, and then may be granted rightly.
    async fn a_month_is_granted_once_within_its_programme(world: World) {
        let mut new = programme("街〔2026〕11号", Level::Street, 100_000, &[Class::Management], &[]);
        new.from_on = day("2025-07-01");
        new.terms.advance = Some(fraction("70%"));
        new.terms.scores = vec![ScorePays { from_e2: 6000, pays: fraction("100%") }];
        let no = found(&world, new).await.unwrap();
        allot(&world, no, 10_000).await.unwrap();
        let advance = async |period: &str| {
            grant(&world, Granting { part: Part::Advance, period: period.into(), ..granting(no, None, 1_000) }).await
        };
        let first = advance("2026-Q1").await.unwrap().tranche_no;
        for (period, said) in [
            ("2026-Q1", "subsidy.granted-once"),
            ("2026-H1", "subsidy.granted-once"),
            ("2026", "subsidy.granted-once"),
            ("2025", "subsidy.outside-period"),
            ("2025-H1", "subsidy.outside-period"),
            ("2019-Q1", "subsidy.outside-period"),
            ("2027-Q1", "subsidy.outside-period"),
        ] {
            assert_eq!(code(advance(period).await), said, "{period}");
        }
        let told = advance("2026-H1").await.expect_err("refused").to_string();
        assert!(told.contains(&format!("2026-H1 与补贴资金 {first} 的期间 2026-Q1 重叠")), "{told}");
        for period in ["2026-Q2", "2026-Q4", "2025-H2"] {
            advance(period).await.unwrap();
        }
        assert_eq!(code(advance("2026-H2").await), "subsidy.granted-once");
        assert_eq!(code(advance("2025-Q4").await), "subsidy.granted-once");

        // Granted by mistake: withdrawn, on record, and granted again; a withdrawn one moves no more.
        assert_eq!(withdraw_tranche(&world, first).await.unwrap().granted_fen.in_fen(), 700);
        assert_eq!(code(withdraw_tranche(&world, first).await), "subsidy.withdrawn");
        assert_eq!(code(receive(&world, first, 1).await), "subsidy.withdrawn");
        assert_eq!(code(withdraw_tranche(&world, TrancheNo(99)).await), "subsidy.no-tranche");
        let again = advance("2026-Q1").await.unwrap().tranche_no;
        let got = receive(&world, again, 700).await.unwrap();
        assert_eq!(code(withdraw_tranche(&world, again).await), "subsidy.tranche-moved");
        reverse(&world, got.voucher_seq).await.unwrap();
        withdraw_tranche(&world, again).await.unwrap();

        // An advance stays while its rest stands.
        let half = TrancheNo(4);
        let scored = Appraising { programme_no: no, period: "2025-H2".into(), score_e2: 9_500, findings: "好".into(), evidence: "表".into() };
        at(&world, world.compound, Role::StreetOffice, "subsidy.appraise", scored, |tx, a| Box::pin(subsidy::appraise(tx, a))).await.unwrap();
        let rest = grant(&world, reckoned(no, Part::Rest, "2025-H2", None)).await.unwrap().tranche_no;
        assert_eq!(code(withdraw_tranche(&world, half).await), "subsidy.tranche-moved");
        withdraw_tranche(&world, rest).await.unwrap();
        withdraw_tranche(&world, half).await.unwrap();
        {
            let mut view = world.books.read().await.unwrap();
            let told = subsidy::tranches(&mut view, world.compound, day("2026-01-05")).await.unwrap();
            let gone: Vec<bool> = told.iter().map(|t| t.withdrawn_on.is_some()).collect();
            assert_eq!(gone, [true, false, false, true, true, true]);
            assert_eq!(told[0].withdrawal_reason, "期间误写");
        }

        // Past the rooms: a period twice, and money in what was withdrawn.
        let db = world.back_door().await;
        let id = world.compound.0;
        for sql in [
            format!("INSERT INTO tranche SELECT compound_id, 900, programme_no, is_central, matter_no, project_matter_no, part, period,
                       gross_fen, granted_fen, base, granted_on, spend_by, evidence, act_no FROM tranche WHERE compound_id = {id} AND tranche_no = 2"),
            format!("INSERT INTO tranche_move (compound_id, move_no, tranche_no, kind, sign, amount_fen, moved_on, payee, evidence, of_move_no, line_no, voucher_seq, act_no)
                     VALUES ({id}, 901, {first}, 'receipt', 1, 1, '2026-01-05', 'x', 'x', NULL, NULL, 1, 1)"),
        ] {
            let statement = Statement::from_string(db.get_database_backend(), sql.clone());
            assert!(db.execute_raw(statement).await.is_err(), "{sql}");
        }
        db.close().await.unwrap();
        all_laws_hold(&world).await;
    }

    /// A document of allotment counts once, in its programme's time; what was entered twice is withdrawn while nothing granted
    /// stands on it.
    async fn an_allotment_is_of_its_document_once(world: World) {
        let no = found(&world, programme("样建〔2026〕1号", Level::District, 10_000, &[], &["cleaning"])).await.unwrap();
        let by = async |document: &str, on: &str, shares: &[(&str, i64)]| allot_by(&world, no, document, on, shares).await;
        assert_eq!(code(by("样建〔2026〕9号", "2025-12-31", &[("xiaohe", 600)]).await), "subsidy.programme-over");
        let twice = [("xiaohe", 300), ("xiaohe", 300)];
        assert_eq!(code(by("样建〔2026〕9号", "2026-01-05", &twice).await), "subsidy.allotted-once");
        let first = by("样建〔2026〕9号", "2026-01-05", &[("xiaohe", 600)]).await.unwrap().first_no;
        assert_eq!(code(by("样建〔2026〕9号", "2026-01-05", &[("xiaohe", 600)]).await), "subsidy.allotted-once");
        assert_eq!(code(by(" 样建〔2026〕9号 ", "2026-01-04", &[("xiaohe", 1)]).await), "subsidy.allotted-once");

        let tranche = grant(&world, granting(no, None, 500)).await.unwrap().tranche_no;
        assert_eq!(code(withdraw_allotment(&world, first).await), "subsidy.allotment-granted");
        withdraw_tranche(&world, tranche).await.unwrap();
        assert_eq!(withdraw_allotment(&world, first).await.unwrap().allotted_fen, Money::ZERO);
        assert_eq!(code(withdraw_allotment(&world, first).await), "subsidy.withdrawn");
        assert_eq!(code(withdraw_allotment(&world, AllotmentNo(99)).await), "subsidy.no-allotment");
        assert_eq!(code(grant(&world, granting(no, None, 1)).await), "subsidy.over-allotment");
        by("样建〔2026〕9号", "2026-01-05", &[("xiaohe", 400)]).await.unwrap();

        // One share of two was wrong: it is withdrawn and registered rightly by the same document; another compound's stays.
        world.found("erli", "二里小区").await;
        let pair = by("样建〔2026〕10号", "2026-01-05", &[("xiaohe", 70), ("erli", 30)]).await.unwrap().first_no;
        assert_eq!(code(withdraw_allotment(&world, AllotmentNo(pair.0 + 1)).await), "subsidy.no-allotment");
        withdraw_allotment(&world, pair).await.unwrap();
        assert_eq!(code(by("样建〔2026〕10号", "2026-01-05", &[("xiaohe", 7), ("erli", 30)]).await), "subsidy.allotted-once");
        by("样建〔2026〕10号", "2026-01-05", &[("xiaohe", 7)]).await.unwrap();
        assert_eq!(code(by("样建〔2026〕10号", "2026-01-05", &[("xiaohe", 7)]).await), "subsidy.allotted-once");
        {
            let mut view = world.books.read().await.unwrap();
            let told = subsidy::allotments(&mut view).await.unwrap();
            let told: Vec<_> = told.iter().map(|a| (a.compound.as_str(), a.amount_fen.in_fen(), a.withdrawn_on.is_some())).collect();
            assert_eq!(told, [("xiaohe", 600, true), ("xiaohe", 400, false), ("xiaohe", 70, true), ("erli", 30, false), ("xiaohe", 7, false)]);
            let programmes = subsidy::programmes(&mut view).await.unwrap();
            assert_eq!(programmes[0].allotted_fen.in_fen(), 437);
        }
        all_laws_hold(&world).await;
    }

    /// Money leaves a tranche on no day before it came: the balance is never below nothing as of any day.
    async fn money_is_not_spent_before_it_came(world: World) {
        let no = found(&world, programme("街〔2026〕12号", Level::Street, 10_000, &[], &["cleaning"])).await.unwrap();
        allot(&world, no, 1_000).await.unwrap();
        let tranche = grant(&world, granting(no, None, 1_000)).await.unwrap().tranche_no;
        later(&world, "2026-01-20");
        receive_on(&world, tranche, 300, "2026-01-12").await.unwrap();
        let pay = async |fen: i64, on: &str| {
            let asked = Spending { item: "cleaning".into(), paid_on: day(on), ..spending(tranche, None, fen) };
            spend(&world, asked).await
        };
        assert_eq!(code(pay(1, "2026-01-11").await), "subsidy.short");
        pay(100, "2026-01-12").await.unwrap();
        receive_on(&world, tranche, 200, "2026-01-15").await.unwrap();
        let told = pay(250, "2026-01-14").await.expect_err("refused").to_string();
        assert!(told.contains("结余 4.00 元，其中自 2026-01-14 起可用的 2.00 元"), "{told}");
        assert_eq!(pay(350, "2026-01-15").await.unwrap().left_fen.in_fen(), 50);
        assert_eq!(code(hand_back_on(&world, tranche, 51, "2026-01-12").await), "subsidy.short");
        assert_eq!(code(hand_back_on(&world, tranche, 1, "2026-01-11").await), "subsidy.short");
        hand_back_on(&world, tranche, 50, "2026-01-12").await.unwrap();
        assert_eq!(left(&world, tranche).await, 0);
        all_laws_hold(&world).await;
    }

    /// Aid to households is paid by the roster of its period, and no other way.
    async fn aid_goes_to_households_by_their_roster(world: World) {
        let no = found(&world, programme("民〔2026〕13号", Level::Street, 10_000, &[], &["household-aid"])).await.unwrap();
        allot(&world, no, 2_000).await.unwrap();
        let loose = grant(&world, granting(no, None, 500)).await.unwrap().tranche_no;
        let asked = Granting { period: "2026-Q1".into(), ..granting(no, None, 500) };
        let quarter = grant(&world, asked).await.unwrap().tranche_no;
        let pay = async |tranche: TrancheNo| {
            let asked = Spending { item: "household-aid".into(), payee: "各户".into(), ..spending(tranche, None, 100) };
            spend(&world, asked).await
        };
        for tranche in [loose, quarter] {
            receive(&world, tranche, 500).await.unwrap();
            assert_eq!(code(pay(tranche).await), "subsidy.aid-by-roster");
        }
        let enrol = async |period: &str| {
            let households = vec![RosterEntry { room: RoomCode::parse("1-1-101").unwrap(), persons: 2 }];
            let asked = Rostering { programme_no: no, period: period.into(), households };
            let done = world.act("subsidy.enrol", asked, |tx, a| Box::pin(subsidy::enrol(tx, a)));
            done.await.map(|done| done.answer)
        };
        assert_eq!(code(enrol("2025-Q4").await), "subsidy.outside-period");
        enrol("2026-Q1").await.unwrap();
        assert_eq!(code(pay(loose).await), "subsidy.aid-by-roster");
        assert_eq!(pay(quarter).await.unwrap().left_fen.in_fen(), 400);
        all_laws_hold(&world).await;
    }

    /// Random programmes, tranches and payments against a model with arithmetic of its own: what is refused, and what is left.
    async fn random_spending_agrees_with_a_model(world: World) {
        let acts = Model::run(&world).await;
        assert!(acts >= 300, "{acts}");
        all_laws_hold(&world).await;
    }

    /// Through the doors, each with its own token: a programme, its tranche, what it may and may not pay, and the ledger of it.
    async fn a_subsidy_goes_through_the_doors_by_role(world: World) {
        let doors = Doors::of(&world);
        let knock = async |role, path: &str, body: Value| {
            let said = doors.knock(&token(role), "POST", path, Some(&body)).await;
            doors.signed(said).await
        };
        let (street, company) = (Role::StreetOffice, Role::PropertyCompany);
        let mut new = programme("街〔2026〕8号", Level::Street, 1_000_000, &[], &["cleaning"]);
        new.from_on = day("2025-01-01");
        let new = serde_json::to_value(new).unwrap();
        knock(company, "/api/v1/programmes", new.clone()).await.must(403);
        let no = knock(street, "/api/v1/programmes", new).await.must(201)["programme_no"].clone();
        let share = json!({ "programme_no": no, "shares": [{ "compound": "xiaohe", "amount_fen": 500_000 }], "allotted_on": "2026-01-05", "document": "街财 1" });
        knock(street, "/api/v1/allotments", share).await.must(201);
        let tranche = json!({ "programme_no": no, "part": "whole", "amount_fen": 400_000, "granted_on": "2026-01-05", "evidence": "通知 1" });
        knock(company, "/tranches", tranche.clone()).await.must(403);
        let granted = knock(street, "/tranches", tranche).await.must(201);
        let tranche_no = granted["tranche_no"].clone();
        let moving = |fen: i64| json!({ "tranche_no": tranche_no, "amount_fen": fen, "on": "2026-01-05", "evidence": "回单" });
        knock(company, "/tranche-receipts", moving(400_000)).await.must(201);
        knock(company, "/tranche-interest", moving(100)).await.must(201);
        let spend = |item: &str, fen: i64| json!({ "tranche_no": tranche_no, "item": item, "payee": "某保洁公司", "amount_fen": fen, "paid_on": "2026-01-05", "evidence": "发票" });
        knock(company, "/tranche-spendings", spend("greening", 1)).await.problem(422, "subsidy.use");
        knock(company, "/tranche-spendings", spend("cleaning", 400_101)).await.problem(422, "subsidy.short");
        let asked = doors.knock(&token(company), "POST", "/tranche-spendings", Some(&spend("cleaning", 300_000))).await;
        assert_eq!((asked.status.as_u16(), &asked.json()["deed"]), (202, &json!("grant-payment")));
        // Whoever signs reads what it is for, and of which money.
        let waiting = format!("/countersigns/{}", asked.json()["countersign_no"]);
        let seen = doors.knock(SECOND, "GET", &waiting, None).await.must(200);
        let says = seen["says"].as_str().unwrap();
        for told in ["用途名称 清洁卫生", "补贴资金 街〔2026〕8号", "现结余 4,001.00 元"] {
            assert!(says.contains(told), "{told}: {says}");
        }
        let paid = doors.signed(asked).await.must(201);
        let back = json!({ "move_no": paid["move_no"], "amount_fen": 1_000, "on": "2026-01-05", "reason": "多付" });
        knock(company, "/tranche-claw-backs", back).await.must(201);
        let asked = doors.knock(&token(company), "POST", "/tranche-returns", Some(&moving(1_100))).await;
        assert_eq!((asked.status.as_u16(), &asked.json()["deed"]), (202, &json!("grant-payment")));
        doors.signed(asked).await.must(201);
        let told = doors.get("/tranches").await.must(200);
        assert_eq!(told["items"][0]["left_fen"], 100_000, "{told}");
        assert_eq!(doors.get("/tranche-moves").await.must(200)["items"].as_array().unwrap().len(), 5);
        assert!(doors.get("/api/v1/content-items").await.must(200)["items"].as_array().unwrap().len() > 30);
        assert_eq!(doors.get("/api/v1/programmes").await.must(200)["items"][0]["allotted_fen"], 500_000);
        assert_eq!(doors.get("/earnests").await.must(200)["items"], json!([]));
        assert_eq!(doors.get("/contents").await.must(200)["items"], json!([]));
        let earnest = json!({ "programme_no": no, "kind": "paid", "payer": "某物业公司", "amount_fen": 5_000, "on": "2026-01-05", "evidence": "收据" });
        let asked = doors.knock(&token(company), "POST", "/earnest-moves", Some(&earnest)).await;
        assert_eq!((asked.status.as_u16(), &asked.json()["deed"]), (202, &json!("grant-payment")));
        doors.signed(asked).await.must(201);
        let score = json!({ "programme_no": no, "period": "2025", "score_e2": 9_000, "findings": "好", "evidence": "表" });
        knock(company, "/appraisals", score.clone()).await.must(403);
        knock(street, "/appraisals", score).await.must(201);
        let scored = doors.get("/appraisals").await.must(200);
        assert_eq!((&scored["items"][0]["period"], &scored["items"][0]["is_settled"]), (&json!("2025"), &json!(false)));
        let settle = json!({ "programme_no": no, "period": "2025", "on": "2026-01-05" });
        knock(street, "/appraisal-settlements", settle).await.problem(422, "subsidy.not-appraised");
        let roster = json!({ "programme_no": no, "period": "2026-Q1", "households": [{ "room": "1-1-101", "persons": 2 }] });
        knock(street, "/grant-rosters", roster).await.must(201);
        // Entered by mistake, and taken back.
        let wrong = json!({ "programme_no": no, "part": "whole", "amount_fen": 100_000, "granted_on": "2026-01-05", "evidence": "通知 2" });
        let wrong = knock(street, "/tranches", wrong).await.must(201)["tranche_no"].clone();
        let back = json!({ "tranche_no": wrong, "reason": "重复下达" });
        knock(company, "/tranche-withdrawals", back.clone()).await.must(403);
        knock(street, "/tranche-withdrawals", back.clone()).await.must(201);
        knock(street, "/tranche-withdrawals", back).await.problem(409, "subsidy.withdrawn");
        let share = json!({ "allotment_no": 1, "reason": "重复登记" });
        knock(street, "/allotment-withdrawals", share).await.problem(422, "subsidy.allotment-granted");
        assert_eq!(doors.get("/api/v1/allotments").await.must(200)["items"][0]["document"], "街财 1");
        let strange = knock(company, "/tranche-spendings", spend("扫地", 1)).await.problem(422, "subsidy.use");
        assert!(strange.to_string().contains("xiaoqu subsidy catalogue"), "{strange}");

        let said = crate::cli::at(&world, &["subsidy", "tranches", "--compound", "xiaohe"]).await.must(0);
        assert!(said.out.contains("街〔2026〕8号") && said.out.contains("结余 1,000.00"), "{}", said.out);
        let folder = tempfile::tempdir().unwrap();
        let file = crate::cli::file(&folder, "a.json", &spend("cleaning", 100_001).to_string());
        let refused = crate::cli::at(&world, &["subsidy", "act", "spend", "--compound", "xiaohe", "--file", file.to_str().unwrap()]).await;
        assert!(refused.must(1).err.contains("subsidy.short"));
        crate::cli::at(&world, &["subsidy", "moves", "--compound", "xiaohe", "--json"]).await.must(0);
        let moves = crate::cli::at(&world, &["subsidy", "moves", "--compound", "xiaohe"]).await.must(0).out;
        assert!(["到账", "利息", "支付", "追回", "上缴"].iter().all(|word| moves.contains(word)) && !moves.contains("claw-back"), "{moves}");
        let catalogue = crate::cli::at(&world, &["subsidy", "catalogue"]).await.must(0).out;
        assert!(catalogue.contains("roof  屋面  基础类") && catalogue.contains("cleaning  清洁卫生  物业管理"), "{catalogue}");
        let allotments = crate::cli::at(&world, &["subsidy", "allotments"]).await.must(0).out;
        assert!(allotments.contains("xiaohe  5,000.00  2026-01-05  街财 1"), "{allotments}");
        let scored = crate::cli::at(&world, &["subsidy", "appraisals", "--compound", "xiaohe"]).await.must(0).out;
        assert!(scored.contains("2025  得分 90.00  奖励 0.00  扣款 0.00"), "{scored}");
        let file = crate::cli::file(&folder, "b.json", &json!({ "tranche_no": 1, "reason": "误登" }).to_string());
        let refused = crate::cli::at(&world, &["subsidy", "act", "withdraw-tranche", "--compound", "xiaohe", "--file", file.to_str().unwrap()]).await;
        assert!(refused.must(1).err.contains("subsidy.tranche-moved"));
        assert!(crate::cli::at(&world, &["subsidy", "programmes"]).await.must(0).out.contains("已分配 5,000.00"));
        all_laws_hold(&world).await;
    }
}

/// A tranche as the model knows it.
struct Purse {
    no: TrancheNo,
    programme: usize,
    project: usize,
    granted: i64,
    received: i64,
    left: i64,
    is_old: bool,
}

/// What stands in the grant book, in order: what to undo it.
enum Undo {
    Receipt(usize, i64),
    Spend { purse: usize, content: usize, fen: i64, seq: i32 },
}

/// The model: numbers and sets, no rule of the house.
struct Model {
    seed: u64,
    purses: Vec<Purse>,
    spent: Vec<i64>,
    /// (content, programme) of central money that stands, once a spending.
    central: Vec<(usize, usize)>,
    log: Vec<(Undo, i32)>,
}

/// item, building, budget, project.
const CONTENTS: [(&str, &str, i64, usize); 6] = [
    ("roof", "1", 9_000, 0),
    ("outer-wall", "", 9_000, 0),
    ("parking", "", 9_000, 0),
    ("roof", "1", 9_000, 1),
    ("roof", "2", 9_000, 1),
    ("outer-wall", "3", 9_000, 1),
];
/// level is central, items.
const PROGRAMMES: [(bool, &[&str]); 3] = [
    (true, &["roof", "outer-wall"]),
    (true, &["roof", "parking"]),
    (false, &["roof", "outer-wall", "parking"]),
];

impl Model {
    fn draw(&mut self, below: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    fn pick(&mut self, below: usize) -> usize {
        usize::try_from(self.draw(below as u64)).unwrap()
    }

    /// What a spending is told: nothing, or the first thing wrong with it.
    fn says(&self, purse: usize, content: usize, fen: i64) -> &'static str {
        let p = &self.purses[purse];
        let (item, building, budget, project) = CONTENTS[content];
        let (is_central, items) = PROGRAMMES[p.programme];
        let meets = |other: &str| other.is_empty() || building.is_empty() || other == building;
        let is_twice = is_central
            && self.central.iter().any(|(c, programme)| {
                CONTENTS[*c].0 == item
                    && meets(CONTENTS[*c].1)
                    && (*programme != p.programme || *c != content)
            });
        let basic = ["roof", "outer-wall"];
        if project != p.project {
            "subsidy.another-project"
        } else if !items.contains(&item) {
            let same_class = items.iter().any(|i| basic.contains(i) == basic.contains(&item));
            if same_class { "subsidy.item" } else { "subsidy.class" }
        } else if p.is_old {
            "subsidy.expired"
        } else if is_twice {
            "subsidy.central-twice"
        } else if self.spent[content] + fen > budget {
            "subsidy.over-content"
        } else if fen > p.left {
            "subsidy.short"
        } else {
            ""
        }
    }

    async fn run(world: &World) -> usize {
        let mut model = Model {
            seed: 20_261_123,
            purses: vec![],
            spent: vec![0; CONTENTS.len()],
            central: vec![],
            log: vec![],
        };
        let projects = [project(world, "甲").await, project(world, "乙").await];
        let mut contents = Vec::new();
        for (item, building, budget, of) in CONTENTS {
            contents.push(
                list(world, projects[of], vec![content(item, building, budget)]).await.unwrap()[0],
            );
        }
        let mut programmes = Vec::new();
        for (i, (is_central, items)) in PROGRAMMES.iter().enumerate() {
            let level = if *is_central { Level::CentralMof } else { Level::City };
            let no = found(world, programme(&format!("文 {i}"), level, 10_000_000, &[], items))
                .await
                .unwrap();
            allot(world, no, 10_000_000).await.unwrap();
            programmes.push(no);
        }
        later(world, "2026-02-01");
        let mut acts = 0;
        let mut told = std::collections::BTreeMap::<&str, usize>::new();
        while acts < 320 {
            acts += 1;
            let kind = model.draw(10);
            if model.purses.len() < 4 || kind == 0 {
                let (programme, of, fen) =
                    (model.pick(3), model.pick(2), 1 + i64::try_from(model.draw(4_000)).unwrap());
                let is_old = model.draw(8) == 0;
                let mut asked = granting(programmes[programme], Some(projects[of]), fen);
                asked.spend_by = is_old.then(|| day("2026-01-20"));
                let no = grant(world, asked).await.unwrap().tranche_no;
                model.purses.push(Purse {
                    no,
                    programme,
                    project: of,
                    granted: fen,
                    received: 0,
                    left: 0,
                    is_old,
                });
            } else if kind <= 2 {
                let purse = model.pick(model.purses.len());
                let fen = 1 + i64::try_from(model.draw(2_500)).unwrap();
                let p = &model.purses[purse];
                let fits = p.received + fen <= p.granted;
                let done = receive(world, p.no, fen).await;
                assert_eq!(done.is_ok(), fits);
                if let Ok(moved) = done {
                    model.purses[purse].received += fen;
                    model.purses[purse].left += fen;
                    model.log.push((Undo::Receipt(purse, fen), moved.voucher_seq));
                    assert_eq!(moved.left_fen.in_fen(), model.purses[purse].left);
                } else {
                    assert_eq!(code(done), "subsidy.over-granted");
                }
            } else if kind == 3 && !model.log.is_empty() {
                // The last thing that stands is undone.
                let (undo, seq) = model.log.pop().unwrap();
                reverse_on(world, seq).await.unwrap();
                match undo {
                    Undo::Receipt(purse, fen) => {
                        model.purses[purse].received -= fen;
                        model.purses[purse].left -= fen;
                    }
                    Undo::Spend { purse, content, fen, seq: at } => {
                        assert_eq!(at, seq);
                        model.purses[purse].left += fen;
                        model.spent[content] -= fen;
                        let programme = model.purses[purse].programme;
                        if PROGRAMMES[programme].0 {
                            let found = model
                                .central
                                .iter()
                                .rposition(|use_| *use_ == (content, programme))
                                .unwrap();
                            model.central.remove(found);
                        }
                    }
                }
            } else {
                let (purse, content) = (model.pick(model.purses.len()), model.pick(CONTENTS.len()));
                let fen = 1 + i64::try_from(model.draw(900)).unwrap();
                let wanted = model.says(purse, content, fen);
                let asked = Spending {
                    paid_on: day("2026-02-01"),
                    ..spending(model.purses[purse].no, Some(contents[content]), fen)
                };
                let done = spend(world, asked).await;
                *told.entry(wanted).or_default() += 1;
                match done {
                    Ok(moved) => {
                        assert_eq!(wanted, "");
                        let p = &mut model.purses[purse];
                        p.left -= fen;
                        assert_eq!(moved.left_fen.in_fen(), p.left);
                        model.spent[content] += fen;
                        if PROGRAMMES[p.programme].0 {
                            model.central.push((content, p.programme));
                        }
                        let seq = moved.voucher_seq;
                        model.log.push((Undo::Spend { purse, content, fen, seq }, seq));
                    }
                    refused => assert_eq!(code(refused), wanted),
                }
            }
        }
        let mut view = world.books.read().await.unwrap();
        let tranches =
            subsidy::tranches(&mut view, world.compound, day("2026-02-01")).await.unwrap();
        let lefts: Vec<i64> = tranches.iter().map(|t| t.left_fen.in_fen()).collect();
        assert_eq!(lefts, model.purses.iter().map(|p| p.left).collect::<Vec<_>>());
        let contents = subsidy::contents(&mut view, world.compound, None).await.unwrap();
        let spent: Vec<i64> = contents.iter().map(|c| c.granted_spent_fen.in_fen()).collect();
        assert_eq!(spent, model.spent);
        assert!(told.len() >= 5 && told[""] >= 20, "{told:?}");
        acts
    }
}

async fn reverse_on(world: &World, seq: i32) -> Result<()> {
    let done = world.act("bank.reverse", VoucherSeq(seq), |tx, seq| {
        Box::pin(async move {
            bank::reverse(tx, Book::Grant, *seq, day("2026-02-01"), Style::Red, "误记")
                .await
                .map(|_| ())
        })
    });
    done.await.map(|_| ())
}
