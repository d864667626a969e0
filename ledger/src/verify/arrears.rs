//! What ties the claims of arrears to the bills they are of, and what was taken out of the trust money to its vouchers.

use super::Tie;

pub(super) const TIES: [Tie; 5] = [
    Tie {
        name: "claims-sum-their-bills",
        counted: "SELECT count(*) FROM arrears_claim x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 催缴 ' || x.claim_no FROM arrears_claim x
                 WHERE {compound} AND (
                   x.sum_fen <> COALESCE((SELECT sum(b.open_fen) FROM arrears_claim_bill b
                     WHERE b.compound_id = x.compound_id AND b.claim_no = x.claim_no), 0)
                   OR EXISTS (SELECT 1 FROM arrears_claim_bill b
                     WHERE b.compound_id = x.compound_id AND b.claim_no = x.claim_no
                       AND (b.debt_runs_out_on < b.runs_out_on OR b.open_fen > b.billed_fen - b.reduced_fen
                         OR NOT EXISTS (SELECT 1 FROM bill i
                           WHERE i.compound_id = x.compound_id AND i.dwelling_no = x.dwelling_no
                             AND i.matter_no = b.matter_no AND i.bearer = 'owner' AND i.due_on < x.made_on))))
                 ORDER BY x.compound_id, x.claim_no",
    },
    Tie {
        name: "plans-sum-to-arrears",
        counted: "SELECT count(*) FROM arrears_claim x WHERE {compound} AND x.kind = 'plan'",
        broken: "SELECT '小区 ' || x.compound_id || ' 承诺 ' || x.claim_no FROM arrears_claim x
                 WHERE {compound} AND CASE WHEN x.kind = 'plan' THEN x.sum_fen ELSE 0 END <> COALESCE(
                   (SELECT sum(i.amount_fen) FROM arrears_instalment i
                    WHERE i.compound_id = x.compound_id AND i.claim_no = x.claim_no), 0)
                 ORDER BY x.compound_id, x.claim_no",
    },
    Tie {
        name: "notices-by-stages",
        counted: "SELECT count(*) FROM arrears_claim x WHERE {compound} AND x.kind = 'notice'",
        broken: "SELECT '小区 ' || x.compound_id || ' 催缴 ' || x.claim_no FROM arrears_claim x
                 WHERE {compound} AND x.kind = 'notice' AND (
                   (x.stage > 1 AND x.reason = '' AND NOT EXISTS (SELECT 1 FROM arrears_claim e
                      WHERE e.compound_id = x.compound_id AND e.dwelling_no = x.dwelling_no AND e.kind = 'notice'
                        AND e.claim_no < x.claim_no AND e.stage >= x.stage - 1 AND e.pay_by < x.made_on))
                   OR EXISTS (SELECT 1 FROM arrears_proof p WHERE p.compound_id = x.compound_id
                      AND p.claim_no = x.claim_no AND p.delivered_on < x.made_on))
                 ORDER BY x.compound_id, x.claim_no",
    },
    Tie {
        name: "trust-entries-posted",
        counted: "SELECT count(*) FROM trust_entry x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 服务支出 ' || x.entry_no FROM trust_entry x
                 WHERE {compound} AND (x.amount_fen, x.tax_fen) <> (
                   SELECT COALESCE(sum(CASE WHEN p.account = 224103 THEN p.side * p.amount_fen ELSE 0 END), 0),
                          COALESCE(sum(CASE WHEN p.account = 2221 THEN -p.side * p.amount_fen ELSE 0 END), 0)
                   FROM posting p WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq)
                 ORDER BY x.compound_id, x.entry_no",
    },
    Tie {
        name: "remunerated-once",
        counted: "SELECT count(*) FROM trust_entry x WHERE {compound} AND x.kind = 'remuneration'",
        broken: "SELECT '小区 ' || x.compound_id || ' 月份 ' || x.month FROM trust_entry x
                 WHERE {compound} AND x.kind = 'remuneration' AND NOT EXISTS (
                   SELECT 1 FROM voucher v WHERE v.compound_id = x.compound_id AND v.book = 3
                     AND v.reverses_seq = x.voucher_seq)
                 GROUP BY x.compound_id, x.month HAVING count(*) > 1
                 ORDER BY x.compound_id, x.month",
    },
];
