//! The district's view: compounds side by side, by street, and what the rules point at; who may see which.

use axum::body::Body;
use axum::http::Request;
use ledger::books::{Actor, Request as Asking, Role};
use ledger::district::{self, District};
use ledger::fund::DepositKind;
use ledger::governance::{Matter, Scope};
use ledger::id::{CompoundId, MatterNo};
use ledger::journal::{self, Book, Entry, Kind, Line, Style};
use ledger::money::Money;
use ledger::property::{self, AreaKind, Housing, Locating, NewArea, Usage};
use ledger::subsidy::terms::Level;
use ledger::subsidy::{Class, Granting};
use ledger::verify;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::doors::{Doors, bearer};
use crate::levy::{all_laws_hold, enrol, knock, later, pay_in};
use crate::on_both;
use crate::renewal::decided_by;
use crate::subsidy::{
    allot, claw_back, content, found, grant, granting, hand_back, list, programme, receive, spend,
    spending,
};
use crate::world::{World, day};

async fn office<G, T>(
    world: &World,
    verb: &'static str,
    given: G,
    run: impl for<'a> Fn(
        &'a mut ledger::books::Tx,
        &'a G,
    ) -> futures_util::future::BoxFuture<'a, ledger::error::Result<T>>
    + Send
    + Sync
    + 'static,
) where
    G: serde::Serialize + Send + Sync + 'static,
    T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
{
    let request = Asking::new(verb, given);
    world.books.act(&Actor::operator(), CompoundId::OFFICE, request, run).await.unwrap();
}

/// 上海市 ▸ 某区 ▸ 某街道, where 小河里 lies.
async fn located(world: &World) {
    for (kind, code, name, parent) in [
        (AreaKind::City, "3101", "上海市", None),
        (AreaKind::District, "310104", "某区", Some("3101")),
        (AreaKind::Street, "310104001", "某街道", Some("310104")),
    ] {
        let parent = parent.map(str::to_owned);
        let area = NewArea { kind, code: code.into(), name: name.into(), parent };
        office(world, "property.draw-area", area, |tx, area| {
            Box::pin(property::draw_area(tx, area))
        })
        .await;
    }
    let located = Locating { compound: world.compound, area: "310104001".into() };
    office(world, "property.locate", located, |tx, l| Box::pin(property::locate(tx, l))).await;
}

async fn seen(world: &World) -> District {
    let mut view = world.books.read().await.unwrap();
    let compounds = property::compounds(&mut view).await.unwrap();
    district::view(&mut view, &compounds, world.clock.now().day()).await.unwrap()
}

async fn ask(doors: &Doors, role: Role, path: &str) -> Value {
    let request = Request::get(format!("/api/v1{path}")).header("authorization", bearer(role));
    doors.send(request.body(Body::empty()).unwrap()).await.must(200)
}

on_both! {
    /// Two dwellings of 12,000.00: one keeps 3,599.99 (low), one 3,600.00 (not); 200.00 billed, 169.99 paid: 84.99 %.
    async fn a_district_is_seen_by_street_and_what_is_out_of_the_way_is_named(world: World) {
        located(&world).await;
        world.found("erli", "二里小区").await;
        for (room, spent) in [("1-1-101", 840_001), ("1-1-102", 840_000)] {
            let dwelling = world.dwelling(room).await;
            pay_in(&world, dwelling, DepositKind::Initial, 1_200_000, "2015-06-01", "").await.unwrap();
            let spent = Money::fen(spent);
            let entry = Entry {
                book: Book::Fund,
                effective_on: day("2020-06-01"),
                kind: Kind::Repair,
                memo: "维修".into(),
                source: "工程 1".into(),
                evidence: "决算 1".into(),
                lines: vec![Line::debit(500_101, spent).of(dwelling), Line::credit(1001, spent)],
            };
            world.post(entry).await.unwrap();
        }
        let doors = Doors::of(&world);
        let company = Role::PropertyCompany;
        let bills = json!({ "item": "物业费", "from_on": "2025-12-01", "to_on": "2025-12-31", "due_on": "2025-12-31",
            "bills": [{ "room": "1-1-101", "amount_fen": 10_000 }, { "room": "1-1-102", "amount_fen": 10_000 }] });
        knock(&doors, company, "POST", "/bills", bills).await.must(201);
        for (room, fen) in [("1-1-101", 10_000), ("1-1-102", 6_999)] {
            let paid = json!({ "room": room, "amount_fen": fen, "method": "transfer", "received_on": "2026-01-04" });
            knock(&doors, company, "POST", "/payments", paid).await.must(201);
        }
        let proposal = json!({ "title": "屋面维修", "path": "ordinary", "held_by": "assembly" });
        knock(&doors, company, "POST", "/projects", proposal).await.must(201);

        let told = seen(&world).await;
        assert_eq!(told.compounds.iter().map(|row| row.compound.as_str()).collect::<Vec<_>>(), ["erli", "xiaohe"]);
        let row = &told.compounds[1];
        assert_eq!((row.street.as_str(), row.mode, row.dwellings, row.area_centi_m2), ("某街道", None, 12, 98_580));
        // 7,199.99 over 985.80 m²: 7.30.
        assert_eq!((row.fund_fen.in_fen(), row.fund_per_m2_fen), (719_999, Some(730)));
        assert_eq!((row.deposited, row.low, row.collection_bp), (2, 1, Some(8_499)));
        assert_eq!((row.uses, row.projects.proposed, row.unpublished), (1, 1, None));
        assert_eq!((told.compounds[0].collection_bp, told.compounds[0].fund_per_m2_fen), (None, None), "nothing over nothing is no rate");
        let sums = told.streets.iter().map(|s| (s.of.as_str(), s.compounds, s.below_break_even, s.low)).collect::<Vec<_>>();
        assert_eq!(sums, [("未登记街道", 1, 0, 0), ("某街道", 1, 1, 1)]);
        assert_eq!((told.total.compounds, told.total.projects_open, told.total.collection_bp), (2, 1, Some(8_499)));
        let named = told.findings.iter().map(|f| (f.rule.as_str(), f.compound.as_str(), f.found.as_str())).collect::<Vec<_>>();
        assert_eq!(named, [("collection-low", "xiaohe", "84.99%（169.99 ÷ 200.00）"), ("fund-low", "xiaohe", "2 户中 1 户")]);

        // Works that began before they were contracted, as an auditor finds them in books that came from elsewhere.
        let db = world.back_door().await;
        for (no, kind, body) in [
            (1, "contract", r#"{"step":"contract","body":{"contractor":"某公司","price_fen":100,"signed_on":"2026-01-05"}}"#),
            (2, "progress", r#"{"step":"progress","body":{"of":"started","on":"2026-01-04"}}"#),
        ] {
            let sql = format!("INSERT INTO project_step (compound_id, project_no, step_no, kind, body, recorded_on, by_name, by_role, digest, act_no)
                               VALUES ({}, 1, {no}, '{kind}', '{body}', '2026-01-05', '某', 'property-company', '', 1)", world.compound);
            db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        }
        db.close().await.unwrap();
        let told = seen(&world).await;
        let last = told.findings.last().unwrap();
        assert_eq!((last.rule.as_str(), last.found.as_str()), ("dates-reversed", "项目 1：2026-01-04 开工，2026-01-05 签订合同"));
        assert_eq!(told.compounds[1].projects.underway, 1);

        // Shanghai wants the second quarter's revenue published by 15 July 2026.
        let terms = json!({ "from_on": "2026-01-01", "operator": "某物业公司", "taxpayer": "exempt", "has_assembly": true,
            "account": "某银行 尾号 0481", "document": "合同 1" });
        knock(&doors, company, "POST", "/revenue-terms", terms).await.must(201);
        let income = json!({ "income": "damages", "amount_fen": 100, "on": "2026-01-04", "payer": "某公司", "evidence": "回单 1" });
        knock(&doors, company, "POST", "/revenue-incomes", income).await.must(201);
        later(&world, "2026-07-15");
        assert_eq!(seen(&world).await.compounds[1].unpublished, None, "the last day is in time");
        later(&world, "2026-07-16");
        let told = seen(&world).await;
        assert_eq!(told.compounds[1].unpublished.map(|m| m.to_string()), Some("2026-06".into()));
        assert_eq!((told.total.modes.unknown, told.total.unpublished), (2, 1));
        // What every compound of the area owes of its public revenue, one after the other.
        let owed = ask(&doors, Role::StreetOffice, "/district-duties?area=310104001").await;
        let duty = |kind: &str| owed["items"].as_array().unwrap().iter().find(|of| of["duty"] == kind && of["through"] == "2026-06").cloned();
        let late = duty("publish").unwrap();
        assert_eq!((&late["compound"], &late["due_on"], &late["overdue_days"]), (&json!("xiaohe"), &json!("2026-07-15"), &json!(1)), "{owed}");
        assert_eq!(ask(&doors, company, "/district-duties").await["items"], json!([]), "who oversees nothing is told of nothing");
        let said = crate::cli::at(&world, &["district", "--area", "310104001", "--duties"]).await.must(0).out;
        assert!(said.contains("xiaohe  小河里小区  ") && said.contains("2026-06"), "{said}");
        let published = json!({ "covers": "quarter", "through": "2026-06", "posted_on": "2026-07-16", "place": "公告栏", "evidence": "照片 1" });
        knock(&doors, company, "POST", "/revenue-publications", published).await.must(201);
        assert_eq!(seen(&world).await.total.unpublished, 0);

        // Who oversees sees; whoever does not sees nothing; an area that is none is said.
        for role in [Role::StreetOffice, Role::HousingAuthority, Role::Auditor] {
            assert_eq!(ask(&doors, role, "/district").await["total"]["compounds"], 2, "{role:?}");
        }
        for role in [Role::Owner, company, Role::OwnersCommittee] {
            assert_eq!(ask(&doors, role, "/district").await["total"]["compounds"], 0, "{role:?}");
        }
        assert_eq!(ask(&doors, Role::StreetOffice, "/district?area=310104001").await["total"]["compounds"], 1);
        assert_eq!(ask(&doors, Role::Auditor, "/district-compounds?area=310104").await["items"][0]["collection_bp"], 8_499);
        assert_eq!(ask(&doors, Role::Auditor, "/district-findings").await["items"][0]["rule"], "collection-low");
        let request = Request::get("/api/v1/district?area=999").header("authorization", bearer(Role::Auditor));
        doors.send(request.body(Body::empty()).unwrap()).await.problem(404, "property.no-area");
        let said = crate::cli::at(&world, &["district"]).await.must(0).out;
        assert!(said.contains("某街道  1 个小区") && said.contains("提示 fund-low  xiaohe  2 户中 1 户"), "{said}");
        crate::cli::at(&world, &["district", "--area", "310104001", "--json"]).await.must(0);
    }

    /// What is kept is used while nobody acts and no dwelling ends with the days; a figure that was tampered with is named.
    async fn what_is_kept_makes_an_answer_quick_and_never_another(world: World) {
        located(&world).await;
        world.found("erli", "二里小区").await;
        let home = enrol(&world, "9-1-101", Usage::Residence, Housing::Commodity, true, 8_000).await;
        enrol(&world, "9-1-102", Usage::Residence, Housing::Commodity, true, 8_000).await;
        enrol(&world, "9-2-101", Usage::Residence, Housing::Commodity, true, 8_000).await;
        pay_in(&world, home, DepositKind::Initial, 800_000, "2020-06-01", "").await.unwrap();
        let db = world.back_door().await;
        let by_sql = async |sql: String| {
            db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        };
        let id = world.compound;
        by_sql(format!("UPDATE dwelling SET ended_on = '2026-02-01' WHERE compound_id = {id} AND code = '9-2-101'")).await;

        let before = seen(&world).await;
        let row = &before.compounds[1];
        assert_eq!((row.dwellings, row.lifts, row.deposited), (15, 2, 1));
        let doors = Doors::of(&world);
        let keep = async |role: Role| {
            let request = Request::post("/api/v1/district-figures").header("authorization", bearer(role));
            doors.send(request.body(Body::empty()).unwrap()).await
        };
        keep(Role::PropertyCompany).await.problem(403, "door.role");
        let kept = keep(Role::HousingAuthority).await.must(201);
        assert_eq!((&kept["kept"], &kept["left"]), (&json!(2), &json!(0)));
        assert_eq!(seen(&world).await, before);
        assert_eq!(keep(Role::HousingAuthority).await.must(201)["kept"], 0);
        all_laws_hold(&world).await;

        // Somebody acts in one of them: it is reckoned again, and kept again.
        let other = world.dwelling("9-1-102").await;
        pay_in(&world, other, DepositKind::Initial, 800_000, "2020-06-01", "").await.unwrap();
        let after = seen(&world).await;
        assert_eq!(after.compounds[1].deposited, 2);
        assert_eq!(keep(Role::HousingAuthority).await.must(201)["kept"], 1);
        assert_eq!(seen(&world).await, after);
        // 5,600.01 of 8,000.00 goes: less than 30 % is left, of the one dwelling that moved; and it comes back.
        let spent = Money::fen(560_001);
        let repair = Entry {
            book: Book::Fund,
            effective_on: day("2026-01-05"),
            kind: Kind::Repair,
            memo: "维修".into(),
            source: "工程 1".into(),
            evidence: "决算 1".into(),
            lines: vec![Line::debit(500_101, spent).of(home), Line::credit(1001, spent)],
        };
        let gone = world.post(repair).await.unwrap();
        assert_eq!((seen(&world).await.compounds[1].low, seen(&world).await.compounds[1].deposited), (1, 2));
        all_laws_hold(&world).await;
        assert_eq!(keep(Role::HousingAuthority).await.must(201)["kept"], 1);
        let back = world.act("journal.reverse", gone.seq, |tx, seq| {
            Box::pin(journal::reverse(tx, Book::Fund, *seq, day("2026-01-05"), Style::Red, "误记"))
        });
        back.await.unwrap();
        assert_eq!(seen(&world).await.compounds[1].low, 0);
        all_laws_hold(&world).await;
        // What is billed and paid is added to what was kept of the receivable, which is not reckoned anew.
        let bills = json!({ "item": "物业费", "from_on": "2025-12-01", "to_on": "2025-12-31", "due_on": "2025-12-31",
            "bills": [{ "room": "9-1-101", "amount_fen": 10_000 }] });
        knock(&doors, Role::PropertyCompany, "POST", "/bills", bills).await.must(201);
        let paid = json!({ "room": "9-1-101", "amount_fen": 4_000, "method": "transfer", "received_on": "2026-01-04" });
        knock(&doors, Role::PropertyCompany, "POST", "/payments", paid).await.must(201);
        let owed = |told: &District| (told.compounds[1].billed_fen.in_fen(), told.compounds[1].settled_fen.in_fen());
        let moved = seen(&world).await;
        assert_eq!(owed(&moved), (10_000, 4_000));
        all_laws_hold(&world).await;
        assert_eq!(keep(Role::HousingAuthority).await.must(201)["kept"], 1);
        assert_eq!(seen(&world).await, moved);
        // Nobody asks a server for it: it keeps by itself from fifty compounds on, and these are two.
        assert_eq!(district::keep_up(&world.books).await.unwrap(), 0);
        // A dwelling ends with the day, and nobody acts.
        later(&world, "2026-01-31");
        assert_eq!(seen(&world).await.compounds[1].dwellings, 15);
        later(&world, "2026-02-01");
        let row = &seen(&world).await.compounds[1];
        assert_eq!((row.dwellings, row.lifts), (14, 1));
        assert_eq!(keep(Role::HousingAuthority).await.must(201)["kept"], 1);
        all_laws_hold(&world).await;

        by_sql(format!("UPDATE district_figure SET billed_fen = billed_fen + 1 WHERE compound_id = {id}")).await;
        let told = verify::verify(&world.books, None).await.unwrap();
        let law = told.iter().find(|law| law.name == "district-figures-true").unwrap();
        assert_eq!((law.checked, law.failed), (2, 1));
        by_sql(format!("UPDATE district_figure SET billed_fen = billed_fen - 1 WHERE compound_id = {id}")).await;
        db.close().await.unwrap();
        for no in 0..48 {
            world.found(&format!("li{no}"), "里").await;
        }
        assert_eq!(district::keep_up(&world.books).await.unwrap(), 48);
        assert_eq!(district::keep_up(&world.books).await.unwrap(), 0);
        all_laws_hold(&world).await;
        world.found("sanli", "三里小区").await;
        let said = crate::cli::at(&world, &["run", "district"]).await.must(0).out;
        assert!(said.contains("留存了 1 个小区的数字"), "{said}");
    }

    /// 802 households in 2 projects; 270 projects of 49.5 (10⁸ yuan); 350 of 525 (10⁴ yuan) granted, 70 % of it received; a rent
    /// that is overdue; the street's centre that manages.
    async fn a_district_sees_government_money_renovations_and_rents(world: World) {
        located(&world).await;
        let other = world.found("erli", "二里小区").await;
        let business = decided_by(&world, Scope::Compound {}, Matter::Business, 0, true, "2026-01-05").await.0;
        later(&world, "2026-01-25");
        let doors = Doors::of(&world);
        let call = async |role: Role, path: &str, body: Value| knock(&doors, role, "POST", path, body).await;
        let mut matters = Vec::new();
        for households in [402, 400] {
            let reserve = json!({ "title": format!("改造 {households}"), "built_on": "1998-06-30", "buildings": 6,
                "households": households, "area_centi_m2": 2_800_000, "evidence": "储备库名单 2026" });
            let reserved = call(Role::StreetOffice, "/renovations", reserve).await.must(201);
            matters.push(i32::try_from(reserved["project_matter_no"].as_i64().unwrap()).unwrap());
        }
        let matter = MatterNo(matters[0]);
        let no = found(&world, programme("财综〔2026〕1号", Level::CentralMof, 525_000_000, &[Class::Basic], &[])).await.unwrap();
        allot(&world, no, 350_000_000).await.unwrap();
        let content = list(&world, matter, vec![content("roof", "", 400_000_000)]).await.unwrap()[0];
        let granting = Granting { mode: Some(ledger::subsidy::terms::Mode::StreetCentre), ..granting(no, Some(matter), 350_000_000) };
        let tranche = grant(&world, granting).await.unwrap().tranche_no;
        receive(&world, tranche, 245_000_000).await.unwrap();
        let spent = spend(&world, spending(tranche, Some(content), 200_000_000)).await.unwrap();
        claw_back(&world, spent.move_no, 10_000_000).await.unwrap();
        hand_back(&world, tranche, 5_000_000).await.unwrap();

        let terms = json!({ "from_on": "2025-01-01", "operator": "某物业公司", "taxpayer": "exempt", "has_assembly": true,
            "account": "某银行 尾号 0481", "document": "合同 1" });
        call(Role::PropertyCompany, "/revenue-terms", terms).await.must(201);
        let lease = json!({ "income": "wall-advertising", "scope": { "kind": "compound" }, "part": "大门广告位", "lessee": "某广告公司",
            "document": "公益-2", "signed_on": "2026-01-25", "from_on": "2025-12-01", "until_on": "2026-11-30", "rent_fen": 105_000,
            "every": "month", "due_days": 5, "round_no": business, "motion_no": 1 });
        call(Role::PropertyCompany, "/revenue-leases", lease).await.must(201);
        let got = json!({ "income": "wall-advertising", "lease_no": 1, "amount_fen": 105_000, "on": "2026-01-05", "payer": "某广告公司",
            "evidence": "回单 1" });
        let paid = call(Role::PropertyCompany, "/revenue-incomes", got).await;
        // Shanghai's law of the day wants it straight in, which it came.
        paid.must(201);

        let told = seen(&world).await;
        let row = &told.compounds[1];
        assert_eq!((row.renovations.reserved, row.renovations.households), (2, 802));
        assert_eq!(row.mode, Some(ledger::subsidy::terms::Mode::StreetCentre));
        let of = row.subsidies;
        let figures = [of.granted_fen, of.received_fen, of.spent_fen, of.returned_fen, of.left_fen, of.overdue_fen];
        assert_eq!(figures.map(Money::in_fen), [350_000_000, 245_000_000, 190_000_000, 5_000_000, 50_000_000, 0]);
        assert_eq!((row.rents_overdue, row.rents_overdue_fen.in_fen()), (1, 105_000));
        assert_eq!((told.total.modes.street_centre, told.total.modes.unknown), (1, 1));
        assert_eq!((told.total.subsidies, told.total.renovated_households, told.total.rents_overdue), (of, 802, 1));
        let named = |told: &District, rule: &str| told.findings.iter().find(|f| f.rule == rule).map(|f| f.found.clone());
        assert_eq!(named(&told, "rents-overdue").as_deref(), Some("1 份合同，合计 1,050.00 元"));
        assert_eq!(named(&told, "subsidy-unspent"), None);
        let said = crate::cli::at(&world, &["district"]).await.must(0).out;
        assert!(said.contains("在办改造 2（0 个小区有逾期节点或漏报）  改造共 802 户") && said.contains("补贴下达 3,500,000.00 元、到账 2,450,000.00"), "{said}");
        all_laws_hold(&world).await;
        later(&world, "2027-01-01");
        assert_eq!(named(&seen(&world).await, "subsidy-unspent").as_deref(), Some("500,000.00 元"));

        // 270 projects in another compound, as they come from elsewhere.
        let db = world.back_door().await;
        let (many, sum) = (270_i64, 495_000_000_000_i64);
        let rows = |row: &dyn Fn(i64) -> String| (1..=many).map(row).collect::<Vec<_>>().join(", ");
        let reserve = r#"{"title":"改造","built_on":"1998-06-30","buildings":1,"households":10,"area_centi_m2":80000,"evidence":"名单"}"#;
        let planned = |no: i64| if no == many { sum - (many - 1) * (sum / many) } else { sum / many };
        for sql in [
            format!("INSERT INTO matter (compound_id, matter_no, kind, name, act_no) VALUES {}",
                rows(&|no| format!("({other}, {}, 'project', '改造', 1)", 500 + no))),
            format!("INSERT INTO renovation (compound_id, renovation_no, matter_no, title, reserve, reserved_on, by_name, by_role, act_no) VALUES {}",
                rows(&|no| format!("({other}, {no}, {}, '改造', '{reserve}', '2026-01-05', '某', 'street-office', 1)", 500 + no))),
            format!("INSERT INTO renovation_source (compound_id, renovation_no, source_no, kind, planned_fen, matter_no, body, act_no) VALUES {}",
                rows(&|no| format!("({other}, {no}, 1, 'central-mof', {}, {}, '{{}}', 1)", planned(no), 500 + no))),
        ] {
            db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        }
        db.close().await.unwrap();
        let total = seen(&world).await.total;
        assert_eq!((total.renovations_open, total.renovation_planned_fen.in_fen()), (272, sum));
    }
}
