//! The life of a dwelling and of a fund: what became of dwellings, who keeps the fund, certificates that were given.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0018_accounts",
    tables: "
CREATE TABLE succession (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  succession_no {int} NOT NULL CHECK (succession_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('split', 'merge', 'demolition')),
  taken_on {day} NOT NULL,
  evidence {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, succession_no)
) {table};

CREATE TABLE succession_line (
  compound_id {int} NOT NULL,
  succession_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  is_new {small} NOT NULL CHECK (is_new IN (0, 1)),
  PRIMARY KEY (compound_id, dwelling_no, is_new),
  FOREIGN KEY (compound_id, succession_no) REFERENCES succession (compound_id, succession_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE TABLE custody (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  custody_no {int} NOT NULL CHECK (custody_no > 0),
  is_away {small} NOT NULL CHECK (is_away IN (0, 1)),
  keeper {text} NOT NULL,
  taken_on {day} NOT NULL,
  evidence {text} NOT NULL,
  digest {text} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, custody_no)
) {table};

CREATE TABLE certificate (
  compound_id {int} NOT NULL,
  certificate_no {int} NOT NULL CHECK (certificate_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('balance', 'clearance')),
  dwelling_no {int} NOT NULL,
  issued_on {day} NOT NULL,
  principal_fen {big} NOT NULL,
  gains_fen {big} NOT NULL,
  due_fen {big} NOT NULL,
  paid_fen {big} NOT NULL,
  held_fen {big} NOT NULL,
  owners {text} NOT NULL,
  digest {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, certificate_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &["succession", "succession_line", "custody", "certificate"],
    drops: &["certificate", "custody", "succession_line", "succession"],
};
