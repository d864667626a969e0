//! What the owners decide in common: rounds, motions, the frozen roll, ballots, results.
//!
//! Nothing here is ever changed: a round moves on by a new step, a ballot is corrected by another ballot.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0012_governance",
    tables: "
CREATE TABLE vote_round (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  round_no {int} NOT NULL CHECK (round_no > 0),
  title {text} NOT NULL,
  convener {text} NOT NULL,
  scope {text} NOT NULL,
  terms {text} NOT NULL,
  opens_on {day} NOT NULL,
  closes_on {day} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no),
  CHECK (closes_on >= opens_on)
) {table};

CREATE TABLE vote_motion (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  motion_no {int} NOT NULL CHECK (motion_no > 0),
  title {text} NOT NULL,
  plan {text} NOT NULL,
  amount_cap_fen {big} NOT NULL CHECK (amount_cap_fen >= 0),
  rule {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no, motion_no),
  FOREIGN KEY (compound_id, round_no) REFERENCES vote_round (compound_id, round_no)
) {table};

CREATE TABLE vote_step (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  step {text} NOT NULL CHECK (step IN ('frozen', 'announced', 'open', 'closed', 'withdrawn')),
  taken_on {day} NOT NULL,
  note {text} NOT NULL,
  digest {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no, step),
  FOREIGN KEY (compound_id, round_no) REFERENCES vote_round (compound_id, round_no)
) {table};

CREATE TABLE vote_roll (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  code {text} NOT NULL,
  head_no {int} NOT NULL CHECK (head_no > 0),
  area_centi_m2 {big} NOT NULL CHECK (area_centi_m2 > 0),
  shown_name {text} NOT NULL,
  owners {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no, dwelling_no),
  FOREIGN KEY (compound_id, round_no) REFERENCES vote_round (compound_id, round_no)
) {table};

CREATE TABLE vote_delivery (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  delivery_no {int} NOT NULL CHECK (delivery_no > 0),
  head_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  method {text} NOT NULL,
  delivered_on {day} NOT NULL,
  evidence {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no, delivery_no),
  FOREIGN KEY (compound_id, round_no, dwelling_no) REFERENCES vote_roll (compound_id, round_no, dwelling_no)
) {table};

CREATE TABLE vote_proxy (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  proxy_no {int} NOT NULL CHECK (proxy_no > 0),
  head_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  agent_name {text} NOT NULL,
  agent_id_tail {text} NOT NULL,
  signed_on {day} NOT NULL,
  evidence {text} NOT NULL,
  instructions {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no, proxy_no),
  FOREIGN KEY (compound_id, round_no, dwelling_no) REFERENCES vote_roll (compound_id, round_no, dwelling_no)
) {table};

CREATE TABLE vote_entry (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  entry_no {int} NOT NULL CHECK (entry_no > 0),
  slip_no {text} NOT NULL,
  entered_by {text} NOT NULL,
  slip {text} NOT NULL,
  note {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no, entry_no),
  FOREIGN KEY (compound_id, round_no) REFERENCES vote_round (compound_id, round_no)
) {table};

CREATE INDEX vote_entry_slip ON vote_entry (compound_id, round_no, slip_no);

CREATE TABLE vote_ballot (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  ballot_no {int} NOT NULL CHECK (ballot_no > 0),
  head_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  channel {text} NOT NULL CHECK (channel IN ('paper', 'online')),
  slip_no {text} NOT NULL,
  received_on {day} NOT NULL,
  owner_no {int} NULL,
  proxy_no {int} NULL,
  invalid_reason {text} NOT NULL,
  corrects_no {int} NULL,
  reason {text} NOT NULL,
  answers {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no, ballot_no),
  FOREIGN KEY (compound_id, round_no, dwelling_no) REFERENCES vote_roll (compound_id, round_no, dwelling_no),
  FOREIGN KEY (compound_id, round_no, proxy_no) REFERENCES vote_proxy (compound_id, round_no, proxy_no),
  FOREIGN KEY (compound_id, round_no, corrects_no) REFERENCES vote_ballot (compound_id, round_no, ballot_no),
  CHECK (corrects_no IS NULL OR (corrects_no < ballot_no AND reason <> ''))
) {table};

CREATE INDEX vote_ballot_slip ON vote_ballot (compound_id, round_no, slip_no);

CREATE UNIQUE INDEX vote_ballot_corrected_once ON vote_ballot (compound_id, round_no, corrects_no) WHERE corrects_no IS NOT NULL;

CREATE TABLE vote_result (
  compound_id {int} NOT NULL,
  round_no {int} NOT NULL,
  sheet {text} NOT NULL,
  digest {text} NOT NULL,
  passed_on {day} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, round_no),
  FOREIGN KEY (compound_id, round_no) REFERENCES vote_round (compound_id, round_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[
        "vote_round",
        "vote_motion",
        "vote_step",
        "vote_roll",
        "vote_delivery",
        "vote_proxy",
        "vote_entry",
        "vote_ballot",
        "vote_result",
    ],
    drops: &[
        "vote_result",
        "vote_ballot",
        "vote_entry",
        "vote_proxy",
        "vote_delivery",
        "vote_roll",
        "vote_step",
        "vote_motion",
        "vote_round",
    ],
};
