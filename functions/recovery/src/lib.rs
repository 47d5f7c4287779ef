//! The way back in for who has lost their device: makes recovery codes, emails one, and redeems them.

use lambda_http::{Body, Response};
use shared::{
    account::store::Accounts,
    aws::{clients::Clients, derive::Deriver},
    base::{
        clock::{Clock, Timestamp},
        error::{Refusal, Result},
        settings::{SettingError, Settings},
    },
    channel::email::{
        address::EmailAddress,
        limits::EmailLimits,
        notices::{Notice, NoticeKind},
        secrets::{ContactSecrets, EmailedCodes},
        sender::EmailSender,
    },
    edge::{
        api::Api,
        caller::Caller,
        http::{reply::Reply, request::Request},
    },
    proof::{assertion::signer::Signer, recovery_codes::secrets::RecoverySecrets},
    workspace::{member::store::Members, policy::store::Policies},
};

mod codes;
mod emails;
mod redeem;

/// What this function may touch.
pub struct Function {
    api: Api,
    accounts: Accounts,
    policies: Policies,
    members: Members,
    recovery_secrets: RecoverySecrets,
    emailed_codes: EmailedCodes,
    contacts: ContactSecrets,
    digests: Deriver,
    limits: EmailLimits,
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
            members: Members::new(settings, aws)?,
            recovery_secrets: RecoverySecrets::new(settings, aws)?,
            emailed_codes: EmailedCodes::new(settings, aws)?,
            contacts: ContactSecrets::new(settings, aws)?,
            digests: Deriver::new(settings, aws, "MFA_DIGEST_KEYS")?,
            limits: EmailLimits::new(settings)?,
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
            "POST /v1/recovery/codes" => self.codes(request).await,
            "POST /v1/recovery/emails" => self.send_email(request).await,
            "POST /v1/recovery/verify" => self.redeem(request).await,
            _ => Err(request.misrouted()),
        }
    }
}

impl Function {
    /// The address that a code is emailed to, and that it is redeemed at: the login token's, where it is verified. For a
    /// while after a password reset it is none, for whoever has the mailbox can reset the password too.
    fn address<'a>(&self, caller: &'a Caller, now: Timestamp) -> Result<&'a EmailAddress, Refusal> {
        let address = caller.require_address()?;
        match caller.token.password_reset_at {
            Some(reset) if now < reset.plus(self.limits.hold) => Err(Refusal::EmailRecoveryHeld),
            _ => Ok(address),
        }
    }

    /// Tells the user what happened, at the token's address and at the one that is kept.
    async fn tell(&self, what: NoticeKind, caller: &Caller, kept: Option<&EmailAddress>, request: &Request) {
        let notice = Notice::new(what, request.now, request.client_address(), request.accept_language());
        self.mail.tell(&notice, [caller.address(), kept]).await;
    }
}
