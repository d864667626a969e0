//! A compound's own files, as the office keeps them (`api/demo/wutongli`), taken into the books.

use std::path::PathBuf;
use std::sync::Arc;

use ledger::books::{Actor, Books, Request};
use ledger::error::Result;
use ledger::id::ImportNo;
use ledger::import::{self, Kind, Report, Terms};
use ledger::intake::File;
use ledger::journal::{self, AsOf, Book};
use ledger::property;
use serde_json::Value;

use crate::on_both;
use crate::world::World;

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

async fn take(books: &Books, kind: Kind, name: &str, bytes: &[u8], good_rows: bool) -> Result<Report> {
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
