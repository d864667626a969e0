//! From what was agreed to the bill: terms and prices through the doors, the sketch, its publication, the run over compounds.

use ledger::books::{Actor, Role};
use ledger::calendar::{Instant, Month};
use ledger::fees::billing;
use serde_json::{Value, json};

use crate::doors::Doors;
use crate::levy::all_laws_hold;
use crate::on_both;
use crate::world::World;

const HERE: &str = "";

fn terms(from: &str) -> Value {
    json!({ "from_on": from, "system": "lump-sum", "taxpayer": "general", "document": "物业服务合同 2025-01",
            "vacant": { "after_months": 6, "pays_bp": 6_000 } })
}

fn price(yuan: &str, from: &str) -> Value {
    json!({ "item": "物业费", "formula": { "kind": "area", "price": yuan }, "from_on": from, "cycle_months": 3,
            "due_days": 30, "document": "物业服务合同 2025-01" })
}

/// The doors of the small compound, with terms and a price of 0.50 a month, a quarter ahead.
async fn agreed(world: &World) -> Doors {
    let doors = Doors::of(world);
    doors.post(&format!("{HERE}/fee-terms"), terms("2025-01-01")).await.must(201);
    doors.post(&format!("{HERE}/tariffs"), price("0.50", "2025-01-01")).await.must(201);
    doors
}

async fn sketch(doors: &Doors, month: &str) -> Value {
    doors.get(&format!("{HERE}/billing-sketch?month={month}")).await.must(200)
}

async fn publish(doors: &Doors, month: &str, seen: &Value) -> Value {
    let body = json!({ "month": month, "seen": seen["digest"] });
    doors.post(&format!("{HERE}/billings"), body).await.must(201)
}

on_both! {
    /// 985.80 ㎡ × 0.50 × 3 = 1,478.70; the tax within is 83.70 (6 %, each bill rounded by itself).
    async fn a_quarter_is_looked_at_and_then_published(world: World) {
        let doors = agreed(&world).await;
        let payment = json!({ "room": "1-1-101", "amount_fen": 20_000, "method": "cash", "received_on": "2026-01-04" });
        doors.post(&format!("{HERE}/payments"), payment).await.must(201);
        let seen = sketch(&doors, "2026-01").await;
        assert_eq!((&seen["total_fen"], seen["bills"].as_array().unwrap().len()), (&json!(147_870), 12));
        let first = &seen["bills"][0];
        assert_eq!((&first["amount_fen"], &first["due_on"]), (&json!(12_165), &json!("2026-01-31")));
        assert_eq!(first["worked"], "81.1㎡ × 0.5元/月 × 3月");
        let unsold = seen["bills"].as_array().unwrap().iter().find(|b| b["bearer"] == "developer").unwrap();
        assert_eq!(unsold["amount_fen"], 12_480);
        // Nothing was billed before: every dwelling is new.
        assert_eq!(seen["changes"].as_array().unwrap().len(), 12);
        assert!(seen["changes"].as_array().unwrap().iter().all(|c| c["before_fen"].is_null()));

        let wrong = json!({ "month": "2026-01", "seen": "0000000000000000" });
        doors.post(&format!("{HERE}/billings"), wrong).await.problem(409, "fees.sketch-stale");
        let done = publish(&doors, "2026-01", &seen).await;
        assert_eq!((&done["bills"], &done["total_fen"], &done["prepaid_fen"]), (&json!(12), &json!(147_870), &json!(12_165)));

        let account = doors.get(&format!("{HERE}/dwellings/1-1-101/fees")).await.must(200);
        assert_eq!((&account["arrears_fen"], &account["prepaid_fen"]), (&json!(0), &json!(7_835)));
        assert_eq!(account["bills"][0]["worked"], "81.1㎡ × 0.5元/月 × 3月");
        let trial = doors.get(&format!("{HERE}/books/service/trial-balance")).await.must(200);
        let of = |code: i64| trial["rows"].as_array().unwrap().iter().find(|a| a["account"] == code).cloned().unwrap_or_default();
        assert_eq!((&of(2221)["credit_fen"], &of(6001)["credit_fen"]), (&json!(8_370), &json!(139_500)), "{trial}");

        // The same again bills nothing; a second look says why of each.
        let body = json!({ "month": "2026-01" });
        doors.post(&format!("{HERE}/billings"), body).await.problem(422, "fees.nothing-due");
        let again = sketch(&doors, "2026-01").await;
        assert!(again["unbilled"].as_array().unwrap().iter().all(|u| u["why"] == "charged"));
        assert_eq!(again["unbilled"].as_array().unwrap().len(), 12);
        all_laws_hold(&world).await;
    }

    /// One dwelling is billed by itself; the rest of the month finds it billed.
    async fn one_dwelling_is_billed_by_itself(world: World) {
        let doors = agreed(&world).await;
        let one = json!({ "month": "2026-01", "room": "1-1-102" });
        let done = doors.post(&format!("{HERE}/billings"), one).await.must(201);
        assert_eq!((&done["bills"], &done["total_fen"]), (&json!(1), &json!(12_180)));
        let rest = doors.post(&format!("{HERE}/billings"), json!({ "month": "2026-01" })).await.must(201);
        assert_eq!((&rest["bills"], &rest["total_fen"]), (&json!(11), &json!(147_870 - 12_180)));
        let lost = json!({ "month": "2026-01", "room": "9-9-901" });
        doors.post(&format!("{HERE}/billings"), lost).await.problem(404, "property.no-dwelling");
        all_laws_hold(&world).await;
    }

    /// A new price from mid-February, a relief, an empty dwelling: the sketch says what changed against the last quarter.
    async fn what_changes_is_told_before_it_is_published(world: World) {
        let doors = agreed(&world).await;
        publish(&doors, "2026-01", &sketch(&doors, "2026-01").await).await;
        world.clock.set(Instant::parse("2026-04-02T09:00:00+08:00").unwrap());
        let same = sketch(&doors, "2026-04").await;
        assert_eq!((&same["total_fen"], same["changes"].as_array().unwrap().len()), (&json!(147_870), 0));

        doors.post(&format!("{HERE}/tariffs"), price("0.60", "2026-05-16")).await.must(201);
        let relief = json!({ "item": "物业费", "from_on": "2026-04-01", "to_on": "2026-06-30", "pays_bp": 5_000, "reason": "低保证明" });
        doors.post(&format!("{HERE}/dwellings/1-1-101/fee-reliefs"), relief).await.must(201);
        let empty = json!({ "from_on": "2025-06-01", "reason": "空置申请" });
        doors.post(&format!("{HERE}/dwellings/1-1-102/fee-reliefs"), empty).await.must(201);
        let seen = sketch(&doors, "2026-04").await;
        let due = |room: usize| seen["bills"][room]["amount_fen"].clone();
        // 81.10 × (0.50 × (1 + 15/31) + 0.60 × (16/31 + 1)) = 133.9720…, half of it; 81.20 × 1.651612… × 60 % = 80.4666….
        assert_eq!((due(0), due(1)), (json!(6_697), json!(8_047)));
        assert_eq!(seen["changes"].as_array().unwrap().len(), 12);
        publish(&doors, "2026-04", &seen).await;
        let listed = doors.get(&format!("{HERE}/fee-reliefs")).await.must(200);
        assert_eq!(listed["items"][1]["room"], "1-1-102");
        all_laws_hold(&world).await;
    }

    /// Water by the meter, billed when the month is over; a dwelling without a reading is left out with its true reason.
    async fn a_meter_that_was_not_read_is_named(world: World) {
        let doors = agreed(&world).await;
        let water = json!({ "item": "水费", "formula": { "kind": "tiered", "meter": "water", "tiers": [
                { "up_to": "10", "price": "2.90" }, { "price": "3.85" }] },
            "from_on": "2025-01-01", "cycle_months": 1, "timing": "behind", "due_days": 15, "tax": "passed-on", "document": "水价公示" });
        doors.post(&format!("{HERE}/tariffs"), water).await.must(201);
        let reading = |room: &str, on: &str, milli: i64| json!({ "room": room,
            "reading": { "meter": format!("W-{room}"), "kind": "water", "read_on": on, "value_milli": milli } });
        let rooms = ["1-1-101", "1-1-102"];
        let first: Vec<Value> = rooms.iter().map(|room| reading(room, "2025-11-30", 100_000)).collect();
        doors.post(&format!("{HERE}/meter-readings"), json!({ "readings": first })).await.must(201);
        let december = reading("1-1-101", "2025-12-31", 112_000);
        doors.post(&format!("{HERE}/meter-readings"), json!({ "readings": [december] })).await.must(201);
        let backwards = reading("1-1-101", "2026-01-02", 1_000);
        doors.post(&format!("{HERE}/meter-readings"), json!({ "readings": [backwards] })).await.problem(422, "tariff.reading");

        let seen = sketch(&doors, "2025-12").await;
        // 10 × 2.90 + 2 × 3.85.
        assert_eq!((seen["bills"].as_array().unwrap().len(), &seen["total_fen"]), (1, &json!(3_670)));
        let missing: Vec<(&str, &str)> = seen["unbilled"].as_array().unwrap().iter()
            .map(|u| (u["room"].as_str().unwrap(), u["why"].as_str().unwrap())).collect();
        assert!(missing.contains(&("1-1-102", "no-reading")), "{missing:?}");
        let done = publish(&doors, "2025-12", &seen).await;
        // Ten have no meter, which is nothing to look into.
        assert!(missing.contains(&("1-1-201", "no-meter")), "{missing:?}");
        assert_eq!((&done["bills"], &done["defects"]), (&json!(1), &json!(1)));
        all_laws_hold(&world).await;
    }

    /// 1,234.56 over twelve dwellings by area: to the fen, and once.
    async fn a_shared_cost_is_billed_to_the_fen(world: World) {
        let doors = agreed(&world).await;
        let cost = json!({ "item": "公摊电费", "from_on": "2025-12-01", "to_on": "2025-12-31", "due_on": "2026-01-31", "amount_fen": 123_456 });
        let done = doors.post(&format!("{HERE}/shared-costs"), cost.clone()).await.must(201);
        assert_eq!((&done["bills"], &done["total_fen"]), (&json!(12), &json!(123_456)));
        doors.post(&format!("{HERE}/shared-costs"), cost).await.problem(409, "fees.billed");
        let nowhere = json!({ "item": "公摊水费", "from_on": "2025-12-01", "to_on": "2025-12-31", "due_on": "2026-01-31", "amount_fen": 1, "building": "9" });
        doors.post(&format!("{HERE}/shared-costs"), nowhere).await.problem(400, "tariff.shared");
        all_laws_hold(&world).await;
    }

    /// 酬金制: what is billed is held for the owners, and is nobody's revenue.
    async fn under_remuneration_the_money_is_held(world: World) {
        let doors = Doors::of(&world);
        let held = json!({ "from_on": "2025-01-01", "system": "remuneration", "taxpayer": "small", "document": "合同",
            "pay": { "kind": "share", "of_received_bp": 1_000 } });
        doors.post(&format!("{HERE}/fee-terms"), held).await.must(201);
        doors.post(&format!("{HERE}/tariffs"), price("0.50", "2025-01-01")).await.must(201);
        publish(&doors, "2026-01", &sketch(&doors, "2026-01").await).await;
        let trial = doors.get(&format!("{HERE}/books/service/trial-balance")).await.must(200);
        let held = trial["rows"].as_array().unwrap().iter().find(|a| a["account"] == 224_103).cloned();
        assert_eq!(held.unwrap()["credit_fen"], 147_870, "{trial}");
        all_laws_hold(&world).await;
    }

    async fn what_cannot_have_been_agreed_is_refused(world: World) {
        let doors = Doors::of(&world);
        let refused = async |path: &str, body: Value, status: u16, code: &str| {
            doors.post(&format!("{HERE}/{path}"), body).await.problem(status, code);
        };
        refused("tariffs", price("0.50", "2025-01-01"), 422, "tariff.no-terms").await;
        refused("billings", json!({ "month": "2026-01" }), 422, "tariff.no-terms").await;
        refused("billings", json!({ "month": "2026-03" }), 400, "fees.month").await;
        let mut blank = terms("2025-01-01");
        blank["document"] = json!(" ");
        refused("fee-terms", blank, 400, "tariff.text").await;
        let mut unpaid = terms("2025-01-01");
        unpaid["system"] = json!("remuneration");
        refused("fee-terms", unpaid, 400, "tariff.terms").await;
        doors.post(&format!("{HERE}/fee-terms"), terms("2025-01-01")).await.must(201);
        refused("fee-terms", terms("2024-01-01"), 409, "tariff.terms-taken").await;
        refused("tariffs", price("0.00001", "2025-01-01"), 400, "tariff.price").await;
        refused("tariffs", price("-1", "2025-01-01"), 400, "tariff.price").await;
        doors.post(&format!("{HERE}/tariffs"), price("0.50", "2025-01-01")).await.must(201);
        refused("tariffs", price("0.60", "2025-01-01"), 409, "tariff.price-taken").await;
        let mut other = price("0.60", "2026-01-01");
        other["cycle_months"] = json!(1);
        refused("tariffs", other, 409, "tariff.price-taken").await;
        refused("tariffs/9/end", json!({ "on": "2026-01-31" }), 404, "tariff.no-tariff").await;
        refused("tariffs/1/end", json!({ "on": "2024-01-31" }), 409, "tariff.end").await;
        doors.post(&format!("{HERE}/tariffs/1/end"), json!({ "on": "2025-12-31" })).await.must(201);
        refused("tariffs/1/end", json!({ "on": "2026-01-31" }), 409, "tariff.end").await;
        refused("billings", json!({ "month": "2026-01" }), 422, "fees.nothing-due").await;
        let upside = json!({ "item": "物业费", "from_on": "2026-02-01", "to_on": "2026-01-01", "pays_bp": 0, "reason": "低保" });
        refused("dwellings/1-1-101/fee-reliefs", upside, 400, "tariff.span").await;
        let space = json!({ "space": "A-1", "from_on": "2026-01-01" });
        doors.post(&format!("{HERE}/dwellings/1-1-101/spaces"), space.clone()).await.must(201);
        refused("dwellings/1-1-102/spaces", space, 400, "tariff.span").await;
    }

    /// Every compound, an act each; given again it bills what is missing and nothing twice.
    async fn the_run_goes_over_every_compound(world: World) {
        world.found("nobody", "无约定小区").await;
        let _doors = agreed(&world).await;
        let clerk = Actor::new("王会计", Role::PropertyCompany);
        let month = Month::parse("2026-01").unwrap();
        let run = async |is_dry| billing::run(&world.books, &clerk, month, None, is_dry).await.unwrap();
        let dry = run(true).await;
        assert_eq!((dry.posted, dry.bills, dry.total_fen.in_fen()), (1, 12, 147_870));
        let done = run(false).await;
        assert_eq!((done.expected, done.posted, done.skipped, done.bills), (2, 1, 1, 12));
        let skipped = done.parts.iter().find(|p| p.compound == "nobody").unwrap();
        assert_eq!(skipped.code, "tariff.no-terms");
        let again = run(false).await;
        assert_eq!((again.posted, again.bills), (0, 0));
        let reasons: Vec<_> = again.parts.iter().map(|p| (p.code.as_str(), p.reason.as_str())).collect();
        let charged = ("", "2026-01：12 户不出账，其中 12 户已出过账，0 户须核对");
        assert_eq!(reasons.iter().filter(|told| **told == charged).count(), 1, "{reasons:?}");
        let unknown = billing::run(&world.books, &clerk, month, Some("nowhere"), true).await;
        assert_eq!(unknown.unwrap_err().code(), "property.no-compound");
        all_laws_hold(&world).await;
    }
}
