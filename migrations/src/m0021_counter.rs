//! The counter: receipts of service fees and what became of them, refunds, what was forgiven of bills, penalties, deposits held
//! (押金), what passed through a cashier's hands, and the sheets by which it was handed over.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0021_counter",
    tables: "
CREATE TABLE bill_remission (
  compound_id {int} NOT NULL,
  remission_no {int} NOT NULL CHECK (remission_no > 0),
  dwelling_no {int} NOT NULL,
  matter_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('waiver', 'write-off', 'withdrawal')),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  tax_fen {big} NOT NULL CHECK (tax_fen BETWEEN 0 AND amount_fen),
  remitted_on {day} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  second {text} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, remission_no),
  FOREIGN KEY (compound_id, dwelling_no, matter_no) REFERENCES bill (compound_id, dwelling_no, matter_no)
) {table};

CREATE INDEX bill_remission_bill ON bill_remission (compound_id, dwelling_no, matter_no);

CREATE TABLE bill_penalty (
  compound_id {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  matter_no {int} NOT NULL,
  of_matter_no {int} NOT NULL CHECK (of_matter_no <> matter_no),
  upto_on {day} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, dwelling_no, matter_no),
  FOREIGN KEY (compound_id, dwelling_no, matter_no) REFERENCES bill (compound_id, dwelling_no, matter_no),
  FOREIGN KEY (compound_id, dwelling_no, of_matter_no) REFERENCES bill (compound_id, dwelling_no, matter_no)
) {table};

CREATE TABLE fee_receipt (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  year {int} NOT NULL,
  number {int} NOT NULL CHECK (number > 0),
  of_year {int} NULL,
  of_number {int} NULL,
  voucher_seq {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen <> 0),
  given_fen {big} NOT NULL CHECK (given_fen >= amount_fen),
  method {text} NOT NULL,
  reference {text} NOT NULL,
  payer {text} NOT NULL,
  cashier {text} NOT NULL,
  issued_on {day} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, year, number),
  CHECK ((of_year IS NULL) = (of_number IS NULL)),
  CHECK (amount_fen > 0 OR of_number IS NOT NULL)
) {table};

CREATE INDEX fee_receipt_voucher ON fee_receipt (compound_id, voucher_seq);

CREATE TABLE fee_receipt_void (
  compound_id {int} NOT NULL,
  year {int} NOT NULL,
  number {int} NOT NULL,
  voided_on {day} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, year, number),
  FOREIGN KEY (compound_id, year, number) REFERENCES fee_receipt (compound_id, year, number)
) {table};

CREATE TABLE fee_receipt_copy (
  compound_id {int} NOT NULL,
  year {int} NOT NULL,
  number {int} NOT NULL,
  copy_no {int} NOT NULL CHECK (copy_no > 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, year, number, copy_no),
  FOREIGN KEY (compound_id, year, number) REFERENCES fee_receipt (compound_id, year, number)
) {table};

CREATE TABLE fee_refund (
  compound_id {int} NOT NULL,
  refund_no {int} NOT NULL CHECK (refund_no > 0),
  dwelling_no {int} NOT NULL,
  payment_no {int} NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  of_bills_fen {big} NOT NULL CHECK (of_bills_fen BETWEEN 0 AND amount_fen),
  method {text} NOT NULL,
  refunded_on {day} NOT NULL,
  reference {text} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, refund_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE INDEX fee_refund_dwelling ON fee_refund (compound_id, dwelling_no);

CREATE TABLE bond (
  compound_id {int} NOT NULL,
  bond_no {int} NOT NULL CHECK (bond_no > 0),
  dwelling_no {int} NOT NULL,
  item {text} NOT NULL CHECK (item <> ''),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  received_on {day} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, bond_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE TABLE bond_move (
  compound_id {int} NOT NULL,
  bond_no {int} NOT NULL,
  move_no {int} NOT NULL CHECK (move_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('deduction', 'return')),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  moved_on {day} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, bond_no, move_no),
  FOREIGN KEY (compound_id, bond_no) REFERENCES bond (compound_id, bond_no)
) {table};

CREATE TABLE till (
  compound_id {int} NOT NULL,
  till_no {int} NOT NULL CHECK (till_no > 0),
  cashier {text} NOT NULL,
  handled_on {day} NOT NULL,
  method {text} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen <> 0),
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, till_no)
) {table};

CREATE INDEX till_cashier ON till (compound_id, cashier, till_no);

CREATE TABLE day_sheet (
  compound_id {int} NOT NULL,
  sheet_no {int} NOT NULL CHECK (sheet_no > 0),
  cashier {text} NOT NULL,
  closed_on {day} NOT NULL,
  after_no {int} NOT NULL CHECK (after_no >= 0),
  through_no {int} NOT NULL CHECK (through_no > after_no),
  reason {text} NOT NULL,
  second {text} NOT NULL,
  voucher_seq {int} NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, sheet_no),
  CHECK (voucher_seq IS NULL OR reason <> ''),
  CHECK (second <> cashier)
) {table};

CREATE UNIQUE INDEX day_sheet_follows ON day_sheet (compound_id, cashier, after_no);

CREATE TABLE day_sheet_line (
  compound_id {int} NOT NULL,
  sheet_no {int} NOT NULL,
  method {text} NOT NULL,
  entries {int} NOT NULL CHECK (entries >= 0),
  expected_fen {big} NOT NULL,
  counted_fen {big} NOT NULL,
  PRIMARY KEY (compound_id, sheet_no, method),
  FOREIGN KEY (compound_id, sheet_no) REFERENCES day_sheet (compound_id, sheet_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[
        "bill_remission",
        "bill_penalty",
        "fee_receipt",
        "fee_receipt_void",
        "fee_receipt_copy",
        "fee_refund",
        "bond",
        "bond_move",
        "till",
        "day_sheet",
        "day_sheet_line",
    ],
    drops: &[
        "day_sheet_line",
        "day_sheet",
        "till",
        "bond_move",
        "bond",
        "fee_refund",
        "fee_receipt_copy",
        "fee_receipt_void",
        "fee_receipt",
        "bill_penalty",
        "bill_remission",
    ],
};
