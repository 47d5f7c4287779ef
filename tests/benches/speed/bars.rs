//! The limits of a run ("bars"), and whether each is met.

/// The bars of a run.
pub struct Bars {
    /// Whether this run holds bars. A single request on a debug binary says nothing about times.
    measures: bool,
    bars: Vec<Bar>,
}

/// A measurement and its limit.
pub struct Bar {
    /// The name of the measurement.
    pub what: String,
    /// The measured value. At most `limit` if the bar is met.
    pub measured: f64,
    /// The limit.
    pub limit: f64,
    /// The unit of both.
    pub unit: &'static str,
}

impl Bar {
    /// Whether the bar is met.
    pub fn met(&self) -> bool {
        self.measured <= self.limit
    }

    /// The measured value as text.
    pub fn shown(&self) -> String {
        format!("{:.2}{}", self.measured, self.unit)
    }
}

impl Bars {
    /// An empty list, to which nothing is added unless this run `measures`.
    pub fn new(measures: bool) -> Self {
        Self { measures, bars: Vec::new() }
    }

    /// Adds a bar: `measured` must be at most `limit`.
    pub fn at_most(&mut self, what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) {
        if !self.measures {
            return;
        }
        let bar = Bar { what: what.into(), measured, limit, unit };
        let verdict = if bar.met() { "met   " } else { "MISSED" };
        println!("  {verdict} {}: {}, at most {}{}", bar.what, bar.shown(), bar.limit, bar.unit);
        self.bars.push(bar);
    }

    /// Whether all bars are met.
    pub fn met(&self) -> bool {
        self.bars.iter().all(Bar::met)
    }

    /// All bars.
    pub fn all(&self) -> &[Bar] {
        &self.bars
    }
}

/// The largest of several measurements, so that one bar covers them all.
pub fn worst(measured: impl Iterator<Item = f64>) -> f64 {
    measured.fold(f64::NAN, f64::max)
}
