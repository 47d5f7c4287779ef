//! `POST /v1/recovery/codes`: makes ten new recovery codes, and shows them only here. The same write ends the old ones.

use serde::Serialize;
use shared::{
    account::Account,
    base::{audit::AuditEvent, error::Result},
    channel::email::notices::NoticeKind,
    edge::http::{reply::Reply, request::Request},
    proof::{assertion::required, recovery_codes::RecoveryCode},
};

use crate::Function;

#[derive(Serialize)]
struct Codes<'a> {
    recovery_codes: Vec<&'a str>,
}

impl Function {
    pub(crate) async fn codes(&self, request: &Request) -> Result<Reply> {
        let caller = self.api.caller(request).await?;
        let (user, now) = (&caller.user, request.now);
        request.fields()?.end()?;

        let (account, drawn) = tokio::try_join!(self.accounts.load(user), self.recovery_secrets.draw(user))?;
        let make = |account: &Account| {
            // A user without a factor can have no assertion, so the missing factor is named first.
            let change = account.regenerate(drawn.kept.clone())?;
            required::strong(caller.assertion.as_ref(), account.epoch, now)?;
            Ok(change)
        };
        make(&account)?;
        if let Some(proof) = &caller.assertion {
            self.policies.require_trusted(&self.members, proof, user, caller.workspaces(), now).await?;
        }
        let contact = account.contact.clone();
        let (changed, kept) = tokio::join!(
            self.accounts.change(user, account, make),
            self.notifier.contacts.kept(user, contact.as_ref())
        );
        changed?;
        AuditEvent::RecoveryRegenerated.log(user, "recovery_code");
        let notice = request.notice(NoticeKind::CodesRenewed);
        self.notifier.mail.tell(&notice, [caller.address(), kept.as_ref()]).await;
        let spelled: Vec<_> = drawn.shown.iter().map(RecoveryCode::spelled).collect();
        Reply::created(&Codes { recovery_codes: spelled.iter().map(|code| code.as_str()).collect() })
    }
}
