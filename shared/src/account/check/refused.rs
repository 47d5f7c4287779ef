//! Why the table refused to count an attempt or to spend a code. Evaluates the same conditions on the account.

use crate::{
    account::{
        Account,
        check::target::{Spent, Target},
    },
    base::{
        clock::Timestamp,
        error::{Error, Fault, Refusal},
    },
    channel::email::code,
    proof::{
        factor,
        lockout::{FACTORS, RECOVERY, Verdict},
    },
};

/// Why an attempt was not counted. If the user has no recovery codes, or no factor for an emailed code, the answer is
/// only that the code is wrong.
pub(super) fn reserve(target: Target<'_>, account: &Account, now: Timestamp) -> Error {
    let rejected = Refusal::CodeRejected { attempts_left: target.attempts_left(account) };
    let (verdict, locked) = match target {
        Target::Active(id) => match account.factors.get(id) {
            None => return Refusal::FactorNotFound.into(),
            Some(factor) if !factor.is_active() => return Refusal::FactorNotActive.into(),
            Some(factor) if !factor.has_live_code(now) => return Refusal::CodeExpired.into(),
            Some(_) => (FACTORS.judge(account.failures, account.tried_at, now), Refusal::Locked),
        },
        Target::Pending(id) => match account.factors.get(id) {
            None => return Refusal::FactorNotFound.into(),
            Some(factor) if factor.is_active() => return Refusal::FactorNotPending.into(),
            Some(factor) if !factor.is_live_pending(now) => return Refusal::EnrollmentExpired.into(),
            Some(factor) if !factor.has_live_code(now) => return Refusal::CodeExpired.into(),
            Some(_) => (Verdict::Go, Refusal::Locked),
        },
        Target::RecoveryCodes if account.recovery.is_none() => return rejected.into(),
        Target::RecoveryCodes => {
            let verdict = RECOVERY.judge(account.recovery_failures, account.recovery_tried_at, now);
            (verdict, Refusal::RecoveryLocked)
        }
        Target::EmailedCode => return no_emailed_code(account).into(),
    };
    match verdict {
        Verdict::Wait(wait) => Refusal::TooManyAttempts { wait }.into(),
        Verdict::Locked => locked.into(),
        Verdict::Go => Fault::new("explain why the table refused an attempt").into(),
    }
}

/// Why a right code was not spent. A code that was replaced in between counts as wrong.
pub(super) fn commit(target: Target<'_>, spent: &Spent, account: &Account) -> Error {
    let rejected = Refusal::CodeRejected { attempts_left: target.attempts_left(account) };
    let refusal = match (target, spent) {
        (Target::Active(id), Spent::Factor(spent)) => match account.factors.get(id) {
            None => Some(Refusal::FactorNotFound),
            Some(factor) if !factor.is_active() => Some(Refusal::FactorNotActive),
            Some(factor) => match (spent, factor.sent_code()) {
                (factor::Spent::Step(step), _) if factor.last_step().is_some_and(|last| last >= *step) => {
                    Some(Refusal::CodeUsed)
                }
                (factor::Spent::Sent(_), None) => Some(Refusal::CodeUsed),
                (factor::Spent::Sent(nonce), Some(code)) if code.nonce != *nonce => Some(rejected),
                _ => None,
            },
        },
        (Target::RecoveryCodes, Spent::RecoveryCode { nonce, index }) => match &account.recovery {
            Some(codes) if codes.nonce == *nonce => {
                codes.used.contains_key(&index.to_string()).then_some(Refusal::CodeUsed)
            }
            _ => Some(rejected),
        },
        (Target::EmailedCode, Spent::EmailedCode { nonce, .. }) => match &account.emailed {
            _ if !account.has_factor() => Some(no_emailed_code(account)),
            None => Some(Refusal::CodeUsed),
            Some(code) => (code.nonce != *nonce).then_some(rejected),
        },
        _ => None,
    };
    refusal.map_or_else(|| Fault::new("explain why the table did not accept a code").into(), Error::from)
}

/// Why there is no emailed code.
fn no_emailed_code(account: &Account) -> Refusal {
    if account.has_factor() { Refusal::CodeExpired } else { Refusal::CodeRejected { attempts_left: code::TRIES } }
}
