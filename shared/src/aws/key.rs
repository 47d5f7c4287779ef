//! Where each item of the table lies.

use crate::{
    aws::item::{Item, string},
    base::{
        error::Fault,
        ids::{UserId, WorkspaceId},
    },
};

/// Where an item lies.
#[derive(Clone, Debug)]
pub struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    /// The account of `user`.
    pub fn account(user: &UserId) -> Self {
        Self { pk: format!("USER#{user}"), sk: "ACCOUNT".to_owned() }
    }

    /// What `workspace` requires.
    pub fn policy(workspace: &WorkspaceId) -> Self {
        Self { pk: format!("{WORKSPACE}{workspace}"), sk: "POLICY".to_owned() }
    }

    /// The workspace whose policy `item` is.
    pub fn workspace_of(item: &Item) -> Result<WorkspaceId, Fault> {
        let id = item.get("pk").and_then(|pk| pk.as_s().ok()?.strip_prefix(WORKSPACE));
        let id = id.and_then(|id| WorkspaceId::try_from(id.to_owned()).ok());
        id.ok_or(Fault::new("read whose policy it is"))
    }

    /// The texts that were counted for `subject` in `window`.
    pub fn texts(subject: &str, window: &str) -> Self {
        Self { pk: format!("TEXTS#{subject}"), sk: window.to_owned() }
    }

    /// What was last written of `user` to each workspace.
    pub fn seen(user: &UserId) -> Self {
        Self { pk: format!("USER#{user}"), sk: "SEEN".to_owned() }
    }

    /// The member of `workspace` with this name: what they are sorted by, then who they are. Part of a name is where those
    /// begin that start with it.
    pub fn member(workspace: &WorkspaceId, name: &str) -> Self {
        Self { pk: format!("MEMBERS#{workspace}"), sk: format!("{MEMBER}{name}") }
    }

    /// How many members of each sort `workspace` has.
    pub fn summary(workspace: &WorkspaceId) -> Self {
        Self { pk: format!("MEMBERS#{workspace}"), sk: "SUMMARY".to_owned() }
    }

    pub(super) fn attributes(&self) -> Item {
        [("pk", &self.pk), ("sk", &self.sk)].map(|(name, value)| (name.to_owned(), string(value))).into()
    }
}

/// What comes before the workspace that a policy is of.
const WORKSPACE: &str = "WORKSPACE#";
/// What comes before a member's name.
pub(super) const MEMBER: &str = "MEMBER#";
