//! The checks of the fuzz targets, as cargo-fuzz builds them. They share the contract's judge with the tests.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a check that does not hold stops the fuzzer, which keeps the input"
)]

#[path = "mod.rs"]
mod fuzz;
#[path = "../openapi.rs"]
pub mod openapi;
#[path = "../stage/reply.rs"]
pub mod stage;

pub use fuzz::*;
