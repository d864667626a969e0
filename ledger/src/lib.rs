//! The rooms: every rule and every row of the books of residential compounds.
//!
//! Reading order: plain material ([`money`], [`measure`], [`calendar`], [`id`], [`error`], [`mask`], [`seal`]), then
//! [`books`] (one act, one transaction, one lock), then the rooms. Each may use those before it and never one after it, nor its neighbour
//! in a brace:
//!
//! [`books`] ▸ {[`policy`] [`people`]} ▸ [`countersign`] ▸ [`journal`] ▸ [`property`] ▸ {[`audit`] [`allocation`]} ▸ [`intake`] ▸ [`bank`] ▸ [`governance`] ▸ [`tariff`] ▸ {[`fund`] [`fees`] [`gains`]} ▸ {[`arrears`] [`trust`] [`channel`] [`revenue`]} ▸ [`subsidy`] ▸ [`works`] ▸ [`renovation`] ▸ [`life`] ▸ [`accounts`] ▸ [`import`] ▸ [`template`] ▸ [`hooks`] ▸ [`district`] ▸ [`verify`]
//!
//! A verb takes the act's [`books::Tx`] first; a question takes a [`books::View`]. Rules say no with a code, the rule, the
//! evidence and the remedy; [`rules`] lists them all.

pub mod accounts;
pub mod allocation;
pub mod arrears;
pub mod audit;
pub mod bank;
pub mod books;
pub mod calendar;
pub mod channel;
pub mod countersign;
pub mod district;
pub mod error;
pub mod fees;
pub mod fund;
pub mod gains;
pub mod governance;
pub mod hooks;
pub mod id;
pub mod import;
pub mod intake;
pub mod journal;
pub mod life;
pub mod mask;
pub mod measure;
pub mod money;
pub mod people;
pub mod policy;
pub mod property;
pub mod renovation;
pub mod revenue;
pub mod seal;
pub mod subsidy;
pub mod tariff;
pub mod template;
pub mod trust;
pub mod verify;
pub mod works;

/// Every column that holds sealed values, room by room, for the rotation of keys.
#[must_use]
pub fn sealed() -> Vec<&'static seal::Sealed> {
    let rooms = [
        people::SEALED,
        countersign::SEALED,
        property::SEALED,
        bank::SEALED,
        channel::SEALED,
        hooks::SEALED,
    ];
    rooms.concat()
}

/// Every rule of the house, room by room, in the order in which each room checks them.
#[must_use]
pub fn rules() -> Vec<&'static error::Rule> {
    let rooms = [
        seal::RULES,
        books::RULES,
        policy::RULES,
        people::RULES,
        countersign::RULES,
        property::RULES,
        allocation::RULES,
        audit::RULES,
        journal::RULES,
        intake::RULES,
        bank::RULES,
        governance::RULES,
        tariff::RULES,
        fund::RULES,
        fees::RULES,
        fees::COUNTER_RULES,
        arrears::RULES,
        trust::RULES,
        gains::RULES,
        channel::RULES,
        revenue::RULES,
        subsidy::RULES,
        works::RULES,
        works::gate::RULES,
        renovation::RULES,
        life::RULES,
        accounts::RULES,
        import::RULES,
        template::RULES,
        hooks::RULES,
    ];
    rooms.concat()
}

/// What the rooms above the journal say before one of their vouchers is taken back, room by room.
///
/// # Errors
/// `revenue.reversal-distributed`, `renovation.reversed-whole`.
pub(crate) async fn may_be_reversed(
    tx: &mut books::Tx,
    voucher: &journal::Voucher,
) -> error::Result<()> {
    revenue::distribution::may_be_reversed(tx, voucher).await?;
    renovation::may_be_reversed(tx, voucher).await
}

/// What the rooms above subsidies say before a tranche's money is spent past them.
///
/// # Errors
/// `renovation.pays-itself`.
pub(crate) async fn may_be_spent(tx: &mut books::Tx, tranche: id::TrancheNo) -> error::Result<()> {
    renovation::may_be_spent(tx, tranche).await
}

/// The rule of a code.
#[must_use]
pub fn rule(code: &str) -> Option<&'static error::Rule> {
    rules().into_iter().find(|rule| rule.code == code)
}
