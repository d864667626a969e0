//! How much may be paid now, how much is kept back, how much was paid too much.
//!
//! Always: caps are the pack's and counted of what the scope bears; until the works are settled they are counted of the contract;
//! retention (质量保证金) is kept back from the first payment until its day is over and certified where the law wants it, and what
//! was paid of it all the same is paid too much. Knows no database.

use super::facts::Facts;
use super::step::Contract;
use crate::books::Role;
use crate::calendar::Day;
use crate::money::Money;
use crate::policy::terms::{Audit, PaidInTotal};
use crate::policy::{Pack, Path};

/// What the works come to in the end, all of it: reviewed, or accounted where no review is needed.
pub(super) fn settled(pack: &Pack, facts: &Facts) -> Option<Money> {
    let reviewed = facts.review.as_ref().map(|review| review.is.amount_fen);
    let account = facts.account.as_ref().map(|account| account.is.amount_fen);
    match (reviewed, account) {
        (Some(reviewed), account) => {
            Some(account.map_or(reviewed, |account| account.min(reviewed)))
        }
        (None, Some(account)) => {
            let is_enough = pack.terms.payment_caps.total == PaidInTotal::FinalAccount;
            (is_enough && is_review_spared(pack, facts)).then_some(account)
        }
        (None, None) => None,
    }
}

/// Whether the final account goes without a review.
pub(super) fn is_review_spared(pack: &Pack, facts: &Facts) -> bool {
    let Some(account) = &facts.account else { return false };
    if facts.project.proposal.is_on_behalf || pack.audit_required(account.is.amount_fen) {
        return false;
    }
    let committee_agrees =
        account.is.committee_waives_review && account.by.role == Role::OwnersCommittee;
    match *pack.terms.audit {
        Audit::Unless { committee_agrees: true, .. } => committee_agrees,
        _ => true,
    }
}

/// What the contract leaves to the scope; of works in the owners' stead, what the plan does.
fn contracted(facts: &Facts) -> Option<Money> {
    let plan = &facts.plan.as_ref()?.is;
    match (&facts.contract, &facts.order) {
        (Some(contract), _) => Some(contract.is.price_fen - plan.by_others()),
        (None, Some(_)) => Some(plan.to_share()),
        (None, None) => None,
    }
}

/// What may be paid now of what the scope bears, what is to be claimed back, and why no more.
pub(super) fn room(pack: &Pack, facts: &Facts, today: Day) -> Option<(Money, Money, String)> {
    let plan = &facts.plan.as_ref()?.is;
    let contract = contracted(facts)?;
    let paid = facts.paid_so_far();
    let settled = settled_here(pack, facts);
    let kept = kept_back(pack, facts, today);
    // What is kept back is not to be had yet: paid all the same, it is paid too much.
    let room = pack.terms.payment_caps.room(contract, paid, settled.map(|all| all - kept));
    let mut most = room.most;
    let of = match settled {
        Some(settled) => format!("审定 {} 元", settled.grouped()),
        None => format!("合同 {} 元", contract.grouped()),
    };
    let retained = match (&facts.contract, kept.is_positive()) {
        (Some(contract), true) => format!("，{}", retained(&contract.is, kept)),
        _ => String::new(),
    };
    let mut why = format!("{of}{retained}，已付 {} 元", paid.grouped());
    let mut bind = |limit: Money, words: String| {
        let limit = limit.max(Money::ZERO);
        if limit < most {
            most = limit;
            why = words;
        }
    };
    if settled.is_none() {
        if facts.project.proposal.is_on_behalf {
            bind(Money::ZERO, "代修费用审价后一次付清".to_owned());
        } else if facts.project.proposal.path == Path::Emergency
            && let Some(advance) = *pack.terms.emergency_advance.value
        {
            let limit = advance.most.of_money(plan.to_share()) - paid;
            bind(limit, format!("应急预付至多 {}，已付 {} 元", advance.most, paid.grouped()));
        }
    }
    if settled.is_none() && kept.is_positive() {
        let limit = contract - kept - paid;
        bind(limit, format!("{of}{retained}，已付 {} 元", paid.grouped()));
    }
    Some((most, room.claim_back, why))
}

/// What the works come to in the end of what the scope bears.
fn settled_here(pack: &Pack, facts: &Facts) -> Option<Money> {
    let plan = &facts.plan.as_ref()?.is;
    settled(pack, facts).map(|all| (all - plan.by_others()).max(Money::ZERO))
}

/// What is kept back on a day (质量保证金): the contract's part of what the works came to, before that of its price, cut to
/// the fen; nothing once its day is over and, where the law wants it, the end of the warranty is certified.
pub(super) fn kept_back(pack: &Pack, facts: &Facts, today: Day) -> Money {
    let Some(contract) = &facts.contract else { return Money::ZERO };
    let Some(keep) = contract.is.retention else { return Money::ZERO };
    let of = settled_here(pack, facts).or_else(|| contracted(facts)).unwrap_or_default();
    let is_over = contract.is.retained_until_on.is_none_or(|until| until < today);
    let is_certified = facts.warranty_end.as_ref().is_some_and(|end| end.is.on <= today);
    // Without a day only the certificate says that it is over; before the works are settled nothing is.
    let needs_certificate =
        pack.terms.retention.needs_warranty_end || contract.is.retained_until_on.is_none();
    let is_released =
        settled_here(pack, facts).is_some() && is_over && (is_certified || !needs_certificate);
    if is_released { Money::ZERO } else { keep.of_money(of) }
}

/// What is kept back, in words.
pub(super) fn retained(contract: &Contract, kept: Money) -> String {
    let until = match contract.retained_until_on {
        Some(until) => format!("留至 {until}"),
        None => "留至保修期满".to_owned(),
    };
    format!("质量保证金 {} 元{until}", kept.grouped())
}
