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

/// The policies of all workspaces.
#[derive(Clone)]
pub struct Policies {
    table: Table,
}

impl Policies {
    /// Opens the deployment's table.
    pub fn new(settings: &Settings, aws: &Clients) -> Result<Self, SettingError> {
        Ok(Self { table: Table::new(settings, aws)? })
    }

    /// Reads the policy of `workspace`.
    pub async fn load(&self, workspace: &WorkspaceId) -> Result<Policy, Fault> {
        self.table.get(&Key::policy(workspace)).await?.map_or_else(|| Ok(Policy::default()), item::read)
    }

    /// Reads what `workspaces` require together. For none, it reads nothing.
    pub async fn requirements(&self, workspaces: &[WorkspaceId], now: Timestamp) -> Result<Requirements, Fault> {
        Ok(Requirements::of(self.load_all(workspaces).await?.values(), now))
    }

    /// Reads the policies of `workspaces` that were ever set. For none, it reads nothing.
    pub(super) async fn load_all(
        &self,
        workspaces: impl IntoIterator<Item = &WorkspaceId>,
    ) -> Result<BTreeMap<WorkspaceId, Policy>, Fault> {
        let keys: Vec<_> = workspaces.into_iter().map(Key::policy).collect();
        let items = self.table.get_all(&keys).await?.into_iter();
        items.map(|item| Ok((Key::workspace_of(&item)?, item::read(item)?))).collect()
    }

    /// Saves `next`, made from `read`, unless another change came first.
    pub async fn save(&self, workspace: &WorkspaceId, read: &Policy, next: &Policy) -> Result<()> {
        let by = string(random::id()?);
        let mut item = item::of(next)?;
        item.insert("by".to_owned(), by.clone());
        match self.table.put(&Key::policy(workspace), item, read.version).await? {
            Written::Applied(_) => Ok(()),
            // An earlier try of this write was applied, but its response was lost.
            Written::Refused(Some(old)) if old.get("by") == Some(&by) => Ok(()),
            Written::Refused(_) => Err(Refusal::PolicyChanged.into()),
        }
    }
}
