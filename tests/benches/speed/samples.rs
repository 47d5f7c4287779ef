//! What was measured again and again: a median, and the quartiles around it. What is compared was measured in turn, so that
//! the ratio is taken pair by pair.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// Measurements in the order in which they were made.
#[derive(Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds one.
    pub fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// Adds one in milliseconds.
    pub fn push_time(&mut self, time: Duration) {
        self.push(time.as_secs_f64() * 1e3);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The one below which so much of them lies.
    pub fn quantile(&self, part: f64) -> f64 {
        let sorted = self.sorted();
        let last = sorted.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (last as f64 * part).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    /// What the median is at most, 39 times of 40, if it were taken of all that could be measured: by the order of those that were,
    /// whatever the noise looks like.
    pub fn median_at_most(&self) -> f64 {
        self.sorted().get(self.bound()).copied().unwrap_or(f64::NAN)
    }

    /// What it is at least, as often.
    pub fn median_at_least(&self) -> f64 {
        self.sorted().iter().rev().nth(self.bound()).copied().unwrap_or(f64::NAN)
    }

    /// How many lie before the one that bounds the median: of a hundred 60.
    fn bound(&self) -> usize {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let count = self.len() as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let index = (count / 2.0 - 0.5 + 0.98 * count.sqrt()).ceil() as usize;
        index.min(self.len().saturating_sub(1))
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// Each without the other one of its pair.
    pub fn less(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, other)| mine - other).collect())
    }

    /// Each by the other one of its pair.
    pub fn by(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, other)| mine / other).collect())
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2}–{:.2})", self.median(), self.quantile(0.25), self.quantile(0.75))
    }
}

/// Whose turn it is in a round, one after another: each in its turn comes first, and not always after the same one, for what comes before
/// may be felt.
pub fn turns(round: usize, count: usize) -> impl Iterator<Item = usize> {
    let backwards = round / 2 % 2 == 1;
    (0..count).map(move |turn| (round + if backwards { count - turn } else { turn }) % count)
}

/// The time. How long things take is real time, which nobody moves.
#[expect(clippy::disallowed_methods, reason = "how long things take is real time, which nobody moves")]
pub fn now() -> Instant {
    Instant::now()
}
