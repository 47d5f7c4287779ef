//! `POST /v1/recovery/emails`: emails a code to the login token's verified address, never to one from the body. A user
//! without a factor gets the same answer, but nothing is sent or stored.

use serde::Serialize;
use shared::{
    account::{
        Account,
        sending::{Email, FreshCode, email::Waiting},
        store::{Saved, until_counted},
    },
    aws::derive::{MacPurpose, Nonce},
    base::{
        audit::AuditEvent,
        clock::{Timestamp, whole_seconds},
        error::{Fault, Refusal, Result},
        ids::UserId,
        random,
    },
    channel::{
        email::{
            address::EmailAddress,
            contact::{Changed, Clearance, clearance},
            notices::{Notice, NoticeKind},
        },
        language::Language,
        unsent::Unsent,
    },
    edge::{
        caller::Caller,
        http::{reply::Reply, request::Request},
    },
    proof::{code::SENT_LIFE, recovery_codes::RecoveryCode},
};

use crate::Function;

#[derive(Serialize)]
struct Sent {
    to_hint: String,
    expires_at: String,
    resend_after: u64,
}

impl Function {
    pub(crate) async fn send_email(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let now = request.now;
        request.fields()?.end()?;
        caller.token.require_time_for_a_code(now)?;
        let address = self.address(&caller, now)?;
        let folded = address.folded();
        let digest = self.digests.digest(MacPurpose::EmailAddress, &folded);
        let (account, seen, digest) =
            tokio::try_join!(self.accounts.load(&caller.user), self.members.load(&caller.user), digest)?;
        self.policies.binding(&seen, caller.workspaces(), now).await?.require_email()?;
        let expires = self.count_and_send(&caller, account, address, &digest, request).await?;
        Reply::accepted(&Sent {
            to_hint: address.hint(),
            expires_at: expires.rfc3339(),
            resend_after: whole_seconds(self.limits.interval),
        })
    }

    /// Emails a code to `address`, if the user has a factor and no hold applies. Returns when the code expires.
    async fn count_and_send(
        &self,
        caller: &Caller,
        account: Account,
        address: &EmailAddress,
        digest: &str,
        request: &Request,
    ) -> Result<Timestamp> {
        let (user, now) = (&caller.user, request.now);
        let once = async |account: Account| {
            if !account.has_factor() {
                return Ok(Saved::Done(caller.token.ends_with(now.plus(SENT_LIFE))));
            }
            let kept = match &account.contact {
                Some(contact) => Some(self.notifier.contacts.open(user, contact).await?),
                None => None,
            };
            let is_kept = kept.as_ref().is_some_and(|kept| kept.is(address));
            match clearance(account.contact.as_ref(), is_kept, digest, self.limits.hold, now) {
                Clearance::Clear => {}
                Clearance::Held => return Err(Refusal::EmailRecoveryHeld.into()),
                Clearance::New(changed) => {
                    if let Some(kept) = &kept {
                        self.warn(user, &account, &changed, kept, address, request).await?;
                    }
                    return Err(Refusal::EmailRecoveryHeld.into());
                }
            }
            let new =
                FreshCode { id: random::id()?, key: self.emailed_codes.label()?, nonce: Nonce::new(random::bytes()?) };
            let email = account.email(&self.limits, new, now)?;
            let sent = email.code.as_ref().ok_or(Fault::new("find the code of an email"))?;
            let changed = account.contact.as_ref().is_some_and(|contact| contact.changed.is_some());
            let waiting = if is_kept && changed { Waiting::Forgotten } else { Waiting::Stays };
            let (taken, code) = tokio::join!(
                self.accounts.take_email(user, &email, waiting),
                self.emailed_codes.derive(user, address, sent, &caller.ath)
            );
            if let Saved::Stale(newer) = taken? {
                return Ok(Saved::Stale(newer));
            }
            let expires = caller.token.ends_with(sent.expires);
            self.deliver(user, address, &email, code, expires, request).await?;
            Ok(Saved::Done(expires))
        };
        until_counted(account, self.limits.plans(), "count an email", once).await
    }

    async fn deliver(
        &self,
        user: &UserId,
        address: &EmailAddress,
        email: &Email,
        code: Result<RecoveryCode, Fault>,
        expires: Timestamp,
        request: &Request,
    ) -> Result<()> {
        let code = match code {
            Ok(code) => code,
            Err(fault) => {
                self.accounts.give_back_email(user, email).await;
                return Err(fault.into());
            }
        };
        let language = Language::accepted(request.accept_language());
        let minutes = expires.since(request.now).as_secs() / 60;
        match self.notifier.mail.code(address, language, &code, minutes).await {
            Ok(()) => {
                AuditEvent::RecoveryEmailed.log(user, "emailed_code");
                Ok(())
            }
            // The email may have been sent, so it stays counted.
            Err(Unsent::Unknown(fault)) => Err(fault.for_now(self.limits.interval).into()),
            Err(Unsent::Refused) => {
                self.accounts.give_back_email(user, email).await;
                Err(Refusal::EmailNotSent.into())
            }
        }
    }

    /// Tells the recovery address, `kept`, that a code was requested for the `other` address. Only then does the hold
    /// of the other address begin, because it gives the user time to act. Without a notice, such as past the quota on
    /// emails, it does not begin.
    async fn warn(
        &self,
        user: &UserId,
        account: &Account,
        changed: &Changed,
        kept: &EmailAddress,
        other: &EmailAddress,
        request: &Request,
    ) -> Result<()> {
        let (Ok(warning), Some(contact)) =
            (account.warning(&self.limits, random::id()?, request.now), &account.contact)
        else {
            return Ok(());
        };
        // Another request came first. It sends the notice, or it has sent another email.
        let Saved::Done(()) = self.accounts.take_email(user, &warning, Waiting::Stays).await? else { return Ok(()) };
        let other = Some((other.hint(), whole_seconds(self.limits.hold) / 3600));
        let notice = Notice { other, ..request.notice(NoticeKind::OtherAddress) };
        if self.notifier.mail.tell(&notice, [Some(kept), None]).await {
            self.accounts.note_changed(user, contact, changed, &warning).await?;
        }
        Ok(())
    }
}
