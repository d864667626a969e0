//! The one pass over vouchers and lines: a reader that fetches, and a thread that checks what was fetched before.
//!
//! Always: while a page is checked the next one is on its way, so the database and the hashing work at the same time even
//! when there is one compound.

use std::sync::Arc;

use super::super::stream::{Binder, Found, Place, Sheet, Sheets};
use super::folio::{Folio, Told};
use super::kept::Small;
use super::{Names, Range, TRANSFERS, VOUCHER_BALANCES};
use crate::books::Snapshot;
use crate::error::{Result, Storage};

/// Reads the vouchers of neighbouring compounds, whole and in order.
pub(super) async fn run(
    view: &mut Snapshot,
    range: Range,
    small: Arc<Small>,
    names: Arc<Names>,
) -> Result<Told> {
    let mut sheets = Sheets::compounds(range.first, range.last);
    let mut check = Check {
        binder: Binder::default(),
        folio: None,
        small,
        told: Told::new(names),
        orphans_at: None,
    };
    let mut sheet = sheets.next(view).await?;
    while let Some(present) = sheet {
        let checking = tokio::task::spawn_blocking(move || {
            check.take(present);
            check
        });
        // Joined before the error is looked at, or a failed fetch would leave the thread to itself.
        let fetched = sheets.next(view).await;
        check = checking.await.map_err(|e| Storage::Bug(format!("verify's check died: {e}")))?;
        sheet = fetched?;
    }
    Ok(check.end())
}

struct Check {
    binder: Binder,
    folio: Option<Folio>,
    small: Arc<Small>,
    told: Told,
    orphans_at: Option<Place>,
}

impl Check {
    fn take(&mut self, sheet: Sheet) {
        self.binder.put(sheet);
        loop {
            match self.binder.next() {
                Found::Voucher(head) => {
                    self.turn_to(head.place);
                    if let Some(folio) = &mut self.folio {
                        folio.voucher(*head, &self.binder.lines, &mut self.told);
                    }
                }
                Found::Orphans(place, count) => self.orphans(place, count),
                Found::Wants | Found::Nothing => return,
            }
        }
    }

    /// Opens the book of this place, and ends the one before it.
    fn turn_to(&mut self, place: Place) {
        let Place { compound, book, .. } = place;
        if self.folio.as_ref().is_some_and(|folio| folio.place() == (compound, book)) {
            return;
        }
        self.end_book();
        self.folio = Some(Folio::new(compound, book, self.small.clone()));
    }

    fn end_book(&mut self) {
        if let Some(mut folio) = self.folio.take() {
            folio.end(&mut self.told);
            self.told.books.insert(folio.place(), folio);
        }
    }

    /// Lines without a voucher. A page's end may cut them in two.
    fn orphans(&mut self, place: Place, count: u64) {
        let is_new = self.orphans_at.replace(place) != Some(place);
        let Told { laws, names, .. } = &mut self.told;
        laws.broken_by(VOUCHER_BALANCES, u64::from(is_new), || {
            let book = names.book(place.compound, place.book);
            format!("{book} 第 {} 张：有 {count} 条以上分录而没有凭证", place.seq)
        });
    }

    fn end(mut self) -> Told {
        self.end_book();
        // Books that were closed and hold no voucher.
        let small = self.small.clone();
        for (compound, book) in small.closed_books() {
            if !self.told.books.contains_key(&(compound, book)) {
                self.turn_to(Place { compound, book, seq: 0 });
                self.end_book();
            }
        }
        transfers(&mut self.told);
        self.told
    }
}

/// Each transfer is two vouchers of two books, made in one act, and no number is missing.
fn transfers(told: &mut Told) {
    let Told { laws, names, transfers, .. } = told;
    let mut before = (0, 0);
    for ((compound, number), halves) in transfers {
        laws.checked(TRANSFERS, 1);
        let expected = if before.0 == *compound { before.1 + 1 } else { 1 };
        before = (*compound, *number);
        let why = match halves.as_slice() {
            _ if *number != expected => format!("划转 {expected} 号缺失"),
            [a, b] if a.0 == b.0 => "两张凭证在同一账簿".to_owned(),
            [a, b] if a.1 != b.1 => format!("两张凭证分属操作 {} 与 {}", a.1, b.1),
            [_, _] => continue,
            halves => format!("应有两张凭证，实有 {} 张", halves.len()),
        };
        laws.broken(TRANSFERS, || format!("{} 划转 {number} 号：{why}", names.compound(*compound)));
    }
}
