//! The policies in the table.

use std::collections::BTreeMap;

use crate::{
    aws::{
        clients::Clients,
        item::{self, string},
        key::Key,
        table::{Table, Written},
    },
    base::{
        clock::Timestamp,
        error::{Fault, Refusal, Result},
        ids::WorkspaceId,
        random,
        settings::{SettingError, Settings},
    },
    workspace::policy::{Policy, requirements::Requirements},
};

/// Every workspace's policy.
#[derive(Clone)]
pub struct Policies {
    table: Table,
}

impl Policies {
    /// The policies of the deployment's table.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { table: Table::new(settings, aws)? })
    }

    /// The policy of `workspace`.
    pub async fn load(&self, workspace: &WorkspaceId) -> Result<Policy, Fault> {
        self.table.get(&Key::policy(workspace)).await?.map_or_else(|| Ok(Policy::default()), item::read)
    }

    /// What `workspaces` require together. For none, nothing is read.
    pub async fn requirements(&self, workspaces: &[WorkspaceId], now: Timestamp) -> Result<Requirements, Fault> {
        Ok(Requirements::of(self.load_all(workspaces).await?.values(), now))
    }

    /// The policies of `workspaces` that were ever set. For none, nothing is read.
    pub(super) async fn load_all(
        &self,
        workspaces: impl IntoIterator<Item = &WorkspaceId>,
    ) -> Result<BTreeMap<WorkspaceId, Policy>, Fault> {
        let keys: Vec<_> = workspaces.into_iter().map(Key::policy).collect();
        let items = self.table.get_all(&keys).await?.into_iter();
        items.map(|item| Ok((Key::workspace_of(&item)?, item::read(item)?))).collect()
    }

    /// Saves `next`, made from `read`, if no other change came first.
    pub async fn save(&self, workspace: &WorkspaceId, read: &Policy, next: &Policy) -> Result<()> {
        let by = string(random::id()?);
        let mut item = item::of(next)?;
        item.insert("by".to_owned(), by.clone());
        match self.table.put(&Key::policy(workspace), item, read.version).await? {
            Written::Applied(_) => Ok(()),
            // An earlier try of the very same write was applied, and its response was lost.
            Written::Refused(Some(old)) if old.get("by") == Some(&by) => Ok(()),
            Written::Refused(_) => Err(Refusal::PolicyChanged.into()),
        }
    }
}
