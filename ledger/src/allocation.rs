//! 分摊: what each dwelling bears of a cost, to the fen.
//!
//! Owns no table and asks no database: figures in, figures out. A room reads the dwellings and their balances, calls
//! [`allocate`] and keeps what it says.
//!
//! Always: Σ of what is borne and what is left unshared = the cost; within each stage every part is less than a fen from its
//! exact value; the order in which dwellings are given does not matter, a tie goes to the lower dwelling number; nobody's
//! balance is driven below nothing. The result carries its basis, weights, exact fractions and the provenance of the pack, and
//! prints to the same bytes ([`Allocation::text`]). Never: a second way to divide ([`crate::money::split`] is the one).
//!
//! Where the law divides twice (165号令 20: first by area onto each kind of property, then by deposits, then by area again)
//! each stage is divided in whole fen, as the amounts are printed and booked; a share is then less than a fen a stage from
//! the product of its fractions. Source: `domain.md` §3.3, §3.4, §3.9.

mod floors;
mod print;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::floors::{Coefficient, FloorTable, Within};
use crate::error::{Kind as Answer, Refusal, Rule};
use crate::id::DwellingNo;
use crate::measure::Area;
use crate::money::{Money, split};
use crate::policy::terms::{DrawOrder, SharedBy};
use crate::policy::{Pack, Provenance};
use crate::property::{Housing, RoomCode};

/// A figure that cannot be.
pub static FIGURES: Rule = Rule {
    code: "allocation.figures",
    kind: Answer::Shape,
    rule: "费用须大于零，剔除额、余额、交存额不得为负，均不得超过金额上限",
    remedy: "核对费用、剔除额与各户余额",
};

/// A dwelling twice.
pub static TWICE: Rule = Rule {
    code: "allocation.twice",
    kind: Answer::Shape,
    rule: "同一房屋在列支范围内只能出现一次",
    remedy: "删去重复的房屋",
};

/// More is removed than there is.
pub static REMOVED: Rule = Rule {
    code: "allocation.removed",
    kind: Answer::Refused,
    rule: "剔除的费用之和须小于总费用",
    remedy: "核对不得列支、第三方承担与补贴的金额；全部由他人承担的不必分摊",
};

/// A table of percentages is not whole.
pub static TABLE_SUM: Rule = Rule {
    code: "allocation.table-sum",
    kind: Answer::Refused,
    rule: "分摊比例表之和须恰为 100%",
    remedy: "更正比例表并由相关业主重新确认",
};

/// A table does not fit the dwellings.
pub static TABLE_FLOORS: Rule = Rule {
    code: "allocation.table-floors",
    kind: Answer::Refused,
    rule: "约定的分摊须与列支范围相符：每一户都有系数，表中的每个楼层、每户都在范围内",
    remedy: "补齐缺少的楼层或房屋，删去不在范围内的；楼层不明的先补入房产清册",
};

/// Deposits are not known.
pub static DEPOSITS: Rule = Rule {
    code: "allocation.deposits",
    kind: Answer::Refused,
    rule: "已售公有住房须按业主与售房单位所交存资金的比例分摊（165号令第二十条）",
    remedy: "先登记业主与原售房单位的交存额",
};

/// Nobody bears it.
pub static NOBODY: Rule = Rule {
    code: "allocation.nobody",
    kind: Answer::Refused,
    rule: "列支范围内须有承担费用的房屋",
    remedy: "核对列支范围、建筑面积与余额",
};

/// The mode fits one stage only.
pub static ONE_STAGE: Rule = Rule {
    code: "allocation.one-stage",
    kind: Answer::Refused,
    rule: "“不自筹”方式只用于一次分摊：所有房屋按同一单价承担",
    remedy: "公有住房、按楼层或露台分段分摊的，由业主补足差额，或分别立项",
};

/// Somebody is short, and the pack does not let owners pay.
pub static SHORT: Rule = Rule {
    code: "allocation.short",
    kind: Answer::Refused,
    rule: "分户余额不足以承担其分摊额",
    remedy: "先续交，或缩减方案",
};

/// The rules of this material, in the order they are checked.
pub static RULES: &[&Rule] = &[
    &FIGURES,
    &TWICE,
    &REMOVED,
    &TABLE_SUM,
    &TABLE_FLOORS,
    &DEPOSITS,
    &NOBODY,
    &ONE_STAGE,
    &SHORT,
];

/// A dwelling that may bear a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its number.
    pub dwelling: DwellingNo,
    /// Its code.
    pub code: RoomCode,
    /// Its floor.
    pub floor: Option<i32>,
    /// The area that bears the fund.
    pub area: Area,
    /// Which kind of housing.
    pub housing: Housing,
    /// Whether the developer (or the public housing's unit) still holds it.
    pub is_unsold: bool,
    /// What its owners ever deposited, for 165号令 20.
    pub deposited: Money,
    /// Principal to be had: balance less what is reserved.
    pub principal: Money,
    /// Gains to be had.
    pub gains: Money,
    /// Why it bears nothing, in Chinese; it is listed all the same.
    pub left_out: Option<String>,
}

impl Place {
    /// What it has in the fund.
    #[must_use]
    pub fn available(&self) -> Money {
        self.principal + self.gains
    }
}

/// A former selling unit of public housing, and its money.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SellingUnit {
    /// Its name.
    pub name: String,
    /// What it deposited.
    pub deposited: Money,
    /// What is left of it.
    pub available: Money,
}

/// Which dwellings a cost falls on (列支范围).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "kebab-case")]
pub enum Scope {
    /// All of the compound.
    Compound,
    /// One building.
    Building {
        /// Its code.
        building: String,
    },
    /// One stair.
    Stair {
        /// The building's code.
        building: String,
        /// The unit's code.
        unit: String,
    },
    /// One side of a stair: the rooms whose codes end so, `["01", "02"]`.
    Side {
        /// The building's code.
        building: String,
        /// The unit's code.
        unit: String,
        /// How the rooms' codes end.
        doors: Vec<String>,
    },
    /// These dwellings: floors under a roof, users of a terrace.
    Dwellings {
        /// Their numbers.
        dwellings: BTreeSet<DwellingNo>,
    },
}

impl Scope {
    /// Whether a dwelling is in it.
    #[must_use]
    pub fn takes(&self, dwelling: DwellingNo, code: &RoomCode) -> bool {
        match self {
            Scope::Compound => true,
            Scope::Building { building } => code.building() == building,
            Scope::Stair { building, unit } => code.building() == building && code.unit() == unit,
            Scope::Side { building, unit, doors } => {
                code.building() == building
                    && code.unit() == unit
                    && doors.iter().any(|door| code.room().ends_with(door.as_str()))
            }
            Scope::Dwellings { dwellings } => dwellings.contains(&dwelling),
        }
    }
}

/// Why a part of the cost is not shared. The order is the order of removal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ShareWhy", description = "费用由他人承担的原因")]
pub enum Why {
    /// It is never payable from the fund.
    #[schemars(description = "不得列支")]
    NeverPayable,
    /// The warranty still covers it.
    #[schemars(description = "保修期内")]
    Warranty,
    /// Somebody else owes it.
    #[schemars(description = "第三方承担")]
    ThirdParty,
    /// An insurer pays it.
    #[schemars(description = "保险赔付")]
    Insurance,
    /// A subsidy pays it.
    #[schemars(description = "财政补贴")]
    Subsidy,
    /// Public revenue pays it.
    #[schemars(description = "公共收益")]
    PublicRevenue,
}

impl Why {
    /// The word on paper.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Why::NeverPayable => "不得列支",
            Why::Warranty => "保修期内",
            Why::ThirdParty => "第三方承担",
            Why::Insurance => "保险赔付",
            Why::Subsidy => "财政补贴",
            Why::PublicRevenue => "公共收益",
        }
    }
}

/// A part of the cost that others bear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Removed {
    /// Why.
    pub why: Why,
    /// What, in Chinese.
    pub what: String,
    /// How much.
    pub amount: Money,
}

/// By what a cost is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Basis {
    /// What the pack says where nothing was agreed: by area, and for sold public housing by deposits.
    Lawful,
    /// Agreed: by area whatever the housing.
    Area,
    /// Agreed: one share a dwelling.
    Households,
    /// Agreed: by what each has in the fund.
    Balances,
    /// Agreed: a coefficient a dwelling.
    Coefficients {
        /// Whole numbers, by dwelling.
        of: BTreeMap<DwellingNo, u64>,
    },
    /// Agreed: a table of floors, as for a lift.
    Floors {
        /// The table.
        table: FloorTable,
        /// How a floor's dwellings share.
        within: Within,
    },
    /// A terrace only some may use: its users bear the pack's part, those below it the rest; each by area.
    Terrace {
        /// Its users.
        users: BTreeSet<DwellingNo>,
        /// Those under the repaired area.
        below: BTreeSet<DwellingNo>,
    },
}

/// What happens where a balance is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ShareShort", description = "余额不足的处理")]
pub enum Short {
    /// The owner owes the difference, off the fund's book (自筹).
    #[schemars(description = "业主自筹")]
    OwnerPays,
    /// 不自筹: everybody bears the same price, the lawful one or the highest that nobody's balance falls short of; dwellings
    /// with nothing are left out. What that does not reach stays unshared, and is said.
    #[schemars(description = "不自筹：按各户余额都够的单价")]
    NoSelfRaising,
}

/// A cost to share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// All of it.
    pub cost: Money,
    /// What others bear.
    pub removed: Vec<Removed>,
    /// By what it is shared.
    pub basis: Basis,
    /// Where balances are too small.
    pub short: Short,
    /// The dwellings in scope.
    pub places: Vec<Place>,
    /// The former selling units of its sold public housing.
    pub selling_units: Vec<SellingUnit>,
}

/// Who bears a part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bearer {
    /// A dwelling.
    Dwelling(DwellingNo),
    /// A selling unit, by name.
    SellingUnit(String),
}

/// One amount divided among bearers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// What is divided, outermost first: `公有住房 / 业主`.
    pub name: String,
    /// How much.
    pub amount: Money,
    /// Its weight among its neighbours, and theirs together.
    pub weight: (u64, u128),
}

/// A bearer's part of a stage. Exactly it is `stage's amount × weight / whole`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which stage, by its place in the list.
    pub stage: usize,
    /// The bearer's weight.
    pub weight: u64,
    /// All weights of the stage.
    pub whole: u128,
    /// The part.
    pub amount: Money,
}

/// Whose money pays a dwelling's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaidBy {
    /// Its balance, and its owner for what is short.
    Fund,
    /// The developer: it is unsold (165号令 21). Not a deduction from the fund.
    Developer,
    /// The public housing's unit: it is unsold (165号令 21).
    PublicHousingUnit,
}

/// What a dwelling bears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Its number.
    pub dwelling: DwellingNo,
    /// Its code.
    pub code: RoomCode,
    /// The area that bears.
    pub area: Area,
    /// Its parts, stage by stage.
    pub parts: Vec<Part>,
    /// Their sum.
    pub amount: Money,
    /// Whose money.
    pub paid_by: PaidBy,
    /// From principal.
    pub principal: Money,
    /// From gains.
    pub gains: Money,
    /// What the owner owes besides.
    pub owner_owes: Money,
    /// Principal afterwards.
    pub principal_left: Money,
    /// Gains afterwards.
    pub gains_left: Money,
}

/// What a selling unit bears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitShare {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Their sum.
    pub amount: Money,
    /// From its deposit.
    pub from_deposit: Money,
    /// What it owes besides.
    pub owes: Money,
    /// What is left.
    pub left: Money,
}

/// A dwelling that bears nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its number.
    pub dwelling: DwellingNo,
    /// Its code.
    pub code: RoomCode,
    /// Why, in Chinese.
    pub why: String,
}

/// A cost, shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Allocation {
    /// The pack that said how.
    pub pack: Provenance,
    /// By what it was shared, in Chinese, with its article where the law says so.
    pub basis: String,
    /// Where balances are too small.
    pub short: Short,
    /// All of the cost.
    pub cost: Money,
    /// What others bear, in the order of removal.
    pub removed: Vec<Removed>,
    /// What was to be shared.
    pub to_share: Money,
    /// What nobody bears: only without self-raising.
    pub unshared: Money,
    /// The stages.
    pub stages: Vec<Stage>,
    /// The dwellings, by number.
    pub shares: Vec<Share>,
    /// The selling units, by name.
    pub units: Vec<UnitShare>,
    /// Who bears nothing.
    pub left_out: Vec<LeftOut>,
    /// From the dwellings' balances.
    pub from_balances: Money,
    /// From selling units' deposits.
    pub from_units: Money,
    /// What owners and selling units owe besides.
    pub owed: Money,
    /// What developers and public housing's units pay for what is unsold.
    pub by_developers: Money,
}

/// Weighted bearers, or weighted groups of them.
struct Group {
    name: String,
    weight: u64,
    under: Under,
}

enum Under {
    Groups(Vec<Group>),
    Bearers(Vec<(Bearer, u64)>),
}

impl Group {
    fn of(name: &str, weight: u64, bearers: Vec<(Bearer, u64)>) -> Group {
        Group { name: name.to_owned(), weight, under: Under::Bearers(bearers) }
    }
}

/// Shares a cost.
///
/// # Errors
/// `allocation.figures`, `allocation.twice`, `allocation.removed`, `allocation.table-sum`, `allocation.table-floors`,
/// `allocation.deposits`, `allocation.nobody`, `allocation.one-stage`, `allocation.short`.
pub fn allocate(work: &Work, pack: &Pack) -> Result<Allocation, Refusal> {
    may_be_shared(work)?;
    let mut removed = work.removed.clone();
    removed.sort();
    let others: Money = removed.iter().map(|r| r.amount).sum();
    let to_share = work.cost - others;
    if !to_share.is_positive() {
        let evidence = format!("总费用 {}，剔除 {}", work.cost.grouped(), others.grouped());
        return Err(REMOVED.refuse(evidence));
    }

    let mut places: Vec<&Place> = work.places.iter().collect();
    places.sort_by_key(|place| place.dwelling);
    let (mut bearing, out): (Vec<&Place>, Vec<&Place>) =
        places.into_iter().partition(|place| place.left_out.is_none());
    let left = |place: &Place, why: &str| {
        let (dwelling, code) = (place.dwelling, place.code.clone());
        LeftOut { dwelling, code, why: why.to_owned() }
    };
    let mut left_out: Vec<LeftOut> =
        out.iter().map(|p| left(p, p.left_out.as_deref().unwrap_or_default())).collect();

    let (basis, groups) = group(work, pack, &bearing)?;
    let mut root = Group { name: "应分摊".to_owned(), weight: 1, under: groups };
    let shared = match work.short {
        Short::OwnerPays => to_share,
        Short::NoSelfRaising => {
            let purses = purses(&bearing, pack);
            let has_none = |place: &Place| purses.get(&place.dwelling) == Some(&0);
            let (none, some) = bearing.into_iter().partition(|place| has_none(place));
            bearing = some;
            left_out.extend(none.iter().map(|p: &&Place| left(p, "余额为零，不自筹")));
            left_out.sort_by_key(|l| l.dwelling);
            without_raising(to_share, &mut root, &purses)?
        }
    };

    let mut dividing = Dividing::default();
    dividing.divide(&root, shared, (1, 1), "")?;
    let Dividing { stages, mut parts } = dividing;
    let mut take = |bearer: &Bearer| parts.remove(bearer).unwrap_or_default();
    let shares: Vec<Share> = bearing
        .iter()
        .map(|place| draw(place, take(&Bearer::Dwelling(place.dwelling)), pack))
        .collect();
    let mut units: Vec<UnitShare> = work
        .selling_units
        .iter()
        .map(|unit| draw_unit(unit, take(&Bearer::SellingUnit(unit.name.clone()))))
        .collect();
    units.sort_by(|a, b| a.name.cmp(&b.name));

    let owed = shares.iter().map(|s| s.owner_owes).chain(units.iter().map(|u| u.owes)).sum();
    if !pack.terms.sharing.short_by_owner
        && let Some(short) = shares.iter().find(|share| share.owner_owes.is_positive())
    {
        let evidence = format!("{} 差 {} 元", short.code, short.owner_owes.grouped());
        return Err(SHORT.refuse(evidence).with("dwelling_no", short.dwelling.0));
    }
    let unsold = |share: &&Share| share.paid_by != PaidBy::Fund;
    Ok(Allocation {
        pack: pack.provenance.clone(),
        basis,
        short: work.short,
        cost: work.cost,
        removed,
        to_share,
        unshared: to_share - shared,
        from_balances: shares.iter().map(|s| s.principal + s.gains).sum(),
        from_units: units.iter().map(|u| u.from_deposit).sum(),
        owed,
        by_developers: shares.iter().filter(unsold).map(|s| s.amount).sum(),
        stages,
        shares,
        units,
        left_out,
    })
}

fn may_be_shared(work: &Work) -> Result<(), Refusal> {
    let fits = |amount: Money| !amount.is_negative() && amount.is_within_limit();
    let wrong =
        |what: String, amount: Money| Err(FIGURES.refuse(format!("{what} {}", amount.grouped())));
    if !work.cost.is_positive() || !work.cost.is_within_limit() {
        return wrong("费用".to_owned(), work.cost);
    }
    for removed in &work.removed {
        if !fits(removed.amount) {
            return wrong(format!("剔除 {}", removed.what), removed.amount);
        }
    }
    let mut seen = BTreeSet::new();
    for place in &work.places {
        if let Some(amount) =
            [place.deposited, place.principal, place.gains].into_iter().find(|a| !fits(*a))
        {
            return wrong(format!("房屋 {}", place.code), amount);
        }
        if place.area < Area::ZERO || place.area > Area::LIMIT {
            return Err(FIGURES.refuse(format!("房屋 {} 面积 {}", place.code, place.area)));
        }
        if !seen.insert(place.dwelling) {
            return Err(TWICE.refuse(format!("房屋 {}", place.code)));
        }
    }
    let mut names = BTreeSet::new();
    for unit in &work.selling_units {
        if let Some(amount) = [unit.deposited, unit.available].into_iter().find(|a| !fits(*a)) {
            return wrong(format!("售房单位 {}", unit.name), amount);
        }
        if !names.insert(&unit.name) {
            return Err(TWICE.refuse(format!("售房单位 {}", unit.name)));
        }
    }
    Ok(())
}

fn paid_by(place: &Place, pack: &Pack) -> PaidBy {
    match place.housing {
        _ if !place.is_unsold || !pack.terms.sharing.unsold_by_developer => PaidBy::Fund,
        Housing::Commodity => PaidBy::Developer,
        Housing::SoldPublic => PaidBy::PublicHousingUnit,
    }
}

/// An area or an amount as a weight. Never negative here: [`may_be_shared`] saw to it.
fn weight(figure: i64) -> u64 {
    figure.unsigned_abs()
}

fn by_area<'a>(places: impl IntoIterator<Item = &'a &'a Place>) -> Vec<(Bearer, u64)> {
    let weigh =
        |place: &&Place| (Bearer::Dwelling(place.dwelling), weight(place.area.in_centi_m2()));
    places.into_iter().map(weigh).collect()
}

fn area_of(places: &[&Place]) -> u64 {
    places.iter().map(|place| weight(place.area.in_centi_m2())).sum()
}

/// The basis in words, and its groups.
fn group(work: &Work, pack: &Pack, places: &[&Place]) -> Result<(String, Under), Refusal> {
    let each = |weigh: &dyn Fn(&Place) -> u64| {
        let bearer = |place: &&Place| (Bearer::Dwelling(place.dwelling), weigh(place));
        Under::Bearers(places.iter().map(bearer).collect())
    };
    Ok(match &work.basis {
        Basis::Lawful => return lawful(work, pack, places),
        Basis::Area => ("约定：按建筑面积".to_owned(), Under::Bearers(by_area(places))),
        Basis::Households => ("约定：按户".to_owned(), each(&|_| 1)),
        Basis::Balances => {
            ("约定：按分户余额".to_owned(), each(&|place| weight(place.available().in_fen())))
        }
        Basis::Coefficients { of } => {
            known(of.keys(), work)?;
            let missing = places.iter().find(|place| !of.contains_key(&place.dwelling));
            if let Some(place) = missing {
                return Err(TABLE_FLOORS.refuse(format!("{} 没有系数", place.code)));
            }
            let weigh = |place: &Place| of.get(&place.dwelling).copied().unwrap_or(0);
            ("约定：按各户系数".to_owned(), each(&weigh))
        }
        Basis::Floors { table, within } => floors::group(table, *within, places)?,
        Basis::Terrace { users, below } => {
            known(users.iter().chain(below), work)?;
            let of = |set: &BTreeSet<DwellingNo>| -> Vec<&Place> {
                places.iter().filter(|p| set.contains(&p.dwelling)).copied().collect()
            };
            let (users, below) = (of(users), of(below));
            if users.is_empty() || below.is_empty() {
                return Err(NOBODY.refuse("露台的使用人或其下各层没有房屋"));
            }
            let (part, whole) = pack.terms.roof_sharing.users.terms();
            let groups = vec![
                Group::of("露台使用人", u64::from(part), by_area(&users)),
                Group::of("露台以下各层", u64::from(whole - part), by_area(&below)),
            ];
            let words = format!("露台分段（{}），各段按建筑面积", pack.terms.roof_sharing.article);
            (words, Under::Groups(groups))
        }
    })
}

/// Whether everybody an agreement names is in scope: otherwise the others would bear their part.
fn known<'a>(named: impl Iterator<Item = &'a DwellingNo>, work: &Work) -> Result<(), Refusal> {
    let here: BTreeSet<DwellingNo> = work.places.iter().map(|place| place.dwelling).collect();
    let mut strangers = named.filter(|no| !here.contains(no));
    let stranger = |no| TABLE_FLOORS.refuse(format!("第 {no} 号房屋不在列支范围内"));
    strangers.next().map_or(Ok(()), |no| Err(stranger(no)))
}

/// 165号令 20 and 21, as the pack has them.
fn lawful(work: &Work, pack: &Pack, places: &[&Place]) -> Result<(String, Under), Refusal> {
    let rule = &pack.terms.sharing;
    if rule.by == SharedBy::Households {
        let one = |place: &&Place| (Bearer::Dwelling(place.dwelling), 1);
        let words = format!("按户（{}）", rule.article);
        return Ok((words, Under::Bearers(places.iter().map(one).collect())));
    }
    let words = format!("按专有部分面积（{}）", rule.article);
    let is_public = |place: &Place| place.housing == Housing::SoldPublic;
    let sold = |place: &Place| paid_by(place, pack) == PaidBy::Fund;
    let public: Vec<&Place> = places.iter().filter(|p| is_public(p) && sold(p)).copied().collect();
    if public.is_empty() || !rule.public_by_deposits {
        return Ok((words, Under::Bearers(by_area(places))));
    }

    let owners: Money = public.iter().map(|place| place.deposited).sum();
    let units: Money = work.selling_units.iter().map(|unit| unit.deposited).sum();
    if work.selling_units.is_empty() || (owners + units).is_zero() {
        let evidence = format!(
            "业主交存 {}，售房单位 {} 家交存 {}",
            owners.grouped(),
            work.selling_units.len(),
            units.grouped()
        );
        return Err(DEPOSITS.refuse(evidence));
    }
    let mut selling: Vec<&SellingUnit> = work.selling_units.iter().collect();
    selling.sort();
    let deposits = |unit: &&SellingUnit| {
        (Bearer::SellingUnit(unit.name.clone()), weight(unit.deposited.in_fen()))
    };
    let by_deposits = vec![
        Group::of("业主", weight(owners.in_fen()), by_area(&public)),
        Group::of("售房单位", weight(units.in_fen()), selling.iter().map(deposits).collect()),
    ];

    let of = |wanted: &dyn Fn(&Place) -> bool| -> Vec<&Place> {
        places.iter().filter(|p| wanted(p)).copied().collect()
    };
    let commodity = of(&|p| !is_public(p));
    let unsold = of(&|p| is_public(p) && !sold(p));
    let words = format!("先按面积分到各类物业，公有住房再按交存比例（{}）", rule.article);
    if commodity.is_empty() && unsold.is_empty() {
        return Ok((words, Under::Groups(by_deposits)));
    }
    let public = Group {
        name: "已售公有住房".to_owned(),
        weight: area_of(&public),
        under: Under::Groups(by_deposits),
    };
    let groups = vec![
        Group::of("商品住宅及非住宅", area_of(&commodity), by_area(&commodity)),
        public,
        Group::of("未售公有住房", area_of(&unsold), by_area(&unsold)),
    ];
    Ok((words, Under::Groups(groups)))
}

/// The balances of those who pay from the fund.
fn purses(places: &[&Place], pack: &Pack) -> BTreeMap<DwellingNo, u64> {
    let pays = places.iter().filter(|place| paid_by(place, pack) == PaidBy::Fund);
    pays.map(|place| (place.dwelling, weight(place.available().in_fen()))).collect()
}

/// What can be shared at one price without anybody owing: the lawful price of the whole, or `min(balance / weight)` if that
/// is less, times the weights of those who have something (vector TV-18), cut to the fen. Takes those who have nothing off
/// the bearers. A neighbour with nothing never makes the others' price rise.
fn without_raising(
    to_share: Money,
    root: &mut Group,
    purses: &BTreeMap<DwellingNo, u64>,
) -> Result<Money, Refusal> {
    let Under::Bearers(bearers) = &mut root.under else {
        return Err(ONE_STAGE.refuse("本次分摊分为数段"));
    };
    let purse = |bearer: &Bearer| match bearer {
        Bearer::Dwelling(dwelling) => purses.get(dwelling).copied(),
        Bearer::SellingUnit(_) => None,
    };
    let sum = |bearers: &[(Bearer, u64)]| bearers.iter().map(|(_, w)| u128::from(*w)).sum::<u128>();
    // Fen per weight, as a fraction; a/b < c/d as a·d < c·b. Balances stay below 2⁴⁵ and all weights below 2⁷⁷.
    let mut price = (u128::from(weight(to_share.in_fen())), sum(bearers));
    bearers.retain(|(bearer, _)| purse(bearer) != Some(0));
    for (bearer, weight) in bearers.iter().filter(|(_, weight)| *weight > 0) {
        if let Some(balance) = purse(bearer)
            && u128::from(balance) * price.1 < price.0 * u128::from(*weight)
        {
            price = (u128::from(balance), u128::from(*weight));
        }
    }
    let shared = sum(bearers) * price.0 / price.1.max(1);
    let shared = i64::try_from(shared).map_or(to_share, Money::fen).min(to_share);
    if shared.is_zero() {
        return Err(NOBODY.refuse("列支范围内没有可用的余额"));
    }
    Ok(shared)
}

/// Divides groups, stage by stage.
#[derive(Default)]
struct Dividing {
    stages: Vec<Stage>,
    parts: BTreeMap<Bearer, Vec<Part>>,
}

impl Dividing {
    fn divide(
        &mut self,
        group: &Group,
        amount: Money,
        weight: (u64, u128),
        path: &str,
    ) -> Result<(), Refusal> {
        let name =
            if path.is_empty() { group.name.clone() } else { format!("{path} / {}", group.name) };
        let stage = self.stages.len();
        self.stages.push(Stage { name: name.clone(), amount, weight });
        let weights: Vec<u64> = match &group.under {
            Under::Groups(groups) => groups.iter().map(|g| g.weight).collect(),
            Under::Bearers(bearers) => bearers.iter().map(|(_, weight)| *weight).collect(),
        };
        let nobody = || NOBODY.refuse(format!("{name} {} 元没有承担者", amount.grouped()));
        let amounts = split(amount, &weights).ok_or_else(nobody)?;
        let whole = weights.iter().map(|w| u128::from(*w)).sum();
        match &group.under {
            Under::Groups(groups) => {
                for (under, amount) in groups.iter().zip(amounts) {
                    // A group without weight has no part, and perhaps no bearers.
                    if under.weight > 0 {
                        self.divide(under, amount, (under.weight, whole), &name)?;
                    }
                }
            }
            Under::Bearers(bearers) => {
                for ((bearer, weight), amount) in bearers.iter().zip(amounts) {
                    let part = Part { stage, weight: *weight, whole, amount };
                    self.parts.entry(bearer.clone()).or_default().push(part);
                }
            }
        }
        Ok(())
    }
}

/// What a dwelling's share takes from where.
fn draw(place: &Place, parts: Vec<Part>, pack: &Pack) -> Share {
    let amount: Money = parts.iter().map(|part| part.amount).sum();
    let paid_by = paid_by(place, pack);
    let from_fund = match paid_by {
        PaidBy::Fund => amount.min(place.available()),
        PaidBy::Developer | PaidBy::PublicHousingUnit => Money::ZERO,
    };
    let (principal, gains) = match *pack.terms.draw_order {
        DrawOrder::PrincipalFirst => {
            let principal = from_fund.min(place.principal);
            (principal, from_fund - principal)
        }
        DrawOrder::GainsFirst => {
            let gains = from_fund.min(place.gains);
            (from_fund - gains, gains)
        }
    };
    Share {
        dwelling: place.dwelling,
        code: place.code.clone(),
        area: place.area,
        amount,
        paid_by,
        owner_owes: if paid_by == PaidBy::Fund { amount - from_fund } else { Money::ZERO },
        principal_left: place.principal - principal,
        gains_left: place.gains - gains,
        principal,
        gains,
        parts,
    }
}

fn draw_unit(unit: &SellingUnit, parts: Vec<Part>) -> UnitShare {
    let amount: Money = parts.iter().map(|part| part.amount).sum();
    let from_deposit = amount.min(unit.available);
    UnitShare {
        name: unit.name.clone(),
        parts,
        amount,
        from_deposit,
        owes: amount - from_deposit,
        left: unit.available - from_deposit,
    }
}
