//! By which standard the fund is levied: the pack's figure, or what a compound registered with its document where the law
//! leaves the figure to the city.
//!
//! Always: a registered standard has a day and a document, and is never changed; where the pack gives a figure, none is taken.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{DEPOSITS, STANDARD};
use super::{
    NO_STANDARD, STANDARD_GIVEN, STANDARD_SHAPE, STANDARD_SHARE, STANDARD_TAKEN, may_be_day,
    may_be_kept,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result, Storage};
use crate::id::{CompoundId, StandardNo};
use crate::measure::{Area, Rate};
use crate::money::{Money, Rounding};
use crate::policy::terms::{Fraction, Levied, LevyBase, LevyOn, Payer};
use crate::policy::{self, Pack};
use crate::property::{self, Dwelling, Housing, Usage};

/// What a registered figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "标准的含义")]
pub enum StandardMeans {
    /// Yuan per m², once.
    #[schemars(description = "一次交存：元/平方米")]
    Once,
    /// Yuan per m² and month.
    #[schemars(description = "按月交存：元/平方米·月")]
    Monthly,
    /// A published price per m², of which the law takes a share.
    #[schemars(description = "公布的单价（建安造价、房改成本价），按比例交存")]
    UnitPrice,
}

impl StandardMeans {
    const fn name(self) -> &'static str {
        match self {
            StandardMeans::Once => "once",
            StandardMeans::Monthly => "monthly",
            StandardMeans::UnitPrice => "unit-price",
        }
    }

    fn named(name: &str) -> StandardMeans {
        match name {
            "monthly" => StandardMeans::Monthly,
            "unit-price" => StandardMeans::UnitPrice,
            _ => StandardMeans::Once,
        }
    }
}

const fn levied_name(levied: Levied) -> &'static str {
    match levied {
        Levied::Commodity => "commodity",
        Levied::NonResidence => "non-residence",
        Levied::Garage => "garage",
        Levied::SoldPublic => "sold-public",
    }
}

fn levied_named(name: &str) -> Levied {
    match name {
        "non-residence" => Levied::NonResidence,
        "garage" => Levied::Garage,
        "sold-public" => Levied::SoldPublic,
        _ => Levied::Commodity,
    }
}

pub(super) const fn in_chinese(levied: Levied) -> &'static str {
    match levied {
        Levied::Commodity => "商品住宅",
        Levied::NonResidence => "非住宅",
        Levied::Garage => "车库",
        Levied::SoldPublic => "已售公有住房",
    }
}

/// A standard to register.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的交存标准：当地公布而政策包未载明数额的")]
pub struct NewStandard {
    /// On what.
    #[schemars(description = "交存对象")]
    pub levied: Levied,
    /// With a lift or without; none if it makes no difference.
    #[serde(default)]
    #[schemars(description = "有无电梯：不分的不写")]
    pub lift: Option<bool>,
    /// What the figure is.
    #[schemars(description = "含义")]
    pub means: StandardMeans,
    /// Yuan per m², as text: `"65.00"`.
    #[schemars(
        description = "每平方米的元数：至多四位小数",
        regex(pattern = r"^[0-9]{1,8}(\.[0-9]{1,4})?$"),
        example = &"65.00"
    )]
    pub rate: String,
    /// The part of a unit price that is taken, where the law names a range.
    #[serde(default)]
    #[schemars(description = "比例：按单价交存且当地定有幅度的写", example = &"6%")]
    pub share: Option<Fraction>,
    /// Since when.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "生效日期")]
    pub from_on: Day,
    /// The document that says so.
    #[schemars(description = "文号", example = &"房发〔2020〕8号")]
    pub document: String,
}

/// A registered standard.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "LevyStandard", description = "已登记的交存标准")]
pub struct Standard {
    /// Its number.
    #[schemars(description = "标准编号", example = 1)]
    pub standard_no: StandardNo,
    /// On what.
    #[schemars(description = "交存对象")]
    pub levied: Levied,
    /// With a lift or without.
    #[schemars(description = "有无电梯：不分的为空")]
    pub lift: Option<bool>,
    /// What the figure is.
    #[schemars(description = "含义")]
    pub means: StandardMeans,
    /// Yuan per m².
    #[schemars(description = "每平方米的元数", with = "String", example = &"65.00")]
    pub rate: Decimal,
    /// The part of the unit price.
    #[schemars(description = "比例：没有则空")]
    pub share: Option<Fraction>,
    /// Since when.
    #[schemars(description = "生效日期")]
    pub from_on: Day,
    /// The document.
    #[schemars(description = "文号", example = &"房发〔2020〕8号")]
    pub document: String,
}

/// Registers a standard.
///
/// # Errors
/// `fund.standard-shape`, `fund.papers`, `seal.person-in-text`, `fund.standard-given`, `fund.standard-share`,
/// `fund.standard-taken`; those of [`policy::at`].
pub async fn register_standard(tx: &mut Tx, new: &NewStandard) -> Result<StandardNo> {
    let compound = tx.compound();
    let rate = rate_of(new)?;
    may_be_day("生效日期", new.from_on)?;
    may_be_kept("文号", &new.document)?;
    let jurisdiction = property::jurisdiction(tx, compound).await?;
    let pack = policy::at(tx, &jurisdiction, new.from_on).await?;
    let known = standards(tx, compound).await?;

    may_be_registered(new, &pack, &known)?;

    let no = StandardNo(tx.next_no("levy-standard"));
    let share = new.share.map(|share| share.to_string()).unwrap_or_default();
    let rate = rate.to_string();
    let row = [
        compound.0.into(),
        no.0.into(),
        levied_name(new.levied).into(),
        lift_number(new.lift).into(),
        new.means.name().into(),
        (&rate).into(),
        (&share).into(),
        new.from_on.into(),
        new.document.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&STANDARD, &row);
    Ok(no)
}

fn lift_number(lift: Option<bool>) -> i32 {
    lift.map_or(2, i32::from)
}

fn rate_of(new: &NewStandard) -> Result<Decimal, Refusal> {
    let wrong = || STANDARD_SHAPE.refuse(format!("{:?} 元/平方米", clipped(&new.rate)));
    let is_plain =
        new.rate.len() <= 13 && new.rate.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let rate: Decimal = new.rate.parse().ok().filter(|_| is_plain).ok_or_else(wrong)?;
    if rate <= Decimal::ZERO || rate.scale() > 4 || rate > Decimal::from(100_000) {
        return Err(wrong());
    }
    if new.share.is_some() && new.means != StandardMeans::UnitPrice {
        return Err(STANDARD_SHAPE.refuse("比例只随单价填写"));
    }
    Ok(rate)
}

fn clipped(text: &str) -> String {
    text.chars().take(20).collect()
}

fn may_be_registered(new: &NewStandard, pack: &Pack, known: &[Standard]) -> Result<(), Refusal> {
    for lift in new.lift.map_or(vec![false, true], |lift| vec![lift]) {
        let Some(levy) = pack.levy(new.levied, lift, Payer::Owner) else { continue };
        match levy.base {
            LevyBase::Area { yuan } if new.means != StandardMeans::Monthly => {
                return Err(STANDARD_GIVEN.refuse(format!("{yuan} 元/平方米")));
            }
            LevyBase::MonthlyArea { yuan } if new.means == StandardMeans::Monthly => {
                return Err(STANDARD_GIVEN.refuse(format!("{yuan} 元/平方米·月")));
            }
            LevyBase::ShareOfUnitPrice { from, to } if new.means == StandardMeans::UnitPrice => {
                share_between(new.share, from, to)?;
            }
            _ => {}
        }
    }
    let is_same = |s: &&Standard| {
        (s.levied, s.lift, s.means, s.from_on) == (new.levied, new.lift, new.means, new.from_on)
    };
    if let Some(same) = known.iter().find(is_same) {
        let evidence =
            format!("标准 {}：{} 元/平方米（{}）", same.standard_no, same.rate, same.document);
        return Err(STANDARD_TAKEN.refuse(evidence).with("standard_no", same.standard_no.0));
    }
    Ok(())
}

/// The share that is taken: the law's one figure, or what was registered between its bounds.
fn share_between(
    share: Option<Fraction>,
    from: Fraction,
    to: Fraction,
) -> Result<Fraction, Refusal> {
    let told = |share: Option<Fraction>| {
        let said = share.map_or("未写比例".to_owned(), |share| format!("比例 {share}"));
        STANDARD_SHARE.refuse(format!("{said}，幅度 {from} 至 {to}"))
    };
    match share {
        None if is_at_most(to, from) => Ok(from),
        Some(share) if is_at_most(from, share) && is_at_most(share, to) => Ok(share),
        share => Err(told(share)),
    }
}

fn is_at_most(a: Fraction, b: Fraction) -> bool {
    let ((a_part, a_of), (b_part, b_of)) = (a.terms(), b.terms());
    u64::from(a_part) * u64::from(b_of) <= u64::from(b_part) * u64::from(a_of)
}

/// The standards a compound registered, in their order.
///
/// # Errors
/// Storage.
pub async fn standards(view: &mut impl View, compound: CompoundId) -> Result<Vec<Standard>> {
    let sql =
        "SELECT standard_no, levied, lift, means, rate, share, from_on, document FROM levy_standard
               WHERE compound_id = $1 ORDER BY standard_no";
    let mut standards = Vec::new();
    for row in view.rows(DEPOSITS, sql, vec![compound.0.into()]).await? {
        let (levied, means): (String, String) =
            (row.try_get("", "levied")?, row.try_get("", "means")?);
        let (rate, share): (String, String) = (row.try_get("", "rate")?, row.try_get("", "share")?);
        let lift: i16 = row.try_get("", "lift")?;
        let bug = |what: &str| Storage::Bug(format!("a stored standard does not read: {what}"));
        standards.push(Standard {
            standard_no: StandardNo(row.try_get("", "standard_no")?),
            levied: levied_named(&levied),
            lift: (lift < 2).then_some(lift == 1),
            means: StandardMeans::named(&means),
            rate: rate.parse().map_err(|_| bug(&rate))?,
            share: match share.as_str() {
                "" => None,
                _ => Some(Fraction::try_from(share.clone()).map_err(|_| bug(&share))?),
            },
            from_on: row.try_get("", "from_on")?,
            document: row.try_get("", "document")?,
        });
    }
    Ok(standards)
}

/// What a dwelling is levied as; none for the rooms of the property company, which are everybody's.
pub(super) fn levied_as(dwelling: &Dwelling) -> Option<Levied> {
    match dwelling.usage {
        Usage::Residence => Some(match dwelling.housing {
            Housing::Commodity => Levied::Commodity,
            Housing::SoldPublic => Levied::SoldPublic,
        }),
        Usage::Garage | Usage::Parking => Some(Levied::Garage),
        Usage::Shop | Usage::Office | Usage::Storage | Usage::Other => Some(Levied::NonResidence),
        Usage::Service => None,
    }
}

/// What a dwelling owes by a standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reckoned {
    pub(super) due: Money,
    pub(super) standard: String,
    pub(super) standard_no: Option<StandardNo>,
    pub(super) area: Area,
    /// Yuan per m², exact.
    pub(super) rate: Decimal,
}

/// What a dwelling owes by the pack's figure, or by what the compound registered where the pack leaves the figure open.
///
/// # Errors
/// `fund.no-standard`, `fund.standard-share`.
pub(super) fn reckon(
    pack: &Pack,
    registered: &[Standard],
    dwelling: &Dwelling,
    levied: Levied,
    is_monthly: bool,
    on: Day,
) -> Result<Reckoned, Refusal> {
    let area = dwelling.fund_area;
    let lift = dwelling.has_lift;
    let levy = pack.levy(levied, lift, Payer::Owner);
    let with = if lift { "有电梯" } else { "无电梯" };
    let words =
        |source: &str, figure: String| format!("{source} {}，{with}，{figure}", in_chinese(levied));
    let none = || {
        let evidence = format!("{} {}，{with}，{on}", dwelling.code, in_chinese(levied));
        NO_STANDARD.refuse(evidence).with("room", dwelling.code.to_string())
    };
    let due = |rate: Decimal| {
        let unrounded = Rate::yuan_per_m2(rate).over(area, Decimal::ONE);
        unrounded.round(Rounding::HalfUpFen).map_err(|_| none())
    };

    // The pack's own figure comes first: it is the law.
    if let Some(levy) = levy {
        let own = match levy.base {
            LevyBase::Area { yuan } if !is_monthly => Some((yuan, "元/平方米")),
            LevyBase::MonthlyArea { yuan } if is_monthly => Some((yuan, "元/平方米·月")),
            _ => None,
        };
        if let (Some((yuan, unit)), Some(least)) = (own, levy.least(LevyOn::Area(area))) {
            return Ok(Reckoned {
                due: least.round(Rounding::HalfUpFen).map_err(|_| none())?,
                standard: words(&pack.terms.levy.article, format!("{yuan} {unit}")),
                standard_no: None,
                area,
                rate: yuan,
            });
        }
    }

    let fits = |s: &&Standard| {
        s.levied == levied
            && s.lift.is_none_or(|with| with == lift)
            && s.from_on <= on
            && (s.means == StandardMeans::Monthly) == is_monthly
    };
    // Of several the one in force last; on the same day the one that says which lift, then the plain figure.
    let rank = |s: &&Standard| (s.from_on, s.lift.is_some(), s.means == StandardMeans::Once);
    let found = registered.iter().filter(fits).max_by_key(rank).ok_or_else(none)?;
    let (rate, figure) = match found.means {
        StandardMeans::Once => (found.rate, format!("{} 元/平方米", found.rate)),
        StandardMeans::Monthly => (found.rate, format!("{} 元/平方米·月", found.rate)),
        StandardMeans::UnitPrice => {
            let bounds = levy.map(|levy| levy.base);
            let Some(LevyBase::ShareOfUnitPrice { from, to }) = bounds else { return Err(none()) };
            let share = share_between(found.share, from, to)?;
            let rate = (found.rate * share.in_decimal()).normalize();
            (rate, format!("单价 {} 元/平方米的 {share}", found.rate))
        }
    };
    Ok(Reckoned {
        due: due(rate)?,
        standard: words(&found.document, figure),
        standard_no: Some(found.standard_no),
        area,
        rate,
    })
}
