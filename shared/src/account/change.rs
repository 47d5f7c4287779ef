//! Changes of settings: the rules for each, and what it writes.

use std::collections::BTreeMap;

use crate::{
    account::Account,
    base::{clock::Timestamp, error::Refusal},
    channel::email::contact::Contact,
    proof::{
        factor::{Factor, FactorId, FactorName, Spent},
        recovery_codes::RecoveryCodes,
    },
};

/// How many factors can be pending at once. One more replaces the oldest.
const PENDING_LIMIT: usize = 3;

/// What a change of settings writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The edits of factors.
    pub factors: BTreeMap<FactorId, Edit>,
    /// The edit of the recovery codes.
    pub recovery: Recovery,
    /// The new epoch, if it rises.
    pub epoch: Option<u64>,
    /// The new recovery address, if it changes.
    pub contact: Option<Contact>,
    /// Whether to drop the emailed code. See [`Change::drops_emailed`] for other reasons.
    pub drop_emailed: bool,
    /// Whether to clear both counts of wrong codes. Only operators do.
    pub unlock: bool,
    /// When an operator removed every factor, if this change is a reset.
    pub reset_at: Option<Timestamp>,
}

/// What a change does to one factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Writes the whole factor: it is new, or was pending.
    Write(Box<Factor>),
    /// Writes only its name.
    Rename(FactorName),
    /// Removes it.
    Remove,
}

/// What a change does to the recovery codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing.
    #[default]
    Keep,
    /// Replaces them.
    Replace(RecoveryCodes),
    /// Removes them and the emailed code.
    Remove,
}

impl Change {
    /// Whether to drop the emailed code. A code sent to the previous recovery address must not restore that address.
    pub fn drops_emailed(&self) -> bool {
        self.drop_emailed || self.contact.is_some() || self.recovery == Recovery::Remove
    }
}

impl Account {
    /// Begins `factor`, which is then pending. Drops expired pending factors, and the oldest one if there are too many.
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

    /// Activates a pending factor with the code in `spent`. Removes every other pending factor: an attacker with a
    /// stolen password could have begun it, to activate it after the user enrolls. `recovery` is for the first factor.
    /// `contact` is the new recovery address, if any.
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

    /// Renames a factor.
    pub fn rename(&self, id: &FactorId, name: FactorName, now: Timestamp) -> Result<Change, Refusal> {
        self.living(id, now)?;
        Ok(Change { factors: [(id.clone(), Edit::Rename(name))].into(), ..Change::default() })
    }

    /// Removes a factor, and every other pending one. Removing the last active factor removes the recovery codes too.
    /// The last active factor can't be removed while a workspace requires MFA, at least until `required_until`.
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

    /// Imports an authenticator app as an active factor. Removes every pending factor and the emailed code. Creates no
    /// recovery codes, because only the user may see them. Stores `contact` if there is no recovery address. `None` if
    /// the app was imported before.
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

    /// Removes every factor, the recovery codes and the emailed code, and clears both counts of wrong codes.
    pub fn reset(&self, now: Timestamp) -> Result<Change, Refusal> {
        self.known()?;
        let factors = self.factors.ids().map(|id| (id.clone(), Edit::Remove)).collect();
        let (recovery, epoch) = (Recovery::Remove, Some(self.next_epoch(now)));
        Ok(Change { factors, recovery, epoch, unlock: true, reset_at: Some(now), ..Change::default() })
    }

    /// Replaces the recovery codes by `codes`.
    pub fn regenerate(&self, codes: RecoveryCodes) -> Result<Change, Refusal> {
        if !self.has_factor() {
            return Err(Refusal::FactorNotActive);
        }
        Ok(Change { recovery: Recovery::Replace(codes), ..Change::default() })
    }

    /// The account after `change`.
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

    /// The epoch after a change of factors at `now`, in Unix milliseconds. It is higher than any earlier one, even
    /// after an erase.
    fn next_epoch(&self, now: Timestamp) -> u64 {
        now.millis().max(self.epoch + 1)
    }

    /// Refuses an operator's change if the user has no account.
    fn known(&self) -> Result<(), Refusal> {
        if self.version == 0 { Err(Refusal::UserNotFound) } else { Ok(()) }
    }

    /// Removes every pending factor except `kept`.
    fn without_pending(&self, kept: &[&FactorId]) -> BTreeMap<FactorId, Edit> {
        let pending = self.factors.pending_ids().filter(|id| !kept.contains(id));
        pending.map(|id| (id.clone(), Edit::Remove)).collect()
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
