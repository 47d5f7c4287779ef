//! Decides what follows the password.

use lambda_http::{Body, Response};
use shared::{
    account::store::Accounts,
    assertion::signer::Signer,
    boot::SdkConfig,
    clock::Clock,
    error::Result,
    http::{Api, Reply, Request},
    policy::store::Policies,
    settings::{SettingError, Settings},
};

mod login;
mod policy;

/// What this function may touch.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    signer: Signer,
}

impl Function {
    /// Takes what it needs from the settings.
    pub fn new(settings: &Settings, aws: &SdkConfig, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            policies: Policies::new(settings, aws)?,
            signer: Signer::new(settings, aws)?,
        })
    }

    /// Answers one event of the gateway.
    pub async fn handle(&self, event: lambda_http::Request) -> Response<Body> {
        let request = self.api.receive(event);
        self.api.answer(&request, Box::pin(self.route(&request))).await
    }

    async fn route(&self, request: &Request) -> Result<Reply> {
        match request.route() {
            "POST /v1/logins" => self.login(request).await,
            "GET /v1/workspaces/{workspace_id}/policy" => self.show_policy(request).await,
            "PUT /v1/workspaces/{workspace_id}/policy" => self.set_policy(request).await,
            _ => Err(request.misrouted()),
        }
    }
}
