//! The targets of an attempt: which count it raises, and what an accepted code spends. Both are updates of the account,
//! whose conditions enforce the rules.

use crate::{
    account::{Account, store},
    aws::{
        derive::Nonce,
        expression::Expression,
        item::{number, string, value},
    },
    base::{audit::AuditEvent, clock::Timestamp, error::Fault},
    channel::email::{code, contact::Contact, notices::NoticeKind},
    proof::{
        factor::{self, FactorId, PENDING_LIFE, PENDING_TRIES, Status},
        lockout::{self, FACTORS, RECOVERY, Schedule, Tier},
    },
};

/// What a typed code is checked against.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// An active factor, at a login or step-up.
    Active(&'a FactorId),
    /// A pending factor, to activate it.
    Pending(&'a FactorId),
    /// The ten recovery codes.
    RecoveryCodes,
    /// The last emailed code.
    EmailedCode,
}

/// What a commit spends, so that no code is accepted twice.
#[derive(Clone, Debug)]
pub enum Spent {
    /// A code of an active factor.
    Factor(factor::Spent),
    /// A recovery code.
    RecoveryCode {
        /// The nonce of the set.
        nonce: Nonce,
        /// The code's index, from 0 to 9.
        index: usize,
    },
    /// The emailed code.
    EmailedCode {
        /// The nonce of the code.
        nonce: Nonce,
        /// The new recovery address, if the code went to another one.
        keep: Option<Contact>,
    },
}

/// The count that an attempt raises.
enum Charge {
    /// A count of the account, on a schedule of waits.
    Pool(Pool),
    /// The tries of the target itself: its path, and the most tries.
    Own(&'static str, u32),
}

/// A count of the account: the attributes of the count, of the last attempt's time, and of the time before.
struct Pool {
    count: &'static str,
    at: &'static str,
    before: &'static str,
    schedule: Schedule,
}

const FACTOR_POOL: Pool = Pool { count: "failures", at: "tried_at", before: "tried_before", schedule: FACTORS };
const RECOVERY_POOL: Pool =
    Pool { count: "recovery_failures", at: "recovery_tried_at", before: "recovery_tried_before", schedule: RECOVERY };

impl Target<'_> {
    fn charge(self) -> Charge {
        match self {
            Self::Active(_) => Charge::Pool(FACTOR_POOL),
            Self::RecoveryCodes => Charge::Pool(RECOVERY_POOL),
            Self::Pending(_) => Charge::Own("factors.#id", PENDING_TRIES),
            Self::EmailedCode => Charge::Own("emailed", code::TRIES),
        }
    }

    /// Counts an attempt, if the target can accept a code and its count allows one more at `now`.
    pub(super) fn reserve(self, now: Timestamp) -> Expression {
        let update = self.named(Expression::default()).value(":one", number(1_u64)).value(":now", number(now.millis()));
        let update = match self.charge() {
            Charge::Pool(pool) => pool.one_more(update, now),
            Charge::Own(path, most) => update
                .set(format!("{path}.tries = {path}.tries + :one"))
                .only_if(format!("{path}.tries < :tries"))
                .value(":tries", number(most)),
        };
        match self {
            Self::Active(_) => with_live_code(store::only_if_status(update, Status::Active)),
            Self::Pending(_) => with_live_code(store::only_if_status(update, Status::Pending))
                .only_if("factors.#id.created_at > :expired")
                .value(":expired", number(now.minus(PENDING_LIFE).millis())),
            Self::RecoveryCodes => update.only_if("attribute_exists(recovery)"),
            Self::EmailedCode => update.only_if("emailed.expires > :now"),
        }
    }

    /// Takes an attempt back, and restores the time of the attempt before.
    pub(super) fn give_back(self) -> Expression {
        let update = Expression::default().value(":one", number(1_u64));
        match self.charge() {
            Charge::Pool(Pool { count, at, before, .. }) => {
                update.set(format!("{count} = {count} - :one")).set(format!("{at} = {before}"))
            }
            Charge::Own(path, _) => self.named(update.set(format!("{path}.tries = {path}.tries - :one"))),
        }
    }

    /// Accepts a code, once:
    ///
    /// - A code of an authenticator app must have a later time step than the last one.
    /// - A sent code must be the last one. The update removes it.
    /// - A recovery code must be unused.
    ///
    /// Resets the count of wrong codes. A recovery code or an emailed code resets that of recovery codes too.
    pub(super) fn commit(self, spent: &Spent, now: Timestamp) -> Result<Expression, Fault> {
        let update = self.named(Expression::default()).set("failures = :zero").value(":zero", number(0_u64));
        Ok(match (self, spent) {
            (Self::Active(_), Spent::Factor(spent)) => {
                let update = store::only_if_status(update, Status::Active)
                    .set("factors.#id.last_used_at = :now")
                    .value(":now", number(now.millis()));
                match spent {
                    factor::Spent::Step(step) => update
                        .set("factors.#id.last_step = :step")
                        .only_if("(attribute_not_exists(factors.#id.last_step) OR factors.#id.last_step < :step)")
                        .value(":step", number(*step)),
                    factor::Spent::Sent(nonce) => update
                        .remove("factors.#id.code")
                        .only_if("factors.#id.code.nonce = :nonce")
                        .value(":nonce", value(nonce)?),
                }
            }
            (Self::RecoveryCodes, Spent::RecoveryCode { nonce, index }) => update
                .set("recovery_failures = :zero")
                .set("recovery.used.#index = :now")
                .only_if("recovery.nonce = :nonce")
                .only_if("attribute_not_exists(recovery.used.#index)")
                .name("#index", index.to_string())
                .value(":nonce", value(nonce)?)
                .value(":now", number(now.millis())),
            (Self::EmailedCode, Spent::EmailedCode { nonce, keep }) => {
                let update = update
                    .set("recovery_failures = :zero")
                    .remove("emailed")
                    .only_if("emailed.nonce = :nonce")
                    .value(":nonce", value(nonce)?);
                match keep {
                    Some(contact) => update.set("contact = :contact").value(":contact", value(contact)?),
                    None => update,
                }
            }
            _ => return Err(Fault::new("match an accepted code to its target")),
        })
    }

    /// How many codes can be tried before the next wait, or in total for a target with tries of its own.
    pub(super) fn attempts_left(self, account: &Account) -> u32 {
        match self {
            Self::Active(_) => lockout::left_before_wait(account.failures),
            Self::RecoveryCodes => lockout::left_before_wait(account.recovery_failures),
            Self::Pending(id) => account.pending_tries_left(id),
            Self::EmailedCode => account.emailed.as_ref().map_or(code::TRIES, code::EmailedCode::tries_left),
        }
    }

    /// The notice to send after the last attempt before a lock failed. `None` if this was not the last.
    pub(super) fn lock(self, account: &Account) -> Option<NoticeKind> {
        match self {
            Self::Active(_) if FACTORS.locks_at(account.failures) => Some(NoticeKind::Locked),
            Self::RecoveryCodes if RECOVERY.locks_at(account.recovery_failures) => Some(NoticeKind::RecoveryLocked),
            _ => None,
        }
    }

    /// The audit event for an accepted code.
    pub(super) const fn accepted(self) -> AuditEvent {
        match self {
            Self::Active(_) => AuditEvent::VerificationAccepted,
            Self::Pending(_) => AuditEvent::FactorActivated,
            Self::RecoveryCodes | Self::EmailedCode => AuditEvent::RecoveryUsed,
        }
    }

    /// The target's name in audit events.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Active(id) | Self::Pending(id) => id.as_str(),
            Self::RecoveryCodes => "recovery_code",
            Self::EmailedCode => "emailed_code",
        }
    }

    /// Defines `#id` as the name of the factor.
    fn named(self, update: Expression) -> Expression {
        match self {
            Self::Active(id) | Self::Pending(id) => update.name("#id", id.as_str()),
            Self::RecoveryCodes | Self::EmailedCode => update,
        }
    }
}

impl Pool {
    /// Counts an attempt, if the schedule allows one at `now`.
    fn one_more(&self, update: Expression, now: Timestamp) -> Expression {
        let Self { count, at, before, schedule } = self;
        let mut update = update
            .set(format!("{count} = if_not_exists({count}, :zero) + :one"))
            .set(format!("{before} = if_not_exists({at}, :zero)"))
            .set(format!("{at} = :now"))
            .value(":zero", number(0_u64));
        let mut allowed = vec![format!("attribute_not_exists({count})")];
        for (index, Tier { from, to, wait }) in schedule.tiers().into_iter().enumerate() {
            let range = format!("{count} BETWEEN :from{index} AND :to{index}");
            update = update.value(format!(":from{index}"), number(from)).value(format!(":to{index}"), number(to));
            if wait.is_zero() {
                allowed.push(range);
            } else {
                allowed.push(format!("({range} AND {at} <= :before{index})"));
                update = update.value(format!(":before{index}"), number(now.minus(wait).millis()));
            }
        }
        update.only_if(format!("({})", allowed.join(" OR ")))
    }
}

/// Adds the condition that the factor has a code to accept: an authenticator app always has one, a phone only after a
/// text.
fn with_live_code(update: Expression) -> Expression {
    update.only_if("(factors.#id.kind = :totp OR factors.#id.code.expires > :now)").value(":totp", string("totp"))
}
