//! Holds the lists in the documents to the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    contract::house::sources,
    openapi::{CONTRACT, operations},
};

const README: &str = include_str!("../../README.md");

/// The quoted literals in `text` that consist of `allowed` characters.
fn literals(text: &str, allowed: impl Fn(char) -> bool) -> BTreeSet<&str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|literal| !literal.is_empty() && literal.chars().all(&allowed))
        .collect()
}

fn source(name: &str) -> String {
    let (_, text) = sources("shared/src").into_iter().find(|(path, _)| path.ends_with(name)).unwrap();
    text
}

#[test]
fn every_route_is_in_the_contract_under_its_function() {
    let mut routes = BTreeSet::new();
    for (path, text) in sources("functions") {
        let function = path.iter().rev().nth(2).unwrap().to_str().unwrap().to_owned();
        let arms = text.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => self."));
        routes.extend(arms.map(|(route, _)| (function.clone(), route.to_owned())));
    }
    let listed: BTreeSet<_> = operations()
        .into_iter()
        .map(|(route, operation)| (operation["tags"][0].as_str().unwrap().to_owned(), route))
        .collect();
    assert_eq!(routes, listed);
}

#[test]
fn every_setting_is_in_the_readme() {
    let mut count = 0;
    for folder in ["shared/src", "functions"] {
        for (path, text) in sources(folder) {
/// The literals of settings in the code, without those of tests.
            for setting in literals(&text, |c| c.is_ascii_uppercase() || c == '_') {
                if setting.starts_with("MFA_") {
                    count += 1;
                    assert!(README.contains(&format!("`{setting}`")), "{setting} of {}", path.display());
                }
            }
        }
    }
    assert!(count >= 15, "{count}");
}

/// Terraform ignores a name that it does not know: a variable with a warning, a claim silently.
#[test]
fn every_variable_that_the_guides_set_is_one_of_the_deployment() {
    let declared = include_str!("../../infra/terraform/variables.tf");
    let variables = declared.lines().filter_map(|line| line.strip_prefix("variable \"")?.split('"').next());
    let (_, claims) = declared.split_once("variable \"claims\"").unwrap();
    let (claims, _) = claims.split_once("\n}\n").unwrap();
    let claims = claims.lines().filter_map(|line| Some(line.split_once("= optional(")?.0.trim()));
    let known: BTreeSet<_> = variables.chain(claims).collect();
    let mut count = 0;
    for guide in [README, include_str!("../../infra/README.md")] {
        let blocks = guide.split("```hcl\n").skip(1).filter_map(|block| block.split("```").next());
        for line in blocks.filter(|block| !block.starts_with("import")).flat_map(str::lines) {
            let words: Vec<_> = line.split('=').map(|before| before.split_whitespace().last().unwrap_or("")).collect();
            for name in words.split_last().map_or(&[][..], |(_, names)| names) {
                count += 1;
                assert!(known.contains(name), "{line}");
            }
        }
    }
    assert!(count >= 25, "{count}");
}

#[test]
fn cargo_lambda_sets_what_the_local_stack_sets() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, environment) = manifest.split_once("[workspace.metadata.lambda.env]\n").unwrap();
    let (environment, _) = environment.split_once("\n[").unwrap();
    let given: BTreeMap<_, _> = environment
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(name, _)| name.starts_with("MFA_"))
        .map(|(name, value)| (name, value.trim_matches('"').to_owned()))
        .collect();
    let local = local::settings("http://127.0.0.1:8080");
    for name in README.split('`').filter(|word| word.starts_with("MFA_")) {
        assert_eq!(given.get(name), local.optional(name).as_ref(), "{name}");
    }
    assert!(given.len() >= 7);
}

#[test]
fn every_event_is_in_the_readme_and_no_other() {
    let text = source("audit.rs");
    let events: BTreeSet<_> =
        literals(&text, |c| c.is_ascii_lowercase() || c == '.').into_iter().filter(|name| name.contains('.')).collect();
    let (_, table) = README.split_once("| event | when |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let listed: BTreeSet<_> = table.split('`').skip(1).step_by(2).collect();
    assert_eq!(events, listed);
}

#[test]
fn every_problem_code_is_in_the_contract_and_no_other() {
    let text = source("problem.rs");
    let codes: BTreeSet<_> = literals(&text, |c| c.is_ascii_lowercase() || c == '-')
        .into_iter()
        .filter(|code| code.contains('-') || ["unauthenticated", "locked", "internal"].contains(code))
        .collect();
    let problem = &CONTRACT["components"]["schemas"]["Problem"];
    let pattern = problem["properties"]["type"]["pattern"].as_str().unwrap();
    let listed: BTreeSet<_> = pattern.trim_start_matches("/problems/(").trim_end_matches(")$").split('|').collect();
    assert_eq!(codes, listed);
    let described: BTreeSet<_> = problem["description"].as_str().unwrap().split('`').skip(1).step_by(2).collect();
    assert_eq!(codes, described);
}

#[test]
fn the_alarm_on_keys_counts_faults_that_there_are() {
    let (_, pattern) = include_str!("../../infra/terraform/alarms.tf").split_once("kms_faults = ").unwrap();
    let faults: Vec<_> = pattern.lines().next().unwrap().split('*').skip(1).step_by(2).collect();
    let code = sources("shared/src").into_iter().map(|(_, text)| text).collect::<String>();
    for fault in &faults {
        assert!(code.contains(fault), "{fault}");
    }
    assert_eq!(faults.len(), 5);
}

#[test]
fn every_threat_and_every_race_has_its_tests_and_they_are_there() {
    let files = sources("tests").into_iter().map(|(_, text)| text).collect::<String>();
    let threats = ("threats", include_str!("../evidence/threats.md"));
    for (what, listed) in [threats, ("races", include_str!("../evidence/races.md"))] {
        let rows: Vec<_> = listed.lines().filter(|line| line.starts_with('|')).skip(2).collect();
        for row in &rows {
            let tests: Vec<_> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
            assert!(!tests.is_empty(), "{row}");
            for test in tests {
                let (before, _) = files.split_once(&format!("fn {test}(")).unwrap_or_else(|| panic!("{test}"));
                let attributes = before.rsplit('\n').skip(1).take_while(|line| line.trim_start().starts_with("#["));
                let attributes = attributes.collect::<String>();
                assert!(attributes.contains("test") && !attributes.contains("ignore"), "{test}: {attributes}");
            }
        }
        assert!(rows.len() >= 25, "{what}: {}", rows.len());
    }
}

/// The documents below a folder, but for what is made there.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: char| c.is_alphanumeric() || "-_ ".contains(c);
    headings
        .map(|heading| heading.to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut count = 0;
    for document in documents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")) {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if file.is_empty() { document.clone() } else { document.parent().unwrap().join(file) };
            assert!(path.exists(), "{}: {link}", document.display());
            let leads = || anchors(&fs::read_to_string(&path).unwrap()).contains(anchor);
            assert!(anchor.is_empty() || leads(), "{}: {link}", document.display());
        }
    }
    assert!(count >= 30, "{count}");
}

const RESULTS: &str = include_str!("../evidence/speed.md");

/// The requests that a user waits for.
const WAITED_FOR: [&str; 6] = ["verify", "login, challenged", "login, allowed", "text", "recovery", "activation"];

/// How bars begin and end, what they are held to, and how many there are of each.
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

/// The number that a cell begins with: of several samples their median.
fn number(cell: &str) -> f64 {
    cell.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn the_benchmark_held_all_that_must_hold() {
    assert!(!RESULTS.contains("**missed**") && !RESULTS.contains("-dirty"), "a run that is not to be shown");
    let bars = found("Bars");
    let mut all = 0;
    for (begins, ends, limit, count) in BARS {
        let held: Vec<_> = bars.iter().filter(|bar| bar[0].starts_with(begins) && bar[0].ends_with(ends)).collect();
        assert!(held.iter().all(|bar| (bar[2], bar[3]) == (limit, "met")), "{held:?}");
        assert_eq!(held.len(), count, "{begins} … {ends}");
        all += count;
    }
    assert_eq!(bars.len(), all, "a bar of another kind");
}

#[test]
fn what_the_benchmark_found_is_told_as_it_found_it() {
    let infra = include_str!("../../infra/README.md");
    let bars = found("Bars");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "per cent")]
    let most = |name: &dyn Fn(&str) -> bool| {
        let measured = bars.iter().filter(|bar| name(bar[0])).map(|bar| number(bar[1])).fold(f64::NAN, f64::max);
        ((measured - 1.0) * 100.0).round() as u32
    };
    let init = most(&|bar| bar.starts_with("init of ") && bar.ends_with(", by hello's"));
    let warm = most(&|bar| bar.ends_with(", warm, by its calls alone"));
    let cpu = most(&|bar| bar.ends_with(", warm, by its calls alone: the processor's time"));
    let starts = found("Cold start").into_iter().filter(|row| row[0].starts_with('`') && row[0] != "`hello`");
    let starts = starts.map(|row| number(row[2])).fold(f64::NAN, f64::max).ceil();
    let slow = found("The same where AWS takes as long as it does");
    let slow = slow.into_iter().filter(|row| WAITED_FOR.contains(&row[0]));
    let slow: Vec<_> = slow.map(|row| number(row[2])).collect();
    assert_eq!(slow.len(), WAITED_FOR.len());
    let quickest = slow.iter().copied().fold(f64::NAN, f64::min);
    let slowest = slow.iter().copied().fold(f64::NAN, f64::max);
    let told = [
        format!("one starts in {starts} ms, at most {init} % later than a hello-world"),
        format!(
            "a user in one workspace takes at most {warm} % longer than its AWS calls alone, and at most {cpu} % more of the processor"
        ),
        format!("less than a millisecond of a request's {quickest:.0} to {slowest:.0}."),
    ];
    let readme = README.replace('\n', " ");
    for told in told {
        assert!(readme.contains(&told), "{told}");
    }

    let (_, cost) = infra.split_once("<!-- cost -->\n").unwrap();
    assert!(RESULTS.contains(cost.split_once("<!-- end of cost -->").unwrap().0));
    let bold = |row: &str| -> u32 {
        let row = infra.lines().find(|line| line.starts_with(row)).unwrap();
        row.split("**").nth(1).unwrap().parse().unwrap()
    };
    let (million, daily, idle) = (bold("| an authenticator app |"), bold("| the first of a user's day, besides |"), 9);
    assert!(
        readme.contains(&format!("cost [{million} to {} US dollars](infra/README.md#what-it-costs)", million + daily))
    );
    assert!(infra.contains(&format!("| this, in your account | the table above, and {idle} for the month |")));
    assert!(infra.contains(&format!("Idle it costs 7 to {idle} dollars a month")));
    assert_eq!(bold("| this, in your account |"), million + idle);
    for (month, texts) in [(million + idle, ""), (bold("| a text |") + idle, ", and the texts")] {
        assert!(infra.contains(&format!("| **{month}** to {}{texts} |", month + daily)));
    }
}
