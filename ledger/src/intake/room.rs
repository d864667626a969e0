//! Which room a row means, from whichever columns say so.
//!
//! Owns: [`read`].
//!
//! Always: where a code and separate columns both name a room, they name the same one. Never: a guess.

use super::layout::Column;
use super::table::Line;
use super::{ROOM_AMBIGUOUS, ROOM_CONTRADICTION, ROOM_UNREADABLE, VALUE_MISSING};
use crate::property::room_code::{NotRoom, RoomCode};

/// The room of a row, and what is written.
pub(super) struct Room {
    pub(super) code: RoomCode,
    pub(super) original: String,
}

/// Reads the room of a row, or puts a fault on record.
pub(super) fn read(line: &mut Line<'_>) -> Option<Room> {
    let code = line.identifier(Column::Code);
    let mut part = |column| line.identifier(column).unwrap_or_default();
    let (phase, building) = (part(Column::Phase), part(Column::Building));
    let (unit, room) = (part(Column::Unit), part(Column::Room));
    if line.is_faulty() {
        return None;
    }
    let by_code = code.as_deref().map(RoomCode::parse);
    let by_parts =
        (!room.is_empty()).then(|| RoomCode::from_parts(&phase, &building, &unit, &room));
    let column = if by_parts.is_some() || code.is_none() { Column::Room } else { Column::Code };
    let column = if line.has(column) { column } else { Column::Code };
    let found = match (by_code, by_parts) {
        (Some(Ok(code)), Some(Ok(parts))) => match both(code, parts) {
            Ok(code) => code,
            Err((code, parts)) => {
                line.fault(Column::Code, &ROOM_CONTRADICTION, format!("编码 {code}，各列 {parts}"));
                return None;
            }
        },
        // A program's own number beside columns that say it plainly, or the other way round.
        (Some(Ok(code)), _) | (_, Some(Ok(code))) => code,
        (Some(Err(why)), None) | (_, Some(Err(why))) => return refuse(line, column, why),
        (None, None) => {
            line.fault(column, &VALUE_MISSING, "房号");
            return None;
        }
    };
    let original = code.unwrap_or_else(|| {
        let written = [&phase, &building, &unit, &room];
        let written: Vec<&str> = written.into_iter().map(|part| part.as_str()).collect();
        written.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    });
    Some(Room { code: found, original })
}

/// One code for two that agree; a phase that only one of them names is kept.
fn both(code: RoomCode, parts: RoomCode) -> Result<RoomCode, (RoomCode, RoomCode)> {
    let house = |code: &RoomCode| {
        [code.building().to_owned(), code.unit().to_owned(), code.room().to_owned()]
    };
    if house(&code) != house(&parts) {
        return Err((code, parts));
    }
    match (code.phase(), parts.phase()) {
        (Some(a), Some(b)) if a != b => Err((code, parts)),
        (Some(_), _) => Ok(code),
        (None, _) => Ok(parts),
    }
}

fn refuse(line: &mut Line<'_>, column: Column, why: NotRoom) -> Option<Room> {
    match why {
        NotRoom::Empty => line.fault(column, &VALUE_MISSING, "房号"),
        NotRoom::Ambiguous(detail) => line.fault(column, &ROOM_AMBIGUOUS, detail),
        NotRoom::Shape => line.fault(column, &ROOM_UNREADABLE, ""),
    }
    None
}
