//! The proving ground: one binary.

mod books;
mod cluster;
mod imports;
mod journal;
mod property;
mod refusals;
mod tidy;
mod laws;
mod money_in;
mod world;
