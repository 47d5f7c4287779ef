//! A local stack for each test, and a client that uses it.

use std::{path::Path, sync::Arc, time::Duration};

use data_encoding::BASE64;
use local::{DataError, Latency, Options, Stack, StartError};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use shared::base::clock::{Clock, Timestamp};

use self::ledger::{Ledger, received_secrets, sent_secrets};
pub use self::{
    device::{Authenticator, emailed_code, scanned, texted_code},
    reply::{Reply, claims, exactly_one},
    user::{Enrolled, OneOfEach, Operator, User},
};
use crate::{logs, openapi};

mod device;
mod ledger;
mod reply;
mod user;

/// A running stack, and a client. Clones share the stack.
#[derive(Clone)]
pub struct Stage {
    pub stack: Arc<Stack>,
    http: Client,
    ledger: Arc<Ledger>,
}

impl Stage {
    /// A stack in memory.
    pub async fn new() -> Self {
        Self::with(None, Duration::ZERO, &[]).await
    }

    /// A stack in memory, with these settings.
    pub async fn with_settings(settings: &[(&str, &str)]) -> Self {
        Self::with(None, Duration::ZERO, settings).await
    }

    /// A stack in memory whose AWS calls take 250 ms, so that a test can see two at once.
    pub async fn slow() -> Self {
        Self::with(None, Duration::from_millis(250), &[]).await
    }

    /// A stack on a folder, whose AWS calls take 250 ms.
    pub async fn slow_on(folder: &Path) -> Self {
        Self::with(Some(folder), Duration::from_millis(250), &[]).await
    }

    /// A stack on a folder.
    pub async fn on(folder: &Path) -> Self {
        Self::with(Some(folder), Duration::ZERO, &[]).await
    }

    /// A stack on a folder, with these settings.
    pub async fn on_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::with(Some(folder), Duration::ZERO, settings).await
    }

    async fn with(folder: Option<&Path>, latency: Duration, settings: &[(&str, &str)]) -> Self {
        logs::keep();
        // Only `advance` moves the clock, so that no test depends on the speed of the machine.
        let clock = Clock::new(|| Timestamp::from_seconds(1_800_000_000));
        let data = folder.map(Path::to_owned);
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let latency = Latency::of_all(latency);
        let options = Options { port: 0, aws_port: 0, data, clock, latency, settings };
        let mut started = Stack::start(options.clone()).await;
        for _ in 0..1000 {
            // A connection may release the folder a moment after its stack has stopped.
            if !matches!(started, Err(StartError::Data(DataError::InUse(_)))) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            started = Stack::start(options.clone()).await;
        }
        let stack = started.unwrap();
        Self { stack: Arc::new(stack), http: Client::new(), ledger: Arc::default() }
    }

    /// Stops the stack. Panics if another clone, such as a user's, still exists.
    pub async fn stop(self) {
        Arc::into_inner(self.stack).expect("another clone of the stage exists").stop().await;
    }

    /// A user with an ordinary login token.
    pub async fn user(&self, sub: &str) -> User {
        self.user_with(json!({ "sub": sub })).await
    }

    /// A user whose login token has the claims in `ask`.
    pub async fn user_with(&self, ask: Value) -> User {
        let reply = self.send(self.request(Method::POST, "/dev/tokens").json(&ask)).await.expect(200);
        self.bearer(reply["token"].as_str().unwrap())
    }

    /// A user with this token.
    pub fn bearer(&self, token: &str) -> User {
        User { stage: self.clone(), token: token.to_owned() }
    }

    /// A request to the API without a token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.stack.api_url))
    }

    /// Sends a request, and checks every reply of the API against the contract.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let request = request.build().unwrap();
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let mut secrets = sent_secrets(&request);
        let sent = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_owned();
        let response = self.http.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let request = headers.get("apigw-requestid").map_or("", |id| id.to_str().unwrap()).to_owned();
        let route = openapi::route_of(&method, &path);
        let reply = Reply { route, status, body, request, headers };
        if path.starts_with("/v1/") || path.starts_with("/.well-known/") {
            openapi::judge(&method, &path, &sent, &reply);
            secrets.extend(received_secrets(&reply.body));
            self.ledger.note(&reply.request, secrets);
        }
        reply
    }

    /// The stack's time, in Unix seconds.
    pub async fn now(&self) -> u64 {
        self.advance(0).await
    }

    /// Moves the stack's clock, and returns its time in Unix seconds.
    pub async fn advance(&self, seconds: u64) -> u64 {
        let ask = json!({ "advance_seconds": seconds });
        let reply = self.send(self.request(Method::POST, "/dev/clock").json(&ask)).await.expect(200);
        reply["unix"].as_u64().unwrap()
    }

    /// Moves the clock until an app shows another code, and returns it. Two codes in a row may be equal by chance, and
    /// the second would count as used.
    pub async fn next_code(&self, app: &Authenticator) -> String {
        let shown = app.code(self.now().await);
        loop {
            let next = app.code(self.advance(30).await);
            if next != shown {
                return next;
            }
        }
    }

    /// The AWS calls of a request, in the order in which they began.
    pub async fn calls_of(&self, request: &str) -> Vec<Value> {
        let calls = format!("/dev/calls?request={request}");
        let mut reply = self.send(self.request(Method::GET, &calls)).await.expect(200);
        serde_json::from_value(reply["calls"].take()).unwrap()
    }

    /// Makes the next calls of an operation fail.
    pub async fn fault(&self, service: &str, operation: &str, kind: &str, times: u32) {
        self.fault_after(0, service, operation, kind, times).await;
    }

    /// Makes calls of an operation fail, after `spare` calls that succeed.
    pub async fn fault_after(&self, spare: u32, service: &str, operation: &str, kind: &str, times: u32) {
        self.order_fault(
            json!({"service": service, "operation": operation, "kind": kind, "spare": spare, "times": times}),
        )
        .await;
    }

    /// Makes calls fail as `order` says.
    pub async fn order_fault(&self, order: Value) {
        self.send(self.request(Method::POST, "/dev/faults").json(&order)).await.expect(200);
    }

    /// Cancels the faults that are still to come.
    pub async fn clear_faults(&self) {
        self.send(self.request(Method::DELETE, "/dev/faults")).await.expect(200);
    }

    /// Calls the embedded DynamoDB, not through a function.
    pub async fn dynamodb(&self, operation: &str, mut ask: Value) -> Value {
        ask["TableName"] = "mfa".into();
        let request =
            self.http.post(&self.stack.aws_url).header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        self.send(request.json(&ask)).await.expect(200)
    }

    /// Calls the embedded KMS, not through a function.
    pub async fn kms(&self, operation: &str, ask: Value) -> Reply {
        let request = self.http.post(&self.stack.aws_url).header("x-amz-target", format!("TrentService.{operation}"));
        self.send(request.json(&ask)).await
    }

    /// The texts that were sent, newest last. Their codes become secrets of the ledger.
    pub async fn texts(&self) -> Vec<Value> {
        let reply = self.send(self.request(Method::GET, "/dev/outbox")).await.expect(200);
        let texts = reply["texts"].as_array().unwrap().clone();
        self.ledger.note("", texts.iter().map(texted_code));
        texts
    }

    /// The texts that were sent to a number.
    pub async fn texts_to(&self, number: &str) -> Vec<Value> {
        self.texts().await.into_iter().filter(|text| text["to"] == number).collect()
    }

    /// The last code that was texted to a number.
    pub async fn code_to(&self, number: &str) -> String {
        texted_code(self.texts_to(number).await.last().expect("no text came"))
    }

    /// The emails that were sent to an address, newest last. Their codes become secrets of the ledger.
    pub async fn emails_to(&self, address: &str) -> Vec<Value> {
        let reply = self.send(self.request(Method::GET, "/dev/outbox")).await.expect(200);
        let emails = reply["emails"].as_array().unwrap().iter().filter(|email| email["to"] == address);
        let emails: Vec<_> = emails.cloned().collect();
        let codes = emails.iter().filter_map(emailed_code);
        self.ledger.note("", codes.flat_map(|code| [code.replace('-', ""), code]));
        emails
    }

    /// The subjects of the emails to an address, without the app's name.
    pub async fn subjects_to(&self, address: &str) -> Vec<String> {
        let subject = |email: &Value| email["subject"].as_str().unwrap().split_once(": ").unwrap().1.to_owned();
        self.emails_to(address).await.iter().map(subject).collect()
    }

    /// The last code that was emailed to an address.
    pub async fn emailed_to(&self, address: &str) -> String {
        self.emails_to(address).await.iter().filter_map(emailed_code).next_back().expect("no code came")
    }

    /// The phone's user replies STOP.
    pub async fn opt_out(&self, number: &str) {
        let ask = json!({ "phone": number });
        self.send(self.request(Method::POST, "/dev/opt-outs").json(&ask)).await.expect(200);
    }

    /// The phone's user replies START.
    pub async fn opt_in(&self, number: &str) {
        let ask = json!({ "phone": number });
        self.send(self.request(Method::DELETE, "/dev/opt-outs").json(&ask)).await.expect(200);
    }

    /// Every item of the table as text, and then its binary values as bytes.
    pub async fn dump(&self) -> Vec<u8> {
        let items = self.dynamodb("Scan", json!({})).await["Items"].take();
        let mut dump = items.to_string().into_bytes();
        let mut values = vec![&items];
        while let Some(value) = values.pop() {
            match value {
                Value::Array(list) => values.extend(list),
                Value::Object(map) => {
                    let binary = map.get("B").and_then(Value::as_str);
                    dump.extend(binary.into_iter().flat_map(|base64| BASE64.decode(base64.as_bytes()).unwrap()));
                    values.extend(map.values());
                }
                _ => {}
            }
        }
        dump
    }

    /// Checks that a dump has no secret of the ledger in it. Secrets of less than 8 characters are skipped, because
    /// numbers may look like them.
    pub fn holds_no_secret(&self, dump: &[u8]) {
        let dump = String::from_utf8_lossy(dump);
        for secret in self.ledger.secrets().iter().filter(|secret| secret.len() >= 8) {
            assert!(!dump.contains(secret.as_str()), "{secret} is in the table");
        }
    }

    /// A user's account in the table. It is null if there is none.
    pub async fn account(&self, sub: &str) -> Value {
        self.dynamodb("GetItem", json!({ "Key": account_key(sub) })).await["Item"].clone()
    }

    /// How often all requests so far called an operation.
    pub async fn called(&self, operation: &str) -> usize {
        let reply = self.send(self.request(Method::GET, "/dev/calls")).await.expect(200);
        reply["calls"].as_array().unwrap().iter().filter(|call| call["operation"] == operation).count()
    }

    /// Waits until an operation was called `times` times.
    pub async fn until_called(&self, operation: &str, times: usize) {
        until(async || self.called(operation).await >= times).await;
    }

    /// Waits until a user's account counts this number of failures.
    pub async fn until_counted(&self, sub: &str, failures: u64) {
        let failures = failures.to_string();
        self.until_account(sub, |account| account["failures"]["N"] == failures.as_str()).await;
    }

    /// Waits until `is_so` holds for a user's account.
    pub async fn until_account(&self, sub: &str, is_so: impl Fn(&Value) -> bool) {
        until(async || is_so(&self.account(sub).await)).await;
    }
}

/// The key of a user's account in the table.
pub fn account_key(sub: &str) -> Value {
    json!({"pk": {"S": format!("USER#{sub}")}, "sk": {"S": "ACCOUNT"}})
}

/// Runs all tasks at the same time, and returns their results.
pub async fn at_once<F>(tasks: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// Waits until a condition holds, at most 30 s.
async fn until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the condition does not hold after 30 s");
}
