//! What is owned, by whom, since when. What identifies or reaches a person is sealed (`ledger::seal`), with a blind index for
//! an exact search; nothing there is an empty value.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0002_property",
    tables: "
CREATE TABLE area (
  area_id {int} NOT NULL PRIMARY KEY CHECK (area_id > 0),
  parent_id {int} NULL REFERENCES area (area_id),
  kind {text} NOT NULL CHECK (kind IN ('city', 'district', 'street', 'community')),
  code {text} NOT NULL UNIQUE,
  name {text} NOT NULL,
  CHECK ((kind = 'city') = (parent_id IS NULL))
) {table};

CREATE TABLE building (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  building_no {int} NOT NULL CHECK (building_no > 0),
  code {text} NOT NULL,
  PRIMARY KEY (compound_id, building_no),
  UNIQUE (compound_id, code)
) {table};

CREATE TABLE stair_unit (
  compound_id {int} NOT NULL,
  building_no {int} NOT NULL,
  unit_no {int} NOT NULL CHECK (unit_no > 0),
  code {text} NOT NULL,
  PRIMARY KEY (compound_id, building_no, unit_no),
  UNIQUE (compound_id, building_no, code),
  FOREIGN KEY (compound_id, building_no) REFERENCES building (compound_id, building_no)
) {table};

CREATE TABLE dwelling (
  compound_id {int} NOT NULL,
  dwelling_no {int} NOT NULL CHECK (dwelling_no > 0),
  building_no {int} NOT NULL,
  unit_no {int} NOT NULL,
  floor {int} NULL,
  code {text} NOT NULL,
  written_as {text} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('residence', 'shop', 'office', 'garage', 'parking', 'storage', 'service', 'other')),
  housing {text} NOT NULL CHECK (housing IN ('commodity', 'sold-public')),
  has_lift {small} NULL CHECK (has_lift IN (0, 1)),
  is_unsold {small} NOT NULL CHECK (is_unsold IN (0, 1)),
  sold_by_act {int} NULL,
  vote_area_centi_m2 {big} NOT NULL CHECK (vote_area_centi_m2 >= 0),
  fee_area_centi_m2 {big} NOT NULL CHECK (fee_area_centi_m2 >= 0),
  fund_area_centi_m2 {big} NOT NULL CHECK (fund_area_centi_m2 >= 0),
  handed_over_on {day} NULL,
  began_on {day} NULL,
  ended_on {day} NULL,
  ended_by_act {int} NULL,
  remark_sealed {bytes} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, dwelling_no),
  CHECK (ended_on IS NULL OR began_on IS NULL OR ended_on >= began_on),
  UNIQUE (compound_id, code),
  FOREIGN KEY (compound_id, building_no, unit_no) REFERENCES stair_unit (compound_id, building_no, unit_no)
) {table};

CREATE TABLE owner (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  owner_no {int} NOT NULL CHECK (owner_no > 0),
  name {text} NOT NULL,
  id_no_sealed {bytes} NOT NULL,
  id_no_blind {bytes} NOT NULL CHECK (length(id_no_blind) IN (0, 16)),
  phone_sealed {bytes} NOT NULL,
  phone_blind {bytes} NOT NULL CHECK (length(phone_blind) IN (0, 16)),
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, owner_no)
) {table};

CREATE INDEX owner_id_no ON owner (compound_id, id_no_blind);

CREATE INDEX owner_phone ON owner (compound_id, phone_blind);

CREATE TABLE tenure (
  compound_id {int} NOT NULL,
  dwelling_no {int} NOT NULL,
  owner_no {int} NOT NULL,
  from_on {day} NOT NULL,
  until_on {day} NULL,
  share_part {int} NOT NULL CHECK (share_part > 0),
  share_of {int} NOT NULL CHECK (share_of >= share_part),
  act_no {int} NOT NULL,
  ended_by_act {int} NULL,
  PRIMARY KEY (compound_id, dwelling_no, owner_no, from_on),
  FOREIGN KEY (compound_id, dwelling_no) REFERENCES dwelling (compound_id, dwelling_no),
  FOREIGN KEY (compound_id, owner_no) REFERENCES owner (compound_id, owner_no),
  CHECK (until_on IS NULL OR until_on >= from_on)
) {table}
",
    postgres: "",
    sqlite: "",
    append_only: &[],
    drops: &["tenure", "owner", "dwelling", "stair_unit", "building", "area"],
};
