//! The function for a user's factors: it begins, activates, imports, lists, renames and removes them.

use lambda_http::BoxFuture;
use shared::{
    account::store::Accounts,
    aws::{clients::Clients, derive::Deriver},
    base::{
        clock::{Clock, Timestamp},
        error::{Fault, Result},
        ids::UserId,
        settings::{SettingError, Settings, setting},
    },
    channel::email::{address::EmailAddress, contact::Contact},
    edge::{
        api::{Api, Lambda},
        caller::operator::Operators,
        http::{reply::Reply, request::Request},
        notifier::Notifier,
    },
    proof::{
        assertion::signer::Signer, factor::secrets::FactorSecrets, phone::Regions,
        recovery_codes::secrets::RecoverySecrets,
    },
    workspace::{member::store::Members, policy::store::Policies},
};
use tokio::try_join;

mod activate;
mod begin;
mod import;
mod list;
mod remove;
mod rename;

/// The function's stores and clients.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    members: Members,
    factor_secrets: FactorSecrets,
    recovery_secrets: RecoverySecrets,
    notifier: Notifier,
    digests: Deriver,
    signer: Signer,
    operators: Operators,
    /// The name that authenticator apps show for the deployment.
    app_name: String,
    /// The countries that phones may be from.
    regions: Regions,
}

impl Function {
    /// Builds the function from its settings. The app's name is `MFA_APP_NAME`.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            policies: Policies::new(settings, aws)?,
            members: Members::new(settings, aws)?,
            factor_secrets: FactorSecrets::new(settings, aws)?,
            recovery_secrets: RecoverySecrets::new(settings, aws)?,
            notifier: Notifier::new(settings, aws)?,
            digests: Deriver::new(settings, aws, &setting::DIGEST_KEYS)?,
            signer: Signer::new(settings, aws)?,
            operators: Operators::new(settings)?,
            app_name: settings.get(&setting::APP_NAME)?,
            regions: Regions::new(settings)?,
        })
    }
}

impl Lambda for Function {
    fn api(&self) -> &Api {
        &self.api
    }

    fn prepare(&self) -> impl Future<Output = ()> {
        // An activation calls KMS three times at the same time.
        self.api.prepare(async { try_join!(self.digests.connect(), self.digests.connect()).map(drop) })
    }

    fn route<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            match request.route() {
                "GET /v1/factors" => self.list(request).await,
                "POST /v1/factors" => self.begin(request).await,
                "POST /v1/factors/{factor_id}/activate" => self.activate(request).await,
                "PATCH /v1/factors/{factor_id}" => self.rename(request).await,
                "DELETE /v1/factors/{factor_id}" => self.remove(request).await,
                "POST /v1/operator/import" => self.import(request).await,
                _ => Err(request.misrouted()),
            }
        })
    }
}

impl Function {
    /// Seals `address` as the recovery address, if there is one.
    async fn contact(
        &self,
        user: &UserId,
        address: Option<&EmailAddress>,
        now: Timestamp,
    ) -> Result<Option<Contact>, Fault> {
        match address {
            Some(address) => self.notifier.contacts.seal(user, address, now).await.map(Some),
            None => Ok(None),
        }
    }
}
