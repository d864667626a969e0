//! A sheet on paper: PDF, text selectable, the house's type inside, the same bytes every time.
//!
//! Owns: printpdf and the lopdf it hands out (no room but this names them), the two faces, [`press`],
//! [`bind`], [`volumes`] and [`Binding`], the file as it is written.
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
//! where two characters share one glyph (⼀ and 一), copied text shows one of them.
#![expect(clippy::float_arithmetic, reason = "points on paper; amounts arrive here as text")]

mod binding;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, mpsc};

use printpdf::{
    Color, CurTransMat, FontId, Greyscale, Line as Stroke, LineDashPattern, LinePoint, Mm, Op,
    PaintMode, ParsedFont, PdfFontHandle, PdfPage, Point, Polygon, PolygonRing, Pt, TextItem,
    TextMatrix, WindingOrder,
};

pub use self::binding::Binding;
use self::binding::Telling;
use super::code::Modules;
use super::line::{Face, Fount, Ink, Um};
pub(crate) use super::page::leeway;
use super::page::{Mark, Page};
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
    let mut binding = Binding::begin(Vec::new())?;
    sheets.iter().try_for_each(|sheet| binding.add(sheet))?;
    binding.finish()
}

/// Prints `many` sheets into volumes of `each`, several at a time; `sheet` makes the one of a place, `keep` is handed the volumes
/// in their order. No more volumes are in memory than there are cores, and one that waits.
///
/// # Errors
/// The first of [`bind`], `sheet` and `keep`; then nothing more is printed.
pub fn volumes<E: From<Error> + Send>(
    many: usize,
    each: usize,
    sheet: impl Fn(usize) -> Result<Sheet, E> + Sync,
    mut keep: impl FnMut(usize, Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let each = each.max(1);
    let last = many.div_ceil(each);
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(last.max(1));
    let next = AtomicUsize::new(0);
    // A worker begins a volume only if the ones before it are not too far behind: finished ones wait in order.
    let kept = (Mutex::new(0_usize), Condvar::new());
    let (done, finished) = mpsc::channel();
    let volume = |number: usize| -> Result<Vec<u8>, E> {
        let mut binding = Binding::begin(Vec::new())?;
        for place in number * each..((number + 1) * each).min(many) {
            binding.add(&sheet(place)?)?;
        }
        Ok(binding.finish()?)
    };
    let work = |done: mpsc::Sender<(usize, Result<Vec<u8>, E>)>| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= last {
                return;
            }
            let Ok(mut so_far) = kept.0.lock() else { return };
            while number > *so_far + cores {
                let Ok(waited) = kept.1.wait(so_far) else { return };
                so_far = waited;
            }
            drop(so_far);
            let bound = volume(number);
            if bound.is_err() {
                next.store(last, Ordering::Relaxed);
            }
            if done.send((number, bound)).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let done = done.clone();
            scope.spawn(|| work(done));
        }
        drop(done);
        let mut waiting: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        let mut told = Ok(());
        let mut wanted = 0;
        for (number, bound) in finished {
            match bound {
                Ok(bytes) => drop(waiting.insert(number, bytes)),
                Err(why) if told.is_ok() => told = Err(why),
                Err(_) => {}
            }
            while let Some(bytes) = waiting.remove(&wanted).filter(|_| told.is_ok()) {
                told = keep(wanted, bytes);
                wanted += 1;
            }
            if told.is_err() {
                next.store(last, Ordering::Relaxed);
            }
            if let Ok(mut so_far) = kept.0.lock() {
                *so_far = if told.is_err() { usize::MAX / 2 } else { wanted };
                kept.1.notify_all();
            }
        }
        told
    })
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
    /// The advance of every character in thousandths of an em, by its number; [`NONE`] where it has none.
    advances: Vec<u16>,
}

/// No such character.
const NONE: u16 = u16::MAX;

static CASE: LazyLock<Result<Case, String>> = LazyLock::new(|| {
    let read = |name: &'static str, bytes: &'static [u8]| {
        let mut font = ParsedFont::from_bytes(bytes, 0, &mut Vec::new())
            .ok_or_else(|| format!("the embedded face {name} cannot be read"))?;
        // printpdf keeps a copy to embed; we embed cuts, and the program has the file already.
        font.original_bytes = Vec::new();
        let last = font.codepoint_to_glyph.keys().next_back().copied().unwrap_or(0);
        let mut advances = vec![NONE; last as usize + 1];
        for (ch, glyph) in font.codepoint_to_glyph.iter().filter(|(_, glyph)| **glyph != 0) {
            let width = font.get_glyph_width(*glyph);
            let mils =
                width.map(|width| u32::from(width) * 1000 / u32::from(font.units_per_em.max(1)));
            let mils = mils.and_then(|mils| u16::try_from(mils).ok());
            advances[*ch as usize] = mils.unwrap_or(NONE);
        }
        Ok::<_, String>(Cut { name, bytes, font, advances })
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
}

impl Fount for Case {
    fn advance(&self, face: Face, ch: char) -> Option<Um> {
        let advance = self.face(face).advances.get(u32::from(ch) as usize).copied();
        advance.filter(|advance| *advance != NONE).map(Um::from)
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
        Mark::Text { .. } | Mark::Path { .. } | Mark::Ground { .. } | Mark::Code { .. } => None,
    });
    texts.flatten().collect()
}

/// Six capitals that tell one subset of a face from another (ISO 32000-1, 9.6.4).
fn subset_tag(said: &str) -> String {
    let mut rest = Telling::NOTHING.and(said.as_bytes()).0;
    let mut letter = || {
        let letter = u8::try_from(rest % 26).expect("a remainder of 26 fits");
        rest /= 26;
        char::from(b'A' + letter)
    };
    (0..6).map(|_| letter()).collect()
}

/// A page as printpdf draws it.
fn drawn(page: Page) -> PdfPage {
    let (left, top) = page.origin;
    let point = |x: Um, y: Um| Point { x: points(left + x), y: points(page.height - top - y) };
    let mut ops = Vec::with_capacity(page.marks.len() * 3);
    let mut is_text = false;
    let mut ink = None;
    let mut pen = None;
    let mut type_set = None;
    for mark in page.marks {
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
                let Point { x, y } = point(x, y);
                ops.push(Op::SetTextMatrix { matrix: TextMatrix::Translate(x, y) });
                ops.push(Op::ShowText { items: vec![TextItem::Text(run.text)] });
            }
            Mark::Path { points: through, thickness, ink } => {
                if pen.replace((thickness, ink)) != Some((thickness, ink)) {
                    ops.push(Op::SetOutlineColor { col: grey(ink) });
                    ops.push(Op::SetOutlineThickness { pt: points(thickness) });
                }
                let through =
                    through.iter().map(|(x, y)| LinePoint { p: point(*x, *y), bezier: false });
                let line = Stroke { points: through.collect(), is_closed: false };
                ops.push(Op::DrawLine { line });
            }
            Mark::Ground { x, y, width, height, ink: ground } => {
                if ink.replace(ground) != Some(ground) {
                    ops.push(Op::SetFillColor { col: grey(ground) });
                }
                let corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
                let corners = corners.map(|(x, y)| LinePoint { p: point(x, y), bezier: false });
                ops.push(filled(vec![PolygonRing { points: corners.into() }]));
            }
            Mark::Code { x, y, size, modules } => {
                let Point { x, y } = point(x, y);
                code(&modules, (x, y), points(size), &mut ops);
            }
        }
    }
    if is_text {
        ops.push(Op::EndTextSection);
    }
    PdfPage::new(millimetres(page.width), millimetres(page.height), ops)
}

/// Rings filled in one stroke.
fn filled(rings: Vec<PolygonRing>) -> Op {
    let (mode, winding_order) = (PaintMode::Fill, WindingOrder::NonZero);
    Op::DrawPolygon { polygon: Polygon { rings, mode, winding_order } }
}

/// A QR as one dashed line a row, a module thick, drawn in modules: dashes in whole numbers are the shortest way to say where
/// they are (a fifth of what rectangles take).
fn code(modules: &Modules, corner: (Pt, Pt), size: Pt, ops: &mut Vec<Op>) {
    // Two modules stay clear on either side, and the paper beyond.
    let side = f32::from(modules.side + 4);
    let module = (size.0 / side * 1000.0).round() / 1000.0;
    let (left, top) = (corner.0.0 + 2.0 * module, corner.1.0 - 2.5 * module);
    let matrix = CurTransMat::Raw([module, 0.0, 0.0, -module, left, top]);
    let at = |x: u16, y: u16| LinePoint {
        p: Point { x: Pt(f32::from(x)), y: Pt(f32::from(y)) },
        bezier: false,
    };
    ops.extend([
        Op::SaveGraphicsState,
        Op::SetTransformationMatrix { matrix },
        Op::SetOutlineColor { col: grey(Ink::Black) },
        Op::SetOutlineThickness { pt: Pt(1.0) },
    ]);
    for row in modules.runs.chunk_by(|a, b| a.0 == b.0) {
        let (y, first, _) = row[0];
        let mut end = first;
        let mut pattern = Vec::with_capacity(2 * row.len());
        for (_, from, long) in row {
            if *from > end {
                pattern.push(f32::from(from - end));
            }
            pattern.push(f32::from(*long));
            end = from + long;
        }
        ops.push(Op::SetLineDashPattern {
            dash: LineDashPattern { offset: 0.0, pattern: pattern.into() },
        });
        let points = vec![at(first, y), at(end, y)];
        ops.push(Op::DrawLine { line: Stroke { points, is_closed: false } });
    }
    ops.push(Op::RestoreGraphicsState);
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
        let pages =
            bind(&vec![sheet(); 11]).unwrap().len() - bind(&vec![sheet(); 1]).unwrap().len();
        assert!(pages / 30 < 5_000, "{} bytes a page", pages / 30);
        let many = bind(&vec![sheet(); 10]).unwrap();
        assert!(many.len() < 30 * 10_000, "{} bytes for 30 pages", many.len());
        assert!(bind(&[]).is_err());
    }

    /// Volumes come in their order and are what binding their sheets gives; the first refusal ends it.
    #[test]
    fn volumes_come_in_their_order() {
        let numbered = |number: usize| Sheet { check: format!("第{number}件"), ..sheet() };
        let mut kept = Vec::new();
        let keep = |number: usize, bytes: Vec<u8>| {
            assert_eq!(number, kept.len());
            kept.push(bytes);
            Ok::<_, Error>(())
        };
        volumes(7, 3, |number| Ok(numbered(number)), keep).unwrap();
        assert_eq!(kept.len(), 3);
        assert_eq!(kept[1], bind(&[numbered(3), numbered(4), numbered(5)]).unwrap());
        assert_eq!(kept[2], bind(&[numbered(6)]).unwrap());

        let refused = |number: usize| match number {
            4 => Err(Error::CheckFailed("第四件".into())),
            number => Ok(numbered(number)),
        };
        let ended = volumes(9, 2, refused, |number, _| {
            assert!(number < 2);
            Ok(())
        });
        assert_eq!(ended, Err(Error::CheckFailed("第四件".into())));
        assert_eq!(volumes(0, 3, |n| Ok::<_, Error>(numbered(n)), |_, _| Ok(())), Ok(()));
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
