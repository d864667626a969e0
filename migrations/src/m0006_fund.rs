//! The maintenance fund: what each dwelling was to pay in, and what was paid in.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0006_fund",
    tables: "
CREATE TABLE assessment (
  compound_id {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  due_fen {big} NOT NULL CHECK (due_fen >= 0),
  standard {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, dwelling_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE TABLE deposit (
  compound_id {int} NOT NULL,
  deposit_no {int} NOT NULL CHECK (deposit_no > 0),
  dwelling_no {int} NOT NULL,
  kind {text} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  received_on {day} NOT NULL,
  receipt_no {text} NOT NULL,
  line_no {int} NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, deposit_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE INDEX deposit_dwelling ON deposit (compound_id, dwelling_no);
CREATE INDEX deposit_receipt ON deposit (compound_id, receipt_no)
",
    postgres: "",
    sqlite: "",
    append_only: &["deposit"],
    drops: &["deposit", "assessment"],
};
