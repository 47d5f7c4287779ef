//! The picture of a run: bar charts as SVG, readable on light and dark.

use std::fmt::Write;

use crate::{cold::Starts, warm::Warm};

/// A chart with a heading.
pub struct Panel {
    title: String,
    legend: Vec<(&'static str, &'static str)>,
    bars: Vec<Bar>,
    /// A line across the bars, and its label.
    limit: Option<(f64, String)>,
}

struct Bar {
    label: &'static str,
    /// The length of each part, and its class.
    parts: Vec<(f64, &'static str)>,
    note: String,
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 140.0;
const LONGEST: f64 = 470.0;
const STYLE: &str = "
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px } .note, .limit { fill: #59636e } .label { text-anchor: end }
  .card { fill: #ffffff; stroke: #d1d9e0 } .own { fill: #0969da } .other { fill: #afb8c1 } .more { fill: #d8dee4 } line { stroke: #cf222e; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note, .limit { fill: #9198a1 } .card { fill: #0d1117; stroke: #3d444d }
    .own { fill: #4493f8 } .other { fill: #59636e } .more { fill: #343b43 } line { stroke: #f85149 }
  }
";

/// Cold starts beside the hello-world's.
pub fn cold(starts: &[Starts]) -> Panel {
    let hello = starts[0].init.median();
    let bars = starts.iter().enumerate().map(|(number, one)| {
        let ratio = one.init.by(&starts[0].init).median();
        let note = if number == 0 { String::new() } else { format!(", {ratio:.2} × hello") };
        let class = if number == 0 { "other" } else { "own" };
        Bar {
            label: one.name,
            parts: vec![(one.init.median(), class)],
            note: format!("{:.1} ms{note}", one.init.median()),
        }
    });
    Panel {
        title: "Cold start: from the start of the process to its first poll for an event".to_owned(),
        legend: vec![("own", "function"), ("other", "a hello-world")],
        bars: bars.collect(),
        limit: Some((1.6 * hello, "the bar: 1.6 × hello".to_owned())),
    }
}

/// Warm requests beside their calls alone.
pub fn warm(measured: &[Warm]) -> Panel {
    let bars = measured.iter().flat_map(|warm| {
        let (function, bare) = (&warm.function.took, &warm.bare.took);
        let note = format!("{:.1} ms, {:.2} × its calls alone", function.median(), function.by(bare).median());
        let own = Bar { label: warm.name, parts: vec![(function.median(), "own")], note };
        [own, Bar { label: "", parts: vec![(bare.median(), "other")], note: format!("{:.1} ms", bare.median()) }]
    });
    Panel {
        title: "Warm request, AWS on the same machine without latency".to_owned(),
        legend: vec![("own", "function"), ("other", "its AWS calls alone")],
        bars: bars.collect(),
        limit: None,
    }
}

/// The parts of a request's time: AWS's latency, its calls alone, and the function.
pub fn slow(measured: &[Warm]) -> Panel {
    let bars = measured.iter().map(|warm| {
        let (took, beyond) = (warm.function.took.median(), warm.beyond());
        // If the median may be zero, the function's share can't be told from noise.
        let shown = beyond.median_at_least() > 0.0;
        let own = if shown { beyond.median() } else { 0.0 };
        let parts = vec![(warm.chain.latency(), "other"), (took - own - warm.chain.latency(), "more"), (own, "own")];
        let own = if shown { format!("{own:.1} ms its own") } else { "its own within the noise".to_owned() };
        Bar { label: warm.name, parts, note: format!("{took:.0} ms, {own}") }
    });
    Panel {
        title: "Warm request, AWS as slow as it is: DynamoDB 4 ms, KMS 6 ms, SNS and SES 60 ms".to_owned(),
        legend: vec![
            ("other", "AWS's latency"),
            ("more", "its calls alone: SDK, timers, the embedded AWS"),
            ("own", "the function's own"),
        ],
        bars: bars.collect(),
        limit: None,
    }
}

/// Draws the panels below one another.
pub fn draw(panels: &[Panel]) -> String {
    let mut shapes = String::new();
    let mut y = 20.0;
    for panel in panels {
        y = panel.draw(&mut shapes, y);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" role=\"img\">\n\
         <title>Cold starts, warm requests, and where their time goes</title>\n<style>{STYLE}</style>\n\
         <rect class=\"card\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n{shapes}</svg>\n",
        WIDTH - 1.0,
        y - 1.0
    )
}

impl Panel {
    fn draw(&self, shapes: &mut String, top: f64) -> f64 {
        let sums = self.bars.iter().map(|bar| bar.parts.iter().map(|(length, _)| length).sum());
        let longest = sums.chain(self.limit.iter().map(|(at, _)| *at)).fold(f64::MIN_POSITIVE, f64::max);
        let scale = LONGEST / longest;
        let mut y = top + 16.0;
        writeln!(shapes, "<text class=\"title\" x=\"20\" y=\"{y}\">{}</text>", self.title).unwrap();
        y += 12.0;
        let mut x = 20.0;
        for (class, what) in &self.legend {
            writeln!(shapes, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"11\" height=\"11\" rx=\"2\"/>")
                .unwrap();
            writeln!(shapes, "<text class=\"note\" x=\"{}\" y=\"{}\">{what}</text>", x + 17.0, y + 10.0).unwrap();
            x += what.chars().fold(42.0, |width, _| width + 6.6);
        }
        y += 24.0;
        let start = y;
        for bar in &self.bars {
            let mut x = LEFT;
            for (length, class) in &bar.parts {
                let width = length * scale;
                writeln!(
                    shapes,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"14\" rx=\"2\"/>"
                )
                .unwrap();
                x += width;
            }
            let line = y + 11.5;
            writeln!(shapes, "<text class=\"label\" x=\"{}\" y=\"{line}\">{}</text>", LEFT - 10.0, bar.label).unwrap();
            writeln!(shapes, "<text class=\"note\" x=\"{}\" y=\"{line}\">{}</text>", LEFT + LONGEST + 12.0, bar.note)
                .unwrap();
            y += 20.0;
        }
        if let Some((at, what)) = &self.limit {
            let x = LEFT + at * scale;
            writeln!(shapes, "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{}\"/>", start - 4.0, y - 2.0).unwrap();
            writeln!(shapes, "<text class=\"limit\" x=\"{:.1}\" y=\"{}\">{what}</text>", x + 5.0, start - 6.0).unwrap();
        }
        y + 22.0
    }
}
