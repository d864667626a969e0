//! A sheet on paper: PDF, text selectable, the house's type inside, the same bytes every time.
//!
//! Owns: printpdf (no other file names it), the two faces, [`press`] and [`bind`].
//!
//! The faces are Noto Sans SC (`font/`, OFL 1.1). Each file carries only the glyphs it shows, cut
//! out by `subsetter`, with a table that gives every glyph its character back, so the text can be
//! searched and copied. printpdf's own subsetting (feature `text_layout`) is left out: 15 more
//! packages, more than twice the build time, larger files, and a font name without the tag that
//! says it is a subset.
//!
//! Always: a file depends on its sheets and nothing else; its dates are the sheet's printing time
//! and its identifier a digest of its pages. Never: a font from the system, a font not embedded,
//! a glyph left out. Limits: no PDF/A, no tags for screen readers, no encryption, no signature;
//! where two characters share one glyph (⼀ and 一), copied text shows one of them. A file is built
//! in memory: bind at most some hundred sheets at a time.
#![expect(clippy::float_arithmetic, reason = "points on paper; amounts arrive here as text")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use printpdf::{
    Color, FontId, Greyscale, Line as Stroke, LinePoint, Mm, OffsetDateTime, Op, PaintMode,
    ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Polygon,
    PolygonRing, Pt, TextItem, TextMatrix, WindingOrder,
};

use super::line::{Face, Fount, Ink, Um};
use super::page::{self, Mark, Page};
use crate::sheet::Sheet;
use crate::{Error, Result};

/// Prints a sheet.
///
/// # Errors
/// [`Error::MissingGlyph`], [`Error::TooWide`], [`Error::TooTall`]: nothing is printed in part.
pub fn press(sheet: &Sheet) -> Result<Vec<u8>> {
    bind(std::slice::from_ref(sheet))
}

/// Prints sheets into one file, each with its own pages 1/n. The file is named after the first.
///
/// # Errors
/// As [`press`]; also if there is no sheet.
pub fn bind(sheets: &[Sheet]) -> Result<Vec<u8>> {
    let Some(first) = sheets.first() else {
        return Err(Error::Bug("a file without sheets".into()));
    };
    let case = CASE.as_ref().map_err(|why| Error::Bug(why.clone()))?;
    let mut pages = Vec::new();
    for sheet in sheets {
        pages.extend(page::lay(case, sheet)?);
    }

    let mut document = PdfDocument::new(&first.title);
    let info = &mut document.metadata.info;
    info.author = first.issuer.clone();
    info.subject = first.running.join(" ");
    info.creator = "xiaoqu".into();
    info.producer = "xiaoqu".into();
    let printed_at = OffsetDateTime::from_unix_timestamp(first.printed_at.seconds())
        .map_err(|why| Error::Bug(why.into()))?;
    info.creation_date = printed_at;
    info.modification_date = printed_at;
    for face in [Face::Regular, Face::Bold] {
        if let Some(font) = case.cut(face, &characters(&pages, face))? {
            document.resources.fonts.map.insert(font_id(face), PdfFont::new(font));
        }
    }
    document.pages = pages.iter().map(drawn).collect();
    write(&document)
}

/// The faces a sheet can be set in.
struct Case {
    regular: Cut,
    bold: Cut,
}

/// One face: its file, and what is known of its glyphs.
struct Cut {
    name: &'static str,
    bytes: &'static [u8],
    font: ParsedFont,
}

static CASE: LazyLock<Result<Case, String>> = LazyLock::new(|| {
    let read = |name: &'static str, bytes: &'static [u8]| {
        let mut font = ParsedFont::from_bytes(bytes, 0, &mut Vec::new())
            .ok_or_else(|| format!("the embedded face {name} cannot be read"))?;
        // printpdf keeps a copy to embed; we embed cuts, and the program has the file already.
        font.original_bytes = Vec::new();
        Ok::<_, String>(Cut { name, bytes, font })
    };
    let regular = read("NotoSansSC-Regular", include_bytes!("../../font/NotoSansSC-Regular.otf"))?;
    let bold = read("NotoSansSC-Bold", include_bytes!("../../font/NotoSansSC-Bold.otf"))?;
    Ok(Case { regular, bold })
});

impl Case {
    const fn face(&self, face: Face) -> &Cut {
        match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
        }
    }

    /// A font of these characters only, or none if there are none.
    fn cut(&self, face: Face, characters: &BTreeSet<char>) -> Result<Option<ParsedFont>> {
        if characters.is_empty() {
            return Ok(None);
        }
        let Cut { name, bytes, font } = self.face(face);
        let mut glyphs = subsetter::GlyphRemapper::new();
        let mut codepoint_to_glyph = BTreeMap::new();
        let mut glyph_widths = BTreeMap::new();
        for ch in characters {
            let glyph = font.lookup_glyph_index(u32::from(*ch));
            let glyph = glyph.ok_or_else(|| Error::MissingGlyph { ch: *ch, text: (*ch).into() })?;
            let cut = glyphs.remap(glyph);
            codepoint_to_glyph.insert(u32::from(*ch), cut);
            glyph_widths.insert(cut, font.get_glyph_width(glyph).unwrap_or(font.units_per_em));
        }
        let original_bytes = subsetter::subset(bytes, 0, &glyphs)
            .map_err(|why| Error::Bug(format!("the face {name} cannot be cut: {why}")))?;

        let said: String = characters.iter().collect();
        Ok(Some(ParsedFont {
            original_bytes,
            font_index: 0,
            font_name: Some(format!("{}+{name}", subset_tag(&said))),
            codepoint_to_glyph,
            glyph_widths,
            units_per_em: font.units_per_em,
            font_metrics: font.font_metrics.clone(),
            font_type: font.font_type,
            pdf_font_metrics: font.pdf_font_metrics.clone(),
        }))
    }
}

impl Fount for Case {
    fn advance(&self, face: Face, ch: char) -> Option<Um> {
        let font = &self.face(face).font;
        let glyph = font.lookup_glyph_index(u32::from(ch)).filter(|glyph| *glyph != 0)?;
        let width = font.get_glyph_width(glyph)?;
        Some(Um::from(width) * 1000 / Um::from(font.units_per_em.max(1)))
    }
}

fn font_id(face: Face) -> FontId {
    FontId(match face {
        Face::Regular => "Regular".into(),
        Face::Bold => "Bold".into(),
    })
}

/// The characters that pages show in a face.
fn characters(pages: &[Page], face: Face) -> BTreeSet<char> {
    let texts = pages.iter().flat_map(|page| &page.marks).filter_map(|mark| match mark {
        Mark::Text { run, .. } if run.face == face => Some(run.text.chars()),
        Mark::Text { .. } | Mark::Path { .. } | Mark::Ground { .. } => None,
    });
    texts.flatten().collect()
}

/// Six capitals that tell one subset of a face from another (ISO 32000-1, 9.6.4).
fn subset_tag(said: &str) -> String {
    let mut rest = digest(said.as_bytes());
    let mut letter = || {
        let letter = u8::try_from(rest % 26).expect("a remainder of 26 fits");
        rest /= 26;
        char::from(b'A' + letter)
    };
    (0..6).map(|_| letter()).collect()
}

/// FNV-1a, 128 bits: tells files apart; proves nothing.
fn digest(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// A page as printpdf draws it.
fn drawn(page: &Page) -> PdfPage {
    let point = |x: Um, y: Um| Point { x: points(x), y: points(page.height - y) };
    let mut ops = Vec::with_capacity(page.marks.len() * 3);
    let mut is_text = false;
    let mut ink = None;
    let mut pen = None;
    let mut type_set = None;
    for mark in &page.marks {
        let wants_text = matches!(mark, Mark::Text { .. });
        if wants_text != is_text {
            ops.push(if wants_text { Op::StartTextSection } else { Op::EndTextSection });
            is_text = wants_text;
        }
        match mark {
            Mark::Text { x, y, run, style } => {
                if ink.replace(style.ink) != Some(style.ink) {
                    ops.push(Op::SetFillColor { col: grey(style.ink) });
                }
                if type_set.replace((run.face, style.size)) != Some((run.face, style.size)) {
                    let font = PdfFontHandle::External(font_id(run.face));
                    ops.push(Op::SetFont { font, size: Pt(hundredths(style.size * 10)) });
                }
                let Point { x, y } = point(*x, *y);
                ops.push(Op::SetTextMatrix { matrix: TextMatrix::Translate(x, y) });
                ops.push(Op::ShowText { items: vec![TextItem::Text(run.text.clone())] });
            }
            Mark::Path { points: through, thickness, ink } => {
                if pen.replace((*thickness, *ink)) != Some((*thickness, *ink)) {
                    ops.push(Op::SetOutlineColor { col: grey(*ink) });
                    ops.push(Op::SetOutlineThickness { pt: points(*thickness) });
                }
                let through =
                    through.iter().map(|(x, y)| LinePoint { p: point(*x, *y), bezier: false });
                let line = Stroke { points: through.collect(), is_closed: false };
                ops.push(Op::DrawLine { line });
            }
            Mark::Ground { x, y, width, height, ink: ground } => {
                if ink.replace(*ground) != Some(*ground) {
                    ops.push(Op::SetFillColor { col: grey(*ground) });
                }
                let corners =
                    [(*x, *y), (x + width, *y), (x + width, y + height), (*x, y + height)];
                let corners = corners.map(|(x, y)| LinePoint { p: point(x, y), bezier: false });
                ops.push(Op::DrawPolygon {
                    polygon: Polygon {
                        rings: vec![PolygonRing { points: corners.into() }],
                        mode: PaintMode::Fill,
                        winding_order: WindingOrder::NonZero,
                    },
                });
            }
        }
    }
    if is_text {
        ops.push(Op::EndTextSection);
    }
    PdfPage::new(millimetres(page.width), millimetres(page.height), ops)
}

const fn grey(ink: Ink) -> Color {
    let percent = match ink {
        Ink::Black => 0.0,
        Ink::Grey => 0.35,
        Ink::Light => 0.75,
        Ink::Pale => 0.92,
    };
    Color::Greyscale(Greyscale { percent, icc_profile: None })
}

/// Micrometres as points, to a hundredth: 3.5 µm, finer than any printer.
fn points(um: Um) -> Pt {
    let hundredths_of_points = i64::from(um) * 7200 / 25_400;
    Pt(hundredths(Um::try_from(hundredths_of_points).unwrap_or(Um::MAX)))
}

fn millimetres(um: Um) -> Mm {
    Mm(hundredths(um / 10))
}

/// So many hundredths.
#[expect(clippy::cast_precision_loss, reason = "lengths on a page are far below 2²⁴ hundredths")]
fn hundredths(count: Um) -> f32 {
    count as f32 / 100.0
}

/// The document as bytes, with what printpdf makes up replaced by what the document says.
fn write(document: &PdfDocument) -> Result<Vec<u8>> {
    let mut warnings = Vec::new();
    let mut file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    if let Some(warning) = warnings.first() {
        return Err(Error::Bug(format!("printpdf warns: {warning:?}")));
    }
    let bug =
        |why: &dyn std::fmt::Display| Error::Bug(format!("the file cannot be written: {why}"));
    file.compress();

    // A string object is made from another one: the crate they come from is not named here.
    let mut language = file
        .trailer
        .get(b"ID")
        .and_then(|id| id.as_array())
        .map_err(|why| bug(&why))?
        .first()
        .cloned()
        .ok_or_else(|| bug(&"no identifier"))?;
    *language.as_str_mut().map_err(|why| bug(&why))? = b"zh-CN".into();
    file.catalog_mut().map_err(|why| bug(&why))?.set("Lang", language);
    // An empty claim to PDF/X is a claim all the same.
    let info = file.trailer.get(b"Info").and_then(|info| info.as_reference());
    let info = info.and_then(|id| file.get_dictionary_mut(id)).map_err(|why| bug(&why))?;
    for claim in [b"GTS_PDFXVersion".as_slice(), b"Trapped", b"Identifier", b"Keywords"] {
        info.remove(claim);
    }
    file.version = "1.6".into();

    // The identifier is drawn at random: once all the same, then the digest of what that gives.
    let mut identify = |identifier: u128| -> Result<Vec<u8>> {
        let ids = file.trailer.get_mut(b"ID").and_then(|id| id.as_array_mut());
        for id in ids.map_err(|why| bug(&why))? {
            *id.as_str_mut().map_err(|why| bug(&why))? = format!("{identifier:032x}").into();
        }
        let mut bytes = Vec::new();
        file.save_to(&mut bytes).map_err(|why| bug(&why))?;
        Ok(bytes)
    };
    let unnamed = identify(0)?;
    identify(digest(&unnamed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household;
    use crate::sheet::{Block, Field};

    fn sheet() -> Sheet {
        household::set(&household::tests::figures(70)).unwrap()
    }

    #[test]
    fn the_same_sheet_gives_the_same_bytes() {
        let first = press(&sheet()).unwrap();
        assert_eq!(first, press(&sheet()).unwrap());
        assert!(first.starts_with(b"%PDF-1.6"));
        let mut other = sheet();
        other.check = "另一份".into();
        assert_ne!(first, press(&other).unwrap());
    }

    #[test]
    fn the_file_is_small() {
        let one = press(&household::set(&household::tests::figures(6)).unwrap()).unwrap();
        assert!(one.len() < 50_000, "{} bytes", one.len());
        let many = bind(&vec![sheet(); 10]).unwrap();
        assert!(many.len() < 30 * 10_000, "{} bytes for 30 pages", many.len());
        assert!(bind(&[]).is_err());
    }

    #[test]
    fn rare_names_are_set_and_missing_glyphs_are_refused() {
        let case = CASE.as_ref().unwrap();
        for ch in "䶮㛃𬭎𠅤".chars() {
            assert_eq!(case.advance(Face::Bold, ch), None, "{ch}");
            assert_eq!(case.advance(Face::Regular, ch), Some(1000), "{ch}");
        }
        let mut sheet = sheet();
        sheet.blocks.insert(0, Block::Heading("龙䶮㛃".into()));
        press(&sheet).unwrap();

        let fields = vec![Field::new("业主", "王🏠")];
        sheet.blocks.insert(0, Block::Fields { across: 1, fields });
        let missing = Error::MissingGlyph { ch: '🏠', text: "王🏠".into() };
        assert_eq!(press(&sheet), Err(missing));
    }

    /// Figures stand under one another only if every digit is as wide as every other.
    #[test]
    fn figures_are_tabular() {
        let case = CASE.as_ref().unwrap();
        for face in [Face::Regular, Face::Bold] {
            let widths: BTreeSet<_> = ('0'..='9').map(|ch| case.advance(face, ch)).collect();
            assert_eq!(widths.len(), 1, "{face:?}");
        }
    }

    #[test]
    fn a_point_is_a_72nd_of_an_inch() {
        assert_eq!(points(25_400), Pt(72.0));
        assert_eq!(points(0), Pt(0.0));
        assert_eq!(millimetres(210_000), Mm(210.0));
    }
}
