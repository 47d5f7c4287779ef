//! The stack's clock, for the functions, the authorizer and the identity provider: the machine's clock, moved forward.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use shared::base::clock::{Clock, Timestamp};

use crate::data::{self, Data, DataError};

/// The file with the number of seconds by which the clock is ahead.
const FILE: &str = "clock";
/// The most that the clock may be ahead: 100 years, in seconds.
const FARTHEST: u64 = 100 * 365 * 86_400;

/// A clock that is `ahead` seconds ahead of `base`. The data folder stores `ahead`.
#[derive(Clone)]
pub struct StackClock {
    base: Clock,
    ahead: Arc<AtomicU64>,
    moving: Arc<Mutex<()>>,
    data: Data,
}

impl StackClock {
    /// Opens the clock as the last run left it.
    pub fn open(base: Clock, data: &Data) -> Result<Self, DataError> {
        let ahead = match data.path(FILE) {
            Some(path) => seconds_ahead(&path)?,
            None => 0,
        };
        Ok(Self { base, ahead: Arc::new(AtomicU64::new(ahead)), moving: Arc::default(), data: data.clone() })
    }

    /// A read-only view of the clock.
    pub fn clock(&self) -> Clock {
        let (base, ahead) = (self.base.clone(), self.ahead.clone());
        Clock::new(move || base.now().plus(Duration::from_secs(ahead.load(Ordering::SeqCst))))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// Moves the clock forward. It stores the new value first, so that even a killed stack never restarts at an earlier
    /// time than it has reported.
    pub fn advance(&self, seconds: u64) -> Result<(), DataError> {
        let _one_by_one = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = self.ahead.load(Ordering::SeqCst).saturating_add(seconds).min(FARTHEST);
        self.data.write(FILE, &ahead.to_string())?;
        self.ahead.store(ahead, Ordering::SeqCst);
        Ok(())
    }
}

/// Returns the time of the stack with its data in `folder`, running or not.
pub fn now_in(folder: &Path) -> Result<Timestamp, DataError> {
    Ok(Clock::system().now().plus(Duration::from_secs(seconds_ahead(&folder.join(FILE))?)))
}

fn seconds_ahead(path: &Path) -> Result<u64, DataError> {
    let text = data::read(path)?.unwrap_or_else(|| "0".to_owned());
    text.trim().parse().map_err(|_| DataError::Damaged(path.to_owned()))
}
