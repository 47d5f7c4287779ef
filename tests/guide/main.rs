//! The guide's check in Rust. Reads a login and its assertion as a line of JSON. Writes the check's answer as a line.

#![expect(clippy::print_stdout, reason = "it answers on its standard output")]

use std::{
    collections::HashSet,
    error::Error,
    io::stdin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

#[expect(dead_code, reason = "a backend reads more of what an assertion says")]
mod check {
    include!(concat!(env!("OUT_DIR"), "/check.rs"));
}

/// The clock for the cache of keys, which tests move. Times in a token are read from another clock.
#[derive(Clone, Copy)]
struct Instant(std::time::Instant);

static LATER: AtomicU64 = AtomicU64::new(0);

impl Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the guide's code uses the system clock, not the one of this repository"
    )]
    fn now() -> Self {
        Self(std::time::Instant::now() + Duration::from_secs(LATER.load(Ordering::Relaxed)))
    }

    fn elapsed(self) -> Duration {
        Self::now().0 - self.0
    }
}

#[derive(Deserialize)]
struct Question {
    assertion: String,
    token: String,
    user: String,
    workspace: String,
    newest_epoch: u64,
    later: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let jtis = Arc::new(Mutex::new(HashSet::new()));
    for line in stdin().lines() {
        let asked = serde_json::from_str(&line?)?;
        // A server's tasks also move between threads.
        println!("{}", tokio::spawn(answer(asked, Arc::clone(&jtis))).await?);
    }
    Ok(())
}

async fn answer(asked: Question, jtis: Arc<Mutex<HashSet<String>>>) -> Value {
    let Question { assertion, token, user, workspace, newest_epoch, later } = asked;
    LATER.store(later, Ordering::Relaxed);
    let login = check::Login { token: &token, user: &user, workspace: &workspace, newest_epoch };
    let spend = async |jti: &str| jtis.lock().await.insert(jti.to_owned());
    match check::check(&assertion, login, spend).await {
        Ok(said) => json!({"mfa_epoch": said.mfa_epoch}),
        Err(error) => json!({"refused": error.to_string()}),
    }
}
