//! What ties the claims of arrears to the bills they are of.

use super::Tie;

pub(super) const TIES: [Tie; 3] = [
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
];
