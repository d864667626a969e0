//! Who comes in by a district's portal: which subject of which issuer is which user, and which visits were used up.
//!
//! A subject is kept as a blind index only: some portals use a telephone or an identity number for it.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0013_portal",
    tables: "
CREATE TABLE portal_identity (
  issuer {text} NOT NULL,
  subject_blind {bytes} NOT NULL CHECK (length(subject_blind) = 16),
  person_no {int} NOT NULL REFERENCES person (person_no),
  bound_at {big} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (issuer, subject_blind),
  UNIQUE (person_no, issuer)
) {table};

CREATE TABLE portal_errand (
  state_digest {bytes} NOT NULL PRIMARY KEY,
  until_at {big} NOT NULL
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[],
    drops: &["portal_errand", "portal_identity"],
};
