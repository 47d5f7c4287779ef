//! Counts of requests and answers, their times, and the violations.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The name for requests that check a code at a login.
pub const VERIFY: &str = "verify";
/// The outcome of a request whose answer never came.
pub const LOST: &str = "no answer";

/// How many violations are printed.
const SHOWN: usize = 20;

/// The counts of a run.
pub struct Tally {
    start: Instant,
    answers: Mutex<BTreeMap<&'static str, BTreeMap<String, usize>>>,
    verified_in: Mutex<Vec<Duration>>,
    violations: Mutex<Vec<String>>,
    verifies: AtomicUsize,
    under_way: AtomicUsize,
}

#[expect(clippy::disallowed_methods, reason = "how long things take is real time, which nobody moves")]
impl Tally {
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            answers: Mutex::default(),
            verified_in: Mutex::default(),
            violations: Mutex::default(),
            verifies: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
        }
    }

    /// The time since the start of the run.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Counts a request that is sent.
    pub fn asked(&self, what: &str) -> Instant {
        self.verifies.fetch_add(usize::from(what == VERIFY), Ordering::SeqCst);
        self.under_way.fetch_add(1, Ordering::SeqCst);
        Instant::now()
    }

    /// Counts how a request ended: a status, a problem's code, or no answer.
    pub fn ended(&self, what: &'static str, how: &str, asked: Instant) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        *self.answers.lock().unwrap().entry(what).or_default().entry(how.to_owned()).or_default() += 1;
        if what == VERIFY && how != LOST {
            self.verified_in.lock().unwrap().push(asked.elapsed());
        }
    }

    /// Records a violation.
    pub fn violation(&self, what: &str) {
        let mut violations = self.violations.lock().unwrap();
        violations.push(what.to_owned());
        if violations.len() <= SHOWN {
            println!("  VIOLATION  {what}");
        }
    }

    /// Records a violation unless `is_so`.
    pub fn hold(&self, is_so: bool, otherwise: impl FnOnce() -> String) {
        if !is_so {
            self.violation(&otherwise());
        }
    }

    pub fn violations(&self) -> usize {
        self.violations.lock().unwrap().len()
    }

    /// The number of verifies that were sent.
    pub fn verifies(&self) -> usize {
        self.verifies.load(Ordering::SeqCst)
    }

    /// Requests that have no answer yet.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// How many requests named `what` ended as `how`.
    pub fn count(&self, what: &str, how: &str) -> usize {
        self.answers.lock().unwrap().get(what).and_then(|answers| answers.get(how)).copied().unwrap_or_default()
    }

    /// Every kind of request with its answers, one a line.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for (what, answers) in self.answers.lock().unwrap().iter() {
            let total: usize = answers.values().sum();
            let answers: Vec<_> = answers.iter().map(|(how, count)| format!("{how} {count}")).collect();
            writeln!(table, "  {what:<12} {total:>7}: {}", answers.join(", ")).unwrap();
        }
        table
    }

    /// The percentile of the times of answered verifies.
    pub fn verified_in(&self, percent: usize) -> Duration {
        let mut times = self.verified_in.lock().unwrap();
        times.sort_unstable();
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}
