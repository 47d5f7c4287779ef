//! What a user's client knows of their codes, and how many failures can have been counted. Each code is accepted at
//! most once, and refused as used only if it may have been used.

use std::collections::BTreeMap;

/// The uses of one thing that can be spent: a time step of an app, a texted code, a recovery code, a pending factor.
#[derive(Clone, Copy, Default)]
pub struct Uses {
    /// Answers that accepted it.
    pub accepted: usize,
    /// Requests whose answer was lost. Each may have been accepted.
    pub lost: usize,
    /// Whether an answer said that it is spent.
    pub spent: bool,
}

/// The counter of attempts at a code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// The user's failures.
    Factors,
    /// The user's failures at recovery codes.
    Recovery,
    /// The pending factor's own attempts.
    Pending,
}

/// The highest possible value of each of a user's counters.
#[derive(Default)]
pub struct Failures {
    factors: usize,
    recovery: usize,
}

impl Failures {
    pub fn of(&self, counter: Counter) -> usize {
        match counter {
            Counter::Factors => self.factors,
            Counter::Recovery => self.recovery,
            Counter::Pending => 0,
        }
    }

    /// Counts attempts that were sent. An accepted one clears the count, but the others may come after it.
    pub fn count(&mut self, counter: Counter, cleared: bool, sent: usize) {
        match counter {
            Counter::Factors if cleared => self.factors = sent - 1,
            Counter::Factors => self.factors += sent,
            Counter::Recovery if cleared => *self = Self { factors: 0, recovery: sent - 1 },
            Counter::Recovery => self.recovery += sent,
            Counter::Pending => {}
        }
    }
}

/// A user's codes, by what they spend.
#[derive(Default)]
pub struct Ledger(BTreeMap<String, Uses>);

impl Ledger {
    pub fn of(&self, what: &str) -> Uses {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Records the answers to a code. Returns an error if they break a rule.
    pub fn note(&mut self, what: &str, accepted: usize, used: bool, lost: usize) -> Result<(), &'static str> {
        let known = self.0.entry(what.to_owned()).or_default();
        let was_spent = known.spent;
        known.accepted += accepted;
        known.lost += lost;
        known.spent |= accepted > 0 || used;
        match *known {
            Uses { accepted: 2.., .. } => Err("was accepted twice"),
            _ if was_spent && accepted > 0 => Err("was accepted though it was said to be used"),
            Uses { accepted: 0, lost: 0, .. } if used => Err("was refused as used, and nobody had used it"),
            _ => Ok(()),
        }
    }

    /// Every code that was presented.
    pub fn all(&self) -> impl Iterator<Item = &Uses> {
        self.0.values()
    }
}
