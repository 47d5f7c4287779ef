//! The basics for all floors: ids, time, randomness, settings, errors, quotas, audit events. It calls no AWS service.

pub mod audit;
pub mod clock;
pub mod error;
pub mod ids;
pub mod quota;
pub mod random;
pub mod settings;
pub mod single_line;
