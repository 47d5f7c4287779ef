//! A user's whole MFA state, and what may happen to it. It is one item, so that one conditional write is one atomic rule
//! over all of it: never a sixth authenticator, never two first activations.

use std::{cmp::Reverse, time::Duration};

use serde::Deserialize;

use crate::{
    account::factors::Factors,
    base::{clock::Timestamp, error::Refusal},
    channel::{
        email::{code::EmailedCode, contact::Contact, limits::SentEmails},
        sms::limits::SentTexts,
    },
    proof::{
        factor::{Factor, FactorId},
        recovery_codes::{RecoveryCodes, RecoveryStatus},
    },
};

pub mod change;
pub mod check;
pub mod factors;
pub mod sending;
pub mod store;

/// How far behind ours the clock of the identity provider may be.
const RESET_SKEW: Duration = Duration::from_mins(1);

/// The account. A user without an item has the default one, at version 0. It is read, and never written whole: a write names what
/// it changes, so that it leaves alone what only another release knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Of the last change of settings; checks of codes leave it alone.
    pub version: u64,
    /// Rises whenever a factor is added or removed; 0 without factors ever.
    pub epoch: u64,
    /// The id of the last write.
    #[serde(rename = "by")]
    pub write_id: Option<String>,
    /// The factors, pending ones included.
    pub factors: Factors,
    /// Wrong codes in a row, over all active factors.
    pub failures: u32,
    /// When the last attempt was counted.
    pub tried_at: Timestamp,
    /// The recovery codes, once a factor was activated.
    pub recovery: Option<RecoveryCodes>,
    /// Wrong recovery codes in a row.
    pub recovery_failures: u32,
    /// When the last attempt at one was counted.
    pub recovery_tried_at: Timestamp,
    /// The texts that the user was sent, if any.
    pub texts: Option<SentTexts>,
    /// The code that was emailed last, until it is accepted.
    pub emailed: Option<EmailedCode>,
    /// The emails with codes that the user was sent, if any.
    pub emails: Option<SentEmails>,
    /// The address that is kept of the user.
    pub contact: Option<Contact>,
    /// When an operator last took every factor away, if one did.
    pub reset_at: Option<Timestamp>,
}

impl Account {
    /// The active factors, the one used last first.
    pub fn active(&self) -> Vec<(&FactorId, &Factor)> {
        let mut active = self.factors.iter().filter(|(_, factor)| factor.is_active()).collect::<Vec<_>>();
        active.sort_by_key(|(id, factor)| Reverse((factor.last_used_at.unwrap_or(factor.created_at), *id)));
        active
    }

    /// The active factors as [`Account::active`], then those that can still be activated, the newest first.
    pub fn listed(&self, now: Timestamp) -> Vec<(&FactorId, &Factor)> {
        let mut pending = self.pending(now);
        pending.reverse();
        self.active().into_iter().chain(pending).collect()
    }

    /// The factor of this id, in whatever status.
    pub fn factor(&self, id: &FactorId) -> Result<&Factor, Refusal> {
        self.factors.get(id).ok_or(Refusal::FactorNotFound)
    }

    /// Whether there is a factor to log in with, if only with another release.
    pub fn has_factor(&self) -> bool {
        self.factors.active_ids().next().is_some()
    }

    /// How the user stands with their recovery codes.
    pub fn recovery_status(&self) -> RecoveryStatus {
        RecoveryStatus::of(self.recovery.as_ref())
    }

    /// Refuses a login token to begin a factor with if its user logged in more than a minute before an operator took every
    /// factor away, or if it does not tell when they did.
    pub fn require_login_since_reset(&self, logged_in_at: Option<Timestamp>) -> Result<(), Refusal> {
        let Some(reset_at) = self.reset_at else { return Ok(()) };
        match logged_in_at {
            Some(at) if reset_at.minus(RESET_SKEW) <= at => Ok(()),
            _ => Err(Refusal::LoginTooOld),
        }
    }

    /// A factor that is active, or can still be activated.
    fn living(&self, id: &FactorId, now: Timestamp) -> Result<&Factor, Refusal> {
        match self.factors.get(id) {
            None => Err(Refusal::FactorNotFound),
            Some(factor) if factor.is_active() || factor.is_live_pending(now) => Ok(factor),
            Some(_) => Err(Refusal::EnrollmentExpired),
        }
    }

    /// Factors that can still be activated, the oldest first.
    fn pending(&self, now: Timestamp) -> Vec<(&FactorId, &Factor)> {
        let mut pending = self.factors.iter().filter(|(_, factor)| factor.is_live_pending(now)).collect::<Vec<_>>();
        pending.sort_by_key(|(id, factor)| (factor.created_at, *id));
        pending
    }

    /// Guesses that a pending factor still takes.
    pub fn pending_tries_left(&self, id: &FactorId) -> u32 {
        self.factors.get(id).map_or(0, Factor::pending_tries_left)
    }
}
