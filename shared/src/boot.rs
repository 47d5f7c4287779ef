//! A function's cold start: logs as JSON, settings and AWS clients from the environment, nothing that is not needed.
//!
//! The clients trust Amazon's roots and no others, which also spares a start the reading of the system's hundred. Each
//! AWS call is tried up to three times within four seconds, well under the 30 s after which the gateway gives up.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, http::SharedHttpClient};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{SdkConfig, app_name::AppName, region::Region, sdk_config};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::LevelFilter,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    calls::counting,
    clients::Clients,
    clock::Clock,
    settings::{SettingError, Settings},
};

/// Amazon Root CA 1 to 4 and Starfield Services Root CA G2: what every AWS endpoint's certificate leads to.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// Starts the function `name`: its logs, and what `build` makes of its environment.
///
/// # Errors
/// Names the setting that is missing, here and in the log.
pub fn start<F>(
    name: &'static str,
    build: impl FnOnce(&Settings, &Clients, Clock) -> Result<F, SettingError>,
) -> Result<F, lambda_runtime::Error> {
    tracing_subscriber::registry().with(LevelFilter::INFO).with(lines(std::io::stdout)).init();
    let settings = Settings::from_environment();
    let function = aws(name, &settings).and_then(|aws| Ok(build(&settings, &Clients::new(aws), Clock::system())?));
    function.inspect_err(|error| tracing::error!(function = name, %error, "the cold start failed"))
}

/// How a function logs: one JSON object a line, with the request's span.
pub fn lines<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fmt::layer().json().flatten_event(true).with_span_list(false).with_target(false).with_writer(writer)
}

/// The AWS configuration of a Lambda: region, credentials and, where set, an endpoint from the environment.
fn aws(name: &'static str, settings: &Settings) -> Result<SdkConfig, lambda_runtime::Error> {
    let credentials = Credentials::new(
        settings.required("AWS_ACCESS_KEY_ID")?,
        settings.required("AWS_SECRET_ACCESS_KEY")?,
        settings.optional("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let config = client_defaults()
        .app_name(AppName::new(name)?)
        .region(Region::new(settings.required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(counting(https()?));
    Ok(match settings.optional("AWS_ENDPOINT_URL") {
        Some(endpoint) => config.endpoint_url(endpoint).build(),
        None => config.build(),
    })
}

/// Retries and time-outs as in Lambda.
pub fn client_defaults() -> sdk_config::Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(4));
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .timeout_config(timeouts.build())
        .retry_config(retries)
}

fn https() -> Result<SharedHttpClient, lambda_runtime::Error> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https())
}
