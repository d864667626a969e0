//! What ties government money and renovations to the grant book: every tranche's own sum, its purpose, and Σ sources = Σ payments.

use super::Tie;

pub(super) const TIES: [Tie; 8] = [
    Tie {
        name: "tranches-come-to-the-bank",
        counted: "SELECT count(*) FROM tranche x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 补贴资金 ' || x.tranche_no FROM tranche x
                 WHERE {compound} AND COALESCE((
                   SELECT sum(m.sign * m.amount_fen) FROM tranche_move m
                   WHERE m.compound_id = x.compound_id AND m.tranche_no = x.tranche_no AND NOT EXISTS (
                     SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                       AND v.reverses_seq = m.voucher_seq)), 0)
                 <> COALESCE((SELECT sum(b.debit_fen - b.credit_fen) FROM balance b
                   WHERE b.compound_id = x.compound_id AND b.book = 4 AND b.account = 1002
                     AND b.matter_no = x.matter_no), 0)
                 ORDER BY x.compound_id, x.tranche_no",
    },
    Tie {
        name: "tranches-never-negative",
        counted: "SELECT count(*) FROM tranche x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 补贴资金 ' || x.tranche_no FROM tranche x
                 WHERE {compound}
                   AND COALESCE((SELECT sum(m.sign * m.amount_fen) FROM tranche_move m
                     WHERE m.compound_id = x.compound_id AND m.tranche_no = x.tranche_no AND NOT EXISTS (
                       SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                         AND v.reverses_seq = m.voucher_seq)), 0) < 0
                 ORDER BY x.compound_id, x.tranche_no",
    },
    Tie {
        name: "tranche-moves-posted",
        counted: "SELECT count(*) FROM tranche_move x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 补贴变动 ' || x.move_no FROM tranche_move x
                 JOIN tranche t ON t.compound_id = x.compound_id AND t.tranche_no = x.tranche_no
                 WHERE {compound} AND x.sign * x.amount_fen <> COALESCE((
                   SELECT sum(p.side * p.amount_fen) FROM posting p
                   WHERE p.compound_id = x.compound_id AND p.book = 4 AND p.seq = x.voucher_seq AND p.account = 1002
                     AND p.matter_no = t.matter_no), 0)
                 ORDER BY x.compound_id, x.move_no",
    },
    Tie {
        name: "spendings-earmarked",
        counted: "SELECT count(*) FROM tranche_move x WHERE {compound} AND x.kind = 'spend'",
        broken: "SELECT '小区 ' || x.compound_id || ' 补贴支付 ' || x.move_no FROM tranche_move x
                 JOIN tranche t ON t.compound_id = x.compound_id AND t.tranche_no = x.tranche_no
                 WHERE {compound} AND x.kind = 'spend' AND (
                   x.moved_on > t.spend_by OR x.moved_on < t.granted_on OR NOT EXISTS (
                     SELECT 1 FROM tranche_spend s JOIN tranche_use u
                       ON u.compound_id = s.compound_id AND u.tranche_no = s.tranche_no AND u.item = s.item
                     WHERE s.compound_id = x.compound_id AND s.move_no = x.move_no AND s.tranche_no = x.tranche_no
                       AND s.project_matter_no = t.project_matter_no AND (s.content_no IS NULL OR EXISTS (
                         SELECT 1 FROM content c WHERE c.compound_id = s.compound_id AND c.content_no = s.content_no
                           AND c.matter_no = t.project_matter_no AND c.item = s.item))))
                 ORDER BY x.compound_id, x.move_no",
    },
    Tie {
        name: "central-money-once",
        counted: "SELECT count(*) FROM tranche_spend x WHERE {compound} AND x.is_central = 1 AND x.content_no IS NOT NULL",
        broken: "SELECT '小区 ' || x.compound_id || ' 补贴支付 ' || x.move_no FROM tranche_spend x
                 JOIN tranche_move m ON m.compound_id = x.compound_id AND m.move_no = x.move_no
                 WHERE {compound} AND x.is_central = 1 AND x.content_no IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                     AND v.reverses_seq = m.voucher_seq)
                   AND EXISTS (
                     SELECT 1 FROM tranche_spend s JOIN tranche_move n
                       ON n.compound_id = s.compound_id AND n.move_no = s.move_no
                     WHERE s.compound_id = x.compound_id AND s.item = x.item AND s.is_central = 1
                       AND s.content_no IS NOT NULL
                       AND (s.building = '' OR x.building = '' OR s.building = x.building)
                       AND (s.programme_no <> x.programme_no OR s.content_no <> x.content_no)
                       AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = n.compound_id AND v.book = 4
                                         AND v.reverses_seq = n.voucher_seq))
                 ORDER BY x.compound_id, x.move_no",
    },
    Tie {
        name: "earnest-money-held",
        counted: "SELECT count(*) FROM earnest x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 保证金 ' || x.programme_no FROM earnest x
                 WHERE {compound} AND COALESCE((
                   SELECT sum(CASE m.kind WHEN 'paid' THEN m.amount_fen WHEN 'deducted' THEN -m.amount_fen
                                WHEN 'returned' THEN -m.amount_fen ELSE 0 END) FROM earnest_move m
                   WHERE m.compound_id = x.compound_id AND m.programme_no = x.programme_no AND NOT EXISTS (
                     SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                       AND v.reverses_seq = m.voucher_seq)), 0)
                 <> COALESCE((SELECT sum(b.credit_fen - b.debit_fen) FROM balance b
                   WHERE b.compound_id = x.compound_id AND b.book = 4 AND b.account = 2242
                     AND b.matter_no = x.matter_no), 0)
                 ORDER BY x.compound_id, x.programme_no",
    },
    Tie {
        name: "sources-sum-to-payments",
        counted: "SELECT count(*) FROM renovation_payment x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 改造 ' || x.renovation_no || ' 付款 ' || x.payment_no
                 FROM renovation_payment x WHERE {compound} AND (
                   x.amount_fen <> COALESCE((SELECT sum(p.amount_fen) FROM renovation_part p
                     WHERE p.compound_id = x.compound_id AND p.renovation_no = x.renovation_no
                       AND p.payment_no = x.payment_no), 0)
                   OR x.amount_fen <> COALESCE((SELECT sum(g.side * g.amount_fen) FROM posting g
                     WHERE g.compound_id = x.compound_id AND g.book = 4 AND g.account / 100 = 5001
                       AND g.seq IN (SELECT p.voucher_seq FROM renovation_part p
                         WHERE p.compound_id = x.compound_id AND p.renovation_no = x.renovation_no
                           AND p.payment_no = x.payment_no AND p.book = 4)), 0)
                     + COALESCE((SELECT sum(y.fund_fen) FROM renovation_part p JOIN project_payment y
                         ON y.compound_id = p.compound_id AND y.project_no = p.project_no
                         AND y.payment_no = p.project_payment_no
                       WHERE p.compound_id = x.compound_id AND p.renovation_no = x.renovation_no
                         AND p.payment_no = x.payment_no), 0)
                   OR EXISTS (SELECT 1 FROM renovation_part p
                     WHERE p.compound_id = x.compound_id AND p.renovation_no = x.renovation_no
                       AND p.payment_no = x.payment_no
                       AND EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = p.compound_id AND v.book = p.book
                                     AND v.reverses_seq = p.voucher_seq)
                       <> EXISTS (SELECT 1 FROM renovation_reversal r WHERE r.compound_id = x.compound_id
                                    AND r.renovation_no = x.renovation_no AND r.payment_no = x.payment_no)))
                 ORDER BY x.compound_id, x.renovation_no, x.payment_no",
    },
    Tie {
        name: "sources-within-plan-and-money",
        counted: "SELECT count(*) FROM renovation_source x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 改造 ' || x.renovation_no || ' 来源 ' || x.source_no
                 FROM renovation_source x
                 JOIN renovation o ON o.compound_id = x.compound_id AND o.renovation_no = x.renovation_no
                 WHERE {compound} AND (
                   x.planned_fen < COALESCE((SELECT sum(p.amount_fen) FROM renovation_part p
                     WHERE p.compound_id = x.compound_id AND p.renovation_no = x.renovation_no
                       AND p.source_no = x.source_no AND NOT EXISTS (
                         SELECT 1 FROM renovation_reversal r WHERE r.compound_id = p.compound_id
                           AND r.renovation_no = p.renovation_no AND r.payment_no = p.payment_no)), 0)
                   OR (x.matter_no <> o.matter_no AND COALESCE((
                     SELECT sum(i.amount_fen) FROM renovation_paid_in i
                     WHERE i.compound_id = x.compound_id AND i.renovation_no = x.renovation_no
                       AND i.source_no = x.source_no AND NOT EXISTS (
                         SELECT 1 FROM voucher v WHERE v.compound_id = i.compound_id AND v.book = 4
                           AND v.reverses_seq = i.voucher_seq)), 0)
                     - COALESCE((SELECT sum(p.amount_fen) FROM renovation_part p
                     WHERE p.compound_id = x.compound_id AND p.renovation_no = x.renovation_no
                       AND p.source_no = x.source_no AND NOT EXISTS (
                         SELECT 1 FROM renovation_reversal r WHERE r.compound_id = p.compound_id
                           AND r.renovation_no = p.renovation_no AND r.payment_no = p.payment_no)), 0)
                     <> COALESCE((SELECT sum(b.debit_fen - b.credit_fen) FROM balance b
                     WHERE b.compound_id = x.compound_id AND b.book = 4 AND b.account = 1002
                       AND b.matter_no = x.matter_no), 0)))
                 ORDER BY x.compound_id, x.renovation_no, x.source_no",
    },
];
