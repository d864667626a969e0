//! What ties the rows of public revenue to each other, to the owners' resolutions and to the journal.

use super::Tie;

/// Whether the revenue book's voucher of a row still stands.
macro_rules! stands {
    ($row:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = ",
            $row,
            ".compound_id AND v.book = 2 AND v.reverses_seq = ",
            $row,
            ".voucher_seq)"
        )
    };
}

pub(super) const TIES: [Tie; 7] = [
    Tie {
        name: "revenue-posted",
        counted: "SELECT count(*) FROM revenue_entry x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 公共收益 ' || x.entry_no FROM revenue_entry x
                 WHERE {compound} AND (x.amount_fen, x.tax_fen) <> (
                   SELECT COALESCE(sum(CASE
                       WHEN x.sort = 'income' AND p.account IN (4001, 4101, 2221) THEN -p.side * p.amount_fen
                       WHEN x.sort IN ('cost', 'share') AND p.account = 5001 THEN p.side * p.amount_fen
                       WHEN x.sort = 'tax' AND p.account = 2221 THEN p.side * p.amount_fen
                       WHEN x.sort = 'remittance' AND p.account = 1122 THEN -p.side * p.amount_fen
                       WHEN x.sort = 'repayment' AND p.account = 1122 THEN p.side * p.amount_fen
                       WHEN x.sort = 'fund' AND p.account = 5101 THEN p.side * p.amount_fen
                       WHEN x.sort = 'owners' AND p.account = 5201 THEN p.side * p.amount_fen
                       WHEN x.sort IN ('use', 'project') AND p.account = 5301 THEN p.side * p.amount_fen
                       WHEN x.sort = 'pledge' AND p.account = 5401 THEN p.side * p.amount_fen ELSE 0 END), 0),
                     COALESCE(sum(CASE WHEN x.sort = 'income' AND p.account = 2221 THEN -p.side * p.amount_fen ELSE 0 END), 0)
                   FROM posting p WHERE p.compound_id = x.compound_id AND p.book = 2 AND p.seq = x.voucher_seq)
                 ORDER BY x.compound_id, x.entry_no",
    },
    // A dwelling's posting is its share, and nobody has one who is not on the list.
    Tie {
        name: "revenue-shares-whole",
        counted: "SELECT count(*) FROM revenue_entry x WHERE {compound} AND x.sort = 'owners'",
        broken: "SELECT '小区 ' || x.compound_id || ' 公共收益 ' || x.entry_no FROM revenue_entry x
                 WHERE {compound} AND (
                   CASE WHEN x.sort = 'owners' THEN x.amount_fen ELSE 0 END <> COALESCE((
                     SELECT sum(s.amount_fen) FROM revenue_share s
                     WHERE s.compound_id = x.compound_id AND s.entry_no = x.entry_no), 0)
                   OR EXISTS (SELECT 1 FROM revenue_share s
                     WHERE s.compound_id = x.compound_id AND s.entry_no = x.entry_no AND s.amount_fen <> COALESCE((
                       SELECT sum(p.amount_fen) FROM posting p
                       WHERE p.compound_id = s.compound_id AND p.book = 2 AND p.seq = x.voucher_seq AND p.side = 1
                         AND p.dwelling_no = s.dwelling_no), 0)))
                 ORDER BY x.compound_id, x.entry_no",
    },
    Tie {
        name: "let-by-resolution",
        counted: "SELECT count(*) FROM revenue_lease x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 经营合同 ' || x.lease_no FROM revenue_lease x
                 WHERE {compound} AND NOT EXISTS (SELECT 1 FROM vote_result r WHERE r.compound_id = x.compound_id
                   AND r.round_no = x.round_no AND r.digest = x.digest AND r.passed_on <= x.signed_on)
                 ORDER BY x.compound_id, x.lease_no",
    },
    Tie {
        name: "revenue-used-by-resolution",
        counted: "SELECT count(*) FROM revenue_entry x WHERE {compound} AND x.round_no IS NOT NULL",
        broken: "SELECT '小区 ' || x.compound_id || ' 公共收益 ' || x.entry_no FROM revenue_entry x
                 WHERE {compound} AND x.round_no IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM vote_result r WHERE r.compound_id = x.compound_id AND r.round_no = x.round_no
                     AND r.passed_on <= x.entered_on)
                 ORDER BY x.compound_id, x.entry_no",
    },
    Tie {
        name: "operator-shared-once",
        counted: "SELECT count(*) FROM revenue_entry x WHERE {compound} AND x.sort = 'share'",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 期间 ' || x.through FROM revenue_entry x
             WHERE {compound} AND x.sort = 'share' AND ",
            stands!("x"),
            " GROUP BY x.compound_id, x.scope, x.through HAVING count(*) > 1 ORDER BY x.compound_id, x.through"
        ),
    },
    Tie {
        name: "pledges-within",
        counted: "SELECT count(*) FROM revenue_pledge x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 让渡 ' || x.pledge_no FROM revenue_pledge x
             WHERE {compound} AND x.amount_fen < COALESCE((SELECT sum(e.amount_fen) FROM revenue_entry e
               WHERE e.compound_id = x.compound_id AND e.pledge_no = x.pledge_no AND ",
            stands!("e"),
            "), 0) ORDER BY x.compound_id, x.pledge_no"
        ),
    },
    // Of a contract's dues each begins where the one before it ended, the first with the term and the last at its end.
    Tie {
        name: "dues-fill-their-term",
        counted: "SELECT count(DISTINCT x.lease_no) FROM revenue_due x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 经营合同 ' || x.lease_no FROM revenue_due x
                 JOIN revenue_lease l ON l.compound_id = x.compound_id AND l.lease_no = x.lease_no
                 WHERE {compound}
                 GROUP BY x.compound_id, x.lease_no, l.from_on, l.until_on
                 HAVING min(x.from_on) <> l.from_on OR max(x.until_on) <> l.until_on OR max(x.due_no) <> count(*)
                 ORDER BY x.compound_id, x.lease_no",
    },
];
