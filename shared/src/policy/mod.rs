//! What is required at a login, and whether it is met.

use crate::account::Account;

/// What follows the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A code of one of the user's factors: every time, there are no remembered devices.
    Challenge,
    /// Nothing more.
    Allow,
}

impl Decision {
    /// The decision about a login to `account`, and its reason as the contract spells it. Who comes by SSO has MFA at
    /// their identity provider. Pending factors never count.
    pub fn of(account: &Account, by_sso: bool) -> (Self, &'static str) {
        if by_sso {
            (Self::Allow, "sso")
        } else if account.has_factor() {
            (Self::Challenge, "mfa_enabled")
        } else {
            (Self::Allow, "mfa_not_enabled")
        }
    }

    /// The decision as the contract spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Allow => "allow",
        }
    }
}
