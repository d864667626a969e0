//! Who is told of acts, how far each has been told, and what became of every telling.
//!
//! There is no outbox: `act` is written in the transaction of the change itself and has no gaps, so a place in it
//! (`hook_cursor`) is all a subscription needs to miss nothing.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0010_hooks",
    tables: "
CREATE TABLE hook (
  hook_no {int} NOT NULL PRIMARY KEY CHECK (hook_no > 0),
  name {text} NOT NULL,
  url {text} NOT NULL,
  verbs {text} NOT NULL,
  covers_all {small} NOT NULL CHECK (covers_all IN (0, 1)),
  secret_sealed {bytes} NOT NULL CHECK (length(secret_sealed) > 0),
  old_secret_sealed {bytes} NOT NULL,
  old_until_at {big} NULL,
  is_active {small} NOT NULL CHECK (is_active IN (0, 1)),
  standing {text} NOT NULL,
  made_at {big} NOT NULL,
  act_no {int} NOT NULL,
  CHECK ((length(old_secret_sealed) = 0) = (old_until_at IS NULL))
) {table};

CREATE TABLE hook_cursor (
  hook_no {int} NOT NULL REFERENCES hook (hook_no),
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  last_act_no {int} NOT NULL CHECK (last_act_no >= 0),
  PRIMARY KEY (hook_no, compound_id)
) {table};

CREATE TABLE hook_delivery (
  hook_no {int} NOT NULL,
  compound_id {int} NOT NULL,
  act_no {int} NOT NULL,
  state {small} NOT NULL CHECK (state IN (1, 2, 3)),
  attempts {int} NOT NULL CHECK (attempts >= 0),
  next_at {big} NULL,
  first_at {big} NOT NULL,
  last_at {big} NOT NULL,
  status {int} NULL,
  fault {text} NOT NULL,
  millis {int} NOT NULL,
  PRIMARY KEY (hook_no, compound_id, act_no),
  FOREIGN KEY (hook_no, compound_id) REFERENCES hook_cursor (hook_no, compound_id),
  CHECK ((next_at IS NULL) = (state <> 1))
) {table};

CREATE INDEX hook_delivery_due ON hook_delivery (hook_no, next_at) WHERE next_at IS NOT NULL;

CREATE INDEX hook_delivery_last ON hook_delivery (hook_no, last_at);

CREATE TABLE hook_lease (
  hook_no {int} NOT NULL PRIMARY KEY REFERENCES hook (hook_no),
  holder {text} NOT NULL,
  until_at {big} NOT NULL
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[],
    drops: &["hook_lease", "hook_delivery", "hook_cursor", "hook"],
};
