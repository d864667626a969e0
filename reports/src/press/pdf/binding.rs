//! A file as it is written: a sheet's pages leave when it is set, the faces and the table of places come last.
//!
//! Owns: [`Binding`].
//!
//! printpdf draws a few pages at a time with the glyphs numbered as they were first met, so what a page shows does not depend
//! on what comes after it; the face is cut once, when every glyph is known, and printpdf describes it. What printpdf hands out
//! as a whole document is taken apart here and written with numbers of our own.
//!
//! Always: a sheet is set whole before a byte of it leaves, so one that cannot be set leaves nothing; the same sheets are the
//! same bytes. Memory: one sheet, the glyphs that were met, 16 bytes a page; never the file. Limits: 8,388,607 objects, two a page
//! (ISO 32000-1, annex C); 10 GB, which ten digits of a place can say.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat};
use printpdf::{
    OffsetDateTime, Op, ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions,
    Pt, TextItem,
};

use super::super::line::Face;
use super::super::page;
use super::{CASE, Case, Cut, characters, drawn, font_id, millimetres, subset_tag};
use crate::sheet::Sheet;
use crate::{Error, Result};

const CATALOG: u32 = 1;
const PAGES: u32 = 2;
const FONTS: u32 = 3;
const INFO: u32 = 4;

/// FNV-1a, 128 bits: tells files apart; proves nothing.
#[derive(Clone, Copy)]
pub(super) struct Telling(pub(super) u128);

impl Telling {
    pub(super) const NOTHING: Telling = Telling(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);

    pub(super) fn and(self, bytes: &[u8]) -> Telling {
        Telling(bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        }))
    }
}

/// What leaves, counted and told apart.
struct Out<W> {
    to: W,
    written: u64,
    telling: Telling,
}

impl<W: Write> Out<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.to.write_all(bytes).map_err(|why| Error::Unwritten(why.to_string()))?;
        self.written += bytes.len() as u64;
        self.telling = self.telling.and(bytes);
        Ok(())
    }
}

/// The glyphs of a face that were met, numbered in their order.
#[derive(Default)]
struct Met {
    numbers: subsetter::GlyphRemapper,
    characters: BTreeMap<char, u16>,
}

/// What the file says of itself, by its first sheet.
struct Told {
    title: String,
    author: String,
    subject: String,
    printed_at: OffsetDateTime,
}

/// A file under way.
pub struct Binding<W: Write> {
    out: Out<W>,
    case: &'static Case,
    regular: Met,
    bold: Met,
    /// Where each object begins; 0 for one that is not written yet.
    places: Vec<u64>,
    /// The pages' objects.
    pages: Vec<u32>,
    /// On which page each sheet begins.
    starts: Vec<usize>,
    told: Option<Told>,
}

impl<W: Write> std::fmt::Debug for Binding<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Binding").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}

impl<W: Write> Binding<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// [`Error::Unwritten`].
    pub fn begin(to: W) -> Result<Binding<W>> {
        let case = CASE.as_ref().map_err(|why| Error::Bug(why.clone()))?;
        let mut out = Out { to, written: 0, telling: Telling::NOTHING };
        // Four bytes above 127 say that the file is not text (ISO 32000-1, 7.5.2).
        out.put(b"%PDF-1.6\n%\xe5\xb0\x8f\xe5\n")?;
        Ok(Binding {
            out,
            case,
            regular: Met::default(),
            bold: Met::default(),
            places: vec![0; INFO as usize],
            pages: Vec::new(),
            starts: Vec::new(),
            told: None,
        })
    }

    /// How many pages there are so far.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// What it is written to.
    pub fn to(&mut self) -> &mut W {
        &mut self.out.to
    }

    /// Sets a sheet and writes its pages, 1/n each.
    ///
    /// # Errors
    /// [`Error::MissingGlyph`], [`Error::TooWide`], [`Error::TooTall`]: nothing of the sheet is written. [`Error::Unwritten`].
    pub fn add(&mut self, sheet: &Sheet) -> Result<()> {
        let pages = page::lay(self.case, sheet)?;
        if self.told.is_none() {
            let printed_at = OffsetDateTime::from_unix_timestamp(sheet.printed_at.seconds());
            self.told = Some(Told {
                title: sheet.title.clone(),
                author: sheet.issuer.clone(),
                subject: sheet.running.join(" "),
                printed_at: printed_at.map_err(|why| Error::Bug(why.into()))?,
            });
        }
        let mut document = PdfDocument::new("");
        for face in [Face::Regular, Face::Bold] {
            let shown = characters(&pages, face);
            if !shown.is_empty() {
                let font = self.met(face, &shown)?;
                document.resources.fonts.map.insert(font_id(face), PdfFont::new(font));
            }
        }
        document.pages = pages.into_iter().map(drawn).collect();
        let mut file = taken_apart(&document)?;
        self.starts.push(self.pages.len());
        let drawn: Vec<ObjectId> = file.page_iter().collect();
        for id in drawn {
            let page = file.get_dictionary(id).map_err(broken)?;
            let size = page.get(b"MediaBox").map_err(broken)?.clone();
            let content = page.get(b"Contents").and_then(Object::as_reference).map_err(broken)?;
            let content = file.objects.remove(&content);
            let Some(Object::Stream(content)) = content else {
                return Err(Error::Bug("a page without content".into()));
            };
            let content = self.object(Object::Stream(content))?;
            let mut page = Dictionary::new();
            page.set("Type", "Page");
            page.set("Parent", Object::Reference((PAGES, 0)));
            page.set("MediaBox", size);
            page.set("Contents", Object::Reference((content, 0)));
            let number = self.object(Object::Dictionary(page))?;
            self.pages.push(number);
        }
        Ok(())
    }

    /// A face with the glyphs of these characters, numbered as the file numbers them.
    fn met(&mut self, face: Face, shown: &BTreeSet<char>) -> Result<ParsedFont> {
        let cut = self.case.face(face);
        let met = match face {
            Face::Regular => &mut self.regular,
            Face::Bold => &mut self.bold,
        };
        for ch in shown {
            if !met.characters.contains_key(ch) {
                let glyph = cut.font.lookup_glyph_index(u32::from(*ch));
                let none = || Error::MissingGlyph { ch: *ch, text: (*ch).into() };
                met.characters.insert(*ch, met.numbers.remap(glyph.ok_or_else(none)?));
            }
        }
        let numbers = shown.iter().map(|ch| (*ch, met.characters[ch]));
        // The program comes at the end: a byte stands for it, which printpdf does not look into.
        Ok(font(cut, cut.name.to_owned(), vec![0], numbers))
    }

    /// Writes faces, catalogue and the table of places; the file is whole.
    ///
    /// # Errors
    /// [`Error::Unwritten`]; a file without sheets is a bug of whoever binds it.
    pub fn finish(mut self) -> Result<W> {
        let Some(told) = self.told.take() else {
            return Err(Error::Bug("a file without sheets".into()));
        };
        let mut document = PdfDocument::new(&told.title);
        let info = &mut document.metadata.info;
        info.author = told.author;
        info.subject = told.subject;
        info.creator = "xiaoqu".into();
        info.producer = "xiaoqu".into();
        info.creation_date = told.printed_at;
        info.modification_date = told.printed_at;
        let file = self.faces(document)?;

        let page = file.page_iter().next().and_then(|id| file.get_dictionary(id).ok());
        let page = page.ok_or_else(|| Error::Bug("no page shows the faces".into()))?;
        let resources = page.get(b"Resources").and_then(|of| file.dereference(of));
        let (_, resources) = resources.map_err(broken)?;
        let fonts = resources.as_dict().and_then(|of| of.get(b"Font")).map_err(broken)?;
        let (_, fonts) = file.dereference(fonts).map_err(broken)?;
        let mut known = BTreeMap::new();
        let fonts = self.brought(&file, fonts.clone(), &mut known)?;
        self.object_at(FONTS, fonts)?;

        let info = file.trailer.get(b"Info").and_then(|info| file.dereference(info));
        let mut info = info.and_then(|(_, info)| info.as_dict()).map_err(broken)?.clone();
        // An empty claim to PDF/X is a claim all the same.
        for claim in [b"GTS_PDFXVersion".as_slice(), b"Trapped", b"Identifier", b"Keywords"] {
            info.remove(claim);
        }
        self.object_at(INFO, Object::Dictionary(info))?;
        self.tree()?;
        self.catalogue()?;
        self.end()
    }

    /// A document of one page that shows every glyph of the file once: printpdf's description of the cut faces.
    fn faces(&self, mut document: PdfDocument) -> Result<Document> {
        let mut ops = vec![Op::StartTextSection];
        for (face, met) in [(Face::Regular, &self.regular), (Face::Bold, &self.bold)] {
            if met.characters.is_empty() {
                continue;
            }
            let cut = self.case.face(face);
            let program = subsetter::subset(cut.bytes, 0, &met.numbers)
                .map_err(|why| Error::Bug(format!("the face {} cannot be cut: {why}", cut.name)))?;
            let said: String = met.characters.keys().collect();
            let name = format!("{}+{}", subset_tag(&said), cut.name);
            let numbers = met.characters.iter().map(|(ch, number)| (*ch, *number));
            let font = font(cut, name, program, numbers);
            document.resources.fonts.map.insert(font_id(face), PdfFont::new(font));
            let font = PdfFontHandle::External(font_id(face));
            ops.push(Op::SetFont { font, size: Pt(1.0) });
            ops.push(Op::ShowText { items: vec![TextItem::Text(said)] });
        }
        ops.push(Op::EndTextSection);
        document.pages = vec![PdfPage::new(millimetres(210_000), millimetres(297_000), ops)];
        taken_apart(&document)
    }

    /// An object of a printpdf document with everything it refers to, written under numbers of this file.
    fn brought(
        &mut self,
        of: &Document,
        object: Object,
        known: &mut BTreeMap<ObjectId, u32>,
    ) -> Result<Object> {
        Ok(match object {
            Object::Reference(id) => {
                let number = match known.get(&id) {
                    Some(number) => *number,
                    None => {
                        let object = of.get_object(id).map_err(broken)?.clone();
                        let object = self.brought(of, object, known)?;
                        let number = self.object(object)?;
                        known.insert(id, number);
                        number
                    }
                };
                Object::Reference((number, 0))
            }
            Object::Array(items) => {
                let items = items.into_iter().map(|item| self.brought(of, item, known));
                Object::Array(items.collect::<Result<_>>()?)
            }
            Object::Dictionary(items) => Object::Dictionary(self.brought_all(of, items, known)?),
            Object::Stream(stream) => {
                let Stream { dict, content, .. } = stream;
                Object::Stream(Stream::new(self.brought_all(of, dict, known)?, content))
            }
            plain => plain,
        })
    }

    fn brought_all(
        &mut self,
        of: &Document,
        items: Dictionary,
        known: &mut BTreeMap<ObjectId, u32>,
    ) -> Result<Dictionary> {
        let items =
            items.into_iter().map(|(name, item)| Ok((name, self.brought(of, item, known)?)));
        items.collect::<Result<Dictionary>>()
    }

    fn tree(&mut self) -> Result<()> {
        let reference = |number: &u32| Object::Reference((*number, 0));
        let mut resources = Dictionary::new();
        resources.set("Font", Object::Reference((FONTS, 0)));
        let mut tree = Dictionary::new();
        tree.set("Type", "Pages");
        tree.set("Count", i64::try_from(self.pages.len()).unwrap_or(i64::MAX));
        tree.set("Kids", self.pages.iter().map(reference).collect::<Vec<_>>());
        tree.set("Resources", resources);
        self.object_at(PAGES, Object::Dictionary(tree))
    }

    fn catalogue(&mut self) -> Result<()> {
        // Each sheet counts its own pages; where there are several, its place stands before.
        self.starts.dedup();
        let mut labels = Vec::with_capacity(self.starts.len() * 2);
        for (place, start) in self.starts.iter().enumerate() {
            let mut label = Dictionary::new();
            label.set("S", "D");
            if self.starts.len() > 1 {
                label.set("P", text(&format!("{}-", place + 1)));
            }
            let start = i64::try_from(*start).unwrap_or(i64::MAX);
            labels.extend([Object::Integer(start), Object::Dictionary(label)]);
        }
        let mut numbers = Dictionary::new();
        numbers.set("Nums", labels);
        // Whoever opens it sees the document's name and not the file's.
        let mut viewer = Dictionary::new();
        viewer.set("DisplayDocTitle", true);
        let mut catalog = Dictionary::new();
        catalog.set("Type", "Catalog");
        catalog.set("Pages", Object::Reference((PAGES, 0)));
        catalog.set("PageLayout", "OneColumn");
        catalog.set("PageMode", "UseNone");
        catalog.set("Lang", text("zh-CN"));
        catalog.set("PageLabels", numbers);
        catalog.set("ViewerPreferences", viewer);
        self.object_at(CATALOG, Object::Dictionary(catalog))
    }

    /// The table of places, and the identifier: the digest of everything before it.
    fn end(mut self) -> Result<W> {
        let identifier = format!("{:032x}", self.out.telling.0);
        let at = self.out.written;
        let many = self.places.len() + 1;
        let mut table = format!("xref\n0 {many}\n0000000000 65535 f \n");
        for place in &self.places {
            table.push_str(&format!("{place:010} 00000 n \n"));
        }
        table.push_str(&format!(
            "trailer\n<</Size {many}/Root {CATALOG} 0 R/Info {INFO} 0 R/ID[<{identifier}><{identifier}>]>>\nstartxref\n{at}\n%%EOF\n"
        ));
        self.out.put(table.as_bytes())?;
        self.out.to.flush().map_err(|why| Error::Unwritten(why.to_string()))?;
        Ok(self.out.to)
    }

    /// Writes an object under the next number.
    fn object(&mut self, object: Object) -> Result<u32> {
        self.places.push(0);
        let number = u32::try_from(self.places.len()).map_err(broken)?;
        self.object_at(number, object)?;
        Ok(number)
    }

    fn object_at(&mut self, number: u32, mut object: Object) -> Result<()> {
        if let Object::Stream(stream) = &mut object {
            stream.compress().map_err(broken)?;
        }
        let mut bytes = format!("{number} 0 obj\n").into_bytes();
        spelled(&object, &mut bytes);
        bytes.extend_from_slice(b"\nendobj\n");
        let place = number as usize - 1;
        self.places[place] = self.out.written;
        self.out.put(&bytes)
    }
}

/// A face as printpdf takes it: a program, and which glyph of it each character is.
fn font(
    cut: &Cut,
    name: String,
    program: Vec<u8>,
    numbers: impl Iterator<Item = (char, u16)>,
) -> ParsedFont {
    let font = &cut.font;
    let mut codepoint_to_glyph = BTreeMap::new();
    let mut glyph_widths = BTreeMap::new();
    for (ch, number) in numbers {
        let glyph = font.lookup_glyph_index(u32::from(ch)).unwrap_or(0);
        codepoint_to_glyph.insert(u32::from(ch), number);
        glyph_widths.insert(number, font.get_glyph_width(glyph).unwrap_or(font.units_per_em));
    }
    ParsedFont {
        original_bytes: program,
        font_index: 0,
        font_name: Some(name),
        codepoint_to_glyph,
        glyph_widths,
        units_per_em: font.units_per_em,
        font_metrics: font.font_metrics.clone(),
        font_type: font.font_type,
        pdf_font_metrics: font.pdf_font_metrics.clone(),
    }
}

/// What printpdf makes of a document.
fn taken_apart(document: &PdfDocument) -> Result<Document> {
    let mut warnings = Vec::new();
    let file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    match warnings.first() {
        Some(warning) => Err(Error::Bug(format!("printpdf warns: {warning:?}"))),
        None => Ok(file),
    }
}

fn broken(why: impl std::fmt::Display) -> Error {
    Error::Bug(format!("the file cannot be written: {why}"))
}

fn text(text: &str) -> Object {
    Object::String(text.as_bytes().to_vec(), StringFormat::Literal)
}

/// An object as a file spells it (ISO 32000-1, 7.3).
fn spelled(object: &Object, to: &mut Vec<u8>) {
    match object {
        Object::Null => to.extend_from_slice(b"null"),
        Object::Boolean(yes) => to.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Object::Integer(number) => to.extend_from_slice(number.to_string().as_bytes()),
        Object::Real(number) => to.extend_from_slice(number.to_string().as_bytes()),
        Object::Name(name) => named(name, to),
        // In hexadecimal nothing has to be escaped.
        Object::String(bytes, _) => {
            to.push(b'<');
            to.extend_from_slice(ledger::journal::text::hex(bytes).as_bytes());
            to.push(b'>');
        }
        Object::Array(items) => {
            to.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    to.push(b' ');
                }
                spelled(item, to);
            }
            to.push(b']');
        }
        Object::Dictionary(items) => listed(items, to),
        Object::Stream(stream) => {
            listed(&stream.dict, to);
            to.extend_from_slice(b"stream\n");
            to.extend_from_slice(&stream.content);
            to.extend_from_slice(b"\nendstream");
        }
        Object::Reference((number, generation)) => {
            to.extend_from_slice(format!("{number} {generation} R").as_bytes());
        }
    }
}

fn listed(items: &Dictionary, to: &mut Vec<u8>) {
    to.extend_from_slice(b"<<");
    for (name, item) in items {
        named(name, to);
        to.push(b' ');
        spelled(item, to);
    }
    to.extend_from_slice(b">>");
}

fn named(name: &[u8], to: &mut Vec<u8>) {
    to.push(b'/');
    for byte in name {
        if byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(byte) {
            to.push(*byte);
        } else {
            to.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household;

    fn sheet() -> Sheet {
        household::set(&household::tests::figures(70)).unwrap()
    }

    /// Writes what it is given to nobody, and no more than so much.
    struct Short(usize);

    impl Write for Short {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => self.0 = left,
                None => return Err(std::io::ErrorKind::BrokenPipe.into()),
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The pages of a sheet are on their way before the next is set; and every object stands where the table says.
    #[test]
    fn pages_leave_as_they_are_set() {
        let mut binding = Binding::begin(Vec::new()).unwrap();
        binding.add(&sheet()).unwrap();
        let (first, pages) = (binding.out.written, binding.pages());
        assert!(first > 1_000 && pages == 3, "{first} bytes, {pages} pages");
        binding.add(&sheet()).unwrap();
        assert!(binding.out.written >= 2 * first - 100);
        let bytes = binding.finish().unwrap();
        let end = String::from_utf8_lossy(&bytes[bytes.len() - 200..]).into_owned();
        let at = end.split("startxref\n").nth(1).and_then(|rest| rest.lines().next()).unwrap();
        let table = String::from_utf8_lossy(&bytes[at.parse().unwrap()..]).into_owned();
        let places = table.lines().skip(3).take_while(|line| line.ends_with("n "));
        let places: Vec<usize> = places.map(|line| line[..10].parse().unwrap()).collect();
        assert!(places.len() > 12, "{table}");
        for (place, at) in places.into_iter().enumerate() {
            let said = format!("{} 0 obj\n", place + 1);
            assert!(bytes[at..].starts_with(said.as_bytes()), "{said}");
        }
        // A program that was not made with this one reads it whole.
        let read = Document::load_mem(&bytes).unwrap();
        assert_eq!(read.get_pages().len(), 6);
    }

    /// 3,000 statements of a year by the month, with a chart and a QR each, are to be no more than 20 MB.
    #[test]
    fn a_statement_takes_few_bytes() {
        let bound = |many: u32| {
            let mut binding = Binding::begin(Vec::new()).unwrap();
            for number in 0..many {
                let mut figures = household::tests::figures(12);
                figures.dwelling = format!("{}-1-{}", number / 100, number % 100 + 101);
                let order = format!(
                    "statement?compound=wutongli&room={}&to=2025-12-31&at=1767603600",
                    figures.dwelling
                );
                binding.add(&household::set(&figures).unwrap().ordered_as(&order)).unwrap();
            }
            (binding.pages(), binding.finish().unwrap().len())
        };
        let ((few, small), (many, large)) = (bound(10), bound(30));
        assert_eq!(3 * few, many);
        let each = (large - small) / 20;
        let faces = small - 10 * each;
        assert!(each < 6_000, "{each} bytes a statement of {} pages, {faces} of faces", many / 30);
    }

    #[test]
    fn what_cannot_be_set_leaves_nothing_and_what_cannot_be_written_says_so() {
        let mut binding = Binding::begin(Vec::new()).unwrap();
        let before = binding.out.written;
        let mut bad = sheet();
        bad.title = "🏠".into();
        assert!(matches!(binding.add(&bad), Err(Error::MissingGlyph { .. })));
        assert_eq!(binding.out.written, before);
        assert!(matches!(binding.finish(), Err(Error::Bug(_))));
        let mut binding = Binding::begin(Short(100)).unwrap();
        assert!(matches!(binding.add(&sheet()), Err(Error::Unwritten(_))));
    }
}
