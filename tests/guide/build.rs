//! Extracts the guide's check in Rust, and points it at the stack that `.ci/guide` starts.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let file = "../../functions/guide/snippets/check.rs";
    println!("cargo::rerun-if-changed={file}");
    let snippet = fs::read_to_string(file)?;
    let here = snippet.replace("https://mfa.acme.com", "http://127.0.0.1:18085").replace("\"acme-app\"", "\"app\"");
    let here = here.replace("time::{Duration, Instant}}", "time::Duration}; use super::Instant");
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("check.rs"), here)?)
}
