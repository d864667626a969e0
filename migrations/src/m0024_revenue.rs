//! Public revenue: how it is run, what is let, what came in and went where, what was promised, published, handed over.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0024_revenue",
    tables: "
CREATE TABLE revenue_terms (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  terms_no {int} NOT NULL CHECK (terms_no > 0),
  from_on {day} NOT NULL,
  operator {text} NOT NULL CHECK (operator <> ''),
  taxpayer {text} NOT NULL CHECK (taxpayer IN ('general', 'small', 'exempt')),
  has_assembly {small} NOT NULL CHECK (has_assembly IN (0, 1)),
  operator_bp {int} NOT NULL CHECK (operator_bp BETWEEN 0 AND 10000),
  fund_bp {int} NOT NULL CHECK (fund_bp BETWEEN 0 AND 10000),
  account {text} NOT NULL CHECK (account <> ''),
  document {text} NOT NULL CHECK (document <> ''),
  pack {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, terms_no),
  UNIQUE (compound_id, from_on)
) {table};

CREATE TABLE revenue_lease (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  lease_no {int} NOT NULL CHECK (lease_no > 0),
  income {text} NOT NULL CHECK (income NOT IN ('damages', 'interest', 'residual')),
  scope {text} NOT NULL CHECK (scope <> ''),
  part {text} NOT NULL CHECK (part <> ''),
  lessee {text} NOT NULL CHECK (lessee <> ''),
  document {text} NOT NULL CHECK (document <> ''),
  signed_on {day} NOT NULL,
  from_on {day} NOT NULL,
  until_on {day} NOT NULL CHECK (until_on >= from_on),
  round_no {int} NOT NULL,
  motion_no {int} NOT NULL,
  digest {text} NOT NULL CHECK (digest <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, lease_no)
) {table};

CREATE TABLE revenue_due (
  compound_id {int} NOT NULL,
  lease_no {int} NOT NULL,
  due_no {int} NOT NULL CHECK (due_no > 0),
  from_on {day} NOT NULL,
  until_on {day} NOT NULL CHECK (until_on >= from_on),
  due_on {day} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen >= 0),
  PRIMARY KEY (compound_id, lease_no, due_no),
  FOREIGN KEY (compound_id, lease_no) REFERENCES revenue_lease (compound_id, lease_no)
) {table};

CREATE TABLE revenue_lease_end (
  compound_id {int} NOT NULL,
  lease_no {int} NOT NULL,
  ended_on {day} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, lease_no),
  FOREIGN KEY (compound_id, lease_no) REFERENCES revenue_lease (compound_id, lease_no)
) {table};

CREATE TABLE revenue_pledge (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  pledge_no {int} NOT NULL CHECK (pledge_no > 0),
  matter_no {int} NOT NULL,
  scope {text} NOT NULL CHECK (scope <> ''),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  from_on {day} NOT NULL,
  until_on {day} NOT NULL CHECK (until_on >= from_on),
  round_no {int} NOT NULL,
  motion_no {int} NOT NULL,
  digest {text} NOT NULL CHECK (digest <> ''),
  evidence {text} NOT NULL CHECK (evidence <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, pledge_no),
  FOREIGN KEY (compound_id, matter_no) REFERENCES matter (compound_id, matter_no)
) {table};

CREATE TABLE revenue_entry (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  entry_no {int} NOT NULL CHECK (entry_no > 0),
  sort {text} NOT NULL CHECK (sort IN ('income', 'cost', 'share', 'tax', 'remittance', 'repayment', 'fund', 'owners', 'use',
    'project', 'pledge')),
  what {text} NOT NULL,
  scope {text} NOT NULL CHECK (scope <> ''),
  lease_no {int} NULL,
  purse {text} NOT NULL CHECK (purse IN ('account', 'operator')),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  tax_fen {big} NOT NULL CHECK (tax_fen BETWEEN 0 AND amount_fen AND (tax_fen = 0 OR sort = 'income')),
  entered_on {day} NOT NULL,
  through {int} NOT NULL CHECK (through >= 0 AND (through > 0) = (sort IN ('share', 'fund', 'owners', 'use', 'project', 'pledge'))),
  party {text} NOT NULL,
  evidence {text} NOT NULL CHECK (evidence <> ''),
  line_no {int} NULL,
  project_no {int} NULL,
  pledge_no {int} NULL CHECK ((pledge_no IS NOT NULL) = (sort = 'pledge')),
  round_no {int} NULL,
  motion_no {int} NULL CHECK ((motion_no IS NULL) = (round_no IS NULL)),
  pack {text} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, entry_no),
  FOREIGN KEY (compound_id, lease_no) REFERENCES revenue_lease (compound_id, lease_no),
  FOREIGN KEY (compound_id, pledge_no) REFERENCES revenue_pledge (compound_id, pledge_no),
  FOREIGN KEY (compound_id, project_no) REFERENCES project (compound_id, project_no),
  CHECK (sort NOT IN ('owners', 'use', 'project', 'pledge') OR round_no IS NOT NULL)
) {table};

CREATE UNIQUE INDEX revenue_entry_voucher ON revenue_entry (compound_id, voucher_seq);

CREATE TABLE revenue_share (
  compound_id {int} NOT NULL,
  entry_no {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  area_centi_m2 {big} NOT NULL CHECK (area_centi_m2 > 0),
  amount_fen {big} NOT NULL CHECK (amount_fen >= 0),
  PRIMARY KEY (compound_id, entry_no, dwelling_no),
  FOREIGN KEY (compound_id, entry_no) REFERENCES revenue_entry (compound_id, entry_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table};

CREATE TABLE revenue_publication (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  publication_no {int} NOT NULL CHECK (publication_no > 0),
  covers {text} NOT NULL CHECK (covers IN ('month', 'quarter', 'half-year', 'year')),
  through {int} NOT NULL,
  posted_on {day} NOT NULL,
  due_on {day} NULL,
  place {text} NOT NULL CHECK (place <> ''),
  evidence {text} NOT NULL CHECK (evidence <> ''),
  corrects_no {int} NULL,
  sheet {text} NOT NULL,
  digest {text} NOT NULL CHECK (length(digest) = 64),
  pack {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, publication_no),
  FOREIGN KEY (compound_id, corrects_no) REFERENCES revenue_publication (compound_id, publication_no)
) {table};

CREATE TABLE revenue_take_down (
  compound_id {int} NOT NULL,
  publication_no {int} NOT NULL,
  until_on {day} NOT NULL,
  reason {text} NOT NULL CHECK (reason <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, publication_no),
  FOREIGN KEY (compound_id, publication_no) REFERENCES revenue_publication (compound_id, publication_no)
) {table};

CREATE TABLE revenue_handover (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  handover_no {int} NOT NULL CHECK (handover_no > 0),
  ended_on {day} NOT NULL,
  handed_on {day} NOT NULL CHECK (handed_on >= ended_on),
  due_on {day} NULL,
  from_whom {text} NOT NULL CHECK (from_whom <> ''),
  to_whom {text} NOT NULL CHECK (to_whom <> ''),
  evidence {text} NOT NULL CHECK (evidence <> ''),
  list {text} NOT NULL,
  digest {text} NOT NULL CHECK (length(digest) = 64),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, handover_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[
        "revenue_terms",
        "revenue_lease",
        "revenue_due",
        "revenue_lease_end",
        "revenue_pledge",
        "revenue_entry",
        "revenue_share",
        "revenue_publication",
        "revenue_take_down",
        "revenue_handover",
    ],
    drops: &[
        "revenue_handover",
        "revenue_take_down",
        "revenue_publication",
        "revenue_share",
        "revenue_entry",
        "revenue_pledge",
        "revenue_lease_end",
        "revenue_due",
        "revenue_lease",
        "revenue_terms",
    ],
};
