//! The name a dwelling goes by: one canonical code for the many ways people write it.
//!
//! Owns: [`RoomCode`], [`NotRoom`].
//!
//! Always: a code is `楼-单元-房` (`1-1-101`) or `期-楼-单元-房` (`2-1-1-1102`); a house without a unit has unit
//! `0`; reading a canonical code gives it back; two spellings of one room give one code. Never: a guess. What
//! could mean two rooms is [`NotRoom::Ambiguous`] and goes to a person.
//!
//! Limits: 64 characters of text; a component holds at most 12 letters or digits.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A dwelling's canonical code. Ordered as people count: phase, building, unit, room, `9` before `10`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomCode(String);

/// Why a text is not one room. The Chinese sentence is what a clerk reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRoom {
    /// Nothing is written.
    #[error("房号为空")]
    Empty,
    /// It could be more than one room; the reason says what is missing.
    #[error("房号有歧义：{0}")]
    Ambiguous(&'static str),
    /// It is no room at all.
    #[error("不是房号")]
    Shape,
}

impl NotRoom {
    /// Whether a reader of JSON or of a query passes on what a room's code refused by.
    #[must_use]
    pub fn is_said_by(text: &str) -> bool {
        let ambiguous = NotRoom::Ambiguous("").to_string();
        text.starts_with(&ambiguous)
            || [NotRoom::Empty, NotRoom::Shape].iter().any(|why| why.to_string() == text)
    }
}

/// Marks that end a building's number, longest first.
const BUILDING_MARKS: [&str; 7] = ["号楼", "#楼", "栋", "幢", "座", "#", "楼"];
/// Marks that end a unit's number.
const UNIT_MARKS: [&str; 2] = ["单元", "门"];
/// Marks that end a phase's number.
const PHASE_MARKS: [&str; 2] = ["期", "区"];
/// What may follow a room's number.
const ROOM_MARKS: [&str; 4] = ["室", "号", "户", "房"];
/// Written where a unit would be when there is none.
const NO_UNIT: [&str; 8] = ["商铺", "商业", "商网", "底商", "门面", "店铺", "无", "空"];
/// Names that stand for a building of their own: `商场M111`.
const NAMED_BUILDINGS: [&str; 8] =
    ["商场", "会所", "地下车库", "车库", "地库", "幼儿园", "物业用房", "综合楼"];

impl RoomCode {
    /// The longest text that is read as a room.
    pub const LONGEST: usize = 64;

    /// Reads one text: `1-1-1001`, `1栋1单元1001室`, `A-1-502`, `2期1号楼001`, `商场M111`, `2-1-1-1102`,
    /// `3#1-101`, `三号楼一单元1001`, full-width digits.
    ///
    /// # Errors
    /// [`NotRoom`]; `101`, `1-101` and `1单元101` are ambiguous, because a building or a unit is missing.
    pub fn parse(text: &str) -> Result<RoomCode, NotRoom> {
        let plain = plain(text)?;
        if has_marks(&plain) { parse_words(&plain) } else { parse_dashes(&plain) }
    }

    /// Reads separate columns. An empty unit, `0` and `商铺` are all unit `0`; a building may carry its
    /// phase (`2期1号楼`); a room column that holds the whole code must agree with the others.
    ///
    /// # Errors
    /// [`NotRoom`]; a missing building is ambiguous.
    pub fn from_parts(
        phase: &str,
        building: &str,
        unit: &str,
        room: &str,
    ) -> Result<RoomCode, NotRoom> {
        let room = plain(room)?;
        let building = plain(building).unwrap_or_default();
        let unit = plain(unit).unwrap_or_default();
        let phase = plain(phase).unwrap_or_default();
        if building.is_empty() {
            return RoomCode::parse(&room);
        }
        let (inner_phase, building) = read_building(&building)?;
        let phase = match (read_phase(&phase)?, inner_phase) {
            (Some(a), Some(b)) if a != b => return Err(NotRoom::Ambiguous("期别前后不一致")),
            (a, b) => a.or(b),
        };
        let unit = read_unit(&unit)?;
        if has_marks(&room) || room.contains('-') {
            return agree(&room, phase, &building, &unit);
        }
        RoomCode::of(phase, building, unit, read_room(&room)?)
    }

    /// Finds the codes people write in a bank's remark: `维修资金 2-3-401`. Stricter than
    /// [`RoomCode::parse`], so that days, telephone and contract numbers are not taken for rooms; none, one
    /// or several may be found, in the order written.
    #[must_use]
    pub fn find_in_text(text: &str) -> Vec<RoomCode> {
        let text: Vec<char> = half_width(text).collect();
        let mut found: Vec<RoomCode> = Vec::new();
        let mut keep = |code: RoomCode| {
            if !found.contains(&code) {
                found.push(code);
            }
        };
        for run in text.split(|c| !is_written_in_codes(*c)) {
            // A word such as 房 or 期 may touch the code without belonging to it.
            let start = run.iter().position(|c| c.is_ascii_alphanumeric() || numeral(*c).is_some());
            let run: String = run.iter().skip(start.unwrap_or(run.len())).collect();
            let run = run.trim_end_matches('-');
            // `1月5号3000`: without its 室, a house number is a day of the month.
            let is_day = run.contains('号') && !run.contains("号楼") && !run.ends_with('室');
            if run.len() > RoomCode::LONGEST || is_day {
                continue;
            }
            if let Ok(code) = RoomCode::parse(run)
                && code.is_plain_enough_for_prose()
            {
                keep(code);
            }
        }
        found
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The phase (期), where the code carries one.
    #[must_use]
    pub fn phase(&self) -> Option<&str> {
        let (phase, _, _, _) = self.parts();
        (!phase.is_empty()).then_some(phase)
    }

    /// The building (楼栋).
    #[must_use]
    pub fn building(&self) -> &str {
        self.parts().1
    }

    /// The unit (单元); `0` where there is none.
    #[must_use]
    pub fn unit(&self) -> &str {
        self.parts().2
    }

    /// The room (房号) within its unit.
    #[must_use]
    pub fn room(&self) -> &str {
        self.parts().3
    }

    fn of(
        phase: Option<String>,
        building: String,
        unit: String,
        room: String,
    ) -> Result<RoomCode, NotRoom> {
        let sound = |part: &str| {
            !part.is_empty()
                && part.chars().count() <= 12
                && part.chars().all(|c| c.is_ascii_alphanumeric() || is_han(c))
        };
        let parts = [phase.unwrap_or_default(), building, unit, room];
        let [phase, rest @ ..] = &parts;
        if !rest.iter().all(|p| sound(p)) || !(phase.is_empty() || sound(phase)) {
            return Err(NotRoom::Shape);
        }
        let written = if phase.is_empty() { rest.join("-") } else { parts.join("-") };
        Ok(RoomCode(written))
    }

    fn parts(&self) -> (&str, &str, &str, &str) {
        let mut parts = self.0.split('-');
        let mut next = || parts.next().unwrap_or_default();
        let (a, b, c, d) = (next(), next(), next(), next());
        if d.is_empty() { ("", a, b, c) } else { (a, b, c, d) }
    }

    /// Building of up to three digits or one letter, unit of up to two, room of three or four digits.
    fn is_plain_enough_for_prose(&self) -> bool {
        let (phase, building, unit, room) = self.parts();
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).count();
        let is = |text: &str, digits_most: usize| digits(text) <= digits_most && letters(text) <= 1;
        is(phase, 2)
            && is(building, 3)
            && (is(unit, 2) && letters(unit) + digits(unit) <= 2)
            && (3..=4).contains(&digits(room))
            && letters(room) <= 1
    }
}

/// `1-1-101`.
impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for RoomCode {
    type Error = NotRoom;
    fn try_from(text: String) -> Result<RoomCode, NotRoom> {
        RoomCode::parse(&text)
    }
}

impl From<RoomCode> for String {
    fn from(code: RoomCode) -> String {
        code.0
    }
}

impl Ord for RoomCode {
    fn cmp(&self, other: &RoomCode) -> Ordering {
        let (ours, theirs) = (self.parts(), other.parts());
        natural(ours.0, theirs.0)
            .then_with(|| natural(ours.1, theirs.1))
            .then_with(|| natural(ours.2, theirs.2))
            .then_with(|| natural(ours.3, theirs.3))
    }
}

impl PartialOrd for RoomCode {
    fn partial_cmp(&self, other: &RoomCode) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `1-1-1001`, `2-1-1-1102`, `商场M111`.
fn parse_dashes(plain: &str) -> Result<RoomCode, NotRoom> {
    let parts: Vec<&str> = plain.split(['-', '_', '/', '.']).collect();
    match parts.as_slice() {
        [one] => parse_named(one),
        [_, _] => Err(NotRoom::Ambiguous("只有两段，缺楼栋或单元")),
        [building, unit, room] => {
            if looks_like_a_day(building, unit, room) {
                return Err(NotRoom::Ambiguous("像是日期"));
            }
            let unit = read_unit(unit)?;
            refuse_long_unit(&unit)?;
            RoomCode::of(None, read_building(building)?.1, unit, read_room(room)?)
        }
        [phase, building, unit, room] => {
            let unit = read_unit(unit)?;
            refuse_long_unit(&unit)?;
            RoomCode::of(read_phase(phase)?, read_building(building)?.1, unit, read_room(room)?)
        }
        _ => Err(NotRoom::Shape),
    }
}

/// `商场M111`: a building known by name, no unit.
fn parse_named(one: &str) -> Result<RoomCode, NotRoom> {
    for name in NAMED_BUILDINGS {
        if let Some(room) = one.strip_prefix(name)
            && !room.is_empty()
        {
            return RoomCode::of(None, name.into(), "0".into(), read_room(room)?);
        }
    }
    if one.chars().any(|c| c.is_ascii_digit()) {
        Err(NotRoom::Ambiguous("缺楼栋和单元"))
    } else {
        Err(NotRoom::Shape)
    }
}

/// `2期1号楼3单元401室`, `3#1-101`, `12号101室`.
fn parse_words(plain: &str) -> Result<RoomCode, NotRoom> {
    let (phase, rest) = match take_mark(plain, &["期"]) {
        Some((phase, rest)) => (read_phase(phase)?, rest),
        None => (None, plain),
    };
    let Some((building, rest)) = take_building(rest) else {
        return Err(NotRoom::Ambiguous("缺楼栋"));
    };
    let (inner, building) = read_building(building)?;
    let phase = phase.or(inner);
    let rest = rest.trim_start_matches('-');
    let (unit, rest) = match take_mark(rest, &UNIT_MARKS) {
        Some((unit, rest)) => (Some(read_unit(unit)?), rest.trim_start_matches('-')),
        None => match NO_UNIT.iter().find_map(|word| rest.strip_prefix(word)) {
            Some(rest) => (Some("0".into()), rest.trim_start_matches('-')),
            None => (None, rest),
        },
    };
    // `10层1001`: the floor says nothing the room does not.
    let rest = take_mark(rest, &["层"]).map_or(rest, |(_, rest)| rest.trim_start_matches('-'));
    let parts: Vec<&str> = rest.split('-').collect();
    match (unit, parts.as_slice()) {
        (_, [""]) => Err(NotRoom::Ambiguous("缺房号")),
        (Some(unit), [room]) => RoomCode::of(phase, building, unit, read_room(room)?),
        (None, [room]) => RoomCode::of(phase, building, "0".into(), read_room(room)?),
        (None, [unit, room]) => RoomCode::of(phase, building, read_unit(unit)?, read_room(room)?),
        _ => Err(NotRoom::Ambiguous("段数过多")),
    }
}

/// The building before its mark; `12号101室` counts as one, a bare `1楼` (a floor) does not.
fn take_building(text: &str) -> Option<(&str, &str)> {
    if let Some((building, rest)) = take_mark(text, &BUILDING_MARKS[..6]) {
        return Some((building, rest));
    }
    if let Some((building, rest)) = take_mark(text, &["楼"])
        && take_mark(rest, &UNIT_MARKS).is_some()
    {
        return Some((building, rest));
    }
    let (building, rest) = take_mark(text, &["号"])?;
    let room = rest.strip_suffix('室').unwrap_or(rest);
    let is_room = room.len() >= 3 && room.chars().all(|c| c.is_ascii_alphanumeric());
    is_room.then_some((building, rest))
}

/// The room column holds more than a room: it must say what the other columns say.
fn agree(
    room: &str,
    phase: Option<String>,
    building: &str,
    unit: &str,
) -> Result<RoomCode, NotRoom> {
    if let Ok(code) = RoomCode::parse(room) {
        let says_the_same = code.building() == building
            && (unit == "0" || code.unit() == unit)
            && (phase.is_none() || code.phase().is_none() || code.phase() == phase.as_deref());
        if !says_the_same {
            return Err(NotRoom::Ambiguous("房号与楼栋、单元列不一致"));
        }
        let (own, building, unit, room) = code.parts();
        let phase = phase.or_else(|| (!own.is_empty()).then(|| own.into()));
        return RoomCode::of(phase, building.into(), unit.into(), room.into());
    }
    // `1-101` or `1单元101` beside unit 1.
    let (first, rest) = take_mark(room, &UNIT_MARKS)
        .or_else(|| room.split_once('-'))
        .ok_or(NotRoom::Ambiguous("房号与楼栋、单元列不一致"))?;
    if read_unit(first)? == unit && !rest.contains('-') {
        return RoomCode::of(phase, building.into(), unit.into(), read_room(rest)?);
    }
    Err(NotRoom::Ambiguous("房号与楼栋、单元列不一致"))
}

fn read_phase(text: &str) -> Result<Option<String>, NotRoom> {
    let text = strip_end(text, &PHASE_MARKS).trim_start_matches('第');
    Ok(Some(number(text)).filter(|phase| !phase.is_empty() && phase != "0"))
}

/// A building, and the phase written before it (`2期1号楼`, `东区1号楼`, `梧桐里小区1号楼`).
fn read_building(text: &str) -> Result<(Option<String>, String), NotRoom> {
    let (phase, text) = match take_mark(text, &["小区", "期", "区"]) {
        Some((_, rest)) if text.contains("小区") && !rest.is_empty() => (None, rest),
        Some((phase, rest)) if !rest.is_empty() => (read_phase(phase)?, rest),
        _ => (None, text),
    };
    let own = strip_end(strip_end(text, &BUILDING_MARKS), &["号"]);
    let building = number(own);
    // 梧桐里1号楼: whether 梧桐里 tells this building from another, only a person knows.
    let mixes_words = building.chars().any(is_han) && building.chars().any(|c| c.is_ascii_digit());
    match building.is_empty() {
        true => Err(NotRoom::Ambiguous("缺楼栋")),
        false if mixes_words => Err(NotRoom::Ambiguous("楼栋名称里夹有其他文字")),
        false => Ok((phase, building)),
    }
}

fn read_unit(text: &str) -> Result<String, NotRoom> {
    let own = strip_end(text, &UNIT_MARKS);
    let none =
        own.is_empty() || NO_UNIT.contains(&own) || own.chars().all(|c| matches!(c, '-' | '/'));
    Ok(if none { "0".into() } else { number(own) })
}

fn read_room(text: &str) -> Result<String, NotRoom> {
    let own = strip_end(text, &ROOM_MARKS);
    if own.is_empty() {
        return Err(NotRoom::Ambiguous("缺房号"));
    }
    if own.contains(['-', '/', '.', '_', '、', ';', ',']) {
        return Err(NotRoom::Ambiguous("一格写了多个房号"));
    }
    Ok(number(own))
}

/// A unit has at most two digits; a longer one means the parts stand in another order.
fn refuse_long_unit(unit: &str) -> Result<(), NotRoom> {
    if unit.chars().filter(char::is_ascii_digit).count() > 2 {
        return Err(NotRoom::Ambiguous("单元号过长，各段次序不明"));
    }
    Ok(())
}

fn looks_like_a_day(year: &str, month: &str, day: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    year.len() == 4
        && (1900..2100).contains(&number(year))
        && (1..=12).contains(&number(month))
        && (1..=31).contains(&number(day))
}

/// Splits at the first of the marks: what stands before it, and what follows.
fn take_mark<'t>(text: &'t str, marks: &[&str]) -> Option<(&'t str, &'t str)> {
    let (at, mark) = marks
        .iter()
        .filter_map(|mark| text.find(mark).map(|at| (at, *mark)))
        .min_by_key(|(at, mark)| (*at, usize::MAX - mark.len()))?;
    let (before, rest) = text.split_at(at);
    let rest = rest.get(mark.len()..)?;
    (!before.is_empty()).then_some((before.trim_end_matches('-'), rest))
}

fn strip_end<'t>(text: &'t str, marks: &[&str]) -> &'t str {
    marks.iter().find_map(|mark| text.strip_suffix(mark)).unwrap_or(text)
}

fn has_marks(plain: &str) -> bool {
    let marked =
        ["楼", "栋", "幢", "座", "#", "单元", "期", "门", "层"].iter().any(|m| plain.contains(m));
    let named = NAMED_BUILDINGS.iter().any(|name| plain.starts_with(name));
    let house_number = plain.split_once('号').is_some_and(|(_, rest)| !rest.is_empty());
    house_number || (marked && !named && !plain.contains("门面"))
}

/// Half-width, capitals, one kind of dash, no spaces; the text must be short enough to be a room.
fn plain(text: &str) -> Result<String, NotRoom> {
    let quote = |c: char| matches!(c, '\'' | '"' | '`' | '\u{feff}' | '\u{200b}');
    let plain: String = half_width(text).filter(|c| !c.is_whitespace() && !quote(*c)).collect();
    if plain.is_empty() {
        return Err(NotRoom::Empty);
    }
    if plain.chars().count() > RoomCode::LONGEST {
        return Err(NotRoom::Shape);
    }
    Ok(plain)
}

fn half_width(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '—' | '–' | '−' | '‐' | '‑' | '―' | '﹣' => '-',
            '号' | '號' => '号',
            '\u{3000}' | '\u{a0}' => ' ',
            c => c,
        })
        .map(|c| c.to_ascii_uppercase())
}

/// Leading zeros away, Chinese numerals into digits, anything else as it stands.
fn number(text: &str) -> String {
    let text = chinese_number(text).unwrap_or_else(|| text.into());
    let trimmed = text.trim_start_matches('0');
    match trimmed.chars().next() {
        Some(c) if c.is_ascii_alphanumeric() => trimmed.into(),
        Some(_) => text,
        None if text.is_empty() => text,
        None => "0".into(),
    }
}

/// 三 → 3, 十二 → 12, 二十 → 20, 一百零三 → 103, 一〇一 → 101.
fn chinese_number(text: &str) -> Option<String> {
    if text.is_empty() || !text.chars().all(|c| numeral(c).is_some()) {
        return None;
    }
    let values = text.chars().filter_map(numeral);
    if !text.contains(['十', '百']) {
        return Some(values.map(|n| n.to_string()).collect());
    }
    let (mut total, mut digit) = (0_u32, None);
    for value in values {
        match value {
            10 | 100 => total += digit.take().unwrap_or(1) * value,
            value => digit = Some(value),
        }
    }
    Some((total + digit.unwrap_or(0)).to_string())
}

fn numeral(c: char) -> Option<u32> {
    Some(match c {
        '〇' | '零' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        '百' => 100,
        _ => return None,
    })
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_written_in_codes(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || numeral(c).is_some()
        || matches!(
            c,
            '-' | '#' | '号' | '楼' | '栋' | '幢' | '座' | '单' | '元' | '期' | '室' | '商' | '铺'
        )
}

/// Runs of digits compare as numbers, the rest as text; a number comes before a word.
fn natural(ours: &str, theirs: &str) -> Ordering {
    let (mut a, mut b) = (ours, theirs);
    loop {
        match (run(a), run(b)) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((x, rest_a)), Some((y, rest_b))) => {
                let digits = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
                let order = match (digits(x), digits(y)) {
                    (true, true) => x.len().cmp(&y.len()).then_with(|| x.cmp(y)),
                    (true, false) => Ordering::Less,
                    (false, true) => Ordering::Greater,
                    (false, false) => x.cmp(y),
                };
                if order != Ordering::Equal {
                    return order;
                }
                (a, b) = (rest_a, rest_b);
            }
        }
    }
}

/// The first run of digits (without leading zeros) or of anything else, and what follows.
fn run(text: &str) -> Option<(&str, &str)> {
    let digits = text.chars().next()?.is_ascii_digit();
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    Some((if digits { run.trim_start_matches('0') } else { run }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        RoomCode::parse(text).map_or_else(|why| format!("{text}: {why}"), |code| code.to_string())
    }

    #[test]
    fn one_room_has_one_code_however_it_is_written() {
        for (text, canonical) in [
            ("1-1-1001", "1-1-1001"),
            ("01-01-0101", "1-1-101"),
            ("１－１－１０１", "1-1-101"),
            (" 1 - 1 - 101 ", "1-1-101"),
            ("`1-1-101\t", "1-1-101"),
            ("1_1_101", "1-1-101"),
            ("1栋1单元1001", "1-1-1001"),
            ("1栋-1单元-1001室", "1-1-1001"),
            ("1幢1单元1001号", "1-1-1001"),
            ("1栋1单元10层1001", "1-1-1001"),
            ("1号楼2门101", "1-2-101"),
            ("a-1-502", "A-1-502"),
            ("A座1单元502", "A-1-502"),
            ("2期1号楼001", "2-1-0-1"),
            ("二期1号楼3单元401", "2-1-3-401"),
            ("商场M111", "商场-0-M111"),
            ("2-1-1-1102", "2-1-1-1102"),
            ("3#1-101", "3-1-101"),
            ("3#楼1单元101", "3-1-101"),
            ("三号楼一单元1001", "3-1-1001"),
            ("十二号楼二单元1001", "12-2-1001"),
            ("二十一栋一单元101", "21-1-101"),
            ("12号101室", "12-0-101"),
            ("3楼1单元101", "3-1-101"),
            ("6-0-103", "6-0-103"),
            ("6-商铺-103", "6-0-103"),
            ("6栋商铺103", "6-0-103"),
            ("梧桐里小区1号楼1单元101", "1-1-101"),
        ] {
            assert_eq!(code(text), canonical, "{text}");
            assert_eq!(code(canonical), canonical, "reading a code gives it back");
        }
    }

    #[test]
    fn what_could_be_two_rooms_is_never_guessed() {
        for text in [
            "101",
            "1-101",
            "1单元101",
            "商铺104",
            "1栋",
            "1栋1单元",
            "3楼101",
            "2026-01-05",
            "1-1001-1",
            "1-1-1001-1",
            "梧桐里1号楼1单元101",
            "11101",
        ] {
            let answer = RoomCode::parse(text);
            assert!(matches!(answer, Err(NotRoom::Ambiguous(_))), "{text}: {answer:?}");
        }
        assert_eq!(RoomCode::parse("  "), Err(NotRoom::Empty));
        for text in ["物业费", "1-1-1-1-1", "1-1-(101)", &"1".repeat(65)] {
            assert_eq!(RoomCode::parse(text), Err(NotRoom::Shape), "{text}");
        }
    }

    #[test]
    fn columns_meet_the_code_in_one_cell() {
        let of = |phase, building, unit, room| {
            RoomCode::from_parts(phase, building, unit, room).map(|code| code.to_string())
        };
        for (phase, building, unit, room, canonical) in [
            ("", "6栋", "商铺", "104", "6-0-104"),
            ("", "6", "0", "104", "6-0-104"),
            ("", "6", "", "104", "6-0-104"),
            ("", "1栋", "1单元", "102", "1-1-102"),
            ("", "一号楼", "二单元", "０１０２", "1-2-102"),
            ("2期", "1号楼", "3", "401", "2-1-3-401"),
            ("", "2期1号楼", "3", "401", "2-1-3-401"),
            ("", "东区1号楼", "3", "401", "东-1-3-401"),
            ("", "1", "1", "1-1-101", "1-1-101"),
            ("", "1", "1", "1-101", "1-1-101"),
            ("", "1", "", "1栋1单元101", "1-1-101"),
            ("", "", "", "1-1-101", "1-1-101"),
            ("", "6", "车库", "12", "6-车库-12"),
        ] {
            assert_eq!(of(phase, building, unit, room), Ok(canonical.into()), "{canonical}");
        }
        for (building, unit, room) in
            [("2", "1", "1-1-101"), ("", "1", "101"), ("1", "2", "1-101"), ("1", "1", "101、102")]
        {
            let answer = of("", building, unit, room);
            assert!(matches!(answer, Err(NotRoom::Ambiguous(_))), "{building} {unit} {room}");
        }
    }

    #[test]
    fn a_remark_gives_up_its_rooms_and_nothing_else() {
        let found = |text| -> Vec<String> {
            RoomCode::find_in_text(text).iter().map(RoomCode::to_string).collect()
        };
        for (text, codes) in [
            ("维修资金 2-3-401", vec!["2-3-401"]),
            ("维修资金2-3-401物业费", vec!["2-3-401"]),
            ("转账3栋2单元401业主", vec!["3-2-401"]),
            ("交房款三号楼一单元1001室", vec!["3-1-1001"]),
            ("3#1-101 和 3#1-102", vec!["3-1-101", "3-1-102"]),
            ("２－３－４０１", vec!["2-3-401"]),
            ("A-1-502", vec!["A-1-502"]),
            ("6栋商铺104租金", vec!["6-0-104"]),
            ("12号101室", vec!["12-0-101"]),
            ("1月5号3000", vec![]),
            ("梧桐里小区 6-0-104 物业费2026年1月", vec!["6-0-104"]),
            ("2026-01-05 结息", vec![]),
            ("26-01-05", vec![]),
            ("合同HT2025-001-101", vec![]),
            ("电话021-5555-1234", vec![]),
            ("5幢屋面", vec![]),
            ("屋面防水首付款", vec![]),
            ("6222000012345678901", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(text), codes, "{text}");
        }
    }

    #[test]
    fn codes_are_ordered_as_people_count() {
        let mut codes: Vec<RoomCode> = [
            "10-1-101",
            "2-1-1001",
            "2-1-901",
            "商场-0-M2",
            "2-10-101",
            "2-2-101",
            "A-1-1",
            "2-1-1-1",
        ]
        .iter()
        .map(|text| RoomCode::parse(text).unwrap())
        .collect();
        codes.sort();
        let order: Vec<String> = codes.iter().map(RoomCode::to_string).collect();
        assert_eq!(
            order,
            [
                "2-1-901",
                "2-1-1001",
                "2-2-101",
                "2-10-101",
                "10-1-101",
                "A-1-1",
                "商场-0-M2",
                "2-1-1-1"
            ]
        );
    }
}
