//! The tests that drive the whole stack as a client would, in one binary. `contract` checks promises, `faults` makes
//! AWS calls fail, `model` plays random stories, and `fuzz` sends unusual input.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails, and says where"
)]

mod contract;
mod faults;
mod fuzz;
mod journeys;
mod logs;
mod model;
mod openapi;
mod stage;
