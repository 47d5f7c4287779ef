//! The wire between a function and AWS, listened in on: which calls it makes, how large they are, and which of them are under
//! way at the same time. Each is held up for a moment, so that two at once are seen to be.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};

use crate::samples::now;

/// How long each call is held up.
const HELD: Duration = Duration::from_millis(60);

/// A call that went over the wire.
#[derive(Clone)]
pub struct Call {
    /// The service: `dynamodb`, `kms`, `ses` or `sns`.
    pub service: &'static str,
    /// The operation.
    pub operation: String,
    /// What was sent, the pairs of a form as an object.
    pub body: Value,
    /// Bytes of the body that was sent.
    pub sent: usize,
    /// Bytes of the body that came back.
    pub received: usize,
    started: Instant,
    ended: Instant,
}

/// The wire. It ends with its handle.
pub struct Wire {
    /// Where functions find AWS on it.
    pub url: String,
    tap: Arc<Tap>,
    server: JoinHandle<()>,
}

struct Tap {
    aws: String,
    http: Client,
    calls: Mutex<Vec<Call>>,
}

impl Wire {
    /// A wire to `aws`.
    pub async fn to(aws: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tap = Arc::new(Tap { aws: aws.to_owned(), http: Client::new(), calls: Mutex::default() });
        let router = Router::new().fallback(pass).with_state(tap.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, tap, server }
    }

    /// The calls since they were taken last, as steps: those of one step were under way at the same time.
    pub fn take(&self) -> Vec<Vec<Call>> {
        let mut calls = std::mem::take(&mut *self.tap.calls.lock().unwrap());
        calls.sort_by_key(|call| call.started);
        let mut steps: Vec<Vec<Call>> = Vec::new();
        for call in calls {
            match steps.last_mut() {
                Some(step) if step.iter().all(|other| call.started < other.ended) => step.push(call),
                _ => steps.push(vec![call]),
            }
        }
        for step in &mut steps {
            step.sort_by_cached_key(|call| (call.operation.clone(), call.sent));
        }
        steps
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(
    State(tap): State<Arc<Tap>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, Bytes) {
    let started = now();
    sleep(HELD).await;
    let mut on = headers.clone();
    on.remove(header::HOST);
    let passed =
        tap.http.request(method, format!("{}{uri}", tap.aws)).headers(on).body(body.clone()).send().await.unwrap();
    let (status, mut back) = (passed.status(), passed.headers().clone());
    back.remove(header::CONTENT_LENGTH);
    let reply = passed.bytes().await.unwrap();
    let (service, operation, read) = read(&headers, &body);
    let (sent, received) = (body.len(), reply.len());
    let call = Call { service, operation, body: read, sent, received, started, ended: now() };
    tap.calls.lock().unwrap().push(call);
    (status, back, reply)
}

/// Which call it is, and what it says.
fn read(headers: &HeaderMap, body: &[u8]) -> (&'static str, String, Value) {
    let target = headers.get("x-amz-target").map_or("", |target| target.to_str().unwrap());
    match target.split_once('.') {
        Some(("TrentService", operation)) => ("kms", operation.to_owned(), serde_json::from_slice(body).unwrap()),
        Some((_, operation)) => ("dynamodb", operation.to_owned(), serde_json::from_slice(body).unwrap()),
        None if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json") => {
            ("ses", "SendEmail".to_owned(), serde_json::from_slice(body).unwrap())
        }
        None => {
            let form: BTreeMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
            ("sns", form["Action"].clone(), json!(form))
        }
    }
}
