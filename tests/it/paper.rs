//! The fund statement on paper: what the books say, gathered, set and pressed, read back by another program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ledger::books::Actor;
use ledger::calendar::Instant;
use ledger::import::{self, Kind, Terms};
use ledger::intake::File;
use ledger::journal::{AsOf, Book};
use ledger::property::{self, Compound};
use reports::household::{self, Figures, Period};
use reports::press;
use serde_json::json;

use crate::on_both;
use crate::world::{World, day};

/// A file of the sample compound.
pub fn wutongli(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/demo/wutongli").join(name)
}

/// Compares a text with what is kept of it in `golden/`; `UPDATE=1` keeps it anew.
pub fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var("UPDATE").is_ok_and(|it| it == "1") {
        std::fs::write(&path, text).expect("the golden file is written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, text, "{} differs; look, then run with UPDATE=1", path.display());
}

/// 梧桐里 as of the middle of 2026: register, deposits, and three things that happened to 1-1-101 since.
async fn summer(world: &World) -> Compound {
    world.clock.set(Instant::parse("2026-06-30T09:00:00+08:00").unwrap());
    let terms =
        Terms { compound: "wutongli".into(), name: None, good_rows: false, book: Book::Fund };
    let clerk = Actor::operator();
    for (kind, name) in [
        (Kind::Register, "房产清册.xlsx"),
        (Kind::Deposits, "交存明细.csv"),
        (Kind::Bank, "工行维修资金专户_2026上半年.csv"),
    ] {
        let bytes = std::fs::read(wutongli(name)).unwrap();
        let reading = import::read(kind, File { name, bytes: &bytes }, &terms).unwrap();
        import::commit(&world.books, &clerk, Arc::new(reading), &terms).await.unwrap();
    }
    let mut view = world.books.read().await.unwrap();
    let compound = property::compound(&mut view, "wutongli").await.unwrap();
    drop(view);
    for asked in [
        json!({ "room": "1-1-101", "line_no": 2 }),
        json!({ "room": "1-1-101", "kind": "top-up", "amount_fen": 50_000, "received_on": "2026-05-06", "receipt_no": "WX0009001" }),
    ] {
        let asked = serde_json::from_value(asked).unwrap();
        xiaoqu::fund::record(&world.books, &clerk, &compound, None, asked).await.unwrap();
    }
    let asked = json!({ "voucher": "fund/2026-0002", "on": "2026-06-01", "style": "red", "reason": "收错房号" });
    let asked = serde_json::from_value(asked).unwrap();
    xiaoqu::journal::turn(&world.books, &clerk, &compound, None, asked).await.unwrap();
    compound
}

async fn figures(world: &World, compound: &Compound, as_of: AsOf) -> Figures {
    let now = world.clock.now();
    let mut view = world.books.read().await.unwrap();
    let dwelling = property::dwelling(&mut view, compound.id, "1-1-101", now.day()).await.unwrap();
    let period = Period { from: Some(day("2026-01-01")), to: now.day() };
    household::gather(&mut view, compound, &dwelling, period, as_of, now).await.unwrap()
}

/// What pdftotext reads of a PDF.
fn read_back(pdf: &[u8]) -> String {
    let mut kept = tempfile::NamedTempFile::new().unwrap();
    kept.write_all(pdf).unwrap();
    let read = Command::new("pdftotext")
        .args(["-layout", "-enc", "UTF-8"])
        .arg(kept.path())
        .arg("-")
        .output()
        .expect("pdftotext (poppler-utils) is needed to read a PDF back");
    assert!(read.status.success(), "{read:?}");
    String::from_utf8(read.stdout).unwrap()
}

on_both! {
    async fn a_statement_reads_as_it_always_did(world: World) {
        let compound = summer(&world).await;
        let figures = figures(&world, &compound, AsOf::default()).await;
        let sheet = household::set(&figures).unwrap();
        golden("fund-statement.txt", &press::text::press(&sheet));
    }

    async fn a_statement_on_paper_says_every_line_that_the_books_say(world: World) {
        let compound = summer(&world).await;
        let figures = figures(&world, &compound, AsOf::default()).await;
        assert_eq!(figures.lines.len(), 3, "a deposit, one by mistake, and its reversal: {:?}", figures.lines);
        let pdf = press::pdf::press(&household::set(&figures).unwrap()).unwrap();
        assert_eq!(pdf, press::pdf::press(&household::set(&figures).unwrap()).unwrap());
        let read = read_back(&pdf);
        for line in &figures.lines {
            let on_paper = read.lines().find(|row| row.contains(&line.day.to_string()) && row.contains(line.summary.word()));
            let row = on_paper.unwrap_or_else(|| panic!("{line:?} is not in\n{read}"));
            let amounts = [line.increase.principal, line.decrease.principal, line.after.principal];
            for amount in amounts.iter().filter(|amount| !amount.is_zero()) {
                assert!(row.contains(&amount.grouped()), "{amount} is not in {row}");
            }
        }
        let words: String = read.split_whitespace().collect();
        let check = household::set(&figures).unwrap().check;
        for said in ["梧桐里小区", "住宅专项维修资金分户对账单", "业主郜*", &check, "本幢同期", "壹仟陆佰叁拾捌元贰角伍分"] {
            assert!(words.contains(said), "{said} is not in\n{read}");
        }
        assert!(!words.contains("郜䶮玉") && !words.contains("999999195609166440"));
    }

    async fn a_statement_drawn_again_as_then_known_has_the_same_check_code(world: World) {
        let compound = summer(&world).await;
        let first = figures(&world, &compound, AsOf::default()).await;
        let then = AsOf { day: Some(first.as_of), known_at: Some(first.known_at) };
        assert_eq!(figures(&world, &compound, then).await, first);

        world.clock.set(Instant::parse("2026-07-15T09:00:00+08:00").unwrap());
        let late = json!({ "room": "1-1-101", "kind": "top-up", "amount_fen": 1, "received_on": "2026-06-15" });
        let late = serde_json::from_value(late).unwrap();
        xiaoqu::fund::record(&world.books, &Actor::operator(), &compound, None, late).await.unwrap();
        let again = figures(&world, &compound, then).await;
        let printed_at = first.printed_at;
        assert_eq!(Figures { printed_at, ..again }, first);
        let now = figures(&world, &compound, AsOf::default()).await;
        let check = |figures: &Figures| household::set(figures).unwrap().check;
        assert_ne!(check(&now), check(&first));
        assert_eq!(now.closing.principal.in_fen(), first.closing.principal.in_fen() + 1);
    }
}
