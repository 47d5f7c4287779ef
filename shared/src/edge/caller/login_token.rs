//! The content of a login token.

use std::fmt;

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        ids::{UserId, WorkspaceId},
    },
    proof::code::SHORTEST_LIFE,
};

/// Whether a login came by SSO. Then the company's identity provider handles MFA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sso {
    /// The login did not come by SSO.
    No,
    /// The login came by SSO, which vouches for these of the user's workspaces.
    Yes(Vec<WorkspaceId>),
}

/// The content of a login token. Its `Debug` output has the user's id, and no email address.
pub struct LoginToken {
    /// The user: `sub`.
    pub user: UserId,
    /// Their email address, if the token has one.
    pub email: Option<String>,
    /// Whether the identity provider has verified that address.
    pub email_verified: bool,
    /// The user's workspaces.
    pub workspaces: Vec<WorkspaceId>,
    /// The workspaces that the user owns. They need not be in `workspaces`.
    pub owned_workspaces: Vec<WorkspaceId>,
    /// Whether the login came by SSO.
    pub sso: Sso,
    /// The time of the last password reset, if the token has it.
    pub password_reset_at: Option<Timestamp>,
    /// The time of the login: `auth_time` (OpenID Connect Core section 2), or else `iat`.
    pub logged_in_at: Option<Timestamp>,
    /// The time when the token expires: `exp`.
    pub expires_at: Option<Timestamp>,
}

impl LoginToken {
    /// Whether the login came by SSO.
    pub fn by_sso(&self) -> bool {
        self.sso != Sso::No
    }

    /// Returns the expiry of a code that would expire at `expires`. The code expires with its login token at the
    /// latest.
    pub fn ends_with(&self, expires: Timestamp) -> Timestamp {
        self.expires_at.map_or(expires, |end| end.min(expires))
    }

    /// Refuses to send a code if the login token expires before the user could type the code.
    pub fn require_time_for_a_code(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.expires_at {
            Some(end) if end < now.plus(SHORTEST_LIFE) => Err(Refusal::LoginEndsSoon),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginToken").field("user", &self.user).finish_non_exhaustive()
    }
}
