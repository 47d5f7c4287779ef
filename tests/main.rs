//! Drives the whole stack as a client would: `journeys` by situation, `contract` by what is promised, `faults` by what
//! breaks. One binary.

mod authenticator;
mod contract;
mod faults;
mod journeys;
mod logs;
mod stage;
