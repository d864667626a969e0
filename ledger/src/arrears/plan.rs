//! Whether a promise is kept: reckoned from what was settled of its bills, never entered.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, ClaimKind};
use super::position::{Held, position};
use super::rows;
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{CompoundId, DemandNo, MatterNo};
use crate::money::Money;
use crate::property;

/// How a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    description = "承诺的履行：kept 履行中，fulfilled 已履行，broken 已违约，replaced 另立新约"
)]
pub enum PlanState {
    /// Every instalment that was due is paid.
    #[schemars(description = "履行中")]
    Kept,
    /// All is paid.
    #[schemars(description = "已履行")]
    Fulfilled,
    /// An instalment was not paid by its day.
    #[schemars(description = "已违约")]
    Broken,
    /// A later promise took its place.
    #[schemars(description = "另立新约")]
    Replaced,
}

impl PlanState {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            PlanState::Kept => "履行中",
            PlanState::Fulfilled => "已履行",
            PlanState::Broken => "已违约",
            PlanState::Replaced => "另立新约",
        }
    }
}

/// A promise as it stands on a day.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "ArrearsPlan", description = "承诺与分期的履行情况")]
pub struct Plan {
    /// Its number.
    #[schemars(description = "编号", example = 1)]
    pub claim_no: DemandNo,
    /// The dwelling's code.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The day it was made.
    #[schemars(description = "立约日")]
    pub made_on: Day,
    /// What was owed then, which is what was promised.
    #[schemars(description = "承诺金额：分，即立约时的逾期欠费", example = 30_000)]
    pub sum_fen: Money,
    /// What of it is settled.
    #[schemars(description = "已结清：分", example = 10_000)]
    pub settled_fen: Money,
    /// What should be settled.
    #[schemars(description = "至今应结清：分", example = 10_000)]
    pub promised_fen: Money,
    /// How it stands.
    #[schemars(description = "履行情况")]
    pub state: PlanState,
    /// The day of the first instalment that was not kept.
    #[schemars(description = "首次未按期的日期：没有的为空")]
    pub broken_on: Option<Day>,
    /// The day of the next instalment.
    #[schemars(description = "下一期的日期：没有的为空")]
    pub next_on: Option<Day>,
}

/// How a promise stands on a day: what is settled of its bills against what was to be paid by then. On an instalment's own
/// day there is still time.
pub(super) fn standing(
    plan: &Claim,
    bills: &BTreeMap<MatterNo, &Held>,
    day: Day,
    is_last: bool,
    room: String,
) -> Plan {
    let settled = |on: Day| {
        let open =
            |b: &super::ClaimedBill| bills.get(&b.bill_no).map_or(Money::ZERO, |h| h.open(on));
        plan.sum_fen - plan.bills.iter().map(open).sum::<Money>()
    };
    let (mut promised_fen, mut broken_on) = (Money::ZERO, None);
    for (due_on, amount) in plan.instalments.iter().filter(|(due_on, _)| *due_on < day) {
        promised_fen += *amount;
        if settled(*due_on) < promised_fen {
            broken_on = broken_on.or(Some(*due_on));
        }
    }
    let settled_fen = settled(day);
    let state = match broken_on {
        _ if settled_fen >= plan.sum_fen => PlanState::Fulfilled,
        _ if !is_last => PlanState::Replaced,
        Some(_) => PlanState::Broken,
        None => PlanState::Kept,
    };
    Plan {
        claim_no: plan.claim_no,
        room,
        made_on: plan.made_on,
        sum_fen: plan.sum_fen,
        settled_fen,
        promised_fen,
        state,
        broken_on,
        next_on: plan.instalments.iter().map(|(on, _)| *on).find(|on| *on >= day),
    }
}

/// The bills of a position by their numbers.
pub(super) fn by_number<'a>(
    bills: impl IntoIterator<Item = &'a Held>,
) -> BTreeMap<MatterNo, &'a Held> {
    bills.into_iter().map(|b| (b.bill_no, b)).collect()
}

/// The last promise of a list, as it stands on a day.
pub(super) fn last_plan(
    claims: &[&Claim],
    bills: &BTreeMap<MatterNo, &Held>,
    day: Day,
) -> Option<Plan> {
    let plan = claims.iter().rfind(|c| c.kind == ClaimKind::Plan && c.made_on <= day)?;
    Some(standing(plan, bills, day, true, String::new()))
}

/// Every promise of a compound as it stands on a day, in the order they were made.
///
/// # Errors
/// Storage.
pub async fn plans(view: &mut impl View, compound: CompoundId, day: Day) -> Result<Vec<Plan>> {
    let rooms = property::numbers(view, compound).await?;
    let claims = rows::claims(view, compound, None).await?;
    let position = position(view, compound, day, None).await?;
    let bills = by_number(&position.bills);
    let made: Vec<&Claim> =
        claims.iter().filter(|c| c.kind == ClaimKind::Plan && c.made_on <= day).collect();
    let last: BTreeMap<_, _> = made.iter().map(|c| (c.dwelling_no, c.claim_no)).collect();
    let told = made.iter().map(|plan| {
        let room = rooms.get(&plan.dwelling_no).cloned().unwrap_or_default();
        standing(plan, &bills, day, last.get(&plan.dwelling_no) == Some(&plan.claim_no), room)
    });
    Ok(told.collect())
}
