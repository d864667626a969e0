//! The maintenance fund: what each dwelling was to pay in, and what was paid in.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0006_fund",
    tables: "
CREATE TABLE assessment (
  compound_id {int} NOT NULL,
  assessment_no {int} NOT NULL CHECK (assessment_no > 0),
  dwelling_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('initial', 'rebuild', 'top-up', 'monthly', 'extraction')),
  month {int} NOT NULL,
  unit_no {int} NULL,
  plan_no {int} NULL,
  due_fen {big} NOT NULL CHECK (due_fen >= 0),
  due_on {day} NOT NULL,
  standard {text} NOT NULL,
  standard_no {int} NULL,
  area_centi_m2 {big} NOT NULL CHECK (area_centi_m2 >= 0),
  rate {text} NOT NULL,
  pack {text} NOT NULL,
  replaces_no {int} NULL,
  reason {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, assessment_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  CHECK ((kind = 'monthly') = (month > 0)),
  CHECK ((kind = 'extraction') = (unit_no IS NOT NULL)),
  CHECK ((kind = 'top-up') = (plan_no IS NOT NULL)),
  CHECK (replaces_no IS NULL OR replaces_no < assessment_no)
) {table};

CREATE INDEX assessment_dwelling ON assessment (compound_id, dwelling_no, kind);

CREATE UNIQUE INDEX assessment_replaced_once ON assessment (compound_id, replaces_no) WHERE replaces_no IS NOT NULL;

CREATE TABLE deposit (
  compound_id {int} NOT NULL,
  deposit_no {int} NOT NULL CHECK (deposit_no > 0),
  dwelling_no {int} NULL,
  unit_no {int} NULL,
  plan_no {int} NULL,
  kind {text} NOT NULL CHECK (kind IN ('initial', 'rebuild', 'top-up', 'monthly', 'legacy', 'extraction')),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  gains_fen {big} NOT NULL CHECK (gains_fen BETWEEN 0 AND amount_fen),
  received_on {day} NOT NULL,
  receipt_no {text} NOT NULL,
  line_no {int} NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, deposit_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  CHECK ((dwelling_no IS NULL) <> (unit_no IS NULL)),
  CHECK ((kind = 'extraction') = (unit_no IS NOT NULL)),
  CHECK (plan_no IS NULL OR kind = 'top-up')
) {table};

CREATE INDEX deposit_dwelling ON deposit (compound_id, dwelling_no);
CREATE INDEX deposit_receipt ON deposit (compound_id, receipt_no)
",
    postgres: "",
    sqlite: "",
    append_only: &["deposit"],
    drops: &["deposit", "assessment"],
};
