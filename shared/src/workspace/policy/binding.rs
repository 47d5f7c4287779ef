//! The policies that bind an account, because workspaces share it. They are those of the login token's workspaces, and
//! of each workspace where the user was seen by password in the last 90 days. The strictest wins.

use std::collections::BTreeMap;

use crate::{
    base::{
        clock::Timestamp,
        error::{Fault, Refusal, Result},
        ids::{UserId, WorkspaceId},
    },
    proof::assertion::Claims,
    workspace::{
        member::{Day, seen::Seen, store::Members},
        policy::{requirements::Requirements, store::Policies},
    },
};

/// The combined policies that bind an account.
pub struct BindingPolicies {
    /// The requirements of only the login token's workspaces.
    pub of_token: Requirements,
    of_account: Requirements,
    required_until: Option<Timestamp>,
}

impl BindingPolicies {
    /// Refuses if a policy that binds the account forbids emailed codes. Callers are about to send or redeem such a
    /// code, or to do a strong act by a factor that was begun with one.
    pub fn require_email(&self) -> Result<(), Refusal> {
        self.of_account.require_email()
    }

    /// Returns until when MFA is required at least, if a policy that binds the account requires it.
    pub fn required_until(&self) -> Option<Timestamp> {
        self.required_until
    }
}

impl Policies {
    /// Reads the policies that bind an account, by the user's record `seen` and the `workspaces` of the login token. It
    /// reads each once, strongly consistently.
    pub async fn binding(
        &self,
        seen: &Seen,
        workspaces: &[WorkspaceId],
        now: Timestamp,
    ) -> Result<BindingPolicies, Fault> {
        let mut until: BTreeMap<_, _> = seen.binding(now).collect();
        let today = Day::of(now).binds_until();
        until.extend(workspaces.iter().map(|workspace| (workspace, today)));
        let policies = self.load_all(until.keys().copied()).await?;
        let of_token = workspaces.iter().filter_map(|workspace| policies.get(workspace));
        let required = policies.iter().filter(|(_, policy)| policy.in_force(now));
        Ok(BindingPolicies {
            of_token: Requirements::of(of_token, now),
            of_account: Requirements::of(policies.values(), now),
            required_until: required.filter_map(|(workspace, _)| until.get(workspace).copied()).max(),
        })
    }

    /// Refuses a strong act by a factor that was begun with an emailed code, if a policy that binds the account forbids
    /// such codes. For any other proof it reads nothing.
    pub async fn require_trusted(
        &self,
        members: &Members,
        proof: &Claims,
        user: &UserId,
        workspaces: &[WorkspaceId],
        now: Timestamp,
    ) -> Result<()> {
        if !proof.is_by_emailed_factor() {
            return Ok(());
        }
        let seen = members.load(user).await?;
        Ok(self.binding(&seen, workspaces, now).await?.require_email()?)
    }
}
