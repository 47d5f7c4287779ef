//! The data folder of a stack: the files that the next run finds again.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A folder that only this process uses, or memory.
#[derive(Clone)]
pub struct Data(Option<Arc<Folder>>);

struct Folder {
    path: PathBuf,
    lock: File,
}

/// Unlocks the file. Closing it is not enough, because a child process that is just starting may still have it open.
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

/// A failure to use the data folder.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Another stack uses the same folder.
    #[error("another stack uses {}. Choose another folder with --data", .0.display())]
    InUse(PathBuf),
    /// A file can't be read or written.
    #[error("could not read or write {}", .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The machine has no randomness for keys.
    #[error("could not generate keys")]
    NoKeys,
    /// This version can't read the content of a file.
    #[error("{} can't be read. Delete it to start over", .0.display())]
    Damaged(PathBuf),
}

impl Data {
    /// Opens the folder at `path`, or memory without a path.
    pub fn open(path: Option<&Path>) -> Result<Self, DataError> {
        path.map_or(Ok(Self(None)), Self::folder)
    }

    /// Opens and locks the folder at `path`. If it does not exist, it is created so that only its owner can read it.
    fn folder(path: &Path) -> Result<Self, DataError> {
        let failed = |source| DataError::File { path: path.to_owned(), source };
        if !path.exists() {
            fs::create_dir_all(path).and_then(|()| private(path)).map_err(failed)?;
        }
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self(Some(Arc::new(Folder { path: path.to_owned(), lock })))),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Returns the path of the file `name`, if there is a folder.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.0.as_ref()?.path.join(name))
    }

    /// Reads the file `name`, if it exists.
    pub fn read(&self, name: &str) -> Result<Option<String>, DataError> {
        self.path(name).map_or(Ok(None), |path| read(&path))
    }

    /// Writes the file `name` atomically.
    pub fn write(&self, name: &str, text: &str) -> Result<(), DataError> {
        let Some(path) = self.path(name) else { return Ok(()) };
        let new = path.with_extension("new");
        write_private(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|source| DataError::File { path, source })
    }
}

/// Reads the file at `path`, if it exists.
pub fn read(path: &Path) -> Result<Option<String>, DataError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DataError::File { path: path.to_owned(), source }),
    }
}

/// Writes a file that only its owner can read, because it may have keys.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_free_once_its_stack_ends_even_if_its_lock_is_open_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::open(Some(folder.path())).unwrap();
        let _child = data.0.as_ref().unwrap().lock.try_clone().unwrap();
        assert!(matches!(Data::open(Some(folder.path())), Err(DataError::InUse(_))));
        drop(data);
        assert!(Data::open(Some(folder.path())).is_ok());
    }
}
