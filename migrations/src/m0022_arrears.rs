//! Arrears: what was claimed of whom, when, with which proof. What is owed is the journal's to say.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0022_arrears",
    tables: "
CREATE TABLE arrears_claim (
  compound_id {int} NOT NULL,
  claim_no {int} NOT NULL CHECK (claim_no > 0),
  dwelling_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('notice', 'plan', 'lawsuit')),
  stage {small} NOT NULL CHECK (stage >= 0 AND (stage > 0) = (kind = 'notice')),
  made_on {day} NOT NULL,
  made_time {text} NOT NULL,
  pay_by {day} NOT NULL CHECK (pay_by >= made_on),
  sum_fen {big} NOT NULL CHECK (sum_fen > 0),
  channel {text} NOT NULL,
  reason {text} NOT NULL,
  remark {text} NOT NULL,
  evidence {text} NOT NULL,
  last_paid_on {day} NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, claim_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE INDEX arrears_claim_dwelling ON arrears_claim (compound_id, dwelling_no);

CREATE TABLE arrears_claim_bill (
  compound_id {int} NOT NULL,
  claim_no {int} NOT NULL,
  matter_no {int} NOT NULL,
  billed_fen {big} NOT NULL,
  reduced_fen {big} NOT NULL,
  open_fen {big} NOT NULL CHECK (open_fen > 0),
  runs_out_on {day} NOT NULL,
  debt_runs_out_on {day} NOT NULL,
  PRIMARY KEY (compound_id, claim_no, matter_no),
  FOREIGN KEY (compound_id, claim_no) REFERENCES arrears_claim (compound_id, claim_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE TABLE arrears_instalment (
  compound_id {int} NOT NULL,
  claim_no {int} NOT NULL,
  due_on {day} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  PRIMARY KEY (compound_id, claim_no, due_on),
  FOREIGN KEY (compound_id, claim_no) REFERENCES arrears_claim (compound_id, claim_no)
) {table};

CREATE TABLE arrears_proof (
  compound_id {int} NOT NULL,
  claim_no {int} NOT NULL,
  delivered_on {day} NOT NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, claim_no),
  FOREIGN KEY (compound_id, claim_no) REFERENCES arrears_claim (compound_id, claim_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &["arrears_claim", "arrears_claim_bill", "arrears_instalment", "arrears_proof"],
    drops: &["arrears_proof", "arrears_instalment", "arrears_claim_bill", "arrears_claim"],
};
