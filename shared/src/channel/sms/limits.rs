//! How many texts, to whom, when to stop. A text costs money, and whoever has a password can ask for one: so texts are
//! counted per code, per user, per number, per client address, per exchange and for the whole deployment, in fixed windows
//! of UTC. A text that one of the limits refuses is counted nowhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        quota::{Count, FixedWindow},
        settings::{SettingError, Settings},
    },
    proof::{factor::Status, phone::Phone},
};

/// Rows that the deployment's total is spread over, so that no one row takes every text: DynamoDB writes an item a few
/// hundred times a second at most, and fewer in transactions.
pub const SHARDS: u8 = 16;

/// What a limit is on, as refusals name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The factor: the wait between two texts of a code.
    Factor,
    /// The user, over all their phones.
    User,
    /// The number, over all users who say that it is theirs.
    Number,
    /// The address that the request came from.
    Address,
    /// The exchange, `+1 NPA NXX`.
    Exchange,
    /// The whole deployment.
    Deployment,
}

impl Subject {
    /// The subject as the contract spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Factor => "factor",
            Self::User => "user",
            Self::Number => "number",
            Self::Address => "address",
            Self::Exchange => "exchange",
            Self::Deployment => "deployment",
        }
    }

    /// The refusal of a text until `until`.
    pub fn refuse(self, until: Timestamp, now: Timestamp) -> Refusal {
        Refusal::TooManyTexts { limit: self.name(), wait: until.since(now) }
    }
}

/// How many texts may go where, in which window. Zero allows none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsLimits {
    /// How long to wait for the second text of a code, the third and so on; the last holds for all that follow.
    resend: Vec<Duration>,
    user_10m: u32,
    user_day: u32,
    number_hour: u32,
    number_day: u32,
    pending_number_hour: u32,
    pending_number_day: u32,
    /// Nothing where all requests come from one backend.
    address_hour: Option<u32>,
    exchange_hour: u32,
    exchange_day: u32,
    deployment_day: u32,
    /// Nothing for half of the total.
    deployment_pending_day: Option<u32>,
}

impl Default for SmsLimits {
    fn default() -> Self {
        Self {
            resend: [30, 60, 120, 300].map(Duration::from_secs).into(),
            user_10m: 5,
            user_day: 10,
            number_hour: 5,
            number_day: 10,
            pending_number_hour: 3,
            pending_number_day: 5,
            address_hour: Some(20),
            exchange_hour: 20,
            exchange_day: 60,
            deployment_day: 1000,
            deployment_pending_day: None,
        }
    }
}

impl SmsLimits {
    /// Takes the limits from the setting `MFA_TEXT_LIMITS`: `name=number` with commas between, the names those of the fields
    /// here; what is not named stays as it is by default. `address-hour=off` turns that one off; `resend=30/60/120/300` are
    /// seconds.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let mut limits = Self::default();
        let Some(set) = settings.optional("MFA_TEXT_LIMITS") else { return Ok(limits) };
        let taken = set.split(',').try_for_each(|entry| limits.set(entry.trim().split_once('=')?));
        taken.ok_or(SettingError::Invalid(
            "MFA_TEXT_LIMITS",
            "name=number,name=number, with names that the README lists",
        ))?;
        Ok(limits)
    }

    fn set(&mut self, (name, value): (&str, &str)) -> Option<()> {
        let number = value.parse().ok();
        match name {
            "resend" => {
                let seconds = value.split('/').map(|seconds| seconds.parse().map(Duration::from_secs));
                self.resend = seconds.collect::<Result<_, _>>().ok()?;
            }
            "user-10m" => self.user_10m = number?,
            "user-day" => self.user_day = number?,
            "number-hour" => self.number_hour = number?,
            "number-day" => self.number_day = number?,
            "pending-number-hour" => self.pending_number_hour = number?,
            "pending-number-day" => self.pending_number_day = number?,
            "address-hour" if value == "off" => self.address_hour = None,
            "address-hour" => self.address_hour = Some(number?),
            "exchange-hour" => self.exchange_hour = number?,
            "exchange-day" => self.exchange_day = number?,
            "deployment-day" => self.deployment_day = number?,
            "deployment-pending-day" => self.deployment_pending_day = Some(number?),
            _ => return None,
        }
        Some(())
    }

    /// Whether texts are counted by the address that a request comes from.
    pub fn by_address(&self) -> bool {
        self.address_hour.is_some()
    }

    /// How often a text is planned at most where its user's account keeps changing: each time another text was counted, and
    /// there can be only so many, or a code was accepted.
    pub fn plans(&self) -> u32 {
        self.user_10m.saturating_add(3)
    }

    /// How long after a code was sent for the `sends`th time it may be sent again.
    pub fn wait_after(&self, sends: u32) -> Duration {
        let index = usize::try_from(sends.saturating_sub(1)).unwrap_or(usize::MAX);
        self.resend.get(index).or(self.resend.last()).copied().unwrap_or_default()
    }

    /// The rows that count a text to `phone`, besides its user and the deployment's total.
    pub(crate) fn counters(
        &self,
        phone: &Phone,
        status: Status,
        address: Option<&str>,
        now: Timestamp,
    ) -> Vec<Counter> {
        let counter =
            |subject, key: &str, window, most| Counter::new(subject, key, window, vec![(status.name(), most)], now);
        let (hour, day) = match status {
            Status::Pending => (self.pending_number_hour, self.pending_number_day),
            Status::Active => (self.number_hour, self.number_day),
        };
        let mut counters = vec![
            counter(Subject::Number, &phone.number_digest, FixedWindow::Hour, hour),
            counter(Subject::Number, &phone.number_digest, FixedWindow::Day, day),
        ];
        if let Some((address, most)) = address.zip(self.address_hour) {
            counters.push(Counter::new(Subject::Address, address, FixedWindow::Hour, vec![("texts", most)], now));
        }
        if status == Status::Pending {
            counters.push(counter(Subject::Exchange, &phone.exchange_digest, FixedWindow::Hour, self.exchange_hour));
            counters.push(counter(Subject::Exchange, &phone.exchange_digest, FixedWindow::Day, self.exchange_day));
        }
        counters
    }

    /// The rows that the deployment's total is spread over, one of which is to count a text too: the one numbered `first`,
    /// then those after it. Each has an equal share; rows without any are left out.
    pub(crate) fn total(&self, status: Status, first: u8, now: Timestamp) -> Vec<Counter> {
        let share =
            |total: u32, shard: u8| total / u32::from(SHARDS) + u32::from(u32::from(shard) < total % u32::from(SHARDS));
        let shards = (0..SHARDS).map(|shard| (first % SHARDS + shard) % SHARDS);
        let rows = shards.map(|shard| {
            let mut columns = vec![("texts", share(self.deployment_day, shard))];
            if status == Status::Pending {
                let half = self.deployment_day / 2;
                columns.push(("pending", share(self.deployment_pending_day.unwrap_or(half), shard)));
            }
            Counter::new(Subject::Deployment, &format!("all#{shard}"), FixedWindow::Day, columns, now)
        });
        rows.filter(|row| !row.is_closed()).collect()
    }
}

/// One row of the table that counts texts, and how many it may count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What is counted.
    pub subject: Subject,
    /// When its window ends.
    pub ends: Timestamp,
    pub(crate) key: String,
    pub(crate) window: String,
    pub(crate) columns: Vec<(&'static str, u32)>,
}

impl Counter {
    fn new(
        subject: Subject,
        key: &str,
        window: FixedWindow,
        columns: Vec<(&'static str, u32)>,
        now: Timestamp,
    ) -> Self {
        let window_key = format!("{}#{}", window.name(), window.index(now));
        Self { subject, ends: window.end(now), key: key.to_owned(), window: window_key, columns }
    }

    /// Whether it allows no text at all.
    pub fn is_closed(&self) -> bool {
        self.columns.iter().any(|(_, most)| *most == 0)
    }
}

/// The texts that one user was sent, as their account keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTexts {
    /// The id of the last text.
    pub id: String,
    /// In ten minutes.
    pub short: Count,
    /// In a day.
    pub day: Count,
}

impl SentTexts {
    /// The tally with one more text, `id`.
    pub fn one_more(&self, id: String, limits: &SmsLimits, now: Timestamp) -> Result<Self, Refusal> {
        // The longer window first: who waits for the shorter one alone would be refused again.
        let refuse = |until| Subject::User.refuse(until, now);
        let day = self.day.one_more(FixedWindow::Day, limits.user_day, now).map_err(refuse)?;
        let short = self.short.one_more(FixedWindow::TenMinutes, limits.user_10m, now).map_err(refuse)?;
        Ok(Self { id, short, day })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_seconds(1_800_014_400);

    fn limits(set: &str) -> Result<SmsLimits, SettingError> {
        SmsLimits::new(&Settings::from_iter([("MFA_TEXT_LIMITS", set)]))
    }

    #[test]
    fn what_the_setting_does_not_name_stays_as_it_is() {
        assert_eq!(limits(""), Ok(SmsLimits::default()));
        let set = limits("user-day=7, address-hour=off,resend=5/10").unwrap();
        let expected = SmsLimits {
            user_day: 7,
            address_hour: None,
            resend: vec![Duration::from_secs(5), Duration::from_secs(10)],
            ..SmsLimits::default()
        };
        assert_eq!(set, expected);
        for bad in
            ["user-day", "user-day=", "user-day=-1", "user-day=many", "users=3", "user-day=1;", ",", "user-day=off"]
        {
            assert!(matches!(limits(bad), Err(SettingError::Invalid("MFA_TEXT_LIMITS", _))), "{bad}");
        }
    }

    #[test]
    fn a_code_is_sent_again_after_30_60_120_and_then_every_300_seconds() {
        let waits = [1, 2, 3, 4, 5, 99].map(|sends| SmsLimits::default().wait_after(sends).as_secs());
        assert_eq!(waits, [30, 60, 120, 300, 300, 300]);
    }

    #[test]
    fn the_shares_of_the_rows_come_to_the_total() {
        for (day, pending) in [(1000, 500), (17, 8), (3, 1), (1, 0), (0, 0)] {
            let limits = limits(&format!("deployment-day={day}")).unwrap();
            let sum = |status, column| {
                let rows = limits.total(status, 5, NOON);
                rows.iter().flat_map(|row| &row.columns).filter(|(name, _)| *name == column).map(|(_, most)| most).sum()
            };
            assert_eq!((sum(Status::Active, "texts"), sum(Status::Pending, "pending")), (day, pending));
        }
        let first: Vec<_> =
            SmsLimits::default().total(Status::Active, 14, NOON).into_iter().take(3).map(|row| row.key).collect();
        assert_eq!(first, ["all#14", "all#15", "all#0"]);
    }

    #[test]
    fn a_users_texts_are_counted_in_ten_minutes_and_in_a_day() {
        let limits = SmsLimits::default();
        let mut tally = SentTexts::default();
        let mut now = NOON;
        for index in 0..10 {
            if index == 5 {
                let refused = tally.one_more(String::new(), &limits, now);
                assert_eq!(refused, Err(Subject::User.refuse(FixedWindow::TenMinutes.end(now), now)));
                now = now.plus(Duration::from_mins(10));
            }
            tally = tally.one_more(index.to_string(), &limits, now).unwrap();
        }
        // Both are used up: the refusal tells of the longer one.
        let refused = tally.one_more(String::new(), &limits, now);
        assert_eq!(refused, Err(Subject::User.refuse(FixedWindow::Day.end(now), now)));
        let tomorrow = FixedWindow::Day.end(now);
        assert_eq!(tally.one_more("next".to_owned(), &limits, tomorrow).unwrap().day.count, 1);
        // A clock that stands behind the one that counted does not start anew.
        assert!(tally.one_more(String::new(), &limits, NOON.minus(Duration::from_hours(24))).is_err());
    }
}
