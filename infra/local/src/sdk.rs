//! The functions' AWS clients, pointed at the embedded AWS. A header of each call has the id of its API request, to
//! filter the list of calls.

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

/// The header with the id of the API request that a call belongs to.
pub const REQUEST_HEADER: &str = "x-local-request";

tokio::task_local! {
    /// The id of the API request that the current task handles.
    pub static REQUEST: String;
}

/// Returns a configuration for the embedded AWS at `endpoint`.
pub fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    client_defaults()
        // A long timeout, because a busy machine with hundreds of requests at once is slow.
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

/// A connector that adds [`REQUEST_HEADER`] to each call.
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
