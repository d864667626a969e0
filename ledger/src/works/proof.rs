//! The two proofs money needs: an approval the gate let through, and a payment order it let through again.
//!
//! Always: nobody outside this file can make one; each is made of a gate that was passed on the facts of this moment, under
//! the compound's lock.

use super::facts::{At, Facts};
use super::gate::{self, Asked, Scene};
use super::share::{Draws, draws};
use super::step::PaymentRequest;
use super::{NOT_APPROVED, caps, rows, scene};
use crate::allocation::Work;
use crate::books::Tx;
use crate::error::{Refusal, Result};
use crate::id::{DwellingNo, StepNo};
use crate::money::Money;
use crate::policy::Pack;

/// An application the office agreed to (审批), and what it promises of each dwelling.
#[derive(Debug)]
pub(super) struct Approval {
    amount: Money,
    work: Work,
    draws: Draws,
    pack: String,
}

impl Approval {
    /// The approval of an application whose gate is passed.
    ///
    /// # Errors
    /// `gate.*`.
    pub(super) async fn of(
        tx: &mut Tx,
        facts: &Facts,
        pack: &Pack,
        scene: &Scene,
    ) -> Result<Approval> {
        gate::pass(&gate::gate(pack, facts, scene), Asked::Approve)?;
        let amount = facts.plan.as_ref().map_or(Money::ZERO, |plan| plan.is.to_share());
        Approval::made(tx, facts, pack, amount).await
    }

    /// What an approval is extended to where the works came to more than it holds and the law lets that be; none where it
    /// holds enough, or the works came to more than the law lets.
    ///
    /// # Errors
    /// Those of [`crate::allocation::allocate`].
    pub(super) async fn extended(
        tx: &mut Tx,
        facts: &Facts,
        pack: &Pack,
    ) -> Result<Option<Approval>> {
        let compound = tx.compound();
        let held = rows::holds(tx, compound, facts.no()).await?.pop();
        let settled = caps::settled(pack, facts);
        let (Some(held), Some(settled), Some(plan)) = (held, settled, &facts.plan) else {
            return Ok(None);
        };
        let budget = plan.is.budget_fen;
        let has_rule = pack.terms.overrun.value.is_some();
        let is_allowed =
            settled <= budget || (has_rule && !pack.overrun_needs_approval(budget, settled));
        let amount = settled - plan.is.by_others();
        if amount <= held.amount || !is_allowed || !facts.is_approved() {
            return Ok(None);
        }
        Ok(Some(Approval::made(tx, facts, pack, amount).await?))
    }

    async fn made(tx: &mut Tx, facts: &Facts, pack: &Pack, amount: Money) -> Result<Approval> {
        let (compound, today) = (tx.compound(), tx.at().day());
        let mut work = scene::work(tx, compound, facts, pack, today).await??;
        work.cost = amount;
        let drawn = scene::drawn(tx, compound, facts).await?;
        let draws = draws(&work, pack, amount, &drawn, &scene::raised(facts))?;
        Ok(Approval { amount, work, draws, pack: pack.provenance.to_string() })
    }

    /// What the scope bears of the works.
    pub(super) fn amount(&self) -> Money {
        self.amount
    }

    /// The dwellings and their balances as they were: what every payment is shared by.
    pub(super) fn work(&self) -> &Work {
        &self.work
    }

    /// The pack it was judged by.
    pub(super) fn pack(&self) -> &str {
        &self.pack
    }

    /// What is to be held of each dwelling.
    pub(super) fn to_hold(&self) -> Vec<(DwellingNo, Money)> {
        let held = self.draws.of.iter().map(|draw| (draw.dwelling, draw.total()));
        held.filter(|(_, amount)| amount.is_positive()).collect()
    }
}

/// A payment the gate let through (付款指令).
#[derive(Debug)]
pub(super) struct PaymentOrder {
    decision: StepNo,
    draws: Draws,
}

impl PaymentOrder {
    /// The order for a request that was approved and whose gate is passed now.
    ///
    /// # Errors
    /// `works.not-approved`, `gate.*`.
    pub(super) fn of(
        pack: &Pack,
        facts: &Facts,
        scene: Scene,
        request: &At<PaymentRequest>,
    ) -> Result<PaymentOrder, Refusal> {
        let approved = facts.approval_of(request);
        let decision =
            approved.ok_or_else(|| NOT_APPROVED.refuse(format!("步骤 {}", request.no)))?.no;
        gate::pass(&gate::gate(pack, facts, &scene), Asked::Pay)?;
        Ok(PaymentOrder { decision, draws: scene.draws? })
    }

    /// The decision it stands on.
    pub(super) fn decision(&self) -> StepNo {
        self.decision
    }

    /// What it takes of each dwelling.
    pub(super) fn draws(&self) -> &Draws {
        &self.draws
    }
}
