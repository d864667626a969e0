//! The accounts: the worked year to the fen, the cross-checks run into, the yearly notice, the tie of bank, ledger and
//! dwellings; through the verbs, the doors and the command line.

use ledger::accounts::{self, Code, DifferenceKind, Statements};
use ledger::books::{Actor, Request};
use ledger::calendar::Month;
use ledger::error::Result;
use ledger::id::{CompoundId, VoucherSeq};
use ledger::journal::{self, Book, Entry, Kind, Line, Side};
use ledger::money::Money;
use ledger::property::{self, AreaKind, Compound, Locating, NewArea};
use reports::notice::{self, Public};
use reports::press;
use reports::statutory::{self, Head};

use crate::cli::{at, file};
use crate::doors::Doors;
use crate::on_both;
use crate::printed::proved;
use crate::world::{World, day, deposit_entry};

const CASE: &str = include_str!("../cases/worked-year.txt");

pub fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

/// A voucher as the case files write it: `day kind memo ; side account[@room] yuan ; …`.
pub async fn post(world: &World, text: &str) {
    let mut parts = text.split(" ; ");
    let mut head = parts.next().unwrap().splitn(3, ' ');
    let (on, kind, memo) =
        (head.next().unwrap(), head.next().unwrap(), head.next().unwrap_or("调整"));
    let mut lines = Vec::new();
    for part in parts {
        let words: Vec<&str> = part.split(' ').collect();
        let [side, account, yuan] = words[..] else { panic!("{part}") };
        let (account, room) =
            account.split_once('@').map_or((account, None), |(a, r)| (a, Some(r)));
        let line = Line::debit(account.parse().unwrap(), Money::parse(yuan).unwrap());
        let line = Line { side: if side == "D" { Side::Debit } else { Side::Credit }, ..line };
        lines.push(match room {
            Some(room) => line.of(world.dwelling(room).await),
            None => line,
        });
    }
    let entry = Entry {
        book: Book::Fund,
        effective_on: day(on),
        kind: Kind::named(kind).unwrap(),
        memo: memo.to_owned(),
        source: String::new(),
        evidence: String::new(),
        lines,
    };
    world.post(entry).await.unwrap();
}

pub async fn close_in(world: &World, compound: CompoundId, months: &[&str]) {
    for text in months {
        let request = Request::new("journal.close", month(text)).alone();
        let operator = Actor::operator();
        let closed = world.books.act(&operator, compound, request, |tx, month: &Month| {
            Box::pin(journal::close(tx, Book::Fund, *month))
        });
        closed.await.unwrap();
    }
}

pub async fn close(world: &World, months: &[&str]) {
    close_in(world, world.compound, months).await;
}

pub const YEAR: [&str; 12] = [
    "2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06", "2025-07", "2025-08",
    "2025-09", "2025-10", "2025-11", "2025-12",
];

async fn worked_year(world: &World) {
    for line in CASE.lines() {
        if let Some(voucher) = line.strip_prefix("voucher ") {
            post(world, voucher).await;
        }
    }
    close(world, &YEAR).await;
}

async fn drawn(world: &World, text: &str) -> Result<Statements> {
    let mut view = world.books.read().await.unwrap();
    let of = [(world.compound, "小河里小区".to_owned())];
    accounts::statements(&mut view, &of, month(text)).await
}

async fn home(world: &World) -> Compound {
    let mut view = world.books.read().await.unwrap();
    property::compound(&mut view, "xiaohe").await.unwrap()
}

fn form(name: &str) -> Code {
    Code::ALL.into_iter().find(|code| code.name() == name).unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("refused").code()
}

on_both! {
    async fn the_worked_year_comes_out_to_the_fen(world: World) {
        worked_year(&world).await;
        let statements = drawn(&world, "2025-12").await.unwrap();
        let mut compared = 0;
        for line in CASE.lines().filter_map(|line| line.strip_prefix("want ")) {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, key, column, yuan] = words[..] else { panic!("{line}") };
            let found = statements.lines(form(name)).iter().find(|l| l.key == key).unwrap();
            let amount = found.amounts_fen[column.parse::<usize>().unwrap()];
            assert_eq!(amount, Money::parse(yuan).unwrap(), "{line}");
            compared += 1;
        }
        assert_eq!(compared, 53);
        assert_eq!(statements.checks.len(), 7);
        assert!(statements.checks.iter().all(|check| check.is_passed));
        let head = Head {
            fund: "小河里小区".to_owned(), prepared_by: String::new(), compounds: Vec::new(), printed_at: world.clock.now(),
        };
        for code in Code::ALL {
            let sheet = statutory::set(&statements, code, &head).unwrap();
            proved(&format!("statutory-{code}"), &sheet);
            if world.backend == crate::world::Backend::Sqlite {
                crate::printed::opened(&sheet);
            }
        }
        let mut torn = statements.clone();
        torn.checks[3].is_passed = false;
        assert!(matches!(statutory::set(&torn, Code::BalanceSheet, &head), Err(reports::Error::CheckFailed(_))));
    }

    async fn months_add_up_to_the_year_and_only_closed_ones_are_told(world: World) {
        worked_year(&world).await;
        let mut income = Money::ZERO;
        for text in YEAR {
            let statements = drawn(&world, text).await.unwrap();
            income += statements.amount(Code::IncomeAndExpenditure, "surplus", 0);
            assert_eq!(statements.amount(Code::IncomeAndExpenditure, "surplus", 1), income, "{text}");
        }
        assert_eq!(income, Money::parse("197700.00").unwrap());
        assert_eq!(code(drawn(&world, "2026-01").await), "accounts.not-closed");
        assert_eq!(code(drawn(&world, "2024-12").await), "accounts.not-closed");
        let monthly = accounts::may_print(Code::ChangesInNetAssets, month("2025-06"));
        assert_eq!(monthly.unwrap_err().code(), "accounts.yearly");
    }

    async fn books_taken_over_corrections_and_gains_spent_stand_where_they_belong(world: World) {
        // Nobody closed 2024 before the books came here; the first close takes it along, and it is no income of 2025.
        post(&world, "2024-05-01 deposit 交存 ; D 1001 1000.00 ; C 400101@1-1-101 1000.00").await;
        post(&world, "2024-06-21 other 利息 ; D 1001 50.00 ; C 410101 50.00").await;
        post(&world, "2025-01-15 deposit 交存 ; D 1001 300.00 ; C 400101@1-1-102 300.00").await;
        post(&world, "2025-02-01 gains 分配 ; D 310101 40.00 ; C 3001@1-1-101 40.00").await;
        close(&world, &["2025-02"]).await;
        // 上年少记的交存, found in March: straight to net assets, and the year's beginning is restated.
        post(&world, "2025-03-01 other 更正上年 ; D 1001 7.00 ; C 300101@1-1-101 7.00").await;
        post(&world, "2025-03-02 repair 维修，先用收益 ; D 3001@1-1-101 10.00 ; D 500101@1-1-101 20.00 ; C 1001 30.00").await;
        close(&world, &["2025-03"]).await;
        let s = drawn(&world, "2025-03").await.unwrap();
        let yuan = |code, key, column| s.amount(code, key, column).to_string();
        assert_eq!(yuan(Code::IncomeAndExpenditure, "deposits", 1), "300.00");
        assert_eq!(yuan(Code::IncomeAndExpenditure, "repairs", 0), "30.00");
        assert_eq!(yuan(Code::ChangesInNetAssets, "last-year", 3), "1050.00");
        assert_eq!(yuan(Code::ChangesInNetAssets, "adjusted", 3), "7.00");
        assert_eq!(yuan(Code::BalanceSheet, "net-assets", 0), "1057.00");
        assert_eq!(yuan(Code::BalanceSheet, "bank", 0), "1057.00");
        assert_eq!(yuan(Code::BalanceSheet, "net-assets", 1), "1327.00");
    }

    async fn what_is_of_an_earlier_year_is_no_income_of_this_one(world: World) {
        post(&world, "2024-05-01 deposit 交存 ; D 1001 1000.00 ; C 400101@1-1-101 1000.00").await;
        post(&world, "2024-06-01 deposit 误记 ; D 1001 400.00 ; C 400101@1-1-102 400.00").await;
        close(&world, &["2024-12"]).await;
        // The year is closed: a reversal of its voucher and a repair of its November arrive late.
        let done = world.act("journal.reverse", 0, |tx, _| Box::pin(async move {
            journal::reverse(tx, Book::Fund, VoucherSeq(2), day("2025-01-08"), journal::Style::Red, "误记").await
        }));
        done.await.unwrap();
        post(&world, "2024-11-30 repair 上年维修 ; D 500101@1-1-101 30.00 ; C 1001 30.00").await;
        post(&world, "2025-05-01 repair 本年维修 ; D 500101@1-1-101 5.00 ; C 1001 5.00").await;
        close(&world, &YEAR).await;
        let s = drawn(&world, "2025-12").await.unwrap();
        let yuan = |code, key, column| s.amount(code, key, column).to_string();
        assert_eq!(yuan(Code::IncomeAndExpenditure, "deposits", 1), "0.00");
        assert_eq!(yuan(Code::IncomeAndExpenditure, "repairs", 1), "5.00");
        assert_eq!(yuan(Code::ChangesInNetAssets, "last-year", 3), "1400.00");
        assert_eq!(yuan(Code::ChangesInNetAssets, "adjusted", 3), "-430.00");
        assert_eq!(yuan(Code::BalanceSheet, "bank", 0), "970.00");
        assert_eq!(yuan(Code::BalanceSheet, "bank", 1), "965.00");
        let head = Head {
            fund: "小河里小区".to_owned(), prepared_by: "区房管局".to_owned(), compounds: Vec::new(), printed_at: world.clock.now(),
        };
        let text = press::text::press(&statutory::set(&s, Code::ChangesInNetAssets, &head).unwrap());
        assert!(!text.contains("已售公有住房维修资金") && text.contains("已按以前年度调整更正"), "{text}");
        let compound = home(&world).await;
        let mut view = world.books.read().await.unwrap();
        let told = accounts::notice(&mut view, &compound, 2025).await.unwrap();
        assert_eq!((told.uses.len(), told.dwellings[1].moved_fen.to_string()), (1, "-400.00".to_owned()));
    }

    async fn a_statement_whose_checks_fail_is_refused(world: World) {
        let refused = post(&world, "2025-12-05 refund 上年退房误记交存 ; D 400101@1-1-101 5.00 ; C 1001 5.00");
        refused.await;
        close(&world, &["2025-12"]).await;
        let refusal = drawn(&world, "2025-12").await.unwrap_err();
        assert_eq!(refusal.code(), "accounts.check-failed");
        assert!(refusal.to_string().contains("校验 7"), "{refusal}");
        let mut view = world.books.read().await.unwrap();
        let none = accounts::statements(&mut view, &[], month("2025-12")).await;
        assert_eq!(code(none), "accounts.no-compound");
    }

    async fn gains_that_come_from_nowhere_are_seen(world: World) {
        post(&world, "2025-12-05 gains 凭空分配 ; D 1001 5.00 ; C 3001@1-1-101 5.00").await;
        close(&world, &["2025-12"]).await;
        let refusal = drawn(&world, "2025-12").await.unwrap_err();
        assert!(refusal.to_string().contains("校验 3"), "{refusal}");
    }

    async fn an_area_is_the_sum_of_its_compounds(world: World) {
        worked_year(&world).await;
        let second = world.found("er", "二小区").await;
        close_in(&world, second, &["2025-12"]).await;
        let mut view = world.books.read().await.unwrap();
        let both = [(world.compound, "一".to_owned()), (second, "二".to_owned())];
        let sum = accounts::statements(&mut view, &both, month("2025-12")).await.unwrap();
        let own = drawn(&world, "2025-12").await.unwrap();
        assert_eq!((sum.lines(Code::BalanceSheet), sum.seals.len()), (own.lines(Code::BalanceSheet), 2));
        let twice = [(world.compound, "一".to_owned()), (world.compound, "一".to_owned())];
        let sum = accounts::statements(&mut view, &twice, month("2025-12")).await.unwrap();
        assert_eq!(sum.amount(Code::BalanceSheet, "claims", 1), Money::parse("2098400.00").unwrap());
        drop(view);

        // By the doors: the compounds of an area that the caller reads, and none is told as none.
        let operator = Actor::operator();
        let city = NewArea { kind: AreaKind::City, code: "33".into(), name: "市".into(), parent: None };
        let request = Request::new("property.draw-area", city);
        let drawn = world.books.act(&operator, CompoundId::OFFICE, request, |tx, city| Box::pin(property::draw_area(tx, city)));
        drawn.await.unwrap();
        let doors = Doors::of(&world);
        let path = "/api/v1/statutory/01?area=33&period=2025-12";
        doors.get(path).await.problem(404, "accounts.no-compound");
        for compound in [world.compound, second] {
            let request = Request::new("property.locate", Locating { compound, area: "33".into() });
            let located = world.books.act(&operator, CompoundId::OFFICE, request, |tx, at| Box::pin(property::locate(tx, at)));
            located.await.unwrap();
        }
        let told = doors.get(path).await.must(200);
        assert_eq!(told["seals"].as_array().unwrap().len(), 2);
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("area.txt");
        let asked = ["report", "statutory", "--form", "01", "--area", "33", "--period", "2025-12", "--out", out.to_str().unwrap()];
        at(&world, &asked).await.must(0);
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(text.contains("汇总 2 个小区") && text.contains("二小区") && text.contains("1,049,200.00"), "{text}");

        // Its QR asks for the sum again, at either door.
        let mut view = world.books.read().await.unwrap();
        let (name, compounds) = xiaoqu::accounts::of_area(&mut view, "33").await.unwrap();
        let order = serde_json::from_value(serde_json::json!({ "form": "01", "period": "2025-12" })).unwrap();
        let now = world.clock.now();
        let sheet = xiaoqu::documents::of_area(&mut view, ("33", &name), &compounds, &order, now).await.unwrap();
        drop(view);
        let ticket = sheet.proof.as_ref().unwrap().ticket();
        assert!(ticket.contains("statutory?area=33&"), "{ticket}");
        at(&world, &["report", "check", &ticket]).await.must(0);
        let code: String = url::form_urlencoded::byte_serialize(ticket.as_bytes()).collect();
        assert_eq!(doors.get(&format!("/api/v1/report-check?code={code}")).await.must(200)["agrees"], true);
        doors.get(&format!("/report-check?code={code}")).await.problem(400, "report.code");
        let again = folder.path().join("again.pdf");
        at(&world, &["report", "again", &ticket, "--out", again.to_str().unwrap()]).await.must(0);
        assert_eq!(std::fs::read(&again).unwrap(), press::pdf::press(&sheet).unwrap());
    }

    async fn the_yearly_notice_ties_every_dwelling_to_the_statements(world: World) {
        worked_year(&world).await;
        let compound = home(&world).await;
        let mut view = world.books.read().await.unwrap();
        let told = accounts::notice(&mut view, &compound, 2025).await.unwrap();
        assert_eq!(told.dwellings.len(), 12);
        assert_eq!((told.uses.len(), told.uses[0].shares.len()), (2, 2));
        let first = &told.dwellings[0];
        let figures = [first.opening_fen, first.deposited_fen, first.used_fen, first.gained_fen, first.returned_fen, first.moved_fen, first.closing_fen];
        let yuan: Vec<String> = figures.iter().map(|m| m.to_string()).collect();
        assert_eq!(yuan, ["900000.00", "195000.00", "37800.00", "40000.00", "7000.00", "-150000.00", "940200.00"]);
        assert_eq!(told.undistributed_fen.to_string(), "18500.00");
        let sheet = notice::set(&told, "小河里小区", Public::Yes, &notice::objections(), world.clock.now()).unwrap();
        proved("notice", &sheet);
        let text = press::text::press(&sheet);
        assert!(!text.contains("1-1-101"), "{text}");
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("pack");
        let pack = ["report", "audit-pack", "--compound", "xiaohe", "--year", "2025", "--out", out.to_str().unwrap()];
        // The worked year was posted past the doors, which the verdict in the pack says.
        assert!(at(&world, &pack).await.must(1).out.contains("19 个文件及摘要清单，核验有误"));
        let sums = std::fs::read_to_string(out.join("SHA256SUMS")).unwrap();
        assert!(sums.contains("会住维01表.pdf") && sums.contains(".journal") && sums.lines().count() == 19, "{sums}");
        let asked = serde_json::json!({ "year": 2025 });
        proved("yearly", &crate::printed::drawn(&world, "xiaohe", "yearly", asked).await);
        assert_eq!(code(accounts::notice(&mut view, &compound, 2024).await), "accounts.not-closed");
    }

    async fn bank_ledger_and_dwellings_are_tied(world: World) {
        let room = world.dwelling("1-1-101").await;
        world.post(deposit_entry(room, 120_000, "2025-12-20")).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let csv = "交易时间,收入金额,支出金额,账户余额,对方户名,摘要\n\
                   2026-01-02 10:00:00,300.00,,1500.00,张三,维修资金 1-1-102\n\
                   2026-01-03 10:00:00,25.00,,1525.00,某银行,结息\n";
        let lines = file(&folder, "bank.csv", csv);
        let lines = lines.to_str().unwrap();
        at(&world, &["import", "bank", lines, "--compound", "xiaohe"]).await.must(0);
        at(&world, &["deposit", "--compound", "xiaohe", "--room", "1-1-102", "--line", "1"]).await.must(0);
        post(&world, "2026-01-04 other 利息 ; D 1001 6.00 ; C 410101 6.00").await;

        let mut view = world.books.read().await.unwrap();
        let tie = accounts::tie(&mut view, world.compound, day("2026-01-05")).await.unwrap();
        let told: Vec<(DifferenceKind, i64, i64)> =
            tie.bank_gaps.iter().chain(&tie.dwelling_gaps).map(|g| (g.kind, g.days, g.amount_fen.in_fen())).collect();
        use DifferenceKind::{InTransit, Unclaimed, Undistributed};
        assert_eq!(told, [(Unclaimed, 2, 2_500), (InTransit, 1, -600), (Undistributed, 1, 600)]);
        assert_eq!(tie.bank_fen, Some(Money::fen(152_500)));
        assert!(tie.is_explained);
        drop(view);
        let sheet = reports::tie::set(&tie, "小河里小区", world.clock.now(), None);
        proved("reconciliation-worked", &sheet);

        let said = at(&world, &["reconcile", "--compound", "xiaohe", "--on", "2026-01-05"]).await.must(0);
        assert!(said.out.contains("暂存款 2026-01-03 2 天") && said.out.contains("对账相符"), "{}", said.out);
        // Before any line there is nothing to tie to, and that is no explanation.
        let out = folder.path().join("tie.txt");
        let out = out.to_str().unwrap();
        let said = at(&world, &["reconcile", "--compound", "xiaohe", "--on", "2025-12-31", "--json", "--out", out]).await.must(1);
        assert!(std::fs::read_to_string(out).unwrap().contains("【不符、未结账】"));
        assert_eq!(said.json()["bank_gaps"][0]["kind"], "no-statement");
        let doors = Doors::of(&world);
        let told = doors.get("/reconciliation?on=2026-01-05").await.must(200);
        assert_eq!(told["is_explained"], true);
        let paper = doors.get("/reconciliation?on=2026-01-05&format=xlsx").await;
        assert!(paper.text().starts_with("PK"), "{}", paper.text());
    }

    async fn reports_leave_by_the_doors_and_the_command_line(world: World) {
        worked_year(&world).await;
        let doors = Doors::of(&world);
        let told = doors.get("/statutory/01?period=2025-12").await.must(200);
        assert_eq!(told["checks"].as_array().unwrap().len(), 7);
        for (format, start) in [("pdf", "%PDF"), ("text", " "), ("csv", "\u{feff}"), ("xlsx", "PK")] {
            for path in ["/statutory/03?period=2025-12", "/annual-notice?year=2025&public=true"] {
                let answer = doors.get(&format!("{path}&format={format}")).await;
                assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
                assert!(answer.text().starts_with(start), "{path} {format}");
            }
        }
        doors.get("/statutory/03?period=2025-06").await.problem(422, "accounts.yearly");
        doors.get("/statutory/02?period=2026-01").await.problem(422, "accounts.not-closed");
        doors.get("/api/v1/statutory/02?area=99&period=2025-12").await.problem(404, "property.no-area");
        // On the board no row says which room it is: not by its code, not by its place.
        let whole = doors.get("/annual-notice?year=2025").await.must(200);
        let public = doors.get("/annual-notice?year=2025&public=true").await.must(200);
        let rows = public["dwellings"].as_array().unwrap();
        assert_eq!(rows.len(), whole["dwellings"].as_array().unwrap().len());
        assert!(rows.iter().all(|row| row["room"] == "1 幢"), "{public}");
        let closing: Vec<i64> = rows.iter().map(|row| row["closing_fen"].as_i64().unwrap()).collect();
        assert!(closing.is_sorted(), "by figures: {closing:?}");
        let text = doors.get("/annual-notice?year=2025&public=true&format=text").await.text();
        for row in whole["dwellings"].as_array().unwrap() {
            let room = row["room"].as_str().unwrap();
            assert!(!public.to_string().contains(room) && !text.contains(room), "{room}");
        }

        let folder = tempfile::tempdir().unwrap();
        for name in ["a.pdf", "a.txt", "a.csv", "a.xlsx"] {
            let path = folder.path().join(name);
            let path = path.to_str().unwrap();
            let asked = ["report", "statutory", "--form", "02", "--compound", "xiaohe", "--period", "2025-12", "--out", path];
            let said = at(&world, &asked).await.must(0);
            assert!(said.out.contains("校验 6") && said.out.contains("通过"), "{}", said.out);
            assert!(std::fs::metadata(path).unwrap().len() > 100);
        }
        let path = folder.path().join("n.pdf");
        let path = path.to_str().unwrap();
        let asked = ["report", "notice", "--compound", "xiaohe", "--year", "2025", "--public", "--out", path];
        assert!(at(&world, &asked).await.must(0).out.contains("校验 11"));
        let asked = ["report", "statutory", "--form", "03", "--compound", "xiaohe", "--period", "2025-06", "--out", path];
        assert!(at(&world, &asked).await.must(1).err.contains("accounts.yearly"));
        let asked = ["report", "statutory", "--form", "03", "--compound", "xiaohe", "--period", "2025-06", "--out", "x.doc"];
        at(&world, &asked).await.must(2);
    }
}

on_both! {
    async fn a_month_of_before_the_books_is_not_one_to_be_closed(world: World) {
        let told = async |month: &str| {
            let refused = drawn(&world, month).await.unwrap_err();
            let refusal = refused.refusal().unwrap();
            assert_eq!(refusal.code(), "accounts.not-closed");
            (refusal.evidence.clone(), refusal.remedy().to_owned())
        };
        let (evidence, _) = told("2024-12").await;
        assert_eq!(evidence, "小河里小区 尚未结账，没有可以编报的月份");
        worked_year(&world).await;
        let (evidence, remedy) = told("2024-12").await;
        assert_eq!(evidence, "小河里小区 的账簿自 2025-01 起按月结账；2024-12 在此之前，不单独编报");
        assert!(remedy.contains("2025-01 或之后") && !remedy.contains("先按月结账"), "{remedy}");
        let (evidence, remedy) = told("2026-01").await;
        assert_eq!(evidence, "小河里小区 的 2026-01 未结账，已结账至 2025-12");
        assert!(remedy.contains("先按月结账"), "{remedy}");
        let said = at(&world, &["report", "notice", "--compound", "xiaohe", "--year", "2024"]).await.must(1);
        assert!(said.err.contains("账簿自 2025-01 起") && !said.err.contains("先按月结账"), "{}", said.err);

        // The form stands with the code, as on its paper: beside the month it would read as a day.
        let paper = Doors::of(&world).get("/reports/statutory?form=01&period=2025-12&format=text").await;
        let name = "inline; filename=\"W01-statutory-xiaohe-2025-12.txt\"";
        assert_eq!(paper.headers["content-disposition"], name, "{}", paper.text());
    }
}
