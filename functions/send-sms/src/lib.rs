//! The function that texts a code to a phone.

use lambda_http::BoxFuture;
use shared::{
    account::store::Accounts,
    aws::{clients::Clients, derive::Deriver},
    base::{
        clock::Clock,
        error::Result,
        settings::{SettingError, Settings, setting},
    },
    channel::sms::{counters::Budget, sender::SmsSender, words::SmsWords},
    edge::{
        api::{Api, Lambda},
        http::{reply::Reply, request::Request},
    },
    proof::factor::secrets::FactorSecrets,
    workspace::policy::store::Policies,
};

mod text;

/// The function's stores and clients.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    factor_secrets: FactorSecrets,
    digests: Deriver,
    budget: Budget,
    texts: SmsWords,
    sender: SmsSender,
}

impl Function {
    /// Builds the function from its settings.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            policies: Policies::new(settings, aws)?,
            factor_secrets: FactorSecrets::new(settings, aws)?,
            digests: Deriver::new(settings, aws, &setting::DIGEST_KEYS)?,
            budget: Budget::new(settings)?,
            texts: SmsWords::new(settings)?,
            sender: SmsSender::new(settings, aws)?,
        })
    }
}

impl Lambda for Function {
    fn api(&self) -> &Api {
        &self.api
    }

    fn prepare(&self) -> impl Future<Output = ()> {
        self.api.prepare(self.digests.connect())
    }

    fn route<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            match request.route() {
                "POST /v1/factors/{factor_id}/texts" => self.text(request).await,
                _ => Err(request.misrouted()),
            }
        })
    }
}
