//! The clients of the AWS services. Each request counts its AWS calls, retries included, to show what it costs.

use std::{cell::Cell, future::Future};

use aws_sdk_dynamodb as dynamodb;
use aws_sdk_kms as kms;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
        http_client_fn,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

/// Clients that share their connections, and the configuration of all others.
pub struct Clients {
    /// The configuration of the client that sends texts. Each call gets one try, with the time of a whole call. If its
    /// response is lost, the message may have been sent, and a second try could send another.
    pub texts: SdkConfig,
    /// The same of the client that sends emails.
    pub emails: SdkConfig,
    /// The client of the table.
    pub dynamodb: dynamodb::Client,
    /// The client of the keys.
    pub kms: kms::Client,
}

impl Clients {
    /// Makes the clients from `config`.
    pub fn new(config: &SdkConfig) -> Self {
        let messages = config.to_builder().retry_config(RetryConfig::disabled());
        let messages = match config.timeout_config() {
            Some(timeouts) => {
                let mut one_try = timeouts.to_builder();
                one_try.set_operation_attempt_timeout(timeouts.operation_timeout());
                messages.timeout_config(one_try.build())
            }
            None => messages,
        };
        let messages = messages.build();
        let (dynamodb, kms) = (dynamodb::Client::new(config), kms::Client::new(config));
        Self { texts: messages.clone(), emails: messages, dynamodb, kms }
    }
}

tokio::task_local! {
    static CALLS: Cell<u32>;
}

/// Runs `work`. Returns its result, and the number of its calls through [`counting`] clients.
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, u32) {
    let scoped = async { (work.await, CALLS.with(Cell::get)) };
    CALLS.scope(Cell::new(0), scoped).await
}

/// Wraps `client`. Each call is counted for the request that makes it.
pub fn counting(client: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings: &HttpConnectorSettings, components: &RuntimeComponents| {
        SharedHttpConnector::new(Counting(client.http_connector(settings, components)))
    })
}

#[derive(Debug)]
struct Counting(SharedHttpConnector);

impl HttpConnector for Counting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // Outside of a request there is no counter.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        self.0.call(request)
    }
}
