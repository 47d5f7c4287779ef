//! The programs that are measured, built as users build them: the release profile, which a benchmark's own is not.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The functions.
pub const FUNCTIONS: [&str; 5] = ["enroll", "policy", "recovery", "send-sms", "verify"];
/// What a cold start is compared with.
pub const HELLO: &str = "hello";
/// What a warm request is compared with.
pub const BARE: &str = "bare";
/// What applies the rules by themselves.
pub const RULES: &str = "rules";

const BESIDE: [&str; 3] = [HELLO, BARE, RULES];

/// A folder with them.
pub struct Binaries(TempDir);

impl Binaries {
    /// Builds them all with one build of the dependencies.
    pub fn build() -> Self {
        println!("building the release binaries");
        let mut cargo = Command::new("cargo");
        cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).args(["build", "--release", "--locked"]);
        for package in FUNCTIONS.iter().chain(&BESIDE) {
            cargo.args(["-p", package]);
        }
        // What cargo tells a program that it runs would have build scripts run anew.
        for (name, _) in
            env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST"))
        {
            cargo.env_remove(name);
        }
        assert!(cargo.status().unwrap().success(), "the binaries can't be built");
        // This program lies in `target/<profile>/deps`.
        let program = env::current_exe().unwrap();
        let built = program.ancestors().nth(3).unwrap().join("release");
        // Copies, which are written from beginning to end. A linker writes here and there, which leaves its output in the page
        // cache in pieces as chance has it: the same binary then starts up to a tenth slower.
        let folder = tempfile::tempdir().unwrap();
        for name in FUNCTIONS.iter().chain(&BESIDE) {
            fs::copy(built.join(name), folder.path().join(name)).unwrap();
        }
        Self(folder)
    }

    /// The program of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Its size in MB, of a million bytes.
    #[expect(clippy::cast_precision_loss, reason = "a size to be shown")]
    pub fn megabytes(&self, name: &str) -> f64 {
        fs::metadata(self.path(name)).unwrap().len() as f64 / 1e6
    }
}
