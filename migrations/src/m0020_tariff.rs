//! What was agreed about service fees: terms, prices, reliefs, spaces, meters.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0020_tariff",
    tables: "
CREATE TABLE fee_terms (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  terms_no {int} NOT NULL CHECK (terms_no > 0),
  from_on {day} NOT NULL,
  terms {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, terms_no),
  UNIQUE (compound_id, from_on)
) {table};

CREATE TABLE tariff (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  tariff_no {int} NOT NULL CHECK (tariff_no > 0),
  item {text} NOT NULL CHECK (item <> ''),
  formula {text} NOT NULL,
  from_on {day} NOT NULL,
  cycle_months {small} NOT NULL CHECK (cycle_months IN (1, 2, 3, 4, 6, 12)),
  cycle {text} NOT NULL CHECK (cycle IN ('calendar', 'anniversary')),
  timing {text} NOT NULL CHECK (timing IN ('ahead', 'behind')),
  due_days {small} NOT NULL CHECK (due_days BETWEEN 0 AND 366),
  usages {text} NOT NULL,
  building {text} NOT NULL,
  tax {text} NOT NULL CHECK (tax IN ('service', 'parking', 'water', 'passed-on')),
  document {text} NOT NULL CHECK (document <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, tariff_no)
) {table};

CREATE TABLE tariff_end (
  compound_id {int} NOT NULL,
  tariff_no {int} NOT NULL,
  ended_on {day} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, tariff_no),
  FOREIGN KEY (compound_id, tariff_no) REFERENCES tariff (compound_id, tariff_no)
) {table};

CREATE TABLE fee_relief (
  compound_id {int} NOT NULL,
  relief_no {int} NOT NULL CHECK (relief_no > 0),
  dwelling_no {int} NOT NULL,
  item {text} NOT NULL,
  from_on {day} NOT NULL,
  to_on {day} NULL,
  pays_bp {small} NOT NULL CHECK (pays_bp BETWEEN 0 AND 10000),
  reason {text} NOT NULL CHECK (reason <> ''),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, relief_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  CHECK (to_on IS NULL OR to_on >= from_on)
) {table};

CREATE TABLE space_lease (
  compound_id {int} NOT NULL,
  lease_no {int} NOT NULL CHECK (lease_no > 0),
  dwelling_no {int} NOT NULL,
  space {text} NOT NULL CHECK (space <> ''),
  from_on {day} NOT NULL,
  to_on {day} NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, lease_no),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  CHECK (to_on IS NULL OR to_on >= from_on)
) {table};

CREATE TABLE meter_reading (
  compound_id {int} NOT NULL,
  meter {text} NOT NULL CHECK (meter <> ''),
  read_on {day} NOT NULL,
  dwelling_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('water', 'power', 'heat', 'gas')),
  value_milli {big} NOT NULL CHECK (value_milli >= 0),
  factor {small} NOT NULL CHECK (factor BETWEEN 1 AND 1000),
  is_first {small} NOT NULL CHECK (is_first IN (0, 1)),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, meter, read_on),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[
        "fee_terms",
        "tariff",
        "tariff_end",
        "fee_relief",
        "space_lease",
        "meter_reading",
    ],
    drops: &["meter_reading", "space_lease", "fee_relief", "tariff_end", "tariff", "fee_terms"],
};
