//! A compound's own files, as the office keeps them (`api/demo/wutongli`), taken into the books.

use std::path::PathBuf;
use std::sync::Arc;

use ledger::books::{Actor, Books, Request};
use ledger::error::Result;
use ledger::fund::{self, DepositKind};
use ledger::id::ImportNo;
use ledger::import::{self, Kind, Report, Terms};
use ledger::intake::File;
use ledger::journal::{self, AsOf, Book};
use ledger::life::{self, CertificateKind, Certifying};
use ledger::money::Money;
use ledger::property;
use serde_json::Value;

use crate::on_both;
use crate::world::{World, day};

fn sample(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../api/demo/wutongli").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn totals() -> Value {
    serde_json::from_slice(&sample("totals.json")).unwrap()
}

const FILES: [(Kind, &str); 4] = [
    (Kind::Register, "房产清册.xlsx"),
    (Kind::Deposits, "交存明细.csv"),
    (Kind::Fees, "收费明细.xlsx"),
    (Kind::Bank, "工行维修资金专户_2026上半年.csv"),
];

fn terms(good_rows: bool) -> Terms {
    Terms { compound: "wutongli".to_owned(), name: None, good_rows, book: Book::Fund }
}

async fn take(
    books: &Books,
    kind: Kind,
    name: &str,
    bytes: &[u8],
    good_rows: bool,
) -> Result<Report> {
    let terms = terms(good_rows);
    let reading = import::read(kind, File { name, bytes }, &terms)?;
    import::commit(books, &Actor::operator(), Arc::new(reading), &terms).await
}

/// The sample's bank statement runs to May 2026.
fn summer(world: &World) {
    world.clock.set(ledger::calendar::Instant::parse("2026-06-30T09:00:00+08:00").unwrap());
}

on_both! {
    async fn the_sample_compound_is_found_to_the_fen(world: World) {
        summer(&world);
        let totals = totals();
        let mut reports = Vec::new();
        for (kind, name) in FILES {
            let report = take(&world.books, kind, name, &sample(name), false).await.unwrap();
            assert!(report.committed, "{name}: {:?}", report.rejected);
            assert_eq!(report.rejected, [], "{name}");
            reports.push(serde_json::to_value(&report).unwrap());
        }
        let [register, deposits, fees, bank] = <[Value; 4]>::try_from(reports).unwrap();
        assert_eq!(register["compound_name"], totals["compound"]);
        assert_eq!(register["dwellings"], totals["units"]);
        assert_eq!(register["area_centi_m2"], totals["area_centi_m2"]);
        assert_eq!(register["unsold"], totals["unsold"]);
        assert_eq!(register["owners"], totals["distinct_owners_by_id"]);
        assert_eq!(register["sum_fen"], totals["deposit_due_fen"]);
        assert_eq!(deposits["rows"], totals["deposit_rows"]);
        assert_eq!(deposits["sum_fen"], totals["deposit_fen"]);
        assert_eq!(fees["rows"], totals["fee_rows"]);
        assert_eq!(fees["sum_fen"], totals["fee_paid_fen"]);
        assert_eq!(bank["rows"], totals["bank_rows"]);
        assert_eq!(bank["in_fen"], totals["bank_in_fen"]);
        assert_eq!(bank["out_fen"], totals["bank_out_fen"]);
        assert_eq!(bank["closing_fen"], totals["bank_closing_fen"]);
        assert_eq!(bank["matchable"], totals["bank_matchable_deposits"]);
        assert_eq!(bank["unidentified"], totals["bank_unidentified_rows"]);

        let mut view = world.books.read().await.unwrap();
        let compound = property::compound(&mut view, "wutongli").await.unwrap().id;
        let today = world.clock.now().day();
        let roll = property::roll(&mut view, compound, today).await.unwrap();
        let public = roll.iter().filter(|d| d.housing == property::Housing::SoldPublic).count();
        assert_eq!(public, totals["by_kind"]["已售公有住房"].as_u64().unwrap() as usize);
        let fund = journal::trial_balance(&mut view, compound, Book::Fund, AsOf::default()).await.unwrap();
        assert_eq!(fund.debit_fen.in_fen(), totals["deposit_fen"].as_i64().unwrap());
    }

    /// What is due, the arrears, the statement and the certificate of the sample say one thing, to the fen.
    async fn dues_arrears_statements_and_certificates_of_the_sample_agree(world: World) {
        summer(&world);
        let totals = totals();
        for (kind, name) in &FILES[..2] {
            take(&world.books, *kind, name, &sample(name), false).await.unwrap();
        }
        let mut view = world.books.read().await.unwrap();
        let compound = property::compound(&mut view, "wutongli").await.unwrap();
        let (today, now) = (world.clock.now().day(), world.clock.now());
        let roll = property::roll(&mut view, compound.id, today).await.unwrap();
        let dues = fund::dues(&mut view, compound.id, today, None).await.unwrap();
        let sum = |of: fn(&fund::Owing) -> Money| dues.iter().map(of).sum::<Money>().in_fen();
        let said = |name: &str| totals[name].as_i64().unwrap();
        assert_eq!(dues.len(), roll.len());
        assert!(dues.iter().all(|row| row.kind == DepositKind::Initial), "the file brings no top-up");
        assert_eq!(sum(|row| row.assessed), said("deposit_due_fen"));
        assert_eq!(sum(|row| row.paid), said("deposit_fen"));
        assert_eq!(sum(|row| row.owed), said("deposit_due_fen") - said("deposit_fen"));
        let arrears = fund::arrears_by_building(&dues);
        assert_eq!(arrears.iter().map(|b| b.owed_fen.in_fen()).sum::<i64>(), sum(|row| row.owed));
        let first = fund::first_deposits(&mut view, compound.id, today).await.unwrap();
        assert_eq!(first.values().copied().sum::<Money>().in_fen(), said("deposit_fen"));

        for (place, (row, dwelling)) in dues.iter().zip(&roll).enumerate() {
            assert_eq!(row.room, dwelling.code);
            let account = fund::account(&mut view, compound.id, dwelling.no, None, AsOf::default()).await.unwrap();
            let due = account.assessment.as_ref().map_or(Money::ZERO, |a| a.due);
            assert_eq!((row.assessed, row.paid), (due, account.first_paid), "{}", row.room);
            assert_eq!(row.owed, (due - account.first_paid).max(Money::ZERO), "{}", row.room);
            assert_eq!(row.since.is_some(), row.owed.is_positive(), "{}", row.room);
            if place % 9 == 0 {
                let period = reports::household::Period { from: None, to: today };
                let told = reports::household::gather(&mut view, &compound, dwelling, period, AsOf::default(), now);
                let told = told.await.unwrap();
                assert_eq!((told.first_due, told.first_paid), (row.assessed, row.paid), "{}", row.room);
            }
        }
        drop(view);
        let certify = async |row: &fund::Owing| {
            let asked = Certifying { room: row.room.to_string(), kind: CertificateKind::Clearance };
            let (request, operator) = (Request::new("life.certify", asked), Actor::operator());
            let done = world.books.act(&operator, compound.id, request, |tx, asked| Box::pin(life::certify(tx, asked)));
            done.await.map(|done| done.answer)
        };
        let owing = dues.iter().find(|row| row.owed.is_positive()).unwrap();
        assert_eq!(certify(owing).await.unwrap_err().code(), "life.arrears");
        // 1-1-301 paid in two parts, 783.25 each.
        let twice = dues.iter().find(|row| row.room.as_str() == "1-1-301").unwrap();
        assert_eq!((twice.paid.in_fen(), twice.owed), (156_650, Money::ZERO));
        let clear = certify(twice).await.unwrap();
        assert_eq!((clear.due_fen, clear.paid_fen), (twice.assessed, twice.paid));
    }

    /// A second instalment completes what was assessed at first; the rest is a top-up. Due since it was begun to be paid.
    async fn a_second_instalment_counts_for_the_first_deposit_up_to_what_is_assessed(world: World) {
        let terms = Terms { compound: "xiaohe".into(), name: None, good_rows: false, book: Book::Fund };
        let dues = async |room: &str| {
            let mut view = world.books.read().await.unwrap();
            let today = world.clock.now().day();
            let dues = fund::dues(&mut view, world.compound, today, None).await.unwrap();
            let of = |row: &fund::Owing| (row.paid.in_fen(), row.owed.in_fen(), row.since.map(|on| on.to_string()));
            dues.iter().find(|row| row.room.as_str() == room && row.kind == DepositKind::Initial).map(of).unwrap()
        };
        for (room, due_on) in [("1-1-101", None), ("1-1-102", None), ("1-1-201", Some(day("2012-05-01")))] {
            let due = Money::fen(100_000);
            let given = vec![fund::Assessment { dwelling_no: world.dwelling(room).await, due, standard: "60 元/㎡".into(), due_on }];
            world.act("fund.assess", given, |tx, a| Box::pin(fund::assess(tx, a))).await.unwrap();
        }
        assert_eq!(dues("1-1-101").await, (0, 100_000, Some("2026-01-05".into())), "nobody says since when: the day it was recorded");
        assert_eq!(dues("1-1-201").await, (0, 100_000, Some("2012-05-01".into())), "before it was handed over");
        let text = "小区名称,楼,单元,房屋,业主姓名,摘要,交易时间,交易金额,发票号\n\
            小河里小区,1栋,1单元,101,业主1111,开户,2010-01-02,400.00,P1\n\
            小河里小区,1栋,1单元,101,业主1111,缴存,2011-03-04,700.00,P2\n\
            小河里小区,1栋,1单元,102,业主1121,开户,2010-02-03,400.00,P3\n\
            小河里小区,1栋,1单元,102,业主1121,缴存,2011-02-03,500.00,P4\n";
        let reading = import::read(Kind::Deposits, File { name: "交存明细.csv", bytes: text.as_bytes() }, &terms).unwrap();
        import::commit(&world.books, &Actor::operator(), Arc::new(reading), &terms).await.unwrap();
        assert_eq!(dues("1-1-101").await, (100_000, 0, None));
        assert_eq!(dues("1-1-102").await, (90_000, 10_000, Some("2010-02-03".into())));
        let home = world.dwelling("1-1-101").await;
        let mut view = world.books.read().await.unwrap();
        let account = fund::account(&mut view, world.compound, home, None, AsOf::default()).await.unwrap();
        assert_eq!((account.first_paid.in_fen(), account.deposited.in_fen()), (100_000, 110_000));
        let first = fund::first_deposits(&mut view, world.compound, day("2026-01-05")).await.unwrap();
        assert_eq!(first[&home].in_fen(), 100_000, "a top-up raises no renewal line");
        drop(view);
        let laws = ledger::verify::verify(&world.books, None).await.unwrap();
        assert_eq!(laws.iter().find(|law| law.failed > 0), None);
        // Undone, all of it is as if it never came.
        let (request, operator) = (Request::new("import.undo", ImportNo(1)).alone(), Actor::operator());
        let undone = world.books.act(&operator, world.compound, request, |tx, no: &ImportNo| Box::pin(import::undo(tx, *no)));
        undone.await.unwrap();
        assert_eq!(dues("1-1-101").await, (0, 100_000, Some("2026-01-05".into())));
        let mut view = world.books.read().await.unwrap();
        let account = fund::account(&mut view, world.compound, home, None, AsOf::default()).await.unwrap();
        assert_eq!((account.first_paid.in_fen(), account.deposited.in_fen()), (0, 0));
    }

    async fn a_file_that_comes_again_changes_nothing(world: World) {
        summer(&world);
        for (kind, name) in FILES {
            take(&world.books, kind, name, &sample(name), false).await.unwrap();
        }
        for (kind, name) in FILES {
            let again = take(&world.books, kind, name, &sample(name), false).await.unwrap();
            assert_eq!((again.accepted, again.good, again.known), (0, 0, again.rows), "{name}");
            assert!(!again.committed && again.is_complete());
        }
    }

    async fn an_import_is_undone_and_may_come_again(world: World) {
        summer(&world);
        for (kind, name) in FILES {
            take(&world.books, kind, name, &sample(name), false).await.unwrap();
        }
        let mut view = world.books.read().await.unwrap();
        let compound = property::compound(&mut view, "wutongli").await.unwrap().id;
        drop(view);
        let undo = async |no: i32| {
            let request = Request::new("import.undo", ImportNo(no)).alone();
            world.books.act(&Actor::operator(), compound, request, |tx, no: &ImportNo| {
                Box::pin(import::undo(tx, *no))
            }).await
        };
        assert_eq!(undo(1).await.unwrap_err().code(), "import.in-use");
        assert_eq!(undo(9).await.unwrap_err().code(), "import.no-import");
        assert_eq!(undo(4).await.unwrap().answer.rows, 17);
        assert_eq!(undo(2).await.unwrap().answer.reversed, 423);
        assert_eq!(undo(2).await.unwrap_err().code(), "import.undone");
        assert!(undo(3).await.unwrap().answer.reversed > 2487);

        let mut view = world.books.read().await.unwrap();
        for book in [Book::Fund, Book::Service] {
            let trial = journal::trial_balance(&mut view, compound, book, AsOf::default()).await.unwrap();
            assert_eq!(trial.debit_fen.in_fen(), 0, "red letters leave no turnover");
        }
        drop(view);
        let again = take(&world.books, Kind::Deposits, "交存明细.csv", &sample("交存明细.csv"), false).await.unwrap();
        assert_eq!((again.good, again.rows, again.rejected.len()), (423, 423, 0), "{:?}", again.rejected.first());
        assert!(again.committed);
    }
}

on_both! {
    /// A register whose rooms another room names is not taken back from under it.
    async fn a_register_that_is_named_elsewhere_is_not_undone(world: World) {
        let register = "楼号,单元,房号,产权人,建筑面积,房屋性质\n1,1,101,王一,80.00,已售公有住房\n1,1,102,王二,81.00,已售公有住房\n";
        let terms = Terms { compound: "xin".into(), name: Some("新村".into()), good_rows: false, book: Book::Fund };
        let reading = import::read(Kind::Register, File { name: "房产清册.csv", bytes: register.as_bytes() }, &terms).unwrap();
        import::commit(&world.books, &Actor::operator(), Arc::new(reading), &terms).await.unwrap();
        let mut view = world.books.read().await.unwrap();
        let compound = property::compound(&mut view, "xin").await.unwrap().id;
        drop(view);
        let operator = Actor::operator();
        let room = property::RoomCode::parse("1-1-102").unwrap();
        let unit = fund::NewUnit { name: "一厂".into() };
        let enlisted = world.books.act(&operator, compound, Request::new("fund.enlist-unit", unit), |tx, unit| Box::pin(fund::enlist_unit(tx, unit)));
        let unit_no = enlisted.await.unwrap().answer;
        let shares = vec![fund::LegacyShare { room, amount_fen: Money::fen(60_000) }];
        let legacy = fund::NewLegacy { unit_no, amount_fen: Money::fen(60_000), shares, evidence: "清册".into() };
        let registered = world.books.act(&operator, compound, Request::new("fund.register-legacy", legacy), |tx, new| {
            Box::pin(async move { fund::register_legacy(tx, new).await.map(|_| ()) })
        });
        registered.await.unwrap();
        let request = Request::new("import.undo", ImportNo(1)).alone();
        let undone = world.books.act(&operator, compound, request, |tx, no: &ImportNo| Box::pin(import::undo(tx, *no)));
        let refused = undone.await.unwrap_err();
        assert_eq!(refused.code(), "import.in-use");
        assert!(refused.to_string().contains("房号 1-1-102 已列入原售房单位代管资金的分户明细"), "{refused}");
    }
}

on_both! {
    async fn after_the_sample_every_law_holds(world: World) {
        summer(&world);
        for (kind, name) in FILES {
            take(&world.books, kind, name, &sample(name), false).await.unwrap();
        }
        let laws = ledger::verify::verify(&world.books, None).await.unwrap();
        for law in &laws {
            assert_eq!((law.failed, &law.first), (0, &None), "{}", law.name);
        }
        let counted = |name: &str| laws.iter().find(|l| l.name == name).unwrap().checked;
        assert_eq!(counted("deposits-posted"), 423);
        assert_eq!(counted("payments-posted"), 2487);
        assert_eq!(counted("imports-whole"), 4);
    }

    async fn a_bad_row_keeps_the_file_out_or_only_itself(world: World) {
        let register = "楼号,单元,房号,产权人,身份证号,建筑面积,房屋性质\n\
                        1,1,101,王一,,80.00,商品住宅\n1,1,102,王二,,八十,商品住宅\n1,1,103,王三,,82.00,商品住宅\n";
        let name = "房产清册.csv";
        let mut terms = Terms { compound: "xin".into(), name: Some("新村".into()), good_rows: false, book: Book::Fund };
        let file = File { name, bytes: register.as_bytes() };
        let reading = Arc::new(import::read(Kind::Register, file, &terms).unwrap());
        let whole = import::commit(&world.books, &Actor::operator(), reading.clone(), &terms).await.unwrap();
        assert!(!whole.committed && whole.accepted == 0);
        assert_eq!((whole.rows, whole.good, whole.rejected[0].cell.as_str()), (3, 2, "F3"));
        assert_eq!(whole.refusal().unwrap().code(), "import.rejected-rows");
        let mut view = world.books.read().await.unwrap();
        assert_eq!(property::compound_by_code(&mut view, "xin").await.unwrap(), None, "nothing half-written");
        drop(view);

        terms.good_rows = true;
        let good = import::commit(&world.books, &Actor::operator(), reading.clone(), &terms).await.unwrap();
        assert!(good.committed);
        assert_eq!((good.accepted, good.rejected.len()), (2, 1));
        let rejects = String::from_utf8(reading.rejects_file(&good, file).unwrap().unwrap()).unwrap();
        assert!(rejects.contains("王二") && !rejects.contains("王三"), "{rejects}");

        // The mended file brings the one row that was missing; the others are known.
        let mended = register.replace("八十", "81.00");
        let reading = import::read(Kind::Register, File { name, bytes: mended.as_bytes() }, &terms).unwrap();
        let again = import::commit(&world.books, &Actor::operator(), Arc::new(reading), &terms).await.unwrap();
        assert_eq!((again.accepted, again.known), (1, 2));
    }

    async fn what_the_books_know_better_is_rejected_by_name(world: World) {
        let deposits = |rows: &str| format!("小区名称,楼,单元,房屋,业主姓名,摘要,交易时间,交易金额,发票号\n{rows}");
        let terms = Terms { compound: "xiaohe".into(), name: None, good_rows: true, book: Book::Fund };
        let codes = async |kind: Kind, name: &'static str, text: String| {
            let file = File { name, bytes: text.as_bytes() };
            let reading = import::read(kind, file, &terms).unwrap();
            let report = import::commit(&world.books, &Actor::operator(), Arc::new(reading), &terms).await.unwrap();
            report.rejected.iter().map(|r| r.code).collect::<Vec<_>>()
        };
        let rows = "小河里小区,1栋,1单元,101,业主1111,开户,2020-01-01,100.00,P1\n\
                    小河里小区,1栋,1单元,102,业主1121,开户,2020-01-01,100.00,P1\n\
                    小河里小区,9栋,1单元,101,某某,开户,2020-01-01,100.00,P3\n\
                    小河里小区,1栋,1单元,201,业主1211,开户,2030-01-01,100.00,P4\n\
                    小河里小区,1栋,1单元,202,业主1221,支用,2020-01-02,5.00,P5\n";
        assert_eq!(codes(Kind::Deposits, "交存明细.csv", deposits(rows)).await, [
            "import.receipt-used", "import.room-unknown", "import.short", "import.future-day",
        ]);
        let fees = "房屋,收费项目,开始时间,结束时间,缴费时间,应缴金额,实缴金额\n\
                    1-1-101,物业费,2025-01-01,2025-03-31,,90.00,90.00\n\
                    1-1-102,物业费,2025-01-01,2025-03-31,2025-02-01,90.00,50.00\n\
                    1-1-102,物业费,2025-01-01,2025-03-31,2025-03-01,91.00,40.00\n";
        assert_eq!(codes(Kind::Fees, "收费明细.csv", fees.to_owned()).await, ["import.no-payment-day", "import.due-differs"]);
        let register = "楼号,单元,房号,产权人,建筑面积,房屋性质\n1,1,101,业主1111,80.00,商品住宅\n";
        assert_eq!(codes(Kind::Register, "房产清册.csv", register.to_owned()).await, ["import.room-differs"]);

        let other = deposits("大河里小区,1栋,1单元,101,甲,开户,2020-01-01,100.00,P9\n");
        let reading = import::read(Kind::Deposits, File { name: "d.csv", bytes: other.as_bytes() }, &terms).unwrap();
        let refused = import::preview(&world.books, &reading, &terms).await.unwrap_err();
        assert_eq!(refused.code(), "import.other-compound");
        let nowhere = Terms { compound: "nowhere".into(), ..terms.clone() };
        let refused = import::preview(&world.books, &reading, &nowhere).await.unwrap_err();
        assert_eq!(refused.code(), "property.no-compound");
    }
}

on_both! {
    async fn a_rejected_row_is_told_by_the_cell_at_fault(world: World) {
        let terms = Terms { compound: "xiaohe".into(), name: None, good_rows: true, book: Book::Fund };
        let cells = async |kind: Kind, text: &str| {
            let file = File { name: "表.csv", bytes: text.as_bytes() };
            let reading = import::read(kind, file, &terms).unwrap();
            let report = import::preview(&world.books, &reading, &terms).await.unwrap();
            let places = |r: &ledger::intake::Reject| format!("{} {} {}", r.place(), r.value, r.code);
            report.rejected.iter().map(places).collect::<Vec<_>>()
        };
        let deposits = "小区名称,楼,单元,房屋,业主姓名,摘要,交易时间,交易金额,发票号\n\
            小河里小区,1栋,1单元,101,业主1111,开户,2020-01-01,100.00,P1\n\
            小河里小区,1栋,1单元,102,业主1121,开户,2020-01-01,100.00,P1\n\
            小河里小区,9栋,1单元,101,某某,开户,2020-01-01,100.00,P3\n\
            小河里小区,1栋,1单元,201,业主1211,开户,2030-01-01,100.00,P4\n\
            小河里小区,1栋,1单元,202,业主1221,支用,2020-01-02,5.00,P5\n";
        assert_eq!(cells(Kind::Deposits, deposits).await, [
            "表.csv!I3 P1 import.receipt-used",
            "表.csv!D4 9-1-101 import.room-unknown",
            "表.csv!H6 5.00 import.short",
            "表.csv!G5 2030-01-01 import.future-day",
        ]);
        let fees = "房屋,收费项目,开始时间,结束时间,缴费时间,应缴金额,实缴金额\n\
            1-1-101,物业费,2025-01-01,2025-03-31,,90.00,90.00\n\
            1-1-102,物业费,2025-01-01,2025-03-31,2025-02-01,90.00,50.00\n\
            1-1-102,物业费,2025-01-01,2025-03-31,2025-03-01,91.00,40.00\n\
            1-1-201,物业费,2025-01-01,2025-03-31,2030-03-01,90.00,90.00\n";
        assert_eq!(cells(Kind::Fees, fees).await, [
            "表.csv!E2  import.no-payment-day",
            "表.csv!F4 91.00 import.due-differs",
            "表.csv!E5 2030-03-01 import.future-day",
        ]);
        let lines = "对方户名,交易日期,交易时间,收入金额,支出金额,账户余额,摘要\n\
            某,2030-01-02,10:00:00,1.00,,1.00,转账\n";
        assert_eq!(cells(Kind::Bank, lines).await, ["表.csv!B2 2030-01-02 import.future-day"]);
        let register = "楼号,单元,房号,产权人,建筑面积,房屋性质\n\
            1,1,101,业主1111,80.00,商品住宅\n1,1,102,业主1121,81.20,已售公有住房\n";
        assert_eq!(cells(Kind::Register, register).await, [
            "表.csv!E2 80.00 import.room-differs",
            "表.csv!F3 已售公有住房 import.room-differs",
        ]);
    }
}

/// What a clerk gets wrong in a cell: the register, the deposits, the fees, the bank.
#[test]
fn each_wrong_cell_is_told_by_its_own_rule() {
    let register =
        |cells: &str| format!("楼号,单元,房号,产权人,身份证号,手机号,建筑面积,房屋编码\n{cells}\n");
    let deposit =
        |cells: &str| format!("小区名称,楼,单元,房屋,摘要,交易时间,交易金额,本金,利息\n{cells}\n");
    let cases = [
        (Kind::Register, register("1,1,101,王一,,123,80.00,"), "intake.phone-shape"),
        (Kind::Register, register("1,1,？？,王一,,,80.00,"), "intake.room-unreadable"),
        (Kind::Register, register("1,1,101,王一,,,80.00,1-1-102"), "intake.room-contradiction"),
        (Kind::Deposits, deposit("某小区,1栋,1单元,101,开户,2020-01-01,一百,,"), "intake.money-shape"),
        (Kind::Deposits, deposit("某小区,1栋,1单元,101,开户,2020-01-01,100000000000.01,,"), "intake.money-limit"),
        (Kind::Deposits, deposit("某小区,1栋,1单元,101,开户,2020-01-01,100.00,60.00,30.00"), "intake.deposit-sum"),
        (Kind::Bank, "交易日期,交易时间,收入金额,支出金额,账户余额,对方户名\n2026-01-02,25:61:00,1.00,,1.00,某\n".to_owned(), "intake.time-shape"),
    ];
    for (kind, text, wanted) in cases {
        let file = File { name: "t.csv", bytes: text.as_bytes() };
        let told = match import::read(kind, file, &terms(true)) {
            Ok(reading) => format!("{reading:?}"),
            Err(error) => error.code().to_owned(),
        };
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
}

on_both! {
    async fn two_clerks_with_one_file_take_it_once(world: World) {
        summer(&world);
        let (name, bytes) = ("房产清册.xlsx", sample("房产清册.xlsx"));
        take(&world.books, Kind::Register, name, &bytes, false).await.unwrap();
        let bytes = sample("交存明细.csv");
        let both = tokio::join!(
            take(&world.books, Kind::Deposits, "交存明细.csv", &bytes, false),
            take(&world.books, Kind::Deposits, "交存明细.csv", &bytes, false),
        );
        let taken = |r: &Result<Report>| r.as_ref().map_or(0, |r| r.accepted);
        assert_eq!(taken(&both.0) + taken(&both.1), 423);
        for one in [&both.0, &both.1] {
            if let Err(error) = one {
                assert_eq!(error.code(), "import.changed-meanwhile");
            }
        }
    }

    async fn a_new_compound_needs_a_name(world: World) {
        let text = "楼号,单元,房号,产权人,建筑面积\n1,1,101,王一,80.00\n";
        let terms = Terms { compound: "xin".into(), name: None, good_rows: false, book: Book::Fund };
        let reading = import::read(Kind::Register, File { name: "r.csv", bytes: text.as_bytes() }, &terms).unwrap();
        let refused = import::preview(&world.books, &reading, &terms).await.unwrap_err();
        assert_eq!(refused.code(), "import.no-name");
    }
}
