//! The counts of texts in the table: a row for each subject and window. One transaction changes all rows of a text and
//! its user's account, or none.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{
    aws::{expression::Expression, item::number, key::Key, write::Write},
    base::{
        clock::Timestamp,
        error::Refusal,
        quota::FixedWindow,
        settings::{SettingError, Settings},
    },
    channel::sms::limits::{Counter, SmsLimits, Subject},
    proof::{factor::Status, phone::Phone},
};

/// How long a row stays after its window, so that you can inspect it.
const KEPT: Duration = Duration::from_hours(48);
/// How long an instance of the function remembers that the deployment's total is used up.
const REMEMBERED: Duration = Duration::from_mins(1);

impl Counter {
    /// The write that counts a text, if the quota allows one more.
    pub(crate) fn take(&self) -> Write {
        let mut update = Expression::default()
            .set("expires_at = :expires")
            .value(":expires", number(self.ends.plus(KEPT).seconds()))
            .value(":zero", number(0_u64))
            .value(":one", number(1_u64));
        for (index, (column, most)) in self.columns.iter().enumerate() {
            update = update
                .set(format!("#c{index} = if_not_exists(#c{index}, :zero) + :one"))
                .only_if(format!("(attribute_not_exists(#c{index}) OR #c{index} < :most{index})"))
                .name(format!("#c{index}"), *column)
                .value(format!(":most{index}"), number(*most));
        }
        Write::update(Key::texts(&self.key, &self.window), update)
    }

    /// The write that takes back a text that was counted but not sent.
    pub(crate) fn give_back(&self) -> Write {
        let mut update = Expression::default().value(":zero", number(0_u64)).value(":one", number(1_u64));
        for (index, (column, _)) in self.columns.iter().enumerate() {
            update = update
                .set(format!("#c{index} = #c{index} - :one"))
                .only_if(format!("#c{index} > :zero"))
                .name(format!("#c{index}"), *column);
        }
        Write::update(Key::texts(&self.key, &self.window), update)
    }
}

/// The quotas of the deployment, and which totals are used up.
pub struct Budget {
    /// The quotas.
    pub limits: SmsLimits,
    /// Until when the total is known to be used up, in Unix milliseconds. First for active phones, then for pending
    /// ones.
    used_up: [AtomicU64; 2],
}

/// The rows that count one text, apart from its user's account.
pub struct Counters<'a> {
    /// Each of these rows counts it.
    pub(crate) each: Vec<Counter>,
    /// The first of these rows with room counts it.
    pub(crate) total: Vec<Counter>,
    used_up: &'a AtomicU64,
}

impl Budget {
    /// Reads the quotas from the settings.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        Ok(Self { limits: SmsLimits::new(settings)?, used_up: [AtomicU64::new(0), AtomicU64::new(0)] })
    }

    /// The rows that count a text to `phone`. `address` is the digest of the client address. `first` is the row of the
    /// total to try first: a random number.
    pub fn counters(
        &self,
        phone: &Phone,
        status: Status,
        address: Option<&str>,
        first: u8,
        now: Timestamp,
    ) -> Counters<'_> {
        let [active, pending] = &self.used_up;
        let used_up = match status {
            Status::Active => active,
            Status::Pending => pending,
        };
        // To find that the total is used up, a request tries each of its rows. Repeated requests must not cost more
        // than the refused texts would.
        let known = now.millis() < used_up.load(Ordering::Relaxed);
        let total = if known { Vec::new() } else { self.limits.total(status, first, now) };
        Counters { each: self.limits.counters(phone, status, address, now), total, used_up }
    }
}

impl Counters<'_> {
    /// The refusal if no row of the total has room. Remembers that for up to 1 minute.
    pub(crate) fn total_used_up(&self, now: Timestamp) -> Refusal {
        let tomorrow = FixedWindow::Day.end(now);
        if !self.total.is_empty() {
            self.used_up.store(now.plus(REMEMBERED).min(tomorrow).millis(), Ordering::Relaxed);
        }
        Subject::Deployment.refuse(tomorrow, now)
    }
}
