//! Records the AWS calls in order, each with its function, its request and its times.

use std::{
    collections::{BTreeSet, VecDeque},
    iter,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::service::{Answer, Service};

/// How many calls the record keeps.
const REMEMBERED: usize = 20_000;

/// The most recent calls.
pub struct Calls {
    start: Instant,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    forgotten: usize,
    calls: VecDeque<Call>,
}

/// One call. Its times are in milliseconds since the stack started.
#[derive(Clone, Serialize)]
pub struct Call {
    request: String,
    function: String,
    service: Service,
    operation: String,
    /// What the call touches, in the terms of an IAM grant: prefixes of partition keys, a KMS key, a purpose.
    touches: Vec<String>,
    /// The rows that the call touches, by the prefixes of both keys: `USER# ACCOUNT`, `MEMBERS# MEMBER#`.
    rows: Vec<String>,
    /// The writes of a transaction, each with what it touches, such as `UpdateItem USER#`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    writes: Vec<String>,
    /// Whether a read of the table is strongly consistent. `None` for other calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    consistent: Option<bool>,
    started_at: f64,
    ended_at: Option<f64>,
    /// The size of the call's and the answer's body together, in bytes.
    bytes: usize,
    /// The capacity units that DynamoDB consumed. `None` for other services and for failed calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<f64>,
}

impl Calls {
    #[expect(clippy::disallowed_methods, reason = "how long calls take is real time, which nobody moves")]
    pub fn new() -> Self {
        Self { start: Instant::now(), made: Mutex::default() }
    }

    /// Records the start of a call. Returns its number, and what it touches, including rows.
    pub fn begin(
        &self,
        request: &str,
        user_agent: &str,
        service: Service,
        operation: &str,
        sent: &[u8],
    ) -> (usize, Vec<String>) {
        let body: Value = serde_json::from_slice(sent).unwrap_or_default();
        let call = Call {
            request: request.to_owned(),
            function: app_name(user_agent).to_owned(),
            service,
            operation: operation.to_owned(),
            touches: touches(&body),
            rows: rows(&body),
            writes: writes(&body),
            consistent: reads(operation).then(|| is_consistent(&body)).filter(|_| service == Service::Dynamodb),
            started_at: self.now(),
            ended_at: None,
            bytes: sent.len(),
            units: None,
        };
        let on = [call.touches.clone(), call.rows.clone()].concat();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.calls.push_back(call);
        if made.calls.len() > REMEMBERED {
            made.calls.pop_front();
            made.forgotten += 1;
        }
        (made.forgotten + made.calls.len() - 1, on)
    }

    /// Records the end of the call `number`, and its answer, if there is one.
    pub fn end(&self, number: usize, answer: Option<&Answer>) {
        let now = self.now();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let index = number.checked_sub(made.forgotten);
        if let Some(call) = index.and_then(|index| made.calls.get_mut(index)) {
            call.ended_at = Some(now);
            call.bytes += answer.map_or(0, |answer| answer.body.len());
            call.units = answer.and_then(|answer| answer.units);
        }
    }

    /// Lists the calls of one request, or all calls, the oldest first.
    pub fn list(&self, request: Option<&str>) -> Vec<Call> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.calls.iter().filter(|call| request.is_none_or(|request| call.request == request)).cloned().collect()
    }

    #[expect(clippy::disallowed_methods, reason = "how long calls take is real time, which nobody moves")]
    fn now(&self) -> f64 {
        (self.start.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }
}

fn reads(operation: &str) -> bool {
    operation.starts_with("Get") || operation.starts_with("BatchGet") || operation == "Query"
}

/// Whether a read is strongly consistent. In a batch, the reads of every table must be.
fn is_consistent(body: &Value) -> bool {
    let consistent = |part: &Value| part.get("ConsistentRead") == Some(&Value::Bool(true));
    match body.get("RequestItems").and_then(Value::as_object) {
        Some(tables) => tables.values().all(consistent),
        None => consistent(body),
    }
}

/// Returns what a call touches: prefixes of partition keys, a KMS key's id, and the purpose in an encryption context.
fn touches(body: &Value) -> Vec<String> {
    let text = |pointer| body.pointer(pointer).and_then(Value::as_str);
    let query = body.get("KeyConditionExpression").and(text("/ExpressionAttributeValues/:pk/S")).map(str::to_owned);
    let batch = batch(body).filter_map(|key| Some(key.pointer("/pk/S")?.as_str()?.to_owned()));
    let together = together(body).map(|(_, write)| write);
    let prefixes = iter::once(body).chain(together).filter_map(touched);
    let prefixes: BTreeSet<_> = prefixes.chain(batch.chain(query).filter_map(|key| prefix(&key))).collect();
    let rest = [text("/KeyId"), text("/EncryptionContext/purpose")].into_iter().flatten().map(str::to_owned);
    prefixes.into_iter().chain(rest).collect()
}

/// Returns the rows that a call touches, each kind once.
fn rows(body: &Value) -> Vec<String> {
    let writes = iter::once(body).chain(together(body).map(|(_, write)| write));
    let keys = writes.filter_map(|write| write.get("Key").or(write.get("Item"))).chain(batch(body));
    let rows = keys.filter_map(|key| {
        let sort = key.pointer("/sk/S")?.as_str()?;
        Some(format!(
            "{} {}",
            prefix(key.pointer("/pk/S")?.as_str()?)?,
            prefix(sort).unwrap_or_else(|| sort.to_owned())
        ))
    });
    rows.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the keys of a batch of reads. Other calls have none.
fn batch(body: &Value) -> impl Iterator<Item = &Value> {
    let tables = body.get("RequestItems").and_then(Value::as_object).into_iter().flat_map(Map::values);
    tables.filter_map(|table| table.get("Keys")?.as_array()).flatten()
}

/// Returns each write of a transaction, with what it touches.
fn writes(body: &Value) -> Vec<String> {
    let writes = together(body).filter_map(|(operation, write)| Some(format!("{operation}Item {}", touched(write)?)));
    writes.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the writes of a transaction: the operation, such as `Update`, and its parameters. Other calls have none.
fn together(body: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let writes = body.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
    writes.filter_map(Value::as_object).flatten()
}

fn touched(write: &Value) -> Option<String> {
    prefix(write.pointer("/Key/pk/S").or(write.pointer("/Item/pk/S"))?.as_str()?)
}

/// Returns the prefix of a key, up to its first `#`.
fn prefix(key: &str) -> Option<String> {
    Some(format!("{}#", key.split_once('#')?.0))
}

/// Returns the app name in an SDK's user agent. The clients of a function have the function's name there.
pub fn app_name(user_agent: &str) -> &str {
    user_agent.split(' ').find_map(|part| part.strip_prefix("app/")).unwrap_or_default()
}
