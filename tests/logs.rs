//! The functions' log, as it would stand in CloudWatch: one JSON object a line, from every stage of the run.

use std::{
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use serde_json::Value;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static STARTED: LazyLock<()> = LazyLock::new(|| shared::boot::log(|| Lines));

/// Starts to keep the log.
pub fn keep() {
    LazyLock::force(&STARTED);
}

/// The lines that were written for a request.
pub fn of(request: &str) -> Vec<Value> {
    let text = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let lines = String::from_utf8(text).unwrap();
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["span"]["request_id"] == request).collect()
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
