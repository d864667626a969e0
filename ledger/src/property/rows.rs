//! The tables of property.

use crate::books::Reads;
use crate::books::sheaf::{Kind as Column, Table};
use crate::seal::Sealed;

pub(super) static COMPOUND: Table = Table {
    name: "compound",
    rank: 1,
    columns: &[
        ("compound_id", Column::Int),
        ("code", Column::Text),
        ("name", Column::Text),
        ("address", Column::Text),
        ("area_id", Column::SomeInt),
        ("founded_at", Column::Big),
    ],
    on_conflict: "",
};

pub(super) static AREA: Table = Table {
    name: "area",
    rank: 0,
    columns: &[
        ("area_id", Column::Int),
        ("parent_id", Column::SomeInt),
        ("kind", Column::Text),
        ("code", Column::Text),
        ("name", Column::Text),
    ],
    on_conflict: "",
};

pub(super) static BUILDING: Table = Table {
    name: "building",
    rank: 2,
    columns: &[("compound_id", Column::Int), ("building_no", Column::Int), ("code", Column::Text)],
    on_conflict: "",
};

pub(super) static STAIR_UNIT: Table = Table {
    name: "stair_unit",
    rank: 3,
    columns: &[
        ("compound_id", Column::Int),
        ("building_no", Column::Int),
        ("unit_no", Column::Int),
        ("code", Column::Text),
    ],
    on_conflict: "",
};

pub(crate) static DWELLING: Table = Table {
    name: "dwelling",
    rank: 4,
    columns: &[
        ("compound_id", Column::Int),
        ("dwelling_no", Column::Int),
        ("building_no", Column::Int),
        ("unit_no", Column::Int),
        ("floor", Column::SomeInt),
        ("code", Column::Text),
        ("written_as", Column::Text),
        ("kind", Column::Text),
        ("housing", Column::Text),
        ("has_lift", Column::Small),
        ("is_unsold", Column::Small),
        ("vote_area_centi_m2", Column::Big),
        ("fee_area_centi_m2", Column::Big),
        ("fund_area_centi_m2", Column::Big),
        ("handed_over_on", Column::SomeDay),
        ("began_on", Column::SomeDay),
        ("remark_sealed", Column::Bytes),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static OWNER: Table = Table {
    name: "owner",
    rank: 2,
    columns: &[
        ("compound_id", Column::Int),
        ("owner_no", Column::Int),
        ("name", Column::Text),
        ("id_no_sealed", Column::Bytes),
        ("id_no_blind", Column::Bytes),
        ("phone_sealed", Column::Bytes),
        ("phone_blind", Column::Bytes),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

/// The identity number of an owner.
pub(super) static ID_NO: Sealed =
    Sealed { table: "owner", column: "id_no_sealed", row: "owner_no", compound: "compound_id" };

/// The telephone number of an owner.
pub(super) static PHONE: Sealed =
    Sealed { table: "owner", column: "phone_sealed", row: "owner_no", compound: "compound_id" };

/// What an office noted of a dwelling, which is mostly about its people.
pub(super) static REMARK: Sealed = Sealed {
    table: "dwelling",
    column: "remark_sealed",
    row: "dwelling_no",
    compound: "compound_id",
};

pub(super) static TENURE: Table = Table {
    name: "tenure",
    rank: 5,
    columns: &[
        ("compound_id", Column::Int),
        ("dwelling_no", Column::Int),
        ("owner_no", Column::Int),
        ("from_on", Column::Day),
        ("share_part", Column::Int),
        ("share_of", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static SUCCESSION: Table = Table {
    name: "succession",
    rank: 5,
    columns: &[
        ("compound_id", Column::Int),
        ("succession_no", Column::Int),
        ("kind", Column::Text),
        ("taken_on", Column::Day),
        ("evidence", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static SUCCESSION_LINE: Table = Table {
    name: "succession_line",
    rank: 6,
    columns: &[
        ("compound_id", Column::Int),
        ("succession_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("is_new", Column::Small),
    ],
    on_conflict: "",
};

pub(super) static CUSTODY: Table = Table {
    name: "custody",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("custody_no", Column::Int),
        ("is_away", Column::Small),
        ("keeper", Column::Text),
        ("taken_on", Column::Day),
        ("evidence", Column::Text),
        ("digest", Column::Text),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

/// What became of dwellings.
pub(super) const SUCCESSIONS: Reads = Reads(&[&SUCCESSION, &SUCCESSION_LINE, &DWELLING]);
/// Who keeps the fund.
pub(super) const CUSTODIES: Reads = Reads(&[&CUSTODY]);

/// Everything the roll is read from.
pub(super) const ROLL: Reads = Reads(&[&BUILDING, &STAIR_UNIT, &DWELLING, &OWNER, &TENURE]);
pub(super) const COMPOUNDS: Reads = Reads(&[&COMPOUND, &AREA]);
