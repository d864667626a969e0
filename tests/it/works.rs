//! A repair paid from the fund: the story of one from the proposal to the archive through the doors with each role's own token;
//! every condition of the gate provoked; attempts to get at the money without its resolution or its approval.

use ledger::books::Role;
use ledger::calendar::Instant;
use ledger::id::ProjectNo;
use ledger::journal::Book;
use ledger::money::Money;
use ledger::{verify, works};
use reports::notice::Public;
use serde_json::{Value, json};

use crate::export;
use crate::governance::House;
use crate::on_both;
use crate::printed::{drawn, proved};
use crate::world::{World, day, deposit_entry};

const COMPANY: Role = Role::PropertyCompany;
const COMMITTEE: Role = Role::OwnersCommittee;
const STREET: Role = Role::StreetOffice;
const OWNER: Role = Role::Owner;

pub(crate) const SOLD: [&str; 11] = [
    "1-1-101", "1-1-102", "1-1-201", "1-1-202", "1-1-301", "1-1-302", "1-2-101", "1-2-102",
    "1-2-201", "1-2-202", "1-2-301",
];

fn on(world: &World, text: &str) {
    world.clock.set(Instant::parse(&format!("{text}T09:00:00+08:00")).unwrap());
}

/// 8,000 yuan of each sold dwelling, 1,000 of 1-1-102.
pub(crate) async fn pay_in(world: &World) {
    for code in SOLD {
        let fen = if code == "1-1-102" { 100_000 } else { 800_000 };
        let home = world.dwelling(code).await;
        world.post(deposit_entry(home, fen, "2026-01-04")).await.unwrap();
    }
}

pub(crate) async fn owner_of(world: &World, code: &str) -> i32 {
    let mut view = world.books.read().await.unwrap();
    let today = world.clock.now().day();
    let found = ledger::property::dwelling(&mut view, world.compound, code, today).await.unwrap();
    found.owners[0].owner_no.0
}

fn proposal() -> Value {
    json!({ "title": "1 幢屋面防水维修", "path": "ordinary", "held_by": "assembly" })
}

fn plan(budget: i64) -> Value {
    json!({ "content": "屋面防水层翻修", "budget_fen": budget, "scope": { "kind": "building", "building": "1" } })
}

fn check(on: &str) -> Value {
    json!({ "on": on, "common_part": "屋面", "warranty_until_on": "2015-12-31",
        "checked": ["builder-liability", "utility-lines", "damage-by-person", "property-company-duty"],
        "evidence": "竣工备案表、现场照片" })
}

fn notice(of: &str, on: &str) -> Value {
    json!({ "of": of, "posted_on": on, "place": "各单元门厅", "evidence": "照片 3 张" })
}

fn contract(price: i64, on: &str) -> Value {
    json!({ "contractor": "某防水工程公司", "account_no": "3100001", "price_fen": price, "signed_on": on,
        "parties": ["property-company", "contractor"], "evidence": "合同 2026-01" })
}

pub(crate) fn request(amount: i64) -> Value {
    json!({ "amount_fen": amount, "payee": "某防水工程公司", "account_no": "3100001", "evidence": "发票 1" })
}

/// The owners vote for a project's plan: announced on 5 January, all sold dwellings agree, counted on 26 January.
async fn voted(world: &World, house: &House, project: i64, cap: i64) {
    let shown = house.get(COMMITTEE, &format!("/projects/{project}")).await.must(200);
    let asked = json!({ "title": "屋面维修", "convener": "业主委员会", "scope": { "kind": "building", "building": "1" },
        "opens_on": "2026-01-20", "closes_on": "2026-01-25",
        "motions": [{ "matter": "use-fund", "title": "维修屋面", "plan": shown["plan_name"], "amount_cap_fen": cap }] });
    let no = house.post(COMMITTEE, "/votes", asked).await.must(201)["round_no"].clone();
    let at = |what: &str| format!("/votes/{no}/{what}");
    house.post(COMMITTEE, &at("freeze"), json!({ "on": "2026-01-05" })).await.must(201);
    let hung = json!({ "posted_on": "2026-01-05", "place": "门厅" });
    house.post(COMMITTEE, &at("announce"), hung).await.must(201);
    on(world, "2026-01-20");
    house.post(COMMITTEE, &at("open"), json!({})).await.must(201);
    for code in SOLD {
        let ballot = json!({ "owner_no": owner_of(world, code).await, "answers": ["approve"] });
        let path = format!("/dwellings/{code}/votes/{no}/ballots");
        house.post(OWNER, &path, ballot).await.must(201);
    }
    on(world, "2026-01-26");
    let sheet = house.post(COMMITTEE, &at("close"), json!({})).await.must(201);
    assert_eq!(sheet["motions"][0]["count"]["is_passed"], true, "{sheet}");
    let vote = json!({ "round_no": no, "motion_no": 1 });
    house.post(COMMITTEE, &format!("/projects/{project}/votes"), vote).await.must(201);
}

fn finding<'a>(gate: &'a Value, predicate: &str) -> &'a Value {
    let found = gate["findings"].as_array().unwrap().iter().find(|f| f["predicate"] == predicate);
    found.unwrap_or_else(|| panic!("{predicate} in {gate}"))
}

/// Every law of the house holds, and hledger finds the fund's balances.
async fn all_laws_hold(world: &World) {
    let laws = verify::verify(&world.books, None).await.unwrap();
    let broken: Vec<_> = laws.iter().filter(|law| law.failed > 0).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    let works = laws.iter().find(|law| law.name == "projects-counted").unwrap();
    assert!(works.checked > 0);
    let journal = export::written(world, Book::Fund).await;
    export::hledger(&journal, &["check", "-s"]);
}

on_both! {
    async fn a_repair_goes_from_the_proposal_to_the_archive(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        house.post(COMPANY, "/projects", proposal()).await.must(201);
        said(COMPANY, "plans", plan(6_000_000)).await.must(201);
        said(COMPANY, "checks", check("2026-01-05")).await.must(201);
        said(COMPANY, "notices", notice("plan", "2026-01-05")).await.must(201);

        // What each household would bear, before anybody votes.
        let preview = house.get(COMMITTEE, "/projects/1/allocation").await.must(200);
        let shares = preview["rows"].as_array().unwrap();
        let sum: i64 = shares.iter().map(|row| row["share_fen"].as_i64().unwrap()).sum();
        assert_eq!((sum, shares.len()), (6_000_000, 12));
        let short = shares.iter().find(|row| row["room"] == "1-1-102").unwrap();
        let owed = short["owner_owes_fen"].as_i64().unwrap();
        assert_eq!((short["principal_fen"].as_i64(), short["principal_left_fen"].as_i64()), (Some(100_000), Some(0)));
        assert_eq!(owed + 100_000, short["share_fen"].as_i64().unwrap());
        let unsold = shares.iter().find(|row| row["room"] == "1-2-302").unwrap();
        assert_eq!((&unsold["paid_by"], &unsold["principal_fen"]), (&json!("建设单位"), &json!(0)));
        let own = house.get(OWNER, "/dwellings/1-1-201/projects/1/share").await.must(200);
        assert_eq!(own["room"], "1-1-201");

        // An owner objects; it is answered, or the gate stays shut.
        let words = json!({ "words": "底层不应分摊" });
        let objection = house.post(OWNER, "/dwellings/1-1-101/projects/1/objections", words).await.must(201);
        said(COMPANY, "answers", json!({ "objection": objection["step_no"], "words": "屋面为整幢共用" })).await.must(201);

        voted(&world, &house, 1, 6_000_000).await;
        said(COMMITTEE, "notices", notice("result", "2026-01-26")).await.must(201);
        on(&world, "2026-02-03");
        let applied = said(COMPANY, "applications", json!({ "note": "" })).await.must(201);
        let digest = applied["digest"].clone();
        let gate = house.get(STREET, "/projects/1/gate?asked=approve").await.must(200);
        assert_eq!(gate["is_open"], true, "{gate}");
        let form = house.get(STREET, "/projects/1/gate?asked=approve&format=text").await.text();
        let code = form.lines().find_map(|line| line.split_once("校验码 ")).unwrap().1;
        assert!(code.len() == 12 && code.starts_with("D4-"), "{form}");
        for finding in gate["findings"].as_array().unwrap() {
            assert!(form.replace(['\n', ' ', '|', '│'], "").contains(finding["title"].as_str().unwrap()), "{form}");
        }
        let roster = house.get(STREET, "/projects/1/allocation?format=text").await.text();
        assert!(roster.contains("Σ 分摊 = 60,000.00 元，校验通过"), "{roster}");
        assert!(house.get(STREET, "/projects/1/allocation?format=pdf").await.body.starts_with(b"%PDF"));
        // A selling unit of sold public housing pays its own part: it is no owner's.
        let mut view = world.books.read().await.unwrap();
        let (facts, _) = works::project(&mut view, world.compound, ProjectNo(1)).await.unwrap();
        let mut shared = works::preview(&mut view, world.compound, ProjectNo(1), day("2026-02-03")).await.unwrap();
        drop(view);
        let (part, own) = (Money::fen(3_343_317), shared.owed_fen.grouped());
        shared.units.push(works::PreviewUnit { name: "某厂".into(), share_fen: part, from_deposit_fen: Money::ZERO, owes_fen: part });
        shared.to_share_fen += part;
        for public in [Public::No, Public::Yes] {
            let sheet = reports::works::roster(&facts, &shared, &[], public, "小河里小区", world.clock.now());
            let text = reports::press::text::press(&sheet).split_whitespace().collect::<Vec<_>>().join(" ");
            for says in ["某厂 33,433.17", "售房单位承担：33,433.17 元", "Σ 分摊 = 93,433.17 元，校验通过", &format!("业主自筹：{own} 元")] {
                assert!(text.contains(says), "{says}: {text}");
            }
        }
        // The posted variant is found by its code and number alone.
        let posted = crate::printed::drawn(&world, "xiaohe", "shares", json!({ "no": "1", "public": true })).await;
        let printed_at = posted.printed_at.for_people();
        let typed = ["report", "check", &posted.check, "1", "--compound", "xiaohe", "--printed-at", &printed_at];
        crate::cli::at(&world, &typed).await.must(0);
        // The office sees who is short; an owner sees the same list and nobody's room.
        assert_eq!(finding(&gate, "balances-suffice")["rooms"], json!(["1-1-102"]));
        let own = house.get(OWNER, "/dwellings/1-1-201/projects/1/gate?asked=approve").await.must(200);
        assert_eq!(finding(&own, "balances-suffice")["rooms"], json!([]));
        assert_eq!(finding(&own, "balances-suffice")["evidence"], finding(&gate, "balances-suffice")["evidence"]);
        // What holds is not told in the words of what does not.
        let told = finding(&gate, "balances-suffice")["evidence"].as_str().unwrap();
        assert!(told.contains("不妨碍批准") && !told.contains("余额不足"), "{told}");

        let decide = |power: &str, digest: &Value| json!({ "on": { "kind": "application" }, "digest": digest, "power": power,
            "agrees": true, "opinion": "同意" });
        // The street office files here; it does not approve.
        said(STREET, "decisions", decide("approval", &digest)).await.problem(403, "works.power");
        said(COMMITTEE, "decisions", decide("approval", &json!("00"))).await.problem(409, "works.changed");
        said(COMPANY, "decisions", decide("approval", &digest)).await.must(403);
        let approved = said(COMMITTEE, "decisions", decide("approval", &digest)).await.must(201);
        assert_eq!(approved["stage"], "approved");
        said(STREET, "decisions", decide("filing", &digest)).await.must(201);

        on(&world, "2026-02-04");
        let mut deal = contract(6_000_000, "2026-02-04");
        deal["retention"] = json!("5%");
        said(COMPANY, "contracts", deal.clone()).await.problem(422, "works.retention");
        deal["retention"] = json!("3%");
        // Kept back until nobody knows when; above what was approved; a second one that does not say whose place it takes.
        said(COMPANY, "contracts", deal.clone()).await.problem(422, "works.retention");
        deal["retained_until_on"] = json!("2026-02-04");
        said(COMPANY, "contracts", deal.clone()).await.problem(422, "works.retention");
        deal["retained_until_on"] = json!("2027-03-01");
        deal["price_fen"] = json!(6_000_001);
        said(COMPANY, "contracts", deal.clone()).await.problem(422, "works.contract");
        deal["price_fen"] = json!(6_000_000);
        let first = said(COMPANY, "contracts", deal.clone()).await.must(201);
        deal["retained_until_on"] = json!("2027-03-02");
        said(COMPANY, "contracts", deal.clone()).await.problem(422, "works.contract");
        deal["replaces"] = json!(1);
        said(COMPANY, "contracts", deal.clone()).await.problem(422, "works.contract");
        deal["replaces"] = first["step_no"].clone();
        said(COMPANY, "contracts", deal).await.must(201);
        said(COMMITTEE, "interests", json!({ "contractor": "某防水工程公司", "is_related": false, "words": "全体委员声明" })).await.must(201);
        said(COMPANY, "progress", json!({ "of": "started", "on": "2026-02-04", "evidence": "开工报告" })).await.must(201);

        // 3 % of the price stay with the owners until the final account, whatever is asked for.
        let asked = said(COMPANY, "payment-requests", request(5_820_001)).await.must(201);
        let refused = said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(422, "gate.within-caps");
        assert!(refused["detail"].as_str().unwrap().contains("质量保证金 1,800.00 元留至 2027-03-02"), "{refused}");
        assert!(refused["remedy"].as_str().unwrap().starts_with("把付款申请减到 58,200.00 元以内"), "{refused}");

        // The first payment, a third of what was approved.
        let asked = said(COMPANY, "payment-requests", request(2_000_000)).await.must(201);
        let gate = house.get(STREET, "/projects/1/gate?asked=pay").await.must(200);
        assert_eq!(gate["is_open"], false, "nobody has approved the request");
        assert_eq!(finding(&gate, "office-decided")["state"], "later");
        let pay = |step: &Value, on: &str| json!({ "request": step, "paid_on": on });
        said(COMPANY, "payments", pay(&asked["step_no"], "2026-02-04")).await.problem(422, "works.not-approved");
        let allow = |asked: &Value| json!({ "on": { "kind": "request", "step_no": asked["step_no"] }, "digest": asked["digest"],
            "power": "approval", "agrees": true, "opinion": "同意" });
        // The owner who is short has paid nothing yet: a third of the share is more than the balance.
        let refused = said(COMMITTEE, "decisions", allow(&asked)).await.problem(422, "gate.balances-suffice");
        assert!(refused["findings"].as_array().unwrap().len() > 10, "{refused}");
        said(COMPANY, "raised", json!({ "room": "1-1-102", "amount_fen": owed, "on": "2026-02-04", "evidence": "收据 12" })).await.must(201);
        let covered = house.get(STREET, "/projects/1/gate?asked=pay").await.must(200);
        let told = finding(&covered, "balances-suffice")["evidence"].as_str().unwrap();
        assert!(told.contains("1 户余额不足") && told.contains("已由业主自筹补足"), "{told}");
        said(COMMITTEE, "decisions", allow(&asked)).await.must(201);
        let paid = said(COMPANY, "payments", pay(&asked["step_no"], "2026-02-04")).await.must(201);
        assert_eq!((&paid["payment_no"], &paid["amount_fen"]), (&json!(1), &json!(2_000_000)));
        let again = said(COMPANY, "payments", pay(&asked["step_no"], "2026-02-04")).await.problem(409, "works.paid");
        assert_eq!(again["payment_no"], 1);
        all_laws_hold(&world).await;

        on(&world, "2026-03-06");
        said(COMPANY, "progress", json!({ "of": "finished", "on": "2026-03-01", "evidence": "竣工报告" })).await.must(201);
        said(COMMITTEE, "acceptances", json!({ "on": "2026-03-02", "is_passed": true, "signed_by": "业委会、物业、施工", "evidence": "验收单" })).await.must(201);
        said(COMPANY, "reviews", json!({ "on": "2026-03-05", "reviewer": "某造价咨询公司", "amount_fen": 5_800_000, "evidence": "审价报告" })).await.must(201);
        said(COMPANY, "final-accounts", json!({ "on": "2026-03-06", "amount_fen": 5_800_000, "evidence": "决算书" })).await.must(201);
        // 3 % of 58,000.00 is kept back: a fen more is refused, that much is paid.
        let most = 5_800_000 - 174_000 - 2_000_000;
        let asked = said(COMPANY, "payment-requests", request(most + 1)).await.must(201);
        said(COMMITTEE, "decisions", allow(&asked)).await.problem(422, "gate.within-caps");
        let asked = said(COMPANY, "payment-requests", request(most)).await.must(201);
        said(COMMITTEE, "decisions", allow(&asked)).await.must(201);
        said(COMPANY, "payments", pay(&asked["step_no"], "2026-03-06")).await.must(201);
        let open = said(COMPANY, "archive", json!({})).await.problem(422, "works.unfinished");
        assert!(open["detail"].as_str().unwrap().contains("质量保证金 1,740.00 元留至 2027-03-02"), "{open}");

        // A year later the warranty is over; the rest is paid and the project closed.
        on(&world, "2027-03-02");
        let asked = said(COMPANY, "payment-requests", request(174_000)).await.must(201);
        said(COMMITTEE, "decisions", allow(&asked)).await.problem(422, "gate.within-caps");
        on(&world, "2027-03-03");
        said(COMMITTEE, "decisions", allow(&asked)).await.must(201);
        let last = said(COMPANY, "payments", pay(&asked["step_no"], "2027-03-03")).await.must(201);
        assert_eq!(last["payment_no"], 3);
        said(COMPANY, "notices", notice("outcome", "2027-03-03")).await.must(201);
        // A request that waits keeps the project open until the office sends it back.
        let asked = said(COMPANY, "payment-requests", request(1)).await.must(201);
        let open = said(COMPANY, "archive", json!({})).await.problem(422, "works.unfinished");
        assert!(open["detail"].as_str().unwrap().contains("办结付款申请"), "{open}");
        let mut back = decision(on_request(&asked), &asked, "approval");
        back["agrees"] = json!(false);
        said(COMMITTEE, "decisions", back).await.must(201);
        let titles: Vec<Value> = house.get(STREET, "/projects/1").await.must(200)["steps"].as_array().unwrap()
            .iter().filter(|step| step["step"] == "decision").map(|step| step["title"].clone()).collect();
        assert!(titles.contains(&json!("备案")) && titles.contains(&json!("审批决定")), "{titles:?}");
        let paper = house.send("POST", &crate::doors::bearer(COMPANY), "/projects/1/papers?kind=contract&name=%E5%90%88%E5%90%8C.pdf",
            "%PDF 合同".to_owned()).await.must(201);
        assert_eq!(paper["length"], 11);
        let archived = said(COMPANY, "archive", json!({})).await.must(201);
        assert_eq!(archived["stage"], "archived");
        let list = house.get(STREET, "/projects/1/archive?text=true").await.text();
        assert_eq!(archived["digest"], json!(ledger::journal::text::hex(&<sha2::Sha256 as sha2::Digest>::digest(list.as_bytes()))));
        said(COMPANY, "payment-requests", request(1)).await.problem(409, "works.step");

        // Every household has paid its share of 58,000.00 and not a fen else; nothing is held any more.
        let preview = house.get(COMMITTEE, "/projects/1/allocation").await.must(200);
        assert_eq!(preview["to_share_fen"], 6_000_000, "the table is the one that was approved");
        let mut view = world.books.read().await.unwrap();
        let held = ledger::journal::held(&mut view, world.compound, Book::Fund).await.unwrap();
        assert!(held.values().all(|held| held.is_zero()), "{held:?}");
        let balances = ledger::fund::balances(&mut view, world.compound, ledger::journal::AsOf::default()).await.unwrap();
        let left: i64 = balances.values().map(|b| b.total().in_fen()).sum();
        let fund: i64 = house.get(COMMITTEE, "/projects/1").await.must(200)["fund_fen"].as_i64().unwrap();
        assert_eq!(left, 10 * 800_000 + 100_000 - fund);
        drop(view);
        let step = house.get(COMMITTEE, "/projects/1").await.must(200)["steps"].as_array().unwrap()
            .iter().find(|step| step["step"] == "request").unwrap()["step_no"].clone();
        for (name, no) in [("approval", "1".to_owned()), ("shares", "1".to_owned()), ("transfer", format!("1-{step}"))] {
            proved(name, &drawn(&world, "xiaohe", name, json!({ "no": no })).await);
        }
        let shares = drawn(&world, "xiaohe", "shares", json!({ "no": "1" })).await;
        if world.backend == crate::world::Backend::Sqlite {
            assert!(crate::printed::opened(&shares) > 6);
        }
        let board = drawn(&world, "xiaohe", "shares", json!({ "no": "1", "public": true })).await;
        proved("shares-public", &board);
        let text = reports::press::text::press(&board);
        assert!(!text.contains("1-1-101") && text.contains("1**1"), "{text}");
        // Neither an area, a weight nor a balance says whose row it is; their sums are told.
        assert!(!text.contains("81.10") && !text.contains("8110/98580") && !text.contains("分摊后余额本金"), "{text}");
        assert!(text.contains("分摊前可用合计：81,000.00 元") && text.contains("分摊后余额合计：30,006.09 元"), "{text}");
        all_laws_hold(&world).await;
    }
}

/// The compound lies in a city.
async fn locate(world: &World, code: &str) {
    use ledger::books::{Actor, Request};
    use ledger::id::CompoundId;
    use ledger::property::{self, AreaKind, Locating, NewArea};
    let operator = Actor::operator();
    let area =
        NewArea { kind: AreaKind::City, code: code.into(), name: "某市".into(), parent: None };
    let drawn = world.books.act(
        &operator,
        CompoundId::OFFICE,
        Request::new("property.draw-area", area),
        |tx, area| Box::pin(async move { property::draw_area(tx, area).await.map(|_| ()) }),
    );
    drawn.await.unwrap();
    let place = Locating { compound: world.compound, area: code.into() };
    let located = world.books.act(
        &operator,
        CompoundId::OFFICE,
        Request::new("property.locate", place),
        |tx, place| Box::pin(property::locate(tx, place)),
    );
    located.await.unwrap();
}

/// The office's word on an application or a request that was answered so.
pub(crate) fn decision(on: Value, answered: &Value, power: &str) -> Value {
    json!({ "on": on, "digest": answered["digest"], "power": power, "agrees": true, "opinion": "同意" })
}

fn on_application() -> Value {
    json!({ "kind": "application" })
}

pub(crate) fn on_request(asked: &Value) -> Value {
    json!({ "kind": "request", "step_no": asked["step_no"] })
}

/// Project 1 of the nation: voted, approved, contracted, begun; nothing paid. Today is 4 February.
pub(crate) async fn underway(world: &World, house: &House, budget: i64) {
    applied(world, house, proposal(), budget).await;
    let shown = house.get(STREET, "/projects/1").await.must(200);
    let applied = json!({ "digest": shown["application_digest"] });
    let said = async |role, path: &str, body: Value| {
        house.post(role, &format!("/projects/1/{path}"), body).await.must(201)
    };
    said(COMMITTEE, "decisions", decision(on_application(), &applied, "approval")).await;
    said(STREET, "decisions", decision(on_application(), &applied, "filing")).await;
    contracted(world, house, budget).await;
}

/// Project 1, voted and applied for on 3 February.
async fn applied(world: &World, house: &House, proposal: Value, budget: i64) {
    let said = async |role, path: &str, body: Value| {
        house.post(role, &format!("/projects/1/{path}"), body).await.must(201)
    };
    house.post(COMPANY, "/projects", proposal).await.must(201);
    said(COMPANY, "plans", plan(budget)).await;
    said(COMPANY, "checks", check("2026-01-05")).await;
    said(COMPANY, "notices", notice("plan", "2026-01-05")).await;
    voted(world, house, 1, budget).await;
    said(COMMITTEE, "notices", notice("result", "2026-01-26")).await;
    on(world, "2026-02-03");
    said(COMPANY, "applications", json!({ "note": "" })).await;
}

/// Contracted and begun on 4 February.
async fn contracted(world: &World, house: &House, budget: i64) {
    let said = async |role, path: &str, body: Value| {
        house.post(role, &format!("/projects/1/{path}"), body).await.must(201)
    };
    on(world, "2026-02-04");
    let mut deal = contract(budget, "2026-02-04");
    deal["parties"] = json!(["assembly", "property-company", "contractor"]);
    said(COMPANY, "contracts", deal).await;
    let declared = json!({ "contractor": "某防水工程公司", "is_related": false, "words": "声明" });
    said(COMMITTEE, "interests", declared).await;
    said(
        COMPANY,
        "progress",
        json!({ "of": "started", "on": "2026-02-04", "evidence": "开工报告" }),
    )
    .await;
}

/// A line of the special account's statement; its number.
async fn bank_line(house: &House, on: &str, incoming: &str, outgoing: &str) -> Value {
    let csv = format!(
        "对方户名,交易日期,交易时间,收入金额,支出金额,账户余额,摘要\n某防水工程公司,{on},10:00:00,{incoming},{outgoing},{},工程款\n",
        if incoming.is_empty() { "99.00" } else { "101.00" }
    );
    let request = axum::http::Request::post(crate::doors::at("/imports?kind=bank&name=b.csv"))
        .header("authorization", crate::doors::bearer(COMPANY))
        .header("content-type", "text/csv")
        .body(axum::body::Body::from(csv));
    house.knock(request.unwrap()).await.must(201);
    let lines = house.get(COMPANY, "/bank-lines").await.must(200);
    lines["items"].as_array().unwrap().last().unwrap()["line_no"].clone()
}

async fn table_of(world: &World, sql: &str) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let db = world.back_door().await;
    let found = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    let count = found.unwrap().unwrap().try_get_by_index(0).unwrap();
    db.close().await.unwrap();
    count
}

on_both! {
    async fn what_does_not_fit_is_refused_by_its_rule(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        house.get(COMPANY, "/projects/9").await.problem(404, "works.no-project");
        let vague = json!({ "title": "应急", "path": "emergency", "held_by": "assembly" });
        house.post(COMPANY, "/projects", vague).await.problem(400, "works.shape");
        let bold = json!({ "title": "代修", "path": "emergency", "emergency": "lift-failure", "is_on_behalf": true, "held_by": "assembly" });
        house.post(COMPANY, "/projects", bold).await.problem(403, "works.power");
        house.post(COMPANY, "/projects", proposal()).await.must(201);
        said(COMPANY, "checks", check("2026-01-05")).await.problem(409, "works.step");
        let mut far = plan(6_000_000);
        far["scope"]["building"] = json!("9");
        said(COMPANY, "plans", far).await.problem(422, "works.scope");
        let mut odd = plan(6_000_000);
        odd["shared_by"] = json!({ "kind": "households" });
        said(COMPANY, "plans", odd).await.problem(400, "works.shape");
        said(COMPANY, "plans", plan(6_000_000)).await.must(201);
        said(COMPANY, "notices", notice("plan", "2026-01-06")).await.problem(422, "works.day");
        said(COMPANY, "answers", json!({ "objection": 9, "words": "无" })).await.problem(404, "works.no-objection");
        said(COMPANY, "votes", json!({ "round_no": 1, "motion_no": 1 })).await.problem(404, "governance.no-round");
        said(COMPANY, "applications", json!({ "note": "" })).await.problem(409, "works.step");
        said(COMPANY, "claim-backs", json!({ "amount_fen": 1, "received_on": "2026-01-05" })).await.problem(422, "works.claim-back");
        let upload = async |name: &str, body: &str| {
            house.send("POST", &crate::doors::bearer(COMPANY), &format!("/projects/1/papers?kind=other&name={name}"), body.to_owned()).await
        };
        upload("..%2F..%2Fetc%2Fpasswd", "x").await.problem(400, "works.paper");
        upload("a.pdf", "").await.problem(400, "works.paper");
        upload("a.pdf", "x").await.must(201);
        house.get(STREET, "/projects/1/papers/1").await.must(200);
        assert_eq!(house.get(STREET, "/projects/1/papers/1?content=true").await.body, b"x");
        house.get(STREET, "/projects/1/papers/2").await.problem(404, "works.no-paper");
        // More than 4 MB: the digest is kept, the paper is not.
        upload("b.pdf", &"x".repeat((4 << 20) + 1)).await.must(201);
        house.get(STREET, "/projects/1/papers/2?content=true").await.problem(404, "works.no-paper");

        // A vote on something else does not carry the plan, and the pack's choices are not the asker's.
        let mut asked = json!({ "title": "别的", "convener": "业委会", "scope": { "kind": "building", "building": "1" },
            "opens_on": "2026-01-20", "closes_on": "2026-01-25",
            "motions": [{ "matter": "use-fund", "title": "别的事", "plan": "别的方案", "amount_cap_fen": 9_000_000, "by_objection": true }] });
        house.post(COMMITTEE, "/votes", asked.clone()).await.problem(422, "governance.unfit-pack");
        asked["motions"][0]["by_objection"] = json!(false);
        asked["motions"][0]["silence"] = json!({ "means": "with-majority", "clause": "议事规则第九条" });
        house.post(COMMITTEE, "/votes", asked.clone()).await.problem(422, "governance.unfit-pack");
        asked["motions"][0].as_object_mut().unwrap().remove("silence");
        house.post(COMMITTEE, "/votes", asked).await.must(201);
        let rule = &house.get(COMMITTEE, "/votes/1").await.must(200)["motions"][0]["rule"];
        assert!(rule["pack"].as_str().unwrap().starts_with("100000@2021-01 sha256:"), "{rule}");
        house.post(COMMITTEE, "/votes/1/freeze", json!({ "on": "2026-01-05" })).await.must(201);
        house.post(COMMITTEE, "/votes/1/announce", json!({ "posted_on": "2026-01-05", "place": "门厅" })).await.must(201);
        on(&world, "2026-01-20");
        house.post(COMMITTEE, "/votes/1/open", json!({})).await.must(201);
        for code in SOLD {
            let ballot = json!({ "owner_no": owner_of(&world, code).await, "answers": ["approve"] });
            house.post(OWNER, &format!("/dwellings/{code}/votes/1/ballots"), ballot).await.must(201);
        }
        on(&world, "2026-01-26");
        house.post(COMMITTEE, "/votes/1/close", json!({})).await.must(201);
        said(COMMITTEE, "votes", json!({ "round_no": 1, "motion_no": 1 })).await.problem(422, "works.another-resolution");
        said(COMPANY, "withdrawals", json!({ "reason": "改由保险赔付" })).await.must(201);
        said(COMPANY, "plans", plan(1)).await.problem(409, "works.step");
        all_laws_hold(&world).await;
    }

    /// Row 39 of the faults: approving one's own, skipping steps, paying twice, deciding on what was changed meanwhile.
    async fn nobody_gets_past_the_gate_however_many_try_at_once(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        underway(&world, &house, 4_000_000).await;
        let vouchers = table_of(&world, "SELECT count(*) FROM voucher").await;
        let mut attempts = 0;

        // Money without a request, without its approval, by a request that was replaced.
        let asked = said(COMPANY, "payment-requests", request(1_000_000)).await.must(201);
        let pay = |step: &Value| json!({ "request": step, "paid_on": "2026-02-04" });
        for step in [json!(1), json!(99), asked["step_no"].clone()] {
            for role in [COMPANY, COMMITTEE, STREET] {
                let answer = said(role, "payments", pay(&step)).await;
                assert!([404, 422].contains(&answer.status.as_u16()), "{}", answer.text());
                attempts += 1;
            }
        }
        // One's own request: the committee's by the committee, by another power, by who has none.
        let own = said(COMMITTEE, "payment-requests", request(1_000_000)).await.must(201);
        said(COMMITTEE, "decisions", decision(on_request(&own), &own, "approval")).await.problem(403, "gate.four-eyes");
        said(STREET, "decisions", decision(on_request(&own), &own, "approval")).await.problem(403, "works.power");
        said(COMPANY, "decisions", decision(on_request(&own), &own, "approval")).await.must(403);
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(404, "works.no-request");
        attempts += 4;

        // A third of all is asked for, approved, and paid sixteen times at once: once.
        let asked = said(COMPANY, "payment-requests", request(1_000_000)).await.must(201);
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
        let pays = (0..16).map(|_| said(COMPANY, "payments", pay(&asked["step_no"])));
        let answers = futures_util::future::join_all(pays).await;
        let paid = answers.iter().filter(|a| a.status.as_u16() == 201).count();
        let twice = answers.iter().filter(|a| a.status.as_u16() == 409).count();
        assert_eq!((paid, twice), (1, 15));
        attempts += 15;
        assert_eq!(table_of(&world, "SELECT count(*) FROM voucher").await, vouchers + 1, "{attempts} attempts, one payment");

        // The plan is edited while the office decides on the next request: whoever comes first, nothing is paid by the old plan.
        let asked = said(COMPANY, "payment-requests", request(100_000)).await.must(201);
        let edit = said(COMPANY, "plans", plan(3_000_000));
        let decide = said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval"));
        let (edited, decided) = tokio::join!(edit, decide);
        edited.must(201);
        assert!([201, 422].contains(&decided.status.as_u16()), "{}", decided.text());
        let lost = said(COMPANY, "payments", pay(&asked["step_no"])).await;
        assert_eq!(lost.status.as_u16(), 422, "{}", lost.text());
        said(COMPANY, "payment-requests", request(100_000)).await.problem(409, "works.step");
        // Only the owners' vote on the new plan would open it again; the old application is worth nothing.
        let shown = house.get(STREET, "/projects/1").await.must(200);
        assert_eq!(shown["application_digest"], Value::Null);
        assert_eq!(table_of(&world, "SELECT count(*) FROM voucher").await, vouchers + 1);
        all_laws_hold(&world).await;
    }

    async fn two_projects_are_not_promised_the_same_fen(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        underway(&world, &house, 6_000_000).await;
        let mut view = world.books.read().await.unwrap();
        let free = ledger::journal::available(&mut view, world.compound, Book::Fund).await.unwrap();
        drop(view);
        // Another project sees what is left: the rest is for the owners to raise.
        house.post(COMPANY, "/projects", proposal()).await.must(201);
        house.post(COMPANY, "/projects/2/plans", plan(6_000_000)).await.must(201);
        let preview = house.get(COMMITTEE, "/projects/2/allocation").await.must(200);
        for row in preview["rows"].as_array().unwrap() {
            let home = world.dwelling(row["room"].as_str().unwrap()).await;
            let drawn = row["principal_fen"].as_i64().unwrap() + row["gains_fen"].as_i64().unwrap();
            assert!(drawn <= free.get(&home).map_or(0, |free| free.in_fen()), "{row}");
        }
        assert!(preview["owed_fen"].as_i64().unwrap() > 0);
        house.post(COMPANY, "/projects/1/withdrawals", json!({ "reason": "缓办" })).await.must(201);
        let preview = house.get(COMMITTEE, "/projects/2/allocation").await.must(200);
        let short: Vec<_> = preview["rows"].as_array().unwrap().iter().filter(|r| r["owner_owes_fen"] != 0).collect();
        assert_eq!(short.len(), 1, "only the one who never had enough");
        all_laws_hold(&world).await;
    }

    /// TV-15 and TV-15b through the doors: three tranches in Shanghai, a review below what was paid, money that comes back.
    async fn what_was_paid_too_much_comes_back_to_every_household(world: World) {
        locate(&world, "3101").await;
        for code in SOLD {
            let home = world.dwelling(code).await;
            world.post(deposit_entry(home, 3_000_000, "2026-01-04")).await.unwrap();
        }
        // One dwelling's balance is mostly gains: they are drawn after its principal.
        let odd = world.dwelling("1-1-101").await;
        let gains = ledger::journal::Entry {
            kind: ledger::journal::Kind::Gains,
            lines: vec![
                ledger::journal::Line::debit(310_101, ledger::money::Money::fen(900_000)),
                ledger::journal::Line::credit(3001, ledger::money::Money::fen(900_000)).of(odd),
            ],
            ..deposit_entry(odd, 900_000, "2026-01-05")
        };
        let interest = ledger::journal::Entry {
            lines: vec![
                ledger::journal::Line::debit(1001, ledger::money::Money::fen(900_000)),
                ledger::journal::Line::credit(410_101, ledger::money::Money::fen(900_000)),
            ],
            kind: ledger::journal::Kind::Other,
            ..deposit_entry(odd, 900_000, "2026-01-05")
        };
        world.post(interest).await.unwrap();
        world.post(gains).await.unwrap();
        let reversal = ledger::journal::Entry {
            lines: vec![
                ledger::journal::Line::debit(510_101, ledger::money::Money::fen(2_000_000)).of(odd),
                ledger::journal::Line::credit(1001, ledger::money::Money::fen(2_000_000)),
            ],
            kind: ledger::journal::Kind::Refund,
            ..deposit_entry(odd, 2_000_000, "2026-01-05")
        };
        world.post(reversal).await.unwrap();

        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        let mut reported = check("2026-01-05");
        reported["assembly_reported"] = json!(true);
        house.post(COMPANY, "/projects", proposal()).await.must(201);
        said(COMPANY, "plans", plan(20_000_000)).await.must(201);
        said(COMPANY, "checks", reported).await.must(201);
        said(COMPANY, "notices", notice("plan", "2026-01-05")).await.must(201);
        voted(&world, &house, 1, 20_000_000).await;
        said(COMMITTEE, "notices", notice("result", "2026-01-26")).await.must(201);
        on(&world, "2026-02-05");
        let applied = said(COMPANY, "applications", json!({ "note": "" })).await.must(201);
        let gate = house.get(STREET, "/projects/1/gate?asked=approve").await.must(200);
        assert_eq!(gate["is_open"], true, "{gate}");
        let needed = finding(&gate, "office-decided")["evidence"].as_str().unwrap().to_owned();
        for (role, office) in [(COMMITTEE, "业主委员会"), (STREET, "主管部门")] {
            for (word, power) in [("审批", "approval"), ("备案", "filing"), ("确认", "confirmation")] {
                if needed.contains(&format!("待{office}{word}")) {
                    said(role, "decisions", decision(on_application(), &applied, power)).await.must(201);
                }
            }
        }
        let mut deal = contract(20_000_000, "2026-02-05");
        deal["parties"] = json!(["assembly", "property-company", "contractor"]);
        said(COMPANY, "contracts", deal).await.must(201);
        said(COMMITTEE, "interests", json!({ "contractor": "某防水工程公司", "is_related": false, "words": "声明" })).await.must(201);
        said(COMPANY, "progress", json!({ "of": "started", "on": "2026-02-05", "evidence": "开工报告" })).await.must(201);

        let ask = async |amount: i64| said(COMPANY, "payment-requests", request(amount)).await.must(201);
        let preview = house.get(COMMITTEE, "/projects/1/allocation").await.must(200);
        let row = preview["rows"].as_array().unwrap().iter().find(|r| r["room"] == "1-1-101").unwrap();
        assert_eq!((&row["principal_fen"], &row["owner_owes_fen"]), (&json!(1_000_000), &json!(0)));
        let from_gains = row["gains_fen"].as_i64().unwrap();
        assert_eq!(from_gains, row["share_fen"].as_i64().unwrap() - 1_000_000);

        let asked = ask(6_000_001).await;
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(422, "gate.within-caps");
        for (amount, day) in [(6_000_000, "2026-02-06"), (12_000_000, "2026-02-07")] {
            on(&world, day);
            let asked = ask(amount).await;
            said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
            // The bank's line must be this payment, to the fen and the day.
            let shares: Vec<Value> = house.get(COMMITTEE, "/projects/1/allocation").await.must(200)["rows"].as_array().unwrap().clone();
            assert_eq!(shares.len(), 12);
            let wrong = bank_line(&house, day, "", "1.00").await;
            let with = |line: &Value| json!({ "request": asked["step_no"], "paid_on": day, "line_no": line });
            let refused = said(COMPANY, "payments", with(&wrong)).await.problem(422, "bank.not-this-payment");
            let due = refused["detail"].as_str().unwrap().rsplit_once('-').unwrap().1.trim_end_matches(" 元").replace(',', "");
            let line = bank_line(&house, day, "", &due).await;
            let paid = said(COMPANY, "payments", with(&line)).await.must(201);
            assert_eq!(paid["amount_fen"], amount);
            let claimed = house.get(COMPANY, "/bank-lines?which=unclaimed").await.must(200);
            assert!(claimed["items"].as_array().unwrap().iter().all(|l| l["line_no"] != line), "{claimed}");
        }
        all_laws_hold(&world).await;
        on(&world, "2026-03-06");
        said(COMPANY, "progress", json!({ "of": "finished", "on": "2026-03-01", "evidence": "竣工报告" })).await.must(201);
        said(COMMITTEE, "acceptances", json!({ "on": "2026-03-02", "is_passed": true, "signed_by": "各方", "evidence": "验收单" })).await.must(201);
        said(COMPANY, "reviews", json!({ "on": "2026-03-05", "reviewer": "某造价公司", "amount_fen": 17_500_000, "evidence": "审价报告" })).await.must(201);
        let asked = ask(1).await;
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(422, "gate.within-caps");
        // Sent back by the office: it does not keep the project open.
        let mut refused = decision(on_request(&asked), &asked, "approval");
        refused["agrees"] = json!(false);
        said(COMMITTEE, "decisions", refused).await.must(201);
        let back = |amount: i64| json!({ "amount_fen": amount, "received_on": "2026-03-06" });
        said(COMPANY, "claim-backs", back(500_001)).await.problem(422, "works.claim-back");
        let before = house.get(STREET, "/projects/1").await.must(200)["fund_fen"].as_i64().unwrap();
        let returned = said(COMPANY, "claim-backs", back(500_000)).await.must(201);
        let after = house.get(STREET, "/projects/1").await.must(200);
        assert_eq!(before - after["fund_fen"].as_i64().unwrap(), returned["fund_fen"].as_i64().unwrap());
        assert_eq!(after["paid_fen"], 17_500_000);
        said(COMPANY, "claim-backs", back(1)).await.problem(422, "works.claim-back");
        said(COMPANY, "final-accounts", json!({ "on": "2026-03-06", "amount_fen": 17_500_000, "evidence": "决算书" })).await.must(201);
        said(COMPANY, "notices", notice("outcome", "2026-03-06")).await.must(201);
        said(COMPANY, "archive", json!({})).await.must(201);
        all_laws_hold(&world).await;
    }

    async fn a_payment_that_was_reversed_is_asked_for_anew(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        underway(&world, &house, 4_000_000).await;
        let ask = async |amount: i64| {
            let asked = said(COMPANY, "payment-requests", request(amount)).await.must(201);
            said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
            json!({ "request": asked["step_no"], "paid_on": "2026-02-04" })
        };
        let first = ask(1_000_000).await;
        let paid = said(COMPANY, "payments", first.clone()).await.must(201);
        let reversal = json!({ "voucher": paid["voucher"], "on": "2026-02-04", "style": "red", "reason": "银行退票" });
        house.post(COMPANY, "/reversals", reversal).await.must(201);
        let shown = house.get(STREET, "/projects/1").await.must(200);
        assert_eq!((&shown["paid_fen"], &shown["payments"][0]["is_reversed"]), (&json!(0), &json!(true)));
        said(COMPANY, "payments", first).await.problem(409, "works.paid");
        let again = ask(1_000_000).await;
        let second = said(COMPANY, "payments", again).await.must(201);
        assert_eq!(house.get(STREET, "/projects/1").await.must(200)["paid_fen"], 1_000_000);
        // The second tranche was shared on top of the first: whoever takes back, takes the last one back first.
        let third = ask(100_000).await;
        let third = said(COMPANY, "payments", third).await.must(201);
        let turn = |paid: &Value| json!({ "voucher": paid["voucher"], "on": "2026-02-04", "style": "red", "reason": "银行退票" });
        house.post(COMPANY, "/reversals", turn(&second)).await.problem(422, "journal.reversal-out-of-order");
        house.post(COMPANY, "/reversals", turn(&third)).await.must(201);
        house.post(COMPANY, "/reversals", turn(&second)).await.must(201);
        assert_eq!(house.get(STREET, "/projects/1").await.must(200)["paid_fen"], 0);
        all_laws_hold(&world).await;
    }

    /// Before the fund is handed over the street office approves: the plan, and each payment; and may send both back.
    async fn the_street_office_approves_where_the_authority_holds_the_fund(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        let mut held = proposal();
        held["held_by"] = json!("authority");
        applied(&world, &house, held, 4_000_000).await;
        let shown = house.get(STREET, "/projects/1").await.must(200);
        let seen = json!({ "digest": shown["application_digest"] });
        said(COMMITTEE, "decisions", decision(on_application(), &seen, "approval")).await.problem(403, "works.power");
        let mut back = decision(on_application(), &seen, "approval");
        back["agrees"] = json!(false);
        back["opinion"] = json!("补充预算书");
        assert_eq!(said(STREET, "decisions", back).await.must(201)["stage"], "applied");
        let gate = house.get(COMPANY, "/projects/1/gate").await.must(200);
        assert!(finding(&gate, "office-decided")["evidence"].as_str().unwrap().contains("主管部门已退回（2026-02-03）：补充预算书"));
        said(COMPANY, "payment-requests", request(1)).await.problem(409, "works.step");
        assert_eq!(said(STREET, "decisions", decision(on_application(), &seen, "approval")).await.must(201)["stage"], "approved");
        said(STREET, "decisions", decision(on_application(), &seen, "approval")).await.problem(409, "works.step");
        contracted(&world, &house, 4_000_000).await;
        let asked = said(COMPANY, "payment-requests", request(1_000_000)).await.must(201);
        let mut back = decision(on_request(&asked), &asked, "approval");
        back["agrees"] = json!(false);
        said(STREET, "decisions", back).await.must(201);
        let pay = json!({ "request": asked["step_no"], "paid_on": "2026-02-04" });
        said(COMPANY, "payments", pay.clone()).await.problem(422, "works.not-approved");
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(403, "works.power");
        said(STREET, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
        said(COMPANY, "payments", pay).await.must(201);
        all_laws_hold(&world).await;
    }

    async fn a_payment_changed_behind_our_back_is_named(world: World) {
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        underway(&world, &house, 4_000_000).await;
        let asked = said(COMPANY, "payment-requests", request(1_000_000)).await.must(201);
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
        said(COMPANY, "payments", json!({ "request": asked["step_no"], "paid_on": "2026-02-04" })).await.must(201);
        all_laws_hold(&world).await;
        let db = crate::verify::without_triggers(&world).await;
        crate::verify::behind(&world, &db, "UPDATE project_payment SET amount_fen = amount_fen + 1").await;
        let laws = verify::verify(&world.books, None).await.unwrap();
        let law = laws.iter().find(|law| law.name == "projects-counted").unwrap();
        assert_eq!(law.first.as_deref(), Some("小区 1 项目 1：第 1 笔没有与之相符的批准"));
    }

    /// Hangzhou: the committee and the street confirm in place of the vote; a small account goes without a review.
    async fn an_emergency_is_confirmed_repaired_posted_and_paid(world: World) {
        locate(&world, "3301").await;
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        let urgent = json!({ "title": "电梯抢修", "path": "emergency", "emergency": "lift-failure", "held_by": "assembly" });
        house.post(COMPANY, "/projects", urgent).await.must(201);
        let mut work = plan(2_000_000);
        work["scope"] = json!({ "kind": "unit", "building": "1", "unit": "1" });
        said(COMPANY, "plans", work).await.must(201);
        said(COMPANY, "checks", check("2026-01-05")).await.must(201);
        let witness = |by: &str, power: &str| json!({ "by": by, "power": power, "on": "2026-01-05", "evidence": "现场查看" });
        said(COMPANY, "witnessings", witness("street-office", "confirmation")).await.problem(403, "works.power");
        said(STREET, "witnessings", witness("street-office", "approval")).await.problem(403, "works.power");
        said(COMMITTEE, "witnessings", witness("committee", "certification")).await.must(201);
        let applied = said(COMPANY, "applications", json!({ "note": "" })).await.must(201);
        said(COMMITTEE, "decisions", decision(on_application(), &applied, "approval")).await.problem(422, "gate.emergency-witnessed");
        said(STREET, "witnessings", witness("street-office", "confirmation")).await.must(201);
        said(COMMITTEE, "decisions", decision(on_application(), &applied, "approval")).await.must(201);
        said(STREET, "decisions", decision(on_application(), &applied, "filing")).await.must(201);
        said(COMPANY, "contracts", contract(2_000_000, "2026-01-05")).await.must(201);
        said(COMMITTEE, "interests", json!({ "contractor": "某防水工程公司", "is_related": false, "words": "声明" })).await.must(201);
        on(&world, "2026-01-09");
        said(COMPANY, "progress", json!({ "of": "started", "on": "2026-01-05", "evidence": "开工" })).await.must(201);
        said(COMPANY, "progress", json!({ "of": "finished", "on": "2026-01-07", "evidence": "竣工" })).await.must(201);
        said(COMMITTEE, "acceptances", json!({ "on": "2026-01-08", "is_passed": true, "signed_by": "各方", "evidence": "验收单" })).await.must(201);
        let settled = json!({ "on": "2026-01-09", "amount_fen": 2_000_000, "committee_waives_review": true, "evidence": "决算书" });
        said(COMMITTEE, "final-accounts", settled).await.must(201);
        let preview = house.get(STREET, "/projects/1/allocation").await.must(200);
        let owed = preview["rows"].as_array().unwrap().iter().find(|r| r["room"] == "1-1-102").unwrap()["owner_owes_fen"].clone();
        said(COMPANY, "raised", json!({ "room": "1-1-102", "amount_fen": owed, "on": "2026-01-09", "evidence": "收据" })).await.must(201);
        let asked = said(COMPANY, "payment-requests", request(2_000_000)).await.must(201);
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(422, "gate.settlement-posted");
        said(COMPANY, "notices", notice("settlement", "2026-01-09")).await.must(201);
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
        said(COMPANY, "payments", json!({ "request": asked["step_no"], "paid_on": "2026-01-09" })).await.must(201);
        said(COMPANY, "notices", notice("outcome", "2026-01-09")).await.must(201);
        said(COMPANY, "archive", json!({})).await.must(201);
        proved("emergency", &drawn(&world, "xiaohe", "emergency", json!({ "no": "1" })).await);
        // Somebody outside the stair has paid nothing and sees no such project.
        let own = house.get(OWNER, "/dwellings/1-2-101/projects").await.must(200);
        assert_eq!(own["items"], json!([]));
        house.get(OWNER, "/dwellings/1-2-101/projects/1/share").await.must(404);
        all_laws_hold(&world).await;
    }

    /// Shanghai: the committee does nothing for seven days, the district repairs, and is paid once, after the review.
    async fn an_authority_repairs_in_the_owners_stead(world: World) {
        locate(&world, "3101").await;
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let district = Role::HousingAuthority;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        let urgent = json!({ "title": "外墙代修", "path": "emergency", "emergency": "facade-falling", "is_on_behalf": true, "held_by": "assembly" });
        house.post(STREET, "/projects", urgent).await.must(201);
        said(STREET, "plans", plan(3_000_000)).await.must(201);
        let mut reported = check("2026-01-05");
        reported["assembly_reported"] = json!(true);
        said(STREET, "checks", reported).await.must(201);
        let order = |on: &str| json!({ "asked_on": "2026-01-05", "on": on, "reason": "责令后业委会未启动维修",
            "payee": "某区物业管理事务中心", "account_no": "3100009", "evidence": "代修通知书 3" });
        on(&world, "2026-01-13");
        said(COMPANY, "contracts", contract(3_000_000, "2026-01-13")).await.problem(409, "works.step");
        said(STREET, "orders", order("2026-01-12")).await.must(201);
        let applied = said(STREET, "applications", json!({ "note": "" })).await.must(201);
        said(district, "decisions", decision(on_application(), &applied, "approval")).await.problem(422, "gate.emergency-witnessed");
        said(STREET, "orders", order("2026-01-13")).await.must(201);
        said(STREET, "notices", notice("order", "2026-01-13")).await.must(201);
        // Nobody's own request: not the street's by the street; not the committee's business here.
        said(STREET, "decisions", decision(on_application(), &applied, "approval")).await.problem(403, "gate.four-eyes");
        said(COMMITTEE, "decisions", decision(on_application(), &applied, "approval")).await.problem(403, "works.power");
        said(district, "decisions", decision(on_application(), &applied, "approval")).await.must(201);
        on(&world, "2026-02-10");
        said(STREET, "progress", json!({ "of": "started", "on": "2026-01-14", "evidence": "开工" })).await.must(201);
        let early = json!({ "amount_fen": 1, "payee": "某区物业管理事务中心", "account_no": "3100009", "evidence": "付款通知" });
        let asked = said(STREET, "payment-requests", early).await.must(201);
        said(district, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(422, "gate.within-caps");
        said(STREET, "progress", json!({ "of": "finished", "on": "2026-02-01", "evidence": "竣工" })).await.must(201);
        said(STREET, "acceptances", json!({ "on": "2026-02-02", "is_passed": true, "signed_by": "街道、居委会", "evidence": "验收单" })).await.must(201);
        said(STREET, "reviews", json!({ "on": "2026-02-05", "reviewer": "某造价公司", "amount_fen": 2_900_000, "evidence": "审价报告" })).await.must(201);
        said(STREET, "final-accounts", json!({ "on": "2026-02-06", "amount_fen": 2_900_000, "evidence": "决算书" })).await.must(201);
        said(STREET, "notices", notice("settlement", "2026-02-06")).await.must(201);
        let preview = house.get(STREET, "/projects/1/allocation").await.must(200);
        let owed = preview["rows"].as_array().unwrap().iter().find(|r| r["room"] == "1-1-102").unwrap()["owner_owes_fen"].clone();
        said(STREET, "raised", json!({ "room": "1-1-102", "amount_fen": owed, "on": "2026-02-10", "evidence": "收据" })).await.must(201);
        let bill = |payee: &str| json!({ "amount_fen": 2_900_000, "payee": payee, "account_no": "3100009", "evidence": "付款通知" });
        let asked = said(STREET, "payment-requests", bill("某防水工程公司")).await.must(201);
        said(district, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(422, "gate.pays-contractor");
        let asked = said(STREET, "payment-requests", bill("某区物业管理事务中心")).await.must(201);
        said(district, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
        said(STREET, "payments", json!({ "request": asked["step_no"], "paid_on": "2026-02-10" })).await.must(201);
        said(STREET, "notices", notice("outcome", "2026-02-10")).await.must(201);
        said(STREET, "archive", json!({})).await.must(201);
        all_laws_hold(&world).await;
    }

    /// An overrun the law lets be is held and paid; what goes beyond needs the owners again.
    async fn an_overrun_within_the_citys_rule_is_held_as_well(world: World) {
        locate(&world, "3301").await;
        pay_in(&world).await;
        let house = House::of(&world, &SOLD).await;
        let said = async |role, path: &str, body: Value| house.post(role, &format!("/projects/1/{path}"), body).await;
        underway(&world, &house, 4_000_000).await;
        on(&world, "2026-03-06");
        said(COMPANY, "progress", json!({ "of": "finished", "on": "2026-03-01", "evidence": "竣工" })).await.must(201);
        said(COMMITTEE, "acceptances", json!({ "on": "2026-03-02", "is_passed": true, "signed_by": "各方", "evidence": "验收单" })).await.must(201);
        let review = |amount: i64| json!({ "on": "2026-03-05", "reviewer": "某造价公司", "amount_fen": amount, "evidence": "审价报告" });
        let held = async || {
            let mut view = world.books.read().await.unwrap();
            let held = ledger::journal::held(&mut view, world.compound, Book::Fund).await.unwrap();
            held.values().map(|held| held.in_fen()).sum::<i64>()
        };
        let before = held().await;
        said(COMPANY, "reviews", review(4_400_000)).await.must(201);
        assert_eq!(held().await, before, "a tenth more needs the owners");
        let asked = said(COMPANY, "payment-requests", request(1_000_000)).await.must(201);
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.problem(422, "gate.within-budget");
        said(COMPANY, "reviews", review(4_399_999)).await.must(201);
        assert!(held().await > before);
        said(COMPANY, "final-accounts", json!({ "on": "2026-03-06", "amount_fen": 4_399_999, "evidence": "决算书" })).await.must(201);
        let preview = house.get(STREET, "/projects/1/allocation").await.must(200);
        assert_eq!(preview["to_share_fen"], 4_399_999);
        let owed = preview["rows"].as_array().unwrap().iter().find(|r| r["room"] == "1-1-102").unwrap()["owner_owes_fen"].clone();
        said(COMPANY, "raised", json!({ "room": "1-1-102", "amount_fen": owed, "on": "2026-03-06", "evidence": "收据" })).await.must(201);
        let asked = said(COMPANY, "payment-requests", request(4_399_999)).await.must(201);
        said(COMMITTEE, "decisions", decision(on_request(&asked), &asked, "approval")).await.must(201);
        said(COMPANY, "payments", json!({ "request": asked["step_no"], "paid_on": "2026-03-06" })).await.must(201);
        assert_eq!(held().await, 0);
        all_laws_hold(&world).await;
    }
}

on_both! {
    async fn a_repair_is_told_at_the_command_line(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, body: Value| {
            let path = folder.path().join(name);
            std::fs::write(&path, body.to_string()).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let run = async |args: &[&str]| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let args = [&["xiaoqu", "--db", &world.url, "project"], args, &["--compound", "xiaohe"]].concat();
            let code = xiaoqu::cli::run(args.into_iter().map(Into::into), &mut out, &mut err).await;
            (code, String::from_utf8(out).unwrap() + &String::from_utf8(err).unwrap())
        };
        let company = ["--by", "wang", "--role", "property-company"];
        let proposed = run(&[&["propose", "--file", &file("p.json", proposal())], &company[..]].concat()).await;
        assert_eq!(proposed, (0, "项目 1 已立项\n".to_owned()));
        let (work, odd, forged) =
            (file("plan.json", plan(1_200)), file("odd.json", json!({})), file("a.json", json!({ "digest": "00" })));
        let planned = [&["record", "1", "--step", "plan", "--file", &work], &company[..]].concat();
        let told = run(&planned).await;
        assert!(told.0 == 0 && told.1.starts_with("项目 1 步骤 1 使用方案，已有方案\n  摘要 "), "{told:?}");
        let odd = [&["record", "1", "--step", "bribe", "--file", &odd], &company[..]].concat();
        assert_eq!(run(&odd).await.0, 1);
        let forged = [&["record", "1", "--step", "archived", "--file", &forged], &company[..]].concat();
        assert!(run(&forged).await.1.contains("works.step"));
        let shares = run(&["shares", "1"]).await.1;
        assert!(shares.contains("1-2-302  分摊 ") && shares.contains("建设单位") && shares.contains("应分摊 12.00 元"), "{shares}");
        let gate = run(&["gate", "1", "--approve"]).await.1;
        assert!(gate.contains("不符合  方案已公示：方案尚未公示") && gate.ends_with("不能批准\n"), "{gate}");
        let (form, roster) = (folder.path().join("form.txt"), folder.path().join("roster.pdf"));
        assert_eq!(run(&["gate", "1", "--approve", "--out", form.to_str().unwrap()]).await.0, 0);
        let form = std::fs::read_to_string(form).unwrap();
        let code = form.lines().find_map(|line| line.split_once("校验码 ")).unwrap().1;
        assert_eq!(code.len(), 12, "no application yet, and still a code: {form}");
        assert!(form.contains("维修资金使用审批表") && form.contains("方案尚未公示") && form.contains("壹拾贰元整"), "{form}");
        assert_eq!(run(&["shares", "1", "--out", roster.to_str().unwrap()]).await.0, 0);
        // What was asked of the gate stands in the QR: a form asked for a payment is drawn for one again.
        let asked = json!({ "no": "1", "asked": "pay" });
        let to_pay = crate::printed::drawn(&world, "xiaohe", "approval", asked).await;
        let ticket = to_pay.proof.as_ref().unwrap().ticket();
        assert!(ticket.contains("asked=pay") && !form.contains(&to_pay.check), "{ticket}");
        crate::cli::at(&world, &["report", "check", &ticket]).await.must(0);
        assert!(std::fs::read(&roster).unwrap().starts_with(b"%PDF"));
        assert_eq!(run(&["shares", "1", "--out", "roster.doc"]).await.0, 2);
        let as_json: Value = serde_json::from_str(&run(&["gate", "1", "--json"]).await.1).unwrap();
        assert_eq!(as_json["is_open"], false);
        let paper = folder.path().join("合同.pdf");
        std::fs::write(&paper, "%PDF").unwrap();
        let kept = run(&[&["paper", "1", "--kind", "contract", "--file", paper.to_str().unwrap()], &company[..]].concat()).await;
        assert!(kept.1.starts_with("材料 1 已登记，4 字节"), "{kept:?}");
        assert!(run(&["papers", "1"]).await.1.contains("材料 1 contract 4 sha256:"));
        assert_eq!(run(&["list"]).await.1, "1  已有方案  1 幢屋面防水维修\n");
        let shown = run(&["show", "1"]).await.1;
        assert!(shown.contains("方案名 项目 1 方案 ") && shown.contains("1  ") && shown.contains("物业公司  使用方案"), "{shown}");
        let pay = [&["pay", "1", "--request", "9", "--on", "2026-01-05"], &company[..]].concat();
        assert!(run(&pay).await.1.contains("works.no-request"));
        let back = [&["claim-back", "1", "--amount", "1.00", "--on", "2026-01-05"], &company[..]].concat();
        assert!(run(&back).await.1.contains("works.claim-back"));
        let close = [&["archive", "1"], &company[..]].concat();
        assert!(run(&close).await.1.contains("works.unfinished"));

        // Where there are users a name is held against their mandates; without one it is the console that acts.
        let desk = crate::people::Desk::of(&world.books);
        desk.enlist("wang").await;
        assert!(run(&close).await.1.contains("people.not-in-name"));
        let nobody = ["archive", "1", "--by", "nobody", "--role", "property-company"];
        assert!(run(&nobody).await.1.contains("people.no-user"));
        let here = ledger::people::Scope::Compound(world.compound);
        desk.appoint("wang", Role::PropertyCompany, here, "2020-01-01", "").await.unwrap();
        assert!(run(&close).await.1.contains("works.unfinished"));
        let other = ["archive", "1", "--by", "wang", "--role", "street-office"];
        assert!(run(&other).await.1.contains("people.not-in-name"));
        assert!(run(&["archive", "1"]).await.1.contains("works.unfinished"));
        let objection = file("o.json", json!({ "room": "1-1-101", "words": "底层不应分摊" }));
        let objecting = ["record", "1", "--step", "objection", "--file", &objection, "--by", "wang", "--role", "owner"];
        assert!(run(&objecting).await.1.contains("people.not-in-name"));
        let paper = ["paper", "1", "--kind", "invoice", "--file", paper.to_str().unwrap()];
        assert_eq!(run(&[&paper[..], &company[..]].concat()).await.0, 0);
        assert_eq!(run(&paper).await.0, 0);
        let mut told = Vec::new();
        let audit = ["xiaoqu", "--db", &world.url, "audit", "--verb", "works.paper"];
        let args = audit.into_iter().map(Into::into);
        assert_eq!(xiaoqu::cli::run(args, &mut told, &mut Vec::new()).await, 0);
        let told = String::from_utf8(told).unwrap();
        for who in ["wang 物业公司 操作台", "操作台 本机操作 操作台"] {
            assert!(told.contains(who), "{told}");
        }
    }
}
