//! The dwellings of a compound as they stand on a day, read.
//!
//! Always: a dwelling that ended is on no roll from that day, and can be read for ever by its number and its code.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{Housing, NO_DWELLING, ROOM, RoomCode, Usage, rows};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Refusal, Result, Storage};
use crate::id::{CompoundId, DwellingNo, OwnerNo};
use crate::measure::Area;

/// A dwelling's code and housing: what a verb must know of it.
///
/// # Errors
/// `property.no-dwelling`.
pub(crate) async fn place(tx: &mut Tx, dwelling: DwellingNo) -> Result<(String, Housing)> {
    let sql = "SELECT code, housing FROM dwelling WHERE compound_id = $1 AND dwelling_no = $2";
    let values = vec![tx.compound().0.into(), dwelling.0.into()];
    let found = tx.rows(rows::ROLL, sql, values).await?;
    let Some(row) = found.first() else {
        return Err(NO_DWELLING.refuse(format!("房屋编号 {dwelling}")).into());
    };
    let housing: String = row.try_get("", "housing")?;
    Ok((row.try_get("", "code")?, Housing::named(&housing)))
}

/// The numbers of some rooms, in their order.
///
/// # Errors
/// `property.no-dwelling`.
pub(crate) async fn rooms(tx: &mut Tx, rooms: &[RoomCode]) -> Result<Vec<DwellingNo>> {
    let compound = tx.compound();
    if let [only] = rooms {
        let sql = "SELECT dwelling_no FROM dwelling WHERE compound_id = $1 AND code = $2";
        let values = vec![compound.0.into(), only.as_str().into()];
        let found = tx.rows(rows::ROLL, sql, values).await?;
        let row = found.first().ok_or_else(|| no_dwelling(only))?;
        return Ok(vec![DwellingNo(row.try_get_by_index(0)?)]);
    }
    let codes = codes(tx, compound).await?;
    let number = |room| codes.get(room).copied().ok_or_else(|| no_dwelling(room).into());
    rooms.iter().map(number).collect()
}

/// Every dwelling's number by its code.
///
/// # Errors
/// Storage.
pub async fn codes(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashMap<RoomCode, DwellingNo>> {
    let sql = "SELECT dwelling_no, code FROM dwelling WHERE compound_id = $1";
    let mut codes = HashMap::new();
    for row in view.rows(rows::ROLL, sql, vec![compound.0.into()]).await? {
        let code: String = row.try_get("", "code")?;
        codes.insert(stored(&code)?, DwellingNo(row.try_get("", "dwelling_no")?));
    }
    Ok(codes)
}

/// Every dwelling's code by its number.
///
/// # Errors
/// Storage.
pub async fn numbers(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<BTreeMap<DwellingNo, String>> {
    let sql = "SELECT dwelling_no, code FROM dwelling WHERE compound_id = $1";
    let mut numbers = BTreeMap::new();
    for row in view.rows(rows::ROLL, sql, vec![compound.0.into()]).await? {
        numbers.insert(DwellingNo(row.try_get("", "dwelling_no")?), row.try_get("", "code")?);
    }
    Ok(numbers)
}

/// The code of every dwelling that exists on some day of a period, by its number.
///
/// # Errors
/// Storage.
pub async fn numbers_within(
    view: &mut impl View,
    compound: CompoundId,
    (from, to): (Day, Day),
) -> Result<BTreeMap<DwellingNo, String>> {
    let sql = "SELECT dwelling_no, code FROM dwelling WHERE compound_id = $1
                 AND (began_on IS NULL OR began_on <= $3) AND (ended_on IS NULL OR ended_on > $2)";
    let mut numbers = BTreeMap::new();
    let values = vec![compound.0.into(), from.into(), to.into()];
    for row in view.rows(rows::ROLL, sql, values).await? {
        numbers.insert(DwellingNo(row.try_get("", "dwelling_no")?), row.try_get("", "code")?);
    }
    Ok(numbers)
}

/// A code as we stored it.
fn stored(code: &str) -> Result<RoomCode> {
    let unreadable = |_| Storage::Bug(format!("the stored code {code:?} cannot be read"));
    Ok(RoomCode::parse(code).map_err(unreadable)?)
}

/// A building's code, with its phase where there is one.
#[must_use]
pub fn building_code(code: &RoomCode) -> String {
    match code.phase() {
        Some(phase) => format!("{phase}-{}", code.building()),
        None => code.building().to_owned(),
    }
}

/// An owner on a day, with a share. The numbers are asked for apart ([`super::contacts`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The owner.
    pub owner_no: OwnerNo,
    /// The name.
    pub name: String,
    /// The share.
    pub share: (i32, i32),
    /// Since when.
    pub from: Day,
}

/// A dwelling on the roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dwelling {
    /// Its number, never reused.
    #[serde(rename = "dwelling_no")]
    pub no: DwellingNo,
    /// Its canonical code.
    pub code: RoomCode,
    /// The floor.
    pub floor: Option<i32>,
    /// What it is used as.
    pub usage: Usage,
    /// Which kind of housing.
    pub housing: Housing,
    /// Whether a lift serves it.
    pub has_lift: bool,
    /// Whether the developer still holds it.
    pub is_unsold: bool,
    /// The day of hand-over, if it is known. Until then a sold dwelling still counts as the developer's in a vote.
    pub handed_over_on: Option<Day>,
    /// The first day it exists, if it came of others.
    pub began_on: Option<Day>,
    /// The first day it no longer exists.
    pub ended_on: Option<Day>,
    /// The area that votes.
    #[serde(rename = "vote_area_centi_m2")]
    pub vote_area: Area,
    /// The area that is billed.
    #[serde(rename = "fee_area_centi_m2")]
    pub fee_area: Area,
    /// The area that bears the fund.
    #[serde(rename = "fund_area_centi_m2")]
    pub fund_area: Area,
    /// Its owners on the day asked for.
    pub owners: Vec<Holder>,
}

/// The dwellings of a compound that exist on a day, in natural order, with their owners on it.
///
/// # Errors
/// Storage.
pub async fn roll(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Vec<Dwelling>> {
    let mut dwellings = every(view, compound, on).await?;
    dwellings.retain(|dwelling| dwelling.stands_on(on));
    Ok(dwellings)
}

/// Every dwelling that a compound has or had, in natural order, with its owners on a day.
///
/// # Errors
/// Storage.
pub async fn every(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Vec<Dwelling>> {
    let sql = roll_sql("", "", "");
    let values = vec![compound.0.into(), on.into()];
    let mut dwellings = dwellings_of(&view.rows(rows::ROLL, &sql, values).await?)?;
    dwellings.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(dwellings)
}

impl Dwelling {
    /// Whether it exists on a day.
    #[must_use]
    pub fn stands_on(&self, day: Day) -> bool {
        self.began_on.is_none_or(|began| began <= day)
            && self.ended_on.is_none_or(|ended| day < ended)
    }
}

/// One dwelling by its code, however it is written, and whether it still exists or not: its history can be read for ever.
///
/// # Errors
/// `property.room-code`, `property.no-dwelling`.
pub async fn dwelling(
    view: &mut impl View,
    compound: CompoundId,
    code: &str,
    on: Day,
) -> Result<Dwelling> {
    let code = room(code)?;
    let sql = roll_sql("", "", "AND d.code = $3");
    let values = vec![compound.0.into(), on.into(), code.to_string().into()];
    let found = dwellings_of(&view.rows(rows::ROLL, &sql, values).await?)?.pop();
    Ok(found.ok_or_else(|| no_dwelling(&code))?)
}

pub(super) fn room(code: &str) -> Result<RoomCode> {
    let shown: String = code.chars().take(60).collect();
    Ok(RoomCode::parse(code).map_err(|why| ROOM.refuse(format!("{shown:?}：{why}")))?)
}

pub(super) fn no_dwelling(code: &RoomCode) -> Refusal {
    NO_DWELLING.refuse(format!("房号 {code}")).with("code", code.to_string())
}

/// The question for dwellings with their owners on a day: `$1` is the compound, `$2` the day; what else to ask of the
/// dwelling and of the owner, and which dwellings. The rows come in no order: [`dwellings_of`] puts them in theirs.
pub(super) fn roll_sql(first: &str, owner: &str, only: &str) -> String {
    format!(
        "SELECT {first} d.dwelling_no, d.code, d.floor, d.kind, d.housing, d.has_lift, d.is_unsold, d.handed_over_on,
           d.began_on, d.ended_on,
           d.vote_area_centi_m2, d.fee_area_centi_m2, d.fund_area_centi_m2,
           t.owner_no, t.from_on, t.share_part, t.share_of, o.name {owner}
         FROM dwelling d
         LEFT JOIN tenure t ON t.compound_id = d.compound_id AND t.dwelling_no = d.dwelling_no
           AND t.from_on <= $2 AND (t.until_on IS NULL OR t.until_on > $2)
         LEFT JOIN owner o ON o.compound_id = t.compound_id AND o.owner_no = t.owner_no
         WHERE d.compound_id = $1 {only}"
    )
}

pub(super) fn dwellings_of(rows: &[sea_orm::QueryResult]) -> Result<Vec<Dwelling>> {
    let mut dwellings: BTreeMap<i32, Dwelling> = BTreeMap::new();
    for row in rows {
        let no: i32 = row.try_get("", "dwelling_no")?;
        let dwelling = match dwellings.entry(no) {
            std::collections::btree_map::Entry::Occupied(seen) => seen.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(dwelling_of(row)?),
        };
        if let Some(owner_no) = row.try_get::<Option<i32>>("", "owner_no")? {
            dwelling.owners.push(Holder {
                owner_no: OwnerNo(owner_no),
                name: row.try_get("", "name")?,
                share: (row.try_get("", "share_part")?, row.try_get("", "share_of")?),
                from: row.try_get("", "from_on")?,
            });
        }
    }
    for dwelling in dwellings.values_mut() {
        dwelling.owners.sort_unstable_by_key(|owner| owner.owner_no);
    }
    Ok(dwellings.into_values().collect())
}

fn dwelling_of(row: &sea_orm::QueryResult) -> Result<Dwelling> {
    let kind: String = row.try_get("", "kind")?;
    let housing: String = row.try_get("", "housing")?;
    let flag = |column| row.try_get::<Option<i16>>("", column).map(|n| n == Some(1));
    let area = |column| row.try_get::<i64>("", column).map(Area::centi_m2);
    Ok(Dwelling {
        no: DwellingNo(row.try_get("", "dwelling_no")?),
        code: stored(&row.try_get::<String>("", "code")?)?,
        floor: row.try_get("", "floor")?,
        usage: Usage::named(&kind),
        housing: Housing::named(&housing),
        has_lift: flag("has_lift")?,
        is_unsold: flag("is_unsold")?,
        handed_over_on: row.try_get("", "handed_over_on")?,
        began_on: row.try_get("", "began_on")?,
        ended_on: row.try_get("", "ended_on")?,
        vote_area: area("vote_area_centi_m2")?,
        fee_area: area("fee_area_centi_m2")?,
        fund_area: area("fund_area_centi_m2")?,
        owners: Vec::new(),
    })
}
