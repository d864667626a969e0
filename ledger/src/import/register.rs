//! 房产清册: dwellings, their owners, and what each was to pay into the fund.

use std::collections::{HashMap, HashSet};

use super::{Difference, Figures, IN_USE, Judged, Kind, Meta, ROOM_DIFFERS, reject, rows};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::Result;
use crate::fund::{self, Assessment};
use crate::id::{CompoundId, DwellingNo, ImportNo};
use crate::intake::{OwnerCell, RegisterReading, RegisterRow, Said, Tenure, Usage as Word};
use crate::mask;
use crate::measure::Area;
use crate::money::Money;
use crate::property::{self, Dwelling, Housing, NewDwelling, NewOwner, RoomCode, Usage};
use crate::seal::IN_TEXT;

/// A dwelling to enrol, with its row.
#[derive(Clone)]
pub(super) struct Enrolment {
    row_key: String,
    dwelling: NewDwelling,
    due: Option<Money>,
    standard: String,
}

pub(super) async fn judge(
    view: &mut impl View,
    compound: Option<CompoundId>,
    reading: &RegisterReading,
    today: Day,
) -> Result<Judged<Enrolment>> {
    let roll = match compound {
        Some(compound) => property::every(view, compound, today).await?,
        None => Vec::new(),
    };
    let roll: HashMap<&RoomCode, &Dwelling> = roll.iter().map(|d| (&d.code, d)).collect();

    let meta = Meta::of(&reading.reading);
    let mut judged = Judged::new();
    let mut owners = HashSet::new();
    let (mut area, mut unsold) = (Area::ZERO, 0);
    for row in &reading.reading.rows {
        area = area + row.area;
        unsold += usize::from(row.unsold);
        owners.extend(row.owners.iter().filter_map(|o| o.id_no.as_deref()));
        judged.sum += row.deposit_due.unwrap_or_default();
        if let Some(owner) = row.owners.iter().find(|o| mask::names_a_person(&o.name)) {
            let value = (Said::Owner, mask::text(&owner.name));
            judged.rejects.push(reject(&meta, &row.at, value, &IN_TEXT, ""));
            continue;
        }
        match roll.get(&row.code) {
            None => judged.good.push(enrolment(row, today)),
            Some(there) => match difference(row, there) {
                None => {
                    judged.known += 1;
                    judged.differences.extend(owners_differ(&meta, row, there));
                }
                Some((value, why)) => {
                    judged.rejects.push(reject(&meta, &row.at, value, &ROOM_DIFFERS, &why));
                }
            },
        }
    }
    judged.figures = Figures {
        dwellings: Some(reading.reading.rows.len()),
        area: Some(area),
        unsold: Some(unsold),
        owners: Some(owners.len()),
        ..Figures::default()
    };
    Ok(judged)
}

/// What the register says of a dwelling that the books say otherwise, and that no import may change: the value, and why.
fn difference(row: &RegisterRow, there: &Dwelling) -> Option<((Said, String), String)> {
    let room = &row.code;
    if row.area != there.fund_area {
        let why = format!("{room} 文件 {} ㎡，账册 {} ㎡", row.area, there.fund_area);
        return Some(((Said::Area, row.area.to_string()), why));
    }
    let (in_file, in_books) = (housing(row.tenure).in_chinese(), there.housing.in_chinese());
    if in_file != in_books {
        let why = format!("{room} 文件 {in_file}，账册 {in_books}");
        return Some(((Said::Housing, in_file.to_owned()), why));
    }
    None
}

fn owners_differ(meta: &Meta, row: &RegisterRow, there: &Dwelling) -> Option<Difference> {
    let mut file: Vec<&str> = row.owners.iter().map(|o| o.name.as_str()).collect();
    let mut books: Vec<&str> = there.owners.iter().map(|o| o.name.as_str()).collect();
    file.sort_unstable();
    books.sort_unstable();
    (file != books).then(|| Difference {
        what: "owner".to_owned(),
        cell: meta.places.cell(&row.at, Said::Owner).to_string(),
        room: row.code.to_string(),
        in_file: format!("{} 名产权人", file.len()),
        in_books: format!("{} 名产权人，姓名不同", books.len()),
    })
}

fn enrolment(row: &RegisterRow, today: Day) -> Enrolment {
    let owner = |o: &OwnerCell| NewOwner {
        name: o.name.clone(),
        id_no: o.id_no.as_deref().unwrap_or_default().into(),
        phone: o.phone.as_deref().unwrap_or_default().into(),
        share: o.share,
    };
    let has_lift = row.has_lift.unwrap_or(false);
    let housing = housing(row.tenure);
    let dwelling = NewDwelling {
        code: row.code.clone(),
        written_as: row.original.clone(),
        floor: row.floor,
        usage: usage(row.usage),
        housing,
        has_lift,
        is_unsold: row.unsold,
        area: row.area,
        handed_over_on: row.handed_over_on,
        owners: row.owners.iter().map(owner).collect(),
        remark: row.remark.as_str().into(),
        // A register says who owns, not since when: since the hand-over, or as far as it can tell, always.
        owned_from: row.handed_over_on.or_else(|| Day::from_ymd_opt(1949, 10, 1)).unwrap_or(today),
    };
    let lift = if has_lift { "有电梯" } else { "无电梯" };
    let standard = format!("{}，{lift}", housing.in_chinese());
    Enrolment { row_key: row.row_key.clone(), dwelling, due: row.deposit_due, standard }
}

fn housing(tenure: Tenure) -> Housing {
    match tenure {
        Tenure::SoldPublic => Housing::SoldPublic,
        _ => Housing::Commodity,
    }
}

fn usage(word: Word) -> Usage {
    match word {
        Word::Residence | Word::Unstated => Usage::Residence,
        Word::Shop => Usage::Shop,
        Word::Office => Usage::Office,
        Word::Garage => Usage::Garage,
        Word::Parking => Usage::Parking,
        Word::Storage => Usage::Storage,
        Word::Service => Usage::Service,
        Word::Other => Usage::Other,
    }
}

pub(super) async fn write(tx: &mut Tx, no: ImportNo, good: Vec<Enrolment>) -> Result<()> {
    let dwellings: Vec<NewDwelling> = good.iter().map(|e| e.dwelling.clone()).collect();
    let numbers = property::enrol(tx, &dwellings).await?;
    let mut assessments = Vec::new();
    for (enrolment, dwelling_no) in good.into_iter().zip(numbers) {
        rows::keep_row(tx, no, Kind::Register, &enrolment.row_key, dwelling_no.0)?;
        if let Some(due) = enrolment.due {
            let due_on = enrolment.dwelling.handed_over_on;
            let standard = enrolment.standard;
            assessments.push(Assessment { dwelling_no, due, standard, due_on });
        }
    }
    fund::assess(tx, &assessments).await
}

/// Takes dwellings off the roll again, if nothing was ever posted to them.
pub(super) async fn undo(tx: &mut Tx, dwellings: &[i32]) -> Result<usize> {
    let dwellings: Vec<DwellingNo> = dwellings.iter().copied().map(DwellingNo).collect();
    if let Some(used) = property::first_in_use(tx, &dwellings).await? {
        return Err(IN_USE.refuse(format!("房号 {used} 已有凭证")).into());
    }
    if let Some((room, what)) = named_by(tx, &dwellings).await? {
        return Err(IN_USE.refuse(format!("房号 {room} 已{what}")).into());
    }
    fund::withdraw_assessments(tx, &dwellings).await?;
    property::strike(tx, &dwellings).await?;
    Ok(0)
}

/// The first of some dwellings that the rooms between name though nothing was posted to it, and how they name it.
async fn named_by(tx: &mut Tx, dwellings: &[DwellingNo]) -> Result<Option<(String, &'static str)>> {
    const NAMED: [(&str, &str); 5] = [
        ("legacy_share", "列入原售房单位代管资金的分户明细"),
        ("renewal_notice", "发出续筹通知或催交"),
        ("certificate", "出具证明"),
        ("succession_line", "登记分户、并户或灭失"),
        ("vote_roll", "列入表决名册"),
    ];
    tx.flush().await?;
    let numbers: Vec<i32> = dwellings.iter().map(|dwelling| dwelling.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    for (table, what) in NAMED {
        let sql = format!(
            "SELECT d.code FROM dwelling d JOIN {table} n
               ON n.compound_id = d.compound_id AND n.dwelling_no = d.dwelling_no
             WHERE d.compound_id = $1 AND d.dwelling_no {list} ORDER BY d.dwelling_no LIMIT 1"
        );
        let values = vec![tx.compound().0.into(), value.clone()];
        let found = tx.rows(crate::books::Reads::SETTLED, &sql, values).await?;
        if let Some(row) = found.first() {
            return Ok(Some((row.try_get_by_index(0)?, what)));
        }
    }
    Ok(None)
}
