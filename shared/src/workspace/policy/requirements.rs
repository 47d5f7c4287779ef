//! The requirements of all workspaces of a login together, and checks against them. The strictest wins.

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

/// The requirements of all workspaces of a login together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Whether any workspace requires MFA now.
    pub(super) required: bool,
    /// When the next workspace will require it.
    pub(super) required_from: Option<Timestamp>,
    /// The kinds allowed by all workspaces that require MFA now.
    allowed: BTreeSet<Kind>,
    /// The kinds allowed by these, and by those that will require MFA later.
    allowed_soon: BTreeSet<Kind>,
    /// Whether all workspaces that require MFA now allow emailed codes.
    email: bool,
}

impl Requirements {
    /// Combines `policies` by the strictest value of each rule. A policy that does not require MFA has no effect.
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

    /// Returns whether MFA is required now.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Returns the kinds that may be enrolled now.
    pub fn methods(&self) -> Vec<Kind> {
        self.allowed_soon.iter().copied().collect()
    }

    /// Returns whether a factor of `kind` may be enrolled now.
    pub fn may_enroll(&self, kind: Kind) -> bool {
        self.allowed_soon.contains(&kind)
    }

    /// Refuses to begin a factor of a `kind` that may not be enrolled.
    pub fn require_kind(&self, kind: Kind) -> Result<(), Refusal> {
        if self.may_enroll(kind) { Ok(()) } else { Err(Refusal::NotAllowedByWorkspace) }
    }

    /// Refuses to continue the enrollment of a pending `factor` that may not be enrolled.
    pub fn require_enrollable(&self, factor: &Factor) -> Result<(), Refusal> {
        if self.trusts(factor) { self.require_kind(factor.kind()) } else { Err(Refusal::NotAllowedByWorkspace) }
    }

    /// Refuses if emailed codes are forbidden.
    pub fn require_email(&self) -> Result<(), Refusal> {
        if self.allow_email() { Ok(()) } else { Err(Refusal::NotAllowedByWorkspace) }
    }

    /// Returns whether a code may be emailed.
    pub fn allow_email(&self) -> bool {
        self.email
    }

    /// Returns whether a factor is valid for logging in. It must be active and of an allowed kind. If emailed codes are
    /// forbidden, it must not have been begun with one.
    pub fn is_usable(&self, factor: &Factor) -> bool {
        factor.is_active() && self.allowed.contains(&factor.kind()) && self.trusts(factor)
    }

    /// Returns whether an active factor proves who its user is. If no factor is usable, one of a forbidden kind does
    /// too, but only for enrolling another.
    pub fn lets_prove(&self, factor: &Factor, account: &Account) -> bool {
        self.is_usable(factor) || (factor.is_active() && self.trusts(factor) && !self.has_usable(account))
    }

    /// Returns the status after a code of an active factor. If the factor is not usable but proves who its user is, the
    /// status is valid only for enrolling another.
    pub fn status_by_factor(&self, factor: &Factor, account: &Account) -> Result<MfaStatus, Refusal> {
        let status = MfaStatus::by_factor(factor);
        match (self.is_usable(factor), self.lets_prove(factor, account)) {
            (true, _) => Ok(status),
            (false, true) => Ok(status.to_enroll_only()),
            (false, false) => Err(Refusal::NotAllowedByWorkspace),
        }
    }

    /// Returns the status after a recovery code or an emailed code. For a user without a usable factor, it is valid
    /// only for enrolling one.
    pub fn status_recovered(&self, method: &str, account: &Account) -> MfaStatus {
        let status = MfaStatus::recovered(method);
        if self.has_usable(account) { status } else { status.to_enroll_only() }
    }

    fn trusts(&self, factor: &Factor) -> bool {
        self.email || factor.enrolled_by != EnrolledBy::Email
    }

    /// Returns whether the user has a usable factor.
    pub fn has_usable(&self, account: &Account) -> bool {
        account.factors.values().any(|factor| self.is_usable(factor))
    }
}
