//! The rows of bills and payments.

use crate::books::Reads;
use crate::books::sheaf::{Kind as Column, Table};

pub(super) static BILL: Table = Table {
    name: "bill",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("matter_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("item", Column::Text),
        ("from_on", Column::Day),
        ("to_on", Column::Day),
        ("due_on", Column::Day),
        ("amount_fen", Column::Big),
        ("tax_fen", Column::Big),
        ("bearer", Column::Text),
        ("tariff_no", Column::SomeInt),
        ("worked", Column::Text),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static PAYMENT: Table = Table {
    name: "payment",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("payment_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("amount_fen", Column::Big),
        ("settled_fen", Column::Big),
        ("method", Column::Text),
        ("received_on", Column::Day),
        ("reference", Column::Text),
        ("payer", Column::Text),
        ("line_no", Column::SomeInt),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) const BILLS: Reads = Reads(&[&BILL]);
pub(super) const PAYMENTS: Reads = Reads(&[&PAYMENT]);
