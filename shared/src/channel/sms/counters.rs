//! Counts of texts in the table: one row for a subject and a window. A text moves several rows, and its user's account, in
//! one transaction: all of them or none.

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

/// How long a row outlives its window, for whoever wants to look.
const KEPT: Duration = Duration::from_hours(48);
/// How long a deployment's total that was found used up is taken to be so without looking.
const REMEMBERED: Duration = Duration::from_mins(1);

impl Counter {
    /// Counts a text, on condition that the limit allows one more.
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

    /// Takes a text back that was counted and not sent.
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

/// What the deployment may spend on texts.
pub struct Budget {
    /// Its limits.
    pub limits: SmsLimits,
    /// Until when, in milliseconds, the total is known to be used up: for active and for pending phones.
    used_up: [AtomicU64; 2],
}

/// What one text is counted by, besides its user.
pub struct Counters<'a> {
    /// Each of these counts it.
    pub(crate) each: Vec<Counter>,
    /// One of these does, the first that can.
    pub(crate) total: Vec<Counter>,
    used_up: &'a AtomicU64,
}

impl Budget {
    /// Takes its limits from the settings.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        Ok(Self { limits: SmsLimits::new(settings)?, used_up: [AtomicU64::new(0), AtomicU64::new(0)] })
    }

    /// What a text to `phone` is counted by, asked for from an address with this digest. The rows of the total are tried
    /// from the one numbered `first` on, which is to be drawn at random.
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
        // To find the total used up takes a look at every row of it: who asks again and again must not cost more than the
        // texts that they don't get.
        let known = now.millis() < used_up.load(Ordering::Relaxed);
        let total = if known { Vec::new() } else { self.limits.total(status, first, now) };
        Counters { each: self.limits.counters(phone, status, address, now), total, used_up }
    }
}

impl Counters<'_> {
    /// The refusal where no row of the total allows one more text; remembered for a while.
    pub(crate) fn total_used_up(&self, now: Timestamp) -> Refusal {
        let tomorrow = FixedWindow::Day.end(now);
        if !self.total.is_empty() {
            self.used_up.store(now.plus(REMEMBERED).min(tomorrow).millis(), Ordering::Relaxed);
        }
        Subject::Deployment.refuse(tomorrow, now)
    }
}
