//! `POST /v1/factors/{factor_id}/verify`: a code at a login or step-up. The one pipeline: the attempt is counted before
//! the code is looked at, and the code is spent by the write that accepts it.

use serde::Serialize;
use shared::{
    base::{
        audit::AuditEvent,
        error::{Error, Refusal, Result},
    },
    channel::email::{
        address::EmailAddress,
        notices::{Notice, NoticeKind},
    },
    edge::{
        caller::Caller,
        http::{reply::Reply, request::Request},
    },
    proof::{
        assertion::MfaStatus,
        factor::{FactorId, FactorSummary},
        lockout::{self, FACTORS},
        recovery_codes::RecoveryStatus,
    },
};

use crate::Function;

#[derive(Serialize)]
struct Verified<'a> {
    assertion: String,
    expires_at: String,
    factor: FactorSummary<'a>,
    recovery: RecoveryStatus,
}

impl Function {
    pub(crate) async fn check(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        let mut fields = request.fields()?;
        let code = fields.code()?;
        fields.end()?;
        let id = FactorId::parse(&request.path("factor_id")).ok_or(Refusal::FactorNotFound)?;
        let log = |event: AuditEvent| event.log(user, id.as_str());

        let (reserved, requirements) = tokio::join!(
            self.accounts.reserve_check(user, &id, now),
            self.policies.requirements(caller.workspaces(), now)
        );
        let reserved = reserved?;
        let account = &reserved.account;
        let mut factor = account.factors.get(&id).cloned().ok_or(Refusal::FactorNotFound)?;
        let usable = requirements.map_err(Error::from).and_then(|requirements| {
            let proves = requirements.lets_prove(&factor, account);
            if proves { Ok(requirements.is_usable(&factor)) } else { Err(Refusal::NotAllowedByWorkspace.into()) }
        });
        let usable = self.accounts.or_give_back(user, &reserved, usable).await?;

        // The last attempt that the schedule allows: where it comes to nothing, the user is told, at an address that is opened
        // meanwhile.
        let locks = FACTORS.locks_at(account.failures);
        let contact = account.contact.as_ref().filter(|_| locks);
        let (looked, kept) = tokio::join!(
            self.factor_secrets.check(user, &id, &factor, &code, &caller.ath, now),
            self.contacts.kept(user, contact)
        );
        let failed = async |event: AuditEvent| {
            log(event);
            if locks {
                log(AuditEvent::VerificationLocked);
                self.tell_of_lock(&caller, kept.as_ref(), request).await;
            }
        };
        let Some(spent) = self.accounts.or_give_back(user, &reserved, looked).await? else {
            failed(AuditEvent::VerificationRejected).await;
            return Err(Refusal::CodeRejected { attempts_left: lockout::left_before_wait(account.failures) }.into());
        };

        // Signed at the same time, and handed out only if the code could be claimed.
        let settled = MfaStatus::by_factor(&factor);
        let settled = if usable { settled } else { settled.to_enroll_only() };
        let statement = caller.statement(account.epoch, settled);
        let (claimed, signed) =
            tokio::join!(self.accounts.claim(user, &id, spent, now), self.signer.sign(statement, now));
        match &claimed {
            Err(Error::Refusal(Refusal::CodeUsed)) => failed(AuditEvent::VerificationReplayed).await,
            Err(Error::Refusal(Refusal::CodeRejected { .. })) => failed(AuditEvent::VerificationRejected).await,
            _ => {}
        }
        claimed?;
        log(AuditEvent::VerificationAccepted);
        let signed = signed?;
        factor.last_used_at = Some(now);
        Reply::ok(&Verified {
            assertion: signed.token,
            expires_at: signed.expires_at.rfc3339(),
            factor: factor.summary(&id),
            recovery: account.recovery_status(),
        })
    }

    /// Tells the user that their factors are locked: whoever guessed knows the password.
    async fn tell_of_lock(&self, caller: &Caller, kept: Option<&EmailAddress>, request: &Request) {
        let notice = Notice::new(NoticeKind::Locked, request.now, request.client_address(), request.accept_language());
        self.mail.tell(&notice, [caller.address(), kept]).await;
    }
}
