//! Files taken in: which, when, which rows, and whether it was undone.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0004_intake",
    tables: "
CREATE TABLE import (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  import_no {int} NOT NULL CHECK (import_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('register', 'deposits', 'fees', 'bank', 'wechat', 'alipay', 'invoices')),
  file_name {text} NOT NULL,
  file_hash {text} NOT NULL,
  row_count {int} NOT NULL,

  recorded_at {big} NOT NULL,
  act_no {int} NOT NULL,
  undone_by_act {int} NULL,
  PRIMARY KEY (compound_id, import_no)
) {table};

CREATE INDEX import_file ON import (compound_id, kind, file_hash);

CREATE TABLE import_row (
  compound_id {int} NOT NULL,
  kind {text} NOT NULL,
  row_key {text} NOT NULL,
  import_no {int} NOT NULL,
  subject_no {int} NOT NULL,
  PRIMARY KEY (compound_id, kind, row_key),
  FOREIGN KEY (compound_id, import_no) REFERENCES import (compound_id, import_no)
) {table};

CREATE INDEX import_row_of ON import_row (compound_id, import_no)
",
    postgres: "",
    sqlite: "",
    append_only: &[],
    drops: &["import_row", "import"],
};
