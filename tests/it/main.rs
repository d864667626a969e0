//! The proving ground: one binary.

mod allocation;
mod attacks;
mod bad_requests;
mod books;
mod cli;
mod cluster;
mod counted;
mod doors;
mod export;
mod governance;
mod imports;
mod journal;
mod laws;
mod money_in;
mod paper;
mod people;
mod policy;
mod privacy;
mod property;
mod refusals;
mod schema;
mod tidy;
mod verify;
mod wire;
mod world;
