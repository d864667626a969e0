//! The door of the district: compounds side by side, by street, and what is out of the way among them.

use ledger::books::Snapshot;
use ledger::district::{self, District, Finding, Keeping, Owed, Row};
use ledger::error::Result;
use ledger::people::{Access, Place};
use ledger::property::{self, Compound};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::accounts::of_area;
use crate::door::{Asked, Caller};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::routes::OVERSEERS;
use crate::wire::{Acted, Shown};

/// Which area to look at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistrictQuery {
    #[schemars(
        description = "区划代码：区、街道或社区；不写则来者可查看的全部小区",
        example = &"330106001"
    )]
    area: Option<String>,
}

/// `POST /district-figures`.
///
/// # Errors
/// Those of [`district::keep`].
pub async fn keep(caller: Caller) -> Result<Acted<Keeping>, Problem> {
    let done = district::keep(&caller.books, &caller.actor, caller.key.clone()).await?;
    Ok(Acted::new(done, |kept| kept))
}

/// The compounds of an area that the caller oversees.
async fn overseen(
    caller: &Caller,
    view: &mut Snapshot,
    query: &DistrictQuery,
) -> Result<Vec<Compound>, Problem> {
    let mut compounds = match &query.area {
        Some(area) => of_area(view, area).await?.1,
        None => property::compounds(view).await?,
    };
    compounds.retain(|compound| {
        let place = Place { compound: compound.id, areas: &compound.areas, dwelling: None };
        matches!(caller.who.role_at(&place, OVERSEERS), Access::Allowed(_))
    });
    Ok(compounds)
}

/// Their view.
async fn seen(caller: &Caller, query: &DistrictQuery) -> Result<District, Problem> {
    let today = caller.books.clock().now().day();
    let mut view = caller.read().await?;
    let compounds = overseen(caller, &mut view, query).await?;
    Ok(district::view(&mut view, &compounds, today).await?)
}

/// `GET /district-duties`.
///
/// # Errors
/// Those of a list, of [`of_area`] and of [`district::duties`].
pub async fn district_duties(
    caller: Caller,
    list: Sought<DistrictQuery>,
) -> Result<Listed<Owed>, Problem> {
    let today = caller.books.clock().now().day();
    let mut view = caller.read().await?;
    let compounds = overseen(&caller, &mut view, &list.query).await?;
    let owed = district::duties(&mut view, &compounds, today).await?;
    list.answer_from(owed.into_iter().enumerate().collect())
}

/// `GET /district`.
///
/// # Errors
/// Those of [`of_area`] and [`district::view`].
pub async fn overview(
    caller: Caller,
    Asked(query): Asked<DistrictQuery>,
) -> Result<Shown<District>, Problem> {
    Ok(Shown(seen(&caller, &query).await?))
}

/// `GET /district-compounds`.
///
/// # Errors
/// Those of a list and of [`overview`].
pub async fn district_compounds(
    caller: Caller,
    list: Sought<DistrictQuery>,
) -> Result<Listed<Row>, Problem> {
    let told = seen(&caller, &list.query).await?;
    list.answer_from(told.compounds.into_iter().map(|row| (row.compound.clone(), row)).collect())
}

/// `GET /district-findings`.
///
/// # Errors
/// Those of a list and of [`overview`].
pub async fn district_findings(
    caller: Caller,
    list: Sought<DistrictQuery>,
) -> Result<Listed<Finding>, Problem> {
    let told = seen(&caller, &list.query).await?;
    list.answer_from(told.findings.into_iter().enumerate().collect())
}
