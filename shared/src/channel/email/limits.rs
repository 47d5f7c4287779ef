//! The quotas on emails with codes to one user, and the length of the hold.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        quota::{Count, FixedWindow},
        settings::{SettingError, Settings, setting},
    },
    channel::email::code::TRIES,
};

/// The counts of emails to one user, in their account: emails with codes, and notices about another address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentEmails {
    /// The id of the last one.
    pub id: String,
    /// When that was sent.
    pub sent_at: Timestamp,
    /// The count in an hour.
    pub hour: Count,
    /// The count in a day.
    pub day: Count,
}

/// The quotas on emails with codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailLimits {
    /// The shortest time between two emails.
    pub interval: Duration,
    hour: u32,
    day: u32,
    /// The hold: how long no code is emailed after a password reset or a change of address. Zero turns it off.
    pub hold: Duration,
}

impl EmailLimits {
    /// Reads two optional settings:
    ///
    /// - `MFA_EMAIL_LIMITS`: `interval=60,hour=3,day=5` by default. The interval is in seconds.
    /// - `MFA_EMAIL_HOLD_HOURS`: 24 by default.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let hours = settings.get(&setting::EMAIL_HOLD_HOURS)?.parse::<u16>();
        let hours = hours.map_err(|_| setting::EMAIL_HOLD_HOURS.invalid("hours, such as 24"))?;
        let hold = Duration::from_hours(hours.into());
        let mut limits = Self { interval: Duration::from_mins(1), hour: 3, day: 5, hold };
        if let Some(set) = settings.find(&setting::EMAIL_LIMITS) {
            let taken = set.split(',').try_for_each(|entry| limits.set(entry.trim().split_once('=')?));
            taken.ok_or(setting::EMAIL_LIMITS.invalid("limits such as interval=60,hour=3,day=5"))?;
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

    /// How many times an email is planned, at most. It is planned again if another email was counted or a code was
    /// tried first. The quotas limit how often that happens.
    pub fn plans(&self) -> u32 {
        self.hour.saturating_add(TRIES + 3)
    }

    /// The counts with one more email, `id`. A refusal lasts until the last quota allows an email again.
    pub fn one_more(&self, tally: &SentEmails, id: String, now: Timestamp) -> Result<SentEmails, Refusal> {
        let next = if tally.id.is_empty() { now } else { tally.sent_at.plus(self.interval) };
        let hour = tally.hour.one_more(FixedWindow::Hour, self.hour, now);
        let day = tally.day.one_more(FixedWindow::Day, self.day, now);
        match (hour, day) {
            (Ok(hour), Ok(day)) if next <= now => Ok(SentEmails { id, sent_at: now, hour, day }),
            (hour, day) => {
                // A user who waits only for a shorter one would be refused again.
                let until = next.max(hour.err().unwrap_or(next)).max(day.err().unwrap_or(next));
                Err(Refusal::TooManyEmails { wait: until.since(now) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_not_set_keeps_its_default() {
        let limits = |set: &str| EmailLimits::new(&Settings::from_iter([("MFA_EMAIL_LIMITS", set)]));
        for set in ["interval=60", "hour=3", "day=5"] {
            assert_eq!(limits(set), limits(""), "{set}");
        }
        assert_ne!(limits("hour=4"), limits(""));
    }

    #[test]
    fn a_refused_email_waits_until_the_last_limit_is_over() {
        let noon = Timestamp::from_seconds(1_800_014_400);
        let (interval, hour, day) = (120, 3_600, 43_200);
        for (limits, sent, wait) in [
            // The email was sent 60 s ago: only the interval forbids another one.
            ("hour=9,day=9", 1, Some(interval - 60)),
            ("hour=1,day=9", 1, Some(hour - 60)),
            ("hour=9,day=1", 1, Some(day - 60)),
            ("hour=1,day=1", 1, Some(day - 60)),
            ("hour=1,day=1,interval=86400", 1, Some(86_400 - 60)),
            ("hour=2,day=2,interval=60", 1, None),
            ("hour=9,day=9", 0, None),
            ("hour=0,day=9", 0, Some(hour - 60)),
        ] {
            let limits = format!("interval={interval},{limits}");
            let limits = EmailLimits::new(&Settings::from_iter([("MFA_EMAIL_LIMITS", &limits)])).unwrap();
            let mut tally = SentEmails::default();
            for index in 0..sent {
                tally = limits.one_more(&tally, index.to_string(), noon).unwrap();
            }
            let next = limits.one_more(&tally, "next".to_owned(), noon.plus(Duration::from_mins(1)));
            let refused = wait.map(|wait| Refusal::TooManyEmails { wait: Duration::from_secs(wait) });
            assert_eq!(next.err(), refused, "{limits:?}, {sent} sent");
        }
    }
}
