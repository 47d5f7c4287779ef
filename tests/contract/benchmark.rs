//! Holds what the documents tell of the benchmark to its results.

const RESULTS: &str = include_str!("../evidence/speed.md");

/// How the bars' names begin and end, the limit of each, and how many there are.
const BARS: [(&str, &str, &str, usize); 20] = [
    ("first event with 128 MB", ", by a whole processor's: of verify", "1.15 ×", 1),
    ("first event with 128 MB", ", by a whole processor's: of the five, the most", "1.4 ×", 1),
    ("first event with 256 MB", ", by a whole processor's: of the five, the most", "1.15 ×", 1),
    ("start and first event with 128 MB", ", by those without connections: of verify", "0.7 ×", 1),
    ("start and first event with 128 MB", ", by those without connections: of the five, the most", "1 ×", 1),
    ("the largest binary", "", "10 MB", 1),
    ("the highest peak of memory", "", "15 MB", 1),
    ("verify", ", warm, by its calls alone", "1.15 ×", 1),
    ("login", ", warm, by its calls alone", "1.2 ×", 2),
    ("text", ", warm, by its calls alone", "1.15 ×", 1),
    ("recovery", ", warm, by its calls alone", "1.15 ×", 1),
    ("activation", ", warm, by its calls alone", "1.15 ×", 1),
    ("the most of these six, warm, by its calls alone", ": the processor's time", "1.25 ×", 1),
    ("begin, warm, by its calls alone", ": the processor's time", "3.5 ×", 1),
    ("members, a page, warm, by its calls alone", ": the processor's time", "1.5 ×", 1),
    ("begin, AWS as slow as it is", ", beyond its calls alone, by their processor's time", "2 ×", 1),
    (
        "the most of the other seven, AWS as slow as it is",
        ", beyond its calls alone, by their processor's time",
        "0.5 ×",
        1,
    ),
    ("growth of ", ": the processor's time", "1.15 ×", 6),
    ("the most growth of ", ": bytes", "1.02 ×", 1),
    ("the most growth of ", ": the time by the clock", "1.15 ×", 1),
];

/// The rows below a heading of the benchmark's results, as cells.
fn found(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = RESULTS.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").collect::<Vec<_>>()).filter(|row| row.len() > 2).collect()
}

#[test]
fn the_benchmark_held_all_that_must_hold() {
    assert!(
        !RESULTS.contains("**missed**") && !RESULTS.contains("-dirty"),
        "a bar is missed, or the code was not committed"
    );
    let bars = found("Is every limit held?");
    let mut all = 0;
    for (begins, ends, limit, count) in BARS {
        let held: Vec<_> = bars.iter().filter(|bar| bar[0].starts_with(begins) && bar[0].ends_with(ends)).collect();
        assert!(held.iter().all(|bar| (bar[2], bar[3]) == (limit, "met")), "{held:?}");
        assert_eq!(held.len(), count, "{begins} … {ends}");
        all += count;
    }
    assert_eq!(bars.len(), all, "an unknown bar");
}

#[test]
fn the_costs_that_the_guide_shows_are_those_of_the_benchmark() {
    let (_, table) = include_str!("../../infra/guide/costs.md").split_once("<!-- cost -->\n").unwrap();
    let (table, _) = table.split_once("<!-- end of cost -->").unwrap();
    assert!(RESULTS.contains(table));
}
