//! The wording an office keeps of its papers, version after version. A version without a body takes the office's own back.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0028_template",
    tables: "
CREATE TABLE template (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  document {text} NOT NULL CHECK (length(document) BETWEEN 1 AND 40),
  version {int} NOT NULL CHECK (version > 0),
  body {text} NOT NULL CHECK (length(body) <= 32768),
  digest {bytes} NOT NULL CHECK (length(digest) = 32),
  kept_at {big} NOT NULL,
  kept_by {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, document, version)
) {table}
",
    postgres: "",
    // REPLACE asks no trigger for deletions (see `m0003_journal`).
    sqlite: "
CREATE TRIGGER template_is_new BEFORE INSERT ON template
WHEN EXISTS (SELECT 1 FROM template o WHERE o.compound_id = NEW.compound_id AND o.document = NEW.document AND o.version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'template is append-only'); END
",
    append_only: &["template"],
    drops: &["template"],
};
