//! What all of a login's workspaces require together, and whether it is met. The strictest wins.

use std::collections::BTreeSet;

use crate::{
    account::Account,
    base::{clock::Timestamp, error::Refusal},
    proof::{
        assertion::MfaStatus,
        factor::{EnrolledBy, Factor, Kind},
    },
    workspace::policy::Policy,
};

/// What all of a login's workspaces require together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Whether any requires MFA already.
    pub(super) required: bool,
    /// When the next one will.
    pub(super) required_from: Option<Timestamp>,
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
    pub fn may_enroll(&self, kind: Kind) -> bool {
        self.allowed_soon.contains(&kind)
    }

    /// Refuses to begin a factor of a `kind` that may not be enrolled.
    pub fn require_kind(&self, kind: Kind) -> Result<(), Refusal> {
        if self.may_enroll(kind) { Ok(()) } else { Err(Refusal::NotAllowedByWorkspace) }
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
