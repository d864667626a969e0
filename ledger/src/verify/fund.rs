//! What ties the fund's own rows to each other and to the journal.

use super::Tie;

/// Whether the fund's voucher of a row still stands.
macro_rules! stands {
    ($row:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = ",
            $row,
            ".compound_id AND v.book = 1 AND v.reverses_seq = ",
            $row,
            ".voucher_seq)"
        )
    };
}

pub(super) const TIES: [Tie; 10] = [
    Tie {
        name: "units-deposits-posted",
        counted: "SELECT count(*) FROM deposit x WHERE {compound} AND x.unit_no IS NOT NULL",
        broken: "SELECT '小区 ' || x.compound_id || ' 交存 ' || x.deposit_no FROM deposit x
                 JOIN selling_unit u ON u.compound_id = x.compound_id AND u.unit_no = x.unit_no
                 WHERE {compound} AND x.amount_fen <> COALESCE(
                   (SELECT sum(-p.side * p.amount_fen) FROM posting p
                    WHERE p.compound_id = x.compound_id AND p.book = 1 AND p.seq = x.voucher_seq
                      AND p.dwelling_no = 0 AND p.matter_no = u.matter_no AND p.account = 400103), 0)
                 ORDER BY x.compound_id, x.deposit_no",
    },
    Tie {
        name: "instalments-sum-to-dues",
        counted: "SELECT count(DISTINCT x.assessment_no) FROM assessment_instalment x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 核定 ' || x.assessment_no FROM assessment x
                 WHERE {compound} AND x.due_fen <> COALESCE(
                   (SELECT sum(i.due_fen) FROM assessment_instalment i
                    WHERE i.compound_id = x.compound_id AND i.assessment_no = x.assessment_no), x.due_fen)
                 ORDER BY x.compound_id, x.assessment_no",
    },
    Tie {
        name: "assessed-once",
        counted: "SELECT count(*) FROM assessment x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 房屋 ' || x.dwelling_no || ' ' || x.kind FROM assessment x
             WHERE {compound} AND NOT EXISTS (SELECT 1 FROM assessment n
               WHERE n.compound_id = x.compound_id AND n.replaces_no = x.assessment_no)
             AND NOT EXISTS (SELECT 1 FROM refund w WHERE w.compound_id = x.compound_id
               AND w.dwelling_no = x.dwelling_no AND w.cause <> 'cancelled'
               AND (w.unit_no IS NULL OR w.unit_no = x.unit_no)
               AND w.act_no > x.act_no AND ",
            stands!("w"),
            ") GROUP BY x.compound_id, x.dwelling_no, x.kind, x.month, COALESCE(x.plan_no, 0)
             HAVING count(*) > 1 ORDER BY x.compound_id, x.dwelling_no"
        ),
    },
    Tie {
        name: "refunds-within-deposits",
        counted: "SELECT count(DISTINCT x.deposit_no) FROM refund x WHERE {compound} AND x.deposit_no IS NOT NULL",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 交存 ' || x.deposit_no FROM deposit x
             WHERE {compound} AND x.amount_fen - x.gains_fen < COALESCE(
               (SELECT sum(r.principal_fen) FROM refund r WHERE r.compound_id = x.compound_id
                  AND r.deposit_no = x.deposit_no AND ",
            stands!("r"),
            "), 0) ORDER BY x.compound_id, x.deposit_no"
        ),
    },
    Tie {
        name: "refunds-posted",
        counted: "SELECT count(*) FROM refund x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 返还 ' || x.refund_no FROM refund x
                 WHERE {compound} AND (x.principal_fen, x.gains_fen) <> (
                   SELECT COALESCE(sum(CASE WHEN p.account / 100 IN (4001, 5101) THEN p.side * p.amount_fen ELSE 0 END), 0),
                          COALESCE(sum(CASE WHEN p.account IN (3001, 300201, 300202) THEN p.side * p.amount_fen ELSE 0 END), 0)
                   FROM posting p WHERE p.compound_id = x.compound_id AND p.book = 1 AND p.seq = x.voucher_seq)
                 ORDER BY x.compound_id, x.refund_no",
    },
    Tie {
        name: "refunds-owed-are-2001",
        counted: "SELECT count(*) FROM refund x WHERE {compound} AND x.cause = 'destroyed'",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 应付房屋灭失返还资金' FROM book x
             WHERE {compound} AND x.book = 1 AND COALESCE(
               (SELECT sum(b.credit_fen - b.debit_fen) FROM balance b
                WHERE b.compound_id = x.compound_id AND b.book = 1 AND b.account = 2001), 0)
             <> COALESCE((SELECT sum(r.principal_fen + r.gains_fen) FROM refund r
                  WHERE r.compound_id = x.compound_id AND r.cause = 'destroyed' AND ",
            stands!("r"),
            "), 0) - COALESCE((SELECT sum(y.amount_fen) FROM refund_payment y
                  WHERE y.compound_id = x.compound_id AND ",
            stands!("y"),
            "), 0) ORDER BY x.compound_id"
        ),
    },
    Tie {
        name: "receipts-of-deposits",
        counted: "SELECT count(*) FROM receipt x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 交存 ' || x.deposit_no FROM receipt x
                 WHERE {compound} AND NOT EXISTS (SELECT 1 FROM receipt_void o
                   WHERE o.compound_id = x.compound_id AND o.receipt_no = x.receipt_no)
                 GROUP BY x.compound_id, x.deposit_no HAVING count(*) > 1 ORDER BY x.compound_id, x.deposit_no",
    },
    Tie {
        name: "legacy-spread-whole",
        counted: "SELECT count(*) FROM legacy x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 代管 ' || x.legacy_no FROM legacy x
                 WHERE {compound} AND x.amount_fen <> COALESCE(
                   (SELECT sum(s.claimed_fen) FROM legacy_share s
                    WHERE s.compound_id = x.compound_id AND s.legacy_no = x.legacy_no), x.amount_fen)
                 ORDER BY x.compound_id, x.legacy_no",
    },
    Tie {
        name: "a-resolution-makes-one-plan",
        counted: "SELECT count(*) FROM renewal_plan x WHERE {compound} AND x.round_no IS NOT NULL",
        broken: "SELECT '小区 ' || x.compound_id || ' 表决 ' || x.round_no || ' 事项 ' || x.motion_no FROM renewal_plan x
                 WHERE {compound} AND x.round_no IS NOT NULL AND NOT EXISTS (SELECT 1 FROM renewal_withdrawal w
                   WHERE w.compound_id = x.compound_id AND w.plan_no = x.plan_no)
                 GROUP BY x.compound_id, x.round_no, x.motion_no HAVING count(*) > 1
                 ORDER BY x.compound_id, x.round_no, x.motion_no",
    },
    Tie {
        name: "renewals-sum-to-dues",
        counted: "SELECT count(*) FROM renewal_plan x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 续筹方案 ' || x.plan_no FROM renewal_plan x
                 WHERE {compound} AND x.total_fen <> COALESCE(
                   (SELECT sum(a.due_fen) FROM assessment a WHERE a.compound_id = x.compound_id
                      AND a.plan_no = x.plan_no AND a.replaces_no IS NULL), 0)
                 ORDER BY x.compound_id, x.plan_no",
    },
];
