//! A proxy between a function and AWS. It records the calls, their sizes, and which of them run at the same time. It
//! delays each call, so that calls at the same time overlap visibly.

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

/// The delay of each call.
const HELD: Duration = Duration::from_millis(60);

/// A recorded call.
#[derive(Clone)]
pub struct Call {
    /// The service: `dynamodb`, `kms`, `ses` or `sns`.
    pub service: &'static str,
    /// The operation.
    pub operation: String,
    /// The body that was sent. The pairs of a form become an object.
    pub body: Value,
    /// Bytes of the body that was sent.
    pub sent: usize,
    /// Bytes of the body that came back.
    pub received: usize,
    /// DynamoDB units, to read or to write.
    pub units: f64,
    started: Instant,
    ended: Instant,
}

/// The proxy. It ends when this is dropped.
pub struct Wire {
    /// The URL that replaces AWS's.
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
    /// Starts a proxy to `aws`.
    pub async fn to(aws: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tap = Arc::new(Tap { aws: aws.to_owned(), http: Client::new(), calls: Mutex::default() });
        let router = Router::new().fallback(pass).with_state(tap.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, tap, server }
    }

    /// The calls since the last `take`, in steps. The calls of one step ran at the same time.
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
            step.sort_by_cached_key(|call| (call.operation.clone(), call.sent, call.body.to_string()));
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
    on.remove(header::CONTENT_LENGTH);
    let (service, operation, read) = read(&headers, &body);
    let asked = if service == "dynamodb" { asking_for_units(read.clone()) } else { body.clone() };
    let passed = tap.http.request(method, format!("{}{uri}", tap.aws)).headers(on).body(asked).send().await.unwrap();
    let (status, mut back) = (passed.status(), passed.headers().clone());
    back.remove(header::CONTENT_LENGTH);
    let reply = passed.bytes().await.unwrap();
    let (reply, units) = if service == "dynamodb" { without_units(&reply) } else { (reply, 0.0) };
    let (sent, received) = (body.len(), reply.len());
    let call = Call { service, operation, body: read, sent, received, units, started, ended: now() };
    tap.calls.lock().unwrap().push(call);
    (status, back, reply)
}

/// The service, the operation and the body of a call.
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

/// A DynamoDB request that also asks for the consumed capacity.
fn asking_for_units(mut body: Value) -> Bytes {
    body["ReturnConsumedCapacity"] = "TOTAL".into();
    serde_json::to_vec(&body).unwrap().into()
}

/// The reply without the consumed capacity, and the units of all its tables.
fn without_units(reply: &[u8]) -> (Bytes, f64) {
    let mut reply: Value = serde_json::from_slice(reply).unwrap();
    let taken = reply.as_object_mut().unwrap().remove("ConsumedCapacity").unwrap_or_default();
    let tables = taken.as_array().map_or(std::slice::from_ref(&taken), Vec::as_slice);
    let units = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
    (serde_json::to_vec(&reply).unwrap().into(), units)
}
