//! The laws of the whole house: the journal's, recounted line by line, and what ties the other rooms' rows to it.
//!
//! Owns: nothing. It is the auditor, and so the one room that looks into every other room's tables; it only reads.
//! Always: a law has a name for ever, a count of what was held against it, and the first row that broke it.
//! Start at [`verify`].

mod arrears;
mod chain;
mod channel;
mod counter;
mod fund;
mod revenue;
mod subsidy;
mod words;

pub use self::words::law_in_chinese;

use crate::books::{Books, Reads, Snapshot, View};
use crate::district;
use crate::error::Result;
use crate::gains;
use crate::governance;
use crate::id::{CompoundId, ProjectNo, RoundNo, RunNo};
use crate::journal::verify::{Law, Laws};
use crate::works;

/// A law told in SQL: how many things there are, and those that break it (`what`, in Chinese, first).
struct Tie {
    name: &'static str,
    /// `SELECT count(*)` of what is held against the law; `{compound}` stands for the condition on `x.compound_id`.
    counted: &'static str,
    /// `SELECT` of a text naming each broken row, in order.
    broken: &'static str,
}

const TIES: [Tie; 14] = [
    Tie {
        name: "deposits-posted",
        counted: "SELECT count(*) FROM deposit x WHERE {compound} AND x.dwelling_no IS NOT NULL",
        broken: "SELECT '小区 ' || x.compound_id || ' 交存 ' || x.deposit_no FROM deposit x
                 WHERE {compound} AND
                   (SELECT sum(y.amount_fen) FROM deposit y WHERE y.compound_id = x.compound_id
                      AND y.voucher_seq = x.voucher_seq AND y.dwelling_no = x.dwelling_no) <> COALESCE(
                   (SELECT sum(CASE WHEN p.account / 100 = 4001 OR p.account IN (3001, 300201)
                                    THEN -p.side * p.amount_fen ELSE 0 END) FROM posting p
                    WHERE p.compound_id = x.compound_id AND p.book = 1 AND p.seq = x.voucher_seq
                      AND p.dwelling_no = x.dwelling_no), 0) AND x.dwelling_no IS NOT NULL
                 ORDER BY x.compound_id, x.deposit_no",
    },
    Tie {
        name: "payments-posted",
        counted: "SELECT count(*) FROM payment x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 收据 ' || x.payment_no FROM payment x
                 WHERE {compound} AND (x.amount_fen, x.settled_fen) <> (
                   SELECT COALESCE(sum(CASE WHEN p.account IN (1122, 2203) THEN -p.side * p.amount_fen ELSE 0 END), 0),
                          COALESCE(sum(CASE WHEN p.account = 1122 THEN -p.side * p.amount_fen ELSE 0 END), 0)
                   FROM posting p WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq
                     AND p.dwelling_no = x.dwelling_no)
                 ORDER BY x.compound_id, x.payment_no",
    },
    Tie {
        name: "bills-posted",
        counted: "SELECT count(*) FROM bill x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 账单 ' || x.matter_no FROM bill x
                 WHERE {compound} AND x.amount_fen <> COALESCE(
                   (SELECT sum(p.side * p.amount_fen) FROM posting p
                    WHERE p.compound_id = x.compound_id AND p.book = 3 AND p.seq = x.voucher_seq
                      AND p.dwelling_no = x.dwelling_no AND p.matter_no = x.matter_no AND p.account = 1122), 0)
                 ORDER BY x.compound_id, x.matter_no",
    },
    // A line is of the bank's account; a channel's only where the bank's is not touched (a payout moves both).
    Tie {
        name: "bank-claims-true",
        counted: "SELECT count(*) FROM bank_claim x WHERE {compound} AND x.released_by_act IS NULL",
        broken: "SELECT '小区 ' || x.compound_id || ' 流水 ' || x.line_no
                 FROM bank_claim x JOIN bank_line l ON l.compound_id = x.compound_id AND l.line_no = x.line_no
                 WHERE {compound} AND x.released_by_act IS NULL AND (
                   l.in_fen - l.out_fen <> COALESCE(
                     (SELECT sum(p.side * p.amount_fen) FROM posting p
                      WHERE p.compound_id = x.compound_id AND p.book = l.book AND p.seq = x.voucher_seq
                        AND p.account / CASE WHEN p.account > 9999 THEN 100 ELSE 1 END IN (1001, 1002)),
                     (SELECT sum(p.side * p.amount_fen) FROM posting p
                      WHERE p.compound_id = x.compound_id AND p.book = l.book AND p.seq = x.voucher_seq
                        AND p.account / 100 = 1012), 0)
                   OR EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = x.compound_id AND v.book = l.book
                                AND v.reverses_seq = x.voucher_seq))
                 ORDER BY x.compound_id, x.line_no",
    },
    Tie {
        name: "owners-hold-wholes",
        counted: "SELECT count(DISTINCT x.dwelling_no) FROM tenure x WHERE {compound} AND x.until_on IS NULL",
        broken: "SELECT '小区 ' || x.compound_id || ' 房屋 ' || x.dwelling_no FROM tenure x
                 WHERE {compound} AND x.until_on IS NULL GROUP BY x.compound_id, x.dwelling_no
                 HAVING abs(1000000000 - sum(1000000000 * CAST(x.share_part AS BIGINT) / x.share_of)) > count(*)
                 ORDER BY x.compound_id, x.dwelling_no",
    },
    Tie {
        name: "successions-whole",
        counted: "SELECT count(*) FROM succession x WHERE {compound} AND x.kind <> 'demolition'",
        broken: "SELECT '小区 ' || x.compound_id || ' 变动 ' || x.succession_no FROM succession x
                 WHERE {compound} AND x.kind <> 'demolition' AND 0 <> (
                   SELECT sum((1 - 2 * l.is_new) * d.fund_area_centi_m2) FROM succession_line l
                   JOIN dwelling d ON d.compound_id = l.compound_id AND d.dwelling_no = l.dwelling_no
                   WHERE l.compound_id = x.compound_id AND l.succession_no = x.succession_no)
                 ORDER BY x.compound_id, x.succession_no",
    },
    Tie {
        name: "succeeded-empty",
        counted: "SELECT count(*) FROM succession x WHERE {compound} AND x.kind <> 'demolition'",
        broken: "SELECT '小区 ' || l.compound_id || ' 房屋 ' || l.dwelling_no
                 FROM succession x
                 JOIN succession_line l ON l.compound_id = x.compound_id AND l.succession_no = x.succession_no
                 JOIN balance b ON b.compound_id = l.compound_id AND b.book = 1 AND b.dwelling_no = l.dwelling_no
                 JOIN account a ON a.compound_id = b.compound_id AND a.book = b.book AND a.account = b.account
                 WHERE {compound} AND x.kind <> 'demolition' AND l.is_new = 0 AND a.bearing > 0
                 GROUP BY l.compound_id, l.dwelling_no, a.bearing HAVING sum(b.credit_fen - b.debit_fen) <> 0
                 ORDER BY l.compound_id, l.dwelling_no",
    },
    Tie {
        name: "handed-over-empty",
        counted: "SELECT count(DISTINCT x.compound_id) FROM custody x WHERE {compound}",
        broken: "SELECT '小区 ' || b.compound_id || ' 房屋 ' || b.dwelling_no FROM balance b
                 JOIN account a ON a.compound_id = b.compound_id AND a.book = b.book AND a.account = b.account
                 WHERE b.book = 1 AND b.dwelling_no > 0 AND a.bearing > 0 AND b.compound_id IN (
                   SELECT x.compound_id FROM custody x WHERE {compound} AND x.is_away = 1 AND x.custody_no =
                     (SELECT max(y.custody_no) FROM custody y WHERE y.compound_id = x.compound_id))
                 GROUP BY b.compound_id, b.dwelling_no, a.bearing HAVING sum(b.credit_fen - b.debit_fen) <> 0
                 ORDER BY b.compound_id, b.dwelling_no",
    },
    Tie {
        name: "imports-whole",
        counted: "SELECT count(*) FROM import x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 导入 ' || x.import_no FROM import x
                 WHERE {compound} AND (SELECT count(*) FROM import_row r
                   WHERE r.compound_id = x.compound_id AND r.import_no = x.import_no)
                   <> CASE WHEN x.undone_by_act IS NULL THEN x.row_count ELSE 0 END
                 ORDER BY x.compound_id, x.import_no",
    },
    Tie {
        name: "settlements-posted",
        counted: "SELECT count(*) FROM gain_settlement x WHERE {compound}",
        broken: "SELECT '小区 ' || x.compound_id || ' 分配 ' || x.settlement_no FROM gain_settlement x
                 WHERE {compound} AND (
                   (x.sum_fen, CAST(x.households AS BIGINT)) <> (
                     SELECT COALESCE(sum(h.amount_fen), 0), count(*) FROM gain_share h
                     WHERE h.compound_id = x.compound_id AND h.settlement_no = x.settlement_no)
                   OR EXISTS (
                     SELECT h.dwelling_no, h.account, h.amount_fen FROM gain_share h
                     WHERE h.compound_id = x.compound_id AND h.settlement_no = x.settlement_no
                     EXCEPT
                     SELECT p.dwelling_no, p.account, p.amount_fen FROM posting p
                     WHERE p.compound_id = x.compound_id AND p.book = 1 AND p.seq BETWEEN x.first_seq AND x.last_seq
                       AND p.effective_on = x.settle_on AND p.side = -1)
                   OR x.sum_fen <> (
                     SELECT COALESCE(sum(p.amount_fen), 0) FROM posting p
                     WHERE p.compound_id = x.compound_id AND p.book = 1 AND p.seq BETWEEN x.first_seq AND x.last_seq
                       AND p.side = 1 AND p.account IN (310101, 310102)))
                 ORDER BY x.compound_id, x.settlement_no",
    },
    Tie {
        name: "settled-once",
        counted: "SELECT count(*) FROM gain_settlement x WHERE {compound} AND x.kind = 'interest'",
        broken: "SELECT '小区 ' || x.compound_id || ' 结息日 ' || x.settle_on FROM gain_settlement x
                 WHERE {compound} AND x.kind = 'interest' AND NOT EXISTS (
                   SELECT 1 FROM voucher v WHERE v.compound_id = x.compound_id AND v.book = 1
                     AND v.reverses_seq = x.first_seq)
                 GROUP BY x.compound_id, x.settle_on HAVING count(*) > 1
                 ORDER BY x.compound_id, x.settle_on",
    },
    // A fund that was handed over lies with whom it was handed to, its placements with it.
    Tie {
        name: "bonds-registered",
        counted: "SELECT count(*) FROM placement x WHERE {compound} AND x.kind = 'primary-bond-to-maturity'",
        broken: "SELECT '小区 ' || x.compound_id || ' 国债投资' FROM compound x WHERE {compound}
                 AND COALESCE((SELECT c.is_away FROM custody c WHERE c.compound_id = x.compound_id
                   ORDER BY c.custody_no DESC LIMIT 1), 0) = 0
                 AND COALESCE((SELECT sum(b.debit_fen - b.credit_fen) FROM balance b
                   WHERE b.compound_id = x.compound_id AND b.book = 1 AND b.account = 1101), 0)
                 <> COALESCE((SELECT sum(p.cost_fen) FROM placement p
                   WHERE p.compound_id = x.compound_id AND p.kind = 'primary-bond-to-maturity'
                     AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = p.compound_id AND v.book = 1
                                       AND v.reverses_seq = p.voucher_seq)
                     AND NOT EXISTS (SELECT 1 FROM placement_end e
                                     WHERE e.compound_id = p.compound_id AND e.placement_no = p.placement_no
                                       AND NOT EXISTS (SELECT 1 FROM voucher v
                                                       WHERE v.compound_id = e.compound_id AND v.book = 1
                                                         AND v.reverses_seq = e.voucher_seq))), 0)
                 ORDER BY x.compound_id",
    },
    Tie {
        name: "terms-in-the-bank",
        counted: "SELECT count(*) FROM placement x WHERE {compound} AND x.kind = 'term-deposit'",
        broken: "SELECT '小区 ' || x.compound_id || ' 定期存款' FROM compound x WHERE {compound}
                 AND COALESCE((SELECT c.is_away FROM custody c WHERE c.compound_id = x.compound_id
                   ORDER BY c.custody_no DESC LIMIT 1), 0) = 0
                 AND COALESCE((SELECT sum(b.debit_fen - b.credit_fen) FROM balance b
                   WHERE b.compound_id = x.compound_id AND b.book = 1 AND b.account = 1001), 0)
                 < COALESCE((SELECT sum(p.nominal_fen) FROM placement p
                   WHERE p.compound_id = x.compound_id AND p.kind = 'term-deposit'
                     AND NOT EXISTS (SELECT 1 FROM placement_end e
                                     WHERE e.compound_id = p.compound_id AND e.placement_no = p.placement_no
                                       AND NOT EXISTS (SELECT 1 FROM voucher v
                                                       WHERE v.compound_id = e.compound_id AND v.book = 1
                                                         AND v.reverses_seq = e.voucher_seq))), 0)
                 ORDER BY x.compound_id",
    },
    // Both ways: what was signed was done as it was asked, and no act names a second person who signed nothing.
    Tie {
        name: "deeds-signed",
        counted: "SELECT count(*) FROM countersign x WHERE {compound} AND x.state = 'confirmed'",
        broken: "SELECT what FROM (
                   SELECT x.compound_id AS c, x.decided_by_act AS n,
                     '小区 ' || x.compound_id || ' 复核申请 ' || x.countersign_no AS what
                   FROM countersign x
                   WHERE {compound} AND x.state = 'confirmed' AND NOT EXISTS (
                     SELECT 1 FROM act a WHERE a.compound_id = x.compound_id AND a.act_no = x.decided_by_act
                       AND a.actor = x.asked_by AND a.role = x.asked_role AND a.second = x.decided_by)
                   UNION ALL
                   SELECT x.compound_id, x.act_no, '小区 ' || x.compound_id || ' 操作 ' || x.act_no
                   FROM act x
                   WHERE {compound} AND x.second <> '' AND NOT EXISTS (
                     SELECT 1 FROM countersign k WHERE k.compound_id = x.compound_id AND k.state = 'confirmed'
                       AND k.decided_by_act = x.act_no AND k.decided_by = x.second)) b
                 ORDER BY c, n",
    },
];

/// Verifies every law of the house, for one compound or for all.
///
/// # Errors
/// Storage. A broken law is no error: it is what was asked for.
pub async fn verify(books: &Books, only: Option<CompoundId>) -> Result<Vec<Law>> {
    let mut found = crate::journal::verify::verify(books, only).await?;
    let mut view = books.read().await?;
    let mut laws = Laws::named(&[chain::ACTS_CHAINED]);
    laws.add(Laws::named(&TIES.map(|tie| tie.name)));
    laws.add(Laws::named(&fund::TIES.map(|tie| tie.name)));
    laws.add(Laws::named(&channel::TIES.map(|tie| tie.name)));
    laws.add(Laws::named(&counter::TIES.map(|tie| tie.name)));
    laws.add(Laws::named(&arrears::TIES.map(|tie| tie.name)));
    laws.add(Laws::named(&revenue::TIES.map(|tie| tie.name)));
    laws.add(Laws::named(&subsidy::TIES.map(|tie| tie.name)));
    chain::check(books, only, &mut laws).await?;
    for tie in TIES
        .iter()
        .chain(&fund::TIES)
        .chain(&channel::TIES)
        .chain(&counter::TIES)
        .chain(&arrears::TIES)
        .chain(&revenue::TIES)
        .chain(&subsidy::TIES)
    {
        check(&mut view, tie, only, &mut laws).await?;
    }
    found.extend(laws.into_vec());
    let mut laws = Laws::named(&[VOTES, PROJECTS, SHARES, RUNS, PUBLISHED, district::KEPT]);
    count_votes_again(&mut view, only, &mut laws).await?;
    read_publications_again(&mut view, only, &mut laws).await?;
    reckon_figures_again(&mut view, only, &mut laws).await?;
    count_projects_again(&mut view, only, &mut laws).await?;
    let mut broken = Vec::new();
    let shares = gains::reckon_again(&mut view, only, |what| broken.push(what)).await?;
    laws.checked(SHARES, shares);
    broken.into_iter().for_each(|what| laws.broken(SHARES, || what));
    count_runs_again(&mut view, only, &mut laws).await?;
    found.extend(laws.into_vec());
    Ok(found)
}

/// Every payment of a project has its approval and its resolution; the shares posted are the allocation of their sum, which
/// is within what was approved; what a closed project held is released.
const PROJECTS: &str = "projects-counted";

async fn count_projects_again(
    view: &mut Snapshot,
    only: Option<CompoundId>,
    laws: &mut Laws,
) -> Result<()> {
    let sql = "SELECT compound_id, project_no FROM project ORDER BY compound_id, project_no";
    for row in view.rows(Reads::SETTLED, sql, vec![]).await? {
        let compound = CompoundId(row.try_get("", "compound_id")?);
        let no = ProjectNo(row.try_get("", "project_no")?);
        if only.is_some_and(|only| only != compound) {
            continue;
        }
        laws.checked(PROJECTS, 1);
        for what in works::counted_again(view, compound, no).await? {
            laws.broken(PROJECTS, || format!("小区 {compound} 项目 {no}：{what}"));
        }
    }
    Ok(())
}

/// Every share of gains comes out when its own lines are reckoned again.
const SHARES: &str = "shares-reckoned";
/// Every sealed run's manifest is what its parts come to.
const RUNS: &str = "runs-sealed";

async fn count_runs_again(
    view: &mut Snapshot,
    only: Option<CompoundId>,
    laws: &mut Laws,
) -> Result<()> {
    // A run is of many compounds: of one alone it cannot be told.
    if only.is_some() {
        return Ok(());
    }
    let mut after = RunNo(0);
    loop {
        let page = gains::run::runs(view, after, 1000).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.run_no;
        for run in &page {
            let Some(manifest) = &run.manifest else { continue };
            laws.checked(RUNS, 1);
            let (counted, parts) = gains::run::counted(view, run.run_no).await?;
            if counted != *manifest || parts != run.expected {
                laws.broken(RUNS, || format!("结息批次 {}", run.run_no));
            }
        }
    }
}

async fn read_publications_again(
    view: &mut Snapshot,
    only: Option<CompoundId>,
    laws: &mut Laws,
) -> Result<()> {
    let sql =
        "SELECT compound_id FROM revenue_publication UNION SELECT compound_id FROM revenue_handover
               ORDER BY compound_id";
    for row in view.rows(Reads::SETTLED, sql, vec![]).await? {
        let compound = CompoundId(row.try_get("", "compound_id")?);
        if only.is_some_and(|only| only != compound) {
            continue;
        }
        let (many, altered) = crate::revenue::publication::altered(view, compound).await?;
        laws.checked(PUBLISHED, u64::try_from(many).unwrap_or(u64::MAX));
        for what in altered {
            laws.broken(PUBLISHED, || format!("小区 {compound} {what}"));
        }
    }
    Ok(())
}

async fn reckon_figures_again(
    view: &mut Snapshot,
    only: Option<CompoundId>,
    laws: &mut Laws,
) -> Result<()> {
    let (many, untrue) = district::untrue(view, only).await?;
    laws.checked(district::KEPT, u64::try_from(many).unwrap_or(u64::MAX));
    for compound in untrue {
        laws.broken(district::KEPT, || format!("小区 {compound} 留存的数字"));
    }
    Ok(())
}

/// What was published or handed over is what its digest says.
const PUBLISHED: &str = "revenue-as-published";

/// Every closed round gives the stored result when its ballots are counted again.
const VOTES: &str = "votes-counted";

async fn count_votes_again(
    view: &mut Snapshot,
    only: Option<CompoundId>,
    laws: &mut Laws,
) -> Result<()> {
    let sql = "SELECT compound_id, round_no FROM vote_result ORDER BY compound_id, round_no";
    for row in view.rows(Reads::SETTLED, sql, vec![]).await? {
        let compound = CompoundId(row.try_get("", "compound_id")?);
        let round = RoundNo(row.try_get("", "round_no")?);
        if only.is_some_and(|only| only != compound) {
            continue;
        }
        laws.checked(VOTES, 1);
        let (kept, digest) = governance::result(view, compound, round).await?;
        let counted = governance::counted_again(view, compound, round).await?;
        if counted != kept || kept.digest() != digest {
            laws.broken(VOTES, || format!("小区 {compound} 表决 {round}"));
        }
    }
    Ok(())
}

async fn check(
    view: &mut Snapshot,
    tie: &Tie,
    only: Option<CompoundId>,
    laws: &mut Laws,
) -> Result<()> {
    let (condition, values) = match only {
        Some(compound) => ("x.compound_id = $1", vec![compound.0.into()]),
        None => ("x.compound_id > 0", vec![]),
    };
    let sql = tie.counted.replace("{compound}", condition);
    let counted = view.rows(Reads::SETTLED, &sql, values.clone()).await?;
    let count: i64 = match counted.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    laws.checked(tie.name, count.unsigned_abs());
    let sql = tie.broken.replace("{compound}", condition);
    for row in view.rows(Reads::SETTLED, &sql, values).await? {
        let what: String = row.try_get_by_index(0)?;
        laws.broken(tie.name, || what);
    }
    Ok(())
}
