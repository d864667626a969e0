//! A compound renewed: from the reserve to the hand-over through the doors with each role's own token, every condition refused
//! by its own name, 6,089.3 (10⁴ yuan) from all their sources, and random payments against a waterfall of the test's own.

use ledger::books::Role;
use ledger::journal::Book;
use ledger::subsidy::Class;
use ledger::subsidy::terms::Level;
use ledger::{district, property};
use reports::press;
use reports::sheet::{Block, Cell, Rank, Sheet};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::governance::House;
use crate::levy::{all_laws_hold, later};
use crate::money_in::statement;
use crate::on_both;
use crate::printed::{drawn, opened, proved};
use crate::subsidy::{allot, found, grant, granting, programme, receive};
use crate::works::{SOLD, decision, on_request, owner_of, pay_in, request, underway};
use crate::world::{Backend, World};

const COMPANY: Role = Role::PropertyCompany;
const COMMITTEE: Role = Role::OwnersCommittee;
const STREET: Role = Role::StreetOffice;
const AUTHORITY: Role = Role::HousingAuthority;
const OWNER: Role = Role::Owner;

/// A round of motions, announced today, voted by some owners, counted after it closes; its number.
async fn round(
    world: &World,
    house: &House,
    motions: Value,
    [on, opens, closes]: [&str; 3],
) -> i64 {
    let asked = json!({ "title": "改造", "convener": "业主委员会", "scope": { "kind": "compound" },
        "opens_on": opens, "closes_on": closes, "motions": motions });
    let no = house.post(COMMITTEE, "/votes", asked).await.must(201)["round_no"].as_i64().unwrap();
    house.post(COMMITTEE, &format!("/votes/{no}/freeze"), json!({ "on": on })).await.must(201);
    let hung = json!({ "posted_on": on, "place": "门厅" });
    house.post(COMMITTEE, &format!("/votes/{no}/announce"), hung).await.must(201);
    later(world, on);
    no
}

async fn ballots(world: &World, house: &House, no: i64, voters: &[&str], motions: usize) {
    house.post(COMMITTEE, &format!("/votes/{no}/open"), json!({})).await.must(201);
    for code in voters {
        let answers = vec!["approve"; motions];
        let ballot = json!({ "owner_no": owner_of(world, code).await, "answers": answers });
        house.post(OWNER, &format!("/dwellings/{code}/votes/{no}/ballots"), ballot).await.must(201);
    }
}

async fn close(house: &House, no: i64) {
    house.post(COMMITTEE, &format!("/votes/{no}/close"), json!({})).await.must(201);
}

fn reserve() -> Value {
    json!({ "title": "小河里老旧小区改造", "built_on": "1998-06-30", "buildings": 12, "households": 802,
        "area_centi_m2": 5_614_000, "evidence": "储备库名单 2026" })
}

fn step(kind: &str, body: Value) -> Value {
    json!({ "step": kind, "body": body })
}

fn plan() -> Value {
    json!({
        "contents": [
            { "item": "roof", "building": "1", "name": "1 幢屋面", "budget_fen": 3_000_000_000_i64 },
            { "item": "outer-wall", "name": "外墙", "budget_fen": 3_000_000_000_i64 },
            { "item": "water-supply", "name": "供水管网", "budget_fen": 89_300_000 },
        ],
        // 627.3 + 5,200 + 262 (10⁴ yuan); what the residents bear comes by three channels, labour is valued apart.
        "sources": [
            { "kind": "central-mof", "planned_fen": 627_300_000 },
            { "kind": "fund", "planned_fen": 3_000_000 },
            { "kind": "public-revenue", "planned_fen": 9_000_000 },
            { "kind": "owner-cash", "planned_fen": 250_000_000 },
            { "kind": "bond", "planned_fen": 5_200_000_000_i64, "who": "停车与充电收益" },
            { "kind": "labour", "planned_fen": 100_000 },
        ],
        "starts_on": "2026-03-20", "finishes_on": "2026-11-30"
    })
}

fn payment(content: i64, fen: i64, on: &str) -> Value {
    json!({ "content_no": content, "amount_fen": fen, "payee": "某防水工程公司", "paid_on": on, "evidence": "发票 1" })
}

/// What a payment's parts say: source and amount.
fn parts(paid: &Value) -> Vec<(i64, i64)> {
    let part = |p: &Value| (p["source_no"].as_i64().unwrap(), p["amount_fen"].as_i64().unwrap());
    paid["parts"].as_array().unwrap().iter().map(part).collect()
}

/// A renovation voted, reviewed and contracted on 18 March, its money not there yet. Its matter.
async fn reviewed(world: &World, house: &House) -> i32 {
    let said = async |role, kind: &str, body: Value| {
        house.post(role, "/renovations/1/steps", step(kind, body)).await
    };
    house
        .post(STREET, "/renovations/1/steps", step("withdrawal", json!({ "reason": "误" })))
        .await
        .problem(404, "renovation.no-renovation");
    let with = |name: &str, value: Value| {
        let mut body = reserve();
        body[name] = value;
        body
    };
    house
        .post(STREET, "/renovations", with("households", json!(0)))
        .await
        .problem(400, "renovation.shape");
    house.post(STREET, "/renovations", with("built_on", json!("2000-12-31"))).await.must(201);
    house
        .post(STREET, "/renovations", with("built_on", json!("2001-01-01")))
        .await
        .problem(422, "renovation.not-old");
    house
        .post(STREET, "/renovations", with("is_to_be_demolished", json!(true)))
        .await
        .problem(422, "renovation.to-be-demolished");
    house
        .post(STREET, "/renovations", with("built_on", json!("2027-01-01")))
        .await
        .problem(422, "renovation.day");
    let shown = house.get(STREET, "/renovations/1").await.must(200);
    let matter = shown["project_matter_no"].as_i64().unwrap();
    assert_eq!(shown["stage"], "reserved");

    // Three owners of twelve are not enough, eleven are.
    let consent =
        json!([{ "matter": "other", "title": "是否改造", "plan": shown["consent_name"] }]);
    let both = json!([
        { "matter": "other", "title": "是否改造", "plan": shown["consent_name"] },
        { "matter": "covenant", "title": "长效管理", "plan": shown["long_term_name"] },
    ]);
    let days = ["2026-02-04", "2026-02-20", "2026-02-24"];
    let few = round(world, house, consent, days).await;
    let many = round(world, house, both, days).await;
    later(world, "2026-02-20");
    ballots(world, house, few, &SOLD[..3], 1).await;
    ballots(world, house, many, &SOLD, 2).await;
    said(COMMITTEE, "consent", json!({ "round_no": few, "motion_no": 1 }))
        .await
        .problem(409, "governance.stage");
    later(world, "2026-02-25");
    close(house, few).await;
    close(house, many).await;
    let vote = |round: i64, motion: i64| json!({ "round_no": round, "motion_no": motion });
    said(COMPANY, "consent", vote(few, 1)).await.problem(403, "renovation.power");
    said(COMMITTEE, "consent", vote(many, 2)).await.problem(422, "renovation.consent");
    said(COMMITTEE, "consent", vote(few, 1)).await.must(201);
    said(COMPANY, "plan", plan()).await.problem(422, "renovation.consent");
    said(COMMITTEE, "consent", vote(many, 1)).await.must(201);
    said(COMPANY, "plan", plan()).await.problem(422, "renovation.long-term");
    let agreed = json!({ "mode": "company", "fee_fen_per_m2": 60, "top_up": "每平方米 20 元", "vote": vote(many, 2) });
    said(COMMITTEE, "long-term", agreed).await.must(201);

    let mut wrong = plan();
    wrong["sources"][0]["planned_fen"] = json!(627_300_001);
    said(COMPANY, "plan", wrong).await.problem(422, "renovation.plan-unbalanced");
    let mut wrong = plan();
    wrong["sources"][4]["who"] = json!("");
    said(COMPANY, "plan", wrong).await.problem(422, "renovation.source");
    let mut wrong = plan();
    wrong["sources"][4] =
        json!({ "kind": "loan", "planned_fen": 5_200_000_000_i64, "who": "某区人民政府" });
    said(COMPANY, "plan", wrong).await.problem(422, "renovation.source");
    let digest = said(COMPANY, "plan", plan()).await.must(201)["digest"].clone();
    house
        .post(COMPANY, "/renovations/1/payments", payment(1, 1, "2026-02-25"))
        .await
        .problem(422, "renovation.not-approved");
    let shown = house.get(STREET, "/renovations/1").await.must(200);

    let motions = json!([
        { "matter": "rebuild", "title": "改造方案", "plan": shown["plan_name"] },
        { "matter": "other", "title": "让渡公共收益", "amount_cap_fen": 9_000_000 },
    ]);
    let no = round(world, house, motions, ["2026-02-25", "2026-03-13", "2026-03-17"]).await;
    later(world, "2026-03-13");
    ballots(world, house, no, &SOLD, 2).await;
    later(world, "2026-03-18");
    close(house, no).await;
    let review = |digest: &Value| json!({ "on": "2026-03-18", "digest": digest, "departments": "住建、发改、财政", "is_passed": true, "evidence": "联审意见" });
    said(STREET, "review", review(&digest)).await.problem(422, "renovation.not-approved");
    said(COMMITTEE, "approval", vote(no, 2)).await.problem(422, "renovation.not-approved");
    said(COMMITTEE, "approval", vote(no, 1)).await.must(201);
    house
        .post(COMPANY, "/renovations/1/payments", payment(1, 1, "2026-03-18"))
        .await
        .problem(422, "renovation.not-reviewed");
    said(STREET, "review", review(&json!("00"))).await.problem(409, "renovation.step");
    said(STREET, "review", review(&digest)).await.must(201);
    said(COMPANY, "plan", plan()).await.problem(409, "renovation.step");
    let deal = |price: i64| json!({ "contractor": "某防水工程公司", "price_fen": price, "signed_on": "2026-03-18", "evidence": "合同 1" });
    said(COMPANY, "contract", deal(6_089_300_001)).await.problem(422, "renovation.plan-unbalanced");
    said(COMPANY, "contract", deal(6_089_200_000)).await.must(201);
    let mut small = deal(100_000);
    small["contractor"] = json!("某绿化公司");
    let mut early = small.clone();
    early["signed_on"] = json!("2026-03-17");
    said(COMPANY, "contract", early).await.problem(422, "renovation.day");
    said(COMPANY, "contract", small).await.must(201);
    i32::try_from(matter).unwrap()
}

/// Milestones and days of reporting that were missed, and what the rules say of them.
async fn district_sees(world: &World) -> (i64, i64, Vec<String>) {
    let mut view = world.books.read().await.unwrap();
    let compounds = property::compounds(&mut view).await.unwrap();
    let told = district::view(&mut view, &compounds, world.clock.now().day()).await.unwrap();
    let of = told.compounds[0].renovations;
    assert_eq!(told.total.renovations_behind, 1);
    let named = told.findings.into_iter();
    let named = named.filter(|f| ["renovation-late", "rounds-missed"].contains(&f.rule.as_str()));
    (of.milestones_missed, of.rounds_missed, named.map(|f| f.found).collect())
}

async fn paid_in(house: &House, source: i64, fen: i64, more: Value) -> crate::doors::Answered {
    let mut body = json!({ "source_no": source, "amount_fen": fen, "on": "2026-03-18", "payer": "某单位", "evidence": "收据" });
    more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    house.post(COMPANY, "/renovations/1/paid-in", body).await
}

/// D8 and D9 as they stand in the middle of the works, held against what the doors say.
async fn on_paper(world: &World, house: &House) {
    let funding = drawn(world, "xiaohe", "funding", json!({ "no": "1" })).await;
    proved("funding", &funding);
    let shown = house.get(STREET, "/renovations/1").await.must(200);
    let total = |sheet: &Sheet, table: usize, column: usize| -> i64 {
        let table = sheet.blocks.iter().filter_map(Block::table).nth(table).unwrap();
        let row = table.rows().last().unwrap();
        assert_eq!(row.rank, Rank::Total);
        let Cell::Money(fen) = &row.cells[column] else { panic!("{row:?}") };
        fen.in_fen()
    };
    assert_eq!(json!(total(&funding, 0, 2)), shown["planned_fen"], "合计 = 总投资");
    assert_eq!(json!(total(&funding, 0, 8)), shown["paid_fen"], "已付");
    assert_eq!(json!(total(&funding, 3, 7)), shown["paid_fen"], "各部分之和 = 已付");
    assert_eq!(total(&funding, 4, 3), 1_000_000, "居民出资");
    let board = drawn(world, "xiaohe", "funding", json!({ "no": "1", "public": true })).await;
    proved("funding-public", &board);
    let text = press::text::press(&board);
    assert!(!text.contains("1-1-101") && text.contains("1**1"), "{text}");
    let grants = drawn(world, "xiaohe", "grants", json!({})).await;
    proved("grants", &grants);
    let mut view = world.books.read().await.unwrap();
    let today = world.clock.now().day();
    let tranches = ledger::subsidy::tranches(&mut view, world.compound, today).await.unwrap();
    drop(view);
    let left: i64 = tranches.iter().map(|tranche| tranche.left_fen.in_fen()).sum();
    assert_eq!(total(&grants, 0, 11), left);
    assert_eq!(total(&grants, 1, 6) - total(&grants, 1, 7), left, "收入 − 支出 = 结余");
    let one = drawn(world, "xiaohe", "grants", json!({ "no": "1" })).await;
    assert!(one.proof.unwrap().number.ends_with("-1"));
    if world.backend == Backend::Sqlite {
        assert!(opened(&funding) > 10 && opened(&grants) > 6);
    }
}

on_both! {
    async fn a_compound_is_renewed_by_all_its_sources(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        underway(&world, &house, 3_000_000).await;
        let matter = reviewed(&world, &house).await;
        let said = async |role, kind: &str, body: Value| house.post(role, "/renovations/1/steps", step(kind, body)).await;

        // Nothing is there: no start. A plan of one's own is not reviewed by oneself: told on a second renovation below.
        let start = json!({ "on": "2026-03-18", "evidence": "开工令" });
        said(STREET, "start", start.clone()).await.problem(422, "renovation.not-in-place");
        let no = found(&world, programme("财综〔2026〕1号", Level::CentralMof, 627_300_000, &[Class::Basic], &[])).await.unwrap();
        allot(&world, no, 627_300_000).await.unwrap();
        let tranche = grant(&world, granting(no, Some(ledger::id::MatterNo(matter)), 439_110_000)).await.unwrap().tranche_no;
        receive(&world, tranche, 439_110_000).await.unwrap();

        // Each source by its own channel.
        paid_in(&house, 9, 1, json!({})).await.problem(404, "renovation.no-source");
        paid_in(&house, 1, 1, json!({})).await.problem(422, "renovation.source-channel");
        paid_in(&house, 2, 1, json!({})).await.problem(422, "renovation.source-channel");
        paid_in(&house, 4, 1, json!({})).await.problem(422, "renovation.payer");
        paid_in(&house, 5, 5_200_000_001, json!({})).await.problem(422, "renovation.over-plan");
        statement(&world, "交易时间,收入金额,支出金额,账户余额,对方账号,对方户名,交易用途\n\
            2026-03-18 10:00:00,52000000.00,,52000000.00,11000003,某单位,改造款\n", Book::Grant).await;
        paid_in(&house, 5, 5_199_999_999, json!({ "line_no": 1 })).await.problem(422, "bank.not-this-payment");
        let got = paid_in(&house, 5, 5_200_000_000, json!({ "line_no": 1 })).await.must(201);
        assert_eq!(got["line_no"], 1);
        paid_in(&house, 4, 1_000_000, json!({ "room": "1-1-101", "payer": "业主" })).await.must(201);
        let worth = paid_in(&house, 6, 50_000, json!({ "room": "1-1-102", "payer": "业主" })).await.must(201);
        assert_eq!(worth["voucher_seq"], Value::Null);
        paid_in(&house, 3, 500, json!({})).await.problem(422, "renovation.pledge");
        // The owners' cap is 9,000,000 in motion 2 of the last round; the account has 700,000 of last year.
        let terms = json!({ "from_on": "2025-01-01", "operator": "某物业公司", "taxpayer": "exempt", "has_assembly": true,
            "account": "某银行 尾号 0481", "document": "合同 1" });
        house.post(COMPANY, "/revenue-terms", terms).await.must(201);
        let pledge = |motion: i64| json!({ "project_matter_no": matter, "amount_fen": 9_000_000, "from_on": "2025-01-01",
            "until_on": "2027-12-31", "round_no": 4, "motion_no": motion, "evidence": "让渡协议 1" });
        house.post(COMMITTEE, "/revenue-pledges", pledge(1)).await.problem(422, "revenue.over-cap");
        house.post(COMMITTEE, "/revenue-pledges", pledge(2)).await.must(201);
        let assigned = async |source: i64, fen: i64, pledge: i64, through: &str| {
            let body = json!({ "source_no": source, "pledge_no": pledge, "through": through, "amount_fen": fen,
                "on": "2026-03-18", "evidence": "回单" });
            house.post(COMPANY, "/renovations/1/assigned-revenue", body).await
        };
        assigned(4, 1, 1, "2025-12").await.problem(422, "renovation.pledge");
        assigned(3, 500_000, 1, "2025-12").await.problem(422, "revenue.deficit");
        let income = json!({ "income": "damages", "amount_fen": 700_000, "on": "2025-07-01", "payer": "某公司", "evidence": "回单 1" });
        let earned = house.post(COMPANY, "/revenue-incomes", income).await.must(201)["voucher"].clone();
        assigned(3, 500_000, 2, "2025-12").await.problem(404, "revenue.no-pledge");
        assigned(3, 500_000, 1, "2025-11").await.problem(400, "revenue.period");
        assigned(3, 700_001, 1, "2025-12").await.problem(422, "revenue.deficit");
        assigned(3, 500_000, 1, "2025-12").await.must(201);
        let pledges = house.get(STREET, "/revenue-pledges").await.must(200);
        assert_eq!((&pledges["items"][0]["paid_fen"], &pledges["items"][0]["left_fen"]), (&json!(500_000), &json!(8_500_000)));

        house.post(COMPANY, "/renovations/1/payments", payment(1, 1, "2026-03-18")).await.problem(422, "renovation.not-started");
        let told = house.get(COMPANY, "/renovations/1/conditions?asked=start").await.must(200);
        assert_eq!((&told["is_open"], told["conditions"].as_array().unwrap().len()), (&json!(true), 7), "{told}");
        said(STREET, "start", start).await.must(201);

        // Payments: 4,391,100 yuan of the centre, then the fund by its own request, then what was paid in.
        let pay = async |body: Value| house.post(COMPANY, "/renovations/1/payments", body).await;
        let with = |content: i64, fen: i64, name: &str, value: Value| {
            let mut body = payment(content, fen, "2026-03-18");
            body[name] = value;
            body
        };
        pay(with(1, 5, "payee", json!("别家公司"))).await.problem(422, "renovation.payee");
        pay(with(1, 0, "amount_fen", json!(0))).await.problem(400, "renovation.shape");
        pay(payment(1, 5, "2026-03-17")).await.problem(422, "renovation.day");
        pay(payment(99, 5, "2026-03-18")).await.problem(404, "subsidy.no-content");
        pay(payment(3, 89_300_001, "2026-03-18")).await.problem(422, "renovation.over-content");
        pay(with(1, 100_001, "payee", json!("某绿化公司"))).await.problem(422, "renovation.over-contract");
        // Its subsidy is spent by its own payments and not past them.
        let past = json!({ "tranche_no": 1, "content_no": 1, "payee": "别家公司", "amount_fen": 5, "paid_on": "2026-03-18", "evidence": "发票" });
        house.post(COMPANY, "/tranche-spendings", past).await.problem(422, "renovation.pays-itself");
        let fund = |step: &Value| json!({ "project_no": 1, "request": step });
        pay(with(1, 5_000_000, "fund", fund(&json!(3)))).await.problem(422, "renovation.fund-request");
        let asked = house.post(COMPANY, "/projects/1/payment-requests", request(1_200_000)).await.must(201);
        pay(with(1, 5_000_000, "fund", fund(&asked["step_no"]))).await.problem(422, "works.not-approved");
        house.post(COMMITTEE, "/projects/1/decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
        pay(with(1, 5, "fund", fund(&asked["step_no"]))).await.problem(422, "renovation.fund-request");
        let first = pay(with(1, 5_000_000, "fund", fund(&asked["step_no"]))).await.must(201);
        let by = parts(&first);
        assert_eq!(by.iter().map(|p| p.1).sum::<i64>(), 5_000_000);
        // One of twelve dwellings is the developer's, whose share is paid outside.
        let by_fund = by.iter().find(|p| p.0 == 2).unwrap().1;
        assert!((1_000_000..1_200_000).contains(&by_fund), "{by:?}");
        assert_eq!(by.iter().find(|p| p.0 == 1).unwrap().1, 5_000_000 - by_fund);
        let second = pay(payment(2, 440_000_000, "2026-03-18")).await.must(201);
        let centre = 439_110_000 - (5_000_000 - by_fund);
        assert_eq!(parts(&second), [(1, centre), (3, 500_000), (4, 1_000_000), (5, 440_000_000 - centre - 1_500_000)]);
        pay(payment(1, 2_995_000_000, "2026-03-18")).await.must(201);
        pay(payment(2, 2_560_000_000, "2026-03-18")).await.problem(422, "renovation.sources-short");

        // Half-monthly rounds.
        let progress = |on: &str, begun: i64, done: i64| json!({ "on": on, "started_households": begun, "finished_households": done });
        later(&world, "2026-04-14");
        said(COMPANY, "round", progress("2026-03-29", 201, 0)).await.problem(422, "renovation.round-day");
        said(COMPANY, "round", progress("2026-03-28", 201, 0)).await.must(201);
        said(COMPANY, "round", progress("2026-03-28", 202, 0)).await.problem(422, "renovation.round-day");
        said(COMPANY, "round", progress("2026-04-14", 200, 0)).await.problem(422, "renovation.round-backwards");
        said(COMPANY, "round", progress("2026-04-14", 802, 803)).await.problem(422, "renovation.round-backwards");
        later(&world, "2026-05-01");
        // What was missed so far, as the district sees it; and once the round is reported.
        let late = "改造 1：开工户数 >= 100%，应于 2026-04-30，尚未达到";
        let behind = vec![late.to_owned(), "改造 1：漏报 2 次，最近 2026-04-28".to_owned()];
        assert_eq!(district_sees(&world).await, (1, 2, behind));
        said(COMPANY, "round", progress("2026-04-28", 802, 400)).await.must(201);
        assert_eq!(district_sees(&world).await, (0, 1, vec!["改造 1：漏报 1 次，最近 2026-04-14".to_owned()]));
        let shown = house.get(STREET, "/renovations/1").await.must(200);
        assert_eq!(shown["missed_rounds"], json!(["2026-04-14"]), "{shown}");
        let met: Vec<(bool, &Value)> = shown["milestones"].as_array().unwrap().iter().map(|m| (m["is_overdue"] == true, &m["met_on"])).collect();
        assert_eq!(met, [(false, &json!("2026-03-28")), (false, &json!("2026-04-28")), (false, &Value::Null), (false, &Value::Null)]);
        // 262 (10⁴ yuan) by the residents' channels, and what labour is worth.
        assert_eq!((&shown["residents_fen"], &shown["planned_fen"]), (&json!(262_100_000), &json!(6_089_300_000_i64)));

        // The last payment is taken back, all of its vouchers; an earlier one is not before it.
        let reversal = |no: i64| json!({ "payment_no": no, "on": "2026-05-01", "reason": "重复付款" });
        let undo = async |no: i64| house.post(COMPANY, "/renovations/1/reversals", reversal(no)).await;
        undo(9).await.problem(404, "renovation.no-payment");
        // None of its vouchers goes by itself, nor what its money came from.
        let turned = |voucher: &Value| json!({ "voucher": voucher, "on": "2026-05-01", "style": "red", "reason": "误记" });
        let alone = async |voucher: Value| house.post(COMPANY, "/reversals", turned(&voucher)).await;
        let vouchers = async |book: &str| house.get(COMPANY, &format!("/books/{book}/vouchers?limit=200")).await.must(200)["items"].as_array().unwrap().clone();
        let last = vouchers("grant").await.last().unwrap()["voucher"].clone();
        alone(last).await.problem(422, "renovation.reversed-whole");
        let last = vouchers("fund").await.last().unwrap()["voucher"].clone();
        alone(last).await.problem(422, "renovation.reversed-whole");
        alone(earned).await.problem(422, "revenue.reversal-distributed");
        alone(vouchers("revenue").await.last().unwrap()["voucher"].clone()).await.problem(422, "journal.reversal-out-of-order");
        undo(2).await.problem(422, "journal.reversal-out-of-order");
        undo(3).await.must(201);
        undo(3).await.problem(409, "renovation.reversed");
        all_laws_hold(&world).await;
        on_paper(&world, &house).await;

        // Acceptance by all who must sign, audit, evaluation; paid as audited; handed over.
        // What was clawed back of a payment is a payment less, here too.
        let moved = second["parts"][0]["tranche_move_no"].clone();
        let back = json!({ "move_no": moved, "amount_fen": 7, "on": "2026-05-01", "reason": "多付" });
        house.post(COMPANY, "/tranche-claw-backs", back).await.must(201);
        let shown = house.get(STREET, "/renovations/1").await.must(200);
        assert_eq!((&shown["paid_fen"], &shown["payments"][1]["recovered_fen"]), (&json!(444_999_993), &json!(7)));
        assert_eq!(shown["sources"][0]["drawn_fen"], json!(439_110_000 - 7));
        let funding = press::text::press(&drawn(&world, "xiaohe", "funding", json!({ "no": "1" })).await);
        assert!(funding.contains("追回") && funding.contains("-0.07") && funding.contains("4,449,999.93"), "{funding}");
        later(&world, "2026-11-30");
        let accepted = |parties: Value| json!({ "on": "2026-11-30", "parties": parties, "is_passed": true, "evidence": "验收单" });
        said(COMPANY, "acceptance", accepted(json!(["contractor"]))).await.problem(403, "renovation.power");
        said(COMMITTEE, "acceptance", accepted(json!(["contractor"]))).await.problem(422, "renovation.unfinished");
        said(COMPANY, "audit", json!({ "on": "2026-11-30", "auditor": "某事务所", "amount_fen": 1, "evidence": "报告" })).await.problem(403, "renovation.power");
        let all = || accepted(json!(["contractor", "supervisor", "departments", "property-company", "owners"]));
        said(STREET, "acceptance", all()).await.problem(422, "renovation.unfinished");
        said(COMPANY, "round", progress("2026-11-28", 802, 802)).await.must(201);
        let mut early = all();
        early["on"] = json!("2026-03-17");
        said(STREET, "acceptance", early).await.problem(422, "renovation.day");
        said(STREET, "acceptance", all()).await.must(201);
        let audit = |on: &str| json!({ "on": on, "auditor": "某事务所", "amount_fen": 445_000_000, "evidence": "报告" });
        said(STREET, "audit", audit("2026-11-29")).await.problem(422, "renovation.day");
        said(STREET, "audit", audit("2026-11-30")).await.must(201);
        pay(payment(3, 8, "2026-11-30")).await.problem(422, "renovation.over-audit");
        let kept = |no: i64| json!({ "content_no": no, "warranty_until_on": "2031-11-30", "keeper": "某物业公司" });
        let over = |records: Value| json!({ "on": "2026-11-30", "records": records });
        said(COMPANY, "handover", over(json!([kept(1), kept(2), kept(3)]))).await.problem(422, "renovation.unfinished");
        pay(payment(3, 7, "2026-11-30")).await.must(201);
        said(STREET, "evaluation", json!({ "on": "2026-11-30", "score_e2": 9_200, "content_bp": 9_500, "evidence": "评价" })).await.must(201);
        let mut short = kept(3);
        short["warranty_until_on"] = json!("2026-11-29");
        said(COMPANY, "handover", over(json!([kept(1), kept(2), short]))).await.problem(422, "renovation.day");
        said(COMPANY, "handover", over(json!([kept(1), kept(2)]))).await.problem(422, "renovation.unfinished");
        said(COMPANY, "handover", over(json!([kept(1), kept(2), kept(3)]))).await.must(201);
        let records = house.get(COMPANY, "/maintenance-records").await.must(200);
        assert_eq!(records["items"].as_array().unwrap().len(), 3);
        pay(payment(3, 1, "2026-11-30")).await.problem(409, "renovation.step");
        let listed = house.get(COMPANY, "/renovations").await.must(200);
        assert_eq!((&listed["items"][0]["stage"], &listed["items"][0]["paid_fen"]), (&json!("handed-over"), &json!(445_000_000)));
        let told = crate::cli::at(&world, &["renovation", "show", "1", "--compound", "xiaohe"]).await.must(0);
        assert!(told.out.contains("专项债券  计划 52,000,000.00"), "{}", told.out);
        crate::cli::at(&world, &["renovation", "list", "--compound", "xiaohe"]).await.must(0);
        let asked = crate::cli::at(&world, &["renovation", "conditions", "1", "--asked", "close", "--compound", "xiaohe"]).await.must(0);
        assert!(!asked.out.contains("不符"), "{}", asked.out);
        all_laws_hold(&world).await;

        // By SQL: a payment that is not its parts, a part beside one that stands, a source beyond its plan, history.
        let db = world.back_door().await;
        let id = world.compound.0;
        let part = |payment: i32, no: i32, fen: i64| format!("INSERT INTO renovation_part (compound_id, renovation_no, payment_no, part_no, source_no, amount_fen, book, voucher_seq, act_no)
            VALUES ({id}, 1, {payment}, {no}, 3, {fen}, 4, 1, 1)");
        for sql in [
            format!("INSERT INTO renovation_payment (compound_id, renovation_no, payment_no, content_no, amount_fen, part_count, payee, paid_on, evidence, pack, act_no)
                VALUES ({id}, 1, 90, 1, 5, 1, 'x', '2026-03-18', 'x', 'x', 1)"),
            part(1, 9, 5),
            part(91, 1, 9_000_001),
            format!("UPDATE renovation_part SET amount_fen = amount_fen + 1 WHERE compound_id = {id}"),
            format!("DELETE FROM renovation_payment WHERE compound_id = {id}"),
        ] {
            let statement = Statement::from_string(db.get_database_backend(), sql.clone());
            assert!(db.execute_raw(statement).await.is_err(), "{sql}");
        }
        db.close().await.unwrap();
    }

    /// Random payments, sources and reversals: every part as a waterfall of the test's own says, Σ sources = Σ payments after
    /// each; and nobody reviews their own plan.
    async fn random_payments_are_drawn_as_planned(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        later(&world, "2026-02-04");
        let matter = reviewed(&world, &house).await;
        let own = json!({ "on": "2026-03-18", "digest": "00", "departments": "住建", "is_passed": true, "evidence": "联审" });
        house.post(AUTHORITY, "/renovations/1/steps", step("review", own)).await.problem(409, "renovation.step");
        let no = found(&world, programme("财综〔2026〕1号", Level::CentralMof, 627_300_000, &[], &["roof", "water-supply"])).await.unwrap();
        allot(&world, no, 627_300_000).await.unwrap();
        let mut tranches = Vec::new();
        for fen in [300_000_000, 327_300_000] {
            let tranche = grant(&world, granting(no, Some(ledger::id::MatterNo(matter)), fen)).await.unwrap().tranche_no;
            tranches.push((tranche, 0_i64, fen));
        }
        paid_in(&house, 5, 4_800_000_000, json!({})).await.must(201);
        house.post(STREET, "/renovations/1/steps", step("start", json!({ "on": "2026-03-18", "evidence": "开工令" }))).await.must(201);

        // What is left: tranches, owners' cash (source 4), the bond (source 5); what was paid of each content.
        let (mut cash, mut cash_in, mut bond) = (0_i64, 0_i64, 4_800_000_000_i64);
        let budgets = [3_000_000_000_i64, 3_000_000_000, 89_300_000];
        let mut paid = [0_i64; 3];
        let mut stack: Vec<(i64, usize, i64, Vec<i64>, i64, i64)> = Vec::new();
        let mut seed = 7_u64;
        let mut draw = |below: i64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(seed >> 33).unwrap() % below
        };
        let (mut good, mut short) = (0, 0);
        for _ in 0..100 {
            match draw(8) {
                0 => {
                    let which = usize::try_from(draw(2)).unwrap();
                    let (tranche, left, to_come) = &mut tranches[which];
                    let fen = (1 + draw(90_000_000)).min(*to_come);
                    if fen > 0 {
                        receive(&world, *tranche, fen).await.unwrap();
                        (*left, *to_come) = (*left + fen, *to_come - fen);
                    }
                }
                1 => {
                    let fen = 1 + draw(20_000_000);
                    let done = paid_in(&house, 4, fen, json!({ "room": "1-2-101", "payer": "业主" })).await;
                    if cash_in + fen <= 250_000_000 {
                        done.must(201);
                        (cash, cash_in) = (cash + fen, cash_in + fen);
                    } else {
                        done.problem(422, "renovation.over-plan");
                    }
                }
                _ => {
                    let content = usize::try_from(draw(3)).unwrap();
                    let fen = 1 + draw(if content == 2 { 9_000_000 } else { 260_000_000 });
                    let done = house.post(COMPANY, "/renovations/1/payments", payment(i64::try_from(content).unwrap() + 1, fen, "2026-03-18")).await;
                    let mut left = fen;
                    let mut wanted = Vec::new();
                    let mut takes = vec![0; 2];
                    for (take, (_, has, _)) in takes.iter_mut().zip(&tranches) {
                        // The outer wall is not for central money.
                        if content != 1 {
                            *take = left.min(*has);
                            left -= *take;
                            if *take > 0 {
                                wanted.push((1, *take));
                            }
                        }
                    }
                    let (by_cash, by_bond) = (left.min(cash), (left - left.min(cash)).min(bond));
                    if by_cash > 0 {
                        wanted.push((4, by_cash));
                    }
                    if by_bond > 0 {
                        wanted.push((5, by_bond));
                    }
                    left -= by_cash + by_bond;
                    if paid[content] + fen > budgets[content] {
                        done.problem(422, "renovation.over-content");
                    } else if left > 0 {
                        short += 1;
                        done.problem(422, "renovation.sources-short");
                    } else {
                        let told = done.must(201);
                        assert_eq!(parts(&told), wanted);
                        good += 1;
                        paid[content] += fen;
                        for (take, (_, has, _)) in takes.iter().zip(&mut tranches) {
                            *has -= take;
                        }
                        (cash, bond) = (cash - by_cash, bond - by_bond);
                        stack.push((told["payment_no"].as_i64().unwrap(), content, fen, takes, by_cash, by_bond));
                    }
                }
            }
        }
        assert!(good >= 25, "{good} good, {short} short");
        let shown = house.get(STREET, "/renovations/1").await.must(200);
        let drawn: i64 = shown["sources"].as_array().unwrap().iter().map(|s| s["drawn_fen"].as_i64().unwrap()).sum();
        assert_eq!((drawn, &shown["paid_fen"]), (paid.iter().sum::<i64>(), &json!(drawn)));
        let left: i64 = tranches.iter().map(|t| t.1).sum::<i64>() + cash + bond;
        let stands: i64 = shown["sources"].as_array().unwrap().iter().map(|s| s["in_place_fen"].as_i64().unwrap()).sum::<i64>();
        let fund = shown["sources"][1]["in_place_fen"].as_i64().unwrap();
        assert_eq!(stands - fund - drawn, left);
        all_laws_hold(&world).await;
    }

    async fn nobody_reviews_their_own_plan(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        house.post(STREET, "/renovations", reserve()).await.must(201);
        let shown = house.get(STREET, "/renovations/1").await.must(200);
        let motions = json!([
            { "matter": "other", "title": "是否改造", "plan": shown["consent_name"] },
            { "matter": "covenant", "title": "长效管理", "plan": shown["long_term_name"] },
        ]);
        let no = round(&world, &house, motions, ["2026-01-05", "2026-01-21", "2026-01-25"]).await;
        later(&world, "2026-01-21");
        ballots(&world, &house, no, &SOLD, 2).await;
        later(&world, "2026-01-26");
        close(&house, no).await;
        let said = async |role, kind: &str, body: Value| house.post(role, "/renovations/1/steps", step(kind, body)).await;
        said(COMMITTEE, "consent", json!({ "round_no": no, "motion_no": 1 })).await.must(201);
        let agreed = json!({ "mode": "company", "fee_fen_per_m2": 60, "top_up": "20 元", "vote": { "round_no": no, "motion_no": 2 } });
        said(COMMITTEE, "long-term", agreed).await.must(201);
        let digest = said(STREET, "plan", plan()).await.must(201)["digest"].clone();
        let review = json!({ "on": "2026-01-26", "digest": digest, "departments": "住建", "is_passed": false, "evidence": "联审" });
        said(STREET, "review", review.clone()).await.problem(403, "renovation.own-review");
        said(AUTHORITY, "review", review).await.must(201);
        said(STREET, "withdrawal", json!({ "reason": "调整年度计划" })).await.must(201);
        assert_eq!(house.get(STREET, "/renovations/1").await.must(200)["stage"], "withdrawn");
    }
}
