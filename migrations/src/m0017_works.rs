//! Repairs paid from the fund: projects, their steps, what is held for them, what was paid, their papers.
//!
//! Nothing here is ever changed: a project moves on by a new step; what it is, its steps say.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0017_works",
    tables: "
CREATE TABLE project (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  project_no {int} NOT NULL CHECK (project_no > 0),
  matter_no {int} NOT NULL,
  title {text} NOT NULL,
  path {text} NOT NULL CHECK (path IN ('ordinary', 'emergency')),
  proposal {text} NOT NULL,
  proposed_on {day} NOT NULL,
  by_name {text} NOT NULL,
  by_role {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, project_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE UNIQUE INDEX project_matter ON project (compound_id, matter_no);

CREATE TABLE project_step (
  compound_id {int} NOT NULL,
  project_no {int} NOT NULL,
  step_no {int} NOT NULL CHECK (step_no > 0),
  kind {text} NOT NULL,
  body {text} NOT NULL,
  recorded_on {day} NOT NULL,
  by_name {text} NOT NULL,
  by_role {text} NOT NULL,
  digest {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, project_no, step_no),
  FOREIGN KEY (compound_id, project_no) REFERENCES project (compound_id, project_no)
) {table};

CREATE TABLE project_hold (
  compound_id {int} NOT NULL,
  project_no {int} NOT NULL,
  hold_no {int} NOT NULL CHECK (hold_no > 0),
  step_no {int} NOT NULL,
  reserve_no {int} NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  work {text} NOT NULL,
  pack {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, project_no, hold_no),
  FOREIGN KEY (compound_id, project_no, step_no) REFERENCES project_step (compound_id, project_no, step_no),
  FOREIGN KEY (compound_id, reserve_no) REFERENCES reserve (compound_id, reserve_no)
) {table};

CREATE TABLE project_payment (
  compound_id {int} NOT NULL,
  project_no {int} NOT NULL,
  payment_no {int} NOT NULL CHECK (payment_no > 0),
  request_step_no {int} NOT NULL,
  decision_step_no {int} NULL,
  is_back {small} NOT NULL CHECK (is_back IN (0, 1)),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  fund_fen {big} NOT NULL CHECK (fund_fen BETWEEN 0 AND amount_fen),
  paid_on {day} NOT NULL,
  line_no {int} NULL,
  voucher_seq {int} NULL,
  round_no {int} NULL,
  motion_no {int} NULL,
  pack {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, project_no, payment_no),
  FOREIGN KEY (compound_id, project_no, request_step_no) REFERENCES project_step (compound_id, project_no, step_no),
  FOREIGN KEY (compound_id, project_no, decision_step_no) REFERENCES project_step (compound_id, project_no, step_no),
  CHECK (is_back = 1 OR decision_step_no IS NOT NULL),
  CHECK ((voucher_seq IS NULL) = (fund_fen = 0))
) {table};

CREATE UNIQUE INDEX project_paid_once ON project_payment (compound_id, project_no, request_step_no) WHERE is_back = 0;

CREATE TABLE project_paper (
  compound_id {int} NOT NULL,
  project_no {int} NOT NULL,
  paper_no {int} NOT NULL CHECK (paper_no > 0),
  kind {text} NOT NULL,
  name {text} NOT NULL,
  length {big} NOT NULL CHECK (length > 0),
  digest {text} NOT NULL,
  content {bytes} NOT NULL,
  recorded_at {big} NOT NULL,
  by_name {text} NOT NULL,
  by_role {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, project_no, paper_no),
  FOREIGN KEY (compound_id, project_no) REFERENCES project (compound_id, project_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &["project", "project_step", "project_hold", "project_payment", "project_paper"],
    drops: &["project_paper", "project_payment", "project_hold", "project_step", "project"],
};
