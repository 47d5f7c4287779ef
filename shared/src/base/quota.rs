//! Fixed windows of time in UTC, and counts in them. A window begins when the one before it ends.

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixedWindow {
    /// 10 minutes.
    TenMinutes,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl FixedWindow {
    const fn seconds(self) -> u64 {
        match self {
            Self::TenMinutes => 600,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    /// The window's name in the table's keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TenMinutes => "TEN_MINUTES",
            Self::Hour => "HOUR",
            Self::Day => "DAY",
        }
    }

    /// The number of the window that `now` is in, counted from the Unix epoch.
    pub fn index(self, now: Timestamp) -> u64 {
        now.seconds() / self.seconds()
    }

    /// The end of the window that `now` is in.
    pub fn end(self, now: Timestamp) -> Timestamp {
        Timestamp::from_seconds((self.index(now) + 1) * self.seconds())
    }
}

/// The count of something in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The window's number.
    pub window: u64,
    /// The count.
    pub count: u32,
}

impl Count {
    /// Counts one more, if `most` allows it. Else returns the window's end.
    pub fn one_more(self, window: FixedWindow, most: u32, now: Timestamp) -> Result<Self, Timestamp> {
        let index = window.index(now);
        // A later window comes from a clock ahead of ours: its count goes on.
        let count = if self.window < index { 0 } else { self.count };
        if count >= most {
            return Err(window.end(now));
        }
        Ok(Self { window: self.window.max(index), count: count + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_stands_behind_the_one_that_counted_does_not_start_over_nor_lets_the_next_do_so() {
        let noon = Timestamp::from_seconds(1_800_014_400);
        let before = noon.minus(std::time::Duration::from_hours(1));
        let mut count = Count::default().one_more(FixedWindow::Hour, 2, noon).unwrap();
        count = count.one_more(FixedWindow::Hour, 2, before).unwrap();
        assert_eq!(count, Count { window: FixedWindow::Hour.index(noon), count: 2 });
        assert_eq!(count.one_more(FixedWindow::Hour, 2, noon), Err(FixedWindow::Hour.end(noon)));
        assert_eq!(count.one_more(FixedWindow::Hour, 2, FixedWindow::Hour.end(noon)).unwrap().count, 1);
    }
}
