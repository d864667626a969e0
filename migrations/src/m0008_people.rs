//! Who may do what, where, from when to when; and how they show who they are.
//!
//! All of it is the head office's: nothing here carries a compound's lock. Secrets are never kept as they are: a
//! password as its argon2id hash, a token, a session and a recovery code as their SHA-256, a second factor's secret and
//! a telephone number sealed.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0008_people",
    tables: "
CREATE TABLE organisation (
  org_no {int} NOT NULL PRIMARY KEY CHECK (org_no > 0),
  kind {text} NOT NULL CHECK (kind IN
    ('property-company', 'owners-committee', 'street-office', 'housing-authority', 'auditor')),
  code {text} NOT NULL UNIQUE,
  name {text} NOT NULL,
  act_no {int} NOT NULL
) {table};

CREATE TABLE service_contract (
  contract_no {int} NOT NULL PRIMARY KEY CHECK (contract_no > 0),
  org_no {int} NOT NULL REFERENCES organisation (org_no),
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  from_on {day} NOT NULL,
  until_on {day} NOT NULL,
  act_no {int} NOT NULL,
  ended_by_act {int} NULL,
  CHECK (until_on >= from_on)
) {table};

CREATE INDEX service_contract_org ON service_contract (org_no);

CREATE TABLE person (
  person_no {int} NOT NULL PRIMARY KEY CHECK (person_no > 0),
  name {text} NOT NULL UNIQUE,
  shown_as {text} NOT NULL,
  org_no {int} NULL REFERENCES organisation (org_no),
  phone_sealed {bytes} NULL,
  epoch {int} NOT NULL CHECK (epoch > 0),
  is_disabled {small} NOT NULL CHECK (is_disabled IN (0, 1)),
  act_no {int} NOT NULL
) {table};

CREATE TABLE mandate (
  mandate_no {int} NOT NULL PRIMARY KEY CHECK (mandate_no > 0),
  person_no {int} NOT NULL REFERENCES person (person_no),
  role {text} NOT NULL,
  scope {text} NOT NULL CHECK (scope IN ('house', 'area', 'compound', 'organisation', 'dwelling')),
  area_id {int} NULL REFERENCES area (area_id),
  org_no {int} NULL REFERENCES organisation (org_no),
  compound_id {int} NULL REFERENCES compound (compound_id),
  dwelling_no {int} NULL,
  from_on {day} NOT NULL,
  until_on {day} NULL,
  act_no {int} NOT NULL,
  ended_by_act {int} NULL,
  CHECK (until_on IS NULL OR until_on >= from_on),
  CHECK ((scope = 'area') = (area_id IS NOT NULL)),
  CHECK ((scope = 'organisation') = (org_no IS NOT NULL)),
  CHECK ((scope IN ('compound', 'dwelling')) = (compound_id IS NOT NULL)),
  CHECK ((scope = 'dwelling') = (dwelling_no IS NOT NULL)),
  CHECK (role <> 'administrator' OR scope = 'house'),
  CHECK (scope <> 'house' OR role IN ('administrator', 'housing-authority', 'auditor'))
) {table};

CREATE INDEX mandate_person ON mandate (person_no);

CREATE TABLE password (
  person_no {int} NOT NULL PRIMARY KEY REFERENCES person (person_no),
  phc {text} NOT NULL,
  set_at {big} NOT NULL
) {table};

CREATE TABLE totp (
  person_no {int} NOT NULL PRIMARY KEY REFERENCES person (person_no),
  secret_sealed {bytes} NULL,
  proposed_sealed {bytes} NULL,
  last_step {big} NOT NULL
) {table};

CREATE TABLE recovery_code (
  person_no {int} NOT NULL REFERENCES person (person_no),
  digest {bytes} NOT NULL,
  is_proposed {small} NOT NULL CHECK (is_proposed IN (0, 1)),
  used_by_act {int} NULL,
  PRIMARY KEY (person_no, digest)
) {table};

CREATE TABLE attempt (
  name_digest {bytes} NOT NULL PRIMARY KEY,
  failed {int} NOT NULL CHECK (failed > 0),
  last_at {big} NOT NULL,
  locked_until_at {big} NOT NULL
) {table};

CREATE TABLE session (
  session_no {int} NOT NULL PRIMARY KEY CHECK (session_no > 0),
  person_no {int} NOT NULL REFERENCES person (person_no),
  digest {bytes} NOT NULL UNIQUE,
  epoch {int} NOT NULL,
  is_strong {small} NOT NULL CHECK (is_strong IN (0, 1)),
  begun_at {big} NOT NULL,
  idle_until_at {big} NOT NULL,
  proved_at {big} NULL
) {table};

CREATE INDEX session_person ON session (person_no);

CREATE TABLE token (
  token_no {int} NOT NULL PRIMARY KEY CHECK (token_no > 0),
  person_no {int} NOT NULL REFERENCES person (person_no),
  name {text} NOT NULL,
  digest {bytes} NOT NULL UNIQUE,
  is_strong {small} NOT NULL CHECK (is_strong IN (0, 1)),
  made_at {big} NOT NULL,
  expires_at {big} NOT NULL,
  revoked_by_act {int} NULL
) {table};

CREATE INDEX token_person ON token (person_no);

CREATE TABLE token_mandate (
  token_no {int} NOT NULL REFERENCES token (token_no),
  mandate_no {int} NOT NULL REFERENCES mandate (mandate_no),
  PRIMARY KEY (token_no, mandate_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &["token_mandate"],
    drops: &[
        "token_mandate",
        "token",
        "session",
        "attempt",
        "recovery_code",
        "totp",
        "password",
        "mandate",
        "person",
        "service_contract",
        "organisation",
    ],
};
