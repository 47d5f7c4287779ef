//! The ways to reach a user: texts by SNS and emails by SES, with their words and limits.

pub mod email;
pub mod language;
pub mod sms;
pub mod unsent;
