//! Extracts the guide's check in Rust, and points it at the stack that `.ci/guide` starts.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../../README.md");
    let readme = fs::read_to_string("../../README.md")?;
    let (_, snippet) = readme.split_once("```rust\n// check.rs\n").ok_or("the README has no check.rs")?;
    let (snippet, _) = snippet.split_once("\n```").ok_or("check.rs has no end")?;
    let here = snippet.replace("https://mfa.acme.com", "http://127.0.0.1:18085").replace("\"acme-app\"", "\"app\"");
    let here = here.replace("time::{Duration, Instant}}", "time::Duration}; use super::Instant");
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("check.rs"), here)?)
}
