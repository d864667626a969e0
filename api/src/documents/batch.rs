//! Many papers of one kind: a whole compound in one file, or volume by volume, and the list of what was printed.
//!
//! Owns: [`orders`] (one for each), [`volume`], [`Manifest`], the names of files (`file_name`). Always: every sheet is in the list
//! with its code, digest and QR, or with why it could not be printed, which hinders none of the others; a batch of statements is
//! of what was known at one instant, however long it takes and whoever asks for its volumes. What is drawn waits for the press,
//! and not the books for whoever reads: a few sheets at a time, each lot from a snapshot of its own.

use std::io::Write;

use ledger::books::Books;
use ledger::calendar::Instant;
use ledger::error::{Error, Result};
use ledger::journal::text::{hash, hex};
use ledger::property::{Compound, RoomCode};
use reports::press::list;
use reports::press::pdf::Binding;
use reports::sheet::Sheet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::flow::{Device, ReportFiles};
use super::{AtDocument, Document, Order, bug, draw, flow, known, unset};
use crate::door::{Asked, Visit};
use crate::problem::{self, Problem};
use crate::wire::{IsoDay, Paper};

/// How many sheets are drawn from one snapshot.
pub(crate) const LOT: usize = 250;

/// One order for each dwelling or claim that a batch prints.
///
/// # Errors
/// `report.asked`, those of the rooms.
pub async fn orders(
    books: &Books,
    compound: &Compound,
    document: &'static Document,
    asked: &Order,
    now: Instant,
) -> Result<Vec<Order>> {
    if document.each.is_empty() {
        let told = format!("{}（{}）不能批量打印", document.name, document.title);
        return Err(problem::REPORT_ASKED.refuse(told).into());
    }
    // What is one for each dwelling of a plan or a round must be told which.
    if document.needs.contains(&"room") && document.needs.contains(&"no") && asked.no.is_none() {
        let of = if document.name == "ballot" { "表决" } else { "方案" };
        let told = format!("{}逐户批量打印，须写 --no（{of}编号）", document.title);
        return Err(problem::REPORT_ASKED.refuse(told).into());
    }
    let mut view = books.read().await?;
    draw::orders(&mut view, compound, document, asked, now).await
}

/// What a batch is printed of.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The compound.
    pub compound: Compound,
    /// The document.
    pub document: &'static Document,
    /// What an office's file says, if one was brought.
    pub template: Option<String>,
    /// When it is printed.
    pub printed_at: Instant,
}

impl Batch {
    /// The sheets of some orders, from one snapshot.
    ///
    /// # Errors
    /// Those of [`super::draw()`].
    pub async fn drawn(&self, books: &Books, orders: &[Order]) -> Result<Vec<Sheet>> {
        let Batch { compound, document, template, printed_at } = self;
        draw::every(books, compound, document, orders, template.as_deref(), *printed_at).await
    }

    /// Draws lot after lot; a lot waits until the one before it is taken.
    fn drawing(self, books: &Books, orders: Vec<Order>) -> mpsc::Receiver<Result<Vec<Sheet>>> {
        let (to, from) = mpsc::channel(1);
        let books = books.clone();
        tokio::spawn(async move {
            for lot in orders.chunks(LOT) {
                let drawn = self.drawn(&books, lot).await;
                let has_failed = drawn.is_err();
                if to.send(drawn).await.is_err() || has_failed {
                    return;
                }
            }
        });
        from
    }
}

/// The name of a paper's file without its ending: the code and the name of the document, the compound, and which one it is, so
/// that no two papers of a folder have one name: `W01-statutory-wutongli-2025-12`, `D6-statement-wutongli-1-1-101`. Letters and
/// figures of ASCII, as every system and every header takes them; where a name holds others, a digest stands for them.
pub(crate) fn file_name(document: &Document, compound: &str, given: &[(String, String)]) -> String {
    const WHICH: [&str; 10] =
        ["no", "room", "period", "year", "on", "from", "to", "asked", "public", "paper"];
    const LONGEST: usize = 120;
    let said = |which: &str| {
        let found = given.iter().find(|(given, _)| given == which);
        found.map(|(_, value)| value.as_str())
    };
    // A form is a part of the code, as on its paper: beside the month it would be taken for a day.
    let form = said("form").unwrap_or_default();
    let mut name = format!("{}{form}-{}-{compound}", document.code, document.name);
    for which in WHICH {
        let Some(value) = said(which) else { continue };
        let word = match which {
            "public" if value == "true" => "public".to_owned(),
            "public" => continue,
            // One room has one name, however it was asked for.
            "room" => RoomCode::parse(value)
                .map_or_else(|_| value.to_owned(), |code| code.as_str().to_owned()),
            _ => value.to_owned(),
        };
        name.push('-');
        name.push_str(&word);
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.len() <= LONGEST && name.chars().all(is_plain) {
        return name;
    }
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        if is_plain(c) {
            plain.push(c);
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    let digest: String = hex(&hash(&name)).chars().take(8).collect();
    plain.truncate(LONGEST - 1 - digest.len());
    format!("{plain}-{digest}")
}

/// Which one of many a sheet is, as its order says it: the dwelling, the number.
fn which(sheet: &Sheet) -> String {
    let order = sheet.proof.as_ref().and_then(|proof| proof.order.split_once('?'));
    let query = order.map_or("", |(_, query)| query);
    let mut said = Vec::new();
    for (name, word) in [("room", "房号"), ("no", "编号")] {
        let mut fields = url::form_urlencoded::parse(query.as_bytes());
        if let Some((_, value)) = fields.find(|(given, _)| given == name) {
            said.push(format!("{word} {value}"));
        }
    }
    said.join("，")
}

/// What was refused of one of many, with which one it is.
pub(super) fn of_one(why: Error, sheet: &Sheet) -> Error {
    match why {
        Error::Refused(mut refusal) => {
            refusal.evidence = format!("{}：{}", which(sheet), refusal.evidence);
            Error::Refused(refusal)
        }
        why => why,
    }
}

/// Adds a sheet to a file, or tells why it cannot be printed: then nothing of it is in the file, which goes on without it.
///
/// # Errors
/// What hinders the others as well.
pub(crate) fn bound<W: Write>(binding: &mut Binding<W>, sheet: &Sheet) -> Result<Option<String>> {
    match binding.add(sheet).map_err(unset) {
        Ok(()) => Ok(None),
        Err(Error::Refused(why)) => Ok(Some(format!("{}：{}", which(sheet), why.evidence))),
        Err(why) => Err(why),
    }
}

/// A volume of a batch.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its PDF; none if not one of its sheets can be printed.
    pub bytes: Option<Vec<u8>>,
    /// Which sheets cannot be printed, and why.
    pub left: Vec<String>,
}

/// A volume of a batch: its sheets bound into one PDF, and each of them in `list`. One that cannot be printed is listed as such
/// and left out: it does not hinder the others.
///
/// # Errors
/// Those of [`Batch::drawn`].
pub async fn volume(
    books: &Books,
    batch: &Batch,
    orders: &[Order],
    number: usize,
    list: &mut Manifest,
) -> Result<Volume> {
    let mut sheets = Vec::with_capacity(orders.len());
    for lot in orders.chunks(LOT) {
        sheets.extend(batch.drawn(books, lot).await?);
    }
    let pressed = tokio::task::spawn_blocking(move || pressed(sheets)).await;
    let (bytes, sheets) = pressed.map_err(bug)??;
    let (mut place, mut left) = (0, Vec::new());
    for (sheet, why) in sheets {
        match why {
            None => {
                place += 1;
                list_one(list, number, place, &sheet)?;
            }
            Some(why) => {
                list_left(list, number, &why, &sheet)?;
                left.push(why);
            }
        }
    }
    Ok(Volume { bytes, left })
}

/// Sheets, each with why it cannot be printed, if it cannot.
type Fates = Vec<(Sheet, Option<String>)>;

/// What of some sheets can be printed as one file, and what became of each.
fn pressed(sheets: Vec<Sheet>) -> Result<(Option<Vec<u8>>, Fates)> {
    let mut binding = Binding::begin(Vec::new()).map_err(unset)?;
    let mut fates = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        let why = bound(&mut binding, &sheet)?;
        fates.push((sheet, why));
    }
    let is_any = fates.iter().any(|(_, why)| why.is_none());
    let bytes = if is_any { Some(binding.finish().map_err(unset)?) } else { None };
    Ok((bytes, fates))
}

/// The list of what a batch printed.
pub type Manifest = list::Csv<Vec<u8>>;

/// Begins the list.
///
/// # Errors
/// A bug.
pub fn manifest() -> Result<Manifest> {
    let heads = ["册", "册内序号", "单据", "编号", "校验码", "摘要（SHA-256）", "二维码"];
    list::Csv::new(Vec::new(), &heads.map(String::from)).map_err(bug)
}

/// Lists a sheet of a volume.
///
/// # Errors
/// A bug.
pub(crate) fn list_one(
    to: &mut Manifest,
    volume: usize,
    place: usize,
    sheet: &Sheet,
) -> Result<()> {
    use list::Sheet as _;
    let Some(proof) = &sheet.proof else { return Ok(()) };
    let count = |n: usize| list::Cell::Count(i64::try_from(n).unwrap_or(i64::MAX));
    let text = |text: String| list::Cell::Text(text.into());
    to.row(&[
        count(volume),
        count(place),
        text(proof.document.clone()),
        text(proof.number.clone()),
        text(sheet.check.clone()),
        text(hex(&proof.digest)),
        text(proof.ticket()),
    ])
    .map_err(bug)
}

/// Lists a sheet that cannot be printed: the reason stands where its place in the volume would, and no code of it, because no
/// paper bears one.
///
/// # Errors
/// A bug.
pub(crate) fn list_left(to: &mut Manifest, volume: usize, why: &str, sheet: &Sheet) -> Result<()> {
    use list::Sheet as _;
    let Some(proof) = &sheet.proof else { return Ok(()) };
    let text = |text: String| list::Cell::Text(text.into());
    to.row(&[
        list::Cell::Count(i64::try_from(volume).unwrap_or(i64::MAX)),
        text(format!("未印：{why}")),
        text(proof.document.clone()),
        text(proof.number.clone()),
        list::Cell::Empty,
        list::Cell::Empty,
        list::Cell::Empty,
    ])
    .map_err(bug)
}

/// The list, whole.
///
/// # Errors
/// A bug.
pub fn listed(of: Manifest) -> Result<Vec<u8>> {
    of.finish().map_err(bug)
}

/// What of a batch.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchQuery {
    #[serde(default)]
    #[schemars(description = "编号：方案、表决的编号；催缴不写", example = &"1")]
    no: Option<String>,
    #[serde(default)]
    #[schemars(description = "起日")]
    from: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "止日")]
    to: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "哪一天：续筹的计算日，或只印这一天的催缴")]
    on: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "截至记账时刻：各册须相同，取自 json 的答复")]
    known_at: Option<Instant>,
    #[serde(default)]
    #[schemars(description = "每册多少件：不写则 250", range(min = 1, max = 1000), example = 250)]
    each: Option<u16>,
    #[serde(default)]
    #[schemars(
        description = "第几册：不写则全部为一个文件，边印边传",
        range(min = 1, max = 100_000),
        example = 1
    )]
    volume: Option<u32>,
    #[serde(default)]
    #[schemars(description = "形式：json 共几件几册，pdf 单据，csv 清单；不写则 json")]
    format: Option<Device>,
}

/// How much a batch prints.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReportBatch", description = "批量打印的件数与册数")]
pub struct BatchView {
    #[schemars(description = "件数", example = 428)]
    sheets: usize,
    #[schemars(description = "册数", example = 2)]
    volumes: usize,
    #[schemars(description = "每册件数", example = 250)]
    each: usize,
    #[schemars(description = "截至记账时刻：取各册时原样写入 known_at")]
    known_at: Instant,
}

/// `GET /compounds/{compound}/report-batches/{name}`: all in one file, sent as it is printed, or a volume at a time, so that
/// whoever asks sees how far it is and none is made in vain.
///
/// # Errors
/// Those of [`orders`] and [`volume`].
pub async fn report_batch(
    visit: Visit<AtDocument>,
    Asked(query): Asked<BatchQuery>,
) -> Result<Paper<BatchView, ReportFiles>, Problem> {
    let document = known(&visit.at.name)?;
    let now = query.known_at.unwrap_or_else(|| visit.books.clock().now());
    let BatchQuery { no, from, to, on, .. } = query;
    // Every volume is of what was known when the first was asked for.
    let known_at = document.is_of_knowledge.then_some(now);
    let asked = Order { no, from, to, on, known_at, ..Order::default() };
    let books = &visit.books;
    let orders = orders(books, &visit.compound, document, &asked, now).await?;
    let each = usize::from(query.each.unwrap_or(250)).clamp(1, 1_000);
    let volumes = orders.len().div_ceil(each);
    let device = query.format.unwrap_or(Device::Json);
    if !matches!(device, Device::Json | Device::Pdf | Device::Csv) {
        let told = "批量的形式为 pdf，清单为 csv，件数册数为 json";
        return Err(problem::REPORT_ASKED.refuse(told).into());
    }
    if device == Device::Json {
        return Ok(Paper::Shown(BatchView { sheets: orders.len(), volumes, each, known_at: now }));
    }
    let compound = visit.compound.clone();
    // Which document, of which plan or period; the instant they share is on every paper.
    let of = Order { known_at: None, ..asked };
    let name = file_name(document, &compound.code, &of.given());
    let batch = Batch { compound, document, template: None, printed_at: now };
    let Some(number) = query.volume else {
        if orders.is_empty() {
            return Err(problem::REPORT_ASKED.refuse("没有可印的单据").into());
        }
        if device == Device::Csv {
            let mut list = manifest()?;
            for (number, volume) in orders.chunks(each).enumerate() {
                for (before, lot) in volume.chunks(LOT).enumerate() {
                    let sheets = batch.drawn(books, lot).await?;
                    for (place, sheet) in sheets.iter().enumerate() {
                        list_one(&mut list, number + 1, before * LOT + place + 1, sheet)?;
                    }
                }
            }
            return Ok(device.kept(&name, listed(list)?));
        }
        let many = orders.len();
        let body = flow::bound(many, batch.drawing(books, orders)).await?;
        return Ok(Device::Pdf.kept(&name, body));
    };
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let part = number.checked_sub(1).and_then(|before| orders.chunks(each).nth(before));
    let part = part.ok_or_else(|| {
        problem::REPORT_ASKED.refuse(format!("共 {volumes} 册，没有第 {number} 册"))
    })?;
    let name = format!("{name}-{number:03}");
    if device == Device::Csv {
        let mut list = manifest()?;
        for (before, lot) in part.chunks(LOT).enumerate() {
            for (place, sheet) in batch.drawn(books, lot).await?.iter().enumerate() {
                list_one(&mut list, number, before * LOT + place + 1, sheet)?;
            }
        }
        return Ok(device.kept(&name, listed(list)?));
    }
    let (part, many) = (part.to_vec(), part.len());
    let body = flow::bound(many, batch.drawing(books, part)).await?;
    Ok(Device::Pdf.kept(&name, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_read_by_everybody() {
        let named = |name: &str, given: &[(&str, &str)]| {
            let given: Vec<(String, String)> =
                given.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            file_name(known(name).unwrap(), "wutongli", &given)
        };
        for (name, given, told) in [
            (
                "statutory",
                &[("form", "01"), ("period", "2025-12")][..],
                "W01-statutory-wutongli-2025-12",
            ),
            ("statement", &[("room", "1栋1单元101室")], "D6-statement-wutongli-1-1-101"),
            ("notice", &[("public", "true"), ("year", "2025")], "ND-notice-wutongli-2025-public"),
            ("notice", &[("public", "false"), ("year", "2025")], "ND-notice-wutongli-2025"),
        ] {
            assert_eq!(named(name, given), told);
        }
        // What is no letter of ASCII is left out, and two that differ there still have two names.
        let one = named("fund-receipt", &[("no", "浙财0001")]);
        let other = named("fund-receipt", &[("no", "沪财0001")]);
        assert!(one.starts_with("D2W-fund-receipt-wutongli-_0001-") && one != other, "{one}");
        let long = "1".repeat(200);
        assert_eq!(named("receipt", &[("no", long.as_str())]).len(), 120);
    }
}
