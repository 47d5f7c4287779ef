//! Checks a code at a login, and publishes the keys that assertions are checked with.

use lambda_http::{Body, Response};
use shared::{
    account::store::Accounts,
    aws::clients::Clients,
    base::{
        clock::Clock,
        error::Result,
        settings::{SettingError, Settings},
    },
    channel::email::{secrets::ContactSecrets, sender::EmailSender},
    edge::{
        api::Api,
        http::{reply::Reply, request::Request},
    },
    proof::{assertion::signer::Signer, factor::secrets::FactorSecrets},
    workspace::policy::store::Policies,
};

mod check;
mod jwks;

/// What this function may touch.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    factor_secrets: FactorSecrets,
    contacts: ContactSecrets,
    mail: EmailSender,
    signer: Signer,
}

impl Function {
    /// Takes what it needs from the settings.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            policies: Policies::new(settings, aws)?,
            factor_secrets: FactorSecrets::new(settings, aws)?,
            contacts: ContactSecrets::new(settings, aws)?,
            mail: EmailSender::new(settings, aws)?,
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
            "POST /v1/factors/{factor_id}/verify" => self.check(request).await,
            "GET /.well-known/jwks.json" => self.jwks().await,
            _ => Err(request.misrouted()),
        }
    }
}
