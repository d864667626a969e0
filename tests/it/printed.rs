//! Every document of the house: a golden text, a PDF that another program reads back whole and in order, a workbook and a list; the
//! check codes, templates, public variants, batches.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use ledger::arrears::{self, Channel, Notifying};
use ledger::books::{Actor, Request, Role};
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
                    Cell::Percent(_) | Cell::Rate(_) => {
                        let number = cell.to_string();
                        let number = format!("{}e-2", number.trim_end_matches('%'));
                        let told = number.parse::<f64>().unwrap();
                        let told = [
                            "office:value-type=\"percentage\"".to_owned(),
                            format!("office:value=\"{told}\""),
                        ];
                        let found =
                            cells.iter().any(|cell| told.iter().all(|part| cell.contains(part)));
                        assert!(found, "{title}: {} {cell} is no percentage", column.head);
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
    let drawn = documents::draw(&world.books, &compound, document, &order, None, now).await;
    let sheet = drawn.unwrap();
    world.printed(&compound, name, &order, &sheet).await;
    sheet
}

/// 梧桐里 with everything its files hold, as of the summer of 2026, and two bills more.
pub async fn summer(world: &World) {
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
pub async fn deposit(world: &World, fen: i64, on: &str) {
    let asked =
        json!({ "room": "1-1-101", "kind": "top-up", "amount_fen": fen, "received_on": on });
    let asked = serde_json::from_value(asked).unwrap();
    let compound = wutongli_id(world).await;
    xiaoqu::fund::record(&world.books, &Actor::operator(), &compound, None, asked).await.unwrap();
}

/// A demand to 1-1-301.
pub async fn notified(world: &World) {
    let compound = wutongli_id(world).await;
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
    world
        .books
        .act(&Actor::operator(), compound.id, request, |tx, asked: &Notifying| {
            Box::pin(arrears::notify(tx, asked))
        })
        .await
        .unwrap();
}

async fn wutongli_id(world: &World) -> property::Compound {
    property::compound(&mut world.books.read().await.unwrap(), "wutongli").await.unwrap()
}

on_both! {
    async fn the_documents_of_the_sample_compound_are_printed(world: World) {
        summer(&world).await;
        notified(&world).await;
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
        assert!(said.err.contains("report.no-space") && said.err.contains("xlsx"), "{}", said.err);
        assert_eq!(detail.warning.as_ref().unwrap().word, "未结账");
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
        // And its own code is that of what it says of the books, so that its QR finds it again.
        let compound = wutongli_id(&world).await;
        let asked = Ticket::read(&ticket).unwrap();
        let (edition, _) = documents::again(&world.books, documents::Place::Of(&compound), &asked, None, true).await.unwrap();
        assert!(press::text::press(&edition).contains(&format!("本件：校验码 {}", edition.check)));
        at(&world, &["report", "check", &edition.proof.unwrap().ticket()]).await.must(0);

        // A time no paper was printed at, or none yet.
        let printed_at = ticket.split("at=").nth(1).unwrap().split([';', '&']).next().unwrap();
        for time in ["99999999999999", "-99999999999999", "0", "2000000000"] {
            let forged = ticket.replacen(&format!("at={printed_at}"), &format!("at={time}"), 1);
            let said = at(&world, &["report", "check", &forged]).await.must(1);
            assert!(said.err.contains("report.code"), "{time}: {} {}", said.out, said.err);
        }

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
        for (asked, rule) in [
            ("renewal?room=1-1-101&no=9", "fund.no-plan"),
            ("revenue?no=9", "revenue.no-publication"),
            ("grants?no=9", "subsidy.no-tranche"),
            ("transfer?no=9-1", "works.no-project"),
            ("demand?no=9", "arrears.no-claim"),
            ("fund-receipt?no=9", "fund.no-receipt"),
        ] {
            doors.get(&format!("/reports/{asked}")).await.problem(404, rule);
        }
        doors.get("/reports/yearly?year=20").await.problem(400, "report.asked");
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

    async fn an_office_keeps_its_own_wording_without_a_programmer(world: World) {
        summer(&world).await;
        notified(&world).await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let shown = at(&world, &["report", "template", "show", "demand"]).await.must(0).out;
        assert!(shown.contains("{room} 房号") && shown.contains("document = \"demand\"") && shown.contains("shipped.1"), "{shown}");
        let shipped: String = shown.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        let said = |number: u8| shipped.replace("客服电话见小区公告栏", &format!("客服电话 0571-8888 000{number}"));
        let mine = path("mine.toml");
        let keep = ["report", "template", "keep", "demand", "--compound", "wutongli", "--file", &mine];
        let order = json!({ "no": "1" });
        let first = drawn(&world, "wutongli", "demand", order.clone()).await;
        let number = |sheet: &Sheet| sheet.proof.as_ref().unwrap().number.clone();
        assert!(number(&first).contains("自带模板第 1 版"), "{}", number(&first));

        // What cannot be used is refused where it is kept.
        std::fs::write(&mine, said(1).replace("{room}", "{roon}")).unwrap();
        for act in ["check", "keep"] {
            let told = at(&world, &["report", "template", act, "demand", "--file", &mine]).await.must(1);
            assert!(told.err.contains("report.template") && told.err.contains("{roon}"), "{}", told.err);
        }
        // Whoever checks or previews it is told what whoever keeps it is told.
        let tried = path("tried.pdf");
        let preview = ["report", "template", "preview", "demand", "--file", &mine, "--out", &tried];
        let check = ["report", "template", "check", "demand", "--file", &mine];
        for number in ["19900000001", "199-00000001", "199 0000 0001", "１９９－００００－０００１"] {
            std::fs::write(&mine, format!("# 值班手机 {number}\n{}", said(1))).unwrap();
            for act in [check.as_slice(), &preview, &keep] {
                let told = at(&world, act).await.must(1).err;
                assert!(told.contains("seal.person-in-text") && !told.contains(number), "{told}");
            }
        }
        // 催缴 as Notepad writes it in GBK; and in UTF-8 with a mark before it.
        std::fs::write(&mine, b"# \xb4\xdf\xbd\xc9\n").unwrap();
        for act in [check.as_slice(), &preview, &keep] {
            let told = at(&world, act).await.must(1).err;
            assert!(told.contains("report.template") && told.contains("UTF-8"), "{told}");
        }
        std::fs::write(&mine, format!("\u{feff}{}", said(1))).unwrap();
        at(&world, &check).await.must(0);
        std::fs::write(&mine, format!("#{}\n{}", "长".repeat(11_000), said(1))).unwrap();
        assert!(at(&world, &keep).await.must(1).err.contains("template.size"));
        let none = ["report", "template", "take-back", "demand", "--compound", "wutongli"];
        assert!(at(&world, &none).await.must(1).err.contains("template.none"));

        // The head office's for all, then the compound's own: the nearest words the paper, and says so.
        std::fs::write(&mine, said(2)).unwrap();
        at(&world, &["report", "template", "check", "demand", "--file", &mine]).await.must(0);
        let kept = at(&world, &["report", "template", "keep", "demand", "--file", &mine]).await.must(0);
        assert!(kept.out.contains("第 1 版"), "{}", kept.out);
        let by_office = drawn(&world, "wutongli", "demand", order.clone()).await;
        assert!(number(&by_office).contains("总册模板第 1 版"), "{}", number(&by_office));
        for (version, text) in [(1, said(3)), (2, said(4))] {
            std::fs::write(&mine, text).unwrap();
            let kept = at(&world, &[keep.as_slice(), &["--json"]].concat()).await.must(0).json();
            assert_eq!(kept["version"], version);
        }
        assert!(at(&world, &keep).await.must(1).err.contains("template.same"));
        world.catch_up();
        let own = drawn(&world, "wutongli", "demand", order.clone()).await;
        assert!(number(&own).contains("（模板第 2 版"), "{}", number(&own));
        assert!(press::text::press(&own).contains("0571-8888 0004"));
        let listed = at(&world, &["report", "template", "list", "--compound", "wutongli"]).await.must(0).out;
        assert!(listed.contains("own.2") && listed.contains("shipped.1"), "{listed}");
        let preview = path("preview.pdf");
        at(&world, &["report", "template", "preview", "demand", "--compound", "wutongli", "--edition", "own.1", "--out", &preview]).await.must(0);
        assert!(std::fs::read(&preview).unwrap().starts_with(b"%PDF"));

        // Every paper is drawn by its own version again, whatever stands now.
        at(&world, &none).await.must(0);
        let now = drawn(&world, "wutongli", "demand", order.clone()).await;
        assert!(number(&now).contains("总册模板第 1 版"), "{}", number(&now));
        for (sheet, edition) in [(&first, "shipped.1"), (&by_office, "office.1"), (&own, "own.2")] {
            let ticket = sheet.proof.as_ref().unwrap().ticket();
            assert!(ticket.contains(&format!("edition={edition}")), "{ticket}");
            let again = path(&format!("{edition}.pdf"));
            at(&world, &["report", "check", &ticket]).await.must(0);
            at(&world, &["report", "again", &ticket, "--out", &again]).await.must(0);
            assert_eq!(std::fs::read(&again).unwrap(), press::pdf::press(sheet).unwrap(), "{edition}");
            // The version is found by the short code alone.
            let typed = ["report", "check", &sheet.check, &number(sheet), "--compound", "wutongli"];
            at(&world, &typed).await.must(0);
        }
        // A wording that nobody kept is asked for.
        std::fs::write(&mine, said(5)).unwrap();
        let out = path("trial.txt");
        at(&world, &["report", "demand", "--compound", "wutongli", "--no", "1", "--template", &mine, "--out", &out]).await.must(0);
        let trial = std::fs::read_to_string(&out).unwrap();
        assert!(trial.contains("模板文件，未留存"), "{trial}");
        let text = drawn(&world, "wutongli", "demand", json!({ "no": "1", "edition": "own.1" })).await;
        assert!(press::text::press(&text).contains("0571-8888 0003"));
        let strange = at(&world, &["report", "demand", "--compound", "wutongli", "--no", "1", "--edition", "own.3"]).await.must(1);
        assert!(strange.err.contains("template.no-version"), "{}", strange.err);
        let strange = at(&world, &["report", "demand", "--compound", "wutongli", "--no", "1", "--edition", "file.12"]).await.must(1);
        assert!(strange.err.contains("report.template"), "{}", strange.err);
        let strange = at(&world, &["report", "collection", "--compound", "wutongli", "--template", &mine]).await.must(1);
        assert!(strange.err.contains("不依模板排版"), "{}", strange.err);
    }

    async fn whoever_answers_for_the_money_words_its_papers_over_the_wire(world: World) {
        use crate::doors::token;
        let doors = Doors::of(&world);
        let shown = doors.get("/report-templates/receipt").await.must(200);
        assert_eq!(shown["edition"], "shipped.1");
        let text = shown["text"].as_str().unwrap();
        let body = json!({ "text": text.replace("title = \"收据\"", "title = \"物业费收据\"") });
        let (company, authority) = (token(Role::PropertyCompany), token(Role::HousingAuthority));
        let preview = async |text: String| {
            let request = axum::http::Request::post(crate::doors::at("/report-templates/receipt/preview"));
            let request = request.header("authorization", format!("Bearer {company}"));
            doors.send(request.body(axum::body::Body::from(text)).unwrap()).await
        };
        let tried = preview(text.replace("title = \"收据\"", "title = \"物业费收据\"")).await;
        assert!(tried.status.is_success() && tried.body.starts_with(b"%PDF"), "{}", tried.text());
        preview("x = 1".to_owned()).await.problem(400, "report.template");
        let kept = doors.knock(&company, "POST", "/report-templates/receipt", Some(&body)).await.must(201);
        assert_eq!((&kept["document"], &kept["version"]), (&json!("receipt"), &json!(1)));
        doors.knock(&company, "POST", "/report-templates/receipt", Some(&body)).await.problem(409, "template.same");
        doors.knock(&authority, "POST", "/report-templates/receipt", Some(&body)).await.problem(403, "template.whose");
        let fund = json!({ "text": doors.get("/report-templates/fund-receipt").await.must(200)["text"] });
        doors.knock(&company, "POST", "/report-templates/fund-receipt", Some(&fund)).await.problem(403, "template.whose");
        doors.knock(&authority, "POST", "/report-templates/fund-receipt", Some(&fund)).await.must(201);
        let bad = json!({ "text": "x = 1" });
        doors.knock(&company, "POST", "/report-templates/receipt", Some(&bad)).await.problem(400, "report.template");
        doors.get("/report-templates/collection").await.problem(400, "report.asked");
        let versions = doors.get("/report-templates/receipt").await.must(200);
        assert_eq!(versions["edition"], "own.1");
        assert_eq!(versions["versions"][0]["kept_by"], "property-company");
        let preview = doors.get("/report-templates/receipt?format=pdf&edition=own.1").await;
        assert!(preview.body.starts_with(b"%PDF"), "{}", preview.text());
        doors.get("/report-templates/receipt?edition=own.2").await.problem(404, "template.no-version");
        doors.knock(&company, "POST", "/report-templates/receipt/take-back", None).await.must(201);
        doors.knock(&company, "POST", "/report-templates/receipt/take-back", None).await.problem(409, "template.none");

        // The head office's: for a compound that keeps none.
        let admin = token(Role::Administrator);
        doors.knock(&admin, "POST", "/api/v1/report-templates/receipt", Some(&body)).await.must(201);
        doors.knock(&admin, "POST", "/api/v1/report-templates/fund-receipt", Some(&fund)).await.problem(403, "template.whose");
        assert_eq!(doors.get("/report-templates").await.must(200)[1]["edition"], "office.1");
        doors.knock(&admin, "POST", "/api/v1/report-templates/receipt/take-back", None).await.must(201);
    }

    async fn a_paper_is_checked_by_what_a_person_can_type(world: World) {
        summer(&world).await;
        notified(&world).await;
        deposit(&world, 163_825, "2026-05-06").await;
        let typed = async |sheet: &Sheet, more: &[&str]| {
            let proof = sheet.proof.as_ref().unwrap();
            let asked = ["report", "check", &sheet.check, &proof.number, "--compound", "wutongli"];
            at(&world, &[asked.as_slice(), more].concat()).await
        };
        let statement = drawn(&world, "wutongli", "statement", json!({ "room": "1-1-101" })).await;
        // A statement is as the books were known when it was printed: without that it cannot be drawn.
        let bare = typed(&statement, &[]).await.must(1);
        assert!(bare.err.contains("report.code") && bare.err.contains("printed_at"), "{}", bare.err);
        let said = typed(&statement, &["--printed-at", "2026-06-30 09:00:00"]).await.must(0);
        assert!(said.out.contains("与账簿相符"), "{}", said.out);
        let lower = statement.check.to_lowercase();
        let asked = ["report", "check", &lower, "D6 wutongli-1-1-101 2026-06-30", "--compound", "wutongli", "--printed-at", "2026-06-30T01:00:00Z"];
        at(&world, &asked).await.must(0);
        for (name, order) in [
            ("arrears-posted", json!({ "on": "2026-06-30" })),
            ("reconciliation", json!({ "on": "2026-06-30" })),
            ("collection", json!({ "from": "2026-01-01", "to": "2026-06-30" })),
        ] {
            typed(&drawn(&world, "wutongli", name, order).await, &[]).await.must(0);
        }

        // What it said when it was printed, what it would say now, and what was recorded between.
        let posted = drawn(&world, "wutongli", "arrears-posted", json!({ "on": "2026-06-30" })).await;
        let tie = drawn(&world, "wutongli", "reconciliation", json!({ "on": "2026-06-30" })).await;
        world.clock.set(Instant::parse("2026-07-15T09:00:00+08:00").unwrap());
        deposit(&world, 1, "2026-06-15").await;
        let paid = ["pay", "--compound", "wutongli", "--room", "1-1-301", "--amount", "65.79", "--method", "cash", "--on", "2026-06-29"];
        at(&world, &paid).await.must(0);
        let ticket = posted.proof.as_ref().unwrap().ticket();
        let said = at(&world, &["report", "check", &ticket]).await.must(0).out;
        for part in ["与当时的账簿相符", "原件  合计 65.79", "现在  没有逾期欠费", "新增凭证 1 张", "service/2026-"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // One that bears a code of its own making is told from one that is only old.
        let code = &posted.check;
        let forged = ticket.replace(code.as_str(), "D1G-0000-0000");
        let said = at(&world, &["report", "check", &forged]).await.must(1).out;
        assert!(said.contains("不符：账簿当时所载") && said.contains("65.79"), "{said}");
        let ticket = tie.proof.as_ref().unwrap().ticket();
        let said = at(&world, &["report", "check", &ticket]).await.must(0).out;
        assert!(said.contains("此后交存 1 次") && said.contains("此后缴费 1 次"), "{said}");
        let folder = tempfile::tempdir().unwrap();
        let anew = folder.path().join("anew.txt");
        at(&world, &["report", "again", &ticket, "--anew", "--out", anew.to_str().unwrap()]).await.must(0);
        let text = std::fs::read_to_string(&anew).unwrap();
        assert!(text.contains("再版说明") && text.contains("前后如下") && text.contains("此后交存 1 次"), "{text}");
        // A seal that is on no chain is said to be.
        let statement = statement.proof.as_ref().unwrap().ticket();
        let (rest, _) = statement.rsplit_once('.').unwrap();
        let forged = format!("{rest}.0000000000000000");
        let said = at(&world, &["report", "check", &forged]).await.must(1).out;
        assert!(said.contains("不是任何一本账簿在打印时的印记"), "{said}");
        let doors = Doors::of(&world);
        doors.get("/report-check?code=D6-7K3F-92QX&number=2026").await.problem(400, "report.code");
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
        let asked = ["report", "batch", "statement", "--compound", "xiaohe", "--whole", "--out", out.to_str().unwrap()];
        // What was printed before stays, unless it is to be replaced; then no volume of it stays among the new.
        let said = at(&world, &asked).await.must(1);
        assert!(said.err.contains("4 个文件") && said.err.contains("--replace"), "{}", said.err);
        std::fs::write(out.join("statement-notes.pdf"), "another's").unwrap();
        let said = at(&world, &[asked.as_slice(), &["--replace"]].concat()).await.must(0);
        assert!(!out.join("statement-001.pdf").exists() && out.join("statement-notes.pdf").exists());
        assert!(said.out.contains("12 件，一个文件"), "{}", said.out);
        let whole = std::fs::read(out.join("statement.pdf")).unwrap();
        assert!(whole.starts_with(b"%PDF") && whole.len() < 12 * 20_000, "{} bytes", whole.len());
        let doors = Doors::of(&world);
        let sent = doors.get("/report-batches/statement?format=pdf").await;
        assert!(sent.status.is_success() && sent.body.starts_with(b"%PDF") && sent.body.ends_with(b"%%EOF\n"), "{}", sent.status);
        let read = read_back(&sent.body);
        assert!(["房号1-1-101", "房号1-2-302"].iter().all(|room| read.contains(room)));
        let list = doors.get("/report-batches/statement?format=csv&each=5").await.text();
        assert_eq!(list.lines().count(), 13, "{list}");
        let list = std::fs::read_to_string(out.join("statement-清单.csv")).unwrap();
        let rows: Vec<&str> = list.lines().skip(1).collect();
        assert_eq!(rows.len(), 12, "{list}");
        // Each row of the list is a ticket that agrees.
        let ticket = rows[6].rsplit(',').next().unwrap().trim_matches('"');
        assert_eq!(Ticket::read(ticket).unwrap().compound, "xiaohe");
        at(&world, &["report", "check", ticket]).await.must(0);
        let none = ["report", "batch", "collection", "--compound", "xiaohe", "--out", out.to_str().unwrap()];
        assert!(at(&world, &none).await.must(1).err.contains("report.asked"));
        for (name, of) in [("renewal", "方案编号"), ("ballot", "表决编号")] {
            let none = ["report", "batch", name, "--compound", "xiaohe", "--out", out.to_str().unwrap()];
            let told = at(&world, &none).await.must(1).err;
            assert!(told.contains("report.asked") && told.contains("--no") && told.contains(of), "{told}");
        }
    }

    async fn one_that_cannot_be_printed_hinders_none_of_the_others(world: World) {
        let doors = Doors::of(&world);
        let owner = json!({ "on": "2026-01-05", "owners": [{ "name": "\u{a9047}某" }] });
        doors.post("/dwellings/1-1-102/conveyances", owner).await.must(201);
        let folder = tempfile::tempdir().unwrap();
        for (name, more) in [("volumes", ["--each", "5"].as_slice()), ("whole", ["--whole"].as_slice())] {
            let out = folder.path().join(name);
            let asked = ["report", "batch", "statement", "--compound", "xiaohe", "--out", out.to_str().unwrap()];
            let said = at(&world, &[asked.as_slice(), more].concat()).await.must(1);
            assert!(said.out.contains("11 件"), "{}", said.out);
            assert!(said.out.contains("未印 1 件") && said.out.contains("房号 1-1-102：缺字 U+A9047"), "{}", said.out);
            let list = std::fs::read_to_string(out.join("statement-清单.csv")).unwrap();
            let left: Vec<&str> = list.lines().filter(|line| line.contains("未印")).collect();
            assert_eq!((list.lines().count(), left.len()), (13, 1), "{list}");
            assert!(left[0].contains("房号 1-1-102：缺字 U+A9047") && !left[0].contains("xiaoqu:"), "{list}");
            let first = if name == "whole" { "statement.pdf" } else { "statement-001.pdf" };
            let read = read_back(&std::fs::read(out.join(first)).unwrap());
            assert!(read.contains("房号1-1-101") && !read.contains("房号1-1-102"), "{read}");
        }
        // Over the wire all or nothing, and which one it is.
        let told = doors.get("/report-batches/statement?format=pdf").await.problem(422, "door.no-glyph");
        assert_eq!(told["detail"], "房号 1-1-102：缺字 U+A9047");
    }

    async fn a_paper_that_was_kept_is_not_lost_to_a_slip(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let paper = path("statement.txt");
        let asked = ["report", "statement", "--compound", "xiaohe", "--room", "1-1-101", "--out", &paper];
        let said = at(&world, &asked).await.must(0);
        assert!(said.out.contains("小河里小区 维修资金分户对账单（校验码"), "{}", said.out);
        std::fs::write(&paper, "签收联").unwrap();
        let told = at(&world, &asked).await.must(1).err;
        assert!(told.contains("已存在") && told.contains("--replace"), "{told}");
        assert_eq!(std::fs::read_to_string(&paper).unwrap(), "签收联");
        at(&world, &[asked.as_slice(), &["--replace"]].concat()).await.must(0);
        assert!(std::fs::read_to_string(&paper).unwrap().contains("维修资金分户对账单"));
        let pdf = path("x.pdf");
        let asked = ["report", "statement", "--compound", "xiaohe", "--room", "1-1-101", "--format", "csv", "--out", &pdf];
        let told = at(&world, &asked).await.must(2).err;
        assert!(told.contains("--format") && !std::path::Path::new(&pdf).exists(), "{told}");

        // A paper is printed again by what a person can type, too.
        let sheet = drawn(&world, "xiaohe", "statement", json!({ "room": "1-1-101" })).await;
        let proof = sheet.proof.as_ref().unwrap();
        let printed_at = sheet.printed_at.to_string();
        let again = path("again.txt");
        let asked = ["report", "again", &sheet.check, &proof.number, "--compound", "xiaohe", "--printed-at", &printed_at, "--out", &again];
        let said = at(&world, &asked).await.must(0);
        assert!(said.out.contains("维修资金分户对账单：重印") && said.out.contains(&sheet.check), "{}", said.out);
        assert!(std::fs::read_to_string(&again).unwrap().contains(&sheet.check));
        // The same once more is written already.
        at(&world, &asked).await.must(0);
    }
}

on_both! {
    async fn what_is_missing_is_told_as_it_is_typed(world: World) {
        let bare = at(&world, &["report", "demand", "--compound", "xiaohe"]).await.must(1).err;
        assert!(bare.contains("report.asked") && bare.contains("还须写 --no\n"), "{bare}");
        let bare = at(&world, &["report", "statutory", "--compound", "xiaohe"]).await.must(1).err;
        assert!(bare.contains("还须写 --form、--period\n"), "{bare}");
        // Over the wire it has the name of the field.
        let told = Doors::of(&world).get("/reports/demand").await.problem(400, "report.asked");
        assert!(told["detail"].as_str().unwrap().ends_with("还须写 no"), "{told}");
    }

    async fn each_document_is_listed_with_the_forms_it_comes_in(world: World) {
        let told = Doors::of(&world).get("/reports").await.must(200);
        for document in told.as_array().unwrap() {
            let wanted = match document["name"].as_str().unwrap() {
                "collection-detail" => json!(["xlsx", "csv"]),
                _ => json!(["pdf", "xlsx", "csv", "text"]),
            };
            assert_eq!(document["formats"], wanted, "{document}");
        }
        let listed = at(&world, &["report", "list"]).await.must(0).out;
        let forms = |name: &str| {
            let line = listed.lines().find(|line| line.starts_with(&format!("{name} ")));
            line.unwrap().rsplit(' ').next().unwrap()
        };
        assert_eq!((forms("collection-detail"), forms("collection")), ("xlsx、csv", "pdf、xlsx、csv、text"));
    }

    async fn a_file_leaves_under_a_name_that_anybody_reads(world: World) {
        let doors = Doors::of(&world);
        for (path, name) in [
            ("/dwellings/1栋1单元101/reports/statement?format=text", "D6-statement-xiaohe-1-1-101.txt"),
            ("/reports/collection?format=csv&from=2025-01-01&to=2025-12-31", "D3-collection-xiaohe-2025-01-01-2025-12-31.csv"),
            ("/report-batches/statement?format=csv&each=5&volume=2", "D6-statement-xiaohe-002.csv"),
        ] {
            let answer = doors.get(path).await;
            assert!(answer.status.is_success(), "{}", answer.text());
            assert_eq!(answer.headers["content-disposition"], format!("inline; filename=\"{name}\""));
        }
    }

    async fn what_stands_on_the_disk_is_no_fault_of_the_command(world: World) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (paper, batch, pack) = (path("paper.txt"), path("batch"), path("pack"));
        std::fs::write(&paper, "签收联").unwrap();
        for (kept, of) in [(&batch, "statement.pdf"), (&pack, "SHA256SUMS")] {
            std::fs::create_dir(kept).unwrap();
            std::fs::write(std::path::Path::new(kept).join(of), "留存").unwrap();
        }
        let c = ["--compound", "xiaohe"];
        for (asked, told) in [
            (&["report", "statement", "--room", "1-1-101", "--out", &paper][..], format!("文件已存在，没有覆盖：{paper}")),
            (&["reconcile", "--out", &paper], format!("文件已存在，没有覆盖：{paper}")),
            (&["report", "batch", "statement", "--out", &batch], format!("文件夹已有这种单据的 1 个文件，没有覆盖：{batch}")),
            (&["report", "audit-pack", "--year", "2025", "--out", &pack], format!("文件夹已有底稿包，没有覆盖：{pack}")),
        ] {
            let said = at(&world, &[asked, &c].concat()).await.must(1).err;
            assert!(said.contains("report.file-exists") && said.contains(&told) && said.contains("--replace"), "{said}");
            assert!(!said.contains("命令有误"), "{said}");
        }
        assert_eq!(std::fs::read_to_string(&paper).unwrap(), "签收联");

        // A folder that cannot be made is told in Chinese, the system's words behind.
        let under = path("paper.txt/all");
        let asked = ["report", "batch", "statement", "--out", &under];
        let said = at(&world, &[&asked[..], &c].concat()).await.must(3).err;
        assert!(said.contains("建立文件夹") && said.contains("路径中有一段不是目录（") && !said.contains("命令有误"), "{said}");

        // A pack that is refused leaves no folder behind; one that was there before stays.
        let none = path("none");
        let asked = ["report", "audit-pack", "--year", "2025", "--out", &none];
        let said = at(&world, &[&asked[..], &c].concat()).await.must(1).err;
        assert!(said.contains("accounts.not-closed") && !std::path::Path::new(&none).exists(), "{said}");
        std::fs::create_dir(&none).unwrap();
        at(&world, &[&asked[..], &c].concat()).await.must(1);
        assert!(std::path::Path::new(&none).exists());
    }

    async fn a_plan_that_calls_itself_one_is_not_called_so_twice(world: World) {
        let today = ledger::calendar::Clock::system().now().day();
        let last = today + chrono::Days::new(9);
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, asked: Value| {
            let path = folder.path().join(name);
            std::fs::write(&path, asked.to_string()).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let motion = |plan: &str| json!({ "matter": "use-fund", "title": "维修屋面", "amount_cap_fen": 100, "plan": plan });
        let round = file("round.json", json!({ "title": "屋面维修", "convener": "业主委员会", "scope": { "kind": "compound" },
            "opens_on": today.to_string(), "closes_on": last.to_string(), "motions": [] }));
        let c = ["--compound", "xiaohe"];
        at(&world, &[&["vote", "draft", "--file", &round], &c[..]].concat()).await.must(0);
        for plan in ["方案 2026-01", "2026-02 号"] {
            let motion = file("motion.json", motion(plan));
            at(&world, &[&["vote", "motion", "1", "--file", &motion], &c[..]].concat()).await.must(0);
        }
        let text = at(&world, &[&["report", "ballot", "--no", "1", "--room", "1-1-101"], &c[..]].concat()).await.must(0).out;
        assert!(text.contains("方案 2026-01") && text.contains("方案 2026-02 号") && !text.contains("方案 方案"), "{text}");
    }
}
