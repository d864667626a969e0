//! Who decides: the dwellings of a scope on a day, and the heads their owners are.
//!
//! Owns: [`Scope`], [`Entry`], [`frozen`], [`digest`]. Knows no database.
//!
//! Always: area is never merged, heads are (最高法 建筑物区分所有权司法解释 art. 8, 9): a dwelling is one head however many
//! own it together; dwellings of exactly the same owners are one head; what the developer has not sold, or sold and not
//! handed over, is one head. Who is the same person is the property room's to say: one identity, one owner's number.
//! Limits: 物业用房 never votes; whether a parking space, a garage or a storeroom does is the caller's to say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::matter::with_tag_told;
use crate::calendar::Day;
use crate::id::{DwellingNo, OwnerNo};
use crate::journal::text::hex;
use crate::mask;
use crate::measure::Area;
use crate::property::{self, Dwelling, RoomCode, Usage};

/// Whom a matter concerns: a repair of one stair is decided by the owners of that stair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "VoteScope", description = "表决范围", transform = with_tag_told)]
pub enum Scope {
    /// 全体.
    #[schemars(description = "全体业主")]
    Compound {},
    /// 本幢.
    #[schemars(description = "本幢")]
    Building {
        /// The building's code, with its phase where there is one: `2-1`.
        #[schemars(description = "楼栋：有分期的写 2-1", regex(pattern = r"^[^\u0000]*$"), example = &"1")]
        building: String,
    },
    /// 本单元.
    #[schemars(description = "本单元")]
    Unit {
        /// The building's code.
        #[schemars(description = "楼栋：有分期的写 2-1", regex(pattern = r"^[^\u0000]*$"), example = &"1")]
        building: String,
        /// The unit's code.
        #[schemars(description = "单元", regex(pattern = r"^[^\u0000]*$"), example = &"2")]
        unit: String,
    },
    /// Some dwellings, one side of a house.
    #[schemars(description = "指定的房屋")]
    Dwellings {
        /// Their codes.
        #[schemars(
            description = "房号",
            with = "Vec<String>",
            inner(regex(pattern = r"^[^\u0000]*$")),
            example = &["1-1-101"]
        )]
        rooms: Vec<RoomCode>,
    },
}

impl Scope {
    /// Whether a room lies in it.
    #[must_use]
    pub fn holds(&self, room: &RoomCode) -> bool {
        match self {
            Scope::Compound {} => true,
            Scope::Building { building } => property::building_code(room) == *building,
            Scope::Unit { building, unit } => {
                property::building_code(room) == *building && room.unit() == unit
            }
            Scope::Dwellings { rooms } => rooms.contains(room),
        }
    }

    /// In words.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Scope::Compound {} => "全体业主".to_owned(),
            Scope::Building { building } => format!("{building} 幢业主"),
            Scope::Unit { building, unit } => format!("{building} 幢 {unit} 单元业主"),
            Scope::Dwellings { rooms } => format!("相关 {} 户业主", rooms.len()),
        }
    }
}

/// A dwelling on the frozen roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The dwelling.
    pub(super) dwelling_no: DwellingNo,
    /// Its code.
    pub(super) code: RoomCode,
    /// The head its owners are, numbered from 1 in the order of the roll.
    pub(super) head_no: i32,
    /// The area that votes.
    pub(super) area: Area,
    /// Its owners, masked, as they are shown.
    pub(super) shown_name: String,
    /// Its owners on the day; none for the developer's.
    pub(super) owners: Vec<OwnerNo>,
}

/// Who a dwelling's head is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum HeadOf {
    Developer,
    Owners(BTreeSet<OwnerNo>),
    Unknown(DwellingNo),
}

/// The roll of a scope: `then` is the compound on the day of the roll, `sold_since` the dwellings that had no owner that
/// day and have one today.
#[must_use]
pub(super) fn frozen(
    then: &[Dwelling],
    sold_since: &BTreeSet<DwellingNo>,
    scope: &Scope,
    voting: &[Usage],
    on: Day,
) -> Vec<Entry> {
    let mut heads: BTreeMap<HeadOf, i32> = BTreeMap::new();
    let mut roll = Vec::new();
    for dwelling in then {
        let votes = voting.contains(&dwelling.usage) && dwelling.usage != Usage::Service;
        if !votes || dwelling.vote_area <= Area::ZERO || !scope.holds(&dwelling.code) {
            continue;
        }
        let owners: BTreeSet<OwnerNo> = dwelling.owners.iter().map(|o| o.owner_no).collect();
        let is_awaited = dwelling.handed_over_on.is_some_and(|day| day > on);
        let head = match owners.is_empty() {
            _ if dwelling.is_unsold || is_awaited => HeadOf::Developer,
            true if sold_since.contains(&dwelling.no) => HeadOf::Developer,
            true => HeadOf::Unknown(dwelling.no),
            false => HeadOf::Owners(owners.clone()),
        };
        let (owners, shown_name) = match head {
            HeadOf::Developer => (Vec::new(), "建设单位".to_owned()),
            HeadOf::Unknown(_) => (Vec::new(), "产权人未登记".to_owned()),
            HeadOf::Owners(_) => {
                let names: Vec<String> = dwelling.owners.iter().map(|o| masked(&o.name)).collect();
                (owners.into_iter().collect(), names.join("、"))
            }
        };
        let next = i32::try_from(heads.len()).unwrap_or(i32::MAX).saturating_add(1);
        let head_no = *heads.entry(head).or_insert(next);
        roll.push(Entry {
            dwelling_no: dwelling.no,
            code: dwelling.code.clone(),
            head_no,
            area: dwelling.vote_area,
            shown_name,
            owners,
        });
    }
    roll
}

/// A name as it is shown; nothing a spreadsheet would run.
fn masked(name: &str) -> String {
    let shown = mask::name(name);
    if shown.starts_with(char::is_alphanumeric) { shown } else { "*".to_owned() }
}

/// SHA-256, in hexadecimal, over the roll's text: its day, then a line a dwelling, `number|code|head|area|owners`.
#[must_use]
pub(super) fn digest(roll: &[Entry], on: Day) -> String {
    let mut text = format!("表决名册 {on}\n");
    for entry in roll {
        let owners: Vec<String> = entry.owners.iter().map(ToString::to_string).collect();
        let Entry { dwelling_no, code, head_no, area, .. } = entry;
        let _ = writeln!(text, "{dwelling_no}|{code}|{head_no}|{area}|{}", owners.join("+"));
    }
    hex(&Sha256::digest(text.as_bytes()))
}

/// The heads of a roll with the area of all their dwellings, in order.
#[must_use]
pub(super) fn heads(roll: &[Entry]) -> BTreeMap<i32, Area> {
    let mut heads = BTreeMap::new();
    for entry in roll {
        let area = heads.entry(entry.head_no).or_insert(Area::ZERO);
        *area = *area + entry.area;
    }
    heads
}
