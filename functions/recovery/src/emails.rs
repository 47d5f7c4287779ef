//! `POST /v1/recovery/emails`: emails a code to the login token's verified address, never to one from the body. The answer
//! is the same whether or not the user has a factor; without one nothing is sent or stored.

use serde::Serialize;
use shared::{
    account::{
        Account,
        sending::{Draw, Email},
        store::Saved,
    },
    clock::{Timestamp, whole_seconds},
    code::{Nonce, Purpose, SENT_LIFE},
    email::{Clearance, EmailAddress, clearance},
    error::{Error, Fault, Refusal, Result},
    event::Event,
    http::{Reply, Request, caller::Caller},
    message::{
        Language,
        mail::{Notice, What},
        unsent::Unsent,
    },
    random,
    recovery::RecoveryCode,
};

use crate::Function;

/// How often an email is planned anew where the account has changed: more often than a user is sent any in an hour.
const PLANS: u32 = 8;

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
        let address = self.address(&caller, now)?;
        let folded = address.folded();
        let digest = self.digests.digest(Purpose::EmailAddress, &folded);
        let (account, requirements, digest) = tokio::try_join!(
            self.accounts.load(&caller.user),
            self.policies.requirements(caller.workspaces(), now),
            digest
        )?;
        if !requirements.allow_email() {
            return Err(Refusal::NotAllowedByWorkspace.into());
        }
        let expires = if account.has_factor() {
            self.count_and_send(&caller, account, &address, &digest, request).await?
        } else {
            now.plus(SENT_LIFE)
        };
        Reply::accepted(&Sent {
            to_hint: address.hint(),
            expires_at: expires.rfc3339(),
            resend_after: whole_seconds(self.limits.interval),
        })
    }

    /// Sends a code to `address` if it is clear; when the code expires.
    async fn count_and_send(
        &self,
        caller: &Caller,
        mut account: Account,
        address: &EmailAddress,
        digest: &str,
        request: &Request,
    ) -> Result<Timestamp> {
        let (user, now) = (&caller.user, request.now);
        for _ in 0..PLANS {
            let kept = match &account.contact {
                Some(contact) => Some(self.contacts.open(user, contact).await?),
                None => None,
            };
            let is_kept = kept.as_ref().is_some_and(|kept| kept.is(address));
            match (clearance(account.contact.as_ref(), is_kept, digest, self.limits.hold, now), &account.contact) {
                (Clearance::New(changed), Some(contact)) => {
                    match self.accounts.note_changed(user, contact, &changed).await? {
                        Saved::Done => self.tell_of_other(address, kept.as_ref(), request).await,
                        Saved::Stale(newer) => {
                            account = *newer;
                            continue;
                        }
                    }
                    return Err(Refusal::EmailRecoveryHeld.into());
                }
                (Clearance::Held | Clearance::New(_), _) => return Err(Refusal::EmailRecoveryHeld.into()),
                (Clearance::Clear, _) => {}
            }
            let draw = Draw { id: random::id()?, key: self.vault.code_label()?, nonce: Nonce::new(random::bytes()?) };
            let email = account.email(&self.limits, draw, now)?;
            let forget = is_kept && account.contact.as_ref().is_some_and(|contact| contact.changed.is_some());
            let (taken, code) = tokio::join!(
                self.accounts.take_email(user, &email, forget),
                self.vault.emailed_code(user, address, &email.code)
            );
            match taken? {
                Saved::Stale(newer) => account = *newer,
                Saved::Done => {
                    self.deliver(caller, address, &email, code, request).await?;
                    return Ok(email.code.expires);
                }
            }
        }
        Err(Fault::contended("count an email").into())
    }

    async fn deliver(
        &self,
        caller: &Caller,
        address: &EmailAddress,
        email: &Email,
        code: Result<RecoveryCode, Fault>,
        request: &Request,
    ) -> Result<()> {
        let language = Language::accepted(request.accept_language());
        let minutes = email.code.expires.since(request.now).as_secs() / 60;
        let sent = match &code {
            Ok(code) => self.mail.code(address, language, code, minutes).await,
            Err(_) => Err(Unsent::Refused),
        };
        let error = match sent {
            Ok(()) => {
                Event::RecoveryEmailed.log(&caller.user, "emailed_code");
                return Ok(());
            }
            // It may have gone: it stays counted.
            Err(Unsent::Unknown(fault)) => return Err(fault.for_now(self.limits.interval).into()),
            Err(Unsent::Refused) => code.err().map_or(Error::from(Refusal::EmailNotSent), Error::from),
        };
        self.accounts.give_back_email(&caller.user, email).await;
        Err(error)
    }

    /// Tells whoever has the kept address that a code was asked for at another one.
    async fn tell_of_other(&self, other: &EmailAddress, kept: Option<&EmailAddress>, request: &Request) {
        let notice = Notice::new(What::OtherAddress, request.now, request.client_address(), request.accept_language());
        let notice = Notice { other: Some((other.hint(), whole_seconds(self.limits.hold) / 3600)), ..notice };
        self.mail.tell(&notice, [kept, None]).await;
    }
}
