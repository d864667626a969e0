//! The register (房产清册): which rooms there are, whose they are, and what they owed to the fund.
//!
//! Owns: [`register`], [`RegisterReading`], [`RegisterRow`], [`OwnerCell`], [`Tenure`], [`Usage`], [`IdKind`],
//! [`Control`].
//!
//! Always: a room appears once; owners, identity numbers, telephones and shares stand one beside another;
//! a room without an owner is said to be unsold. Never: an owner dropped because a list was too short.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::identity::{check_identity, check_phone, has_lost_digits, tidy_name};
use super::layout::{self, Column, words};
use super::room;
use super::sheet::Cell;
use super::table::{self, Keys, Line};
use super::value;
use super::{
    Address, DIGITS_LOST, File, IDENTITY_DIGITS_LOST, OWNER_MISSING, OWNERS_MISMATCH, ROOM_TWICE,
    Reading, SHARES,
};
use crate::calendar::Day;
use crate::error::{Refusal, Rule};
use crate::measure::Area;
use crate::money::Money;
use crate::property::room_code::RoomCode;

/// What was read of a register.
#[derive(Clone, Debug, Serialize)]
pub struct RegisterReading {
    /// The rows and what was passed over.
    pub reading: Reading<RegisterRow>,
    /// The compound's name, from the preamble or the title.
    pub compound: Option<String>,
    /// What the preamble says the totals are; a disagreement is a note, because titles go stale.
    pub control: Control,
}

/// Totals written above the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Control {
    /// 总户数.
    pub units: Option<u32>,
    /// 总面积.
    pub area: Option<Area>,
    /// 应交总额.
    pub deposit_due: Option<Money>,
}

/// One room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegisterRow {
    /// Where the row stands.
    pub at: Address,
    /// Stable over files: the hash of everything the row says.
    pub row_key: String,
    /// The building, as in the code.
    pub building: String,
    /// The unit, as in the code; `0` for none.
    pub unit: String,
    /// The floor, where it is a number; below ground it is negative.
    pub floor: Option<i32>,
    /// The room, as in the code.
    pub room: String,
    /// The canonical code.
    pub code: RoomCode,
    /// The room as it is written.
    pub original: String,
    /// The owners, in the order written; none for an unsold room.
    pub owners: Vec<OwnerCell>,
    /// The nature of the title (房屋性质).
    pub tenure: Tenure,
    /// What it is used for (房屋用途).
    pub usage: Usage,
    /// The floor area (建筑面积).
    pub area: Area,
    /// The area inside (套内面积).
    pub inner_area: Option<Area>,
    /// Whether its building has a lift.
    pub has_lift: Option<bool>,
    /// What was due to the fund (应交资金).
    pub deposit_due: Option<Money>,
    /// Whether the developer still holds it.
    pub unsold: bool,
    /// The day it was handed over.
    pub handed_over_on: Option<Day>,
    /// The remark.
    pub remark: String,
}

/// One owner of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnerCell {
    /// The name.
    pub name: String,
    /// What kind of document the number is from.
    pub id_kind: Option<IdKind>,
    /// The identity number, in capitals.
    pub id_no: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The share, as numerator and denominator.
    pub share: Option<(u32, u32)>,
}

/// What document an identity number is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// 居民身份证.
    Resident,
    /// 护照.
    Passport,
    /// 港澳台通行证、居住证.
    Permit,
    /// 营业执照、统一社会信用代码.
    Organisation,
    /// Another document.
    Other,
}

/// The nature of the title (房屋性质).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tenure {
    /// 商品住宅.
    Commodity,
    /// 已售公有住房.
    SoldPublic,
    /// 拆迁安置房.
    Resettled,
    /// 经济适用、共有产权住房.
    Affordable,
    /// Something else is written; a note lists what.
    Other,
    /// Nothing is written.
    Unstated,
}

/// What a room is used for (房屋用途).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// 住宅.
    Residence,
    /// 商铺.
    Shop,
    /// 办公.
    Office,
    /// 车库.
    Garage,
    /// 车位.
    Parking,
    /// 储藏室.
    Storage,
    /// 物业用房.
    Service,
    /// Something else is written; a note lists what.
    Other,
    /// Nothing is written.
    Unstated,
}

/// Reads a register.
///
/// # Errors
/// Any refusal of a file; see [`super::RULES`].
pub fn register(file: File<'_>) -> Result<RegisterReading, Refusal> {
    let mut reader = Reader::default();
    let table = table::read(file, layout::register(), &mut |line| reader.row(line))?;
    let (mut reading, preamble) = (table.reading, table.preamble);
    reader.note_strange_words(&mut reading);
    let compound = preamble.value("compound").or(preamble.title.as_deref()).map(str::to_owned);
    let digits = |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
    let control = Control {
        units: preamble.value("units").and_then(|text| digits(text).parse().ok()),
        area: preamble
            .value("area")
            .and_then(|text| value::area_total(&Cell::Text(text.into())).ok()?)
            .map(Area::centi_m2),
        deposit_due: preamble.money("deposit"),
    };
    note_control(&mut reading, control);
    Ok(RegisterReading { reading, compound, control })
}

/// A stale title is not a wrong register, but a person should look.
fn note_control(reading: &mut Reading<RegisterRow>, control: Control) {
    let rows = &reading.rows;
    let units = rows.len() + reading.rejected.len();
    let area: Area = rows.iter().map(|row| row.area).sum();
    let due: Money = rows.iter().filter_map(|row| row.deposit_due).sum();
    let is_whole = reading.rejected.is_empty();
    let mut notes = Vec::new();
    if let Some(said) = control.units.filter(|said| *said as usize != units) {
        notes.push(format!("表头以上写总户数 {said}，实有 {units} 行"));
    }
    if let Some(said) = control.area.filter(|said| is_whole && *said != area) {
        notes.push(format!("表头以上写总面积 {said}，各行之和 {area}"));
    }
    if let Some(said) = control.deposit_due.filter(|said| is_whole && *said != due) {
        notes.push(format!("表头以上写应交总额 {said}，各行之和 {due}"));
    }
    reading.notes.append(&mut notes);
}

/// What is remembered from row to row.
#[derive(Default)]
struct Reader {
    keys: Keys,
    rooms: HashMap<RoomCode, Address>,
    strange: BTreeMap<String, usize>,
    unstated_usage: usize,
}

impl Reader {
    fn row(&mut self, line: &mut Line<'_>) -> Option<RegisterRow> {
        let room = room::read(line);
        let area = line.area(Column::Area);
        let area = line.needed(Column::Area, area);
        let inner_area = line.area(Column::InnerArea);
        let deposit_due = line.money(Column::DepositDue);
        let handed_over_on = line.day(Column::HandedOver);
        let remark = line.text(Column::Remark);
        let state = line.text(Column::State);
        let floor = line.text(Column::Floor);
        let (tenure, usage, has_lift) = self.classes(line);
        let unsold = is_unsold(&state) || is_unsold(&remark);
        let (owners, unsold) = owners(line, unsold);
        if deposit_due.is_some_and(Money::is_negative) {
            line.fault(Column::DepositDue, &super::MONEY_NEGATIVE, "");
        }
        let room = room?;
        self.once(line, &room.code)?;
        let mut row = RegisterRow {
            at: line.at(),
            row_key: String::new(),
            building: room.code.building().into(),
            unit: room.code.unit().into(),
            floor: read_floor(&floor),
            room: room.code.room().into(),
            code: room.code,
            original: room.original,
            owners,
            tenure,
            usage,
            area: area?,
            inner_area,
            has_lift,
            deposit_due,
            unsold,
            handed_over_on,
            remark,
        };
        row.row_key = self.key(&row);
        Some(row)
    }

    /// Refuses a room that came before.
    fn once(&mut self, line: &mut Line<'_>, code: &RoomCode) -> Option<()> {
        if line.is_faulty() {
            return None;
        }
        if let Some(first) = self.rooms.get(code) {
            let column = if line.has(Column::Code) { Column::Code } else { Column::Room };
            line.fault(column, &ROOM_TWICE, format!("{code} 已在 {first}"));
            return None;
        }
        self.rooms.insert(code.clone(), line.at());
        Some(())
    }

    /// What three columns say of the room between them: `房屋类型` means the lift here and the title there.
    fn classes(&mut self, line: &mut Line<'_>) -> (Tenure, Usage, Option<bool>) {
        let mut said = Said::default();
        for column in [Column::Usage, Column::Tenure, Column::Class] {
            let text = line.text(column);
            if !text.is_empty() && !said.hear(&text) {
                *self.strange.entry(text).or_default() += 1;
                said.is_other_tenure |= column == Column::Tenure;
                said.is_other_usage |= column == Column::Usage;
            }
        }
        let lift = line.text(Column::Lift);
        if !lift.is_empty() {
            said.lift = read_truth(&label(&lift)).or(said.lift);
        }
        let shop = line.text(Column::Unit).contains("商铺");
        let tenure = said.tenure.unwrap_or(match said.is_other_tenure {
            true => Tenure::Other,
            false => Tenure::Unstated,
        });
        let usage = said.usage.unwrap_or(match said.is_other_usage {
            true => Usage::Other,
            false if shop => Usage::Shop,
            false => Usage::Unstated,
        });
        self.unstated_usage += usize::from(usage == Usage::Unstated);
        (tenure, usage, said.lift)
    }

    fn key(&mut self, row: &RegisterRow) -> String {
        let mut fields = vec![
            row.code.to_string(),
            row.area.to_string(),
            row.inner_area.map(|area| area.to_string()).unwrap_or_default(),
            row.deposit_due.map(|due| due.to_string()).unwrap_or_default(),
            row.handed_over_on.map(|day| day.to_string()).unwrap_or_default(),
            format!("{:?} {:?} {:?} {:?}", row.tenure, row.usage, row.has_lift, row.unsold),
            row.floor.map(|floor| floor.to_string()).unwrap_or_default(),
            row.remark.clone(),
        ];
        for owner in &row.owners {
            fields.push(owner.name.clone());
            fields.push(owner.id_no.clone().unwrap_or_default());
            fields.push(owner.phone.clone().unwrap_or_default());
            fields.push(owner.share.map(|(n, d)| format!("{n}/{d}")).unwrap_or_default());
        }
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        self.keys.key("register", &fields).0
    }

    fn note_strange_words(&self, reading: &mut Reading<RegisterRow>) {
        if !self.strange.is_empty() {
            let listed: Vec<String> =
                self.strange.iter().take(20).map(|(word, n)| format!("{word}（{n} 行）")).collect();
            reading.notes.push(format!("不认识的房屋性质、用途或类型：{}", listed.join("、")));
        }
        if self.unstated_usage > 0 {
            reading.notes.push(format!("{} 行没有写房屋用途", self.unstated_usage));
        }
    }
}

/// What has been said of a room so far; the first word on a matter stands.
#[derive(Default)]
struct Said {
    tenure: Option<Tenure>,
    usage: Option<Usage>,
    lift: Option<bool>,
    is_other_tenure: bool,
    is_other_usage: bool,
}

impl Said {
    /// Takes in a word; false if it means nothing here.
    fn hear(&mut self, text: &str) -> bool {
        let label = label(text);
        let is_in = |names: &[String]| names.contains(&label);
        let named = |table: &BTreeMap<String, Vec<String>>| {
            table.iter().find(|(_, names)| is_in(names)).map(|(key, _)| key.clone())
        };
        let tenure = named(&words().tenure).map(|key| tenure(&key));
        let usage = named(&words().usage).map(|key| usage(&key));
        let lift = label.contains('梯').then(|| read_truth(&label)).flatten();
        self.tenure = self.tenure.or(tenure);
        self.usage = self.usage.or(usage);
        self.lift = self.lift.or(lift);
        tenure.is_some() || usage.is_some() || lift.is_some()
    }
}

fn tenure(key: &str) -> Tenure {
    match key {
        "commodity" => Tenure::Commodity,
        "sold-public" => Tenure::SoldPublic,
        "resettled" => Tenure::Resettled,
        "affordable" => Tenure::Affordable,
        _ => Tenure::Other,
    }
}

fn usage(key: &str) -> Usage {
    match key {
        "residence" => Usage::Residence,
        "shop" => Usage::Shop,
        "office" => Usage::Office,
        "garage" => Usage::Garage,
        "parking" => Usage::Parking,
        "storage" => Usage::Storage,
        "service" => Usage::Service,
        _ => Usage::Other,
    }
}

/// `01_电梯` is 电梯.
fn label(text: &str) -> String {
    let text = text.trim_start_matches(|c: char| c.is_ascii_digit());
    text.trim_start_matches(['_', '-', '.', '、', ' ']).trim().to_owned()
}

fn read_truth(text: &str) -> Option<bool> {
    let said = |list: &[String]| list.iter().any(|word| word.eq_ignore_ascii_case(text));
    let words = &words().words;
    match () {
        () if said(&words.no) => Some(false),
        () if said(&words.yes) => Some(true),
        () => None,
    }
}

fn is_unsold(text: &str) -> bool {
    words().words.unsold.iter().any(|word| text.contains(word.as_str()))
}

/// `3`, `3层`, `-1`, `地下1层`.
fn read_floor(text: &str) -> Option<i32> {
    let plain: String = text.chars().map(layout::half_width).collect();
    let number = plain.trim_end_matches(['层', '楼', 'F']);
    match number.strip_prefix("地下").or_else(|| number.strip_prefix('B')) {
        Some(below) => below.parse::<i32>().ok().and_then(i32::checked_neg),
        None => number.parse().ok(),
    }
}

/// The owners of a room, one beside another, and whether it is unsold.
fn owners(line: &mut Line<'_>, unsold: bool) -> (Vec<OwnerCell>, bool) {
    let written = line.text(Column::Owner);
    let unsold = unsold || is_unsold(&written);
    if written.is_empty() || is_unsold(&written) {
        if !unsold {
            line.fault(Column::Owner, &OWNER_MISSING, "");
        }
        return (Vec::new(), unsold);
    }
    let (names, ends_each) = split_names(&written);
    let kinds = split(&line.text(Column::IdKind), &[]);
    let mut numbers = identity_numbers(line);
    let mut phones = numbers_in(line, Column::Phone);
    let mut shares = split(&line.text(Column::Share), &[]);
    for list in [&mut numbers, &mut phones, &mut shares] {
        // `甲;乙;` ends each name with its mark, and so will its numbers; `甲;乙` beside `1;` says that 乙 has none.
        if list.last().is_some_and(String::is_empty) && (ends_each || list.len() > names.len()) {
            list.pop();
        }
    }
    let mut differ = false;
    for (column, list) in
        [(Column::IdNo, &numbers), (Column::Phone, &phones), (Column::Share, &shares)]
    {
        if !list.is_empty() && list.len() != names.len() {
            let detail = format!("产权人 {} 名，此格 {} 个", names.len(), list.len());
            line.fault(column, &OWNERS_MISMATCH, detail);
            differ = true;
        }
    }
    if differ {
        return (Vec::new(), unsold);
    }
    let nth = |list: &[String], at: usize| list.get(at).filter(|t| !t.is_empty()).cloned();
    let mut owners = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let kind = nth(&kinds, at).or_else(|| nth(&kinds, 0)).and_then(|text| id_kind(&text));
        let number = nth(&numbers, at).filter(|number| !value::is_nothing(number));
        let id_kind = number.as_deref().map(|number| check_identity(number, kind)).transpose();
        let id_kind = told(line, Column::IdNo, id_kind).flatten().flatten();
        let phone = nth(&phones, at).filter(|phone| !value::is_nothing(phone));
        let phone = phone.map(|phone| check_phone(&phone)).transpose();
        let phone = told(line, Column::Phone, phone).flatten();
        let share = nth(&shares, at).map(|text| read_share(&text)).transpose();
        let share = told(line, Column::Share, share).flatten().flatten();
        owners.push(OwnerCell { name: name.clone(), id_kind, id_no: number, phone, share });
    }
    if exceed_the_whole(&owners) {
        line.fault(Column::Share, &SHARES, "合计超过 1");
    }
    (owners, unsold)
}

/// The value, or its fault on record.
fn told<V>(line: &mut Line<'_>, column: Column, value: Result<V, &'static Rule>) -> Option<V> {
    match value {
        Ok(value) => Some(value),
        Err(rule) => {
            line.fault(column, rule, "");
            None
        }
    }
}

/// The identity numbers of a cell, if none has lost its last digits.
fn identity_numbers(line: &mut Line<'_>) -> Vec<String> {
    if has_lost_digits(line.cell(Column::IdNo)) {
        line.fault(Column::IdNo, &IDENTITY_DIGITS_LOST, "");
        return Vec::new();
    }
    numbers_in(line, Column::IdNo)
}

/// The numbers listed in a cell, in half-width capitals without spaces.
fn numbers_in(line: &mut Line<'_>, column: Column) -> Vec<String> {
    if !matches!(line.cell(column), Cell::Text(_)) {
        return line.identifier(column).into_iter().collect();
    }
    let text: String = line.text(column).chars().map(layout::half_width).collect();
    let entries = split(&text, &['/', ',']);
    let tidy = |entry: &String| {
        let kept = entry.chars().filter(|c| !c.is_whitespace());
        kept.map(|c| c.to_ascii_uppercase()).collect::<String>()
    };
    let numbers: Vec<String> = entries.iter().map(tidy).collect();
    if numbers.iter().any(|number| value::is_scientific(number)) {
        line.fault(column, &DIGITS_LOST, "");
    }
    numbers
}

/// The names, and whether each ends with a mark. A Latin name may hold a comma; a Chinese one is two names.
fn split_names(text: &str) -> (Vec<String>, bool) {
    let is_latin = text.chars().any(|c| c.is_ascii_alphabetic());
    let more: &[char] = if is_latin { &['/'] } else { &['/', ',', '，'] };
    let mut names: Vec<String> = split(text, more).iter().map(|name| tidy_name(name)).collect();
    let ends_each = names.last().is_some_and(String::is_empty);
    names.retain(|name| !name.is_empty());
    (names, ends_each)
}

/// The entries of a list, empty places kept; nothing at all is no list.
fn split(text: &str, more: &[char]) -> Vec<String> {
    let is_mark = |c: char| matches!(c, ';' | '；' | '、' | '\n') || more.contains(&c);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.trim().is_empty() {
        return Vec::new();
    }
    text.split(is_mark).map(|entry| value::trim(entry).to_owned()).collect()
}

fn id_kind(text: &str) -> Option<IdKind> {
    let text = label(text);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if text.is_empty() => None,
        () if says(&["通行证", "港澳", "台湾", "台胞", "居住证"]) => {
            Some(IdKind::Permit)
        }
        () if says(&["身份证", "户口"]) => Some(IdKind::Resident),
        () if says(&["护照"]) => Some(IdKind::Passport),
        () if says(&["执照", "信用代码", "机构", "法人"]) => Some(IdKind::Organisation),
        () => Some(IdKind::Other),
    }
}

/// `1/2`, `50%`, `33.33%`, `0.5`, `1`; 共同共有 is no share.
fn read_share(text: &str) -> Result<Option<(u32, u32)>, &'static Rule> {
    let plain: String = text.chars().map(layout::half_width).collect();
    let plain = plain.trim().trim_start_matches('各');
    if plain.is_empty() || value::is_nothing(plain) || plain.contains("共有") {
        return Ok(None);
    }
    let (numerator, denominator) = match plain.split_once('/') {
        Some((n, d)) => (n.parse::<u32>().map_err(|_| &SHARES)?, d.parse().map_err(|_| &SHARES)?),
        None => {
            let (figure, whole) =
                plain.strip_suffix('%').map_or((plain, 1_u32), |figure| (figure, 100));
            let (units, decimals) = figure.split_once('.').unwrap_or((figure, ""));
            let scale = u32::try_from(decimals.len()).ok().and_then(|n| 10_u32.checked_pow(n));
            let digits = format!("{units}{decimals}").parse::<u32>().map_err(|_| &SHARES)?;
            (digits, scale.and_then(|scale| scale.checked_mul(whole)).ok_or(&SHARES)?)
        }
    };
    if numerator == 0 || denominator == 0 || numerator > denominator {
        return Err(&SHARES);
    }
    let common = common_divisor(numerator, denominator);
    Ok(Some((numerator / common, denominator / common)))
}

const fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Σ n/d > 1, without dividing.
fn exceed_the_whole(owners: &[OwnerCell]) -> bool {
    let mut sum = (0_u128, 1_u128);
    for (n, d) in owners.iter().filter_map(|owner| owner.share) {
        let (n, d) = (u128::from(n), u128::from(d));
        let Some(denominator) = sum.1.checked_mul(d) else { return false };
        sum = (sum.0 * d + n * sum.1, denominator);
    }
    sum.0 > sum.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_fractions() {
        for (text, share) in [
            ("1/2", Ok(Some((1, 2)))),
            ("50%", Ok(Some((1, 2)))),
            ("33.33%", Ok(Some((3333, 10_000)))),
            ("0.5", Ok(Some((1, 2)))),
            ("各50%", Ok(Some((1, 2)))),
            ("1", Ok(Some((1, 1)))),
            ("共同共有", Ok(None)),
            ("3/2", Err(&SHARES)),
            ("一半", Err(&SHARES)),
        ] {
            assert_eq!(read_share(text), share, "{text}");
        }
    }

    #[test]
    fn lists_keep_their_places() {
        assert_eq!(split("1;;3", &[]), ["1", "", "3"]);
        assert_eq!(split("1/2;", &[]), ["1/2", ""]);
        assert_eq!(split(" ", &[]), [""; 0]);
        let names = |text| split_names(text).0;
        assert_eq!(names("甲；乙；"), ["甲", "乙"]);
        assert_eq!(names("甲、乙\r\n丙"), ["甲", "乙", "丙"]);
        assert_eq!(names("张三，李四"), ["张三", "李四"]);
        assert_eq!(names("Smith, John"), ["Smith, John"]);
        assert_eq!(names("王　磊"), ["王磊"]);
    }

    #[test]
    fn floors_are_numbers_where_they_can_be() {
        for (text, floor) in [
            ("3", Some(3)),
            ("３层", Some(3)),
            ("地下1层", Some(-1)),
            ("-1", Some(-1)),
            ("5-6", None),
        ] {
            assert_eq!(read_floor(text), floor, "{text}");
        }
    }
}
