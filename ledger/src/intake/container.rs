//! What a file is, by its bytes, and whether it may be opened.
//!
//! Owns: [`Unpacked`], [`Container`], [`open`].
//!
//! Always: limits are checked before anything is built from what a file claims; what a zip unpacks to is
//! measured, not believed. Never: a macro, a password, a second file.

use std::borrow::Cow;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Reader as _, SheetType, SheetVisible, Xls, XlsError, Xlsx};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use zip::ZipArchive;
use zip::result::ZipError;

use super::layout;
use super::{
    DAMAGED_FILE, EMPTY_FILE, File, MACRO_FILE, MAX_BYTES, MAX_HTML_BYTES, MAX_PART_BYTES,
    MAX_PARTS, MAX_UNPACKED_BYTES, NOT_ONE_FILE, PASSWORD_FILE, TOO_MANY_ROWS, UNKNOWN_ENCODING,
    UNKNOWN_FORMAT, UNPACKS_TOO_LARGE, beyond, too_large,
};
use crate::error::Refusal;

/// A file out of its zip, if it was in one.
pub(super) struct Unpacked<'a> {
    /// The inner file's name.
    pub(super) name: Cow<'a, str>,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// A file whose kind is known and whose limits hold.
pub(super) enum Container<'a> {
    Xlsx(Box<Xlsx<Cursor<&'a [u8]>>>),
    Xls(Box<Xls<Cursor<&'a [u8]>>>),
    /// A page that calls itself a workbook, decoded.
    Html(Cow<'a, str>, &'static str),
    /// Text, decoded.
    Text(Cow<'a, str>, &'static str),
}

/// A sheet that is listed, and whether it is read.
pub(super) struct SheetName {
    pub(super) name: String,
    pub(super) is_read: bool,
}

const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
const CFB: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// The longest run without a tag in a sheet's text: far beyond any cell that may be read.
const MAX_XML_RUN: usize = 1 << 20;
/// Tags in the parts that are built whole when a workbook is opened: styles, sheets, relations.
const MAX_TAGS: usize = 1_000_000;
/// Cells an old workbook may spread over, filled or not: its reader builds the whole rectangle.
const MAX_XLS_CELLS: u64 = 3_000_000;
const MAX_SHEETS: usize = 256;

/// Takes the one file out of a zip; a workbook is itself.
///
/// # Errors
/// [`EMPTY_FILE`], [`TOO_LARGE`], [`PASSWORD_FILE`], [`UNPACKS_TOO_LARGE`], [`NOT_ONE_FILE`],
/// [`UNKNOWN_FORMAT`], [`DAMAGED_FILE`].
pub(super) fn unpack<'a>(file: File<'a>) -> Result<Unpacked<'a>, Refusal> {
    refuse_size(file.bytes)?;
    let whole = Unpacked { name: Cow::Borrowed(file.name), bytes: Cow::Borrowed(file.bytes) };
    if !is_zip(file.bytes) {
        return Ok(whole);
    }
    let mut zip = open_zip(file.bytes)?;
    let parts = list_parts(&mut zip)?;
    if is_workbook(&parts) {
        return Ok(whole);
    }
    refuse_other_documents(&parts)?;
    let (at, name) = the_one_file(&parts)?;
    let mut bytes = Vec::new();
    let part = zip.by_index(at).map_err(damaged_zip)?;
    part.take(MAX_PART_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| DAMAGED_FILE.refuse(format!("ZIP 中的“{name}”解压失败（{e}）")))?;
    if bytes.len() as u64 > MAX_PART_BYTES {
        return Err(UNPACKS_TOO_LARGE.refuse(format!("“{name}”展开后超过 128 MB")));
    }
    if is_zip(&bytes) && !is_workbook(&list_parts(&mut open_zip(&bytes)?)?) {
        return Err(NOT_ONE_FILE.refuse(format!("ZIP 里的“{name}”还是一个 ZIP")));
    }
    Ok(Unpacked { name: Cow::Owned(name), bytes: Cow::Owned(bytes) })
}

/// Opens a file that is out of its zip.
///
/// # Errors
/// [`EMPTY_FILE`], [`TOO_LARGE`], [`UNKNOWN_FORMAT`], [`UNKNOWN_ENCODING`], [`PASSWORD_FILE`],
/// [`MACRO_FILE`], [`UNPACKS_TOO_LARGE`], [`DAMAGED_FILE`].
pub(super) fn open(bytes: &[u8]) -> Result<Container<'_>, Refusal> {
    if bytes.is_empty() {
        return Err(EMPTY_FILE.refuse("0 字节"));
    }
    if is_zip(bytes) {
        return open_xlsx(bytes);
    }
    if bytes.starts_with(CFB) {
        return open_xls(bytes);
    }
    if let Some(kind) = foreign(bytes) {
        return Err(UNKNOWN_FORMAT.refuse(format!("这是{kind}")));
    }
    open_text(bytes)
}

impl Container<'_> {
    /// How the file is written, for the reading.
    pub(super) fn encoding(&self) -> &'static str {
        match self {
            Container::Xlsx(_) => "xlsx",
            Container::Xls(_) => "xls",
            Container::Html(_, encoding) | Container::Text(_, encoding) => encoding,
        }
    }

    /// The sheets, hidden ones and charts marked as not read. A text is one sheet.
    pub(super) fn sheets(&self) -> Vec<SheetName> {
        let listed = match self {
            Container::Xlsx(book) => book.sheets_metadata(),
            Container::Xls(book) => book.sheets_metadata(),
            Container::Html(..) | Container::Text(..) => {
                return vec![SheetName { name: String::new(), is_read: true }];
            }
        };
        let is_read = |sheet: &calamine::Sheet| {
            sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
        };
        listed.iter().map(|s| SheetName { name: s.name.clone(), is_read: is_read(s) }).collect()
    }

    /// Whether the workbook counts its days from 1904.
    pub(super) fn counts_from_1904(&self) -> bool {
        match self {
            Container::Xlsx(book) => book.has_1904_epoch(),
            Container::Xls(book) => book.has_1904_epoch(),
            Container::Html(..) | Container::Text(..) => false,
        }
    }
}

/// Runs a reader of foreign bytes: its panic is the file's fault, not ours.
pub(super) fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(read))
        .map_err(|_| DAMAGED_FILE.refuse("文件内部结构自相矛盾，读取时中断"))
}

fn refuse_size(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    if bytes.iter().all(|b| b.is_ascii_whitespace() || matches!(b, 0xef | 0xbb | 0xbf)) {
        return Err(EMPTY_FILE.refuse(format!("{} 字节，没有内容", bytes.len())));
    }
    Ok(())
}

// ---- zip and xlsx ----

struct Part {
    name: String,
    is_folder: bool,
    is_encrypted: bool,
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP) || bytes.starts_with(EMPTY_ZIP)
}

fn open_zip(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Refusal> {
    ZipArchive::new(Cursor::new(bytes)).map_err(damaged_zip)
}

fn damaged_zip(error: ZipError) -> Refusal {
    match error {
        ZipError::UnsupportedArchive(what) if what == ZipError::PASSWORD_REQUIRED => {
            PASSWORD_FILE.refuse("ZIP 已加密")
        }
        ZipError::InvalidPassword => PASSWORD_FILE.refuse("ZIP 已加密"),
        error => DAMAGED_FILE.refuse(format!("ZIP 无法读取：{}", wrong_with(&error))),
    }
}

/// The reader's own words are for programmers.
fn wrong_with(error: &ZipError) -> String {
    match error {
        ZipError::CompressionMethodNotSupported(method) => format!("压缩方法 {method} 不支持"),
        ZipError::UnsupportedArchive(_) => "用了不支持的写法，例如分卷".to_owned(),
        ZipError::FileNotFound => "缺少目录所列的文件".to_owned(),
        _ => "文件不完整，或不是 ZIP".to_owned(),
    }
}

/// The parts by name, refusing those that claim too much.
fn list_parts(zip: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Vec<Part>, Refusal> {
    if zip.len() > MAX_PARTS {
        return Err(UNPACKS_TOO_LARGE.refuse(format!("{} 个部分", zip.len())));
    }
    let mut parts = Vec::with_capacity(zip.len());
    let mut claimed = 0_u64;
    for at in 0..zip.len() {
        let part = zip.by_index_raw(at).map_err(damaged_zip)?;
        claimed = claimed.saturating_add(part.size());
        parts.push(Part {
            name: part_name(part.name_raw()),
            is_folder: part.is_dir(),
            is_encrypted: part.encrypted(),
        });
    }
    if claimed > MAX_UNPACKED_BYTES {
        return Err(UNPACKS_TOO_LARGE
            .refuse(format!("声称展开后有 {} MB", claimed >> 20))
            .with("claimed_bytes", claimed));
    }
    Ok(parts)
}

/// Old programs write names in GBK and do not say so.
fn part_name(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.into(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

fn plain_path(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

fn is_workbook(parts: &[Part]) -> bool {
    parts.iter().any(|part| plain_path(&part.name).starts_with("xl/"))
}

fn refuse_other_documents(parts: &[Part]) -> Result<(), Refusal> {
    for part in parts {
        let path = plain_path(&part.name);
        let kind = match () {
            () if path.starts_with("word/") => "Word 文档",
            () if path.starts_with("ppt/") => "幻灯片",
            () if path == "content.xml" => "OpenDocument 表格（.ods）",
            () if path == "ofd.xml" => "OFD 版式文件",
            () => continue,
        };
        return Err(UNKNOWN_FORMAT.refuse(format!("这是{kind}")));
    }
    Ok(())
}

fn the_one_file(parts: &[Part]) -> Result<(usize, String), Refusal> {
    let is_file = |part: &Part| {
        !part.is_folder && !part.name.starts_with("__MACOSX/") && !part.name.ends_with(".DS_Store")
    };
    let files: Vec<(usize, &Part)> =
        parts.iter().enumerate().filter(|(_, part)| is_file(part)).collect();
    // A channel puts its summary beside its bill: `…业务明细.csv`, `…业务明细(汇总).csv`.
    let (summaries, files): (Vec<_>, Vec<_>) = match files.len() {
        2 => files.into_iter().partition(|(_, part)| part.name.contains("汇总")),
        _ => (Vec::new(), files),
    };
    let files = if files.is_empty() { summaries } else { files };
    match files.as_slice() {
        [(_, part)] if part.is_encrypted => {
            Err(PASSWORD_FILE.refuse(format!("ZIP 中的“{}”已加密", part.name)))
        }
        [(at, part)] => {
            let name = part.name.rsplit(['/', '\\']).next().unwrap_or_default();
            Ok((*at, name.into()))
        }
        [] => Err(NOT_ONE_FILE.refuse("ZIP 是空的")),
        several => {
            let names: Vec<&str> = several.iter().take(5).map(|(_, p)| p.name.as_str()).collect();
            Err(NOT_ONE_FILE.refuse(format!("有 {} 个文件：{}", several.len(), names.join("、"))))
        }
    }
}

fn open_xlsx(bytes: &[u8]) -> Result<Container<'_>, Refusal> {
    let mut zip = open_zip(bytes)?;
    let parts = list_parts(&mut zip)?;
    refuse_macro_parts(&mut zip, &parts)?;
    if parts.iter().any(|part| plain_path(&part.name) == "xl/workbook.bin") {
        return Err(UNKNOWN_FORMAT.refuse("这是二进制工作簿（.xlsb）"));
    }
    measure_parts(&mut zip, &parts)?;
    let book = guarded(|| Xlsx::new(Cursor::new(bytes)))?
        .map_err(|e| DAMAGED_FILE.refuse(format!("工作簿无法打开（{e}）")))?;
    refuse_hostile_sheets(book.sheets_metadata())?;
    Ok(Container::Xlsx(Box::new(book)))
}

fn refuse_macro_parts(zip: &mut ZipArchive<Cursor<&[u8]>>, parts: &[Part]) -> Result<(), Refusal> {
    let is_macro = |path: &str| path.ends_with("vbaproject.bin") || path.contains("/macrosheets/");
    let Some(part) = parts.iter().find(|part| is_macro(&plain_path(&part.name))) else {
        return Ok(());
    };
    let mut book = String::new();
    if let Ok(xml) = zip.by_name("xl/workbook.xml") {
        // Only to name the sheets; a workbook that cannot say is refused all the same.
        let _ = xml.take(1 << 20).read_to_string(&mut book);
    }
    let sheets: Vec<&str> = book
        .split("<sheet ")
        .skip(1)
        .filter_map(|tag| tag.split_once("name=\"")?.1.split('"').next())
        .collect();
    Err(MACRO_FILE.refuse(format!("含宏 {}，工作表：{}", part.name, sheets.join("、"))))
}

fn refuse_hostile_sheets(sheets: &[calamine::Sheet]) -> Result<(), Refusal> {
    let is_hostile = |sheet: &&calamine::Sheet| {
        let is_macro = matches!(sheet.typ, SheetType::MacroSheet | SheetType::Vba);
        is_macro || layout::is_hostile_sheet(&sheet.name, sheet.visible != SheetVisible::Visible)
    };
    let hostile: Vec<&str> =
        sheets.iter().filter(is_hostile).map(|sheet| sheet.name.as_str()).collect();
    if hostile.is_empty() {
        return Ok(());
    }
    Err(MACRO_FILE.refuse(format!("可疑的工作表：{}", hostile.join("、"))))
}

/// Unpacks every part once to see how large it is: the zip's own figures may lie.
fn measure_parts(zip: &mut ZipArchive<Cursor<&[u8]>>, parts: &[Part]) -> Result<(), Refusal> {
    let mut total = 0_u64;
    let mut buffer = vec![0_u8; 64 << 10];
    for (at, part) in parts.iter().enumerate() {
        if part.is_encrypted {
            return Err(PASSWORD_FILE.refuse(format!("“{}”已加密", part.name)));
        }
        let path = plain_path(&part.name);
        let is_sheet = path.starts_with("xl/worksheets/");
        let has_cells = is_sheet || path.starts_with("xl/sharedstrings");
        let is_built_whole = path.ends_with(".rels")
            || matches!(path.as_str(), "xl/styles.xml" | "xl/workbook.xml" | "[content_types].xml");
        let (mut size, mut run, mut tags) = (0_u64, 0_usize, 0_usize);
        let mut reader = zip.by_index(at).map_err(damaged_zip)?;
        loop {
            let read = reader
                .read(&mut buffer)
                .map_err(|e| DAMAGED_FILE.refuse(format!("“{}”解压失败（{e}）", part.name)))?;
            let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
            size += chunk.len() as u64;
            total += chunk.len() as u64;
            if total > MAX_UNPACKED_BYTES || (!is_sheet && size > MAX_PART_BYTES) {
                return Err(UNPACKS_TOO_LARGE.refuse(format!("“{}”展开后过大", part.name)));
            }
            tags += chunk.iter().filter(|byte| **byte == b'<').count();
            if is_built_whole && tags > MAX_TAGS {
                return Err(UNPACKS_TOO_LARGE.refuse(format!("“{}”的条目过多", part.name)));
            }
            run = longest_open_run(chunk, run);
            if has_cells && run > MAX_XML_RUN {
                return Err(UNPACKS_TOO_LARGE.refuse(format!("“{}”有一格长得离谱", part.name)));
            }
        }
    }
    Ok(())
}

/// How long the text since the last tag is, or the longest one ended in this chunk if it is longer.
fn longest_open_run(chunk: &[u8], before: usize) -> usize {
    let mut run = before;
    for piece in chunk.split_inclusive(|b| *b == b'<') {
        run += piece.len();
        if run > MAX_XML_RUN {
            return run;
        }
        if piece.ends_with(b"<") {
            run = 0;
        }
    }
    run
}

// ---- the old workbook ----

fn open_xls(bytes: &[u8]) -> Result<Container<'_>, Refusal> {
    let mut cabinet = cfb::CompoundFile::open(Cursor::new(bytes))
        .map_err(|e| DAMAGED_FILE.refuse(format!("老式工作簿无法打开（{e}）")))?;
    if cabinet.exists("/EncryptedPackage") || cabinet.exists("/EncryptionInfo") {
        return Err(PASSWORD_FILE.refuse("加密的 .xlsx"));
    }
    let stream = if cabinet.exists("/Workbook") { "/Workbook" } else { "/Book" };
    let mut records = Vec::new();
    cabinet
        .open_stream(stream)
        .map_err(|_| UNKNOWN_FORMAT.refuse("这是老式 Office 文件，但不是 Excel 工作簿"))?
        .take(MAX_BYTES as u64)
        .read_to_end(&mut records)
        .map_err(|e| DAMAGED_FILE.refuse(format!("老式工作簿无法读取（{e}）")))?;
    let has_macro = cabinet.exists("/_VBA_PROJECT_CUR");
    drop(cabinet);
    refuse_wide_records(&records)?;
    drop(records);

    let book = match guarded(|| Xls::new(Cursor::new(bytes)))? {
        Ok(book) => book,
        Err(XlsError::Password) => return Err(PASSWORD_FILE.refuse("加密的 .xls")),
        Err(e) => return Err(DAMAGED_FILE.refuse(format!("老式工作簿无法读取（{e}）"))),
    };
    refuse_hostile_sheets(book.sheets_metadata())?;
    if has_macro {
        let names: Vec<&str> = book.sheets_metadata().iter().map(|s| s.name.as_str()).collect();
        return Err(MACRO_FILE.refuse(format!("含 VBA 宏，工作表：{}", names.join("、"))));
    }
    Ok(Container::Xls(Box::new(book)))
}

/// Walks the records before the reader does, because it builds a rectangle as large as the farthest cell
/// says, and believes the DIMENSIONS record.
fn refuse_wide_records(stream: &[u8]) -> Result<(), Refusal> {
    const END: u16 = 0x000a;
    const SHEET: u16 = 0x0085;
    const FILE_PASS: u16 = 0x002f;
    let mut sheets = Vec::new();
    for (kind, data) in records(stream) {
        match kind {
            FILE_PASS
                if data.first().is_some_and(|b| *b != 0)
                    || data.get(1).is_some_and(|b| *b != 0) =>
            {
                return Err(PASSWORD_FILE.refuse("加密的 .xls"));
            }
            SHEET => sheets.push(long(data, 0).unwrap_or(u32::MAX) as usize),
            END => break,
            _ => {}
        }
    }
    sheets.sort_unstable();
    let listed = sheets.len();
    sheets.dedup();
    if sheets.len() != listed || listed > MAX_SHEETS {
        return Err(DAMAGED_FILE.refuse("工作表目录自相矛盾"));
    }
    let mut cells = 0_u64;
    for at in sheets {
        let body = stream.get(at..).ok_or_else(|| DAMAGED_FILE.refuse("工作表目录指向文件之外"))?;
        cells = cells.saturating_add(rectangle(body)?);
        if cells > MAX_XLS_CELLS {
            return Err(TOO_MANY_ROWS.refuse("单元格铺得过开，超过 300 万格"));
        }
    }
    Ok(())
}

/// The rectangle a sheet's cells span, or that it claims.
fn rectangle(body: &[u8]) -> Result<u64, Refusal> {
    const BEGIN: u16 = 0x0809;
    const END: u16 = 0x000a;
    const DIMENSIONS: u16 = 0x0200;
    const CELLS: [u16; 9] =
        [0x0203, 0x0204, 0x00d6, 0x0205, 0x0207, 0x027e, 0x00fd, 0x00bd, 0x0006];
    let (mut last_row, mut last_column, mut claimed, mut depth) = (0_u64, 0_u64, 0_u64, 0_u32);
    for (kind, data) in records(body) {
        match kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            _ if depth > 1 => {}
            DIMENSIONS if data.len() >= 14 => {
                let rows = spread(long(data, 0), long(data, 4))?;
                claimed = rows * spread(short(data, 8), short(data, 10))?;
            }
            DIMENSIONS => {
                let rows = spread(short(data, 0), short(data, 2))?;
                claimed = rows * spread(short(data, 4), short(data, 6))?;
            }
            kind if CELLS.contains(&kind) => {
                // A run of numbers (0x00bd) ends in its last two bytes.
                let end = if kind == 0x00bd { data.len().saturating_sub(2) } else { 2 };
                last_row = last_row.max(u64::from(short(data, 0).unwrap_or(0)));
                last_column = last_column.max(u64::from(short(data, end).unwrap_or(0)));
            }
            _ => {}
        }
    }
    Ok(claimed.max((last_row + 1) * (last_column + 1)))
}

fn spread(from: Option<u32>, to: Option<u32>) -> Result<u64, Refusal> {
    let (from, to) = (from.unwrap_or(0), to.unwrap_or(0));
    if from > to {
        return Err(DAMAGED_FILE.refuse("工作表的范围自相矛盾"));
    }
    Ok(u64::from(to - from) + 1)
}

fn records(mut stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let kind = u16::from_le_bytes(stream.get(0..2)?.try_into().ok()?);
        let length = usize::from(u16::from_le_bytes(stream.get(2..4)?.try_into().ok()?));
        let data = stream.get(4..4 + length)?;
        stream = stream.get(4 + length..)?;
        Some((kind, data))
    })
}

fn short(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?)))
}

fn long(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

// ---- text and pages ----

/// Files that are often sent by mistake, by their first bytes.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 7] = [
        (b"%PDF", " PDF"),
        (b"Rar!", " RAR 压缩包"),
        (b"7z\xbc\xaf\x27\x1c", " 7z 压缩包"),
        (b"\x1f\x8b", " GZIP 压缩包"),
        (b"\x89PNG", "图片"),
        (b"\xff\xd8\xff", "图片"),
        (b"{\\rtf", " RTF 文档"),
    ];
    MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind)
}

fn open_text(bytes: &[u8]) -> Result<Container<'_>, Refusal> {
    let (text, encoding) = decode(bytes)?;
    if text.trim().is_empty() {
        return Err(EMPTY_FILE.refuse(format!("{} 字节，没有内容", bytes.len())));
    }
    let head: String = text.chars().take(4096).collect::<String>().to_ascii_lowercase();
    let head = head.trim_start();
    if head.contains("urn:schemas-microsoft-com:office:spreadsheet") {
        return Err(UNKNOWN_FORMAT.refuse("这是 XML 表格 2003"));
    }
    if head.starts_with('<') && (head.contains("<html") || head.contains("<table")) {
        if bytes.len() > MAX_HTML_BYTES {
            let mut refusal = beyond(bytes.len() as u64, MAX_HTML_BYTES as u64);
            refusal.evidence.push_str("（网页格式）");
            return Err(refusal);
        }
        return Ok(Container::Html(text, encoding));
    }
    Ok(Container::Text(text, encoding))
}

/// BOM, else the NULs of UTF-16, else valid UTF-8, else GB18030. A file has one encoding.
fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), Refusal> {
    let (encoding, name): (&'static Encoding, _) = match Encoding::for_bom(bytes) {
        Some((encoding, _)) if encoding == UTF_8 => (UTF_8, "UTF-8 (BOM)"),
        Some((encoding, _)) => (encoding, encoding.name()),
        None => match by_nuls(bytes)? {
            Some(encoding) => (encoding, encoding.name()),
            None if is_utf8(bytes) => (UTF_8, "UTF-8"),
            None => (GB18030, "GB18030"),
        },
    };
    let (text, _, had_errors) = encoding.decode(bytes);
    if had_errors {
        refuse_noise(&text)?;
    }
    Ok((text, name))
}

/// Text never holds a NUL, but UTF-16 has one beside every ASCII character, always on the same side.
fn by_nuls(bytes: &[u8]) -> Result<Option<&'static Encoding>, Refusal> {
    let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or(bytes);
    let at = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    match (at(0), at(1)) {
        // A stray NUL is a fault of its row, not an encoding.
        (even, odd) if (even + odd) * 50 < head.len() => Ok(None),
        // 一 is U+4E00: a few NULs stand on the other side of UTF-16LE, never many.
        (even, odd) if odd > even * 8 => Ok(Some(UTF_16LE)),
        (even, odd) if even > odd * 8 => Ok(Some(UTF_16BE)),
        _ => Err(UNKNOWN_FORMAT.refuse("内容是二进制数据")),
    }
}

/// Valid, or cut off within its last character.
fn is_utf8(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    }
}

/// A few lost characters are rejected with their rows; many mean that this is no text.
fn refuse_noise(text: &str) -> Result<(), Refusal> {
    let (mut lost, mut all) = (0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        lost += usize::from(c == '\u{fffd}' || (c.is_control() && !c.is_whitespace()));
    }
    if lost > 8 && lost * 50 > all {
        return Err(UNKNOWN_ENCODING.refuse(format!("{all} 个字符中有 {lost} 个无法识别")));
    }
    Ok(())
}
