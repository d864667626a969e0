//! Laws the database is asked for, because it has the keys at hand: reversals, reserves, acts, counters.
//!
//! Each question is a table `(compound_id, book, year, number, why)` of everything it concerns, `why` being NULL where the
//! law holds and Chinese where it does not; it is counted first, and looked at only if something is wrong.

use std::collections::BTreeMap;

use sea_orm::Value;

use super::folio::Told;
use super::{ACTS, COUNTERS, RESERVES, REVERSALS, Range};
use crate::books::{Reads, Snapshot, View};
use crate::error::Result;
use crate::journal::Book;

impl Range {
    pub(super) fn values(self) -> Vec<Value> {
        vec![self.first.into(), self.last.into()]
    }
}

async fn ask(
    view: &mut Snapshot,
    range: Range,
    told: &mut Told,
    law: &'static str,
    question: &str,
) -> Result<()> {
    let sql = format!("SELECT count(*), count(q.why) FROM ({question}) q");
    let counted = view.rows(Reads::SETTLED, &sql, range.values()).await?;
    let Some(counts) = counted.first() else { return Ok(()) };
    let n = |count: i64| u64::try_from(count).unwrap_or(0);
    let (checked, failed) = (n(counts.try_get_by_index(0)?), n(counts.try_get_by_index(1)?));
    told.laws.checked(law, checked);
    if failed == 0 {
        return Ok(());
    }
    let sql = format!(
        "SELECT q.compound_id, q.book, q.year, q.number, q.why FROM ({question}) q
         WHERE q.why IS NOT NULL ORDER BY q.compound_id, q.book, q.year, q.number LIMIT 1"
    );
    let rows = view.rows(Reads::SETTLED, &sql, range.values()).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let compound: i32 = row.try_get_by_index(0)?;
    let (book, year): (i16, i16) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    let number: i32 = row.try_get_by_index(3)?;
    let why: String = row.try_get_by_index(4)?;
    let place = match (book, year) {
        (0, _) => told.names.compound(i64::from(compound)),
        (book, 0) => told.names.book(i64::from(compound), i64::from(book)),
        (book, year) => {
            let book = told.names.book(i64::from(compound), i64::from(book));
            format!("{book}/{year}-{number:04}")
        }
    };
    told.laws.broken_by(law, failed, || format!("{place}：{why}"));
    Ok(())
}

/// Each reversal mirrors one earlier voucher, line by line, and is the only one that does.
pub(super) async fn reversals(view: &mut Snapshot, range: Range, told: &mut Told) -> Result<()> {
    let question = "
      SELECT r.compound_id, r.book, r.year, r.number,
        CASE
          WHEN o.seq IS NULL THEN '被冲销的第 ' || r.reverses_seq || ' 张凭证不存在'
          WHEN o.seq >= r.seq THEN '冲销了后面的凭证'
          WHEN o.reverses_seq IS NOT NULL THEN '冲销了冲销凭证'
          WHEN o.kind = 'closing' THEN '冲销了结转凭证'
          WHEN r.kind <> 'reversal' THEN '不是冲销凭证，却写有被冲销的凭证'
          WHEN r.effective_on < o.effective_on THEN '冲销日期早于原凭证'
          WHEN (r.transfer_no IS NULL) <> (o.transfer_no IS NULL) THEN '划转只冲销了一半'
          WHEN EXISTS (SELECT 1 FROM voucher x WHERE x.compound_id = r.compound_id AND x.book = r.book
                         AND x.reverses_seq = r.reverses_seq AND x.seq < r.seq) THEN '原凭证已被冲销过'
          WHEN r.line_count <> o.line_count THEN '分录条数与原凭证不同'
          WHEN EXISTS (
            SELECT 1 FROM posting p LEFT JOIN posting q
              ON q.compound_id = p.compound_id AND q.book = p.book AND q.seq = o.seq AND q.line = p.line
            WHERE p.compound_id = r.compound_id AND p.book = r.book AND p.seq = r.seq
              AND (q.line IS NULL OR p.account <> q.account OR p.dwelling_no <> q.dwelling_no
                   OR p.matter_no <> q.matter_no
                   OR CASE WHEN r.is_red = 1 THEN p.side <> q.side OR p.amount_fen <> -q.amount_fen
                           ELSE p.side <> -q.side OR p.amount_fen <> q.amount_fen END))
            THEN '分录不是原凭证的镜像'
        END AS why
      FROM voucher r LEFT JOIN voucher o
        ON o.compound_id = r.compound_id AND o.book = r.book AND o.seq = r.reverses_seq
      WHERE r.compound_id BETWEEN $1 AND $2 AND r.reverses_seq IS NOT NULL";
    ask(view, range, told, REVERSALS, question).await
}

/// What is held of each dwelling it has, and no more is released than was held.
pub(super) async fn reserves(view: &mut Snapshot, range: Range, told: &mut Told) -> Result<()> {
    let question = "
      SELECT h.compound_id, h.book, CAST(0 AS SMALLINT) AS year, h.dwelling_no AS number,
        CASE
          WHEN h.least < 0 THEN '房屋 ' || h.dwelling_no || ' 解除的预留多于预留'
          WHEN h.held > COALESCE(
            (SELECT sum(b.credit_fen - b.debit_fen) FROM balance b JOIN account a
               ON a.compound_id = b.compound_id AND a.book = b.book AND a.account = b.account
             WHERE b.compound_id = h.compound_id AND b.book = h.book
               AND b.dwelling_no = h.dwelling_no AND a.bearing > 0), 0)
            THEN '房屋 ' || h.dwelling_no || ' 预留 ' || h.held || ' 分，多于其余额'
        END AS why
      FROM (SELECT l.compound_id, r.book, l.dwelling_no, CAST(sum(l.held) AS BIGINT) AS held,
              min(l.held) AS least
            FROM (SELECT compound_id, reserve_no, dwelling_no, sum(amount_fen) AS held
                  FROM reserve_line WHERE compound_id BETWEEN $1 AND $2
                  GROUP BY compound_id, reserve_no, dwelling_no) l
            JOIN reserve r ON r.compound_id = l.compound_id AND r.reserve_no = l.reserve_no
            GROUP BY l.compound_id, r.book, l.dwelling_no) h";
    ask(view, range, told, RESERVES, question).await
}

/// Acts follow one another, in number and in time.
pub(super) async fn acts(view: &mut Snapshot, range: Range, told: &mut Told) -> Result<()> {
    let question = "
      SELECT a.compound_id, CAST(0 AS SMALLINT) AS book, CAST(0 AS SMALLINT) AS year, a.act_no AS number,
        CASE
          WHEN a.act_no <> a.before_no + 1 THEN '操作 ' || (a.before_no + 1) || ' 缺失'
          WHEN a.recorded_at < a.before_at THEN '操作 ' || a.act_no || ' 的时刻早于前一个操作'
        END AS why
      FROM (SELECT compound_id, act_no, recorded_at, lag(act_no, 1, 0) OVER w AS before_no,
              lag(recorded_at) OVER w AS before_at
            FROM act WHERE compound_id BETWEEN $1 AND $2
            WINDOW w AS (PARTITION BY compound_id ORDER BY act_no)) a";
    ask(view, range, told, ACTS, question).await
}

/// A series' counter is the last number in use: neither behind, nor ahead because something was cut off.
pub(super) async fn counters(view: &mut Snapshot, range: Range, told: &mut Told) -> Result<()> {
    let mut used: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for ((compound, book), folio) in &told.books {
        let known = i16::try_from(*book).ok().and_then(Book::numbered);
        for (year, number) in &folio.numbers {
            let series = known.map_or_else(String::new, |book| format!("{book}/{year}"));
            used.insert((*compound, series), *number);
        }
    }
    for (compound, number) in told.transfers.keys() {
        used.insert((*compound, "transfer".to_owned()), *number);
    }
    let sql = "SELECT compound_id, 'act', max(act_no) FROM act
                 WHERE compound_id BETWEEN $1 AND $2 GROUP BY compound_id
               UNION ALL SELECT compound_id, 'matter', max(matter_no) FROM matter
                 WHERE compound_id BETWEEN $1 AND $2 GROUP BY compound_id
               UNION ALL SELECT compound_id, 'reserve', max(reserve_no) FROM reserve
                 WHERE compound_id BETWEEN $1 AND $2 GROUP BY compound_id";
    for row in view.rows(Reads::SETTLED, sql, range.values()).await? {
        let (compound, last): (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
        used.insert((i64::from(compound), row.try_get_by_index(1)?), i64::from(last));
    }

    let sql = "SELECT compound_id, name, last_no FROM counter WHERE compound_id BETWEEN $1 AND $2";
    let mut counted: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for row in view.rows(Reads::SETTLED, sql, range.values()).await? {
        let (compound, last): (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
        let name: String = row.try_get_by_index(1)?;
        let is_ours = ["act", "matter", "reserve", "transfer"].contains(&name.as_str())
            || name.split_once('/').is_some_and(|(book, _)| Book::named(book).is_some());
        if is_ours {
            counted.insert((i64::from(compound), name), i64::from(last));
        }
    }
    let series: BTreeMap<_, ()> = used.keys().chain(counted.keys()).map(|key| (key, ())).collect();
    for ((compound, name), ()) in series {
        told.laws.checked(COUNTERS, 1);
        let at = |numbers: &BTreeMap<(i64, String), i64>| {
            numbers.get(&(*compound, name.clone())).copied().unwrap_or(0)
        };
        let (counter, last) = (at(&counted), at(&used));
        if counter != last {
            let place = told.names.compound(*compound);
            told.laws
                .broken(COUNTERS, || format!("{place}：序列 {name} 计至 {counter}，实用至 {last}"));
        }
    }
    Ok(())
}
