//! A minimal Lambda function in Rust: the runtime on one thread, a log of JSON lines, and a fixed answer. It has no AWS
//! client, no TLS and no settings. The benchmark `speed` compares the functions with it.

use lambda_http::{Body, Error, Response, service_fn};
use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::registry().with(LevelFilter::INFO).with(fmt::layer().json()).init();
    lambda_http::run(service_fn(async |_| Ok::<_, Error>(Response::new(Body::from("hello"))))).await
}
