//! Checks of codes, all by one pipeline. Start with [`attempt`].

pub mod attempt;
mod refused;
pub mod target;
