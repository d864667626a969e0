//! A paper that comes back to the desk: printed again byte for byte, checked by what a person reads off it, told line by line
//! when the books moved on; open months and days to come.

use ledger::books::{Actor, Request, Role};
use ledger::calendar::{Clock, Instant, Month};
use ledger::people::Scope;
use ledger::property::{self, NewOwner};
use reports::press;
use reports::sheet::Sheet;
use serde_json::json;
use xiaoqu::documents::{self, Order};

use crate::cli::at;
use crate::doors::Doors;
use crate::on_both;
use crate::people::Desk;
use crate::printed::{deposit, drawn, notified, summer};
use crate::world::{World, day};

fn ticket(sheet: &Sheet) -> String {
    sheet.proof.as_ref().unwrap().ticket()
}

async fn again(world: &World, asked: &[&str], more: &[&str]) -> (String, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("again.pdf");
    let asked = [&["report", "again"], asked, more, &["--out", file.to_str().unwrap()]].concat();
    let said = at(world, &asked).await.must(0).out;
    (said, std::fs::read(&file).unwrap())
}

async fn taken(world: &World, amount: &str) -> String {
    let paid = [
        "pay",
        "--compound",
        "wutongli",
        "--room",
        "1-1-301",
        "--amount",
        amount,
        "--method",
        "cash",
        "--on",
        "2026-06-29",
    ];
    at(world, &paid).await.must(0);
    let list =
        at(world, &["counter", "receipts", "--compound", "wutongli", "--json"]).await.must(0);
    let list = list.json();
    list.as_array().unwrap().last().unwrap()["receipt_no"].as_str().unwrap().to_owned()
}

/// A room of 梧桐里 changes hands today.
async fn sold(world: &World, room: &str) {
    let today = world.clock.now().day();
    let mut view = world.books.read().await.unwrap();
    let compound = property::compound(&mut view, "wutongli").await.unwrap();
    let dwelling = property::dwelling(&mut view, compound.id, room, today).await.unwrap();
    drop(view);
    let owner =
        NewOwner { name: "新业主".into(), id_no: "".into(), phone: "".into(), share: None };
    let clerk = Actor::operator();
    let request = Request::new("property.convey", (dwelling.no, owner, today));
    let conveyed = world.books.act(&clerk, compound.id, request, |tx, (no, owner, on)| {
        Box::pin(property::convey(tx, *no, std::slice::from_ref(owner), *on))
    });
    conveyed.await.unwrap();
}

on_both! {
    async fn a_receipt_is_the_same_byte_for_byte_however_long_ago(world: World) {
        summer(&world).await;
        let no = taken(&world, "20.00").await;
        world.catch_up();
        let asked = json!({ "no": no });
        let first = drawn(&world, "wutongli", "receipt", asked.clone()).await;
        let original = press::pdf::press(&first).unwrap();
        taken(&world, "10.00").await;
        let (said, bytes) = again(&world, &[&ticket(&first)], &[]).await;
        assert!(said.contains("与原件逐字节相同"), "{said}");
        assert!(bytes == original, "the head of the chain is that of the day it was printed");
        // By what stands on the paper it says the same; nobody typed the seal.
        let number = &first.proof.as_ref().unwrap().number;
        let typed = [first.check.as_str(), number, "--compound", "wutongli", "--printed-at", &first.printed_at.for_people()];
        let (said, _) = again(&world, &typed, &[]).await;
        assert!(said.contains("所载与原件相同"), "{said}");
        // A new edition of what did not change takes nothing's place.
        let folder = tempfile::tempdir().unwrap();
        let anew = folder.path().join("anew.txt");
        at(&world, &["report", "again", &ticket(&first), "--anew", "--out", anew.to_str().unwrap()]).await.must(0);
        let text = std::fs::read_to_string(&anew).unwrap();
        assert!(text.contains("所载相同") && !text.contains("代替校验码"), "{text}");

        // Once it is void its paper no longer agrees, and why is said first.
        let void = ["counter", "void", &no, "--compound", "wutongli", "--on", "2026-07-03", "--reason", "缴款人有误"];
        at(&world, &void).await.must(0);
        let said = at(&world, &["report", "check", &ticket(&first)]).await.must(1).out;
        assert!(said.contains("账簿现载【作废】") && said.contains("不符"), "{said}");
        let void = folder.path().join("void.pdf");
        let told = at(&world, &["report", "again", &ticket(&first), "--out", void.to_str().unwrap()]).await.must(1).err;
        assert!(told.contains("report.changed") && told.contains("--anew") && !void.exists(), "{told}");
    }

    async fn a_roll_is_found_by_its_code(world: World) {
        summer(&world).await;
        let no = taken(&world, "20.00").await;
        for paper in ["ticket", "half", "a4"] {
            let sheet = drawn(&world, "wutongli", "receipt", json!({ "no": no, "paper": paper })).await;
            let plain = sheet.check.replace('-', "");
            let number = sheet.proof.as_ref().unwrap().number.replace('（', "(");
            at(&world, &["report", "check", &plain, &number, "--compound", "wutongli"]).await.must(0);
        }
    }

    async fn a_number_that_is_another_papers_is_told(world: World) {
        summer(&world).await;
        notified(&world).await;
        let demand = drawn(&world, "wutongli", "demand", json!({ "no": "1" })).await;
        let typed = async |number: &str, more: &[&str]| {
            let asked = ["report", "check", &demand.check, number, "--compound", "wutongli"];
            at(&world, &[asked.as_slice(), more].concat()).await
        };
        for spelt in ["wutongli-1 1-1-301", "D1 WUTONGLI-1　１-1-301", "wutongli-1"] {
            typed(spelt, &[]).await.must(0);
        }
        for another in ["wutongli-1 1-1-302", "wutongli-1 1-1-301 2"] {
            let said = typed(another, &[]).await.must(1).out;
            assert!(said.contains("编号与这个校验码的单据不是同一件"), "{said}");
        }
        // What is said beside the number does not overrule it.
        let statement = drawn(&world, "wutongli", "statement", json!({ "room": "1-1-101" })).await;
        let asked = ["report", "check", &statement.check, "wutongli-1-1-102 2026-06-30", "--room", "1-1-101",
            "--compound", "wutongli", "--printed-at", "2026/6/30 9:00:00"];
        assert!(at(&world, &asked).await.must(1).out.contains("不是同一件"));
    }

    async fn a_demand_stays_what_it_was_after_it_is_paid(world: World) {
        summer(&world).await;
        notified(&world).await;
        let demand = drawn(&world, "wutongli", "demand", json!({ "no": "1" })).await;
        taken(&world, "65.79").await;
        let said = at(&world, &["report", "check", &ticket(&demand)]).await.must(0).out;
        assert!(said.contains("与账簿相符"), "{said}");
        let (_, bytes) = again(&world, &[&ticket(&demand)], &[]).await;
        assert!(bytes == press::pdf::press(&demand).unwrap());
    }

    async fn a_new_edition_says_what_changed_and_nothing_else(world: World) {
        summer(&world).await;
        let statement = drawn(&world, "wutongli", "statement", json!({ "room": "1-1-101" })).await;
        world.clock.set(Instant::parse("2026-07-15T09:00:00+08:00").unwrap());
        deposit(&world, 163_825, "2026-05-06").await;
        let said = at(&world, &["report", "check", &ticket(&statement)]).await.must(0).out;
        let before: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  原件  ")).collect();
        let after: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  现在  ")).collect();
        assert!(!before.is_empty() && before.len() == after.len(), "{said}");
        // Lines stand beside their own: a line of the one begins as that of the other, or stands alone.
        let word = |line: &str| line.chars().filter(|c| !c.is_ascii_digit() && !"-,. ".contains(*c)).take(2).collect::<String>();
        let own = before.iter().zip(&after).filter(|(b, a)| b.is_empty() || a.is_empty() || word(b) == word(a));
        assert_eq!(own.count(), before.len(), "{said}");
        assert!(after.iter().any(|line| line.contains("1,638.25")), "{said}");
        assert!(!before.iter().chain(&after).any(|line| !line.is_empty() && line.chars().all(|c| c == '-' || c == ' ')), "{said}");
    }

    async fn open_months_are_marked_and_days_to_come_refused(world: World) {
        summer(&world).await;
        for (name, asked) in [
            ("arrears-posted", json!({ "on": "2026-06-30" })),
            ("reconciliation", json!({ "on": "2026-06-30" })),
            ("collection", json!({ "from": "2026-06-01", "to": "2026-06-30" })),
            ("collection-detail", json!({ "from": "2026-06-01", "to": "2026-06-30" })),
        ] {
            let sheet = drawn(&world, "wutongli", name, asked.clone()).await;
            let warning = sheet.warning.as_ref().unwrap();
            assert!(warning.word.contains("未结账"), "{name}: {warning:?}");
            let number = sheet.proof.as_ref().unwrap().number.clone();
            let typed = ["report", "check", &sheet.check, &number, "--compound", "wutongli", "--printed-at", "2026-06-30 09:00:00"];
            at(&world, &typed).await.must(0);
        }
        // Once the month is closed the mark is gone; what was printed before is still known.
        let open = drawn(&world, "wutongli", "arrears-posted", json!({ "on": "2026-06-30" })).await;
        let mut month = Month::parse("2024-12").unwrap();
        while month.first_day() < day("2026-07-01") {
            at(&world, &["close", "--compound", "wutongli", "--book", "service", "--month", &month.to_string()]).await.must(0);
            month = month.next();
        }
        // The command line goes by the clock on the wall.
        let now = Clock::system().now();
        world.clock.set(now);
        let closed = drawn(&world, "wutongli", "arrears-posted", json!({ "on": "2026-06-30" })).await;
        assert!(closed.warning.is_none(), "{:?}", closed.warning);
        at(&world, &["report", "check", &ticket(&open)]).await.must(0);
        let tomorrow = (now.day() + chrono::Days::new(1)).to_string();
        for (name, more) in [
            ("arrears-posted", ["--on", &tomorrow]),
            ("reconciliation", ["--on", &tomorrow]),
            ("collection", ["--on", &tomorrow]),
            ("collection", ["--from", &tomorrow]),
        ] {
            let asked = [["report", name, "--compound", "wutongli"].as_slice(), &more].concat();
            let told = at(&world, &asked).await.must(1).err;
            assert!(told.contains("report.asked") && told.contains("在打印之日"), "{name}: {told}");
        }
        let ahead = ["report", "statement", "--compound", "wutongli", "--room", "1-1-101", "--to", &tomorrow];
        assert!(at(&world, &ahead).await.must(1).err.contains("report.asked"));
    }

    async fn a_ledger_of_grants_is_found_by_its_number(world: World) {
        summer(&world).await;
        let grants = drawn(&world, "wutongli", "grants", json!({})).await;
        let number = grants.proof.as_ref().unwrap().number.clone();
        at(&world, &["report", "check", &grants.check, &number, "--compound", "wutongli", "--printed-at", "2026-06-30 09:00:00"]).await.must(0);
        let doors = crate::doors::Doors::of(&world);
        doors.get("/report-batches/statement?format=xlsx").await.problem(400, "report.asked");
        doors.get("/fee-receipts?year=1948").await.problem(400, "door.shape");
        doors.get("/limitations?within=36501").await.problem(400, "door.shape");
        assert!(documents::known("grants").is_ok_and(|of| Order::default().may_be_of(of).is_ok()));
    }

    async fn an_old_paper_is_told_from_a_forged_one_whatever_it_is(world: World) {
        summer(&world).await;
        notified(&world).await;
        let of_summer = [
            ("demand", json!({ "no": "1" })),
            ("arrears-posted", json!({})),
            ("collection", json!({})),
            ("statement", json!({ "room": "1-1-301" })),
            ("grants", json!({})),
            ("reconciliation", json!({})),
        ];
        let mut papers = Vec::new();
        for (name, order) in of_summer {
            papers.push((name, drawn(&world, "wutongli", name, order).await));
        }
        // Days later the arrears are paid, money of an earlier month comes in, and a room gets another owner.
        world.catch_up();
        taken(&world, "65.79").await;
        deposit(&world, 1, "2026-06-15").await;
        sold(&world, "1-1-301").await;
        for (name, sheet) in &papers {
            let said = at(&world, &["report", "check", &ticket(sheet)]).await.must(0).out;
            let has_changed = said.contains("前后见下");
            assert!(has_changed || said.contains("没有影响本单的变动"), "{name}: {said}");
            assert_eq!(has_changed, said.contains("  原件  "), "{name}: {said}");
            let (_, bytes) = again(&world, &[&ticket(sheet)], &[]).await;
            assert!(bytes == press::pdf::press(sheet).unwrap(), "{name} byte for byte");
        }
        let whole = ticket(&papers[1].1);
        let (rest, query) = whole.split_once(';').unwrap();
        let (code, _) = rest.rsplit_once('-').unwrap();
        let forged = format!("{code}-0000;{query}");
        let said = at(&world, &["report", "check", &forged]).await.must(1).out;
        assert!(said.contains("不符：账簿当时所载") && said.contains("65.79"), "{said}");
        let posted = at(&world, &["report", "check", &ticket(&papers[1].1)]).await.must(0).out;
        for line in ["原件  合计 65.79", "现在  没有逾期欠费", "此后物业服务费新增凭证 1 张"] {
            assert!(posted.contains(line), "{line}: {posted}");
        }
        // The owner of that day stands on the statement of that day.
        let told = at(&world, &["report", "check", &ticket(&papers[3].1)]).await.must(0).out;
        assert!(told.contains("与当时的账簿相符；此后账簿有变动"), "{told}");
    }

    async fn an_owner_checks_the_papers_they_hold_and_learns_no_more(world: World) {
        summer(&world).await;
        notified(&world).await;
        let mut papers = Vec::new();
        for (name, order) in [
            ("statement", json!({ "room": "1-1-301" })),
            ("demand", json!({ "no": "1" })),
            ("collection", json!({})),
            ("statement", json!({ "room": "1-1-101" })),
        ] {
            papers.push(drawn(&world, "wutongli", name, order).await);
        }
        let [own, demand, posted, neighbours] = papers.try_into().unwrap();
        world.catch_up();
        let mut view = world.books.read().await.unwrap();
        let compound = property::compound(&mut view, "wutongli").await.unwrap();
        let home = property::dwelling(&mut view, compound.id, "1-1-301", day("2026-07-01")).await.unwrap().no;
        drop(view);
        let desk = Desk::of(&world.books);
        desk.enlist("yezhu").await;
        let scope = Scope::Dwelling(compound.id, home);
        let mandate = desk.appoint("yezhu", Role::Owner, scope, "2020-01-01", "").await.unwrap();
        let (_, token) = desk.token("yezhu", mandate, "2026-12-31T00:00:00Z").await.unwrap();
        let doors = Doors::of(&world);
        let asked = async |code: &str| {
            let code: String = url::form_urlencoded::byte_serialize(code.as_bytes()).collect();
            let path = format!("/api/v1/compounds/wutongli/dwellings/1-1-301/report-check?code={code}");
            doors.knock(&token, "GET", &path, None).await.must(200)
        };
        for sheet in [&own, &demand, &posted, &neighbours] {
            let said = asked(&ticket(sheet)).await;
            assert_eq!((&said["agrees"], &said["drawn"]), (&json!(true), &json!(sheet.check)), "{said}");
            assert_eq!(said["text"], press::text::press(sheet), "whoever holds it has read it");
        }
        // A code that nobody printed proves no holding: nothing of the books is told, but of one's own dwelling all.
        let forged = |sheet: &Sheet| ticket(sheet).replacen(&sheet.check[sheet.check.len() - 4..], "0000", 1);
        for sheet in [&demand, &posted, &neighbours] {
            let said = asked(&forged(sheet)).await;
            assert_eq!((&said["agrees"], &said["text"], &said["drawn"]), (&json!(false), &json!(""), &json!("")));
            assert_eq!((&said["changes"], &said["because"]), (&json!([]), &json!([])), "{said}");
        }
        let said = asked(&forged(&own)).await;
        assert_eq!((&said["agrees"], &said["drawn"]), (&json!(false), &json!(own.check)));
        assert!(!said["because"].to_string().contains("凭证"), "what others did is not theirs to know: {said}");
        // What is not there is answered as what is: nobody learns which numbers, rooms and months the books hold.
        let neutral = asked(&forged(&demand)).await["says"].clone();
        for nothing in [
            "D1-0000-0000;demand?compound=wutongli&no=77", "D2-0000-0000;receipt?compound=wutongli&no=2026-000999",
            "D6-0000-0000;statement?compound=wutongli&room=9-9-999", "D5-0000-0000;shares?compound=wutongli&no=1",
            "W01-0000-0000;statutory?compound=wutongli&form=01&period=2026-09", "D11-0000-0000;yearly?compound=wutongli&year=2031",
        ] {
            let said = asked(&format!("xiaoqu:{nothing}&at={}", own.printed_at.seconds())).await;
            assert_eq!((&said["says"], &said["text"], &said["because"]), (&neutral, &json!(""), &json!([])), "{nothing}");
        }
        // Half a seal is none: a chain is not to be felt along letter by letter.
        let (rest, _) = ticket(&own).rsplit_once('.').map(|(rest, head)| (rest.to_owned(), head.to_owned())).unwrap();
        for head in ["", "0", "00000000000000000", "zzzzzzzzzzzzzzzz"] {
            let code: String = url::form_urlencoded::byte_serialize(format!("{rest}.{head}").as_bytes()).collect();
            let path = format!("/api/v1/compounds/wutongli/dwellings/1-1-301/report-check?code={code}");
            doors.knock(&token, "GET", &path, None).await.problem(400, "report.code");
        }

        deposit(&world, 1, "2026-06-15").await;
        taken(&world, "65.79").await;
        let said = asked(&ticket(&neighbours)).await;
        assert_eq!((&said["agrees"], &said["is_current"], &said["changes"]), (&json!(true), &json!(false), &json!([])));
        assert!(said["says"].as_str().unwrap().ends_with("前后请到物业公司或业主委员会查看"), "{said}");
        // A seal that was the head before the paper was printed is not its seal.
        world.clock.set(Instant::from_seconds(world.clock.now().seconds() + 60));
        let newer = ticket(&drawn(&world, "wutongli", "statement", json!({ "room": "1-1-301" })).await);
        assert_eq!(asked(&newer).await["agrees"], true);
        let (_, old_seal) = ticket(&own).rsplit_once(";seal=").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let (rest, _) = newer.rsplit_once(";seal=").unwrap();
        let said = asked(&format!("{rest};seal={old_seal}")).await;
        assert_eq!(said["agrees"], false, "{said}");
        let ahead = ["report", "statement", "--compound", "wutongli", "--room", "1-1-301", "--known-at", "2199-01-01T00:00:00Z"];
        assert!(at(&world, &ahead).await.must(1).err.contains("在打印的时刻之后"));
        let path = format!("/api/v1/compounds/wutongli/dwellings/1-1-101/report-check?code={}", own.check);
        doors.knock(&token, "GET", &path, None).await.problem(403, "door.dwelling");
        let path = format!("/api/v1/compounds/wutongli/report-check?code={}", own.check);
        doors.knock(&token, "GET", &path, None).await.problem(403, "door.role");
    }
}
