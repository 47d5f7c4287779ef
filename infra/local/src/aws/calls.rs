//! The AWS calls that were made, in order: which function made them, for which request, and when.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use tokio::time::Instant;

/// How many calls are remembered.
const REMEMBERED: usize = 20_000;

/// The calls that were made last.
pub struct Calls {
    start: Instant,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    forgotten: usize,
    calls: VecDeque<Call>,
}

/// One call. Times are milliseconds since the stack started.
#[derive(Clone, Serialize)]
pub struct Call {
    request: String,
    function: String,
    service: &'static str,
    operation: String,
    started_at: f64,
    ended_at: Option<f64>,
}

impl Calls {
    pub fn new() -> Self {
        Self { start: Instant::now(), made: Mutex::default() }
    }

    /// Notes that a call has begun, and returns its number.
    pub fn begin(&self, request: &str, user_agent: &str, service: &'static str, operation: &str) -> usize {
        let call = Call {
            request: request.to_owned(),
            function: app_name(user_agent).to_owned(),
            service,
            operation: operation.to_owned(),
            started_at: self.now(),
            ended_at: None,
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.calls.push_back(call);
        if made.calls.len() > REMEMBERED {
            made.calls.pop_front();
            made.forgotten += 1;
        }
        made.forgotten + made.calls.len() - 1
    }

    /// Notes that the call of this number has ended.
    pub fn end(&self, number: usize) {
        let now = self.now();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let index = number.checked_sub(made.forgotten);
        if let Some(call) = index.and_then(|index| made.calls.get_mut(index)) {
            call.ended_at = Some(now);
        }
    }

    /// The calls, the oldest first.
    pub fn list(&self) -> Vec<Call> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).calls.iter().cloned().collect()
    }

    fn now(&self) -> f64 {
        (self.start.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }
}

/// The app's name in an SDK's user agent: the function's, for the functions name their clients so.
fn app_name(user_agent: &str) -> &str {
    user_agent.split(' ').find_map(|part| part.strip_prefix("app/")).unwrap_or_default()
}
