//! Checks `tests/mutants/by_hand.toml`: the text of each mutant occurs exactly once in its function.

use std::fs;

use serde_json::Value;

const BY_HAND: &str = include_str!("../mutants/by_hand.toml");

/// The text of the first function with this name in a file.
fn function<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let places = [format!("fn {name}("), format!("fn {name}<")].map(|head| text.match_indices(&head).next());
    let (start, _) = places.into_iter().flatten().min()?;
    let line = text[..start].rsplit('\n').next()?;
    let indent = &line[..line.len() - line.trim_start().len()];
    let end = text[start..].find(&format!("\n{indent}}}\n"))?;
    Some(&text[start..start + end])
}

#[test]
fn every_change_by_hand_has_one_place_in_the_code() {
    let (mut file, mut name, mut count) = ((String::new(), String::new()), String::new(), 0);
    for line in BY_HAND.lines() {
        if let Some(path) = line.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]")) {
            let text = fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR")));
            file = (path.to_owned(), text.unwrap_or_else(|error| panic!("{path}: {error}")));
        } else if let Some(function) = line.strip_suffix(" = [") {
            function.clone_into(&mut name);
        } else if let Some(change) = line.strip_prefix("    ").and_then(|rest| rest.strip_suffix(',')) {
            // An array of basic strings in TOML is valid JSON too.
            let change: Vec<Value> = serde_json::from_str(change).unwrap_or_else(|error| panic!("{line}: {error}"));
            let text = change[0].as_str().unwrap();
            let (path, code) = &file;
            let body = function(code, &name).unwrap_or_else(|| panic!("{path}: no function {name}"));
            assert_eq!(body.matches(text).count(), 1, "{path}, {name}: {text}");
            count += 1;
        } else {
            assert!(line.is_empty() || line.starts_with('#') || line == "]", "not understood: {line}");
        }
    }
    assert!(count >= 100, "{count}");
}
