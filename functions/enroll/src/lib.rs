//! Begins and activates factors, and lists them.

use lambda_http::{Body, Response};
use shared::{
    account::store::Accounts,
    assertion::signer::Signer,
    boot::SdkConfig,
    clock::Clock,
    code::deriver::Deriver,
    error::Result,
    http::{Api, Reply, Request},
    sealed::Sealer,
    settings::{SettingError, Settings},
};
use tracing::Instrument;

mod activate;
mod begin;
mod list;

/// What this function may touch.
pub struct Function {
    api: Api,
    accounts: Accounts,
    sealer: Sealer,
    recovery_codes: Deriver,
    signer: Signer,
    /// What authenticator apps call the deployment.
    app_name: String,
}

impl Function {
    /// Takes what it needs from the settings; the app's name is `MFA_APP_NAME`.
    pub fn new(settings: &Settings, aws: &SdkConfig, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            sealer: Sealer::new(settings, aws)?,
            recovery_codes: Deriver::new(settings, aws, "MFA_RECOVERY_KEYS")?,
            signer: Signer::new(settings, aws)?,
            app_name: settings.required("MFA_APP_NAME")?,
        })
    }

    /// Answers one event of the gateway.
    pub async fn handle(&self, event: lambda_http::Request) -> Response<Body> {
        let (request, span) = self.api.receive(event);
        async { self.api.respond(&request, self.route(&request).await) }.instrument(span).await
    }

    async fn route(&self, request: &Request) -> Result<Reply> {
        match request.route() {
            "GET /v1/factors" => self.list(request).await,
            "POST /v1/factors" => self.begin(request).await,
            "POST /v1/factors/{factor_id}/activate" => self.activate(request).await,
            _ => Err(request.misrouted()),
        }
    }
}
