//! Changes of settings: what each writes of an account, and the rules that make it.

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

/// How many factors may be pending at once; one more replaces the oldest.
const PENDING_LIMIT: usize = 3;

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

    /// Makes `codes` the user's recovery codes; the old ones stop working.
    pub fn regenerate(&self, codes: RecoveryCodes) -> Result<Change, Refusal> {
        if !self.has_factor() {
            return Err(Refusal::FactorNotActive);
        }
        Ok(Change { recovery: Recovery::Replace(codes), ..Change::default() })
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

    /// Refuses what is to be done to a user of whom there is nothing.
    fn known(&self) -> Result<(), Refusal> {
        if self.version == 0 { Err(Refusal::UserNotFound) } else { Ok(()) }
    }

    /// The removal of every pending factor but `kept`.
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
