//! The programs that are measured. They are built as users build them, with the release profile.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The functions.
pub const FUNCTIONS: [&str; 5] = ["enroll", "policy", "recovery", "send-sms", "verify"];
/// The program that warm requests are compared with.
pub const BARE: &str = "bare";

/// The functions without the connections that they open at a start.
pub const UNPREPARED: &str = "unprepared";

const BESIDE: [&str; 2] = [BARE, UNPREPARED];

/// A folder with the programs.
pub struct Binaries {
    folder: PathBuf,
    /// Keeps the folder, if they are copies.
    _copies: Option<TempDir>,
}

impl Binaries {
    /// Builds the release binaries, with one build of the dependencies.
    pub fn build() -> Self {
        println!("building the release binaries");
        let packages = FUNCTIONS.iter().chain(&BESIDE).flat_map(|package| ["-p", package]);
        let built = build(["build", "--release", "--locked"].into_iter().chain(packages)).join("release");
        // Copies are written from beginning to end. A linker writes its output in pieces, and leaves it so in the page
        // cache. By chance, such a binary starts up to 10 % slower.
        let folder = tempfile::tempdir().unwrap();
        for name in FUNCTIONS.iter().chain(&BESIDE) {
            fs::copy(built.join(name), folder.path().join(name)).unwrap();
        }
        Self { folder: folder.path().to_owned(), _copies: Some(folder) }
    }

    /// Builds the debug binaries, which share the tests' build of the dependencies.
    pub fn of_debug() -> Self {
        println!("building the debug binaries");
        Self { folder: build(["build", "--workspace", "--locked"]).join("debug"), _copies: None }
    }

    /// The path of a program.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Its size in MB (1 MB is 1,000,000 bytes).
    #[expect(clippy::cast_precision_loss, reason = "a size to be shown")]
    pub fn megabytes(&self, name: &str) -> f64 {
        fs::metadata(self.path(name)).unwrap().len() as f64 / 1e6
    }
}

/// Runs cargo. Returns the folder that has the profiles' folders.
fn build<'a>(arguments: impl IntoIterator<Item = &'a str>) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = fs::read_dir(root.join("functions")).unwrap();
    let folders = folders.map(|folder| folder.unwrap()).filter(|folder| folder.path().join("Cargo.toml").exists());
    let folders: BTreeSet<_> = folders.map(|folder| folder.file_name().into_string().unwrap()).collect();
    assert!(folders.iter().eq(FUNCTIONS), "other functions than {FUNCTIONS:?}: {folders:?}");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(arguments);
    // With cargo's own variables, build scripts would run again.
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST"))
    {
        cargo.env_remove(name);
    }
    assert!(cargo.status().unwrap().success(), "the binaries can't be built");
    // This program is in `target/<profile>/deps`.
    env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}
