//! The one pipeline's writes: an attempt is *reserved* before its code is looked at, *given back* where KMS could not look
//! at it, and *claimed* where it was right.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use crate::{
    account::{
        Account,
        store::{Accounts, account, signed},
    },
    aws::{
        derive::Nonce,
        table::{self, Key, Written, number, string, value},
    },
    base::{
        clock::Timestamp,
        error::{Error, Fault, Refusal, Result, chain},
        ids::UserId,
    },
    channel::email::{code, contact::Contact},
    proof::{
        factor::{FactorId, PENDING_LIFE, PENDING_TRIES, Spent},
        lockout::{self, FACTORS, RECOVERY, Schedule, Tier, Verdict},
    },
};

/// The condition that a code of the factor could be accepted: an app always shows one, a phone has been sent one.
const LIVE_CODE: &str = "(factors.#id.kind = :totp OR factors.#id.code.expires > :now)";

/// An attempt that was counted: the account with it, and the id of the write that counted it.
#[derive(Debug)]
pub struct Reserved {
    /// The account, this attempt included.
    pub account: Account,
    by: String,
    counter: Tries,
}

/// What counts an attempt.
#[derive(Debug)]
enum Tries {
    /// The user's failures.
    User,
    /// The user's failures at recovery codes.
    Recovery,
    /// The emailed code's own tries.
    Emailed,
    /// The pending factor's own tries.
    Factor(FactorId),
}

/// Attributes of a count: the count, when it last rose, and when it rose before that.
type Attributes = [&'static str; 3];

const FAILURES: Attributes = ["failures", "tried_at", "tried_before"];
const RECOVERY_FAILURES: Attributes = ["recovery_failures", "recovery_tried_at", "recovery_tried_before"];

impl Accounts {
    /// Counts an attempt at an active factor before its code is looked at, if the schedule of [`crate::proof::lockout`] allows
    /// one now.
    pub async fn reserve_check(&self, user: &UserId, id: &FactorId, now: Timestamp) -> Result<Reserved> {
        let (update, allowed) = scheduled(self.table.update(&Key::account(user)), FAILURES, FACTORS, now);
        let update = update
            .condition_expression(format!(
                "factors.#id.#status = :active AND {LIVE_CODE} AND #by <> :by AND ({allowed})"
            ))
            .expression_attribute_names("#id", id.as_str())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":active", string("active"))
            .expression_attribute_values(":totp", string("totp"));
        self.reserve(update, Tries::User, |old| old.why_no_check(id, now)).await
    }

    /// Counts an attempt at a recovery code, likewise, on the count of recovery codes.
    pub async fn reserve_recovery(&self, user: &UserId, now: Timestamp) -> Result<Reserved> {
        let (update, allowed) = scheduled(self.table.update(&Key::account(user)), RECOVERY_FAILURES, RECOVERY, now);
        let update = update
            .condition_expression(format!("attribute_exists(#recovery) AND #by <> :by AND ({allowed})"))
            .expression_attribute_names("#recovery", "recovery");
        self.reserve(update, Tries::Recovery, |old| old.why_no_recovery(now)).await
    }

    /// Counts an attempt at a pending factor, on that factor alone, while it is alive and has guesses left.
    pub async fn reserve_activation(&self, user: &UserId, id: &FactorId, now: Timestamp) -> Result<Reserved> {
        let update = self
            .table
            .update(&Key::account(user))
            .update_expression("SET factors.#id.tries = factors.#id.tries + :one, #by = :by")
            .condition_expression(format!(
                "factors.#id.#status = :pending AND factors.#id.tries < :tries AND factors.#id.created_at > :expired \
                 AND {LIVE_CODE} AND #by <> :by"
            ))
            .expression_attribute_names("#id", id.as_str())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", string("pending"))
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":tries", number(PENDING_TRIES))
            .expression_attribute_values(":expired", number(now.minus(PENDING_LIFE).millis()))
            .expression_attribute_values(":totp", string("totp"))
            .expression_attribute_values(":now", number(now.millis()));
        self.reserve(update, Tries::Factor(id.clone()), |old| old.why_no_activation(id, now)).await
    }

    /// Counts an attempt at the emailed code, on that code alone, while it is alive and has guesses left.
    pub async fn reserve_emailed(&self, user: &UserId, now: Timestamp) -> Result<Reserved> {
        let update = self
            .table
            .update(&Key::account(user))
            .update_expression("SET emailed.tries = emailed.tries + :one, #by = :by")
            .condition_expression("emailed.expires > :now AND emailed.tries < :tries AND #by <> :by")
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":tries", number(code::TRIES))
            .expression_attribute_values(":now", number(now.millis()));
        self.reserve(update, Tries::Emailed, Account::why_no_emailed).await
    }

    async fn reserve(
        &self,
        update: UpdateItemFluentBuilder,
        counter: Tries,
        why_not: impl FnOnce(&Account) -> Error,
    ) -> Result<Reserved> {
        match signed(update).await? {
            (by, Written::Applied(item)) => Ok(Reserved { account: table::read(item)?, by, counter }),
            (by, Written::Refused(old)) => match account(old)? {
                old if old.is_by(&by) => Ok(Reserved { account: old, by, counter }),
                old => Err(why_not(&old)),
            },
        }
    }

    /// What was made of an attempt. One whose code was not looked at is given back, and with it the wait that was over;
    /// unless another write came between: then it stays counted.
    pub async fn or_give_back<T, E>(&self, user: &UserId, reserved: &Reserved, looked: Result<T, E>) -> Result<T, E> {
        if looked.is_err()
            && let Err(fault) = self.give_back(user, reserved).await
        {
            tracing::warn!(fault = chain(&fault), "an attempt that was not looked at stays counted");
        }
        looked
    }

    async fn give_back(&self, user: &UserId, reserved: &Reserved) -> Result<(), Fault> {
        let update = self.table.update(&Key::account(user));
        let scheduled = |update: UpdateItemFluentBuilder, [count, at, before]: Attributes| {
            update.update_expression(format!("SET {count} = {count} - :one, {at} = {before}, #by = :by"))
        };
        let update = match &reserved.counter {
            Tries::User => scheduled(update, FAILURES),
            Tries::Recovery => scheduled(update, RECOVERY_FAILURES),
            Tries::Emailed => update.update_expression("SET emailed.tries = emailed.tries - :one, #by = :by"),
            Tries::Factor(id) => update
                .update_expression("SET factors.#id.tries = factors.#id.tries - :one, #by = :by")
                .expression_attribute_names("#id", id.as_str()),
        };
        let update = update
            .condition_expression("#by = :counted")
            .expression_attribute_values(":counted", string(&reserved.by))
            .expression_attribute_values(":one", number(1_u64));
        signed(update).await.map(|_| ())
    }

    /// Accepts a code, once: an app's only if its time step is later than the last, a texted one only if it is still the
    /// factor's, which it then is no more. Clears the user's failures.
    pub async fn claim(&self, user: &UserId, id: &FactorId, spent: Spent, now: Timestamp) -> Result<()> {
        let update = self.table.update(&Key::account(user));
        let (update, (set, remove), unspent) = match spent {
            Spent::Step(step) => (
                update.expression_attribute_values(":step", number(step)),
                ("factors.#id.last_step = :step, ", ""),
                "(attribute_not_exists(factors.#id.last_step) OR factors.#id.last_step < :step)",
            ),
            Spent::Sent(nonce) => (
                update.expression_attribute_values(":nonce", value(&nonce)?),
                ("", " REMOVE factors.#id.code"),
                "factors.#id.code.nonce = :nonce",
            ),
        };
        let update = update
            .update_expression(format!("SET {set}factors.#id.last_used_at = :now, failures = :zero, #by = :by{remove}"))
            .condition_expression(format!("factors.#id.#status = :active AND #by <> :by AND {unspent}"))
            .expression_attribute_names("#id", id.as_str())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":active", string("active"))
            .expression_attribute_values(":now", number(now.millis()));
        self.commit(update, |old| old.why_not_spent(id, spent)).await
    }

    /// Redeems the recovery code at `index` of the set of `nonce`, once. Clears the failures at factors too: a lock is
    /// lifted.
    pub async fn claim_recovery(&self, user: &UserId, nonce: &Nonce, index: usize, now: Timestamp) -> Result<()> {
        let update = self
            .table
            .update(&Key::account(user))
            .update_expression(
                "SET #recovery.used.#index = :now, recovery_failures = :zero, failures = :zero, #by = :by",
            )
            .condition_expression(
                "#recovery.nonce = :nonce AND attribute_not_exists(#recovery.used.#index) AND #by <> :by",
            )
            .expression_attribute_names("#recovery", "recovery")
            .expression_attribute_names("#index", index.to_string())
            .expression_attribute_values(":nonce", value(nonce)?)
            .expression_attribute_values(":now", number(now.millis()));
        self.commit(update, |old| old.why_not_redeemed(nonce, index)).await
    }

    /// Redeems the emailed code of this nonce, once. Clears both counts of failures. `contact` is kept from now on, where
    /// the code went to another address.
    pub async fn claim_emailed(&self, user: &UserId, nonce: &Nonce, contact: Option<&Contact>) -> Result<()> {
        let mut update = self.table.update(&Key::account(user));
        let mut set = "recovery_failures = :zero, failures = :zero, #by = :by".to_owned();
        if let Some(contact) = contact {
            set.push_str(", contact = :contact");
            update = update.expression_attribute_values(":contact", value(contact)?);
        }
        let update = update
            .update_expression(format!("SET {set} REMOVE emailed"))
            .condition_expression("emailed.nonce = :nonce AND #by <> :by")
            .expression_attribute_values(":nonce", value(nonce)?);
        self.commit(update, |old| old.why_not_emailed(nonce)).await
    }

    async fn commit(&self, update: UpdateItemFluentBuilder, why_not: impl FnOnce(&Account) -> Error) -> Result<()> {
        let update = update.expression_attribute_values(":zero", number(0_u64));
        match signed(update).await? {
            (_, Written::Applied(_)) => Ok(()),
            (by, Written::Refused(old)) => match account(old)? {
                old if old.is_by(&by) => Ok(()),
                old => Err(why_not(&old)),
            },
        }
    }
}

/// Counts an attempt on a schedule, with the condition under which it allows one at `now`.
fn scheduled(
    update: UpdateItemFluentBuilder,
    [count, at, before]: Attributes,
    schedule: Schedule,
    now: Timestamp,
) -> (UpdateItemFluentBuilder, String) {
    let mut update = update
        .update_expression(format!(
            "SET {count} = if_not_exists({count}, :zero) + :one, {before} = if_not_exists({at}, :zero), {at} = :now, \
             #by = :by"
        ))
        .expression_attribute_values(":zero", number(0_u64))
        .expression_attribute_values(":one", number(1_u64))
        .expression_attribute_values(":now", number(now.millis()));
    let mut allowed = vec![format!("attribute_not_exists({count})")];
    for (index, Tier { from, to, wait }) in schedule.tiers().into_iter().enumerate() {
        let range = format!("{count} BETWEEN :from{index} AND :to{index}");
        update = update
            .expression_attribute_values(format!(":from{index}"), number(from))
            .expression_attribute_values(format!(":to{index}"), number(to));
        if wait.is_zero() {
            allowed.push(range);
        } else {
            allowed.push(format!("({range} AND {at} <= :before{index})"));
            update = update.expression_attribute_values(format!(":before{index}"), number(now.minus(wait).millis()));
        }
    }
    (update, allowed.join(" OR "))
}

/// Why the account, as it was, allowed none of it.
impl Account {
    /// Why the account, as it was, let no code of an active factor be looked at.
    fn why_no_check(&self, id: &FactorId, now: Timestamp) -> Error {
        match self.factors.get(id) {
            None => Refusal::FactorNotFound.into(),
            Some(factor) if !factor.is_active() => Refusal::FactorNotActive.into(),
            Some(factor) if !factor.has_live_code(now) => Refusal::CodeExpired.into(),
            Some(_) => match FACTORS.judge(self.failures, self.tried_at, now) {
                Verdict::Wait(wait) => Refusal::TooManyAttempts { wait }.into(),
                Verdict::Locked => Refusal::Locked.into(),
                Verdict::Go => Fault::new("agree with the table on who may try a code").into(),
            },
        }
    }

    /// Why the account, as it was, let no code of a pending factor be looked at.
    fn why_no_activation(&self, id: &FactorId, now: Timestamp) -> Error {
        match self.factors.get(id) {
            None => Refusal::FactorNotFound.into(),
            Some(factor) if factor.is_active() => Refusal::FactorNotPending.into(),
            Some(factor) if !factor.is_live_pending(now) => Refusal::EnrollmentExpired.into(),
            Some(factor) if !factor.has_live_code(now) => Refusal::CodeExpired.into(),
            Some(_) => Fault::new("agree with the table on who may activate a factor").into(),
        }
    }

    /// Why the account, as it was, let no recovery code be looked at. Who has none is told no more than that it is wrong.
    fn why_no_recovery(&self, now: Timestamp) -> Error {
        if self.recovery.is_none() {
            return Refusal::CodeRejected { attempts_left: lockout::left_before_wait(self.recovery_failures) }.into();
        }
        match RECOVERY.judge(self.recovery_failures, self.recovery_tried_at, now) {
            Verdict::Wait(wait) => Refusal::TooManyAttempts { wait }.into(),
            Verdict::Locked => Refusal::RecoveryLocked.into(),
            Verdict::Go => Fault::new("agree with the table on who may try a recovery code").into(),
        }
    }

    /// Why the account, as it was, did not let a recovery code be redeemed. One of a set that was replaced is wrong.
    fn why_not_redeemed(&self, nonce: &Nonce, index: usize) -> Error {
        match self.recovery.as_ref().filter(|codes| codes.nonce == *nonce) {
            None => Refusal::CodeRejected { attempts_left: lockout::left_before_wait(self.recovery_failures) }.into(),
            Some(codes) if codes.used.contains_key(&index.to_string()) => Refusal::CodeUsed.into(),
            Some(_) => Fault::new("agree with the table on which recovery codes were used").into(),
        }
    }

    /// Why the account, as it was, did not let a code be spent.
    fn why_not_spent(&self, id: &FactorId, spent: Spent) -> Error {
        let Some(factor) = self.factors.get(id) else { return Refusal::FactorNotFound.into() };
        if !factor.is_active() {
            return Refusal::FactorNotActive.into();
        }
        match (spent, factor.sent_code()) {
            (Spent::Step(step), _) if factor.last_step().is_some_and(|last| last >= step) => Refusal::CodeUsed.into(),
            (Spent::Sent(_), None) => Refusal::CodeUsed.into(),
            // A newer one was sent since this one was looked at.
            (Spent::Sent(nonce), Some(code)) if code.nonce != nonce => {
                Refusal::CodeRejected { attempts_left: lockout::left_before_wait(self.failures) }.into()
            }
            _ => Fault::new("agree with the table on which codes were used").into(),
        }
    }

    /// Why the account, as it was, let no emailed code be looked at. Who has no factor is told no more than that it is wrong.
    fn why_no_emailed(&self) -> Error {
        if self.has_factor() {
            Refusal::CodeExpired.into()
        } else {
            Refusal::CodeRejected { attempts_left: code::TRIES }.into()
        }
    }

    /// Why the account, as it was, did not let an emailed code be redeemed.
    fn why_not_emailed(&self, nonce: &Nonce) -> Error {
        match &self.emailed {
            _ if !self.has_factor() => self.why_no_emailed(),
            None => Refusal::CodeUsed.into(),
            Some(code) if code.nonce != *nonce => Refusal::CodeRejected { attempts_left: code.tries_left() }.into(),
            Some(_) => Fault::new("agree with the table on which emailed code is there").into(),
        }
    }
}
