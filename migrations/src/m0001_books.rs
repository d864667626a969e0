//! The unit of everything: the compound's row (the lock), its counters, its acts and their keys; and which keys personal
//! data is sealed with (their numbers and fingerprints, never a key).
//!
//! | code | rule |
//! |---|---|
//! | L09 | an act and its key are never changed, deleted or replaced |
//! | L10 | an act names the hash of the one before it in its compound, and follows it without a gap |
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
  second {text} NOT NULL,
  recorded_at {big} NOT NULL,
  came_from {text} NOT NULL,
  request_id {text} NOT NULL,
  pack {text} NOT NULL,
  request {text} NOT NULL,
  answer {text} NOT NULL,
  prev_hash {bytes} NOT NULL CHECK (length(prev_hash) = 32),
  hash {bytes} NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (compound_id, act_no)
) {table};

CREATE TABLE once (
  compound_id {int} NOT NULL,
  key {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, key)
) {table};

CREATE TABLE seal_key (
  key_no {int} NOT NULL PRIMARY KEY CHECK (key_no BETWEEN 1 AND 65535),
  fingerprint {text} NOT NULL UNIQUE,
  blind_key {bytes} NOT NULL,
  act_no {int} NOT NULL,
  retired_by_act {int} NULL
) {table}
",
    postgres: "
CREATE OR REPLACE FUNCTION acts_arrive() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  SELECT format('%s/%s', a.compound_id, a.act_no) INTO bad
  FROM arrived a
  WHERE CASE WHEN a.act_no = 1 THEN a.prev_hash <> decode(repeat('00', 32), 'hex')
             ELSE (a.act_no - 1, a.prev_hash) IS DISTINCT FROM
               (SELECT (b.act_no, b.hash) FROM act b
                WHERE b.compound_id = a.compound_id AND b.act_no < a.act_no
                ORDER BY b.act_no DESC LIMIT 1) END
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'L10: act % does not name the one before it', bad USING ERRCODE = '23L10';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER act_arrives AFTER INSERT ON act REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION acts_arrive()
",
    sqlite: "
CREATE TRIGGER act_arrives BEFORE INSERT ON act
BEGIN
  SELECT RAISE(ABORT, 'L09: act is append-only')
  WHERE EXISTS (SELECT 1 FROM act o WHERE o.compound_id = NEW.compound_id AND o.act_no = NEW.act_no);
  SELECT RAISE(ABORT, 'L10: the act does not name the one before it')
  WHERE NEW.act_no - 1 <> COALESCE((SELECT b.act_no FROM act b WHERE b.compound_id = NEW.compound_id
                                    ORDER BY b.act_no DESC LIMIT 1), 0)
     OR NEW.prev_hash <> COALESCE((SELECT b.hash FROM act b WHERE b.compound_id = NEW.compound_id
                                   ORDER BY b.act_no DESC LIMIT 1), zeroblob(32));
END
--
CREATE TRIGGER once_is_new BEFORE INSERT ON once
WHEN EXISTS (SELECT 1 FROM once o WHERE o.compound_id = NEW.compound_id AND o.key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'L09: once is append-only'); END
",
    append_only: &["act", "once"],
    drops: &["seal_key", "once", "act", "counter", "compound"],
};
