//! The quotas on texts. A text costs money, and anyone with a password can ask for one, even for an account of their
//! own. So texts are counted per code, user, number, client address, exchange and deployment, in fixed windows of UTC.
//! A text that one quota refuses is not counted by any.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    base::{
        clock::Timestamp,
        error::Refusal,
        quota::{Count, FixedWindow},
        settings::{SettingError, Settings, setting},
    },
    proof::{factor::Status, phone::Phone},
};

/// The rows that share the deployment's total, so that no single row counts every text. DynamoDB can write one item
/// only a few hundred times a second in transactions.
pub const SHARDS: u8 = 16;

/// What a quota limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One factor: the wait between two texts of a code.
    Factor,
    /// One user, over all their phones.
    User,
    /// One phone number, over all users who enter it.
    Number,
    /// One client address.
    Address,
    /// One exchange, `+1 NPA NXX`.
    Exchange,
    /// The whole deployment.
    Deployment,
}

impl Subject {
    /// The subject's name in the contract.
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

    /// Refuses a text until `until`.
    pub fn refuse(self, until: Timestamp, now: Timestamp) -> Refusal {
        Refusal::TooManyTexts { limit: self.name(), wait: until.since(now) }
    }
}

/// The quotas on texts. Zero allows none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsLimits {
    /// The waits before the second text of a code, the third, and so on. The last wait applies to all further ones.
    resend: Vec<Duration>,
    user_10m: u32,
    user_day: u32,
    number_hour: u32,
    number_day: u32,
    pending_number_hour: u32,
    pending_number_day: u32,
    /// `None` if all requests come from one backend.
    address_hour: Option<u32>,
    exchange_hour: u32,
    exchange_day: u32,
    deployment_day: u32,
    /// `None` means half of `deployment_day`.
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
    /// Reads the quotas from the setting `MFA_TEXT_LIMITS`, such as `user-day=10,resend=30/60/120/300`:
    ///
    /// - The names are those of the fields here, with dashes.
    /// - A quota that is not named keeps its default.
    /// - `address-hour=off` turns that quota off.
    /// - `resend` is in seconds.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let mut limits = Self::default();
        let Some(set) = settings.find(&setting::TEXT_LIMITS) else { return Ok(limits) };
        let taken = set.split(',').try_for_each(|entry| limits.set(entry.trim().split_once('=')?));
        taken.ok_or(setting::TEXT_LIMITS.invalid(
            "name=number with commas between, such as user-day=10,address-hour=off,resend=30/60/120/300. The names: \
             resend, user-10m, user-day, number-hour, number-day, pending-number-hour, pending-number-day, \
             address-hour, exchange-hour, exchange-day, deployment-day, deployment-pending-day",
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

    /// Whether texts are counted by client address.
    pub fn by_address(&self) -> bool {
        self.address_hour.is_some()
    }

    /// How many times a text is planned, at most. It is planned again if another text was counted or a code was
    /// accepted first. The user's quota limits how often that happens.
    pub fn plans(&self) -> u32 {
        self.user_10m.saturating_add(3)
    }

    /// The wait before a code that was sent `sends` times may be sent again.
    pub fn wait_after(&self, sends: u32) -> Duration {
        let index = usize::try_from(sends.saturating_sub(1)).unwrap_or(usize::MAX);
        self.resend.get(index).or(self.resend.last()).copied().unwrap_or_default()
    }

    /// The rows that count a text to `phone`, without its user's count and the deployment's total.
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

    /// The rows that share the deployment's total equally, from number `first` on. One of them must count each text.
    /// Rows whose share is zero are left out.
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

/// A row of the table that counts texts, and its quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What its quota limits.
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

    /// Whether its quota is zero.
    pub fn is_closed(&self) -> bool {
        self.columns.iter().any(|(_, most)| *most == 0)
    }
}

/// The counts of texts to one user, in their account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTexts {
    /// The id of the last text.
    pub id: String,
    /// The count in 10 minutes.
    pub short: Count,
    /// The count in a day.
    pub day: Count,
}

impl SentTexts {
    /// The counts with one more text, `id`.
    pub fn one_more(&self, id: String, limits: &SmsLimits, now: Timestamp) -> Result<Self, Refusal> {
        // The longer window first: a user who waits only for the shorter one would be refused again.
        let refuse = |until| Subject::User.refuse(until, now);
        let day = self.day.one_more(FixedWindow::Day, limits.user_day, now).map_err(refuse)?;
        let short = self.short.one_more(FixedWindow::TenMinutes, limits.user_10m, now).map_err(refuse)?;
        Ok(Self { id, short, day })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::settings::Unset;

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
    fn the_listed_default_names_every_quota_but_one() {
        let nothing = SmsLimits {
            resend: Vec::new(),
            user_10m: 0,
            user_day: 0,
            number_hour: 0,
            number_day: 0,
            pending_number_hour: 0,
            pending_number_day: 0,
            address_hour: None,
            exchange_hour: 0,
            exchange_day: 0,
            deployment_day: 0,
            // It is half of the total, so the list does not name it.
            deployment_pending_day: None,
        };
        let Unset::Default(listed) = setting::TEXT_LIMITS.unset else { panic!("no default") };
        let listed = listed.split(',').filter_map(|entry| entry.split_once('='));
        let limits = listed.fold(nothing, |mut limits, entry| {
            limits.set(entry).unwrap();
            limits
        });
        assert_eq!(limits, SmsLimits::default());
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
        // Both quotas are used up: the refusal names the longer wait.
        let refused = tally.one_more(String::new(), &limits, now);
        assert_eq!(refused, Err(Subject::User.refuse(FixedWindow::Day.end(now), now)));
        let tomorrow = FixedWindow::Day.end(now);
        assert_eq!(tally.one_more("next".to_owned(), &limits, tomorrow).unwrap().day.count, 1);
        // A clock that is behind does not reset the count.
        assert!(tally.one_more(String::new(), &limits, NOON.minus(Duration::from_hours(24))).is_err());
    }
}
