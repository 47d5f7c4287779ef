//! The pipeline that checks every code, in three round trips:
//!
//! 1. [`Accounts::reserve`] counts the attempt before the code is compared. So even parallel attempts can't exceed the
//!    limit.
//! 2. KMS opens or derives the expected code. If that fails, [`Attempt::or_give_back`] takes the attempt back.
//! 3. [`Attempt::commit`] spends the code while KMS signs the assertion. Of parallel requests with the same code, one
//!    succeeds.

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

/// An attempt, already counted.
#[must_use = "an attempt that is dropped stays counted"]
pub struct Attempt<'a> {
    accounts: &'a Accounts,
    user: &'a UserId,
    target: Target<'a>,
    now: Timestamp,
    write_id: String,
    /// The account after this attempt was counted.
    pub account: Account,
}

/// The result of an accepted code.
pub struct Committed {
    /// The account after the code was spent.
    pub account: Account,
    /// The assertion. The code is spent even if signing failed.
    pub signed: Result<Signed, Fault>,
}

/// A check that failed.
#[derive(Debug)]
pub struct Failed {
    /// The answer.
    pub error: Error,
    /// The notice to send, if it was the last attempt before a lock.
    pub notice: Option<NoticeKind>,
}

impl Accounts {
    /// Counts an attempt at `target`, if its count allows one now.
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
    /// Returns `looked`. If it is an error, takes the attempt back, and restores the time of the attempt before. If
    /// another write of the account came in between, the attempt stays counted.
    pub async fn or_give_back<T, E>(&self, looked: Result<T, E>) -> Result<T, E> {
        if looked.is_err() {
            let given =
                self.accounts.write(self.user, store::only_after(&self.write_id, self.target.give_back())).await;
            if let Err(fault) = given {
                tracing::warn!(fault = chain(&fault), "an attempt whose code was not checked stays counted");
            }
        }
        looked
    }

    /// The notice to send if this attempt fails and was the last before a lock.
    pub fn lock(&self) -> Option<NoticeKind> {
        self.target.lock(&self.account)
    }

    /// The code was wrong: the attempt stays counted.
    pub fn rejected(&self) -> Failed {
        let attempts_left = self.target.attempts_left(&self.account);
        self.failed(Refusal::CodeRejected { attempts_left }.into())
    }

    /// Spends the right code, and signs at the same time. Returns the assertion only if the code was spent.
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

    /// Activates the pending factor with the change from `make`, and signs at the same time.
    pub async fn activate<S: Future<Output = Result<Signed, Fault>>>(
        self,
        make: impl Fn(&Account) -> Result<Change, Refusal>,
        signing: impl Fn(&Account) -> S,
    ) -> Result<Committed> {
        let (target, user) = (self.target, self.user);
        let make = |account: &Account| make(account).map(Some);
        let (account, signed) = self.accounts.change_beside(user, self.account, make, signing).await?;
        target.accepted().log(user, target.name());
        Ok(Committed { account, signed: signed.unwrap_or_else(|| Err(Fault::new("find an activation's assertion"))) })
    }

    /// The failure of this attempt. Logs an event for a used or wrong code.
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
