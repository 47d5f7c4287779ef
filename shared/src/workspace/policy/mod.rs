//! What workspaces require at a login, and whether it is met. Of several workspaces the strictest wins.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    account::Account,
    base::{clock::Timestamp, error::Refusal, ids::UserId},
    proof::{
        assertion::{LoginReason, MfaStatus},
        factor::{EnrolledBy, Factor, Kind, known_kinds},
    },
};

pub mod binding;
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
    fn in_force(&self, now: Timestamp) -> bool {
        self.rules.required && self.required_from.is_none_or(|from| from <= now)
    }
}

/// What all of a login's workspaces require together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Whether any requires MFA already.
    required: bool,
    /// When the next one will.
    required_from: Option<Timestamp>,
    /// The kinds that all who require MFA already allow.
    allowed: BTreeSet<Kind>,
    /// The kinds that those who will allow too.
    allowed_soon: BTreeSet<Kind>,
    /// Whether all who require MFA already allow emailed codes.
    email: bool,
}

impl Requirements {
    /// The strictest of each. A policy that does not require MFA has no effect.
    pub fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>, now: Timestamp) -> Self {
        let kinds = BTreeSet::from(Kind::ALL);
        let mut all =
            Self { required: false, required_from: None, allowed: kinds.clone(), allowed_soon: kinds, email: true };
        for policy in policies.into_iter().filter(|policy| policy.rules.required) {
            let allowed = &policy.rules.allowed_factors;
            all.allowed_soon.retain(|kind| *kind == Kind::Totp || allowed.contains(kind));
            if policy.in_force(now) {
                all.required = true;
                all.allowed.retain(|kind| *kind == Kind::Totp || allowed.contains(kind));
                all.email &= policy.rules.allow_email_recovery;
            } else {
                all.required_from = [all.required_from, policy.required_from].into_iter().flatten().min();
            }
        }
        all
    }

    /// Whether MFA is required already: then nobody may be without.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The kinds that may be enrolled now.
    pub fn methods(&self) -> Vec<Kind> {
        self.allowed_soon.iter().copied().collect()
    }

    /// Whether a factor of `kind` may be enrolled now.
    pub fn may_enrol(&self, kind: Kind) -> bool {
        self.allowed_soon.contains(&kind)
    }

    /// Refuses to begin a factor of a `kind` that may not be enrolled.
    pub fn require_kind(&self, kind: Kind) -> Result<(), Refusal> {
        if self.may_enrol(kind) { Ok(()) } else { Err(Refusal::NotAllowedByWorkspace) }
    }

    /// Refuses to go on with the enrollment of a pending `factor` that may not be enrolled.
    pub fn require_enrollable(&self, factor: &Factor) -> Result<(), Refusal> {
        if self.trusts(factor) { self.require_kind(factor.kind()) } else { Err(Refusal::NotAllowedByWorkspace) }
    }

    /// Refuses a code by email where it may not be.
    pub fn require_email(&self) -> Result<(), Refusal> {
        if self.allow_email() { Ok(()) } else { Err(Refusal::NotAllowedByWorkspace) }
    }

    /// Whether a code may be emailed.
    pub fn allow_email(&self) -> bool {
        self.email
    }

    /// Whether a factor is good for logging in: active, of a kind that is allowed, and not begun with an emailed code where
    /// those are forbidden.
    pub fn is_usable(&self, factor: &Factor) -> bool {
        factor.is_active() && self.allowed.contains(&factor.kind()) && self.trusts(factor)
    }

    /// Whether an active factor proves who its user is. One of a kind that is forbidden does, for enrolling another, where there
    /// is no usable one.
    pub fn lets_prove(&self, factor: &Factor, account: &Account) -> bool {
        self.is_usable(factor) || (factor.is_active() && self.trusts(factor) && !self.has_usable(account))
    }

    /// What a code of an active factor proves. One that is not usable, and that proves at all, is good for enrolling another.
    pub fn status_by_factor(&self, factor: &Factor, account: &Account) -> Result<MfaStatus, Refusal> {
        let status = MfaStatus::by_factor(factor);
        match (self.is_usable(factor), self.lets_prove(factor, account)) {
            (true, _) => Ok(status),
            (false, true) => Ok(status.to_enroll_only()),
            (false, false) => Err(Refusal::NotAllowedByWorkspace),
        }
    }

    /// What a recovery code or an emailed one proves, by this method. For a user without a usable factor it is good for
    /// enrolling one.
    pub fn status_recovered(&self, method: &str, account: &Account) -> MfaStatus {
        let status = MfaStatus::recovered(method);
        if self.has_usable(account) { status } else { status.to_enroll_only() }
    }

    fn trusts(&self, factor: &Factor) -> bool {
        self.email || factor.enrolled_by != EnrolledBy::Email
    }

    /// Whether the user has any that is.
    pub fn has_usable(&self, account: &Account) -> bool {
        account.factors.values().any(|factor| self.is_usable(factor))
    }
}

/// What follows the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A code of one of the user's factors: every time, there are no remembered devices.
    Challenge,
    /// A factor of a kind that is allowed, first.
    Enroll,
    /// Nothing more.
    Allow,
}

/// A decision about a login, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginDecision {
    /// What follows.
    pub decision: Decision,
    /// Why.
    pub reason: LoginReason,
    /// By when the user must have enrolled, where they have grace.
    pub enroll_by: Option<Timestamp>,
}

impl Decision {
    /// The decision about a login by SSO, whatever is required: the user's MFA is at their identity provider.
    pub const fn by_sso() -> LoginDecision {
        LoginDecision { decision: Self::Allow, reason: LoginReason::Sso, enroll_by: None }
    }

    /// The decision about a login to `account` by password, in this order. Pending factors never count.
    pub fn of(account: &Account, requirements: &Requirements) -> LoginDecision {
        let decided = |decision, reason| LoginDecision { decision, reason, enroll_by: None };
        if requirements.has_usable(account) {
            decided(Self::Challenge, LoginReason::MfaEnabled)
        } else if account.has_factor() {
            decided(Self::Enroll, LoginReason::MethodNotAllowed)
        } else if requirements.required {
            decided(Self::Enroll, LoginReason::RequiredByWorkspace)
        } else if let Some(enroll_by) = requirements.required_from {
            LoginDecision { enroll_by: Some(enroll_by), ..decided(Self::Allow, LoginReason::GracePeriod) }
        } else {
            decided(Self::Allow, LoginReason::MfaNotEnabled)
        }
    }

    /// The decision as the contract spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Enroll => "enroll",
            Self::Allow => "allow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::clock::Timestamp,
        proof::factor::{FactorId, Progress, Status},
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const LATER: Timestamp = Timestamp::from_seconds(1_800_086_400);

    fn factor(kind: &str, status: Status) -> Factor {
        let phone = r#"{"hint":"+1 ••• ••• 0123","number_digest":"n","exchange_digest":"e"}"#;
        let phone = if kind == "sms" { format!(r#","phone":{phone}"#) } else { String::new() };
        let json = format!(
            r#"{{"kind":"{kind}","status":"pending","name":"x","created_at":1800000000000,"sealed":[]{phone}}}"#
        );
        let begun: Factor = serde_json::from_str(&json).unwrap();
        let progress = if status == Status::Active { Progress::Active { since: NOW } } else { begun.progress };
        Factor { progress, ..begun }
    }

    fn account(factors: &[(&str, Status)]) -> Account {
        let id = |index: usize| FactorId::new(NOW, [u8::try_from(index).unwrap(); 10]);
        let factors = factors.iter().enumerate().map(|(index, (kind, status))| (id(index), factor(kind, *status)));
        Account { factors: factors.collect(), ..Account::default() }
    }

    fn policy(required_from: Option<Timestamp>, allowed: &[Kind]) -> Policy {
        let rules = PolicyRules {
            required: required_from.is_some(),
            allowed_factors: allowed.iter().copied().collect(),
            ..PolicyRules::default()
        };
        Policy { rules, required_from, ..Policy::default() }
    }

    /// A situation (account, policies) and what follows: the decision, its reason, how many methods.
    type Case<'a> = (&'a Account, &'a [&'a Policy], &'a str, &'a str, usize);

    #[test]
    fn the_table_of_cases() {
        use Status::{Active, Pending};
        let all = Kind::ALL;
        let (none, app, phone) = (account(&[]), account(&[("totp", Active)]), account(&[("sms", Active)]));
        let both = account(&[("totp", Active), ("sms", Active)]);
        let pending = account(&[("totp", Pending), ("sms", Pending)]);
        let (off, soon, on) = (policy(None, &all), policy(Some(LATER), &all), policy(Some(NOW), &all));
        let later = policy(Some(LATER.plus(DAY)), &all);
        let (off_app, soon_app, on_app) =
            (policy(None, &[Kind::Totp]), policy(Some(LATER), &[Kind::Totp]), policy(Some(NOW), &[Kind::Totp]));
        let cases: &[Case<'_>] = &[
            // No workspaces, or none that requires anything.
            (&none, &[], "allow", "mfa_not_enabled", 2),
            (&none, &[&off], "allow", "mfa_not_enabled", 2),
            (&none, &[&off_app], "allow", "mfa_not_enabled", 2),
            (&pending, &[], "allow", "mfa_not_enabled", 2),
            (&app, &[], "challenge", "mfa_enabled", 2),
            (&phone, &[&off_app], "challenge", "mfa_enabled", 2),
            // One that will.
            (&none, &[&soon], "allow", "grace_period", 2),
            (&pending, &[&soon], "allow", "grace_period", 2),
            (&none, &[&soon_app], "allow", "grace_period", 1),
            (&phone, &[&soon_app], "challenge", "mfa_enabled", 1),
            // One that does.
            (&none, &[&on], "enroll", "required_by_workspace", 2),
            (&pending, &[&on], "enroll", "required_by_workspace", 2),
            (&app, &[&on], "challenge", "mfa_enabled", 2),
            (&phone, &[&on], "challenge", "mfa_enabled", 2),
            (&phone, &[&on_app], "enroll", "method_not_allowed", 1),
            (&both, &[&on_app], "challenge", "mfa_enabled", 1),
            // Several: the strictest wins.
            (&none, &[&off, &soon], "allow", "grace_period", 2),
            (&none, &[&soon, &later], "allow", "grace_period", 2),
            (&none, &[&later, &soon], "allow", "grace_period", 2),
            (&none, &[&soon, &on], "enroll", "required_by_workspace", 2),
            (&phone, &[&on, &soon_app], "challenge", "mfa_enabled", 1),
            (&phone, &[&on, &on_app], "enroll", "method_not_allowed", 1),
            (&phone, &[&on, &off_app], "challenge", "mfa_enabled", 2),
        ];
        for (index, (account, policies, decision, reason, methods)) in cases.iter().enumerate() {
            let requirements = Requirements::of(policies.iter().copied(), NOW);
            let decided = Decision::of(account, &requirements);
            let spelled = serde_json::to_value(decided.reason).unwrap();
            assert_eq!((decided.decision.name(), spelled), (*decision, (*reason).into()), "case {index}");
            assert_eq!(decided.enroll_by, (*reason == "grace_period").then_some(LATER), "case {index}");
            assert_eq!(requirements.methods().len(), *methods, "case {index}");
        }
    }

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
