//! The district's own sums: what takes reading every dwelling of a compound, beside the act it was reckoned at.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0027_district",
    tables: "
CREATE TABLE district_figure (
  compound_id {int} NOT NULL PRIMARY KEY REFERENCES compound (compound_id),
  as_of_act {int} NOT NULL CHECK (as_of_act >= 0),
  kept_on {day} NOT NULL,
  changes_on {day} NULL,
  dwellings {big} NOT NULL CHECK (dwellings >= 0),
  area_centi_m2 {big} NOT NULL CHECK (area_centi_m2 >= 0),
  lifts {big} NOT NULL CHECK (lifts >= 0),
  deposited {big} NOT NULL CHECK (deposited >= 0),
  low {big} NOT NULL CHECK (low BETWEEN 0 AND deposited),
  billed_fen {big} NOT NULL,
  settled_fen {big} NOT NULL,
  act_no {int} NOT NULL
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[],
    drops: &["district_figure"],
};
