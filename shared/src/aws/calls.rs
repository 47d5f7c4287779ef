//! How many AWS calls a request makes, tries included: what it costs, and a sign when it grows.

use std::{cell::Cell, future::Future};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
        http_client_fn,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};

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
