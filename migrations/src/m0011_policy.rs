//! The versions of policy packs that an authority added to those shipped with the program.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0011_policy",
    tables: "
CREATE TABLE policy_pack (
  code {text} NOT NULL,
  version {text} NOT NULL,
  effective_from {day} NOT NULL,
  effective_until {day} NULL,
  replaces {text} NOT NULL,
  body {text} NOT NULL,
  digest {bytes} NOT NULL,
  act_no {int} NOT NULL UNIQUE,
  PRIMARY KEY (code, version),
  CHECK (effective_until IS NULL OR effective_until >= effective_from)
) {table}
",
    postgres: "",
    // REPLACE asks no trigger for deletions (see `m0003_journal`).
    sqlite: "
CREATE TRIGGER policy_pack_is_new BEFORE INSERT ON policy_pack
WHEN EXISTS (SELECT 1 FROM policy_pack o WHERE o.code = NEW.code AND o.version = NEW.version OR o.act_no = NEW.act_no)
BEGIN SELECT RAISE(ABORT, 'policy_pack is append-only'); END
",
    append_only: &["policy_pack"],
    drops: &["policy_pack"],
};
