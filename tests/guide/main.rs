//! The README's check in Rust, asked line by line: a login and its assertion as JSON in, what the check says of it out.

#![expect(clippy::print_stdout, reason = "it answers on its standard output")]

use std::{cell::RefCell, collections::HashSet, error::Error, io::stdin};

use serde::Deserialize;
use serde_json::json;

#[expect(
    clippy::disallowed_methods,
    reason = "whoever copies these lines keeps the keys by the clock that there is, not by this repository's"
)]
#[expect(dead_code, reason = "a backend reads more of what an assertion says")]
mod check {
    include!(concat!(env!("OUT_DIR"), "/check.rs"));
}

#[derive(Deserialize)]
struct Question {
    assertion: String,
    token: String,
    user: String,
    workspace: String,
    newest_epoch: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let jtis = RefCell::new(HashSet::new());
    for line in stdin().lines() {
        let Question { assertion, token, user, workspace, newest_epoch } = serde_json::from_str(&line?)?;
        let login = check::Login { token: &token, user: &user, workspace: &workspace, newest_epoch };
        let spend = async |jti: &str| jtis.borrow_mut().insert(jti.to_owned());
        println!(
            "{}",
            match check::check(&assertion, login, spend).await {
                Ok(said) => json!({"mfa_epoch": said.mfa_epoch}),
                Err(error) => json!({"refused": error.to_string()}),
            }
        );
    }
    Ok(())
}
