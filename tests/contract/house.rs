//! The house keeps its shape: who may import whom, read from the `use` lines.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Modules that anyone may know, but for each other.
const ANYONE: [&str; 10] =
    ["user", "clock", "random", "error", "event", "line", "settings", "calls", "clients", "window"];

/// What each other module may know besides those and itself.
const MAY_KNOW: [(&str, &[&str]); 27] = [
    ("totp", &[]),
    ("phone", &[]),
    ("code", &[]),
    ("sealed", &[]),
    ("attempts", &[]),
    ("assertion", &["factor"]),
    ("boot", &[]),
    ("table", &[]),
    ("factor", &["totp", "phone", "code", "sealed"]),
    ("email", &["sealed"]),
    ("recovery", &["code", "email"]),
    ("texts", &["phone"]),
    ("message", &["code", "phone", "email", "recovery"]),
    ("account", &["factor", "recovery", "attempts", "code", "sealed", "email", "texts"]),
    ("policy", &["account", "factor", "assertion", "member"]),
    ("member", &["account", "factor"]),
    ("http", &["assertion", "code", "email"]),
    ("user", &[]),
    ("clock", &[]),
    ("error", &["clock"]),
    ("settings", &[]),
    ("calls", &[]),
    ("clients", &[]),
    ("event", &["user", "line"]),
    ("line", &[]),
    ("random", &["error"]),
    ("window", &["clock"]),
];

/// The Rust files below a folder.
pub fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found
}

/// The modules of `shared` that a file names, in `use` lines and in paths.
fn known(text: &str, prefix: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut names = BTreeSet::new();
    for (start, _) in code.match_indices(prefix) {
        let rest = &code[start + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.extend(first_word(&std::mem::take(&mut name))),
                    _ => {}
                }
                if depth == 0 && c != ',' {
                    name.push(c);
                }
            }
            names.extend(first_word(&name));
        } else {
            names.extend(first_word(rest));
        }
    }
    names
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    word.chars().next().filter(char::is_ascii_lowercase).map(|_| word)
}

#[test]
fn a_module_of_shared_knows_only_whom_it_may() {
    for (path, text) in sources("shared/src") {
        let within = path.to_str().unwrap().split("shared/src/").last().unwrap().to_owned();
        let module = within.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        let store = within.contains('/') && !within.ends_with("mod.rs");
        let (_, allowed) = MAY_KNOW.iter().find(|(name, _)| *name == module).expect(module);
        let basic = ANYONE.contains(&module);
        for other in known(&text, "crate::") {
            let fine = other == module
                || (!basic && ANYONE.contains(&other.as_str()))
                || allowed.contains(&other.as_str())
                || (store && other == "table");
            assert!(fine, "{within} knows {other}");
        }
    }
}

#[test]
fn the_rule_of_a_noun_names_no_sdk_and_no_runtime() {
    for (path, text) in sources("shared/src") {
        let name = path.to_str().unwrap();
        if name.ends_with("/mod.rs") && !name.ends_with("http/mod.rs") {
            for forbidden in ["aws_", "async fn", "tokio::", "lambda_"] {
                assert!(!text.contains(forbidden), "{name} names {forbidden}");
            }
        }
    }
}

#[test]
fn functions_know_no_sdk_and_not_each_other() {
    let manifests = ["enroll", "policy", "recovery", "send-sms", "verify"];
    for function in manifests {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions").join(function).join("Cargo.toml");
        let manifest = fs::read_to_string(path).unwrap();
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
        assert!(!dependencies.contains("aws"), "{function}");
        for other in manifests {
            assert!(!dependencies.contains(&format!("\n{other}")), "{function} depends on {other}");
        }
    }
    // They are driven from here: their own test targets are off, and a test among them would never run.
    assert!(sources("functions").iter().all(|(_, text)| !text.contains("#[test]") && !text.contains("cfg(test)")));
    let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
    assert!(root.contains(r#"default-members = ["functions/*", "shared"]"#));
}
