//! The login token, as a caller is known by it.

use std::fmt;

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        ids::{UserId, WorkspaceId},
    },
    proof::code::SHORTEST_LIFE,
};

/// Whether a login came by SSO: then the user has MFA at their identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sso {
    /// It did not.
    No,
    /// It did, and vouches for these of the user's workspaces.
    Yes(Vec<WorkspaceId>),
}

/// What a login token says. Printed, it says who it is, and no address.
pub struct LoginToken {
    /// The user: `sub`.
    pub user: UserId,
    /// Their email address, if the token has one.
    pub email: Option<String>,
    /// Whether the identity provider has verified that address.
    pub email_verified: bool,
    /// The workspaces that the user is in.
    pub workspaces: Vec<WorkspaceId>,
    /// Those that the user owns; they need not be among the others.
    pub owned_workspaces: Vec<WorkspaceId>,
    /// Whether the login came by SSO.
    pub sso: Sso,
    /// When the user's password was last reset, if the token tells.
    pub password_reset_at: Option<Timestamp>,
    /// When the user logged in: `auth_time` (OpenID Connect Core section 2), else `iat`, if the token tells.
    pub logged_in_at: Option<Timestamp>,
    /// When the token ends: `exp`.
    pub expires_at: Option<Timestamp>,
}

impl LoginToken {
    /// Whether the login came by SSO.
    pub fn by_sso(&self) -> bool {
        self.sso != Sso::No
    }

    /// Until when a code is good that is sent now and `expires` by itself: it is of this login, which ends too.
    pub fn ends_with(&self, expires: Timestamp) -> Timestamp {
        self.expires_at.map_or(expires, |end| end.min(expires))
    }

    /// Refuses to send a code for a login that ends before the code could be typed.
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
