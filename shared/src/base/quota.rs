//! Windows of time in which something is counted. They are fixed, in UTC: the next begins where one ends.

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;

/// A window, by its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixedWindow {
    /// Ten minutes.
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

    /// Its name in keys of the table.
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

    /// When the window that `now` is in ends.
    pub fn end(self, now: Timestamp) -> Timestamp {
        Timestamp::from_seconds((self.index(now) + 1) * self.seconds())
    }
}

/// How many in the window of this number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The window's number.
    pub window: u64,
    /// How many.
    pub count: u32,
}

impl Count {
    /// One more, if the window allows it; else when the next window begins.
    pub fn one_more(self, window: FixedWindow, most: u32, now: Timestamp) -> Result<Self, Timestamp> {
        let index = window.index(now);
        // A window later than this one was counted by a clock ahead of ours: it goes on.
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
    fn a_clock_that_stands_behind_the_one_that_counted_does_not_start_anew_nor_lets_the_next_do_so() {
        let noon = Timestamp::from_seconds(1_800_014_400);
        let before = noon.minus(std::time::Duration::from_hours(1));
        let mut count = Count::default().one_more(FixedWindow::Hour, 2, noon).unwrap();
        count = count.one_more(FixedWindow::Hour, 2, before).unwrap();
        assert_eq!(count, Count { window: FixedWindow::Hour.index(noon), count: 2 });
        assert_eq!(count.one_more(FixedWindow::Hour, 2, noon), Err(FixedWindow::Hour.end(noon)));
        assert_eq!(count.one_more(FixedWindow::Hour, 2, FixedWindow::Hour.end(noon)).unwrap().count, 1);
    }
}
