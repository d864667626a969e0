//! The door of the property room: areas, compounds, dwellings, owners. Owners are shown by the first character of their
//! names.

use ledger::books::{Actor, Books, Done, Request};
use ledger::id::{AreaId, CompoundId, OwnerNo};
use ledger::mask;
use ledger::people::{Access, Place};
use ledger::property::{
    self, AreaKind, AreaRung, Compound, Dwelling, Founding, Locating, NewArea, NewOwner,
};
use ledger::seal::Personal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::door::{Asked, Caller, Nothing, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::{Acted, Dated, IsoDay, Shown};

/// A rung of the area tree as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一级区划")]
pub struct AreaView {
    #[schemars(description = "区划代码", example = &"310104")]
    code: String,
    #[schemars(description = "区划级别")]
    kind: AreaKind,
    #[schemars(description = "名称", example = &"徐汇区")]
    name: String,
    #[schemars(description = "上级代码：市没有上级")]
    parent: Option<String>,
}

/// `GET /areas`.
///
/// # Errors
/// Those of a list.
pub async fn areas(caller: Caller, list: Sought<Nothing>) -> Result<Listed<AreaView>, Problem> {
    let areas = property::areas(&mut caller.read().await?).await?;
    let row = |AreaRung { kind, code, name, parent, .. }| {
        (code.clone(), AreaView { code, kind, name, parent })
    };
    list.answer_from(areas.into_iter().map(row).collect())
}

/// A rung that was registered.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的区划")]
pub struct AreaDrawn {
    #[schemars(description = "区划代码", example = &"310104")]
    code: String,
}

/// Registers an area.
pub(crate) async fn draw(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    area: NewArea,
) -> ledger::error::Result<Done<AreaId>> {
    let request = Request::new("property.draw-area", area).maybe_once(key);
    let office = CompoundId::OFFICE;
    books.act(actor, office, request, |tx, area| Box::pin(property::draw_area(tx, area))).await
}

/// `POST /areas`.
///
/// # Errors
/// Those of [`property::draw_area`].
pub async fn draw_area(
    caller: Caller,
    Told(area): Told<NewArea>,
) -> Result<Acted<AreaDrawn>, Problem> {
    let code = area.code.clone();
    let done = draw(&caller.books, &caller.actor, caller.key, area).await?;
    Ok(Acted::new(done, |_| AreaDrawn { code }))
}

/// Says in which area a compound lies.
pub(crate) async fn settle(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    compound: CompoundId,
    area: String,
) -> ledger::error::Result<Done<()>> {
    let request = Request::new("property.locate", Locating { compound, area }).maybe_once(key);
    let office = CompoundId::OFFICE;
    let located =
        books.act(actor, office, request, |tx, locating| Box::pin(property::locate(tx, locating)));
    located.await
}

/// Where a compound lies.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "小区所在的区划")]
pub struct Located {
    #[schemars(description = "区划代码：所在社区或街道", example = &"310104001")]
    area: String,
}

/// `POST /compounds/{compound}/area`.
///
/// # Errors
/// Those of [`property::locate`].
pub async fn locate(visit: Visit, Told(asked): Told<Located>) -> Result<Acted<Located>, Problem> {
    let (key, area) = (visit.key.clone(), asked.area.clone());
    let done = settle(&visit.books, &visit.actor, key, visit.compound.id, area).await?;
    Ok(Acted::new(done, |()| asked))
}

/// A compound as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "小区")]
pub struct CompoundView {
    #[schemars(description = "小区代码", example = &"wutongli")]
    code: String,
    #[schemars(description = "小区名称", example = &"梧桐里小区")]
    name: String,
    #[schemars(description = "地址", example = &"梧桐路 1 号")]
    address: String,
}

impl From<Compound> for CompoundView {
    fn from(compound: Compound) -> CompoundView {
        let Compound { code, name, address, .. } = compound;
        CompoundView { code, name, address }
    }
}

/// `GET /compounds`: those that the caller knows.
///
/// # Errors
/// Those of a list.
pub async fn list(caller: Caller, list: Sought<Nothing>) -> Result<Listed<CompoundView>, Problem> {
    let mut compounds = property::compounds(&mut caller.read().await?).await?;
    compounds.retain(|compound| {
        let place = Place { compound: compound.id, areas: &compound.areas, dwelling: None };
        caller.who.role_at(&place, &[]) != Access::Unseen
    });
    list.answer_from(compounds.into_iter().map(|c| (c.code.clone(), c.into())).collect())
}

/// A compound that was founded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已建账的小区")]
pub struct Founded {
    #[schemars(description = "小区代码", example = &"wutongli")]
    code: String,
}

/// `POST /compounds`.
///
/// # Errors
/// Those of [`property::found`].
pub async fn found(
    caller: Caller,
    Told(founding): Told<Founding>,
) -> Result<Acted<Founded>, Problem> {
    let code = founding.code.clone();
    let request = Request::new("property.found", founding).maybe_once(caller.key);
    let done = caller.books.act(&caller.actor, CompoundId::OFFICE, request, |tx, founding| {
        Box::pin(property::found(tx, founding))
    });
    Ok(Acted::new(done.await?, |_| Founded { code }))
}

/// `GET /compounds/{compound}`.
///
/// # Errors
/// None of its own.
pub async fn one(visit: Visit) -> Result<Shown<CompoundView>, Problem> {
    Ok(Shown(CompoundView::from(visit.compound)))
}

/// An owner as the wire shows them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "产权人")]
struct OwnerView {
    #[schemars(description = "姓名：只显示姓", example = &"王*")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "证件号：遮盖；清单中不列，密钥不在手边时没有", example = &"9999****001X")]
    id_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "电话：遮盖；清单中不列，密钥不在手边时没有", example = &"199****3050")]
    phone: Option<String>,
    #[schemars(description = "份额", example = &"1/2")]
    share: String,
    #[schemars(description = "自何日起")]
    from: IsoDay,
}

/// A dwelling as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "房屋")]
pub struct DwellingView {
    #[schemars(description = "房屋编号：不重复使用", example = 1)]
    dwelling_no: i32,
    #[schemars(description = "房号", example = &"1-1-101")]
    code: String,
    #[schemars(description = "楼层：不知则空")]
    floor: Option<i32>,
    #[schemars(description = "用途")]
    usage: property::Usage,
    #[schemars(description = "房屋性质")]
    housing: property::Housing,
    #[schemars(description = "有无电梯", example = false)]
    has_lift: bool,
    #[schemars(description = "是否未售", example = false)]
    is_unsold: bool,
    #[schemars(description = "表决面积：0.01 平方米", example = 8_845)]
    vote_area_centi_m2: i64,
    #[schemars(description = "计费面积：0.01 平方米", example = 8_845)]
    fee_area_centi_m2: i64,
    #[schemars(description = "维修资金面积：0.01 平方米", example = 8_845)]
    fund_area_centi_m2: i64,
    #[schemars(description = "产权人：当日的")]
    owners: Vec<OwnerView>,
}

impl From<Dwelling> for DwellingView {
    fn from(dwelling: Dwelling) -> DwellingView {
        let owners = dwelling.owners.iter().map(|owner| OwnerView {
            name: mask::name(&owner.name),
            id_no: None,
            phone: None,
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

/// As of which day.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnQuery {
    #[schemars(description = "日期：那天的产权人；不写则为今天")]
    on: Option<IsoDay>,
}

/// `GET /compounds/{compound}/dwellings`: in natural order.
///
/// # Errors
/// Those of a list.
pub async fn dwellings(
    visit: Visit,
    list: Sought<OnQuery>,
) -> Result<Listed<DwellingView>, Problem> {
    let on = list.query.on.map_or_else(|| visit.books.clock().now().day(), |on| on.0);
    let roll = property::roll(&mut visit.read().await?, visit.compound.id, on).await?;
    list.answer_from(roll.into_iter().map(|d| (d.code.clone(), d.into())).collect())
}

/// A dwelling's place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtRoom {
    /// The dwelling, however its code is written.
    #[schemars(description = "房号：1-1-101 或 1栋1单元101", example = &"1-1-101")]
    pub room: String,
}

/// `GET /compounds/{compound}/dwellings/{room}`.
///
/// # Errors
/// Those of [`property::portrait`].
pub async fn dwelling(
    visit: Visit<AtRoom>,
    Asked(query): Asked<OnQuery>,
) -> Result<Dated<DwellingView>, Problem> {
    let on = query.on.map_or_else(|| visit.books.clock().now().day(), |on| on.0);
    let (at, mut view) = (visit.compound.id, visit.books.glance());
    let found = property::portrait(&mut view, at, &visit.at.room, on).await?;
    let owners: Vec<OwnerNo> = found.dwelling.owners.iter().map(|owner| owner.owner_no).collect();
    let mut shown = DwellingView::from(found.dwelling);
    for (owner, no) in shown.owners.iter_mut().zip(owners) {
        if let Some(contact) = found.contacts.iter().find(|contact| contact.owner_no == no) {
            owner.id_no = Some(mask::identity(contact.id_no.in_clear()));
            owner.phone = Some(mask::phone(contact.phone.in_clear()));
        }
    }
    Ok(Dated(shown, found.acts))
}

/// A change of owners as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要办的过户：维修资金余额随房屋过户，不退还")]
pub struct ConveyanceAsked {
    #[schemars(description = "过户日期")]
    on: IsoDay,
    #[schemars(description = "新产权人：1 至 100 名", length(min = 1, max = 100))]
    owners: Vec<OwnerAsked>,
}

/// A new owner as they are told.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "新产权人")]
struct OwnerAsked {
    #[schemars(description = "姓名：1 至 60 个字", example = &"王某某", length(min = 1, max = 60))]
    name: String,
    #[serde(default)]
    #[schemars(description = "证件号", example = &"", length(max = 40))]
    id_no: Personal,
    #[serde(default)]
    #[schemars(description = "电话", example = &"", length(max = 20))]
    phone: Personal,
    #[serde(default)]
    #[schemars(description = "份额：不写则等额")]
    share: Option<ShareAsked>,
}

/// A share as it is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "份额：几分之几")]
struct ShareAsked {
    #[schemars(description = "分子", example = 1, range(min = 1, max = 100_000))]
    part: u32,
    #[schemars(description = "分母", example = 2, range(min = 1, max = 100_000))]
    of: u32,
}

/// A change of owners that was recorded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已办的过户")]
pub struct Conveyed {
    #[schemars(description = "产权人编号", example = [13])]
    owners: Vec<i32>,
}

/// `POST /compounds/{compound}/dwellings/{room}/conveyances`.
///
/// # Errors
/// Those of [`property::dwelling`] and [`property::convey`].
pub async fn convey(
    visit: Visit<AtRoom>,
    Told(asked): Told<ConveyanceAsked>,
) -> Result<Acted<Conveyed>, Problem> {
    let ring = visit.books.ring();
    let mut owners = Vec::with_capacity(asked.owners.len());
    for OwnerAsked { name, id_no, phone, share } in &asked.owners {
        let (id_no, phone) = (ring.told(id_no)?, ring.told(phone)?);
        owners.push(json!({ "name": name, "id_no": id_no, "phone": phone, "share": share }));
    }
    let body = json!({ "room": visit.at.room, "on": asked.on, "owners": owners });
    let given = (visit.at.room.clone(), asked);
    let request = Request::describing("property.convey", given, body).maybe_once(visit.key.clone());
    let done = visit.books.act(
        &visit.actor,
        visit.compound.id,
        request,
        |tx, (room, asked): &(String, ConveyanceAsked)| {
            Box::pin(async move {
                let (compound, today) = (tx.compound(), tx.at().day());
                let dwelling = property::dwelling(tx, compound, room, today).await?;
                let owners: Vec<NewOwner> = asked.owners.iter().map(OwnerAsked::owner).collect();
                property::convey(tx, dwelling.no, &owners, asked.on.0).await
            })
        },
    );
    Ok(Acted::new(done.await?, |owners| Conveyed {
        owners: owners.iter().map(|no| no.0).collect(),
    }))
}

impl OwnerAsked {
    fn owner(&self) -> NewOwner {
        NewOwner {
            name: self.name.clone(),
            id_no: self.id_no.clone(),
            phone: self.phone.clone(),
            share: self.share.map(|share| (share.part, share.of)),
        }
    }
}
