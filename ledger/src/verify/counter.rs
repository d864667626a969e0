//! What ties the rows of the counter to each other and to the journal.

use super::Tie;

/// Whether the service book's voucher of a row still stands.
macro_rules! stands {
    ($row:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = ",
            $row,
            ".compound_id AND v.book = 3 AND v.reverses_seq = ",
            $row,
            ".voucher_seq)"
        )
    };
}

/// What a voucher of the service book moves of money.
macro_rules! money_of {
    ($row:literal) => {
        concat!(
            "COALESCE((SELECT sum(p.side * p.amount_fen) FROM posting p
               WHERE p.compound_id = ",
            $row,
            ".compound_id AND p.book = 3 AND p.seq = ",
            $row,
            ".voucher_seq AND p.account IN (1001, 1002, 101201, 101202, 101203)), 0)"
        )
    };
}

pub(super) const TIES: [Tie; 9] = [
    // What was billed less what was forgiven and what was paid (what went back taken off) is what is owed less what is
    // prepaid: the rows say the one, the balances the other.
    Tie {
        name: "fees-come-to-bills",
        counted: "SELECT count(DISTINCT x.dwelling_no) FROM bill x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 房屋 ' || x.dwelling_no FROM dwelling x
             WHERE {compound}
               AND COALESCE((SELECT sum(b.amount_fen) FROM bill b WHERE b.compound_id = x.compound_id
                               AND b.dwelling_no = x.dwelling_no AND ",
            stands!("b"),
            "), 0)
                 - COALESCE((SELECT sum(r.amount_fen) FROM bill_remission r WHERE r.compound_id = x.compound_id
                               AND r.dwelling_no = x.dwelling_no AND ",
            stands!("r"),
            "), 0)
                 - COALESCE((SELECT sum(y.amount_fen) FROM payment y WHERE y.compound_id = x.compound_id
                               AND y.dwelling_no = x.dwelling_no AND ",
            stands!("y"),
            "), 0)
                 + COALESCE((SELECT sum(f.amount_fen) FROM fee_refund f WHERE f.compound_id = x.compound_id
                               AND f.dwelling_no = x.dwelling_no AND ",
            stands!("f"),
            "), 0)
               <> COALESCE((SELECT sum(l.debit_fen - l.credit_fen) FROM balance l WHERE l.compound_id = x.compound_id
                              AND l.book = 3 AND l.dwelling_no = x.dwelling_no AND l.account IN (1122, 2203)), 0)
             ORDER BY x.compound_id, x.dwelling_no"
        ),
    },
    Tie {
        name: "bills-within-bounds",
        counted: "SELECT count(*) FROM bill_remission x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 账单 ' || x.matter_no FROM (
               SELECT b.compound_id, b.dwelling_no, b.matter_no, b.amount_fen,
                 COALESCE((SELECT sum(r.amount_fen) FROM bill_remission r WHERE r.compound_id = b.compound_id
                             AND r.dwelling_no = b.dwelling_no AND r.matter_no = b.matter_no AND ",
            stands!("r"),
            "), 0) AS remitted_fen,
                 COALESCE((SELECT sum(l.debit_fen - l.credit_fen) FROM balance l WHERE l.compound_id = b.compound_id
                             AND l.book = 3 AND l.dwelling_no = b.dwelling_no AND l.account = 1122
                             AND l.matter_no = b.matter_no), 0) AS open_fen
               FROM bill b WHERE ",
            stands!("b"),
            ") x WHERE {compound} AND (x.open_fen < 0 OR x.open_fen > x.amount_fen - x.remitted_fen)
             ORDER BY x.compound_id, x.matter_no"
        ),
    },
    Tie {
        name: "remissions-posted",
        counted: "SELECT count(*) FROM bill_remission x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 减免 ' || x.remission_no FROM bill_remission x
                 WHERE {compound} AND x.amount_fen <> COALESCE((SELECT sum(-p.side * p.amount_fen) FROM posting p
                   WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq AND p.account = 1122
                     AND p.dwelling_no = x.dwelling_no AND p.matter_no = x.matter_no), 0)
                 ORDER BY x.compound_id, x.remission_no",
    },
    Tie {
        name: "fee-refunds-posted",
        counted: "SELECT count(*) FROM fee_refund x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 退费 ' || x.refund_no FROM fee_refund x
                 WHERE {compound} AND (x.amount_fen, x.of_bills_fen) <> (
                   SELECT COALESCE(sum(CASE WHEN p.account IN (1122, 2203) THEN p.side * p.amount_fen ELSE 0 END), 0),
                          COALESCE(sum(CASE WHEN p.account = 1122 THEN p.side * p.amount_fen ELSE 0 END), 0)
                   FROM posting p WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq
                     AND p.dwelling_no = x.dwelling_no)
                 ORDER BY x.compound_id, x.refund_no",
    },
    Tie {
        name: "fee-receipts-gapless",
        counted: "SELECT count(*) FROM fee_receipt x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 收据 ' || x.year FROM fee_receipt x WHERE {compound}
                 GROUP BY x.compound_id, x.year HAVING max(x.number) <> count(*) OR min(x.number) <> 1
                 ORDER BY x.compound_id, x.year",
    },
    Tie {
        name: "fee-receipts-posted",
        counted: "SELECT count(*) FROM fee_receipt x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 收据 ' || x.year || '-' || x.number FROM fee_receipt x
             WHERE {compound} AND (x.amount_fen <> ",
            money_of!("x"),
            " OR EXISTS (SELECT 1 FROM fee_receipt_void o WHERE o.compound_id = x.compound_id AND o.year = x.year
                           AND o.number = x.number AND NOT EXISTS (
                             SELECT 1 FROM voucher v WHERE v.compound_id = x.compound_id AND v.book = 3
                               AND v.seq = o.voucher_seq AND v.reverses_seq = x.voucher_seq)))
             ORDER BY x.compound_id, x.year, x.number"
        ),
    },
    Tie {
        name: "bonds-held",
        counted: "SELECT count(*) FROM bond x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 房屋 ' || x.dwelling_no FROM dwelling x
             WHERE {compound}
               AND COALESCE((SELECT sum(o.amount_fen) FROM bond o WHERE o.compound_id = x.compound_id
                               AND o.dwelling_no = x.dwelling_no AND ",
            stands!("o"),
            "), 0)
                 - COALESCE((SELECT sum(m.amount_fen) FROM bond_move m JOIN bond o
                               ON o.compound_id = m.compound_id AND o.bond_no = m.bond_no
                             WHERE o.compound_id = x.compound_id AND o.dwelling_no = x.dwelling_no AND ",
            stands!("m"),
            "), 0)
               <> COALESCE((SELECT sum(l.credit_fen - l.debit_fen) FROM balance l WHERE l.compound_id = x.compound_id
                              AND l.book = 3 AND l.dwelling_no = x.dwelling_no AND l.account = 224102), 0)
             ORDER BY x.compound_id, x.dwelling_no"
        ),
    },
    Tie {
        name: "till-posted",
        counted: "SELECT count(*) FROM till x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 收退款 ' || x.till_no FROM till x
             WHERE {compound} AND x.amount_fen <> ",
            money_of!("x"),
            " ORDER BY x.compound_id, x.till_no"
        ),
    },
    // A sheet's sums are those of its entries, and it begins where its cashier's one before it ended.
    Tie {
        name: "sheets-sum-their-entries",
        counted: "SELECT count(*) FROM day_sheet x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 日结单 ' || x.sheet_no FROM day_sheet x
                 WHERE {compound} AND (
                   x.after_no <> COALESCE((SELECT max(y.through_no) FROM day_sheet y WHERE y.compound_id = x.compound_id
                                             AND y.cashier = x.cashier AND y.sheet_no < x.sheet_no), 0)
                   OR EXISTS (SELECT 1 FROM day_sheet_line l WHERE l.compound_id = x.compound_id AND l.sheet_no = x.sheet_no
                     AND (l.expected_fen, l.entries) <> (SELECT COALESCE(sum(t.amount_fen), 0), count(*) FROM till t
                       WHERE t.compound_id = x.compound_id AND t.cashier = x.cashier AND t.method = l.method
                         AND t.till_no > x.after_no AND t.till_no <= x.through_no))
                   OR EXISTS (SELECT 1 FROM till t WHERE t.compound_id = x.compound_id AND t.cashier = x.cashier
                     AND t.till_no > x.after_no AND t.till_no <= x.through_no
                     AND NOT EXISTS (SELECT 1 FROM day_sheet_line l WHERE l.compound_id = x.compound_id
                                       AND l.sheet_no = x.sheet_no AND l.method = t.method)))
                 ORDER BY x.compound_id, x.sheet_no",
    },
];
