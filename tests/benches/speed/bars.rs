//! What must hold, and whether it does.

/// The bars of a run.
#[derive(Default)]
pub struct Bars(Vec<Bar>);

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
}

impl Bars {
    /// Holds it that something is at most so much.
    pub fn at_most(&mut self, what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) {
        let bar = Bar { what: what.into(), measured, limit, unit };
        println!(
            "  {} {}: {:.2}{unit}, at most {limit}{unit}",
            if bar.met() { "met   " } else { "MISSED" },
            bar.what,
            bar.measured
        );
        self.0.push(bar);
    }

    /// Whether all are met.
    pub fn met(&self) -> bool {
        self.0.iter().all(Bar::met)
    }

    /// All of them.
    pub fn all(&self) -> &[Bar] {
        &self.0
    }
}
