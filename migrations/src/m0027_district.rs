//! The district's own sums: what takes reading every dwelling of a compound, beside what it rests on: the last change of the roll,
//! the last vouchers of the fund's book and of the services'.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0027_district",
    tables: "
CREATE TABLE district_figure (
  compound_id {int} NOT NULL PRIMARY KEY REFERENCES compound (compound_id),
  kept_on {day} NOT NULL,
  changes_on {day} NULL,
  roll_no {int} NOT NULL CHECK (roll_no >= 0),
  dwellings {big} NOT NULL CHECK (dwellings >= 0),
  area_centi_m2 {big} NOT NULL CHECK (area_centi_m2 >= 0),
  lifts {big} NOT NULL CHECK (lifts >= 0),
  fund_seq {int} NOT NULL CHECK (fund_seq >= 0),
  deposited {big} NOT NULL CHECK (deposited >= 0),
  low {big} NOT NULL CHECK (low BETWEEN 0 AND deposited),
  service_seq {int} NOT NULL CHECK (service_seq >= 0),
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
