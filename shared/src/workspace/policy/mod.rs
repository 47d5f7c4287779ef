//! The policy of a workspace: what it requires at a login.

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

/// The most days of grace that a policy can give.
pub const LONGEST_GRACE: u16 = 30;
const DAY: Duration = Duration::from_hours(24);

/// The policy of a workspace. A workspace that never set one has the default, at version 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The version, which rises with each change.
    pub version: u64,
    /// The rules that its owner set.
    #[serde(flatten)]
    pub rules: PolicyRules,
    /// When MFA becomes required, if it does.
    pub required_from: Option<Timestamp>,
    /// The user who changed it last.
    pub updated_by: Option<UserId>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

/// The rules that an owner sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRules {
    /// Whether all members need MFA.
    pub required: bool,
    /// The days of grace, counted from when MFA was first required: 0 to 30.
    pub grace_days: u16,
    /// The allowed kinds of factor. Authenticator apps are always allowed.
    #[serde(deserialize_with = "known_kinds")]
    pub allowed_factors: BTreeSet<Kind>,
    /// Whether a user who lost their device may get an emailed code.
    pub allow_email_recovery: bool,
}

impl Default for PolicyRules {
    fn default() -> Self {
        Self { required: false, grace_days: 7, allowed_factors: Kind::ALL.into(), allow_email_recovery: true }
    }
}

/// The direction of a policy change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The policy requires more in some way, and less in none.
    Raised,
    /// The policy requires less in some way.
    Lowered,
    /// Neither.
    Same,
}

impl Policy {
    /// Returns the policy after `by` has set `rules`. Grace counts from when MFA was first required. A change of other
    /// rules moves no date.
    #[must_use]
    pub fn changed(&self, rules: PolicyRules, by: &UserId, now: Timestamp) -> Self {
        let grace = |days: u16| DAY * u32::from(days);
        let since = self.required_from.map_or(now, |from| from.minus(grace(self.rules.grace_days)));
        let required_from = rules.required.then(|| since.plus(grace(rules.grace_days)));
        Self { version: self.version + 1, rules, required_from, updated_by: Some(by.clone()), updated_at: Some(now) }
    }

    /// Returns the direction of the change to `next`.
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

    /// Returns whether it requires MFA at `now`.
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
