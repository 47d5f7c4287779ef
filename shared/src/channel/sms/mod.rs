//! Texts: quotas, their counters, words, and SNS.

pub mod counters;
pub mod limits;
pub mod sender;
pub mod words;
