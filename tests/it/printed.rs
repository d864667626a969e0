//! Every document of the house: a golden text, a PDF that another program reads back whole and in order, a workbook and a list; the
//! check codes, templates, public variants, batches.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use ledger::arrears::{self, Channel, Notifying};
use ledger::books::{Actor, Request};
use ledger::calendar::Instant;
use ledger::fees::{self, Billing, Charge};
use ledger::import::{self, Kind, Terms};
use ledger::intake::File;
use ledger::journal::Book;
use ledger::money::Money;
use ledger::property;
use reports::press;
use reports::sheet::{Block, Cell, Plot, Rank, Sheet};
use serde_json::{Value, json};
use xiaoqu::documents::{self, DOCUMENTS, Order, Ticket};

use crate::cli::at;
use crate::doors::Doors;
use crate::on_both;
use crate::paper::{golden, wutongli};
use crate::world::{World, day};

/// What a reader of the paper must find, in its order.
fn words(sheet: &Sheet) -> Vec<String> {
    let mut words = vec![sheet.issuer.clone(), sheet.title.clone()];
    words.extend(sheet.running.clone());
    words.extend(sheet.warning.iter().flat_map(|w| [w.word.clone(), w.meaning.clone()]));
    for block in &sheet.blocks {
        match block {
            Block::Heading(text) | Block::Text(text) => words.push(text.clone()),
            Block::Fields { fields, .. } => {
                words.extend(fields.iter().flat_map(|f| [f.label.clone(), f.value.clone()]));
            }
            Block::Table(table) => {
                words.extend(table.columns().iter().map(|column| column.head.clone()));
                for row in table.rows() {
                    words.extend(row.cells.iter().map(Cell::to_string));
                }
                if table.rows().is_empty() {
                    words.push(table.nothing.clone());
                }
            }
            Block::Sum(sum) => words.push(sum.label.clone()),
            Block::Notes(notes) => words.extend(notes.clone()),
            Block::Signatures(names) => words.extend(names.clone()),
            Block::Opinions(boxes) => words.extend(boxes.iter().map(|o| o.says.clone())),
            Block::Cut(name) => words.push(name.clone()),
            Block::Chart(chart) if chart.is_empty() => {}
            Block::Chart(chart) => {
                words.push(chart.title.clone());
                if let Plot::Bars { bars, .. } = &chart.plot {
                    words.extend(bars.iter().map(|(name, _)| name.clone()));
                }
            }
            Block::Break => {}
        }
    }
    words.retain(|word| !word.trim().is_empty());
    words
}

fn plain(text: &str) -> String {
    // The minus of our type is full width.
    let like = |c| if c == '−' { '－' } else { c };
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{c}').map(like).collect()
}

/// What pdftotext reads in the order of drawing, without its spaces. The suite installs it: without it nothing is proved.
fn read_back(pdf: &[u8]) -> String {
    let mut kept = tempfile::NamedTempFile::new().unwrap();
    kept.write_all(pdf).unwrap();
    let read = Command::new("pdftotext")
        .args(["-raw", "-enc", "UTF-8"])
        .arg(kept.path())
        .arg("-")
        .output()
        .expect("pdftotext (poppler-utils) is needed to read a PDF back");
    assert!(read.status.success(), "{read:?}");
    plain(&String::from_utf8(read.stdout).unwrap())
}

/// Holds a sheet on each device against what it says, and its text against the golden one of that name.
pub fn proved(name: &str, sheet: &Sheet) {
    assert!(sheet.proof.is_some(), "{name} has a check code");
    let pdf = press::pdf::press(sheet).unwrap();
    assert_eq!(pdf, press::pdf::press(sheet).unwrap(), "{name} is the same each time");
    let read = read_back(&pdf);
    let mut at = 0;
    for word in words(sheet) {
        let word = plain(&word);
        let found = read[at..].find(&word);
        let found = found
            .unwrap_or_else(|| panic!("{name}: {word:?} is not in its place in\n{}", &read[at..]));
        at += found + word.len();
    }
    assert!(read.contains(&plain(&sheet.check)), "{name}");
    assert!(press::book::press(sheet).unwrap().starts_with(b"PK"), "{name}");
    press::list::tables(sheet).unwrap();
    // A total stands under lines that come to it.
    for table in sheet.blocks.iter().filter_map(Block::table) {
        let total = table.rows().last().filter(|row| row.rank == Rank::Total);
        let lines = table.total_of("", table.rows());
        for (place, column) in table.columns().iter().enumerate().filter(|(_, column)| column.adds)
        {
            if let Some(Cell::Money(total)) = total.map(|row| &row.cells[place]) {
                let Cell::Money(sum) = &lines.cells[place] else { continue };
                assert_eq!(total, sum, "{name}: {} does not foot", column.head);
            }
        }
    }
    listed(name, sheet);
    if let Ok(folder) = std::env::var("LOOK_AT_PAPER") {
        let folder = std::path::Path::new(&folder);
        std::fs::write(folder.join(format!("{name}.pdf")), &pdf).unwrap();
        let book = press::book::press(sheet).unwrap();
        std::fs::write(folder.join(format!("{name}.xlsx")), book).unwrap();
    }
}

/// Holds a sheet's text against the golden one of that name.
fn listed(name: &str, sheet: &Sheet) {
    // Codes and seals hang on the keys and digests of one database; all else is the same on both.
    let text = press::text::press(sheet);
    let told: String = text
        .lines()
        .filter(|line| !line.contains(" · 摘要 "))
        .map(|line| format!("{}\n", hidden(line)))
        .collect();
    golden(&format!("printed-{name}.txt"), &told);
}

/// A line without the check code and without runs of hexadecimal.
fn hidden(line: &str) -> String {
    let line = line.split("校验码 ").next().unwrap_or(line).trim_end();
    let mut out = String::new();
    let mut run = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() >= 8 && run.chars().any(|c| c.is_alphabetic()) {
            "…"
        } else {
            &run
        });
        run.clear();
        out.push(c);
    }
    out.trim_end().to_owned()
}

/// A workbook as LibreOffice understands it: every amount is a number, what is written in words or digits of an identity is text,
/// and every total that adds up is a formula that comes to what is printed: how many. Skipped, said aloud, where there is no
/// LibreOffice; then none is missed.
pub fn opened(sheet: &Sheet) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.xlsx");
    std::fs::write(&file, press::book::press(sheet).unwrap()).unwrap();
    let profile =
        format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let ran = Command::new("timeout")
        .args(["120", "soffice", "--headless", &profile, "--convert-to", "fods", "--outdir"])
        .arg(folder.path())
        .arg(&file)
        .output();
    let Ok(text) = std::fs::read_to_string(folder.path().join("w.fods")) else {
        let mut aloud = std::io::stderr();
        writeln!(
            aloud,
            "\n*** SKIPPED: no workbook was opened; LibreOffice is missing: {ran:?} ***\n"
        )
        .unwrap();
        return usize::MAX;
    };
    let title = &sheet.title;
    assert!(!text.contains("Err:"), "{title}: a formula is broken");
    let cells: Vec<&str> = text.split("<table:table-cell").skip(1).collect();
    // A double of a workbook, written short: 1200.00 is 1200, 136.90 is 136.9.
    let number = |fen: Money| {
        let told = fen.to_string();
        format!("office:value=\"{}\"", told.trim_end_matches('0').trim_end_matches('.'))
    };
    let mut totals = 0;
    for table in sheet.blocks.iter().filter_map(Block::table) {
        for row in table.rows() {
            for (column, cell) in table.columns().iter().zip(&row.cells) {
                match cell {
                    Cell::Money(fen) => {
                        let told = number(*fen);
                        let is_total = row.rank == Rank::Total && column.adds;
                        totals += usize::from(is_total);
                        let found = cells.iter().any(|cell| {
                            cell.contains(&told)
                                && (!is_total || cell.contains("of:=SUBTOTAL(9;[."))
                        });
                        assert!(
                            found,
                            "{title}: {} {fen} is no number (total: {is_total})",
                            column.head
                        );
                    }
                    Cell::Text(word) if word.chars().any(|c| c.is_ascii_digit()) => {
                        let told =
                            format!("<text:p>{}</text:p>", word.trim().replace('&', "&amp;"));
                        let found = cells.iter().any(|cell| {
                            cell.contains(&told) && cell.contains("office:value-type=\"string\"")
                        });
                        assert!(found, "{title}: {word:?} is no text");
                    }
                    _ => {}
                }
            }
        }
    }
    totals
}

/// A document as the door draws it.
pub async fn drawn(world: &World, compound: &str, name: &str, asked: Value) -> Sheet {
    let mut view = world.books.read().await.unwrap();
    let compound = property::compound(&mut view, compound).await.unwrap();
    drop(view);
    let order: Order = serde_json::from_value(asked).unwrap();
    let document = documents::known(name).unwrap();
    let now = world.clock.now();
    documents::draw(&world.books, &compound, document, &order, None, now).await.unwrap()
}

/// 梧桐里 with everything its files hold, as of the summer of 2026, and two bills more.
async fn summer(world: &World) {
    world.clock.set(Instant::parse("2026-06-30T09:00:00+08:00").unwrap());
    let terms =
        Terms { compound: "wutongli".into(), name: None, good_rows: false, book: Book::Fund };
    for (kind, name) in [
        (Kind::Register, "房产清册.xlsx"),
        (Kind::Deposits, "交存明细.csv"),
        (Kind::Fees, "收费明细.xlsx"),
        (Kind::Bank, "工行维修资金专户_2026上半年.csv"),
    ] {
        let bytes = std::fs::read(wutongli(name)).unwrap();
        let reading = import::read(kind, File { name, bytes: &bytes }, &terms).unwrap();
        import::commit(&world.books, &Actor::operator(), Arc::new(reading), &terms).await.unwrap();
    }
    let compound = wutongli_id(world).await;
    for (room, from, to, fen) in [
        ("1-1-301", "2026-01-01", "2026-03-31", 6_579),
        ("2-1-201", "2026-04-01", "2026-06-30", 7_120),
    ] {
        let mut view = world.books.read().await.unwrap();
        let dwelling = property::dwelling(&mut view, compound.id, room, day(to)).await.unwrap();
        drop(view);
        let billing = Billing {
            item: "物业费".into(),
            from_on: day(from),
            to_on: day(to),
            due_on: None,
            bills: vec![Charge { dwelling_no: dwelling.no, amount: Money::fen(fen) }],
        };
        let request = Request::new("fees.bill", billing);
        let clerk = Actor::operator();
        let done = world
            .books
            .act(&clerk, compound.id, request, |tx, b: &Billing| Box::pin(fees::bill(tx, b)));
        done.await.unwrap();
    }
}

/// A deposit of a dwelling of 梧桐里.
async fn deposit(world: &World, fen: i64, on: &str) {
    let asked =
        json!({ "room": "1-1-101", "kind": "top-up", "amount_fen": fen, "received_on": on });
    let asked = serde_json::from_value(asked).unwrap();
    let compound = wutongli_id(world).await;
    xiaoqu::fund::record(&world.books, &Actor::operator(), &compound, None, asked).await.unwrap();
}

async fn wutongli_id(world: &World) -> property::Compound {
    property::compound(&mut world.books.read().await.unwrap(), "wutongli").await.unwrap()
}

on_both! {
    async fn the_documents_of_the_sample_compound_are_printed(world: World) {
        summer(&world).await;
        let compound = wutongli_id(&world).await;
        let asked = Notifying {
            stage: 1,
            room: Some("1-1-301".into()),
            class: None,
            channel: Channel::Post,
            on: day("2026-06-29"),
            time: "09:30".into(),
            pay_by: None,
            reason: String::new(),
            remark: "请与收费处联系。".into(),
        };
        let request = Request::new("arrears.notify", asked);
        world.books.act(&Actor::operator(), compound.id, request, |tx, asked: &Notifying| Box::pin(arrears::notify(tx, asked))).await.unwrap();

        let statement = drawn(&world, "wutongli", "statement", json!({ "room": "1-1-101" })).await;
        proved("statement", &statement);
        if world.backend == crate::world::Backend::Sqlite {
            opened(&statement);
        }
        proved("demand", &drawn(&world, "wutongli", "demand", json!({ "no": "1" })).await);
        let half = drawn(&world, "wutongli", "demand", json!({ "no": "1", "paper": "half" })).await;
        press::pdf::press(&half).unwrap();
        let posted = drawn(&world, "wutongli", "arrears-posted", json!({})).await;
        proved("arrears-posted", &posted);
        let text = press::text::press(&posted);
        assert!(!text.contains("1-1-301") && text.contains("1**1"), "{text}");
        let asked = json!({ "from": "2026-01-01", "to": "2026-06-30" });
        let rates = drawn(&world, "wutongli", "collection", asked).await;
        proved("collection", &rates);
        if world.backend == crate::world::Backend::Sqlite {
            assert!(opened(&rates) > 10);
        }
        let asked = json!({ "from": "2026-01-01", "to": "2026-06-30" });
        let detail = drawn(&world, "wutongli", "collection-detail", asked).await;
        assert!(press::pdf::press(&detail).is_err_and(|why| matches!(why, reports::Error::TooWide(_))));
        let said = at(&world, &["report", "collection-detail", "--compound", "wutongli", "--out", "x.pdf"]).await.must(1);
        assert!(said.err.contains("report.asked") && said.err.contains("xlsx"), "{}", said.err);
        assert!(detail.warning.is_none());
        listed("collection-detail", &detail);
        if world.backend == crate::world::Backend::Sqlite {
            assert!(opened(&detail) > 10);
        }
        proved("reconciliation", &drawn(&world, "wutongli", "reconciliation", json!({})).await);
    }

    async fn a_paper_is_held_against_the_books(world: World) {
        summer(&world).await;
        deposit(&world, 163_825, "2026-05-06").await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let sheet = drawn(&world, "wutongli", "statement", json!({ "room": "1-1-101" })).await;
        let ticket = sheet.proof.as_ref().unwrap().ticket();
        assert!(ticket.starts_with("xiaoqu:D6-") && ticket.contains("room=1-1-101") && ticket.contains(";seal="), "{ticket}");
        let said = at(&world, &["report", "check", &ticket]).await.must(0);
        assert!(said.out.contains("与账簿相符"), "{}", said.out);

        // Printed again, it is the same to the byte.
        let first = path("first.pdf");
        std::fs::write(&first, press::pdf::press(&sheet).unwrap()).unwrap();
        world.clock.set(Instant::parse("2026-07-15T09:00:00+08:00").unwrap());
        let second = path("second.pdf");
        at(&world, &["report", "again", &ticket, "--out", &second]).await.must(0);
        assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());

        // A late deposit: the paper was right then, and is not what stands now.
        deposit(&world, 1, "2026-06-15").await;
        let said = at(&world, &["report", "check", &ticket]).await.must(0);
        assert!(said.out.contains("此后账簿有变动") && said.out.contains("原件") && said.out.contains("现在"), "{}", said.out);
        let anew = path("anew.txt");
        at(&world, &["report", "again", &ticket, "--anew", "--out", &anew]).await.must(0);
        let text = std::fs::read_to_string(&anew).unwrap();
        assert!(text.contains("再版说明") && text.contains("取数时间"), "{text}");
        assert!(text.contains(&sheet.check), "the new edition names the old one: {text}");

        // A figure changed on the paper is a code the books do not know.
        let forged = ticket.replacen(&sheet.check, "D6-0000-0000", 1);
        let said = at(&world, &["report", "check", &forged]).await.must(1);
        assert!(said.out.contains("不符") && said.out.contains("账簿所载全文"), "{}", said.out);
        let told = at(&world, &["report", "check", &forged, "--json"]).await.must(1).json();
        assert_eq!(told["agrees"], false);
        let broken = at(&world, &["report", "check", "D6-7K3F-92QX"]).await.must(1);
        assert!(broken.err.contains("report.code"), "{}", broken.err);
    }

    async fn every_document_is_listed_and_asked_for_rightly(world: World) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
        for document in DOCUMENTS {
            let begins = format!("printed-{}", document.name);
            let kept = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name());
            let mut kept = kept.filter_map(|name| name.into_string().ok());
            assert!(kept.any(|name| name.starts_with(&begins)), "{} has no golden text", document.name);
        }
        let listed = at(&world, &["report", "list"]).await.must(0);
        assert_eq!(listed.out.lines().count(), DOCUMENTS.len());
        let told = at(&world, &["report", "list", "--json"]).await.must(0).json();
        assert_eq!(told.as_array().unwrap().len(), DOCUMENTS.len());
        let doors = Doors::of(&world);
        let over_rest = doors.get("/reports").await.must(200);
        assert_eq!(over_rest, told);
        let none = at(&world, &["report", "nosuch", "--compound", "xiaohe"]).await.must(1);
        assert!(none.err.contains("report.unknown") && none.err.contains("statement"), "{}", none.err);
        let bare = at(&world, &["report", "statement", "--compound", "xiaohe"]).await.must(1);
        assert!(bare.err.contains("report.asked") && bare.err.contains("room"), "{}", bare.err);
        let strange = at(&world, &["report", "collection", "--compound", "xiaohe", "--room", "1-1-101"]).await.must(1);
        assert!(strange.err.contains("不收 room"), "{}", strange.err);
        doors.get("/reports/nosuch").await.problem(404, "report.unknown");
        doors.get("/reports/collection?room=1-1-101").await.problem(400, "report.asked");
        doors.get("/dwellings/1-1-101/reports/collection").await.problem(400, "report.asked");
        doors.get("/report-check?code=x").await.problem(400, "report.code");
        let pdf = doors.get("/dwellings/1-1-101/reports/statement").await;
        assert!(pdf.status.is_success() && pdf.body.starts_with(b"%PDF"));
        for (format, start) in [("text", " "), ("csv", "\u{feff}"), ("xlsx", "PK")] {
            let told = doors.get(&format!("/dwellings/1-1-101/reports/statement?format={format}")).await;
            assert!(told.body.starts_with(start.as_bytes()), "{format}");
        }
        let shown = doors.get("/dwellings/1-1-101/reports/statement?format=json").await.must(200);
        assert_eq!(shown["agrees"], true);
        let said = at(&world, &["report", "collection", "--compound", "xiaohe", "--from", "2026-01-01"]).await.must(0);
        assert!(said.out.contains("物业费收缴率报表"), "{}", said.out);
        let batch = doors.get("/report-batches/statement?each=5").await.must(200);
        assert_eq!((&batch["sheets"], &batch["volumes"]), (&json!(12), &json!(3)));
        let known_at = batch["known_at"].as_str().unwrap();
        let volume = |n: u8, format: &str| format!("/report-batches/statement?each=5&volume={n}&known_at={known_at}&format={format}");
        assert!(doors.get(&volume(3, "pdf")).await.body.starts_with(b"%PDF"));
        let list = doors.get(&volume(3, "csv")).await.text();
        assert_eq!(list.lines().count(), 3, "{list}");
        doors.get(&volume(4, "pdf")).await.problem(400, "report.asked");
    }

    async fn an_office_edits_a_template_without_a_programmer(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let shipped = at(&world, &["report", "template", "demand"]).await.must(0).out;
        assert!(shipped.contains("{room} 房号") && shipped.contains("document = \"demand\""), "{shipped}");
        let mine = path("mine.toml");
        let text = shipped.replace("version = 1", "version = 2").replace("客服电话见小区公告栏", "客服电话 199 0000 0001").replace("shift: ", "");
        std::fs::write(&mine, &text).unwrap();
        let said = at(&world, &["report", "template", "demand", "--check", &mine]).await.must(0);
        assert!(said.out.contains("第 2 版"), "{}", said.out);
        let preview = path("preview.pdf");
        at(&world, &["report", "template", "demand", "--check", &mine, "--preview", &preview]).await.must(0);
        assert!(std::fs::read(&preview).unwrap().starts_with(b"%PDF"));
        std::fs::write(&mine, text.replace("{room}", "{roon}")).unwrap();
        let said = at(&world, &["report", "template", "demand", "--check", &mine]).await.must(1);
        assert!(said.err.contains("report.template") && said.err.contains("{roon}"), "{}", said.err);
    }

    async fn a_whole_compound_is_printed_in_volumes_with_a_list(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("all");
        let asked = ["report", "batch", "statement", "--compound", "xiaohe", "--each", "5", "--out", out.to_str().unwrap()];
        let said = at(&world, &asked).await.must(0);
        assert!(said.out.contains("12 件，3 册"), "{}", said.out);
        for volume in ["001", "002", "003"] {
            let bytes = std::fs::read(out.join(format!("statement-{volume}.pdf"))).unwrap();
            assert!(bytes.starts_with(b"%PDF"), "{volume}");
        }
        let list = std::fs::read_to_string(out.join("statement-清单.csv")).unwrap();
        let rows: Vec<&str> = list.lines().skip(1).collect();
        assert_eq!(rows.len(), 12, "{list}");
        // Each row of the list is a ticket that agrees.
        let ticket = rows[6].rsplit(',').next().unwrap().trim_matches('"');
        assert_eq!(Ticket::read(ticket).unwrap().compound, "xiaohe");
        at(&world, &["report", "check", ticket]).await.must(0);
        let none = ["report", "batch", "collection", "--compound", "xiaohe", "--out", out.to_str().unwrap()];
        assert!(at(&world, &none).await.must(1).err.contains("report.asked"));
    }
}
