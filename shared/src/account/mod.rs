//! A user's whole MFA state, and what may happen to it. It is one item, so that one conditional write is one atomic rule
//! over all of it: never a sixth authenticator, never two first activations.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::{
    account::factors::Factors,
    base::{clock::Timestamp, error::Refusal},
    channel::{
        email::{code::EmailedCode, contact::Contact, limits::SentEmails},
        sms::limits::SentTexts,
    },
    proof::{
        factor::{Factor, FactorId, FactorName, Spent},
        recovery_codes::{RecoveryCodes, RecoveryStatus},
    },
};

pub mod check;
pub mod factors;
pub mod sending;
pub mod store;

/// How many factors may be pending at once; one more replaces the oldest.
const PENDING_LIMIT: usize = 3;
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

/// A change of settings: what it writes, and nothing else of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What is done to which factors.
    pub factors: BTreeMap<FactorId, Edit>,
    /// What becomes of the recovery codes.
    pub recovery: Recovery,
    /// The new epoch, where it rises.
    pub epoch: Option<u64>,
    /// The address to be kept from now on, where another is.
    pub contact: Option<Contact>,
    /// Whether an emailed code is dropped, as it is with the last factor and with another address.
    pub drop_emailed: bool,
    /// Whether both counts of wrong codes are cleared: an operator's affair alone.
    pub unlock: bool,
    /// When an operator took every factor away, if this is that.
    pub reset_at: Option<Timestamp>,
}

/// What a change does to one factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Writes it whole: it is new, or was pending.
    Write(Box<Factor>),
    /// Writes its name alone.
    Rename(FactorName),
    /// Takes it away.
    Remove,
}

/// What a change does to the recovery codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing.
    #[default]
    Keep,
    /// These are the user's from now on.
    Replace(RecoveryCodes),
    /// The user has none from now on, and no emailed code either.
    Remove,
}

impl Change {
    /// Whether an emailed code is dropped. One that is under way to the address before must not bring that one back.
    pub fn drops_emailed(&self) -> bool {
        self.drop_emailed || self.contact.is_some() || self.recovery == Recovery::Remove
    }
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

    /// Begins `factor`: it is pending from now on. Expired ones are dropped, and the oldest where there are too many.
    pub fn begin(&self, id: &FactorId, factor: Factor, now: Timestamp) -> Result<Change, Refusal> {
        let kind = factor.kind();
        if self.factors.values().filter(|one| one.is_active() && one.kind() == kind).count() >= kind.limit() {
            return Err(Refusal::TooManyFactors);
        }
        let live = self.pending(now);
        let kept = live.iter().skip((live.len() + 1).saturating_sub(PENDING_LIMIT)).map(|(id, _)| *id);
        let mut factors = self.without_pending(&kept.collect::<Vec<_>>());
        factors.insert(id.clone(), Edit::Write(Box::new(factor)));
        Ok(Change { factors, ..Change::default() })
    }

    /// Makes a pending factor active, proven by a code that is `spent`. Every other pending factor goes, so that nobody can
    /// begin one with a stolen password and finish it after the owner enrolled. `recovery` comes with the first factor; the
    /// address to be kept is `contact`, if there is one.
    pub fn activate(
        &self,
        id: &FactorId,
        spent: Spent,
        now: Timestamp,
        recovery: Option<RecoveryCodes>,
        contact: Option<Contact>,
    ) -> Result<Change, Refusal> {
        let factor = self.factors.get(id).ok_or(Refusal::FactorNotFound)?;
        if factor.is_active() {
            return Err(Refusal::FactorNotPending);
        }
        let attempts_left = factor.pending_tries_left();
        let active = factor.activated(spent, now).ok_or(Refusal::CodeRejected { attempts_left })?;
        let mut factors = self.without_pending(&[]);
        factors.insert(id.clone(), Edit::Write(Box::new(active)));
        let recovery = recovery.map_or(Recovery::Keep, Recovery::Replace);
        Ok(Change { factors, recovery, epoch: Some(self.next_epoch(now)), contact, ..Change::default() })
    }

    /// Gives a factor another name.
    pub fn rename(&self, id: &FactorId, name: FactorName, now: Timestamp) -> Result<Change, Refusal> {
        self.living(id, now)?;
        Ok(Change { factors: [(id.clone(), Edit::Rename(name))].into(), ..Change::default() })
    }

    /// Takes a factor away, and with it every other pending one. With the last active one go the recovery codes. That one stays
    /// while a workspace requires MFA, which is until `required_until` at least.
    pub fn remove(&self, id: &FactorId, required_until: Option<Timestamp>, now: Timestamp) -> Result<Change, Refusal> {
        let factor = self.living(id, now)?;
        let mut factors = self.without_pending(&[]);
        factors.insert(id.clone(), Edit::Remove);
        let last = self.factors.active_ids().all(|other| other == id);
        if let Some(binds_until) = required_until.filter(|_| last && factor.is_active()) {
            return Err(Refusal::LastFactor { binds_until });
        }
        let recovery = if last { Recovery::Remove } else { Recovery::Keep };
        Ok(Change { factors, recovery, epoch: Some(self.next_epoch(now)), ..Change::default() })
    }

    /// Makes an app active that the user has elsewhere. Every pending factor goes, and no recovery codes come: they are for the
    /// user's eyes. An emailed code is dropped. `contact` is kept if no address is yet. `None` where the app was imported already.
    pub fn import(
        &self,
        id: &FactorId,
        factor: Factor,
        contact: Option<Contact>,
        now: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        if self.factors.get(id).is_some_and(Factor::is_active) {
            return Ok(None);
        }
        if self.has_factor() {
            return Err(Refusal::UserHasFactors);
        }
        let mut factors = self.without_pending(&[]);
        factors.insert(id.clone(), Edit::Write(Box::new(factor)));
        let contact = contact.filter(|_| self.contact.is_none());
        let epoch = Some(self.next_epoch(now));
        Ok(Some(Change { factors, epoch, contact, drop_emailed: true, ..Change::default() }))
    }

    /// Clears both counts of wrong codes.
    pub fn unlock(&self) -> Result<Change, Refusal> {
        self.known()?;
        Ok(Change { unlock: true, ..Change::default() })
    }

    /// Takes every factor away, and with them the recovery codes and an emailed one, and clears both counts of wrong codes.
    pub fn reset(&self, now: Timestamp) -> Result<Change, Refusal> {
        self.known()?;
        let factors = self.factors.ids().map(|id| (id.clone(), Edit::Remove)).collect();
        let (recovery, epoch) = (Recovery::Remove, Some(self.next_epoch(now)));
        Ok(Change { factors, recovery, epoch, unlock: true, reset_at: Some(now), ..Change::default() })
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

    /// Refuses what is to be done to a user of whom there is nothing.
    fn known(&self) -> Result<(), Refusal> {
        if self.version == 0 { Err(Refusal::UserNotFound) } else { Ok(()) }
    }

    /// A factor that is active, or can still be activated.
    fn living(&self, id: &FactorId, now: Timestamp) -> Result<&Factor, Refusal> {
        match self.factors.get(id) {
            None => Err(Refusal::FactorNotFound),
            Some(factor) if factor.is_active() || factor.is_live_pending(now) => Ok(factor),
            Some(_) => Err(Refusal::EnrollmentExpired),
        }
    }

    /// The account once `change` is saved.
    #[must_use]
    pub fn after(&self, change: &Change) -> Self {
        let mut after = self.clone();
        after.version += 1;
        after.epoch = change.epoch.unwrap_or(self.epoch);
        for (id, edit) in &change.factors {
            match edit {
                Edit::Write(factor) => {
                    after.factors.insert(id.clone(), factor.as_ref().clone());
                }
                Edit::Rename(name) => {
                    if let Some(factor) = after.factors.get_mut(id) {
                        factor.name = name.clone();
                    }
                }
                Edit::Remove => {
                    after.factors.remove(id);
                }
            }
        }
        match &change.recovery {
            Recovery::Keep => {}
            Recovery::Replace(codes) => after.recovery = Some(codes.clone()),
            Recovery::Remove => after.recovery = None,
        }
        if let Some(contact) = &change.contact {
            after.contact = Some(contact.clone());
        }
        if change.drops_emailed() {
            after.emailed = None;
        }
        after.reset_at = change.reset_at.or(after.reset_at);
        if change.unlock {
            (after.failures, after.recovery_failures) = (0, 0);
        }
        after
    }

    /// The epoch after a change of factors at `now`: later than any before it, also in an account that was erased.
    fn next_epoch(&self, now: Timestamp) -> u64 {
        now.millis().max(self.epoch + 1)
    }

    /// Factors that can still be activated, the oldest first.
    fn pending(&self, now: Timestamp) -> Vec<(&FactorId, &Factor)> {
        let mut pending = self.factors.iter().filter(|(_, factor)| factor.is_live_pending(now)).collect::<Vec<_>>();
        pending.sort_by_key(|(id, factor)| (factor.created_at, *id));
        pending
    }

    /// The removal of every pending factor but `kept`.
    fn without_pending(&self, kept: &[&FactorId]) -> BTreeMap<FactorId, Edit> {
        let pending = self.factors.pending_ids().filter(|id| !kept.contains(id));
        pending.map(|id| (id.clone(), Edit::Remove)).collect()
    }

    /// Makes `codes` the user's recovery codes; the old ones stop working.
    pub fn regenerate(&self, codes: RecoveryCodes) -> Result<Change, Refusal> {
        if !self.has_factor() {
            return Err(Refusal::FactorNotActive);
        }
        Ok(Change { recovery: Recovery::Replace(codes), ..Change::default() })
    }

    /// Guesses that a pending factor still takes.
    pub fn pending_tries_left(&self, id: &FactorId) -> u32 {
        self.factors.get(id).map_or(0, Factor::pending_tries_left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_rises_even_where_the_clock_stands_behind_it() {
        let ahead = Account { epoch: 2_000_000_000_000, ..Account::default() };
        assert_eq!(ahead.next_epoch(Timestamp::from_millis(1_900_000_000_000)), 2_000_000_000_001);
        assert_eq!(ahead.next_epoch(Timestamp::from_millis(2_000_000_000_000)), 2_000_000_000_001);
        assert_eq!(ahead.next_epoch(Timestamp::from_millis(2_000_000_000_002)), 2_000_000_000_002);
    }
}
