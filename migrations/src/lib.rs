//! The foundations: what the tables are, and how they came to be.
//!
//! Owns: the ordered list of steps ([`Migrator`]), the dialect ([`dialect`]), how each table stood in the past ([`past`]). Each step is written once, in
//! SQL that both databases read, with the few words they spell differently left to the dialect.
//!
//! Always: a step runs in one transaction on both databases; a released step is never edited; every key of a
//! compound's row begins with `compound_id`. Never: a word of the rules (they live in `ledger`), except those
//! the database itself must refuse (see [`dialect`] and `m0003_journal`).

pub mod dialect;
mod m0001_books;
mod m0002_property;
mod m0003_journal;
mod m0004_intake;
mod m0005_bank;
mod m0006_fund;
mod m0007_fees;
mod m0008_people;
mod m0010_hooks;
mod m0011_policy;
mod m0012_governance;
mod m0013_portal;
mod m0014_countersign;
mod m0015_levy;
mod m0016_gains;
mod m0017_works;
mod m0018_accounts;
mod m0019_channel;
mod m0020_tariff;
mod m0021_counter;
mod m0022_arrears;
mod m0023_trust;
mod m0024_revenue;
mod m0025_subsidy;
mod m0026_renovation;
mod m0027_district;
mod m0028_template;
pub mod past;

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

/// Every step, in order. Nothing else knows the order.
static STEPS: &[dialect::Step] = &[
    m0001_books::STEP,
    m0002_property::STEP,
    m0003_journal::STEP,
    m0004_intake::STEP,
    m0005_bank::STEP,
    m0006_fund::STEP,
    m0007_fees::STEP,
    m0008_people::STEP,
    m0011_policy::STEP,
    m0010_hooks::STEP,
    m0012_governance::STEP,
    m0013_portal::STEP,
    m0014_countersign::STEP,
    m0018_accounts::STEP,
    m0015_levy::STEP,
    m0017_works::STEP,
    m0016_gains::STEP,
    m0019_channel::STEP,
    m0020_tariff::STEP,
    m0021_counter::STEP,
    m0022_arrears::STEP,
    m0023_trust::STEP,
    m0024_revenue::STEP,
    m0025_subsidy::STEP,
    m0026_renovation::STEP,
    m0027_district::STEP,
    m0028_template::STEP,
];

/// The steps as the framework runs them.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        STEPS.iter().map(|step| Box::new(*step) as Box<dyn MigrationTrait>).collect()
    }
}
