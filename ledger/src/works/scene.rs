//! What is measured when the gate is asked: the dwellings and their balances, who must have voted, what others hold.
//!
//! Owns: reading a [`Scene`], [`Preview`], and counting a project's shares again for `verify`.
//!
//! Always: before an approval the balances are those of now, less what other projects hold; after it, those the approval
//! was given on, so that every payment is shared by one and the same table.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{At, By, Facts};
use super::gate::{self, Asked, Finding, Scene};
use super::rows::Hold;
use super::share::{Drawn, Draws, draws, free};
use super::step::*;
use super::{NO_PROJECT, STEP, facts_of, law, projects, rows};
use crate::allocation::{PaidBy, Place, SellingUnit, UnitShare, Work};
use crate::books::View;
use crate::calendar::Day;
use crate::error::{Refusal, Result};
use crate::fund::{self, FundBalance};
use crate::governance::{Resolution, Terms};
use crate::id::{CompoundId, DwellingNo, ProjectNo};
use crate::journal::{self, AsOf, Book};
use crate::measure::Area;
use crate::money::Money;
use crate::policy::terms::{BalanceKind, DrawOrder};
use crate::policy::{self, Pack, Path};
use crate::property::{self, Dwelling, RoomCode, Usage};

/// What a project has drawn of each dwelling so far, as the journal says.
pub(super) async fn drawn(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
) -> Result<BTreeMap<DwellingNo, Drawn>> {
    let matter = facts.project.matter;
    let mut drawn: BTreeMap<DwellingNo, Drawn> = BTreeMap::new();
    for (account, dwelling, debit) in
        journal::matter_balances(view, compound, Book::Fund, matter).await?
    {
        let Some(dwelling) = dwelling else { continue };
        let of = drawn.entry(dwelling).or_default();
        if account / 100 == 5001 {
            of.principal += debit;
        } else {
            of.gains += debit;
        }
    }
    drawn.retain(|_, of| *of != Drawn::default());
    Ok(drawn)
}

/// What owners raised, by room.
pub(super) fn raised(facts: &Facts) -> BTreeMap<RoomCode, Money> {
    let mut raised = BTreeMap::new();
    for one in &facts.raised {
        *raised.entry(one.is.room.clone()).or_default() += one.is.amount_fen;
    }
    raised
}

/// The dwellings a plan falls on with their balances of now: what is free, and what this project has drawn already.
pub(super) async fn work(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    pack: &Pack,
    today: Day,
) -> Result<Result<Work, Refusal>> {
    let Some(plan) = &facts.plan else {
        return Ok(Err(STEP.refuse(format!("项目 {} 尚无方案", facts.no()))));
    };
    let plan = &plan.is;
    let roll = property::roll(view, compound, today).await?;
    let balances = fund::balances(view, compound, AsOf::default()).await?;
    let mut held = journal::held(view, compound, Book::Fund).await?;
    for Hold { reserve, .. } in rows::holds(view, compound, facts.no()).await? {
        let Some(reserve) = reserve else { continue };
        for (dwelling, own) in journal::held_by(view, compound, reserve).await? {
            *held.entry(dwelling).or_default() -= own;
        }
    }
    let drawn = drawn(view, compound, facts).await?;
    let mut deposited: BTreeMap<DwellingNo, Money> = BTreeMap::new();
    for ((dwelling, _), amount) in fund::deposited_by_year(view, compound).await? {
        *deposited.entry(dwelling).or_default() += amount;
    }
    let is_principal_first = *pack.terms.draw_order == DrawOrder::PrincipalFirst;

    let no_of = |room: &RoomCode| roll.iter().find(|d| d.code == *room).map(|d| d.no);
    let basis = match plan.shared_by.basis(no_of) {
        Ok(basis) => basis,
        Err(room) => {
            return Ok(Err(super::SCOPE.refuse(format!("{room} 不在房产清册内"))));
        }
    };
    let place = |dwelling: &Dwelling| {
        let balance = balances.get(&dwelling.no).copied().unwrap_or_default();
        let elsewhere = held.get(&dwelling.no).copied().unwrap_or_default();
        let own = drawn.get(&dwelling.no).copied().unwrap_or_default();
        let FundBalance { principal, gains } = balance;
        let free = free(principal, gains, elsewhere, is_principal_first);
        Place {
            dwelling: dwelling.no,
            code: dwelling.code.clone(),
            floor: dwelling.floor,
            area: dwelling.fund_area,
            housing: dwelling.housing,
            is_unsold: dwelling.is_unsold,
            deposited: deposited.get(&dwelling.no).copied().unwrap_or_default().max(Money::ZERO),
            principal: free.principal + own.principal,
            gains: free.gains + own.gains,
            left_out: left_out(plan, dwelling),
        }
    };
    let in_scope = roll.iter().filter(|dwelling| plan.scope.takes(&dwelling.code));
    let unit = |unit: &Unit| SellingUnit {
        name: unit.name.trim().to_owned(),
        deposited: unit.deposited_fen,
        // Its money is not in these books: what it bears, it pays outside.
        available: Money::ZERO,
    };
    Ok(Ok(Work {
        cost: plan.to_share(),
        removed: Vec::new(),
        basis,
        short: plan.short,
        places: in_scope.map(place).collect(),
        selling_units: plan.selling_units.iter().map(unit).collect(),
    }))
}

fn left_out(plan: &Plan, dwelling: &Dwelling) -> Option<String> {
    let excused = plan.left_out.iter().find(|excused| excused.room == dwelling.code);
    if let Some(excused) = excused {
        return Some(excused.why.trim().to_owned());
    }
    if dwelling.usage == Usage::Service {
        return Some("物业用房".to_owned());
    }
    (dwelling.fund_area <= Area::ZERO).then(|| "没有分摊面积".to_owned())
}

/// What does not depend on what is asked.
async fn ground(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    pack: &Pack,
    today: Day,
    asked: Asked,
) -> Result<Scene> {
    let roll = property::roll(view, compound, today).await?;
    let takes = |dwelling: &&Dwelling| {
        let by_part = *pack.terms.vote_by_part;
        facts.plan.as_ref().is_some_and(|plan| !by_part || plan.is.scope.takes(&dwelling.code))
    };
    // What the rule cannot count, the vote was refused for.
    let voting = Terms::of(pack).map_or_else(|_| Vec::new(), |terms| terms.voting);
    let votes = |d: &&Dwelling| {
        voting.contains(&d.usage) && d.usage != Usage::Service && d.vote_area > Area::ZERO
    };
    let voters = roll.iter().filter(takes).filter(votes).map(|dwelling| dwelling.no).collect();

    let first = fund::first_deposits(view, compound, today).await?;
    let rule = *pack.terms.renew_below;
    let mut below = Vec::new();
    if rule.blocks_ordinary_use && facts.project.proposal.path == Path::Ordinary {
        let balances = fund::balances(view, compound, AsOf::default()).await?;
        let in_scope = roll
            .iter()
            .filter(|d| facts.plan.as_ref().is_some_and(|plan| plan.is.scope.takes(&d.code)));
        for dwelling in in_scope {
            let deposit = first.get(&dwelling.no).copied().unwrap_or_default();
            let balance = balances.get(&dwelling.no).copied().unwrap_or_default();
            let counted = match rule.balance {
                BalanceKind::Principal => balance.principal,
                BalanceKind::PrincipalAndGains => balance.total(),
            };
            // What this project has drawn does not block its own last payment.
            if rule.is_due(deposit, counted) && facts.paid.is_empty() {
                below.push(dwelling.code.to_string());
            }
        }
    }
    let mut other_emergencies = Money::ZERO;
    if facts.project.proposal.path == Path::Emergency {
        for other in projects(view, compound).await? {
            let is_other = other.no() != facts.no() && other.withdrawn.is_none();
            if is_other && other.project.proposal.path == Path::Emergency {
                let held = rows::holds(view, compound, other.no()).await?.pop();
                let promised = held.filter(|_| other.archived.is_none()).map(|hold| hold.amount);
                other_emergencies += promised.unwrap_or_default().max(other.paid_so_far());
            }
        }
    }
    Ok(Scene {
        asked,
        today,
        paid_on: None,
        request: None,
        decider: None,
        draws: Err(STEP.refuse(format!("项目 {} 尚无方案", facts.no()))),
        voters,
        below,
        other_emergencies,
        first_deposits: first.values().copied().sum(),
    })
}

/// The scene of a decision on the application.
pub(super) async fn deciding(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    pack: &Pack,
    decider: Option<&By>,
    today: Day,
) -> Result<Scene> {
    let mut scene = ground(view, compound, facts, pack, today, Asked::Approve).await?;
    scene.decider = decider.cloned();
    scene.draws = shared(view, compound, facts, pack, today).await?;
    Ok(scene)
}

/// How the whole plan would be shared now.
async fn shared(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    pack: &Pack,
    today: Day,
) -> Result<Result<Draws, Refusal>> {
    let drawn = drawn(view, compound, facts).await?;
    let work = work(view, compound, facts, pack, today).await?;
    let raised = raised(facts);
    Ok(work.and_then(|work| draws(&work, pack, work.cost, &drawn, &raised)))
}

/// The scene of a payment.
pub(super) async fn paying(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    pack: &Pack,
    request: Option<&At<PaymentRequest>>,
    today: Day,
) -> Result<Scene> {
    let mut scene = ground(view, compound, facts, pack, today, Asked::Pay).await?;
    scene.request = request.cloned();
    let asked = request.map(|request| request.is.amount_fen);
    let hold = rows::holds(view, compound, facts.no()).await?.pop();
    scene.draws = match (hold, asked) {
        (Some(hold), Some(asked)) => {
            let drawn = drawn(view, compound, facts).await?;
            draws(&hold.work, pack, facts.paid_so_far() + asked, &drawn, &raised(facts))
        }
        _ => shared(view, compound, facts, pack, today).await?,
    };
    Ok(scene)
}

/// What comes back to each dwelling when the sum of all payments falls to `total`.
///
/// # Errors
/// `gate.shares-exact` where a dwelling would give more.
pub(super) async fn back_to(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    total: Money,
) -> Result<Draws> {
    let hold = rows::holds(view, compound, facts.no()).await?.pop();
    let Some(hold) = hold else {
        return Err(STEP.refuse(format!("项目 {} 没有付过款", facts.no())).into());
    };
    let pack = law_of(view, compound, facts, &hold).await?;
    let drawn = drawn(view, compound, facts).await?;
    let back = draws(&hold.work, &pack, total, &drawn, &raised(facts))?;
    let more = back.of.iter().find(|d| d.principal.is_positive() || d.gains.is_positive());
    if let Some(more) = more {
        return Err(gate::uneven(&more.code).into());
    }
    Ok(back)
}

/// The law a hold was made by: that of the day of the application it was promised on.
async fn law_of(
    view: &mut impl View,
    compound: CompoundId,
    facts: &Facts,
    hold: &Hold,
) -> Result<Pack> {
    let before = facts.applied.iter().rfind(|(step, _)| *step < hold.step);
    let on = before.map_or(facts.project.proposed_on, |(_, on)| *on);
    let jurisdiction = property::jurisdiction(view, compound).await?;
    policy::at(view, &jurisdiction, on).await
}

/// The gate's list for a project, as it stands now.
///
/// # Errors
/// `works.no-project`, `policy.not-in-force`.
pub async fn findings(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
    asked: Asked,
    today: Day,
) -> Result<Vec<Finding>> {
    let facts = facts_of(view, compound, no).await?;
    let pack = law(view, compound, &facts, today).await?;
    let scene = match asked {
        Asked::Approve => deciding(view, compound, &facts, &pack, None, today).await?,
        Asked::Pay => paying(view, compound, &facts, &pack, facts.open_request(), today).await?,
    };
    Ok(gate::gate(&pack, &facts, &scene))
}

/// A dwelling's share, and its balance after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectShare", description = "一户的分摊及其后的余额")]
pub struct PreviewRow {
    /// The room.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The area that bears.
    #[schemars(description = "建筑面积：0.01 ㎡", example = 8845)]
    pub area_centi_m2: Area,
    /// Its weight among all that bear, of each stage.
    #[schemars(description = "权重：本户/全部；分段分摊的逐段列出，不分摊的空", example = &"8845/98580")]
    pub weight: String,
    /// The share.
    #[schemars(description = "分摊金额：分", example = 1_372_488)]
    pub share_fen: Money,
    /// Whose money.
    #[schemars(description = "由谁支付：维修资金、建设单位、公有住房单位", example = &"维修资金")]
    pub paid_by: String,
    /// From principal.
    #[schemars(description = "支取本金：分", example = 1_372_488)]
    pub principal_fen: Money,
    /// From gains.
    #[schemars(description = "支取收益：分", example = 0)]
    pub gains_fen: Money,
    /// What the owner pays besides.
    #[schemars(description = "自筹：分", example = 0)]
    pub owner_owes_fen: Money,
    /// Of it, paid.
    #[schemars(description = "自筹已交：分", example = 0)]
    pub raised_fen: Money,
    /// Principal afterwards.
    #[schemars(description = "本金余额（后）：分", example = 500_000)]
    pub principal_left_fen: Money,
    /// Gains afterwards.
    #[schemars(description = "收益余额（后）：分", example = 0)]
    pub gains_left_fen: Money,
    /// Why it bears nothing.
    #[schemars(description = "不分摊的原因：分摊的空", example = &"")]
    pub left_out: String,
}

/// How a cost is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectPreview", description = "分摊及各户余额")]
pub struct Preview {
    /// What is shared.
    #[schemars(description = "应分摊：分", example = 10_000_000)]
    pub to_share_fen: Money,
    /// By what.
    #[schemars(description = "分摊方式", example = &"按专有部分面积（165号令 第二十、二十一条）")]
    pub basis: String,
    /// The pack that says how.
    #[schemars(description = "政策包", example = &"100000@2021-01 sha256:3572dc88")]
    pub pack: String,
    /// From balances.
    #[schemars(description = "维修资金支付：分", example = 9_000_000)]
    pub from_fund_fen: Money,
    /// What owners owe besides.
    #[schemars(description = "业主自筹：分", example = 100_000)]
    pub owed_fen: Money,
    /// What developers pay for what is unsold.
    #[schemars(description = "建设单位支付：分", example = 900_000)]
    pub by_developers_fen: Money,
    /// What nobody bears.
    #[schemars(description = "无人承担：分", example = 0)]
    pub unshared_fen: Money,
    /// The dwellings.
    #[schemars(description = "各户")]
    pub rows: Vec<PreviewRow>,
    /// The selling units of sold public housing: each pays its part itself, by its deposit and besides.
    #[schemars(description = "售房单位各自承担的")]
    pub units: Vec<PreviewUnit>,
}

/// What a selling unit bears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "一个售房单位承担的")]
pub struct PreviewUnit {
    /// Its name.
    #[schemars(description = "名称", example = &"某机械厂")]
    pub name: String,
    /// Its part.
    #[schemars(description = "分摊金额：分", example = 3_343_317)]
    pub share_fen: Money,
    /// From its deposit.
    #[schemars(description = "从其提取的维修资金列支：分", example = 0)]
    pub from_deposit_fen: Money,
    /// What it owes besides.
    #[schemars(description = "另须支付：分", example = 3_343_317)]
    pub owes_fen: Money,
}

/// How a project's plan is shared: as it was approved, and before that as balances are now.
///
/// # Errors
/// `works.no-project`, `works.step` without a plan, those of [`crate::allocation::allocate`].
pub async fn preview(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
    today: Day,
) -> Result<Preview> {
    let facts = facts_of(view, compound, no).await?;
    let pack = law(view, compound, &facts, today).await?;
    let hold = rows::holds(view, compound, no).await?.pop();
    let work = match hold.filter(|_| facts.is_approved()) {
        Some(hold) => hold.work,
        None => work(view, compound, &facts, &pack, today).await??,
    };
    let shared = draws(&work, &pack, work.cost, &BTreeMap::new(), &raised(&facts))?;
    let a = &shared.allocation;
    let raised = raised(&facts);
    let paid_by = |by: PaidBy| match by {
        PaidBy::Fund => "维修资金",
        PaidBy::Developer => "建设单位",
        PaidBy::PublicHousingUnit => "公有住房单位",
    };
    let mut rows: BTreeMap<RoomCode, PreviewRow> = BTreeMap::new();
    for share in &a.shares {
        let weights: Vec<String> =
            share.parts.iter().map(|part| format!("{}/{}", part.weight, part.whole)).collect();
        let row = PreviewRow {
            room: share.code.to_string(),
            area_centi_m2: share.area,
            weight: weights.join("、"),
            share_fen: share.amount,
            paid_by: paid_by(share.paid_by).to_owned(),
            principal_fen: share.principal,
            gains_fen: share.gains,
            owner_owes_fen: share.owner_owes,
            raised_fen: raised.get(&share.code).copied().unwrap_or_default(),
            principal_left_fen: share.principal_left,
            gains_left_fen: share.gains_left,
            left_out: String::new(),
        };
        rows.insert(share.code.clone(), row);
    }
    for out in &a.left_out {
        let place = work.places.iter().find(|place| place.dwelling == out.dwelling);
        let row = PreviewRow {
            room: out.code.to_string(),
            area_centi_m2: place.map_or(Area::ZERO, |place| place.area),
            weight: String::new(),
            share_fen: Money::ZERO,
            paid_by: String::new(),
            principal_fen: Money::ZERO,
            gains_fen: Money::ZERO,
            owner_owes_fen: Money::ZERO,
            raised_fen: Money::ZERO,
            principal_left_fen: place.map_or(Money::ZERO, |place| place.principal),
            gains_left_fen: place.map_or(Money::ZERO, |place| place.gains),
            left_out: out.why.clone(),
        };
        rows.insert(out.code.clone(), row);
    }
    Ok(Preview {
        to_share_fen: a.to_share,
        basis: a.basis.clone(),
        pack: a.pack.to_string(),
        from_fund_fen: a.from_balances,
        owed_fen: a.shares.iter().map(|share| share.owner_owes).sum(),
        by_developers_fen: a.by_developers,
        unshared_fen: a.unshared,
        rows: rows.into_values().collect(),
        units: a.units.iter().map(PreviewUnit::from).collect(),
    })
}

impl From<&UnitShare> for PreviewUnit {
    fn from(of: &UnitShare) -> PreviewUnit {
        PreviewUnit {
            name: of.name.clone(),
            share_fen: of.amount,
            from_deposit_fen: of.from_deposit,
            owes_fen: of.owes,
        }
    }
}

/// One dwelling's line of the [`preview`].
///
/// # Errors
/// Those of [`preview`]; `works.no-project` where the dwelling is not in its scope.
pub async fn share_of(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
    room: &RoomCode,
    today: Day,
) -> Result<PreviewRow> {
    let room = room.to_string();
    let rows = preview(view, compound, no, today).await?.rows;
    let own = rows.into_iter().find(|row| row.room == room);
    Ok(own.ok_or_else(|| NO_PROJECT.refuse(format!("{room} 不在项目 {no} 的列支范围内")))?)
}

/// What is broken in a project when it is counted again; nothing, if all is as it must be.
///
/// # Errors
/// Storage; a rule's refusal would be a broken law and is told as one.
pub async fn counted_again(
    view: &mut impl View,
    compound: CompoundId,
    no: ProjectNo,
) -> Result<Vec<String>> {
    let facts = facts_of(view, compound, no).await?;
    let mut broken = Vec::new();
    for paid in facts.standing().filter(|paid| !paid.is_back) {
        let request = facts.requests.iter().find(|request| request.no == paid.request);
        let decision = facts.decisions.iter().find(|d| Some(d.no) == paid.decision);
        let stands = request.zip(decision).is_some_and(|(request, decision)| {
            decision.is.agrees
                && decision.is.on == DecidedOn::Request { step_no: request.no }
                && decision.is.digest == request.digest
                && request.is.amount_fen == paid.amount
                && !decision.by.is_of(&request.by)
        });
        if !stands {
            broken.push(format!("第 {} 笔没有与之相符的批准", paid.no));
        }
        match paid.resolution {
            // It exists only where the motion was carried and its result stands unaltered.
            Some((round, motion)) => {
                Resolution::of(view, compound, round, motion).await?;
            }
            None if facts.project.proposal.path == Path::Ordinary => {
                broken.push(format!("第 {} 笔没有表决", paid.no));
            }
            None => {}
        }
    }
    let drawn = drawn(view, compound, &facts).await?;
    let posted: Money = drawn.values().map(|of| of.principal + of.gains).sum();
    if posted != facts.paid_by_fund() {
        let (posted, told) = (posted.grouped(), facts.paid_by_fund().grouped());
        broken.push(format!("分录 {posted} 元，付款 {told} 元"));
    }
    let hold = rows::holds(view, compound, no).await?.pop();
    let Some(hold) = hold else {
        if !posted.is_zero() {
            broken.push("付过款而没有批准的分摊".to_owned());
        }
        return Ok(broken);
    };
    let total = facts.paid_so_far();
    if total > hold.amount {
        let (total, most) = (total.grouped(), hold.amount.grouped());
        broken.push(format!("累计付 {total} 元，批准 {most} 元"));
    }
    if total.is_positive() {
        let pack = law_of(view, compound, &facts, &hold).await?;
        match draws(&hold.work, &pack, total, &drawn, &BTreeMap::new()) {
            Ok(draws) if draws.of.is_empty() && draws.is_exact() => {}
            Ok(draws) => {
                let first = draws.of.first().map_or_else(String::new, |d| d.code.to_string());
                broken.push(format!("{} 户的支取不是累计金额的分摊，如 {first}", draws.of.len()));
            }
            Err(refusal) => broken.push(format!("不能重新分摊：{}", refusal.evidence)),
        }
    }
    let is_over = facts.archived.is_some() || facts.withdrawn.is_some();
    let mut still: BTreeSet<DwellingNo> = BTreeSet::new();
    for old in rows::holds(view, compound, no).await? {
        let is_last = old.step == hold.step;
        if let Some(reserve) = old.reserve.filter(|_| is_over || !is_last) {
            still.extend(journal::held_by(view, compound, reserve).await?.into_keys());
        }
    }
    if !still.is_empty() {
        broken.push(format!("{} 户仍有应解除的预留", still.len()));
    }
    Ok(broken)
}
