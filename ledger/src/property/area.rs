//! The tree of areas: city, district, street, community; and in which of them a compound lies.
//!
//! Always: a rung stands under the rung above it; a tree has four rungs at most. A street office and a housing authority
//! reach the compounds of their area, so where a compound lies decides who sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AREA_ORDER, AREA_SHAPE, AREA_TAKEN, NO_AREA, clipped, is_name, rows};
use crate::books::{Tx, View};
use crate::error::{Result, Storage};
use crate::id::{AreaId, CompoundId};

/// A rung of the area tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "区划级别：city 市，district 区县，street 街道，community 社区")]
pub enum AreaKind {
    /// 市.
    #[schemars(description = "市")]
    City,
    /// 区、县.
    #[schemars(description = "区县")]
    District,
    /// 街道、乡镇.
    #[schemars(description = "街道")]
    Street,
    /// 社区.
    #[schemars(description = "社区")]
    Community,
}

impl AreaKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AreaKind::City => "city",
            AreaKind::District => "district",
            AreaKind::Street => "street",
            AreaKind::Community => "community",
        }
    }

    /// The name people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            AreaKind::City => "市",
            AreaKind::District => "区县",
            AreaKind::Street => "街道",
            AreaKind::Community => "社区",
        }
    }

    fn named(name: &str) -> Option<AreaKind> {
        let all = [AreaKind::City, AreaKind::District, AreaKind::Street, AreaKind::Community];
        all.into_iter().find(|kind| kind.name() == name)
    }

    fn parent(self) -> Option<&'static str> {
        match self {
            AreaKind::City => None,
            AreaKind::District => Some("city"),
            AreaKind::Street => Some("district"),
            AreaKind::Community => Some("street"),
        }
    }
}

/// A rung to register.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的区划")]
pub struct NewArea {
    /// Which rung.
    #[schemars(description = "区划级别")]
    pub kind: AreaKind,
    /// The administrative code, unique.
    #[schemars(description = "区划代码：唯一", example = &"310104")]
    pub code: String,
    /// The name.
    #[schemars(description = "名称", example = &"徐汇区")]
    pub name: String,
    /// The code of the rung above; none for a city.
    #[schemars(description = "上级代码：市没有上级", example = &"3101")]
    pub parent: Option<String>,
}

/// Registers an area under its parent. An act of the head office.
///
/// # Errors
/// `property.area-shape`, `property.area-taken`, `property.no-area`, `property.area-order`.
pub async fn draw_area(tx: &mut Tx, area: &NewArea) -> Result<AreaId> {
    let is_code =
        (2..=12).contains(&area.code.len()) && area.code.bytes().all(|b| b.is_ascii_digit());
    if !is_code || !is_name(&area.name, 40) {
        let evidence = format!("代码 {:?}，名称 {:?}", clipped(&area.code), clipped(&area.name));
        return Err(AREA_SHAPE.refuse(evidence).into());
    }
    let sql = "SELECT area_id, kind, code FROM area WHERE code = $1 OR code = $2";
    let parent_code = area.parent.clone().unwrap_or_default();
    let values = vec![area.code.clone().into(), parent_code.clone().into()];
    let mut parent = None;
    for row in tx.rows(rows::COMPOUNDS, sql, values).await? {
        let code: String = row.try_get("", "code")?;
        if code == area.code {
            return Err(AREA_TAKEN.refuse(format!("区划代码 {code}")).into());
        }
        parent = Some((row.try_get::<i32>("", "area_id")?, row.try_get::<String>("", "kind")?));
    }

    let wanted = area.kind.parent();
    if (wanted.is_some() || area.parent.is_some()) && parent.is_none() {
        return Err(NO_AREA.refuse(format!("上级代码 {parent_code:?}")).into());
    }
    if parent.as_ref().map(|(_, kind)| kind.as_str()) != wanted {
        let evidence = format!("{} 不能登记在 {parent_code:?} 之下", area.name);
        return Err(AREA_ORDER.refuse(evidence).into());
    }

    let id = tx.next_no("area");
    let parent = parent.map(|(id, _)| id);
    let row = [
        id.into(),
        parent.into(),
        area.kind.name().into(),
        (&area.code).into(),
        (&area.name).into(),
    ];
    tx.put(&rows::AREA, &row);
    Ok(AreaId(id))
}

/// A rung of the area tree as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaRung {
    /// Its identity.
    pub id: AreaId,
    /// Which rung.
    pub kind: AreaKind,
    /// The administrative code.
    pub code: String,
    /// The name.
    pub name: String,
    /// The code of the rung above.
    pub parent: Option<String>,
}

/// The area tree, by code.
///
/// # Errors
/// Storage.
pub async fn areas(view: &mut impl View) -> Result<Vec<AreaRung>> {
    let sql = "SELECT a.area_id, a.kind, a.code, a.name, p.code AS parent
               FROM area a LEFT JOIN area p ON p.area_id = a.parent_id ORDER BY a.code";
    let mut areas = Vec::new();
    for row in view.rows(rows::COMPOUNDS, sql, vec![]).await? {
        let kind: String = row.try_get("", "kind")?;
        let bug = || Storage::Bug(format!("an area is of the unknown kind {kind:?}"));
        areas.push(AreaRung {
            id: AreaId(row.try_get("", "area_id")?),
            kind: AreaKind::named(&kind).ok_or_else(bug)?,
            code: row.try_get("", "code")?,
            name: row.try_get("", "name")?,
            parent: row.try_get("", "parent")?,
        });
    }
    Ok(areas)
}

/// The area with this code.
///
/// # Errors
/// `property.no-area`.
pub async fn area(view: &mut impl View, code: &str) -> Result<AreaId> {
    let sql = "SELECT area_id FROM area WHERE code = $1";
    let found = view.rows(rows::COMPOUNDS, sql, vec![code.into()]).await?;
    match found.first() {
        Some(row) => Ok(AreaId(row.try_get("", "area_id")?)),
        None => Err(NO_AREA.refuse(format!("区划代码 {:?}", clipped(code))).into()),
    }
}

/// Where a compound lies, to record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Locating {
    /// The compound.
    pub compound: CompoundId,
    /// The code of the community or street it lies in.
    pub area: String,
}

/// Says in which area a compound lies: whoever watches over that area reaches it from then on, and nobody by the area it
/// lay in before. An act of the head office.
///
/// # Errors
/// `property.no-area`.
pub async fn locate(tx: &mut Tx, locating: &Locating) -> Result<()> {
    let area = area(tx, &locating.area).await?;
    let sql = "UPDATE compound SET area_id = $2 WHERE compound_id = $1";
    tx.exec(sql, vec![locating.compound.0.into(), area.0.into()]).await?;
    Ok(())
}
