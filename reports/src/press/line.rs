//! Characters to lines: which face sets a character, how wide it is, where a line may break.
//!
//! Owns: [`Fount`] (what layout asks of a device's type), [`Style`], [`Line`], [`set`], [`wrap`].
//!
//! Always: bold falls back to regular glyph by glyph; a character neither face has is an error
//! that names it, but for a sign that another stands for (`alike`). Chinese breaks between any two characters, but no line begins with closing
//! punctuation or ends with opening punctuation (避头尾), and a masked name (王*明) stays whole; a
//! word or a figure is not broken, a code only after a hyphen or a slash, and anything anywhere
//! if it is longer than the line. Limits: no hyphenation, no justification, no right-to-left
//! text, no combining marks.

use crate::{Error, Result};

/// A length on paper, in micrometres.
pub(super) type Um = i32;

/// One point of type (1/72 inch) is 352.8 µm; this is a tenth of it, in which sizes are given.
const TENTH_POINT_IN_TENTH_UM: Um = 353;

/// A face of the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Face {
    /// For reading.
    Regular,
    /// For headings and totals.
    Bold,
}

/// What layout asks of a device's type.
pub(super) trait Fount {
    /// The advance of a character in thousandths of an em, if the face has it.
    fn advance(&self, face: Face, ch: char) -> Option<Um>;
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// The face asked for.
    pub face: Face,
    /// The size in tenths of a point.
    pub size: Um,
    /// How dark.
    pub ink: Ink,
}

/// How dark a mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// What is said.
    Black,
    /// What says which: labels, heads, feet.
    Grey,
    /// Hairlines.
    Light,
    /// The ground of a warning.
    Pale,
}

impl Style {
    /// Regular black of so many tenths of a point.
    pub(super) const fn of(size: Um) -> Style {
        Style { face: Face::Regular, size, ink: Ink::Black }
    }

    /// The same in bold.
    pub(super) const fn bold(self) -> Style {
        Style { face: Face::Bold, ..self }
    }

    /// The same in grey.
    pub(super) const fn grey(self) -> Style {
        Style { ink: Ink::Grey, ..self }
    }

    /// One em in micrometres.
    pub(super) const fn em(self) -> Um {
        self.size * TENTH_POINT_IN_TENTH_UM / 10
    }

    /// So many thousandths of an em, in micrometres, never too little; ten metres at most.
    pub(super) fn milli_em(self, thousandths: Um) -> Um {
        const TEN_METRES: Um = 10_000_000;
        let exact = i64::from(self.em()) * i64::from(thousandths);
        Um::try_from((exact + 999).div_euclid(1000)).unwrap_or(TEN_METRES).min(TEN_METRES)
    }
}

/// A stretch of one face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The face that has these characters.
    pub face: Face,
    /// The characters.
    pub text: String,
    /// Their advance in thousandths of an em.
    pub advance: Um,
}

/// A line of set text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// From left to right.
    pub runs: Vec<Run>,
    /// Its width in micrometres.
    pub width: Um,
}

/// A character with the face that has it.
#[derive(Clone, Copy)]
struct Glyph {
    ch: char,
    face: Face,
    advance: Um,
}

/// Sets a text on one line, however long.
pub(super) fn set(fount: &dyn Fount, text: &str, style: Style) -> Result<Line> {
    Ok(line(&glyphs(fount, text, style)?, style))
}

/// Sets a text on as many lines of `measure` as it needs; at least one, `\n` beginning a new one.
pub(super) fn wrap(fount: &dyn Fount, text: &str, style: Style, measure: Um) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let glyphs = glyphs(fount, paragraph, style)?;
        let mut rest = glyphs.as_slice();
        loop {
            let taken = fit(rest, style, measure);
            lines.push(line(trimmed(&rest[..taken]), style));
            rest = &rest[taken..];
            if rest.is_empty() {
                break;
            }
        }
    }
    Ok(lines)
}

/// The width of a text's widest paragraph set on one line, and of its widest piece that [`wrap`] would not break.
pub(super) fn widths(fount: &dyn Fount, text: &str, style: Style) -> Result<(Um, Um)> {
    let (mut whole, mut widest) = (0, 0);
    for paragraph in text.split('\n') {
        let glyphs = glyphs(fount, paragraph, style)?;
        whole = whole.max(width(&glyphs, style));
        let mut start = 0;
        for end in 1..=glyphs.len() {
            if end == glyphs.len() || may_break(&glyphs, end) {
                widest = widest.max(width(trimmed(&glyphs[start..end]), style));
                start = end;
            }
        }
    }
    Ok((whole, widest))
}

fn glyphs(fount: &dyn Fount, text: &str, style: Style) -> Result<Vec<Glyph>> {
    let has =
        |face: Face, ch: char| fount.advance(face, ch).map(|advance| Glyph { ch, face, advance });
    let glyph = |ch: char| {
        let found = has(style.face, ch).or_else(|| has(Face::Regular, ch));
        let found = found.or_else(|| alike(ch).and_then(|like| has(Face::Regular, like)));
        found.ok_or_else(|| Error::MissingGlyph { ch, text: text.into() })
    };
    text.chars().map(glyph).collect()
}

/// The sign that stands for one our faces lack and means the same to every reader.
const fn alike(ch: char) -> Option<char> {
    match ch {
        // MINUS SIGN: Chinese type has it full width.
        '\u{2212}' => Some('\u{ff0d}'),
        _ => None,
    }
}

fn width(glyphs: &[Glyph], style: Style) -> Um {
    style.milli_em(glyphs.iter().map(|g| g.advance).sum())
}

fn trimmed(glyphs: &[Glyph]) -> &[Glyph] {
    let end = glyphs.iter().rposition(|g| g.ch != ' ').map_or(0, |last| last + 1);
    &glyphs[..end]
}

fn line(glyphs: &[Glyph], style: Style) -> Line {
    let mut runs: Vec<Run> = Vec::new();
    for glyph in glyphs {
        match runs.last_mut() {
            Some(run) if run.face == glyph.face => {
                run.text.push(glyph.ch);
                run.advance += glyph.advance;
            }
            _ => runs.push(Run { face: glyph.face, text: glyph.ch.into(), advance: glyph.advance }),
        }
    }
    Line { runs, width: width(glyphs, style) }
}

/// How many glyphs go on the line: up to the last break that fits, or as many as fit if none does.
fn fit(glyphs: &[Glyph], style: Style, measure: Um) -> usize {
    let mut advance = 0;
    let mut last_break = None;
    for (place, glyph) in glyphs.iter().enumerate() {
        if may_break(glyphs, place) {
            last_break = Some(place);
        }
        advance += glyph.advance;
        // A space may hang over the edge: it is trimmed.
        if glyph.ch != ' ' && style.milli_em(advance) > measure {
            return last_break.unwrap_or(place.max(1));
        }
    }
    glyphs.len()
}

/// Whether a line may end before the glyph at `place`.
fn may_break(glyphs: &[Glyph], place: usize) -> bool {
    const OPENING: &str = "（《〈「『【〔［｛“‘(<[{￥¥$№*";
    const CLOSING: &str = "，。、；：？！）》〉」』】〕］｝”’·・…—～,.;:?!)>]}%％‰℃㎡°*";
    let at = |back: usize| place.checked_sub(back).and_then(|p| glyphs.get(p)).map(|g| g.ch);
    let (Some(before), Some(after)) = (at(1), at(0)) else { return false };
    if after == ' ' || OPENING.contains(before) || CLOSING.contains(after) {
        return false;
    }
    // A hyphen joins the parts of a code, but it is also the minus of a figure and part of a day.
    let joins = matches!(before, '-' | '/') && at(2).is_some_and(char::is_alphanumeric);
    let in_figure = at(2).is_some_and(|c| c.is_ascii_digit()) && after.is_ascii_digit();
    // A figure keeps its unit: 30 日, 200 元.
    let is_unit = before == ' ' && at(2).is_some_and(|c| c.is_ascii_digit()) && is_wide(after);
    if is_unit {
        return false;
    }
    before == ' ' || is_wide(before) || is_wide(after) || (joins && !in_figure)
}

/// Whether a character is as wide as a Chinese one: it takes two columns of plain text, and a
/// line may break beside it.
pub(super) fn is_wide(ch: char) -> bool {
    matches!(u32::from(ch),
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Type without a device: Chinese is one em, the rest half; bold has no 喆, nothing has 囧.
    pub(in crate::press) struct Block;

    impl Fount for Block {
        fn advance(&self, face: Face, ch: char) -> Option<Um> {
            match ch {
                '囧' => None,
                '喆' if face == Face::Bold => None,
                ch => Some(if is_wide(ch) || ch == '—' { 1000 } else { 500 }),
            }
        }
    }

    const TEN: Style = Style::of(100);

    fn lines(text: &str, ems: Um) -> Vec<String> {
        let lines = wrap(&Block, text, TEN, TEN.milli_em(ems * 1000)).unwrap();
        lines.iter().map(|l| l.runs.iter().map(|r| r.text.as_str()).collect()).collect()
    }

    #[test]
    fn chinese_breaks_anywhere_but_not_before_closing_marks() {
        assert_eq!(lines("专项维修资金", 4), ["专项维修", "资金"]);
        assert_eq!(lines("专项维修，资金", 4), ["专项维", "修，资金"]);
        assert_eq!(lines("维修（资金）账户", 3), ["维修", "（资", "金）账", "户"]);
        assert_eq!(lines("说明——不得拆", 3), ["说", "明——", "不得拆"]);
        assert_eq!(lines("王*明、欧*修", 4), ["王*明、", "欧*修"]);
        assert_eq!(lines("甲\n乙", 9), ["甲", "乙"]);
        assert_eq!(lines("", 9), [""]);
    }

    #[test]
    fn words_and_numbers_hold_together() {
        assert_eq!(lines("余额 12,345.67 元", 8), ["余额", "12,345.67 元"]);
        assert_eq!(lines("JC-2025-000123", 6), ["JC-", "2025-000123"]);
        assert_eq!(lines("起 2025-01-01", 5), ["起", "2025-01-01"]);
        assert_eq!(lines("计 -5.00", 3), ["计", "-5.00"]);
        assert_eq!(lines("abcdefgh", 2), ["abcd", "efgh"]);
        assert_eq!(lines("首期82.50%", 4), ["首期", "82.50%"]);
        assert_eq!(lines("甲乙", 0), ["甲", "乙"]);
    }

    #[test]
    fn bold_falls_back_glyph_by_glyph() {
        let line = set(&Block, "王喆伟", TEN.bold()).unwrap();
        let faces: Vec<_> = line.runs.iter().map(|r| (r.face, r.text.as_str())).collect();
        assert_eq!(faces, [(Face::Bold, "王"), (Face::Regular, "喆"), (Face::Bold, "伟")]);
    }

    #[test]
    fn a_missing_glyph_is_an_error() {
        let missing = Error::MissingGlyph { ch: '囧', text: "王囧".into() };
        assert_eq!(set(&Block, "王囧", TEN), Err(missing.clone()));
        assert_eq!(missing.to_string(), "no glyph for '囧' (U+56E7) in \"王囧\"");
    }
}
