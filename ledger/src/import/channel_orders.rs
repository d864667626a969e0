//! 微信支付、支付宝账单: a channel's orders, kept as they came. Nothing is posted: what each is, a match or a clerk says.

use super::{FUTURE, Figures, IN_USE, Judged, Kind, Meta, reject, rows};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::channel::{self, NewStatement, OrderKind};
use crate::error::Result;
use crate::id::{CompoundId, ImportNo, OrderNo};
use crate::intake::{Channel, ChannelReading, OrderRow, Said};
use crate::property::{self, RoomCode};

/// The place of a row to keep: a bill may have a hundred thousand, and they are kept in memory once.
pub(super) type Place = usize;

pub(super) const fn kind_of(channel: Channel) -> Kind {
    match channel {
        Channel::Wechat => Kind::Wechat,
        Channel::Alipay => Kind::Alipay,
    }
}

pub(super) async fn judge(
    view: &mut impl View,
    compound: CompoundId,
    reading: &ChannelReading,
    known: &rows::Known,
    today: Day,
) -> Result<Judged<Place>> {
    let codes = property::codes(view, compound).await?;
    let meta = Meta::of(&reading.reading);
    let has_charges = reading.reading.rows.iter().any(|row| row.kind == OrderKind::Fee);
    let charged = match has_charges {
        true => channel::charged_numbers(view, compound, reading.channel).await?,
        false => std::collections::HashSet::new(),
    };
    let mut judged = Judged::new();
    let (mut matchable, mut unidentified) = (0, 0);
    for (place, row) in reading.reading.rows.iter().enumerate() {
        if row.kind == OrderKind::Pay {
            let rooms = RoomCode::find_in_text(&row.wording);
            let count = rooms.iter().filter(|room| codes.contains_key(*room)).count();
            matchable += usize::from(count == 1);
            unidentified += usize::from(count == 0);
        }
        // The bill of the orders told this charge beside its order.
        let is_told = row.kind == OrderKind::Fee && charged.contains(&row.of_number);
        if is_told || known.has(&row.row_key)? {
            judged.known += 1;
        } else if row.occurred_on > today {
            let why = format!("今天 {today}");
            let day = (Said::Day, row.occurred_on.to_string());
            judged.rejects.push(reject(&meta, &row.at, day, &FUTURE, &why));
            continue;
        } else {
            judged.good.push(place);
        }
        if matches!(row.kind, OrderKind::Pay | OrderKind::Refund) {
            judged.sum += row.amount;
        }
    }
    judged.figures = Figures {
        inflow: Some(reading.paid),
        outflow: Some(reading.returned),
        fee_e5: Some(reading.fee_e5),
        matchable: Some(matchable),
        unidentified: Some(unidentified),
        ..Figures::default()
    };
    Ok(judged)
}

pub(super) async fn write(
    tx: &mut Tx,
    no: ImportNo,
    reading: &ChannelReading,
    good: &[Place],
) -> Result<()> {
    let orders: Vec<&OrderRow> =
        good.iter().filter_map(|place| reading.reading.rows.get(*place)).collect();
    let days = || orders.iter().map(|order| order.occurred_on);
    let today = tx.at().day();
    let new = NewStatement {
        channel: reading.channel,
        form: reading.form,
        account: reading.account.clone(),
        from_on: reading.from_on.or(days().min()).unwrap_or(today),
        to_on: reading.to_on.or(days().max()).unwrap_or(today),
        file_hash: reading.reading.sha256.clone(),
    };
    let numbers = channel::keep(tx, &new, &orders).await?;
    for (order, kept) in orders.iter().zip(numbers) {
        rows::keep_row(tx, no, kind_of(reading.channel), &order.row_key, kept.0)?;
        tx.put_is_due().await?;
    }
    Ok(())
}

/// Takes the orders away again, if nothing stands on them.
pub(super) async fn undo(tx: &mut Tx, orders: &[i32]) -> Result<usize> {
    let orders: Vec<OrderNo> = orders.iter().copied().map(OrderNo).collect();
    if let Some(used) = channel::first_in_use(tx, &orders).await? {
        return Err(IN_USE.refuse(format!("渠道订单 {used} 已认定或核销")).into());
    }
    channel::drop_orders(tx, &orders).await?;
    Ok(0)
}
