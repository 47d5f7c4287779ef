//! Repeated measurements, with their median and quartiles. Compared programs take turns, so that ratios are taken pair
//! by pair.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// Measurements in the order in which they were made.
#[derive(Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a sample.
    pub fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// Adds a time in milliseconds.
    pub fn push_time(&mut self, time: Duration) {
        self.push(time.as_secs_f64() * 1e3);
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let count = self.len() as f64;
        self.0.iter().sum::<f64>() / count
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The sample below which this part of the samples is.
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

    /// An upper bound of the true median with 97.5 % confidence. It uses only the order of the samples, so any kind of
    /// noise is fine.
    pub fn median_at_most(&self) -> f64 {
        self.sorted().get(self.bound()).copied().unwrap_or(f64::NAN)
    }

    /// A lower bound of it, with the same confidence.
    pub fn median_at_least(&self) -> f64 {
        self.sorted().iter().rev().nth(self.bound()).copied().unwrap_or(f64::NAN)
    }

    /// The index of the sample that bounds the median. It is 60 of 100 samples.
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

    /// Each sample minus the other of its pair.
    pub fn less(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, other)| mine - other).collect())
    }

    /// Each sample divided by the other of its pair.
    pub fn by(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, other)| mine / other).collect())
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2}–{:.2})", self.median(), self.quantile(0.25), self.quantile(0.75))
    }
}

/// The order of turns in a round. Each program comes first in some rounds, and its predecessor changes, because a
/// predecessor can affect times.
pub fn turns(round: usize, count: usize) -> impl Iterator<Item = usize> {
    let backwards = round / 2 % 2 == 1;
    (0..count).map(move |turn| (round + if backwards { count - turn } else { turn }) % count)
}

/// The real time, which the stack's clock does not change.
#[expect(clippy::disallowed_methods, reason = "how long things take is real time, which nobody moves")]
pub fn now() -> Instant {
    Instant::now()
}
