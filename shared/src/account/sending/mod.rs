//! Plans a text or an email to a user, from their account.

use std::time::Duration;

use crate::{
    account::Account,
    aws::derive::Nonce,
    base::{clock::Timestamp, error::Refusal},
    channel::{
        email::{
            code::EmailedCode,
            limits::{EmailLimits, SentEmails},
        },
        sms::limits::{SentTexts, SmsLimits, Subject},
    },
    proof::{
        code::{RESENT_LIFE, SENT_LIFE, SHORTEST_LIFE, SentCode},
        factor::{FactorId, Method, Status},
        lockout::{self, Verdict},
    },
};

pub mod email;
pub mod text;

/// A planned text: what it changes in the account, and the values before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The phone's factor.
    pub factor: FactorId,
    /// The factor's status.
    pub status: Status,
    /// The code in the text.
    pub code: SentCode,
    /// The wait before the next text.
    pub wait: Duration,
    pub(super) tally: SentTexts,
    pub(super) code_before: Option<SentCode>,
    pub(super) tally_before: Option<SentTexts>,
}

impl Text {
    /// The same text, but giving it back keeps the wait for the next one. For a text that a STOP or SNS refused:
    /// without the wait, repeated requests would cost calls and never be counted. For a pending phone the user's count
    /// stays too, because beginning the phone again ends the wait.
    #[must_use]
    pub fn keeping_its_wait(&self) -> Self {
        let now = self.code.sent_at;
        let code = match &self.code_before {
            Some(sent) if sent.is_live(now) => SentCode { sent_at: now, ..sent.clone() },
            // This code was never sent, so it expires at once.
            _ => SentCode { expires: now, ..self.code.clone() },
        };
        let tally_before = match self.status {
            Status::Pending => Some(self.tally.clone()),
            Status::Active => self.tally_before.clone(),
        };
        Self { code_before: Some(code), tally_before, ..self.clone() }
    }
}

/// The inputs of a text or an email: its id, and the key and nonce of a new code.
#[derive(Clone, Debug)]
pub struct FreshCode<'a> {
    /// The id of the message.
    pub id: String,
    /// The label of the current key.
    pub key: &'a str,
    /// The new code's nonce.
    pub nonce: Nonce,
}

/// A planned email: what it changes in the account, and the values before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The code in the email. A notice has none.
    pub code: Option<EmailedCode>,
    pub(super) tally: SentEmails,
    pub(super) code_before: Option<EmailedCode>,
    pub(super) tally_before: Option<SentEmails>,
    /// The account's version.
    pub(super) version: u64,
}

impl Account {
    /// Plans a text to a phone. Sends the last code again if enough time is left, otherwise a new one.
    pub fn text(
        &self,
        id: &FactorId,
        limits: &SmsLimits,
        fresh: FreshCode<'_>,
        now: Timestamp,
    ) -> Result<Text, Refusal> {
        let factor = self.living(id, now)?;
        let Method::Sms { code: last, .. } = &factor.method else { return Err(Refusal::FactorNotSms) };
        // No code would be accepted.
        if factor.is_active() && lockout::FACTORS.judge(self.failures, self.tried_at, now) == Verdict::Locked {
            return Err(Refusal::Locked);
        }
        let full = now.plus(SENT_LIFE);
        let expires = if factor.is_active() { full } else { full.min(factor.pending_until()) };
        if expires.since(now) < SHORTEST_LIFE {
            return Err(Refusal::EnrollmentExpired);
        }
        let new =
            SentCode { key: fresh.key.to_owned(), nonce: fresh.nonce, expires, sends: 1, sent_at: now, by_login: true };
        let code = match last {
            Some(last) if last.is_live(now) || !last.was_sent() => {
                let again = last.sent_at.plus(limits.wait_after(last.sends));
                if now < again {
                    return Err(Subject::Factor.refuse(again, now));
                }
                if last.expires.since(now) >= RESENT_LIFE {
                    SentCode { sends: last.sends + 1, sent_at: now, ..last.clone() }
                } else {
                    new
                }
            }
            _ => new,
        };
        let tally = self.texts.clone().unwrap_or_default().one_more(fresh.id, limits, now)?;
        Ok(Text {
            factor: id.clone(),
            status: factor.status(),
            wait: limits.wait_after(code.sends),
            code,
            tally,
            code_before: last.clone(),
            tally_before: self.texts.clone(),
        })
    }

    /// Plans an email with a code. Sends the last code again if enough time is left, otherwise a new one.
    pub fn email(&self, limits: &EmailLimits, fresh: FreshCode<'_>, now: Timestamp) -> Result<Email, Refusal> {
        let again = self.emailed.clone().filter(|code| code.is_worth_resending(now));
        let code = again.unwrap_or_else(|| EmailedCode::new(fresh.key, fresh.nonce, now));
        self.counted(Some(code), limits, fresh.id, now)
    }

    /// Plans a notice about another address. It counts like an email with a code: an attacker must not flood the user's
    /// mailbox.
    pub fn warning(&self, limits: &EmailLimits, id: String, now: Timestamp) -> Result<Email, Refusal> {
        self.counted(None, limits, id, now)
    }

    fn counted(
        &self,
        code: Option<EmailedCode>,
        limits: &EmailLimits,
        id: String,
        now: Timestamp,
    ) -> Result<Email, Refusal> {
        let tally = limits.one_more(&self.emails.clone().unwrap_or_default(), id, now)?;
        Ok(Email {
            code,
            tally,
            code_before: self.emailed.clone(),
            tally_before: self.emails.clone(),
            version: self.version,
        })
    }
}
