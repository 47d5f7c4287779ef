//! The keys of the table's items.

use crate::{
    aws::item::{Item, string},
    base::{
        error::Fault,
        ids::{UserId, WorkspaceId},
    },
};

/// The key of an item.
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

    /// The policy of `workspace`.
    pub fn policy(workspace: &WorkspaceId) -> Self {
        Self { pk: format!("{WORKSPACE}{workspace}"), sk: "POLICY".to_owned() }
    }

    /// The policy of no workspace, which does not exist.
    pub(super) fn nobodys() -> Self {
        Self { pk: WORKSPACE.to_owned(), sk: "POLICY".to_owned() }
    }

    /// The workspace of the policy in `item`.
    pub fn workspace_of(item: &Item) -> Result<WorkspaceId, Fault> {
        let id = item.get("pk").and_then(|pk| pk.as_s().ok()?.strip_prefix(WORKSPACE));
        let id = id.and_then(|id| WorkspaceId::try_from(id.to_owned()).ok());
        id.ok_or(Fault::new("read the workspace of a policy"))
    }

    /// The count of texts for `subject` in `window`.
    pub fn texts(subject: &str, window: &str) -> Self {
        Self { pk: format!("TEXTS#{subject}"), sk: window.to_owned() }
    }

    /// The states of `user` that were last written to workspaces.
    pub fn seen(user: &UserId) -> Self {
        Self { pk: format!("USER#{user}"), sk: "SEEN".to_owned() }
    }

    /// The member of `workspace` with this name: the state, which sorts members, then the user. A prefix gives the
    /// place where the names with that prefix begin.
    pub fn member(workspace: &WorkspaceId, name: &str) -> Self {
        Self { pk: format!("MEMBERS#{workspace}"), sk: format!("{MEMBER}{name}") }
    }

    /// The counts of the members of `workspace`, by state.
    pub fn summary(workspace: &WorkspaceId) -> Self {
        Self { pk: format!("MEMBERS#{workspace}"), sk: "SUMMARY".to_owned() }
    }

    pub(super) fn attributes(&self) -> Item {
        [("pk", &self.pk), ("sk", &self.sk)].map(|(name, value)| (name.to_owned(), string(value))).into()
    }
}

/// The prefix of a policy's partition key.
const WORKSPACE: &str = "WORKSPACE#";
/// The prefix of a member's sort key.
pub(super) const MEMBER: &str = "MEMBER#";
