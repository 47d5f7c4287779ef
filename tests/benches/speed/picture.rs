//! The picture of a run: bar charts as SVG, readable on light and dark.

use std::fmt::Write;

use crate::{cold::Function, samples::Samples, warm::Warm};

/// A chart with a heading.
pub struct Panel {
    title: String,
    legend: Vec<(&'static str, &'static str)>,
    bars: Vec<Bar>,
}

struct Bar {
    label: String,
    /// The length of each part, and its class.
    parts: Vec<(f64, &'static str)>,
    note: String,
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 140.0;
const LONGEST: f64 = 470.0;
const STYLE: &str = "
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px } .note { fill: #59636e } .label { text-anchor: end }
  .card { fill: #ffffff; stroke: #d1d9e0 } .own { fill: #0969da } .other { fill: #afb8c1 } .more { fill: #d8dee4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9198a1 } .card { fill: #0d1117; stroke: #3d444d }
    .own { fill: #4493f8 } .other { fill: #59636e } .more { fill: #343b43 }
  }
";

/// What a user waits for after typing a code, with each size of memory.
pub fn waits(verify: &Function) -> Panel {
    let bars = verify.at.iter().flat_map(|at| {
        let [init, first, warm] = [&at.init, &at.first, &at.warm].map(Samples::median);
        let cold = Bar {
            label: format!("{} MB", at.memory),
            parts: vec![(init, "more"), (first, "own")],
            note: format!("{:.0} ms, if an instance starts", init + first),
        };
        [cold, Bar { label: String::new(), parts: vec![(warm, "other")], note: format!("{warm:.0} ms") }]
    });
    Panel {
        title: "What a user waits for after typing a code, by the memory of verify".to_owned(),
        legend: vec![("more", "an instance starts"), ("own", "its first request"), ("other", "any other request")],
        bars: bars.collect(),
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
        Bar { label: warm.name.to_owned(), parts, note: format!("{took:.0} ms, {own}") }
    });
    Panel {
        title: "Warm request, AWS as slow as it is: DynamoDB 4 ms, KMS 6 ms, SNS and SES 60 ms".to_owned(),
        legend: vec![
            ("other", "AWS's latency"),
            ("more", "its calls alone: SDK, timers, the embedded AWS"),
            ("own", "the function's own"),
        ],
        bars: bars.collect(),
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
         <title>What a user waits for, and where the time of a request goes</title>\n<style>{STYLE}</style>\n\
         <rect class=\"card\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n{shapes}</svg>\n",
        WIDTH - 1.0,
        y - 1.0
    )
}

impl Panel {
    fn draw(&self, shapes: &mut String, top: f64) -> f64 {
        let sums = self.bars.iter().map(|bar| bar.parts.iter().map(|(length, _)| length).sum());
        let longest = sums.fold(f64::MIN_POSITIVE, f64::max);
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
        y + 22.0
    }
}
