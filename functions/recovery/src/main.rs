//! Builds the function once per cold start, then serves events.

use lambda_http::Error;
use shared::{aws::boot, edge::api::Lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    boot::start(env!("CARGO_PKG_NAME"), recovery::Function::new)?.serve().await
}
