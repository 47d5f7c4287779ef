//! What every Lambda in Rust starts with, and nothing else: the runtime on one thread, a log of JSON lines, and a fixed
//! answer to an event of the gateway. No client of AWS, no TLS, no settings. The benchmark `speed` starts it beside the
//! functions.

use lambda_http::{Body, Error, Response, service_fn};
use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing_subscriber::registry().with(LevelFilter::INFO).with(fmt::layer().json()).init();
    lambda_http::run(service_fn(async |_| Ok::<_, Error>(Response::new(Body::from("hello"))))).await
}
