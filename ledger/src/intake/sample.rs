//! Files made in memory, one quirk at a time, for the tests of this room.
//!
//! Owns: [`Book`] (an `.xlsx`), [`old_book`] (an `.xls`), [`zip_of`].

use std::io::{Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

/// A workbook. A cell is text, unless it begins with `n:` (number), `d:` (number formatted as a day), `f:`
/// (formula without a value) or `e:` (error).
#[derive(Default)]
pub(super) struct Book {
    sheets: Vec<(String, String, String)>,
    parts: Vec<(String, Vec<u8>)>,
    counts_from_1904: bool,
}

impl Book {
    /// One visible sheet.
    pub(super) fn of(name: &str, rows: &[&[&str]]) -> Book {
        Book::default().sheet(name, rows)
    }

    pub(super) fn sheet(self, name: &str, rows: &[&[&str]]) -> Book {
        self.with_state(name, "visible", rows)
    }

    pub(super) fn hidden(self, name: &str, rows: &[&[&str]]) -> Book {
        self.with_state(name, "hidden", rows)
    }

    pub(super) fn in_1904(mut self) -> Book {
        self.counts_from_1904 = true;
        self
    }

    /// One more part in the package.
    pub(super) fn part(mut self, name: &str, bytes: &[u8]) -> Book {
        self.parts.push((name.into(), bytes.into()));
        self
    }

    /// A sheet from its own XML rows.
    pub(super) fn raw(mut self, name: &str, rows: String) -> Book {
        self.sheets.push((name.into(), "visible".into(), rows));
        self
    }

    fn with_state(mut self, name: &str, state: &str, rows: &[&[&str]]) -> Book {
        let mut xml = String::new();
        for (at, row) in rows.iter().enumerate() {
            xml += &format!("<row r=\"{}\">", at + 1);
            for (column, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                xml += &cell_xml(at + 1, column, cell);
            }
            xml += "</row>";
        }
        self.sheets.push((name.into(), state.into(), xml));
        self
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let mut put = |name: &str, bytes: &[u8]| {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        };
        let (mut sheets, mut links, mut types) = (String::new(), String::new(), String::new());
        for (at, (name, state, rows)) in self.sheets.iter().enumerate() {
            let id = at + 1;
            sheets += &format!(
                "<sheet name=\"{name}\" sheetId=\"{id}\" state=\"{state}\" r:id=\"rId{id}\"/>"
            );
            links += &format!(
                "<Relationship Id=\"rId{id}\" Type=\"{RELATION}/worksheet\" Target=\"worksheets/sheet{id}.xml\"/>"
            );
            types += &format!(
                "<Override PartName=\"/xl/worksheets/sheet{id}.xml\" ContentType=\"{SHEET_TYPE}\"/>"
            );
            let xml =
                format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
            put(&format!("xl/worksheets/sheet{id}.xml"), xml.as_bytes());
        }
        let epoch = if self.counts_from_1904 { "<workbookPr date1904=\"1\"/>" } else { "" };
        put("xl/workbook.xml", format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATION}\">{epoch}<sheets>{sheets}</sheets></workbook>").as_bytes());
        put("xl/_rels/workbook.xml.rels", format!("<Relationships xmlns=\"{PACKAGE}\">{links}<Relationship Id=\"rIdS\" Type=\"{RELATION}/styles\" Target=\"styles.xml\"/></Relationships>").as_bytes());
        put("_rels/.rels", format!("<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"rId1\" Type=\"{RELATION}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>").as_bytes());
        put("[Content_Types].xml", format!("<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">{types}</Types>").as_bytes());
        put("xl/styles.xml", format!("<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>").as_bytes());
        for (name, bytes) in &self.parts {
            put(name, bytes);
        }
        zip.finish().unwrap().into_inner()
    }
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const SHEET_TYPE: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";

/// One cell of a sheet.
pub(super) fn cell_xml(row: usize, column: usize, cell: &str) -> String {
    let at = super::Address { sheet: "".into(), row: row as u32, column: column as u16 }.cell();
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    match cell.split_once(':') {
        Some(("n", number)) => format!("<c r=\"{at}\"><v>{number}</v></c>"),
        Some(("d", number)) => format!("<c r=\"{at}\" s=\"1\"><v>{number}</v></c>"),
        Some(("f", formula)) => format!("<c r=\"{at}\"><f>{formula}</f></c>"),
        Some(("e", error)) => format!("<c r=\"{at}\" t=\"e\"><v>{error}</v></c>"),
        _ => format!(
            "<c r=\"{at}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
            escaped(cell)
        ),
    }
}

/// An old workbook of one sheet: text, or numbers after `n:`. `state` 1 is hidden, `kind` 1 a macro sheet.
pub(super) fn old_book(sheets: &[(&str, u8, u8)], rows: &[&[&str]]) -> Vec<u8> {
    let mut body = record(0x0809, &[0, 6, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (at, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let mut data = Vec::new();
            data.extend((at as u16).to_le_bytes());
            data.extend((column as u16).to_le_bytes());
            data.extend([0, 0]);
            if let Some(number) = cell.strip_prefix("n:") {
                data.extend(number.parse::<f64>().unwrap().to_le_bytes());
                body.extend(record(0x0203, &data));
            } else {
                let text: Vec<u16> = cell.encode_utf16().collect();
                data.extend((text.len() as u16).to_le_bytes());
                data.push(1);
                data.extend(text.iter().flat_map(|unit| unit.to_le_bytes()));
                body.extend(record(0x0204, &data));
            }
        }
    }
    body.extend(record(0x000a, &[]));

    let listing = |starts: &[u32]| -> Vec<u8> {
        let mut head = record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for ((name, state, kind), start) in sheets.iter().zip(starts) {
            let mut data = start.to_le_bytes().to_vec();
            let text: Vec<u16> = name.encode_utf16().collect();
            data.extend([*state, *kind, text.len() as u8, 1]);
            data.extend(text.iter().flat_map(|unit| unit.to_le_bytes()));
            head.extend(record(0x0085, &data));
        }
        head.extend(record(0x000a, &[]));
        head
    };
    let first = listing(&vec![0; sheets.len()]).len() as u32;
    let starts: Vec<u32> =
        (0..sheets.len() as u32).map(|n| first + n * body.len() as u32).collect();
    let mut stream = listing(&starts);
    for _ in sheets {
        stream.extend(&body);
    }
    old_cabinet(&[("/Workbook", &stream)])
}

/// A compound file with these streams.
pub(super) fn old_cabinet(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut cabinet = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in streams {
        if let Some(folder) = name.rfind('/').filter(|at| *at > 0) {
            cabinet.create_storage_all(&name[..folder]).unwrap();
        }
        cabinet.create_stream(name).unwrap().write_all(bytes).unwrap();
    }
    cabinet.into_inner().into_inner()
}

pub(super) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = kind.to_le_bytes().to_vec();
    record.extend((data.len() as u16).to_le_bytes());
    record.extend(data);
    record
}

/// A zip of one stored file under a raw name: no flag says in which encoding.
pub(super) fn zip_of(name: &[u8], bytes: &[u8], flags: u16) -> Vec<u8> {
    let sum = crc32(bytes);
    let mut shared = Vec::new();
    shared.extend(flags.to_le_bytes());
    shared.extend([0, 0, 0, 0, 0x21, 0]);
    shared.extend(sum.to_le_bytes());
    shared.extend((bytes.len() as u32).to_le_bytes());
    shared.extend((bytes.len() as u32).to_le_bytes());
    shared.extend((name.len() as u16).to_le_bytes());
    let mut zip = b"PK\x03\x04\x14\0".to_vec();
    zip.extend(&shared);
    zip.extend([0, 0]);
    zip.extend(name);
    zip.extend(bytes);
    let directory = zip.len() as u32;
    zip.extend(b"PK\x01\x02\x14\0\x14\0");
    zip.extend(&shared);
    zip.extend([0; 16]);
    zip.extend(name);
    let size = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(size.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}
