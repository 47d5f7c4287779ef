//! The code that is emailed: how long it is good for, and for how many guesses.

use serde::{Deserialize, Serialize};

use crate::{
    aws::derive::Nonce,
    base::clock::Timestamp,
    proof::code::{RESENT_LIFE, SENT_LIFE},
};

/// How many guesses a code takes.
pub const TRIES: u32 = 5;

/// The code, as the table keeps it: what it is derived from, never the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailedCode {
    /// The label of the key that it is derived with.
    pub key: String,
    /// The nonce that it is derived from.
    pub nonce: Nonce,
    /// When it is no longer accepted.
    pub expires: Timestamp,
    /// Codes that were tried on it.
    pub tries: u32,
    /// As [`crate::proof::code::SentCode::by_login`].
    #[serde(default)]
    pub by_login: bool,
}

impl EmailedCode {
    /// A code not tried yet.
    pub fn new(key: &str, nonce: Nonce, now: Timestamp) -> Self {
        Self { key: key.to_owned(), nonce, expires: now.plus(SENT_LIFE), tries: 0, by_login: true }
    }

    /// Whether it can still be accepted.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires && self.tries < TRIES
    }

    /// Guesses that it still takes.
    pub fn tries_left(&self) -> u32 {
        TRIES.saturating_sub(self.tries)
    }

    /// Whether it lives long enough to be sent again.
    pub fn is_worth_resending(&self, now: Timestamp) -> bool {
        self.is_live(now) && self.expires.since(now) >= RESENT_LIFE
    }
}
