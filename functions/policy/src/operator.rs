//! `POST /v1/operator/unlock`, `/reset` and `/erase`: what whoever runs the deployment does for a user who can't help
//! themselves, or is gone. Each is an event with its reason, and the user is told of it at the address that is kept.

use serde::Serialize;
use shared::{
    account::{Account, change::Change},
    base::{
        audit::{AuditEvent, Reason},
        error::{Error, Refusal, Result},
        ids::UserId,
    },
    channel::email::{address::EmailAddress, contact::Contact, notices::NoticeKind},
    edge::{
        caller::operator::{Operator, reason},
        http::{reply::Reply, request::Request},
    },
};

use crate::Function;

#[derive(Serialize)]
struct Done {
    mfa_epoch: u64,
}

/// What is asked for: who does it, to whom, and why.
struct Act {
    operator: Operator,
    user: UserId,
    reason: Reason,
}

impl Act {
    fn log(&self, event: AuditEvent) {
        event.log_operator(&self.user, &self.operator.id, &self.reason);
    }
}

impl Function {
    pub(crate) async fn unlock(&self, request: &Request) -> Result<Reply> {
        let act = self.act(request)?;
        let (after, contact) = self.change(&act, Account::unlock).await?;
        act.log(AuditEvent::UserUnlocked);
        let kept = self.notifier.contacts.kept(&act.user, contact.as_ref()).await;
        self.tell(NoticeKind::Unlocked, kept.as_ref(), request).await;
        Reply::ok(&Done { mfa_epoch: after.epoch })
    }

    pub(crate) async fn reset(&self, request: &Request) -> Result<Reply> {
        let act = self.act(request)?;
        let (after, contact) = self.change(&act, |account| account.reset(request.now)).await?;
        act.log(AuditEvent::UserReset);
        let told = async {
            let kept = self.notifier.contacts.kept(&act.user, contact.as_ref()).await;
            self.tell(NoticeKind::Reset, kept.as_ref(), request).await;
        };
        tokio::join!(self.members.reset(&act.user, &after), told);
        Reply::ok(&Done { mfa_epoch: after.epoch })
    }

    pub(crate) async fn erase(&self, request: &Request) -> Result<Reply> {
        let act = self.act(request)?;
        // The address goes with the rest: it is opened first, and told afterwards.
        let account = self.accounts.load(&act.user).await?;
        let kept = self.notifier.contacts.kept(&act.user, account.contact.as_ref()).await;
        let erased = self.members.erase(&act.user).await;
        // Where it failed halfway, some or all of it may be done: that is an event too, and the user is told.
        if !matches!(erased, Err(Error::Refusal(_))) {
            act.log(AuditEvent::UserErased);
            self.tell(NoticeKind::Erased, kept.as_ref(), request).await;
        }
        erased?;
        Reply::ok(&Done { mfa_epoch: 0 })
    }

    fn act(&self, request: &Request) -> Result<Act> {
        let operator = self.operators.admit(request)?;
        let mut fields = request.fields()?;
        let user = operator.acts_on(&mut fields)?;
        let reason = reason(&mut fields)?;
        fields.end()?;
        Ok(Act { operator, user, reason })
    }

    /// Changes the account of the user who is acted on. Returns it, and the address that is kept of them.
    async fn change(
        &self,
        act: &Act,
        make: impl Fn(&Account) -> Result<Change, Refusal>,
    ) -> Result<(Account, Option<Contact>)> {
        let account = self.accounts.load(&act.user).await?;
        let after = self.accounts.change(&act.user, account, make).await?;
        let contact = after.contact.clone();
        Ok((after, contact))
    }

    /// Tells the user what was done to them, at the address that is kept: the operator's token has none of theirs.
    async fn tell(&self, kind: NoticeKind, kept: Option<&EmailAddress>, request: &Request) {
        self.notifier.mail.tell(&request.notice_of_operator(kind), [kept, None]).await;
    }
}
