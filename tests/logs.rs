//! The functions' log as CloudWatch would show it, one JSON object per line. It has the lines of every stage of the
//! run. Our own crates log at level TRACE.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use serde_json::Value;
use shared::proof::factor::FactorId;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// The lines by request id. Lines outside of a request have the id "".
static LINES: LazyLock<Mutex<HashMap<String, Vec<Value>>>> = LazyLock::new(Mutex::default);
static STARTED: LazyLock<()> = LazyLock::new(|| {
    let ours = ["shared", "enroll", "policy", "recovery", "send_sms", "verify", "local"]
        .map(|name| (name, LevelFilter::TRACE));
    let levels = Targets::new().with_default(LevelFilter::INFO).with_targets(ours);
    tracing_subscriber::registry().with(levels).with(shared::aws::boot::lines(|| Lines)).init();
});

/// Starts to collect the log.
pub fn keep() {
    LazyLock::force(&STARTED);
}

/// The lines of a request.
pub fn of(request: &str) -> Vec<Value> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).get(request).cloned().unwrap_or_default()
}

/// The lines outside of any request.
pub fn of_none() -> Vec<Value> {
    of("")
}

/// Checks that no line has a secret in it. It skips times and factor ids, because their digits may look like a code.
pub fn hold_no_secret(lines: Vec<Value>, secrets: &BTreeSet<String>) {
    for mut line in lines {
        let fields = line.as_object_mut().unwrap();
        fields.remove("timestamp");
        fields.retain(|name, value| name != "factor" || value.as_str().and_then(FactorId::parse).is_none());
        let text = line.to_string();
        for secret in secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in the log: {text}");
        }
    }
}

struct Lines;

impl io::Write for Lines {
    /// The formatter writes one line at a time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line: Value = serde_json::from_slice(bytes)?;
        let request = line["span"]["request_id"].as_str().unwrap_or_default().to_owned();
        LINES.lock().unwrap_or_else(PoisonError::into_inner).entry(request).or_default().push(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
