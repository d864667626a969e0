//! The rooms: every rule and every row of the books of residential compounds.
//!
//! Reading order: plain material ([`money`], [`measure`], [`calendar`], [`id`], [`error`]), then [`books`] (one act,
//! one transaction, one lock), then the rooms, each of which may use those before it and never one after it:
//! [`people`] ▸ [`property`] ▸ [`journal`] ▸ [`intake`] ▸ [`bank`] ▸ [`fund`], [`fees`].

pub mod bank;
pub mod books;
pub mod calendar;
pub mod error;
pub mod fees;
pub mod fund;
pub mod id;
pub mod import;
pub mod intake;
pub mod journal;
pub mod measure;
pub mod money;
pub mod property;
