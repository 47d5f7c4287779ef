//! What must hold, and whether it does.

/// The bars of a run.
pub struct Bars {
    /// Whether what depends on the machine is held too, and not just what is counted.
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
    /// What both are in; nothing where they are counts.
    pub unit: &'static str,
}

impl Bar {
    /// Whether it is met.
    pub fn met(&self) -> bool {
        self.measured <= self.limit
    }

    /// What was measured, as it is shown.
    pub fn shown(&self) -> String {
        if self.unit.is_empty() { self.measured.to_string() } else { format!("{:.2}{}", self.measured, self.unit) }
    }
}

impl Bars {
    /// None as yet: of counts, and of what depends on the machine if `measures` says so.
    pub fn new(measures: bool) -> Self {
        Self { measures, bars: Vec::new() }
    }

    /// Holds it that something is at most so much.
    pub fn at_most(&mut self, what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) {
        if self.measures {
            self.hold(Bar { what: what.into(), measured, limit, unit });
        }
    }

    /// Holds a count, which is the same on every machine.
    pub fn count(&mut self, what: impl Into<String>, counted: f64, limit: f64) {
        self.hold(Bar { what: what.into(), measured: counted, limit, unit: "" });
    }

    fn hold(&mut self, bar: Bar) {
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
