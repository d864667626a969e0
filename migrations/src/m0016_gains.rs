//! What idle money is placed in, the rates of localities, and how gains reached the dwellings: runs, their parts, shares.
//!
//! Nothing here is ever changed: a placement ends by a row beside it, a rate is corrected by a later one, a settlement by
//! the reversal of its voucher. A share has no foreign key: a million are written at once, and `verify` ties them.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0016_gains",
    tables: "
CREATE TABLE interest_rate (
  code {text} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('demand', 'three-months', 'six-months', 'one-year', 'custodian', 'pool-yield')),
  effective_from {day} NOT NULL,
  rate_e8 {big} NOT NULL CHECK (rate_e8 BETWEEN 0 AND 100000000),
  source {text} NOT NULL CHECK (source <> ''),
  corrects {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (code, kind, effective_from, act_no)
) {table};

CREATE TABLE gain_run (
  run_no {int} NOT NULL PRIMARY KEY CHECK (run_no > 0),
  year {small} NOT NULL,
  quarter {small} NOT NULL CHECK (quarter BETWEEN 0 AND 4),
  only_code {text} NOT NULL,
  through_compound {int} NOT NULL,
  expected {int} NOT NULL CHECK (expected >= 0),
  act_no {int} NOT NULL
) {table};

CREATE TABLE gain_manifest (
  run_no {int} NOT NULL PRIMARY KEY REFERENCES gain_run (run_no),
  posted {int} NOT NULL,
  earlier {int} NOT NULL,
  skipped {int} NOT NULL,
  households {big} NOT NULL,
  sum_fen {big} NOT NULL,
  left_fen {big} NOT NULL,
  digest {bytes} NOT NULL CHECK (length(digest) = 32),
  act_no {int} NOT NULL
) {table};

CREATE TABLE gain_settlement (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  settlement_no {int} NOT NULL CHECK (settlement_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('interest', 'distribution')),
  from_on {day} NOT NULL,
  settle_on {day} NOT NULL,
  again_no {int} NOT NULL CHECK (again_no >= 0),
  run_no {int} NULL REFERENCES gain_run (run_no),
  basis {text} NOT NULL,
  pack {text} NOT NULL,
  households {int} NOT NULL CHECK (households > 0),
  sum_fen {big} NOT NULL CHECK (sum_fen > 0),
  left_fen {big} NOT NULL CHECK (left_fen >= 0),
  first_seq {int} NOT NULL,
  last_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, settlement_no),
  CHECK (settle_on >= from_on AND last_seq >= first_seq)
) {table};

CREATE UNIQUE INDEX gain_settled_once ON gain_settlement (compound_id, settle_on, again_no) WHERE kind = 'interest';

CREATE TABLE gain_share (
  compound_id {int} NOT NULL,
  settlement_no {int} NOT NULL,
  dwelling_no {int} NOT NULL CHECK (dwelling_no > 0),
  account {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  worked {text} NOT NULL,
  PRIMARY KEY (compound_id, settlement_no, dwelling_no, account)
) {table};

CREATE TABLE gain_part (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  run_no {int} NOT NULL REFERENCES gain_run (run_no),
  outcome {text} NOT NULL CHECK (outcome IN ('posted', 'earlier', 'skipped')),
  settlement_no {int} NULL,
  code {text} NOT NULL,
  reason {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, run_no),
  FOREIGN KEY (compound_id, settlement_no) REFERENCES gain_settlement (compound_id, settlement_no),
  CHECK ((outcome = 'skipped') = (settlement_no IS NULL))
) {table};

CREATE INDEX gain_part_run ON gain_part (run_no, compound_id);

CREATE TABLE placement (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  placement_no {int} NOT NULL CHECK (placement_no > 0),
  kind {text} NOT NULL CHECK (kind IN ('term-deposit', 'primary-bond-to-maturity')),
  name {text} NOT NULL,
  nominal_fen {big} NOT NULL CHECK (nominal_fen > 0),
  cost_fen {big} NOT NULL CHECK (cost_fen > 0),
  rate_e8 {big} NOT NULL CHECK (rate_e8 BETWEEN 0 AND 100000000),
  early_rate_e8 {big} NOT NULL CHECK (early_rate_e8 BETWEEN 0 AND 100000000),
  starts_on {day} NOT NULL,
  matures_on {day} NOT NULL,
  renews_no {int} NULL,
  voucher_seq {int} NULL,
  evidence {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, placement_no),
  FOREIGN KEY (compound_id, renews_no) REFERENCES placement (compound_id, placement_no),
  CHECK (matures_on > starts_on AND (kind = 'term-deposit') = (voucher_seq IS NULL))
) {table};

CREATE TABLE placement_end (
  compound_id {int} NOT NULL,
  placement_no {int} NOT NULL,
  how {text} NOT NULL CHECK (how IN ('paid-out', 'renewed', 'early', 'handed-over')),
  ended_on {day} NOT NULL,
  interest_fen {big} NOT NULL CHECK (interest_fen >= 0),
  expected_fen {big} NOT NULL,
  voucher_seq {int} NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, placement_no, act_no),
  FOREIGN KEY (compound_id, placement_no) REFERENCES placement (compound_id, placement_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[
        "interest_rate",
        "gain_run",
        "gain_manifest",
        "gain_settlement",
        "gain_share",
        "gain_part",
        "placement",
        "placement_end",
    ],
    drops: &[
        "placement_end",
        "placement",
        "gain_part",
        "gain_share",
        "gain_settlement",
        "gain_manifest",
        "gain_run",
        "interest_rate",
    ],
};
