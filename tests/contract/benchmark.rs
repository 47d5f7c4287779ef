//! Holds what the documents tell of the benchmark to its results.

const RESULTS: &str = include_str!("../evidence/speed.md");

/// The requests that a user waits for.
const WAITED_FOR: [&str; 6] = ["verify", "login, challenged", "login, allowed", "text", "recovery", "activation"];

/// How the bars' names begin and end, the limit of each, and how many there are.
const BARS: [(&str, &str, &str, usize); 13] = [
    ("init of ", ", by hello's", "1.6 ×", 5),
    ("init and first event, by hello's: the processor's time", "", "3.5 ×", 1),
    ("the largest binary", "", "10 MB", 1),
    ("the highest peak of memory", "", "15 MB", 1),
    ("", ", warm, by its calls alone", "1.15 ×", WAITED_FOR.len()),
    ("the most of these six, warm, by its calls alone", ": the processor's time", "1.25 ×", 1),
    ("begin, warm, beyond its calls alone", ": the processor's time", "3 ms", 1),
    ("members, a page, warm, beyond its calls alone", ": the processor's time", "0.6 ms", 1),
    ("begin, AWS as slow as it is", ", beyond its calls alone", "3 ms", 1),
    ("the most of the other seven, AWS as slow as it is", ", beyond its calls alone", "1 ms", 1),
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
    let bars = found("Bars");
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
