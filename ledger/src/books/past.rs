//! A moment of the books: how far the acts had come.
//!
//! Owns: [`Then`], [`thens`].
//!
//! Always: acts of a compound follow one another in number and in time, and so do the vouchers they wrote; so a moment is a
//! number, and what was not yet there is what came with a later one.

use migrations::past::Moment;

use super::tx::{Reads, Snapshot, View, last_no};
use crate::calendar::Instant;
use crate::error::Result;
use crate::id::{ActNo, CompoundId};

/// The last acts of the head office and of some compounds at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Then {
    /// The head office's.
    pub office: ActNo,
    /// Each compound's.
    pub compounds: Vec<(CompoundId, ActNo)>,
}

impl Then {
    /// As far as the acts have come now.
    ///
    /// # Errors
    /// Storage.
    pub async fn now(view: &mut impl View, compounds: &[CompoundId]) -> Result<Then> {
        let office = last_no(view, CompoundId::OFFICE, "act").await?;
        let mut then = Then { office: ActNo(office), compounds: Vec::new() };
        for compound in compounds {
            let last = last_no(view, *compound, "act").await?;
            then.compounds.push((*compound, ActNo(last)));
        }
        Ok(then)
    }
}

/// How many acts of one second are told apart.
const OF_A_SECOND: usize = 8;

/// The moments that a second may mean to whoever looked at these compounds then: after all that was recorded in it first, then
/// before each act of it, back to its beginning. None of them if nothing was recorded since: then the books stand as they stood.
///
/// # Errors
/// Storage.
pub async fn thens(
    view: &mut impl View,
    compounds: &[CompoundId],
    at: Instant,
) -> Result<Vec<Then>> {
    let mut numbers: Vec<i32> = compounds.iter().map(|compound| compound.0).collect();
    numbers.push(CompoundId::OFFICE.0);
    let (list, value) = view.list_of(&numbers, 3);
    // The last before the second, the last within it, the last of all.
    let sql = format!(
        "SELECT c.compound_id, c.last_no,
           COALESCE((SELECT a.act_no FROM act a WHERE a.compound_id = c.compound_id AND a.recorded_at < $1
                     ORDER BY a.act_no DESC LIMIT 1), 0) AS before_no,
           COALESCE((SELECT a.act_no FROM act a WHERE a.compound_id = c.compound_id AND a.recorded_at <= $2
                     ORDER BY a.act_no DESC LIMIT 1), 0) AS within_no
         FROM counter c WHERE c.name = 'act' AND c.compound_id {list} ORDER BY c.compound_id"
    );
    let (mut office, mut within, mut is_moved) = (ActNo(0), Vec::new(), false);
    let mut before = Vec::new();
    for row in view
        .rows(Reads::SETTLED, &sql, vec![at.seconds().into(), at.seconds().into(), value])
        .await?
    {
        let no = |name| row.try_get::<i32>("", name).map(ActNo);
        let compound = CompoundId(row.try_get("", "compound_id")?);
        let (last, within_no, before_no) = (no("last_no")?, no("within_no")?, no("before_no")?);
        is_moved |= last > within_no || within_no > before_no;
        if compound == CompoundId::OFFICE {
            office = within_no;
        } else {
            within.push((compound, within_no));
            before.push((compound, before_no));
        }
    }
    if !is_moved {
        return Ok(Vec::new());
    }
    let mut thens = vec![Then { office, compounds: within.clone() }];
    // Which acts of a second had been done is told apart where they are one compound's.
    if let ([(compound, last)], [(_, first)]) = (within.as_slice(), before.as_slice()) {
        let earlier = (first.0..last.0).rev().take(OF_A_SECOND);
        let then = |no| Then { office, compounds: vec![(*compound, ActNo(no))] };
        thens.extend(earlier.map(then));
    }
    Ok(thens)
}

/// The same with the last voucher of each book.
pub(super) async fn moment(view: &mut Snapshot, then: &Then) -> Result<Moment> {
    let acts = then.compounds.iter().map(|(compound, act)| (compound.0, act.0)).collect();
    let mut moment = Moment { office_act: then.office.0, acts, vouchers: Vec::new() };
    let sql = "SELECT b.book, COALESCE((SELECT v.seq FROM voucher v
                 WHERE v.compound_id = b.compound_id AND v.book = b.book AND v.act_no <= $2
                 ORDER BY v.seq DESC LIMIT 1), 0) AS seq
               FROM book b WHERE b.compound_id = $1 ORDER BY b.book";
    for (compound, act) in &then.compounds {
        for row in view.rows(Reads::SETTLED, sql, vec![compound.0.into(), act.0.into()]).await? {
            let (book, seq) = (row.try_get("", "book")?, row.try_get("", "seq")?);
            moment.vouchers.push((compound.0, book, seq));
        }
    }
    Ok(moment)
}
