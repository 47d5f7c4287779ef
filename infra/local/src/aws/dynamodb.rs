//! DynamoDB, by the library dynoxide in this process, with an SQLite file or in memory. It never deletes expired rows.
//! The real DynamoDB may keep them for days.

use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::service::Answer;
use crate::data::Data;

/// The table's name.
pub const TABLE: &str = "mfa";

/// The supported operations.
pub const OPERATIONS: &[&str] = &[
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
    "DescribeTable",
    "ListTables",
];

/// The database with its one table.
pub struct Table(Database);

impl Table {
    /// Opens the table, and creates it if it does not exist.
    pub fn open(data: &Data) -> Result<Self, DynoxideError> {
        let database = match data.path("table.sqlite") {
            Some(path) => Database::new(&path.to_string_lossy())?,
            None => Database::memory()?,
        };
        let table = Self(database);
        let schema = json!({
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        });
        match serde_json::from_value(schema).map(|request| table.0.create_table(request)) {
            Ok(Ok(_) | Err(DynoxideError::ResourceInUseException(_))) => Ok(table),
            Ok(Err(error)) => Err(error),
            Err(error) => Err(DynoxideError::SerializationException(error.to_string())),
        }
    }

    /// Answers a call.
    pub fn call(&self, operation: &str, body: &[u8]) -> Answer {
        let db = &self.0;
        match operation {
            "GetItem" => run(body, |request| db.get_item(request)),
            "PutItem" => run(body, |request| db.put_item(request)),
            "UpdateItem" => run(body, |request| db.update_item(request)),
            "DeleteItem" => run(body, |request| db.delete_item(request)),
            "Query" => run(body, |request| db.query(request)),
            "Scan" => run(body, |request| db.scan(request)),
            "BatchGetItem" => run(body, |request| db.batch_get_item(request)),
            "BatchWriteItem" => run(body, |request| db.batch_write_item(request)),
            "TransactGetItems" => run(body, |request| db.transact_get_items(request)),
            "TransactWriteItems" => run(body, |request| db.transact_write_items(request)),
            "DescribeTable" => run(body, |request| db.describe_table(request)),
            "ListTables" => run(body, |request| db.list_tables(request)),
            _ => Answer::error(400, "UnknownOperationException", "This operation is not supported."),
        }
    }
}

/// Returns the answer to a batch of reads in which DynamoDB has processed no key.
pub fn unprocessed(body: &[u8]) -> Answer {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    Answer::ok(json!({"Responses": {}, "UnprocessedKeys": request.get("RequestItems")}).to_string())
}

/// Returns the answer to a transaction that conflicts with another write of its first item.
pub fn conflict(body: &[u8]) -> Answer {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let writes = request.get("TransactItems").and_then(Value::as_array).map_or(1, Vec::len);
    let reasons = (0..writes).map(|write| if write == 0 { "TransactionConflict" } else { "None" });
    let reasons: Vec<_> = reasons.map(|code| json!({ "Code": code })).collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons,
    });
    Answer::of(400, body.to_string())
}

fn run<Q: DeserializeOwned, A: Serialize>(body: &[u8], call: impl FnOnce(Q) -> Result<A, DynoxideError>) -> Answer {
    let unread = || Answer::error(400, "com.amazon.coral.service#SerializationException", "The request can't be read.");
    let Ok(Value::Object(mut ask)) = serde_json::from_slice(body) else { return unread() };
    // Each call asks for the consumed capacity. The client's reply has it only if the client asked too.
    let told = ask.contains_key("ReturnConsumedCapacity");
    ask.entry("ReturnConsumedCapacity").or_insert("TOTAL".into());
    let Ok(request) = serde_json::from_value(Value::Object(ask)) else { return unread() };
    let reply = match call(request) {
        Ok(reply) => serde_json::to_value(&reply),
        Err(error) => return Answer::of(error.status_code(), error.to_json()),
    };
    let Ok(Value::Object(mut reply)) = reply else {
        return Answer::error(500, "InternalServerError", "The reply can't be written.");
    };
    let units = reply.get("ConsumedCapacity").map(units);
    if !told {
        reply.remove("ConsumedCapacity");
    }
    Answer { units, ..Answer::ok(Value::Object(reply).to_string()) }
}

/// Returns the units of one table, or the sum of several tables.
fn units(consumed: &Value) -> f64 {
    let tables = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
    tables.iter().filter_map(|table| table.get("CapacityUnits")?.as_f64()).sum()
}
