//! The function that checks a factor's code, and publishes the public keys of assertions.

use lambda_http::BoxFuture;
use shared::{
    account::store::Accounts,
    aws::clients::Clients,
    base::{
        clock::Clock,
        error::Result,
        settings::{SettingError, Settings},
    },
    edge::{
        api::{Api, Lambda},
        http::{reply::Reply, request::Request},
        notifier::Notifier,
    },
    proof::{assertion::signer::Signer, factor::secrets::FactorSecrets},
    workspace::policy::store::Policies,
};

mod check;
mod jwks;

/// The function's stores and clients.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    factor_secrets: FactorSecrets,
    notifier: Notifier,
    signer: Signer,
}

impl Function {
    /// Builds the function from its settings.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            policies: Policies::new(settings, aws)?,
            factor_secrets: FactorSecrets::new(settings, aws)?,
            notifier: Notifier::new(settings, aws)?,
            signer: Signer::new(settings, aws)?,
        })
    }
}

impl Lambda for Function {
    fn api(&self) -> &Api {
        &self.api
    }

    fn route<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            match request.route() {
                "POST /v1/factors/{factor_id}/verify" => self.check(request).await,
                "GET /.well-known/jwks.json" => self.jwks().await,
                _ => Err(request.misrouted()),
            }
        })
    }
}
