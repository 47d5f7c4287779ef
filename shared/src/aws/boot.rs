//! A function's cold start: JSON logs, settings and AWS clients from the environment.
//!
//! - The clients trust only Amazon's root certificates. This also saves a start from reading the system's hundred.
//! - An AWS call has 4 seconds, well under the gateway's 30 s: up to three tries of 2 seconds. A text or an email gets
//!   one try.
//! - AWS closes idle connections, some after 20 s. A function that Lambda has frozen can't see that, and its next call
//!   fails. So the functions close idle connections first.
//! - The SDK retries calls to the table and the keys, but no text or email. So each email has a connection of its own,
//!   and one for texts closes after a second.

use std::{fmt, fs, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion, stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{
    SdkConfig,
    app_name::AppName,
    region::Region,
    sdk_config,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};
use data_encoding::BASE64;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::LevelFilter,
    fmt::{MakeWriter, layer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    aws::clients::{Clients, counting},
    base::{
        clock::Clock,
        settings::{SettingError, Settings, setting},
    },
};

/// Amazon Root CA 1 to 4 and Starfield Services Root CA G2, the roots of every AWS endpoint's certificate.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// The longest that a connection to the table or the keys stays idle.
const LONGEST_IDLE: Duration = Duration::from_secs(10);

/// The longest that a connection for texts stays idle. A text follows the check for a STOP on one connection.
const LONGEST_IDLE_OF_TEXTS: Duration = Duration::from_secs(1);

/// Starts the function `name`: sets up its logs, and calls `build`.
///
/// # Errors
/// A setting is missing or invalid. The error names it, and is logged.
pub fn start<F>(
    name: &'static str,
    build: impl FnOnce(&Settings, &Clients, Clock) -> Result<F, SettingError>,
) -> Result<F, lambda_runtime::Error> {
    tracing_subscriber::registry().with(LevelFilter::INFO).with(lines(std::io::stdout)).init();
    let settings = Settings::from_environment();
    let function = clients(name, &settings).and_then(|aws| Ok(build(&settings, &aws, Clock::system())?));
    function.inspect_err(|error| tracing::error!(function = name, %error, "the function did not start"))
}

/// Makes the layer that writes logs: one JSON object a line, with the request's span.
pub fn lines<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    layer().json().flatten_event(true).with_span_list(false).with_target(false).with_writer(writer)
}

/// Makes a Lambda's AWS clients. Region, credentials and an optional endpoint come from the environment.
///
/// # Errors
/// A setting is missing. The error names it.
pub fn clients(name: &'static str, settings: &Settings) -> Result<Clients, lambda_runtime::Error> {
    let credentials = Credentials::new(
        settings.required("AWS_ACCESS_KEY_ID")?,
        settings.required("AWS_SECRET_ACCESS_KEY")?,
        settings.optional("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let tls = TlsContext::builder().with_trust_store(roots(settings)?).build()?;
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls);
    let config = client_defaults()
        .app_name(AppName::new(name)?)
        .region(Region::new(settings.required("AWS_REGION")?))
        .use_fips(flag(settings, "AWS_USE_FIPS_ENDPOINT")?)
        .use_dual_stack(flag(settings, "AWS_USE_DUALSTACK_ENDPOINT")?)
        .service_config(Endpoints(settings.clone()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(counting(https.clone().pool_idle_timeout(LONGEST_IDLE).build_https()));
    let clients = Clients::new(&match settings.optional("AWS_ENDPOINT_URL") {
        Some(endpoint) => config.endpoint_url(endpoint).build(),
        None => config.build(),
    });
    let texts = counting(https.clone().pool_idle_timeout(LONGEST_IDLE_OF_TEXTS).build_https());
    let emails = counting(https.pool_max_idle_per_host(0).build_https());
    Ok(Clients {
        texts: clients.texts.to_builder().http_client(texts).build(),
        emails: clients.emails.to_builder().http_client(emails).build(),
        ..clients
    })
}

/// The certificate authorities that the clients trust: Amazon's, and those in the file of `MFA_EXTRA_ROOTS`.
fn roots(settings: &Settings) -> Result<TrustStore, SettingError> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let Some(path) = settings.find(&setting::EXTRA_ROOTS) else { return Ok(roots) };
    let extra = fs::read(path).map(|text| readable(&text)).unwrap_or_default();
    if extra.is_empty() {
        return Err(setting::EXTRA_ROOTS.invalid("the path of a file with certificate authorities in PEM"));
    }
    Ok(roots.with_pem_certificate(extra))
}

/// The certificates of a PEM file that can be authorities. The client panics on any other, and the lists of systems have
/// some.
fn readable(text: &[u8]) -> String {
    let certificates = CertificateDer::pem_slice_iter(text).filter_map(Result::ok);
    let readable = certificates.filter(|one| RootCertStore::empty().add(one.clone()).is_ok());
    let pem = |one: CertificateDer<'_>| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(&one))
    };
    readable.map(pem).collect()
}

/// The endpoints of single services, such as a VPC endpoint without a private name: the SDK's variables
/// `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL_SESV2` and `AWS_ENDPOINT_URL_SNS`.
struct Endpoints(Settings);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.0.optional(&format!("{}_{}", key.env(), key.service_id().to_uppercase()))
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoints")
    }
}

/// Reads a flag of the SDK's: `true` or `false`, and `false` by default.
fn flag(settings: &Settings, name: &'static str) -> Result<bool, SettingError> {
    match settings.optional(name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(SettingError::Invalid(name, "true or false")),
    }
}

/// The retries and timeouts of a function's AWS clients. A timeout covers the whole of an attempt, so the SDK need not
/// watch for a response that arrives too slowly.
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
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(retries)
}
