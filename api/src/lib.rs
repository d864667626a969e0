//! The doors: REST and the command line, one binary.
//!
//! A door parses, calls one verb, and shapes the answer. No rule, no sum and no statement of the database lives here:
//! the manifest has no database in it. Start at [`routes::ROUTES`] for the wire and at [`cli::run`] for the command
//! line; [`app`] is what the tests drive.

pub mod abroad;
pub mod accounts;
pub mod arrears;
pub mod audit;
pub mod bank;
pub mod channels;
pub mod cli;
pub mod config;
pub mod counter;
pub mod countersign;
pub mod demo;
pub mod district;
pub mod doctor;
pub mod documents;
pub mod door;
pub mod fees;
pub mod front;
pub mod fund;
pub mod gains;
pub mod governance;
pub mod hooks;
pub mod imports;
pub mod journal;
pub mod levy;
pub mod life;
pub mod list;
pub mod log;
pub mod metrics;
pub mod openapi;
pub mod pace;
pub mod people;
pub mod place;
pub mod placements;
pub mod policy;
pub mod portal;
pub mod problem;
pub mod proof;
pub mod property;
pub mod refunds;
pub mod renewal;
pub mod renovation;
pub mod revenue;
pub mod routes;
pub mod serve;
pub mod shape;
pub mod street;
pub mod subsidy;
pub mod tariffs;
pub mod trust;
pub mod whence;
pub mod wire;
pub mod works;

use ledger::books::Books;

/// The whole house as one router.
pub fn app(books: Books, config: config::Config) -> axum::Router {
    routes::router(door::Door::new(books, config))
}
