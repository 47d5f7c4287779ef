//! The clients of the AWS services. To make them is half of what a cold start does by itself, so those that every function calls
//! are made once, and the others when they are first needed. Each request counts its calls, tries included: what it costs, and a
//! sign when it grows.

use std::{cell::Cell, future::Future, ops::Deref, sync::LazyLock};

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

/// Clients that share their connections, and what others are made from.
pub struct Clients {
    /// For texts and emails, each with a client of its own. A call is tried once, with the whole time that a call has. Where the
    /// response is lost, the message may have been sent, and a second try would send another.
    pub messages: SdkConfig,
    /// The table's client.
    pub dynamodb: dynamodb::Client,
    /// The keys' client.
    pub kms: kms::Client,
}

impl Clients {
    /// Makes both.
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
        Self { dynamodb: dynamodb::Client::new(config), kms: kms::Client::new(config), messages: messages.build() }
    }
}

/// A client that is made when it is first used.
pub struct Late<C>(LazyLock<C, Box<dyn FnOnce() -> C + Send>>);

impl<C> Late<C> {
    /// Says how to make it.
    pub fn new(make: impl FnOnce() -> C + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(make)))
    }
}

impl<C> Deref for Late<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

tokio::task_local! {
    static CALLS: Cell<u32>;
}

/// What `work` comes to, and how many calls it made through clients of [`counting`].
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, u32) {
    let scoped = async { (work.await, CALLS.with(Cell::get)) };
    CALLS.scope(Cell::new(0), scoped).await
}

/// `client`, each of whose calls is counted for the request that makes it.
pub fn counting(client: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings: &HttpConnectorSettings, components: &RuntimeComponents| {
        SharedHttpConnector::new(Counting(client.http_connector(settings, components)))
    })
}

#[derive(Debug)]
struct Counting(SharedHttpConnector);

impl HttpConnector for Counting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // Outside of a request nobody counts.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        self.0.call(request)
    }
}
