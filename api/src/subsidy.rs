//! The door of government money: programmes, allotments, tranches and what became of them, scores, earnest money, rosters.
//!
//! A body is the ledger's own; the door adds who may knock with it. Programmes and allotments are acts of the head office.

use ledger::books::{Actor, Books, Done, Request};
use ledger::error::Result;
use ledger::id::{CompoundId, MatterNo, ProgrammeNo};
use ledger::subsidy::{
    self, Allotment, AllotmentWithdrawing, AllotmentWithdrawn, Allotted, Allotting, Appraisal,
    Appraised, Appraising, ClawingBack, Content, Earnest, EarnestMoved, EarnestMoving, Enrolled,
    Granted, Granting, Item, Moved, Movement, Moving, NewProgramme, Programme, Rostering, Settling,
    Spending, Tranche, TrancheWithdrawing, TrancheWithdrawn,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Caller, Nothing, Told, Visit};
use crate::governance::Seat;
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::Acted;

/// A programme that was registered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "已登记的补贴项目")]
pub struct ProgrammeFounded {
    #[schemars(description = "补贴项目编号", example = 1)]
    pub(crate) programme_no: ProgrammeNo,
}

/// Registers a programme for whoever asks.
pub(crate) async fn found_for(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    new: NewProgramme,
) -> Result<Done<ProgrammeNo>> {
    let request = Request::new("subsidy.found", new).maybe_once(key);
    books
        .act(actor, CompoundId::OFFICE, request, |tx, new| {
            Box::pin(subsidy::found_programme(tx, new))
        })
        .await
}

/// Allots for whoever asks.
pub(crate) async fn allot_for(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    asked: Allotting,
) -> Result<Done<Allotment>> {
    let request = Request::new("subsidy.allot", asked).maybe_once(key);
    books
        .act(actor, CompoundId::OFFICE, request, |tx, asked| Box::pin(subsidy::allot(tx, asked)))
        .await
}

impl Seat {
    /// Grants a tranche.
    ///
    /// # Errors
    /// Those of [`subsidy::grant`].
    pub async fn grant(&self, asked: Granting) -> Result<Done<Granted>> {
        self.act("subsidy.grant", asked, |tx, a: &Granting| Box::pin(subsidy::grant(tx, a))).await
    }

    /// Takes an allotment back.
    ///
    /// # Errors
    /// Those of [`subsidy::withdraw_allotment`].
    pub async fn withdraw_allotment(
        &self,
        asked: AllotmentWithdrawing,
    ) -> Result<Done<AllotmentWithdrawn>> {
        self.act("subsidy.withdraw-allotment", asked, |tx, a: &AllotmentWithdrawing| {
            Box::pin(subsidy::withdraw_allotment(tx, a))
        })
        .await
    }

    /// Takes a tranche back.
    ///
    /// # Errors
    /// Those of [`subsidy::withdraw_tranche`].
    pub async fn withdraw_tranche(
        &self,
        asked: TrancheWithdrawing,
    ) -> Result<Done<TrancheWithdrawn>> {
        self.act("subsidy.withdraw-tranche", asked, |tx, a: &TrancheWithdrawing| {
            Box::pin(subsidy::withdraw_tranche(tx, a))
        })
        .await
    }

    /// Receives a tranche's money.
    ///
    /// # Errors
    /// Those of [`subsidy::receive`].
    pub async fn receive_grant(&self, asked: Moving) -> Result<Done<Moved>> {
        self.act("subsidy.receive", asked, |tx, a: &Moving| Box::pin(subsidy::receive(tx, a))).await
    }

    /// Credits a tranche's interest.
    ///
    /// # Errors
    /// Those of [`subsidy::credit_interest`].
    pub async fn credit_grant_interest(&self, asked: Moving) -> Result<Done<Moved>> {
        self.act("subsidy.interest", asked, |tx, a: &Moving| {
            Box::pin(subsidy::credit_interest(tx, a))
        })
        .await
    }

    /// Hands the unspent back.
    ///
    /// # Errors
    /// Those of [`subsidy::hand_back`].
    pub async fn hand_back(&self, asked: Moving) -> Result<Done<Moved>> {
        self.act("subsidy.hand-back", asked, |tx, a: &Moving| Box::pin(subsidy::hand_back(tx, a)))
            .await
    }

    /// Spends a tranche's money.
    ///
    /// # Errors
    /// Those of [`subsidy::spend`].
    pub async fn spend_grant(&self, asked: Spending) -> Result<Done<Moved>> {
        self.act("subsidy.spend", asked, |tx, a: &Spending| Box::pin(subsidy::spend(tx, a))).await
    }

    /// Takes back what was spent.
    ///
    /// # Errors
    /// Those of [`subsidy::claw_back`].
    pub async fn claw_back(&self, asked: ClawingBack) -> Result<Done<Moved>> {
        self.act("subsidy.claw-back", asked, |tx, a: &ClawingBack| {
            Box::pin(subsidy::claw_back(tx, a))
        })
        .await
    }

    /// Scores a period.
    ///
    /// # Errors
    /// Those of [`subsidy::appraise`].
    pub async fn appraise(&self, asked: Appraising) -> Result<Done<Appraised>> {
        self.act("subsidy.appraise", asked, |tx, a: &Appraising| Box::pin(subsidy::appraise(tx, a)))
            .await
    }

    /// Settles a score.
    ///
    /// # Errors
    /// Those of [`subsidy::settle`].
    pub async fn settle_score(&self, asked: Settling) -> Result<Done<EarnestMoved>> {
        self.act("subsidy.settle", asked, |tx, a: &Settling| Box::pin(subsidy::settle(tx, a))).await
    }

    /// Moves earnest money.
    ///
    /// # Errors
    /// Those of [`subsidy::move_earnest`].
    pub async fn move_earnest(&self, asked: EarnestMoving) -> Result<Done<EarnestMoved>> {
        self.act("subsidy.move-earnest", asked, |tx, a: &EarnestMoving| {
            Box::pin(subsidy::move_earnest(tx, a))
        })
        .await
    }

    /// Keeps a roster.
    ///
    /// # Errors
    /// Those of [`subsidy::enrol`].
    pub async fn enrol_roster(&self, asked: Rostering) -> Result<Done<Enrolled>> {
        self.act("subsidy.enrol", asked, |tx, a: &Rostering| Box::pin(subsidy::enrol(tx, a))).await
    }
}

/// `POST /programmes`.
///
/// # Errors
/// Those of [`subsidy::found_programme`].
pub async fn new_programme(
    caller: Caller,
    Told(new): Told<NewProgramme>,
) -> Result<Acted<ProgrammeFounded>, Problem> {
    let done = found_for(&caller.books, &caller.actor, caller.key.clone(), new).await?;
    Ok(Acted::new(done, |programme_no| ProgrammeFounded { programme_no }))
}

/// `GET /programmes`.
///
/// # Errors
/// Those of a list.
pub async fn programmes(
    caller: Caller,
    list: Sought<Nothing>,
) -> Result<Listed<Programme>, Problem> {
    let found = subsidy::programmes(&mut caller.read().await?).await?;
    list.answer_from(found.into_iter().map(|row| (row.programme_no.0, row)).collect())
}

/// `POST /allotments`.
///
/// # Errors
/// Those of [`subsidy::allot`].
pub async fn new_allotment(
    caller: Caller,
    Told(asked): Told<Allotting>,
) -> Result<Acted<Allotment>, Problem> {
    let done = allot_for(&caller.books, &caller.actor, caller.key.clone(), asked).await?;
    Ok(Acted::new(done, |allotted| allotted))
}

/// `GET /allotments`.
///
/// # Errors
/// Those of a list.
pub async fn allotments(
    caller: Caller,
    list: Sought<Nothing>,
) -> Result<Listed<Allotted>, Problem> {
    let found = subsidy::allotments(&mut caller.read().await?).await?;
    list.answer_from(found.into_iter().map(|row| (row.allotment_no.0, row)).collect())
}

/// `POST /compounds/{compound}/allotment-withdrawals`.
///
/// # Errors
/// Those of [`subsidy::withdraw_allotment`].
pub async fn withdraw_allotment(
    visit: Visit,
    Told(asked): Told<AllotmentWithdrawing>,
) -> Result<Acted<AllotmentWithdrawn>, Problem> {
    Ok(Acted::new(Seat::of(&visit).withdraw_allotment(asked).await?, |withdrawn| withdrawn))
}

/// `POST /compounds/{compound}/tranche-withdrawals`.
///
/// # Errors
/// Those of [`subsidy::withdraw_tranche`].
pub async fn withdraw_tranche(
    visit: Visit,
    Told(asked): Told<TrancheWithdrawing>,
) -> Result<Acted<TrancheWithdrawn>, Problem> {
    Ok(Acted::new(Seat::of(&visit).withdraw_tranche(asked).await?, |withdrawn| withdrawn))
}

/// `GET /content-items`.
///
/// # Errors
/// Those of a list.
pub async fn items(_caller: Caller, list: Sought<Nothing>) -> Result<Listed<Item>, Problem> {
    list.answer_from((1..).zip(subsidy::catalogue().to_vec()).collect::<Vec<(i32, Item)>>())
}

/// `POST /compounds/{compound}/tranches`.
///
/// # Errors
/// Those of [`subsidy::grant`].
pub async fn grant(visit: Visit, Told(asked): Told<Granting>) -> Result<Acted<Granted>, Problem> {
    Ok(Acted::new(Seat::of(&visit).grant(asked).await?, |granted| granted))
}

/// `GET /compounds/{compound}/tranches`.
///
/// # Errors
/// Those of a list.
pub async fn tranches(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Tranche>, Problem> {
    let today = visit.books.clock().now().day();
    let found = subsidy::tranches(&mut visit.read().await?, visit.compound.id, today).await?;
    list.answer_from(found.into_iter().map(|row| (row.tranche_no.0, row)).collect())
}

/// `POST /compounds/{compound}/tranche-receipts`.
///
/// # Errors
/// Those of [`subsidy::receive`].
pub async fn receive(visit: Visit, Told(asked): Told<Moving>) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).receive_grant(asked).await?, |moved| moved))
}

/// `POST /compounds/{compound}/tranche-interest`.
///
/// # Errors
/// Those of [`subsidy::credit_interest`].
pub async fn interest(visit: Visit, Told(asked): Told<Moving>) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).credit_grant_interest(asked).await?, |moved| moved))
}

/// `POST /compounds/{compound}/tranche-returns`.
///
/// # Errors
/// Those of [`subsidy::hand_back`].
pub async fn hand_back(visit: Visit, Told(asked): Told<Moving>) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).hand_back(asked).await?, |moved| moved))
}

/// `POST /compounds/{compound}/tranche-spendings`.
///
/// # Errors
/// Those of [`subsidy::spend`].
pub async fn spend(visit: Visit, Told(asked): Told<Spending>) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).spend_grant(asked).await?, |moved| moved))
}

/// `POST /compounds/{compound}/tranche-claw-backs`.
///
/// # Errors
/// Those of [`subsidy::claw_back`].
pub async fn claw_back(
    visit: Visit,
    Told(asked): Told<ClawingBack>,
) -> Result<Acted<Moved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).claw_back(asked).await?, |moved| moved))
}

/// `GET /compounds/{compound}/tranche-moves`.
///
/// # Errors
/// Those of a list.
pub async fn moves(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Movement>, Problem> {
    let found = subsidy::moves(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|row| (row.move_no.0, row)).collect())
}

/// Which contents to list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentQuery {
    #[schemars(description = "项目的事项编号：不写则为全部", example = 1)]
    project_matter_no: Option<MatterNo>,
}

/// `GET /compounds/{compound}/contents`.
///
/// # Errors
/// Those of a list.
pub async fn contents(
    visit: Visit,
    list: Sought<ContentQuery>,
) -> Result<Listed<Content>, Problem> {
    let project = list.query.project_matter_no;
    let found = subsidy::contents(&mut visit.read().await?, visit.compound.id, project).await?;
    list.answer_from(found.into_iter().map(|row| (row.content_no.0, row)).collect())
}

/// `POST /compounds/{compound}/appraisals`.
///
/// # Errors
/// Those of [`subsidy::appraise`].
pub async fn appraise(
    visit: Visit,
    Told(asked): Told<Appraising>,
) -> Result<Acted<Appraised>, Problem> {
    Ok(Acted::new(Seat::of(&visit).appraise(asked).await?, |appraised| appraised))
}

/// `GET /compounds/{compound}/appraisals`.
///
/// # Errors
/// Those of a list.
pub async fn appraisals(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Appraisal>, Problem> {
    let found = subsidy::appraisals(&mut visit.read().await?, visit.compound.id).await?;
    let key = |row: &Appraisal| (row.programme_no.0, row.period.clone());
    list.answer_from(found.into_iter().map(|row| (key(&row), row)).collect())
}

/// `POST /compounds/{compound}/appraisal-settlements`.
///
/// # Errors
/// Those of [`subsidy::settle`].
pub async fn settle(
    visit: Visit,
    Told(asked): Told<Settling>,
) -> Result<Acted<EarnestMoved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).settle_score(asked).await?, |moved| moved))
}

/// `POST /compounds/{compound}/earnest-moves`.
///
/// # Errors
/// Those of [`subsidy::move_earnest`].
pub async fn move_earnest(
    visit: Visit,
    Told(asked): Told<EarnestMoving>,
) -> Result<Acted<EarnestMoved>, Problem> {
    Ok(Acted::new(Seat::of(&visit).move_earnest(asked).await?, |moved| moved))
}

/// `GET /compounds/{compound}/earnests`.
///
/// # Errors
/// Those of a list.
pub async fn earnests(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Earnest>, Problem> {
    let found = subsidy::earnests(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|row| (row.programme_no, row)).collect())
}

/// `POST /compounds/{compound}/grant-rosters`.
///
/// # Errors
/// Those of [`subsidy::enrol`].
pub async fn enrol(visit: Visit, Told(asked): Told<Rostering>) -> Result<Acted<Enrolled>, Problem> {
    Ok(Acted::new(Seat::of(&visit).enrol_roster(asked).await?, |enrolled| enrolled))
}
