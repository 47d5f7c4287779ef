//! How many emails with codes one user is sent, and how long an address waits for its first.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        quota::{Count, FixedWindow},
        settings::{SettingError, Settings},
    },
    channel::email::code::TRIES,
};

/// The emails with codes, and those that tell of another address, that one user was sent, as their account keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentEmails {
    /// The id of the last one.
    pub id: String,
    /// When that was sent.
    pub sent_at: Timestamp,
    /// In an hour.
    pub hour: Count,
    /// In a day.
    pub day: Count,
}

/// How many emails with codes a user may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailLimits {
    /// How long after one the next may follow.
    pub interval: Duration,
    hour: u32,
    day: u32,
    /// How long no code is sent after a password reset, or to an address that is new. Zero turns that off.
    pub hold: Duration,
}

impl EmailLimits {
    /// Takes them from the settings `MFA_EMAIL_LIMITS` (`interval=60,hour=3,day=5` unless set; the first in seconds) and
    /// `MFA_EMAIL_HOLD_HOURS` (24 unless set).
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let mut limits = Self { interval: Duration::from_mins(1), hour: 3, day: 5, hold: Duration::from_hours(24) };
        if let Some(set) = settings.optional("MFA_EMAIL_LIMITS") {
            let taken = set.split(',').try_for_each(|entry| limits.set(entry.trim().split_once('=')?));
            taken.ok_or(SettingError::Invalid("MFA_EMAIL_LIMITS", "interval=60,hour=3,day=5"))?;
        }
        if let Some(hours) = settings.optional("MFA_EMAIL_HOLD_HOURS") {
            let hours =
                hours.parse::<u16>().map_err(|_| SettingError::Invalid("MFA_EMAIL_HOLD_HOURS", "hours, as 24"))?;
            limits.hold = Duration::from_hours(hours.into());
        }
        Ok(limits)
    }

    fn set(&mut self, (name, value): (&str, &str)) -> Option<()> {
        let number = value.parse::<u32>().ok()?;
        match name {
            "interval" => self.interval = Duration::from_secs(number.into()),
            "hour" => self.hour = number,
            "day" => self.day = number,
            _ => return None,
        }
        Some(())
    }

    /// How often an email is planned at most where its user's account keeps changing: each time another one was counted, and
    /// there can be only so many, or a code was guessed at.
    pub fn plans(&self) -> u32 {
        self.hour.saturating_add(TRIES + 3)
    }

    /// The tally with one more email, `id`.
    pub fn one_more(&self, tally: &SentEmails, id: String, now: Timestamp) -> Result<SentEmails, Refusal> {
        let next = if tally.id.is_empty() { now } else { tally.sent_at.plus(self.interval) };
        let hour = tally.hour.one_more(FixedWindow::Hour, self.hour, now);
        let day = tally.day.one_more(FixedWindow::Day, self.day, now);
        // Until the last of them is over: who waits for a shorter one alone would be refused again.
        let until = [hour.err(), day.err(), Some(next)].into_iter().flatten().max().filter(|until| now < *until);
        match (hour, day, until) {
            (Ok(hour), Ok(day), None) => Ok(SentEmails { id, sent_at: now, hour, day }),
            (_, _, until) => Err(Refusal::TooManyEmails { wait: until.unwrap_or(next).since(now) }),
        }
    }
}
