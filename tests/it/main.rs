//! The proving ground: one binary.

mod books;
mod cluster;
mod imports;
mod journal;
mod world;
