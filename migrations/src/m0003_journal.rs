//! The journal, and what the database itself refuses.
//!
//! The rules below hold against anyone who reaches the tables, our own code included. `tests` attacks each of
//! them with plain SQL on both databases.
//!
//! | code | rule |
//! |---|---|
//! | L01 | a voucher's lines arrive whole with it: 1 to `line_count`, on its day, debits equal credits |
//! | L02 | every account is in the book's chart, and a line of an account kept by dwelling names one |
//! | L03 | a voucher has lines |
//! | L04 | a voucher names the hash of the one before it, and follows it without a gap |
//! | L05 | numbers of a book and year have no gap, and come in the order of the vouchers |
//! | L06 | nothing enters a closed period, is later than its period, or passes over an open one |
//! | L07 | a reversal reverses an earlier voucher that is not itself a reversal; once (unique) |
//! | L08 | an amount is negative only in a red-letter reversal |
//! | L09 | nothing is changed, deleted or replaced |
//!
//! PostgreSQL: voucher and lines arrive in one statement and are judged as sets when it ends. SQLite: lines
//! arrive first, the voucher seals them (its trigger judges the lines), and a line without a voucher fails at
//! commit by a deferred foreign key; a line for a sealed voucher is refused at once.
//!
//! SQLite's REPLACE deletes what it replaces without asking a trigger for deletions. So there the triggers for insertions
//! refuse what is there already: by place, by number, by what is reversed, and by key in every append-only table.
//!
//! The triggers' look-ups say `ORDER BY … LIMIT 1` where an equality would do. PostgreSQL plans a trigger's query once a
//! session, perhaps while the tables are empty and every index looks equally good; the order leaves it one choice.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0003_journal",
    tables: "
CREATE TABLE book (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  book {small} NOT NULL CHECK (book BETWEEN 1 AND 4),
  chart {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, book)
) {table};

CREATE TABLE account (
  compound_id {int} NOT NULL,
  book {small} NOT NULL,
  account {int} NOT NULL CHECK (account BETWEEN 1000 AND 99999999),
  name {text} NOT NULL,
  element {text} NOT NULL CHECK (element IN ('asset', 'liability', 'net-asset', 'income', 'expenditure')),
  normal_side {small} NOT NULL CHECK (normal_side IN (1, -1)),
  analysis {small} NOT NULL CHECK (analysis IN (0, 1)),
  bearing {small} NOT NULL CHECK (bearing BETWEEN 0 AND 2),
  month_closes_to {int} NULL,
  year_closes_to {int} NULL,
  PRIMARY KEY (compound_id, book, account),
  FOREIGN KEY (compound_id, book) REFERENCES book (compound_id, book)
) {table};

CREATE TABLE matter (
  compound_id {int} NOT NULL,
  matter_no {int} NOT NULL CHECK (matter_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('bill', 'project', 'grant', 'contract', 'selling-unit')),
  name {text} NOT NULL,
  act_no {int} NOT NULL,
  {refers} (compound_id) REFERENCES compound (compound_id),
  PRIMARY KEY (compound_id, matter_no)
) {table};

CREATE TABLE voucher (
  compound_id {int} NOT NULL,
  book {small} NOT NULL,
  seq {int} NOT NULL CHECK (seq > 0),
  year {small} NOT NULL,
  number {int} NOT NULL CHECK (number > 0),
  period {int} NOT NULL CHECK (period / 100 = year AND period % 100 BETWEEN 1 AND 12),
  effective_on {day} NOT NULL CHECK (COALESCE(date(effective_on) = effective_on, FALSE)),
  recorded_at {big} NOT NULL,
  act_no {int} NOT NULL,
  line_count {int} NOT NULL CHECK (line_count BETWEEN 2 AND 20000),
  is_red {small} NOT NULL CHECK (is_red IN (0, 1)),
  reverses_seq {int} NULL,
  transfer_no {int} NULL,
  kind {text} NOT NULL CHECK (kind IN ('opening', 'deposit', 'refund', 'gains', 'repair', 'bill', 'payment', 'transfer',
    'closing', 'reversal', 'other')),
  memo {text} NOT NULL,
  source {text} NOT NULL,
  evidence {text} NOT NULL,
  prev_hash {bytes} NOT NULL CHECK (length(prev_hash) = 32),
  hash {bytes} NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (compound_id, book, seq),
  UNIQUE (compound_id, book, year, number),
  CHECK (is_red = 0 OR reverses_seq IS NOT NULL)
) {table};

CREATE UNIQUE INDEX voucher_reversed_once ON voucher (compound_id, book, reverses_seq)
  WHERE reverses_seq IS NOT NULL;

CREATE TABLE posting (
  compound_id {int} NOT NULL,
  book {small} NOT NULL,
  side {small} NOT NULL CHECK (side IN (1, -1)),
  seq {int} NOT NULL,
  line {int} NOT NULL CHECK (line > 0),
  account {int} NOT NULL,
  dwelling_no {int} NOT NULL CHECK (dwelling_no >= 0),
  matter_no {int} NOT NULL CHECK (matter_no >= 0),
  effective_on {day} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen <> 0 AND amount_fen BETWEEN -10000000000000 AND 10000000000000),
  PRIMARY KEY (compound_id, book, seq, line) {line_key}
) {table};

CREATE INDEX posting_account ON posting (compound_id, book, dwelling_no, account, effective_on);

CREATE TABLE balance (
  compound_id {int} NOT NULL,
  book {small} NOT NULL,
  account {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  matter_no {int} NOT NULL,
  debit_fen {big} NOT NULL,
  credit_fen {big} NOT NULL,
  PRIMARY KEY (compound_id, book, dwelling_no, account, matter_no)
) {balance_table};

CREATE TABLE period_close (
  compound_id {int} NOT NULL,
  book {small} NOT NULL,
  period {int} NOT NULL,
  act_no {int} NOT NULL,
  head_seq {int} NOT NULL,
  head_hash {bytes} NOT NULL,
  PRIMARY KEY (compound_id, book, period),
  FOREIGN KEY (compound_id, book) REFERENCES book (compound_id, book)
) {table};

CREATE TABLE period_balance (
  compound_id {int} NOT NULL,
  book {small} NOT NULL,
  period {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  account {int} NOT NULL,
  matter_no {int} NOT NULL,
  debit_fen {big} NOT NULL,
  credit_fen {big} NOT NULL,
  PRIMARY KEY (compound_id, book, dwelling_no, account, matter_no, period)
) {table};

CREATE TABLE reserve (
  compound_id {int} NOT NULL,
  reserve_no {int} NOT NULL CHECK (reserve_no > 0),
  book {small} NOT NULL,
  matter_no {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, reserve_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE TABLE reserve_line (
  compound_id {int} NOT NULL,
  reserve_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  act_no {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen <> 0),
  PRIMARY KEY (compound_id, dwelling_no, reserve_no, act_no),
  FOREIGN KEY (compound_id, reserve_no) REFERENCES reserve (compound_id, reserve_no)
) {table}
",
    postgres: "
CREATE OR REPLACE FUNCTION postings_arrive() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text; why text;
BEGIN
  SELECT format('%s/%s/%s', p.compound_id, p.book, p.seq),
         CASE WHEN p.least < 0 AND v.is_red = 0 THEN 'L08: an amount is negative and it is not red'
              ELSE 'L01: not whole, balanced and new' END INTO bad, why
  FROM (SELECT compound_id, book, seq, count(*) AS n, min(line) AS low, max(line) AS high,
               sum(side * amount_fen) AS gap, min(amount_fen) AS least,
               min(effective_on) AS first_on, max(effective_on) AS last_on
        FROM arrived GROUP BY compound_id, book, seq) p
  LEFT JOIN LATERAL (SELECT * FROM voucher v
                     WHERE v.compound_id = p.compound_id AND v.book = p.book AND v.seq <= p.seq
                     ORDER BY v.seq DESC LIMIT 1) v ON v.seq = p.seq
  WHERE v.seq IS NULL OR p.n <> v.line_count OR p.low <> 1 OR p.high <> v.line_count OR p.gap <> 0
     OR p.first_on <> v.effective_on OR p.last_on <> v.effective_on OR (p.least < 0 AND v.is_red = 0)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: voucher %', why, bad USING ERRCODE = '23' || left(why, 3);
  END IF;

  PERFORM FROM (SELECT DISTINCT compound_id, book, account, dwelling_no = 0 AND matter_no = 0 AS is_bare FROM arrived) p
  LEFT JOIN account a ON a.compound_id = p.compound_id AND a.book = p.book AND a.account = p.account
  WHERE a.account IS NULL OR (a.analysis = 1 AND p.is_bare)
  LIMIT 1;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  -- An account is unknown, or a closing voucher's bare line stands beside one of its kind that must not be bare.
  SELECT format('%s/%s %s', p.compound_id, p.book, p.account) INTO bad
  FROM (SELECT DISTINCT compound_id, book, account,
               CASE WHEN dwelling_no = 0 AND matter_no = 0 THEN seq ELSE 0 END AS bare FROM arrived) p
  LEFT JOIN account a ON a.compound_id = p.compound_id AND a.book = p.book AND a.account = p.account
  WHERE a.account IS NULL
     OR (a.analysis = 1 AND p.bare > 0 AND 'closing' <>
           (SELECT v.kind FROM voucher v
            WHERE v.compound_id = p.compound_id AND v.book = p.book AND v.seq <= p.bare
            ORDER BY v.seq DESC LIMIT 1))
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'L02: account % is unknown, or its line names no dwelling', bad USING ERRCODE = '23L02';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER posting_arrives AFTER INSERT ON posting REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION postings_arrive();

CREATE OR REPLACE FUNCTION vouchers_arrive() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text; why text;
BEGIN
  -- Nearly every voucher follows the one before it in its year, in its own month, which is open. Seeing that takes three
  -- look-ups; everything else is judged in full below.
  PERFORM FROM arrived v
  LEFT JOIN LATERAL (SELECT b.seq, b.hash, b.year, b.number FROM voucher b
                     WHERE b.compound_id = v.compound_id AND b.book = v.book AND b.seq < v.seq
                     ORDER BY b.seq DESC LIMIT 1) b ON TRUE
  WHERE (b.seq = v.seq - 1 AND b.hash = v.prev_hash AND b.year = v.year AND b.number = v.number - 1
         AND v.reverses_seq IS NULL
         AND extract(year FROM v.effective_on) * 100 + extract(month FROM v.effective_on) = v.period
         AND v.line_count = (SELECT p.line FROM posting p
                             WHERE p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
                             ORDER BY p.line DESC LIMIT 1)
         AND v.period > COALESCE((SELECT c.period FROM period_close c
                                  WHERE c.compound_id = v.compound_id AND c.book = v.book
                                  ORDER BY c.period DESC LIMIT 1), 0)) IS NOT TRUE
  LIMIT 1;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  SELECT format('%s/%s/%s', v.compound_id, v.book, v.seq), v.why INTO bad, why
  FROM (
    SELECT v.compound_id, v.book, v.seq,
      CASE
        WHEN v.line_count IS DISTINCT FROM
             (SELECT p.line FROM posting p
              WHERE p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq
              ORDER BY p.line DESC LIMIT 1)
          THEN CASE WHEN EXISTS (SELECT 1 FROM posting p
                                 WHERE p.compound_id = v.compound_id AND p.book = v.book AND p.seq = v.seq)
                    THEN 'L01: is not whole' ELSE 'L03: has no lines' END
        WHEN v.seq = 1 AND v.prev_hash <> decode(repeat('00', 32), 'hex')
          THEN 'L04: the first names another before it'
        WHEN v.seq > 1 AND (v.seq - 1, v.prev_hash) IS DISTINCT FROM
             (SELECT (b.seq, b.hash) FROM voucher b
              WHERE b.compound_id = v.compound_id AND b.book = v.book AND b.seq < v.seq
              ORDER BY b.seq DESC LIMIT 1)
          THEN 'L04: does not name the voucher before it'
        WHEN v.number > 1 AND (v.number - 1, TRUE) IS DISTINCT FROM
             (SELECT (b.number, b.seq < v.seq) FROM voucher b
              WHERE b.compound_id = v.compound_id AND b.book = v.book AND b.year = v.year
                AND b.number < v.number
              ORDER BY b.number DESC LIMIT 1)
          THEN 'L05: is not numbered after the one before it'
        WHEN extract(year FROM v.effective_on) * 100 + extract(month FROM v.effective_on) > v.period
          THEN 'L06: is later than its period'
        WHEN v.period <=
             (SELECT c.period FROM period_close c
              WHERE c.compound_id = v.compound_id AND c.book = v.book ORDER BY c.period DESC LIMIT 1)
          THEN 'L06: enters a closed period'
        WHEN extract(year FROM v.effective_on) * 100 + extract(month FROM v.effective_on) < v.period
             AND CASE WHEN v.period % 100 = 1 THEN v.period - 89 ELSE v.period - 1 END IS DISTINCT FROM
             (SELECT c.period FROM period_close c
              WHERE c.compound_id = v.compound_id AND c.book = v.book AND c.period < v.period
              ORDER BY c.period DESC LIMIT 1)
          THEN 'L06: passes over an open period'
        WHEN v.reverses_seq IS NOT NULL AND (v.reverses_seq >= v.seq OR NOT EXISTS (
               SELECT 1 FROM voucher o WHERE o.compound_id = v.compound_id AND o.book = v.book
                  AND o.seq = v.reverses_seq AND o.reverses_seq IS NULL))
          THEN 'L07: reverses what cannot be reversed'
      END AS why
    FROM arrived v) v
  WHERE v.why IS NOT NULL
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: voucher %', why, bad USING ERRCODE = '23' || left(why, 3);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER voucher_arrives AFTER INSERT ON voucher REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION vouchers_arrive();

CREATE OR REPLACE FUNCTION balances_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  SELECT format('%s/%s %s', a.compound_id, a.book, a.period) INTO bad
  FROM (SELECT DISTINCT compound_id, book, period FROM arrived) a
  WHERE a.period <= (SELECT c.period FROM period_close c
                     WHERE c.compound_id = a.compound_id AND c.book = a.book ORDER BY c.period DESC LIMIT 1)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'L06: period % is closed', bad USING ERRCODE = '23L06';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER period_balance_freezes AFTER INSERT ON period_balance REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION balances_freeze()
",
    sqlite: "
CREATE TRIGGER posting_arrives BEFORE INSERT ON posting
WHEN EXISTS (SELECT 1 FROM voucher v
             WHERE v.compound_id = NEW.compound_id AND v.book = NEW.book AND v.seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'L01: the voucher is sealed'); END
--
CREATE TRIGGER voucher_arrives BEFORE INSERT ON voucher
BEGIN
  SELECT CASE
    WHEN p.n = 0 THEN RAISE(ABORT, 'L03: the voucher has no lines')
    WHEN p.least < 0 AND NEW.is_red = 0
      THEN RAISE(ABORT, 'L08: an amount is negative and the voucher is not red')
    WHEN p.n <> NEW.line_count OR p.low <> 1 OR p.high <> NEW.line_count OR p.gap <> 0
      OR p.first_on <> NEW.effective_on OR p.last_on <> NEW.effective_on
      THEN RAISE(ABORT, 'L01: the voucher is not whole and balanced')
  END
  FROM (SELECT count(*) AS n, min(line) AS low, max(line) AS high, sum(side * amount_fen) AS gap,
               min(amount_fen) AS least, min(effective_on) AS first_on, max(effective_on) AS last_on
        FROM posting p
        WHERE p.compound_id = NEW.compound_id AND p.book = NEW.book AND p.seq = NEW.seq) p;
  SELECT RAISE(ABORT, 'L02: an account is unknown, or its line names no dwelling')
  WHERE EXISTS (
    SELECT 1 FROM posting p
    LEFT JOIN account a ON a.compound_id = p.compound_id AND a.book = p.book AND a.account = p.account
    WHERE p.compound_id = NEW.compound_id AND p.book = NEW.book AND p.seq = NEW.seq
      AND (a.account IS NULL
           OR (a.analysis = 1 AND p.dwelling_no = 0 AND p.matter_no = 0 AND NEW.kind <> 'closing')));
  SELECT RAISE(ABORT, 'L04: the voucher does not name the one before it')
  WHERE NEW.seq - 1 <> COALESCE((SELECT b.seq FROM voucher b
                                 WHERE b.compound_id = NEW.compound_id AND b.book = NEW.book
                                 ORDER BY b.seq DESC LIMIT 1), 0)
     OR NEW.prev_hash <> COALESCE((SELECT b.hash FROM voucher b
                                   WHERE b.compound_id = NEW.compound_id AND b.book = NEW.book
                                   ORDER BY b.seq DESC LIMIT 1), zeroblob(32));
  SELECT RAISE(ABORT, 'L05: the voucher is not numbered after the one before it')
  WHERE NEW.number - 1 <> COALESCE((SELECT b.number FROM voucher b
                                    WHERE b.compound_id = NEW.compound_id AND b.book = NEW.book
                                      AND b.year = NEW.year
                                    ORDER BY b.number DESC LIMIT 1), 0);
  SELECT CASE
    WHEN own.month > NEW.period THEN RAISE(ABORT, 'L06: the voucher is later than its period')
    WHEN EXISTS (SELECT 1 FROM period_close c WHERE c.compound_id = NEW.compound_id AND c.book = NEW.book
                   AND c.period >= NEW.period)
      THEN RAISE(ABORT, 'L06: the voucher enters a closed period')
    WHEN own.month < NEW.period
      AND NOT EXISTS (SELECT 1 FROM period_close c WHERE c.compound_id = NEW.compound_id AND c.book = NEW.book
                        AND c.period = CASE WHEN NEW.period % 100 = 1 THEN NEW.period - 89 ELSE NEW.period - 1 END)
      THEN RAISE(ABORT, 'L06: the voucher passes over an open period')
  END
  FROM (SELECT CAST(substr(NEW.effective_on, 1, 4) || substr(NEW.effective_on, 6, 2) AS INTEGER) AS month) own;
  SELECT RAISE(ABORT, 'L07: the voucher reverses what cannot be reversed')
  WHERE NEW.reverses_seq IS NOT NULL
    AND (NOT EXISTS (
           SELECT 1 FROM voucher o WHERE o.compound_id = NEW.compound_id AND o.book = NEW.book
              AND o.seq = NEW.reverses_seq AND o.seq < NEW.seq AND o.reverses_seq IS NULL)
         OR EXISTS (
           SELECT 1 FROM voucher r WHERE r.compound_id = NEW.compound_id AND r.book = NEW.book
              AND r.reverses_seq = NEW.reverses_seq));
END
--
CREATE TRIGGER period_balance_freezes BEFORE INSERT ON period_balance
WHEN EXISTS (SELECT 1 FROM period_close c
             WHERE c.compound_id = NEW.compound_id AND c.book = NEW.book AND c.period >= NEW.period)
BEGIN SELECT RAISE(ABORT, 'L06: the period is closed'); END
--
CREATE TRIGGER period_close_is_new BEFORE INSERT ON period_close
WHEN EXISTS (SELECT 1 FROM period_close o
             WHERE o.compound_id = NEW.compound_id AND o.book = NEW.book AND o.period = NEW.period)
BEGIN SELECT RAISE(ABORT, 'L09: period_close is append-only'); END
--
CREATE TRIGGER matter_is_new BEFORE INSERT ON matter
WHEN EXISTS (SELECT 1 FROM matter o WHERE o.compound_id = NEW.compound_id AND o.matter_no = NEW.matter_no)
BEGIN SELECT RAISE(ABORT, 'L09: matter is append-only'); END
--
CREATE TRIGGER reserve_is_new BEFORE INSERT ON reserve
WHEN EXISTS (SELECT 1 FROM reserve o WHERE o.compound_id = NEW.compound_id AND o.reserve_no = NEW.reserve_no)
BEGIN SELECT RAISE(ABORT, 'L09: reserve is append-only'); END
--
CREATE TRIGGER reserve_line_is_new BEFORE INSERT ON reserve_line
WHEN EXISTS (SELECT 1 FROM reserve_line o
             WHERE o.compound_id = NEW.compound_id AND o.dwelling_no = NEW.dwelling_no
               AND o.reserve_no = NEW.reserve_no AND o.act_no = NEW.act_no)
BEGIN SELECT RAISE(ABORT, 'L09: reserve_line is append-only'); END
",
    append_only: &["voucher", "posting", "period_close", "period_balance", "matter", "reserve", "reserve_line"],
    drops: &[
        "reserve_line",
        "reserve",
        "period_balance",
        "period_close",
        "balance",
        "posting",
        "voucher",
        "matter",
        "account",
        "book",
    ],
};
