//! The programs that are measured, built as users build them: the release profile, which a benchmark's own is not.

use std::{
    collections::BTreeSet,
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

const BESIDE: [&str; 2] = [HELLO, BARE];

/// A folder with them.
pub struct Binaries {
    folder: PathBuf,
    /// Where they are copies.
    _copies: Option<TempDir>,
}

impl Binaries {
    /// Builds them all with one build of the dependencies.
    pub fn build() -> Self {
        println!("building the release binaries");
        let packages = FUNCTIONS.iter().chain(&BESIDE).flat_map(|package| ["-p", package]);
        let built = build(["build", "--release", "--locked"].into_iter().chain(packages)).join("release");
        // Copies, which are written from beginning to end. A linker writes here and there, which leaves its output in the page
        // cache in pieces as chance has it: the same binary then starts up to a tenth slower.
        let folder = tempfile::tempdir().unwrap();
        for name in FUNCTIONS.iter().chain(&BESIDE) {
            fs::copy(built.join(name), folder.path().join(name)).unwrap();
        }
        Self { folder: folder.path().to_owned(), _copies: Some(folder) }
    }

    /// The debug binaries, where they are: with the build of the dependencies that the tests have.
    pub fn of_debug() -> Self {
        println!("building the debug binaries");
        Self { folder: build(["build", "--workspace", "--locked"]).join("debug"), _copies: None }
    }

    /// The program of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Its size in MB, of a million bytes.
    #[expect(clippy::cast_precision_loss, reason = "a size to be shown")]
    pub fn megabytes(&self, name: &str) -> f64 {
        fs::metadata(self.path(name)).unwrap().len() as f64 / 1e6
    }
}

/// Has cargo build, and says below which folder.
fn build<'a>(arguments: impl IntoIterator<Item = &'a str>) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = fs::read_dir(root.join("functions")).unwrap();
    let folders: BTreeSet<_> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    assert!(folders.iter().eq(FUNCTIONS), "other functions than {FUNCTIONS:?}: {folders:?}");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(arguments);
    // What cargo tells a program that it runs would have build scripts run anew.
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST"))
    {
        cargo.env_remove(name);
    }
    assert!(cargo.status().unwrap().success(), "the binaries can't be built");
    // This program lies in `target/<profile>/deps`.
    env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}
