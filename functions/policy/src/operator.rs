//! `POST /v1/operator/unlock`, `/reset` and `/erase`: an operator acts on a user who can't help themselves, or is gone.
//! Each act is an audit event with its reason, and sends a notice to the recovery address.

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

/// An operator's request: who acts, on which user, and why.
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
        // The erase deletes the recovery address, so it is opened first for the notice.
        let account = self.accounts.load(&act.user).await?;
        let kept = self.notifier.contacts.kept(&act.user, account.contact.as_ref()).await;
        let erased = self.members.erase(&act.user).await;
        // An erase that failed halfway may have deleted data. It is audited, and the user is told.
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

    /// Changes the user's account. Returns the account after it, and the recovery address.
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

    /// Sends a notice to the recovery address, because the operator's token has no address of the user.
    async fn tell(&self, kind: NoticeKind, kept: Option<&EmailAddress>, request: &Request) {
        self.notifier.mail.tell(&request.notice_of_operator(kind), [kept, None]).await;
    }
}
