//! What is levied for the fund and by which standard, receipts, what is given back, what former selling units still hold, and
//! how a fund that has run low is filled again.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0015_levy",
    tables: "
CREATE TABLE levy_standard (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  standard_no {int} NOT NULL CHECK (standard_no > 0),
  levied {text} NOT NULL CHECK (levied IN ('commodity', 'non-residence', 'garage', 'sold-public')),
  lift {small} NOT NULL CHECK (lift IN (0, 1, 2)),
  means {text} NOT NULL CHECK (means IN ('once', 'monthly', 'unit-price')),
  rate {text} NOT NULL,
  share {text} NOT NULL,
  from_on {day} NOT NULL,
  document {text} NOT NULL CHECK (document <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, standard_no),
  UNIQUE (compound_id, levied, lift, means, from_on)
) {table};

CREATE TABLE assessment_instalment (
  compound_id {int} NOT NULL,
  assessment_no {int} NOT NULL,
  instalment_no {int} NOT NULL CHECK (instalment_no > 0),
  due_on {day} NOT NULL,
  due_fen {big} NOT NULL CHECK (due_fen >= 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, assessment_no, instalment_no),
  FOREIGN KEY (compound_id, assessment_no) REFERENCES assessment (compound_id, assessment_no)
) {table};

CREATE TABLE selling_unit (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  unit_no {int} NOT NULL CHECK (unit_no > 0),
  name {text} NOT NULL CHECK (name <> ''),
  matter_no {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, unit_no),
  UNIQUE (compound_id, name),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE TABLE selling_unit_end (
  compound_id {int} NOT NULL,
  unit_no {int} NOT NULL,
  ended_on {day} NOT NULL,
  successor_no {int} NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, unit_no),
  FOREIGN KEY (compound_id, unit_no) REFERENCES selling_unit (compound_id, unit_no),
  FOREIGN KEY (compound_id, successor_no) REFERENCES selling_unit (compound_id, unit_no),
  CHECK (successor_no IS NULL OR successor_no <> unit_no)
) {table};

CREATE TABLE receipt_range (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  range_no {int} NOT NULL CHECK (range_no > 0),
  prefix {text} NOT NULL,
  first_no {big} NOT NULL CHECK (first_no >= 0),
  last_no {big} NOT NULL CHECK (last_no >= first_no),
  digits {int} NOT NULL CHECK (digits BETWEEN 1 AND 18),
  document {text} NOT NULL CHECK (document <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, range_no)
) {table};

CREATE TABLE receipt (
  compound_id {int} NOT NULL,
  receipt_no {text} NOT NULL CHECK (receipt_no <> ''),
  deposit_no {int} NOT NULL,
  range_no {int} NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, receipt_no),
  FOREIGN KEY (compound_id, deposit_no) REFERENCES deposit (compound_id, deposit_no),
  FOREIGN KEY (compound_id, range_no) REFERENCES receipt_range (compound_id, range_no)
) {table};

CREATE INDEX receipt_deposit ON receipt (compound_id, deposit_no);

CREATE TABLE receipt_void (
  compound_id {int} NOT NULL,
  receipt_no {text} NOT NULL,
  voided_on {day} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, receipt_no),
  FOREIGN KEY (compound_id, receipt_no) REFERENCES receipt (compound_id, receipt_no)
) {table};

CREATE TABLE receipt_copy (
  compound_id {int} NOT NULL,
  receipt_no {text} NOT NULL,
  copy_no {int} NOT NULL CHECK (copy_no > 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, receipt_no, copy_no),
  FOREIGN KEY (compound_id, receipt_no) REFERENCES receipt (compound_id, receipt_no)
) {table};

CREATE TABLE refund (
  compound_id {int} NOT NULL,
  refund_no {int} NOT NULL CHECK (refund_no > 0),
  cause {text} NOT NULL CHECK (cause IN ('cancelled', 'destroyed', 'undone-sale')),
  dwelling_no {int} NOT NULL,
  unit_no {int} NULL,
  deposit_no {int} NULL,
  payee {text} NOT NULL CHECK (payee IN ('owner', 'selling-unit', 'treasury')),
  payee_unit_no {int} NULL,
  principal_fen {big} NOT NULL CHECK (principal_fen >= 0),
  gains_fen {big} NOT NULL CHECK (gains_fen >= 0),
  due_on {day} NOT NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  pack {text} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, refund_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  FOREIGN KEY (compound_id, unit_no) REFERENCES selling_unit (compound_id, unit_no),
  FOREIGN KEY (compound_id, payee_unit_no) REFERENCES selling_unit (compound_id, unit_no),
  FOREIGN KEY (compound_id, deposit_no) REFERENCES deposit (compound_id, deposit_no),
  CHECK (principal_fen + gains_fen > 0),
  CHECK ((cause = 'cancelled') = (deposit_no IS NOT NULL)),
  CHECK ((payee = 'selling-unit') = (payee_unit_no IS NOT NULL))
) {table};

CREATE INDEX refund_deposit ON refund (compound_id, deposit_no);

CREATE INDEX refund_dwelling ON refund (compound_id, dwelling_no);

CREATE TABLE refund_payment (
  compound_id {int} NOT NULL,
  refund_no {int} NOT NULL,
  payment_no {int} NOT NULL CHECK (payment_no > 0),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  paid_on {day} NOT NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, refund_no, payment_no),
  FOREIGN KEY (compound_id, refund_no) REFERENCES refund (compound_id, refund_no)
) {table};

CREATE TABLE legacy (
  compound_id {int} NOT NULL,
  legacy_no {int} NOT NULL CHECK (legacy_no > 0),
  unit_no {int} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  evidence {text} NOT NULL CHECK (evidence <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, legacy_no),
  FOREIGN KEY (compound_id, unit_no) REFERENCES selling_unit (compound_id, unit_no)
) {table};

CREATE TABLE legacy_share (
  compound_id {int} NOT NULL,
  legacy_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  claimed_fen {big} NOT NULL CHECK (claimed_fen > 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, legacy_no, dwelling_no),
  FOREIGN KEY (compound_id, legacy_no) REFERENCES legacy (compound_id, legacy_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE TABLE legacy_step (
  compound_id {int} NOT NULL,
  legacy_no {int} NOT NULL,
  step_no {int} NOT NULL CHECK (step_no > 0),
  step {text} NOT NULL CHECK (step IN ('claimed', 'reminded', 'answered')),
  taken_on {day} NOT NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, legacy_no, step_no),
  FOREIGN KEY (compound_id, legacy_no) REFERENCES legacy (compound_id, legacy_no)
) {table};

CREATE TABLE legacy_income (
  compound_id {int} NOT NULL,
  legacy_no {int} NOT NULL,
  deposit_no {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, legacy_no, deposit_no),
  FOREIGN KEY (compound_id, legacy_no) REFERENCES legacy (compound_id, legacy_no),
  FOREIGN KEY (compound_id, deposit_no) REFERENCES deposit (compound_id, deposit_no)
) {table};

CREATE TABLE renewal_call (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  call_no {int} NOT NULL CHECK (call_no > 0),
  called_on {day} NOT NULL,
  caller {text} NOT NULL CHECK (caller <> ''),
  evidence {text} NOT NULL CHECK (evidence <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, call_no)
) {table};

CREATE TABLE renewal_plan (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  plan_no {int} NOT NULL CHECK (plan_no > 0),
  judged_on {day} NOT NULL,
  basis {text} NOT NULL CHECK (basis IN ('resolution', 'default')),
  round_no {int} NULL,
  motion_no {int} NULL,
  digest {text} NOT NULL,
  call_no {int} NULL,
  target {text} NOT NULL,
  total_fen {big} NOT NULL CHECK (total_fen > 0),
  counts_gains {small} NOT NULL CHECK (counts_gains IN (0, 1)),
  pack {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, plan_no),
  FOREIGN KEY (compound_id, call_no) REFERENCES renewal_call (compound_id, call_no),
  CHECK ((basis = 'resolution') = (round_no IS NOT NULL)),
  CHECK ((basis = 'resolution') = (motion_no IS NOT NULL)),
  CHECK ((basis = 'default') = (call_no IS NOT NULL))
) {table};

CREATE INDEX renewal_plan_resolution ON renewal_plan (compound_id, round_no, motion_no) WHERE round_no IS NOT NULL;

CREATE TABLE renewal_notice (
  compound_id {int} NOT NULL,
  plan_no {int} NOT NULL,
  notice_no {int} NOT NULL CHECK (notice_no > 0),
  dwelling_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('notice', 'reminder')),
  sent_on {day} NOT NULL,
  method {text} NOT NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  owed_fen {big} NOT NULL CHECK (owed_fen >= 0),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, plan_no, notice_no),
  FOREIGN KEY (compound_id, plan_no) REFERENCES renewal_plan (compound_id, plan_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE TABLE renewal_posting (
  compound_id {int} NOT NULL,
  plan_no {int} NOT NULL,
  posting_no {int} NOT NULL CHECK (posting_no > 0),
  posted_on {day} NOT NULL,
  place {text} NOT NULL CHECK (place <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, plan_no, posting_no),
  FOREIGN KEY (compound_id, plan_no) REFERENCES renewal_plan (compound_id, plan_no)
) {table};

CREATE TABLE renewal_withdrawal (
  compound_id {int} NOT NULL,
  plan_no {int} NOT NULL,
  withdrawn_on {day} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, plan_no),
  FOREIGN KEY (compound_id, plan_no) REFERENCES renewal_plan (compound_id, plan_no)
) {table};

CREATE TABLE revenue_assignment (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  assignment_no {int} NOT NULL CHECK (assignment_no > 0),
  plan_no {int} NULL,
  housing {text} NOT NULL CHECK (housing IN ('commodity', 'sold-public')),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  assigned_on {day} NOT NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  transfer_no {int} NOT NULL,
  revenue_seq {int} NOT NULL,
  fund_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, assignment_no),
  FOREIGN KEY (compound_id, plan_no) REFERENCES renewal_plan (compound_id, plan_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[
        "levy_standard",
        "selling_unit",
        "selling_unit_end",
        "receipt_range",
        "receipt",
        "receipt_void",
        "receipt_copy",
        "refund",
        "refund_payment",
        "legacy",
        "legacy_share",
        "legacy_step",
        "legacy_income",
        "renewal_call",
        "renewal_plan",
        "renewal_notice",
        "renewal_posting",
        "renewal_withdrawal",
        "revenue_assignment",
    ],
    drops: &[
        "revenue_assignment",
        "renewal_withdrawal",
        "renewal_posting",
        "renewal_notice",
        "renewal_plan",
        "renewal_call",
        "legacy_income",
        "legacy_step",
        "legacy_share",
        "legacy",
        "refund_payment",
        "refund",
        "receipt_copy",
        "receipt_void",
        "receipt",
        "receipt_range",
        "selling_unit_end",
        "selling_unit",
        "assessment_instalment",
        "levy_standard",
    ],
};
