//! Rows 31 and 32: files that are small and claim, or unfold to, very much.
//!
//! A file to be read is refused before it is built; a paper to be kept is bytes, and never opened. What is measured is the
//! house's own memory, from just before to its highest, and how long the answer took. The control is the bomb itself: unpacked
//! by whoever trusts it, it is as large as it was made.

use std::io::{Cursor, Read, Write};
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::house::{CLERK, House, Line, grounds};
use crate::stage::Stage;
use crate::strangers::{code, upload};
use crate::{Fail, Sheet};

/// What the house may hold more of while it refuses: the limits of one part, read into memory to be counted.
const MOST_MB: u64 = 160;
/// What is kept as it came may be held twice: received, and on its way to the database.
const KEPT_MB: u64 = 120;

/// A file in a zip, `megabytes` of one byte.
fn zipped(name: &str, byte: u8, megabytes: usize) -> Result<Vec<u8>, Fail> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default().large_file(true))?;
    let block = vec![byte; 1 << 20];
    for _ in 0..megabytes {
        zip.write_all(&block)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A workbook with one sheet of this text, and its shared strings.
fn workbook(sheet: &str) -> Result<Vec<u8>, Fail> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let space = "http://schemas.openxmlformats.org";
    for (name, text) in [
        ("[Content_Types].xml", format!("<Types xmlns=\"{space}/package/2006/content-types\"/>")),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{space}/spreadsheetml/2006/main\" xmlns:r=\"{space}/officeDocument/2006/relationships\"><sheets><sheet name=\"清册\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{space}/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{space}/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", sheet.to_owned()),
    ] {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

fn sheet_xml(before: &str, cells: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>{before}<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>房号</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>面积</t></is></c><c r=\"C1\" t=\"inlineStr\"><is><t>业主</t></is></c></row>{cells}</sheetData></worksheet>"
    )
}

/// Every bomb, and what it is.
fn bombs() -> Result<Vec<(&'static str, Vec<u8>)>, Fail> {
    let mut sheet = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["[Content_Types].xml", "xl/workbook.xml"] {
        sheet.start_file(name, SimpleFileOptions::default())?;
    }
    sheet.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default().large_file(true))?;
    let block = vec![b' '; 1 << 20];
    for _ in 0..512 {
        sheet.write_all(&block)?;
    }
    let whole = zipped("流水.csv", b'1', 512)?;
    // A header that claims 4 GB: the size stands in the local header and in the directory.
    let mut liar = zipped("流水.csv", b'1', 1)?;
    let claimed = (1_u32 << 20).to_le_bytes();
    for at in 0..liar.len() - 4 {
        if liar[at..at + 4] == claimed {
            liar[at..at + 4].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
        }
    }
    let nested = |inner: &[u8]| -> Result<Vec<u8>, Fail> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("内.zip", SimpleFileOptions::default())?;
        zip.write_all(inner)?;
        Ok(zip.finish()?.into_inner())
    };
    let far = "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    Ok(vec![
        ("512 MB 的工作表", sheet.finish()?.into_inner()),
        ("512 MB 的文本", whole.clone()),
        ("自称 4 GB", liar),
        ("套娃", nested(&nested(&whole)?)?),
        ("XFD1048576", workbook(&sheet_xml("", far))?),
    ])
}

/// Sends a file to be read as a register; how much more memory it took, in MB, and how long, in milliseconds.
async fn sent(
    house: &House,
    line: &mut Line,
    bytes: &[u8],
) -> Result<(crate::house::Reply, u64, u128), Fail> {
    let before = house.forget_peak()?;
    let begun = Instant::now();
    let path = "/api/v1/compounds/b1/imports?kind=register&name=x.xlsx";
    let reply = upload(line, path, bytes).await?;
    let took = begun.elapsed().as_millis();
    Ok((reply, house.peak_mb()?.saturating_sub(before), took))
}

/// Row 31: a zip that unfolds, a header that lies, a zip in a zip, a cell far away.
pub(crate) async fn unfolding(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    let bombs = bombs()?;
    for (name, ground) in grounds(&stage).await? {
        let mut house = House::open(&stage, &ground, &[], &[]).await?;
        let mut line = Line::to(house.at).await?;
        let found = json!({ "code": "b1", "name": "b1" });
        line.post("/api/v1/compounds", CLERK, &found).await?.done()?;
        let (mut told, mut worst_mb, mut worst_ms) = (Vec::new(), 0, 0);
        for (what, bytes) in &bombs {
            let (reply, more_mb, took) = sent(&house, &mut line, bytes).await?;
            let code = code(&reply);
            sheet.must(
                (400..500).contains(&reply.status) && code.starts_with("intake."),
                format!("{name} {what}: {} {code}", reply.status),
            );
            sheet.must(more_mb <= MOST_MB, format!("{name} {what}: {more_mb} MB more"));
            (worst_mb, worst_ms) = (worst_mb.max(more_mb), worst_ms.max(took));
            told.push(format!("{what} {} KB [{code}]", bytes.len() >> 10));
        }
        sheet.must(house.is_up()?, format!("{name}: the house fell"));
        // Whoever is not a bomb is read.
        let good = "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>1-1-101</t></is></c><c r=\"B2\"><v>80</v></c><c r=\"C2\" t=\"inlineStr\"><is><t>赵一</t></is></c></row>";
        let (reply, ..) = sent(&house, &mut line, &workbook(&sheet_xml("", good))?).await?;
        sheet.must(reply.status < 300, format!("{name}: a good one: {}", reply.text()));
        sheet.says(format!(
            "{name}: {}; at most {worst_mb} MB more, {worst_ms} ms",
            told.join("，")
        ));
        house.close().await?;
    }
    // The control: who trusts the first one holds half a gigabyte.
    let mut zip = ZipArchive::new(Cursor::new(&bombs[0].1))?;
    let unfolded = std::io::copy(
        &mut zip.by_name("xl/worksheets/sheet1.xml")?.by_ref(),
        &mut std::io::sink(),
    )?;
    sheet.must(unfolded == 512 << 20, format!("CONTROL: the bomb unfolds to {unfolded} bytes"));
    sheet.says(format!("control: {} KB unfold to {} MB", bombs[0].1.len() >> 10, unfolded >> 20));
    Ok(())
}

/// Nine entities of ten of the one before: a billion of the first.
fn laughs() -> Result<Vec<u8>, Fail> {
    let mut entities = String::from("<!DOCTYPE x [<!ENTITY e0 \"haha\">");
    for level in 1..=9 {
        let ten = format!("&e{};", level - 1).repeat(10);
        entities += &format!("<!ENTITY e{level} \"{ten}\">");
    }
    entities += "]>";
    let row = "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>&e9;</t></is></c><c r=\"B2\"><v>80</v></c></row>";
    workbook(&sheet_xml(&entities, row))
}

/// A picture whose head says 30,000 by 30,000.
fn picture() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(30_000_u32.to_be_bytes());
    png.extend(30_000_u32.to_be_bytes());
    png.extend(b"\x08\x06\0\0\0\0\0\0\0");
    png.resize(1 << 20, 0);
    png
}

/// A document of a million objects.
fn document() -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    for object in 1..=1_000_000 {
        pdf.extend(format!("{object} 0 obj 0 endobj\n").bytes());
    }
    pdf.extend(b"trailer<</Size 1000001>>\n%%EOF\n");
    pdf
}

/// Row 32: entities in a workbook, a picture and a document as papers of a project.
pub(crate) async fn papers(stage: Arc<Stage>, sheet: Sheet) -> Result<(), Fail> {
    for (name, ground) in grounds(&stage).await? {
        let house = House::open(&stage, &ground, &[], &[]).await?;
        let mut line = Line::to(house.at).await?;
        let found = json!({ "code": "b1", "name": "b1" });
        line.post("/api/v1/compounds", CLERK, &found).await?.done()?;
        let laughs = laughs()?;
        let (reply, more_mb, took) = sent(&house, &mut line, &laughs).await?;
        sheet.must(
            (400..500).contains(&reply.status) && more_mb <= MOST_MB,
            format!("{name}: entities: {} {}, {more_mb} MB", reply.status, code(&reply)),
        );
        let mut told = vec![format!("entities [{}] {more_mb} MB {took} ms", code(&reply))];
        let proposal = json!({ "title": "屋面维修", "path": "ordinary", "held_by": "assembly" });
        line.post("/api/v1/compounds/b1/projects", CLERK, &proposal).await?.done()?;
        for (what, file, bytes) in
            [("picture", "a.png", picture()), ("document", "a.pdf", document())]
        {
            let (before, begun) = (house.forget_peak()?, Instant::now());
            let path = format!("/api/v1/compounds/b1/projects/1/papers?kind=other&name={file}");
            let kept = upload(&mut line, &path, &bytes).await?;
            let (more_mb, took) =
                (house.peak_mb()?.saturating_sub(before), begun.elapsed().as_millis());
            let kept = kept.done()?.json();
            let digest = ledger::journal::text::hex(&Sha256::digest(&bytes));
            sheet.must(
                (kept["digest"].as_str(), kept["length"].as_u64())
                    == (Some(digest.as_str()), Some(bytes.len() as u64)),
                format!("{name}: {what} is not what was sent: {kept}"),
            );
            // A small one is kept whole and comes back as it was; of a large one the digest and the length.
            if bytes.len() <= 4 << 20 {
                let back = format!("/api/v1/compounds/b1/projects/1/papers/{}", kept["paper_no"]);
                let back = line.get(&back, CLERK).await?.done()?;
                sheet.must(back.body == bytes, format!("{name}: {what} came back otherwise"));
            }
            sheet.must(more_mb <= KEPT_MB, format!("{name}: {what}: {more_mb} MB more"));
            told.push(format!("{what} of {} MB {more_mb} MB {took} ms", bytes.len() >> 20));
        }
        sheet.says(format!("{name}: {}", told.join("; ")));
        house.close().await?;
    }
    // The control: the entities are there, and who resolves them reads four gigabytes.
    let laughs = laughs()?;
    let mut zip = ZipArchive::new(Cursor::new(&laughs))?;
    let mut text = String::new();
    zip.by_name("xl/worksheets/sheet1.xml")?.read_to_string(&mut text)?;
    let levels = text.matches("<!ENTITY").count();
    sheet.must(levels == 10, "CONTROL: the entities are not in the file");
    sheet.says(format!("control: {levels} levels of ten stand in the file: 4 GB resolved"));
    Ok(())
}
