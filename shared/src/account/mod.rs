//! The MFA state of one user, and its changes. It is one item of the table. So one conditional write can check a rule
//! over all of it: there is never a sixth authenticator app, and never a second first activation.

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

/// How far the identity provider's clock may be behind this service's.
const RESET_SKEW: Duration = Duration::from_mins(1);

/// An account. A user without an item has the default one, at version 0. No write replaces the whole item. Each names
/// the attributes that it changes, and so keeps those that only another release knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Rises with each change of settings, but not with checks of codes.
    pub version: u64,
    /// Rises whenever a factor becomes active or is removed. 0 before that.
    pub epoch: u64,
    /// The id of the last write.
    #[serde(rename = "by")]
    pub write_id: Option<String>,
    /// The factors, active and pending.
    pub factors: Factors,
    /// Wrong codes in a row, over all active factors.
    pub failures: u32,
    /// When the last attempt was counted.
    pub tried_at: Timestamp,
    /// The recovery codes. The first activation creates them.
    pub recovery: Option<RecoveryCodes>,
    /// Wrong recovery codes in a row.
    pub recovery_failures: u32,
    /// When the last attempt at a recovery code was counted.
    pub recovery_tried_at: Timestamp,
    /// The counts of texts to the user.
    pub texts: Option<SentTexts>,
    /// The last emailed code, until it is accepted.
    pub emailed: Option<EmailedCode>,
    /// The counts of emails with codes to the user.
    pub emails: Option<SentEmails>,
    /// The recovery address.
    pub contact: Option<Contact>,
    /// When an operator last removed every factor.
    pub reset_at: Option<Timestamp>,
}

impl Account {
    /// The active factors, the most recently used first.
    pub fn active(&self) -> Vec<(&FactorId, &Factor)> {
        let mut active = self.factors.iter().filter(|(_, factor)| factor.is_active()).collect::<Vec<_>>();
        active.sort_by_key(|(id, factor)| Reverse((factor.last_used_at.unwrap_or(factor.created_at), *id)));
        active
    }

    /// The factors of [`Account::active`], then those that can still be activated, the newest first.
    pub fn listed(&self, now: Timestamp) -> Vec<(&FactorId, &Factor)> {
        let mut pending = self.pending(now);
        pending.reverse();
        self.active().into_iter().chain(pending).collect()
    }

    /// The factor of this id, in any status.
    pub fn factor(&self, id: &FactorId) -> Result<&Factor, Refusal> {
        self.factors.get(id).ok_or(Refusal::FactorNotFound)
    }

    /// Whether there is an active factor, even one that only another release can read.
    pub fn has_factor(&self) -> bool {
        self.factors.active_ids().next().is_some()
    }

    /// The number of recovery codes left, and whether it is low.
    pub fn recovery_status(&self) -> RecoveryStatus {
        RecoveryStatus::of(self.recovery.as_ref())
    }

    /// After an operator's reset, refuses to begin a factor with an older login, with 1 minute of tolerance. A login
    /// without a time is then refused too. Without a reset, every login is accepted.
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

    /// The factors that can still be activated, the oldest first.
    fn pending(&self, now: Timestamp) -> Vec<(&FactorId, &Factor)> {
        let mut pending = self.factors.iter().filter(|(_, factor)| factor.is_live_pending(now)).collect::<Vec<_>>();
        pending.sort_by_key(|(id, factor)| (factor.created_at, *id));
        pending
    }

    /// How many tries a pending factor has left.
    pub fn pending_tries_left(&self, id: &FactorId) -> u32 {
        self.factors.get(id).map_or(0, Factor::pending_tries_left)
    }
}
