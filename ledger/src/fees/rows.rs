//! The rows of bills and payments, and of what happens at the counter.

use crate::books::Reads;
use crate::books::sheaf::{Kind as Column, Table};
use crate::journal::Book;
use crate::property;

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

pub(super) static REMISSION: Table = Table {
    name: "bill_remission",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("remission_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("matter_no", Column::Int),
        ("kind", Column::Text),
        ("amount_fen", Column::Big),
        ("tax_fen", Column::Big),
        ("remitted_on", Column::Day),
        ("reason", Column::Text),
        ("second", Column::Text),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static PENALTY: Table = Table {
    name: "bill_penalty",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("dwelling_no", Column::Int),
        ("matter_no", Column::Int),
        ("of_matter_no", Column::Int),
        ("upto_on", Column::Day),
        ("amount_fen", Column::Big),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static RECEIPT: Table = Table {
    name: "fee_receipt",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("year", Column::Int),
        ("number", Column::Int),
        ("of_year", Column::SomeInt),
        ("of_number", Column::SomeInt),
        ("voucher_seq", Column::Int),
        ("amount_fen", Column::Big),
        ("given_fen", Column::Big),
        ("method", Column::Text),
        ("reference", Column::Text),
        ("payer", Column::Text),
        ("cashier", Column::Text),
        ("issued_on", Column::Day),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static VOID: Table = Table {
    name: "fee_receipt_void",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("year", Column::Int),
        ("number", Column::Int),
        ("voided_on", Column::Day),
        ("reason", Column::Text),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static COPY: Table = Table {
    name: "fee_receipt_copy",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("year", Column::Int),
        ("number", Column::Int),
        ("copy_no", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static REFUND: Table = Table {
    name: "fee_refund",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("refund_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("payment_no", Column::SomeInt),
        ("amount_fen", Column::Big),
        ("of_bills_fen", Column::Big),
        ("method", Column::Text),
        ("refunded_on", Column::Day),
        ("reference", Column::Text),
        ("reason", Column::Text),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static BOND: Table = Table {
    name: "bond",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("bond_no", Column::Int),
        ("dwelling_no", Column::Int),
        ("item", Column::Text),
        ("amount_fen", Column::Big),
        ("received_on", Column::Day),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static BOND_MOVE: Table = Table {
    name: "bond_move",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("bond_no", Column::Int),
        ("move_no", Column::Int),
        ("kind", Column::Text),
        ("amount_fen", Column::Big),
        ("moved_on", Column::Day),
        ("reason", Column::Text),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static TILL: Table = Table {
    name: "till",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("till_no", Column::Int),
        ("cashier", Column::Text),
        ("handled_on", Column::Day),
        ("method", Column::Text),
        ("amount_fen", Column::Big),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static SHEET: Table = Table {
    name: "day_sheet",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("sheet_no", Column::Int),
        ("cashier", Column::Text),
        ("closed_on", Column::Day),
        ("after_no", Column::Int),
        ("through_no", Column::Int),
        ("reason", Column::Text),
        ("second", Column::Text),
        ("voucher_seq", Column::SomeInt),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static SHEET_LINE: Table = Table {
    name: "day_sheet_line",
    rank: 9,
    columns: &[
        ("compound_id", Column::Int),
        ("sheet_no", Column::Int),
        ("method", Column::Text),
        ("entries", Column::Int),
        ("expected_fen", Column::Big),
        ("counted_fen", Column::Big),
    ],
    on_conflict: "",
};

pub(super) const BILLS: Reads = Reads(&[&BILL, &REMISSION, &PENALTY]);
pub(super) const OWED: Reads = Reads(&[&property::DWELLING, &BILL]);
pub(super) const PAYMENTS: Reads = Reads(&[&PAYMENT]);
pub(super) const RECEIPTS: Reads = Reads(&[&RECEIPT, &VOID, &COPY]);
pub(super) const REFUNDS: Reads = Reads(&[&PAYMENT, &REFUND]);
pub(super) const BONDS: Reads = Reads(&[&BOND, &BOND_MOVE]);
pub(super) const SHEETS: Reads = Reads(&[&TILL, &SHEET, &SHEET_LINE]);

/// Whether the voucher of a row still stands: nobody reversed it. `row` names the table in the query.
pub(super) fn stands(row: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = {row}.compound_id AND v.book = {book}
           AND v.reverses_seq = {row}.voucher_seq)",
        book = Book::Service.number()
    )
}

/// Whether a bill still stands: its voucher does, and nobody took it back. It is called `b` in the query.
pub(super) fn bill_stands() -> String {
    let (own, withdrawal) = (stands("b"), stands("w"));
    format!(
        "{own} AND NOT EXISTS (SELECT 1 FROM bill_remission w WHERE w.compound_id = b.compound_id
           AND w.dwelling_no = b.dwelling_no AND w.matter_no = b.matter_no AND w.kind = 'withdrawal' AND {withdrawal})"
    )
}
