//! What must hold, and whether it does.

/// The bars of a run.
pub struct Bars {
    /// Whether anything is held. A single request on a debug binary tells nothing of a time.
    measures: bool,
    bars: Vec<Bar>,
}

/// One bar.
pub struct Bar {
    /// What is held.
    pub what: String,
    /// What was measured, at most `limit` where the bar is met.
    pub measured: f64,
    /// The limit.
    pub limit: f64,
    /// What both are in.
    pub unit: &'static str,
}

impl Bar {
    /// Whether it is met.
    pub fn met(&self) -> bool {
        self.measured <= self.limit
    }

    /// What was measured, as it is shown.
    pub fn shown(&self) -> String {
        format!("{:.2}{}", self.measured, self.unit)
    }
}

impl Bars {
    /// None as yet, and none to come unless this run `measures`.
    pub fn new(measures: bool) -> Self {
        Self { measures, bars: Vec::new() }
    }

    /// Holds it that something is at most so much.
    pub fn at_most(&mut self, what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) {
        if !self.measures {
            return;
        }
        let bar = Bar { what: what.into(), measured, limit, unit };
        let verdict = if bar.met() { "met   " } else { "MISSED" };
        println!("  {verdict} {}: {}, at most {}{}", bar.what, bar.shown(), bar.limit, bar.unit);
        self.bars.push(bar);
    }

    /// Whether all are met.
    pub fn met(&self) -> bool {
        self.bars.iter().all(Bar::met)
    }

    /// All of them.
    pub fn all(&self) -> &[Bar] {
        &self.bars
    }
}

/// The largest of what was measured of several things: one bar holds them all.
pub fn worst(measured: impl Iterator<Item = f64>) -> f64 {
    measured.fold(f64::NAN, f64::max)
}
