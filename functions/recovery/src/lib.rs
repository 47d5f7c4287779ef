//! The way back in for who has lost their device: makes recovery codes, and redeems them.

use lambda_http::{Body, Response};
use shared::{
    account::store::Accounts,
    assertion::signer::Signer,
    boot::SdkConfig,
    clock::Clock,
    error::Result,
    http::{Api, Reply, Request},
    recovery::vault::Vault,
    settings::{SettingError, Settings},
};

mod codes;
mod redeem;

/// What this function may touch.
pub struct Function {
    api: Api,
    accounts: Accounts,
    vault: Vault,
    signer: Signer,
}

impl Function {
    /// Takes what it needs from the settings.
    pub fn new(settings: &Settings, aws: &SdkConfig, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            vault: Vault::new(settings, aws)?,
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
            "POST /v1/recovery/codes" => self.codes(request).await,
            "POST /v1/recovery/verify" => self.redeem(request).await,
            _ => Err(request.misrouted()),
        }
    }
}
