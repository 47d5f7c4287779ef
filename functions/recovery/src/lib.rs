//! The function for users who lost their device. It makes recovery codes, emails a code, and redeems both.

use lambda_http::BoxFuture;
use shared::{
    account::store::Accounts,
    aws::{clients::Clients, derive::Deriver},
    base::{
        clock::{Clock, Timestamp},
        error::{Refusal, Result},
        settings::{SettingError, Settings, setting},
    },
    channel::email::{address::EmailAddress, limits::EmailLimits, secrets::EmailedCodes},
    edge::{
        api::{Api, Lambda},
        caller::Caller,
        http::{reply::Reply, request::Request},
        notifier::Notifier,
    },
    proof::{assertion::signer::Signer, recovery_codes::secrets::RecoverySecrets},
    workspace::{member::store::Members, policy::store::Policies},
};

mod codes;
mod emails;
mod redeem;

/// The function's stores and clients.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    members: Members,
    recovery_secrets: RecoverySecrets,
    emailed_codes: EmailedCodes,
    notifier: Notifier,
    digests: Deriver,
    limits: EmailLimits,
    signer: Signer,
}

impl Function {
    /// Builds the function from its settings.
    pub fn new(settings: &Settings, aws: &Clients, clock: Clock) -> Result<Self, SettingError> {
        Ok(Self {
            api: Api::new(settings, aws, clock)?,
            accounts: Accounts::new(settings, aws)?,
            policies: Policies::new(settings, aws)?,
            members: Members::new(settings, aws)?,
            recovery_secrets: RecoverySecrets::new(settings, aws)?,
            emailed_codes: EmailedCodes::new(settings, aws)?,
            notifier: Notifier::new(settings, aws)?,
            digests: Deriver::new(settings, aws, &setting::DIGEST_KEYS)?,
            limits: EmailLimits::new(settings)?,
            signer: Signer::new(settings, aws)?,
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
                "POST /v1/recovery/codes" => self.codes(request).await,
                "POST /v1/recovery/emails" => self.send_email(request).await,
                "POST /v1/recovery/verify" => self.redeem(request).await,
                _ => Err(request.misrouted()),
            }
        })
    }
}

impl Function {
    /// The address for an emailed code, to send and to redeem it: the verified one of the login token. During the hold
    /// after a password reset it is refused, because anyone with the mailbox can reset the password too.
    fn address<'a>(&self, caller: &'a Caller, now: Timestamp) -> Result<&'a EmailAddress, Refusal> {
        let address = caller.require_address()?;
        match caller.token.password_reset_at {
            Some(reset) if now < reset.plus(self.limits.hold) => Err(Refusal::EmailRecoveryHeld),
            _ => Ok(address),
        }
    }
}
