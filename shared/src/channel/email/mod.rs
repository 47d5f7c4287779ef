//! Email: addresses, the recovery address, emailed codes, quotas, words, and SES.

pub mod address;
pub mod code;
pub mod contact;
pub mod limits;
pub mod notices;
pub mod secrets;
pub mod sender;
pub mod words;
