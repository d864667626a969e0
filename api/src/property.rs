//! The door of the property room: compounds and dwellings. Owners are shown by the first character of their names.

use axum::response::IntoResponse;
use ledger::books::Request;
use ledger::id::CompoundId;
use ledger::property::{self, Compound, Dwelling, Founding, RoomCode};
use reports::household::masked;
use serde::{Deserialize, Serialize};

use crate::door::{Answer, Asked, Caller, IsoDay, Page, Told, Visit, acted, shown};
use crate::problem::{self, Problem};

/// A compound as the wire shows it.
#[derive(Debug, Serialize)]
struct CompoundView {
    code: String,
    name: String,
    address: String,
}

impl From<Compound> for CompoundView {
    fn from(compound: Compound) -> CompoundView {
        let Compound { code, name, address, .. } = compound;
        CompoundView { code, name, address }
    }
}

/// `GET /compounds`.
pub async fn list(caller: Caller) -> Answer {
    let mut view = caller.books.read().await?;
    let items = property::compounds(&mut view).await?;
    let items: Vec<CompoundView> = items.into_iter().map(Into::into).collect();
    shown(Page { items, next: None })
}

/// `POST /compounds`.
pub async fn found(caller: Caller, Told(founding): Told<Founding>) -> Answer {
    #[derive(Serialize)]
    struct Founded {
        code: String,
    }
    let code = founding.code.clone();
    let request = Request::new("property.found", founding).maybe_once(caller.key);
    let done = caller
        .books
        .act(&caller.actor, CompoundId::OFFICE, request, |tx, founding| {
            Box::pin(property::found(tx, founding))
        })
        .await?;
    acted(&done, |_| Founded { code: code.clone() })
}

/// `GET /compounds/{compound}`.
pub async fn one(visit: Visit) -> Answer {
    shown(CompoundView::from(visit.compound))
}

/// An owner as the wire shows them.
#[derive(Debug, Serialize)]
struct OwnerView {
    name: String,
    share: String,
    from: IsoDay,
}

/// A dwelling as the wire shows it.
#[derive(Debug, Serialize)]
struct DwellingView {
    dwelling_no: i32,
    code: String,
    floor: Option<i32>,
    usage: property::Usage,
    housing: property::Housing,
    has_lift: bool,
    is_unsold: bool,
    vote_area_centi_m2: i64,
    fee_area_centi_m2: i64,
    fund_area_centi_m2: i64,
    owners: Vec<OwnerView>,
}

impl From<Dwelling> for DwellingView {
    fn from(dwelling: Dwelling) -> DwellingView {
        let owners = dwelling.owners.iter().map(|owner| OwnerView {
            name: masked(&owner.name),
            share: format!("{}/{}", owner.share.0, owner.share.1),
            from: IsoDay(owner.from),
        });
        DwellingView {
            dwelling_no: dwelling.no.0,
            code: dwelling.code.to_string(),
            floor: dwelling.floor,
            usage: dwelling.usage,
            housing: dwelling.housing,
            has_lift: dwelling.has_lift,
            is_unsold: dwelling.is_unsold,
            vote_area_centi_m2: dwelling.vote_area.in_centi_m2(),
            fee_area_centi_m2: dwelling.fee_area.in_centi_m2(),
            fund_area_centi_m2: dwelling.fund_area.in_centi_m2(),
            owners: owners.collect(),
        }
    }
}

/// Which dwellings to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollQuery {
    after: Option<String>,
    limit: Option<u16>,
    on: Option<IsoDay>,
}

/// `GET /compounds/{compound}/dwellings?after=&limit=&on=`.
pub async fn dwellings(visit: Visit, Asked(query): Asked<RollQuery>) -> Answer {
    let size = Page::<DwellingView>::size(query.limit);
    let after = query.after.as_deref().map(room).transpose()?;
    let on = query.on.map_or_else(|| visit.books.clock().now().day(), |on| on.0);
    let mut view = visit.books.read().await?;
    let roll = property::roll(&mut view, visit.compound.id, on).await?;
    let later = roll.into_iter().filter(|d| after.as_ref().is_none_or(|after| d.code > *after));
    let items = later.take(usize::from(size)).map(DwellingView::from).collect();
    shown(Page::new(items, size, |dwelling: &DwellingView| dwelling.code.clone()))
}

fn room(text: &str) -> Result<RoomCode, Problem> {
    let shown: String = text.chars().take(60).collect();
    let unread = |why| problem::SHAPE.refuse(format!("after = {shown:?}：{why}"));
    Ok(RoomCode::parse(text).map_err(unread)?)
}

/// `GET /compounds/{compound}/dwellings/{room}?on=`.
pub async fn dwelling(visit: Visit, Asked(query): Asked<OnQuery>) -> Answer {
    let on = query.on.map_or_else(|| visit.books.clock().now().day(), |on| on.0);
    let mut view = visit.books.glance();
    let found = property::dwelling(&mut view, visit.compound.id, visit.place("room"), on).await?;
    Ok(axum::Json(DwellingView::from(found)).into_response())
}

/// As of which day.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnQuery {
    on: Option<IsoDay>,
}
