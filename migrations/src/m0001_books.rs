//! The unit of everything: the compound's row (the lock), its counters, its acts and their keys.
//!
//! `compound_id` 0 is the head office: acts that belong to no compound (founding one, drawing the area tree)
//! take their lock and their numbers there.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0001_books",
    tables: "
CREATE TABLE compound (
  compound_id {int} NOT NULL PRIMARY KEY CHECK (compound_id >= 0),
  code {text} NOT NULL UNIQUE,
  name {text} NOT NULL,
  address {text} NOT NULL,
  area_id {int} NULL,
  founded_at {big} NOT NULL
) {table};

INSERT INTO compound (compound_id, code, name, address, area_id, founded_at) VALUES (0, '', '总册', '', NULL, 0);

CREATE TABLE counter (
  compound_id {int} NOT NULL,
  name {text} NOT NULL,
  last_no {int} NOT NULL CHECK (last_no > 0),
  PRIMARY KEY (compound_id, name)
) {table};

CREATE TABLE act (
  compound_id {int} NOT NULL,
  act_no {int} NOT NULL CHECK (act_no > 0),
  verb {text} NOT NULL,
  actor {text} NOT NULL,
  role {text} NOT NULL,
  recorded_at {big} NOT NULL,
  request {text} NOT NULL,
  answer {text} NOT NULL,
  PRIMARY KEY (compound_id, act_no)
) {table};

CREATE TABLE once (
  compound_id {int} NOT NULL,
  key {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, key)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &["act", "once"],
    drops: &["once", "act", "counter", "compound"],
};
