//! What one workspace requires at a login.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    base::{clock::Timestamp, ids::UserId},
    proof::factor::{Kind, known_kinds},
};

pub mod binding;
pub mod decision;
pub mod requirements;
pub mod store;

/// The most days of grace.
pub const LONGEST_GRACE: u16 = 30;
const DAY: Duration = Duration::from_hours(24);

/// What one workspace requires. One that never set a policy has the default one, at version 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Of the last change.
    pub version: u64,
    /// What its owner set.
    #[serde(flatten)]
    pub rules: PolicyRules,
    /// From when on MFA is required, where it is.
    pub required_from: Option<Timestamp>,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
    /// And when.
    pub updated_at: Option<Timestamp>,
}

/// What an owner sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRules {
    /// Whether everyone in the workspace needs MFA.
    pub required: bool,
    /// How many days they have from when that was first required: 0 to 30.
    pub grace_days: u16,
    /// By which kinds of factor; authenticator apps are always among them.
    #[serde(deserialize_with = "known_kinds")]
    pub allowed_factors: BTreeSet<Kind>,
    /// Whether a code may be emailed to who has lost their device.
    pub allow_email_recovery: bool,
}

impl Default for PolicyRules {
    fn default() -> Self {
        Self { required: false, grace_days: 7, allowed_factors: Kind::ALL.into(), allow_email_recovery: true }
    }
}

/// Which way a change of a policy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More is asked for in some way, and less in none.
    Raised,
    /// Less is asked for in some way.
    Lowered,
    /// Neither.
    Same,
}

impl Policy {
    /// The policy once `by` has set `rules`. Grace is counted from when MFA was first required: a change of anything
    /// else moves no date.
    #[must_use]
    pub fn changed(&self, rules: PolicyRules, by: &UserId, now: Timestamp) -> Self {
        let grace = |days: u16| DAY * u32::from(days);
        let since = self.required_from.map_or(now, |from| from.minus(grace(self.rules.grace_days)));
        let required_from = rules.required.then(|| since.plus(grace(rules.grace_days)));
        Self { version: self.version + 1, rules, required_from, updated_by: Some(by.clone()), updated_at: Some(now) }
    }

    /// Which way the change to `next` goes.
    pub fn direction(&self, next: &Self) -> Direction {
        let (before, after) = (&self.rules, &next.rules);
        let lowered = [
            before.required && !after.required,
            before.required && self.required_from < next.required_from,
            !after.allowed_factors.is_subset(&before.allowed_factors),
            !before.allow_email_recovery && after.allow_email_recovery,
        ];
        let without_effect = !before.required && !after.required;
        if without_effect {
            Direction::Same
        } else if lowered.contains(&true) {
            Direction::Lowered
        } else if before == after {
            Direction::Same
        } else {
            Direction::Raised
        }
    }

    /// Whether it requires MFA already.
    pub(super) fn in_force(&self, now: Timestamp) -> bool {
        self.rules.required && self.required_from.is_none_or(|from| from <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn a_change_lowers_if_it_asks_for_less_in_any_way() {
        let by = UserId::try_from("boss".to_owned()).unwrap();
        let base = Policy::default().changed(PolicyRules { required: true, ..PolicyRules::default() }, &by, NOW);
        let direction = |rules: PolicyRules| base.direction(&base.changed(rules, &by, NOW));
        let rules = || PolicyRules { required: true, ..PolicyRules::default() };
        let only_apps = || [Kind::Totp].into();
        assert_eq!(Policy::default().direction(&base), Direction::Raised);
        let lax = Policy::default().changed(PolicyRules { grace_days: 30, ..PolicyRules::default() }, &by, NOW);
        assert_eq!(Policy::default().direction(&lax), Direction::Same, "what requires nothing has no effect");
        assert_eq!(direction(rules()), Direction::Same);
        assert_eq!(direction(PolicyRules::default()), Direction::Lowered);
        assert_eq!(direction(PolicyRules { grace_days: 8, ..rules() }), Direction::Lowered);
        assert_eq!(direction(PolicyRules { grace_days: 6, ..rules() }), Direction::Raised);
        assert_eq!(direction(PolicyRules { allowed_factors: only_apps(), ..rules() }), Direction::Raised);
        assert_eq!(direction(PolicyRules { allow_email_recovery: false, ..rules() }), Direction::Raised);
        assert_eq!(
            direction(PolicyRules { allowed_factors: only_apps(), required: false, ..rules() }),
            Direction::Lowered
        );
        let strict = base.changed(
            PolicyRules { allowed_factors: only_apps(), allow_email_recovery: false, ..rules() },
            &by,
            NOW,
        );
        assert_eq!(
            strict.direction(&strict.changed(PolicyRules { allowed_factors: only_apps(), ..rules() }, &by, NOW)),
            Direction::Lowered
        );
        assert_eq!(
            strict.direction(&strict.changed(PolicyRules { allow_email_recovery: false, ..rules() }, &by, NOW)),
            Direction::Lowered
        );
    }
}
