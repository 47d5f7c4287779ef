//! Checks of codes, all by one pipeline: [`attempt`] is the file to read.

pub mod attempt;
mod refused;
pub mod target;
