//! The functions' log, as it would stand in CloudWatch: one JSON object a line, from every stage of the run, and from our
//! own crates whatever they would say at the most talkative level.

use std::{
    collections::BTreeSet,
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use serde_json::Value;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

static LINES: Mutex<Vec<Value>> = Mutex::new(Vec::new());
static STARTED: LazyLock<()> = LazyLock::new(|| {
    let ours = ["shared", "enroll", "policy", "recovery", "send_sms", "verify", "local"]
        .map(|name| (name, LevelFilter::TRACE));
    let levels = Targets::new().with_default(LevelFilter::INFO).with_targets(ours);
    tracing_subscriber::registry().with(levels).with(shared::boot::lines(|| Lines)).init();
});

/// Starts to keep the log.
pub fn keep() {
    LazyLock::force(&STARTED);
}

/// The lines that were written for a request.
pub fn of(request: &str) -> Vec<Value> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line["span"]["request_id"] == request).cloned().collect()
}

/// The lines that were written outside of any request.
pub fn of_none() -> Vec<Value> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line["span"]["request_id"].is_null()).cloned().collect()
}

/// Holds lines to have none of what is secret. Times are no secrets, though their digits may look like one.
pub fn hold_no_secret(lines: Vec<Value>, secrets: &BTreeSet<String>) {
    for mut line in lines {
        line.as_object_mut().unwrap().remove("timestamp");
        let text = line.to_string();
        for secret in secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in the log: {text}");
        }
    }
}

struct Lines;

impl io::Write for Lines {
    /// The formatter writes a line at a time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = serde_json::from_slice(bytes)?;
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
