//! What ties the orders of payment channels to the payments, the held money and the payouts they became.

use super::Tie;

/// Whether the voucher of a row of the service book still stands.
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

pub(super) const TIES: [Tie; 7] = [
    // An order that was booked has a payment that stands, of the same amount, of that dwelling, on the channel's account.
    Tie {
        name: "orders-paid",
        counted: concat!(
            "SELECT count(*) FROM channel_claim x WHERE {compound} AND x.kind IN ('paid', 'tied') AND ",
            stands!("x")
        ),
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 渠道订单 ' || x.order_no FROM channel_claim x
             JOIN channel_order o ON o.compound_id = x.compound_id AND o.order_no = x.order_no
             WHERE {compound} AND x.kind IN ('paid', 'tied') AND ",
            stands!("x"),
            " AND (o.amount_fen <> x.amount_fen OR NOT EXISTS (
                 SELECT 1 FROM payment p WHERE p.compound_id = x.compound_id AND p.payment_no = x.payment_no
                   AND p.amount_fen = x.amount_fen AND p.dwelling_no = x.dwelling_no AND p.method = o.channel
                   AND p.voucher_seq = x.voucher_seq)
               OR x.amount_fen <> COALESCE((SELECT sum(p.side * p.amount_fen) FROM posting p
                 WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq
                   AND p.account = CASE o.channel WHEN 'wechat' THEN 101201 ELSE 101202 END), 0))
             ORDER BY x.compound_id, x.order_no"
        ),
    },
    // A refund of the channel that gave a payment back is a refund that stands, of the same amount and dwelling.
    Tie {
        name: "orders-refunded",
        counted: concat!(
            "SELECT count(*) FROM channel_claim x WHERE {compound} AND x.kind = 'refunded' AND ",
            stands!("x")
        ),
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 渠道退款 ' || x.order_no FROM channel_claim x
             JOIN channel_order o ON o.compound_id = x.compound_id AND o.order_no = x.order_no
             WHERE {compound} AND x.kind = 'refunded' AND ",
            stands!("x"),
            " AND (abs(o.amount_fen) <> x.amount_fen OR NOT EXISTS (
                 SELECT 1 FROM fee_refund r WHERE r.compound_id = x.compound_id AND r.payment_no = x.payment_no
                   AND r.amount_fen = x.amount_fen AND r.dwelling_no = x.dwelling_no AND r.method = o.channel
                   AND r.voucher_seq = x.voucher_seq))
             ORDER BY x.compound_id, x.order_no"
        ),
    },
    // An order is one thing: paid once, or held, never more than it brought.
    Tie {
        name: "orders-once",
        counted: "SELECT count(*) FROM channel_order x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 渠道订单 ' || x.held_order_no FROM channel_claim x
             JOIN channel_order o ON o.compound_id = x.compound_id AND o.order_no = x.held_order_no
             WHERE {compound} AND ",
            stands!("x"),
            " GROUP BY x.compound_id, x.held_order_no, o.amount_fen
             HAVING sum(CASE x.kind WHEN 'released' THEN -x.amount_fen WHEN 'returned' THEN 0 ELSE x.amount_fen END)
                      > abs(o.amount_fen)
               OR sum(CASE x.kind WHEN 'held' THEN x.amount_fen WHEN 'released' THEN -x.amount_fen
                        WHEN 'returned' THEN -x.amount_fen ELSE 0 END) < 0
             ORDER BY x.compound_id, x.held_order_no"
        ),
    },
    // What stands on 224101 is what is held, order by order.
    Tie {
        name: "held-money",
        counted: concat!(
            "SELECT count(*) FROM channel_claim x WHERE {compound} AND x.kind = 'held' AND ",
            stands!("x")
        ),
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 暂存款' FROM compound x WHERE {compound}
             AND COALESCE((SELECT sum(b.credit_fen - b.debit_fen) FROM balance b
               WHERE b.compound_id = x.compound_id AND b.book = 3 AND b.account = 224101), 0)
             <> COALESCE((SELECT sum(CASE c.kind WHEN 'held' THEN c.amount_fen ELSE -c.amount_fen END)
               FROM channel_claim c WHERE c.compound_id = x.compound_id
                 AND c.kind IN ('held', 'released', 'returned') AND ",
            stands!("c"),
            "), 0) ORDER BY x.compound_id"
        ),
    },
    // A payout's voucher is its line and its charges; its orders come to its figures.
    Tie {
        name: "payouts-posted",
        counted: concat!("SELECT count(*) FROM channel_payout x WHERE {compound} AND ", stands!("x")),
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 核销 ' || x.payout_no FROM channel_payout x
             JOIN bank_line l ON l.compound_id = x.compound_id AND l.line_no = x.line_no
             WHERE {compound} AND ",
            stands!("x"),
            " AND (l.in_fen <> x.net_fen
               OR x.net_fen <> COALESCE((SELECT sum(p.side * p.amount_fen) FROM posting p
                 WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq AND p.account = 1002), 0)
               OR x.fee_fen <> COALESCE((SELECT sum(p.side * p.amount_fen) FROM posting p
                 WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq AND p.account = 6603), 0)
               OR (x.order_count, x.paid_fen - x.returned_fen) <> (
                 SELECT count(*), COALESCE(sum(CASE WHEN o.kind IN ('pay', 'refund') THEN o.amount_fen ELSE 0 END), 0)
                 FROM channel_payout_order s
                 JOIN channel_order o ON o.compound_id = s.compound_id AND o.order_no = s.order_no
                 WHERE s.compound_id = x.compound_id AND s.payout_no = x.payout_no))
             ORDER BY x.compound_id, x.payout_no"
        ),
    },
    Tie {
        name: "paid-out-once",
        counted: "SELECT count(*) FROM channel_payout_order x WHERE {compound}",
        broken: concat!(
            "SELECT '小区 ' || x.compound_id || ' 渠道订单 ' || x.order_no FROM channel_payout_order x
             JOIN channel_payout q ON q.compound_id = x.compound_id AND q.payout_no = x.payout_no
             WHERE {compound} AND ",
            stands!("q"),
            " GROUP BY x.compound_id, x.order_no HAVING count(*) > 1 ORDER BY x.compound_id, x.order_no"
        ),
    },
    // An invoice is for one payment, and a payment's invoices are not more than it.
    Tie {
        name: "invoices-within-payments",
        counted: "SELECT count(DISTINCT x.payment_no) FROM invoice_use x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 收据 ' || x.payment_no FROM invoice_use x
                 JOIN payment p ON p.compound_id = x.compound_id AND p.payment_no = x.payment_no
                 JOIN invoice i ON i.compound_id = x.compound_id AND i.invoice_no = x.invoice_no
                 LEFT JOIN (SELECT r.compound_id, r.blue_no, sum(n.total_fen) AS red_fen FROM invoice_red r
                   JOIN invoice n ON n.compound_id = r.compound_id AND n.invoice_no = r.invoice_no
                   GROUP BY r.compound_id, r.blue_no) b
                   ON b.compound_id = x.compound_id AND b.blue_no = x.invoice_no
                 WHERE {compound} GROUP BY x.compound_id, x.payment_no, p.amount_fen
                 HAVING sum(i.total_fen + COALESCE(b.red_fen, 0)) > p.amount_fen
                 ORDER BY x.compound_id, x.payment_no",
    },
];
