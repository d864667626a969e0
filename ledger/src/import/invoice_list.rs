//! 数电票清单: invoices into the register. Nothing is posted.

use super::{FUTURE, Figures, IN_USE, Judged, Kind, Meta, reject, rows};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::channel::invoice;
use crate::error::Result;
use crate::id::{CompoundId, ImportNo};
use crate::intake::{InvoiceRow, Reading, Said};
use crate::money::Money;

pub(super) async fn judge(
    view: &mut impl View,
    compound: CompoundId,
    reading: &Reading<InvoiceRow>,
    known: &rows::Known,
    today: Day,
) -> Result<Judged<usize>> {
    let meta = Meta::of(reading);
    let mut judged = Judged::new();
    let (mut blue, mut red) = (Money::ZERO, Money::ZERO);
    for (place, row) in reading.rows.iter().enumerate() {
        let registered = invoice::where_registered(view, &row.number).await?;
        if known.has(&row.row_key)? || registered == Some(compound) {
            judged.known += 1;
        } else if registered.is_some() {
            let number = (Said::Receipt, row.number.clone());
            judged.rejects.push(reject(&meta, &row.at, number, &invoice::REGISTERED, ""));
            continue;
        } else if row.issued_on > today {
            let why = format!("今天 {today}");
            let day = (Said::Day, row.issued_on.to_string());
            judged.rejects.push(reject(&meta, &row.at, day, &FUTURE, &why));
            continue;
        } else {
            judged.good.push(place);
        }
        *(if row.is_red() { &mut red } else { &mut blue }) += row.total.abs();
        judged.sum += row.total;
    }
    judged.figures = Figures { inflow: Some(blue), outflow: Some(red), ..Figures::default() };
    Ok(judged)
}

pub(super) async fn write(
    tx: &mut Tx,
    no: ImportNo,
    reading: &Reading<InvoiceRow>,
    good: &[usize],
) -> Result<()> {
    let invoices: Vec<&InvoiceRow> =
        good.iter().filter_map(|place| reading.rows.get(*place)).collect();
    let numbers = invoice::keep(tx, &invoices).await?;
    for (row, kept) in invoices.iter().zip(numbers) {
        rows::keep_row(tx, no, Kind::Invoices, &row.row_key, kept.0)?;
    }
    Ok(())
}

/// Takes the invoices away again, if none is tied or linked.
pub(super) async fn undo(tx: &mut Tx, invoices: &[i32]) -> Result<usize> {
    if let Some(used) = invoice::first_in_use(tx, invoices).await? {
        return Err(IN_USE.refuse(format!("发票 {used} 已对应收据或红冲")).into());
    }
    invoice::drop_invoices(tx, invoices).await?;
    Ok(0)
}
