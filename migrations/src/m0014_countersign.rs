//! What waits for a second person: the whole request as it came, and who decided on it.
//!
//! | code | rule |
//! |---|---|
//! | L13 | a request that waits is never changed or deleted, and is decided once |
//!
//! A check besides: nobody confirms or refuses what they asked for themselves. The body alone is exempt from L13, because a
//! rotation of keys seals it anew; `body_sha256` says what it must open to.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0014_countersign",
    tables: "
CREATE TABLE countersign (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  countersign_no {int} NOT NULL CHECK (countersign_no > 0),
  deed {text} NOT NULL,
  route {text} NOT NULL,
  path {text} NOT NULL,
  query {text} NOT NULL,
  content_type {text} NOT NULL,
  body_sealed {bytes} NOT NULL,
  body_sha256 {bytes} NOT NULL CHECK (length(body_sha256) = 32),
  pack {text} NOT NULL CHECK (pack <> ''),
  asked_by {text} NOT NULL,
  asker_no {int} NULL REFERENCES person (person_no),
  asked_role {text} NOT NULL,
  asked_at {big} NOT NULL,
  act_no {int} NOT NULL,
  lapses_on {day} NOT NULL,
  state {text} NOT NULL CHECK (state IN ('waiting', 'confirmed', 'refused', 'withdrawn')),
  decided_by {text} NOT NULL,
  decider_no {int} NULL REFERENCES person (person_no),
  decided_role {text} NOT NULL,
  decided_at {big} NULL,
  reason {text} NOT NULL,
  decided_by_act {int} NULL,
  PRIMARY KEY (compound_id, countersign_no),
  CHECK ((state = 'waiting') = (decided_by_act IS NULL)),
  CHECK ((state = 'waiting') = (decided_at IS NULL)),
  CHECK (state NOT IN ('confirmed', 'refused') OR decided_by <> asked_by),
  CHECK (state NOT IN ('confirmed', 'refused') OR asker_no IS NULL OR decider_no IS NULL OR decider_no <> asker_no)
) {table};

CREATE INDEX countersign_waiting ON countersign (compound_id, body_sha256) WHERE state = 'waiting'
",
    postgres: "
CREATE OR REPLACE FUNCTION countersign_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state <> 'waiting' AND
      (NEW.state, NEW.decided_by, NEW.decider_no, NEW.decided_role, NEW.decided_at, NEW.reason, NEW.decided_by_act)
      IS DISTINCT FROM
      (OLD.state, OLD.decided_by, OLD.decider_no, OLD.decided_role, OLD.decided_at, OLD.reason, OLD.decided_by_act)
    OR (NEW.compound_id, NEW.countersign_no, NEW.deed, NEW.route, NEW.path, NEW.query, NEW.content_type, NEW.body_sha256,
        NEW.pack, NEW.asked_by, NEW.asker_no, NEW.asked_role, NEW.asked_at, NEW.act_no, NEW.lapses_on)
      IS DISTINCT FROM
       (OLD.compound_id, OLD.countersign_no, OLD.deed, OLD.route, OLD.path, OLD.query, OLD.content_type, OLD.body_sha256,
        OLD.pack, OLD.asked_by, OLD.asker_no, OLD.asked_role, OLD.asked_at, OLD.act_no, OLD.lapses_on) THEN
    RAISE EXCEPTION 'L13: countersign % stands as it was asked and decided', OLD.countersign_no USING ERRCODE = '23L13';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER countersign_stays BEFORE UPDATE OR DELETE ON countersign
  FOR EACH ROW EXECUTE FUNCTION countersign_stands();
CREATE TRIGGER countersign_stays_whole BEFORE TRUNCATE ON countersign
  FOR EACH STATEMENT EXECUTE FUNCTION append_only()
",
    // REPLACE asks no trigger for deletions (see `m0003_journal`).
    sqlite: "
CREATE TRIGGER countersign_is_new BEFORE INSERT ON countersign
WHEN EXISTS (SELECT 1 FROM countersign o
             WHERE o.compound_id = NEW.compound_id AND o.countersign_no = NEW.countersign_no)
BEGIN SELECT RAISE(ABORT, 'L13: a countersign stands as it was asked and decided'); END
--
CREATE TRIGGER countersign_stays BEFORE UPDATE ON countersign
WHEN OLD.state <> 'waiting' AND
    (NEW.state, NEW.decided_by, NEW.decider_no, NEW.decided_role, NEW.decided_at, NEW.reason, NEW.decided_by_act)
    IS NOT
    (OLD.state, OLD.decided_by, OLD.decider_no, OLD.decided_role, OLD.decided_at, OLD.reason, OLD.decided_by_act)
  OR (NEW.compound_id, NEW.countersign_no, NEW.deed, NEW.route, NEW.path, NEW.query, NEW.content_type, NEW.body_sha256,
      NEW.pack, NEW.asked_by, NEW.asker_no, NEW.asked_role, NEW.asked_at, NEW.act_no, NEW.lapses_on)
    IS NOT
     (OLD.compound_id, OLD.countersign_no, OLD.deed, OLD.route, OLD.path, OLD.query, OLD.content_type, OLD.body_sha256,
      OLD.pack, OLD.asked_by, OLD.asker_no, OLD.asked_role, OLD.asked_at, OLD.act_no, OLD.lapses_on)
BEGIN SELECT RAISE(ABORT, 'L13: a countersign stands as it was asked and decided'); END
--
CREATE TRIGGER countersign_goes_never BEFORE DELETE ON countersign
BEGIN SELECT RAISE(ABORT, 'L13: a countersign stands as it was asked and decided'); END
",
    append_only: &[],
    drops: &["countersign"],
};
