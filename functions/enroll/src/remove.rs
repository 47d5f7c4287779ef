//! `DELETE /v1/factors/{factor_id}`: removes a factor. The epoch rises, so every older assertion ends. The answer has a
//! new assertion, so that the user can go on.

use serde::Serialize;
use shared::{
    account::Account,
    base::{audit::AuditEvent, error::Result},
    channel::email::notices::NoticeKind,
    edge::http::{reply::Reply, request::Request},
    proof::{
        assertion::{MfaStatus, required},
        factor::Factor,
    },
    workspace::member::Member,
};

use crate::Function;

#[derive(Serialize)]
struct Removed {
    assertion: String,
    expires_at: String,
}

impl Function {
    pub(crate) async fn remove(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        request.fields()?.end()?;
        let id = request.factor_id()?;

        let (account, seen) = tokio::try_join!(self.accounts.load(user), self.members.load(user))?;
        let presented = required::of_factor(caller.assertion.as_ref(), account.epoch)?;
        let binding = self.policies.binding(&seen, caller.workspaces(), now).await?;
        let make = |account: &Account| {
            required::of_factor(Some(presented), account.epoch)?;
            if account.factors.get(&id).is_some_and(Factor::is_active) {
                required::strong(Some(presented), account.epoch, now)?;
                if presented.is_by_emailed_factor() {
                    binding.require_email()?;
                }
            }
            account.remove(&id, binding.required_until(), now)
        };
        let contact = account.contact.clone();
        let removed = account.factors.get(&id).map(|factor| (factor.is_active(), factor.kind()));
        let (after, kept) = tokio::join!(
            self.accounts.change(user, account, make),
            self.notifier.contacts.kept(user, contact.as_ref())
        );
        let after = after?;
        AuditEvent::FactorRemoved.log(user, id.as_str());
        let statement = caller.statement(after.epoch, MfaStatus::as_in(presented));
        let notice = async {
            // A pending factor could not be used to log in, so its removal needs no notice.
            if let Some((true, kind)) = removed {
                let notice = request.notice(NoticeKind::removed(kind));
                self.notifier.mail.tell(&notice, [caller.address(), kept.as_ref()]).await;
            }
        };
        let member = Member::of(&after, now);
        let noted = self.members.note(user, &after, Some(seen), caller.workspaces(), &member);
        let (signed, (), ()) = tokio::join!(self.signer.sign(statement, now), notice, noted);
        let signed = signed?;
        Reply::ok(&Removed { assertion: signed.token, expires_at: signed.expires_at.rfc3339() })
    }
}
