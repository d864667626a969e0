//! Service fees: what was billed, what was paid. What is still owed is the journal's to say.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0007_fees",
    tables: "
CREATE TABLE bill (
  compound_id {int} NOT NULL,
  matter_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  item {text} NOT NULL,
  from_on {day} NOT NULL,
  to_on {day} NOT NULL,
  due_on {day} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  tax_fen {big} NOT NULL CHECK (tax_fen BETWEEN 0 AND amount_fen),
  bearer {text} NOT NULL CHECK (bearer IN ('owner', 'developer')),
  tariff_no {int} NULL,
  worked {text} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  {refers} (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  {refers} (compound_id, matter_no) REFERENCES matter (compound_id, matter_no),
  PRIMARY KEY (compound_id, dwelling_no, matter_no),
  CHECK (to_on >= from_on)
) {table};

CREATE TABLE payment (
  compound_id {int} NOT NULL,
  payment_no {int} NOT NULL CHECK (payment_no > 0),
  dwelling_no {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  settled_fen {big} NOT NULL CHECK (settled_fen BETWEEN 0 AND amount_fen),
  method {text} NOT NULL CHECK (method IN ('cash', 'transfer', 'wechat', 'alipay', 'pos', 'cheque', 'other')),
  received_on {day} NOT NULL,
  reference {text} NOT NULL,
  payer {text} NOT NULL,
  line_no {int} NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  {refers} (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  PRIMARY KEY (compound_id, payment_no)
) {table};

CREATE INDEX payment_dwelling ON payment (compound_id, dwelling_no)
",
    postgres: "",
    sqlite: "",
    append_only: &["bill", "payment"],
    drops: &["payment", "bill"],
};
