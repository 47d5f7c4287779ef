//! Third-party tools have a fixed version, and a fixed hash if a script here runs them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::contract::documents::{documents, root};

const DEPLOY: &str = include_str!("../../infra/README.md");
const ARM64: &str = include_str!("../../.ci/arm64");

fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let files: Vec<_> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(!files.is_empty(), "{folder}");
    files
}

/// The lines of a text that install Python packages.
fn installs(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| {
        let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        words.windows(2).any(|two| ["pip", "pip3"].contains(&two[0]) && two[1] == "install")
    })
}

#[test]
fn scripts_install_packages_of_python_by_their_hashes() {
    let mut count = 0;
    for path in [".ci", "infra/rehearsal"].into_iter().flat_map(files) {
        for line in installs(&fs::read_to_string(&path).unwrap()).filter(|line| !line.starts_with('#')) {
            count += 1;
            assert!(line.contains(" --require-hashes -r "), "{}: {line}", path.display());
        }
    }
    assert!(count >= 1);
}

/// The lock file of a Node package has a hash for each dependency.
#[test]
fn node_packages_are_locked_by_hash_and_run_no_scripts() {
    let mut count = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("package.json").exists() {
            count += 1;
            let read =
                |name| fs::read_to_string(folder.join(name)).unwrap_or_else(|_| panic!("{}/{name}", folder.display()));
            assert!(read(".npmrc").lines().any(|line| line == "ignore-scripts=true"), "{}", folder.display());
            let lock: serde_json::Value = serde_json::from_str(&read("package-lock.json")).unwrap();
            for (name, package) in lock["packages"].as_object().unwrap().iter().filter(|(name, _)| !name.is_empty()) {
                assert!(package["integrity"].is_string(), "{}: {name}", folder.display());
            }
        }
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn the_guides_build_with_the_tools_that_were_tried() {
    let tried = include_str!("../../.ci/requirements/cargo-lambda.txt");
    let tools: Vec<_> = tried.lines().filter_map(|line| line.strip_suffix(" \\")?.split_once("==")).collect();
    for (name, version) in &tools {
        let pin = format!("{name}==");
        assert!(DEPLOY.contains(&format!("{pin}{version}")), "{name}");
        for document in documents(&root()) {
            let text = fs::read_to_string(&document).unwrap();
            for told in text.split(&pin).skip(1) {
                assert!(told.starts_with(version), "{}: {pin}{told:.20}", document.display());
            }
        }
    }

    let (_, rust) = ARM64.split_once("\nrust=").unwrap();
    let rust = rust.split_whitespace().next().unwrap();
    assert!(DEPLOY.contains(&format!("toolchain install {rust}")), "{rust}");
    let build = "--release --arm64 --output-format zip --locked";
    assert!(DEPLOY.contains(&format!("cargo +{rust} lambda build {build}")), "{rust}");
    assert!(ARM64.contains(&format!("lambda build {build} ")));
    let least = include_str!("../../Cargo.toml").split_once("\nrust-version = \"").unwrap().1;
    assert!(parts(rust) >= parts(least.split('"').next().unwrap()), "{rust} is older than rust-version");
}

#[test]
fn the_guide_names_the_provider_that_is_locked() {
    let lock = include_str!("../../infra/terraform/.terraform.lock.hcl");
    let version = lock.split_once("version     = \"").unwrap().1.split('"').next().unwrap();
    assert!(DEPLOY.contains(version), "{version}");
    assert!(lock.contains("\"h1:"));
}

fn parts(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap()).collect()
}
