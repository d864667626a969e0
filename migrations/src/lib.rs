//! The foundations: what the tables are, and how they came to be.
//!
//! Owns: the ordered list of steps ([`Migrator`]), the dialect ([`dialect`]). Each step is written once, in
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

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

/// Every step, in order. Nothing else knows the order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_books::STEP),
            Box::new(m0002_property::STEP),
            Box::new(m0003_journal::STEP),
            Box::new(m0004_intake::STEP),
            Box::new(m0005_bank::STEP),
            Box::new(m0006_fund::STEP),
            Box::new(m0007_fees::STEP),
            Box::new(m0008_people::STEP),
            Box::new(m0011_policy::STEP),
            Box::new(m0010_hooks::STEP),
            Box::new(m0012_governance::STEP),
            Box::new(m0013_portal::STEP),
            Box::new(m0014_countersign::STEP),
            Box::new(m0018_accounts::STEP),
            Box::new(m0015_levy::STEP),
            Box::new(m0017_works::STEP),
            Box::new(m0016_gains::STEP),
            Box::new(m0019_channel::STEP),
            Box::new(m0020_tariff::STEP),
            Box::new(m0021_counter::STEP),
            Box::new(m0022_arrears::STEP),
            Box::new(m0023_trust::STEP),
            Box::new(m0024_revenue::STEP),
            Box::new(m0025_subsidy::STEP),
            Box::new(m0026_renovation::STEP),
            Box::new(m0027_district::STEP),
            Box::new(m0028_template::STEP),
        ]
    }
}
