//! Once per cold start: gathers what the function may touch, then serves events.

use lambda_http::{Error, service_fn};
use shared::boot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = boot::start(env!("CARGO_PKG_NAME"), recovery::Function::new)?;
    lambda_http::run(service_fn(async |event| Ok::<_, Error>(function.handle(event).await))).await
}
