//! The factors of one account, those included that this release can't read.
//!
//! A release before passkeys must serve an account with a passkey. Otherwise a rollback locks its user out. So a row of a factor
//! that this release can't read is not a fault. Such a factor is *foreign*. Nobody sees, uses, renames or removes it by its id, and
//! no write but a reset names an active one.
//!
//! An active foreign factor counts wherever it matters that the user has MFA:
//!
//! - The password alone never lets the user in: [`crate::workspace::policy::decision::Decision::of`] says what does.
//! - The user begins another factor with an assertion only.
//! - The recovery codes stay when the user removes the last factor that this release can read.
//! - An operator imports nothing.
//!
//! A pending foreign factor goes where other pending ones go.

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

/// What the table has of a factor: the first of these that can be read.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Known(Box<Factor>),
    ForeignPending {
        #[serde(rename = "status")]
        _status: Pending,
    },
    /// Of any other status, so that an unknown one never means that the user has no MFA.
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
    /// The factor `id`; `None` where it is foreign, as where there is none.
    pub fn get(&self, id: &FactorId) -> Option<&Factor> {
        self.known.get(id)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: &FactorId) -> Option<&mut Factor> {
        self.known.get_mut(id)
    }

    /// The factors that can be read, with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&FactorId, &Factor)> {
        self.known.iter()
    }

    /// The factors that can be read.
    pub fn values(&self) -> impl Iterator<Item = &Factor> {
        self.known.values()
    }

    /// The ids of all of them, those of foreign ones included.
    pub fn ids(&self) -> impl Iterator<Item = &FactorId> {
        self.statuses().map(|(id, _)| id)
    }

    /// The ids of the active ones, those of foreign ones included.
    pub fn active_ids(&self) -> impl Iterator<Item = &FactorId> {
        self.statuses().filter(|(_, status)| *status == Status::Active).map(|(id, _)| id)
    }

    /// The ids of the pending ones, those of foreign ones included.
    pub fn pending_ids(&self) -> impl Iterator<Item = &FactorId> {
        self.statuses().filter(|(_, status)| *status == Status::Pending).map(|(id, _)| id)
    }

    fn statuses(&self) -> impl Iterator<Item = (&FactorId, Status)> {
        let known = self.known.iter().map(|(id, factor)| (id, factor.status()));
        known.chain(self.foreign.iter().map(|(id, status)| (id, *status)))
    }

    /// Puts a factor at `id`.
    pub fn insert(&mut self, id: FactorId, factor: Factor) {
        self.known.insert(id, factor);
    }

    /// Takes away what is at `id`; returns the factor if it can be read.
    pub fn remove(&mut self, id: &FactorId) -> Option<Factor> {
        self.foreign.remove(id);
        self.known.remove(id)
    }
}
