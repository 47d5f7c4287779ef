//! The one pipeline. Every check of a code is the same three round trips, whatever the code is of:
//!
//! 1. [`Accounts::reserve`] counts the attempt before anything is looked at. However many ask at once, no more are looked at
//!    than the count allows.
//! 2. KMS opens or derives what the code is compared with. Where it can't, [`Attempt::or_give_back`] takes the attempt back.
//! 3. [`Attempt::commit`] spends the code while the assertion is signed. Of many that bring the same code, one does.

use std::future::Future;

use crate::{
    account::{
        Account,
        change::Change,
        check::{
            refused,
            target::{Spent, Target},
        },
        store::{self, Accounts, Outcome},
    },
    base::{
        audit::AuditEvent,
        clock::Timestamp,
        error::{Error, Fault, Refusal, Result, chain},
        ids::UserId,
    },
    channel::email::notices::NoticeKind,
    proof::assertion::signer::Signed,
};

/// An attempt at a code, which is counted already.
#[must_use = "an attempt that is dropped stays counted"]
pub struct Attempt<'a> {
    accounts: &'a Accounts,
    user: &'a UserId,
    target: Target<'a>,
    now: Timestamp,
    write_id: String,
    /// The account, with this attempt counted.
    pub account: Account,
}

/// A code that was accepted.
pub struct Committed {
    /// The account, with the code spent.
    pub account: Account,
    /// The assertion. A commit holds also where signing failed.
    pub signed: Result<Signed, Fault>,
}

/// A check that came to nothing.
#[derive(Debug)]
pub struct Failed {
    /// What to answer.
    pub error: Error,
    /// What to tell the user, where it was the last attempt before a lock.
    pub notice: Option<NoticeKind>,
}

impl Accounts {
    /// Counts an attempt at a code of `target`, if its count allows one now.
    pub async fn reserve<'a>(&'a self, user: &'a UserId, target: Target<'a>, now: Timestamp) -> Result<Attempt<'a>> {
        match self.write(user, target.reserve(now)).await? {
            Outcome::Applied { account, write_id } => {
                Ok(Attempt { accounts: self, user, target, now, write_id, account })
            }
            Outcome::Refused(old) => Err(refused::reserve(target, &old, now)),
        }
    }
}

impl Attempt<'_> {
    /// What was made of the attempt. On an error it is given back, and with it the wait that was over; unless another write
    /// of the account came between: then it stays counted.
    pub async fn or_give_back<T, E>(&self, looked: Result<T, E>) -> Result<T, E> {
        if looked.is_err() {
            let given =
                self.accounts.write(self.user, store::only_after(&self.write_id, self.target.give_back())).await;
            if let Err(fault) = given {
                tracing::warn!(fault = chain(&fault), "an attempt that was not looked at stays counted");
            }
        }
        looked
    }

    /// What the user is to be told if this attempt comes to nothing: it is the last before a lock.
    pub fn lock(&self) -> Option<NoticeKind> {
        self.target.lock(&self.account)
    }

    /// The code was wrong: the attempt stays counted.
    pub fn rejected(&self) -> Failed {
        let attempts_left = self.target.attempts_left(&self.account);
        self.failed(Refusal::CodeRejected { attempts_left }.into())
    }

    /// Spends the code that was right, and signs at the same time: the assertion is handed out only if the code was spent.
    pub async fn commit(
        self,
        spent: Spent,
        signing: impl Future<Output = Result<Signed, Fault>>,
    ) -> Result<Committed, Failed> {
        let update = self.target.commit(&spent, self.now).map_err(Error::from)?;
        let (written, signed) = tokio::join!(self.accounts.write(self.user, update), signing);
        match written.map_err(Error::from)? {
            Outcome::Applied { account, .. } => {
                self.log(self.target.accepted());
                Ok(Committed { account, signed })
            }
            Outcome::Refused(old) => Err(self.failed(refused::commit(self.target, &spent, &old))),
        }
    }

    /// Makes the pending factor active whose code was right, by the change that `make` makes, and signs at the same time.
    pub async fn activate<S: Future<Output = Result<Signed, Fault>>>(
        self,
        make: impl Fn(&Account) -> Result<Change, Refusal>,
        signing: impl Fn(&Account) -> S,
    ) -> Result<Committed> {
        let (target, user) = (self.target, self.user);
        let make = |account: &Account| make(account).map(Some);
        let (account, signed) = self.accounts.change_beside(user, self.account, make, signing).await?;
        target.accepted().log(user, target.name());
        Ok(Committed { account, signed: signed.unwrap_or_else(|| Err(Fault::new("sign an activation"))) })
    }

    /// An attempt that came to nothing. A code that was used or is wrong is audited.
    fn failed(&self, error: Error) -> Failed {
        let event = match &error {
            Error::Refusal(Refusal::CodeUsed) => AuditEvent::VerificationReplayed,
            Error::Refusal(Refusal::CodeRejected { .. }) => AuditEvent::VerificationRejected,
            _ => return error.into(),
        };
        self.log(event);
        let notice = self.lock();
        if notice.is_some() {
            self.log(AuditEvent::VerificationLocked);
        }
        Failed { error, notice }
    }

    fn log(&self, event: AuditEvent) {
        event.log(self.user, self.target.name());
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, notice: None }
    }
}
