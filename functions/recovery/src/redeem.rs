//! `POST /v1/recovery/verify`: redeems a recovery code or an emailed code at a login, for a user who lost their device.
//! Each has its own count of wrong codes, so a user whose factors are locked can still log in.

use serde::Serialize;
use shared::{
    account::check::{
        attempt::Committed,
        target::{Spent, Target},
    },
    base::{
        audit::AuditEvent,
        error::{Error, Fault, Refusal, Result},
    },
    channel::email::notices::NoticeKind,
    edge::{
        caller::Caller,
        http::{reply::Reply, request::Request},
    },
    proof::recovery_codes::{RecoveryCode, RecoveryStatus},
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
        let code = code.ok_or_else(|| {
            Refusal::invalid("The field `code` must have 16 letters and digits, or 8 if it was emailed.")
        })?;
        fields.end()?;
        if code.is_emailed() {
            self.redeem_emailed(&caller, &code, request).await
        } else {
            self.redeem_recovery(&caller, &code, request).await
        }
    }

    async fn redeem_recovery(&self, caller: &Caller, code: &RecoveryCode, request: &Request) -> Result<Reply> {
        let (user, now) = (&caller.user, request.now);
        let (attempt, requirements) = tokio::join!(
            self.accounts.reserve(user, Target::RecoveryCodes, now),
            self.policies.requirements(caller.workspaces(), now)
        );
        let attempt = attempt?;
        let requirements = attempt.or_give_back(requirements).await?;
        let account = &attempt.account;
        let set = account.recovery.as_ref().ok_or(Fault::new("find the user's recovery codes"))?;
        let nonce = set.nonce;
        let (codes, kept) = tokio::join!(
            self.recovery_secrets.codes(user, set),
            self.notifier.contacts.kept(user, account.contact.as_ref())
        );
        let to = [caller.address(), kept.as_ref()];
        let codes = attempt.or_give_back(codes).await?;
        let index = code.index_in(&codes).ok_or_else(|| attempt.rejected());
        let index = self.notifier.or_tell(index, to, request).await?;

        let statement = caller.statement(account.epoch, requirements.status_recovered("recovery", account));
        let spent = Spent::RecoveryCode { nonce, index };
        let committed = attempt.commit(spent, self.signer.sign(statement, now)).await;
        let committed = self.notifier.or_tell(committed, to, request).await?;
        if committed.account.recovery_status().low {
            AuditEvent::RecoveryLow.log(user, "recovery_code");
        }
        self.notifier.mail.tell(&request.notice(NoticeKind::RecoveryCodeUsed), to).await;
        reply(committed)
    }

    async fn redeem_emailed(&self, caller: &Caller, code: &RecoveryCode, request: &Request) -> Result<Reply> {
        let (user, now) = (&caller.user, request.now);
        let address = self.address(caller, now)?;
        let (attempt, seen) =
            tokio::join!(self.accounts.reserve(user, Target::EmailedCode, now), self.members.load(user));
        let attempt = attempt?;
        let account = &attempt.account;
        let sent = account.emailed.as_ref().ok_or(Fault::new("find the user's emailed code"))?;
        let nonce = sent.nonce;
        let looked = async {
            let seen = seen?;
            // If the code went to another address, that becomes the recovery address.
            let (binding, expected, (kept, keep)) = tokio::join!(
                self.policies.binding(&seen, caller.workspaces(), now),
                self.emailed_codes.derive(user, address, sent, &caller.ath),
                self.notifier.contacts.replaced(user, account.contact.as_ref(), address, now),
            );
            let binding = binding?;
            binding.require_email()?;
            Ok::<_, Error>((binding.of_token, expected?, kept, keep?))
        };
        let (requirements, expected, kept, keep) = attempt.or_give_back(looked.await).await?;
        if !code.is(&expected) {
            return Err(attempt.rejected().error);
        }

        let statement = caller.statement(account.epoch, requirements.status_recovered("email", account));
        let signing = self.signer.sign(statement, now);
        let committed = attempt.commit(Spent::EmailedCode { nonce, keep }, signing).await;
        let committed = committed.map_err(|failed| failed.error)?;
        let to = [caller.address(), kept.as_ref()];
        self.notifier.mail.tell(&request.notice(NoticeKind::EmailedCodeUsed), to).await;
        reply(committed)
    }
}

fn reply(Committed { account, signed }: Committed) -> Result<Reply> {
    let signed = signed?;
    Reply::ok(&Redeemed {
        assertion: signed.token,
        expires_at: signed.expires_at.rfc3339(),
        recovery: account.recovery_status(),
    })
}
