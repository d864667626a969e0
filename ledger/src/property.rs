//! What is owned, by whom, since when.
//!
//! Owns: `area`, `compound`, `building`, `stair_unit`, `dwelling`, `owner`, `tenure`, `succession`, `succession_line`, `custody`.
//!
//! Always: a dwelling has one code in its compound and a number given once and never reused; its areas for votes, fees
//! and the fund are three figures, equal until somebody says otherwise; the owners of a dwelling on a day hold shares
//! that sum to one; an owner's identity and telephone numbers, and a dwelling's remark, lie sealed, and a number is looked
//! for by its blind index. Never: a balance. Money belongs to the dwelling and stays when the owners change (165号令 art. 28).
//! Start at [`found`], [`enrol`], [`convey`], [`roll`].

mod area;
mod directory;
mod owner;
mod roll;
pub mod room_code;
mod rows;
mod succession;

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::area::{AreaKind, AreaRung, Locating, NewArea, area, areas, draw_area, locate};
pub use self::directory::{Directory, Portrait, compound_and_acts, portrait};
pub use self::owner::{Contact, NewOwner, contacts, convey, owners_by_number};
use self::owner::{hold, owners_by_id, shares};
pub use self::roll::building_code;
pub use self::roll::{Dwelling, Holder, codes, dwelling, every, numbers, numbers_within, roll};
pub(crate) use self::roll::{place, rooms};
pub use self::room_code::{NotRoom, RoomCode};
pub(crate) use self::rows::DWELLING;
pub use self::succession::{Custody, Fate, NewPart, Step, custodies, history};
pub(crate) use self::succession::{
    NewCustody, destroyed_on, end, join, may_deposit, may_keep, must_stand, part, record_custody,
};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule};
use crate::id::{AreaId, BuildingNo, CompoundId, DwellingNo, UnitNo};
use crate::journal;
use crate::measure::Area;
use crate::policy::Jurisdiction;
use crate::seal::{Personal, Sealed, may_stand_in_clear};

/// The columns of this room that hold sealed values.
pub static SEALED: &[&Sealed] = &[&rows::ID_NO, &rows::PHONE, &rows::REMARK];

/// A compound's code is taken.
pub static CODE_TAKEN: Rule = Rule {
    code: "property.compound-code-taken",
    kind: Answer::Conflict,
    rule: "小区代码在本账册内唯一",
    remedy: "换一个代码，或直接使用已建立的小区",
};

/// A compound's code or name is not fit.
pub static COMPOUND_SHAPE: Rule = Rule {
    code: "property.compound-shape",
    kind: Answer::Shape,
    rule: "小区代码为 1 至 40 个小写字母、数字、短横线；名称为 1 至 80 个字",
    remedy: "例如 代码 wutongli，名称 梧桐里小区",
};

/// There is no such compound.
pub static NO_COMPOUND: Rule = Rule {
    code: "property.no-compound",
    kind: Answer::Missing,
    rule: "小区须已建账",
    remedy: "先导入房产清册建立小区，或检查小区代码",
};

/// There is no such area.
pub static NO_AREA: Rule = Rule {
    code: "property.no-area",
    kind: Answer::Missing,
    rule: "上级区划须已登记",
    remedy: "自市、区、街道、社区逐级登记",
};

/// An area stands under the wrong kind of parent.
pub static AREA_ORDER: Rule = Rule {
    code: "property.area-order",
    kind: Answer::Refused,
    rule: "区划依次为 市、区、街道、社区",
    remedy: "把它登记在正确的上级之下",
};

/// An area's code or name is not fit.
pub static AREA_SHAPE: Rule = Rule {
    code: "property.area-shape",
    kind: Answer::Shape,
    rule: "区划代码为 2 至 12 位数字（GB/T 2260 及统计用区划代码）；名称为 1 至 40 个字",
    remedy: "例如 代码 310104，名称 徐汇区，上级 3101",
};

/// An area's code is taken.
pub static AREA_TAKEN: Rule = Rule {
    code: "property.area-taken",
    kind: Answer::Conflict,
    rule: "区划代码在本账册内唯一",
    remedy: "核对代码；已登记的区划直接使用",
};

/// There is no such dwelling.
pub static NO_DWELLING: Rule = Rule {
    code: "property.no-dwelling",
    kind: Answer::Missing,
    rule: "房屋须在房产清册内",
    remedy: "检查房号；确为新增房屋的，先补入房产清册",
};

/// A room's code cannot be read.
pub static ROOM: Rule = Rule {
    code: "property.room-code",
    kind: Answer::Shape,
    rule: "房号须能唯一读成 楼-单元-房",
    remedy: "写成 1-1-101 或 1栋1单元101；无单元的写 1-0-101",
};

/// The dwelling is there already.
pub static ENROLLED: Rule = Rule {
    code: "property.enrolled",
    kind: Answer::Conflict,
    rule: "同一小区内房号不得重复",
    remedy: "核对房号；面积、产权人有变动的请办理变更",
};

/// Shares do not make a whole.
pub static SHARES: Rule = Rule {
    code: "property.shares",
    kind: Answer::Refused,
    rule: "各产权人份额之和须为一",
    remedy: "更正份额；按份不明的共有可不填份额，视为等额",
};

/// An area is nothing or too much.
pub static AREA_SIZE: Rule = Rule {
    code: "property.area-size",
    kind: Answer::Refused,
    rule: "建筑面积须大于零且不超过一百万平方米",
    remedy: "核对产权证上的建筑面积",
};

/// An owner's particulars are not fit.
pub static OWNER_SHAPE: Rule = Rule {
    code: "property.owner-shape",
    kind: Answer::Shape,
    rule: "过户须有 1 至 100 名产权人；姓名为 1 至 60 个字，证件号至多 40 个字符，电话至多 20 个字符，均无控制字符；日期须在 1949 年至 2999 年之间",
    remedy: "核对产权证上的姓名、证件号与登记日期",
};

/// Ownership changes before it began.
pub static CONVEYED_EARLY: Rule = Rule {
    code: "property.conveyed-early",
    kind: Answer::Refused,
    rule: "过户日期不得早于现产权人取得之日",
    remedy: "核对过户日期",
};

/// The dwelling is no more, or is not yet.
pub static ENDED: Rule = Rule {
    code: "property.ended",
    kind: Answer::Refused,
    rule: "房屋自登记存在之日起、至灭失或分户、并户之日止，方可办理业务",
    remedy: "已分户、并户的，改在承接的房屋上办理；往来可在原房屋的对账单上查到",
};

/// A dwelling ends before it was owned so, or in the future.
pub static ENDED_EARLY: Rule = Rule {
    code: "property.ended-early",
    kind: Answer::Refused,
    rule: "分户、并户、灭失之日不得早于现产权人取得之日，不得晚于今天",
    remedy: "核对登记日期",
};

/// The parts do not make the whole.
pub static PARTS: Rule = Rule {
    code: "property.parts",
    kind: Answer::Refused,
    rule: "分户须分成 2 至 50 户，各户面积之和须等于原面积；并户须有 2 至 50 户，同幢、同性质",
    remedy: "核对测绘或产权登记的面积",
};

/// Dwellings of different owners become one.
pub static OWNERS_DIFFER: Rule = Rule {
    code: "property.owners-differ",
    kind: Answer::Refused,
    rule: "并户的各房屋须属相同的产权人、相同的份额",
    remedy: "先办理过户，再并户",
};

/// The fund was handed over.
pub static HANDED_OVER: Rule = Rule {
    code: "property.handed-over",
    kind: Answer::Refused,
    rule: "维修资金划转业主大会后，本账簿不再收存；划回之后方可继续（165号令第十五条、第十六条）",
    remedy: "由现代管机构收存；已划回的，先登记划回",
};

/// The rules of this room.
pub static RULES: &[&Rule] = &[
    &COMPOUND_SHAPE,
    &CODE_TAKEN,
    &NO_COMPOUND,
    &AREA_SHAPE,
    &AREA_TAKEN,
    &NO_AREA,
    &AREA_ORDER,
    &ROOM,
    &NO_DWELLING,
    &ENROLLED,
    &AREA_SIZE,
    &OWNER_SHAPE,
    &SHARES,
    &CONVEYED_EARLY,
    &ENDED,
    &ENDED_EARLY,
    &PARTS,
    &OWNERS_DIFFER,
    &HANDED_OVER,
];

/// Whether a text is a name of at most so many characters.
fn is_name(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
}

/// The beginning of a text, to be told back.
fn clipped(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A compound to found.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要建账的小区")]
pub struct Founding {
    /// The short code used in commands and addresses.
    #[schemars(description = "小区代码：1 至 40 个小写字母、数字、短横线", example = &"wutongli")]
    pub code: String,
    /// The name.
    #[schemars(description = "小区名称：1 至 80 个字", example = &"梧桐里小区")]
    pub name: String,
    /// Where it is.
    #[serde(default)]
    #[schemars(description = "地址", example = &"梧桐路 1 号")]
    pub address: String,
    /// The code of the community or street it lies in.
    #[serde(default)]
    #[schemars(description = "区划代码：所在社区或街道")]
    pub area: Option<String>,
}

/// Founds a compound and opens its books. An act of the head office.
///
/// # Errors
/// `property.compound-shape`, `property.compound-code-taken`, `property.no-area`.
pub async fn found(tx: &mut Tx, founding: &Founding) -> Result<CompoundId> {
    let taken = compound_by_code(tx, &founding.code).await?;
    let area = match &founding.area {
        Some(code) => Some(area(tx, code).await?.0),
        None => None,
    };

    may_be_named(founding)?;
    if let Some(taken) = taken {
        let evidence = format!("{} 已是 {}", founding.code, taken.name);
        return Err(CODE_TAKEN.refuse(evidence).into());
    }

    let id = CompoundId(tx.next_no("compound"));
    let row = [
        id.0.into(),
        (&founding.code).into(),
        founding.name.trim().into(),
        founding.address.trim().into(),
        area.into(),
        tx.at().seconds().into(),
    ];
    tx.put(&rows::COMPOUND, &row);
    journal::open_books(tx, id);
    Ok(id)
}

/// Whether a compound's code, name and address are fit.
pub(crate) fn may_be_named(founding: &Founding) -> Result<(), Refusal> {
    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let code_fits = (1..=40).contains(&founding.code.len()) && founding.code.chars().all(is_code);
    let name_length = founding.name.trim().chars().count();
    let is_text = |s: &str| s.chars().count() <= 200 && !s.chars().any(char::is_control);
    if !code_fits
        || !(1..=80).contains(&name_length)
        || !is_text(&founding.name)
        || !is_text(&founding.address)
    {
        let evidence = format!("代码 {:?}，名称 {:?}", founding.code, founding.name);
        return Err(COMPOUND_SHAPE.refuse(evidence));
    }
    may_stand_in_clear("小区名称", &founding.name)?;
    may_stand_in_clear("小区地址", &founding.address)
}

/// Whose law holds in a compound: the nearest rung of its area tree that has an administrative code, else the nation.
///
/// # Errors
/// Storage.
pub async fn jurisdiction(view: &mut impl View, compound: CompoundId) -> Result<Jurisdiction> {
    let sql = "WITH RECURSIVE up (area_id, parent_id, code, step) AS (
        SELECT a.area_id, a.parent_id, a.code, 0
        FROM compound c JOIN area a ON a.area_id = c.area_id WHERE c.compound_id = $1
        UNION ALL
        SELECT a.area_id, a.parent_id, a.code, up.step + 1 FROM up JOIN area a ON a.area_id = up.parent_id)
      SELECT code FROM up ORDER BY step";
    for row in view.rows(rows::COMPOUNDS, sql, vec![compound.0.into()]).await? {
        let code: String = row.try_get("", "code")?;
        if let Some(jurisdiction) = Jurisdiction::of_area(&code) {
            return Ok(jurisdiction);
        }
    }
    Ok(Jurisdiction::nation())
}

/// A compound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compound {
    /// Its identity.
    pub id: CompoundId,
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// The areas it lies in, from the nearest to the city.
    pub areas: Vec<AreaId>,
}

/// The tree has four rungs at most, so three steps up from a compound's own area see all of it.
const COMPOUND: &str = "c.compound_id, c.code, c.name, c.address,
     c.area_id AS own, a.parent_id AS above, b.parent_id AS higher, d.parent_id AS highest
   FROM compound c LEFT JOIN area a ON a.area_id = c.area_id
     LEFT JOIN area b ON b.area_id = a.parent_id LEFT JOIN area d ON d.area_id = b.parent_id
   WHERE c.compound_id > 0";

/// Every compound, by code.
///
/// # Errors
/// Storage.
pub async fn compounds(view: &mut impl View) -> Result<Vec<Compound>> {
    let sql = format!("SELECT {COMPOUND} ORDER BY c.code");
    view.rows(rows::COMPOUNDS, &sql, vec![]).await?.iter().map(compound_of).collect()
}

/// The compound with this code, if there is one.
///
/// # Errors
/// Storage.
pub async fn compound_by_code(view: &mut impl View, code: &str) -> Result<Option<Compound>> {
    let sql = format!("SELECT {COMPOUND} AND c.code = $1");
    let found = view.rows(rows::COMPOUNDS, &sql, vec![code.into()]).await?;
    found.first().map(compound_of).transpose()
}

/// The compound with this code.
///
/// # Errors
/// `property.no-compound`.
pub async fn compound(view: &mut impl View, code: &str) -> Result<Compound> {
    Ok(compound_by_code(view, code).await?.ok_or_else(|| no_compound(code))?)
}

/// What is said of a compound that is not there, or not there for whoever asks: word for word the same.
#[must_use]
pub fn no_compound(code: &str) -> Refusal {
    NO_COMPOUND.refuse(format!("小区代码 {:?}", clipped(code)))
}

/// The code of a compound by its identity.
///
/// # Errors
/// `property.no-compound`.
pub async fn compound_code(view: &mut impl View, compound: CompoundId) -> Result<String> {
    let sql = "SELECT code FROM compound WHERE compound_id = $1";
    let found = view.rows(rows::COMPOUNDS, sql, vec![compound.0.into()]).await?;
    let row = found.first().ok_or_else(|| no_compound(&compound.to_string()))?;
    Ok(row.try_get_by_index(0)?)
}

/// The code of a dwelling by its number.
///
/// # Errors
/// Storage.
pub async fn code_of(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: DwellingNo,
) -> Result<Option<String>> {
    let sql = "SELECT code FROM dwelling WHERE compound_id = $1 AND dwelling_no = $2";
    let found = view.rows(rows::ROLL, sql, vec![compound.0.into(), dwelling.0.into()]).await?;
    Ok(found.first().map(|row| row.try_get("", "code")).transpose()?)
}

fn compound_of(row: &sea_orm::QueryResult) -> Result<Compound> {
    let mut areas = Vec::new();
    for rung in ["own", "above", "higher", "highest"] {
        areas.extend(row.try_get::<Option<i32>>("", rung)?.map(AreaId));
    }
    Ok(Compound {
        areas,
        id: CompoundId(row.try_get("", "compound_id")?),
        code: row.try_get("", "code")?,
        name: row.try_get("", "name")?,
        address: row.try_get("", "address")?,
    })
}

/// What a dwelling is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "用途")]
pub enum Usage {
    /// 住宅.
    #[schemars(description = "住宅")]
    Residence,
    /// 商铺.
    #[schemars(description = "商铺")]
    Shop,
    /// 办公.
    #[schemars(description = "办公")]
    Office,
    /// 车库.
    #[schemars(description = "车库")]
    Garage,
    /// 车位.
    #[schemars(description = "车位")]
    Parking,
    /// 储藏室.
    #[schemars(description = "储藏室")]
    Storage,
    /// 物业服务用房、管理用房.
    #[schemars(description = "物业用房")]
    Service,
    /// 其他.
    #[schemars(description = "其他")]
    Other,
}

impl Usage {
    /// Every usage.
    pub const ALL: [Usage; 8] = [
        Usage::Residence,
        Usage::Shop,
        Usage::Office,
        Usage::Garage,
        Usage::Parking,
        Usage::Storage,
        Usage::Service,
        Usage::Other,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Usage::Residence => "residence",
            Usage::Shop => "shop",
            Usage::Office => "office",
            Usage::Garage => "garage",
            Usage::Parking => "parking",
            Usage::Storage => "storage",
            Usage::Service => "service",
            Usage::Other => "other",
        }
    }

    /// The word in a register.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Usage::Residence => "住宅",
            Usage::Shop => "商铺",
            Usage::Office => "办公",
            Usage::Garage => "车库",
            Usage::Parking => "车位",
            Usage::Storage => "储藏室",
            Usage::Service => "物业用房",
            Usage::Other => "其他",
        }
    }

    fn named(name: &str) -> Usage {
        Usage::ALL.into_iter().find(|usage| usage.name() == name).unwrap_or(Usage::Other)
    }
}

/// Which kind of housing it is, which decides whose fund it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "房屋性质：commodity 商品住宅，sold-public 已售公有住房")]
pub enum Housing {
    /// 商品住宅 (and non-dwellings in its compound).
    #[schemars(description = "商品住宅")]
    Commodity,
    /// 已售公有住房.
    #[schemars(description = "已售公有住房")]
    SoldPublic,
}

impl Housing {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Housing::Commodity => "commodity",
            Housing::SoldPublic => "sold-public",
        }
    }

    fn named(name: &str) -> Housing {
        if name == Housing::SoldPublic.name() { Housing::SoldPublic } else { Housing::Commodity }
    }

    /// The word in a register.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Housing::Commodity => "商品住宅",
            Housing::SoldPublic => "已售公有住房",
        }
    }
}

/// A dwelling to enrol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDwelling {
    /// Its canonical code.
    pub code: RoomCode,
    /// As its source wrote it.
    pub written_as: String,
    /// The floor.
    pub floor: Option<i32>,
    /// What it is used as.
    pub usage: Usage,
    /// Which kind of housing.
    pub housing: Housing,
    /// Whether a lift serves it.
    pub has_lift: bool,
    /// Whether the developer still holds it.
    pub is_unsold: bool,
    /// 建筑面积: counts for votes, fees and the fund until told otherwise.
    #[serde(rename = "area_centi_m2")]
    pub area: Area,
    /// The day of hand-over.
    pub handed_over_on: Option<Day>,
    /// Its owners, empty if unsold.
    pub owners: Vec<NewOwner>,
    /// A remark.
    pub remark: Personal,
    /// Since when the owners are known to hold it.
    pub owned_from: Day,
}

/// The series that numbers the changes of a compound's roll: which dwellings there are, and how large. What was reckoned from the
/// roll is good while its last number stands.
pub(crate) const ROLL_CHANGES: &str = "roll-change";

/// Enrols dwellings, with the buildings, stair units and owners they need, as sets. An owner with an identity number
/// known in the compound is the same owner.
///
/// # Errors
/// `property.area-size`, `property.enrolled`, `property.shares`, for the first dwelling they are true of.
pub async fn enrol(tx: &mut Tx, new: &[NewDwelling]) -> Result<Vec<DwellingNo>> {
    let compound = tx.compound();
    tx.next_no(ROLL_CHANGES);
    let known = codes(tx, compound).await?;
    let (mut buildings, mut units) = stairs(tx, compound).await?;
    let mut owners = owners_by_id(tx, compound).await?;
    let ring = tx.ring().clone();

    let mut fresh = HashMap::new();
    for dwelling in new {
        if known.contains_key(&dwelling.code) || fresh.insert(&dwelling.code, ()).is_some() {
            return Err(ENROLLED.refuse(format!("房号 {}", dwelling.code)).into());
        }
        if dwelling.area <= Area::ZERO || dwelling.area > Area::LIMIT {
            let evidence = format!("房号 {} 面积 {} ㎡", dwelling.code, dwelling.area);
            return Err(AREA_SIZE.refuse(evidence).into());
        }
        shares(&dwelling.owners)?;
        for owner in &dwelling.owners {
            may_stand_in_clear("产权人姓名", &owner.name)?;
        }
    }

    let act = tx.act().0;
    let mut numbers = Vec::with_capacity(new.len());
    for dwelling in new {
        let building = building_no(tx, &mut buildings, building_code(&dwelling.code));
        let unit = unit_no(tx, &mut units, building, dwelling.code.unit());
        let no = DwellingNo(tx.next_no("dwelling"));
        let area = dwelling.area.in_centi_m2();
        let code = dwelling.code.to_string();
        let remark = dwelling.remark.in_clear().as_bytes();
        let remark = ring.seal(&rows::REMARK.at(compound, no.0), remark)?;
        let row = [
            compound.0.into(),
            no.0.into(),
            building.0.into(),
            unit.0.into(),
            dwelling.floor.into(),
            (&code).into(),
            (&dwelling.written_as).into(),
            dwelling.usage.name().into(),
            dwelling.housing.name().into(),
            dwelling.has_lift.into(),
            dwelling.is_unsold.into(),
            area.into(),
            area.into(),
            area.into(),
            dwelling.handed_over_on.into(),
            None::<Day>.into(),
            remark.as_slice().into(),
            act.into(),
        ];
        tx.put(&rows::DWELLING, &row);
        hold(tx, &mut owners, no, &dwelling.owners, dwelling.owned_from)?;
        numbers.push(no);
        tx.put_is_due().await?;
    }
    Ok(numbers)
}

/// Takes dwellings off the roll that an import put there by mistake. The caller has made sure nothing hangs on them.
pub(crate) async fn strike(tx: &mut Tx, dwellings: &[DwellingNo]) -> Result<()> {
    let compound = tx.compound().0;
    tx.next_no(ROLL_CHANGES);
    let numbers: Vec<i32> = dwellings.iter().map(|d| d.0).collect();
    let (list, values) = tx.list_of(&numbers, 2);
    for table in ["tenure", "dwelling"] {
        let sql = format!("DELETE FROM {table} WHERE compound_id = $1 AND dwelling_no {list}");
        tx.exec(&sql, vec![compound.into(), values.clone()]).await?;
    }
    let sql = "DELETE FROM owner WHERE compound_id = $1 AND owner_no NOT IN
                 (SELECT owner_no FROM tenure WHERE compound_id = $1)";
    tx.exec(sql, vec![compound.into()]).await?;
    Ok(())
}

/// The code of the first of some dwellings that the journal knows.
pub(crate) async fn first_in_use(tx: &mut Tx, dwellings: &[DwellingNo]) -> Result<Option<String>> {
    tx.flush().await?;
    let numbers: Vec<i32> = dwellings.iter().map(|d| d.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    let sql = format!(
        "SELECT d.code FROM dwelling d WHERE d.compound_id = $1 AND d.dwelling_no {list}
           AND EXISTS (SELECT 1 FROM balance b
                       WHERE b.compound_id = d.compound_id AND b.dwelling_no = d.dwelling_no)
         ORDER BY d.dwelling_no LIMIT 1"
    );
    let found = tx.rows(rows::ROLL, &sql, vec![tx.compound().0.into(), value]).await?;
    Ok(match found.first() {
        Some(row) => Some(row.try_get_by_index(0)?),
        None => None,
    })
}

fn building_no(tx: &mut Tx, known: &mut HashMap<String, BuildingNo>, code: String) -> BuildingNo {
    if let Some(no) = known.get(&code) {
        return *no;
    }
    let no = BuildingNo(tx.next_no("building"));
    tx.put(&rows::BUILDING, &[tx.compound().0.into(), no.0.into(), (&code).into()]);
    known.insert(code, no);
    no
}

type Units = HashMap<(BuildingNo, String), UnitNo>;

fn unit_no(tx: &mut Tx, known: &mut Units, building: BuildingNo, code: &str) -> UnitNo {
    if let Some(no) = known.get(&(building, code.to_owned())) {
        return *no;
    }
    let no = UnitNo(tx.next_no(&format!("unit/{building}")));
    let row = [tx.compound().0.into(), building.0.into(), no.0.into(), code.into()];
    tx.put(&rows::STAIR_UNIT, &row);
    known.insert((building, code.to_owned()), no);
    no
}

async fn stairs(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<(HashMap<String, BuildingNo>, Units)> {
    let sql = "SELECT b.building_no, b.code, u.unit_no, u.code AS unit_code
               FROM building b JOIN stair_unit u
                 ON u.compound_id = b.compound_id AND u.building_no = b.building_no
               WHERE b.compound_id = $1";
    let (mut buildings, mut units) = (HashMap::new(), HashMap::new());
    for row in view.rows(rows::ROLL, sql, vec![compound.0.into()]).await? {
        let building = BuildingNo(row.try_get("", "building_no")?);
        buildings.insert(row.try_get("", "code")?, building);
        units
            .insert((building, row.try_get("", "unit_code")?), UnitNo(row.try_get("", "unit_no")?));
    }
    Ok((buildings, units))
}
