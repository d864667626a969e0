//! The trust money of 酬金制: what was spent of it, and the company's remuneration.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0023_trust",
    tables: "
CREATE TABLE trust_entry (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  entry_no {int} NOT NULL CHECK (entry_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('staff', 'upkeep', 'cleaning', 'greening', 'order', 'office', 'power', 'insurance',
    'other', 'remuneration')),
  month {int} NOT NULL CHECK (month >= 0 AND (month > 0) = (kind = 'remuneration')),
  spent_on {day} NOT NULL,
  payee {text} NOT NULL,
  evidence {text} NOT NULL,
  base_fen {big} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  tax_fen {big} NOT NULL CHECK (tax_fen BETWEEN 0 AND amount_fen),
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, entry_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &["trust_entry"],
    drops: &["trust_entry"],
};
