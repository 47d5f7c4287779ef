//! The functions' AWS clients on this machine: the endpoint is the one switch. Each call also says which request it
//! serves, so that it can be found again among all that were made.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::{SdkConfig, region::Region};
use shared::aws::{boot::client_defaults, clients::counting};

/// The header that names the request that a call serves.
pub const REQUEST_HEADER: &str = "x-local-request";

tokio::task_local! {
    /// The request that the present task serves.
    pub static REQUEST: String;
}

/// A configuration that leads to the embedded AWS at `endpoint`.
pub fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    client_defaults()
        // Hundreds of requests at once on a busy machine are no fault of AWS.
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(30)).build())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(counting(http_client()))
        .endpoint_url(endpoint)
        .build()
}

fn http_client() -> SharedHttpClient {
    let plain = Builder::new().build_http();
    http_client_fn(move |settings, components| {
        use aws_smithy_runtime_api::client::http::HttpClient;
        SharedHttpConnector::new(Named(plain.http_connector(settings, components)))
    })
}

/// Names the request in each call.
#[derive(Debug)]
struct Named(SharedHttpConnector);

impl HttpConnector for Named {
    fn call(&self, mut call: HttpRequest) -> HttpConnectorFuture {
        if let Ok(request) = REQUEST.try_with(Clone::clone) {
            call.headers_mut().insert(REQUEST_HEADER, request);
        }
        self.0.call(call)
    }
}
