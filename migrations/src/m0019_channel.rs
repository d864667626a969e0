//! Payment channels: bills taken in, their orders, what was decided of each, payouts, signed days, and the register of
//! invoices. Names and words stand with their long numbers masked; what the channel wrote is sealed beside them.

use crate::dialect::Step;

pub(crate) const STEP: Step = Step {
    name: "m0019_channel",
    tables: "
CREATE TABLE channel_statement (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  statement_no {int} NOT NULL CHECK (statement_no > 0),
  channel {text} NOT NULL CHECK (channel IN ('wechat', 'alipay')),
  form {text} NOT NULL CHECK (form IN ('orders', 'funds', 'personal')),
  account {text} NOT NULL,
  from_on {day} NOT NULL,
  to_on {day} NOT NULL,
  file_hash {text} NOT NULL,
  order_count {int} NOT NULL,
  in_fen {big} NOT NULL,
  out_fen {big} NOT NULL,
  fee_e5 {big} NOT NULL,
  act_no {int} NOT NULL,
  undone_by_act {int} NULL,
  PRIMARY KEY (compound_id, statement_no)
) {table};

CREATE TABLE channel_order (
  compound_id {int} NOT NULL,
  order_no {int} NOT NULL CHECK (order_no > 0),
  statement_no {int} NOT NULL,
  channel {text} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('pay', 'refund', 'fee', 'withdrawal', 'other')),
  number {text} NOT NULL,
  merchant_number {text} NOT NULL,
  of_number {text} NOT NULL,
  occurred_on {day} NOT NULL,
  occurred_time {text} NOT NULL,
  amount_fen {big} NOT NULL CHECK (amount_fen <> 0),
  fee_e5 {big} NOT NULL,
  payer {text} NOT NULL,
  payer_blind {bytes} NOT NULL,
  wording {text} NOT NULL,
  is_ours {small} NOT NULL CHECK (is_ours IN (0, 1)),
  as_written_sealed {bytes} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, order_no),
  FOREIGN KEY (compound_id, statement_no) REFERENCES channel_statement (compound_id, statement_no)
) {table};

CREATE UNIQUE INDEX channel_order_once ON channel_order (compound_id, channel, kind, number) WHERE number <> '';
CREATE INDEX channel_order_returned ON channel_order (compound_id, of_number) WHERE of_number <> '';
CREATE INDEX channel_order_day ON channel_order (compound_id, channel, occurred_on);
CREATE INDEX channel_order_of ON channel_order (compound_id, statement_no);

CREATE TABLE channel_claim (
  compound_id {int} NOT NULL,
  claim_no {int} NOT NULL CHECK (claim_no > 0),
  order_no {int} NOT NULL,
  held_order_no {int} NOT NULL,
  kind {text} NOT NULL CHECK (kind IN ('paid', 'tied', 'held', 'released', 'returned', 'refunded')),
  amount_fen {big} NOT NULL CHECK (amount_fen > 0),
  dwelling_no {int} NULL,
  payment_no {int} NULL,
  voucher_seq {int} NOT NULL,
  reason {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, claim_no),
  FOREIGN KEY (compound_id, order_no) REFERENCES channel_order (compound_id, order_no),
  FOREIGN KEY (compound_id, held_order_no) REFERENCES channel_order (compound_id, order_no)
) {table};

CREATE INDEX channel_claim_order ON channel_claim (compound_id, order_no);
CREATE INDEX channel_claim_held ON channel_claim (compound_id, held_order_no);
CREATE INDEX channel_claim_voucher ON channel_claim (compound_id, voucher_seq);

CREATE TABLE channel_payout (
  compound_id {int} NOT NULL,
  payout_no {int} NOT NULL CHECK (payout_no > 0),
  channel {text} NOT NULL CHECK (channel IN ('wechat', 'alipay')),
  line_no {int} NOT NULL,
  from_on {day} NOT NULL,
  to_on {day} NOT NULL,
  order_count {int} NOT NULL,
  paid_fen {big} NOT NULL,
  returned_fen {big} NOT NULL,
  fee_fen {big} NOT NULL,
  net_fen {big} NOT NULL CHECK (net_fen > 0),
  difference_fen {big} NOT NULL,
  reason {text} NOT NULL,
  voucher_seq {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, payout_no),
  FOREIGN KEY (compound_id, line_no) REFERENCES bank_line (compound_id, line_no),
  CHECK (difference_fen = net_fen - (paid_fen - returned_fen - fee_fen)),
  CHECK (difference_fen = 0 OR reason <> '')
) {table};

CREATE TABLE channel_payout_order (
  compound_id {int} NOT NULL,
  payout_no {int} NOT NULL,
  order_no {int} NOT NULL,
  PRIMARY KEY (compound_id, payout_no, order_no),
  FOREIGN KEY (compound_id, payout_no) REFERENCES channel_payout (compound_id, payout_no),
  FOREIGN KEY (compound_id, order_no) REFERENCES channel_order (compound_id, order_no)
) {table};

CREATE INDEX channel_payout_order_of ON channel_payout_order (compound_id, order_no);

CREATE TABLE signed_day (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  signed_no {int} NOT NULL CHECK (signed_no > 0),
  account {text} NOT NULL CHECK (account IN ('fund-bank', 'service-bank', 'wechat', 'alipay')),
  signed_on {day} NOT NULL,
  line_count {int} NOT NULL,
  statement_fen {big} NOT NULL,
  ledger_fen {big} NOT NULL,
  difference_fen {big} NOT NULL,
  explained {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, signed_no),
  UNIQUE (compound_id, account, signed_on),
  CHECK (difference_fen = statement_fen - ledger_fen)
) {table};

CREATE TABLE invoice (
  compound_id {int} NOT NULL REFERENCES compound (compound_id),
  invoice_no {int} NOT NULL CHECK (invoice_no > 0),
  number {text} NOT NULL UNIQUE,
  issued_on {day} NOT NULL,
  seller {text} NOT NULL,
  buyer {text} NOT NULL,
  goods {text} NOT NULL,
  amount_fen {big} NOT NULL,
  tax_fen {big} NOT NULL,
  total_fen {big} NOT NULL CHECK (total_fen <> 0),
  blue_number {text} NOT NULL,
  state {text} NOT NULL,
  remark {text} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, invoice_no),
  CHECK (amount_fen + tax_fen = total_fen),
  CHECK (blue_number = '' OR total_fen < 0)
) {table};

CREATE INDEX invoice_blue ON invoice (compound_id, blue_number);

CREATE TABLE invoice_use (
  compound_id {int} NOT NULL,
  invoice_no {int} NOT NULL,
  payment_no {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, invoice_no),
  FOREIGN KEY (compound_id, invoice_no) REFERENCES invoice (compound_id, invoice_no),
  FOREIGN KEY (compound_id, payment_no) REFERENCES payment (compound_id, payment_no)
) {table};

CREATE INDEX invoice_use_payment ON invoice_use (compound_id, payment_no);

CREATE TABLE invoice_red (
  compound_id {int} NOT NULL,
  invoice_no {int} NOT NULL,
  blue_no {int} NOT NULL,
  act_no {int} NOT NULL,
  PRIMARY KEY (compound_id, invoice_no),
  FOREIGN KEY (compound_id, invoice_no) REFERENCES invoice (compound_id, invoice_no),
  FOREIGN KEY (compound_id, blue_no) REFERENCES invoice (compound_id, invoice_no)
) {table};

CREATE INDEX invoice_red_blue ON invoice_red (compound_id, blue_no)
",
    postgres: "",
    sqlite: "",
    append_only: &["channel_claim", "channel_payout", "channel_payout_order", "signed_day"],
    drops: &[
        "invoice_red",
        "invoice_use",
        "invoice",
        "signed_day",
        "channel_payout_order",
        "channel_payout",
        "channel_claim",
        "channel_order",
        "channel_statement",
    ],
};
