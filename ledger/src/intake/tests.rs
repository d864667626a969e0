//! Files as offices keep them: what a person would expect of each.

use std::collections::{BTreeSet, HashMap};

use encoding_rs::GBK;

use super::sample::{Book, cell_xml, old_book, old_cabinet, record, zip_of};
use super::*;
use crate::calendar::Day;
use crate::error::Refusal;
use crate::measure::Area;
use crate::money::Money;
use crate::property::room_code::RoomCode;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/demo/wutongli/");

fn file<'a>(name: &'a str, bytes: &'a [u8]) -> File<'a> {
    File { name, bytes }
}

fn demo(name: &str) -> Vec<u8> {
    std::fs::read(format!("{DEMO}{name}")).unwrap()
}

fn totals() -> serde_json::Value {
    serde_json::from_slice(&demo("totals.json")).unwrap()
}

fn yuan(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

// ---- the samples ----

#[test]
fn the_sample_register_is_read_to_the_last_square_metre() {
    let bytes = demo("房产清册.xlsx");
    let read = register(file("房产清册.xlsx", &bytes)).unwrap();
    let (rows, totals) = (&read.reading.rows, totals());
    assert_eq!(read.reading.rejects, []);
    assert_eq!(read.compound.as_deref(), totals["compound"].as_str());
    assert_eq!(rows.len() as u64, totals["units"].as_u64().unwrap());
    let area: Area = rows.iter().map(|row| row.area).sum();
    assert_eq!(area.in_centi_m2(), totals["area_centi_m2"].as_i64().unwrap());
    let due: Money = rows.iter().filter_map(|row| row.deposit_due).sum();
    assert_eq!(due.in_fen(), totals["deposit_due_fen"].as_i64().unwrap());
    let tenure = |tenure| rows.iter().filter(|row| row.tenure == tenure).count() as u64;
    assert_eq!(tenure(Tenure::SoldPublic), totals["by_kind"]["已售公有住房"].as_u64().unwrap());
    assert_eq!(tenure(Tenure::Commodity), totals["by_kind"]["商品住宅"].as_u64().unwrap());
    let unsold: Vec<_> = rows.iter().filter(|row| row.unsold).collect();
    assert_eq!(unsold.len() as u64, totals["unsold"].as_u64().unwrap());
    assert!(unsold.iter().all(|row| row.owners.is_empty()));
    let people: BTreeSet<_> =
        rows.iter().flat_map(|row| &row.owners).filter_map(|owner| owner.id_no.clone()).collect();
    assert_eq!(people.len() as u64, totals["distinct_owners_by_id"].as_u64().unwrap());

    let shops = rows.iter().filter(|row| row.usage == Usage::Shop);
    assert!(shops.clone().all(|row| row.unit == "0") && shops.count() == 12);
    assert_eq!(rows.iter().filter(|row| row.has_lift == Some(true)).count(), 284);
    assert_eq!(rows.iter().filter(|row| row.has_lift == Some(false)).count(), 144);
    assert_eq!(rows[0].owners[0].name, "郜䶮玉");
    assert_eq!((rows[0].floor, rows[0].at.to_string().as_str()), (Some(1), "房产清册!A5"));
    let shop = rows.iter().find(|row| row.code.as_str() == "6-0-104").unwrap();
    assert_eq!(shop.owners[1].phone.as_deref(), Some("19900009516"));
    assert_eq!(read.control.units, Some(428));
    assert_eq!(read.control.area, Some(Area::centi_m2(3_788_808)));
    assert_eq!(read.reading.skipped, Skipped { totals: 1, ..Skipped::default() });
    assert_eq!((read.reading.header_row, read.reading.encoding), (4, "xlsx"));
    assert_eq!(read.reading.sha256.len(), 64);
}

#[test]
fn the_sample_deposits_meet_the_register() {
    let bytes = demo("交存明细.csv");
    let read = deposits(file("交存明细.csv", &bytes)).unwrap();
    let (rows, totals) = (&read.reading.rows, totals());
    assert_eq!(read.reading.rejects, []);
    assert_eq!(read.reading.encoding, "GB18030");
    assert_eq!(read.compound.as_deref(), Some("梧桐里小区"));
    assert_eq!(rows.len() as u64, totals["deposit_rows"].as_u64().unwrap());
    let paid: Money = rows.iter().map(|row| row.principal).sum();
    assert_eq!(paid.in_fen(), totals["deposit_fen"].as_i64().unwrap());
    assert_eq!(rows.iter().filter(|row| row.kind == DepositKind::Open).count(), 400);
    assert_eq!(rows.iter().filter(|row| row.kind == DepositKind::Deposit).count(), 23);
    assert_eq!(rows[0].on, day("1999-05-08"));
    assert_eq!(rows[0].receipt_no.as_deref(), Some("WX0000001"));
    assert_eq!(rows[0].at.to_string(), "交存明细.csv!A2");

    let register_bytes = demo("房产清册.xlsx");
    let register = register(file("房产清册.xlsx", &register_bytes)).unwrap();
    let rooms: HashMap<&RoomCode, &RegisterRow> =
        register.reading.rows.iter().map(|row| (&row.code, row)).collect();
    for row in rows {
        let room = rooms[&row.room];
        let names: Vec<&str> = row.owner_name.split(';').collect();
        let known = |name: &&str| room.owners.iter().any(|o| name_matches(&o.name, name));
        assert!(names.iter().all(known), "{} {}", row.room, row.owner_name);
        assert_eq!(row.area, Some(room.area), "{}", row.room);
    }
    assert_eq!(rows.iter().filter(|row| row.owner_name.contains('?')).count(), 3);
}

#[test]
fn the_sample_fees_are_read_from_serials() {
    let bytes = demo("收费明细.xlsx");
    let read = fees(file("收费明细.xlsx", &bytes)).unwrap();
    assert_eq!(read.rejects, []);
    assert_eq!(read.rows.len() as u64, totals()["fee_rows"].as_u64().unwrap());
    let paid: Money = read.rows.iter().map(|row| row.paid).sum();
    assert_eq!(paid.in_fen(), totals()["fee_paid_fen"].as_i64().unwrap());
    let first = &read.rows[0];
    assert_eq!((first.from, first.to), (day("2024-07-01"), day("2024-09-30")));
    assert_eq!(first.paid_on, Some(day("2024-09-06")));
    assert_eq!((first.due, first.cashier.as_str()), (yuan("68.82"), "收银一"));
    let keys: BTreeSet<_> = read.rows.iter().map(|row| &row.row_key).collect();
    assert_eq!(keys.len(), read.rows.len());
}

#[test]
fn the_sample_statement_runs_to_its_closing_balance() {
    let name = "工行维修资金专户_2026上半年.csv";
    let bytes = demo(name);
    let read = bank(file(name, &bytes), Terms::WholeFile).unwrap();
    let (rows, totals) = (&read.reading.rows, totals());
    assert_eq!(read.reading.rejects, []);
    assert_eq!(rows.len() as u64, totals["bank_rows"].as_u64().unwrap());
    assert_eq!(read.inflow.in_fen(), totals["bank_in_fen"].as_i64().unwrap());
    assert_eq!(read.outflow.in_fen(), totals["bank_out_fen"].as_i64().unwrap());
    assert_eq!(read.closing.unwrap().in_fen(), totals["bank_closing_fen"].as_i64().unwrap());
    assert_eq!(read.opening.unwrap() + read.inflow - read.outflow, read.closing.unwrap());
    assert_eq!(read.order, Order::Ascending);
    assert_eq!(rows[0].voucher_no, "00000005");
    assert_eq!(rows[0].occurred_time.as_deref(), Some("10:05:00"));
    assert_eq!(rows[0].counterparty_account, "622200001660389569");
    assert_eq!(rows[0].at.to_string(), "工行维修资金专户_2026上半年.csv!A3");
    let in_remarks =
        rows.iter().filter(|row| !RoomCode::find_in_text(&row.purpose).is_empty()).count();
    assert_eq!(in_remarks as u64, totals["bank_matchable_deposits"].as_u64().unwrap());
    let strangers: Vec<_> = rows.iter().filter(|row| row.counterparty_name == "王建国").collect();
    assert_eq!(strangers.iter().map(|row| row.occurrence).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(strangers[0].row_key, strangers[1].row_key);
}

// ---- what a file is ----

const REGISTER: &[&[&str]] = &[
    &["房屋编码", "产权人", "身份证号", "手机号", "建筑面积(㎡)", "备注"],
    &["1-1-101", "郜䶮玉", "999999195609166440", "19900003050", "65.53", ""],
    &["1-1-102", "魏丽志", "999999197311246308", "19900002580", "54.14", "阳台"],
];

fn csv(rows: &[&[&str]]) -> String {
    rows.iter().map(|row| row.join(",") + "\r\n").collect()
}

fn register_of(name: &str, bytes: &[u8]) -> RegisterReading {
    register(file(name, bytes)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
}

fn refused<T>(read: Result<T, Refusal>) -> &'static str {
    read.map_or_else(|refusal| refusal.code(), |_| "accepted")
}

fn codes(rejects: &[Reject]) -> Vec<(String, &'static str)> {
    rejects.iter().map(|reject| (reject.cell.clone(), reject.code)).collect()
}

#[test]
fn every_encoding_gives_the_same_rows() {
    // 𠮷 takes four bytes in GB18030.
    let text = csv(REGISTER).replace("魏丽志", "𠮷丽䶮");
    let bom = |bom: &[u8], bytes: Vec<u8>| [bom, bytes.as_slice()].concat();
    let big_endian = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    for (bytes, encoding) in [
        (text.clone().into_bytes(), "UTF-8"),
        (bom(b"\xef\xbb\xbf", text.clone().into_bytes()), "UTF-8 (BOM)"),
        (gbk(&text), "GB18030"),
        (bom(b"\xff\xfe", utf16(&text)), "UTF-16LE"),
        (utf16(&text), "UTF-16LE"),
        (bom(b"\xfe\xff", big_endian.clone()), "UTF-16BE"),
        (big_endian, "UTF-16BE"),
    ] {
        let read = register_of("清册.csv", &bytes);
        assert_eq!(read.reading.encoding, encoding);
        assert_eq!(read.reading.rejects, [], "{encoding}");
        assert_eq!(read.reading.rows[0].owners[0].name, "郜䶮玉", "{encoding}");
        assert_eq!(read.reading.rows[1].owners[0].name, "𠮷丽䶮", "{encoding}");
    }
    assert!(GBK.encode("𠮷").2, "the name needs GB18030");
}

#[test]
fn every_delimiter_gives_the_same_rows() {
    for delimiter in [",", "\t", "|", ";"] {
        let text = csv(REGISTER).replace(',', delimiter);
        let read = register_of("清册.txt", text.as_bytes());
        assert_eq!(read.reading.rows.len(), 2, "{delimiter:?}");
    }
}

#[test]
fn every_container_gives_the_same_rows() {
    let html = |rows: &[&[&str]]| {
        let row = |row: &&[&str]| format!("<tr><td>{}</td></tr>", row.join("</td><td>"));
        let rows: String = rows.iter().map(row).collect();
        format!("<html><head><meta charset=gb2312></head><body><table>{rows}</table></body></html>")
    };
    let csv = gbk(&csv(REGISTER));
    let name = encoding_rs::GBK.encode("房产清册_业务明细.csv").0.into_owned();
    for (file_name, bytes, sheet) in [
        ("a.xlsx", Book::of("清册", REGISTER).bytes(), "清册"),
        ("b.xls", old_book(&[("清册", 0, 0)], REGISTER), "清册"),
        ("c.xls", gbk(&html(REGISTER)), "c.xls"),
        ("d.csv", csv.clone(), "d.csv"),
        ("e.zip", zip_of(&name, &csv, 0), "房产清册_业务明细.csv"),
        ("f.zip", zip_of(b"g.xlsx", &Book::of("清册", REGISTER).bytes(), 0), "清册"),
        // A workbook under another ending is still a workbook.
        ("h.csv", Book::of("清册", REGISTER).bytes(), "清册"),
    ] {
        let read = register_of(file_name, &bytes);
        assert_eq!(read.reading.rejects, [], "{file_name}");
        assert_eq!(read.reading.rows.len(), 2, "{file_name}");
        assert_eq!(read.reading.sheet, sheet, "{file_name}");
        assert_eq!(read.reading.rows[1].remark, "阳台", "{file_name}");
        assert_eq!(read.reading.rows[1].at.to_string(), format!("{sheet}!A3"));
    }
}

#[test]
fn what_is_no_table_is_refused_by_its_own_name() {
    let encrypted = old_cabinet(&[("/EncryptionInfo", b"x"), ("/EncryptedPackage", b"x")]);
    let mut pass = record(0x0809, &[0, 6, 5, 0]);
    pass.extend(record(0x002f, &[1, 0, 1, 0]));
    let word = old_cabinet(&[("/WordDocument", b"x")]);
    let binary: Vec<u8> = (0..4096_u32).map(|n| (n * 7919 / 8 % 11) as u8).collect();
    let long_page = format!("<html><table>{}</table>", " ".repeat(MAX_HTML_BYTES));
    for (bytes, code) in [
        (Vec::new(), "intake.empty-file"),
        (b"\xef\xbb\xbf \r\n".to_vec(), "intake.empty-file"),
        (Book::of("空", &[]).bytes(), "intake.empty-file"),
        (vec![b'a'; MAX_BYTES + 1], "intake.too-large"),
        (long_page.into_bytes(), "intake.too-large"),
        (encrypted, "intake.password-file"),
        (old_cabinet(&[("/Workbook", &pass)]), "intake.password-file"),
        (zip_of(b"a.csv", b"x", 1), "intake.password-file"),
        (word, "intake.unknown-format"),
        (b"%PDF-1.7".to_vec(), "intake.unknown-format"),
        (b"\x1f\x8b\x08".to_vec(), "intake.unknown-format"),
        (binary, "intake.unknown-format"),
        (zip_of(b"word/document.xml", b"<x/>", 0), "intake.unknown-format"),
        (zip_of(b"content.xml", b"<x/>", 0), "intake.unknown-format"),
        (b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">".to_vec(), "intake.unknown-format"),
        (zip_of(b"in.zip", &zip_of(b"a.csv", b"x", 0), 0), "intake.not-one-file"),
        (b"PK\x05\x06".iter().copied().chain([0; 18]).collect(), "intake.not-one-file"),
        (b"PK\x03\x04 nonsense".to_vec(), "intake.damaged-file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nonsense".to_vec(), "intake.damaged-file"),
        (vec![0xff; 4096], "intake.unknown-encoding"),
        (b"a,b\r\n1,2\r\n".to_vec(), "intake.no-header"),
        (csv(&REGISTER[..1]).into_bytes(), "intake.no-rows"),
    ] {
        let refused = refused(register(file("x", &bytes)));
        assert_eq!(refused, code, "{:?}", bytes.get(..bytes.len().min(20)));
    }
}

#[test]
fn a_file_that_is_too_large_is_told_its_size_and_the_limit_that_holds() {
    let evidence = too_large(100 << 20).evidence;
    assert_eq!(evidence, "文件 100 MB，上限 64 MB");
    let by_a_byte = register(file("x", &vec![b'a'; MAX_BYTES + 1])).unwrap_err();
    assert_eq!(by_a_byte.evidence, "文件 64.1 MB，上限 64 MB");
    let page = format!("<html><table>{}</table>", " ".repeat(MAX_HTML_BYTES));
    let page = register(file("x.xls", page.as_bytes())).unwrap_err();
    assert_eq!(page.evidence, "文件 16.1 MB，上限 16 MB（网页格式）");
}

#[test]
fn macros_and_what_they_leave_behind_are_refused_by_sheet() {
    let evidence = |bytes: Vec<u8>| register(file("x", &bytes)).unwrap_err();
    for bytes in [
        Book::of("RQPHYOOSQLRTLL", &[]).part("xl/vbaProject.bin", b"x").bytes(),
        Book::of("清册", REGISTER).hidden("RQPHYOOSQLRTLL", &[&["x"]]).bytes(),
        Book::of("清册", REGISTER)
            .hidden("QZXWVKJHGF", &[&["x"]])
            .hidden("RQPHYOOSQLRTLL", &[])
            .bytes(),
        old_book(&[("清册", 0, 0), ("RQPHYOOSQLRTLL", 1, 0)], REGISTER),
        old_book(&[("清册", 0, 0), ("RQPHYOOSQLRTLL", 2, 1)], REGISTER),
    ] {
        let refusal = evidence(bytes);
        assert_eq!(refusal.code(), "intake.macro-file");
        assert!(refusal.evidence.contains("RQPHYOOSQLRTLL"), "{refusal}");
    }
    let macrosheet = Book::of("清册", REGISTER).part("xl/macrosheets/sheet1.xml", b"<x/>").bytes();
    assert_eq!(evidence(macrosheet).code(), "intake.macro-file");
    // A visible sheet in capitals is somebody's sheet.
    assert_eq!(register_of("x", &Book::of("REGISTERS", REGISTER).bytes()).reading.rows.len(), 2);
}

#[test]
fn a_hidden_sheet_is_told_and_not_read() {
    let bytes = Book::of("清册", REGISTER).hidden("旧清册", REGISTER).bytes();
    let read = register_of("x.xlsx", &bytes);
    assert_eq!(read.reading.rows.len(), 2);
    assert!(read.reading.notes.iter().any(|note| note.contains("旧清册")));
    let only = Book::default().hidden("旧清册", REGISTER).bytes();
    let refusal = register(file("x.xlsx", &only)).unwrap_err();
    assert!(refusal.code() == "intake.empty-file" && refusal.evidence.contains("旧清册"));
}

#[test]
fn sheets_with_one_header_are_read_on_and_others_refused() {
    let more: &[&[&str]] = &[REGISTER[0], &["2-1-101", "袁静", "", "", "71.04", ""]];
    let read = register_of("x", &Book::of("1栋", REGISTER).sheet("2栋", more).bytes());
    assert_eq!(read.reading.rows.len(), 3);
    assert_eq!(read.reading.rows[2].at.to_string(), "2栋!A2");
    // A total may be its sheet's or the file's.
    for total in ["71.04", "190.71"] {
        let more: &[&[&str]] = &[more[0], more[1], &["合计", "", "", "", total]];
        let read = register_of("x", &Book::of("1栋", REGISTER).sheet("2栋", more).bytes());
        assert_eq!((read.reading.rows.len(), read.reading.skipped.totals), (3, 1), "{total}");
    }
    let other: &[&[&str]] = &[&["房号", "面积", "业主"], &["2-1-101", "71.04", "袁静"]];
    let bytes = Book::of("1栋", REGISTER).sheet("2栋", other).bytes();
    assert_eq!(refused(register(file("x", &bytes))), "intake.several-tables");
    let notes = Book::of("说明", &[&["填表说明"], &["请勿改动"]]).sheet("1栋", REGISTER).bytes();
    assert_eq!(register_of("x", &notes).reading.sheet, "1栋");
    let copy = Book::of("清册", REGISTER).sheet("清册(2)", REGISTER).bytes();
    let read = register_of("x", &copy);
    assert!(read.reading.rejects.iter().all(|reject| reject.code == "intake.room-twice"));
    assert_eq!(read.reading.rejects.len(), 2);
}

#[test]
fn a_cell_far_away_costs_nothing() {
    let far = |at: &str| {
        let mut rows = String::new();
        for (row, cells) in REGISTER.iter().enumerate() {
            let cells: String =
                cells.iter().enumerate().map(|(column, c)| cell_xml(row + 1, column, c)).collect();
            rows += &format!("<row r=\"{}\">{cells}</row>", row + 1);
        }
        rows += &format!("<row r=\"1048576\"><c r=\"{at}\"><v>1</v></c></row>");
        Book::default().raw("清册", rows).bytes()
    };
    let refusal = register(file("x", &far("XFD1048576"))).unwrap_err();
    assert_eq!(refusal.code(), "intake.too-wide");
    assert!(refusal.evidence.contains("XFD1048576"), "{refusal}");
    // Below the table, in a column that is not read: an empty row a million rows down.
    let read = register_of("x", &far("H1048576"));
    assert_eq!((read.reading.rows.len(), read.reading.skipped.empty), (2, 1_048_573));
    // An old workbook claims a rectangle, and its reader would believe it.
    let mut sheet = record(0x0809, &[0, 6, 0x10, 0]);
    sheet.extend(record(0x0200, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0, 0, 0]));
    sheet.extend(record(0x000a, &[]));
    let mut book = record(0x0809, &[0, 6, 5, 0]);
    let listing = [&(8 + 4 + 10 + 4_u32).to_le_bytes()[..], &[0, 0, 1, 1], &[65, 0]].concat();
    book.extend(record(0x0085, &listing));
    book.extend(record(0x000a, &[]));
    book.extend(sheet);
    let bytes = old_cabinet(&[("/Workbook", &book)]);
    assert_eq!(refused(register(file("x", &bytes))), "intake.too-many-rows");
}

#[test]
fn a_bomb_is_refused_before_it_is_built() {
    let bomb = Book::of("清册", REGISTER)
        .part("xl/media/a.bin", &vec![0; (MAX_PART_BYTES + 1) as usize])
        .bytes();
    assert!(bomb.len() < 1 << 20);
    assert_eq!(refused(register(file("x", &bomb))), "intake.unpacks-too-large");
    let styles = Book::of("清册", REGISTER).part("xl/_rels/x.rels", &b"<a/>".repeat(1_000_001));
    assert_eq!(refused(register(file("x", &styles.bytes()))), "intake.unpacks-too-large");
    let long = format!("<row r=\"1\">{}</row>", cell_xml(1, 0, &"长".repeat(600_000)));
    let bytes = Book::default().raw("清册", long).bytes();
    assert_eq!(refused(register(file("x", &bytes))), "intake.unpacks-too-large");
    let mut many = Book::of("清册", REGISTER);
    for part in 0..MAX_PARTS {
        many = many.part(&format!("xl/media/{part}"), b"");
    }
    assert_eq!(refused(register(file("x", &many.bytes()))), "intake.unpacks-too-large");
}

// ---- where the header is ----

#[test]
fn the_header_is_found_wherever_it_stands() {
    for lines in [0, 3, 7, 17, 24, 58] {
        let preamble: String = (0..lines).map(|n| format!("第{n}行说明,{n}\r\n")).collect();
        let read = register_of("x.csv", (preamble + &csv(REGISTER)).as_bytes());
        assert_eq!(read.reading.header_row, lines + 1);
        assert_eq!(read.reading.rows.len(), 2, "{lines}");
        assert_eq!(read.reading.rows[0].at.row, lines + 2);
    }
    let preamble: String = (0..61).map(|n| format!("第{n}行说明\r\n")).collect();
    let bytes = preamble + &csv(REGISTER);
    assert_eq!(refused(register(file("x", bytes.as_bytes()))), "intake.no-header");
}

#[test]
fn names_are_known_in_any_order_and_dress() {
    let rows: &[&[&str]] = &[
        &[
            "\u{feff}建　筑 面积（㎡）：",
            "序号",
            "*业 主 姓 名",
            "联系电话[ Phone ]",
            "楼栋号",
            "单元",
            "房间号\t",
        ],
        &["65.53", "1", "郜䶮玉", "19900003050", "1栋", "1单元", "101室"],
    ];
    let read = register_of("x.csv", csv(rows).as_bytes());
    assert_eq!(read.reading.rows[0].code.as_str(), "1-1-101");
    assert_eq!(read.reading.rows[0].original, "1栋 1单元 101室");
    assert!(read.reading.notes.iter().any(|note| note.contains("未用到的列：序号")));
}

#[test]
fn a_header_of_two_rows_is_one_header() {
    let rows: &[&[&str]] = &[
        &["梧桐里小区交款明细"],
        &["房号", "业主姓名", "交款", "", "", "票据号"],
        &["", "", "日期", "本金", "利息", ""],
        &["1-1-101", "郜䶮玉", "2026-01-05", "n:1638.25", "n:1.75", "WX0000001"],
        &["", "", "日期", "本金", "利息", ""],
        &["合计", "", "", "n:1638.25", "n:1.75"],
    ];
    let read = deposits(file("x", &Book::of("明细", rows).bytes())).unwrap();
    assert_eq!(read.reading.header_row, 3);
    assert_eq!(read.reading.rejects, []);
    let row = &read.reading.rows[0];
    assert_eq!((row.principal, row.gains), (yuan("1638.25"), yuan("1.75")));
    assert_eq!(
        read.reading.headers,
        ["房号", "业主姓名", "交款日期", "交款本金", "交款利息", "票据号"]
    );
    assert_eq!(read.reading.skipped.repeated_headers, 1);
    assert_eq!(read.compound.as_deref(), Some("梧桐里小区"));

    // Group names above names that suffice by themselves.
    let rows: &[&[&str]] = &[
        &["房屋", "", "业主", "", ""],
        &["房屋编码", "建筑面积", "姓名", "身份证号", "电话"],
        &["1-1-101", "n:65.53", "郜䶮玉", "999999195609166440", "n:19900003050"],
    ];
    let read = register_of("x", &Book::of("清册", rows).bytes());
    assert_eq!(read.reading.rows[0].owners[0].phone.as_deref(), Some("19900003050"));
}

#[test]
fn a_missing_column_is_named() {
    let refusal =
        register(file("x", "房号,业主,备注\r\n1-1-101,张三,\r\n".as_bytes())).unwrap_err();
    assert_eq!(refusal.code(), "intake.missing-columns");
    assert!(refusal.evidence.contains("建筑面积"), "{refusal}");
    let refusal = register(file("x", "姓,名\r\n张,三\r\n".as_bytes())).unwrap_err();
    assert!(refusal.evidence.contains("房屋编码或房号"), "{refusal}");
    let wan = "房号,业主,建筑面积,应交资金（万元）\r\n1-1-101,张三,65.53,0.16\r\n";
    assert_eq!(refused(register(file("x", wan.as_bytes()))), "intake.not-in-yuan");
}

/// One file of every kind that an office may hand in.
const KINDS: [(&str, &str); 7] = [
    ("房产清册", "房号,业主,建筑面积,应交金额\r\n1-1-101,张三,65.53,100.00\r\n"),
    (
        "交存明细",
        "小区名称,楼,单元,房屋,业主姓名,证件号码,摘要,交易时间,交易金额,发票号,面积\r\n\
         梧桐里,1栋,1单元,101,张三,,开户,2012-09-27,100.00,1,65.53\r\n",
    ),
    (
        "收费明细",
        "房屋,收费项目,缴费周期,开始时间,结束时间,缴费时间,应缴金额,实缴金额,收银员,备注\r\n\
         1-1-101,物业费,3,2026-01-01,2026-03-31,2026-02-01,68.82,68.82,一,\r\n",
    ),
    ("银行流水", STATEMENT),
    (
        "微信支付账单",
        "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易类型,货币种类,应结订单金额,商品名称\r\n\
         `2026-01-22 13:49:58,`wx0,`16,`42,`WY,`JSAPI,`CNY,`132.77,`1-1-101\r\n",
    ),
    (
        "支付宝账单",
        "#支付宝业务明细查询\r\n支付宝交易号,商户订单号,业务类型,创建时间,对方账户,商家实收（元）,备注\r\n\
         20260111\t,ZFB,交易,2026-01-14 12:00:07,199****0000,153.57,6-1-1003\r\n",
    ),
    (
        "公共收益台账",
        "序号,收入项目,相对方,合同编号,起始日期,终止日期,年租金（元）,收款日期,收款金额（元）,备注\r\n\
         1,停车位,某公司,HT1,2025-01-01,2025-12-31,154800,2025-02-15,38700,\r\n",
    ),
];

#[test]
fn a_file_of_another_kind_is_called_by_its_name() {
    type Read = fn(File<'_>) -> Result<Vec<String>, Refusal>;
    let readers: [(&str, Read); 4] = [
        ("房产清册", |file| register(file).map(|read| read.reading.notes)),
        ("交存明细", |file| deposits(file).map(|read| read.reading.notes)),
        ("收费明细", |file| fees(file).map(|read| read.notes)),
        ("银行流水", |file| bank(file, Terms::WholeFile).map(|read| read.reading.notes)),
    ];
    for (asked, read) in readers {
        for (kind, text) in KINDS {
            let told = read(file("x.csv", text.as_bytes()));
            if kind == asked {
                let notes = told.unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
                assert!(!notes.iter().any(|note| note.contains("也像")), "{kind}: {notes:?}");
                continue;
            }
            let refusal = told.expect_err(kind);
            assert_eq!(refusal.code(), "intake.other-kind", "{kind} as {asked}: {refusal}");
            assert!(refusal.evidence.contains(&format!("是{kind}的样子")), "{refusal}");
        }
    }
    let (_, wechat) = KINDS[4];
    let refusal = fees(file("x.csv", wechat.as_bytes())).unwrap_err();
    assert!(refusal.evidence.contains("xiaoqu import wechat"), "{refusal}");
    let refusal = deposits(file("x.csv", KINDS[2].1.as_bytes())).unwrap_err();
    assert_eq!(refusal.facts["looks_like"], "fees");
    assert!(
        refusal.evidence.contains("“x.csv”第 1 行") && refusal.evidence.contains("import fees")
    );

    // Columns that would do for a deposit, beside a fee and its period: the fund's account takes no fee.
    let fee = "房号,业主,收费项目,账期,金额,日期,票据号,实收\r\n\
        1-1-101,张三,物业费,2026年一季度,68.82,2026-02-01,1,68.82\r\n";
    assert_eq!(refused(deposits(file("x", fee.as_bytes()))), "intake.other-kind");
    assert_eq!(fees(file("x", fee.as_bytes())).unwrap().rows.len(), 1);
    // One list of dwellings and of what each paid may be meant as either: it is taken as asked, and a person is told.
    let both = "房号,业主,建筑面积,应交金额,实交金额,交款日期,票据号\r\n\
        1-1-101,张三,65.53,100.00,100.00,2012-09-27,1\r\n";
    let notes = register_of("x", both.as_bytes()).reading.notes;
    assert!(notes.iter().any(|note| note.contains("表头也像交存明细；若是，请改用")), "{notes:?}");
    assert_eq!(deposits(file("x", both.as_bytes())).unwrap().reading.rows.len(), 1);
    // A bank's bars do not hide what it is.
    assert_eq!(refused(fees(file("x.txt", BOC.as_bytes()))), "intake.other-kind");
}

// ---- which rows are rows ----

#[test]
fn rows_that_are_none_are_counted() {
    let rows: &[&[&str]] = &[
        &["梧桐里小区房产清册"],
        &["楼宇名称：梧桐里小区", "", "总户数：3", "", "总面积（㎡）：191.71"],
        REGISTER[0],
        REGISTER[1],
        &[],
        &["小计", "", "", "", "65.53"],
        REGISTER[0],
        REGISTER[2],
        &["梧桐里小区房产清册"],
        &["1栋小计", "", "", "", "119.67"],
        &["2-1-201", "袁静", "", "", "71.04", "", "右边的说明"],
        &["", "", "", "", "", "", "商铺单元填0"],
        &["小计：", "", "", "", "71.04"],
        &["合　计", "", "", "", "190.71"],
        &["制表人：李四", "", "", "审核：王五"],
    ];
    let read = register_of("x", &Book::of("清册", rows).bytes());
    assert_eq!(read.reading.rejects, []);
    assert_eq!(read.reading.rows.len(), 3);
    let skipped = Skipped { empty: 2, totals: 4, repeated_headers: 2, trailers: 1 };
    assert_eq!(read.reading.skipped, skipped);
    assert_eq!(read.compound.as_deref(), Some("梧桐里小区"));
    assert!(read.reading.notes.iter().any(|note| note.contains("191.71")), "a stale title is told");
}

#[test]
fn a_total_that_disagrees_refuses_the_file() {
    for (label, total) in [("合计", "119.68"), ("小计", "54.15"), ("总计：", "119.66")] {
        let rows: &[&[&str]] =
            &[REGISTER[0], REGISTER[1], REGISTER[2], &[label, "", "", "", total]];
        let refusal = register(file("x", &Book::of("清册", rows).bytes())).unwrap_err();
        assert_eq!(refusal.code(), "intake.totals-disagree", "{label}");
        assert!(refusal.evidence.contains("清册!E4"), "{refusal}");
    }
    let money: &[&[&str]] = &[
        &["房屋", "收费项目", "开始时间", "结束时间", "应缴金额", "实缴金额"],
        &["1-1-101", "物业费", "2026-01-01", "2026-03-31", "68.82", "68.82"],
        &["人民币合计", "", "", "", "68.82", "68.83"],
    ];
    assert_eq!(refused(fees(file("x", csv(money).as_bytes()))), "intake.totals-disagree");
    // What cannot be read cannot be compared, and says so.
    let rows: &[&[&str]] =
        &[REGISTER[0], &["1-1-101", "张三", "", "", "六十"], &["合计", "", "", "", "65.53"]];
    let read = register_of("x.csv", csv(rows).as_bytes());
    assert_eq!(codes(&read.reading.rejects), [("E2".into(), "intake.area-shape")]);
    assert!(read.reading.notes.iter().any(|note| note.contains("x.csv!E3 的合计未能核对")));
}

#[test]
fn a_row_with_a_comma_too_many_is_rejected_whole() {
    let text = "房号,业主,建筑面积,备注\r\n\
        1-1-101,\"张三,李四\",65.53,\"一\r\n二\"\r\n\
        1-1-102,Smith, John,54.14,\r\n\
        1-1-201,袁静,71.04\r\n";
    let read = register_of("x.csv", text.as_bytes());
    assert_eq!(codes(&read.reading.rejects), [("E3".into(), "intake.ragged-row")]);
    let rows = &read.reading.rows;
    assert_eq!(
        rows[0].owners.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(),
        ["张三", "李四"]
    );
    assert_eq!(rows[0].remark, "一\r\n二");
    assert_eq!(rows[1].at.row, 4, "a quoted line break is inside its row");
    // A comma at the end of every line is the program's habit, not a shift.
    let habit: String = csv(&[REGISTER[1]; 1]).replace("\r\n", ",\r\n");
    let habit =
        csv(&REGISTER[..1]) + &habit + &habit.replace("101", "102") + &habit.replace("101", "103");
    assert_eq!(register_of("x.csv", habit.as_bytes()).reading.rows.len(), 3);
}

#[test]
fn too_much_is_refused_or_rejected() {
    let mut text = String::from("房号,业主,建筑面积\r\n");
    for row in 0..=MAX_ROWS {
        text += &format!("1-1-{row},张三,50\r\n");
    }
    assert_eq!(refused(register(file("x", text.as_bytes()))), "intake.too-many-rows");
    let long = format!("房号,业主,建筑面积\r\n1-1-101,{},50\r\n", "长".repeat(MAX_CELL_CHARS + 1));
    let read = register_of("x", long.as_bytes());
    assert_eq!(codes(&read.reading.rejects), [("B2".into(), "intake.cell-too-long")]);
}

// ---- values ----

#[test]
fn people_stand_one_beside_another() {
    let text = "房号,业主,身份证号,证件类型,手机号,份额,建筑面积,备注\r\n\
        1-1-101,孟浩;蔡娜,999999198407102784;999999195401065050,,19900003822;19900009516,1/2;50%,50,\r\n\
        1-1-102,孟浩；蔡娜；,999999198407102784；,身份证,,,50,\r\n\
        1-1-103,\"甲、乙、丙\",,,1;2,,50,\r\n\
        1-1-104,张三,999999198407102785,,,,50,\r\n\
        1-1-105,张三,E12345678,,,,50,\r\n\
        1-1-106,John Smith,E12345678,护照,,,50,\r\n\
        1-1-107,张三,`3.10101E+17,,,,50,\r\n\
        1-1-108,,,,,,50,未售，开发单位持有\r\n\
        1-1-109,/,,,,,50,\r\n\
        1-1-110,甲;乙,,,,2/3;1/2,50,\r\n\
        1-1-101,张三,,,,,50,\r\n\
        1-101,张三,,,,,50,\r\n\
        1-1-111,张\u{fffd},,,,,50,\r\n";
    let read = register_of("x.csv", text.as_bytes());
    let owners = |code: &str| {
        let row = read.reading.rows.iter().find(|row| row.code.as_str() == code);
        row.unwrap_or_else(|| panic!("{code}: {:?}", read.reading.rejects)).owners.clone()
    };
    let two = owners("1-1-101");
    assert_eq!((two[0].share, two[1].share), (Some((1, 2)), Some((1, 2))));
    assert_eq!(two[1].id_no.as_deref(), Some("999999195401065050"));
    assert_eq!(owners("1-1-106")[0].id_kind, Some(IdKind::Passport));
    assert!(owners("1-1-108").is_empty());
    assert_eq!(
        codes(&read.reading.rejects),
        [
            ("C3".into(), "intake.owners-mismatch"),
            ("E4".into(), "intake.owners-mismatch"),
            ("C5".into(), "intake.identity-check-digit"),
            ("C6".into(), "intake.identity-shape"),
            ("C8".into(), "intake.identity-digits-lost"),
            ("B10".into(), "intake.owner-missing"),
            ("F11".into(), "intake.shares"),
            ("A12".into(), "intake.room-twice"),
            ("A13".into(), "intake.room-ambiguous"),
            ("B14".into(), "intake.lost-character"),
        ]
    );
    let lost = &read.reading.rejects[4];
    assert!(lost.rule.contains("身份证号在 Excel 中已丢失末位，请改为文本格式"));
    assert_eq!((lost.value.as_str(), lost.row, &*lost.sheet), ("`3.10101E+17", 8, "x.csv"));
    assert_eq!(lost.place(), "x.csv!C8", "a file without sheets is named once");
}

#[test]
fn numbers_of_a_workbook_keep_what_they_can() {
    let rows: &[&[&str]] = &[
        &["楼号", "单元", "房号", "业主", "身份证号", "手机号", "建筑面积", "应交资金"],
        &[
            "n:1",
            "n:1",
            "n:101",
            "张三",
            "",
            "n:19900003050",
            "n:65.530000000000001",
            "n:68.81999999999999",
        ],
        &["n:1", "n:1", "n:102", "李四", "n:9.99999195609166E+17", "", "n:65", "n:100"],
        &["n:1", "n:1", "d:45474", "王五", "", "n:1.5", "n:65", "n:100.005"],
        &["n:1", "n:1", "n:104", "赵六", "", "", "e:#REF!", "f:A1*2"],
    ];
    let read = register_of("x", &Book::of("清册", rows).bytes());
    let row = &read.reading.rows[0];
    assert_eq!(row.code.as_str(), "1-1-101");
    assert_eq!((row.area, row.deposit_due), (Area::centi_m2(6553), Some(yuan("68.82"))));
    assert_eq!(row.owners[0].phone.as_deref(), Some("19900003050"));
    assert_eq!(
        codes(&read.reading.rejects),
        [
            ("E3".into(), "intake.identity-digits-lost"),
            ("C4".into(), "intake.identifier-became-day"),
            ("F4".into(), "intake.digits-lost"),
            ("H4".into(), "intake.money-decimals"),
            ("G5".into(), "intake.formula-error"),
            ("H5".into(), "intake.formula-without-value"),
        ]
    );
}

#[test]
fn a_workbook_of_1904_has_its_days_moved() {
    let rows: &[&[&str]] = &[
        &["房屋", "收费项目", "开始时间", "结束时间", "缴费时间", "应缴金额", "实缴金额"],
        &["1-1-101", "物业费", "n:44012", "d:44103", "d:44079.5", "n:68.82", "n:68.82"],
    ];
    let bytes = Book::of("明细", rows).in_1904().bytes();
    let read = fees(file("x", &bytes)).unwrap();
    assert_eq!((read.rows[0].from, read.rows[0].to), (day("2024-07-01"), day("2024-09-30")));
    assert_eq!(read.rows[0].paid_on, Some(day("2024-09-06")));
}

#[test]
fn fees_say_their_period_one_way_or_another() {
    let text = "房号,费用名称,账期,金额,减免金额,实收金额\r\n\
        1-1-101,物业费,2026年一季度,\"￥1,234.50元\",,\r\n\
        1-1-101,物业费,2026-01~2026-03,１００,0,100\r\n\
        1-1-101,物业费,2026年1-3月,100,,100\r\n\
        1-1-101,2026年1月物业费,,100,,100\r\n\
        1-1-101,物业费,1-3月,100,,100\r\n\
        1-1-101,物业费,2026-03~2026-01,100,,100\r\n\
        1-1-101,物业费,2026年,-100,,100\r\n\
        1-1-101,物业费,2026年,,,100\r\n";
    let read = fees(file("x.csv", text.as_bytes())).unwrap();
    let quarter = (day("2026-01-01"), day("2026-03-31"));
    assert!(read.rows[..3].iter().all(|row| (row.from, row.to) == quarter));
    assert_eq!((read.rows[0].due, read.rows[0].paid), (yuan("1234.50"), Money::ZERO));
    assert_eq!(read.rows[3].to, day("2026-01-31"));
    assert_eq!(
        codes(&read.rejects),
        [
            ("C6".into(), "intake.period-shape"),
            ("C7".into(), "intake.period-reversed"),
            ("D8".into(), "intake.money-negative"),
            ("D9".into(), "intake.value-missing"),
        ]
    );
}

#[test]
fn deposits_say_what_they_are() {
    let text = "小区名称,楼,单元,房屋,业主姓名,证件号码,摘要,交易时间,交易金额,发票号\r\n\
        梧桐里,6栋,商铺,104,孟浩,,开户,20120927,100.00,1\r\n\
        梧桐里,6栋,商铺,104,孟浩,,年度分红,2013-01-01,1.00,2\r\n\
        梧桐里,6栋,商铺,104,孟浩,,维修支用,2013-02-01,-30.00,3\r\n\
        梧桐里,6栋,商铺,104,孟浩,,退款,2013-03-01,10.00,4\r\n\
        梧桐里,6栋,商铺,104,孟浩,,退款,2013-03-01,10.00,4\r\n\
        梧桐里,6栋,商铺,104,孟浩,,转账,2013-04-01,10.00,5\r\n\
        梧桐里,6栋,商铺,104,孟浩,,缴存,2013-04-01,-10.00,6\r\n";
    let read = deposits(file("x.csv", text.as_bytes())).unwrap();
    let said: Vec<_> =
        read.reading.rows.iter().map(|row| (row.kind, row.principal, row.gains)).collect();
    assert_eq!(said[0], (DepositKind::Open, yuan("100"), Money::ZERO));
    assert_eq!(said[1], (DepositKind::Gains, Money::ZERO, yuan("1")));
    assert_eq!(said[2], (DepositKind::Use, yuan("30"), Money::ZERO));
    assert_eq!(said[3], (DepositKind::Refund, yuan("10"), Money::ZERO));
    assert_eq!(read.reading.rows[0].room.as_str(), "6-0-104");
    assert_eq!(read.reading.rows[4].occurrence, 2);
    assert_eq!(
        codes(&read.reading.rejects),
        [("G7".into(), "intake.deposit-kind"), ("I8".into(), "intake.money-negative")]
    );
    let again = deposits(file("another.csv", text.as_bytes())).unwrap();
    let keys = |read: &DepositReading| -> Vec<String> {
        read.reading.rows.iter().map(|row| row.row_key.clone()).collect()
    };
    assert_eq!(keys(&read), keys(&again), "a row is the same row in any file");

    let two = text.replacen("梧桐里,6栋", "桂花里,6栋", 1);
    assert_eq!(refused(deposits(file("x", two.as_bytes()))), "intake.several-compounds");
    let apart = "房屋编号,业主姓名,业务日期,到账日期,交款本金,交款利息,票据号\r\n\
        1-1-101,张三,2026-01-05,2026-01-06,100.00,1.50,1\r\n";
    let read = deposits(file("x", apart.as_bytes())).unwrap();
    let row = &read.reading.rows[0];
    assert_eq!((row.principal, row.gains), (yuan("100"), yuan("1.50")));
    assert_eq!(row.booked_on, Some(day("2026-01-06")));
}

// ---- banks ----

fn bank_of(text: &str) -> BankReading {
    bank(file("流水.csv", text.as_bytes()), Terms::WholeFile)
        .unwrap_or_else(|refusal| panic!("{refusal}\n{text}"))
}

/// Each bank's header, one line in and one line out: the same account, the same day, the same balance.
#[test]
fn every_bank_is_read_by_its_names() {
    let layouts = [
        (
            "工商",
            "[HISTORYDETAIL]\r\n凭证号,交易时间,对方单位,对方账号,转入金额,转出金额,余额,用途,摘要,附言\r\n\
            1\t,2026-04-10 17:07:09,张三,622200001\t,\"1,000.00\",,\"3,000.00\",维修资金 1-1-101,转账,\r\n\
            2\t,2026-04-11 09:00:00,某公司,110000001\t,,500.00,\"2,500.00\",首付款,转账,\r\n",
        ),
        (
            "工商带标志",
            "对方账号,交易时间,借贷标志,对方单位,对方行号,用途,摘要,附言,发生额,余额,币种\r\n\
            622200001,2026-04-10 17:07:09,贷,张三,,维修资金 1-1-101,转账,,1000.00,3000.00,人民币\r\n\
            110000001,2026-04-11 09:00:00,借,某公司,,首付款,转账,,500.00,2500.00,人民币\r\n",
        ),
        (
            "建设",
            "账号,账户名称,交易时间,借方发生额（支取）,贷方发生额（收入）,余额,币种,对方户名,对方账号,对方开户机构,记账日期,摘要,备注,账户明细编号-交易流水号,企业流水号,凭证种类,凭证号\r\n\
            31050001,梧桐里业委会,20260410 17:07:09,0.00,1000.00,3000.00,人民币元,张三,622200001,建行,20260410,维修资金 1-1-101,,1-1,,,\r\n\
            31050001,梧桐里业委会,20260411 09:00:00,500.00,0.00,2500.00,人民币元,某公司,110000001,建行,20260411,首付款,,1-2,,,\r\n",
        ),
        (
            "建设变体",
            "账号,账户名称,交易时间,借方发生额/元(支取),贷方发生额/元(收入),余额,币种,对方户名,对方账号,摘要,备注\r\n\
            31050001,梧桐里业委会,20260410 17:07:09,,1000.00,3000.00,人民币元,张三,622200001,维修资金 1-1-101,\r\n\
            31050001,梧桐里业委会,20260411 09:00:00,500.00,,2500.00,人民币元,某公司,110000001,首付款,\r\n",
        ),
        (
            "民生",
            "账户名称:,梧桐里业委会\r\n账号:,31050001\r\n币种:,人民币\r\n交易时间,交易流水号,借方发生额,贷方发生额,账户余额,凭证号,客户附言,对方账号,对方账号名称,对方开户行\r\n\
            2026-04-10 17:07:09,1,,1000.00,3000.00,,维修资金 1-1-101,622200001,张三,民生\r\n\
            2026-04-11 09:00:00,2,500.00,,2500.00,,首付款,110000001,某公司,民生\r\n",
        ),
        (
            "平安",
            "交易时间,账号,收入,支出,账户余额,对方户名,对方账号,对方账号开户行,摘要,交易流水号,核心唯一流水号,交易用途,币种\r\n\
            2026-04-10 17:07:09,31050001,1000.00,,3000.00,张三,622200001,平安,转账,1,1,维修资金 1-1-101,RMB\r\n\
            2026-04-11 09:00:00,31050001,,500.00,2500.00,某公司,110000001,平安,转账,2,2,首付款,RMB\r\n",
        ),
        (
            "招商",
            "账号,31050001\r\n交易日,交易时间,起息日,交易类型,借方金额,贷方金额,余额,摘要,流程实例号,业务名称,业务参考号,业务摘要,其他摘要,收(付)方分行名,收(付)方名称,收(付)方账号,票据号,内部编号\r\n\
            20260410,17:07:09,20260410,网银,,1000.00,3000.00,维修资金 1-1-101,,转账,A1,,,,张三,622200001,,\r\n\
            20260411,09:00:00,20260411,网银,500.00,,2500.00,首付款,,转账,A2,,,,某公司,110000001,,\r\n",
        ),
        (
            "招商变体",
            "账号,31050001\r\n交易日,交易时间,借方(出账),贷方(入账),余额,摘要/用途,收(付)方名称,收(付)方账号\r\n\
            20260410,170709,,1000.00,3000.00,维修资金 1-1-101,张三,622200001\r\n\
            20260411,090000,500.00,,2500.00,首付款,某公司,110000001\r\n",
        ),
        (
            "农业",
            "账户明细\r\n账号:31050001\r\n交易时间,收入金额,支出金额,账户余额,交易行名,对方省市,对方账号,对方户名,交易用途\r\n\
            2026-04-10 17:07:09,1000.00,,3000.00,农行,上海,622200001,张三,维修资金 1-1-101\r\n\
            2026-04-11 09:00:00,,500.00,2500.00,农行,上海,110000001,某公司,首付款\r\n",
        ),
        (
            "兴业",
            "银行流水号,摘要,交易日期,用途,贷方金额,账号,户名,凭证代号,币种,现/转,借方金额,对方账号,对方户名,对方银行,备注\r\n\
            1,转账,2026-04-10 17:07:09,维修资金 1-1-101,1000.00,31050001,梧桐里业委会,,人民币,转,,622200001,张三,兴业,\r\n\
            2,转账,2026-04-11 09:00:00,首付款,,31050001,梧桐里业委会,,人民币,转,500.00,110000001,某公司,兴业,\r\n",
        ),
        (
            "交通",
            "交易时间,借贷标志,交易金额,账户余额,对方账号,对方户名,摘要\r\n\
            2026-04-10 17:07:09,贷 Cr,1000.00,3000.00,622200001,张三,维修资金 1-1-101\r\n\
            2026-04-11 09:00:00,借 Dr,500.00,2500.00,110000001,某公司,首付款\r\n",
        ),
        (
            "带符号",
            "交易日期(20240101),交易时间,交易摘要,交易金额(+10000.00),余额,对方账号,对方户名\r\n\
            20260410,17:07:09,维修资金 1-1-101,+1000.00,3000.00,622200001,张三\r\n\
            20260411,09:00:00,首付款,-500.00,2500.00,110000001,某公司\r\n",
        ),
    ];
    for (name, text) in layouts {
        let read = bank_of(text);
        assert_eq!(read.reading.rejects, [], "{name}");
        assert_eq!(read.reading.rows.len(), 2, "{name}");
        assert_eq!((read.inflow, read.outflow), (yuan("1000"), yuan("500")), "{name}");
        let (first, second) = (&read.reading.rows[0], &read.reading.rows[1]);
        assert_eq!((first.inflow, second.outflow), (yuan("1000"), yuan("500")), "{name}");
        assert_eq!(first.occurred_on, day("2026-04-10"), "{name}");
        assert_eq!(first.occurred_time.as_deref(), Some("17:07:09"), "{name}");
        assert_eq!(second.occurred_time.as_deref(), Some("09:00:00"), "{name}");
        assert_eq!(first.counterparty_name, "张三", "{name}");
        assert_eq!(first.counterparty_account, "622200001", "{name}");
        let said = format!("{} {} {}", first.purpose, first.summary, first.remark);
        assert_eq!(RoomCode::find_in_text(&said).len(), 1, "{name}: {said}");
        if name != "兴业" {
            assert_eq!(read.closing, Some(yuan("2500")), "{name}");
            assert_eq!(read.opening, Some(yuan("2000")), "{name}");
        }
        let has_account = text.contains("31050001");
        assert_eq!(read.account_no.as_deref(), has_account.then_some("31050001"), "{name}");
    }
}

const BOC: &str = "查询账号[ Inquirer account number ]|232500474807|\n\
    总笔数[ Total number ]|2|\n\
    借方发生总笔数[ Total Numbers of Debited Payments ]|1|\n\
    借方发生总额[ Total Debit Amount of Payments ]|500.00|\n\
    贷方发生总笔数[ Total Numbers of Credited Payments ]|1|\n\
    贷方发生总额[ Total Credit Amount of Payments ]|1,000.00|\n\
    查询时间范围[ Time Range ]|20260401-20260430|\n\
    交易类型[ Transaction Type ]|业务类型[ Business type ]|付款人开户行号[ Account holding bank number of payer ]|付款人开户行名[ Payer account bank ]|付款人账号[ Debit Account No. ]|付款人名称[ Payer's Name ]|收款人开户行行号[ Account holding bank number of beneficiary ]|收款人开户行名[ Beneficiary account bank ]|收款人账号[ Payee's Account Number ]|收款人名称[ Payee's Name ]|交易日期[ Transaction Date ]|交易时间[ Transaction time ]|交易货币[ Trade Currency ]|交易金额[ Trade Amount ]|交易后余额[ After-transaction balance ]|起息日期[ Value Date ]|汇率[ Exchange rate ]|交易流水号[ Transaction reference number ]|客户申请号[ Online Banking Transaction Ref.(Bank Ref.) ]|客户业务编号[ Customer Transaction Ref.(Customer Ref.) ]|凭证类型[ Voucher type ]|凭证号码[ Voucher number ]|记录标识号[ Record ID ]|摘要[ Reference ]|用途[ Purpose ]|交易附言[ Remark ]|备注[ Remarks ]|预留项1[ Reserve1 ]|预留项2[ Reserve2 ]|预留项3[ Reserve3 ]|\n\
    来账|网银|1|工行|622200001|张三|2|中行|232500474807|梧桐里业委会|20260410|17:07:09|CNY|+1000.00|+3000.00|20260410|1|75783669085|||||1|转账|维修资金 1-1-101||||||\n\
    往账|网银|2|中行|232500474807|梧桐里业委会|1|建行|110000001|某公司|20260411|09:00:00|CNY|-500.00|+2500.00|20260411|1|75783669086|||||2|转账|首付款|屋面防水|||||\n";

#[test]
fn the_bilingual_bank_is_read_in_both_its_dresses() {
    let unflagged = BOC.replace("来账|", "|").replace("往账|", "|").replace("-500.00", "500.00");
    let tabs =
        [b"\xff\xfe".to_vec(), utf16(&BOC.replace('|', "\t").replace('\n', "\r\n"))].concat();
    for bytes in [BOC.as_bytes().to_vec(), tabs, gbk(BOC), unflagged.into_bytes()] {
        let read = bank(file("x", &bytes), Terms::WholeFile).unwrap();
        assert_eq!(read.reading.rejects, []);
        assert_eq!(read.reading.header_row, 8);
        assert_eq!(read.account_no.as_deref(), Some("232500474807"));
        assert_eq!((read.inflow, read.outflow), (yuan("1000"), yuan("500")));
        assert_eq!(read.closing, Some(yuan("2500")));
        let names: Vec<_> =
            read.reading.rows.iter().map(|row| row.counterparty_name.as_str()).collect();
        assert_eq!(names, ["张三", "某公司"]);
        assert_eq!(read.reading.rows[1].counterparty_account, "110000001");
        assert_eq!(read.reading.rows[1].remark, "屋面防水");
    }
    let cut: String = BOC.lines().take(9).map(|line| format!("{line}\n")).collect();
    let refusal = bank(file("x", cut.as_bytes()), Terms::WholeFile).unwrap_err();
    assert_eq!(refusal.code(), "intake.totals-disagree", "a file cut short");
    let dollars = BOC.replace("|CNY|", "|USD|");
    let read = bank(file("x", dollars.as_bytes()), Terms::WholeFile).unwrap();
    assert!(read.reading.rejects.iter().all(|reject| reject.code == "intake.currency"));
}

#[test]
fn a_page_from_a_bank_is_a_statement() {
    let page = "<html><body><table>\
        <tr><td colspan=10>账户交易明细</td></tr><tr><td>账户名称:</td><td>梧桐里业委会</td></tr>\
        <tr><td>账号:</td><td>31050001</td></tr></table><table>\
        <tr><td>交易时间</td><td>交易流水号</td><td>借方发生额</td><td>贷方发生额</td><td>账户余额</td>\
        <td>凭证号</td><td>客户附言</td><td>对方账号</td><td>对方账号名称</td><td>对方开户行</td></tr>\
        <tr><td>2026-04-10&nbsp;17:07:09</td><td>1</td><td>&nbsp;</td><td>1,000.00</td><td>3,000.00</td>\
        <td></td><td>维修资金<br>1-1-101</td><td>622200001</td><td>张三</td><td>民生</td></tr></table></html>";
    let read = bank(file("x.xls", &gbk(page)), Terms::WholeFile).unwrap();
    assert_eq!(read.reading.rejects, []);
    let row = &read.reading.rows[0];
    assert_eq!((row.inflow, row.account_no.as_str()), (yuan("1000"), "31050001"));
    assert_eq!(row.remark, "维修资金\n1-1-101");
    assert_eq!(read.account_name.as_deref(), Some("梧桐里业委会"));
}

const STATEMENT: &str = "交易时间,收入,支出,余额,对方账号,对方户名,摘要,交易流水号\r\n\
    2026-04-10 10:00:00,500.00,,1500.00,6222,王建国,转账,\r\n\
    2026-04-10 10:00:00,500.00,,2000.00,6222,王建国,转账,\r\n\
    2026-04-11 10:00:00,,300.00,1700.00,1100,某公司,首付款,\r\n\
    2026-04-12 10:00:00,0.05,,1700.05,,,结息,\r\n";

fn keys(read: &BankReading) -> Vec<&str> {
    read.reading.rows.iter().map(|row| row.row_key.as_str()).collect()
}

#[test]
fn equal_lines_are_two_lines_and_a_new_summary_is_no_new_line() {
    let read = bank_of(STATEMENT);
    assert_eq!(read.reading.rows.iter().map(|r| r.occurrence).collect::<Vec<_>>(), [1, 2, 1, 1]);
    assert_eq!(keys(&read).iter().collect::<BTreeSet<_>>().len(), 4);
    let rewritten = STATEMENT.replace("转账", "跨行汇款").replace("结息", "利息入账");
    assert_eq!(keys(&bank_of(&rewritten)), keys(&read));
    let trailer = format!("{STATEMENT}人民币合计,1000.05,300.00,,,,,\r\n#导出时间：2026-05-01\r\n");
    let with_trailer = bank_of(&trailer);
    assert_eq!(with_trailer.reading.skipped.trailers, 2);
    assert_eq!(keys(&with_trailer), keys(&read));
}

#[test]
fn the_balance_runs_up_or_down_or_the_file_is_refused() {
    let mut lines: Vec<&str> = STATEMENT.split_inclusive("\r\n").collect();
    lines[1..].reverse();
    let down = bank_of(&lines.concat());
    assert_eq!(down.order, Order::Descending);
    assert_eq!((down.opening, down.closing), (Some(yuan("1000")), Some(yuan("1700.05"))));

    let broken = STATEMENT.replace(",300.00,1700.00", ",300.00,1600.00");
    let refusal = bank(file("流水.csv", broken.as_bytes()), Terms::WholeFile).unwrap_err();
    assert_eq!(refusal.code(), "intake.balance-broken");
    assert!(
        refusal.evidence.contains("流水.csv!D4 的余额是 1600.00，按上一笔推算应为 1700.00"),
        "{refusal}"
    );
    let read = bank(file("流水.csv", broken.as_bytes()), Terms::GoodRows).unwrap();
    assert!(read.reading.notes.iter().any(|note| note.contains("余额不连续")));
    assert_eq!(read.reading.rows.len(), 4);

    let deleted =
        STATEMENT.replace("2026-04-11 10:00:00,,300.00,1700.00,1100,某公司,首付款,\r\n", "");
    assert_eq!(
        refused(bank(file("x", deleted.as_bytes()), Terms::WholeFile)),
        "intake.balance-broken"
    );
    // A rejected line breaks the chain by itself; what follows it is not blamed.
    let rejected = STATEMENT.replace("2026-04-11", "2026-04-31");
    let read = bank(file("x", rejected.as_bytes()), Terms::WholeFile).unwrap();
    assert_eq!(codes(&read.reading.rejects), [("A4".into(), "intake.day-shape")]);
    let ragged = STATEMENT.replace("首付款,", "首付款,多,");
    let read = bank(file("x", ragged.as_bytes()), Terms::WholeFile).unwrap();
    assert_eq!(codes(&read.reading.rejects), [("I4".into(), "intake.ragged-row")]);
    // A line without a balance carries it on.
    let silent = STATEMENT.replace("2000.00", "");
    assert_eq!(bank_of(&silent).closing, Some(yuan("1700.05")));
}

#[test]
fn signs_and_sides_are_understood_or_asked_about() {
    let habit = STATEMENT.replace(",300.00,", ",-300.00,");
    assert_eq!(bank_of(&habit).outflow, yuan("300"));
    let reversal = "交易时间,收入,支出,余额,对方户名,摘要\r\n\
        2026-04-10,500.00,,1500.00,张三,转账\r\n\
        2026-04-11,-500.00,,1000.00,张三,冲正\r\n\
        2026-04-11,0.00,0.00,1000.00,,查询\r\n";
    let read = bank_of(reversal);
    assert_eq!((read.inflow, read.outflow), (yuan("500"), yuan("500")));
    assert_eq!(read.reading.skipped.empty, 1);
    let unclear = "交易时间,借贷标志,交易金额,对方户名,摘要\r\n\
        2026-04-10,贷,500.00,张三,转账\r\n\
        2026-04-10,?,500.00,张三,转账\r\n\
        2026-04-10,,500.00,张三,转账\r\n";
    let read = bank(file("x", unclear.as_bytes()), Terms::WholeFile).unwrap();
    assert_eq!(
        codes(&read.reading.rejects),
        [("C3".into(), "intake.direction"), ("C4".into(), "intake.direction")]
    );
    // Signs tell the sides where there is one; a balance tells them where there is none.
    let card = "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\r\n\
        2026-04-10,人民币,500.00,1500.00,转账,张三,\r\n\
        2026-04-11,人民币,-300.00,1200.00,转账,某公司,\r\n";
    let read = bank_of(card);
    assert_eq!((read.inflow, read.outflow), (yuan("500"), yuan("300")));
    let bare = card.replace("-300.00,1200.00", "300.00,1800.00");
    assert_eq!(bank_of(&bare).inflow, yuan("800"));
    let silent = bare.replace("1500.00", "").replace("1800.00", "");
    for text in [card.replace("-300.00", "300.00"), silent] {
        let read = bank(file("x", text.as_bytes()), Terms::GoodRows);
        assert_eq!(refused(read), "intake.direction");
    }
    let both = "交易时间,收入,支出,对方户名,摘要\r\n2026-04-10,500.00,500.00,张三,转账\r\n";
    let read = bank(file("x", both.as_bytes()), Terms::WholeFile).unwrap();
    assert_eq!(codes(&read.reading.rejects), [("B2".into(), "intake.both-sides")]);
}

// ---- the rejects, and the rules ----

#[test]
fn the_rejects_come_back_mended() {
    let rows: &[&[&str]] = &[
        &["房屋编码", "业主", "身份证号", "手机号", "建筑面积", "交房日期", "备注", "", "说明"],
        &["1-1-101", "郜䶮玉", "999999195609166440", "n:19900003050", "n:65.53", "d:45474", "=1+1"],
        &["1-1-102", "魏丽志;=cmd", "999999197311246308;", "", "n:54.145", "n:45474", "=1+1"],
        &["1-1-103", "", "", "", "n:50", "d:45474", "-5", "", "填表说明"],
    ];
    let read = register_of("清册.xlsx", &Book::of("清册", rows).bytes());
    assert_eq!(
        codes(&read.reading.rejects),
        [("E3".into(), "intake.area-shape"), ("B4".into(), "intake.owner-missing")]
    );
    let Reading { headers, rejected, rejects, .. } = &read.reading;
    let rejects = rejects_file(headers, rejected, rejects);
    let text = std::str::from_utf8(&rejects).unwrap();
    assert!(text.starts_with("\u{feff}房屋编码,业主,"));
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines[0].ends_with("说明,拒绝单元格,规则,办法"), "{}", lines[0]);
    assert!(lines[1].contains(",2024-07-01,'=1+1,,,E3,面积应为正数，至多两位小数"), "{}", lines[1]);
    assert!(lines[2].contains(",2024-07-01,-5,,填表说明,B4,"), "{}", lines[2]);

    let mended = text.replace("54.145", "54.14").replace("1-1-103,,", "1-1-103,未售,");
    let again = register_of("清册_拒绝.csv", mended.as_bytes());
    assert_eq!(again.reading.rejects, []);
    assert_eq!(again.reading.rows.len(), 2);
    assert_eq!(again.reading.rows[0].owners[0].id_no.as_deref(), Some("999999197311246308"));
    assert_eq!(again.reading.rows[0].handed_over_on, Some(day("2024-07-01")));
    assert_eq!(again.reading.rows[0].remark, "=1+1");
}

#[test]
fn every_rule_has_its_own_code_and_says_what_to_do() {
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    for rule in RULES {
        assert!(rule.code.starts_with("intake."), "{}", rule.code);
        assert!(!rule.rule.is_empty() && !rule.remedy.is_empty(), "{}", rule.code);
    }
}

#[test]
fn addresses_are_a_spreadsheets() {
    let cell = |column| Address { sheet: "收费明细".into(), row: 37, column }.to_string();
    assert_eq!(cell(5), "收费明细!F37");
    assert_eq!(cell(26), "收费明细!AA37");
    assert_eq!(cell(16_383), "收费明细!XFD37");
}
