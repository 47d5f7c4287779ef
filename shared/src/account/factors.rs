//! The factors of one account, with those that this release can't read.
//!
//! A release before passkeys must serve an account with a passkey. Otherwise a rollback locks its user out. So a row of
//! a factor that this release can't read is not a fault. Such a factor is *foreign*. Nobody can see, use, rename or
//! remove it by its id. Only a reset or an erase removes an active one.
//!
//! An active foreign factor counts wherever it matters that the user has MFA:
//!
//! - The password alone never logs the user in. [`crate::workspace::policy::decision::Decision::of`] has the rules.
//! - The user needs an assertion to begin another factor.
//! - The recovery codes stay when the user removes the last factor that this release can read.
//! - An operator can't import an authenticator app.
//!
//! A change that removes other pending factors removes a pending foreign one too.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};

use crate::proof::factor::{Factor, FactorId, Status};

/// An account's factors, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<FactorId, Entry>")]
pub struct Factors {
    known: BTreeMap<FactorId, Factor>,
    foreign: BTreeMap<FactorId, Status>,
}

/// A factor's row: the first of these variants that can be read.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Known(Box<Factor>),
    ForeignPending {
        #[serde(rename = "status")]
        _status: Pending,
    },
    /// Any other status. An unknown one must not mean that the user has no MFA.
    ForeignActive(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Pending {
    Pending,
}

impl From<BTreeMap<FactorId, Entry>> for Factors {
    fn from(entries: BTreeMap<FactorId, Entry>) -> Self {
        let mut factors = Self::default();
        for (id, entry) in entries {
            match entry {
                Entry::Known(factor) => _ = factors.known.insert(id, *factor),
                Entry::ForeignPending { .. } => _ = factors.foreign.insert(id, Status::Pending),
                Entry::ForeignActive(_) => _ = factors.foreign.insert(id, Status::Active),
            }
        }
        factors
    }
}

impl FromIterator<(FactorId, Factor)> for Factors {
    fn from_iter<I: IntoIterator<Item = (FactorId, Factor)>>(factors: I) -> Self {
        Self { known: factors.into_iter().collect(), foreign: BTreeMap::new() }
    }
}

impl Factors {
    /// The factor `id`. `None` if it is foreign or does not exist.
    pub fn get(&self, id: &FactorId) -> Option<&Factor> {
        self.known.get(id)
    }

    /// The same, mutable.
    pub fn get_mut(&mut self, id: &FactorId) -> Option<&mut Factor> {
        self.known.get_mut(id)
    }

    /// The factors that this release can read, with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&FactorId, &Factor)> {
        self.known.iter()
    }

    /// The factors that this release can read.
    pub fn values(&self) -> impl Iterator<Item = &Factor> {
        self.known.values()
    }

    /// The ids of all factors, also foreign ones.
    pub fn ids(&self) -> impl Iterator<Item = &FactorId> {
        self.statuses().map(|(id, _)| id)
    }

    /// The ids of active factors, also foreign ones.
    pub fn active_ids(&self) -> impl Iterator<Item = &FactorId> {
        self.statuses().filter(|(_, status)| *status == Status::Active).map(|(id, _)| id)
    }

    /// The ids of pending factors, also foreign ones.
    pub fn pending_ids(&self) -> impl Iterator<Item = &FactorId> {
        self.statuses().filter(|(_, status)| *status == Status::Pending).map(|(id, _)| id)
    }

    fn statuses(&self) -> impl Iterator<Item = (&FactorId, Status)> {
        let known = self.known.iter().map(|(id, factor)| (id, factor.status()));
        known.chain(self.foreign.iter().map(|(id, status)| (id, *status)))
    }

    /// Inserts or replaces the factor `id`.
    pub fn insert(&mut self, id: FactorId, factor: Factor) {
        self.known.insert(id, factor);
    }

    /// Removes the factor `id`. Returns it if this release can read it.
    pub fn remove(&mut self, id: &FactorId) -> Option<Factor> {
        self.foreign.remove(id);
        self.known.remove(id)
    }
}
