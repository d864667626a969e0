//! The owners' votes: the whole course of a round on both databases, through the verbs, the doors and the command line; every
//! rule of the room run into; what rivals got wrong (`property.md` §9 rows 9 and 17). The count itself is in `counted.rs`.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use ledger::books::{Actor, Request, Role, Tx};
use ledger::calendar::Instant;
use ledger::error::Result;
use ledger::governance::ballot::Duplicates;
use ledger::governance::matter::Delivery;
use ledger::governance::tally::Answer::{self, Abstain, Approve, Oppose, Spoiled};
use ledger::governance::tally::Figure;
use ledger::governance::{
    self, Cast, Entered, Fraction, Matter, NewDelivery, NewMotion, NewProxy, NewRound, Resolution,
    ResultSheet, Scope, SilentRule, Slip, Taken, Terms, VoteRule, recount,
};
use ledger::id::{BallotNo, MotionNo, OwnerNo, RoundNo};
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::{self, Housing, NewDwelling, NewOwner, RoomCode, Usage};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::counted::{Dice, model};
use crate::doors::{Answered, Doors, at, bearer};
use crate::on_both;
use crate::paper::golden;
use crate::people::Desk;
use crate::printed::{drawn, proved};
use crate::world::{World, day};

/// An act of somebody in the small compound.
async fn by<G, T, F>(
    world: &World,
    who: (&str, Role),
    verb: &'static str,
    given: G,
    run: F,
) -> Result<T>
where
    G: Serialize + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'a> Fn(&'a mut Tx, &'a G) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
{
    let actor = Actor::new(who.0, who.1);
    world.books.act(&actor, world.compound, Request::new(verb, given), run).await.map(|d| d.answer)
}

const CHAIR: (&str, Role) = ("陈主任", Role::OwnersCommittee);
const FIRST: (&str, Role) = ("李委员", Role::OwnersCommittee);
const SECOND: (&str, Role) = ("周委员", Role::OwnersCommittee);
const CLERK: (&str, Role) = ("王会计", Role::PropertyCompany);

fn room(code: &str) -> RoomCode {
    RoomCode::parse(code).unwrap()
}

fn new_round(scope: Scope, terms: Terms) -> NewRound {
    NewRound {
        title: "屋面维修表决".to_owned(),
        convener: "小河里小区业主委员会".to_owned(),
        scope,
        opens_on: day("2026-01-20"),
        closes_on: day("2026-01-31"),
        terms,
    }
}

fn motion(rule: VoteRule) -> NewMotion {
    NewMotion {
        title: "使用维修资金维修 1 幢屋面".to_owned(),
        plan: "2026-01 号".to_owned(),
        amount_cap_fen: Money::fen(8_000_000),
        rule,
    }
}

fn on(world: &World, text: &str) {
    world.clock.set(Instant::parse(&format!("{text}T09:00:00+08:00")).unwrap());
}

async fn draft(world: &World, round: NewRound) -> Result<RoundNo> {
    by(world, CHAIR, "governance.draft", round, |tx, r| Box::pin(governance::draft(tx, r))).await
}

async fn move_motion(world: &World, no: RoundNo, motion: NewMotion) -> Result<MotionNo> {
    by(world, CHAIR, "governance.move", (no, motion), |tx, (no, motion)| {
        Box::pin(governance::move_motion(tx, *no, motion))
    })
    .await
}

async fn freeze(world: &World, no: RoundNo, on: &str) -> Result<governance::Frozen> {
    by(world, CHAIR, "governance.freeze", (no, day(on)), |tx, (no, on)| {
        Box::pin(governance::freeze(tx, *no, *on))
    })
    .await
}

async fn announce(world: &World, no: RoundNo, on: &str, place: &'static str) -> Result<()> {
    by(world, CHAIR, "governance.announce", (no, day(on), place), |tx, (no, on, place)| {
        Box::pin(governance::announce(tx, *no, *on, place))
    })
    .await
}

async fn open(world: &World, no: RoundNo) -> Result<()> {
    by(world, CHAIR, "governance.open", no, |tx, no| Box::pin(governance::open(tx, *no))).await
}

async fn close(world: &World, no: RoundNo) -> Result<ResultSheet> {
    by(world, CHAIR, "governance.close", no, |tx, no| Box::pin(governance::close(tx, *no))).await
}

async fn withdraw(world: &World, no: RoundNo, reason: &'static str) -> Result<()> {
    by(world, CHAIR, "governance.withdraw", (no, reason), |tx, (no, reason)| {
        Box::pin(governance::withdraw(tx, *no, reason))
    })
    .await
}

/// A round with these motions, frozen, announced and opened on 20 January.
async fn opened(world: &World, scope: Scope, terms: Terms, motions: Vec<NewMotion>) -> RoundNo {
    let no = draft(world, new_round(scope, terms)).await.unwrap();
    for motion in motions {
        move_motion(world, no, motion).await.unwrap();
    }
    freeze(world, no, "2026-01-05").await.unwrap();
    announce(world, no, "2026-01-05", "小区公告栏").await.unwrap();
    on(world, "2026-01-20");
    open(world, no).await.unwrap();
    no
}

/// The owners of a dwelling today.
async fn owners(world: &World, code: &str) -> Vec<OwnerNo> {
    let mut view = world.books.read().await.unwrap();
    let today = world.clock.now().day();
    let found = property::dwelling(&mut view, world.compound, code, today).await.unwrap();
    found.owners.iter().map(|o| o.owner_no).collect()
}

async fn cast_as(world: &World, no: RoundNo, cast: Cast) -> Result<Taken> {
    by(world, ("业主", Role::Owner), "governance.cast", (no, cast), |tx, (no, cast)| {
        Box::pin(governance::cast(tx, *no, cast))
    })
    .await
}

/// The first owner of a dwelling casts these answers online.
async fn cast(world: &World, no: RoundNo, code: &str, answers: &[Answer]) -> Result<Taken> {
    let owner_no = owners(world, code).await.first().copied();
    cast_as(
        world,
        no,
        Cast { room: room(code), owner_no, proxy_no: None, answers: answers.to_vec() },
    )
    .await
}

fn slip(slip_no: &str, code: &str, answers: &[Answer]) -> Slip {
    Slip {
        slip_no: slip_no.to_owned(),
        room: room(code),
        received_on: day("2026-01-20"),
        proxy_no: None,
        answers: answers.to_vec(),
        invalid_reason: String::new(),
        corrects: None,
    }
}

async fn enter(
    world: &World,
    who: (&str, Role),
    no: RoundNo,
    slip: Slip,
    note: &str,
) -> Result<Entered> {
    let given = (no, slip, note.to_owned());
    by(world, who, "governance.enter", given, |tx, (no, slip, note)| {
        Box::pin(governance::enter(tx, *no, slip, note))
    })
    .await
}

/// Two persons enter the same slip.
async fn enter_twice(world: &World, no: RoundNo, slip: Slip) -> BallotNo {
    let waits = enter(world, FIRST, no, slip.clone(), "").await.unwrap();
    assert_eq!((waits.taken, waits.differences), (None, vec![]));
    enter(world, SECOND, no, slip, "").await.unwrap().taken.expect("two agree").ballot_no
}

async fn proxy(
    world: &World,
    no: RoundNo,
    code: &str,
    agent: &str,
    tail: &str,
    told: &[Answer],
) -> Result<i32> {
    let given = NewProxy {
        room: room(code),
        agent_name: agent.to_owned(),
        agent_id_tail: tail.to_owned(),
        signed_on: day("2026-01-05"),
        evidence: "委托书 1".to_owned(),
        instructions: told.to_vec(),
    };
    by(world, FIRST, "governance.proxy", (no, given), |tx, (no, given)| {
        Box::pin(governance::entrust(tx, *no, given))
    })
    .await
}

async fn deliver(
    world: &World,
    who: (&str, Role),
    no: RoundNo,
    code: &str,
    method: Delivery,
) -> Result<i32> {
    let given = NewDelivery {
        room: room(code),
        method,
        delivered_on: day("2026-01-05"),
        evidence: "签收 1".to_owned(),
    };
    by(world, who, "governance.deliver", (no, given), |tx, (no, given)| {
        Box::pin(governance::deliver(tx, *no, given))
    })
    .await
}

async fn progress(world: &World, no: RoundNo) -> governance::Progress {
    let mut view = world.books.read().await.unwrap();
    governance::progress(&mut view, world.compound, no).await.unwrap()
}

async fn resolution(world: &World, no: RoundNo, motion: i32) -> Result<Resolution> {
    let mut view = world.books.read().await.unwrap();
    Resolution::of(&mut view, world.compound, no, MotionNo(motion)).await
}

async fn file(world: &World, no: RoundNo) -> governance::RecountFile {
    let mut view = world.books.read().await.unwrap();
    governance::recount_lines(&mut view, world.compound, no).await.unwrap()
}

async fn enrol(world: &World, code: &str, centi: i64, owners: &[(&str, &str)], usage: Usage) {
    let owner = |(name, id_no): &(&str, &str)| NewOwner {
        name: (*name).to_owned(),
        id_no: (*id_no).to_owned().into(),
        phone: "".into(),
        share: None,
    };
    let roll = vec![NewDwelling {
        code: room(code),
        written_as: code.to_owned(),
        floor: None,
        usage,
        housing: Housing::Commodity,
        has_lift: false,
        is_unsold: owners.is_empty(),
        area: Area::centi_m2(centi),
        handed_over_on: None,
        owners: owners.iter().map(owner).collect(),
        remark: "".into(),
        owned_from: day("2015-01-01"),
    }];
    let done = world.act("property.enrol", roll, |tx, roll| {
        Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
    });
    done.await.unwrap();
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("a rule says no").code()
}

fn use_fund() -> Vec<NewMotion> {
    vec![motion(VoteRule::national(Matter::UseFund))]
}

const ALL: [&str; 12] = [
    "1-1-101", "1-1-102", "1-1-201", "1-1-202", "1-1-301", "1-1-302", "1-2-101", "1-2-102",
    "1-2-201", "1-2-202", "1-2-301", "1-2-302",
];

/// Heads and centi-m² by motion and word.
type Sums = BTreeMap<(usize, String), (i64, i64)>;

/// Counts a recount file as somebody with a spreadsheet would: cells, sums, nothing of ours.
fn spreadsheet(csv: &str) -> (i64, i64, Sums) {
    let rows: Vec<Vec<String>> = csv
        .trim_start_matches('\u{feff}')
        .lines()
        .map(|l| l.split(',').map(str::to_owned).collect())
        .collect();
    let column = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
    let (size, counts) = (column("面积㎡"), column("计人数"));
    let motions: Vec<usize> =
        (0..rows[0].len()).filter(|c| rows[0][*c].starts_with("事项")).collect();
    let (mut heads, mut centi, mut sums) = (0, 0, Sums::new());
    for row in &rows[1..] {
        let n: i64 = row[counts].parse().unwrap();
        let a: i64 = row[size].replace('.', "").parse().unwrap();
        heads += n;
        centi += a;
        for (motion, column) in motions.iter().enumerate() {
            let sum: &mut (i64, i64) = sums.entry((motion, row[*column].clone())).or_default();
            *sum = (sum.0 + n, sum.1 + a);
        }
    }
    (heads, centi, sums)
}

on_both! {
    async fn a_roof_is_repaired_because_the_owners_decided_it(world: World) {
        let no = draft(&world, new_round(Scope::Compound {}, Terms::default())).await.unwrap();
        move_motion(&world, no, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
        let mut raise = motion(VoteRule::national(Matter::RaiseFund));
        raise.title = "续筹维修资金".to_owned();
        raise.amount_cap_fen = Money::fen(0);
        move_motion(&world, no, raise).await.unwrap();
        let frozen = freeze(&world, no, "2026-01-05").await.unwrap();
        assert_eq!((frozen.dwellings, frozen.entitled.heads), (12, 12));
        announce(&world, no, "2026-01-05", "小区公告栏、各单元门厅").await.unwrap();
        for code in &ALL[..11] {
            deliver(&world, FIRST, no, code, Delivery::Hand).await.unwrap();
        }
        on(&world, "2026-01-20");
        open(&world, no).await.unwrap();

        // Eight of twelve heads are needed, and two thirds of 98,580 centi-m².
        let before = progress(&world, no).await;
        assert_eq!(before.motions[0].lacking, "参与还差 8 户 / 657.20 ㎡；同意还差 5 户 / 328.61 ㎡");
        assert_eq!(before.motions[1].lacking, "参与还差 8 户 / 657.20 ㎡；同意还差 6 户 / 492.90 ㎡");
        cast(&world, no, "1-1-101", &[Approve, Approve]).await.unwrap();
        assert_eq!(progress(&world, no).await.motions[0].lacking, "参与还差 7 户 / 576.10 ㎡；同意还差 4 户 / 247.51 ㎡");
        for (code, answers) in [
            ("1-1-102", [Approve, Oppose]), ("1-1-201", [Approve, Approve]), ("1-1-202", [Oppose, Oppose]),
        ] {
            cast(&world, no, code, &answers).await.unwrap();
        }
        for (n, code, answers) in [
            (1, "1-1-301", [Approve, Approve]), (2, "1-1-302", [Approve, Abstain]),
            (3, "1-2-101", [Approve, Approve]), (4, "1-2-102", [Abstain, Spoiled]),
        ] {
            enter_twice(&world, no, slip(&format!("P{n:03}"), code, &answers)).await;
        }
        let mut unsigned = slip("P005", "1-2-201", &[]);
        unsigned.invalid_reason = "未签名".to_owned();
        enter_twice(&world, no, unsigned).await;
        // The other owner of 1-1-101 votes too: one head, one ballot.
        let other = owners(&world, "1-1-101").await[1];
        let late = Cast { room: room("1-1-101"), owner_no: Some(other), proxy_no: None, answers: vec![Oppose, Oppose] };
        cast_as(&world, no, late).await.unwrap();

        // The heads are there and the area is not: two square metres.
        assert_eq!(progress(&world, no).await.motions[0].lacking, "参与还差 0 户 / 2.00 ㎡；同意已达到");
        cast(&world, no, "1-2-301", &[Approve, Approve]).await.unwrap();
        let now = progress(&world, no).await;
        assert_eq!(now.motions[0].lacking, "参与与同意均已达到");
        assert_eq!((now.buildings[0].dwellings, now.buildings[0].returned, now.buildings[0].delivered), (12, 9, 11));
        assert_eq!(code(close(&world, no).await), "governance.too-early");
        on(&world, "2026-02-01");
        let sheet = close(&world, no).await.unwrap();
        let counts: Vec<_> = sheet.motions.iter().map(|m| (m.count.attended.heads, m.count.agreed.heads, m.count.is_passed)).collect();
        assert_eq!(counts, [(9, 7, true), (8, 5, false)]);
        assert_eq!((sheet.received.paper, sheet.received.online, sheet.received.duplicates), (4, 5, 1));
        assert_eq!(sheet.received.invalid[0].reason, "未签名");

        // The paper and the file for the notice board.
        let mut view = world.books.read().await.unwrap();
        let (kept, digest) = governance::result(&mut view, world.compound, no).await.unwrap();
        assert_eq!((&kept, kept.digest()), (&sheet, digest.clone()));
        assert_eq!(governance::counted_again(&mut view, world.compound, no).await.unwrap(), sheet);
        drop(view);
        golden("vote-result.json", &(serde_json::to_string_pretty(&sheet).unwrap() + "\n"));
        let paper = reports::vote::set(&sheet, &digest, "小河里小区", world.clock.now());
        proved("vote-result", &paper);
        let asked = serde_json::json!({ "no": no.to_string(), "room": "1-1-101" });
        proved("ballot", &drawn(&world, "xiaohe", "ballot", asked).await);
        let recounted = file(&world, no).await;
        let csv = recount::csv(&recounted.lines, recounted.motions, &recounted.roll_digest);
        golden("vote-recount.csv", &csv);
        for hidden in ["业主1", "业主2", "99999919", "1990000"] {
            assert!(!csv.contains(hidden), "{hidden} is shown");
        }

        // Somebody with a spreadsheet comes to the same.
        let (heads, centi, sums) = spreadsheet(&csv);
        for (place, result) in sheet.motions.iter().enumerate() {
            let count = &result.count;
            assert_eq!((heads, centi), (count.entitled.heads, count.entitled.area.in_centi_m2()));
            for (word, figure) in [("同意", count.approve), ("反对", count.oppose), ("弃权", count.abstain),
                ("无效", count.spoiled), ("", count.silent)] {
                let found = sums.get(&(place, word.to_owned())).copied().unwrap_or_default();
                assert_eq!(found, (figure.heads, figure.area.in_centi_m2()), "{word} of {place}");
            }
        }
        let checked = recount::check(&csv).unwrap();
        assert_eq!((checked.digest, checked.roll_digest), (sheet.recount_digest.clone(), sheet.roll_digest.clone()));

        let decided = resolution(&world, no, 1).await.unwrap();
        assert_eq!((decided.matter(), decided.amount_cap()), (Matter::UseFund, Money::fen(8_000_000)));
        assert_eq!((decided.passed_on(), decided.digest()), (day("2026-02-01"), digest.as_str()));
        assert_eq!((decided.dwellings().len(), decided.scope(), decided.number()), (12, &Scope::Compound {}, (no, MotionNo(1))));
        assert_eq!((decided.title(), decided.article(), decided.pack()), ("使用维修资金维修 1 幢屋面", "民法典第二百七十八条第一款第五项", ""));
        assert_eq!(decided.compound(), world.compound);
        assert_eq!(code(resolution(&world, no, 2).await), "governance.not-passed");
        assert_eq!(code(resolution(&world, no, 3).await), "governance.no-motion");
        let verdict = ledger::verify::verify(&world.books, None).await.unwrap();
        assert!(verdict.iter().all(|law| law.failed == 0), "{verdict:?}");
        assert!(verdict.iter().any(|law| law.name == "votes-counted" && law.checked == 1));
    }

    async fn heads_are_merged_and_areas_are_not(world: World) {
        // One person with three dwellings, a couple with two, one of the couple alone with another; the developer with two
        // unsold and one sold but not handed over; an owner nobody has registered; parking and 物业用房, which do not vote.
        let (a, b, c) = (("甲", "999999197001010011"), ("乙", "999999197001010028"), ("丙", "999999197001010036"));
        for (code, owners) in [("9-1-101", vec![a]), ("9-1-102", vec![a]), ("9-1-103", vec![a]),
            ("9-1-201", vec![b, c]), ("9-1-202", vec![c, b]), ("9-1-203", vec![b]), ("9-1-301", vec![]), ("9-1-302", vec![])] {
            enrol(&world, code, 10_000, &owners, Usage::Residence).await;
        }
        enrol(&world, "9-1-901", 1_200, &[a], Usage::Parking).await;
        enrol(&world, "9-1-902", 9_900, &[("物业", "")], Usage::Service).await;
        let awaited = vec![NewDwelling {
            code: room("9-1-303"), written_as: String::new(), floor: None, usage: Usage::Residence, housing: Housing::Commodity,
            has_lift: false, is_unsold: false, area: Area::centi_m2(10_000), handed_over_on: Some(day("2026-06-30")),
            owners: vec![NewOwner { name: "丁".into(), id_no: "999999197001010044".into(), phone: "".into(), share: None }],
            remark: "".into(), owned_from: day("2025-12-01"),
        }];
        world.act("property.enrol", awaited, |tx, roll| {
            Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
        }).await.unwrap();

        let scope = Scope::Building { building: "9".to_owned() };
        let no = draft(&world, new_round(scope, Terms::default())).await.unwrap();
        move_motion(&world, no, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
        let frozen = freeze(&world, no, "2026-01-05").await.unwrap();
        // 甲, 乙+丙, 乙, the developer.
        assert_eq!((frozen.dwellings, frozen.entitled), (9, Figure::of(4, Area::centi_m2(90_000))));
        announce(&world, no, "2026-01-05", "公告栏").await.unwrap();
        on(&world, "2026-01-20");
        open(&world, no).await.unwrap();
        // One ballot of 甲 is three dwellings' area and one head; a second slip of theirs is a duplicate.
        cast(&world, no, "9-1-102", &[Approve]).await.unwrap();
        enter_twice(&world, no, slip("P1", "9-1-103", &[Oppose])).await;
        // The developer votes on paper; nobody votes for it online.
        enter_twice(&world, no, slip("P2", "9-1-303", &[Approve])).await;
        assert_eq!(code(cast(&world, no, "9-1-301", &[Approve]).await), "governance.not-voter");
        assert_eq!(code(cast(&world, no, "9-1-303", &[Approve]).await), "governance.not-voter");
        let now = &progress(&world, no).await.motions[0].count;
        assert_eq!(now.approve, Figure::of(2, Area::centi_m2(60_000)));
        assert_eq!(now.oppose, Figure::default());
        assert_eq!(code(cast(&world, no, "9-1-901", &[Approve]).await), "governance.not-on-roll");

        // Where the local rule counts parking, its area counts and its owner is still one head.
        let terms = Terms { voting: vec![Usage::Residence, Usage::Parking, Usage::Service], ..Terms::default() };
        let with = draft(&world, NewRound { opens_on: day("2026-03-20"), closes_on: day("2026-03-21"),
            ..new_round(Scope::Building { building: "9".to_owned() }, terms) }).await.unwrap();
        move_motion(&world, with, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
        let frozen = freeze(&world, with, "2026-01-20").await.unwrap();
        assert_eq!((frozen.dwellings, frozen.entitled), (10, Figure::of(4, Area::centi_m2(91_200))));
    }

    async fn a_later_sale_does_not_change_the_roll(world: World) {
        let seller = owners(&world, "1-1-102").await[0];
        let no = draft(&world, new_round(Scope::Compound {}, Terms::default())).await.unwrap();
        move_motion(&world, no, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
        let frozen = freeze(&world, no, "2026-01-04").await.unwrap();
        announce(&world, no, "2026-01-05", "公告栏").await.unwrap();
        for code in ["1-1-102", "1-2-302"] {
            let to = vec![NewOwner { name: "新买家".into(), id_no: "999999197001019999".into(), phone: "".into(), share: None }];
            let given = (world.dwelling(code).await, to, day("2026-01-05"));
            world.act("property.convey", given, |tx, (home, to, on)| {
                Box::pin(async move { property::convey(tx, *home, to, *on).await.map(|_| ()) })
            }).await.unwrap();
        }
        on(&world, "2026-01-20");
        open(&world, no).await.unwrap();
        assert_eq!(code(cast(&world, no, "1-1-102", &[Approve]).await), "governance.not-voter");
        assert_eq!(code(cast(&world, no, "1-2-302", &[Approve]).await), "governance.not-voter");
        cast_as(&world, no, Cast { room: room("1-1-102"), owner_no: Some(seller), proxy_no: None, answers: vec![Approve] })
            .await.unwrap();
        let now = progress(&world, no).await;
        assert_eq!(now.motions[0].count.entitled, frozen.entitled);

        // A roll frozen today as of the day before the sales is the same, the developer's dwelling included; one of today
        // has the buyer once, with both.
        let again = |from: &'static str| NewRound { opens_on: day(from), closes_on: day(from), ..new_round(Scope::Compound {}, Terms::default()) };
        let mut seen = Vec::new();
        for as_of in ["2026-01-04", "2026-01-20"] {
            let no = draft(&world, again("2026-03-01")).await.unwrap();
            move_motion(&world, no, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
            seen.push(freeze(&world, no, as_of).await.unwrap());
        }
        assert_eq!(seen[0].roll_digest, frozen.roll_digest);
        assert_eq!((seen[1].dwellings, seen[1].entitled.heads), (12, 11));
        assert_ne!(seen[1].roll_digest, frozen.roll_digest);
    }

    async fn a_paper_slip_counts_when_two_persons_agree(world: World) {
        let no = opened(&world, Scope::Compound {}, Terms::default(), use_fund()).await;
        let right = slip("P001", "1-1-101", &[Approve]);
        assert_eq!(enter(&world, FIRST, no, right.clone(), "").await.unwrap().taken, None);
        assert_eq!(code(enter(&world, FIRST, no, right.clone(), "").await), "governance.same-person");
        let wrong = Slip { received_on: day("2026-01-20"), ..slip("P001", "1-1-102", &[Oppose]) };
        let differs = enter(&world, SECOND, no, wrong, "").await.unwrap();
        assert_eq!((differs.taken, differs.differences), (None, vec![
            "与李委员的录入：房号 1-1-102 / 1-1-101".to_owned(), "与李委员的录入：事项 1 反对 / 同意".to_owned()]));

        let mut view = world.books.read().await.unwrap();
        let waiting = governance::differences(&mut view, world.compound, no).await.unwrap();
        drop(view);
        assert_eq!((waiting.len(), waiting[0].slip_no.as_str(), waiting[0].entries.len(), waiting[0].differences.len()), (1, "P001", 2, 2));
        on(&world, "2026-02-01");
        let open = close(&world, no).await.unwrap_err();
        assert_eq!((open.code(), open.refusal().unwrap().facts["slip_no"].as_str()), ("governance.entries-open", Some("P001")));

        // A third decides, and says why; or the one who misread looks again.
        assert_eq!(code(enter(&world, CHAIR, no, right.clone(), "").await), "governance.reason");
        let decided = enter(&world, CHAIR, no, right.clone(), "核对原票").await.unwrap();
        let first = decided.taken.expect("two of three agree").ballot_no;
        assert_eq!(code(enter(&world, SECOND, no, right.clone(), "再看").await), "governance.slip-taken");
        enter(&world, FIRST, no, slip("P002", "1-1-102", &[Approve]), "").await.unwrap();
        enter(&world, SECOND, no, slip("P002", "1-1-102", &[Oppose]), "").await.unwrap();
        let again = enter(&world, FIRST, no, slip("P002", "1-1-102", &[Oppose]), "看错一栏").await.unwrap();
        assert!(again.taken.is_some());

        // A ballot is corrected by another, entered by two as well, and both stay.
        let fix = Slip { corrects: Some(first), ..slip("P001", "1-1-101", &[Abstain]) };
        assert_eq!(code(enter(&world, FIRST, no, fix.clone(), "").await), "governance.reason");
        enter(&world, FIRST, no, fix.clone(), "票面为弃权").await.unwrap();
        let fixed = enter(&world, SECOND, no, fix.clone(), "票面为弃权").await.unwrap().taken.unwrap();
        assert_eq!(code(enter(&world, FIRST, no, fix, "又看").await), "governance.corrected");
        let nothing = Slip { corrects: Some(BallotNo(99)), ..slip("P009", "1-1-101", &[Abstain]) };
        assert_eq!(code(enter(&world, FIRST, no, nothing, "更正").await), "governance.no-ballot");
        let count = progress(&world, no).await.motions[0].count.clone();
        assert_eq!((count.approve.heads, count.oppose.heads, count.abstain.heads), (0, 1, 1));
        let sheet = close(&world, no).await.unwrap();
        assert_eq!((sheet.received.corrected, fixed.ballot_no), (1, BallotNo(3)));
        let lines = file(&world, no).await.lines;
        assert!(lines.iter().any(|l| l.standing == "已更正" && l.ballot_no == Some(1) && l.head_counts == 0));
    }

    async fn an_agent_votes_as_told_and_for_so_many(world: World) {
        let terms = Terms { agent_most_heads: Some(2), ..Terms::default() };
        let no = opened(&world, Scope::Compound {}, terms, use_fund()).await;
        let one = proxy(&world, no, "1-1-101", "赵代理", "001X", &[Oppose]).await.unwrap();
        let two = proxy(&world, no, "1-1-102", "赵代理", "001x", &[]).await.unwrap();
        proxy(&world, no, "1-1-102", "赵代理", "001X", &[]).await.unwrap();
        assert_eq!(code(proxy(&world, no, "1-1-201", "赵代理", "001X", &[]).await), "governance.agent-limit");
        proxy(&world, no, "1-1-201", "赵代理", "9999", &[]).await.unwrap();
        assert_eq!(code(proxy(&world, no, "1-1-201", "赵代理", "999919700101001X", &[]).await), "governance.papers");
        assert_eq!(code(proxy(&world, no, "1-1-201", "孙代理", "1234", &[Approve, Oppose]).await), "governance.answers");

        let by_agent = |code: &str, proxy_no: i32, answer| Cast { room: room(code), owner_no: None, proxy_no: Some(proxy_no), answers: vec![answer] };
        assert_eq!(code(cast_as(&world, no, by_agent("1-1-101", one, Approve)).await), "governance.against-proxy");
        assert_eq!(code(cast_as(&world, no, by_agent("1-1-202", one, Oppose)).await), "governance.no-proxy");
        cast_as(&world, no, by_agent("1-1-101", one, Oppose)).await.unwrap();
        let paper = Slip { proxy_no: Some(two), ..slip("P1", "1-1-102", &[Approve]) };
        enter_twice(&world, no, paper).await;
        on(&world, "2026-02-01");
        let sheet = close(&world, no).await.unwrap();
        assert_eq!(sheet.received.by_agents, 2);

        // By area: two of these dwellings are just over a sixth of all.
        let terms = Terms { agent_most_area: Fraction::new(1, 6), ..Terms::default() };
        let no = draft(&world, new_round(Scope::Compound {}, terms)).await.unwrap();
        move_motion(&world, no, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
        freeze(&world, no, "2026-01-05").await.unwrap();
        proxy(&world, no, "1-1-101", "赵代理", "001X", &[]).await.unwrap();
        proxy(&world, no, "1-1-102", "赵代理", "001X", &[]).await.unwrap();
        assert_eq!(code(proxy(&world, no, "1-1-301", "赵代理", "001X", &[]).await), "governance.agent-limit");
    }

    async fn silence_is_what_the_rule_says_with_proof_and_counted_apart(world: World) {
        let proof = vec![Delivery::Hand, Delivery::Post];
        let clause = "议事规则第九条第二款".to_owned();
        let plain = VoteRule::national(Matter::UseFund);
        let follows = VoteRule { silent: SilentRule::WithMajority { clause: clause.clone(), proof: proof.clone() }, ..plain.clone() };
        let abstains = VoteRule { silent: SilentRule::Abstains { clause, proof }, ..plain.clone() };
        let motions = [plain, follows, abstains].map(motion).into();
        let no = opened(&world, Scope::Compound {}, Terms::default(), motions).await;
        for code in &ALL[6..9] {
            deliver(&world, FIRST, no, code, Delivery::Hand).await.unwrap();
        }
        deliver(&world, FIRST, no, ALL[9], Delivery::Notice).await.unwrap();
        for code in &ALL[..5] {
            cast(&world, no, code, &[Approve; 3]).await.unwrap();
        }
        cast(&world, no, ALL[5], &[Oppose; 3]).await.unwrap();
        // While they may still vote, nothing is presumed of anybody.
        let now = progress(&world, no).await;
        assert!(now.motions.iter().all(|m| m.count.attended.heads == 6 && !m.count.is_attended));
        on(&world, "2026-02-01");
        let sheet = close(&world, no).await.unwrap();
        let told: Vec<_> = sheet.motions.iter().map(|m| {
            let c = &m.count;
            (c.attended.heads, c.approve.heads, c.presumed_approve.heads, c.presumed_abstain.heads, c.silent.heads, c.is_passed, c.is_passed_by_ballots)
        }).collect();
        assert_eq!(told, [(6, 5, 0, 0, 6, false, false), (9, 5, 3, 0, 3, true, false), (9, 5, 0, 3, 3, true, false)]);
        let csv = { let f = file(&world, no).await; recount::csv(&f.lines, f.motions, &f.roll_digest) };
        let (_, _, sums) = spreadsheet(&csv);
        assert_eq!(sums[&(1, "推定同意".to_owned())].0, 3);
        assert_eq!(sums[&(2, "推定弃权".to_owned())].0, 3);
        let text = reports::press::text::press(&reports::vote::set(&sheet, &sheet.digest(), "小河里小区", world.clock.now()));
        assert!(text.contains("推定同意") && text.contains("议事规则第九条第二款"), "{text}");
    }

    async fn one_stair_decides_about_its_own_repair(world: World) {
        let stair = Scope::Unit { building: "1".to_owned(), unit: "2".to_owned() };
        let no = opened(&world, stair.clone(), Terms::default(), use_fund()).await;
        assert_eq!(code(cast(&world, no, "1-1-101", &[Approve]).await), "governance.not-on-roll");
        for code in &ALL[6..11] {
            cast(&world, no, code, &[Approve]).await.unwrap();
        }
        // Everybody has voted: it need not wait for the last day.
        enter_twice(&world, no, slip("P1", "1-2-302", &[Approve])).await;
        let sheet = close(&world, no).await.unwrap();
        assert_eq!(sheet.motions[0].count.entitled.heads, 6);
        let decided = resolution(&world, no, 1).await.unwrap();
        assert_eq!((decided.scope(), decided.dwellings().len()), (&stair, 6));

        let side = Scope::Dwellings { rooms: vec![room("1-1-101"), room("1-1-201"), room("1-1-301")] };
        let no = draft(&world, new_round(side, Terms::default())).await.unwrap();
        move_motion(&world, no, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
        assert_eq!(freeze(&world, no, "2026-01-05").await.unwrap().dwellings, 3);
        for scope in [
            Scope::Dwellings { rooms: vec![room("1-1-101"), room("7-7-777")] },
            Scope::Building { building: "7".to_owned() },
        ] {
            let no = draft(&world, new_round(scope, Terms::default())).await.unwrap();
            move_motion(&world, no, motion(VoteRule::national(Matter::UseFund))).await.unwrap();
            assert_eq!(code(freeze(&world, no, "2026-01-05").await), "governance.empty-scope");
        }
    }

    async fn a_round_goes_one_way_and_says_why_not(world: World) {
        let fine = || new_round(Scope::Compound {}, Terms::default());
        for bad in [
            NewRound { title: " ".into(), ..fine() },
            NewRound { closes_on: day("2026-01-19"), ..fine() },
            NewRound { closes_on: day("2027-12-31"), ..fine() },
            NewRound { terms: Terms { voting: vec![], ..Terms::default() }, ..fine() },
            NewRound { terms: Terms { invalid_reasons: vec!["=1+1".into()], ..Terms::default() }, ..fine() },
            NewRound { terms: Terms { invalid_reasons: vec!["甲,乙".into()], ..Terms::default() }, ..fine() },
        ] {
            assert_eq!(code(draft(&world, bad).await), "governance.round-shape");
        }
        let spoken = NewRound { convener: "王某 19900003050".into(), ..fine() };
        assert_eq!(code(draft(&world, spoken).await), "seal.person-in-text");
        assert_eq!(code(open(&world, RoundNo(1)).await), "governance.no-round");
        let no = draft(&world, fine()).await.unwrap();
        assert_eq!(no, RoundNo(1));
        let national = || VoteRule::national(Matter::UseFund);
        assert_eq!(code(move_motion(&world, no, NewMotion { title: String::new(), ..motion(national()) }).await), "governance.motion-shape");
        let unfounded = VoteRule { silent: SilentRule::Abstains { clause: String::new(), proof: vec![] }, ..national() };
        assert_eq!(code(move_motion(&world, no, motion(unfounded)).await), "governance.motion-shape");
        assert_eq!(code(move_motion(&world, no, NewMotion { amount_cap_fen: Money::fen(0), ..motion(national()) }).await), "governance.cap");
        assert_eq!(code(freeze(&world, no, "2026-01-05").await), "governance.no-motion");
        move_motion(&world, no, motion(national())).await.unwrap();
        assert_eq!(code(freeze(&world, no, "2026-01-06").await), "governance.roll-day");
        assert_eq!(code(announce(&world, no, "2026-01-05", "公告栏").await), "governance.stage");
        let mut view = world.books.read().await.unwrap();
        assert_eq!(code(governance::progress(&mut view, world.compound, no).await), "governance.stage");
        assert_eq!(code(governance::result(&mut view, world.compound, no).await), "governance.stage");
        drop(view);
        freeze(&world, no, "2026-01-05").await.unwrap();
        // What is not announced is not voted on: nothing is added any more.
        assert_eq!(code(move_motion(&world, no, motion(national())).await), "governance.stage");
        assert_eq!(code(announce(&world, no, "2026-01-05", " ").await), "governance.papers");
        assert_eq!(code(announce(&world, no, "2026-01-06", "公告栏").await), "governance.notice");
        on(&world, "2026-01-06");
        let short = announce(&world, no, "2026-01-06", "公告栏").await.unwrap_err();
        assert_eq!((short.code(), short.refusal().unwrap().facts["days"].as_i64()), ("governance.notice", Some(14)));
        announce(&world, no, "2026-01-05", "公告栏").await.unwrap();
        on(&world, "2026-01-19");
        assert_eq!(code(open(&world, no).await), "governance.voting-days");
        on(&world, "2026-01-20");
        assert_eq!(code(cast(&world, no, "1-1-101", &[Approve]).await), "governance.stage");
        open(&world, no).await.unwrap();

        assert_eq!(code(enter(&world, CLERK, no, slip("P1", "1-1-101", &[Approve]), "").await), "governance.not-appointed");
        assert_eq!(code(deliver(&world, CLERK, no, "1-1-101", Delivery::Hand).await), "governance.not-appointed");
        assert_eq!(code(cast(&world, no, "1-1-101", &[]).await), "governance.answers");
        assert_eq!(code(cast(&world, no, "1-1-101", &[Spoiled]).await), "governance.answers");
        assert_eq!(code(enter(&world, FIRST, no, slip("", "1-1-101", &[Approve]), "").await), "governance.papers");
        let invalid = |reason: &str| Slip { invalid_reason: reason.into(), answers: vec![], ..slip("P1", "1-1-101", &[]) };
        assert_eq!(code(enter(&world, FIRST, no, invalid("心情不好"), "").await), "governance.invalid-reason");
        let both = Slip { answers: vec![Approve], ..invalid("涂改") };
        assert_eq!(code(enter(&world, FIRST, no, both, "").await), "governance.answers");
        on(&world, "2026-02-02");
        assert_eq!(code(cast(&world, no, "1-1-101", &[Approve]).await), "governance.voting-days");
        let late = Slip { received_on: day("2026-02-01"), ..slip("P1", "1-1-101", &[Approve]) };
        assert_eq!(code(enter(&world, FIRST, no, late.clone(), "").await), "governance.voting-days");
        let late = Slip { answers: vec![], invalid_reason: "逾期".into(), ..late };
        enter_twice(&world, no, late).await;
        assert_eq!(code(resolution(&world, no, 1).await), "governance.stage");
        let sheet = close(&world, no).await.unwrap();
        assert_eq!((sheet.motions[0].count.attended.heads, sheet.motions[0].count.spoiled.heads), (0, 1));
        assert_eq!(code(resolution(&world, no, 1).await), "governance.not-passed");
        assert_eq!(code(close(&world, no).await), "governance.stage");
        assert_eq!(code(withdraw(&world, no, "算了").await), "governance.stage");

        let other = draft(&world, fine()).await.unwrap();
        assert_eq!(code(withdraw(&world, other, "").await), "governance.reason");
        withdraw(&world, other, "方案有改动").await.unwrap();
        assert_eq!(code(move_motion(&world, other, motion(national())).await), "governance.stage");
        let mut view = world.books.read().await.unwrap();
        let all = governance::rounds(&mut view, world.compound).await.unwrap();
        assert_eq!(all.iter().map(|r| (r.round_no.0, r.stage.name())).collect::<Vec<_>>(), [(2, "withdrawn"), (1, "closed")]);
    }

    async fn the_property_company_enters_slips_where_it_is_appointed(world: World) {
        let terms = Terms { company_enters: true, ..Terms::default() };
        let no = opened(&world, Scope::Compound {}, terms, use_fund()).await;
        deliver(&world, CLERK, no, "1-1-101", Delivery::Hand).await.unwrap();
        enter(&world, CLERK, no, slip("P1", "1-1-101", &[Approve]), "").await.unwrap();
        let taken = enter(&world, FIRST, no, slip("P1", "1-1-101", &[Approve]), "").await.unwrap();
        assert!(taken.taken.is_some());
    }

    /// `property.md` §9 rows 9 and 17: a chain without the hash before it, percentages that somebody typed in.
    async fn nothing_of_a_vote_is_changed_behind_our_back(world: World) {
        let no = opened(&world, Scope::Compound {}, Terms::default(), use_fund()).await;
        for code in &ALL[..9] {
            cast(&world, no, code, &[Approve]).await.unwrap();
        }
        on(&world, "2026-02-01");
        close(&world, no).await.unwrap();
        let found = file(&world, no).await;
        let csv = recount::csv(&found.lines, found.motions, &found.roll_digest);
        assert!(recount::check(&csv).is_ok());
        // A digit of any line, an answer, a line that is gone, two that changed places: told at that line.
        for (row, line) in csv.lines().enumerate().skip(1) {
            let head = line.split_once(',').unwrap().1;
            let tampered = csv.replacen(head, &head.replacen('1', "2", 1), 1);
            assert_eq!(recount::check(&tampered), Err(row), "{line}");
        }
        assert_eq!(recount::check(&csv.replacen("同意", "反对", 1)), Err(1));
        let mut rows: Vec<&str> = csv.lines().collect();
        rows.remove(4);
        assert_eq!(recount::check(&(rows.join("\n") + "\n")), Err(4));
        let mut rows: Vec<&str> = csv.lines().collect();
        rows.swap(2, 3);
        assert_eq!(recount::check(&(rows.join("\n") + "\n")), Err(2));
        assert_eq!(recount::check(&csv.replacen(&found.roll_digest, &"0".repeat(64), 1)), Err(1));
        assert_eq!(recount::check(""), Err(0));

        // The database refuses to change or to delete what was counted.
        let db = world.back_door().await;
        for table in ["vote_round", "vote_motion", "vote_step", "vote_roll", "vote_ballot", "vote_result"] {
            for sql in [format!("UPDATE {table} SET act_no = 1"), format!("DELETE FROM {table}")] {
                assert!(db.execute_unprepared(&sql).await.is_err(), "{sql}");
            }
        }
        // One ballot more is no change of a row; counting again tells.
        let sql = format!("INSERT INTO vote_ballot (compound_id, round_no, ballot_no, head_no, dwelling_no, channel, slip_no, received_on,
             invalid_reason, reason, answers, act_no)
           SELECT compound_id, round_no, 99, head_no, dwelling_no, 'paper', 'X', '2026-01-20', '', '', '[\"oppose\"]', act_no
           FROM vote_roll WHERE compound_id = {} AND round_no = {no} AND code = '1-2-301'", world.compound);
        db.execute_unprepared(&sql).await.unwrap();
        db.close().await.unwrap();
        let verdict = ledger::verify::verify(&world.books, Some(world.compound)).await.unwrap();
        let law = verdict.iter().find(|law| law.name == "votes-counted").unwrap();
        assert_eq!((law.checked, law.failed), (1, 1));
        let mut view = world.books.read().await.unwrap();
        let (kept, _) = governance::result(&mut view, world.compound, no).await.unwrap();
        assert_ne!(governance::counted_again(&mut view, world.compound, no).await.unwrap(), kept);
    }

    /// A hundred dwellings, some of one owner, and six hundred random acts; the model keeps its own list and counts it at the
    /// end by its own rules.
    async fn a_model_predicts_a_random_round(world: World) {
        let mut dice = Dice(if matches!(world.backend, crate::world::Backend::Sqlite) { 11 } else { 12 });
        let mut roll = Vec::new();
        for n in 0..100_usize {
            let holder = if n % 10 == 9 { n - 1 } else { n };
            roll.push(NewDwelling {
                code: room(&format!("5-1-{}", 101 + n)), written_as: String::new(), floor: None, usage: Usage::Residence,
                housing: Housing::Commodity, has_lift: false, is_unsold: false,
                area: Area::centi_m2(5_000 + i64::try_from(dice.roll(9_000)).unwrap()), handed_over_on: None,
                owners: vec![NewOwner { name: format!("户{holder}"), id_no: format!("99999919700101{holder:04}").into(), phone: "".into(), share: None }],
                remark: "".into(), owned_from: day("2015-01-01"),
            });
        }
        let size: Vec<i64> = roll.iter().map(|d| d.area.in_centi_m2()).collect();
        world.act("property.enrol", roll, |tx, roll| {
            Box::pin(async move { property::enrol(tx, roll).await.map(|_| ()) })
        }).await.unwrap();
        let rule = [Duplicates::FirstValid, Duplicates::LastValid][dice.below(2)];
        let terms = Terms { duplicates: rule, ..Terms::default() };
        let no = opened(&world, Scope::Building { building: "5".into() }, terms, use_fund()).await;
        let mut view = world.books.read().await.unwrap();
        let today = world.clock.now().day();
        let all = property::roll(&mut view, world.compound, today).await.unwrap();
        drop(view);
        let owner: BTreeMap<String, OwnerNo> = all.iter().filter(|d| !d.owners.is_empty())
            .map(|d| (d.code.to_string(), d.owners[0].owner_no)).collect();

        // (holder, answer or none if invalid, corrected away) in the order taken.
        let mut taken: Vec<(usize, Option<Answer>, bool)> = Vec::new();
        let mut roots: BTreeMap<usize, usize> = BTreeMap::new();
        let mut slips = 0;
        for _ in 0..300 {
            let n = dice.below(100);
            let code = format!("5-1-{}", 101 + n);
            let holder = if n % 10 == 9 { n - 1 } else { n };
            let answer = dice.answer();
            match dice.roll(5) {
                0..=2 => {
                    let cast = Cast { room: room(&code), owner_no: Some(owner[&code]), proxy_no: None, answers: vec![answer] };
                    cast_as(&world, no, cast).await.unwrap();
                    taken.push((holder, Some(answer), false));
                }
                3 => {
                    slips += 1;
                    let is_invalid = dice.roll(4) == 0;
                    let mut paper = slip(&format!("P{slips}"), &code, &[answer]);
                    if is_invalid {
                        paper.answers.clear();
                        paper.invalid_reason = "涂改".into();
                    }
                    enter(&world, FIRST, no, paper.clone(), "").await.unwrap();
                    enter(&world, SECOND, no, paper, "").await.unwrap();
                    taken.push((holder, (!is_invalid).then_some(answer), false));
                }
                // A correction takes the place of what it corrects, in the model's list too.
                _ => {
                    let open: Vec<usize> = (0..taken.len()).filter(|i| !taken[*i].2).collect();
                    let Some(place) = open.get(dice.below(open.len().max(1))).copied() else { continue };
                    let (whose, _, _) = taken[place];
                    slips += 1;
                    let fix = Slip { corrects: Some(BallotNo(i32::try_from(place).unwrap() + 1)),
                        ..slip(&format!("P{slips}"), &format!("5-1-{}", 101 + whose), &[answer]) };
                    enter(&world, FIRST, no, fix.clone(), "更正").await.unwrap();
                    enter(&world, SECOND, no, fix, "更正").await.unwrap();
                    // Its place in time is the root's: found by walking back.
                    taken[place].2 = true;
                    taken.push((whose, Some(answer), false));
                    let last = taken.len() - 1;
                    let root = roots.get(&place).copied().unwrap_or(place);
                    roots.insert(last, root);
                }
            }
        }
        let mut said: BTreeMap<usize, (usize, Option<Answer>)> = BTreeMap::new();
        for (i, (holder, answer, is_gone)) in taken.iter().enumerate() {
            let root = roots.get(&i).copied().unwrap_or(i);
            if *is_gone { continue; }
            let Some(answer) = answer else {
                said.entry(*holder).or_insert((usize::MAX, None));
                continue;
            };
            let wins = match said.get(holder) {
                Some((old, Some(_))) => (rule == Duplicates::FirstValid) == (root < *old),
                _ => true,
            };
            if wins { said.insert(*holder, (root, Some(*answer))); }
        }
        let heads: BTreeSet<usize> = (0..100).map(|n| if n % 10 == 9 { n - 1 } else { n }).collect();
        let voices: Vec<(i64, Option<Answer>)> = heads.iter().map(|head| {
            let own = (0..100).filter(|n| (if n % 10 == 9 { n - 1 } else { *n }) == *head).map(|n| size[n]).sum();
            (own, said.get(head).map(|(_, answer)| answer.unwrap_or(Spoiled)))
        }).collect();
        let expected = model(&voices, false);
        on(&world, "2026-02-01");
        let sheet = close(&world, no).await.unwrap();
        let count = &sheet.motions[0].count;
        assert_eq!((count.is_passed, count.attended.heads, count.attended.area.in_centi_m2()), expected);
        let yes: i64 = voices.iter().filter(|v| v.1 == Some(Approve)).map(|v| v.0).sum();
        assert_eq!(count.approve.area.in_centi_m2(), yes);
        assert_eq!(count.entitled.heads, 90);
        let csv = { let f = file(&world, no).await; recount::csv(&f.lines, f.motions, &f.roll_digest) };
        assert_eq!(spreadsheet(&csv).2.get(&(0, "同意".into())).map(|s| s.1), Some(yes));
        assert_eq!(recount::check(&csv).unwrap().digest, sheet.recount_digest);
    }

    async fn a_round_goes_through_the_doors_with_each_roles_own_token(world: World) {
        let doors = House::of(&world, &["1-2-101", "1-2-201", "1-2-202", "1-2-301"]).await;
        let (committee, company, owner, street) = (Role::OwnersCommittee, Role::PropertyCompany, Role::Owner, Role::StreetOffice);
        let asked = json!({ "title": "电梯大修", "convener": "业主委员会", "scope": { "kind": "unit", "building": "1", "unit": "2" },
            "opens_on": "2026-01-20", "closes_on": "2026-01-25", "company_enters": true, "duplicates": "last-valid",
            "motions": [{ "matter": "use-fund", "title": "更换曳引机", "amount_cap_fen": 5_000_000 }] });
        // A person's number does not lie about in clear, and the document says so.
        let mut spoken = asked.clone();
        spoken["convener"] = json!("王某 19900003050");
        doors.post(committee, "/votes", spoken).await.problem(422, "seal.person-in-text");
        // The thresholds are not the caller's to say.
        let mut bold = asked.clone();
        bold["motions"][0]["rule"] = json!({ "approve_heads": "1/100" });
        doors.post(committee, "/votes", bold).await.must(400);
        doors.post(company, "/votes", asked.clone()).await.must(403);
        let drafted = doors.post(committee, "/votes", asked).await.must(201);
        assert_eq!((&drafted["round_no"], &drafted["motions"]), (&json!(1), &json!([1])));
        let more = json!({ "matter": "covenant", "title": "修改管理规约" });
        assert_eq!(doors.post(committee, "/votes/1/motions", more).await.must(201)["motion_no"], 2);
        let frozen = doors.post(committee, "/votes/1/freeze", json!({ "on": "2026-01-05" })).await.must(201);
        assert_eq!(frozen["entitled"]["heads"], 6);
        doors.post(committee, "/votes/1/announce", json!({ "posted_on": "2026-01-05", "place": "门厅" })).await.must(201);
        let given = json!({ "room": "1-2-101", "method": "hand", "delivered_on": "2026-01-05", "evidence": "签收 1" });
        doors.post(company, "/votes/1/deliveries", given).await.must(201);
        let told = json!({ "room": "1-2-102", "agent_name": "赵代理", "agent_id_tail": "001X", "signed_on": "2026-01-05", "evidence": "委托书 1" });
        assert_eq!(doors.post(company, "/votes/1/proxies", told).await.must(201)["no"], 1);
        on(&world, "2026-01-20");
        doors.post(committee, "/votes/1/open", json!({})).await.must(201);
        for code in ["1-2-101", "1-2-201", "1-2-202"] {
            let ballot = json!({ "owner_no": owners(&world, code).await[0], "answers": ["approve", "approve"] });
            doors.post(owner, &format!("/dwellings/{code}/votes/1/ballots"), ballot).await.must(201);
        }
        // An owner votes for their own dwelling and for no other.
        let theirs = format!("Bearer {}", doors.owners["1-2-101"]);
        let stolen = json!({ "owner_no": owners(&world, "1-2-301").await[0], "answers": ["approve", "approve"] }).to_string();
        doors.send("POST", &theirs, "/dwellings/1-2-301/votes/1/ballots", stolen).await.must(403);
        doors.send("GET", &theirs, "/votes", String::new()).await.must(403);
        doors.post(committee, "/dwellings/1-2-101/votes/1/ballots", json!({ "owner_no": 1, "answers": [] })).await.must(403);
        let slip = json!({ "slip_no": "P1", "room": "1-2-102", "received_on": "2026-01-20", "proxy_no": 1, "answers": ["approve", "oppose"] });
        assert_eq!(doors.post(company, "/votes/1/entries", slip.clone()).await.must(201)["taken"], serde_json::Value::Null);
        assert_eq!(doors.get(street, "/votes/1/entries").await.must(200)["entries"][0]["slip_no"], "P1");
        assert_eq!(doors.post(committee, "/votes/1/entries", slip).await.must(201)["taken"]["ballot_no"], 4);
        let progress = doors.get(owner, "/dwellings/1-2-101/votes/1/progress").await.must(200);
        assert_eq!(progress["motions"][1]["lacking"], "参与还差 0 户 / 2.00 ㎡；同意已达到");
        let lift = json!({ "owner_no": owners(&world, "1-2-301").await[0], "answers": ["oppose", "abstain"] });
        doors.post(owner, "/dwellings/1-2-301/votes/1/ballots", lift).await.must(201);
        assert_eq!(doors.post(committee, "/votes/1/close", json!({})).await.must(422)["code"], "governance.too-early");
        assert_eq!(doors.get(owner, "/dwellings/1-2-101/votes/1/result").await.must(409)["code"], "governance.stage");
        on(&world, "2026-01-26");
        let closed = doors.post(committee, "/votes/1/close", json!({})).await.must(201);
        assert_eq!((&closed["motions"][0]["count"]["is_passed"], &closed["motions"][1]["count"]["is_passed"]), (&json!(true), &json!(true)));
        let result = doors.get(street, "/votes/1/result").await.must(200);
        let text = doors.get(owner, "/dwellings/1-2-101/votes/1/result?format=text").await.text();
        assert!(text.contains("本事项通过") && text.contains(result["digest"].as_str().unwrap()), "{text}");
        assert_eq!(doors.get(owner, "/dwellings/1-2-101/votes/1/result?format=pdf").await.status.as_u16(), 200);
        let csv = doors.get(owner, "/dwellings/1-2-101/votes/1/recount").await.text();
        assert_eq!(json!(recount::check(&csv).unwrap().digest), result["sheet"]["recount_digest"]);
        let shown = doors.get(street, "/votes/1/recount?format=json").await.must(200);
        assert_eq!(shown["roll_digest"], result["sheet"]["roll_digest"]);
        let lines = doors.get(owner, "/dwellings/1-2-101/votes/1/recount?format=lines").await.text();
        assert_eq!(lines.lines().count(), csv.lines().count() - 1);
        let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        assert_eq!(last["hash"], result["sheet"]["recount_digest"]);
        let listed = doors.get(owner, "/dwellings/1-2-101/votes").await.must(200);
        assert_eq!((&listed["items"][0]["stage"], &doors.get(street, "/votes/1").await.must(200)["title"]), (&json!("closed"), &json!("电梯大修")));
        doors.post(committee, "/votes/1/withdraw", json!({ "reason": "算了" })).await.must(409);
        doors.get(street, "/votes/9").await.must(404);
        doors.get(street, "/votes/x").await.must(404);
    }

    async fn a_round_is_held_from_the_command_line(world: World) {
        // The command line has the system's clock: the round is held today.
        let today = ledger::calendar::Clock::system().now().day();
        let (posted, last) = (today - chrono::Days::new(15), today + chrono::Days::new(9));
        let (now, posted) = (today.to_string(), posted.to_string());
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let asked = json!({ "title": "屋面维修", "convener": "业主委员会", "scope": { "kind": "compound" },
            "opens_on": now, "closes_on": last, "motions": [] });
        std::fs::write(path("round.json"), asked.to_string()).unwrap();
        let one = json!({ "matter": "use-fund", "title": "维修屋面", "amount_cap_fen": 100 });
        std::fs::write(path("motion.json"), one.to_string()).unwrap();
        let said = async |args: &[&str]| vote(&world, &[args, &["--compound", "xiaohe"]].concat()).await;
        let answers = async |args: &[&str], line: &str| assert_eq!(said(args).await, (0, format!("{line}\n")));

        answers(&["draft", "--file", &path("round.json")], "表决 1 已草拟，0 个事项").await;
        answers(&["motion", "1", "--file", &path("motion.json")], "事项 1 已提出").await;
        let frozen = said(&["freeze", "1", "--on", &now]).await.1;
        assert!(frozen.starts_with("名册已冻结：专有部分 12 个，12 户 / 985.80 ㎡"), "{frozen}");
        answers(&["announce", "1", "--on", &posted, "--place", "门厅"], "表决 1 已公示").await;
        let delivered = ["deliver", "1", "--room", "1-1-101", "--method", "hand", "--on", &now, "--evidence", "签收"];
        answers(&delivered, "送达 1 已登记").await;
        answers(&["open", "1"], "表决 1 已开始").await;
        let proxy = ["proxy", "1", "--room", "1-1-102", "--agent", "赵代理", "--id-tail", "001X", "--on", &now, "--evidence", "委托书", "--answers", "反对"];
        answers(&proxy, "委托 1 已登记").await;
        answers(&["cast", "1", "--room", "1-1-102", "--proxy", "1", "--answers", "反对"], "已投票，第 1 张").await;
        let slip = ["--slip", "P1", "--room", "1-2-302", "--on", &now, "--answers"];
        let enter = |by: &'static str, answer: &'static str| [&["enter", "1", "--by", by], &slip[..], &[answer]].concat();
        answers(&enter("李委员", "同意"), "已录入，待第二人录入").await;
        answers(&["differences", "1"], "P1（李委员）：待第二人录入\n未决 1 张").await;
        answers(&enter("周委员", "弃权"), "两人录入不一致：与李委员的录入：事项 1 弃权 / 同意").await;
        answers(&["differences", "1"], "P1（周委员、李委员）：事项 1 弃权 / 同意\n未决 1 张").await;
        let decided = [enter("陈主任", "同意"), vec!["--note", "核对原票"]].concat();
        answers(&decided, "两人录入一致，计为第 2 张").await;
        for (room, no) in ALL.iter().filter(|r| !["1-1-102", "1-2-302"].contains(*r)).zip(3..) {
            let owner = owners(&world, room).await[0].to_string();
            let cast = ["cast", "1", "--room", room, "--owner", &owner, "--answers", "同意"];
            answers(&cast, &format!("已投票，第 {no} 张")).await;
        }
        let shown = said(&["show", "1"]).await.1;
        assert!(shown.contains("参与与同意均已达到") && shown.contains("1 幢：12 户，已送达 1，已投票 12"), "{shown}");
        answers(&["close", "1"], "表决 1 已结束\n  事项 1 通过：参与 12 户 / 985.80 ㎡，同意 11 户 / 904.60 ㎡").await;

        assert!(said(&["result", "1"]).await.1.contains("本事项通过"));
        assert!(said(&["list"]).await.1.contains("1  已结束  屋面维修"));
        let (csv, pdf) = (path("recount.csv"), path("result.pdf"));
        assert_eq!(said(&["result", "1", "--out", &pdf]).await.0, 0);
        assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
        assert_eq!(said(&["recount", "1", "--out", &csv]).await.0, 0);
        let good = vote(&world, &["recheck", &csv]).await;
        assert!(good.0 == 0 && good.1.contains("链完整") && good.1.contains("事项 1 同意 11 户 / 904.60 ㎡"), "{}", good.1);
        let text = std::fs::read_to_string(&csv).unwrap().replacen("反对", "同意", 1);
        std::fs::write(&csv, text).unwrap();
        assert_eq!(vote(&world, &["recheck", &csv]).await, (1, "第 2 行与链不符，此行或之前有改动\n".to_owned()));
        let again = said(&["withdraw", "1", "--reason", "算了", "--json"]).await;
        assert!(again.0 == 1 && again.1.contains("governance.stage"), "{}", again.1);
    }
}

/// The command line at this world's books.
async fn vote(world: &World, args: &[&str]) -> (u8, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = [&["xiaoqu", "--db", &world.url, "vote"], args].concat();
    let code = xiaoqu::cli::run(args.into_iter().map(Into::into), &mut out, &mut err).await;
    (code, String::from_utf8(out).unwrap())
}

/// The house, knocked on in any role; every answer is held against the document of the wire. An owner comes with the token of
/// an account that has the dwelling of the address.
pub(crate) struct House {
    doors: Doors,
    owners: BTreeMap<String, String>,
}

impl House {
    pub(crate) async fn of(world: &World, rooms: &[&str]) -> House {
        use ledger::people::Scope;
        let desk = Desk::of(&world.books);
        let mut owners = BTreeMap::new();
        for room in rooms {
            let (name, home) = (format!("owner-{room}"), world.dwelling(room).await);
            desk.enlist(&name).await;
            let scope = Scope::Dwelling(world.compound, home);
            let mandate = desk.appoint(&name, Role::Owner, scope, "2026-01-01", "2026-12-31");
            let mandate = mandate.await.unwrap();
            let token = desk.token(&name, mandate, "2026-12-31T00:00:00Z").await.unwrap().1;
            owners.insert((*room).to_owned(), token);
        }
        House { doors: Doors::of(world), owners }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        shown: &str,
        path: &str,
        body: String,
    ) -> Answered {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(at(path))
            .header("authorization", shown)
            .header("content-type", "application/json");
        self.doors.send(request.body(axum::body::Body::from(body)).unwrap()).await
    }

    /// Any request at all.
    pub(crate) async fn knock(&self, request: axum::http::Request<axum::body::Body>) -> Answered {
        self.doors.send(request).await
    }

    fn shown(&self, role: Role, path: &str) -> String {
        let room = path.split('/').nth(2).unwrap_or_default();
        match self.owners.get(room) {
            Some(token) if role == Role::Owner => format!("Bearer {token}"),
            _ => bearer(role),
        }
    }

    pub(crate) async fn get(&self, role: Role, path: &str) -> Answered {
        self.send("GET", &self.shown(role, path), path, String::new()).await
    }

    pub(crate) async fn post(&self, role: Role, path: &str, body: serde_json::Value) -> Answered {
        let said = self.send("POST", &self.shown(role, path), path, body.to_string()).await;
        self.doors.signed(said).await
    }
}
