//! Bank statements as the bank sent them, and what each line was found to be. Names and words stand with their long numbers
//! masked; what the bank wrote, the other side's account included, is sealed beside them.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0005_bank",
    tables: "
CREATE TABLE bank_line (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  line_no {int} NOT NULL CHECK (line_no > 0),
  book {small} NOT NULL,
  account_no {text} NOT NULL,
  occurred_on {day} NOT NULL,
  occurred_time {text} NOT NULL,
  in_fen {big} NOT NULL CHECK (in_fen >= 0),
  out_fen {big} NOT NULL CHECK (out_fen >= 0),
  has_balance {small} NOT NULL CHECK (has_balance IN (0, 1)),
  balance_fen {big} NOT NULL CHECK (has_balance = 1 OR balance_fen = 0),
  counterparty {text} NOT NULL,
  wording {text} NOT NULL,
  as_written_sealed {bytes} NOT NULL,
  serial {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, line_no),
  CHECK ((in_fen = 0) <> (out_fen = 0))
) {table};

CREATE INDEX bank_line_day ON bank_line (compound_id, book, occurred_on);

CREATE TABLE bank_claim (
  compound_id {int} NOT NULL,
  line_no {int} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  released_by_act {int} NULL,
  PRIMARY KEY (compound_id, line_no, act_no),
  FOREIGN KEY (compound_id, line_no) REFERENCES bank_line (compound_id, line_no)
) {table};

CREATE UNIQUE INDEX bank_claim_once ON bank_claim (compound_id, line_no) WHERE released_by_act IS NULL
",
    postgres: "",
    sqlite: "",
    append_only: &[],
    drops: &["bank_claim", "bank_line"],
};
