//! Texts by SNS and emails by SES: their words, quotas and senders.

pub mod email;
pub mod language;
pub mod sms;
pub mod unsent;
