//! Any of the five functions, without the connections that it opens at a start. The benchmark `speed` compares the
//! functions with it. `AWS_LAMBDA_FUNCTION_NAME` says which of them it is.

use std::env;

use lambda_http::Error;
use shared::{
    aws::{boot, clients::Clients},
    base::{
        clock::Clock,
        settings::{SettingError, Settings},
    },
    edge::{api::Lambda, http::gateway},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    match env::var("AWS_LAMBDA_FUNCTION_NAME")?.as_str() {
        "enroll" => serve("enroll", enroll::Function::new).await,
        "policy" => serve("policy", policy::Function::new).await,
        "recovery" => serve("recovery", recovery::Function::new).await,
        "send-sms" => serve("send-sms", send_sms::Function::new).await,
        "verify" => serve("verify", verify::Function::new).await,
        name => Err(format!("no function {name}").into()),
    }
}

async fn serve<F: Lambda>(
    name: &'static str,
    build: impl FnOnce(&Settings, &Clients, Clock) -> Result<F, SettingError>,
) -> Result<(), Error> {
    let function = boot::start(name, build)?;
    gateway::serve(|event| function.handle(event)).await
}
