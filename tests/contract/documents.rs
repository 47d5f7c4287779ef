//! Holds the lists in the documents to the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use shared::base::settings::setting::{self, Setting};

use crate::{
    contract::house::sources,
    openapi::{CONTRACT, operations},
};

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

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

/// The arms of a function's `route`: each route with the call of its handler.
pub fn arms(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => self."))
}

#[test]
fn every_route_is_in_the_contract_under_its_function() {
    let mut routes = BTreeSet::new();
    for (path, text) in sources("functions") {
        let function = path.iter().rev().nth(2).unwrap().to_str().unwrap().to_owned();
        routes.extend(arms(&text).map(|(route, _)| (function.clone(), route.to_owned())));
    }
    let listed: BTreeSet<_> = operations()
        .into_iter()
        .map(|(route, operation)| (operation["tags"][0].as_str().unwrap().to_owned(), route))
        .collect();
    assert_eq!(routes, listed);
}

/// The literals of settings in the code, without those of tests.
#[test]
fn every_setting_is_declared_in_the_list_and_nowhere_else() {
    let mut found = Vec::new();
    for folder in ["shared/src", "functions"] {
        for (path, text) in sources(folder) {
            let settings = literals(&text, |c| c.is_ascii_uppercase() || c == '_');
            let settings = settings.into_iter().filter(|name| name.starts_with("MFA_")).map(str::to_owned);
            found.extend(settings.map(|name| (path.clone(), name)));
        }
    }
    assert!(found.iter().all(|(path, _)| path.ends_with("settings/setting.rs")), "{found:?}");
    let found: BTreeSet<_> = found.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(found, setting::ALL.iter().map(|one| one.name).collect());
    // Each is read somewhere.
    let code = ["shared/src", "functions"].into_iter().flat_map(sources).map(|(_, text)| text).collect::<String>();
    let list = source("settings/setting.rs");
    let constants: Vec<_> =
        list.lines().filter_map(|line| line.trim().split_once(": \"MFA_")).map(|(name, _)| name).collect();
    assert_eq!(constants.len(), setting::ALL.len());
    for constant in constants {
        let read = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
        assert!(code.split(&format!("setting::{constant}")).skip(1).any(read), "{constant}");
    }
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
    let texts = documents(&root()).into_iter().map(|document| fs::read_to_string(document).unwrap());
    for guide in texts.collect::<Vec<_>>() {
        let blocks = guide.split("```hcl\n").skip(1).filter_map(|block| block.split("```").next());
        let lines = blocks.filter(|block| !block.starts_with("import")).flat_map(str::lines);
        for line in lines.map(|line| line.split('#').next().unwrap()) {
            let words: Vec<_> = line.split('=').map(|before| before.split_whitespace().last().unwrap_or("")).collect();
            for name in words.split_last().map_or(&[][..], |(_, names)| names) {
                count += 1;
                assert!(known.contains(name), "{line}");
            }
        }
    }
    assert!(count >= 10, "{count}");
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
    for Setting { name, .. } in setting::ALL {
        assert_eq!(given.get(name), local.optional(name).as_ref(), "{name}");
    }
    assert!(given.len() >= 7);
}

#[test]
fn every_audit_event_is_listed_and_no_other() {
    let text = source("audit.rs");
    let events: BTreeSet<_> =
        literals(&text, |c| c.is_ascii_lowercase() || c == '.').into_iter().filter(|name| name.contains('.')).collect();
    let cells =
        include_str!("../../events/README.md").lines().filter_map(|row| row.strip_prefix("| ")?.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let listed: BTreeSet<_> = names.filter(|name| name.contains('.')).collect();
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

/// The documents below a folder, without those in build folders.
pub fn documents(folder: &Path) -> Vec<PathBuf> {
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
    for document in documents(&root()) {
        let text = fs::read_to_string(&document).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = text.split(" src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links.chain(pictures) {
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
