//! The door of the accounts: the three statements, the yearly notice, and the tie of bank, ledger and dwellings.

use ledger::accounts::{self, Code, Notice, Statements, Tie};
use ledger::books::View;
use ledger::calendar::{Instant, Month};
use ledger::error::Result;
use ledger::id::CompoundId;
use ledger::people::{Access, Place};
use ledger::property::{self, Compound};
use reports::notice;
use reports::statutory::Head;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::documents::{self, Device, Order, ReportFiles};
use crate::door::{Asked, Caller, Visit};
use crate::problem::Problem;
use crate::routes::READERS;
use crate::wire::{IsoDay, Paper};

/// The statements of a compound, or of several summed up, and whose they are.
///
/// # Errors
/// Those of [`accounts::statements`].
pub async fn drawn_up(
    view: &mut impl View,
    fund: &str,
    compounds: &[Compound],
    month: Month,
    by: String,
    now: Instant,
) -> Result<(Statements, Head)> {
    let of: Vec<(CompoundId, String)> = compounds.iter().map(|c| (c.id, c.name.clone())).collect();
    let statements = accounts::statements(view, &of, month).await?;
    let names =
        if of.len() == 1 { Vec::new() } else { of.into_iter().map(|(_, name)| name).collect() };
    let head = Head { fund: fund.to_owned(), prepared_by: by, compounds: names, printed_at: now };
    Ok((statements, head))
}

/// Which form.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtForm {
    #[schemars(description = "报表：01 资产负债表，02 收支表，03 净资产变动表")]
    form: Code,
}

/// Of which month, on what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatutoryQuery {
    #[schemars(description = "期间：已结账的月份；年报写该年 12 月")]
    period: Month,
    #[serde(default)]
    #[schemars(description = "编制单位：不写则留待盖章", length(max = 60))]
    by: String,
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json")]
    format: Device,
}

/// `GET /compounds/{compound}/statutory/{form}`. JSON tells all three forms and the checks.
///
/// # Errors
/// Those of [`drawn_up`] and [`documents::sent`].
pub async fn statutory(
    visit: Visit<AtForm>,
    Asked(query): Asked<StatutoryQuery>,
) -> Result<Paper<Statements, ReportFiles>, Problem> {
    accounts::may_print(visit.at.form, query.period)?;
    if query.format != Device::Json {
        let order = Order {
            form: Some(visit.at.form),
            period: Some(query.period),
            by: Some(query.by).filter(|by| !by.is_empty()),
            ..Order::default()
        };
        let (books, compound) = (&visit.books, &visit.compound);
        return Ok(documents::sent(books, compound, "statutory", order, query.format).await?);
    }
    let now = visit.books.clock().now();
    let mut view = visit.read().await?;
    let compounds = std::slice::from_ref(&visit.compound);
    let name = visit.compound.name.clone();
    let drawn = drawn_up(&mut view, &name, compounds, query.period, query.by, now).await?;
    Ok(Paper::Shown(drawn.0))
}

/// Of which area and month, on what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaQuery {
    #[schemars(description = "区划代码：汇总其中可查看的全部小区", example = &"330106001")]
    area: String,
    #[schemars(description = "期间：各小区均已结账的月份；年报写该年 12 月")]
    period: Month,
    #[serde(default)]
    #[schemars(description = "编制单位：不写则留待盖章", length(max = 60))]
    by: String,
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json")]
    format: Device,
}

/// A form of an area.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct OfForm {
    #[schemars(description = "报表：01 资产负债表，02 收支表，03 净资产变动表")]
    form: Code,
}

/// The compounds of an area, by code.
///
/// # Errors
/// `property.no-area`.
pub async fn of_area(view: &mut impl View, code: &str) -> Result<(String, Vec<Compound>)> {
    let area = property::area(view, code).await?;
    let rungs = property::areas(view).await?;
    let name =
        rungs.into_iter().find(|rung| rung.code == code).map_or(code.to_owned(), |rung| rung.name);
    let mut compounds = property::compounds(view).await?;
    compounds.retain(|compound| compound.areas.contains(&area));
    Ok((name, compounds))
}

/// `GET /statutory/{form}`: an area's compounds summed up, those that the caller reads.
///
/// # Errors
/// Those of [`of_area`], [`drawn_up`] and [`documents::of_area`].
pub async fn statutory_of_area(
    going: crate::door::Going<OfForm>,
    Asked(query): Asked<AreaQuery>,
) -> Result<Paper<Statements, ReportFiles>, Problem> {
    accounts::may_print(going.at.form, query.period)?;
    let caller: &Caller = &going;
    let now = caller.books.clock().now();
    let mut view = caller.read().await?;
    let (name, compounds) = of_area(&mut view, &query.area).await?;
    let compounds = readable(caller, compounds);
    let AreaQuery { area, period, by, format } = query;
    if format == Device::Json {
        let drawn = drawn_up(&mut view, &name, &compounds, period, by, now).await?;
        return Ok(Paper::Shown(drawn.0));
    }
    let by = Some(by).filter(|by| !by.is_empty());
    let form = going.at.form;
    let order = Order { form: Some(form), period: Some(period), by, ..Order::default() };
    let sheet = documents::of_area(&mut view, (&area, &name), &compounds, &order, now).await?;
    drop(view);
    let name = format!("W{form}-statutory-{area}-{period}");
    Ok(format.kept(&name, documents::flow::flowing(sheet, format).await?))
}

/// Those of some compounds that a caller reads.
pub(crate) fn readable(caller: &Caller, mut compounds: Vec<Compound>) -> Vec<Compound> {
    compounds.retain(|compound| {
        let place = Place { compound: compound.id, areas: &compound.areas, dwelling: None };
        matches!(caller.who.role_at(&place, READERS), Access::Allowed(_))
    });
    compounds
}

/// Of which year, for whom, on what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeQuery {
    #[schemars(description = "年度：12 月已结账", range(min = 1949, max = 2999), example = 2025)]
    year: i32,
    #[serde(default)]
    #[schemars(description = "是否公示件：房号隐去中间数字；不写则否")]
    public: bool,
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json")]
    format: Device,
}

/// `GET /compounds/{compound}/annual-notice`.
///
/// # Errors
/// Those of [`accounts::notice`] and [`documents::sent`].
pub async fn annual_notice(
    visit: Visit,
    Asked(query): Asked<NoticeQuery>,
) -> Result<Paper<Notice, ReportFiles>, Problem> {
    if query.format == Device::Json {
        let mut view = visit.read().await?;
        let told = accounts::notice(&mut view, &visit.compound, query.year).await?;
        return Ok(Paper::Shown(if query.public { notice::anonymous(&told) } else { told }));
    }
    let public = query.public.then_some(true);
    let order = Order { year: Some(query.year), public, ..Order::default() };
    let (books, compound) = (&visit.books, &visit.compound);
    Ok(documents::sent(books, compound, "notice", order, query.format).await?)
}

/// On which day, on what.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TieQuery {
    #[schemars(description = "对账日：不写则为今天")]
    on: Option<IsoDay>,
    #[serde(default)]
    #[schemars(description = "形式：json、pdf、text、csv、xlsx；不写则 json")]
    format: Device,
}

/// `GET /compounds/{compound}/reconciliation`.
///
/// # Errors
/// Those of [`documents::sent`].
pub async fn reconciliation(
    visit: Visit,
    Asked(query): Asked<TieQuery>,
) -> Result<Paper<Tie, ReportFiles>, Problem> {
    let now = visit.books.clock().now();
    let on = query.on.map_or_else(|| now.day(), |on| on.0);
    if query.format == Device::Json {
        let mut view = visit.read().await?;
        return Ok(Paper::Shown(accounts::tie(&mut view, visit.compound.id, on).await?));
    }
    let order = Order { on: Some(IsoDay(on)), ..Order::default() };
    let (books, compound) = (&visit.books, &visit.compound);
    Ok(documents::sent(books, compound, "reconciliation", order, query.format).await?)
}
