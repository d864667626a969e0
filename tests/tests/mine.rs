//! scratch
#[path = "../it/cluster.rs"]
mod cluster;
#[path = "../it/paper.rs"]
mod paper;
#[path = "../it/doors.rs"]
mod doors;
#[path = "../it/cli.rs"]
mod cli;
#[path = "../it/world.rs"]
mod world;
