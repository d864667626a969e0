//! The chain of acts: every act of a compound, read once in order, its text printed and hashed again.
//!
//! Always: an act that was changed, left out, put in between or moved is named, the first of each compound by its number. A
//! break is told once: what follows is held against what stands there. Memory holds one page.
//! Limits: acts cut off the end together with their counter are not missed here; the counters' law and the seals of closed
//! months are what such books are held against.

use crate::books::record::Record;
use crate::books::{Books, Reads, View};
use crate::calendar::Instant;
use crate::error::Result;
use crate::id::CompoundId;
use crate::journal::verify::Laws;

/// 操作记录链: acts follow one another without a gap, each names the hash of the one before it, each hash is its text's.
pub(super) const ACTS_CHAINED: &str = "acts-chained";

/// How many acts a page holds.
const PAGE: i32 = 2_048;

/// Reads the acts of one compound, or of all, and tells what breaks the chain.
pub(super) async fn check(books: &Books, only: Option<CompoundId>, laws: &mut Laws) -> Result<()> {
    let mut view = books.read().await?;
    let (first, last) = only.map_or((0, i32::MAX), |compound| (compound.0, compound.0));
    let sql = format!(
        "SELECT compound_id, act_no, verb, actor, role, second, recorded_at, came_from, request_id, pack, request,
           answer, prev_hash, hash
         FROM act WHERE (compound_id, act_no) > ($1, $2) AND compound_id <= $3
         ORDER BY compound_id, act_no LIMIT {PAGE}"
    );
    let (mut compound, mut act, mut head) = (first, 0, [0_u8; 32].to_vec());
    loop {
        let values = vec![compound.into(), act.into(), last.into()];
        let rows = view.rows(Reads::SETTLED, &sql, values).await?;
        for row in &rows {
            let (of, no): (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if of != compound {
                (compound, act, head) = (of, 0, [0_u8; 32].to_vec());
            }
            let text = |column| row.try_get_by_index::<String>(column);
            let (verb, actor, role, second) = (text(2)?, text(3)?, text(4)?, text(5)?);
            let at = Instant::from_seconds(row.try_get_by_index(6)?);
            let (came_from, request_id, pack) = (text(7)?, text(8)?, text(9)?);
            let (request, answer) = (text(10)?, text(11)?);
            let (prev, hash): (Vec<u8>, Vec<u8>) =
                (row.try_get_by_index(12)?, row.try_get_by_index(13)?);
            let record = Record {
                compound: of,
                act: no,
                verb: &verb,
                actor: &actor,
                role: &role,
                second: &second,
                at,
                came_from: &came_from,
                request_id: &request_id,
                pack: &pack,
                request: &request,
                answer: &answer,
                prev: &prev,
            };
            let why = if no != act + 1 {
                Some(format!("操作 {} 缺失", act + 1))
            } else if prev != head {
                Some("没有接上前一个操作的指纹".to_owned())
            } else if record.hash()[..] != hash[..] {
                Some("内容与指纹不符".to_owned())
            } else {
                None
            };
            laws.checked(ACTS_CHAINED, 1);
            if let Some(why) = why {
                laws.broken(ACTS_CHAINED, || format!("小区 {of} 操作 {no}：{why}"));
            }
            (act, head) = (no, hash);
        }
        if rows.len() < usize::try_from(PAGE).unwrap_or(0) {
            return Ok(());
        }
    }
}
