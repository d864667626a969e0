//! A repair paid from the fund: the story of one from the proposal to the archive through the doors with each role's own token;
//! every condition of the gate provoked; attempts to get at the money without its resolution or its approval.

use ledger::books::Role;
use ledger::calendar::Instant;
use ledger::journal::Book;
use ledger::verify;
use serde_json::{Value, json};

use crate::export;
use crate::governance::House;
use crate::on_both;
use crate::world::{World, deposit_entry};

const COMPANY: Role = Role::PropertyCompany;
const COMMITTEE: Role = Role::OwnersCommittee;
const STREET: Role = Role::StreetOffice;
const OWNER: Role = Role::Owner;

const SOLD: [&str; 11] = [
    "1-1-101", "1-1-102", "1-1-201", "1-1-202", "1-1-301", "1-1-302", "1-2-101", "1-2-102",
    "1-2-201", "1-2-202", "1-2-301",
];

fn on(world: &World, text: &str) {
    world.clock.set(Instant::parse(&format!("{text}T09:00:00+08:00")).unwrap());
}

/// 8,000 yuan of each sold dwelling, 1,000 of 1-1-102.
async fn pay_in(world: &World) {
    for code in SOLD {
        let fen = if code == "1-1-102" { 100_000 } else { 800_000 };
        let home = world.dwelling(code).await;
        world.post(deposit_entry(home, fen, "2026-01-04")).await.unwrap();
    }
}

async fn owner_of(world: &World, code: &str) -> i32 {
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

fn request(amount: i64) -> Value {
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
        let applied = said(COMPANY, "applications", json!({})).await.must(201);
        let digest = applied["digest"].clone();
        let gate = house.get(STREET, "/projects/1/gate?asked=approve").await.must(200);
        assert_eq!(gate["is_open"], true, "{gate}");
        // The office sees who is short; an owner sees the same list and nobody's room.
        assert_eq!(finding(&gate, "balances-suffice")["rooms"], json!(["1-1-102"]));
        let own = house.get(OWNER, "/dwellings/1-1-201/projects/1/gate?asked=approve").await.must(200);
        assert_eq!(finding(&own, "balances-suffice")["rooms"], json!([]));
        assert_eq!(finding(&own, "balances-suffice")["evidence"], finding(&gate, "balances-suffice")["evidence"]);

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
        deal["retained_until_on"] = json!("2027-03-02");
        said(COMPANY, "contracts", deal).await.must(201);
        said(COMMITTEE, "interests", json!({ "contractor": "某防水工程公司", "is_related": false, "words": "全体委员声明" })).await.must(201);
        said(COMPANY, "progress", json!({ "of": "started", "on": "2026-02-04", "evidence": "开工报告" })).await.must(201);

        // The first payment, a third of what was approved.
        let asked = said(COMPANY, "payment-requests", request(2_000_000)).await.must(201);
        let pay = |step: &Value, on: &str| json!({ "request": step, "paid_on": on });
        said(COMPANY, "payments", pay(&asked["step_no"], "2026-02-04")).await.problem(422, "works.not-approved");
        let allow = |asked: &Value| json!({ "on": { "kind": "request", "step_no": asked["step_no"] }, "digest": asked["digest"],
            "power": "approval", "agrees": true, "opinion": "同意" });
        // The owner who is short has paid nothing yet: a third of the share is more than the balance.
        let refused = said(COMMITTEE, "decisions", allow(&asked)).await.problem(422, "gate.balances-suffice");
        assert!(refused["findings"].as_array().unwrap().len() > 10, "{refused}");
        said(COMPANY, "raised", json!({ "room": "1-1-102", "amount_fen": owed, "on": "2026-02-04", "evidence": "收据 12" })).await.must(201);
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
        said(COMPANY, "archive", json!({})).await.problem(422, "works.unfinished");

        // A year later the warranty is over; the rest is paid and the project closed.
        on(&world, "2027-03-02");
        let asked = said(COMPANY, "payment-requests", request(174_000)).await.must(201);
        said(COMMITTEE, "decisions", allow(&asked)).await.problem(422, "gate.within-caps");
        on(&world, "2027-03-03");
        said(COMMITTEE, "decisions", allow(&asked)).await.must(201);
        let last = said(COMPANY, "payments", pay(&asked["step_no"], "2027-03-03")).await.must(201);
        assert_eq!(last["payment_no"], 3);
        said(COMPANY, "notices", notice("outcome", "2027-03-03")).await.must(201);
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
        all_laws_hold(&world).await;
    }
}
