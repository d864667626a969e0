//! A fund that has run low is filled again: who is under the bar, plans by resolution or default, notices, arrears, revenue.

use std::collections::BTreeMap;

use ledger::books::{Actor, Request, Role};
use ledger::error::Result;
use ledger::fund::{
    self, Basis, DepositKind, LevyKind, Levying, NewCall, NoticeWord, Notifying, PlanWithdrawal,
    Posting, RenewalShare, Renewing, StandardMeans, Target,
};
use ledger::governance::matter::Delivery;
use ledger::governance::tally::Answer;
use ledger::governance::{self, Cast, Matter, NewMotion, NewRound, Scope, Terms, VoteRule};
use ledger::id::{CallNo, DwellingNo, MotionNo, RenewalNo, RoundNo};
use ledger::journal::{AsOf, Book, Entry, Kind, Line};
use ledger::money::Money;
use ledger::policy::terms::{BalanceKind, Fraction, Instalment, Levied};
use ledger::policy::{Jurisdiction, Library};
use ledger::property::{self, Housing};
use ledger::revenue::Income;
use ledger::revenue::distribution::To;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use crate::doors::Doors;
use crate::levy::{
    all_laws_hold, balance, code, knock, later, pay_in, register, room, standard, under_law_of,
};
use crate::on_both;
use crate::policy::cases;
use crate::revenue;
use crate::world::{World, day};

/// Every line of tests/cases/renewal.txt.
#[test]
fn who_is_under_the_bar_is_what_was_worked_out_by_hand() {
    let mut checked = 0;
    for line in
        cases("renewal.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        let jurisdiction = Jurisdiction::try_from(words[0].to_owned()).unwrap();
        let pack = Library::shipped().at(&jurisdiction, day(words[1])).unwrap();
        let (first, has) = (Money::parse(words[2]).unwrap(), Money::parse(words[3]).unwrap());
        assert_eq!(pack.terms.renew_below.balance, BalanceKind::PrincipalAndGains);
        let is_due = pack.terms.renew_below.is_due(first, has);
        assert_eq!(is_due, words[5] == "under", "{line}");
        let by_default = pack.terms.renew_to.due_by_default(first, has).filter(|_| is_due);
        assert_eq!(by_default.map_or("-".to_owned(), |due| due.to_string()), words[6], "{line}");
        checked += 1;
    }
    assert_eq!(checked, 11);
}

/// Spends of a dwelling's principal, as a repair does.
async fn spend(world: &World, dwelling: DwellingNo, fen: i64, on: &str) {
    let entry = Entry {
        book: Book::Fund,
        effective_on: day(on),
        kind: Kind::Repair,
        memo: "维修".into(),
        source: "工程 1".into(),
        evidence: "决算 1".into(),
        lines: vec![
            Line::debit(500_101, Money::fen(fen)).of(dwelling),
            Line::credit(1001, Money::fen(fen)),
        ],
    };
    world.post(entry).await.unwrap();
}

/// First deposits of 12,000.00 for four dwellings: 1-1-101 keeps 3,599.99, 1-1-102 3,600.00, 1-1-201 nothing, 1-1-202 all.
async fn run_low(world: &World) -> Vec<DwellingNo> {
    let mut dwellings = Vec::new();
    for (text, spent) in
        [("1-1-101", 840_001), ("1-1-102", 840_000), ("1-1-201", 1_300_000), ("1-1-202", 0)]
    {
        let dwelling = world.dwelling(text).await;
        pay_in(world, dwelling, DepositKind::Initial, 1_200_000, "2015-06-01", "").await.unwrap();
        if text == "1-1-201" {
            // Paid in before anybody planned: it is no part of the first deposit and counts for no plan.
            pay_in(world, dwelling, DepositKind::TopUp, 100_000, "2016-06-01", "").await.unwrap();
        }
        if spent > 0 {
            spend(world, dwelling, spent, "2020-06-01").await;
        }
        dwellings.push(dwelling);
    }
    dwellings
}

fn renewing(basis: Basis, target: Option<Target>) -> Renewing {
    Renewing {
        basis,
        target,
        judged_on: day("2026-01-05"),
        notified_on: day("2026-01-10"),
        due_on: None,
        instalment: Instalment::LumpSum,
        count: 1,
        counts_gains: false,
    }
}

async fn renew(world: &World, asked: Renewing) -> Result<i32> {
    let done = world.act("fund.renew", asked, |tx, asked| Box::pin(fund::renew(tx, asked)));
    done.await.map(|done| done.answer.0)
}

async fn call(world: &World, on: &str) -> Result<i32> {
    let new =
        NewCall { called_on: day(on), caller: "某街道".into(), evidence: "提醒函 1".into() };
    let done = world.act("fund.call", new, |tx, new| Box::pin(fund::call(tx, new)));
    done.await.map(|done| done.answer.0)
}

async fn notify(world: &World, kind: NoticeWord, rooms: &[&str], on: &str) -> Result<i32> {
    let asked = Notifying {
        kind,
        rooms: rooms.iter().map(|text| room(text)).collect(),
        sent_on: day(on),
        method: Delivery::Hand,
        evidence: "签收簿 1".into(),
    };
    let done = world
        .act("fund.notify", asked, |tx, asked| Box::pin(fund::notify(tx, RenewalNo(1), asked)));
    done.await.map(|done| done.answer)
}

async fn arrears(world: &World, on: &str) -> Vec<fund::RenewalArrears> {
    let mut view = world.books.read().await.unwrap();
    fund::renewal_arrears(&mut view, world.compound, RenewalNo(1), day(on)).await.unwrap()
}

async fn decided(
    world: &World,
    matter: Matter,
    cap: i64,
    yes: bool,
    from: &'static str,
) -> RoundNo {
    decided_by(world, Scope::Compound {}, matter, cap, yes, from).await
}

/// A round on one motion, everybody answering alike, counted 16 days later.
pub async fn decided_by(
    world: &World,
    scope: Scope,
    matter: Matter,
    cap: i64,
    yes: bool,
    from: &'static str,
) -> RoundNo {
    let actor = Actor::new("李主任", Role::OwnersCommittee);
    let closes_on = day(from) + chrono::Days::new(15);
    let round = NewRound {
        title: "续筹表决".into(),
        convener: "业主委员会".into(),
        scope: scope.clone(),
        opens_on: day(from),
        closes_on,
        terms: Terms { notice_days: 0, ..Terms::default() },
    };
    let motion = NewMotion {
        title: "续筹维修资金".into(),
        plan: "方案 1".into(),
        amount_cap_fen: Money::fen(cap),
        rule: VoteRule::national(matter),
    };
    let step = async |verb: &'static str, no: RoundNo| {
        let done =
            world.books.act(&actor, world.compound, Request::new(verb, no), move |tx, no| {
                Box::pin(async move {
                    match verb {
                        "freeze" => governance::freeze(tx, *no, day(from)).await.map(|_| ()),
                        "announce" => governance::announce(tx, *no, day(from), "公告栏").await,
                        "open" => governance::open(tx, *no).await,
                        _ => governance::close(tx, *no).await.map(|_| ()),
                    }
                })
            });
        done.await.unwrap();
    };
    let drafted = world.books.act(
        &actor,
        world.compound,
        Request::new("draft", (round, motion)),
        |tx, (round, motion)| {
            Box::pin(async move {
                let no = governance::draft(tx, round).await?;
                governance::move_motion(tx, no, motion).await.map(|_| no)
            })
        },
    );
    let no = drafted.await.unwrap().answer;
    for verb in ["freeze", "announce", "open"] {
        step(verb, no).await;
    }
    let mut view = world.books.read().await.unwrap();
    let roll = property::roll(&mut view, world.compound, day(from)).await.unwrap();
    drop(view);
    for dwelling in roll.iter().filter(|d| !d.owners.is_empty() && scope.holds(&d.code)) {
        let cast = Cast {
            room: dwelling.code.clone(),
            owner_no: Some(dwelling.owners[0].owner_no),
            proxy_no: None,
            answers: vec![if yes { Answer::Approve } else { Answer::Oppose }],
        };
        world
            .act("cast", (no, cast), |tx, (no, cast)| {
                Box::pin(async move { governance::cast(tx, *no, cast).await.map(|_| ()) })
            })
            .await
            .unwrap();
    }
    later(world, &(closes_on + chrono::Days::new(1)).to_string());
    step("close", no).await;
    no
}

const fn by(round: RoundNo) -> Basis {
    Basis::Resolution { round_no: round, motion_no: MotionNo(1) }
}

fn half() -> Option<Target> {
    Some(Target::ShareOfFirst { share: Fraction::new(50, 100).unwrap() })
}

on_both! {
    /// TV-5 and Shanghai's default, from the call to the last reminder.
    async fn shanghai_goes_by_default_when_the_owners_time_has_passed(world: World) {
        under_law_of(&world, "3101").await;
        let homes = run_low(&world).await;
        let mut view = world.books.read().await.unwrap();
        let under = fund::under_renewal(&mut view, world.compound, day("2026-01-05")).await.unwrap();
        drop(view);
        let told: Vec<(String, i64, Option<i64>)> = under.iter().map(|u| (u.room.to_string(), u.balance.in_fen(), u.by_default.map(Money::in_fen))).collect();
        assert_eq!(told, [("1-1-101".into(), 359_999, Some(240_001)), ("1-1-201".into(), 0, Some(600_000))], "exactly 30 % is not under");

        let default = |no: i32| renewing(Basis::Default { call_no: CallNo(no) }, None);
        assert_eq!(code(renew(&world, default(1)).await), "fund.no-call");
        assert_eq!(code(call(&world, "2026-01-06").await), "fund.papers", "a day to come");
        call(&world, "2026-01-05").await.unwrap();
        // 90 days in which the owners may decide: the last is 5 April.
        later(&world, "2026-04-05");
        assert_eq!(code(renew(&world, default(1)).await), "fund.default-early");
        later(&world, "2026-04-06");
        let worded = Renewing { target: half(), ..default(1) };
        assert_eq!(code(renew(&world, worded).await), "fund.plan-shape");
        let hasty = Renewing { due_on: Some(day("2026-04-09")), ..default(1) };
        assert_eq!(code(renew(&world, hasty).await), "fund.plan-shape");
        let mut view = world.books.read().await.unwrap();
        let planned = fund::renew_preview(&mut view, world.compound, day("2026-04-06"), &default(1)).await.unwrap();
        drop(view);
        assert_eq!(planned.iter().map(|p| p.due.in_fen()).collect::<Vec<_>>(), [240_001, 600_000]);
        assert_eq!(renew(&world, default(1)).await.unwrap(), 1);
        assert_eq!(code(renew(&world, default(1)).await), "fund.plan-open");

        assert_eq!(notify(&world, NoticeWord::Notice, &[], "2026-01-10").await.unwrap(), 2);
        assert_eq!(code(notify(&world, NoticeWord::Notice, &["1-1-102"], "2026-01-10").await), "fund.not-in-plan");
        // Due 90 days after the notice: 10 April.
        assert_eq!(code(notify(&world, NoticeWord::Reminder, &[], "2026-04-06").await), "fund.nothing-owed");
        later(&world, "2026-05-01");
        pay_in(&world, homes[0], DepositKind::TopUp, 240_001, "2026-04-07", "").await.unwrap();
        assert_eq!(code(notify(&world, NoticeWord::Reminder, &["1-1-101"], "2026-05-01").await), "fund.nothing-owed");
        assert_eq!(notify(&world, NoticeWord::Reminder, &[], "2026-05-01").await.unwrap(), 1);
        let rows = arrears(&world, "2026-05-01").await;
        assert_eq!(rows.iter().map(|r| (r.paid.in_fen(), r.owed.in_fen(), r.days, r.reminders)).collect::<Vec<_>>(),
            [(240_001, 0, 0, 0), (0, 600_000, 21, 1)]);
        pay_in(&world, homes[0], DepositKind::TopUp, 5, "2026-05-01", "").await.expect("its plan is paid: whoever likes pays in more");
        assert_eq!(arrears(&world, "2026-05-01").await[0].paid.in_fen(), 240_001);
        pay_in(&world, homes[1], DepositKind::TopUp, 1, "2026-05-01", "").await.expect("outside a plan anybody may pay");
        assert_eq!(code(pay_in(&world, homes[2], DepositKind::TopUp, 600_001, "2026-05-01", "").await), "fund.over-assessment");

        let posting = Posting { posted_on: day("2026-04-06"), place: "公告栏".into() };
        world.act("fund.post-plan", posting, |tx, posting| Box::pin(fund::post_plan(tx, RenewalNo(1), posting))).await.unwrap();
        let elsewhere = Posting { posted_on: day("2026-04-06"), place: "公告栏".into() };
        let refused = world.act("fund.post-plan", elsewhere, |tx, posting| Box::pin(fund::post_plan(tx, RenewalNo(9), posting))).await;
        assert_eq!(code(refused), "fund.no-plan");
        let mut view = world.books.read().await.unwrap();
        let plans = fund::renewals(&mut view, world.compound).await.unwrap();
        assert_eq!((plans[0].total_fen.in_fen(), plans[0].postings.len(), plans[0].basis), (840_001, 1, Basis::Default { call_no: CallNo(1) }));
        let notices = fund::renewal_notices(&mut view, world.compound, RenewalNo(1)).await.unwrap();
        assert_eq!(notices.iter().map(|n| (n.notice_no, n.owed_fen.in_fen())).collect::<Vec<_>>(), [(1, 240_001), (2, 600_000), (3, 600_000)]);
        all_laws_hold(&world).await;
    }

    async fn the_owners_decide_and_the_plan_follows_their_resolution(world: World) {
        run_low(&world).await;
        let round = decided(&world, Matter::RaiseFund, 900_000, true, "2026-01-05").await;
        let base = || Renewing { due_on: Some(day("2026-02-28")), ..renewing(by(round), half()) };
        assert_eq!(code(renew(&world, Renewing { due_on: None, ..base() }).await), "fund.due-day");
        assert_eq!(code(renew(&world, Renewing { target: None, ..base() }).await), "fund.plan-shape");
        assert_eq!(code(renew(&world, Renewing { count: 2, ..base() }).await), "fund.plan-shape");
        assert_eq!(code(renew(&world, Renewing { due_on: Some(day("2026-01-09")), ..base() }).await), "fund.plan-shape");
        let monthly = Renewing { instalment: Instalment::Monthly, count: 3, ..base() };
        assert_eq!(code(renew(&world, monthly.clone()).await), "fund.instalments", "the nation knows none");
        let all = Target::ShareOfFirst { share: Fraction::new(1, 1).unwrap() };
        assert_eq!(code(renew(&world, Renewing { target: Some(all), ..base() }).await), "fund.over-cap");
        let unknown = Basis::Resolution { round_no: RoundNo(9), motion_no: MotionNo(1) };
        assert_eq!(code(renew(&world, Renewing { basis: unknown, ..base() }).await), "governance.no-round");
        let early = Renewing { judged_on: day("2015-07-01"), ..base() };
        assert_eq!(code(renew(&world, early).await), "fund.nobody-under");
        assert_eq!(renew(&world, base()).await.unwrap(), 1);
        assert_eq!(code(renew(&world, base()).await), "fund.resolution-used");
        let default = renewing(Basis::Default { call_no: CallNo(1) }, None);
        assert_eq!(code(renew(&world, default).await), "fund.no-default");
        let asked = json!({ "no": "1", "room": arrears(&world, "2026-01-05").await[0].room });
        crate::printed::proved("renewal", &crate::printed::drawn(&world, "xiaohe", "renewal", asked).await);
        all_laws_hold(&world).await;
    }

    /// A plan that is not to be carried out: nobody owes more of it, what was paid stays, its resolution may carry another.
    async fn a_plan_is_withdrawn_and_made_anew(world: World) {
        let homes = run_low(&world).await;
        let round = decided(&world, Matter::RaiseFund, 2_000_000, true, "2026-01-05").await;
        let base = || Renewing { due_on: Some(day("2026-01-10")), counts_gains: true, ..renewing(by(round), half()) };
        assert_eq!(renew(&world, base()).await.unwrap(), 1);
        pay_in(&world, homes[0], DepositKind::TopUp, 40_001, "2026-01-21", "").await.unwrap();
        let withdraw = async |no: i32, on: &str, reason: &str| {
            let asked = PlanWithdrawal { on: day(on), reason: reason.into() };
            let done = world.act("fund.withdraw-plan", (RenewalNo(no), asked), |tx, (no, asked)| Box::pin(fund::withdraw_plan(tx, *no, asked)));
            done.await.map(|done| (done.answer.released, done.answer.less_fen.in_fen(), done.answer.paid_fen.in_fen()))
        };
        assert_eq!(code(withdraw(1, "2026-01-21", " ").await), "fund.papers");
        assert_eq!(code(withdraw(1, "2026-01-22", "目标有误").await), "fund.papers", "a day to come");
        assert_eq!(code(withdraw(9, "2026-01-21", "目标有误").await), "fund.no-plan");
        assert_eq!(withdraw(1, "2026-01-21", "目标有误").await.unwrap(), (2, 200_000 + 600_000, 40_001));
        assert_eq!(code(withdraw(1, "2026-01-21", "再撤").await), "fund.plan-withdrawn");
        assert_eq!(code(notify(&world, NoticeWord::Notice, &[], "2026-01-21").await), "fund.plan-withdrawn");
        let reviewed = world.act("fund.review", day("2026-01-21"), |tx, on| Box::pin(fund::review(tx, RenewalNo(1), *on))).await;
        assert_eq!(code(reviewed), "fund.plan-withdrawn");
        let rows = arrears(&world, "2026-01-21").await;
        assert_eq!(rows.iter().map(|r| (r.assessed.in_fen(), r.owed.in_fen())).collect::<Vec<_>>(), [(40_001, 0), (0, 0)]);
        pay_in(&world, homes[2], DepositKind::TopUp, 7, "2026-01-21", "").await.expect("nothing is asked: whoever likes pays");

        // The same resolution carries the plan that was meant; what was paid has raised the balance: 1-1-101 is not under any more.
        let quarter = Target::ShareOfFirst { share: Fraction::new(25, 100).unwrap() };
        let again = Renewing { target: Some(quarter), judged_on: day("2026-01-21"), notified_on: day("2026-01-21"), due_on: Some(day("2026-02-10")), ..base() };
        assert_eq!(renew(&world, again).await.unwrap(), 2);
        let mut view = world.books.read().await.unwrap();
        let plans = fund::renewals(&mut view, world.compound).await.unwrap();
        let withdrawn = fund::WithdrawalRow { on: day("2026-01-21"), reason: "目标有误".into() };
        assert_eq!((&plans[0].withdrawn, &plans[1].withdrawn, plans[1].total_fen.in_fen()), (&Some(withdrawn), &None, 299_993));
        drop(view);
        all_laws_hold(&world).await;

        // Over the wire and at the command line.
        let doors = Doors::of(&world);
        let asked = json!({ "on": "2026-01-21", "reason": "业主另有决定" });
        let done = knock(&doors, Role::OwnersCommittee, "POST", "/renewals/2/withdrawal", asked.clone()).await.must(201);
        assert_eq!((&done["released"], &done["less_fen"]), (&json!(1), &json!(299_993)));
        knock(&doors, Role::OwnersCommittee, "POST", "/renewals/2/withdrawal", asked).await.problem(409, "fund.plan-withdrawn");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = ["xiaoqu", "--db", &world.url, "fund", "withdraw-plan", "2", "--on", "2026-01-21", "--reason", "再撤", "--compound", "xiaohe"];
        let code = xiaoqu::cli::run(args.into_iter().map(Into::into), &mut out, &mut err).await;
        let told = String::from_utf8(err).unwrap();
        assert!(code == 1 && told.contains("fund.plan-withdrawn"), "{code} {told}");
    }

    async fn a_resolution_of_another_kind_or_one_that_fell_raises_nothing(world: World) {
        run_low(&world).await;
        let other = decided(&world, Matter::Other, 0, true, "2026-01-05").await;
        let asked = |round: RoundNo| Renewing { due_on: Some(day("2026-02-28")), ..renewing(by(round), half()) };
        assert_eq!(code(renew(&world, asked(other)).await), "fund.not-raising");
        let fell = decided(&world, Matter::RaiseFund, 0, false, "2026-01-21").await;
        assert_eq!(code(renew(&world, asked(fell)).await), "governance.not-passed");
    }

    /// A sum of 10,000.01 over two dwellings: by area 81.10 : 82.10, by shortfall 8,400.01 : 12,000.00.
    async fn a_sum_is_divided_to_the_fen_by_area_or_by_what_is_missing(world: World) {
        run_low(&world).await;
        let round = decided(&world, Matter::RaiseFund, 0, true, "2026-01-05").await;
        let total = |by: RenewalShare| Some(Target::Total { total_fen: Money::fen(1_000_001), by });
        let asked = |share: RenewalShare| Renewing { due_on: Some(day("2026-02-28")), ..renewing(by(round), total(share)) };
        let mut view = world.books.read().await.unwrap();
        for (share, wanted) in [
            // 1,000,001 × 8110 / 16320 = 496,936.765…; the rest 503,064.234…
            (RenewalShare::Area, [496_937, 503_064]),
            // 1,000,001 × 840,001 / 2,040,001 = 411,765.31…; the rest 588,235.68…
            (RenewalShare::Shortfall, [411_765, 588_236]),
        ] {
            let planned = fund::renew_preview(&mut view, world.compound, day("2026-01-21"), &asked(share)).await.unwrap();
            assert_eq!(planned.iter().map(|p| p.due.in_fen()).collect::<Vec<_>>(), wanted);
        }
        drop(view);
        let none = Renewing { target: Some(Target::Total { total_fen: Money::ZERO, by: RenewalShare::Area }), ..asked(RenewalShare::Area) };
        assert_eq!(code(renew(&world, none).await), "fund.plan-shape");
    }

    /// domain.md §2.4: revenue goes 4201 ▸ 3101 ▸ its distribution, and lowers a plan only when it has reached the dwelling.
    async fn assigned_revenue_helps_once_it_is_distributed(world: World) {
        under_law_of(&world, "3101").await;
        let homes = run_low(&world).await;
        let round = decided(&world, Matter::RaiseFund, 0, true, "2026-01-05").await;
        let asked = Renewing {
            instalment: Instalment::Quarterly,
            count: 2,
            counts_gains: true,
            ..renewing(by(round), half())
        };
        renew(&world, asked).await.unwrap();
        revenue::arrange(&world, revenue::terms("2025-01-01", true)).await.unwrap();
        let assign = async |fen: i64, plan: Option<i32>| {
            let to = To::Fund { housing: Housing::Commodity, plan_no: plan.map(RenewalNo) };
            revenue::distribute(&world, revenue::giving("2025-12", fen, "2026-01-21", to)).await
        };
        assert_eq!(code(assign(1, None).await), "revenue.deficit");
        revenue::receive(&world, revenue::income(Income::Interest, None, 150_000, "2025-12-20")).await.unwrap();
        assert_eq!(code(assign(150_001, None).await), "revenue.deficit");
        assert_eq!(code(assign(100_000, Some(9)).await), "fund.no-plan");
        assert_eq!(assign(100_000, Some(1)).await.unwrap().voucher.book, Book::Revenue);
        let review = async |on: &str| {
            let done = world.act("fund.review", day(on), |tx, on| Box::pin(fund::review(tx, RenewalNo(1), *on)));
            done.await.map(|done| (done.answer.lowered, done.answer.less_fen.in_fen()))
        };
        assert_eq!(review("2026-01-21").await.unwrap(), (0, 0), "nothing has reached a dwelling");
        assert_eq!(balance(&world, homes[0]).await, (359_999, 0));

        // The month closes and 4201 stands in 3101; a distribution brings it to the dwellings as gains.
        later(&world, "2026-02-01");
        world.act("journal.close", (), |tx, ()| Box::pin(async move {
            ledger::journal::close(tx, Book::Fund, ledger::calendar::Month::parse("2026-01").unwrap()).await.map(|_| ())
        })).await.unwrap();
        let shares = Entry {
            book: Book::Fund,
            effective_on: day("2026-02-01"),
            kind: Kind::Gains,
            memo: "分配收益".into(),
            source: "分配 1".into(),
            evidence: "方案 1".into(),
            lines: vec![
                Line::debit(310_101, Money::fen(100_000)),
                Line::credit(3001, Money::fen(40_000)).of(homes[0]),
                Line::credit(3001, Money::fen(60_000)).of(homes[2]),
            ],
        };
        world.post(shares).await.unwrap();
        pay_in(&world, homes[0], DepositKind::TopUp, 210_000, "2026-02-01", "").await.unwrap();
        // 1-1-101 owed 2,400.01, has 400.00 of gains, and paid 2,100.00 already: 2,100.00 and no less. 1-1-201: 5,400.00.
        assert_eq!(review("2026-02-01").await.unwrap(), (2, 30_001 + 60_000));
        assert_eq!(review("2026-02-01").await.unwrap(), (0, 0));
        let rows = arrears(&world, "2027-01-01").await;
        assert_eq!(rows.iter().map(|r| (r.assessed.in_fen(), r.owed.in_fen())).collect::<Vec<_>>(), [(210_000, 0), (540_000, 540_000)]);
        let mut view = world.books.read().await.unwrap();
        assert_eq!(fund::assignments(&mut view, world.compound).await.unwrap().len(), 1);
        drop(view);
        all_laws_hold(&world).await;
    }

    async fn what_the_owners_decided_in_time_leaves_no_default(world: World) {
        under_law_of(&world, "3101").await;
        run_low(&world).await;
        call(&world, "2026-01-05").await.unwrap();
        decided(&world, Matter::RaiseFund, 0, true, "2026-01-05").await;
        later(&world, "2026-04-06");
        let default = renewing(Basis::Default { call_no: CallNo(1) }, None);
        assert_eq!(code(renew(&world, default).await), "fund.decided");
    }

    /// Whatever is levied, paid, spent, refunded: Σ dwellings = the control accounts, dues and balances agree with a model.
    async fn random_levies_deposits_and_refunds_leave_the_books_whole(world: World) {
        let rooms = ["1-1-101", "1-1-102", "1-1-201", "1-1-202"];
        let mut homes = Vec::new();
        for text in rooms {
            homes.push(world.dwelling(text).await);
        }
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let steps = prop::collection::vec((0_u8..6, 0_usize..4, 1_i64..500_000, any::<bool>()), 80..81);
        let steps = steps.new_tree(&mut runner).unwrap().current();
        let mut model: BTreeMap<DwellingNo, i64> = BTreeMap::new();
        // What was assessed at first, and what was paid of it.
        let mut initial: BTreeMap<DwellingNo, (Option<i64>, i64)> = BTreeMap::new();
        let mut deposits: Vec<(i32, DwellingNo, usize, i64, bool, bool)> = Vec::new();
        let (mut refused, mut over, mut standards) = (0, 0, 0_u64);
        for (what, which, fen, is_old) in steps {
            let (home, on) = (homes[which], if is_old { "2025-03-01" } else { "2026-01-04" });
            let has = model.entry(home).or_default();
            let (due, paid) = initial.entry(home).or_default();
            match what {
                0 | 1 => {
                    let is_first = what == 0;
                    let kind = if is_first { DepositKind::Initial } else { DepositKind::TopUp };
                    let done = pay_in(&world, home, kind, fen, on, "").await;
                    let may = !is_first || due.is_none_or(|due| *paid + fen <= due);
                    assert_eq!(done.is_ok(), may, "{due:?} {paid} {fen} {:?}", done.as_ref().err());
                    let Ok(done) = done else {
                        over += 1;
                        continue;
                    };
                    deposits.push((done.deposit_no.0, home, which, fen, false, is_first));
                    *has += fen;
                    *paid += if is_first { fen } else { 0 };
                }
                2 if *has >= fen / 2 && fen > 1 => {
                    spend(&world, home, fen / 2, on).await;
                    *has -= fen / 2;
                }
                3 => {
                    // A new figure from a later day: assessed anew, as a correction where something was paid.
                    let rate = fen % 90 + 1;
                    let from = (day("2020-01-01") + chrono::Days::new(standards)).to_string();
                    standards += 1;
                    let means = StandardMeans::Once;
                    let new = standard(Levied::Commodity, Some(false), means, &rate.to_string(), &from);
                    register(&world, new).await.unwrap();
                    let asked = Levying {
                        kind: LevyKind::Initial,
                        month: None,
                        rooms: vec![room(rooms[which])],
                        levied: vec![],
                        on: day("2026-01-05"),
                        due_on: None,
                        instalments: None,
                        reason: "标准调整".into(),
                    };
                    world.act("fund.levy", asked, |tx, asked| Box::pin(fund::levy(tx, asked))).await.unwrap();
                    *due = Some([8110, 8120, 8210, 8220][which] * rate);
                }
                _ => {
                    let Some(deposit) = deposits.iter_mut().find(|d| d.2 == which) else { continue };
                    let asked = ledger::fund::Refunding {
                        cause: ledger::fund::Cause::Cancelled,
                        room: room(rooms[which]),
                        on: day("2026-01-05"),
                        deposit_no: Some(ledger::id::DepositNo(deposit.0)),
                        principal_fen: None,
                        gains_fen: Money::ZERO,
                        unit_no: None,
                        evidence: "退房 1".into(),
                    };
                    let done = world.act("fund.refund", asked, |tx, asked| Box::pin(fund::refund(tx, asked))).await;
                    let may = !deposit.4 && deposit.3 <= *has;
                    assert_eq!(done.is_ok(), may, "{deposit:?} {has} {:?}", done.err());
                    if may {
                        *has -= deposit.3;
                        *paid -= if deposit.5 { deposit.3 } else { 0 };
                        deposit.4 = true;
                    } else {
                        refused += 1;
                    }
                }
            }
        }
        assert!(refused > 0 && over > 0 && standards > 3 && deposits.iter().any(|d| d.4), "every way was gone");
        let mut view = world.books.read().await.unwrap();
        let has = fund::balances(&mut view, world.compound, AsOf::default()).await.unwrap();
        let dues = fund::dues(&mut view, world.compound, day("2026-01-05"), None).await.unwrap();
        for (home, (due, paid)) in &initial {
            let told = dues.iter().find(|d| d.dwelling_no == *home);
            let told = told.map(|d| (d.assessed.in_fen(), d.paid.in_fen(), d.owed.in_fen()));
            assert_eq!(told, due.map(|due| (due, *paid, (due - paid).max(0))), "{home}");
        }
        for (home, fen) in &model {
            assert_eq!(has.get(home).map_or(0, |b| b.principal.in_fen()), *fen, "{home}");
        }
        drop(view);
        all_laws_hold(&world).await;
    }
}

on_both! {
    /// The street calls, the owners decide nothing, the committee makes the plan, the company takes the money.
    async fn a_fund_is_filled_again_over_the_wire(world: World) {
        use Role::{Auditor, OwnersCommittee, PropertyCompany, StreetOffice};
        under_law_of(&world, "3101").await;
        run_low(&world).await;
        let doors = Doors::of(&world);
        let under = knock(&doors, Auditor, "GET", "/under-renewal", Value::Null).await.must(200);
        assert_eq!((under["items"].as_array().unwrap().len(), &under["items"][0]["default_fen"]), (2, &json!(240_001)));
        let call = json!({ "called_on": "2026-01-05", "caller": "某街道", "evidence": "提醒函 1" });
        knock(&doors, PropertyCompany, "POST", "/renewal-calls", call.clone()).await.problem(403, "door.role");
        knock(&doors, StreetOffice, "POST", "/renewal-calls", call).await.must(201);
        let plan = json!({ "basis": { "on": "default", "call_no": 1 }, "judged_on": "2026-01-05", "notified_on": "2026-04-06" });
        knock(&doors, OwnersCommittee, "POST", "/renewals", plan.clone()).await.problem(422, "fund.default-early");
        later(&world, "2026-04-06");
        let seen = knock(&doors, Auditor, "GET", "/renewal-preview?call_no=1", Value::Null).await.must(200);
        assert_eq!(seen["total_fen"], 840_001);
        knock(&doors, Auditor, "GET", "/renewal-preview?call_no=1&round_no=1", Value::Null).await.problem(400, "fund.plan-shape");
        assert_eq!(knock(&doors, OwnersCommittee, "POST", "/renewals", plan).await.must(201)["no"], 1);
        let notice = json!({ "kind": "notice", "sent_on": "2026-04-06", "method": "hand", "evidence": "签收簿 1" });
        assert_eq!(knock(&doors, OwnersCommittee, "POST", "/renewals/1/notices", notice).await.must(201)["dwellings"], 2);
        let posting = json!({ "posted_on": "2026-04-06", "place": "公告栏" });
        knock(&doors, OwnersCommittee, "POST", "/renewals/1/postings", posting).await.must(201);
        let paid = json!({ "room": "1-1-101", "kind": "top-up", "amount_fen": 240_001, "received_on": "2026-04-06" });
        knock(&doors, PropertyCompany, "POST", "/deposits", paid).await.must(201);
        let rows = knock(&doors, Auditor, "GET", "/renewals/1/arrears?on=2026-07-06", Value::Null).await.must(200);
        assert_eq!((&rows["items"][0]["paid_fen"], &rows["items"][1]["days"]), (&json!(240_001), &json!(1)), "due on 5 July");
        let review = json!({ "on": "2026-04-06" });
        knock(&doors, OwnersCommittee, "POST", "/renewals/1/reviews", review).await.problem(400, "fund.plan-shape");
        let plans = knock(&doors, Auditor, "GET", "/renewals", Value::Null).await.must(200);
        assert_eq!((&plans["items"][0]["target"], &plans["items"][0]["basis"]["call_no"]), (&json!({ "to": "share-of-first", "share": "50%" }), &json!(1)));
        all_laws_hold(&world).await;
    }
}
