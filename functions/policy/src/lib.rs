//! The function for logins, for the policy and the members of a workspace, and for operators' acts on users.

use lambda_http::BoxFuture;
use shared::{
    account::{Account, store::Accounts},
    aws::clients::Clients,
    base::{
        clock::Clock,
        error::Result,
        ids::WorkspaceId,
        settings::{SettingError, Settings},
    },
    edge::{
        api::{Api, Lambda},
        caller::{Caller, operator::Operators},
        http::{reply::Reply, request::Request},
        notifier::Notifier,
    },
    proof::assertion::{required, signer::Signer},
    workspace::{member::store::Members, policy::store::Policies},
};

mod login;
mod members;
mod operator;
mod policy;

/// The function's stores and clients.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    members: Members,
    notifier: Notifier,
    signer: Signer,
    operators: Operators,
}

impl Function {
    /// Builds the function from its settings.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            policies: Policies::new(settings, aws)?,
            members: Members::new(settings, aws)?,
            notifier: Notifier::new(settings, aws)?,
            signer: Signer::new(settings, aws)?,
            operators: Operators::new(settings)?,
        })
    }

    /// Refuses an owner whose proof is not enough to act on `workspace`.
    async fn prove(
        &self,
        caller: &Caller,
        account: &Account,
        workspace: &WorkspaceId,
        request: &Request,
    ) -> Result<()> {
        let proof = required::for_workspace(caller.assertion.as_ref(), account.epoch, workspace, request.now)?;
        self.policies.require_trusted(&self.members, proof, &caller.user, caller.workspaces(), request.now).await
    }
}

impl Lambda for Function {
    fn api(&self) -> &Api {
        &self.api
    }

    fn route<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            match request.route() {
                "POST /v1/logins" => self.login(request).await,
                "GET /v1/workspaces/{workspace_id}/policy" => self.show_policy(request).await,
                "PUT /v1/workspaces/{workspace_id}/policy" => self.set_policy(request).await,
                "GET /v1/workspaces/{workspace_id}/members" => self.list_members(request).await,
                "POST /v1/operator/unlock" => self.unlock(request).await,
                "POST /v1/operator/reset" => self.reset(request).await,
                "POST /v1/operator/erase" => self.erase(request).await,
                _ => Err(request.misrouted()),
            }
        })
    }
}
