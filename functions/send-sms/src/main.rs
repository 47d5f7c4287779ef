//! Builds the function once per cold start, then serves events.

use lambda_http::Error;
use shared::{
    aws::boot,
    edge::{api::Lambda, http::gateway},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = boot::start(env!("CARGO_PKG_NAME"), send_sms::Function::new)?;
    gateway::serve(|event| function.handle(event)).await
}
