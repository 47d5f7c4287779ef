//! Drives the whole stack as a client would: `journeys` by situation, `contract` by what is promised, `faults` by what
//! breaks, `model` by chance, `fuzz` by what can be spelled. One binary.

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
