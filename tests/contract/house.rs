//! Rules of which module may import which. The tests read the imports from the source.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The layers of `shared`, lowest first.
const FLOORS: [&str; 7] = ["base", "aws", "proof", "channel", "account", "workspace", "edge"];

/// The crates in which no files may import each other in a circle.
const CRATES: [&str; 7] = [
    "shared/src",
    "infra/local/src",
    "functions/enroll/src",
    "functions/policy/src",
    "functions/recovery/src",
    "functions/send-sms/src",
    "functions/verify/src",
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

/// The modules that each module of a crate imports, as paths such as `proof::factor`. The crate's root is the empty
/// path.
fn imports(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let named = |path: &Path| {
        let (_, within) = path.to_str().unwrap().split_once(&format!("{folder}/")).unwrap();
        let name = within.strip_suffix(".rs").unwrap();
        let name = name.strip_suffix("/mod").unwrap_or(name).replace('/', "::");
        if name == "lib" { String::new() } else { name }
    };
    let files: BTreeMap<_, _> = sources(folder).iter().map(|(path, text)| (named(path), text.clone())).collect();
    let mut imports = BTreeMap::new();
    for (module, text) in &files {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        let of = imports.entry(module.clone()).or_insert_with(BTreeSet::new);
        for path in paths(&code, module) {
            // The longest prefix of the path that is a file. The rest is an item of that file.
            let ends = (0..=path.len()).rev().map(|end| path.get(..end).unwrap().join("::"));
            of.extend(ends.filter(|part| files.contains_key(part)).take(1).filter(|part| part != module));
        }
    }
    imports
}

/// The paths into its own crate that the code of `module` names, each from the crate's root.
fn paths(code: &str, module: &str) -> Vec<Vec<String>> {
    let module: Vec<_> = module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let parent = module.split_last().map_or(&[][..], |(_, parent)| parent);
    // In the file's own tests, `super` is the file itself.
    let own_tests = code.find("mod tests {").unwrap_or(code.len());
    let mut found = Vec::new();
    for (start, base) in [("crate::", &[][..]), ("super::", parent), ("self::", &module)] {
        for (index, _) in code.match_indices(start) {
            let part_of_another = code[..index].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if !part_of_another && (start == "crate::" || index < own_tests) {
                branches(&code[index + start.len()..], base, &mut found);
            }
        }
    }
    found
}

/// Reads the paths of a tree such as `a::{b, c::d}` below `base`. Returns the code after it.
fn branches<'a>(mut code: &'a str, base: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = base.to_vec();
    loop {
        code = code.trim_start();
        if let Some(mut inside) = code.strip_prefix('{') {
            while !inside.trim_start().starts_with('}') {
                inside = branches(inside, &path, found).trim_start();
                inside = inside.strip_prefix(',').unwrap_or(inside);
            }
            return inside.trim_start().strip_prefix('}').unwrap();
        }
        let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
        let (name, rest) = code.split_at(end);
        let name = if name.is_empty() { rest.get(..1).unwrap_or_default() } else { name };
        let rest = if end == 0 { rest.get(1..).unwrap_or_default() } else { rest };
        match name {
            "self" => {}
            "super" => _ = path.pop(),
            name => path.push(name.to_owned()),
        }
        if let Some(more) = rest.strip_prefix("::") {
            code = more;
            continue;
        }
        found.push(path);
        // Skips an alias: `as x`.
        return match rest.trim_start().strip_prefix("as ") {
            Some(alias) => alias.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
            None => rest,
        };
    }
}

#[test]
fn no_file_of_shared_imports_from_a_higher_floor() {
    let floor = |module: &str| FLOORS.iter().position(|floor| module.split("::").next() == Some(floor));
    let mut count = 0;
    for (module, others) in imports("shared/src") {
        for other in others {
            count += 1;
            let (here, there) = (floor(&module), floor(&other));
            assert!(here.is_some() && there.is_some() && there <= here, "{module} imports {other}");
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for folder in CRATES {
        let mut imports = imports(folder);
        // A file that imports no remaining file is in no circle.
        while let Some(end) = imports.iter().find(|(_, others)| others.is_empty()).map(|(module, _)| module.clone()) {
            imports.remove(&end);
            for others in imports.values_mut() {
                others.remove(&end);
            }
        }
        // A file that no remaining file imports is in no circle either.
        while let Some(top) = imports.keys().find(|module| !imports.values().any(|others| others.contains(*module))) {
            let top = top.clone();
            imports.remove(&top);
        }
        assert!(imports.is_empty(), "{folder}: {imports:?}");
    }
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let code = "use crate::{\n    a::{self, b::C},\n    d as e,\n};\nuse super::f::{G, H as I, J};\nlet k = crate::k::l(); notcrate::m; use self::*; super::super::n();";
    let all: BTreeSet<_> = paths(code, "x::y").into_iter().map(|path| path.join("::")).collect();
    assert_eq!(
        all,
        ["a", "a::b::C", "d", "x::f::G", "x::f::H", "x::f::J", "k::l", "x::y::*", "n"].map(str::to_owned).into()
    );
}

#[test]
fn a_folders_own_file_holds_rules_and_calls_nothing() {
    for (path, text) in sources("shared/src") {
        let name = path.to_str().unwrap();
        if name.ends_with("/mod.rs") && !name.contains("/edge/") {
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
    // The functions are tested from this crate. A test in their own crates would never run, because those targets are
    // off.
    assert!(sources("functions").iter().all(|(_, text)| !text.contains("#[test]") && !text.contains("cfg(test)")));
    let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
    assert!(root.contains(r#"default-members = ["functions/*", "shared"]"#));
}
