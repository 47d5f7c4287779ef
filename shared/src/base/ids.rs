//! Ids of users and workspaces, from the login token. They become parts of table keys and encryption contexts. A text
//! that does not fit there can't become an id.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A user's id, the login token's `sub`: 1 to 255 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

impl UserId {
    /// Whether `text` is a valid id of a user.
    pub fn is_one(text: &str) -> bool {
        (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidId;

    fn try_from(id: String) -> Result<Self, InvalidId> {
        if Self::is_one(&id) { Ok(Self(id)) } else { Err(InvalidId) }
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A workspace's id, never a name that somebody chose: 1 to 64 of `[A-Za-z0-9._:-]`. A workspace is a tenant of the
/// app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkspaceId(String);

impl TryFrom<String> for WorkspaceId {
    type Error = InvalidId;

    fn try_from(id: String) -> Result<Self, InvalidId> {
        let allowed = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
        if (1..=64).contains(&id.len()) && allowed { Ok(Self(id)) } else { Err(InvalidId) }
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<WorkspaceId> for String {
    fn from(id: WorkspaceId) -> Self {
        id.0
    }
}

/// The error of a text that is not a valid id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_1_to_255_printable_ascii_characters() {
        for good in ["a", "auth0|5f7c8ec7c33c6c004bbafe82", "a b~", &"x".repeat(255)] {
            assert!(UserId::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "a\u{7f}", "é", &"x".repeat(256)] {
            assert_eq!(UserId::try_from(bad.to_owned()), Err(InvalidId), "{bad:?}");
        }
    }

    #[test]
    fn a_workspace_is_1_to_64_characters_that_no_rendering_can_split() {
        for good in ["w1", "acme.eu:prod-2_x", &"x".repeat(64)] {
            assert!(WorkspaceId::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a b", "[a", "a,b", "a#b", "é", &"x".repeat(65)] {
            assert_eq!(WorkspaceId::try_from(bad.to_owned()), Err(InvalidId), "{bad:?}");
        }
    }
}
