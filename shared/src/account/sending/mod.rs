//! What is to be sent to a user, as their account stands: a text, or an email with a code.

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

/// A text that is to be sent: what it changes in the account, and what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The phone's factor.
    pub factor: FactorId,
    /// Whether that is pending or active.
    pub status: Status,
    /// The code that it carries.
    pub code: SentCode,
    /// How long after it the next may follow.
    pub wait: Duration,
    pub(super) tally: SentTexts,
    pub(super) code_before: Option<SentCode>,
    pub(super) tally_before: Option<SentTexts>,
}

impl Text {
    /// The same, given back but for its wait: its phone, or SNS, took none. Else whoever asks again and again would cost calls, and
    /// be counted nowhere. A pending phone can be begun again, which ends its wait: so its user's count stays too.
    #[must_use]
    pub fn keeping_its_wait(&self) -> Self {
        let now = self.code.sent_at;
        let code = match &self.code_before {
            Some(sent) if sent.is_live(now) => SentCode { sent_at: now, ..sent.clone() },
            // Nobody was sent this one.
            _ => SentCode { expires: now, ..self.code.clone() },
        };
        let tally_before = match self.status {
            Status::Pending => Some(self.tally.clone()),
            Status::Active => self.tally_before.clone(),
        };
        Self { code_before: Some(code), tally_before, ..self.clone() }
    }
}

/// What is drawn for a text or an email: an id of its own, and what a new code is derived from.
#[derive(Clone, Debug)]
pub struct FreshCode<'a> {
    /// Its id.
    pub id: String,
    /// The label of the current key.
    pub key: &'a str,
    /// The new code's nonce.
    pub nonce: Nonce,
}

/// An email that is to be sent and counted: what it changes in the account, and what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The code that it carries, if it carries one.
    pub code: Option<EmailedCode>,
    pub(super) tally: SentEmails,
    pub(super) code_before: Option<EmailedCode>,
    pub(super) tally_before: Option<SentEmails>,
    /// Of the account that it was made for.
    pub(super) version: u64,
}

impl Account {
    /// A text to a phone, now. A code that lives long enough is sent again; else a new one is.
    pub fn text(
        &self,
        id: &FactorId,
        limits: &SmsLimits,
        fresh: FreshCode<'_>,
        now: Timestamp,
    ) -> Result<Text, Refusal> {
        let factor = self.living(id, now)?;
        let Method::Sms { code: last, .. } = &factor.method else { return Err(Refusal::FactorNotSms) };
        // Nothing that it brought would be accepted.
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

    /// An email with a code, now. A code that lives long enough is sent again; else a new one is.
    pub fn email(&self, limits: &EmailLimits, fresh: FreshCode<'_>, now: Timestamp) -> Result<Email, Refusal> {
        let again = self.emailed.clone().filter(|code| code.is_worth_resending(now));
        let code = again.unwrap_or_else(|| EmailedCode::new(fresh.key, fresh.nonce, now));
        self.counted(Some(code), limits, fresh.id, now)
    }

    /// An email that tells of another address, now. It is counted as those with codes are: whoever can ask for one must not
    /// flood the mailbox of who is told.
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
