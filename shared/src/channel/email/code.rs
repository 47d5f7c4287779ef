//! The emailed code: when it expires, and how many tries it allows.

use serde::{Deserialize, Serialize};

use crate::{
    aws::derive::Nonce,
    base::clock::Timestamp,
    proof::code::{RESENT_LIFE, SENT_LIFE},
};

/// How many tries an emailed code allows.
pub const TRIES: u32 = 5;

/// The row of an emailed code. It has the inputs of the derivation, but never the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailedCode {
    /// The label of its key.
    pub key: String,
    /// Its nonce.
    pub nonce: Nonce,
    /// When it expires.
    pub expires: Timestamp,
    /// How many codes were tried.
    pub tries: u32,
    /// See [`crate::proof::code::SentCode::by_login`].
    #[serde(default)]
    pub by_login: bool,
}

impl EmailedCode {
    /// A new code.
    pub fn new(key: &str, nonce: Nonce, now: Timestamp) -> Self {
        Self { key: key.to_owned(), nonce, expires: now.plus(SENT_LIFE), tries: 0, by_login: true }
    }

    /// Whether it can still be accepted.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires && self.tries < TRIES
    }

    /// How many tries are left.
    pub fn tries_left(&self) -> u32 {
        TRIES.saturating_sub(self.tries)
    }

    /// Whether enough time is left to send it again.
    pub fn is_worth_resending(&self, now: Timestamp) -> bool {
        self.is_live(now) && self.expires.since(now) >= RESENT_LIFE
    }
}
