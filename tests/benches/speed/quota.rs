//! A share of a processor, as Lambda gives it to an event: by memory, in periods of 20 ms.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The memory in MB that gives a whole processor ("Configure Lambda function memory", AWS Lambda developer guide).
pub const WHOLE: u32 = 1_769;

/// The period in microseconds.
const PERIOD: u32 = 20_000;

/// A control group. It is removed when this is dropped, and must be empty then.
pub struct Quota {
    folder: PathBuf,
    /// The memory in MB.
    pub memory: u32,
}

/// The shares for these sizes of memory. A `check` goes on without them where this process may not limit another.
pub fn all(memory: &[u32], check: bool) -> Vec<Quota> {
    match memory.iter().map(|memory| Quota::of(*memory)).collect() {
        Ok(quotas) => quotas,
        Err(why) if check => {
            println!("  every event has a whole processor: {why}");
            Vec::new()
        }
        Err(why) => panic!("{why}"),
    }
}

impl Quota {
    /// The share for `memory` MB.
    ///
    /// # Errors
    /// This process may not make control groups.
    fn of(memory: u32) -> Result<Self, String> {
        let quota = u64::from(PERIOD) * u64::from(memory) / u64::from(WHOLE);
        let first = Path::new("/sys/fs/cgroup/cpu");
        let (root, limits) = if first.exists() {
            (first, vec![("cpu.cfs_period_us", PERIOD.to_string()), ("cpu.cfs_quota_us", quota.to_string())])
        } else {
            (Path::new("/sys/fs/cgroup"), vec![("cpu.max", format!("{quota} {PERIOD}"))])
        };
        let folder = root.join(format!("speed-{}-{memory}", std::process::id()));
        let made = fs::create_dir(&folder)
            .and_then(|()| limits.iter().try_for_each(|(file, limit)| fs::write(folder.join(file), limit)));
        let quota = Self { folder, memory };
        made.map_err(|error| format!("can't limit the processor by {}: {error}", quota.folder.display()))?;
        Ok(quota)
    }

    /// Limits a process from now on.
    pub fn limit(&self, process: u32) {
        fs::write(self.folder.join("cgroup.procs"), process.to_string()).unwrap();
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}
