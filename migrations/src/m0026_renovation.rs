//! The renewal of old compounds (改造): projects, their steps, sources, what was paid in, payments and their parts, records.
//!
//! What the database refuses by itself: a payment that is not its parts (R01), a part added to a payment that stands (R02), a
//! source beyond its plan (R03).

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0026_renovation",
    tables: "
CREATE TABLE renovation (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  renovation_no {int} NOT NULL CHECK (renovation_no > 0),
  matter_no {int} NOT NULL,
  title {text} NOT NULL,
  reserve {text} NOT NULL,
  reserved_on {day} NOT NULL,
  by_name {text} NOT NULL,
  by_role {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, renovation_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE UNIQUE INDEX renovation_matter ON renovation (compound_id, matter_no);

CREATE TABLE renovation_step (
  compound_id {int} NOT NULL,
  renovation_no {int} NOT NULL,
  step_no {int} NOT NULL CHECK (step_no > 0),
  kind {text} NOT NULL,
  body {text} NOT NULL,
  recorded_on {day} NOT NULL,
  by_name {text} NOT NULL,
  by_role {text} NOT NULL,
  digest {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, renovation_no, step_no),
  FOREIGN KEY (compound_id, renovation_no) REFERENCES renovation (compound_id, renovation_no)
) {table};

CREATE TABLE renovation_source (
  compound_id {int} NOT NULL,
  renovation_no {int} NOT NULL,
  source_no {int} NOT NULL CHECK (source_no > 0),
  kind {text} NOT NULL,
  planned_fen {big} NOT NULL CHECK (planned_fen > 0),
  matter_no {int} NOT NULL,
  body {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, renovation_no, source_no),
  FOREIGN KEY (compound_id, renovation_no) REFERENCES renovation (compound_id, renovation_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE TABLE renovation_paid_in (
  compound_id {int} NOT NULL,
  renovation_no {int} NOT NULL,
  paid_in_no {int} NOT NULL CHECK (paid_in_no > 0),
  source_no {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  paid_on {day} NOT NULL,
  dwelling_no {int} NULL,
  payer {text} NOT NULL,
  evidence {text} NOT NULL,
  line_no {int} NULL,
  voucher_seq {int} NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, renovation_no, paid_in_no),
  FOREIGN KEY (compound_id, renovation_no, source_no)
    REFERENCES renovation_source (compound_id, renovation_no, source_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE TABLE renovation_part (
  compound_id {int} NOT NULL,
  renovation_no {int} NOT NULL,
  payment_no {int} NOT NULL CHECK (payment_no > 0),
  part_no {int} NOT NULL CHECK (part_no > 0),
  source_no {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  tranche_move_no {int} NULL,
  project_no {int} NULL,
  project_payment_no {int} NULL,
  book {small} NOT NULL CHECK (book IN (1, 4)),
  voucher_seq {int} NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, renovation_no, payment_no, part_no),
  FOREIGN KEY (compound_id, renovation_no, source_no)
    REFERENCES renovation_source (compound_id, renovation_no, source_no),
  FOREIGN KEY (compound_id, tranche_move_no) REFERENCES tranche_move (compound_id, move_no),
  FOREIGN KEY (compound_id, project_no, project_payment_no)
    REFERENCES project_payment (compound_id, project_no, payment_no),
  CHECK ((book = 1) = (project_no IS NOT NULL)),
  CHECK (book = 1 OR voucher_seq IS NOT NULL)
) {table};

CREATE TABLE renovation_payment (
  compound_id {int} NOT NULL,
  renovation_no {int} NOT NULL,
  payment_no {int} NOT NULL CHECK (payment_no > 0),
  content_no {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  part_count {int} NOT NULL CHECK (part_count > 0),
  payee {text} NOT NULL,
  paid_on {day} NOT NULL,
  evidence {text} NOT NULL,
  pack {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, renovation_no, payment_no),
  FOREIGN KEY (compound_id, renovation_no) REFERENCES renovation (compound_id, renovation_no),
  FOREIGN KEY (compound_id, content_no) REFERENCES content (compound_id, content_no)
) {table};

CREATE TABLE renovation_reversal (
  compound_id {int} NOT NULL,
  renovation_no {int} NOT NULL,
  payment_no {int} NOT NULL,
  reversed_on {day} NOT NULL,
  reason {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, renovation_no, payment_no),
  FOREIGN KEY (compound_id, renovation_no, payment_no)
    REFERENCES renovation_payment (compound_id, renovation_no, payment_no)
) {table};

CREATE TABLE maintenance_record (
  compound_id {int} NOT NULL,
  renovation_no {int} NOT NULL,
  content_no {int} NOT NULL,
  handed_on {day} NOT NULL,
  warranty_until_on {day} NOT NULL,
  keeper {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, content_no),
  FOREIGN KEY (compound_id, renovation_no) REFERENCES renovation (compound_id, renovation_no),
  FOREIGN KEY (compound_id, content_no) REFERENCES content (compound_id, content_no)
) {table}
",
    postgres: "
CREATE OR REPLACE FUNCTION renovation_pays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.amount_fen, NEW.part_count) <> (
       SELECT CAST(COALESCE(sum(p.amount_fen), 0) AS BIGINT), CAST(count(*) AS INTEGER) FROM renovation_part p
       WHERE p.compound_id = NEW.compound_id AND p.renovation_no = NEW.renovation_no
         AND p.payment_no = NEW.payment_no) THEN
    RAISE EXCEPTION 'R01: payment % is not its parts', NEW.payment_no USING ERRCODE = '23R01';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER renovation_pays AFTER INSERT ON renovation_payment FOR EACH ROW EXECUTE FUNCTION renovation_pays();

CREATE OR REPLACE FUNCTION renovation_draws() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT x.amount_fen FROM renovation_payment x
      WHERE x.compound_id = NEW.compound_id AND x.renovation_no = NEW.renovation_no
        AND x.payment_no = NEW.payment_no) IS DISTINCT FROM (
       SELECT CAST(sum(p.amount_fen) AS BIGINT) FROM renovation_part p
       WHERE p.compound_id = NEW.compound_id AND p.renovation_no = NEW.renovation_no
         AND p.payment_no = NEW.payment_no) THEN
    RAISE EXCEPTION 'R02: payment % and its parts differ', NEW.payment_no USING ERRCODE = '23R02';
  END IF;
  IF (SELECT s.planned_fen FROM renovation_source s
      WHERE s.compound_id = NEW.compound_id AND s.renovation_no = NEW.renovation_no AND s.source_no = NEW.source_no)
     < (SELECT sum(p.amount_fen) FROM renovation_part p
        WHERE p.compound_id = NEW.compound_id AND p.renovation_no = NEW.renovation_no
          AND p.source_no = NEW.source_no AND NOT EXISTS (
            SELECT 1 FROM renovation_reversal r WHERE r.compound_id = p.compound_id
              AND r.renovation_no = p.renovation_no AND r.payment_no = p.payment_no)) THEN
    RAISE EXCEPTION 'R03: source % pays beyond its plan', NEW.source_no USING ERRCODE = '23R03';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER renovation_draws AFTER INSERT ON renovation_part FOR EACH ROW EXECUTE FUNCTION renovation_draws()
",
    sqlite: "
CREATE TRIGGER renovation_pays AFTER INSERT ON renovation_payment
WHEN (NEW.amount_fen, NEW.part_count) <> (
  SELECT COALESCE(sum(p.amount_fen), 0), count(*) FROM renovation_part p
  WHERE p.compound_id = NEW.compound_id AND p.renovation_no = NEW.renovation_no AND p.payment_no = NEW.payment_no)
BEGIN SELECT RAISE(ABORT, 'R01: the payment is not its parts'); END
--
CREATE TRIGGER renovation_draws AFTER INSERT ON renovation_part
BEGIN
  SELECT RAISE(ABORT, 'R02: a part comes after its payment')
  WHERE EXISTS (SELECT 1 FROM renovation_payment x WHERE x.compound_id = NEW.compound_id
                  AND x.renovation_no = NEW.renovation_no AND x.payment_no = NEW.payment_no);
  SELECT RAISE(ABORT, 'R03: a source pays beyond its plan')
  WHERE (SELECT s.planned_fen FROM renovation_source s
         WHERE s.compound_id = NEW.compound_id AND s.renovation_no = NEW.renovation_no
           AND s.source_no = NEW.source_no)
    < (SELECT sum(p.amount_fen) FROM renovation_part p
       WHERE p.compound_id = NEW.compound_id AND p.renovation_no = NEW.renovation_no
         AND p.source_no = NEW.source_no AND NOT EXISTS (
           SELECT 1 FROM renovation_reversal r WHERE r.compound_id = p.compound_id
             AND r.renovation_no = p.renovation_no AND r.payment_no = p.payment_no));
END
",
    append_only: &[
        "renovation",
        "renovation_step",
        "renovation_source",
        "renovation_paid_in",
        "renovation_part",
        "renovation_payment",
        "renovation_reversal",
        "maintenance_record",
    ],
    drops: &[
        "maintenance_record",
        "renovation_reversal",
        "renovation_payment",
        "renovation_part",
        "renovation_paid_in",
        "renovation_source",
        "renovation_step",
        "renovation",
    ],
};
