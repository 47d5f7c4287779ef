//! The waits after wrong codes, and the lock at the end.
//!
//! An attempt is counted before its code is checked. One count covers all active factors of a user:
//!
//! - The first five failures cause no wait.
//! - After the fifth, the next attempt must wait 30 seconds, counted from the last attempt.
//! - Each further failure doubles the wait, up to one hour.
//! - At 50 failures the factors are *locked*. A recovery code, an emailed code or an operator unlocks them. NIST SP
//!   800-63B allows 100 failures per account.
//! - An accepted code resets the count to zero. A new code, a new login or another factor does not.
//!
//! Recovery codes have a count of their own, with the same waits and a cap of 100. So a user can still get in when the
//! factors are locked, whether by the user or by an attacker.
//!
//! The condition of the write that counts uses the same numbers ([`Schedule::tiers`]).

use std::time::Duration;

use crate::base::clock::Timestamp;

/// The failures before the first wait.
pub const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// A schedule of waits, and the number of failures at which it locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    cap: u32,
}

/// The schedule of a user's factors.
pub const FACTORS: Schedule = Schedule { cap: 50 };
/// The schedule of a user's recovery codes.
pub const RECOVERY: Schedule = Schedule { cap: 100 };

/// Whether an attempt is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, now.
    Go,
    /// Yes, after this time.
    Wait(Duration),
    /// No, the schedule has locked.
    Locked,
}

/// A range of failure counts with the same wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The lowest count.
    pub from: u32,
    /// The highest count.
    pub to: u32,
    /// The time from the last attempt to the next.
    pub wait: Duration,
}

impl Schedule {
    /// Decides whether an attempt is allowed at `now`, after `failures` of which the last was at `tried_at`.
    pub fn judge(self, failures: u32, tried_at: Timestamp, now: Timestamp) -> Verdict {
        let Some(tier) = self.tiers().into_iter().find(|tier| (tier.from..=tier.to).contains(&failures)) else {
            return Verdict::Locked;
        };
        // Free attempts ignore the clock, because this clock may be behind the one that counted last.
        if tier.wait.is_zero() {
            return Verdict::Go;
        }
        match tried_at.plus(tier.wait).since(now) {
            Duration::ZERO => Verdict::Go,
            wait => Verdict::Wait(wait),
        }
    }

    /// Returns whether the schedule locks at exactly `failures`.
    pub fn locks_at(self, failures: u32) -> bool {
        failures == self.cap
    }

    /// Returns the schedule as ranges, lowest first. Any higher count is locked.
    pub fn tiers(self) -> Vec<Tier> {
        let mut tiers = vec![Tier { from: 0, to: FREE - 1, wait: Duration::ZERO }];
        let mut wait = FIRST_WAIT;
        let mut from = FREE;
        while wait < LONGEST_WAIT {
            tiers.push(Tier { from, to: from, wait });
            wait *= 2;
            from += 1;
        }
        tiers.push(Tier { from, to: self.cap - 1, wait: LONGEST_WAIT });
        tiers
    }
}

/// Returns how many attempts are left before the next wait.
pub fn left_before_wait(failures: u32) -> u32 {
    FREE.saturating_sub(failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn wait_after(failures: u32) -> Verdict {
        FACTORS.judge(failures, LAST, LAST)
    }

    #[test]
    fn five_failures_are_free() {
        for failures in 0..5 {
            assert_eq!(wait_after(failures), Verdict::Go, "{failures}");
            assert_eq!(left_before_wait(failures), 5 - failures);
        }
    }

    #[test]
    fn then_the_wait_doubles_from_30_seconds_to_an_hour() {
        let waits = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600];
        for (failures, seconds) in (5..).zip(waits) {
            assert_eq!(wait_after(failures), Verdict::Wait(Duration::from_secs(seconds)), "{failures}");
            assert_eq!(left_before_wait(failures), 0);
        }
        assert_eq!(wait_after(49), Verdict::Wait(Duration::from_hours(1)));
    }

    #[test]
    fn at_fifty_it_is_locked_however_long_one_waits() {
        assert_eq!(FACTORS.judge(50, LAST, LAST.plus(Duration::from_hours(365 * 24))), Verdict::Locked);
        assert_eq!(wait_after(51), Verdict::Locked);
        assert!(FACTORS.locks_at(50) && !FACTORS.locks_at(49));
    }

    #[test]
    fn a_wait_is_over_to_the_millisecond() {
        let over = LAST.plus(Duration::from_secs(30));
        assert_eq!(FACTORS.judge(5, LAST, over), Verdict::Go);
        assert_eq!(
            FACTORS.judge(5, LAST, over.minus(Duration::from_millis(1))),
            Verdict::Wait(Duration::from_millis(1))
        );
    }

    #[test]
    fn the_tiers_cover_every_count_once() {
        for (schedule, cap) in [(FACTORS, 50), (RECOVERY, 100)] {
            let mut next = 0;
            for tier in schedule.tiers() {
                assert_eq!(tier.from, next);
                next = tier.to + 1;
            }
            assert_eq!(next, cap);
        }
    }
}
