//! Government money (补贴): programmes, what they allot, tranches, what each may be spent on, what was, and who was assessed.
//!
//! What the database knows of 专款专用 it refuses by itself: a tranche's own uses, its own project and the content of that
//! project are foreign keys; a tranche below nothing (S01, S02), a content that takes central money twice (S03), a spending
//! without its purpose (S04) or after its day (S05), more received than granted (S06), a period granted twice (S07), and money
//! that moves in a tranche that was withdrawn (S08) are triggers. What was entered by mistake stays, and a row says so.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0025_subsidy",
    tables: "
CREATE TABLE programme (
  programme_no {int} NOT NULL PRIMARY KEY CHECK (programme_no > 0),
  document {text} NOT NULL UNIQUE,
  title {text} NOT NULL,
  level {text} NOT NULL CHECK (level IN ('central-mof', 'central-ndrc', 'province', 'city', 'district', 'street')),
  area_id {int} NULL REFERENCES area (area_id),
  budget_fen {big} NOT NULL CHECK (budget_fen > 0),
  from_on {day} NOT NULL,
  until_on {day} NOT NULL,
  terms {text} NOT NULL,
  act_no {int} NOT NULL,
  CHECK (until_on >= from_on)
) {table};

CREATE TABLE allotment (
  allotment_no {int} NOT NULL PRIMARY KEY CHECK (allotment_no > 0),
  programme_no {int} NOT NULL REFERENCES programme (programme_no),
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  allotted_on {day} NOT NULL,
  document {text} NOT NULL,
  act_no {int} NOT NULL
) {table};

CREATE INDEX allotment_programme ON allotment (programme_no, compound_id);

CREATE TABLE allotment_withdrawal (
  allotment_no {int} NOT NULL PRIMARY KEY REFERENCES allotment (allotment_no),
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  reason {text} NOT NULL,
  withdrawn_on {day} NOT NULL,
  act_no {int} NOT NULL
) {table};

CREATE TABLE content (
  compound_id {int} NOT NULL,
  content_no {int} NOT NULL CHECK (content_no > 0),
  matter_no {int} NOT NULL,
  item {text} NOT NULL,
  class {text} NOT NULL CHECK (class IN ('basic', 'improve', 'upgrade')),
  building {text} NOT NULL,
  name {text} NOT NULL,
  budget_fen {big} NOT NULL CHECK (budget_fen > 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, content_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE UNIQUE INDEX content_of_project ON content (compound_id, content_no, matter_no, item, building);

CREATE TABLE tranche (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  tranche_no {int} NOT NULL CHECK (tranche_no > 0),
  programme_no {int} NOT NULL REFERENCES programme (programme_no),
  is_central {small} NOT NULL CHECK (is_central IN (0, 1)),
  matter_no {int} NOT NULL,
  project_matter_no {int} NOT NULL CHECK (project_matter_no >= 0),
  part {text} NOT NULL CHECK (part IN ('whole', 'advance', 'rest')),
  period {text} NOT NULL,
  gross_fen {big} NOT NULL,
  granted_fen {big} NOT NULL CHECK (granted_fen BETWEEN 1 AND gross_fen),
  base {text} NOT NULL,
  granted_on {day} NOT NULL,
  spend_by {day} NOT NULL,
  evidence {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, tranche_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no),
  CHECK (spend_by >= granted_on)
) {table};

CREATE UNIQUE INDEX tranche_whose ON tranche (compound_id, tranche_no, project_matter_no, programme_no, is_central);

CREATE INDEX tranche_period ON tranche (compound_id, programme_no, project_matter_no, period, part);

CREATE TABLE tranche_withdrawal (
  compound_id {int} NOT NULL,
  tranche_no {int} NOT NULL,
  reason {text} NOT NULL,
  withdrawn_on {day} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, tranche_no),
  FOREIGN KEY (compound_id, tranche_no) REFERENCES tranche (compound_id, tranche_no)
) {table};

CREATE TABLE tranche_use (
  compound_id {int} NOT NULL,
  tranche_no {int} NOT NULL,
  item {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, tranche_no, item),
  FOREIGN KEY (compound_id, tranche_no) REFERENCES tranche (compound_id, tranche_no)
) {table};

CREATE TABLE tranche_spend (
  compound_id {int} NOT NULL,
  move_no {int} NOT NULL CHECK (move_no > 0),
  tranche_no {int} NOT NULL,
  programme_no {int} NOT NULL,
  is_central {small} NOT NULL,
  project_matter_no {int} NOT NULL,
  content_no {int} NULL,
  item {text} NOT NULL,
  building {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, move_no),
  FOREIGN KEY (compound_id, tranche_no, project_matter_no, programme_no, is_central)
    REFERENCES tranche (compound_id, tranche_no, project_matter_no, programme_no, is_central),
  FOREIGN KEY (compound_id, tranche_no, item) REFERENCES tranche_use (compound_id, tranche_no, item),
  FOREIGN KEY (compound_id, content_no, project_matter_no, item, building)
    REFERENCES content (compound_id, content_no, matter_no, item, building),
  CHECK ((content_no IS NULL) = (project_matter_no = 0))
) {table};

CREATE INDEX tranche_spend_item ON tranche_spend (compound_id, item);

CREATE TABLE tranche_move (
  compound_id {int} NOT NULL,
  move_no {int} NOT NULL CHECK (move_no > 0),
  tranche_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('receipt', 'interest', 'spend', 'claw-back', 'hand-back')),
  sign {small} NOT NULL CHECK (sign = CASE WHEN kind IN ('spend', 'hand-back') THEN -1 ELSE 1 END),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  moved_on {day} NOT NULL,
  payee {text} NOT NULL,
  evidence {text} NOT NULL,
  of_move_no {int} NULL,
  line_no {int} NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, move_no),
  FOREIGN KEY (compound_id, tranche_no) REFERENCES tranche (compound_id, tranche_no),
  FOREIGN KEY (compound_id, of_move_no) REFERENCES tranche_spend (compound_id, move_no),
  CHECK ((of_move_no IS NULL) = (kind <> 'claw-back'))
) {table};

CREATE INDEX tranche_move_tranche ON tranche_move (compound_id, tranche_no);

CREATE TABLE appraisal (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  programme_no {int} NOT NULL REFERENCES programme (programme_no),
  period {text} NOT NULL,
  score_e2 {int} NOT NULL CHECK (score_e2 BETWEEN 0 AND 10000),
  appraised_on {day} NOT NULL,
  findings {text} NOT NULL,
  evidence {text} NOT NULL,
  by_name {text} NOT NULL,
  by_role {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, programme_no, period)
) {table};

CREATE TABLE earnest (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  programme_no {int} NOT NULL REFERENCES programme (programme_no),
  matter_no {int} NOT NULL,
  payer {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, programme_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE TABLE earnest_move (
  compound_id {int} NOT NULL,
  earnest_no {int} NOT NULL CHECK (earnest_no > 0),
  programme_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('paid', 'deducted', 'rewarded', 'returned', 'surrendered')),
  period {text} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  moved_on {day} NOT NULL,
  evidence {text} NOT NULL,
  line_no {int} NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, earnest_no),
  FOREIGN KEY (compound_id, programme_no) REFERENCES earnest (compound_id, programme_no),
  CHECK ((period <> '') = (kind IN ('deducted', 'rewarded')))
) {table};

CREATE TABLE grant_roster (
  compound_id {int} NOT NULL,
  programme_no {int} NOT NULL REFERENCES programme (programme_no),
  period {text} NOT NULL,
  dwelling_no {int} NOT NULL,
  persons {int} NOT NULL CHECK (persons > 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, programme_no, period, dwelling_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table}
",
    postgres: "
CREATE OR REPLACE FUNCTION grant_money_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'S02: the grant money of matter % is below nothing', NEW.matter_no USING ERRCODE = '23S02';
END $$;
CREATE TRIGGER grant_money_stays AFTER INSERT OR UPDATE ON balance
  FOR EACH ROW WHEN (NEW.book = 4 AND NEW.account = 1002 AND NEW.matter_no > 0 AND NEW.debit_fen < NEW.credit_fen)
  EXECUTE FUNCTION grant_money_stays();

CREATE OR REPLACE FUNCTION tranche_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM tranche t WHERE t.compound_id = NEW.compound_id AND t.programme_no = NEW.programme_no
      AND t.project_matter_no = NEW.project_matter_no AND t.period = NEW.period AND t.part = NEW.part
      AND t.tranche_no <> NEW.tranche_no AND NOT EXISTS (
        SELECT 1 FROM tranche_withdrawal w WHERE w.compound_id = t.compound_id AND w.tranche_no = t.tranche_no)) THEN
    RAISE EXCEPTION 'S07: the period % is granted twice', NEW.period USING ERRCODE = '23S07';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tranche_once AFTER INSERT ON tranche
  FOR EACH ROW WHEN (NEW.period <> '') EXECUTE FUNCTION tranche_once();

CREATE OR REPLACE FUNCTION tranche_unmoved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM tranche_move m WHERE m.compound_id = NEW.compound_id AND m.tranche_no = NEW.tranche_no AND NOT EXISTS (
      SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
        AND v.reverses_seq = m.voucher_seq)) THEN
    RAISE EXCEPTION 'S08: money moved in tranche %', NEW.tranche_no USING ERRCODE = '23S08';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tranche_unmoved AFTER INSERT ON tranche_withdrawal FOR EACH ROW EXECUTE FUNCTION tranche_unmoved();

CREATE OR REPLACE FUNCTION tranche_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM tranche_withdrawal w WHERE w.compound_id = NEW.compound_id AND w.tranche_no = NEW.tranche_no) THEN
    RAISE EXCEPTION 'S08: tranche % was withdrawn', NEW.tranche_no USING ERRCODE = '23S08';
  END IF;
  IF 0 > (SELECT sum(m.sign * m.amount_fen) FROM tranche_move m
          WHERE m.compound_id = NEW.compound_id AND m.tranche_no = NEW.tranche_no AND NOT EXISTS (
            SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
              AND v.reverses_seq = m.voucher_seq)) THEN
    RAISE EXCEPTION 'S01: tranche % is below nothing', NEW.tranche_no USING ERRCODE = '23S01';
  END IF;
  IF NEW.kind = 'spend' AND NOT EXISTS (
       SELECT 1 FROM tranche_spend s WHERE s.compound_id = NEW.compound_id AND s.move_no = NEW.move_no
         AND s.tranche_no = NEW.tranche_no) THEN
    RAISE EXCEPTION 'S04: the spending % has no purpose', NEW.move_no USING ERRCODE = '23S04';
  END IF;
  IF NEW.kind = 'spend' AND NEW.moved_on > (
       SELECT t.spend_by FROM tranche t WHERE t.compound_id = NEW.compound_id AND t.tranche_no = NEW.tranche_no) THEN
    RAISE EXCEPTION 'S05: tranche % is spent after its day', NEW.tranche_no USING ERRCODE = '23S05';
  END IF;
  IF NEW.kind = 'receipt' AND (
       SELECT t.granted_fen FROM tranche t WHERE t.compound_id = NEW.compound_id AND t.tranche_no = NEW.tranche_no)
     < (SELECT sum(m.amount_fen) FROM tranche_move m
        WHERE m.compound_id = NEW.compound_id AND m.tranche_no = NEW.tranche_no AND m.kind = 'receipt' AND NOT EXISTS (
          SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
            AND v.reverses_seq = m.voucher_seq)) THEN
    RAISE EXCEPTION 'S06: tranche % received more than was granted', NEW.tranche_no USING ERRCODE = '23S06';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tranche_moves AFTER INSERT ON tranche_move FOR EACH ROW EXECUTE FUNCTION tranche_moves();

CREATE OR REPLACE FUNCTION central_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM tranche_spend s JOIN tranche_move m ON m.compound_id = s.compound_id AND m.move_no = s.move_no
    WHERE s.compound_id = NEW.compound_id AND s.item = NEW.item AND s.is_central = 1 AND s.content_no IS NOT NULL
      AND (s.building = '' OR NEW.building = '' OR s.building = NEW.building)
      AND (s.programme_no <> NEW.programme_no OR s.content_no <> NEW.content_no)
      AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                        AND v.reverses_seq = m.voucher_seq)) THEN
    RAISE EXCEPTION 'S03: % takes central money twice', NEW.item USING ERRCODE = '23S03';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER central_once AFTER INSERT ON tranche_spend
  FOR EACH ROW WHEN (NEW.is_central = 1 AND NEW.content_no IS NOT NULL) EXECUTE FUNCTION central_once()
",
    sqlite: "
CREATE TRIGGER grant_money_stays AFTER INSERT ON balance
WHEN NEW.book = 4 AND NEW.account = 1002 AND NEW.matter_no > 0 AND NEW.debit_fen < NEW.credit_fen
BEGIN SELECT RAISE(ABORT, 'S02: the grant money of a matter is below nothing'); END
--
CREATE TRIGGER grant_money_still_stays AFTER UPDATE ON balance
WHEN NEW.book = 4 AND NEW.account = 1002 AND NEW.matter_no > 0 AND NEW.debit_fen < NEW.credit_fen
BEGIN SELECT RAISE(ABORT, 'S02: the grant money of a matter is below nothing'); END
--
CREATE TRIGGER tranche_once AFTER INSERT ON tranche
WHEN NEW.period <> ''
BEGIN
  SELECT RAISE(ABORT, 'S07: the period is granted twice')
  WHERE EXISTS (
    SELECT 1 FROM tranche t WHERE t.compound_id = NEW.compound_id AND t.programme_no = NEW.programme_no
      AND t.project_matter_no = NEW.project_matter_no AND t.period = NEW.period AND t.part = NEW.part
      AND t.tranche_no <> NEW.tranche_no AND NOT EXISTS (
        SELECT 1 FROM tranche_withdrawal w WHERE w.compound_id = t.compound_id AND w.tranche_no = t.tranche_no));
END
--
CREATE TRIGGER tranche_unmoved AFTER INSERT ON tranche_withdrawal
BEGIN
  SELECT RAISE(ABORT, 'S08: money moved in the tranche')
  WHERE EXISTS (
    SELECT 1 FROM tranche_move m WHERE m.compound_id = NEW.compound_id AND m.tranche_no = NEW.tranche_no AND NOT EXISTS (
      SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
        AND v.reverses_seq = m.voucher_seq));
END
--
CREATE TRIGGER tranche_moves AFTER INSERT ON tranche_move
BEGIN
  SELECT RAISE(ABORT, 'S08: the tranche was withdrawn')
  WHERE EXISTS (
    SELECT 1 FROM tranche_withdrawal w WHERE w.compound_id = NEW.compound_id AND w.tranche_no = NEW.tranche_no);
  SELECT RAISE(ABORT, 'S01: the tranche is below nothing')
  WHERE 0 > (SELECT sum(m.sign * m.amount_fen) FROM tranche_move m
             WHERE m.compound_id = NEW.compound_id AND m.tranche_no = NEW.tranche_no AND NOT EXISTS (
               SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                 AND v.reverses_seq = m.voucher_seq));
  SELECT RAISE(ABORT, 'S04: the spending has no purpose')
  WHERE NEW.kind = 'spend' AND NOT EXISTS (
    SELECT 1 FROM tranche_spend s WHERE s.compound_id = NEW.compound_id AND s.move_no = NEW.move_no
      AND s.tranche_no = NEW.tranche_no);
  SELECT RAISE(ABORT, 'S05: the tranche is spent after its day')
  WHERE NEW.kind = 'spend' AND NEW.moved_on > (
    SELECT t.spend_by FROM tranche t WHERE t.compound_id = NEW.compound_id AND t.tranche_no = NEW.tranche_no);
  SELECT RAISE(ABORT, 'S06: the tranche received more than was granted')
  WHERE NEW.kind = 'receipt' AND (
    SELECT t.granted_fen FROM tranche t WHERE t.compound_id = NEW.compound_id AND t.tranche_no = NEW.tranche_no)
    < (SELECT sum(m.amount_fen) FROM tranche_move m
       WHERE m.compound_id = NEW.compound_id AND m.tranche_no = NEW.tranche_no AND m.kind = 'receipt' AND NOT EXISTS (
         SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
           AND v.reverses_seq = m.voucher_seq));
END
--
CREATE TRIGGER central_once AFTER INSERT ON tranche_spend
WHEN NEW.is_central = 1 AND NEW.content_no IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'S03: a content takes central money twice')
  WHERE EXISTS (
    SELECT 1 FROM tranche_spend s JOIN tranche_move m ON m.compound_id = s.compound_id AND m.move_no = s.move_no
    WHERE s.compound_id = NEW.compound_id AND s.item = NEW.item AND s.is_central = 1 AND s.content_no IS NOT NULL
      AND (s.building = '' OR NEW.building = '' OR s.building = NEW.building)
      AND (s.programme_no <> NEW.programme_no OR s.content_no <> NEW.content_no)
      AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                        AND v.reverses_seq = m.voucher_seq));
END
",
    append_only: &[
        "programme",
        "allotment",
        "allotment_withdrawal",
        "content",
        "tranche",
        "tranche_withdrawal",
        "tranche_use",
        "tranche_spend",
        "tranche_move",
        "appraisal",
        "earnest",
        "earnest_move",
        "grant_roster",
    ],
    drops: &[
        "grant_roster",
        "earnest_move",
        "earnest",
        "appraisal",
        "tranche_move",
        "tranche_spend",
        "tranche_use",
        "tranche_withdrawal",
        "tranche",
        "content",
        "allotment_withdrawal",
        "allotment",
        "programme",
    ],
};
