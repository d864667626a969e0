//! The proving ground: one binary.

mod attacks;
mod books;
mod cluster;
mod paper;
mod doors;
mod cli;
mod imports;
mod journal;
mod property;
mod refusals;
mod schema;
mod tidy;
mod laws;
mod money_in;
mod verify;
mod world;
