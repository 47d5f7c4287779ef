//! `POST /v1/recovery/verify`: a recovery code or an emailed one at a login, where the device is lost. The same pipeline as
//! a check, on counts of their own, so that who is locked out of their factors still gets in.

use serde::Serialize;
use shared::{
    account::Account,
    base::{
        audit::AuditEvent,
        error::{Error, Fault, Refusal, Result},
    },
    channel::email::notices::NoticeKind,
    edge::{
        caller::Caller,
        http::{reply::Reply, request::Request},
    },
    proof::{
        assertion::{MfaStatus, signer::Signed},
        lockout::{self, RECOVERY},
        recovery_codes::{RecoveryCode, RecoveryStatus},
    },
    workspace::policy::Requirements,
};

use crate::Function;

#[derive(Serialize)]
struct Redeemed {
    assertion: String,
    expires_at: String,
    recovery: RecoveryStatus,
}

impl Function {
    pub(crate) async fn redeem(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let mut fields = request.fields()?;
        let code = RecoveryCode::parse(&fields.text("code")?);
        let code = code
            .ok_or_else(|| Refusal::invalid("The field `code` must be 16 letters and digits, or 8 from an email."))?;
        fields.end()?;
        if code.is_emailed() {
            self.redeem_emailed(&caller, &code, request).await
        } else {
            self.redeem_recovery(&caller, &code, request).await
        }
    }

    async fn redeem_recovery(&self, caller: &Caller, code: &RecoveryCode, request: &Request) -> Result<Reply> {
        let (user, now) = (&caller.user, request.now);
        let log = |event: AuditEvent| event.log(user, "recovery_code");

        let (reserved, requirements) = tokio::join!(
            self.accounts.reserve_recovery(user, now),
            self.policies.requirements(caller.workspaces(), now)
        );
        let reserved = reserved?;
        let requirements = self.accounts.or_give_back(user, &reserved, requirements).await?;
        let account = &reserved.account;
        let mut set = account.recovery.clone().ok_or(Fault::new("find the recovery codes of an attempt"))?;
        let (codes, kept) =
            tokio::join!(self.recovery_secrets.codes(user, &set), self.contacts.kept(user, account.contact.as_ref()));
        let codes = self.accounts.or_give_back(user, &reserved, codes).await?;
        // An attempt that came to nothing, which may be the last that the schedule allows.
        let failed = async |event: AuditEvent| {
            log(event);
            if RECOVERY.locks_at(account.recovery_failures) {
                log(AuditEvent::VerificationLocked);
                self.tell(NoticeKind::RecoveryLocked, caller, kept.as_ref(), request).await;
            }
        };
        let Some(index) = code.index_in(&codes) else {
            failed(AuditEvent::VerificationRejected).await;
            let attempts_left = lockout::left_before_wait(account.recovery_failures);
            return Err(Refusal::CodeRejected { attempts_left }.into());
        };

        // Signed at the same time, and handed out only if the code could be claimed.
        let settled = settled("recovery", &requirements, account);
        let statement = caller.statement(account.epoch, settled);
        let (claimed, signed) =
            tokio::join!(self.accounts.claim_recovery(user, &set.nonce, index, now), self.signer.sign(statement, now));
        match &claimed {
            Err(Error::Refusal(Refusal::CodeUsed)) => failed(AuditEvent::VerificationReplayed).await,
            Err(Error::Refusal(Refusal::CodeRejected { .. })) => failed(AuditEvent::VerificationRejected).await,
            _ => {}
        }
        claimed?;
        set.used.insert(index.to_string(), now);
        log(AuditEvent::RecoveryUsed);
        let standing = RecoveryStatus::of(Some(&set));
        if standing.low {
            log(AuditEvent::RecoveryLow);
        }
        self.tell(NoticeKind::RecoveryCodeUsed, caller, kept.as_ref(), request).await;
        reply(standing, signed?)
    }

    async fn redeem_emailed(&self, caller: &Caller, code: &RecoveryCode, request: &Request) -> Result<Reply> {
        let (user, now) = (&caller.user, request.now);
        let address = self.address(caller, now)?;
        let log = |event: AuditEvent| event.log(user, "emailed_code");

        let (reserved, seen) = tokio::join!(self.accounts.reserve_emailed(user, now), self.members.load(user));
        let reserved = reserved?;
        let account = &reserved.account;
        let sent = account.emailed.as_ref().ok_or(Fault::new("find the emailed code of an attempt"))?;
        let looked = async {
            let seen = seen?;
            // Where the code went to another address, that is the one kept from now on.
            let (binding, expected, (kept, contact)) = tokio::join!(
                self.policies.binding(&seen, caller.workspaces(), now),
                self.emailed_codes.derive(user, address, sent, &caller.ath),
                self.contacts.replaced(user, account.contact.as_ref(), address, now),
            );
            let binding = binding?;
            binding.require_email()?;
            Ok::<_, Error>((binding.of_token, expected?, kept, contact?))
        };
        let (requirements, expected, kept, contact) = self.accounts.or_give_back(user, &reserved, looked.await).await?;
        if !code.is(&expected) {
            log(AuditEvent::VerificationRejected);
            return Err(Refusal::CodeRejected { attempts_left: sent.tries_left() }.into());
        }

        let statement = caller.statement(account.epoch, settled("email", &requirements, account));
        let (claimed, signed) = tokio::join!(
            self.accounts.claim_emailed(user, &sent.nonce, contact.as_ref()),
            self.signer.sign(statement, now)
        );
        match &claimed {
            Err(Error::Refusal(Refusal::CodeUsed)) => log(AuditEvent::VerificationReplayed),
            Err(Error::Refusal(Refusal::CodeRejected { .. })) => log(AuditEvent::VerificationRejected),
            _ => {}
        }
        claimed?;
        log(AuditEvent::RecoveryUsed);
        self.tell(NoticeKind::EmailedCodeUsed, caller, kept.as_ref(), request).await;
        reply(account.recovery_status(), signed?)
    }
}

/// How `method` settles MFA: for who has no factor that is allowed, only as far as enrolling one.
fn settled(method: &str, requirements: &Requirements, account: &Account) -> MfaStatus {
    let settled = MfaStatus::recovered(method);
    if requirements.has_usable(account) { settled } else { settled.to_enroll_only() }
}

fn reply(recovery: RecoveryStatus, signed: Signed) -> Result<Reply> {
    Reply::ok(&Redeemed { assertion: signed.token, expires_at: signed.expires_at.rfc3339(), recovery })
}
